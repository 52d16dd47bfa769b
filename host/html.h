/* SPDX-License-Identifier: Apache-2.0 */
/* html.h - the objects that an HTML page names, found by libxml2. */
#ifndef LY_HOST_HTML_H
#define LY_HOST_HTML_H

#include <stddef.h>

/**
 * html_objects() - call @found for each img, script and stylesheet reference, in
 * the page's order, as it is written there (not resolved).
 * @base_href: receives the page's <base href>, "" if none; @room bytes
 *
 * Returns the number found, -EINVAL if nothing could be parsed, -ENOMEM: some may be missing.
 */
int html_objects(const char *page, size_t len, char *base_href, size_t room,
                 void (*found)(void *arg, const char *ref), void *arg);

#endif
