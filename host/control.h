/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the control socket of a running lanyard, by which others look at it.
 *
 *     asks     COMMAND [--json] [REGISTER] LF        at most CONTROL_LINE_BYTES, one line
 *     answers  CODE SP BYTES LF, then BYTES bytes, then the end of the stream
 *
 * CODE is an exit code (opts.h); with 0 the bytes are the output, else one line that says why.
 *
 * Whoever asks is never waited for, and costs the run nothing but processor time: its
 * descriptors are not the loop's, so in virtual time they do not hold the clock, and the time
 * limits of those who ask and do not go on are of the wall.
 */
#ifndef LY_HOST_CONTROL_H
#define LY_HOST_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct control;
struct rig;

#define CONTROL_LINE_BYTES 128u
#define CONTROL_CLIENTS 8u          /* served at a time; more wait in connect() */
/* For a question to come whole, and for its answer to be read. */
#define CONTROL_LIMIT_NS INT64_C(5000000000)

/** control_open() - in r->run, which is open. Returns 0 and *out; -errno with r->run.why. */
int control_open(struct control **out, struct rig *r);

/** control_fd() - readable when control_turn() has something to do; -1 for NULL. */
int control_fd(const struct control *c);

/**
 * control_turn() - serve whoever has come, as far as it goes now. NULL is allowed.
 * @wall_ns: monotonic time
 *
 * Returns whether the NIC may have been asked, so that it must be polled.
 */
bool control_turn(struct control *c, int64_t wall_ns);

/** control_stop() - begin no further answer, so that the NIC becomes free: the run ends.
 * NULL is allowed. */
void control_stop(struct control *c);

/** control_close() - those who wait are told; the name goes away. NULL is allowed. */
void control_close(struct control *c);

/** control_may() - whether a user (SO_PEERCRED) may look at a process of @mine. */
bool control_may(uid_t who, uid_t mine);

#endif
