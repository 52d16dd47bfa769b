/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_open.c - from an opened link to NIC_UP. The link sends SYNC by itself; its
 * answer carries VERSION. Then the table open_steps, one register after the other,
 * each tried again when its answer is lost.
 */
#include "driver/nic_priv.h"

#include <errno.h>
#include <string.h>

#define STEP_TRIES 3u
#define MIN_FRAME_BYTES 60u         /* IEEE 802.3 3.2.8: every NIC carries these */

struct open_step {
    const char *name;
    uint32_t addr;
    void (*got)(struct nic *n, uint32_t value);     /* read: look at it */
    uint32_t (*put)(const struct nic *n);           /* write: what */
    bool of_hash;                                   /* not there without the group table */
};

static unsigned version_major(uint32_t v)
{
    return v >> LY_VERSION_MAJOR_SHIFT;
}

static unsigned version_minor(uint32_t v)
{
    return v & LY_VERSION_MINOR_MASK;
}

static void got_id(struct nic *n, uint32_t value)
{
    if (value != LY_ID_VALUE)
        nic_fail(n, "not a Lanyard NIC: ID 0x%08X, not 0x%08X; load a Lanyard bitstream",
             (unsigned)value, LY_ID_VALUE);
}

/* Another major number speaks another language; minor ones only add. */
static void got_version(struct nic *n, uint32_t value)
{
    n->caps.version = value;
    if (version_major(value) != version_major(LY_VERSION_VALUE))
        nic_fail(n, "NIC has version %u.%u, this driver speaks %u.%u: load the bitstream that "
                    "belongs to this driver",
             version_major(value), version_minor(value),
             version_major(LY_VERSION_VALUE), version_minor(LY_VERSION_VALUE));
}

/* In force is what the device can do, the link can carry and the caller wants. */
static void got_caps(struct nic *n, uint32_t value)
{
    uint32_t can = 0;
    if (value & LY_CAPS_TX_CSUM_MASK)
        can |= NIC_OFF_TX_CSUM;
    if (value & LY_CAPS_RX_CSUM_MASK)
        can |= NIC_OFF_RX_CSUM;
    n->caps.offload = can & n->cfg.offload;
    if (!(n->link_caps.flags & LINK_CAP_VNET))
        n->caps.offload = 0;        /* the metadata does not get through */
    n->has_hash = (value & LY_CAPS_MCAST_HASH_MASK) != 0;
    n->has_counters = (value & LY_CAPS_COUNTERS_MASK) != 0;
}

/* The largest payload of a record holds the virtio header and a frame. */
static void got_max_record(struct nic *n, uint32_t value)
{
    uint32_t bytes = value & LY_MAX_RECORD_BYTES_MASK;
    if (bytes < LY_REC_VNET_BYTES + MIN_FRAME_BYTES)
        nic_fail(n, "NIC takes records of %u bytes only (MAX_RECORD): load a working bitstream",
             (unsigned)bytes);
    else if (bytes - LY_REC_VNET_BYTES < n->caps.max_frame_bytes)
        n->caps.max_frame_bytes = bytes - LY_REC_VNET_BYTES;
}

static void got_clk_hz(struct nic *n, uint32_t value)
{
    n->caps.clk_hz = value;
}

/* LINK holds the same bits as the event; it is read for links without events. */
_Static_assert(LY_LINK_UP_MASK == LY_EVENT_LINK_UP, "one meaning");
static void got_link(struct nic *n, uint32_t value)
{
    nic_link_changed(n, value, value >> LY_LINK_MBIT_SHIFT);
}

/* Octet 0, the first on the wire, is in bits 7:0 of MAC_LO. */
static uint32_t put_mac_lo(const struct nic *n)
{
    const uint8_t *m = n->cfg.mac;
    return m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 | (uint32_t)m[3] << 24;
}

static uint32_t put_mac_hi(const struct nic *n)
{
    return n->cfg.mac[4] | (uint32_t)n->cfg.mac[5] << 8;
}

static uint32_t put_hash_lo(const struct nic *n)
{
    return (uint32_t)n->rx_hash;
}

static uint32_t put_hash_hi(const struct nic *n)
{
    return (uint32_t)(n->rx_hash >> 32);
}

/* Written last; the whole register, so that nothing of an earlier host stays. */
uint32_t nic_ctrl(const struct nic *n)
{
    return LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK | nic_filter_ctrl(n)
         | (n->caps.offload & NIC_OFF_RX_CSUM ? LY_CTRL_RX_CSUM_EN_MASK : 0);
}

/* Who it is, what it can do, who we are, go. CTRL comes last: no frame before the
 * address is there. rtl/regs/nic.rdl describes each register. */
static const struct open_step open_steps[] = {
    { "ID",         LY_REG_ID,         got_id,         NULL,        false },
    { "VERSION",    LY_REG_VERSION,    got_version,    NULL,        false },
    { "CAPS",       LY_REG_CAPS,       got_caps,       NULL,        false },
    { "MAX_RECORD", LY_REG_MAX_RECORD, got_max_record, NULL,        false },
    { "CLK_HZ",     LY_REG_CLK_HZ,     got_clk_hz,     NULL,        false },
    { "LINK",       LY_REG_LINK,       got_link,       NULL,        false },
    { "MAC_LO",     LY_REG_MAC_LO,     NULL,           put_mac_lo,  false },
    { "MAC_HI",     LY_REG_MAC_HI,     NULL,           put_mac_hi,  false },
    { "HASH_LO",    LY_REG_HASH_LO,    NULL,           put_hash_lo, true },
    { "HASH_HI",    LY_REG_HASH_HI,    NULL,           put_hash_hi, true },
    { "CTRL",       LY_REG_CTRL,       NULL,           nic_ctrl,    false },
};
#define OPEN_STEPS (sizeof open_steps / sizeof open_steps[0])

/* No answer: the question or its answer was lost with the stream's step; asked again
 * by the next nic_open_poll(). Both reading and writing may be done twice. */
void nic_open_answer(struct nic *n, const struct link_event *ev)
{
    const struct open_step *s = &open_steps[n->step];

    n->step_asked = false;
    if (ev->status == -ETIMEDOUT) {
        if (++n->step_tries >= STEP_TRIES)
            nic_fail(n, "NIC does not answer for register %s (%u x %d ms): unplug it and plug it "
                        "in again", s->name, STEP_TRIES, (int)(NIC_REG_TIMEOUT_NS / NIC_MS_NS));
        return;
    }
    if (ev->status) {
        nic_fail(n, "NIC refuses register %s (status %d): load the bitstream that belongs to "
                    "this driver", s->name, (int)ev->status);
        return;
    }
    if (s->got)
        s->got(n, ev->value);
    if (n->state == NIC_FAILED)
        return;
    n->step_tries = 0;
    while (++n->step < OPEN_STEPS && open_steps[n->step].of_hash && !n->has_hash)
        continue;
    if (n->step == OPEN_STEPS)
        n->state = NIC_UP;
}

/* Sends the question of the current step, if the link has room. */
static void step_ask(struct nic *n)
{
    const struct open_step *s = &open_steps[n->step];
    int err = nic_ask(n, (uint16_t)(NIC_OPEN_TAG + n->step), s->addr, s->put ? s->put(n) : 0,
                      s->put != NULL);
    if (err == 0)
        n->step_asked = true;
    else if (err == -ENODEV)
        nic_fail_gone(n);
    else if (err != -EAGAIN || n->now_ns >= n->sync_until_ns + STEP_TRIES * NIC_REG_TIMEOUT_NS)
        nic_fail(n, "link %s takes no register access: %s", n->link->ops->name, strerror(-err));
}

void nic_open_poll(struct nic *n)
{
    if (n->synced && !n->step_asked)
        step_ask(n);
    else if (!n->synced && n->now_ns >= n->sync_until_ns)
        nic_fail(n, "no answer from the NIC in %d ms (link %s): check that it has power and a "
                    "Lanyard bitstream",
                 (int)(NIC_SYNC_TIMEOUT_NS / NIC_MS_NS), n->link->ops->name);
}

/* VERSION before anything else: of another device not even ID need be where we look. */
void nic_open_synced(struct nic *n, uint32_t version)
{
    n->synced = true;
    got_version(n, version);
}

/* What a link without registers is: a frame pipe, there at once. */
void nic_open_start(struct nic *n)
{
    n->link_caps = n->link->ops->caps(n->link);
    n->caps.max_frame_bytes = n->link_caps.max_frame_bytes;
    if (!(n->link_caps.flags & LINK_CAP_REGS)) {
        n->state = NIC_UP;
        n->link_up = true;
    }
}
