/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays at the edges of what a page shows: the core's time base, which only the skipped cycles
 * on the tape keep right; a NIC plugged in late; one without a core clock. `lanyard replay` on
 * whole runs: test_replay.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "driver/pkt.h"
#include "sim/replay.h"
#include "tests/cosim/twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/tmp/lanyard-test-XXXXXX"
#define READS 12u

/* What a run is, and what came of it. */
struct run {
    char path[sizeof PATH];
    bool skip, stopped;
    uint64_t start_ps;
    uint32_t time[READS];
    unsigned answers;
};

static void answers(struct run *r, struct link *l, struct world *w)
{
    struct link_event ev;
    int64_t next;
    (void)l->ops->poll(l, (int64_t)(world_now(w) / 1000), &next);
    while (l->ops->event(l, &ev))
        if (ev.kind == LINK_EV_REG && ev.status == 0 && r->answers < READS)
            r->time[r->answers++] = ev.value;
}

/* A NIC alone on its wire is asked for its time again and again, with longer pauses each time. */
static void record(struct run *r)
{
    char why[WIRE_WHY_BYTES];
    size_t bytes = pkt_pool_bytes(8, 0);
    void *mem = malloc(bytes);
    struct world *w = world_create(3, r->skip);
    struct wire *wire;
    struct link *l;
    struct tape *t;
    struct tape_head head = { .seed = 3, .number = 5, .start_ps = r->start_ps, .skip = r->skip,
                              .core_stopped = r->stopped, .profile = SIM_PROFILE };
    memcpy(r->path, PATH, sizeof PATH);
    assert_int_equal(close(mkstemp(r->path)), 0);
    assert_int_equal(wire_peer_open(&wire, w, why), 0);
    (void)world_run(w, r->start_ps, 0);
    assert_int_equal(tape_create(&t, r->path, &head), 0);
    const struct sim_nic_cfg cfg = { .world = w, .wire = wire, .number = 5, .tape = t,
                                     .pool = pkt_pool_create(mem, bytes, 8, 0),
                                     .stop_core_clock = r->stopped };
    assert_int_equal(sim_nic_open(&l, &cfg), 0);
    for (unsigned i = 0; i < READS; i++) {
        answers(r, l, w);
        (void)l->ops->reg_submit(l, (uint16_t)(i + 1), LY_REG_TIME_LO, 0, false);
        (void)world_run(w, world_now(w) + 3000000u * (i + 1) * (i + 1), 0);
    }
    answers(r, l, w);
    l->ops->close(l);
    assert_int_equal(tape_finish(t), 0);
    wire_close(wire);
    world_destroy(w);
    free(mem);
}

static struct replay_result replayed(const struct run *r, bool skip)
{
    char why[TAPE_WHY_BYTES] = "";
    const struct replay_cfg cfg = { .skip = skip };
    struct replay *p;
    struct tape_head head;
    struct replay_result out;
    if (replay_open(&p, r->path, &head, why) < 0 || replay_run(p, &cfg, &out, why) < 0)
        fail_msg("%s", why);
    replay_close(p);
    if (out.differs)
        fail_msg("at %llu ps: expected %s, got %s", (unsigned long long)out.end_ps, out.expected,
                 out.got);
    assert_false(out.cut);
    return out;
}

/* The answers are on the link, so they are compared: they are the time base's. */
static void time_base(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct run r = { .skip = i % 2, .start_ps = i / 2 * 123456789u };
        record(&r);
        assert_int_equal(r.answers, READS);
        for (unsigned k = 1; k < READS; k++)
            assert_true(r.time[k] > r.time[k - 1]);
        struct replay_result skipped = replayed(&r, r.skip), whole = replayed(&r, false);
        assert_int_equal(skipped.end_ps, whole.end_ps);
        assert_int_equal(skipped.nic.core_cycles, whole.nic.core_cycles);
        assert_int_equal(whole.nic.core_cycles, whole.nic.core_evaluated);
        assert_true(r.skip == (skipped.nic.core_evaluated < whole.nic.core_evaluated));
        assert_int_equal(skipped.link_out_bytes, whole.link_out_bytes);
        assert_int_equal(remove(r.path), 0);
    }
}

static void without_core_clock(void **state)
{
    struct run r = { .skip = true, .stopped = true };
    (void)state;
    record(&r);
    assert_int_equal(r.answers, 0);
    struct replay_result out = replayed(&r, true);
    assert_int_equal(out.nic.core_cycles, 0);
    assert_int_equal(out.nic.core_evaluated, 0);
    assert_int_equal(out.link_out_bytes, 0);
    assert_int_equal(remove(r.path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_base),
        cmocka_unit_test(without_core_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
