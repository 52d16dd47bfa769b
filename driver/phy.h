/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phy.h - the PHY behind the NIC's MDIO: found, told what to offer, and watched; what the two
 * ends agreed on goes to LINK_CTRL. Part of struct nic, private to driver/ but for the pure
 * phy_resolve(). Over a fixed link nothing of it runs.
 *
 *     SCAN (ID1 of each address) -> ID2 -> BMSR, ESR -> the vendor's own -> ANAR, MSCR ->
 *     BMCR restart -> BMSR each interval; where the link came up ANAR, MSCR, ANLPAR, MSSR, or
 *     BMCR of a forced one -> LINK_CTRL
 */
#ifndef LY_DRIVER_PHY_H
#define LY_DRIVER_PHY_H

#include "driver/nic.h"

#include <stdbool.h>
#include <stdint.h>

struct link_event;

/* What both ends said: ANAR, MSCR of ours, ANLPAR and MSSR as our PHY shows the other's. */
struct phy_words { uint16_t anar, mscr, anlpar, mssr; };

struct phy_result {
    uint32_t mbit;              /* 0: nothing in common, no link */
    bool full, pause_tx, pause_rx;
};

/** phy_resolve() - by the priorities of 802.3 28B.3 and clause 40, pause by table 28B-3. */
struct phy_result phy_resolve(const struct phy_words *w);

enum phy_step {
    PHY_OFF,                    /* no MDIO, or a fixed link */
    PHY_SCAN, PHY_ID2, PHY_STATUS, PHY_EXTENDED, PHY_VENDOR, PHY_RESET_DONE, PHY_ANAR, PHY_MSCR,
    PHY_RESTART, PHY_BMSR,
    PHY_CONTROL,                /* a link without auto-negotiation: what BMCR says */
    PHY_OUR_ANAR, PHY_OUR_MSCR, /* what is offered: somebody else may have written it */
    PHY_ANLPAR, PHY_MSSR,
    PHY_PUBLISH,                /* LINK_CTRL is written */
};

/* One MDIO access: MDIO is written, then read until it is not busy. MDIO_LINK: LINK_CTRL. */
enum mdio_state { MDIO_IDLE, MDIO_WRITE, MDIO_READ, MDIO_LINK };

struct phy {
    bool has_mdio;
    enum phy_step step;
    unsigned addr;              /* of the PHY, or the one that is tried */
    uint32_t id;
    uint16_t able;              /* its BMSR */
    unsigned at;                /* PHY_VENDOR: of the script */
    bool changing;              /* it was read, now it is written */
    uint16_t seen;              /* what was read */
    bool lost;                  /* the PHY answers no more */
    struct phy_words words;
    struct phy_result now;      /* as LINK_CTRL has it */
    int64_t due_ns;             /* of the step */

    enum mdio_state mdio;
    bool asked;                 /* a register question is out */
    bool mdio_user;             /* whose access it is */
    uint32_t mdio_word;         /* to write */
    unsigned mdio_tries;
    int64_t mdio_due_ns;        /* of the next question */

    bool user_waits, user_done; /* nic_mdio_submit() */
    uint32_t user_word;         /* as asked, then what came */
    int user_status;
};

/** phy_start() - the NIC is up and @caps (its CAPS register) may say that it has MDIO. */
void phy_start(struct nic *n, uint32_t caps);
/** phy_answer() - to a register question of ours, NIC_PHY_TAG. */
void phy_answer(struct nic *n, const struct link_event *ev);
void phy_poll(struct nic *n);
/** phy_deadline() - when phy_poll() is due, INT64_MAX. */
int64_t phy_deadline(const struct nic *n);

#endif
