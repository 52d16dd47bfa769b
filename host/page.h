/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - the page of the `peer` host: one HTML file and three PNG images of
 * about 3, 20 and 110 KB, the same bytes every time; and an image of a little more
 * than 1 MiB that the page does not name.
 */
#ifndef LY_HOST_PAGE_H
#define LY_HOST_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_FILES 6

struct page {
    struct { const char *path; uint8_t *data; size_t len; } file[PAGE_FILES];
};

/** page_make() - Returns 0, -ENOMEM (then nothing is held). */
int page_make(struct page *p);
void page_free(struct page *p);

#endif
