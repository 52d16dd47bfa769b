/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the progress line: what it says, and that it fits. tests/cosim/test_progress.py
 * has the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/progress.h"

#include <string.h>

static const char *line(char out[PROGRESS_COLUMNS_MAX], unsigned columns,
                        struct progress_view v)
{
    unsigned n = progress_line(out, columns, &v);
    assert_int_equal(strlen(out), n);
    return out;
}

static void what_it_says(void **state)
{
    char out[PROGRESS_COLUMNS_MAX];
    (void)state;
    /* 1 MB in 80 ms are 100 Mbit/s. */
    struct progress_view v = { .bytes = 1000000, .total_bytes = 4000000, .run_ns = 80000000,
                               .done = 1, .objects = 4 };
    assert_string_equal(line(out, 80, v), " 25%  976.6 KiB of 3.8 MiB  100.00 Mbit/s  1/4 "
                                          "[=======>                      ]");
    v.total_bytes = 0;
    assert_string_equal(line(out, 80, v), "976.6 KiB  100.00 Mbit/s  1/4");
    assert_string_equal(line(out, 80, (struct progress_view){ .objects = 1 }),
                        "0 B  0.00 Mbit/s  0/1");
}

/* More came than was said, or all of it: 100 %, and a bar without its head. */
static void whole(void **state)
{
    char out[PROGRESS_COLUMNS_MAX];
    (void)state;
    struct progress_view v = { .bytes = 999, .total_bytes = 999, .objects = 1, .done = 1 };
    assert_string_equal(line(out, 60, v), "100%  999 B of 999 B  0.00 Mbit/s  1/1 "
                                          "[==================]");
    v.bytes = 5000;
    assert_memory_equal(line(out, 60, v), "100%  4.9 KiB of 999 B", 22);
    v.bytes = UINT64_MAX / 100;
    v.total_bytes = UINT64_MAX / 50;
    assert_memory_equal(line(out, 200, v), " 50%  ", 6);
}

static void fits_every_width(void **state)
{
    (void)state;
    const struct progress_view v = { .bytes = 123456789, .total_bytes = 987654321, .run_ns = 1,
                                     .done = 999, .objects = 1000 };
    for (unsigned columns = 1; columns < 2 * PROGRESS_COLUMNS_MAX; columns++) {
        char out[PROGRESS_COLUMNS_MAX];
        line(out, columns, v);
        assert_true(strlen(out) < columns && strlen(out) < PROGRESS_COLUMNS_MAX);
    }
}

/* Not wanted, or stderr is no terminal: never drawn, and hiding says nothing. */
static void off(void **state)
{
    struct progress p;
    (void)state;
    progress_start(&p, false);
    assert_false(progress_due(&p));
    progress_hide(&p);
    progress_hide(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(whole),
        cmocka_unit_test(fits_every_width),
        cmocka_unit_test(off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
