/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_lab.h - a wire to the kernel (packet:IF, tap:IF) under test: in a network
 * namespace of its own, with a NIC of a few lines at this end.
 */
#ifndef LY_TESTS_UNIT_KERNEL_LAB_H
#define LY_TESTS_UNIT_KERNEL_LAB_H

#include "sim/wire_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct kernel_lab {
    struct world *world;
    struct wire *w;
    char why[WIRE_WHY_BYTES];
};

/** kernel_lab_open() - @open: wire_packet_open or wire_tap_open. Returns what it returns. */
int kernel_lab_open(struct kernel_lab *b, const char *ifname,
                    int (*open)(struct wire **, struct world *, const char *, char *));
void kernel_lab_close(struct kernel_lab *b);

/** kernel_lab_enter() - a namespace for this test; its loopback is down at first. Skips the
 * test where the system gives none. */
void kernel_lab_enter(void);

/** kernel_lab_set() - bring an interface up or down. */
void kernel_lab_set(const char *ifname, bool up);

/** kernel_lab_send() - the NIC sends @len octets (without FCS) from @t on. Returns the time
 * after the gap. */
uint64_t kernel_lab_send(struct kernel_lab *b, const uint8_t *frame, size_t len, uint64_t t);

/** kernel_lab_turn() - let the wire read what has come, or comes within a second. */
void kernel_lab_turn(struct kernel_lab *b);

/** kernel_lab_next() - the next frame towards the NIC, DA..FCS; its length, 0: none. */
uint32_t kernel_lab_next(struct kernel_lab *b, struct frame_asm *a, uint64_t *t);

#endif
