/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - from the request target of HTTP to a path that cannot leave its root. */
#ifndef LY_HOST_TARGET_H
#define LY_HOST_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/**
 * target_path() - decode and normalise a request target.
 * @target: origin form, or absolute form with http
 * @path:   receives an absolute path without query, empty or dot segments; a
 *          directory keeps its slash
 * @room:   bytes at @path
 *
 * Returns false when malformed or too long.
 * Source: RFC 9112 3.2, RFC 3986 5.2.4.
 */
bool target_path(const char *target, char *path, size_t room);

#endif
