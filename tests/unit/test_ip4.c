/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ip4.c - stack/ip4_rx.c and ip4_tx.c: every reason for a drop, options,
 * padding, the header that is sent, what the seed decides.
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

/* A frame of protocol 253 with 8 bytes of payload. */
static size_t make(uint8_t *f, struct ip_spec s)
{
    s.proto = 253;
    return make_ip(f, &s, "LANYARD!", 8);
}

static void in(struct bench *b, struct ip_spec s)
{
    uint8_t f[128];
    bench_in(b, f, make(f, s));
}

/* Clause: RFC 1122 3.2.1.1, RFC 791 3.1 */
static void test_malformed(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[128];
    size_t n = make(f, (struct ip_spec){ 0 });
    bench_in(b, f, 33);                         /* header cut */
    bench_in(b, f, n - 1);                      /* shorter than its total length */
    f[14] = 0x55;                               /* version */
    bench_in(b, f, n);
    f[14] = 0x44;                               /* header of 16 bytes */
    bench_in(b, f, n);
    f[14] = 0x48;                               /* header beyond the packet */
    bench_in(b, f, n);
    make(f, (struct ip_spec){ 0 });
    put16(f + 16, 19);                          /* total below the header */
    bench_in(b, f, n);
    assert_int_equal(counters(b)->drop_ip4_malformed, 6);
    bench_down(b);
}

/* Every single-bit error of a header is found. */
/* Clause: RFC 1122 3.2.1.2, RFC 791 3.1 */
static void test_checksum(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[128];
    size_t n = make(f, (struct ip_spec){ 0 });
    unsigned tried = 0;
    for (unsigned bit = 8; bit < 160; bit++) {
        unsigned at = 14 + bit / 8;
        if (at == 16 || at == 17)
            continue;                           /* lengths are looked at before */
        f[at] ^= (uint8_t)(0x80 >> bit % 8);
        bench_in(b, f, n);
        f[at] ^= (uint8_t)(0x80 >> bit % 8);
        tried++;
    }
    assert_int_equal(counters(b)->drop_ip4_checksum, tried);
    bench_in(b, f, n);
    assert_int_equal(counters(b)->drop_ip4_no_proto, 1);
    bench_down(b);
}

/* Clause: RFC 1122 3.2.1.3 */
static void test_not_mine(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    in(b, (struct ip_spec){ .dst = PEER_ADDR });
    in(b, (struct ip_spec){ .dst = 0xE0000001 });
    in(b, (struct ip_spec){ .dst = 0x7F000001 });
    in(b, (struct ip_spec){ .dst = 0x0A0800FF });
    assert_int_equal(counters(b)->drop_ip4_not_mine, 4);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* Clause: RFC 1122 3.2.1.3, RFC 1122 3.3.6, RFC 9293 3.9.2.3 */
static void test_martians(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    static const uint32_t src[] = { 0x00000001, 0x7F000001, 0xE0000001, 0xF0000001, 0xFFFFFFFF,
                                    0x0A0900FF, OUR_ADDR };
    for (unsigned i = 0; i < sizeof(src) / sizeof(src[0]); i++)
        in(b, (struct ip_spec){ .src = src[i] });
    assert_int_equal(counters(b)->drop_ip4_martian, 7);
    /* RFC 1122 3.3.6: a unicast address in a broadcast frame. */
    in(b, (struct ip_spec){ .eth_dst = all_mac });
    assert_int_equal(counters(b)->drop_ip4_martian, 8);
    in(b, (struct ip_spec){ .eth_dst = all_mac, .dst = 0x0A0900FF });
    assert_int_equal(counters(b)->drop_ip4_no_proto, 1);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* What is a fragment; test_ip4_frag.c has the rest. */
/* Clause: RFC 791 3.1 */
static void test_fragments(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    in(b, (struct ip_spec){ .frag = IP4_MF });
    in(b, (struct ip_spec){ .frag = IP4_MF | 5 });
    in(b, (struct ip_spec){ .frag = 7 });
    assert_int_equal(counters(b)->ip4_frag_rx, 3);
    in(b, (struct ip_spec){ .frag = IP4_DF });
    in(b, (struct ip_spec){ .frag = 0x8000 });  /* the reserved bit is no fragment */
    assert_int_equal(counters(b)->drop_ip4_no_proto, 2);
    bench_down(b);
}

/* Options are skipped, broken ones are not; the transport starts behind them. */
/* Clause: RFC 1122 3.2.1.8, RFC 1122 3.2.2.5, RFC 791 3.1, RFC 792 Parameter Problem Message */
static void test_options(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[128];
    bench_knows(b, PEER_ADDR, peer_mac);
    /* scapy: options=[RR(2 slots), NOP], an echo request with "abc". */
    size_t n = from_hex(f, sizeof(f),
        "02000000000102000000000208004800002b123400004001467e0a0900020a09"
        "0001070b040000000000000000010800339b00010001616263");
    bench_in(b, f, n);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_true(ip_ok(s));
    assert_int_equal(get16(s->b + 16), 31);     /* the reply has none */
    assert_memory_equal(s->b + 42, "abc", 3);
    /* Each is told, with the offset of the option that is wrong and the whole packet. */
    static const struct { const char *options; uint8_t at; } bad[] = {
        { "\7\0\0\0", 20 }, { "\1\1\1\7", 23 }, { "\7\5\0\0", 20 }, { "\1\1\7\3", 22 },
    };
    for (unsigned i = 0; i < 4; i++) {
        struct ip_spec t = { .options = (const uint8_t *)bad[i].options, .options_bytes = 4 };
        n = make(f, t);
        bench_in(b, f, n);
        s = bench_sent(b);
        assert_non_null(s);
        assert_true(ip_ok(s));
        assert_int_equal(get32(s->b + 34) >> 16, 0x0C00);
        assert_int_equal(get32(s->b + 38), (uint32_t)bad[i].at << 24);
        assert_memory_equal(s->b + 42, f + 14, n - 14);
    }
    assert_int_equal(counters(b)->drop_ip4_malformed, 4);
    /* But not to a group, and not about a header that may lie: RFC 1122 3.2.2. */
    in(b, (struct ip_spec){ .options = (const uint8_t *)"\7\0\0\0", .options_bytes = 4,
                            .eth_dst = all_mac, .dst = 0x0A0900FF });
    n = make(f, (struct ip_spec){ .options = (const uint8_t *)"\7\0\0\0", .options_bytes = 4 });
    f[24] ^= 1;
    bench_in(b, f, n);
    assert_int_equal(counters(b)->drop_ip4_checksum, 1);
    assert_null(bench_sent(b));
    in(b, (struct ip_spec){ .options = (const uint8_t *)"\0\7\0\0", .options_bytes = 4 });
    in(b, (struct ip_spec){ .options = (const uint8_t *)"\1\1\1\0", .options_bytes = 4 });
    assert_int_equal(counters(b)->drop_ip4_no_proto, 2);
    bench_down(b);
}

/* Bytes behind the total length are the link's padding, whatever they hold. */
/* Clause: RFC 791 3.1, RFC 894 Frame Format */
static void test_padding(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[128];
    bench_knows(b, PEER_ADDR, peer_mac);
    memset(f, 0xA5, sizeof(f));
    size_t n = make_icmp(f, &(struct ip_spec){ 0 }, 8, 0, 0x00010001, "x", 1);
    assert_int_equal(n, 43);
    bench_in(b, f, 60);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_true(ip_ok(s));
    assert_int_equal(get16(s->b + 16), 29);
    bench_down(b);
}

/* --- sending -------------------------------------------------------------- */

static struct pkt *payload(struct bench *b, uint32_t len)
{
    struct pkt *p = net_pkt_alloc(b->net, PKT_SMALL);
    assert_non_null(p);
    memset(pkt_put(p, len), 0, len);
    return p;
}

/* Clause: RFC 791 3.1, RFC 6864 4.1 */
static void test_header(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    assert_int_equal(ip4_tx_tos(b->net, payload(b, 100), 0, PEER_ADDR, 253, 9, 0x48, b->now), 0);
    assert_int_equal(ip4_tx(b->net, payload(b, 100), OUR_ADDR, PEER_ADDR, 253, 0, b->now), 0);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b);
    assert_int_equal(s->len, 134);
    assert_int_equal(twin_sum(0, s->b + 14, 20), 0xFFFF);
    uint8_t want[20];
    from_hex(want, sizeof(want), "45480078000040000afd00000a0900010a090002");
    want[8] = 9;
    memcpy(want + 4, s->b + 18, 2);             /* the id is random */
    memcpy(want + 10, s->b + 24, 2);
    assert_memory_equal(s->b + 14, want, 20);
    const struct sent_frame *t = bench_sent(b);
    assert_int_equal(t->b[22], 64);             /* default TTL */
    assert_int_equal(t->b[15], 0);
    assert_int_not_equal(get16(s->b + 18), get16(t->b + 18));
    bench_down(b);
}

static void test_ids_follow_the_seed(void **state)
{
    (void)state;
    uint16_t id[3][4];
    static const uint64_t seed[3] = { 7, 7, 8 };
    for (unsigned i = 0; i < 3; i++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .seed = seed[i] });
        bench_knows(b, PEER_ADDR, peer_mac);
        for (unsigned j = 0; j < 4; j++) {
            (void)ip4_tx(b->net, payload(b, 40), 0, PEER_ADDR, 253, 0, b->now);
            bench_poll(b);
            id[i][j] = get16(bench_sent(b)->b + 18);
        }
        bench_down(b);
    }
    assert_memory_equal(id[0], id[1], sizeof(id[0]));
    assert_memory_not_equal(id[0], id[2], sizeof(id[0]));
}

static void test_refused(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    assert_int_equal(ip4_tx(b->net, payload(b, 9), 0, 0xC0000201, 253, 0, 0), -ENETUNREACH);
    assert_int_equal(counters(b)->drop_ip4_no_route, 1);
    /* TCP is not cut. */
    assert_int_equal(ip4_tx(b->net, payload(b, 1481), 0, PEER_ADDR, 6, 0, 0), -EMSGSIZE);
    assert_int_equal(counters(b)->drop_ip4_too_long, 1);
    bench_knows(b, PEER_ADDR, peer_mac);
    assert_int_equal(ip4_tx(b->net, payload(b, 1480), 0, PEER_ADDR, 253, 0, 0), 0);
    bench_poll(b);
    assert_int_equal(bench_sent(b)->len, 1514);
    assert_int_equal(counters(b)->ip4_tx, 1);
    bench_down(b);
}

/* What a NIC says of its frames is believed where a link can be like that. */
/* Clause: RFC 791 3.2 */
static void test_link_mtu(void **state)
{
    (void)state;
    static const struct { uint32_t frame, mtu; } t[] = {
        { 14 + 67, 1500 }, { 14 + 68, 68 }, { 614, 600 }, { 1514, 1500 }, { 9014, 1500 },
    };
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .max_frame_bytes = t[i].frame });
        assert_int_equal(ip4_mtu(b->net), t[i].mtu);
        assert_int_equal(ip4_tx_frames(b->net, PEER_ADDR, t[i].mtu), 1);
        assert_int_equal(ip4_tx_frames(b->net, PEER_ADDR, t[i].mtu + 1u), 2);
        bench_down(b);
    }
}

/* Through the router: its link address, the far IP address. */
/* Clause: RFC 1122 3.3.1.1 */
static void test_router(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    assert_int_equal(net_route_add(b->net, 0, 0, ROUTER_ADDR), 0);
    assert_int_equal(ip4_tx(b->net, payload(b, 40), 0, 0xC0000201, 253, 0, 0), 0);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b);
    assert_int_equal(get16(s->b + 12), 0x0806);
    assert_int_equal(get32(s->b + 38), ROUTER_ADDR);
    bench_knows(b, PEER_ADDR, peer_mac);
    uint8_t f[64];
    bench_in(b, f, make_arp(f, our_mac, 2, router_mac, ROUTER_ADDR, our_mac, OUR_ADDR));
    s = bench_sent(b);
    assert_non_null(s);
    assert_memory_equal(s->b, router_mac, 6);
    assert_int_equal(get32(s->b + 30), 0xC0000201);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_not_mine),
        cmocka_unit_test(test_martians),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_ids_follow_the_seed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_link_mtu),
        cmocka_unit_test(test_router),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
