/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_switch.c - the learning switch, frame by frame: where each goes, when, and which
 * never cross. A naive twin (a list of addresses) judges random traffic.
 */
#include "sim/pcapng.h"
#include "sim/wire_frames.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PORTS 4u
#define LEN 64u
#define LEAD 8u
#define LATENCY_PS 1000000u
#define SECOND_PS 1000000000000ull

struct lab {
    struct world *world;
    struct wire *w;
    uint64_t t;
    struct frame_asm got[WIRE_PORTS_MAX];   /* what came last on each port */
    unsigned count[WIRE_PORTS_MAX];
    uint64_t first_ps[WIRE_PORTS_MAX];      /* first symbol of the one that came last */
};

static void lab_open(struct lab *l, unsigned ports)
{
    char why[WIRE_WHY_BYTES];
    memset(l, 0, sizeof *l);
    l->world = world_create(1, true);
    assert_non_null(l->world);
    assert_int_equal(wire_switch_open(&l->w, l->world, ports, why), 0);
    l->t = SYM_PS;
}

static void lab_close(struct lab *l)
{
    wire_close(l->w);
    world_destroy(l->world);
}

/* Frame from address @sa to @da, @len octets with FCS, different for each @number. */
static void make(uint8_t *b, uint64_t da, uint64_t sa, unsigned len, unsigned number)
{
    for (unsigned i = 0; i < 6; i++) {
        b[i] = (uint8_t)(da >> 8 * (5 - i));
        b[6 + i] = (uint8_t)(sa >> 8 * (5 - i));
    }
    b[12] = 0x88;
    b[13] = 0xB5;
    for (unsigned i = 14; i < len - 4; i++)
        b[i] = (uint8_t)(i * 7 + number * 13);
    uint32_t fcs = frame_fcs(b, len - 4);
    for (unsigned i = 0; i < 4; i++)
        b[len - 4 + i] = (uint8_t)(fcs >> 8 * i);
}

/* Every port takes its symbol of this edge. */
static void listen(struct lab *l, unsigned ports)
{
    for (unsigned p = 0; p < ports; p++) {
        struct sym s = l->w->ops->in(l->w, p, l->t);
        if (s.dv && !l->got[p].in)
            l->first_ps[p] = l->t;
        l->count[p] += frame_asm_sym(&l->got[p], l->t, &s);
    }
}

/* @b goes in by @port; meanwhile all others listen. Returns when its end was seen. */
static uint64_t send(struct lab *l, unsigned port, const uint8_t *b, unsigned len, uint8_t fault)
{
    for (unsigned i = 0; i <= LEAD + len; i++, l->t += SYM_PS) {
        struct sym s = { .dv = i < LEAD + len, .fault = fault };
        s.data = i < LEAD - 1 ? 0x55 : i == LEAD - 1 ? 0xD5 : s.dv ? b[i - LEAD] : 0;
        l->w->ops->out(l->w, port, l->t, &s);
        listen(l, PORTS);
    }
    uint64_t end = l->t - SYM_PS;
    for (unsigned i = 0; i < ETH_GAP_BYTES; i++, l->t += SYM_PS)
        listen(l, PORTS);
    return end;
}

/* Until nothing is on its way. */
static void drain(struct lab *l)
{
    for (unsigned idle = 0; idle < 200; l->t += SYM_PS) {
        bool busy = false;
        listen(l, PORTS);
        for (unsigned p = 0; p < PORTS; p++)
            busy |= l->w->ops->in_next(l->w, p) != SIM_NEVER || l->got[p].in;
        idle = busy ? 0 : idle + 1;
    }
}

/* Who got something since the last question: bit i is port i. */
static unsigned heard(struct lab *l)
{
    unsigned mask = 0;
    drain(l);
    for (unsigned p = 0; p < PORTS; p++) {
        mask |= (l->count[p] > 0 ? 1u : 0) << p;
        assert_true(l->count[p] <= 1);
        l->count[p] = 0;
    }
    return mask;
}

static unsigned pass(struct lab *l, unsigned port, uint64_t da, uint64_t sa)
{
    uint8_t b[LEN];
    make(b, da, sa, LEN, (unsigned)sa);
    send(l, port, b, LEN, 0);
    return heard(l);
}

#define A 0x020000000001u
#define B 0x020000000002u
#define C 0x020000000003u
#define ALL 0xFFFFFFFFFFFFu
#define GROUP 0x01005E000001u

static void learns_and_floods(void **state)
{
    (void)state;
    struct lab l;
    lab_open(&l, PORTS);
    const struct wire_switch_stats *n = l.w->bridge;
    assert_int_equal(pass(&l, 0, B, A), 0xE);       /* unknown: all but its own port */
    assert_int_equal(pass(&l, 2, A, B), 0x1);
    assert_int_equal(pass(&l, 0, B, A), 0x4);
    assert_int_equal(pass(&l, 1, ALL, C), 0xD);
    assert_int_equal(pass(&l, 1, GROUP, C), 0xD);
    assert_int_equal(n->flooded, 3);
    assert_int_equal(n->forwarded, 2);
    assert_int_equal(n->learned, 3);
    assert_int_equal(pass(&l, 2, B, A), 0);         /* A moved to B's side: nothing to do */
    assert_int_equal(n->filtered, 1);
    assert_int_equal(n->moved, 1);
    assert_int_equal(pass(&l, 1, A, C), 0x4);
    assert_int_equal(pass(&l, 3, B, GROUP), 0x4);   /* no station has that address */
    assert_int_equal(n->learned, 3);
    assert_string_equal(l.w->error, "");
    lab_close(&l);
}

static void forgets_after_300_seconds(void **state)
{
    (void)state;
    struct lab l;
    lab_open(&l, PORTS);
    assert_int_equal(pass(&l, 0, B, A), 0xE);
    l.t += 300 * SECOND_PS - SECOND_PS / 1000;
    assert_int_equal(pass(&l, 1, A, B), 0x1);
    assert_int_equal(pass(&l, 0, C, A), 0xE);       /* seen again: fresh */
    l.t += 300 * SECOND_PS - SECOND_PS / 1000;
    assert_int_equal(pass(&l, 2, A, C), 0x1);
    l.t += SECOND_PS / 100;
    assert_int_equal(pass(&l, 2, A, C), 0xB);
    assert_int_equal(l.w->bridge->aged, 1);
    lab_close(&l);
}

/* Whole and unchanged, FCS included; first bit a latency after the last one came in. */
static void stores_and_forwards(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[ETH_MAX_BYTES + ETH_TAG_BYTES];
    static const unsigned lens[] = { 64, 65, 777, 1518, 1522 };
    lab_open(&l, PORTS);
    pass(&l, 1, ALL, B);
    for (unsigned i = 0; i < 5; i++) {
        make(b, B, A, lens[i], i);
        if (lens[i] > ETH_MAX_BYTES) {              /* only a tagged one may be so long */
            b[12] = 0x81;
            b[13] = 0;
            uint32_t fcs = frame_fcs(b, lens[i] - 4);
            for (unsigned k = 0; k < 4; k++)
                b[lens[i] - 4 + k] = (uint8_t)(fcs >> 8 * k);
        }
        uint64_t end = send(&l, 0, b, lens[i], 0);
        assert_int_equal(heard(&l), 0x2);
        assert_int_equal(l.first_ps[1], end + LATENCY_PS);
        assert_int_equal(l.got[1].len, lens[i]);
        assert_memory_equal(l.got[1].buf, b, lens[i]);
        assert_int_equal(frame_asm_verdict(&l.got[1]), 0);
    }
    lab_close(&l);
}

static void bad_frames_end_here(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[LEN];
    lab_open(&l, PORTS);
    make(b, ALL, A, LEN, 1);
    b[20] ^= 1;
    send(&l, 0, b, LEN, FAULT_BIT(FAULT_CORRUPT));
    assert_int_equal(heard(&l), 0);
    assert_int_equal(l.w->bridge->dropped_bad, 1);
    assert_int_equal(l.w->bridge->learned, 0);      /* who knows whose it was */
    assert_string_equal(l.w->error, "");            /* it was planted */
    make(b, ALL, A, LEN, 2);
    send(&l, 0, b, LEN - 1, FAULT_BIT(FAULT_CORRUPT));
    assert_int_equal(heard(&l), 0);
    assert_int_equal(l.w->bridge->dropped_bad, 2);
    make(b, ALL, A, LEN, 3);
    send(&l, 0, b, LEN, FAULT_BIT(FAULT_INNER));    /* a good FCS: as a switch does, */
    assert_int_equal(heard(&l), 0xE);
    assert_int_equal(l.got[1].fault, FAULT_BIT(FAULT_INNER));   /* and still marked */
    b[20] ^= 1;
    send(&l, 0, b, LEN, 0);
    assert_int_equal(heard(&l), 0);
    assert_non_null(strstr(l.w->error, "switch: the NIC sent a frame with a wrong FCS"));
    lab_close(&l);
}

static void reserved_addresses_stay(void **state)
{
    (void)state;
    struct lab l;
    lab_open(&l, PORTS);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(pass(&l, 0, 0x0180C2000000u + i, A), 0);
    assert_int_equal(l.w->bridge->reserved, 16);
    assert_int_equal(l.w->bridge->paused, 0);       /* of another type than MAC control */
    assert_int_equal(pass(&l, 0, 0x0180C2000010u, A), 0xE);
    assert_int_equal(pass(&l, 1, A, B), 0x1);       /* they taught where A is */
    lab_close(&l);
}

static void send_pause(struct lab *l, unsigned port, uint64_t sa, unsigned quanta)
{
    uint8_t b[LEN];
    make(b, 0x0180C2000001u, sa, LEN, 0);
    static const uint8_t head[4] = { 0x88, 0x08, 0x00, 0x01 };
    memcpy(b + 12, head, 4);
    b[16] = (uint8_t)(quanta >> 8);
    b[17] = (uint8_t)quanta;
    uint32_t fcs = frame_fcs(b, LEN - 4);
    for (unsigned i = 0; i < 4; i++)
        b[LEN - 4 + i] = (uint8_t)(fcs >> 8 * i);
    send(l, port, b, LEN, 0);
}

static void pause_holds_a_port(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[LEN];
    lab_open(&l, PORTS);
    make(b, ALL, A, LEN, 1);
    send_pause(&l, 1, B, 100);
    uint64_t came = l.t - (ETH_GAP_BYTES + 1) * SYM_PS;
    uint64_t end = send(&l, 0, b, LEN, 0);
    assert_int_equal(heard(&l), 0xE);
    assert_int_equal(l.first_ps[1], came + 100 * 64 * SYM_PS);
    assert_int_equal(l.first_ps[2], end + LATENCY_PS);
    assert_int_equal(l.w->bridge->paused, 1);
    send_pause(&l, 1, B, 65535);
    send_pause(&l, 1, B, 0);                             /* XON */
    end = send(&l, 0, b, LEN, 0);
    assert_int_equal(heard(&l), 0xE);
    assert_int_equal(l.first_ps[1], end + LATENCY_PS);
    lab_close(&l);
}

/* Two ports at line rate towards a third: half must go. Nothing is doubled or reordered. */
static void full_queue_drops_the_newest(void **state)
{
    (void)state;
    struct lab l;
    enum { FRAMES = 200 };
    static uint8_t b[2][FRAMES][LEN];
    unsigned next[2] = { 0 }, came = 0;
    lab_open(&l, PORTS);
    pass(&l, 2, ALL, C);
    for (unsigned i = 0; i < FRAMES; i++) {
        make(b[0][i], C, A, LEN, 2 * i);
        make(b[1][i], C, B, LEN, 2 * i + 1);
    }
    unsigned slot = LEAD + LEN + ETH_GAP_BYTES;
    for (unsigned k = 0; k < FRAMES * slot || l.w->ops->in_next(l.w, 2) != SIM_NEVER ||
                         l.got[2].in; k++, l.t += SYM_PS) {
        unsigned i = k % slot, f = k / slot;
        for (unsigned p = 0; p < 2 && f < FRAMES && i <= LEAD + LEN; p++) {
            struct sym s = { .dv = i < LEAD + LEN };
            s.data = i < LEAD - 1 ? 0x55 : i == LEAD - 1 ? 0xD5 : s.dv ? b[p][f][i - LEAD] : 0;
            l.w->ops->out(l.w, p, l.t, &s);
        }
        struct sym s = l.w->ops->in(l.w, 2, l.t);
        if (!frame_asm_sym(&l.got[2], l.t, &s))
            continue;
        assert_int_equal(frame_asm_verdict(&l.got[2]), 0);
        unsigned p = l.got[2].buf[11] - 1u;
        assert_true(p < 2);
        while (next[p] < FRAMES && memcmp(b[p][next[p]], l.got[2].buf, LEN) != 0)
            next[p]++;
        assert_true(next[p]++ < FRAMES);
        came++;
    }
    assert_int_equal(came + l.w->bridge->dropped_full, 2 * FRAMES);
    assert_true(came >= FRAMES + 60 && came <= FRAMES + 70);        /* 64 wait at the end */
    lab_close(&l);
}

/* --- the twin ------------------------------------------------------------------------- */

#define ADDRESSES 40u

struct known { bool used; unsigned port; uint64_t at; };

static void as_a_naive_twin(void **state)
{
    (void)state;
    struct lab l;
    struct known known[ADDRESSES] = { 0 };
    struct sim_rng rng = { seed_of_run() };
    lab_open(&l, PORTS);
    for (unsigned i = 0; i < 4000; i++) {
        unsigned sa = (unsigned)(sim_rng_next(&rng) % ADDRESSES);
        unsigned da = (unsigned)(sim_rng_next(&rng) % ADDRESSES);
        unsigned port = sa % PORTS;
        if (sim_rng_next(&rng) % 8 == 0)
            port = (unsigned)(sim_rng_next(&rng) % PORTS);
        bool group = sim_rng_next(&rng) % 10 == 0;
        uint64_t to = group ? 0x330000000000u + da : 0x0a0000000000u + da;
        if (sim_rng_next(&rng) % 50 == 0)
            l.t += SECOND_PS / SYM_PS * SYM_PS * (1 + sim_rng_next(&rng) % 200);
        uint64_t now = l.t + (LEAD + LEN) * SYM_PS;         /* when its end is seen */
        known[sa] = (struct known){ true, port, now };
        unsigned want = 0xFu & ~(1u << port);
        if (!group && known[da].used && now - known[da].at <= 300 * SECOND_PS)
            want = known[da].port == port ? 0 : 1u << known[da].port;
        assert_int_equal(pass(&l, port, to, 0x0a0000000000u + sa), want);
    }
    assert_int_equal(l.w->bridge->evicted, 0);
    assert_true(l.w->bridge->aged > 0 && l.w->bridge->moved > 0 && l.w->bridge->filtered > 0);
    lab_close(&l);
}

/* More addresses than places: whoever was silent for longest goes, and is flooded to. */
static void full_table(void **state)
{
    (void)state;
    struct lab l;
    lab_open(&l, PORTS);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(pass(&l, 0, B, 0x060000000000u + i), 0xE);
    assert_true(l.w->bridge->evicted >= 3000 - 1024 && l.w->bridge->evicted < 3000);
    assert_int_equal(pass(&l, 1, 0x060000000000u + 2999, B), 0x1);
    assert_int_equal(pass(&l, 1, 0x060000000000u, B), 0xD);
    lab_close(&l);
}

static void far_capture_is_of_port_1(void **state)
{
    (void)state;
    struct lab l;
    struct pcapng *cap;
    char path[] = "/tmp/lanyard-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    lab_open(&l, PORTS);
    assert_int_equal(pcapng_open(&cap, path, false), 0);
    wire_set_far_capture(l.w, cap);
    pass(&l, 0, ALL, A);
    pass(&l, 1, A, B);
    pass(&l, 2, A, C);
    assert_int_equal(pcapng_frames(cap), 2);
    lab_close(&l);
    assert_int_equal(pcapng_close(cap), 0);
    assert_int_equal(remove(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_floods),
        cmocka_unit_test(forgets_after_300_seconds),
        cmocka_unit_test(stores_and_forwards),
        cmocka_unit_test(bad_frames_end_here),
        cmocka_unit_test(reserved_addresses_stay),
        cmocka_unit_test(pause_holds_a_port),
        cmocka_unit_test(full_queue_drops_the_newest),
        cmocka_unit_test(as_a_naive_twin),
        cmocka_unit_test(full_table),
        cmocka_unit_test(far_capture_is_of_port_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
