/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/udp.h - UDP header: layout, parse, emit. No state. Source: RFC 768.
 */
#ifndef LY_STACK_WIRE_UDP_H
#define LY_STACK_WIRE_UDP_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define UDP_HDR_BYTES 8u
#define UDP_CSUM_OFF 6u

struct udp_hdr {
    struct be16 sport;
    struct be16 dport;
    struct be16 len;            /* header and data */
    struct be16 csum;           /* 0: none */
};
_Static_assert(sizeof(struct udp_hdr) == UDP_HDR_BYTES, "RFC 768");
_Static_assert(offsetof(struct udp_hdr, csum) == UDP_CSUM_OFF, "RFC 768");

struct udp_view {
    uint16_t sport, dport;
    uint16_t len;               /* header and data */
    bool has_csum;
};

/**
 * udp_parse() - check the length of a datagram in @len bytes of IP payload at @b.
 *
 * Returns 0 with *v filled; -EBADMSG shorter than a header, or than it says.
 */
static inline int udp_parse(const uint8_t *b, uint32_t len, struct udp_view *v)
{
    struct udp_hdr h;
    if (len < UDP_HDR_BYTES)
        return -EBADMSG;
    memcpy(&h, b, sizeof(h));
    v->sport = be16_get(h.sport);
    v->dport = be16_get(h.dport);
    v->len = be16_get(h.len);
    v->has_csum = be16_get(h.csum) != 0;
    return v->len >= UDP_HDR_BYTES && v->len <= len ? 0 : -EBADMSG;
}

/** udp_emit() - write a header at @b, checksum field zero. */
static inline void udp_emit(uint8_t *b, uint16_t sport, uint16_t dport, uint16_t len)
{
    const struct udp_hdr h = {
        .sport = be16_put(sport),
        .dport = be16_put(dport),
        .len = be16_put(len),
    };
    memcpy(b, &h, sizeof(h));
}

#endif
