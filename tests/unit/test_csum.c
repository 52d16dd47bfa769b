/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_csum.c - stack/csum.c and the checksum half of net.c: examples of the RFCs,
 * a byte-wise twin on random input, and NIC against software.
 */
#include "stack/csum.h"
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 1071 3: the four words add up to 0xDDF2 (end-around carry included). */
/* Clause: RFC 1071 3 */
static void test_rfc1071_example(void **state)
{
    (void)state;
    const uint8_t b[] = { 0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7 };
    assert_int_equal(csum_sum(b, sizeof(b)), 0xDDF2);
    assert_int_equal(csum_finish(csum_sum(b, sizeof(b))), 0x220D);
}

/* RFC 1624 4: the example on which equation 2 fails. */
/* Clause: RFC 1624 4 */
static void test_rfc1624_example(void **state)
{
    (void)state;
    assert_int_equal(csum_update16(0xDD2F, 0x5555, 0x3285), 0x0000);
}

static void test_edges(void **state)
{
    (void)state;
    const uint8_t zeros[64] = { 0 };
    uint8_t ones[64];
    memset(ones, 0xFF, sizeof(ones));
    assert_int_equal(csum_sum(zeros, 0), 0);
    assert_int_equal(csum_sum(zeros, sizeof(zeros)), 0);
    assert_int_equal(csum_sum(ones, sizeof(ones)), 0xFFFF);
    assert_int_equal(csum_sum("\x12", 1), 0x1200);      /* padded behind */
    assert_int_equal(csum_add(0xFFFF, 0x0001), 0x0001);
    assert_int_equal(csum_add(0xFFFF, 0xFFFF), 0xFFFF);
    /* A computed 0 is written as 0xFFFF; nothing else is changed. */
    assert_int_equal(csum_finish(0xFFFF), 0xFFFF);
    assert_int_equal(csum_finish(0x0000), 0xFFFF);
    assert_int_equal(csum_finish(0xFFFE), 0x0001);
}

/* The largest that a 16-bit length can name, all ones: accumulators must not wrap. */
/* Clause: RFC 1071 2 */
static void test_large(void **state)
{
    (void)state;
    size_t n = 65535;
    uint8_t *b = malloc(n);
    assert_non_null(b);
    memset(b, 0xFF, n);
    assert_int_equal(csum_sum(b, n), twin_sum(0, b, n));
    free(b);
}

/* Clause: RFC 1071 1 */
static void test_against_twin(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, seed_of_run(), RNG_IP4_ID);
    uint8_t b[2048 + 8];
    for (unsigned i = 0; i < 20000; i++) {
        size_t at = rng_below(&r, 8);
        size_t n = rng_below(&r, i % 8 ? 80 : 2048);
        for (size_t j = 0; j < n; j++)
            b[at + j] = (uint8_t)rng_u64(&r);
        assert_int_equal(csum_sum(b + at, n), twin_sum(0, b + at, n));
        /* Split at an even place, the parts add up. */
        size_t cut = n / 2 & ~(size_t)1;
        assert_int_equal(csum_add(csum_sum(b + at, cut), csum_sum(b + at + cut, n - cut)),
                         csum_sum(b + at, n));
    }
}

/* Changing a word and updating the field is the same as summing again. */
/* Clause: RFC 1624 3 */
static void test_update_against_sum(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, seed_of_run(), RNG_IP4_ID);
    uint8_t b[20];
    for (unsigned i = 0; i < 5000; i++) {
        for (unsigned j = 0; j < sizeof(b); j++)
            b[j] = (uint8_t)rng_u64(&r);
        uint16_t field = (uint16_t)~csum_sum(b, sizeof(b));
        unsigned at = 2 * rng_below(&r, 10);
        uint16_t old = get16(b + at), new_ = rng_u16(&r);
        put16(b + at, new_);
        assert_int_equal(csum_add(csum_sum(b, sizeof(b)), csum_update16(field, old, new_)),
                         0xFFFF);
    }
}

/* Made by scapy: IP(src=10.9.0.2, dst=10.9.0.1)/TCP(...)/"GET / HTTP/1.0\r\n\r\n". */
/* Clause: RFC 9293 3.1 */
static void test_pseudo_header(void **state)
{
    (void)state;
    uint8_t b[64];
    size_t n = from_hex(b, sizeof(b),
        "4500003a00060000400666a40a0900020a0900019c400050010203050a0b0c0d"
        "501801f604610000474554202f20485454502f312e300d0a0d0a");
    assert_int_equal(csum_sum(b, 20), 0xFFFF);
    uint16_t len = (uint16_t)(n - 20);
    uint16_t sum = csum_pseudo4(0x0A090002, 0x0A090001, 6, len);
    assert_int_equal(csum_add(sum, csum_sum(b + 20, len)), 0xFFFF);
    /* And the other way round: the field from a sum over zero. */
    put16(b + 36, 0);
    assert_int_equal(csum_finish(csum_add(sum, csum_sum(b + 20, len))), 0x0461);
}

/* --- transport_csum(), transport_csum_ok() -------------------------------- */

static struct pkt *datagram(struct bench *b, const void *data, uint32_t len)
{
    struct pkt *p = net_pkt_alloc(b->net, PKT_SMALL);
    assert_non_null(p);
    memcpy(pkt_put(p, len), data, len);
    return p;
}

static const struct ip4_view from_peer = { .src = PEER_ADDR, .dst = OUR_ADDR, .proto = 17 };

/* Clause: RFC 768 Fields */
static void test_software(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct pkt *p = datagram(b, "\x0f\xa0\x00\x07\x00\x0b\xAA\xAA" "odd", 11);
    transport_csum(b->net, p, PEER_ADDR, OUR_ADDR, 17, 6);
    assert_int_equal(p->vnet_flags, 0);
    assert_true(transport_csum_ok(b->net, p, &from_peer));
    pkt_data(p)[9] ^= 0x40;
    assert_false(transport_csum_ok(b->net, p, &from_peer));
    assert_int_equal(net_counters(b->net)->csum_tx_computed, 1);
    assert_int_equal(net_counters(b->net)->csum_rx_verified, 2);
    assert_int_equal(net_counters(b->net)->csum_rx_by_nic, 0);
    /* Without the offload in force the device's word counts for nothing. */
    p->vnet_flags = VNET_F_DATA_VALID;
    assert_false(transport_csum_ok(b->net, p, &from_peer));
    pkt_release(p);
    bench_down(b);
}

static void test_offloaded(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .offload = true });
    struct pkt *p = datagram(b, "\x0f\xa0\x00\x07\x00\x0a\xAA\xAA" "ab", 10);
    transport_csum(b->net, p, PEER_ADDR, OUR_ADDR, 17, 6);
    assert_int_equal(p->vnet_flags, VNET_F_NEEDS_CSUM);
    assert_int_equal(p->csum_at, p->head);
    assert_int_equal(p->csum_off, 6);
    assert_int_equal(get16(pkt_data(p) + 6), csum_pseudo4(PEER_ADDR, OUR_ADDR, 17, 10));
    assert_int_equal(net_counters(b->net)->csum_tx_computed, 0);

    /* rx: believed for good and bad, summed when the device said nothing. */
    p->vnet_flags = VNET_F_DATA_VALID;
    assert_true(transport_csum_ok(b->net, p, &from_peer));
    assert_int_equal(net_counters(b->net)->csum_rx_by_nic, 1);
    p->csum_bad = 1;
    assert_false(transport_csum_ok(b->net, p, &from_peer));
    p->csum_bad = 0;
    p->vnet_flags = 0;
    assert_false(transport_csum_ok(b->net, p, &from_peer));
    assert_int_equal(net_counters(b->net)->csum_rx_verified, 1);
    pkt_release(p);
    bench_down(b);
}

/* RFC 768: a UDP sum that comes out as 0 is sent as 0xFFFF. */
/* Clause: RFC 768 Fields */
static void test_computed_zero(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint8_t d[10] = { 0x0F, 0xA0, 0x00, 0x07, 0x00, 0x0A };
    uint16_t pseudo = csum_pseudo4(PEER_ADDR, OUR_ADDR, 17, sizeof(d));
    put16(d + 8, (uint16_t)~csum_add(pseudo, csum_sum(d, 8)));
    struct pkt *p = datagram(b, d, sizeof(d));
    transport_csum(b->net, p, PEER_ADDR, OUR_ADDR, 17, 6);
    assert_int_equal(get16(pkt_data(p) + 6), 0xFFFF);
    assert_true(transport_csum_ok(b->net, p, &from_peer));
    pkt_release(p);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc1071_example),
        cmocka_unit_test(test_rfc1624_example),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_update_against_sum),
        cmocka_unit_test(test_pseudo_header),
        cmocka_unit_test(test_software),
        cmocka_unit_test(test_offloaded),
        cmocka_unit_test(test_computed_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
