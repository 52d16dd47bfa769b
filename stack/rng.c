/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.c - xoshiro256** (Blackman and Vigna, 2018), its state filled by
 * splitmix64 from the seed and the stream's number. Not a cryptographic
 * generator: what must withstand an observer (the ISN, RFC 6528) hashes with a
 * key drawn from here.
 */
#include "stack/rng.h"

/* splitmix64: every input bit reaches every output bit, so that seeds 1 and 2, or
 * streams 1 and 2, start far apart. */
static uint64_t mix(uint64_t *s)
{
    *s += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *s;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* k is 1 to 63. */
static uint64_t rotl(uint64_t x, unsigned k)
{
    return x << k | x >> (64 - k);
}

void rng_init(struct rng *r, uint64_t seed, enum rng_stream stream)
{
    uint64_t s = seed;
    s = mix(&s) ^ (uint64_t)stream << 56;
    for (unsigned i = 0; i < 4; i++)
        r->s[i] = mix(&s);
    /* All zero is the one state that never leaves itself. */
    if (!(r->s[0] | r->s[1] | r->s[2] | r->s[3]))
        r->s[0] = 1;
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t out = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

/* Upper bits: the lowest ones of some generators are weaker; here it costs nothing. */
uint32_t rng_u32(struct rng *r)
{
    return (uint32_t)(rng_u64(r) >> 32);
}

uint16_t rng_u16(struct rng *r)
{
    return (uint16_t)(rng_u64(r) >> 48);
}

/* Lemire's multiply and reject: the product's low half tells whether the draw fell
 * into the part that would favour small results. */
uint32_t rng_below(struct rng *r, uint32_t bound)
{
    uint64_t m = (uint64_t)rng_u32(r) * bound;
    uint32_t bias = (0u - bound) % bound;
    while ((uint32_t)m < bias)
        m = (uint64_t)rng_u32(r) * bound;
    return (uint32_t)(m >> 32);
}
