/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phy_tap.h - listens at the PHY pins of one NIC: counts the frames of both
 * directions and writes them to a capture, in the order of their SFDs.
 *
 * A frame can only be written when it is complete; one that began earlier in the
 * other direction may still be under way then. So frames wait (a few at most)
 * until nothing that began before them is open.
 */
#ifndef LY_SIM_PHY_TAP_H
#define LY_SIM_PHY_TAP_H

#include "sim/wire_frames.h"

struct pcapng;

/* A longest frame lasts as long as 19 of the shortest. */
#define PHY_TAP_HELD 24u

struct phy_tap_count {
    uint64_t frames, octets;    /* events with an SFD; octets DA..FCS */
};

struct phy_tap_held {
    uint64_t sfd_ps;
    uint32_t len, flags;
    uint8_t fault;
    uint8_t buf[FRAME_ASM_BYTES];
};

/* Zero-initialised it counts only; set cap, and it writes. */
struct phy_tap {
    struct pcapng *cap;         /* NULL: no capture */
    struct frame_asm out, in;   /* from the NIC, towards it */
    struct phy_tap_count n_out, n_in;
    unsigned held;
    struct phy_tap_held hold[PHY_TAP_HELD];
};

/** phy_tap_fini() - writes what waits; an event that has not ended is not a frame. */
void phy_tap_fini(struct phy_tap *p);

/* An event of one direction has ended. */
void phy_tap_done(struct phy_tap *p, bool outward);

/** phy_tap_out() - the NIC drives this symbol. */
static inline void phy_tap_out(struct phy_tap *p, uint64_t t, const struct sym *s)
{
    if (frame_asm_sym(&p->out, t, s))
        phy_tap_done(p, true);
}

/** phy_tap_in() - the NIC sees this symbol. */
static inline void phy_tap_in(struct phy_tap *p, uint64_t t, const struct sym *s)
{
    if (frame_asm_sym(&p->in, t, s))
        phy_tap_done(p, false);
}

#endif
