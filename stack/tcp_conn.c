/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_conn.c - control blocks: the pool, the tables that find them, and the
 * changes of state that several paths share. RFC 9293 3.3.1, 3.3.2.
 *
 * Who holds a control block: its socket (c->sock), or the listener in whose count it
 * is (c->listener), or the protocol alone while it finishes (an orphan). It is found
 * by segments as long as it is hashed, and has no timer, no place in the out list and
 * no packet once it is CLOSED.
 */
#include "stack/net_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TCP_CONNS_PER_SOCKET 2u /* half for those that finish without a user, or wait
                                   to be accepted */

int tcp_init(struct net *n)
{
    struct tcp_state *t = &n->tcp;
    *t = (struct tcp_state){ .max = n->socks.max * TCP_CONNS_PER_SOCKET, .buckets = 16 };
    while (t->buckets < t->max)
        t->buckets *= 2;
    t->pool = calloc(t->max, sizeof(*t->pool));
    t->by_tuple = calloc(t->buckets, sizeof(struct tcp_conn *));
    t->by_port = calloc(t->buckets, sizeof(struct tcp_conn *));
    t->heap = calloc((size_t)t->max + 1, sizeof(struct tcp_conn *));
    if (!t->pool || !t->by_tuple || !t->by_port || !t->heap) {
        tcp_fini(n);
        return -ENOMEM;
    }
    for (unsigned i = t->max; i-- > 0;) {
        t->pool[i].hash_next = t->free;
        t->free = &t->pool[i];
    }
    t->n_free = t->max;
    t->secret[0] = rng_u64(&n->rng[RNG_TCP_ISN]);
    t->secret[1] = rng_u64(&n->rng[RNG_TCP_ISN]);
    t->port_counter = rng_u32(&n->rng[RNG_TCP_PORT]);
    return 0;
}

void tcp_fini(struct net *n)
{
    struct tcp_state *t = &n->tcp;
    for (unsigned i = 0; t->pool && i < t->max; i++) {
        struct tcp_conn *c = &t->pool[i];
        if (!c->in_use)
            continue;
        if (tcp_synchronized(c) && c->state != NET_TCP_TIME_WAIT)
            tcp_send_rst(n, c, n->now_ns);
        tcp_conn_free(n, c);
    }
    free(t->pool);
    free(t->by_tuple);
    free(t->by_port);
    free(t->heap);
    *t = (struct tcp_state){ .max = 0 };
}

/* --- TIME_WAIT without a user: a queue, oldest first -------------------------- */

/* Only these are queued: what a user still holds must not vanish under him. */
static void tw_remove(struct tcp_state *t, struct tcp_conn *c)
{
    if (!c->tw_queued)
        return;
    *(c->prev ? &c->prev->next : &t->tw_first) = c->next;
    *(c->next ? &c->next->prev : &t->tw_last) = c->prev;
    c->next = c->prev = NULL;
    t->n_tw--;
    c->tw_queued = false;
}

static void tw_append(struct tcp_state *t, struct tcp_conn *c)
{
    tw_remove(t, c);
    c->prev = t->tw_last;
    c->next = NULL;
    *(c->prev ? &c->prev->next : &t->tw_first) = c;
    t->tw_last = c;
    t->n_tw++;
    c->tw_queued = true;
}

/* --- pool --------------------------------------------------------------------- */

static uint32_t buf_bytes(size_t v)
{
    if (v < TCP_BUF_MIN)
        return TCP_BUF_MIN;
    return (uint32_t)(v > TCP_BUF_MAX ? TCP_BUF_MAX : v);
}

struct tcp_conn *tcp_conn_alloc(struct net *n)
{
    struct tcp_state *t = &n->tcp;
    /* A busy client or server makes TIME_WAITs faster than they end. The oldest has
     * kept its peer's stray segments away longest; better it goes than a new one fails. */
    if (!t->free && t->tw_first)
        tcp_conn_free(n, t->tw_first);
    struct tcp_conn *c = t->free;
    if (!c)
        return NULL;
    t->free = c->hash_next;
    t->n_free--;
    *c = (struct tcp_conn){ .in_use = true, .linger_s = -1, .rto_ns = TCP_RTO_INIT_NS,
                            .keep_idle_s = TCP_KEEP_IDLE_S };
    c->snd.cap = buf_bytes(n->cfg.sndbuf_bytes);
    c->rcv.cap = buf_bytes(n->cfg.rcvbuf_bytes);
    for (int i = 0; i < TCP_TIMERS; i++)
        c->due[i] = INT64_MAX;
    return c;
}

/* What a connection takes over from the socket's, or the listener's, options. */
static void copy_options(struct tcp_conn *to, const struct tcp_conn *from)
{
    to->ttl = from->ttl;
    to->tos = from->tos;
    to->nodelay = from->nodelay;
    to->keepalive = from->keepalive;
    to->reuse = from->reuse;
    to->linger_s = from->linger_s;
    to->user_timeout_ms = from->user_timeout_ms;
    to->keep_idle_s = from->keep_idle_s;
    to->mss_limit = from->mss_limit;
    to->snd.cap = from->snd.cap;
    to->rcv.cap = from->rcv.cap;
}

void tcp_conn_reset(struct tcp_conn *c)
{
    const struct tcp_conn old = *c;
    tcp_ring_fini(&c->rcv);         /* the other ring went with the old connection */
    *c = (struct tcp_conn){ .in_use = true, .rto_ns = TCP_RTO_INIT_NS, .sock = old.sock };
    copy_options(c, &old);
    for (int i = 0; i < TCP_TIMERS; i++)
        c->due[i] = INT64_MAX;
    if (old.bound) {
        c->bound = true;
        c->laddr = old.any_addr ? 0 : old.laddr;
        c->lport = old.lport;
    }
}

/* What a connection holds besides its control block; not the receive ring, which the
 * user may go on reading after the end. */
static void conn_release(struct net *n, struct tcp_conn *c)
{
    tcp_timer_stop_all(n, c);
    tcp_out_unqueue(n, c);
    tw_remove(&n->tcp, c);
    tcp_conn_remove(n, c);
    tcp_leave_listener(c);
    for (struct pkt *p; (p = pkt_list_pop(&c->ooo));)
        pkt_release(p);
    tcp_ring_fini(&c->snd);
}

void tcp_conn_free(struct net *n, struct tcp_conn *c)
{
    assert(c->in_use);
    conn_release(n, c);
    tcp_ring_fini(&c->rcv);
    c->in_use = false;
    c->state = NET_TCP_CLOSED;
    c->hash_next = n->tcp.free;
    n->tcp.free = c;
    n->tcp.n_free++;
}

/* --- tables ------------------------------------------------------------------- */

/* By keyed hash: a stranger cannot choose ports so that all land in one chain. */
static struct tcp_conn **tuple_bucket(const struct net *n, uint32_t laddr, uint16_t lport,
                                      uint32_t raddr, uint16_t rport)
{
    uint64_t h = tcp_hash(n->tcp.secret, laddr, lport, raddr, rport);
    return &n->tcp.by_tuple[h & (n->tcp.buckets - 1)];
}

/* State and ends must not change while it is hashed, but from one of the states of a
 * connection to another. */
static struct tcp_conn **bucket_of(const struct net *n, const struct tcp_conn *c)
{
    if (c->state == NET_TCP_LISTEN)
        return &n->tcp.by_port[c->lport & (n->tcp.buckets - 1)];
    return tuple_bucket(n, c->laddr, c->lport, c->raddr, c->rport);
}

void tcp_conn_insert(struct net *n, struct tcp_conn *c)
{
    assert(!c->hashed);
    struct tcp_conn **b = bucket_of(n, c);
    c->hash_next = *b;
    *b = c;
    c->hashed = true;
}

void tcp_conn_remove(struct net *n, struct tcp_conn *c)
{
    if (!c->hashed)
        return;
    struct tcp_conn **at = bucket_of(n, c);
    while (*at != c)
        at = &(*at)->hash_next;
    *at = c->hash_next;
    c->hashed = false;
}

struct tcp_conn *tcp_lookup(struct net *n, uint32_t laddr, uint16_t lport, uint32_t raddr,
                            uint16_t rport)
{
    struct tcp_conn *c = *tuple_bucket(n, laddr, lport, raddr, rport);
    while (c && (c->lport != lport || c->rport != rport || c->raddr != raddr ||
                 c->laddr != laddr))
        c = c->hash_next;
    return c;
}

struct tcp_conn *tcp_listener(struct net *n, uint32_t laddr, uint16_t lport)
{
    struct tcp_conn *any = NULL;    /* bound to no address of its own */
    struct tcp_conn *c = n->tcp.by_port[lport & (n->tcp.buckets - 1)];
    for (; c; c = c->hash_next) {
        if (c->lport != lport)
            continue;
        if (c->laddr == laddr)
            return c;
        if (!c->laddr)
            any = c;
    }
    return any;
}

/* --- children of a listener --------------------------------------------------- */

bool tcp_blocks_short(const struct net *n)
{
    return n->tcp.n_free + n->tcp.n_tw <= n->socks.n_free;
}

bool tcp_backlog_full(const struct net *n, const struct tcp_conn *l)
{
    return l->pending >= l->backlog || tcp_blocks_short(n);
}

struct tcp_conn *tcp_child(struct net *n, struct tcp_conn *l, const struct tcp_seg *g)
{
    if (tcp_backlog_full(n, l))
        return NULL;
    struct tcp_conn *c = tcp_conn_alloc(n);
    if (!c)
        return NULL;
    copy_options(c, l);
    c->listener = l;
    l->pending++;
    c->passive = true;
    c->laddr = g->laddr;
    c->lport = g->lport;
    c->raddr = g->raddr;
    c->rport = g->rport;
    c->state = NET_TCP_SYN_RCVD;
    tcp_conn_insert(n, c);
    return c;
}

void tcp_leave_listener(struct tcp_conn *c)
{
    struct tcp_conn *l = c->listener;
    if (!l)
        return;
    if (c->acc_queued) {
        *(c->prev ? &c->prev->next : &l->acc_first) = c->next;
        *(c->next ? &c->next->prev : &l->acc_last) = c->prev;
        c->next = c->prev = NULL;
        c->acc_queued = false;
    }
    l->pending--;
    c->listener = NULL;
}

/* In the order in which handshakes ended, as accept() gives them out. */
static void accept_queue_append(struct tcp_conn *l, struct tcp_conn *c)
{
    c->prev = l->acc_last;
    c->next = NULL;
    *(c->prev ? &c->prev->next : &l->acc_first) = c;
    l->acc_last = c;
    c->acc_queued = true;
}

/* --- changes of state --------------------------------------------------------- */

void tcp_event(struct net *n, const struct tcp_conn *c, enum net_event_kind kind, int err)
{
    net_emit(n, (struct net_event){ .kind = kind, .sock = sock_id(n, c->sock), .addr = c->raddr,
                                    .port = c->rport, .err = err });
}

/* The user's side of the end, told once: TIME_WAIT is ours alone. */
static void tell_closed(struct net *n, struct tcp_conn *c, int err)
{
    if (c->closed_told)
        return;
    c->closed_told = true;
    tcp_event(n, c, NET_EV_TCP_CLOSED, -err);
}

void tcp_end(struct net *n, struct tcp_conn *c, int err)
{
    tell_closed(n, c, err);
    conn_release(n, c);             /* before the state changes: bucket_of() */
    c->state = NET_TCP_CLOSED;
    c->ended = true;
    c->err = err;
    if (c->sock)
        sock_changed(n, c->sock);
    else
        tcp_conn_free(n, c);
}

void tcp_establish(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    c->state = NET_TCP_ESTABLISHED;
    c->was_connected = true;
    tcp_timer_stop(n, c, TCP_T_RTX);
    /* RFC 6298 5.7: a lost SYN said nothing good about the path. */
    if (c->syn_lost && !c->srtt_ns)
        c->rto_ns = TCP_RTO_SYN_LOST_NS;
    c->retries = 0;
    c->backoff = 0;
    tcp_cc_init(c);
    tcp_keepalive_start(n, c, now_ns);
    tcp_event(n, c, NET_EV_TCP_ESTABLISHED, 0);
    if (c->listener) {
        accept_queue_append(c->listener, c);
        sock_changed(n, c->listener->sock);
    } else {
        sock_edge(n, c->sock);
    }
}

void tcp_fin_wait_2(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    c->state = NET_TCP_FIN_WAIT_2;
    tcp_ring_fini(&c->snd);         /* all of it has arrived */
    /* Nobody reads any more: a peer that never closes must not hold us for ever. */
    if (tcp_orphan(c))
        tcp_timer_set(n, c, TCP_T_LONG, now_ns + TCP_FIN_WAIT_2_NS);
}

void tcp_orphaned(struct net *n, struct tcp_conn *c)
{
    if (c->state == NET_TCP_FIN_WAIT_2)
        tcp_timer_set(n, c, TCP_T_LONG, n->now_ns + TCP_FIN_WAIT_2_NS);
    else if (c->state == NET_TCP_TIME_WAIT)
        tw_append(&n->tcp, c);
}

void tcp_time_wait(struct net *n, struct tcp_conn *c, int64_t now_ns)
{
    if (c->state != NET_TCP_TIME_WAIT) {
        c->state = NET_TCP_TIME_WAIT;
        tcp_timer_stop(n, c, TCP_T_RTX);
        tcp_ring_fini(&c->snd);
        tell_closed(n, c, 0);
        sock_edge(n, c->sock);
    }
    if (!c->sock)
        tw_append(&n->tcp, c);
    tcp_timer_set(n, c, TCP_T_LONG, now_ns + TCP_2MSL_NS);
}

const char *net_tcp_state_name(enum net_tcp_state s)
{
    static const char *const name[] = {
        "CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
        "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT",
    };
    return (unsigned)s < sizeof(name) / sizeof(name[0]) ? name[s] : "?";
}
