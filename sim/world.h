/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - simulated time. NICs, wires and hosts are actors; the world runs
 * the one whose time is due, in the order (time, actor number), and time jumps
 * to the next. Time is uint64 picoseconds. Edge k of a clock of num/den Hz lies
 * at floor(k x 10^12 x den / num), computed from k in 128 bits, never summed.
 * Actors talk only by time-stamped queues with a latency of one symbol or more.
 */
#ifndef LY_SIM_WORLD_H
#define LY_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

struct world;
#define SIM_NEVER UINT64_MAX

struct actor_ops {
    const char *name;
    /** next() - when run() is due, picoseconds; overdue is now; SIM_NEVER. */
    uint64_t (*next)(void *self);
    /** run() - act at time @t, which is the world's now. */
    void (*run)(void *self, uint64_t t);
};

/** world_create() - @seed: of everything random in it; @skip: idle time is skipped. */
struct world *world_create(uint64_t seed, bool skip);
void world_destroy(struct world *w);

/** world_add() - Returns the actor's number (0, 1, ... in order of adding), -ENOMEM. */
int world_add(struct world *w, const struct actor_ops *ops, void *self);

/** world_remove() - the actor is gone and never due; its number is not used again. */
void world_remove(struct world *w, int actor);

uint64_t world_now(const struct world *w);
bool world_skips(const struct world *w);
uint64_t world_seed(const struct world *w);

/**
 * world_step() - advance to the next due time and run one actor.
 * Returns its number, -1 if nothing will ever be due (time stays).
 */
int world_step(struct world *w);

/**
 * world_run() - step until an actor with `number` in @stop_mask ran, the next
 * due time lies beyond @until_ps, or nothing is due. Hosts stop it, so that
 * descriptors can be served before time advances.
 * @stop_mask: bit i = actor i (i < 64)
 *
 * Returns the actor's number, -1 otherwise (then now = @until_ps, or the time
 * stays when nothing is due and @until_ps is SIM_NEVER).
 */
int world_run(struct world *w, uint64_t until_ps, uint64_t stop_mask);

__extension__ typedef unsigned __int128 sim_u128;

/**
 * world_continue() - for run() only: go on to @t, one's own next time, if nobody
 * else comes before in the order (time, number) and the caller of world_run() has
 * not set an earlier end. Saves a turn through the world for each clock edge.
 *
 * Returns true with now = @t, or false: return from run().
 */
bool world_continue(struct world *w, uint64_t t);

/**
 * world_due() - whoever makes another actor due at @t, earlier than its next()
 * said until now, says so: world_continue() ends before @t.
 */
void world_due(struct world *w, uint64_t t);

/** sim_edge_ps() - time of edge @k of a clock of @num/@den Hz. */
static inline uint64_t sim_edge_ps(uint64_t k, uint64_t num, uint64_t den)
{
    return (uint64_t)((sim_u128)k * 1000000000000u * den / num);
}

/** sim_hash32() - mixes a seed and a number; for randSeed and for addresses. */
uint32_t sim_hash32(uint64_t seed, uint32_t number);

/** A seeded generator (driver/rng.h); never the C library's. */
struct sim_rng { uint64_t s; };
uint64_t sim_rng_next(struct sim_rng *r);

#endif
