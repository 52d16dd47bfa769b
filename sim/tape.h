/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tape.h - a recording of one NIC: every pin of its model at every clock edge that was
 * evaluated, and where time was skipped. nic_actor.c writes one (--record), replay.c plays it.
 *
 * Pins, because only they repeat a run exactly in wall time too: what a host or a wire does
 * depends on this machine, what the model does depends on its pins and initial values alone.
 *
 * The file, all little endian; sim/README.md has it as a table:
 *
 *     head    struct tape_head, TAPE_HEAD_BYTES, the last four its CRC-32
 *     block   u32 bytes of items (1..TAPE_BLOCK_BYTES), u32 their CRC-32 (zlib's), the items
 *     ...
 *
 *     item    00..7f   one edge; bit i: pin group i changed, its byte follows (i ascending)
 *             80 n     n edges as the last one
 *             81 t     time was skipped: the next edge is the first at or after t picoseconds
 *             82 c     the next edge adds c skipped cycles to the time base (skip_stb)
 *             83       the end: without it the run was killed
 *             84 m     from here on the PHY's clocks are those of m Mbit/s
 *
 * n, t, c and m are LEB128: seven bits a byte, the lowest first, bit 7 set on all but the last.
 * An item never lies in two blocks. Which clocks rise at an edge follows from the profile
 * and that speed.
 */
#ifndef LY_SIM_TAPE_H
#define LY_SIM_TAPE_H

#include "sim/nic_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tape;

#define TAPE_HEAD_BYTES 76u
#define TAPE_BLOCK_BYTES 65536u
#define TAPE_PROFILE_BYTES 16u
#define TAPE_RTL_BYTES 16u
#define TAPE_WHY_BYTES 160

/* What a replay needs to know before the first edge. */
struct tape_head {
    uint64_t seed;
    uint64_t start_ps;          /* when the NIC was plugged in */
    int64_t epoch_s;            /* wall time of picosecond 0; 0: virtual time */
    uint32_t number;            /* of the model */
    bool skip;                  /* idle time was skipped */
    bool core_stopped;          /* test only: no core clock */
    bool phy_mdio;              /* the link is asked by MDIO, not fixed */
    char profile[TAPE_PROFILE_BYTES + 1];
    char rtl[TAPE_RTL_BYTES + 1];   /* fingerprint of the RTL's sources, hex */
};

/* Groups of pins, one byte each. */
enum tape_group { TAPE_RXD, TAPE_S_DATA, TAPE_TXD, TAPE_M_DATA, TAPE_IN, TAPE_OUT, TAPE_FAULT,
                  TAPE_GROUPS };
/* TAPE_IN: what the model is given. TAPE_LIVE: reset is over, outputs count. */
#define TAPE_RST 1u
#define TAPE_RX_DV 2u
#define TAPE_RX_ER 4u
#define TAPE_CRS 8u
#define TAPE_COL 16u
#define TAPE_S_VALID 32u
#define TAPE_M_READY 64u
#define TAPE_LIVE 128u
/* TAPE_OUT: what it answered; 0 while not live. */
#define TAPE_TX_EN 1u
#define TAPE_TX_ER 2u
#define TAPE_S_READY 4u
#define TAPE_M_VALID 8u
#define TAPE_M_LAST 16u
#define TAPE_MDC 32u
#define TAPE_MDIO 64u           /* counts with TAPE_MDIO_OE only */
#define TAPE_MDIO_OE 128u
/* TAPE_FAULT: sym.fault, and one more input. */
#define TAPE_MDIO_IN 128u

/* The pins at one edge: inputs before it, outputs after it. TXD counts with TX_EN only and
 * M_DATA with M_VALID only; else they keep their last value. */
struct tape_pins { uint8_t g[TAPE_GROUPS]; };

/** tape_rtl_id() - the fingerprint of this program's RTL. */
const char *tape_rtl_id(void);

/** tape_pins_of() - @out NULL: not live. @last: the pins at the edge before. */
struct tape_pins tape_pins_of(const struct nic_model_in *in, const struct nic_model_out *out,
                              uint8_t fault, const struct tape_pins *last);

/* --- writing ----------------------------------------------------------------------- */

/**
 * tape_create() - create @path (an existing file is overwritten) and write the head, with
 * this program's own fingerprint in place of @head's.
 *
 * Returns 0 and *out, or -errno.
 */
int tape_create(struct tape **out, const char *path, const struct tape_head *head);

/** tape_edge() - one edge was evaluated. Arguments as of tape_pins_of(). */
void tape_edge(struct tape *t, const struct nic_model_in *in, const struct nic_model_out *out,
               uint8_t fault);

/** tape_jump() - the next edge is the first at or after @t_ps. What came before is in the file
 * from now on, should the run be killed. */
void tape_jump(struct tape *t, uint64_t t_ps);

/** tape_speed() - behind the last edge the PHY's clocks became those of @mbit. */
void tape_speed(struct tape *t, unsigned mbit);

/** tape_finish() - end and close. Returns 0, or the first error of all writes as -errno; after
 * one nothing more was written. NULL gives 0. */
int tape_finish(struct tape *t);

/* --- reading ----------------------------------------------------------------------- */

enum tape_kind { TAPE_EDGES, TAPE_JUMP, TAPE_SKIP, TAPE_SPEED, TAPE_END };

struct tape_item {
    enum tape_kind kind;
    uint64_t n;                 /* edges; picoseconds; cycles; Mbit/s */
    struct tape_pins pins;      /* of TAPE_EDGES; carried from item to item */
};

/** tape_head_emit() - write TAPE_HEAD_BYTES at @out. */
void tape_head_emit(uint8_t *out, const struct tape_head *h);

/** tape_head_parse() - Returns 0, or -EBADMSG with what is wrong in @why (TAPE_WHY_BYTES). */
int tape_head_parse(const uint8_t *in, size_t n, struct tape_head *h, char *why);

/**
 * tape_item_parse() - the item at @in; @item holds the one before, zeros at first.
 *
 * Returns its bytes; 0 if it goes on behind @n; -EBADMSG no item.
 */
int tape_item_parse(const uint8_t *in, size_t n, struct tape_item *item);

struct tape_in;

/** tape_open() - Returns 0, *out and *head; -errno, -EBADMSG, with a line in @why. */
int tape_open(struct tape_in **out, const char *path, struct tape_head *head, char *why);

/**
 * tape_next() - the next item.
 *
 * Returns 1; 0 if the file ends here without TAPE_END (the run was killed); -EBADMSG damaged,
 * or -errno of reading, with a line in @why.
 */
int tape_next(struct tape_in *in, struct tape_item *item, char *why);

void tape_close(struct tape_in *in);

#endif
