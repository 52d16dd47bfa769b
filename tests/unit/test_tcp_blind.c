/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger, or a segment from an old connection, can do: as little as RFC 5961, RFC
 * 1337 and RFC 9293 allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

/* --- RST ---------------------------------------------------------------------- */

/* A segment that begins before rcv_nxt is cut; its own number still has to be exact, or
 * text would make a thousand guesses out of one. */
/* Clause: RFC 5961 3.2 */
static void rst_with_text_must_be_exact(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, TCP_RST, 0, 0, 0, 20);
    lab_expect(&l, TCP_ACK, 1, 1, 0);               /* a challenge */
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    lab_put(&l, TCP_RST, 1, 0, 0, 20);              /* RST may carry text: SHLD-2 */
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    lab_silent(&l);
    net_close(l.h.net, s);
}

/* Clause: RFC 1337 3 */
static void time_wait_ignores_rst(void **state)
{
    (void)state;
    uint32_t seq;
    int s = lab_reach(&l, NET_TCP_TIME_WAIT, &seq);
    for (uint32_t d = 0; d < 3; d++)
        lab_put(&l, TCP_RST | (d ? TCP_ACK : 0), seq + d, 2, 0, 0);
    lab_silent(&l);
    assert_int_equal(lab_state(&l, s), NET_TCP_TIME_WAIT);
    assert_int_equal(net_counters(l.h.net)->drop_tcp_state, 3);
    lab_one_wait(&l, 60 * LAB_S);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    net_close(l.h.net, s);
}

/* --- SYN ---------------------------------------------------------------------- */

/* Clause: RFC 5961 4.2 */
static void syn_before_the_window_is_no_text(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    lab_put(&l, SYN_ACK, 0, 1, WND, 20);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    reads(s, 0, 0);
    net_abort(l.h.net, s);
}

/* The other side began anew: its next SYN finds the place free. */
/* Clause: RFC 9293 3.10.7.4, RFC 5961 4.2 */
static void another_syn_frees_a_passive_one(void **state)
{
    (void)state;
    struct lab_seg g;
    int s = listening(80, 1);
    l.ours = 80;
    l.theirs = 9;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    assert_int_equal(lab_flush(&l), 1);
    lab_put(&l, TCP_SYN, 500, 0, WND, 0);
    lab_silent(&l);
    assert_int_equal(conns(), 1);
    lab_put(&l, TCP_SYN, 500, 0, WND, 0);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, SYN_ACK);
    assert_int_equal(g.ack - l.irs, 501);
    net_close(l.h.net, s);
}

/* --- ACK ---------------------------------------------------------------------- */

/* Two ends whose numbers do not fit would answer each other for ever. */
/* Clause: RFC 5961 7 */
static void no_storm_of_acks(void **state)
{
    (void)state;
    int s = lab_client(&l, WND, 1460);
    for (int i = 0; i < 100; i++)
        lab_put(&l, TCP_ACK, 0u - 1000, 1, WND, 0);
    assert_int_equal(lab_flush(&l), 1);
    for (int i = 0; i < 100; i++)
        lab_put(&l, TCP_SYN, 0u - 1000, 1, WND, 0);
    assert_int_equal(lab_flush(&l), 0);
    lab_one_wait(&l, 500 * LAB_MS);
    lab_put(&l, TCP_ACK, 0, 1, WND, 0);             /* a keepalive probe gets its answer */
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    for (int i = 0; i < 3; i++) {                   /* text was sent twice: each is answered */
        lab_put(&l, TCP_ACK, 0u - 1000, 1, WND, 100);
        lab_expect(&l, TCP_ACK, 1, 1, 0);
    }
    net_abort(l.h.net, s);
}

/* Blind text: the ACK has to lie in what was sent, or one largest window before. */
/* Clause: RFC 5961 5.2 */
static void blind_text_needs_an_ack_in_range(void **state)
{
    (void)state;
    const struct { uint32_t ack; bool taken; } t[] = {
        { 2, false }, { 1u << 31, false }, { 0u - 3000, false }, { 0u - 2999, true },
        { 0, true }, { 1, true },
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char b[10];
        int s = lab_client(&l, 3000, 1460);
        lab_put(&l, TCP_ACK, 1, t[i].ack, 3000, 5);
        assert_int_equal(net_recv(l.h.net, s, b, sizeof(b)), t[i].taken ? 5 : -EAGAIN);
        net_abort(l.h.net, s);
        lab_flush(&l);
    }
}

/* --- TIME_WAIT ---------------------------------------------------------------- */

/* Only the peer's own FIN says that our ACK was lost. */
/* Clause: RFC 9293 3.10.7.4 */
static void another_fin_does_not_prolong(void **state)
{
    (void)state;
    uint32_t seq;
    int s = lab_reach(&l, NET_TCP_TIME_WAIT, &seq);
    lab_one_wait(&l, 40 * LAB_S);
    lab_put(&l, FIN_ACK, seq - 500, 2, WND, 10);
    lab_put(&l, FIN_ACK, seq + 80000, 2, WND, 10);
    lab_flush(&l);
    lab_one_wait(&l, 20 * LAB_S);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    net_close(l.h.net, s);
}

/* A SYN that the listener would not take does not end the old connection either. */
/* Clause: RFC 9293 3.6.1, RFC 1122 4.2.2.13 */
static void time_wait_yields_to_a_good_syn_only(void **state)
{
    (void)state;
    int ls, s = lab_server_time_wait(&l, &ls);
    lab_put(&l, TCP_SYN | TCP_FIN, 100, 0, WND, 0);
    lab_flush(&l);
    assert_int_equal(lab_state(&l, s), NET_TCP_TIME_WAIT);
    l.theirs++;
    for (int i = 0; i < 4; i++, l.theirs++)
        lab_put(&l, TCP_SYN, 0, 0, WND, 0);         /* the backlog is full now */
    assert_int_equal(lab_flush(&l), 4);
    l.theirs = 5555;
    lab_put(&l, TCP_SYN, 100, 0, WND, 0);
    lab_silent(&l);
    assert_int_equal(net_counters(l.h.net)->drop_tcp_backlog, 1);
    assert_int_equal(lab_state(&l, s), NET_TCP_TIME_WAIT);
    net_close(l.h.net, s);
    net_close(l.h.net, ls);
}

/* --- SYNs without end --------------------------------------------------------- */

/* However long a backlog is: what strangers open leaves a place for each socket of ours. */
/* Clause: RFC 4987 3.1 */
static void a_flood_leaves_room_for_sockets(void **state)
{
    (void)state;
    enum { SOCKETS = 8 };
    int s[SOCKETS];
    lab_one_close(&l);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .max_sockets = SOCKETS });
    s[0] = net_socket(l.h.net, NET_STREAM);
    net_bind(l.h.net, s[0], 0, 80);
    net_listen(l.h.net, s[0], 4000);
    l.ours = 80;
    for (int i = 0; i < 100; i++, l.theirs++)
        lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    assert_int_equal(lab_flush(&l), SOCKETS);       /* each may still get a socket */
    assert_int_equal(net_counters(l.h.net)->drop_tcp_backlog, 100 - SOCKETS);
    for (int i = 1; i < SOCKETS; i++)
        assert_true((s[i] = net_socket(l.h.net, NET_STREAM)) >= 0);
    for (int i = 0; i < SOCKETS; i++)
        net_close(l.h.net, s[i]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(rst_with_text_must_be_exact),
        T(time_wait_ignores_rst),
        T(syn_before_the_window_is_no_text),
        T(another_syn_frees_a_passive_one),
        T(no_storm_of_acks),
        T(blind_text_needs_an_ack_in_range),
        T(another_fin_does_not_prolong),
        T(time_wait_yields_to_a_good_syn_only),
        T(a_flood_leaves_room_for_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
