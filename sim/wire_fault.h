/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_fault.h - faults between our NIC and its wire (--fault). A plan is a list of
 *
 *     [tx.|rx.]KIND=P%|@N|@N-M|@N-     loss corrupt corrupt-inner dup reorder
 *     [tx.|rx.]flap@N:MS               no frame for MS milliseconds from frame N on
 *     [tx.|rx.]delay=US  jitter=US  rate=MBIT
 *
 * with commas between. tx: frames from our NIC, rx: towards it; both without. N counts
 * the frames of a direction from 1. Kinds apply in the order above. Draws come from
 * (seed, direction, place in the plan): one more rule at the end does not change which
 * frames the others choose.
 *
 *   corrupt        1 to 3 bits of DA..FCS: CRC-32 finds every one. Koopman, 32-Bit
 *                  Cyclic Redundancy Codes for Internet Applications, DSN 2002
 *   corrupt-inner  one bit of a TCP or UDP payload, with an FCS that fits: only the
 *                  transport checksum finds it. Frames without such payload are passed
 *   reorder        the frame goes after the next one, or after 1 ms if none comes
 */
#ifndef LY_SIM_WIRE_FAULT_H
#define LY_SIM_WIRE_FAULT_H

#include "sim/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define FAULT_RULES_MAX 16u

enum fault_form { RULE_FRAMES, RULE_FLAP, RULE_DELAY, RULE_JITTER, RULE_RATE };

struct fault_rule {
    enum fault_form form;
    enum fault_kind kind;       /* of RULE_FRAMES */
    bool tx, rx;
    uint32_t per_million;       /* of RULE_FRAMES; 0: first..last instead */
    uint64_t first, last;       /* frame numbers, both included */
    uint64_t value;             /* ms, us or Mbit/s, as the form has it */
};

struct fault_plan {
    unsigned n;
    struct fault_rule rule[FAULT_RULES_MAX];
};

/** fault_parse() - Returns 0, or -EINVAL with what is wrong in @why (WIRE_WHY_BYTES). */
int fault_parse(struct fault_plan *plan, const char *text, char *why);

/**
 * wire_fault_open() - a wire round @inner, which it owns from now on, also after an error.
 *
 * Port 0 of it is our NIC's. Returns 0 and *out, -ENOMEM.
 */
int wire_fault_open(struct wire **out, struct wire *inner, const struct fault_plan *plan);

#endif
