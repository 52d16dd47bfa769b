/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long run: two hosts (stack, driver, Verilated NIC) on a cable that loses, doubles, delays
 * and spoils frames. Each keeps 64 connections to the other open, of 1 byte to 1 MiB each way,
 * and opens a new one for each that ends: some are half closed, cut off, read slowly or left
 * idle for a while. Every byte is checked; at the end nothing is left of it, and the same seed
 * gives the same run again.
 *
 * LY_LONG_S: simulated seconds in which connections are opened (default: 0.03; an hour is 3600);
 * LY_LONG_FRAMES frames (default: 2,000,000) end it too. LY_SEED: which run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "driver/pkt.h"
#include "host/compose.h"
#include "sim/link_sim.h"
#include "sim/wire.h"
#include "sim/wire_fault.h"
#include "sim/world.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN 64                 /* connections that each host keeps open */
#define CONNS (2 * OPEN + 64)   /* with the other's; some that were cut off linger */
#define FRAMES 2000000.0
#define PORT 7000
#define MS INT64_C(1000000)
#define S (1000 * MS)
#define TICK_NS (5 * MS)
#define SLOW_BYTES 2000u        /* a slow reader takes in a tick */
#define DEAD_NS (180 * S)       /* nothing moved: the other's reset was lost */
#define FAULTS "loss=1%,dup=0.5%,reorder=1%,corrupt=0.5%"

enum kind { PLAIN, HALF_CLOSE, CUT_OFF, SLOW, IDLE, KINDS };

/* What both ends know of a connection by its number. */
struct plan {
    enum kind kind;
    uint32_t total[2];          /* bytes from the client, its number first; to it */
    uint32_t cut;               /* CUT_OFF: behind so many bytes both ways */
    int64_t idle_ns;
};

struct conn {
    struct host *h;
    int s;                      /* -1: free */
    bool client, known;         /* known: the number has come */
    bool shut, rested;
    uint32_t id, sent, got;
    struct plan plan;
    int64_t rest_until_ns, moved_ns;
};

struct host {
    struct run *run;
    struct node node;
    unsigned number;
    int actor, listener;
    int64_t tick_ns, now_ns;
    unsigned mine;              /* connections of this client that are open */
    uint32_t opened, ended[KINDS];
    struct conn conn[CONNS];
};

struct run {
    struct opts o;
    struct rig rig;             /* world, wire and options only */
    struct host host[2];
    uint64_t seed, digest;
    bool stop;                  /* opens no more */
};

/* --- what a connection is ------------------------------------------------------------ */

static uint32_t some_size(uint32_t h)
{
    return 1 + (h >> 8) % (1u << h % 21);
}

static struct plan plan_of(const struct run *r, uint32_t id)
{
    uint32_t h = sim_hash32(r->seed, 4 * id);
    struct plan p = { .kind = (enum kind)(h % KINDS),
                      .total = { 4 + some_size(sim_hash32(r->seed, 4 * id + 1)),
                                 some_size(sim_hash32(r->seed, 4 * id + 2)) } };
    h = sim_hash32(r->seed, 4 * id + 3);
    p.cut = h % (p.total[0] + p.total[1]);
    p.idle_ns = (1 + h % 8) * S;
    return p;
}

/* Byte @at of the stream of @id; @down: to the client. The first four are the number. */
static uint8_t byte_of(uint32_t id, bool down, uint32_t at)
{
    if (!down && at < 4)
        return (uint8_t)(id >> 8 * at);
    return (uint8_t)(at * 131 + (at >> 8) * 31 + (at >> 16) + id * 7 + down);
}

static void digest(struct run *r, uint64_t v)
{
    r->digest = (r->digest ^ v) * 0x100000001B3u;   /* FNV-1a, by words */
}

/* --- its end ----------------------------------------------------------------------------- */

static void forget(struct conn *c, bool abort)
{
    struct host *h = c->h;
    h->node.watch[c->s].fn = NULL;
    assert_int_equal((abort ? net_abort : net_close)(h->node.net, c->s), 0);
    digest(h->run, (uint64_t)h->now_ns);
    digest(h->run, (uint64_t)c->id << 32 | c->got << 1 | h->number);
    if (c->client) {
        h->mine--;
        h->ended[c->plan.kind]++;
    }
    c->s = -1;
}

/* Only who was cut off may see an error. */
static void broken(struct conn *c, ssize_t err)
{
    assert_true(err == -ECONNRESET || err == -EPIPE);
    assert_false(c->client);
    assert_true(!c->known || c->plan.kind == CUT_OFF);
    forget(c, true);
}

/* --- moving bytes ------------------------------------------------------------------------ */

static void take(struct conn *c, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++, c->got++) {
        if (!c->known)
            c->id |= (uint32_t)b[i] << 8 * c->got;
        assert_int_equal(b[i], byte_of(c->id, c->client, c->got));
        if (!c->known && c->got == 3) {
            c->known = true;
            c->plan = plan_of(c->h->run, c->id);
        }
    }
    assert_true(!c->known || c->got <= c->plan.total[c->client]);
    c->moved_ns = c->h->now_ns;
}

/* Reads what is there. Returns 1 open, 0 at its end, -1 gone. */
static int receive(struct conn *c)
{
    uint8_t b[SLOW_BYTES];
    for (;;) {
        ssize_t n = net_recv(c->h->node.net, c->s, b, sizeof(b));
        if (n == -EAGAIN || n == -ENOTCONN)
            return 1;
        if (n < 0) {
            broken(c, n);
            return -1;
        }
        if (n == 0)
            return 0;
        take(c, b, (size_t)n);
        if (c->client && c->plan.kind == SLOW) {
            c->rest_until_ns = c->h->now_ns + TICK_NS;
            return 1;
        }
    }
}

/* Returns false if it is gone. */
static bool transmit(struct conn *c)
{
    uint8_t b[4096];
    uint32_t total = c->plan.total[!c->client];
    while (c->known && c->sent < total) {
        uint32_t n = total - c->sent < sizeof(b) ? total - c->sent : sizeof(b);
        for (uint32_t i = 0; i < n; i++)
            b[i] = byte_of(c->id, !c->client, c->sent + i);
        ssize_t k = net_send(c->h->node.net, c->s, b, n);
        if (k == -EAGAIN || k == -ENOTCONN)
            return true;
        if (k < 0) {
            broken(c, k);
            return false;
        }
        c->sent += (uint32_t)k;
        c->moved_ns = c->h->now_ns;
    }
    return true;
}

static void client_goes_on(struct conn *c, bool at_end)
{
    const struct plan *p = &c->plan;
    if (p->kind == CUT_OFF && c->sent + c->got >= p->cut) {
        forget(c, true);
    } else if (at_end) {
        assert_int_equal(c->got, p->total[1]);
        forget(c, false);
    } else if (p->kind == HALF_CLOSE && c->sent == p->total[0] && !c->shut) {
        c->shut = true;
        assert_int_equal(net_shutdown(c->h->node.net, c->s, NET_SHUT_WR), 0);
    } else if (p->kind == IDLE && !c->rested && c->got > p->total[1] / 2) {
        c->rested = true;
        c->rest_until_ns = c->h->now_ns + p->idle_ns;
    }
}

static void server_goes_on(struct conn *c, bool at_end)
{
    const struct plan *p = &c->plan;
    bool all = c->known && c->got == p->total[0] && c->sent == p->total[1];
    if (all && (at_end || p->kind != HALF_CLOSE))
        forget(c, false);
}

static void go_on(struct conn *c)
{
    if (c->h->now_ns < c->rest_until_ns)
        return;
    int open = receive(c);
    if (open < 0 || !transmit(c))
        return;
    if (c->client)
        client_goes_on(c, open == 0);
    else
        server_goes_on(c, open == 0);
}

/* --- the hosts ------------------------------------------------------------------------------ */

static void on_conn(void *arg, int s, unsigned ready)
{
    (void)s;
    (void)ready;
    go_on(arg);
}

static struct conn *conn_new(struct host *h, int s, bool client)
{
    struct conn *c = h->conn;
    while (c < h->conn + CONNS && c->s >= 0)
        c++;
    assert_true(c < h->conn + CONNS && s >= 0 && s < NODE_SOCKETS);
    *c = (struct conn){ .h = h, .s = s, .client = client, .known = client, .moved_ns = h->now_ns };
    h->node.watch[s].fn = on_conn;
    h->node.watch[s].arg = c;
    return c;
}

static void on_listener(void *arg, int s, unsigned ready)
{
    struct host *h = arg;
    int fd;
    (void)ready;
    while ((fd = net_accept(h->node.net, s, NULL, NULL)) >= 0)
        go_on(conn_new(h, fd, false));
}

static void open_one(struct host *h)
{
    int s = net_socket(h->node.net, NET_STREAM);
    struct conn *c = conn_new(h, s, true);
    c->id = h->opened++ * 2 + h->number;
    c->plan = plan_of(h->run, c->id);
    h->mine++;
    assert_int_equal(net_connect(h->node.net, s, 0x0A000002 - h->number, PORT), -EINPROGRESS);
}

static void tick(struct host *h)
{
    for (struct conn *c = h->conn; c < h->conn + CONNS; c++) {
        if (c->s < 0)
            continue;
        if (c->rest_until_ns && h->now_ns >= c->rest_until_ns) {
            c->rest_until_ns = 0;
            go_on(c);
        } else if (!c->client && h->now_ns - c->moved_ns > DEAD_NS) {
            broken(c, -ECONNRESET);
        }
    }
    for (int i = 0; i < 16 && h->mine < OPEN && !h->run->stop; i++)
        open_one(h);
}

static uint64_t host_next(void *self)
{
    const struct host *h = self;
    uint64_t wake = sim_nic_wake_ps(h->node.link);
    int64_t at = h->node.next_ns < h->tick_ns ? h->node.next_ns : h->tick_ns;
    uint64_t due = (uint64_t)at * 1000u, now = world_now(h->run->rig.world);
    uint64_t t = wake < due ? wake : due;
    return t > now ? t : now;
}

static void host_run(void *self, uint64_t t)
{
    struct host *h = self;
    h->now_ns = (int64_t)(t / 1000u);
    assert_int_equal(node_poll(&h->node, h->now_ns), 0);
    if (h->now_ns >= h->tick_ns) {
        tick(h);
        h->tick_ns = h->now_ns + TICK_NS;
        assert_int_equal(node_poll(&h->node, h->now_ns), 0);
    }
}

static const struct actor_ops host_ops = { .name = "host", .next = host_next, .run = host_run };

static void host_open(struct run *r, unsigned i)
{
    struct host *h = &r->host[i];
    uint8_t mac[6];
    h->run = r;
    h->number = i;
    h->tick_ns = MS;            /* the NIC is up by then, or connections wait for it */
    for (int k = 0; k < CONNS; k++)
        h->conn[k].s = -1;
    node_mac(r->seed, i, mac);
    assert_int_equal(node_open(&h->node, &r->rig, i, mac, NULL), 0);
    assert_int_equal(net_set_addr(h->node.net, 0x0A000001 + i, 24), 0);
    h->listener = net_socket(h->node.net, NET_STREAM);
    assert_int_equal(net_bind(h->node.net, h->listener, 0, PORT), 0);
    assert_int_equal(net_listen(h->node.net, h->listener, OPEN), 0);
    h->node.watch[h->listener].fn = on_listener;
    h->node.watch[h->listener].arg = h;
    h->actor = world_add(r->rig.world, &host_ops, h);
    assert_true(h->actor >= 0);
}

/* --- the run ---------------------------------------------------------------------------------- */

static uint64_t frames(const struct run *r)
{
    return net_counters(r->host[0].node.net)->eth_tx_frames +
           net_counters(r->host[1].node.net)->eth_tx_frames;
}

/* All that the stack knows of, those in TIME_WAIT too. */
static size_t sockets(const struct host *h)
{
    struct net_sock_info info[1];
    return net_sock_list(h->node.net, info, 1);
}

static void run_for(struct run *r, int64_t ns)
{
    world_run(r->rig.world, world_now(r->rig.world) + (uint64_t)ns * 1000u, 0);
}

static void run_open(struct run *r, uint64_t seed)
{
    struct fault_plan plan;
    char why[WIRE_WHY_BYTES];
    struct wire *inner;
    *r = (struct run){ .seed = seed, .digest = 0xCBF29CE484222325u,
                       .o = { .seed = seed, .offload = NIC_OFF_ALL, .virtual_time = true } };
    r->rig.o = &r->o;
    r->rig.world = world_create(seed, true);
    assert_non_null(r->rig.world);
    assert_int_equal(wire_peer_open(&inner, r->rig.world, why), 0);
    assert_int_equal(fault_parse(&plan, FAULT_ON_WIRE, FAULTS, why), 0);
    assert_int_equal(wire_fault_open(&r->rig.wire, inner, &plan), 0);
    host_open(r, 0);
    host_open(r, 1);
}

/* Every connection ends, and every socket but the listener goes with it. */
static void run_drain(struct run *r)
{
    int64_t limit = (int64_t)(world_now(r->rig.world) / 1000u) + 1000 * S;
    r->stop = true;
    while (sockets(&r->host[0]) > 1 || sockets(&r->host[1]) > 1) {
        assert_true((int64_t)(world_now(r->rig.world) / 1000u) < limit);
        run_for(r, S);
    }
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < CONNS; k++)
            assert_int_equal(r->host[i].conn[k].s, -1);
        assert_int_equal(r->host[i].mine, 0);
        assert_int_equal(pkt_pool_in_use(r->host[i].node.pool), 0);
    }
}

static void run_close(struct run *r)
{
    const uint64_t *c = (const uint64_t *)net_counters(r->host[0].node.net);
    for (size_t i = 0; i < sizeof(struct net_counters) / sizeof(*c); i++)
        digest(r, c[i]);
    assert_string_equal(r->rig.wire->error, "");
    for (int i = 0; i < 2; i++) {
        world_remove(r->rig.world, r->host[i].actor);
        node_close(&r->host[i].node);   /* asserts that every packet is back */
    }
    wire_close(r->rig.wire);
    world_destroy(r->rig.world);
}

/* Returns the digest of a whole run. */
static uint64_t whole(uint64_t seed, int64_t limit_ns, uint64_t limit_frames)
{
    struct run *r = malloc(sizeof(*r));
    assert_non_null(r);
    run_open(r, seed);
    while (r->host[0].now_ns < limit_ns && frames(r) < limit_frames)
        run_for(r, 10 * MS);
    run_drain(r);
    const struct host *h = r->host;
    printf("seed %llu: %u connections in %.1f s, %llu frames; plain %u, half closed %u, cut off "
           "%u, slow %u, idle %u\n", (unsigned long long)seed, h[0].opened + h[1].opened,
           (double)h->now_ns / 1e9, (unsigned long long)frames(r), h[0].ended[0] + h[1].ended[0],
           h[0].ended[1] + h[1].ended[1], h[0].ended[2] + h[1].ended[2],
           h[0].ended[3] + h[1].ended[3], h[0].ended[4] + h[1].ended[4]);
    for (int k = 0; k < KINDS; k++)
        assert_true(h[0].ended[k] > 0 && h[1].ended[k] > 0);
    run_close(r);
    uint64_t all = r->digest;
    free(r);
    return all;
}

static double given(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text ? strtod(text, NULL) : otherwise;
}

static void twice_the_same(void **state)
{
    int64_t limit_ns = (int64_t)(given("LY_LONG_S", 0.03) * 1e9);
    uint64_t limit = (uint64_t)given("LY_LONG_FRAMES", FRAMES);
    uint64_t seed = (uint64_t)given("LY_SEED", 1);
    (void)state;
    uint64_t first = whole(seed, limit_ns, limit);
    /* stdio has its buffer by now; malloc keeps a little for itself. Under ASan these are 0, and
     * LeakSanitizer looks. */
    size_t heap = mallinfo2().uordblks;
    assert_int_equal(whole(seed, limit_ns, limit), first);
    assert_in_range(mallinfo2().uordblks, 0, heap + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twice_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
