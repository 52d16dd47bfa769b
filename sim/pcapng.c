/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng.c - blocks and options as draft-ietf-opsawg-pcapng numbers them: SHB 4.1,
 * IDB 4.2, EPB 4.3, options 3.5. A block is built in memory and written at once, so
 * that a file cut short by a full disk ends between two blocks or inside the last.
 */
#include "sim/pcapng.h"

#include "driver/be.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_SHB 0x0A0D0D0Au
#define BLOCK_IDB 1u
#define BLOCK_EPB 6u
#define BYTE_ORDER_MAGIC 0x1A2B3C4Du
#define LINKTYPE_ETHERNET 1u
#define OPT_END 0u
#define OPT_COMMENT 1u
#define SHB_USERAPPL 4u
#define IF_NAME 2u
#define IF_TSRESOL 9u
#define IF_FCSLEN 13u
#define IF_TSOFFSET 14u
#define EPB_FLAGS 2u
#define FCS_BYTES 4u
#define FLAGS_FCS_SHIFT 5   /* epb_flags bits 5 to 8: FCS length in octets */

/* The largest block: a frame beyond every legal length is cut, a comment too. */
#define DATA_MAX 16384u
#define COMMENT_MAX 256u
#define BLOCK_MAX (DATA_MAX + COMMENT_MAX + 128u)
#define FILE_BUFFER_BYTES 65536u

struct pcapng {
    FILE *f;
    int error;              /* the first one, -errno */
    uint64_t frames;
    uint32_t n;             /* bytes of the block so far */
    uint8_t block[BLOCK_MAX];
};

static void put(struct pcapng *p, const void *data, uint32_t len)
{
    memcpy(p->block + p->n, data, len);
    p->n += len;
}

static void put32(struct pcapng *p, uint32_t x)
{
    struct le32 v = le32_put(x);
    put(p, &v, sizeof v);
}

static void put16(struct pcapng *p, uint32_t x)
{
    struct le16 v = le16_put((uint16_t)x);
    put(p, &v, sizeof v);
}

static void pad4(struct pcapng *p)
{
    while (p->n & 3u)
        p->block[p->n++] = 0;
}

static void option(struct pcapng *p, uint32_t code, const void *value, uint32_t len)
{
    put16(p, code);
    put16(p, len);
    put(p, value, len);
    pad4(p);
}

static void remember(struct pcapng *p)
{
    if (!p->error)
        p->error = errno ? -errno : -EIO;
}

static void block_begin(struct pcapng *p, uint32_t type)
{
    p->n = 0;
    put32(p, type);
    put32(p, 0);            /* the length, known at the end */
}

/* After an error nothing more is written: what follows would have no place. */
static void block_end(struct pcapng *p)
{
    put32(p, OPT_END);
    struct le32 total = le32_put(p->n + 4);
    memcpy(p->block + 4, &total, sizeof total);
    put(p, &total, sizeof total);
    errno = 0;
    if (!p->error && fwrite(p->block, p->n, 1, p->f) != 1)
        remember(p);
}

static void section(struct pcapng *p)
{
    static const char appl[] = "lanyard";
    block_begin(p, BLOCK_SHB);
    put32(p, BYTE_ORDER_MAGIC);
    put16(p, 1);            /* version 1.0 */
    put16(p, 0);
    put32(p, UINT32_MAX);   /* section length: not given */
    put32(p, UINT32_MAX);
    option(p, SHB_USERAPPL, appl, sizeof appl - 1);
    block_end(p);
}

static void interface(struct pcapng *p, int64_t offset_s)
{
    static const char name[] = "phy";
    const uint8_t nanoseconds = 9, fcs = FCS_BYTES;
    struct le32 offset[2] = { le32_put((uint32_t)offset_s),
                              le32_put((uint32_t)((uint64_t)offset_s >> 32)) };
    block_begin(p, BLOCK_IDB);
    put16(p, LINKTYPE_ETHERNET);
    put16(p, 0);
    put32(p, 0);            /* no limit of the length */
    option(p, IF_NAME, name, sizeof name - 1);
    option(p, IF_TSRESOL, &nanoseconds, 1);
    option(p, IF_FCSLEN, &fcs, 1);
    if (offset_s)
        option(p, IF_TSOFFSET, offset, sizeof offset);
    block_end(p);
}

int pcapng_open_at(struct pcapng **out, const char *path, int64_t epoch_s)
{
    struct pcapng *p = malloc(sizeof *p);
    if (!p)
        return -ENOMEM;
    p->error = 0;
    p->frames = 0;
    p->f = fopen(path, "wbe");
    if (!p->f) {
        int error = -errno;
        free(p);
        return error;
    }
    /* A larger buffer is a wish: without it stdio's own serves. */
    (void)setvbuf(p->f, NULL, _IOFBF, FILE_BUFFER_BYTES);
    section(p);
    interface(p, epoch_s);
    *out = p;
    return 0;
}

int pcapng_open(struct pcapng **out, const char *path, bool wall)
{
    return pcapng_open_at(out, path, wall ? (int64_t)time(NULL) : 0);
}

void pcapng_frame(struct pcapng *p, uint64_t t_ns, const uint8_t *data, size_t stored,
                  size_t len, uint32_t flags, const char *comment)
{
    uint32_t captured = stored < DATA_MAX ? (uint32_t)stored : DATA_MAX;
    struct le32 f = le32_put(flags | FCS_BYTES << FLAGS_FCS_SHIFT);

    block_begin(p, BLOCK_EPB);
    put32(p, 0);            /* interface */
    put32(p, (uint32_t)(t_ns >> 32));
    put32(p, (uint32_t)t_ns);
    put32(p, captured);
    put32(p, (uint32_t)len);
    put(p, data, captured);
    pad4(p);
    option(p, EPB_FLAGS, &f, sizeof f);
    if (comment) {
        size_t n = strlen(comment);
        option(p, OPT_COMMENT, comment, n < COMMENT_MAX ? (uint32_t)n : COMMENT_MAX);
    }
    block_end(p);
    p->frames++;
}

uint64_t pcapng_frames(const struct pcapng *p)
{
    return p->frames;
}

int pcapng_flush(struct pcapng *p)
{
    errno = 0;
    if (fflush(p->f))
        remember(p);
    return p->error;
}

int pcapng_close(struct pcapng *p)
{
    if (!p)
        return 0;
    errno = 0;
    /* fflush() first: its errno says why, fclose() may fail for the same reason. */
    if (fflush(p->f))
        remember(p);
    errno = 0;
    if (fclose(p->f))
        remember(p);
    int error = p->error;
    free(p);
    return error;
}
