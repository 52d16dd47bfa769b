/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eth.c - frames to and from the NIC. The NIC pads, appends the FCS and filters;
 * the stack filters again, since a NIC may be promiscuous or have no filter.
 */
#include "stack/net_int.h"

#include "stack/wire/eth.h"

#include <errno.h>
#include <string.h>

/* Counted under its reason, and back to the pool. */
static void drop(struct pkt *p, uint64_t *counter)
{
    (*counter)++;
    pkt_release(p);
}

void eth_rx(struct net *n, struct pkt *p, int64_t now_ns)
{
    struct eth_view v;
    n->c.eth_rx_frames++;
    n->c.eth_rx_bytes += p->len;
    if (eth_parse(pkt_data(p), p->len, &v)) {
        drop(p, &n->c.drop_eth_short);
        return;
    }
    /* Groups pass: there is no list of groups yet, and the layers above look at their
     * own destination address. */
    bool many = eth_is_group(v.dst);
    if (!many && memcmp(v.dst, nic_mac(n->nic), ETH_ADDR_BYTES) != 0) {
        drop(p, &n->c.drop_eth_not_mine);
        return;
    }
    pkt_pull(p, ETH_HDR_BYTES);
    p->l3 = p->head;
    if (v.type == ETH_TYPE_IP4)
        ip4_rx(n, p, many, now_ns);
    else if (v.type == ETH_TYPE_ARP)
        arp_rx(n, p, now_ns);
    else
        drop(p, &n->c.drop_eth_type);
}

int eth_tx(struct net *n, struct pkt *p, const uint8_t *dst, uint16_t type)
{
    uint8_t *h = pkt_push(p, ETH_HDR_BYTES);
    if (!h) {
        /* PKT_HEADROOM_BYTES covers all headers: only a foreign packet gets here. */
        drop(p, &n->c.drop_tx_nic_refused);
        return -EMSGSIZE;
    }
    eth_emit(h, dst, nic_mac(n->nic), type);
    uint32_t bytes = p->len;
    int err = nic_tx(n->nic, p);    /* consumed, so its length was noted before */
    if (err) {
        if (err == -ENOBUFS)
            n->c.drop_tx_nic_full++;
        else
            n->c.drop_tx_nic_refused++;
        return err;
    }
    n->c.eth_tx_frames++;
    n->c.eth_tx_bytes += bytes;
    return 0;
}
