/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver against a twin that is one flag per byte, and anything at all against the
 * invariants. LY_SEED: the first seed; LY_RUNS: how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack/net_int.h"
#include "stack/wire/tcp.h"
#include "tests/unit/tcp_lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WND 65535
#define TOTAL 20000u            /* bytes of a stream */
#define TWIN_RUNS 500u
#define ODD_RUNS 300u

static struct lab_one l;
static uint64_t seed_now;

static uint64_t next(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s >> 33;
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static int say_seed(void **state)
{
    (void)state;
    if (seed_now)
        print_error("failed with LY_SEED=%llu LY_RUNS=1\n", (unsigned long long)seed_now);
    return 0;
}

static uint64_t runs_wanted(uint64_t *first, uint64_t otherwise)
{
    *first = env_number("LY_SEED", 1);
    uint64_t runs = env_number("LY_RUNS", otherwise);
    print_message("LY_SEED=%llu LY_RUNS=%llu\n", (unsigned long long)*first,
                  (unsigned long long)runs);
    return runs;
}

/* --- a flag per byte ------------------------------------------------------------ */

/* Numbers count from irs, so the text begins at 1. */
struct twin {
    bool have[TOTAL + 2];
    uint32_t nxt;               /* the first number that is missing */
    uint32_t edge;              /* the first one that we were told not to send */
    uint32_t read;              /* bytes that the user has had */
    bool ended;
};

/* What a receiver keeps of a segment: all that lies in the window, the FIN a number like any
 * other; nothing of one that begins before and ends behind it (RFC 9293 3.4, table 6: its
 * first or its last number must be inside). Number TOTAL + 1 is the FIN. */
static void twin_takes(struct twin *t, uint32_t from, uint32_t span)
{
    if (from < t->nxt && from + span > t->edge)
        return;
    for (uint32_t i = from; i < from + span; i++)
        if (i >= t->nxt && i < t->edge)
            t->have[i] = true;
    while (!t->ended && t->have[t->nxt])
        t->ended = t->nxt++ == TOTAL + 1;
}

/* All that was sent acknowledges what the twin has, and never takes room back. */
static unsigned sent_by_now(struct twin *t)
{
    struct lab_seg g;
    unsigned k = 0;
    for (; lab_get(&l, &g); k++) {
        assert_int_equal(g.flags, TCP_ACK);
        assert_int_equal(g.ack - l.irs, t->nxt);
        assert_true(t->nxt + g.wnd >= t->edge || t->ended);
        t->edge = t->nxt + g.wnd > t->edge ? t->nxt + g.wnd : t->edge;
    }
    return k;
}

static void user_reads(struct twin *t, int s, uint64_t *r)
{
    static uint8_t buf[70000];
    static const size_t most[] = { 1, 500, 3000, sizeof(buf) };
    ssize_t got = net_recv(l.h.net, s, buf, 1 + next(r) % most[next(r) % 4]);
    if (t->read + 1 + t->ended == t->nxt) {
        assert_int_equal(got, t->ended ? 0 : -EAGAIN);
        return;
    }
    assert_true(got > 0);
    for (ssize_t i = 0; i < got; i++)
        assert_int_equal(buf[i], lab_pattern(t->read + (uint32_t)i));
    t->read += (uint32_t)got;
    lab_one_poll(&l);
    sent_by_now(t);
}

/* A segment near the window, or at its start where too much waits behind a gap. */
static void segment(struct twin *t, const struct tcp_conn *c, uint64_t *r)
{
    uint32_t from = t->nxt + (uint32_t)(next(r) % 12000);
    uint32_t len = 1 + (uint32_t)(next(r) % 1400), was = t->nxt;
    if (next(r) % 3 == 0 || c->ooo.n > TCP_OOO_PKTS / 2)
        from = t->nxt;
    else if (next(r) % 4 == 0)
        from -= 13000 < from ? 13000 : from - 1;
    if (from > TOTAL + 1 || t->ended)
        from = TOTAL + 1;
    len = len < TOTAL + 1 - from ? len : TOTAL + 1 - from;
    bool fin = from + len == TOTAL + 1, gaps = c->ooo.n > 0;
    twin_takes(t, from, len + fin);
    lab_put(&l, fin ? TCP_ACK | TCP_FIN : TCP_ACK, from, 1, WND, (uint16_t)len);
    assert_int_equal(c->rcv_nxt.v - l.irs, t->nxt);
    /* At once for what is out of order, fills a gap, came before or ends it: 5681 4.2. */
    unsigned k = sent_by_now(t);
    assert_true(k > 0 || (from == was && t->nxt != was && !gaps && !t->ended));
}

static void one_stream(uint64_t seed)
{
    static struct twin t;
    uint64_t r = seed * 0x9E3779B97F4A7C15u;
    int ls;
    next(&r);
    size_t rcvbuf = next(&r) % 2 ? 0 : 2048 + next(&r) % 9000;
    lab_one_open(&l, &(struct lab_cfg){ .seed = seed, .rcvbuf_bytes = rcvbuf });
    l.irs_wanted = next(&r) % 2 ? 0u - (uint32_t)(next(&r) % TOTAL) : (uint32_t)next(&r);
    int s = lab_server(&l, WND, 1460, &ls);
    const struct tcp_conn *c = sock_get(l.h.net, s)->tcp;
    t = (struct twin){ .nxt = 1, .edge = c->rcv_adv.v - l.irs };
    while (!t.ended || t.read < TOTAL) {
        segment(&t, c, &r);
        if (next(&r) % 4 == 0)
            user_reads(&t, s, &r);
        if (next(&r) % 8 == 0) {
            lab_one_wait(&l, 41 * LAB_MS);          /* an ACK that was delayed */
            sent_by_now(&t);
        }
    }
    assert_int_equal(lab_state(&l, s), NET_TCP_CLOSE_WAIT);
    assert_int_equal(c->ooo.n, 0);
    net_abort(l.h.net, s);
    net_close(l.h.net, ls);
    lab_one_close(&l);
}

/* Clause: RFC 9293 3.4, RFC 9293 3.10.7.4, RFC 5681 4.2 */
static void receiver_has_what_the_twin_has(void **state)
{
    (void)state;
    uint64_t first, runs = runs_wanted(&first, TWIN_RUNS);
    for (seed_now = first; seed_now < first + runs; seed_now++)
        one_stream(seed_now);
    seed_now = 0;
}

/* --- anything at all ---------------------------------------------------------- */

/* What must hold between any two calls. */
static void invariants(const struct tcp_conn *c)
{
    if (!tcp_synchronized(c))
        return;
    uint32_t unacked = tcp_seq_sub(c->snd_max, c->snd_una);
    assert_true(tcp_seq_leq(c->snd_una, c->snd_nxt) && tcp_seq_leq(c->snd_nxt, c->snd_max));
    assert_true(unacked <= c->snd.len + (c->fin_sent ? 1u : 0u));
    assert_true(tcp_rcv_window(c) <= tcp_rcv_space(c));
    assert_true(c->cwnd >= c->mss && c->mss >= TCP_MSS_MIN);
    assert_true(c->ooo.n <= TCP_OOO_PKTS);
    /* Something that waits for an answer has a timer, or waits for a place to go. */
    if (unacked || (c->snd.len && c->state != NET_TCP_TIME_WAIT))
        assert_true(tcp_timer_runs(c, TCP_T_RTX) || c->out_queued);
}

/* A segment near what the connection expects, but often not quite. */
static void odd_segment(const struct tcp_conn *c, uint64_t *r)
{
    static const uint8_t flags[] = { TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK | TCP_FIN, TCP_SYN,
                                     TCP_SYN | TCP_ACK, TCP_RST, TCP_FIN, 0xFF, 0 };
    static const uint32_t off[] = { 0, 0, 0, 0, 1, 2, 1000, 65534, 65535, 65536, 0xFFFFFFFF,
                                    0xFFFFFC00, 0x80000000 };
    uint64_t x = next(r), y = next(r);
    lab_one_put(&l, &(struct lab_seg){
        .sport = l.theirs, .dport = l.ours, .flags = flags[x % sizeof(flags)],
        .seq = c->rcv_nxt.v + off[(x >> 4) % 13],
        .ack = (x >> 8) % 2 ? c->snd_max.v : c->snd_una.v + off[(x >> 9) % 13],
        .wnd = (uint16_t)((x >> 13) % 3 ? y % 65536 : y % 3),
        .len = (uint16_t)((x >> 15) % 2 ? 0 : (y >> 16) % 1461),
        .mss = (uint16_t)((x >> 17) % 4 ? 0 : y >> 8),
    });
}

static void user_does_something(int s, uint64_t *r)
{
    static char buf[5000];
    uint64_t x = next(r);
    if (x % 4 == 0)
        net_send(l.h.net, s, buf, (x >> 8) % sizeof(buf));
    else if (x % 4 == 1)
        net_recv(l.h.net, s, buf, (x >> 8) % sizeof(buf));
    else if (x % 4 == 2)
        lab_one_wait(&l, (int64_t)((x >> 8) % (300 * LAB_MS)));
    else if ((x >> 2) % 16 == 0)
        net_shutdown(l.h.net, s, (int)((x >> 8) % 3));
}

static void random_segments_break_nothing(void **state)
{
    (void)state;
    uint64_t first, runs = runs_wanted(&first, ODD_RUNS);
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    for (uint64_t seed = first; seed < first + runs; seed++) {
        uint64_t r = seed_now = seed;
        int ls, s = seed % 2 ? lab_client(&l, WND, 1460) : lab_server(&l, WND, 1460, &ls);
        const struct tcp_conn *c = sock_get(l.h.net, s)->tcp;
        for (int i = 0; i < 60 && c->state != NET_TCP_CLOSED; i++) {
            odd_segment(c, &r);
            invariants(c);
            user_does_something(s, &r);
            invariants(c);
        }
        net_close(l.h.net, s);
        if (seed % 2 == 0)
            net_close(l.h.net, ls);
        lab_flush(&l);
        lab_one_wait(&l, 2000 * LAB_S);
        lab_flush(&l);
        assert_int_equal(net_sock_list(l.h.net, NULL, 0), 0);
        assert_int_equal(pkt_pool_in_use(l.h.pool), 0);
    }
    lab_one_close(&l);
    seed_now = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(receiver_has_what_the_twin_has, say_seed),
        cmocka_unit_test_teardown(random_segments_break_nothing, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
