/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_udp.c - stack/udp.c and dgram.c: ports, who gets what, receive buffer, room
 * in the NIC, checksums, errors, and two hosts with a UDP echo.
 */
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct net_counters *counters(const struct bench *b)
{
    return net_counters(b->net);
}

static struct bench *up(void)
{
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    return b;
}

static void open_at(struct bench *b, struct dgram *d, uint32_t addr, uint16_t port)
{
    dgram_init(d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, d, addr, port), 0);
}

static void udp_in(struct bench *b, uint32_t src, uint16_t sport, uint16_t dport, const char *s)
{
    uint8_t f[1600];
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .src = src }, sport, dport, s, strlen(s)));
}

/* scapy: UDP(sport=4000, dport=7)/"hello, nic", with and without checksum. */
/* Clause: RFC 768 Fields, RFC 1122 4.1.3.4 */
static void test_receive(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t f[64];
    char buf[32];
    uint32_t addr;
    uint16_t port;
    open_at(b, &d, 0, 7);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), &addr, &port), -EAGAIN);
    size_t n = from_hex(f, sizeof(f),
        "02000000000102000000000208004500002600050000401166ae0a0900020a09"
        "00010fa0000700120e3f68656c6c6f2c206e6963");
    bench_in(b, f, n);
    assert_int_equal(dgram_ready(&d), NET_IN | NET_OUT);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), &addr, &port), 10);
    assert_memory_equal(buf, "hello, nic", 10);
    assert_int_equal(addr, PEER_ADDR);
    assert_int_equal(port, 4000);
    n = from_hex(f, sizeof(f),
        "02000000000102000000000208004500001e00050000401166b60a0900020a09"
        "00010fa00007000a00006869");
    bench_in(b, f, n);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, 1, NULL, NULL), 1);    /* "h", rest lost */
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, 1, NULL, NULL), -EAGAIN);
    assert_int_equal(counters(b)->csum_rx_verified, 1);     /* the second had none */
    assert_int_equal(counters(b)->udp_delivered, 2);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Clause: RFC 768 Fields, RFC 1122 4.1.3.4 */
static void test_dropped(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t f[64];
    open_at(b, &d, 0, 7);
    size_t n = make_udp(f, &(struct ip_spec){ 0 }, 4000, 7, "abc", 3);
    for (unsigned bit = 0; bit < 3 * 8; bit++) {            /* payload: sum alone finds it */
        f[42 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench_in(b, f, n);
        f[42 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(counters(b)->drop_udp_checksum, 24);
    struct ip_spec s = { .proto = 17 };
    bench_in(b, f, make_ip(f, &s, "\0\1\0\7\0\x08\0", 7));
    bench_in(b, f, make_ip(f, &s, "\0\1\0\7\0\x07\0\0", 8));
    bench_in(b, f, make_ip(f, &s, "\0\1\0\7\0\x0A\0\0x", 9));
    assert_int_equal(counters(b)->drop_udp_malformed, 3);
    assert_int_equal(d.rxq.n, 0);
    /* Shorter than the IP payload: what follows belongs to nobody. */
    bench_in(b, f, make_ip(f, &s, "\0\1\0\7\0\x09\0\0xyz", 11));
    assert_int_equal(dgram_recvfrom(b->net, &d, f, sizeof(f), NULL, NULL), 1);
    assert_null(bench_sent(b));
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* A closed port: port unreachable, with the datagram quoted. */
/* Clause: RFC 1122 4.1.3.1, RFC 792 Destination Unreachable Message */
static void test_closed_port(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[64];
    size_t n = make_udp(f, &(struct ip_spec){ 0 }, 4000, 9, "abc", 3);
    bench_in(b, f, n);
    const struct sent_frame *s = bench_sent(b);
    assert_true(ip_ok(s));
    assert_int_equal(s->b[34], 3);
    assert_int_equal(s->b[35], 3);
    assert_memory_equal(s->b + 42, f + 14, n - 14);
    assert_int_equal(counters(b)->drop_udp_no_socket, 1);
    bench_down(b);
}

/* Connected to the sender before bound to the address before bound to any. */
static void test_most_specific(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram any, bound, conn;
    dgram_init(&any, NET_DGRAM, NULL);
    dgram_init(&bound, NET_DGRAM, NULL);
    dgram_init(&conn, NET_DGRAM, NULL);
    any.reuse = bound.reuse = conn.reuse = true;
    assert_int_equal(dgram_bind(b->net, &conn, OUR_ADDR, 7), 0);
    assert_int_equal(dgram_connect(b->net, &conn, PEER_ADDR, 4000), 0);
    assert_int_equal(dgram_bind(b->net, &bound, OUR_ADDR, 7), 0);
    assert_int_equal(dgram_bind(b->net, &any, 0, 7), 0);
    udp_in(b, PEER_ADDR, 4000, 7, "1");
    udp_in(b, PEER_ADDR, 4001, 7, "2");
    udp_in(b, ROUTER_ADDR, 4000, 7, "3");
    uint8_t f[64];
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .eth_dst = all_mac, .dst = 0x0A0900FF }, 1, 7,
                            "4", 1));
    assert_int_equal(conn.rxq.n, 1);
    assert_int_equal(bound.rxq.n, 2);
    assert_int_equal(any.rxq.n, 1);
    dgram_fini(b->net, &bound);                 /* in the middle of its chain */
    udp_in(b, PEER_ADDR, 4001, 7, "5");
    assert_int_equal(any.rxq.n, 2);
    dgram_fini(b->net, &any);
    udp_in(b, PEER_ADDR, 4001, 7, "6");         /* the connected one is not for it */
    assert_int_equal(counters(b)->drop_udp_no_socket, 1);
    dgram_fini(b->net, &conn);
    dgram_fini(b->net, &conn);                  /* harmless */
    bench_down(b);
}

static void test_bind(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d, e, i;
    open_at(b, &d, 0, 7);
    assert_int_equal(dgram_bind(b->net, &d, 0, 8), -EINVAL);
    dgram_init(&e, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &e, PEER_ADDR, 7), -EADDRNOTAVAIL);
    assert_int_equal(dgram_bind(b->net, &e, 0, 7), -EADDRINUSE);
    assert_int_equal(dgram_bind(b->net, &e, OUR_ADDR, 7), -EADDRINUSE);
    e.reuse = true;                             /* both must want it */
    assert_int_equal(dgram_bind(b->net, &e, 0, 7), -EADDRINUSE);
    dgram_init(&i, NET_ICMP, NULL);             /* another table of numbers */
    assert_int_equal(dgram_bind(b->net, &i, 0, 7), 0);
    assert_int_equal(dgram_bind(b->net, &e, 0, 7 + DGRAM_BUCKETS), 0);  /* the same bucket */
    dgram_fini(b->net, &d);
    dgram_fini(b->net, &e);
    dgram_fini(b->net, &i);
    bench_down(b);
}

/* Random, in range, never twice; the last free one is found; then none is left. */
/* Clause: RFC 6056 3.3.1 */
static void test_ephemeral(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram *d = calloc(65536, sizeof(*d));
    struct dgram last;
    unsigned runs = 0, taken = 0;
    uint16_t prev = 0;
    assert_non_null(d);
    for (; taken < 1000; taken++) {
        open_at(b, &last, 0, 0);
        uint16_t port = last.lport;
        dgram_fini(b->net, &last);
        assert_in_range(port, 32768, 60999);
        runs += port == prev + 1;
        prev = port;
        if (!d[port].lport)
            open_at(b, &d[port], 0, port);
    }
    assert_true(runs < 10);                     /* in no order */
    for (uint16_t port = 32768; port < 61000; port++) {
        if (!d[port].lport && port != 40000)
            open_at(b, &d[port], 0, port);
    }
    open_at(b, &last, 0, 0);
    assert_int_equal(last.lport, 40000);
    dgram_init(&d[0], NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d[0], 0, 0), -EADDRINUSE);
    dgram_fini(b->net, &last);
    for (unsigned port = 0; port < 65536; port++)
        dgram_fini(b->net, &d[port]);
    free(d);
    bench_down(b);
}

/* Clause: RFC 768 Format */
static void test_send(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t big[1500] = { 0 };
    dgram_init(&d, NET_DGRAM, NULL);
    d.ttl = 5;
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, 0, 0), -EDESTADDRREQ);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 0), -EINVAL);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, 0xC0000201, 9), -ENETUNREACH);
    assert_int_equal(dgram_sendto(b->net, &d, big, 65508, PEER_ADDR, 9), -EMSGSIZE);
    assert_int_equal(dgram_sendto(b->net, &d, big, SIZE_MAX, PEER_ADDR, 9), -EMSGSIZE);
    assert_int_equal(dgram_sendto(b->net, &d, big, 1472, PEER_ADDR, 9), 1472);
    assert_int_equal(dgram_sendto(b->net, &d, NULL, 0, PEER_ADDR, 9), 0);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b);
    assert_true(ip_ok(s));
    assert_int_equal(s->len, 1514);
    assert_int_equal(s->b[22], 5);
    assert_int_equal(get16(s->b + 34), d.lport);
    assert_int_equal(get16(s->b + 36), 9);
    s = bench_sent(b);
    assert_true(ip_ok(s));
    assert_int_equal(get16(s->b + 38), 8);
    assert_int_equal(counters(b)->udp_tx, 2);
    assert_int_equal(counters(b)->csum_tx_computed, 2);

    /* Connected, and taken apart again. */
    assert_int_equal(dgram_connect(b->net, &d, PEER_ADDR, 9), 0);
    assert_int_equal(d.laddr, OUR_ADDR);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, 0, 0), 1);
    assert_int_equal(dgram_connect(b->net, &d, 0xC0000201, 9), -ENETUNREACH);
    assert_int_equal(dgram_connect(b->net, &d, 0, 0), 0);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, 0, 0), -EDESTADDRREQ);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* The same bytes on the wire, whoever computes the sum. */
/* Clause: RFC 768 Fields */
static void test_offload_same_bytes(void **state)
{
    (void)state;
    struct sent_frame got[2][40];
    for (int offload = 0; offload < 2; offload++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .offload = offload });
        struct dgram d;
        struct rng r;
        uint8_t data[1472];
        bench_knows(b, PEER_ADDR, peer_mac);
        open_at(b, &d, 0, 0);
        rng_init(&r, seed_of_run(), RNG_IP4_ID);
        for (unsigned i = 0; i < 40; i++) {
            size_t len = rng_below(&r, i % 2 ? 40 : 1473);
            for (size_t j = 0; j < len; j++)
                data[j] = (uint8_t)rng_u64(&r);
            assert_int_equal(dgram_sendto(b->net, &d, data, len, PEER_ADDR, 9), len);
            bench_poll(b);
            const struct sent_frame *s = bench_sent(b);
            assert_true(ip_ok(s));
            memset(&got[offload][i], 0, sizeof(got[0][0]));
            got[offload][i].len = s->len;
            memcpy(got[offload][i].b, s->b, s->len);
        }
        assert_int_equal(counters(b)->csum_tx_computed, offload ? 0 : 40);
        struct fake_wire_stats w;
        fake_link_wire_stats(b->link, &w);
        assert_int_equal(w.tx_csum_inserted, offload ? 40 : 0);
        dgram_fini(b->net, &d);
        bench_down(b);
    }
    assert_memory_equal(got[0], got[1], sizeof(got[0]));
}

static void test_receive_buffer(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t buf[8];
    open_at(b, &d, 0, 7);
    d.rcvbuf_bytes = 10 * DGRAM_OVERHEAD_BYTES;
    for (unsigned i = 0; i < 14; i++)
        udp_in(b, PEER_ADDR, 4000, 7, "");      /* empty, but not free */
    assert_int_equal(d.rxq.n, 10);
    assert_int_equal(counters(b)->drop_udp_rcvbuf, 4);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), NULL, NULL), 0);
    udp_in(b, PEER_ADDR, 4000, 7, "");
    assert_int_equal(d.rxq.n, 10);
    while (dgram_recvfrom(b->net, &d, buf, sizeof(buf), NULL, NULL) == 0)
        ;
    udp_in(b, PEER_ADDR, 4000, 7, "12345678");
    assert_int_equal(d.rxq_bytes, 8);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, 1, NULL, NULL), 1);
    assert_int_equal(d.rxq_bytes, 0);           /* what was cut off does not count on */
    dgram_fini(b->net, &d);
    bench_down(b);
}

static void test_shutdown(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t buf[8];
    open_at(b, &d, 0, 7);
    udp_in(b, PEER_ADDR, 4000, 7, "abc");
    d.shut_rd = true;
    udp_in(b, PEER_ADDR, 4000, 7, "def");
    assert_int_equal(counters(b)->drop_udp_rcvbuf, 1);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), NULL, NULL), 3);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), NULL, NULL), 0);
    d.shut_wr = true;
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9), -EPIPE);
    assert_true(dgram_ready(&d) & NET_HUP);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* A NIC without room: -EAGAIN, NET_OUT goes away and comes back; nothing is lost. */
static void test_no_room(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    open_at(b, &d, 0, 7);
    fake_link_set_tx_room(b->link, 0);
    unsigned sent = 0;
    while (dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9) == 1)
        sent++;
    assert_true(sent > 0 && sent < 100);
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9), -EAGAIN);
    assert_false(dgram_ready(&d) & NET_OUT);
    bench_to(b, 1 * MS);
    assert_false(dgram_ready(&d) & NET_OUT);
    fake_link_set_tx_room(b->link, UINT_MAX);
    bench_to(b, 2 * MS);
    assert_true(dgram_ready(&d) & NET_OUT);
    assert_int_equal(dgram_sendto(b->net, &d, "y", 1, PEER_ADDR, 9), 1);
    bench_poll(b);
    assert_int_equal(b->n_sent, sent + 1);
    assert_int_equal(counters(b)->drop_tx_nic_full, 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

static void test_no_buffer(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ .pool_small = 8 });
    struct dgram d;
    struct pkt *p[8];
    bench_knows(b, PEER_ADDR, peer_mac);
    open_at(b, &d, 0, 7);
    for (unsigned i = 0; i < 8; i++)
        assert_non_null(p[i] = net_pkt_alloc(b->net, PKT_SMALL));
    assert_int_equal(dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9), -EAGAIN);
    bench_to(b, 1 * MS);
    assert_false(dgram_ready(&d) & NET_OUT);
    assert_true(b->next <= b->now + 1 * MS);    /* nobody wakes us for a free buffer */
    for (unsigned i = 0; i < 8; i++)
        pkt_release(p[i]);
    bench_to(b, 2 * MS);
    assert_true(dgram_ready(&d) & NET_OUT);
    /* Closed while it waits: the count of those who wait is right again. */
    fake_link_set_tx_room(b->link, 0);
    while (dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9) == 1)
        ;
    dgram_fini(b->net, &d);
    assert_int_equal(b->net->dgrams.want_out, 0);
    fake_link_set_tx_room(b->link, UINT_MAX);
    bench_to(b, 3 * MS);
    bench_down(b);
}

/* connect() after bind() to any has the address of its day, and so has what is sent later. */
/* Clause: RFC 1122 3.2.1.3, RFC 1122 4.1.3.5 */
static void test_address_changes(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct dgram any, named;
    bench_knows(b, PEER_ADDR, peer_mac);
    open_at(b, &any, 0, 7);
    open_at(b, &named, OUR_ADDR, 8);
    assert_int_equal(dgram_connect(b->net, &any, PEER_ADDR, 9), 0);
    assert_int_equal(any.laddr, OUR_ADDR);
    assert_int_equal(net_set_addr(b->net, OUR_ADDR + 8, 24), 0);
    assert_int_equal(dgram_sendto(b->net, &any, "x", 1, 0, 0), 1);
    assert_int_equal(any.laddr, OUR_ADDR + 8);
    assert_int_equal(dgram_connect(b->net, &any, 0, 0), 0);
    assert_int_equal(any.laddr, 0);
    assert_int_equal(dgram_connect(b->net, &any, PEER_ADDR, 9), 0);
    assert_int_equal(any.laddr, OUR_ADDR + 8);
    assert_int_equal(dgram_connect(b->net, &named, PEER_ADDR, 9), -EADDRNOTAVAIL);
    dgram_fini(b->net, &any);
    dgram_fini(b->net, &named);
    bench_down(b);
}

/* --- two hosts: an echo server and a client ------------------------------- */

static void echo(struct bench *b, struct dgram *d)
{
    uint8_t buf[1472];
    uint32_t addr;
    uint16_t port;
    ssize_t n;
    while ((n = dgram_recvfrom(b->net, d, buf, sizeof(buf), &addr, &port)) >= 0)
        assert_int_equal(dgram_sendto(b->net, d, buf, (size_t)n, addr, port), n);
    assert_int_equal(n, -EAGAIN);
}

static void test_two_hosts(void **state)
{
    (void)state;
    struct bench *a = bench_up(&(struct bench_cfg){ .offload = true });
    struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 2 });
    struct dgram client, server;
    uint8_t msg[1472], got[1472];
    pair_join(a, b);
    dgram_init(&client, NET_DGRAM, NULL);
    assert_int_equal(dgram_connect(a->net, &client, PEER_ADDR, 7), 0);
    open_at(b, &server, 0, 7);
    for (unsigned i = 0; i < 60; i++) {
        size_t len = i % 4 ? i : 1472;
        memset(msg, (int)i + 1, sizeof(msg));
        assert_int_equal(dgram_sendto(a->net, &client, msg, len, 0, 0), len);
        pair_to(a, b, a->now + 1 * MS);
        echo(b, &server);
        pair_to(a, b, a->now + 1 * MS);
        assert_int_equal(dgram_recvfrom(a->net, &client, got, sizeof(got), NULL, NULL), len);
        assert_memory_equal(got, msg, len);
    }
    /* The server is gone: its host says so. */
    dgram_fini(b->net, &server);
    assert_int_equal(dgram_sendto(a->net, &client, msg, 1, 0, 0), 1);
    pair_to(a, b, a->now + 1 * MS);
    assert_int_equal(dgram_recvfrom(a->net, &client, got, sizeof(got), NULL, NULL),
                     -ECONNREFUSED);
    assert_int_equal(counters(a)->csum_tx_computed + counters(a)->csum_rx_verified, 0);
    assert_int_equal(counters(a)->csum_rx_by_nic, 61);
    dgram_fini(a->net, &client);
    bench_down(a);
    bench_down(b);
}

/* The same by the public calls, with readiness as the queue of changed sockets. */
static void test_public_calls(void **state)
{
    (void)state;
    struct bench *a = bench_up(&(struct bench_cfg){ .seed = 3 });
    struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 4 });
    char buf[32];
    uint32_t addr = 0;
    uint16_t port = 0, client_port = 0;
    pair_join(a, b);
    int c = net_socket(a->net, NET_DGRAM), s = net_socket(b->net, NET_DGRAM);
    assert_true(c >= 0 && s >= 0);
    assert_int_equal(net_bind(b->net, s, 0, 7), 0);
    assert_int_equal(net_connect(a->net, c, PEER_ADDR, 7), 0);
    assert_int_equal(net_getsockname(a->net, c, &addr, &client_port), 0);
    assert_int_equal(addr, OUR_ADDR);
    while (net_changed(a->net) >= 0 || net_changed(b->net) >= 0)
        ;
    assert_int_equal(net_send(a->net, c, "ping", 4), 4);
    pair_to(a, b, 1 * MS);
    assert_int_equal(net_changed(b->net), s);
    assert_int_equal(net_changed(b->net), -1);
    assert_true(net_ready(b->net, s) & NET_IN);
    assert_int_equal(net_recvfrom(b->net, s, buf, sizeof(buf), &addr, &port), 4);
    assert_int_equal(addr, OUR_ADDR);
    assert_int_equal(port, client_port);
    assert_int_equal(net_sendto(b->net, s, "pong", 4, addr, port), 4);
    pair_to(a, b, 2 * MS);
    assert_int_equal(net_changed(a->net), c);
    assert_int_equal(net_recv(a->net, c, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "pong", 4);

    assert_int_equal(net_close(b->net, s), 0);
    assert_int_equal(net_send(a->net, c, "ping", 4), 4);
    pair_to(a, b, 3 * MS);
    assert_int_equal(net_changed(a->net), c);
    assert_true(net_ready(a->net, c) & NET_ERR);
    assert_int_equal(net_recv(a->net, c, buf, sizeof(buf)), -ECONNREFUSED);
    assert_int_equal(net_close(a->net, c), 0);
    bench_down(a);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_closed_port),
        cmocka_unit_test(test_most_specific),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_ephemeral),
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_offload_same_bytes),
        cmocka_unit_test(test_receive_buffer),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_no_buffer),
        cmocka_unit_test(test_address_changes),
        cmocka_unit_test(test_two_hosts),
        cmocka_unit_test(test_public_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
