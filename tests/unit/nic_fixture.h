/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_fixture.h - one nic over one fake link, for the tests of the nic's three files.
 * Time begins at 0 and moves by nic_fix_run().
 */
#ifndef LY_TESTS_UNIT_NIC_FIXTURE_H
#define LY_TESTS_UNIT_NIC_FIXTURE_H

#include "driver/nic.h"
#include "driver/nic_regs.h"
#include "tests/unit/fake_link.h"

#include <stdbool.h>
#include <stdint.h>

#define NIC_FIX_SMALL 160u          /* packets in the pool */
#define S_NS INT64_C(1000000000)

struct nic_fix {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *fake;
    struct nic *nic;
    int64_t now;
    bool closed;                    /* the fake link was */
};

extern const uint8_t nic_fix_mac[6];

int nic_fix_setup(void **state);
/** nic_fix_teardown() - fails unless every packet went back and the link was closed. */
int nic_fix_teardown(void **state);
#define NIC_TEST(test) cmocka_unit_test_setup_teardown(test, nic_fix_setup, nic_fix_teardown)

/* Make fake link and nic, at time 0 again; the pool is filled in. A nic made before is
 * destroyed first. */
void nic_fix_make_offload(struct nic_fix *f, struct fake_link_cfg cfg, uint32_t offload,
                          bool promiscuous);
/** nic_fix_make() - the same with all offload wanted. */
void nic_fix_make(struct nic_fix *f, struct fake_link_cfg cfg);
/** nic_fix_up() - the same, and it is up at time 1000. */
void nic_fix_up(struct nic_fix *f, struct fake_link_cfg cfg);

/** nic_fix_run() - poll whenever something is due, at last at @until. Returns the last
 * result of nic_poll(), at once if that is an error. */
int nic_fix_run(struct nic_fix *f, int64_t until);

/** nic_fix_frame() - @len bytes of 0x5C. */
struct pkt *nic_fix_frame(struct nic_fix *f, uint32_t len);
struct nic_stats nic_fix_stats(struct nic_fix *f);

/** nic_fix_assert_failed() - NIC_FAILED in every respect; one line that holds both texts. */
void nic_fix_assert_failed(struct nic_fix *f, const char *a, const char *b);

#endif
