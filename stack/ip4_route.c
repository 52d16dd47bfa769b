/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_route.c - our address, and the routing table: a short array kept with the
 * longest prefix first, so that the first hit is the best one.
 * Source: RFC 1122 3.3.1; RFC 1812 5.2.4.3 (longest match).
 */
#include "stack/net_int.h"

#include <errno.h>
#include <string.h>

/* Returns the index of exactly this route, -ENOENT. */
static int find(const struct ip4_state *s, uint32_t dst, unsigned prefix_len)
{
    for (unsigned i = 0; i < s->n_routes; i++) {
        if (s->route[i].dst == dst && s->route[i].prefix_len == prefix_len)
            return (int)i;
    }
    return -ENOENT;
}

/* Behind those with the same prefix length: two of one length never fit one address. */
static int insert(struct ip4_state *s, uint32_t dst, unsigned prefix_len, uint32_t gw)
{
    if (find(s, dst, prefix_len) >= 0)
        return -EEXIST;
    if (s->n_routes == IP4_ROUTES)
        return -ENOSPC;
    unsigned at = 0;
    while (at < s->n_routes && s->route[at].prefix_len >= prefix_len)
        at++;
    memmove(&s->route[at + 1], &s->route[at], (s->n_routes - at) * sizeof(s->route[0]));
    s->route[at] = (struct ip4_route){ dst, gw, (uint8_t)prefix_len };
    s->n_routes++;
    return 0;
}

static void remove_at(struct ip4_state *s, unsigned at)
{
    s->n_routes--;
    memmove(&s->route[at], &s->route[at + 1], (s->n_routes - at) * sizeof(s->route[0]));
}

/* Bits beyond the prefix are a slip of whoever typed it, not a wish. */
static bool prefix_ok(uint32_t dst, unsigned prefix_len)
{
    return prefix_len <= 32 && (dst & ~ip4_mask(prefix_len)) == 0;
}

/* May a host have this address? RFC 1122 3.2.1.3. */
static bool host_addr_ok(uint32_t a)
{
    return !ip4_is_this_net(a) && !ip4_is_loopback(a) && a >> 28 < 0xE;
}

bool ip4_host_ok(uint32_t addr, unsigned prefix_len)
{
    if (prefix_len > 32 || !host_addr_ok(addr))
        return false;
    /* All ones and all zeros name the subnet, except on links of two (RFC 3021). */
    uint32_t mask = ip4_mask(prefix_len);
    return prefix_len >= 31 || (addr != (addr & mask) && addr != (addr | ~mask));
}

int net_set_addr(struct net *n, uint32_t addr, unsigned prefix_len)
{
    struct ip4_state *s = &n->ip4;
    if (prefix_len > 32 || (addr && !ip4_host_ok(addr, prefix_len)))
        return -EINVAL;
    uint32_t net = addr & ip4_mask(prefix_len);
    /* The route that came with the old address goes with it; one through a gateway, put
     * in its place by hand, stays. */
    if (s->addr) {
        int old = find(s, s->addr & ip4_mask(s->prefix_len), s->prefix_len);
        if (old >= 0 && !s->route[old].gw)
            remove_at(s, (unsigned)old);
    }
    arp_forget(n);
    s->addr = addr;
    s->prefix_len = (uint8_t)prefix_len;
    if (!addr)
        return 0;
    int err = insert(s, net, prefix_len, 0);
    return err == -EEXIST ? 0 : err;
}

uint32_t net_addr(const struct net *n)
{
    return n->ip4.addr;
}

/* The gateway must be a neighbour: its own route must be one without gateway. */
static bool on_link(const struct ip4_state *s, uint32_t a)
{
    for (unsigned i = 0; i < s->n_routes; i++) {
        const struct ip4_route *r = &s->route[i];
        if ((a & ip4_mask(r->prefix_len)) == r->dst)
            return r->gw == 0;
    }
    return false;
}

int net_route_add(struct net *n, uint32_t dst, unsigned prefix_len, uint32_t gw)
{
    if (!prefix_ok(dst, prefix_len))
        return -EINVAL;
    if (gw && (!on_link(&n->ip4, gw) || gw == n->ip4.addr || ip4_is_broadcast(n, gw)))
        return -ENETUNREACH;
    return insert(&n->ip4, dst, prefix_len, gw);
}

int net_route_del(struct net *n, uint32_t dst, unsigned prefix_len)
{
    int at = find(&n->ip4, dst, prefix_len);
    if (at < 0)
        return at;
    remove_at(&n->ip4, (unsigned)at);
    return 0;
}

/* The all-zeros forms of 4.2BSD (RFC 1122 3.3.6) are not recognised: nobody sends them. */
bool ip4_is_broadcast(const struct net *n, uint32_t a)
{
    const struct ip4_state *s = &n->ip4;
    if (a == IP4_BROADCAST)
        return true;
    uint32_t mask = ip4_mask(s->prefix_len);
    return s->addr && s->prefix_len < 31 && a == (s->addr | ~mask);
}

/* Without a loopback interface our own address is not reachable either. To all of the link
 * one may send before there is an address: DHCP does; others find no source address. */
static bool sendable(const struct net *n, uint32_t dst)
{
    if (dst == IP4_BROADCAST)
        return true;
    return n->ip4.addr && dst != n->ip4.addr && !ip4_is_this_net(dst) && !ip4_is_loopback(dst);
}

int ip4_next_hop(const struct net *n, uint32_t dst, uint32_t *hop)
{
    const struct ip4_state *s = &n->ip4;
    if (!sendable(n, dst))
        return -ENETUNREACH;
    /* Groups live on the link; arp_tx() knows their link addresses. */
    *hop = dst;
    if (ip4_is_broadcast(n, dst) || ip4_is_multicast(dst))
        return 0;
    if (!host_addr_ok(dst))
        return -ENETUNREACH;
    for (unsigned i = 0; i < s->n_routes; i++) {
        const struct ip4_route *r = &s->route[i];
        if ((dst & ip4_mask(r->prefix_len)) == r->dst) {
            *hop = r->gw ? r->gw : dst;
            return 0;
        }
    }
    return -ENETUNREACH;
}

uint32_t ip4_src_for(struct net *n, uint32_t dst)
{
    uint32_t hop;
    return ip4_next_hop(n, dst, &hop) == 0 ? n->ip4.addr : 0;
}

size_t net_route_list(const struct net *n, struct net_route_info *out, size_t max)
{
    const struct ip4_state *s = &n->ip4;
    for (unsigned i = 0; i < s->n_routes && i < max; i++) {
        const struct ip4_route *r = &s->route[i];
        out[i] = (struct net_route_info){ r->dst, r->prefix_len, r->gw };
    }
    return s->n_routes;
}
