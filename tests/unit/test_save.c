/* SPDX-License-Identifier: Apache-2.0 */
/* Where an object is kept, that nothing lies outside the folder, and what is left when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/save.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench { char dir[64]; };

static int setup(void **state)
{
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    strcpy(b->dir, "/tmp/test_save-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[100];
    snprintf(command, sizeof(command), "rm -r %s", b->dir);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

static char *below(const struct bench *b, const char *name, char out[200])
{
    snprintf(out, 200, "%s%s", b->dir, name);
    return out;
}

static long size_of(const struct bench *b, const char *name)
{
    char path[200];
    struct stat st;
    return stat(below(b, name, path), &st) == 0 && S_ISREG(st.st_mode) ? (long)st.st_size : -1;
}

static void expect_saved(const struct bench *b, const char *url, const char *name)
{
    struct save *s = NULL;
    assert_int_equal(save_open(&s, b->dir, url), 0);
    assert_int_equal(save_write(s, "12345", 5), 0);
    assert_int_equal(save_write(s, "", 0), 0);
    assert_int_equal(save_close(s), 0);
    assert_int_equal(size_of(b, name), 5);
}

static void names(void **state)
{
    const struct bench *b = *state;
    expect_saved(b, "http://h/", "/index.html");
    expect_saved(b, "http://h", "/index.html");
    expect_saved(b, "http://h/a/b/c.png?x=/../y#z", "/a/b/c.png");
    expect_saved(b, "http://h/d/", "/d/index.html");
    expect_saved(b, "http://h/a/%2e.x", "/a/%2e.x");
    expect_saved(b, "http://h/a//e", "/a/e");
    expect_saved(b, "http://h/a/b/c.png", "/a/b/c.png");    /* again */
}

/* However it is written, it stays below the folder. */
static void never_outside(void **state)
{
    static const char *const urls[] = {
        "http://h/../../x", "http://h/a/../../../x", "http://h/%2e%2e/%2e%2e/x", "http://h/..",
        "http://h/a/..", "http://h/..%2f..%2fx", "http://h/./../x",
    };
    const struct bench *b = *state;
    char inner[100], path[200];
    snprintf(inner, sizeof(inner), "%s/1/2", b->dir);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct save *s = NULL;
        if (save_open(&s, inner, urls[i]) == 0)
            assert_int_equal(save_close(s), 0);
    }
    assert_int_equal(access(below(b, "/x", path), F_OK), -1);
    assert_int_equal(access(below(b, "/1/x", path), F_OK), -1);
    assert_int_equal(rename(inner, below(b, "/moved", path)), 0);
    assert_int_equal(rmdir(below(b, "/1", path)), 0);       /* nothing but "2" was in it */
}

static void cannot_open(void **state)
{
    const struct bench *b = *state;
    struct save *s = NULL;
    char path[200], url[5000];
    expect_saved(b, "http://h/file", "/file");
    assert_int_equal(save_open(&s, b->dir, "http://h/file/below"), -ENOTDIR);
    assert_int_equal(mkdir(below(b, "/folder", path), 0777), 0);
    assert_int_equal(save_open(&s, b->dir, "http://h/folder"), -EISDIR);
    assert_int_equal(save_open(&s, below(b, "/file", path), "http://h/x"), -ENOTDIR);
    memset(url, 'a', sizeof(url));
    memcpy(url, "http://h/", 9);
    url[sizeof(url) - 1] = '\0';
    assert_int_equal(save_open(&s, b->dir, url), -ENAMETOOLONG);
    assert_int_equal(save_open(&s, "/proc/nothing", "http://h/x"), -ENOENT);
    assert_null(s);
    assert_int_equal(size_of(b, "/file"), 5);
}

static void discarded(void **state)
{
    const struct bench *b = *state;
    struct save *s = NULL;
    assert_int_equal(save_open(&s, b->dir, "http://h/half"), 0);
    assert_int_equal(save_write(s, "x", 1), 0);
    save_discard(s);
    assert_int_equal(size_of(b, "/half"), -1);
    save_discard(NULL);
    assert_int_equal(save_close(NULL), 0);
    assert_int_equal(save_write(NULL, "x", 1), 0);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* Less room than the object needs: told when it is known, and no half file is left. */
static void no_room(void **state)
{
    const struct bench *b = *state;
    static char block[100000];
    struct save *s = NULL;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    limit_file_size(5000);
    assert_int_equal(save_open(&s, b->dir, "http://h/large"), 0);
    assert_int_equal(save_write(s, block, sizeof(block)), -EFBIG);
    assert_int_equal(save_write(s, "more", 4), -EFBIG);     /* the first error stays */
    assert_int_equal(save_close(s), -EFBIG);
    assert_int_equal(size_of(b, "/large"), -1);
    /* So little that only the close finds out. */
    limit_file_size(10);
    assert_int_equal(save_open(&s, b->dir, "http://h/late"), 0);
    assert_int_equal(save_write(s, block, 100), 0);
    assert_int_equal(save_close(s), -EFBIG);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(size_of(b, "/late"), -1);
    signal(SIGXFSZ, old);
}

static bool same(const char *url, const char *other)
{
    char *a, *b;
    assert_int_equal(save_name(&a, url), 0);
    assert_int_equal(save_name(&b, other), 0);
    bool equal = !strcmp(a, b);
    free(a);
    free(b);
    return equal;
}

/* The query and the host make no other file. */
static void one_file_for_two(void **state)
{
    (void)state;
    assert_true(same("http://a/i?id=1", "http://a/i?id=2"));
    assert_true(same("http://a/x.png", "http://b:8080/x.png"));
    assert_true(same("http://a/d/", "http://a/d/index.html"));
    assert_false(same("http://a/x", "http://a/y"));
    assert_false(same("http://a/i%2F..", "http://a/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names, setup, teardown),
        cmocka_unit_test_setup_teardown(never_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(cannot_open, setup, teardown),
        cmocka_unit_test_setup_teardown(discarded, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room, setup, teardown),
        cmocka_unit_test(one_file_for_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
