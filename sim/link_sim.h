/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_sim.h - a Verilated NIC in the world, plugged into a wire, seen by the
 * driver through driver/link.h. One actor per NIC: it steps the model's clocks,
 * moves record bytes on the link clock and symbols on the PHY clocks, and skips
 * idle time exactly (o_quiet, o_deadline) when the world skips.
 */
#ifndef LY_SIM_LINK_SIM_H
#define LY_SIM_LINK_SIM_H

#include "driver/link.h"
#include "sim/wire.h"
#include "sim/world.h"

struct pkt_pool;
struct pcapng;
struct phy_cfg;
struct phy_partner;
struct tape;

#define SIM_PROFILE "gmii"          /* where none is asked for */

struct sim_nic_cfg {
    struct world *world;
    struct wire *wire;
    unsigned port;              /* of the wire */
    unsigned number;            /* model number: seeds its initial values */
    const char *profile;        /* NULL: SIM_PROFILE */
    const struct phy_cfg *phy;  /* behind MDIO; NULL: the link is fixed, 1000 Mbit/s */
    uint64_t rx_bytes_hz;       /* of the bus, from the NIC; 0: as fast as the link clock */
    struct pkt_pool *pool;
    struct pcapng *capture;     /* NULL, or where the PHY side is recorded */
    struct tape *tape;          /* NULL, or where every pin is recorded; outlives the NIC */
    bool stop_core_clock;       /* test only: the world never schedules `clk` */
};

struct sim_nic_stats {
    uint64_t core_cycles;       /* of simulated time, skipped ones included */
    uint64_t core_evaluated;    /* really evaluated */
    uint64_t phy_tx_frames, phy_tx_octets;  /* seen at the PHY pins; octets DA..FCS */
    uint64_t phy_rx_frames, phy_rx_octets;
    /* That began while the PHY's link was down: whole ones that it did not pass on. Of tx they are
     * frames at the pins too, of rx not. */
    uint64_t phy_tx_withheld, phy_rx_withheld;
    /* Bytes of a frame between the pins and the core, while it came: least and most. */
    unsigned rx_elastic_min, rx_elastic_max;
};

/**
 * sim_profile_text() - what a recording calls the clocks of the NIC on @port of @w: the profile
 * (NULL: the default) and, where they are off, "+PPM-PPM" of its own and of what it hears.
 *
 * Returns 0; -EINVAL too long, or a sign in it already.
 */
#define SIM_PROFILE_BYTES 17
int sim_profile_text(char *out, const char *profile, const struct wire *w, unsigned port);

/** sim_profile_link() - the link of @profile (NULL: the default): Mbit/s, and whether it is full
 * duplex. Returns 0, -EINVAL there is no such profile. */
int sim_profile_link(const char *profile, unsigned *mbit, bool *full_duplex);

/** sim_profile_core_hz() - the core clock of @profile (NULL: the default), 0 there is none such. */
uint64_t sim_profile_core_hz(const char *profile);

/** sim_nic_open() - Returns 0 and the link; -EINVAL unknown profile, -ENOMEM. */
int sim_nic_open(struct link **out, const struct sim_nic_cfg *cfg);

/**
 * sim_nic_wake_ps() - when the host above this link should next poll it: the
 * time at which a whole record arrived from the NIC or tx space became free;
 * SIM_NEVER if nothing is new. For the host's actor_ops.next().
 */
uint64_t sim_nic_wake_ps(const struct link *l);

/**
 * sim_nic_due_ps() - now while the model has work: not quiet, bytes under way in either
 * direction, or a deadline armed. Else the time of the next symbol on the wire, or SIM_NEVER. In
 * wall time the loop runs the world while any NIC has work and sleeps in poll() otherwise: a
 * frame that the wire delivers late must not make the model's clock run to it at once.
 */
uint64_t sim_nic_due_ps(const struct link *l);

/** sim_nic_busy() - it has work now, or will have. */
bool sim_nic_busy(const struct link *l);

/** sim_nic_top() - which top this program has: nic_model_top(). */
const char *sim_nic_top(void);

/** sim_nic_traces() - whether this program can write waves: nic_model_traces(). */
bool sim_nic_traces(void);
/** sim_nic_waves_open(), sim_nic_waves_close() - as nic_model_trace_open(), of this NIC. */
int sim_nic_waves_open(struct link *l, const char *path);
int sim_nic_waves_close(struct link *l);

/** sim_nic_partner() - another far end for the PHY of this NIC, from the world's now on: the
 * link falls, and comes again if the two agree. */
void sim_nic_partner(struct link *l, const struct phy_partner *partner);

void sim_nic_stats_get(const struct link *l, struct sim_nic_stats *out);

#endif
