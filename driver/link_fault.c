/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_fault.c - faults round a link. What crosses is queued, each with the time at which it
 * goes on; without a delay that is at once.
 *
 *     nic tx() -> plan -> tx.q -> inner tx()
 *     nic rx() <- rx.q <- plan <- inner rx()         asked in poll()
 *     nic event() <- ev[] <- plan <- inner event()   asked in poll()
 *
 * Times are those of poll(), as the contract has no other.
 */
#include "driver/link_fault.h"

#include "driver/nic_regs.h"
#include "driver/pkt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US_NS 1000u
/* A frame that shall come late, but nothing overtakes it. */
#define REORDER_NS 1000000
#define QUEUE 256u              /* frames on their way in one direction */
#define QUEUE_SPARE 3u          /* that one frame may become: twice itself, and a late one */
#define EVENTS 64u
#define EVENTS_SPARE 3u         /* ERROR, SYNC, GONE */
#define BATCH 16u
/* Of draws: each has its own. */
#define STREAM_FRAMES 0x4C000000u
#define STREAM_REGS 0x4D000000u
#define STREAM_EVENTS 0x4E000000u

struct held { struct pkt *p; int64_t at; };

/* One direction of frames. */
struct way {
    struct fault_path plan;
    uint64_t *stats;            /* FAULT_KINDS of link_fault_stats */
    struct held q[QUEUE];       /* ring; a frame overtakes nobody, however early its time */
    unsigned head, n;
    struct held late;           /* of FAULT_REORDER; p NULL: none */
};

struct link_fault {
    struct link base;           /* first */
    struct link_ops ops;        /* ours, under the inner link's name: errors show it */
    struct link *inner;
    struct fault_plan plan;
    struct link_fault_stats stats;
    struct way tx, rx;
    struct fault_path regs, events;
    unsigned ev_n;
    struct { struct link_event ev; int64_t at; } ev[EVENTS];    /* in order of arrival */
    int64_t now;                /* of the last poll */
    uint32_t version;           /* the device's, from its answer to SYNC */
    bool gone;
};

static struct link_fault *self(const struct link *l)
{
    return (struct link_fault *)(uintptr_t)(const void *)l;
}

/* --- events ------------------------------------------------------------------------------ */

/* Who fetches leaves EVENTS_SPARE; what does not fit all the same is one more that is lost. */
static void event_put(struct link_fault *f, const struct link_event *ev, int64_t at)
{
    if (f->ev_n == EVENTS) {
        f->stats.rx[FAULT_EVENT_LOSS]++;
        return;
    }
    f->ev[f->ev_n].ev = *ev;
    f->ev[f->ev_n++].at = at;
}

static void event_treat(struct link_fault *f, const struct link_event *ev)
{
    bool reg = ev->kind == LINK_EV_REG;
    struct fault_path *p = reg ? &f->regs : &f->events;
    enum fault_kind loss = reg ? FAULT_REG_LOSS : FAULT_EVENT_LOSS;
    int rule[FAULT_KINDS];

    if (ev->kind == LINK_EV_SYNC)
        f->version = ev->value;
    fault_decide(p, (uint64_t)f->now, rule);
    if (rule[loss] >= 0 && ev->kind != LINK_EV_GONE) {
        f->stats.rx[loss]++;
        return;
    }
    uint64_t delay = fault_delay(p, reg ? RULE_REG_DELAY : RULE_EVENT_DELAY);
    event_put(f, ev, f->now + (int64_t)delay);
}

/* What is left stays with the inner link. */
static void events_fetch(struct link_fault *f)
{
    struct link_event ev;
    while (f->ev_n < EVENTS - EVENTS_SPARE && f->inner->ops->event(f->inner, &ev))
        event_treat(f, &ev);
}

/* As when the device found a record that is none: it says so, and the link aligned both again.
 * A link without registers has no SYNC. */
static void stream_error(struct link_fault *f)
{
    const struct link_event error = { .kind = LINK_EV_ERROR, .arg = LY_ERROR_HDR_CHECK };
    const struct link_event sync = { .kind = LINK_EV_SYNC, .value = f->version };
    event_put(f, &error, f->now);
    if (f->version)
        event_put(f, &sync, f->now);
}

/* --- frames ------------------------------------------------------------------------------ */

static bool has_room(const struct way *w)
{
    return w->n + QUEUE_SPARE <= QUEUE;
}

static void queue_put(struct link_fault *f, struct way *w, struct pkt *p)
{
    int64_t at = (int64_t)fault_departure(&w->plan, (uint64_t)f->now, p->len);
    w->q[(w->head + w->n++) % QUEUE] = (struct held){ p, at };
}

static struct pkt *queue_take(struct way *w)
{
    struct pkt *p = w->q[w->head].p;
    w->head = (w->head + 1) % QUEUE;
    w->n--;
    return p;
}

/* A second packet with the same bytes and metadata; NULL: the pool is empty. Its tag is none:
 * one question has one answer. */
static struct pkt *copy_of(const struct pkt *p)
{
    struct pkt *c = pkt_alloc(p->pool, (enum pkt_class)p->class_);
    if (!c)
        return NULL;
    uint8_t *buf = c->buf;
    *c = *p;
    c->buf = buf;
    c->tag = 0;
    c->next = NULL;
    memcpy(pkt_data(c), pkt_data(p), p->len);
    return c;
}

/* The frame does not arrive. To its owner it was sent all the same. */
static void lose(struct link_fault *f, struct way *w, struct pkt *p, enum fault_kind why)
{
    w->stats[why]++;
    if (w->plan.is_tx && p->tag)
        event_put(f, &(struct link_event){ .kind = LINK_EV_TX_DONE, .tag = p->tag }, f->now);
    pkt_release(p);
}

static void late_go(struct link_fault *f, struct way *w)
{
    if (!w->late.p)
        return;
    queue_put(f, w, w->late.p);
    w->late.p = NULL;
}

/* A frame that shall not go on. Returns false if it may. */
static bool stopped(struct link_fault *f, struct way *w, struct pkt *p, const int *rule)
{
    static const enum fault_kind kinds[] = { FAULT_GONE, FAULT_RESYNC, FAULT_LOSS };
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (rule[kinds[i]] < 0)
            continue;
        if (kinds[i] == FAULT_GONE) {
            f->gone = true;
            event_put(f, &(struct link_event){ .kind = LINK_EV_GONE, .status = -ENODEV }, f->now);
        }
        if (kinds[i] == FAULT_RESYNC)
            stream_error(f);
        lose(f, w, p, kinds[i]);
        return true;
    }
    return false;
}

/* One frame, ours from here on. */
static void treat(struct link_fault *f, struct way *w, struct pkt *p)
{
    int rule[FAULT_KINDS];
    fault_decide(&w->plan, (uint64_t)f->now, rule);
    if (stopped(f, w, p, rule))
        return;
    if (rule[FAULT_CORRUPT] >= 0 && p->len > 0) {
        fault_flip(&w->plan, rule[FAULT_CORRUPT], pkt_data(p), p->len, 1);
        w->stats[FAULT_CORRUPT]++;
    }
    struct pkt *twice = rule[FAULT_DUP] >= 0 ? copy_of(p) : NULL;
    if (twice) {
        w->stats[FAULT_DUP]++;
        queue_put(f, w, twice);
    }
    if (rule[FAULT_REORDER] >= 0 && !w->late.p) {
        w->stats[FAULT_REORDER]++;
        w->late = (struct held){ p, f->now + REORDER_NS };
        return;
    }
    queue_put(f, w, p);
    late_go(f, w);
}

/* Hands on what is due, in one batch where it can. Returns whether the inner link took any. */
static bool tx_drain(struct link_fault *f)
{
    struct way *w = &f->tx;
    bool any = false;
    for (;;) {
        struct pkt *batch[BATCH];
        unsigned n = 0;
        for (; n < BATCH && n < w->n && w->q[(w->head + n) % QUEUE].at <= f->now; n++)
            batch[n] = w->q[(w->head + n) % QUEUE].p;
        int took = n > 0 ? f->inner->ops->tx(f->inner, batch, n) : 0;
        for (int i = 0; i < took; i++)
            (void)queue_take(w);
        if (took <= 0)
            return any;         /* an error comes again from poll() */
        any = true;
    }
}

static int fault_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct link_fault *f = self(l);
    unsigned k = 0;
    while (k < n && !f->gone && has_room(&f->tx))
        treat(f, &f->tx, pkts[k++]);
    if (f->gone)
        return k ? (int)k : -ENODEV;
    (void)tx_drain(f);
    return (int)k;
}

static void rx_fetch(struct link_fault *f)
{
    struct pkt *p;
    while (!f->gone && has_room(&f->rx) && f->inner->ops->rx(f->inner, &p, 1) == 1)
        treat(f, &f->rx, p);
}

static int fault_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct link_fault *f = self(l);
    unsigned k = 0;
    if (f->gone)
        return -ENODEV;
    while (k < n && f->rx.n > 0 && f->rx.q[f->rx.head].at <= f->now)
        pkts[k++] = queue_take(&f->rx);
    return (int)k;
}

/* --- the rest ------------------------------------------------------------------------------ */

static int fault_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value,
                            bool write)
{
    struct link_fault *f = self(l);
    return f->gone ? -ENODEV : f->inner->ops->reg_submit(f->inner, tag, addr, value, write);
}

static int fault_event(struct link *l, struct link_event *ev)
{
    struct link_fault *f = self(l);
    for (unsigned i = 0; i < f->ev_n; i++)
        if (f->ev[i].at <= f->now) {
            *ev = f->ev[i].ev;
            f->ev_n--;
            memmove(&f->ev[i], &f->ev[i + 1], (f->ev_n - i) * sizeof f->ev[0]);
            return 1;
        }
    return 0;
}

/* What is due already waits for the caller or the inner link, who know when they come. */
static void earlier(const struct link_fault *f, int64_t at, int64_t *next)
{
    if (at > f->now && at < *next)
        *next = at;
}

static int64_t next_due(const struct link_fault *f, int64_t next)
{
    const struct way *ways[] = { &f->tx, &f->rx };
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < ways[i]->n; k++)
            earlier(f, ways[i]->q[(ways[i]->head + k) % QUEUE].at, &next);
        if (ways[i]->late.p)
            earlier(f, ways[i]->late.at, &next);
    }
    for (unsigned i = 0; i < f->ev_n; i++)
        earlier(f, f->ev[i].at, &next);
    /* Full of what the caller takes now: the inner link may have more, and told so already. */
    if ((!has_room(&f->rx) && f->rx.q[f->rx.head].at <= f->now) ||
        (f->ev_n >= EVENTS - EVENTS_SPARE && f->ev[0].at <= f->now))
        earlier(f, f->now + US_NS, &next);
    return next;
}

static int fault_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    struct link_fault *f = self(l);
    f->now = now_ns;
    *next_ns = INT64_MAX;
    if (f->gone)
        return -ENODEV;
    if (f->tx.late.p && f->tx.late.at <= now_ns)
        late_go(f, &f->tx);
    if (f->rx.late.p && f->rx.late.at <= now_ns)
        late_go(f, &f->rx);
    (void)tx_drain(f);
    int rc = f->inner->ops->poll(f->inner, now_ns, next_ns);
    bool again = tx_drain(f);       /* it has room since */
    events_fetch(f);
    rx_fetch(f);
    f->gone |= rc == -ENODEV;
    *next_ns = again ? now_ns : next_due(f, *next_ns);
    return f->gone ? -ENODEV : rc;
}

static int fault_fd(struct link *l)
{
    return self(l)->inner->ops->fd(self(l)->inner);
}

static int fault_dma_map(struct link *l, void *base, size_t bytes)
{
    return self(l)->inner->ops->dma_map(self(l)->inner, base, bytes);
}

static struct link_caps fault_caps(struct link *l)
{
    return self(l)->inner->ops->caps(self(l)->inner);
}

static void fault_link_stats(struct link *l, struct link_stats *out)
{
    struct link_fault *f = self(l);
    f->inner->ops->stats(f->inner, out);
    out->resyncs += f->stats.tx[FAULT_RESYNC] + f->stats.rx[FAULT_RESYNC];
}

static void way_release(struct way *w)
{
    while (w->n > 0)
        pkt_release(queue_take(w));
    pkt_release(w->late.p);
}

static void fault_close(struct link *l)
{
    struct link_fault *f = self(l);
    way_release(&f->tx);
    way_release(&f->rx);
    f->inner->ops->close(f->inner);
    free(f);
}

static const struct link_ops fault_ops = {
    .tx = fault_tx,
    .rx = fault_rx,
    .reg_submit = fault_reg_submit,
    .event = fault_event,
    .poll = fault_poll,
    .fd = fault_fd,
    .dma_map = fault_dma_map,
    .caps = fault_caps,
    .stats = fault_link_stats,
    .close = fault_close,
};

int link_fault_open(struct link **out, struct link *inner, const struct fault_plan *plan,
                    uint64_t seed)
{
    struct link_fault *f = calloc(1, sizeof *f);
    if (!f) {
        inner->ops->close(inner);
        return -ENOMEM;
    }
    f->ops = fault_ops;
    f->ops.name = inner->ops->name;
    f->base.ops = &f->ops;
    f->inner = inner;
    f->plan = *plan;
    f->tx.stats = f->stats.tx;
    f->rx.stats = f->stats.rx;
    fault_path_init(&f->tx.plan, &f->plan, true, US_NS, seed, STREAM_FRAMES);
    fault_path_init(&f->rx.plan, &f->plan, false, US_NS, seed, STREAM_FRAMES);
    fault_path_init(&f->regs, &f->plan, false, US_NS, seed, STREAM_REGS);
    fault_path_init(&f->events, &f->plan, false, US_NS, seed, STREAM_EVENTS);
    *out = &f->base;
    return 0;
}

const struct link_fault_stats *link_fault_stats(const struct link *l)
{
    return &self(l)->stats;
}
