/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.c - RFC 768, RFC 1122 4.1: datagrams to and from endpoints (dgram.c).
 */
#include "stack/net_int.h"

#include "stack/wire/icmp4.h"
#include "stack/wire/udp.h"

#include <errno.h>
#include <string.h>

/* Returns NULL with the packet trimmed to the datagram, else the counter of its drop. */
static uint64_t *check(struct net *n, struct pkt *p, const struct ip4_view *ip, struct udp_view *v)
{
    if (udp_parse(pkt_data(p), p->len, v))
        return &n->c.drop_udp_malformed;
    pkt_trim(p, v->len);
    /* The sender may leave the sum out; then there is nothing to believe or verify. */
    if (v->has_csum && !transport_csum_ok(n, p, ip))
        return &n->c.drop_udp_checksum;
    return NULL;
}

void udp_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns)
{
    struct udp_view v;
    n->c.udp_rx++;
    uint64_t *why = check(n, p, ip, &v);
    if (why) {
        (*why)++;
        pkt_release(p);
        return;
    }
    struct dgram *d = dgram_find(n, NET_DGRAM, ip->dst, v.dport, ip->src, v.sport);
    if (!d) {
        n->c.drop_udp_no_socket++;
        /* RFC 1122 4.1.3.1. Not for groups: icmp4_error_tx() knows. */
        icmp4_error_tx(n, p, ip, ICMP4_UNREACHABLE, ICMP4_UNREACH_PORT, now_ns);
        pkt_release(p);
        return;
    }
    pkt_pull(p, UDP_HDR_BYTES);
    if (dgram_deliver(n, d, p))
        n->c.drop_udp_rcvbuf++;
    else
        n->c.udp_delivered++;
}

/* dgram.c has looked at the length. The checksum is always made; RFC 1122 4.1.3.4 lets
 * an application do without, none of ours asks. */
ssize_t udp_tx_as(struct net *n, const struct dgram *d, uint32_t src, const void *p, size_t len,
                  uint32_t addr, uint16_t port)
{
    uint16_t bytes = (uint16_t)(UDP_HDR_BYTES + len);
    struct pkt *q = net_pkt_alloc_for(n, bytes);
    if (!q)
        return -EAGAIN;
    uint8_t *b = pkt_put(q, bytes);
    udp_emit(b, d->lport, port, bytes);
    if (len)
        memcpy(b + UDP_HDR_BYTES, p, len);
    transport_csum(n, q, src, addr, IP4_PROTO_UDP, UDP_CSUM_OFF);
    int err = ip4_tx(n, q, src, addr, IP4_PROTO_UDP, d->ttl, n->now_ns);
    if (err)
        return err;
    n->c.udp_tx++;
    return (ssize_t)len;
}

ssize_t udp_tx(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr,
               uint16_t port)
{
    uint32_t src = ip4_src_for(n, addr);
    return src ? udp_tx_as(n, d, src, p, len, addr, port) : -ENETUNREACH;
}
