/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dns_tcp.c - stack/dns_tcp.c and what dns.c does beyond one datagram: answers by
 * TCP in any segmentation, servers that end early, CNAMEs over several answers. The
 * server is a second stack, whose sockets the test works by hand.
 */
#include "stack/dns.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OTHER_PORT 5353u    /* of the second server, on the same host */
#define STEP (1 * MS)

/* A resolver on @a, servers on @b: at port 53 and at OTHER_PORT. */
struct lab {
    struct bench *a, *b;
    int udp[2], tcp[2];
    int conn;
    struct net_dns_answer ans;
};

/* A message being made. */
struct msg {
    size_t len;
    uint8_t b[2 + 65535];
};

static void wait_ns(struct lab *l, int64_t ns)
{
    pair_to(l->a, l->b, l->a->now + ns);
    assert_int_equal(net_changed(l->a->net), -1);   /* the resolver's sockets are nobody's */
}

static int listening(struct bench *b, uint16_t port)
{
    int s = net_socket(b->net, NET_STREAM);
    assert_true(s >= 0);
    assert_int_equal(net_bind(b->net, s, 0, port), 0);
    assert_int_equal(net_listen(b->net, s, 4), 0);
    return s;
}

static int datagrams(struct bench *b, uint16_t port)
{
    int s = net_socket(b->net, NET_DGRAM);
    assert_true(s >= 0);
    assert_int_equal(net_bind(b->net, s, 0, port), 0);
    return s;
}

static struct lab *lab_up(unsigned servers)
{
    struct lab *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    l->a = bench_up(&(struct bench_cfg){ .offload = true, .seed = 11 });
    l->b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 12 });
    l->conn = -1;
    pair_join(l->a, l->b);
    for (unsigned i = 0; i < servers; i++) {
        uint16_t port = i ? OTHER_PORT : DNS_PORT;
        l->udp[i] = datagrams(l->b, port);
        l->tcp[i] = listening(l->b, port);
        assert_int_equal(net_set_dns(l->a->net, i, PEER_ADDR, port), 0);
    }
    return l;
}

static void lab_down(struct lab *l)
{
    bench_down(l->a);
    bench_down(l->b);
    free(l);
}

static int query(struct lab *l, const char *name)
{
    int h = net_dns_query(l->a->net, name, NET_DNS_A);
    assert_true(h >= 0);
    wait_ns(l, STEP);
    return h;
}

/* The end of the question, which must have come. Returns its err. */
static int result(struct lab *l, int h)
{
    wait_ns(l, STEP);
    assert_int_equal(net_dns_result(l->a->net, h, &l->ans), 0);
    return l->ans.err;
}

/* --- making answers ------------------------------------------------------- */

/* The head of an answer to @q: header and question. */
static void begin(struct msg *m, const uint8_t *q, size_t len, uint16_t flags)
{
    memcpy(m->b, q, len);
    put16(m->b + 2, flags);
    memset(m->b + 6, 0, 6);
    m->len = len;
}

static void add_rr(struct msg *m, const char *owner, uint16_t type, const void *data, size_t len)
{
    struct dns_name n;
    assert_int_equal(dns_name_from_text(owner, &n), 0);
    memcpy(m->b + m->len, n.b, n.len);
    uint8_t *at = m->b + m->len + n.len;
    put16(at, type);
    put16(at + 2, 1);
    put32(at + 4, 60);
    put16(at + 8, (uint16_t)len);
    memcpy(at + 10, data, len);
    m->len += n.len + 10 + len;
    put16(m->b + 6, (uint16_t)(get16(m->b + 6) + 1));
}

static void add_a(struct msg *m, const char *owner, uint32_t addr)
{
    uint8_t b[4];
    put32(b, addr);
    add_rr(m, owner, NET_DNS_A, b, sizeof(b));
}

static void add_cname(struct msg *m, const char *owner, const char *target)
{
    struct dns_name n;
    assert_int_equal(dns_name_from_text(target, &n), 0);
    add_rr(m, owner, NET_DNS_CNAME, n.b, n.len);
}

#define ANSWER 0x8180u      /* QR, RD, RA */
#define AUTHORITY 0x8500u   /* QR, AA, RD */

/* The next question by UDP, at server @i; its sender. */
static size_t udp_question(struct lab *l, unsigned i, uint8_t q[512], uint16_t *port)
{
    uint32_t addr;
    ssize_t n = net_recvfrom(l->b->net, l->udp[i], q, 512, &addr, port);
    assert_true(n > 12);
    assert_int_equal(addr, OUR_ADDR);
    return (size_t)n;
}

static void udp_answer(struct lab *l, unsigned i, const struct msg *m, uint16_t port)
{
    assert_int_equal(net_sendto(l->b->net, l->udp[i], m->b, m->len, OUR_ADDR, port), m->len);
    wait_ns(l, STEP);
}

/* The next question at server @i is answered by nothing but TC. Returns its length. */
static size_t truncate_it(struct lab *l, unsigned i, uint8_t q[512])
{
    struct msg *m = calloc(1, sizeof(*m));
    uint16_t port;
    assert_non_null(m);
    size_t n = udp_question(l, i, q, &port);
    begin(m, q, n, ANSWER | DNS_TC);
    udp_answer(l, i, m, port);
    free(m);
    return n;
}

/* The connection that follows at server @i, and the question that it brings. */
static size_t tcp_question(struct lab *l, unsigned i, uint8_t q[512])
{
    l->conn = net_accept(l->b->net, l->tcp[i], NULL, NULL);
    assert_true(l->conn >= 0);
    assert_int_equal(net_setopt(l->b->net, l->conn, NET_TCP_NODELAY, 1), 0);
    ssize_t n = net_recv(l->b->net, l->conn, q, 512);
    assert_true(n > 14);
    assert_int_equal(get16(q), n - 2);
    memmove(q, q + 2, (size_t)n - 2);
    return (size_t)n - 2;
}

/* Bytes of the server's side of the connection, @step at a time, each arriving alone; after
 * fifty of them (the bench keeps no more) all that is left. */
static void tcp_bytes(struct lab *l, const uint8_t *b, size_t len, size_t step)
{
    for (unsigned i = 0; len; i++) {
        ssize_t n = net_send(l->b->net, l->conn, b, len < step || i >= 50 ? len : step);
        assert_true(n > 0 || n == -EAGAIN);
        wait_ns(l, STEP);
        if (n > 0) {
            b += n;
            len -= (size_t)n;
        }
    }
}

/* @m with its length in front. */
static void tcp_answer(struct lab *l, struct msg *m, size_t step)
{
    memmove(m->b + 2, m->b, m->len);
    put16(m->b, (uint16_t)m->len);
    tcp_bytes(l, m->b, 2 + m->len, step);
}

static void close_conn(struct lab *l)
{
    assert_int_equal(net_close(l->b->net, l->conn), 0);
    wait_ns(l, STEP);
}

/* --- TCP ------------------------------------------------------------------ */

/* Forty addresses do not fit into 512 bytes; by TCP they come whole, however they are cut. */
/* Clause: RFC 7766 5, RFC 7766 8, RFC 1035 4.2.2, RFC 2181 9 */
static void test_truncated(void **state)
{
    static const size_t step[] = { 1, 2, 3, 13, 536, 65537 };
    struct msg *m = calloc(1, sizeof(*m));
    (void)state;
    assert_non_null(m);
    for (unsigned i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
        struct lab *l = lab_up(1);
        uint8_t q[512], u[512];
        int h = query(l, "many.test");
        size_t n = truncate_it(l, 0, u);
        assert_int_equal(tcp_question(l, 0, q), n);
        assert_memory_equal(q + 2, u + 2, n - 2);       /* the same question, another id */
        assert_true(get16(q) != get16(u));
        begin(m, q, n, ANSWER);
        for (uint32_t k = 0; k < 40; k++)
            add_a(m, "many.test", 0xC0000200 + k);
        tcp_answer(l, m, step[i]);
        assert_int_equal(result(l, h), 0);
        assert_true(l->ans.tcp);
        assert_int_equal(l->ans.server_port, 53);
        assert_int_equal(l->ans.count, 40);
        for (uint32_t k = 0; k < 40; k++)
            assert_int_equal(l->ans.rr[k].a, 0xC0000200 + k);
        assert_int_equal(net_counters(l->a->net)->dns_truncated, 1);
        /* The connection ends in order: our FIN came, no reset. */
        uint8_t b;
        wait_ns(l, STEP);
        assert_int_equal(net_recv(l->b->net, l->conn, &b, 1), 0);
        lab_down(l);
    }
    free(m);
}

/* The longest message that there is, and bytes behind it, which nobody asked for. */
/* Clause: RFC 7766 8, RFC 1035 4.2.2 */
static void test_longest(void **state)
{
    struct lab *l = lab_up(1);
    struct msg *m = calloc(1, sizeof(*m));
    uint8_t q[512];
    (void)state;
    assert_non_null(m);
    int h = query(l, "long.test");
    (void)truncate_it(l, 0, q);
    begin(m, q, tcp_question(l, 0, q), ANSWER);
    add_a(m, "long.test", 0xC0000207);
    m->len = 65535 - 2;                         /* filled up with what no count names */
    tcp_answer(l, m, 20000);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.count, 1);

    h = query(l, "more.test");
    (void)truncate_it(l, 0, q);
    begin(m, q, tcp_question(l, 0, q), ANSWER);
    add_a(m, "more.test", 0xC0000208);
    size_t len = m->len;
    memmove(m->b + 2, m->b, len);
    put16(m->b, (uint16_t)len);
    memset(m->b + 2 + len, 0x55, 100);
    tcp_bytes(l, m->b, 2 + len + 100, 70000);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.rr[0].a, 0xC0000208);
    free(m);
    lab_down(l);
}

/* The server closes: before anything, within the length, within the message. */
static void test_closed_early(void **state)
{
    static const unsigned sent[] = { 0, 1, 2, 20 };
    (void)state;
    for (unsigned i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        struct lab *l = lab_up(2);
        struct msg *m = calloc(1, sizeof(*m));
        uint8_t q[512], head[20] = { 0, 80 };
        uint16_t port;
        assert_non_null(m);
        int h = query(l, "early.test");
        (void)truncate_it(l, 0, q);
        (void)tcp_question(l, 0, q);
        tcp_bytes(l, head, sent[i], 100);
        close_conn(l);
        /* The other server is asked at once, by UDP. */
        size_t n = udp_question(l, 1, q, &port);
        begin(m, q, n, ANSWER);
        add_a(m, "early.test", 0xC0000209);
        udp_answer(l, 1, m, port);
        assert_int_equal(result(l, h), 0);
        assert_false(l->ans.tcp);
        assert_int_equal(l->ans.server_port, OTHER_PORT);
        assert_int_equal(l->ans.count, 1);
        assert_true(l->ans.took_ns < 1 * SEC);
        free(m);
        lab_down(l);
    }
    /* No other server: the last reason. */
    struct lab *l = lab_up(1);
    uint8_t q[512];
    int h = query(l, "early.test");
    (void)truncate_it(l, 0, q);
    (void)tcp_question(l, 0, q);
    close_conn(l);
    assert_int_equal(result(l, h), -EPROTO);
    assert_true(l->ans.tcp);
    lab_down(l);
}

/* No TCP at the server. */
static void test_refused(void **state)
{
    struct lab *l = lab_up(1);
    uint8_t q[512];
    (void)state;
    assert_int_equal(net_close(l->b->net, l->tcp[0]), 0);
    int h = query(l, "refused.test");
    (void)truncate_it(l, 0, q);
    assert_int_equal(result(l, h), -ECONNREFUSED);
    lab_down(l);
}

/* Messages that are no answer are passed over, each under its reason. */
/* Clause: RFC 7766 7 */
static void test_ignored(void **state)
{
    struct lab *l = lab_up(1);
    struct msg *m = calloc(1, sizeof(*m));
    uint8_t q[512];
    (void)state;
    assert_non_null(m);
    int h = query(l, "id.test");
    (void)truncate_it(l, 0, q);
    size_t n = tcp_question(l, 0, q);
    m->len = 0;                                 /* no header at all */
    tcp_answer(l, m, 1);
    begin(m, q, n, ANSWER);
    m->b[0] ^= 1;
    add_a(m, "id.test", 1);
    tcp_answer(l, m, 5);
    begin(m, q, n, 0x0100);                     /* a question */
    tcp_answer(l, m, 500);
    begin(m, q, n, ANSWER);
    m->b[13] ^= 1;                              /* another name */
    tcp_answer(l, m, 500);
    assert_int_equal(net_dns_result(l->a->net, h, &l->ans), -EAGAIN);
    begin(m, q, n, ANSWER);
    add_a(m, "id.test", 0xC0000201);
    tcp_answer(l, m, 7);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.rr[0].a, 0xC0000201);
    const struct net_counters *c = net_counters(l->a->net);
    assert_int_equal(c->dns_ignored_short, 1);
    assert_int_equal(c->dns_ignored_id, 1);
    assert_int_equal(c->dns_ignored_kind, 1);
    assert_int_equal(c->dns_ignored_question, 1);
    free(m);
    lab_down(l);
}

/* Truncated where there is no reason for it: that server is of no use. */
static void test_truncated_twice(void **state)
{
    struct lab *l = lab_up(1);
    struct msg *m = calloc(1, sizeof(*m));
    uint8_t q[512];
    (void)state;
    assert_non_null(m);
    int h = query(l, "cut.test");
    (void)truncate_it(l, 0, q);
    begin(m, q, tcp_question(l, 0, q), ANSWER | DNS_TC);
    tcp_answer(l, m, 500);
    assert_int_equal(result(l, h), -EPROTO);
    assert_int_equal(net_counters(l->a->net)->dns_truncated, 1);
    free(m);
    lab_down(l);
}

/* A server that accepts and is silent shares the ten seconds of the question. */
static void test_silent(void **state)
{
    struct lab *l = lab_up(2);
    uint8_t q[512];
    uint16_t port;
    (void)state;
    int h = query(l, "silent.test");
    int64_t began = l->a->now - STEP;
    (void)truncate_it(l, 0, q);
    (void)tcp_question(l, 0, q);
    wait_ns(l, 4900 * MS);
    assert_int_equal(net_recvfrom(l->b->net, l->udp[1], q, sizeof(q), NULL, NULL), -EAGAIN);
    wait_ns(l, 200 * MS);                       /* half of what was left */
    (void)udp_question(l, 1, q, &port);
    wait_ns(l, began + 10 * SEC - l->a->now - STEP);
    assert_int_equal(net_dns_result(l->a->net, h, &l->ans), -EAGAIN);
    assert_int_equal(result(l, h), -ETIMEDOUT);
    assert_true(l->ans.took_ns == 10 * SEC);
    lab_down(l);

    /* Nor does it outlive the one server, or its user's patience. */
    l = lab_up(1);
    h = query(l, "silent.test");
    (void)truncate_it(l, 0, q);
    wait_ns(l, 10 * SEC);
    assert_int_equal(result(l, h), -ETIMEDOUT);
    h = query(l, "cancel.test");
    (void)udp_question(l, 0, q, &port);         /* of silent.test's last try */
    while (net_recvfrom(l->b->net, l->udp[0], q, sizeof(q), NULL, NULL) > 0)
        ;
    net_dns_cancel(l->a->net, h);
    h = query(l, "gone.test");
    (void)truncate_it(l, 0, q);
    net_dns_cancel(l->a->net, h);
    wait_ns(l, STEP);
    h = query(l, "destroyed.test");
    (void)truncate_it(l, 0, q);
    lab_down(l);                                /* with a connection open */
}

/* Every socket is taken: the question fails, nothing else does. */
static void test_no_socket(void **state)
{
    struct lab *l = lab_up(1);
    uint8_t q[512];
    (void)state;
    while (net_socket(l->a->net, NET_DGRAM) >= 0)
        ;
    int h = query(l, "full.test");
    (void)truncate_it(l, 0, q);
    assert_int_equal(result(l, h), -EMFILE);
    lab_down(l);
}

/* --- CNAMEs over several answers ------------------------------------------ */

/* Answers the next question at server 0, which must be for @name, by one CNAME. */
static void lead(struct lab *l, const char *name, const char *target)
{
    struct msg *m = calloc(1, sizeof(*m));
    struct dns_name got, want;
    uint16_t port, type, class_;
    uint8_t q[512];
    assert_non_null(m);
    size_t n = udp_question(l, 0, q, &port);
    assert_int_equal(dns_parse_question(q, n, &got, &type, &class_), n);
    assert_int_equal(dns_name_from_text(name, &want), 0);
    assert_true(dns_name_eq(&got, &want));
    begin(m, q, n, AUTHORITY);
    if (target)
        add_cname(m, name, target);
    else
        add_a(m, name, 0xC0000210);
    udp_answer(l, 0, m, port);
    free(m);
}

/* Clause: RFC 1034 3.6.2, RFC 1034 5.2.2 */
static void test_chain(void **state)
{
    struct lab *l = lab_up(1);
    (void)state;
    int h = query(l, "a.test");
    lead(l, "a.test", "b.other");
    lead(l, "b.other", "C.third");
    lead(l, "c.third", NULL);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.count, 3);
    assert_string_equal(l->ans.rr[0].name, "a.test");
    assert_string_equal(l->ans.rr[0].target, "b.other");
    assert_string_equal(l->ans.rr[1].name, "b.other");
    assert_string_equal(l->ans.rr[2].name, "c.third");
    assert_int_equal(l->ans.rr[2].a, 0xC0000210);
    assert_int_equal(net_counters(l->a->net)->dns_cnames, 2);
    lab_down(l);
}

/* A chain in one answer, written backwards, among records of other names. */
static void test_any_order(void **state)
{
    struct lab *l = lab_up(1);
    struct msg *m = calloc(1, sizeof(*m));
    uint8_t q[512];
    uint16_t port;
    (void)state;
    assert_non_null(m);
    int h = query(l, "a.test");
    size_t n = udp_question(l, 0, q, &port);
    begin(m, q, n, ANSWER);
    add_a(m, "d.test", 4);
    add_a(m, "c.test", 0xC0000203);
    add_cname(m, "b.test", "c.test");
    add_a(m, "a.test.test", 5);
    add_cname(m, "a.test", "b.test");
    add_a(m, "c.test", 0xC0000204);
    udp_answer(l, 0, m, port);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.count, 4);
    assert_string_equal(l->ans.rr[0].target, "b.test");
    assert_string_equal(l->ans.rr[1].target, "c.test");
    assert_int_equal(l->ans.rr[2].a, 0xC0000203);
    assert_int_equal(l->ans.rr[3].a, 0xC0000204);
    free(m);
    lab_down(l);
}

/* In circles, at once and over several answers; and longer than is allowed. */
/* Clause: RFC 1034 3.6.2 */
static void test_loops(void **state)
{
    struct lab *l = lab_up(1);
    char name[2][24];
    (void)state;
    int h = query(l, "a.test");
    lead(l, "a.test", "A.test");
    assert_int_equal(result(l, h), -ELOOP);
    h = query(l, "a.test");
    lead(l, "a.test", "b.test");
    lead(l, "b.test", "c.test");
    lead(l, "c.test", "b.test");
    assert_int_equal(result(l, h), -ELOOP);
    for (unsigned links = DNS_CNAMES_MAX; links <= DNS_CNAMES_MAX + 1; links++) {
        h = query(l, "n0.test");
        for (unsigned i = 0; i < links; i++) {
            snprintf(name[0], sizeof(name[0]), "n%u.test", i);
            snprintf(name[1], sizeof(name[1]), "n%u.test", i + 1);
            lead(l, name[0], name[1]);
        }
        if (links == DNS_CNAMES_MAX)
            lead(l, name[1], NULL);
        assert_int_equal(result(l, h), links == DNS_CNAMES_MAX ? 0 : -ELOOP);
    }
    lab_down(l);
}

/* A server that only points at others knows nothing: the next one is asked. One that
 * fails for a CNAME's target is asked no more for it, but was good for the name before. */
/* Clause: RFC 1034 4.3.1 */
static void test_other_server(void **state)
{
    struct lab *l = lab_up(2);
    struct msg *m = calloc(1, sizeof(*m));
    uint8_t q[512];
    uint16_t port;
    (void)state;
    assert_non_null(m);
    int h = query(l, "a.test");
    size_t n = udp_question(l, 0, q, &port);
    begin(m, q, n, 0x8100);                     /* a referral: neither AA nor RA */
    udp_answer(l, 0, m, port);
    n = udp_question(l, 1, q, &port);
    begin(m, q, n, ANSWER);
    add_cname(m, "a.test", "b.test");
    udp_answer(l, 1, m, port);
    n = udp_question(l, 1, q, &port);           /* whoever named it is asked first */
    begin(m, q, n, ANSWER | 5);                 /* REFUSED */
    udp_answer(l, 1, m, port);
    lead(l, "b.test", NULL);
    assert_int_equal(result(l, h), 0);
    assert_int_equal(l->ans.count, 2);
    assert_int_equal(l->ans.rcode, 0);
    free(m);
    lab_down(l);
}

/* The target of a CNAME does not exist, or has no address. */
/* Clause: RFC 2308 2.1, RFC 2308 2.2 */
static void test_end_of_chain(void **state)
{
    (void)state;
    for (uint16_t rcode = 0; rcode <= 3; rcode = (uint16_t)(rcode + 3)) {
        struct lab *l = lab_up(1);
        struct msg *m = calloc(1, sizeof(*m));
        uint8_t q[512];
        uint16_t port;
        assert_non_null(m);
        int h = query(l, "a.test");
        lead(l, "a.test", "b.test");
        size_t n = udp_question(l, 0, q, &port);
        begin(m, q, n, (uint16_t)(AUTHORITY | rcode));
        udp_answer(l, 0, m, port);
        assert_int_equal(result(l, h), rcode ? -ENOENT : -ENODATA);
        assert_int_equal(l->ans.rcode, rcode);
        assert_int_equal(l->ans.count, 1);
        free(m);
        lab_down(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_closed_early),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_truncated_twice),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_no_socket),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_other_server),
        cmocka_unit_test(test_end_of_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
