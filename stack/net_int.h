/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_int.h - the seam between the files of the stack: struct net, and what each
 * protocol offers the others. Private to stack/ (and its unit tests).
 *
 * Conventions
 * - A packet given to an _rx function has its head at the header of that layer,
 *   and p->l3 / p->l4 set by the layers below. From the transports up, p->len is
 *   exact: link padding is gone. _rx functions consume the packet.
 * - A received frame ends in exactly one place: a drop counter, arp_handled,
 *   icmp4_handled, udp_delivered, or inside TCP. Tests add these up.
 * - `now_ns` is the time of the net_poll() under way. Calls of the user carry no
 *   time and use n->now_ns, the time of the last net_poll().
 */
#ifndef LY_STACK_NET_INT_H
#define LY_STACK_NET_INT_H

#include "driver/nic.h"
#include "driver/pkt.h"
#include "stack/dgram.h"
#include "stack/net.h"
#include "stack/rng.h"
#include "stack/socket.h"
#include "stack/tcp.h"
#include "stack/wire/ip4.h"

#include <stdbool.h>
#include <stdint.h>

struct arp_view;

#define NET_NS_PER_S INT64_C(1000000000)
#define NET_NS_PER_MS INT64_C(1000000)
#define NET_NEVER INT64_MAX

#define NET_TTL_DEFAULT 64u     /* RFC 1122 3.2.1.7; the value that IANA gives */
#define NET_MTU_MIN 68u         /* RFC 791 3.2: every link carries that */
#define NET_MTU_MAX 1500u       /* RFC 894; jumbo frames are a later issue */

/* --- arp.c: limits -------------------------------------------------------- */
#define ARP_ENTRIES 64u
#define ARP_ASKING_MAX 32u      /* entries being asked take no more places of live ones */
#define ARP_WAIT_MAX 16u        /* packets that wait for one address */
#define ARP_WAIT_BYTES (512u * 1024)    /* of buffers that wait for all of them */
#define ARP_TRIES 3u
#define ARP_TRY_NS (1 * NET_NS_PER_S)           /* RFC 1122 2.3.2.1: at most 1/s */
#define ARP_REACHABLE_NS (60 * NET_NS_PER_S)    /* then asked again when used */
#define ARP_DEFEND_NS (10 * NET_NS_PER_S)       /* RFC 5227 1.1: DEFEND_INTERVAL */

enum arp_state_kind {
    ARP_FREE,
    ARP_ASKING,         /* no address yet; packets wait */
    ARP_REACHABLE,
    ARP_PROBING,        /* known and in use, but old: asked again by unicast */
};

struct arp_entry {
    enum arp_state_kind kind;
    uint32_t addr;
    uint8_t mac[6];
    bool wanted;                /* we send there; else it has only asked for us */
    unsigned tries;             /* requests sent in ASKING or PROBING */
    int64_t confirmed_ns;       /* last time that the address was seen to be right */
    int64_t used_ns;
    uint64_t used;              /* a running number: the least recently used makes room */
    int64_t due_ns;             /* next request, or giving up */
    struct pkt_list wait;       /* ASKING: head at the IP header */
};

struct arp_state {
    struct arp_entry entry[ARP_ENTRIES];
    struct arp_entry *last;     /* of the last look-up that hit */
    int64_t due_ns;             /* no entry is due before */
    int64_t defend_ns;          /* from then on a conflict is answered again */
    uint64_t uses;              /* the last number given out */
    size_t wait_bytes;          /* buffers of all packets that wait */
};

/* --- ip4_route.c: limits -------------------------------------------------- */
#define IP4_ROUTES 32u

struct ip4_route {
    uint32_t dst;
    uint32_t gw;                /* 0: on the link */
    uint8_t prefix_len;
};

struct ip4_state {
    uint32_t addr;              /* 0: not configured */
    uint8_t prefix_len;
    unsigned n_routes;
    struct ip4_route route[IP4_ROUTES];     /* longest prefix first */
};

/* --- ip4_frag.c: datagrams that are being put together -------------------- */
#define IP4_TOTAL_MAX 65535u
#define IP4_FRAG_DATAGRAMS 16u      /* each holds one large packet of the pool */
#define IP4_FRAG_NS (30 * NET_NS_PER_S)     /* as Linux' ipfrag_time */
#define IP4_FRAG_BLOCKS 8192u       /* of 8 bytes, in the longest datagram */

struct ip4_frag {
    struct pkt *pkt;            /* NULL: free. Payload from its head on, header in front */
    uint32_t src, dst;          /* these, proto and id name the datagram: RFC 791 3.2 */
    uint16_t id;
    uint8_t proto;
    bool to_many;               /* one of the fragments was */
    bool ended;                 /* the last fragment is there: `end` is final */
    uint32_t end;               /* bytes of payload up to the farthest fragment's end */
    unsigned blocks;            /* bits set in `have` */
    unsigned fragments;         /* that it is made of */
    int64_t due_ns;             /* given up then */
    struct ip4_view first;      /* of the fragment at offset 0; hdr_bytes 0: not there yet */
    uint64_t have[IP4_FRAG_BLOCKS / 64];
};

/* --- ip4_tx.c, ip4_pmtu.c: datagrams above the MTU of their path ----------- */
#define IP4_FRAG_TX_MAX 64u         /* fragments of one datagram: they leave together */
#define IP4_ID_BUCKETS 64u
#define IP4_PMTU_ENTRIES 32u
#define IP4_PMTU_NS (600 * NET_NS_PER_S)    /* RFC 1191 6.3; Linux' mtu_expires */
#define IP4_PMTU_MIN 552u           /* Linux' min_pmtu: less is a lie or not worth it */
#define IP4_PMTU_DF_MIN 576u        /* below what every host takes DF is left out */

struct ip4_pmtu {
    uint32_t dst;               /* 0: free */
    uint16_t mtu;
    int64_t until_ns;
};

/* --- icmp4.c: rate limit of errors, as Linux' icmp_msgs_per_sec and _burst --- */
#define ICMP4_ERRORS_PER_S 1000
#define ICMP4_ERRORS_BURST 50

struct icmp4_state {
    int64_t full_at_ns;         /* when the bucket of errors is full again */
};

/* --- dns.c ---------------------------------------------------------------- */
#define DNS_SERVERS 3u
#define DNS_QUERIES 16u

struct dns_query;
struct dns_server {
    uint32_t addr;              /* 0: not set */
    uint16_t port;
};
struct dns_state {
    struct dns_server server[DNS_SERVERS];
    struct dns_query *query;    /* DNS_QUERIES of them */
};

/* --- dhcp.c --------------------------------------------------------------- */
struct dhcp_state {
    enum net_dhcp_state state;
    struct dgram ep;            /* UDP port 68 */
    struct net_dhcp_lease lease;    /* offered, then held */
    uint32_t xid;
    uint16_t secs;              /* of the last DISCOVER, as its REQUEST has to repeat */
    unsigned tries;             /* of what this state sends */
    bool keep_dns;              /* the user's name servers stay */
    int64_t began_ns;           /* the first DISCOVER */
    int64_t asked_ns;           /* REQUEST, the first or the last: a lease counts from there */
    int64_t due_ns;             /* NET_NEVER: nothing to do */
};

struct net {
    struct net_cfg cfg;
    struct nic *nic;
    struct pkt_pool *pool;
    int64_t now_ns;             /* of the last net_poll() */
    struct net_counters c;
    struct rng rng[RNG_STREAMS];
    struct arp_state arp;
    struct ip4_state ip4;
    struct ip4_frag frag[IP4_FRAG_DATAGRAMS];
    struct ip4_pmtu pmtu[IP4_PMTU_ENTRIES];
    uint64_t ip4_id_key[2];     /* which bucket a datagram takes its id from */
    uint16_t ip4_id[IP4_ID_BUCKETS];
    struct icmp4_state icmp4;
    struct dgram_table dgrams;
    struct dns_state dns;
    struct dhcp_state dhcp;
    struct sock_table socks;    /* stack/socket.h */
    struct tcp_state tcp;       /* stack/tcp.h */
};

/* --- net.c ---------------------------------------------------------------- */

/** net_pkt_alloc() - an empty packet; NULL is counted as drop_no_buffer. */
struct pkt *net_pkt_alloc(struct net *n, enum pkt_class c);

/** net_pkt_alloc_for() - the same, of the class that @bytes above the headroom need. */
struct pkt *net_pkt_alloc_for(struct net *n, size_t bytes);

/** net_tx_room() - frames that the NIC takes now. Senders that can wait ask first. */
static inline unsigned net_tx_room(const struct net *n)
{
    return nic_tx_room(n->nic);
}

/** net_emit() - hand an event to the user's callback, with the time filled in. */
void net_emit(struct net *n, struct net_event ev);

/**
 * transport_csum() - have the checksum of an outgoing message made: by the NIC if
 * it inserts and the message stays in one frame (then the field holds the pseudo
 * header's sum and VNET_F_NEEDS_CSUM, csum_at, csum_off are set), else here
 * (csum_tx_computed).
 * @p:     head at the transport header, length final, field anything
 * @proto: IP4_PROTO_ICMP has no pseudo header
 * @field: offset of the checksum field from the head
 */
void transport_csum(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto,
                    unsigned field);

/**
 * transport_csum_ok() - is the checksum of a received message right? Believes the
 * NIC (csum_rx_by_nic; csum_bad is a no), else sums (csum_rx_verified).
 * @p: head at the transport header, len exact
 *
 * Returns true if right. UDP without checksum must not be asked about.
 */
bool transport_csum_ok(struct net *n, const struct pkt *p, const struct ip4_view *ip);

/* --- eth.c ---------------------------------------------------------------- */

/** eth_rx() - one frame from the NIC; consumed. */
void eth_rx(struct net *n, struct pkt *p, int64_t now_ns);

/**
 * eth_tx() - put the header in front and hand the frame to the NIC; consumed.
 * @dst:  six bytes
 * @type: EtherType
 *
 * Returns 0; -ENOBUFS (drop_tx_nic_full), -ENETDOWN or -EMSGSIZE (drop_tx_nic_refused).
 */
int eth_tx(struct net *n, struct pkt *p, const uint8_t *dst, uint16_t type);

/* --- arp.c ---------------------------------------------------------------- */

/** arp_rx() - one ARP packet; consumed. RFC 826 "Packet Reception". */
void arp_rx(struct net *n, struct pkt *p, int64_t now_ns);

/**
 * arp_tx() - send an IPv4 packet to a neighbour, asking for its address first if
 * it is not known; consumed.
 *
 * Returns 0 sent or waiting; else as ip4_link_tx().
 */
int arp_tx(struct net *n, struct pkt *p, uint32_t next_hop, int64_t now_ns);

/** arp_poll() - repeat requests, give up. Returns the next deadline, NET_NEVER. */
int64_t arp_poll(struct net *n, int64_t now_ns);

/** arp_ask_all() - one request to all about @addr. About our own address it is an
 * announcement, without one it is a probe (RFC 5227 1.1, 2.3). */
void arp_ask_all(struct net *n, uint32_t addr);

/** arp_forget() - drop the whole table and release what waits. */
void arp_forget(struct net *n);

/* --- ip4_tx.c, ip4_rx.c, ip4_frag.c, ip4_pmtu.c, ip4_route.c -------------- */

/** ip4_rx() - one IPv4 packet; consumed. @link_many: its frame was not to us alone. */
void ip4_rx(struct net *n, struct pkt *p, bool link_many, int64_t now_ns);

/**
 * ip4_tx() - put the header in front and send by the routing table; consumed.
 * @p:   head at the transport header, checksum done
 * @src: 0 for our address
 * @ttl: 0 for NET_TTL_DEFAULT
 *
 * A packet above the path's MTU leaves in fragments; TCP keeps below the link's.
 *
 * Returns 0 sent or waiting for ARP; -ENETUNREACH (drop_ip4_no_route); -EMSGSIZE
 * TCP above the link's MTU, above 65,535 bytes, or more than IP4_FRAG_TX_MAX
 * fragments (drop_ip4_too_long); else as arp_tx().
 */
int ip4_tx(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto, uint8_t ttl,
           int64_t now_ns);

/** ip4_tx_tos() - the same with the type-of-service byte. */
int ip4_tx_tos(struct net *n, struct pkt *p, uint32_t src, uint32_t dst, uint8_t proto,
               uint8_t ttl, uint8_t tos, int64_t now_ns);

/**
 * ip4_link_tx() - the packet leaves to @mac, whole or in fragments; consumed. For arp.c.
 * @p: head at its IPv4 header
 *
 * Returns as eth_tx(). Where NIC or pool lack room for all fragments, none leaves
 * (drop_tx_nic_full, drop_no_buffer: one of either).
 */
int ip4_link_tx(struct net *n, struct pkt *p, const uint8_t *mac);

/** ip4_tx_frames() - frames that a packet of @bytes, IPv4 header included, takes to
 * @dst; 0: it cannot be sent. Not for TCP. */
unsigned ip4_tx_frames(const struct net *n, uint32_t dst, size_t bytes);

/**
 * ip4_frag_rx() - one fragment; consumed.
 * @p: head at the payload, l3 at the header
 * @v: its header
 *
 * Returns the whole datagram, its head at the payload and *v its header, when this
 * was the last one missing; else NULL. Source: RFC 791 3.2, RFC 1122 3.3.2.
 */
struct pkt *ip4_frag_rx(struct net *n, struct pkt *p, struct ip4_view *v, int64_t now_ns);

/** ip4_frag_poll() - give up what was not whole in time. Returns the next deadline,
 * NET_NEVER. */
int64_t ip4_frag_poll(struct net *n, int64_t now_ns);

/** ip4_frag_held() - fragments that wait for others. */
unsigned ip4_frag_held(const struct net *n);

/** ip4_frag_fini() - release what waits. */
void ip4_frag_fini(struct net *n);

/** ip4_mtu() - largest IPv4 packet of the link, header included. TCP's MSS is 40 less. */
uint32_t ip4_mtu(const struct net *n);

/** ip4_path_mtu() - largest IPv4 packet that reaches @dst whole, as far as we know:
 * ip4_mtu(), or less for ten minutes after a router said so. RFC 1191. */
uint32_t ip4_path_mtu(const struct net *n, uint32_t dst);

/**
 * ip4_pmtu_told() - the MTU to believe after "fragmentation needed".
 * @mtu:   of the next hop; 0 not told (a router older than RFC 1191)
 * @bytes: total length of the packet that did not fit
 *
 * Returns bytes, IP4_PMTU_MIN or more. Source: RFC 1191 5, 7.
 */
uint16_t ip4_pmtu_told(uint16_t mtu, uint16_t bytes);

/** ip4_pmtu_lower() - note the path MTU to @dst, where it is below the one known. */
void ip4_pmtu_lower(struct net *n, uint32_t dst, uint16_t mtu);

/** ip4_src_for() - our address towards @dst; 0: no route, or none configured. */
uint32_t ip4_src_for(struct net *n, uint32_t dst);

/** ip4_is_broadcast() - limited or of our subnet. */
bool ip4_is_broadcast(const struct net *n, uint32_t a);

/** ip4_host_ok() - may a host have this address in a subnet of so many bits? */
bool ip4_host_ok(uint32_t addr, unsigned prefix_len);

/** ip4_next_hop() - Returns 0 and *hop, -ENETUNREACH. */
int ip4_next_hop(const struct net *n, uint32_t dst, uint32_t *hop);

/* --- icmp4.c -------------------------------------------------------------- */

/* An error about a packet that we sent: from the network, or from our own ARP. */
struct icmp4_error_view {
    uint32_t from;              /* who reports; our address when it was ARP */
    uint8_t type, code;         /* ICMP */
    int err;                    /* positive errno, as Linux' icmp_err_convert */
    bool hard;                  /* may end a connection being made (RFC 1122 4.2.3.9) */
    uint16_t mtu;               /* type 3 code 4: of the path, ip4_pmtu_told() */
    uint8_t proto;              /* of the packet that we sent, as all below */
    uint16_t bytes;             /* its total length */
    uint32_t src, dst;          /* src is ours */
    uint16_t sport, dport;      /* NET_ICMP: sport is the id */
    uint32_t seq;               /* TCP */
};

/** icmp4_rx() - one ICMP message; consumed. */
void icmp4_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns);

/**
 * icmp4_error_tx() - answer a received packet by an error, where RFC 1122 3.2.2
 * allows one and the rate limit has room (else icmp4_tx_limited).
 * @orig: its l3 at the IPv4 header; not consumed
 */
void icmp4_error_tx(struct net *n, const struct pkt *orig, const struct ip4_view *ip,
                    uint8_t type, uint8_t code, int64_t now_ns);

/** icmp4_parameter_tx() - the same for a header that is wrong at byte @at. RFC 792. */
void icmp4_parameter_tx(struct net *n, const struct pkt *orig, const struct ip4_view *ip,
                        uint8_t at, int64_t now_ns);

/**
 * icmp4_unreachable() - tell the socket that sent this packet that its next hop
 * did not answer ARP: EHOSTUNREACH. @p: head at the IPv4 header; consumed.
 */
void icmp4_unreachable(struct net *n, struct pkt *p);

/** icmp4_echo_tx() - dgram_sendto() of a NET_ICMP endpoint; arguments checked there. */
ssize_t icmp4_echo_tx(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr);

/* --- udp.c ---------------------------------------------------------------- */

/** udp_rx() - one UDP datagram; consumed. */
void udp_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns);

/** udp_tx() - dgram_sendto() of a NET_DGRAM endpoint; arguments checked there. */
ssize_t udp_tx(struct net *n, struct dgram *d, const void *p, size_t len, uint32_t addr,
               uint16_t port);

/** udp_tx_as() - the same with this source address: 0 while there is none yet. */
ssize_t udp_tx_as(struct net *n, const struct dgram *d, uint32_t src, const void *p, size_t len,
                  uint32_t addr, uint16_t port);

/* --- dhcp.c --------------------------------------------------------------- */
void dhcp_fini(struct net *n);
/** dhcp_poll() - read answers, do what is due. Returns the next deadline, NET_NEVER. */
int64_t dhcp_poll(struct net *n, int64_t now_ns);
/** dhcp_heard_arp() - an ARP packet: does it claim the address that is being checked? */
void dhcp_heard_arp(struct net *n, const struct arp_view *v, int64_t now_ns);

/* --- dns.c ---------------------------------------------------------------- */
int dns_init(struct net *n);
void dns_fini(struct net *n);
/** dns_poll() - read answers, repeat questions. Returns the next deadline, NET_NEVER. */
int64_t dns_poll(struct net *n, int64_t now_ns);

/* --- tcp_*.c (stack/tcp.h has the state) ---------------------------------- */

/** tcp_init() - after sock_init(). Returns 0, -ENOMEM. */
int tcp_init(struct net *n);
/** tcp_fini() - frees all; after sock_fini(), which aborts what is open. */
void tcp_fini(struct net *n);
/** tcp_rx() - one segment; consumed. Head at the TCP header, checksum not yet looked at. */
void tcp_rx(struct net *n, struct pkt *p, const struct ip4_view *ip, int64_t now_ns);
/** tcp_icmp_error() - an error about a segment that we sent. Returns 0; -ENOENT no such
 * connection, -ERANGE its sequence number is not in flight (RFC 5927 4.1). */
int tcp_icmp_error(struct net *n, const struct icmp4_error_view *e);
/** tcp_poll() - timers, and what waited for room in the NIC. Returns the next
 * deadline, NET_NEVER. Called in each net_poll(), after the received frames. */
int64_t tcp_poll(struct net *n, int64_t now_ns);

/* --- socket.c (stack/socket.h) -----------------------------------------------
 * struct sock embeds a struct dgram (dgram.h) for NET_DGRAM and NET_ICMP: the port
 * table, queue, binding, sending and receiving of datagrams are in dgram.c, since
 * the resolver's endpoints have no descriptor. socket.c calls dgram_init(),
 * _bind, _connect, _sendto, _recvfrom, _ready, _error_take, _fini; dgram.c calls
 * sock_changed() with d->sock. */

/** sock_init() - the table, by n->cfg. Returns 0, -ENOMEM. */
int sock_init(struct net *n);
/** sock_fini() - frees the table; dgram_fini() for each endpoint in use. */
void sock_fini(struct net *n);
/** sock_changed() - there is news for @s (data, room, an error): queue it for
 * net_changed() unless it stands there. NULL is allowed. */
void sock_changed(struct net *n, struct sock *s);

#endif
