/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_hub.c - the repeater, symbol by symbol: what each station sees and when, collisions,
 * jam; and stations in C that do CSMA/CD as plainly as it can be written, saturated.
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

#include <cmocka.h>

#define OCTET_PS 80000u
#define DELAY 4u                /* symbols, as wire_hub.c has it */
#define LEAD 8u

struct lab {
    struct world *world;
    struct wire *w;
    uint64_t t;
    struct sym in[WIRE_PORTS_MAX];
};

static void lab_open(struct lab *l, unsigned ports)
{
    char why[WIRE_WHY_BYTES];
    memset(l, 0, sizeof *l);
    l->world = world_create(1, true);
    assert_non_null(l->world);
    assert_int_equal(wire_hub_open(&l->w, l->world, ports, why), 0);
    assert_int_equal(wire_sym_ps(l->w), OCTET_PS);
    l->t = 100 * OCTET_PS;
}

static void lab_close(struct lab *l)
{
    wire_close(l->w);
    world_destroy(l->world);
}

static void make(uint8_t *b, unsigned len, unsigned from, unsigned number)
{
    memset(b, 0x55, LEAD - 1);
    b[LEAD - 1] = 0xD5;
    for (unsigned i = 0; i < len - 4; i++)
        b[LEAD + i] = (uint8_t)(i * 3 + number);
    b[LEAD] = (uint8_t)from;
    b[LEAD + 1] = (uint8_t)number;
    b[LEAD + 2] = (uint8_t)(number >> 8);
    uint32_t fcs = frame_fcs(b + LEAD, len - 4);
    for (unsigned i = 0; i < 4; i++)
        b[LEAD + len - 4 + i] = (uint8_t)(fcs >> 8 * i);
}

/* A symbol of each port's octets, where it has some from edge @at[p] on. */
static void edge(struct lab *l, unsigned ports, uint8_t b[][200], const unsigned at[],
                 const unsigned len[], unsigned k)
{
    for (unsigned p = 0; p < ports; p++)
        l->in[p] = l->w->ops->in(l->w, p, l->t);
    for (unsigned p = 0; p < ports; p++) {
        if (k < at[p] || k > at[p] + len[p])
            continue;
        struct sym s = { .dv = k < at[p] + len[p] };
        s.data = s.dv ? b[p][k - at[p]] : 0;
        l->w->ops->out(l->w, p, l->t, &s);
    }
    l->t += OCTET_PS;
    (void)world_run(l->world, l->t, 0);
}

static void one_speaks_all_hear(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[3][200];
    const unsigned at[3] = { 10, 1000, 1000 }, len[3] = { LEAD + 64, 0, 0 };
    unsigned got = 0;
    lab_open(&l, 3);
    make(b[0], 64, 0, 1);
    for (unsigned k = 0; k < 120; k++) {
        edge(&l, 3, b, at, len, k);
        bool own = k > at[0] && k <= at[0] + len[0];
        assert_int_equal(l.in[0].crs, own);         /* its own carrier, a symbol late */
        assert_int_equal(l.in[0].dv + l.in[0].col, 0);
        bool there = k >= at[0] + DELAY && k < at[0] + DELAY + len[0];
        for (unsigned p = 1; p < 3; p++) {
            assert_int_equal(l.in[p].crs, there);
            assert_int_equal(l.in[p].dv, there);
            assert_int_equal(l.in[p].col, 0);
            if (there)
                assert_int_equal(l.in[p].data, b[0][k - at[0] - DELAY]);
        }
        got += there;
    }
    assert_int_equal(got, LEAD + 64);
    assert_int_equal(l.w->hub->frames, 1);
    assert_int_equal(l.w->hub->collisions, 0);
    assert_int_equal(l.w->stats.to_nic_frames, 2);
    assert_string_equal(l.w->error, "");
    lab_close(&l);
}

/* Two begin within the delay: COL to both, jam to the third, until the last one is silent. */
static void two_collide(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[3][200];
    const unsigned at[3] = { 10, 12, 1000 }, len[3] = { 20, 30, 0 };
    lab_open(&l, 3);
    make(b[0], 64, 0, 1);
    make(b[1], 64, 1, 1);
    for (unsigned k = 0; k < 120; k++) {
        edge(&l, 3, b, at, len, k);
        bool hear1 = k >= 12 + DELAY && k < 42 + DELAY;     /* station 1, or jam while it sends */
        assert_int_equal(l.in[0].col, k > 10 && k <= 30 && hear1);
        assert_int_equal(l.in[1].col, k > 12 && k <= 42 && k >= 10 + DELAY);
        assert_int_equal(l.in[0].dv, k > 30 && hear1);      /* it sends no more: jam */
        assert_int_equal(l.in[2].crs, k >= 10 + DELAY && k < 42 + DELAY);
        assert_int_equal(l.in[2].dv, l.in[2].crs);
        assert_int_equal(l.in[2].col, 0);
        if (k >= 12 + DELAY && l.in[2].dv)
            assert_int_equal(l.in[2].data, 0x55);
    }
    assert_int_equal(l.w->hub->collisions, 1);
    assert_int_equal(l.w->hub->fragments, 2);
    assert_int_equal(l.w->hub->frames, 0);
    assert_int_equal(l.w->hub->late, 0);
    assert_string_equal(l.w->error, "");            /* fragments are no fault of a NIC */
    assert_int_equal(l.w->ops->in_next(l.w, 0), SIM_NEVER);
    lab_close(&l);
}

static void late_and_bad(void **state)
{
    (void)state;
    struct lab l;
    uint8_t b[2][200];
    const unsigned at[2] = { 10, 10 + LEAD + 70 }, len[2] = { LEAD + 100, 30 };
    lab_open(&l, 2);
    make(b[0], 100, 0, 1);
    make(b[1], 64, 1, 1);
    for (unsigned k = 0; k < 200; k++)
        edge(&l, 2, b, at, len, k);
    assert_int_equal(l.w->hub->fragments, 2);
    assert_int_equal(l.w->hub->late, 1);
    b[0][40] ^= 4;                                  /* nobody disturbs it, and it is bad */
    const unsigned alone[2] = { 10, 1000 };
    for (unsigned k = 0; k < 200; k++)
        edge(&l, 2, b, alone, len, k);
    assert_non_null(strstr(l.w->error, "hub: the NIC sent a frame with a wrong FCS"));
    lab_close(&l);
}

/* --- stations --------------------------------------------------------------------------- */

#define STATIONS 4u
#define FRAMES 400u

enum does { WAITS, SENDS, JAMS };

/* IEEE 802.3 4.2.3.2, in octet times. */
struct station {
    enum does does;
    uint8_t b[200];
    unsigned len, pos, jam, attempts, number;
    unsigned quiet;                 /* octet times of the gap, and those behind it */
    unsigned backoff;
    struct frame_asm heard;
    unsigned next[STATIONS];        /* number of the next frame from each */
    unsigned worst;                 /* attempts */
};

static struct sym station_step(struct station *s, const struct sym *in, struct sim_rng *rng)
{
    struct sym out = { 0 };
    /* The gap's last third goes on under a carrier, so that nobody keeps the line: 4.2.3.2.1. */
    s->quiet = in->crs && (s->quiet < 8 || s->quiet > 12) ? 0 : s->quiet + 1;
    if (s->does == SENDS && in->col) {
        s->does = JAMS;
        s->jam = 4;
        s->attempts++;
    }
    if (s->does == JAMS && s->jam > 0) {
        s->jam--;
        return (struct sym){ .data = 0xAA, .dv = 1 };
    }
    if (s->does == JAMS) {
        unsigned k = s->attempts < 10 ? s->attempts : 10;
        if (s->attempts == 16)      /* excessive: given up, and its host tries again */
            s->attempts = 0;
        s->worst = s->attempts > s->worst ? s->attempts : s->worst;
        s->backoff = (unsigned)(sim_rng_next(rng) % (1u << k)) * 64;
        s->does = WAITS;
        return out;
    }
    if (s->does == WAITS && s->backoff > 0)
        s->backoff--;
    else if (s->does == WAITS && s->number < FRAMES && s->quiet > 12) {
        s->does = SENDS;
        s->pos = 0;
    }
    if (s->does != SENDS)
        return out;
    if (s->pos < s->len)
        return (struct sym){ .data = s->b[s->pos++], .dv = 1 };
    s->does = WAITS;                /* it is out, whole */
    s->attempts = 0;
    s->number++;
    return out;
}

static void hear(struct station *s, uint64_t t, const struct sym *in)
{
    if (!frame_asm_sym(&s->heard, t, in) || !s->heard.sfd || s->heard.len < 64)
        return;
    if (frame_asm_verdict(&s->heard) & ~PCAPNG_BAD_GAP)
        return;                     /* jam came into it */
    unsigned from = s->heard.buf[0], number = s->heard.buf[1] | (unsigned)s->heard.buf[2] << 8;
    assert_true(from < STATIONS);
    assert_int_equal(number, s->next[from]++);
}

static void saturated(void **state)
{
    (void)state;
    static struct station s[STATIONS];
    struct lab l;
    struct sim_rng rng = { seed_of_run() };
    unsigned done = 0;
    bool was[STATIONS] = { 0 };
    memset(s, 0, sizeof s);
    lab_open(&l, STATIONS);
    for (unsigned k = 0; done < STATIONS; k++, l.t += OCTET_PS) {
        assert_true(k < 40000000);
        done = 0;
        for (unsigned p = 0; p < STATIONS; p++) {
            if (s[p].does == WAITS && s[p].attempts == 0) {
                s[p].len = LEAD + 64 + (unsigned)(sim_rng_next(&rng) % 120);
                make(s[p].b, s[p].len - LEAD, p, s[p].number);
            }
            l.in[p] = l.w->ops->in(l.w, p, l.t);
            hear(&s[p], l.t, &l.in[p]);
        }
        for (unsigned p = 0; p < STATIONS; p++) {
            struct sym out = station_step(&s[p], &l.in[p], &rng);
            if (out.dv || was[p])
                l.w->ops->out(l.w, p, l.t, &out);
            was[p] = out.dv;
            done += s[p].number == FRAMES && l.w->ops->in_next(l.w, p) == SIM_NEVER;
        }
        (void)world_run(l.world, l.t, 0);
    }
    for (unsigned p = 0; p < STATIONS; p++)
        for (unsigned from = 0; from < STATIONS; from++)
            assert_int_equal(s[p].next[from], from == p ? 0 : FRAMES);
    assert_int_equal(l.w->hub->frames, STATIONS * FRAMES);
    assert_true(l.w->hub->collisions > 20);
    assert_int_equal(l.w->hub->late, 0);
    assert_string_equal(l.w->error, "");
    printf("%u stations: %llu frames, %llu collisions, at most %u attempts\n", STATIONS,
           (unsigned long long)l.w->hub->frames, (unsigned long long)l.w->hub->collisions,
           s[0].worst);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_speaks_all_hear),
        cmocka_unit_test(two_collide),
        cmocka_unit_test(late_and_bad),
        cmocka_unit_test(saturated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
