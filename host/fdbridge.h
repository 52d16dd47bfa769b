/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdbridge.h - a stack socket seen as a kernel descriptor, for libraries and
 * programs: bytes, end of stream and errors cross in both directions.
 */
#ifndef LY_HOST_FDBRIDGE_H
#define LY_HOST_FDBRIDGE_H

struct fdbridge;
struct rig;

/**
 * fdbridge_open() - join stream socket @s (connecting or connected) and @fd.
 * @s, @fd: owned by the bridge from here on, whatever the result
 * @fd:     stream descriptor, made non-blocking
 * @closed: called once when both sides are finished; @err is 0 or the negative
 *          errno of the stack's side. The bridge is gone afterwards. Not called
 *          by fdbridge_close().
 *
 * Returns 0 and *out, or -errno.
 */
int fdbridge_open(struct fdbridge **out, struct rig *r, int s, int fd,
                  void (*closed)(void *arg, int err), void *arg);

/** fdbridge_close() - close both sides now. */
void fdbridge_close(struct fdbridge *b);

#endif
