/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin.h - a web origin (scheme, host, port) as an AF_UNIX path: libcurl
 * connects there, each connection becomes one of our stack's. Name, address and
 * connect errors are ours, so they are told here and not by libcurl.
 */
#ifndef LY_HOST_ORIGIN_H
#define LY_HOST_ORIGIN_H

#include <stdint.h>

struct rig;
struct origin;

/**
 * origin_open() - begin: look the name up (or take it as an address) and listen at a path in
 * r->run (rundir.h).
 * @ready: called once, with 0 or the negative errno of the look-up, when
 *         connections can be made; may be called before origin_open() returns
 *
 * Returns 0 and *out, -errno.
 */
int origin_open(struct origin **out, struct rig *r, const char *host, uint16_t port,
                void (*ready)(void *arg, int err), void *arg);

/** origin_path() - for CURLOPT_UNIX_SOCKET_PATH. */
const char *origin_path(const struct origin *o);

/** origin_error() - what became of the newest connection: 0, or its negative errno. */
int origin_error(const struct origin *o);

void origin_close(struct origin *o);

#endif
