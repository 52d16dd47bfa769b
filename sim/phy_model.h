/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phy_model.h - a PHY behind the MDIO pins of one NIC: clause 22 bit by bit as the edges of
 * MDC come, the registers of clauses 22, 28 and 40, and auto-negotiation with a link partner
 * in simulated time.
 *
 * Nothing here steps by itself: what a register says follows from the time at which it is
 * read, so idle time is skipped as if no PHY were there.
 */
#ifndef LY_SIM_PHY_MODEL_H
#define LY_SIM_PHY_MODEL_H

#include "driver/mii.h"

#include <stdbool.h>
#include <stdint.h>

/* What the far end offers. */
struct phy_partner {
    bool cable;                 /* false: nothing there */
    bool negotiates;            /* false: it has one speed and duplex, parallel detection */
    uint16_t base;              /* AN_* */
    uint16_t gigabit;           /* MSSR_1000FD, MSSR_1000HD */
};

#define PHY_PARTNER_ALL ((struct phy_partner){ true, true, AN_TECH | AN_PAUSE | AN_ASYM, \
                                               MSSR_1000FD | MSSR_1000HD })
#define PHY_AN_PS 100000000000ull       /* how long auto-negotiation takes where not told: 0.1 s */
#define PHY_EXTRA 16                    /* vendor registers kept behind a page or MMD */

/**
 * phy_partner_parse() - "none", "all", or a list of 1000fd, 1000hd, 100fd, 100hd, 10fd, 10hd,
 * pause, asym; behind "fixed:" one of 100fd, 100hd, 10fd, 10hd, of an end that does not
 * negotiate. Returns 0, -EINVAL.
 */
int phy_partner_parse(struct phy_partner *out, const char *text);

struct phy_profile;
/** phy_profile_find() - generic, lan8720, ksz9031, rtl8211, 88e1512; NULL: none of that name. */
const struct phy_profile *phy_profile_find(const char *name);

struct phy_cfg {
    const struct phy_profile *profile;
    unsigned addr;              /* 0 to 31 */
    struct phy_partner partner;
    uint64_t an_ps;             /* 0: PHY_AN_PS */
};

struct phy_extra { bool used; uint8_t space; uint16_t page; uint16_t reg, value; };

/* All in it is phy_model.c's own. */
struct phy_model {
    struct phy_cfg cfg;
    uint16_t reg[MII_REGS];     /* as last written; status registers are made when read */
    struct phy_extra extra[PHY_EXTRA];
    uint16_t page, mmd_reg;
    uint64_t up_ps;             /* when the link comes up; UINT64_MAX: never */
    bool fell;                  /* it was down since BMSR was read */
    bool page_seen;             /* since ANER was read */
    bool mdc, driving, out;
    unsigned ones, bits;        /* of preamble; of the frame under way, 0: none */
    uint32_t frame;
    uint16_t value;             /* that goes out */
};

void phy_model_init(struct phy_model *m, const struct phy_cfg *cfg, uint64_t t);

/** phy_model_pins() - the pins as they stand from @t on; called whenever they may have moved.
 * Returns what the PHY's end of MDIO is now, the pull-up's 1 where nobody drives. */
bool phy_model_pins(struct phy_model *m, uint64_t t, bool mdc, bool mdio, bool oe);

/** phy_model_partner() - from @t on the far end is another one: the link falls. */
void phy_model_partner(struct phy_model *m, uint64_t t, const struct phy_partner *partner);

/** phy_model_link() - whether the link is up. */
static inline bool phy_model_link(const struct phy_model *m, uint64_t t)
{
    return t >= m->up_ps;
}

/** phy_model_mode() - what was negotiated or is forced: 10, 100, 1000, 0 none. */
unsigned phy_model_mode(const struct phy_model *m, bool *full);

/** phy_model_read(), phy_model_write() - one register, as an MDIO frame at @t would. */
uint16_t phy_model_read(struct phy_model *m, uint64_t t, unsigned reg);
void phy_model_write(struct phy_model *m, uint64_t t, unsigned reg, uint16_t value);

#endif
