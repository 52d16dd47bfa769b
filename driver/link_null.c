/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_null.c - a link with nothing at its other end. Read it before writing
 * another: every operation of driver/link.h, and what each owes its caller.
 */
#include "driver/link_null.h"

#include "driver/pkt.h"

#include <errno.h>
#include <stdlib.h>

/* `struct link` comes first, so that a pointer to it is a pointer to this. */
struct link_null {
    struct link base;
    struct link_stats stats;
};

/* We take all n, so all n are ours to release. A link that is full takes fewer, and the
 * caller keeps the others; a real one releases a packet when the device has it. */
static int null_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct link_null *nul = (struct link_null *)(void *)l;
    for (unsigned i = 0; i < n; i++) {
        nul->stats.tx_frames++;
        nul->stats.tx_bytes += pkts[i]->len;    /* counted before it is gone */
        pkt_release(pkts[i]);
    }
    return (int)n;
}

/* Nothing arrives. Others allocate from the pool that their open function was given. */
static int null_rx(struct link *l, struct pkt **pkts, unsigned n)
{ (void)l; (void)pkts; (void)n; return 0; }

/* caps() says that there are no registers, so nobody may ask. With registers: 0 now, and
 * LINK_EV_REG with the same tag and address later. */
static int null_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{ (void)l; (void)tag; (void)addr; (void)value; (void)write; return -ENOTSUP; }

/* No events. A link with registers owes LINK_EV_SYNC once the device has answered. */
static int null_event(struct link *l, struct link_event *ev)
{ (void)l; (void)ev; return 0; }

/* Never due. A link with timers sets *next_ns to the earliest; nothing may wait in here. */
static int null_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{ (void)l; (void)now_ns; *next_ns = INT64_MAX; return 0; }

static int null_fd(struct link *l)
{ (void)l; return -1; }

static int null_dma_map(struct link *l, void *base, size_t bytes)
{ (void)l; (void)base; (void)bytes; return 0; }

static struct link_caps null_caps(struct link *l)
{ (void)l; return (struct link_caps){ .flags = 0, .max_frame_bytes = 1514 }; }

static void null_stats(struct link *l, struct link_stats *out)
{ *out = ((struct link_null *)(void *)l)->stats; }

/* Others release here what they still own. */
static void null_close(struct link *l)
{ free(l); }

static const struct link_ops null_ops = {
    .name = "null", .tx = null_tx, .rx = null_rx, .reg_submit = null_reg_submit,
    .event = null_event, .poll = null_poll, .fd = null_fd, .dma_map = null_dma_map,
    .caps = null_caps, .stats = null_stats, .close = null_close,
};

int link_null_open(struct link **out)
{
    struct link_null *nul = calloc(1, sizeof *nul);
    if (!nul)
        return -ENOMEM;
    nul->base.ops = &null_ops;
    *out = &nul->base;
    return 0;
}
