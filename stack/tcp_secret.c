/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_secret.c - numbers that a stranger must not guess: initial sequence
 * numbers (RFC 6528), ephemeral ports (RFC 6056), and the buckets of the
 * connection table (so that nobody can fill one chain on purpose). All come from
 * one keyed hash whose key is drawn from the stack's seed.
 */
#include "stack/net_int.h"

#define SIP_ROUNDS_WORD 2
#define SIP_ROUNDS_END 4

static uint64_t rotl(uint64_t x, unsigned b)
{
    return x << b | x >> (64 - b);
}

/* SipHash, Aumasson and Bernstein 2012, 2.1: one word @m, then @rounds rounds. */
static void sip_rounds(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] = rotl(v[2], 32);
    }
}

static void sip_word(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    sip_rounds(v, SIP_ROUNDS_WORD);
    v[0] ^= m;
}

uint64_t tcp_hash(const uint64_t key[2], uint32_t laddr, uint16_t lport, uint32_t raddr,
                  uint16_t rport)
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                      key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
    /* Twelve bytes: one full word, and a last one with the length on top. */
    sip_word(v, (uint64_t)raddr << 32 | laddr);
    sip_word(v, (uint64_t)12 << 56 | (uint64_t)rport << 16 | lport);
    v[2] ^= 0xFF;
    sip_rounds(v, SIP_ROUNDS_END);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct tcp_seq tcp_isn(const struct net *n, const struct tcp_conn *c, int64_t now_ns)
{
    /* M of RFC 6528 3: a clock of 4 us, so that the numbers of a new incarnation of
     * the same connection lie behind those of the old one. */
    uint32_t m = (uint32_t)((uint64_t)now_ns / 4000);
    uint64_t f = tcp_hash(n->tcp.secret, c->laddr, c->lport, c->raddr, c->rport);
    return tcp_seq_of(m + (uint32_t)f);
}

uint16_t tcp_port_for(struct net *n, const struct tcp_conn *c)
{
    const uint32_t range = TCP_PORT_MAX - TCP_PORT_MIN + 1;
    /* RFC 6056 3.3.3, algorithm 3: a place of its own for each destination, then
     * one after the other, so that a port comes back as late as possible. The upper
     * half of the hash; the lower one is in the sequence numbers. */
    uint64_t h = tcp_hash(n->tcp.secret, c->laddr, 0, c->raddr, c->rport);
    uint32_t offset = (uint32_t)(h >> 32) % range;
    for (uint32_t i = 0; i < range; i++) {
        uint32_t next = (offset + n->tcp.port_counter++ % range) % range;
        uint16_t port = (uint16_t)(TCP_PORT_MIN + next);
        if (!tcp_lookup(n, c->laddr, port, c->raddr, c->rport) &&
            !tcp_listener(n, c->laddr, port))
            return port;
    }
    return 0;
}
