/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - plays a recording (tape.h) into a model of its own and compares what comes out.
 * There is no host, no wire and no clock but the recording's: a run in wall time comes again
 * exactly, as often as one likes.
 */
#ifndef LY_SIM_REPLAY_H
#define LY_SIM_REPLAY_H

#include "sim/link_sim.h"
#include "sim/tape.h"

struct replay;

#define REPLAY_TEXT_BYTES 48

struct replay_result {
    struct sim_nic_stats nic;
    uint64_t link_in_bytes, link_out_bytes;     /* of the record stream */
    uint64_t link_lost_bytes;   /* past a difference: that the NIC did not take */
    uint64_t edges;             /* of any clock; 0: nothing was compared */
    uint64_t end_ps;            /* time of the last edge */
    bool cut;                   /* the recording ends in mid-run: all of it was compared */
    bool differs;               /* then, of the first difference: */
    uint64_t differs_ps;
    const char *side;           /* "PHY" or "link" */
    char expected[REPLAY_TEXT_BYTES], got[REPLAY_TEXT_BYTES];
};

/** replay_open() - Returns 0, *out and *head; -errno with a line in @why (TAPE_WHY_BYTES). */
int replay_open(struct replay **out, const char *path, struct tape_head *head, char *why);

struct replay_cfg {
    struct pcapng *cap;         /* NULL, or where the PHY side goes, as in the recorded run */
    bool skip;                  /* leave out what the run left out, else evaluate idle cycles */
    bool keep_going;            /* to the end, not to the first difference */
};

/**
 * replay_run() - play it.
 *
 * Past a difference the tape's handshake is not the model's any more: a byte is offered from
 * its time on the tape until the model takes it, and of the time that the run skipped only that
 * is skipped in which this model rests too.
 *
 * Returns 0 with *r filled, whatever the verdict; -errno with a line in @why: -ENODATA there is
 * not one edge to compare.
 */
int replay_run(struct replay *p, const struct replay_cfg *cfg, struct replay_result *r, char *why);

/** replay_waves_open(), replay_waves_close() - as nic_model_trace_open(), of this model. */
int replay_waves_open(struct replay *p, const char *path);
int replay_waves_close(struct replay *p);

void replay_close(struct replay *p);

#endif
