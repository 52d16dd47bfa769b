/* SPDX-License-Identifier: Apache-2.0 */
/* phy.c - the PHY behind MDIO: the accesses, the steps of phy.h, and what both ends agreed on. */
#include "driver/phy.h"

#include "driver/mii.h"
#include "driver/nic_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PHY_ADDRS 32u
#define MDIO_NS INT64_C(30000)      /* 64 periods of MDC are 26 us and more */
#define MDIO_TRIES 100u             /* looks at busy, MDIO_NS apart */
#define SCAN_NS (100 * NIC_MS_NS)   /* nobody there: a PHY may still be in its reset */
#define POLL_NS (50 * NIC_MS_NS)
#define GIGABIT_HZ 125000000u

/* --- what both ends agreed on ---------------------------------------------------------- */

struct phy_result phy_resolve(const struct phy_words *w)
{
    static const struct { uint16_t base, gigabit; uint32_t mbit; bool full; } order[] = {
        { 0, MSSR_1000FD, 1000, true }, { 0, MSSR_1000HD, 1000, false },
        { AN_100FD, 0, 100, true },     { AN_100HD, 0, 100, false },
        { AN_10FD, 0, 10, true },       { AN_10HD, 0, 10, false },
    };
    unsigned base = w->anar & w->anlpar, gigabit = (unsigned)w->mscr << 2 & w->mssr;
    struct phy_result r = { 0 };
    for (size_t i = 0; i < sizeof order / sizeof order[0] && r.mbit == 0; i++)
        if ((base & order[i].base) || (gigabit & order[i].gigabit)) {
            r.mbit = order[i].mbit;
            r.full = order[i].full;
        }
    if (!r.full)
        return r;                   /* pause is for full duplex: 31B.1 */
    if (base & AN_PAUSE)
        r.pause_tx = r.pause_rx = true;
    else if (base & AN_ASYM) {      /* one way, if one end can take what the other sends */
        r.pause_rx = (w->anar & AN_PAUSE) != 0;
        r.pause_tx = (w->anlpar & AN_PAUSE) != 0;
    }
    return r;
}

/* --- what a vendor's PHY needs ------------------------------------------------------------ */

/* In a register the bits of @clear become those of @set; ALL: it is not read before. Where the
 * PHY is to delay the clock of rx or tx, the bits of @rx or @tx are the other way round. */
struct phy_write {
    uint8_t reg;
    uint16_t clear, set, rx, tx;
};

#define ALL 0xFFFFu
#define MMD(dev, r, clear, set, rx, tx) \
    { MII_MMD_CTRL, ALL, dev, 0, 0 }, { MII_MMD_DATA, ALL, r, 0, 0 }, \
    { MII_MMD_CTRL, ALL, 0x4000 | (dev), 0, 0 }, { MII_MMD_DATA, clear, set, rx, tx }

/* Page 0xd08: bit 8 of register 17 delays the clock of tx, bit 3 of 21 that of rx. */
static const struct phy_write rtl8211f[] = {
    { 31, ALL, 0x0D08, 0, 0 }, { 17, 0x0100, 0, 0, 0x0100 }, { 21, 0x0008, 0, 0x0008, 0 },
    { 31, ALL, 0, 0, 0 },
};
/* Page 2, register 21: bits 4 (tx) and 5 (rx); they count from the next reset on. */
static const struct phy_write m88e1512[] = {
    { 22, ALL, 2, 0, 0 }, { 21, 0x0030, 0, 0x0020, 0x0010 }, { 22, ALL, 0, 0, 0 },
    { MII_BMCR, ALL, BMCR_RESET | BMCR_AN_ENABLE, 0, 0 },
};
/* MMD 2: skews of control (4), rx data (5), tx data (6) and clocks (8), 60 ps a step. A delay is
 * the clock late and its data early; without one they stand so that the PHY's own 1.2 ns on rx
 * is taken back. */
static const struct phy_write ksz9031[] = {
    MMD(2, 4, ALL, 0x00C7, 0x00B0, 0x0007), MMD(2, 5, ALL, 0xCCCC, 0xBBBB, 0),
    MMD(2, 6, ALL, 0x7777, 0, 0x7777), MMD(2, 8, ALL, 0x01E0, 0x0019, 0x0200),
};

struct phy_known {
    uint32_t id, mask;
    const struct phy_write *script;
    unsigned n;
};

/* Others, and LAN8720 (RMII has no delays), need nothing. */
static const struct phy_known known[] = {
    { 0x001CC916, 0xFFFFFFFF, rtl8211f, sizeof rtl8211f / sizeof rtl8211f[0] },
    { 0x01410DD0, 0xFFFFFFF0, m88e1512, sizeof m88e1512 / sizeof m88e1512[0] },
    { 0x00221620, 0xFFFFFFF0, ksz9031, sizeof ksz9031 / sizeof ksz9031[0] },
};

/* The next thing of the script, NULL: none is left. */
static const struct phy_write *script_at(const struct nic *n)
{
    const struct phy *p = &n->phy;
    if (n->cfg.phy.rgmii == NIC_RGMII_AS_IS)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((p->id & known[i].mask) == known[i].id)
            return p->at < known[i].n ? &known[i].script[p->at] : NULL;
    return NULL;
}

static uint16_t script_value(const struct nic *n, const struct phy_write *w)
{
    unsigned who = n->cfg.phy.rgmii;
    unsigned set = w->set ^ (who & NIC_RGMII_RX_DELAY ? w->rx : 0)
                 ^ (who & NIC_RGMII_TX_DELAY ? w->tx : 0);
    return (uint16_t)((n->phy.seen & (unsigned)~w->clear) | set);
}

/* --- what we offer --------------------------------------------------------------------------- */

static const struct { uint16_t adv, base, gigabit; } offers[] = {
    { NIC_ADV_10HD, AN_10HD, 0 },   { NIC_ADV_10FD, AN_10FD, 0 },
    { NIC_ADV_100HD, AN_100HD, 0 }, { NIC_ADV_100FD, AN_100FD, 0 },
    { NIC_ADV_1000HD, 0, MSCR_1000HD }, { NIC_ADV_1000FD, 0, MSCR_1000FD },
    { NIC_ADV_PAUSE, AN_PAUSE, 0 }, { NIC_ADV_ASYM, AN_ASYM, 0 },
};

/* NIC_ADV_* that the MAC was built with. */
static unsigned capable(uint32_t caps)
{
    return NIC_ADV_FULL | (caps & LY_CAPS_HALF_DUPLEX_MASK ? NIC_ADV_HALF : 0) |
           (caps & LY_CAPS_PAUSE_MASK ? NIC_ADV_PAUSE | NIC_ADV_ASYM : 0);
}

/* Of @adv what the core is fast enough for: at 1000 Mbit/s an octet takes one cycle. */
static unsigned fast_enough(const struct nic *n, unsigned adv)
{
    return n->caps.clk_hz < GIGABIT_HZ ? adv & ~(NIC_ADV_1000FD | NIC_ADV_1000HD) : adv;
}

/* @adv in the bits of ANAR and MSCR. */
static struct phy_words adv_words(unsigned adv)
{
    unsigned base = 0, gigabit = 0;
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
        if (adv & offers[i].adv) {
            base |= offers[i].base;
            gigabit |= offers[i].gigabit;
        }
    return (struct phy_words){ .anar = (uint16_t)base, .mscr = (uint16_t)gigabit };
}

/* Of what is wanted, or else the NIC can, that which the PHY can: BMSR has the modes of ANAR five
 * bits higher. */
static void offer(struct nic *n)
{
    struct phy *p = &n->phy;
    unsigned want = n->cfg.phy.advertise;
    struct phy_words w = adv_words(fast_enough(n, want ? want : capable(n->caps_word)));
    unsigned able = (p->able & BMSR_10HD ? AN_10HD : 0) | (p->able & BMSR_10FD ? AN_10FD : 0)
                  | (p->able & BMSR_100HD ? AN_100HD : 0) | (p->able & BMSR_100FD ? AN_100FD : 0);
    p->words.anar = (uint16_t)((w.anar & (able | AN_PAUSE | AN_ASYM)) | AN_SELECTOR);
    p->words.mscr &= w.mscr;    /* as PHY_EXTENDED left it: what it can */
}

/* --- steps ---------------------------------------------------------------------------------- */

static void step(struct nic *n, enum phy_step next, int64_t after_ns)
{
    n->phy.step = next;
    n->phy.due_ns = n->now_ns + after_ns;
}

static uint32_t mdio_read(unsigned addr, unsigned reg)
{
    return addr << LY_MDIO_PHY_SHIFT | reg << LY_MDIO_ADDR_SHIFT;
}

static uint32_t mdio_write(unsigned addr, unsigned reg, unsigned value)
{
    return mdio_read(addr, reg) | LY_MDIO_WRITE_MASK | value;
}

static uint32_t vendor_word(struct nic *n)
{
    const struct phy_write *w = script_at(n);
    struct phy *p = &n->phy;
    p->changing = p->changing || w->clear == ALL;
    return p->changing ? mdio_write(p->addr, w->reg, script_value(n, w))
                       : mdio_read(p->addr, w->reg);
}

/* The access that a step makes. */
static uint32_t step_word(struct nic *n)
{
    static const uint8_t reads[] = {
        [PHY_SCAN] = MII_ID1, [PHY_ID2] = MII_ID2, [PHY_STATUS] = MII_BMSR,
        [PHY_EXTENDED] = MII_ESR, [PHY_RESET_DONE] = MII_BMCR, [PHY_BMSR] = MII_BMSR,
        [PHY_CONTROL] = MII_BMCR, [PHY_OUR_ANAR] = MII_ANAR, [PHY_OUR_MSCR] = MII_MSCR,
        [PHY_ANLPAR] = MII_ANLPAR, [PHY_MSSR] = MII_MSSR,
    };
    const struct phy *p = &n->phy;
    switch (p->step) {
    case PHY_VENDOR:  return vendor_word(n);
    case PHY_ANAR:    return mdio_write(p->addr, MII_ANAR, p->words.anar);
    case PHY_MSCR:    return mdio_write(p->addr, MII_MSCR, p->words.mscr);
    case PHY_RESTART: return mdio_write(p->addr, MII_BMCR, BMCR_AN_ENABLE | BMCR_AN_RESTART);
    default:          return mdio_read(p->addr, reads[p->step]);
    }
}

static uint32_t link_ctrl(const struct phy_result *r)
{
    uint32_t speed = r->mbit == 1000 ? 2 : r->mbit == 100 ? 1 : 0;
    if (r->mbit == 0)
        return 0;
    return LY_LINK_CTRL_UP_MASK | speed << LY_LINK_CTRL_SPEED_SHIFT
         | (r->full ? LY_LINK_CTRL_FULL_DUPLEX_MASK : 0)
         | (r->pause_tx ? LY_LINK_CTRL_PAUSE_TX_MASK : 0)
         | (r->pause_rx ? LY_LINK_CTRL_PAUSE_RX_MASK : 0);
}

static int64_t interval(const struct nic *n)
{
    return n->cfg.phy.poll_ms ? n->cfg.phy.poll_ms * NIC_MS_NS : POLL_NS;
}

/* The other end is known, or gone: LINK_CTRL says so where it does not yet. */
static void publish(struct nic *n, const struct phy_result *r)
{
    n->phy.now = *r;
    step(n, PHY_PUBLISH, 0);
}

/* Every PHY address in turn; an ID of all ones or zeros is nobody's. */
static void scanned(struct nic *n, uint16_t id1, bool error)
{
    struct phy *p = &n->phy;
    if (!error && id1 != 0xFFFF && id1 != 0) {
        p->id = (uint32_t)id1 << 16;
        step(n, PHY_ID2, 0);
        return;
    }
    p->addr = (p->addr + 1) % PHY_ADDRS;
    step(n, PHY_SCAN, p->addr == 0 ? SCAN_NS : 0);
}

static void to_vendor(struct nic *n)
{
    n->phy.at = 0;
    n->phy.changing = false;
    n->phy.seen = 0;
    step(n, script_at(n) ? PHY_VENDOR : PHY_RESET_DONE, 0);
}

static void vendor_done(struct nic *n, uint16_t value)
{
    struct phy *p = &n->phy;
    if (!p->changing) {         /* it was read: now it is written */
        p->seen = value;
        p->changing = true;
        return;
    }
    p->changing = false;
    p->seen = 0;
    p->at++;
    if (!script_at(n))
        step(n, PHY_RESET_DONE, 0);
}

/* Link is told as 0 once after it was down, however short that was (22.2.4.2.13). */
static void watched(struct nic *n, uint16_t bmsr)
{
    static const struct phy_result down = { 0 };
    struct phy *p = &n->phy;
    bool up = (bmsr & BMSR_LINK) != 0;
    if (!up && p->now.mbit)
        publish(n, &down);
    else if (up && p->now.mbit == 0)
        step(n, bmsr & BMSR_AN_COMPLETE ? PHY_OUR_ANAR : PHY_CONTROL, 0);
    else
        step(n, PHY_BMSR, interval(n));
}

/* Of @w what the NIC can, or was told to offer. */
static struct phy_result resolve_ours(const struct nic *n, struct phy_words w)
{
    unsigned adv = capable(n->caps_word) | n->cfg.phy.advertise;
    struct phy_words may = adv_words(fast_enough(n, adv));
    w.anar &= may.anar;
    w.mscr &= may.mscr;
    return phy_resolve(&w);
}

static void publish_up(struct nic *n, const struct phy_result *r)
{
    if (r->mbit)
        publish(n, r);
    else
        step(n, PHY_BMSR, interval(n));
}

/* What the PHY offers may be another hand's, which counts, or its defaults after a reset. Where a
 * mode won that is not ours both ends are in that one: all is offered anew, the vendor's own
 * first. */
static void agreed(struct nic *n)
{
    struct phy_result r = resolve_ours(n, n->phy.words), both = phy_resolve(&n->phy.words);
    if (r.mbit != both.mbit || r.full != both.full)
        step(n, PHY_STATUS, 0);
    else
        publish_up(n, &r);
}

/* A link without auto-negotiation that is over, or off: then somebody chose the mode, as if both
 * ends had nothing else. 22.2.4.1.3; both bits of the speed are reserved. */
static void controlled(struct nic *n, uint16_t bmcr)
{
    static const struct phy_words modes[2][3] = {   /* [full][of 10, 100, 1000] */
        { { .anar = AN_10HD, .anlpar = AN_10HD }, { .anar = AN_100HD, .anlpar = AN_100HD },
          { .mscr = MSCR_1000HD, .mssr = MSSR_1000HD } },
        { { .anar = AN_10FD, .anlpar = AN_10FD }, { .anar = AN_100FD, .anlpar = AN_100FD },
          { .mscr = MSCR_1000FD, .mssr = MSSR_1000FD } },
    };
    unsigned speed = (bmcr & BMCR_SPEED_1000 ? 2 : 0) + (bmcr & BMCR_SPEED_100 ? 1 : 0);
    struct phy_result r = { 0 };
    if (!(bmcr & BMCR_AN_ENABLE) && speed < 3)
        r = resolve_ours(n, modes[(bmcr & BMCR_FULL) != 0][speed]);
    publish_up(n, &r);
}

/* The words of both ends, one after another; without gigabit two of them. */
static void told(struct nic *n, uint16_t value)
{
    struct phy *p = &n->phy;
    bool gigabit = p->able & BMSR_ESTATEN;
    switch (p->step) {
    case PHY_OUR_ANAR:
        p->words.anar = value;
        step(n, gigabit ? PHY_OUR_MSCR : PHY_ANLPAR, 0);
        break;
    case PHY_OUR_MSCR:
        p->words.mscr = value;
        step(n, PHY_ANLPAR, 0);
        break;
    case PHY_ANLPAR:
        p->words.anlpar = value;
        step(n, PHY_MSSR, 0);
        if (!gigabit)
            agreed(n);
        break;
    default:
        p->words.mssr = value;
        agreed(n);
        break;
    }
}

/* What the PHY answered to a step's access. */
static void step_done(struct nic *n, uint16_t value, bool error)
{
    static const struct phy_result down = { 0 };
    struct phy *p = &n->phy;
    if (error && p->step != PHY_SCAN) {     /* it has gone: look again, link down meanwhile */
        p->addr = 0;
        p->lost = true;
        publish(n, &down);
        return;
    }
    switch (p->step) {
    case PHY_SCAN:
        scanned(n, value, error);
        break;
    case PHY_ID2:
        p->id |= value;
        step(n, PHY_STATUS, 0);
        break;
    case PHY_STATUS:
        p->able = value;
        p->words = (struct phy_words){ 0 };
        if (value & BMSR_ESTATEN)
            step(n, PHY_EXTENDED, 0);
        else
            to_vendor(n);
        break;
    case PHY_EXTENDED:
        p->words.mscr = (uint16_t)((value & ESR_1000FD ? MSCR_1000FD : 0) |
                                   (value & ESR_1000HD ? MSCR_1000HD : 0));
        to_vendor(n);
        break;
    case PHY_VENDOR:
        vendor_done(n, value);
        break;
    case PHY_RESET_DONE:
        offer(n);
        step(n, value & BMCR_RESET ? PHY_RESET_DONE : PHY_ANAR, value & BMCR_RESET ? NIC_MS_NS : 0);
        break;
    case PHY_ANAR:
        step(n, p->able & BMSR_ESTATEN ? PHY_MSCR : PHY_RESTART, 0);
        break;
    case PHY_MSCR:
        step(n, PHY_RESTART, 0);
        break;
    case PHY_RESTART:
        step(n, PHY_BMSR, 0);
        break;
    case PHY_BMSR:
        watched(n, value);
        break;
    case PHY_CONTROL:
        controlled(n, value);
        break;
    case PHY_OUR_ANAR: case PHY_OUR_MSCR: case PHY_ANLPAR: case PHY_MSSR:
        told(n, value);
        break;
    case PHY_OFF: case PHY_PUBLISH:
        break;
    }
}

/* LINK_CTRL is written, so the link is as it says: the event that tells it may be lost or late. */
static void published(struct nic *n)
{
    struct phy *p = &n->phy;
    bool gone = p->lost;
    nic_link_changed(n, (p->now.mbit ? LY_EVENT_LINK_UP : 0) |
                        (p->now.full ? LY_EVENT_LINK_FULL_DUPLEX : 0), p->now.mbit);
    p->lost = false;
    step(n, gone ? PHY_SCAN : PHY_BMSR, gone ? SCAN_NS : interval(n));
}

/* --- accesses -------------------------------------------------------------------------------- */

static void user_done(struct nic *n, uint32_t word, int status)
{
    n->phy.user_word = word;
    n->phy.user_status = status;
    n->phy.user_done = true;
}

static void access_done(struct nic *n, uint32_t word, bool error)
{
    struct phy *p = &n->phy;
    p->mdio = MDIO_IDLE;
    if (p->mdio_user)
        user_done(n, word & LY_MDIO_DATA_MASK, error ? -ENXIO : 0);
    else
        step_done(n, (uint16_t)(word & LY_MDIO_DATA_MASK), error);
}

/* A late answer to an earlier question tells another access. */
static bool under_way(const struct phy *p, uint32_t word)
{
    const uint32_t which = LY_MDIO_PHY_MASK | LY_MDIO_ADDR_MASK | LY_MDIO_WRITE_MASK;
    return (word & LY_MDIO_BUSY_MASK) || ((word ^ p->mdio_word) & which);
}

/* A question without answer is asked again: a second write while busy does nothing, and one
 * afterwards repeats the access. */
void phy_answer(struct nic *n, const struct link_event *ev)
{
    struct phy *p = &n->phy;
    p->asked = false;
    if (ev->status == -ETIMEDOUT)
        return;
    if (ev->status) {
        if (p->mdio_user)
            user_done(n, 0, -EIO);
        p->step = PHY_OFF;
        p->mdio = MDIO_IDLE;
    } else if (p->mdio == MDIO_LINK) {
        p->mdio = MDIO_IDLE;
        published(n);
    } else if (p->mdio == MDIO_WRITE || (under_way(p, ev->value) &&
                                         ++p->mdio_tries < MDIO_TRIES)) {
        p->mdio = MDIO_READ;
        p->mdio_due_ns = n->now_ns + MDIO_NS;
    } else {
        access_done(n, ev->value, under_way(p, ev->value) || (ev->value & LY_MDIO_ERROR_MASK));
    }
}

/* Nothing is under way: the caller's access comes first, then the step that is due. */
static void begin(struct nic *n)
{
    struct phy *p = &n->phy;
    bool due = p->step != PHY_OFF && n->now_ns >= p->due_ns;
    p->mdio_user = p->user_waits;
    if (!p->user_waits && !due)
        return;
    p->mdio_tries = 0;
    p->mdio_due_ns = n->now_ns;
    p->mdio = !p->user_waits && p->step == PHY_PUBLISH ? MDIO_LINK : MDIO_WRITE;
    p->mdio_word = p->user_waits ? p->user_word
                 : p->step == PHY_PUBLISH ? link_ctrl(&p->now) : step_word(n);
    p->user_waits = false;
}

void phy_poll(struct nic *n)
{
    struct phy *p = &n->phy;
    if (n->state != NIC_UP)
        return;
    if (p->mdio == MDIO_IDLE)
        begin(n);
    if (p->mdio == MDIO_IDLE || p->asked || n->now_ns < p->mdio_due_ns)
        return;
    uint32_t addr = p->mdio == MDIO_LINK ? LY_REG_LINK_CTRL : LY_REG_MDIO;
    p->asked = nic_ask(n, NIC_PHY_TAG, addr, p->mdio == MDIO_READ ? 0 : p->mdio_word,
                       p->mdio != MDIO_READ) == 0;
}

int64_t phy_deadline(const struct nic *n)
{
    const struct phy *p = &n->phy;
    if (n->state != NIC_UP || p->asked)
        return INT64_MAX;
    if (p->mdio != MDIO_IDLE)   /* the link may have had no room */
        return p->mdio_due_ns > n->now_ns ? p->mdio_due_ns : n->now_ns + NIC_REG_RETRY_NS;
    if (p->user_waits)
        return n->now_ns;
    return p->step == PHY_OFF ? INT64_MAX : p->due_ns;
}

void phy_start(struct nic *n, uint32_t caps)
{
    n->phy.has_mdio = (caps & LY_CAPS_MDIO_MASK) != 0;
    n->phy.step = PHY_OFF;
    if (!n->phy.has_mdio || (caps & LY_CAPS_PHY_FIXED_MASK))
        return;
    /* A driver before us may have left a link in LINK_CTRL: nobody asked this PHY yet. */
    n->phy.lost = n->link_up;
    step(n, n->link_up ? PHY_PUBLISH : PHY_SCAN, 0);
}

int nic_mdio_submit(struct nic *n, unsigned addr, unsigned reg, uint16_t value, bool write)
{
    struct phy *p = &n->phy;
    if (addr >= PHY_ADDRS || reg >= MII_REGS)
        return -EINVAL;
    if (n->state == NIC_FAILED)
        return -ENODEV;
    if (n->state != NIC_UP)
        return -EAGAIN;
    if (!p->has_mdio)
        return -ENOTSUP;
    if (p->user_waits || p->user_done || (p->mdio != MDIO_IDLE && p->mdio_user))
        return -EBUSY;
    p->user_word = write ? mdio_write(addr, reg, value) : mdio_read(addr, reg);
    p->user_waits = true;
    return 0;
}

int nic_mdio_answer(struct nic *n, uint16_t *value)
{
    struct phy *p = &n->phy;
    if (p->user_done) {
        p->user_done = false;
        *value = (uint16_t)p->user_word;
        return p->user_status;
    }
    if (!p->user_waits && !(p->mdio != MDIO_IDLE && p->mdio_user))
        return -EINVAL;
    if (n->state == NIC_FAILED) {
        p->user_waits = p->mdio_user = false;
        return -ENODEV;
    }
    return -EAGAIN;
}
