/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An rx queue of 8 KiB (model 8k, a core of 24 MHz) behind 100 Mbit/s, where the far end honours
 * pause: overload loses nothing. Without it the same loses frames.
 *
 * LY_PAUSE_MS: milliseconds of overload, each (default: 40).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/cosim/flood.h"

#include <stdlib.h>

#define QUEUE_BYTES 8192u           /* model.8k in rtl/rules.mk */
#define USB_BYTES_HZ 1000000u       /* full speed: test_pause_fs.c */
#define FRAMES 10u

static uint64_t overload_ps(void)
{
    const char *text = getenv("LY_PAUSE_MS");
    return (text ? strtoull(text, NULL, 0) : 40) * TWIN_MS;
}

static bool all_came(void *arg)
{
    const struct flood *f = arg;
    return f->came == f->cfg.frames;
}

static struct flood *ten_frames(bool pause)
{
    struct flood *f = flood_open(&(struct flood_cfg){
        .profile = "up5k", .mbit = 100, .queue_bytes = QUEUE_BYTES, .pause = pause,
        .len_min = TWIN_MAX, .len_max = TWIN_MAX, .frames = FRAMES,
        .rx_bytes_hz = USB_BYTES_HZ });
    twin_until(&f->t, all_came, f, TWIN_S);
    return f;
}

/* That the burst is more than the queue holds shows that the rest of this file tests anything. */
static void a_burst(void **state)
{
    (void)state;
    struct flood *f = ten_frames(false);
    twin_run(&f->t, 20 * TWIN_MS);
    unsigned lost = FRAMES - flood_read(f);
    print_message("%u frames of 1518 octets: %u lost\n", FRAMES, lost);
    assert_in_range(lost, 1, FRAMES / 2);
    flood_close(f, lost);
    f = ten_frames(true);
    print_message("with pause: none, XOFF at %u octets, at most %u of %u\n", f->xoff_least,
                  f->peak, QUEUE_BYTES);
    assert_true(f->xoff > 0 && f->xoff_least >= flood_xoff_at(QUEUE_BYTES));
    flood_close(f, 0);
}

/* @hz: mean of what the host takes. */
static void overload(struct flood_cfg cfg, uint64_t hz, uint64_t ps)
{
    cfg.profile = "up5k";
    cfg.mbit = 100;
    cfg.queue_bytes = QUEUE_BYTES;
    cfg.pause = true;
    struct flood *f = flood_open(&cfg);
    twin_run(&f->t, ps);
    print_message("%llu ms, %u to %u octets%s: %u frames, XOFF at %u to %u octets, %u times and %u "
                  "again; at most %u of %u\n", (unsigned long long)(ps / TWIN_MS), cfg.len_min + 4,
                  cfg.len_max + 4, cfg.both_ways ? ", both ways" : "", f->came, f->xoff_least,
                  f->xoff_most, f->xoff - f->again, f->again, f->peak, QUEUE_BYTES);
    /* It was one, the host was never idle for long, and the wire idle most of the time. */
    uint64_t octets = f->sum[f->came % FLOOD_LINE], most = ps / 1000000 * hz / 1000000;
    assert_in_range(octets, most * 8 / 10, most * 11 / 10 + QUEUE_BYTES);
    assert_true(f->xoff > f->again && f->xon > 0);
    flood_close(f, 0);
}

/* Frames of all lengths. Clause: IEEE 802.3 31B.3.2 */
static void slow_link(void **state)
{
    (void)state;
    overload((struct flood_cfg){ .len_min = TWIN_MIN, .len_max = TWIN_MAX,
                                 .rx_bytes_hz = USB_BYTES_HZ }, USB_BYTES_HZ, overload_ps());
}

/* The worst for XOFF: the longest frames, and one of our own is under way when it is due. */
static void longest_both_ways(void **state)
{
    (void)state;
    overload((struct flood_cfg){ .both_ways = true, .len_min = TWIN_MAX, .len_max = TWIN_MAX,
                                 .rx_bytes_hz = USB_BYTES_HZ }, USB_BYTES_HZ, overload_ps());
}

/* Less far below the wire: XOFF and XON come often, at all phases. */
static void faster_link(void **state)
{
    (void)state;
    overload((struct flood_cfg){ .both_ways = true, .len_min = TWIN_MIN, .len_max = TWIN_MAX,
                                 .rx_bytes_hz = 6 * USB_BYTES_HZ }, 6 * USB_BYTES_HZ,
             overload_ps());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst), cmocka_unit_test(slow_link),
        cmocka_unit_test(longest_both_ways), cmocka_unit_test(faster_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
