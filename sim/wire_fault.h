/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_fault.h - faults between our NIC and its wire (--fault): a plan of driver/fault.h,
 * carried out on whole frames DA..FCS.
 */
#ifndef LY_SIM_WIRE_FAULT_H
#define LY_SIM_WIRE_FAULT_H

#include "driver/fault.h"
#include "sim/wire.h"

/**
 * wire_fault_open() - a wire round @inner, which it owns from now on, also after an error.
 *
 * Port 0 of it is our NIC's. Returns 0 and *out, -ENOMEM.
 */
int wire_fault_open(struct wire **out, struct wire *inner, const struct fault_plan *plan);

#endif
