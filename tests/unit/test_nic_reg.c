/* SPDX-License-Identifier: Apache-2.0 */
/* test_nic_reg.c - registers for the caller, and the device's counters. */
#include "tests/unit/nic_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- registers ------------------------------------------------------------------------- */

static void registers_for_the_caller(void **state)
{
    struct nic_fix *f = *state;
    struct link_event ev;
    nic_fix_up(f, (struct fake_link_cfg){ .reg_delay_ns = 100 });
    assert_int_equal(nic_reg_submit(f->nic, 0x7FFF, LY_REG_ID, 0, false), -EINVAL);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, LY_REG_ID, 0, false), 0);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, LY_REG_ID, 0, false), -EINVAL);
    assert_int_equal(nic_reg_submit(f->nic, 0xFFFF, LY_REG_CTRL, 1, true), 0);
    assert_int_equal(nic_reg_submit(f->nic, 0x8001, LY_REG_ID, 7, true), 0);
    assert_int_equal(nic_reg_submit(f->nic, 0x8002, 0x3C, 0, false), 0);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    assert_int_equal(nic_reg_submit(f->nic, 0x8003, LY_REG_ID, 0, false), -EAGAIN);
    nic_fix_run(f, f->now + 200);
    static const struct { uint16_t tag; uint32_t value; int status; } want[] = {
        { 0x8000, LY_ID_VALUE, 0 }, { 0xFFFF, 1, 0 }, { 0x8001, 7, -30 }, { 0x8002, 0, -2 },
    };
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(nic_reg_answer(f->nic, &ev), 1);
        assert_int_equal(ev.kind, LINK_EV_REG);
        assert_int_equal(ev.tag, want[i].tag);
        assert_int_equal(ev.value, want[i].value);
        assert_int_equal(ev.status, want[i].status);
    }
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL), 1);
}

/* Every register of the map once, by ascending address; what it says of writing is so. */
static void the_map(void **state)
{
    struct nic_fix *f = *state;
    struct link_event ev;
    unsigned i = 0, acting = 0;
    uint32_t end = 0;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    for (const struct nic_reg_info *r; (r = nic_reg_info(i)) != NULL; i++) {
        assert_true(r->addr >= end && r->what[0]);
        end = r->addr + 4u * r->words;
        acting += r->read_acts;
        if (r->addr == LY_REG_SNAPSHOT || r->addr >= LY_REG_COUNTERS)
            continue;
        assert_int_equal(nic_reg_submit(f->nic, 0x8000, r->addr, fake_link_reg(f->fake, r->addr),
                                        true), 0);
        nic_fix_run(f, f->now + 10);
        assert_int_equal(nic_reg_answer(f->nic, &ev), 1);
        assert_int_equal(ev.status, r->writable ? 0 : LY_STATUS_EROFS);
    }
    assert_int_equal(end, LY_REG_COUNTERS + LY_CTR_COUNT * LY_CTR_STRIDE_BYTES);
    assert_int_equal(acting, 1);    /* TIME_LO latches TIME_HI */
    assert_string_equal(nic_reg_info(0)->name, "ID");
    assert_string_equal(nic_reg_info(i - 1)->name, nic_counter_name(LY_CTR_COUNT - 1));
    assert_null(nic_reg_info(i + 1000));
}

/* As many as may be under way or not yet fetched; each gets its answer, in order. */
static void many_registers(void **state)
{
    struct nic_fix *f = *state;
    struct link_event ev;
    uint16_t asked = 0, got = 0;
    nic_fix_up(f, (struct fake_link_cfg){ .reg_depth = 100 });
    for (int round = 0; round < 5; round++) {
        while (nic_reg_submit(f->nic, (uint16_t)(0x8000 + asked), LY_REG_ID, 0, false) == 0)
            asked++;
        assert_int_equal(asked - got, 24);
        nic_fix_run(f, f->now + 10);
        assert_int_equal(nic_reg_submit(f->nic, 0x9000, LY_REG_ID, 0, false), -EAGAIN);
        for (int i = 0; i < 7 + round * 4; i++) {
            assert_int_equal(nic_reg_answer(f->nic, &ev), 1);
            assert_int_equal(ev.tag, 0x8000 + got++);
        }
    }
    while (nic_reg_answer(f->nic, &ev))
        assert_int_equal(ev.tag, 0x8000 + got++);
    assert_int_equal(got, asked);
}

/* No answer: -ETIMEDOUT, a second after the next poll however long ago the last was;
 * the late answer counts as stray. */
static void register_time_out(void **state)
{
    struct nic_fix *f = *state;
    struct link_event ev;
    int64_t next;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_mute(f->fake, LY_REG_TIME_LO);
    f->now = 3600 * S_NS;                   /* an hour without a poll */
    assert_int_equal(nic_reg_submit(f->nic, 0x8123, LY_REG_TIME_LO, 0, false), 0);
    nic_poll(f->nic, f->now, &next);
    assert_true(next == f->now + S_NS);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    nic_fix_run(f, f->now + S_NS - 1);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    nic_fix_run(f, f->now + 10);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 1);
    assert_int_equal(ev.status, -ETIMEDOUT);
    assert_int_equal(ev.tag, 0x8123);
    assert_int_equal(ev.addr, LY_REG_TIME_LO);
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_REG, .tag = 0x8123,
                                                   .addr = LY_REG_TIME_LO });
    nic_fix_run(f, f->now + 10);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    assert_int_equal(nic_fix_stats(f).ev_stray, 1);
    nic_poll(f->nic, f->now, &next);
    assert_true(next == INT64_MAX);         /* nothing is due any more */
}

/* --- counters ---------------------------------------------------------------------------- */

static uint64_t value_of(unsigned i, unsigned round)
{
    return (0x0000800000000000u >> i) + (uint64_t)i * 1000003u + round;
}

static void counters(void **state)
{
    struct nic_fix *f = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    nic_fix_up(f, (struct fake_link_cfg){ .reg_delay_ns = 20 });
    assert_int_equal(nic_counters_done(f->nic, out), -EINVAL);
    fake_link_snapshot_polls(f->fake, 5);
    for (unsigned round = 0; round < 300; round++) {    /* more than there are tags for */
        for (unsigned i = 0; i < LY_CTR_COUNT; i++)
            fake_link_set_counter(f->fake, i, value_of(i, round));
        assert_int_equal(nic_counters_start(f->nic), 0);
        assert_int_equal(nic_counters_start(f->nic), -EBUSY);
        assert_int_equal(nic_counters_done(f->nic, out), -EAGAIN);
        nic_fix_run(f, f->now + 50);
        for (unsigned i = 0; i < LY_CTR_COUNT; i++)     /* after the snapshot */
            fake_link_set_counter(f->fake, i, 0);
        nic_fix_run(f, f->now + 1000000);
        assert_int_equal(nic_counters_done(f->nic, out), LY_CTR_COUNT);
        for (unsigned i = 0; i < LY_CTR_COUNT; i++)
            assert_true(out[i] == value_of(i, round));
    }
    assert_int_equal(nic_counters_done(f->nic, out), -EINVAL);
    assert_int_equal(nic_fix_stats(f).ev_stray, 0);
}

/* Pipelined: with four words under way a quarter of them times the link's latency. */
static void counters_are_pipelined(void **state)
{
    struct nic_fix *f = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 1000, .reg_depth = 16 });
    nic_fix_run(f, 100000);
    assert_int_equal(nic_counters_start(f->nic), 0);
    nic_fix_run(f, f->now + (2 + LY_CTR_COUNT * 2 / 4) * 1000 + 1);
    assert_int_equal(nic_counters_done(f->nic, out), LY_CTR_COUNT);
}

/* The caller's registers and the counters share the link's room; both get through. */
static void counters_beside_registers(void **state)
{
    struct nic_fix *f = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    struct link_event ev;
    unsigned answers = 0;
    nic_fix_up(f, (struct fake_link_cfg){ .reg_delay_ns = 20, .reg_depth = 1 });
    assert_int_equal(nic_counters_start(f->nic), 0);
    int err = -EAGAIN;
    for (int i = 0; i < 1000 && err == -EAGAIN; i++) {
        if (i % 3 == 0)
            nic_reg_submit(f->nic, 0x8000, LY_REG_ID, 0, false);
        nic_fix_run(f, f->now + 1000000);
        answers += (unsigned)nic_reg_answer(f->nic, &ev);
        err = nic_counters_done(f->nic, out);
    }
    assert_int_equal(err, LY_CTR_COUNT);
    assert_true(answers > 0);
}

/* Each way in which a reading fails; the next one works, and the late answers of the
 * failed one do not get into it. */
static void counters_fail_and_start_again(void **state)
{
    struct nic_fix *f = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_set_counter(f->fake, 3, 33);
    fake_link_mute(f->fake, LY_REG_COUNTERS + 8 * 3);
    nic_counters_start(f->nic);
    nic_fix_run(f, f->now + 2 * S_NS);
    assert_int_equal(nic_counters_done(f->nic, out), -ETIMEDOUT);
    fake_link_mute(f->fake, LY_REG_SNAPSHOT);
    nic_counters_start(f->nic);
    nic_fix_run(f, f->now + 2 * S_NS);
    assert_int_equal(nic_counters_done(f->nic, out), -ETIMEDOUT);
    fake_link_mute(f->fake, UINT32_MAX);
    fake_link_set_status(f->fake, LY_REG_COUNTERS + 4, -2);
    nic_counters_start(f->nic);
    nic_fix_run(f, f->now + S_NS);
    assert_int_equal(nic_counters_done(f->nic, out), -EIO);
    fake_link_set_status(f->fake, UINT32_MAX, 0);
    fake_link_snapshot_polls(f->fake, 5000);        /* busy for ever */
    nic_counters_start(f->nic);
    nic_fix_run(f, f->now + S_NS);
    assert_int_equal(nic_counters_done(f->nic, out), -ETIMEDOUT);
    fake_link_snapshot_polls(f->fake, 1);
    nic_counters_start(f->nic);
    nic_fix_run(f, f->now + S_NS);
    assert_int_equal(nic_counters_done(f->nic, out), LY_CTR_COUNT);
    assert_true(out[3] == 33);
}

/* The same with an answer of the failed reading still under way when the next begins. A
 * link with room for two questions, and one of the caller's in between, put word 0 and
 * word 1 half a microsecond apart: 0 is refused at 3500, 1 is answered at 4000. */
static void late_answer_of_a_failed_reading(void **state)
{
    struct nic_fix *f = *state;
    uint64_t out[NIC_COUNTERS_MAX];
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 1000, .reg_depth = 2 });
    nic_fix_run(f, 100000);
    const int64_t t = f->now;
    fake_link_set_counter(f->fake, 0, UINT64_C(0xBAD00000BAD));
    fake_link_set_status(f->fake, LY_REG_COUNTERS, -2);
    nic_fix_run(f, t + 500);
    assert_int_equal(nic_counters_start(f->nic), 0);
    nic_fix_run(f, t + 2000);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, LY_REG_ID, 0, false), 0);
    nic_fix_run(f, t + 3499);
    assert_int_equal(nic_counters_done(f->nic, out), -EAGAIN);
    nic_fix_run(f, t + 3500);
    assert_int_equal(nic_counters_done(f->nic, out), -EIO);
    assert_int_equal(nic_counters_start(f->nic), 0);
    fake_link_set_status(f->fake, UINT32_MAX, 0);
    for (unsigned i = 0; i < LY_CTR_COUNT; i++)
        fake_link_set_counter(f->fake, i, i);
    nic_fix_run(f, f->now + 100000);
    assert_int_equal(nic_counters_done(f->nic, out), LY_CTR_COUNT);
    for (unsigned i = 0; i < LY_CTR_COUNT; i++)
        assert_int_equal(out[i], i);
}

static void counters_not_there(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_set_reg(f->fake, LY_REG_CAPS, 0);
    nic_fix_run(f, 1000);
    assert_int_equal(nic_counters_start(f->nic), -ENOTSUP);
}

static void counter_names(void **state)
{
    (void)state;
    assert_string_equal(nic_counter_name(LY_CTR_TX_FRAMES), "tx_frames");
    assert_string_equal(nic_counter_name(LY_CTR_RX_CSUM_GOOD), "rx_csum_good");
    assert_string_equal(nic_counter_name(LY_CTR_EVENTS_LOST), "events_lost");
    assert_null(nic_counter_name(LY_CTR_COUNT));
    for (unsigned i = 0; i < LY_CTR_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(nic_counter_name(i), nic_counter_name(j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NIC_TEST(registers_for_the_caller),
        NIC_TEST(many_registers),
        NIC_TEST(the_map),
        NIC_TEST(register_time_out),
        NIC_TEST(counters),
        NIC_TEST(counters_are_pipelined),
        NIC_TEST(counters_beside_registers),
        NIC_TEST(counters_fail_and_start_again),
        NIC_TEST(late_answer_of_a_failed_reading),
        NIC_TEST(counters_not_there),
        NIC_TEST(counter_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
