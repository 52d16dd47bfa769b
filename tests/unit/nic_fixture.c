/* SPDX-License-Identifier: Apache-2.0 */
/* nic_fixture.c - see nic_fixture.h. */
#include "tests/unit/nic_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const uint8_t nic_fix_mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

int nic_fix_setup(void **state)
{
    struct nic_fix *f = calloc(1, sizeof *f);
    size_t bytes = pkt_pool_bytes(NIC_FIX_SMALL, 1);
    f->mem = malloc(bytes);
    f->pool = pkt_pool_create(f->mem, bytes, NIC_FIX_SMALL, 1);
    *state = f;
    return 0;
}

int nic_fix_teardown(void **state)
{
    struct nic_fix *f = *state;
    nic_destroy(f->nic);
    bool ok = pkt_pool_in_use(f->pool) == 0 && (f->closed || !f->fake);
    free(f->mem);
    free(f);
    return ok ? 0 : -1;
}

void nic_fix_make_offload(struct nic_fix *f, struct fake_link_cfg cfg, uint32_t offload,
                          bool promiscuous)
{
    struct nic_cfg c = { .pool = f->pool, .offload = offload, .promiscuous = promiscuous };

    nic_destroy(f->nic);
    f->nic = NULL;
    f->now = 0;
    f->closed = false;
    memcpy(c.mac, nic_fix_mac, 6);
    cfg.pool = f->pool;
    assert_int_equal(fake_link_open(&f->fake, &cfg), 0);
    fake_link_closed_flag(f->fake, &f->closed);
    c.link = fake_link_base(f->fake);
    assert_int_equal(nic_create(&f->nic, &c), 0);
}

void nic_fix_make(struct nic_fix *f, struct fake_link_cfg cfg)
{
    nic_fix_make_offload(f, cfg, NIC_OFF_ALL, false);
}

void nic_fix_up(struct nic_fix *f, struct fake_link_cfg cfg)
{
    nic_fix_make(f, cfg);
    assert_int_equal(nic_fix_run(f, 1000), 0);
    assert_int_equal(nic_state(f->nic), NIC_UP);
}

int nic_fix_run(struct nic_fix *f, int64_t until)
{
    for (int i = 0; i < 100000; i++) {
        int64_t next;
        int err = nic_poll(f->nic, f->now, &next);
        assert_true(next >= f->now);
        next = fake_link_advance(f->now, next, INT64_MAX, f->fake, NULL);
        if (err || (f->now == until && next > until))
            return err;
        f->now = next < until ? next : until;
    }
    fail_msg("polled without end");
    return -1;
}

struct pkt *nic_fix_frame(struct nic_fix *f, uint32_t len)
{
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
    memset(pkt_put(p, len), 0x5C, len);
    return p;
}

struct nic_stats nic_fix_stats(struct nic_fix *f)
{
    struct nic_stats st;
    nic_stats_get(f->nic, &st);
    return st;
}

void nic_fix_assert_failed(struct nic_fix *f, const char *a, const char *b)
{
    int64_t next = 0;
    assert_int_equal(nic_state(f->nic), NIC_FAILED);
    assert_int_equal(nic_poll(f->nic, f->now, &next), -ENODEV);
    assert_true(next == INT64_MAX);
    const char *line = nic_error(f->nic);
    if (!strstr(line, a) || !strstr(line, b) || strchr(line, '\n'))
        fail_msg("error line: %s", line);
    assert_false(nic_link_up(f->nic, NULL));
    assert_int_equal(nic_tx_room(f->nic), 0);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), -ENETDOWN);
    assert_null(nic_rx(f->nic));
    assert_int_equal(nic_counters_start(f->nic), -ENODEV);
    assert_int_equal(nic_reg_submit(f->nic, 0x8000, 0, 0, false), -ENODEV);
}
