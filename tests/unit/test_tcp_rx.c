/* SPDX-License-Identifier: Apache-2.0 */
/* Segment arrival, RFC 9293 3.10.7, step by step: the test is the peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

#include <limits.h>
#include <string.h>

/* --- 3.10.7.1 CLOSED ---------------------------------------------------------- */

/* Clause: RFC 9293 3.10.7.1, RFC 9293 3.5.2 */
static void closed_answers_with_rst(void **state)
{
    (void)state;
    l.ours = 9;
    l.theirs = 99;
    lab_put(&l, TCP_SYN, 5, 0, WND, 0);
    lab_expect(&l, TCP_RST | TCP_ACK, 0, 6, 0);
    lab_put(&l, TCP_FIN, 5, 0, WND, 10);
    lab_expect(&l, TCP_RST | TCP_ACK, 0, 16, 0);
    lab_put(&l, TCP_ACK, 5, 1234, WND, 10);
    lab_expect(&l, TCP_RST, 1234, 0, 0);
    lab_put(&l, TCP_RST, 5, 0, WND, 0);
    lab_put(&l, TCP_RST | TCP_ACK, 5, 1, WND, 0);
    lab_silent(&l);
    assert_int_equal(ctr()->drop_tcp_no_socket, 5);
    assert_int_equal(ctr()->tcp_tx_rst, 3);
}

/* --- 3.10.7.2 LISTEN ---------------------------------------------------------- */

/* Clause: RFC 9293 3.10.7.2 */
static void listen_takes_only_syn(void **state)
{
    (void)state;
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_bind(l.h.net, s, LAB_OURS, 80), 0);
    assert_int_equal(net_listen(l.h.net, s, 5), 0);
    l.ours = 80;
    l.theirs = 99;
    lab_put(&l, TCP_RST, 0, 0, WND, 0);
    lab_put(&l, TCP_FIN, 0, 0, WND, 0);
    lab_put(&l, 0, 0, 0, WND, 5);
    lab_put(&l, TCP_SYN | TCP_RST, 0, 0, WND, 0);
    lab_put(&l, TCP_SYN | TCP_FIN, 0, 0, WND, 0);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 0, 77, WND, 0);
    lab_expect(&l, TCP_RST, 77, 0, 0);
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 77, WND, 0);
    lab_expect(&l, TCP_RST, 77, 0, 0);
    assert_int_equal(net_sock_list(l.h.net, NULL, 0), 1);
    assert_int_equal(net_ready(l.h.net, s), 0);
    net_close(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.2, RFC 9293 3.7.1 */
static void syn_is_answered_with_mss(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = listening(80, 5);
    l.ours = 80;
    l.theirs = 99;
    l.irs = 1000;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, TCP_SYN | TCP_ACK);
    assert_int_equal(g.mss, 1460);
    assert_int_equal(g.ack, 1001);
    assert_int_equal(g.wnd, 65535);
    l.iss = g.seq;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);             /* it lacks our answer */
    lab_expect(&l, TCP_SYN | TCP_ACK, 0, 1, 0);
    lab_put(&l, TCP_ACK, 1, 2, WND, 0);             /* of something never sent */
    lab_expect(&l, TCP_RST, 2, 0, 0);
    lab_put(&l, TCP_ACK, 1, 1, WND, 7);             /* text with the last ACK */
    assert_int_equal(net_ready(l.h.net, s), NET_IN);
    int c = net_accept(l.h.net, s, NULL, NULL), v;
    reads(c, 0, 7);
    assert_int_equal(net_getopt(l.h.net, c, NET_TCP_MAXSEG, &v), 0);
    assert_int_equal(v, 536);                       /* no option came */
    net_abort(l.h.net, c);
    net_close(l.h.net, s);
}

/* --- 3.10.7.3 SYN-SENT -------------------------------------------------------- */

static int syn_sent(void)
{
    struct lab_seg g;
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 80), -EINPROGRESS);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    l.ours = g.sport;
    l.theirs = 80;
    l.iss = g.seq;
    l.irs = 5000;
    return s;
}

/* Clause: RFC 9293 3.10.7.3, RFC 5961 3.2 */
static void syn_sent_checks_the_ack(void **state)
{
    (void)state;
    int s = syn_sent();
    lab_put(&l, TCP_ACK, 0, 0, WND, 0);
    lab_expect(&l, TCP_RST, 0, 0, 0);
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 2, WND, 0);
    lab_expect(&l, TCP_RST, 2, 0, 0);
    lab_put(&l, TCP_RST | TCP_ACK, 0, 2, WND, 0);   /* not of our SYN */
    lab_put(&l, TCP_RST, 0, 0, WND, 0);             /* no ACK at all */
    lab_put(&l, TCP_ACK, 0, 1, WND, 3);             /* no SYN */
    lab_silent(&l);
    assert_int_equal(lab_state(&l, s), NET_TCP_SYN_SENT);
    lab_put(&l, TCP_RST | TCP_ACK, 0, 1, WND, 0);
    assert_int_equal(net_recv(l.h.net, s, NULL, 0), -ECONNREFUSED);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    net_close(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.3 */
static void text_with_syn_ack_comes_again(void **state)
{
    (void)state;
    int s = syn_sent();
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 1, WND, 10);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    reads(s, 0, 0);
    net_abort(l.h.net, s);
}

/* The window of our SYN counts, even while the ACK waits for room in the NIC. */
static void text_before_our_ack_left(void **state)
{
    (void)state;
    int s = syn_sent(), d = net_socket(l.h.net, NET_DGRAM);
    fake_link_set_tx_room(l.h.link, 0);
    while (nic_tx_room(l.h.nic))
        assert_int_equal(net_sendto(l.h.net, d, "x", 1, LAB_THEIRS, 9), 1);
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 1, WND, 0);
    lab_put(&l, TCP_ACK, 1, 1, WND, 100);
    lab_silent(&l);
    reads(s, 0, 100);
    fake_link_set_tx_room(l.h.link, UINT_MAX);
    lab_one_poll(&l);
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK, 1, 101, 0);
    net_abort(l.h.net, s);
}

/* Karn: which of our two answers was acknowledged? */
/* Clause: RFC 6298 3 */
static void repeated_syn_gives_no_sample(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = listening(80, 5);
    l.ours = 80;
    l.theirs = 99;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    lab_one_wait(&l, 300 * LAB_MS);
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    assert_true(lab_get(&l, &g));
    l.iss = g.seq;
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    int c = net_accept(l.h.net, s, NULL, NULL);
    assert_true(sock_get(l.h.net, c)->tcp->srtt_ns == 0);
    net_abort(l.h.net, c);
    net_close(l.h.net, s);
}

/* Clause: RFC 9293 3.5 */
static void simultaneous_open(void **state)
{
    (void)state;
    int s = syn_sent();
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    lab_expect(&l, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_SYN_RCVD);
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 1, WND, 0);   /* the peer did the same */
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    lab_silent(&l);
    lab_put(&l, TCP_ACK | TCP_PSH, 1, 1, WND, 5);
    reads(s, 0, 5);
    net_abort(l.h.net, s);
}

/* --- first: sequence number --------------------------------------------------- */

/* Clause: RFC 9293 3.10.7.4, RFC 9293 3.4 */
static void outside_the_window_is_acked_and_dropped(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 0, 1, WND, 1);             /* old */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    lab_put(&l, TCP_ACK, 1 + 65535, 1, WND, 1);     /* first number beyond */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    lab_put(&l, TCP_ACK, 0u - 100000, 1, WND, 100);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    lab_put(&l, TCP_ACK, 0, 1, WND, 0);             /* a keepalive probe */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(ctr()->drop_tcp_out_of_window, 4);
    reads(s, 0, 0);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.4 */
static void overlap_in_front_is_cut(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 1, 1, WND, 100);
    lab_put(&l, TCP_ACK, 51, 1, WND, 100);
    lab_expect(&l, TCP_ACK, 1, 151, 0);             /* at once: something came twice */
    reads(s, 0, 150);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.4 */
static void overlap_behind_is_cut(void **state)
{
    (void)state;
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .rcvbuf_bytes = 2048 });
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 1, 1, WND, 1400);
    lab_put(&l, TCP_ACK | TCP_FIN, 1401, 1, WND, 1400);     /* 648 fit; FIN does not */
    reads(s, 0, 2048);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    net_abort(l.h.net, s);
}

/* It takes one number, which the window does not have; the text is taken. */
/* Clause: RFC 9293 3.4 */
static void fin_at_the_edge_is_cut(void **state)
{
    (void)state;
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .rcvbuf_bytes = 2048 });
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 1, 1, WND, 1024);
    lab_put(&l, TCP_ACK | TCP_FIN, 1025, 1, WND, 1024);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    reads(s, 0, 2048);
    lab_one_poll(&l);                               /* the window opens */
    lab_put(&l, TCP_ACK | TCP_FIN, 1025, 1, WND, 1024);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    net_abort(l.h.net, s);
}

/* A probe into our shut window carries text: not one of three duplicates. */
/* Clause: RFC 5681 2, RFC 9293 3.8.6.1 */
static void probes_are_not_duplicates(void **state)
{
    (void)state;
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .rcvbuf_bytes = 2048 });
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 1, 1, WND, 1024);
    lab_put(&l, TCP_ACK, 1025, 1, WND, 1024);
    net_send(l.h.net, s, "abc", 3);
    lab_one_poll(&l);
    lab_flush(&l);
    for (int i = 0; i < 4; i++) {
        lab_put(&l, TCP_ACK, 2049, 1, WND, 1);
        lab_expect(&l, TCP_ACK, 4, 2049, 0);
    }
    assert_int_equal(ctr()->tcp_retransmits, 0);
    net_abort(l.h.net, s);
}

/* A shut window still takes ACK and RST. RFC 9293 MUST-66. */
/* Clause: RFC 9293 3.10.7.4, RFC 9293 3.4 */
static void shut_window_takes_acks(void **state)
{
    (void)state;
    int v;
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .rcvbuf_bytes = 2048 });
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 1, 1, WND, 1024);
    lab_put(&l, TCP_ACK, 1025, 1, WND, 1024);
    net_send(l.h.net, s, "abc", 3);
    lab_one_wait(&l, 50 * LAB_MS);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 2049, 4, WND, 1);          /* a probe that acknowledges */
    lab_expect(&l, TCP_ACK, 4, 2049, 0);
    net_getopt(l.h.net, s, NET_SO_SNDQ, &v);
    assert_int_equal(v, 0);
    lab_put(&l, TCP_RST, 2049, 0, 0, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    reads(s, 0, 2048);                              /* what came before is still there */
    assert_int_equal(net_recv(l.h.net, s, &v, 1), -ECONNRESET);
    assert_int_equal(net_recv(l.h.net, s, &v, 1), 0);
    net_close(l.h.net, s);
}

/* --- second: RST -------------------------------------------------------------- */

/* Clause: RFC 5961 3.2, RFC 5961 7 */
static void rst_must_be_exact(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_RST, 70000, 0, 0, 0);           /* outside: nothing */
    lab_put(&l, TCP_RST, 0, 0, 0, 0);
    lab_silent(&l);
    lab_put(&l, TCP_RST, 2, 0, 0, 0);               /* inside: challenge (RFC 5961 3.2) */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    lab_put(&l, TCP_RST, 3, 0, 0, 0);               /* but not more than one in 500 ms */
    lab_silent(&l);
    lab_one_wait(&l, 500 * LAB_MS);
    lab_put(&l, TCP_RST, 3, 0, 0, 0);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    lab_put(&l, TCP_RST, 1, 0, 0, 0);               /* exact */
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    assert_int_equal(net_send(l.h.net, s, "x", 1), -ECONNRESET);
    assert_int_equal(lab_event_err(&l.h, NET_EV_TCP_CLOSED), -ECONNRESET);
    lab_silent(&l);
    net_close(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.4, RFC 9293 3.6 */
static void rst_in_each_state(void **state)
{
    (void)state;
    for (int st = NET_TCP_ESTABLISHED; st < NET_TCP_TIME_WAIT; st++) {
        bool quiet = st == NET_TCP_CLOSING || st == NET_TCP_LAST_ACK;
        uint32_t seq;
        int err, s = lab_reach(&l, (enum net_tcp_state)st, &seq);
        lab_put(&l, TCP_RST, seq, 0, 0, 0);
        assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
        assert_int_equal(net_getopt(l.h.net, s, NET_SO_ERROR, &err), 0);
        assert_int_equal(err, quiet ? 0 : ECONNRESET);
        assert_true(net_ready(l.h.net, s) & NET_HUP);
        lab_silent(&l);
        assert_int_equal(net_close(l.h.net, s), 0);
        assert_int_equal(net_sock_list(l.h.net, NULL, 0), 0);
    }
}

/* Clause: RFC 9293 3.10.7.4, RFC 9293 3.5 */
static void rst_in_syn_rcvd(void **state)
{
    (void)state;
    int s = syn_sent();
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);             /* active: simultaneous open */
    lab_put(&l, TCP_RST, 1, 0, 0, 0);
    assert_int_equal(net_recv(l.h.net, s, NULL, 0), -ECONNREFUSED);
    net_close(l.h.net, s);
    lab_flush(&l);
    int ls = net_socket(l.h.net, NET_STREAM);       /* passive: back to LISTEN */
    net_bind(l.h.net, ls, 0, 80);
    net_listen(l.h.net, ls, 1);
    l.ours = 80;
    l.theirs = 9;
    for (int i = 0; i < 3; i++) {                   /* the place in the backlog is free again */
        lab_put(&l, TCP_SYN, 0, 0, WND, 0);
        assert_int_equal(lab_flush(&l), 1);
        lab_put(&l, TCP_RST, 1, 0, 0, 0);
    }
    lab_silent(&l);
    assert_int_equal(net_accept(l.h.net, ls, NULL, NULL), -EAGAIN);
    net_close(l.h.net, ls);
}

/* --- fourth: SYN -------------------------------------------------------------- */

/* Clause: RFC 5961 4.2, RFC 9293 3.10.7.4 */
static void syn_in_the_window_is_challenged(void **state)
{
    (void)state;
    for (int st = NET_TCP_ESTABLISHED; st <= NET_TCP_TIME_WAIT; st++) {
        uint32_t seq;
        int s = lab_reach(&l, (enum net_tcp_state)st, &seq);
        lab_put(&l, TCP_SYN, seq + 100, 0, WND, 0);
        assert_int_equal(lab_flush(&l), 1);
        assert_int_equal(lab_state(&l, s), st);
        net_abort(l.h.net, s);
        lab_flush(&l);
    }
}

/* One that begins before the window and reaches into it: none of its text is taken. */
/* Clause: RFC 5961 4.2 */
static void old_syn_with_text_is_challenged(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_SYN | TCP_ACK, 0u - 50, 1, WND, 100);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(ctr()->drop_tcp_state, 1);
    reads(s, 0, 0);
    lab_put(&l, TCP_ACK, 1, 1, WND, 100);
    reads(s, 0, 100);
    net_close(l.h.net, s);
}

/* --- fifth: ACK --------------------------------------------------------------- */

/* Clause: RFC 9293 3.10.7.4, RFC 5961 5.2 */
static void ack_must_be_plausible(void **state)
{
    (void)state;
    int s = lab_client(&l, 1000, 1460);
    lab_put(&l, 0, 1, 0, WND, 10);                  /* no ACK at all */
    lab_silent(&l);
    reads(s, 0, 0);
    lab_put(&l, TCP_ACK, 1, 2, WND, 10);            /* of what was never sent */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    reads(s, 0, 0);
    lab_one_wait(&l, LAB_S);
    lab_put(&l, TCP_ACK, 1, 0u - 1000, 1000, 10);   /* older than any window: RFC 5961 5.2 */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    reads(s, 0, 0);
    lab_put(&l, TCP_ACK, 1, 0, 1000, 10);           /* merely old: the text counts */
    reads(s, 0, 10);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.4 */
static void old_segments_do_not_set_the_window(void **state)
{
    (void)state;
    int s = lab_client(&l, 5000, 1460);
    const struct tcp_conn *c = sock_get(l.h.net, s)->tcp;
    lab_put(&l, TCP_ACK, 2001, 1, 300, 10);         /* overtook the next one */
    lab_put(&l, TCP_ACK, 1, 1, 65535, 1000);
    assert_int_equal(c->snd_wnd, 300);
    lab_put(&l, TCP_ACK, 2011, 1, 400, 0);
    assert_int_equal(c->snd_wnd, 400);
    net_abort(l.h.net, s);
}

/* What acknowledges something new was sent later than all that did not, even if it repeats
 * text from before. */
/* Clause: RFC 9293 3.10.7.4 */
static void a_new_ack_brings_its_window(void **state)
{
    (void)state;
    int s = lab_client(&l, 5000, 1460);
    const struct tcp_conn *c = sock_get(l.h.net, s)->tcp;
    net_send(l.h.net, s, "abc", 3);
    lab_one_poll(&l);
    lab_put(&l, TCP_ACK, 2001, 1, 300, 10);         /* beyond a gap */
    lab_put(&l, TCP_ACK, 1, 4, 0, 1000);            /* the gap again, with a later window */
    assert_int_equal(c->snd_wnd, 0);
    net_abort(l.h.net, s);
}

/* --- seventh: text, and the order it comes in --------------------------------- */

/* Clause: RFC 9293 3.10.7.4, RFC 1122 4.2.2.20 */
static void fin_before_its_text(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK | TCP_FIN, 11, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    lab_expect(&l, TCP_ACK, 1, 12, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    reads(s, 0, 10);
    assert_int_equal(net_recv(l.h.net, s, &s, 1), 0);
    net_abort(l.h.net, s);
}

/* RFC 5681 4.2: at once where a gap is filled, even in part. */
/* Clause: RFC 5681 4.2, RFC 9293 3.10.7.4 */
static void filling_a_gap_is_acked_at_once(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_ACK, 11, 1, WND, 10);
    lab_put(&l, TCP_ACK, 31, 1, WND, 10);
    assert_int_equal(lab_flush(&l), 2);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    lab_expect(&l, TCP_ACK, 1, 21, 0);
    lab_put(&l, TCP_ACK, 21, 1, WND, 10);
    lab_expect(&l, TCP_ACK, 1, 41, 0);
    lab_put(&l, TCP_ACK, 41, 1, WND, 10);           /* in order: no hurry */
    lab_silent(&l);
    reads(s, 0, 50);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.10.7.4 */
static void the_same_gap_is_queued_once(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    for (int i = 0; i < 5; i++)
        lab_put(&l, TCP_ACK, 11, 1, WND, 10);
    lab_put(&l, TCP_ACK, 13, 1, WND, 5);            /* inside what is there */
    assert_int_equal(sock_get(l.h.net, s)->tcp->ooo.n, 1);
    assert_int_equal(ctr()->drop_tcp_ooo, 5);
    lab_put(&l, TCP_ACK | TCP_FIN, 11, 1, WND, 10); /* the FIN is new */
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    reads(s, 0, 20);
    net_abort(l.h.net, s);
}

static void out_of_order_is_bounded(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    for (uint32_t i = 0; i < 100; i++)
        lab_put(&l, TCP_ACK, 11 + 2 * i, 1, WND, 1);
    assert_int_equal(sock_get(l.h.net, s)->tcp->ooo.n, TCP_OOO_PKTS);
    assert_int_equal(ctr()->drop_tcp_ooo, 100 - TCP_OOO_PKTS);
    assert_int_equal(pkt_pool_in_use(l.h.pool), TCP_OOO_PKTS);
    lab_flush(&l);
    net_abort(l.h.net, s);
    lab_flush(&l);
    lab_one_poll(&l);
    assert_int_equal(pkt_pool_in_use(l.h.pool), 0);
}

/* The last packets of the pool are for what is in order. */
static void out_of_order_leaves_packets(void **state)
{
    (void)state;
    struct pkt *held[512];
    unsigned k = 0;
    int s = lab_client(&l, WND, 1460);
    while (pkt_pool_free(l.h.pool, PKT_SMALL) > TCP_OOO_SPARE_PKTS + 3)
        held[k++] = pkt_alloc(l.h.pool, PKT_SMALL);
    for (uint32_t i = 0; i < 10; i++)
        lab_put(&l, TCP_ACK, 11 + 2 * i, 1, WND, 1);
    assert_in_range(sock_get(l.h.net, s)->tcp->ooo.n, 2, 3);
    assert_true(pkt_pool_free(l.h.pool, PKT_SMALL) >= TCP_OOO_SPARE_PKTS);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    reads(s, 0, 11);
    while (k > 0)
        pkt_release(held[--k]);
    net_abort(l.h.net, s);
}

/* Text behind a FIN is none of the stream. */
/* Clause: RFC 9293 3.10.7.4 */
static void text_after_fin_is_ignored(void **state)
{
    (void)state;
    uint32_t seq;
    int s = lab_reach(&l, NET_TCP_CLOSE_WAIT, &seq);
    lab_put(&l, TCP_ACK, seq, 1, WND, 10);
    assert_int_equal(net_recv(l.h.net, s, &seq, 1), 0);
    assert_int_equal(ctr()->drop_tcp_state, 1);
    net_abort(l.h.net, s);
}

/* --- what no connection is asked about ---------------------------------------- */

/* Clause: RFC 9293 3.1 */
static void bad_segments_are_counted(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    uint8_t f[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40 };
    f[14 + 8] = 64;
    f[14 + 9] = 6;
    const uint8_t ends[8] = { 10, 0, 0, 2, 10, 0, 0, 1 };
    memcpy(f + 26, ends, 8);
    uint32_t sum = 0;
    for (int i = 14; i < 34; i += 2)
        sum += (uint32_t)f[i] << 8 | f[i + 1];
    sum = ~(sum + (sum >> 16)) & 0xFFFF;
    f[24] = (uint8_t)(sum >> 8);
    f[25] = (uint8_t)sum;
    f[46] = 4 << 4;                                 /* header of 16 bytes */
    fake_link_inject(l.h.link, f, 60, l.now_ns);
    f[46] = 6 << 4;                                 /* of 24, in 20 bytes of payload */
    fake_link_inject(l.h.link, f, 60, l.now_ns);
    f[46] = 5 << 4;                                 /* right, but for the checksum */
    fake_link_inject(l.h.link, f, 60, l.now_ns);
    lab_one_poll(&l);
    lab_silent(&l);
    assert_int_equal(ctr()->drop_tcp_malformed, 2);
    assert_int_equal(ctr()->drop_tcp_checksum, 1);
    assert_int_equal(ctr()->drop_tcp_no_socket, 0);
    net_abort(l.h.net, s);
}

/* Segments that come in fragments hold large packets, of which there are few: some are left, or
 * the missing one, which comes in fragments too, could not be put together any more. */
/* Clause: RFC 9293 3.10.7.4, RFC 1122 3.3.2 */
static void out_of_order_in_fragments(void **state)
{
    (void)state;
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .pool_large = 32 });
    int s = lab_client(&l, WND, MSS);
    struct lab_seg seg = { .sport = l.theirs, .dport = l.ours, .flags = TCP_ACK, .ack = l.iss + 1,
                           .wnd = WND, .len = 1000 };
    for (unsigned i = 1; i <= 43; i++) {
        seg.seq = l.irs + 1 + 1000 * i;
        lab_one_put_cut(&l, &seg);
    }
    assert_int_equal(pkt_pool_free(l.h.pool, PKT_LARGE), TCP_OOO_SPARE_PKTS + 1);
    reads(s, 0, 0);
    seg.seq = l.irs + 1;
    lab_one_put_cut(&l, &seg);
    reads(s, 0, 1000 * (32 - TCP_OOO_SPARE_PKTS));
    assert_int_equal(pkt_pool_free(l.h.pool, PKT_LARGE), 32);
    net_abort(l.h.net, s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(closed_answers_with_rst),
        T(listen_takes_only_syn),
        T(syn_is_answered_with_mss),
        T(syn_sent_checks_the_ack),
        T(text_with_syn_ack_comes_again),
        T(text_before_our_ack_left),
        T(repeated_syn_gives_no_sample),
        T(simultaneous_open),
        T(outside_the_window_is_acked_and_dropped),
        T(overlap_in_front_is_cut),
        T(overlap_behind_is_cut),
        T(fin_at_the_edge_is_cut),
        T(probes_are_not_duplicates),
        T(shut_window_takes_acks),
        T(rst_must_be_exact),
        T(rst_in_each_state),
        T(rst_in_syn_rcvd),
        T(syn_in_the_window_is_challenged),
        T(old_syn_with_text_is_challenged),
        T(ack_must_be_plausible),
        T(old_segments_do_not_set_the_window),
        T(a_new_ack_brings_its_window),
        T(fin_before_its_text),
        T(filling_a_gap_is_acked_at_once),
        T(the_same_gap_is_queued_once),
        T(out_of_order_is_bounded),
        T(out_of_order_leaves_packets),
        T(text_after_fin_is_ignored),
        T(bad_segments_are_counted),
        T(out_of_order_in_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
