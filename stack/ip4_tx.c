/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_tx.c - put an IPv4 header in front and send, in fragments where the path's MTU
 * asks for it.
 *
 * What fits goes with DF, so that a router with a smaller MTU says so (RFC 1191); such
 * a datagram is atomic and its id need not be unique (RFC 6864 4.1): it is drawn at
 * random, so that it tells nothing about other traffic. What is cut goes without DF
 * and with an id that its source, destination and protocol share with no other for
 * the next 65,536 datagrams. TCP sends by MSS and is not cut, except where the path's
 * MTU is below IP4_PMTU_DF_MIN.
 *
 * Cutting comes after ARP: a datagram waits for its neighbour as one packet.
 */
#include "stack/net_int.h"

#include "stack/csum.h"
#include "stack/wire/eth.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

_Static_assert((IP4_ID_BUCKETS & (IP4_ID_BUCKETS - 1)) == 0, "masked below");

uint32_t ip4_mtu(const struct net *n)
{
    uint32_t frame = nic_caps_get(n->nic).max_frame_bytes;
    if (frame < ETH_HDR_BYTES + NET_MTU_MIN || frame - ETH_HDR_BYTES > NET_MTU_MAX)
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

/* --- the header ----------------------------------------------------------- */

/* RFC 6864 4.3. A keyed hash decides which counter, and from where on: nobody can tell
 * from the ids that he gets how much goes to others. */
static uint16_t unique_id(struct net *n, const struct ip4_view *v)
{
    uint64_t h = tcp_hash(n->ip4_id_key, v->src, 0, v->dst, v->proto);
    return (uint16_t)(n->ip4_id[h & (IP4_ID_BUCKETS - 1)]++ + (h >> 48));
}

/* The header checksum is ours even where the NIC inserts checksums: virtio has one
 * field per packet, and the transport needs it. */
static void put_header(uint8_t *b, const struct ip4_view *v)
{
    ip4_emit(b, v);
    struct be16 sum = be16_put(csum_finish(csum_sum(b, IP4_HDR_BYTES)));
    memcpy(b + IP4_CSUM_OFF, &sum, sizeof(sum));
}

/* Bytes of payload in each fragment but the last. RFC 791 3.2. */
static uint32_t step_of(uint32_t mtu)
{
    return (mtu - IP4_HDR_BYTES) & ~7u;
}

unsigned ip4_tx_frames(const struct net *n, uint32_t dst, size_t bytes)
{
    uint32_t mtu = ip4_path_mtu(n, dst);
    if (bytes <= mtu)
        return 1;
    uint32_t step = step_of(mtu);
    size_t frames = (bytes - IP4_HDR_BYTES + step - 1) / step;
    return bytes > IP4_TOTAL_MAX || frames > IP4_FRAG_TX_MAX ? 0 : (unsigned)frames;
}

int ip4_tx_tos(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto,
               uint8_t ttl, uint8_t tos, int64_t now_ns)
{
    uint32_t hop, mtu = ip4_path_mtu(n, dst), total = p->len + IP4_HDR_BYTES;
    bool tcp = proto == IP4_PROTO_TCP;
    if (ip4_next_hop(n, dst, &hop))
        return refuse(p, &n->c.drop_ip4_no_route, -ENETUNREACH);
    p->l4 = p->head;
    bool ok = tcp ? total <= ip4_mtu(n) : ip4_tx_frames(n, dst, total) > 0;
    uint8_t *b = ok ? pkt_push(p, IP4_HDR_BYTES) : NULL;
    if (!b)
        return refuse(p, &n->c.drop_ip4_too_long, -EMSGSIZE);
    p->l3 = p->head;
    struct ip4_view v = {
        .src = src ? src : n->ip4.addr,
        .dst = dst,
        .proto = proto,
        .ttl = ttl ? ttl : NET_TTL_DEFAULT,
        .tos = tos,
        .total_bytes = (uint16_t)total,
    };
    bool atomic = mtu >= IP4_PMTU_DF_MIN && (tcp || total <= mtu);
    v.frag = atomic ? IP4_DF : 0;
    v.id = atomic ? rng_u16(&n->rng[RNG_IP4_ID]) : unique_id(n, &v);
    put_header(b, &v);
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

/* --- fragments ------------------------------------------------------------ */

/* Room for all of them or for none: a datagram without one of its fragments is nothing.
 * Returns NULL, or the counter of the reason why not. */
static uint64_t *no_room(struct net *n, unsigned frames)
{
    if (!nic_link_up(n->nic, NULL))
        return &n->c.drop_tx_nic_refused;
    if (net_tx_room(n) < frames)
        return &n->c.drop_tx_nic_full;
    return pkt_pool_free(n->pool, PKT_SMALL) < frames ? &n->c.drop_no_buffer : NULL;
}

/* @p, whose header @v is, as frames of at most @mtu bytes. RFC 791 3.2. */
static int cut(struct net *n, struct pkt *p, struct ip4_view *v, uint32_t mtu, const uint8_t *mac)
{
    const uint8_t *payload = pkt_data(p) + IP4_HDR_BYTES;
    uint32_t step = step_of(mtu), left = p->len - IP4_HDR_BYTES;
    uint64_t *why = no_room(n, (left + step - 1) / step);
    if (why)
        return refuse(p, why, -ENOBUFS);
    int err = 0;
    for (uint32_t off = 0, len; left && !err; off += len, left -= len) {
        len = left < step ? left : step;
        struct pkt *q = pkt_alloc(n->pool, PKT_SMALL);
        assert(q);              /* no_room() has looked */
        v->total_bytes = (uint16_t)(IP4_HDR_BYTES + len);
        v->frag = (uint16_t)(off / 8 | (len < left ? IP4_MF : 0));
        put_header(pkt_put(q, IP4_HDR_BYTES), v);
        memcpy(pkt_put(q, len), payload + off, len);
        err = eth_tx(n, q, mac, ETH_TYPE_IP4);
        n->c.ip4_frag_tx += !err;
    }
    pkt_release(p);
    return err;
}

int ip4_link_tx(struct net *n, struct pkt *p, const uint8_t *mac)
{
    struct ip4_view v;
    int err = ip4_parse(pkt_data(p), p->len, &v);
    assert(!err);               /* ip4_tx_tos() made it */
    (void)err;
    uint32_t mtu = ip4_path_mtu(n, v.dst);
    /* A sum that the NIC is to insert was asked for when the packet still fitted. */
    if (p->len <= mtu || v.frag & IP4_DF || p->vnet_flags & VNET_F_NEEDS_CSUM)
        return eth_tx(n, p, mac, ETH_TYPE_IP4);
    return cut(n, p, &v, mtu, mac);
}
