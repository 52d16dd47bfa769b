/* SPDX-License-Identifier: Apache-2.0 */
/* clocks.c - where edges lie, and which one is the first after a time. */
#include "sim/clocks.h"

#include <assert.h>

#define PS_PER_S 1000000000000u

uint64_t sim_clock_first(const struct sim_clock *c, uint64_t t)
{
    if (c->period_ps)
        return t / c->period_ps + (t % c->period_ps != 0);
    /* floor(k x P) >= t is k x P >= t for a whole t, so k is the quotient rounded up. */
    sim_u128 den = (sim_u128)PS_PER_S * c->den;
    return (uint64_t)(((sim_u128)t * c->num + den - 1) / den);
}

static void set(struct sim_clock *c, uint64_t k)
{
    c->k = k;
    c->t = sim_clock_edge_ps(c, k);
}

void sim_clocks_add(struct sim_clocks *s, uint64_t num, uint64_t den, unsigned mask,
                    uint64_t start)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->c[i].num == num && s->c[i].den == den) {
            s->c[i].mask |= mask;
            return;
        }
    assert(s->n < SIM_CLOCKS_MAX && num > 0 && den > 0);
    struct sim_clock *c = &s->c[s->n++];
    sim_u128 period = (sim_u128)PS_PER_S * den;
    *c = (struct sim_clock){ .num = num, .den = den, .mask = mask };
    if (period % num == 0)
        c->period_ps = (uint64_t)(period / num);
    set(c, sim_clock_first(c, start));
}

void sim_clocks_add_ppm(struct sim_clocks *s, uint64_t hz, int ppm, unsigned mask, uint64_t start)
{
    const uint64_t million = 1000000;
    if (ppm == 0)
        sim_clocks_add(s, hz, 1, mask, start);
    else
        sim_clocks_add(s, hz * (uint64_t)((int64_t)million + ppm), million, mask, start);
}

void sim_clocks_remove(struct sim_clocks *s, unsigned mask)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        s->c[n] = s->c[i];
        s->c[n].mask &= ~mask;
        n += s->c[n].mask != 0;
    }
    s->n = n;
}

/* Each clock by its own index: their phases stay what they would have been. */
void sim_clocks_jump(struct sim_clocks *s, uint64_t t)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->c[i].t < t)
            set(&s->c[i], sim_clock_first(&s->c[i], t));
}
