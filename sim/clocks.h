/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clocks.h - the clocks of one model. Clocks of one frequency share a line, so
 * that their coinciding edges are found, and evaluated, at once.
 *
 * Edge k lies at sim_edge_ps(k). Where a period is a whole number of picoseconds,
 * k x period is the same value for the price of a multiplication.
 */
#ifndef LY_SIM_CLOCKS_H
#define LY_SIM_CLOCKS_H

#include "sim/world.h"

#include <stdint.h>

#define SIM_CLOCKS_MAX 4

struct sim_clock {
    uint64_t num, den;      /* Hz */
    uint64_t period_ps;     /* 0: no whole number */
    uint64_t k;             /* index of the next edge */
    uint64_t t;             /* its time */
    unsigned mask;          /* NIC_CLK_* that have this frequency */
};

struct sim_clocks {
    struct sim_clock c[SIM_CLOCKS_MAX];
    unsigned n;
};

/** sim_clocks_add() - one more clock, its first edge at or after @start. */
void sim_clocks_add(struct sim_clocks *s, uint64_t num, uint64_t den, unsigned mask,
                    uint64_t start);

/** sim_clocks_add_ppm() - the same, @ppm millionths faster than @hz. */
void sim_clocks_add_ppm(struct sim_clocks *s, uint64_t hz, int ppm, unsigned mask, uint64_t start);

/** sim_clocks_remove() - those of @mask; a line that has no other goes. */
void sim_clocks_remove(struct sim_clocks *s, unsigned mask);

/** sim_clock_edge_ps() - time of edge @k. */
static inline uint64_t sim_clock_edge_ps(const struct sim_clock *c, uint64_t k)
{
    return c->period_ps ? k * c->period_ps : sim_edge_ps(k, c->num, c->den);
}

/** sim_clock_first() - the first edge at or after @t. */
uint64_t sim_clock_first(const struct sim_clock *c, uint64_t t);

/** sim_clocks_next() - time of the next edge of any clock. */
static inline uint64_t sim_clocks_next(const struct sim_clocks *s)
{
    uint64_t t = s->c[0].t;
    for (unsigned i = 1; i < s->n; i++)
        if (s->c[i].t < t)
            t = s->c[i].t;
    return t;
}

/** sim_clocks_take() - the mask of the clocks that rise at @t, and step them. */
static inline unsigned sim_clocks_take(struct sim_clocks *s, uint64_t t)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < s->n; i++) {
        struct sim_clock *c = &s->c[i];
        if (c->t == t) {
            mask |= c->mask;
            c->k++;
            c->t = sim_clock_edge_ps(c, c->k);
        }
    }
    return mask;
}

/** sim_clocks_jump() - leave out every edge before @t, never one twice. */
void sim_clocks_jump(struct sim_clocks *s, uint64_t t);

#endif
