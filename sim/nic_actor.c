/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_actor.c - steps one model: each run() takes every clock edge that is due
 * before anybody else is.
 *
 * At an edge the inputs are set before it, the outputs read after it; a handshake
 * is judged by valid and ready as both stood before the edge.
 *
 * Idle time is skipped exactly. Asleep, the NIC is due when something can happen
 * (a symbol, a byte of the host, a timer of the core). It then takes up its clocks
 * a few edges *before* that, GUARD_CYCLES of the core, with the skipped cycles added
 * to the time base at the first of them: so the time base is settled when the first
 * thing happens, and nothing in the core can tell that time was skipped.
 */
#include "sim/sim_nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rule of rtl/README.md: o_quiet may lag, but by less than this. */
#define SETTLE_CYCLES 64u
/* The time base is a pipeline of two halves; a few cycles would do. */
#define GUARD_CYCLES 16u
/* o_deadline is as old as the pipeline that made it. */
#define DEADLINE_CYCLES 32u
#define NO_DEADLINE UINT32_MAX
/* Reset lasts this many edges; outputs count when it has gone through every domain. */
#define RESET_EDGES 16u
#define START_EDGES 48u

/* MII: two symbols more, between two nibbles nothing seems to happen. */
unsigned sim_settle_cycles(const struct sim_pace *p)
{
    const struct sim_clock *c = &p->clocks.c[0];
    uint64_t nibble_hz = p->mbit * 250000ull;
    return SETTLE_CYCLES + (p->mii ? 4 * (unsigned)(c->num / c->den / nibble_hz + 1) : 0);
}

int sim_nic_plug(struct sim_nic *n, const char *profile, bool stop_core_clock)
{
    char text[SIM_PROFILE_BYTES];
    int rc = sim_profile_text(text, profile, n->wire, n->port);
    if (rc == 0)
        rc = sim_pace_init(&n->pace, text, stop_core_clock, world_now(n->world), n->in);
    if (rc < 0)
        return rc;
    n->settle = sim_settle_cycles(&n->pace);
    n->start = START_EDGES;
    n->in->rst = 1;
    return 0;
}

/* --- the speed of a PHY that negotiates --------------------------------------- */

/* When its link is up again, and the clocks of its pins may be others; SIM_NEVER. */
static uint64_t link_up_at(const struct sim_nic *n)
{
    return n->has_phy && n->phy.up_ps != n->up_ps ? n->phy.up_ps : SIM_NEVER;
}

/* Behind the edge at @t. The line was silent until now: through_phy(). */
static void link_came_up(struct sim_nic *n, uint64_t t)
{
    bool full;
    unsigned mbit = phy_model_mode(&n->phy, &full);
    n->up_ps = n->phy.up_ps;
    wire_link(n->wire, n->port, mbit);
    if (mbit == n->pace.mbit)
        return;
    sim_pace_speed(&n->pace, mbit, t + 1);
    n->settle = sim_settle_cycles(&n->pace);
    n->gear = (struct pins_gear){ 0 };
    n->idle = 0;
    if (n->tape)
        tape_speed(n->tape, mbit);
}

/* --- one edge ---------------------------------------------------------------- */

/* The PHY passes no frame on that began while its link was down, which is counted, and cuts one
 * off, with an error, when the link falls: @way is one direction, @was_on its symbol before. */
static struct sym through_phy(const struct sim_nic *n, struct sim_way *way, bool was_on, uint64_t t,
                              struct sym s)
{
    if (!n->has_phy)
        return s;
    bool passed = way->pass && was_on;
    way->pass = phy_model_link(&n->phy, t) && (way->pass || !was_on);
    if (way->pass)
        return s;
    way->withheld += s.dv && !was_on;
    return (struct sym){ .dv = passed && s.dv, .er = passed && s.dv,
                         .fault = (uint8_t)(s.fault | FAULT_BIT(FAULT_FLAP)) };
}

/* Symbols of the tx side: all that carry something, and the first that does not. Returns whether
 * there was any. */
static bool phy_out(struct sim_nic *n, uint64_t t)
{
    struct sym s;
    if (!pins_out(&n->gear, n->pace.mii, n->out, &s))
        return n->gear.on;
    phy_tap_out(&n->tap, t, &s);
    bool was_on = n->tx_way.on;
    n->tx_way.on = s.dv;
    s = through_phy(n, &n->tx_way, was_on, t, s);
    if (s.dv || n->tx_heard || !n->has_phy)
        n->wire->ops->out(n->wire, n->port, t, &s);
    n->tx_heard = s.dv;
    return true;
}

/* At a core edge: how many bytes are under way, from the first that came out to the last that
 * went in. */
static void elastic_count(struct sim_elastic *e, bool byte, bool dv)
{
    e->out += byte;
    if (!dv && e->in == e->out) {
        e->in = e->out = 0;
        e->on = false;
        return;
    }
    e->on |= byte;
    if (!e->on || !dv)
        return;
    unsigned n = (unsigned)(e->in - e->out);
    if (e->max == 0 || n < e->min)
        e->min = n;
    if (n > e->max)
        e->max = n;
}

/* Returns true if a symbol came. */
static bool phy_in(struct sim_nic *n, uint64_t t)
{
    struct nic_model_in *in = n->in;
    if (n->pace.mii && pins_high(n->pace.phy_rx)) {       /* the other half of the symbol before */
        in->rxd = n->rx_high;
        return in->rx_dv || in->rx_er || in->crs || in->col;
    }
    struct sym s = n->wire->ops->in(n->wire, n->port, t);
    bool was_on = n->rx_way.on;
    n->rx_way.on = s.dv || s.er;
    s = through_phy(n, &n->rx_way, was_on, t, s);
    in->rxd = n->pace.mii ? s.data & 15u : s.data;
    n->rx_high = s.data >> 4;
    in->rx_dv = s.dv;
    in->rx_er = s.er;
    in->crs = s.crs;
    in->col = s.col;
    n->rx_fault = s.fault;
    n->elastic.in += s.dv;
    phy_tap_in(&n->tap, t, &s);
    return s.dv || s.er || s.crs || s.col;
}

/* What the last edge of the start leaves is what the first byte is judged by: it counts. */
static void evaluate(struct sim_nic *n, unsigned mask)
{
    nic_model_edge(n->model, mask);
    if (n->tape)
        tape_edge(n->tape, n->in, n->start > 1 ? NULL : n->out, n->rx_fault);
}

/* MDC and MDIO. What is written may end the link. */
static void phy_pins(struct sim_nic *n, uint64_t t)
{
    const struct nic_model_out *out = n->out;
    uint64_t up_ps = n->phy.up_ps;
    n->in->mdio = phy_model_pins(&n->phy, t, out->mdc, out->mdio, out->mdio_oe);
    if (n->phy.up_ps != up_ps)
        wire_link(n->wire, n->port, 0);
}

/* Outputs are random until reset has gone through: nothing is made of them. */
static void start_edge(struct sim_nic *n, uint64_t t, unsigned mask)
{
    if (mask & NIC_CLK_PHY_RX)
        (void)phy_in(n, t);     /* what comes now is lost in the reset */
    evaluate(n, mask);
    n->start--;
    n->in->rst = n->start > START_EDGES - RESET_EDGES;
    if (mask & NIC_CLK_CORE)
        n->evaluated++;
}

/* One edge of the clocks in @mask at @t. */
static void edge(struct sim_nic *n, uint64_t t, unsigned mask)
{
    struct rec_stream *s = &n->stream;
    struct nic_model_in *in = n->in;
    const struct nic_model_out *out = n->out;
    bool active = false, to_nic = false, from_nic = false;
    uint8_t byte = out->m_rec_data;

    if (mask & NIC_CLK_PHY_RX)
        active = phy_in(n, t);
    if (mask & NIC_CLK_LINK) {
        in->s_rec_valid = stream_tx_valid(s, t);
        if (in->s_rec_valid)
            in->s_rec_data = *s->tx_p;
        in->m_rec_ready = stream_rx_ready(s);
        to_nic = in->s_rec_valid && out->s_rec_ready;
        from_nic = in->m_rec_ready && out->m_rec_valid;
        /* Without a core clock a byte may wait for ever. */
        active |= n->pace.core ? in->s_rec_valid || out->m_rec_valid : to_nic || from_nic;
    }
    evaluate(n, mask);
    if (to_nic)
        stream_tx_moved(s, t);
    if (from_nic)
        stream_rx_moved(s, t, byte);
    if (mask & NIC_CLK_CORE) {
        n->evaluated++;
        in->skip_stb = 0;
        if (n->elastic.in)
            elastic_count(&n->elastic, out->rx_byte, in->rx_dv);
        if (n->has_phy)
            phy_pins(n, t);
        active |= !out->quiet;
    }
    if (mask & (n->pace.mii ? NIC_CLK_MII_TX : NIC_CLK_CORE))
        active |= phy_out(n, t);
    /* Cycles of the core; of the link where that stands still. */
    bool cycle = mask & (n->pace.core ? NIC_CLK_CORE : NIC_CLK_LINK);
    n->idle = active ? 0 : n->idle + (cycle && n->idle < n->settle);
}

/* The next edge, whichever clocks it is of. Clocks that rise together are evaluated
 * at once: what crosses between them does so by synchronisers, which do not care. */
static void next_edge(struct sim_nic *n, uint64_t t)
{
    unsigned mask = sim_clocks_take(&n->pace.clocks, t);
    n->in->time_ps = t;
    if (n->start > 0)
        start_edge(n, t, mask);
    else
        edge(n, t, mask);
    if (link_up_at(n) <= t)
        link_came_up(n, t);
}

/* --- idle time ------------------------------------------------------------- */

uint64_t sim_deadline_ps(const struct sim_pace *p, const struct nic_model_out *out)
{
    uint32_t cycles = out->deadline;
    if (!p->core || cycles == NO_DEADLINE)
        return SIM_NEVER;
    if (cycles <= DEADLINE_CYCLES)
        return 0;
    return sim_clock_edge_ps(p->core, p->core->k + cycles - DEADLINE_CYCLES);
}

/* Of its own accord and the host's nothing can happen before this time. */
static uint64_t own_at(const struct sim_nic *n, uint64_t deadline_ps)
{
    /* Without a core clock a byte that was refused stays so. */
    bool stuck = !n->pace.core && n->in->s_rec_valid && !n->out->s_rec_ready;
    uint64_t t = stuck ? SIM_NEVER : stream_tx_at(&n->stream), up = link_up_at(n);
    if (up < t)
        t = up;
    return deadline_ps < t ? deadline_ps : t;
}

/* Nothing can happen before this time. */
static uint64_t something_at(const struct sim_nic *n, uint64_t deadline_ps)
{
    uint64_t t = n->wire->ops->in_next(n->wire, n->port), own = own_at(n, deadline_ps);
    return own < t ? own : t;
}

static bool settled(const struct sim_nic *n)
{
    return n->start == 0 && n->idle >= n->settle;
}

/* The horizon may still come closer while asleep: next() asks again each time. */
static bool try_sleep(struct sim_nic *n)
{
    const struct sim_clock *c = &n->pace.clocks.c[0];
    uint64_t deadline_ps = sim_deadline_ps(&n->pace, n->out);
    if (something_at(n, deadline_ps) < sim_clock_edge_ps(c, c->k + SIM_WORTH_CYCLES))
        return false;
    n->deadline_ps = deadline_ps;
    n->asleep = true;
    return true;
}

/* Take up the clocks so that the edge at @t is the next one. */
static void wake(struct sim_nic *n, uint64_t t)
{
    const struct sim_clock *c = &n->pace.clocks.c[0];
    uint64_t k = sim_clock_first(c, t);
    uint64_t from = k > GUARD_CYCLES ? k - GUARD_CYCLES : 0;

    if (from > c->k) {
        n->in->skip_stb = n->pace.core != NULL;
        n->in->skip_cycles = from - c->k;
        sim_clocks_jump(&n->pace.clocks, sim_clock_edge_ps(c, from));
        if (n->tape)
            tape_jump(n->tape, sim_clock_edge_ps(c, from));
    }
    n->asleep = false;
    n->idle = 0;
    /* These edges may lie in the past; nothing comes in or out at them. */
    for (uint64_t e = sim_clocks_next(&n->pace.clocks); e < t; e = sim_clocks_next(&n->pace.clocks))
        next_edge(n, e);
}

uint64_t sim_nic_rests_ps(const struct sim_nic *n)
{
    uint64_t deadline_ps = n->asleep ? n->deadline_ps : sim_deadline_ps(&n->pace, n->out);
    if (!settled(n) || own_at(n, deadline_ps) != SIM_NEVER)
        return 0;
    return n->wire->ops->in_next(n->wire, n->port);
}

uint64_t sim_nic_core_cycles(const struct sim_nic *n)
{
    if (!n->pace.core)
        return 0;
    uint64_t k = sim_clock_first(n->pace.core, world_now(n->world) + 1);
    return (k > n->pace.core->k ? k : n->pace.core->k) - n->pace.first_k;
}

/* --- the actor ------------------------------------------------------------- */

static uint64_t actor_next(void *self)
{
    const struct sim_nic *n = self;
    uint64_t next = sim_clocks_next(&n->pace.clocks);
    if (!n->asleep)
        return next;
    uint64_t t = something_at(n, n->deadline_ps);
    if (t == SIM_NEVER || t <= next)
        return t == SIM_NEVER ? t : next;
    uint64_t first = SIM_NEVER;
    for (unsigned i = 0; i < n->pace.clocks.n; i++) {
        const struct sim_clock *c = &n->pace.clocks.c[i];
        uint64_t e = sim_clock_edge_ps(c, sim_clock_first(c, t));
        if (e < first)
            first = e;
    }
    return first;
}

static void actor_run(void *self, uint64_t t)
{
    struct sim_nic *n = self;
    bool skips = world_skips(n->world);

    if (n->asleep)
        wake(n, t);
    do {
        next_edge(n, t);
        if (skips && settled(n) && try_sleep(n))
            return;
        t = sim_clocks_next(&n->pace.clocks);
    } while (world_continue(n->world, t));
}

const struct actor_ops sim_nic_actor = { .name = "nic", .next = actor_next, .run = actor_run };
