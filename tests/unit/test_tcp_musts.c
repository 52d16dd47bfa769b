/* SPDX-License-Identifier: Apache-2.0 */
/* Short MUSTs of RFC 9293 (its appendix B) that no other test of TCP meets on its way:
 * options, opening, addresses, the interface to IP. tests/rfc9293_musts.txt has all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tcp_one.h"

static int get(int s, enum net_opt o)
{
    int v = -1;
    assert_int_equal(net_getopt(l.h.net, s, o, &v), 0);
    return v;
}

/* A stream socket on @port that shares it with others that want to. */
static int bound(uint32_t addr, uint16_t port)
{
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_setopt(l.h.net, s, NET_SO_REUSEADDR, 1), 0);
    assert_int_equal(net_bind(l.h.net, s, addr, port), 0);
    return s;
}

/* @s asks for the test's @port; the lab's one connection is now this one. */
static void connects(int s, uint16_t port)
{
    struct lab_seg g;
    assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, port), -EINPROGRESS);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, TCP_SYN);
    l.ours = g.sport;
    l.theirs = port;
    l.iss = g.seq;
}

/* --- options ------------------------------------------------------------------ */

/* As lab_put(), with a maximum segment size of 100, which belongs to a SYN only. */
static void put_with_option(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
    lab_one_put(&l, &(struct lab_seg){
        .sport = l.theirs, .dport = l.ours, .flags = flags, .seq = l.irs + seq,
        .ack = l.iss + ack, .wnd = WND, .len = len, .mss = 100 });
}

/* Text, an ACK, a FIN and a RST mean the same with an option as without. MUST-5. */
/* Clause: RFC 9293 3.1 */
static void options_come_with_any_segment(void **state)
{
    (void)state;
    uint8_t b[20];
    int s = lab_client(&l, WND, MSS);
    put_with_option(TCP_ACK, 1, 1, 10);
    assert_int_equal(net_recv(l.h.net, s, b, sizeof(b)), 10);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(b[i], lab_pattern(i));
    assert_int_equal(net_send(l.h.net, s, "abc", 3), 3);
    lab_one_poll(&l);
    put_with_option(TCP_ACK, 11, 4, 0);
    assert_int_equal(get(s, NET_SO_SNDQ), 0);
    assert_int_equal(get(s, NET_TCP_MAXSEG), MSS);
    put_with_option(TCP_ACK | TCP_FIN, 11, 4, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    put_with_option(TCP_RST, 12, 0, 0);
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
    net_close(l.h.net, s);
}

/* MUST-65, on each kind of segment that is not a SYN. */
/* Clause: RFC 9293 3.2 */
static void only_a_syn_tells_the_mss(void **state)
{
    (void)state;
    static const char text[5000];
    struct lab_seg g;
    uint8_t seen = 0;
    int s = net_socket(l.h.net, NET_STREAM);
    l.irs = 1000;
    connects(s, 80);
    lab_one_put(&l, &(struct lab_seg){ .sport = 80, .dport = l.ours, .flags = SYN_ACK,
                                       .seq = 1000, .ack = l.iss + 1, .wnd = WND, .mss = MSS });
    net_send(l.h.net, s, text, sizeof(text));
    net_shutdown(l.h.net, s, NET_SHUT_WR);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    net_abort(l.h.net, s);
    unsigned k = 0;
    for (; lab_get(&l, &g); k++) {                  /* ACK, four of text, FIN, RST */
        assert_int_equal(g.mss, 0);
        seen |= g.flags;
    }
    assert_true(k >= 6);
    assert_int_equal(seen, TCP_ACK | TCP_PSH | TCP_FIN | TCP_RST);
}

/* --- keepalive ---------------------------------------------------------------- */

/* Unasked, nobody is asked: neither by who connected nor by who accepted. MUST-25. */
/* Clause: RFC 9293 3.8.4 */
static void keepalive_is_off(void **state)
{
    (void)state;
    int ls, c = lab_client(&l, WND, MSS), s = lab_server(&l, WND, MSS, &ls);
    assert_int_equal(get(c, NET_SO_KEEPALIVE), 0);
    assert_int_equal(get(s, NET_SO_KEEPALIVE), 0);
    lab_one_wait(&l, 7 * 24 * 3600 * LAB_S);
    lab_silent(&l);
    assert_int_equal(lab_state(&l, c), NET_TCP_ESTABLISHED);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    net_abort(l.h.net, c);
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
}

/* --- OPEN --------------------------------------------------------------------- */

/* A second listener is refused; the first one and its connection go on. MUST-41. */
/* Clause: RFC 9293 3.9.1.1 */
static void listening_changes_no_other(void **state)
{
    (void)state;
    char b[20];
    int first = bound(0, 80), second = bound(0, 80);
    assert_int_equal(net_listen(l.h.net, first, 5), 0);
    l.ours = 80;
    l.theirs = 7;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    struct lab_seg g;
    assert_true(lab_get(&l, &g));
    l.iss = g.seq;
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    int c = net_accept(l.h.net, first, NULL, NULL);
    assert_int_equal(net_listen(l.h.net, second, 5), -EADDRINUSE);
    lab_put(&l, TCP_ACK, 1, 1, WND, 10);
    assert_int_equal(net_recv(l.h.net, c, b, sizeof(b)), 10);
    lab_flush(&l);
    l.theirs = 8;
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, SYN_ACK);
    l.iss = g.seq;
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    int d = net_accept(l.h.net, first, NULL, NULL);
    assert_true(d >= 0);
    for (int i = 0; i < 4; i++)
        net_abort(l.h.net, (int[]){ c, d, first, second }[i]);
}

/* The port of one that is in SYN_SENT, then in SYN_RCVD. MUST-42. */
/* Clause: RFC 9293 3.9.1.1 */
static void listening_beside_one_that_opens(void **state)
{
    (void)state;
    struct lab_seg g;
    int c = bound(0, 4000);
    connects(c, 80);
    int ls = bound(0, 4000);
    assert_int_equal(net_listen(l.h.net, ls, 1), 0);
    lab_one_put(&l, &(struct lab_seg){ .sport = 9, .dport = 4000, .flags = TCP_SYN,
                                       .wnd = WND });
    assert_true(lab_get(&l, &g));                   /* a stranger's SYN is the listener's */
    assert_true(g.flags == SYN_ACK && g.dport == 9);
    net_close(l.h.net, ls);
    lab_flush(&l);
    lab_put(&l, TCP_SYN, 0, 0, WND, 0);             /* its peer's is its own */
    lab_expect(&l, SYN_ACK, 0, 1, 0);
    assert_int_equal(lab_state(&l, c), NET_TCP_SYN_RCVD);
    ls = bound(0, 4000);
    assert_int_equal(net_listen(l.h.net, ls, 1), 0);
    lab_put(&l, TCP_ACK, 1, 1, WND, 0);
    assert_int_equal(lab_state(&l, c), NET_TCP_ESTABLISHED);
    assert_int_equal(net_accept(l.h.net, ls, NULL, NULL), -EAGAIN);
    net_abort(l.h.net, c);
    net_close(l.h.net, ls);
}

/* The user may name our address, and only ours. MUST-43. */
/* Clause: RFC 9293 3.9.1.1 */
static void local_address_is_an_argument(void **state)
{
    (void)state;
    struct lab_seg g;
    uint32_t addr;
    uint16_t port;
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_bind(l.h.net, s, LAB_OURS + 8, 4000), -EADDRNOTAVAIL);
    assert_int_equal(net_bind(l.h.net, s, LAB_OURS, 4000), 0);
    connects(s, 80);
    assert_int_equal(l.ours, 4000);
    assert_int_equal(net_getsockname(l.h.net, s, &addr, &port), 0);
    assert_true(addr == LAB_OURS && port == 4000);
    net_close(l.h.net, s);
    int ls = bound(LAB_OURS, 80);
    assert_int_equal(net_listen(l.h.net, ls, 1), 0);
    lab_one_put(&l, &(struct lab_seg){ .sport = 9, .dport = 80, .flags = TCP_SYN, .wnd = WND });
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.flags, SYN_ACK);
    net_close(l.h.net, ls);
}

/* The host gets another address: what a connection sends still has the one that it began
 * with, which capture() in tcp_lab.c looks at. MUST-45. */
/* Clause: RFC 9293 3.9.1.1 */
static void local_address_stays(void **state)
{
    (void)state;
    uint32_t addr;
    int s = lab_client(&l, WND, MSS);
    assert_int_equal(net_set_addr(l.h.net, LAB_OURS + 8, 24), 0);
    net_send(l.h.net, s, "abc", 3);
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 3);
    assert_int_equal(net_getsockname(l.h.net, s, &addr, NULL), 0);
    assert_int_equal(addr, LAB_OURS);
    net_abort(l.h.net, s);
    lab_expect(&l, TCP_RST | TCP_ACK, 4, 1, 0);
}

/* --- the interface to IP ------------------------------------------------------ */

/* MUST-49. */
/* Clause: RFC 9293 3.9.2 */
static void ttl_is_on_every_segment(void **state)
{
    (void)state;
    struct lab_seg g;
    for (int ttl = 64; ttl > 0; ttl -= 55) {
        int s = net_socket(l.h.net, NET_STREAM);
        if (ttl != 64)                              /* else as it is by itself */
            assert_int_equal(net_setopt(l.h.net, s, NET_IP_TTL, ttl), 0);
        assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 80), -EINPROGRESS);
        lab_one_poll(&l);
        assert_true(lab_get(&l, &g));
        assert_int_equal(g.ttl, ttl);
        lab_one_put(&l, &(struct lab_seg){ .sport = 80, .dport = g.sport, .flags = SYN_ACK,
                                           .ack = g.seq + 1, .wnd = WND });
        net_send(l.h.net, s, "abc", 3);
        lab_one_poll(&l);
        net_abort(l.h.net, s);
        for (int i = 0; i < 3; i++) {               /* ACK, text, RST */
            assert_true(lab_get(&l, &g));
            assert_int_equal(g.ttl, ttl);
        }
    }
}

/* None, one for experiments (RFC 4727), a timestamp and a record route that are full: the
 * handshake and the text do not mind, and no answer has any (capture() looks). MUST-50. */
/* Clause: RFC 9293 3.9.2 */
static void ip_options_are_ignored(void **state)
{
    (void)state;
    static const uint32_t options[] = { 0x01010100, 0x5E04ABCD, 0x44040500, 0x07030400 };
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        uint8_t b[20];
        int s = net_socket(l.h.net, NET_STREAM);
        connects(s, 80);
        struct lab_seg g = { .sport = 80, .dport = l.ours, .flags = SYN_ACK, .seq = 1000,
                             .ack = l.iss + 1, .wnd = WND, .ip_opt = options[i] };
        l.irs = 1000;
        lab_one_put(&l, &g);
        lab_expect(&l, TCP_ACK, 1, 1, 0);
        g.flags = TCP_ACK;
        g.seq = 1001;
        g.len = 10;
        lab_one_put(&l, &g);
        assert_int_equal(net_recv(l.h.net, s, b, sizeof(b)), 10);
        assert_int_equal(b[9], lab_pattern(9));
        net_abort(l.h.net, s);
        lab_flush(&l);
    }
}

/* A SYN with these two ends, to a port where someone listens and to one where nobody does. */
static void syn_between(uint32_t saddr, uint32_t daddr)
{
    for (uint16_t port = 80; port <= 81; port++)
        lab_one_put(&l, &(struct lab_seg){ .sport = 9, .dport = port, .flags = TCP_SYN,
                                           .wnd = WND, .saddr = saddr, .daddr = daddr });
    lab_silent(&l);
}

/* MUST-57, and the same for the RST that a closed port would answer with. */
/* Clause: RFC 9293 3.9.2.3 */
static void syn_to_many_is_dropped(void **state)
{
    (void)state;
    const struct net_counters *c = net_counters(l.h.net);
    int ls = bound(0, 80);
    assert_int_equal(net_listen(l.h.net, ls, 5), 0);
    syn_between(0, 0xFFFFFFFF);
    syn_between(0, (LAB_OURS | 0xFF));
    assert_int_equal(c->drop_tcp_to_many, 4);
    syn_between(0, 0xE0000001);
    assert_int_equal(c->drop_ip4_not_mine, 2);
    assert_int_equal(conns(), 1);
    net_close(l.h.net, ls);
}

/* This network, loopback, a group, both kinds of broadcast, ourselves. MUST-63. */
/* Clause: RFC 9293 3.9.2.3 */
static void syn_from_nobody_is_dropped(void **state)
{
    (void)state;
    static const uint32_t from[] = { 5, 0x7F000001, 0xE0000001, 0xFFFFFFFF, LAB_OURS | 0xFF,
                                     LAB_OURS };
    const size_t k = sizeof(from) / sizeof(from[0]);
    int ls = bound(0, 80);
    assert_int_equal(net_listen(l.h.net, ls, 5), 0);
    for (size_t i = 0; i < k; i++)
        syn_between(from[i], 0);
    assert_int_equal(net_counters(l.h.net)->drop_ip4_martian, 2 * k);
    assert_int_equal(conns(), 1);
    net_close(l.h.net, ls);
}

/* An error from the network is that of the connection whose segment it quotes. MUST-54. */
/* Clause: RFC 9293 3.9.2.2 */
static void icmp_error_finds_its_connection(void **state)
{
    (void)state;
    int a = net_socket(l.h.net, NET_STREAM), b = net_socket(l.h.net, NET_STREAM);
    connects(a, 80);
    connects(b, 81);
    const struct icmp4_error_view e = {
        .err = ECONNREFUSED, .hard = true, .proto = 6, .src = LAB_OURS, .dst = LAB_THEIRS,
        .sport = l.ours, .dport = 81, .seq = l.iss,
    };
    assert_int_equal(tcp_icmp_error(l.h.net, &e), 0);
    assert_int_equal(lab_state(&l, a), NET_TCP_SYN_SENT);
    assert_int_equal(get(a, NET_SO_ERROR), 0);
    assert_int_equal(lab_state(&l, b), NET_TCP_CLOSED);
    assert_int_equal(get(b, NET_SO_ERROR), ECONNREFUSED);
    net_close(l.h.net, a);
    net_close(l.h.net, b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_lab, close_lab)
    const struct CMUnitTest tests[] = {
        T(options_come_with_any_segment),
        T(only_a_syn_tells_the_mss),
        T(keepalive_is_off),
        T(listening_changes_no_other),
        T(listening_beside_one_that_opens),
        T(local_address_is_an_argument),
        T(local_address_stays),
        T(ttl_is_on_every_segment),
        T(ip_options_are_ignored),
        T(syn_to_many_is_dropped),
        T(syn_from_nobody_is_dropped),
        T(icmp_error_finds_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
