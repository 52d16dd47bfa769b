/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_sim.c - driver/link.h on a NIC in the world. The queues and time-outs are
 * rec_stream.c's, the stepping is nic_actor.c's; this file ties them together.
 */
#include "sim/link_sim.h"

#include "sim/sim_nic.h"

#include <errno.h>
#include <stdlib.h>

static struct sim_nic *nic_of(struct link *l)
{
    return (struct sim_nic *)l;
}

static const struct sim_nic *nic_of_const(const struct link *l)
{
    return (const struct sim_nic *)l;
}

static int op_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    return stream_tx(&nic_of(l)->stream, pkts, n);
}

static int op_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    return stream_rx(&nic_of(l)->stream, pkts, n);
}

static int op_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    return stream_reg(&nic_of(l)->stream, tag, addr, value, write);
}

static int op_event(struct link *l, struct link_event *ev)
{
    return stream_event(&nic_of(l)->stream, ev);
}

/* Time-outs are the world's; only their distance is told in the caller's time. */
static int op_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    struct sim_nic *n = nic_of(l);
    int rc = stream_poll(&n->stream);
    uint64_t due = stream_timeout_ps(&n->stream), now = world_now(n->world);

    *next_ns = INT64_MAX;
    if (due != SIM_NEVER)
        *next_ns = now_ns + (int64_t)((due > now ? due - now + 999 : 0) / 1000);
    return rc;
}

static int op_fd(struct link *l)
{
    (void)l;
    return -1;
}

/* The model has no DMA. */
static int op_dma_map(struct link *l, void *base, size_t bytes)
{
    (void)l;
    (void)base;
    (void)bytes;
    return 0;
}

static struct link_caps op_caps(struct link *l)
{
    (void)l;
    return (struct link_caps){ .flags = LINK_CAP_REGS | LINK_CAP_EVENTS | LINK_CAP_VNET,
                               .max_frame_bytes = STREAM_MAX_FRAME_BYTES };
}

static void op_stats(struct link *l, struct link_stats *out)
{
    *out = nic_of(l)->stream.stats;
}

static void nic_free(struct sim_nic *n)
{
    phy_tap_fini(&n->tap);
    nic_model_destroy(n->model);
    free(n);
}

static void op_close(struct link *l)
{
    struct sim_nic *n = nic_of(l);
    world_remove(n->world, n->actor);
    stream_fini(&n->stream);
    nic_free(n);
}

static const struct link_ops ops = {
    .name = "sim",
    .tx = op_tx,
    .rx = op_rx,
    .reg_submit = op_reg_submit,
    .event = op_event,
    .poll = op_poll,
    .fd = op_fd,
    .dma_map = op_dma_map,
    .caps = op_caps,
    .stats = op_stats,
    .close = op_close,
};

/* All that may fail, in the order in which nic_free() undoes it. */
static int nic_build(struct sim_nic *n, const struct sim_nic_cfg *cfg)
{
    n->model = nic_model_create(world_seed(cfg->world), cfg->number);
    if (!n->model)
        return -ENOMEM;
    n->in = nic_model_inputs(n->model);
    n->out = nic_model_outputs(n->model);
    n->tap.cap = cfg->capture;
    n->tape = cfg->tape;
    n->has_phy = cfg->phy != NULL;
    n->in->phy_mdio = n->has_phy;
    n->in->mdio = n->has_phy;   /* the pull-up */
    if (n->has_phy)
        phy_model_init(&n->phy, cfg->phy, world_now(cfg->world));
    int rc = sim_nic_plug(n, cfg->profile, cfg->stop_core_clock);
    if (rc == 0) {
        n->actor = world_add(cfg->world, &sim_nic_actor, n);
        rc = n->actor < 0 ? n->actor : 0;
    }
    return rc;
}

int sim_nic_open(struct link **out, const struct sim_nic_cfg *cfg)
{
    struct sim_nic *n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    n->link.ops = &ops;
    n->world = cfg->world;
    n->wire = cfg->wire;
    n->port = cfg->port;
    int rc = nic_build(n, cfg);
    if (rc < 0) {
        nic_free(n);
        return rc;
    }
    stream_init(&n->stream, cfg->world, cfg->pool);
    stream_rx_rate(&n->stream, cfg->rx_bytes_hz);
    *out = &n->link;
    return 0;
}

uint64_t sim_nic_wake_ps(const struct link *l)
{
    const struct sim_nic *n = nic_of_const(l);
    uint64_t t = stream_wake_ps(&n->stream), now = world_now(n->world);
    return t < now ? now : t;
}

uint64_t sim_nic_due_ps(const struct link *l)
{
    const struct sim_nic *n = nic_of_const(l);
    uint64_t now = world_now(n->world), t = sim_nic_rests_ps(n);
    return t < now || stream_wake_ps(&n->stream) != SIM_NEVER ? now : t;
}

bool sim_nic_busy(const struct link *l)
{
    return sim_nic_due_ps(l) != SIM_NEVER;
}

const char *sim_nic_top(void)
{
    return nic_model_top();
}

bool sim_nic_traces(void)
{
    return nic_model_traces();
}

int sim_nic_waves_open(struct link *l, const char *path)
{
    return nic_model_trace_open(nic_of(l)->model, path);
}

int sim_nic_waves_close(struct link *l)
{
    return nic_model_trace_close(nic_of(l)->model);
}

void sim_nic_partner(struct link *l, const struct phy_partner *partner)
{
    struct sim_nic *n = nic_of(l);
    phy_model_partner(&n->phy, world_now(n->world), partner);
    wire_link(n->wire, n->port, 0);
    world_due(n->world, n->phy.up_ps);
}

void sim_nic_stats_get(const struct link *l, struct sim_nic_stats *out)
{
    const struct sim_nic *n = nic_of_const(l);
    *out = (struct sim_nic_stats){
        .core_cycles = sim_nic_core_cycles(n),
        .core_evaluated = n->evaluated,
        .phy_tx_frames = n->tap.n_out.frames,
        .phy_tx_octets = n->tap.n_out.octets,
        .phy_rx_frames = n->tap.n_in.frames,
        .phy_rx_octets = n->tap.n_in.octets,
        .phy_tx_withheld = n->tx_way.withheld,
        .phy_rx_withheld = n->rx_way.withheld,
        .rx_elastic_min = n->elastic.min,
        .rx_elastic_max = n->elastic.max,
    };
}
