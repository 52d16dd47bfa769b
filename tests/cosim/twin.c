/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS 1024u
#define REG_TAG 0x8123u

const uint8_t twin_mac[WIRE_PORTS_MAX][6] = {
    { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 3 }, { 2, 0, 0, 0, 0, 4 },
    { 2, 0, 0, 0, 0, 5 }, { 2, 0, 0, 0, 0, 6 }, { 2, 0, 0, 0, 0, 7 }, { 2, 0, 0, 0, 0, 8 },
};

/* --- the hosts -------------------------------------------------------------------- */

static uint64_t host_next(void *self)
{
    const struct twin_end *e = self;
    uint64_t wake = sim_nic_wake_ps(e->link);
    uint64_t due = e->next_ns == INT64_MAX ? SIM_NEVER : (uint64_t)e->next_ns * 1000u;
    return wake < due ? wake : due;
}

static void host_run(void *self, uint64_t t_ps)
{
    struct twin_end *e = self;
    struct twin *t = e->t;
    unsigned i = (unsigned)(e - t->end);
    struct pkt *p;
    assert_int_equal(nic_poll(e->nic, (int64_t)(t_ps / 1000u), &e->next_ns), 0);
    while (!e->deaf && (p = nic_rx(e->nic)) != NULL) {
        if (t->rx)
            t->rx(t->arg, i, p);
        pkt_release(p);
    }
    if (t->turn)
        t->turn(t->arg, i);
}

static const struct actor_ops host_ops = { .name = "host", .next = host_next, .run = host_run };

static void end_open(struct twin *t, unsigned i, const struct twin_cfg *cfg, struct wire *wire)
{
    struct twin_end *e = &t->end[i];
    size_t bytes = pkt_pool_bytes(PACKETS, 0);
    e->t = t;
    e->mem = malloc(bytes);
    assert_non_null(e->mem);
    e->pool = pkt_pool_create(e->mem, bytes, PACKETS, 0);
    const struct sim_nic_cfg sc = { .world = t->world, .wire = wire, .port = i, .number = i,
                                    .profile = cfg->profile, .pool = e->pool,
                                    .phy = cfg->phy, .rx_bytes_hz = i ? cfg->rx_bytes_hz : 0 };
    assert_int_equal(sim_nic_open(&e->link, &sc), 0);
    struct nic_cfg nc = { .link = e->link, .pool = e->pool, .offload = cfg->offload,
                          .promiscuous = cfg->promiscuous && i == 1, .phy = cfg->offer };
    memcpy(nc.mac, twin_mac[i], sizeof(nc.mac));
    assert_int_equal(nic_create(&e->nic, &nc), 0);
    e->actor = world_add(t->world, &host_ops, e);
    assert_true(e->actor >= 0);
}

static bool all_up(void *arg)
{
    const struct twin *t = arg;
    for (unsigned i = 0; i < t->ends; i++)
        if (nic_state(t->end[i].nic) != NIC_UP)
            return false;
    return true;
}

static void wire_open(struct twin *t, const struct twin_cfg *cfg)
{
    char why[WIRE_WHY_BYTES];
    unsigned mbit;
    bool full;
    if (!cfg->hub) {
        assert_int_equal(wire_peer_open(&t->wire, t->world, why), 0);
        return;
    }
    assert_int_equal(wire_hub_open(&t->wire, t->world, cfg->hub, why), 0);
    assert_int_equal(sim_profile_link(cfg->profile, &mbit, &full), 0);
    assert_false(full);
    wire_set_speed(t->wire, mbit);
}

void twin_open(struct twin *t, const struct twin_cfg *cfg)
{
    memset(t, 0, sizeof(*t));
    t->ends = cfg->hub ? cfg->hub : 2;
    t->world = world_create(cfg->seed, !cfg->no_skip);
    assert_non_null(t->world);
    wire_open(t, cfg);
    wire_set_ppm(t->wire, 0, cfg->ppm[0]);
    wire_set_ppm(t->wire, 1, cfg->ppm[1]);
    struct wire *wire = cfg->round ? cfg->round(cfg->round_arg, t->wire) : t->wire;
    for (unsigned i = 0; i < t->ends; i++)
        end_open(t, i, cfg, wire);
    twin_until(t, all_up, t, TWIN_S);
}

void twin_close(struct twin *t)
{
    assert_string_equal(t->wire->error, "");
    assert_int_equal(t->wire->stats.from_nic_bad, 0);
    for (unsigned i = 0; i < t->ends; i++) {
        world_remove(t->world, t->end[i].actor);
        nic_destroy(t->end[i].nic);
        assert_int_equal(pkt_pool_in_use(t->end[i].pool), 0);
        free(t->end[i].mem);
    }
    wire_close(t->wire);
    world_destroy(t->world);
}

void twin_run(struct twin *t, uint64_t ps)
{
    world_run(t->world, world_now(t->world) + ps, 0);
}

void twin_until(struct twin *t, bool (*done)(void *arg), void *arg, uint64_t limit_ps)
{
    uint64_t limit = world_now(t->world) + limit_ps;
    while (!done(arg)) {
        assert_true(world_now(t->world) < limit);
        twin_run(t, 5 * TWIN_US);
    }
}

/* --- registers -------------------------------------------------------------------- */

void twin_counters(struct twin *t, unsigned end, uint64_t out[NIC_COUNTERS_MAX])
{
    struct nic *nic = t->end[end].nic;
    int n;
    assert_int_equal(nic_counters_start(nic), 0);
    t->end[end].next_ns = 0;        /* poll: something was handed in */
    while ((n = nic_counters_done(nic, out)) == -EAGAIN)
        twin_run(t, 5 * TWIN_US);
    assert_true(n > 0);
}

uint32_t twin_reg(struct twin *t, unsigned end, uint32_t addr, uint32_t value, bool write)
{
    struct nic *nic = t->end[end].nic;
    struct link_event ev;
    assert_int_equal(nic_reg_submit(nic, REG_TAG, addr, value, write), 0);
    t->end[end].next_ns = 0;
    while (nic_reg_answer(nic, &ev) == 0)
        twin_run(t, TWIN_US);
    assert_int_equal(ev.tag, REG_TAG);
    assert_int_equal(ev.addr, addr);
    assert_int_equal(ev.status, 0);
    return ev.value;
}

/* --- frames ----------------------------------------------------------------------- */

void twin_frame(uint8_t *f, unsigned len, uint64_t seed, unsigned i, unsigned to)
{
    struct sim_rng rng = { (uint64_t)sim_hash32(seed, i) << 8 | to };
    memcpy(f, twin_mac[to], 6);
    memcpy(f + 6, twin_mac[!to], 6);
    f[12] = TWIN_ETHERTYPE >> 8;
    f[13] = TWIN_ETHERTYPE & 255;
    for (unsigned at = 14; at < len; at += 8) {
        uint64_t r = sim_rng_next(&rng);
        memcpy(f + at, &r, len - at < 8 ? len - at : 8);
    }
}

struct pkt *twin_packet(struct twin *t, unsigned end, const uint8_t *f, unsigned len)
{
    struct pkt *p = pkt_alloc(t->end[end].pool, PKT_SMALL);
    if (p)
        memcpy(pkt_put(p, len), f, len);
    return p;
}
