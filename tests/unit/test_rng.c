/* SPDX-License-Identifier: Apache-2.0 */
/* test_rng.c - stack/rng.c: published values, independent streams, no bias. */
#include "stack/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* First outputs of xoshiro256** from the state 1, 2, 3, 4: as its authors' C code
 * gives them, and other libraries test against. */
static void test_reference(void **state)
{
    (void)state;
    static const uint64_t want[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
        UINT64_C(16172922978634559625), 8476171486693032832, UINT64_C(10595114339597558777),
    };
    struct rng r = { { 1, 2, 3, 4 } };
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_true(rng_u64(&r) == want[i]);
}

static void test_streams(void **state)
{
    (void)state;
    struct rng a, b, c, d;
    rng_init(&a, 7, RNG_TCP_ISN);
    rng_init(&b, 7, RNG_TCP_ISN);
    rng_init(&c, 7, RNG_DNS_ID);
    rng_init(&d, 8, RNG_TCP_ISN);
    unsigned same_c = 0, same_d = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t x = rng_u64(&a);
        assert_true(x == rng_u64(&b));      /* same seed, same stream: same values */
        same_c += x == rng_u64(&c);
        same_d += x == rng_u64(&d);
    }
    assert_int_equal(same_c, 0);
    assert_int_equal(same_d, 0);
}

/* Even for seed 0 and neighbouring seeds, about half of the bits are set. */
static void test_small_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct rng r;
        unsigned bits = 0;
        rng_init(&r, seed, RNG_UDP_PORT);
        for (unsigned i = 0; i < 16; i++) {
            for (uint64_t v = rng_u64(&r); v; v &= v - 1)
                bits++;
        }
        assert_in_range(bits, 512 - 96, 512 + 96);      /* 6 standard deviations */
    }
}

static void test_below(void **state)
{
    (void)state;
    struct rng r;
    unsigned hits[7] = { 0 };
    rng_init(&r, 3, RNG_TCP_PORT);
    for (unsigned i = 0; i < 70000; i++) {
        uint32_t v = rng_below(&r, 7);
        assert_in_range(v, 0, 6);
        hits[v]++;
    }
    for (unsigned i = 0; i < 7; i++)
        assert_in_range(hits[i], 9500, 10500);
    assert_int_equal(rng_below(&r, 1), 0);
    /* 2^32 draws onto 3/4 of as many values: without rejection every third value, or
     * with a plain modulo the lowest third, would come twice as often. */
    unsigned low = 0, third = 0;
    for (unsigned i = 0; i < 10000; i++) {
        uint32_t v = rng_below(&r, 0xC0000000u);
        low += v < 0x40000000u;
        third += v % 3 == 0;
    }
    assert_in_range(low, 3100, 3570);
    assert_in_range(third, 3100, 3570);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_small_seeds),
        cmocka_unit_test(test_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
