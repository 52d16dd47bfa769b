/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/ip4.h - IPv4 header: layout, parse, emit, classes of address. No state.
 * Source: RFC 791 3.1; RFC 1122 3.2.1.
 */
#ifndef LY_STACK_WIRE_IP4_H
#define LY_STACK_WIRE_IP4_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IP4_HDR_BYTES 20u
#define IP4_HDR_MAX_BYTES 60u
#define IP4_CSUM_OFF 10u

#define IP4_PROTO_ICMP 1u
#define IP4_PROTO_TCP 6u
#define IP4_PROTO_UDP 17u

#define IP4_DF 0x4000u
#define IP4_MF 0x2000u
#define IP4_FRAG_MASK 0x1FFFu   /* offset in units of 8 bytes */

#define IP4_BROADCAST 0xFFFFFFFFu

struct ip4_hdr {
    uint8_t ver_ihl;
    uint8_t tos;
    struct be16 total_len;
    struct be16 id;
    struct be16 frag;
    uint8_t ttl;
    uint8_t proto;
    struct be16 csum;
    struct be32 src;
    struct be32 dst;
};
_Static_assert(sizeof(struct ip4_hdr) == IP4_HDR_BYTES, "RFC 791 3.1");
_Static_assert(offsetof(struct ip4_hdr, csum) == IP4_CSUM_OFF, "RFC 791 3.1");

/* A checked header. */
struct ip4_view {
    uint32_t src, dst;
    uint8_t proto, ttl, tos;
    uint16_t id;
    uint16_t frag;              /* IP4_DF, IP4_MF and the offset */
    uint16_t hdr_bytes;         /* options included */
    uint16_t total_bytes;
    bool to_many;               /* set by ip4_rx(): sent to more than this host, by
                                   its link or its IP destination address */
};

static inline bool ip4_is_multicast(uint32_t a)
{
    return a >> 28 == 0xE;
}

static inline bool ip4_is_loopback(uint32_t a)
{
    return a >> 24 == 127;
}

/** ip4_is_this_net() - 0.0.0.0/8, "this host on this network". RFC 1122 3.2.1.3. */
static inline bool ip4_is_this_net(uint32_t a)
{
    return a >> 24 == 0;
}

/** ip4_mask() - netmask of a prefix of 0 to 32 bits. */
static inline uint32_t ip4_mask(unsigned prefix_len)
{
    return prefix_len ? 0xFFFFFFFFu << (32 - prefix_len) : 0;
}

/**
 * ip4_bad_option() - check the lengths of the options of a header of @hdr bytes at
 * @b; their content is skipped.
 *
 * Returns 0, or the offset in the header of the option that is wrong.
 */
static inline uint8_t ip4_bad_option(const uint8_t *b, uint32_t hdr)
{
    for (uint32_t i = IP4_HDR_BYTES; i < hdr && b[i] != 0;) {
        if (b[i] == 1) {        /* no operation */
            i++;
            continue;
        }
        if (hdr - i < 2 || b[i + 1] < 2 || b[i + 1] > hdr - i)
            return (uint8_t)i;
        i += b[i + 1];
    }
    return 0;
}

/**
 * ip4_parse() - check version and lengths of @len bytes at @b. More bytes than the
 * total length are link padding. Checksum and options are the caller's.
 *
 * Returns 0 with *v filled; -EBADMSG (drop_ip4_malformed).
 */
static inline int ip4_parse(const uint8_t *b, uint32_t len, struct ip4_view *v)
{
    struct ip4_hdr h;
    if (len < IP4_HDR_BYTES)
        return -EBADMSG;
    memcpy(&h, b, sizeof(h));
    uint16_t hdr = (uint16_t)((h.ver_ihl & 15u) * 4);
    uint16_t total = be16_get(h.total_len);
    if (h.ver_ihl >> 4 != 4 || hdr < IP4_HDR_BYTES || total < hdr || total > len)
        return -EBADMSG;
    *v = (struct ip4_view){
        .src = be32_get(h.src),
        .dst = be32_get(h.dst),
        .proto = h.proto,
        .ttl = h.ttl,
        .tos = h.tos,
        .id = be16_get(h.id),
        .frag = be16_get(h.frag),
        .hdr_bytes = hdr,
        .total_bytes = total,
    };
    return 0;
}

static inline bool ip4_is_fragment(const struct ip4_view *v)
{
    return (v->frag & (IP4_MF | IP4_FRAG_MASK)) != 0;
}

/** ip4_emit() - write a header without options at @b, checksum field zero. */
static inline void ip4_emit(uint8_t *b, const struct ip4_view *v)
{
    const struct ip4_hdr h = {
        .ver_ihl = 0x45,
        .tos = v->tos,
        .total_len = be16_put(v->total_bytes),
        .id = be16_put(v->id),
        .frag = be16_put(v->frag),
        .ttl = v->ttl,
        .proto = v->proto,
        .src = be32_put(v->src),
        .dst = be32_put(v->dst),
    };
    memcpy(b, &h, sizeof(h));
}

#endif
