/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/flood.h"

#include "driver/nic_regs.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* No other frame begins so many bit times after a pause frame. 31B.3.7 allows 512, 1024 at 1000
 * Mbit/s. */
#define REACT_BITS 256u
#define REPEAT_QUANTA 256u          /* rtl/mac/ly_pause.v */

/* --- frames ----------------------------------------------------------------------------- */

static unsigned length(const struct flood *f, unsigned from, unsigned i)
{
    unsigned room = f->cfg.len_max - f->cfg.len_min;
    return f->cfg.len_min + sim_hash32(f->seed + from, i) % (room + 1);
}

static bool may_send(const struct flood *f, unsigned end)
{
    if (end == 0)
        return f->cfg.frames ? f->sent[0] < f->cfg.frames : !f->stop;
    return f->cfg.both_ways && !f->stop;
}

static void send(struct flood *f, unsigned end)
{
    uint8_t b[TWIN_MAX];
    while (may_send(f, end) && nic_tx_room(f->t.end[end].nic) > 0) {
        unsigned len = length(f, end, f->sent[end]);
        twin_frame(b, len, f->seed, f->sent[end], !end);
        struct pkt *p = twin_packet(&f->t, end, b, len);
        if (!p)
            return;
        f->sent[end]++;
        assert_int_equal(nic_tx(f->t.end[end].nic, p), 0);
        f->t.end[end].next_ns = 0;
    }
}

static void on_turn(void *arg, unsigned end)
{
    send(arg, end);
}

/* In order; a frame that was dropped is passed over, and counted at the end. */
static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct flood *f = arg;
    uint8_t want[TWIN_MAX];
    unsigned len;
    do {
        assert_true(f->got[end] < f->sent[!end]);
        len = length(f, !end, f->got[end]);
        twin_frame(want, len, f->seed, f->got[end]++, end);
    } while (!f->cfg.pause && (p->len != len || memcmp(pkt_data(p), want, len)));
    assert_int_equal(p->len, len);
    assert_memory_equal(pkt_data(p), want, len);
}

/* --- the queue, from outside -------------------------------------------------------------- */

static uint32_t kept(uint32_t octets)
{
    return octets <= ETH_FCS_BYTES ? 0 : (octets - ETH_FCS_BYTES + 1) & ~UINT32_C(1);
}

unsigned flood_read(const struct flood *f)
{
    struct nic_stats s;
    nic_stats_get(f->t.end[1].nic, &s);
    return (unsigned)s.link.rx_frames;
}

/* When so many frames have reached the host. */
static uint32_t level_with(const struct flood *f, unsigned read)
{
    const struct frame_asm *a = &f->spy.in[1];
    assert_true(f->came - read < FLOOD_LINE);
    uint64_t whole = f->sum[f->came % FLOOD_LINE] - f->sum[read % FLOOD_LINE];
    return (uint32_t)whole + (a->in && a->sfd ? kept(a->len) : 0);
}

uint32_t flood_level(struct flood *f)
{
    return level_with(f, flood_read(f));
}

static void on_came(void *arg, unsigned port, const struct spy_frame *s)
{
    struct flood *f = arg;
    if (port != 1)
        return;
    uint64_t sum = f->sum[f->came % FLOOD_LINE] + kept(s->f->len);
    f->sum[++f->came % FLOOD_LINE] = sum;
    uint32_t level = flood_level(f);
    f->peak = level > f->peak ? level : f->peak;
}

/* --- pause frames of end 1 ---------------------------------------------------------------- */

static void on_begins(void *arg, unsigned port, uint64_t t)
{
    struct flood *f = arg;
    if (port == 1) {
        f->read = flood_read(f);
        f->level = level_with(f, f->read);
        return;
    }
    assert_true(!f->told || f->obeyed_ps == 0 || t < f->obeyed_ps);
    uint64_t gap = t - f->ended_ps;
    if (f->begun++ > 0) {
        f->least_gap_ps = gap < f->least_gap_ps ? gap : f->least_gap_ps;
        f->most_gap_ps = gap > f->most_gap_ps ? gap : f->most_gap_ps;
    }
}

static void asked(struct flood *f, const struct spy_frame *s)
{
    f->xoff++;
    if (!f->told) {
        f->xoff_least = f->level < f->xoff_least ? f->level : f->xoff_least;
        f->xoff_most = f->level > f->xoff_most ? f->level : f->xoff_most;
        f->obeyed_ps = s->end_ps + spy_bits_ps(&f->spy, REACT_BITS);
        f->repeats = 0;
    } else {
        uint64_t d = s->begin_ps - f->told_ps;
        f->again++;
        f->repeats++;
        f->again_least_ps = d < f->again_least_ps ? d : f->again_least_ps;
        f->again_most_ps = d > f->again_most_ps ? d : f->again_most_ps;
    }
    f->told = true;
    f->told_ps = s->begin_ps;
}

/* The queue has just fallen below the level: with the record that reached the host last, or
 * with the one that is about to. Where a frame of end 1 had to end first it fell further. */
static void let_go(struct flood *f)
{
    uint32_t below = flood_xon_below(f->cfg.queue_bytes);
    bool is = level_with(f, f->read) < below;
    bool will = f->read == f->came || level_with(f, f->read + 1) < below;
    assert_true(f->told && will);
    assert_true(f->cfg.both_ways || !is || level_with(f, f->read - 1) >= below);
    f->xon++;
    f->told = false;
    f->obeyed_ps = 0;
}

static void on_left(void *arg, unsigned port, const struct spy_frame *s)
{
    struct flood *f = arg;
    unsigned quanta;
    if (port == 0)
        f->ended_ps = s->end_ps;
    if (!spy_is_pause(s, &quanta))
        return;
    assert_int_equal(port, 1);
    assert_memory_equal(s->f->buf + 6, twin_mac[1], 6);
    if (quanta > 0)
        asked(f, s);
    else
        let_go(f);
}

/* --- begin and end ------------------------------------------------------------------------ */

void flood_deaf(struct flood *f, bool deaf)
{
    f->t.end[1].deaf = deaf;
    f->t.end[1].next_ns = 0;
    world_due(f->t.world, world_now(f->t.world));
}

struct flood *flood_open(const struct flood_cfg *cfg)
{
    struct flood *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->cfg = *cfg;
    f->seed = seed_of_run();
    f->least_gap_ps = f->again_least_ps = UINT64_MAX;
    f->xoff_least = UINT32_MAX;
    spy_init(&f->spy, cfg->mbit);
    f->spy.begins = on_begins;
    f->spy.left = on_left;
    f->spy.came = on_came;
    f->spy.arg = f;
    twin_open(&f->t, &(struct twin_cfg){ .seed = f->seed, .profile = cfg->profile,
                                         .rx_bytes_hz = cfg->rx_bytes_hz,
                                         .round = spy_round, .round_arg = &f->spy });
    if (cfg->pause) {
        twin_reg(&f->t, 0, LY_REG_LINK_CTRL, LY_LINK_CTRL_PAUSE_RX_MASK, true);
        twin_reg(&f->t, 1, LY_REG_LINK_CTRL, LY_LINK_CTRL_PAUSE_TX_MASK, true);
    }
    f->t.arg = f;
    f->t.rx = on_rx;
    f->t.turn = on_turn;
    f->t.end[0].next_ns = f->t.end[1].next_ns = 0;
    world_due(f->t.world, world_now(f->t.world));
    return f;
}

/* The highest level where the other end obeys as late as 31B.3.7 allows: a frame of ours is in
 * the way, then the pause frame goes, they react, and have just begun another one. */
static uint32_t worst(const struct flood *f)
{
    uint32_t react = (f->cfg.mbit == 1000 ? 2 : 1) * FLOOD_QUANTUM_BITS / 8;
    return flood_xoff_at(f->cfg.queue_bytes) + 2 * FLOOD_OCTETS_MAX + ETH_GAP_BYTES
         + ETH_PREAMBLE_BYTES + 1 + SPY_PAUSE_BYTES + react + FLOOD_SLACK;
}

static bool drained(void *arg)
{
    struct flood *f = arg;
    return !may_send(f, 0) && f->came == f->sent[0] && flood_level(f) == 0
        && f->got[0] == f->sent[1] && !f->told;
}

void flood_close(struct flood *f, unsigned lost)
{
    uint64_t c[2][NIC_COUNTERS_MAX];
    unsigned pauses;
    f->stop = true;
    flood_deaf(f, false);
    if (lost == 0)
        twin_until(&f->t, drained, f, 2 * TWIN_S);
    else
        twin_run(&f->t, 20 * TWIN_MS);
    twin_run(&f->t, TWIN_MS);
    pauses = f->xoff + f->xon;
    for (unsigned i = 0; i < 2; i++)
        twin_counters(&f->t, i, c[i]);
    assert_true(!f->cfg.pause || (f->peak <= worst(f) && worst(f) <= f->cfg.queue_bytes - 4));
    assert_int_equal(c[1][LY_CTR_RX_DROP_FULL], lost);
    assert_int_equal(c[1][LY_CTR_RX_DELIVERED], f->sent[0] - lost);
    assert_int_equal(flood_read(f), f->sent[0] - lost);
    assert_int_equal(c[0][LY_CTR_TX_FRAMES], f->sent[0]);
    assert_int_equal(c[1][LY_CTR_TX_FRAMES], f->sent[1]);
    assert_int_equal(c[1][LY_CTR_TX_PAUSE_FRAMES], pauses);
    assert_int_equal(c[0][LY_CTR_RX_PAUSE_FRAMES], pauses);
    assert_int_equal(c[0][LY_CTR_RX_DROP_FILTER], pauses);
    assert_int_equal(c[0][LY_CTR_RX_DELIVERED], f->sent[1]);
    assert_int_equal(c[0][LY_CTR_TX_PAUSE_FRAMES] + c[1][LY_CTR_RX_PAUSE_FRAMES], 0);
    if (f->again > 0) {
        uint64_t every = spy_bits_ps(&f->spy, REPEAT_QUANTA * FLOOD_QUANTUM_BITS);
        uint64_t late = spy_bits_ps(&f->spy, 8 * FLOOD_OCTETS_MAX);
        assert_true(f->again_least_ps + late >= every && f->again_most_ps <= every + late);
    }
    twin_close(&f->t);
    spy_fini(&f->spy);
    free(f);
}
