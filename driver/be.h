/* SPDX-License-Identifier: Apache-2.0 */
/*
 * be.h - byte-order types and accessors.
 *
 * Wire structs are built from these, so they have no padding and no
 * alignment; gcc and clang turn get/put into one load and a swap.
 */
#ifndef LY_DRIVER_BE_H
#define LY_DRIVER_BE_H

#include <stdint.h>

struct be16 { uint8_t b[2]; };
struct be32 { uint8_t b[4]; };
struct le16 { uint8_t b[2]; };
struct le32 { uint8_t b[4]; };

_Static_assert(sizeof(struct be16) == 2 && sizeof(struct be32) == 4, "no padding");
_Static_assert(sizeof(struct le16) == 2 && sizeof(struct le32) == 4, "no padding");

static inline uint16_t be16_get(struct be16 v)
{
    return (uint16_t)((unsigned)v.b[0] << 8 | v.b[1]);
}

static inline struct be16 be16_put(uint16_t x)
{
    return (struct be16){ { (uint8_t)(x >> 8), (uint8_t)x } };
}

static inline uint32_t be32_get(struct be32 v)
{
    return (uint32_t)v.b[0] << 24 | (uint32_t)v.b[1] << 16 | (uint32_t)v.b[2] << 8 | v.b[3];
}

static inline struct be32 be32_put(uint32_t x)
{
    return (struct be32){ { (uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8),
                            (uint8_t)x } };
}

static inline uint16_t le16_get(struct le16 v)
{
    return (uint16_t)((unsigned)v.b[1] << 8 | v.b[0]);
}

static inline struct le16 le16_put(uint16_t x)
{
    return (struct le16){ { (uint8_t)x, (uint8_t)(x >> 8) } };
}

static inline uint32_t le32_get(struct le32 v)
{
    return (uint32_t)v.b[3] << 24 | (uint32_t)v.b[2] << 16 | (uint32_t)v.b[1] << 8 | v.b[0];
}

static inline struct le32 le32_put(uint32_t x)
{
    return (struct le32){ { (uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16),
                            (uint8_t)(x >> 24) } };
}

#endif
