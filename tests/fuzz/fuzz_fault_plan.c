/* SPDX-License-Identifier: Apache-2.0 */
/* --fault and --fault-link: a plan that was accepted, written in its plainest form, is the same
 * plan again, and each rule of it is one that the wire or link knows; one that was refused says
 * why. */
#include "driver/fault.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#define RULE_TEXT 64u

static void text_of_frames(const struct fault_rule *r, char *out)
{
    bool gone = r->kind == FAULT_GONE;
    int n = snprintf(out, RULE_TEXT, "%s%s", fault_kinds[r->kind].rule, gone ? "" : "=");
    if (gone)
        snprintf(out + n, RULE_TEXT - (size_t)n, "@%llu", (unsigned long long)r->first);
    else if (r->per_million)
        snprintf(out + n, RULE_TEXT - (size_t)n, "%u.%04u%%", r->per_million / 10000,
                 r->per_million % 10000);
    else if (r->last == UINT64_MAX)
        snprintf(out + n, RULE_TEXT - (size_t)n, "@%llu-", (unsigned long long)r->first);
    else
        snprintf(out + n, RULE_TEXT - (size_t)n, "@%llu-%llu", (unsigned long long)r->first,
                 (unsigned long long)r->last);
}

static void text_of(const struct fault_rule *r, char *out)
{
    static const char *const forms[] = { [RULE_DELAY] = "delay", [RULE_JITTER] = "jitter",
                                         [RULE_RATE] = "rate", [RULE_REG_DELAY] = "reg-delay",
                                         [RULE_EVENT_DELAY] = "event-delay" };
    int n = snprintf(out, RULE_TEXT, "%s", !r->rx ? "tx." : !r->tx ? "rx." : "");
    assert(r->tx || r->rx);
    if (r->form == RULE_FRAMES)
        text_of_frames(r, out + n);
    else if (r->form == RULE_FLAP)
        snprintf(out + n, RULE_TEXT - (size_t)n, "flap@%llu:%llu", (unsigned long long)r->first,
                 (unsigned long long)r->value);
    else
        snprintf(out + n, RULE_TEXT - (size_t)n, "%s=%llu", forms[r->form],
                 (unsigned long long)r->value);
}

/* Who may have such a rule: fault_kinds[], and the forms that are no kind. */
static bool known(const struct fault_rule *r, unsigned on)
{
    unsigned who = fault_kinds[r->kind].on;
    if (r->form == RULE_FRAMES)
        return (who & on) && (r->rx || !(who & FAULT_RX_ONLY));
    if (r->form == RULE_FLAP)
        return on == FAULT_ON_WIRE;
    if (r->form == RULE_REG_DELAY || r->form == RULE_EVENT_DELAY)
        return on == FAULT_ON_LINK && r->rx;
    return true;
}

static void check_rule(const struct fault_rule *a, const struct fault_rule *b)
{
    assert(a->form == b->form && a->kind == b->kind && a->tx == b->tx && a->rx == b->rx);
    assert(a->per_million == b->per_million && a->per_million <= 1000000);
    assert(a->first == b->first && a->last == b->last && a->value == b->value);
    if (a->form == RULE_FRAMES)
        assert(a->per_million || (a->first > 0 && a->last >= a->first));
    else
        assert(a->value > 0);
    assert(a->kind != FAULT_GONE || (!a->per_million && a->first == a->last));
}

static void check_plan(const struct fault_plan *plan, unsigned on)
{
    struct fault_plan again;
    char why[FAULT_WHY_BYTES], all[FAULT_RULES_MAX * (2 * RULE_TEXT)];
    size_t n = 0;
    assert(plan->n > 0 && plan->n <= FAULT_RULES_MAX);
    for (unsigned i = 0; i < plan->n; i++) {
        if (i)
            all[n++] = ',';
        text_of(&plan->rule[i], all + n);
        n += strlen(all + n);
        assert(known(&plan->rule[i], on));
    }
    assert(fault_parse(&again, on, all, why) == 0 && again.n == plan->n);
    for (unsigned i = 0; i < plan->n; i++)
        check_rule(&plan->rule[i], &again.rule[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault_plan plan;
    char why[FAULT_WHY_BYTES], *text = fuzz_text(data, size);
    for (unsigned on = FAULT_ON_WIRE; on <= FAULT_ON_LINK; on++) {
        memset(why, 1, sizeof(why));
        if (fault_parse(&plan, on, text, why) == 0)
            check_plan(&plan, on);
        else
            assert(memchr(why, '\0', sizeof(why)) && why[0]);
    }
    free(text);
    return 0;
}
