/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.c - datagram endpoints: the table of ports, the receive queues, and what
 * sending and receiving have in common for UDP and for ICMP echo.
 */
#include "stack/net_int.h"

#include "stack/wire/icmp4.h"
#include "stack/wire/udp.h"

#include <errno.h>
#include <string.h>

_Static_assert((DGRAM_BUCKETS & (DGRAM_BUCKETS - 1)) == 0, "masked below");
_Static_assert(IP4_TOTAL_MAX <= PKT_LARGE_BYTES - PKT_HEADROOM_BYTES, "one packet each");

/* By the lowest bits: random ports spread by themselves, and nobody gains by filling one
 * chain, since only our own endpoints stand in it. */
static struct dgram **bucket(struct net *n, uint16_t port)
{
    return &n->dgrams.bucket[port & (DGRAM_BUCKETS - 1)];
}

void dgram_init(struct dgram *d, enum net_type type, struct sock *s)
{
    *d = (struct dgram){ .type = type, .sock = s, .rcvbuf_bytes = DGRAM_RCVBUF_BYTES };
}

/* Those who wait for room are counted, so that a poll without any looks no further. */
static void want_out(struct net *n, struct dgram *d, unsigned frames)
{
    n->dgrams.want_out -= d->want_frames != 0;
    n->dgrams.want_out += frames != 0;
    d->want_frames = frames;
}

/* What the user has not read is of no use to anyone. */
static void flush(struct dgram *d)
{
    for (struct pkt *p; (p = pkt_list_pop(&d->rxq)) != NULL;)
        pkt_release(p);
    d->rxq_bytes = d->rxq_held = 0;
}

void dgram_fini(struct net *n, struct dgram *d)
{
    if (d->lport) {
        struct dgram **at = bucket(n, d->lport);
        while (*at != d)
            at = &(*at)->next;
        *at = d->next;
        d->lport = 0;
    }
    want_out(n, d, 0);
    flush(d);
}

/* --- ports ---------------------------------------------------------------- */

/* UDP ports and ICMP ids are numbers of their own kinds. Endpoints on different
 * addresses, and those that all set `reuse`, may share one. */
static bool port_free(struct net *n, const struct dgram *d, uint32_t addr, uint16_t port)
{
    for (const struct dgram *o = *bucket(n, port); o; o = o->next) {
        bool overlap = !addr || !o->laddr || addr == o->laddr;
        if (o->type == d->type && o->lport == port && overlap && !(o->reuse && d->reuse))
            return false;
    }
    return true;
}

/* RFC 6056 3.3.1: a random start, then the next free one. Returns 0 if none is. */
static uint16_t port_draw(struct net *n, const struct dgram *d, uint32_t addr)
{
    bool icmp = d->type == NET_ICMP;
    enum rng_stream stream = icmp ? RNG_ICMP_ID : d->sock ? RNG_UDP_PORT : RNG_DNS_PORT;
    uint32_t first = icmp ? 1 : PORT_EPHEMERAL_FIRST;
    uint32_t count = icmp ? 65535 : PORT_EPHEMERAL_COUNT;
    uint32_t at = rng_below(&n->rng[stream], count);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(first + (at + i) % count);
        if (port_free(n, d, addr, port))
            return port;
    }
    return 0;
}

int dgram_bind(struct net *n, struct dgram *d, uint32_t addr, uint16_t port)
{
    if (d->lport)
        return -EINVAL;
    if (addr && addr != n->ip4.addr)
        return -EADDRNOTAVAIL;
    if (!port)
        port = port_draw(n, d, addr);
    if (!port || !port_free(n, d, addr, port))
        return -EADDRINUSE;
    d->laddr = addr;
    d->lport = port;
    d->next = *bucket(n, port);
    *bucket(n, port) = d;
    return 0;
}

int dgram_connect(struct net *n, struct dgram *d, uint32_t addr, uint16_t port)
{
    if (d->any_addr)
        d->laddr = 0;
    d->any_addr = false;
    if (!addr) {                /* as AF_UNSPEC does */
        d->raddr = 0;
        d->rport = 0;
        return 0;
    }
    uint32_t src = ip4_src_for(n, addr);
    if (!src)
        return -ENETUNREACH;
    int err = d->lport ? 0 : dgram_bind(n, d, 0, 0);
    if (err)
        return err;
    if (d->laddr && d->laddr != src)
        return -EADDRNOTAVAIL;
    d->any_addr = !d->laddr;
    d->laddr = src;             /* as getsockname() shows it */
    d->raddr = addr;
    d->rport = port;
    return 0;
}

/* 0: not for @d. Else the more the better it fits. */
static unsigned fit(const struct dgram *d, enum net_type type, uint32_t laddr, uint16_t lport,
                    uint32_t raddr, uint16_t rport)
{
    if (d->type != type || d->lport != lport || (d->laddr && d->laddr != laddr))
        return 0;
    if (d->raddr && (d->raddr != raddr || (type == NET_DGRAM && d->rport != rport)))
        return 0;
    return 1u + (d->laddr ? 1u : 0u) + (d->raddr ? 2u : 0u);
}

struct dgram *dgram_find(struct net *n, enum net_type type, uint32_t laddr, uint16_t lport,
                         uint32_t raddr, uint16_t rport)
{
    struct dgram *best = NULL;
    unsigned best_fit = 0;
    for (struct dgram *d = *bucket(n, lport); d; d = d->next) {
        unsigned f = fit(d, type, laddr, lport, raddr, rport);
        if (f > best_fit) {
            best_fit = f;
            best = d;
        }
    }
    return best;
}

/* --- receiving ------------------------------------------------------------ */

/* What a packet holds back is its buffer, so one without payload counts as well, and a
 * large one, of which there are few, for more. */
static size_t held(const struct pkt *p)
{
    return p->len + (p->class_ == PKT_LARGE ? DGRAM_LARGE_BYTES : DGRAM_OVERHEAD_BYTES);
}

int dgram_deliver(struct net *n, struct dgram *d, struct pkt *p)
{
    if (d->shut_rd || d->rxq_held + held(p) > d->rcvbuf_bytes) {
        pkt_release(p);
        return -ENOBUFS;
    }
    d->rxq_held += held(p);
    d->rxq_bytes += p->len;
    pkt_list_push(&d->rxq, p);
    sock_changed(n, d->sock);
    return 0;
}

struct pkt *dgram_take(struct dgram *d)
{
    struct pkt *p = pkt_list_pop(&d->rxq);
    if (p) {
        d->rxq_held -= held(p);
        d->rxq_bytes -= p->len;
    }
    return p;
}

/* The sender, from the headers that still stand in front of the payload. */
static void sender(const struct pkt *p, enum net_type type, uint32_t *addr, uint16_t *port)
{
    struct ip4_hdr ip;
    struct udp_hdr udp;
    memcpy(&ip, p->buf + p->l3, sizeof(ip));
    memcpy(&udp, p->buf + p->l4, sizeof(udp));
    if (addr)
        *addr = be32_get(ip.src);
    if (port)
        *port = type == NET_DGRAM ? be16_get(udp.sport) : 0;
}

ssize_t dgram_recvfrom(struct net *n, struct dgram *d, void *p, size_t len, uint32_t *addr,
                       uint16_t *port)
{
    (void)n;
    if (d->err)                 /* before data, as Linux does */
        return -dgram_error_take(d);
    struct pkt *q = dgram_take(d);
    if (!q)
        return d->shut_rd ? 0 : -EAGAIN;
    size_t take = q->len < len ? q->len : len;
    if (take)
        memcpy(p, pkt_data(q), take);
    sender(q, d->type, addr, port);
    pkt_release(q);
    return (ssize_t)take;
}

/* --- sending -------------------------------------------------------------- */

/* Everything that can be said without a packet. A pending error comes first: it is about
 * what was sent before (RFC 1122 4.1.3.3).
 * Returns 0 with the destination and the number of frames filled in, or why this cannot
 * be sent. */
static int sendable(struct net *n, struct dgram *d, size_t len, uint32_t *addr, uint16_t *port,
                    unsigned *frames)
{
    if (d->err)
        return -dgram_error_take(d);
    if (d->shut_wr)
        return -EPIPE;
    if (!*addr) {
        *addr = d->raddr;
        *port = d->rport;
    }
    if (!*addr)
        return -EDESTADDRREQ;
    if (d->type == NET_DGRAM && !*port)
        return -EINVAL;         /* RFC 768: port 0 means none */
    if (d->any_addr && n->ip4.addr)
        d->laddr = n->ip4.addr; /* answers come to where we are now */
    size_t hdr = IP4_HDR_BYTES + (d->type == NET_DGRAM ? UDP_HDR_BYTES : 0);
    *frames = len > IP4_TOTAL_MAX ? 0 : ip4_tx_frames(n, *addr, hdr + len);
    if (!*frames)
        return -EMSGSIZE;
    return d->lport ? 0 : dgram_bind(n, d, 0, 0);
}

/* All fragments of a datagram leave together, each in a packet of its own, cut from a large one. */
static bool has_room(const struct net *n, unsigned frames)
{
    return net_tx_room(n) >= frames &&
           (frames == 1 || (pkt_pool_free(n->pool, PKT_SMALL) >= frames &&
                            pkt_pool_free(n->pool, PKT_LARGE) > 0));
}

ssize_t dgram_sendto(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr,
                     uint16_t port)
{
    unsigned frames;
    int err = sendable(n, d, len, &addr, &port, &frames);
    if (err)
        return err;
    /* A datagram that finds no room is not taken at all: the user keeps it, and hears
     * (NET_OUT) when to come again. */
    ssize_t r = -EAGAIN;
    if (has_room(n, frames)) {
        r = d->type == NET_DGRAM ? udp_tx(n, d, p, len, addr, port)
                                 : icmp4_echo_tx(n, d, p, len, addr);
    }
    if (r == -EAGAIN)
        want_out(n, d, frames);
    return r;
}

/* --- readiness and errors ------------------------------------------------- */

/* NET_OUT is there until a send was refused: room in the NIC comes and goes with every
 * frame, and who has nothing to send need not hear of it. */
unsigned dgram_ready(const struct dgram *d)
{
    unsigned r = 0;
    if (d->rxq.n || d->shut_rd)
        r |= NET_IN;
    if (!d->want_frames)
        r |= NET_OUT;
    if (d->err)
        r |= NET_ERR;
    if (d->shut_rd)
        r |= NET_RDHUP;
    if (d->shut_rd && d->shut_wr)
        r |= NET_HUP;
    return r;
}

int dgram_error_take(struct dgram *d)
{
    int err = d->err;
    d->err = 0;
    return err;
}

/* The latest error wins: there is one SO_ERROR. */
void dgram_set_error(struct net *n, struct dgram *d, int err)
{
    d->err = err;
    sock_changed(n, d->sock);
}

/* All for whom there is room are woken, though it may be for one: order among them is not
 * promised, and the next -EAGAIN puts the others back. */
void dgram_room(struct net *n)
{
    if (!n->dgrams.want_out || !net_tx_room(n) || !pkt_pool_free(n->pool, PKT_SMALL))
        return;
    for (unsigned i = 0; i < DGRAM_BUCKETS; i++) {
        for (struct dgram *d = n->dgrams.bucket[i]; d; d = d->next) {
            if (d->want_frames && has_room(n, d->want_frames)) {
                want_out(n, d, 0);
                sock_changed(n, d->sock);
            }
        }
    }
}
