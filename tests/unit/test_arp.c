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

static void test_conflict(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    arp_in(b, NULL, 1, peer_mac, OUR_ADDR, NULL, OUR_ADDR);
    arp_in(b, our_mac, 2, peer_mac, OUR_ADDR, our_mac, OUR_ADDR);
    assert_int_equal(counters(b)->arp_conflicts, 2);
    arp_in(b, NULL, 1, our_mac, OUR_ADDR, NULL, PEER_ADDR);         /* our own, reflected */
    assert_int_equal(counters(b)->arp_conflicts, 2);
    assert_null(bench_sent(b));
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

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

/* The least recently used entry makes room; entries being asked do not. */
static void test_table_full(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 256 });
    for (uint32_t i = 0; i < ARP_ENTRIES; i++) {
        bench_to(b, b->now + 1);
        arp_in(b, our_mac, 2, peer_mac, 0x0A090064 + i, our_mac, OUR_ADDR);
    }
    send_to(b, 0x0A090064, 1);                  /* used: now the second is the oldest */
    expect_packet(b, peer_mac, 1);
    assert_null(entry(b, 0x0A090014));
    arp_in(b, our_mac, 2, peer_mac, 0x0A090014, our_mac, OUR_ADDR);
    assert_non_null(entry(b, 0x0A090014));
    assert_non_null(entry(b, 0x0A090064));
    assert_null(entry(b, 0x0A090065));

    /* Ask for as many as there are entries: the next packet finds no place. */
    for (uint32_t i = 0; i < ARP_ENTRIES; i++)
        assert_int_equal(send_to(b, 0x0A090014 + 1 + i, 1), 0);
    assert_int_equal(send_to(b, 0x0A0900F0, 1), -ENOBUFS);
    assert_int_equal(counters(b)->drop_arp_table_full, 1);
    assert_null(entry(b, 0x0A0900F0));
    bench_to(b, 4 * SEC);
    assert_int_equal(counters(b)->drop_arp_unresolved, ARP_ENTRIES);
    assert_int_equal(net_arp_list(b->net, NULL, 0), 0);
    bench_down(b);
}

/* No ARP for what has no owner: broadcast and groups map to addresses. */
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
        cmocka_unit_test(test_table_full),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_new_address),
        cmocka_unit_test(test_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
