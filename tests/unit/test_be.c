/* SPDX-License-Identifier: Apache-2.0 */
/* test_be.c - byte order: known layouts, every round trip, and no alignment needed. */
#include "driver/be.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void known_layouts(void **state)
{
    (void)state;
    struct be16 b16 = be16_put(0x1234);
    struct le16 l16 = le16_put(0x1234);
    struct be32 b32 = be32_put(0x89ABCDEF);
    struct le32 l32 = le32_put(0x89ABCDEF);
    assert_memory_equal(&b16, "\x12\x34", 2);
    assert_memory_equal(&l16, "\x34\x12", 2);
    assert_memory_equal(&b32, "\x89\xAB\xCD\xEF", 4);
    assert_memory_equal(&l32, "\xEF\xCD\xAB\x89", 4);
}

static void round_trips_16(void **state)
{
    (void)state;
    for (uint32_t x = 0; x <= 0xFFFF; x++) {
        assert_int_equal(be16_get(be16_put((uint16_t)x)), x);
        assert_int_equal(le16_get(le16_put((uint16_t)x)), x);
    }
}

/* Each bit alone, and all but each bit: no byte is lost, doubled or sign-extended. */
static void round_trips_32(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        uint32_t one = 1u << i, all_but = ~one;
        assert_int_equal(be32_get(be32_put(one)), one);
        assert_int_equal(le32_get(le32_put(one)), one);
        assert_int_equal(be32_get(be32_put(all_but)), all_but);
        assert_int_equal(le32_get(le32_put(all_but)), all_but);
        assert_int_equal(be32_put(one).b[3 - i / 8], 1u << i % 8);
        assert_int_equal(le32_put(one).b[i / 8], 1u << i % 8);
    }
}

/* Wire structs lie at any address. */
struct odd { uint8_t pad; struct be32 a; struct le16 b; struct be16 c; struct le32 d; };
_Static_assert(sizeof(struct odd) == 13, "no padding inside or behind");

static void unaligned(void **state)
{
    (void)state;
    static const uint8_t raw[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    struct odd o;
    memcpy(&o, raw, sizeof o);
    assert_int_equal(be32_get(o.a), 0x01020304);
    assert_int_equal(le16_get(o.b), 0x0605);
    assert_int_equal(be16_get(o.c), 0x0708);
    assert_int_equal(le32_get(o.d), 0x0C0B0A09);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_layouts),
        cmocka_unit_test(round_trips_16),
        cmocka_unit_test(round_trips_32),
        cmocka_unit_test(unaligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
