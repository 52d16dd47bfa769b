/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_world.c - order and ends of simulated time, clock edges in 128 bits, and
 * the generators.
 */
#include "sim/clocks.h"
#include "sim/world.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOG 64

/* What ran when, over all actors of one test. */
struct log {
    unsigned n;
    struct { int who; uint64_t t; } at[LOG];
};

/* Due every `period` from `due` on, `left` times. */
struct ticker {
    struct world *w;
    struct log *log;
    int who;
    uint64_t due, period;
    unsigned left;
    bool greedy;                /* takes its steps by world_continue() */
    struct ticker *wakes;       /* made due one symbol after each step */
    unsigned late;              /* steps that came after their time */
};

static uint64_t ticker_next(void *self)
{
    const struct ticker *k = self;
    return k->left ? k->due : SIM_NEVER;
}

static void ticker_step(struct ticker *k, uint64_t t)
{
    assert_int_equal(world_now(k->w), t);
    if (k->log->n < LOG) {
        k->log->at[k->log->n].who = k->who;
        k->log->at[k->log->n++].t = t;
    }
    k->late += t != k->due;
    k->due = t + k->period;
    k->left--;
    if (k->wakes) {
        k->wakes->due = t + 8000;
        k->wakes->left = 1;
        world_due(k->w, t + 8000);
    }
}

static void ticker_run(void *self, uint64_t t)
{
    struct ticker *k = self;
    do
        ticker_step(k, t);
    while (k->greedy && k->left && world_continue(k->w, t = k->due));
}

static const struct actor_ops ticker_ops = { .name = "ticker", .next = ticker_next,
                                             .run = ticker_run };

static void add(struct world *w, struct ticker *k, struct log *log)
{
    k->w = w;
    k->log = log;
    k->who = world_add(w, &ticker_ops, k);
    assert_true(k->who >= 0);
}

static void assert_step(const struct log *log, unsigned i, int who, uint64_t t)
{
    assert_true(i < log->n);
    assert_int_equal(log->at[i].who, who);
    assert_int_equal(log->at[i].t, t);
}

static void test_order_is_time_then_number(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct log log = { 0 };
    struct ticker a = { .due = 200, .period = 100, .left = 2 };
    struct ticker b = { .due = 100, .period = 100, .left = 3 };
    struct ticker c = { .due = 200, .period = 50, .left = 2 };
    add(w, &a, &log);
    add(w, &b, &log);
    add(w, &c, &log);
    while (world_step(w) >= 0)
        ;
    assert_int_equal(log.n, 7);
    assert_step(&log, 0, 1, 100);
    assert_step(&log, 1, 0, 200);
    assert_step(&log, 2, 1, 200);
    assert_step(&log, 3, 2, 200);
    assert_step(&log, 4, 2, 250);
    assert_step(&log, 5, 0, 300);
    assert_step(&log, 6, 1, 300);
    assert_int_equal(world_step(w), -1);
    assert_int_equal(world_now(w), 300);    /* time stays where it was */
    world_destroy(w);
}

/* world_continue() must give the same order as a turn through the world: small
 * random times, so that they coincide and miss each other by one all the time. */
static void test_continue_keeps_the_order(void **state)
{
    (void)state;
    struct sim_rng r = { seed_of_run() };
    for (unsigned round = 0; round < 500; round++) {
        struct world *w = world_create(1, true);
        struct log log = { 0 };
        struct ticker k[3] = { { 0 } };
        for (int i = 0; i < 3; i++) {
            k[i].due = sim_rng_next(&r) % 10;
            k[i].period = 1 + sim_rng_next(&r) % 6;
            k[i].left = 20;
            k[i].greedy = sim_rng_next(&r) & 1;
            add(w, &k[i], &log);
        }
        while (world_step(w) >= 0)
            ;
        assert_int_equal(log.n, 60);
        assert_int_equal(k[0].late + k[1].late + k[2].late, 0);
        for (unsigned i = 1; i < log.n; i++) {
            assert_true(log.at[i].t >= log.at[i - 1].t);
            if (log.at[i].t == log.at[i - 1].t)
                assert_true(log.at[i].who > log.at[i - 1].who);
        }
        world_destroy(w);
    }
}

/* Who makes another due ends its own run: the other is not overtaken. */
static void test_due_ends_a_long_run(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct log log = { 0 };
    struct ticker sleeper = { .left = 0 };
    struct ticker a = { .due = 0, .period = 8000, .left = 3, .greedy = true, .wakes = &sleeper };
    add(w, &sleeper, &log);
    add(w, &a, &log);
    while (world_step(w) >= 0)
        ;
    assert_int_equal(log.n, 6);
    assert_step(&log, 0, 1, 0);
    assert_step(&log, 1, 0, 8000);
    assert_step(&log, 2, 1, 8000);
    assert_step(&log, 3, 0, 16000);
    assert_step(&log, 4, 1, 16000);
    assert_step(&log, 5, 0, 24000);
    world_destroy(w);
}

static void test_run_ends_where_it_is_told(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct log log = { 0 };
    struct ticker a = { .due = 10, .period = 10, .left = 1000, .greedy = true };
    struct ticker b = { .due = 35, .period = 1000, .left = 2 };
    add(w, &a, &log);
    add(w, &b, &log);
    assert_int_equal(world_run(w, 25, 2), -1);      /* by time; b is not due yet */
    assert_int_equal(world_now(w), 25);
    assert_int_equal(a.due, 30);
    assert_int_equal(world_run(w, 1000, 2), 1);     /* by actor 1 */
    assert_int_equal(world_now(w), 35);
    assert_int_equal(a.due, 40);                    /* a did not run ahead */
    assert_int_equal(world_run(w, 40, 2), -1);      /* an actor due at the end runs */
    assert_int_equal(a.due, 50);
    a.left = 0;
    assert_int_equal(world_run(w, 5000, 2), 1);
    assert_int_equal(world_now(w), 1035);
    assert_int_equal(world_run(w, 9000, 2), -1);    /* nothing is due: time passes */
    assert_int_equal(world_now(w), 9000);
    assert_int_equal(world_run(w, SIM_NEVER, 2), -1);
    assert_int_equal(world_now(w), 9000);           /* nothing ever: time stays */
    world_destroy(w);
}

static void test_overdue_is_now(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct log log = { 0 };
    struct ticker a = { .due = 10, .period = 10, .left = 1 };
    add(w, &a, &log);
    world_run(w, 500, 0);
    a.left = 1;
    a.due = 20;
    assert_int_equal(world_step(w), 0);
    assert_step(&log, 1, 0, 500);
    world_destroy(w);
}

static void test_removed_actor_is_never_due(void **state)
{
    (void)state;
    struct world *w = world_create(7, false);
    struct log log = { 0 };
    struct ticker k[20];
    for (int i = 0; i < 20; i++) {                  /* more than the first allocation */
        k[i] = (struct ticker){ .due = 10, .period = 10, .left = 1 };
        add(w, &k[i], &log);
        assert_int_equal(k[i].who, i);
    }
    world_remove(w, 3);
    assert_int_equal(world_run(w, 100, 1u << 3), -1);
    assert_int_equal(log.n, 19);
    assert_int_equal(world_seed(w), 7);
    assert_false(world_skips(w));
    world_destroy(w);
    world_destroy(NULL);
}

/* floor(k x 10^12 x den / num), and not the sum of rounded periods. */
static void test_edges_are_exact(void **state)
{
    (void)state;
    assert_int_equal(sim_edge_ps(1, 125000000, 1), 8000);
    assert_int_equal(sim_edge_ps(1, 48000000, 1), 20833);
    assert_int_equal(sim_edge_ps(3, 48000000, 1), 62500);
    assert_int_equal(sim_edge_ps(48000000, 48000000, 1), 1000000000000);
    /* 100 days of 125 MHz: 64 bits would have overflowed at 147 ms. */
    uint64_t k = 125000000ull * 86400 * 100;
    assert_int_equal(sim_edge_ps(k, 125000000, 1), 8640000000000000000ull);
    assert_int_equal(sim_edge_ps(k + 1, 125000000, 1), 8640000000000008000ull);
    /* 25 MHz / 1.001: num/den of a clock that is no whole number of hertz. */
    assert_int_equal(sim_edge_ps(25000000, 25000000, 1001), 1001000000000000);
}

static void check_clock(uint64_t num, uint64_t den)
{
    struct sim_clocks s = { 0 };
    sim_clocks_add(&s, num, den, 1, 12345);
    uint64_t k = s.c[0].k;
    assert_true(s.c[0].t >= 12345);
    assert_true(k == 0 || sim_edge_ps(k - 1, num, den) < 12345);
    for (unsigned i = 0; i < 1000; i++, k++) {
        uint64_t t = sim_clocks_next(&s);
        assert_int_equal(t, sim_edge_ps(k, num, den));
        assert_int_equal(sim_clocks_take(&s, t), 1);
    }
    for (uint64_t t = 7; t < 1u << 30; t = 3 * t + 1) {
        uint64_t first = sim_clock_first(&s.c[0], t);
        assert_true(sim_edge_ps(first, num, den) >= t);
        assert_true(first == 0 || sim_edge_ps(first - 1, num, den) < t);
    }
    uint64_t far = 6000000000000000000;
    sim_clocks_jump(&s, far);
    assert_int_equal(s.c[0].t, sim_edge_ps(s.c[0].k, num, den));
    assert_true(s.c[0].t >= far && sim_edge_ps(s.c[0].k - 1, num, den) < far);
    sim_clocks_jump(&s, 1);                         /* never back */
    assert_true(s.c[0].t >= far);
}

static void test_clocks_follow_their_edges(void **state)
{
    (void)state;
    check_clock(125000000, 1);
    check_clock(48000000, 1);
    check_clock(50000000, 1);
    check_clock(30000000, 1001);
    check_clock(124999999, 1);
}

/* Off by millionths, the millionth edge is off by a thousand periods in the thousand. */
static void test_clocks_off_by_ppm(void **state)
{
    (void)state;
    static const int ppm[] = { -1000, -100, -1, 0, 1, 100, 1000 };
    for (size_t i = 0; i < sizeof ppm / sizeof ppm[0]; i++) {
        struct sim_clocks s = { 0 };
        sim_clocks_add_ppm(&s, 125000000, ppm[i], 1, 0);
        for (uint64_t k = 0; k < 100000; k++) {
            uint64_t t = sim_clocks_next(&s);
            assert_int_equal(t, (uint64_t)((sim_u128)k * 8000 * 1000000 /
                                           (unsigned)(1000000 + ppm[i])));
            assert_int_equal(sim_clocks_take(&s, t), 1);
        }
        sim_clocks_jump(&s, 999999999999999);
        assert_int_equal(sim_clock_first(&s.c[0], sim_clocks_next(&s)), s.c[0].k);
    }
}

static void test_equal_clocks_rise_at_once(void **state)
{
    (void)state;
    struct sim_clocks s = { 0 };
    sim_clocks_add(&s, 125000000, 1, 1, 0);
    sim_clocks_add(&s, 125000000, 1, 2, 0);
    sim_clocks_add(&s, 50000000, 1, 4, 0);
    assert_int_equal(s.n, 2);
    static const struct { uint64_t t; unsigned mask; } expect[] = {
        { 0, 7 }, { 8000, 3 }, { 16000, 3 }, { 20000, 4 }, { 24000, 3 }, { 32000, 3 }, { 40000, 7 },
    };
    for (size_t i = 0; i < sizeof expect / sizeof expect[0]; i++) {
        assert_int_equal(sim_clocks_next(&s), expect[i].t);
        assert_int_equal(sim_clocks_take(&s, expect[i].t), expect[i].mask);
    }
    sim_clocks_jump(&s, 100001);
    assert_int_equal(s.c[0].t, 104000);
    assert_int_equal(s.c[1].t, 120000);
    /* The clock of 4 becomes another one, and takes that of 2 along; 1 keeps its edges. */
    sim_clocks_remove(&s, 6);
    assert_int_equal(s.n, 1);
    sim_clocks_add(&s, 2500000, 1, 4, 110000);
    sim_clocks_add(&s, 2500000, 1, 2, 110000);
    assert_int_equal(s.n, 2);
    assert_int_equal(sim_clocks_take(&s, 104000), 1);
    assert_int_equal(s.c[1].t, 400000);
    assert_int_equal(s.c[1].mask, 6);
}

/* Neighbouring seeds and numbers must not look alike. */
static void test_hash_mixes(void **state)
{
    (void)state;
    unsigned bits = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t d = sim_hash32(i, 0) ^ sim_hash32(i + 1, 0);
        uint32_t e = sim_hash32(7, i) ^ sim_hash32(7, i + 1);
        for (; d; d &= d - 1)
            bits++;
        for (; e; e &= e - 1)
            bits++;
    }
    assert_in_range(bits, 512 * 15, 512 * 17);      /* half of 32 bits differ */
    struct sim_rng a = { 1 }, b = { 1 }, c = { 2 };
    for (unsigned i = 0; i < 16; i++) {
        uint64_t x = sim_rng_next(&a);
        assert_true(x == sim_rng_next(&b));
        assert_true(x != sim_rng_next(&c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_time_then_number),
        cmocka_unit_test(test_continue_keeps_the_order),
        cmocka_unit_test(test_due_ends_a_long_run),
        cmocka_unit_test(test_run_ends_where_it_is_told),
        cmocka_unit_test(test_overdue_is_now),
        cmocka_unit_test(test_removed_actor_is_never_due),
        cmocka_unit_test(test_edges_are_exact),
        cmocka_unit_test(test_clocks_follow_their_edges),
        cmocka_unit_test(test_clocks_off_by_ppm),
        cmocka_unit_test(test_equal_clocks_rise_at_once),
        cmocka_unit_test(test_hash_mixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
