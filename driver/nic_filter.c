/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_filter.c - which frames the device passes up, changed while it runs. The wish is
 * kept here; registers that do not show it yet are marked and written one by one.
 */
#include "driver/nic_priv.h"

#include <errno.h>
#include <string.h>

#define MODE_TRIES 3u

enum { MODE_HASH_LO, MODE_HASH_HI, MODE_CTRL, MODE_REGS };

/* ether_crc(6, address) >> 26 of Linux: bits 31:26 of the CRC register of IEEE 802.3 3.2.9,
 * fed with the six octets, each from its lowest bit, not complemented. */
unsigned nic_hash_index(const uint8_t mac[6])
{
    uint32_t crc = 0xFFFFFFFFu;

    for (unsigned bit = 0; bit < 48; bit++) {
        uint32_t feed = crc >> 31 ^ ((uint32_t)mac[bit / 8] >> bit % 8 & 1u);
        crc = crc << 1 ^ (feed ? 0x04C11DB7u : 0);
    }
    return crc >> 26;
}

/* A device without a table of groups passes up everything instead: the stack looks too. */
uint32_t nic_filter_ctrl(const struct nic *n)
{
    bool groups = n->rx_allmulti || n->rx_hash != 0;

    if (n->rx_promisc || (groups && !n->has_hash))
        return LY_CTRL_PROMISC_MASK;
    return n->rx_allmulti ? LY_CTRL_ALLMULTI_MASK : 0;
}

int nic_rx_mode_set(struct nic *n, const struct nic_rx_mode *mode)
{
    uint64_t hash = 0;

    if (n->state == NIC_FAILED)
        return -ENODEV;
    if (!(n->link_caps.flags & LINK_CAP_REGS))
        return -ENOTSUP;
    for (unsigned i = 0; i < mode->n_groups; i++) {
        if (!(mode->groups[i][0] & 1))
            return -EINVAL;         /* IEEE 802.3 3.2.3: no group address */
        hash |= UINT64_C(1) << nic_hash_index(mode->groups[i]);
    }
    n->rx_hash = hash;
    n->rx_promisc = mode->promiscuous;
    n->rx_allmulti = mode->all_multicast;
    n->mode_due = n->has_hash || n->state == NIC_OPENING ? (1u << MODE_REGS) - 1 : 1u << MODE_CTRL;
    n->mode_tries = 0;
    return 0;
}

bool nic_mode_waits(const struct nic *n)
{
    return n->state == NIC_UP && n->mode_due && !n->mode_asked;
}

/* CTRL last: what it no longer lets through, the table does by then. */
void nic_mode_poll(struct nic *n)
{
    static const uint32_t addr[MODE_REGS] = { LY_REG_HASH_LO, LY_REG_HASH_HI, LY_REG_CTRL };
    unsigned reg = 0;

    if (!nic_mode_waits(n))
        return;
    if (!n->has_hash)
        n->mode_due = 1u << MODE_CTRL;
    while (!(n->mode_due >> reg & 1))
        reg++;
    uint32_t value = reg == MODE_CTRL ? nic_ctrl(n)
                   : (uint32_t)(reg == MODE_HASH_LO ? n->rx_hash : n->rx_hash >> 32);
    if (nic_ask(n, (uint16_t)(NIC_MODE_TAG + reg), addr[reg], value, true) == 0) {
        n->mode_asked = true;
        n->mode_due &= ~(1u << reg);
    }
}

void nic_mode_answer(struct nic *n, const struct link_event *ev)
{
    n->mode_asked = false;
    if (ev->status == 0) {
        n->mode_tries = 0;
        return;
    }
    n->mode_due |= 1u << (ev->tag - NIC_MODE_TAG);
    if (ev->status != -ETIMEDOUT || ++n->mode_tries == MODE_TRIES)
        nic_fail(n, "NIC does not take its receive filter (register 0x%03X, status %d): load the "
                    "bitstream that belongs to this driver", (unsigned)ev->addr, (int)ev->status);
}
