/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c - who is next. There are a handful of actors, so each step asks all of
 * them; an actor that has many steps before anybody else is due takes them in one
 * run() by world_continue().
 */
#include "sim/world.h"

#include "driver/rng.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct actor {
    const struct actor_ops *ops;
    void *self;
};

struct world {
    uint64_t now;
    uint64_t horizon;   /* first time that the actor in run() must not take by itself */
    uint64_t seed;
    bool skip;
    struct actor *actors;
    int n_actors, room;
};

struct world *world_create(uint64_t seed, bool skip)
{
    struct world *w = malloc(sizeof *w);
    if (w)
        *w = (struct world){ .seed = seed, .skip = skip };
    return w;
}

void world_destroy(struct world *w)
{
    if (!w)
        return;
    free(w->actors);
    free(w);
}

int world_add(struct world *w, const struct actor_ops *ops, void *self)
{
    if (w->n_actors == w->room) {
        int room = w->room ? 2 * w->room : 8;
        struct actor *more = realloc(w->actors, (size_t)room * sizeof *more);
        if (!more)
            return -ENOMEM;
        w->actors = more;
        w->room = room;
    }
    w->actors[w->n_actors] = (struct actor){ ops, self };
    return w->n_actors++;
}

static uint64_t never(void *self)
{
    (void)self;
    return SIM_NEVER;
}

static void nothing(void *self, uint64_t t)
{
    (void)self;
    (void)t;
}

void world_remove(struct world *w, int actor)
{
    static const struct actor_ops removed = { .name = "removed", .next = never, .run = nothing };
    assert(actor >= 0 && actor < w->n_actors);
    w->actors[actor] = (struct actor){ &removed, NULL };
}

uint64_t world_now(const struct world *w)
{
    return w->now;
}

bool world_skips(const struct world *w)
{
    return w->skip;
}

uint64_t world_seed(const struct world *w)
{
    return w->seed;
}

/* A due time as the world uses it: what is overdue is due now. */
static uint64_t due(const struct world *w, int i)
{
    uint64_t t = w->actors[i].ops->next(w->actors[i].self);
    return t < w->now ? w->now : t;
}

/* The actor that is next in the order (time, number) and its time; and in
 * w->horizon the first time at which it is somebody else's turn. -1: nobody. */
static int pick(struct world *w, uint64_t *at)
{
    int first = -1;
    uint64_t t_first = SIM_NEVER, t_other = SIM_NEVER;

    for (int i = 0; i < w->n_actors; i++) {
        uint64_t t = due(w, i);
        if (t < t_first) {
            /* Whoever led until now has the lower number: he goes first at his time. */
            t_other = t_first;
            t_first = t;
            first = i;
        } else if (t != SIM_NEVER && t + 1 < t_other) {
            /* The leader has the lower number, so this time is still his. */
            t_other = t + 1;
        }
    }
    w->horizon = t_other;
    *at = t_first;
    return first;
}

/* One step to a time <= @until. Returns the actor, -1 if none is due by then. */
static int step(struct world *w, uint64_t until)
{
    uint64_t t;
    int i = pick(w, &t);
    if (i < 0 || t > until)
        return -1;
    if (until < SIM_NEVER && w->horizon > until + 1)
        w->horizon = until + 1;
    w->now = t;
    w->actors[i].ops->run(w->actors[i].self, t);
    w->horizon = 0;
    return i;
}

int world_step(struct world *w)
{
    return step(w, SIM_NEVER);
}

int world_run(struct world *w, uint64_t until_ps, uint64_t stop_mask)
{
    int i;
    while ((i = step(w, until_ps)) >= 0)
        if (i < 64 && stop_mask >> i & 1)
            return i;
    if (until_ps != SIM_NEVER && until_ps > w->now)
        w->now = until_ps;
    return -1;
}

bool world_continue(struct world *w, uint64_t t)
{
    if (t >= w->horizon)
        return false;
    assert(t >= w->now);
    w->now = t;
    return true;
}

void world_due(struct world *w, uint64_t t)
{
    if (t < w->horizon)
        w->horizon = t;
}

uint64_t sim_rng_next(struct sim_rng *r)
{
    return rng_next(&r->s);
}

uint32_t sim_hash32(uint64_t seed, uint32_t number)
{
    return rng_hash32(seed, number);
}
