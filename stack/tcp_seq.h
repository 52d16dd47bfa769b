/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_seq.h - TCP sequence numbers. RFC 9293 3.4: a circle of 2^32, on which
 * "before" has a meaning only for numbers less than 2^31 apart. A struct, so
 * that no one compares two of them with `<`.
 */
#ifndef LY_STACK_TCP_SEQ_H
#define LY_STACK_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_seq { uint32_t v; };

/** tcp_seq_of() - a number from the wire. */
static inline struct tcp_seq tcp_seq_of(uint32_t v)
{
    return (struct tcp_seq){ v };
}

/** tcp_seq_add() - @a moved forward by @n octets. */
static inline struct tcp_seq tcp_seq_add(struct tcp_seq a, uint32_t n)
{
    return (struct tcp_seq){ a.v + n };
}

/** tcp_seq_sub() - octets from @b up to @a; meaningful where b <= a. */
static inline uint32_t tcp_seq_sub(struct tcp_seq a, struct tcp_seq b)
{
    return a.v - b.v;
}

/** tcp_seq_lt() - @a is before @b. */
static inline bool tcp_seq_lt(struct tcp_seq a, struct tcp_seq b)
{
    return (int32_t)(a.v - b.v) < 0;
}

/** tcp_seq_leq() - @a is before @b or equal. */
static inline bool tcp_seq_leq(struct tcp_seq a, struct tcp_seq b)
{
    return (int32_t)(a.v - b.v) <= 0;
}

/** tcp_seq_eq() - the same number. */
static inline bool tcp_seq_eq(struct tcp_seq a, struct tcp_seq b)
{
    return a.v == b.v;
}

/** tcp_seq_max() - the later of two. */
static inline struct tcp_seq tcp_seq_max(struct tcp_seq a, struct tcp_seq b)
{
    return tcp_seq_lt(a, b) ? b : a;
}

#endif
