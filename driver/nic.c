/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic.c - the device behind a link: life, events, tx queue, rx bookkeeping.
 * nic_open.c brings it up, nic_filter.c says what it receives, nic_reg.c asks its registers.
 */
#include "driver/nic_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_ROUNDS 4
#define ETH_HDR_BYTES 14u       /* IEEE 802.3 3.1.1 */

/* --- failure, link state ---------------------------------------------------- */

/* Drops what the link has not taken. What it has taken is the link's to release. */
static void tx_flush(struct nic *n)
{
    for (; n->tx_n > 0; n->tx_n--) {
        pkt_release(n->tx[n->tx_head]);
        n->tx_head = (n->tx_head + 1) % NIC_TX_QUEUE;
        n->stats.tx_drop_down++;
    }
}

void nic_fail(struct nic *n, const char *fmt, ...)
{
    va_list ap;

    if (n->state == NIC_FAILED)
        return;
    va_start(ap, fmt);
    vsnprintf(n->error, sizeof n->error, fmt, ap);
    va_end(ap);
    n->state = NIC_FAILED;
    n->link_up = n->link_full = false;
    n->link_mbit = 0;
    tx_flush(n);
    nic_asks_abort(n);
}

void nic_fail_gone(struct nic *n)
{
    nic_fail(n, "NIC is gone (link %s): check cable and power, then start again",
             n->link->ops->name);
}

void nic_link_changed(struct nic *n, uint32_t bits, uint32_t mbit)
{
    n->link_up = (bits & LY_EVENT_LINK_UP) != 0;
    n->link_full = n->link_up && (bits & LY_EVENT_LINK_FULL_DUPLEX);
    n->link_fixed = (bits & LY_EVENT_LINK_FIXED) != 0;
    n->link_mbit = n->link_up ? mbit : 0;
    if (!n->link_up)
        tx_flush(n);                /* the device would drop them one by one */
}

/* --- events --------------------------------------------------------------------- */

/* Every kind is named here, so that the compiler asks when link.h gets a new one. */
static void event_one(struct nic *n, const struct link_event *ev)
{
    switch (ev->kind) {
    case LINK_EV_REG:
        nic_asks_answered(n, ev);
        break;
    case LINK_EV_SYNC:          /* later ones end a resync: nothing of ours is lost */
        nic_open_synced(n, ev->value);
        break;
    case LINK_EV_LINK:          /* of a PHY that is asked LINK_CTRL's answer tells, in order */
        if (n->phy.step == PHY_OFF)
            nic_link_changed(n, ev->arg, ev->value);
        break;
    case LINK_EV_ERROR:         /* the link sends SYNC; the device keeps its registers */
        n->stats.ev_device_errors++;
        break;
    case LINK_EV_GONE:
        nic_fail_gone(n);
        break;
    case LINK_EV_STAMP:         /* not asked for */
    case LINK_EV_TX_DONE:       /* the link gave the packet back to its pool */
        break;
    }
}

/* --- frames ----------------------------------------------------------------------- */

/* The link took the first packet of the ring. */
static void tx_took_one(struct nic *n)
{
    n->stats.tx_frames++;
    n->stats.tx_bytes += n->tx_len[n->tx_head];
    n->stats.tx_csum_asked += n->tx_sum[n->tx_head];
    n->tx_head = (n->tx_head + 1) % NIC_TX_QUEUE;
    n->tx_n--;
}

/* As many as the link takes; the ring's end cuts a batch in two. Called when a packet is
 * queued, so that it leaves at once, and at each poll for those that had to wait. */
static void tx_drain(struct nic *n)
{
    int took = 1;
    while (n->tx_n > 0 && took > 0) {
        unsigned straight = NIC_TX_QUEUE - n->tx_head;
        if (straight > n->tx_n)
            straight = n->tx_n;
        took = n->link->ops->tx(n->link, n->tx + n->tx_head, straight);
        assert(took != -EMSGSIZE);      /* nic_tx() looked at the size */
        for (int i = 0; i < took; i++)
            tx_took_one(n);
        n->handed |= took > 0;
    }
    if (took < 0)
        nic_fail_gone(n);
}

/* Returns the counter of the reason why @p cannot be sent, NULL if it can. */
static uint64_t *tx_refuse(struct nic *n, const struct pkt *p, int *err)
{
    if (n->state != NIC_UP || !n->link_up) {
        *err = -ENETDOWN;
        return &n->stats.tx_drop_down;
    }
    if (p->len < ETH_HDR_BYTES || p->len > n->caps.max_frame_bytes) {
        *err = -EMSGSIZE;
        return &n->stats.tx_drop_oversize;
    }
    if (n->tx_n == NIC_TX_QUEUE) {
        *err = -ENOBUFS;
        return &n->stats.tx_drop_queue_full;
    }
    return NULL;
}

int nic_tx(struct nic *n, struct pkt *p)
{
    int err = 0;

    if (n->tx_n == NIC_TX_QUEUE)
        tx_drain(n);                /* the link may have room since the last poll */
    uint64_t *why = tx_refuse(n, p, &err);
    if (why) {
        ++*why;
        pkt_release(p);
        return err;
    }
    /* A received packet may be sent back as it is: what rx said ends here. Of the virtio
     * header's flags only NEEDS_CSUM means anything on the way out. virtio 1.2, 5.1.6.2. */
    p->vnet_flags &= VNET_F_NEEDS_CSUM;
    p->csum_bad = 0;
    assert(p->gso_type == VNET_GSO_NONE);
    if (p->vnet_flags) {            /* our stack's bugs, not a peer's bytes */
        assert(n->caps.offload & NIC_OFF_TX_CSUM);
        assert(p->csum_at >= p->head && p->csum_at - p->head + p->csum_off + 2 <= p->len);
    }
    unsigned at = (n->tx_head + n->tx_n++) % NIC_TX_QUEUE;
    n->tx[at] = p;
    n->tx_len[at] = p->len;
    n->tx_sum[at] = p->vnet_flags != 0;
    tx_drain(n);
    return n->state == NIC_UP ? 0 : -ENETDOWN;
}

/* Only what this device was asked to verify is believed; segmentation and unfinished
 * checksums were never offered to it. */
static void rx_meta(struct nic *n, struct pkt *p)
{
    bool on = (n->caps.offload & NIC_OFF_RX_CSUM) != 0;

    p->vnet_flags &= on ? VNET_F_DATA_VALID : 0;
    p->csum_bad = p->csum_bad && on;
    p->gso_type = VNET_GSO_NONE;
    p->gso_size = p->hdr_len = p->tag = 0;
    if (p->csum_bad)
        n->stats.rx_csum_bad++;
    else if (p->vnet_flags)
        n->stats.rx_csum_valid++;
    else
        n->stats.rx_csum_none++;
    n->stats.rx_frames++;
    n->stats.rx_bytes += p->len;
}

/* The link is asked for a batch, the caller gets them one by one. */
struct pkt *nic_rx(struct nic *n)
{
    if (n->rx_at == n->rx_n) {
        n->rx_at = n->rx_n = 0;
        if (n->state != NIC_UP)
            return NULL;
        int got = n->link->ops->rx(n->link, n->rx, NIC_RX_BATCH);
        if (got < 0)
            nic_fail_gone(n);
        if (got <= 0)
            return NULL;
        n->rx_n = (unsigned)got;
    }
    struct pkt *p = n->rx[n->rx_at++];
    rx_meta(n, p);
    return p;
}

/* --- life --------------------------------------------------------------------------- */

int nic_create(struct nic **out, const struct nic_cfg *cfg)
{
    static const uint8_t zero[6];
    void *base;
    size_t bytes;
    struct nic *n = NULL;

    if (!cfg->link)
        return -EINVAL;
    int err = -EINVAL;
    if (!cfg->pool || (cfg->mac[0] & 1) || memcmp(cfg->mac, zero, sizeof zero) == 0)
        goto fail;                  /* a group address, or none: IEEE 802.3 3.2.3 */
    err = -ENOMEM;
    n = calloc(1, sizeof *n);
    if (!n)
        goto fail;
    pkt_pool_storage(cfg->pool, &base, &bytes);
    err = cfg->link->ops->dma_map(cfg->link, base, bytes);
    if (err)
        goto fail;
    n->link = cfg->link;
    n->cfg = *cfg;
    n->rx_promisc = cfg->promiscuous;
    nic_open_start(n);
    *out = n;
    return 0;
fail:
    free(n);
    cfg->link->ops->close(cfg->link);
    return err;
}

/* One turn of the link, then of all that its events let us do. */
static void poll_round(struct nic *n, int64_t *next_ns)
{
    struct link_event ev;

    n->handed = false;
    int err = n->link->ops->poll(n->link, n->now_ns, next_ns);
    while (n->state != NIC_FAILED && n->link->ops->event(n->link, &ev))
        event_one(n, &ev);
    if (err)
        nic_fail_gone(n);
    if (n->state == NIC_FAILED)
        return;
    nic_asks_poll(n);           /* first: what got no answer is asked again at once */
    if (n->state == NIC_OPENING)
        nic_open_poll(n);
    nic_mode_poll(n);
    nic_ctr_poll(n);
    phy_poll(n);
    tx_drain(n);
}

/* What the link's events make us hand in is passed on at once, within reason: a link
 * that answers in no time must not keep us here. */
int nic_poll(struct nic *n, int64_t now_ns, int64_t *next_ns)
{
    *next_ns = INT64_MAX;
    if (!n->polled)
        n->sync_until_ns = now_ns + NIC_SYNC_TIMEOUT_NS;
    n->polled = true;
    n->now_ns = now_ns;
    n->handed = true;               /* nic_tx() may have, since the last poll */
    for (int i = 0; i < POLL_ROUNDS && n->handed && n->state != NIC_FAILED; i++)
        poll_round(n, next_ns);
    if (n->state == NIC_FAILED) {
        *next_ns = INT64_MAX;
        return -ENODEV;
    }
    /* Still something for the link to do: come back now. Else our own time-outs. */
    int64_t ours = n->handed ? now_ns : nic_asks_deadline(n);
    if (n->state == NIC_OPENING && !n->synced && n->sync_until_ns < ours)
        ours = n->sync_until_ns;
    int64_t phy = phy_deadline(n);
    if (phy < ours)
        ours = phy;
    if (ours < *next_ns)
        *next_ns = ours;
    return 0;
}

/* Every packet has one owner here: the queue, the rest of an rx batch, or the link. */
void nic_destroy(struct nic *n)
{
    if (!n)
        return;
    tx_flush(n);
    while (n->rx_at < n->rx_n)
        pkt_release(n->rx[n->rx_at++]);
    n->link->ops->close(n->link);
    free(n);
}

/* --- what it is -------------------------------------------------------------------- */

enum nic_state nic_state(const struct nic *n)
{
    return n->state;
}

const char *nic_error(const struct nic *n)
{
    return n->error;
}

struct nic_caps nic_caps_get(const struct nic *n)
{
    return n->caps;
}

const uint8_t *nic_mac(const struct nic *n)
{
    return n->cfg.mac;
}

bool nic_link_up(const struct nic *n, uint32_t *mbit)
{
    if (mbit)
        *mbit = n->link_mbit;
    return n->link_up;
}

bool nic_link_full(const struct nic *n)
{
    return n->link_full;
}

bool nic_link_fixed(const struct nic *n)
{
    return n->link_fixed;
}

unsigned nic_tx_room(const struct nic *n)
{
    return n->state == NIC_UP && n->link_up ? NIC_TX_QUEUE - n->tx_n : 0;
}

int nic_fd(const struct nic *n)
{
    return n->link->ops->fd(n->link);
}

void nic_stats_get(const struct nic *n, struct nic_stats *out)
{
    *out = n->stats;
    n->link->ops->stats(n->link, &out->link);
}
