/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h - the one generator of everything that is drawn from a seed: SplitMix64 (Steele, Lea,
 * Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). Every seed is a good
 * one, neighbours included.
 */
#ifndef LY_DRIVER_RNG_H
#define LY_DRIVER_RNG_H

#include <stdint.h>

#define RNG_STEP 0x9E3779B97F4A7C15u

static inline uint64_t rng_mix64(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/** rng_next() - the next draw; @s is the whole state. */
static inline uint64_t rng_next(uint64_t *s)
{
    *s += RNG_STEP;
    return rng_mix64(*s);
}

/** rng_hash32() - mixes a seed and a number. */
static inline uint32_t rng_hash32(uint64_t seed, uint32_t number)
{
    return (uint32_t)(rng_mix64(rng_mix64(seed + RNG_STEP) ^ number) >> 32);
}

#endif
