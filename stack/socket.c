/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.c - the public socket calls of net.h: descriptor table, dispatch to TCP or
 * to a datagram endpoint, and the queue of changed sockets.
 *
 * A socket is queued when a readiness bit rises above ready_last, and in any case
 * when something arrived. ready_last follows the bits down at each call of the user,
 * so that "not ready, then ready" is never missed; a bit that falls is no news, since
 * only the user's own calls lower it.
 */
#include "stack/net_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sock_init(struct net *n)
{
    struct sock_table *t = &n->socks;
    t->tab = calloc(n->cfg.max_sockets, sizeof(*t->tab));
    if (!t->tab)
        return -ENOMEM;
    t->max = t->n_free = n->cfg.max_sockets;
    /* Backwards, so that the first descriptors are 0, 1, 2, ... */
    for (unsigned i = t->max; i-- > 0;) {
        t->tab[i].next = t->free;
        t->free = &t->tab[i];
    }
    return 0;
}

void sock_fini(struct net *n)
{
    struct sock_table *t = &n->socks;
    for (unsigned i = 0; i < t->max; i++) {
        if (t->tab[i].type)
            (void)net_abort(n, (int)i);     /* an open socket: cannot fail */
    }
    free(t->tab);
    *t = (struct sock_table){ .tab = NULL };
}

struct sock *sock_get(struct net *n, int s)
{
    if (s < 0 || (unsigned)s >= n->socks.max || !n->socks.tab[s].type)
        return NULL;
    return &n->socks.tab[s];
}

int sock_id(const struct net *n, const struct sock *sk)
{
    return sk ? (int)(sk - n->socks.tab) : -1;
}

void sock_hide(struct net *n, int s)
{
    n->socks.tab[s].hidden = true;
}

/* --- readiness ---------------------------------------------------------------- */

static unsigned ready_bits(const struct sock *sk)
{
    return sk->tcp ? tcp_ready(sk->tcp) : dgram_ready(&sk->dgram);
}

void sock_changed(struct net *n, struct sock *sk)
{
    struct sock_table *t = &n->socks;
    if (!sk || sk->changed || sk->hidden)
        return;
    sk->prev = t->last;
    sk->next = NULL;
    *(sk->prev ? &sk->prev->next : &t->first) = sk;
    t->last = sk;
    sk->changed = true;
}

void sock_edge(struct net *n, struct sock *sk)
{
    if (sk && ready_bits(sk) & ~(unsigned)sk->ready_last)
        sock_changed(n, sk);
}

static void changed_remove(struct net *n, struct sock *sk)
{
    struct sock_table *t = &n->socks;
    if (!sk->changed)
        return;
    *(sk->prev ? &sk->prev->next : &t->first) = sk->next;
    *(sk->next ? &sk->next->prev : &t->last) = sk->prev;
    sk->changed = false;
}

/* A call of the user took readiness away: the next rise is news. */
static void lowered(struct sock *sk)
{
    sk->ready_last &= (uint8_t)ready_bits(sk);
}

unsigned net_ready(struct net *n, int s)
{
    struct sock *sk = sock_get(n, s);
    return sk ? ready_bits(sk) : 0;
}

int net_changed(struct net *n)
{
    struct sock *sk = n->socks.first;
    if (!sk)
        return -1;
    changed_remove(n, sk);
    sk->ready_last = (uint8_t)ready_bits(sk);
    return sock_id(n, sk);
}

/* --- making and ending -------------------------------------------------------- */

/* The one closed last comes first: few descriptors stay in use, and small ones. */
static struct sock *sock_take(struct net *n, enum net_type type)
{
    struct sock *sk = n->socks.free;
    if (!sk)
        return NULL;
    n->socks.free = sk->next;
    n->socks.n_free--;
    *sk = (struct sock){ .type = (uint8_t)type };
    return sk;
}

/* The descriptor may be given out again at once: nothing may remember it. */
static void sock_free(struct net *n, struct sock *sk)
{
    changed_remove(n, sk);
    *sk = (struct sock){ .next = n->socks.free };
    n->socks.free = sk;
    n->socks.n_free++;
}

static void attach(struct sock *sk, struct tcp_conn *c)
{
    sk->tcp = c;
    c->sock = sk;
}

int net_socket(struct net *n, enum net_type type)
{
    if (type != NET_STREAM && type != NET_DGRAM && type != NET_ICMP)
        return -EINVAL;
    struct sock *sk = sock_take(n, type);
    if (!sk)
        return -EMFILE;
    if (type != NET_STREAM) {
        dgram_init(&sk->dgram, type, sk);
        return sock_id(n, sk);
    }
    struct tcp_conn *c = tcp_conn_alloc(n);
    if (!c) {
        sock_free(n, sk);
        return -EMFILE;
    }
    attach(sk, c);
    return sock_id(n, sk);
}

int net_close(struct net *n, int s)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (sk->tcp)
        tcp_close(n, sk->tcp);
    else
        dgram_fini(n, &sk->dgram);
    sock_free(n, sk);
    return 0;
}

int net_abort(struct net *n, int s)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (sk->tcp)
        tcp_abort(n, sk->tcp);
    else
        dgram_fini(n, &sk->dgram);
    sock_free(n, sk);
    return 0;
}

int net_shutdown(struct net *n, int s, int how)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (sk->tcp)
        return tcp_shutdown(n, sk->tcp, how);
    if (how != NET_SHUT_RD && how != NET_SHUT_WR && how != NET_SHUT_RDWR)
        return -EINVAL;
    sk->dgram.shut_rd |= how != NET_SHUT_WR;
    sk->dgram.shut_wr |= how != NET_SHUT_RD;
    sock_edge(n, sk);
    return 0;
}

/* --- addresses ---------------------------------------------------------------- */

int net_bind(struct net *n, int s, uint32_t addr, uint16_t port)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    return sk->tcp ? tcp_bind(n, sk->tcp, addr, port) : dgram_bind(n, &sk->dgram, addr, port);
}

int net_listen(struct net *n, int s, int backlog)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    return sk->tcp ? tcp_listen(n, sk->tcp, backlog) : -EOPNOTSUPP;
}

static void put_addr(uint32_t *addr, uint16_t *port, uint32_t a, uint16_t p)
{
    if (addr)
        *addr = a;
    if (port)
        *port = p;
}

int net_accept(struct net *n, int s, uint32_t *addr, uint16_t *port)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (!sk->tcp)
        return -EOPNOTSUPP;
    if (sk->tcp->state != NET_TCP_LISTEN)
        return -EINVAL;
    if (!sk->tcp->acc_first)
        return -EAGAIN;             /* before -EMFILE: there is nothing to take */
    struct sock *child = sock_take(n, NET_STREAM);
    if (!child)
        return -EMFILE;             /* the connection keeps its place in the queue */
    attach(child, tcp_accept(n, sk->tcp));
    put_addr(addr, port, child->tcp->raddr, child->tcp->rport);
    lowered(sk);
    sock_edge(n, child);
    return sock_id(n, child);
}

int net_connect(struct net *n, int s, uint32_t addr, uint16_t port)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (!sk->tcp)
        return dgram_connect(n, &sk->dgram, addr, port);
    int err = tcp_connect(n, sk->tcp, addr, port);
    lowered(sk);
    return err;
}

int net_getsockname(struct net *n, int s, uint32_t *addr, uint16_t *port)
{
    const struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (sk->tcp)
        put_addr(addr, port, sk->tcp->laddr, sk->tcp->lport);
    else
        put_addr(addr, port, sk->dgram.laddr, sk->dgram.lport);
    return 0;
}

int net_getpeername(struct net *n, int s, uint32_t *addr, uint16_t *port)
{
    const struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    if (sk->tcp) {
        if (sk->tcp->state < NET_TCP_SYN_RCVD)
            return -ENOTCONN;
        put_addr(addr, port, sk->tcp->raddr, sk->tcp->rport);
        return 0;
    }
    if (!sk->dgram.raddr)
        return -ENOTCONN;
    put_addr(addr, port, sk->dgram.raddr, sk->dgram.rport);
    return 0;
}

/* --- data --------------------------------------------------------------------- */

ssize_t net_sendto(struct net *n, int s, const void *p, size_t len, uint32_t addr, uint16_t port)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    /* On a stream an address is ignored, as POSIX allows where it is connected. */
    ssize_t r = sk->tcp ? tcp_send(n, sk->tcp, p, len)
                        : dgram_sendto(n, &sk->dgram, p, len, addr, port);
    lowered(sk);
    return r;
}

ssize_t net_recvfrom(struct net *n, int s, void *p, size_t len, uint32_t *addr, uint16_t *port)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    ssize_t r;
    if (sk->tcp) {
        r = tcp_recv(n, sk->tcp, p, len);
        put_addr(addr, port, sk->tcp->raddr, sk->tcp->rport);
    } else {
        r = dgram_recvfrom(n, &sk->dgram, p, len, addr, port);
    }
    lowered(sk);
    return r;
}

ssize_t net_send(struct net *n, int s, const void *p, size_t len)
{
    return net_sendto(n, s, p, len, 0, 0);
}

ssize_t net_recv(struct net *n, int s, void *p, size_t len)
{
    return net_recvfrom(n, s, p, len, NULL, NULL);
}

/* --- options ------------------------------------------------------------------ */

static int dgram_setopt(struct dgram *d, enum net_opt opt, int value)
{
    switch (opt) {
    case NET_SO_RCVBUF:
        if (value < 0)
            return -EINVAL;
        d->rcvbuf_bytes = (size_t)value;
        return 0;
    case NET_SO_REUSEADDR:
        d->reuse = value != 0;
        return 0;
    case NET_IP_TTL:
        if (value < 1 || value > UINT8_MAX)
            return -EINVAL;
        d->ttl = (uint8_t)value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int dgram_getopt(struct dgram *d, enum net_opt opt, int *value)
{
    switch (opt) {
    case NET_SO_ERROR:
        *value = dgram_error_take(d);
        return 0;
    case NET_SO_RCVBUF:
        *value = (int)d->rcvbuf_bytes;
        return 0;
    case NET_SO_REUSEADDR:
        *value = d->reuse;
        return 0;
    case NET_SO_RCVQ:
        *value = (int)d->rxq_bytes;
        return 0;
    case NET_SO_SNDQ:
        *value = 0;                 /* a datagram leaves at once or not at all */
        return 0;
    case NET_IP_TTL:
        *value = d->ttl ? d->ttl : (int)NET_TTL_DEFAULT;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int net_setopt(struct net *n, int s, enum net_opt opt, int value)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    return sk->tcp ? tcp_setopt(n, sk->tcp, opt, value) : dgram_setopt(&sk->dgram, opt, value);
}

int net_getopt(struct net *n, int s, enum net_opt opt, int *value)
{
    struct sock *sk = sock_get(n, s);
    if (!sk)
        return -EBADF;
    int err = sk->tcp ? tcp_getopt(sk->tcp, opt, value) : dgram_getopt(&sk->dgram, opt, value);
    lowered(sk);
    return err;
}

/* --- looking ------------------------------------------------------------------ */

static struct net_sock_info tcp_info(const struct net *n, const struct tcp_conn *c)
{
    return (struct net_sock_info){
        .sock = sock_id(n, c->sock), .type = NET_STREAM, .state = (enum net_tcp_state)c->state,
        .laddr = c->laddr, .raddr = c->raddr, .lport = c->lport, .rport = c->rport,
        .recvq = c->rcv.len, .sendq = c->snd.len,
    };
}

static struct net_sock_info sock_info(const struct net *n, const struct sock *sk)
{
    const struct dgram *d = &sk->dgram;
    if (sk->tcp)
        return tcp_info(n, sk->tcp);
    return (struct net_sock_info){
        .sock = sock_id(n, sk), .type = (enum net_type)sk->type, .laddr = d->laddr,
        .raddr = d->raddr, .lport = d->lport, .rport = d->rport, .recvq = d->rxq_bytes,
    };
}

size_t net_sock_list(const struct net *n, struct net_sock_info *out, size_t max)
{
    size_t k = 0;
    for (unsigned i = 0; i < n->socks.max; i++) {
        if (n->socks.tab[i].type && k++ < max)
            out[k - 1] = sock_info(n, &n->socks.tab[i]);
    }
    /* Then those without a descriptor: to be accepted, or finishing by themselves. */
    for (unsigned i = 0; i < n->tcp.max; i++) {
        const struct tcp_conn *c = &n->tcp.pool[i];
        if (c->in_use && !c->sock && k++ < max)
            out[k - 1] = tcp_info(n, c);
    }
    return k;
}
