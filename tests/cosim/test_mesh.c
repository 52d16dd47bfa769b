/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four hosts on a switch or a hub, each with a NIC and a stack of its own: every one fetches a
 * file from every other at once; on the switch, while the cable of ours loses, spoils, doubles
 * and reorders frames; on the hub, by half duplex.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "host/compose.h"
#include "host/httpd.h"
#include "host/page.h"
#include "host/peer.h"
#include "sim/wire.h"
#include "sim/world.h"
#include "tests/support/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define HOSTS 4u
#define FAULTS "loss=3%,corrupt=3%,corrupt-inner=2%,dup=2%,reorder=3%,flap@200:300"
#define LIMIT_NS 300000000000           /* of simulated time */

struct fetch {
    struct mesh *m;
    struct node *node;
    uint32_t crc, left_of_head;
    uint64_t got;
    bool sent, done;
};

struct mesh {
    struct rig r;
    struct opts o;
    struct page page;
    struct httpd *httpd;                /* ours */
    struct fetch f[HOSTS][HOSTS];       /* by who fetches, from whom */
    const char *path;
    const uint8_t *want;
    uint64_t want_bytes;
    unsigned done;
};

static int open_page(void *arg, const char *path, struct httpd_body *b)
{
    const struct mesh *m = arg;
    if (strcmp(path, m->path) != 0)
        return -ENOENT;
    *b = (struct httpd_body){ .mem = m->want, .fd = -1, .len = m->want_bytes };
    return 0;
}

static time_t page_now(void *arg)
{
    const struct mesh *m = arg;
    return rig_date(&m->r);
}

/* The body begins behind the first empty line. */
static void take(struct fetch *f, const uint8_t *b, size_t n)
{
    static const uint8_t end[] = { '\r', '\n', '\r', '\n' };
    size_t i = 0;
    while (i < n && f->left_of_head > 0) {
        unsigned matched = 4 - f->left_of_head;
        f->left_of_head = b[i] == end[matched] ? f->left_of_head - 1 : b[i] == '\r' ? 3 : 4;
        i++;
    }
    f->crc = (uint32_t)crc32(f->crc, b + i, (uInt)(n - i));
    f->got += n - i;
}

static void on_ready(void *arg, int s, unsigned ready)
{
    struct fetch *f = arg;
    uint8_t b[4096];
    char ask[80];
    ssize_t n;
    if (!f->sent && (ready & NET_OUT)) {
        f->sent = true;
        int len = snprintf(ask, sizeof(ask), "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", f->m->path);
        assert_int_equal(net_send(f->node->net, s, ask, (size_t)len), len);
    }
    while (f->sent && !f->done && (n = net_recv(f->node->net, s, b, sizeof(b))) != -EAGAIN) {
        assert_true(n >= 0);
        take(f, b, (size_t)n);
        f->done = n == 0;
    }
    if (!f->done)
        return;
    f->m->done++;
    f->node->watch[s].fn = NULL;
    net_close(f->node->net, s);
}

static struct node *host(struct mesh *m, unsigned i)
{
    return i ? peer_node(m->r.peer[i - 1]) : &m->r.me;
}

static void start(struct mesh *m, unsigned who, unsigned from)
{
    struct fetch *f = &m->f[who][from];
    *f = (struct fetch){ .m = m, .node = host(m, who), .left_of_head = 4 };
    int s = net_socket(f->node->net, NET_STREAM);
    assert_true(s >= 0);
    f->node->watch[s].fn = on_ready;
    f->node->watch[s].arg = f;
    int rc = net_connect(f->node->net, s, net_addr(host(m, from)->net), 80);
    assert_true(rc == 0 || rc == -EINPROGRESS);
    if (who)
        peer_wake(m->r.peer[who - 1]);
}

static void mesh_run(struct mesh *m, const char *wire, const char *fault, bool no_skip)
{
    memset(m, 0, sizeof(*m));
    char name[20];
    snprintf(name, sizeof(name), "%s", wire);
    char *argv[] = { (char[]){ "lanyard" }, (char[]){ "--wire" }, name, NULL };
    assert_int_equal(opts_parse(&m->o, 3, argv), EXIT_DONE);
    m->path = m->o.wire == WIRE_HUB ? "/img/middle.png" : "/img/large.png";
    m->o.seed = seed_of_run();
    m->o.fault = fault;
    m->o.no_skip = no_skip;
    assert_int_equal(page_make(&m->page), 0);
    for (unsigned i = 0; i < PAGE_FILES; i++)
        if (!strcmp(m->page.file[i].path, m->path)) {
            m->want = m->page.file[i].data;
            m->want_bytes = m->page.file[i].len;
        }
    assert_non_null(m->want);
    const struct httpd_source src = { .arg = m, .open = open_page, .now = page_now };
    assert_int_equal(rig_open(&m->r, &m->o), EXIT_DONE);
    assert_int_equal(httpd_open(&m->httpd, &m->r.me, 80, &src), 0);
    for (unsigned i = 1; i < HOSTS; i++)    /* their NICs open when ours does, or a little later */
        while (nic_state(peer_nic(m->r.peer[i - 1])) == NIC_OPENING)
            assert_int_equal(rig_turn(&m->r), EXIT_DONE);
    for (unsigned who = 0; who < HOSTS; who++)
        for (unsigned from = 0; from < HOSTS; from++)
            if (who != from)
                start(m, who, from);
    while (m->done < HOSTS * (HOSTS - 1)) {
        assert_int_equal(rig_turn(&m->r), EXIT_DONE);
        assert_true(rig_now(&m->r) < LIMIT_NS);
    }
}

static void mesh_check(struct mesh *m)
{
    uint32_t crc = (uint32_t)crc32(0, m->want, (uInt)m->want_bytes);
    for (unsigned who = 0; who < HOSTS; who++)
        for (unsigned from = 0; from < HOSTS; from++)
            if (who != from) {
                assert_int_equal(m->f[who][from].got, m->want_bytes);
                assert_int_equal(m->f[who][from].crc, crc);
            }
    assert_string_equal(m->r.wire->error, "");
}

/* Everything that a run leaves to compare: what the switch did, and when it was over. */
struct outcome {
    struct wire_switch_stats n;
    struct wire_hub_stats hub;
    uint64_t frames, octets;
    int64_t end_ns;
};

static struct outcome mesh_close(struct mesh *m)
{
    const struct wire *w = wire_innermost(m->r.wire);
    struct outcome o = { .frames = w->stats.to_nic_frames, .octets = w->stats.to_nic_octets,
                         .end_ns = rig_now(&m->r) };
    if (w->bridge)
        o.n = *w->bridge;
    if (w->hub)
        o.hub = *w->hub;
    httpd_close(m->httpd);
    assert_int_equal(rig_close(&m->r, EXIT_DONE), EXIT_DONE);
    page_free(&m->page);
    return o;
}

static void each_from_each(void **state)
{
    static struct mesh m;
    (void)state;
    mesh_run(&m, "switch:4", NULL, false);
    mesh_check(&m);
    struct outcome a = mesh_close(&m);
    assert_int_equal(a.n.learned, HOSTS);
    assert_int_equal(a.n.dropped_bad, 0);
    assert_true(a.n.forwarded > 12 * 75);
    mesh_run(&m, "switch:4", NULL, true);
    mesh_check(&m);
    struct outcome b = mesh_close(&m);
    assert_memory_equal(&a, &b, sizeof(a));
    printf("12 files among 4 hosts: %llu frames forwarded, %llu found no room, %.2f ms\n",
           (unsigned long long)a.n.forwarded, (unsigned long long)a.n.dropped_full,
           (double)a.end_ns * 1e-6);
}

static void with_faults(void **state)
{
    static struct mesh m;
    (void)state;
    mesh_run(&m, "switch:4", FAULTS, false);
    mesh_check(&m);
    const uint64_t *tx = m.r.wire->stats.fault_tx, *rx = m.r.wire->stats.fault_rx;
    /* What was spoilt on its way to the switch ended there, what after it, in our NIC. */
    assert_true(tx[FAULT_CORRUPT] > 0 && rx[FAULT_CORRUPT] > 0 && rx[FAULT_FLAP] > 0);
    assert_int_equal(wire_innermost(m.r.wire)->bridge->dropped_bad, tx[FAULT_CORRUPT]);
    struct outcome a = mesh_close(&m);
    mesh_run(&m, "switch:4", FAULTS, false);
    struct outcome b = mesh_close(&m);
    assert_memory_equal(&a, &b, sizeof(a));
}

/* Everybody talks at once. */
static void by_half_duplex(void **state)
{
    static struct mesh m;
    (void)state;
    mesh_run(&m, "hub:4", NULL, false);
    mesh_check(&m);
    struct outcome a = mesh_close(&m);
    assert_true(a.hub.collisions > 100);
    assert_int_equal(a.hub.late, 0);
    printf("12 files among 4 hosts on a hub: %llu frames, %llu collisions, %.2f ms\n",
           (unsigned long long)a.hub.frames, (unsigned long long)a.hub.collisions,
           (double)a.end_ns * 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_from_each),
        cmocka_unit_test(with_faults),
        cmocka_unit_test(by_half_duplex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
