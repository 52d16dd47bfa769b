/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_slirp.c - the wire to libslirp: its router answers ARP and ICMP echo.
 * No socket of this machine is used.
 */
#include "sim/wire_frames.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct world *world;
    struct wire *w;
    struct frame_asm got;
    uint64_t t;
};

static void setup(struct bench *b)
{
    char why[WIRE_WHY_BYTES] = "";
    memset(b, 0, sizeof *b);
    b->world = world_create(1, true);
    assert_non_null(b->world);
    assert_int_equal(wire_slirp_open(&b->w, b->world, why), 0);
    assert_string_equal(why, "");
    assert_string_equal(b->w->ops->name, "slirp");
}

static void teardown(struct bench *b)
{
    assert_string_equal(b->w->error, "");
    wire_close(b->w);
    world_destroy(b->world);
}

/* One symbol time: the NIC drives @s; returns true when a frame from slirp ended. */
static bool edge(struct bench *b, struct sym s)
{
    b->t += SYM_PS;
    assert_int_equal(world_run(b->world, b->t, 0), -1);
    struct sym in = b->w->ops->in(b->w, 0, b->t);
    b->w->ops->out(b->w, 0, b->t, &s);
    return frame_asm_sym(&b->got, b->t, &in);
}

/* The NIC sends @frame with padding and FCS. */
static void nic_sends(struct bench *b, const uint8_t *frame, size_t len)
{
    uint8_t f[1522] = { 0 };
    memcpy(f, frame, len);
    len = len < 60 ? 60 : len;
    uint32_t fcs = frame_fcs(f, len);
    for (unsigned i = 0; i < 4; i++)
        f[len + i] = (uint8_t)(fcs >> 8 * i);
    for (unsigned i = 0; i < 8 + len + 4 + 13; i++) {
        struct sym s = { .dv = i < 8 + len + 4 };
        if (s.dv)
            s.data = i < 7 ? 0x55 : i == 7 ? 0xD5 : f[i - 8];
        assert_false(edge(b, s));
    }
}

/* Wall time passes for libslirp, then the next frame comes, within a few turns. */
static void answer(struct bench *b)
{
    for (unsigned turn = 0; turn < 100; turn++) {
        struct pollfd fds[16];
        int timeout_ms = 20;
        int n = b->w->ops->pollfds(b->w, fds, 16, &timeout_ms);
        assert_in_range(n, 0, 16);
        assert_in_range(timeout_ms, 0, 20);
        (void)poll(fds, (nfds_t)n, b->w->ops->in_next(b->w, 0) == SIM_NEVER ? timeout_ms : 0);
        b->w->ops->ready(b->w, fds, n);
        while (b->w->ops->in_next(b->w, 0) != SIM_NEVER || b->got.in)
            if (edge(b, (struct sym){ 0 }))
                return;
    }
    fail_msg("no answer");
}

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };

static void arp(struct bench *b)
{
    uint8_t f[42] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 9, 8, 6,
                      0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 2, 15,
                      0, 0, 0, 0, 0, 0, 10, 0, 2, 2 };
    nic_sends(b, f, sizeof f);
    answer(b);
    assert_int_equal(frame_asm_verdict(&b->got), 0);
    assert_memory_equal(b->got.buf, mac, 6);
    assert_int_equal(b->got.buf[13], 6);            /* ARP */
    assert_int_equal(b->got.buf[21], 2);            /* reply */
    assert_int_equal(b->got.buf[31], 2);            /* from 10.0.2.2 */
}

static void test_router_answers_arp(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    arp(&b);
    assert_int_equal(b.w->stats.from_nic_frames, 1);
    assert_int_equal(b.w->stats.from_nic_octets, 64);
    assert_int_equal(b.w->stats.to_nic_frames, 1);
    assert_int_equal(b.w->stats.to_nic_octets, b.got.len);
    teardown(&b);
}

static uint16_t sum(const uint8_t *p, unsigned n)
{
    uint32_t s = 0;
    for (unsigned i = 0; i < n; i += 2)
        s += (uint32_t)p[i] << 8 | p[i + 1];
    while (s >> 16)
        s = (s & 0xFFFF) + (s >> 16);
    return (uint16_t)~s;
}

/* Ethernet and IPv4 headers of a packet of @len octets to the router. */
static void ip_head(struct bench *b, uint8_t *f, uint8_t len, uint8_t protocol)
{
    const uint8_t ip[20] = { 0x45, 0, 0, len, 0, 1, 0, 0, 64, protocol, 0, 0,
                             10, 0, 2, 15, 10, 0, 2, 2 };
    memcpy(f, b->got.buf + 6, 6);                   /* who answered ARP */
    memcpy(f + 6, mac, 6);
    f[12] = 8;
    memcpy(f + 14, ip, sizeof ip);
    uint16_t s = sum(f + 14, 20);
    f[24] = (uint8_t)(s >> 8);
    f[25] = (uint8_t)s;
}

static void test_router_answers_echo(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    arp(&b);
    uint8_t f[98] = { 0 };
    ip_head(&b, f, 84, 1);
    f[34] = 8;
    for (unsigned i = 42; i < 98; i++)
        f[i] = (uint8_t)i;
    uint16_t s = sum(f + 34, 64);
    f[36] = (uint8_t)(s >> 8);
    f[37] = (uint8_t)s;
    nic_sends(&b, f, sizeof f);
    answer(&b);
    assert_int_equal(frame_asm_verdict(&b.got), 0);
    assert_int_equal(b.got.len, 102);
    assert_int_equal(b.got.buf[34], 0);             /* echo reply */
    assert_int_equal(sum(b.got.buf + 34, 64), 0);   /* complete: its own checksum */
    assert_memory_equal(b.got.buf + 42, f + 42, 56);
    teardown(&b);
}

/* Sockets are left alone while the NIC has no room for what they hold. */
static void test_full_queue_stops_reading(void **state)
{
    (void)state;
    struct bench b;
    struct pollfd fds[16];
    int timeout_ms = 50;
    /* A datagram from port 5 to port 9 opens a socket of libslirp. */
    uint8_t f[60] = { [35] = 5, [37] = 9, [39] = 8 };
    setup(&b);
    arp(&b);
    ip_head(&b, f, 28, 17);
    nic_sends(&b, f, sizeof f);
    assert_int_equal(b.w->ops->pollfds(b.w, fds, 16, &timeout_ms), 1);
    b.w->ops->ready(b.w, fds, 1);
    while (wire_frames_arrived((struct wire_frames *)b.w, f, sizeof f) == 0)
        ;
    assert_int_equal(b.w->stats.to_nic_dropped, 1);
    assert_int_equal(b.w->ops->pollfds(b.w, fds, 16, &timeout_ms), 0);
    b.w->ops->ready(b.w, fds, 0);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router_answers_arp),
        cmocka_unit_test(test_router_answers_echo),
        cmocka_unit_test(test_full_queue_stops_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
