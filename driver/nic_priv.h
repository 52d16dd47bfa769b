/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_priv.h - what nic.c (frames, life), nic_open.c (opening), nic_filter.c (receive
 * filter), nic_reg.c (register questions, counters) and phy.c share. Private to driver/.
 */
#ifndef LY_DRIVER_NIC_PRIV_H
#define LY_DRIVER_NIC_PRIV_H

#include "driver/nic.h"
#include "driver/nic_regs.h"
#include "driver/phy.h"

#define NIC_MS_NS INT64_C(1000000)
/* A link that gets no answer to SYNC sends it again after twice RECORD_GAP_US:
 * 3 s are many tries. A register waits at worst for one full batch of frames. */
#define NIC_SYNC_TIMEOUT_NS (3000 * NIC_MS_NS)
#define NIC_REG_TIMEOUT_NS (1000 * NIC_MS_NS)
#define NIC_REG_RETRY_NS (1 * NIC_MS_NS)    /* the link had no room for a question */

#define NIC_TX_QUEUE 64u
#define NIC_RX_BATCH 16u
#define NIC_ASKS_MAX 32u
#define NIC_USER_ASKS_MAX 24u       /* of them; the rest is for us */

/* Tags: the caller's from USER_TAG up, ours below. Each step of opening and each
 * reading of the counters has its own, so that a late answer is taken for nothing
 * but what it answers. */
#define NIC_USER_TAG 0x8000u
#define NIC_OPEN_TAG 0x0100u        /* + step */
#define NIC_MODE_TAG 0x0200u        /* + register */
#define NIC_PHY_TAG 0x0180u
#define NIC_CTR_TAG 0x1000u         /* + NIC_CTR_TAG_STRIDE * reading, + word */
#define NIC_CTR_TAG_STRIDE (2u * NIC_COUNTERS_MAX)
#define NIC_CTR_READINGS 32u        /* then reading numbers come again */
#define NIC_CTR_WORDS (2u * LY_CTR_COUNT)
_Static_assert(LY_CTR_COUNT < NIC_COUNTERS_MAX, "fits the public array, and a tag is left");
_Static_assert(NIC_CTR_TAG + NIC_CTR_TAG_STRIDE * NIC_CTR_READINGS <= NIC_USER_TAG, "apart");

/* A register question under way. */
struct nic_ask {
    bool used;
    uint16_t tag;
    uint32_t addr;
    int64_t until_ns;               /* INT64_MAX until the first poll after it */
};

enum nic_ctr_state { CTR_IDLE, CTR_START, CTR_WAIT, CTR_READ, CTR_DONE };

struct nic {
    struct link *link;
    struct nic_cfg cfg;
    struct nic_caps caps;
    struct link_caps link_caps;
    enum nic_state state;
    int64_t now_ns;                 /* of the last poll */
    bool polled;
    bool handed;                    /* since link->poll: something for it to do */

    bool synced;
    int64_t sync_until_ns;
    unsigned step, step_tries;
    bool step_asked;

    bool link_up, link_full, link_fixed;
    uint32_t link_mbit;
    uint32_t caps_word;             /* the CAPS register */
    struct phy phy;

    struct pkt *tx[NIC_TX_QUEUE];   /* ring */
    uint32_t tx_len[NIC_TX_QUEUE];  /* to count by, when the packet is no longer ours */
    bool tx_sum[NIC_TX_QUEUE];
    unsigned tx_head, tx_n;
    struct pkt *rx[NIC_RX_BATCH];   /* taken from the link, not yet by the caller */
    unsigned rx_at, rx_n;

    struct nic_ask asks[NIC_ASKS_MAX];
    struct link_event answers[NIC_USER_ASKS_MAX];   /* ring, for nic_reg_answer() */
    unsigned ans_head, ans_n;

    uint64_t rx_hash;               /* what is wanted */
    bool rx_promisc, rx_allmulti;
    bool has_hash;
    unsigned mode_due;              /* registers that do not show it yet */
    bool mode_asked;
    unsigned mode_tries;

    bool has_counters;
    enum nic_ctr_state ctr_state;
    int ctr_error;
    bool ctr_asked;                 /* CTR_START, CTR_WAIT: the question is out */
    unsigned ctr_reading, ctr_tries, ctr_next, ctr_got;
    uint32_t ctr_words[NIC_CTR_WORDS];

    struct nic_stats stats;
    char error[192];
};

/* nic.c */
/** nic_fail() - NIC_FAILED with this line. The first reason is kept: what follows is
 * its consequence. Whoever waits for an answer gets -ENODEV. */
__attribute__((format(printf, 2, 3)))
void nic_fail(struct nic *n, const char *fmt, ...);
void nic_fail_gone(struct nic *n);
/** nic_link_changed() - @bits: LY_EVENT_LINK_*, as in the LINK register. */
void nic_link_changed(struct nic *n, uint32_t bits, uint32_t mbit);

/* nic_open.c */
void nic_open_start(struct nic *n);
/** nic_open_synced() - the device answered SYNC with @version. */
void nic_open_synced(struct nic *n, uint32_t version);
void nic_open_answer(struct nic *n, const struct link_event *ev);
void nic_open_poll(struct nic *n);

/** nic_ctrl() - what CTRL should hold. */
uint32_t nic_ctrl(const struct nic *n);

/* nic_filter.c */
/** nic_hash_index() - of a group address, the bit in HASH_LO and HASH_HI, 0 to 63. */
unsigned nic_hash_index(const uint8_t mac[6]);
/** nic_filter_ctrl() - the filter's bits of CTRL. */
uint32_t nic_filter_ctrl(const struct nic *n);
void nic_mode_poll(struct nic *n);
/** nic_mode_waits() - a register is to be written and could not be asked for. */
bool nic_mode_waits(const struct nic *n);
void nic_mode_answer(struct nic *n, const struct link_event *ev);

/* nic_reg.c */
/** nic_ask() - Returns 0 and exactly one answer later, or the link's -errno. */
int nic_ask(struct nic *n, uint16_t tag, uint32_t addr, uint32_t value, bool write);
/** nic_asks_answered() - LINK_EV_REG came. */
void nic_asks_answered(struct nic *n, const struct link_event *ev);
/** nic_asks_poll() - questions whose time is over get -ETIMEDOUT. */
void nic_asks_poll(struct nic *n);
/** nic_asks_abort() - the device is gone: callers get -ENODEV, we forget ours. */
void nic_asks_abort(struct nic *n);
/** nic_asks_deadline() - when nic_asks_poll() or a retry is due, INT64_MAX. */
int64_t nic_asks_deadline(const struct nic *n);
void nic_ctr_poll(struct nic *n);

#endif
