/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_rx.c - segments in: RFC 9293 3.10.7, one function per step. Each step
 * returns false where the segment is done with. What is to be answered is noted
 * (ack_now, syn_now, ...) and leaves by tcp_output() at the end of tcp_rx(), or
 * with the next tcp_poll().
 */
#include "stack/net_int.h"
#include "stack/wire/tcp.h"

#include <assert.h>
#include <errno.h>

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- common ------------------------------------------------------------------- */

/* RFC 5961 3.2, 4.2, 5: an ACK that makes an honest peer prove itself; at most one in
 * half a second for each connection (section 7), so that it cannot be made to flood. */
static void challenge_ack(struct tcp_conn *c, int64_t now_ns)
{
    if (now_ns < c->challenge_ns)
        return;
    c->challenge_ns = now_ns + TCP_CHALLENGE_NS;
    c->ack_now = true;
}

/* Sizes that the peer's SYN settles. RFC 9293 3.7.1. */
static void take_peer_syn(struct net *n, struct tcp_conn *c, const struct tcp_seg *g)
{
    uint32_t mss = g->mss ? g->mss : TCP_MSS_DEFAULT;
    uint32_t own = ip4_mtu(n) - IP4_HDR_BYTES - TCP_HDR_BYTES;
    if (c->mss_limit)
        own = min_u32(own, c->mss_limit);
    mss = min_u32(min_u32(mss, own),
                  ip4_path_mtu(n, c->raddr) - IP4_HDR_BYTES - TCP_HDR_BYTES);
    c->mss = (uint16_t)(mss < TCP_MSS_MIN ? TCP_MSS_MIN : mss);
    c->rcv_mss = (uint16_t)min_u32(own, TCP_MSS_DEFAULT);
    c->irs = g->seq;
    c->rcv_nxt = tcp_seq_add(g->seq, 1);
    c->rcv_acked = c->rcv_nxt;
    c->rcv_adv = tcp_seq_add(c->rcv_nxt, tcp_rcv_space(c));     /* our SYN offers that */
}

static void take_window(struct tcp_conn *c, const struct tcp_seg *g)
{
    c->snd_wnd = g->wnd;
    c->snd_wl1 = g->seq;
    c->snd_wl2 = g->ack;
    if (c->snd_wnd > c->snd_wnd_max)
        c->snd_wnd_max = c->snd_wnd;
}

/* --- 3.10.7.1 CLOSED ---------------------------------------------------------- */

static void rx_closed(struct net *n, const struct tcp_seg *g, int64_t now_ns)
{
    n->c.drop_tcp_no_socket++;
    if (!(g->flags & TCP_RST))
        tcp_answer_rst(n, g, now_ns);
}

/* --- 3.10.7.2 LISTEN ---------------------------------------------------------- */

/* @beyond: NULL, or a number of an old incarnation that ours must lie behind. */
static void listen_syn(struct net *n, struct tcp_conn *l, const struct tcp_seg *g,
                       const struct tcp_seq *beyond, int64_t now_ns)
{
    struct tcp_conn *c = tcp_child(n, l, g);
    if (!c) {
        /* Silence: the peer tries again, when a place may be free. */
        n->c.drop_tcp_backlog++;
        return;
    }
    c->iss = tcp_isn(n, c, now_ns);
    if (beyond && tcp_seq_leq(c->iss, *beyond))
        c->iss = tcp_seq_add(*beyond, TCP_WINDOW_MAX);
    c->snd_una = c->snd_nxt = c->snd_max = c->snd_small = c->iss;
    take_peer_syn(n, c, g);
    take_window(c, g);
    c->last_rx_ns = now_ns;
    tcp_event(n, c, NET_EV_TCP_SYN, 0);
    c->syn_now = true;
    tcp_output(n, c, now_ns);
}

static void rx_listen(struct net *n, struct tcp_conn *l, const struct tcp_seg *g,
                      int64_t now_ns)
{
    if (g->flags & TCP_RST)                         /* first: RST */
        n->c.drop_tcp_state++;
    else if (g->flags & TCP_ACK)                    /* second: ACK */
        rx_closed(n, g, now_ns);
    else if ((g->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)   /* third: SYN */
        listen_syn(n, l, g, NULL, now_ns);
    else                                            /* fourth: anything else */
        n->c.drop_tcp_state++;
}

/* --- 3.10.7.3 SYN-SENT -------------------------------------------------------- */

/* First: an ACK must be of our SYN. */
static bool syn_sent_ack(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                         int64_t now_ns)
{
    if (!(g->flags & TCP_ACK))
        return true;
    if (tcp_seq_lt(c->iss, g->ack) && tcp_seq_leq(g->ack, c->snd_max))
        return true;
    n->c.drop_tcp_state++;
    if (!(g->flags & TCP_RST))
        tcp_answer_rst(n, g, now_ns);
    return false;
}

/* Second: RST. */
static bool syn_sent_rst(struct net *n, struct tcp_conn *c, const struct tcp_seg *g)
{
    if (!(g->flags & TCP_RST))
        return true;
    if (g->flags & TCP_ACK)
        tcp_end(n, c, ECONNREFUSED);
    else
        n->c.drop_tcp_state++;
    return false;
}

static void acked_by_syn(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                         int64_t now_ns)
{
    c->snd_una = g->ack;
    if (c->rtt_running)
        tcp_rtt_sample(c, now_ns - c->rtt_start_ns);
    c->rtt_running = false;
    take_window(c, g);
    c->syn_now = false;
    tcp_establish(n, c, now_ns);
    c->ack_now = true;
}

/* Fourth: SYN (third, security, does not exist here). Text that comes with it is left to
 * be sent again; fifth: without SYN there is nothing to do. */
static void syn_sent_syn(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                         int64_t now_ns)
{
    if (!(g->flags & TCP_SYN)) {
        n->c.drop_tcp_state++;
        return;
    }
    take_peer_syn(n, c, g);
    if (g->flags & TCP_ACK) {
        acked_by_syn(n, c, g, now_ns);
        return;
    }
    /* Both opened at the same time. 3.5, figure 7. Our SYN goes again, with an ACK: Karn. */
    c->state = NET_TCP_SYN_RCVD;
    c->rtt_running = false;
    take_window(c, g);
    c->syn_now = true;
}

static void rx_syn_sent(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                        int64_t now_ns)
{
    if (syn_sent_ack(n, c, g, now_ns) && syn_sent_rst(n, c, g))
        syn_sent_syn(n, c, g, now_ns);
}

/* --- 3.10.7.4 other states: first, sequence number ---------------------------- */

/* The four cases of table 6. */
static bool acceptable(const struct tcp_conn *c, const struct tcp_seg *g, uint32_t wnd)
{
    uint32_t span = tcp_seg_span(g);
    struct tcp_seq end = tcp_seq_add(c->rcv_nxt, wnd);
    bool starts_in = tcp_seq_leq(c->rcv_nxt, g->seq) && tcp_seq_lt(g->seq, end);
    if (span == 0)
        return wnd ? starts_in : tcp_seq_eq(g->seq, c->rcv_nxt);
    if (wnd == 0)
        return false;
    struct tcp_seq last = tcp_seq_add(g->seq, span - 1);
    return starts_in || (tcp_seq_leq(c->rcv_nxt, last) && tcp_seq_lt(last, end));
}

static void drop_fin(struct tcp_seg *g)
{
    g->flags &= (uint8_t)~TCP_FIN;
    if (g->pkt)
        g->pkt->buf[g->pkt->l4 + offsetof(struct tcp_hdr, flags)] &= (uint8_t)~TCP_FIN;
}

static void cut_front(struct tcp_seg *g, uint32_t by)
{
    g->seq = tcp_seq_add(g->seq, by);
    g->len -= by;
    (void)pkt_pull(g->pkt, by);     /* at most its length */
}

static void cut_end(struct tcp_seg *g, uint32_t len)
{
    g->len = len;
    pkt_trim(g->pkt, len);
    drop_fin(g);
}

/* Make it the idealised segment of the RFC: nothing before rcv_nxt, nothing beyond the
 * window. A FIN that is cut off is gone. */
static void trim(struct tcp_conn *c, struct tcp_seg *g, uint32_t wnd)
{
    if (tcp_seq_lt(g->seq, c->rcv_nxt)) {
        cut_front(g, tcp_seq_sub(c->rcv_nxt, g->seq));
        c->ack_now = true;          /* it was sent twice: our ACK may be lost */
    }
    uint32_t off = tcp_seq_sub(g->seq, c->rcv_nxt);
    uint32_t room = wnd > off ? wnd - off : 0;
    if (g->len > room || (g->len == room && g->flags & TCP_FIN))
        cut_end(g, min_u32(g->len, room));
}

/* The peer's SYN again, while we wait for the ACK of ours: it lacks our answer, or both
 * opened at the same time and this is its answer. Step one would drop the ACK in it. */
static bool syn_again(struct tcp_conn *c, struct tcp_seg *g)
{
    if (c->state != NET_TCP_SYN_RCVD || !(g->flags & TCP_SYN) || g->flags & TCP_RST ||
        !tcp_seq_eq(g->seq, c->irs))
        return false;
    if (g->flags & TCP_ACK) {
        g->flags &= (uint8_t)~TCP_SYN;
        g->seq = c->rcv_nxt;
        cut_end(g, 0);
        return false;
    }
    c->syn_now = true;
    c->rtt_running = false;         /* which of our answers will be acknowledged? */
    return true;
}

/* Not acceptable: an ACK tells the peer where we are. For what carries no text only so often
 * (RFC 5961 7), or two ends whose numbers do not fit would answer each other for ever. */
static void rx_unacceptable(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                            int64_t now_ns)
{
    n->c.drop_tcp_out_of_window++;
    if (g->flags & TCP_RST)
        return;
    /* The peer's FIN again: it did not get our last ACK. 3.10.7.4 eighth, TIME-WAIT. */
    if (c->state == NET_TCP_TIME_WAIT && g->flags & TCP_FIN &&
        tcp_seq_eq(tcp_seq_add(g->seq, tcp_seg_span(g)), c->rcv_nxt))
        tcp_time_wait(n, c, now_ns);
    if (g->empty || g->flags & TCP_SYN)
        challenge_ack(c, now_ns);
    else
        c->ack_now = true;
}

static bool step1_sequence(struct net *n, struct tcp_conn *c, struct tcp_seg *g, int64_t now_ns)
{
    if (syn_again(c, g))
        return false;
    uint32_t wnd = tcp_rcv_window(c);
    /* A shut window takes no text, but still ACK, RST and URG (MUST-66). */
    if (wnd == 0 && tcp_seq_eq(g->seq, c->rcv_nxt) && tcp_seg_span(g)) {
        cut_end(g, 0);
        c->ack_now = true;
    }
    if (!acceptable(c, g, wnd)) {
        rx_unacceptable(n, c, g, now_ns);
        return false;
    }
    /* RST and SYN are judged by the number that they were sent with. */
    if (!(g->flags & (TCP_RST | TCP_SYN)))
        trim(c, g, wnd);
    return true;
}

/* --- second, RST -------------------------------------------------------------- */

static int reset_error(const struct tcp_conn *c)
{
    switch (c->state) {
    case NET_TCP_SYN_RCVD:
        return ECONNREFUSED;
    case NET_TCP_CLOSING:
    case NET_TCP_LAST_ACK:
        return 0;
    default:
        return ECONNRESET;
    }
}

static bool step2_rst(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, int64_t now_ns)
{
    if (!(g->flags & TCP_RST))
        return true;
    /* In TIME_WAIT it would let old segments into the next connection: RFC 1337 3, F1. */
    if (c->state == NET_TCP_TIME_WAIT)
        n->c.drop_tcp_state++;
    /* Exactly the next number, or it may be forged: RFC 5961 3.2. */
    else if (tcp_seq_eq(g->seq, c->rcv_nxt))
        tcp_end(n, c, reset_error(c));
    else
        challenge_ack(c, now_ns);
    return false;
}

/* --- fourth, SYN (third, security, does not exist here) ----------------------- */

static bool step4_syn(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, int64_t now_ns)
{
    if (!(g->flags & TCP_SYN))
        return true;
    n->c.drop_tcp_state++;
    /* The peer began anew before we were open: back to LISTEN. */
    if (c->state == NET_TCP_SYN_RCVD && c->passive)
        tcp_end(n, c, ECONNREFUSED);
    else
        challenge_ack(c, now_ns);       /* RFC 5961 4.2: whatever the number */
    return false;
}

/* RFC 9293 3.10.7.4 fourth, TIME-WAIT (MAY-2, RFC 1122 4.2.2.13): a SYN beyond the old
 * connection opens a new one at once if someone listens. */
static bool time_wait_syn(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                          int64_t now_ns)
{
    if (c->state != NET_TCP_TIME_WAIT || !tcp_seq_leq(c->rcv_nxt, g->seq) ||
        (g->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
        return false;
    struct tcp_conn *l = tcp_listener(n, g->laddr, g->lport);
    if (!l)
        return false;
    if (tcp_backlog_full(n, l)) {
        n->c.drop_tcp_backlog++;        /* it comes again; until then the old one stays */
        return true;
    }
    const struct tcp_seq old = c->snd_max;
    tcp_end(n, c, 0);
    listen_syn(n, l, g, &old, now_ns);
    return true;
}

/* --- fifth, ACK --------------------------------------------------------------- */

static bool ack_syn_rcvd(struct net *n, struct tcp_conn *c, const struct tcp_seg *g,
                         int64_t now_ns)
{
    if (!tcp_seq_lt(c->snd_una, g->ack) || !tcp_seq_leq(g->ack, c->snd_max)) {
        n->c.drop_tcp_state++;
        tcp_answer_rst(n, g, now_ns);
        return false;
    }
    c->snd_una = tcp_seq_add(c->iss, 1);    /* no text was sent yet */
    if (c->rtt_running)
        tcp_rtt_sample(c, now_ns - c->rtt_start_ns);
    c->rtt_running = false;
    c->syn_now = false;
    take_window(c, g);
    tcp_establish(n, c, now_ns);
    if (c->fin_wanted) {
        c->state = NET_TCP_FIN_WAIT_1;      /* closed before it was open */
        tcp_out_queue(n, c);
    }
    return true;
}

/* RFC 5681 2, "duplicate acknowledgment". In persist nothing is in flight but a probe. */
static bool is_dup_ack(const struct tcp_conn *c, const struct tcp_seg *g)
{
    return tcp_seq_eq(g->ack, c->snd_una) && tcp_seq_lt(c->snd_una, c->snd_nxt) &&
           g->empty && g->wnd == c->snd_wnd;
}

/* Our FIN has been acknowledged: what the states make of it. */
static void fin_acked(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (c->state == NET_TCP_FIN_WAIT_1)
        tcp_fin_wait_2(n, c, now_ns);
    else if (c->state == NET_TCP_CLOSING)
        tcp_time_wait(n, c, now_ns);
    else if (c->state == NET_TCP_LAST_ACK)
        tcp_end(n, c, 0);
}

/* RFC 6298 5.2, 5.3, and Karn: only what was never sent again gives a sample, and only a
 * sample ends the back-off, or a round trip beyond the time-out would never be measured. Not
 * all of it is kept: where a third is lost, time-outs of one segment after the other would
 * double it to minutes. */
static void ack_timing(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (c->rtt_running && tcp_seq_lt(c->rtt_seq, c->snd_una)) {
        c->rtt_running = false;
        tcp_rtt_sample(c, now_ns - c->rtt_start_ns);
        c->backoff = 0;
    } else if (c->backoff > TCP_BACKOFF_KEPT) {
        c->backoff = TCP_BACKOFF_KEPT;
    }
    c->retries = 0;
    c->soft_err = 0;
    c->waiting_ns = now_ns;
    if (c->persist)
        return;
    if (tcp_seq_eq(c->snd_una, c->snd_max))
        tcp_timer_stop(n, c, TCP_T_RTX);
    else
        tcp_rtx_start(n, c, true, now_ns);
}

/* SND.UNA < SEG.ACK =< SND.NXT */
static void ack_new(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, int64_t now_ns)
{
    uint32_t acked = tcp_seq_sub(g->ack, c->snd_una);
    bool fin = c->fin_sent && acked == c->snd.len + 1;
    tcp_ring_drop(&c->snd, fin ? acked - 1 : acked);
    c->snd_una = g->ack;
    c->snd_nxt = tcp_seq_max(c->snd_nxt, c->snd_una);
    c->snd_small = tcp_seq_max(c->snd_small, c->snd_una);   /* or it is "ahead" after 2 GiB */
    ack_timing(n, c, now_ns);
    if (tcp_cc_acked(c, acked))
        c->resend_now = true;
    tcp_out_queue(n, c);
    sock_edge(n, c->sock);
    if (fin)
        fin_acked(n, c, now_ns);
}

static void ack_dup(struct net *n, struct tcp_conn *c)
{
    if (tcp_cc_dup_ack(c)) {
        c->resend_now = true;
        c->rtt_running = false;
    }
    tcp_out_queue(n, c);
}

/* SND.WL1 and SND.WL2 keep an old segment from setting an old window. One that acknowledges
 * something new (@newer) is later than all that did not, also where it repeats old text: its
 * window counts, or snd_una would move on and drag the old one beyond the edge. */
static void ack_window(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, bool newer)
{
    bool later = tcp_seq_lt(c->snd_wl1, g->seq) ||
                 (tcp_seq_eq(c->snd_wl1, g->seq) && tcp_seq_leq(c->snd_wl2, g->ack));
    if (tcp_seq_lt(g->ack, c->snd_una) || !(newer || later))
        return;
    if (g->wnd > c->snd_wnd)
        tcp_out_queue(n, c);
    take_window(c, g);
    /* A peer that answers is alive, however long its window is shut: MUST-37. */
    if (c->persist || c->snd_wnd == 0)
        c->retries = 0;
}

/* RFC 5961 5.2: what nobody can have sent or acknowledged gets a challenge. */
static bool ack_plausible(const struct tcp_conn *c, const struct tcp_seg *g)
{
    struct tcp_seq oldest = tcp_seq_add(c->snd_una, 0u - c->snd_wnd_max);
    return tcp_seq_leq(oldest, g->ack) && tcp_seq_leq(g->ack, c->snd_max);
}

static bool step5_ack(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, int64_t now_ns)
{
    if (!(g->flags & TCP_ACK)) {
        n->c.drop_tcp_state++;
        return false;
    }
    if (c->state == NET_TCP_SYN_RCVD && !ack_syn_rcvd(n, c, g, now_ns))
        return false;
    if (!ack_plausible(c, g)) {
        n->c.drop_tcp_state++;
        challenge_ack(c, now_ns);
        return false;
    }
    bool newer = tcp_seq_lt(c->snd_una, g->ack);
    if (newer)
        ack_new(n, c, g, now_ns);
    else if (is_dup_ack(c, g))
        ack_dup(n, c);
    if (c->state == NET_TCP_CLOSED)
        return false;
    ack_window(n, c, g, newer);
    return true;
}

/* --- sixth, URG ----------------------------------------------------------------------
 * The urgent pointer is not offered to users: urgent text stays in the stream, as RFC
 * 6093 3.4 asks and as SO_OOBINLINE gives it. There is no step to take. */

/* --- seventh, segment text ----------------------------------------------------------- */

static bool takes_text(const struct tcp_conn *c)
{
    return c->state == NET_TCP_ESTABLISHED || c->state == NET_TCP_FIN_WAIT_1 ||
           c->state == NET_TCP_FIN_WAIT_2;
}

/* In order: into the ring. Returns false if there was no memory: not acknowledged. */
static bool take_text(struct net *n, struct tcp_conn *c, const struct tcp_seg *g)
{
    if (!c->rd_shut) {
        ssize_t took = tcp_ring_put(&c->rcv, pkt_data(g->pkt), g->len);
        if (took < 0) {
            n->c.drop_no_buffer++;
            return false;
        }
        assert((uint32_t)took == g->len);   /* trim() left what fits into the window */
    }
    c->rcv_nxt = tcp_seq_add(c->rcv_nxt, g->len);
    return true;
}

/* Delayed ACK: RFC 9293 3.8.6.3, RFC 5681 4.2. More than one full segment is
 * acknowledged at once. */
static void schedule_ack(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (tcp_seq_sub(c->rcv_nxt, c->rcv_acked) > c->rcv_mss)
        c->ack_now = true;
    else if (!tcp_timer_runs(c, TCP_T_ACK))
        tcp_timer_set(n, c, TCP_T_ACK, now_ns + TCP_DELACK_NS);
}

/* What the segment just taken has connected. Returns FIN if that was in it. */
static uint8_t take_queued(struct net *n, struct tcp_conn *c)
{
    struct tcp_seg q;
    uint8_t fin = 0;
    while (!fin && tcp_reasm_get(c, &q)) {
        uint32_t old = min_u32(tcp_seq_sub(c->rcv_nxt, q.seq), q.len);
        cut_front(&q, old);
        if (tcp_seq_eq(q.seq, c->rcv_nxt) && take_text(n, c, &q))
            fin = q.flags & TCP_FIN;
        pkt_release(q.pkt);
    }
    return fin;
}

static bool step7_text(struct net *n, struct tcp_conn *c, struct tcp_seg *g, int64_t now_ns)
{
    if (!takes_text(c)) {
        n->c.drop_tcp_state += g->len > 0;  /* beyond their FIN */
        return false;
    }
    if (g->len == 0 && !(g->flags & TCP_FIN))
        return true;
    /* Nobody will ever read it: RFC 9293 3.6.1, RFC 2525 2.17. */
    if (tcp_orphan(c) && g->len) {
        n->c.drop_tcp_state++;
        tcp_send_rst(n, c, now_ns);
        tcp_end(n, c, ECONNRESET);
        return false;
    }
    if (!tcp_seq_eq(g->seq, c->rcv_nxt)) {
        tcp_reasm_put(n, c, g);
        c->ack_now = true;          /* RFC 5681 4.2: a duplicate ACK tells of the gap */
        return false;
    }
    if (!take_text(n, c, g))
        return false;
    if (g->len > c->rcv_mss)
        c->rcv_mss = (uint16_t)min_u32(g->len, UINT16_MAX);
    if (c->ooo.first) {
        c->ack_now = true;          /* the gap, or a part of it, is filled */
        g->flags |= take_queued(n, c);
    }
    if (g->len) {
        schedule_ack(n, c, now_ns);
        if (c->sock && !c->rd_shut)
            sock_changed(n, c->sock);
    }
    return true;
}

/* --- eighth, FIN -------------------------------------------------------------- */

static void step8_fin(struct net *n, struct tcp_conn *c, const struct tcp_seg *g, int64_t now_ns)
{
    if (!(g->flags & TCP_FIN))
        return;
    c->rcv_nxt = tcp_seq_add(c->rcv_nxt, 1);
    c->fin_rcvd = true;
    c->ack_now = true;
    for (struct pkt *p; (p = pkt_list_pop(&c->ooo));)
        pkt_release(p);
    tcp_event(n, c, NET_EV_TCP_FIN_RCVD, 0);
    if (c->state == NET_TCP_ESTABLISHED)
        c->state = NET_TCP_CLOSE_WAIT;
    else if (c->state == NET_TCP_FIN_WAIT_1)
        c->state = NET_TCP_CLOSING;     /* an ACK of ours would have made it FIN_WAIT_2 */
    else
        tcp_time_wait(n, c, now_ns);
    sock_edge(n, c->sock);
}

static void rx_other(struct net *n, struct tcp_conn *c, struct tcp_seg *g, int64_t now_ns)
{
    c->last_rx_ns = now_ns;
    if (step1_sequence(n, c, g, now_ns) && step2_rst(n, c, g, now_ns) &&
        step4_syn(n, c, g, now_ns) && step5_ack(n, c, g, now_ns) &&
        step7_text(n, c, g, now_ns))
        step8_fin(n, c, g, now_ns);
}

/* --- arrival ------------------------------------------------------------------ */

/* Checks everything about the segment that does not depend on a connection. */
static bool parse(struct net *n, struct pkt *p, const struct ip4_view *ip, struct tcp_seg *g)
{
    struct tcp_view v;
    if (ip->to_many) {              /* RFC 9293 MUST-57: never to a group */
        n->c.drop_tcp_to_many++;
        return false;
    }
    if (tcp_parse(pkt_data(p), p->len, &v) < 0) {
        n->c.drop_tcp_malformed++;
        return false;
    }
    if (!transport_csum_ok(n, p, ip)) {
        n->c.drop_tcp_checksum++;
        return false;
    }
    p->l4 = p->head;
    (void)pkt_pull(p, v.hdr_bytes); /* checked by tcp_parse() */
    *g = (struct tcp_seg){
        .laddr = ip->dst, .raddr = ip->src, .lport = v.dport, .rport = v.sport,
        .seq = v.seq, .ack = v.ack, .len = v.data_bytes, .wnd = v.window,
        .flags = v.flags, .mss = v.opts.mss, .pkt = p,
    };
    g->empty = tcp_seg_span(g) == 0;
    return true;
}

static void rx_conn(struct net *n, struct tcp_conn *c, struct tcp_seg *g, int64_t now_ns)
{
    if (time_wait_syn(n, c, g, now_ns))
        return;
    if (c->state == NET_TCP_SYN_SENT)
        rx_syn_sent(n, c, g, now_ns);
    else
        rx_other(n, c, g, now_ns);
    /* tcp_end() leaves CLOSED, in use or not. */
    if (c->state != NET_TCP_CLOSED && (c->ack_now || c->syn_now))
        tcp_output(n, c, now_ns);
}

void tcp_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns)
{
    struct tcp_seg g = { .pkt = p };
    n->c.tcp_rx++;
    if (parse(n, p, ip, &g)) {
        struct tcp_conn *c = tcp_lookup(n, g.laddr, g.lport, g.raddr, g.rport);
        struct tcp_conn *l = c ? NULL : tcp_listener(n, g.laddr, g.lport);
        if (c)
            rx_conn(n, c, &g, now_ns);
        else if (l)
            rx_listen(n, l, &g, now_ns);
        else
            rx_closed(n, &g, now_ns);
    }
    pkt_release(g.pkt);
}

/* --- errors from the network -------------------------------------------------- */

/* RFC 1191 6.4: a link on the way takes smaller packets only. */
static void smaller_mss(struct net *n, struct tcp_conn *c, uint16_t mtu)
{
    uint32_t floor = TCP_MSS_DEFAULT;
    uint32_t mss = mtu > floor + 40 ? mtu - 40u : floor;
    if (mss >= c->mss || !tcp_synchronized(c))
        return;
    c->mss = (uint16_t)mss;
    c->snd_nxt = c->snd_una;
    c->rtt_running = false;
    c->resend_now = true;
    tcp_out_queue(n, c);
}

int tcp_icmp_error(struct net *n, const struct icmp4_error_view *e)
{
    struct tcp_conn *c = tcp_lookup(n, e->src, e->sport, e->dst, e->dport);
    struct tcp_seq seq = tcp_seq_of(e->seq);
    if (!c)
        return -ENOENT;
    /* RFC 5927 4.1: a stranger would have to guess a number that is in flight. */
    if (!tcp_seq_leq(c->snd_una, seq) || !tcp_seq_lt(seq, c->snd_max))
        return -ERANGE;
    if (e->err == EMSGSIZE)
        smaller_mss(n, c, e->mtu);
    else if (c->state == NET_TCP_SYN_SENT)
        tcp_end(n, c, e->err);
    else
        c->soft_err = e->err;       /* RFC 5927 5.2: soft, whatever its code says */
    return 0;
}
