/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/arp.h - ARP for Ethernet and IPv4: layout, parse, emit. No state.
 * Source: RFC 826; RFC 5227 1.1 for the names of the fields.
 */
#ifndef LY_STACK_WIRE_ARP_H
#define LY_STACK_WIRE_ARP_H

#include "driver/be.h"
#include "stack/wire/eth.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define ARP_BYTES 28u
#define ARP_OP_REQUEST 1u
#define ARP_OP_REPLY 2u

struct arp_pkt {
    struct be16 htype;          /* 1: Ethernet */
    struct be16 ptype;          /* 0x0800: IPv4 */
    uint8_t hlen, plen;         /* 6, 4 */
    struct be16 op;
    uint8_t sha[6];
    struct be32 spa;
    uint8_t tha[6];
    struct be32 tpa;
};
_Static_assert(sizeof(struct arp_pkt) == ARP_BYTES, "RFC 826, Packet format");

struct arp_view {
    uint16_t op;
    uint8_t sha[6], tha[6];
    uint32_t spa, tpa;
};

/**
 * arp_parse() - check an ARP packet of @len bytes at @b; more is link padding.
 *
 * Returns 0 with *v filled; -EBADMSG where it is too short, not for Ethernet and
 * IPv4, or the sender claims a group address (RFC 1812 3.3.2).
 */
static inline int arp_parse(const uint8_t *b, uint32_t len, struct arp_view *v)
{
    struct arp_pkt a;
    if (len < ARP_BYTES)
        return -EBADMSG;
    memcpy(&a, b, sizeof(a));
    if (be16_get(a.htype) != 1 || be16_get(a.ptype) != ETH_TYPE_IP4 || a.hlen != 6 ||
        a.plen != 4 || eth_is_group(a.sha))
        return -EBADMSG;
    v->op = be16_get(a.op);
    v->spa = be32_get(a.spa);
    v->tpa = be32_get(a.tpa);
    memcpy(v->sha, a.sha, sizeof(v->sha));
    memcpy(v->tha, a.tha, sizeof(v->tha));
    return v->op == ARP_OP_REQUEST || v->op == ARP_OP_REPLY ? 0 : -EBADMSG;
}

/** arp_emit() - write ARP_BYTES at @b. */
static inline void arp_emit(uint8_t *b, const struct arp_view *v)
{
    struct arp_pkt a = {
        .htype = be16_put(1),
        .ptype = be16_put(ETH_TYPE_IP4),
        .hlen = 6,
        .plen = 4,
        .op = be16_put(v->op),
        .spa = be32_put(v->spa),
        .tpa = be32_put(v->tpa),
    };
    memcpy(a.sha, v->sha, sizeof(a.sha));
    memcpy(a.tha, v->tha, sizeof(a.tha));
    memcpy(b, &a, sizeof(a));
}

#endif
