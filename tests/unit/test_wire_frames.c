/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_frames.c - frames out of symbols and symbols out of frames, by octets
 * written down here and an FCS computed bit by bit.
 */
#include "sim/pcapng.h"
#include "sim/phy_tap.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* IEEE 802.3 3.2.9, one bit at a time: the twin of zlib's. */
static uint32_t fcs_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < 8; b++) {
            uint32_t bit = (crc ^ p[i] >> b) & 1;
            crc = crc >> 1 ^ (bit ? 0xEDB88320 : 0);
        }
    return ~crc;
}

/* An event to be sent: what is wrong with it stands in the fields. */
struct event {
    unsigned preamble, len;     /* len: DA..FCS */
    bool bad_fcs, er, no_sfd, tagged, pause;
    uint8_t sfd;
    uint8_t quanta;             /* of a pause frame, in units of 256 */
};

struct line {
    struct frame_asm a;
    uint64_t t;
    unsigned ended;
};

static bool symbol(struct line *l, uint8_t data, bool dv, bool er)
{
    const struct sym s = { .data = data, .dv = dv, .er = er };
    bool end = frame_asm_sym(&l->a, l->t, &s);
    l->t += SYM_PS;
    l->ended += end;
    return end;
}

static void make(uint8_t *b, const struct event *e)
{
    for (unsigned i = 0; i < e->len; i++)
        b[i] = (uint8_t)(i * 3 + 1);
    b[12] = e->tagged ? 0x81 : 0x08;
    b[13] = 0;
    if (e->pause)
        memcpy(b, (const uint8_t[]){ 0x01, 0x80, 0xC2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0x08,
                                     0, 1, e->quanta, 0 }, 18);
    if (e->len >= 4) {
        uint32_t fcs = fcs_of(b, e->len - 4) ^ e->bad_fcs;
        for (unsigned i = 0; i < 4; i++)
            b[e->len - 4 + i] = (uint8_t)(fcs >> 8 * i);
    }
}

/* Send one event and @gap idle symbols; returns the verdict. */
static uint32_t send(struct line *l, const struct event *e, unsigned gap)
{
    uint8_t b[4096];
    make(b, e);
    unsigned before = l->ended;
    for (unsigned i = 0; i < e->preamble; i++)
        symbol(l, 0x55, true, false);
    if (!e->no_sfd)
        symbol(l, e->sfd ? e->sfd : 0xD5, true, false);
    for (unsigned i = 0; i < e->len; i++)
        symbol(l, b[i], true, e->er && i == 20);
    uint32_t verdict = 0;
    for (unsigned i = 0; i < gap; i++)
        if (symbol(l, 0, false, false))
            verdict = frame_asm_verdict(&l->a);
    assert_int_equal(l->ended, before + 1);
    return verdict;
}

static void test_good_frames(void **state)
{
    (void)state;
    struct line l = { .t = 100 * SYM_PS };
    for (unsigned len = 64; len <= 1518; len += len < 70 ? 1 : 181) {
        uint64_t start = l.t;
        assert_int_equal(send(&l, &(struct event){ .preamble = 7, .len = len }, 12), 0);
        assert_int_equal(l.a.len, len);
        assert_int_equal(l.a.sfd_ps, start + 7 * SYM_PS);
        assert_int_equal(l.a.last_ps, start + (7 + len) * SYM_PS);
    }
    struct event tagged = { .preamble = 7, .len = 1522, .tagged = true };
    assert_int_equal(send(&l, &tagged, 12), 0);
    assert_null(frame_bad_name(0));
}

static void test_each_fault_is_named(void **state)
{
    (void)state;
    static const struct { struct event e; uint32_t bad; const char *name; } cases[] = {
        { { .preamble = 7, .len = 100, .bad_fcs = true }, PCAPNG_BAD_FCS, "a wrong FCS" },
        { { .preamble = 7, .len = 63 }, PCAPNG_BAD_SHORT, "less than 64 octets" },
        { { .preamble = 7, .len = 1519 }, PCAPNG_BAD_LONG, "more than 1518 octets" },
        { { .preamble = 7, .len = 1523, .tagged = true }, PCAPNG_BAD_LONG,
          "more than 1518 octets" },
        { { .preamble = 6, .len = 64 }, PCAPNG_BAD_PREAMBLE, "a wrong preamble" },
        { { .preamble = 8, .len = 64 }, PCAPNG_BAD_PREAMBLE, "a wrong preamble" },
        { { .preamble = 0, .len = 64 }, PCAPNG_BAD_PREAMBLE, "a wrong preamble" },
        { { .preamble = 7, .len = 64, .er = true }, PCAPNG_BAD_SYMBOL, "an error symbol" },
        { { .preamble = 7, .len = 64, .sfd = 0xD4 }, PCAPNG_BAD_SFD,
          "no start of frame delimiter" },
        { { .preamble = 7, .no_sfd = true }, PCAPNG_BAD_SFD, "no start of frame delimiter" },
        { { .preamble = 7, .len = 3 }, PCAPNG_BAD_SHORT | PCAPNG_BAD_FCS, "less than 64 octets" },
        { { .preamble = 7, .len = 0 }, PCAPNG_BAD_SHORT | PCAPNG_BAD_FCS, "less than 64 octets" },
        { { .preamble = 0, .len = 0 }, PCAPNG_BAD_PREAMBLE | PCAPNG_BAD_SHORT | PCAPNG_BAD_FCS,
          "less than 64 octets" },        /* a lone SFD */
        { { .preamble = 7, .len = 4000 }, PCAPNG_BAD_LONG | PCAPNG_BAD_FCS,
          "more than 1518 octets" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line l = { .t = SYM_PS };
        uint32_t bad = send(&l, &cases[i].e, 1);
        assert_int_equal(bad, cases[i].bad);
        assert_string_equal(frame_bad_name(bad), cases[i].name);
        assert_true(frame_asm_stored(&l.a) <= FRAME_ASM_BYTES);
    }
}

static void test_gap_is_measured(void **state)
{
    (void)state;
    struct event e = { .preamble = 7, .len = 64 };
    struct line l = { .t = SYM_PS };
    assert_int_equal(send(&l, &e, 12), 0);
    assert_int_equal(send(&l, &e, 11), 0);
    assert_int_equal(send(&l, &e, 12), PCAPNG_BAD_GAP);
    assert_int_equal(send(&l, &e, 1), 0);
    l.t += 11 * SYM_PS;                     /* idle symbols left out */
    assert_int_equal(send(&l, &e, 1), 0);
}

/* Errors while dv is down are no event. */
static void test_idle_errors_are_ignored(void **state)
{
    (void)state;
    struct line l = { .t = SYM_PS };
    for (unsigned i = 0; i < 20; i++)
        assert_false(symbol(&l, 0x0F, false, true));
    assert_int_equal(l.ended, 0);
}

/* --- from frames to symbols ----------------------------------------------- */

/* Run the feed over a line until it is empty; returns frames that came out good. */
static unsigned drain(struct frame_feed *f, struct line *l, unsigned edges)
{
    unsigned good = 0;
    for (unsigned i = 0; i < edges; i++) {
        struct sym s = frame_feed_in(f, l->t, SYM_PS);
        assert_int_equal(s.crs, s.dv);
        assert_int_equal(s.er | s.col, 0);
        if (symbol(l, s.data, s.dv, s.er) && frame_asm_verdict(&l->a) == 0)
            good++;
    }
    return good;
}

static void test_feed_pads_and_spaces(void **state)
{
    (void)state;
    struct frame_feed *f = frame_feed_create();
    struct line l = { .t = 1000 * SYM_PS };
    uint8_t b[1518];
    assert_non_null(f);
    memset(b, 0xAA, sizeof b);
    assert_int_equal(frame_feed_next(f), SIM_NEVER);
    uint64_t now = l.t - 1;
    assert_int_equal(frame_feed_put(f, now, b, 14), 0);
    assert_int_equal(frame_feed_put(f, now, b, 60), 0);
    assert_int_equal(frame_feed_put(f, now, b, 1514), 0);
    assert_int_equal(frame_feed_next(f), now + SYM_PS);     /* a symbol later */
    assert_int_equal(drain(f, &l, 1), 0);
    assert_false(l.a.in);                                   /* not before that */
    assert_int_equal(drain(f, &l, 72 + 1), 1);
    assert_int_equal(l.a.len, 64);
    for (unsigned i = 14; i < 60; i++)
        assert_int_equal(l.a.buf[i], 0);                    /* padded with zeros */
    uint64_t last = l.a.last_ps;
    assert_true(frame_feed_next(f) > last + 12 * SYM_PS);   /* the edge of the 13th, */
    assert_true(frame_feed_next(f) <= last + 13 * SYM_PS);  /* even of a faster clock */
    assert_int_equal(drain(f, &l, 84), 1);
    assert_int_equal(l.a.last_ps, last + 84 * SYM_PS);      /* 84 octet times a frame */
    assert_int_equal(drain(f, &l, 1538), 1);
    assert_int_equal(l.a.len, 1518);
    assert_int_equal(frame_feed_next(f), SIM_NEVER);
    frame_feed_destroy(f);
}

static void test_feed_refuses(void **state)
{
    (void)state;
    struct frame_feed *f = frame_feed_create();
    uint8_t b[1600] = { 0 };
    assert_non_null(f);
    assert_int_equal(frame_feed_put(f, 0, b, 13), -EMSGSIZE);
    assert_int_equal(frame_feed_put(f, 0, b, 1515), -EMSGSIZE);
    b[12] = 0x81;                                           /* tagged: four more */
    assert_int_equal(frame_feed_put(f, 0, b, 1518), 0);
    assert_int_equal(frame_feed_put(f, 0, b, 1519), -EMSGSIZE);
    while (frame_feed_room(f) > 0)
        assert_int_equal(frame_feed_put(f, 0, b, 60), 0);
    assert_int_equal(frame_feed_put(f, 0, b, 60), -ENOBUFS);
    frame_feed_destroy(f);
}

/* --- a wire of whole frames ------------------------------------------------ */

struct test_wire {
    struct wire_frames wf;
    unsigned sent;
    size_t len;
    uint8_t frame[2048];
};

static void far_send(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    struct test_wire *t = (struct test_wire *)wf;
    t->sent++;
    t->len = len;
    memcpy(t->frame, frame, len);
}

static const struct wire_ops test_ops = { .name = "test", .out = wire_frames_out,
                                          .in = wire_frames_in, .in_next = wire_frames_in_next };

/* The NIC sends one event; time starts at @t. */
static uint64_t nic_sends(struct test_wire *w, const struct event *e, uint64_t t)
{
    uint8_t b[4096];
    make(b, e);
    for (unsigned i = 0; i < 8 + e->len + 1; i++, t += SYM_PS) {
        struct sym s = { .dv = i < 8 + e->len };
        s.data = !s.dv ? 0 : i < 7 ? 0x55 : i == 7 ? 0xD5 : b[i - 8];
        w->wf.w.ops->out(&w->wf.w, 0, t, &s);
    }
    return t + 12 * SYM_PS;
}

static void test_wire_checks_and_strips(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct test_wire *t = calloc(1, sizeof *t);
    assert_non_null(t);
    assert_int_equal(wire_frames_init(&t->wf, &test_ops, w, far_send), 0);
    struct event e = { .preamble = 7, .len = 100 };
    uint8_t b[4096];
    make(b, &e);
    uint64_t at = nic_sends(t, &e, SYM_PS);
    assert_int_equal(t->sent, 1);
    assert_int_equal(t->len, 96);                   /* FCS stripped, no byte changed */
    assert_memory_equal(t->frame, b, 96);
    assert_string_equal(t->wf.w.error, "");
    e.bad_fcs = true;
    at = nic_sends(t, &e, at);
    assert_int_equal(t->sent, 1);
    assert_non_null(strstr(t->wf.w.error, "test: the NIC sent a frame with a wrong FCS (100 oct"));
    e.len = 4000;                                   /* the first error is kept */
    nic_sends(t, &e, at);
    assert_non_null(strstr(t->wf.w.error, "a wrong FCS"));
    assert_int_equal(t->wf.w.stats.from_nic_frames, 1);
    assert_int_equal(t->wf.w.stats.from_nic_octets, 100);
    assert_int_equal(t->wf.w.stats.from_nic_bad, 2);
    wire_frames_fini(&t->wf);
    free(t);
    world_destroy(w);
}

/* 31B: it stops what comes to the NIC, from its end on, and goes no further. */
static void test_wire_obeys_pause(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct test_wire *t = calloc(1, sizeof *t);
    struct event e = { .preamble = 7, .len = 64, .pause = true, .quanta = 1 };
    uint8_t b[60] = { 2 };
    assert_non_null(t);
    assert_int_equal(wire_frames_init(&t->wf, &test_ops, w, far_send), 0);
    assert_int_equal(wire_frames_arrived(&t->wf, b, sizeof b), 0);
    assert_int_equal(wire_frames_in_next(&t->wf.w, 0), SYM_PS);
    uint64_t end = SYM_PS + (8 + 64) * SYM_PS;
    uint64_t at = nic_sends(t, &e, SYM_PS);
    assert_int_equal(t->sent, 0);
    assert_int_equal(t->wf.w.stats.from_nic_frames, 1);
    assert_int_equal(wire_frames_in_next(&t->wf.w, 0), end + 256 * 64 * SYM_PS);
    assert_int_equal(wire_frames_in(&t->wf.w, 0, end + 256 * 64 * SYM_PS - 1).dv, 0);
    e.quanta = 0;                                   /* and goes on at once */
    end = at + (8 + 64) * SYM_PS;
    at = nic_sends(t, &e, at);
    assert_int_equal(wire_frames_in(&t->wf.w, 0, end).dv, 1);
    e = (struct event){ .preamble = 7, .len = 64 };
    nic_sends(t, &e, at);
    assert_int_equal(t->sent, 1);
    assert_string_equal(t->wf.w.error, "");
    wire_frames_fini(&t->wf);
    free(t);
    world_destroy(w);
}

static void test_wire_takes_only_whole_frames(void **state)
{
    (void)state;
    struct world *w = world_create(1, true);
    struct test_wire *t = calloc(1, sizeof *t);
    uint8_t b[3000] = { 0 };
    assert_non_null(t);
    assert_int_equal(wire_frames_init(&t->wf, &test_ops, w, far_send), 0);
    assert_int_equal(wire_frames_arrived(&t->wf, b, 42), 0);        /* an ARP, unpadded */
    assert_int_equal(wire_frames_in_next(&t->wf.w, 0), SYM_PS);
    assert_int_equal(t->wf.w.stats.to_nic_octets, 64);
    while (frame_feed_room(t->wf.feed) > 0)
        assert_int_equal(wire_frames_arrived(&t->wf, b, 60), 0);
    assert_int_equal(wire_frames_arrived(&t->wf, b, 60), -ENOBUFS);
    assert_int_equal(t->wf.w.stats.to_nic_dropped, 1);
    assert_string_equal(t->wf.w.error, "");
    assert_int_equal(wire_frames_arrived(&t->wf, b, 2962), -EMSGSIZE);
    assert_non_null(strstr(t->wf.w.error, "2962 octets"));
    wire_frames_fini(&t->wf);
    free(t);
    world_destroy(w);
}

/* --- the tap at the PHY ------------------------------------------------------ */

/* Where the times of a capture's frames stand, read back as 32 bits. */
static unsigned times(const char *path, uint32_t *out, unsigned max)
{
    uint8_t b[65536];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(b, 1, sizeof b, f), at = 0;
    (void)fclose(f);
    unsigned k = 0;
    while (at + 28 <= n && k < max) {
        uint32_t len = b[at + 4] | (uint32_t)b[at + 5] << 8;
        if (b[at] == 6)
            out[k++] = b[at + 16] | (uint32_t)b[at + 17] << 8 | (uint32_t)b[at + 18] << 16;
        at += len;
    }
    return k;
}

/* A long frame in, short ones out meanwhile: they end first but began later. */
static void test_tap_writes_in_order_of_sfd(void **state)
{
    (void)state;
    struct phy_tap *p = calloc(1, sizeof *p);
    char path[] = "/tmp/lanyard-test-XXXXXX";
    uint32_t at[32] = { 0 };
    assert_non_null(p);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pcapng_open(&p->cap, path, false), 0);
    uint8_t in[4096], out[4096];
    make(in, &(struct event){ .len = 1518 });
    make(out, &(struct event){ .len = 64 });
    for (unsigned i = 0; i < 2000; i++) {
        unsigned k = i % 84;
        struct sym a = { .dv = i >= 10 && i < 10 + 8 + 1518 }, b = { .dv = k < 72 && i < 1900 };
        if (a.dv)
            a.data = i < 17 ? 0x55 : i == 17 ? 0xD5 : in[i - 18];
        if (b.dv)
            b.data = k < 7 ? 0x55 : k == 7 ? 0xD5 : out[k - 8];
        phy_tap_out(p, (uint64_t)i * SYM_PS, &b);
        phy_tap_in(p, (uint64_t)i * SYM_PS, &a);
    }
    assert_int_equal(p->n_in.frames, 1);
    assert_int_equal(p->n_in.octets, 1518);
    assert_int_equal(p->n_out.frames, 23);
    struct pcapng *cap = p->cap;
    phy_tap_fini(p);
    assert_int_equal(pcapng_close(cap), 0);
    unsigned n = times(path, at, 32);
    assert_int_equal(n, 24);
    assert_int_equal(at[0], 7 * 8);
    assert_int_equal(at[1], 17 * 8);
    for (unsigned i = 2; i < n; i++)
        assert_int_equal(at[i], (7 + 84 * (i - 1)) * 8);
    assert_int_equal(remove(path), 0);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_frames),
        cmocka_unit_test(test_each_fault_is_named),
        cmocka_unit_test(test_gap_is_measured),
        cmocka_unit_test(test_idle_errors_are_ignored),
        cmocka_unit_test(test_feed_pads_and_spaces),
        cmocka_unit_test(test_feed_refuses),
        cmocka_unit_test(test_wire_checks_and_strips),
        cmocka_unit_test(test_wire_obeys_pause),
        cmocka_unit_test(test_wire_takes_only_whole_frames),
        cmocka_unit_test(test_tap_writes_in_order_of_sfd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
