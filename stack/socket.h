/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h - the descriptor table and the queue of changed sockets: what the
 * protocols of this folder need of sockets. The public calls are in net.h.
 *
 * A socket is thin: its state is its connection (tcp.h) or its datagram
 * endpoint (dgram.h). A descriptor is the index in the table; closing frees it
 * at once, and the connection goes on without a socket.
 */
#ifndef LY_STACK_SOCKET_H
#define LY_STACK_SOCKET_H

#include "stack/dgram.h"
#include "stack/net.h"

#include <stdbool.h>
#include <stdint.h>

struct tcp_conn;

struct sock {
    uint8_t type;               /* enum net_type; 0: free */
    uint8_t ready_last;         /* NET_* bits when last returned or lowered */
    bool changed;               /* stands in the queue */
    bool hidden;                /* the stack's own: net_changed() never returns it */
    struct tcp_conn *tcp;       /* NET_STREAM: never NULL; else NULL */
    struct dgram dgram;         /* the other types */
    struct sock *next, *prev;   /* queue of changed sockets; next: free list */
};

struct sock_table {
    struct sock *tab;           /* index = descriptor */
    unsigned max;
    struct sock *free;
    unsigned n_free;
    struct sock *first, *last;  /* changed, oldest first */
};

/** sock_get() - the open socket of a descriptor; NULL: -EBADF. */
struct sock *sock_get(struct net *n, int s);

/** sock_id() - the descriptor of @sk; -1 for NULL. */
int sock_id(const struct net *n, const struct sock *sk);

/** sock_hide() - an open descriptor that the stack uses for itself: its user would not
 * know what to do with the news of it. */
void sock_hide(struct net *n, int s);

/** sock_edge() - queue @sk where a readiness bit is up that was not before.
 * NULL is allowed: nobody to tell. */
void sock_edge(struct net *n, struct sock *sk);

/* sock_changed(), in net_int.h, queues it in any case: there is news (data, a
 * connection, an error) even if the bit was up already. */

#endif
