/* SPDX-License-Identifier: Apache-2.0 */
/* test_fst_check.c - chains of blocks that are whole, and such that are not. */
#define _GNU_SOURCE
#include "sim/fst_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER 0
#define DATA 8
#define HIER 4
#define HIER_LZ4DUO 7

/* A block of @len octets, its length included, all behind the length zero. */
static size_t block(uint8_t *b, uint8_t type, uint64_t len)
{
    memset(b, 0, len + 1);
    b[0] = type;
    for (unsigned i = 0; i < 8; i++)
        b[1 + i] = (uint8_t)(len >> (56 - 8 * i));
    return len + 1;
}

static int checked(const uint8_t *b, size_t n)
{
    char path[32];
    int fd = memfd_create("waves", MFD_CLOEXEC);
    assert_int_equal(write(fd, b, n), n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = fst_check(path);
    assert_int_equal(close(fd), 0);
    return rc;
}

static void test_whole(void **state)
{
    (void)state;
    uint8_t b[2000];
    size_t n = block(b, HEADER, 329);
    n += block(b + n, DATA, 300);
    assert_int_equal(checked(b, n), -EIO);      /* no hierarchy yet */
    n += block(b + n, HIER, 8);
    assert_int_equal(checked(b, n), 0);
    n += block(b + n, HIER_LZ4DUO, 40);
    assert_int_equal(checked(b, n), 0);
}

static void test_cut(void **state)
{
    (void)state;
    uint8_t b[2000];
    size_t n = block(b, HEADER, 329), whole = n + block(b + n, HIER, 50);
    for (size_t k = 0; k < whole; k++)
        assert_int_equal(checked(b, k), -EIO);
    assert_int_equal(checked(b, whole), 0);
    b[whole] = 0;
    assert_int_equal(checked(b, whole + 1), -EIO);
}

static void test_lengths_that_make_no_sense(void **state)
{
    (void)state;
    static const uint64_t lengths[] = { 0, 7, 1000, UINT64_MAX, UINT64_MAX - 8, 1ull << 63 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t b[2000];
        size_t n = block(b, HEADER, 329), all = n + block(b + n, HIER, 50);
        for (unsigned k = 0; k < 8; k++)
            b[n + 1 + k] = (uint8_t)(lengths[i] >> (56 - 8 * k));
        assert_int_equal(checked(b, all), -EIO);
    }
    assert_int_equal(fst_check("/proc/nothing"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lengths_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
