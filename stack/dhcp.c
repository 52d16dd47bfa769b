/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp.c - DHCP client: the states of RFC 2131 figure 5, without INIT-REBOOT. The first
 * offer is taken. One deadline, due_ns, whose meaning the state says.
 *
 * Before an address is used it is asked for by two ARP probes, 200 ms apart; RFC 5227
 * would have it take five seconds and more, which nobody waits for at a prompt. Nor is
 * the first DISCOVER held back at random (RFC 2131 4.4.1): that is meant for a building
 * whose power comes back.
 */
#include "stack/net_int.h"

#include "stack/wire/arp.h"
#include "stack/wire/dhcp.h"

#include <errno.h>
#include <string.h>

#define REQUEST_TRIES 4u                    /* 4, 8, 16 and 32 s: RFC 2131 3.1.5 */
#define BACKOFF_MAX 4u                      /* doublings: 64 s at most, RFC 2131 4.1 */
#define PROBES 2u
#define PROBE_NS (200 * NET_NS_PER_MS)
#define RENEW_MIN_NS (60 * NET_NS_PER_S)    /* between repetitions: RFC 2131 4.4.5 */
#define AFTER_NAK_NS (1 * NET_NS_PER_S)     /* two that disagree must not make a storm */
#define AFTER_DECLINE_NS (10 * NET_NS_PER_S)    /* RFC 2131 3.1.5 */
#define ROOM_NS (10 * NET_NS_PER_MS)        /* look again when the NIC had no room */

_Static_assert(sizeof(((struct net_dhcp_lease *)0)->dns) / sizeof(uint32_t) == DHCP_DNS_MAX,
               "as many as a message is read for");
_Static_assert(DHCP_DNS_MAX == DNS_SERVERS, "as many as the resolver asks");

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- sending -------------------------------------------------------------- */

/* What a message says beyond its type: RFC 2131 4.3.6 table 4, 4.4.1 table 5. */
static struct dhcp_msg compose(const struct net *n, enum dhcp_type type)
{
    const struct dhcp_state *d = &n->dhcp;
    bool asks = type == DHCP_DISCOVER || type == DHCP_REQUEST;
    struct dhcp_msg m = { .type = type, .xid = d->xid, .ciaddr = n->ip4.addr };
    memcpy(m.chaddr, nic_mac(n->nic), sizeof(m.chaddr));
    if (asks) {
        m.secs = d->secs;
        m.broadcast = !n->ip4.addr;     /* nothing else would come in: ip4_rx.c */
        m.max_bytes = (uint16_t)ip4_mtu(n);
    }
    /* Which offer is taken or declined; a lease that is held names itself in ciaddr. */
    if (type == DHCP_DECLINE || (type == DHCP_REQUEST && !n->ip4.addr)) {
        m.addr = d->lease.addr;
        m.server = d->lease.server;
    }
    if (type == DHCP_RELEASE)
        m.server = d->lease.server;
    return m;
}

/* Returns false where there was no room: to be tried again soon. Other errors are as good
 * as a message lost. */
static bool send(struct net *n, enum dhcp_type type, uint32_t dst)
{
    struct dhcp_state *d = &n->dhcp;
    uint8_t b[DHCP_MSG_MIN_BYTES];
    struct dhcp_msg m = compose(n, type);
    ssize_t r = -EAGAIN;
    dhcp_emit(b, &m);
    (void)dgram_error_take(&d->ep);     /* an ICMP error about the one before */
    if (net_tx_room(n))
        r = udp_tx_as(n, &d->ep, n->ip4.addr, b, sizeof(b), dst, DHCP_SERVER_PORT);
    if (r > 0)
        n->c.dhcp_tx++;
    return r != -EAGAIN;
}

/* Four seconds, then twice as long each time, a second more or less: RFC 2131 4.1. */
static int64_t backoff_ns(struct net *n)
{
    unsigned doublings = n->dhcp.tries < BACKOFF_MAX ? n->dhcp.tries : BACKOFF_MAX;
    int64_t jitter_ms = (int64_t)rng_below(&n->rng[RNG_DHCP], 2001) - 1000;
    return ((int64_t)4 << doublings) * NET_NS_PER_S + jitter_ms * NET_NS_PER_MS;
}

/* One DISCOVER or REQUEST to all, and when the next one is due. */
static void ask_all(struct net *n, enum dhcp_type type, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    if (!send(n, type, IP4_BROADCAST)) {
        d->due_ns = now_ns + ROOM_NS;
        return;
    }
    d->due_ns = now_ns + backoff_ns(n);
    d->tries++;
}

/* --- states --------------------------------------------------------------- */

static void enter(struct net *n, enum net_dhcp_state state, int64_t due_ns)
{
    n->dhcp.state = state;
    n->dhcp.tries = 0;
    n->dhcp.due_ns = due_ns;
}

/* Connections from this address can neither send nor be reached any more. */
static void end_connections(struct net *n, uint32_t addr)
{
    for (unsigned i = 0; i < n->tcp.max; i++) {
        struct tcp_conn *c = &n->tcp.pool[i];
        if (c->in_use && c->laddr == addr && c->state >= NET_TCP_SYN_SENT)
            tcp_end(n, c, c->state == NET_TCP_TIME_WAIT ? 0 : ENETDOWN);
    }
    for (unsigned i = 0; i < DGRAM_BUCKETS; i++) {
        for (struct dgram *e = n->dgrams.bucket[i]; e; e = e->next) {
            if (e->laddr == addr)
                dgram_set_error(n, e, ENETDOWN);
        }
    }
}

/* The default route and the name servers of the lease; 0s take them away. */
static void set_router(struct net *n, uint32_t old, uint32_t router)
{
    if (old == router)
        return;
    if (old)
        (void)net_route_del(n, 0, 0);
    if (router)
        (void)net_route_add(n, 0, 0, router);   /* not on our link: then there is none */
}

static void set_dns(struct net *n, const uint32_t dns[DHCP_DNS_MAX])
{
    for (unsigned i = 0; i < DHCP_DNS_MAX && !n->dhcp.keep_dns; i++)
        (void)net_set_dns(n, i, dns[i], 0);
}

/* The lease is over, by time or by its server. */
static void lose(struct net *n)
{
    static const uint32_t none[DHCP_DNS_MAX] = { 0 };
    struct net_dhcp_lease *l = &n->dhcp.lease;
    uint32_t addr = n->ip4.addr;
    if (!addr)
        return;
    set_router(n, l->router, 0);
    set_dns(n, none);
    (void)net_set_addr(n, 0, 0);
    end_connections(n, addr);
    net_emit(n, (struct net_event){ .kind = NET_EV_DHCP_LOST, .addr = addr });
}

/* The lease counts from now on, or goes on with new times. */
static void bound(struct net *n, const struct net_dhcp_lease *old)
{
    const struct net_dhcp_lease *l = &n->dhcp.lease;
    set_router(n, old->router, l->router);
    set_dns(n, l->dns);
    enter(n, NET_DHCP_BOUND, l->t1_ns);
    net_emit(n, (struct net_event){ .kind = NET_EV_DHCP_BOUND, .addr = l->addr,
                                    .server = l->server, .lease_s = l->lease_s });
}

/* Nobody else has the address: it is ours, and everybody is told (RFC 5227 2.3). */
static void take_addr(struct net *n)
{
    static const struct net_dhcp_lease none = { 0 };
    const struct net_dhcp_lease *l = &n->dhcp.lease;
    (void)net_set_addr(n, l->addr, l->prefix_len);  /* looked at in read_lease() */
    arp_ask_all(n, l->addr);
    bound(n, &none);
}

void dhcp_heard_arp(struct net *n, const struct arp_view *v, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    if (d->state != NET_DHCP_CHECKING || memcmp(v->sha, nic_mac(n->nic), sizeof(v->sha)) == 0)
        return;
    /* Its owner speaks, or somebody else probes for it: RFC 5227 2.1.1. */
    bool probe = v->op == ARP_OP_REQUEST && !v->spa && v->tpa == d->lease.addr;
    if (v->spa != d->lease.addr && !probe)
        return;
    n->c.dhcp_declines++;
    (void)send(n, DHCP_DECLINE, IP4_BROADCAST);     /* the server will find out */
    enter(n, NET_DHCP_INIT, now_ns + AFTER_DECLINE_NS);
}

/* --- what a server says --------------------------------------------------- */

/* RFC 2131 3.3: without a mask the class of the address says how large the subnet is. */
static uint8_t prefix_of(const struct dhcp_view *v)
{
    if (v->prefix_len)
        return v->prefix_len;
    return v->yiaddr >> 31 == 0 ? 8 : v->yiaddr >> 30 == 2 ? 16 : 24;
}

/* Returns false if the offer or lease lacks what it must have (RFC 2131 4.3.1 table 3), or
 * no host can have the address. */
static bool read_lease(const struct dhcp_view *v, int64_t asked_ns, struct net_dhcp_lease *l)
{
    bool forever = v->lease_s == DHCP_FOREVER;
    *l = (struct net_dhcp_lease){
        .addr = v->yiaddr, .server = v->server, .prefix_len = prefix_of(v), .router = v->router,
        .lease_s = v->lease_s, .t1_ns = NET_NEVER, .t2_ns = NET_NEVER, .expires_ns = NET_NEVER,
    };
    memcpy(l->dns, v->dns, sizeof(l->dns));
    if (!forever) {
        /* RFC 2131 4.4.5: a half and seven eighths, unless told something sensible. */
        int64_t all = v->lease_s * NET_NS_PER_S;
        int64_t t1 = v->t1_s * NET_NS_PER_S, t2 = v->t2_s * NET_NS_PER_S;
        if (!t2 || t2 >= all)
            t2 = all / 8 * 7;
        if (!t1 || t1 >= t2)
            t1 = min_ns(all / 2, t2);
        l->t1_ns = asked_ns + t1;
        l->t2_ns = asked_ns + t2;
        l->expires_ns = asked_ns + all;
    }
    return v->lease_s && v->server && ip4_host_ok(v->yiaddr, l->prefix_len);
}

/* Each take_ function returns the counter of what became of the message. */
static uint64_t *take_offer(struct net *n, const struct dhcp_view *v, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    struct net_dhcp_lease l;
    if (d->state != NET_DHCP_SELECTING)
        return &n->c.drop_dhcp_state;
    if (!read_lease(v, now_ns, &l))
        return &n->c.drop_dhcp_malformed;
    d->lease = l;
    d->asked_ns = now_ns;
    enter(n, NET_DHCP_REQUESTING, now_ns);
    ask_all(n, DHCP_REQUEST, now_ns);
    return &n->c.dhcp_offers;
}

static bool extending(const struct dhcp_state *d)
{
    return d->state == NET_DHCP_RENEWING || d->state == NET_DHCP_REBINDING;
}

/* What was chosen answers, or, where an address is to be kept, any server. */
static bool expected(const struct dhcp_state *d, const struct dhcp_view *v)
{
    return extending(d) || (d->state == NET_DHCP_REQUESTING && v->server == d->lease.server);
}

static uint64_t *take_ack(struct net *n, const struct dhcp_view *v, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    struct net_dhcp_lease l, old = d->lease;
    if (!expected(d, v))
        return &n->c.drop_dhcp_state;
    if (!read_lease(v, d->asked_ns, &l))
        return &n->c.drop_dhcp_malformed;
    bool same = n->ip4.addr == l.addr && old.prefix_len == l.prefix_len;
    if (!same)
        lose(n);                /* if there was one: a server that changed its mind */
    d->lease = l;
    if (same)
        bound(n, &old);
    else
        enter(n, NET_DHCP_CHECKING, now_ns);
    return &n->c.dhcp_acks;
}

static uint64_t *take_nak(struct net *n, const struct dhcp_view *v, int64_t now_ns)
{
    if (!expected(&n->dhcp, v))
        return &n->c.drop_dhcp_state;
    lose(n);
    enter(n, NET_DHCP_INIT, now_ns + AFTER_NAK_NS);
    return &n->c.dhcp_naks;
}

static uint64_t *take(struct net *n, const uint8_t *b, size_t len, int64_t now_ns)
{
    struct dhcp_view v;
    if (dhcp_parse(b, len, &v))
        return &n->c.drop_dhcp_malformed;
    if (v.xid != n->dhcp.xid || memcmp(v.chaddr, nic_mac(n->nic), sizeof(v.chaddr)) != 0)
        return &n->c.drop_dhcp_not_mine;
    switch (v.type) {
    case DHCP_OFFER:
        return take_offer(n, &v, now_ns);
    case DHCP_ACK:
        return take_ack(n, &v, now_ns);
    case DHCP_NAK:
        return take_nak(n, &v, now_ns);
    default:                    /* what only clients say */
        return &n->c.drop_dhcp_state;
    }
}

/* --- what is due ---------------------------------------------------------- */

static void begin(struct net *n, int64_t now_ns)
{
    n->dhcp.xid = rng_u32(&n->rng[RNG_DHCP]);
    n->dhcp.began_ns = now_ns;
    enter(n, NET_DHCP_SELECTING, now_ns);
}

static void discover(struct net *n, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    int64_t secs = (now_ns - d->began_ns) / NET_NS_PER_S;
    d->secs = (uint16_t)min_ns(secs, UINT16_MAX);
    ask_all(n, DHCP_DISCOVER, now_ns);
}

/* A probe, or after the last one's time: nobody said anything. */
static void check(struct net *n, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    if (d->tries++ == PROBES) {
        take_addr(n);
        return;
    }
    arp_ask_all(n, d->lease.addr);
    d->due_ns = now_ns + PROBE_NS;
}

/* Ask for more time: the server that gave the lease, from T2 on any. Repeated after half
 * of the time that is left, at most once a minute. RFC 2131 4.4.5. */
static void extend(struct net *n, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    bool any = d->state == NET_DHCP_REBINDING;
    int64_t end = any ? d->lease.expires_ns : d->lease.t2_ns;
    if (!send(n, DHCP_REQUEST, any ? IP4_BROADCAST : d->lease.server)) {
        d->due_ns = min_ns(now_ns + ROOM_NS, end);
        return;
    }
    d->asked_ns = now_ns;       /* the next repetition is a minute away: this one is answered */
    int64_t half = (end - now_ns) / 2;
    d->due_ns = min_ns(now_ns + (half > RENEW_MIN_NS ? half : RENEW_MIN_NS), end);
}

static void begin_extend(struct net *n, enum net_dhcp_state state, int64_t now_ns)
{
    n->dhcp.xid = rng_u32(&n->rng[RNG_DHCP]);
    n->dhcp.secs = 0;
    enter(n, state, now_ns);
    extend(n, now_ns);
}

static void step(struct net *n, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    switch (d->state) {
    case NET_DHCP_OFF:
        break;
    case NET_DHCP_INIT:
        begin(n, now_ns);
        discover(n, now_ns);
        break;
    case NET_DHCP_SELECTING:
        discover(n, now_ns);
        break;
    case NET_DHCP_REQUESTING:
        if (d->tries == REQUEST_TRIES)
            enter(n, NET_DHCP_INIT, now_ns);
        else
            ask_all(n, DHCP_REQUEST, now_ns);
        break;
    case NET_DHCP_CHECKING:
        check(n, now_ns);
        break;
    case NET_DHCP_BOUND:
        begin_extend(n, NET_DHCP_RENEWING, now_ns);
        break;
    case NET_DHCP_RENEWING:
        if (now_ns >= d->lease.t2_ns)
            begin_extend(n, NET_DHCP_REBINDING, now_ns);
        else
            extend(n, now_ns);
        break;
    case NET_DHCP_REBINDING:
        if (now_ns < d->lease.expires_ns) {
            extend(n, now_ns);
            break;
        }
        lose(n);
        enter(n, NET_DHCP_INIT, now_ns);
        break;
    }
}

/* Messages first: an ACK that came with the deadline counts. */
int64_t dhcp_poll(struct net *n, int64_t now_ns)
{
    struct dhcp_state *d = &n->dhcp;
    if (d->state == NET_DHCP_OFF)
        return NET_NEVER;
    for (struct pkt *p; (p = dgram_take(&d->ep)) != NULL;) {
        n->c.dhcp_rx++;
        ++*take(n, pkt_data(p), p->len, now_ns);
        pkt_release(p);
    }
    if (now_ns >= d->due_ns)
        step(n, now_ns);
    return d->due_ns;
}

/* --- the user's side ------------------------------------------------------ */

int net_dhcp_start(struct net *n)
{
    struct dhcp_state *d = &n->dhcp;
    if (d->state != NET_DHCP_OFF)
        return -EALREADY;
    if (n->ip4.addr)
        return -EEXIST;
    dgram_init(&d->ep, NET_DGRAM, NULL);
    int err = dgram_bind(n, &d->ep, 0, DHCP_CLIENT_PORT);
    if (err)
        return err;
    d->keep_dns = false;
    for (unsigned i = 0; i < DNS_SERVERS; i++)
        d->keep_dns |= n->dns.server[i].addr != 0;
    enter(n, NET_DHCP_INIT, n->now_ns);
    return 0;
}

bool net_dhcp_stop(struct net *n)
{
    struct dhcp_state *d = &n->dhcp;
    bool held = d->state >= NET_DHCP_BOUND;
    if (held) {
        d->xid = rng_u32(&n->rng[RNG_DHCP]);
        (void)send(n, DHCP_RELEASE, d->lease.server);   /* never repeated: RFC 2131 4.4.6 */
    }
    dhcp_fini(n);
    return held;
}

void dhcp_fini(struct net *n)
{
    dgram_fini(n, &n->dhcp.ep);
    enter(n, NET_DHCP_OFF, NET_NEVER);
}

enum net_dhcp_state net_dhcp_get(const struct net *n, struct net_dhcp_lease *lease)
{
    if (lease)
        *lease = n->dhcp.lease;
    return n->dhcp.state;
}
