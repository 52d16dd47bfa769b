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

struct clock_hz { uint64_t num, den; };

/* Clocks of each profile's simulation top. */
static const struct profile {
    const char *name;
    struct clock_hz core, link, phy_rx;
} profiles[] = {
    { "gmii", { 125000000, 1 }, { 125000000, 1 }, { 125000000, 1 } },
};

int sim_nic_plug(struct sim_nic *n, const char *profile, bool stop_core_clock)
{
    const struct profile *p = NULL;
    uint64_t now = world_now(n->world);

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(profile ? profile : "gmii", profiles[i].name) == 0)
            p = &profiles[i];
    if (!p)
        return -EINVAL;
    if (!stop_core_clock)
        sim_clocks_add(&n->clocks, p->core.num, p->core.den, NIC_CLK_CORE, now);
    sim_clocks_add(&n->clocks, p->link.num, p->link.den, NIC_CLK_LINK, now);
    sim_clocks_add(&n->clocks, p->phy_rx.num, p->phy_rx.den, NIC_CLK_PHY_RX, now);
    if (!stop_core_clock) {
        n->core = &n->clocks.c[0];
        n->first_k = n->core->k;
    }
    n->start = START_EDGES;
    n->in->rst = 1;
    return 0;
}

/* --- one edge ---------------------------------------------------------------- */

/* Outputs are random until reset has gone through. Returns true while they are. */
static bool starting(struct sim_nic *n)
{
    if (n->start == 0)
        return false;
    n->start--;
    n->in->rst = n->start >= START_EDGES - RESET_EDGES;
    return true;
}

/* Symbols of the tx side: all that carry something, and the first that does not. */
static void phy_out(struct sim_nic *n, uint64_t t)
{
    const struct nic_model_out *o = n->out;
    struct sym s = { .data = o->txd, .dv = o->tx_en, .er = o->tx_er };
    n->tx_on = s.dv;
    phy_tap_out(&n->tap, t, &s);
    n->wire->ops->out(n->wire, n->port, t, &s);
}

/* Returns true if a symbol came. */
static bool phy_in(struct sim_nic *n, uint64_t t)
{
    struct nic_model_in *in = n->in;
    struct sym s = n->wire->ops->in(n->wire, n->port, t);
    in->rxd = s.data;
    in->rx_dv = s.dv;
    in->rx_er = s.er;
    in->crs = s.crs;
    in->col = s.col;
    phy_tap_in(&n->tap, t, &s);
    return s.dv || s.er || s.crs || s.col;
}

/* One edge of the clocks in @mask at @t. */
static void edge(struct sim_nic *n, uint64_t t, unsigned mask)
{
    struct rec_stream *s = &n->stream;
    struct nic_model_in *in = n->in;
    const struct nic_model_out *out = n->out;
    bool active = starting(n), to_nic = false, from_nic = false;
    uint8_t byte = 0;

    if (mask & NIC_CLK_PHY_RX)
        active |= phy_in(n, t);
    if ((mask & NIC_CLK_LINK) && !active) { }
    if (mask & NIC_CLK_LINK) {
        in->s_rec_valid = stream_tx_valid(s, t);
        in->s_rec_data = *s->tx_p;
        in->m_rec_ready = stream_rx_ready(s);
        to_nic = in->s_rec_valid && out->s_rec_ready;
        from_nic = out->m_rec_valid && in->m_rec_ready;
        byte = out->m_rec_data;
    }
    nic_model_edge(n->model, mask);
    (void)to_nic; (void)from_nic; (void)byte;
}
