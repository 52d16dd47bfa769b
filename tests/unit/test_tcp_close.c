/* SPDX-License-Identifier: Apache-2.0 */
/* How connections end: states of RFC 9293 3.3.2, TIME_WAIT, RST of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

#include <string.h>

/* --- closing ------------------------------------------------------------------ */

/* Clause: RFC 9293 3.6 */
static void active_close(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_send(l.h.net, s, "end", 3);
    assert_int_equal(net_shutdown(l.h.net, s, NET_SHUT_WR), 0);
    assert_int_equal(net_send(l.h.net, s, "x", 1), -EPIPE);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK | TCP_PSH, 1, 1, 3);     /* FIN rides on the last text */
    assert_int_equal(lab_state(&l, s), NET_TCP_FIN_WAIT_1);
    lab_put(&l, TCP_ACK, 1, 4, WND, 0);             /* of the text alone */
    assert_int_equal(lab_state(&l, s), NET_TCP_FIN_WAIT_1);
    lab_put(&l, TCP_ACK, 1, 5, WND, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_FIN_WAIT_2);
    lab_put(&l, FIN_ACK, 1, 5, WND, 10);
    lab_expect(&l, TCP_ACK, 5, 12, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_TIME_WAIT);
    assert_int_equal(lab_events(&l.h, NET_EV_TCP_FIN_SENT), 1);
    assert_int_equal(lab_events(&l.h, NET_EV_TCP_FIN_RCVD), 1);
    assert_int_equal(lab_event_err(&l.h, NET_EV_TCP_CLOSED), 0);
    assert_int_equal(net_recv(l.h.net, s, (char[20]){ 0 }, 20), 10);
    assert_int_equal(net_recv(l.h.net, s, (char[20]){ 0 }, 20), 0);
    net_close(l.h.net, s);
    assert_int_equal(conns(), 1);
    lab_one_wait(&l, 60 * LAB_S);
    assert_int_equal(conns(), 0);
    assert_int_equal(lab_events(&l.h, NET_EV_TCP_CLOSED), 1);
}

/* Clause: RFC 9293 3.6 */
static void passive_close(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_put(&l, FIN_ACK, 1, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1, 2, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    assert_int_equal(net_ready(l.h.net, s), NET_IN | NET_OUT | NET_RDHUP);
    assert_int_equal(net_send(l.h.net, s, "still", 5), 5);      /* half close: we may talk on */
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 2, 5);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK, 6, 2, 0);
    assert_int_equal(conns(), 1);
    lab_put(&l, TCP_ACK, 2, 7, WND, 0);
    assert_int_equal(conns(), 0);                   /* no TIME_WAIT on this side */
    lab_silent(&l);
}

/* No window update for a peer that sends no more. */
static void nothing_is_said_after_the_end(void **state)
{
    (void)state;
    static char buf[70000];
    int s = lab_client(&l, WND, MSS);
    for (uint32_t i = 0; i < 40; i++)
        lab_put(&l, TCP_ACK, 1 + i * MSS, 1, WND, MSS);
    lab_put(&l, FIN_ACK, 1 + 40 * MSS, 1, WND, 0);
    lab_flush(&l);
    assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), 40 * MSS);
    lab_one_wait(&l, LAB_S);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* Clause: RFC 9293 3.6 */
static void simultaneous_close(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK, 1, 1, 0);
    lab_put(&l, FIN_ACK, 1, 1, WND, 0);             /* crossed ours */
    lab_expect(&l, TCP_ACK, 2, 2, 0);
    struct net_sock_info i;
    assert_int_equal(net_sock_list(l.h.net, &i, 1), 1);
    assert_int_equal(i.state, NET_TCP_CLOSING);
    assert_int_equal(i.sock, -1);
    lab_put(&l, TCP_ACK, 2, 2, WND, 0);
    net_sock_list(l.h.net, &i, 1);
    assert_int_equal(i.state, NET_TCP_TIME_WAIT);
    lab_one_wait(&l, 60 * LAB_S);
    assert_int_equal(conns(), 0);
}

/* Clause: RFC 9293 3.10.7.4 */
static void fin_answered_by_fin(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK, 1, 1, 0);
    lab_put(&l, FIN_ACK, 1, 2, WND, 0);             /* acknowledges and ends in one */
    lab_expect(&l, TCP_ACK, 2, 2, 0);
    struct net_sock_info i;
    net_sock_list(l.h.net, &i, 1);
    assert_int_equal(i.state, NET_TCP_TIME_WAIT);
}

/* Clause: RFC 9293 3.6, RFC 1122 4.2.2.13 */
static void half_close_reads_on(void **state)
{
    (void)state;
    char buf[4000];
    int s = lab_client(&l, WND, MSS);
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_one_poll(&l);
    lab_put(&l, TCP_ACK, 1, 2, WND, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_FIN_WAIT_2);
    lab_one_wait(&l, 600 * LAB_S);                  /* with a user there is no bound */
    lab_put(&l, TCP_ACK, 1, 2, WND, 1400);
    assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), 1400);
    assert_int_equal(net_ready(l.h.net, s), NET_OUT);
    lab_put(&l, FIN_ACK, 1401, 2, WND, 0);
    assert_int_equal(net_ready(l.h.net, s), NET_IN | NET_OUT | NET_RDHUP | NET_HUP);
    net_close(l.h.net, s);
}

static void shutdown_for_reading_discards(void **state)
{
    (void)state;
    char buf[100];
    int s = lab_client(&l, WND, MSS);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    assert_int_equal(net_shutdown(l.h.net, s, NET_SHUT_RD), 0);
    assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), 10);
    assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), 0);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 11, 1, WND, 1400);
    lab_expect(&l, TCP_ACK, 1, 1411, 0);            /* taken, so that the peer is not held up */
    assert_int_equal(net_recv(l.h.net, s, buf, sizeof(buf)), 0);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK, 1, 1411, 0);            /* no RST: nothing is unread */
}

/* Clause: RFC 9293 3.6, RFC 6298 5.4 */
static void lost_fin_is_sent_again(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_send(l.h.net, s, "abc", 3);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK | TCP_PSH, 1, 1, 3);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, FIN_ACK | TCP_PSH, 1, 1, 3);
    lab_put(&l, TCP_ACK, 1, 4, WND, 0);
    lab_one_wait(&l, LAB_S);
    lab_expect(&l, FIN_ACK, 4, 1, 0);
    assert_int_equal(lab_events(&l.h, NET_EV_TCP_FIN_SENT), 1);
    lab_one_wait(&l, 400 * LAB_S);                  /* nobody waits: 8 times are enough */
    lab_flush(&l);
    assert_int_equal(conns(), 0);
}

/* Clause: RFC 2525 2.17, RFC 1122 4.2.2.13 */
static void close_with_unread_text_resets(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    net_close(l.h.net, s);
    lab_expect(&l, RST_ACK, 1, 11, 0);
    assert_int_equal(conns(), 0);
}

/* Clause: RFC 9293 3.6.1, RFC 2525 2.17 */
static void text_after_close_resets(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_expect(&l, FIN_ACK, 1, 1, 0);
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    lab_put(&l, TCP_ACK, 1, 2, WND, 10);
    lab_expect(&l, RST_ACK, 2, 1, 0);
    assert_int_equal(conns(), 0);
}

static void linger_zero_resets(void **state)
{
    (void)state;
    int v, s = lab_client(&l, WND, MSS);
    assert_int_equal(net_setopt(l.h.net, s, NET_SO_LINGER, 0), 0);
    net_getopt(l.h.net, s, NET_SO_LINGER, &v);
    assert_int_equal(v, 0);
    net_send(l.h.net, s, "lost", 4);
    net_close(l.h.net, s);
    lab_expect(&l, RST_ACK, 1, 1, 0);
    assert_int_equal(conns(), 0);
}

/* Clause: RFC 9293 3.10.5 */
static void abort_resets(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    assert_int_equal(net_abort(l.h.net, s), 0);
    lab_expect(&l, RST_ACK, 1, 1, 0);
    assert_int_equal(lab_event_err(&l.h, NET_EV_TCP_CLOSED), -ECONNABORTED);
    assert_int_equal(conns(), 0);
}

/* Clause: RFC 9293 3.10.4 */
static void close_while_connecting(void **state)
{
    (void)state;
    int s = net_socket(l.h.net, NET_STREAM);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&l);
    lab_flush(&l);
    net_close(l.h.net, s);
    assert_int_equal(conns(), 0);
    lab_silent(&l);
    assert_true(l.h.next_ns > l.now_ns);
}

/* Closed before the other side's ACK: FIN follows when it is there. RFC 9293 3.10.4. */
/* Clause: RFC 9293 3.10.4 */
static void close_in_syn_rcvd(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = net_socket(l.h.net, NET_STREAM);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    l.ours = g.sport;
    l.theirs = 80;
    l.iss = g.seq;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    lab_flush(&l);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    lab_expect(&l, FIN_ACK, 1, 1, 0);
}

static void fin_wait_2_without_user_ends(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_close(l.h.net, s);
    lab_one_poll(&l);
    lab_put(&l, TCP_ACK, 1, 2, WND, 0);
    lab_one_wait(&l, 60 * LAB_S - 1);
    assert_int_equal(conns(), 1);
    lab_one_wait(&l, 1);
    assert_int_equal(conns(), 0);
    lab_flush(&l);
    s = lab_client(&l, WND, MSS);                   /* closed only when already there */
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_one_poll(&l);
    lab_put(&l, TCP_ACK, 1, 2, WND, 0);
    net_close(l.h.net, s);
    lab_one_wait(&l, 60 * LAB_S);
    assert_int_equal(conns(), 0);
}

/* --- TIME_WAIT ---------------------------------------------------------------- */

static void to_time_wait(int *ls)
{
    net_close(l.h.net, lab_server_time_wait(&l, ls));
}

/* Clause: RFC 9293 3.6.1, RFC 9293 3.10.7.4 */
static void time_wait_answers_and_restarts(void **state)
{
    (void)state;
    int ls;
    to_time_wait(&ls);
    lab_one_wait(&l, 40 * LAB_S);
    lab_put(&l, FIN_ACK, 1, 2, WND, 0);             /* our ACK was lost */
    lab_expect(&l, TCP_ACK, 2, 2, 0);
    lab_one_wait(&l, 59 * LAB_S);
    assert_int_equal(conns(), 2);
    lab_one_wait(&l, LAB_S);
    assert_int_equal(conns(), 1);
    net_close(l.h.net, ls);
}

/* Clause: RFC 9293 3.6.1, RFC 1122 4.2.2.13 */
static void time_wait_lets_a_new_one_in(void **state)
{
    (void)state;
    struct lab_seg g;
    int ls;
    to_time_wait(&ls);
    lab_put(&l, TCP_SYN, 1, 0, WND, 0);             /* not beyond: a duplicate of old times */
    lab_expect(&l, TCP_ACK, 2, 2, 0);
    lab_put(&l, TCP_SYN, 100, 0, WND, 0);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, TCP_SYN | TCP_ACK);
    assert_true((int32_t)(g.seq - (l.iss + 2)) > 0);    /* RFC 1122 4.2.2.13 (a) */
    l.iss = g.seq;
    lab_put(&l, TCP_ACK, 101, 1, WND, 0);
    int s = net_accept(l.h.net, ls, NULL, NULL);
    assert_true(s >= 0);
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
}

/* Unread text is no reason for RST here: the peer has closed as well. */
static void time_wait_stays_after_close(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_one_poll(&l);
    lab_put(&l, FIN_ACK, 1, 2, WND, 10);
    lab_flush(&l);
    net_close(l.h.net, s);
    lab_silent(&l);
    assert_int_equal(conns(), 1);
    lab_put(&l, FIN_ACK, 1, 2, WND, 10);
    lab_expect(&l, TCP_ACK, 2, 12, 0);
}

/* Peers that never answer our FIN cannot use up the control blocks: beyond so many the
 * last one is reset instead of waited for. */
static void too_many_orphans_are_reset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        int s = lab_client(&l, WND, MSS);           /* there is always one more */
        net_close(l.h.net, s);
        lab_one_poll(&l);
        lab_expect(&l, i < 8 ? FIN_ACK : RST_ACK, 1, 1, 0);
    }
    assert_int_equal(conns(), 8);
    lab_one_wait(&l, 200 * LAB_S);
    lab_flush(&l);
    assert_int_equal(conns(), 0);
}

/* Old connections never keep new ones out: the oldest TIME_WAIT makes room. */
static void time_wait_makes_room(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        int s = lab_client(&l, WND, MSS);
        if (i % 2)
            net_close(l.h.net, s);
        else
            net_shutdown(l.h.net, s, NET_SHUT_WR);
        lab_one_poll(&l);
        lab_put(&l, FIN_ACK, 1, 2, WND, 0);
        if (i % 2 == 0)
            net_close(l.h.net, s);
        lab_flush(&l);
    }
    assert_int_equal(conns(), l.h.net->tcp.max);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(active_close),
        T(passive_close),
        T(nothing_is_said_after_the_end),
        T(simultaneous_close),
        T(fin_answered_by_fin),
        T(half_close_reads_on),
        T(shutdown_for_reading_discards),
        T(lost_fin_is_sent_again),
        T(close_with_unread_text_resets),
        T(text_after_close_resets),
        T(linger_zero_resets),
        T(abort_resets),
        T(close_while_connecting),
        T(close_in_syn_rcvd),
        T(fin_wait_2_without_user_ends),
        T(time_wait_answers_and_restarts),
        T(time_wait_lets_a_new_one_in),
        T(time_wait_stays_after_close),
        T(too_many_orphans_are_reset),
        T(time_wait_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
