/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_fault.c - a wire round another one. Each frame is taken whole, treated by the
 * plan and put on the line again, so it comes a frame time later than without.
 *
 *     NIC out() -> tx.taken -> plan -> tx.feed -> (an actor plays it) -> inner out()
 *     NIC in() <- rx.feed <- plan <- rx.taken <- inner in()
 *
 * Symbols of a frame that was changed carry sym.fault, so that nobody takes it for a
 * failure of the NIC. What came so, or with an error symbol, goes on so.
 */
#include "sim/wire_fault.h"

#include "driver/be.h"
#include "sim/clocks.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define US_PS 1000000ull
#define PS_PER_S 1000000000000ull
/* Of draws: whatever else draws from the same seed has another one. */
#define STREAM 0x46000000u
#define MS_PS 1000000000ull
/* A frame that shall come late, but nothing overtakes it. */
#define REORDER_PS MS_PS
#define ETHERTYPE_IP4 0x0800u
#define IP4_FRAGMENT 0x3fffu    /* MF and offset. RFC 791 3.1 */
enum { PROTO_TCP = 6, PROTO_UDP = 17 };

struct frame {
    uint32_t len;               /* DA..FCS */
    uint8_t came;               /* marks that it came with, */
    uint8_t fault;              /* and of what was done to it here */
    bool er;                    /* it came with an error symbol */
    uint8_t b[ETH_MAX_BYTES + ETH_TAG_BYTES];
};

/* One direction. */
struct path {
    struct fault_path plan;
    struct frame_asm taken;
    struct frame_feed *feed;
    uint64_t *stats;            /* FAULT_KINDS of wire_stats */
    struct frame late;          /* of FAULT_REORDER; len 0: none */
    uint64_t late_at;
};

struct wire_fault {
    struct wire w;              /* first */
    struct fault_plan plan;
    struct path tx, rx;
    int actor;
    struct sim_clocks clock;    /* of our NIC's transmitter: what it sends is played by, */
    uint64_t sym_ps;            /* a symbol each so many */
    bool sending;               /* the symbol before had dv: another one is due */
};

static struct wire_fault *fault_of(struct wire *w)
{
    return (struct wire_fault *)w;
}

/* --- what is done to a frame -------------------------------------------------------- */

/* 1 to 3 different bits of DA..FCS. */
static void corrupt(struct path *p, int rule, struct frame *f)
{
    unsigned n = 1 + (unsigned)fault_draw(&p->plan, rule, 3);
    fault_flip(&p->plan, rule, f->b, f->len, n);
    f->fault |= FAULT_BIT(FAULT_CORRUPT);
}

static uint16_t u16_at(const uint8_t *b)
{
    return be16_get((struct be16){ { b[0], b[1] } });
}

/* Where the TCP or UDP payload of an unfragmented IPv4 packet lies. Its length, 0: there is
 * none, or no checksum protects it. */
static uint32_t payload(const struct frame *f, uint32_t *at)
{
    const uint8_t *ip = f->b + ETH_HDR_BYTES;
    uint32_t room = f->len - ETH_HDR_BYTES - ETH_FCS_BYTES, hdr, all, skip;
    if (f->len < ETH_MIN_BYTES || u16_at(f->b + 12) != ETHERTYPE_IP4)
        return 0;
    hdr = (ip[0] & 15u) * 4u;
    all = u16_at(ip + 2);
    if (hdr < 20 || all > room || all < hdr + 8 || (u16_at(ip + 6) & IP4_FRAGMENT))
        return 0;
    const uint8_t *l4 = ip + hdr;
    if (ip[9] == PROTO_UDP && u16_at(l4 + 6) != 0)      /* RFC 768: 0 is no checksum */
        skip = 8;
    else if (ip[9] == PROTO_TCP && all >= hdr + 20)
        skip = (l4[12] >> 4) * 4u;
    else
        return 0;
    *at = ETH_HDR_BYTES + hdr + skip;
    return all > hdr + skip ? all - hdr - skip : 0;
}

static void corrupt_inner(struct path *p, int rule, struct frame *f)
{
    uint32_t at, n = payload(f, &at);
    if (n == 0)
        return;
    fault_flip(&p->plan, rule, f->b + at, n, 1);
    struct le32 fcs = le32_put(frame_fcs(f->b, f->len - ETH_FCS_BYTES));
    memcpy(f->b + f->len - ETH_FCS_BYTES, &fcs, sizeof fcs);
    f->fault |= FAULT_BIT(FAULT_INNER);
}

static void emit(struct wire_fault *w, struct path *p, uint64_t now, const struct frame *f)
{
    uint64_t at = fault_departure(&p->plan, now + SYM_PS, f->len);
    int rc = frame_feed_put_raw(p->feed, at, f->b, f->len, f->came | f->fault);
    if (rc < 0) {       /* a slow line's queue is full: as in any router */
        p->stats[FAULT_LOSS]++;
        return;
    }
    if (f->er)
        frame_feed_spoil_newest(p->feed);
    for (unsigned k = 0; k < FAULT_KINDS; k++)
        p->stats[k] += f->fault >> k & 1;
    if (!p->plan.is_tx) {
        w->w.stats.to_nic_frames++;
        w->w.stats.to_nic_octets += f->len;
    }
}

static void emit_late(struct wire_fault *w, struct path *p, uint64_t now)
{
    if (p->late.len == 0)
        return;
    emit(w, p, now, &p->late);
    p->late.len = 0;
}

/* A whole frame has come. */
static void treat(struct wire_fault *w, struct path *p, uint64_t now)
{
    const struct frame_asm *a = &p->taken;
    struct frame f = { .len = a->len, .came = a->fault, .er = a->er };
    if (!a->sfd || a->len == 0 || a->len > sizeof f.b)
        return;
    memcpy(f.b, a->buf, a->len);
    int kinds[FAULT_KINDS];
    fault_decide(&p->plan, now, kinds);
    if (kinds[FAULT_FLAP] >= 0 || kinds[FAULT_LOSS] >= 0) {
        p->stats[kinds[FAULT_FLAP] >= 0 ? FAULT_FLAP : FAULT_LOSS]++;
        return;
    }
    if (kinds[FAULT_CORRUPT] >= 0)
        corrupt(p, kinds[FAULT_CORRUPT], &f);
    else if (kinds[FAULT_INNER] >= 0)
        corrupt_inner(p, kinds[FAULT_INNER], &f);
    if (kinds[FAULT_DUP] >= 0) {
        emit(w, p, now, &f);
        f.fault |= FAULT_BIT(FAULT_DUP);
    }
    if (kinds[FAULT_REORDER] >= 0 && p->late.len == 0) {
        f.fault |= FAULT_BIT(FAULT_REORDER);
        p->late = f;
        p->late_at = now + REORDER_PS;
        return;
    }
    emit(w, p, now, &f);
    emit_late(w, p, now);
}

static void check_late(struct wire_fault *w, struct path *p, uint64_t now)
{
    if (p->late.len > 0 && p->late_at <= now)
        emit_late(w, p, now);
}

static uint64_t path_next(const struct path *p)
{
    uint64_t t = frame_feed_next(p->feed);
    return p->late.len > 0 && p->late_at < t ? p->late_at : t;
}

/* --- a wire ------------------------------------------------------------------------- */

/* What the inner wire says of itself is said of this one. */
static void hear_inner(struct wire_fault *w)
{
    const struct wire *in = w->w.inner;
    w->w.stats.far_send_errors = in->stats.far_send_errors;
    w->w.stats.to_nic_dropped = in->stats.to_nic_dropped;
    if (in->error[0] && !w->w.error[0])
        memcpy(w->w.error, in->error, sizeof w->w.error);
}

static void fault_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct wire_fault *f = fault_of(w);
    if (port != 0) {
        w->inner->ops->out(w->inner, port, t, s);
        return;
    }
    if (!frame_asm_sym(&f->tx.taken, t, s) || !wire_check(w, &f->tx.taken))
        return;
    treat(f, &f->tx, t);
    world_due(w->world, path_next(&f->tx));
}

static struct sym fault_in(struct wire *w, unsigned port, uint64_t t)
{
    struct wire_fault *f = fault_of(w);
    struct sym s = w->inner->ops->in(w->inner, port, t);
    if (port != 0)
        return s;
    if (frame_asm_sym(&f->rx.taken, t, &s)) {
        treat(f, &f->rx, t);
        hear_inner(f);
    }
    check_late(f, &f->rx, t);
    return frame_feed_in(f->rx.feed, t, wire_sym_ps(w));
}

static uint64_t fault_in_next(struct wire *w, unsigned port)
{
    struct wire_fault *f = fault_of(w);
    uint64_t t = w->inner->ops->in_next(w->inner, port);
    if (port != 0)
        return t;
    if (f->rx.taken.in)         /* the symbol that ends a frame is an idle one */
        return 0;
    uint64_t mine = path_next(&f->rx);
    return mine < t ? mine : t;
}

/* The clock of the player has the speed that the wire has now: the frame under way ends as it
 * began, and the next one keeps the gap of its own speed. */
static void keep_pace(struct wire_fault *f)
{
    uint64_t sym_ps = wire_sym_ps(&f->w);
    if (f->sym_ps == sym_ps || f->sending)
        return;
    if (f->sym_ps)
        frame_feed_hold(f->tx.feed, world_now(f->w.world) + (ETH_GAP_BYTES + 1) * sym_ps);
    f->sym_ps = sym_ps;
    f->clock = (struct sim_clocks){ 0 };
    sim_clocks_add_ppm(&f->clock, PS_PER_S / sym_ps, wire_ppm(&f->w, 0), 1,
                       world_now(f->w.world) + 1);
}

/* The actor: plays what goes on towards the inner wire, a symbol a step. */
static uint64_t play_next(void *self)
{
    struct wire_fault *f = self;
    keep_pace(f);
    const struct sim_clock *c = &f->clock.c[0];
    uint64_t t = f->sending ? c->t : path_next(&f->tx);
    return t == SIM_NEVER || f->sending ? t : sim_clock_edge_ps(c, sim_clock_first(c, t));
}

static void play(void *self, uint64_t t)
{
    struct wire_fault *f = self;
    struct wire *in = f->w.inner;
    check_late(f, &f->tx, t);
    struct sym s = frame_feed_in(f->tx.feed, t, f->sym_ps);
    if (s.dv || f->sending)
        in->ops->out(in, 0, t, &s);
    f->sending = s.dv;
    sim_clocks_jump(&f->clock, t + 1);
    if (!s.dv)
        hear_inner(f);
}

static const struct actor_ops player = { .name = "fault", .next = play_next, .run = play };

/* Towards the inner wire; what is under way to the NIC makes that one busy. */
static bool fault_more(const struct wire *w)
{
    const struct wire_fault *f = (const struct wire_fault *)w;
    return f->sending || path_next(&f->tx) != SIM_NEVER;
}

static int fault_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms)
{
    struct wire_fault *f = fault_of(w);
    uint64_t at = path_next(&f->tx), mine = path_next(&f->rx), now = world_now(w->world);
    at = f->sending ? now : mine < at ? mine : at;
    uint64_t ms = at <= now ? 0 : (at - now + MS_PS - 1) / MS_PS;
    if (at != SIM_NEVER && ms < (uint64_t)*timeout_ms)
        *timeout_ms = (int)ms;
    return w->inner->ops->pollfds ? w->inner->ops->pollfds(w->inner, fds, max, timeout_ms) : 0;
}

static void fault_ready(struct wire *w, struct pollfd *fds, int n)
{
    if (w->inner->ops->ready)
        w->inner->ops->ready(w->inner, fds, n);
    hear_inner(fault_of(w));
}

static void fault_close(struct wire *w)
{
    struct wire_fault *f = fault_of(w);
    if (f->actor >= 0)
        world_remove(w->world, f->actor);
    wire_close(w->inner);
    frame_feed_destroy(f->tx.feed);
    frame_feed_destroy(f->rx.feed);
    free(f);
}

static const struct wire_ops ops = {
    .name = "fault",
    .out = fault_out,
    .in = fault_in,
    .in_next = fault_in_next,
    .more = fault_more,
    .pollfds = fault_pollfds,
    .ready = fault_ready,
    .close = fault_close,
};

static int path_init(struct path *p, const struct wire_fault *f, bool is_tx, uint64_t *stats)
{
    fault_path_init(&p->plan, &f->plan, is_tx, US_PS, world_seed(f->w.world), STREAM);
    p->stats = stats;
    p->feed = frame_feed_create();
    return p->feed ? 0 : -ENOMEM;
}

int wire_fault_open(struct wire **out, struct wire *inner, const struct fault_plan *plan)
{
    struct wire_fault *f = calloc(1, sizeof *f);
    if (!f) {
        wire_close(inner);
        return -ENOMEM;
    }
    f->w = (struct wire){ .ops = &ops, .world = inner->world, .inner = inner };
    f->plan = *plan;
    f->w.mbit = inner->mbit;
    f->actor = world_add(inner->world, &player, f);
    int rc = f->actor < 0 ? f->actor : path_init(&f->tx, f, true, f->w.stats.fault_tx);
    if (rc == 0)
        rc = path_init(&f->rx, f, false, f->w.stats.fault_rx);
    if (rc < 0) {
        fault_close(&f->w);
        return rc;
    }
    *out = &f->w;
    return 0;
}
