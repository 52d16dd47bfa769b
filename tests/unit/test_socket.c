/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets as a program sees them, between two stacks on a cable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "stack/net_int.h"
#include "tests/support/seed.h"
#include "tests/unit/tcp_lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_NS 10000
#define BOTH_SUMS (LY_CAPS_TX_CSUM_MASK | LY_CAPS_RX_CSUM_MASK)

/* --- a stream in both directions ---------------------------------------------- */

/* One end of a transfer: sends `total` bytes of its pattern, checks the other's. */
struct end {
    struct net *net;
    int s;
    uint32_t sent, got, total;
    uint8_t salt, want;
    bool closed;
};

static uint8_t byte_at(uint8_t salt, uint32_t i)
{
    return (uint8_t)(i * 31 + i / 253 + salt);
}

static void end_send(struct end *e)
{
    uint8_t buf[3000];
    while (e->sent < e->total) {
        uint32_t k = e->total - e->sent < sizeof(buf) ? e->total - e->sent : sizeof(buf);
        for (uint32_t i = 0; i < k; i++)
            buf[i] = byte_at(e->salt, e->sent + i);
        ssize_t r = net_send(e->net, e->s, buf, k);
        if (r == -EAGAIN)
            return;
        assert_true(r > 0);
        e->sent += (uint32_t)r;
    }
    if (!e->closed)
        assert_int_equal(net_shutdown(e->net, e->s, NET_SHUT_WR), 0);
    e->closed = true;
}

static bool end_recv(struct end *e)
{
    uint8_t buf[2500];
    for (;;) {
        ssize_t r = net_recv(e->net, e->s, buf, sizeof(buf));
        if (r == -EAGAIN)
            return false;
        assert_true(r >= 0);
        if (r == 0)
            return true;
        for (uint32_t i = 0; i < (uint32_t)r; i++) {
            if (buf[i] != byte_at(e->want, e->got + i))
                fail_msg("byte %u of the stream is wrong", e->got + i);
        }
        e->got += (uint32_t)r;
    }
}

/* Both ways at once, until both have seen the end. */
static void exchange(struct lab_pair *l, int sa, int sb, uint32_t total)
{
    struct end a = { .net = l->a.net, .s = sa, .total = total, .salt = 1, .want = 2 };
    struct end b = { .net = l->b.net, .s = sb, .total = total, .salt = 2, .want = 1 };
    bool a_end = false, b_end = false;
    /* Nothing is due twice in a row: the user's turn in between changed nothing. */
    for (int idle = 0; !a_end || !b_end;) {
        end_send(&a);
        end_send(&b);
        a_end |= end_recv(&a);
        b_end |= end_recv(&b);
        idle = lab_pair_step(l) ? 0 : idle + 1;
        assert_true(idle < 2);
    }
    assert_int_equal(a.got, total);
    assert_int_equal(b.got, total);
}

/* Both close; then nothing may be left on either side. */
static void all_gone(struct lab_pair *l, int sa, int sb)
{
    assert_int_equal(net_close(l->a.net, sa), 0);
    assert_int_equal(net_close(l->b.net, sb), 0);
    lab_pair_run(l, l->now_ns + 2000 * LAB_S);
    assert_int_equal(net_sock_list(l->a.net, NULL, 0), 0);
    assert_int_equal(net_sock_list(l->b.net, NULL, 0), 0);
    assert_int_equal(pkt_pool_in_use(l->a.pool), 0);
    assert_int_equal(pkt_pool_in_use(l->b.pool), 0);
    lab_pair_close(l);
}

static void clean_transfer(void **state)
{
    (void)state;
    struct lab_pair l;
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    exchange(&l, sa, sb, 1u << 20);
    assert_int_equal(net_counters(l.a.net)->tcp_retransmits, 0);
    assert_int_equal(net_counters(l.b.net)->tcp_retransmits, 0);
    all_gone(&l, sa, sb);
}

static void faulty_transfer(uint64_t seed)
{
    struct lab_pair l;
    int sa, sb;
    const struct fake_faults f = { .loss = 5 + (unsigned)(seed % 4) * 10, .dup = 10,
                                   .reorder = 20 };
    lab_pair_open(&l, &(struct lab_cfg){ .seed = seed, .hw_caps = seed % 2 ? BOTH_SUMS : 0 },
                  WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    fake_link_faults(l.a.link, &f);
    fake_link_faults(l.b.link, &f);
    exchange(&l, sa, sb, 1u << 20);
    assert_true(net_counters(l.a.net)->tcp_retransmits > 0);
    all_gone(&l, sa, sb);
}

/* Clause: RFC 9293 3.8 */
static void faulty_transfers(void **state)
{
    const uint64_t first = seed_of_run();
    (void)state;
    for (uint64_t seed = first; seed < first + 20; seed++)
        faulty_transfer(seed);
}

/* Odd sizes, long wires and heavy loss. */
static void odd_transfer(uint64_t seed)
{
    struct lab_pair l;
    int sa, sb, ls;
    uint64_t r = seed * 0x9E3779B97F4A7C15u;
    const struct fake_faults f = { .loss = (unsigned)(r >> 8) % 150,
                                   .dup = (unsigned)(r >> 16) % 50,
                                   .reorder = (unsigned)(r >> 24) % 200 };
    const struct lab_cfg cfg = { .seed = seed, .sndbuf_bytes = 2048 + (r >> 32) % 20000,
                                 .rcvbuf_bytes = 2048 + (r >> 40) % 20000 };
    lab_pair_open(&l, &cfg, 1000 + (int64_t)(r >> 44) % (30 * LAB_MS));
    ls = net_socket(l.b.net, NET_STREAM);
    assert_int_equal(net_bind(l.b.net, ls, 0, 80), 0);
    assert_int_equal(net_listen(l.b.net, ls, 1), 0);
    sa = net_socket(l.a.net, NET_STREAM);
    assert_int_equal(net_setopt(l.a.net, sa, NET_TCP_MAXSEG, 64 + (int)((r >> 12) % 1400)), 0);
    assert_int_equal(net_connect(l.a.net, sa, LAB_THEIRS, 80), -EINPROGRESS);
    fake_link_faults(l.a.link, &f);
    fake_link_faults(l.b.link, &f);
    sb = lab_pair_accept(&l, ls);
    assert_int_equal(net_close(l.b.net, ls), 0);
    exchange(&l, sa, sb, 40000);
    all_gone(&l, sa, sb);
}

static void odd_transfers(void **state)
{
    const uint64_t first = seed_of_run();
    (void)state;
    for (uint64_t seed = first; seed < first + 40; seed++)
        odd_transfer(seed);
}

/* --- the same seed, the same bytes -------------------------------------------- */

struct digest { uint64_t sum, frames; };

static bool digest_frame(void *arg, uint8_t *f, size_t len, int64_t now_ns)
{
    struct digest *d = arg;
    d->frames++;
    d->sum = (d->sum ^ (uint64_t)now_ns) * 0x100000001B3u;
    for (size_t i = 0; i < len; i++)
        d->sum = (d->sum ^ f[i]) * 0x100000001B3u;
    return true;
}

static struct digest run_digest(uint64_t seed)
{
    struct lab_pair l;
    struct digest d = { 0, 0 };
    int sa, sb;
    const struct fake_faults f = { .loss = 30, .dup = 10, .reorder = 20 };
    lab_pair_open(&l, &(struct lab_cfg){ .seed = seed }, WIRE_NS);
    fake_link_on_tx(l.a.link, digest_frame, &d);
    fake_link_on_tx(l.b.link, digest_frame, &d);
    lab_pair_connect(&l, 80, &sa, &sb);
    fake_link_faults(l.a.link, &f);
    exchange(&l, sa, sb, 200000);
    all_gone(&l, sa, sb);
    return d;
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    struct digest a = run_digest(5);
    void *shift = malloc(12345);        /* other addresses must change nothing */
    struct digest b = run_digest(5), c = run_digest(6);
    free(shift);
    assert_true(a.frames == b.frames && a.sum == b.sum);
    assert_true(a.sum != c.sum);
}

/* --- descriptors -------------------------------------------------------------- */

static void bad_descriptors(void **state)
{
    (void)state;
    struct lab_pair l;
    int v;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    struct net *n = l.a.net;
    const int bad[] = { -1, 0, 31, 32, 1000000 };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int s = bad[i];
        assert_int_equal(net_bind(n, s, 0, 1), -EBADF);
        assert_int_equal(net_listen(n, s, 1), -EBADF);
        assert_int_equal(net_accept(n, s, NULL, NULL), -EBADF);
        assert_int_equal(net_connect(n, s, LAB_THEIRS, 1), -EBADF);
        assert_int_equal(net_send(n, s, "", 1), -EBADF);
        assert_int_equal(net_recv(n, s, &v, 1), -EBADF);
        assert_int_equal(net_shutdown(n, s, NET_SHUT_RD), -EBADF);
        assert_int_equal(net_close(n, s), -EBADF);
        assert_int_equal(net_abort(n, s), -EBADF);
        assert_int_equal(net_getsockname(n, s, NULL, NULL), -EBADF);
        assert_int_equal(net_getpeername(n, s, NULL, NULL), -EBADF);
        assert_int_equal(net_setopt(n, s, NET_IP_TTL, 1), -EBADF);
        assert_int_equal(net_getopt(n, s, NET_IP_TTL, &v), -EBADF);
        assert_int_equal(net_ready(n, s), 0);
    }
    assert_int_equal(net_socket(n, (enum net_type)9), -EINVAL);
    lab_pair_close(&l);
}

static void descriptors_run_out_and_come_back(void **state)
{
    (void)state;
    struct lab_pair l;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1, .max_sockets = 5 }, WIRE_NS);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++)
            assert_in_range(net_socket(l.a.net, i % 2 ? NET_DGRAM : NET_STREAM), 0, 4);
        assert_int_equal(net_socket(l.a.net, NET_STREAM), -EMFILE);
        for (int i = 0; i < 5; i++)
            assert_int_equal(net_close(l.a.net, i), 0);
    }
    lab_pair_close(&l);
}

static void accept_without_descriptor_loses_nothing(void **state)
{
    (void)state;
    struct lab_pair l;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1, .max_sockets = 2 }, WIRE_NS);
    int ls = net_socket(l.b.net, NET_STREAM), other = net_socket(l.b.net, NET_DGRAM);
    int sa = net_socket(l.a.net, NET_STREAM);
    net_bind(l.b.net, ls, 0, 80);
    net_listen(l.b.net, ls, 1);
    net_connect(l.a.net, sa, LAB_THEIRS, 80);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_accept(l.b.net, ls, NULL, NULL), -EMFILE);
    assert_int_equal(net_accept(l.b.net, ls, NULL, NULL), -EMFILE);
    net_close(l.b.net, other);
    int sb = net_accept(l.b.net, ls, NULL, NULL);
    assert_true(sb >= 0);
    assert_int_equal(net_accept(l.b.net, ls, NULL, NULL), -EAGAIN);
    lab_pair_close(&l);                 /* everything open: all is taken down */
}

/* --- states as errors --------------------------------------------------------- */

/* Clause: RFC 9293 3.9.1.1 */
static void calls_out_of_turn(void **state)
{
    (void)state;
    struct lab_pair l;
    char b[4];
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    struct net *n = l.a.net;
    int s = net_socket(n, NET_STREAM), d = net_socket(n, NET_DGRAM);
    assert_int_equal(net_send(n, s, "x", 1), -ENOTCONN);
    assert_int_equal(net_recv(n, s, b, 1), -ENOTCONN);
    assert_int_equal(net_shutdown(n, s, NET_SHUT_WR), -ENOTCONN);
    assert_int_equal(net_getpeername(n, s, NULL, NULL), -ENOTCONN);
    assert_int_equal(net_getpeername(n, d, NULL, NULL), -ENOTCONN);
    assert_int_equal(net_accept(n, s, NULL, NULL), -EINVAL);
    assert_int_equal(net_accept(n, d, NULL, NULL), -EOPNOTSUPP);
    assert_int_equal(net_listen(n, d, 1), -EOPNOTSUPP);
    assert_int_equal(net_connect(n, s, 0xC0A80001, 80), -ENETUNREACH);      /* no route */
    assert_int_equal(net_connect(n, s, 0x0A0000FF, 80), -ENETUNREACH);      /* broadcast */
    assert_int_equal(net_connect(n, s, 0xE0000001, 80), -ENETUNREACH);      /* group */
    assert_int_equal(net_connect(n, s, LAB_THEIRS, 0), -EADDRNOTAVAIL);
    assert_int_equal(net_listen(n, s, 1), 0);
    assert_int_equal(net_connect(n, s, LAB_THEIRS, 80), -EISCONN);
    assert_int_equal(net_recv(n, s, b, 1), -ENOTCONN);
    lab_pair_connect(&l, 80, &sa, &sb);
    assert_int_equal(net_connect(n, sa, LAB_THEIRS, 80), -EISCONN);
    assert_int_equal(net_listen(n, sa, 1), -EINVAL);
    assert_int_equal(net_bind(n, sa, 0, 99), -EINVAL);
    assert_int_equal(net_shutdown(n, sa, 9), -EINVAL);
    assert_int_equal(net_shutdown(n, d, 9), -EINVAL);
    assert_int_equal(net_send(n, sa, "", 0), 0);
    assert_int_equal(net_recv(n, sa, b, 1), -EAGAIN);
    lab_pair_close(&l);
}

/* Clause: RFC 9293 3.9.1.1 */
static void names_of_both_ends(void **state)
{
    (void)state;
    struct lab_pair l;
    uint32_t addr, addr2;
    uint16_t port, port2;
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    assert_int_equal(net_getpeername(l.a.net, sa, &addr, &port), 0);
    assert_true(addr == LAB_THEIRS && port == 80);
    assert_int_equal(net_getsockname(l.b.net, sb, &addr, &port), 0);
    assert_true(addr == LAB_THEIRS && port == 80);
    assert_int_equal(net_getsockname(l.a.net, sa, &addr, &port), 0);
    assert_int_equal(net_getpeername(l.b.net, sb, &addr2, &port2), 0);
    assert_true(addr == LAB_OURS && addr2 == LAB_OURS && port == port2);
    lab_pair_close(&l);
}

/* --- readiness ---------------------------------------------------------------- */

static void readiness_is_told_once(void **state)
{
    (void)state;
    struct lab_pair l;
    char b[4000];
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    int ls = net_socket(l.b.net, NET_STREAM), sa = net_socket(l.a.net, NET_STREAM);
    net_bind(l.b.net, ls, 0, 80);
    net_listen(l.b.net, ls, 5);
    net_connect(l.a.net, sa, LAB_THEIRS, 80);
    assert_int_equal(net_changed(l.a.net), -1);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_changed(l.a.net), sa);
    assert_int_equal(net_ready(l.a.net, sa), NET_OUT);
    assert_int_equal(net_changed(l.a.net), -1);
    assert_int_equal(net_changed(l.b.net), ls);
    assert_int_equal(net_ready(l.b.net, ls), NET_IN);
    assert_int_equal(net_changed(l.b.net), -1);
    int sb = net_accept(l.b.net, ls, NULL, NULL);
    assert_int_equal(net_ready(l.b.net, ls), 0);
    assert_int_equal(net_changed(l.b.net), sb);             /* it can be written to */
    assert_int_equal(net_changed(l.b.net), -1);

    net_send(l.a.net, sa, "hello", 5);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_changed(l.b.net), sb);
    assert_int_equal(net_ready(l.b.net, sb), NET_IN | NET_OUT);
    assert_int_equal(net_changed(l.b.net), -1);
    assert_int_equal(net_recv(l.b.net, sb, b, sizeof(b)), 5);
    lab_pair_run(&l, l.now_ns + 100 * LAB_MS);
    assert_int_equal(net_changed(l.b.net), -1);             /* going down is no news */
    assert_int_equal(net_changed(l.a.net), -1);             /* nor is an ACK of little */
    net_send(l.a.net, sa, "again", 5);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_changed(l.b.net), sb);
    net_shutdown(l.a.net, sa, NET_SHUT_WR);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_changed(l.b.net), sb);
    assert_int_equal(net_ready(l.b.net, sb), NET_IN | NET_OUT | NET_RDHUP);
    lab_pair_close(&l);
}

static void room_is_told_when_it_is_worth_it(void **state)
{
    (void)state;
    struct lab_pair l;
    static char b[65536];
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    while (net_changed(l.a.net) >= 0)
        continue;
    assert_int_equal(net_send(l.a.net, sa, b, sizeof(b)), 65536);
    assert_int_equal(net_send(l.a.net, sa, b, 1), -EAGAIN);
    assert_int_equal(net_ready(l.a.net, sa), 0);
    lab_pair_run(&l, l.now_ns + 300 * LAB_MS);              /* b's window is full, but for 1 */
    assert_int_equal(net_changed(l.a.net), sa);
    assert_int_equal(net_ready(l.a.net, sa), NET_OUT);
    assert_int_equal(net_send(l.a.net, sa, b, sizeof(b)), 65535);
    assert_int_equal(net_changed(l.a.net), -1);
    assert_int_equal(net_recv(l.b.net, sb, b, 10000), 10000);
    lab_pair_run(&l, l.now_ns + 300 * LAB_MS);
    assert_int_equal(net_changed(l.a.net), -1);             /* less than a third */
    assert_int_equal(net_recv(l.b.net, sb, b, 40000), 40000);
    lab_pair_run(&l, l.now_ns + 300 * LAB_MS);
    assert_int_equal(net_changed(l.a.net), sa);
    lab_pair_close(&l);
}

static void closing_forgets_news(void **state)
{
    (void)state;
    struct lab_pair l;
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    int d = net_socket(l.b.net, NET_DGRAM);
    net_bind(l.b.net, d, 0, 9);
    int from = net_socket(l.a.net, NET_DGRAM);
    net_sendto(l.a.net, from, "x", 1, LAB_THEIRS, 9);
    net_send(l.a.net, sa, "y", 1);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_close(l.b.net, sb), 0);
    assert_int_equal(net_changed(l.b.net), d);
    assert_int_equal(net_changed(l.b.net), -1);
    lab_pair_close(&l);
}

/* --- datagrams through descriptors -------------------------------------------- */

static void datagrams(void **state)
{
    (void)state;
    struct lab_pair l;
    char b[100];
    uint32_t addr;
    uint16_t port, back;
    int v;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    int d = net_socket(l.b.net, NET_DGRAM), e = net_socket(l.a.net, NET_DGRAM);
    assert_int_equal(net_bind(l.b.net, d, 0, 7), 0);
    assert_int_equal(net_send(l.a.net, e, "x", 1), -EDESTADDRREQ);
    assert_int_equal(net_connect(l.a.net, e, LAB_THEIRS, 7), 0);
    assert_int_equal(net_send(l.a.net, e, "ping", 4), 4);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_changed(l.b.net), d);
    assert_int_equal(net_ready(l.b.net, d), NET_IN | NET_OUT);
    assert_int_equal(net_getopt(l.b.net, d, NET_SO_RCVQ, &v), 0);
    assert_int_equal(v, 4);
    assert_int_equal(net_recvfrom(l.b.net, d, b, sizeof(b), &addr, &port), 4);
    assert_int_equal(net_getsockname(l.a.net, e, NULL, &back), 0);
    assert_true(addr == LAB_OURS && port == back);
    assert_int_equal(net_recvfrom(l.b.net, d, b, sizeof(b), NULL, NULL), -EAGAIN);
    assert_int_equal(net_sendto(l.b.net, d, "pong!", 5, addr, port), 5);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(net_recv(l.a.net, e, b, sizeof(b)), 5);
    assert_int_equal(net_shutdown(l.a.net, e, NET_SHUT_RDWR), 0);
    assert_int_equal(net_send(l.a.net, e, "x", 1), -EPIPE);
    assert_int_equal(net_recv(l.a.net, e, b, 1), 0);
    assert_int_equal(net_abort(l.a.net, e), 0);
    lab_pair_close(&l);
}

/* --- options ------------------------------------------------------------------ */

static int get(struct net *n, int s, enum net_opt o)
{
    int v = -1;
    assert_int_equal(net_getopt(n, s, o, &v), 0);
    return v;
}

static void stream_options(void **state)
{
    (void)state;
    struct lab_pair l;
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    struct net *n = l.a.net;
    int s = net_socket(n, NET_STREAM);
    const struct { enum net_opt o; int first, set, then; } t[] = {
        { NET_SO_SNDBUF, 65536, 100000, 100000 }, { NET_SO_RCVBUF, 65535, 1, 2048 },
        { NET_SO_REUSEADDR, 0, 1, 1 },            { NET_SO_KEEPALIVE, 0, 5, 1 },
        { NET_SO_LINGER, -1, 10, 10 },            { NET_TCP_NODELAY, 0, 1, 1 },
        { NET_TCP_MAXSEG, 536, 1000, 1000 },      { NET_IP_TTL, 64, 9, 9 },
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_int_equal(get(n, s, t[i].o), t[i].first);
        assert_int_equal(net_setopt(n, s, t[i].o, t[i].set), 0);
        assert_int_equal(get(n, s, t[i].o), t[i].then);
    }
    assert_int_equal(net_setopt(n, s, NET_IP_TTL, 0), -EINVAL);
    assert_int_equal(net_setopt(n, s, NET_IP_TTL, 256), -EINVAL);
    assert_int_equal(net_setopt(n, s, NET_TCP_MAXSEG, 63), -EINVAL);
    assert_int_equal(net_setopt(n, s, NET_SO_SNDBUF, -1), -EINVAL);
    assert_int_equal(net_setopt(n, s, NET_SO_ERROR, 1), -ENOPROTOOPT);
    assert_int_equal(get(n, s, NET_TCP_STATE), NET_TCP_CLOSED);
    lab_pair_connect(&l, 80, &sa, &sb);
    assert_int_equal(net_setopt(n, sa, NET_SO_RCVBUF, 5000), -EINVAL);      /* too late */
    net_send(n, sa, "abc", 3);
    assert_int_equal(get(n, sa, NET_SO_SNDQ), 3);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    assert_int_equal(get(l.b.net, sb, NET_SO_RCVQ), 3);
    assert_int_equal(get(n, sa, NET_TCP_STATE), NET_TCP_ESTABLISHED);
    assert_string_equal(net_tcp_state_name(NET_TCP_ESTABLISHED), "ESTABLISHED");
    assert_string_equal(net_tcp_state_name((enum net_tcp_state)99), "?");
    lab_pair_close(&l);
}

/* Clause: RFC 9293 3.9.1.9, RFC 1122 4.2.4.2 */
static void tos_is_on_every_segment(void **state)
{
    (void)state;
    struct lab_one l;
    struct lab_seg g;
    int v;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_setopt(l.h.net, s, NET_IP_TOS, 256), -EINVAL);
    assert_int_equal(net_setopt(l.h.net, s, NET_IP_TOS, 0xB8), 0);
    assert_int_equal(net_getopt(l.h.net, s, NET_IP_TOS, &v), 0);
    assert_int_equal(v, 0xB8);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&l);
    assert_true(lab_get(&l, &g));
    assert_int_equal(g.tos, 0xB8);
    lab_one_put(&l, &(struct lab_seg){ .sport = 80, .dport = g.sport, .flags = 0x12,
                                       .ack = g.seq + 1, .wnd = 9000 });
    net_abort(l.h.net, s);
    for (int i = 0; i < 2; i++) {                   /* the ACK and the RST */
        assert_true(lab_get(&l, &g));
        assert_int_equal(g.tos, 0xB8);
    }
    lab_one_close(&l);
}

static void children_inherit_options(void **state)
{
    (void)state;
    struct lab_pair l;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    int ls = net_socket(l.b.net, NET_STREAM), sa = net_socket(l.a.net, NET_STREAM);
    net_setopt(l.b.net, ls, NET_SO_RCVBUF, 4096);
    net_setopt(l.b.net, ls, NET_TCP_NODELAY, 1);
    net_setopt(l.b.net, ls, NET_IP_TTL, 33);
    net_setopt(l.b.net, ls, NET_TCP_MAXSEG, 900);
    net_bind(l.b.net, ls, 0, 80);
    net_listen(l.b.net, ls, 5);
    net_connect(l.a.net, sa, LAB_THEIRS, 80);
    lab_pair_run(&l, l.now_ns + LAB_MS);
    int sb = net_accept(l.b.net, ls, NULL, NULL);
    assert_int_equal(get(l.b.net, sb, NET_SO_RCVBUF), 4096);
    assert_int_equal(get(l.b.net, sb, NET_TCP_NODELAY), 1);
    assert_int_equal(get(l.b.net, sb, NET_IP_TTL), 33);
    assert_int_equal(get(l.b.net, sb, NET_TCP_MAXSEG), 900);
    assert_int_equal(get(l.a.net, sa, NET_TCP_MAXSEG), 900);
    lab_pair_close(&l);
}

static void datagram_options(void **state)
{
    (void)state;
    struct lab_pair l;
    int v;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    int d = net_socket(l.a.net, NET_DGRAM);
    assert_int_equal(net_setopt(l.a.net, d, NET_IP_TTL, 5), 0);
    assert_int_equal(get(l.a.net, d, NET_IP_TTL), 5);
    assert_int_equal(net_setopt(l.a.net, d, NET_SO_RCVBUF, 5000), 0);
    assert_int_equal(get(l.a.net, d, NET_SO_RCVBUF), 5000);
    assert_int_equal(net_setopt(l.a.net, d, NET_SO_REUSEADDR, 1), 0);
    assert_int_equal(get(l.a.net, d, NET_SO_REUSEADDR), 1);
    assert_int_equal(get(l.a.net, d, NET_SO_ERROR), 0);
    assert_int_equal(get(l.a.net, d, NET_SO_SNDQ), 0);
    assert_int_equal(net_setopt(l.a.net, d, NET_IP_TTL, 0), -EINVAL);
    assert_int_equal(net_setopt(l.a.net, d, NET_SO_RCVBUF, -1), -EINVAL);
    assert_int_equal(net_setopt(l.a.net, d, NET_TCP_NODELAY, 1), -ENOPROTOOPT);
    assert_int_equal(net_getopt(l.a.net, d, NET_TCP_NODELAY, &v), -ENOPROTOOPT);
    lab_pair_close(&l);
}

/* --- no memory ------------------------------------------------------------------------ */

/* Read by AddressSanitizer at start: a buffer of TCP_BUF_MAX bytes cannot be had. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=8";
}

static void no_memory_for_a_buffer(void **state)
{
    (void)state;
    struct lab_pair l;
    void *volatile probe = malloc(TCP_BUF_MAX);
    free(probe);
    if (probe)
        skip();                         /* built without AddressSanitizer */
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    int ls = net_socket(l.b.net, NET_STREAM), sa = net_socket(l.a.net, NET_STREAM);
    net_setopt(l.b.net, ls, NET_SO_RCVBUF, (int)TCP_BUF_MAX);
    net_setopt(l.b.net, ls, NET_SO_SNDBUF, (int)TCP_BUF_MAX);
    net_bind(l.b.net, ls, 0, 80);
    net_listen(l.b.net, ls, 1);
    net_connect(l.a.net, sa, LAB_THEIRS, 80);
    int sb = lab_pair_accept(&l, ls);
    assert_int_equal(net_send(l.b.net, sb, "x", 1), -ENOMEM);
    assert_int_equal(net_send(l.a.net, sa, "hello", 5), 5);
    lab_pair_run(&l, l.now_ns + LAB_S);
    assert_true(net_counters(l.b.net)->drop_no_buffer > 0);     /* dropped, and not */
    assert_int_equal(get(l.a.net, sa, NET_SO_SNDQ), 5);         /* acknowledged */
    assert_int_equal(get(l.a.net, sa, NET_TCP_STATE), NET_TCP_ESTABLISHED);
    lab_pair_close(&l);
}

/* --- the list ----------------------------------------------------------------- */

static void list_shows_all(void **state)
{
    (void)state;
    struct lab_pair l;
    struct net_sock_info i[8];
    int sa, sb;
    lab_pair_open(&l, &(struct lab_cfg){ .seed = 1 }, WIRE_NS);
    lab_pair_connect(&l, 80, &sa, &sb);
    int d = net_socket(l.a.net, NET_DGRAM);
    net_bind(l.a.net, d, 0, 53);
    net_send(l.a.net, sa, "abc", 3);
    assert_int_equal(net_sock_list(l.a.net, i, 8), 2);
    assert_true(i[0].sock == sa && i[0].type == NET_STREAM && i[0].sendq == 3);
    assert_true(i[0].raddr == LAB_THEIRS && i[0].rport == 80);
    assert_true(i[1].sock == d && i[1].type == NET_DGRAM && i[1].lport == 53);
    net_close(l.a.net, sa);
    assert_int_equal(net_sock_list(l.a.net, i, 1), 2);      /* more than there is room for */
    assert_int_equal(net_sock_list(l.a.net, i, 8), 2);
    assert_true(i[1].sock == -1 && i[1].state == NET_TCP_FIN_WAIT_1);
    lab_pair_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_transfer),
        cmocka_unit_test(faulty_transfers),
        cmocka_unit_test(odd_transfers),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(bad_descriptors),
        cmocka_unit_test(descriptors_run_out_and_come_back),
        cmocka_unit_test(accept_without_descriptor_loses_nothing),
        cmocka_unit_test(calls_out_of_turn),
        cmocka_unit_test(names_of_both_ends),
        cmocka_unit_test(readiness_is_told_once),
        cmocka_unit_test(room_is_told_when_it_is_worth_it),
        cmocka_unit_test(closing_forgets_news),
        cmocka_unit_test(datagrams),
        cmocka_unit_test(stream_options),
        cmocka_unit_test(tos_is_on_every_segment),
        cmocka_unit_test(children_inherit_options),
        cmocka_unit_test(datagram_options),
        cmocka_unit_test(no_memory_for_a_buffer),
        cmocka_unit_test(list_shows_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
