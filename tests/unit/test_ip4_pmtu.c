/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ip4_pmtu.c - stack/ip4_pmtu.c and who uses it: what is believed of a router
 * that says "fragmentation needed", for how long, and what is sent from then on.
 */
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct net_counters *counters(const struct bench *b)
{
    return net_counters(b->net);
}

static struct bench *up(void)
{
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    return b;
}

/* A router at ROUTER_ADDR did not send on this frame of ours. */
static void too_big(struct bench *b, const struct sent_frame *s, uint16_t mtu)
{
    uint8_t f[600];
    size_t quote = s->len - 14 < 528 ? s->len - 14 : 528;
    bench_in(b, f, make_icmp(f, &(struct ip_spec){ .src = ROUTER_ADDR }, 3, 4, mtu, s->b + 14,
                             quote));
}

/* Source: RFC 1191 7 for the plateaus, Linux' min_pmtu for the floor. */
/* Clause: RFC 1191 5, RFC 1191 7 */
static void test_told(void **state)
{
    (void)state;
    static const struct { uint16_t mtu, bytes, want; } t[] = {
        { 1400, 1500, 1400 }, { 553, 1500, 553 }, { 552, 1500, 552 }, { 551, 1500, 552 },
        { 68, 1500, 552 }, { 1, 1500, 552 }, { 0, 1500, 1492 }, { 0, 1493, 1492 },
        { 0, 1492, 1006 }, { 0, 1007, 1006 }, { 0, 1006, 552 }, { 0, 552, 552 }, { 0, 0, 552 },
    };
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(ip4_pmtu_told(t[i].mtu, t[i].bytes), t[i].want);
}

/* Only downwards, for ten minutes, for one destination; 32 of them. */
/* Clause: RFC 1191 6.3 */
static void test_table(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net *n = b->net;
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1500);
    ip4_pmtu_lower(n, PEER_ADDR, 1500);
    ip4_pmtu_lower(n, PEER_ADDR, 1400);
    ip4_pmtu_lower(n, PEER_ADDR, 1450);
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1400);
    assert_int_equal(ip4_path_mtu(n, ROUTER_ADDR), 1500);
    bench_to(b, 600 * SEC - 1);
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1400);
    bench_to(b, 600 * SEC);
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1500);
    ip4_pmtu_lower(n, PEER_ADDR, 1450);
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1450);
    for (uint32_t i = 0; i < IP4_PMTU_ENTRIES; i++) {
        bench_to(b, b->now + 1);
        ip4_pmtu_lower(n, 0xC0000201 + i, 1000);
    }
    assert_int_equal(ip4_path_mtu(n, PEER_ADDR), 1500);     /* it would have ended first */
    for (uint32_t i = 0; i < IP4_PMTU_ENTRIES; i++)
        assert_int_equal(ip4_path_mtu(n, 0xC0000201 + i), 1000);
    bench_down(b);
}

/* The lengths and offsets of what was sent since last time. */
static unsigned sizes(struct bench *b, uint16_t total[], uint16_t frag[], unsigned max)
{
    unsigned i = 0;
    bench_poll(b);
    for (const struct sent_frame *s; (s = bench_sent(b)) != NULL; i++) {
        assert_true(i < max);
        total[i] = get16(s->b + 16);
        frag[i] = get16(s->b + 20);
    }
    return i;
}

/* What fits goes with DF; what a router refused is cut from then on. A socket that is
 * connected hears of it, as Linux tells one. */
/* Clause: RFC 1191 3, RFC 1122 4.1.3.3 */
static void test_udp(void **state)
{
    (void)state;
    static const uint8_t data[1472];
    struct bench *b = up();
    for (unsigned connected = 0; connected < 2; connected++) {
        struct dgram d;
        uint16_t total[4], frag[4];
        dgram_init(&d, NET_DGRAM, NULL);
        if (connected)
            assert_int_equal(dgram_connect(b->net, &d, PEER_ADDR, 9), 0);
        assert_int_equal(dgram_sendto(b->net, &d, data, 1472, PEER_ADDR, 9), 1472);
        bench_poll(b);
        const struct sent_frame *s = bench_sent(b);
        assert_int_equal(s->len, 1514);
        assert_int_equal(get16(s->b + 20), IP4_DF);
        too_big(b, s, 1003);
        assert_int_equal(dgram_error_take(&d), connected ? EMSGSIZE : 0);
        assert_int_equal(dgram_sendto(b->net, &d, data, 1472, PEER_ADDR, 9), 1472);
        assert_int_equal(sizes(b, total, frag, 4), 2);
        assert_int_equal(total[0], 20 + 976);               /* 983, down to eights */
        assert_int_equal(frag[0], IP4_MF);
        assert_int_equal(total[1], 20 + 1480 - 976);
        assert_int_equal(frag[1], 976 / 8);
        assert_int_equal(dgram_sendto(b->net, &d, data, 1003 - 28, PEER_ADDR, 9), 1003 - 28);
        assert_int_equal(sizes(b, total, frag, 4), 1);
        assert_int_equal(frag[0], IP4_DF);
        dgram_fini(b->net, &d);
        bench_to(b, b->now + 601 * SEC);
        bench_knows(b, PEER_ADDR, peer_mac);
    }
    assert_int_equal(counters(b)->icmp4_handled, 2);
    bench_down(b);
}

/* Our own echo request did not fit: RFC 1191 as for UDP. */
static void test_ping(void **state)
{
    (void)state;
    uint8_t msg[1480] = { 8 };
    struct bench *b = up();
    struct dgram d;
    uint16_t total[4], frag[4];
    dgram_init(&d, NET_ICMP, NULL);
    assert_int_equal(dgram_sendto(b->net, &d, msg, 1480, PEER_ADDR, 0), 1480);
    bench_poll(b);
    too_big(b, bench_sent(b), 0);               /* the router is older than RFC 1191 */
    assert_int_equal(ip4_path_mtu(b->net, PEER_ADDR), 1492);
    assert_int_equal(dgram_error_take(&d), EMSGSIZE);
    assert_int_equal(dgram_sendto(b->net, &d, msg, 1480, PEER_ADDR, 0), 1480);
    assert_int_equal(sizes(b, total, frag, 4), 2);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Nobody's packet: nothing is learnt from it. */
/* Clause: RFC 5927 4.1 */
static void test_not_believed(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    struct sent_frame o = { 0 };
    struct ip_spec ours = { .src = OUR_ADDR, .dst = PEER_ADDR };
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 5000), 0);
    o.len = make_udp(o.b, &ours, 5001, 9, "x", 1);
    too_big(b, &o, 600);
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 1);
    ours.src = ROUTER_ADDR;
    o.len = make_udp(o.b, &ours, 5000, 9, "x", 1);
    too_big(b, &o, 600);
    ours.src = OUR_ADDR;
    o.len = make_udp(o.b, &ours, 5000, 9, "x", 1);
    o.len = 14 + 27;                            /* cut within the eight bytes */
    too_big(b, &o, 600);
    assert_int_equal(counters(b)->drop_icmp4_malformed, 2);
    assert_int_equal(ip4_path_mtu(b->net, PEER_ADDR), 1500);
    o.len = 14 + 28;
    too_big(b, &o, 600);
    assert_int_equal(ip4_path_mtu(b->net, PEER_ADDR), 600);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Below 576 nobody promises that a whole packet arrives: then all go without DF, with
 * ids that are unique. A datagram takes 64 fragments at most. */
/* Clause: RFC 1191 3, RFC 6864 4.1 */
static void test_least(void **state)
{
    (void)state;
    static const uint8_t data[40000];
    struct bench *b = up();
    struct dgram d;
    uint16_t total[70], frag[70];
    dgram_init(&d, NET_DGRAM, NULL);
    ip4_pmtu_lower(b->net, PEER_ADDR, IP4_PMTU_MIN);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(dgram_sendto(b->net, &d, data, 100, PEER_ADDR, 9), 100);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b), *t = bench_sent(b);
    assert_int_equal(get16(s->b + 20) | get16(t->b + 20), 0);
    assert_int_equal((uint16_t)(get16(t->b + 18) - get16(s->b + 18)), 1);
    assert_int_equal(dgram_sendto(b->net, &d, data, 64 * 528 - 7, PEER_ADDR, 9), -EMSGSIZE);
    assert_int_equal(dgram_sendto(b->net, &d, data, 64 * 528 - 8, PEER_ADDR, 9), 64 * 528 - 8);
    assert_int_equal(sizes(b, total, frag, 70), 64);
    assert_int_equal(total[63], 20 + 528);
    assert_int_equal(frag[63], 63 * 528 / 8);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* --- TCP ------------------------------------------------------------------- */

/* A SYN and ACK with an MSS of 1460 for the SYN in @s. */
static void answer_syn(struct bench *b, const struct sent_frame *s)
{
    uint8_t t[24] = { 0 }, f[128], pseudo[12] = { 10, 9, 0, 2, 10, 9, 0, 1, 0, 6, 0, 24 };
    memcpy(t, s->b + 36, 2);
    memcpy(t + 2, s->b + 34, 2);
    put32(t + 4, 1000);
    put32(t + 8, get32(s->b + 38) + 1);
    put16(t + 12, 0x6012);
    put16(t + 14, 60000);
    put32(t + 20, 0x02040000 | 1460);
    put16(t + 16, (uint16_t)~twin_sum(twin_sum(0, pseudo, 12), t, 24));
    bench_in(b, f, make_ip(f, &(struct ip_spec){ .proto = 6 }, t, 24));
}

/* What is known of a path before counts for a new connection, what comes to be known for
 * one that is there; the MSS that we announce is of what we can receive. */
/* Clause: RFC 1191 3.1, RFC 9293 3.7.1, RFC 9293 3.7.2 */
static void test_tcp(void **state)
{
    (void)state;
    static const uint8_t data[3000];
    struct bench *b = up();
    uint16_t total[16], frag[16];
    int mss = 0;
    ip4_pmtu_lower(b->net, PEER_ADDR, 1400);
    int s = net_socket(b->net, NET_STREAM);
    assert_int_equal(net_connect(b->net, s, PEER_ADDR, 80), -EINPROGRESS);
    bench_poll(b);
    const struct sent_frame *syn = bench_sent(b);
    assert_int_equal(get32(syn->b + 54), 0x02040000 | 1460);
    answer_syn(b, syn);
    (void)bench_sent(b);                        /* the ACK */
    assert_int_equal(net_getopt(b->net, s, NET_TCP_MAXSEG, &mss), 0);
    assert_int_equal(mss, 1360);
    assert_int_equal(net_send(b->net, s, data, sizeof(data)), sizeof(data));
    bench_poll(b);
    const struct sent_frame *first = bench_sent(b);
    assert_int_equal(first->len, 1414);
    /* About a number that is not in flight: forged. */
    struct sent_frame forged = *first;
    put32(forged.b + 38, get32(first->b + 38) + 100000);
    too_big(b, &forged, 1000);
    assert_int_equal(counters(b)->drop_icmp4_not_in_flight, 1);
    assert_int_equal(ip4_path_mtu(b->net, PEER_ADDR), 1400);
    (void)sizes(b, total, frag, 16);
    too_big(b, first, 560);
    assert_int_equal(ip4_path_mtu(b->net, PEER_ADDR), 560);
    assert_int_equal(net_getopt(b->net, s, NET_TCP_MAXSEG, &mss), 0);
    assert_int_equal(mss, 536);
    /* 576 bytes on a path of 560: cut, since DF would lose them for ever. */
    assert_true(sizes(b, total, frag, 16) >= 2);
    assert_int_equal(total[0], 20 + 536);
    assert_int_equal(frag[0], IP4_MF);
    assert_int_equal(frag[1], 536 / 8);
    assert_int_equal(net_abort(b->net, s), 0);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_not_believed),
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_tcp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
