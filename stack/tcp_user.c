/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_user.c - what a user asks of a connection: RFC 9293 3.10.1 to 3.10.6.
 * These calls know no time: they queue, and tcp_poll() sends. Only a RST leaves
 * at once, because the control block does not outlive it.
 */
#include "stack/net_int.h"

#include <errno.h>

#define BACKLOG_MAX 4096        /* Linux SOMAXCONN */

/* --- ports -------------------------------------------------------------------- */

/* Every user of the port counts, even one that only finishes: with NET_SO_REUSEADDR on
 * both sides, only a listener does. */
static bool port_free(const struct net *n, const struct tcp_conn *c, uint32_t addr, uint16_t port)
{
    for (unsigned i = 0; i < n->tcp.max; i++) {
        const struct tcp_conn *o = &n->tcp.pool[i];
        if (o == c || !o->in_use || o->lport != port)
            continue;
        bool overlap = !addr || !o->laddr || addr == o->laddr;
        bool shared = c->reuse && o->reuse && o->state != NET_TCP_LISTEN;
        if (overlap && !shared)
            return false;
    }
    return true;
}

/* RFC 6056 3.3.1: a random start, then the next free one. 0: none. */
static uint16_t port_draw(struct net *n, const struct tcp_conn *c, uint32_t addr)
{
    const uint32_t range = TCP_PORT_MAX - TCP_PORT_MIN + 1;
    uint32_t at = rng_below(&n->rng[RNG_TCP_PORT], range);
    for (uint32_t i = 0; i < range; i++) {
        uint16_t port = (uint16_t)(TCP_PORT_MIN + (at + i) % range);
        if (port_free(n, c, addr, port))
            return port;
    }
    return 0;
}

int tcp_bind(struct net *n, struct tcp_conn *c, uint32_t addr, uint16_t port)
{
    if (c->state != NET_TCP_CLOSED || c->bound)
        return -EINVAL;
    if (addr && addr != n->ip4.addr)
        return -EADDRNOTAVAIL;
    if (!port)
        port = port_draw(n, c, addr);
    if (!port || !port_free(n, c, addr, port))
        return -EADDRINUSE;
    c->laddr = addr;
    c->lport = port;
    c->bound = true;
    return 0;
}

/* --- OPEN --------------------------------------------------------------------- */

/* Two sockets with NET_SO_REUSEADDR may be bound alike, but only one may listen. */
static bool listener_free(const struct net *n, const struct tcp_conn *c)
{
    for (unsigned i = 0; i < n->tcp.max; i++) {
        const struct tcp_conn *o = &n->tcp.pool[i];
        if (o != c && o->in_use && o->state == NET_TCP_LISTEN && o->lport == c->lport &&
            (!o->laddr || !c->laddr || o->laddr == c->laddr))
            return false;
    }
    return true;
}

int tcp_listen(struct net *n, struct tcp_conn *c, int backlog)
{
    if (c->state != NET_TCP_CLOSED && c->state != NET_TCP_LISTEN)
        return -EINVAL;
    if (backlog < 1)
        backlog = 1;
    c->backlog = (uint32_t)(backlog < BACKLOG_MAX ? backlog : BACKLOG_MAX);
    if (c->state == NET_TCP_LISTEN)
        return 0;
    int err = c->bound ? 0 : tcp_bind(n, c, 0, 0);
    if (err)
        return err;
    if (!listener_free(n, c))
        return -EADDRINUSE;
    c->state = NET_TCP_LISTEN;
    tcp_conn_insert(n, c);
    return 0;
}

struct tcp_conn *tcp_accept(struct net *n, struct tcp_conn *l)
{
    (void)n;
    struct tcp_conn *c = l->acc_first;
    if (c)
        tcp_leave_listener(c);
    return c;
}

/* Both ends of @c, or why there is none. */
static int choose_ends(struct net *n, struct tcp_conn *c, uint32_t addr, uint16_t port)
{
    if (!addr || ip4_is_multicast(addr) || ip4_is_broadcast(n, addr))
        return -ENETUNREACH;
    uint32_t src = ip4_src_for(n, addr);
    if (!src)
        return -ENETUNREACH;
    if (!port)
        return -EADDRNOTAVAIL;
    c->raddr = addr;
    c->rport = port;
    if (!c->bound) {
        c->laddr = src;
        c->lport = tcp_port_for(n, c);
        return c->lport ? 0 : -EADDRNOTAVAIL;
    }
    if (c->laddr && c->laddr != n->ip4.addr)
        return -EADDRNOTAVAIL;      /* bound to an address that we had */
    c->any_addr = !c->laddr;
    c->laddr = n->ip4.addr;
    return tcp_lookup(n, c->laddr, c->lport, addr, port) ? -EADDRNOTAVAIL : 0;
}

int tcp_connect(struct net *n, struct tcp_conn *c, uint32_t addr, uint16_t port)
{
    if (c->state == NET_TCP_SYN_SENT || c->state == NET_TCP_SYN_RCVD)
        return -EALREADY;
    if (c->state != NET_TCP_CLOSED)
        return -EISCONN;
    tcp_conn_reset(c);
    int err = choose_ends(n, c, addr, port);
    if (err)
        return err;
    c->iss = tcp_isn(n, c, n->now_ns);
    c->snd_una = c->snd_nxt = c->snd_max = c->snd_small = c->iss;
    c->mss = TCP_MSS_DEFAULT;
    c->state = NET_TCP_SYN_SENT;
    c->syn_now = true;
    tcp_conn_insert(n, c);
    tcp_out_queue(n, c);
    return -EINPROGRESS;
}

/* --- SEND, RECEIVE ------------------------------------------------------------ */

static int take_error(struct tcp_conn *c)
{
    int err = c->err;
    c->err = 0;
    return err;
}

ssize_t tcp_send(struct net *n, struct tcp_conn *c, const void *p, size_t len)
{
    if (c->err)
        return -take_error(c);
    if (c->fin_wanted || (c->state == NET_TCP_CLOSED && c->was_connected))
        return -EPIPE;
    if (c->state <= NET_TCP_LISTEN)
        return -ENOTCONN;
    if (!tcp_synchronized(c))
        return -EAGAIN;
    ssize_t took = tcp_ring_put(&c->snd, p, len);
    if (took > 0)
        tcp_out_queue(n, c);
    return took == 0 && len ? -EAGAIN : took;
}

/* RFC 9293 3.8.6.2.2: an update once the window is worth twice what the peer knows. */
static void maybe_open_window(struct net *n, struct tcp_conn *c)
{
    uint32_t known = tcp_rcv_window(c), space = tcp_rcv_space(c);
    uint32_t step = c->rcv.cap / 2 < c->mss ? c->rcv.cap / 2 : c->mss;
    if (c->state < NET_TCP_ESTABLISHED || c->fin_rcvd)
        return;
    if (space >= 2 * known && space >= known + step) {
        c->ack_now = true;
        tcp_out_queue(n, c);
    }
}

static ssize_t recv_nothing(struct tcp_conn *c)
{
    if (c->err)
        return -take_error(c);
    if (c->fin_rcvd || c->rd_shut || (c->state == NET_TCP_CLOSED && c->was_connected))
        return 0;
    return c->state <= NET_TCP_LISTEN ? -ENOTCONN : -EAGAIN;
}

ssize_t tcp_recv(struct net *n, struct tcp_conn *c, void *p, size_t len)
{
    if (!c->rcv.len)
        return recv_nothing(c);
    uint32_t take = len < c->rcv.len ? (uint32_t)len : c->rcv.len;
    tcp_ring_peek(&c->rcv, 0, p, take);
    tcp_ring_drop(&c->rcv, take);
    if (!c->rcv.len && c->fin_rcvd)
        tcp_ring_fini(&c->rcv);
    maybe_open_window(n, c);
    return (ssize_t)take;
}

/* --- CLOSE, ABORT ------------------------------------------------------------- */

/* FIN after what is queued. "In any case, enter FIN-WAIT-1" (3.10.4). */
static void want_fin(struct net *n, struct tcp_conn *c)
{
    if (c->fin_wanted)
        return;
    c->fin_wanted = true;
    if (c->state == NET_TCP_ESTABLISHED)
        c->state = NET_TCP_FIN_WAIT_1;
    else if (c->state == NET_TCP_CLOSE_WAIT)
        c->state = NET_TCP_LAST_ACK;
    tcp_out_queue(n, c);
}

int tcp_shutdown(struct net *n, struct tcp_conn *c, int how)
{
    if (how != NET_SHUT_RD && how != NET_SHUT_WR && how != NET_SHUT_RDWR)
        return -EINVAL;
    if (c->state < NET_TCP_SYN_RCVD)
        return -ENOTCONN;
    if (how != NET_SHUT_WR)
        c->rd_shut = true;
    if (how != NET_SHUT_RD)
        want_fin(n, c);
    sock_edge(n, c->sock);
    return 0;
}

static void abort_children(struct net *n, const struct tcp_conn *l)
{
    for (unsigned i = 0; i < n->tcp.max; i++) {
        struct tcp_conn *c = &n->tcp.pool[i];
        if (c->in_use && c->listener == l)
            tcp_abort(n, c);
    }
}

void tcp_abort(struct net *n, struct tcp_conn *c)
{
    c->sock = NULL;
    if (c->state == NET_TCP_LISTEN)
        abort_children(n, c);
    if (c->state >= NET_TCP_SYN_RCVD && c->state != NET_TCP_TIME_WAIT)
        tcp_send_rst(n, c, n->now_ns);
    if (c->state >= NET_TCP_SYN_SENT)
        tcp_end(n, c, ECONNABORTED);    /* frees it: nobody holds it */
    else
        tcp_conn_free(n, c);
}

void tcp_close(struct net *n, struct tcp_conn *c)
{
    /* Unread text: the peer must learn that it was not taken. RFC 2525 2.17. */
    bool unread = c->rcv.len > 0;
    bool over = c->state == NET_TCP_TIME_WAIT;
    /* As Linux: where too many finish by themselves, one more does not get to. */
    bool reset = !over && (unread || tcp_blocks_short(n));
    if (c->state < NET_TCP_SYN_RCVD || reset || c->linger_s == 0) {
        tcp_abort(n, c);
        return;
    }
    c->sock = NULL;
    tcp_ring_fini(&c->rcv);
    want_fin(n, c);
    tcp_orphaned(n, c);
}

/* --- STATUS ------------------------------------------------------------------- */

/* Readiness while both directions are open or closing. */
static unsigned ready_stream(const struct tcp_conn *c)
{
    unsigned r = 0;
    bool in_over = c->fin_rcvd || c->rd_shut;
    if (c->rcv.len || in_over)
        r |= NET_IN;
    if (in_over)
        r |= NET_RDHUP;
    /* As Linux: room is news when it is at least a third of the buffer. */
    if (c->fin_wanted || c->snd.cap - c->snd.len >= c->snd.cap / 3)
        r |= NET_OUT;
    if (c->fin_wanted && in_over)
        r |= NET_HUP;
    return r;
}

unsigned tcp_ready(const struct tcp_conn *c)
{
    switch ((enum net_tcp_state)c->state) {
    case NET_TCP_LISTEN:
        return c->acc_first ? NET_IN : 0;
    case NET_TCP_SYN_SENT:
    case NET_TCP_SYN_RCVD:
        return 0;
    case NET_TCP_CLOSED:
        if (c->err)
            return NET_ERR | NET_HUP | NET_RDHUP | NET_IN;
        return c->ended ? NET_HUP | NET_RDHUP | NET_IN : 0;
    default:
        return ready_stream(c);
    }
}

/* --- options ------------------------------------------------------------------ */

static int set_buf(const struct tcp_conn *c, struct tcp_ring *r, int value)
{
    if (value < 0 || c->state != NET_TCP_CLOSED || r->buf)
        return -EINVAL;
    uint32_t v = (uint32_t)value;
    v = v < TCP_BUF_MIN ? TCP_BUF_MIN : v;
    r->cap = v > TCP_BUF_MAX ? TCP_BUF_MAX : v;
    return 0;
}

static int set_maxseg(struct tcp_conn *c, int value)
{
    if (value < (int)TCP_MSS_MIN || value > UINT16_MAX)
        return -EINVAL;
    c->mss_limit = (uint16_t)value;
    if (c->mss > c->mss_limit)
        c->mss = c->mss_limit;
    return 0;
}

static int set_keep_idle(struct net *n, struct tcp_conn *c, int value)
{
    if (value < 1 || value > TCP_KEEP_IDLE_MAX_S)
        return -EINVAL;
    c->keep_idle_s = (uint16_t)value;
    if (c->keepalive && tcp_synchronized(c) && c->state != NET_TCP_TIME_WAIT)
        tcp_keepalive_start(n, c, n->now_ns);
    return 0;
}

static int set_keepalive(struct net *n, struct tcp_conn *c, bool on)
{
    c->keepalive = on;
    if (tcp_synchronized(c) && c->state != NET_TCP_TIME_WAIT)
        tcp_keepalive_start(n, c, n->now_ns);
    return 0;
}

int tcp_setopt(struct net *n, struct tcp_conn *c, enum net_opt opt, int value)
{
    switch (opt) {
    case NET_SO_SNDBUF:
        return set_buf(c, &c->snd, value);
    case NET_SO_RCVBUF:
        return set_buf(c, &c->rcv, value);
    case NET_SO_REUSEADDR:
        c->reuse = value != 0;
        return 0;
    case NET_SO_KEEPALIVE:
        return set_keepalive(n, c, value != 0);
    case NET_SO_LINGER:
        c->linger_s = value < 0 ? -1 : value;
        return 0;
    case NET_TCP_NODELAY:
        c->nodelay = value != 0;
        if (tcp_synchronized(c))
            tcp_out_queue(n, c);    /* what Nagle held back */
        return 0;
    case NET_TCP_MAXSEG:
        return set_maxseg(c, value);
    case NET_IP_TTL:
        if (value < 1 || value > UINT8_MAX)
            return -EINVAL;
        c->ttl = (uint8_t)value;
        return 0;
    case NET_IP_TOS:
        if (value < 0 || value > UINT8_MAX)
            return -EINVAL;
        c->tos = (uint8_t)value;
        return 0;
    case NET_TCP_USER_TIMEOUT:
        if (value < 0)
            return -EINVAL;
        c->user_timeout_ms = (uint32_t)value;
        return 0;
    case NET_TCP_KEEPIDLE:
        return set_keep_idle(n, c, value);
    default:
        return -ENOPROTOOPT;
    }
}

int tcp_getopt(struct tcp_conn *c, enum net_opt opt, int *value)
{
    switch (opt) {
    case NET_SO_ERROR:
        *value = take_error(c);
        return 0;
    case NET_SO_SNDBUF:
        *value = (int)c->snd.cap;
        return 0;
    case NET_SO_RCVBUF:
        *value = (int)c->rcv.cap;
        return 0;
    case NET_SO_REUSEADDR:
        *value = c->reuse;
        return 0;
    case NET_SO_KEEPALIVE:
        *value = c->keepalive;
        return 0;
    case NET_SO_LINGER:
        *value = c->linger_s;
        return 0;
    case NET_TCP_NODELAY:
        *value = c->nodelay;
        return 0;
    case NET_TCP_MAXSEG:
        *value = tcp_synchronized(c) ? c->mss : c->mss_limit ? c->mss_limit : TCP_MSS_DEFAULT;
        return 0;
    case NET_SO_SNDQ:
        *value = (int)c->snd.len;
        return 0;
    case NET_SO_RCVQ:
        *value = (int)c->rcv.len;
        return 0;
    case NET_TCP_STATE:
        *value = c->state;
        return 0;
    case NET_IP_TTL:
        *value = c->ttl ? c->ttl : (int)NET_TTL_DEFAULT;
        return 0;
    case NET_IP_TOS:
        *value = c->tos;
        return 0;
    case NET_TCP_USER_TIMEOUT:
        *value = (int)c->user_timeout_ms;
        return 0;
    case NET_TCP_KEEPIDLE:
        *value = c->keep_idle_s;
        return 0;
    }
    return -ENOPROTOOPT;
}
