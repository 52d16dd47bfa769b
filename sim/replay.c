/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - from the tape to the pins, edge by edge. What nic_actor.c decided in the run
 * (when to sleep, what to offer) is on the tape; here nothing is decided.
 */
#include "sim/replay.h"

#include "sim/nic_model.h"
#include "sim/phy_tap.h"
#include "sim/sim_nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a slower model may be behind the tape: some forty frames. */
#define LATE_BYTES 65536u

struct replay {
    const struct replay_cfg *cfg;
    struct tape_in *tape;
    struct nic_model *model;
    struct nic_model_in *in;
    const struct nic_model_out *out;
    struct sim_pace pace;
    struct phy_tap tap;
    struct pins_gear gear;
    struct sym low;                     /* first half of a symbol that comes, and when */
    uint64_t low_ps;
    uint64_t skip_cycles;               /* for the next edge; 0: none */
    unsigned rest;                      /* past a difference: core cycles without activity */

    /* The bytes that the tape offered and the model has not taken: one at most, until they
     * differ. Valid, ready and the byte's leaving on the tape, as of its last link edge. */
    bool was_valid, was_ready, was_taken;
    unsigned late_head, late_n;
    uint8_t late[LATE_BYTES];
};

/* --- one edge --------------------------------------------------------------------------- */

static void set_inputs(struct replay *p, const struct tape_pins *pins)
{
    struct nic_model_in *in = p->in;
    uint8_t bits = pins->g[TAPE_IN];
    in->rst = (bits & TAPE_RST) != 0;
    in->rxd = pins->g[TAPE_RXD];
    in->rx_dv = (bits & TAPE_RX_DV) != 0;
    in->rx_er = (bits & TAPE_RX_ER) != 0;
    in->crs = (bits & TAPE_CRS) != 0;
    in->col = (bits & TAPE_COL) != 0;
    in->s_rec_valid = (bits & TAPE_S_VALID) != 0;
    in->s_rec_data = pins->g[TAPE_S_DATA];
    in->m_rec_ready = (bits & TAPE_M_READY) != 0;
    in->mdio = (pins->g[TAPE_FAULT] & TAPE_MDIO_IN) != 0;
    in->skip_stb = p->skip_cycles != 0;
    in->skip_cycles = p->skip_cycles;
    p->skip_cycles = 0;
}

/* What the tape offers at this link edge; past a difference, what waits is offered. */
static void offer(struct replay *p, const struct tape_pins *pins, struct replay_result *r)
{
    bool valid = (pins->g[TAPE_IN] & TAPE_S_VALID) != 0;
    bool fresh = valid && (!p->was_valid || p->was_taken);

    if (fresh && p->late_n == LATE_BYTES)
        r->link_lost_bytes++;
    else if (fresh)
        p->late[(p->late_head + p->late_n++) % LATE_BYTES] = pins->g[TAPE_S_DATA];
    p->was_valid = valid;
    p->was_taken = valid && p->was_ready;
    p->was_ready = (pins->g[TAPE_OUT] & TAPE_S_READY) != 0;
    if (!r->differs)
        return;
    p->in->s_rec_valid = p->late_n > 0;
    p->in->s_rec_data = p->late[p->late_head];
}

static void count_moved(struct replay *p, struct replay_result *r)
{
    if (p->in->s_rec_valid && p->out->s_rec_ready && p->late_n > 0) {
        p->late_head = (p->late_head + 1) % LATE_BYTES;
        p->late_n--;
        r->link_in_bytes++;
    }
    r->link_out_bytes += p->in->m_rec_ready && p->out->m_rec_valid;
}

/* The capture and the counters see what those of the run saw. */
static void hear(struct replay *p, uint64_t t, unsigned mask, uint8_t fault)
{
    const struct nic_model_in *in = p->in;
    struct sym s = { .data = in->rxd, .dv = in->rx_dv, .er = in->rx_er, .crs = in->crs,
                     .col = in->col, .fault = fault };
    if (!(mask & NIC_CLK_PHY_RX))
        return;
    if (p->pace.mii && !pins_high(p->pace.phy_rx)) {
        p->low = s;
        p->low_ps = t;
        return;
    }
    if (p->pace.mii) {
        p->low.data |= (uint8_t)(s.data << 4);
        s = p->low;
        t = p->low_ps;
    }
    phy_tap_in(&p->tap, t, &s);
}

static void see(struct replay *p, uint64_t t)
{
    struct sym s;
    if (pins_out(&p->gear, p->pace.mii, p->out, &s))
        phy_tap_out(&p->tap, t, &s);
}

static void phy_text(char *out, const struct tape_pins *pins)
{
    uint8_t bits = pins->g[TAPE_OUT];
    const char *er = bits & TAPE_TX_ER ? " with tx_er" : "";
    if (bits & TAPE_TX_EN)
        (void)snprintf(out, REPLAY_TEXT_BYTES, "symbol 0x%02x%s", pins->g[TAPE_TXD], er);
    else
        (void)snprintf(out, REPLAY_TEXT_BYTES, "no symbol%s", er);
}

static void mdio_text(char *out, const struct tape_pins *pins)
{
    uint8_t bits = pins->g[TAPE_OUT];
    (void)snprintf(out, REPLAY_TEXT_BYTES, "MDC %d, MDIO %s", (bits & TAPE_MDC) != 0,
                   !(bits & TAPE_MDIO_OE) ? "released" : bits & TAPE_MDIO ? "1" : "0");
}

static void link_text(char *out, const struct tape_pins *pins)
{
    uint8_t bits = pins->g[TAPE_OUT];
    const char *ready = bits & TAPE_S_READY ? "ready" : "not ready";
    if (bits & TAPE_M_VALID)
        (void)snprintf(out, REPLAY_TEXT_BYTES, "byte 0x%02x%s, %s", pins->g[TAPE_M_DATA],
                       bits & TAPE_M_LAST ? " last" : "", ready);
    else
        (void)snprintf(out, REPLAY_TEXT_BYTES, "no byte, %s", ready);
}

/* Are the outputs those of the tape? The first time that they are not is told. */
static void compare(const struct tape_pins *want, const struct tape_pins *got, uint64_t t,
                    struct replay_result *r)
{
    const uint8_t phy = TAPE_TX_EN | TAPE_TX_ER, mdio = TAPE_MDC | TAPE_MDIO | TAPE_MDIO_OE;
    uint8_t bits = want->g[TAPE_OUT] ^ got->g[TAPE_OUT];
    bool is_phy = (bits & phy) || want->g[TAPE_TXD] != got->g[TAPE_TXD];
    if (r->differs || (!bits && !is_phy && want->g[TAPE_M_DATA] == got->g[TAPE_M_DATA]))
        return;
    r->differs = true;
    r->differs_ps = t;
    bool is_mdio = !is_phy && (bits & mdio);
    r->side = is_phy ? "PHY" : is_mdio ? "MDIO" : "link";
    (is_phy ? phy_text : is_mdio ? mdio_text : link_text)(r->expected, want);
    (is_phy ? phy_text : is_mdio ? mdio_text : link_text)(r->got, got);
}

/* As nic_actor.c has it: nothing comes, goes or waits. */
static void count_rest(struct replay *p, unsigned mask)
{
    const struct nic_model_in *in = p->in;
    bool active = in->rx_dv || in->rx_er || in->crs || in->col || in->s_rec_valid ||
                  p->late_n > 0 || p->out->m_rec_valid || p->out->tx_en || !p->out->quiet;
    p->rest = active ? 0 : p->rest + ((mask & NIC_CLK_CORE) != 0);
}

/* The next edge, with the pins of the tape. Returns whether to go on. */
static bool edge(struct replay *p, const struct tape_pins *pins, struct replay_result *r)
{
    uint64_t t = sim_clocks_next(&p->pace.clocks);
    unsigned mask = sim_clocks_take(&p->pace.clocks, t);
    bool live = (pins->g[TAPE_IN] & TAPE_LIVE) != 0;

    set_inputs(p, pins);
    hear(p, t, mask, pins->g[TAPE_FAULT] & (uint8_t)~TAPE_MDIO_IN);
    if (live && (mask & NIC_CLK_LINK)) {
        offer(p, pins, r);
        count_moved(p, r);
    }
    p->in->time_ps = t;
    nic_model_edge(p->model, mask);
    r->edges++;
    r->end_ps = t;
    r->nic.core_evaluated += (mask & NIC_CLK_CORE) != 0;
    struct tape_pins got = tape_pins_of(p->in, live ? p->out : NULL,
                                         pins->g[TAPE_FAULT] & (uint8_t)~TAPE_MDIO_IN, pins);
    if (live && (mask & (p->pace.mii ? NIC_CLK_MII_TX : NIC_CLK_CORE)))
        see(p, t);
    compare(pins, &got, t, r);
    if (r->differs)
        count_rest(p, mask);
    return !r->differs || p->cfg->keep_going;
}

/* --- the tape ---------------------------------------------------------------------------- */

/* Past a difference: towards @t, where the run's NIC woke, at most to where this one must. */
static void jump_rest(struct replay *p, uint64_t t)
{
    const struct sim_clock *c = p->pace.core;
    uint64_t deadline_ps = sim_deadline_ps(&p->pace, p->out);
    if (!c || p->rest < sim_settle_cycles(&p->pace))
        return;
    uint64_t k = sim_clock_first(c, deadline_ps < t ? deadline_ps : t);
    if (k < c->k + SIM_WORTH_CYCLES)
        return;
    p->skip_cycles = k - c->k;
    p->rest = 0;
    sim_clocks_jump(&p->pace.clocks, sim_clock_edge_ps(c, k));
}

/* Idle edges that the run left out, evaluated: the pins stay as they were. */
static bool no_jump(struct replay *p, uint64_t t, const struct tape_pins *pins,
                    struct replay_result *r)
{
    while (sim_clocks_next(&p->pace.clocks) < t) {
        if (!edge(p, pins, r))
            return false;
        if (r->differs && p->cfg->skip)
            jump_rest(p, t);
    }
    return true;
}

/* Returns false when there is no more to play. */
static bool play(struct replay *p, const struct tape_item *item, struct replay_result *r)
{
    bool skip = p->cfg->skip && !r->differs;
    switch (item->kind) {
    case TAPE_EDGES:
        for (uint64_t i = 0; i < item->n; i++)
            if (!edge(p, &item->pins, r))
                return false;
        return true;
    case TAPE_JUMP:
        if (!skip)
            return no_jump(p, item->n, &item->pins, r);
        sim_clocks_jump(&p->pace.clocks, item->n);
        return true;
    case TAPE_SKIP:
        if (skip)
            p->skip_cycles = item->n;
        return true;
    case TAPE_SPEED:
        sim_pace_speed(&p->pace, (unsigned)item->n, r->end_ps + 1);
        p->gear = (struct pins_gear){ 0 };
        return true;
    case TAPE_END:
        return false;
    }
    return false;
}

int replay_run(struct replay *p, const struct replay_cfg *cfg, struct replay_result *r, char *why)
{
    struct tape_item item = { .kind = TAPE_EDGES };
    int rc;
    *r = (struct replay_result){ .side = "" };
    p->cfg = cfg;
    p->tap.cap = cfg->cap;
    do
        rc = tape_next(p->tape, &item, why);
    while (rc > 0 && play(p, &item, r));
    phy_tap_fini(&p->tap);
    if (rc < 0)
        return rc;
    if (r->edges == 0) {
        (void)snprintf(why, TAPE_WHY_BYTES, "a recording with not one edge in it: nothing to "
                       "compare");
        return -ENODATA;
    }
    r->cut = rc == 0;
    r->link_lost_bytes += r->differs ? p->late_n : 0;
    r->nic.core_cycles = p->pace.core ? p->pace.core->k - p->pace.first_k : 0;
    r->nic.phy_tx_frames = p->tap.n_out.frames;
    r->nic.phy_tx_octets = p->tap.n_out.octets;
    r->nic.phy_rx_frames = p->tap.n_in.frames;
    r->nic.phy_rx_octets = p->tap.n_in.octets;
    return 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static int make_model(struct replay *p, const struct tape_head *h, char *why)
{
    p->model = nic_model_create(h->seed, h->number);
    if (!p->model) {
        (void)snprintf(why, TAPE_WHY_BYTES, "out of memory");
        return -ENOMEM;
    }
    p->in = nic_model_inputs(p->model);
    p->out = nic_model_outputs(p->model);
    if (sim_pace_init(&p->pace, h->profile, h->core_stopped, h->start_ps, p->in) < 0) {
        (void)snprintf(why, TAPE_WHY_BYTES, "recording of profile sim:%s, which is not in this "
                       "program", h->profile);
        return -EINVAL;
    }
    p->in->phy_mdio = h->phy_mdio;
    return 0;
}

int replay_open(struct replay **out, const char *path, struct tape_head *head, char *why)
{
    struct replay *p = calloc(1, sizeof *p);
    if (!p) {
        (void)snprintf(why, TAPE_WHY_BYTES, "out of memory");
        return -ENOMEM;
    }
    int rc = tape_open(&p->tape, path, head, why);
    if (rc == 0)
        rc = make_model(p, head, why);
    if (rc < 0) {
        replay_close(p);
        return rc;
    }
    *out = p;
    return 0;
}

int replay_waves_open(struct replay *p, const char *path)
{
    return nic_model_trace_open(p->model, path);
}

int replay_waves_close(struct replay *p)
{
    return nic_model_trace_close(p->model);
}

void replay_close(struct replay *p)
{
    if (!p)
        return;
    tape_close(p->tape);
    nic_model_destroy(p->model);
    free(p);
}
