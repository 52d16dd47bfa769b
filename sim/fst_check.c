/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fst_check.c - an FST file is a chain of blocks: a type, and a length in 8 octets, most
 * significant first, which counts from itself on. Source: GTKWave, fstapi.h.
 */
#include "sim/fst_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define LENGTH_BYTES 8u
/* The three forms of the hierarchy, which is written last. */
#define BLOCK_HIER 4
#define BLOCK_HIER_LZ4 6
#define BLOCK_HIER_LZ4DUO 7

static bool is_hierarchy(int type)
{
    return type == BLOCK_HIER || type == BLOCK_HIER_LZ4 || type == BLOCK_HIER_LZ4DUO;
}

/* Returns whether the chain from the beginning ends at @size, with the block that it must. */
static bool chain(FILE *f, off_t size)
{
    off_t at = 0;
    int type = -1;
    while (at < size) {
        uint8_t b[LENGTH_BYTES];
        uint64_t len = 0;
        if (fseeko(f, at, SEEK_SET) != 0 || (type = getc(f)) == EOF ||
            fread(b, sizeof b, 1, f) != 1)
            return false;
        for (unsigned i = 0; i < sizeof b; i++)
            len = len << 8 | b[i];
        if (len > (uint64_t)(size - at) - 1)
            return false;
        at += 1 + (off_t)len;
    }
    return is_hierarchy(type);
}

int fst_check(const char *path)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return -errno;
    bool good = fseeko(f, 0, SEEK_END) == 0 && chain(f, ftello(f));
    (void)fclose(f);
    return good ? 0 : -EIO;
}
