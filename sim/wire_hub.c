/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_hub.c - a repeater for half duplex: what one station sends all others hear; where two or
 * more send at once there is a collision, and all hear jam until nobody sends any more.
 *
 *     NIC out() -> port.heard, a short history -> what the hub sent HUB_DELAY ago -> NIC in()
 *
 * A station sees, in steps of a symbol (8 bit times): CRS from the symbol behind its own first
 * one, or HUB_DELAY (32 bit times) behind another's; COL while it sends and the hub does so
 * towards it; no RX_DV while it sends. Signals end as late as they began. A frame that met no
 * collision crosses as it is and is judged; of a collision nothing is.
 * Source: IEEE 802.3-2018 4.1.2.2 (collisions), 9.5, 27.3 (repeaters), 22.2.2.11, .12 (CRS, COL).
 */
#include "sim/phy_tap.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HUB_DELAY 4u            /* symbols, cables included */
#define HISTORY 32u             /* symbols kept of each port: more than the delay */
#define EPISODES 8u
#define JAM 0x55u
#define SLOT_OCTETS 64u

struct heard { uint64_t t; struct sym s; };

struct port {
    struct heard ring[HISTORY];
    uint64_t n;                 /* symbols ever put there, ends included */
    uint64_t start;             /* index of the first one of the newest carrier */
    bool on;                    /* it sends */
    bool hit;                   /* and met a collision */
    struct frame_asm taken;
    /* What the NIC here is being given: the carrier of @from, its next symbol @next. */
    bool rx_on;
    unsigned from;
    uint64_t next;
};

struct wire_hub {
    struct wire w;              /* first */
    struct wire_hub_stats n;
    unsigned ports, active;
    struct port port[WIRE_PORTS_MAX];
    struct { uint64_t from, to; } jam[EPISODES];    /* the newest at (episodes - 1) % EPISODES */
    uint64_t episodes;
    bool jamming;
    uint64_t wake_ps;           /* the first carrier began just before */
    uint64_t last_ps;           /* something was sent, or ended */
    struct phy_tap far;         /* at port 1 */
};

static struct wire_hub *hub_of(struct wire *w)
{
    return (struct wire_hub *)w;
}

/* --- what comes in ---------------------------------------------------------------------- */

static void hit(struct wire_hub *h, struct port *p)
{
    if (p->hit)
        return;
    p->hit = true;
    h->n.fragments++;
    h->n.late += p->taken.in && p->taken.len >= SLOT_OCTETS;
}

static void carrier_begins(struct wire_hub *h, struct port *p, uint64_t t)
{
    p->on = true;
    p->hit = false;
    p->start = p->n;
    if (++h->active == 1)
        h->wake_ps = t + 1;
    if (h->active < 2)
        return;
    if (!h->jamming) {
        h->jamming = true;
        h->jam[h->episodes % EPISODES].from = t;
        h->jam[h->episodes++ % EPISODES].to = SIM_NEVER;
        h->n.collisions++;
    }
    for (unsigned i = 0; i < h->ports; i++)
        if (h->port[i].on)
            hit(h, &h->port[i]);
}

static void carrier_ends(struct wire_hub *h, struct port *p, uint64_t t)
{
    p->on = false;
    if (--h->active > 0 || !h->jamming)
        return;
    h->jamming = false;
    h->jam[(h->episodes - 1) % EPISODES].to = t;
}

static void hub_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct wire_hub *h = hub_of(w);
    struct port *p = &h->port[port];
    if (w->far && port == 1) {
        h->far.cap = w->far;
        phy_tap_out(&h->far, t, s);
    }
    if (s->dv && !p->on) {
        carrier_begins(h, p, t);
        if (h->jamming)         /* it came when others had collided already */
            hit(h, p);
    } else if (!s->dv && p->on) {
        carrier_ends(h, p, t);
    }
    p->ring[p->n++ % HISTORY] = (struct heard){ t, *s };
    h->last_ps = t;
    world_due(w->world, h->wake_ps);
    if (!frame_asm_sym(&p->taken, t, s) || p->hit || !wire_check(w, &p->taken))
        return;
    h->n.frames++;
    w->stats.to_nic_frames += h->ports - 1;
    w->stats.to_nic_octets += (uint64_t)p->taken.len * (h->ports - 1);
}

/* --- what goes out ---------------------------------------------------------------------- */

/* Whether @p sent at @t: by the newest symbol that is not younger. */
static bool sent_at(const struct port *p, uint64_t t)
{
    uint64_t oldest = p->n > HISTORY ? p->n - HISTORY : 0;
    for (uint64_t i = p->n; i > oldest; i--)
        if (p->ring[(i - 1) % HISTORY].t <= t)
            return p->ring[(i - 1) % HISTORY].s.dv;
    return false;
}

static bool jam_at(const struct wire_hub *h, uint64_t t)
{
    for (unsigned i = 0; i < EPISODES && i < h->episodes; i++)
        if (h->jam[i].from <= t && t < h->jam[i].to)
            return true;
    return false;
}

/* Who sends towards @port at @t; -1 nobody. */
static int sender_at(const struct wire_hub *h, unsigned port, uint64_t t)
{
    for (unsigned i = 0; i < h->ports; i++)
        if (i != port && sent_at(&h->port[i], t))
            return (int)i;
    return -1;
}

/* The next symbol of the carrier that @p is being given, in order whatever the clocks. */
static struct sym repeat(struct wire_hub *h, struct port *p)
{
    const struct port *from = &h->port[p->from];
    struct sym s = { 0 };
    if (p->next < from->n) {
        s = from->ring[p->next++ % HISTORY].s;
        s.crs = s.dv;
    }
    p->rx_on = s.dv;
    return s;
}

static struct sym symbol_at(struct wire_hub *h, unsigned port, uint64_t t)
{
    struct port *p = &h->port[port];
    uint64_t delay = HUB_DELAY * wire_sym_ps(&h->w);
    uint64_t then = t > delay ? t - delay : 0;
    bool jam = jam_at(h, then);
    int from = sender_at(h, port, then);

    if (p->on || jam)
        p->rx_on = false;
    if (p->on)
        return (struct sym){ .crs = 1, .col = jam || from >= 0 };
    if (jam)
        return (struct sym){ .data = JAM, .dv = 1, .crs = 1 };
    if (!p->rx_on && from >= 0 && h->port[from].ring[h->port[from].start % HISTORY].t <= then) {
        p->rx_on = true;
        p->from = (unsigned)from;
        p->next = h->port[from].start;
    }
    return p->rx_on ? repeat(h, p) : (struct sym){ 0 };
}

static struct sym hub_in(struct wire *w, unsigned port, uint64_t t)
{
    struct wire_hub *h = hub_of(w);
    struct sym s = symbol_at(h, port, t);
    if (w->far && port == 1) {
        h->far.cap = w->far;
        phy_tap_in(&h->far, t, &s);
    }
    return s;
}

/* While anything goes on, everybody is awake. A time that stays: one that moved on with the world's
 * would let those that come first in its order run for ever. */
static uint64_t hub_in_next(struct wire *w, unsigned port)
{
    const struct wire_hub *h = hub_of(w);
    uint64_t now = world_now(w->world), tail = (HUB_DELAY + 2) * wire_sym_ps(w);
    bool busy = h->active > 0 || h->port[port].rx_on || (h->last_ps && now <= h->last_ps + tail);
    return busy ? h->wake_ps : SIM_NEVER;
}

static void hub_close(struct wire *w)
{
    phy_tap_fini(&hub_of(w)->far);
    free(hub_of(w));
}

static const struct wire_ops ops = {
    .name = "hub",
    .out = hub_out,
    .in = hub_in,
    .in_next = hub_in_next,
    .close = hub_close,
};

int wire_hub_open(struct wire **out, struct world *w, unsigned ports, char *why)
{
    struct wire_hub *h = calloc(1, sizeof *h);
    if (!h) {
        (void)snprintf(why, WIRE_WHY_BYTES, "hub: out of memory");
        return -ENOMEM;
    }
    h->w = (struct wire){ .ops = &ops, .world = w, .centre = ports, .mbit = 100, .hub = &h->n };
    h->ports = ports;
    *out = &h->w;
    return 0;
}
