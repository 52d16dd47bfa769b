/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_tx.c - put an IPv4 header in front and send. Every datagram is atomic: DF is
 * set and none is cut, so its id need not be unique (RFC 6864 4.1); it is drawn
 * at random so that it tells nothing about other traffic.
 */
#include "stack/net_int.h"

#include "stack/csum.h"
#include "stack/wire/eth.h"

#include <errno.h>
#include <string.h>

uint32_t ip4_mtu(const struct net *n)
{
    uint32_t frame = nic_caps_get(n->nic).max_frame_bytes;
    if (frame < ETH_HDR_BYTES + IP4_HDR_BYTES || frame - ETH_HDR_BYTES > NET_MTU_MAX)
        return NET_MTU_MAX;     /* not told yet, or more than we use */
    return frame - ETH_HDR_BYTES;
}

/* Counted under its reason; the caller learns of it as well. */
static int refuse(struct pkt *p, uint64_t *counter, int err)
{
    (*counter)++;
    pkt_release(p);
    return err;
}

/* The header checksum is ours even where the NIC inserts checksums: virtio has one
 * field per packet, and the transport needs it. */
static void put_header(struct net *n, uint8_t *b, const struct ip4_view *v)
{
    struct ip4_view h = *v;
    h.id = rng_u16(&n->rng[RNG_IP4_ID]);
    h.frag = IP4_DF;
    ip4_emit(b, &h);
    struct be16 sum = be16_put(csum_finish(csum_sum(b, IP4_HDR_BYTES)));
    memcpy(b + IP4_CSUM_OFF, &sum, sizeof(sum));
}

int ip4_tx_tos(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto,
               uint8_t ttl, uint8_t tos, int64_t now_ns)
{
    uint32_t hop;
    if (ip4_next_hop(n, dst, &hop))
        return refuse(p, &n->c.drop_ip4_no_route, -ENETUNREACH);
    p->l4 = p->head;
    /* Senders keep to the MTU; one that does not is told, as DF would have it (RFC 1191). */
    uint8_t *b = p->len + IP4_HDR_BYTES <= ip4_mtu(n) ? pkt_push(p, IP4_HDR_BYTES) : NULL;
    if (!b)
        return refuse(p, &n->c.drop_ip4_too_long, -EMSGSIZE);
    p->l3 = p->head;
    put_header(n, b, &(struct ip4_view){
        .src = src ? src : n->ip4.addr,
        .dst = dst,
        .proto = proto,
        .ttl = ttl ? ttl : NET_TTL_DEFAULT,
        .tos = tos,
        .total_bytes = (uint16_t)p->len,
    });
    int err = arp_tx(n, p, hop, now_ns);
    if (!err)
        n->c.ip4_tx++;
    return err;
}

int ip4_tx(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto, uint8_t ttl,
           int64_t now_ns)
{
    return ip4_tx_tos(n, p, src, dst, proto, ttl, 0, now_ns);
}
