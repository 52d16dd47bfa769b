/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_cc_newreno.c - congestion control: slow start and congestion avoidance
 * (RFC 5681), initial window of ten segments (RFC 6928), fast retransmit and
 * NewReno recovery (RFC 6582), limited transmit (RFC 3042). Bytes throughout.
 */
#include "stack/tcp.h"

#define CC_WINDOW_MAX (1u << 30)

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t flight(const struct tcp_conn *c)
{
    return tcp_seq_sub(c->snd_max, c->snd_una);
}

/* RFC 6928 2. */
static uint32_t initial_window(const struct tcp_conn *c)
{
    return min_u32(10u * c->mss, max_u32(2u * c->mss, 14600));
}

/* RFC 5681 3.1, equation 4, of @bytes in flight. */
static uint32_t half_of(const struct tcp_conn *c, uint32_t bytes)
{
    return max_u32(bytes / 2, 2u * c->mss);
}

void tcp_cc_init(struct tcp_conn *c)
{
    /* RFC 5681 3.1: one segment where the SYN or its answer was lost. */
    c->cwnd = c->syn_lost ? c->mss : initial_window(c);
    c->ssthresh = CC_WINDOW_MAX;
    c->cc_acked = 0;
    c->recovering = false;
    c->dup_acks = 0;
    c->recover = c->iss;
}

uint32_t tcp_cc_window(const struct tcp_conn *c)
{
    /* RFC 3042: the first two duplicates let one new segment out each. */
    if (!c->recovering && c->dup_acks > 0)
        return c->cwnd + min_u32(c->dup_acks, TCP_DUP_ACKS - 1) * c->mss;
    return c->cwnd;
}

static void grow(struct tcp_conn *c, uint32_t acked)
{
    if (c->cwnd < c->ssthresh) {
        /* RFC 3465 2.2, 2.3: with L = 2 delayed ACKs do not slow the start; L = 1 until
         * what a time-out sent again has arrived. */
        uint32_t l = tcp_seq_lt(c->snd_una, c->recover) ? 1 : 2;
        c->cwnd += min_u32(acked, l * c->mss);
    } else {
        /* RFC 3465 2.1: one segment for each window that was acknowledged. */
        c->cc_acked += acked;
        if (c->cc_acked >= c->cwnd) {
            c->cc_acked -= c->cwnd;
            c->cwnd += c->mss;
        }
    }
    c->cwnd = min_u32(c->cwnd, CC_WINDOW_MAX);
}

bool tcp_cc_acked(struct tcp_conn *c, uint32_t acked)
{
    c->dup_acks = 0;
    if (!c->recovering) {
        grow(c, acked);
        /* Kept close behind, or after 2 GiB it would lie "ahead". */
        if (tcp_seq_lt(c->recover, c->snd_una))
            c->recover = tcp_seq_add(c->snd_una, UINT32_MAX);
        return false;
    }
    if (tcp_seq_leq(c->recover, c->snd_una)) {
        /* RFC 6582 3.2 step 3, full acknowledgement, first choice. */
        c->cwnd = min_u32(c->ssthresh, max_u32(flight(c), c->mss) + c->mss);
        c->recovering = false;
        c->cc_acked = 0;
        return false;
    }
    /* Partial acknowledgement: deflate by what left the network. */
    c->cwnd -= min_u32(c->cwnd - min_u32(c->cwnd, c->mss), acked);
    if (acked >= c->mss)
        c->cwnd += c->mss;
    return true;
}

bool tcp_cc_dup_ack(struct tcp_conn *c)
{
    if (c->recovering) {
        c->cwnd = min_u32(c->cwnd + c->mss, CC_WINDOW_MAX);
        return false;
    }
    if (c->dup_acks < UINT8_MAX)
        c->dup_acks++;
    /* RFC 6582 3.2 step 1: duplicates of what a time-out sent again mean nothing. */
    if (c->dup_acks != TCP_DUP_ACKS || !tcp_seq_lt(c->recover, c->snd_una))
        return false;
    c->recover = c->snd_max;
    c->recovering = true;
    /* RFC 5681 3.2 (2): what limited transmit sent beyond cwnd does not count. */
    c->ssthresh = half_of(c, min_u32(flight(c), c->cwnd));
    c->cwnd = c->ssthresh + TCP_DUP_ACKS * c->mss;
    return true;
}

void tcp_cc_timeout(struct tcp_conn *c)
{
    /* RFC 5681 3.1: the second loss of the same segment says nothing new. */
    if (c->retries <= 1)
        c->ssthresh = half_of(c, flight(c));
    c->cwnd = c->mss;
    c->cc_acked = 0;
    c->dup_acks = 0;
    c->recovering = false;
    c->recover = c->snd_max;    /* RFC 6582 4 */
}

void tcp_cc_idle(struct tcp_conn *c)
{
    c->cwnd = min_u32(c->cwnd, initial_window(c));  /* RFC 5681 4.1 */
}
