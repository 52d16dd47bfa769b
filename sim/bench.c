/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.c - the model at full load. Everything that a real run has takes part: link,
 * record codec, packet pool, a wire that judges each frame; only the stack is missing.
 */
#include "sim/bench.h"

#include "driver/nic_regs.h"
#include "driver/pkt.h"
#include "sim/link_sim.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKETS 1024u
#define BATCH 16u
#define GOAL_MCYCLES 5.0
#define CYCLES 5000000u
/* Opening, and filling the line, before the clock is looked at. */
#define WARM_UP_PS 200000000u

struct bench {
    struct world *world;
    struct wire_frames wf;
    void *mem;
    struct pkt_pool *pool;
    struct link *link;
    int actor;
    bool up, failed;
    unsigned frame_bytes;           /* without FCS */
    uint64_t rx_frames;             /* at the host */
    uint8_t frame[ETH_MAX_BYTES];
};

/* --- the wire: frames come from nowhere and go nowhere ---------------------- */

static void sink(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    (void)wf;
    (void)frame;
    (void)len;
}

static void refill(struct bench *b)
{
    while (frame_feed_room(b->wf.feed) > 0 && !b->failed)
        if (wire_frames_arrived(&b->wf, b->frame, b->frame_bytes))
            b->failed = true;
}

static const struct wire_ops wire = { .name = "bench", .out = wire_frames_out,
                                      .in = wire_frames_in, .in_next = wire_frames_in_next };

/* --- the host ----------------------------------------------------------------- */

static void on_event(struct bench *b, const struct link_event *ev)
{
    const uint32_t ctrl = LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK | LY_CTRL_PROMISC_MASK;
    if (ev->kind == LINK_EV_SYNC)
        b->failed |= b->link->ops->reg_submit(b->link, 1, LY_REG_CTRL, ctrl, true) < 0;
    else if (ev->kind == LINK_EV_REG)
        b->up = ev->status == 0;
    else if (ev->kind == LINK_EV_ERROR || ev->kind == LINK_EV_GONE)
        b->failed = true;
}

static void send(struct bench *b)
{
    struct pkt *batch[BATCH];
    unsigned n = 0;
    int sent;
    do {
        for (n = 0; n < BATCH && (batch[n] = pkt_alloc(b->pool, PKT_SMALL)); n++)
            memcpy(pkt_put(batch[n], b->frame_bytes), b->frame, b->frame_bytes);
        sent = b->link->ops->tx(b->link, batch, n);
        for (unsigned i = sent > 0 ? (unsigned)sent : 0; i < n; i++)
            pkt_release(batch[i]);
    } while (sent == (int)BATCH);
}

static uint64_t host_next(void *self)
{
    return sim_nic_wake_ps(((struct bench *)self)->link);
}

static void host_run(void *self, uint64_t t)
{
    struct bench *b = self;
    struct link *l = b->link;
    struct link_event ev;
    struct pkt *batch[BATCH];
    int64_t next;
    int n;

    if (l->ops->poll(l, (int64_t)(t / 1000), &next) < 0)
        b->failed = true;
    while (l->ops->event(l, &ev) == 1)
        on_event(b, &ev);
    while ((n = l->ops->rx(l, batch, BATCH)) > 0)
        for (int i = 0; i < n; i++, b->rx_frames++)
            pkt_release(batch[i]);
    if (b->up) {
        send(b);
        refill(b);
    }
}

static const struct actor_ops host = { .name = "bench", .next = host_next, .run = host_run };

/* --- one measurement ------------------------------------------------------------ */

static int bench_open(struct bench *b, uint64_t seed)
{
    size_t bytes = pkt_pool_bytes(PACKETS, 0);
    b->world = world_create(seed, true);
    b->mem = malloc(bytes);
    b->pool = b->mem ? pkt_pool_create(b->mem, bytes, PACKETS, 0) : NULL;
    if (!b->world || !b->pool || wire_frames_init(&b->wf, &wire, b->world, sink) < 0)
        return -ENOMEM;
    struct sim_nic_cfg cfg = { .world = b->world, .wire = &b->wf.w, .pool = b->pool };
    int rc = sim_nic_open(&b->link, &cfg);
    if (rc == 0) {
        b->actor = world_add(b->world, &host, b);
        rc = b->actor < 0 ? b->actor : 0;
    }
    return rc;
}

static void bench_close(struct bench *b)
{
    if (b->link)
        b->link->ops->close(b->link);
    wire_frames_fini(&b->wf);
    world_destroy(b->world);
    free(b->mem);
    free(b);
}

static double seconds(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* To broadcast, of a type nobody knows: neither side looks into it. */
static void make_frame(struct bench *b, unsigned frame_bytes)
{
    b->frame_bytes = frame_bytes - ETH_FCS_BYTES;
    for (unsigned i = 0; i < b->frame_bytes; i++)
        b->frame[i] = (uint8_t)(i * 29 + 7);
    memset(b->frame, 0xFF, 6);
    b->frame[6] = 0x02;
    b->frame[12] = 0x88;
    b->frame[13] = 0xB5;        /* IEEE 802 local experimental */
}

/* Frames that came through, and so many as the time had room for (but for two at
 * each end, and the shorter rx path of the start). */
static bool all_there(const struct bench *b, const struct sim_bench *r, unsigned frame_bytes)
{
    uint64_t room = r->cycles / (frame_bytes + 8 + ETH_GAP_BYTES);
    return !b->failed && !b->wf.w.error[0] && r->tx_frames + 2 >= room &&
           r->rx_frames + 2 >= room;
}

static int measure(struct bench *b, struct sim_bench *out, unsigned frame_bytes, uint64_t cycles)
{
    struct sim_nic_stats s0, s1;
    world_run(b->world, WARM_UP_PS, 0);
    sim_nic_stats_get(b->link, &s0);
    uint64_t rx = b->rx_frames, tx = b->wf.w.stats.from_nic_frames;
    double t = seconds();
    world_run(b->world, WARM_UP_PS + cycles * SYM_PS, 0);
    out->seconds = seconds() - t;
    sim_nic_stats_get(b->link, &s1);
    out->cycles = s1.core_evaluated - s0.core_evaluated;
    out->tx_frames = b->wf.w.stats.from_nic_frames - tx;
    out->rx_frames = b->rx_frames - rx;
    return b->up && out->cycles >= cycles && all_there(b, out, frame_bytes) ? 0 : -EIO;
}

int sim_bench_load(struct sim_bench *out, uint64_t seed, unsigned frame_bytes, uint64_t cycles)
{
    struct bench *b = calloc(1, sizeof *b);
    if (!b)
        return -ENOMEM;
    make_frame(b, frame_bytes);
    int rc = bench_open(b, seed);
    if (rc == 0)
        rc = measure(b, out, frame_bytes, cycles);
    bench_close(b);
    return rc;
}

static void print(const struct sim_bench *r, unsigned frame_bytes, bool json)
{
    double rate = (double)r->cycles / r->seconds;
    char what[64];
    if (json) {
        printf("{\"bench\":\"core_cycles_per_s\",\"frame_bytes\":%u,\"value\":%.0f,"
               "\"goal\":%.0f,\"frames_per_s\":%.0f}\n", frame_bytes, rate, GOAL_MCYCLES * 1e6,
               (double)(r->tx_frames + r->rx_frames) / r->seconds);
        return;
    }
    (void)snprintf(what, sizeof what, "core cycles, %u-byte frames both ways", frame_bytes);
    printf("%-44s %10.1f %-8s goal %.1f\n", what, rate * 1e-6, "M/s", GOAL_MCYCLES);
}

int sim_bench_run(uint64_t seed, bool json)
{
    static const unsigned sizes[] = { ETH_MIN_BYTES, ETH_MAX_BYTES };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sim_bench r;
        int rc = sim_bench_load(&r, seed, sizes[i], CYCLES);
        if (rc < 0) {
            fprintf(stderr, "bench: %u-byte frames: %s\n", sizes[i],
                    rc == -ENOMEM ? "out of memory" : "frames were lost, late or bad");
            return rc;
        }
        print(&r, sizes[i], json);
    }
    return 0;
}
