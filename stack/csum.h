/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csum.h - the Internet checksum of RFC 1071 in software: what the stack does
 * when the NIC cannot, and the reference for the RTL.
 *
 * A "sum" is the folded 16-bit ones' complement sum, as the number that the two
 * bytes have in network order, not yet complemented. Sums of pieces may be added
 * with csum_add() as long as each piece starts at an even offset.
 */
#ifndef LY_STACK_CSUM_H
#define LY_STACK_CSUM_H

#include <stddef.h>
#include <stdint.h>

/** csum_add() - ones' complement addition of two sums (end-around carry). */
static inline uint16_t csum_add(uint16_t a, uint16_t b)
{
    uint32_t t = (uint32_t)a + b;
    return (uint16_t)(t + (t >> 16));
}

/**
 * csum_sum() - sum of @len bytes, an odd last byte padded with zero.
 * @p: any alignment
 *
 * Returns the sum. 0 only if every byte is 0. Source: RFC 1071 1, 2(B), 4.
 */
uint16_t csum_sum(const void *p, size_t len);

/**
 * csum_pseudo4() - sum of the IPv4 pseudo header.
 * @len: bytes of transport header and data
 *
 * Source: RFC 9293 3.1, RFC 768.
 */
uint16_t csum_pseudo4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len);

/**
 * csum_finish() - the value of the checksum field for a sum.
 *
 * Returns the complement, and 0xFFFF where that is 0: the same number in ones'
 * complement, and what UDP requires (RFC 768). The RTL does so for every protocol
 * because it does not know which one it sums; software does the same so that the
 * bytes on the wire do not depend on who computed them.
 */
static inline uint16_t csum_finish(uint16_t sum)
{
    return sum == 0xFFFF ? 0xFFFF : (uint16_t)~sum;
}

/**
 * csum_update16() - a checksum field after one 16-bit word of what it covers
 * changed from @old to @new_. Source: RFC 1624 3, equation 3.
 */
static inline uint16_t csum_update16(uint16_t field, uint16_t old, uint16_t new_)
{
    return (uint16_t)~csum_add(csum_add((uint16_t)~field, (uint16_t)~old), new_);
}

#endif
