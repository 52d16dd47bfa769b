/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rec_twin.h - a second, naive implementation of the record stream, to judge
 * driver/rec.c by: records made by hand, a decoder that has the whole stream in
 * memory and no state machine, and random streams for both. It shares constants
 * with the codec and no code.
 */
#ifndef LY_TESTS_UNIT_REC_TWIN_H
#define LY_TESTS_UNIT_REC_TWIN_H

#include "driver/rec.h"

#include <stddef.h>
#include <stdint.h>

#define REC_TWIN_STREAM_MAX 40000u
#define REC_TWIN_FOUND_MAX 2000u

/* One finding. Of a frame: its length without virtio header, a sum of its bytes. */
struct rec_twin_found {
    enum rec_found what;
    uint8_t type;
    uint16_t tag;
    uint32_t length, sum;
};

struct rec_twin_stream {
    uint8_t b[REC_TWIN_STREAM_MAX];
    size_t n;
};

/* The whole SYNC record; its body is the second half. */
extern const uint8_t rec_twin_sync[16];

/** rec_twin_crc8() - bit by bit, as the polynomial is written. */
uint8_t rec_twin_crc8(const uint8_t *p, size_t n);

/** rec_twin_mix() - a sum by which payloads are compared. */
uint32_t rec_twin_mix(const uint8_t *p, size_t n);

/** rec_twin_rnd() - a seeded generator. */
uint32_t rec_twin_rnd(uint64_t *seed);

/* Append to the stream: any bytes; a record with its padding; a frame record with
 * this many frame bytes, numbered from @first (at most 3000). */
void rec_twin_bytes(struct rec_twin_stream *s, const void *p, size_t n);
void rec_twin_rec(struct rec_twin_stream *s, uint8_t type, uint8_t flags, uint16_t tag,
                  const uint8_t *body, uint32_t length);
void rec_twin_frame(struct rec_twin_stream *s, uint16_t tag, uint32_t frame_bytes, uint8_t first);

/** rec_twin_random() - much sense and some nonsense; payloads up to 612 bytes. */
void rec_twin_random(struct rec_twin_stream *s, uint64_t *seed);

/**
 * rec_twin_decode() - what a receiver finds that has every packet it asks for.
 * @max: largest payload
 *
 * Returns the number of findings at @out (REC_TWIN_FOUND_MAX).
 */
unsigned rec_twin_decode(const struct rec_twin_stream *s, uint32_t max,
                         struct rec_twin_found *out);

#endif
