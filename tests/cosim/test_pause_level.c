/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pause frames that a NIC sends: at which level of its rx queue it asks for a pause and at which
 * it lets go, how often it asks again, and that a far end which obeys loses nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/flood.h"

#define QUEUE_BYTES 32768u          /* rtl/top/ly_top_sim.v */
#define REPEATS 3u
#define XOFF_FRAMES 192u            /* rtl/queue/ly_level.v: 256 less 42, in steps of 32 */

static bool asked_again(void *arg)
{
    const struct flood *f = arg;
    return f->told && f->repeats == REPEATS;
}

static bool let_go(void *arg)
{
    const struct flood *f = arg;
    return !f->told;
}

/* The host takes nothing until XOFF was sent and repeated three times, then all. */
static void fill(const char *profile, unsigned mbit, unsigned len_min, bool both, unsigned times)
{
    struct flood *f = flood_open(&(struct flood_cfg){
        .profile = profile, .mbit = mbit, .queue_bytes = QUEUE_BYTES, .pause = true,
        .both_ways = both, .len_min = len_min, .len_max = TWIN_MAX });
    for (unsigned i = 0; i < times; i++) {
        flood_deaf(f, true);
        twin_until(&f->t, asked_again, f, TWIN_S);
        flood_deaf(f, false);
        twin_until(&f->t, let_go, f, TWIN_S);
    }
    uint32_t at = flood_xoff_at(QUEUE_BYTES);
    print_message("%u Mbit/s%s: XOFF at %u to %u octets of %u, %u times, repeated %u times; XON %u "
                  "times; at most %u\n", mbit, both ? ", both ways" : "", f->xoff_least,
                  f->xoff_most, QUEUE_BYTES, f->xoff - f->again, f->again, f->xon, f->peak);
    assert_true(f->xoff_least >= at);
    assert_true(f->xoff_most <= at + FLOOD_SLACK + (both ? FLOOD_OCTETS_MAX : 0));
    assert_int_equal(f->xoff - f->again, times);
    assert_int_equal(f->xon, times);
    assert_true(f->again >= REPEATS * times);
    flood_close(f, 0);
}

/* Clause: IEEE 802.3 31B.3.2 */
static void levels_at_1000(void **state)
{
    (void)state;
    fill("gmii", 1000, 200, false, 4);
    fill("gmii", 1000, 200, true, 4);
}

/* Clause: IEEE 802.3 31B.3.2 */
static void levels_at_100(void **state)
{
    (void)state;
    fill("mii", 100, 1000, false, 1);
    fill("mii", 100, 1000, true, 1);
}

/* More frames than 113 octets on average would need before the octets tell: the queue keeps
 * the lengths of 256. Clause: IEEE 802.3 31B.3.2 */
static void shortest_frames(void **state)
{
    (void)state;
    struct flood *f = flood_open(&(struct flood_cfg){
        .profile = "gmii", .mbit = 1000, .queue_bytes = QUEUE_BYTES, .pause = true,
        .both_ways = true, .len_min = TWIN_MIN, .len_max = TWIN_MIN });
    flood_deaf(f, true);
    twin_until(&f->t, asked_again, f, TWIN_S);
    unsigned frames = f->xoff_least / TWIN_MIN;
    print_message("%u octets: XOFF at %u frames\n", TWIN_MIN, frames);
    assert_in_range(frames, XOFF_FRAMES, XOFF_FRAMES + 2 + FLOOD_OCTETS_MAX / 84);
    flood_close(f, 0);
}

/* Our own pause frames have an FCS made for them, also where the host's bring theirs. */
/* Clause: IEEE 802.3 31B.3.2, IEEE 802.3 3.2.8 */
static void whole_beside_own_fcs(void **state)
{
    (void)state;
    struct flood *f = flood_open(&(struct flood_cfg){
        .profile = "gmii", .mbit = 1000, .queue_bytes = QUEUE_BYTES, .pause = true,
        .len_min = 200, .len_max = TWIN_MAX });
    uint32_t ctrl = twin_reg(&f->t, 1, LY_REG_CTRL, 0, false);
    (void)twin_reg(&f->t, 1, LY_REG_CTRL, ctrl | LY_CTRL_TX_OWN_FCS_MASK, true);
    flood_deaf(f, true);
    twin_until(&f->t, asked_again, f, TWIN_S);
    flood_close(f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_at_1000), cmocka_unit_test(levels_at_100),
        cmocka_unit_test(shortest_frames), cmocka_unit_test(whole_beside_own_fcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
