/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_peer.c - a full-duplex cable between two PHYs: what one drives at @t the
 * other sees at its first rx clock edge a symbol later: its PHY's rx clock is the sender's.
 * Every frame is checked on its way; bad ones are delivered all the same and fail the run.
 */
#include "sim/phy_tap.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Symbols on the cable; more only where nobody listens. */
#define RING 64u

struct lane {
    unsigned head, n;
    struct { uint64_t at; uint8_t data, er, fault; } ring[RING];
    struct frame_asm check;
};

struct wire_peer {
    struct wire w;              /* first */
    struct lane from[2];        /* by the port that drives it */
    struct phy_tap far;         /* at port 1 */
};

static struct wire_peer *peer_of(struct wire *w)
{
    return (struct wire_peer *)w;
}

/* Rounded down as edges are, so that none of two is ever nearer to the other. */
static uint32_t delay_of(const struct wire *w, unsigned port)
{
    const int64_t million = 1000000;
    return (uint32_t)((int64_t)wire_sym_ps(w) * million / (million + w->ppm[port]));
}

static void lane_put(struct lane *l, uint64_t at, const struct sym *s)
{
    if (l->n == RING) {         /* nobody listens: the oldest is lost */
        l->head = (l->head + 1) % RING;
        l->n--;
    }
    unsigned i = (l->head + l->n++) % RING;
    l->ring[i].at = at;
    l->ring[i].data = s->data;
    l->ring[i].er = s->er;
    l->ring[i].fault = s->fault;
}

static void peer_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct wire_peer *p = peer_of(w);
    struct lane *l = &p->from[port & 1];

    if (w->far && port == 1) {
        p->far.cap = w->far;
        phy_tap_out(&p->far, t, s);
    }
    if (frame_asm_sym(&l->check, t, s) && wire_check(w, &l->check)) {
        w->stats.to_nic_frames++;
        w->stats.to_nic_octets += l->check.len;
    }
    if (s->dv) {
        uint64_t at = t + delay_of(w, port & 1);
        lane_put(l, at, s);
        world_due(w->world, at);
    }
}

static struct sym peer_in(struct wire *w, unsigned port, uint64_t t)
{
    struct wire_peer *p = peer_of(w);
    struct lane *l = &p->from[~port & 1];
    struct sym s = { 0 };

    if (l->n > 0 && l->ring[l->head].at <= t) {
        s = (struct sym){ .data = l->ring[l->head].data, .dv = 1, .crs = 1,
                          .er = l->ring[l->head].er, .fault = l->ring[l->head].fault };
        l->head = (l->head + 1) % RING;
        l->n--;
    }
    if (w->far && port == 1) {
        p->far.cap = w->far;
        phy_tap_in(&p->far, t, &s);
    }
    return s;
}

static uint64_t peer_in_next(struct wire *w, unsigned port)
{
    const struct lane *l = &peer_of(w)->from[~port & 1];
    return l->n > 0 ? l->ring[l->head].at : SIM_NEVER;
}

static void peer_close(struct wire *w)
{
    phy_tap_fini(&peer_of(w)->far);
    free(peer_of(w));
}

static const struct wire_ops ops = {
    .name = "peer",
    .out = peer_out,
    .in = peer_in,
    .in_next = peer_in_next,
    .close = peer_close,
};

int wire_peer_open(struct wire **out, struct world *w, char *why)
{
    struct wire_peer *p = calloc(1, sizeof *p);
    if (!p) {
        (void)snprintf(why, WIRE_WHY_BYTES, "peer: out of memory");
        return -ENOMEM;
    }
    p->w.ops = &ops;
    p->w.world = w;
    *out = &p->w;
    return 0;
}
