/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rec.c - the record codec. Known answers were computed by polynomial
 * division on big integers, outside this project's code. Streams are made and judged
 * by the naive twin of rec_twin.h.
 */
#include "driver/rec.h"
#include "tests/support/seed.h"
#include "tests/unit/rec_twin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_SMALL 8u
#define N_LARGE 2u

struct fixture {
    void *mem;
    struct pkt_pool *pool;
    struct rec_rx rx;
};

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    size_t bytes = pkt_pool_bytes(N_SMALL, N_LARGE);
    f->mem = malloc(bytes);
    f->pool = pkt_pool_create(f->mem, bytes, N_SMALL, N_LARGE);
    rec_rx_init(&f->rx, f->pool, 2000);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rec_rx_fini(&f->rx);
    unsigned out = pkt_pool_in_use(f->pool);
    free(f->mem);
    free(f);
    return out == 0 ? 0 : -1;
}

/* --- what was found, and the streams ----------------------------------------------------- */

/* Pushes @n bytes; appends what is found, gives frames back. Returns the new count. */
static unsigned push_all(struct rec_rx *rx, const uint8_t *p, size_t n, struct rec_twin_found *out,
                         unsigned k)
{
    while (n > 0) {
        size_t used = SIZE_MAX;
        enum rec_found what = rec_rx_push(rx, p, n, &used);
        assert_true(used <= n && used > 0);
        p += used;
        n -= used;
        if (what == REC_NEED_MORE) {
            assert_int_equal(n, 0);
            break;
        }
        assert_true(k < REC_TWIN_FOUND_MAX);
        out[k] = (struct rec_twin_found){ .what = what };
        if (what == REC_FRAME || what == REC_CONTROL) {
            out[k].type = rx->hdr.type;
            out[k].tag = rx->hdr.tag;
            out[k].length = rx->hdr.length;
        }
        if (what == REC_CONTROL)
            out[k].sum = rec_twin_mix(rx->body, rx->hdr.length);
        if (what == REC_FRAME) {
            struct pkt *pkt = rec_rx_take(rx);
            assert_int_equal(pkt->head, PKT_HEADROOM_BYTES);
            assert_int_equal(pkt->tag, rx->hdr.tag);
            out[k].length = pkt->len;
            out[k].sum = rec_twin_mix(pkt_data(pkt), pkt->len);
            pkt_release(pkt);
        }
        k++;
    }
    return k;
}

static void assert_same(const struct rec_twin_found *a, unsigned na,
                        const struct rec_twin_found *b, unsigned nb)
{
    for (unsigned i = 0; i < na && i < nb; i++) {
        assert_int_equal(a[i].what, b[i].what);
        assert_int_equal(a[i].type, b[i].type);
        assert_int_equal(a[i].tag, b[i].tag);
        assert_int_equal(a[i].length, b[i].length);
        assert_int_equal(a[i].sum, b[i].sum);
    }
    assert_int_equal(na, nb);
}

/* --- header and emit --------------------------------------------------------------------- */

static void crc8_known_answers(void **state)
{
    (void)state;
    static const uint8_t zero[7];
    assert_int_equal(rec_crc8((const uint8_t *)"123456789", 9), 0xFB);
    assert_int_equal(rec_crc8((const uint8_t *)"\x00", 1), 0xF3);
    assert_int_equal(rec_crc8((const uint8_t *)"\xFF", 1), 0x00);
    assert_int_equal(rec_crc8(zero, 7), 0x44);
    assert_int_equal(rec_crc8(zero, 0), 0xFF);
}

static void crc8_against_bitwise(void **state)
{
    (void)state;
    uint8_t b[7] = { 0 };
    uint32_t r = (uint32_t)seed_of_run();
    for (int i = 0; i < 20000; i++) {
        for (unsigned k = 0; k < sizeof b; k++) {
            r = r * 1664525u + 1013904223u;
            b[k] = (uint8_t)(r >> 24);
        }
        size_t n = r >> 8 & 7u;
        assert_int_equal(rec_crc8(b, n), rec_twin_crc8(b, n));
    }
}

/* Every header with one to three bits wrong is refused: polynomial 0x07 (x + 1 times a
 * primitive one of degree 7) has distance 4 up to 127 bits. */
static void header_check_finds_bit_errors(void **state)
{
    (void)state;
    struct rec_hdr h, in = { .type = LY_REC_FRAME, .flags = 1, .tag = 0xA55A, .length = 0x12345 };
    uint8_t good[8], bad[8];
    rec_hdr_emit(good, &in);
    assert_int_equal(rec_hdr_parse(good, &h), 0);
    for (unsigned i = 0; i < 64; i++)
        for (unsigned j = i; j < 64; j++)
            for (unsigned k = j; k < 64; k++) {
                if (k == j && j != i)
                    continue;       /* two flips of one bit */
                memcpy(bad, good, 8);
                bad[i / 8] ^= (uint8_t)(1u << i % 8);
                if (j != i)
                    bad[j / 8] ^= (uint8_t)(1u << j % 8);
                if (k != j)
                    bad[k / 8] ^= (uint8_t)(1u << k % 8);
                assert_int_equal(rec_hdr_parse(bad, &h), -EBADMSG);
            }
}

static void header_round_trip(void **state)
{
    (void)state;
    const struct rec_hdr in = { .type = 0xFE, .flags = 0x81, .tag = 0x1234, .length = 0xABCDEF };
    struct rec_hdr out = { 0 };
    uint8_t raw[8];
    rec_hdr_emit(raw, &in);
    assert_memory_equal(raw, "\xFE\x81\x34\x12\xEF\xCD\xAB", 7);
    assert_int_equal(rec_hdr_parse(raw, &out), 0);
    assert_int_equal(out.type, in.type);
    assert_int_equal(out.flags, in.flags);
    assert_int_equal(out.tag, in.tag);
    assert_int_equal(out.length, in.length);
    assert_int_equal(rec_padded(0), 0);
    assert_int_equal(rec_padded(1), 4);
    assert_int_equal(rec_padded(4), 4);
    assert_int_equal(rec_padded(0xFFFFFF), 0x1000000);
}

static void emit_controls_known_answers(void **state)
{
    (void)state;
    static const uint8_t read_rec[] = {
        0x02, 0x00, 0x34, 0x12, 0x04, 0x00, 0x00, 0xC4, 0x04, 0x00, 0x00, 0x00,
    };
    static const uint8_t write_rec[] = {
        0x03, 0x00, 0xEF, 0xBE, 0x08, 0x00, 0x00, 0x24,
        0x10, 0x00, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x00,
    };
    uint8_t out[REC_CONTROL_MAX_BYTES];
    assert_int_equal(rec_emit_reg_read(out, 0x1234, 4), sizeof read_rec);
    assert_memory_equal(out, read_rec, sizeof read_rec);
    assert_int_equal(rec_emit_reg_write(out, 0xBEEF, 0x10, 0xB), sizeof write_rec);
    assert_memory_equal(out, write_rec, sizeof write_rec);
    assert_int_equal(rec_emit_sync(out), sizeof rec_twin_sync);
    assert_memory_equal(out, rec_twin_sync, sizeof rec_twin_sync);
}

static void emit_frame_known_answer(void **state)
{
    struct fixture *f = *state;
    static const uint8_t want[] = {
        0x01, 0x00, 0x07, 0x00, 0x1D, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0E,
        0x00, 0x06, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
        0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x00, 0x00, 0x00,
    };
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
    for (uint8_t i = 0; i < 17; i++)
        *pkt_put(p, 1) = i;
    memset(p->buf + p->head + p->len, 0xEE, 8);     /* what padding must overwrite */
    p->tag = 7;
    p->vnet_flags = VNET_F_NEEDS_CSUM;
    p->csum_at = p->head + 14;
    p->csum_off = 6;
    assert_int_equal(rec_emit_frame(p), 0);
    assert_int_equal(p->len, sizeof want);
    uint8_t *d = pkt_data(p);
    assert_int_equal(d[7], rec_twin_crc8(d, 7));
    d[7] = 0;
    assert_memory_equal(d, want, sizeof want);
    pkt_release(p);
}

/* Refused without room at either end, and then the packet is as it was. */
static void emit_frame_needs_room(void **state)
{
    struct fixture *f = *state;
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
    for (uint32_t head = 19; head <= 20; head++) {
        p->head = head;
        p->len = 0;
        pkt_put(p, 60);
        assert_int_equal(rec_emit_frame(p), head < 20 ? -ENOBUFS : 0);
        assert_int_equal(p->head, head < 20 ? head : 0);
        assert_int_equal(p->len, head < 20 ? 60 : 80);
    }
    for (uint32_t left = 0; left < 4; left++) {     /* 12 + 1501 needs 3 bytes of padding */
        p->head = p->cap - 1501 - left;
        p->len = 0;
        pkt_put(p, 1501);
        assert_int_equal(rec_emit_frame(p), left < 3 ? -ENOBUFS : 0);
        assert_int_equal(p->len, left < 3 ? 1501 : 1501 + 20 + 3);
    }
    pkt_release(p);
}

/* What one side emits the other receives, at every padding and with all metadata. */
static void frame_round_trip(void **state)
{
    struct fixture *f = *state;
    size_t used;
    assert_int_equal(rec_rx_push(&f->rx, rec_twin_sync, 16, &used), REC_SYNC);
    for (uint32_t len = 14; len <= 1988; len += len < 30 ? 1 : 97) {
        struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
        memset(pkt_put(p, len), (int)len, len);
        p->vnet_flags = VNET_F_NEEDS_CSUM | VNET_F_DATA_VALID;
        p->csum_at = p->head + 3;
        p->csum_off = (uint16_t)(len - 5);          /* its last two bytes */
        p->gso_type = 4;
        p->gso_size = 1400;
        p->hdr_len = 54;
        p->tag = (uint16_t)(0xF000 + len);
        p->csum_bad = 1;
        assert_int_equal(rec_emit_frame(p), 0);
        assert_int_equal(p->len % 4, 0);
        assert_int_equal(rec_rx_push(&f->rx, pkt_data(p), p->len, &used), REC_FRAME);
        assert_int_equal(used, p->len);
        struct pkt *q = rec_rx_take(&f->rx);
        assert_int_equal(q->len, len);
        assert_memory_equal(pkt_data(q), pkt_data(p) + 20, len);
        assert_int_equal(q->vnet_flags, p->vnet_flags);
        assert_int_equal(q->csum_at, q->head + 3);
        assert_int_equal(q->csum_off, p->csum_off);
        assert_int_equal(q->gso_type, 4);
        assert_int_equal(q->gso_size, 1400);
        assert_int_equal(q->hdr_len, 54);
        assert_int_equal(q->tag, p->tag);
        assert_int_equal(q->csum_bad, 1);
        pkt_release(p);
        pkt_release(q);
    }
}

/* --- receive: one matter at a time ------------------------------------------------------- */

static const uint8_t value_body[12] = { 4, 0, 0, 0, 0, 0, 1, 0, 0xFE, 0xFF, 0xFF, 0xFF };
static const uint8_t event_body[8] = { 2, 0, 5, 0, 0xE8, 3, 0, 0 };

/* Every way to cut one stream in two, and byte by byte, finds the same. */
static void every_byte_split(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    static struct rec_twin_found whole[REC_TWIN_FOUND_MAX], cut[REC_TWIN_FOUND_MAX];
    s.n = 0;
    rec_twin_bytes(&s, "garbage", 8);
    rec_twin_bytes(&s, rec_twin_sync, 16);
    rec_twin_frame(&s, 1, 60, 3);
    rec_twin_rec(&s, LY_REC_REG_VALUE, 0, 0x8001, value_body, 12);
    rec_twin_rec(&s, 0x77, 0, 0, event_body, 7);         /* unknown type */
    rec_twin_rec(&s, 0x78, 0, 0, event_body, 0);         /* the same without payload */
    rec_twin_frame(&s, 2, 61, 5);
    rec_twin_rec(&s, LY_REC_EVENT, 0, 0, event_body, 8);
    rec_twin_bytes(&s, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);   /* bad check */
    rec_twin_bytes(&s, rec_twin_sync, 16);
    rec_twin_frame(&s, 3, 13, 5);                        /* too short to be one */
    rec_twin_bytes(&s, rec_twin_sync, 16);
    rec_twin_frame(&s, 4, 14, 5);
    rec_rx_init(&f->rx, f->pool, 2000);
    unsigned n = push_all(&f->rx, s.b, s.n, whole, 0);
    static const enum rec_found want[] = {
        REC_SYNC, REC_FRAME, REC_CONTROL, REC_SKIPPED, REC_SKIPPED, REC_FRAME, REC_CONTROL,
        REC_ERROR, REC_SYNC, REC_SKIPPED, REC_SYNC, REC_FRAME,
    };
    assert_int_equal(n, sizeof want / sizeof want[0]);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(whole[i].what, want[i]);
    for (size_t at = 0; at <= s.n; at++) {
        rec_rx_init(&f->rx, f->pool, 2000);
        unsigned k = push_all(&f->rx, s.b, at, cut, 0);
        k = push_all(&f->rx, s.b + at, s.n - at, cut, k);
        assert_same(whole, n, cut, k);
    }
    rec_rx_init(&f->rx, f->pool, 2000);
    unsigned k = 0;
    for (size_t at = 0; at < s.n; at++)
        k = push_all(&f->rx, s.b + at, 1, cut, k);
    assert_same(whole, n, cut, k);
}

static enum rec_found push(struct fixture *f, const void *p, size_t n)
{
    size_t used;
    enum rec_found what = rec_rx_push(&f->rx, p, n, &used);
    assert_int_equal(used, n);
    return what;
}

static void aligned(struct fixture *f)
{
    rec_rx_init(&f->rx, f->pool, 2000);
    assert_int_equal(push(f, rec_twin_sync, 16), REC_SYNC);
}

/* SYNC is found behind any beginning of itself: overlaps are not skipped. */
static void hunting_with_overlaps(void **state)
{
    struct fixture *f = *state;
    const uint8_t *body = rec_twin_sync + 8;
    uint8_t twice[16];
    memcpy(twice, body, 8);
    memcpy(twice + 8, body, 8);
    for (size_t part = 0; part < 8; part++) {
        rec_rx_init(&f->rx, f->pool, 2000);
        assert_int_equal(push(f, body, part), REC_NEED_MORE);
        assert_int_equal(push(f, body, 7), REC_NEED_MORE);
        assert_int_equal(push(f, body + 7, 1), REC_SYNC);
        rec_rx_init(&f->rx, f->pool, 2000);         /* its first byte, again and again */
        for (size_t i = 0; i <= part; i++)
            assert_int_equal(push(f, body, 1), REC_NEED_MORE);
        assert_int_equal(push(f, body + 1, 7), REC_SYNC);
        rec_rx_init(&f->rx, f->pool, 2000);         /* one byte wrong: not SYNC, the next is */
        uint8_t bad[8];
        memcpy(bad, body, 8);
        bad[part] ^= 0x10;
        assert_int_equal(push(f, bad, 8), REC_NEED_MORE);
        assert_int_equal(push(f, body, 8), REC_SYNC);
    }
    rec_rx_init(&f->rx, f->pool, 2000);
    size_t used;
    assert_int_equal(rec_rx_push(&f->rx, twice, 16, &used), REC_SYNC);
    assert_int_equal(used, 8);
}

/* The body of SYNC fails the check of a header, so that lost() cannot overlook it. */
static void sync_body_is_no_header(void **state)
{
    (void)state;
    struct rec_hdr h;
    assert_int_equal(rec_hdr_parse(rec_twin_sync + 8, &h), -EBADMSG);
}

/* A bad header that reaches into a SYNC does not hide it, at any distance. */
static void sync_out_of_step(void **state)
{
    struct fixture *f = *state;
    for (size_t ahead = 0; ahead <= 16; ahead++) {
        static struct rec_twin_stream s;
        static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
        s.n = 0;
        for (size_t i = 0; i < ahead; i++)
            rec_twin_bytes(&s, "\xEE", 1);
        rec_twin_bytes(&s, rec_twin_sync + 8, 8);
        rec_twin_frame(&s, 9, 14, 0);
        aligned(f);
        unsigned n = push_all(&f->rx, s.b, s.n, got, 0);
        assert_int_equal(got[n - 1].what, REC_FRAME);
        assert_int_equal(got[n - 2].what, REC_SYNC);
        assert_int_equal(n, ahead == 0 ? 2 : 3);
    }
}

/* A frame may contain SYNC's bytes: inside a payload they mean nothing. */
static void sync_bytes_in_a_frame(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
    uint8_t body[12 + 40] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    memcpy(body + 12 + 20, rec_twin_sync + 8, 8);
    s.n = 0;
    rec_twin_rec(&s, LY_REC_FRAME, 0, 0, body, sizeof body);
    aligned(f);
    assert_int_equal(push_all(&f->rx, s.b, s.n, got, 0), 1);
    assert_int_equal(got[0].what, REC_FRAME);
}

static void sync_while_aligned(void **state)
{
    struct fixture *f = *state;
    struct rec_twin_stream *s = calloc(1, sizeof *s);
    aligned(f);
    assert_int_equal(push(f, rec_twin_sync, 16), REC_SYNC);
    assert_false(rec_rx_partial(&f->rx));
    rec_twin_rec(s, LY_REC_SYNC, 0, 0, (const uint8_t *)"\xA5\x5A\x4C\x59\x53\x59\x4E\x42", 8);
    assert_int_equal(push(f, s->b, 16), REC_ERROR);             /* wrong body */
    assert_int_equal(push(f, event_body, 8), REC_NEED_MORE);    /* discarded */
    aligned(f);
    s->n = 0;
    rec_twin_rec(s, LY_REC_SYNC, 0, 0, rec_twin_sync + 8, 4);
    assert_int_equal(push(f, s->b, 8), REC_ERROR);              /* wrong length */
    free(s);
}

static void max_length(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
    static const uint8_t zero[2001];
    for (uint32_t extra = 0; extra < 2; extra++) {
        s.n = 0;
        rec_twin_frame(&s, 1, 2000 - 12 + extra, 0);
        aligned(f);
        unsigned n = push_all(&f->rx, s.b, s.n, got, 0);
        assert_int_equal(n, 1);
        assert_int_equal(got[0].what, extra ? REC_ERROR : REC_FRAME);
    }
    s.n = 0;                                /* unknown types obey it too */
    rec_twin_rec(&s, 0x55, 0, 0, zero, 2001);
    aligned(f);
    assert_int_equal(push(f, s.b, 8), REC_ERROR);
}

/* Lengths that their type does not have: skipped by their length, in step afterwards. */
static void wrong_lengths_are_skipped(void **state)
{
    struct fixture *f = *state;
    static const struct { uint8_t type; uint32_t length; bool known; } c[] = {
        { LY_REC_FRAME, 0, false }, { LY_REC_FRAME, 12, false }, { LY_REC_FRAME, 25, false },
        { LY_REC_FRAME, 26, true },
        { LY_REC_REG_VALUE, 0, false }, { LY_REC_REG_VALUE, 8, false },
        { LY_REC_REG_VALUE, 12, true }, { LY_REC_REG_VALUE, 13, false },
        { LY_REC_EVENT, 7, false }, { LY_REC_EVENT, 8, true }, { LY_REC_EVENT, 12, false },
        { LY_REC_STAMP, 0, true }, { LY_REC_STAMP, 16, true }, { LY_REC_STAMP, 17, false },
        { LY_REC_REG_READ, 4, false }, { LY_REC_REG_WRITE, 8, false },  /* not for the host */
        { 0, 0, false }, { 0, 5, false }, { 0xFF, 1999, false },
    };
    static struct rec_twin_stream s;
    static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
    static const uint8_t zero[2000];
    aligned(f);
    for (unsigned i = 0; i < sizeof c / sizeof c[0]; i++) {
        s.n = 0;
        rec_twin_rec(&s, c[i].type, 0, 5, zero, c[i].length);
        rec_twin_rec(&s, LY_REC_EVENT, 0, 6, event_body, 8);
        assert_int_equal(push_all(&f->rx, s.b, s.n, got, 0), 2);
        if (!c[i].known)
            assert_int_equal(got[0].what, REC_SKIPPED);
        else
            assert_int_equal(got[0].what, c[i].type == LY_REC_FRAME ? REC_FRAME : REC_CONTROL);
        assert_int_equal(got[1].what, REC_CONTROL);
        assert_int_equal(got[1].tag, 6);
    }
}

/* A virtio header that does not fit its frame: the frame is not passed on. */
static void wrong_vnet_is_skipped(void **state)
{
    struct fixture *f = *state;
    static const struct { uint8_t vnet[12]; bool good; } c[] = {
        { { 1, 0, 0, 0, 0, 0, 0, 0, 58, 0, 1, 0 }, true },      /* 0 + 58 + 2 = 60 */
        { { 1, 0, 0, 0, 0, 0, 0, 0, 59, 0, 1, 0 }, false },
        { { 1, 0, 0, 0, 0, 0, 58, 0, 1, 0, 1, 0 }, false },
        { { 1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0 }, false },  /* no wrap */
        { { 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0 }, true },   /* not asked for */
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true },
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 }, false },      /* num_buffers */
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, false },
    };
    static struct rec_twin_stream s;
    static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
    uint8_t body[72] = { 0 };
    aligned(f);
    for (unsigned i = 0; i < sizeof c / sizeof c[0]; i++) {
        memcpy(body, c[i].vnet, 12);
        s.n = 0;
        rec_twin_rec(&s, LY_REC_FRAME, 0, 0, body, 72);
        assert_int_equal(push_all(&f->rx, s.b, s.n, got, 0), 1);
        assert_int_equal(got[0].what, c[i].good ? REC_FRAME : REC_SKIPPED);
        assert_int_equal(pkt_pool_in_use(f->pool), 0);
    }
}

/* Pool empty: that frame is dropped whole, the stream goes on, the next one arrives. A
 * large packet is not spent on a small frame. */
static void pool_empty(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    struct pkt *hold[N_SMALL];
    static struct rec_twin_found got[REC_TWIN_FOUND_MAX];
    for (unsigned i = 0; i < N_SMALL; i++)
        hold[i] = pkt_alloc(f->pool, PKT_SMALL);
    s.n = 0;
    rec_twin_frame(&s, 1, 61, 0);
    rec_twin_rec(&s, LY_REC_EVENT, 0, 6, event_body, 8);
    aligned(f);
    assert_int_equal(push_all(&f->rx, s.b, s.n, got, 0), 2);
    assert_int_equal(got[0].what, REC_NO_BUFFER);
    assert_int_equal(got[1].what, REC_CONTROL);
    assert_int_equal(pkt_pool_free(f->pool, PKT_LARGE), N_LARGE);
    pkt_release(hold[0]);
    assert_int_equal(push_all(&f->rx, s.b, s.n, got, 0), 2);
    assert_int_equal(got[0].what, REC_FRAME);
    for (unsigned i = 1; i < N_SMALL; i++)
        pkt_release(hold[i]);
}

/* The class is the smallest that holds the frame with its padding; above the largest
 * the frame is dropped and the stream stays in step. */
static void packet_class_by_size(void **state)
{
    struct fixture *f = *state;
    static const struct { uint32_t frame; int class_; } c[] = {
        { 14, PKT_SMALL }, { 2048, PKT_SMALL }, { 2049, PKT_LARGE }, { 65536, PKT_LARGE },
        { 65537, -1 }, { 70000, -1 },
    };
    static uint8_t zero[70000];
    for (unsigned i = 0; i < sizeof c / sizeof c[0]; i++) {
        struct rec_hdr h = { .type = LY_REC_FRAME, .length = 12 + c[i].frame };
        uint8_t raw[8];
        size_t used;
        aligned(f);
        f->rx.max_length = 1u << 20;
        rec_hdr_emit(raw, &h);
        assert_int_equal(push(f, raw, 8), REC_NEED_MORE);
        assert_int_equal(push(f, zero, 12), REC_NEED_MORE);
        enum rec_found what = rec_rx_push(&f->rx, zero, rec_padded(c[i].frame), &used);
        assert_int_equal(used, rec_padded(c[i].frame));
        assert_int_equal(what, c[i].class_ < 0 ? REC_NO_BUFFER : REC_FRAME);
        if (what == REC_FRAME) {
            struct pkt *p = rec_rx_take(&f->rx);
            assert_int_equal(p->class_, c[i].class_);
            assert_int_equal(p->len, c[i].frame);
            pkt_release(p);
        }
        assert_int_equal(push(f, rec_twin_sync, 16), REC_SYNC);
    }
}

/* A gap at any byte of a record: what was begun is released, only SYNC helps. */
static void gap_anywhere(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    s.n = 0;
    rec_twin_frame(&s, 1, 61, 0);
    for (size_t at = 0; at < s.n; at++) {
        aligned(f);
        assert_int_equal(push(f, s.b, at), REC_NEED_MORE);
        assert_int_equal(rec_rx_partial(&f->rx), at > 0);
        rec_rx_gap(&f->rx);
        assert_false(rec_rx_partial(&f->rx));
        assert_int_equal(pkt_pool_in_use(f->pool), 0);
        assert_int_equal(push(f, s.b + at, s.n - at), REC_NEED_MORE);
        assert_int_equal(push(f, s.b, s.n), REC_NEED_MORE);
        assert_int_equal(push(f, rec_twin_sync, 16), REC_SYNC);
        assert_int_equal(push(f, s.b, s.n), REC_FRAME);
        pkt_release(rec_rx_take(&f->rx));
    }
    /* A gap while hunting forgets the part of a SYNC that was seen. */
    rec_rx_init(&f->rx, f->pool, 2000);
    assert_int_equal(push(f, rec_twin_sync, 12), REC_NEED_MORE);
    rec_rx_gap(&f->rx);
    assert_int_equal(push(f, rec_twin_sync + 12, 4), REC_NEED_MORE);
}

/* fini in the middle of a frame, and with a frame not taken, leaks nothing. */
static void fini_releases(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    s.n = 0;
    rec_twin_frame(&s, 1, 60, 0);
    aligned(f);
    assert_int_equal(push(f, s.b, 30), REC_NEED_MORE);
    assert_int_equal(pkt_pool_in_use(f->pool), 1);
    rec_rx_fini(&f->rx);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
    aligned(f);
    assert_int_equal(push(f, s.b, s.n), REC_FRAME);
    rec_rx_fini(&f->rx);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
}

static void nothing_to_eat(void **state)
{
    struct fixture *f = *state;
    size_t used = 7;
    assert_int_equal(rec_rx_push(&f->rx, rec_twin_sync, 0, &used), REC_NEED_MORE);
    assert_int_equal(used, 0);
}

/* --- events ------------------------------------------------------------------------------ */

static int control(struct fixture *f, uint8_t type, uint16_t tag, const void *body, uint32_t n,
                   struct link_event *ev)
{
    static struct rec_twin_stream s;
    s.n = 0;
    rec_twin_rec(&s, type, 0, tag, body, n);
    assert_int_equal(push(f, s.b, s.n), REC_CONTROL);
    return rec_rx_event(&f->rx, ev);
}

static void events(void **state)
{
    struct fixture *f = *state;
    struct link_event ev;
    aligned(f);
    assert_int_equal(control(f, LY_REC_REG_VALUE, 0x8001, value_body, 12, &ev), 0);
    assert_int_equal(ev.kind, LINK_EV_REG);
    assert_int_equal(ev.tag, 0x8001);
    assert_int_equal(ev.addr, 4);
    assert_int_equal(ev.value, 0x10000);
    assert_int_equal(ev.status, -2);
    assert_int_equal(control(f, LY_REC_EVENT, 0, event_body, 8, &ev), 0);
    assert_int_equal(ev.kind, LINK_EV_LINK);
    assert_int_equal(ev.arg, 5);
    assert_int_equal(ev.value, 1000);
    assert_int_equal(ev.status, 0);
    assert_int_equal(control(f, LY_REC_EVENT, 0, "\1\0\0\0\0\0\1\0", 8, &ev), 0);
    assert_int_equal(ev.kind, LINK_EV_SYNC);
    assert_int_equal(ev.value, 0x10000);
    assert_int_equal(control(f, LY_REC_EVENT, 0, "\3\0\2\0\0\0\0\0", 8, &ev), 0);
    assert_int_equal(ev.kind, LINK_EV_ERROR);
    assert_int_equal(ev.arg, LY_ERROR_LENGTH);
    assert_int_equal(control(f, LY_REC_STAMP, 77, "stamp", 5, &ev), 0);
    assert_int_equal(ev.kind, LINK_EV_STAMP);
    assert_int_equal(ev.tag, 77);
    assert_int_equal(control(f, LY_REC_EVENT, 0, "\4\0\0\0\0\0\0\0", 8, &ev), -ENOENT);
    assert_int_equal(control(f, LY_REC_EVENT, 0, "\1\1\0\0\0\0\0\0", 8, &ev), -ENOENT);
}

/* --- random streams against a naive twin ------------------------------------------------- */

static void random_streams_against_twin(void **state)
{
    struct fixture *f = *state;
    static struct rec_twin_stream s;
    static struct rec_twin_found want[REC_TWIN_FOUND_MAX], got[REC_TWIN_FOUND_MAX];
    uint64_t seed = seed_of_run();
    unsigned kinds[REC_NO_BUFFER + 1] = { 0 };
    for (int round = 0; round < 60; round++) {
        rec_twin_random(&s, &seed);
        unsigned n = rec_twin_decode(&s, 600, want), k = 0;
        rec_rx_init(&f->rx, f->pool, 600);
        for (size_t at = 0; at < s.n;) {            /* in pieces of 1 to 64 or to 4096 bytes */
            size_t piece = 1 + rec_twin_rnd(&seed) % (round % 2 ? 64 : 4096);
            piece = piece < s.n - at ? piece : s.n - at;
            k = push_all(&f->rx, s.b + at, piece, got, k);
            at += piece;
        }
        assert_same(want, n, got, k);
        for (unsigned i = 0; i < k; i++)
            kinds[got[i].what]++;
        rec_rx_fini(&f->rx);
    }
    /* All that can happen without an empty pool did. */
    assert_true(kinds[REC_FRAME] > 500 && kinds[REC_CONTROL] > 300 && kinds[REC_SYNC] > 500);
    assert_true(kinds[REC_ERROR] > 300 && kinds[REC_SKIPPED] > 300);
}

#define REC_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REC_TEST(crc8_known_answers),
        REC_TEST(crc8_against_bitwise),
        REC_TEST(header_check_finds_bit_errors),
        REC_TEST(header_round_trip),
        REC_TEST(emit_controls_known_answers),
        REC_TEST(emit_frame_known_answer),
        REC_TEST(emit_frame_needs_room),
        REC_TEST(frame_round_trip),
        REC_TEST(every_byte_split),
        REC_TEST(hunting_with_overlaps),
        REC_TEST(sync_body_is_no_header),
        REC_TEST(sync_out_of_step),
        REC_TEST(sync_bytes_in_a_frame),
        REC_TEST(sync_while_aligned),
        REC_TEST(max_length),
        REC_TEST(wrong_lengths_are_skipped),
        REC_TEST(wrong_vnet_is_skipped),
        REC_TEST(pool_empty),
        REC_TEST(packet_class_by_size),
        REC_TEST(gap_anywhere),
        REC_TEST(fini_releases),
        REC_TEST(nothing_to_eat),
        REC_TEST(events),
        REC_TEST(random_streams_against_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
