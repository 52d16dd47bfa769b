/* SPDX-License-Identifier: Apache-2.0 */
/* fault_plan.c - the text of --fault. */
#include "sim/wire_fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000u
#define MS_MAX 3600000u
#define US_MAX 10000000u
#define MBIT_MAX 1000u

/* A decimal number at *@at, which moves behind it. */
static bool number(const char **at, uint64_t max, uint64_t *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    unsigned long long v = strtoull(*at, &end, 10);
    *at = end;
    *out = v;
    return errno == 0 && v <= max;
}

/* P%, with up to four decimals: whole parts per million. */
static bool percent(const char *at, uint32_t *per_million)
{
    uint64_t whole, part = 0;
    if (!number(&at, 100, &whole))
        return false;
    if (*at == '.') {
        uint64_t unit = 1000;
        for (at++; *at >= '0' && *at <= '9' && unit; at++, unit /= 10)
            part += (uint64_t)(*at - '0') * unit;
    }
    whole = whole * 10000 + part;
    *per_million = (uint32_t)whole;
    return !strcmp(at, "%") && whole > 0 && whole <= MILLION;
}

/* @N, @N-M or @N- behind the at sign. */
static bool range(const char *at, struct fault_rule *r)
{
    if (!number(&at, UINT64_MAX, &r->first) || r->first == 0)
        return false;
    r->last = r->first;
    if (*at == '\0')
        return true;
    if (*at++ != '-')
        return false;
    r->last = UINT64_MAX;
    return *at == '\0' ||
           (number(&at, UINT64_MAX, &r->last) && *at == '\0' && r->last >= r->first);
}

static bool frames_rule(struct fault_rule *r, const char *name, size_t n, const char *value)
{
    static const char *const names[] = {
        [FAULT_LOSS] = "loss", [FAULT_CORRUPT] = "corrupt", [FAULT_INNER] = "corrupt-inner",
        [FAULT_DUP] = "dup", [FAULT_REORDER] = "reorder",
    };
    for (unsigned k = 0; k < sizeof names / sizeof names[0]; k++)
        if (strlen(names[k]) == n && !memcmp(names[k], name, n)) {
            r->form = RULE_FRAMES;
            r->kind = (enum fault_kind)k;
            return *value == '@' ? range(value + 1, r) : percent(value, &r->per_million);
        }
    return false;
}

static bool timing_rule(struct fault_rule *r, const char *name, size_t n, const char *value)
{
    static const struct { const char *name; enum fault_form form; uint64_t max; } forms[] = {
        { "delay", RULE_DELAY, US_MAX }, { "jitter", RULE_JITTER, US_MAX },
        { "rate", RULE_RATE, MBIT_MAX },
    };
    for (unsigned k = 0; k < sizeof forms / sizeof forms[0]; k++)
        if (strlen(forms[k].name) == n && !memcmp(forms[k].name, name, n)) {
            r->form = forms[k].form;
            return number(&value, forms[k].max, &r->value) && *value == '\0' && r->value > 0;
        }
    return false;
}

/* flap@N:MS */
static bool flap_rule(struct fault_rule *r, const char *at)
{
    r->form = RULE_FLAP;
    return number(&at, UINT64_MAX, &r->first) && r->first > 0 && *at++ == ':' &&
           number(&at, MS_MAX, &r->value) && *at == '\0' && r->value > 0;
}

static bool one_rule(struct fault_rule *r, const char *text)
{
    bool tx = !strncmp(text, "tx.", 3), rx = !strncmp(text, "rx.", 3);
    if (tx || rx)
        text += 3;
    *r = (struct fault_rule){ .tx = !rx, .rx = !tx };
    if (!strncmp(text, "flap@", 5))
        return flap_rule(r, text + 5);
    const char *eq = strchr(text, '=');
    return eq && (frames_rule(r, text, (size_t)(eq - text), eq + 1) ||
                  timing_rule(r, text, (size_t)(eq - text), eq + 1));
}

int fault_parse(struct fault_plan *plan, const char *text, char *why)
{
    char one[64];
    plan->n = 0;
    for (;;) {
        size_t n = strcspn(text, ",");
        (void)snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), text);
        if (plan->n == FAULT_RULES_MAX) {
            (void)snprintf(why, WIRE_WHY_BYTES, "more than %u faults", FAULT_RULES_MAX);
            return -EINVAL;
        }
        if (n >= sizeof one || !one_rule(&plan->rule[plan->n], one)) {
            (void)snprintf(why, WIRE_WHY_BYTES,
                           "'%s' is no fault as in loss=5%% or tx.dup=@7; see 'lanyard help'", one);
            return -EINVAL;
        }
        plan->n++;
        if (text[n] == '\0')
            return 0;
        text += n + 1;
    }
}
