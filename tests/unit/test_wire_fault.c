/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_fault.c - the plan of --fault, frame by frame: numbered frames go in on one
 * side, what comes out on the other is compared with a list. Both directions.
 */
#include "driver/be.h"
#include "sim/pcapng.h"
#include "sim/wire_fault.h"
#include "sim/wire_frames.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN 100u                /* DA..FCS: a UDP packet of 54 octets of payload */
#define PAYLOAD (14u + 20u + 8u)
#define OUT_MAX 64u
#define MS 1000000000ull
#define US 1000000ull

struct got {
    unsigned number;
    uint64_t at, lasts_ps;      /* SFD; first symbol to last */
    unsigned bits;
    uint32_t bad;
    bool fcs, inside;
    uint8_t fault;
};

/* The inner wire is a stub: a feed towards the NIC, an assembler from it. */
struct lab {
    struct wire inner;          /* first */
    struct world *world;
    struct wire *w;
    struct frame_feed *feed;    /* what the inner wire brings (rx), or the NIC sends (tx) */
    struct frame_asm end;       /* at the other end of it all */
    bool tx, sending;
    bool any_len;               /* frames are counted only */
    unsigned er_in;             /* rx: the frame, from 1, whose last octet has an error; 0: none */
    unsigned in_n;              /* frames that the inner wire has begun to bring */
    bool in_dv;
    uint64_t t;
    unsigned n;
    struct got got[OUT_MAX];
};

static void frame_make(uint8_t b[LEN], unsigned number)
{
    memset(b, 0, LEN);
    b[0] = 2;
    b[12] = 8;
    b[14] = 0x45;
    b[17] = LEN - 4 - 14;       /* total length */
    b[23] = 17;
    b[39] = LEN - 4 - 14 - 20;  /* UDP length */
    b[40] = 0xAB;               /* a checksum: not 0; nobody verifies it here */
    for (unsigned i = PAYLOAD; i < LEN - 4; i++)
        b[i] = (uint8_t)(i * 7 + number);
    b[6] = (uint8_t)number;     /* in SA */
    struct le32 fcs = le32_put(frame_fcs(b, LEN - 4));
    memcpy(b + LEN - 4, &fcs, 4);
}

/* What came, told by the frame that it is nearest to. */
static void took(struct lab *l)
{
    const struct frame_asm *a = &l->end;
    struct got g = { .at = a->sfd_ps, .lasts_ps = a->last_ps - a->first_ps, .bits = 999,
                     .bad = frame_asm_verdict(a), .inside = true, .fault = a->fault };
    assert_true(l->n < OUT_MAX);
    if (l->any_len) {
        l->got[l->n++] = g;
        return;
    }
    assert_int_equal(a->len, LEN);
    for (unsigned number = 1; number < 40; number++) {
        uint8_t want[LEN];
        unsigned bits = 0;
        bool inside = true;
        frame_make(want, number);
        for (unsigned i = 0; i < LEN; i++) {
            unsigned d = (unsigned)__builtin_popcount(want[i] ^ a->buf[i]);
            bits += i < LEN - 4 ? d : 0;
            inside &= d == 0 || i >= PAYLOAD;
        }
        if (bits < g.bits) {
            g.number = number;
            g.bits = bits;
            g.inside = inside;
        }
    }
    struct le32 fcs;
    memcpy(&fcs, a->buf + LEN - 4, 4);
    g.fcs = le32_get(fcs) == frame_fcs(a->buf, LEN - 4);
    l->got[l->n++] = g;
}

static void hear(struct lab *l, uint64_t t, const struct sym *s)
{
    if (frame_asm_sym(&l->end, t, s))
        took(l);
}

static void stub_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    assert_int_equal(port, 0);
    hear((struct lab *)w, t, s);
}

static struct sym stub_in(struct wire *w, unsigned port, uint64_t t)
{
    struct lab *l = (struct lab *)w;
    (void)port;
    if (l->tx)
        return (struct sym){ 0 };
    struct sym s = frame_feed_in(l->feed, t, wire_sym_ps(w));
    l->in_n += s.dv && !l->in_dv;
    l->in_dv = s.dv;
    s.er = s.dv && l->in_n == l->er_in;
    return s;
}

static uint64_t stub_in_next(struct wire *w, unsigned port)
{
    struct lab *l = (struct lab *)w;
    (void)port;
    return l->tx ? SIM_NEVER : frame_feed_next(l->feed);
}

static void stub_close(struct wire *w)
{
    (void)w;
}

static const struct wire_ops stub = { .name = "stub", .out = stub_out, .in = stub_in,
                                      .in_next = stub_in_next, .close = stub_close };

static void lab_open(struct lab *l, bool tx, const char *text, uint64_t seed)
{
    char why[FAULT_WHY_BYTES];
    struct fault_plan plan;
    memset(l, 0, sizeof *l);
    l->world = world_create(seed, true);
    l->feed = frame_feed_create();
    assert_true(l->world && l->feed);
    l->tx = tx;
    l->inner = (struct wire){ .ops = &stub, .world = l->world };
    assert_int_equal(fault_parse(&plan, FAULT_ON_WIRE, text, why), 0);
    assert_int_equal(wire_fault_open(&l->w, &l->inner, &plan), 0);
}

static void lab_close(struct lab *l)
{
    assert_string_equal(l->w->error, "");
    wire_close(l->w);
    frame_feed_destroy(l->feed);
    world_destroy(l->world);
}

/* One edge of the NIC for each symbol. It sleeps as a NIC may: only where in_next() lets it. */
static void until(struct lab *l, uint64_t end)
{
    for (; l->t < end; l->t += wire_sym_ps(l->w)) {
        (void)world_run(l->world, l->t, 0);
        if (l->tx) {
            struct sym s = frame_feed_in(l->feed, l->t, wire_sym_ps(l->w));
            if (s.dv || l->sending)
                l->w->ops->out(l->w, 0, l->t, &s);
            l->sending = s.dv;
        } else if (l->sending || l->w->ops->in_next(l->w, 0) <= l->t) {
            struct sym s = l->w->ops->in(l->w, 0, l->t);
            hear(l, l->t, &s);
            l->sending = s.dv;
        }
    }
}

/* @count frames, one in @gap_us, and 3 ms. */
static void send(struct lab *l, unsigned count, uint64_t gap_us)
{
    for (unsigned i = 1; i <= count; i++) {
        uint8_t b[LEN];
        frame_make(b, i);
        assert_int_equal(frame_feed_put_raw(l->feed, l->t, b, LEN, 0), 0);
        until(l, l->t + gap_us * US);
    }
    until(l, l->t + 3 * MS);
}

/* @want: numbers of frames, 0 at the end. Every one but those in @changed (a bit each) whole. */
static void expect(const struct lab *l, const unsigned *want, uint64_t changed)
{
    unsigned i = 0;
    for (; want[i]; i++) {
        assert_true(i < l->n);
        assert_int_equal(l->got[i].number, want[i]);
        if (!(changed >> want[i] & 1))
            assert_true(l->got[i].bits == 0 && l->got[i].fcs);
    }
    assert_int_equal(l->n, i);
}

static const uint64_t *stats(const struct lab *l)
{
    return l->tx ? l->w->stats.fault_tx : l->w->stats.fault_rx;
}

#define LIST(...) (const unsigned[]){ __VA_ARGS__, 0 }

/* Of each direction: the plan, what comes of 10 frames, and how often the kind is counted. */
static void order(void **state)
{
    static const struct { const char *plan; unsigned want[16]; enum fault_kind kind; unsigned n; }
    rows[] = {
        { "loss=@3", { 1, 2, 4, 5, 6, 7, 8, 9, 10 }, FAULT_LOSS, 1 },
        { "loss=@3-5,loss=@9-", { 1, 2, 6, 7, 8 }, FAULT_LOSS, 5 },
        { "loss=100%", { 0 }, FAULT_LOSS, 10 },
        { "dup=@3-4", { 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10 }, FAULT_DUP, 2 },
        { "reorder=@3", { 1, 2, 4, 3, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "reorder=@3-4", { 1, 2, 4, 3, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "reorder=@10", { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, FAULT_REORDER, 1 },
        { "reorder=@3,loss=@4", { 1, 2, 5, 3, 6, 7, 8, 9, 10 }, FAULT_LOSS, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int tx = 0; tx < 2; tx++) {
            struct lab l;
            lab_open(&l, tx, rows[i].plan, 1);
            send(&l, 10, 10);
            expect(&l, rows[i].want, 0);
            assert_int_equal(stats(&l)[rows[i].kind], rows[i].n);
            lab_close(&l);
        }
}

static void other_direction_untouched(void **state)
{
    (void)state;
    for (int tx = 0; tx < 2; tx++) {
        struct lab l;
        lab_open(&l, tx, tx ? "rx.loss=@1-" : "tx.loss=@1-", 1);
        send(&l, 3, 10);
        expect(&l, LIST(1, 2, 3), 0);
        lab_close(&l);
    }
}

/* One to three bits, all counts occur, never a good FCS; marked, others not. */
static void corrupt(void **state)
{
    const uint64_t first = seed_of_run();
    unsigned seen[5] = { 0 };
    (void)state;
    for (uint64_t seed = first; seed < first + 60; seed++) {
        struct lab l;
        lab_open(&l, seed % 2, "corrupt=@2", seed);
        send(&l, 3, 10);
        expect(&l, LIST(1, 2, 3), 1u << 2);
        assert_false(l.got[1].fcs);
        assert_true(l.got[1].bits <= 3);
        seen[l.got[1].bits]++;
        assert_int_equal(l.got[1].fault, FAULT_BIT(FAULT_CORRUPT));
        assert_int_equal(l.got[0].fault | l.got[2].fault, 0);
        assert_int_equal(stats(&l)[FAULT_CORRUPT], 1);
        lab_close(&l);
    }
    assert_true(seen[1] && seen[2] && seen[3]);
}

static void corrupt_inner(void **state)
{
    const uint64_t first = seed_of_run();
    (void)state;
    for (uint64_t seed = first; seed < first + 40; seed++) {
        struct lab l;
        lab_open(&l, seed % 2, "corrupt-inner=@2", seed);
        send(&l, 3, 10);
        expect(&l, LIST(1, 2, 3), 1u << 2);
        assert_true(l.got[1].fcs && l.got[1].inside);
        assert_int_equal(l.got[1].bits, 1);
        assert_int_equal(stats(&l)[FAULT_INNER], 1);
        lab_close(&l);
    }
}

static void flap(void **state)
{
    (void)state;
    for (int tx = 0; tx < 2; tx++) {
        struct lab l;
        lab_open(&l, tx, "flap@3:1", 1);
        send(&l, 20, 100);      /* frames 3 to 12 or 13 fall into that millisecond */
        assert_in_range(stats(&l)[FAULT_FLAP], 9, 11);
        assert_int_equal(l.n, 20 - stats(&l)[FAULT_FLAP]);
        assert_int_equal(l.got[2].number, 3 + stats(&l)[FAULT_FLAP]);
        lab_close(&l);
    }
}

/* The delay comes on top of the frame time that taking a frame whole costs. */
static void timing(void **state)
{
    uint64_t plain[2], first, last;
    (void)state;
    for (int tx = 0; tx < 2; tx++) {
        struct lab l;
        lab_open(&l, tx, "loss=@99", 1);
        send(&l, 10, 10);
        plain[tx] = l.got[0].at;
        lab_close(&l);
        lab_open(&l, tx, "delay=100", 1);
        send(&l, 10, 10);
        expect(&l, LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0);
        assert_int_equal(l.got[0].at - plain[tx], 100 * US);
        lab_close(&l);
        lab_open(&l, tx, "rate=10", 1);     /* 100 octets last 80 us */
        send(&l, 10, 10);
        first = l.got[0].at;
        last = l.got[9].at;
        assert_in_range(last - first, 9 * 80 * US, 9 * 80 * US + 9 * SYM_PS);
        lab_close(&l);
        lab_open(&l, tx, "jitter=50", 1);
        send(&l, 10, 10);
        expect(&l, LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0);
        assert_true(l.got[0].at >= plain[tx] && l.got[9].at - plain[tx] <= (90 + 50 + 10) * US);
        lab_close(&l);
    }
}

/* Shares are kept, and one more rule changes nothing for the others. */
static void drawn(void **state)
{
    struct lab a, b;
    (void)state;
    lab_open(&a, true, "loss=30%", 7);
    lab_open(&b, true, "loss=30%,corrupt=20%", 7);
    for (int i = 0; i < 10; i++) {
        send(&a, 30, 2);
        send(&b, 30, 2);
        a.n = b.n = 0;
    }
    assert_in_range(stats(&a)[FAULT_LOSS], 60, 120);
    assert_int_equal(stats(&a)[FAULT_LOSS], stats(&b)[FAULT_LOSS]);
    assert_in_range(stats(&b)[FAULT_CORRUPT], 15, 75);
    lab_close(&a);
    lab_close(&b);
}

/* The link comes up at another speed than the run began with: every frame goes on whole, at that
 * speed and with its gap. */
static void another_speed(void **state)
{
    static const unsigned mbit[] = { 1000, 100, 1000, 10, 100 };
    (void)state;
    for (int tx = 0; tx < 2; tx++) {
        struct lab l;
        lab_open(&l, tx, "dup=100%", 1);
        for (size_t i = 0; i < sizeof mbit / sizeof mbit[0]; i++) {
            wire_set_speed(l.w, mbit[i]);
            l.n = 0;
            send(&l, 3, 10);
            expect(&l, LIST(1, 1, 2, 2, 3, 3), 0);
            for (unsigned k = 0; k < l.n; k++) {
                assert_int_equal(l.got[k].bad, 0);
                assert_int_equal(l.got[k].lasts_ps,
                                 (LEN + ETH_PREAMBLE_BYTES) * wire_sym_ps(l.w));
            }
        }
        lab_close(&l);
    }
}

/* The same in the middle of a burst, and of its second frame: that one ends as it began, the next
 * ones come at the new speed, with a gap of it. */
static void another_speed_in_mid_burst(void **state)
{
    static const unsigned mbit[][2] = { { 1000, 100 }, { 100, 1000 }, { 1000, 10 }, { 10, 100 } };
    (void)state;
    for (size_t i = 0; i < sizeof mbit / sizeof mbit[0]; i++) {
        struct lab l;
        lab_open(&l, true, "delay=5000", 1);
        wire_set_speed(l.w, mbit[i][0]);
        for (unsigned k = 1; k <= 10; k++) {
            uint8_t b[LEN];
            frame_make(b, k);
            assert_int_equal(frame_feed_put_raw(l.feed, l.t, b, LEN, 0), 0);
        }
        while (l.n == 0 || !l.end.in)
            until(&l, l.t + wire_sym_ps(l.w));
        wire_set_speed(l.w, mbit[i][1]);
        until(&l, l.t + 20 * MS);
        expect(&l, LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0);
        for (unsigned k = 0; k < l.n; k++) {
            assert_int_equal(l.got[k].bad, 0);
            assert_int_equal(l.got[k].lasts_ps, (LEN + ETH_PREAMBLE_BYTES) *
                             (8000000u / mbit[i][k >= 2]));
        }
        lab_close(&l);
    }
}

/* What comes from the far end marked, or with an error symbol, goes on so. */
static void marks_and_errors_go_on(void **state)
{
    (void)state;
    for (unsigned er = 0; er < 2; er++)
        for (unsigned fault = 0; fault <= FAULT_BIT(FAULT_FLAP); fault += FAULT_BIT(FAULT_FLAP)) {
            struct lab l;
            lab_open(&l, false, "dup=@2", 1);
            uint8_t b[LEN];
            for (unsigned k = 1; k <= 3; k++) {
                frame_make(b, k);
                assert_int_equal(frame_feed_put_raw(l.feed, l.t, b, LEN, k == 2 ? (uint8_t)fault
                                                                               : 0), 0);
            }
            l.er_in = er ? 2 : 0;
            until(&l, 3 * MS);
            expect(&l, LIST(1, 2, 2, 3), 0);
            for (unsigned k = 0; k < l.n; k++) {
                bool second = l.got[k].number == 2;
                assert_int_equal(l.got[k].bad, second && er ? PCAPNG_BAD_SYMBOL : 0);
                assert_int_equal(l.got[k].fault & FAULT_BIT(FAULT_FLAP), second ? fault : 0);
            }
            /* Counted is what this wire did. */
            assert_int_equal(stats(&l)[FAULT_FLAP], 0);
            assert_int_equal(stats(&l)[FAULT_DUP], 1);
            lab_close(&l);
        }
}

/* A frame that came with the mark of a kind, and is treated so here, was. */
static void of_marks_the_own_are_counted(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, false, "corrupt=@2", 1);
    for (unsigned k = 1; k <= 3; k++) {
        uint8_t b[LEN];
        frame_make(b, k);
        assert_int_equal(frame_feed_put_raw(l.feed, l.t, b, LEN, FAULT_BIT(FAULT_CORRUPT)), 0);
    }
    until(&l, 3 * MS);
    expect(&l, LIST(1, 2, 3), 1u << 2);
    for (unsigned k = 0; k < l.n; k++)
        assert_int_equal(l.got[k].fault, FAULT_BIT(FAULT_CORRUPT));
    assert_int_equal(stats(&l)[FAULT_CORRUPT], 1);
    lab_close(&l);
}

/* Events of 1 to 13 octets: a file has them, with an FCS or what else; they go on. */
static void shorter_than_a_header(void **state)
{
    (void)state;
    struct lab l;
    lab_open(&l, false, "loss=@99", 1);
    l.any_len = true;
    for (unsigned len = 1; len < ETH_HDR_BYTES; len++) {
        uint8_t b[LEN] = { (uint8_t)len };
        assert_int_equal(frame_feed_put_raw(l.feed, l.t, b, len, 0), 0);
    }
    until(&l, MS);
    assert_int_equal(l.n, ETH_HDR_BYTES - 1);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),   cmocka_unit_test(other_direction_untouched),
        cmocka_unit_test(corrupt), cmocka_unit_test(corrupt_inner),
        cmocka_unit_test(flap),    cmocka_unit_test(timing),
        cmocka_unit_test(drawn),   cmocka_unit_test(another_speed),
        cmocka_unit_test(shorter_than_a_header),
        cmocka_unit_test(another_speed_in_mid_burst),
        cmocka_unit_test(marks_and_errors_go_on),
        cmocka_unit_test(of_marks_the_own_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
