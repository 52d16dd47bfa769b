/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_timer.c - deadlines of all connections in one heap, what happens when one
 * is due, and the retransmission time-out of RFC 6298. No scan: setting a timer
 * costs O(log n), asking for the next one nothing.
 *
 *  timer     | runs while                          | when it is due
 *  TCP_T_RTX | something is unacknowledged         | send it again, back off (RFC 6298)
 *            | it waits for room in the NIC        | try again, by the same limits
 *            | persist: the window is shut         | probe it (RFC 9293 3.8.6.1)
 *  TCP_T_ACK | an ACK is delayed                   | send it
 *  TCP_T_LONG| keepalive is on                     | look whether the peer is there
 *            | FIN_WAIT_2 without a user, TIME_WAIT| it is over
 */
#include "stack/net_int.h"

#include <errno.h>

/* --- the heap: 1-based, a parent is never later than its children ------------- */

/* Each connection stands in it once, by the earliest of its timers, and knows where. */
static void heap_place(struct tcp_state *t, uint32_t at, struct tcp_conn *c)
{
    t->heap[at] = c;
    c->heap_pos = at;
}

static void heap_up(struct tcp_state *t, uint32_t at)
{
    struct tcp_conn *c = t->heap[at];
    while (at > 1 && t->heap[at / 2]->heap_key > c->heap_key) {
        heap_place(t, at, t->heap[at / 2]);
        at /= 2;
    }
    heap_place(t, at, c);
}

static void heap_down(struct tcp_state *t, uint32_t at)
{
    struct tcp_conn *c = t->heap[at];
    for (uint32_t kid; (kid = at * 2) <= t->heap_n; at = kid) {
        if (kid < t->heap_n && t->heap[kid + 1]->heap_key < t->heap[kid]->heap_key)
            kid++;
        if (t->heap[kid]->heap_key >= c->heap_key)
            break;
        heap_place(t, at, t->heap[kid]);
    }
    heap_place(t, at, c);
}

static void heap_remove(struct tcp_state *t, struct tcp_conn *c)
{
    uint32_t at = c->heap_pos;
    struct tcp_conn *last = t->heap[t->heap_n--];
    c->heap_pos = 0;
    if (last == c)
        return;
    /* The last one may come from another branch: it may have to go either way. */
    heap_place(t, at, last);
    heap_up(t, at);
    heap_down(t, last->heap_pos);
}

/* The connection's earliest deadline may have changed. */
static void heap_update(struct tcp_state *t, struct tcp_conn *c)
{
    int64_t key = INT64_MAX;
    for (int i = 0; i < TCP_TIMERS; i++)
        key = c->due[i] < key ? c->due[i] : key;
    if (key == c->heap_key && c->heap_pos)
        return;
    c->heap_key = key;
    if (key == INT64_MAX) {
        if (c->heap_pos)
            heap_remove(t, c);
        return;
    }
    if (!c->heap_pos)
        heap_place(t, ++t->heap_n, c);
    heap_up(t, c->heap_pos);
    heap_down(t, c->heap_pos);
}

void tcp_timer_set(struct net *n, struct tcp_conn *c, enum tcp_timer t, int64_t at_ns)
{
    c->due[t] = at_ns;
    heap_update(&n->tcp, c);
}

void tcp_timer_stop(struct net *n, struct tcp_conn *c, enum tcp_timer t)
{
    c->due[t] = INT64_MAX;
    heap_update(&n->tcp, c);
}

void tcp_timer_stop_all(struct net *n, struct tcp_conn *c)
{
    for (int i = 0; i < TCP_TIMERS; i++)
        c->due[i] = INT64_MAX;
    heap_update(&n->tcp, c);
}

int64_t tcp_timers_next(const struct net *n)
{
    return n->tcp.heap_n ? n->tcp.heap[1]->heap_key : INT64_MAX;
}

/* --- retransmission time-out -------------------------------------------------- */

static int64_t clamp_rto(int64_t v)
{
    if (v < TCP_RTO_MIN_NS)
        return TCP_RTO_MIN_NS;
    return v > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : v;
}

void tcp_rtt_sample(struct tcp_conn *c, int64_t rtt_ns)
{
    if (rtt_ns < 1)
        rtt_ns = 1;     /* srtt 0 means "none" */
    if (!c->srtt_ns) {
        c->srtt_ns = rtt_ns;                                    /* RFC 6298 2.2 */
        c->rttvar_ns = rtt_ns / 2;
    } else {
        int64_t err = c->srtt_ns > rtt_ns ? c->srtt_ns - rtt_ns : rtt_ns - c->srtt_ns;
        c->rttvar_ns += (err - c->rttvar_ns) / 4;               /* 2.3, beta 1/4 first */
        c->srtt_ns += (rtt_ns - c->srtt_ns) / 8;                /* alpha 1/8 */
    }
    int64_t var = 4 * c->rttvar_ns;
    c->rto_ns = clamp_rto(c->srtt_ns + (var > TCP_RTT_GRAIN_NS ? var : TCP_RTT_GRAIN_NS));
}

int64_t tcp_rto(const struct tcp_conn *c)
{
    int64_t v = c->rto_ns;
    for (unsigned i = 0; i < c->backoff && v < TCP_RTO_MAX_NS; i++)
        v *= 2;                                                 /* 5.5 */
    return v > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : v;
}

/* --- what is due -------------------------------------------------------------- */

static unsigned retry_limit(const struct tcp_conn *c)
{
    if (c->state == NET_TCP_SYN_SENT)
        return TCP_RETRIES_SYN;
    if (c->state == NET_TCP_SYN_RCVD)
        return TCP_RETRIES_SYNACK;
    return tcp_orphan(c) ? TCP_RETRIES_ORPHAN : TCP_RETRIES;
}

void tcp_rtx_start(struct net *n, struct tcp_conn *c, bool fresh, int64_t now_ns)
{
    int64_t at = now_ns + tcp_rto(c);
    if (fresh)
        c->waiting_ns = now_ns;
    int64_t end = c->waiting_ns + c->user_timeout_ms * TCP_MS_NS;
    if (c->user_timeout_ms && end < at)
        at = end > now_ns ? end : now_ns;
    tcp_timer_set(n, c, TCP_T_RTX, at);
}

/* R2 of RFC 9293 3.8.3: the user's own (MUST-21), or the number of retries. */
static bool out_of_patience(const struct tcp_conn *c, int64_t now_ns)
{
    bool counts = !c->user_timeout_ms || tcp_orphan(c);
    if (counts && c->retries >= retry_limit(c))
        return true;
    return c->user_timeout_ms && now_ns - c->waiting_ns >= c->user_timeout_ms * TCP_MS_NS;
}

/* RFC 9293 3.8.3: R2 is reached. What ICMP said on the way is the better reason. */
static void give_up(struct net *n, struct tcp_conn *c)
{
    tcp_end(n, c, c->soft_err ? c->soft_err : ETIMEDOUT);
}

/* Both stay where they are at the end of their range: a user may wait for days. */
static void count_retry(struct tcp_conn *c)
{
    if (c->retries < UINT8_MAX)
        c->retries++;
    if (c->backoff < TCP_RETRIES)
        c->backoff++;
}

/* Nothing is in flight and the window keeps us from sending: ask. RFC 9293 3.8.6.1. */
static void due_persist(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    /* retries counts probes without any answer, back-off all of them: a peer may keep
     * its window shut for ever (MUST-37) as long as someone here still waits for it. */
    bool hopeless = tcp_orphan(c) && c->backoff >= TCP_RETRIES_ORPHAN;
    if (hopeless || out_of_patience(c, now_ns)) {
        tcp_send_rst(n, c, now_ns);
        give_up(n, c);
        return;
    }
    count_retry(c);
    c->probe_now = true;
    tcp_rtx_start(n, c, false, now_ns);
    tcp_output(n, c, now_ns);
}

/* RFC 6298 5.4 to 5.6. */
static void due_retransmit(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (out_of_patience(c, now_ns)) {
        if (tcp_synchronized(c))
            tcp_send_rst(n, c, now_ns);
        give_up(n, c);
        return;
    }
    /* retries is of this segment; some of the back-off outlives it: ack_timing(). */
    count_retry(c);
    c->rtt_running = false;     /* Karn's algorithm, section 3 */
    /* What never left says nothing about the path. */
    bool left = !tcp_seq_eq(c->snd_una, c->snd_max);
    if (tcp_synchronized(c)) {
        if (left)
            tcp_cc_timeout(c);
        c->snd_nxt = c->snd_una;    /* tcp_output() starts there, or probes a shut window */
    } else {
        c->syn_lost |= left;
        c->syn_now = true;
    }
    tcp_rtx_start(n, c, false, now_ns);
    tcp_output(n, c, now_ns);
}

/* Nothing was sent in 40 ms that could have carried it. */
static void due_ack(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    c->ack_now = true;
    tcp_output(n, c, now_ns);
}

static int64_t keep_idle_ns(const struct tcp_conn *c)
{
    return c->keep_idle_s * TCP_S_NS;
}

void tcp_keepalive_start(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    c->keep_probes = 0;
    if (c->keepalive)
        tcp_timer_set(n, c, TCP_T_LONG, now_ns + keep_idle_ns(c));
    else
        tcp_timer_stop(n, c, TCP_T_LONG);
}

/* RFC 9293 3.8.4. Received segments do not move the timer; it looks when it is due. */
static void due_keepalive(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    bool busy = !tcp_seq_eq(c->snd_una, c->snd_max) || c->snd.len;
    int64_t idle_until = c->last_rx_ns + keep_idle_ns(c);
    if (busy || now_ns < idle_until) {
        c->keep_probes = 0;
        tcp_timer_set(n, c, TCP_T_LONG, busy ? now_ns + keep_idle_ns(c) : idle_until);
        return;
    }
    if (c->keep_probes >= TCP_KEEP_PROBES) {
        tcp_send_rst(n, c, now_ns);
        give_up(n, c);
        return;
    }
    c->keep_probes++;
    tcp_timer_set(n, c, TCP_T_LONG, now_ns + TCP_KEEP_INTERVAL_NS);
    tcp_send_probe(n, c, now_ns);
}

/* In FIN_WAIT_2 with a user it is keepalive's. */
static void due_long(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (c->state == NET_TCP_TIME_WAIT || (c->state == NET_TCP_FIN_WAIT_2 && tcp_orphan(c)))
        tcp_end(n, c, 0);
    else
        due_keepalive(n, c, now_ns);
}

/* One at a time: each may end the connection, and with it the others. */
static void run_one(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    enum tcp_timer t = TCP_T_RTX;
    while (c->due[t] > now_ns)
        t++;
    tcp_timer_stop(n, c, t);
    if (t == TCP_T_ACK)
        due_ack(n, c, now_ns);
    else if (t == TCP_T_LONG)
        due_long(n, c, now_ns);
    else if (c->persist)
        due_persist(n, c, now_ns);
    else
        due_retransmit(n, c, now_ns);
}

void tcp_timers_run(struct net *n, int64_t now_ns)
{
    while (tcp_timers_next(n) <= now_ns)
        run_one(n, n->tcp.heap[1], now_ns);
}
