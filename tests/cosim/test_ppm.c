/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a cable with clocks that differ by 200 millionths, both signs: nothing is
 * lost at line rate, and the elastic FIFO of the PHY side (rtl/phy/README.md) stays far from
 * full. Frames of 1,518 octets go from NIC to NIC both ways; frames of 9,018, longer than the
 * model's MAX_FRAME, come from the wire: the MAC counts each as oversize, which needs its good
 * FCS, so every octet of it crossed the FIFO.
 *
 * LY_PPM_MS: milliseconds of wire time each (default: 2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "sim/wire_frames.h"
#include "tests/cosim/spy.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUMBO 9018u
#define LEAD 8u
#define SETTLED_MIN 2u
/* Words in the FIFO at most, as proved for 200 millionths of a jumbo frame with a synchroniser's
 * random cycles: LEVEL of rtl/formal/ly_felastic.v. 600 of a frame of 1,518 octets are less. */
#define PROVED_LEVEL 6u
/* Beside it stands the octet in the register behind the pins. */
#define EXPECTED_MAX (PROVED_LEVEL + 1)

static uint64_t wire_ps(void)
{
    const char *text = getenv("LY_PPM_MS");
    return (text ? strtoull(text, NULL, 0) : 2) * TWIN_MS;
}

/* Of the first @ends NICs: each has received. */
static void elastic_judge(struct twin *t, unsigned ends, const char *what, const int ppm[2])
{
    for (unsigned i = 0; i < ends; i++) {
        struct sim_nic_stats s;
        sim_nic_stats_get(t->end[i].link, &s);
        assert_true(s.rx_elastic_max > 0);
        printf("%s, clock %+d, line %+d ppm: %u to %u octets between pins and core\n", what,
               ppm[i], ppm[!i], s.rx_elastic_min, s.rx_elastic_max);
        assert_true(s.rx_elastic_min >= SETTLED_MIN);
        assert_true(s.rx_elastic_max <= EXPECTED_MAX);
    }
}

/* --- NIC to NIC, both ways ------------------------------------------------------------- */

struct load {
    struct twin t;
    unsigned sent[2], got[2];
    bool stop;
};

static void on_turn(void *arg, unsigned end)
{
    struct load *l = arg;
    uint8_t f[TWIN_MAX];
    while (!l->stop && nic_tx_room(l->t.end[end].nic) > 0) {
        twin_frame(f, TWIN_MAX, 1, l->sent[end], !end);
        struct pkt *p = twin_packet(&l->t, end, f, TWIN_MAX);
        if (!p)
            return;
        l->sent[end]++;
        assert_int_equal(nic_tx(l->t.end[end].nic, p), 0);
        l->t.end[end].next_ns = 0;
    }
}

static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct load *l = arg;
    uint8_t f[TWIN_MAX];
    twin_frame(f, TWIN_MAX, 1, l->got[end]++, end);
    assert_int_equal(p->len, TWIN_MAX);
    assert_memory_equal(pkt_data(p), f, TWIN_MAX);
}

static bool all_arrived(void *arg)
{
    const struct load *l = arg;
    return l->got[0] == l->sent[1] && l->got[1] == l->sent[0];
}

/* Frames that a line of that clock carries in @ps. */
static unsigned line_rate(uint64_t ps, int ppm)
{
    uint64_t octets = ps / SYM_PS + (uint64_t)((int64_t)(ps / SYM_PS) * ppm / 1000000);
    return (unsigned)(octets / (TWIN_MAX + 4 + LEAD + ETH_GAP_BYTES));
}

static void both_ways(int a, int b, bool no_skip)
{
    static struct load l;
    memset(&l, 0, sizeof(l));
    const struct twin_cfg cfg = { .seed = seed_of_run(), .ppm = { a, b }, .no_skip = no_skip };
    uint64_t c[NIC_COUNTERS_MAX], ps = wire_ps();
    twin_open(&l.t, &cfg);
    l.t.arg = &l;
    l.t.turn = on_turn;
    l.t.rx = on_rx;
    l.t.end[0].next_ns = l.t.end[1].next_ns = 0;
    twin_run(&l.t, 100 * TWIN_US);              /* the lines are full */
    unsigned before[2] = { l.got[0], l.got[1] };
    twin_run(&l.t, ps);
    for (unsigned i = 0; i < 2; i++) {
        unsigned n = l.got[i] - before[i], room = line_rate(ps, cfg.ppm[!i]);
        assert_true(n + 1 >= room && n <= room + 1);
    }
    l.stop = true;
    twin_until(&l.t, all_arrived, &l, 20 * TWIN_MS);
    for (unsigned i = 0; i < 2; i++) {
        twin_counters(&l.t, i, c);
        assert_int_equal(c[LY_CTR_RX_FRAMES], l.sent[!i]);
        assert_int_equal(c[LY_CTR_RX_DELIVERED], l.sent[!i]);
        assert_int_equal(c[LY_CTR_RX_SYMBOL_ERRORS] + c[LY_CTR_RX_FCS_ERRORS], 0);
    }
    printf("%u and %u frames of 1518 octets, none lost\n", l.got[0], l.got[1]);
    elastic_judge(&l.t, 2, "1518", cfg.ppm);
    twin_close(&l.t);
}

static void full_frames(void **state)
{
    (void)state;
    both_ways(100, -100, false);
    both_ways(-100, 100, false);
}

static void evaluated_or_skipped(void **state)
{
    (void)state;
    both_ways(-300, 300, true);     /* far beyond it the record stream, 1536 cycles, is slower */
}

/* --- jumbo frames from the wire ---------------------------------------------------------- */

/* Instead of what comes from the cable: frames back to back. */
struct source {
    const struct wire_ops *cable;
    struct wire_ops ops;
    uint8_t b[LEAD + JUMBO];
    unsigned at, frames;
    uint64_t first, last, symbols;  /* when the line asked, and how often */
    bool stop;
};
static struct source jumbo;         /* one wire at a time; its functions are told of no more */

static struct sym jumbo_in(struct wire *w, unsigned port, uint64_t t)
{
    struct sym s = { 0 };
    if (port != 0)
        return jumbo.cable->in(w, port, t);
    if (jumbo.at == 0 && jumbo.stop)
        return s;
    if (jumbo.symbols++ == 0)
        jumbo.first = t;
    jumbo.last = t;
    if (jumbo.at < sizeof(jumbo.b))
        s = (struct sym){ .data = jumbo.b[jumbo.at], .dv = 1, .crs = 1 };
    if (++jumbo.at == sizeof(jumbo.b))
        jumbo.frames++;
    if (jumbo.at == sizeof(jumbo.b) + ETH_GAP_BYTES)
        jumbo.at = 0;
    return s;
}

static uint64_t jumbo_in_next(struct wire *w, unsigned port)
{
    if (port != 0)
        return jumbo.cable->in_next(w, port);
    return jumbo.at == 0 && jumbo.stop ? SIM_NEVER : 0;
}

static void jumbo_start(struct wire *w)
{
    memset(&jumbo, 0, sizeof(jumbo));
    memset(jumbo.b, 0x55, LEAD - 1);
    jumbo.b[LEAD - 1] = 0xD5;
    struct sim_rng rng = { seed_of_run() };
    for (unsigned i = LEAD; i < LEAD + JUMBO - 4; i++)
        jumbo.b[i] = (uint8_t)sim_rng_next(&rng);
    spy_fcs(jumbo.b + LEAD, JUMBO);
    jumbo.cable = w->ops;
    jumbo.ops = *w->ops;
    jumbo.ops.in = jumbo_in;
    jumbo.ops.in_next = jumbo_in_next;
    w->ops = &jumbo.ops;
}

/* So many symbols took as long as at that clock, to one of them; at the nominal one they differ
 * by 25 in 2 ms. */
static void line_is_off(int ppm)
{
    uint64_t nominal = (jumbo.symbols - 1) * SYM_PS;
    int64_t earlier = (int64_t)nominal - (int64_t)(jumbo.last - jumbo.first);
    int64_t want = (int64_t)nominal * ppm / (1000000 + ppm);
    assert_true(llabs(want) > 10 * (int64_t)SYM_PS);
    assert_true(llabs(earlier - want) <= (int64_t)SYM_PS);
}

static void from_the_wire(int own, int line)
{
    static struct twin t;
    const struct twin_cfg cfg = { .seed = seed_of_run(), .ppm = { own, line } };
    uint64_t c[NIC_COUNTERS_MAX], ps = wire_ps();
    twin_open(&t, &cfg);
    jumbo_start(t.wire);
    world_due(t.world, world_now(t.world));
    twin_run(&t, ps);
    jumbo.stop = true;
    twin_run(&t, TWIN_MS);
    twin_counters(&t, 0, c);
    unsigned room = (unsigned)(ps / SYM_PS / (LEAD + JUMBO + ETH_GAP_BYTES));
    assert_true(jumbo.frames + 1 >= room);
    assert_int_equal(c[LY_CTR_RX_OVERSIZE], jumbo.frames);
    assert_int_equal(c[LY_CTR_RX_JABBER] + c[LY_CTR_RX_SYMBOL_ERRORS] + c[LY_CTR_RX_FCS_ERRORS], 0);
    printf("%u frames of %u octets, none lost\n", jumbo.frames, JUMBO);
    line_is_off(line);
    elastic_judge(&t, 1, "9018", cfg.ppm);
    t.wire->ops = jumbo.cable;
    twin_close(&t);
}

static void jumbo_frames(void **state)
{
    (void)state;
    from_the_wire(100, -100);
    from_the_wire(-100, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_frames),
        cmocka_unit_test(jumbo_frames),
        cmocka_unit_test(evaluated_or_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
