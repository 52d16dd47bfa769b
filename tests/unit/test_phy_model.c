/* SPDX-License-Identifier: Apache-2.0 */
/* phy_model.c: the two wires bit by bit, latching registers, partners, vendors' places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/phy_model.h"

#include <errno.h>
#include <string.h>

#define AN 1000000ull
#define ADDR 9u

struct bench { struct phy_model m; uint64_t t; };

static void plug(struct bench *b, const char *profile, const char *partner)
{
    struct phy_cfg c = { .profile = phy_profile_find(profile), .addr = ADDR, .an_ps = AN };
    assert_non_null(c.profile);
    assert_int_equal(phy_partner_parse(&c.partner, partner), 0);
    b->t = 5;
    phy_model_init(&b->m, &c, b->t);
}

/* --- a station that knows nothing of the model's -------------------------------------- */

/* One period of MDC; what stands on the line when it rises. */
static bool bit_cell(struct bench *b, bool oe, bool out)
{
    bool pin = phy_model_pins(&b->m, ++b->t, false, out, oe);
    phy_model_pins(&b->m, ++b->t, true, out, oe);
    return oe ? out : pin;
}

static void send(struct bench *b, uint32_t bits, unsigned n)
{
    while (n-- > 0)
        bit_cell(b, true, bits >> n & 1);
}

/* Returns the 17 bits from the second of the turnaround on. */
static uint32_t read_frame(struct bench *b, unsigned preamble, unsigned addr, unsigned reg)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < preamble; i++)
        bit_cell(b, true, true);
    send(b, 6, 4);
    send(b, addr, 5);
    send(b, reg, 5);
    assert_true(bit_cell(b, false, false));
    for (unsigned i = 0; i < 17; i++)
        v = v << 1 | bit_cell(b, false, false);
    return v;
}

static void write_frame(struct bench *b, unsigned preamble, unsigned addr, unsigned reg, unsigned v)
{
    for (unsigned i = 0; i < preamble; i++)
        bit_cell(b, true, true);
    send(b, 5, 4);
    send(b, addr, 5);
    send(b, reg, 5);
    send(b, 2, 2);
    send(b, v, 16);
}

static void wires(void **state)
{
    struct bench b;
    (void)state;
    plug(&b, "generic", "all");
    assert_int_equal(read_frame(&b, 32, ADDR, MII_ID1), 0x0020);
    write_frame(&b, 32, ADDR, 20, 0xA53C);
    assert_int_equal(read_frame(&b, 40, ADDR, 20), 0xA53C);
    /* Another address, or a preamble that is short: nobody answers, nothing is written. */
    assert_int_equal(read_frame(&b, 32, ADDR + 1, 20), 0x1FFFF);
    write_frame(&b, 32, ADDR + 1, 20, 0x1111);
    write_frame(&b, 31, ADDR, 20, 0x2222);
    send(&b, 0, 1);
    assert_int_equal(read_frame(&b, 32, ADDR, 20), 0xA53C);
    assert_true(phy_model_pins(&b.m, ++b.t, false, false, false));
    for (unsigned r = 16; r < 31; r++) {
        write_frame(&b, 32, ADDR, r, 0x1234u * r & 0xFFFF);
        assert_int_equal(read_frame(&b, 32, ADDR, r), 0x1234u * r & 0xFFFF);
    }
}

/* --- registers ---------------------------------------------------------------------------- */

static unsigned get(struct bench *b, unsigned reg)
{
    return phy_model_read(&b->m, b->t, reg);
}

static void put(struct bench *b, unsigned reg, unsigned value)
{
    phy_model_write(&b->m, b->t, reg, (uint16_t)value);
}

static void latches(void **state)
{
    struct bench b;
    struct phy_partner none;
    (void)state;
    plug(&b, "generic", "all");
    assert_int_equal(get(&b, MII_BMSR) & (BMSR_LINK | BMSR_AN_COMPLETE), 0);
    b.t += AN;
    assert_int_equal(get(&b, MII_BMSR) & (BMSR_LINK | BMSR_AN_COMPLETE),
                     BMSR_LINK | BMSR_AN_COMPLETE);
    assert_int_equal(get(&b, MII_ANER), ANER_LP_ABLE | ANER_PAGE);
    assert_int_equal(get(&b, MII_ANER), ANER_LP_ABLE);
    /* Down and up again between two looks: told once. */
    phy_model_partner(&b.m, ++b.t, &PHY_PARTNER_ALL);
    b.t += AN;
    assert_int_equal(get(&b, MII_BMSR) & BMSR_LINK, 0);
    assert_int_equal(get(&b, MII_BMSR) & BMSR_LINK, BMSR_LINK);
    assert_int_equal(phy_partner_parse(&none, "none"), 0);
    phy_model_partner(&b.m, ++b.t, &none);
    b.t += 10 * AN;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(get(&b, MII_BMSR) & BMSR_LINK, 0);
    assert_int_equal(get(&b, MII_ANLPAR), 0);
    assert_int_equal(get(&b, MII_MSSR), 0);
}

static void control(void **state)
{
    struct bench b;
    bool full;
    (void)state;
    plug(&b, "generic", "100fd,100hd");
    b.t += AN;
    assert_true(phy_model_link(&b.m, b.t));
    put(&b, MII_BMCR, BMCR_AN_ENABLE | BMCR_AN_RESTART);
    assert_int_equal(get(&b, MII_BMCR), BMCR_AN_ENABLE);        /* self-clearing */
    assert_false(phy_model_link(&b.m, b.t));
    put(&b, MII_ANAR, AN_SELECTOR | AN_100HD);
    put(&b, MII_BMCR, BMCR_AN_ENABLE | BMCR_AN_RESTART);
    assert_int_equal(phy_model_mode(&b.m, &full), 100);
    assert_false(full);
    b.t += AN;
    assert_true(phy_model_link(&b.m, b.t));
    put(&b, MII_BMCR, BMCR_SPEED_100 | BMCR_FULL);              /* forced, at the same speed */
    b.t += AN;
    assert_true(phy_model_link(&b.m, b.t));
    assert_int_equal(get(&b, MII_BMSR) & BMSR_AN_COMPLETE, 0);
    put(&b, MII_BMCR, 0);                                       /* and at another */
    b.t += AN;
    assert_false(phy_model_link(&b.m, b.t));
    put(&b, MII_BMCR, BMCR_AN_ENABLE | BMCR_POWER_DOWN);
    b.t += AN;
    assert_false(phy_model_link(&b.m, b.t));
    put(&b, MII_BMCR, BMCR_RESET);
    assert_int_equal(get(&b, MII_ANAR), AN_SELECTOR | AN_TECH);
    for (unsigned r = MII_BMSR; r <= MII_ID2; r++)
        put(&b, r, 0);                                          /* read only */
    assert_int_equal(get(&b, MII_ID1), 0x0020);
}

static void vendors(void **state)
{
    struct bench b;
    (void)state;
    plug(&b, "lan8720", "all");
    b.t += AN;
    assert_int_equal(get(&b, MII_BMSR) & BMSR_ESTATEN, 0);
    put(&b, MII_MSCR, MSCR_1000FD);
    assert_int_equal(get(&b, MII_MSCR) | get(&b, MII_ESR) | get(&b, MII_MSSR), 0);
    static const struct { const char *name; unsigned reg; } paged[] = {
        { "rtl8211", 31 }, { "88e1512", 22 },
    };
    for (unsigned i = 0; i < 2; i++) {
        plug(&b, paged[i].name, "all");
        put(&b, 21, 1);
        put(&b, paged[i].reg, 2);
        assert_int_equal(get(&b, paged[i].reg), 2);
        assert_int_equal(get(&b, 21), 0);
        put(&b, 21, 0x30);
        assert_int_equal(get(&b, MII_ESR), ESR_1000FD | ESR_1000HD);   /* below: of every page */
        put(&b, paged[i].reg, 0);
        assert_int_equal(get(&b, 21), 1);
        put(&b, paged[i].reg, 2);
        assert_int_equal(get(&b, 21), 0x30);
    }
    plug(&b, "ksz9031", "all");
    for (unsigned r = 4; r < 9; r++) {
        put(&b, MII_MMD_CTRL, 2);
        put(&b, MII_MMD_DATA, r);
        put(&b, MII_MMD_CTRL, 0x4002);
        put(&b, MII_MMD_DATA, 0x100 + r);
    }
    put(&b, MII_MMD_CTRL, 2);
    put(&b, MII_MMD_DATA, 5);
    assert_int_equal(get(&b, MII_MMD_DATA), 5);
    put(&b, MII_MMD_CTRL, 0x4002);
    assert_int_equal(get(&b, MII_MMD_DATA), 0x105);
}

static void partners(void **state)
{
    static const char *const bad[] = { "", ",", "100fd,", "1000", "fixed:", "fixed:1000fd",
                                       "fixed:100fd,10fd", "fixed:pause", "all,none", "100FD" };
    struct phy_partner p;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(phy_partner_parse(&p, bad[i]), -EINVAL);
    assert_int_equal(phy_partner_parse(&p, "1000fd,10hd,asym"), 0);
    assert_true(p.cable && p.negotiates);
    assert_int_equal(p.base, AN_10HD | AN_ASYM);
    assert_int_equal(p.gigabit, MSSR_1000FD);
    assert_int_equal(phy_partner_parse(&p, "fixed:10fd"), 0);
    assert_true(p.cable && !p.negotiates && p.base == AN_10FD);
    assert_null(phy_profile_find("lan9999"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wires),   cmocka_unit_test(latches),  cmocka_unit_test(control),
        cmocka_unit_test(vendors), cmocka_unit_test(partners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
