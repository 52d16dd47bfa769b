/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link_sim.c - the Verilated NIC seen through driver/link.h, two of them on a
 * cable: frames, registers, many models in a process, and idle time that is
 * skipped without a trace.
 */
#include "driver/nic_regs.h"
#include "driver/pkt.h"
#include "sim/link_sim.h"
#include "sim/nic_model.h"
#include "sim/pcapng.h"
#include "sim/sim_nic.h"
#include "sim/wire.h"
#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SMALL 256u
#define MS 1000000000ull        /* picoseconds */
#define CTRL_TAG 1u
#define MAX_SENT 64u

/* A host: opens, switches tx and rx on, sends what it is given, keeps digests. */
struct host {
    struct world *w;
    void *mem;
    struct pkt_pool *pool;
    struct link *l;
    int actor;
    bool up, gone;
    uint32_t version;
    uint64_t up_at, digest, rx_frames, rx_bytes, last_rx_at;
    unsigned tx_done, link_events, errors, answers;
    struct link_event reg;
    uint64_t error_at;
    bool clocked;               /* reads the time register with every third frame */
    /* Frames to send: lengths, in order, from start_at on, `every` apart. */
    unsigned n_tx, tx_next;
    uint16_t tx_len[MAX_SENT];
    uint64_t start_at, every;
    bool echo;                  /* sends back what it receives */
};

struct bench {
    struct world *w;
    struct wire *wire;
    struct pcapng *cap;
    struct host h[2];
    char path[64];
};

static void mix(struct host *h, uint64_t x)
{
    h->digest = (h->digest ^ x) * 0x100000001B3u;
}

/* Bytes that say where they belong. */
static void fill(uint8_t *p, unsigned len, unsigned number)
{
    static const uint8_t head[14] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      2, 0, 0, 0, 0, 1, 0x88, 0xB5 };
    memcpy(p, head, sizeof head);
    for (unsigned i = sizeof head; i < len; i++)
        p[i] = (uint8_t)(i * 7 + number * 13 + (i >> 8));
}

static struct pkt *frame(struct host *h, unsigned len, unsigned number)
{
    struct pkt *p = pkt_alloc(h->pool, PKT_SMALL);
    assert_non_null(p);
    fill(pkt_put(p, len), len, number);
    p->tag = (uint16_t)(number + 1);
    return p;
}

static void on_event(struct host *h, const struct link_event *ev)
{
    mix(h, ev->kind);
    mix(h, ev->value);
    mix(h, world_now(h->w));
    switch (ev->kind) {
    case LINK_EV_SYNC:
        h->version = ev->value;
        assert_int_equal(h->l->ops->reg_submit(h->l, CTRL_TAG, LY_REG_CTRL, LY_CTRL_TX_EN_MASK |
                         LY_CTRL_RX_EN_MASK | LY_CTRL_PROMISC_MASK, true), 0);
        break;
    case LINK_EV_REG:
        h->reg = *ev;
        h->answers++;
        if (ev->tag == CTRL_TAG) {
            h->up = ev->status == 0;
            h->up_at = world_now(h->w);
        }
        break;
    case LINK_EV_LINK:
        h->link_events++;
        break;
    case LINK_EV_TX_DONE:
        h->tx_done++;
        break;
    case LINK_EV_GONE:
        h->gone = true;
        break;
    case LINK_EV_ERROR:
        h->errors++;
        h->error_at = world_now(h->w);
        assert_int_equal(ev->arg, LY_ERROR_GAP);
        break;
    default:
        break;
    }
}

static void on_frame(struct host *h, struct pkt *p)
{
    h->rx_frames++;
    h->rx_bytes += p->len;
    h->last_rx_at = world_now(h->w);
    mix(h, h->last_rx_at);
    for (uint32_t i = 0; i < p->len; i++)
        mix(h, pkt_data(p)[i]);
    if (h->echo && h->l->ops->tx(h->l, &p, 1) == 1)
        return;
    pkt_release(p);
}

static void send_due(struct host *h)
{
    while (h->up && h->tx_next < h->n_tx &&
           world_now(h->w) >= h->start_at + h->tx_next * h->every) {
        struct pkt *p = frame(h, h->tx_len[h->tx_next], h->tx_next);
        if (h->l->ops->tx(h->l, &p, 1) != 1) {
            pkt_release(p);
            return;
        }
        if (h->clocked && h->tx_next % 3 == 0)
            assert_int_equal(h->l->ops->reg_submit(h->l, 300, LY_REG_TIME_LO, 0, false), 0);
        h->tx_next++;
    }
}

static void host_poll(struct host *h)
{
    struct link_event ev;
    struct pkt *p;
    int64_t next;

    (void)h->l->ops->poll(h->l, (int64_t)(world_now(h->w) / 1000), &next);
    while (h->l->ops->event(h->l, &ev) == 1)
        on_event(h, &ev);
    while (h->l->ops->rx(h->l, &p, 1) == 1)
        on_frame(h, p);
    send_due(h);
}

static uint64_t host_next(void *self)
{
    const struct host *h = self;
    uint64_t t = sim_nic_wake_ps(h->l);
    if (h->up && h->tx_next < h->n_tx) {
        uint64_t due = h->start_at + h->tx_next * h->every;
        if (due > world_now(h->w) && due < t)
            t = due;
    }
    return t;
}

static void host_run(void *self, uint64_t t)
{
    (void)t;
    host_poll(self);
}

static const struct actor_ops host_ops = { .name = "host", .next = host_next, .run = host_run };

static void host_open(struct bench *b, unsigned i, unsigned number, unsigned packets, bool stop)
{
    struct host *h = &b->h[i];
    size_t bytes = pkt_pool_bytes(packets, 0);
    h->w = b->w;
    h->mem = malloc(bytes);
    h->pool = pkt_pool_create(h->mem, bytes, packets, 0);
    assert_non_null(h->pool);
    struct sim_nic_cfg cfg = { .world = b->w, .wire = b->wire, .port = i, .number = number,
                               .pool = h->pool, .capture = i == 0 ? b->cap : NULL,
                               .stop_core_clock = stop };
    assert_int_equal(sim_nic_open(&h->l, &cfg), 0);
    h->actor = world_add(b->w, &host_ops, h);
}

static void host_close(struct host *h)
{
    h->l->ops->close(h->l);
    assert_int_equal(pkt_pool_in_use(h->pool), 0);
    free(h->mem);
}

static void bench_open(struct bench *b, uint64_t seed, bool skip, bool capture)
{
    char why[WIRE_WHY_BYTES];
    memset(b, 0, sizeof *b);
    b->w = world_create(seed, skip);
    assert_non_null(b->w);
    assert_int_equal(wire_peer_open(&b->wire, b->w, why), 0);
    if (capture) {
        (void)snprintf(b->path, sizeof b->path, "/tmp/lanyard-test-XXXXXX");
        int fd = mkstemp(b->path);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(pcapng_open(&b->cap, b->path, false), 0);
    }
}

static void bench_close(struct bench *b)
{
    wire_close(b->wire);
    assert_int_equal(pcapng_close(b->cap), 0);
    world_destroy(b->w);
}

static void run_until(struct bench *b, uint64_t t)
{
    assert_int_equal(world_run(b->w, t, 0), -1);
    assert_int_equal(world_now(b->w), t);
}

/* --- one NIC ------------------------------------------------------------------ */

static void test_opens_and_reads_registers(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    struct host *h = &b.h[0];
    run_until(&b, MS);
    assert_true(h->up);
    assert_int_equal(h->version, LY_VERSION_VALUE);
    assert_int_equal(h->link_events, 1);
    assert_true(h->up_at < 20000000);               /* 20 us: no time-out was needed */
    assert_int_equal(h->l->ops->reg_submit(h->l, 77, LY_REG_ID, 0, false), 0);
    assert_true(sim_nic_busy(h->l));
    assert_int_equal(h->l->ops->event(h->l, &ev), 0);   /* split-phase: not at once */
    run_until(&b, 2 * MS);
    assert_int_equal(h->reg.tag, 77);
    assert_int_equal(h->reg.addr, LY_REG_ID);
    assert_int_equal(h->reg.value, LY_ID_VALUE);
    assert_int_equal(h->reg.status, 0);
    assert_false(sim_nic_busy(h->l));
    assert_int_equal(sim_nic_wake_ps(h->l), SIM_NEVER);
    host_close(h);
    bench_close(&b);
}

/* More questions than the device can hold: it stops the stream in between, and no
 * byte may be lost or sent twice there. */
static void test_burst_of_questions(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    struct link_stats s;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    struct link *l = b.h[0].l;
    run_until(&b, MS);
    world_remove(b.w, b.h[0].actor);                /* from here on the test is the host */
    for (uint16_t i = 0; i < 16; i++)
        assert_int_equal(l->ops->reg_submit(l, i, i & 1 ? LY_REG_CLK_HZ : LY_REG_ID, 0, false), 0);
    assert_int_equal(l->ops->reg_submit(l, 16, LY_REG_ID, 0, false), -11);
    run_until(&b, 2 * MS);
    for (uint16_t i = 0; i < 16; i++) {
        assert_int_equal(l->ops->event(l, &ev), 1);
        assert_int_equal(ev.kind, LINK_EV_REG);
        assert_int_equal(ev.tag, i);
        assert_int_equal(ev.value, i & 1 ? 125000000 : LY_ID_VALUE);
        assert_int_equal(ev.status, 0);
    }
    assert_int_equal(l->ops->event(l, &ev), 0);
    l->ops->stats(l, &s);
    assert_int_equal(s.resyncs + s.rx_bad_record, 0);
    host_close(&b.h[0]);
    bench_close(&b);
}

/* Work inside the core that no pin shows is finished before it sleeps. */
static void test_inner_work_is_finished(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    struct host *h = &b.h[0];
    run_until(&b, MS);
    unsigned answers = h->answers;
    assert_int_equal(h->l->ops->reg_submit(h->l, 2, LY_REG_SNAPSHOT, 1, true), 0);
    run_until(&b, 2 * MS);
    assert_int_equal(h->l->ops->reg_submit(h->l, 3, LY_REG_SNAPSHOT, 0, false), 0);
    run_until(&b, 3 * MS);
    assert_int_equal(h->answers, answers + 2);
    assert_int_equal(h->reg.tag, 3);
    assert_int_equal(h->reg.value & LY_SNAPSHOT_BUSY_MASK, 0);
    host_close(h);
    bench_close(&b);
}

static void test_unknown_profile_is_refused(void **state)
{
    (void)state;
    struct bench b;
    struct link *l = NULL;
    bench_open(&b, 1, true, false);
    struct sim_nic_cfg cfg = { .world = b.w, .wire = b.wire, .profile = "rmii9" };
    assert_int_equal(sim_nic_open(&l, &cfg), -22);
    assert_null(l);
    bench_close(&b);
}

/* With its core clock stopped no NIC carries anything, and the host is told. */
static void test_nothing_passes_a_stopped_core(void **state)
{
    (void)state;
    struct bench b;
    struct sim_nic_stats s;
    struct link_stats ls;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, true);
    host_open(&b, 1, 1, SMALL, false);
    struct pkt *p = frame(&b.h[0], 100, 0);
    assert_int_equal(b.h[0].l->ops->tx(b.h[0].l, &p, 1), 1);
    b.h[1].n_tx = 1;
    b.h[1].tx_len[0] = 100;
    run_until(&b, 1000 * MS);
    sim_nic_stats_get(b.h[0].l, &s);
    assert_int_equal(s.core_cycles, 0);
    assert_int_equal(s.phy_tx_frames, 0);
    assert_int_equal(s.phy_rx_frames, 1);           /* the wire lives */
    b.h[0].l->ops->stats(b.h[0].l, &ls);
    assert_int_equal(ls.tx_frames, 0);
    assert_int_equal(ls.rx_frames, 0);
    assert_false(b.h[0].up);
    assert_true(b.h[0].gone);                       /* after three SYNCs without answer */
    assert_true(b.h[1].up);
    p = frame(&b.h[1], 100, 0);
    assert_int_equal(b.h[0].l->ops->tx(b.h[0].l, &p, 1), -19);
    pkt_release(p);
    host_close(&b.h[0]);
    host_close(&b.h[1]);
    bench_close(&b);
}

/* --- two NICs ------------------------------------------------------------------ */

struct result {
    uint64_t digest[2], rx[2], cycles[2], evaluated[2], tx_done;
    struct wire_stats wire;
    unsigned char *cap;
    size_t cap_bytes;
};

static void read_file(const char *path, struct result *r)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    r->cap = malloc(1 << 20);
    assert_non_null(r->cap);
    r->cap_bytes = fread(r->cap, 1, 1 << 20, f);
    assert_true(r->cap_bytes < 1 << 20);
    (void)fclose(f);
    (void)remove(path);
}

/* Host 0 sends frames of many lengths with pauses, host 1 sends them back. */
static void traffic(uint64_t seed, bool skip, unsigned order, struct result *r)
{
    struct bench b;
    struct sim_nic_stats s;
    memset(r, 0, sizeof *r);
    bench_open(&b, seed, skip, true);
    for (unsigned k = 0; k < 2; k++)                /* models made in either order */
        host_open(&b, k ^ order, k ^ order, SMALL, false);
    struct host *h = &b.h[0];
    static const uint16_t lens[] = { 14, 59, 60, 61, 62, 63, 64, 65, 100, 1513, 1514, 15 };
    for (h->n_tx = 0; h->n_tx < 24; h->n_tx++)
        h->tx_len[h->n_tx] = lens[h->n_tx % 12];
    h->start_at = 40000000 + 1234;                  /* at no clock edge */
    h->every = 7000123;                             /* some back to back, some not */
    h->clocked = true;
    b.h[1].echo = true;
    run_until(&b, MS / 2);
    r->tx_done = h->tx_done;
    for (unsigned i = 0; i < 2; i++) {
        sim_nic_stats_get(b.h[i].l, &s);
        r->digest[i] = b.h[i].digest;
        r->rx[i] = b.h[i].rx_frames;
        r->cycles[i] = s.core_cycles;
        r->evaluated[i] = s.core_evaluated;
        assert_int_equal(s.phy_tx_frames, 24);
        assert_int_equal(s.phy_rx_frames, 24);
    }
    r->wire = b.wire->stats;
    assert_string_equal(b.wire->error, "");
    host_close(&b.h[0]);
    host_close(&b.h[1]);
    bench_close(&b);
    read_file(b.path, r);
}

static void assert_same(const struct result *a, const struct result *b)
{
    for (unsigned i = 0; i < 2; i++) {
        assert_true(a->digest[i] == b->digest[i]);
        assert_int_equal(a->cycles[i], b->cycles[i]);
    }
    assert_int_equal(a->cap_bytes, b->cap_bytes);
    assert_memory_equal(a->cap, b->cap, a->cap_bytes);
}

static void test_frames_cross_both_ways(void **state)
{
    (void)state;
    struct result r;
    traffic(3, true, 0, &r);
    assert_int_equal(r.rx[0], 24);
    assert_int_equal(r.rx[1], 24);
    assert_int_equal(r.tx_done, 24);
    assert_int_equal(r.wire.from_nic_frames, 48);
    assert_int_equal(r.wire.from_nic_bad, 0);
    /* DA..FCS, padded: 12 lengths, twice, each way. */
    assert_int_equal(r.wire.from_nic_octets,
                     4 * (3 * 64 + 65 + 66 + 67 + 68 + 69 + 104 + 1517 + 1518 + 64));
    free(r.cap);
}

static void test_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct result a, b, c;
    traffic(3, true, 0, &a);
    traffic(3, true, 0, &b);
    assert_same(&a, &b);
    traffic(4, true, 0, &c);                        /* another seed: the same frames */
    assert_int_equal(c.rx[0], 24);
    free(a.cap);
    free(b.cap);
    free(c.cap);
}

static void test_skipping_leaves_no_trace(void **state)
{
    (void)state;
    struct result skip, all;
    traffic(5, true, 0, &skip);
    traffic(5, false, 0, &all);
    assert_same(&skip, &all);
    assert_int_equal(all.evaluated[0], all.cycles[0]);
    assert_true(skip.evaluated[0] < all.evaluated[0] * 2 / 3);
    free(skip.cap);
    free(all.cap);
}

/* When the device gives up a record that never ends: its timer, over 100 ms. */
static uint64_t gap_error_at(bool skip, uint64_t *evaluated)
{
    struct bench b;
    struct sim_nic_stats s;
    static const uint8_t half[5] = { LY_REC_FRAME };
    bench_open(&b, 1, skip, false);
    host_open(&b, 0, 0, SMALL, false);
    struct sim_nic *n = (struct sim_nic *)b.h[0].l;
    run_until(&b, 40001234);
    assert_true(b.h[0].up);
    n->stream.tx_p = half;
    n->stream.tx_end = half + sizeof half;
    world_due(b.w, world_now(b.w));
    run_until(&b, 104 * MS);
    sim_nic_stats_get(b.h[0].l, &s);
    assert_int_equal(b.h[0].errors, 1);
    *evaluated = s.core_evaluated;
    uint64_t at = b.h[0].error_at;
    host_close(&b.h[0]);
    bench_close(&b);
    return at;
}

static void test_timers_run_while_time_is_skipped(void **state)
{
    (void)state;
    uint64_t skip, all;
    uint64_t at = gap_error_at(true, &skip);
    assert_true(at > 100 * MS && at < 101 * MS);
    assert_true(at == gap_error_at(false, &all));
    assert_int_equal(all, 104 * 125000 + 1);        /* edge 0 as well */
    assert_true(skip < all / 20);
}

/* A model's random start depends on its number, not on who was made before it. */
static void test_order_of_making_does_not_matter(void **state)
{
    (void)state;
    struct result a, b;
    traffic(6, true, 0, &a);
    traffic(6, true, 1, &b);
    assert_true(a.digest[0] == b.digest[0] && a.digest[1] == b.digest[1]);
    assert_memory_equal(a.cap, b.cap, a.cap_bytes);
    free(a.cap);
    free(b.cap);
}

/* --- limits -------------------------------------------------------------------- */

static void test_tx_queue_is_bounded(void **state)
{
    (void)state;
    struct bench b;
    struct link_stats s;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    host_open(&b, 1, 1, SMALL, false);
    run_until(&b, MS);
    struct pkt *p[100];
    struct host *h = &b.h[0];
    for (unsigned i = 0; i < 100; i++) {
        p[i] = frame(h, 1514, i);
        p[i]->tag = 0;                              /* no event for each of them */
    }
    assert_int_equal(h->l->ops->tx(h->l, p, 100), 64);
    assert_int_equal(h->l->ops->tx(h->l, p + 64, 36), 0);
    /* The host is woken once, when half of the queue is free again. */
    assert_int_equal(world_run(b.w, 3 * MS, 1ull << h->actor), h->actor);
    h->l->ops->stats(h->l, &s);
    assert_int_equal(s.tx_frames, 32);
    assert_int_equal(h->l->ops->tx(h->l, p + 64, 36), 32);
    assert_int_equal(world_run(b.w, 9 * MS, 1ull << h->actor), h->actor);
    assert_int_equal(h->l->ops->tx(h->l, p + 96, 4), 4);
    assert_int_equal(world_run(b.w, 9 * MS, 1ull << h->actor), -1);
    assert_int_equal(h->tx_done, 0);
    assert_int_equal(b.h[1].rx_frames, 100);
    host_close(&b.h[0]);
    host_close(&b.h[1]);
    bench_close(&b);
}

static void test_frames_beyond_the_limit_stay_with_the_caller(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    struct host *h = &b.h[0];
    struct link_caps caps = h->l->ops->caps(h->l);
    assert_int_equal(caps.max_frame_bytes, 1518);
    struct pkt *p[2] = { frame(h, 1518, 0), frame(h, 1519, 1) };
    assert_int_equal(h->l->ops->tx(h->l, p, 2), 1);
    assert_int_equal(h->l->ops->tx(h->l, p + 1, 1), -90);
    pkt_release(p[1]);
    host_close(h);      /* with the first one still waiting */
    bench_close(&b);
}

/* An empty pool loses frames, counted, and nothing else. */
static void test_empty_pool_is_counted(void **state)
{
    (void)state;
    struct bench b;
    struct link_stats s;
    bench_open(&b, 1, true, false);
    host_open(&b, 0, 0, SMALL, false);
    host_open(&b, 1, 1, 4, false);
    run_until(&b, MS);
    struct pkt *hold[2] = { frame(&b.h[1], 64, 0), frame(&b.h[1], 64, 0) };
    struct pkt *more[2] = { frame(&b.h[1], 64, 0), frame(&b.h[1], 64, 0) };
    struct pkt *p = frame(&b.h[0], 200, 1);
    assert_int_equal(b.h[0].l->ops->tx(b.h[0].l, &p, 1), 1);
    run_until(&b, 2 * MS);
    b.h[1].l->ops->stats(b.h[1].l, &s);
    assert_int_equal(s.rx_no_buffer, 1);
    assert_int_equal(s.rx_frames, 0);
    pkt_release(more[0]);
    pkt_release(more[1]);
    p = frame(&b.h[0], 200, 2);
    assert_int_equal(b.h[0].l->ops->tx(b.h[0].l, &p, 1), 1);
    run_until(&b, 3 * MS);
    b.h[1].l->ops->stats(b.h[1].l, &s);
    assert_int_equal(s.rx_frames, 1);
    pkt_release(hold[0]);
    pkt_release(hold[1]);
    host_close(&b.h[0]);
    host_close(&b.h[1]);
    bench_close(&b);
}

/* Closed at any moment, every packet goes back. host_close() asserts it. */
static void test_close_in_the_middle(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 60; at += 3) {
        struct bench b;
        bench_open(&b, at, true, false);
        host_open(&b, 0, 0, SMALL, false);
        host_open(&b, 1, 1, SMALL, false);
        run_until(&b, 30000000);
        struct pkt *p[8];
        for (unsigned i = 0; i < 8; i++)
            p[i] = frame(&b.h[0], 1000, i);
        assert_int_equal(b.h[0].l->ops->tx(b.h[0].l, p, 8), 8);
        run_until(&b, 30000000 + at * 1000000);
        host_close(&b.h[1]);
        world_remove(b.w, b.h[1].actor);
        run_until(&b, 50000000 + at * 1000000);     /* the other one lives on */
        host_close(&b.h[0]);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_and_reads_registers),
        cmocka_unit_test(test_burst_of_questions),
        cmocka_unit_test(test_inner_work_is_finished),
        cmocka_unit_test(test_unknown_profile_is_refused),
        cmocka_unit_test(test_nothing_passes_a_stopped_core),
        cmocka_unit_test(test_frames_cross_both_ways),
        cmocka_unit_test(test_same_seed_gives_the_same_bytes),
        cmocka_unit_test(test_skipping_leaves_no_trace),
        cmocka_unit_test(test_timers_run_while_time_is_skipped),
        cmocka_unit_test(test_order_of_making_does_not_matter),
        cmocka_unit_test(test_tx_queue_is_bounded),
        cmocka_unit_test(test_frames_beyond_the_limit_stay_with_the_caller),
        cmocka_unit_test(test_empty_pool_is_counted),
        cmocka_unit_test(test_close_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
