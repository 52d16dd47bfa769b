/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rec_stream.h - the host's end of a record stream in simulated time: queues of
 * what waits to go to the NIC and of what came from it, SYNC and its time-outs. It
 * knows bytes and edges, no model and no driver: link_sim.c puts the driver's
 * contract on it, nic_actor.c moves its bytes.
 *
 * Time. What the host hands in at @now may move at link clock edges after @now;
 * what the NIC completes at an edge is there for the host one symbol later. So it
 * does not matter in which order the two run at the same time. All time-outs are
 * counted in simulated time, in wall mode as well: they measure the device.
 */
#ifndef LY_SIM_REC_STREAM_H
#define LY_SIM_REC_STREAM_H

#include "driver/link.h"
#include "driver/rec.h"
#include "sim/world.h"

#include <stdbool.h>
#include <stdint.h>

/* Largest Ethernet frame without FCS, tagged. IEEE 802.3 3.2.7. */
#define STREAM_MAX_FRAME_BYTES 1518u

#define STREAM_TX_FRAMES 64u    /* waiting or under way to the NIC */
#define STREAM_RX_FRAMES 256u
#define STREAM_EVENTS 256u
#define STREAM_REGS 16u         /* register accesses without answer yet */
#define STREAM_RX_BYTES 2048u

struct stream_pkt { struct pkt *p; uint64_t at; uint32_t bytes; };  /* of the frame */
struct stream_event { struct link_event ev; uint64_t at; };
/* One register access: its record until it is sent, its question until answered. */
struct stream_reg {
    uint64_t at, deadline;
    uint32_t addr;
    uint16_t tag;
    uint8_t bytes;
    uint8_t rec[REC_CONTROL_MAX_BYTES];
};

enum stream_state {
    STREAM_SYNC,    /* a SYNC waits to be sent; nothing else is */
    STREAM_WAIT,    /* sent, or being sent; EVENT(sync) is awaited */
    STREAM_UP,
    STREAM_GONE,
};

struct rec_stream {
    struct world *world;

    /* Towards the NIC: the record under way, then what waits. */
    const uint8_t *tx_p, *tx_end;
    struct pkt *tx_pkt;             /* whose bytes these are; NULL: a control record */
    uint8_t ctl[REC_CONTROL_MAX_BYTES];
    unsigned tx_head, tx_n;         /* tx_n counts tx_pkt as well */
    struct stream_pkt tx[STREAM_TX_FRAMES];
    unsigned reg_n, reg_sent;       /* oldest first; reg_sent of them are with the NIC */
    struct stream_reg reg[STREAM_REGS];
    bool starved;                   /* tx() had to refuse */

    /* From the NIC: bytes are collected until the codec can go on. */
    uint32_t rx_n, rx_need;
    uint64_t rx_last_ps;
    uint64_t rx_byte_ps;            /* stream_rx_rate(); 0: as fast as the link clock */
    struct rec_rx rx;
    unsigned rxq_head, rxq_n;
    struct stream_pkt rxq[STREAM_RX_FRAMES];
    unsigned ev_head, ev_n;
    struct stream_event ev[STREAM_EVENTS];
    uint8_t rx_buf[STREAM_RX_BYTES];

    enum stream_state state;
    unsigned tries;                 /* SYNCs sent without an answer */
    uint64_t sync_at, sync_deadline;

    uint64_t news_at, last_at;      /* first unseen, and newest, thing for the host */
    struct link_stats stats;
};

/** stream_init() - begins with a SYNC to be sent. @pool: of rx packets. */
void stream_init(struct rec_stream *s, struct world *w, struct pkt_pool *pool);
/** stream_fini() - every packet goes back to its pool. */
void stream_fini(struct rec_stream *s);

/** stream_rx_rate() - the bus carries so many bytes a second from the NIC; 0: as fast as the link
 * clock. */
void stream_rx_rate(struct rec_stream *s, uint64_t bytes_hz);

/* --- the host's side: as the operations of driver/link.h ------------------ */
int stream_tx(struct rec_stream *s, struct pkt **pkts, unsigned n);
int stream_rx(struct rec_stream *s, struct pkt **pkts, unsigned n);
int stream_reg(struct rec_stream *s, uint16_t tag, uint32_t addr, uint32_t value, bool write);
int stream_event(struct rec_stream *s, struct link_event *ev);

/**
 * stream_poll() - time-outs; marks everything that is there as seen.
 *
 * Returns 0, -ENODEV when gone.
 */
int stream_poll(struct rec_stream *s);

/** stream_timeout_ps() - the next time-out, SIM_NEVER if none is armed. */
uint64_t stream_timeout_ps(const struct rec_stream *s);

/** stream_wake_ps() - when the host has something to do; see sim_nic_wake_ps(). */
uint64_t stream_wake_ps(const struct rec_stream *s);

/* --- the NIC's side -------------------------------------------------------- */

/** stream_tx_at() - when the next byte for the NIC may move; 0 now, SIM_NEVER. */
uint64_t stream_tx_at(const struct rec_stream *s);

/* Choose the next record for the edge at @t, and end the one that was sent. */
void stream_tx_next(struct rec_stream *s, uint64_t t);
void stream_tx_done(struct rec_stream *s, uint64_t t);
/* Give the collected bytes to the codec. */
void stream_rx_eat(struct rec_stream *s, uint64_t t);

/** stream_tx_valid() - is there a byte, *s->tx_p, for the edge at @t? */
static inline bool stream_tx_valid(struct rec_stream *s, uint64_t t)
{
    if (s->tx_p == s->tx_end)
        stream_tx_next(s, t);
    return s->tx_p != s->tx_end;
}

/** stream_tx_moved() - the NIC took the byte at the edge at @t. */
static inline void stream_tx_moved(struct rec_stream *s, uint64_t t)
{
    if (++s->tx_p == s->tx_end)
        stream_tx_done(s, t);
}

/** stream_rx_ready() - may the NIC send a byte, at the edge at the world's now? Not while the
 * host is far behind, and not faster than its bus. */
static inline bool stream_rx_ready(const struct rec_stream *s)
{
    return s->rxq_n < STREAM_RX_FRAMES && s->ev_n < STREAM_EVENTS / 2
        && (s->rx_byte_ps == 0 || world_now(s->world) >= s->rx_last_ps + s->rx_byte_ps);
}

/** stream_rx_moved() - the NIC sent @byte at the edge at @t. */
static inline void stream_rx_moved(struct rec_stream *s, uint64_t t, uint8_t byte)
{
    s->rx_buf[s->rx_n++] = byte;
    s->rx_last_ps = t;
    if (s->rx_n == s->rx_need)
        stream_rx_eat(s, t);
}

#endif
