/* SPDX-License-Identifier: Apache-2.0 */
/* tape.c - the file of tape.h: items, head, writer. tape_in.c reads it. */
#include "sim/tape.h"

#include "driver/be.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* From the makefile; only a compiler run by itself has none. */
#ifndef LY_RTL_ID
#define LY_RTL_ID "unknown"
#endif

#define VERSION 3u              /* 1: without MDIO, whose bits were 0; 2: without OP_SPEED */
#define FLAG_SKIP 1u
#define FLAG_CORE_STOPPED 2u
#define FLAG_PHY_MDIO 4u
#define OP_RUN 0x80u
#define OP_JUMP 0x81u
#define OP_SKIP 0x82u
#define OP_END 0x83u
#define OP_SPEED 0x84u
#define LEB_MAX_BYTES 10u
/* The largest items that tape_edge() writes in one go: run, skip, edge. */
#define ROOM_BYTES (2u * (1u + LEB_MAX_BYTES) + 1u + TAPE_GROUPS)

static const uint8_t magic[8] = { 0x89, 'L', 'Y', 'T', 'A', 'P', 'E', '\n' };

struct head_wire {
    uint8_t magic[8];
    struct le16 version, flags;
    struct le32 number;
    struct le32 seed[2], start_ps[2], epoch_s[2];   /* low word first */
    char profile[TAPE_PROFILE_BYTES];
    char rtl[TAPE_RTL_BYTES];
    struct le32 crc;
};
_Static_assert(sizeof(struct head_wire) == TAPE_HEAD_BYTES, "tape.h tells it");

struct block_wire { struct le32 bytes, crc; };

struct tape {
    FILE *f;
    int error;                  /* the first one, -errno */
    struct tape_pins last;
    uint64_t run;               /* edges as the last one, not yet written */
    uint32_t n;                 /* bytes of items in the block so far */
    uint8_t block[TAPE_BLOCK_BYTES];
};

const char *tape_rtl_id(void)
{
    return LY_RTL_ID;
}

/* --- head ----------------------------------------------------------------------------- */

static void put64(struct le32 out[2], uint64_t x)
{
    out[0] = le32_put((uint32_t)x);
    out[1] = le32_put((uint32_t)(x >> 32));
}

static uint64_t get64(const struct le32 in[2])
{
    return le32_get(in[0]) | (uint64_t)le32_get(in[1]) << 32;
}

static uint32_t crc_of(const void *p, size_t n)
{
    return (uint32_t)crc32(0, p, (uInt)n);
}

void tape_head_emit(uint8_t *out, const struct tape_head *h)
{
    struct head_wire w = {
        .version = le16_put(VERSION),
        .flags = le16_put((uint16_t)((h->skip ? FLAG_SKIP : 0) |
                                     (h->core_stopped ? FLAG_CORE_STOPPED : 0) |
                                     (h->phy_mdio ? FLAG_PHY_MDIO : 0))),
        .number = le32_put(h->number),
    };
    memcpy(w.magic, magic, sizeof magic);
    put64(w.seed, h->seed);
    put64(w.start_ps, h->start_ps);
    put64(w.epoch_s, (uint64_t)h->epoch_s);
    memcpy(w.profile, h->profile, sizeof w.profile);
    memcpy(w.rtl, h->rtl, sizeof w.rtl);
    w.crc = le32_put(crc_of(&w, offsetof(struct head_wire, crc)));
    memcpy(out, &w, sizeof w);
}

int tape_head_parse(const uint8_t *in, size_t n, struct tape_head *h, char *why)
{
    struct head_wire w;
    if (n < sizeof w || memcmp(in, magic, sizeof magic) != 0) {
        (void)snprintf(why, TAPE_WHY_BYTES, "no recording: make one with --record FILE");
        return -EBADMSG;
    }
    memcpy(&w, in, sizeof w);
    if (le16_get(w.version) == 0 || le16_get(w.version) > VERSION) {
        (void)snprintf(why, TAPE_WHY_BYTES, "recording of version %u, this program reads 1 to %u",
                       le16_get(w.version), VERSION);
        return -EBADMSG;
    }
    if (le32_get(w.crc) != crc_of(&w, offsetof(struct head_wire, crc))) {
        (void)snprintf(why, TAPE_WHY_BYTES, "recording with a damaged head");
        return -EBADMSG;
    }
    *h = (struct tape_head){
        .seed = get64(w.seed),
        .start_ps = get64(w.start_ps),
        .epoch_s = (int64_t)get64(w.epoch_s),
        .number = le32_get(w.number),
        .skip = (le16_get(w.flags) & FLAG_SKIP) != 0,
        .core_stopped = (le16_get(w.flags) & FLAG_CORE_STOPPED) != 0,
        .phy_mdio = (le16_get(w.flags) & FLAG_PHY_MDIO) != 0,
    };
    memcpy(h->profile, w.profile, sizeof w.profile);
    memcpy(h->rtl, w.rtl, sizeof w.rtl);
    return 0;
}

/* --- pins ------------------------------------------------------------------------------ */

struct tape_pins tape_pins_of(const struct nic_model_in *in, const struct nic_model_out *out,
                              uint8_t fault, const struct tape_pins *last)
{
    struct tape_pins p = *last;
    p.g[TAPE_RXD] = in->rxd;
    p.g[TAPE_S_DATA] = in->s_rec_data;
    p.g[TAPE_FAULT] = (uint8_t)(fault | (in->mdio ? TAPE_MDIO_IN : 0));
    p.g[TAPE_IN] = (uint8_t)((in->rst ? TAPE_RST : 0) | (in->rx_dv ? TAPE_RX_DV : 0) |
                             (in->rx_er ? TAPE_RX_ER : 0) | (in->crs ? TAPE_CRS : 0) |
                             (in->col ? TAPE_COL : 0) | (in->s_rec_valid ? TAPE_S_VALID : 0) |
                             (in->m_rec_ready ? TAPE_M_READY : 0) | (out ? TAPE_LIVE : 0));
    p.g[TAPE_OUT] = 0;
    if (!out)
        return p;
    p.g[TAPE_OUT] = (uint8_t)((out->tx_en ? TAPE_TX_EN : 0) | (out->tx_er ? TAPE_TX_ER : 0) |
                              (out->s_rec_ready ? TAPE_S_READY : 0) |
                              (out->m_rec_valid ? TAPE_M_VALID : 0) |
                              (out->m_rec_valid && out->m_rec_last ? TAPE_M_LAST : 0) |
                              (out->mdc ? TAPE_MDC : 0) |
                              (out->mdio_oe ? TAPE_MDIO_OE : 0) |
                              (out->mdio_oe && out->mdio ? TAPE_MDIO : 0));
    if (out->tx_en)
        p.g[TAPE_TXD] = out->txd;
    if (out->m_rec_valid)
        p.g[TAPE_M_DATA] = out->m_rec_data;
    return p;
}

/* --- writing --------------------------------------------------------------------------- */

static void write_out(struct tape *t, const void *p, size_t n)
{
    errno = 0;
    if (!t->error && fwrite(p, 1, n, t->f) != n)
        t->error = errno ? -errno : -EIO;
}

static void flush(struct tape *t)
{
    errno = 0;
    if (!t->error && fflush(t->f))
        t->error = errno ? -errno : -EIO;
}

static void block_end(struct tape *t)
{
    struct block_wire w = { le32_put(t->n), le32_put(crc_of(t->block, t->n)) };
    if (t->n == 0)
        return;
    write_out(t, &w, sizeof w);
    write_out(t, t->block, t->n);
    t->n = 0;
}

static void op(struct tape *t, uint8_t code, uint64_t n)
{
    t->block[t->n++] = code;
    for (; n > 0x7f; n >>= 7)
        t->block[t->n++] = (uint8_t)(n | 0x80u);
    t->block[t->n++] = (uint8_t)n;
}

/* One same edge is an item of one byte already. */
static void run_end(struct tape *t)
{
    if (t->run == 1)
        t->block[t->n++] = 0;
    else if (t->run)
        op(t, OP_RUN, t->run);
    t->run = 0;
}

/* For what tape_edge() may write in one go, behind the run before it. */
static void make_room(struct tape *t)
{
    if (t->n > TAPE_BLOCK_BYTES - ROOM_BYTES)
        block_end(t);
    run_end(t);
}

void tape_edge(struct tape *t, const struct nic_model_in *in, const struct nic_model_out *out,
               uint8_t fault)
{
    struct tape_pins p = tape_pins_of(in, out, fault, &t->last);
    if (!in->skip_stb && memcmp(&p, &t->last, sizeof p) == 0) {
        t->run++;
        return;
    }
    make_room(t);
    if (in->skip_stb)
        op(t, OP_SKIP, in->skip_cycles);
    uint32_t at = t->n++;
    t->block[at] = 0;
    for (unsigned i = 0; i < TAPE_GROUPS; i++)
        if (p.g[i] != t->last.g[i]) {
            t->block[at] |= (uint8_t)(1u << i);
            t->block[t->n++] = p.g[i];
        }
    t->last = p;
}

void tape_jump(struct tape *t, uint64_t t_ps)
{
    make_room(t);
    op(t, OP_JUMP, t_ps);
    block_end(t);
    flush(t);
}

void tape_speed(struct tape *t, unsigned mbit)
{
    make_room(t);
    op(t, OP_SPEED, mbit);
}

int tape_create(struct tape **out, const char *path, const struct tape_head *head)
{
    uint8_t wire[TAPE_HEAD_BYTES];
    struct tape_head h = *head;
    struct tape *t = calloc(1, sizeof *t);
    if (!t)
        return -ENOMEM;
    (void)snprintf(h.rtl, sizeof h.rtl, "%s", LY_RTL_ID);
    tape_head_emit(wire, &h);
    t->f = fopen(path, "wbe");
    if (!t->f) {
        t->error = -errno;
    } else {
        write_out(t, wire, sizeof wire);
        flush(t);
    }
    if (t->error) {             /* a full disk is told before the run, not after it */
        int rc = t->error;
        if (t->f)
            (void)fclose(t->f);
        free(t);
        return rc;
    }
    *out = t;
    return 0;
}

int tape_finish(struct tape *t)
{
    if (!t)
        return 0;
    make_room(t);
    t->block[t->n++] = OP_END;
    block_end(t);
    flush(t);
    errno = 0;
    if (fclose(t->f) && !t->error)
        t->error = errno ? -errno : -EIO;
    int rc = t->error;
    free(t);
    return rc;
}

/* --- items ----------------------------------------------------------------------------- */

/* Returns the bytes of the number at @in; 0 if it goes on behind @n; -EBADMSG above 64 bits. */
static int leb_parse(const uint8_t *in, size_t n, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < n && i < LEB_MAX_BYTES; i++) {
        uint64_t seven = in[i] & 0x7fu;
        if (i == LEB_MAX_BYTES - 1 && in[i] > 1)
            return -EBADMSG;
        *out |= seven << 7 * i;
        if (!(in[i] & 0x80u))
            return (int)i + 1;
    }
    return 0;
}

static int edge_parse(const uint8_t *in, size_t n, struct tape_item *item)
{
    size_t at = 1;
    struct tape_pins p = item->pins;
    for (unsigned i = 0; i < TAPE_GROUPS; i++)
        if (in[0] >> i & 1) {
            if (at == n)
                return 0;
            p.g[i] = in[at++];
        }
    *item = (struct tape_item){ .kind = TAPE_EDGES, .n = 1, .pins = p };
    return (int)at;
}

int tape_item_parse(const uint8_t *in, size_t n, struct tape_item *item)
{
    static const enum tape_kind kinds[] = {
        [OP_RUN - OP_RUN] = TAPE_EDGES, [OP_JUMP - OP_RUN] = TAPE_JUMP,
        [OP_SKIP - OP_RUN] = TAPE_SKIP, [OP_SPEED - OP_RUN] = TAPE_SPEED,
    };
    if (n == 0)
        return 0;
    if (in[0] < OP_RUN)
        return edge_parse(in, n, item);
    if (in[0] > OP_SPEED)
        return -EBADMSG;
    if (in[0] == OP_END) {
        item->kind = TAPE_END;
        return 1;
    }
    uint64_t value;
    int used = leb_parse(in + 1, n - 1, &value);
    if (used <= 0)
        return used;
    if (in[0] == OP_SPEED && value != 10 && value != 100 && value != 1000)
        return -EBADMSG;
    item->kind = kinds[in[0] - OP_RUN];
    item->n = value;
    return used + 1;
}
