/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_replay.c - replays on RTL of another timing. The model here is a stub in place of the
 * Verilated one: it sends each byte of the link to the PHY; the seed says how slowly it takes
 * them and how late it sends. (On the real one: tests/cosim/test_replay.py.)
 */
#include "sim/nic_model.h"
#include "sim/replay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH "/tmp/lanyard-test-XXXXXX"
#define START 48u
#define EDGE_PS 8000u
#define BYTES 300u
/* Time that was skipped when all was idle. */
#define JUMP_EDGES 5000u
/* A seed: takes a byte at every (1 + SLOW)th edge, sends it LATE edges later. */
#define SEED(slow, late) ((uint64_t)(slow) << 8 | (late))
#define DEAD 255u

/* --- the stub ---------------------------------------------------------------------------- */

struct nic_model {
    struct nic_model_in in;
    struct nic_model_out out;
    unsigned slow, late, edges;
    uint8_t next;               /* bytes count up, so none is lost, doubled or changed */
    uint8_t pipe[256];          /* symbols on their way, 0: none */
};

struct nic_model *nic_model_create(uint64_t seed, unsigned number)
{
    struct nic_model *m = calloc(1, sizeof *m);
    (void)number;
    m->slow = (unsigned)(seed >> 8 & 255);
    m->late = (unsigned)(seed & 255);
    m->next = 1;
    return m;
}

void nic_model_destroy(struct nic_model *m)
{
    free(m);
}

struct nic_model_in *nic_model_inputs(struct nic_model *m)
{
    return &m->in;
}

const struct nic_model_out *nic_model_outputs(const struct nic_model *m)
{
    return &m->out;
}

const char *nic_model_top(void)
{
    return "ly_top_sim";
}

bool nic_model_traces(void)
{
    return false;
}

int nic_model_trace_open(struct nic_model *m, const char *path)
{
    (void)m;
    (void)path;
    return -ENOSYS;
}

int nic_model_trace_close(struct nic_model *m)
{
    (void)m;
    return 0;
}

void nic_model_edge(struct nic_model *m, unsigned clocks)
{
    assert_int_equal(clocks, NIC_CLK_CORE | NIC_CLK_LINK | NIC_CLK_PHY_RX);
    uint8_t *slot = &m->pipe[(m->edges + m->late) % 256];
    *slot = 0;
    if (m->in.s_rec_valid && m->out.s_rec_ready) {
        assert_int_equal(m->in.s_rec_data, m->next);
        *slot = m->next;
        m->next = (uint8_t)(m->next % 255 + 1);
    }
    uint8_t sent = m->pipe[m->edges % 256];
    m->edges++;
    m->out.tx_en = sent != 0;
    m->out.txd = sent;
    m->out.s_rec_ready = m->edges >= START && m->slow != DEAD && m->edges % (1 + m->slow) == 0;
}

/* --- a run of it ----------------------------------------------------------------------------- */

struct lab { char path[sizeof PATH]; struct tape_head head; };

/* As a host and nic_actor.c do: a byte is offered until it is taken, with a pause now and then. */
static void record(struct lab *l, uint64_t seed, unsigned bytes)
{
    struct nic_model *m = nic_model_create(seed, 0);
    struct tape *t;
    unsigned given = 0;
    bool jumped = false;
    l->head = (struct tape_head){ .seed = seed, .skip = true, .profile = SIM_PROFILE };
    memcpy(l->path, PATH, sizeof PATH);
    assert_int_equal(close(mkstemp(l->path)), 0);
    assert_int_equal(tape_create(&t, l->path, &l->head), 0);
    for (unsigned i = 0; i < START || given < bytes || i % 3000; i++) {
        bool live = i >= START, taken;
        if (given == bytes && i % 1000 == 500 && !jumped) {
            tape_jump(t, (i + JUMP_EDGES) * (uint64_t)EDGE_PS);
            jumped = true;
        }
        m->in.s_rec_valid = live && given < bytes && (m->in.s_rec_valid || i % 7 != 3);
        m->in.s_rec_data = (uint8_t)(given % 255 + 1);
        taken = m->in.s_rec_valid && m->out.s_rec_ready;
        nic_model_edge(m, 7);
        tape_edge(t, &m->in, i + 1 >= START ? &m->out : NULL, 0);
        given += taken;
        if (taken && given % 40 == 0)
            m->in.s_rec_valid = 0;
    }
    assert_int_equal(tape_finish(t), 0);
    nic_model_destroy(m);
}

/* The same recording, on other RTL. */
static struct replay_result play(struct lab *l, uint64_t seed, bool keep_going)
{
    uint8_t raw[TAPE_HEAD_BYTES];
    char why[TAPE_WHY_BYTES] = "";
    const struct replay_cfg cfg = { .skip = true, .keep_going = keep_going };
    struct replay_result r = { 0 };
    struct tape_head h;
    struct replay *p;
    l->head.seed = seed;
    tape_head_emit(raw, &l->head);
    FILE *f = fopen(l->path, "r+b");
    assert_int_equal(fwrite(raw, 1, sizeof raw, f), sizeof raw);
    assert_int_equal(fclose(f), 0);
    if (replay_open(&p, l->path, &h, why) < 0 || replay_run(p, &cfg, &r, why) < 0)
        fail_msg("%s", why);
    replay_close(p);
    return r;
}

static void same(void **state)
{
    (void)state;
    for (unsigned slow = 0; slow < 4; slow++) {
        struct lab l;
        record(&l, SEED(slow, 5), BYTES);
        for (int keep = 0; keep < 2; keep++) {
            struct replay_result r = play(&l, SEED(slow, 5), keep);
            assert_false(r.differs);
            assert_int_equal(r.link_in_bytes, BYTES);
            assert_int_equal(r.link_lost_bytes, 0);
            assert_int_equal(r.nic.core_cycles - r.nic.core_evaluated, JUMP_EDGES);
        }
        assert_int_equal(remove(l.path), 0);
    }
}

/* Only the output is later: found when the first symbol was due. */
static void later_output(void **state)
{
    struct lab l;
    (void)state;
    record(&l, SEED(0, 5), BYTES);
    struct replay_result r = play(&l, SEED(0, 9), false), all = play(&l, SEED(0, 9), true);
    assert_true(r.differs && all.differs);
    assert_string_equal(r.side, "PHY");
    assert_string_equal(r.expected, "symbol 0x01");
    assert_string_equal(r.got, "no symbol");
    assert_int_equal(r.differs_ps, all.differs_ps);
    assert_int_equal(r.differs_ps, (START + 5) * EDGE_PS);
    assert_int_equal(r.end_ps, r.differs_ps);
    assert_true(all.end_ps > r.end_ps);
    assert_int_equal(all.nic.core_cycles, all.nic.core_evaluated);  /* none skipped any more */
    assert_int_equal(all.link_in_bytes, BYTES);
    assert_int_equal(remove(l.path), 0);
}

/* Another handshake, slower and faster: each byte is taken, once, in order (the stub looks). */
static void another_handshake(void **state)
{
    (void)state;
    for (unsigned was = 0; was < 4; was++)
        for (unsigned is = 0; is < 4; is++) {
            struct lab l;
            record(&l, SEED(was, 5), BYTES);
            struct replay_result r = play(&l, SEED(is, 5), true);
            assert_true(r.differs == (was != is));
            assert_int_equal(r.link_in_bytes, BYTES);
            assert_int_equal(r.link_lost_bytes, 0);
            if (was != is)
                assert_string_equal(r.side, "link");
            assert_int_equal(remove(l.path), 0);
        }
}

/* One that takes nothing: every byte is counted, those that did not fit as well. */
static void never_ready(void **state)
{
    struct lab l;
    (void)state;
    record(&l, SEED(0, 5), 65536 + 1000);
    struct replay_result r = play(&l, SEED(DEAD, 5), true);
    assert_true(r.differs);
    assert_int_equal(r.link_in_bytes, 0);
    assert_int_equal(r.link_lost_bytes, 65536 + 1000);
    assert_int_equal(remove(l.path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same),
        cmocka_unit_test(later_output),
        cmocka_unit_test(another_handshake),
        cmocka_unit_test(never_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
