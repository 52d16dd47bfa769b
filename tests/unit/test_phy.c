/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phy.c: what two ends agree on, in all combinations against a naive twin; the steps, on a
 * link whose MDIO registers are the PHY model's and whose time is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/mii.h"
#include "driver/nic_regs.h"
#include "driver/phy.h"
#include "sim/phy_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- resolution ------------------------------------------------------------------------ */

/* 28B.3 as its list has it, with 40.5.1's modes on top: each end has it, or the next. */
static struct phy_result twin_resolve(const struct phy_words *w)
{
    bool a = (w->anar & 0x400) != 0, b = (w->anar & 0x800) != 0;        /* PAUSE, ASM_DIR */
    bool c = (w->anlpar & 0x400) != 0, d = (w->anlpar & 0x800) != 0;
    struct phy_result r = { 0 };
    if ((w->mscr & 0x200) && (w->mssr & 0x800))
        r = (struct phy_result){ .mbit = 1000, .full = true };
    else if ((w->mscr & 0x100) && (w->mssr & 0x400))
        r = (struct phy_result){ .mbit = 1000 };
    else if ((w->anar & 0x100) && (w->anlpar & 0x100))
        r = (struct phy_result){ .mbit = 100, .full = true };
    else if ((w->anar & 0x80) && (w->anlpar & 0x80))
        r = (struct phy_result){ .mbit = 100 };
    else if ((w->anar & 0x40) && (w->anlpar & 0x40))
        r = (struct phy_result){ .mbit = 10, .full = true };
    else if ((w->anar & 0x20) && (w->anlpar & 0x20))
        r = (struct phy_result){ .mbit = 10 };
    /* The rows of table 28B-3: local PAUSE, ASM_DIR, partner's; tx, rx of the local end. */
    static const uint8_t rows[16][2] = {
        [4 | 2 | 1] = { 1, 0 },                                         /* 0 1 1 1 */
        [8 | 2] = { 1, 1 },         [8 | 2 | 1] = { 1, 1 },             /* 1 0 1 x */
        [8 | 4 | 1] = { 0, 1 },                                         /* 1 1 0 1 */
        [8 | 4 | 2] = { 1, 1 },     [8 | 4 | 2 | 1] = { 1, 1 },         /* 1 1 1 x */
    };
    const uint8_t *row = rows[a << 3 | b << 2 | c << 1 | d];
    if (r.full) {
        r.pause_tx = row[0];
        r.pause_rx = row[1];
    }
    return r;
}

static void every_combination(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1u << 16; i++) {
        struct phy_words w = {
            .anar = (uint16_t)((i & 15) << 5 | (i >> 4 & 3) << 10 | 1),
            .anlpar = (uint16_t)((i >> 6 & 15) << 5 | (i >> 10 & 3) << 10 | 0x4001),
            .mscr = (uint16_t)((i >> 12 & 3) << 8), .mssr = (uint16_t)((i >> 14 & 3) << 10),
        };
        struct phy_result got = phy_resolve(&w), want = twin_resolve(&w);
        assert_int_equal(got.mbit, want.mbit);
        assert_true(got.full == want.full && got.pause_tx == want.pause_tx &&
                    got.pause_rx == want.pause_rx);
    }
}

/* --- a device: registers, and the model behind MDIO -------------------------------------- */

#define AN_PS 3000000000ull             /* 3 ms */
#define MDIO_NS 26000

struct device {
    struct link link;
    struct phy_model phy;
    bool answers;                       /* the PHY */
    uint32_t caps, clk_hz, ctrl, mdio;
    int64_t now_ns, busy_until_ns;
    struct link_event ev[64];
    unsigned head, n, accesses, lose;   /* lose: so many answers */
    unsigned link_changes;
    uint64_t was;               /* bit n: LINK_CTRL was n */
    bool tells_no_link;         /* its EVENT(link) are lost */
    uint16_t hides;             /* of what is read from BMSR */
};

static void push(struct device *d, const struct link_event *ev)
{
    assert_true(d->n < 64);
    d->ev[(d->head + d->n++) % 64] = *ev;
}

static uint64_t ps(const struct device *d)
{
    return (uint64_t)d->now_ns * 1000u;
}

static void mdio_start(struct device *d, uint32_t word)
{
    unsigned addr = word >> LY_MDIO_PHY_SHIFT & 31, reg = word >> LY_MDIO_ADDR_SHIFT & 31;
    bool there = d->answers && addr == d->phy.cfg.addr;
    if (d->now_ns < d->busy_until_ns)
        return;
    d->accesses++;
    d->busy_until_ns = d->now_ns + MDIO_NS;
    d->mdio = word & (LY_MDIO_WRITE_MASK | LY_MDIO_PHY_MASK | LY_MDIO_ADDR_MASK |
                      LY_MDIO_DATA_MASK);
    if (there && (word & LY_MDIO_WRITE_MASK))
        phy_model_write(&d->phy, ps(d), reg, (uint16_t)word);
    else if (!(word & LY_MDIO_WRITE_MASK))
        d->mdio = (word & (LY_MDIO_PHY_MASK | LY_MDIO_ADDR_MASK)) |
                  (there ? phy_model_read(&d->phy, ps(d), reg) : LY_MDIO_ERROR_MASK | 0xFFFFu);
    if (there && reg == MII_BMSR)
        d->mdio &= ~(uint32_t)d->hides;
}

static void link_ctrl(struct device *d, uint32_t value)
{
    static const uint32_t mbit[] = { 10, 100, 1000 };
    assert_true(value < 64);
    d->was |= 1ull << value;
    if ((d->ctrl ^ value) & 3) {
        d->link_changes++;
        if (d->tells_no_link) {
            d->ctrl = value;
            return;
        }
        push(d, &(struct link_event){ .kind = LINK_EV_LINK, .arg = (uint16_t)(value & 3),
                                      .value = mbit[value >> 2 & 3] });
    }
    d->ctrl = value;
}

static uint32_t reg_value(const struct device *d, uint32_t addr)
{
    switch (addr) {
    case LY_REG_ID:         return LY_ID_VALUE;
    case LY_REG_VERSION:    return LY_VERSION_VALUE;
    case LY_REG_CAPS:       return d->caps;
    case LY_REG_MAX_RECORD: return 1526;
    case LY_REG_CLK_HZ:     return d->clk_hz;
    case LY_REG_MDIO:       return d->mdio | (d->now_ns < d->busy_until_ns ? LY_MDIO_BUSY_MASK : 0);
    case LY_REG_LINK:       return d->caps & LY_CAPS_PHY_FIXED_MASK ? 1000u << 16 | 7 : d->ctrl & 3;
    default:                return 0;
    }
}

static int op_reg(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    struct device *d = (struct device *)l;
    if (write && addr == LY_REG_MDIO)
        mdio_start(d, value);
    if (write && addr == LY_REG_LINK_CTRL)
        link_ctrl(d, value);
    if (d->lose > 0 && d->accesses > 0) {
        d->lose--;
        return 0;
    }
    push(d, &(struct link_event){ .kind = LINK_EV_REG, .tag = tag, .addr = addr,
                                  .value = reg_value(d, addr) });
    return 0;
}

static int op_event(struct link *l, struct link_event *ev)
{
    struct device *d = (struct device *)l;
    if (d->n == 0)
        return 0;
    *ev = d->ev[d->head];
    d->head = (d->head + 1) % 64;
    d->n--;
    return 1;
}

static int op_frames(struct link *l, struct pkt **p, unsigned n)
{
    (void)l;
    (void)p;
    (void)n;
    return 0;
}

static int op_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    (void)l;
    (void)now_ns;
    *next_ns = INT64_MAX;
    return 0;
}

static int op_map(struct link *l, void *base, size_t bytes)
{
    (void)l;
    (void)base;
    (void)bytes;
    return 0;
}

static struct link_caps op_caps(struct link *l)
{
    (void)l;
    return (struct link_caps){ LINK_CAP_REGS | LINK_CAP_EVENTS | LINK_CAP_VNET, 1514 };
}

static void op_close(struct link *l)
{
    (void)l;
}

static const struct link_ops ops = {
    .name = "device", .tx = op_frames, .rx = op_frames, .reg_submit = op_reg, .event = op_event,
    .poll = op_poll, .dma_map = op_map, .caps = op_caps, .close = op_close,
};

struct bench { struct device d; void *mem; struct pkt_pool *pool; struct nic *nic; };

static void plug(struct bench *b, const char *profile, const char *partner,
                 const struct nic_phy_cfg *want, uint32_t caps)
{
    struct phy_cfg pc = { .profile = phy_profile_find(profile), .addr = 7, .an_ps = AN_PS };
    size_t bytes = pkt_pool_bytes(4, 0);
    memset(b, 0, sizeof *b);
    assert_non_null(pc.profile);
    assert_int_equal(phy_partner_parse(&pc.partner, partner), 0);
    phy_model_init(&b->d.phy, &pc, 0);
    b->d.link.ops = &ops;
    b->d.answers = true;
    b->d.caps = caps;
    b->d.clk_hz = 125000000;
    b->mem = malloc(bytes);
    b->pool = pkt_pool_create(b->mem, bytes, 4, 0);
    struct nic_cfg nc = { .link = &b->d.link, .pool = b->pool, .mac = { 2 }, .phy = *want };
    push(&b->d, &(struct link_event){ .kind = LINK_EV_SYNC, .value = LY_VERSION_VALUE });
    assert_int_equal(nic_create(&b->nic, &nc), 0);
}

static void unplug(struct bench *b)
{
    nic_destroy(b->nic);
    free(b->mem);
}

/* Time goes on to each deadline, never by more than is asked for. */
static void run(struct bench *b, int64_t ns)
{
    int64_t end = b->d.now_ns + ns, next;
    unsigned turns = 0;
    while (b->d.now_ns < end) {
        assert_int_equal(nic_poll(b->nic, b->d.now_ns, &next), 0);
        assert_true(turns++ < 1000000);
        b->d.now_ns = next > end ? end : next > b->d.now_ns ? next : b->d.now_ns + 1;
    }
}

#define MS INT64_C(1000000)
#define WITH_MDIO LY_CAPS_MDIO_MASK

static uint32_t link_of(struct bench *b)
{
    uint32_t mbit;
    return nic_link_up(b->nic, &mbit) ? mbit : 0;
}

static void negotiates(void **state)
{
    static const char *const names[] = { "generic", "lan8720", "ksz9031", "rtl8211", "88e1512" };
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct nic_phy_cfg want = { .advertise = NIC_ADV_FULL | NIC_ADV_PAUSE, .poll_ms = 1 };
        uint32_t best = strcmp(names[i], "lan8720") ? 1000 : 100;
        struct bench b;
        plug(&b, names[i], "all", &want, WITH_MDIO);
        run(&b, MS);
        assert_int_equal(link_of(&b), 0);
        run(&b, 10 * MS);
        assert_int_equal(link_of(&b), best);
        assert_true(nic_link_full(b.nic) && !nic_link_fixed(b.nic));
        assert_int_equal(b.d.ctrl, 0x33 | (best == 1000 ? 2 : 1) << 2);
        assert_int_equal(b.d.phy.reg[MII_ANAR], AN_10FD | AN_100FD | AN_PAUSE | AN_SELECTOR);
        assert_int_equal(b.d.phy.reg[MII_MSCR], best == 1000 ? MSCR_1000FD : 0);
        assert_int_equal(b.d.link_changes, 1);
        unplug(&b);
    }
}

/* Nothing is wanted by name: what is offered is what CAPS says that the MAC can. */
static void offers_what_it_can(void **state)
{
    static const struct { uint32_t caps; uint16_t anar; } rows[] = {
        { 0, AN_10FD | AN_100FD },
        { LY_CAPS_HALF_DUPLEX_MASK, AN_10FD | AN_100FD | AN_10HD | AN_100HD },
        { LY_CAPS_PAUSE_MASK, AN_10FD | AN_100FD | AN_PAUSE | AN_ASYM },
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .poll_ms = 1 };
        struct bench b;
        plug(&b, "generic", "all", &want, WITH_MDIO | rows[i].caps);
        run(&b, 10 * MS);
        assert_int_equal(b.d.phy.reg[MII_ANAR], rows[i].anar | AN_SELECTOR);
        assert_int_equal(b.d.phy.reg[MII_MSCR], MSCR_1000FD);
        unplug(&b);
    }
}

/* Gigabit needs a core of 125 MHz: with a slower one it is neither offered nor taken up, whoever
 * wants it. */
static void slow_core(void **state)
{
    static const struct { uint16_t advertise; uint32_t hz, mscr, mbit; } rows[] = {
        { 0, 125000000, MSCR_1000FD, 1000 }, { 0, 124999999, 0, 100 }, { 0, 24000000, 0, 100 },
        { NIC_ADV_FULL | NIC_ADV_1000HD, 24000000, 0, 100 }, { NIC_ADV_1000FD, 24000000, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .advertise = rows[i].advertise, .poll_ms = 1 };
        struct bench b;
        plug(&b, "generic", "all", &want, WITH_MDIO);
        b.d.clk_hz = rows[i].hz;
        run(&b, 10 * MS);
        assert_int_equal(b.d.phy.reg[MII_MSCR], rows[i].mscr);
        assert_int_equal(link_of(&b), rows[i].mbit);
        phy_model_write(&b.d.phy, ps(&b.d), MII_BMCR, BMCR_RESET);
        run(&b, 20 * MS);
        assert_int_equal(link_of(&b), rows[i].mbit);
        assert_int_equal((b.d.was & 0x0F00) != 0, rows[i].mbit == 1000);     /* of speed 2 */
        unplug(&b);
    }
}

/* Over a fixed link, and where there is no MDIO, no access is made. */
static void fixed(void **state)
{
    static const uint32_t caps[] = { LY_CAPS_PHY_FIXED_MASK, 0,
                                     WITH_MDIO | LY_CAPS_PHY_FIXED_MASK };
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct nic_phy_cfg want = { .poll_ms = 1 };
        struct bench b;
        int64_t next;
        plug(&b, "generic", "all", &want, caps[i]);
        run(&b, 20 * MS);
        assert_int_equal(b.d.accesses, 0);
        assert_int_equal(nic_poll(b.nic, b.d.now_ns, &next), 0);
        assert_true(next == INT64_MAX);
        assert_int_equal(link_of(&b), i != 1 ? 1000 : 0);
        assert_int_equal(nic_mdio_submit(b.nic, 7, 2, 0, false), i == 2 ? 0 : -ENOTSUP);
        unplug(&b);
    }
}

static void partner(struct bench *b, const char *text)
{
    struct phy_partner p;
    assert_int_equal(phy_partner_parse(&p, text), 0);
    phy_model_partner(&b->d.phy, ps(&b->d), &p);
}

static void cable(void **state)
{
    struct nic_phy_cfg want = { .advertise = NIC_ADV_FULL | NIC_ADV_100HD, .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    run(&b, 20 * MS);
    assert_int_equal(link_of(&b), 1000);
    partner(&b, "none");
    run(&b, 4 * MS);
    assert_int_equal(link_of(&b), 0);
    assert_int_equal(b.d.ctrl, 0);
    partner(&b, "fixed:100fd");
    run(&b, 10 * MS);
    assert_int_equal(link_of(&b), 100);
    assert_false(nic_link_full(b.nic));     /* parallel detection: half duplex */
    partner(&b, "all");                     /* down for AN_PS, longer than the interval */
    run(&b, 10 * MS);
    assert_int_equal(link_of(&b), 1000);
    assert_int_equal(b.d.link_changes, 5);
    unplug(&b);
}

/* Nobody at any address; then one; then it goes. */
static void comes_and_goes(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    b.d.answers = false;
    run(&b, 300 * MS);
    assert_true(b.d.accesses >= 64 && b.d.accesses <= 128);     /* each address, at intervals */
    b.d.answers = true;
    run(&b, 200 * MS);
    assert_int_equal(link_of(&b), 1000);
    b.d.answers = false;
    run(&b, 10 * MS);
    assert_int_equal(link_of(&b), 0);
    b.d.answers = true;
    run(&b, 300 * MS);
    assert_int_equal(link_of(&b), 1000);
    unplug(&b);
}

/* An answer that is lost is asked for again. */
static void lost_answers(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    b.d.lose = 3;
    run(&b, 3500 * MS);
    assert_int_equal(b.d.lose, 0);
    assert_int_equal(link_of(&b), 1000);
    unplug(&b);
}

/* The event is lost: LINK_CTRL was written and answered, so the driver knows. */
static void lost_link_event(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    b.d.tells_no_link = true;
    run(&b, 20 * MS);
    assert_int_equal(link_of(&b), 1000);
    assert_true(nic_link_full(b.nic));
    partner(&b, "none");
    run(&b, 4 * MS);
    assert_int_equal(link_of(&b), 0);
    unplug(&b);
}

/* An event comes late, or twice: what LINK_CTRL says is the driver's own word. */
static void stale_link_event(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct link_event ev = { .kind = LINK_EV_LINK };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    run(&b, 20 * MS);
    push(&b.d, &ev);
    run(&b, 10 * MS);
    assert_int_equal(link_of(&b), 1000);
    assert_true(nic_link_full(b.nic));
    partner(&b, "none");
    run(&b, 10 * MS);
    ev.arg = LY_EVENT_LINK_UP;
    ev.value = 100;
    push(&b.d, &ev);
    run(&b, 10 * MS);
    assert_int_equal(link_of(&b), 0);
    unplug(&b);
}

/* A driver that ended left its link in LINK_CTRL: until the PHY was asked there is none. */
static void link_left(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    b.d.ctrl = 0x03 | 1 << 2;
    partner(&b, "none");
    run(&b, 200 * MS);
    assert_int_equal(link_of(&b), 0);
    assert_int_equal(b.d.ctrl, 0);
    partner(&b, "all");
    run(&b, 20 * MS);
    assert_int_equal(link_of(&b), 1000);
    unplug(&b);
}

static void write_phy(struct bench *b, unsigned reg, uint16_t value)
{
    uint16_t answer;
    assert_int_equal(nic_mdio_submit(b->nic, 7, reg, value, true), 0);
    run(b, MS);
    assert_int_equal(nic_mdio_answer(b->nic, &answer), 0);
}

/* Somebody writes what the PHY offers, behind the driver's back. */
static void another_offer(void **state)
{
    struct nic_phy_cfg want = { .advertise = NIC_ADV_FULL | NIC_ADV_PAUSE, .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    run(&b, 20 * MS);
    assert_int_equal(b.d.ctrl, 0x33 | 2 << 2);
    write_phy(&b, MII_MSCR, 0);
    write_phy(&b, MII_ANAR, AN_100FD | AN_SELECTOR);
    write_phy(&b, MII_BMCR, BMCR_AN_ENABLE | BMCR_AN_RESTART);
    run(&b, 20 * MS);
    assert_int_equal(b.d.ctrl, 0x03 | 1 << 2);      /* 100 Mbit/s, full duplex, no pause */
    unplug(&b);
}

static uint16_t behind_page(const struct bench *b, uint16_t page, uint16_t reg)
{
    for (unsigned i = 0; i < PHY_EXTRA; i++)
        if (b->d.phy.extra[i].used && b->d.phy.extra[i].page == page &&
            b->d.phy.extra[i].reg == reg)
            return b->d.phy.extra[i].value;
    return 0xDEAD;
}

/* As the data sheets have them, written out. */
static void delays(void **state)
{
    static const struct { const char *name; unsigned who, page, reg, value; } rows[] = {
        { "rtl8211", NIC_RGMII_TX_DELAY, 0xD08, 17, 0x100 },
        { "rtl8211", NIC_RGMII_TX_DELAY, 0xD08, 21, 0 },
        { "rtl8211", NIC_RGMII_RX_DELAY, 0xD08, 21, 8 },
        { "88e1512", NIC_RGMII_RX_DELAY | NIC_RGMII_TX_DELAY, 2, 21, 0x30 },
        { "88e1512", NIC_RGMII_TX_DELAY, 2, 21, 0x10 },
        { "ksz9031", NIC_RGMII_NO_DELAY, 2, 4, 0xC7 },
        { "ksz9031", NIC_RGMII_NO_DELAY, 2, 8, 0x1E0 },
        { "ksz9031", NIC_RGMII_RX_DELAY | NIC_RGMII_TX_DELAY, 2, 4, 0x70 },
        { "ksz9031", NIC_RGMII_RX_DELAY | NIC_RGMII_TX_DELAY, 2, 5, 0x7777 },
        { "ksz9031", NIC_RGMII_RX_DELAY | NIC_RGMII_TX_DELAY, 2, 6, 0 },
        { "ksz9031", NIC_RGMII_RX_DELAY | NIC_RGMII_TX_DELAY, 2, 8, 0x3F9 },
        { "rtl8211", NIC_RGMII_AS_IS, 0xD08, 17, 0xDEAD },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .rgmii = (uint8_t)rows[i].who, .poll_ms = 1 };
        struct bench b;
        plug(&b, rows[i].name, "all", &want, WITH_MDIO);
        run(&b, 20 * MS);
        assert_int_equal(link_of(&b), 1000);
        assert_int_equal(behind_page(&b, (uint16_t)rows[i].page, (uint16_t)rows[i].reg),
                         rows[i].value);
        assert_int_equal(b.d.phy.page, 0);
        unplug(&b);
    }
}

/* The PHY lost its supply: what it offers, and whose clock it delays, are its defaults. Modes that
 * this NIC was not built with are not taken up, whatever the far end would have. */
static void brown_out(void **state)
{
#define HALF LY_CAPS_HALF_DUPLEX_MASK
    static const struct { const char *partner; uint32_t caps, ctrl; uint16_t anar; } rows[] = {
        { "1000hd,100fd", 0, 0x03 | 1 << 2, AN_10FD | AN_100FD },
        { "100hd,10fd", 0, 0x03, AN_10FD | AN_100FD },
        { "fixed:100fd", 0, 0, AN_10FD | AN_100FD },
        { "1000hd,100hd", HALF, 0x01 | 1 << 2, AN_10FD | AN_100FD | AN_10HD | AN_100HD },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .rgmii = NIC_RGMII_TX_DELAY, .poll_ms = 2 };
        struct bench b;
        plug(&b, "rtl8211", rows[i].partner, &want, WITH_MDIO | rows[i].caps);
        run(&b, 20 * MS);
        assert_int_equal(b.d.ctrl, rows[i].ctrl);
        memset(b.d.phy.extra, 0, sizeof b.d.phy.extra);
        phy_model_write(&b.d.phy, ps(&b.d), MII_BMCR, BMCR_RESET);
        run(&b, 40 * MS);
        assert_int_equal(b.d.ctrl, rows[i].ctrl);
        assert_int_equal(b.d.was & ~(1ull | 1ull << rows[i].ctrl), 0);
        assert_int_equal(b.d.phy.reg[MII_ANAR], rows[i].anar | AN_SELECTOR);
        assert_int_equal(b.d.phy.reg[MII_MSCR], MSCR_1000FD);
        assert_int_equal(behind_page(&b, 0xD08, 17), 0x100);
        unplug(&b);
    }
}

/* Pause that another hand wrote into what is offered is not in a NIC without it. */
static void foreign_pause(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    run(&b, 20 * MS);
    write_phy(&b, MII_ANAR, AN_TECH | AN_PAUSE | AN_ASYM | AN_SELECTOR);
    write_phy(&b, MII_BMCR, BMCR_AN_ENABLE | BMCR_AN_RESTART);
    run(&b, 20 * MS);
    assert_int_equal(b.d.ctrl, 0x03 | 2 << 2);
    assert_int_equal(b.d.was, 1ull | 1ull << (0x03 | 2 << 2));
    unplug(&b);
}

/* Auto-negotiation is switched off: speed and duplex are those of BMCR, and there is no pause. Of
 * modes that the NIC has not there is no link. */
/* Clause: IEEE 802.3 22.2.4.1.3, IEEE 802.3 22.2.4.1.4 */
static void forced(void **state)
{
    static const struct { uint16_t bmcr; const char *partner; uint32_t caps, ctrl; } rows[] = {
        { 0x2100, "fixed:100fd", LY_CAPS_PAUSE_MASK, 0x03 | 1 << 2 },
        { 0x0100, "fixed:10fd", 0, 0x03 },
        { 0x2000, "fixed:100hd", HALF, 0x01 | 1 << 2 },
        { 0x0000, "all", HALF, 0x01 },
        { 0x2000, "fixed:100hd", 0, 0 },
        { 0x0000, "fixed:10hd", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .poll_ms = 2 };
        struct bench b;
        plug(&b, "generic", "all", &want, WITH_MDIO | rows[i].caps);
        run(&b, 20 * MS);
        uint32_t best = b.d.ctrl;
        assert_int_equal(link_of(&b), 1000);
        write_phy(&b, MII_BMCR, rows[i].bmcr);
        partner(&b, rows[i].partner);
        run(&b, 20 * MS);
        assert_int_equal(b.d.ctrl, rows[i].ctrl);
        assert_int_equal(b.d.was & ~(1ull | 1ull << best | 1ull << rows[i].ctrl), 0);
        assert_int_equal(b.d.phy.reg[MII_BMCR], rows[i].bmcr);      /* it is let be */
        write_phy(&b, MII_BMCR, BMCR_AN_ENABLE);
        partner(&b, "all");
        run(&b, 20 * MS);
        assert_int_equal(b.d.ctrl, best);
        unplug(&b);
    }
}

/* The speed bits of BMCR that phy_model.c has no link for: 1000, and the reserved value. */
static void forced_gigabit(void **state)
{
    static const struct { uint16_t bmcr; uint32_t ctrl; } rows[] = {
        { 0x0140, 0x03 | 2 << 2 }, { 0x0040, 0 }, { 0x2140, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nic_phy_cfg want = { .poll_ms = 2 };
        struct bench b;
        plug(&b, "generic", "all", &want, WITH_MDIO);
        run(&b, 20 * MS);
        write_phy(&b, MII_BMCR, rows[i].bmcr);
        run(&b, 4 * MS);
        assert_int_equal(b.d.ctrl, 0);
        b.d.phy.up_ps = ps(&b.d);
        run(&b, 20 * MS);
        assert_int_equal(b.d.ctrl, rows[i].ctrl);
        unplug(&b);
    }
}

/* A link is told before auto-negotiation is over: BMCR's mode is not the one. */
static void not_complete(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 2 };
    struct bench b;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO | HALF);
    b.d.hides = BMSR_AN_COMPLETE;
    run(&b, 20 * MS);
    assert_int_equal(b.d.was, 0);
    b.d.hides = 0;
    run(&b, 10 * MS);
    assert_int_equal(b.d.ctrl, 0x03 | 2 << 2);
    unplug(&b);
}

static int user(struct bench *b, unsigned addr, unsigned reg, uint16_t value, bool write,
                uint16_t *out)
{
    assert_int_equal(nic_mdio_submit(b->nic, addr, reg, value, write), 0);
    assert_int_equal(nic_mdio_submit(b->nic, addr, reg, value, write), -EBUSY);
    assert_int_equal(nic_mdio_answer(b->nic, out), -EAGAIN);
    run(b, MS);
    return nic_mdio_answer(b->nic, out);
}

/* The caller's accesses go between those of the driver, which they do not disturb. */
static void by_hand(void **state)
{
    struct nic_phy_cfg want = { .poll_ms = 1 };
    struct bench b;
    uint16_t v = 0;
    (void)state;
    plug(&b, "generic", "all", &want, WITH_MDIO);
    assert_int_equal(nic_mdio_submit(b.nic, 7, 2, 0, false), -EAGAIN);
    run(&b, MS / 2);
    assert_int_equal(nic_mdio_answer(b.nic, &v), -EINVAL);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(user(&b, 7, MII_ID2, 0, false, &v), 0);
        assert_int_equal(v, 0x6000);
        assert_int_equal(user(&b, 6, MII_ID2, 0, false, &v), -ENXIO);
        assert_int_equal(user(&b, 7, 20, (uint16_t)(0x1111 * i), true, &v), 0);
        assert_int_equal(user(&b, 7, 20, 0, false, &v), 0);
        assert_int_equal(v, (uint16_t)(0x1111 * i));
    }
    assert_int_equal(link_of(&b), 1000);
    assert_int_equal(nic_mdio_submit(b.nic, 32, 2, 0, false), -EINVAL);
    assert_int_equal(nic_mdio_submit(b.nic, 1, 32, 0, false), -EINVAL);
    /* The device goes while an answer is due. */
    assert_int_equal(nic_mdio_submit(b.nic, 7, 2, 0, false), 0);
    push(&b.d, &(struct link_event){ .kind = LINK_EV_GONE });
    int64_t next;
    assert_int_equal(nic_poll(b.nic, b.d.now_ns, &next), -ENODEV);
    assert_int_equal(nic_mdio_answer(b.nic, &v), -ENODEV);
    assert_int_equal(nic_mdio_answer(b.nic, &v), -EINVAL);
    assert_int_equal(nic_mdio_submit(b.nic, 7, 2, 0, false), -ENODEV);
    unplug(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination), cmocka_unit_test(negotiates),
        cmocka_unit_test(offers_what_it_can), cmocka_unit_test(slow_core),
        cmocka_unit_test(fixed),             cmocka_unit_test(cable),
        cmocka_unit_test(comes_and_goes),    cmocka_unit_test(lost_answers),
        cmocka_unit_test(lost_link_event),   cmocka_unit_test(stale_link_event),
        cmocka_unit_test(link_left),         cmocka_unit_test(another_offer),
        cmocka_unit_test(brown_out),         cmocka_unit_test(foreign_pause),
        cmocka_unit_test(forced),            cmocka_unit_test(forced_gigabit),
        cmocka_unit_test(not_complete),
        cmocka_unit_test(delays),            cmocka_unit_test(by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
