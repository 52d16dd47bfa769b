/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - the kinds of faults, and a plan at work. fault_plan.c reads its text. */
#include "driver/fault.h"

#include "driver/rng.h"

#include <stddef.h>

/*
 *   corrupt        on a wire 1 to 3 bits of DA..FCS: CRC-32 finds every one (Koopman, 32-Bit
 *                  Cyclic Redundancy Codes for Internet Applications, DSN 2002). On a link one
 *                  bit of the frame: no FCS is there, and the Internet checksum finds one
 *   corrupt-inner  one bit of a TCP or UDP payload, with an FCS that fits: only the transport
 *                  checksum finds it. Frames without such payload are passed
 *   reorder        the frame goes after the next one, or after 1 ms if none comes
 *   resync         the stream is out of step: the frame is lost, LINK_EV_ERROR and LINK_EV_SYNC
 */
const struct fault_kind_info fault_kinds[FAULT_KINDS] = {
    [FAULT_LOSS] = { "loss", "loss", NULL, FAULT_ON_WIRE | FAULT_ON_LINK },
    [FAULT_CORRUPT] = { "corrupt", "corrupt", "planted fault: bits changed, FCS wrong",
                        FAULT_ON_WIRE | FAULT_ON_LINK },
    [FAULT_INNER] = { "corrupt-inner", "corrupt_inner",
                      "planted fault: a payload bit changed, FCS good", FAULT_ON_WIRE },
    [FAULT_DUP] = { "dup", "dup", "planted fault: sent twice", FAULT_ON_WIRE | FAULT_ON_LINK },
    [FAULT_REORDER] = { "reorder", "reorder", "planted fault: sent late",
                        FAULT_ON_WIRE | FAULT_ON_LINK },
    [FAULT_FLAP] = { "flap", "flap", NULL, FAULT_ON_WIRE },
    [FAULT_RESYNC] = { "resync", "resync", NULL, FAULT_ON_LINK },
    [FAULT_GONE] = { "gone", "gone", NULL, FAULT_ON_LINK },
    [FAULT_REG_LOSS] = { "reg-loss", "reg_loss", NULL, FAULT_ON_LINK | FAULT_RX_ONLY },
    [FAULT_EVENT_LOSS] = { "event-loss", "event_loss", NULL, FAULT_ON_LINK | FAULT_RX_ONLY },
};

#define MS_US 1000u

void fault_path_init(struct fault_path *p, const struct fault_plan *plan, bool is_tx, uint64_t us,
                     uint64_t seed, uint32_t stream)
{
    *p = (struct fault_path){ .plan = plan, .is_tx = is_tx, .us = us };
    for (unsigned i = 0; i < plan->n; i++)
        p->rng[i] = (uint64_t)rng_hash32(seed, stream + i * 2u + is_tx) << 32 | i;
}

static bool applies(const struct fault_path *p, const struct fault_rule *r)
{
    return p->is_tx ? r->tx : r->rx;
}

uint64_t fault_draw(struct fault_path *p, int rule, uint64_t below)
{
    return rng_next(&p->rng[rule]) % below;
}

/* Every rule draws once a frame, come what may. */
static int wanted(struct fault_path *p, enum fault_kind kind)
{
    int found = -1;
    for (int i = 0; i < (int)p->plan->n; i++) {
        const struct fault_rule *r = &p->plan->rule[i];
        if (r->form != RULE_FRAMES || r->kind != kind || !applies(p, r))
            continue;
        bool hit = r->per_million ? fault_draw(p, i, 1000000) < r->per_million
                                  : p->seen >= r->first && p->seen <= r->last;
        if (hit && found < 0)
            found = i;
    }
    return found;
}

static bool flapping(struct fault_path *p, uint64_t now)
{
    for (unsigned i = 0; i < p->plan->n; i++) {
        const struct fault_rule *r = &p->plan->rule[i];
        if (r->form == RULE_FLAP && applies(p, r) && p->seen == r->first)
            p->flap_end = now + r->value * MS_US * p->us;
    }
    return now < p->flap_end;
}

void fault_decide(struct fault_path *p, uint64_t now, int rule[FAULT_KINDS])
{
    p->seen++;
    for (unsigned k = 0; k < FAULT_KINDS; k++)
        rule[k] = wanted(p, (enum fault_kind)k);
    if (flapping(p, now))
        rule[FAULT_FLAP] = 0;
}

void fault_flip(struct fault_path *p, int rule, uint8_t *b, uint32_t len, unsigned n)
{
    uint64_t bits[3];
    for (unsigned i = 0; i < n && i < 3; i++) {
        bits[i] = fault_draw(p, rule, len * 8ull);
        for (unsigned k = 0; k < i; k++)
            if (bits[k] == bits[i]) {
                bits[i] = (bits[i] + 1) % (len * 8ull);
                k = (unsigned)-1;       /* look at all of them again */
            }
        b[bits[i] / 8] ^= (uint8_t)(1u << bits[i] % 8);
    }
}

uint64_t fault_departure(struct fault_path *p, uint64_t at, uint32_t len)
{
    for (int i = 0; i < (int)p->plan->n; i++) {
        const struct fault_rule *r = &p->plan->rule[i];
        if (!applies(p, r))
            continue;
        if (r->form == RULE_DELAY)
            at += r->value * p->us;
        if (r->form == RULE_JITTER)
            at += fault_draw(p, i, r->value * p->us + 1);
        if (r->form == RULE_RATE) {
            at = at > p->line_free ? at : p->line_free;
            p->line_free = at + len * 8ull * p->us / r->value;
        }
    }
    return at;
}

uint64_t fault_delay(const struct fault_path *p, enum fault_form form)
{
    uint64_t ticks = 0;
    for (unsigned i = 0; i < p->plan->n; i++)
        if (p->plan->rule[i].form == form)
            ticks += p->plan->rule[i].value * p->us;
    return ticks;
}
