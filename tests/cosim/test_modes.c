/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two modes of the MAC that no stack uses, on the whole NIC: loopback (CTRL.LOOPBACK), in which
 * it hears itself and nothing else, and frames that bring their own FCS (CTRL.TX_OWN_FCS).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/spy.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <string.h>

#define FRAMES 40u
#define SEED 11u

static const char *const profiles[] = { "gmii", "mii", "mii10" };

struct bench {
    struct twin t;
    bool own_fcs;
    unsigned from, got[2];
};

static unsigned length(unsigned i)
{
    return i < 3 ? TWIN_MIN : TWIN_MIN + sim_hash32(SEED, i) % 500u;
}

/* Frame @i to @to; with its FCS behind it, which on the wire comes lowest octet first (3.2.9). */
static unsigned make(const struct bench *b, uint8_t *f, unsigned i, unsigned to)
{
    unsigned len = length(i);
    twin_frame(f, len, SEED, i, to);
    if (!b->own_fcs)
        return len;
    spy_fcs(f, len + ETH_FCS_BYTES);
    return len + ETH_FCS_BYTES;
}

/* In order, each once, whole, and without its FCS. */
static void take(void *arg, unsigned end, const struct pkt *p)
{
    struct bench *b = arg;
    uint8_t want[TWIN_MAX];
    unsigned i = b->got[end]++;
    (void)make(b, want, i, end);
    assert_int_equal(p->len, length(i));
    assert_memory_equal(pkt_data(p), want, p->len);
}

static void send(struct bench *b, unsigned end, unsigned to)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        uint8_t f[TWIN_MAX];
        unsigned len = make(b, f, i, to);
        struct pkt *p = twin_packet(&b->t, end, f, len);
        assert_non_null(p);
        assert_int_equal(nic_tx(b->t.end[end].nic, p), 0);
    }
    b->t.end[end].next_ns = 0;
}

static void open_bench(struct bench *b, const char *profile)
{
    const struct twin_cfg cfg = { .seed = seed_of_run(), .profile = profile };
    memset(b, 0, sizeof *b);
    twin_open(&b->t, &cfg);
    b->t.rx = take;
    b->t.arg = b;
}

static void set(struct bench *b, uint32_t mask, bool on)
{
    uint32_t ctrl = twin_reg(&b->t, 0, LY_REG_CTRL, 0, false);
    (void)twin_reg(&b->t, 0, LY_REG_CTRL, on ? ctrl | mask : ctrl & ~mask, true);
}

static bool all_there(void *arg)
{
    const struct bench *b = arg;
    return b->got[0] + b->got[1] == FRAMES;
}

static void quiet_for(struct bench *b)
{
    twin_run(&b->t, 5 * TWIN_MS);
    assert_true(b->got[0] + b->got[1] == FRAMES);
}

static void loopback(void **state)
{
    (void)state;
    for (unsigned k = 0; k < sizeof profiles / sizeof profiles[0]; k++) {
        struct bench b;
        uint64_t n[NIC_COUNTERS_MAX];
        open_bench(&b, profiles[k]);
        set(&b, LY_CTRL_LOOPBACK_MASK, true);
        send(&b, 0, 0);
        twin_until(&b.t, all_there, &b, TWIN_S);
        assert_int_equal(b.got[0], FRAMES);
        assert_int_equal(b.t.wire->stats.from_nic_frames, 0);
        send(&b, 1, 0);                 /* it is deaf to the wire */
        quiet_for(&b);
        twin_run(&b.t, 40 * TWIN_MS);
        assert_int_equal(b.t.wire->stats.from_nic_frames, FRAMES);
        twin_counters(&b.t, 0, n);
        assert_int_equal(n[LY_CTR_TX_FRAMES], FRAMES);
        assert_int_equal(n[LY_CTR_RX_FRAMES], FRAMES);
        assert_int_equal(n[LY_CTR_RX_SYMBOL_ERRORS] + n[LY_CTR_RX_FCS_ERRORS] +
                         n[LY_CTR_RX_FRAGMENTS], 0);
        set(&b, LY_CTRL_LOOPBACK_MASK, false);
        memset(b.got, 0, sizeof b.got);
        send(&b, 1, 0);                 /* and hears it again */
        twin_until(&b.t, all_there, &b, TWIN_S);
        assert_int_equal(b.got[0], FRAMES);
        twin_close(&b.t);
    }
}

static void take_none(void *arg, unsigned end, const struct pkt *p)
{
    (void)arg;
    (void)end;
    (void)p;
}

/* Loopback on and off while FRAMES go by, in profile @k; and then until all have gone. */
static void in_and_out(struct bench *b, unsigned k)
{
    static const uint64_t all[] = { 140 * TWIN_US, 1400 * TWIN_US, 14 * TWIN_MS };
    for (unsigned i = 0; i < 8; i++) {
        twin_run(&b->t, all[k] / 12 + i * 99000);
        set(b, LY_CTRL_LOOPBACK_MASK, i % 2 == 0);
    }
    twin_run(&b->t, 4 * all[k]);
}

/* CTRL.LOOPBACK acts between two frames: each goes whole to the wire or back, none is cut. */
static void loopback_under_load(void **state)
{
    (void)state;
    for (unsigned k = 0; k < sizeof profiles / sizeof profiles[0]; k++) {
        struct bench b;
        uint64_t n[NIC_COUNTERS_MAX], far[NIC_COUNTERS_MAX];
        open_bench(&b, profiles[k]);
        b.t.rx = take_none;
        send(&b, 0, 1);
        in_and_out(&b, k);
        twin_counters(&b.t, 0, n);
        twin_counters(&b.t, 1, far);
        print_message("%s: %u frames on the wire, %u back\n", profiles[k],
                      (unsigned)far[LY_CTR_RX_FRAMES], (unsigned)n[LY_CTR_RX_FRAMES]);
        assert_int_equal(n[LY_CTR_TX_FRAMES], FRAMES);
        assert_true(n[LY_CTR_RX_FRAMES] > 0 && far[LY_CTR_RX_FRAMES] > 0);
        assert_int_equal(n[LY_CTR_RX_FRAMES] + far[LY_CTR_RX_FRAMES], FRAMES);
        assert_int_equal(n[LY_CTR_RX_SYMBOL_ERRORS] + n[LY_CTR_RX_FCS_ERRORS] +
                         n[LY_CTR_RX_FRAGMENTS] + n[LY_CTR_RX_JABBER], 0);
        twin_close(&b.t);
    }
}

/* It ends between two frames of the wire: one that it was deaf to has no tail that is heard. */
static void loopback_ends_in_a_frame(void **state)
{
    (void)state;
    for (unsigned k = 0; k < sizeof profiles / sizeof profiles[0]; k++) {
        struct bench b;
        uint64_t n[NIC_COUNTERS_MAX];
        open_bench(&b, profiles[k]);
        b.t.rx = take_none;
        send(&b, 1, 0);
        in_and_out(&b, k);
        twin_counters(&b.t, 0, n);
        print_message("%s: %u of %u heard\n", profiles[k], (unsigned)n[LY_CTR_RX_FRAMES], FRAMES);
        assert_in_range(n[LY_CTR_RX_FRAMES], 1, FRAMES - 1);
        assert_int_equal(n[LY_CTR_RX_FALSE_CARRIERS] + n[LY_CTR_RX_SYMBOL_ERRORS] +
                         n[LY_CTR_RX_FCS_ERRORS] + n[LY_CTR_RX_FRAGMENTS], 0);
        twin_close(&b.t);
    }
}

static void own_fcs(void **state)
{
    (void)state;
    for (unsigned k = 0; k < sizeof profiles / sizeof profiles[0]; k++) {
        struct bench b;
        uint64_t n[NIC_COUNTERS_MAX], octets = 0;
        open_bench(&b, profiles[k]);
        set(&b, LY_CTRL_TX_OWN_FCS_MASK, true);
        b.own_fcs = true;
        send(&b, 0, 1);
        twin_until(&b.t, all_there, &b, TWIN_S);
        for (unsigned i = 0; i < FRAMES; i++)
            octets += length(i) + ETH_FCS_BYTES;
        twin_counters(&b.t, 0, n);
        assert_int_equal(n[LY_CTR_TX_FRAMES], FRAMES);
        assert_int_equal(n[LY_CTR_TX_OCTETS], octets);
        assert_int_equal(n[LY_CTR_TX_PAD_OCTETS], 0);
        assert_int_equal(b.t.wire->stats.from_nic_octets, octets);
        twin_counters(&b.t, 1, n);
        assert_int_equal(n[LY_CTR_RX_FRAMES], FRAMES);
        set(&b, LY_CTRL_TX_OWN_FCS_MASK, false);
        b.own_fcs = false;
        memset(b.got, 0, sizeof b.got);
        send(&b, 0, 1);
        twin_until(&b.t, all_there, &b, TWIN_S);
        twin_close(&b.t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback),
        cmocka_unit_test(loopback_under_load),
        cmocka_unit_test(loopback_ends_in_a_frame),
        cmocka_unit_test(own_fcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
