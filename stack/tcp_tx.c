/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_tx.c - segments out. tcp_output() plans one segment after the other until
 * window, congestion window, Nagle or the NIC says stop; full segments therefore
 * leave back to back. Nothing is lost where the NIC has no room: the connection
 * stays in the out list. RFC 9293 3.8.6, 3.10.7.4; RFC 1122 4.2.3.4.
 */
#include "stack/net_int.h"
#include "stack/wire/tcp.h"

#include <assert.h>
#include <errno.h>

/* One segment to be. */
struct plan {
    struct tcp_seq seq;
    uint32_t off;               /* of its payload in the send ring */
    uint32_t len;
    uint8_t flags;
    bool beyond;                /* a probe past the peer's window */
    bool again;                 /* by resend_now */
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- list of those that wait for tcp_poll() ----------------------------------- */

void tcp_out_queue(struct net *n, struct tcp_conn *c)
{
    struct tcp_state *t = &n->tcp;
    if (c->out_queued)
        return;
    c->out_prev = t->out_last;
    c->out_next = NULL;
    *(c->out_prev ? &c->out_prev->out_next : &t->out_first) = c;
    t->out_last = c;
    c->out_queued = true;
}

void tcp_out_unqueue(struct net *n, struct tcp_conn *c)
{
    struct tcp_state *t = &n->tcp;
    if (!c->out_queued)
        return;
    *(c->out_prev ? &c->out_prev->out_next : &t->out_first) = c->out_next;
    *(c->out_next ? &c->out_next->out_prev : &t->out_last) = c->out_prev;
    c->out_next = c->out_prev = NULL;
    c->out_queued = false;
}

/* --- one segment on its way --------------------------------------------------- */

/* @p holds the payload; header, checksum, IP. Consumes @p. */
static void emit(struct net *n, struct pkt *p, uint32_t laddr, uint32_t raddr, uint8_t ttl,
                 uint8_t tos, const struct tcp_emit *e, int64_t now_ns)
{
    /* Header room is asserted in pkt.h: this cannot fail. */
    uint8_t *at = pkt_push(p, TCP_HDR_BYTES + tcp_opts_bytes(&e->opts));
    assert(at);
    tcp_emit(at, e);
    p->l4 = p->head;
    transport_csum(n, p, laddr, raddr, IP4_PROTO_TCP, TCP_CSUM_OFF);
    n->c.tcp_tx++;
    if (e->flags & TCP_RST)
        n->c.tcp_tx_rst++;
    /* A segment that does not leave is a lost one: counted below, sent again by us. */
    (void)ip4_tx_tos(n, p, laddr, raddr, IP4_PROTO_TCP, ttl, tos, now_ns);
}

/* The window to advertise. RFC 9293 3.8.6.2.2: it opens by worthwhile steps only, and
 * its right edge never moves back. */
static uint16_t window_of(const struct tcp_conn *c)
{
    uint32_t open = tcp_rcv_window(c), space = tcp_rcv_space(c);
    return (uint16_t)(space < open + min_u32(c->rcv.cap / 2, c->mss) ? open : space);
}

/* An ACK leaves with every segment. */
static void note_ack_sent(struct net *n, struct tcp_conn *c, uint16_t window)
{
    c->ack_now = false;
    c->rcv_acked = c->rcv_nxt;
    c->rcv_adv = tcp_seq_max(c->rcv_adv, tcp_seq_add(c->rcv_nxt, window));
    tcp_timer_stop(n, c, TCP_T_ACK);
}

/* MSS of our SYN: what a frame here carries. RFC 9293 3.7.1. */
static uint16_t own_mss(const struct net *n, const struct tcp_conn *c)
{
    uint32_t mss = ip4_mtu(n) - IP4_HDR_BYTES - TCP_HDR_BYTES;
    return (uint16_t)(c->mss_limit ? min_u32(mss, c->mss_limit) : mss);
}

/* Sequence number of a segment without text: the latest, but inside the window. */
static struct tcp_seq empty_seq(const struct tcp_conn *c)
{
    struct tcp_seq end = tcp_seq_add(c->snd_una, c->snd_wnd);
    return tcp_synchronized(c) && tcp_seq_lt(end, c->snd_max) ? end : c->snd_max;
}

static bool send_plan(struct net *n, struct tcp_conn *c, const struct plan *p, int64_t now_ns)
{
    struct pkt *k = net_tx_room(n) ? pkt_alloc(n->pool, PKT_SMALL) : NULL;
    if (!k)
        return false;
    /* The plan is at most one MSS, which fits. */
    uint8_t *data = pkt_put(k, p->len);
    assert(data);
    tcp_ring_peek(&c->snd, p->off, data, p->len);
    struct tcp_emit e = { .sport = c->lport, .dport = c->rport, .seq = p->seq,
                          .flags = p->flags, .opts = { .wscale = -1 } };
    if (p->flags & TCP_SYN)
        e.opts.mss = own_mss(n, c);
    e.window = window_of(c);
    if (p->flags & TCP_ACK)
        e.ack = c->rcv_nxt;
    note_ack_sent(n, c, e.window);
    emit(n, k, c->laddr, c->raddr, c->ttl, c->tos, &e, now_ns);
    return true;
}

/* --- planning ----------------------------------------------------------------- */

/* Whether text or FIN may still have to go. Not FIN_WAIT_2 or TIME_WAIT: there all
 * that we sent is acknowledged. */
static bool may_send_text(const struct tcp_conn *c)
{
    return c->state == NET_TCP_ESTABLISHED || c->state == NET_TCP_CLOSE_WAIT ||
           c->state == NET_TCP_FIN_WAIT_1 || c->state == NET_TCP_CLOSING ||
           c->state == NET_TCP_LAST_ACK;
}

/* SYN, or SYN and ACK: first and again. Nothing else goes before it is answered. */
static bool plan_syn(struct tcp_conn *c, struct plan *p)
{
    if (!c->syn_now)
        return false;
    bool answer = c->state == NET_TCP_SYN_RCVD;
    *p = (struct plan){ .seq = c->iss, .flags = answer ? TCP_SYN | TCP_ACK : TCP_SYN };
    return true;
}

/* The first segment that the peer lacks, as far as it was sent. */
static bool plan_again(struct tcp_conn *c, struct plan *p)
{
    if (!c->resend_now || !may_send_text(c) || tcp_seq_eq(c->snd_una, c->snd_max)) {
        c->resend_now = false;
        return false;
    }
    /* What waits behind it is for plan_text(), which looks at the windows. */
    uint32_t sent = tcp_seq_sub(c->snd_max, c->snd_una) - c->fin_sent;
    uint32_t len = min_u32(sent, c->mss);
    *p = (struct plan){ .seq = c->snd_una, .len = len, .flags = TCP_ACK, .again = true };
    if (c->fin_sent && len == sent)
        p->flags |= TCP_FIN;
    return true;
}

/* Is a segment of @len bytes worth sending? Silly window avoidance of the sender and
 * Nagle: RFC 9293 3.8.6.2.1, 3.7.4; with Minshall's change, as Linux: only a small
 * segment in flight holds back the next small one. */
static bool worth_sending(const struct tcp_conn *c, uint32_t len, uint32_t avail)
{
    if (len == c->mss || tcp_seq_lt(c->snd_nxt, c->snd_max))
        return len > 0;
    if (len > 0 && len == avail)
        return c->nodelay || c->fin_wanted || !tcp_seq_lt(c->snd_una, c->snd_small);
    return len > 0 && len >= c->snd_wnd_max / 2;
}

/* The next text from snd_nxt on, and FIN after its last byte, as far as both windows
 * let it; snd_nxt is behind snd_max after a time-out, then it is sent again. */
static bool plan_text(struct tcp_conn *c, struct plan *p)
{
    uint32_t off = tcp_seq_sub(c->snd_nxt, c->snd_una);
    if (!may_send_text(c) || off > c->snd.len)
        return false;           /* beyond the text: FIN is in flight */
    uint32_t avail = c->snd.len - off;
    uint32_t limit = min_u32(c->snd_wnd, tcp_cc_window(c));
    uint32_t usable = limit > off ? limit - off : 0;
    uint32_t len = min_u32(min_u32(avail, usable), c->mss);
    bool fin = c->fin_wanted && len == avail && usable > len;
    bool send = worth_sending(c, len, avail) || fin;
    bool beyond = false;
    if (!send && c->probe_now && (avail || c->fin_wanted)) {
        send = true;
        beyond = len == 0;
        len = beyond && avail ? 1 : len;
        fin = c->fin_wanted && avail == 0;
    }
    *p = (struct plan){ .seq = c->snd_nxt, .off = off, .len = len, .beyond = beyond,
                        .flags = fin ? TCP_ACK | TCP_FIN : TCP_ACK };
    return send;
}

/* An ACK alone, where nothing else carried it. */
static bool plan_ack(struct tcp_conn *c, struct plan *p)
{
    if (!c->ack_now || c->state < NET_TCP_SYN_RCVD)
        return false;
    *p = (struct plan){ .seq = empty_seq(c), .flags = TCP_ACK };
    return true;
}

static bool plan_next(struct tcp_conn *c, struct plan *p)
{
    if (!plan_syn(c, p) && !plan_again(c, p) && !plan_text(c, p) && !plan_ack(c, p))
        return false;
    /* PSH where the buffer runs empty. RFC 9293 3.9.1.2, MUST-61. */
    if (p->len && p->off + p->len == c->snd.len)
        p->flags |= TCP_PSH;
    return true;
}

/* --- after a segment left ----------------------------------------------------- */

static void note_fin_sent(struct net *n, struct tcp_conn *c)
{
    if (!c->fin_sent)
        tcp_event(n, c, NET_EV_TCP_FIN_SENT, 0);
    c->fin_sent = true;
}

static void note_retransmit(struct net *n, struct tcp_conn *c)
{
    n->c.tcp_retransmits++;
    tcp_event(n, c, NET_EV_TCP_RETRANSMIT, 0);
}

/* One round trip at a time is measured, on what is sent for the first time. */
static void note_new(struct tcp_conn *c, struct tcp_seq seq, int64_t now_ns)
{
    if (c->rtt_running)
        return;
    c->rtt_running = true;
    c->rtt_seq = seq;
    c->rtt_start_ns = now_ns;
}

/* Sequence numbers and timers after @p, which takes @span of the space. */
static void note_sent(struct net *n, struct tcp_conn *c, const struct plan *p, uint32_t span,
                      int64_t now_ns)
{
    struct tcp_seq end = tcp_seq_add(p->seq, span);
    bool first = tcp_seq_eq(c->snd_una, c->snd_max);    /* nothing else is in flight */
    if (tcp_seq_lt(p->seq, c->snd_max))
        note_retransmit(n, c);
    else if (!p->beyond)
        note_new(c, p->seq, now_ns);
    if (p->len && p->len < c->mss && tcp_seq_lt(c->snd_max, end))
        c->snd_small = end;
    c->snd_max = tcp_seq_max(c->snd_max, end);
    c->last_tx_ns = now_ns;
    if (p->beyond)
        return;
    c->snd_nxt = tcp_seq_max(c->snd_nxt, end);
    if (c->persist) {
        c->persist = false;
        c->retries = 0;
        c->backoff = 0;
        tcp_timer_stop(n, c, TCP_T_RTX);
    }
    if (!tcp_timer_runs(c, TCP_T_RTX)) {
        tcp_rtx_start(n, c, true, now_ns);  /* RFC 6298 5.1 */
    } else if (first) {                     /* until now it waited for room */
        c->retries = 0;
        if (c->backoff > TCP_BACKOFF_KEPT)
            c->backoff = TCP_BACKOFF_KEPT;
        tcp_rtx_start(n, c, false, now_ns);
    }
}

/* Text, FIN or SYN finds no room in the NIC, or no packet: it waits for its ACK as if it had
 * left, by the same limits. */
static void note_refused(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    bool waits = c->syn_now || (may_send_text(c) && (c->snd.len || c->fin_wanted));
    if (waits && !tcp_timer_runs(c, TCP_T_RTX))
        tcp_rtx_start(n, c, true, now_ns);
}

/* A segment that takes no sequence number changes nothing but what note_ack_sent() did. */
static void note_plan(struct net *n, struct tcp_conn *c, const struct plan *p, int64_t now_ns)
{
    uint32_t span = p->len;
    if (p->flags & TCP_SYN) {
        if (!c->syn_lost && c->state == NET_TCP_SYN_SENT)
            tcp_event(n, c, NET_EV_TCP_SYN, 0);
        c->syn_now = false;
        span++;
    }
    if (p->flags & TCP_FIN) {
        note_fin_sent(n, c);
        span++;
    }
    if (p->again)
        c->resend_now = false;
    if (span) {
        c->probe_now = false;
        note_sent(n, c, p, span, now_ns);
    }
}

/* RFC 5681 4.1: what was learned about the path is old. */
static void restart_after_idle(struct tcp_conn *c, int64_t now_ns)
{
    if (tcp_seq_eq(c->snd_una, c->snd_max) && tcp_synchronized(c) &&
        now_ns - c->last_tx_ns > c->rto_ns)
        tcp_cc_idle(c);
}

/* Something is left and nothing in flight: only the peer's window can be the reason. */
static void check_persist(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    bool left = may_send_text(c) && tcp_seq_eq(c->snd_nxt, c->snd_una) &&
                (c->snd.len || c->fin_wanted);
    if (left && !c->persist) {
        c->persist = true;
        c->retries = 0;
        c->backoff = 0;
        tcp_rtx_start(n, c, !tcp_timer_runs(c, TCP_T_RTX), now_ns);
    } else if (!left && c->persist) {
        c->persist = false;
        tcp_timer_stop(n, c, TCP_T_RTX);
    }
}

bool tcp_output(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    struct plan p;
    tcp_out_unqueue(n, c);
    restart_after_idle(c, now_ns);
    /* Ends: each segment moves snd_nxt on or clears the flag that asked for it. */
    while (plan_next(c, &p)) {
        if (!send_plan(n, c, &p, now_ns)) {
            tcp_out_queue(n, c);
            note_refused(n, c, now_ns);
            return false;
        }
        note_plan(n, c, &p, now_ns);
    }
    c->probe_now = false;
    check_persist(n, c, now_ns);
    return true;
}

int64_t tcp_poll(struct net *n, int64_t now_ns)
{
    tcp_timers_run(n, now_ns);
    /* Who finds no room goes to the end of the list: the next one starts there. */
    bool room = true;
    while (room && n->tcp.out_first)
        room = tcp_output(n, n->tcp.out_first, now_ns);
    int64_t next = tcp_timers_next(n);
    /* The NIC wakes us when it has room again; an empty pool does not. */
    int64_t again = now_ns + TCP_NO_PKT_NS;
    return room || !net_tx_room(n) || next < again ? next : again;
}

/* --- segments outside the stream ---------------------------------------------- */

static void send_empty(struct net *n, uint32_t laddr, uint32_t raddr, uint8_t ttl, uint8_t tos,
                       const struct tcp_emit *e, int64_t now_ns)
{
    struct pkt *k = net_pkt_alloc(n, PKT_SMALL);
    if (k)
        emit(n, k, laddr, raddr, ttl, tos, e, now_ns);
}

void tcp_send_rst(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    const struct tcp_emit e = { .sport = c->lport, .dport = c->rport, .seq = empty_seq(c),
                                .ack = c->rcv_nxt, .flags = TCP_RST | TCP_ACK,
                                .opts = { .wscale = -1 } };
    send_empty(n, c->laddr, c->raddr, c->ttl, c->tos, &e, now_ns);
}

void tcp_answer_rst(struct net *n, const struct tcp_seg *g, int64_t now_ns)
{
    struct tcp_emit e = { .sport = g->lport, .dport = g->rport, .opts = { .wscale = -1 } };
    if (g->flags & TCP_ACK) {
        e.seq = g->ack;
        e.flags = TCP_RST;
    } else {
        e.ack = tcp_seq_add(g->seq, tcp_seg_span(g));
        e.flags = TCP_RST | TCP_ACK;
    }
    send_empty(n, g->laddr, g->raddr, 0, 0, &e, now_ns);
}

void tcp_send_probe(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    const struct tcp_emit e = { .sport = c->lport, .dport = c->rport,
                                .seq = tcp_seq_add(c->snd_una, UINT32_MAX), .ack = c->rcv_nxt,
                                .window = window_of(c), .flags = TCP_ACK,
                                .opts = { .wscale = -1 } };
    note_ack_sent(n, c, e.window);
    send_empty(n, c->laddr, c->raddr, c->ttl, c->tos, &e, now_ns);
}
