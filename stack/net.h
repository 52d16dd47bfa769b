/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - the TCP/IP stack: one `struct net` per host, polled with the time as
 * an argument. No threads, no clock, no OS calls; two live in one process.
 * Non-blocking only: -EAGAIN, and readiness as a queue of changed sockets.
 * Addresses and ports are in host order.
 */
#ifndef LY_STACK_NET_H
#define LY_STACK_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct net;
struct nic;
struct pkt_pool;
struct net_event;

struct net_cfg {
    struct nic *nic;            /* the caller's; outlives the net */
    struct pkt_pool *pool;      /* the caller's; its large packets carry what is fragmented */
    uint64_t seed;              /* ISN, ports, IP id, DNS id; same seed, same bytes */
    unsigned max_sockets;       /* 0: 256 */
    size_t sndbuf_bytes;        /* default of each TCP socket; 0: 64 KiB */
    size_t rcvbuf_bytes;        /* 0: 64 KiB - 1 (no window scaling) */
    /* Something a person would want to see. Called from within net_* calls; must
     * not call back. NULL: silent. */
    void (*event)(void *arg, const struct net_event *ev);
    void *event_arg;
};

/* Layers below a page load, for `fetch` and `trip` to show. */
enum net_event_kind {
    NET_EV_ARP_ASK = 1,     /* addr asked */
    NET_EV_ARP_ANSWER,      /* addr, mac */
    NET_EV_ARP_FAILED,      /* addr */
    NET_EV_TCP_SYN,         /* sock, addr, port */
    NET_EV_TCP_ESTABLISHED,
    NET_EV_TCP_FIN_SENT,
    NET_EV_TCP_FIN_RCVD,
    NET_EV_TCP_CLOSED,      /* err: 0 or negative errno */
    NET_EV_TCP_RETRANSMIT,
    NET_EV_DNS_ASK,         /* name, addr of the server */
    NET_EV_DNS_TCP,         /* the same, by TCP: the answer was truncated */
    NET_EV_DNS_ANSWER,      /* name, err */
    NET_EV_DHCP_BOUND,      /* addr, server, lease_s; again with each renewal */
    NET_EV_DHCP_LOST,       /* addr; refused, or its time is over */
};
struct net_event {
    enum net_event_kind kind;
    int64_t now_ns;
    int sock;
    uint32_t addr;
    uint16_t port;
    uint8_t mac[6];
    int err;
    const char *name;
    uint32_t server;            /* DHCP */
    uint32_t lease_s;           /* UINT32_MAX: for ever */
};

/* One X per counter: X(name, what). Grouped by layer; each drop has a reason. */
#define NET_COUNTERS(X)                                                        \
    X(eth_rx_frames, "frames received from the NIC")                           \
    X(eth_tx_frames, "frames handed to the NIC")                               \
    X(eth_rx_bytes, "bytes received, without FCS")                             \
    X(eth_tx_bytes, "bytes sent, without padding and FCS")                     \
    X(drop_eth_short, "shorter than an Ethernet header")                       \
    X(drop_eth_type, "EtherType not handled")                                  \
    X(drop_eth_not_mine, "destination address not ours")                       \
    X(drop_tx_nic_full, "NIC tx queue full")                                   \
    X(drop_tx_nic_refused, "NIC or its link down, or frame too long for it")   \
    X(drop_no_buffer, "packet pool empty")                                     \
    X(arp_rx, "ARP packets received")                                          \
    X(arp_tx, "ARP packets sent")                                              \
    X(arp_handled, "ARP packets that were well formed")                        \
    X(arp_conflicts, "of these: another host claims our address")              \
    X(arp_defences, "announcements of our address after a conflict")           \
    X(drop_arp_malformed, "ARP lengths or types wrong")                        \
    X(drop_arp_unresolved, "packet given up: no ARP answer")                   \
    X(drop_arp_queue_full, "packet given up: too many wait for ARP answers")   \
    X(drop_arp_table_full, "packet given up: too many addresses being asked")  \
    X(ip4_rx, "IPv4 packets received")                                         \
    X(ip4_tx, "IPv4 packets sent")                                             \
    X(drop_ip4_malformed, "IPv4 version, lengths or options wrong")            \
    X(drop_ip4_checksum, "IPv4 header checksum wrong")                         \
    X(drop_ip4_not_mine, "IPv4 destination not ours")                          \
    X(drop_ip4_martian, "IPv4 source impossible, or unicast in a group frame") \
    X(ip4_frag_rx, "of these: fragments")                                      \
    X(ip4_frag_joined, "fragments that became part of a whole datagram")       \
    X(ip4_reassembled, "IPv4 datagrams put together from fragments")           \
    X(drop_ip4_frag_malformed, "fragment empty, or its length not one of 8s")  \
    X(drop_ip4_frag_too_long, "fragments of a datagram above 65,535 bytes")    \
    X(drop_ip4_frag_duplicate, "fragment that was there already")              \
    X(drop_ip4_frag_overlap, "fragments that overlap or contradict another")   \
    X(drop_ip4_frag_timeout, "fragments whose datagram was not whole in time") \
    X(drop_ip4_frag_evicted, "fragments that made room for a newer datagram")  \
    X(drop_ip4_frag_no_buffer, "fragment without a buffer to be joined in")    \
    X(ip4_frag_tx, "IPv4 fragments sent")                                      \
    X(drop_ip4_no_route, "no route to destination")                            \
    X(drop_ip4_too_long, "packet to send too long, or in too many fragments")  \
    X(drop_ip4_no_proto, "IPv4 protocol not handled")                          \
    X(icmp4_rx, "ICMP messages received")                                      \
    X(icmp4_tx, "ICMP messages sent")                                          \
    X(icmp4_tx_limited, "ICMP errors not sent: rate limit")                    \
    X(icmp4_handled, "ICMP messages answered or delivered")                    \
    X(drop_icmp4_malformed, "ICMP message too short")                          \
    X(drop_icmp4_checksum, "ICMP checksum wrong")                              \
    X(drop_icmp4_type, "ICMP type or code not handled")                        \
    X(drop_icmp4_redirect, "ICMP redirect: routes change by hand only")        \
    X(drop_icmp4_quench, "ICMP source quench: obsolete (RFC 6633)")            \
    X(drop_icmp4_broadcast, "ICMP echo request to more than us")               \
    X(drop_icmp4_no_socket, "ICMP reply or error for no socket")               \
    X(drop_icmp4_not_in_flight, "ICMP error about no TCP segment under way")   \
    X(drop_icmp4_rcvbuf, "ICMP receive buffer full")                           \
    X(udp_rx, "UDP datagrams received")                                        \
    X(udp_tx, "UDP datagrams sent")                                            \
    X(udp_delivered, "UDP datagrams queued for their socket")                  \
    X(drop_udp_malformed, "UDP length wrong")                                  \
    X(drop_udp_checksum, "UDP checksum wrong")                                 \
    X(drop_udp_no_socket, "UDP port closed")                                   \
    X(drop_udp_rcvbuf, "UDP receive buffer full")                              \
    X(dns_truncated, "DNS answers by UDP that were cut: asked again by TCP")   \
    X(dns_cnames, "DNS answers that ended in a CNAME: its target was asked")   \
    X(dns_ignored_short, "DNS message ignored: header or question cut")        \
    X(dns_ignored_kind, "DNS message ignored: not an answer to a query")       \
    X(dns_ignored_id, "DNS message ignored: id not that of the question")      \
    X(dns_ignored_question, "DNS message ignored: name, type or class wrong")  \
    X(dhcp_tx, "DHCP messages sent")                                           \
    X(dhcp_rx, "DHCP messages received")                                       \
    X(dhcp_offers, "of these: an address was offered, and asked for")          \
    X(dhcp_acks, "of these: it was confirmed, or renewed")                     \
    X(dhcp_naks, "of these: it was refused")                                   \
    X(dhcp_declines, "addresses offered that another host has")                \
    X(drop_dhcp_malformed, "DHCP message cut, or without what it must have")   \
    X(drop_dhcp_not_mine, "DHCP message with another's xid or address")        \
    X(drop_dhcp_state, "DHCP message that was not waited for")                 \
    X(tcp_rx, "TCP segments received")                                         \
    X(tcp_tx, "TCP segments sent")                                             \
    X(tcp_tx_rst, "RST segments sent")                                         \
    X(tcp_retransmits, "TCP segments sent again")                              \
    X(drop_tcp_to_many, "TCP segment to a broadcast or multicast address")     \
    X(drop_tcp_malformed, "TCP header length or options wrong")                \
    X(drop_tcp_checksum, "TCP checksum wrong")                                 \
    X(drop_tcp_no_socket, "no connection and no listener (RST sent)")          \
    X(drop_tcp_out_of_window, "segment outside the window")                    \
    X(drop_tcp_backlog, "listen backlog full")                                 \
    X(drop_tcp_state, "segment not acceptable in its state")                   \
    X(drop_tcp_ooo, "out-of-order segment not queued")                         \
    X(csum_tx_computed, "transport checksums computed in software")            \
    X(csum_rx_verified, "transport checksums verified in software")            \
    X(csum_rx_by_nic, "transport checksums verified by the NIC")

struct net_counters {
#define X(name, what) uint64_t name;
    NET_COUNTERS(X)
#undef X
};

/** net_create() - Returns 0 and *out; -ENOMEM, -EINVAL. */
int net_create(struct net **out, const struct net_cfg *cfg);

/** net_destroy() - aborts what is open, releases every packet. NULL is allowed. */
void net_destroy(struct net *n);

/**
 * net_poll() - take frames from the NIC, run what is due, send what can go.
 * Calls nic_poll() itself. @next_ns: when to call again at the latest,
 * INT64_MAX for "only on input". Calls between two polls act at the time of the
 * last one: after having waited, poll before them.
 *
 * Returns 0, -ENODEV when the NIC is gone.
 */
int net_poll(struct net *n, int64_t now_ns, int64_t *next_ns);

/* --- configuration: one interface, a routing table with longest prefix --- */

/** net_set_addr() - our address and subnet; the route to the subnet comes with it, the
 * ARP table is emptied. @addr 0: none. Returns 0, -EINVAL no address of a host,
 * -ENOSPC no room for the route. */
int net_set_addr(struct net *n, uint32_t addr, unsigned prefix_len);
/** net_route_add() - @dst 0 with @prefix_len 0: the default route; @gw 0: on the link.
 * Returns 0, -EINVAL bits of @dst beyond the prefix, -ENETUNREACH the gateway is no
 * neighbour, -EEXIST, -ENOSPC above 32. */
int net_route_add(struct net *n, uint32_t dst, unsigned prefix_len, uint32_t gw);
/** net_route_del() - Returns 0, -ENOENT. */
int net_route_del(struct net *n, uint32_t dst, unsigned prefix_len);
/** net_set_dns() - server @i, asked in this order; @addr 0: none, @port 0: 53. Takes
 * effect with the next question. Returns 0, -EINVAL @i above 2. */
int net_set_dns(struct net *n, unsigned i, uint32_t addr, uint16_t port);
/** net_addr() - our address, 0 if there is none. */
uint32_t net_addr(const struct net *n);

/* --- DHCP client (RFC 2131): address, router and name servers from the network ---- */
enum net_dhcp_state {
    NET_DHCP_OFF,
    NET_DHCP_INIT,              /* about to begin (again) */
    NET_DHCP_SELECTING,         /* offers are asked for */
    NET_DHCP_REQUESTING,        /* an offer was taken, and is to be confirmed */
    NET_DHCP_CHECKING,          /* it is; does another host use the address? */
    NET_DHCP_BOUND,             /* from here on there is an address */
    NET_DHCP_RENEWING,          /* its server is asked for more time */
    NET_DHCP_REBINDING,         /* any server is */
};
struct net_dhcp_lease {
    uint32_t addr, server;
    unsigned prefix_len;
    uint32_t router;            /* 0: none */
    uint32_t dns[3];            /* 0: none */
    uint32_t lease_s;           /* UINT32_MAX: for ever */
    int64_t t1_ns, t2_ns;       /* when it is renewed, when any server is asked */
    int64_t expires_ns;         /* INT64_MAX: never */
};
/** net_dhcp_start() - get an address and keep it, until net_dhcp_stop(). Address, default
 * route and name servers are set by the lease, and taken away with it: connections then
 * end with ENETDOWN. Name servers that were set before are kept. Returns 0, -EALREADY,
 * -EEXIST there is an address, -EADDRINUSE a socket has UDP port 68. */
int net_dhcp_start(struct net *n);
/** net_dhcp_stop() - give the lease back. The address stays set, so that what waits for
 * ARP can still leave: nothing new may be sent. Returns whether there was a lease. */
bool net_dhcp_stop(struct net *n);
/** net_dhcp_get() - @lease may be NULL; from REQUESTING on it is what was offered. */
enum net_dhcp_state net_dhcp_get(const struct net *n, struct net_dhcp_lease *lease);

/* --- sockets: small integers, -errno on failure -------------------------- */
enum net_type { NET_STREAM = 1, NET_DGRAM = 2, NET_ICMP = 3 };

/* Readiness bits. */
#define NET_IN     1u   /* data, a connection to accept, or end of stream */
#define NET_OUT    2u   /* room to send */
#define NET_HUP    4u   /* both directions are finished */
#define NET_ERR    8u   /* see NET_SO_ERROR */
#define NET_RDHUP  16u  /* the peer will send no more */

/** net_socket() - NET_ICMP: echo requests, payload = ICMP header and data
 * without checksum handling; the id is the socket's port as with Linux ping
 * sockets. Returns a descriptor, -EMFILE. */
int net_socket(struct net *n, enum net_type type);
int net_bind(struct net *n, int s, uint32_t addr, uint16_t port); /* port 0: any */
int net_listen(struct net *n, int s, int backlog);
/** net_accept() - Returns the new descriptor, -EAGAIN. @addr, @port may be NULL. */
int net_accept(struct net *n, int s, uint32_t *addr, uint16_t *port);
/** net_connect() - Returns 0 (datagram: default destination), -EINPROGRESS,
 * -EISCONN, -ENETUNREACH, -EADDRNOTAVAIL. The result comes as NET_OUT or NET_ERR. */
int net_connect(struct net *n, int s, uint32_t addr, uint16_t port);
/** net_send() - Returns bytes taken (may be fewer), -EAGAIN, -EPIPE, -ENOTCONN,
 * -ECONNRESET, -ETIMEDOUT, -EMSGSIZE. */
ssize_t net_send(struct net *n, int s, const void *p, size_t len);
/** net_recv() - Returns bytes, 0 at the end of the stream, -EAGAIN, -ENOTCONN,
 * -ECONNRESET, -ETIMEDOUT, -ECONNREFUSED. */
ssize_t net_recv(struct net *n, int s, void *p, size_t len);
ssize_t net_sendto(struct net *n, int s, const void *p, size_t len, uint32_t addr, uint16_t port);
ssize_t net_recvfrom(struct net *n, int s, void *p, size_t len, uint32_t *addr, uint16_t *port);
#define NET_SHUT_RD 0
#define NET_SHUT_WR 1
#define NET_SHUT_RDWR 2
int net_shutdown(struct net *n, int s, int how);
/** net_close() - the descriptor is free at once; the connection finishes by itself. */
int net_close(struct net *n, int s);
/** net_abort() - close with RST. */
int net_abort(struct net *n, int s);
int net_getsockname(struct net *n, int s, uint32_t *addr, uint16_t *port);
int net_getpeername(struct net *n, int s, uint32_t *addr, uint16_t *port);

enum net_opt {
    NET_SO_ERROR = 1,   /* get: positive errno, cleared by reading */
    NET_SO_SNDBUF, NET_SO_RCVBUF,   /* bytes; before connect or listen */
    NET_SO_REUSEADDR,
    NET_SO_KEEPALIVE,
    NET_SO_LINGER,      /* seconds, -1 off; 0 = close sends RST */
    NET_TCP_NODELAY,
    NET_TCP_MAXSEG,
    NET_SO_SNDQ, NET_SO_RCVQ,       /* get: bytes queued */
    NET_TCP_STATE,      /* get: enum net_tcp_state */
    NET_IP_TTL,
    NET_IP_TOS,         /* stream only: the DiffServ byte */
    NET_TCP_USER_TIMEOUT,   /* ms that text or SYN may wait for an ACK; 0: by retries */
    NET_TCP_KEEPIDLE,   /* seconds of silence before NET_SO_KEEPALIVE asks; 7200 */
};
int net_setopt(struct net *n, int s, enum net_opt opt, int value);
int net_getopt(struct net *n, int s, enum net_opt opt, int *value);

enum net_tcp_state {
    NET_TCP_CLOSED, NET_TCP_LISTEN, NET_TCP_SYN_SENT, NET_TCP_SYN_RCVD, NET_TCP_ESTABLISHED,
    NET_TCP_FIN_WAIT_1, NET_TCP_FIN_WAIT_2, NET_TCP_CLOSE_WAIT, NET_TCP_CLOSING,
    NET_TCP_LAST_ACK, NET_TCP_TIME_WAIT,
};
const char *net_tcp_state_name(enum net_tcp_state s);

/** net_ready() - NET_* bits of a socket now. */
unsigned net_ready(struct net *n, int s);
/** net_changed() - the next socket whose readiness changed since it was last
 * returned, -1 if none. No scan: a queue. */
int net_changed(struct net *n);

/* --- resolver (stub): A, AAAA, MX, CNAME by UDP with retry, TCP for what is cut - */
enum net_dns_type { NET_DNS_A = 1, NET_DNS_CNAME = 5, NET_DNS_MX = 15, NET_DNS_AAAA = 28 };
struct net_dns_rr {
    char name[256];             /* owner, presentation form without final dot */
    uint16_t type;
    uint32_t ttl_s;
    uint32_t a;                 /* A */
    uint8_t aaaa[16];           /* AAAA */
    uint16_t pref;              /* MX */
    char target[256];           /* CNAME, MX */
};
#define NET_DNS_RR_MAX 64
struct net_dns_answer {
    int err;                    /* 0; -ENOENT NXDOMAIN; -ENODATA no such type; -ETIMEDOUT;
                                   -EPROTO SERVFAIL or malformed; -ELOOP CNAMEs without end;
                                   -ECONNREFUSED; other ICMP, ARP or TCP errors of the
                                   server as they are (-EHOSTUNREACH) */
    uint8_t rcode;
    bool tcp;                   /* the last answer came by TCP */
    uint32_t server;
    uint16_t server_port;
    int64_t took_ns;
    unsigned count;             /* of rr[]: the CNAMEs from the question on, then its type */
    unsigned left_out;          /* records beyond NET_DNS_RR_MAX */
    struct net_dns_rr rr[NET_DNS_RR_MAX];
};
/** net_dns_query() - Returns a handle >= 0, -EINVAL bad name, -ENETUNREACH no
 * server set, -EMFILE. */
int net_dns_query(struct net *n, const char *name, enum net_dns_type type);
/** net_dns_result() - Returns 0 with *out and the handle freed; -EAGAIN; -EBADF. */
int net_dns_result(struct net *n, int handle, struct net_dns_answer *out);
void net_dns_cancel(struct net *n, int handle);

/* --- looking ---------------------------------------------------------------- */
const struct net_counters *net_counters(const struct net *n);
struct net_sock_info {
    int sock;                   /* -1: closed by its user, still finishing */
    enum net_type type;
    enum net_tcp_state state;
    uint32_t laddr, raddr;
    uint16_t lport, rport;
    size_t recvq, sendq;        /* bytes */
};
/** net_sock_list() - fills up to @max; returns how many there are. */
size_t net_sock_list(const struct net *n, struct net_sock_info *out, size_t max);
struct net_arp_info {
    uint32_t addr;
    uint8_t mac[6];
    bool resolved;              /* mac is known */
    bool stale;                 /* and so old that its next use asks again */
    int64_t age_ns;             /* since it was confirmed, or first asked for */
};
size_t net_arp_list(const struct net *n, struct net_arp_info *out, size_t max);
struct net_route_info { uint32_t dst; unsigned prefix_len; uint32_t gw; };
size_t net_route_list(const struct net *n, struct net_route_info *out, size_t max);

#endif
