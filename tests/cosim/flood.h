/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flood.h - end 0 of a twin sends as fast as the wire takes it to end 1, whose host is slow or
 * takes nothing. What lies in the rx queue of end 1 is known from outside: the frames that came
 * to its pins, less those whose record has reached its host; each takes its octets without FCS,
 * rounded up to words of two (rtl/queue). At the pins it is known some octets before the queue
 * has it.
 */
#ifndef LY_TESTS_COSIM_FLOOD_H
#define LY_TESTS_COSIM_FLOOD_H

#include "tests/cosim/spy.h"
#include "tests/cosim/twin.h"

#include <stdbool.h>
#include <stdint.h>

#define FLOOD_QUANTUM_BITS 512u
#define FLOOD_OCTETS_MAX 1538u      /* of the wire, for the longest frame */
/* Octets that come between the pins' own count of the level and the first symbol of XOFF. */
#define FLOOD_SLACK 64u
#define FLOOD_LINE 4096u            /* frames on their way at most */

struct flood_cfg {
    const char *profile;
    unsigned mbit;
    uint32_t queue_bytes;           /* of the model's rx queue */
    bool pause;                     /* end 1 asks, end 0 obeys */
    bool both_ways;                 /* end 1 sends as well */
    unsigned len_min, len_max;      /* without FCS */
    unsigned frames;                /* of end 0; 0: no end until stop */
    uint64_t rx_bytes_hz;           /* host 1's bus; 0: as fast as the link clock */
};

struct flood {
    struct twin t;
    struct spy spy;
    struct flood_cfg cfg;
    uint64_t seed;
    bool stop;
    unsigned sent[2], got[2];

    unsigned begun, came;           /* frames of end 0 at its pins, at those of end 1 */
    uint64_t sum[FLOOD_LINE];       /* octets that the queue keeps of frames up to that one */
    uint32_t peak;                  /* highest level so far, in octets */
    uint64_t least_gap_ps, most_gap_ps;     /* between two frames of end 0 */
    uint64_t ended_ps;              /* the last of them */

    unsigned xoff, again, xon;      /* pause frames of end 1; again: of XOFF, those that repeat, */
    unsigned repeats;               /* of these, of the last one */
    bool told;                      /* XOFF was the last */
    uint64_t told_ps, obeyed_ps;    /* XOFF began; from then on end 0 is silent */
    uint32_t level;                 /* when the frame began that leaves end 1 now */
    unsigned read;                  /* frames at the host then */
    uint32_t xoff_least, xoff_most; /* level at the first XOFF */
    uint64_t again_least_ps, again_most_ps;
};

/** flood_open() - both NICs are up, pause is set, and end 0 sends. */
struct flood *flood_open(const struct flood_cfg *cfg);

/** flood_close() - end 0 stops (with cfg.frames: has sent all) and the host takes what is left.
 * Asserts what holds for every flood: each frame came once, whole and in order, but for @lost;
 * counters and wire tell of the same frames; no pause frame reached a host. */
void flood_close(struct flood *f, unsigned lost);

/** flood_level() - octets in end 1's queue now, as the pins have it. */
uint32_t flood_level(struct flood *f);

/** flood_read() - frames that have reached host 1's bus. */
unsigned flood_read(const struct flood *f);

/** flood_deaf() - host 1 takes nothing from now on, or all. */
void flood_deaf(struct flood *f, bool deaf);

/* Of a queue of @bytes: XOFF is asked for at this level (ROOM of ly_level.v, in steps of 256,
 * rounded down), XON below that one (three quarters are free). */
static inline uint32_t flood_xoff_at(uint32_t bytes)
{
    return (bytes - (2 * (1518 + 20) + 512)) & ~UINT32_C(255);
}

static inline uint32_t flood_xon_below(uint32_t bytes)
{
    return bytes / 4;
}

#endif
