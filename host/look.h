/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - what the stack and the NIC of a rig hold now, as netstat, arp, route, stats and
 * regs tell it: text for people, or one JSON object a line.
 *
 * Looking changes nothing; only `mdio` writes, where a value is given. Registers are read between
 * frames (driver/nic.h), which takes time on the link: in virtual time that would change the run,
 * so there `regs` and `mdio` are refused and `stats` leaves out what only the NIC knows.
 */
#ifndef LY_HOST_LOOK_H
#define LY_HOST_LOOK_H

#include "driver/nic.h"
#include "host/stats.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rig;

enum look_what { LOOK_NETSTAT, LOOK_ARP, LOOK_ROUTE, LOOK_STATS, LOOK_REGS, LOOK_MDIO };

#define LOOK_REG_NAME_BYTES 32
#define LOOK_REGS_MAX 128

/* One question. */
struct look {
    enum look_what what;
    bool json;
    char reg[LOOK_REG_NAME_BYTES];  /* regs: only this one; "" all */
    unsigned mdio_words;            /* mdio: how many of PHY address, register, value to write */
    uint16_t mdio[3];
};

/**
 * look_parse() - "COMMAND [--json] [REGISTER]", "mdio [ADDR [REG [VALUE]]]"; @line is cut into
 * words.
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
    bool there;                     /* mdio: somebody is at the address that was named */
    struct { uint32_t word[2]; int status; } reg[LOOK_REGS_MAX];
};

/** look_begin() - look_poll() until it says something else than -EAGAIN, whoever has given up
 * meanwhile: registers that were asked for answer later. */
void look_begin(struct look_job *j, const struct look *l);

/** look_poll() - Returns 0: look_print() can say it; -EAGAIN: after the next turn; -ENOENT no
 * such register; -EPERM not in virtual time; -ENXIO no PHY answers, -ENOLINK nor is one asked for
 * the link; else the NIC's -errno. */
int look_poll(struct look_job *j, struct rig *r);
void look_print(FILE *f, const struct look_job *j, const struct rig *r);

/* Of `mdio`; look_mdio.c. */
bool look_mdio_word(struct look *l, const char *word);
void look_mdio_begin(struct look_job *j);
int look_mdio_poll(struct look_job *j, struct nic *nic);
void look_mdio_print(FILE *f, const struct look_job *j);

#endif
