/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings (--record, replay): the input is a file, or makes one of a right head and of blocks
 * whose sums are right or not. What is read is what a naive twin finds in it; damage is told in
 * one line; a head, read and written again, says the same. */
#include "tests/fuzz/memfile.h"

#include "driver/be.h"
#include "sim/tape.h"

#include <errno.h>
#include <zlib.h>

#define ITEMS_MAX 4096u         /* above any that fit into an input */

/* What reading must give: items, then 0 (the file just ends) or -EBADMSG. */
struct wanted {
    unsigned n;
    int end;
    struct tape_item item[ITEMS_MAX];
};

/* --- the twin ------------------------------------------------------------------------ */

/* The number at @b, of at most ten bytes, into *v. Returns its bytes, 0: none, or above 64 bits. */
static size_t twin_number(const uint8_t *b, size_t n, uint64_t *v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n && i < 10; i++) {
        uint64_t seven = b[i] & 127u;
        if (seven << 7 * i >> 7 * i != seven)
            return 0;
        sum |= seven << 7 * i;
        *v = sum;
        if (b[i] < 128)
            return i + 1;
    }
    return 0;
}

/* The item at @b; its pins are those before it where it does not say otherwise. Returns its
 * bytes, 0: damaged. */
static size_t twin_item(const uint8_t *b, size_t n, struct tape_item *it)
{
    static const enum tape_kind kind[5] = { TAPE_EDGES, TAPE_JUMP, TAPE_SKIP, TAPE_END,
                                            TAPE_SPEED };
    size_t at = 1;
    if (b[0] > 0x84)
        return 0;
    if (b[0] >= 0x80) {
        it->kind = kind[b[0] - 0x80];
        size_t bytes = b[0] == 0x83 ? 0 : twin_number(b + 1, n - 1, &it->n);
        if (b[0] == 0x84 && it->n != 10 && it->n != 100 && it->n != 1000)
            return 0;
        return b[0] == 0x83 || bytes ? 1 + bytes : 0;
    }
    for (unsigned i = 0; i < 7; i++)
        if (b[0] >> i & 1) {
            if (at == n)
                return 0;
            it->pins.g[i] = b[at++];
        }
    it->kind = TAPE_EDGES;
    it->n = 1;
    return at;
}

/* Returns false if the block is damaged inside. */
static bool twin_block(struct wanted *w, const uint8_t *b, size_t n)
{
    while (n > 0) {
        struct tape_item it = w->n ? w->item[w->n - 1] : (struct tape_item){ 0 };
        size_t used = twin_item(b, n, &it);
        assert(used <= n && w->n < ITEMS_MAX);
        if (!used)
            return false;
        w->item[w->n++] = it;
        b += used;
        n -= used;
    }
    return true;
}

/* The blocks of a file behind its head. */
static void twin_file(struct wanted *w, const uint8_t *b, size_t n)
{
    bool good = true;
    w->n = 0;
    while (good && n >= 8) {
        struct { struct le32 bytes, crc; } h;
        memcpy(&h, b, sizeof(h));
        uint32_t bytes = le32_get(h.bytes);
        good = bytes > 0 && bytes <= 65536;
        if (good && bytes > n - 8)
            break;
        good = good && crc32(0, b + 8, bytes) == le32_get(h.crc) && twin_block(w, b + 8, bytes);
        if (good) {
            b += 8 + bytes;
            n -= 8 + bytes;
        }
    }
    w->end = good ? 0 : -EBADMSG;
}

/* --- the file ------------------------------------------------------------------------ */

static void check_line(const char *why)
{
    assert(memchr(why, '\0', TAPE_WHY_BYTES) && why[0] && !strchr(why, '\n'));
}

static void check_head(const struct tape_head *h)
{
    struct tape_head again;
    uint8_t raw[TAPE_HEAD_BYTES];
    char why[TAPE_WHY_BYTES];
    tape_head_emit(raw, h);
    assert(tape_head_parse(raw, sizeof(raw), &again, why) == 0);
    assert(again.seed == h->seed && again.start_ps == h->start_ps && again.skip == h->skip);
    assert(again.epoch_s == h->epoch_s && again.number == h->number);
    assert(again.core_stopped == h->core_stopped && !strcmp(again.profile, h->profile));
    assert(!strcmp(again.rtl, h->rtl));
    raw[h->seed % TAPE_HEAD_BYTES] ^= 1;        /* whichever byte changes, it is noticed */
    assert(tape_head_parse(raw, sizeof(raw), &again, why) == -EBADMSG);
    check_line(why);
}

static void check_items(struct tape_in *t, const struct wanted *w)
{
    struct tape_item item = { 0 };
    char why[TAPE_WHY_BYTES] = "";
    unsigned i = 0;
    int rc;
    for (; (rc = tape_next(t, &item, why)) == 1; i++) {
        assert(i < w->n && item.kind == w->item[i].kind && item.n == w->item[i].n);
        assert(!memcmp(&item.pins, &w->item[i].pins, sizeof(item.pins)));
    }
    assert(rc == w->end && i == w->n);
    if (rc)
        check_line(why);
}

static void check_file(const uint8_t *data, size_t size)
{
    char path[MEMFILE_PATH_BYTES], why[TAPE_WHY_BYTES] = "";
    struct wanted *w = malloc(sizeof(*w));
    struct tape_head head;
    struct tape_in *t;
    assert(w);
    int fd = memfile(data, size, path);
    int rc = tape_open(&t, path, &head, why);
    assert(rc == 0 || rc == -EBADMSG);
    if (rc == 0) {
        check_head(&head);
        twin_file(w, data + TAPE_HEAD_BYTES, size - TAPE_HEAD_BYTES);
        check_items(t, w);
        tape_close(t);
    } else {
        check_line(why);
    }
    close(fd);
    free(w);
}

/* --- made of the input ----------------------------------------------------------------- */

static size_t make_head(uint8_t *out, struct fuzz_in *in)
{
    struct tape_head h = { .seed = fuzz_u16(in), .number = fuzz_u8(in), .epoch_s = fuzz_u8(in) };
    size_t n;
    h.skip = h.number & 1;
    h.core_stopped = h.number & 2;
    const uint8_t *name = fuzz_take(in, fuzz_u8(in) % 17u, &n);
    memcpy(h.profile, name, n);
    tape_head_emit(out, &h);
    return TAPE_HEAD_BYTES;
}

/* A block of the next bytes; what is wrong with it, if anything, is in @how. */
static size_t make_block(uint8_t *out, struct fuzz_in *in, uint8_t how)
{
    size_t n;
    const uint8_t *items = fuzz_take(in, 1u + fuzz_u8(in), &n);
    struct le32 bytes = le32_put((uint32_t)n + (how == 255)), crc;
    crc = le32_put((uint32_t)crc32(0, items, (uInt)n) ^ (how == 254));
    memcpy(out, &bytes, sizeof(bytes));
    memcpy(out + 4, &crc, sizeof(crc));
    memcpy(out + 8, items, n);
    return 8 + n;
}

static void check_made(struct fuzz_in *in)
{
    /* A block of one byte takes nine. */
    size_t room = TAPE_HEAD_BYTES + 9 * (in->left + 2), n;
    uint8_t *made = malloc(room);
    assert(made);
    n = make_head(made, in);
    while (in->left > 0) {
        uint8_t how = fuzz_u8(in);
        n += make_block(made + n, in, how);
        assert(n <= room);
    }
    check_file(made, n);
    free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    if (size > ITEMS_MAX - 10)
        return 0;
    if (fuzz_u8(&in) % 4)
        check_made(&in);
    else
        check_file(in.p, in.left);
    return 0;
}
