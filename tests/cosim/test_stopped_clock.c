/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing goes past the RTL: a NIC whose core clock the world does not schedule lets no
 * frame out and no record back, whatever is handed to it from either side. The same world
 * with the clock running sees all of them, so this test can fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "tests/cosim/twin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS 256u
#define SECOND_PS TWIN_S
#define STEP_PS (TWIN_S / 50)

/* A NIC with the bare link, so that nothing gives up before the second is over. */
struct bare {
    void *mem;
    struct pkt_pool *pool;
    struct link *link;
    unsigned records;       /* events that came from the device */
    unsigned timeouts;      /* events that the link made itself */
    unsigned frames;
};

static void bare_open(struct bare *b, struct world *w, struct wire *wire, unsigned number,
                      bool stopped)
{
    size_t bytes = pkt_pool_bytes(PACKETS, 0);
    *b = (struct bare){ .mem = malloc(bytes) };
    assert_non_null(b->mem);
    b->pool = pkt_pool_create(b->mem, bytes, PACKETS, 0);
    const struct sim_nic_cfg sc = { .world = w, .wire = wire, .port = number, .number = number,
                                    .pool = b->pool, .stop_core_clock = stopped };
    assert_int_equal(sim_nic_open(&b->link, &sc), 0);
}

static void bare_close(struct bare *b)
{
    b->link->ops->close(b->link);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    free(b->mem);
}

/* Everything that a host can do to make the NIC do something. */
static void offer(struct bare *b, unsigned number, unsigned round)
{
    const struct link_ops *ops = b->link->ops;
    const uint32_t ctrl = LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK | LY_CTRL_PROMISC_MASK;
    uint8_t f[TWIN_MAX];
    (void)ops->reg_submit(b->link, (uint16_t)(2 * round + 1), LY_REG_CTRL, ctrl, true);
    (void)ops->reg_submit(b->link, (uint16_t)(2 * round + 2), LY_REG_ID, 0, false);
    twin_frame(f, 200, 1, round, !number);
    struct pkt *p = pkt_alloc(b->pool, PKT_SMALL);
    if (!p)
        return;
    memcpy(pkt_put(p, 200), f, 200);
    if (ops->tx(b->link, &p, 1) != 1)
        pkt_release(p);
}

static void take(struct bare *b, int64_t now_ns)
{
    struct link_event ev;
    struct pkt *p;
    int64_t next;
    (void)b->link->ops->poll(b->link, now_ns, &next);
    while (b->link->ops->event(b->link, &ev))
        if (ev.status == -ETIMEDOUT)
            b->timeouts++;
        else
            b->records++;
    while (b->link->ops->rx(b->link, &p, 1) == 1) {
        b->frames++;
        pkt_release(p);
    }
}

struct seen { unsigned records, timeouts, frames; uint64_t on_wire, at_far; };

/* One second with NIC 0's core clock stopped or not; NIC 1 runs in any case. */
static struct seen one_second(bool stopped)
{
    char why[WIRE_WHY_BYTES];
    struct world *w = world_create(1, true);
    struct wire *wire;
    struct bare b[2];
    struct sim_nic_stats near, far;
    assert_non_null(w);
    assert_int_equal(wire_peer_open(&wire, w, why), 0);
    bare_open(&b[0], w, wire, 0, stopped);
    bare_open(&b[1], w, wire, 1, false);
    for (unsigned round = 0; world_now(w) < SECOND_PS; round++) {
        for (unsigned i = 0; i < 2; i++) {
            take(&b[i], (int64_t)(world_now(w) / 1000));
            offer(&b[i], i, round);
        }
        world_run(w, world_now(w) + STEP_PS, 0);
    }
    sim_nic_stats_get(b[0].link, &near);
    sim_nic_stats_get(b[1].link, &far);
    assert_true(stopped == (near.core_cycles == 0));
    assert_true(stopped == (near.core_evaluated == 0));
    assert_true(far.phy_tx_frames > 40);    /* NIC 1 did send, all the time */
    assert_true(far.core_cycles >= 124999999);
    struct seen s = { b[0].records, b[0].timeouts, b[0].frames, near.phy_tx_frames,
                      far.phy_rx_frames };
    for (int i = 0; i < 2; i++)
        bare_close(&b[i]);
    wire_close(wire);
    world_destroy(w);
    return s;
}

static void stopped(void **state)
{
    (void)state;
    struct seen s = one_second(true);
    assert_int_equal(s.records, 0);
    assert_int_equal(s.frames, 0);
    assert_int_equal(s.on_wire, 0);
    assert_int_equal(s.at_far, 0);
    assert_true(s.timeouts > 0);            /* the link gave up by itself */
}

static void running(void **state)
{
    (void)state;
    struct seen s = one_second(false);
    assert_true(s.records > 90);            /* SYNC, link, and two answers a round */
    assert_true(s.frames > 40);
    assert_true(s.on_wire > 40);
    assert_int_equal(s.at_far, s.on_wire);
    assert_int_equal(s.timeouts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped),
        cmocka_unit_test(running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
