/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_peer.c - the cable between two PHYs, symbol by symbol: delay, both
 * directions at once, and what it says about bad frames.
 */
#include "sim/pcapng.h"
#include "sim/wire_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LEN 64u
#define SYMBOLS (8u + LEN)

struct cable {
    struct world *world;
    struct wire *w;
    uint64_t t;
};

static void cable_open(struct cable *c)
{
    char why[WIRE_WHY_BYTES];
    c->world = world_create(1, true);
    assert_non_null(c->world);
    assert_int_equal(wire_peer_open(&c->w, c->world, why), 0);
    c->t = SYM_PS;
}

static void cable_close(struct cable *c)
{
    wire_close(c->w);
    world_destroy(c->world);
}

/* Octets of one frame with preamble; @number makes it different from others. */
static void make(uint8_t *b, uint8_t number)
{
    memset(b, 0x55, 7);
    b[7] = 0xD5;
    for (unsigned i = 0; i < LEN - 4; i++)
        b[8 + i] = (uint8_t)(i * 11 + number);
    uint32_t fcs = frame_fcs(b + 8, LEN - 4);
    for (unsigned i = 0; i < 4; i++)
        b[8 + LEN - 4 + i] = (uint8_t)(fcs >> 8 * i);
}

static struct sym octet(const uint8_t *b, unsigned i)
{
    struct sym s = { .dv = i < SYMBOLS };
    if (s.dv)
        s.data = b[i];
    return s;
}

/* One edge of both PHYs, port 0 first: it must not matter. */
static void edge(struct cable *c, const struct sym out[2], struct sym in[2])
{
    for (unsigned port = 0; port < 2; port++) {
        in[port] = c->w->ops->in(c->w, port, c->t);
        c->w->ops->out(c->w, port, c->t, &out[port]);
    }
    c->t += SYM_PS;
}

static void test_a_symbol_takes_eight_nanoseconds(void **state)
{
    (void)state;
    struct cable c;
    cable_open(&c);
    const struct wire_ops *ops = c.w->ops;
    struct sym s = { .data = 0x5A, .dv = 1 };
    assert_int_equal(ops->in_next(c.w, 1), SIM_NEVER);
    ops->out(c.w, 0, 1000000, &s);
    assert_int_equal(ops->in_next(c.w, 1), 1008000);
    assert_int_equal(ops->in_next(c.w, 0), SIM_NEVER);
    assert_int_equal(ops->in(c.w, 1, 1000000).dv, 0);       /* not at once */
    assert_int_equal(ops->in(c.w, 1, 1007999).dv, 0);
    assert_int_equal(ops->in(c.w, 0, 1008000).dv, 0);       /* not to who sent it */
    struct sym got = ops->in(c.w, 1, 1008000);
    assert_int_equal(got.dv, 1);
    assert_int_equal(got.data, 0x5A);
    assert_int_equal(got.crs, 1);
    assert_int_equal(got.col, 0);                           /* full duplex */
    assert_int_equal(ops->in(c.w, 1, 1016000).dv, 0);       /* once only */
    s = (struct sym){ .data = 0x12, .dv = 1, .er = 1 };
    ops->out(c.w, 1, 2000000, &s);
    got = ops->in(c.w, 0, 2008000);
    assert_int_equal(got.er, 1);                            /* errors cross as they are */
    cable_close(&c);
}

static void test_frames_cross_at_once(void **state)
{
    (void)state;
    struct cable c;
    uint8_t b[2][SYMBOLS];
    unsigned got[2] = { 0 };
    cable_open(&c);
    make(b[0], 1);
    make(b[1], 2);
    for (unsigned i = 0; i < SYMBOLS + 2; i++) {
        struct sym out[2] = { octet(b[0], i), octet(b[1], i) }, in[2];
        edge(&c, out, in);
        for (unsigned port = 0; port < 2; port++)
            if (in[port].dv) {
                assert_int_equal(i, got[port] + 1);         /* one edge later */
                assert_int_equal(in[port].data, b[!port][got[port]++]);
            }
    }
    assert_int_equal(got[0], SYMBOLS);
    assert_int_equal(got[1], SYMBOLS);
    assert_int_equal(c.w->stats.from_nic_frames, 2);
    assert_int_equal(c.w->stats.from_nic_octets, 2 * LEN);
    assert_int_equal(c.w->stats.to_nic_frames, 2);
    assert_int_equal(c.w->stats.from_nic_bad, 0);
    assert_string_equal(c.w->error, "");
    cable_close(&c);
}

/* A bad frame is delivered as it is, counted, and fails the run. */
static void test_bad_frames_fail_the_wire(void **state)
{
    (void)state;
    struct cable c;
    uint8_t b[SYMBOLS];
    unsigned got = 0;
    cable_open(&c);
    make(b, 3);
    b[30] ^= 0x10;
    for (unsigned i = 0; i < SYMBOLS + 2; i++) {
        struct sym out[2] = { { 0 }, octet(b, i) }, in[2];
        edge(&c, out, in);
        got += in[0].dv;
    }
    assert_int_equal(got, SYMBOLS);
    assert_int_equal(c.w->stats.from_nic_bad, 1);
    assert_int_equal(c.w->stats.from_nic_frames, 0);
    assert_int_equal(c.w->stats.to_nic_frames, 0);
    assert_non_null(strstr(c.w->error, "peer: the NIC sent a frame with a wrong FCS"));
    cable_close(&c);
}

/* A NIC that is not there, or was unplugged, does not stop the other. */
static void test_nobody_listens(void **state)
{
    (void)state;
    struct cable c;
    uint8_t b[SYMBOLS];
    cable_open(&c);
    make(b, 4);
    for (unsigned k = 0; k < 3 * 84; k++, c.t += SYM_PS) {
        struct sym s = octet(b, k % 84);
        c.w->ops->out(c.w, 0, c.t, &s);
    }
    assert_int_equal(c.w->stats.from_nic_frames, 3);
    assert_string_equal(c.w->error, "");
    /* Who is plugged in now sees the newest symbols of the cable, and no more. */
    unsigned n = 0;
    for (; c.w->ops->in_next(c.w, 1) != SIM_NEVER; n++)
        assert_int_equal(c.w->ops->in(c.w, 1, c.t).data, b[8 + n]);
    assert_int_equal(n, 64);
    cable_close(&c);
}

/* The far capture sees what the NIC on port 1 sees and sends. */
static void test_far_capture(void **state)
{
    (void)state;
    struct cable c;
    struct pcapng *cap;
    char path[] = "/tmp/lanyard-test-XXXXXX";
    uint8_t b[2][SYMBOLS];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    cable_open(&c);
    assert_int_equal(pcapng_open(&cap, path, false), 0);
    wire_set_far_capture(c.w, cap);
    make(b[0], 1);
    make(b[1], 2);
    for (unsigned i = 0; i < SYMBOLS + 4; i++) {
        struct sym out[2] = { octet(b[0], i), octet(b[1], i < 2 ? SYMBOLS : i - 2) }, in[2];
        edge(&c, out, in);
    }
    cable_close(&c);
    assert_int_equal(pcapng_frames(cap), 2);
    assert_int_equal(pcapng_close(cap), 0);
    uint8_t file[1024];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(remove(path), 0);
    /* The last two blocks of the file: in (SFD at edge 9), then out (edge 10). */
    size_t block = 12 + 20 + LEN + 8 + 4;
    assert_true(n > 2 * block);
    const uint8_t *in = file + n - 2 * block, *out = file + n - block;
    assert_int_equal(in[16], 9 * 8);
    assert_memory_equal(in + 28, b[0] + 8, LEN);
    assert_int_equal(in[28 + LEN + 4], 0x81);
    assert_int_equal(out[16], 10 * 8);
    assert_memory_equal(out + 28, b[1] + 8, LEN);
    assert_int_equal(out[28 + LEN + 4], 0x82);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_symbol_takes_eight_nanoseconds),
        cmocka_unit_test(test_frames_cross_at_once),
        cmocka_unit_test(test_bad_frames_fail_the_wire),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_far_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
