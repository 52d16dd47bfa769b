/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_nic.h - one NIC in the world, as link_sim.c (the driver's contract) and
 * nic_actor.c (clocks, pins, idle skipping) share it.
 */
#ifndef LY_SIM_SIM_NIC_H
#define LY_SIM_SIM_NIC_H

#include "sim/link_sim.h"
#include "sim/nic_model.h"
#include "sim/phy_model.h"
#include "sim/phy_pins.h"
#include "sim/phy_tap.h"
#include "sim/profile.h"
#include "sim/rec_stream.h"
#include "sim/tape.h"

/* Bytes of a frame between the rx pins and the core, counted at core edges. */
struct sim_elastic {
    uint64_t in, out;           /* of the event that comes now */
    bool on;                    /* it goes on */
    unsigned min, max;          /* of all events; max 0: none yet */
};

/* One direction through a PHY. */
struct sim_way {
    bool pass;                  /* what comes now is passed on */
    bool on;                    /* the symbol before was not idle */
    uint64_t withheld;          /* frames */
};

struct sim_nic {
    struct link link;           /* first: a struct link * is a struct sim_nic * */
    struct world *world;
    struct wire *wire;
    unsigned port;
    int actor;

    struct nic_model *model;
    struct nic_model_in *in;
    const struct nic_model_out *out;
    struct sim_pace pace;

    unsigned start;             /* edges left before the outputs count */
    unsigned idle;              /* core cycles without any activity */
    unsigned settle;            /* of those cycles until it may sleep */
    uint8_t rx_high;            /* nibble of the symbol at the rx pins */
    struct pins_gear gear;
    bool asleep;
    uint64_t deadline_ps;       /* asleep: be awake before the core's next timer */
    uint64_t evaluated;         /* core edges */

    struct sim_elastic elastic;
    struct tape *tape;          /* NULL: not recorded */
    uint8_t rx_fault;           /* sym.fault of the symbol at the rx pins */
    struct phy_tap tap;
    bool has_phy;               /* else the link is fixed */
    struct phy_model phy;
    uint64_t up_ps;             /* phy.up_ps, once its speed has been taken up */
    bool tx_heard;              /* the wire was given a symbol that is not idle */
    struct sim_way tx_way, rx_way;
    struct rec_stream stream;
};

extern const struct actor_ops sim_nic_actor;

/** sim_nic_plug() - clocks from @profile (NULL: the default) and the wire, reset asserted.
 * Returns 0, -EINVAL. */
int sim_nic_plug(struct sim_nic *n, const char *profile, bool stop_core_clock);

/* Idle time, here and in a replay past a difference. Skipping less is not worth the way: 16 cycles
 * are evaluated before the first thing that can happen. */
#define SIM_WORTH_CYCLES 32u
/** sim_settle_cycles() - core cycles without activity after which time may be skipped. */
unsigned sim_settle_cycles(const struct sim_pace *p);
/** sim_deadline_ps() - the core edge some cycles before its next timer is due; 0: it is close;
 * SIM_NEVER. */
uint64_t sim_deadline_ps(const struct sim_pace *p, const struct nic_model_out *out);

/** sim_nic_rests_ps() - until when: the next symbol of the wire, SIM_NEVER if none is under way;
 * 0: there is something to do. */
uint64_t sim_nic_rests_ps(const struct sim_nic *n);

/** sim_nic_core_cycles() - core clock edges up to the world's now, skipped or not. */
uint64_t sim_nic_core_cycles(const struct sim_nic *n);

#endif
