/* SPDX-License-Identifier: Apache-2.0 */
/* Loss, and how much may be in flight: RFC 5681, 6582, 3042, 3465, 6298, 6928. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

/* --- loss --------------------------------------------------------------------- */

/* Clause: RFC 5681 3.2, RFC 6582 3.2, RFC 3042 2 */
static void three_duplicates_send_again(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 60000);
    lab_full_segments(&l, MSS, 1, 10);
    for (int i = 0; i < 2; i++) {
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);
        lab_expect(&l, TCP_ACK, 1 + (10 + (uint32_t)i) * MSS, 1, MSS);  /* RFC 3042 */
        lab_silent(&l);
    }
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1, 1, MSS);             /* RFC 5681 3.2 */
    lab_silent(&l);
    /* Half of what was in flight, without what limited transmit added: 5681 3.2 (2). */
    assert_int_equal(conn_of(s)->ssthresh, 5 * MSS);
    assert_int_equal(conn_of(s)->cwnd, 8 * MSS);
    for (int i = 0; i < 4; i++)
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);         /* four more have left the network */
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1 + 12 * MSS, 1, MSS);
    assert_int_equal(conn_of(s)->cwnd, 13 * MSS);
    lab_put(&l, TCP_ACK, 1, 1 + 4 * MSS, WND, 0);   /* partial: RFC 6582 3.2 */
    assert_int_equal(conn_of(s)->cwnd, 10 * MSS);   /* less 4, and 1 more */
    lab_expect(&l, TCP_ACK, 1 + 4 * MSS, 1, MSS);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 1, 1 + 12 * MSS, WND, 0);  /* full */
    assert_false(conn_of(s)->recovering);
    assert_true(conn_of(s)->cwnd <= 5 * MSS);
    lab_put(&l, TCP_ACK, 1, 1 + 12 * MSS, WND, 0);
    lab_flush(&l);
    lab_one_wait(&l, 190 * LAB_MS);                 /* no time-out was needed */
    assert_int_equal(net_counters(l.h.net)->tcp_retransmits, 2);
    net_abort(l.h.net, s);
}

/* Text, a changed window or nothing in flight: not duplicates. */
/* Clause: RFC 5681 2 */
static void not_every_repetition_is_a_duplicate(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    for (uint32_t i = 0; i < 5; i++)
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);         /* nothing in flight */
    lab_writes(&l, s, 0, 20000);
    lab_flush(&l);
    for (uint32_t i = 0; i < 5; i++)
        lab_put(&l, TCP_ACK, 1 + i, 1, WND, 1);     /* text */
    for (uint16_t i = 1; i < 6; i++)
        lab_put(&l, TCP_ACK, 6, 1, (uint16_t)(WND - i), 0);     /* window */
    assert_int_equal(net_counters(l.h.net)->tcp_retransmits, 0);
    assert_int_equal(conn_of(s)->dup_acks, 0);
    net_abort(l.h.net, s);
}

/* Clause: RFC 5681 3.1, RFC 6582 4, RFC 9293 3.8.2, RFC 6298 5.4 */
static void time_out_starts_slowly(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 60000);
    lab_full_segments(&l, MSS, 1, 10);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, TCP_ACK, 1, 1, MSS);
    lab_silent(&l);
    assert_int_equal(conn_of(s)->cwnd, MSS);
    assert_int_equal(conn_of(s)->ssthresh, 5 * MSS);
    for (int i = 0; i < 6; i++)
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);         /* of the first flight: RFC 6582 4 */
    assert_false(conn_of(s)->recovering);
    lab_flush(&l);
    lab_put(&l, TCP_ACK, 1, 1 + 10 * MSS, WND, 0);
    assert_int_equal(conn_of(s)->cwnd, 3 * MSS);
    net_abort(l.h.net, s);
}

/* After a time-out everything unacknowledged goes again, as slow start allows. */
/* Clause: RFC 5681 3.1, RFC 3465 2.3 */
static void time_out_sends_all_again(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10 * MSS);
    lab_full_segments(&l, MSS, 1, 10);
    lab_one_wait(&l, 200 * LAB_MS);
    lab_expect(&l, TCP_ACK, 1, 1, MSS);
    lab_put(&l, TCP_ACK, 1, 1 + MSS, WND, 0);
    lab_full_segments(&l, MSS, 1 + MSS, 2);
    lab_silent(&l);
    lab_put(&l, TCP_ACK, 1, 1 + 3 * MSS, WND, 0);   /* RFC 3465 2.3: by one, not by two */
    lab_full_segments(&l, MSS, 1 + 3 * MSS, 3);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* RFC 5681 3.1: the second time-out of the same segment leaves ssthresh alone. */
/* Clause: RFC 5681 3.1 */
static void repeated_time_out(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    conn_of(s)->cwnd = 20 * MSS;
    lab_writes(&l, s, 0, 20 * MSS);
    lab_one_wait(&l, 200 * LAB_MS);
    assert_int_equal(conn_of(s)->ssthresh, 10 * MSS);
    conn_of(s)->ssthresh = 9 * MSS;                 /* a mark */
    lab_one_wait(&l, 1400 * LAB_MS);
    assert_int_equal(conn_of(s)->retries, 3);
    assert_int_equal(conn_of(s)->ssthresh, 9 * MSS);
    lab_flush(&l);
    net_abort(l.h.net, s);
}

/* Clause: RFC 5681 3.1, RFC 3465 2.1, RFC 9293 3.8.2 */
static void congestion_avoidance_is_linear(void **state)
{
    (void)state;
    uint32_t una = 1;
    int s = lab_client(&l, WND, MSS);
    struct tcp_conn *c = conn_of(s);
    c->cwnd = c->ssthresh = 10 * MSS;
    for (uint32_t round = 0; round < 5; round++) {
        uint32_t segs = 10 + round;
        assert_int_equal(c->cwnd, segs * MSS);
        lab_writes(&l, s, una - 1, segs * MSS);
        for (uint32_t i = 0; i < segs; i++)
            lab_put(&l, TCP_ACK, 1, una + (i + 1) * MSS, WND, 0);
        una += segs * MSS;
        lab_flush(&l);
    }
    net_abort(l.h.net, s);
}

/* Clause: RFC 5681 4.1 */
static void idle_forgets_the_window(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10 * MSS);
    lab_put(&l, TCP_ACK, 1, 1 + 10 * MSS, WND, 0);
    conn_of(s)->cwnd = 40 * MSS;
    lab_flush(&l);
    lab_one_wait(&l, 300 * LAB_MS);
    lab_writes(&l, s, 10 * MSS, 20 * MSS);
    assert_int_equal(lab_flush(&l), 10);
    net_abort(l.h.net, s);
}

/* A retransmission carries what was sent, and nothing beyond the peer's window. */
/* Clause: RFC 9293 3.8.6, RFC 5681 3.2 */
static void again_is_what_was_sent(void **state)
{
    (void)state;
    int s = lab_client(&l, 100, MSS);
    lab_writes(&l, s, 0, 100);
    lab_expect(&l, PSH_ACK, 1, 1, 100);
    lab_writes(&l, s, 100, 2000);
    lab_silent(&l);
    for (int i = 0; i < 3; i++)
        lab_put(&l, TCP_ACK, 1, 1, 100, 0);
    lab_expect(&l, TCP_ACK, 1, 1, 100);
    lab_silent(&l);
    net_abort(l.h.net, s);
}

/* The round trip became longer than the time-out: all is sent twice and gives no sample.
 * Only because the back-off stays does the next one get through unrepeated. */
/* Clause: RFC 6298 3, RFC 6298 5.5, RFC 1122 4.2.3.1 */
static void back_off_stays_until_a_sample(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10);
    lab_one_wait(&l, 350 * LAB_MS);                 /* again at 200 ms */
    assert_int_equal(lab_flush(&l), 2);
    lab_put(&l, TCP_ACK, 1, 11, WND, 0);
    assert_true(tcp_rto(conn_of(s)) == 400 * LAB_MS);
    lab_writes(&l, s, 10, 10);
    lab_one_wait(&l, 350 * LAB_MS);
    assert_int_equal(lab_flush(&l), 1);
    lab_put(&l, TCP_ACK, 1, 21, WND, 0);            /* a sample at last */
    assert_int_equal(conn_of(s)->backoff, 0);
    assert_true(tcp_rto(conn_of(s)) > 350 * LAB_MS);
    net_abort(l.h.net, s);
}

/* Not all of it, or time-outs of one segment after the other would add up to minutes. */
/* Clause: RFC 6298 5.5 */
static void some_of_a_long_back_off_stays(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10);
    lab_one_wait(&l, 20 * LAB_S);
    assert_true(tcp_rto(conn_of(s)) > 10 * LAB_S);
    lab_put(&l, TCP_ACK, 1, 11, WND, 0);
    assert_true(tcp_rto(conn_of(s)) == 800 * LAB_MS);
    net_abort(l.h.net, s);
}

/* Two holes in one window: recovery ends with what was sent before it began, without a
 * time-out and with one retransmission for each hole. */
/* Clause: RFC 6582 3.2, RFC 6582 3.1 */
static void each_hole_is_filled_once(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, MSS);
    lab_writes(&l, s, 0, 10 * MSS);
    lab_full_segments(&l, MSS, 1, 10);
    for (int i = 0; i < 8; i++)                     /* segments 1 and 4 were lost */
        lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1, 1, MSS);
    lab_silent(&l);
    assert_int_equal(conn_of(s)->ssthresh, 5 * MSS);
    lab_put(&l, TCP_ACK, 1, 1 + 3 * MSS, WND, 0);
    lab_expect(&l, TCP_ACK, 1 + 3 * MSS, 1, MSS);
    assert_true(conn_of(s)->recovering);
    lab_put(&l, TCP_ACK, 1, 1 + 10 * MSS, WND, 0);
    lab_silent(&l);
    assert_false(conn_of(s)->recovering);
    assert_int_equal(conn_of(s)->cwnd, 2 * MSS);    /* min (ssthresh, max (flight, SMSS) + SMSS) */
    assert_int_equal(net_counters(l.h.net)->tcp_retransmits, 2);
    net_abort(l.h.net, s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(three_duplicates_send_again),
        T(not_every_repetition_is_a_duplicate),
        T(time_out_starts_slowly),
        T(time_out_sends_all_again),
        T(repeated_time_out),
        T(congestion_avoidance_is_linear),
        T(idle_forgets_the_window),
        T(again_is_what_was_sent),
        T(back_off_stays_until_a_sample),
        T(some_of_a_long_back_off_stays),
        T(each_hole_is_filled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
