/* SPDX-License-Identifier: Apache-2.0 */
/* How connections begin and what they meet: backlog, ports, numbers, errors from the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

#include <string.h>

/* --- backlog ------------------------------------------------------------------ */

static void syn_from(uint16_t port)
{
    l.ours = 80;
    l.theirs = port;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
}

static bool shake(uint16_t port)
{
    struct lab_seg g;
    syn_from(port);
    if (!lab_get(&l, &g))
        return false;
    l.iss = g.seq;
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    return true;
}

static void backlog_bounds_those_who_wait(void **state)
{
    (void)state;
    uint32_t addr;
    uint16_t port;
    int ls = listening(80, 3);
    syn_from(1);                                    /* half open counts as well */
    assert_int_equal(lab_flush(&l), 1);
    assert_true(shake(2));
    assert_true(shake(3));
    assert_false(shake(4));                         /* silence: it will try again */
    assert_int_equal(net_counters(l.h.net)->drop_tcp_backlog, 1);
    int s = net_accept(l.h.net, ls, &addr, &port);
    assert_int_equal(port, 2);                      /* in the order of their handshakes */
    assert_int_equal(addr, LAB_THEIRS);
    assert_true(shake(4));
    int s3 = net_accept(l.h.net, ls, NULL, &port);
    assert_int_equal(port, 3);
    net_abort(l.h.net, s);
    net_abort(l.h.net, s3);
    net_close(l.h.net, ls);
}

/* Clause: RFC 9293 3.10.4 */
static void closing_a_listener_resets_its_queue(void **state)
{
    (void)state;
    int ls = listening(80, 5);
    assert_true(shake(1));
    assert_true(shake(2));
    syn_from(3);
    lab_flush(&l);
    net_close(l.h.net, ls);
    assert_int_equal(lab_flush(&l), 3);
    assert_int_equal(net_counters(l.h.net)->tcp_tx_rst, 3);
    assert_int_equal(conns(), 0);
    syn_from(4);
    lab_expect(&l, RST_ACK, 0u - l.iss, 1, 0);
}

static void a_reset_child_leaves_the_queue(void **state)
{
    (void)state;
    int ls = listening(80, 5);
    assert_true(shake(1));
    assert_true(shake(2));
    l.theirs = 1;
    lab_put(&l, TCP_RST, 1, 0, 0, 0);
    int s = net_accept(l.h.net, ls, NULL, NULL);
    uint16_t port;
    net_getpeername(l.h.net, s, NULL, &port);
    assert_int_equal(port, 2);
    assert_int_equal(net_accept(l.h.net, ls, NULL, NULL), -EAGAIN);
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
}

static void an_unaccepted_child_takes_text(void **state)
{
    (void)state;
    int ls = listening(80, 5);
    assert_true(shake(1));
    lab_put(&l, TCP_ACK, 1, 1, WND, 500);
    lab_put(&l, FIN_ACK, 501, 1, WND, 0);
    int s = net_accept(l.h.net, ls, NULL, NULL);
    assert_int_equal(net_ready(l.h.net, s), NET_IN | NET_OUT | NET_RDHUP);
    assert_int_equal(net_recv(l.h.net, s, (char[600]){ 0 }, 600), 500);
    assert_int_equal(net_recv(l.h.net, s, (char[600]){ 0 }, 600), 0);
    net_close(l.h.net, s);
    net_close(l.h.net, ls);
}

/* --- ports -------------------------------------------------------------------- */

static int bind_new(uint32_t addr, uint16_t port, bool reuse, int *s)
{
    *s = net_socket(l.h.net, NET_STREAM);
    net_setopt(l.h.net, *s, NET_SO_REUSEADDR, reuse);
    return net_bind(l.h.net, *s, addr, port);
}

static void ports_are_not_shared_unasked(void **state)
{
    (void)state;
    int a, b, c;
    assert_int_equal(bind_new(0, 80, false, &a), 0);
    assert_int_equal(net_bind(l.h.net, a, 0, 81), -EINVAL);
    assert_int_equal(bind_new(LAB_OURS, 80, false, &b), -EADDRINUSE);
    assert_int_equal(net_bind(l.h.net, b, LAB_THEIRS, 80), -EADDRNOTAVAIL);
    assert_int_equal(bind_new(0, 80, true, &c), -EADDRINUSE);   /* both must ask */
    net_setopt(l.h.net, a, NET_SO_REUSEADDR, 1);
    assert_int_equal(net_bind(l.h.net, c, 0, 80), 0);
    assert_int_equal(net_listen(l.h.net, a, 1), 0);
    assert_int_equal(net_listen(l.h.net, c, 1), -EADDRINUSE);   /* but one listens */
    net_close(l.h.net, a);
    assert_int_equal(net_listen(l.h.net, c, 1), 0);
    net_setopt(l.h.net, b, NET_SO_REUSEADDR, 1);
    assert_int_equal(net_bind(l.h.net, b, 0, 80), -EADDRINUSE);
    net_close(l.h.net, b);
    net_close(l.h.net, c);
}

static void a_server_may_start_again(void **state)
{
    (void)state;
    int ls, a, b;
    net_close(l.h.net, lab_server_time_wait(&l, &ls));
    net_close(l.h.net, ls);
    assert_int_equal(bind_new(0, 80, false, &a), -EADDRINUSE);  /* its TIME_WAIT is there */
    net_close(l.h.net, a);
    lab_one_wait(&l, 61 * LAB_S);
    assert_int_equal(bind_new(0, 80, false, &a), 0);
    net_close(l.h.net, a);
    ls = net_socket(l.h.net, NET_STREAM);                       /* now with the option */
    net_setopt(l.h.net, ls, NET_SO_REUSEADDR, 1);
    net_bind(l.h.net, ls, 0, 80);
    net_listen(l.h.net, ls, 2);
    assert_true(shake(9));
    b = net_accept(l.h.net, ls, NULL, NULL);
    net_close(l.h.net, ls);
    assert_int_equal(bind_new(0, 80, true, &a), 0);
    assert_int_equal(net_listen(l.h.net, a, 2), 0);
    net_close(l.h.net, a);
    net_abort(l.h.net, b);
}

/* Clause: RFC 6056 3.3.3 */
static void ephemeral_ports_differ(void **state)
{
    (void)state;
    uint16_t port[6];
    int s[6];
    for (int i = 0; i < 6; i++) {
        s[i] = net_socket(l.h.net, NET_STREAM);
        if (i % 2)
            assert_int_equal(net_bind(l.h.net, s[i], 0, 0), 0);
        net_connect(l.h.net, s[i], LAB_THEIRS, 80);
        net_getsockname(l.h.net, s[i], NULL, &port[i]);
        assert_in_range(port[i], 32768, 60999);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(port[i], port[k]);
    }
    net_close(l.h.net, s[5]);
    s[5] = net_socket(l.h.net, NET_STREAM);
    l.h.net->tcp.port_counter -= 3;                 /* would give those of 0, 2, 4 again */
    net_connect(l.h.net, s[5], LAB_THEIRS, 80);
    net_getsockname(l.h.net, s[5], NULL, &port[5]);
    for (int i = 0; i < 5; i++)
        assert_int_not_equal(port[5], port[i]);
    for (int i = 0; i < 6; i++)
        net_close(l.h.net, s[i]);
}

/* Clause: RFC 9293 3.4.1 */
static void one_connection_per_pair_of_ends(void **state)
{
    (void)state;
    int a, b;
    assert_int_equal(bind_new(0, 4000, true, &a), 0);
    assert_int_equal(bind_new(0, 4000, true, &b), 0);
    assert_int_equal(net_connect(l.h.net, a, LAB_THEIRS, 80), -EINPROGRESS);
    assert_int_equal(net_connect(l.h.net, b, LAB_THEIRS, 80), -EADDRNOTAVAIL);
    assert_int_equal(net_connect(l.h.net, b, LAB_THEIRS, 81), -EINPROGRESS);
    assert_int_equal(net_connect(l.h.net, b, LAB_THEIRS, 82), -EALREADY);
    net_close(l.h.net, a);
    net_close(l.h.net, b);
}

/* --- numbers that nobody guesses, but that a seed repeats --------------------- */

struct first_syn { uint32_t iss; uint16_t port; };

static struct first_syn first_syn(uint64_t seed)
{
    struct lab_one x;
    struct lab_seg g;
    lab_one_open(&x, &(struct lab_cfg){ .seed = seed });
    int s = net_socket(x.h.net, NET_STREAM);
    net_connect(x.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&x);
    assert_true(lab_get(&x, &g));
    lab_one_close(&x);
    return (struct first_syn){ g.seq, g.sport };
}

/* Clause: RFC 6528 3, RFC 6056 3.3.3 */
static void seeds_repeat(void **state)
{
    (void)state;
    struct first_syn a = first_syn(7), b = first_syn(7), c = first_syn(8);
    assert_int_equal(a.iss, b.iss);
    assert_int_equal(a.port, b.port);
    assert_int_not_equal(a.iss, c.iss);
    assert_int_not_equal(a.port, c.port);
}

/* Clause: RFC 9293 3.4.1, RFC 6528 3 */
static void isn_moves_with_the_clock(void **state)
{
    (void)state;
    const struct tcp_conn c = { .laddr = 1, .lport = 2, .raddr = 3, .rport = 4 };
    const struct tcp_conn d = { .laddr = 1, .lport = 2, .raddr = 3, .rport = 5 };
    uint32_t a = tcp_isn(l.h.net, &c, 0).v;
    assert_int_equal(tcp_isn(l.h.net, &c, LAB_S).v - a, 250000);
    assert_true(tcp_isn(l.h.net, &d, 0).v != a);
}

/* --- errors from the network -------------------------------------------------- */

/* Clause: RFC 9293 3.10.7.3 */
static void refused(void **state)
{
    (void)state;
    struct lab_seg g;
    int err, s = net_socket(l.h.net, NET_STREAM);
    net_connect(l.h.net, s, LAB_THEIRS, 81);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    lab_one_put(&l, &(struct lab_seg){ .sport = 81, .dport = g.sport, .flags = RST_ACK,
                                       .ack = g.seq + 1 });
    assert_int_equal(net_ready(l.h.net, s) & (NET_ERR | NET_OUT), NET_ERR);
    assert_int_equal(net_changed(l.h.net), s);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, ECONNREFUSED);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, 0);
    assert_int_equal(net_recv(l.h.net, s, &err, 1), -ENOTCONN);
    assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 82), -EINPROGRESS);    /* once more */
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.dport, 82);
    net_close(l.h.net, s);
}

/* A socket whose connection has ended is as good as new. */
static void a_socket_connects_again(void **state)
{
    (void)state;
    struct lab_seg g;
    char b[10];
    int err, s = lab_client(&l, WND, MSS);
    lab_put(&l, TCP_ACK, 1, 1, WND, 5);
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_put(&l, TCP_RST, 6, 0, 0, 0);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, ECONNRESET);
    lab_flush(&l);
    assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 81), -EINPROGRESS);
    assert_int_equal(net_recv(l.h.net, s, b, sizeof(b)), -EAGAIN);      /* old text is gone */
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    l.ours = g.sport;
    l.theirs = 81;
    l.iss = g.seq;
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 1, WND, 0);
    lab_expect(&l, TCP_ACK, 1, 1, 0);
    assert_int_equal(net_send(l.h.net, s, "new", 3), 3);
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 3);
    net_abort(l.h.net, s);
}

static void nobody_answers_arp(void **state)
{
    (void)state;
    int err, s = net_socket(l.h.net, NET_STREAM);
    l.deaf = true;
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_wait(&l, 10 * LAB_S);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, EHOSTUNREACH);
    assert_int_equal(lab_event_err(&l.h, NET_EV_TCP_CLOSED), -EHOSTUNREACH);
    net_close(l.h.net, s);
}

static void icmp_about(uint32_t seq, int err, uint16_t mtu)
{
    const struct icmp4_error_view e = {
        .err = err, .hard = true, .mtu = mtu, .proto = 6, .src = LAB_OURS, .dst = LAB_THEIRS,
        .sport = l.ours, .dport = l.theirs, .seq = seq,
    };
    tcp_icmp_error(l.h.net, &e);
    lab_one_poll(&l);
}

/* Clause: RFC 1122 4.2.3.9, RFC 5927 4.1, RFC 9293 3.9.2.2 */
static void unreachable_while_connecting(void **state)
{
    (void)state;
    struct lab_seg g;
    int err, s = net_socket(l.h.net, NET_STREAM);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    l.ours = g.sport;
    l.theirs = 80;
    icmp_about(g.seq + 1, ENETUNREACH, 0);          /* a number that was not sent: forged */
    icmp_about(g.seq - 1, ENETUNREACH, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_SYN_SENT);
    icmp_about(g.seq, ENETUNREACH, 0);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, ENETUNREACH);
    net_close(l.h.net, s);
}

/* Once open, it is only the reason of a time-out that comes anyway. */
/* Clause: RFC 9293 3.9.2.2, RFC 5927 5.2 */
static void unreachable_later_is_soft(void **state)
{
    (void)state;
    int err, s = lab_client(&l, WND, MSS);
    net_send(l.h.net, s, "abc", 3);
    lab_one_poll(&l);
    icmp_about(l.iss + 1, EHOSTUNREACH, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    lab_one_wait(&l, 1200 * LAB_S);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, EHOSTUNREACH);
    net_close(l.h.net, s);
    lab_flush(&l);
    s = lab_client(&l, WND, MSS);
    net_send(l.h.net, s, "abc", 3);
    lab_one_poll(&l);
    icmp_about(l.iss + 1, EHOSTUNREACH, 0);
    lab_put(&l, TCP_ACK, 1, 4, WND, 0);             /* it is over: forgotten */
    net_send(l.h.net, s, "def", 3);
    lab_one_wait(&l, 1200 * LAB_S);
    net_getopt(l.h.net, s, NET_SO_ERROR, &err);
    assert_int_equal(err, ETIMEDOUT);
    net_close(l.h.net, s);
}

/* Clause: RFC 1191 6.4, RFC 5927 7.2 */
static void smaller_mtu_on_the_way(void **state)
{
    (void)state;
    static const char text[5000];
    struct lab_seg g;
    int s = lab_client(&l, WND, MSS);
    net_send(l.h.net, s, text, sizeof(text));
    lab_one_poll(&l);
    lab_flush(&l);
    icmp_about(l.iss + 1, EMSGSIZE, 1000);
    uint32_t seq = 1;
    while (lab_get(&l, &g)) {
        assert_int_equal(g.seq - l.iss, seq);
        assert_true(g.len <= 960);
        seq += g.len;
    }
    assert_int_equal(seq, 5001);
    icmp_about(l.iss + 1, EMSGSIZE, 68);            /* RFC 5927: not below the default */
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.len, 536);
    net_abort(l.h.net, s);
}

/* bind() to any stays that: the next connection has the address of its day. */
/* Clause: RFC 1122 3.2.1.3, RFC 1122 4.2.3.7 */
static void another_address_for_the_next_connection(void **state)
{
    (void)state;
    for (unsigned named = 0; named < 2; named++) {
        int s = net_socket(l.h.net, NET_STREAM);
        assert_int_equal(net_bind(l.h.net, s, named ? LAB_OURS : 0, 5001), 0);
        assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 80), -EINPROGRESS);
        lab_one_poll(&l);
        struct lab_seg g;
        assert_true(lab_get(&l, &g));
        lab_one_put(&l, &(struct lab_seg){ .sport = 80, .dport = 5001, .flags = RST_ACK,
                                           .ack = g.seq + 1 });
        assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
        assert_int_equal(net_set_addr(l.h.net, LAB_OURS + 8, 24), 0);
        int want = named ? -EADDRNOTAVAIL : -EINPROGRESS;
        assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 80), want);
        uint32_t addr = 0;
        uint16_t port = 0;
        assert_int_equal(net_getsockname(l.h.net, s, &addr, &port), 0);
        assert_int_equal(addr, named ? LAB_OURS : LAB_OURS + 8);
        assert_int_equal(port, 5001);
        net_abort(l.h.net, s);
        assert_int_equal(net_set_addr(l.h.net, LAB_OURS, 24), 0);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(backlog_bounds_those_who_wait),
        T(closing_a_listener_resets_its_queue),
        T(a_reset_child_leaves_the_queue),
        T(an_unaccepted_child_takes_text),
        T(ports_are_not_shared_unasked),
        T(a_server_may_start_again),
        T(ephemeral_ports_differ),
        T(one_connection_per_pair_of_ends),
        T(seeds_repeat),
        T(isn_moves_with_the_clock),
        T(refused),
        T(a_socket_connects_again),
        T(nobody_answers_arp),
        T(unreachable_while_connecting),
        T(unreachable_later_is_soft),
        T(smaller_mtu_on_the_way),
        T(another_address_for_the_next_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
