/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the harnesses share: the entry point, and reading decisions from the input.
 * A harness asserts what must hold for every input; whoever calls it, libFuzzer or replay.c,
 * ends at the first assertion or finding of a sanitizer. The input is a heap block of exactly
 * its size, so a parser that reads one byte too far is seen.
 */
#ifndef LY_TESTS_FUZZ_FUZZ_H
#define LY_TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** LLVMFuzzerTestOneInput() - run one input. The name is libFuzzer's. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of an input that is read as a list of decisions; behind its end it is zeros. */
struct fuzz_in {
    const uint8_t *p;
    size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->p++;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
    uint8_t high = fuzz_u8(in);
    return (uint16_t)(high << 8 | fuzz_u8(in));
}

/** fuzz_small() - -128 to 127, to be added to a number of 32 bits. */
static inline uint32_t fuzz_small(struct fuzz_in *in)
{
    int v = fuzz_u8(in);
    return (uint32_t)(v < 128 ? v : v - 256);
}

/** fuzz_take() - up to @max bytes as they stand; *n of them. */
static inline const uint8_t *fuzz_take(struct fuzz_in *in, size_t max, size_t *n)
{
    const uint8_t *at = in->p;
    *n = in->left < max ? in->left : max;
    in->p += *n;
    in->left -= *n;
    return at;
}

/** fuzz_text() - the input as a string; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    assert(text);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
