/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - the steps of a run for a person (or, with --json, one object a line). */
#ifndef LY_HOST_SHOW_H
#define LY_HOST_SHOW_H

#include <stdint.h>
#include <stdio.h>

struct net_event;
struct rig;

/** show_start() - print each step of the stack from here on, times since now. */
void show_start(struct rig *r);

/** show_object() - one HTTP answer. @took_ns: from its request on. */
void show_object(const struct rig *r, const char *url, long status, const char *type,
                 uint64_t bytes, int64_t took_ns);

/** show_string() - a JSON string, quotes included. Bytes that are no UTF-8 become the
 * characters of their number. Source: RFC 8259 7. */
void show_string(FILE *f, const char *text);

/** show_text() - for a terminal: control characters of a stranger's text as \xNN. */
void show_text(FILE *f, const char *text);

/** show_ip4() - dotted address in a buffer of the caller's. Returns @out. */
const char *show_ip4(char out[16], uint32_t addr);

/** show_errno() - a negative errno of the stack in a user's words. */
const char *show_errno(int err);

#endif
