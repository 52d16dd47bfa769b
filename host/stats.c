/* SPDX-License-Identifier: Apache-2.0 */
#include "host/stats.h"

#include "driver/link_fault.h"
#include "host/compose.h"
#include "host/control.h"
#include "host/peer.h"
#include "sim/link_sim.h"
#include "sim/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define READ_TRIES 10u
#define READ_LIMIT_NS 5000000000

struct printer {
    FILE *f;
    bool json, first;
    const char *group;
};

/* Text leaves zeros out; a machine gets every name. */
static void put(struct printer *p, const char *name, uint64_t value)
{
    if (p->json)
        fprintf(p->f, "%s\"%s.%s\":%" PRIu64, p->first ? "" : ",", p->group, name, value);
    else if (value)
        fprintf(p->f, "  %-6s %-24s %12" PRIu64 "\n", p->group, name, value);
    p->first = false;
}

static void put_stack(struct printer *p, const struct net *net, const char *group)
{
    const struct net_counters *c = net_counters(net);
    p->group = group;
#define X(name, what) put(p, #name, c->name);
    NET_COUNTERS(X)
#undef X
}

/* What --fault (@on a wire) or --fault-link did, by kind. */
static void put_faults(struct printer *p, unsigned on, const uint64_t tx[FAULT_KINDS],
                       const uint64_t rx[FAULT_KINDS])
{
    for (int i = 0; i < 2 * FAULT_KINDS; i++) {
        bool is_tx = i < FAULT_KINDS;
        int k = i % FAULT_KINDS;
        char name[40];
        if (!(fault_kinds[k].on & on) || (is_tx && (fault_kinds[k].on & FAULT_RX_ONLY)))
            continue;
        snprintf(name, sizeof(name), "fault_%s_%s", is_tx ? "tx" : "rx", fault_kinds[k].counter);
        put(p, name, (is_tx ? tx : rx)[k]);
    }
}

static void put_driver(struct printer *p, const struct rig *r)
{
    struct nic_stats s;
    nic_stats_get(r->me.nic, &s);
    p->group = "driver";
    put(p, "tx_frames", s.tx_frames);
    put(p, "tx_bytes", s.tx_bytes);
    put(p, "tx_csum_asked", s.tx_csum_asked);
    put(p, "tx_drop_queue_full", s.tx_drop_queue_full);
    put(p, "tx_drop_down", s.tx_drop_down);
    put(p, "tx_drop_oversize", s.tx_drop_oversize);
    put(p, "rx_frames", s.rx_frames);
    put(p, "rx_bytes", s.rx_bytes);
    put(p, "rx_csum_valid", s.rx_csum_valid);
    put(p, "rx_csum_bad", s.rx_csum_bad);
    put(p, "rx_csum_none", s.rx_csum_none);
    put(p, "ev_device_errors", s.ev_device_errors);
    put(p, "ev_stray", s.ev_stray);
    put(p, "link_rx_no_buffer", s.link.rx_no_buffer);
    put(p, "link_rx_bad_record", s.link.rx_bad_record);
    put(p, "link_resyncs", s.link.resyncs);
    if (r->me.faults) {
        const struct link_fault_stats *f = link_fault_stats(r->me.faults);
        p->group = "link";
        put_faults(p, FAULT_ON_LINK, f->tx, f->rx);
    }
}

static void put_phy(struct printer *p, const struct sim_nic_stats *s)
{
    p->group = "phy";
    put(p, "tx_frames", s->phy_tx_frames);
    put(p, "tx_octets", s->phy_tx_octets);
    put(p, "rx_frames", s->phy_rx_frames);
    put(p, "rx_octets", s->phy_rx_octets);
    put(p, "core_cycles", s->core_cycles);
    put(p, "core_evaluated", s->core_evaluated);
}

static void put_bridge(struct printer *p, const struct wire_switch_stats *b)
{
    if (!b)
        return;
    p->group = "switch";
    put(p, "forwarded", b->forwarded);
    put(p, "flooded", b->flooded);
    put(p, "filtered", b->filtered);
    put(p, "reserved", b->reserved);
    put(p, "paused", b->paused);
    put(p, "dropped_bad", b->dropped_bad);
    put(p, "dropped_full", b->dropped_full);
    put(p, "learned", b->learned);
    put(p, "moved", b->moved);
    put(p, "aged", b->aged);
    put(p, "evicted", b->evicted);
}

static void put_hub(struct printer *p, const struct wire_hub_stats *h)
{
    if (!h)
        return;
    p->group = "hub";
    put(p, "frames", h->frames);
    put(p, "collisions", h->collisions);
    put(p, "fragments", h->fragments);
    put(p, "late", h->late);
}

/* Where clocks differ: how far the bytes between rx pins and core ran apart. */
static void put_elastic(struct printer *p, const struct rig *r, const struct sim_nic_stats *s)
{
    if (wire_ppm(r->wire, 0) == wire_far_ppm(r->wire, 0))
        return;
    put(p, "rx_elastic_min", s->rx_elastic_min);
    put(p, "rx_elastic_max", s->rx_elastic_max);
}

/* What a PHY without a link kept back. */
static void put_withheld(struct printer *p, const struct rig *r, const struct sim_nic_stats *s)
{
    if (!r->o->phy)
        return;
    put(p, "tx_withheld", s->phy_tx_withheld);
    put(p, "rx_withheld", s->phy_rx_withheld);
}

static void put_sim(struct printer *p, const struct rig *r)
{
    struct sim_nic_stats s;
    sim_nic_stats_get(r->me.link, &s);
    put_phy(p, &s);
    const struct wire_stats *w = &r->wire->stats;
    put_elastic(p, r, &s);
    put_withheld(p, r, &s);
    p->group = "wire";
    put(p, "from_nic_frames", w->from_nic_frames);
    put(p, "from_nic_octets", w->from_nic_octets);
    put(p, "from_nic_bad", w->from_nic_bad);
    put(p, "to_nic_frames", w->to_nic_frames);
    put(p, "to_nic_octets", w->to_nic_octets);
    put(p, "to_nic_dropped", w->to_nic_dropped);
    put(p, "far_send_errors", w->far_send_errors);
    const struct wire_stats *file = &wire_innermost(r->wire)->stats;
    put(p, "file_truncated", file->file_truncated);
    put(p, "file_runt", file->file_runt);
    put(p, "file_oversize", file->file_oversize);
    put(p, "file_outward", file->file_outward);
    put_faults(p, FAULT_ON_WIRE, w->fault_tx, w->fault_rx);
    put_bridge(p, wire_innermost(r->wire)->bridge);
    put_hub(p, wire_innermost(r->wire)->hub);
}

void stats_begin(struct stats_reading *s)
{
    for (unsigned i = 0; i < sizeof(s->nic) / sizeof(s->nic[0]); i++) {
        s->nic[i].count = -EAGAIN;
        s->nic[i].started = false;
    }
}

/* A snapshot by registers. Somebody else's comes to its end first. */
static int read_nic(struct nic *nic, bool *started, uint64_t out[NIC_COUNTERS_MAX])
{
    if (*started)
        return nic_counters_done(nic, out);
    int rc = nic_counters_start(nic);
    *started = rc == 0;
    return rc == 0 || rc == -EBUSY ? -EAGAIN : rc;
}

int stats_poll(struct stats_reading *s, struct rig *r)
{
    for (unsigned i = 0; i < 1 + r->peers; i++) {
        int *count = &s->nic[i].count;
        if (*count == -EAGAIN)
            *count = read_nic(i ? peer_nic(r->peer[i - 1]) : r->me.nic, &s->nic[i].started,
                              s->nic[i].value);
        if (i && *count == -EAGAIN)
            peer_wake(r->peer[i - 1]);
        if (*count < 0)
            return *count;
    }
    return 0;
}

static void put_nic(struct printer *p, const char *group, const uint64_t *counters, int count)
{
    p->group = group;
    for (int i = 0; i < count; i++)
        put(p, nic_counter_name((unsigned)i), counters[i]);
}

/* "pnic" is the NIC of "peer", "pnic2" that of "peer2". */
static void put_pnic(struct printer *p, unsigned i, const struct stats_nic *n)
{
    char group[8];
    (void)snprintf(group, sizeof(group), i ? "pnic%u" : "pnic", i + 1);
    put_nic(p, group, n->value, n->count);
}

static void begin(struct printer *p, FILE *f, bool json)
{
    *p = (struct printer){ .f = f, .json = json, .first = true };
    fputs(json ? "{" : "counters (those that are not zero):\n", f);
}

void stats_of_replay(FILE *f, const struct sim_nic_stats *s, bool json)
{
    struct printer p;
    begin(&p, f, json);
    put_phy(&p, s);
    if (json)
        fputs("}\n", f);
}

void stats_print(FILE *f, const struct rig *r, const struct stats_reading *s, bool json)
{
    struct printer p;
    begin(&p, f, json);
    p.group = "run";
    put(&p, "seed", r->o->seed);
    put_stack(&p, r->me.net, "stack");
    put_driver(&p, r);
    put_nic(&p, "nic", s->nic[0].value, s->nic[0].count);
    put_sim(&p, r);
    for (unsigned i = 0; i < r->peers; i++)
        put_stack(&p, peer_net(r->peer[i]), peer_name(r->peer[i]));
    for (unsigned i = 0; i < r->peers; i++)
        put_pnic(&p, i, &s->nic[1 + i]);
    if (json)
        fputs("}\n", f);
}

/* Returns an exit code, after a line unless the NIC failed before, which was told then. */
static int read_failed(const struct rig *r, int rc)
{
    bool told = nic_state(r->me.nic) == NIC_FAILED;
    for (unsigned i = 0; i < r->peers; i++)
        told |= peer_error(r->peer[i]) != NULL;
    if (!told)
        say("the NIC's counters could not be read: %s",
            rc == -EAGAIN ? "no answer" : strerror(-rc));
    return rc == -EAGAIN || rc == -ETIMEDOUT ? EXIT_TIMEOUT : EXIT_FAILED;
}

/* What has passed our PHY so far. */
static uint64_t phy_frames(const struct rig *r)
{
    struct sim_nic_stats p;
    sim_nic_stats_get(r->me.link, &p);
    return p.phy_tx_frames + p.phy_rx_frames;
}

/* Counters, frames at the PHY and the capture are to tell of the same frames: where one came
 * while the registers were read they are read again. Others may send for ever: a few times only. */
static int read_all(struct rig *r, struct stats_reading *s, int64_t limit, int *turned)
{
    uint64_t before;
    int rc;
    unsigned tries = 0;
    do {
        before = phy_frames(r);
        stats_begin(s);
        while ((rc = stats_poll(s, r)) == -EAGAIN && *turned == EXIT_DONE && rig_now(r) <= limit)
            *turned = rig_turn(r);
    } while (rc == 0 && phy_frames(r) != before && ++tries < READ_TRIES);
    return rc;
}

int stats_at_end(struct rig *r, int code)
{
    struct stats_reading s;
    int turned = EXIT_DONE;
    control_stop(r->control);
    int rc = read_all(r, &s, rig_now(r) + READ_LIMIT_NS, &turned);
    if (rc < 0 && turned == EXIT_DONE)
        turned = read_failed(r, rc);
    stats_print(stdout, r, &s, r->o->json);
    return code == EXIT_DONE ? turned : code;
}
