/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole host (stack, driver, NIC) against the peer, ended at a random moment in mid
 * transfer: nothing is lost, whatever was where. The peer's side is checked by the
 * assertion in node_close().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "driver/pkt.h"
#include "host/compose.h"
#include "host/fdbridge.h"
#include "sim/world.h"
#include "tests/support/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEEDS 50u
#define CLIENTS 3
#define PEER 0x0a090002u

/* One that reads by the stack's calls, one by a bridge, one that never reads. */
struct client { int s, fd; size_t got; };

static const char request[] = "GET /img/large.png HTTP/1.1\r\nHost: peer\r\n\r\n";

static int begin(struct rig *r)
{
    int s = net_socket(r->me.net, NET_STREAM);
    assert_true(s >= 0);
    assert_int_equal(net_connect(r->me.net, s, PEER, 80), -EINPROGRESS);
    return s;
}

static struct fdbridge *begin_bridged(struct rig *r, struct client *c)
{
    struct fdbridge *b;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    c->fd = pair[0];
    assert_int_equal(fdbridge_open(&b, r, begin(r), pair[1], NULL, NULL), 0);
    assert_int_equal(write(c->fd, request, sizeof(request) - 1), sizeof(request) - 1);
    return b;
}

static void go_on(struct rig *r, struct client c[CLIENTS], unsigned turn)
{
    char buf[4096];
    ssize_t n;
    for (int i = 0; i < 2; i++)
        if (!c[i].got && net_send(r->me.net, c[i].s, request, sizeof(request) - 1) > 0)
            c[i].got = 1;
    while ((n = net_recv(r->me.net, c[0].s, buf, sizeof(buf))) > 0)
        c[0].got += (size_t)n;
    while ((n = read(c[2].fd, buf, sizeof(buf))) > 0)
        c[2].got += (size_t)n;
    if (turn % 16)
        return;
    /* Something comes and goes besides. */
    int ping = net_socket(r->me.net, NET_ICMP);
    const uint8_t echo[16] = { 8 };
    if (ping >= 0) {
        (void)net_sendto(r->me.net, ping, echo, sizeof(echo), PEER, 0);
        net_close(r->me.net, ping);
    }
}

/* Returns how much of the page came before the end. */
static size_t ended_after(uint64_t seed, unsigned turns)
{
    struct opts o;
    struct rig r;
    struct client c[CLIENTS] = { { .s = -1 } };
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
    char *argv[] = { (char[]){ "lanyard" }, (char[]){ "--wire" }, (char[]){ "peer" },
                     (char[]){ "--seed" }, number, NULL };
    assert_int_equal(opts_parse(&o, 5, argv), EXIT_DONE);
    if (seed % 2)
        o.offload = 0;
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    int query = net_dns_query(r.me.net, "peer", NET_DNS_A);
    c[0].s = begin(&r);
    c[1].s = begin(&r);
    struct fdbridge *b = begin_bridged(&r, &c[2]);
    for (unsigned i = 0; i < turns; i++) {
        assert_int_equal(rig_turn(&r), EXIT_DONE);
        go_on(&r, c, i);
    }
    /* The NICs go on a little while nobody polls: frames wait in every queue. */
    world_remove(r.world, r.me_actor);
    world_run(r.world, world_now(r.world) + sim_hash32(seed, 0x7073) % 100000000u, 0);
    size_t got = c[0].got + c[2].got;
    if (seed % 3 == 0)          /* some closed before, some with all that is open */
        net_close(r.me.net, c[0].s);
    if (seed % 3 == 1)
        net_dns_cancel(r.me.net, query);
    fdbridge_close(b);
    close(c[2].fd);
    net_destroy(r.me.net);
    nic_destroy(r.me.nic);
    r.me.net = NULL;
    r.me.nic = NULL;
    assert_int_equal(pkt_pool_in_use(r.me.pool), 0);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
    return got;
}

static void at_any_moment(void **state)
{
    const uint64_t first = seed_of_run();
    unsigned early = 0, late = 0;
    (void)state;
    for (uint64_t seed = first; seed < first + SEEDS; seed++) {
        unsigned turns = sim_hash32(seed, 0x7475) % 100;
        size_t got = ended_after(seed, turns);
        early += got < 1000;
        late += got > 20000;
    }
    printf("%u ended before 1 kB, %u behind 20 kB\n", early, late);
    /* The moments were spread over the whole transfer. */
    assert_true(early > 3 && late > 10 && early + late < SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
