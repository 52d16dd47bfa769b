/* SPDX-License-Identifier: Apache-2.0 */
/* phy_model.c - registers and auto-negotiation of a PHY, and its end of MDC and MDIO. */
#include "sim/phy_model.h"

#include <errno.h>
#include <string.h>

#define NEVER UINT64_MAX
#define PREAMBLE 32u
#define FRAME_BITS 32u
#define BIT_TA 14u              /* the PHY drives from the second bit of a read's turnaround on */

enum phy_space { SPACE_NONE, SPACE_PAGED, SPACE_MMD };

/* Who it says it is, and where its own registers lie: behind a page register, or in MMDs
 * (clause 22 annex 22D). From the public data sheets and drivers of these parts. */
struct phy_profile {
    const char *name;
    uint16_t id1, id2;
    bool gigabit;
    uint8_t page_reg;           /* 0: none */
    uint8_t paged_first;        /* registers from here on change with the page, below 31 */
    bool mmd;
};

static const struct phy_profile profiles[] = {
    { "generic", 0x0020, 0x6000, true, 0, 0, false },
    { "lan8720", 0x0007, 0xC0F1, false, 0, 0, false },
    { "ksz9031", 0x0022, 0x1622, true, 0, 0, true },
    { "rtl8211", 0x001C, 0xC916, true, 31, 16, false },
    { "88e1512", 0x0141, 0x0DD1, true, 22, 16, false },
};

const struct phy_profile *phy_profile_find(const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(name, profiles[i].name) == 0)
            return &profiles[i];
    return NULL;
}

/* --- the far end -------------------------------------------------------------------- */

static const struct { const char *name; uint16_t base, gigabit; } offers[] = {
    { "1000fd", 0, MSSR_1000FD }, { "1000hd", 0, MSSR_1000HD }, { "100fd", AN_100FD, 0 },
    { "100hd", AN_100HD, 0 },     { "10fd", AN_10FD, 0 },       { "10hd", AN_10HD, 0 },
    { "pause", AN_PAUSE, 0 },     { "asym", AN_ASYM, 0 },
};

/* Returns the bytes of the word at @text, 0 if it is none. */
static size_t offer_parse(struct phy_partner *p, const char *text)
{
    size_t n = strcspn(text, ",");
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
        if (strlen(offers[i].name) == n && memcmp(offers[i].name, text, n) == 0) {
            p->base |= offers[i].base;
            p->gigabit |= offers[i].gigabit;
            return n;
        }
    return 0;
}

static bool one_bit(unsigned x)
{
    return x && !(x & (x - 1));
}

int phy_partner_parse(struct phy_partner *out, const char *text)
{
    struct phy_partner p = { .cable = true, .negotiates = true };
    if (strcmp(text, "all") == 0 || strcmp(text, "none") == 0) {
        *out = PHY_PARTNER_ALL;
        out->cable = text[0] == 'a';
        return 0;
    }
    if (strncmp(text, "fixed:", 6) == 0) {
        p.negotiates = false;
        text += 6;
    }
    for (;;) {
        size_t n = offer_parse(&p, text);
        if (n == 0)
            return -EINVAL;
        if (!text[n])
            break;
        text += n + 1;
    }
    /* 1000BASE-T has no link without auto-negotiation (40.5.1). */
    if (!p.negotiates && (p.gigabit || !one_bit(p.base) || !(p.base & AN_TECH)))
        return -EINVAL;
    *out = p;
    return 0;
}

/* --- auto-negotiation ----------------------------------------------------------------- */

static bool negotiating(const struct phy_model *m)
{
    return (m->reg[MII_BMCR] & BMCR_AN_ENABLE) != 0;
}

/* What both ends can, of the base page: of an end that does not negotiate, the speed that is
 * heard, in half duplex (28.2.3.1). */
static uint16_t heard(const struct phy_model *m)
{
    const struct phy_partner *p = &m->cfg.partner;
    if (p->negotiates)
        return (uint16_t)(p->base | AN_SELECTOR | AN_ACK);
    return p->base & (AN_100FD | AN_100HD) ? AN_100HD : AN_10HD;
}

static unsigned forced_mode(const struct phy_model *m, bool *full)
{
    uint16_t c = m->reg[MII_BMCR];
    *full = (c & BMCR_FULL) != 0;
    if ((c & BMCR_SPEED_1000) && m->cfg.profile->gigabit)
        return 0;               /* test modes only: 40.5.1 */
    return c & BMCR_SPEED_100 ? 100 : 10;
}

/* 28B.3 with the modes of clause 40, best first. */
unsigned phy_model_mode(const struct phy_model *m, bool *full)
{
    static const struct { uint16_t bit, mbit; bool full; } order[] = {
        { AN_100FD, 100, true }, { AN_100HD, 100, false }, { AN_10FD, 10, true },
        { AN_10HD, 10, false },
    };
    if (!negotiating(m))
        return forced_mode(m, full);
    unsigned both = 0;
    if (m->cfg.profile->gigabit && m->cfg.partner.negotiates)
        both = (unsigned)m->reg[MII_MSCR] << 2 & m->cfg.partner.gigabit;
    *full = (both & MSSR_1000FD) != 0;
    if (both & (MSSR_1000FD | MSSR_1000HD))
        return 1000;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (m->reg[MII_ANAR] & heard(m) & order[i].bit) {
            *full = order[i].full;
            return order[i].mbit;
        }
    return 0;
}

/* Whether an end without auto-negotiation on one side has a link: both send the same signal. */
static bool link_possible(const struct phy_model *m)
{
    const struct phy_partner *p = &m->cfg.partner;
    bool full;
    unsigned mbit = phy_model_mode(m, &full);
    if (!p->cable || mbit == 0 || (m->reg[MII_BMCR] & (BMCR_POWER_DOWN | BMCR_ISOLATE)))
        return false;
    if (negotiating(m))
        return true;
    return ((p->base & (mbit == 100 ? AN_100FD | AN_100HD : AN_10FD | AN_10HD)) != 0);
}

/* Something changed at @t: the link falls, and comes again if the ends agree. */
static void renew(struct phy_model *m, uint64_t t)
{
    m->fell = true;
    m->page_seen = false;
    m->up_ps = link_possible(m) ? t + m->cfg.an_ps : NEVER;
}

static void reset(struct phy_model *m, uint64_t t)
{
    bool giga = m->cfg.profile->gigabit;
    m->reg[MII_BMCR] = BMCR_AN_ENABLE | (giga ? BMCR_SPEED_1000 : BMCR_SPEED_100) | BMCR_FULL;
    m->reg[MII_ANAR] = AN_SELECTOR | AN_TECH;
    m->reg[MII_MSCR] = giga ? MSCR_1000FD | MSCR_1000HD : 0;
    m->page = 0;
    renew(m, t);
}

void phy_model_init(struct phy_model *m, const struct phy_cfg *cfg, uint64_t t)
{
    *m = (struct phy_model){ .cfg = *cfg };
    if (m->cfg.an_ps == 0)
        m->cfg.an_ps = PHY_AN_PS;
    reset(m, t);
}

void phy_model_partner(struct phy_model *m, uint64_t t, const struct phy_partner *partner)
{
    m->cfg.partner = *partner;
    renew(m, t);
}

/* --- registers ------------------------------------------------------------------------- */

/* A place for what the vendor put behind a page or an MMD. NULL: none is left. */
static struct phy_extra *extra(struct phy_model *m, enum phy_space space, uint16_t page,
                               uint16_t reg)
{
    for (unsigned i = 0; i < PHY_EXTRA; i++) {
        struct phy_extra *e = &m->extra[i];
        if (!e->used)
            *e = (struct phy_extra){ true, (uint8_t)space, page, reg, 0 };
        if (e->space == space && e->page == page && e->reg == reg)
            return e;
    }
    return NULL;
}

/* Clause 22's way into an MMD: function in bits 15:14 of register 13, device in 4:0. */
static struct phy_extra *mmd_place(struct phy_model *m)
{
    return extra(m, SPACE_MMD, m->reg[MII_MMD_CTRL] & 0x1Fu, m->mmd_reg);
}

static bool paged(const struct phy_model *m, unsigned reg)
{
    const struct phy_profile *p = m->cfg.profile;
    return p->page_reg && m->page != 0 && reg >= p->paged_first && reg != p->page_reg;
}

static uint16_t read_bmsr(struct phy_model *m, uint64_t t)
{
    uint16_t v = BMSR_100FD | BMSR_100HD | BMSR_10FD | BMSR_10HD | BMSR_AN_ABLE | BMSR_EXTENDED;
    bool up = phy_model_link(m, t);
    if (m->cfg.profile->gigabit)
        v |= BMSR_ESTATEN;
    if (up && negotiating(m))
        v |= BMSR_AN_COMPLETE;
    if (up && !m->fell)
        v |= BMSR_LINK;
    m->fell = false;
    return v;
}

static uint16_t read_aner(struct phy_model *m, uint64_t t)
{
    bool able = phy_model_link(m, t) && negotiating(m) && m->cfg.partner.negotiates;
    uint16_t v = (uint16_t)((able ? ANER_LP_ABLE : 0) | (able && !m->page_seen ? ANER_PAGE : 0));
    m->page_seen = able;
    return v;
}

static uint16_t read_mssr(const struct phy_model *m, uint64_t t)
{
    bool full;
    if (!phy_model_link(m, t) || !negotiating(m) || !m->cfg.partner.negotiates)
        return 0;
    return (uint16_t)(m->cfg.partner.gigabit |
                      (phy_model_mode(m, &full) == 1000 ? MSSR_LOCAL_OK | MSSR_REMOTE_OK : 0));
}

uint16_t phy_model_read(struct phy_model *m, uint64_t t, unsigned reg)
{
    const struct phy_profile *p = m->cfg.profile;
    struct phy_extra *e = paged(m, reg) ? extra(m, SPACE_PAGED, m->page, (uint16_t)reg) : NULL;
    if (paged(m, reg))
        return e ? e->value : 0;
    if (reg == p->page_reg && reg)
        return m->page;
    switch (reg) {
    case MII_BMSR:   return read_bmsr(m, t);
    case MII_ID1:    return p->id1;
    case MII_ID2:    return p->id2;
    case MII_ANLPAR: return phy_model_link(m, t) && negotiating(m) ? heard(m) : 0;
    case MII_ANER:   return read_aner(m, t);
    case MII_MSSR:   return p->gigabit ? read_mssr(m, t) : 0;
    case MII_ESR:    return p->gigabit ? ESR_1000FD | ESR_1000HD : 0;
    case MII_MMD_DATA:
        if (!p->mmd || !(m->reg[MII_MMD_CTRL] >> 14))
            return p->mmd ? m->mmd_reg : 0;
        e = mmd_place(m);
        return e ? e->value : 0;
    default:
        return m->reg[reg];
    }
}

static void write_bmcr(struct phy_model *m, uint64_t t, uint16_t value)
{
    uint16_t was = m->reg[MII_BMCR], keep = value & (uint16_t)~(BMCR_RESET | BMCR_AN_RESTART);
    if (value & BMCR_RESET) {
        reset(m, t);
        return;
    }
    m->reg[MII_BMCR] = keep;
    if (keep != was || (value & BMCR_AN_RESTART))
        renew(m, t);
}

static void write_mmd(struct phy_model *m, uint16_t value)
{
    struct phy_extra *e;
    if (!(m->reg[MII_MMD_CTRL] >> 14))
        m->mmd_reg = value;
    else if ((e = mmd_place(m)) != NULL)
        e->value = value;
}

void phy_model_write(struct phy_model *m, uint64_t t, unsigned reg, uint16_t value)
{
    const struct phy_profile *p = m->cfg.profile;
    if (paged(m, reg)) {
        struct phy_extra *e = extra(m, SPACE_PAGED, m->page, (uint16_t)reg);
        if (e)
            e->value = value;
        return;
    }
    if (reg == p->page_reg && reg) {
        m->page = value;
        return;
    }
    switch (reg) {
    case MII_BMCR:
        write_bmcr(m, t, value);
        break;
    case MII_BMSR: case MII_ID1: case MII_ID2: case MII_ANLPAR: case MII_ANER: case MII_MSSR:
    case MII_ESR:
        break;                  /* read only */
    case MII_MSCR:
        m->reg[reg] = p->gigabit ? value : 0;
        break;
    case MII_MMD_DATA:
        if (p->mmd)
            write_mmd(m, value);
        break;
    default:
        m->reg[reg] = value;
    }
}

/* --- the two wires ----------------------------------------------------------------------- */

/* The first 14 bits of a frame: start, opcode, PHY address, register. 22.2.4.5. */
#define HEAD_READ 0x6u
#define HEAD_WRITE 0x5u

/* After bit number @n of a frame: what goes out until the next rise of MDC. */
static void drive_next(struct phy_model *m, uint64_t t, unsigned n)
{
    unsigned head = n < BIT_TA ? 0 : m->frame >> (n - BIT_TA);
    m->driving = n > BIT_TA && n < FRAME_BITS && head >> 10 == HEAD_READ &&
                 (head >> 5 & 31) == m->cfg.addr;
    if (!m->driving)
        return;
    if (n == BIT_TA + 1)        /* all that goes out is fetched at once */
        m->value = phy_model_read(m, t, head & 31);
    m->out = n > BIT_TA + 1 && (m->value >> (FRAME_BITS - 1 - n) & 1);
}

/* One rise of MDC, with the bit that stands on the line then. */
static void rise(struct phy_model *m, uint64_t t, bool bit)
{
    if (m->bits == 0 && (bit || m->ones < PREAMBLE)) {
        m->ones = bit ? m->ones + 1 : 0;    /* this PHY wants its whole preamble */
        return;
    }
    m->frame = m->frame << 1 | bit;
    m->bits++;
    drive_next(m, t, m->bits);
    if (m->bits < FRAME_BITS)
        return;
    if (m->frame >> 28 == HEAD_WRITE && (m->frame >> 23 & 31) == m->cfg.addr)
        phy_model_write(m, t, m->frame >> 18 & 31, (uint16_t)m->frame);
    m->frame = m->bits = m->ones = 0;
}

bool phy_model_pins(struct phy_model *m, uint64_t t, bool mdc, bool mdio, bool oe)
{
    bool line = oe ? mdio : !m->driving || m->out;
    bool rose = mdc && !m->mdc;
    m->mdc = mdc;
    if (rose)
        rise(m, t, line);
    return !m->driving || m->out;
}
