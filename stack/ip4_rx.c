/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_rx.c - received IPv4 packets: checked in the order of RFC 1122 3.2.1, put
 * together where they are fragments (ip4_frag.c), then handed to ICMP, UDP or TCP.
 * This host does not forward.
 */
#include "stack/net_int.h"

#include "stack/csum.h"
#include "stack/wire/icmp4.h"

/* A source that no host can have on a packet from outside. RFC 1122 3.2.1.3. */
static bool martian(const struct net *n, const struct ip4_view *v)
{
    return ip4_is_this_net(v->src) || ip4_is_loopback(v->src) || v->src >> 28 >= 0xE ||
           ip4_is_broadcast(n, v->src) || v->src == n->ip4.addr;
}

/* The NIC may have verified the header already, but its word covers header and
 * transport together; twenty bytes are summed faster than the cases told apart.
 * Returns NULL if the packet is for us, else the counter of its drop. */
static uint64_t *check(struct net *n, const struct pkt *p, struct ip4_view *v, bool link_many)
{
    if (ip4_parse(pkt_data(p), p->len, v))
        return &n->c.drop_ip4_malformed;
    if (csum_sum(pkt_data(p), v->hdr_bytes) != 0xFFFF)
        return &n->c.drop_ip4_checksum;
    /* Without an address (0) what is to all still comes in: DHCP's answers. */
    bool broadcast = ip4_is_broadcast(n, v->dst);
    if (!v->dst || (v->dst != n->ip4.addr && !broadcast))
        return &n->c.drop_ip4_not_mine;
    /* A group frame may carry only a group address. RFC 1122 3.3.6. */
    if (martian(n, v) || (link_many && !broadcast))
        return &n->c.drop_ip4_martian;
    v->to_many = broadcast;
    return NULL;
}

/* A whole datagram, its head behind the IPv4 header. */
static void deliver(struct net *n, struct pkt *p, const struct ip4_view *v, int64_t now_ns)
{
    switch (v->proto) {
    case IP4_PROTO_ICMP:
        icmp4_rx(n, p, v, now_ns);
        break;
    case IP4_PROTO_UDP:
        udp_rx(n, p, v, now_ns);
        break;
    case IP4_PROTO_TCP:
        tcp_rx(n, p, v, now_ns);
        break;
    default:                    /* RFC 1122 3.2.2.1: a host SHOULD say so */
        n->c.drop_ip4_no_proto++;
        icmp4_error_tx(n, p, v, ICMP4_UNREACHABLE, ICMP4_UNREACH_PROTO, now_ns);
        pkt_release(p);
    }
}

void ip4_rx(struct net *n, struct pkt *p, bool link_many, int64_t now_ns)
{
    struct ip4_view v;
    n->c.ip4_rx++;
    uint64_t *why = check(n, p, &v, link_many);
    if (why) {
        (*why)++;
        pkt_release(p);
        return;
    }
    pkt_trim(p, v.total_bytes);     /* short frames were padded to 60 bytes */
    p->l3 = p->head;
    /* The only fault of a header that is told (RFC 1122 3.2.2.5): for the others the
     * sender's address may be wrong as well. */
    uint8_t bad = ip4_bad_option(pkt_data(p), v.hdr_bytes);
    if (bad) {
        n->c.drop_ip4_malformed++;
        icmp4_parameter_tx(n, p, &v, bad, now_ns);
        pkt_release(p);
        return;
    }
    pkt_pull(p, v.hdr_bytes);
    p->l4 = p->head;
    if (ip4_is_fragment(&v))
        p = ip4_frag_rx(n, p, &v, now_ns);
    if (p)
        deliver(n, p, &v, now_ns);
}
