/* SPDX-License-Identifier: Apache-2.0 */
/* rec_twin.c - see rec_twin.h. Plain on purpose: nothing here is fast or resumable. */
#include "tests/unit/rec_twin.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

const uint8_t rec_twin_sync[16] = {
    0x07, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x06, 0xA5, 0x5A, 0x4C, 0x59, 0x53, 0x59, 0x4E, 0x43,
};

uint8_t rec_twin_crc8(const uint8_t *p, size_t n)
{
    unsigned crc = 0xFF;
    for (size_t i = 0; i < 8 * n; i++) {
        unsigned bit = (unsigned)p[i / 8] >> (7 - i % 8) & 1u;
        unsigned top = crc >> 7 & 1u;
        crc = (crc << 1 & 0xFF) ^ (top != bit ? 0x07u : 0u);
    }
    return (uint8_t)crc;
}

uint32_t rec_twin_mix(const uint8_t *p, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

uint32_t rec_twin_rnd(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;  /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z ^ z >> 31);
}

/* --- make ---------------------------------------------------------------- */

void rec_twin_bytes(struct rec_twin_stream *s, const void *p, size_t n)
{
    assert(s->n + n <= REC_TWIN_STREAM_MAX);
    memcpy(s->b + s->n, p, n);
    s->n += n;
}

void rec_twin_rec(struct rec_twin_stream *s, uint8_t type, uint8_t flags, uint16_t tag,
                  const uint8_t *body, uint32_t length)
{
    uint8_t h[8] = { type, flags, (uint8_t)tag, (uint8_t)(tag >> 8), (uint8_t)length,
                     (uint8_t)(length >> 8), (uint8_t)(length >> 16) };
    h[7] = rec_twin_crc8(h, 7);
    rec_twin_bytes(s, h, 8);
    rec_twin_bytes(s, body, length);
    rec_twin_bytes(s, "\0\0\0", (4 - length % 4) % 4);
}

void rec_twin_frame(struct rec_twin_stream *s, uint16_t tag, uint32_t frame_bytes, uint8_t first)
{
    uint8_t body[12 + 3000] = { VNET_F_DATA_VALID, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
    assert(frame_bytes <= 3000);
    for (uint32_t i = 0; i < frame_bytes; i++)
        body[12 + i] = (uint8_t)(first + i);
    rec_twin_rec(s, LY_REC_FRAME, 0, tag, body, 12 + frame_bytes);
}

static void random_piece(struct rec_twin_stream *s, uint64_t *seed, const uint8_t *body)
{
    uint32_t r = rec_twin_rnd(seed), pick = rec_twin_rnd(seed) % 12;
    switch (pick) {
    case 0: rec_twin_bytes(s, body, r % 20); break;                     /* garbage */
    case 1: rec_twin_bytes(s, rec_twin_sync + r % 12, (r >> 16) % 4); break;
    case 2: rec_twin_bytes(s, rec_twin_sync + 8, 8); break;
    case 3: rec_twin_rec(s, (uint8_t)(r % 9), 0, 1, body, (r >> 16) % 40); break;
    case 4: rec_twin_rec(s, LY_REC_REG_VALUE, 0, (uint16_t)r, body, 12); break;
    case 5: rec_twin_rec(s, LY_REC_FRAME, 0, 2, body, 12 + r % 600); break;
    case 6: rec_twin_rec(s, LY_REC_SYNC, 0, 0, body, 8); break;         /* which is none */
    case 7: rec_twin_rec(s, 0x20, 0, 0, body, 590 + r % 20); break;     /* unknown type */
    case 8: case 9: rec_twin_frame(s, (uint16_t)r, (r >> 16) % 580, body[0]); break;
    default: rec_twin_bytes(s, rec_twin_sync, 16); break;
    }
}

void rec_twin_random(struct rec_twin_stream *s, uint64_t *seed)
{
    uint8_t body[700];

    for (s->n = 0; s->n < REC_TWIN_STREAM_MAX - 2000;) {
        size_t begin = s->n;
        for (unsigned i = 0; i < sizeof body; i++)
            body[i] = (uint8_t)rec_twin_rnd(seed);
        random_piece(s, seed, body);
        uint32_t r = rec_twin_rnd(seed);
        if (r % 16 == 0 && s->n > begin)        /* a wrong bit */
            s->b[begin + (r >> 8) % (s->n - begin)] ^= (uint8_t)(1u << (r >> 4) % 8);
        if (r % 16 == 1 && s->n > begin)        /* a lost byte */
            s->n--;
    }
}

/* --- decode -------------------------------------------------------------- */

static bool is_sync(const uint8_t *p)
{
    return memcmp(p, rec_twin_sync + 8, 8) == 0;
}

/* A record in step, of a type that is not SYNC. */
static struct rec_twin_found judge(const uint8_t *h, uint32_t len)
{
    const uint8_t *body = h + 8;
    struct rec_twin_found r = {
        .what = REC_CONTROL, .type = h[0], .tag = (uint16_t)(h[2] + 256u * h[3]),
        .length = len, .sum = rec_twin_mix(body, len),
    };

    if ((h[0] == 4 && len == 12) || (h[0] == 5 && len == 8) || (h[0] == 6 && len <= 16))
        return r;
    if (h[0] == 1 && len >= 12 + 14) {
        uint32_t sum_end = (body[6] + 256u * body[7]) + (body[8] + 256u * body[9]) + 2;
        bool asks = body[0] & 1, one_buffer = body[10] + 256u * body[11] <= 1;
        r.what = REC_FRAME;
        r.length = len - 12;
        r.sum = rec_twin_mix(body + 12, len - 12);
        if (one_buffer && (!asks || sum_end <= len - 12))
            return r;
    }
    return (struct rec_twin_found){ .what = REC_SKIPPED };
}

/* Where a receiver in step stops at the record at @at: behind it (in step), or at
 * where the hunt begins (not *in_step). 0: the stream ends before the record does. */
static size_t one_record(const struct rec_twin_stream *s, size_t at, uint32_t max,
                         struct rec_twin_found *out, unsigned *k, bool *in_step)
{
    const uint8_t *h = s->b + at;
    if (at + 8 > s->n)
        return 0;
    uint32_t len = h[4] + 256u * h[5] + 65536u * h[6], padded = (len + 3) / 4 * 4;
    bool sync = h[0] == 7;

    if (rec_twin_crc8(h, 7) != h[7] || len > max || (sync && len != 8)) {
        *in_step = false;
        if (!is_sync(h))
            out[(*k)++] = (struct rec_twin_found){ .what = REC_ERROR };
        return at;
    }
    if (at + 8 + padded > s->n)
        return 0;
    if (!sync) {
        out[(*k)++] = judge(h, len);
        return at + 8 + padded;
    }
    *in_step = is_sync(h + 8);
    out[(*k)++] = (struct rec_twin_found){ .what = *in_step ? REC_SYNC : REC_ERROR };
    return *in_step ? at + 16 : at + 8;
}

unsigned rec_twin_decode(const struct rec_twin_stream *s, uint32_t max,
                         struct rec_twin_found *out)
{
    unsigned k = 0;
    size_t at = 0;
    bool in_step = false;

    for (;;) {
        assert(k < REC_TWIN_FOUND_MAX);
        if (in_step) {
            size_t next = one_record(s, at, max, out, &k, &in_step);
            if (next == 0)
                return k;
            at = next;
            continue;
        }
        while (at + 8 <= s->n && !is_sync(s->b + at))
            at++;
        if (at + 8 > s->n)
            return k;
        at += 8;
        in_step = true;
        out[k++] = (struct rec_twin_found){ .what = REC_SYNC };
    }
}
