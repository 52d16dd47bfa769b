/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE             /* struct ucred */
#include "host/origin.h"

#include "host/compose.h"
#include "host/fdbridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNS_MAX 16

struct origin {
    struct rig *rig;
    char name[RUNDIR_NAME_BYTES], path[64];     /* in rig->run, and for libcurl */
    int listener;
    uint32_t addr;
    uint16_t port;
    char *host;                 /* as long as it is looked up */
    int query;                  /* of the resolver; -1: done, or not yet taken */
    struct rig_hook hook;       /* looks for the answer */
    struct conn { struct origin *o; struct fdbridge *b; unsigned number; } conn[CONNS_MAX];
    unsigned connections;
    int error;
    void (*ready)(void *arg, int err);
    void *arg;
};

static void on_closed(void *arg, int err)
{
    struct conn *c = arg;
    c->b = NULL;
    if (err && c->number == c->o->connections) /* an older one is of no interest any more */
        c->o->error = err;
}

/* libcurl has connected to the path: connect to the real server. */
static void connect_through(struct origin *o, int fd)
{
    struct conn *c = o->conn;
    o->error = 0;
    while (c < o->conn + CONNS_MAX && c->b)
        c++;
    int s = net_socket(o->rig->me.net, NET_STREAM);
    int rc = s < 0 ? s : c == o->conn + CONNS_MAX ? -EMFILE : 0;
    if (rc == 0)
        rc = net_connect(o->rig->me.net, s, o->addr, o->port);
    if (rc < 0 && rc != -EINPROGRESS) {
        o->error = rc;
        rig_close_sock(o->rig, s);
        close(fd);
        return;
    }
    c->o = o;
    c->number = ++o->connections;
    rc = fdbridge_open(&c->b, o->rig, s, fd, on_closed, c);
    if (rc < 0)
        o->error = rc;
}

static void listener_close(struct origin *o)
{
    if (o->listener < 0)
        return;
    loop_del(o->rig->loop, o->listener);
    rundir_unlisten(&o->rig->run, o->name, o->listener);
    o->listener = -1;
}

/* Another lanyard tries whether anybody listens here (rundir_visit()); libcurl is in this
 * process. */
static bool is_libcurl(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == getpid();
}

static void on_listener(void *arg, uint32_t events)
{
    struct origin *o = arg;
    (void)events;
    int fd = accept(o->listener, NULL, NULL);
    if (fd >= 0 && !is_libcurl(fd)) {
        close(fd);
    } else if (fd >= 0) {
        connect_through(o, fd);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        /* No descriptors left: whoever waits in the queue must not wait for ever. */
        o->error = -errno;
        listener_close(o);
    }
}

static void tell(struct origin *o, int err)
{
    void (*ready)(void *, int) = o->ready;
    o->ready = NULL;
    if (ready)
        ready(o->arg, err);
}

/* The first address of the answer; CNAMEs before it were followed by the server. */
static int first_address(const struct net_dns_answer *a, uint32_t *addr)
{
    for (unsigned i = 0; a->err == 0 && i < a->count; i++)
        if (a->rr[i].type == NET_DNS_A) {
            *addr = a->rr[i].a;
            return 0;
        }
    return a->err ? a->err : -ENODATA;
}

/* The resolver takes a few questions at once: the next one waits for an answer to another.
 * Returns 0, -EAGAIN, or why there will be no answer. */
static int ask(struct origin *o)
{
    if (o->query < 0)
        o->query = net_dns_query(o->rig->me.net, o->host, NET_DNS_A);
    return o->query >= 0 ? 0 : o->query == -EMFILE ? -EAGAIN : o->query;
}

static bool on_turn(void *arg)
{
    struct origin *o = arg;
    struct net_dns_answer a;
    int rc = ask(o);
    if (rc == 0)
        rc = net_dns_result(o->rig->me.net, o->query, &a);
    if (rc == -EAGAIN)
        return false;
    rig_hook_del(o->rig, &o->hook);
    o->query = -1;
    tell(o, rc < 0 ? rc : first_address(&a, &o->addr));
    return true;
}

static int look_up(struct origin *o, const char *host)
{
    o->query = -1;
    if (opts_ip4(host, &o->addr)) {
        tell(o, 0);
        return 0;
    }
    o->host = strdup(host);
    int rc = o->host ? ask(o) : -ENOMEM;
    if (rc < 0 && rc != -EAGAIN)
        return rc;
    rig_hook_add(o->rig, &o->hook, on_turn, o);
    return 0;
}

static int listen_at(struct origin *o)
{
    char stem[RUNDIR_NAME_BYTES];
    rundir_name(stem);
    snprintf(o->name, sizeof(o->name), "%.24s.%x", stem, o->rig->local_names++);
    rundir_at(&o->rig->run, o->name, o->path, sizeof(o->path));
    o->listener = rundir_listen(&o->rig->run, o->name, CONNS_MAX);
    if (o->listener < 0) {
        say("%s", o->rig->run.why);
        return o->listener;
    }
    return loop_add(o->rig->loop, o->listener, EPOLLIN, on_listener, o);
}

int origin_open(struct origin **out, struct rig *r, const char *host, uint16_t port,
                void (*ready)(void *arg, int err), void *arg)
{
    struct origin *o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    *o = (struct origin){ .rig = r, .listener = -1, .query = -1, .port = port, .ready = ready,
                          .arg = arg };
    int rc = listen_at(o);
    *out = o;
    if (rc == 0)
        rc = look_up(o, host);
    if (rc < 0) {
        *out = NULL;
        origin_close(o);
    }
    return rc;
}

const char *origin_path(const struct origin *o)
{
    return o->path;
}

int origin_error(const struct origin *o)
{
    return o->error;
}

void origin_close(struct origin *o)
{
    if (!o)
        return;
    rig_hook_del(o->rig, &o->hook);
    if (o->query >= 0)
        net_dns_cancel(o->rig->me.net, o->query);
    for (int i = 0; i < CONNS_MAX; i++)
        fdbridge_close(o->conn[i].b);
    listener_close(o);
    free(o->host);
    free(o);
}
