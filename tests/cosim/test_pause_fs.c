/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rx queue of ice40-fs (model fs: 64 KiB, a core of 24 MHz) and no flow control: ten of the
 * longest frames back to back at 100 Mbit/s, while the record link is as slow as full-speed USB
 * or stands still.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/rec_stream.h"
#include "tests/cosim/flood.h"

#define QUEUE_BYTES 65536u          /* model.fs in rtl/rules.mk */
#define USB_BYTES_HZ 1000000u       /* bulk: 19 packets of 64 octets in 1 ms at most; 5.8.4 */
#define FRAMES 10u
#define GAP_BITS 96u

static bool all_came(void *arg)
{
    const struct flood *f = arg;
    return f->came == f->cfg.frames;
}

static void ten(struct flood *f, const char *how)
{
    unsigned begun = f->came;
    f->cfg.frames = begun + FRAMES;
    f->begun = 0;
    f->t.end[0].next_ns = 0;
    world_due(f->t.world, world_now(f->t.world));
    twin_until(&f->t, all_came, f, 10 * TWIN_MS);
    print_message("%s: %u frames of 1518 octets, at most %u octets of %u in the queue\n", how,
                  FRAMES, f->peak, QUEUE_BYTES);
    assert_int_equal(f->begun, FRAMES);
    assert_int_equal(f->least_gap_ps, spy_bits_ps(&f->spy, GAP_BITS));
    assert_int_equal(f->most_gap_ps, spy_bits_ps(&f->spy, GAP_BITS));
    flood_close(f, 0);
}

static void slow_link(void **state)
{
    (void)state;
    ten(flood_open(&(struct flood_cfg){
        .profile = "up5k", .mbit = 100, .queue_bytes = QUEUE_BYTES, .len_min = TWIN_MAX,
        .len_max = TWIN_MAX, .frames = FRAMES, .rx_bytes_hz = USB_BYTES_HZ }), "1 Mbyte/s");
}

static bool stands(void *arg)
{
    struct flood *f = arg;
    return flood_read(f) == STREAM_RX_FRAMES && flood_level(f) == 0;
}

/* The host takes nothing, and what it has room for is full. */
static void standing_link(void **state)
{
    (void)state;
    struct flood *f = flood_open(&(struct flood_cfg){
        .profile = "up5k", .mbit = 100, .queue_bytes = QUEUE_BYTES, .len_min = TWIN_MAX,
        .len_max = TWIN_MAX, .frames = STREAM_RX_FRAMES });
    flood_deaf(f, true);
    twin_until(&f->t, stands, f, TWIN_S);
    f->peak = 0;
    f->least_gap_ps = UINT64_MAX;
    f->most_gap_ps = 0;
    ten(f, "standing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_link), cmocka_unit_test(standing_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
