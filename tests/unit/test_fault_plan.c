/* SPDX-License-Identifier: Apache-2.0 */
/* test_fault_plan.c - the text of --fault and --fault-link: every form, and what is refused. */
#include "driver/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fault_plan parsed(const char *text)
{
    struct fault_plan p;
    char why[FAULT_WHY_BYTES] = "";
    assert_int_equal(fault_parse(&p, FAULT_ON_WIRE, text, why), 0);
    return p;
}

static void kinds(void **state)
{
    static const struct { const char *text; enum fault_kind kind; } all[] = {
        { "loss=1%", FAULT_LOSS }, { "corrupt=1%", FAULT_CORRUPT },
        { "corrupt-inner=1%", FAULT_INNER }, { "dup=1%", FAULT_DUP },
        { "reorder=1%", FAULT_REORDER },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fault_plan p = parsed(all[i].text);
        assert_int_equal(p.n, 1);
        assert_int_equal(p.rule[0].form, RULE_FRAMES);
        assert_int_equal(p.rule[0].kind, all[i].kind);
        assert_int_equal(p.rule[0].per_million, 10000);
        assert_true(p.rule[0].tx && p.rule[0].rx);
    }
}

static void shares(void **state)
{
    (void)state;
    assert_int_equal(parsed("loss=100%").rule[0].per_million, 1000000);
    assert_int_equal(parsed("loss=0.5%").rule[0].per_million, 5000);
    assert_int_equal(parsed("loss=12.3456%").rule[0].per_million, 123456);
    assert_int_equal(parsed("loss=0.0001%").rule[0].per_million, 1);
}

static void frames(void **state)
{
    struct fault_rule r;
    (void)state;
    r = parsed("dup=@7").rule[0];
    assert_true(r.per_million == 0 && r.first == 7 && r.last == 7);
    r = parsed("dup=@7-9").rule[0];
    assert_true(r.first == 7 && r.last == 9);
    r = parsed("dup=@7-").rule[0];
    assert_true(r.first == 7 && r.last == UINT64_MAX);
}

static void timing(void **state)
{
    struct fault_plan p = parsed("tx.flap@3:250,rx.delay=100,jitter=20,rate=10");
    (void)state;
    assert_int_equal(p.n, 4);
    assert_true(p.rule[0].form == RULE_FLAP && p.rule[0].first == 3 && p.rule[0].value == 250);
    assert_true(p.rule[0].tx && !p.rule[0].rx);
    assert_true(p.rule[1].form == RULE_DELAY && p.rule[1].value == 100);
    assert_true(!p.rule[1].tx && p.rule[1].rx);
    assert_true(p.rule[2].form == RULE_JITTER && p.rule[2].value == 20);
    assert_true(p.rule[3].form == RULE_RATE && p.rule[3].value == 10);
}

static void refused(void **state)
{
    static const char *const bad[] = {
        "", ",", "loss", "loss=", "loss=5", "loss=%", "loss=0%", "loss=101%", "loss=100.1%",
        "loss=-1%", "loss=5%%", "loss=5%,", "loss=5% ", " loss=5%", "loss=@0", "loss=@",
        "loss=@3-2", "loss=@3-x", "loss=@3x", "loss@5%", "loss@@5",
        "loss=@99999999999999999999", "lose=5%",
        "flap=5%", "ty.loss=5%",
        "tx.", "tx.rx.loss=5%", "flap@0:5", "flap@3", "flap@3:", "flap@3:0", "flap@3:9999999",
        "delay=", "delay=0", "delay=5us", "rate=0", "rate=1001", "jitter=99999999",
        "loss=1.00000000000000000000000000000000000000000000000000000000000%",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault_plan p;
        char why[FAULT_WHY_BYTES] = "";
        if (fault_parse(&p, FAULT_ON_WIRE, bad[i], why) != -EINVAL || !strstr(why, "is no fault"))
            fail_msg("'%s' was taken, or refused with '%s'", bad[i], why);
    }
}

/* What only a link knows: names, forms, directions. */
static void of_a_link(void **state)
{
    static const struct { const char *text; enum fault_form form; enum fault_kind kind; } all[] = {
        { "loss=1%", RULE_FRAMES, FAULT_LOSS }, { "corrupt=1%", RULE_FRAMES, FAULT_CORRUPT },
        { "dup=1%", RULE_FRAMES, FAULT_DUP }, { "reorder=@4", RULE_FRAMES, FAULT_REORDER },
        { "resync=@2-", RULE_FRAMES, FAULT_RESYNC }, { "gone@7", RULE_FRAMES, FAULT_GONE },
        { "tx.gone@7", RULE_FRAMES, FAULT_GONE }, { "reg-loss=5%", RULE_FRAMES, FAULT_REG_LOSS },
        { "rx.reg-loss=@1", RULE_FRAMES, FAULT_REG_LOSS },
        { "event-loss=@1-3", RULE_FRAMES, FAULT_EVENT_LOSS },
        { "reg-delay=100", RULE_REG_DELAY, 0 }, { "event-delay=100", RULE_EVENT_DELAY, 0 },
        { "delay=5", RULE_DELAY, 0 }, { "jitter=5", RULE_JITTER, 0 }, { "rate=5", RULE_RATE, 0 },
    };
    char why[FAULT_WHY_BYTES];
    struct fault_plan p;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (fault_parse(&p, FAULT_ON_LINK, all[i].text, why) < 0)
            fail_msg("'%s': %s", all[i].text, why);
        assert_int_equal(p.rule[0].form, all[i].form);
        assert_int_equal(p.rule[0].kind, all[i].kind);
    }
    assert_int_equal(fault_parse(&p, FAULT_ON_LINK, "gone@7", why), 0);
    assert_true(p.rule[0].first == 7 && p.rule[0].last == 7 && p.rule[0].tx && p.rule[0].rx);
}

/* A good rule at the wrong place says where it belongs; a bad one is none anywhere. */
static void of_the_other(void **state)
{
    static const struct { unsigned on; const char *text, *word; } all[] = {
        { FAULT_ON_LINK, "corrupt-inner=1%", "no fault of a link: give it to --fault" },
        { FAULT_ON_LINK, "loss=1%,tx.flap@3:5", "'tx.flap@3:5' is no fault of a link" },
        { FAULT_ON_WIRE, "gone@3", "no fault of a wire: give it to --fault-link" },
        { FAULT_ON_WIRE, "resync=1%", "no fault of a wire" },
        { FAULT_ON_WIRE, "reg-delay=5", "no fault of a wire" },
        { FAULT_ON_LINK, "flap@3", "is no fault as in" },
        { FAULT_ON_LINK, "gone=@3", "is no fault as in" },
        { FAULT_ON_LINK, "gone@3-4", "is no fault as in" },
        { FAULT_ON_LINK, "gone@0", "is no fault as in" },
        { FAULT_ON_LINK, "resync@3", "is no fault as in" },
        { FAULT_ON_LINK, "tx.reg-loss=1%", "is no fault as in" },
        { FAULT_ON_LINK, "tx.event-delay=1", "is no fault as in" },
        { FAULT_ON_LINK, "reg-delay=1%", "is no fault as in" },
        { FAULT_ON_LINK, "reg-delay@1", "is no fault as in" },
        { FAULT_ON_WIRE, "gone@x", "is no fault as in" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fault_plan p;
        char why[FAULT_WHY_BYTES] = "";
        if (fault_parse(&p, all[i].on, all[i].text, why) != -EINVAL || !strstr(why, all[i].word))
            fail_msg("'%s' was taken, or refused with '%s'", all[i].text, why);
    }
}

/* Where the kind is known, its form and its limits are told. */
static void form_and_limits(void **state)
{
    static const struct { const char *text, *word; } all[] = {
        { "delay=10000001", "as in delay=N, N from 1 to 10000000 us" },
        { "jitter=5us", "as in jitter=N, N from 1 to 10000000 us" },
        { "tx.rate=0", "as in rate=N, N from 1 to 1000 Mbit/s" },
        { "reg-delay=0", "as in reg-delay=N, N from 1 to 10000000 us" },
        { "tx.reg-delay=1", "as in reg-delay=N, N from 1 to 10000000 us, not tx." },
        { "loss=200%", "as in loss=P%, loss=@N, @N-M or @N-: P from 0.0001 to 100, N from 1" },
        { "rx.corrupt-inner", "as in corrupt-inner=P%, corrupt-inner=@N," },
        { "tx.event-loss=1%", "P from 0.0001 to 100, N from 1, not tx." },
        { "flap@0:1", "as in flap@N:MS, N from 1, MS from 1 to 3600000" },
        { "gone@0", "as in gone@N, N from 1" },
        { "lose=1%", "as in loss=5% or tx.dup=@7; see 'lanyard help'" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fault_plan p;
        char why[FAULT_WHY_BYTES] = "";
        assert_int_equal(fault_parse(&p, FAULT_ON_LINK, all[i].text, why), -EINVAL);
        if (!strstr(why, all[i].word))
            fail_msg("'%s' was refused with '%s'", all[i].text, why);
    }
}

/* The limits that README and help tell: the last value is taken, the next one is not. */
static void edges(void **state)
{
    static const struct { unsigned on; const char *last, *next; } all[] = {
        { FAULT_ON_WIRE, "loss=0.0001%", "loss=0.00001%" },
        { FAULT_ON_WIRE, "loss=12.3456%", "loss=12.34567%" },
        { FAULT_ON_WIRE, "loss=100%", "loss=100.0001%" },
        { FAULT_ON_WIRE, "dup=@1", "dup=@0" },
        { FAULT_ON_WIRE, "dup=@18446744073709551615", "dup=@18446744073709551616" },
        { FAULT_ON_WIRE, "dup=@3-3", "dup=@3-2" },
        { FAULT_ON_WIRE, "flap@1:1", "flap@1:0" },
        { FAULT_ON_WIRE, "flap@1:3600000", "flap@1:3600001" },
        { FAULT_ON_WIRE, "delay=1", "delay=0" },
        { FAULT_ON_WIRE, "delay=10000000", "delay=10000001" },
        { FAULT_ON_WIRE, "jitter=10000000", "jitter=10000001" },
        { FAULT_ON_WIRE, "rate=1", "rate=0" },
        { FAULT_ON_WIRE, "rate=1000", "rate=1001" },
        { FAULT_ON_LINK, "reg-delay=10000000", "reg-delay=10000001" },
        { FAULT_ON_LINK, "event-delay=10000000", "event-delay=10000001" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fault_plan p;
        char why[FAULT_WHY_BYTES] = "";
        if (fault_parse(&p, all[i].on, all[i].last, why) != 0)
            fail_msg("'%s' was refused with '%s'", all[i].last, why);
        if (fault_parse(&p, all[i].on, all[i].next, why) != -EINVAL)
            fail_msg("'%s' was taken", all[i].next);
    }
}

static void too_many(void **state)
{
    char text[400] = "loss=1%", why[FAULT_WHY_BYTES];
    struct fault_plan p;
    (void)state;
    for (unsigned i = 1; i < FAULT_RULES_MAX; i++)
        strcat(text, ",loss=1%");
    assert_int_equal(fault_parse(&p, FAULT_ON_WIRE, text, why), 0);
    assert_int_equal(p.n, FAULT_RULES_MAX);
    strcat(text, ",loss=1%");
    assert_int_equal(fault_parse(&p, FAULT_ON_WIRE, text, why), -EINVAL);
    assert_non_null(strstr(why, "more than 16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),   cmocka_unit_test(shares),  cmocka_unit_test(frames),
        cmocka_unit_test(timing),  cmocka_unit_test(refused), cmocka_unit_test(too_many),
        cmocka_unit_test(of_a_link), cmocka_unit_test(of_the_other),
        cmocka_unit_test(form_and_limits), cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
