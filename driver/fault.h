/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - plans of faults, for whatever carries frames: a wire (--fault, sim/wire_fault.c) or
 * a link (--fault-link, link_fault.c). A plan is a list of
 *
 *     [tx.|rx.]KIND=P%|@N|@N-M|@N-     loss corrupt corrupt-inner dup reorder resync
 *     [tx.|rx.]flap@N:MS               no frame for MS milliseconds from frame N on
 *     [tx.|rx.]gone@N                  the device is gone at frame N
 *     [tx.|rx.]delay=US  jitter=US  rate=MBIT
 *     reg-loss=...  event-loss=...     as KIND; of register answers, of other events
 *     reg-delay=US  event-delay=US
 *
 * with commas between. P is 0.0001 to 100, N and M 1 or more, MS 1 to 3600000, US 1 to 10000000,
 * MBIT 1 to 1000. tx: frames from our NIC, rx: towards it; both without. N counts the
 * frames of a direction from 1 (answers and events by themselves). Kinds apply in the order
 * above. Draws come from (seed, direction, place in the plan): one more rule at the end does not
 * change which frames the others choose. What each kind does, and which a wire or a link knows:
 * fault_kinds[].
 */
#ifndef LY_DRIVER_FAULT_H
#define LY_DRIVER_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind { FAULT_LOSS, FAULT_CORRUPT, FAULT_INNER, FAULT_DUP, FAULT_REORDER, FAULT_FLAP,
                  FAULT_RESYNC, FAULT_GONE, FAULT_REG_LOSS, FAULT_EVENT_LOSS, FAULT_KINDS };
#define FAULT_BIT(kind) (1u << (kind))

/* Who knows a fault. */
#define FAULT_ON_WIRE 1u
#define FAULT_ON_LINK 2u
#define FAULT_RX_ONLY 4u        /* there is nothing of the kind on the way to the wire */

struct fault_kind_info {
    const char *rule;           /* in a plan */
    const char *counter;
    const char *comment;        /* beside the frame in a capture; NULL: it is not there */
    unsigned on;                /* FAULT_ON_*, FAULT_RX_ONLY */
};
extern const struct fault_kind_info fault_kinds[FAULT_KINDS];

enum fault_form { RULE_FRAMES, RULE_FLAP, RULE_DELAY, RULE_JITTER, RULE_RATE, RULE_REG_DELAY,
                  RULE_EVENT_DELAY };

#define FAULT_RULES_MAX 16u
#define FAULT_WHY_BYTES 208

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

/**
 * fault_parse() - @on: FAULT_ON_WIRE or FAULT_ON_LINK.
 *
 * Returns 0, or -EINVAL with what is wrong in @why (FAULT_WHY_BYTES).
 */
int fault_parse(struct fault_plan *plan, unsigned on, const char *text, char *why);

/* --- a plan at work ---------------------------------------------------------------------- */

/* One direction, or one kind of message. Times are in the caller's ticks. */
struct fault_path {
    const struct fault_plan *plan;
    bool is_tx;
    uint64_t us;                /* ticks in a microsecond */
    uint64_t rng[FAULT_RULES_MAX];
    uint64_t seen;              /* frames */
    uint64_t flap_end;          /* nothing passes before this time */
    uint64_t line_free;         /* of RULE_RATE */
};

/** fault_path_init() - @stream: another one for whatever must draw by itself. */
void fault_path_init(struct fault_path *p, const struct fault_plan *plan, bool is_tx, uint64_t us,
                     uint64_t seed, uint32_t stream);

/**
 * fault_decide() - the next frame has come at @now: what shall happen to it?
 * @rule: for each kind the number of the rule that wants it, for fault_draw(); -1: none
 */
void fault_decide(struct fault_path *p, uint64_t now, int rule[FAULT_KINDS]);

/** fault_draw() - a number below @below for @rule. */
uint64_t fault_draw(struct fault_path *p, int rule, uint64_t below);

/** fault_flip() - change @n different bits of @len octets. */
void fault_flip(struct fault_path *p, int rule, uint8_t *b, uint32_t len, unsigned n);

/** fault_departure() - when a frame of @len octets goes on that could at @at. */
uint64_t fault_departure(struct fault_path *p, uint64_t at, uint32_t len);

/** fault_delay() - the delay by rules of @form, in ticks. */
uint64_t fault_delay(const struct fault_path *p, enum fault_form form);

#endif
