/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_link.h - a scripted NIC for unit tests, seen through driver/link.h: a
 * register file, a wire, and time that only the test moves. No thread, no
 * clock, no RTL. Use it under driver/nic.h, below one stack or between two:
 *
 *     struct fake_link *fa, *fb;
 *     fake_link_open(&fa, &(struct fake_link_cfg){ .pool = pool_a });
 *     fake_link_open(&fb, &(struct fake_link_cfg){ .pool = pool_b });
 *     fake_link_connect(fa, fb, 1000);                  // cable, 1 us each way
 *     nic_create(&na, &(struct nic_cfg){ .link = fake_link_base(fa),
 *                                        .pool = pool_a, .mac = { 2, 0, 0, 0, 0, 1 } });
 *     ... the same for nb; a net_create() on each ...
 *     int64_t now = 0, a, b;
 *     while (now < 5000000000 && !done) {
 *         net_poll(net_a, now, &a);                     // polls its nic, so its link
 *         net_poll(net_b, now, &b);
 *         now = fake_link_advance(now, a, b, fa, fb);   // to whatever is due next
 *     }
 *
 * Without a second end, fake_link_on_tx() shows each frame that is sent, and
 * fake_link_inject() makes one arrive. The nic is up after a few polls at the
 * same time; use fake_link_advance() from the start. The link belongs to the nic:
 * nic_destroy() frees it, and the handle is dead from then on.
 *
 * By default the device has no offload, as CAPS says; pass .hw_caps =
 * LY_CAPS_TX_CSUM_MASK | LY_CAPS_RX_CSUM_MASK and it inserts and verifies checksums
 * itself, by code that shares nothing with the stack's. A packet that asks for a
 * checksum nobody can insert ends the test (assert). As on the real wire,
 * frames are padded with zeros to 60 bytes, and only broadcast and one's own
 * address pass the filter unless the nic is promiscuous.
 */
#ifndef LY_TESTS_UNIT_FAKE_LINK_H
#define LY_TESTS_UNIT_FAKE_LINK_H

#include "driver/link.h"
#include "driver/pkt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_link;

struct fake_link_cfg {
    struct pkt_pool *pool;      /* rx packets come from here */
    uint32_t hw_caps;           /* LY_CAPS_*_MASK of the device; 0: no offload */
    bool no_regs;               /* a plain frame pipe: no registers, no events */
    bool no_vnet;               /* registers, but no LINK_CAP_VNET */
    uint32_t max_frame_bytes;   /* 0: 1514 */
    uint32_t version;           /* 0: LY_VERSION_VALUE */
    bool no_sync;               /* never answers SYNC */
    unsigned reg_depth;         /* questions under way before -EAGAIN; 0: 4 */
    int64_t reg_delay_ns;       /* from question to answer */
    int64_t tx_hold_ns;         /* how long the link keeps a packet it took */
    bool no_pad;                /* leave frames below 60 bytes as they are */
    uint64_t seed;              /* of the faults */
};

/* Faults on frames that this end sends, in per mille, in this order. */
struct fake_faults {
    unsigned loss, dup, reorder;
    int64_t reorder_ns;         /* a reordered frame comes so much later; 0: 3 latencies */
};

struct fake_wire_stats {
    uint64_t sent, lost, duplicated, reordered;     /* by the faults of this end */
    uint64_t filtered;          /* arrived, not for this address */
    uint64_t disabled;          /* sent or arrived while CTRL forbade it */
    uint64_t tx_csum_inserted, rx_csum_good, rx_csum_bad, rx_csum_none;
};

/** fake_link_open() - Returns 0 and *out; -ENOMEM. */
int fake_link_open(struct fake_link **out, const struct fake_link_cfg *cfg);

/** fake_link_base() - the link for nic_cfg. */
struct link *fake_link_base(struct fake_link *f);

/* --- the wire ---------------------------------------------------------- */

/** fake_link_connect() - a full-duplex cable; a frame sent at t arrives at t + @latency_ns. */
void fake_link_connect(struct fake_link *a, struct fake_link *b, int64_t latency_ns);

/**
 * fake_link_on_tx() - call @fn for each frame that leaves, complete as on the
 * wire (checksum inserted, padded, no FCS), before faults and cable. It may
 * inject, also into the same link, and may change the frame in place. A false
 * return loses the frame. @now_ns: time of the last poll.
 */
typedef bool fake_tx_fn(void *arg, uint8_t *frame, size_t len, int64_t now_ns);
void fake_link_on_tx(struct fake_link *f, fake_tx_fn *fn, void *arg);

void fake_link_faults(struct fake_link *f, const struct fake_faults *faults);

/** fake_link_inject() - a frame arrives at @at_ns (or at the next poll if past). Not padded. */
void fake_link_inject(struct fake_link *f, const void *frame, size_t len, int64_t at_ns);

/** fake_link_inject_meta() - the same with the device's verdict set by hand. */
void fake_link_inject_meta(struct fake_link *f, const void *frame, size_t len, int64_t at_ns,
                           uint8_t vnet_flags, bool csum_bad);

/** fake_link_set_tx_room() - take at most @n more packets from tx(); UINT_MAX: no limit. */
void fake_link_set_tx_room(struct fake_link *f, unsigned n);

/** fake_link_next() - when something is due on this link: INT64_MAX for nothing. */
int64_t fake_link_next(const struct fake_link *f);

/**
 * fake_link_advance() - where time goes after everyone was polled at @now_ns: the
 * earliest of what they asked for and what the links have due; never back.
 * @b: may be NULL. INT64_MAX: nothing will happen any more.
 */
int64_t fake_link_advance(int64_t now_ns, int64_t next_a, int64_t next_b,
                          const struct fake_link *a, const struct fake_link *b);

void fake_link_wire_stats(const struct fake_link *f, struct fake_wire_stats *out);

/* --- the device -------------------------------------------------------- */

/** fake_link_set_reg() - what a register reads as. fake_link_reg() - what it holds. */
void fake_link_set_reg(struct fake_link *f, uint32_t addr, uint32_t value);
uint32_t fake_link_reg(const struct fake_link *f, uint32_t addr);

/** fake_link_set_status() - answer every access to @addr with this status; UINT32_MAX: none. */
void fake_link_set_status(struct fake_link *f, uint32_t addr, int32_t status);

/** fake_link_mute() - swallow questions about @addr: no answer ever; UINT32_MAX: none. */
void fake_link_mute(struct fake_link *f, uint32_t addr);

/** fake_link_refuse_regs() - let reg_submit fail with @err (0: work again). */
void fake_link_refuse_regs(struct fake_link *f, int err);

/** fake_link_set_counter() - live value of device counter @i; a SNAPSHOT copies it. */
void fake_link_set_counter(struct fake_link *f, unsigned i, uint64_t value);

/** fake_link_snapshot_polls() - SNAPSHOT reads busy @n times after each write. */
void fake_link_snapshot_polls(struct fake_link *f, unsigned n);

/** fake_link_event() - any event, as if the device had sent it. */
void fake_link_event(struct fake_link *f, const struct link_event *ev);

/** fake_link_gone() - unplugged: -ENODEV from everything, one LINK_EV_GONE. */
void fake_link_gone(struct fake_link *f);

/** fake_link_reg_submits() - accesses accepted so far. */
unsigned fake_link_reg_submits(const struct fake_link *f);

/** fake_link_closed_flag() - *flag becomes true when the link is closed. */
void fake_link_closed_flag(struct fake_link *f, bool *flag);

#endif
