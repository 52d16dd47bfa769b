/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_pmtu.c - RFC 1191: the MTU of paths on which a router said that a packet of
 * ours did not fit. Whether that router may be believed is decided before
 * (icmp4.c: the packet that it quotes must be one of ours, under way).
 */
#include "stack/net_int.h"

#include <stddef.h>

/* RFC 1191 7: what links have, below the longest packet that we send. */
static const uint16_t plateau[] = { 1492, 1006 };

uint16_t ip4_pmtu_told(uint16_t mtu, uint16_t bytes)
{
    for (unsigned i = 0; !mtu && i < sizeof(plateau) / sizeof(plateau[0]); i++) {
        if (plateau[i] < bytes)
            mtu = plateau[i];
    }
    return mtu > IP4_PMTU_MIN ? mtu : IP4_PMTU_MIN;
}

/* What is known, and young enough, about this path. */
static const struct ip4_pmtu *find(const struct net *n, uint32_t dst)
{
    for (unsigned i = 0; i < IP4_PMTU_ENTRIES; i++) {
        if (n->pmtu[i].dst == dst && n->pmtu[i].until_ns > n->now_ns)
            return &n->pmtu[i];
    }
    return NULL;
}

uint32_t ip4_path_mtu(const struct net *n, uint32_t dst)
{
    uint32_t mtu = ip4_mtu(n);
    const struct ip4_pmtu *e = find(n, dst);
    return e && e->mtu < mtu ? e->mtu : mtu;
}

/* The entry of @dst, else the one that ends first: a free one ended at time 0. */
static struct ip4_pmtu *place(struct net *n, uint32_t dst)
{
    struct ip4_pmtu *best = &n->pmtu[0];
    for (unsigned i = 0; i < IP4_PMTU_ENTRIES; i++) {
        if (n->pmtu[i].dst == dst)
            return &n->pmtu[i];
        if (n->pmtu[i].until_ns < best->until_ns)
            best = &n->pmtu[i];
    }
    return best;
}

/* Only downwards: a report that allows more than we send is no news, or a lie. */
void ip4_pmtu_lower(struct net *n, uint32_t dst, uint16_t mtu)
{
    if (mtu < ip4_path_mtu(n, dst))
        *place(n, dst) = (struct ip4_pmtu){ dst, mtu, n->now_ns + IP4_PMTU_NS };
}
