/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pause frames that a NIC receives: end 0 sends back to back, and pause frames reach it at
 * random moments. Judged by the times of symbols at its pins, against the diagrams of annex 31B
 * in plain arithmetic: the timer starts at the end of reception, or where a frame is under way
 * then, at the end of that (31B.3.4.4, WAIT FOR TRANSMISSION COMPLETION); when it is through,
 * within one quantum either way, the next frame begins. What is no valid pause frame moves
 * nothing: then exactly the gap lies between two frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/spy.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 65536u
#define PAUSES 2048u
#define QUANTUM_BITS 512u
#define GAP_BITS 96u
/* From the end of reception on no other frame begins, bit times; 31B.3.7 allows 512, 1024 at
 * 1000 Mbit/s. What began before is under way. */
#define REACT_BITS 256u
#define OCTETS_MAX 1538u            /* of the wire, for the longest frame */

struct lab {
    struct twin t;
    struct spy spy;
    uint64_t seed, rng;
    unsigned quanta_most;
    bool stop;
    unsigned sent, got;
    /* Handed to end 0: valid pause frames, and what is none, by what it counts as. */
    unsigned put, bad_fcs, undersize, to_host, foreign;
    unsigned seen, host_pauses, host_others, n_frames, n_pauses;
    bool in_gap[FRAMES];            /* a pause rules the gap before this frame */
    struct { uint64_t begin, end; } frame[FRAMES];
    struct { uint64_t at; unsigned quanta; } pause[PAUSES];
    int64_t least, most;            /* next start less what was asked, bit times */
};

static uint32_t rnd(struct lab *l, uint32_t below)
{
    l->rng = l->rng * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((l->rng >> 32) % below);
}

/* --- the hosts -------------------------------------------------------------------------- */

static unsigned length(const struct lab *l, unsigned i)
{
    uint32_t h = sim_hash32(l->seed ^ 0x5050, i);
    return h % 4 == 0 ? TWIN_MIN : h % 4 == 1 ? TWIN_MAX
         : TWIN_MIN + h / 4 % (TWIN_MAX - TWIN_MIN + 1);
}

static void on_turn(void *arg, unsigned end)
{
    struct lab *l = arg;
    uint8_t f[TWIN_MAX];
    while (end == 0 && !l->stop && nic_tx_room(l->t.end[0].nic) > 0) {
        unsigned len = length(l, l->sent);
        twin_frame(f, len, l->seed, l->sent, 1);
        struct pkt *p = twin_packet(&l->t, 0, f, len);
        if (!p)
            return;
        l->sent++;
        assert_int_equal(nic_tx(l->t.end[0].nic, p), 0);
        l->t.end[0].next_ns = 0;
    }
}

/* Every frame comes whole, none twice; of what was put onto the wire only what is told. */
static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct lab *l = arg;
    uint8_t want[TWIN_MAX];
    if (end == 0) {
        const uint8_t *f = pkt_data(p);
        bool pause = f[12] == 0x88 && f[13] == 0x08 && f[14] == 0 && f[15] == 1 && f[0] != 0xFF;
        l->host_pauses += pause;
        l->host_others += !pause;
        return;
    }
    unsigned len = length(l, l->got);
    twin_frame(want, len, l->seed, l->got++, 1);
    assert_int_equal(p->len, len);
    assert_memory_equal(pkt_data(p), want, len);
}

/* --- the wire --------------------------------------------------------------------------- */

static void on_left(void *arg, unsigned port, const struct spy_frame *f)
{
    struct lab *l = arg;
    unsigned quanta;
    assert_false(spy_is_pause(f, &quanta));     /* nobody was told to send any */
    if (port != 0)
        return;
    assert_true(l->n_frames < FRAMES);
    l->frame[l->n_frames].begin = f->begin_ps;
    l->frame[l->n_frames++].end = f->end_ps;
}

static void put(struct lab *l, uint64_t at, const uint8_t *f, unsigned len)
{
    l->put++;
    spy_put(&l->spy, 0, at, f, len);
}

static void put_pause(struct lab *l, uint64_t at, const uint8_t da[6], unsigned quanta)
{
    uint8_t f[SPY_PAUSE_BYTES];
    spy_pause(f, da, quanta);
    assert_true(l->n_pauses < PAUSES);
    l->pause[l->n_pauses++].quanta = quanta;
    put(l, at, f, sizeof(f));
}

/* The valid ones are known by their time: they come in the order in which they were put. */
static void on_came(void *arg, unsigned port, const struct spy_frame *f)
{
    struct lab *l = arg;
    const uint8_t *b = f->f->buf;
    if (port != 0)
        return;
    l->seen++;
    bool da = !memcmp(b, spy_group, 6) || !memcmp(b, twin_mac[0], 6);
    static const uint8_t type[4] = { 0x88, 0x08, 0x00, 0x01 };
    if (!da || memcmp(b + 12, type, 4) || f->f->len < SPY_PAUSE_BYTES || frame_asm_verdict(f->f))
        return;
    for (unsigned k = 0; k < l->n_pauses; k++)
        if (l->pause[k].at == 0) {
            l->pause[k].at = f->end_ps;
            assert_int_equal(b[SPY_PAUSE_AT] << 8 | b[SPY_PAUSE_AT + 1], l->pause[k].quanta);
            return;
        }
    fail();
}

/* --- what is no pause frame ------------------------------------------------------------- */

#define BAD_KINDS 11u

/* @quanta would be obeyed if it were one. */
static void put_bad(struct lab *l, uint64_t at, unsigned kind, unsigned quanta)
{
    uint8_t f[SPY_PAUSE_BYTES + 4];
    unsigned len = SPY_PAUSE_BYTES;
    spy_pause(f, spy_group, quanta);
    switch (kind) {
    case 0: f[63] ^= 0x10; l->bad_fcs++; break;
    case 1: f[17] ^= 0x01; l->bad_fcs++; break;         /* no FCS fits any more */
    case 2: f[15] = 0x02; break;                        /* the opcode, low and high octet */
    case 3: f[14] = 0x01; break;                        /* 01-01: PFC of 802.1Q */
    case 4: f[13] = 0x09; break;                        /* the type */
    case 5: f[5] = 0x02; break;                         /* the group of slow protocols */
    case 6: f[0] = 0x00; break;                         /* the group bit */
    case 7: memcpy(f, twin_mac[1], 6); break;           /* the other's address */
    case 8: memset(f, 0xFF, 6); l->to_host++; break;
    case 9: len = 60; l->undersize++; break;
    default:                                            /* tagged */
        memmove(f + 16, f + 12, 44);
        memcpy(f + 12, "\x81\x00\x00\x05", 4);
        len += 4;
        break;
    }
    l->foreign += kind >= 2 && kind != 8 && kind != 9;
    if (kind > 1)
        spy_fcs(f, len);
    put(l, at, f, len);
}

/* --- one trial -------------------------------------------------------------------------- */

static unsigned quanta_of(struct lab *l)
{
    static const unsigned some[] = { 0, 1, 2, 3, 17, 255, 1000 };
    unsigned q = some[rnd(l, sizeof(some) / sizeof(some[0]))];
    return q > l->quanta_most ? l->quanta_most : q;
}

static bool all_seen(void *arg)
{
    const struct lab *l = arg;
    return l->seen == l->put;
}

/* One or two, the second one soon or in the midst of the first one's time. */
static void trial(struct lab *l, unsigned nr)
{
    const uint64_t octet = l->spy.sym_ps, quantum = spy_bits_ps(&l->spy, QUANTUM_BITS);
    const uint8_t *da = rnd(l, 3) ? spy_group : twin_mac[0];
    unsigned a = quanta_of(l), b, kind = nr % 8;
    uint64_t at = world_now(l->t.world) + rnd(l, 2 * OCTETS_MAX) * octet + rnd(l, (uint32_t)octet);
    uint64_t soon = at + 84 * octet + rnd(l, OCTETS_MAX) * octet;
    uint64_t within = at + 84 * octet + rnd(l, (a + 1) * 64) * octet;

    switch (kind) {
    case 0:
    case 1:
        put_pause(l, at, da, a);
        break;
    case 2:                         /* another: longer or shorter */
        put_pause(l, at, da, a);
        put_pause(l, within, spy_group, b = quanta_of(l));
        a = a > b ? a : b;
        break;
    case 3:                         /* XON */
        put_pause(l, at, spy_group, a);
        put_pause(l, within, da, 0);
        break;
    case 4:
        put_pause(l, at, spy_group, a);
        put_pause(l, soon, da, b = quanta_of(l));
        a = a > b ? a : b;
        break;
    case 5:
    case 6:
        put_bad(l, at, rnd(l, BAD_KINDS), 50);
        a = 0;
        break;
    default:                        /* neither ends nor prolongs it */
        put_pause(l, at, da, a);
        put_bad(l, within, rnd(l, BAD_KINDS), rnd(l, 2) * 60);
        break;
    }
    twin_until(&l->t, all_seen, l, TWIN_S);
    twin_run(&l->t, (a + 1) * quantum + 4 * OCTETS_MAX * octet);
}

/* --- the judgement ---------------------------------------------------------------------- */

static int64_t bits(const struct lab *l, uint64_t later, uint64_t t)
{
    return ((int64_t)later - (int64_t)t) * 8 / (int64_t)l->spy.sym_ps;
}

/* Frames that begin before this time may have begun before pause frame @k was obeyed. While
 * another one holds until @held there are none. */
static uint64_t obeyed(const struct lab *l, unsigned k, uint64_t held)
{
    uint64_t react = l->pause[k].at + spy_bits_ps(&l->spy, REACT_BITS);
    return held > react ? l->pause[k].at : react;
}

/* The pause frame @k, frame @i being the last that may have begun before it was obeyed. Returns
 * until when it holds. */
static uint64_t judge_pause(struct lab *l, unsigned k, unsigned i)
{
    uint64_t from = l->pause[k].at > l->frame[i].end ? l->pause[k].at : l->frame[i].end;
    uint64_t want = from + spy_bits_ps(&l->spy, (uint64_t)l->pause[k].quanta * QUANTUM_BITS);
    uint64_t next = l->frame[i + 1].begin;
    if (k + 1 < l->n_pauses && next >= obeyed(l, k + 1, want)) {    /* that one counts */
        assert_true(bits(l, l->pause[k + 1].at, want) <= (int64_t)QUANTUM_BITS);
        return want;
    }
    int64_t d = bits(l, next, want);
    if (d < -(int64_t)QUANTUM_BITS || d > (int64_t)QUANTUM_BITS)
        fail_msg("%u quanta, frame under way for %lld bit times more: off by %lld",
                 l->pause[k].quanta, (long long)bits(l, from, l->pause[k].at), (long long)d);
    l->least = d < l->least ? d : l->least;
    l->most = d > l->most ? d : l->most;
    return want;
}

static void judge(struct lab *l)
{
    unsigned i = 0;
    uint64_t held = 0;
    for (unsigned k = 0; k < l->n_pauses; k++) {
        while (i + 1 < l->n_frames && l->frame[i + 1].begin < obeyed(l, k, held))
            i++;
        assert_true(i > 0 && i + 1 < l->n_frames);
        held = judge_pause(l, k, i);
        l->in_gap[i + 1] = true;
    }
    for (i = 1; i < l->n_frames; i++)
        if (!l->in_gap[i])
            assert_int_equal(bits(l, l->frame[i].begin, l->frame[i - 1].end), GAP_BITS);
}

static bool all_arrived(void *arg)
{
    const struct lab *l = arg;
    return l->got == l->sent;
}

static void lab_counters(struct lab *l)
{
    uint64_t c[NIC_COUNTERS_MAX];
    twin_counters(&l->t, 0, c);
    assert_int_equal(c[LY_CTR_RX_PAUSE_FRAMES], l->n_pauses);
    assert_int_equal(c[LY_CTR_RX_FRAMES], l->put - l->bad_fcs - l->undersize);
    assert_int_equal(c[LY_CTR_RX_FCS_ERRORS], l->bad_fcs);
    assert_int_equal(c[LY_CTR_RX_UNDERSIZE], l->undersize);
    assert_int_equal(c[LY_CTR_RX_DELIVERED], l->to_host);
    assert_int_equal(c[LY_CTR_RX_DROP_FILTER], l->n_pauses + l->foreign);
    assert_int_equal(c[LY_CTR_TX_FRAMES], l->sent);
    assert_int_equal(c[LY_CTR_TX_PAUSE_FRAMES], 0);
    assert_int_equal(l->host_others, l->to_host);
    assert_int_equal(l->host_pauses, 0);
    twin_counters(&l->t, 1, c);
    assert_int_equal(c[LY_CTR_RX_FRAMES], l->sent);
    assert_int_equal(c[LY_CTR_RX_PAUSE_FRAMES], 0);
}

static struct lab *lab_open(const char *profile, unsigned mbit, uint32_t link_ctrl)
{
    struct lab *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    l->seed = l->rng = seed_of_run();
    l->least = INT64_MAX;
    l->most = INT64_MIN;
    spy_init(&l->spy, mbit);
    l->spy.left = on_left;
    l->spy.came = on_came;
    l->spy.arg = l;
    twin_open(&l->t, &(struct twin_cfg){ .seed = l->seed, .profile = profile,
                                         .round = spy_round, .round_arg = &l->spy });
    twin_reg(&l->t, 0, LY_REG_LINK_CTRL, link_ctrl, true);
    l->t.arg = l;
    l->t.rx = on_rx;
    l->t.turn = on_turn;
    l->t.end[0].next_ns = 0;
    world_due(l->t.world, world_now(l->t.world));
    twin_run(&l->t, 10 * OCTETS_MAX * l->spy.sym_ps);
    l->n_frames = 0;            /* from here on the line is full */
    return l;
}

static void lab_close(struct lab *l)
{
    l->stop = true;
    twin_until(&l->t, all_arrived, l, TWIN_S);
    twin_run(&l->t, 2 * OCTETS_MAX * l->spy.sym_ps);
    lab_counters(l);
    twin_close(&l->t);
    spy_fini(&l->spy);
    free(l);
}

static void at_speed(const char *profile, unsigned mbit, unsigned trials, unsigned quanta_most)
{
    struct lab *l = lab_open(profile, mbit, LY_LINK_CTRL_PAUSE_RX_MASK);
    l->quanta_most = quanta_most;
    for (unsigned i = 0; i < trials; i++)
        trial(l, i);
    judge(l);
    print_message("%u Mbit/s: %u pause frames, next start %lld to %lld bit times from what was "
                  "asked\n", mbit, l->n_pauses, (long long)l->least, (long long)l->most);
    lab_close(l);
}

/* Clause: IEEE 802.3 31B.3.4, IEEE 802.3 31B.3.7 */
static void quanta_at_1000(void **state)
{
    (void)state;
    at_speed("gmii", 1000, 200, 1000);
}

/* Clause: IEEE 802.3 31B.3.4, IEEE 802.3 31B.3.7 */
static void quanta_at_100(void **state)
{
    (void)state;
    at_speed("mii", 100, 32, 1000);
}

/* Clause: IEEE 802.3 31B.3.4, IEEE 802.3 31B.3.7 */
static void quanta_at_10(void **state)
{
    (void)state;
    at_speed("mii10", 10, 8, 17);
}

/* LINK_CTRL.pause_rx 0: nobody agreed to pause. Clause: IEEE 802.3 31B.1 */
static void not_when_off(void **state)
{
    (void)state;
    struct lab *l = lab_open("gmii", 1000, LY_LINK_CTRL_PAUSE_TX_MASK);
    for (unsigned i = 0; i < 8; i++) {
        put_pause(l, world_now(l->t.world) + l->spy.sym_ps, i % 2 ? spy_group : twin_mac[0], 100);
        twin_run(&l->t, 4 * OCTETS_MAX * l->spy.sym_ps);
    }
    for (unsigned i = 1; i < l->n_frames; i++)
        assert_int_equal(bits(l, l->frame[i].begin, l->frame[i - 1].end), GAP_BITS);
    assert_true(l->n_frames > 16);
    lab_close(l);
}

/* --- who gets to see them ----------------------------------------------------------------- */

#define CTRL_ON (LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK)

/* Open to everything the host gets no pause frame; with PASS_PAUSE it does, and they are obeyed
 * all the same. None leaves by the wire again: on_left(). */
static void not_forwarded(void **state)
{
    static const struct { uint32_t ctrl; unsigned group, own; } rows[] = {
        { CTRL_ON, 0, 0 },
        { CTRL_ON | LY_CTRL_PROMISC_MASK | LY_CTRL_ALLMULTI_MASK, 0, 0 },
        { CTRL_ON | LY_CTRL_PASS_PAUSE_MASK, 0, 1 },
        { CTRL_ON | LY_CTRL_PASS_PAUSE_MASK | LY_CTRL_ALLMULTI_MASK, 1, 1 },
        { CTRL_ON | LY_CTRL_PASS_PAUSE_MASK | LY_CTRL_PROMISC_MASK, 1, 1 },
    };
    (void)state;
    struct lab *l = lab_open("gmii", 1000, LY_LINK_CTRL_PAUSE_RX_MASK);
    unsigned passed = 0;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        twin_reg(&l->t, 0, LY_REG_CTRL, rows[i].ctrl, true);
        for (unsigned own = 0; own < 2; own++) {
            put_pause(l, world_now(l->t.world) + l->spy.sym_ps, own ? twin_mac[0] : spy_group, 30);
            twin_until(&l->t, all_seen, l, TWIN_MS);
            twin_run(&l->t, 50 * spy_bits_ps(&l->spy, QUANTUM_BITS) + 40 * TWIN_US);
            passed += own ? rows[i].own : rows[i].group;
            assert_int_equal(l->host_pauses, passed);
        }
    }
    judge(l);
    uint64_t c[NIC_COUNTERS_MAX];
    twin_counters(&l->t, 0, c);
    assert_int_equal(c[LY_CTR_RX_PAUSE_FRAMES], l->n_pauses);
    assert_int_equal(c[LY_CTR_RX_DELIVERED], passed);
    assert_int_equal(c[LY_CTR_RX_DROP_FILTER], l->n_pauses - passed);
    l->stop = true;
    twin_until(&l->t, all_arrived, l, TWIN_S);
    twin_close(&l->t);
    spy_fini(&l->spy);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quanta_at_1000), cmocka_unit_test(quanta_at_100),
        cmocka_unit_test(quanta_at_10), cmocka_unit_test(not_when_off),
        cmocka_unit_test(not_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
