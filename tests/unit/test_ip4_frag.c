/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ip4_frag.c - stack/ip4_frag.c and the fragments of ip4_tx.c: any order gives
 * the whole back, every reason for a drop, limits, time, and what is sent in pieces.
 */
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BIG 65507u              /* UDP payload of the longest datagram */

static const struct net_counters *counters(const struct bench *b)
{
    return net_counters(b->net);
}

static struct bench *up(void)
{
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_large = 20, .pool_small = 256 });
    bench_knows(b, PEER_ADDR, peer_mac);
    return b;
}

static void open_at(struct bench *b, struct dgram *d, uint16_t port)
{
    dgram_init(d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, d, 0, port), 0);
}

/* The IP payload of a UDP datagram 4000 -> 7 of @len bytes drawn from @r. */
static uint32_t make_datagram(uint8_t *u, size_t len, struct rng *r)
{
    uint8_t pseudo[12] = { 10, 9, 0, 2, 10, 9, 0, 1, 0, 17 };
    put16(pseudo + 10, (uint16_t)(8 + len));
    put16(u, 4000);
    put16(u + 2, 7);
    put16(u + 4, (uint16_t)(8 + len));
    put16(u + 6, 0);
    for (size_t i = 0; i < len; i++)
        u[8 + i] = (uint8_t)rng_u64(r);
    uint16_t sum = (uint16_t)~twin_sum(twin_sum(0, pseudo, 12), u, 8 + len);
    put16(u + 6, sum ? sum : 0xFFFF);
    return (uint32_t)(8 + len);
}

/* Bytes @off to @off + @len of the payload @u, of @total bytes in all, as a fragment. */
static void part_in(struct bench *b, struct ip_spec s, const uint8_t *u, uint32_t off,
                    uint32_t len, uint32_t total)
{
    uint8_t f[1600];
    s.proto = s.proto ? s.proto : 17;
    s.frag = (uint16_t)(off / 8 | (off + len < total ? IP4_MF : 0));
    bench_in(b, f, make_ip(f, &s, u + off, len));
    if (b->n_sent > 200)
        b->n_sent = b->n_taken = 0;
}

static const struct ip_spec plain;

static void expect_datagram(struct bench *b, struct dgram *d, const uint8_t *u, size_t len)
{
    static uint8_t got[65536];
    assert_int_equal(dgram_recvfrom(b->net, d, got, sizeof(got), NULL, NULL), len);
    assert_memory_equal(got, u + 8, len);
    assert_int_equal(dgram_recvfrom(b->net, d, got, sizeof(got), NULL, NULL), -EAGAIN);
}

/* --- putting together ------------------------------------------------------ */

/* scapy: fragment(IP/UDP(4000, 7)/"four fragments ...", 16), in all 24 orders. */
/* Clause: RFC 791 3.2 */
static void test_all_orders(void **state)
{
    (void)state;
    static const char *const hex[4] = {
        "0200000000010200000000020800450000244c5920004011fa5b0a0900020a09"
        "00010fa000070034f271666f757220667261",
        "0200000000010200000000020800450000244c5920024011fa590a0900020a09"
        "0001676d656e747320746861742073636170",
        "0200000000010200000000020800450000244c5920044011fa570a0900020a09"
        "000179206d6164652c20696e20616e79206f",
        "0200000000010200000000020800450000184c59000640111a620a0900020a09"
        "000172646572",
    };
    struct bench *b = up();
    struct dgram d;
    uint8_t f[64];
    char buf[64];
    open_at(b, &d, 7);
    for (unsigned order = 0; order < 256; order++) {
        unsigned at[4] = { order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 };
        if ((1u << at[0] | 1u << at[1] | 1u << at[2] | 1u << at[3]) != 15)
            continue;
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(d.rxq.n, 0);
            bench_in(b, f, from_hex(f, sizeof(f), hex[at[i]]));
        }
        assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), NULL, NULL), 44);
        assert_memory_equal(buf, "four fragments that scapy made, in any order", 44);
    }
    assert_int_equal(counters(b)->ip4_reassembled, 24);
    assert_int_equal(counters(b)->ip4_frag_joined, 96);
    assert_int_equal(counters(b)->udp_delivered, 24);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

struct part {
    uint32_t off, len;
};

/* Cut @total at random multiples of 8, some twice, and shuffle. Returns how many. */
static unsigned split(struct part *p, unsigned max, uint32_t total, struct rng *r)
{
    unsigned n = 0;
    uint32_t longest = 8 + 8 * rng_below(r, 184);
    if (total / longest > max / 3)
        longest = 1480;
    for (uint32_t off = 0; off < total; n++) {
        uint32_t len = 8 + 8 * rng_below(r, longest / 8);
        len = longest == 1480 ? 1480 : len;
        p[n] = (struct part){ off, len < total - off ? len : total - off };
        off += p[n].len;
    }
    for (unsigned i = n, first = n; i < first + first / 3; i++)
        p[n++] = p[rng_below(r, first)];
    for (unsigned i = n; i > 1; i--) {
        unsigned j = rng_below(r, i);
        struct part swap = p[i - 1];
        p[i - 1] = p[j];
        p[j] = swap;
    }
    return n;
}

/* Random splits, orders and duplicates give what one whole datagram would. */
/* Clause: RFC 791 3.2, RFC 815 3 */
static void test_twin(void **state)
{
    (void)state;
    static uint8_t u[65536];
    static struct part part[700];
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    uint64_t duplicates = 0, sent = 0;
    rng_init(&r, seed_of_run(), RNG_IP4_ID);
    open_at(b, &d, 7);
    for (unsigned round = 0; round < 150; round++) {
        size_t len = round ? rng_below(&r, round % 4 ? 6000 : BIG) : BIG;
        uint32_t total = make_datagram(u, len, &r);
        unsigned n = split(part, 700, total, &r);
        struct ip_spec s = { .id = (uint16_t)(round + 1) };
        uint64_t before = counters(b)->ip4_reassembled;
        unsigned i = 0;
        if (total <= part[0].len) {
            n = 0;                              /* not cut at all */
            part_in(b, s, u, 0, total, total);
        }
        for (; i < n && counters(b)->ip4_reassembled == before; i++, sent++)
            part_in(b, s, u, part[i].off, part[i].len, total);
        expect_datagram(b, &d, u, len);
        duplicates += counters(b)->drop_ip4_frag_duplicate;
    }
    assert_true(duplicates > 100);
    assert_int_equal(counters(b)->ip4_frag_rx, sent);
    assert_int_equal(counters(b)->drop_ip4_frag_overlap, 0);
    assert_int_equal(ip4_frag_held(b->net), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Source, destination, protocol and id name a datagram: 16 at once, mixed. */
/* Clause: RFC 791 3.2 */
static void test_mixed(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    static uint8_t u[14][1008];
    rng_init(&r, seed_of_run() + 5, RNG_IP4_ID);
    open_at(b, &d, 7);
    for (unsigned i = 0; i < 14; i++)
        (void)make_datagram(u[i], 1000, &r);
    for (uint32_t off = 0; off < 1008; off += 336) {
        for (unsigned i = 0; i < 14; i++)
            part_in(b, (struct ip_spec){ .id = (uint16_t)(i + 1) }, u[i], off, 336, 1008);
        part_in(b, (struct ip_spec){ .id = 1, .src = ROUTER_ADDR }, u[0], off, 336, 1008);
        part_in(b, (struct ip_spec){ .id = 1, .proto = 253 }, u[0], off, 336, 1008);
    }
    assert_int_equal(counters(b)->ip4_reassembled, 16);
    assert_int_equal(counters(b)->drop_udp_checksum, 1);    /* the sum is of PEER_ADDR */
    assert_int_equal(counters(b)->drop_ip4_no_proto, 1);
    assert_int_equal(d.rxq.n, 14);
    assert_int_equal(pkt_pool_free(b->pool, PKT_LARGE), 20 - 14);
    dgram_fini(b->net, &d);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    bench_down(b);
}

/* 8,190 fragments of 8 bytes: one large packet, and whole again. */
static void test_tiny(void **state)
{
    (void)state;
    static uint8_t u[65536];
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    rng_init(&r, seed_of_run() + 6, RNG_IP4_ID);
    open_at(b, &d, 7);
    uint32_t total = make_datagram(u, BIG, &r);
    for (uint32_t off = 0; off < total; off += 8) {
        assert_int_equal(pkt_pool_in_use(b->pool), off > 0);
        part_in(b, plain, u, off, total - off < 8 ? total - off : 8, total);
    }
    expect_datagram(b, &d, u, BIG);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Options of the first fragment stay; those of the others do not matter. */
static void test_options(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t icmp[32] = { 8, 0, 0, 0, 0, 1, 0, 1, 'o', 'p', 't' };
    put16(icmp + 2, (uint16_t)~twin_sum(0, icmp, sizeof(icmp)));
    const struct ip_spec with = { .proto = 1, .options = (const uint8_t *)"\1\1\1\0",
                                  .options_bytes = 4 };
    part_in(b, (struct ip_spec){ .proto = 1 }, icmp, 16, 16, 32);
    part_in(b, with, icmp, 0, 16, 32);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_true(ip_ok(s));
    assert_memory_equal(s->b + 38, icmp + 4, 28);
    part_in(b, with, icmp, 16, 16, 32);
    part_in(b, (struct ip_spec){ .proto = 1 }, icmp, 0, 16, 32);
    s = bench_sent(b);
    assert_true(s && ip_ok(s));
    bench_down(b);
}

/* The sum is verified over the whole, whatever the device says of a fragment. */
static void test_checksum(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .offload = true });
    struct dgram d;
    struct rng r;
    uint8_t u[2008], f[1600];
    rng_init(&r, seed_of_run() + 7, RNG_IP4_ID);
    bench_knows(b, PEER_ADDR, peer_mac);
    open_at(b, &d, 7);
    uint32_t total = make_datagram(u, 2000, &r);
    for (unsigned spoil = 0; spoil < 2; spoil++) {
        u[1700] ^= (uint8_t)spoil;
        for (uint32_t off = 0; off < total; off += 1008) {
            struct ip_spec s = { .proto = 17, .frag = (uint16_t)(off ? off / 8 : IP4_MF) };
            size_t n = make_ip(f, &s, u + off, off ? total - 1008 : 1008);
            fake_link_inject_meta(b->link, f, n, b->now, 2, false);     /* DATA_VALID */
            bench_poll(b);
        }
        assert_int_equal(counters(b)->csum_rx_verified, spoil + 1);
    }
    assert_int_equal(counters(b)->csum_rx_by_nic, 0);
    assert_int_equal(counters(b)->udp_delivered, 1);
    assert_int_equal(counters(b)->drop_udp_checksum, 1);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* A closed port: the error quotes a header that is right for the whole datagram. */
static void test_quoted(void **state)
{
    (void)state;
    struct bench *b = up();
    struct rng r;
    uint8_t u[808];
    rng_init(&r, seed_of_run() + 8, RNG_IP4_ID);
    uint32_t total = make_datagram(u, 800, &r);
    part_in(b, plain, u, 0, 400, total);
    part_in(b, plain, u, 400, 408, total);
    const struct sent_frame *s = bench_sent(b);
    assert_true(s && ip_ok(s));
    assert_int_equal(get16(s->b + 34), 0x0303);
    assert_int_equal(get16(s->b + 14 + 2), 576);
    const uint8_t *q = s->b + 42;
    assert_int_equal(get16(q + 2), 20 + total);
    assert_int_equal(get16(q + 6), 0);
    assert_int_equal(twin_sum(0, q, 20), 0xFFFF);
    assert_memory_equal(q + 20, u, 576 - 48);
    bench_down(b);
}

/* --- drops ----------------------------------------------------------------- */

/* One that is wrong by itself leaves the others alone. */
/* Clause: RFC 791 3.1, RFC 791 3.2 */
static void test_wrong_alone(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    uint8_t u[508];
    static uint8_t zeros[1480];
    rng_init(&r, seed_of_run() + 9, RNG_IP4_ID);
    open_at(b, &d, 7);
    uint32_t total = make_datagram(u, 500, &r);
    part_in(b, plain, u, 0, 200, total);
    part_in(b, plain, u, 200, 0, total);                    /* empty */
    part_in(b, plain, u, 508, 0, 508);                      /* empty and last */
    part_in(b, plain, u, 200, 100, total);                  /* not a multiple of 8 */
    part_in(b, (struct ip_spec){ .id = 9 }, u, 0, 7, total);
    assert_int_equal(counters(b)->drop_ip4_frag_malformed, 4);
    /* Ends beyond 65,535 with its header: the "ping of death", last or not. */
    struct ip_spec s = { .proto = 17, .frag = 0x1FFF };
    uint8_t f[1600];
    bench_in(b, f, make_ip(f, &s, zeros, 8));
    s.frag = IP4_MF | 0x1FFF;
    bench_in(b, f, make_ip(f, &s, zeros, 1480));
    s.frag = 65504 / 8;
    bench_in(b, f, make_ip(f, &s, zeros, 12));
    assert_int_equal(counters(b)->drop_ip4_frag_too_long, 3);
    assert_int_equal(ip4_frag_held(b->net), 1);
    bench_in(b, f, make_ip(f, &(struct ip_spec){ .proto = 17, .id = 10, .frag = 65504 / 8 }, zeros,
                           11));
    assert_int_equal(ip4_frag_held(b->net), 2);
    part_in(b, plain, u, 0, 200, total);                    /* there already */
    part_in(b, plain, u, 8, 16, total);                     /* part of what is there */
    assert_int_equal(counters(b)->drop_ip4_frag_duplicate, 2);
    part_in(b, plain, u, 200, 308, total);
    expect_datagram(b, &d, u, 500);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Two fragments that cannot both be true: the datagram is dropped, both counted. As
 * Linux (ip_frag_queue, inet_frag_queue_insert). */
/* Clause: RFC 5722 4 */
static void test_overlaps(void **state)
{
    (void)state;
    static const struct { struct part a, b; bool a_last, b_last; } t[] = {
        { { 0, 80 }, { 40, 80 }, false, false },    /* overlaps its end */
        { { 40, 80 }, { 0, 80 }, false, false },    /* its start */
        { { 40, 80 }, { 0, 200 }, false, false },   /* covers it */
        { { 80, 20 }, { 80, 28 }, true, true },     /* the last one, longer */
        { { 80, 28 }, { 80, 20 }, true, true },     /* shorter */
        { { 80, 24 }, { 80, 20 }, true, true },     /* the same number of blocks */
        { { 80, 20 }, { 80, 24 }, true, false },    /* not the last after all */
        { { 80, 16 }, { 96, 8 }, true, false },     /* something behind the last */
        { { 96, 8 }, { 40, 40 }, false, true },     /* the last in front of another */
    };
    struct bench *b = up();
    uint8_t f[1600];
    static uint8_t u[256];
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct ip_spec s = { .proto = 17, .frag = (uint16_t)(t[i].a.off / 8) };
        s.frag = (uint16_t)(s.frag | (t[i].a_last ? 0 : IP4_MF));
        bench_in(b, f, make_ip(f, &s, u, t[i].a.len));
        assert_int_equal(ip4_frag_held(b->net), 1);
        s.frag = (uint16_t)(t[i].b.off / 8 | (t[i].b_last ? 0 : IP4_MF));
        bench_in(b, f, make_ip(f, &s, u, t[i].b.len));
        assert_int_equal(ip4_frag_held(b->net), 0);
        assert_int_equal(counters(b)->drop_ip4_frag_overlap, 2 * i + 2);
        assert_int_equal(pkt_pool_in_use(b->pool), 0);
    }
    bench_to(b, 31 * SEC);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* 65,535 is the limit with the header of the first fragment, options included. */
static void test_longest(void **state)
{
    (void)state;
    static uint8_t u[65536];
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    rng_init(&r, seed_of_run() + 10, RNG_IP4_ID);
    open_at(b, &d, 7);
    uint32_t total = make_datagram(u, BIG, &r);
    for (unsigned options = 0; options < 2; options++) {
        struct ip_spec s = { .options = (const uint8_t *)"\1\1\1\0", .options_bytes = 4 * options };
        for (uint32_t off = 0; off < total; off += 1472)
            part_in(b, off ? plain : s, u, off, total - off < 1472 ? total - off : 1472, total);
        if (!options)
            expect_datagram(b, &d, u, BIG);
    }
    assert_int_equal(counters(b)->drop_ip4_frag_too_long, (total + 1471) / 1472);
    assert_int_equal(counters(b)->ip4_reassembled, 1);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* --- time and room --------------------------------------------------------- */

/* After 30 s the sender is told, if its first fragment is there to be quoted. */
/* Clause: RFC 1122 3.3.2, RFC 1122 3.2.2.4, RFC 792 Time Exceeded Message */
static void test_timeout(void **state)
{
    (void)state;
    struct bench *b = up();
    struct rng r;
    uint8_t u[1008];
    rng_init(&r, seed_of_run() + 11, RNG_IP4_ID);
    uint32_t total = make_datagram(u, 1000, &r);
    part_in(b, plain, u, 0, 400, total);
    bench_to(b, 5 * SEC);
    part_in(b, plain, u, 408, 600, total);                  /* starts no new time */
    part_in(b, (struct ip_spec){ .id = 2 }, u, 400, 608, total);
    part_in(b, (struct ip_spec){ .id = 3, .eth_dst = all_mac, .dst = 0x0A0900FF }, u, 0, 400,
            total);
    assert_true(b->next == 30 * SEC);
    bench_to(b, 30 * SEC - 1);
    assert_null(bench_sent(b));
    bench_to(b, 30 * SEC);
    const struct sent_frame *s = bench_sent(b);
    assert_true(s && ip_ok(s));
    assert_int_equal(get16(s->b + 34), 0x0B01);
    assert_int_equal(get32(s->b + 38), 0);
    assert_int_equal(get16(s->b + 16), 28 + 420);
    assert_int_equal(get16(s->b + 42 + 2), 420);            /* as it came */
    assert_int_equal(get16(s->b + 42 + 6), IP4_MF);
    assert_memory_equal(s->b + 62, u, 400);
    assert_int_equal(counters(b)->drop_ip4_frag_timeout, 2);
    bench_to(b, 35 * SEC);
    assert_null(bench_sent(b));                 /* no first fragment; to more than one */
    assert_int_equal(counters(b)->drop_ip4_frag_timeout, 4);
    assert_int_equal(counters(b)->icmp4_tx + counters(b)->drop_ip4_no_route, 1);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    assert_true(b->next > 1000 * SEC);
    /* What comes too late begins anew. */
    part_in(b, plain, u, 400, 8, total);
    assert_int_equal(ip4_frag_held(b->net), 1);
    bench_down(b);
}

/* Halves of datagrams take turns; a whole one gets through at any time. */
static void test_flood_of_halves(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    uint8_t u[1008];
    rng_init(&r, seed_of_run() + 12, RNG_IP4_ID);
    open_at(b, &d, 7);
    uint32_t total = make_datagram(u, 1000, &r);
    for (uint32_t i = 0; i < 3000; i++) {
        bench_to(b, b->now + 1);
        part_in(b, (struct ip_spec){ .id = (uint16_t)(1 + i), .src = 0x0B000001 + i / 7 }, u,
                i % 2 * 400, 400, total);
        if (i % 100)
            continue;
        part_in(b, (struct ip_spec){ .id = 0xFFFF }, u, 0, 400, total);
        for (uint32_t j = 0; j < IP4_FRAG_DATAGRAMS - 1; j++)
            part_in(b, (struct ip_spec){ .id = (uint16_t)(5000 + i + j) }, u, 0, 400, total);
        part_in(b, (struct ip_spec){ .id = 0xFFFF }, u, 400, 608, total);
        expect_datagram(b, &d, u, 1000);
    }
    assert_int_equal(counters(b)->ip4_reassembled, 30);
    assert_true(counters(b)->drop_ip4_frag_evicted > 3000);
    assert_int_equal(pkt_pool_in_use(b->pool), IP4_FRAG_DATAGRAMS);
    bench_to(b, 31 * SEC);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Large packets are in other hands: the oldest half gives its own, or there is none. */
static void test_no_buffer(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_large = 2 });
    struct rng r;
    uint8_t u[1008];
    struct pkt *p[2];
    rng_init(&r, seed_of_run() + 13, RNG_IP4_ID);
    uint32_t total = make_datagram(u, 1000, &r);
    p[0] = pkt_alloc(b->pool, PKT_LARGE);
    part_in(b, (struct ip_spec){ .id = 1 }, u, 0, 400, total);
    part_in(b, (struct ip_spec){ .id = 1 }, u, 400, 400, total);
    part_in(b, (struct ip_spec){ .id = 2 }, u, 0, 400, total);
    assert_int_equal(counters(b)->drop_ip4_frag_evicted, 2);
    part_in(b, (struct ip_spec){ .id = 2 }, u, 400, 608, total);
    assert_int_equal(counters(b)->drop_udp_no_socket, 1);
    p[1] = pkt_alloc(b->pool, PKT_LARGE);
    part_in(b, (struct ip_spec){ .id = 3 }, u, 0, 400, total);
    assert_int_equal(counters(b)->drop_ip4_frag_no_buffer, 1);
    pkt_release(p[0]);
    pkt_release(p[1]);
    part_in(b, (struct ip_spec){ .id = 4 }, u, 0, 400, total);
    bench_down(b);              /* the half that waits is released */
}

/* --- sending --------------------------------------------------------------- */

/* Reads the next @n frames as fragments in order. Returns bytes of payload in @out. */
static uint32_t read_fragments(struct bench *b, uint8_t *out, unsigned n, uint32_t mtu)
{
    uint32_t off = 0;
    uint16_t id = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct sent_frame *s = bench_sent(b);
        assert_non_null(s);
        const uint8_t *ip = s->b + 14;
        uint32_t len = get16(ip + 2) - 20u;
        id = i ? id : get16(ip + 4);
        assert_int_equal(ip[0], 0x45);
        assert_int_equal(twin_sum(0, ip, 20), 0xFFFF);
        assert_int_equal(get16(ip + 4), id);
        assert_int_equal(get16(ip + 6), off / 8 | (i + 1 < n ? IP4_MF : 0));
        assert_true(len + 20 <= mtu);
        assert_true(i + 1 == n || (len % 8 == 0 && len + 28 > mtu));
        memcpy(out + off, ip + 20, len);
        off += len;
    }
    assert_null(bench_sent(b));
    return off;
}

/* Every length round a boundary: as few fragments as can be, one id, DF clear. */
/* Clause: RFC 791 3.2, RFC 6864 4.2 */
static void test_send(void **state)
{
    (void)state;
    static const size_t len[] = { 1472, 1473, 1480, 2952, 2953, 4000, 65507 };
    static uint8_t data[BIG], got[65536];
    for (int offload = 0; offload < 2; offload++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .offload = offload });
        struct dgram d;
        bench_knows(b, PEER_ADDR, peer_mac);
        open_at(b, &d, 7);
        for (size_t i = 0; i < BIG; i++)
            data[i] = (uint8_t)(i * 31 >> 3);
        for (unsigned i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
            unsigned n = (unsigned)((len[i] + 8 + 1479) / 1480);
            assert_int_equal(dgram_sendto(b->net, &d, data, len[i], PEER_ADDR, 9), len[i]);
            bench_poll(b);
            if (n == 1) {
                assert_true(ip_ok(bench_sent(b)));          /* by the NIC, with DF */
                continue;
            }
            assert_int_equal(read_fragments(b, got, n, 1500), len[i] + 8);
            assert_memory_equal(got + 8, data, len[i]);
            uint8_t pseudo[12] = { 10, 9, 0, 1, 10, 9, 0, 2, 0, 17 };
            put16(pseudo + 10, (uint16_t)(len[i] + 8));
            assert_int_equal(twin_sum(twin_sum(0, pseudo, 12), got, len[i] + 8), 0xFFFF);
        }
        assert_int_equal(counters(b)->ip4_frag_tx, 2 + 2 + 2 + 3 + 3 + 45);
        assert_int_equal(counters(b)->ip4_tx, 7);
        assert_int_equal(counters(b)->csum_tx_computed, offload ? 6 : 7);
        dgram_fini(b->net, &d);
        bench_down(b);
    }
}

/* Ids of what is cut do not come again among 65,536, and differ by destination. */
/* Clause: RFC 6864 4.3, RFC 791 2.3 */
static void test_ids(void **state)
{
    (void)state;
    static uint8_t seen[65536], data[1473];
    struct bench *b = up();
    struct dgram d;
    open_at(b, &d, 7);
    bench_knows(b, ROUTER_ADDR, router_mac);
    unsigned same = 0;
    for (unsigned i = 0; i < 65536; i++) {
        (void)dgram_sendto(b->net, &d, data, sizeof(data), PEER_ADDR, 9);
        bench_poll(b);
        uint16_t id = get16(b->sent[0].b + 18);
        assert_int_equal(seen[id]++, 0);
        b->n_sent = b->n_taken = 0;
        if (i % 64)
            continue;
        (void)dgram_sendto(b->net, &d, data, sizeof(data), ROUTER_ADDR, 9);
        bench_poll(b);
        same += get16(b->sent[0].b + 18) == id;
        b->n_sent = b->n_taken = 0;
    }
    assert_true(same < 5);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* All fragments or none: without room the user keeps the datagram and hears when to come
 * again; one that waited for ARP is lost as one. */
static void test_room(void **state)
{
    (void)state;
    static uint8_t data[BIG];
    struct bench *b = up();
    struct dgram d;
    open_at(b, &d, 7);
    fake_link_set_tx_room(b->link, 0);
    assert_int_equal(dgram_sendto(b->net, &d, data, BIG, PEER_ADDR, 9), BIG);
    assert_int_equal(dgram_sendto(b->net, &d, data, BIG, PEER_ADDR, 9), -EAGAIN);
    bench_poll(b);              /* 19 places are left in the NIC: not enough for 45 */
    assert_false(dgram_ready(&d) & NET_OUT);
    assert_int_equal(pkt_pool_in_use(b->pool), 45);
    fake_link_set_tx_room(b->link, UINT_MAX);
    bench_to(b, 1 * MS);
    assert_true(dgram_ready(&d) & NET_OUT);
    assert_int_equal(b->n_sent, 45);
    /* Two wait for the router's address; then there is room for one. */
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(dgram_sendto(b->net, &d, data, BIG, ROUTER_ADDR, 9), BIG);
    assert_int_equal(pkt_pool_in_use(b->pool), 2);
    bench_poll(b);
    fake_link_set_tx_room(b->link, 0);
    uint8_t f[64];
    bench_in(b, f, make_arp(f, our_mac, 2, router_mac, ROUTER_ADDR, our_mac, OUR_ADDR));
    assert_int_equal(counters(b)->drop_tx_nic_full, 1);
    assert_int_equal(counters(b)->ip4_frag_tx, 90);
    fake_link_set_tx_room(b->link, UINT_MAX);
    bench_to(b, 2 * MS);
    assert_int_equal(b->n_sent, 45 + 1 + 45);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Fewer small packets than fragments. */
static void test_few_small(void **state)
{
    (void)state;
    static uint8_t data[BIG];
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 20 });
    struct dgram d;
    open_at(b, &d, 7);
    assert_int_equal(dgram_sendto(b->net, &d, data, BIG, PEER_ADDR, 9), -EAGAIN);
    assert_int_equal(dgram_sendto(b->net, &d, data, 20000, PEER_ADDR, 9), 20000);
    struct pkt *p[12];
    for (unsigned i = 0; i < 12; i++)
        assert_non_null(p[i] = net_pkt_alloc(b->net, PKT_SMALL));
    uint8_t f[64];
    bench_in(b, f, make_arp(f, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR));
    assert_int_equal(counters(b)->drop_no_buffer, 1);
    for (unsigned i = 0; i < 12; i++)
        pkt_release(p[i]);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* --- two hosts ------------------------------------------------------------- */

/* Echo of every tenth length to the longest, by ping; both ways cut and joined. */
static void test_two_hosts(void **state)
{
    (void)state;
    static uint8_t msg[65515] = { 8 }, got[65536];
    struct bench *a = bench_up(&(struct bench_cfg){ .offload = true });
    struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 2 });
    struct dgram d;
    pair_join(a, b);
    dgram_init(&d, NET_ICMP, NULL);
    for (size_t i = 8; i < sizeof(msg); i++)
        msg[i] = (uint8_t)(i * 7 >> 2);
    for (size_t len = sizeof(msg); len > 1480; len -= len > 9000 ? 8000 : 997) {
        assert_int_equal(dgram_sendto(a->net, &d, msg, len, PEER_ADDR, 0), len);
        pair_to(a, b, a->now + 10 * MS);
        assert_int_equal(dgram_recvfrom(a->net, &d, got, sizeof(got), NULL, NULL), len);
        assert_memory_equal(got + 8, msg + 8, len - 8);
        a->n_sent = b->n_sent = a->n_taken = b->n_taken = 0;
    }
    assert_int_equal(counters(a)->ip4_reassembled, counters(b)->ip4_reassembled);
    assert_int_equal(counters(a)->ip4_frag_tx, counters(b)->ip4_frag_joined);
    assert_int_equal(counters(a)->csum_rx_by_nic, 0);
    assert_int_equal(pkt_pool_in_use(a->pool) + pkt_pool_in_use(b->pool), 0);
    dgram_fini(a->net, &d);
    bench_down(a);
    bench_down(b);
}

/* A socket that is not read holds back few of the large packets. */
static void test_receive_buffer(void **state)
{
    (void)state;
    static uint8_t u[65536];
    struct bench *b = up();
    struct dgram d;
    struct rng r;
    rng_init(&r, seed_of_run() + 14, RNG_IP4_ID);
    open_at(b, &d, 7);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t total = make_datagram(u, BIG, &r);
        for (uint32_t off = 0; off < total; off += 1480)
            part_in(b, plain, u, off, total - off < 1480 ? total - off : 1480, total);
    }
    assert_int_equal(d.rxq.n, 2);
    assert_int_equal(counters(b)->drop_udp_rcvbuf, 1);
    while (dgram_recvfrom(b->net, &d, u, sizeof(u), NULL, NULL) == BIG)
        ;
    for (unsigned i = 0; i < 20; i++) {
        uint32_t total = make_datagram(u, 2000, &r);
        part_in(b, plain, u, 0, 1480, total);
        part_in(b, plain, u, 1480, total - 1480, total);
    }
    assert_int_equal(d.rxq.n, DGRAM_RCVBUF_BYTES / (2000 + DGRAM_LARGE_BYTES));
    dgram_fini(b->net, &d);
    assert_int_equal(d.rxq_held, 0);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_orders),
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_wrong_alone),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_flood_of_halves),
        cmocka_unit_test(test_no_buffer),
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_few_small),
        cmocka_unit_test(test_two_hosts),
        cmocka_unit_test(test_receive_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
