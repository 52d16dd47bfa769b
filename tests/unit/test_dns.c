/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dns.c - stack/dns.c and dns_answer.c: answers as servers and scapy write
 * them, answers to be ignored, malformed ones cut and flipped everywhere, retries
 * and servers that fail, and a question over a cable to a small server.
 */
#include "stack/dns.h"
#include "tests/support/seed.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct net_counters *counters(const struct bench *b)
{
    return net_counters(b->net);
}

static struct dns_question question(uint16_t id, const char *name, enum net_dns_type type)
{
    struct dns_question q = { .id = id, .type = (uint16_t)type };
    assert_int_equal(dns_name_from_text(name, &q.name), 0);
    return q;
}

/* As the first answer to a question. */
static int read_first(const struct dns_question *q, const uint8_t *m, size_t len,
                      struct net_dns_answer *a)
{
    struct dns_name next;
    a->count = a->left_out = 0;
    return dns_read_answer(q, m, len, a, &next);
}

/* --- reading answers ------------------------------------------------------ */

/* scapy: www CNAME web, web A 192.0.2.7, web A 192.0.2.8, without compression. */
static const char cname_answer[] =
    "beef8180000100030000000003777777076c616e796172640474657374000001"
    "000103777777076c616e79617264047465737400000500010000012c00120377"
    "6562076c616e7961726404746573740003776562076c616e7961726404746573"
    "7400000100010000003c0004c000020703776562076c616e7961726404746573"
    "7400000100010000003c0004c0000208";

/* Clause: RFC 1034 3.6.2, RFC 1035 4.1.4, RFC 1035 3.4.1 */
static void test_cname_chain(void **state)
{
    (void)state;
    struct dns_question q = question(0xBEEF, "WWW.lanyard.test", NET_DNS_A);
    struct net_dns_answer a = { 0 };
    uint8_t m[160];
    size_t n = from_hex(m, sizeof(m), cname_answer);
    assert_int_equal(read_first(&q, m, n, &a), 0);
    assert_int_equal(a.rcode, 0);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.rr[0].type, NET_DNS_CNAME);
    assert_int_equal(a.rr[0].ttl_s, 300);
    assert_string_equal(a.rr[0].name, "www.lanyard.test");
    assert_string_equal(a.rr[0].target, "web.lanyard.test");
    assert_string_equal(a.rr[1].name, "web.lanyard.test");
    assert_int_equal(a.rr[1].a, 0xC0000207);
    assert_int_equal(a.rr[2].a, 0xC0000208);
    assert_int_equal(a.rr[2].ttl_s, 60);

    /* Only the CNAME, though the question was for an address: ask for its target. */
    struct dns_name next, web;
    a.count = 0;
    m[7] = 1;
    assert_int_equal(dns_read_answer(&q, m, n, &a, &next), DNS_FOLLOW);
    assert_int_equal(a.count, 1);
    assert_int_equal(dns_name_from_text("web.lanyard.test", &web), 0);
    assert_true(dns_name_eq(&next, &web));
    m[3] = 0x83;                                /* and that does not exist: RFC 6604 2.1 */
    assert_int_equal(read_first(&q, m, n, &a), -ENOENT);
    m[3] = 0x80;
    /* An address of another name than the chain leads to is no answer. */
    m[7] = 3;
    m[67] ^= 1;                                 /* www CNAME veb... */
    assert_int_equal(read_first(&q, m, n, &a), DNS_FOLLOW);
    assert_int_equal(a.count, 1);
}

/* scapy: two MX with compressed names. */
/* Clause: RFC 1035 3.3.9, RFC 1035 4.1.4 */
static void test_mx(void **state)
{
    (void)state;
    struct dns_question q = question(1, "lanyard.test", NET_DNS_MX);
    struct net_dns_answer a = { 0 };
    uint8_t m[128];
    size_t n = from_hex(m, sizeof(m),
        "000181800001000200000000076c616e79617264047465737400000f0001c00c"
        "000f00010000012c0009000a046d61696cc00c076c616e796172640474657374"
        "00000f00010000012c00160014056d61696c32076c616e796172640474657374"
        "00");
    assert_int_equal(read_first(&q, m, n, &a), 0);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.rr[0].pref, 10);
    assert_string_equal(a.rr[0].target, "mail.lanyard.test");
    assert_int_equal(a.rr[1].pref, 20);
    assert_string_equal(a.rr[1].target, "mail2.lanyard.test");
    assert_string_equal(a.rr[1].name, "lanyard.test");
}

/* Clause: RFC 3596 2.2 */
static void test_aaaa(void **state)
{
    (void)state;
    struct dns_question q = question(2, "v6.lanyard.test", NET_DNS_AAAA);
    struct net_dns_answer a = { 0 };
    uint8_t m[64], want[16];
    size_t n = from_hex(m, sizeof(m),
        "000281800001000100000000027636076c616e79617264047465737400001c00"
        "01c00c001c00010000003c001020010db8000000000000000000000007");
    from_hex(want, 16, "20010db8000000000000000000000007");
    assert_int_equal(read_first(&q, m, n, &a), 0);
    assert_int_equal(a.count, 1);
    assert_memory_equal(a.rr[0].aaaa, want, 16);
    m[44] = 15;                                 /* data of 15 bytes is no IPv6 address */
    assert_int_equal(read_first(&q, m, n - 1, &a), -EPROTO);
}

/* Clause: RFC 1035 4.1.1 */
static void test_rcodes(void **state)
{
    (void)state;
    struct dns_question q = question(3, "no.lanyard.test", NET_DNS_A);
    struct net_dns_answer a = { 0 };
    uint8_t m[40];
    size_t n = from_hex(m, sizeof(m),
        "000385030001000000000000026e6f076c616e79617264047465737400000100"
        "01");
    for (uint8_t rcode = 0; rcode < 16; rcode++) {
        int want = rcode == 0 ? -ENODATA : rcode == 3 ? -ENOENT : -EPROTO;
        m[3] = rcode;
        assert_int_equal(read_first(&q, m, n, &a), want);
        assert_int_equal(a.rcode, rcode);
    }
}

/* RFC 5452 9.1: anything that is not an answer to this very question. */
/* Clause: RFC 5452 9.1, RFC 1035 7.3 */
static void test_not_ours(void **state)
{
    (void)state;
    struct dns_question q = question(0xBEEF, "www.lanyard.test", NET_DNS_A);
    struct net_dns_answer a = { 0 };
    uint8_t m[160];
    size_t n = from_hex(m, sizeof(m), cname_answer);
    /* id, id, QR, opcode, QDCOUNT, a letter of the name, its length, type, class */
    static const struct { unsigned at; uint8_t flip; enum dns_verdict want; } t[] = {
        { 0, 1, DNS_OTHER_ID }, { 1, 1, DNS_OTHER_ID },
        { 2, 0x80, DNS_NOT_ANSWER }, { 2, 0x08, DNS_NOT_ANSWER },
        { 5, 1, DNS_OTHER_QUESTION }, { 4, 1, DNS_OTHER_QUESTION },
        { 14, 1, DNS_OTHER_QUESTION }, { 12, 1, DNS_SHORT }, { 31, 2, DNS_OTHER_QUESTION },
        { 30, 1, DNS_OTHER_QUESTION }, { 33, 2, DNS_OTHER_QUESTION },
        { 32, 1, DNS_OTHER_QUESTION },
    };
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        m[t[i].at] ^= t[i].flip;
        assert_int_equal(read_first(&q, m, n, &a), t[i].want);
        m[t[i].at] ^= t[i].flip;
    }
    m[14] ^= 0x20;                              /* another case is the same name */
    assert_int_equal(read_first(&q, m, n, &a), 0);
}

/* Every length: too short for the question is not ours, for the rest malformed. */
/* Clause: RFC 1035 7.3 */
static void test_cut(void **state)
{
    (void)state;
    struct dns_question q = question(0xBEEF, "www.lanyard.test", NET_DNS_A);
    struct net_dns_answer a = { 0 };
    uint8_t m[160];
    size_t n = from_hex(m, sizeof(m), cname_answer);
    for (size_t i = 0; i < n; i++) {
        uint8_t *c = malloc(i ? i : 1);
        assert_non_null(c);
        memcpy(c, m, i);
        assert_int_equal(read_first(&q, c, i, &a), i < 34 ? DNS_SHORT : -EPROTO);
        assert_int_equal(a.count, 0);
        free(c);
    }
    /* With TC nothing counts, whole or not: RFC 2181 9. */
    m[2] |= 0x02;
    assert_int_equal(read_first(&q, m, 100, &a), DNS_TRUNCATED);
    assert_int_equal(read_first(&q, m, n, &a), DNS_TRUNCATED);
    assert_int_equal(a.count, 0);
}

/* Random damage: no crash, no overrun, and only the results that there are. */
static void test_damage(void **state)
{
    (void)state;
    struct dns_question q = question(0xBEEF, "www.lanyard.test", NET_DNS_A);
    struct net_dns_answer *a = calloc(1, sizeof(*a));
    uint8_t m[160];
    struct rng r;
    assert_non_null(a);
    size_t n = from_hex(m, sizeof(m), cname_answer);
    rng_init(&r, seed_of_run(), RNG_DNS_ID);
    for (unsigned i = 0; i < 50000; i++) {
        size_t len = rng_below(&r, 4) ? n : 34 + rng_below(&r, (uint32_t)n - 34);
        uint8_t *c = malloc(len);
        assert_non_null(c);
        memcpy(c, m, len);
        for (unsigned j = rng_below(&r, 6); j > 0; j--)
            c[6 + rng_below(&r, (uint32_t)len - 6)] = (uint8_t)rng_u64(&r);
        int err = read_first(&q, c, len, a);
        assert_true((err >= 0 && err <= DNS_FOLLOW) || err == -ENOENT || err == -ENODATA ||
                    err == -ELOOP || err == -EPROTO);
        assert_true(a->count <= NET_DNS_RR_MAX);
        free(c);
    }
    free(a);
}

/* More records than an answer holds: the first ones. */
static void test_many_records(void **state)
{
    (void)state;
    struct dns_question q = question(9, "a.b", NET_DNS_A);
    struct net_dns_answer *a = calloc(1, sizeof(*a));
    uint8_t m[1400];
    assert_non_null(a);
    size_t n = from_hex(m, sizeof(m), "000981800001004600000000" "0161016200" "00010001");
    for (unsigned i = 0; i < 70; i++)
        n += from_hex(m + n, sizeof(m) - n, "c00c00010001ffffffff0004c0000201");
    m[n - 1] = 77;
    assert_int_equal(read_first(&q, m, n, a), 0);
    assert_int_equal(a->count, NET_DNS_RR_MAX);
    assert_int_equal(a->left_out, 70 - NET_DNS_RR_MAX);
    assert_int_equal(a->rr[0].ttl_s, 0);        /* RFC 2181 8: the sign bit is not time */
    free(a);
}

/* Pointers to pointers: as many as a name may have labels, not thousands. */
/* Clause: RFC 1035 4.1.4 */
static void test_pointers(void **state)
{
    uint8_t m[400] = { 0 };
    struct dns_name name;
    (void)state;
    for (unsigned i = 1; i < 200; i++)          /* at 2i: a pointer to 2(i - 1); at 0 the root */
        put16(m + 2 * i, (uint16_t)(0xC000 | 2 * (i - 1)));
    assert_int_equal(dns_name_parse(m, sizeof(m), 2 * 127, &name), 2 * 127 + 2);
    assert_int_equal(name.len, 1);
    assert_int_equal(dns_name_parse(m, sizeof(m), 2 * 128, &name), -EBADMSG);
}

/* The name in a record must end where its data ends. */
/* Clause: RFC 1035 4.1.3 */
static void test_data_length(void **state)
{
    (void)state;
    struct dns_question q = question(9, "a.b", NET_DNS_CNAME);
    struct net_dns_answer a = { 0 };
    uint8_t m[64];
    size_t n = from_hex(m, sizeof(m), "000981800001000100000000" "0161016200" "00050001"
                                      "c00c00050001000000010002c00e" "00");
    assert_int_equal(read_first(&q, m, n - 1, &a), 0);
    assert_string_equal(a.rr[0].target, "b");
    m[32] = 3;
    assert_int_equal(read_first(&q, m, n, &a), -EPROTO);
    m[32] = 1;
    assert_int_equal(read_first(&q, m, n - 1, &a), -EPROTO);
}

/* --- asking: what goes out when ------------------------------------------- */

/* The next frame sent, which must be a question to @addr. Returns its DNS part. */
static const uint8_t *asked(struct bench *b, uint32_t addr, uint16_t port, int64_t at, size_t *len,
                            uint16_t *sport)
{
    const struct sent_frame *s = bench_sent(b);
    assert_non_null(s);
    assert_true(ip_ok(s));
    assert_int_equal(get32(s->b + 30), addr);
    assert_int_equal(get16(s->b + 36), port);
    assert_true(s->at_ns == at);
    *len = (size_t)get16(s->b + 38) - 8;
    *sport = get16(s->b + 34);
    return s->b + 42;
}

static void reply(struct bench *b, uint32_t from, uint16_t sport, uint16_t dport,
                  const uint8_t *m, size_t len)
{
    uint8_t f[1600];
    bench_in(b, f, make_udp(f, &(struct ip_spec){ .src = from }, sport, dport, m, len));
}

/* A positive answer to the question at @q: one address. Returns its length. */
static size_t answer_a(uint8_t *m, const uint8_t *q, size_t len, uint32_t addr)
{
    memcpy(m, q, len);
    m[2] = 0x81;
    m[3] = 0x80;
    m[7] = 1;
    size_t n = len + from_hex(m + len, 16, "c00c000100010000000a0004");
    put32(m + n, addr);
    return n + 4;
}

static struct bench *up(void)
{
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    bench_knows(b, PEER_ADDR, peer_mac);
    bench_knows(b, ROUTER_ADDR, router_mac);
    assert_int_equal(net_set_dns(b->net, 0, PEER_ADDR, 0), 0);
    return b;
}

/* Clause: RFC 1035 4.1.1, RFC 1035 4.1.2 */
static void test_query(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net_dns_answer a;
    uint8_t m[100], want[DNS_QUERY_MAX_BYTES];
    size_t len;
    uint16_t port;
    struct dns_name name;
    bench_to(b, 1 * SEC);
    int h = net_dns_query(b->net, "www.lanyard.test", NET_DNS_A);
    assert_true(h >= 0);
    bench_poll(b);
    const uint8_t *q = asked(b, PEER_ADDR, 53, 1 * SEC, &len, &port);
    assert_in_range(port, 32768, 60999);
    assert_int_equal(dns_name_from_text("www.lanyard.test", &name), 0);
    assert_int_equal(dns_emit_query(want, get16(q), &name, 1), len);
    assert_memory_equal(q, want, len);
    assert_int_equal(net_dns_result(b->net, h, &a), -EAGAIN);
    bench_to(b, 1250 * MS);
    reply(b, PEER_ADDR, 53, port, m, answer_a(m, q, len, 0xC0000207));
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.rr[0].a, 0xC0000207);
    assert_int_equal(a.server, PEER_ADDR);
    assert_int_equal(a.server_port, 53);
    assert_true(a.took_ns == 250 * MS);
    assert_int_equal(net_dns_result(b->net, h, &a), -EBADF);
    assert_int_equal(b->events[0].kind, NET_EV_DNS_ASK);
    assert_int_equal(b->events[0].addr, PEER_ADDR);
    assert_int_equal(b->events[1].kind, NET_EV_DNS_ANSWER);
    assert_int_equal(b->events[1].err, 0);
    bench_to(b, 20 * SEC);
    assert_null(bench_sent(b));
    /* A second answer finds the port closed; so does one to a question taken back. */
    reply(b, PEER_ADDR, 53, port, m, len);
    assert_int_equal(counters(b)->drop_udp_no_socket, 1);
    (void)bench_sent(b);
    h = net_dns_query(b->net, "www.lanyard.test", NET_DNS_A);
    bench_poll(b);
    (void)asked(b, PEER_ADDR, 53, 20 * SEC, &len, &port);
    net_dns_cancel(b->net, h);
    reply(b, PEER_ADDR, 53, port, m, len);
    assert_int_equal(counters(b)->drop_udp_no_socket, 2);
    assert_int_equal(net_dns_result(b->net, h, &a), -EBADF);
    bench_down(b);
}

static void test_arguments(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct net_dns_answer a;
    assert_int_equal(net_dns_query(b->net, "a.test", NET_DNS_A), -ENETUNREACH);
    assert_int_equal(net_set_dns(b->net, 3, PEER_ADDR, 53), -EINVAL);
    assert_int_equal(net_set_dns(b->net, 2, PEER_ADDR, 5353), 0);
    bench_knows(b, PEER_ADDR, peer_mac);
    assert_int_equal(net_dns_query(b->net, "a..test", NET_DNS_A), -EINVAL);
    assert_int_equal(net_dns_query(b->net, "", NET_DNS_A), -EINVAL);
    assert_int_equal(net_dns_query(b->net, "a.test", (enum net_dns_type)6), -EINVAL);
    assert_int_equal(net_dns_result(b->net, -1, &a), -EBADF);
    assert_int_equal(net_dns_result(b->net, 0, &a), -EBADF);
    assert_int_equal(net_dns_result(b->net, 1000, &a), -EBADF);
    for (unsigned i = 0; i < DNS_QUERIES; i++)
        assert_int_equal(net_dns_query(b->net, "a.test", NET_DNS_A), i);
    assert_int_equal(net_dns_query(b->net, "a.test", NET_DNS_A), -EMFILE);
    net_dns_cancel(b->net, 5);
    net_dns_cancel(b->net, 5);
    net_dns_cancel(b->net, -1);
    assert_int_equal(net_dns_query(b->net, "b.test", NET_DNS_A), 5);
    size_t len;
    uint16_t port;
    bench_poll(b);
    (void)asked(b, PEER_ADDR, 5353, 0, &len, &port);
    bench_down(b);                              /* with questions still open */
}

/* A dead server: asked at 0, 1, 3 and 6 s, given up at 10 s; each time with another id
 * from another port. */
/* Clause: RFC 5452 9.2, RFC 1035 4.2.1 */
static void test_dead_server(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net_dns_answer a;
    size_t len;
    uint16_t port[4], id[4];
    int h = net_dns_query(b->net, "a.test", NET_DNS_A);
    bench_to(b, 10 * SEC - 1);
    for (unsigned i = 0; i < 4; i++) {
        const int64_t at[4] = { 0, 1 * SEC, 3 * SEC, 6 * SEC };
        id[i] = get16(asked(b, PEER_ADDR, 53, at[i], &len, &port[i]));
        for (unsigned j = 0; j < i; j++)
            assert_true(id[i] != id[j] && port[i] != port[j]);
    }
    assert_null(bench_sent(b));
    assert_int_equal(net_dns_result(b->net, h, &a), -EAGAIN);
    bench_to(b, 10 * SEC);
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -ETIMEDOUT);
    assert_true(a.took_ns == 10 * SEC);
    bench_down(b);
}

/* Clause: RFC 5452 9.1 */
static void test_ignored(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net_dns_answer a;
    uint8_t m[100];
    size_t len;
    uint16_t port;
    int h = net_dns_query(b->net, "a.test", NET_DNS_A);
    bench_poll(b);
    const uint8_t *q = asked(b, PEER_ADDR, 53, 0, &len, &port);
    size_t n = answer_a(m, q, len, 0xC0000207);
    m[1] ^= 1;
    reply(b, PEER_ADDR, 53, port, m, n);                    /* id */
    m[1] ^= 1;
    m[13] ^= 1;
    reply(b, PEER_ADDR, 53, port, m, n);                    /* question */
    m[13] ^= 1;
    m[12] = 63;
    reply(b, PEER_ADDR, 53, port, m, n - 20);               /* cut in the question */
    m[12] = q[12];
    reply(b, PEER_ADDR, 53, port, m, 11);                   /* and in the header */
    m[2] ^= 0x80;
    reply(b, PEER_ADDR, 53, port, m, n);                    /* a question, with our id */
    m[2] ^= 0x80;
    m[15 + 8] ^= 2;
    reply(b, PEER_ADDR, 53, port, m, n);                    /* class */
    m[15 + 8] ^= 2;
    assert_int_equal(counters(b)->dns_ignored_id, 1);
    assert_int_equal(counters(b)->dns_ignored_question, 2);
    assert_int_equal(counters(b)->dns_ignored_short, 2);
    assert_int_equal(counters(b)->dns_ignored_kind, 1);
    reply(b, ROUTER_ADDR, 53, port, m, n);                  /* address */
    reply(b, PEER_ADDR, 54, port, m, n);                    /* source port */
    reply(b, PEER_ADDR, 53, port ^ 1, m, n);                /* destination port */
    assert_int_equal(counters(b)->drop_udp_no_socket, 3);
    assert_int_equal(net_dns_result(b->net, h, &a), -EAGAIN);
    reply(b, PEER_ADDR, 53, port, m, n);
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, 0);
    bench_down(b);
}

/* Two servers share each round; another server gets another id and port. */
/* Clause: RFC 1035 7.2 */
static void test_two_servers(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net_dns_answer a;
    uint8_t m[100];
    size_t len;
    uint16_t port[4], id[4];
    assert_int_equal(net_set_dns(b->net, 1, ROUTER_ADDR, 0), 0);
    int h = net_dns_query(b->net, "a.test", NET_DNS_A);
    bench_to(b, 2900 * MS);
    const uint8_t *q = NULL;
    const int64_t at[4] = { 0, 500 * MS, 1000 * MS, 2000 * MS };
    for (unsigned i = 0; i < 4; i++) {
        q = asked(b, i % 2 ? ROUTER_ADDR : PEER_ADDR, 53, at[i], &len, &port[i]);
        id[i] = get16(q);
        for (unsigned j = 0; j < i; j++)
            assert_true(id[i] != id[j] || port[i] != port[j]);
    }
    reply(b, ROUTER_ADDR, 53, port[3], m, answer_a(m, q, len, 0xC0000209));
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, 0);
    assert_int_equal(a.server, ROUTER_ADDR);
    bench_down(b);
}

/* SERVFAIL, a malformed answer, or "refused": the next server at once; none left: the
 * last reason at once. */
/* Clause: RFC 1035 7.2 */
static void test_failing_servers(void **state)
{
    (void)state;
    struct bench *b = up();
    struct net_dns_answer a;
    uint8_t m[100], f[200];
    size_t len;
    uint16_t port;
    assert_int_equal(net_set_dns(b->net, 2, ROUTER_ADDR, 0), 0);
    int h = net_dns_query(b->net, "a.test", NET_DNS_A);
    bench_to(b, 100 * MS);
    const uint8_t *q = asked(b, PEER_ADDR, 53, 0, &len, &port);
    memcpy(m, q, len);
    m[2] = 0x81;
    m[3] = 0x82;                                            /* SERVFAIL */
    reply(b, PEER_ADDR, 53, port, m, len);
    q = asked(b, ROUTER_ADDR, 53, 100 * MS, &len, &port);
    size_t n = answer_a(m, q, len, 0xC0000207);
    m[7] = 2;                                               /* but there is only one */
    reply(b, ROUTER_ADDR, 53, port, m, n);
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -EPROTO);
    assert_int_equal(a.count, 0);
    assert_int_equal(a.server, ROUTER_ADDR);

    /* One server fails, the other is silent: the silent one keeps its four turns. */
    h = net_dns_query(b->net, "b.test", NET_DNS_A);
    bench_poll(b);
    q = asked(b, PEER_ADDR, 53, 100 * MS, &len, &port);
    memcpy(m, q, len);
    m[2] = 0x81;
    m[3] = 0x85;                                            /* REFUSED */
    reply(b, PEER_ADDR, 53, port, m, len);
    bench_to(b, 20 * SEC);
    for (unsigned i = 0; i < 4; i++) {
        const int64_t at[4] = { 100 * MS, 600 * MS, 1600 * MS, 3100 * MS };
        (void)asked(b, ROUTER_ADDR, 53, at[i], &len, &port);
    }
    assert_null(bench_sent(b));
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -ETIMEDOUT);
    assert_true(a.took_ns == 5 * SEC);

    /* Port unreachable. */
    assert_int_equal(net_set_dns(b->net, 2, 0, 0), 0);
    bench_knows(b, PEER_ADDR, peer_mac);
    h = net_dns_query(b->net, "c.test", NET_DNS_A);
    bench_poll(b);
    q = asked(b, PEER_ADDR, 53, 20 * SEC, &len, &port);
    bench_in(b, f, make_icmp(f, &(struct ip_spec){ 0 }, 3, 3, 0, q - 28, 28));
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -ECONNREFUSED);
    assert_true(a.took_ns == 0);
    bench_down(b);
}

/* The server's host does not answer ARP; or there is no route to it. */
static void test_unreachable(void **state)
{
    (void)state;
    struct bench *b = bench_up(&(struct bench_cfg){ 0 });
    struct net_dns_answer a;
    assert_int_equal(net_set_dns(b->net, 0, PEER_ADDR, 0), 0);
    int h = net_dns_query(b->net, "a.test", NET_DNS_A);
    bench_to(b, 4 * SEC);
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -EHOSTUNREACH);
    assert_true(a.took_ns == 3 * SEC);
    assert_int_equal(net_set_dns(b->net, 0, 0xC0000201, 0), 0);
    h = net_dns_query(b->net, "a.test", NET_DNS_A);
    assert_int_equal(net_dns_result(b->net, h, &a), 0);
    assert_int_equal(a.err, -ENETUNREACH);
    bench_down(b);
}

/* No room in the NIC when asked: it goes out when there is, in its own time. */
static void test_no_room(void **state)
{
    (void)state;
    struct bench *b = up();
    struct dgram d;
    size_t len;
    uint16_t port;
    dgram_init(&d, NET_DGRAM, NULL);
    fake_link_set_tx_room(b->link, 0);
    unsigned filled = 0;
    while (dgram_sendto(b->net, &d, "x", 1, PEER_ADDR, 9) == 1)
        filled++;
    assert_true(net_dns_query(b->net, "a.test", NET_DNS_A) >= 0);
    bench_to(b, 35 * MS);
    assert_int_equal(b->n_sent, 0);
    fake_link_set_tx_room(b->link, 1000);
    bench_to(b, 50 * MS);
    for (unsigned i = 0; i < filled; i++)
        assert_non_null(bench_sent(b));
    (void)asked(b, PEER_ADDR, 53, 40 * MS, &len, &port);
    bench_to(b, 9 * SEC);
    (void)asked(b, PEER_ADDR, 53, 1 * SEC, &len, &port);
    (void)asked(b, PEER_ADDR, 53, 3 * SEC, &len, &port);
    (void)asked(b, PEER_ADDR, 53, 6 * SEC, &len, &port);
    dgram_fini(b->net, &d);
    bench_down(b);
}

/* The seed decides ids and ports; no two questions share them. */
/* Clause: RFC 5452 9.2 */
static void test_seed(void **state)
{
    (void)state;
    uint32_t got[3][8];
    static const uint64_t seed[3] = { 7, 7, 8 };
    for (unsigned i = 0; i < 3; i++) {
        struct bench *b = bench_up(&(struct bench_cfg){ .seed = seed[i] });
        bench_knows(b, PEER_ADDR, peer_mac);
        assert_int_equal(net_set_dns(b->net, 0, PEER_ADDR, 0), 0);
        for (unsigned j = 0; j < 8; j++) {
            size_t len;
            uint16_t port;
            assert_true(net_dns_query(b->net, "a.test", NET_DNS_A) >= 0);
            bench_poll(b);
            uint16_t id = get16(asked(b, PEER_ADDR, 53, 0, &len, &port));
            got[i][j] = (uint32_t)id << 16 | port;
            for (unsigned k = 0; k < j; k++)
                assert_true(got[i][j] >> 16 != got[i][k] >> 16);
        }
        bench_down(b);
    }
    assert_memory_equal(got[0], got[1], sizeof(got[0]));
    for (unsigned j = 0; j < 8; j++)
        assert_true(got[0][j] != got[2][j]);
}

/* --- over a cable --------------------------------------------------------- */

struct zone_entry {
    const char *name;
    uint16_t type;
    const char *answers;        /* records in hex behind the question; NULL: NXDOMAIN */
    uint8_t count;
};

static const struct zone_entry zone[] = {
    { "www.lanyard.test", 1, "c00c000500010000003c0006" "03776562c010"
                             "c02e000100010000003c0004c0000207", 2 },
    { "www.lanyard.test", 28, "", 0 },
    { "lanyard.test", 15, "c00c000f00010000003c0009" "000a046d61696cc00c", 1 },
    { "no.lanyard.test", 1, NULL, 0 },
};

/* Answers every question that waits. */
static void serve(struct bench *b, struct dgram *d)
{
    uint8_t q[512];
    uint32_t addr;
    uint16_t port;
    ssize_t n;
    while ((n = dgram_recvfrom(b->net, d, q, sizeof(q) - 100, &addr, &port)) > 0) {
        struct dns_name name, want;
        uint16_t type = 0, class_ = 0;
        assert_int_equal(dns_parse_question(q, (size_t)n, &name, &type, &class_), n);
        q[2] = 0x85;
        q[3] = 0x82;                            /* SERVFAIL unless found */
        for (unsigned i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
            assert_int_equal(dns_name_from_text(zone[i].name, &want), 0);
            if (!dns_name_eq(&name, &want) || zone[i].type != type)
                continue;
            q[3] = zone[i].answers ? 0x80 : 0x83;
            q[7] = zone[i].count;
            if (zone[i].answers)
                n += (ssize_t)from_hex(q + n, 100, zone[i].answers);
            break;
        }
        assert_int_equal(dgram_sendto(b->net, d, q, (size_t)n, addr, port), n);
    }
}

static void test_over_a_cable(void **state)
{
    (void)state;
    struct bench *a = bench_up(&(struct bench_cfg){ .offload = true, .seed = 5 });
    struct bench *b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 6 });
    struct net_dns_answer *r = calloc(1, sizeof(*r));
    struct dgram d;
    static const struct { const char *name; enum net_dns_type type; int err; unsigned n; } t[] = {
        { "www.lanyard.test", NET_DNS_A, 0, 2 },
        { "Lanyard.Test.", NET_DNS_MX, 0, 1 },
        { "www.lanyard.test", NET_DNS_AAAA, -ENODATA, 0 },
        { "no.lanyard.test", NET_DNS_A, -ENOENT, 0 },
        { "else.test", NET_DNS_A, -EPROTO, 0 },
    };
    assert_non_null(r);
    pair_join(a, b);
    dgram_init(&d, NET_DGRAM, NULL);
    assert_int_equal(dgram_bind(b->net, &d, 0, 53), 0);
    assert_int_equal(net_set_dns(a->net, 0, PEER_ADDR, 0), 0);
    int h[5];
    for (unsigned i = 0; i < 5; i++)
        assert_true((h[i] = net_dns_query(a->net, t[i].name, t[i].type)) >= 0);
    for (unsigned i = 0; i < 20; i++) {
        pair_to(a, b, a->now + 100 * 1000);
        serve(b, &d);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(net_dns_result(a->net, h[i], r), 0);
        assert_int_equal(r->err, t[i].err);
        assert_int_equal(r->count, t[i].n);
        if (i == 0) {
            assert_string_equal(r->rr[0].target, "web.lanyard.test");
            assert_int_equal(r->rr[1].a, 0xC0000207);
        } else if (i == 1) {
            /* Its end is a pointer into the question, which is as we wrote it. */
            assert_string_equal(r->rr[0].target, "mail.Lanyard.Test");
        }
    }
    assert_int_equal(counters(a)->dns_ignored_question, 0);
    dgram_fini(b->net, &d);
    free(r);
    bench_down(a);
    bench_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cname_chain),
        cmocka_unit_test(test_mx),
        cmocka_unit_test(test_aaaa),
        cmocka_unit_test(test_rcodes),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_many_records),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_data_length),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_dead_server),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_two_servers),
        cmocka_unit_test(test_failing_servers),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_over_a_cable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
