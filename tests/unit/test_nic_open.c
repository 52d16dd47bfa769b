/* SPDX-License-Identifier: Apache-2.0 */
/* test_nic_open.c - opening, and each way in which it fails. */
#include "tests/unit/nic_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void opens(void **state)
{
    struct nic_fix *f = *state;
    uint32_t mbit = 0;
    nic_fix_make(f, (struct fake_link_cfg){
        .hw_caps = 3, .max_frame_bytes = 1518, .reg_delay_ns = 50 });
    assert_int_equal(nic_state(f->nic), NIC_OPENING);
    assert_false(nic_link_up(f->nic, NULL));
    assert_int_equal(nic_fix_run(f, 1000), 0);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    struct nic_caps c = nic_caps_get(f->nic);
    assert_int_equal(c.offload, NIC_OFF_ALL);
    assert_int_equal(c.max_frame_bytes, 1518);
    assert_int_equal(c.version, LY_VERSION_VALUE);
    assert_int_equal(c.clk_hz, 125000000);
    assert_string_equal(nic_error(f->nic), "");
    assert_memory_equal(nic_mac(f->nic), nic_fix_mac, 6);
    assert_true(nic_link_up(f->nic, &mbit));
    assert_int_equal(mbit, 1000);
    assert_int_equal(nic_fd(f->nic), -1);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_MAC_LO), 0x33221102);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_MAC_HI), 0x5544);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL),
                     LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK | LY_CTRL_RX_CSUM_EN_MASK);
}

/* Whoever polls only when nic_poll() asked for it brings it up as well, also where the
 * device answers in no time. */
static void opens_by_its_own_deadlines(void **state)
{
    struct nic_fix *f = *state;
    for (int64_t delay = 0; delay < 3; delay++) {
        nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = delay });
        for (int i = 0; i < 100 && nic_state(f->nic) == NIC_OPENING; i++) {
            int64_t next;
            assert_int_equal(nic_poll(f->nic, f->now, &next), 0);
            assert_true(next < INT64_MAX || nic_state(f->nic) == NIC_UP);
            f->now = next;
        }
        assert_int_equal(nic_state(f->nic), NIC_UP);
    }
}

/* What is in force: what is wanted and what the device can do. */
static void offload_is_anded(void **state)
{
    struct nic_fix *f = *state;
    for (uint32_t want = 0; want < 4; want++)
        for (uint32_t can = 0; can < 4; can++) {
            nic_fix_make_offload(f, (struct fake_link_cfg){ .hw_caps = can }, want, can == 1);
            nic_fix_run(f, 1000);
            assert_int_equal(nic_caps_get(f->nic).offload, want & can);
            uint32_t ctrl = fake_link_reg(f->fake, LY_REG_CTRL);
            assert_int_equal(ctrl & LY_CTRL_RX_CSUM_EN_MASK ? 2 : 0, want & can & 2);
            assert_int_equal((ctrl & LY_CTRL_PROMISC_MASK) != 0, can == 1);
        }
}

/* A link that does not carry the virtio header cannot carry what offload needs. */
static void no_offload_without_vnet(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ .hw_caps = 3, .no_vnet = true });
    assert_int_equal(nic_caps_get(f->nic).offload, 0);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL) & LY_CTRL_RX_CSUM_EN_MASK, 0);
}

/* The smaller of what the link and the record carry. */
static void max_frame_is_the_smaller(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ .max_frame_bytes = 1518 });
    fake_link_set_reg(f->fake, LY_REG_MAX_RECORD, 12 + 600);
    nic_fix_run(f, 1000);
    assert_int_equal(nic_caps_get(f->nic).max_frame_bytes, 600);
    nic_fix_make(f, (struct fake_link_cfg){ .max_frame_bytes = 1518 });
    fake_link_set_reg(f->fake, LY_REG_MAX_RECORD, 65600);
    nic_fix_run(f, 1000);
    assert_int_equal(nic_caps_get(f->nic).max_frame_bytes, 1518);
}

static void without_registers_up_at_once(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ .no_regs = true });
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_true(nic_link_up(f->nic, NULL));
    assert_int_equal(nic_caps_get(f->nic).offload, 0);
    assert_int_equal(nic_caps_get(f->nic).max_frame_bytes, 1514);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
    assert_int_equal(nic_counters_start(f->nic), -ENOTSUP);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, 0, 0, false), -ENOTSUP);
    nic_fix_run(f, 1000);
    assert_int_equal(nic_fix_stats(f).tx_frames, 1);
}

static void no_answer_to_sync(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ .no_sync = true });
    f->now = 7 * S_NS;                      /* time does not begin at 0 */
    int64_t next;
    assert_int_equal(nic_poll(f->nic, f->now, &next), 0);
    assert_true(next == 10 * S_NS);
    assert_int_equal(nic_fix_run(f, 10 * S_NS - 1), 0);
    assert_int_equal(nic_state(f->nic), NIC_OPENING);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, 0, 0, false), -EAGAIN);
    assert_int_equal(nic_counters_start(f->nic), -EAGAIN);
    nic_fix_run(f, 10 * S_NS + 1);
    nic_fix_assert_failed(f, "no answer", "3000 ms");
}

static void other_id(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_set_reg(f->fake, LY_REG_ID, 0xDEADBEEF);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "0xDEADBEEF", "0x4C414E59");
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL), 0);
}

/* Another major number is refused, naming both; another minor is not. */
static void version(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ .version = 0x00020003 });
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "2.3", "1.1");
    assert_int_equal(fake_link_reg_submits(f->fake), 0);    /* SYNC's answer said it */
    nic_fix_up(f, (struct fake_link_cfg){ .version = 0x00010007 });
    assert_int_equal(nic_caps_get(f->nic).version, 0x00010007);
}

/* The register says otherwise than SYNC's answer. */
static void version_register(void **state)
{
    struct nic_fix *f = *state;
    int64_t next;
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 10 });
    nic_poll(f->nic, 0, &next);
    fake_link_set_reg(f->fake, LY_REG_VERSION, 0x00030000);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "3.0", "1.1");
}

static void record_too_small(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_set_reg(f->fake, LY_REG_MAX_RECORD, 71);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "71 bytes", "MAX_RECORD");
}

static void register_without_answer(void **state)
{
    struct nic_fix *f = *state;
    static const struct { uint32_t addr; const char *name; } regs[] = {
        { LY_REG_ID, "ID" }, { LY_REG_CLK_HZ, "CLK_HZ" }, { LY_REG_MAC_HI, "MAC_HI" },
        { LY_REG_CTRL, "CTRL" },
    };
    for (unsigned i = 0; i < sizeof regs / sizeof regs[0]; i++) {
        nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 10 });
        fake_link_mute(f->fake, regs[i].addr);
        nic_fix_run(f, 3 * S_NS - 1);
        assert_int_equal(nic_state(f->nic), NIC_OPENING);
        nic_fix_run(f, 4 * S_NS);
        nic_fix_assert_failed(f, regs[i].name, "3 x 1000 ms");
    }
}

/* An answer is lost once, or comes late: opening goes on with the second try, and the
 * late answer is not taken for another's. */
static void register_answer_lost_or_late(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 10 });
    fake_link_mute(f->fake, LY_REG_CAPS);
    nic_fix_run(f, S_NS / 2);
    fake_link_mute(f->fake, UINT32_MAX);
    nic_fix_run(f, 2 * S_NS);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_int_equal(nic_fix_stats(f).ev_stray, 0);
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = S_NS + 5, .hw_caps = 1 });
    nic_fix_run(f, 100 * S_NS);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_int_equal(nic_caps_get(f->nic).offload, 1);
    assert_int_equal(nic_fix_stats(f).ev_stray, 9); /* the second answer for each step */
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL), 3);
}

static void register_refused(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_set_status(f->fake, LY_REG_MAC_LO, LY_STATUS_EROFS);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "MAC_LO", "-30");
}

/* The link has no room for a question: later; never: an error; refuses: an error. */
static void link_takes_no_register(void **state)
{
    struct nic_fix *f = *state;
    int64_t next;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_refuse_regs(f->fake, -EAGAIN);
    assert_int_equal(nic_poll(f->nic, 0, &next), 0);
    assert_true(next == 1000000);
    nic_fix_run(f, S_NS);
    assert_int_equal(nic_state(f->nic), NIC_OPENING);
    fake_link_refuse_regs(f->fake, 0);
    nic_fix_run(f, S_NS + 5000000);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_refuse_regs(f->fake, -EAGAIN);
    nic_fix_run(f, 7 * S_NS);
    nic_fix_assert_failed(f, "takes no register", "fake");
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_refuse_regs(f->fake, -ENOTSUP);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "takes no register", "fake");
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_refuse_regs(f->fake, -ENODEV);
    nic_fix_run(f, 1000);
    nic_fix_assert_failed(f, "gone", "fake");
}

static void create_refuses(void **state)
{
    struct nic_fix *f = *state;
    struct nic *n = NULL;
    static const uint8_t bad[][6] = { { 0 }, { 3, 0, 0, 0, 0, 1 },
                                      { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF } };
    assert_int_equal(nic_create(&n, &(struct nic_cfg){ .pool = f->pool, .mac = { 2 } }), -EINVAL);
    for (unsigned i = 0; i < 4; i++) {
        struct nic_cfg c = { .pool = i < 3 ? f->pool : NULL, .mac = { 2 } };
        if (i < 3)
            memcpy(c.mac, bad[i], 6);
        assert_int_equal(fake_link_open(&f->fake, &(struct fake_link_cfg){ .pool = f->pool }), 0);
        f->closed = false;
        fake_link_closed_flag(f->fake, &f->closed);
        c.link = fake_link_base(f->fake);
        assert_int_equal(nic_create(&n, &c), -EINVAL);
        assert_true(f->closed);
    }
    assert_null(n);
    nic_destroy(NULL);
}

/* The pool's storage is shown to the link; what it says is nic_create()'s result. */
static void create_needs_dma_map(void **state)
{
    struct nic_fix *f = *state;
    struct nic *n = NULL;
    size_t bytes = pkt_pool_bytes(0, 0);    /* nothing to map: the fake refuses that */
    void *mem = malloc(bytes);
    struct pkt_pool *pool = pkt_pool_create(mem, bytes, 0, 0);
    assert_int_equal(fake_link_open(&f->fake, &(struct fake_link_cfg){ .pool = pool }), 0);
    fake_link_closed_flag(f->fake, &f->closed);
    assert_int_equal(nic_create(&n, &(struct nic_cfg){ .link = fake_link_base(f->fake),
                                                       .pool = pool, .mac = { 2 } }), -EINVAL);
    assert_true(f->closed);
    free(mem);
}

static void destroy_while_opening(void **state)
{
    struct nic_fix *f = *state;
    int64_t next;
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 100 });
    nic_poll(f->nic, 0, &next);             /* a question is under way; teardown looks */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NIC_TEST(opens),
        NIC_TEST(opens_by_its_own_deadlines),
        NIC_TEST(offload_is_anded),
        NIC_TEST(no_offload_without_vnet),
        NIC_TEST(max_frame_is_the_smaller),
        NIC_TEST(without_registers_up_at_once),
        NIC_TEST(no_answer_to_sync),
        NIC_TEST(other_id),
        NIC_TEST(version),
        NIC_TEST(version_register),
        NIC_TEST(record_too_small),
        NIC_TEST(register_without_answer),
        NIC_TEST(register_answer_lost_or_late),
        NIC_TEST(register_refused),
        NIC_TEST(link_takes_no_register),
        NIC_TEST(create_refuses),
        NIC_TEST(create_needs_dma_map),
        NIC_TEST(destroy_while_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
