/* SPDX-License-Identifier: Apache-2.0 */
#include "host/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct watch {
    int fd;
    loop_fd_fn fn;
    void *arg;
    struct watch *next;
};

struct loop {
    int epoll, sigfd, signal;
    sigset_t old_mask;
    struct watch *watches;      /* each holds one epoll registration */
    struct loop_timer *timers;  /* a handful; unordered */
    uint64_t turn;              /* counts every arming */
};

static void on_signal(void *arg, uint32_t events)
{
    struct loop *l = arg;
    struct signalfd_siginfo si;
    (void)events;
    if (read(l->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si) && !l->signal)
        l->signal = (int)si.ssi_signo;
}

/* Those that end the program. Whoever ignores SIGHUP wants us to outlive a terminal. */
static void signals(sigset_t *mask)
{
    struct sigaction hup;
    sigemptyset(mask);
    sigaddset(mask, SIGINT);
    sigaddset(mask, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hup) < 0 || hup.sa_handler != SIG_IGN)
        sigaddset(mask, SIGHUP);
}

int loop_create(struct loop **out)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    sigset_t mask;
    signals(&mask);
    sigprocmask(SIG_BLOCK, &mask, &l->old_mask);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->sigfd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    int rc = l->epoll < 0 || l->sigfd < 0 ? -errno : loop_add(l, l->sigfd, EPOLLIN, on_signal, l);
    if (rc < 0) {
        loop_destroy(l);
        return rc;
    }
    *out = l;
    return 0;
}

void loop_destroy(struct loop *l)
{
    if (!l)
        return;
    while (l->watches)
        loop_del(l, l->watches->fd);
    if (l->sigfd >= 0)
        close(l->sigfd);
    if (l->epoll >= 0)
        close(l->epoll);
    sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
    free(l);
}

static struct watch *find(struct loop *l, int fd)
{
    struct watch *w = l->watches;
    while (w && w->fd != fd)
        w = w->next;
    return w;
}

int loop_add(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg)
{
    struct watch *w = malloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (struct watch){ .fd = fd, .fn = fn, .arg = arg, .next = l->watches };
    struct epoll_event ev = { .events = events, .data.ptr = w };
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
        int err = errno;
        free(w);
        return -err;
    }
    l->watches = w;
    return 0;
}

int loop_mod(struct loop *l, int fd, uint32_t events)
{
    struct watch *w = find(l, fd);
    if (!w)
        return -ENOENT;
    struct epoll_event ev = { .events = events, .data.ptr = w };
    return epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

void loop_del(struct loop *l, int fd)
{
    struct watch **at = &l->watches;
    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    if (!*at)
        return;
    struct watch *w = *at;
    *at = w->next;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
    free(w);
}

int loop_fd(const struct loop *l)
{
    return l->epoll;
}

int loop_drain(struct loop *l, int most)
{
    int served = 0;
    struct epoll_event ev;
    while (served < most && epoll_wait(l->epoll, &ev, 1, 0) == 1) {
        struct watch *w = ev.data.ptr;
        w->fn(w->arg, ev.events);
        served++;
    }
    return served;
}

int loop_signal(const struct loop *l)
{
    return l->signal;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns)
{
    struct loop_timer **at = &l->timers;
    while (*at && *at != t)
        at = &(*at)->next;
    if (*at && at_ns == INT64_MAX)
        *at = t->next;
    t->at_ns = at_ns;
    t->turn = ++l->turn;
    if (!*at && at_ns != INT64_MAX) {
        t->next = l->timers;
        l->timers = t;
    }
}

/* The next one due that was armed no later than @turn, NULL if none. */
static struct loop_timer *due(const struct loop *l, int64_t now_ns, uint64_t turn)
{
    struct loop_timer *first = NULL;
    for (struct loop_timer *t = l->timers; t; t = t->next)
        if (t->at_ns <= now_ns && t->turn <= turn &&
            (!first || t->at_ns < first->at_ns ||
             (t->at_ns == first->at_ns && t->turn < first->turn)))
            first = t;
    return first;
}

int loop_timers_run(struct loop *l, int64_t now_ns)
{
    int ran = 0;
    uint64_t turn = l->turn;
    struct loop_timer *t;
    /* Looked for anew each time: a handler may have changed the list. */
    while ((t = due(l, now_ns, turn)) != NULL) {
        loop_timer_set(l, t, INT64_MAX);
        t->fn(t->arg, now_ns);
        ran++;
    }
    return ran;
}

int64_t loop_timers_next(const struct loop *l)
{
    int64_t next = INT64_MAX;
    for (const struct loop_timer *t = l->timers; t; t = t->next)
        if (t->at_ns < next)
            next = t->at_ns;
    return next;
}
