/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves, and when: windows, Nagle, delayed ACK, congestion control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

#include <limits.h>
#include <string.h>

/* --- runs of full segments ---------------------------------------------------- */

/* Clause: RFC 6928 2, RFC 5681 3.1, RFC 9293 3.1, RFC 9293 3.9.1.2 */
static void initial_window_leaves_at_once(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 40000);
    uint32_t seq = lab_full_segments(&l, MSS, 1, 10);            /* RFC 6928 */
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1 + 2 * MSS, WND, 0);   /* slow start: two out, four in */
    seq = lab_full_segments(&l, MSS, seq, 4);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, seq, WND, 0);
    lab_full_segments(&l, MSS, seq, 13);
    lab_expect(&l, PSH_ACK, 1 + 27 * MSS, 1, 40000 - 27 * MSS);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.8.6, RFC 9293 3.8.6.2.1 */
static void the_peers_window_is_kept(void **state)
{
    (void)state;
    int s = lab_client(&l, 4000, MSS);
    lab_writes(&l, s, 0, 10000);
    lab_full_segments(&l, MSS, 1, 2);                            /* 1080 more would be silly */
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1 + MSS, 4000 - MSS, 0);    /* read nothing yet */
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1 + 2 * MSS, 4000, 0);
    lab_full_segments(&l, MSS, 1 + 2 * MSS, 2);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* RFC 9293 3.8.6.2.1 (2): half the largest window ever seen is worth it. */
/* Clause: RFC 9293 3.8.6.2.1 */
static void small_windows_are_used(void **state)
{
    (void)state;
    int s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 5000);
    lab_expect(&l, TCP_ACK, 1, 1, 1000);
    lab_put(&l, TCP_ACK, 1, 1001, 400, 0);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1001, 500, 0);
    lab_expect(&l, TCP_ACK, 1001, 1, 500);
    net_abort(l.h.net, s);
}

/* A full NIC loses nothing and keeps the order. */
static void full_nic_only_delays(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = lab_client(&l, WND, 100);
    conn_of(s)->cwnd = 60000;
    fake_link_set_tx_room(l.h.link, 7);
    lab_writes(&l, s, 0, 20000);        /* 200 segments; 7 on the wire, 64 wait */
    assert_int_equal(nic_tx_room(l.h.nic), 0);
    assert_int_equal(lab_flush(&l), 7);
    for (uint32_t seq = 1 + 7 * 100; seq < 20000;) {
        fake_link_set_tx_room(l.h.link, 9);
        lab_one_poll(&l);
        lab_one_poll(&l);
        unsigned k = 0;
        for (; lab_get(&l, &g); k++, seq += 100) {
            assert_int_equal(g.seq - l.iss, seq);
            assert_int_equal(g.len, 100);
        }
        assert_true(k > 0 && k <= 18);
    }
    assert_int_equal(net_counters(l.h.net)->drop_tx_nic_full, 0);
    assert_int_equal(net_counters(l.h.net)->tcp_retransmits, 0);
    fake_link_set_tx_room(l.h.link, UINT_MAX);
    net_abort(l.h.net, s);
}

static void empty_pool_only_delays(void **state)
{
    (void)state;
    struct pkt *held[600];
    unsigned k = 0;
    int s = lab_client(&l, WND, MSS);
    while ((held[k] = pkt_alloc(l.h.pool, PKT_SMALL)))
        k++;
    lab_writes(&l, s, 0, 3000);
    lab_silent(&l);
    assert_true(l.h.next_ns <= l.now_ns + LAB_MS);
    pkt_release(held[--k]);
    lab_one_poll(&l);
    lab_full_segments(&l, MSS, 1, 2);
    lab_expect(&l, PSH_ACK, 1 + 2 * MSS, 1, 3000 - 2 * MSS);
    while (k > 0)
        pkt_release(held[--k]);
    net_abort(l.h.net, s);
}

/* --- MSS ---------------------------------------------------------------------- */

/* Clause: RFC 9293 3.7.1 */
static void mss_is_the_smaller_one(void **state)
{
    (void)state;
    const struct { uint16_t peer; int limit; uint32_t want; } t[] = {
        { 0, 0, 536 }, { 1460, 0, 1460 }, { 9000, 0, 1460 }, { 1000, 0, 1000 },
        { 1460, 700, 700 }, { 600, 700, 600 }, { 1, 0, 64 },
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct lab_seg g;
        int v, s = net_socket(l.h.net, NET_STREAM);
        if (t[i].limit)
            assert_int_equal(net_setopt(l.h.net, s, NET_TCP_MAXSEG, t[i].limit), 0);
        net_connect(l.h.net, s, LAB_THEIRS, 80);
        lab_one_poll(&l);
        assert_true(lab_get(&l, &g));
        assert_int_equal(g.mss, t[i].limit ? t[i].limit : 1460);
        lab_one_put(&l, &(struct lab_seg){ .sport = 80, .dport = g.sport, .flags = 0x12,
                                           .ack = g.seq + 1, .wnd = WND, .mss = t[i].peer });
        net_getopt(l.h.net, s, NET_TCP_MAXSEG, &v);
        assert_int_equal(v, t[i].want);
        net_abort(l.h.net, s);
        lab_flush(&l);
    }
}

/* --- Nagle -------------------------------------------------------------------- */

/* Clause: RFC 9293 3.7.4, RFC 1122 4.2.3.4 */
static void nagle_gathers(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10);
    lab_expect(&l, PSH_ACK, 1, 1, 10);
    lab_writes(&l, s, 10, 20);
    lab_writes(&l, s, 30, 30);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 11, WND, 0);
    lab_expect(&l, PSH_ACK, 11, 1, 50);
    lab_writes(&l, s, 60, MSS);                             /* a full one need not wait */
    lab_expect(&l, PSH_ACK, 61, 1, MSS);
    lab_writes(&l, s, 60 + MSS, 5);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 61, WND, 0);            /* the small one has arrived: Minshall */
    lab_expect(&l, PSH_ACK, 61 + MSS, 1, 5);
    net_abort(l.h.net, s);
}

/* The odd end of a large write does not wait for anybody's delayed ACK. */
/* Clause: RFC 9293 A.3, RFC 9293 3.9.1.2 */
static void nagle_lets_the_tail_go(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 2 * MSS + 10);
    lab_full_segments(&l, MSS, 1, 2);
    lab_expect(&l, PSH_ACK, 1 + 2 * MSS, 1, 10);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.7.4 */
static void nodelay_sends_each_write(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10);
    lab_writes(&l, s, 10, 20);
    lab_expect(&l, PSH_ACK, 1, 1, 10);
    lab_silent(&l);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_NODELAY, 1), 0);
    lab_one_poll(&l);
    lab_expect(&l, PSH_ACK, 11, 1, 20);             /* what Nagle held leaves now */
    lab_writes(&l, s, 30, 5);
    lab_expect(&l, PSH_ACK, 31, 1, 5);
    net_abort(l.h.net, s);
}

/* --- ACKs --------------------------------------------------------------------- */

/* Clause: RFC 9293 3.8.6.3, RFC 5681 4.2 */
static void ack_is_delayed_40_ms(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_put(&l, TCP_ACK, 1, 1, WND, 100);
    assert_true(l.h.next_ns == l.now_ns + 40 * LAB_MS);
    lab_one_wait(&l, 40 * LAB_MS - 1);
    lab_silent(&l);
    lab_one_wait(&l, 1);
    lab_expect(&l, TCP_ACK, 1, 101, 0);
    lab_put(&l, TCP_ACK, 101, 1, WND, 100);         /* carried by what we send */
    lab_writes(&l, s, 0, 5);
    lab_expect(&l, PSH_ACK, 1, 201, 5);
    lab_one_wait(&l, 100 * LAB_MS);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.8.6.3, RFC 5681 4.2, RFC 9293 3.10.7.4 */
static void every_second_full_segment_is_acked(void **state)
{
    (void)state;
    struct lab_seg g;
    uint32_t acks = 0, last = 1;
    int s = lab_client(&l, WND, MSS);
    for (uint32_t i = 0; i < 40; i++) {
        uint8_t buf[2000];
        lab_put(&l, TCP_ACK, 1 + i * MSS, 1, WND, MSS);
        while (lab_get(&l, &g)) {
            acks++;
            assert_true(g.ack - l.irs - last <= 2 * MSS);
            last = g.ack - l.irs;
        }
        assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), MSS);
    }
    assert_in_range(acks, 20, 21);                  /* the first came before a full one was seen */
    net_abort(l.h.net, s);
}

/* --- our window --------------------------------------------------------------- */

/* Clause: RFC 9293 3.8.6.2.2 */
static void window_opens_by_worthwhile_steps(void **state)
{
    (void)state;
    struct lab_seg g;
    static uint8_t buf[70000];
    int s = lab_client(&l, WND, MSS);
    for (uint32_t i = 0; i < 44; i++)
        lab_put(&l, TCP_ACK, 1 + i * MSS, 1, WND, MSS);
    lab_put(&l, TCP_ACK, 1 + 44 * MSS, 1, WND, 65535 - 44 * MSS);
    lab_one_wait(&l, 50 * LAB_MS);
    while (lab_get(&l, &g))
        assert_int_equal(g.ack - l.irs - 1 + g.wnd, 65535);     /* the edge stays */
    assert_int_equal(g.wnd, 0);
    assert_int_equal(net_recv(l.h.net, s, buf, 1000), 1000);
    lab_one_wait(&l, LAB_S);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 65536, 1, WND, 1);         /* a probe: the answer offers no less */
    assert_true(lab_get(&l, &g));                   /* than one MSS, so nothing yet */
    assert_int_equal(g.wnd, 0);
    assert_int_equal(net_recv(l.h.net, s, buf, 460), 460);      /* one MSS: tell it */
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.wnd, MSS);
    lab_silent(&l);
    assert_int_equal(net_recv(l.h.net, s, buf, MSS - 1), MSS - 1);
    lab_one_poll(&l);
    lab_silent(&l);
    assert_int_equal(net_recv(l.h.net, s, buf, 65535), 65535 - 2 * MSS + 1);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.wnd, 65535);
    net_abort(l.h.net, s);
}

/* --- zero window -------------------------------------------------------------- */

/* Clause: RFC 9293 3.8.6.1 */
static void zero_window_is_probed(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 3000);
    lab_expect(&l, TCP_ACK, 1, 1, 1000);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    lab_silent(&l);
    int64_t gap = 200 * LAB_MS;
    /* Answered for hours, longer than any number of retries: it stays open (MUST-37). */
    for (int i = 0; i < 60; i++) {
        lab_one_wait(&l, gap - 1);
        lab_silent(&l);
        lab_one_wait(&l, 1);
        assert_true(lab_get(&l, &g));
        assert_int_equal(g.seq - l.iss, 1001);
        assert_int_equal(g.len, 1);
        assert_int_equal(g.text[0], lab_pattern(1000));
        lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
        gap = gap * 2 < 120 * LAB_S ? gap * 2 : 120 * LAB_S;
    }
    lab_put(&l, TCP_ACK, 1, 1001, 1000, 0);         /* open again, the probe was not taken */
    lab_expect(&l, TCP_ACK, 1001, 1, 1000);
    lab_put(&l, TCP_ACK, 1, 2001, 0, 0);
    lab_one_wait(&l, 200 * LAB_MS);                 /* back-off begins anew */
    lab_expect(&l, TCP_ACK, 2001, 1, 1);
    lab_put(&l, TCP_ACK, 1, 2002, 0, 0);            /* taken, still shut */
    lab_one_wait(&l, 400 * LAB_MS);
    lab_expect(&l, TCP_ACK, 2002, 1, 1);
    lab_put(&l, TCP_ACK, 1, 2003, 1000, 0);
    lab_expect(&l, PSH_ACK, 2003, 1, 998);
    assert_int_equal(net_counters(l.h.net)->drop_tcp_state, 0);
    lab_one_wait(&l, 200 * LAB_MS);                 /* the time-out is as before as well */
    lab_expect(&l, PSH_ACK, 2003, 1, 998);
    net_abort(l.h.net, s);
}

/* The back-off of probes is none of the segments that follow. */
/* Clause: RFC 9293 3.8.6.1 */
static void open_window_ends_the_back_off(void **state)
{
    (void)state;
    int s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 2000);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    lab_one_wait(&l, 10 * LAB_S);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 1, 1001, 1000, 0);
    lab_expect(&l, PSH_ACK, 1001, 1, 1000);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, PSH_ACK, 1001, 1, 1000);
    net_abort(l.h.net, s);
}

/* What carries no text must lie inside the window, or the peer drops it. */
/* Clause: RFC 9293 3.8.6 */
static void shrunk_window_bounds_our_acks(void **state)
{
    (void)state;
    int s = lab_client(&l, 3000, MSS);
    lab_writes(&l, s, 0, 2 * MSS);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 1, 1, 1000, 100);
    lab_one_wait(&l, 40 * LAB_MS);
    lab_expect(&l, TCP_ACK, 1001, 101, 0);
    net_abort(l.h.net, s);
}

/* RFC 9293 3.8.6, MUST-36: what is in flight is beyond a window that shrank to nothing. */
/* Clause: RFC 9293 3.8.6 */
static void window_shrinks_to_zero(void **state)
{
    (void)state;
    int s = lab_client(&l, 3000, MSS);
    lab_writes(&l, s, 0, 2 * MSS);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 1, 1, 0, 0);
    lab_one_wait(&l, 200 * LAB_MS);                 /* the time-out finds nothing to send */
    lab_silent(&l);
    for (int i = 0; i < 30; i++) {                  /* but it never gives up */
        lab_one_wait(&l, 121 * LAB_S);
        assert_true(lab_flush(&l) > 0);
        lab_put(&l, TCP_ACK, 1, 1, 0, 0);
    }
    lab_put(&l, TCP_ACK, 1, 1, 3000, 0);
    lab_full_segments(&l, MSS, 1, 1);
    lab_put(&l, TCP_ACK, 1, 1 + 2 * MSS, 3000, 0);  /* all of it had arrived */
    lab_silent(&l);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.8.3, RFC 9293 3.8.6.1 */
static void unanswered_probes_end_it(void **state)
{
    (void)state;
    int err, s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 3000);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    lab_flush(&l);
    lab_one_wait(&l, 1200 * LAB_S);
    assert_int_equal(lab_flush(&l), 15 + 1);        /* and the RST */
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, ETIMEDOUT);
    net_close(l.h.net, s);
}

static void nobody_waits_for_ever(void **state)
{
    (void)state;
    int s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 3000);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    assert_int_equal(net_close(l.h.net, s), 0);
    lab_flush(&l);
    for (int i = 0; i < 20; i++) {                  /* answers, but never opens */
        lab_one_wait(&l, 10 * LAB_S);
        lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    }
    assert_int_equal(net_sock_list(l.h.net, NULL, 0), 0);
}

/* A window too small to be worth it is used when the override timer says so. */
/* Clause: RFC 9293 3.8.6.2.1 */
static void silly_window_is_overridden(void **state)
{
    (void)state;
    int s = lab_client(&l, 5000, MSS);
    lab_writes(&l, s, 0, 5000 + 3000);
    assert_int_equal(lab_flush(&l), 3);
    lab_put(&l, TCP_ACK, 1, 1 + 3 * MSS, 200, 0);
    lab_silent(&l);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, TCP_ACK, 1 + 3 * MSS, 1, 200);
    lab_put(&l, TCP_ACK, 1, 201 + 3 * MSS, 5000, 0);
    assert_int_equal(lab_flush(&l), 3);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.8.6.1 */
static void fin_waits_for_the_window(void **state)
{
    (void)state;
    int s = lab_client(&l, 1000, MSS);
    lab_writes(&l, s, 0, 1000);
    lab_expect(&l, PSH_ACK, 1, 1, 1000);
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_one_poll(&l);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, TCP_ACK | TCP_FIN, 1001, 1, 0);  /* the probe is the FIN */
    lab_put(&l, TCP_ACK, 1, 1002, 0, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_FIN_WAIT_2);
    net_abort(l.h.net, s);
}

/* --- the circle --------------------------------------------------------------- */

/* A server's ISN is put just below 2^32 by waiting for its clock. */
/* Clause: RFC 9293 3.4 */
static void our_numbers_wrap(void **state)
{
    (void)state;
    struct lab_seg g;
    uint32_t seq = 1;
    int ls, s = lab_server(&l, WND, MSS, &ls);
    uint32_t away = 0xFFFFF000u - l.iss;
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
    lab_flush(&l);
    lab_one_wait(&l, (int64_t)away * 4000);
    s = lab_server(&l, WND, MSS, &ls);
    assert_true(l.iss >= 0xFFFFF000u);
    lab_writes(&l, s, 0, 60000);
    for (uint32_t sent = 0; sent < 60000;) {
        uint32_t end = seq;
        while (lab_get(&l, &g)) {
            assert_int_equal(g.seq - l.iss, end);
            end += g.len;
        }
        assert_true(end > seq);
        sent += end - seq;
        seq = end;
        lab_put(&l, TCP_ACK, 1, seq, WND, 0);
    }
    assert_int_equal(net_counters(l.h.net)->tcp_retransmits, 0);
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK | TCP_FIN, 60001, 1, 0);
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
}

/* Marks that stand still for more than 2^31 must not turn into "ahead". */
/* Clause: RFC 9293 3.4 */
static void old_marks_follow(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    struct tcp_conn *c = conn_of(s);
    for (int i = 0; i < 3; i++) {
        /* As if a GiB had gone by: all numbers of the connection move on together. */
        uint32_t jump = 1u << 30;
        l.iss += jump;
        c->snd_una.v += jump;
        c->snd_nxt.v += jump;
        c->snd_max.v += jump;
        c->snd_wl2.v += jump;
        lab_writes(&l, s, 0, MSS);
        lab_put(&l, TCP_ACK, 1, 1 + MSS, WND, 0);
        l.iss += MSS;
    }
    lab_flush(&l);
    lab_writes(&l, s, 0, 5 * MSS + 7);                      /* Nagle: nothing small is in flight */
    assert_int_equal(lab_flush(&l), 6);
    for (int i = 0; i < 3; i++)
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    assert_true(c->recovering);                     /* NewReno: nothing to recover before */
    net_abort(l.h.net, s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(initial_window_leaves_at_once),
        T(the_peers_window_is_kept),
        T(small_windows_are_used),
        T(full_nic_only_delays),
        T(empty_pool_only_delays),
        T(mss_is_the_smaller_one),
        T(nagle_gathers),
        T(nagle_lets_the_tail_go),
        T(nodelay_sends_each_write),
        T(ack_is_delayed_40_ms),
        T(every_second_full_segment_is_acked),
        T(window_opens_by_worthwhile_steps),
        T(zero_window_is_probed),
        T(open_window_ends_the_back_off),
        T(shrunk_window_bounds_our_acks),
        T(window_shrinks_to_zero),
        T(unanswered_probes_end_it),
        T(nobody_waits_for_ever),
        T(silly_window_is_overridden),
        T(fin_waits_for_the_window),
        T(our_numbers_wrap),
        T(old_marks_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
