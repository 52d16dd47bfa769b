/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's page: the same every time, its images valid to a decoder that shares no code
 * with the encoder, its objects those that the HTML names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/html.h"
#include "host/page.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* CRC-32 bit by bit, PNG (RFC 2083) appendix 15. */
static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    }
    return ~c;
}

struct image { uint32_t width, height; uint8_t *raw; size_t raw_len; };

static void inflate_all(struct image *im, const uint8_t *z, size_t z_len)
{
    z_stream s = { .next_in = (Bytef *)(uintptr_t)z, .avail_in = (uInt)z_len };
    im->raw_len = (size_t)im->height * (1 + 3 * im->width);
    im->raw = malloc(im->raw_len + 1);
    assert_non_null(im->raw);
    assert_int_equal(inflateInit(&s), Z_OK);
    s.next_out = im->raw;
    s.avail_out = (uInt)im->raw_len + 1;
    assert_int_equal(inflate(&s, Z_FINISH), Z_STREAM_END);
    assert_int_equal(s.total_out, im->raw_len);
    assert_int_equal(s.avail_in, 0);
    inflateEnd(&s);
}

/* IHDR, one IDAT, IEND: 8-bit RGB, not interlaced. */
static void decode(const uint8_t *p, size_t len, struct image *im)
{
    static const char *const order[] = { "IHDR", "IDAT", "IEND" };
    const uint8_t *end = p + len;
    assert_memory_equal(p, "\x89PNG\r\n\x1a\n", 8);
    p += 8;
    for (int i = 0; i < 3; i++) {
        assert_true(end - p >= 12);
        uint32_t n = get32(p);
        assert_true(n <= (size_t)(end - p) - 12);
        assert_memory_equal(p + 4, order[i], 4);
        assert_int_equal(get32(p + 8 + n), crc(p + 4, n + 4));
        if (i == 0) {
            assert_int_equal(n, 13);
            im->width = get32(p + 8);
            im->height = get32(p + 12);
            assert_memory_equal(p + 16, "\x08\x02\x00\x00\x00", 5);
        } else if (i == 1) {
            inflate_all(im, p + 8, n);
        }
        p += 12 + n;
    }
    assert_ptr_equal(p, end);
}

static void images_are_png(void **state)
{
    static const struct { unsigned side; size_t at_least; } want[] = {
        { 32, 3000 }, { 82, 20000 }, { 192, 100 * 1024 },
    };
    struct page p;
    (void)state;
    assert_int_equal(page_make(&p), 0);
    for (int i = 0; i < 3; i++) {
        struct image im = { .raw = NULL };
        assert_true(p.file[2 + i].len >= want[i].at_least);
        decode(p.file[2 + i].data, p.file[2 + i].len, &im);
        assert_int_equal(im.width, want[i].side);
        assert_int_equal(im.height, want[i].side);
        for (uint32_t y = 0; y < im.height; y++)    /* the only filter is none */
            assert_int_equal(im.raw[y * (1 + 3 * im.width)], 0);
        free(im.raw);
    }
    page_free(&p);
    assert_null(p.file[0].data);
    page_free(&p);
}

static void same_every_time(void **state)
{
    struct page a, b;
    (void)state;
    assert_int_equal(page_make(&a), 0);
    assert_int_equal(page_make(&b), 0);
    for (int i = 0; i < PAGE_FILES; i++) {
        assert_string_equal(a.file[i].path, b.file[i].path);
        assert_int_equal(a.file[i].len, b.file[i].len);
        assert_memory_equal(a.file[i].data, b.file[i].data, a.file[i].len);
    }
    page_free(&a);
    page_free(&b);
}

struct search { const struct page *p; int found; };

static void on_ref(void *arg, const char *ref)
{
    struct search *s = arg;
    for (int i = 0; i < PAGE_FILES; i++)
        s->found += !strcmp(s->p->file[i].path, ref);
}

static void html_names_the_images(void **state)
{
    struct page p;
    char base[16];
    (void)state;
    assert_int_equal(page_make(&p), 0);
    struct search s = { .p = &p };
    assert_int_equal(html_objects((const char *)p.file[0].data, p.file[0].len, base, sizeof(base),
                                  on_ref, &s), 3);
    assert_int_equal(s.found, 3);
    page_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_png),
        cmocka_unit_test(same_every_time),
        cmocka_unit_test(html_names_the_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
