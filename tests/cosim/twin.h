/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.h - two Verilated NICs on a cable, or up to eight on a hub, a driver on each and no
 * stack: the test is the host of all. Each host is an actor of the world that polls its NIC,
 * takes what came and hands in what it has to send.
 */
#ifndef LY_TESTS_COSIM_TWIN_H
#define LY_TESTS_COSIM_TWIN_H

#include "driver/link.h"
#include "driver/nic.h"
#include "driver/pkt.h"
#include "sim/link_sim.h"
#include "sim/wire.h"
#include "sim/world.h"

#include <stdbool.h>
#include <stdint.h>

#define TWIN_US 1000000ull          /* of simulated time, in picoseconds */
#define TWIN_MS (1000 * TWIN_US)
#define TWIN_S (1000 * TWIN_MS)
#define TWIN_MIN 60u                /* without FCS; what is shorter is padded */
#define TWIN_MAX 1514u
#define TWIN_ETHERTYPE 0x88B5u      /* for experiments, IEEE 802 9.2.2: nothing to verify */

struct twin;

struct twin_end {
    struct twin *t;
    void *mem;
    struct pkt_pool *pool;
    struct link *link;
    struct nic *nic;
    int actor;
    int64_t next_ns;
    bool deaf;                      /* the host takes no frames */
};

struct twin {
    struct world *world;
    struct wire *wire;
    unsigned ends;
    struct twin_end end[WIRE_PORTS_MAX];
    /* Both may be NULL. rx: @p stays the twin's. turn: after each poll; may send. */
    void (*rx)(void *arg, unsigned end, const struct pkt *p);
    void (*turn)(void *arg, unsigned end);
    void *arg;
};

struct twin_cfg {
    uint64_t seed;
    bool no_skip;
    uint32_t offload;               /* NIC_OFF_* */
    bool promiscuous;               /* the second NIC */
    unsigned hub;                   /* so many NICs on a hub; 0: two on a cable */
    const char *profile;            /* of all; NULL: sim_nic_cfg's default */
    uint64_t rx_bytes_hz;           /* that the host of the second takes at most; 0: all */
    int ppm[2];                     /* by which the clocks of the first two are off */
    /* NULL, or what the NICs are plugged into instead of the cable, which stays the twin's. */
    struct wire *(*round)(void *arg, struct wire *cable);
    void *round_arg;
    const struct phy_cfg *phy;      /* of every NIC; NULL: the links are fixed */
    struct nic_phy_cfg offer;
};

extern const uint8_t twin_mac[WIRE_PORTS_MAX][6];

/** twin_open() - the NICs are up afterwards. */
void twin_open(struct twin *t, const struct twin_cfg *cfg);
/** twin_close() - also asserts that the wire found no fault and every packet is back. */
void twin_close(struct twin *t);

/** twin_run() - @ps of simulated time. */
void twin_run(struct twin *t, uint64_t ps);
/** twin_until() - until @done says so; fails the test after @limit_ps. */
void twin_until(struct twin *t, bool (*done)(void *arg), void *arg, uint64_t limit_ps);
/** twin_counters() - the device's counters, LY_CTR_*. */
void twin_counters(struct twin *t, unsigned end, uint64_t out[NIC_COUNTERS_MAX]);
/** twin_reg() - read or write one register. Returns what was read. */
uint32_t twin_reg(struct twin *t, unsigned end, uint32_t addr, uint32_t value, bool write);

/**
 * twin_frame() - frame number @i of @seed into @f: DA of @to, SA of the other end of a cable,
 * TWIN_ETHERTYPE, then random bytes. @len: 14..TWIN_MAX
 */
void twin_frame(uint8_t *f, unsigned len, uint64_t seed, unsigned i, unsigned to);
/** twin_packet() - the same bytes as a packet of @end's pool, NULL if it is empty. */
struct pkt *twin_packet(struct twin *t, unsigned end, const uint8_t *f, unsigned len);

#endif
