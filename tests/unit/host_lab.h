/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_lab.h - two hosts of host/ on a cable of fake links: `rig` is the one that a
 * command would have (an event loop, hooks; no world), `far` the other. Time moves only
 * by these calls, and not while a descriptor is ready.
 */
#ifndef LY_TESTS_UNIT_HOST_LAB_H
#define LY_TESTS_UNIT_HOST_LAB_H

#include "host/compose.h"
#include "tests/unit/fake_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HL_MS 1000000ll
#define HL_S (1000 * HL_MS)
#define HL_OURS 0x0A000001u     /* 10.0.0.1 */
#define HL_FAR 0x0A000002u

struct host_lab {
    struct rig rig;
    struct node far;
    struct opts opts;
    struct fake_link *link, *far_link;
    int64_t now_ns;
};

struct host_lab_cfg {
    unsigned far_sockets;       /* 0: NODE_SOCKETS */
    size_t far_sndbuf_bytes, rcvbuf_bytes;  /* of the far end, of ours; 0: default */
};

/** host_lab_open() - both NICs are up afterwards. @cfg: NULL for defaults. */
void host_lab_open(struct host_lab *l, const struct host_lab_cfg *cfg);
/** host_lab_close() - also asserts that every packet is back. */
void host_lab_close(struct host_lab *l);

/** host_lab_turn() - polls, serves descriptors, and lets time pass if there was nothing
 * to do. False: nothing is due and no descriptor is ready. */
bool host_lab_turn(struct host_lab *l);
/** host_lab_run() - turns for @ns of time, or until nothing is due. */
void host_lab_run(struct host_lab *l, int64_t ns);

/** host_lab_connect() - a connection: sockets of ours and of the far host. */
void host_lab_connect(struct host_lab *l, int *ours, int *far);
/** host_lab_sockets() - connections and sockets of a stack, TIME_WAIT and listeners aside. */
unsigned host_lab_sockets(const struct net *n);
/** host_lab_byte() - byte @i of a text without a period that fits a buffer. */
uint8_t host_lab_byte(size_t i);

#endif
