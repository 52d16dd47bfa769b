/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/icmp4.h - ICMP header: layout, parse, emit. No state.
 * Source: RFC 792; RFC 1191 4 (next-hop MTU); RFC 1122 3.2.2.
 */
#ifndef LY_STACK_WIRE_ICMP4_H
#define LY_STACK_WIRE_ICMP4_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ICMP4_HDR_BYTES 8u
#define ICMP4_CSUM_OFF 2u

#define ICMP4_ECHO_REPLY 0u
#define ICMP4_UNREACHABLE 3u
#define ICMP4_SOURCE_QUENCH 4u  /* ignored: RFC 6633 */
#define ICMP4_REDIRECT 5u
#define ICMP4_ECHO 8u
#define ICMP4_TIME_EXCEEDED 11u
#define ICMP4_PARAMETER 12u

/* Codes of ICMP4_UNREACHABLE. */
#define ICMP4_UNREACH_NET 0u
#define ICMP4_UNREACH_HOST 1u
#define ICMP4_UNREACH_PROTO 2u
#define ICMP4_UNREACH_PORT 3u
#define ICMP4_UNREACH_FRAG 4u

#define ICMP4_TIME_REASSEMBLY 1u    /* code of ICMP4_TIME_EXCEEDED */

struct icmp4_hdr {
    uint8_t type;
    uint8_t code;
    struct be16 csum;
    struct be16 id;             /* echo; else unused */
    struct be16 seq;            /* echo; type 3 code 4: next-hop MTU */
};
_Static_assert(sizeof(struct icmp4_hdr) == ICMP4_HDR_BYTES, "RFC 792");
_Static_assert(offsetof(struct icmp4_hdr, csum) == ICMP4_CSUM_OFF, "RFC 792");

struct icmp4_view {
    uint8_t type, code;
    uint16_t id, seq;
};

/** icmp4_parse() - Returns 0 with *v filled; -EBADMSG shorter than a header. */
static inline int icmp4_parse(const uint8_t *b, uint32_t len, struct icmp4_view *v)
{
    struct icmp4_hdr h;
    if (len < ICMP4_HDR_BYTES)
        return -EBADMSG;
    memcpy(&h, b, sizeof(h));
    *v = (struct icmp4_view){ h.type, h.code, be16_get(h.id), be16_get(h.seq) };
    return 0;
}

/** icmp4_emit() - write a header at @b, checksum field zero. */
static inline void icmp4_emit(uint8_t *b, const struct icmp4_view *v)
{
    const struct icmp4_hdr h = {
        .type = v->type,
        .code = v->code,
        .id = be16_put(v->id),
        .seq = be16_put(v->seq),
    };
    memcpy(b, &h, sizeof(h));
}

/** icmp4_is_error() - a message about a packet, never answered by another. */
static inline bool icmp4_is_error(uint8_t type)
{
    return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
           type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

#endif
