/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receive filter of a NIC under traffic against a twin in C: random addresses from the
 * other NIC, while the group table and the bits of CTRL are written at random moments. A
 * frame that met the device during a write is judged by what stood before or after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FRAMES 100000u
#define CHANGES 20000u
#define AHEAD 24u                   /* frames under way */
#define TAG 0x8000u
#define CTRL_ON (LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK)

/* What stands in the device, and for which frames at most: from the number of frames that it
 * had seen when the write was asked for to that when the next one was answered. */
struct setting {
    uint64_t hash;
    uint32_t ctrl;
    unsigned from, to;
};

struct run {
    struct twin t;
    uint64_t rng;
    unsigned sent, n_settings;
    bool asked;
    uint8_t da[FRAMES][6];
    bool got[FRAMES];
    struct setting set[CHANGES];
};

/* --- the twin ------------------------------------------------------------------------- */

static bool accepts(const struct setting *s, const uint8_t da[6])
{
    static const uint8_t all[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
    uint32_t crc = ~(uint32_t)crc32(0, da, 6);
    unsigned index = 0;
    for (unsigned bit = 0; bit < 6; bit++)
        index = index << 1 | (crc >> bit & 1u);
    if (s->ctrl & LY_CTRL_PROMISC_MASK || !memcmp(da, all, 6) || !memcmp(da, twin_mac[1], 6))
        return true;
    return (da[0] & 1) && (s->ctrl & LY_CTRL_ALLMULTI_MASK || s->hash >> index & 1);
}

/* --- traffic and changes ------------------------------------------------------------------ */

static uint32_t rnd(struct run *r)
{
    r->rng = r->rng * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(r->rng >> 32);
}

/* Mostly groups; else own, nearly own, broadcast, nearly broadcast. */
static void pick(struct run *r, uint8_t da[6])
{
    unsigned kind = rnd(r) % 16;
    for (unsigned k = 0; k < 6; k++)
        da[k] = (uint8_t)(kind < 4 ? twin_mac[1][k] : kind < 7 ? 0xFF : rnd(r) >> 8);
    if (kind == 0 || kind == 4)
        da[rnd(r) % 6] ^= (uint8_t)(1u << rnd(r) % 8);
    else if (kind >= 7 && kind < 15)
        da[0] |= 1;
}

static unsigned seen(struct run *r)
{
    struct sim_nic_stats s;
    sim_nic_stats_get(r->t.end[1].link, &s);
    return (unsigned)s.phy_rx_frames;
}

static void send_some(struct run *r)
{
    uint8_t f[TWIN_MIN];
    while (r->sent < FRAMES && r->sent - seen(r) < AHEAD && nic_tx_room(r->t.end[0].nic) > 0) {
        twin_frame(f, sizeof f, 1, r->sent, 1);
        pick(r, r->da[r->sent]);
        memcpy(f, r->da[r->sent], 6);
        for (unsigned k = 0; k < 4; k++)
            f[14 + k] = (uint8_t)(r->sent >> 8 * k);
        struct pkt *p = twin_packet(&r->t, 0, f, sizeof f);
        if (!p)
            return;
        r->sent++;
        assert_int_equal(nic_tx(r->t.end[0].nic, p), 0);
    }
}

/* One register at a time, of the second NIC. */
static void change(struct run *r)
{
    struct link_event ev;
    if (nic_reg_answer(r->t.end[1].nic, &ev)) {
        assert_int_equal(ev.status, 0);
        r->set[r->n_settings - 2].to = seen(r);
        r->asked = false;
    }
    if (r->asked || r->n_settings == CHANGES || rnd(r) % 4)
        return;
    struct setting s = r->set[r->n_settings - 1];
    uint32_t addr, value = rnd(r) & rnd(r);
    if (rnd(r) % 8 == 0) {
        addr = LY_REG_CTRL;
        value = CTRL_ON | (value & 1 ? LY_CTRL_PROMISC_MASK
                           : value & 6 ? 0 : LY_CTRL_ALLMULTI_MASK);
        s.ctrl = value;
    } else if (rnd(r) % 2) {
        addr = LY_REG_HASH_LO;
        s.hash = (s.hash & ~UINT64_C(0xFFFFFFFF)) | value;
    } else {
        addr = LY_REG_HASH_HI;
        s.hash = (s.hash & 0xFFFFFFFFu) | (uint64_t)value << 32;
    }
    s.from = seen(r);
    r->asked = nic_reg_submit(r->t.end[1].nic, TAG, addr, value, true) == 0;
    if (r->asked)
        r->set[r->n_settings++] = s;
}

static void on_turn(void *arg, unsigned end)
{
    struct run *r = arg;
    if (end == 0)
        send_some(r);
    else
        change(r);
    r->t.end[0].next_ns = r->t.end[1].next_ns = (int64_t)(world_now(r->t.world) / 1000) + 2000;
}

static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct run *r = arg;
    const uint8_t *f = pkt_data(p);
    unsigned i = f[14] | (unsigned)f[15] << 8 | (unsigned)f[16] << 16 | (unsigned)f[17] << 24;
    assert_int_equal(end, 1);
    assert_true(i < r->sent && !r->got[i] && !memcmp(f, r->da[i], 6));
    r->got[i] = true;
}

static bool all_seen(void *arg)
{
    struct run *r = arg;
    return seen(r) == FRAMES && !r->asked;
}

/* --- the judgement ---------------------------------------------------------------------- */

/* Returns bit 0: some setting that may have met frame @i refuses it; bit 1: accepts it. */
static unsigned verdicts(const struct run *r, unsigned i, unsigned *first)
{
    unsigned out = 0;
    while (r->set[*first].to + 2 < i)
        ++*first;
    for (unsigned k = *first; k < r->n_settings && r->set[k].from <= i + 2; k++)
        out |= accepts(&r->set[k], r->da[i]) ? 2u : 1u;
    return out;
}

static void twin_under_changes(void **state)
{
    unsigned first = 0, sure[2] = { 0, 0 }, delivered = 0;
    uint64_t c[NIC_COUNTERS_MAX];
    struct run *r = calloc(1, sizeof *r);
    (void)state;
    assert_non_null(r);
    r->rng = seed_of_run();
    twin_open(&r->t, &(struct twin_cfg){ .seed = seed_of_run() });
    r->set[r->n_settings++] = (struct setting){ .ctrl = CTRL_ON };
    for (unsigned i = 0; i < CHANGES; i++)
        r->set[i].to = UINT32_MAX - 2;
    r->t.arg = r;
    r->t.rx = on_rx;
    r->t.turn = on_turn;
    r->t.end[0].next_ns = r->t.end[1].next_ns = 0;
    twin_until(&r->t, all_seen, r, 10 * TWIN_S);
    r->t.turn = NULL;
    twin_run(&r->t, TWIN_MS);
    for (unsigned i = 0; i < FRAMES; i++) {
        unsigned may = verdicts(r, i, &first);
        delivered += r->got[i];
        assert_true(may >> r->got[i] & 1);
        if (may != 3)
            sure[r->got[i]]++;
    }
    twin_counters(&r->t, 1, c);
    assert_int_equal(c[LY_CTR_RX_DELIVERED], delivered);
    assert_int_equal(c[LY_CTR_RX_DROP_FILTER], FRAMES - delivered);
    print_message("%u settings; %u frames surely accepted, %u surely refused, %u by either\n",
                  r->n_settings, sure[1], sure[0], FRAMES - sure[0] - sure[1]);
    assert_true(r->n_settings > FRAMES / 100 && sure[0] > FRAMES / 5 && sure[1] > FRAMES / 5);
    assert_true(sure[0] + sure[1] > FRAMES / 10 * 8);
    twin_close(&r->t);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(twin_under_changes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
