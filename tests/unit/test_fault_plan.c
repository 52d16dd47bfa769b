/* SPDX-License-Identifier: Apache-2.0 */
/* test_fault_plan.c - the text of --fault: every form, and what must be refused. */
#include "sim/wire_fault.h"

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
    char why[WIRE_WHY_BYTES] = "";
    assert_int_equal(fault_parse(&p, text, why), 0);
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
        "loss=@3-2", "loss=@3-x", "loss=@3x", "loss=@99999999999999999999", "lose=5%",
        "flap=5%", "ty.loss=5%",
        "tx.", "tx.rx.loss=5%", "flap@0:5", "flap@3", "flap@3:", "flap@3:0", "flap@3:9999999",
        "delay=", "delay=0", "delay=5us", "rate=0", "rate=1001", "jitter=99999999",
        "loss=1.00000000000000000000000000000000000000000000000000000000000%",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault_plan p;
        char why[WIRE_WHY_BYTES] = "";
        if (fault_parse(&p, bad[i], why) != -EINVAL || !strstr(why, "is no fault"))
            fail_msg("'%s' was taken, or refused with '%s'", bad[i], why);
    }
}

static void too_many(void **state)
{
    char text[400] = "loss=1%", why[WIRE_WHY_BYTES];
    struct fault_plan p;
    (void)state;
    for (unsigned i = 1; i < FAULT_RULES_MAX; i++)
        strcat(text, ",loss=1%");
    assert_int_equal(fault_parse(&p, text, why), 0);
    assert_int_equal(p.n, FAULT_RULES_MAX);
    strcat(text, ",loss=1%");
    assert_int_equal(fault_parse(&p, text, why), -EINVAL);
    assert_non_null(strstr(why, "more than 16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),   cmocka_unit_test(shares),  cmocka_unit_test(frames),
        cmocka_unit_test(timing),  cmocka_unit_test(refused), cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
