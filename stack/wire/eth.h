/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/eth.h - Ethernet II header: layout, parse, emit. No state.
 * Source: IEEE 802.3 3.1.1, 3.2.3 to 3.2.6; RFC 894; RFC 1112 6.4.
 */
#ifndef LY_STACK_WIRE_ETH_H
#define LY_STACK_WIRE_ETH_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ETH_HDR_BYTES 14u
#define ETH_ADDR_BYTES 6u

#define ETH_TYPE_IP4 0x0800u
#define ETH_TYPE_ARP 0x0806u

struct eth_hdr {
    uint8_t dst[ETH_ADDR_BYTES];
    uint8_t src[ETH_ADDR_BYTES];
    struct be16 type;
};
_Static_assert(sizeof(struct eth_hdr) == ETH_HDR_BYTES, "IEEE 802.3 3.1.1");

struct eth_view {
    const uint8_t *dst, *src;   /* six bytes each, in the frame */
    uint16_t type;              /* below 0x0600: an 802.3 length */
};

/** eth_is_group() - multicast or broadcast: the first bit on the wire. */
static inline bool eth_is_group(const uint8_t *a)
{
    return (a[0] & 1) != 0;
}

static inline bool eth_is_broadcast(const uint8_t *a)
{
    return (a[0] & a[1] & a[2] & a[3] & a[4] & a[5]) == 0xFF;
}

/** eth_parse() - Returns 0 with *v filled; -EBADMSG shorter than a header. */
static inline int eth_parse(const uint8_t *b, uint32_t len, struct eth_view *v)
{
    if (len < ETH_HDR_BYTES)
        return -EBADMSG;
    struct be16 type;
    memcpy(&type, b + 12, sizeof(type));
    *v = (struct eth_view){ .dst = b, .src = b + 6, .type = be16_get(type) };
    return 0;
}

/** eth_emit() - write a header at @b. */
static inline void eth_emit(uint8_t *b, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
    struct eth_hdr h = { .type = be16_put(type) };
    memcpy(h.dst, dst, ETH_ADDR_BYTES);
    memcpy(h.src, src, ETH_ADDR_BYTES);
    memcpy(b, &h, sizeof(h));
}

/** eth_group_of_ip4() - the group address for an IPv4 multicast one. RFC 1112 6.4. */
static inline void eth_group_of_ip4(uint8_t *mac, uint32_t group)
{
    const uint8_t m[ETH_ADDR_BYTES] = { 0x01, 0x00, 0x5E, (uint8_t)(group >> 16 & 0x7F),
                                        (uint8_t)(group >> 8), (uint8_t)group };
    memcpy(mac, m, ETH_ADDR_BYTES);
}

#endif
