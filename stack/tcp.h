/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.h - the inside of TCP: control block, state of one stack, and what the
 * tcp_*.c files ask of each other. RFC 9293 throughout; names of variables are
 * those of its 3.3.1 in lower case.
 *
 * Life of a control block: socket() takes it from a fixed pool (CLOSED), or a
 * SYN at a listener does (SYN_RCVD, no socket). Its socket may leave it at any
 * time; it goes back to the pool when it is CLOSED and has no socket.
 *
 * The user's calls queue; segments leave within tcp_rx() and tcp_poll(), which
 * know the time. What waits to be sent stands in the list `out`.
 */
#ifndef LY_STACK_TCP_H
#define LY_STACK_TCP_H

#include "driver/pkt.h"
#include "stack/net.h"
#include "stack/tcp_seq.h"
#include "stack/wire/tcp.h"

struct ip4_view;
struct net;
struct sock;
struct tcp_conn;

/* RFC 6298, with Linux's bounds where the RFC lets them be chosen. */
#define TCP_MS_NS 1000000ll
#define TCP_S_NS (1000ll * TCP_MS_NS)
#define TCP_RTO_MIN_NS (200 * TCP_MS_NS)    /* Linux; 2.4 asks for 1 s: DECISIONS 14 */
#define TCP_RTO_INIT_NS (1 * TCP_S_NS)
#define TCP_RTO_SYN_LOST_NS (3 * TCP_S_NS)  /* RFC 6298 5.7 */
#define TCP_RTO_MAX_NS (120 * TCP_S_NS)
#define TCP_RTT_GRAIN_NS (1 * TCP_MS_NS)    /* G of RFC 6298 */
#define TCP_RETRIES 15u             /* of data; Linux tcp_retries2 */
#define TCP_RETRIES_SYN 7u          /* 247 s; three minutes at least: MUST-23 */
#define TCP_RETRIES_SYNACK 5u       /* Linux tcp_synack_retries */
#define TCP_RETRIES_ORPHAN 8u       /* nobody waits for the result any more */
#define TCP_DELACK_NS (40 * TCP_MS_NS)
#define TCP_2MSL_NS (60 * TCP_S_NS)
#define TCP_FIN_WAIT_2_NS (60 * TCP_S_NS)   /* without a user */
#define TCP_KEEP_IDLE_S 7200        /* RFC 9293 3.8.4 */
#define TCP_KEEP_IDLE_MAX_S 32767   /* Linux */
#define TCP_KEEP_INTERVAL_NS (75 * TCP_S_NS)
#define TCP_KEEP_PROBES 9u
#define TCP_CHALLENGE_NS (500 * TCP_MS_NS)  /* RFC 5961 7: one challenge ACK in this time */
#define TCP_NO_PKT_NS (1 * TCP_MS_NS)       /* look again when the pool was empty */
#define TCP_BACKOFF_KEPT 2u         /* doublings that only a measured round trip ends */
#define TCP_DUP_ACKS 3u
#define TCP_MSS_DEFAULT 536u        /* RFC 9293 3.7.1, MUST-15 */
#define TCP_MSS_MIN 64u
#define TCP_WINDOW_MAX 65535u       /* no window scaling yet */
#define TCP_OOO_PKTS 64u            /* out-of-order segments kept by one connection */
#define TCP_OOO_SPARE_PKTS 16u      /* of each class of the pool, left to others */
#define TCP_BUF_MAX (16u << 20)     /* NET_SO_SNDBUF, NET_SO_RCVBUF */
#define TCP_BUF_MIN 2048u
#define TCP_PORT_MIN 32768u         /* ephemeral ports, Linux's range */
#define TCP_PORT_MAX 60999u

/* A byte ring; memory is taken when the first byte comes. */
struct tcp_ring {
    uint8_t *buf;               /* NULL until used */
    uint32_t cap, head, len;
};

enum tcp_timer {
    TCP_T_RTX,      /* retransmission; zero window probe when nothing is in flight */
    TCP_T_ACK,      /* delayed ACK */
    TCP_T_LONG,     /* TIME_WAIT, FIN_WAIT_2 without a user, keepalive */
    TCP_TIMERS
};

struct tcp_conn {
    struct tcp_conn *hash_next; /* chain of by_tuple or by_port; free list */
    struct tcp_conn *out_next, *out_prev;
    struct tcp_conn *next, *prev;   /* accept queue, or TIME_WAIT queue */
    struct tcp_conn *listener;  /* child: until accepted */
    struct tcp_conn *acc_first, *acc_last;  /* LISTEN: its accept queue */
    struct sock *sock;          /* NULL: no user (any more, or not yet) */

    uint32_t laddr, raddr;
    uint16_t lport, rport;
    uint8_t state;              /* enum net_tcp_state */
    uint8_t ttl, tos;
    uint8_t dup_acks;
    uint8_t retries;            /* of what is at snd_una, without any answer */
    uint8_t backoff;            /* doublings of the retransmission time-out */
    uint8_t keep_probes;
    bool in_use : 1;
    bool hashed : 1;            /* in by_tuple or by_port */
    bool out_queued : 1;
    bool acc_queued : 1;        /* child: established, waits for accept() */
    bool tw_queued : 1;         /* in the TIME_WAIT queue */
    bool passive : 1;           /* came from a listener */
    bool was_connected : 1;
    bool nodelay : 1;
    bool keepalive : 1;
    bool reuse : 1;             /* NET_SO_REUSEADDR */
    bool bound : 1;             /* laddr, lport are the user's choice, */
    bool any_addr : 1;          /* but for laddr: bind() said any */
    bool ended : 1;             /* CLOSED, and not as new */
    bool rd_shut : 1;           /* the user reads no more */
    bool fin_wanted : 1;        /* FIN follows the last byte queued */
    bool fin_sent : 1;
    bool fin_rcvd : 1;          /* rcv_nxt is past the peer's FIN */
    bool ack_now : 1;           /* an ACK is owed at once */
    bool persist : 1;           /* the peer's window keeps us from sending anything */
    bool probe_now : 1;         /* send something in spite of window and Nagle */
    bool resend_now : 1;        /* send the segment at snd_una again */
    bool syn_now : 1;           /* the SYN (or SYN and ACK) is to be sent */
    bool syn_lost : 1;          /* RFC 6298 5.7, RFC 5681 3.1 */
    bool rtt_running : 1;
    bool recovering : 1;        /* NewReno, RFC 6582 */
    bool closed_told : 1;       /* NET_EV_TCP_CLOSED was given */
    int err;                    /* positive errno that ended it, until the user has seen it */
    int soft_err;               /* last ICMP error: the reason of a later time-out */
    uint32_t heap_pos;          /* 1-based; 0: no timer runs */
    int32_t linger_s;           /* -1: off */
    uint32_t user_timeout_ms;   /* 0: by the number of retries */
    uint16_t keep_idle_s;
    uint32_t backlog, pending;  /* LISTEN: most and present number of children */

    /* Send sequence space. The ring's first byte is at snd_una once SYN is acked. */
    struct tcp_seq iss, snd_una, snd_nxt;
    struct tcp_seq snd_max;     /* highest ever sent; snd_nxt goes back on time-out */
    struct tcp_seq snd_wl1, snd_wl2;
    struct tcp_seq snd_small;   /* end of the last segment that was not full */
    uint32_t snd_wnd, snd_wnd_max;
    uint16_t mss;               /* payload of a full segment to the peer */
    uint16_t mss_limit;         /* NET_TCP_MAXSEG; 0: none */
    uint16_t rcv_mss;           /* largest payload seen, guesses the peer's full segment */

    /* Receive sequence space. */
    struct tcp_seq irs, rcv_nxt;
    struct tcp_seq rcv_adv;     /* right edge of the window last advertised */
    struct tcp_seq rcv_acked;   /* rcv_nxt as of the last ACK sent */

    struct tcp_ring snd, rcv;
    struct pkt_list ooo;        /* by sequence number */

    /* Congestion control, bytes. */
    uint32_t cwnd, ssthresh;
    uint32_t cc_acked;          /* towards the next step of congestion avoidance */
    struct tcp_seq recover;

    /* Round trip time, RFC 6298. srtt_ns 0: no sample yet. */
    int64_t srtt_ns, rttvar_ns, rto_ns;
    int64_t rtt_start_ns;
    struct tcp_seq rtt_seq;     /* an ACK beyond it ends the sample */

    int64_t due[TCP_TIMERS];    /* INT64_MAX: off */
    int64_t heap_key;           /* the least of due[] */
    int64_t last_rx_ns, last_tx_ns;     /* keepalive; idle restart */
    int64_t waiting_ns;         /* since when nothing has moved snd_una, while TCP_T_RTX runs */
    int64_t challenge_ns;       /* the next challenge ACK is free from then on */
};
_Static_assert(sizeof(struct tcp_conn) <= 512, "aim: an idle connection costs little");

struct tcp_state {
    struct tcp_conn *pool;
    unsigned max;
    struct tcp_conn *free;
    unsigned n_free, n_tw;      /* in the free list; in the TIME_WAIT queue */
    struct tcp_conn **by_tuple; /* buckets; connections with both ends known */
    struct tcp_conn **by_port;  /* buckets; listeners */
    unsigned buckets;           /* of each; power of two */
    struct tcp_conn **heap;     /* 1-based; earliest deadline first */
    unsigned heap_n;
    struct tcp_conn *out_first, *out_last;
    struct tcp_conn *tw_first, *tw_last;    /* TIME_WAIT without a user, oldest first */
    uint64_t secret[2];         /* of ISN, ports and buckets */
    uint32_t port_counter;
};

/* One received segment, host order, length checked. */
struct tcp_seg {
    uint32_t laddr, raddr;      /* ours, the sender's */
    uint16_t lport, rport;
    struct tcp_seq seq, ack;
    uint32_t len;               /* payload bytes; tcp_seg_span() adds SYN and FIN */
    uint32_t wnd;
    uint8_t flags;
    uint16_t mss;               /* of its option; 0: none */
    bool empty;                 /* as sent: no text, SYN or FIN */
    struct pkt *pkt;            /* head at the payload; NULL once someone took it */
};

/* What the rest of the stack calls (tcp_init, tcp_fini, tcp_rx, tcp_poll,
 * tcp_icmp_error) is declared in net_int.h. */

/* --- tcp_conn.c: control blocks, tables, states ------------------------------- */

/** tcp_conn_alloc() - a CLOSED control block with defaults. NULL: all in use. The
 * oldest TIME_WAIT that nobody holds makes room. */
struct tcp_conn *tcp_conn_alloc(struct net *n);

/** tcp_conn_reset() - a CLOSED connection as new, its options and bind() kept. */
void tcp_conn_reset(struct tcp_conn *c);

/** tcp_conn_free() - back to the pool, with all that it holds. */
void tcp_conn_free(struct net *n, struct tcp_conn *c);

/** tcp_leave_listener() - out of its listener's queue and count. */
void tcp_leave_listener(struct tcp_conn *c);

/** tcp_conn_insert() - into by_tuple (or by_port in LISTEN). */
void tcp_conn_insert(struct net *n, struct tcp_conn *c);
void tcp_conn_remove(struct net *n, struct tcp_conn *c);

/** tcp_lookup() - the connection of these two ends; NULL. */
struct tcp_conn *tcp_lookup(struct net *n, uint32_t laddr, uint16_t lport, uint32_t raddr,
                            uint16_t rport);

/** tcp_listener() - who listens there, its address before "any"; NULL. */
struct tcp_conn *tcp_listener(struct net *n, uint32_t laddr, uint16_t lport);

/** tcp_end() - the connection is over: CLOSED, the user told @err (positive errno,
 * 0 none). The control block is freed if nobody holds it. */
void tcp_end(struct net *n, struct tcp_conn *c, int err);

/** tcp_establish() - enter ESTABLISHED and tell whoever waits. */
void tcp_establish(struct net *n, struct tcp_conn *c, int64_t now_ns);

/** tcp_time_wait() - enter TIME_WAIT, or start its 2 MSL again. */
void tcp_time_wait(struct net *n, struct tcp_conn *c, int64_t now_ns);

/** tcp_fin_wait_2() - our FIN is acknowledged; without a user that is bounded. */
void tcp_fin_wait_2(struct net *n, struct tcp_conn *c, int64_t now_ns);

/** tcp_orphaned() - the user has just left a connection that finishes by itself. */
void tcp_orphaned(struct net *n, struct tcp_conn *c);

/** tcp_blocks_short() - the control blocks that are left, and those in TIME_WAIT, are what
 * the free descriptors may need: neither children nor orphans get more. */
bool tcp_blocks_short(const struct net *n);

/** tcp_backlog_full() - whether a SYN at @l has to wait. */
bool tcp_backlog_full(const struct net *n, const struct tcp_conn *l);

/** tcp_child() - a connection in SYN_RCVD for a SYN at @l. NULL: backlog or memory. */
struct tcp_conn *tcp_child(struct net *n, struct tcp_conn *l, const struct tcp_seg *g);

/** tcp_event() - tell the event sink. */
void tcp_event(struct net *n, const struct tcp_conn *c, enum net_event_kind kind, int err);

/** tcp_orphan() - nobody reads or writes any more. */
static inline bool tcp_orphan(const struct tcp_conn *c)
{
    return !c->sock && !c->listener;
}

/** tcp_synchronized() - both ends know both initial sequence numbers. RFC 9293 3.3.2. */
static inline bool tcp_synchronized(const struct tcp_conn *c)
{
    return c->state >= NET_TCP_ESTABLISHED;
}

/* --- tcp_secret.c: what only this host can compute ---------------------------- */

/** tcp_hash() - keyed hash of both ends (SipHash-2-4 of 12 bytes). */
uint64_t tcp_hash(const uint64_t key[2], uint32_t laddr, uint16_t lport, uint32_t raddr,
                  uint16_t rport);

/** tcp_isn() - initial sequence number, RFC 6528 3. */
struct tcp_seq tcp_isn(const struct net *n, const struct tcp_conn *c, int64_t now_ns);

/** tcp_port_for() - ephemeral port towards c->raddr, rport; RFC 6056 3.3.3. 0: none. */
uint16_t tcp_port_for(struct net *n, const struct tcp_conn *c);

/* --- tcp_ring.c --------------------------------------------------------------- */

/** tcp_ring_put() - append up to @len bytes. Returns bytes taken; -ENOMEM. */
ssize_t tcp_ring_put(struct tcp_ring *r, const void *p, size_t len);
/** tcp_ring_peek() - copy @len bytes from @off on; they must be there. */
void tcp_ring_peek(const struct tcp_ring *r, uint32_t off, void *p, uint32_t len);
/** tcp_ring_drop() - forget the oldest @len bytes. */
void tcp_ring_drop(struct tcp_ring *r, uint32_t len);
/** tcp_ring_fini() - free the memory. */
void tcp_ring_fini(struct tcp_ring *r);

/* --- tcp_timer.c -------------------------------------------------------------- */
void tcp_timer_set(struct net *n, struct tcp_conn *c, enum tcp_timer t, int64_t at_ns);
void tcp_timer_stop(struct net *n, struct tcp_conn *c, enum tcp_timer t);
void tcp_timer_stop_all(struct net *n, struct tcp_conn *c);
static inline bool tcp_timer_runs(const struct tcp_conn *c, enum tcp_timer t)
{
    return c->due[t] != INT64_MAX;
}

/** tcp_timers_run() - all that are due. */
void tcp_timers_run(struct net *n, int64_t now_ns);
/** tcp_timers_next() - the earliest deadline; INT64_MAX. */
int64_t tcp_timers_next(const struct net *n);

/** tcp_rtt_sample() - RFC 6298 2.2, 2.3. */
void tcp_rtt_sample(struct tcp_conn *c, int64_t rtt_ns);
/** tcp_rto() - the time-out in force, back-off included. RFC 6298 2.4, 5.5. */
int64_t tcp_rto(const struct tcp_conn *c);
/** tcp_rtx_start() - start TCP_T_RTX; the user's time-out may be due before the next
 * retransmission. @fresh: what waits begins to wait now. */
void tcp_rtx_start(struct net *n, struct tcp_conn *c, bool fresh, int64_t now_ns);
/** tcp_keepalive_start() - (re)start by c->keepalive. */
void tcp_keepalive_start(struct net *n, struct tcp_conn *c, int64_t now_ns);

/* --- tcp_tx.c ----------------------------------------------------------------- */

/** tcp_out_queue() - have tcp_poll() call tcp_output(). */
void tcp_out_queue(struct net *n, struct tcp_conn *c);
void tcp_out_unqueue(struct net *n, struct tcp_conn *c);

/**
 * tcp_output() - send what window, Nagle and NIC allow now.
 * Returns false where NIC or pool had no room: then @c stands in the out list.
 */
bool tcp_output(struct net *n, struct tcp_conn *c, int64_t now_ns);

/** tcp_send_rst() - reset the peer of a synchronized connection. */
void tcp_send_rst(struct net *n, struct tcp_conn *c, int64_t now_ns);
/** tcp_answer_rst() - reset the sender of a segment without a connection. */
void tcp_answer_rst(struct net *n, const struct tcp_seg *g, int64_t now_ns);
/** tcp_send_probe() - an ACK with an old sequence number, which asks for an answer. */
void tcp_send_probe(struct net *n, struct tcp_conn *c, int64_t now_ns);

/** tcp_rcv_space() - bytes that there is room for, as far as the header can say. */
static inline uint32_t tcp_rcv_space(const struct tcp_conn *c)
{
    uint32_t space = c->rcv.cap - c->rcv.len;
    return space < TCP_WINDOW_MAX ? space : TCP_WINDOW_MAX;
}

/** tcp_rcv_window() - bytes that the peer was allowed to send; never more than there is
 * room for, because the right edge never moves back. */
static inline uint32_t tcp_rcv_window(const struct tcp_conn *c)
{
    return tcp_seq_lt(c->rcv_nxt, c->rcv_adv) ? tcp_seq_sub(c->rcv_adv, c->rcv_nxt) : 0;
}

/** tcp_seg_span() - sequence numbers that a segment takes. */
static inline uint32_t tcp_seg_span(const struct tcp_seg *g)
{
    return g->len + ((g->flags & TCP_SYN) != 0) + ((g->flags & TCP_FIN) != 0);
}

/* --- tcp_reasm.c -------------------------------------------------------------- */

/** tcp_reasm_put() - keep an out-of-order segment; takes g->pkt where it is kept. */
void tcp_reasm_put(struct net *n, struct tcp_conn *c, struct tcp_seg *g);
/** tcp_reasm_get() - the next segment that starts at or before rcv_nxt, as *@g whose
 * packet is the caller's. Returns false if there is none. */
bool tcp_reasm_get(struct tcp_conn *c, struct tcp_seg *g);

/* --- tcp_cc_newreno.c: RFC 5681, 6582, 6928 ----------------------------------- */
void tcp_cc_init(struct tcp_conn *c);
/** tcp_cc_window() - bytes that may be in flight. */
uint32_t tcp_cc_window(const struct tcp_conn *c);
/** tcp_cc_acked() - @acked new bytes; returns true where the first one still
 * missing is to be sent again (partial acknowledgement). */
bool tcp_cc_acked(struct tcp_conn *c, uint32_t acked);
/** tcp_cc_dup_ack() - returns true where it is time for the fast retransmission. */
bool tcp_cc_dup_ack(struct tcp_conn *c);
void tcp_cc_timeout(struct tcp_conn *c);
/** tcp_cc_idle() - about to send after nothing for longer than the time-out. */
void tcp_cc_idle(struct tcp_conn *c);

/* --- tcp_user.c: calls of RFC 9293 3.10.1 to 3.10.6, for socket.c ------------- */
int tcp_bind(struct net *n, struct tcp_conn *c, uint32_t addr, uint16_t port);
int tcp_listen(struct net *n, struct tcp_conn *c, int backlog);
/** tcp_accept() - the oldest established child, now without a listener; NULL. */
struct tcp_conn *tcp_accept(struct net *n, struct tcp_conn *l);
int tcp_connect(struct net *n, struct tcp_conn *c, uint32_t addr, uint16_t port);
ssize_t tcp_send(struct net *n, struct tcp_conn *c, const void *p, size_t len);
ssize_t tcp_recv(struct net *n, struct tcp_conn *c, void *p, size_t len);
int tcp_shutdown(struct net *n, struct tcp_conn *c, int how);
/** tcp_close() - the socket is gone; @c finishes by itself and frees itself. */
void tcp_close(struct net *n, struct tcp_conn *c);
/** tcp_abort() - as tcp_close(), with RST. */
void tcp_abort(struct net *n, struct tcp_conn *c);
/** tcp_ready() - NET_* bits now. */
unsigned tcp_ready(const struct tcp_conn *c);
int tcp_setopt(struct net *n, struct tcp_conn *c, enum net_opt opt, int value);
int tcp_getopt(struct tcp_conn *c, enum net_opt opt, int *value);

#endif
