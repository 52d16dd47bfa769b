/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stacks, a bad cable, and two users who do as they like: many short runs in virtual
 * time. Whatever happens, each byte arrives once and in order, both ends reach CLOSED in
 * bounded time, no packet is left, and on the wire nobody breaks a rule that can be seen
 * there. LY_SEED: the first seed; LY_RUNS: how many.
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

#define RUNS 1200u
#define PORT_A 4000u
#define PORT_B 5000u
#define RUN_S 20000             /* simulated; a run that takes longer hangs */

/* --- what a run is made of ---------------------------------------------------- */

/* What one end has put onto the wire so far, by the numbers in its segments. */
struct tap {
    bool any;                   /* edge and ack are valid */
    bool was_syn, asked, fin;   /* asked: SYN without ACK */
    uint32_t isn, edge, ack;
    uint32_t fin_end, fin_ack;  /* of the first segment with FIN */
};

struct user {
    struct net *net;
    int s;                      /* -1: closed */
    uint32_t total, sent;       /* of its own stream */
    uint32_t want, got;         /* of the other's */
    uint8_t salt, other_salt;
    size_t write_max, read_max;
    int64_t pause_ns;           /* the longest between two acts; 0: it is always there */
    int64_t due_ns;
    bool shut, eof;
};

struct run {
    uint64_t r;                 /* state of its random numbers */
    struct lab_pair l;
    int64_t latency_ns;
    struct user u[2];
    struct tap tap[2];
    int listener;
    uint32_t mss;
    unsigned loss;              /* per mille of the segments */
    bool rough;                 /* somebody leaves in mid stream */
};

/* What the runs together came across, so that they do not grow tame unnoticed. */
struct seen {
    uint64_t shut_windows, wraps, crossed_syns, crossed_fins, repeated;
};

static struct run run;
static struct seen seen;
static uint64_t seed_now;

static uint64_t draw(struct run *x, uint64_t below)
{
    x->r = x->r * 6364136223846793005u + 1442695040888963407u;
    return (x->r >> 24) % below;
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static uint8_t byte_at(uint8_t salt, uint32_t i)
{
    return (uint8_t)(i * 13 + i / 255 + salt);
}

/* --- judge of the wire ---------------------------------------------------------- */

static uint32_t get32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* RFC 9293 3.8.6: nothing beyond the window but a probe of one; the edge never moves back. */
static void judge(struct run *x, unsigned end, const uint8_t *t, uint32_t tcp_len)
{
    struct tap *me = &x->tap[end], *peer = &x->tap[!end];
    uint32_t seq = get32(t), ack = get32(t + 4), len = tcp_len - (uint32_t)(t[8] >> 4) * 4;
    uint8_t flags = t[9];
    if (flags & TCP_RST) {          /* only for what comes late to a connection that is over */
        int state = NET_TCP_CLOSED;
        if (x->u[end].s >= 0)
            assert_int_equal(net_getopt(x->u[end].net, x->u[end].s, NET_TCP_STATE, &state), 0);
        assert_true(state == NET_TCP_CLOSED || x->rough);
        return;
    }
    assert_true(len <= x->mss);
    seen.wraps += len && seq + len < seq;
    if (flags & TCP_SYN) {
        assert_int_equal(len, 0);
        assert_true(!me->was_syn || me->isn == seq);
        me->was_syn = true;
        me->isn = seq;
        me->asked |= !(flags & TCP_ACK);
    }
    if (flags & TCP_FIN && !me->fin) {
        me->fin = true;
        me->fin_end = seq + len + 1;
        me->fin_ack = ack;
    }
    if (len && peer->any)
        assert_false(before(peer->edge + 1, seq + len));
    if (!(flags & TCP_ACK))
        return;
    uint32_t edge = ack + ((uint32_t)t[10] << 8 | t[11]);
    if (me->any) {
        assert_false(before(ack, me->ack));
        assert_false(before(edge, me->edge));
    }
    seen.shut_windows += me->any && edge == ack && me->edge != me->ack;
    me->any = true;
    me->ack = ack;
    me->edge = edge;
}

static bool on_tx(struct run *x, unsigned end, const uint8_t *f)
{
    const uint8_t *ip = f + 14;
    uint32_t total = (uint32_t)ip[2] << 8 | ip[3];
    if (f[12] != 8 || f[13] != 0 || ip[9] != IP4_PROTO_TCP)
        return true;                            /* ARP: who loses that loses connections */
    judge(x, end, ip + 24, total - 20);         /* from the sequence number on */
    return draw(x, 1000) >= x->loss;
}

static bool on_tx_a(void *arg, uint8_t *f, size_t len, int64_t now_ns)
{
    (void)len;
    (void)now_ns;
    return on_tx(arg, 0, f);
}

static bool on_tx_b(void *arg, uint8_t *f, size_t len, int64_t now_ns)
{
    (void)len;
    (void)now_ns;
    return on_tx(arg, 1, f);
}

/* --- users ---------------------------------------------------------------------- */

static void writes(struct run *x, struct user *u)
{
    uint8_t buf[6000];
    while (u->sent < u->total) {
        size_t k = 1 + draw(x, u->write_max);
        k = k < u->total - u->sent ? k : u->total - u->sent;
        for (size_t i = 0; i < k; i++)
            buf[i] = byte_at(u->salt, u->sent + (uint32_t)i);
        ssize_t r = net_send(u->net, u->s, buf, k);
        if (r == -EAGAIN)
            return;
        assert_true(r > 0 || x->rough);
        u->sent += r > 0 ? (uint32_t)r : u->total - u->sent;    /* nobody listens any more */
        if (u->pause_ns)
            return;
    }
    if (!u->shut)
        assert_true(net_shutdown(u->net, u->s, NET_SHUT_WR) == 0 || x->rough);
    u->shut = true;
}

static void reads(struct run *x, struct user *u)
{
    uint8_t buf[6000];
    while (!u->eof) {
        bool ready = net_ready(u->net, u->s) & NET_IN;
        ssize_t r = net_recv(u->net, u->s, buf, 1 + draw(x, u->read_max));
        assert_int_equal(ready, r != -EAGAIN);
        if (r == -EAGAIN)
            return;
        assert_true(r >= 0 || x->rough);
        for (ssize_t i = 0; i < r; i++)
            assert_int_equal(buf[i], byte_at(u->other_salt, u->got + (uint32_t)i));
        u->got += r > 0 ? (uint32_t)r : 0;
        u->eof = r <= 0;
        if (u->pause_ns)
            return;
    }
    assert_true(u->got == u->want || x->rough);
}

/* Once in a while somebody is away for long: windows shut, and are probed. */
static int64_t pause_of(struct run *x, const struct user *u)
{
    int64_t longest = draw(x, 50) ? u->pause_ns : 20 * u->pause_ns;
    return longest ? (int64_t)draw(x, (uint64_t)longest) : 0;
}

/* Who has gone is not waited for: what is queued is given up when the reader is away for
 * long (TCP_RETRIES_ORPHAN). So a user stays until a slow reader has it all. */
static bool may_go(const struct run *x, const struct user *u)
{
    int queued;
    const struct user *other = &x->u[u == &x->u[0]];
    assert_int_equal(net_getopt(u->net, u->s, NET_SO_SNDQ, &queued), 0);
    return u->shut && u->eof && (!queued || !other->pause_ns);
}

static void acts(struct run *x, struct user *u)
{
    int state;
    if (u->s < 0 || u->due_ns > x->l.now_ns)
        return;
    assert_int_equal(net_getopt(u->net, u->s, NET_TCP_STATE, &state), 0);
    if (state == NET_TCP_SYN_SENT || state == NET_TCP_SYN_RCVD)
        return;
    writes(x, u);
    reads(x, u);
    if (may_go(x, u)) {
        assert_int_equal(net_close(u->net, u->s), 0);
        u->s = -1;
    }
    u->due_ns = x->l.now_ns + pause_of(x, u);
}

/* --- a run ---------------------------------------------------------------------- */

static void make_users(struct run *x)
{
    static const uint32_t totals[] = { 0, 1, 1000, 8000, 30000 };
    static const size_t sizes[] = { 1, 100, 1460, 5999 };
    static const int64_t pauses[] = { 0, 0, 20 * LAB_MS, LAB_S, 3 * LAB_S };
    for (int i = 0; i < 2; i++) {
        struct user *u = &x->u[i];
        *u = (struct user){ .net = i ? x->l.b.net : x->l.a.net, .s = -1,
                            .salt = (uint8_t)(i + 1), .other_salt = (uint8_t)(2 - i) };
        u->pause_ns = pauses[draw(x, 5)];
        u->write_max = sizes[draw(x, 4)];
        u->read_max = sizes[draw(x, 4)];
        u->total = (uint32_t)draw(x, totals[draw(x, 5)] + 1);
        /* Who waits between single bytes has few of them. */
        if (u->pause_ns)
            u->total = u->total < 40 * u->write_max ? u->total : (uint32_t)(40 * u->write_max);
    }
    x->u[0].want = x->u[1].total;
    x->u[1].want = x->u[0].total;
    for (int i = 0; i < 2; i++) {
        size_t least = x->u[i].want / 60 + 1;
        if (x->u[i].pause_ns && x->u[i].read_max < least)
            x->u[i].read_max = least;
    }
}

static int socket_of(struct run *x, struct user *u, uint16_t port)
{
    static const uint16_t limits[] = { 0, 0, 64, 536, 1000 };
    uint16_t mss = limits[draw(x, 5)];
    int s = net_socket(u->net, NET_STREAM);
    assert_true(s >= 0);
    assert_int_equal(net_bind(u->net, s, 0, port), 0);
    assert_int_equal(net_setopt(u->net, s, NET_TCP_NODELAY, (int)draw(x, 2)), 0);
    /* Who only listens learns of a lost RST by asking. */
    assert_int_equal(net_setopt(u->net, s, NET_SO_KEEPALIVE, x->rough), 0);
    if (mss) {
        assert_int_equal(net_setopt(u->net, s, NET_TCP_MAXSEG, mss), 0);
        x->mss = mss < x->mss ? mss : x->mss;
    }
    return s;
}

/* The number that a SYN will carry, before it left: just below 2^32. */
static void start_near_the_wrap(struct run *x, struct user *u)
{
    struct tcp_conn *c = sock_get(u->net, u->s)->tcp;
    c->iss = tcp_seq_of(0u - (uint32_t)draw(x, u->total + 2));
    c->snd_una = c->snd_nxt = c->snd_max = c->snd_small = c->iss;
}

/* A listener's number follows its clock: wait until that is where we want it. */
static void wait_for_the_wrap(struct run *x)
{
    const struct tcp_conn c = { .laddr = LAB_THEIRS, .lport = PORT_B, .raddr = LAB_OURS,
                                .rport = PORT_A };
    uint32_t f = tcp_isn(x->l.b.net, &c, 0).v, want = 0u - (uint32_t)draw(x, 8000);
    int64_t at = (int64_t)(want - f) * 4000 - 3 * x->latency_ns;    /* ARP and the SYN */
    if (at > x->l.now_ns)
        lab_pair_run(&x->l, at);
}

static void connect_both(struct run *x)
{
    bool wrap = draw(x, 2);
    bool both = draw(x, 4) == 0;
    if (wrap && !both)
        wait_for_the_wrap(x);
    struct user *a = &x->u[0], *b = &x->u[1];
    a->s = socket_of(x, a, PORT_A);
    int s = socket_of(x, b, PORT_B);
    assert_int_equal(net_connect(a->net, a->s, LAB_THEIRS, PORT_B), -EINPROGRESS);
    if (both) {
        b->s = s;               /* simultaneous open: RFC 9293 3.5, figure 7 */
        assert_int_equal(net_connect(b->net, s, LAB_OURS, PORT_A), -EINPROGRESS);
    } else {
        x->listener = s;
        assert_int_equal(net_listen(b->net, s, 1), 0);
    }
    if (wrap) {
        start_near_the_wrap(x, a);
        if (both)
            start_near_the_wrap(x, b);
    }
}

static void open_run(struct run *x, uint64_t seed, bool rough)
{
    static const int64_t latencies[] = { 10000, LAB_MS, 20 * LAB_MS, 300 * LAB_MS };
    static const size_t bufs[] = { 0, 0, 2048, 3000, 10000 };
    memset(x, 0, sizeof(*x));
    x->r = seed * 0x9E3779B97F4A7C15u;
    x->rough = rough;
    x->listener = -1;
    x->mss = 1460;
    draw(x, 2);
    x->latency_ns = latencies[draw(x, 4)];
    struct lab_cfg cfg = { .seed = seed, .max_sockets = 4 };
    cfg.sndbuf_bytes = bufs[draw(x, 5)];
    cfg.rcvbuf_bytes = bufs[draw(x, 5)];
    cfg.pool_small = draw(x, 3) ? 512 : 96;
    lab_pair_open(&x->l, &cfg, x->latency_ns);
    make_users(x);
    fake_link_on_tx(x->l.a.link, on_tx_a, x);
    fake_link_on_tx(x->l.b.link, on_tx_b, x);
    x->loss = (unsigned)draw(x, 3) * 40;
    struct fake_faults f = { .dup = (unsigned)draw(x, 2) * 50,
                             .reorder = (unsigned)draw(x, 2) * 100 };
    f.reorder_ns = (int64_t)draw(x, 2) * (int64_t)draw(x, 400 * LAB_MS);
    connect_both(x);
    fake_link_faults(x->l.a.link, &f);
    fake_link_faults(x->l.b.link, &f);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* One turn of everybody; then to where something is due. */
static void turn(struct run *x)
{
    struct user *a = &x->u[0], *b = &x->u[1];
    if (x->listener >= 0 && b->s < 0) {
        b->s = net_accept(b->net, x->listener, NULL, NULL);
        if (b->s >= 0) {
            assert_int_equal(net_close(b->net, x->listener), 0);
            x->listener = -1;
        }
    }
    acts(x, a);
    acts(x, b);
    int64_t limit = INT64_MAX;
    for (int i = 0; i < 2; i++)
        if (x->u[i].s >= 0 && x->u[i].due_ns > x->l.now_ns)
            limit = sooner(limit, x->u[i].due_ns);
    lab_pair_step_to(&x->l, limit);
}

static bool over(const struct run *x)
{
    return net_sock_list(x->l.a.net, NULL, 0) == 0 && net_sock_list(x->l.b.net, NULL, 0) == 0;
}

static void close_run(struct run *x)
{
    const struct tap *a = &x->tap[0], *b = &x->tap[1];
    seen.repeated += net_counters(x->l.a.net)->tcp_retransmits;
    seen.crossed_syns += a->asked && b->asked;
    seen.crossed_fins += a->fin && b->fin && before(a->fin_ack, b->fin_end) &&
                         before(b->fin_ack, a->fin_end);
    fake_link_on_tx(x->l.a.link, NULL, NULL);
    fake_link_on_tx(x->l.b.link, NULL, NULL);
    lab_pair_run(&x->l, x->l.now_ns + 10 * LAB_S);      /* what is still on the cable */
    assert_int_equal(pkt_pool_in_use(x->l.a.pool), 0);
    assert_int_equal(pkt_pool_in_use(x->l.b.pool), 0);
    lab_pair_close(&x->l);
}

/* --- tests ---------------------------------------------------------------------- */

static int say_seed(void **state)
{
    (void)state;
    if (seed_now)
        print_error("failed with LY_SEED=%llu LY_RUNS=1\n", (unsigned long long)seed_now);
    return 0;
}

static uint64_t runs_wanted(uint64_t *first)
{
    *first = env_number("LY_SEED", 1);
    uint64_t runs = env_number("LY_RUNS", RUNS);
    print_message("LY_SEED=%llu LY_RUNS=%llu\n", (unsigned long long)*first,
                  (unsigned long long)runs);
    return runs;
}

/* Until nothing is left on either side; it takes bounded time. */
static void run_to_the_end(struct run *x)
{
    int64_t limit = x->l.now_ns + RUN_S * LAB_S;
    while (!over(x)) {
        turn(x);
        assert_true(x->l.now_ns < limit);
    }
}

/* Clause: RFC 9293 3.3.2, RFC 9293 3.4, RFC 9293 3.5, RFC 9293 3.6, RFC 9293 3.8.6 */
static void every_byte_arrives(void **state)
{
    (void)state;
    uint64_t first, runs = runs_wanted(&first);
    for (uint64_t i = 0; i < runs; i++) {
        seed_now = first + i;
        open_run(&run, seed_now, false);
        run_to_the_end(&run);
        for (int k = 0; k < 2; k++) {
            assert_true(run.u[k].shut && run.u[k].eof);
            assert_int_equal(run.u[k].got, run.u[k].want);
        }
        close_run(&run);
    }
    seed_now = 0;
    print_message("%llu sent again, %llu times a window shut, %llu wraps, %llu SYNs and %llu FINs "
                  "crossed\n", (unsigned long long)seen.repeated,
                  (unsigned long long)seen.shut_windows, (unsigned long long)seen.wraps,
                  (unsigned long long)seen.crossed_syns, (unsigned long long)seen.crossed_fins);
    assert_true(runs < RUNS || (seen.repeated > RUNS && seen.shut_windows > RUNS / 4 &&
                                seen.wraps > RUNS / 20 && seen.crossed_syns > RUNS / 20 &&
                                seen.crossed_fins > RUNS / 20));
}

/* Somebody leaves in mid stream, politely or not: what came is right as far as it goes, and
 * both ends get rid of the connection. */
/* Clause: RFC 9293 3.10.4, RFC 9293 3.10.5, RFC 9293 3.8.4, RFC 2525 2.17 */
static void nobody_hangs(void **state)
{
    (void)state;
    uint64_t first, runs = runs_wanted(&first) / 3 + 1;
    for (uint64_t i = 0; i < runs; i++) {
        seed_now = first + i;
        open_run(&run, seed_now, true);
        for (uint64_t turns = draw(&run, 120); turns > 0 && !over(&run); turns--)
            turn(&run);
        struct user *u = &run.u[draw(&run, 2)];
        if (u->s >= 0)
            assert_int_equal(draw(&run, 2) ? net_close(u->net, u->s) : net_abort(u->net, u->s), 0);
        u->s = -1;
        if (run.listener >= 0)
            assert_int_equal(net_close(run.l.b.net, run.listener), 0);
        run.listener = -1;
        run_to_the_end(&run);
        close_run(&run);
    }
    seed_now = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_byte_arrives, say_seed),
        cmocka_unit_test_teardown(nobody_hangs, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
