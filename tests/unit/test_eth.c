/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_eth.c - stack/eth.c and the polling of stack/net.c: what is taken from the
 * NIC and what is dropped, a NIC without room or link, events, a NIC that is gone.
 */
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_config(void **state)
{
    (void)state;
    struct net *n = (struct net *)&state;
    assert_int_equal(net_create(&n, &(struct net_cfg){ .nic = NULL }), -EINVAL);
    assert_null(n);
    net_destroy(NULL);
}

/* Each kind of frame is counted under one reason. */
/* Clause: RFC 894 Frame Format, RFC 1122 2.3.3 */
static void test_drops(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .promiscuous = true });
    const struct net_counters *c = net_counters(b->net);
    uint8_t f[100] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xDD };
    bench_in(b, f, 13);
    assert_int_equal(c->drop_eth_short, 1);
    bench_in(b, f, 60);
    assert_int_equal(c->drop_eth_type, 1);
    put16(f + 12, 46);                          /* an 802.3 length */
    bench_in(b, f, 60);
    assert_int_equal(c->drop_eth_type, 2);
    f[5] = 9;                                   /* another host's */
    bench_in(b, f, 60);
    assert_int_equal(c->drop_eth_not_mine, 1);
    f[0] = 0x33;                                /* a group: the type decides */
    bench_in(b, f, 60);
    assert_int_equal(c->drop_eth_type, 3);
    assert_int_equal(c->eth_rx_frames, 5);
    assert_int_equal(c->eth_rx_bytes, 13 + 4 * 60);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* More frames than one net_poll() takes at a time, and all are taken. */
static void test_many(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 1000 });
    uint8_t f[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xDD };
    for (unsigned i = 0; i < 900; i++)
        fake_link_inject(b->link, f, sizeof(f), b->now);
    bench_poll(b);
    assert_int_equal(net_counters(b->net)->drop_eth_type, 900);
    bench_down(b);
}

static struct pkt *payload(struct bench *b, uint32_t len)
{
    struct pkt *p = net_pkt_alloc(b->net, PKT_SMALL);
    assert_non_null(p);
    memset(pkt_put(p, len), 0x5A, len);
    return p;
}

static void test_tx(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    const struct net_counters *c = net_counters(b->net);
    assert_int_equal(eth_tx(b->net, payload(b, 100), peer_mac, 0x1234), 0);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_int_equal(s->len, 114);
    assert_memory_equal(s->b, peer_mac, 6);
    assert_memory_equal(s->b + 6, our_mac, 6);
    assert_int_equal(get16(s->b + 12), 0x1234);
    assert_int_equal(c->eth_tx_frames, 1);
    assert_int_equal(c->eth_tx_bytes, 114);
    bench_down(b);
}

/* A frame that does not reach the NIC is not counted as sent. */
static void test_tx_full(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    const struct net_counters *c = net_counters(b->net);
    fake_link_set_tx_room(b->link, 0);
    unsigned room = net_tx_room(b->net);
    assert_true(room > 0);
    for (unsigned i = 0; i < room; i++)
        assert_int_equal(eth_tx(b->net, payload(b, 50), peer_mac, 0x1234), 0);
    assert_int_equal(net_tx_room(b->net), 0);
    assert_int_equal(eth_tx(b->net, payload(b, 50), peer_mac, 0x1234), -ENOBUFS);
    assert_int_equal(c->drop_tx_nic_full, 1);
    assert_int_equal(c->eth_tx_frames, room);
    fake_link_set_tx_room(b->link, UINT_MAX);
    bench_to(b, 1 * MS);
    assert_int_equal(b->n_sent, room);
    bench_down(b);
}

static void test_tx_refused(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .max_frame_bytes = 600 });
    const struct net_counters *c = net_counters(b->net);
    assert_int_equal(ip4_mtu(b->net), 586);
    assert_int_equal(eth_tx(b->net, payload(b, 601), peer_mac, 0x1234), -EMSGSIZE);
    assert_int_equal(c->drop_tx_nic_refused, 1);
    /* The cable is pulled: refused, and net_tx_room() lets senders that can wait, wait. */
    fake_link_event(b->link, &(struct link_event){ .kind = LINK_EV_LINK });
    bench_poll(b);
    assert_int_equal(net_tx_room(b->net), 0);
    assert_int_equal(eth_tx(b->net, payload(b, 100), peer_mac, 0x1234), -ENETDOWN);
    assert_int_equal(c->drop_tx_nic_refused, 2);
    assert_int_equal(c->eth_tx_frames, 0);
    bench_down(b);
}

static void test_no_buffer(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 8 });
    struct pkt *p[8];
    for (unsigned i = 0; i < 8; i++)
        p[i] = payload(b, 1);
    assert_null(net_pkt_alloc(b->net, PKT_SMALL));
    assert_int_equal(net_counters(b->net)->drop_no_buffer, 1);
    for (unsigned i = 0; i < 8; i++)
        pkt_release(p[i]);
    bench_down(b);
}

static void test_gone(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    int64_t next;
    fake_link_gone(b->link);
    int err = 0;
    for (unsigned i = 0; i < 4 && !err; i++)
        err = net_poll(b->net, b->now, &next);
    assert_int_equal(err, -ENODEV);
    bench_down(b);
}

/* With nothing under way there is no deadline: the host may sleep. */
static void test_idle(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_to(b, 10 * SEC);
    assert_true(b->next == INT64_MAX);
    bench_down(b);
}

/* Valid frames of every kind, damaged at random: whatever comes, each frame is counted
 * in one place and no packet is lost. Sums are mended half of the time, so that the
 * damage gets past them. */
static size_t any_frame(struct rng *r, uint8_t *f)
{
    static const struct ip_spec to_us;
    uint8_t data[600], quote[64];
    size_t len = rng_below(r, rng_below(r, 4) ? 40 : 600), n;
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)rng_u64(r);
    switch (rng_below(r, 9)) {
    case 0:
        return make_arp(f, rng_below(r, 2) ? our_mac : NULL, (uint16_t)(1 + rng_below(r, 2)),
                        peer_mac, PEER_ADDR, our_mac, OUR_ADDR);
    case 1:
        return make_icmp(f, &to_us, 8, 0, rng_u32(r), data, len);
    case 2:
        n = make_udp(quote, &(struct ip_spec){ .src = OUR_ADDR, .dst = PEER_ADDR }, 7, 8, "", 0);
        return make_icmp(f, &to_us, 3, (uint8_t)rng_below(r, 16), 0, quote + 14, n - 14);
    case 3:
        return make_ip(f, &(struct ip_spec){ .proto = 6 }, data, len);
    case 4:
        n = len & ~(size_t)3;
        return make_ip(f, &(struct ip_spec){ .proto = (uint8_t)rng_below(r, 20), .options = data,
                                             .options_bytes = n > 40 ? 40 : n }, data, len);
    case 5: {                   /* few ids and offsets: they meet */
        static const uint8_t protos[] = { 1, 6, 17, 253 };
        uint32_t at = rng_below(r, 2) * 2;
        return make_ip(f, &(struct ip_spec){ .proto = protos[rng_below(r, 4)],
                                             .id = (uint16_t)(1 + rng_below(r, 3)),
                                             .frag = (uint16_t)(at ? at : IP4_MF) },
                       data, rng_below(r, 8) ? 16 : len);
    }
    default:
        return make_udp(f, &to_us, 4000, rng_below(r, 2) ? 7 : 9, data, len);
    }
}

static void test_damage(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .promiscuous = true });
    struct dgram d;
    struct rng r;
    uint8_t f[800];
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 7), 0);
    rng_init(&r, seed_of_run(), RNG_IP4_ID);
    for (unsigned i = 0; i < 30000; i++) {
        size_t n = any_frame(&r, f);
        for (unsigned j = rng_below(&r, 4); j > 0; j--)
            f[rng_below(&r, (uint32_t)n)] ^= (uint8_t)(1u << rng_below(&r, 8));
        if (n >= 34 && rng_below(&r, 2)) {
            size_t hdr = (f[14] & 15u) * 4u;
            put16(f + 24, 0);
            put16(f + 24, (uint16_t)~twin_sum(0, f + 14, hdr < n - 14 ? hdr : n - 14));
        }
        if (rng_below(&r, 10) == 0)
            n = rng_below(&r, (uint32_t)n + 1);
        b->n_sent = b->n_taken = b->n_events = 0;
        b->now += rng_below(&r, 100) == 0 ? 2 * SEC : 1 * MS;
        bench_in(b, f, n);
        bench_check_counters(b->net);
        while (dgram_recvfrom(b->net, &d, f, sizeof(f), NULL, NULL) != -EAGAIN)
            ;
    }
    assert_int_equal(net_counters(b->net)->eth_rx_frames, 30000);
    assert_true(net_counters(b->net)->udp_delivered > 1000);
    assert_true(net_counters(b->net)->ip4_reassembled > 100);
    dgram_fini(b->net, &d);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_tx),
        cmocka_unit_test(test_tx_full),
        cmocka_unit_test(test_tx_refused),
        cmocka_unit_test(test_no_buffer),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
