/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h - the stack's random numbers: a seeded generator with one stream per
 * purpose, so that one more draw in one protocol does not shift the values of
 * another. The same seed gives the same bytes on the wire.
 */
#ifndef LY_STACK_RNG_H
#define LY_STACK_RNG_H

#include <stdint.h>

/* One per purpose. Append only: a stream's number is part of its values. */
enum rng_stream {
    RNG_TCP_ISN,        /* key of the ISN function, RFC 6528 */
    RNG_TCP_PORT,       /* ephemeral ports, RFC 6056 */
    RNG_UDP_PORT,
    RNG_ICMP_ID,        /* identifier of a NET_ICMP socket */
    RNG_IP4_ID,         /* RFC 6864: any value where the datagram is atomic */
    RNG_DNS_ID,         /* RFC 5452 */
    RNG_DNS_PORT,
    RNG_DHCP,           /* xid, jitter of repetitions */
    RNG_IP4_ID_KEY,     /* of the ids of datagrams that may be cut */
    RNG_STREAMS
};

/* xoshiro256**: 256 bits of state, never all zero. */
struct rng {
    uint64_t s[4];
};

/** rng_init() - one stream of @seed. Different streams are unrelated. */
void rng_init(struct rng *r, uint64_t seed, enum rng_stream stream);

/** rng_u64() - the next 64 random bits. */
uint64_t rng_u64(struct rng *r);

/** rng_u32() - the next 32 random bits (the upper half of one draw). */
uint32_t rng_u32(struct rng *r);

/** rng_u16() - the next 16 random bits (the upper quarter of one draw). */
uint16_t rng_u16(struct rng *r);

/** rng_below() - uniform in [0, @bound), without modulo bias; @bound > 0. */
uint32_t rng_below(struct rng *r, uint32_t bound);

#endif
