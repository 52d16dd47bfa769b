/* SPDX-License-Identifier: Apache-2.0 */
/* test_link_null.c - the smallest link keeps the contract, alone and below a nic. */
#include "driver/link_null.h"
#include "driver/nic.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pkt *frame(struct pkt_pool *pool, uint32_t len)
{
    struct pkt *p = pkt_alloc(pool, PKT_SMALL);
    pkt_put(p, len);
    return p;
}

static void every_operation(void **state)
{
    (void)state;
    size_t bytes = pkt_pool_bytes(4, 0);
    void *mem = malloc(bytes);
    struct pkt_pool *pool = pkt_pool_create(mem, bytes, 4, 0);
    struct pkt *p[2] = { frame(pool, 60), frame(pool, 1514) };
    struct link *l = NULL;
    struct link_event ev;
    struct link_stats st;
    int64_t next = 0;

    assert_int_equal(link_null_open(&l), 0);
    assert_string_equal(l->ops->name, "null");
    assert_int_equal(l->ops->caps(l).flags, 0);
    assert_int_equal(l->ops->caps(l).max_frame_bytes, 1514);
    assert_int_equal(l->ops->dma_map(l, mem, bytes), 0);
    assert_int_equal(l->ops->fd(l), -1);
    assert_int_equal(l->ops->tx(l, p, 2), 2);
    assert_int_equal(pkt_pool_in_use(pool), 0);
    assert_int_equal(l->ops->rx(l, p, 2), 0);
    assert_int_equal(l->ops->reg_submit(l, 1, 0, 0, false), -ENOTSUP);
    assert_int_equal(l->ops->event(l, &ev), 0);
    assert_int_equal(l->ops->poll(l, 5, &next), 0);
    assert_true(next == INT64_MAX);
    l->ops->stats(l, &st);
    assert_int_equal(st.tx_frames, 2);
    assert_int_equal(st.tx_bytes, 1574);
    assert_int_equal(st.rx_frames, 0);
    l->ops->close(l);
    free(mem);
}

/* A nic over it is up at once, without offload, and sends into nothing. */
static void below_a_nic(void **state)
{
    (void)state;
    size_t bytes = pkt_pool_bytes(4, 0);
    void *mem = malloc(bytes);
    struct pkt_pool *pool = pkt_pool_create(mem, bytes, 4, 0);
    struct link *l;
    struct nic *n;
    int64_t next;

    assert_int_equal(link_null_open(&l), 0);
    assert_int_equal(nic_create(&n, &(struct nic_cfg){
        .link = l, .pool = pool, .mac = { 2 }, .offload = NIC_OFF_ALL }), 0);
    assert_int_equal(nic_state(n), NIC_UP);
    assert_int_equal(nic_caps_get(n).offload, 0);
    assert_int_equal(nic_caps_get(n).max_frame_bytes, 1514);
    assert_int_equal(nic_tx(n, frame(pool, 60)), 0);
    assert_int_equal(nic_poll(n, 0, &next), 0);
    assert_true(next == INT64_MAX);
    assert_null(nic_rx(n));
    assert_int_equal(nic_fd(n), -1);
    nic_destroy(n);
    assert_int_equal(pkt_pool_in_use(pool), 0);
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation),
        cmocka_unit_test(below_a_nic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
