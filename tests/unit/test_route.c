/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_route.c - stack/ip4_route.c: the table against a naive twin, addresses that
 * may not be used, gateways, limits.
 */
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static uint32_t hop(struct bench *b, uint32_t dst)
{
    uint32_t h;
    int err = ip4_next_hop(b->net, dst, &h);
    assert_true(err == 0 || err == -ENETUNREACH);
    return err ? 0 : h;
}

/* Clause: RFC 1122 3.3.1.1 */
static void test_default_router(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    assert_int_equal(hop(b, PEER_ADDR), PEER_ADDR);
    assert_int_equal(hop(b, A(192, 0, 2, 1)), 0);
    assert_int_equal(ip4_src_for(b->net, A(192, 0, 2, 1)), 0);
    assert_int_equal(net_route_add(b->net, 0, 0, ROUTER_ADDR), 0);
    assert_int_equal(hop(b, A(192, 0, 2, 1)), ROUTER_ADDR);
    assert_int_equal(hop(b, PEER_ADDR), PEER_ADDR);
    assert_int_equal(ip4_src_for(b->net, A(192, 0, 2, 1)), OUR_ADDR);
    assert_int_equal(net_route_del(b->net, 0, 0), 0);
    assert_int_equal(net_route_del(b->net, 0, 0), -ENOENT);
    assert_int_equal(hop(b, A(192, 0, 2, 1)), 0);
    bench_down(b);
}

/* Clause: RFC 1812 5.2.4.3 */
static void test_longest_prefix(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    uint32_t r1 = A(10, 9, 0, 11), r2 = A(10, 9, 0, 12), r3 = A(10, 9, 0, 13);
    assert_int_equal(net_route_add(b->net, A(172, 16, 0, 0), 12, r1), 0);
    assert_int_equal(net_route_add(b->net, A(172, 16, 5, 0), 24, r2), 0);
    assert_int_equal(net_route_add(b->net, A(172, 16, 5, 9), 32, r3), 0);
    assert_int_equal(net_route_add(b->net, A(172, 16, 6, 0), 24, 0), 0);
    assert_int_equal(hop(b, A(172, 31, 255, 255)), r1);
    assert_int_equal(hop(b, A(172, 32, 0, 0)), 0);
    assert_int_equal(hop(b, A(172, 16, 5, 8)), r2);
    assert_int_equal(hop(b, A(172, 16, 5, 9)), r3);
    assert_int_equal(hop(b, A(172, 16, 6, 7)), A(172, 16, 6, 7));   /* on the link */

    struct net_route_info list[8];
    assert_int_equal(net_route_list(b->net, list, 2), 5);
    assert_int_equal(net_route_list(b->net, list, 8), 5);
    for (unsigned i = 1; i < 5; i++)
        assert_true(list[i - 1].prefix_len >= list[i].prefix_len);
    bench_down(b);
}

static void test_refused(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    assert_int_equal(net_route_add(b->net, A(192, 0, 2, 1), 24, 0), -EINVAL);   /* host bits */
    assert_int_equal(net_route_add(b->net, 0, 33, 0), -EINVAL);
    assert_int_equal(net_route_add(b->net, 0, 0, A(192, 0, 2, 1)), -ENETUNREACH);
    assert_int_equal(net_route_add(b->net, 0, 0, OUR_ADDR), -ENETUNREACH);
    assert_int_equal(net_route_add(b->net, 0, 0, A(10, 9, 0, 255)), -ENETUNREACH);
    assert_int_equal(net_route_add(b->net, 0, 0, ROUTER_ADDR), 0);
    assert_int_equal(net_route_add(b->net, 0, 0, PEER_ADDR), -EEXIST);
    /* A gateway behind the gateway is no neighbour. */
    assert_int_equal(net_route_add(b->net, A(198, 51, 100, 0), 24, A(192, 0, 2, 1)),
                     -ENETUNREACH);
    for (uint32_t i = 2; i < IP4_ROUTES; i++)
        assert_int_equal(net_route_add(b->net, A(100, i, 0, 0), 16, ROUTER_ADDR), 0);
    assert_int_equal(net_route_add(b->net, A(101, 0, 0, 0), 16, ROUTER_ADDR), -ENOSPC);
    bench_down(b);
}

static void test_addresses(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .no_addr = true });
    static const struct { uint32_t addr; unsigned len; } bad[] = {
        { A(10, 9, 0, 0), 24 }, { A(10, 9, 0, 255), 24 }, { A(127, 0, 0, 1), 8 },
        { A(224, 0, 0, 1), 24 }, { A(255, 255, 255, 255), 32 }, { A(0, 1, 2, 3), 8 },
        { A(240, 0, 0, 1), 8 }, { A(10, 9, 0, 1), 33 },
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(net_set_addr(b->net, bad[i].addr, bad[i].len), -EINVAL);
    assert_int_equal(hop(b, PEER_ADDR), 0);                 /* no address: nothing goes */

    assert_int_equal(net_set_addr(b->net, OUR_ADDR, 24), 0);
    assert_int_equal(net_addr(b->net), OUR_ADDR);
    assert_true(ip4_is_broadcast(b->net, A(10, 9, 0, 255)));
    assert_int_equal(net_set_addr(b->net, A(10, 9, 1, 0), 31), 0);  /* RFC 3021 */
    assert_false(ip4_is_broadcast(b->net, A(10, 9, 1, 1)));
    assert_int_equal(hop(b, A(10, 9, 1, 1)), A(10, 9, 1, 1));
    assert_int_equal(hop(b, PEER_ADDR), 0);                 /* the old subnet is gone */
    assert_int_equal(net_set_addr(b->net, A(10, 9, 1, 7), 32), 0);
    assert_int_equal(hop(b, A(10, 9, 1, 1)), 0);
    assert_int_equal(net_set_addr(b->net, 0, 0), 0);
    assert_int_equal(net_addr(b->net), 0);
    assert_int_equal(net_route_list(b->net, NULL, 0), 0);
    bench_down(b);
}

/* RFC 1122 3.2.1.3: these never leave a host; and there is no loopback interface. */
/* Clause: RFC 1122 3.2.1.3 */
static void test_never_sent(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    assert_int_equal(net_route_add(b->net, 0, 0, ROUTER_ADDR), 0);
    assert_int_equal(hop(b, A(127, 0, 0, 1)), 0);
    assert_int_equal(hop(b, 0), 0);
    assert_int_equal(hop(b, A(0, 0, 0, 9)), 0);
    assert_int_equal(hop(b, A(240, 0, 0, 1)), 0);
    assert_int_equal(hop(b, OUR_ADDR), 0);
    assert_int_equal(hop(b, A(255, 255, 255, 255)), A(255, 255, 255, 255));
    assert_int_equal(hop(b, A(224, 0, 0, 5)), A(224, 0, 0, 5));
    bench_down(b);
}

/* --- the twin: look at all routes, remember the longest that fits --------- */

static uint32_t twin_hop(const struct net_route_info *r, size_t n, uint32_t dst)
{
    int best = -1;
    for (size_t i = 0; i < n; i++) {
        bool fits = true;
        for (unsigned bit = 0; bit < r[i].prefix_len; bit++) {
            if ((dst ^ r[i].dst) >> (31 - bit) & 1)
                fits = false;
        }
        if (fits && (best < 0 || r[i].prefix_len > r[best].prefix_len))
            best = (int)i;
    }
    if (best < 0)
        return 0;
    return r[best].gw ? r[best].gw : dst;
}

/* Clause: RFC 1812 5.2.4.3 */
static void test_against_twin(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct net_route_info mine[IP4_ROUTES] = { { A(10, 9, 0, 0), 24, 0 } };
    struct rng r;
    size_t n = 1;
    rng_init(&r, seed_of_run(), RNG_IP4_ID);
    for (unsigned round = 0; round < 3000; round++) {
        /* Few bits, so that prefixes nest and repeat. */
        unsigned len = rng_below(&r, 9) + (rng_below(&r, 2) ? 8 : 0);
        uint32_t dst = (A(20, 0, 0, 0) | (rng_u32(&r) & A(3, 255, 0, 0))) & ip4_mask(len);
        uint32_t gw = rng_below(&r, 4) ? A(10, 9, 0, 2) + rng_below(&r, 200) : 0;
        if (rng_below(&r, 2)) {
            int err = net_route_add(b->net, dst, len, gw);
            if (!err)
                mine[n++] = (struct net_route_info){ dst, len, gw };
        } else if (n > 1) {
            size_t i = 1 + rng_below(&r, (uint32_t)n - 1);
            assert_int_equal(net_route_del(b->net, mine[i].dst, mine[i].prefix_len), 0);
            mine[i] = mine[--n];
        }
        assert_int_equal(net_route_list(b->net, NULL, 0), n);
        for (unsigned i = 0; i < 8; i++) {
            uint32_t to = A(20, 0, 0, 1) | (rng_u32(&r) & A(3, 255, 3, 3));
            assert_int_equal(hop(b, to), twin_hop(mine, n, to));
        }
    }
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_router),
        cmocka_unit_test(test_longest_prefix),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_never_sent),
        cmocka_unit_test(test_against_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
