/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - the contract between the driver and whatever carries frames to the
 * NIC: the Verilated model, USB, PCIe. link_null.c is the smallest one; read it
 * before writing another.
 *
 * Every operation is split-phase and never blocks. Questions go in with a tag
 * (reg_submit), answers come out as events. All calls come from one thread.
 * A link is opened by a function of its own (link_null_open, sim_link_open),
 * which is given the pool from which it takes packets for rx.
 */
#ifndef LY_DRIVER_LINK_H
#define LY_DRIVER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pkt;
struct link;

/* What the link can do, not what the NIC behind it can do. */
#define LINK_CAP_REGS   1u /* reg_submit works */
#define LINK_CAP_EVENTS 2u /* link changes arrive as events */
#define LINK_CAP_VNET   4u /* the virtio header of each packet crosses the link */

struct link_caps {
    uint32_t flags;             /* LINK_CAP_* */
    uint32_t max_frame_bytes;   /* largest frame tx takes, without FCS */
};

enum link_event_kind {
    LINK_EV_REG = 1,    /* register answer: tag, addr, value, status */
    LINK_EV_LINK,       /* PHY link: arg = LY_EVENT_LINK_* bits, value = Mbit/s */
    LINK_EV_STAMP,      /* one frame's times */
    LINK_EV_TX_DONE,    /* the packet with this tag went back to its pool */
    LINK_EV_SYNC,       /* stream synchronised: value = the device's VERSION */
    LINK_EV_ERROR,      /* the device reports: arg = LY_EVENT_ERROR_* cause */
    LINK_EV_GONE,       /* device or stream is gone; only close is left */
};

struct link_event {
    enum link_event_kind kind;
    uint16_t tag;
    uint16_t arg;
    uint32_t addr;      /* byte address */
    uint32_t value;
    int32_t status;     /* 0, or negative errno */
};

struct link_stats {
    uint64_t tx_frames, tx_bytes;   /* handed to the device; frame bytes without FCS */
    uint64_t rx_frames, rx_bytes;
    uint64_t rx_no_buffer;          /* dropped: the pool was empty */
    uint64_t rx_bad_record;         /* dropped: header check, length or type */
    uint64_t resyncs;               /* SYNC sent after an error */
};

struct link_ops {
    const char *name;

    /**
     * tx() - hand @n packets to the device, in order.
     *
     * Returns k, 0 <= k <= n: the link owns the first k and releases each when
     * the device has it; the caller keeps the rest. -ENODEV: gone, caller keeps
     * all. A packet above max_frame_bytes is a bug of the caller (-EMSGSIZE).
     */
    int (*tx)(struct link *l, struct pkt **pkts, unsigned n);

    /**
     * rx() - up to @n received frames, oldest first, now the caller's.
     * vnet_flags carries DATA_VALID, csum_bad the device's verdict.
     *
     * Returns the number, 0 if none, -ENODEV when gone.
     */
    int (*rx)(struct link *l, struct pkt **pkts, unsigned n);

    /**
     * reg_submit() - read or write one 32-bit register; the answer is LINK_EV_REG.
     *
     * Returns 0, -EAGAIN no room now, -ENOTSUP no registers, -ENODEV gone.
     */
    int (*reg_submit)(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write);

    /** event() - take the oldest event. Returns 1 with *ev filled, 0 if none. */
    int (*event)(struct link *l, struct link_event *ev);

    /**
     * poll() - make progress.
     * @now_ns:  monotonic time
     * @next_ns: set to when poll wants to be called again at the latest;
     *           INT64_MAX for "only when fd is readable or something is handed in"
     *
     * Returns 0, -ENODEV when gone.
     */
    int (*poll)(struct link *l, int64_t now_ns, int64_t *next_ns);

    /** fd() - one pollable descriptor (an epoll set if many); -1 in virtual time. */
    int (*fd)(struct link *l);

    /** dma_map() - once per packet pool, before its first packet. 0 or -errno. */
    int (*dma_map)(struct link *l, void *base, size_t bytes);

    struct link_caps (*caps)(struct link *l);
    void (*stats)(struct link *l, struct link_stats *out);

    /** close() - releases every packet the link owns, then the link itself. */
    void (*close)(struct link *l);
};

/* Embedded as the first member of each link's own struct. */
struct link {
    const struct link_ops *ops;
};

#endif
