/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csum.c - RFC 1071 in software. The sum is taken in the machine's own byte
 * order, in 64-bit accumulators, and turned into network order once at the end:
 * ones' complement addition does not mind a swap of all its bytes (RFC 1071 2(B)).
 */
#include "stack/csum.h"

#include "driver/be.h"

#include <string.h>

/* Two 32-bit halves into a 64-bit accumulator: carries pile up in its upper half,
 * which would overflow only after 2^32 words. No add-with-carry chain, so the
 * compiler may use vector registers. */
static uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return (w & 0xFFFFFFFFu) + (w >> 32);
}

/* End-around carry until 16 bits are left: 64 to 33 to 32 to 17 to 16. RFC 1071 1. */
static uint16_t fold64(uint64_t s)
{
    s = (s & 0xFFFFFFFFu) + (s >> 32);
    s = (s & 0xFFFFFFFFu) + (s >> 32);
    s = (s & 0xFFFFu) + (s >> 16);
    s = (s & 0xFFFFu) + (s >> 16);
    return (uint16_t)s;
}

uint16_t csum_sum(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (; len >= 32; len -= 32, b += 32) {
        s0 += load8(b);
        s1 += load8(b + 8);
        s2 += load8(b + 16);
        s3 += load8(b + 24);
    }
    for (; len >= 8; len -= 8, b += 8)
        s0 += load8(b);
    if (len) {
        /* Fewer than 8 bytes: zeros behind them add nothing. */
        uint8_t tail[8] = { 0 };
        memcpy(tail, b, len);
        s1 += load8(tail);
    }
    uint16_t native = fold64(fold64(s0) + (uint64_t)fold64(s1) + fold64(s2) + fold64(s3));
    /* The two bytes as they stand in memory are in network order already. */
    struct be16 be;
    memcpy(&be, &native, sizeof(be));
    return be16_get(be);
}

/* Numbers in host order, so no swap is due: their 16-bit halves add up alike. */
uint16_t csum_pseudo4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len)
{
    uint64_t s = (uint64_t)src + dst + proto + len;
    return fold64(s);
}
