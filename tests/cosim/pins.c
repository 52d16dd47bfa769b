/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define TO_BYTES (64u * PINS_RECORD_BYTES)
#define LINE_SYMS 200000u
#define PACKETS 8u
#define RESET_EDGES 16u
#define START_EDGES 48u                 /* from here on outputs count: sim/nic_actor.c */
#define QUIET_CYCLES 1024u
#define LIMIT_CYCLES 20000000u
#define TICK_SPARE 64u                  /* cycles of a tick that hurrying leaves */

/* --- one edge ----------------------------------------------------------------------------- */

static void medium(struct pins *p)
{
    bool sends = p->out->tx_en;
    unsigned octet = p->pace.mii ? 2 : 1;
    if (p->in->link_fd)
        return;
    if (sends && !p->sent)
        p->attempt++;
    p->since = sends && p->sent ? p->since + 1 : 0;
    p->sent = sends;
    unsigned at = p->attempt > 0 && p->attempt <= PINS_ATTEMPTS ? p->collide[p->attempt - 1] : 0;
    p->in->col = sends && at > 0 && p->since >= at * octet;
    p->in->crs = sends || p->busy || p->in->rx_dv;
}

static void phy_in(struct pins *p)
{
    struct pins_sym s = { 0 };
    if (p->line_at < p->line_n)
        s = p->line[p->line_at++];
    if (p->line_at == p->line_n)
        p->line_at = p->line_n = 0;
    p->in->rxd = s.d;
    p->in->rx_dv = s.dv;
    p->in->rx_er = s.er;
    medium(p);
}

static void phy_out(struct pins *p, uint64_t t)
{
    struct sym s;
    uint64_t quanta;
    if (!pins_out(&p->gear, p->pace.mii, p->out, &s) || !frame_asm_sym(&p->left, t, &s))
        return;
    if (frame_asm_verdict(&p->left))
        p->cut++;
    else if (frame_pause(p->left.buf, &quanta))
        p->pauses++;
    else
        p->frames++;
}

static void control(struct pins *p)
{
    struct link_event ev;
    assert_int_equal(rec_rx_event(&p->rx, &ev), 0);
    p->syncs += ev.kind == LINK_EV_SYNC;
    p->errors += ev.kind == LINK_EV_ERROR;
    if (ev.kind == LINK_EV_REG) {
        p->answer = ev;
        p->answered = true;
    }
}

static void from_nic(struct pins *p, uint8_t byte)
{
    size_t used;
    switch (rec_rx_push(&p->rx, &byte, 1, &used)) {
    case REC_FRAME:
        p->host_frames++;
        pkt_release(rec_rx_take(&p->rx));
        break;
    case REC_CONTROL:
        control(p);
        break;
    case REC_NEED_MORE:
    case REC_SYNC:
        break;
    default:
        fail();
    }
}

static void edge(struct pins *p)
{
    const struct nic_model_out *out = p->out;
    uint64_t t = sim_clocks_next(&p->pace.clocks);
    unsigned mask = sim_clocks_take(&p->pace.clocks, t);
    bool to = false, from = false;
    uint8_t byte = out->m_rec_data;
    if (mask & NIC_CLK_PHY_RX)
        phy_in(p);
    if (mask & NIC_CLK_LINK) {
        p->in->s_rec_valid = p->to_at < p->to_n;
        p->in->s_rec_data = p->in->s_rec_valid ? p->to[p->to_at] : 0;
        p->in->m_rec_ready = !p->deaf;
        to = p->in->s_rec_valid && out->s_rec_ready;
        from = p->in->m_rec_ready && out->m_rec_valid;
    }
    nic_model_edge(p->model, mask);
    if (to && ++p->to_at == p->to_n)
        p->to_at = p->to_n = 0;
    if (from)
        from_nic(p, byte);
    if (mask & NIC_CLK_CORE) {
        p->in->skip_stb = 0;
        bool rests = out->quiet && p->to_n == 0 && p->line_n == 0 && !p->in->rx_dv
                  && !(out->m_rec_valid && !p->deaf);
        p->quiet = rests ? p->quiet + 1 : 0;
    }
    if (mask & (p->pace.mii ? NIC_CLK_MII_TX : NIC_CLK_CORE))
        phy_out(p, t);
}

/* --- time --------------------------------------------------------------------------------- */

void pins_run(struct pins *p, unsigned cycles)
{
    for (uint64_t end = p->pace.core->k + cycles; p->pace.core->k < end; )
        edge(p);
}

static bool rests(const struct pins *p)
{
    return p->quiet >= QUIET_CYCLES;
}

void pins_settle(struct pins *p)
{
    p->quiet = 0;
    pins_until(p, rests, false);
}

void pins_until(struct pins *p, bool (*done)(const struct pins *p), bool hurry)
{
    uint64_t limit = p->pace.core->k + LIMIT_CYCLES;
    while (!done(p)) {
        assert_true(p->pace.core->k < limit);
        uint32_t left = p->out->deadline;
        if (hurry && left != UINT32_MAX && left > 2 * TICK_SPARE) {
            p->in->skip_cycles = left - TICK_SPARE;
            p->in->skip_stb = 1;
        }
        pins_run(p, hurry ? 2 * TICK_SPARE : 1);
    }
}

/* --- records ------------------------------------------------------------------------------ */

void pins_bytes(struct pins *p, const void *bytes, unsigned n)
{
    assert_true(p->to_n + n <= TO_BYTES);
    memcpy(p->to + p->to_n, bytes, n);
    p->to_n += n;
}

void pins_record(struct pins *p, unsigned type, const void *payload, unsigned n)
{
    uint8_t rec[PINS_RECORD_BYTES] = { 0 };
    const struct rec_hdr h = { .type = (uint8_t)type, .length = n };
    assert_true(LY_REC_HDR_BYTES + rec_padded(n) <= sizeof rec);
    rec_hdr_emit(rec, &h);
    memcpy(rec + LY_REC_HDR_BYTES, payload, n);
    pins_bytes(p, rec, LY_REC_HDR_BYTES + rec_padded(n));
}

void pins_send(struct pins *p, const uint8_t *vnet, const uint8_t *frame, unsigned n)
{
    uint8_t body[PINS_RECORD_BYTES] = { 0 };
    if (vnet)
        memcpy(body, vnet, LY_REC_VNET_BYTES);
    memcpy(body + LY_REC_VNET_BYTES, frame, n);
    pins_record(p, LY_REC_FRAME, body, LY_REC_VNET_BYTES + n);
}

static bool in_step(const struct pins *p)
{
    return p->syncs > 0;
}

void pins_sync(struct pins *p)
{
    uint8_t rec[REC_CONTROL_MAX_BYTES];
    p->syncs = 0;
    pins_bytes(p, rec, (unsigned)rec_emit_sync(rec));
    pins_until(p, in_step, false);
}

static bool was_answered(const struct pins *p)
{
    return p->answered;
}

uint32_t pins_reg(struct pins *p, uint32_t addr, uint32_t value, bool write)
{
    uint8_t rec[REC_CONTROL_MAX_BYTES];
    size_t n = write ? rec_emit_reg_write(rec, 1, addr, value) : rec_emit_reg_read(rec, 1, addr);
    p->answered = false;
    pins_bytes(p, rec, (unsigned)n);
    pins_until(p, was_answered, false);
    assert_int_equal(p->answer.addr, addr);
    assert_int_equal(p->answer.status, 0);
    return p->answer.value;
}

void pins_counters(struct pins *p, uint64_t out[LY_CTR_COUNT])
{
    (void)pins_reg(p, LY_REG_SNAPSHOT, LY_SNAPSHOT_BUSY_MASK, true);
    for (unsigned i = 0; i < LY_CTR_COUNT; i++) {
        uint32_t addr = LY_REG_COUNTERS + i * LY_CTR_STRIDE_BYTES;
        out[i] = pins_reg(p, addr, 0, false);
        out[i] |= (uint64_t)pins_reg(p, addr + 4, 0, false) << 32;
    }
}

/* --- the line ----------------------------------------------------------------------------- */

static void put(struct pins *p, struct pins_sym s)
{
    assert_true(p->line_n < LINE_SYMS);
    p->line[p->line_n++] = s;
}

void pins_nibble(struct pins *p, uint8_t d)
{
    assert_true(p->pace.mii);
    put(p, (struct pins_sym){ .d = d & 15u, .dv = 1 });
}

void pins_octet(struct pins *p, uint8_t d, bool er)
{
    if (!p->pace.mii) {
        put(p, (struct pins_sym){ d, 1, er });
        return;
    }
    put(p, (struct pins_sym){ d & 15u, 1, er });
    put(p, (struct pins_sym){ d >> 4, 1, er });
}

void pins_gap(struct pins *p, unsigned octets)
{
    for (unsigned i = 0; i < (p->pace.mii ? 2 : 1) * octets; i++)
        put(p, (struct pins_sym){ 0 });
}

void pins_preamble(struct pins *p)
{
    for (unsigned i = 0; i < ETH_PREAMBLE_BYTES; i++)
        pins_octet(p, 0x55, false);
    pins_octet(p, 0xD5, false);
}

void pins_frame(struct pins *p, const uint8_t *f, unsigned n)
{
    pins_preamble(p);
    for (unsigned i = 0; i < n; i++)
        pins_octet(p, f[i], false);
    pins_gap(p, ETH_GAP_BYTES);
}

void pins_collide(struct pins *p, unsigned n, unsigned octets)
{
    p->attempt = 0;
    for (unsigned i = 0; i < PINS_ATTEMPTS; i++)
        p->collide[i] = i < n ? octets : 0;
}

/* --- begin and end ------------------------------------------------------------------------ */

static void reset(struct pins *p)
{
    p->in->rst = 1;
    for (unsigned i = 0; i < START_EDGES; i++) {
        uint64_t t = sim_clocks_next(&p->pace.clocks);
        p->in->rst = i < RESET_EDGES;
        nic_model_edge(p->model, sim_clocks_take(&p->pace.clocks, t));
    }
}

void pins_open(struct pins *p, const char *profile, uint64_t seed)
{
    size_t bytes = pkt_pool_bytes(PACKETS, 0);
    memset(p, 0, sizeof *p);
    p->model = nic_model_create(seed, 0);
    p->to = malloc(TO_BYTES);
    p->line = calloc(LINE_SYMS, sizeof p->line[0]);
    p->mem = malloc(bytes);
    assert_true(p->model && p->to && p->line && p->mem);
    p->in = nic_model_inputs(p->model);
    p->out = nic_model_outputs(p->model);
    p->pool = pkt_pool_create(p->mem, bytes, PACKETS, 0);
    rec_rx_init(&p->rx, p->pool, PINS_RECORD_BYTES);
    assert_int_equal(sim_pace_init(&p->pace, profile, false, 0, p->in), 0);
    reset(p);
    pins_sync(p);
}

void pins_close(struct pins *p)
{
    rec_rx_fini(&p->rx);
    assert_int_equal(pkt_pool_in_use(p->pool), 0);
    nic_model_destroy(p->model);
    free(p->to);
    free(p->line);
    free(p->mem);
}
