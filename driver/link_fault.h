/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_fault.h - wraps any link with a plan of faults (driver/fault.h): what USB, a loose cable
 * or a device that hangs do between driver and NIC. The driver must survive all of it.
 *
 * Frames are lost, changed, doubled, held back; register answers and events are lost or late;
 * the stream gets out of step; the device goes. A changed bit is found by whoever verifies a
 * checksum behind the link: with receive offload nobody does, and with transmit offload the
 * NIC computes the sum over the changed bytes.
 */
#ifndef LY_DRIVER_LINK_FAULT_H
#define LY_DRIVER_LINK_FAULT_H

#include "driver/fault.h"
#include "driver/link.h"

/* How often each kind came about; answers and events count in rx. */
struct link_fault_stats { uint64_t tx[FAULT_KINDS], rx[FAULT_KINDS]; };

/**
 * link_fault_open() - put @plan round @inner.
 * @inner: owned by the wrapper from here on; closed on failure
 * @plan:  parsed for FAULT_ON_LINK; copied
 *
 * Returns 0 and *out, -ENOMEM.
 */
int link_fault_open(struct link **out, struct link *inner, const struct fault_plan *plan,
                    uint64_t seed);

const struct link_fault_stats *link_fault_stats(const struct link *l);

#endif
