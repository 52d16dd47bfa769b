/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stations on a hub: drivers and RTL in half duplex, no stack. Saturated or not, every frame
 * arrives once, whole, in order per sender and receiver, unless its sender gave it up after 16
 * collisions; starts, jams, backoff and counters are what hub_judge.c has by clause 4, and the
 * slots that two stations draw are distributed as they must be.
 *
 * Of two saturated stations one sends frame after frame while the other backs off ever longer:
 * the capture effect. So most collisions come from short bursts that both begin at once.
 *
 * LY_HUB_FRAMES: the number of frames that all runs go by (default 250).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/hub_judge.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN_MIN 14u
#define SOME 20u                /* frames of each station where that is enough */
#define UNDER_WAY 8u            /* frames in a NIC: fewer than its queue holds, none is lost */
#define PAUSE_NS 60000u         /* between two bursts, at most */
#define PAUSE_MIN_NS 4000u      /* the own gap is over */

enum fate { WAITS, SENT, GIVEN_UP };

struct load {
    struct twin t;
    struct hub_judge j;
    uint64_t seed;
    unsigned n;                                     /* frames of each station, */
    unsigned burst;                                 /* at once; behind a pause the next ones, */
    bool together;                                  /* those of all stations together */
    unsigned sent[WIRE_PORTS_MAX];
    uint8_t *fate[WIRE_PORTS_MAX];
    unsigned next[WIRE_PORTS_MAX][WIRE_PORTS_MAX];  /* [from][to]: no frame before it is due */
    int64_t send_ns[WIRE_PORTS_MAX];                /* its next burst */
};

/* --- the frames --------------------------------------------------------------------------- */

static struct sim_rng stream(const struct load *l, unsigned from, unsigned i, unsigned what)
{
    struct sim_rng rng = { (uint64_t)sim_hash32(l->seed, what << 8 | from) << 32 | i };
    return rng;
}

static unsigned to_of(const struct load *l, unsigned from, unsigned i)
{
    struct sim_rng rng = stream(l, from, i, 1);
    return (from + 1 + (unsigned)(sim_rng_next(&rng) % (l->t.ends - 1))) % l->t.ends;
}

/* Most are short, so that there are many collisions; some of each length. Bursts begin with the
 * shortest: those of all stations are in their MACs at the same time. */
static unsigned len_of(const struct load *l, unsigned from, unsigned i)
{
    struct sim_rng rng = stream(l, from, i, 2);
    unsigned kind = (unsigned)(sim_rng_next(&rng) % (l->together ? 10 : 16));
    unsigned r = (unsigned)(sim_rng_next(&rng) % (TWIN_MAX - TWIN_MIN + 1));
    if (kind < 6 || i % l->burst == 0)
        return TWIN_MIN;
    if (kind < 10)
        return LEN_MIN + r % (TWIN_MIN - LEN_MIN);
    if (kind < 14)
        return TWIN_MIN + r % 256;
    return kind == 14 ? TWIN_MIN + r : TWIN_MAX;
}

static unsigned make_frame(void *arg, unsigned from, unsigned i, uint8_t *f)
{
    const struct load *l = arg;
    unsigned len = len_of(l, from, i);
    twin_frame(f, len, l->seed + from, i, to_of(l, from, i));
    memcpy(f + 6, twin_mac[from], 6);
    return len;
}

/* --- the hosts ---------------------------------------------------------------------------- */

static void poll_now(struct load *l, unsigned end)
{
    l->t.end[end].next_ns = 0;
    world_due(l->t.world, world_now(l->t.world));
}

/* Whether all that was handed in before is over, at this station or at all. */
static bool burst_over(const struct load *l, unsigned end)
{
    bool over = true;
    for (unsigned i = 0; i < l->t.ends; i++)
        if (i == end || l->together)
            over = over && l->j.port[i].index >= l->sent[end];
    return over;
}

static bool may_send(struct load *l, unsigned end)
{
    int64_t now = (int64_t)(world_now(l->t.world) / 1000u), *next = &l->t.end[end].next_ns;
    if (l->sent[end] == l->n)
        return false;
    if (l->sent[end] % l->burst == 0) {
        if (!burst_over(l, end))
            return false;
        if (now < l->send_ns[end]) {
            *next = *next < l->send_ns[end] ? *next : l->send_ns[end];
            return false;
        }
    }
    return l->sent[end] - l->j.port[end].index < UNDER_WAY && nic_tx_room(l->t.end[end].nic) > 0;
}

static void on_turn(void *arg, unsigned end)
{
    struct load *l = arg;
    uint8_t f[TWIN_MAX];
    while (may_send(l, end)) {
        unsigned len = make_frame(l, end, l->sent[end]++, f);
        struct pkt *p = twin_packet(&l->t, end, f, len);
        assert_non_null(p);
        assert_int_equal(nic_tx(l->t.end[end].nic, p), 0);
        l->j.handed_ps[end] = world_now(l->t.world);
        poll_now(l, end);
    }
}

static void on_over(void *arg, unsigned from, unsigned i, bool sent)
{
    struct load *l = arg;
    struct sim_rng rng = stream(l, from, i, 3);
    int64_t pause = PAUSE_MIN_NS + (int64_t)(sim_rng_next(&rng) % PAUSE_NS);
    assert_true(i < l->sent[from]);
    l->fate[from][i] = sent ? SENT : GIVEN_UP;
    for (unsigned end = 0; end < l->t.ends; end++)
        if (end == from || l->together) {
            l->send_ns[end] = (int64_t)(world_now(l->t.world) / 1000u) + pause;
            poll_now(l, end);
        }
}

/* The next one from @from that must come to @to, l->n: none. */
static unsigned due(struct load *l, unsigned from, unsigned to)
{
    unsigned *i = &l->next[from][to];
    while (*i < l->n && (to_of(l, from, *i) != to || l->fate[from][*i] == GIVEN_UP))
        ++*i;
    return *i;
}

static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct load *l = arg;
    uint8_t want[TWIN_MAX] = { 0 };
    unsigned from = pkt_data(p)[11] - 1u;
    assert_true(from < l->t.ends && from != end);
    unsigned i = due(l, from, end);
    assert_true(i < l->n);
    assert_int_equal(l->fate[from][i], SENT);
    unsigned len = make_frame(l, from, i, want);
    assert_int_equal(p->len, len < TWIN_MIN ? TWIN_MIN : len);
    assert_memory_equal(pkt_data(p), want, p->len);
    l->next[from][end]++;
}

static bool all_over(void *arg)
{
    struct load *l = arg;
    for (unsigned from = 0; from < l->t.ends; from++)
        for (unsigned to = 0; to < l->t.ends; to++)
            if (from != to && due(l, from, to) < l->n)
                return false;
    return true;
}

/* --- one run ------------------------------------------------------------------------------ */

struct load_cfg {
    unsigned ends, n;
    unsigned burst;             /* 0: all at once, saturated */
    bool together;
    const char *profile;
    bool no_skip;
};

static void load_open(struct load *l, const struct load_cfg *cfg)
{
    unsigned ends = cfg->ends;
    memset(l, 0, sizeof(*l));
    l->seed = seed_of_run();
    l->n = cfg->n;
    l->burst = cfg->burst ? cfg->burst : cfg->n;
    l->together = cfg->together;
    l->j.ports = ends;
    l->j.frames = l->n;
    l->j.saturated = !cfg->burst;
    l->j.frame = make_frame;
    l->j.over = on_over;
    l->j.arg = l;
    twin_open(&l->t, &(struct twin_cfg){ .seed = l->seed, .no_skip = cfg->no_skip,
                                         .hub = ends, .profile = cfg->profile,
                                         .round = hub_judge_round, .round_arg = &l->j });
    l->t.arg = l;
    l->t.rx = on_rx;
    l->t.turn = on_turn;
    for (unsigned i = 0; i < ends; i++) {
        l->fate[i] = calloc(l->n, 1);
        assert_non_null(l->fate[i]);
        poll_now(l, i);
    }
}

static void check_counters(struct load *l, unsigned end)
{
    const struct judged *s = &l->j.port[end];
    const struct { unsigned at; uint64_t want; } rows[] = {
        { LY_CTR_TX_FRAMES, s->n_frames },
        { LY_CTR_TX_OCTETS, s->n_octets },
        { LY_CTR_TX_PAD_OCTETS, s->n_pad },
        { LY_CTR_TX_SINGLE_COLLISIONS, s->n_single },
        { LY_CTR_TX_MULTIPLE_COLLISIONS, s->n_multiple },
        { LY_CTR_TX_EXCESS_COLLISIONS, s->n_excess },
        { LY_CTR_TX_LATE_COLLISIONS, 0 },
        { LY_CTR_TX_EXCESS_DEFERRAL, 0 },
        { LY_CTR_TX_DROP_STALL, 0 },
        { LY_CTR_TX_UNDERRUN, 0 },
        { LY_CTR_RX_FRAMES, s->n_heard },
        { LY_CTR_RX_OCTETS, s->n_heard_octets },
        { LY_CTR_RX_DELIVERED, s->n_for_us },
        { LY_CTR_RX_DROP_FILTER, s->n_heard - s->n_for_us },
        { LY_CTR_RX_FRAGMENTS, s->n_fragments },
        { LY_CTR_RX_FALSE_CARRIERS, s->n_false },
        { LY_CTR_RX_SYMBOL_ERRORS, s->n_false },
        { LY_CTR_RX_FCS_ERRORS, 0 },
        { LY_CTR_RX_ALIGNMENT_ERRORS, 0 },
        { LY_CTR_RX_UNDERSIZE, 0 },
        { LY_CTR_RX_OVERSIZE, 0 },
        { LY_CTR_RX_JABBER, 0 },
        { LY_CTR_RX_DROP_FULL, 0 },
        { LY_CTR_EVENTS_LOST, 0 },
    };
    uint64_t c[NIC_COUNTERS_MAX];
    twin_counters(&l->t, end, c);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (c[rows[i].at] != rows[i].want)
            fail_msg("station %u: %s is %llu, and the wire says %llu", end,
                     nic_counter_name(rows[i].at), (unsigned long long)c[rows[i].at],
                     (unsigned long long)rows[i].want);
    assert_in_range(c[LY_CTR_TX_DEFERRED], s->n_deferred - s->n_unsure, s->n_deferred);
}

static void print_station(const struct load *l, unsigned i)
{
    const struct judged *s = &l->j.port[i];
    printf("station %u: %llu frames, %llu after one collision, %llu after more, %llu deferred"
           " (%llu unsure), %llu given up; heard %llu fragments, %llu jams\n", i,
           (unsigned long long)s->n_frames, (unsigned long long)s->n_single,
           (unsigned long long)s->n_multiple, (unsigned long long)s->n_deferred,
           (unsigned long long)s->n_unsure, (unsigned long long)s->n_excess,
           (unsigned long long)s->n_fragments, (unsigned long long)s->n_false);
}

static void load_run(struct load *l)
{
    uint64_t sym = wire_sym_ps(l->t.wire);
    /* A frame and what is lost before it take 2,000 symbols in the mean, and far less. */
    twin_until(&l->t, all_over, l, (uint64_t)l->n * l->t.ends * 2000 * sym + TWIN_S);
    twin_run(&l->t, TWIN_MS);
    for (unsigned i = 0; i < l->t.ends; i++) {
        assert_int_equal(l->j.port[i].index, l->n);
        assert_int_equal(l->j.port[i].n_frames + l->j.port[i].n_excess, l->n);
        print_station(l, i);
        check_counters(l, i);
    }
    assert_int_equal(l->t.wire->hub->late, 0);
    printf("%llu collisions in %.2f ms; jam at most %.2f octets behind COL; record %08x\n",
           (unsigned long long)l->t.wire->hub->collisions, (double)world_now(l->t.world) * 1e-9,
           l->j.jam_max / 100.0, l->j.record);
}

static void load_close(struct load *l)
{
    twin_close(&l->t);
    for (unsigned i = 0; i < WIRE_PORTS_MAX; i++)
        free(l->fate[i]);
}

static unsigned frames_wanted(void)
{
    const char *s = getenv("LY_HUB_FRAMES");
    return s ? (unsigned)strtoul(s, NULL, 10) : 250;
}

/* --- the runs ----------------------------------------------------------------------------- */

static struct load load;        /* one run at a time */

static void run(const struct load_cfg *cfg)
{
    load_open(&load, cfg);
    load_run(&load);
}

static void check_draws(const struct hub_judge *j)
{
    double limit, chi2;
    chi2 = judge_chi2("slot", j->slot_seen, j->slot_expected, JUDGE_RANGE_MAX, &limit);
    assert_true(chi2 < limit);
    chi2 = judge_chi2("first", j->first_seen, j->first_expected, 3, &limit);
    assert_true(chi2 < limit);
}

/* Long enough for frames that are given up: the one behind comes later to the MAC. */
/* Clause: IEEE 802.3 4.2.3.2.1, IEEE 802.3 4.2.3.2.4, IEEE 802.3 4.2.3.2.5 */
static void two_saturated(void **state)
{
    (void)state;
    run(&(struct load_cfg){ .ends = 2, .n = 3 * frames_wanted(), .profile = "miih" });
    load_close(&load);
}

/* Clause: IEEE 802.3 4.2.3.2.1, IEEE 802.3 4.2.3.2.4, IEEE 802.3 4.2.3.2.5 */
static void four_saturated(void **state)
{
    (void)state;
    run(&(struct load_cfg){ .ends = 4, .n = frames_wanted() / 3, .profile = "miih" });
    load_close(&load);
}

/* Clause: IEEE 802.3 4.2.3.2.5 */
static void slots_of_two(void **state)
{
    (void)state;
    run(&(struct load_cfg){ .ends = 2, .n = 3 * frames_wanted(), .burst = 3, .together = true,
                            .profile = "miih" });
    assert_true(load.j.events > frames_wanted());
    check_draws(&load.j);
    load_close(&load);
}

/* They defer to each other more often than they collide. */
/* Clause: IEEE 802.3 4.2.3.2.1 */
static void now_and_then(void **state)
{
    (void)state;
    uint64_t deferred = 0, unsure = 0;
    run(&(struct load_cfg){ .ends = 3, .n = frames_wanted() / 3, .burst = 1, .profile = "miih" });
    for (unsigned i = 0; i < 3; i++) {
        deferred += load.j.port[i].n_deferred;
        unsure += load.j.port[i].n_unsure;
    }
    assert_true(deferred > frames_wanted() / 10 && unsure < deferred / 4);
    load_close(&load);
}

static void ten_megabits(void **state)
{
    (void)state;
    run(&(struct load_cfg){ .ends = 2, .n = frames_wanted() / 15, .profile = "mii10h" });
    load_close(&load);
}

/* Twice as it is, and once with every idle cycle evaluated; saturated, and with idle time. */
static void nothing_depends_on_skipping(void **state)
{
    (void)state;
    for (unsigned burst = 0; burst < 2; burst++) {
        uint32_t record[3];
        for (unsigned i = 0; i < 3; i++) {
            run(&(struct load_cfg){ .ends = 2, .n = SOME, .burst = burst, .no_skip = i == 2,
                                    .profile = "miih" });
            record[i] = load.j.record;
            load_close(&load);
        }
        assert_int_equal(record[0], record[1]);
        assert_int_equal(record[0], record[2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_saturated),
        cmocka_unit_test(four_saturated),
        cmocka_unit_test(slots_of_two),
        cmocka_unit_test(now_and_then),
        cmocka_unit_test(ten_megabits),
        cmocka_unit_test(nothing_depends_on_skipping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
