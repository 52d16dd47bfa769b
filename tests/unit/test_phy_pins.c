/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols and the pins that carry them: octets in GMII, pairs of nibbles in MII. */
#include "sim/phy_pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void gmii_is_as_it_stands(void **state)
{
    (void)state;
    struct pins_gear g = { 0 };
    struct nic_model_out o = { .txd = 0x5A };
    struct sym s;
    assert_false(pins_out(&g, false, &o, &s));
    o.tx_en = 1;
    assert_true(pins_out(&g, false, &o, &s));
    assert_int_equal(s.data, 0x5A);
    assert_int_equal(s.dv, 1);
    o.tx_en = 0;
    assert_true(pins_out(&g, false, &o, &s));       /* the first without, */
    assert_int_equal(s.dv, 0);
    assert_false(pins_out(&g, false, &o, &s));      /* and no more */
}

/* Whatever edge TX_EN rises at, octets come out of it, low nibble first, and one end. */
static void mii_pairs_nibbles(void **state)
{
    (void)state;
    for (unsigned start = 0; start < 3; start++) {
        struct pins_gear g = { 0 };
        struct nic_model_out o = { 0 };
        struct sym s;
        unsigned got = 0, ends = 0;
        for (unsigned i = 0; i < 20; i++) {
            unsigned k = i - start;
            o.tx_en = i >= start && k < 8;
            o.tx_er = k == 5;
            o.txd = (uint8_t)(o.tx_en ? 0xF0 | (k + 1) : 0xFF);     /* the upper pins are noise */
            if (!pins_out(&g, true, &o, &s))
                continue;
            assert_int_equal(k % 2, 1);             /* when the high nibble is there */
            if (!s.dv) {
                ends++;
                continue;
            }
            assert_int_equal(s.data, ((2 * got + 1) | (2 * got + 2) << 4));
            assert_int_equal(s.er, got == 2);
            got++;
        }
        assert_int_equal(got, 4);
        assert_int_equal(ends, 1);
        assert_false(g.on);
    }
}

static void halves_are_counted_from_zero(void **state)
{
    (void)state;
    struct sim_clocks s = { 0 };
    sim_clocks_add(&s, 25000000, 1, 1, 0);
    for (unsigned k = 0; k < 6; k++) {
        (void)sim_clocks_take(&s, sim_clocks_next(&s));
        assert_int_equal(pins_high(&s.c[0]), k % 2);
    }
    sim_clocks_jump(&s, 1000000 + 40000);           /* edge 26 */
    (void)sim_clocks_take(&s, sim_clocks_next(&s));
    assert_false(pins_high(&s.c[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gmii_is_as_it_stands),
        cmocka_unit_test(mii_pairs_nibbles),
        cmocka_unit_test(halves_are_counted_from_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
