/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link_fault.c - --fault-link over the scripted link: numbered frames go in on one side and
 * what comes out on the other is compared with a list; answers and events; the device gone. Each
 * packet is back in its pool at the end, whatever became of it.
 */
#include "driver/link_fault.h"
#include "driver/nic.h"
#include "driver/nic_regs.h"
#include "driver/rng.h"
#include "tests/unit/fake_link.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL 600u
#define LEN 100u
#define OUT_MAX 4096u
#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S (1000 * MS)

struct got { unsigned number, bits; int64_t at; };

struct lab {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *fake;
    struct link *l;
    struct nic *nic;            /* NULL: the test calls the link itself */
    int64_t now;
    bool closed;
    unsigned n;
    struct got got[OUT_MAX];
};

static int setup(void **state)
{
    struct lab *l = calloc(1, sizeof *l);
    size_t bytes = pkt_pool_bytes(POOL, 0);
    l->mem = malloc(bytes);
    l->pool = pkt_pool_create(l->mem, bytes, POOL, 0);
    *state = l;
    return 0;
}

static void lab_close(struct lab *l)
{
    if (l->nic)
        nic_destroy(l->nic);
    else if (l->l)
        l->l->ops->close(l->l);
    assert_true(l->closed || !l->l);
    assert_int_equal(pkt_pool_in_use(l->pool), 0);
    l->nic = NULL;
    l->l = NULL;
    l->n = 0;
    l->now = 0;
    l->closed = false;
}

static int teardown(void **state)
{
    struct lab *l = *state;
    lab_close(l);
    free(l->mem);
    free(l);
    return 0;
}

static void frame_make(uint8_t b[LEN], unsigned number)
{
    for (unsigned i = 0; i < LEN; i++)
        b[i] = (uint8_t)(i < 2 ? number >> 8 * i : i * 7 + number);
}

/* By its number where that is whole, else by the frame that it is nearest to. */
static void took(struct lab *l, const uint8_t *b, size_t len)
{
    struct got g = { .bits = 999, .at = l->now };
    unsigned told = b[0] | (unsigned)b[1] << 8;
    assert_int_equal(len, LEN);
    for (unsigned i = 0; i <= 17; i++) {
        uint8_t want[LEN];
        unsigned bits = 0, number = i ? told ^ 1u << (i - 1) : told;
        frame_make(want, number);
        for (unsigned k = 0; k < LEN; k++)
            bits += (unsigned)__builtin_popcount(want[k] ^ b[k]);
        if (bits < g.bits) {
            g.number = number;
            g.bits = bits;
        }
    }
    assert_true(l->n < OUT_MAX);
    l->got[l->n++] = g;
}

static bool on_tx(void *arg, uint8_t *frame, size_t len, int64_t now_ns)
{
    (void)now_ns;
    took(arg, frame, len);
    return false;
}

static void lab_open(struct lab *l, const char *text, uint64_t seed, struct fake_link_cfg cfg)
{
    char why[FAULT_WHY_BYTES];
    struct fault_plan plan;
    cfg.pool = l->pool;
    assert_int_equal(fake_link_open(&l->fake, &cfg), 0);
    fake_link_closed_flag(l->fake, &l->closed);
    fake_link_on_tx(l->fake, on_tx, l);
    assert_int_equal(fault_parse(&plan, FAULT_ON_LINK, text, why), 0);
    assert_int_equal(link_fault_open(&l->l, fake_link_base(l->fake), &plan, seed), 0);
}

/* A pipe without registers. */
static void pipe_open(struct lab *l, const char *text, uint64_t seed)
{
    lab_open(l, text, seed, (struct fake_link_cfg){ .no_regs = true, .no_pad = true });
}

static const uint64_t *stats(const struct lab *l, bool tx)
{
    const struct link_fault_stats *s = link_fault_stats(l->l);
    return tx ? s->tx : s->rx;
}

/* --- frames ------------------------------------------------------------------------------ */

static void take_all(struct lab *l)
{
    struct pkt *p;
    while (l->l->ops->rx(l->l, &p, 1) == 1) {
        took(l, pkt_data(p), p->len);
        pkt_release(p);
    }
}

/* Polls whenever the link wants to be, at last at @end. */
static void until(struct lab *l, int64_t end)
{
    for (unsigned i = 0; i < 100000; i++) {
        int64_t next;
        if (l->l->ops->poll(l->l, l->now, &next) == -ENODEV)
            return;
        assert_true(next >= l->now);
        take_all(l);
        next = fake_link_advance(l->now, next, INT64_MAX, l->fake, NULL);
        if (l->now == end && next > end)
            return;
        l->now = next < end ? next : end;
    }
    fail_msg("polled without end");
}

static struct pkt *packet(struct lab *l, unsigned number)
{
    struct pkt *p = pkt_alloc(l->pool, PKT_SMALL);
    assert_non_null(p);
    frame_make(pkt_put(p, LEN), number);
    return p;
}

/* Frames 1..@count, one in @gap, and 3 ms. */
static void send(struct lab *l, bool tx, unsigned count, int64_t gap)
{
    for (unsigned i = 1; i <= count; i++) {
        if (tx) {
            struct pkt *p = packet(l, i);
            if (l->l->ops->tx(l->l, &p, 1) != 1)
                pkt_release(p);
        } else {
            uint8_t b[LEN];
            frame_make(b, i);
            fake_link_inject(l->fake, b, LEN, l->now);
        }
        until(l, l->now + gap);
    }
    until(l, l->now + 3 * MS);
}

static void expect(const struct lab *l, const unsigned *want)
{
    unsigned i = 0;
    for (; want[i]; i++) {
        assert_true(i < l->n);
        assert_int_equal(l->got[i].number, want[i]);
        assert_int_equal(l->got[i].bits, 0);
    }
    assert_int_equal(l->n, i);
}

#define LIST(...) (const unsigned[]){ __VA_ARGS__, 0 }

/* Of each direction: the plan, what comes of 10 frames, and how often the kind is counted. */
static void order(void **state)
{
    static const struct { const char *plan; unsigned want[24]; enum fault_kind kind; unsigned n; }
    rows[] = {
        { "loss=@11", { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, FAULT_LOSS, 0 },
        { "loss=@3", { 1, 2, 4, 5, 6, 7, 8, 9, 10 }, FAULT_LOSS, 1 },
        { "loss=@3-5,loss=@9-", { 1, 2, 6, 7, 8 }, FAULT_LOSS, 5 },
        { "loss=100%", { 0 }, FAULT_LOSS, 10 },
        { "dup=@3-4", { 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10 }, FAULT_DUP, 2 },
        { "reorder=@3", { 1, 2, 4, 3, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "reorder=@3-4", { 1, 2, 4, 3, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "reorder=@10", { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "dup=@3,reorder=@3", { 1, 2, 3, 4, 3, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "resync=@3", { 1, 2, 4, 5, 6, 7, 8, 9, 10 }, FAULT_RESYNC, 1 },
        { "gone@4", { 1, 2, 3 }, FAULT_GONE, 1 },
        { "gone@4,reorder=@3,delay=50", { 1, 2 }, FAULT_REORDER, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int tx = 0; tx < 2; tx++) {
            struct lab *l = *state;
            pipe_open(l, rows[i].plan, 1);
            send(l, tx, 10, 100 * US);
            expect(l, rows[i].want);
            assert_int_equal(stats(l, tx)[rows[i].kind], rows[i].n);
            assert_int_equal(stats(l, !tx)[rows[i].kind], 0);
            lab_close(l);
        }
}

static void other_direction_untouched(void **state)
{
    for (int tx = 0; tx < 2; tx++) {
        struct lab *l = *state;
        pipe_open(l, tx ? "rx.loss=@1-,rx.gone@1" : "tx.loss=@1-,tx.gone@1", 1);
        send(l, tx, 3, 10 * US);
        expect(l, LIST(1, 2, 3));
        lab_close(l);
    }
}

/* One bit, so that the Internet checksum finds it; over the seeds, bits at either end. */
static void corrupt(void **state)
{
    struct lab *l = *state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        bool tx = seed % 2;
        pipe_open(l, "corrupt=@2", seed);
        send(l, tx, 3, 10 * US);
        assert_int_equal(l->n, 3);
        assert_int_equal(l->got[1].bits, 1);
        assert_int_equal(l->got[0].bits + l->got[2].bits, 0);
        assert_int_equal(stats(l, tx)[FAULT_CORRUPT], 1);
        lab_close(l);
    }
}

static void timing(void **state)
{
    struct lab *l = *state;
    for (int tx = 0; tx < 2; tx++) {
        pipe_open(l, "loss=@99", 1);
        send(l, tx, 10, 10 * US);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(l->got[i].at, i * 10 * US);
        lab_close(l);
        pipe_open(l, "delay=100", 1);
        send(l, tx, 10, 10 * US);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(l->got[i].at, (i * 10 + 100) * US);
        lab_close(l);
        pipe_open(l, "rate=10", 1);         /* 100 octets last 80 us */
        send(l, tx, 10, 10 * US);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(l->got[i].at, i * 80 * US);
        lab_close(l);
        pipe_open(l, "jitter=50", 1);
        send(l, tx, 10, 10 * US);
        expect(l, LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
        int64_t late = 0;
        for (unsigned i = 0; i < 10; i++)
            late += l->got[i].at - i * 10 * US;
        assert_in_range(late, 1, 10 * 50 * US);
        lab_close(l);
        pipe_open(l, "reorder=@3", 1);      /* nothing overtakes it: 1 ms */
        send(l, tx, 3, 10 * US);
        assert_int_equal(l->got[2].at, 20 * US + MS);
        lab_close(l);
    }
}

/* Shares are kept, and one more rule changes nothing for the others. */
static void drawn(void **state)
{
    struct lab *l = *state;
    uint64_t lost[2];
    for (int i = 0; i < 2; i++) {
        pipe_open(l, i ? "loss=30%,corrupt=20%" : "loss=30%", 7);
        send(l, true, 1000, US);
        lost[i] = stats(l, true)[FAULT_LOSS];
        if (i)
            assert_in_range(stats(l, true)[FAULT_CORRUPT], 100, 180);
        lab_close(l);
    }
    assert_in_range(lost[0], 250, 350);
    assert_int_equal(lost[0], lost[1]);
}

/* What the inner link has no room for waits; what we have none for stays the caller's. */
static void back_pressure(void **state)
{
    struct lab *l = *state;
    struct pkt *p[400];
    int64_t next;
    pipe_open(l, "loss=@999", 1);
    for (unsigned i = 0; i < 400; i++)
        p[i] = packet(l, i + 1);
    fake_link_set_tx_room(l->fake, 5);
    int k = l->l->ops->tx(l->l, p, 400);
    assert_in_range(k, 200, 300);
    assert_int_equal(l->l->ops->tx(l->l, p + k, (unsigned)(400 - k)), 5);
    assert_int_equal(l->n, 5);
    k += 5;
    assert_int_equal(l->l->ops->poll(l->l, 0, &next), 0);
    assert_true(next > 0);              /* nothing can be done now: no turning on the spot */
    fake_link_set_tx_room(l->fake, UINT32_MAX);
    until(l, MS);
    assert_int_equal(l->n, k);
    for (int i = 0; i < k; i++)
        assert_int_equal(l->got[i].number, i + 1);
    for (int i = k; i < 400; i++)
        pkt_release(p[i]);
}

/* A link whose poll() frees room for one packet, as one does that looks at completions there. */
struct stub {
    struct link base;
    struct link_ops ops;
    bool room;
    unsigned took;
};

static int stub_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct stub *s = (struct stub *)l;
    if (!s->room || n == 0)
        return 0;
    s->room = false;
    s->took++;
    pkt_release(pkts[0]);
    return 1;
}

static int stub_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    (void)l;
    (void)pkts;
    (void)n;
    return 0;
}

static int stub_event(struct link *l, struct link_event *ev)
{
    (void)l;
    (void)ev;
    return 0;
}

static int stub_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    (void)now_ns;
    *next_ns = INT64_MAX;
    ((struct stub *)l)->room = true;
    return 0;
}

static void stub_close(struct link *l)
{
    (void)l;
}

/* Who follows next_ns gets rid of all: nothing waits for a poll that nobody asked for. */
static void room_made_in_poll(void **state)
{
    struct lab *l = *state;
    struct stub s = { .ops = { .name = "stub", .tx = stub_tx, .rx = stub_rx, .event = stub_event,
                               .poll = stub_poll, .close = stub_close } };
    struct fault_plan none = { .n = 0 };
    struct link *wrapped;
    int64_t next = 0;
    s.base.ops = &s.ops;
    assert_int_equal(link_fault_open(&wrapped, &s.base, &none, 1), 0);
    for (unsigned i = 1; i <= 3; i++) {
        struct pkt *p = packet(l, i);
        assert_int_equal(wrapped->ops->tx(wrapped, &p, 1), 1);
    }
    for (unsigned i = 0; i < 10 && next == 0; i++)
        assert_int_equal(wrapped->ops->poll(wrapped, 0, &next), 0);
    assert_int_equal(s.took, 3);
    wrapped->ops->close(wrapped);
}

/* More frames at once than are held on their way: each comes, though the inner link tells once. */
static void many_at_once(void **state)
{
    struct lab *l = *state;
    pipe_open(l, "delay=1000", 1);
    for (unsigned i = 1; i <= 500; i++) {
        uint8_t b[LEN];
        frame_make(b, i);
        fake_link_inject(l->fake, b, LEN, 0);
    }
    until(l, 5 * MS);
    assert_int_equal(l->n, 500);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(l->got[i].number, i + 1);
}

static void no_packet_for_a_second_one(void **state)
{
    struct lab *l = *state;
    struct pkt *all[POOL];
    pipe_open(l, "dup=100%", 1);
    struct pkt *p = packet(l, 1);
    unsigned n = 0;
    while ((all[n] = pkt_alloc(l->pool, PKT_SMALL)))
        n++;
    assert_int_equal(l->l->ops->tx(l->l, &p, 1), 1);
    expect(l, LIST(1));
    assert_int_equal(stats(l, true)[FAULT_DUP], 0);
    while (n > 0)
        pkt_release(all[--n]);
}

/* One TX_DONE for each tag: also if the frame is lost, and not two if it is doubled. */
static void tags(void **state)
{
    struct lab *l = *state;
    struct link_event ev;
    unsigned done[4] = { 0 };
    lab_open(l, "tx.loss=@1,tx.dup=@2", 1, (struct fake_link_cfg){ .tx_hold_ns = 1000 });
    for (uint16_t tag = 1; tag <= 3; tag++) {
        struct pkt *p = packet(l, tag);
        p->tag = tag;
        assert_int_equal(l->l->ops->tx(l->l, &p, 1), 1);
        until(l, l->now + 10 * US);
        while (l->l->ops->event(l->l, &ev))
            if (ev.kind == LINK_EV_TX_DONE)
                done[ev.tag]++;
    }
    assert_int_equal(done[0], 0);
    assert_int_equal(done[1], 1);
    assert_int_equal(done[2], 1);
    assert_int_equal(done[3], 1);
    assert_int_equal(stats(l, true)[FAULT_DUP], 1);
}

/* Gone is gone, for every operation, and said once; what was held goes back. */
static void gone(void **state)
{
    for (int tx = 0; tx < 2; tx++) {
        struct lab *l = *state;
        struct link_event ev;
        int64_t next = 5;
        pipe_open(l, "gone@4,delay=100,reorder=@3", 1);
        send(l, tx, 4, US);
        struct pkt *p = packet(l, 9);
        assert_int_equal(l->l->ops->tx(l->l, &p, 1), -ENODEV);
        pkt_release(p);
        assert_int_equal(l->l->ops->rx(l->l, &p, 1), -ENODEV);
        assert_int_equal(l->l->ops->poll(l->l, l->now, &next), -ENODEV);
        assert_true(next == INT64_MAX);
        assert_int_equal(l->l->ops->reg_submit(l->l, 1, 0, 0, false), -ENODEV);
        assert_int_equal(l->l->ops->event(l->l, &ev), 1);
        assert_int_equal(ev.kind, LINK_EV_GONE);
        assert_int_equal(l->l->ops->event(l->l, &ev), 0);
        assert_int_equal(l->n, 0);
        lab_close(l);
    }
}

/* What is sent is lost, or comes once, or twice: nothing else happens to frames. */
static void nothing_vanishes(void **state)
{
    struct lab *l = *state;
    const char *text = getenv("LY_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
    print_message("LY_SEED=%" PRIu64 "\n", seed);
    for (uint64_t i = 0; i < 40; i++) {
        bool tx = i % 2;
        unsigned count = 50 + (unsigned)(rng_next(&seed) % 400);
        pipe_open(l, "loss=5%,dup=5%,reorder=20%,resync=3%,jitter=40,rate=500", rng_next(&seed));
        send(l, tx, count, (int64_t)(rng_next(&seed) % (4 * (uint64_t)US)));
        const uint64_t *s = stats(l, tx);
        assert_int_equal(l->n, count - s[FAULT_LOSS] - s[FAULT_RESYNC] + s[FAULT_DUP]);
        lab_close(l);
    }
}

/* --- below a nic ----------------------------------------------------------------------------- */

static void nic_open(struct lab *l, const char *text, struct fake_link_cfg cfg)
{
    cfg.hw_caps = LY_CAPS_TX_CSUM_MASK | LY_CAPS_RX_CSUM_MASK | LY_CAPS_COUNTERS_MASK;
    lab_open(l, text, 1, cfg);
    assert_int_equal(nic_create(&l->nic, &(struct nic_cfg){
        .link = l->l, .pool = l->pool, .mac = { 2 }, .promiscuous = true }), 0);
}

/* Returns the last result of nic_poll(), at once if that is an error. */
static int nic_until(struct lab *l, int64_t end)
{
    for (unsigned i = 0; i < 100000; i++) {
        int64_t next;
        struct pkt *p;
        int err = nic_poll(l->nic, l->now, &next);
        while ((p = nic_rx(l->nic))) {
            took(l, pkt_data(p), p->len);
            pkt_release(p);
        }
        next = fake_link_advance(l->now, next, INT64_MAX, l->fake, NULL);
        if (err || (l->now == end && next > end))
            return err;
        l->now = next < end ? next : end;
    }
    fail_msg("polled without end");
    return -1;
}

static void assert_error(struct lab *l, const char *words)
{
    assert_int_equal(nic_state(l->nic), NIC_FAILED);
    if (!strstr(nic_error(l->nic), words))
        fail_msg("error line: %s", nic_error(l->nic));
}

/* When a nic comes up with these faults; INT64_MAX: it does not, with these words. */
static void nic_comes_up(void **state)
{
    static const struct { const char *plan; int64_t at, until; const char *words; } rows[] = {
        { "loss=100%", 0, MS, NULL },
        { "reg-loss=@3", 1 * S, 2 * S, NULL },          /* asked again */
        { "reg-loss=@3-4", 2 * S, 3 * S, NULL },
        { "reg-loss=@3-5", 0, 20 * S, "does not answer for register CAPS" },
        { "reg-loss=100%", 0, 20 * S, "does not answer for register ID" },
        { "event-loss=100%", 0, 20 * S, "no answer from the NIC" },
        { "event-delay=2000000", 2 * S, 3 * S, NULL },
        { "event-delay=4000000", 0, 20 * S, "no answer from the NIC" },
        { "reg-delay=500000", 45 * S / 10, 5 * S, NULL },   /* nine questions, one by one */
        { "reg-delay=1500000", 135 * S / 10, 14 * S, NULL },    /* answers the second asking */
        { "reg-delay=4000000", 0, 20 * S, "does not answer for register ID" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lab *l = *state;
        nic_open(l, rows[i].plan, (struct fake_link_cfg){ 0 });
        if (!rows[i].words && rows[i].at > 0) {
            assert_int_equal(nic_until(l, rows[i].at - 1), 0);
            assert_int_equal(nic_state(l->nic), NIC_OPENING);
        }
        int err = nic_until(l, rows[i].until);
        if (rows[i].words) {
            assert_int_equal(err, -ENODEV);
            assert_error(l, rows[i].words);
        } else {
            assert_int_equal(nic_state(l->nic), NIC_UP);
        }
        lab_close(l);
    }
}

/* Late answers are strays: counted, and never taken for another's. */
static void late_answer_is_a_stray(void **state)
{
    struct lab *l = *state;
    struct nic_stats st;
    struct link_event ev;
    nic_open(l, "reg-loss=@10,reg-delay=10", (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_until(l, MS), 0);
    assert_int_equal(nic_state(l->nic), NIC_UP);
    assert_int_equal(nic_reg_submit(l->nic, 0x8000, LY_REG_ID, 0, false), 0);
    assert_int_equal(nic_until(l, 2 * S), 0);
    assert_int_equal(nic_reg_answer(l->nic, &ev), 1);
    assert_int_equal(ev.status, -ETIMEDOUT);
    assert_int_equal(link_fault_stats(l->l)->rx[FAULT_REG_LOSS], 1);
    nic_stats_get(l->nic, &st);
    assert_int_equal(st.ev_stray, 0);
    lab_close(l);
    nic_open(l, "reg-delay=900000", (struct fake_link_cfg){ .reg_delay_ns = 200 * MS });
    assert_int_equal(nic_until(l, 20 * S), 0);
    assert_int_equal(nic_state(l->nic), NIC_UP);
    nic_stats_get(l->nic, &st);
    assert_int_equal(st.ev_stray, 9);   /* each was asked twice; the first answer was taken */
}

/* The counters' answers are lost: an error, and the next reading is whole. */
static void counters(void **state)
{
    struct lab *l = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    nic_open(l, "reg-loss=@20", (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_until(l, MS), 0);
    assert_int_equal(nic_counters_start(l->nic), 0);
    assert_int_equal(nic_until(l, 2 * S), 0);
    assert_int_equal(nic_counters_done(l->nic, out), -ETIMEDOUT);
    assert_int_equal(nic_counters_start(l->nic), 0);
    assert_int_equal(nic_until(l, 3 * S), 0);
    assert_int_equal(nic_counters_done(l->nic, out), LY_CTR_COUNT);
}

/* The device's error and a new SYNC; the nic stays up and its registers as they were. */
static void resync_below_a_nic(void **state)
{
    struct lab *l = *state;
    struct nic_stats st;
    nic_open(l, "resync=@2", (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_until(l, MS), 0);
    for (unsigned i = 1; i <= 3; i++) {
        uint8_t b[LEN];
        frame_make(b, i);
        fake_link_inject(l->fake, b, LEN, l->now);
        assert_int_equal(nic_tx(l->nic, packet(l, 100 + i)), 0);
        assert_int_equal(nic_until(l, l->now + MS), 0);
    }
    assert_int_equal(l->n, 4);
    assert_int_equal(nic_state(l->nic), NIC_UP);
    nic_stats_get(l->nic, &st);
    assert_int_equal(st.ev_device_errors, 2);
    assert_int_equal(st.link.resyncs, 2);
}

static void gone_below_a_nic(void **state)
{
    for (int tx = 0; tx < 2; tx++) {
        struct lab *l = *state;
        int err = 0;
        nic_open(l, tx ? "tx.gone@5,delay=1000" : "rx.gone@5,delay=1000",
                 (struct fake_link_cfg){ .tx_hold_ns = MS });
        assert_int_equal(nic_until(l, MS), 0);
        for (unsigned i = 1; i <= 8 && err == 0; i++) {
            uint8_t b[LEN];
            frame_make(b, i);
            fake_link_inject(l->fake, b, LEN, l->now);
            (void)nic_tx(l->nic, packet(l, 100 + i));
            err = nic_until(l, l->now + 100);
        }
        assert_int_equal(err, -ENODEV);
        assert_error(l, "NIC is gone (link fake)");
        lab_close(l);
    }
}

/* The inner link goes by itself, while packets are on their way. */
static void inner_gone(void **state)
{
    struct lab *l = *state;
    struct pkt *p;
    int64_t next;
    pipe_open(l, "delay=1000", 1);
    p = packet(l, 1);
    assert_int_equal(l->l->ops->tx(l->l, &p, 1), 1);
    fake_link_gone(l->fake);
    assert_int_equal(l->l->ops->poll(l->l, 0, &next), -ENODEV);
    assert_int_equal(l->l->ops->rx(l->l, &p, 1), -ENODEV);
    p = packet(l, 2);
    assert_int_equal(l->l->ops->tx(l->l, &p, 1), -ENODEV);
    pkt_release(p);
    lab_close(l);
    nic_open(l, "delay=1000", (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_until(l, MS), 0);
    assert_int_equal(nic_tx(l->nic, packet(l, 1)), 0);
    fake_link_gone(l->fake);
    assert_int_equal(nic_until(l, l->now + MS), -ENODEV);
    assert_error(l, "NIC is gone (link fake)");
}

#define FAULT_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULT_TEST(order),
        FAULT_TEST(other_direction_untouched),
        FAULT_TEST(corrupt),
        FAULT_TEST(timing),
        FAULT_TEST(drawn),
        FAULT_TEST(back_pressure),
        FAULT_TEST(room_made_in_poll),
        FAULT_TEST(many_at_once),
        FAULT_TEST(no_packet_for_a_second_one),
        FAULT_TEST(tags),
        FAULT_TEST(gone),
        FAULT_TEST(nothing_vanishes),
        FAULT_TEST(nic_comes_up),
        FAULT_TEST(late_answer_is_a_stray),
        FAULT_TEST(counters),
        FAULT_TEST(resync_below_a_nic),
        FAULT_TEST(gone_below_a_nic),
        FAULT_TEST(inner_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
