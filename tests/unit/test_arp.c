/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arp.c - stack/arp.c: asking, answering, learning only as RFC 826 says,
 * retries to the exact time, ageing, the queue of packets that wait, limits.
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

/* A packet of protocol 253 (for experiments) to @dst, @mark in its first byte. */
static int send_to(struct bench *b, uint32_t dst, uint8_t mark)
{
    struct pkt *p = net_pkt_alloc(b->net, PKT_SMALL);
    assert_non_null(p);
    uint8_t *d = pkt_put(p, 32);
    if (!d)
        fail();
    else
        memset(d, 0, 32);
    d[0] = mark;
    b->net->now_ns = b->now;
    int err = ip4_tx(b->net, p, 0, dst, 253, 0, b->now);
    bench_poll(b);
    return err;
}

static void arp_in(struct bench *b, const uint8_t *eth_dst, uint16_t op, const uint8_t *sha,
                   uint32_t spa, const uint8_t *tha, uint32_t tpa)
{
    uint8_t f[64];
    bench_in(b, f, make_arp(f, eth_dst, op, sha, spa, tha, tpa));
}

static void expect_request(struct bench *b, uint32_t addr, const uint8_t *eth_dst, int64_t at)
{
    uint8_t want[60] = { 0 };
    make_arp(want, eth_dst, 1, our_mac, OUR_ADDR, NULL, addr);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_int_equal(s->len, 60);
    assert_memory_equal(s->b, want, 60);
    assert_true(s->at_ns == at);
}

static void expect_packet(struct bench *b, const uint8_t *eth_dst, uint8_t mark)
{
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_memory_equal(s->b, eth_dst, 6);
    assert_int_equal(get16(s->b + 12), 0x0800);
    assert_int_equal(s->b[34], mark);
}

/* The records of what was sent and told are short. */
static void forget_sent(struct bench *b)
{
    b->n_sent = b->n_taken = b->n_events = 0;
}

static const struct net_arp_info *entry(struct bench *b, uint32_t addr)
{
    static struct net_arp_info list[ARP_ENTRIES];
    size_t n = net_arp_list(b->net, list, ARP_ENTRIES);
    for (size_t i = 0; i < n; i++) {
        if (list[i].addr == addr)
            return &list[i];
    }
    return NULL;
}

/* scapy's request for us, answered by scapy's reply with the roles exchanged. */
/* Clause: RFC 826 Packet Reception */
static void test_answers(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[64], want[60] = { 0 };
    size_t n = from_hex(f, sizeof(f),
        "ffffffffffff020000000002080600010800060400010200000000020a090002"
        "0000000000000a090001");
    from_hex(want, sizeof(want),
        "020000000002020000000001080600010800060400020200000000010a090001"
        "0200000000020a090002");
    bench_in(b, f, n);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_memory_equal(s->b, want, 60);
    /* It asked us, so it will hear from us: the asker is in the table now. */
    assert_non_null(entry(b, PEER_ADDR));
    assert_int_equal(send_to(b, PEER_ADDR, 1), 0);
    expect_packet(b, peer_mac, 1);
    assert_int_equal(counters(b)->arp_rx, 1);
    assert_int_equal(counters(b)->arp_handled, 1);
    assert_int_equal(counters(b)->arp_tx, 1);
    bench_down(b);
}

/* Clause: RFC 1122 2.3.2.2, RFC 826 Packet Generation */
static void test_asks_and_sends_what_waits(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    for (uint8_t i = 1; i <= 3; i++)
        assert_int_equal(send_to(b, PEER_ADDR, i), 0);
    expect_request(b, PEER_ADDR, NULL, 0);
    assert_null(bench_sent(b));
    assert_false(entry(b, PEER_ADDR)->resolved);
    bench_to(b, 300 * MS);
    arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    for (uint8_t i = 1; i <= 3; i++)
        expect_packet(b, peer_mac, i);
    assert_int_equal(counters(b)->ip4_tx, 3);
    assert_int_equal(b->n_events, 2);
    assert_int_equal(b->events[0].kind, NET_EV_ARP_ASK);
    assert_int_equal(b->events[1].kind, NET_EV_ARP_ANSWER);
    assert_int_equal(b->events[1].addr, PEER_ADDR);
    assert_memory_equal(b->events[1].mac, peer_mac, 6);
    assert_true(b->events[1].now_ns == 300 * MS);
    bench_to(b, 20 * SEC);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* Three requests a second apart, and a second after the third the end. */
/* Clause: RFC 1122 2.3.2.1 */
static void test_gives_up(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_to(b, 5 * MS);
    send_to(b, PEER_ADDR, 1);
    send_to(b, PEER_ADDR, 2);
    bench_to(b, 3005 * MS - 1);
    expect_request(b, PEER_ADDR, NULL, 5 * MS);
    expect_request(b, PEER_ADDR, NULL, 1005 * MS);
    expect_request(b, PEER_ADDR, NULL, 2005 * MS);
    assert_null(bench_sent(b));
    assert_int_equal(counters(b)->drop_arp_unresolved, 0);
    assert_true(b->next == 3005 * MS);
    bench_to(b, 3005 * MS);
    assert_int_equal(counters(b)->drop_arp_unresolved, 2);
    assert_int_equal(b->events[b->n_events - 1].kind, NET_EV_ARP_FAILED);
    assert_null(entry(b, PEER_ADDR));
    /* A later packet asks anew. */
    send_to(b, PEER_ADDR, 3);
    expect_request(b, PEER_ADDR, NULL, 3005 * MS);
    bench_down(b);
}

/* The second try is answered: no more asking, nothing lost. */
static void test_late_answer(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    send_to(b, PEER_ADDR, 7);
    bench_to(b, 1500 * MS);
    expect_request(b, PEER_ADDR, NULL, 0);
    expect_request(b, PEER_ADDR, NULL, 1000 * MS);
    arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    expect_packet(b, peer_mac, 7);
    bench_to(b, 10 * SEC);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* The oldest gives way, and is counted. */
/* Clause: RFC 1122 2.3.2.2 */
static void test_queue_is_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    for (uint8_t i = 0; i < ARP_WAIT_MAX + 3; i++)
        send_to(b, PEER_ADDR, i);
    assert_int_equal(counters(b)->drop_arp_queue_full, 3);
    expect_request(b, PEER_ADDR, NULL, 0);
    arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    for (uint8_t i = 3; i < ARP_WAIT_MAX + 3; i++)
        expect_packet(b, peer_mac, i);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* RFC 826: who talks to others is not put into the table; who is there is updated. */
/* Clause: RFC 826 Packet Reception */
static void test_learns_only_as_rfc826(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    arp_in(b, NULL, 1, peer_mac, PEER_ADDR, NULL, ROUTER_ADDR);
    assert_null(entry(b, PEER_ADDR));
    arp_in(b, NULL, 1, peer_mac, PEER_ADDR, NULL, PEER_ADDR);       /* gratuitous, unknown */
    assert_null(entry(b, PEER_ADDR));
    assert_null(bench_sent(b));

    bench_knows(b, PEER_ADDR, peer_mac);
    arp_in(b, NULL, 1, router_mac, PEER_ADDR, NULL, PEER_ADDR);     /* gratuitous, known */
    assert_memory_equal(entry(b, PEER_ADDR)->mac, router_mac, 6);
    arp_in(b, NULL, 2, peer_mac, PEER_ADDR, all_mac, PEER_ADDR);    /* as a reply */
    assert_memory_equal(entry(b, PEER_ADDR)->mac, peer_mac, 6);
    arp_in(b, NULL, 1, router_mac, PEER_ADDR, NULL, ROUTER_ADDR);   /* asks someone else */
    assert_memory_equal(entry(b, PEER_ADDR)->mac, router_mac, 6);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* RFC 5227 2.1.1: a probe has no sender address; it is answered, not learnt. */
/* Clause: RFC 5227 2.1.1 */
static void test_probe(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    arp_in(b, NULL, 1, peer_mac, 0, NULL, OUR_ADDR);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_memory_equal(s->b, peer_mac, 6);
    assert_int_equal(get16(s->b + 20), 2);
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

/* We keep our address and say so, once in ten seconds. */
/* Clause: RFC 5227 2.4 */
static void test_conflict(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    arp_in(b, NULL, 1, peer_mac, OUR_ADDR, NULL, OUR_ADDR);
    expect_request(b, OUR_ADDR, NULL, 0);                           /* an announcement */
    arp_in(b, our_mac, 2, peer_mac, OUR_ADDR, our_mac, OUR_ADDR);
    assert_int_equal(counters(b)->arp_conflicts, 2);
    arp_in(b, NULL, 1, our_mac, OUR_ADDR, NULL, OUR_ADDR);          /* our own, reflected */
    assert_int_equal(counters(b)->arp_conflicts, 2);
    bench_to(b, 10 * SEC - 1);
    for (unsigned i = 0; i < 100; i++)
        arp_in(b, NULL, 1, peer_mac, OUR_ADDR, NULL, PEER_ADDR);
    assert_null(bench_sent(b));
    bench_to(b, 10 * SEC);
    arp_in(b, NULL, 1, peer_mac, OUR_ADDR, NULL, PEER_ADDR);
    expect_request(b, OUR_ADDR, NULL, 10 * SEC);
    assert_null(bench_sent(b));
    assert_int_equal(counters(b)->arp_conflicts, 103);
    assert_int_equal(counters(b)->arp_defences, 2);
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

/* Clause: RFC 826 Packet format */
static void test_malformed(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t f[64];
    size_t n = make_arp(f, NULL, 1, peer_mac, PEER_ADDR, NULL, OUR_ADDR);
    bench_in(b, f, n - 1);
    f[21] = 8;                                  /* InARP, RFC 2390 */
    bench_in(b, f, n);
    arp_in(b, NULL, 1, peer_mac, 0xE0000001, NULL, OUR_ADDR);
    arp_in(b, NULL, 1, peer_mac, 0x0A0900FF, NULL, OUR_ADDR);
    arp_in(b, NULL, 1, peer_mac, 0x7F000001, NULL, OUR_ADDR);
    n = make_arp(f, NULL, 1, all_mac, PEER_ADDR, NULL, OUR_ADDR);
    memcpy(f + 6, peer_mac, 6);
    bench_in(b, f, n);
    assert_int_equal(counters(b)->drop_arp_malformed, 6);
    assert_null(bench_sent(b));
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

/* After 60 s of silence the next packet still goes out, with a unicast poll. */
/* Clause: RFC 1122 2.3.2.1 */
static void test_ageing(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 60 * SEC);
    send_to(b, PEER_ADDR, 1);
    expect_packet(b, peer_mac, 1);
    assert_null(bench_sent(b));
    bench_to(b, 60 * SEC + 1);
    send_to(b, PEER_ADDR, 2);
    expect_request(b, PEER_ADDR, peer_mac, 60 * SEC + 1);
    expect_packet(b, peer_mac, 2);
    bench_to(b, 61 * SEC);
    send_to(b, PEER_ADDR, 3);
    expect_packet(b, peer_mac, 3);
    arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    bench_to(b, 100 * SEC);
    send_to(b, PEER_ADDR, 4);
    expect_packet(b, peer_mac, 4);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* RFC 1122 2.3.2.1: unanswered polls delete the entry; then all are asked. */
/* Clause: RFC 1122 2.3.2.1 */
static void test_ageing_unanswered(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 70 * SEC);
    send_to(b, PEER_ADDR, 1);
    expect_request(b, PEER_ADDR, peer_mac, 70 * SEC);
    expect_packet(b, peer_mac, 1);
    bench_to(b, 73 * SEC);
    expect_request(b, PEER_ADDR, peer_mac, 71 * SEC);
    expect_request(b, PEER_ADDR, peer_mac, 72 * SEC);
    assert_null(entry(b, PEER_ADDR));
    assert_int_equal(counters(b)->drop_arp_unresolved, 0);
    send_to(b, PEER_ADDR, 2);
    expect_request(b, PEER_ADDR, NULL, 73 * SEC);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* A silent change of the link address is found when the polls of the old one fail. */
/* Clause: RFC 1122 2.3.2.1 */
static void test_new_mac(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 70 * SEC);
    for (uint8_t i = 0; i < 4; i++) {
        send_to(b, PEER_ADDR, i);
        bench_to(b, b->now + SEC);
    }
    forget_sent(b);
    arp_in(b, our_mac, 2, router_mac, PEER_ADDR, our_mac, OUR_ADDR);
    expect_packet(b, router_mac, 3);            /* it waited for the new owner */
    send_to(b, PEER_ADDR, 4);
    expect_packet(b, router_mac, 4);
    bench_down(b);
}

/* Ten packets a second for ten minutes: each leaves at once, and all asking is unicast. */
/* Clause: RFC 1122 2.3.2.1 */
static void test_no_gap_under_load(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    unsigned polls = 0;
    bench_knows(b, PEER_ADDR, peer_mac);
    for (unsigned i = 0; i < 6000; i++) {
        bench_to(b, b->now + 100 * MS);
        uint64_t asked = counters(b)->arp_tx;
        send_to(b, PEER_ADDR, (uint8_t)i);
        if (counters(b)->arp_tx > asked) {
            expect_request(b, PEER_ADDR, peer_mac, b->now);
            polls++;
        }
        expect_packet(b, peer_mac, (uint8_t)i);
        if (counters(b)->arp_tx > asked)
            arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
        forget_sent(b);
    }
    assert_in_range(polls, 8, 10);
    bench_down(b);
}

/* What nobody asked for makes no entry. */
static void test_unasked_reply(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    arp_in(b, our_mac, 2, peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    arp_in(b, NULL, 2, peer_mac, PEER_ADDR, NULL, OUR_ADDR);
    assert_null(entry(b, PEER_ADDR));
    assert_int_equal(counters(b)->arp_handled, 2);
    bench_down(b);
}

/* --- places: idle, live, asked --------------------------------------------- */

/* A stranger asks for us; we answer in any case. */
static void asks_us(struct bench *b, uint32_t addr)
{
    unsigned before = b->n_sent;
    arp_in(b, NULL, 1, peer_mac, addr, NULL, OUR_ADDR);
    assert_int_equal(b->n_sent, before + 1);
    forget_sent(b);
}

static void test_idle_make_room(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    for (uint32_t i = 0; i < ARP_ENTRIES; i++)
        asks_us(b, 0x0A090064 + i);
    send_to(b, 0x0A090064, 1);                  /* live now: the second is the oldest idle */
    expect_packet(b, peer_mac, 1);
    asks_us(b, 0x0A090014);
    assert_non_null(entry(b, 0x0A090014));
    assert_non_null(entry(b, 0x0A090064));
    assert_null(entry(b, 0x0A090065));
    send_to(b, 0x0A0900F0, 1);                  /* asked: takes the third's place */
    assert_null(entry(b, 0x0A090066));
    assert_non_null(entry(b, 0x0A0900F0));
    bench_down(b);
}

/* A table of live ones: who asks for us is answered and finds no place; who is asked
 * takes that of the least recently used, but not more than half of them. */
static void test_live_keep_place(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 256 });
    for (uint32_t i = 0; i < ARP_ENTRIES; i++) {
        asks_us(b, 0x0A090064 + i);
        send_to(b, 0x0A090064 + i, 1);
    }
    send_to(b, 0x0A090064, 1);                  /* used again: the others are older now */
    forget_sent(b);
    asks_us(b, 0x0A090014);
    assert_null(entry(b, 0x0A090014));
    for (uint32_t i = 0; i < ARP_ASKING_MAX + 5; i++)
        assert_int_equal(send_to(b, 0x0A090014 + i, 1), 0);
    for (uint32_t i = 0; i < ARP_ENTRIES; i++)
        assert_true((entry(b, 0x0A090064 + i) != NULL) == (i == 0 || i > ARP_ASKING_MAX));
    assert_int_equal(counters(b)->drop_arp_table_full, 5);
    assert_null(entry(b, 0x0A090014 + 4));      /* the oldest of those asked went */
    assert_non_null(entry(b, 0x0A090014 + 5));
    bench_to(b, 4 * SEC);
    assert_int_equal(counters(b)->drop_arp_unresolved, ARP_ASKING_MAX);
    assert_int_equal(net_arp_list(b->net, NULL, 0), ARP_ENTRIES - ARP_ASKING_MAX);
    bench_down(b);
}

/* Traffic to the router goes on, and somebody new is found. */
static void expect_service(struct bench *b, uint32_t fresh)
{
    forget_sent(b);
    send_to(b, ROUTER_ADDR, 7);
    expect_packet(b, router_mac, 7);
    send_to(b, fresh, 8);
    expect_request(b, fresh, NULL, b->now);
    for (uint32_t i = 0; i < 20; i++)           /* the flood goes on while the answer comes */
        send_to(b, 0x0A09C000 + i, 9);
    forget_sent(b);
    arp_in(b, our_mac, 2, peer_mac, fresh, our_mac, OUR_ADDR);
    expect_packet(b, peer_mac, 8);
    forget_sent(b);
}

/* 10,000 strangers who ask for us, then 10,000 silent addresses that we send to. */
static void test_floods(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .no_addr = true });
    assert_int_equal(net_set_addr(b->net, OUR_ADDR, 16), 0);
    bench_knows(b, ROUTER_ADDR, router_mac);
    send_to(b, ROUTER_ADDR, 1);
    for (uint32_t i = 0; i < 10000; i++)
        asks_us(b, (i % 2 ? 0x0A091000 : 0xC0000200) + i);
    expect_service(b, 0x0A090202);
    for (uint32_t i = 0; i < 10000; i++) {
        send_to(b, 0x0A094000 + i, 1);
        forget_sent(b);
        if (i % 2500 == 0)
            expect_service(b, 0x0A090300 + i);
    }
    expect_service(b, 0x0A090303);
    assert_memory_equal(entry(b, ROUTER_ADDR)->mac, router_mac, 6);
    bench_to(b, 4 * SEC);
    forget_sent(b);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    bench_down(b);
}

/* All that waits is bounded: the packets of the address longest not used go first. */
static void test_all_queues_are_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 400, .pool_large = 9 });
    const unsigned fit = ARP_WAIT_BYTES / PKT_SMALL_BYTES;
    for (uint32_t i = 0; i < 20 * ARP_WAIT_MAX; i++) {
        send_to(b, 0x0A090014 + i / ARP_WAIT_MAX, (uint8_t)i);
        forget_sent(b);
    }
    assert_int_equal(counters(b)->drop_arp_queue_full, 20 * ARP_WAIT_MAX - fit);
    assert_int_equal(pkt_pool_in_use(b->pool), fit);
    arp_in(b, our_mac, 2, peer_mac, 0x0A090014, our_mac, OUR_ADDR);
    assert_null(bench_sent(b));                 /* nothing waited there any more */
    arp_in(b, our_mac, 2, peer_mac, 0x0A090014 + 19, our_mac, OUR_ADDR);
    for (unsigned i = 0; i < ARP_WAIT_MAX; i++)
        expect_packet(b, peer_mac, (uint8_t)(19 * ARP_WAIT_MAX + i));
    forget_sent(b);
    /* Large ones count for what they hold. */
    for (uint32_t i = 0; i < 9; i++) {
        struct pkt *p = net_pkt_alloc(b->net, PKT_LARGE);
        assert_non_null(p);
        memset(pkt_put(p, 3000), 0, 3000);
        assert_int_equal(ip4_tx(b->net, p, 0, 0x0A090080 + i, 253, 0, b->now), 0);
    }
    assert_int_equal(pkt_pool_free(b->pool, PKT_LARGE), 9 - ARP_WAIT_BYTES / PKT_LARGE_BYTES);
    bench_to(b, 4 * SEC);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    bench_down(b);
}

/* No ARP for what has no owner: broadcast and groups map to addresses. */
/* Clause: RFC 1112 6.4 */
static void test_groups(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    send_to(b, 0xFFFFFFFF, 1);
    expect_packet(b, all_mac, 1);
    send_to(b, 0x0A0900FF, 2);
    expect_packet(b, all_mac, 2);
    send_to(b, 0xE00000FB, 3);
    expect_packet(b, (const uint8_t[]){ 1, 0, 0x5E, 0, 0, 0xFB }, 3);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* Another address: what was known and what waits belonged to the old one. */
static void test_new_address(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    send_to(b, ROUTER_ADDR, 1);
    assert_int_equal(net_set_addr(b->net, 0x0A090003, 24), 0);
    assert_int_equal(counters(b)->drop_arp_unresolved, 1);
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    arp_in(b, NULL, 1, peer_mac, PEER_ADDR, NULL, OUR_ADDR);    /* nobody any more */
    (void)bench_sent(b);
    assert_null(bench_sent(b));
    bench_down(b);
}

static void test_no_address(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .no_addr = true });
    arp_in(b, NULL, 1, peer_mac, PEER_ADDR, NULL, 0);
    arp_in(b, NULL, 1, peer_mac, PEER_ADDR, NULL, OUR_ADDR);
    arp_in(b, NULL, 1, peer_mac, 0, NULL, 0);
    assert_null(bench_sent(b));
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_asks_and_sends_what_waits),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_learns_only_as_rfc826),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_ageing),
        cmocka_unit_test(test_ageing_unanswered),
        cmocka_unit_test(test_new_mac),
        cmocka_unit_test(test_no_gap_under_load),
        cmocka_unit_test(test_unasked_reply),
        cmocka_unit_test(test_idle_make_room),
        cmocka_unit_test(test_live_keep_place),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_all_queues_are_bounded),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_new_address),
        cmocka_unit_test(test_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
