/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c - one host: made, polled, taken down; and what all its protocols share:
 * packets, events, checksums by the NIC or by software.
 */
#include "stack/net_int.h"

#include "stack/csum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SOCKETS_DEFAULT 256u
#define MAX_SOCKETS_LIMIT 65536u
#define SNDBUF_DEFAULT 65536u
#define RCVBUF_DEFAULT 65535u   /* the window field without scaling, RFC 9293 3.1 */
#define POLL_ROUNDS 8u          /* of taking frames in one net_poll() */
#define NO_ROOM_NS (1 * NET_NS_PER_MS)  /* look again for room and buffers */
#define POLL_FRAMES 64u         /* taken before timers and tx have their turn */

/* Everything that needs memory takes it here, so that a stack that runs cannot fail
 * for want of it later; the byte rings of TCP are the exception (tcp_ring.c). */
int net_create(struct net **out, const struct net_cfg *cfg)
{
    *out = NULL;
    if (!cfg->nic || !cfg->pool || cfg->max_sockets > MAX_SOCKETS_LIMIT)
        return -EINVAL;
    struct net *n = calloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->cfg = *cfg;
    n->nic = cfg->nic;
    n->pool = cfg->pool;
    if (!n->cfg.max_sockets)
        n->cfg.max_sockets = MAX_SOCKETS_DEFAULT;
    if (!n->cfg.sndbuf_bytes)
        n->cfg.sndbuf_bytes = SNDBUF_DEFAULT;
    if (!n->cfg.rcvbuf_bytes)
        n->cfg.rcvbuf_bytes = RCVBUF_DEFAULT;
    for (unsigned i = 0; i < RNG_STREAMS; i++)
        rng_init(&n->rng[i], cfg->seed, (enum rng_stream)i);
    n->arp.due_ns = NET_NEVER;
    for (unsigned i = 0; i < 2; i++)
        n->ip4_id_key[i] = rng_u64(&n->rng[RNG_IP4_ID_KEY]);
    if (dns_init(n) || sock_init(n) || tcp_init(n)) {
        net_destroy(n);
        return -ENOMEM;
    }
    *out = n;
    return 0;
}

/* Also takes down what net_create() made half: every _fini accepts zeros. */
void net_destroy(struct net *n)
{
    if (!n)
        return;
    dns_fini(n);
    dhcp_fini(n);
    sock_fini(n);
    tcp_fini(n);
    arp_forget(n);
    ip4_frag_fini(n);
    free(n);
}

/* A bounded bite: under a flood, timers and transmission still have their turn. Returns
 * how many frames it took. */
static unsigned take_frames(struct net *n, int64_t now_ns)
{
    unsigned taken = 0;
    for (struct pkt *p; taken < POLL_FRAMES && (p = nic_rx(n->nic)) != NULL; taken++)
        eth_rx(n, p, now_ns);
    return taken;
}

/* Deadlines: NET_NEVER is the largest number, so the least is always right. */
static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Everything that a deadline or room in the NIC can set going. */
static int64_t run_due(struct net *n, int64_t now_ns)
{
    int64_t next = arp_poll(n, now_ns);
    next = earlier(next, dhcp_poll(n, now_ns));
    next = earlier(next, ip4_frag_poll(n, now_ns));
    next = earlier(next, dns_poll(n, now_ns));
    next = earlier(next, tcp_poll(n, now_ns));
    dgram_room(n);
    if (n->dgrams.want_out)     /* a packet that comes back to the pool wakes nobody */
        next = earlier(next, now_ns + NO_ROOM_NS);
    return next;
}

int net_poll(struct net *n, int64_t now_ns, int64_t *next_ns)
{
    int64_t nic_next = NET_NEVER;
    n->now_ns = now_ns;
    *next_ns = NET_NEVER;
    int err = nic_poll(n->nic, now_ns, &nic_next);
    if (err)
        return err;

    /* What is sent may be answered at once (a link within the process), and frames
     * beyond the first POLL_FRAMES wait: again until none came, but not for ever. */
    int64_t next = NET_NEVER;
    unsigned taken = 1;
    for (unsigned i = 0; i < POLL_ROUNDS && taken; i++) {
        taken = take_frames(n, now_ns);
        if (!taken && i)
            break;
        next = run_due(n, now_ns);
        err = nic_poll(n->nic, now_ns, &nic_next);
        if (err)
            return err;
        taken = 1;
    }
    next = earlier(next, nic_next);
    if (taken)
        next = now_ns;      /* the rounds are used up */
    *next_ns = next < now_ns ? now_ns : next;
    return 0;
}

const struct net_counters *net_counters(const struct net *n)
{
    return &n->c;
}

struct pkt *net_pkt_alloc(struct net *n, enum pkt_class c)
{
    struct pkt *p = pkt_alloc(n->pool, c);
    if (!p)
        n->c.drop_no_buffer++;
    return p;
}

struct pkt *net_pkt_alloc_for(struct net *n, size_t bytes)
{
    bool small = bytes <= PKT_SMALL_BYTES - PKT_HEADROOM_BYTES;
    return net_pkt_alloc(n, small ? PKT_SMALL : PKT_LARGE);
}

void net_emit(struct net *n, struct net_event ev)
{
    if (!n->cfg.event)
        return;                 /* silent */
    ev.now_ns = n->now_ns;
    n->cfg.event(n->cfg.event_arg, &ev);
}

/* --- transport checksums -------------------------------------------------- */

/* The device is asked each time: what it can do is known only once it is up. */
static bool offloads(const struct net *n, uint32_t what)
{
    return (nic_caps_get(n->nic).offload & what) != 0;
}

/* RFC 792: the ICMP checksum covers the message alone. */
static uint16_t pseudo_sum(uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
    return proto == IP4_PROTO_ICMP ? 0 : csum_pseudo4(src, dst, proto, (uint16_t)len);
}

void transport_csum(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto,
                    unsigned field)
{
    uint8_t *at = pkt_data(p) + field;
    /* The pseudo header is not in the packet, so its sum is the seed in both cases. */
    uint16_t sum = pseudo_sum(src, dst, proto, p->len);
    bool whole = p->len + IP4_HDR_BYTES <= ip4_path_mtu(n, dst);
    if (whole && offloads(n, NIC_OFF_TX_CSUM)) {
        /* The device sums from csum_at to the end, the field being part of it. */
        p->vnet_flags |= VNET_F_NEEDS_CSUM;
        p->csum_at = p->head;
        p->csum_off = (uint16_t)field;
    } else {
        memset(at, 0, 2);
        sum = csum_finish(csum_add(sum, csum_sum(pkt_data(p), p->len)));
        n->c.csum_tx_computed++;
    }
    struct be16 be = be16_put(sum);
    memcpy(at, &be, sizeof(be));
}

bool transport_csum_ok(struct net *n, const struct pkt *p, const struct ip4_view *ip)
{
    if (offloads(n, NIC_OFF_RX_CSUM)) {
        if (p->csum_bad)
            return false;
        if (p->vnet_flags & VNET_F_DATA_VALID) {
            n->c.csum_rx_by_nic++;
            return true;
        }
    }
    /* Not offloaded, or the device could not tell (fragments, unknown headers). A right
     * message sums up to all ones, its own field included. RFC 1071 1. */
    n->c.csum_rx_verified++;
    uint16_t sum = pseudo_sum(ip->src, ip->dst, ip->proto, p->len);
    return csum_add(sum, csum_sum(pkt_data(p), p->len)) == 0xFFFF;
}
