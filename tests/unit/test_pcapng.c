/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pcapng.c - capture files read back by a small reader of their own, and
 * files that cannot be written.
 */
#include "sim/pcapng.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_MAX (1u << 20)
#define PATH "/tmp/lanyard-test-XXXXXX"

struct file {
    char path[sizeof PATH];
    uint8_t *data;
    size_t len, at;
};

static void file_make(struct file *f)
{
    memset(f, 0, sizeof *f);
    memcpy(f->path, PATH, sizeof PATH);
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void file_read(struct file *f)
{
    FILE *s = fopen(f->path, "rb");
    assert_non_null(s);
    f->data = malloc(FILE_MAX);
    assert_non_null(f->data);
    f->len = fread(f->data, 1, FILE_MAX, s);
    assert_int_equal(fclose(s), 0);
    assert_int_equal(remove(f->path), 0);
}

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t u16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

/* The next block: its type, body and body length; both lengths must agree. */
static uint32_t block(struct file *f, const uint8_t **body, uint32_t *len)
{
    assert_true(f->len - f->at >= 12);
    const uint8_t *p = f->data + f->at;
    uint32_t total = u32(p + 4);
    assert_int_equal(total % 4, 0);
    assert_true(total >= 12 && total <= f->len - f->at);
    assert_int_equal(u32(p + total - 4), total);
    *body = p + 8;
    *len = total - 12;
    f->at += total;
    return u32(p);
}

/* The value of an option in @opts, NULL if it is not there. */
static const uint8_t *option(const uint8_t *opts, uint32_t len, uint32_t code, uint32_t *n)
{
    uint32_t at = 0;
    while (at + 4 <= len && u16(opts + at) != 0) {
        *n = u16(opts + at + 2);
        if (u16(opts + at) == code)
            return opts + at + 4;
        at += 4 + ((*n + 3) & ~3u);
    }
    assert_true(at + 4 == len);     /* ended by opt_endofopt, nothing behind it */
    return NULL;
}

static void check_head(struct file *f, bool wall)
{
    const uint8_t *b, *o;
    uint32_t len, n;
    assert_int_equal(block(f, &b, &len), 0x0A0D0D0A);
    assert_int_equal(u32(b), 0x1A2B3C4D);
    assert_int_equal(u32(b + 4), 1);                    /* version 1.0 */
    assert_null(option(b + 16, len - 16, 2, &n));       /* shb_hardware */
    assert_null(option(b + 16, len - 16, 3, &n));       /* shb_os */
    assert_int_equal(block(f, &b, &len), 1);
    assert_int_equal(u16(b), 1);                        /* LINKTYPE_ETHERNET */
    assert_null(option(b + 8, len - 8, 12, &n));        /* if_os */
    assert_null(option(b + 8, len - 8, 15, &n));        /* if_hardware */
    o = option(b + 8, len - 8, 9, &n);
    assert_non_null(o);
    assert_int_equal(n, 1);
    assert_int_equal(o[0], 9);                          /* nanoseconds */
    o = option(b + 8, len - 8, 13, &n);
    assert_non_null(o);
    assert_int_equal(o[0], 4);                          /* FCS kept */
    o = option(b + 8, len - 8, 14, &n);
    if (wall) {
        assert_non_null(o);
        assert_int_equal(n, 8);
        int64_t t = (int64_t)(u32(o) | (uint64_t)u32(o + 4) << 32);
        assert_true(llabs(t - (int64_t)time(NULL)) < 60);
    } else {
        assert_null(o);
    }
}

static void check_frame(struct file *f, uint64_t t_ns, const uint8_t *data, uint32_t stored,
                        uint32_t len, uint32_t flags, const char *comment)
{
    const uint8_t *b, *o;
    uint32_t n, bytes;
    assert_int_equal(block(f, &b, &bytes), 6);
    assert_int_equal(u32(b), 0);
    assert_true(((uint64_t)u32(b + 4) << 32 | u32(b + 8)) == t_ns);
    assert_int_equal(u32(b + 12), stored);
    assert_int_equal(u32(b + 16), len);
    assert_memory_equal(b + 20, data, stored);
    uint32_t at = 20 + ((stored + 3) & ~3u);
    o = option(b + at, bytes - at, 2, &n);
    assert_non_null(o);
    assert_int_equal(u32(o), flags | 4 << 5);           /* FCS length in bits 5 to 8 */
    o = option(b + at, bytes - at, 1, &n);
    if (comment) {
        assert_non_null(o);
        assert_int_equal(n, strlen(comment));
        assert_memory_equal(o, comment, n);
    } else {
        assert_null(o);
    }
}

static void test_frames_come_back(void **state)
{
    (void)state;
    struct file f;
    struct pcapng *p;
    uint8_t data[1600];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 5);
    file_make(&f);
    assert_int_equal(pcapng_open(&p, f.path, false), 0);
    for (uint32_t len = 60; len < 68; len++)            /* every padding */
        pcapng_frame(p, 1000 * len, data, len, len, PCAPNG_OUT, NULL);
    pcapng_frame(p, 0x123456789ABCDEFu, data, 1518, 1518, PCAPNG_IN | PCAPNG_BAD_FCS,
                 "a wrong FCS");
    pcapng_frame(p, UINT64_MAX, data, 1600, 9000, PCAPNG_IN, "x");
    assert_int_equal(pcapng_frames(p), 10);
    assert_int_equal(pcapng_flush(p), 0);
    assert_int_equal(pcapng_close(p), 0);
    file_read(&f);
    check_head(&f, false);
    for (uint32_t len = 60; len < 68; len++)
        check_frame(&f, 1000 * len, data, len, len, 2, NULL);
    check_frame(&f, 0x123456789ABCDEFu, data, 1518, 1518, 1 | 1u << 24, "a wrong FCS");
    check_frame(&f, UINT64_MAX, data, 1600, 9000, 1, "x");
    assert_int_equal(f.at, f.len);
    free(f.data);
}

static void test_wall_time_has_an_offset(void **state)
{
    (void)state;
    struct file f;
    struct pcapng *p;
    file_make(&f);
    assert_int_equal(pcapng_open(&p, f.path, true), 0);
    assert_int_equal(pcapng_close(p), 0);
    file_read(&f);
    check_head(&f, true);
    assert_int_equal(f.at, f.len);
    free(f.data);
}

/* Nothing of a frame may run over the block: cut, with its true length kept. */
static void test_giants_are_cut(void **state)
{
    (void)state;
    struct file f;
    struct pcapng *p;
    char comment[1000];
    uint8_t *giant = calloc(1, 70000);
    assert_non_null(giant);
    memset(comment, 'c', sizeof comment - 1);
    comment[sizeof comment - 1] = 0;
    file_make(&f);
    assert_int_equal(pcapng_open(&p, f.path, false), 0);
    pcapng_frame(p, 5, giant, 70000, 70000, PCAPNG_IN, comment);
    pcapng_frame(p, 6, giant, 16385, 16385, PCAPNG_IN, NULL);
    assert_int_equal(pcapng_close(p), 0);
    file_read(&f);
    check_head(&f, false);
    comment[256] = 0;
    check_frame(&f, 5, giant, 16384, 70000, 1, comment);
    check_frame(&f, 6, giant, 16384, 16385, 1, NULL);
    assert_int_equal(f.at, f.len);
    free(f.data);
    free(giant);
}

static void test_unwritable_paths(void **state)
{
    (void)state;
    struct pcapng *p = NULL;
    assert_int_equal(pcapng_open(&p, "/nonexistent/x.pcapng", false), -ENOENT);
    assert_int_equal(pcapng_open(&p, "/", false), -EISDIR);
    assert_null(p);
    assert_int_equal(pcapng_close(NULL), 0);
}

/* A full disk is not noticed by one write but by the flush, and stays known. */
static void test_full_disk_is_reported(void **state)
{
    (void)state;
    struct pcapng *p;
    uint8_t data[1518] = { 0 };
    assert_int_equal(pcapng_open(&p, "/dev/full", false), 0);
    assert_int_equal(pcapng_flush(p), -ENOSPC);
    assert_int_equal(pcapng_close(p), -ENOSPC);

    assert_int_equal(pcapng_open(&p, "/dev/full", false), 0);
    for (unsigned i = 0; i < 200; i++)                  /* more than stdio's buffer */
        pcapng_frame(p, i, data, sizeof data, sizeof data, PCAPNG_IN, NULL);
    assert_int_equal(pcapng_close(p), -ENOSPC);

    assert_int_equal(pcapng_open(&p, "/dev/full", false), 0);
    assert_int_equal(pcapng_close(p), -ENOSPC);         /* even of the head alone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_back),
        cmocka_unit_test(test_wall_time_has_an_offset),
        cmocka_unit_test(test_giants_are_cut),
        cmocka_unit_test(test_unwritable_paths),
        cmocka_unit_test(test_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
