/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_switch.c - a learning switch, full duplex on every port. It stores each frame whole and
 * judges it, drops and counts what is bad, and sends the others on as they came, FCS included:
 *
 *     NIC out() -> port.taken -> learn, look up -> port.queue of one or all others -> NIC in()
 *
 * The first symbol leaves SWITCH_LATENCY_PS after the end of the frame was seen, or behind what
 * waits in the queue. A pause frame holds the port that it came in by.
 * Source: IEEE 802.1Q-2018 8.6.3 (reserved addresses), 8.7 (learning), 8.8.3 (ageing);
 * IEEE 802.3-2018 31B.3 (pause).
 */
#include "driver/be.h"
#include "sim/phy_tap.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWITCH_LATENCY_PS 1000000ull
#define AGE_PS 300000000000000ull       /* 300 s */
#define QUEUE_FRAMES 64u
#define SETS 256u
#define WAYS 4u
#define MAC_BYTES 6u

struct entry {
    uint8_t mac[MAC_BYTES];
    uint8_t port;
    bool used;
    uint64_t seen_ps;
};

struct port {
    struct frame_asm taken;
    struct frame_feed *queue;
};

struct wire_switch {
    struct wire w;              /* first */
    struct wire_switch_stats n;
    unsigned ports;
    struct port port[WIRE_PORTS_MAX];
    struct entry table[SETS][WAYS];
    struct phy_tap far;         /* at port 1 */
};

static struct wire_switch *switch_of(struct wire *w)
{
    return (struct wire_switch *)w;
}

/* --- addresses ------------------------------------------------------------------------- */

static struct entry *set_of(struct wire_switch *s, const uint8_t *mac)
{
    uint64_t a = 0;
    for (unsigned i = 0; i < MAC_BYTES; i++)
        a = a << 8 | mac[i];
    return s->table[sim_hash32(a, 0) % SETS];
}

/* Returns the entry of @mac, NULL; one that was not seen for too long is taken away. */
static struct entry *find(struct wire_switch *s, const uint8_t *mac, uint64_t now)
{
    struct entry *e = set_of(s, mac);
    for (unsigned i = 0; i < WAYS; i++) {
        if (!e[i].used || memcmp(e[i].mac, mac, MAC_BYTES) != 0)
            continue;
        if (now - e[i].seen_ps <= AGE_PS)
            return &e[i];
        e[i].used = false;
        s->n.aged++;
    }
    return NULL;
}

/* A place in @mac's set: a free one, else that of whoever was silent for longest. */
static struct entry *place(struct wire_switch *s, const uint8_t *mac)
{
    struct entry *e = set_of(s, mac), *oldest = e;
    for (unsigned i = 0; i < WAYS; i++) {
        if (!e[i].used)
            return &e[i];
        if (e[i].seen_ps < oldest->seen_ps)
            oldest = &e[i];
    }
    s->n.evicted++;
    return oldest;
}

static void learn(struct wire_switch *s, unsigned port, const uint8_t *mac, uint64_t now)
{
    if (mac[0] & 1)             /* no station has a group address */
        return;
    struct entry *e = find(s, mac, now);
    if (!e) {
        e = place(s, mac);
        *e = (struct entry){ .used = true };
        memcpy(e->mac, mac, MAC_BYTES);
        s->n.learned++;
    } else if (e->port != port) {
        s->n.moved++;
    }
    e->port = (uint8_t)port;
    e->seen_ps = now;
}

/* --- a frame --------------------------------------------------------------------------- */

static void queue(struct wire_switch *s, unsigned port, const struct frame_asm *a, uint64_t now)
{
    uint64_t at = now + SWITCH_LATENCY_PS;
    if (frame_feed_put_raw(s->port[port].queue, at, a->buf, a->len, a->fault) < 0) {
        s->n.dropped_full++;
        return;
    }
    s->w.stats.to_nic_frames++;
    s->w.stats.to_nic_octets += a->len;
    world_due(s->w.world, at);
}

/* 01-80-C2-00-00-00 to -0F end at the next bridge. The pause among them stops the port. */
static bool reserved(struct wire_switch *s, struct port *p, uint64_t now)
{
    static const uint8_t group[] = { 0x01, 0x80, 0xC2, 0x00, 0x00 };
    const uint8_t *b = p->taken.buf;
    uint64_t octets;
    if (memcmp(b, group, sizeof group) != 0 || b[5] > 0x0F)
        return false;
    s->n.reserved++;
    if (frame_pause(b, &octets)) {
        s->n.paused++;
        frame_feed_hold(p->queue, now + octets * wire_sym_ps(&s->w));
        world_due(s->w.world, frame_feed_next(p->queue));
    }
    return true;
}

static void forward(struct wire_switch *s, unsigned from, uint64_t now)
{
    const struct frame_asm *a = &s->port[from].taken;
    const uint8_t *da = a->buf;
    struct entry *to = NULL;

    learn(s, from, a->buf + MAC_BYTES, now);
    if (reserved(s, &s->port[from], now))
        return;
    if (!(da[0] & 1))
        to = find(s, da, now);
    if (to && to->port == from) {
        s->n.filtered++;
    } else if (to) {
        s->n.forwarded++;
        queue(s, to->port, a, now);
    } else {
        s->n.flooded++;
        for (unsigned p = 0; p < s->ports; p++)
            if (p != from)
                queue(s, p, a, now);
    }
}

/* --- the wire -------------------------------------------------------------------------- */

static void switch_out(struct wire *w, unsigned port, uint64_t t, const struct sym *sym)
{
    struct wire_switch *s = switch_of(w);
    struct port *p = &s->port[port];
    if (w->far && port == 1) {
        s->far.cap = w->far;
        phy_tap_out(&s->far, t, sym);
    }
    if (!frame_asm_sym(&p->taken, t, sym))
        return;
    if (wire_check(w, &p->taken))
        forward(s, port, t);
    else
        s->n.dropped_bad++;
}

static struct sym switch_in(struct wire *w, unsigned port, uint64_t t)
{
    struct wire_switch *s = switch_of(w);
    struct sym sym = frame_feed_in(s->port[port].queue, t, wire_sym_ps(w));
    if (w->far && port == 1) {
        s->far.cap = w->far;
        phy_tap_in(&s->far, t, &sym);
    }
    return sym;
}

static uint64_t switch_in_next(struct wire *w, unsigned port)
{
    return frame_feed_next(switch_of(w)->port[port].queue);
}

static void switch_close(struct wire *w)
{
    struct wire_switch *s = switch_of(w);
    phy_tap_fini(&s->far);
    for (unsigned i = 0; i < s->ports; i++)
        frame_feed_destroy(s->port[i].queue);
    free(s);
}

static const struct wire_ops ops = {
    .name = "switch",
    .out = switch_out,
    .in = switch_in,
    .in_next = switch_in_next,
    .close = switch_close,
};

int wire_switch_open(struct wire **out, struct world *w, unsigned ports, char *why)
{
    struct wire_switch *s = calloc(1, sizeof *s);
    bool whole = s != NULL;
    if (s) {
        s->w = (struct wire){ .ops = &ops, .world = w, .bridge = &s->n };
        s->ports = ports;
        s->w.centre = ports;
    }
    for (unsigned i = 0; whole && i < ports; i++) {
        s->port[i].queue = frame_feed_create_of(QUEUE_FRAMES);
        whole = s->port[i].queue != NULL;
    }
    if (whole) {
        *out = &s->w;
        return 0;
    }
    if (s)
        switch_close(&s->w);
    (void)snprintf(why, WIRE_WHY_BYTES, "switch: out of memory");
    return -ENOMEM;
}
