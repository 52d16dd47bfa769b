/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - the counters of every layer: for --stats at the end of a run, and for who
 * looks at a running one. */
#ifndef LY_HOST_STATS_H
#define LY_HOST_STATS_H

#include "driver/nic.h"
#include "host/opts.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rig;
struct sim_nic_stats;

/* The NICs' own counters: ours, then those of the peers. */
struct stats_reading {
    struct stats_nic {
        uint64_t value[NIC_COUNTERS_MAX];
        int count;              /* how many were read; -EAGAIN not yet; else why not */
        bool started;
    } nic[1 + OPTS_PEERS_MAX];
};

void stats_begin(struct stats_reading *s);

/**
 * stats_poll() - read by registers, so it takes turns of the rig (rig_turn()); each NIC is read
 * by one reader at a time, a second one waits.
 *
 * Returns 0 complete, -EAGAIN call again after a turn, or the -errno of nic.h.
 */
int stats_poll(struct stats_reading *s, struct rig *r);

/** stats_print() - text without those that are zero, or with @json one object of all. */
void stats_print(FILE *f, const struct rig *r, const struct stats_reading *s, bool json);

/**
 * stats_at_end() - read and print on stdout; the NIC answers by turns of the rig.
 * @code: of the command; kept unless it is EXIT_DONE and the counters could not be read
 */
int stats_at_end(struct rig *r, int code);

/** stats_of_replay() - the same of a model alone: its own counters of cycles and frames. */
void stats_of_replay(FILE *f, const struct sim_nic_stats *s, bool json);

#endif
