/* SPDX-License-Identifier: Apache-2.0 */
/* memfile.h - a file in memory, for parsers that open a path. Include it first. */
#ifndef LY_TESTS_FUZZ_MEMFILE_H
#define LY_TESTS_FUZZ_MEMFILE_H

#define _GNU_SOURCE             /* memfd_create() */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMFILE_PATH_BYTES 32

/** memfile() - Returns a descriptor, to be closed, whose file has these bytes; its name in
 * @path (MEMFILE_PATH_BYTES). */
static inline int memfile(const uint8_t *data, size_t size, char *path)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, MEMFILE_PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
