/* SPDX-License-Identifier: Apache-2.0 */
/* A request target never leads out of the served folder, however it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/target.h"

#include <string.h>

static void expect(const char *target, const char *want)
{
    char path[64];
    assert_true(target_path(target, path, sizeof(path)));
    assert_string_equal(path, want);
}

static void plain(void **state)
{
    (void)state;
    expect("/", "/");
    expect("/a", "/a");
    expect("/a/b/", "/a/b/");
    expect("/a?x=/../y", "/a");
    expect("/a#b", "/a");
    expect("http://host", "/");
    expect("http://host?x=/about/", "/");
    expect("http://host#/about/", "/");
    expect("http://host:80/x/y", "/x/y");
    expect("/%41%2d", "/A-");
    expect("/...", "/...");
}

static void dots(void **state)
{
    (void)state;
    expect("/a/.", "/a/");
    expect("/a/..", "/");
    expect("/a/b/../c", "/a/c");
    expect("/../../etc/passwd", "/etc/passwd");
    expect("/%2e%2e/x", "/x");
    expect("/a/..%2f..%2fx", "/x");
    expect("//x", "/x");
    expect("/%2fetc/passwd", "/etc/passwd");
    expect("/a//.//b", "/a/b");
}

static void malformed(void **state)
{
    char path[8];
    (void)state;
    assert_false(target_path("", path, sizeof(path)));
    assert_false(target_path("a", path, sizeof(path)));
    assert_false(target_path("*", path, sizeof(path)));
    assert_false(target_path("/%", path, sizeof(path)));
    assert_false(target_path("/%4", path, sizeof(path)));
    assert_false(target_path("/%zz", path, sizeof(path)));
    assert_false(target_path("/%00", path, sizeof(path)));
    assert_false(target_path("/1234567", path, sizeof(path)));
    assert_true(target_path("/123456", path, sizeof(path)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(dots),
        cmocka_unit_test(malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
