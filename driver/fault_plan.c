/* SPDX-License-Identifier: Apache-2.0 */
/* fault_plan.c - the text of --fault and --fault-link. */
#include "driver/fault.h"

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

/* --- one rule: NAME, then "=VALUE" or "@VALUE" ---------------------------------------- */

/* KIND=P%, KIND=@N...; flap@N:MS and gone@N have no equals sign. */
static bool kind_value(struct fault_rule *r, char sign, const char *at)
{
    if (r->kind == FAULT_FLAP) {
        r->form = RULE_FLAP;
        return sign == '@' && number(&at, UINT64_MAX, &r->first) && r->first > 0 &&
               *at++ == ':' && number(&at, MS_MAX, &r->value) && *at == '\0' && r->value > 0;
    }
    r->form = RULE_FRAMES;
    if (r->kind == FAULT_GONE)
        return sign == '@' && range(at, r) && r->first == r->last;
    if (sign != '=')
        return false;
    return *at == '@' ? range(at + 1, r) : percent(at, &r->per_million);
}

/* Returns who knows the name, 0 if nobody does. */
static unsigned kind_named(struct fault_rule *r, const char *name, size_t n)
{
    for (unsigned k = 0; k < FAULT_KINDS; k++)
        if (strlen(fault_kinds[k].rule) == n && !memcmp(fault_kinds[k].rule, name, n)) {
            r->kind = (enum fault_kind)k;
            return fault_kinds[k].on;
        }
    return 0;
}

struct timing {
    const char *name;
    enum fault_form form;
    uint64_t max;
    const char *unit;
    unsigned on;
};

static const struct timing *timing_named(const char *name, size_t n)
{
    static const struct timing all[] = {
        { "delay", RULE_DELAY, US_MAX, "us", FAULT_ON_WIRE | FAULT_ON_LINK },
        { "jitter", RULE_JITTER, US_MAX, "us", FAULT_ON_WIRE | FAULT_ON_LINK },
        { "rate", RULE_RATE, MBIT_MAX, "Mbit/s", FAULT_ON_WIRE | FAULT_ON_LINK },
        { "reg-delay", RULE_REG_DELAY, US_MAX, "us", FAULT_ON_LINK | FAULT_RX_ONLY },
        { "event-delay", RULE_EVENT_DELAY, US_MAX, "us", FAULT_ON_LINK | FAULT_RX_ONLY },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen(all[i].name) == n && !memcmp(all[i].name, name, n))
            return &all[i];
    return NULL;
}

static bool way_before(const char *text, const char *way)
{
    return !strncmp(text, way, 3);
}

/* Returns who knows this rule; 0 if it is none. */
static unsigned one_rule(struct fault_rule *r, const char *text)
{
    bool tx = way_before(text, "tx."), rx = way_before(text, "rx.");
    if (tx || rx)
        text += 3;
    *r = (struct fault_rule){ .tx = !rx, .rx = !tx };
    size_t n = strcspn(text, "=@");
    if (text[n] == '\0')
        return 0;
    const char *value = text + n + 1;
    const struct timing *t = timing_named(text, n);
    unsigned on = t ? t->on : kind_named(r, text, n);
    bool good = on && !(tx && (on & FAULT_RX_ONLY));
    if (t && good) {
        r->form = t->form;
        good = text[n] == '=' && number(&value, t->max, &r->value) && *value == '\0' &&
               r->value > 0;
    } else if (good) {
        good = kind_value(r, text[n], value);
    }
    return good ? on : 0;
}

#define FORM_BYTES 120

/* What a rule with the name of this one looks like, with its limits. False: nobody knows it. */
static bool form_told(char *out, const char *rule)
{
    bool tx = way_before(rule, "tx.");
    if (tx || way_before(rule, "rx."))
        rule += 3;
    struct fault_rule r = { 0 };
    int n = (int)strcspn(rule, "=@");
    const struct timing *t = timing_named(rule, (size_t)n);
    unsigned on = t ? t->on : kind_named(&r, rule, (size_t)n);
    const char *not_tx = tx && (on & FAULT_RX_ONLY) ? ", not tx." : "";
    if (t)
        (void)snprintf(out, FORM_BYTES, "%s=N, N from 1 to %u %s%s", t->name, (unsigned)t->max,
                       t->unit, not_tx);
    else if (on && r.kind == FAULT_FLAP)
        (void)snprintf(out, FORM_BYTES, "flap@N:MS, N from 1, MS from 1 to %u", MS_MAX);
    else if (on && r.kind == FAULT_GONE)
        (void)snprintf(out, FORM_BYTES, "gone@N, N from 1");
    else if (on)
        (void)snprintf(out, FORM_BYTES, "%.*s=P%%, %.*s=@N, @N-M or @N-: P from 0.0001 to 100, "
                       "N from 1%s", n, rule, n, rule, not_tx);
    return on != 0;
}

/* Returns -EINVAL. @knows: who does. */
static int refused(char *why, const char *rule, unsigned knows)
{
    char form[FORM_BYTES];
    if (knows)
        (void)snprintf(why, FAULT_WHY_BYTES, "'%s' is no fault of a %s: give it to %s", rule,
                       knows & FAULT_ON_WIRE ? "link" : "wire",
                       knows & FAULT_ON_WIRE ? "--fault" : "--fault-link");
    else if (form_told(form, rule))
        (void)snprintf(why, FAULT_WHY_BYTES, "'%s' is no fault as in %s", rule, form);
    else
        (void)snprintf(why, FAULT_WHY_BYTES,
                       "'%s' is no fault as in loss=5%% or tx.dup=@7; see 'lanyard help'", rule);
    return -EINVAL;
}

int fault_parse(struct fault_plan *plan, unsigned on, const char *text, char *why)
{
    char one[64];
    plan->n = 0;
    for (;;) {
        size_t n = strcspn(text, ",");
        (void)snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), text);
        if (plan->n == FAULT_RULES_MAX) {
            (void)snprintf(why, FAULT_WHY_BYTES, "more than %u faults", FAULT_RULES_MAX);
            return -EINVAL;
        }
        unsigned knows = n < sizeof one ? one_rule(&plan->rule[plan->n], one) : 0;
        if (!(knows & on))
            return refused(why, one, knows);
        plan->n++;
        if (text[n] == '\0')
            return 0;
        text += n + 1;
    }
}
