/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE             /* struct ucred */
#include "host/control.h"

#include "host/compose.h"
#include "host/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum phase { FREE, ASKS, WAITS, READS };

struct client {
    enum phase phase;
    int fd;
    int64_t until_ns;           /* of ASKS and READS; wall time */
    uint64_t turn;              /* of its question: the oldest comes first */
    char line[CONTROL_LINE_BYTES + 1];
    size_t len;
    struct look look;
    char *answer;               /* READS: ours to free */
    size_t answer_len, sent;
};

struct control {
    struct rig *rig;
    int epoll, listener;
    char name[RUNDIR_NAME_BYTES];
    struct client client[CONTROL_CLIENTS];
    unsigned clients;
    uint64_t turn;
    bool stopped;
    bool working;               /* job is under way */
    struct client *asker;       /* who gets its answer; NULL: gave up */
    struct look_job job;
};

/* --- clients ------------------------------------------------------------------------- */

/* A full house looks away from the listener. Edges, armed anew by each call: an accept() that
 * fails for want of descriptors is not tried again until something has changed. */
static void watch_listener(struct control *c)
{
    bool room = c->clients < CONTROL_CLIENTS;
    struct epoll_event ev = { .events = room ? EPOLLIN | EPOLLET : 0 };
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->listener, &ev);
}

static void drop(struct control *c, struct client *x)
{
    close(x->fd);               /* with it goes its place in the epoll set */
    free(x->answer);
    if (c->asker == x)
        c->asker = NULL;
    *x = (struct client){ .phase = FREE, .fd = -1 };
    c->clients--;
    watch_listener(c);
}

/* As much as the socket takes; the rest when it is ready again. */
static void send_answer(struct control *c, struct client *x)
{
    ssize_t n = 1;
    while (x->sent < x->answer_len && n > 0) {
        n = send(x->fd, x->answer + x->sent, x->answer_len - x->sent, MSG_NOSIGNAL);
        if (n > 0)
            x->sent += (size_t)n;
    }
    if (x->sent == x->answer_len || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(c, x);
}

/* Takes @body. */
static void answer(struct control *c, struct client *x, int code, char *body, size_t len,
                   int64_t wall_ns)
{
    char head[40];
    size_t n = (size_t)snprintf(head, sizeof(head), "%d %zu\n", code, len);
    x->answer = body ? malloc(n + len) : NULL;
    if (x->answer) {
        memcpy(x->answer, head, n);
        memcpy(x->answer + n, body, len);
        x->answer_len = n + len;
    }
    free(body);
    x->phase = READS;
    x->until_ns = wall_ns + CONTROL_LIMIT_NS;
    struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = x };
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, x->fd, &ev);
    send_answer(c, x);          /* out of memory: nothing, and the end of the stream */
}

static void refuse(struct control *c, struct client *x, int code, const char *why, int64_t wall_ns)
{
    char *body = strdup(why);
    answer(c, x, code, body, body ? strlen(body) : 0, wall_ns);
}

/* The line is whole. It waits its turn: there is one NIC to be asked. */
static void take_question(struct control *c, struct client *x, int64_t wall_ns)
{
    const char *wrong = strlen(x->line) < x->len ? "a question holds no zeros"
                                                 : look_parse(&x->look, x->line);
    if (wrong) {
        refuse(c, x, EXIT_USAGE, wrong, wall_ns);
        return;
    }
    x->phase = WAITS;
    x->turn = ++c->turn;
    struct epoll_event ev = { .events = 0, .data.ptr = x }; /* its end is told all the same */
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, x->fd, &ev);
}

static void read_question(struct control *c, struct client *x, int64_t wall_ns)
{
    ssize_t n = recv(x->fd, x->line + x->len, CONTROL_LINE_BYTES - x->len, 0);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            drop(c, x);
        return;
    }
    const char *end = memchr(x->line + x->len, '\n', (size_t)n);
    x->len += (size_t)n;
    if (end) {
        x->len = (size_t)(end - x->line);
        x->line[x->len] = '\0';
        take_question(c, x, wall_ns);
    } else if (x->len == CONTROL_LINE_BYTES) {
        refuse(c, x, EXIT_USAGE, "the question is too long", wall_ns);
    }
}

bool control_may(uid_t who, uid_t mine)
{
    return who == mine || who == 0;
}

static void take_client(struct control *c, int64_t wall_ns)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct client *x = c->client;
    while (x->phase != FREE)    /* there is one, or the listener would not be watched */
        x++;
    *x = (struct client){ .phase = ASKS, .fd = fd, .until_ns = wall_ns + CONTROL_LIMIT_NS };
    c->clients++;
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = x };
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
        drop(c, x);
    else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
             !control_may(peer.uid, geteuid()))
        refuse(c, x, EXIT_MISSING, "only the user who runs it may look at it", wall_ns);
    watch_listener(c);
}

/* --- answers ------------------------------------------------------------------------- */

static void say_no_phy(const struct look *l, int rc, char *why, size_t bytes)
{
    if (rc == -ENOLINK)
        snprintf(why, bytes, "the link is fixed and no PHY is asked: start the run with "
                 "--phy NAME");
    else if (l->mdio_words > 0)
        snprintf(why, bytes, "no PHY answers at address %u", l->mdio[0]);
    else
        snprintf(why, bytes, "no PHY answers at any address");
}

static void job_failed(struct control *c, int rc, int64_t wall_ns)
{
    char why[160];
    if (rc == -ENXIO || rc == -ENOLINK)
        say_no_phy(&c->job.look, rc, why, sizeof(why));
    else if (rc == -ENOENT)
        snprintf(why, sizeof(why), "there is no register %s: REGISTERS.md lists them",
                 c->job.look.reg);
    else if (rc == -EPERM)
        snprintf(why, sizeof(why), "to ask the NIC would change a run in virtual time: "
                 "start it with --time wall");
    else if (rc == -ENOTSUP)
        snprintf(why, sizeof(why), "this NIC has no %s",
                 c->job.look.what == LOOK_MDIO ? "MDIO" : "registers");
    else
        snprintf(why, sizeof(why), "the NIC does not answer: %s", strerror(-rc));
    refuse(c, c->asker, rc == -ENOENT ? EXIT_USAGE : rc == -ETIMEDOUT ? EXIT_TIMEOUT : EXIT_FAILED,
           why, wall_ns);
}

static void job_done(struct control *c, int rc, int64_t wall_ns)
{
    char *body = NULL;
    size_t len = 0;
    c->working = false;
    if (!c->asker)
        return;
    if (rc < 0) {
        job_failed(c, rc, wall_ns);
        return;
    }
    FILE *f = open_memstream(&body, &len);
    if (f) {
        look_print(f, &c->job, c->rig);
        fclose(f);
    }
    answer(c, c->asker, EXIT_DONE, body, len, wall_ns);
}

static struct client *next_asker(struct control *c)
{
    struct client *first = NULL;
    for (struct client *x = c->client; x < c->client + CONTROL_CLIENTS; x++)
        if (x->phase == WAITS && (!first || x->turn < first->turn))
            first = x;
    return first;
}

/* One after the other. Returns whether the NIC may have been asked. */
static bool work(struct control *c, int64_t wall_ns)
{
    bool asked = false;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        if (!c->working) {
            c->asker = c->stopped ? NULL : next_asker(c);
            if (!c->asker)
                break;
            c->working = true;
            look_begin(&c->job, &c->asker->look);
        }
        int rc = look_poll(&c->job, c->rig);
        asked = rc == -EAGAIN;
        if (asked)
            break;
        job_done(c, rc, wall_ns);
    }
    return asked;
}

/* --- turns --------------------------------------------------------------------------- */

static void serve(struct control *c, struct client *x, uint32_t events, int64_t wall_ns)
{
    if (x->phase == ASKS && (events & EPOLLIN))
        read_question(c, x, wall_ns);
    else if (x->phase == READS && (events & EPOLLOUT))
        send_answer(c, x);
    else if (events & (EPOLLHUP | EPOLLERR))
        drop(c, x);
}

static void expire(struct control *c, int64_t wall_ns)
{
    for (struct client *x = c->client; x < c->client + CONTROL_CLIENTS; x++)
        if ((x->phase == ASKS || x->phase == READS) && wall_ns >= x->until_ns)
            drop(c, x);
}

/* Events are fetched once a turn, so who comes again at once waits for the next. */
bool control_turn(struct control *c, int64_t wall_ns)
{
    struct epoll_event ev[CONTROL_CLIENTS + 1];
    if (!c)
        return false;
    int n = epoll_wait(c->epoll, ev, CONTROL_CLIENTS + 1, 0);
    for (int i = 0; i < n; i++)
        if (ev[i].data.ptr)
            serve(c, ev[i].data.ptr, ev[i].events, wall_ns);
        else
            take_client(c, wall_ns);
    expire(c, wall_ns);
    return work(c, wall_ns);
}

int control_fd(const struct control *c)
{
    return c ? c->epoll : -1;
}

/* --- life ---------------------------------------------------------------------------- */

int control_open(struct control **out, struct rig *r)
{
    struct control *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->rig = r;
    rundir_name(c->name);
    c->listener = rundir_listen(&r->run, c->name, CONTROL_CLIENTS);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLIN | EPOLLET }; /* no pointer: the listener */
    int rc = c->listener < 0 ? c->listener : c->epoll < 0 ? -errno
             : epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &ev) < 0 ? -errno : 0;
    if (rc < 0)
        control_close(c);
    else
        *out = c;
    return rc;
}

void control_stop(struct control *c)
{
    if (c)
        c->stopped = true;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    rundir_unlisten(&c->rig->run, c->name, c->listener);
    c->listener = -1;           /* drop() looks at it no more */
    for (struct client *x = c->client; x < c->client + CONTROL_CLIENTS; x++) {
        if (x->phase == WAITS)
            refuse(c, x, EXIT_FAILED, "the run has just ended", 0);
        if (x->phase != FREE)
            drop(c, x);
    }
    if (c->epoll >= 0)
        close(c->epoll);
    free(c);
}
