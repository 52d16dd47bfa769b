/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_judge.h - a wire round a hub that judges every station on it by clause 4, from what the
 * station sees (CRS, COL, RX_DV) and what it sends: when it may start, what it sends of a frame
 * that collides, what its counters must say in the end. It asserts at once.
 *
 * A start is right if clause 4 has it for one of the numbers that the backoff may draw: at the
 * end of a gap that held it back, or at its slot, counted from the end of the jam, on a silent
 * line. Only what lies between the pins and the MAC is allowed for: JUDGE_LAG_*.
 * Station i has the address twin_mac[i].
 * Source: IEEE 802.3-2018 4.2.3.2 (deference, collision, backoff), 4.2.8, 4.4.2.
 */
#ifndef LY_TESTS_COSIM_HUB_JUDGE_H
#define LY_TESTS_COSIM_HUB_JUDGE_H

#include "sim/wire.h"
#include "sim/wire_frames.h"

#include <stdbool.h>
#include <stdint.h>

/* In symbols, 8 bit times each. */
#define JUDGE_SLOT 64u
#define JUDGE_GAP 12u
#define JUDGE_GAP_PART_1 8u         /* of these, a carrier begins the gap anew */
#define JUDGE_ATTEMPTS 16u
#define JUDGE_JAM 4u
#define JUDGE_RANGE_MAX 1024u       /* of the backoff: 2^10 */
/* From the end of the gap, as CRS at the pins has it, to the start at the pins: synchroniser, the
 * phase of the symbol, and the FIFO before the pins. A carrier comes too late for a start that is
 * in that FIFO. From COL to the jam the same, and the octet under way. */
#define JUDGE_LAG_MIN 6u
#define JUDGE_LAG_MAX 7u
#define JUDGE_JAM_LAG 9u
/* When the frame behind one that was given up can start: the end of that one had the FIFO before
 * the pins in front of it, full; the start only what idle octets have stayed there. */
#define JUDGE_READY_EARLY 5u
#define JUDGE_READY_WIDE 6u

/* A silence between two carriers, as the process Deference of 4.2.8 makes use of it. */
struct silence {
    uint64_t open;                  /* the gap is over */
    uint64_t shut;                  /* the next carrier; not before open */
    bool own;                       /* the carrier before was the station's own signal */
};

struct judged {
    bool on;                        /* it sends */
    bool hit;                       /* and so does another */
    uint64_t start, end;            /* of the last time on the wire; end 0: never */
    uint64_t ready;                 /* its next frame can start: end, or later where it gave up */
    uint64_t col_at;                /* COL rose in it; 0: it did not */
    uint32_t len;                   /* octets of it, preamble included */
    uint8_t sent[FRAME_ASM_BYTES];
    unsigned index;                 /* the frame under way, or the next one */
    unsigned n;                     /* its collisions so far */
    bool deferred, unsure;          /* its first attempt, below */
    uint32_t image_len, pad;
    uint8_t image[FRAME_ASM_BYTES]; /* DA..FCS */
    bool crs;
    unsigned silences;              /* since the end of the last time on the wire */
    struct silence silence[2 * JUDGE_RANGE_MAX];
    struct frame_asm heard;
    /* What its counters must say. Of n_deferred those of n_unsure may be missing there: the frame
     * came to the MAC when the gap ended, and waited for it or did not. */
    uint64_t n_frames, n_octets, n_pad, n_single, n_multiple, n_deferred, n_unsure, n_excess;
    uint64_t n_heard, n_heard_octets, n_for_us, n_fragments, n_false;
};

struct hub_judge {
    struct wire w;                  /* first; w.inner: the hub */
    unsigned ports;
    unsigned frames;                /* of each station */
    bool saturated;                 /* every station has a frame waiting, up to its last */
    /** frame() - number @i of @from without padding and FCS, into @f. Returns its length. */
    unsigned (*frame)(void *arg, unsigned from, unsigned i, uint8_t *f);
    /** over() - it was sent, or given up. */
    void (*over)(void *arg, unsigned from, unsigned i, bool sent);
    void *arg;
    uint64_t handed_ps[WIRE_PORTS_MAX];     /* when a NIC was given its newest frame */

    struct judged port[WIRE_PORTS_MAX];
    uint32_t record;                /* checksum of all that was seen, with times */
    unsigned jam_max;               /* longest from COL to a jam, hundredths of a symbol */

    /* Two stations: which slot follows a collision, and who comes first in it (2: both). */
    bool drawn;                     /* both have backed off and none has started since */
    int first;                      /* who did; -1: nobody */
    unsigned slot;                  /* in which */
    unsigned events;
    double slot_expected[JUDGE_RANGE_MAX], first_expected[3];
    unsigned slot_seen[JUDGE_RANGE_MAX], first_seen[3];
};

/** hub_judge_round() - as twin_cfg.round(): @arg is a struct hub_judge with ports, frames,
 * saturated, frame, over and arg set, all else 0. */
struct wire *hub_judge_round(void *arg, struct wire *hub);

/** judge_chi2() - of @seen against @expected, neighbours pooled until 5 are expected. Prints both.
 * Returns it, and *limit that chance exceeds once in a million times. */
double judge_chi2(const char *what, const unsigned *seen, const double *expected, unsigned n,
                  double *limit);

#endif
