/* SPDX-License-Identifier: Apache-2.0 */
/* --fault: a plan that was accepted, written in its plainest form, is the same plan again; one
 * that was refused says why in one line. */
#include "sim/wire_fault.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#define RULE_TEXT 64u

static void text_of_frames(const struct fault_rule *r, char *out)
{
    static const char *const names[] = { [FAULT_LOSS] = "loss", [FAULT_CORRUPT] = "corrupt",
                                         [FAULT_INNER] = "corrupt-inner", [FAULT_DUP] = "dup",
                                         [FAULT_REORDER] = "reorder" };
    int n = snprintf(out, RULE_TEXT, "%s=", names[r->kind]);
    if (r->per_million)
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
                                         [RULE_RATE] = "rate" };
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

static void check_rule(const struct fault_rule *a, const struct fault_rule *b)
{
    assert(a->form == b->form && a->kind == b->kind && a->tx == b->tx && a->rx == b->rx);
    assert(a->per_million == b->per_million && a->per_million <= 1000000);
    assert(a->first == b->first && a->last == b->last && a->value == b->value);
    if (a->form == RULE_FRAMES)
        assert(a->per_million || (a->first > 0 && a->last >= a->first));
    else
        assert(a->value > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault_plan plan, again;
    char why[WIRE_WHY_BYTES], all[FAULT_RULES_MAX * (2 * RULE_TEXT)], *text = fuzz_text(data, size);
    size_t n = 0;
    memset(why, 1, sizeof(why));
    if (fault_parse(&plan, text, why)) {
        assert(memchr(why, '\0', sizeof(why)) && why[0]);
        free(text);
        return 0;
    }
    assert(plan.n > 0 && plan.n <= FAULT_RULES_MAX);
    for (unsigned i = 0; i < plan.n; i++) {
        if (i)
            all[n++] = ',';
        text_of(&plan.rule[i], all + n);
        n += strlen(all + n);
    }
    assert(fault_parse(&again, all, why) == 0 && again.n == plan.n);
    for (unsigned i = 0; i < plan.n; i++)
        check_rule(&plan.rule[i], &again.rule[i]);
    free(text);
    return 0;
}
