/* SPDX-License-Identifier: Apache-2.0 */
#include "host/page.h"

#include "driver/be.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char index_html[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head><meta charset=\"utf-8\"><title>Lanyard peer</title></head>\n"
    "<body>\n"
    "<h1>A page that came through the NIC</h1>\n"
    "<p>Every byte crossed a Verilated MAC twice.</p>\n"
    "<img src=\"/img/small.png\" alt=\"32 x 32\">\n"
    "<img src=\"/img/middle.png\" alt=\"82 x 82\">\n"
    "<img src=\"/img/large.png\" alt=\"192 x 192\">\n"
    "</body>\n"
    "</html>\n";

static const char about_html[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><title>About</title></head>"
    "<body><p>Served by the second host of --wire peer.</p></body></html>\n";

/* One PNG chunk: length, type, data, CRC-32. Source: RFC 2083 3.2. */
static uint8_t *chunk(uint8_t *at, const char type[4], const uint8_t *data, size_t n)
{
    struct be32 len = be32_put((uint32_t)n);
    memcpy(at, &len, 4);
    memcpy(at + 4, type, 4);
    if (n)
        memcpy(at + 8, data, n);
    struct be32 crc = be32_put((uint32_t)crc32(0, at + 4, (uInt)(n + 4)));
    memcpy(at + 8 + n, &crc, 4);
    return at + 12 + n;
}

/* Pixels with some noise, so that size is a matter of the side and not of the compressor. */
static void paint(uint8_t *raw, unsigned side)
{
    uint32_t noise = 2463534242u + side; /* xorshift32 */
    for (unsigned y = 0; y < side; y++) {
        *raw++ = 0; /* filter type none */
        for (unsigned x = 0; x < side; x++) {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            *raw++ = (uint8_t)(x * 255u / side);
            *raw++ = (uint8_t)(y * 255u / side);
            *raw++ = (uint8_t)noise;
        }
    }
}

/* An RGB image of @side x @side, stored without compression: its size is arithmetic. */
static int png(uint8_t **out, size_t *out_len, unsigned side)
{
    static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    size_t raw_len = (size_t)side * (3 * side + 1);
    uLong z_len = compressBound(raw_len);
    uint8_t *raw = malloc(raw_len), *z = malloc(z_len), *file = malloc(z_len + 64);
    int rc = -ENOMEM;
    if (raw && z && file) {
        paint(raw, side);
        rc = compress2(z, &z_len, raw, raw_len, Z_NO_COMPRESSION) == Z_OK ? 0 : -ENOMEM;
    }
    if (rc == 0) {
        uint8_t head[13] = { 0, 0, (uint8_t)(side >> 8), (uint8_t)side,
                             0, 0, (uint8_t)(side >> 8), (uint8_t)side, 8, 2, 0, 0, 0 };
        memcpy(file, magic, sizeof(magic));
        uint8_t *at = chunk(file + sizeof(magic), "IHDR", head, sizeof(head));
        at = chunk(at, "IDAT", z, z_len);
        at = chunk(at, "IEND", NULL, 0);
        *out = file;
        *out_len = (size_t)(at - file);
        file = NULL;
    }
    free(raw);
    free(z);
    free(file);
    return rc;
}

static int text(uint8_t **out, size_t *out_len, const char *from)
{
    *out_len = strlen(from);
    *out = malloc(*out_len);
    if (!*out)
        return -ENOMEM;
    memcpy(*out, from, *out_len);
    return 0;
}

int page_make(struct page *p)
{
    *p = (struct page){ .file = { { .path = "/index.html" }, { .path = "/about/index.html" },
                                  { .path = "/img/small.png" }, { .path = "/img/middle.png" },
                                  { .path = "/img/large.png" },
                                  { .path = "/img/huge.png" } } };
    int rc = text(&p->file[0].data, &p->file[0].len, index_html);
    if (rc == 0)
        rc = text(&p->file[1].data, &p->file[1].len, about_html);
    static const unsigned side[4] = { 32, 82, 192, 592 };
    for (int i = 0; i < 4 && rc == 0; i++)
        rc = png(&p->file[2 + i].data, &p->file[2 + i].len, side[i]);
    if (rc < 0)
        page_free(p);
    return rc;
}

void page_free(struct page *p)
{
    for (int i = 0; i < PAGE_FILES; i++)
        free(p->file[i].data);
    *p = (struct page){ 0 };
}
