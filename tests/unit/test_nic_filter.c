/* SPDX-License-Identifier: Apache-2.0 */
/* test_nic_filter.c - which frames the driver asks the device for, before and while it runs. */
#include "driver/nic_priv.h"
#include "tests/support/seed.h"
#include "tests/unit/nic_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>

#include <cmocka.h>

#define ON (LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK)

static const struct fake_link_cfg with_hash = { .hw_caps = LY_CAPS_MCAST_HASH_MASK,
                                                .reg_delay_ns = 20 };
static const uint8_t all_hosts[6] = { 0x01, 0x00, 0x5E, 0x00, 0x00, 0x01 };

/* Bits 0 to 5 of zlib's register before its complement, bit 0 the highest. */
static unsigned by_zlib(const uint8_t mac[6])
{
    uint32_t crc = ~(uint32_t)crc32(0, mac, 6);
    unsigned index = 0;
    for (unsigned bit = 0; bit < 6; bit++)
        index |= (crc >> bit & 1u) << (5 - bit);
    return index;
}

static void hash_of_groups(void **state)
{
    uint32_t x = (uint32_t)seed_of_run();
    uint64_t seen = 0;
    (void)state;
    assert_int_equal(nic_hash_index(all_hosts), 31);
    for (int i = 0; i < 20000; i++) {
        uint8_t mac[6];
        for (int k = 0; k < 6; k++) {
            x = x * 1664525u + 1013904223u;
            mac[k] = (uint8_t)(x >> 24);
        }
        assert_int_equal(nic_hash_index(mac), by_zlib(mac));
        seen |= UINT64_C(1) << by_zlib(mac);
    }
    assert_true(seen == UINT64_MAX);
}

static void check(struct nic_fix *f, uint64_t hash, uint32_t ctrl)
{
    nic_fix_run(f, f->now + 1000);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_HASH_LO), (uint32_t)hash);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_HASH_HI), (uint32_t)(hash >> 32));
    assert_int_equal(fake_link_reg(f->fake, LY_REG_CTRL), ON | ctrl);
}

/* Groups, all groups, everything, and back; each replaces what was there before. */
static void at_run_time(void **state)
{
    struct nic_fix *f = *state;
    const uint8_t two[2][6] = { { 0x01, 0x00, 0x5E, 0x00, 0x00, 0x01 },
                                { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 } };
    uint64_t bits = UINT64_C(1) << by_zlib(two[0]) | UINT64_C(1) << by_zlib(two[1]);
    nic_fix_up(f, with_hash);
    check(f, 0, 0);
    const struct nic_rx_mode groups = { .groups = two, .n_groups = 2 };
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
    assert_int_equal(fake_link_reg(f->fake, LY_REG_HASH_LO), 0);    /* not inside the call */
    check(f, bits, 0);
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ .all_multicast = true }), 0);
    check(f, 0, LY_CTRL_ALLMULTI_MASK);
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ .promiscuous = true }), 0);
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);          /* before that was written */
    check(f, bits, 0);
    nic_fix_run(f, f->now + 10);
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ .promiscuous = true }), 0);
    int64_t next;
    nic_poll(f->nic, f->now, &next);                                /* one question is out */
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ 0 }), 0);
    check(f, 0, 0);
    const struct nic_rx_mode none = { .groups = &nic_fix_mac, .n_groups = 1 };
    assert_int_equal(nic_rx_mode_set(f->nic, &none), -EINVAL);
    check(f, 0, 0);
}

/* Chosen before the device is up: there from its first frame on, and nothing of an earlier host. */
static void while_opening(void **state)
{
    struct nic_fix *f = *state;
    for (int64_t at = 0; at < 400; at += 7) {
        nic_fix_make_offload(f, with_hash, NIC_OFF_ALL, true);
        fake_link_set_reg(f->fake, LY_REG_HASH_HI, 0xFFFFFFFFu);
        nic_fix_run(f, at);
        const struct nic_rx_mode groups = { .groups = &all_hosts, .n_groups = 1 };
        assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
        check(f, UINT64_C(1) << 31, 0);
    }
}

/* Without the table its registers are left alone, and groups cost everything else. */
static void without_table(void **state)
{
    struct nic_fix *f = *state;
    const struct nic_rx_mode groups = { .groups = &all_hosts, .n_groups = 1 };
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 20 });
    fake_link_set_status(f->fake, LY_REG_HASH_LO, LY_STATUS_ENOENT);
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
    check(f, 0, LY_CTRL_PROMISC_MASK);
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ 0 }), 0);
    check(f, 0, 0);
    assert_int_equal(nic_rx_mode_set(f->nic, &(struct nic_rx_mode){ .all_multicast = true }), 0);
    check(f, 0, LY_CTRL_PROMISC_MASK);
}

/* A lost answer is asked for again; a device that goes on refusing is not believed. */
static void answers_lost_and_refused(void **state)
{
    struct nic_fix *f = *state;
    const struct nic_rx_mode groups = { .groups = &all_hosts, .n_groups = 1 };
    nic_fix_up(f, with_hash);
    fake_link_mute(f->fake, LY_REG_HASH_LO);
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
    nic_fix_run(f, f->now + S_NS + S_NS / 2);
    fake_link_mute(f->fake, UINT32_MAX);
    nic_fix_run(f, f->now + 2 * S_NS);
    check(f, UINT64_C(1) << 31, 0);
    fake_link_set_status(f->fake, LY_REG_CTRL, LY_STATUS_EROFS);
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
    nic_fix_run(f, f->now + S_NS);
    nic_fix_assert_failed(f, "receive filter", "0x010");
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), -ENODEV);
    nic_fix_up(f, with_hash);
    fake_link_mute(f->fake, LY_REG_CTRL);
    assert_int_equal(nic_rx_mode_set(f->nic, &groups), 0);
    nic_fix_run(f, f->now + 4 * S_NS);
    nic_fix_assert_failed(f, "receive filter", "0x010");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_of_groups), NIC_TEST(at_run_time), NIC_TEST(while_opening),
        NIC_TEST(without_table), NIC_TEST(answers_lost_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
