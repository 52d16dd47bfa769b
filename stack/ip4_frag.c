/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip4_frag.c - fragments become datagrams again: RFC 791 3.2, RFC 1122 3.3.2.
 *
 * A datagram under way is one large packet into which each fragment is copied at its
 * offset, and a bit for each block of 8 bytes that is there; so a flood of tiny
 * fragments costs no more than one of long ones. There are IP4_FRAG_DATAGRAMS of
 * them: a new one takes the place of the oldest, so whoever sends halves delays
 * others but cannot lock them out.
 *
 * As in Linux' ip_fragment.c: a fragment whose bytes are all there already is a
 * duplicate and ignored, whatever it says; one that overlaps in part, or contradicts
 * where the end is, takes the whole datagram with it (RFC 5722 4 asks that for IPv6).
 *
 * Drops are counted in fragments: each received one ends in ip4_frag_joined or in one
 * drop_ip4_frag_*, or waits (ip4_frag_held()).
 */
#include "stack/net_int.h"

#include "stack/csum.h"
#include "stack/wire/icmp4.h"

#include <string.h>

_Static_assert(PKT_HEADROOM_BYTES >= IP4_HDR_MAX_BYTES, "the header goes in front");
_Static_assert(IP4_TOTAL_MAX - IP4_HDR_BYTES <= PKT_LARGE_BYTES - PKT_HEADROOM_BYTES,
               "the longest payload fits behind the headroom");
_Static_assert(IP4_FRAG_BLOCKS * 8 > IP4_TOTAL_MAX, "a bit for each block");

/* What one fragment covers, in bytes of the payload. */
struct span {
    uint32_t off, len, end;
    bool last;
};

static struct span span_of(const struct ip4_view *v)
{
    uint32_t off = (v->frag & IP4_FRAG_MASK) * 8u;
    uint32_t len = (uint32_t)v->total_bytes - v->hdr_bytes;
    return (struct span){ off, len, off + len, !(v->frag & IP4_MF) };
}

/* Faults that a fragment has by itself. Returns NULL, or the counter of its drop. */
static uint64_t *alone_bad(struct net *n, const struct span *s)
{
    if (!s->len || (!s->last && s->len % 8))
        return &n->c.drop_ip4_frag_malformed;
    if (s->end > IP4_TOTAL_MAX - IP4_HDR_BYTES)
        return &n->c.drop_ip4_frag_too_long;
    return NULL;
}

/* --- the table ------------------------------------------------------------ */

static struct ip4_frag *find(struct net *n, const struct ip4_view *v)
{
    for (unsigned i = 0; i < IP4_FRAG_DATAGRAMS; i++) {
        struct ip4_frag *f = &n->frag[i];
        if (f->pkt && f->id == v->id && f->src == v->src && f->dst == v->dst &&
            f->proto == v->proto)
            return f;
    }
    return NULL;
}

/* The datagram will never be whole. */
static void give_up(struct ip4_frag *f, uint64_t *counter)
{
    *counter += f->fragments;
    pkt_release(f->pkt);
    f->pkt = NULL;
}

/* All wait equally long: the one due first is the oldest. NULL: none waits. */
static struct ip4_frag *oldest(struct net *n)
{
    struct ip4_frag *old = NULL;
    for (unsigned i = 0; i < IP4_FRAG_DATAGRAMS; i++) {
        struct ip4_frag *f = &n->frag[i];
        if (f->pkt && (!old || f->due_ns < old->due_ns))
            old = f;
    }
    return old;
}

/* Returns NULL where every large packet is in use elsewhere. */
static struct ip4_frag *begin(struct net *n, const struct ip4_view *v, int64_t now_ns)
{
    struct ip4_frag *f = NULL;
    for (unsigned i = 0; i < IP4_FRAG_DATAGRAMS && !f; i++) {
        if (!n->frag[i].pkt)
            f = &n->frag[i];
    }
    if (!f || !pkt_pool_free(n->pool, PKT_LARGE)) {
        f = oldest(n);
        if (!f)
            return NULL;
        give_up(f, &n->c.drop_ip4_frag_evicted);
    }
    *f = (struct ip4_frag){
        .pkt = pkt_alloc(n->pool, PKT_LARGE),   /* there is one: looked at, or just freed */
        .src = v->src,
        .dst = v->dst,
        .id = v->id,
        .proto = v->proto,
        .due_ns = now_ns + IP4_FRAG_NS,
    };
    return f;
}

/* --- one datagram --------------------------------------------------------- */

/* Does @s say something else about the end than those before it? */
static bool contradicts(const struct ip4_frag *f, const struct span *s)
{
    if (f->ended)
        return s->end > f->end || (s->last && s->end != f->end);
    return s->last && s->end < f->end;
}

/* How many of the blocks of @s are there already. */
static unsigned count_blocks(const struct ip4_frag *f, const struct span *s)
{
    unsigned there = 0;
    for (uint32_t i = s->off / 8; i * 8 < s->end; i++)
        there += (unsigned)(f->have[i / 64] >> i % 64 & 1);
    return there;
}

static void join(struct ip4_frag *f, const struct pkt *p, const struct ip4_view *v,
                 const struct span *s)
{
    uint8_t *payload = pkt_data(f->pkt);
    memcpy(payload + s->off, pkt_data(p), s->len);
    for (uint32_t i = s->off / 8; i * 8 < s->end; i++, f->blocks++)
        f->have[i / 64] |= UINT64_C(1) << i % 64;
    if (s->end > f->end)
        f->end = s->end;
    f->ended |= s->last;
    f->to_many |= v->to_many;
    f->fragments++;
    if (s->off == 0) {
        f->first = *v;
        memcpy(payload - v->hdr_bytes, p->buf + p->l3, v->hdr_bytes);
    }
}

/* The header is the first fragment's, made right for the whole: whoever quotes the
 * datagram quotes it. The first block is there, so that fragment is. */
static struct pkt *finish(struct net *n, struct ip4_frag *f, struct ip4_view *v)
{
    struct pkt *p = f->pkt;
    uint8_t *h = pkt_data(p) - f->first.hdr_bytes;
    *v = f->first;
    v->total_bytes = (uint16_t)(f->first.hdr_bytes + f->end);
    v->frag = 0;
    v->to_many = f->to_many;
    struct be16 total = be16_put(v->total_bytes), zero = be16_put(0);
    memcpy(h + offsetof(struct ip4_hdr, total_len), &total, sizeof(total));
    memcpy(h + offsetof(struct ip4_hdr, frag), &zero, sizeof(zero));
    memcpy(h + IP4_CSUM_OFF, &zero, sizeof(zero));
    struct be16 sum = be16_put(csum_finish(csum_sum(h, f->first.hdr_bytes)));
    memcpy(h + IP4_CSUM_OFF, &sum, sizeof(sum));
    p->l3 = p->head - f->first.hdr_bytes;
    p->l4 = p->head;
    p->len = f->end;
    f->pkt = NULL;
    n->c.ip4_frag_joined += f->fragments;
    n->c.ip4_reassembled++;
    return p;
}

/* Into @f, unless it is not the datagram that it claims to be part of. Returns whether
 * all is there now. */
static bool take(struct net *n, struct ip4_frag *f, const struct pkt *p, const struct ip4_view *v,
                 const struct span *s)
{
    unsigned there = count_blocks(f, s);
    if (contradicts(f, s) || (there && there < (s->len + 7) / 8)) {
        f->fragments++;         /* this one as well */
        give_up(f, &n->c.drop_ip4_frag_overlap);
        return false;
    }
    if (there) {
        n->c.drop_ip4_frag_duplicate++;
        return false;
    }
    join(f, p, v, s);
    if (!f->ended || f->blocks < (f->end + 7) / 8)
        return false;
    if (f->first.hdr_bytes + f->end <= IP4_TOTAL_MAX)
        return true;
    give_up(f, &n->c.drop_ip4_frag_too_long);   /* by the options of its first header */
    return false;
}

struct pkt *ip4_frag_rx(struct net *n, struct pkt *p, struct ip4_view *v, int64_t now_ns)
{
    struct span s = span_of(v);
    struct ip4_frag *f = NULL;
    n->c.ip4_frag_rx++;
    uint64_t *why = alone_bad(n, &s);
    if (!why) {
        f = find(n, v);
        f = f ? f : begin(n, v, now_ns);
        why = f ? NULL : &n->c.drop_ip4_frag_no_buffer;
    }
    if (why)
        (*why)++;
    bool whole = f && take(n, f, p, v, &s);
    pkt_release(p);
    return whole ? finish(n, f, v) : NULL;
}

/* --- time ----------------------------------------------------------------- */

/* RFC 1122 3.3.2: the sender is told, where its first fragment can be quoted. */
static void expire(struct net *n, struct ip4_frag *f, int64_t now_ns)
{
    if (f->first.hdr_bytes) {
        f->pkt->l3 = f->pkt->head - f->first.hdr_bytes;
        f->first.to_many = f->to_many;
        icmp4_error_tx(n, f->pkt, &f->first, ICMP4_TIME_EXCEEDED, ICMP4_TIME_REASSEMBLY, now_ns);
    }
    give_up(f, &n->c.drop_ip4_frag_timeout);
}

int64_t ip4_frag_poll(struct net *n, int64_t now_ns)
{
    struct ip4_frag *f;
    while ((f = oldest(n)) != NULL && f->due_ns <= now_ns)
        expire(n, f, now_ns);
    return f ? f->due_ns : NET_NEVER;
}

unsigned ip4_frag_held(const struct net *n)
{
    unsigned held = 0;
    for (unsigned i = 0; i < IP4_FRAG_DATAGRAMS; i++)
        held += n->frag[i].pkt ? n->frag[i].fragments : 0;
    return held;
}

void ip4_frag_fini(struct net *n)
{
    for (unsigned i = 0; i < IP4_FRAG_DATAGRAMS; i++) {
        pkt_release(n->frag[i].pkt);
        n->frag[i].pkt = NULL;
    }
}
