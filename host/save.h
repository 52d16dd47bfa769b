/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - an object of the web as a file below a folder (fetch -o). */
#ifndef LY_HOST_SAVE_H
#define LY_HOST_SAVE_H

#include <stddef.h>

struct save;

/**
 * save_open() - the file for @url below @dir: its path, index.html for a path
 * that ends in '/', the query left out. Folders are made. Dot segments are gone
 * from a parsed URL, so nothing is written outside @dir.
 *
 * Returns 0 and *out, -errno.
 */
int save_open(struct save **out, const char *dir, const char *url);
/** save_name() - what save_open() calls the file for @url, below its folder; the caller frees it.
 * Two URLs may have one name. Returns 0, -ENOMEM, -EINVAL, -ENAMETOOLONG. */
int save_name(char **out, const char *url);
/** save_write() - NULL is allowed and writes nothing. Returns 0 or -errno. */
int save_write(struct save *s, const void *p, size_t n);
/** save_close() - Returns 0, or the first error of all writes as -errno: then the file
 * is removed. NULL is allowed. */
int save_close(struct save *s);
/** save_discard() - close and remove an unfinished file. NULL is allowed. */
void save_discard(struct save *s);

#endif
