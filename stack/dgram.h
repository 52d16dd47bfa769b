/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.h - a datagram endpoint: a port with a queue of received packets. One
 * is embedded in each NET_DGRAM and NET_ICMP socket (socket.h) and in each
 * question of the resolver (dns.c), which has no descriptor.
 *
 * The endpoint owns the packets in its queue. A queued packet has its head at
 * the payload; sender and port are read from its l3 and l4 headers.
 */
#ifndef LY_STACK_DGRAM_H
#define LY_STACK_DGRAM_H

#include "driver/pkt.h"
#include "stack/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sock;

#define DGRAM_RCVBUF_BYTES 147456u  /* default of rcvbuf: two of the longest datagrams */
#define DGRAM_OVERHEAD_BYTES 256u   /* added per packet: empty ones are not free */
#define DGRAM_LARGE_BYTES 8192u     /* in its place for a packet of the large class */
#define DGRAM_BUCKETS 64u

/* Ephemeral ports: the range of Linux, drawn at random (RFC 6056 3.3.2). */
#define PORT_EPHEMERAL_FIRST 32768u
#define PORT_EPHEMERAL_COUNT 28232u /* ..60999 */

struct dgram {
    struct dgram *next;         /* of its bucket */
    struct sock *sock;          /* told by sock_changed(); NULL: the resolver's */
    enum net_type type;         /* NET_DGRAM, NET_ICMP (then lport is the id) */
    uint32_t laddr, raddr;      /* 0: any; 0: not connected */
    uint16_t lport, rport;      /* 0: not bound; 0: not connected (NET_ICMP: unused) */
    uint8_t ttl;                /* 0: the stack's default */
    bool any_addr;              /* laddr follows from raddr: bind() said any */
    bool reuse;                 /* may share its port with others that have this set */
    bool shut_rd, shut_wr;
    unsigned want_frames;       /* told -EAGAIN: NET_OUT is owed when so many have room; 0: no */
    int err;                    /* pending, positive errno; 0 none */
    size_t rcvbuf_bytes;
    size_t rxq_bytes;           /* payload only */
    size_t rxq_held;            /* the same with what each packet adds: against rcvbuf */
    struct pkt_list rxq;
};

struct dgram_table {
    struct dgram *bucket[DGRAM_BUCKETS];
    unsigned want_out;          /* endpoints that wait for room in the NIC */
};

/** dgram_init() - an unbound endpoint in the caller's memory. */
void dgram_init(struct dgram *d, enum net_type type, struct sock *s);

/** dgram_fini() - unbind and release what is queued. Harmless when repeated. */
void dgram_fini(struct net *n, struct dgram *d);

/**
 * dgram_bind() - @port 0: a random free one.
 *
 * Returns 0; -EINVAL already bound; -EADDRNOTAVAIL not our address (0 is any);
 * -EADDRINUSE.
 */
int dgram_bind(struct net *n, struct dgram *d, uint32_t addr, uint16_t port);

/**
 * dgram_connect() - default destination and only accepted sender; binds if
 * needed. @addr 0 dissolves it.
 *
 * Returns 0, -ENETUNREACH, -EADDRINUSE (no free port), -EADDRNOTAVAIL (bound to an address that
 * is ours no more).
 */
int dgram_connect(struct net *n, struct dgram *d, uint32_t addr, uint16_t port);

/**
 * dgram_sendto() - one datagram; binds if needed; a connected endpoint has our address of now.
 * NET_ICMP: see net_socket().
 * @addr, @port: 0, 0 for the connected peer
 *
 * Returns @len; -EAGAIN (no room in the NIC, no buffer: NET_OUT follows when there is), -EMSGSIZE
 * (above 65,535 bytes with its headers, or too many fragments), -EDESTADDRREQ, -EPIPE
 * (shut down), -ENETUNREACH, -EINVAL (NET_ICMP: not an echo request), or minus the
 * pending error.
 */
ssize_t dgram_sendto(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr,
                     uint16_t port);

/**
 * dgram_recvfrom() - the oldest datagram; what does not fit into @len is lost.
 *
 * Returns bytes copied, 0 also when shut down for reading; -EAGAIN; minus the
 * pending error, which is cleared.
 */
ssize_t dgram_recvfrom(struct net *n, struct dgram *d, void *p, size_t len, uint32_t *addr,
                       uint16_t *port);

/** dgram_take() - the oldest packet of the queue, now the caller's; NULL if none. */
struct pkt *dgram_take(struct dgram *d);

/** dgram_ready() - NET_* bits now. */
unsigned dgram_ready(const struct dgram *d);

/** dgram_error_take() - the pending error as a positive errno, cleared. */
int dgram_error_take(struct dgram *d);

/**
 * dgram_find() - the endpoint for a packet that arrived, the most specific one:
 * connected to its sender, then bound to our address, then to any.
 */
struct dgram *dgram_find(struct net *n, enum net_type type, uint32_t laddr, uint16_t lport,
                         uint32_t raddr, uint16_t rport);

/**
 * dgram_deliver() - queue a received packet, head at the payload; consumed.
 *
 * Returns 0, -ENOBUFS receive buffer full (the caller counts).
 */
int dgram_deliver(struct net *n, struct dgram *d, struct pkt *p);

/** dgram_set_error() - a positive errno becomes pending; wakes the socket. */
void dgram_set_error(struct net *n, struct dgram *d, int err);

/** dgram_room() - tell those who got -EAGAIN that the NIC has room again. */
void dgram_room(struct net *n);

#endif
