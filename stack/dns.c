/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.c - stub resolver over UDP: RFC 1035 7, RFC 5452 (random id and port), RFC
 * 1123 6.1.3. Rounds of 1, 2, 3 and 4 s; the servers share each round, so that all of
 * them are asked four times and a question never takes more than 10 s. A server that
 * refuses, fails or is unreachable is left out; when none is left, the question
 * ends at once with the last reason.
 */
#include "stack/dns.h"

#include "stack/net_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DNS_ROUNDS 4u
#define DNS_ROOM_NS (10 * NET_NS_PER_MS)    /* look again when the NIC had no room */

enum query_state { QUERY_FREE, QUERY_ASKING, QUERY_DONE };

struct dns_query {
    enum query_state state;
    struct dns_question q;
    struct dgram ep;            /* bound to a random port, connected to the server asked */
    unsigned n_servers;
    struct dns_server server[DNS_SERVERS];  /* as they were when the question came */
    int bad[DNS_SERVERS];       /* negative errno: left out */
    unsigned step;              /* of DNS_ROUNDS * n_servers */
    int at;                     /* server that ep is connected to, -1 none */
    bool sent;                  /* this step's question is out */
    int64_t started_ns, step_end_ns, due_ns;
    char name[256];             /* for events */
    struct net_dns_answer ans;
};

int dns_init(struct net *n)
{
    n->dns.query = calloc(DNS_QUERIES, sizeof(*n->dns.query));
    return n->dns.query ? 0 : -ENOMEM;
}

/* Late answers then find a closed port: they are counted and refused. */
static void close_endpoint(struct net *n, struct dns_query *q)
{
    dgram_fini(n, &q->ep);
    q->at = -1;
}

void dns_fini(struct net *n)
{
    for (unsigned i = 0; n->dns.query && i < DNS_QUERIES; i++)
        close_endpoint(n, &n->dns.query[i]);
    free(n->dns.query);
    n->dns.query = NULL;
}

int net_set_dns(struct net *n, unsigned i, uint32_t addr, uint16_t port)
{
    if (i >= DNS_SERVERS)
        return -EINVAL;
    n->dns.server[i] = (struct dns_server){ addr, port ? port : (uint16_t)DNS_PORT };
    return 0;
}

/* --- asking --------------------------------------------------------------- */

/* The end of a question; the answer waits for net_dns_result(). */
static void finish(struct net *n, struct dns_query *q, int err)
{
    close_endpoint(n, q);
    q->state = QUERY_DONE;
    q->due_ns = NET_NEVER;
    q->ans.err = err;
    if (err == -EPROTO)
        q->ans.count = 0;       /* what stood before the fault is not to be trusted */
    q->ans.took_ns = n->now_ns - q->started_ns;
    net_emit(n, (struct net_event){ .kind = NET_EV_DNS_ANSWER, .name = q->name, .err = err });
}

/* An endpoint for server @s: another port and another id than for the last one. */
static int open_endpoint(struct net *n, struct dns_query *q, unsigned s)
{
    if (q->at == (int)s)
        return 0;               /* asked again: a late answer is still good */
    close_endpoint(n, q);
    dgram_init(&q->ep, NET_DGRAM, NULL);
    int err = dgram_connect(n, &q->ep, q->server[s].addr, q->server[s].port);
    if (err)
        return err;
    q->at = (int)s;
    q->q.id = rng_u16(&n->rng[RNG_DNS_ID]);
    return 0;
}

/* Returns 0, -EAGAIN: no room now; else the server cannot be asked. */
static int send(struct net *n, struct dns_query *q, unsigned s)
{
    uint8_t msg[DNS_QUERY_MAX_BYTES];
    int err = open_endpoint(n, q, s);
    if (err)
        return err;
    uint32_t len = dns_emit_query(msg, q->q.id, &q->q.name, q->q.type);
    ssize_t r = dgram_sendto(n, &q->ep, msg, len, 0, 0);
    if (r < 0)
        return (int)r;
    q->ans.rcode = 0;           /* of an earlier server */
    q->ans.count = 0;
    q->ans.server = q->server[s].addr;
    q->ans.server_port = q->server[s].port;
    net_emit(n, (struct net_event){ .kind = NET_EV_DNS_ASK, .name = q->name,
                                    .addr = q->server[s].addr, .port = q->server[s].port });
    return 0;
}

/* Steps go round the servers, those left out passed over. Returns the server of the
 * present step; -ETIMEDOUT: no step is left; else why no server is left. */
static int server_of_step(struct dns_query *q)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < q->n_servers; i++)
        bad += q->bad[i] != 0;
    if (bad == q->n_servers)
        return q->bad[q->step % q->n_servers];
    while (q->step < DNS_ROUNDS * q->n_servers && q->bad[q->step % q->n_servers])
        q->step++;
    if (q->step >= DNS_ROUNDS * q->n_servers)
        return -ETIMEDOUT;
    return (int)(q->step % q->n_servers);
}

/* The longer nothing comes, the longer it is waited for: RFC 1035 4.2.1. */
static int64_t round_ns(const struct dns_query *q)
{
    return (int64_t)(q->step / q->n_servers + 1) * NET_NS_PER_S;
}

/* Ask, or ask the next one, until something is out, must wait, or all is lost. */
static void ask(struct net *n, struct dns_query *q, int64_t now_ns)
{
    for (;;) {
        int s = server_of_step(q);
        if (s < 0) {
            finish(n, q, s);
            return;
        }
        if (!q->step_end_ns)
            q->step_end_ns = now_ns + round_ns(q) / q->n_servers;
        int err = send(n, q, (unsigned)s);
        q->sent = err == 0;
        if (!err || err == -EAGAIN) {
            int64_t again = now_ns + DNS_ROOM_NS;
            q->due_ns = err && again < q->step_end_ns ? again : q->step_end_ns;
            return;
        }
        q->bad[s] = err;
        q->step_end_ns = 0;
    }
}

/* The server of the present step is of no use: on with the next. */
static void leave_out(struct net *n, struct dns_query *q, int err, int64_t now_ns)
{
    q->bad[q->at] = err;
    q->step_end_ns = 0;
    ask(n, q, now_ns);
}

/* The present step's time is up. Its server stays: it may be slow, or the packet lost. */
static void step_over(struct net *n, struct dns_query *q, int64_t now_ns)
{
    q->step++;
    q->step_end_ns = 0;
    ask(n, q, now_ns);
}

/* --- answers -------------------------------------------------------------- */

/* One received datagram; only the server asked can have sent it (dgram_connect). */
static void take_answer(struct net *n, struct dns_query *q, struct pkt *p, int64_t now_ns)
{
    int err = dns_read_answer(&q->q, pkt_data(p), p->len, &q->ans);
    pkt_release(p);
    if (err == DNS_NOT_OURS)
        n->c.dns_ignored++;
    else if (err == -EPROTO)
        leave_out(n, q, err, now_ns);
    else
        finish(n, q, err);
}

/* Answers first, then errors, then time: an answer that came with the deadline counts. */
static void poll_query(struct net *n, struct dns_query *q, int64_t now_ns)
{
    struct pkt *p;
    while (q->state == QUERY_ASKING && (p = dgram_take(&q->ep)) != NULL)
        take_answer(n, q, p, now_ns);
    if (q->state == QUERY_ASKING && q->ep.err)
        leave_out(n, q, -dgram_error_take(&q->ep), now_ns);
    if (q->state != QUERY_ASKING || now_ns < q->due_ns)
        return;
    if (now_ns >= q->step_end_ns)
        step_over(n, q, now_ns);
    else
        ask(n, q, now_ns);      /* there was no room */
}

/* Sixteen at most, so the walk is shorter than keeping them sorted. */
int64_t dns_poll(struct net *n, int64_t now_ns)
{
    int64_t next = NET_NEVER;
    for (unsigned i = 0; i < DNS_QUERIES; i++) {
        struct dns_query *q = &n->dns.query[i];
        if (q->state != QUERY_ASKING)
            continue;
        poll_query(n, q, now_ns);
        if (q->state == QUERY_ASKING && q->due_ns < next)
            next = q->due_ns;
    }
    return next;
}

/* --- the user's side ------------------------------------------------------ */

/* Other types would be asked for without anyone reading their data. */
static bool type_known(enum net_dns_type t)
{
    return t == NET_DNS_A || t == NET_DNS_CNAME || t == NET_DNS_MX || t == NET_DNS_AAAA;
}

int net_dns_query(struct net *n, const char *name, enum net_dns_type type)
{
    struct dns_name wire;
    if (!type_known(type) || dns_name_from_text(name, &wire))
        return -EINVAL;
    unsigned h = 0;
    while (h < DNS_QUERIES && n->dns.query[h].state != QUERY_FREE)
        h++;
    if (h == DNS_QUERIES)
        return -EMFILE;
    struct dns_query *q = &n->dns.query[h];
    *q = (struct dns_query){ .at = -1, .started_ns = n->now_ns };
    /* A copy: the user may change the servers while the question is open. */
    for (unsigned i = 0; i < DNS_SERVERS; i++) {
        if (n->dns.server[i].addr)
            q->server[q->n_servers++] = n->dns.server[i];
    }
    if (!q->n_servers)
        return -ENETUNREACH;
    q->q.type = (uint16_t)type;
    q->q.name = wire;
    (void)dns_name_text(&wire, q->name);    /* no escapes: what was given fits */
    q->state = QUERY_ASKING;
    ask(n, q, n->now_ns);
    return (int)h;
}

/* NULL: no such question. */
static struct dns_query *query_of(struct net *n, int handle)
{
    if (handle < 0 || (unsigned)handle >= DNS_QUERIES ||
        n->dns.query[handle].state == QUERY_FREE)
        return NULL;
    return &n->dns.query[handle];
}

int net_dns_result(struct net *n, int handle, struct net_dns_answer *out)
{
    struct dns_query *q = query_of(n, handle);
    if (!q)
        return -EBADF;
    if (q->state != QUERY_DONE)
        return -EAGAIN;
    *out = q->ans;
    q->state = QUERY_FREE;
    return 0;
}

void net_dns_cancel(struct net *n, int handle)
{
    struct dns_query *q = query_of(n, handle);
    if (!q)
        return;
    close_endpoint(n, q);
    q->state = QUERY_FREE;
}
