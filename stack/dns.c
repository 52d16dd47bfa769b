/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.c - stub resolver: RFC 1035 7, RFC 5452 (random id and port), RFC 7766 (TCP), RFC
 * 1123 6.1.3. Rounds of 1, 2, 3 and 4 s; the servers share each round, so that all of
 * them are asked four times. A server that refuses, fails or is unreachable is left out;
 * when none is left, the question ends at once with the last reason.
 *
 * Each try has an id and a port of its own, and only the last one is answered to: two
 * at once would double what a forger may guess (RFC 5452 5).
 *
 * A truncated answer is asked for again by TCP, at the same server. An answer that ends
 * in a CNAME is followed by a question for its target. All of it together takes
 * DNS_LIMIT_NS at most.
 */
#include "stack/dns.h"

#include "stack/net_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DNS_ROUNDS 4u
#define DNS_LIMIT_NS (10 * NET_NS_PER_S)    /* the sum of the rounds */
#define DNS_ROOM_NS (10 * NET_NS_PER_MS)    /* look again when the NIC had no room */

enum query_state { QUERY_FREE, QUERY_UDP, QUERY_TCP, QUERY_DONE };

struct dns_query {
    enum query_state state;
    struct dns_question q;      /* what is asked now: the user's, or of a CNAME's target */
    struct dgram ep;            /* bound to a random port, connected to the server asked */
    struct dns_tcp tcp;
    unsigned n_servers;
    struct dns_server server[DNS_SERVERS];  /* as they were when the question came */
    int bad[DNS_SERVERS];       /* negative errno: left out */
    unsigned step;              /* of DNS_ROUNDS * n_servers */
    unsigned at;                /* server asked last */
    int64_t started_ns, limit_ns, step_end_ns, due_ns;
    char name[256];             /* for events */
    struct net_dns_answer ans;
};

int dns_init(struct net *n)
{
    n->dns.query = calloc(DNS_QUERIES, sizeof(*n->dns.query));
    if (!n->dns.query)
        return -ENOMEM;
    for (unsigned i = 0; i < DNS_QUERIES; i++)
        n->dns.query[i].tcp.sock = -1;
    return 0;
}

/* Late answers then find a closed port: they are counted and refused. */
static void close_ends(struct net *n, struct dns_query *q)
{
    dgram_fini(n, &q->ep);
    dns_tcp_close(n, &q->tcp);
}

void dns_fini(struct net *n)
{
    for (unsigned i = 0; n->dns.query && i < DNS_QUERIES; i++)
        close_ends(n, &n->dns.query[i]);
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
    close_ends(n, q);
    q->state = QUERY_DONE;
    q->due_ns = NET_NEVER;
    q->ans.err = err;
    if (err == -EPROTO)
        q->ans.count = 0;       /* what stood before the fault is not to be trusted */
    q->ans.took_ns = n->now_ns - q->started_ns;
    net_emit(n, (struct net_event){ .kind = NET_EV_DNS_ANSWER, .name = q->name, .err = err });
}

static bool open_question(const struct dns_query *q)
{
    return q->state == QUERY_UDP || q->state == QUERY_TCP;
}

/* The question as it goes out, with a new id. Returns its length. */
static uint32_t make_question(struct net *n, struct dns_query *q, uint8_t *msg)
{
    q->q.id = rng_u16(&n->rng[RNG_DNS_ID]);
    return dns_emit_query(msg, q->q.id, &q->q.name, q->q.type);
}

/* It is out, to the server q->at. */
static void asked(struct net *n, struct dns_query *q, enum net_event_kind kind)
{
    const struct dns_server *s = &q->server[q->at];
    char name[sizeof(q->name)];
    (void)dns_name_text(&q->q.name, name);      /* was a text, or read as one */
    q->ans.rcode = 0;           /* of an earlier server */
    q->ans.tcp = kind == NET_EV_DNS_TCP;
    q->ans.server = s->addr;
    q->ans.server_port = s->port;
    net_emit(n, (struct net_event){ .kind = kind, .name = name, .addr = s->addr,
                                    .port = s->port });
}

/* From another port than before. Returns 0, -EAGAIN: no room now; else the server cannot
 * be asked. */
static int send_udp(struct net *n, struct dns_query *q)
{
    uint8_t msg[DNS_QUERY_MAX_BYTES];
    close_ends(n, q);
    dgram_init(&q->ep, NET_DGRAM, NULL);
    int err = dgram_connect(n, &q->ep, q->server[q->at].addr, q->server[q->at].port);
    if (err)
        return err;
    uint32_t len = make_question(n, q, msg);
    ssize_t r = dgram_sendto(n, &q->ep, msg, len, 0, 0);
    if (r < 0)
        return (int)r;
    asked(n, q, NET_EV_DNS_ASK);
    return 0;
}

static unsigned left_out(const struct dns_query *q)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < q->n_servers; i++)
        bad += q->bad[i] != 0;
    return bad;
}

/* Steps go round the servers, those left out passed over. Returns the server of the
 * present step; -ETIMEDOUT: no step is left; else why no server is left. */
static int server_of_step(struct dns_query *q, int64_t now_ns)
{
    if (left_out(q) == q->n_servers)
        return q->bad[q->at];
    while (q->step < DNS_ROUNDS * q->n_servers && q->bad[q->step % q->n_servers])
        q->step++;
    if (q->step >= DNS_ROUNDS * q->n_servers || now_ns >= q->limit_ns)
        return -ETIMEDOUT;
    return (int)(q->step % q->n_servers);
}

/* The longer nothing comes, the longer it is waited for: RFC 1035 4.2.1. */
static int64_t step_end(const struct dns_query *q, int64_t now_ns)
{
    int64_t round_ns = (int64_t)(q->step / q->n_servers + 1) * NET_NS_PER_S;
    int64_t end = now_ns + round_ns / q->n_servers;
    return end < q->limit_ns ? end : q->limit_ns;
}

/* Ask, or ask the next one, until something is out, must wait, or all is lost. */
static void ask(struct net *n, struct dns_query *q, int64_t now_ns)
{
    q->state = QUERY_UDP;
    for (;;) {
        int s = server_of_step(q, now_ns);
        if (s < 0) {
            finish(n, q, s);
            return;
        }
        if (!q->step_end_ns)
            q->step_end_ns = step_end(q, now_ns);
        q->at = (unsigned)s;
        int err = send_udp(n, q);
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

/* The present step's time is up. By UDP its server stays: it may be slow, or the packet
 * lost. By TCP nothing was lost. */
static void step_over(struct net *n, struct dns_query *q, int64_t now_ns)
{
    if (q->state == QUERY_TCP) {
        leave_out(n, q, -ETIMEDOUT, now_ns);
        return;
    }
    q->step++;
    q->step_end_ns = 0;
    ask(n, q, now_ns);
}

/* The same question to the same server by TCP; each server that is left gets its share
 * of the time that is left. */
static void ask_tcp(struct net *n, struct dns_query *q, int64_t now_ns)
{
    uint8_t msg[DNS_QUERY_MAX_BYTES];
    const struct dns_server *s = &q->server[q->at];
    close_ends(n, q);
    uint32_t len = make_question(n, q, msg);
    int err = dns_tcp_open(n, &q->tcp, s->addr, s->port, msg, len);
    if (err) {
        leave_out(n, q, err, now_ns);
        return;
    }
    q->state = QUERY_TCP;
    q->step_end_ns = now_ns + (q->limit_ns - now_ns) / (q->n_servers - left_out(q));
    q->due_ns = q->step_end_ns;
    asked(n, q, NET_EV_DNS_TCP);
}

/* A CNAME's target: a question of its own within the same limit, first to the server that
 * named it, and to all servers anew. */
static void ask_next(struct net *n, struct dns_query *q, const struct dns_name *next,
                     int64_t now_ns)
{
    n->c.dns_cnames++;
    q->q.name = *next;
    memset(q->bad, 0, sizeof(q->bad));
    q->step = q->at;
    q->step_end_ns = 0;
    ask(n, q, now_ns);
}

/* --- answers -------------------------------------------------------------- */

/* One message, by UDP or TCP; only the server asked can have sent it (dgram_connect), or
 * someone who forges its address: what does not fit is counted, and waiting goes on. */
static void take_answer(struct net *n, struct dns_query *q, const uint8_t *msg, size_t len,
                        int64_t now_ns)
{
    struct dns_name next;
    int r = dns_read_answer(&q->q, msg, len, &q->ans, &next);
    switch (r) {
    case DNS_SHORT:
        n->c.dns_ignored_short++;
        break;
    case DNS_NOT_ANSWER:
        n->c.dns_ignored_kind++;
        break;
    case DNS_OTHER_ID:
        n->c.dns_ignored_id++;
        break;
    case DNS_OTHER_QUESTION:
        n->c.dns_ignored_question++;
        break;
    case DNS_TRUNCATED:
        if (q->state == QUERY_TCP) {        /* where there is no reason for it */
            leave_out(n, q, -EPROTO, now_ns);
            break;
        }
        n->c.dns_truncated++;
        ask_tcp(n, q, now_ns);
        break;
    case DNS_FOLLOW:
        ask_next(n, q, &next, now_ns);
        break;
    case -EPROTO:
        leave_out(n, q, r, now_ns);
        break;
    default:
        finish(n, q, r);
    }
}

static void poll_udp(struct net *n, struct dns_query *q, int64_t now_ns)
{
    struct pkt *p;
    while (q->state == QUERY_UDP && (p = dgram_take(&q->ep)) != NULL) {
        take_answer(n, q, pkt_data(p), p->len, now_ns);
        pkt_release(p);
    }
    if (q->state == QUERY_UDP && q->ep.err)
        leave_out(n, q, -dgram_error_take(&q->ep), now_ns);
}

static void poll_tcp(struct net *n, struct dns_query *q, int64_t now_ns)
{
    ssize_t len = 0;
    while (q->state == QUERY_TCP && (len = dns_tcp_read(n, &q->tcp)) >= 0)
        take_answer(n, q, q->tcp.msg, (size_t)len, now_ns);
    if (q->state == QUERY_TCP && len != -EAGAIN)
        leave_out(n, q, (int)len, now_ns);
}

/* Answers first, then errors, then time: an answer that came with the deadline counts. */
static void poll_query(struct net *n, struct dns_query *q, int64_t now_ns)
{
    poll_udp(n, q, now_ns);
    poll_tcp(n, q, now_ns);
    if (!open_question(q) || now_ns < q->due_ns)
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
        if (!open_question(q))
            continue;
        poll_query(n, q, now_ns);
        if (open_question(q) && q->due_ns < next)
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
    *q = (struct dns_query){ .tcp.sock = -1, .started_ns = n->now_ns,
                             .limit_ns = n->now_ns + DNS_LIMIT_NS };
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
    close_ends(n, q);
    q->state = QUERY_FREE;
}
