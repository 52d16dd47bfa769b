/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phy_pins.h - from pins to symbols. In GMII a symbol is what stands at the pins at an edge. In
 * MII it is two nibbles, the low one first (IEEE 802.3-2018 22.2.3): towards the NIC the symbol
 * begins at edges of even index, so that skipped time changes nothing; from the NIC it begins
 * where TX_EN rises, and pairs are counted on to the first without it.
 */
#ifndef LY_SIM_PHY_PINS_H
#define LY_SIM_PHY_PINS_H

#include "sim/clocks.h"
#include "sim/nic_model.h"
#include "sim/wire.h"

/* The tx pins' side of it. Zeros: idle. */
struct pins_gear {
    bool on;                    /* the symbol before had dv, or half of one is there */
    bool half;
    struct sym low;
};

/** pins_high() - whether the edge of @rx that was just taken brings the high nibble. */
static inline bool pins_high(const struct sim_clock *rx)
{
    return (rx->k - 1) & 1;
}

/** pins_out() - the pins behind one edge of the tx clock. Returns true with a symbol in *s: each
 * that carries something, and the first that does not. */
static inline bool pins_out(struct pins_gear *g, bool mii, const struct nic_model_out *o,
                            struct sym *s)
{
    struct sym now = { .data = o->txd, .dv = o->tx_en, .er = o->tx_er };
    if (!now.dv && !g->on)
        return false;
    if (!mii) {
        g->on = now.dv;
        *s = now;
        return true;
    }
    g->on = true;
    g->half = !g->half;
    if (g->half) {
        g->low = now;
        return false;
    }
    *s = (struct sym){ .data = (uint8_t)((g->low.data & 15u) | (now.data & 15u) << 4),
                       .dv = g->low.dv, .er = g->low.er | now.er };
    g->on = s->dv;
    return true;
}

#endif
