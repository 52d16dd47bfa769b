/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_slirp.c - user-mode NAT by libslirp: no privilege needed. 10.0.2.0/24 with
 * the router at .2 (this machine's loopback), DNS at .3. Its clock, timers and
 * sockets live in wall time.
 */
#include "sim/wire_frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Sockets are only read while the NIC's queue has room for what they may hold. */
#define ROOM_FRAMES 256u

struct slirp_timer {
    struct slirp_timer *next;
    SlirpTimerCb fn;
    void *arg;
    int64_t at_ms;              /* INT64_MAX: not armed */
};

struct wire_slirp {
    struct wire_frames wf;      /* first */
    Slirp *slirp;
    struct slirp_timer *timers;
    struct pollfd *fds;         /* while libslirp fills or reads them */
    int n_fds, max_fds;
    bool filled;                /* pollfds() asked libslirp: ready() must answer */
};

static struct wire_slirp *slirp_of(struct wire *w)
{
    return (struct wire_slirp *)w;
}

static int64_t wall_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* --- what libslirp calls ----------------------------------------------------- */

static ssize_t cb_send_packet(const void *buf, size_t len, void *opaque)
{
    struct wire_slirp *s = opaque;
    int rc = wire_frames_arrived(&s->wf, buf, len);
    return rc < 0 ? rc : (ssize_t)len;
}

/* It could make nothing of a frame that the NIC sent. */
static void cb_guest_error(const char *msg, void *opaque)
{
    struct wire_slirp *s = opaque;
    (void)msg;
    s->wf.w.stats.far_send_errors++;
}

static int64_t cb_clock_get_ns(void *opaque)
{
    (void)opaque;
    return wall_ns();
}

static void *cb_timer_new(SlirpTimerCb fn, void *arg, void *opaque)
{
    struct wire_slirp *s = opaque;
    struct slirp_timer *t = malloc(sizeof *t);
    if (!t) {
        wire_fail(&s->wf.w, "slirp: out of memory");
        return NULL;
    }
    *t = (struct slirp_timer){ .next = s->timers, .fn = fn, .arg = arg, .at_ms = INT64_MAX };
    s->timers = t;
    return t;
}

static void cb_timer_free(void *timer, void *opaque)
{
    struct wire_slirp *s = opaque;
    struct slirp_timer **at = &s->timers;
    while (*at && *at != timer)
        at = &(*at)->next;
    if (*at)
        *at = (*at)->next;
    free(timer);
}

static void cb_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    struct slirp_timer *t = timer;
    (void)opaque;
    if (t)
        t->at_ms = expire_ms;
}

/* Descriptors are asked for anew before each poll(): nothing to keep. */
static void cb_poll_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

/* The loop polls after each slice of the world anyway. */
static void cb_notify(void *opaque)
{
    (void)opaque;
}

static const SlirpCb callbacks = {
    .send_packet = cb_send_packet,
    .guest_error = cb_guest_error,
    .clock_get_ns = cb_clock_get_ns,
    .timer_new = cb_timer_new,
    .timer_free = cb_timer_free,
    .timer_mod = cb_timer_mod,
    .register_poll_fd = cb_poll_fd,
    .unregister_poll_fd = cb_poll_fd,
    .notify = cb_notify,
};

/* --- descriptors and timers --------------------------------------------------- */

static const struct { int slirp; short poll; } events[] = {
    { SLIRP_POLL_IN, POLLIN }, { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
    { SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};
#define EVENTS (sizeof events / sizeof events[0])

/* Returns the index by which libslirp asks later; -1: no room, it is left out. */
static int add_poll(int fd, int wanted, void *opaque)
{
    struct wire_slirp *s = opaque;
    short poll = 0;
    if (s->n_fds == s->max_fds)
        return -1;
    for (size_t i = 0; i < EVENTS; i++)
        if (wanted & events[i].slirp)
            poll = (short)(poll | events[i].poll);
    s->fds[s->n_fds] = (struct pollfd){ .fd = fd, .events = poll };
    return s->n_fds++;
}

static int get_revents(int idx, void *opaque)
{
    const struct wire_slirp *s = opaque;
    int got = 0;
    if (idx < 0 || idx >= s->n_fds)
        return 0;
    for (size_t i = 0; i < EVENTS; i++)
        if (s->fds[idx].revents & events[i].poll)
            got |= events[i].slirp;
    return got;
}

/* Milliseconds to the next timer, 0 if overdue; *timeout_ms is lowered. */
static void timers_next(const struct wire_slirp *s, int *timeout_ms)
{
    int64_t now_ms = wall_ns() / 1000000;
    for (const struct slirp_timer *t = s->timers; t; t = t->next) {
        if (t->at_ms == INT64_MAX)
            continue;
        int64_t left = t->at_ms > now_ms ? t->at_ms - now_ms : 0;
        if (*timeout_ms < 0 || left < *timeout_ms)
            *timeout_ms = (int)left;
    }
}

/* A handler may arm, disarm or free any timer: begin again after each. */
static void timers_run(struct wire_slirp *s)
{
    int64_t now_ms = wall_ns() / 1000000;
    struct slirp_timer *t = s->timers;
    while (t) {
        if (t->at_ms > now_ms) {
            t = t->next;
            continue;
        }
        t->at_ms = INT64_MAX;
        t->fn(t->arg);
        t = s->timers;
    }
}

static int slirp_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms)
{
    struct wire_slirp *s = slirp_of(w);
    timers_next(s, timeout_ms);
    s->filled = frame_feed_room(s->wf.feed) >= ROOM_FRAMES;
    if (!s->filled)
        return 0;
    uint32_t timeout = *timeout_ms < 0 ? UINT32_MAX : (uint32_t)*timeout_ms;
    s->fds = fds;
    s->n_fds = 0;
    s->max_fds = max;
    slirp_pollfds_fill(s->slirp, &timeout, add_poll, s);
    s->fds = NULL;
    if (timeout <= INT32_MAX)
        *timeout_ms = (int)timeout;
    return s->n_fds;
}

static void slirp_ready(struct wire *w, struct pollfd *fds, int n)
{
    struct wire_slirp *s = slirp_of(w);
    timers_run(s);
    if (!s->filled)
        return;
    s->filled = false;
    s->fds = fds;
    s->n_fds = n;
    slirp_pollfds_poll(s->slirp, 0, get_revents, s);
    s->fds = NULL;
    s->n_fds = 0;
}

static void slirp_send(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    slirp_input(((struct wire_slirp *)wf)->slirp, frame, (int)len);
}

static void slirp_wire_close(struct wire *w)
{
    struct wire_slirp *s = slirp_of(w);
    if (s->slirp)
        slirp_cleanup(s->slirp);
    while (s->timers)
        cb_timer_free(s->timers, s);
    wire_frames_fini(&s->wf);
    free(s);
}

static const struct wire_ops ops = {
    .name = "slirp",
    .out = wire_frames_out,
    .in = wire_frames_in,
    .in_next = wire_frames_in_next,
    .pollfds = slirp_pollfds,
    .ready = slirp_ready,
    .close = slirp_wire_close,
};

static struct in_addr addr(uint8_t host)
{
    return (struct in_addr){ .s_addr = htonl(0x0A000200u | host) };
}

int wire_slirp_open(struct wire **out, struct world *w, char *why)
{
    struct wire_slirp *s = calloc(1, sizeof *s);
    if (!s || wire_frames_init(&s->wf, &ops, w, slirp_send) < 0) {
        free(s);
        (void)snprintf(why, WIRE_WHY_BYTES, "slirp: out of memory");
        return -ENOMEM;
    }
    const SlirpConfig cfg = {
        .version = 1,
        .in_enabled = true,
        .vnetwork = addr(0),
        .vnetmask = { .s_addr = htonl(0xFFFFFF00u) },
        .vhost = addr(2),
        .vnameserver = addr(3),
        .vdhcp_start = addr(15),
    };
    s->slirp = slirp_new(&cfg, &callbacks, s);
    if (!s->slirp) {
        slirp_wire_close(&s->wf.w);
        (void)snprintf(why, WIRE_WHY_BYTES, "slirp: libslirp does not start");
        return -EIO;
    }
    *out = &s->wf.w;
    return 0;
}
