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
/* Sleeping for less is not worth the way. */
#define WORTH_CYCLES (GUARD_CYCLES + 16u)
#define NO_DEADLINE UINT32_MAX
/* Reset lasts this many edges; outputs count when it has gone through every domain. */
#define RESET_EDGES 16u
#define START_EDGES 48u

/* Clocks and link of each. Pins of MII carry nibbles, two to a symbol. */
static const struct profile {
    const char *name;
    uint64_t core_hz, link_hz, phy_hz;
    unsigned mbit;
    bool full_duplex;
} profiles[] = {
    { "gmii", 125000000, 125000000, 125000000, 1000, true },
    { "mii", 125000000, 125000000, 25000000, 100, true },
    { "miih", 125000000, 125000000, 25000000, 100, false },
    { "mii10", 125000000, 125000000, 2500000, 10, true },
    { "mii10h", 125000000, 125000000, 2500000, 10, false },
    { "up5k", 24000000, 24000000, 25000000, 100, true },    /* a core as slow as ice40-fs */
};

/* The profile whose name are the first @n characters. */
static const struct profile *find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strlen(profiles[i].name) == n && memcmp(name, profiles[i].name, n) == 0)
            return &profiles[i];
    return NULL;
}

int sim_profile_link(const char *profile, unsigned *mbit, bool *full_duplex)
{
    const struct profile *p = find(profile ? profile : SIM_PROFILE,
                                   strlen(profile ? profile : SIM_PROFILE));
    if (!p)
        return -EINVAL;
    *mbit = p->mbit;
    *full_duplex = p->full_duplex;
    return 0;
}

int sim_profile_text(char *out, const char *profile, const struct wire *w, unsigned port)
{
    int own = wire_ppm(w, port), far = wire_far_ppm(w, port), n;
    if (!profile)
        profile = SIM_PROFILE;
    if (own || far)
        n = snprintf(out, SIM_PROFILE_BYTES, "%s%+d%+d", profile, own, far);
    else
        n = snprintf(out, SIM_PROFILE_BYTES, "%s", profile);
    return n < SIM_PROFILE_BYTES && !strpbrk(profile, "+-") ? 0 : -EINVAL;
}

/* Returns whether @text is two numbers with signs, or nothing. */
static bool parse_ppm(const char *text, int ppm[2])
{
    ppm[0] = ppm[1] = 0;
    for (unsigned i = 0; i < 2 && *text; i++) {
        char *end;
        long v = strtol(text, &end, 10);
        if ((*text != '+' && *text != '-') || end == text || v > WIRE_PPM_MAX || v < -WIRE_PPM_MAX)
            return false;
        ppm[i] = (int)v;
        text = end;
        if (i == 0 && !*text)
            return false;
    }
    return !*text;
}

int sim_profile_clocks(struct sim_clocks *s, const char *text, bool stop_core_clock,
                       uint64_t start, struct nic_model_in *in)
{
    size_t n = strcspn(text, "+-");
    const struct profile *p = find(text, n);
    int ppm[2];

    if (!p || !parse_ppm(text + n, ppm))
        return -EINVAL;
    if (!stop_core_clock)
        sim_clocks_add_ppm(s, p->core_hz, ppm[0], NIC_CLK_CORE, start);
    sim_clocks_add_ppm(s, p->link_hz, ppm[0], NIC_CLK_LINK, start);
    sim_clocks_add_ppm(s, p->phy_hz, ppm[1], NIC_CLK_PHY_RX, start);
    if (p->mbit < 1000)
        sim_clocks_add_ppm(s, p->phy_hz, ppm[0], NIC_CLK_MII_TX, start);
    in->link_speed = p->mbit == 1000 ? 2 : p->mbit == 100;
    in->link_fd = p->full_duplex;
    return 0;
}

int sim_nic_plug(struct sim_nic *n, const char *profile, bool stop_core_clock)
{
    char text[SIM_PROFILE_BYTES];
    int rc = sim_profile_text(text, profile, n->wire, n->port);
    if (rc == 0)
        rc = sim_profile_clocks(&n->clocks, text, stop_core_clock, world_now(n->world), n->in);
    if (rc < 0)
        return rc;
    if (!stop_core_clock) {
        n->core = &n->clocks.c[0];
        n->first_k = n->core->k;
    }
    for (unsigned i = 0; i < n->clocks.n; i++)
        if (n->clocks.c[i].mask & NIC_CLK_PHY_RX)
            n->phy_rx = &n->clocks.c[i];
    n->mii = n->in->link_speed < 2;
    n->settle = SETTLE_CYCLES;
    if (n->mii)     /* two symbols: between two nibbles nothing seems to happen */
        n->settle += 4 * (unsigned)(n->clocks.c[0].num * n->phy_rx->den / n->phy_rx->num
                                    / n->clocks.c[0].den + 1);
    n->start = START_EDGES;
    n->in->rst = 1;
    return 0;
}

/* --- one edge ---------------------------------------------------------------- */

/* The PHY passes no frame on that began while its link was down, and cuts one off, with an
 * error, when the link falls: @pass is kept per direction. */
static struct sym through_phy(const struct sim_nic *n, bool *pass, bool was_on, uint64_t t,
                              struct sym s)
{
    if (!n->has_phy)
        return s;
    bool passed = *pass && was_on;
    *pass = phy_model_link(&n->phy, t) && (*pass || !was_on);
    if (*pass)
        return s;
    return (struct sym){ .dv = passed && s.dv, .er = passed && s.dv,
                         .fault = (uint8_t)(s.fault | FAULT_BIT(FAULT_FLAP)) };
}

/* Symbols of the tx side: all that carry something, and the first that does not. Returns whether
 * there was any. */
static bool phy_out(struct sim_nic *n, uint64_t t)
{
    struct sym s;
    if (!pins_out(&n->gear, n->mii, n->out, &s))
        return n->gear.on;
    phy_tap_out(&n->tap, t, &s);
    bool was_on = n->tx_on;
    n->tx_on = s.dv;
    s = through_phy(n, &n->tx_pass, was_on, t, s);
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
    if (n->mii && pins_high(n->phy_rx)) {       /* the other half of the symbol before */
        in->rxd = n->rx_high;
        return in->rx_dv || in->rx_er || in->crs || in->col;
    }
    struct sym s = n->wire->ops->in(n->wire, n->port, t);
    bool was_on = n->rx_on;
    n->rx_on = s.dv || s.er;
    s = through_phy(n, &n->rx_pass, was_on, t, s);
    in->rxd = n->mii ? s.data & 15u : s.data;
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
        active |= n->core ? in->s_rec_valid || out->m_rec_valid : to_nic || from_nic;
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
            in->mdio = phy_model_pins(&n->phy, t, out->mdc, out->mdio, out->mdio_oe);
        active |= !out->quiet;
    }
    if (mask & (n->mii ? NIC_CLK_MII_TX : NIC_CLK_CORE))
        active |= phy_out(n, t);
    /* Cycles of the core; of the link where that stands still. */
    bool cycle = mask & (n->core ? NIC_CLK_CORE : NIC_CLK_LINK);
    n->idle = active ? 0 : n->idle + (cycle && n->idle < n->settle);
}

/* The next edge, whichever clocks it is of. Clocks that rise together are evaluated
 * at once: what crosses between them does so by synchronisers, which do not care. */
static void next_edge(struct sim_nic *n, uint64_t t)
{
    unsigned mask = sim_clocks_take(&n->clocks, t);
    n->in->time_ps = t;
    if (n->start > 0)
        start_edge(n, t, mask);
    else
        edge(n, t, mask);
}

/* --- idle time ------------------------------------------------------------- */

/* The time of the core edge some cycles before its next timer is due. */
static uint64_t core_deadline(const struct sim_nic *n)
{
    uint32_t cycles = n->out->deadline;
    if (!n->core || cycles == NO_DEADLINE)
        return SIM_NEVER;
    if (cycles <= DEADLINE_CYCLES)
        return 0;
    return sim_clock_edge_ps(n->core, n->core->k + cycles - DEADLINE_CYCLES);
}

/* Nothing can happen before this time. */
static uint64_t something_at(const struct sim_nic *n, uint64_t deadline_ps)
{
    uint64_t t = n->wire->ops->in_next(n->wire, n->port);
    /* Without a core clock a byte that was refused stays so. */
    bool stuck = !n->core && n->in->s_rec_valid && !n->out->s_rec_ready;
    uint64_t tx = stuck ? SIM_NEVER : stream_tx_at(&n->stream);
    if (tx < t)
        t = tx;
    return deadline_ps < t ? deadline_ps : t;
}

static bool settled(const struct sim_nic *n)
{
    return n->start == 0 && n->idle >= n->settle;
}

/* The horizon may still come closer while asleep: next() asks again each time. */
static bool try_sleep(struct sim_nic *n)
{
    const struct sim_clock *c = &n->clocks.c[0];
    uint64_t deadline_ps = core_deadline(n);
    if (something_at(n, deadline_ps) < sim_clock_edge_ps(c, c->k + WORTH_CYCLES))
        return false;
    n->deadline_ps = deadline_ps;
    n->asleep = true;
    return true;
}

/* Take up the clocks so that the edge at @t is the next one. */
static void wake(struct sim_nic *n, uint64_t t)
{
    const struct sim_clock *c = &n->clocks.c[0];
    uint64_t k = sim_clock_first(c, t);
    uint64_t from = k > GUARD_CYCLES ? k - GUARD_CYCLES : 0;

    if (from > c->k) {
        n->in->skip_stb = n->core != NULL;
        n->in->skip_cycles = from - c->k;
        sim_clocks_jump(&n->clocks, sim_clock_edge_ps(c, from));
        if (n->tape)
            tape_jump(n->tape, sim_clock_edge_ps(c, from));
    }
    n->asleep = false;
    n->idle = 0;
    /* These edges may lie in the past; nothing comes in or out at them. */
    for (uint64_t e = sim_clocks_next(&n->clocks); e < t; e = sim_clocks_next(&n->clocks))
        next_edge(n, e);
}

bool sim_nic_idle(const struct sim_nic *n)
{
    uint64_t deadline_ps = n->asleep ? n->deadline_ps : core_deadline(n);
    return settled(n) && something_at(n, deadline_ps) == SIM_NEVER;
}

uint64_t sim_nic_core_cycles(const struct sim_nic *n)
{
    if (!n->core)
        return 0;
    uint64_t k = sim_clock_first(n->core, world_now(n->world) + 1);
    return (k > n->core->k ? k : n->core->k) - n->first_k;
}

/* --- the actor ------------------------------------------------------------- */

static uint64_t actor_next(void *self)
{
    const struct sim_nic *n = self;
    uint64_t next = sim_clocks_next(&n->clocks);
    if (!n->asleep)
        return next;
    uint64_t t = something_at(n, n->deadline_ps);
    if (t == SIM_NEVER || t <= next)
        return t == SIM_NEVER ? t : next;
    uint64_t first = SIM_NEVER;
    for (unsigned i = 0; i < n->clocks.n; i++) {
        const struct sim_clock *c = &n->clocks.c[i];
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
        t = sim_clocks_next(&n->clocks);
    } while (world_continue(n->world, t));
}

const struct actor_ops sim_nic_actor = { .name = "nic", .next = actor_next, .run = actor_run };
