/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic.h - the device as the stack sees it: capabilities, tx, rx, link state,
 * statistics. Works over any link.h; over a link without registers it is a
 * plain frame pipe with no offload.
 *
 * nic_open() only starts a state machine; nic_poll() drives it: SYNC (by the
 * link) -> ID, VERSION, CAPS, MAX_RECORD -> MAC address -> CTRL -> up. Nothing
 * waits inside a call.
 */
#ifndef LY_DRIVER_NIC_H
#define LY_DRIVER_NIC_H

#include "driver/link.h"
#include "driver/pkt.h"

#include <stdbool.h>
#include <stdint.h>

struct nic;

/* What the device does so that the stack need not. */
#define NIC_OFF_TX_CSUM 1u  /* inserts by csum_start and csum_offset */
#define NIC_OFF_RX_CSUM 2u  /* DATA_VALID and csum_bad can be believed */
#define NIC_OFF_ALL (NIC_OFF_TX_CSUM | NIC_OFF_RX_CSUM)

/* What auto-negotiation offers. */
#define NIC_ADV_10HD 0x01u
#define NIC_ADV_10FD 0x02u
#define NIC_ADV_100HD 0x04u
#define NIC_ADV_100FD 0x08u
#define NIC_ADV_1000HD 0x10u
#define NIC_ADV_1000FD 0x20u
#define NIC_ADV_PAUSE 0x40u
#define NIC_ADV_ASYM 0x80u
#define NIC_ADV_FULL (NIC_ADV_10FD | NIC_ADV_100FD | NIC_ADV_1000FD)
#define NIC_ADV_HALF (NIC_ADV_10HD | NIC_ADV_100HD)

/* Which clock of RGMII the PHY delays. */
#define NIC_RGMII_AS_IS 0u      /* as its pins say at reset; nothing is written */
#define NIC_RGMII_RX_DELAY 1u
#define NIC_RGMII_TX_DELAY 2u
#define NIC_RGMII_NO_DELAY 4u

/* The PHY behind MDIO; without a meaning where the link is fixed. */
struct nic_phy_cfg {
    /* NIC_ADV_*; 0: all that the NIC can. Only what the PHY can is offered, and gigabit only
     * with a core of 125 MHz. */
    uint16_t advertise;
    uint8_t rgmii;              /* NIC_RGMII_* */
    uint32_t poll_ms;           /* how often the link is looked at; 0: 50 */
};

struct nic_cfg {
    struct link *link;          /* owned by the nic from here on */
    struct pkt_pool *pool;      /* the caller's, outlives the nic */
    uint8_t mac[6];             /* written to the device */
    uint32_t offload;           /* NIC_OFF_* wanted; and-ed with what it can do */
    bool promiscuous;
    struct nic_phy_cfg phy;
};

struct nic_caps {
    uint32_t offload;           /* NIC_OFF_* in force */
    uint32_t max_frame_bytes;   /* without FCS */
    uint32_t version;           /* the device's VERSION register */
    uint32_t clk_hz;            /* its core clock */
};

enum nic_state { NIC_OPENING, NIC_UP, NIC_FAILED };

/* Counters of the driver; the device's own come from nic_counters_*. */
struct nic_stats {
    uint64_t tx_frames, tx_bytes;
    uint64_t tx_csum_asked;         /* frames sent with NEEDS_CSUM */
    uint64_t tx_drop_queue_full;
    uint64_t tx_drop_down;          /* not up, or the PHY's link is down */
    uint64_t tx_drop_oversize;      /* above max_frame_bytes, or no Ethernet header */
    uint64_t rx_frames, rx_bytes;
    uint64_t rx_csum_valid, rx_csum_bad, rx_csum_none;
    uint64_t ev_device_errors;      /* LINK_EV_ERROR: the device lost the stream */
    uint64_t ev_stray;              /* register answers nobody waits for any more */
    struct link_stats link;
};

/**
 * nic_create() - take the link and begin to open it.
 *
 * Returns 0 and *out, or -ENOMEM, -EINVAL; on failure the link is closed.
 */
int nic_create(struct nic **out, const struct nic_cfg *cfg);

/** nic_state() - NIC_FAILED comes with a reason in nic_error(). */
enum nic_state nic_state(const struct nic *n);

/** nic_error() - one line naming what is wrong and what to do; "" if nothing. */
const char *nic_error(const struct nic *n);

/** nic_caps_get() - valid from NIC_UP on. */
struct nic_caps nic_caps_get(const struct nic *n);

/** nic_mac() - six bytes, the address in force. */
const uint8_t *nic_mac(const struct nic *n);

/* Which frames come up besides those to the own address and to broadcast. */
struct nic_rx_mode {
    bool promiscuous;               /* all */
    bool all_multicast;             /* those to every group */
    const uint8_t (*groups)[6];     /* those to these, and to others of the same hash */
    unsigned n_groups;
};

/**
 * nic_rx_mode_set() - choose them, at any time, also while frames flow; replaces what was
 * chosen before, cfg.promiscuous first of all. @mode is read during the call only. Never
 * waits: nic_poll() writes the registers; a frame is judged by the old or the new choice.
 * A device that cannot tell groups apart passes up everything where a group is wanted.
 *
 * Returns 0; -EINVAL one of @groups is none; -ENOTSUP a link without registers passes up
 * everything anyway; -ENODEV.
 */
int nic_rx_mode_set(struct nic *n, const struct nic_rx_mode *mode);

/** nic_link_up() - the PHY's link, and its speed in Mbit/s (0 when down). */
bool nic_link_up(const struct nic *n, uint32_t *mbit);

/** nic_link_full() - full duplex; false when down. */
bool nic_link_full(const struct nic *n);

/** nic_link_fixed() - nobody asks a PHY: the board says what the link is. */
bool nic_link_fixed(const struct nic *n);

/** nic_tx_room() - packets that nic_tx() takes now without dropping; 0 when down. */
unsigned nic_tx_room(const struct nic *n);

/**
 * nic_tx() - send one complete Ethernet frame without FCS; consumed.
 * VNET_F_NEEDS_CSUM only where NIC_OFF_TX_CSUM is in force (asserted: ask first).
 *
 * Returns 0; -ENOBUFS queue full, -ENETDOWN, -EMSGSIZE: dropped and counted.
 */
int nic_tx(struct nic *n, struct pkt *p);

/**
 * nic_rx() - the next received frame, the caller's; NULL if none. vnet_flags is
 * VNET_F_DATA_VALID or 0, and csum_bad 0 unless NIC_OFF_RX_CSUM is in force.
 */
struct pkt *nic_rx(struct nic *n);

/**
 * nic_poll() - make progress. Call it again after nic_tx() and nic_reg_submit().
 * @next_ns: set to when to poll again at the latest, as in link_ops.poll
 *
 * Returns 0, or -ENODEV when the device is gone or refused (state NIC_FAILED).
 */
int nic_poll(struct nic *n, int64_t now_ns, int64_t *next_ns);

/** nic_fd() - pollable descriptor of the link, -1 in virtual time. */
int nic_fd(const struct nic *n);

void nic_stats_get(const struct nic *n, struct nic_stats *out);

/**
 * nic_reg_submit() - one register access for `regs` and `stats`.
 * @tag: chosen by the caller, 0x8000..0xFFFF, not one still under way; the answer
 *       carries it
 *
 * Returns 0: one answer will come, with status -ETIMEDOUT if the device gives none.
 * -EAGAIN not up yet or too many under way, -ENOTSUP no registers, -ENODEV,
 * -EINVAL the tag.
 */
int nic_reg_submit(struct nic *n, uint16_t tag, uint32_t addr, uint32_t value, bool write);

/** nic_reg_answer() - Returns 1 with *ev (kind LINK_EV_REG), 0 if none yet. */
int nic_reg_answer(struct nic *n, struct link_event *ev);

/**
 * nic_mdio_submit() - one access to a PHY register, between those of the driver.
 * @addr, @reg: below 32
 *
 * Returns 0: nic_mdio_answer() will have the answer; -EBUSY one is under way, -EAGAIN not up
 * yet, -ENOTSUP no MDIO, -EINVAL, -ENODEV.
 */
int nic_mdio_submit(struct nic *n, unsigned addr, unsigned reg, uint16_t value, bool write);

/** nic_mdio_answer() - Returns 0 with *value, as read or written, -ENXIO no PHY at that address
 * (of a read), -EIO, -ENODEV: once; -EAGAIN none yet; -EINVAL nothing was asked. */
int nic_mdio_answer(struct nic *n, uint16_t *value);

/* The device's counters, one consistent snapshot; names in nic_counter_name(). */
#define NIC_COUNTERS_MAX 64
/**
 * nic_counters_start() - ask for a snapshot and its reading.
 * Returns 0, -EBUSY one is under way, -ENOTSUP, -EAGAIN not up yet, -ENODEV.
 */
int nic_counters_start(struct nic *n);

/**
 * nic_counters_done() - Returns the number of counters written to @out when the
 * snapshot is complete, -EAGAIN before; -ETIMEDOUT or -EIO when the device did not
 * answer or refused (then it may be started again); -EINVAL if none was started.
 */
int nic_counters_done(struct nic *n, uint64_t out[NIC_COUNTERS_MAX]);

/** nic_counter_name() - as `ethtool -S` users know it; NULL beyond the last. */
const char *nic_counter_name(unsigned i);

/* The register map, for people. Reading one word needs nic_reg_submit(). */
struct nic_reg_info {
    const char *name;           /* as in REGISTERS.md; a counter as nic_counter_name() */
    uint32_t addr;              /* of its first word, the low one */
    uint8_t words;              /* of 32 bits */
    bool writable;
    bool read_acts;             /* reading it changes the device */
    const char *what;
};
/** nic_reg_info() - register @i of the map by address, the counters last; NULL beyond it. */
const struct nic_reg_info *nic_reg_info(unsigned i);

/** nic_destroy() - closes the link, releases every packet. NULL is allowed. */
void nic_destroy(struct nic *n);

#endif
