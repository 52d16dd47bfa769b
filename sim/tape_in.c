/* SPDX-License-Identifier: Apache-2.0 */
/* tape_in.c - reads the file of tape.h, a block at a time. */
#include "sim/tape.h"

#include "driver/be.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct tape_in {
    FILE *f;
    uint64_t offset;            /* in the file, of the block that is held */
    uint32_t at, n;
    uint8_t block[TAPE_BLOCK_BYTES];
};

static int damaged(const struct tape_in *in, char *why)
{
    (void)snprintf(why, TAPE_WHY_BYTES, "the recording is damaged in the block at byte %" PRIu64,
                   in->offset);
    return -EBADMSG;
}

/* Returns 1; 0 if the file ends inside @n bytes; -errno with a line. */
static int read_whole(struct tape_in *in, void *out, size_t n, char *why)
{
    errno = 0;
    if (fread(out, 1, n, in->f) == n)
        return 1;
    if (!ferror(in->f))
        return 0;
    int rc = errno ? -errno : -EIO;
    (void)snprintf(why, TAPE_WHY_BYTES, "cannot read the recording: %s", strerror(-rc));
    return rc;
}

/* Returns as tape_next(). A block that is whole must be right; the last may be cut short. */
static int block_read(struct tape_in *in, char *why)
{
    struct { struct le32 bytes, crc; } w;
    in->offset += in->n ? sizeof w + in->n : 0;
    in->at = in->n = 0;
    int rc = read_whole(in, &w, sizeof w, why);
    if (rc <= 0)
        return rc;
    uint32_t bytes = le32_get(w.bytes);
    if (bytes == 0 || bytes > TAPE_BLOCK_BYTES)
        return damaged(in, why);
    rc = read_whole(in, in->block, bytes, why);
    if (rc <= 0)
        return rc;
    if ((uint32_t)crc32(0, in->block, bytes) != le32_get(w.crc))
        return damaged(in, why);
    in->n = bytes;
    return 1;
}

int tape_next(struct tape_in *in, struct tape_item *item, char *why)
{
    if (in->at == in->n) {
        int rc = block_read(in, why);
        if (rc <= 0)
            return rc;
    }
    int used = tape_item_parse(in->block + in->at, in->n - in->at, item);
    if (used <= 0)
        return damaged(in, why);
    in->at += (uint32_t)used;
    return 1;
}

int tape_open(struct tape_in **out, const char *path, struct tape_head *head, char *why)
{
    uint8_t raw[TAPE_HEAD_BYTES];
    int rc = -ENOMEM;
    (void)snprintf(why, TAPE_WHY_BYTES, "out of memory");
    struct tape_in *in = calloc(1, sizeof *in);
    if (!in)
        return rc;
    in->offset = sizeof raw;
    in->f = fopen(path, "rbe");
    if (in->f) {
        errno = 0;
        size_t n = fread(raw, 1, sizeof raw, in->f);    /* of a folder it fails */
        rc = ferror(in->f) ? -errno : tape_head_parse(raw, n, head, why);
    } else {
        rc = -errno;
    }
    if (rc == 0) {
        *out = in;
        return 0;
    }
    if (rc != -EBADMSG)
        (void)snprintf(why, TAPE_WHY_BYTES, "%s", strerror(-rc));
    tape_close(in);
    return rc;
}

void tape_close(struct tape_in *in)
{
    if (!in)
        return;
    if (in->f)
        (void)fclose(in->f);
    free(in);
}
