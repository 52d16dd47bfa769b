/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_lab.h - benches for TCP. Two stacks on a cable (struct lab_pair), or one
 * stack whose peer is the test itself (struct lab_one): it makes segments by hand
 * and looks at each answer. Time moves only by these calls.
 */
#ifndef LY_TESTS_UNIT_TCP_LAB_H
#define LY_TESTS_UNIT_TCP_LAB_H

#include "stack/net.h"
#include "tests/unit/fake_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_MS 1000000ll
#define LAB_S (1000 * LAB_MS)
#define LAB_OURS 0x0A000001u    /* 10.0.0.1 */
#define LAB_THEIRS 0x0A000002u
#define LAB_EVENTS 256u

/* --- one host ----------------------------------------------------------------- */

struct lab_host {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *link;
    struct nic *nic;
    struct net *net;
    int64_t next_ns;            /* of its last net_poll() */
    struct net_event ev[LAB_EVENTS];
    unsigned ev_n;              /* all that came; the first LAB_EVENTS are kept */
};

struct lab_cfg {
    uint64_t seed;
    unsigned pool_small;        /* 0: 512 */
    unsigned pool_large;
    unsigned max_sockets;       /* 0: 32 */
    size_t sndbuf_bytes, rcvbuf_bytes;
    uint32_t hw_caps;
};

/** lab_events() - how many events of this kind the host's sink has seen. */
unsigned lab_events(const struct lab_host *h, enum net_event_kind kind);
/** lab_event_err() - err of the last event of this kind. */
int lab_event_err(const struct lab_host *h, enum net_event_kind kind);

/* --- two stacks --------------------------------------------------------------- */

struct lab_pair {
    struct lab_host a, b;       /* LAB_OURS, LAB_THEIRS */
    int64_t now_ns;
};

void lab_pair_open(struct lab_pair *l, const struct lab_cfg *cfg, int64_t latency_ns);
/** lab_pair_close() - also asserts that every packet is back. */
void lab_pair_close(struct lab_pair *l);
/** lab_pair_step() - poll both, then go to the next due time. False: nothing is due,
 * unless a user who looks now does something. */
bool lab_pair_step(struct lab_pair *l);
/** lab_pair_step_to() - the same, but not beyond @limit_ns, when a user wants to act. */
bool lab_pair_step_to(struct lab_pair *l, int64_t limit_ns);
/** lab_pair_run() - step until @until_ns; time is then exactly that. */
void lab_pair_run(struct lab_pair *l, int64_t until_ns);
/** lab_pair_accept() - step until b's listener has a connection: its descriptor. */
int lab_pair_accept(struct lab_pair *l, int listener);
/** lab_pair_connect() - a connection from a to b's @port: descriptors of a, b. Opens
 * and closes a listener. */
void lab_pair_connect(struct lab_pair *l, uint16_t port, int *sa, int *sb);

/* --- one stack and a script --------------------------------------------------- */

#define LAB_QUEUE 512u

struct lab_seg {
    int64_t at_ns;
    uint32_t seq, ack;          /* as on the wire */
    uint16_t sport, dport;      /* sport: the sender's */
    uint8_t flags;
    uint16_t wnd;
    uint16_t mss;               /* 0: no option */
    uint16_t len;
    uint8_t ttl, tos;           /* captured */
    uint32_t saddr, daddr;      /* injected; 0: LAB_THEIRS, LAB_OURS */
    uint32_t ip_opt;            /* injected; four bytes of IPv4 options, 0: none */
    const void *data;           /* injected; NULL: a pattern. Captured: in `text` */
    uint8_t text[1500];
};

struct lab_one {
    struct lab_host h;
    int64_t now_ns;
    bool deaf;                  /* does not answer ARP */
    struct lab_seg q[LAB_QUEUE];    /* sent by the stack, oldest at q_at */
    unsigned q_at, q_n;
    /* One connection as the test sees it. iss: of the stack; irs: the test's. */
    uint16_t ours, theirs;      /* ports */
    uint32_t iss, irs;
    uint32_t irs_wanted;        /* irs of lab_server(); 0: 1000 */
};

void lab_one_open(struct lab_one *l, const struct lab_cfg *cfg);
void lab_one_close(struct lab_one *l);
/** lab_one_poll() - poll until nothing more is due now. */
void lab_one_poll(struct lab_one *l);
/** lab_one_wait() - let time pass, polling whenever something is due. */
void lab_one_wait(struct lab_one *l, int64_t ns);

/** lab_one_put() - inject a segment with its own numbers and ports, and poll. */
void lab_one_put(struct lab_one *l, const struct lab_seg *s);
/** lab_one_put_cut() - the same in two fragments. */
void lab_one_put_cut(struct lab_one *l, const struct lab_seg *s);
/** lab_put() - inject a segment of the one connection: @seq counts from irs, @ack from
 * iss (ignored without ACK). Polls. */
void lab_put(struct lab_one *l, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
             uint16_t len);

/** lab_get() - the oldest segment that the stack sent and the test did not look at. */
bool lab_get(struct lab_one *l, struct lab_seg *out);
/** lab_flush() - forget what was sent. Returns how many there were. */
unsigned lab_flush(struct lab_one *l);

/* Assert that the next segment has these flags, numbers (relative) and length. */
#define lab_expect(l, flags, seq, ack, len)                                    \
    lab_expect_at((l), (flags), (seq), (ack), (len), __FILE__, __LINE__)
void lab_expect_at(struct lab_one *l, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len,
                   const char *file, int line);
/* Assert that nothing (more) was sent. */
#define lab_silent(l) lab_silent_at((l), __FILE__, __LINE__)
void lab_silent_at(struct lab_one *l, const char *file, int line);

/**
 * lab_client() - the stack connects to the test's port 80: done by hand.
 * @wnd, @mss: what the test advertises; mss 0: no option
 * Returns the descriptor; iss, irs and the ports are set.
 */
int lab_client(struct lab_one *l, uint16_t wnd, uint16_t mss);

/** lab_server() - the test connects to the stack's port 80. *listener is left open. */
int lab_server(struct lab_one *l, uint16_t wnd, uint16_t mss, int *listener);

/** lab_reach() - a client connection brought into @want, ESTABLISHED or later. *seq: the
 * test's next number, counted from irs. Returns the descriptor. */
int lab_reach(struct lab_one *l, enum net_tcp_state want, uint32_t *seq);

/** lab_server_time_wait() - a server's connection, closed by it first, in TIME_WAIT. Returns
 * the descriptor; *listener is left open. */
int lab_server_time_wait(struct lab_one *l, int *listener);

/** lab_state() - enum net_tcp_state of a descriptor. */
int lab_state(struct lab_one *l, int s);
/** lab_pattern() - byte @i of the text that the test sends. */
uint8_t lab_pattern(uint32_t i);

/** lab_writes() - the user of socket @s writes @len bytes of the pattern, from byte @from on. */
void lab_writes(struct lab_one *l, int s, uint32_t from, uint32_t len);

/** lab_full_segments() - the next @n segments hold @mss bytes of the pattern each, begin at
 * relative number @seq, and all leave now. Returns the number behind them. */
uint32_t lab_full_segments(struct lab_one *l, uint32_t mss, uint32_t seq, unsigned n);

#endif
