/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - what --nic sim:PROFILE means: the clocks of a model and the link at its pins. The
 * clocks of the PHY's pins may change while it runs, with what the PHY has negotiated.
 */
#ifndef LY_SIM_PROFILE_H
#define LY_SIM_PROFILE_H

#include "sim/clocks.h"
#include "sim/nic_model.h"

struct sim_pace {
    struct sim_clocks clocks;
    const struct sim_clock *core;       /* NULL: stopped by the test */
    const struct sim_clock *phy_rx;
    uint64_t first_k;                   /* core edge at which the NIC was plugged in */
    unsigned mbit;                      /* at the pins */
    bool mii;                           /* which carry nibbles */
    int ppm[2];                         /* its own clocks, and that of the PHY's rx pins */
};

/** sim_pace_init() - by the text of sim_profile_text(), from @start on; the link is told to the
 * pins of @in. Returns 0, -EINVAL. */
int sim_pace_init(struct sim_pace *p, const char *text, bool stop_core_clock, uint64_t start,
                  struct nic_model_in *in);

/** sim_pace_speed() - the PHY's clocks are those of @mbit (10, 100, 1000) from @start on. */
void sim_pace_speed(struct sim_pace *p, unsigned mbit, uint64_t start);

#endif
