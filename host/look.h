/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - what the stack and the NIC of a rig hold now, as netstat, arp, route, stats and
 * regs tell it: text for people, or one JSON object a line.
 *
 * Looking changes nothing. Registers are read between frames (driver/nic.h), which takes time
 * on the link: in virtual time that would change the run, so there `regs` is refused and
 * `stats` leaves out what only the NIC knows.
 */
#ifndef LY_HOST_LOOK_H
#define LY_HOST_LOOK_H

#include "driver/nic.h"
#include "host/stats.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rig;

enum look_what { LOOK_NETSTAT, LOOK_ARP, LOOK_ROUTE, LOOK_STATS, LOOK_REGS };

#define LOOK_REG_NAME_BYTES 32
#define LOOK_REGS_MAX 128

/* One question. */
struct look {
    enum look_what what;
    bool json;
    char reg[LOOK_REG_NAME_BYTES];  /* regs: only this one; "" all */
};

/**
 * look_parse() - "COMMAND [--json] [REGISTER]"; @line is cut into words.
 * Returns NULL, or what is wrong with it in one line.
 */
const char *look_parse(struct look *l, char *line);

/* A question under way. One at a time for each rig. */
struct look_job {
    struct look look;
    struct stats_reading counters;
    unsigned first, end;            /* regs: of nic_reg_info() */
    unsigned next, under_way;       /* regs: the next word to ask for; how many have no answer */
    int err;                        /* regs: the device does not answer */
    struct { uint32_t word[2]; int status; } reg[LOOK_REGS_MAX];
};

/** look_begin() - look_poll() until it says something else than -EAGAIN, whoever has given up
 * meanwhile: registers that were asked for answer later. */
void look_begin(struct look_job *j, const struct look *l);

/** look_poll() - Returns 0: look_print() can say it; -EAGAIN: after the next turn; -ENOENT no
 * such register; -EOPNOTSUPP not in virtual time; else the NIC's -errno. */
int look_poll(struct look_job *j, struct rig *r);
void look_print(FILE *f, const struct look_job *j, const struct rig *r);

#endif
