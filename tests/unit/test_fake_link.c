/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fake_link.c - the test double that the stack's tests stand on: two ends of a
 * cable, faults, filter, and checksums judged on frames computed outside this project's
 * code (scapy).
 */
#include "driver/nic.h"
#include "driver/nic_regs.h"
#include "tests/support/seed.h"
#include "tests/unit/fake_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S_NS INT64_C(1000000000)

struct end {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *link;
    struct nic *nic;
};

struct fixture {
    struct end e[2];
    int64_t now;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    for (struct end *e = f->e; e < f->e + 2; e++) {
        size_t bytes = pkt_pool_bytes(64, 2);
        e->mem = malloc(bytes);
        e->pool = pkt_pool_create(e->mem, bytes, 64, 2);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned out = 0;
    for (struct end *e = f->e; e < f->e + 2; e++) {
        nic_destroy(e->nic);
        out += pkt_pool_in_use(e->pool);
        free(e->mem);
    }
    free(f);
    return out == 0 ? 0 : -1;
}

static void poll_until(struct fixture *f, int64_t until)
{
    for (;;) {
        int64_t a, b;
        assert_int_equal(nic_poll(f->e[0].nic, f->now, &a), 0);
        assert_int_equal(nic_poll(f->e[1].nic, f->now, &b), 0);
        int64_t next = fake_link_advance(f->now, a, b, f->e[0].link, f->e[1].link);
        if (f->now == until && next > until)
            return;
        f->now = next < until ? next : until;
    }
}

/* Two nics, up at time 1000, on a cable of 5 us. */
static void connect_two(struct fixture *f, struct fake_link_cfg cfg)
{
    for (int i = 0; i < 2; i++) {
        struct end *e = &f->e[i];
        cfg.pool = e->pool;
        assert_int_equal(fake_link_open(&e->link, &cfg), 0);
        assert_int_equal(nic_create(&e->nic, &(struct nic_cfg){
            .link = fake_link_base(e->link), .pool = e->pool, .offload = NIC_OFF_ALL,
            .mac = { 2, 0, 0, 0, 0, (uint8_t)(1 + i) } }), 0);
    }
    fake_link_connect(f->e[0].link, f->e[1].link, 5000);
    poll_until(f, 1000);
}

static struct pkt *frame_to(struct end *e, uint8_t last, uint8_t mark, uint32_t len)
{
    struct pkt *p = pkt_alloc(e->pool, len > 2048 ? PKT_LARGE : PKT_SMALL);
    uint8_t *d = pkt_put(p, len);
    memset(d, 0, len);
    d[0] = 2;
    d[5] = last;
    d[len - 1] = mark;
    return p;
}

static void cable(void **state)
{
    struct fixture *f = *state;
    connect_two(f, (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_tx(f->e[0].nic, frame_to(&f->e[0], 2, 9, 14)), 0);
    assert_int_equal(nic_tx(f->e[1].nic, frame_to(&f->e[1], 1, 8, 100)), 0);
    poll_until(f, 1000 + 4999);
    assert_null(nic_rx(f->e[0].nic));
    assert_null(nic_rx(f->e[1].nic));
    poll_until(f, 1000 + 5000);
    struct pkt *p = nic_rx(f->e[1].nic);
    assert_int_equal(p->len, 60);           /* padded with zeros, as on the wire */
    assert_int_equal(pkt_data(p)[13], 9);
    for (int i = 14; i < 60; i++)
        assert_int_equal(pkt_data(p)[i], 0);
    pkt_release(p);
    p = nic_rx(f->e[0].nic);
    assert_int_equal(p->len, 100);
    pkt_release(p);
}

/* Somebody else's address does not pass; broadcast does. */
static void filter(void **state)
{
    struct fixture *f = *state;
    struct fake_wire_stats ws;
    connect_two(f, (struct fake_link_cfg){ 0 });
    nic_tx(f->e[0].nic, frame_to(&f->e[0], 7, 1, 60));
    struct pkt *p = frame_to(&f->e[0], 0, 2, 60);
    memset(pkt_data(p), 0xFF, 6);
    nic_tx(f->e[0].nic, p);
    poll_until(f, 10000);
    p = nic_rx(f->e[1].nic);
    assert_int_equal(pkt_data(p)[59], 2);
    pkt_release(p);
    assert_null(nic_rx(f->e[1].nic));
    fake_link_wire_stats(f->e[1].link, &ws);
    assert_int_equal(ws.filtered, 1);
}

/* One end goes; the other sends into nothing. */
static void far_end_closed(void **state)
{
    struct fixture *f = *state;
    int64_t next;
    connect_two(f, (struct fake_link_cfg){ 0 });
    nic_destroy(f->e[1].nic);
    f->e[1].nic = NULL;
    assert_int_equal(nic_tx(f->e[0].nic, frame_to(&f->e[0], 2, 9, 60)), 0);
    assert_int_equal(nic_poll(f->e[0].nic, f->now, &next), 0);
    assert_true(fake_link_next(f->e[0].link) == INT64_MAX);
}

/* Sends 200 marked frames with faults; notes the order in which they arrive. */
static unsigned with_faults(struct fixture *f, const struct fake_faults *faults, uint64_t seed,
                            uint8_t *order)
{
    unsigned n = 0;
    struct pkt *p;
    for (int i = 0; i < 2; i++) {
        nic_destroy(f->e[i].nic);
        f->e[i].nic = NULL;
    }
    f->now = 0;
    connect_two(f, (struct fake_link_cfg){ .seed = seed });
    fake_link_faults(f->e[0].link, faults);
    for (unsigned i = 0; i < 200; i++) {
        nic_tx(f->e[0].nic, frame_to(&f->e[0], 2, (uint8_t)i, 60));
        poll_until(f, f->now + 2000);
        while ((p = nic_rx(f->e[1].nic)) != NULL) {
            order[n++] = pkt_data(p)[59];
            pkt_release(p);
        }
    }
    poll_until(f, f->now + 100000);
    while ((p = nic_rx(f->e[1].nic)) != NULL) {
        order[n++] = pkt_data(p)[59];
        pkt_release(p);
    }
    return n;
}

static void faults(void **state)
{
    const uint64_t seed = seed_of_run();
    struct fixture *f = *state;
    uint8_t a[512], b[512];
    struct fake_wire_stats ws;
    const struct fake_faults all = { .loss = 100, .dup = 100, .reorder = 100 };

    unsigned n = with_faults(f, &(struct fake_faults){ 0 }, 1, a);
    assert_int_equal(n, 200);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(a[i], i);
    n = with_faults(f, &all, seed, a);
    fake_link_wire_stats(f->e[0].link, &ws);
    assert_int_equal(ws.sent, 200);
    assert_true(ws.lost > 5 && ws.duplicated > 5 && ws.reordered > 5);
    assert_int_equal(n, 200 - ws.lost + ws.duplicated);
    bool late = false;
    for (unsigned i = 1; i < n; i++)
        late |= a[i] < a[i - 1];
    assert_true(late);
    assert_int_equal(with_faults(f, &all, seed, b), n);    /* the same seed, the same fate */
    assert_memory_equal(a, b, n);
    unsigned m = with_faults(f, &all, seed + 1, b);
    assert_true(m != n || memcmp(a, b, n) != 0);
}

/* --- checksums ---------------------------------------------------------------- */

static const uint8_t tcp_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x38, 0x00, 0x01, 0x00, 0x00, 0x40, 0x06, 0x66, 0xAB, 0x0A, 0x09,
    0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x03, 0xE8, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x02, 0x50, 0x18, 0x20, 0x00, 0x60, 0x9F, 0x00, 0x00, 0x68, 0x65,
    0x6C, 0x6C, 0x6F, 0x20, 0x77, 0x6F, 0x72, 0x6C, 0x64, 0x2C, 0x20, 0x6F, 0x64, 0x64,
};
static const uint8_t udp_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x31, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x66, 0xA7, 0x0A, 0x09,
    0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x00, 0x05, 0x00, 0x06, 0x00, 0x1D, 0x0B, 0x3C,
    0x74, 0x77, 0x65, 0x6E, 0x74, 0x79, 0x2D, 0x6F, 0x6E, 0x65, 0x20, 0x62, 0x79, 0x74,
    0x65, 0x73, 0x20, 0x6C, 0x6F, 0x6E, 0x67,
};
static const uint8_t icmp_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x2F, 0x00, 0x01, 0x00, 0x00, 0x40, 0x01, 0x66, 0xB9, 0x0A, 0x09,
    0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x08, 0x00, 0xD0, 0x3A, 0x00, 0x03, 0x00, 0x04,
    0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E,
    0x6F, 0x70, 0x71, 0x72, 0x73,
};
static const uint8_t vlan_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x81, 0x00,
    0x00, 0x05, 0x08, 0x00, 0x45, 0x00, 0x00, 0x30, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11,
    0x66, 0xA8, 0x0A, 0x09, 0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x00, 0x05, 0x00, 0x06,
    0x00, 0x1C, 0xE0, 0xFA, 0x74, 0x61, 0x67, 0x67, 0x65, 0x64, 0x20, 0x74, 0x77, 0x65,
    0x6E, 0x74, 0x79, 0x20, 0x62, 0x79, 0x74, 0x65, 0x73, 0x21,
};
static const uint8_t udp0_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x32, 0x00, 0x01, 0x00, 0x00, 0x40, 0x11, 0x66, 0xA6, 0x0A, 0x09,
    0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x00, 0x05, 0x00, 0x06, 0x00, 0x1E, 0x00, 0x00,
    0x6E, 0x6F, 0x74, 0x20, 0x73, 0x75, 0x6D, 0x6D, 0x65, 0x64, 0x2C, 0x20, 0x73, 0x6F,
    0x20, 0x75, 0x6E, 0x6B, 0x6E, 0x6F, 0x77, 0x6E,
};
static const uint8_t frag_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x45, 0x00, 0x00, 0x33, 0x00, 0x01, 0x20, 0x00, 0x40, 0x11, 0x46, 0xA5, 0x0A, 0x09,
    0x00, 0x01, 0x0A, 0x09, 0x00, 0x02, 0x00, 0x05, 0x00, 0x06, 0x00, 0x1F, 0x2F, 0xB8,
    0x61, 0x20, 0x66, 0x69, 0x72, 0x73, 0x74, 0x20, 0x66, 0x72, 0x61, 0x67, 0x6D, 0x65,
    0x6E, 0x74, 0x20, 0x6F, 0x66, 0x20, 0x74, 0x77, 0x6F,
};
static const uint8_t arp_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06,
    0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0xFC, 0x00, 0x00, 0x00, 0x01,
    0x0A, 0x09, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0A, 0x09, 0x00, 0x02,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01,
};

struct judged { const char *name; const uint8_t *d; size_t n; int good; };

static void inject_good_and_bad(struct fixture *f, const struct judged *j)
{
    uint8_t d[128];
    struct pkt *p;
    memcpy(d, j->d, j->n);
    fake_link_inject(f->e[1].link, d, j->n, 0);
    d[j->n - 1] ^= 4;                       /* in the payload of each */
    fake_link_inject(f->e[1].link, d, j->n, 0);
    poll_until(f, f->now + 1);
    p = nic_rx(f->e[1].nic);
    assert_int_equal(p->vnet_flags, j->good ? VNET_F_DATA_VALID : 0);
    assert_int_equal(p->csum_bad, 0);
    pkt_release(p);
    p = nic_rx(f->e[1].nic);
    assert_int_equal(p->vnet_flags, 0);
    assert_int_equal(p->csum_bad, j->good);
    pkt_release(p);
}

static void rx_verdicts(void **state)
{
    struct fixture *f = *state;
    static const struct judged all[] = {
        { "tcp", tcp_frame, sizeof tcp_frame, 1 },
        { "udp", udp_frame, sizeof udp_frame, 1 },
        { "icmp", icmp_frame, sizeof icmp_frame, 1 },
        { "vlan udp", vlan_frame, sizeof vlan_frame, 1 },
        { "udp without", udp0_frame, sizeof udp0_frame, 0 },
        { "fragment", frag_frame, sizeof frag_frame, 0 },
        { "arp", arp_frame, sizeof arp_frame, 0 },
    };
    connect_two(f, (struct fake_link_cfg){ .hw_caps = 3 });
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        inject_good_and_bad(f, &all[i]);
}

/* The sum inserted is the one that is in the frame: pseudo header left in the field. */
static void tx_insertion(void **state)
{
    struct fixture *f = *state;
    connect_two(f, (struct fake_link_cfg){ .hw_caps = 3 });
    struct pkt *p = pkt_alloc(f->e[0].pool, PKT_SMALL);
    memcpy(pkt_put(p, sizeof udp_frame), udp_frame, sizeof udp_frame);
    unsigned pseudo = 0x0A09u + 0x0001u + 0x0A09u + 0x0002u + 17u + (sizeof udp_frame - 34u);
    pkt_data(p)[40] = (uint8_t)(pseudo >> 8);
    pkt_data(p)[41] = (uint8_t)pseudo;
    p->vnet_flags = VNET_F_NEEDS_CSUM;
    p->csum_at = p->head + 34;
    p->csum_off = 6;
    assert_int_equal(nic_tx(f->e[0].nic, p), 0);
    poll_until(f, f->now + 5000);
    p = nic_rx(f->e[1].nic);
    assert_memory_equal(pkt_data(p), udp_frame, sizeof udp_frame);
    assert_int_equal(p->vnet_flags, VNET_F_DATA_VALID);
    pkt_release(p);
}

#define FAKE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(cable),
        FAKE_TEST(filter),
        FAKE_TEST(far_end_closed),
        FAKE_TEST(faults),
        FAKE_TEST(rx_verdicts),
        FAKE_TEST(tx_insertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
