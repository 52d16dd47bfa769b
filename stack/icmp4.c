/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp4.c - RFC 792: answers echo requests, gives echo replies and errors to the
 * sockets that they concern, and sends the errors of a host.
 */
#include "stack/net_int.h"

#include "stack/wire/icmp4.h"

#include <errno.h>
#include <string.h>

/* An error quotes as much as fits here: RFC 1812 4.3.2.3, RFC 1122 3.2.2. */
#define ERROR_MAX_BYTES 576u
#define QUOTE_MIN_BYTES 8u      /* of the transport header, RFC 792 */

/* Counted under its reason, and back to the pool. */
static void drop(struct pkt *p, uint64_t *counter)
{
    (*counter)++;
    pkt_release(p);
}

/* One message, its head at the ICMP header. @ttl 0: the default. */
static int send(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t ttl, uint8_t tos,
                int64_t now_ns)
{
    transport_csum(n, p, src, dst, IP4_PROTO_ICMP, ICMP4_CSUM_OFF);
    int err = ip4_tx_tos(n, p, src, dst, IP4_PROTO_ICMP, ttl, tos, now_ns);
    if (!err)
        n->c.icmp4_tx++;
    return err;
}

/* --- echo ----------------------------------------------------------------- */

/* The request's packet becomes the reply: as long as the request was, and it needs
 * no second buffer. RFC 1122 3.2.2.6: one to a group may be ignored. */
static void echo_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns)
{
    if (ip->to_many) {
        drop(p, &n->c.drop_icmp4_broadcast);
        return;
    }
    uint8_t *b = pkt_data(p);
    b[0] = ICMP4_ECHO_REPLY;
    b[1] = 0;
    p->vnet_flags = 0;          /* said how it arrived, not how it is to leave */
    p->csum_bad = 0;
    p->tag = 0;
    n->c.icmp4_handled++;
    (void)send(n, p, ip->dst, ip->src, 0, ip->tos, now_ns);     /* refusal is counted */
}

/* The id names the socket, as with Linux ping sockets. It gets the whole message, ICMP
 * header included: the sequence number is in there. */
static void reply_rx(struct net *n, struct pkt *p, const struct ip4_view *ip,
                     const struct icmp4_view *v)
{
    struct dgram *d = dgram_find(n, NET_ICMP, ip->dst, v->id, ip->src, 0);
    if (!d)
        drop(p, &n->c.drop_icmp4_no_socket);
    else if (dgram_deliver(n, d, p))
        n->c.drop_icmp4_rcvbuf++;
    else
        n->c.icmp4_handled++;
}

/* Only echo requests, and only with the socket's own id: what anyone else could send
 * here would be a forged error. */
ssize_t icmp4_echo_tx(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr)
{
    struct icmp4_view v;
    if (icmp4_parse(p, (uint32_t)len, &v) || v.type != ICMP4_ECHO || v.code != 0)
        return -EINVAL;
    uint32_t src = ip4_src_for(n, addr);
    if (!src)
        return -ENETUNREACH;
    struct pkt *q = net_pkt_alloc_for(n, len);
    if (!q)
        return -EAGAIN;
    uint8_t *b = pkt_put(q, (uint32_t)len);
    memcpy(b, p, len);
    v.id = d->lport;
    icmp4_emit(b, &v);
    int err = send(n, q, src, addr, d->ttl, 0, n->now_ns);
    return err ? err : (ssize_t)len;
}

/* --- errors about what we sent -------------------------------------------- */

/* errno and hardness of each code of "unreachable", as Linux' icmp_err_convert; code 8,
 * there ENONET, by a name that POSIX has. RFC 1122 4.2.3.9 calls 0, 1 and 5 soft. */
static const struct { int err; bool hard; } unreachable[] = {
    [0] = { ENETUNREACH, false },   [1] = { EHOSTUNREACH, false },
    [2] = { ENOPROTOOPT, true },    [3] = { ECONNREFUSED, true },
    [4] = { EMSGSIZE, false },      [5] = { EOPNOTSUPP, false },
    [6] = { ENETUNREACH, true },    [7] = { EHOSTDOWN, true },
    [8] = { EHOSTUNREACH, true },   [9] = { ENETUNREACH, true },
    [10] = { EHOSTUNREACH, true },  [11] = { ENETUNREACH, false },
    [12] = { EHOSTUNREACH, false }, [13] = { EHOSTUNREACH, true },
    [14] = { EHOSTUNREACH, true },  [15] = { EHOSTUNREACH, true },
};

/* Returns NULL, or the counter of an error that no socket needs to know. Redirects may be
 * ignored by a host with one router (and are a way to be lied to). */
static uint64_t *classify(struct net *n, struct icmp4_error_view *e)
{
    switch (e->type) {
    case ICMP4_UNREACHABLE:
        if (e->code >= sizeof(unreachable) / sizeof(unreachable[0]))
            return &n->c.drop_icmp4_type;
        e->err = unreachable[e->code].err;
        e->hard = unreachable[e->code].hard;
        return NULL;
    case ICMP4_TIME_EXCEEDED:
        e->err = EHOSTUNREACH;
        e->hard = false;
        return NULL;
    case ICMP4_PARAMETER:
        e->err = EPROTO;
        e->hard = true;
        return NULL;
    case ICMP4_REDIRECT:
        return &n->c.drop_icmp4_redirect;
    case ICMP4_SOURCE_QUENCH:
        return &n->c.drop_icmp4_quench;
    default:
        return &n->c.drop_icmp4_type;
    }
}

/* Read the packet of ours at @b, of which @len bytes are there: header and the
 * first 8 bytes behind it. Returns false if it is less, or not ours. */
static bool read_quote(const struct net *n, const uint8_t *b, uint32_t len,
                       struct icmp4_error_view *e)
{
    struct ip4_hdr h;
    if (len < IP4_HDR_BYTES)
        return false;
    memcpy(&h, b, sizeof(h));
    uint32_t hdr = (h.ver_ihl & 15u) * 4;
    if (h.ver_ihl >> 4 != 4 || hdr < IP4_HDR_BYTES || len < hdr + QUOTE_MIN_BYTES ||
        (be16_get(h.frag) & IP4_FRAG_MASK) != 0)
        return false;
    struct be16 port[2];
    struct be32 seq;
    memcpy(port, b + hdr, sizeof(port));
    memcpy(&seq, b + hdr + 4, sizeof(seq));
    e->proto = h.proto;
    e->bytes = be16_get(h.total_len);
    e->src = be32_get(h.src);
    e->dst = be32_get(h.dst);
    e->sport = be16_get(port[0]);
    e->dport = be16_get(port[1]);
    e->seq = be32_get(seq);
    if (h.proto == IP4_PROTO_ICMP) {
        if (b[hdr] != ICMP4_ECHO)
            return false;       /* no socket sent it */
        e->sport = (uint16_t)(e->seq >> 16);    /* the id of an echo request */
        e->dport = 0;
    }
    return e->src == n->ip4.addr;
}

/* Whoever sent what the error quotes. Returns NULL if it was told, or the counter of why
 * not. TCP looks for itself (RFC 5927). */
static uint64_t *tell(struct net *n, const struct icmp4_error_view *e)
{
    struct dgram *d = NULL;
    if (e->proto == IP4_PROTO_TCP) {
        int err = tcp_icmp_error(n, e);
        return !err ? NULL : err == -ERANGE ? &n->c.drop_icmp4_not_in_flight
                                            : &n->c.drop_icmp4_no_socket;
    }
    if (e->proto == IP4_PROTO_UDP)
        d = dgram_find(n, NET_DGRAM, e->src, e->sport, e->dst, e->dport);
    else if (e->proto == IP4_PROTO_ICMP)
        d = dgram_find(n, NET_ICMP, e->src, e->sport, e->dst, 0);
    if (!d)
        return &n->c.drop_icmp4_no_socket;
    /* Soft ones as well (RFC 1122 4.1.3.3), which Linux keeps to itself. A UDP socket that
     * is not connected could not tell whom it concerns; but what did not fit may well be its
     * own, and its next datagram is cut. */
    if (d->type == NET_ICMP || d->raddr)
        dgram_set_error(n, d, e->err);
    else if (e->err != EMSGSIZE)
        return &n->c.drop_icmp4_no_socket;
    return NULL;
}

static void error_rx(struct net *n, struct pkt *p, const struct ip4_view *ip,
                     const struct icmp4_view *v)
{
    struct icmp4_error_view e = { .from = ip->src, .type = v->type, .code = v->code };
    pkt_pull(p, ICMP4_HDR_BYTES);
    uint64_t *why = classify(n, &e);
    if (!why && !read_quote(n, pkt_data(p), p->len, &e))
        why = &n->c.drop_icmp4_malformed;
    if (why) {
        drop(p, why);
        return;
    }
    pkt_release(p);
    if (e.err == EMSGSIZE)
        e.mtu = ip4_pmtu_told(v->seq, e.bytes);
    why = tell(n, &e);
    if (why) {
        (*why)++;
        return;
    }
    n->c.icmp4_handled++;
    if (e.err == EMSGSIZE)      /* believed only now: the packet was one of ours */
        ip4_pmtu_lower(n, e.dst, e.mtu);
}

void icmp4_unreachable(struct net *n, struct pkt *p)
{
    struct icmp4_error_view e = {
        .from = n->ip4.addr,
        .type = ICMP4_UNREACHABLE,
        .code = ICMP4_UNREACH_HOST,
    };
    bool known = !classify(n, &e) && read_quote(n, pkt_data(p), p->len, &e);
    pkt_release(p);
    if (known)
        (void)tell(n, &e);      /* nobody waits any more: nothing to do */
}

/* --- errors that we send -------------------------------------------------- */

/* A bucket of ICMP4_ERRORS_BURST that refills at ICMP4_ERRORS_PER_S, kept as the
 * time at which it is full again. RFC 1122 3.2.2, RFC 1812 4.3.2.8. */
static bool rate_ok(struct net *n, int64_t now_ns)
{
    const int64_t step_ns = NET_NS_PER_S / ICMP4_ERRORS_PER_S;
    int64_t full = n->icmp4.full_at_ns > now_ns ? n->icmp4.full_at_ns : now_ns;
    if (full - now_ns > (ICMP4_ERRORS_BURST - 1) * step_ns)
        return false;
    n->icmp4.full_at_ns = full + step_ns;
    return true;
}

/* RFC 1122 3.2.2: never about an ICMP error, a packet to a group, or a fragment that
 * is not the first. Sources that are no single host are dropped before (martian). */
static bool may_answer(const struct pkt *orig, const struct ip4_view *ip)
{
    if (ip->to_many || (ip->frag & IP4_FRAG_MASK) != 0)
        return false;
    if (ip->proto != IP4_PROTO_ICMP)
        return true;
    return ip->total_bytes > ip->hdr_bytes &&
           !icmp4_is_error(orig->buf[orig->l3 + ip->hdr_bytes]);
}

/* @at: pointer of a parameter problem, the first byte behind the checksum; else 0. */
static void error_tx(struct net *n, const struct pkt *orig, const struct ip4_view *ip,
                     uint8_t type, uint8_t code, uint8_t at, int64_t now_ns)
{
    if (!may_answer(orig, ip))
        return;
    if (!rate_ok(n, now_ns)) {
        n->c.icmp4_tx_limited++;
        return;
    }
    struct pkt *p = net_pkt_alloc(n, PKT_SMALL);
    if (!p)
        return;
    /* As received, our own pulling of headers undone: l3 still points at the start. */
    uint32_t quote = ERROR_MAX_BYTES - IP4_HDR_BYTES - ICMP4_HDR_BYTES;
    if (quote > ip->total_bytes)
        quote = ip->total_bytes;
    uint8_t *b = pkt_put(p, ICMP4_HDR_BYTES + quote);
    icmp4_emit(b, &(struct icmp4_view){ .type = type, .code = code,
                                        .id = (uint16_t)(at << 8) });
    memcpy(b + ICMP4_HDR_BYTES, orig->buf + orig->l3, quote);
    (void)send(n, p, ip->dst, ip->src, 0, ip->tos, now_ns);     /* refusal is counted */
}

void icmp4_error_tx(struct net *n, const struct pkt *orig, const struct ip4_view *ip,
                    uint8_t type, uint8_t code, int64_t now_ns)
{
    error_tx(n, orig, ip, type, code, 0, now_ns);
}

void icmp4_parameter_tx(struct net *n, const struct pkt *orig, const struct ip4_view *ip,
                        uint8_t at, int64_t now_ns)
{
    error_tx(n, orig, ip, ICMP4_PARAMETER, 0, at, now_ns);
}

/* Length and checksum before anything is believed. What is not known in error_rx() is
 * dropped there, so that unknown types cost nothing here. RFC 1122 3.2.2: silently. */
void icmp4_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns)
{
    struct icmp4_view v;
    n->c.icmp4_rx++;
    if (icmp4_parse(pkt_data(p), p->len, &v)) {
        drop(p, &n->c.drop_icmp4_malformed);
    } else if (!transport_csum_ok(n, p, ip)) {
        drop(p, &n->c.drop_icmp4_checksum);
    } else if (v.type == ICMP4_ECHO) {
        echo_rx(n, p, ip, now_ns);
    } else if (v.type == ICMP4_ECHO_REPLY) {
        reply_rx(n, p, ip, &v);
    } else {
        error_rx(n, p, ip, &v);
    }
}
