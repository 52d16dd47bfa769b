/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spy.h - a wire round the cable of a twin: every frame with its times, as the pins have them,
 * and frames of the test's own put in between.
 */
#ifndef LY_TESTS_COSIM_SPY_H
#define LY_TESTS_COSIM_SPY_H

#include "sim/wire.h"
#include "sim/wire_frames.h"

#include <stdbool.h>
#include <stdint.h>

#define SPY_PAUSE_BYTES 64u
#define SPY_PAUSE_AT 16u            /* of the quanta, high octet first */

/* A frame that has ended. @f has its octets, DA..FCS. */
struct spy_frame {
    uint64_t begin_ps;              /* first octet of the preamble */
    uint64_t end_ps;                /* behind the last octet */
    const struct frame_asm *f;
};

struct spy {
    struct wire w;
    struct wire *inner;
    uint64_t sym_ps;
    struct frame_asm out[2], in[2]; /* by port: from the NIC, to it */
    struct frame_feed *feed[2];     /* to the NIC on that port */
    /* Any may be NULL. begins: a frame leaves @port; left: it has; came: one reached @port. */
    void (*begins)(void *arg, unsigned port, uint64_t t_ps);
    void (*left)(void *arg, unsigned port, const struct spy_frame *f);
    void (*came)(void *arg, unsigned port, const struct spy_frame *f);
    void *arg;
};

/** spy_init() - @mbit: of the twin's profile. Then twin_cfg's round is spy_round(), with @x. */
void spy_init(struct spy *x, unsigned mbit);
struct wire *spy_round(void *x, struct wire *cable);
/** spy_fini() - when the twin is closed. */
void spy_fini(struct spy *x);

/** spy_put() - @len octets DA..FCS for the NIC on @port, as they are, from @at_ps on or when the
 * frame before them is through. While the cable itself carries one to it the test fails. */
void spy_put(struct spy *x, unsigned port, uint64_t at_ps, const uint8_t *f, unsigned len);

/** spy_pause() - a pause frame into @f, SPY_PAUSE_BYTES with a good FCS. */
void spy_pause(uint8_t *f, const uint8_t da[6], unsigned quanta);
/** spy_fcs() - a good FCS at the end of @len octets DA..FCS. */
void spy_fcs(uint8_t *f, unsigned len);

/** spy_is_pause() - whether it is one to the group, by 31B.1, and with how many quanta. */
bool spy_is_pause(const struct spy_frame *f, unsigned *quanta);

/** spy_bits_ps() - how long @bits are on this wire. */
static inline uint64_t spy_bits_ps(const struct spy *x, uint64_t bits)
{
    return bits * x->sym_ps / 8;
}

extern const uint8_t spy_group[6];  /* 01-80-C2-00-00-01 */

#endif
