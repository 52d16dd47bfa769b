/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dhcp.c - stack/dhcp.c against a server that the test plays by hand: what goes out
 * when, what is believed, and what becomes of the address.
 */
#include "stack/net_int.h"
#include "stack/wire/dhcp.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OFFERED 0x0A09004Du     /* 10.9.0.77 */
#define OTHER_SERVER 0x0A090003u
#define ALL 0xFFFFFFFFu
#define CHECK_NS (400 * MS)     /* two probes */

/* A message of ours, as it was sent. */
struct heard {
    const struct sent_frame *f;
    uint32_t src, dst, xid, ciaddr, addr, server;
    unsigned type, secs;
    bool broadcast;
};

/* A message to the client; 0 leaves an option out. */
struct told {
    enum dhcp_type type;
    uint32_t xid, yiaddr, server, mask, router, dns[2], lease, t1, t2;
    const uint8_t *chaddr;      /* NULL: ours */
    uint32_t src, dst;          /* 0: the server, to all */
};

static const struct net_counters *counters(const struct bench *b)
{
    return net_counters(b->net);
}

static enum net_dhcp_state state_of(const struct bench *b)
{
    return net_dhcp_get(b->net, NULL);
}

static struct bench *up(uint64_t seed)
{
    struct bench *b = bench_up(&(struct bench_cfg){ .no_addr = true, .seed = seed,
                                                    .offload = true });
    assert_int_equal(net_dhcp_start(b->net), 0);
    bench_poll(b);
    return b;
}

/* --- what the client says ------------------------------------------------- */

static uint32_t option32(const uint8_t *m, uint8_t code)
{
    for (unsigned i = 240; m[i] != DHCP_OPT_END; i += 2u + m[i + 1]) {
        if (m[i] == code)
            return m[i + 1] == 1 ? m[i + 2] : get32(m + i + 2);
    }
    return 0;
}

/* The next DHCP message sent; type 0: none. Frames before it are passed over. */
static struct heard hear(struct bench *b)
{
    const struct sent_frame *s;
    while ((s = bench_sent(b)) != NULL) {
        if (get16(s->b + 12) != 0x0800 || s->b[23] != 17 || get16(s->b + 36) != 67)
            continue;
        const uint8_t *m = s->b + 42;
        assert_true(ip_ok(s));
        assert_int_equal(get16(s->b + 34), 68);
        assert_int_equal(s->len, 42 + DHCP_MSG_MIN_BYTES);
        assert_int_equal(m[0], DHCP_BOOTREQUEST);
        assert_memory_equal(m + 28, our_mac, 6);
        return (struct heard){
            .f = s, .src = get32(s->b + 26), .dst = get32(s->b + 30), .xid = get32(m + 4),
            .ciaddr = get32(m + 12), .addr = option32(m, DHCP_OPT_ADDR),
            .server = option32(m, DHCP_OPT_SERVER), .type = option32(m, DHCP_OPT_TYPE),
            .secs = get16(m + 8), .broadcast = (m[10] & 0x80) != 0,
        };
    }
    return (struct heard){ .type = 0 };
}

/* The next one, which must be of this type. */
static struct heard expect(struct bench *b, enum dhcp_type type)
{
    struct heard h = hear(b);
    assert_int_equal(h.type, type);
    return h;
}

/* The next frame is an ARP request from @spa about @tpa, to all. */
static void expect_arp(struct bench *b, uint32_t spa, uint32_t tpa, int64_t at)
{
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_memory_equal(s->b, all_mac, 6);
    assert_int_equal(get16(s->b + 12), 0x0806);
    assert_int_equal(get16(s->b + 20), 1);
    assert_int_equal(get32(s->b + 28), spa);
    assert_int_equal(get32(s->b + 38), tpa);
    assert_true(s->at_ns == at);
}

/* --- what the server says ------------------------------------------------- */

static uint8_t *put_opt(uint8_t *at, uint8_t code, uint32_t v)
{
    if (!v)
        return at;
    at[0] = code;
    at[1] = 4;
    put32(at + 2, v);
    return at + 6;
}

static size_t make(uint8_t *m, const struct told *t)
{
    memset(m, 0, 400);
    m[0] = DHCP_BOOTREPLY;
    m[1] = 1;
    m[2] = 6;
    put32(m + 4, t->xid);
    put32(m + 16, t->yiaddr);
    memcpy(m + 28, t->chaddr ? t->chaddr : our_mac, 6);
    put32(m + 236, DHCP_COOKIE);
    uint8_t *at = m + 240;
    *at++ = DHCP_OPT_TYPE;
    *at++ = 1;
    *at++ = (uint8_t)t->type;
    at = put_opt(at, DHCP_OPT_SERVER, t->server);
    at = put_opt(at, DHCP_OPT_MASK, t->mask);
    at = put_opt(at, DHCP_OPT_ROUTER, t->router);
    at = put_opt(at, DHCP_OPT_DNS, t->dns[0]);
    at = put_opt(at, DHCP_OPT_DNS, t->dns[1]);  /* joined: RFC 3396 */
    at = put_opt(at, DHCP_OPT_LEASE, t->lease);
    at = put_opt(at, DHCP_OPT_T1, t->t1);
    at = put_opt(at, DHCP_OPT_T2, t->t2);
    *at++ = DHCP_OPT_END;
    return (size_t)(at - m);
}

static void tell(struct bench *b, const struct told *t)
{
    uint8_t f[500], m[400];
    struct ip_spec ip = { .src = t->src ? t->src : t->server ? t->server : PEER_ADDR,
                          .dst = t->dst ? t->dst : ALL,
                          .eth_dst = t->dst ? our_mac : all_mac };
    bench_in(b, f, make_udp(f, &ip, 67, 68, m, make(m, t)));
}

/* What an ordinary server gives, for an hour. */
static struct told grant(enum dhcp_type type, uint32_t xid)
{
    return (struct told){ .type = type, .xid = xid, .yiaddr = OFFERED, .server = PEER_ADDR,
                          .mask = 0xFFFFFF00, .router = ROUTER_ADDR,
                          .dns = { PEER_ADDR, OTHER_SERVER }, .lease = 3600 };
}

/* A neighbour answers ARP: what waits for it leaves. */
static void knows(struct bench *b, uint32_t addr, const uint8_t *mac)
{
    uint8_t f[64];
    bench_in(b, f, make_arp(f, our_mac, 2, mac, addr, our_mac, net_addr(b->net)));
}

/* From DISCOVER to an address, now. @g: what offer and ACK say; NULL: grant(). */
static void acquire(struct bench *b, const struct told *g)
{
    struct heard h = expect(b, DHCP_DISCOVER);
    struct told t = g ? *g : grant(DHCP_OFFER, 0);
    t.type = DHCP_OFFER;
    t.xid = h.xid;
    tell(b, &t);
    h = expect(b, DHCP_REQUEST);
    assert_int_equal(h.xid, t.xid);
    t.type = DHCP_ACK;
    tell(b, &t);
    bench_to(b, b->now + CHECK_NS);
    assert_int_equal(state_of(b), NET_DHCP_BOUND);
    assert_int_equal(net_addr(b->net), t.yiaddr);
}

/* --- acquiring ------------------------------------------------------------ */

/* Clause: RFC 2131 3.1, RFC 2131 4.1, RFC 2131 4.4.1, RFC 5227 2.1.1, RFC 5227 2.3 */
static void test_acquire(void **state)
{
    struct bench *b = up(1);
    struct net_dhcp_lease l;
    struct net_route_info route[4];
    (void)state;
    assert_int_equal(net_dhcp_start(b->net), -EALREADY);
    struct heard h = expect(b, DHCP_DISCOVER);
    assert_memory_equal(h.f->b, all_mac, 6);
    assert_int_equal(h.src, 0);
    assert_int_equal(h.dst, ALL);
    assert_true(h.broadcast);
    assert_int_equal(h.ciaddr | h.addr | h.server | h.secs, 0);
    bench_to(b, 1500 * MS);
    struct told t = grant(DHCP_OFFER, h.xid);
    tell(b, &t);
    struct heard r = expect(b, DHCP_REQUEST);
    assert_int_equal(r.xid, h.xid);
    assert_int_equal(r.src, 0);
    assert_int_equal(r.dst, ALL);
    assert_int_equal(r.addr, OFFERED);
    assert_int_equal(r.server, PEER_ADDR);
    assert_int_equal(r.ciaddr, 0);
    assert_int_equal(r.secs, h.secs);
    bench_to(b, 2 * SEC);
    t.type = DHCP_ACK;
    tell(b, &t);
    assert_int_equal(state_of(b), NET_DHCP_CHECKING);
    assert_int_equal(net_addr(b->net), 0);
    bench_to(b, 2 * SEC + CHECK_NS);
    expect_arp(b, 0, OFFERED, 2 * SEC);
    expect_arp(b, 0, OFFERED, 2200 * MS);
    expect_arp(b, OFFERED, OFFERED, 2400 * MS);     /* to tell everybody */
    assert_null(bench_sent(b));
    assert_int_equal(net_dhcp_get(b->net, &l), NET_DHCP_BOUND);
    assert_int_equal(l.addr, OFFERED);
    assert_int_equal(l.prefix_len, 24);
    assert_int_equal(l.server, PEER_ADDR);
    /* Times count from the REQUEST. */
    assert_true(l.t1_ns == 1500 * MS + 1800 * SEC);
    assert_true(l.t2_ns == 1500 * MS + 3150 * SEC);
    assert_true(l.expires_ns == 1500 * MS + 3600 * SEC);
    assert_int_equal(net_addr(b->net), OFFERED);
    assert_int_equal(net_route_list(b->net, route, 4), 2);
    assert_int_equal(route[1].gw, ROUTER_ADDR);
    assert_int_equal(b->net->dns.server[0].addr, PEER_ADDR);
    assert_int_equal(b->net->dns.server[1].addr, OTHER_SERVER);
    assert_int_equal(b->net->dns.server[2].addr, 0);
    const struct net_event *ev = &b->events[b->n_events - 1];
    assert_int_equal(ev->kind, NET_EV_DHCP_BOUND);
    assert_int_equal(ev->addr, OFFERED);
    assert_int_equal(ev->server, PEER_ADDR);
    assert_int_equal(ev->lease_s, 3600);
    assert_true(b->next == l.t1_ns);
    bench_down(b);
}

/* Nobody answers: 4, 8, 16, 32, 64, 64 s, each a second more or less. The seed decides. */
/* Clause: RFC 2131 4.1 */
static void test_backoff(void **state)
{
    int64_t at[3][8];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct bench *b = up(i < 2 ? 5 : 6);
        uint32_t xid = 0;
        bench_to(b, 300 * SEC);
        for (unsigned k = 0; k < 7; k++) {
            struct heard h = expect(b, DHCP_DISCOVER);
            at[i][k] = h.f->at_ns;
            assert_true(!k || h.xid == xid);
            xid = h.xid;
            assert_int_equal(h.secs, h.f->at_ns / SEC);
            if (k) {
                int64_t wait = (4 << (k - 1 < 4 ? k - 1 : 4)) * SEC;
                int64_t off = at[i][k] - at[i][k - 1] - wait;
                assert_true(off >= -SEC && off <= SEC);
            }
        }
        bench_down(b);
    }
    assert_memory_equal(at[0], at[1], 7 * sizeof(at[0][0]));
    assert_memory_not_equal(at[0], at[2], 7 * sizeof(at[0][0]));
}

/* An offer that is never confirmed: four times asked for in 60 s, then from the start. */
/* Clause: RFC 2131 3.1.5 */
static void test_no_ack(void **state)
{
    struct bench *b = up(1);
    (void)state;
    struct heard h = expect(b, DHCP_DISCOVER);
    struct told t = grant(DHCP_OFFER, h.xid);
    tell(b, &t);
    bench_to(b, 70 * SEC);
    for (unsigned i = 0; i < 4; i++) {
        struct heard r = expect(b, DHCP_REQUEST);
        assert_int_equal(r.xid, h.xid);
        assert_int_equal(r.secs, h.secs);
    }
    struct heard again = expect(b, DHCP_DISCOVER);
    assert_in_range(again.f->at_ns, 56 * SEC, 64 * SEC);
    assert_true(again.xid != h.xid);
    assert_int_equal(again.secs, 0);
    t.type = DHCP_ACK;          /* too late, and for another question */
    tell(b, &t);
    assert_int_equal(counters(b)->drop_dhcp_not_mine, 1);
    assert_int_equal(net_addr(b->net), 0);
    bench_down(b);
}

/* An offer that lacks something, or offers nothing: six ways. */
static void tell_spoiled(struct bench *b, const struct told *good, unsigned way)
{
    struct told t = *good;
    if (way == 0)
        t.lease = 0;
    else if (way == 1)
        t.server = 0;
    else if (way == 2)
        t.yiaddr = 0;
    else if (way == 3)
        t.yiaddr = 0x7F000001;
    else if (way == 4)
        t.yiaddr = 0x0A0900FF;
    else
        t.mask = 0xFF00FF00;
    tell(b, &t);
}

/* Everything that is no answer to what was said last. */
/* Clause: RFC 2131 4.4.1, RFC 2131 4.3.1 */
static void test_ignored(void **state)
{
    struct bench *b = up(1);
    const struct net_counters *c = counters(b);
    (void)state;
    struct heard h = expect(b, DHCP_DISCOVER);
    struct told good = grant(DHCP_OFFER, h.xid), t = good;
    t.xid++;
    tell(b, &t);
    t = good;
    t.chaddr = peer_mac;
    tell(b, &t);
    assert_int_equal(c->drop_dhcp_not_mine, 2);
    for (unsigned i = 0; i < 6; i++)
        tell_spoiled(b, &good, i);
    assert_int_equal(c->drop_dhcp_malformed, 6);
    t = good;
    t.type = DHCP_ACK;                      /* of nothing */
    tell(b, &t);
    t.type = DHCP_NAK;
    tell(b, &t);
    t.type = DHCP_DISCOVER;                 /* what only clients say */
    tell(b, &t);
    assert_int_equal(c->drop_dhcp_state, 3);
    assert_int_equal(state_of(b), NET_DHCP_SELECTING);
    tell(b, &good);
    (void)expect(b, DHCP_REQUEST);
    t = good;
    t.server = OTHER_SERVER;                /* a second offer; another server's ACK and NAK */
    tell(b, &t);
    t.type = DHCP_ACK;
    tell(b, &t);
    t.type = DHCP_NAK;
    tell(b, &t);
    assert_int_equal(c->drop_dhcp_state, 6);
    assert_int_equal(hear(b).type, 0);
    t = good;
    t.type = DHCP_ACK;
    t.lease = 0;
    tell(b, &t);
    assert_int_equal(c->drop_dhcp_malformed, 7);
    /* Before there is an address, only what is to all comes in. */
    t = good;
    t.type = DHCP_ACK;
    t.dst = OFFERED;
    tell(b, &t);
    assert_int_equal(c->drop_ip4_not_mine, 1);
    t.dst = 0;
    tell(b, &t);
    assert_int_equal(state_of(b), NET_DHCP_CHECKING);
    assert_int_equal(c->dhcp_offers, 1);
    assert_int_equal(c->dhcp_acks, 1);
    bench_down(b);
}

/* Refused after all: from the start, a second later. */
/* Clause: RFC 2131 3.1.5 */
static void test_nak(void **state)
{
    struct bench *b = up(1);
    (void)state;
    struct heard h = expect(b, DHCP_DISCOVER);
    struct told t = grant(DHCP_OFFER, h.xid);
    tell(b, &t);
    (void)expect(b, DHCP_REQUEST);
    tell(b, &(struct told){ .type = DHCP_NAK, .xid = h.xid, .server = PEER_ADDR });
    assert_int_equal(counters(b)->dhcp_naks, 1);
    assert_int_equal(state_of(b), NET_DHCP_INIT);
    bench_to(b, 1 * SEC);
    struct heard again = expect(b, DHCP_DISCOVER);
    assert_true(again.f->at_ns == 1 * SEC);
    assert_true(again.xid != h.xid);
    bench_down(b);
}

/* --- the address is in use ------------------------------------------------ */

/* Its owner answers the probe, or speaks of itself, or someone else is probing too. */
/* Clause: RFC 2131 3.1.5, RFC 2131 4.4.4, RFC 5227 2.1.1 */
static void test_conflict(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct bench *b = up(1);
        uint8_t f[64];
        struct heard h = expect(b, DHCP_DISCOVER);
        struct told t = grant(DHCP_OFFER, h.xid);
        tell(b, &t);
        (void)expect(b, DHCP_REQUEST);
        t.type = DHCP_ACK;
        tell(b, &t);
        bench_to(b, 50 * MS);
        /* Ours, reflected; another's address; someone who asks for it, having one. */
        bench_in(b, f, make_arp(f, NULL, 1, our_mac, 0, NULL, OFFERED));
        bench_in(b, f, make_arp(f, NULL, 1, peer_mac, PEER_ADDR, NULL, PEER_ADDR));
        bench_in(b, f, make_arp(f, NULL, 1, peer_mac, PEER_ADDR, NULL, OFFERED));
        assert_int_equal(state_of(b), NET_DHCP_CHECKING);
        if (i == 0)
            bench_in(b, f, make_arp(f, our_mac, 2, peer_mac, OFFERED, our_mac, 0));
        else if (i == 1)
            bench_in(b, f, make_arp(f, NULL, 1, peer_mac, OFFERED, NULL, OFFERED));
        else
            bench_in(b, f, make_arp(f, NULL, 1, peer_mac, 0, NULL, OFFERED));
        struct heard d = expect(b, DHCP_DECLINE);
        assert_int_equal(d.addr, OFFERED);
        assert_int_equal(d.server, PEER_ADDR);
        assert_int_equal(d.ciaddr | d.src | d.secs, 0);
        assert_int_equal(d.dst, ALL);
        assert_false(d.broadcast);
        assert_int_equal(counters(b)->dhcp_declines, 1);
        assert_int_equal(net_addr(b->net), 0);
        bench_to(b, 50 * MS + 10 * SEC);
        h = expect(b, DHCP_DISCOVER);
        assert_true(h.f->at_ns == 50 * MS + 10 * SEC);
        bench_down(b);
    }
}

/* --- keeping and losing it ------------------------------------------------ */

/* Clause: RFC 2131 4.4.5, RFC 2131 4.3.6 */
static void test_renew(void **state)
{
    struct bench *b = up(1);
    struct net_dhcp_lease l;
    (void)state;
    acquire(b, NULL);
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 1800 * SEC);
    struct heard h = expect(b, DHCP_REQUEST);
    assert_true(h.f->at_ns == 1800 * SEC);
    assert_int_equal(h.dst, PEER_ADDR);
    assert_int_equal(h.src, OFFERED);
    assert_int_equal(h.ciaddr, OFFERED);
    assert_int_equal(h.addr | h.server | h.secs, 0);
    assert_false(h.broadcast);
    assert_int_equal(state_of(b), NET_DHCP_RENEWING);
    bench_to(b, 1801 * SEC);
    struct told t = grant(DHCP_ACK, h.xid);
    t.dst = OFFERED;
    t.router = 0;                                   /* and one name server less */
    t.dns[1] = 0;
    t.lease = 7200;
    tell(b, &t);
    assert_int_equal(net_dhcp_get(b->net, &l), NET_DHCP_BOUND);
    assert_true(l.t1_ns == 1800 * SEC + 3600 * SEC);
    assert_true(l.expires_ns == 1800 * SEC + 7200 * SEC);
    assert_int_equal(net_addr(b->net), OFFERED);
    assert_int_equal(net_route_list(b->net, NULL, 0), 1);
    assert_int_equal(b->net->dns.server[1].addr, 0);
    assert_int_equal(b->events[b->n_events - 1].kind, NET_EV_DHCP_BOUND);
    assert_int_equal(counters(b)->dhcp_acks, 2);
    bench_down(b);
}

/* The answer to a repetition, with a lease shorter than the silence before it: it counts from the
 * REQUEST that was answered. */
/* Clause: RFC 2131 4.4.5 */
static void test_renew_late(void **state)
{
    struct bench *b = up(1);
    struct net_dhcp_lease l;
    (void)state;
    struct told t = grant(DHCP_OFFER, 0);
    t.lease = 86400;
    acquire(b, &t);
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 43200 * SEC);
    (void)expect(b, DHCP_REQUEST);
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_to(b, 59400 * SEC);
    struct heard h = expect(b, DHCP_REQUEST);
    t = grant(DHCP_ACK, h.xid);
    t.dst = OFFERED;
    t.lease = 3600;
    tell(b, &t);
    assert_int_equal(net_dhcp_get(b->net, &l), NET_DHCP_BOUND);
    assert_int_equal(net_addr(b->net), OFFERED);
    assert_true(l.expires_ns == (59400 + 3600) * SEC);
    bench_down(b);
}

/* Silence: asked again after half of what is left, from T2 on to all, then it is over. */
/* Clause: RFC 2131 4.4.5 */
static void test_expiry(void **state)
{
    struct bench *b = up(1);
    struct dgram d;
    (void)state;
    struct told t = grant(DHCP_OFFER, 0);
    t.lease = 1000;
    t.t1 = 200;
    t.t2 = 600;
    acquire(b, &t);
    bench_knows(b, PEER_ADDR, peer_mac);
    int s = net_socket(b->net, NET_STREAM);
    assert_int_equal(net_connect(b->net, s, PEER_ADDR, 9), -EINPROGRESS);
    int lis = net_socket(b->net, NET_STREAM);
    assert_int_equal(net_bind(b->net, lis, 0, 80), 0);
    assert_int_equal(net_listen(b->net, lis, 1), 0);
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_connect(b->net, &d, PEER_ADDR, 9), 0);
    static const int64_t renew[] = { 200, 400, 500, 560 }, rebind[] = { 600, 800, 900, 960 };
    for (unsigned i = 0; i < 8; i++) {
        int64_t at = i < 4 ? renew[i] : rebind[i - 4];
        bench_to(b, at * SEC - 1);
        bench_knows(b, PEER_ADDR, peer_mac);
        bench_to(b, at * SEC);
        struct heard h = expect(b, DHCP_REQUEST);
        assert_true(h.f->at_ns == at * SEC);
        assert_int_equal(h.ciaddr, OFFERED);
        assert_int_equal(h.src, OFFERED);
        assert_int_equal(h.dst, i < 4 ? PEER_ADDR : ALL);
        assert_int_equal(h.addr | h.server, 0);
    }
    assert_int_equal(state_of(b), NET_DHCP_REBINDING);
    bench_to(b, 1000 * SEC - 1);
    assert_int_equal(net_addr(b->net), OFFERED);
    (void)net_getopt(b->net, s, NET_SO_ERROR, &(int){ 0 });     /* of its SYN, by now */
    assert_int_equal(net_connect(b->net, s, ROUTER_ADDR, 9), -EINPROGRESS);
    bench_to(b, 1000 * SEC);
    assert_int_equal(net_addr(b->net), 0);
    assert_int_equal(net_route_list(b->net, NULL, 0), 0);
    assert_int_equal(b->net->dns.server[0].addr, 0);
    int err = 0;
    assert_true(net_ready(b->net, s) & NET_ERR);
    assert_int_equal(net_getopt(b->net, s, NET_SO_ERROR, &err), 0);
    assert_int_equal(err, ENETDOWN);
    assert_int_equal(dgram_error_take(&d), ENETDOWN);
    assert_int_equal(net_getopt(b->net, lis, NET_TCP_STATE, &err), 0);
    assert_int_equal(err, NET_TCP_LISTEN);
    struct heard h = expect(b, DHCP_DISCOVER);
    assert_true(h.f->at_ns == 1000 * SEC);
    bool lost = false;
    for (unsigned i = 0; i < b->n_events; i++)
        lost |= b->events[i].kind == NET_EV_DHCP_LOST && b->events[i].addr == OFFERED;
    assert_true(lost);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* While renewing: NAK takes the address away at once; another address replaces it; any
 * server may answer once all are asked. */
/* Clause: RFC 2131 4.4.5 */
static void test_changed(void **state)
{
    (void)state;
    struct bench *b = up(1);
    acquire(b, NULL);
    bench_to(b, 1800 * SEC);
    knows(b, PEER_ADDR, peer_mac);
    struct heard h = expect(b, DHCP_REQUEST);
    tell(b, &(struct told){ .type = DHCP_NAK, .xid = h.xid, .server = PEER_ADDR });
    assert_int_equal(net_addr(b->net), 0);
    assert_int_equal(state_of(b), NET_DHCP_INIT);
    bench_to(b, b->now + 1 * SEC);
    acquire(b, NULL);
    bench_to(b, b->now + 3200 * SEC);
    while (state_of(b) != NET_DHCP_REBINDING)
        bench_to(b, b->now + 1 * SEC);
    do {
        h = expect(b, DHCP_REQUEST);
    } while (h.dst != ALL);
    struct told t = grant(DHCP_ACK, h.xid);
    t.server = OTHER_SERVER;
    tell(b, &t);
    struct net_dhcp_lease l;
    assert_int_equal(net_dhcp_get(b->net, &l), NET_DHCP_BOUND);
    assert_int_equal(l.server, OTHER_SERVER);
    assert_int_equal(net_addr(b->net), OFFERED);
    bench_to(b, l.t1_ns);
    knows(b, OTHER_SERVER, router_mac);
    h = expect(b, DHCP_REQUEST);
    assert_int_equal(h.dst, OTHER_SERVER);
    t.xid = h.xid;
    t.yiaddr = OFFERED + 1;
    tell(b, &t);
    assert_int_equal(net_addr(b->net), 0);          /* checked first, as any new one */
    bench_to(b, b->now + CHECK_NS);
    assert_int_equal(net_addr(b->net), OFFERED + 1);
    bench_down(b);
}

/* T1 and T2 that make no sense, none, no mask, a lease for ever. */
/* Clause: RFC 2131 4.4.5, RFC 2131 3.3 */
static void test_times(void **state)
{
    static const struct { uint32_t lease, t1, t2; int64_t want1, want2; } t[] = {
        { 800, 0, 0, 400, 700 }, { 800, 100, 600, 100, 600 }, { 800, 700, 600, 400, 600 },
        { 800, 100, 900, 100, 700 }, { 800, 0, 300, 300, 300 }, { 1, 0, 0, 0, 0 },
    };
    struct net_dhcp_lease l;
    (void)state;
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct bench *b = up(1);
        struct told g = grant(DHCP_OFFER, 0);
        g.lease = t[i].lease;
        g.t1 = t[i].t1;
        g.t2 = t[i].t2;
        g.mask = 0;
        if (i < 5)
            acquire(b, &g);
        else {
            g.xid = expect(b, DHCP_DISCOVER).xid;
            tell(b, &g);
        }
        (void)net_dhcp_get(b->net, &l);
        assert_int_equal(l.prefix_len, 8);
        if (i < 5) {
            assert_true(l.t1_ns == t[i].want1 * SEC);
            assert_true(l.t2_ns == t[i].want2 * SEC);
        } else {                                    /* in order, however short */
            assert_true(l.t1_ns <= l.t2_ns && l.t2_ns < l.expires_ns);
        }
        bench_down(b);
    }
    struct bench *b = up(1);
    struct told g = grant(DHCP_OFFER, 0);
    g.lease = DHCP_FOREVER;
    g.t1 = 5;
    acquire(b, &g);
    assert_true(b->next > 1000000 * SEC);
    bench_down(b);
}

/* --- giving it back ------------------------------------------------------- */

/* Clause: RFC 2131 4.4.6, RFC 2131 3.1.6 */
static void test_release(void **state)
{
    struct bench *b = up(1);
    (void)state;
    acquire(b, NULL);
    assert_true(net_dhcp_stop(b->net));
    bench_poll(b);
    assert_int_equal(hear(b).type, 0);              /* it waits for ARP */
    knows(b, PEER_ADDR, peer_mac);
    struct heard h = expect(b, DHCP_RELEASE);
    assert_int_equal(h.dst, PEER_ADDR);
    assert_int_equal(h.ciaddr, OFFERED);
    assert_int_equal(h.server, PEER_ADDR);
    assert_int_equal(h.addr | h.secs, 0);
    assert_int_equal(state_of(b), NET_DHCP_OFF);
    assert_false(net_dhcp_stop(b->net));
    bench_to(b, 10000 * SEC);
    assert_int_equal(hear(b).type, 0);
    assert_int_equal(net_dhcp_start(b->net), -EEXIST);
    assert_int_equal(net_set_addr(b->net, 0, 0), 0);
    assert_int_equal(net_dhcp_start(b->net), 0);
    bench_poll(b);
    (void)expect(b, DHCP_DISCOVER);
    assert_false(net_dhcp_stop(b->net));            /* there is no lease yet */
    bench_to(b, b->now + 100 * SEC);
    assert_int_equal(hear(b).type, 0);
    bench_down(b);
}

/* Port 68 taken; name servers of the user; no room in the NIC. */
static void test_start(void **state)
{
    struct bench *b = bench_up(&(struct bench_cfg){ .no_addr = true });
    struct dgram d;
    (void)state;
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 68), 0);
    assert_int_equal(net_dhcp_start(b->net), -EADDRINUSE);
    /* Without an address nobody else can send, to all or to one. */
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, ALL, 67), -ENETUNREACH);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 67), -ENETUNREACH);
    dgram_fini(b->net, &d);
    /* Nor is 0.0.0.0 us. */
    uint8_t f[64];
    size_t len = make_udp(f, &(struct ip_spec){ .dst = 1 }, 67, 68, "x", 1);
    put32(f + 30, 0);
    put16(f + 24, (uint16_t)(get16(f + 24) + 1));
    bench_in(b, f, len);
    assert_int_equal(counters(b)->drop_ip4_not_mine, 1);
    assert_int_equal(net_set_dns(b->net, 1, ROUTER_ADDR, 5353), 0);
    fake_link_set_tx_room(b->link, 0);
    for (unsigned i = 0; i < 100 && net_tx_room(b->net); i++)
        arp_ask_all(b->net, 1);                     /* something fills the queue */
    assert_int_equal(net_dhcp_start(b->net), 0);
    bench_to(b, 35 * MS);
    assert_int_equal(b->n_sent, 0);
    fake_link_set_tx_room(b->link, 1000);
    bench_to(b, 50 * MS);
    acquire(b, NULL);
    assert_int_equal(b->net->dns.server[0].addr, 0);
    assert_int_equal(b->net->dns.server[1].addr, ROUTER_ADDR);
    bench_down(b);
}

/* --- anything at any time ------------------------------------------------- */

static uint32_t some(struct rng *r, uint32_t a, uint32_t b)
{
    return rng_below(r, 2) ? a : b;
}

/* Whatever a server says and whenever: there is an address if and only if the state says
 * so, its route comes and goes with it, and the next deadline lies ahead. */
static void test_random(void **state)
{
    const char *env = getenv("LY_SEED");
    uint64_t seed = env ? strtoull(env, NULL, 0) : 1;
    unsigned seen[NET_DHCP_REBINDING + 1] = { 0 };
    struct bench *b = up(seed);
    struct rng r;
    (void)state;
    print_message("LY_SEED=%llu\n", (unsigned long long)seed);
    rng_init(&r, seed, RNG_DHCP);
    for (unsigned i = 0; i < 20000; i++) {
        struct told t = grant((enum dhcp_type)(2 + rng_below(&r, 5)), b->net->dhcp.xid);
        t.yiaddr += rng_below(&r, 8) == 0;
        t.server = rng_below(&r, 8) ? PEER_ADDR : some(&r, 0, OTHER_SERVER);
        t.mask = some(&r, 0xFFFFFF00, rng_below(&r, 4) ? 0xFFFFFF00 : 0xFF000000);
        t.router = some(&r, ROUTER_ADDR, some(&r, 0, 0xC0000201));
        t.lease = rng_below(&r, 101);
        t.t1 = rng_below(&r, 120);
        t.t2 = rng_below(&r, 120);
        t.xid += rng_below(&r, 16) == 0;
        tell(b, &t);
        if (rng_below(&r, 4) == 0)
            knows(b, some(&r, PEER_ADDR, OFFERED), peer_mac);
        bench_to(b, b->now + (int64_t)rng_below(&r, rng_below(&r, 4) ? 1000 : 40000) * MS);
        enum net_dhcp_state s = state_of(b);
        seen[s]++;
        uint32_t addr = net_addr(b->net);
        assert_int_equal(addr != 0, s >= NET_DHCP_BOUND);
        assert_true(addr || net_route_list(b->net, NULL, 0) == 0);
        assert_true(net_route_list(b->net, NULL, 0) <= 2);
        assert_int_equal(b->net->dns.server[0].addr, addr ? PEER_ADDR : 0);
        assert_true(b->next > b->now);
        b->n_sent = b->n_taken = b->n_events = 0;
    }
    for (unsigned s = NET_DHCP_INIT; s <= NET_DHCP_REBINDING; s++)
        assert_true(seen[s] > 0);
    (void)net_dhcp_stop(b->net);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acquire),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_no_ack),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_nak),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_renew_late),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
