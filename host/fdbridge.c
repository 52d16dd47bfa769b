/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fdbridge.h"

#include "host/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES 16384u

/* One direction: what was read and not yet written. */
struct pipe {
    uint8_t buf[PIPE_BYTES];
    size_t at, len;
    bool eof;       /* the source has ended */
    bool ended;     /* and the sink was told */
};

struct fdbridge {
    struct rig *rig;
    int s, fd;
    struct pipe up;     /* fd -> stack */
    struct pipe down;   /* stack -> fd */
    uint32_t watching;  /* EPOLL* bits on fd now */
    bool hup;           /* the local end is closed for both directions */
    size_t moved;       /* bytes and ends, to see whether a round did anything */
    void (*closed)(void *arg, int err);
    void *arg;
};

void fdbridge_close(struct fdbridge *b)
{
    if (!b)
        return;
    rig_close_sock(b->rig, b->s);
    loop_del(b->rig->loop, b->fd);
    close(b->fd);
    free(b);
}

static void finish(struct fdbridge *b, int err)
{
    void (*closed)(void *, int) = b->closed;
    void *arg = b->arg;
    fdbridge_close(b);
    if (closed)
        closed(arg, err);
}

static bool would_block(ssize_t n)
{
    return n == -EAGAIN || n == -EINTR;
}

/* Fill an empty pipe from its source. Returns 0, or the stack's error. */
static int fill_up(struct fdbridge *b)
{
    ssize_t n = read(b->fd, b->up.buf, PIPE_BYTES);
    if (n < 0 && would_block(-errno))
        return 0;
    b->up.eof = n <= 0; /* a reset local end has nothing more to say either */
    b->up.at = 0;
    b->up.len = n > 0 ? (size_t)n : 0;
    b->moved++;
    return 0;
}

static int fill_down(struct fdbridge *b)
{
    ssize_t n = net_recv(b->rig->me.net, b->s, b->down.buf, PIPE_BYTES);
    if (would_block(n) || n == -ENOTCONN)
        return 0;
    if (n < 0)
        return (int)n;
    b->down.eof = n == 0;
    b->down.at = 0;
    b->down.len = (size_t)n;
    b->moved++;
    return 0;
}

static int empty_up(struct fdbridge *b)
{
    struct pipe *p = &b->up;
    while (p->len) {
        ssize_t n = net_send(b->rig->me.net, b->s, p->buf + p->at, p->len);
        if (would_block(n) || n == -ENOTCONN)
            return 0;
        if (n < 0)
            return (int)n;
        p->at += (size_t)n;
        p->len -= (size_t)n;
        b->moved++;
    }
    if (p->eof && !p->ended) {
        p->ended = true;
        net_shutdown(b->rig->me.net, b->s, NET_SHUT_WR);
    }
    return 0;
}

static void empty_down(struct fdbridge *b)
{
    struct pipe *p = &b->down;
    while (p->len) {
        ssize_t n = b->hup ? (ssize_t)p->len
                           : send(b->fd, p->buf + p->at, p->len, MSG_NOSIGNAL);
        if (n < 0 && would_block(-errno))
            return;
        if (n < 0) /* the reader went away: what comes is of no use to anyone */
            n = (ssize_t)p->len;
        p->at += (size_t)n;
        p->len -= (size_t)n;
        b->moved++;
    }
    if (p->eof && !p->ended) {
        p->ended = true;
        shutdown(b->fd, SHUT_WR);
    }
}

/* Watch the descriptor only for what can be used now. */
static void rewatch(struct fdbridge *b)
{
    uint32_t want = (!b->up.len && !b->up.eof ? EPOLLIN : 0u) | (b->down.len ? EPOLLOUT : 0u);
    if (want != b->watching && loop_mod(b->rig->loop, b->fd, want) == 0)
        b->watching = want;
}

/* Move until nothing moves. The bridge may be gone afterwards. */
static void pump(struct fdbridge *b)
{
    do {
        int rc = 0;
        b->moved = 0;
        if (!b->up.len && !b->up.eof)
            rc = fill_up(b);
        if (rc == 0)
            rc = empty_up(b);
        if (rc == 0 && !b->down.len && !b->down.eof)
            rc = fill_down(b);
        if (rc < 0) {
            finish(b, rc);
            return;
        }
        empty_down(b);
    } while (b->moved);
    if (b->up.ended && (b->down.ended || b->hup)) {
        finish(b, 0);
        return;
    }
    if (!b->hup)
        rewatch(b);
}

static void on_fd(void *arg, uint32_t events)
{
    struct fdbridge *b = arg;
    if (events & (EPOLLHUP | EPOLLERR)) {
        /* epoll would report this for ever; what is left to read needs no event. */
        b->hup = true;
        loop_del(b->rig->loop, b->fd);
    }
    pump(b);
}

static void on_sock(void *arg, int s, unsigned ready)
{
    (void)s;
    struct fdbridge *b = arg;
    if (ready & NET_ERR) {
        int err = 0;
        net_getopt(b->rig->me.net, b->s, NET_SO_ERROR, &err);
        if (err) {
            finish(b, -err);
            return;
        }
    }
    pump(b);
}

int fdbridge_open(struct fdbridge **out, struct rig *r, int s, int fd,
                  void (*closed)(void *arg, int err), void *arg)
{
    struct fdbridge *b = calloc(1, sizeof(*b));
    int rc = -ENOMEM;
    if (b) {
        /* Watched for room at first, which there is: so the first turn pumps, and what
         * the socket had before it came here is not waited for. */
        *b = (struct fdbridge){ .rig = r, .s = s, .fd = fd, .watching = EPOLLIN | EPOLLOUT,
                                .closed = closed, .arg = arg };
        int flags = fcntl(fd, F_GETFL);
        rc = flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
        if (rc == 0)
            rc = loop_add(r->loop, fd, b->watching, on_fd, b);
    }
    if (rc < 0) {
        rig_close_sock(r, s);
        close(fd);
        free(b);
        return rc;
    }
    rig_watch(r, s, on_sock, b);
    *out = b;
    return 0;
}
