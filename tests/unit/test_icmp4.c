/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_icmp4.c - stack/icmp4.c: echo, errors in both directions, what must not be
 * answered (RFC 1122 3.2.2), the rate limit, and two hosts that ping.
 */
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
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

static void icmp_in(struct bench *b, const struct ip_spec *s, uint8_t type, uint8_t code,
                    uint32_t rest, const void *data, size_t len)
{
    uint8_t f[1600];
    bench_in(b, f, make_icmp(f, s, type, code, rest, data, len));
}

static const struct ip_spec plain;

/* scapy: IP(tos=0x10, ttl=63)/ICMP(type=8, id=0x4c59, seq=7)/"lanyard!lanyard!" */
/* Clause: RFC 1122 3.2.2.6 */
static void test_echo(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[64];
    size_t n = from_hex(f, sizeof(f),
        "02000000000102000000000208004510002c123440003f0115790a0900020a09"
        "000108006ac24c5900076c616e79617264216c616e7961726421");
    bench_in(b, f, n);
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_true(ip_ok(s));
    assert_int_equal(s->b[15], 0x10);           /* RFC 1122 3.2.2: the same TOS */
    assert_int_equal(s->b[34], 0);
    assert_int_equal(get32(s->b + 26), OUR_ADDR);
    assert_int_equal(get32(s->b + 30), PEER_ADDR);
    assert_memory_equal(s->b + 38, f + 38, 20); /* id, seq, data */
    assert_int_equal(counters(b)->icmp4_rx, 1);
    assert_int_equal(counters(b)->icmp4_handled, 1);
    assert_int_equal(counters(b)->icmp4_tx, 1);
    bench_down(b);
}

/* From none to as much as a frame can carry, odd and even. */
/* Clause: RFC 792 Echo or Echo Reply Message, RFC 1122 3.2.2.6 */
static void test_echo_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 17, 18, 56, 1471, 1472 };
    uint8_t data[1472];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (int offload = 0; offload < 2; offload++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .offload = offload });
        bench_knows(b, PEER_ADDR, peer_mac);
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            icmp_in(b, &plain, 8, 0, 0x12340000 + i, data, sizes[i]);
            const struct sent_frame *s = bench_sent(b);
            assert_non_null(s);
            assert_true(ip_ok(s));
            assert_int_equal(get16(s->b + 16), 28 + sizes[i]);
            assert_memory_equal(s->b + 42, data, sizes[i]);
        }
        assert_int_equal(counters(b)->csum_tx_computed, offload ? 0 : 7);
        assert_int_equal(counters(b)->csum_rx_verified, offload ? 0 : 7);
        assert_int_equal(counters(b)->csum_rx_by_nic, offload ? 7 : 0);
        bench_down(b);
    }
}

/* Clause: RFC 1122 3.2.2, RFC 6633 3, RFC 1122 3.2.2.2, RFC 9293 3.9.2.2 */
static void test_dropped(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[128];
    size_t n = make_icmp(f, &plain, 8, 0, 1, "abcd", 4);
    f[43] ^= 1;
    bench_in(b, f, n);
    assert_int_equal(counters(b)->drop_icmp4_checksum, 1);
    struct ip_spec s = { .proto = 1 };
    bench_in(b, f, make_ip(f, &s, "\10\0\xF7\xFF\0\0\0", 7));
    assert_int_equal(counters(b)->drop_icmp4_malformed, 1);
    icmp_in(b, &plain, 13, 0, 1, "123456789012", 12);       /* timestamp */
    icmp_in(b, &plain, 3, 16, 0, f, 28);                    /* a code nobody knows */
    assert_int_equal(counters(b)->drop_icmp4_type, 2);
    icmp_in(b, &plain, 5, 1, ROUTER_ADDR, f, 28);
    assert_int_equal(counters(b)->drop_icmp4_redirect, 1);
    icmp_in(b, &plain, 4, 0, 0, f, 28);
    assert_int_equal(counters(b)->drop_icmp4_quench, 1);
    icmp_in(b, &plain, 0, 0, 0x77770001, "x", 1);           /* reply to nobody */
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 1);
    icmp_in(b, &(struct ip_spec){ .eth_dst = all_mac, .dst = 0x0A0900FF }, 8, 0, 1, "x", 1);
    icmp_in(b, &(struct ip_spec){ .dst = 0xFFFFFFFF }, 8, 0, 1, "x", 1);
    assert_int_equal(counters(b)->drop_icmp4_broadcast, 2);
    assert_null(bench_sent(b));
    bench_down(b);
}

/* --- errors that we send -------------------------------------------------- */

/* Clause: RFC 1122 3.2.2.1, RFC 1812 4.3.2.3, RFC 792 Destination Unreachable Message */
static void test_protocol_unreachable(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[1600], data[1400];
    memset(data, 0x33, sizeof(data));
    struct ip_spec s = { .proto = 253 };
    size_t n = make_ip(f, &s, "12345678", 8);
    bench_in(b, f, n);
    const struct sent_frame *e = bench_sent(b);
    assert_non_null(e);
    assert_true(ip_ok(e));
    assert_int_equal(e->b[34], 3);
    assert_int_equal(e->b[35], 2);
    assert_int_equal(get32(e->b + 38), 0);
    assert_int_equal(get16(e->b + 16), 28 + 28);
    assert_memory_equal(e->b + 42, f + 14, 28);             /* the whole packet */
    n = make_ip(f, &s, data, sizeof(data));
    bench_in(b, f, n);
    e = bench_sent(b);
    assert_true(ip_ok(e));
    assert_int_equal(get16(e->b + 16), 576);                /* RFC 1812 4.3.2.3 */
    assert_memory_equal(e->b + 42, f + 14, 548);
    bench_down(b);
}

/* RFC 1122 3.2.2: no error about these. UDP to a closed port, as it asks for one. */
/* Clause: RFC 1122 3.2.2 */
static void test_not_answered(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[256], orig[64];
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .eth_dst = all_mac, .dst = 0x0A0900FF }, 1, 9,
                            "x", 1));
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .dst = 0xFFFFFFFF }, 1, 9, "x", 1));
    assert_int_equal(counters(b)->drop_udp_no_socket, 2);
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .frag = 3 }, 1, 9, "x", 1));
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .src = 0xE0000009 }, 1, 9, "x", 1));
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .src = 0x7F000001 }, 1, 9, "x", 1));
    /* An error about something that we did not send. */
    size_t n = make_udp(orig, &(struct ip_spec){ .src = OUR_ADDR, .dst = PEER_ADDR }, 1, 9, "x", 1);
    icmp_in(b, &plain, 3, 3, 0, orig + 14, n - 14);
    assert_null(bench_sent(b));
    bench_in(b, f, make_udp(f, &plain, 1, 9, "x", 1));
    assert_non_null(bench_sent(b));
    bench_down(b);
}

/* An error about an ICMP packet of an unknown protocol-like kind must not start a
 * loop: asked directly, icmp4_error_tx() refuses ICMP errors and allows an echo. */
/* Clause: RFC 1122 3.2.2 */
static void test_never_about_errors(void **state)
{
    (void)state;
    struct bench *b = up();
    static const struct { uint8_t type; unsigned sent; } t[] = {
        { 3, 0 }, { 4, 0 }, { 5, 0 }, { 11, 0 }, { 12, 0 }, { 8, 1 }, { 0, 1 },
    };
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        uint8_t f[64];
        size_t n = make_icmp(f, &plain, t[i].type, 0, 0, "", 0);
        struct pkt *p = net_pkt_alloc(b->net, PKT_SMALL);
        struct ip4_view v;
        memcpy(pkt_put(p, (uint32_t)n - 14), f + 14, n - 14);
        p->l3 = p->head;
        assert_int_equal(ip4_parse(pkt_data(p), p->len, &v), 0);
        unsigned before = b->n_sent;
        icmp4_error_tx(b->net, p, &v, 3, 2, b->now);
        bench_poll(b);
        assert_int_equal(b->n_sent - before, t[i].sent);
        pkt_release(p);
    }
    bench_down(b);
}

/* Clause: RFC 1812 4.3.2.8 */
static void test_rate_limit(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t f[64];
    size_t n = make_udp(f, &plain, 1, 9, "x", 1);
    for (unsigned i = 0; i < 80; i++)
        bench_in(b, f, n);
    assert_int_equal(b->n_sent, ICMP4_ERRORS_BURST);
    assert_int_equal(counters(b)->icmp4_tx_limited, 30);
    bench_to(b, 10 * MS);                       /* ten more may go */
    for (unsigned i = 0; i < 30; i++)
        bench_in(b, f, n);
    assert_int_equal(b->n_sent, ICMP4_ERRORS_BURST + 10);
    bench_to(b, 10 * SEC);                      /* the bucket is full, not fuller */
    for (unsigned i = 0; i < 80; i++)
        bench_in(b, f, n);
    assert_int_equal(b->n_sent, 2 * ICMP4_ERRORS_BURST + 10);
    bench_down(b);
}

/* --- errors about what we sent: to endpoints ------------------------------ */

/* An error of @type, @code about a UDP datagram from our @sport to @dst:@dport. */
static void error_about_udp(struct bench *b, uint8_t type, uint8_t code, uint32_t src,
                            uint16_t sport, uint32_t dst, uint16_t dport)
{
    uint8_t o[64];
    size_t n = make_udp(o, &(struct ip_spec){ .src = src, .dst = dst }, sport, dport, "q", 1);
    icmp_in(b, &(struct ip_spec){ .src = ROUTER_ADDR }, type, code, 0, o + 14, n - 15);
}

/* Clause: RFC 1122 4.1.3.3, RFC 1122 3.2.2.1, RFC 792 Destination Unreachable Message */
static void test_errno_of_each_code(void **state)
{
    (void)state;
    static const struct { uint8_t type, code; int err; } t[] = {
        { 3, 0, ENETUNREACH }, { 3, 1, EHOSTUNREACH }, { 3, 2, ENOPROTOOPT },
        { 3, 3, ECONNREFUSED }, { 3, 4, EMSGSIZE }, { 3, 5, EOPNOTSUPP }, { 3, 6, ENETUNREACH },
        { 3, 7, EHOSTDOWN }, { 3, 8, EHOSTUNREACH }, { 3, 9, ENETUNREACH },
        { 3, 10, EHOSTUNREACH }, { 3, 11, ENETUNREACH }, { 3, 12, EHOSTUNREACH },
        { 3, 13, EHOSTUNREACH }, { 3, 14, EHOSTUNREACH }, { 3, 15, EHOSTUNREACH },
        { 11, 0, EHOSTUNREACH }, { 11, 1, EHOSTUNREACH }, { 12, 0, EPROTO },
    };
    struct bench *b = up();
    struct dgram d;
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 5000), 0);
    assert_int_equal(dgram_connect(b->net, &d, PEER_ADDR, 53), 0);
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        error_about_udp(b, t[i].type, t[i].code, OUR_ADDR, 5000, PEER_ADDR, 53);
        assert_true(dgram_ready(&d) & NET_ERR);
        assert_int_equal(dgram_error_take(&d), t[i].err);
        assert_false(dgram_ready(&d) & NET_ERR);
    }
    /* About someone else's datagram, or another of ours. */
    error_about_udp(b, 3, 3, OUR_ADDR, 5001, PEER_ADDR, 53);
    error_about_udp(b, 3, 3, OUR_ADDR, 5000, PEER_ADDR, 54);
    error_about_udp(b, 3, 3, OUR_ADDR, 5000, ROUTER_ADDR, 53);
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 3);
    error_about_udp(b, 3, 3, PEER_ADDR, 5000, PEER_ADDR, 53);
    assert_int_equal(counters(b)->drop_icmp4_malformed, 1);
    assert_int_equal(d.err, 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* scapy: ICMP(type=3, code=3)/IP(10.9.0.1 > 10.9.0.2)/UDP(5000, 53)/"question", and
 * the same cut at every place. */
/* Clause: RFC 1122 3.2.2 */
static void test_quote_cut(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t f[128];
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 5000), 0);
    assert_int_equal(dgram_connect(b->net, &d, PEER_ADDR, 53), 0);
    size_t n = from_hex(f, sizeof(f),
        "02000000000102000000000208004500004000050000400166a40a0900020a09"
        "000103031133000000004500002400094000401126ac0a0900010a0900021388"
        "003500101d3c7175657374696f6e");
    bench_in(b, f, n);
    assert_int_equal(dgram_error_take(&d), ECONNREFUSED);
    for (size_t quote = 0; quote <= 28; quote++) {
        icmp_in(b, &plain, 3, 3, 0, f + 42, quote);
        assert_int_equal(dgram_error_take(&d), quote == 28 ? ECONNREFUSED : 0);
    }
    assert_int_equal(counters(b)->drop_icmp4_malformed, 28);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* Errors about segments of nobody, and of protocols that we do not speak. */
static void test_no_such_sender(void **state)
{
    (void)state;
    struct bench *b = up();
    uint8_t o[64], tcp[20] = { 0x13, 0x88, 0, 80 };
    struct ip_spec ours = { .src = OUR_ADDR, .dst = PEER_ADDR, .proto = 6 };
    size_t n = make_ip(o, &ours, tcp, sizeof(tcp));
    icmp_in(b, &plain, 3, 3, 0, o + 14, n - 14);
    ours.proto = 253;
    n = make_ip(o, &ours, tcp, sizeof(tcp));
    icmp_in(b, &plain, 3, 2, 0, o + 14, n - 14);
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 2);
    ours.proto = 6;                             /* a fragment has no ports */
    ours.frag = 5;
    n = make_ip(o, &ours, tcp, sizeof(tcp));
    icmp_in(b, &plain, 3, 3, 0, o + 14, n - 14);
    assert_int_equal(counters(b)->drop_icmp4_malformed, 1);
    bench_down(b);
}

/* A UDP endpoint that is not connected could not tell whom an error concerns. */
static void test_unconnected_udp_hears_nothing(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 5000), 0);
    error_about_udp(b, 3, 3, OUR_ADDR, 5000, PEER_ADDR, 53);
    assert_int_equal(d.err, 0);
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 1);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* ARP without answer: who waits is told, RFC 1122 2.4. */
/* Clause: RFC 1122 2.4 */
static void test_arp_failure(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct dgram u, i;
    dgram_init(&u, NET_DGRAM, NULL);
    dgram_init(&i, NET_ICMP, NULL);
    assert_int_equal(dgram_connect(b->net, &u, PEER_ADDR, 53), 0);
    assert_int_equal(dgram_sendto(b->net, &u, "x", 1, 0, 0), 1);
    assert_int_equal(dgram_sendto(b->net, &i, "\10\0\0\0\0\0\0\1", 8, PEER_ADDR, 0), 8);
    bench_to(b, 3 * SEC - 1);
    assert_int_equal(u.err, 0);
    bench_to(b, 3 * SEC);
    assert_int_equal(dgram_recvfrom(b->net, &u, NULL, 0, NULL, NULL), -EHOSTUNREACH);
    assert_int_equal(dgram_recvfrom(b->net, &u, NULL, 0, NULL, NULL), -EAGAIN);
    assert_int_equal(dgram_sendto(b->net, &i, "\10\0\0\0\0\0\0\1", 8, PEER_ADDR, 0),
                     -EHOSTUNREACH);
    dgram_fini(b->net, &u);
    dgram_fini(b->net, &i);
    bench_down(b);
}

/* --- echo requests of ours ------------------------------------------------ */

/* Clause: RFC 792 Echo or Echo Reply Message */
static void test_ping_out(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t buf[64];
    uint32_t addr = 0;
    uint16_t port = 9;
    dgram_init(&d, NET_ICMP, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 0x1234), 0);
    assert_int_equal(dgram_sendto(b->net, &d, "\10\0\xEE\xEE\xDD\xDD\0\5data", 12, PEER_ADDR, 0),
                     12);
    bench_poll(b);
    const struct sent_frame *s = bench_sent(b);
    assert_true(ip_ok(s));
    assert_int_equal(s->b[34], 8);
    assert_int_equal(get16(s->b + 38), 0x1234);     /* the socket's id, not the caller's */
    assert_int_equal(get16(s->b + 40), 5);
    assert_memory_equal(s->b + 42, "data", 4);

    icmp_in(b, &plain, 0, 0, 0x12350005, "data", 4);        /* another's id */
    assert_int_equal(counters(b)->drop_icmp4_no_socket, 1);
    icmp_in(b, &plain, 0, 0, 0x12340005, "data", 4);
    assert_true(dgram_ready(&d) & NET_IN);
    assert_int_equal(dgram_recvfrom(b->net, &d, buf, sizeof(buf), &addr, &port), 12);
    assert_int_equal(addr, PEER_ADDR);
    assert_int_equal(port, 0);
    assert_int_equal(buf[0], 0);
    assert_memory_equal(buf + 4, "\x12\x34\0\5data", 8);
    dgram_fini(b->net, &d);
    bench_down(b);
}

static void test_ping_refused(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t big[1600] = { 8 };
    dgram_init(&d, NET_ICMP, NULL);
    assert_int_equal(dgram_sendto(b->net, &d, "\10\0\0\0\0\0\0", 7, PEER_ADDR, 0), -EINVAL);
    assert_int_equal(dgram_sendto(b->net, &d, "\0\0\0\0\0\0\0\1", 8, PEER_ADDR, 0), -EINVAL);
    assert_int_equal(dgram_sendto(b->net, &d, "\10\1\0\0\0\0\0\1", 8, PEER_ADDR, 0), -EINVAL);
    assert_int_equal(dgram_sendto(b->net, &d, big, 65516, PEER_ADDR, 0), -EMSGSIZE);
    assert_int_equal(dgram_sendto(b->net, &d, big, 1480, PEER_ADDR, 0), 1480);
    assert_int_equal(dgram_sendto(b->net, &d, big, 8, 0, 0), -EDESTADDRREQ);
    assert_int_equal(dgram_sendto(b->net, &d, big, 8, 0xC0000201, 0), -ENETUNREACH);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* The reply to a time-to-live that ran out names the sender by its id. */
/* Clause: RFC 1122 3.2.2.4, RFC 792 Time Exceeded Message */
static void test_ping_time_exceeded(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    uint8_t o[64];
    dgram_init(&d, NET_ICMP, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 0x1234), 0);
    struct ip_spec ours = { .src = OUR_ADDR, .dst = 0xC0000201 };
    size_t n = make_icmp(o, &ours, 8, 0, 0x12340001, "", 0);
    icmp_in(b, &(struct ip_spec){ .src = ROUTER_ADDR }, 11, 0, 0, o + 14, n - 14);
    assert_int_equal(dgram_error_take(&d), EHOSTUNREACH);
    n = make_icmp(o, &ours, 0, 0, 0x12340001, "", 0);       /* about a reply: nobody's */
    icmp_in(b, &(struct ip_spec){ .src = ROUTER_ADDR }, 11, 0, 0, o + 14, n - 14);
    assert_int_equal(dgram_error_take(&d), 0);
    dgram_fini(b->net, &d);
    bench_down(b);
}

static void test_receive_buffer(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    dgram_init(&d, NET_ICMP, NULL);
    d.rcvbuf_bytes = 2 * (8 + DGRAM_OVERHEAD_BYTES);
    assert_int_equal(dgram_bind(b->net, &d, 0, 1), 0);
    for (uint32_t i = 0; i < 3; i++)
        icmp_in(b, &plain, 0, 0, 0x00010000 + i, "", 0);
    assert_int_equal(counters(b)->drop_icmp4_rcvbuf, 1);
    assert_int_equal(d.rxq.n, 2);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* --- two hosts ------------------------------------------------------------ */

static void test_two_hosts(void **state)
{
    (void)state;
    for (int offload = 0; offload < 2; offload++) {
        struct bench *a = bench_up(&(struct bench_cfg){ .offload = offload });
        struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 2 });
        struct dgram d;
        uint8_t msg[1480] = { 8 }, got[1480];
        pair_join(a, b);
        dgram_init(&d, NET_ICMP, NULL);
        for (size_t i = 8; i < sizeof(msg); i++)
            msg[i] = (uint8_t)i;
        for (uint16_t seq = 1; seq <= 50; seq++) {
            size_t len = seq % 5 == 0 ? 1480 : 8 + (size_t)seq;
            put16(msg + 6, seq);
            assert_int_equal(dgram_sendto(a->net, &d, msg, len, PEER_ADDR, 0), len);
            pair_to(a, b, a->now + 10 * MS);
            assert_int_equal(dgram_recvfrom(a->net, &d, got, sizeof(got), NULL, NULL), len);
            assert_int_equal(get16(got + 6), seq);
            assert_memory_equal(got + 8, msg + 8, len - 8);
        }
        assert_int_equal(counters(b)->icmp4_handled, 50);
        assert_int_equal(counters(a)->arp_tx, 1);
        for (unsigned i = 0; i < a->n_sent; i++)
            assert_true(get16(a->sent[i].b + 12) == 0x0806 || ip_ok(&a->sent[i]));
        dgram_fini(a->net, &d);
        bench_down(a);
        bench_down(b);
    }
}

/* The same by the public calls. */
static void test_public_calls(void **state)
{
    (void)state;
    struct bench *a = bench_up(&(struct bench_cfg){ .seed = 3 });
    struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 4 });
    uint8_t got[64];
    uint32_t addr = 0;
    uint16_t id = 0;
    pair_join(a, b);
    int s = net_socket(a->net, NET_ICMP);
    assert_true(s >= 0);
    assert_int_equal(net_sendto(a->net, s, "\10\0\0\0\0\0\0\7abc", 11, PEER_ADDR, 0), 11);
    assert_int_equal(net_getsockname(a->net, s, NULL, &id), 0);
    pair_to(a, b, 1 * MS);
    assert_true(net_ready(a->net, s) & NET_IN);
    assert_int_equal(net_recvfrom(a->net, s, got, sizeof(got), &addr, NULL), 11);
    assert_int_equal(addr, PEER_ADDR);
    assert_int_equal(get16(got + 4), id);
    assert_int_equal(get16(got + 6), 7);
    assert_memory_equal(got + 8, "abc", 3);
    /* Nobody has this address: the socket hears it after three seconds. */
    assert_int_equal(net_sendto(a->net, s, "\10\0\0\0\0\0\0\10", 8, ROUTER_ADDR, 0), 8);
    pair_to(a, b, 4 * SEC);
    assert_true(net_ready(a->net, s) & NET_ERR);
    assert_int_equal(net_recvfrom(a->net, s, got, sizeof(got), NULL, NULL), -EHOSTUNREACH);
    assert_int_equal(net_close(a->net, s), 0);
    bench_down(a);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_sizes),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_protocol_unreachable),
        cmocka_unit_test(test_not_answered),
        cmocka_unit_test(test_never_about_errors),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_errno_of_each_code),
        cmocka_unit_test(test_quote_cut),
        cmocka_unit_test(test_no_such_sender),
        cmocka_unit_test(test_unconnected_udp_hears_nothing),
        cmocka_unit_test(test_arp_failure),
        cmocka_unit_test(test_ping_out),
        cmocka_unit_test(test_ping_refused),
        cmocka_unit_test(test_ping_time_exceeded),
        cmocka_unit_test(test_receive_buffer),
        cmocka_unit_test(test_two_hosts),
        cmocka_unit_test(test_public_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
