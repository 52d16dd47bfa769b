/* SPDX-License-Identifier: Apache-2.0 */
#include "host/peer.h"

#include "driver/be.h"
#include "driver/nic.h"
#include "host/compose.h"
#include "host/httpd.h"
#include "host/page.h"
#include "sim/link_sim.h"
#include "sim/world.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct rig *rig;
    struct node node;
    struct httpd *httpd;
    struct page page;
    char name[8];
    int dns;        /* UDP socket on port 53 */
};

/* --- the name server: the peers are there, all else does not exist. RFC 1035 4 ------ */

enum { RCODE_OK = 0, RCODE_FORMERR = 1, RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4 };

/* The question's length when it is one question for a plain name, 0 if not. */
static size_t question_len(const uint8_t *q, size_t len)
{
    size_t at = 12;
    while (at < len && q[at] && q[at] < 64)
        at += 1u + q[at];
    return at + 5 <= len && q[at] == 0 ? at + 5 - 12 : 0;
}

/* "peer" and, from the second on, its number. */
static void name_of(char name[8], unsigned i)
{
    (void)snprintf(name, 8, i ? "peer%u" : "peer", i + 1);
}

/* Returns the number of the peer with that name, -1 if there is none. */
static int named(const struct peer *p, const uint8_t *name)
{
    for (unsigned i = 0; i < p->rig->o->peers; i++) {
        char want[8];
        name_of(want, i);
        size_t n = strlen(want);
        bool same = name[0] == n; /* else the rest may lie beyond the question */
        for (size_t k = 0; same && k < n; k++)
            same = tolower(name[1 + k]) == want[k];
        if (same && name[1 + n] == 0)
            return (int)i;
    }
    return -1;
}

/* Turn the query in @m into its answer; @room >= len + 16. Returns its length, 0: drop. */
static size_t dns_answer(const struct peer *p, uint8_t *m, size_t len)
{
    if (len < 12 || (m[2] & 0x80))
        return 0;
    size_t qlen = question_len(m, len);
    unsigned rcode = (m[2] & 0x78) ? RCODE_NOTIMP : RCODE_OK;
    bool one = m[4] == 0 && m[5] == 1 && qlen;
    int i = one ? named(p, m + 12) : -1;
    if (!one)
        rcode = RCODE_FORMERR;
    else if (i < 0)
        rcode = RCODE_NXDOMAIN;
    size_t n = 12 + (one ? qlen : 0);
    bool is_a = one && m[n - 3] == 1 && m[n - 4] == 0;
    bool found = rcode == RCODE_OK && is_a;
    m[2] = (uint8_t)(0x84 | (m[2] & 0x01)); /* QR, AA, RD copied */
    m[3] = (uint8_t)rcode;
    memset(m + 4, 0, 8);
    m[5] = one;
    m[7] = found;
    if (!found)
        return n;
    const uint8_t head[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };
    struct be32 a = be32_put(opts_peer_addr(p->rig->o, (unsigned)i));
    memcpy(m + n, head, sizeof(head));
    memcpy(m + n + sizeof(head), &a, 4);
    return n + 16;
}

static void on_dns(void *arg, int s, unsigned ready)
{
    (void)ready;
    struct peer *p = arg;
    uint8_t m[512 + 16];
    uint32_t from;
    uint16_t port;
    ssize_t n;
    while ((n = net_recvfrom(p->node.net, s, m, 512, &from, &port)) >= 0) {
        size_t len = dns_answer(p, m, (size_t)n);
        if (len)
            net_sendto(p->node.net, s, m, len, from, port);
    }
}

/* --- the file server's source: the page in memory ------------------------------ */

static int open_page(void *arg, const char *path, struct httpd_body *b)
{
    const struct peer *p = arg;
    char want[1200];
    size_t n = strlen(path);
    if (n + sizeof("index.html") > sizeof(want))
        return -ENOENT;
    memcpy(want, path, n + 1);
    if (path[n - 1] == '/')
        memcpy(want + n, "index.html", sizeof("index.html"));
    for (int i = 0; i < PAGE_FILES; i++) {
        const char *file = p->page.file[i].path;
        if (!strcmp(file, want)) {
            *b = (struct httpd_body){ .mem = p->page.file[i].data, .fd = -1,
                                      .len = p->page.file[i].len, .mtime = RIG_EPOCH_S,
                                      .type = httpd_type(want) };
            return 0;
        }
        if (!strncmp(file, path, n) && file[n] == '/')
            return -EISDIR;
    }
    return -ENOENT;
}

static time_t page_now(void *arg)
{
    const struct peer *p = arg;
    return rig_date(p->rig);
}

/* --- the actor ------------------------------------------------------------------- */

static uint64_t peer_next(void *self)
{
    const struct peer *p = self;
    /* What comes for a device that is gone wakes nobody: rig_turn() tells of it. */
    if (peer_error(p))
        return SIM_NEVER;
    uint64_t wake = sim_nic_wake_ps(p->node.link), now = world_now(p->rig->world);
    uint64_t due = p->node.next_ns == INT64_MAX ? SIM_NEVER : (uint64_t)p->node.next_ns * 1000u;
    uint64_t t = wake < due ? wake : due;
    return t > now ? t : now;
}

static void peer_run(void *self, uint64_t t)
{
    struct peer *p = self;
    node_poll(&p->node, (int64_t)(t / 1000u));
}

static const struct actor_ops peer_ops = { .name = "peer", .next = peer_next, .run = peer_run };

bool peer_alive(const struct peer *p)
{
    return p->node.next_ns != INT64_MAX || sim_nic_busy(p->node.link);
}

bool peer_busy(const struct peer *p)
{
    return p->node.next_ns <= rig_now(p->rig) || sim_nic_busy(p->node.link);
}

const char *peer_error(const struct peer *p)
{
    return nic_state(p->node.nic) == NIC_FAILED ? nic_error(p->node.nic) : NULL;
}

struct node *peer_node(struct peer *p)
{
    return &p->node;
}

const struct net *peer_net(const struct peer *p)
{
    return p->node.net;
}

struct nic *peer_nic(const struct peer *p)
{
    return p->node.nic;
}

void peer_wake(struct peer *p)
{
    p->node.next_ns = rig_now(p->rig);
    world_due(p->rig->world, world_now(p->rig->world));
}

const char *peer_name(const struct peer *p)
{
    return p->name;
}

int peer_open(struct peer **out, struct rig *r, unsigned i)
{
    struct peer *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    uint8_t mac[6];
    p->rig = r;
    name_of(p->name, i);
    node_mac(r->o->seed, 1 + i, mac);
    int rc = page_make(&p->page);
    if (rc == 0)
        rc = node_open(&p->node, r, 1 + i, mac, NULL);
    if (rc == 0)
        rc = net_set_addr(p->node.net, opts_peer_addr(r->o, i), r->o->prefix_len);
    const struct httpd_source src = { .arg = p, .open = open_page, .now = page_now };
    if (rc == 0)
        rc = httpd_open(&p->httpd, &p->node, 80, &src);
    if (rc == 0)
        rc = p->dns = net_socket(p->node.net, NET_DGRAM);
    if (rc >= 0)
        rc = net_bind(p->node.net, p->dns, 0, 53);
    if (rc == 0)
        rc = world_add(r->world, &peer_ops, p);
    if (rc < 0) {
        peer_close(p);
        return rc;
    }
    p->node.watch[p->dns].fn = on_dns;
    p->node.watch[p->dns].arg = p;
    *out = p;
    return 0;
}

void peer_close(struct peer *p)
{
    httpd_close(p->httpd);
    node_close(&p->node);
    page_free(&p->page);
    free(p);
}
