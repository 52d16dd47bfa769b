/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - descriptors and timers of the program. One epoll set; one event is
 * taken at a time, so a handler may remove any descriptor, its own included.
 * Timers count the host's time: simulated in virtual time, monotonic otherwise.
 */
#ifndef LY_HOST_LOOP_H
#define LY_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

typedef void (*loop_fd_fn)(void *arg, uint32_t events);     /* EPOLL* bits */

/** Embedded by its user; armed while `at_ns` is not INT64_MAX. */
struct loop_timer {
    int64_t at_ns;
    void (*fn)(void *arg, int64_t now_ns);
    void *arg;
    uint64_t turn;              /* the loop's own: when it was armed */
    struct loop_timer *next;
};

/** loop_create() - Returns 0 and *out, or -errno. SIGINT, SIGTERM and, unless it is
 * ignored (nohup), SIGHUP are taken by the loop from here on. */
int loop_create(struct loop **out);
void loop_destroy(struct loop *l);

/** loop_add() - watch @fd for @events. Returns 0 or -errno. */
int loop_add(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg);
/** loop_mod() - change the events of a watched descriptor. */
int loop_mod(struct loop *l, int fd, uint32_t events);
/** loop_del() - stop watching; before the descriptor is closed. */
void loop_del(struct loop *l, int fd);

/** loop_fd() - the epoll set, to be waited for together with others. */
int loop_fd(const struct loop *l);

/** loop_drain() - serve ready descriptors, at most @most events, without waiting.
 * Returns the number served. */
int loop_drain(struct loop *l, int most);

/** loop_signal() - the signal that arrived, 0 if none. */
int loop_signal(const struct loop *l);

/** loop_timer_set() - arm (or move) to @at_ns; INT64_MAX disarms. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns);
/** loop_timers_run() - run what is due, the earliest first; of equal ones the one armed
 * first. What a handler arms waits for the next call. Returns the number run. */
int loop_timers_run(struct loop *l, int64_t now_ns);
/** loop_timers_next() - the earliest deadline, INT64_MAX if none. */
int64_t loop_timers_next(const struct loop *l);

#endif
