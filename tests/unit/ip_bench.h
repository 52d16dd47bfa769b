/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_bench.h - one stack over a scripted NIC, for the unit tests below TCP: frames
 * are put in by hand and what is sent is kept for looking at. Two of them may be
 * joined by a cable. Time is moved by the test.
 *
 * The sums in frames made here come from a byte-wise twin of csum.c.
 */
#ifndef LY_TESTS_UNIT_IP_BENCH_H
#define LY_TESTS_UNIT_IP_BENCH_H

#include "driver/nic.h"
#include "driver/pkt.h"
#include "stack/net_int.h"
#include "tests/unit/fake_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS INT64_C(1000000)
#define SEC INT64_C(1000000000)

#define OUR_ADDR 0x0A090001u    /* 10.9.0.1/24, 02:00:00:00:00:01 */
#define PEER_ADDR 0x0A090002u   /* 10.9.0.2, 02:00:00:00:00:02 */
#define ROUTER_ADDR 0x0A0900FEu

#define BENCH_SENT_MAX 256u
#define BENCH_EVENTS_MAX 256u

struct sent_frame {
    size_t len;
    int64_t at_ns;
    uint8_t b[1600];
};

struct bench {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *link;
    struct nic *nic;
    struct net *net;
    int64_t now;
    int64_t next;               /* of the last net_poll() */
    unsigned n_sent, n_taken;
    struct sent_frame sent[BENCH_SENT_MAX];
    unsigned n_events;
    struct net_event events[BENCH_EVENTS_MAX];  /* without the names */
};

struct bench_cfg {
    uint64_t seed;              /* 0: 1 */
    bool offload;               /* the device inserts and verifies */
    uint8_t number;             /* 0: 1; last byte of MAC and address */
    unsigned pool_small;        /* 0: 128 */
    unsigned pool_large;        /* 0: 4 */
    bool promiscuous;
    bool no_addr;
    uint32_t max_frame_bytes;
};

extern const uint8_t our_mac[6], peer_mac[6], router_mac[6], all_mac[6];

/** bench_up() - NIC up, address 10.9.0.<number>/24 set, time 0, nothing sent. */
struct bench *bench_up(const struct bench_cfg *cfg);

/** bench_down() - asserts the sums of the counters and that every packet came back. */
void bench_down(struct bench *b);

/** bench_poll() - net_poll() until nothing more happens at the present time. */
void bench_poll(struct bench *b);

/** bench_to() - let time pass up to @t, polling whenever something is due. */
void bench_to(struct bench *b, int64_t t);

/** bench_in() - a frame arrives now and is taken. */
void bench_in(struct bench *b, const void *frame, size_t len);

/** bench_sent() - the next frame sent that was not looked at yet; NULL: none. */
const struct sent_frame *bench_sent(struct bench *b);

/** bench_knows() - put a neighbour into the ARP cache: it asks for us; our answer is
 * taken back out of what was sent. */
void bench_knows(struct bench *b, uint32_t addr, const uint8_t *mac);

/** bench_check_counters() - eth_rx_frames is the sum of where frames can end. */
void bench_check_counters(const struct net *n);

/** pair_join() - a cable of 1 us between two benches at the same time. */
void pair_join(struct bench *a, struct bench *b);

/** pair_to() - let time pass for both. */
void pair_to(struct bench *a, struct bench *b, int64_t t);

/* --- frames --------------------------------------------------------------- */

/** twin_sum() - ones' complement sum, a byte at a time, on top of @sum. */
uint32_t twin_sum(uint32_t sum, const uint8_t *b, size_t len);

/** from_hex() - Returns the number of bytes. */
size_t from_hex(uint8_t *out, size_t max, const char *hex);

struct ip_spec {
    const uint8_t *eth_src, *eth_dst;   /* NULL: peer, us */
    uint32_t src, dst;          /* 0: peer, us */
    uint8_t proto;
    uint8_t ttl;                /* 0: 64 */
    uint16_t frag;
    uint16_t id;                /* 0: 0x4C59 */
    const uint8_t *options;     /* a multiple of 4 bytes */
    size_t options_bytes;
};

/** make_ip() - Ethernet and IPv4 headers round @payload. Returns the frame's length. */
size_t make_ip(uint8_t *f, const struct ip_spec *s, const void *payload, size_t len);

/** make_udp() - the same with a UDP header and a right checksum. */
size_t make_udp(uint8_t *f, const struct ip_spec *s, uint16_t sport, uint16_t dport,
                const void *payload, size_t len);

/** make_icmp() - the same with an ICMP header; @rest: its second four bytes. */
size_t make_icmp(uint8_t *f, const struct ip_spec *s, uint8_t type, uint8_t code, uint32_t rest,
                 const void *payload, size_t len);

/** make_arp() - broadcast if @eth_dst is NULL. */
size_t make_arp(uint8_t *f, const uint8_t *eth_dst, uint16_t op, const uint8_t *sha, uint32_t spa,
                const uint8_t *tha, uint32_t tpa);

/** ip_ok() - a frame with a right IPv4 header and transport sum (twin's verdict). */
bool ip_ok(const struct sent_frame *f);

uint16_t get16(const uint8_t *b);
uint32_t get32(const uint8_t *b);
void put16(uint8_t *b, uint16_t v);
void put32(uint8_t *b, uint32_t v);

#endif
