/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_reasm.c - segments that arrived before their predecessors, in the order of
 * their sequence numbers. A queued packet keeps its TCP header in front of its
 * payload: number and FIN are read from there. It starts beyond rcv_nxt, so nothing
 * was ever cut off its front. RFC 9293 3.10.7.4 step 1, 3.4.
 */
#include "stack/net_int.h"
#include "stack/wire/tcp.h"

/* A queued packet as a segment. What was cut off its end is gone from its header too. */
static struct tcp_seg seg_of(struct pkt *p)
{
    struct tcp_hdr h;
    memcpy(&h, p->buf + p->l4, sizeof(h));
    return (struct tcp_seg){
        .seq = tcp_seq_of(be32_get(h.seq)),
        .len = p->len,
        .flags = h.flags & TCP_FIN,
        .pkt = p,
    };
}

static struct tcp_seq seg_end(const struct tcp_seg *g)
{
    return tcp_seq_add(g->seq, g->len);
}

/* Bounded by packets, not bytes: a segment of one byte holds a whole buffer. One that came in
 * fragments holds a large one, and what it waits for may need one too. */
static bool may_keep(const struct net *n, const struct tcp_conn *c, const struct pkt *p)
{
    return c->ooo.n < TCP_OOO_PKTS && pkt_pool_free(n->pool, p->class_) > TCP_OOO_SPARE_PKTS;
}

/* Everything that @g carries, @q carries as well. */
static bool covers(const struct tcp_seg *q, const struct tcp_seg *g)
{
    return tcp_seq_leq(q->seq, g->seq) && tcp_seq_leq(seg_end(g), seg_end(q)) &&
           !(g->flags & ~q->flags & TCP_FIN);
}

static void insert_after(struct pkt_list *l, struct pkt *prev, struct pkt *p)
{
    struct pkt **link = prev ? &prev->next : &l->first;
    p->next = *link;
    *link = p;
    if (!p->next)
        l->last = p;
    l->n++;
}

void tcp_reasm_put(struct net *n, struct tcp_conn *c, struct tcp_seg *g)
{
    struct pkt *prev = NULL;
    for (struct pkt *p = c->ooo.first; p; p = p->next) {
        struct tcp_seg q = seg_of(p);
        if (covers(&q, g)) {
            n->c.drop_tcp_ooo++;
            return;
        }
        if (!tcp_seq_leq(q.seq, g->seq))
            break;
        prev = p;
    }
    if (!may_keep(n, c, g->pkt)) {
        n->c.drop_tcp_ooo++;
        return;
    }
    insert_after(&c->ooo, prev, g->pkt);
    g->pkt = NULL;
}

bool tcp_reasm_get(struct tcp_conn *c, struct tcp_seg *g)
{
    if (!c->ooo.first)
        return false;
    *g = seg_of(c->ooo.first);
    if (!tcp_seq_leq(g->seq, c->rcv_nxt))
        return false;
    pkt_list_pop(&c->ooo);
    return true;
}
