/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/host_lab.h"

#include "driver/nic.h"
#include "driver/pkt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#define POOL_SMALL 4096u
#define LATENCY_NS 10000
#define PORT 4000

static void node_make(struct node *n, struct fake_link **link, uint8_t number, uint32_t addr,
                      const struct net_cfg *want)
{
    size_t bytes = pkt_pool_bytes(POOL_SMALL, 0);
    n->pool_mem = malloc(bytes);
    assert_non_null(n->pool_mem);
    n->pool = pkt_pool_create(n->pool_mem, bytes, POOL_SMALL, 0);
    assert_non_null(n->pool);
    assert_int_equal(fake_link_open(link, &(struct fake_link_cfg){ .pool = n->pool }), 0);
    n->link = fake_link_base(*link);
    const struct nic_cfg nc = { .link = n->link, .pool = n->pool,
                                .mac = { 2, 0, 0, 0, 0, number }, .offload = NIC_OFF_ALL };
    assert_int_equal(nic_create(&n->nic, &nc), 0);
    struct net_cfg cfg = *want;
    cfg.nic = n->nic;
    cfg.pool = n->pool;
    cfg.seed = number;
    assert_int_equal(net_create(&n->net, &cfg), 0);
    assert_int_equal(net_set_addr(n->net, addr, 24), 0);
}

void host_lab_open(struct host_lab *l, const struct host_lab_cfg *cfg)
{
    static const struct host_lab_cfg none;
    if (!cfg)
        cfg = &none;
    *l = (struct host_lab){ .opts = { .virtual_time = true } };
    l->rig.o = &l->opts;
    assert_int_equal(loop_create(&l->rig.loop), 0);
    node_make(&l->rig.me, &l->link, 1, HL_OURS,
              &(struct net_cfg){ .max_sockets = NODE_SOCKETS, .rcvbuf_bytes = cfg->rcvbuf_bytes });
    unsigned far_sockets = cfg->far_sockets ? cfg->far_sockets : NODE_SOCKETS;
    node_make(&l->far, &l->far_link, 2, HL_FAR,
              &(struct net_cfg){ .max_sockets = far_sockets,
                                 .sndbuf_bytes = cfg->far_sndbuf_bytes });
    fake_link_connect(l->link, l->far_link, LATENCY_NS);
    host_lab_run(l, HL_MS);
    assert_int_equal(nic_state(l->rig.me.nic), NIC_UP);
    assert_int_equal(nic_state(l->far.nic), NIC_UP);
}

static void node_end(struct node *n)
{
    net_destroy(n->net);
    nic_destroy(n->nic);
    assert_int_equal(pkt_pool_in_use(n->pool), 0);
    free(n->pool_mem);
}

void host_lab_close(struct host_lab *l)
{
    node_end(&l->rig.me);
    node_end(&l->far);
    loop_destroy(l->rig.loop);
}

bool host_lab_turn(struct host_lab *l)
{
    assert_int_equal(node_poll(&l->rig.me, l->now_ns), 0);
    assert_int_equal(node_poll(&l->far, l->now_ns), 0);
    if (loop_drain(l->rig.loop, 64) > 0)
        return true;
    int64_t next = fake_link_advance(l->now_ns, l->rig.me.next_ns, l->far.next_ns, l->link,
                                     l->far_link);
    if (next == INT64_MAX)
        return false;
    l->now_ns = next;
    return true;
}

void host_lab_run(struct host_lab *l, int64_t ns)
{
    int64_t until = l->now_ns + ns;
    while (l->now_ns < until && host_lab_turn(l))
        ;
}

void host_lab_connect(struct host_lab *l, int *ours, int *far)
{
    int listener = net_socket(l->far.net, NET_STREAM);
    assert_int_equal(net_setopt(l->far.net, listener, NET_SO_REUSEADDR, 1), 0);
    assert_int_equal(net_bind(l->far.net, listener, 0, PORT), 0);
    assert_int_equal(net_listen(l->far.net, listener, 1), 0);
    *ours = net_socket(l->rig.me.net, NET_STREAM);
    assert_int_equal(net_connect(l->rig.me.net, *ours, HL_FAR, PORT), -EINPROGRESS);
    bool due = true;
    while ((*far = net_accept(l->far.net, listener, NULL, NULL)) == -EAGAIN) {
        assert_true(due);       /* else nothing will ever come */
        due = host_lab_turn(l);
    }
    assert_true(*far >= 0);
    assert_int_equal(net_close(l->far.net, listener), 0);
}

unsigned host_lab_sockets(const struct net *n)
{
    static struct net_sock_info info[2 * NODE_SOCKETS];
    size_t all = net_sock_list(n, info, 2 * NODE_SOCKETS);
    unsigned k = 0;
    for (size_t i = 0; i < all; i++)
        k += info[i].type != NET_STREAM || (info[i].state != NET_TCP_TIME_WAIT &&
                                            info[i].state != NET_TCP_LISTEN);
    return k;
}

uint8_t host_lab_byte(size_t i)
{
    return (uint8_t)(i * 7 + i / 251 + i / 65521);
}
