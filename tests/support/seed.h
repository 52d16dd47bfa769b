/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed.h - where the random numbers of a C test begin.
 */
#ifndef LY_TESTS_SUPPORT_SEED_H
#define LY_TESTS_SUPPORT_SEED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** seed_of_run() - LY_SEED, 1 without it; printed, since it is what repeats a failure. */
static inline uint64_t seed_of_run(void)
{
    const char *text = getenv("LY_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
    printf("LY_SEED=%" PRIu64 "\n", seed);
    return seed;
}

#endif
