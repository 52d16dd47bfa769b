/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a rig and back: what is refused at each step leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "driver/pkt.h"
#include "host/compose.h"
#include "host/peer.h"
#include "host/resolve.h"
#include "sim/link_sim.h"
#include "sim/phy_model.h"
#include "sim/world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ARGS_MAX 12

/* "lanyard --wire peer" and more words. */
static int parse(struct opts *o, const char *more)
{
    static char words[200];
    char *argv[ARGS_MAX] = { NULL };
    int argc = 0;
    snprintf(words, sizeof(words), "lanyard --wire peer %s", more);
    for (char *w = strtok(words, " "); w && argc < ARGS_MAX - 1; w = strtok(NULL, " "))
        argv[argc++] = w;
    return opts_parse(o, argc, argv);
}

static void opens_and_closes(void **state)
{
    struct opts o;
    struct rig r;
    (void)state;
    assert_int_equal(parse(&o, ""), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(nic_state(r.me.nic), NIC_UP);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
    assert_int_equal(rig_close(&r, EXIT_FAILED), EXIT_FAILED);  /* of what is closed already */
}

static void refused(void **state)
{
    static const struct { const char *more; int code; } cases[] = {
        { "--nic sim:nosuch", EXIT_USAGE },
        { "--nic sim:", EXIT_USAGE },
        { "--addr 0.0.0.0/24", EXIT_USAGE },
        { "--addr 10.0.0.0/24", EXIT_USAGE },
        { "--addr 10.0.0.255/24", EXIT_USAGE },
        { "--addr 127.0.0.1/8", EXIT_USAGE },
        { "--gw 192.168.0.1", EXIT_USAGE },
        { "--pcap /proc/nothing/x", EXIT_FAILED },
        { "--pcap-far /proc/nothing/x", EXIT_FAILED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct opts o;
        struct rig r;
        assert_int_equal(parse(&o, cases[i].more), EXIT_DONE);
        assert_int_equal(rig_open(&r, &o), cases[i].code);
        assert_null(r.world);
        assert_null(r.loop);
    }
}

/* The peer and its name server lie in the subnet that was asked for. */
static void peer_follows_our_address(void **state)
{
    static const struct { const char *addr; uint32_t peer; } cases[] = {
        { "10.9.0.1/24", 0x0a090002 }, { "10.9.0.2/24", 0x0a090001 },
        { "192.168.7.200/26", 0xc0a807c2 }, { "172.16.0.9/12", 0xac100002 },
        { "10.0.0.7/31", 0x0a000006 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct opts o;
        struct rig r;
        uint32_t addr;
        char more[40];
        snprintf(more, sizeof(more), "--addr %s", cases[i].addr);
        assert_int_equal(parse(&o, more), EXIT_DONE);
        assert_int_equal(rig_open(&r, &o), EXIT_DONE);
        assert_int_equal(net_addr(peer_net(r.peer[0])), cases[i].peer);
        assert_int_equal(resolve_addr(&r, "peer", &addr), EXIT_DONE);
        assert_int_equal(addr, cases[i].peer);
        assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
    }
}

static void capture_that_does_not_fit(void **state)
{
    struct opts o;
    struct rig r;
    uint32_t addr;
    (void)state;
    assert_int_equal(parse(&o, "--pcap /dev/full"), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(resolve_addr(&r, "peer", &addr), EXIT_DONE);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_FAILED);
    assert_int_equal(parse(&o, "--pcap /dev/full"), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(rig_close(&r, EXIT_TIMEOUT), EXIT_TIMEOUT);
}

/* --- resolving --------------------------------------------------------------------- */

static void names(void **state)
{
    struct opts o;
    struct rig r;
    uint32_t addr = 0;
    struct net_dns_answer a;
    (void)state;
    assert_int_equal(parse(&o, ""), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(resolve_addr(&r, "1.2.3.4", &addr), EXIT_DONE);
    assert_int_equal(addr, 0x01020304);
    assert_int_equal(resolve_addr(&r, "PEER", &addr), EXIT_DONE);
    assert_int_equal(addr, 0x0a090002);
    assert_int_equal(resolve_addr(&r, "absent", &addr), EXIT_FAILED);
    assert_int_equal(resolve_addr(&r, "a..b", &addr), EXIT_USAGE);
    assert_int_equal(resolve_query(&r, "peer", NET_DNS_MX, &a), EXIT_DONE);
    assert_int_equal(a.err, -ENODATA);
    assert_int_equal(resolve_query(&r, "peer", NET_DNS_A, &a), EXIT_DONE);
    assert_int_equal(a.err, 0);
    assert_int_equal(a.count, 1);
    assert_null(r.hooks);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
}

static void silent_server(void **state)
{
    struct opts o;
    struct rig r;
    uint32_t addr;
    (void)state;
    assert_int_equal(parse(&o, "--dns 10.9.0.77"), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(resolve_addr(&r, "peer", &addr), EXIT_FAILED);    /* no answer to ARP */
    assert_true(rig_now(&r) <= 11000000000);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
}

/* --- turns -------------------------------------------------------------------------- */

struct hooks {
    struct rig *r;
    struct rig_hook a, b, c;
    unsigned ran;
};

/* Newest first: c runs, and takes b, which would be next, and itself away. */
static bool hook_c(void *arg)
{
    struct hooks *h = arg;
    h->ran++;
    rig_hook_del(h->r, &h->b);
    memset(&h->b, 0xff, sizeof(h->b));  /* as if its memory were gone */
    rig_hook_del(h->r, &h->c);
    rig_hook_del(h->r, &h->c);
    return false;
}

static bool hook_counts(void *arg)
{
    ((struct hooks *)arg)->ran += 100;
    return false;
}

static void hook_removes_the_next(void **state)
{
    struct opts o;
    struct rig r;
    struct hooks h = { .r = &r };
    (void)state;
    assert_int_equal(parse(&o, ""), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    rig_hook_add(&r, &h.a, hook_counts, &h);
    rig_hook_add(&r, &h.b, hook_counts, &h);
    rig_hook_add(&r, &h.c, hook_c, &h);
    assert_int_equal(rig_turn(&r), EXIT_DONE);
    assert_int_equal(h.ran, 201);       /* c once, a in both polls of a turn, b never */
    rig_hook_del(&r, &h.a);
    assert_null(r.hooks);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
}

static void on_ready_fd(void *arg, uint32_t events)
{
    (void)events;
    ++*(unsigned *)arg;
}

static void on_timer(void *arg, int64_t now_ns)
{
    *(int64_t *)arg = now_ns;
}

/* Virtual time stands still while a descriptor is ready, and stops at each timer. */
static void time_waits_for_descriptors(void **state)
{
    struct opts o;
    struct rig r;
    unsigned served = 0;
    int64_t fired = -1;
    int fd[2];
    (void)state;
    assert_int_equal(parse(&o, ""), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(loop_add(r.loop, fd[0], EPOLLIN, on_ready_fd, &served), 0);
    int64_t began = rig_now(&r);
    struct loop_timer t = { .at_ns = INT64_MAX, .fn = on_timer, .arg = &fired };
    loop_timer_set(r.loop, &t, began + 12345);
    for (int i = 0; i < 50; i++)
        assert_int_equal(rig_turn(&r), EXIT_DONE);
    assert_true(served >= 50);
    assert_true(rig_now(&r) == began);
    loop_del(r.loop, fd[0]);
    for (int i = 0; i < 50 && fired < 0; i++)
        assert_int_equal(rig_turn(&r), EXIT_DONE);
    assert_true(fired == began + 12345);
    close(fd[0]);
    close(fd[1]);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
}

/* In wall time the loop works for the peer's NIC while ours is quiet: its counters take the
 * model time that they need, not what a sleep lets pass. */
static void wall_time_works_for_the_peer(void **state)
{
    struct opts o;
    struct rig r;
    uint64_t out[NIC_COUNTERS_MAX];
    int n = -EAGAIN;
    (void)state;
    assert_int_equal(parse(&o, "--time wall"), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    for (int i = 0; i < 10000 && nic_state(peer_nic(r.peer[0])) != NIC_UP; i++)
        assert_int_equal(rig_turn(&r), EXIT_DONE);
    uint64_t before = world_now(r.world);
    assert_int_equal(nic_counters_start(peer_nic(r.peer[0])), 0);
    for (int i = 0; i < 10000 && n == -EAGAIN; i++) {
        peer_wake(r.peer[0]);
        assert_int_equal(rig_turn(&r), EXIT_DONE);
        n = nic_counters_done(peer_nic(r.peer[0]), out);
    }
    assert_true(n > 0);
    assert_true(world_now(r.world) - before < 100000000000);     /* 100 ms */
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
}

/* A signal ends turns; the counters and the last frames still get theirs. */
static void signal_ends_turns(void **state)
{
    struct opts o;
    struct rig r;
    (void)state;
    assert_int_equal(parse(&o, "--stats"), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    raise(SIGTERM);
    assert_int_equal(rig_turn(&r), EXIT_FAILED);
    assert_int_equal(rig_settle(&r, 1000000), EXIT_DONE);
    assert_int_equal(rig_leave(&r, EXIT_DONE), EXIT_DONE);
    struct loop *l = r.loop;    /* with it, rig_close() would raise the signal again */
    r.loop = NULL;
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
    loop_destroy(l);
}

/* A PHY of one NIC agrees anew, on a duplex that the wire has not: the run ends. */
static void other_duplex_later(void **state)
{
    static const struct { const char *more, *then; int who, code; } cases[] = {
        { "--phy generic --partner 100fd", "100hd", -1, EXIT_FAILED },
        { "--phy generic --partner 100fd", "100hd", 0, EXIT_FAILED },
        { "--wire switch:3 --phy generic --partner 100fd", "100hd", 1, EXIT_FAILED },
        { "--wire hub:3 --phy generic --partner 100hd", "100fd", -1, EXIT_FAILED },
        { "--wire hub:3 --phy generic --partner 100hd", "100fd", 1, EXIT_FAILED },
        { "--wire hub:3 --phy generic --partner 100hd", "none", 1, EXIT_DONE },
        { "--phy generic --partner 100fd", "100fd,10fd", 0, EXIT_DONE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct opts o;
        struct rig r;
        struct phy_partner then;
        assert_int_equal(parse(&o, cases[i].more), EXIT_DONE);
        assert_int_equal(rig_open(&r, &o), EXIT_DONE);
        assert_int_equal(phy_partner_parse(&then, cases[i].then), 0);
        struct node *n = cases[i].who < 0 ? &r.me : peer_node(r.peer[cases[i].who]);
        sim_nic_partner(n->link, &then);
        uint64_t end = world_now(r.world) + 500000000000u;
        int code = EXIT_DONE;
        while (code == EXIT_DONE && world_now(r.world) < end)
            code = rig_turn(&r);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(rig_close(&r, code), code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_closes),
        cmocka_unit_test(refused),
        cmocka_unit_test(peer_follows_our_address),
        cmocka_unit_test(capture_that_does_not_fit),
        cmocka_unit_test(names),
        cmocka_unit_test(silent_server),
        cmocka_unit_test(hook_removes_the_next),
        cmocka_unit_test(time_waits_for_descriptors),
        cmocka_unit_test(wall_time_works_for_the_peer),
        cmocka_unit_test(other_duplex_later),
        cmocka_unit_test(signal_ends_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
