/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rundir.h - the folder of this user's sockets: those that running lanyards are looked at
 * by (control.h), and the paths that libcurl connects to (origin.h).
 *
 * $LANYARD_RUN_DIR, else $XDG_RUNTIME_DIR/lanyard if that session is ours, else
 * /tmp/lanyard-UID. Only its owner may write there, so a name in it is to be trusted.
 * Sockets are reached through /proc/self/fd: however deep the folder lies, their address fits
 * the 107 bytes of AF_UNIX, and the folder that was looked at is the one that is used.
 */
#ifndef LY_HOST_RUNDIR_H
#define LY_HOST_RUNDIR_H

#include <stdbool.h>

#define RUNDIR_PATH_BYTES 1024
#define RUNDIR_NAME_BYTES 32    /* of one socket: PID-RANDOM, or PID-RANDOM.NUMBER */

struct rundir {
    int fd;                     /* -1: not open */
    char path[RUNDIR_PATH_BYTES];
    char why[RUNDIR_PATH_BYTES + 200];  /* what went wrong, one line */
};

/**
 * rundir_open() - @make: to put sockets there; the folder is made if it is missing, and must
 * be ours. Else only to look, which root may do in anybody's.
 *
 * Returns 0; -errno with d->why, -ENOENT there is none, -EPERM it is not private.
 */
int rundir_open(struct rundir *d, bool make);
void rundir_close(struct rundir *d);

/** rundir_name() - a name that no other process has: PID-RANDOM. */
void rundir_name(char name[RUNDIR_NAME_BYTES]);

/** rundir_at() - the path of @name, for connect() of this process; @room: 64 is enough. */
void rundir_at(const struct rundir *d, const char *name, char *path, unsigned room);

/** rundir_listen() - a listening socket of that name, for us alone (0600). Returns a
 * descriptor, -errno with d->why. Ends with rundir_unlisten(). */
int rundir_listen(struct rundir *d, const char *name, int backlog);
void rundir_unlisten(const struct rundir *d, const char *name, int fd);

/**
 * rundir_visit() - remove the sockets that nobody listens at any more (SIGKILL leaves them)
 * and call @fn for each process that can be looked at; NULL: only remove.
 * @fn: gets a connected descriptor, its own from then on, or -EAGAIN: too many ask there
 */
void rundir_visit(const struct rundir *d, void (*fn)(void *arg, long pid, int fd), void *arg);

#endif
