/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - one Verilated NIC with every pin in the hands of the test: bytes of records as they
 * are, good or not; octets and single nibbles at the PHY's pins; carrier and collisions. No
 * driver, no wire and no world stand between; time is that of the model's own clocks.
 */
#ifndef LY_TESTS_COSIM_PINS_H
#define LY_TESTS_COSIM_PINS_H

#include "driver/nic.h"
#include "driver/rec.h"
#include "sim/nic_model.h"
#include "sim/phy_pins.h"
#include "sim/profile.h"
#include "sim/wire_frames.h"

#include <stdbool.h>
#include <stdint.h>

#define PINS_ATTEMPTS 16u
#define PINS_RECORD_BYTES 1600u         /* room for any record */

struct pins_sym { uint8_t d, dv, er; }; /* at one edge of the PHY's rx clock */

struct pins {
    struct nic_model *model;
    struct nic_model_in *in;
    const struct nic_model_out *out;
    struct sim_pace pace;
    unsigned quiet;                     /* core cycles since something moved */

    /* Bytes for the NIC, and what came back. */
    uint8_t *to;
    unsigned to_n, to_at;
    bool deaf;                          /* the host takes no byte */
    void *mem;
    struct pkt_pool *pool;
    struct rec_rx rx;
    struct link_event answer;
    bool answered;
    unsigned syncs, errors;             /* EVENT(sync), EVENT(error) */
    unsigned host_frames;

    /* Symbols for the NIC, and frames that left it. */
    struct pins_sym *line;
    unsigned line_n, line_at;
    struct pins_gear gear;
    struct frame_asm left;              /* the last of them stands in it until the next begins */
    unsigned frames, pauses, cut;       /* good ones of the host, its own, ended by a jam */

    /* The medium, half duplex. A collision begins so many octets behind the first one of the
     * preamble and lasts while the NIC sends; 0: none. */
    bool busy;                          /* somebody else's carrier */
    unsigned collide[PINS_ATTEMPTS];    /* by attempt, from pins_collide() on */
    unsigned attempt, since;
    bool sent;                          /* TX_EN at the edge before */
};

/** pins_open() - out of reset and in step with the host. @profile: of sim/profile.c. */
void pins_open(struct pins *p, const char *profile, uint64_t seed);
void pins_close(struct pins *p);

/** pins_run() - so many core cycles. */
void pins_run(struct pins *p, unsigned cycles);
/** pins_settle() - until all that was handed in is through and nothing moves. */
void pins_settle(struct pins *p);
/** pins_until() - until @done says so. With @hurry the core's timers see time go faster than the
 * rest, by whole ticks: who looks at nothing but counts ticks cannot tell. */
void pins_until(struct pins *p, bool (*done)(const struct pins *p), bool hurry);

/** pins_bytes() - into the stream of records, as they are. */
void pins_bytes(struct pins *p, const void *bytes, unsigned n);
/** pins_record() - header, payload, padding. */
void pins_record(struct pins *p, unsigned type, const void *payload, unsigned n);
/** pins_sync() - a SYNC; the stream is in step afterwards. */
void pins_sync(struct pins *p);
/** pins_send() - a FRAME. @vnet: its virtio header, NULL: of zeros. */
void pins_send(struct pins *p, const uint8_t *vnet, const uint8_t *frame, unsigned n);
/** pins_reg() - read or write a register, which must work. Returns its value afterwards. */
uint32_t pins_reg(struct pins *p, uint32_t addr, uint32_t value, bool write);
/** pins_counters() - a snapshot of all. */
void pins_counters(struct pins *p, uint64_t out[LY_CTR_COUNT]);

/** pins_octet(), pins_nibble() - one more symbol for the NIC. A nibble: below 1000 Mbit/s */
void pins_octet(struct pins *p, uint8_t d, bool er);
void pins_nibble(struct pins *p, uint8_t d);
/** pins_gap() - so many octets of silence. */
void pins_gap(struct pins *p, unsigned octets);
/** pins_preamble() - and SFD. pins_frame() - that, @n octets DA..FCS, and a gap. */
void pins_preamble(struct pins *p);
void pins_frame(struct pins *p, const uint8_t *f, unsigned n);

/** pins_collide() - attempts 0 to @n - 1 from now on meet a collision @octets behind their first
 * octet. */
void pins_collide(struct pins *p, unsigned n, unsigned octets);

#endif
