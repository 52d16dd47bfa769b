/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tape.c - recordings: the bytes as sim/tape.h describes them, random edges there and back,
 * files that are cut, damaged or garbage, disks that are full. (tests/support/tape.py reads real
 * ones without this code.)
 */
#include "sim/tape.h"
#include "sim/world.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define PATH "/tmp/lanyard-test-XXXXXX"
#define FILE_MAX (4u << 20)

/* A file, its bytes, and a second one made of changed bytes. */
struct lab {
    char path[sizeof PATH];
    uint8_t *data;
    size_t len;
    struct sim_rng rng;
};

static int setup(void **state)
{
    const char *text = getenv("LY_SEED");
    struct lab *l = calloc(1, sizeof *l);
    memcpy(l->path, PATH, sizeof PATH);
    close(mkstemp(l->path));
    l->data = malloc(FILE_MAX);
    l->rng.s = text ? strtoull(text, NULL, 0) : 1;
    print_message("LY_SEED=%" PRIu64 "\n", l->rng.s);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct lab *l = *state;
    (void)remove(l->path);
    free(l->data);
    free(l);
    return 0;
}

static void load(struct lab *l)
{
    FILE *f = fopen(l->path, "rb");
    assert_non_null(f);
    l->len = fread(l->data, 1, FILE_MAX, f);
    assert_int_equal(fclose(f), 0);
}

static void store(const struct lab *l, size_t len)
{
    FILE *f = fopen(l->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(l->data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static uint64_t draw(struct lab *l, uint64_t below)
{
    return sim_rng_next(&l->rng) % below;
}

static struct tape *create(struct lab *l)
{
    struct tape *t;
    assert_int_equal(tape_create(&t, l->path, &(struct tape_head){ .seed = 7, .skip = true,
                                                                   .profile = "gmii" }), 0);
    return t;
}

/* --- what is written ------------------------------------------------------------------- */

static void bytes_of_a_small_one(void **state)
{
    static const uint8_t items[] = {
        0x11, 0x55, 0xC2,                           /* rxd 55; rx_dv, m_ready, live */
        0x80, 0x82, 0x01,                           /* 130 the same */
        0x01, 0xD5,
        0x00,                                       /* one the same */
        0x81, 0x80, 0x01,                           /* skipped to 128 ps */
    };
    static const uint8_t rest[] = {
        0x82, 0x05,                                 /* five cycles with the next: */
        0x34, 0xAA, 0xC0, 0x01,                     /* no symbol in, AA out with tx_en */
        0x28, 0x3C, 0x18,                           /* byte 3C from the NIC, the last */
        0x60, 0x00, 0x02,                           /* neither; a planted fault */
        0x83,
    };
    struct lab *l = *state;
    struct tape *t = create(l);
    struct nic_model_in in = { .rxd = 0x55, .rx_dv = 1, .m_rec_ready = 1 };
    struct nic_model_out out = { .txd = 9, .m_rec_data = 9, .m_rec_last = 1 };
    for (unsigned i = 0; i < 131; i++)
        tape_edge(t, &in, &out, 0);
    in.rxd = 0xD5;
    tape_edge(t, &in, &out, 0);
    tape_edge(t, &in, &out, 0);
    tape_jump(t, 128);
    in.rx_dv = 0;
    in.skip_stb = 1;
    in.skip_cycles = 5;
    out.tx_en = 1;
    out.txd = 0xAA;
    tape_edge(t, &in, &out, 0);
    in.skip_stb = 0;
    out = (struct nic_model_out){ .m_rec_valid = 1, .m_rec_last = 1, .m_rec_data = 0x3C };
    tape_edge(t, &in, &out, 0);
    out.m_rec_valid = 0;
    tape_edge(t, &in, &out, 2);
    assert_int_equal(tape_finish(t), 0);
    load(l);
    const uint8_t *at = l->data + TAPE_HEAD_BYTES;
    assert_int_equal(l->len, TAPE_HEAD_BYTES + 16 + sizeof items + sizeof rest);
    assert_int_equal(at[0], sizeof items);
    assert_memory_equal(at + 8, items, sizeof items);
    at += 8 + sizeof items;
    assert_int_equal(at[0], sizeof rest);
    assert_memory_equal(at + 8, rest, sizeof rest);
}

static void not_live_outputs_are_nothing(void **state)
{
    struct nic_model_in in = { .rst = 1 };
    struct tape_pins last = { { 0 } };
    struct nic_model_out out = { .tx_en = 1, .txd = 3, .s_rec_ready = 1 };
    (void)state;
    struct tape_pins p = tape_pins_of(&in, NULL, 0, &last);
    assert_int_equal(p.g[TAPE_IN], TAPE_RST);
    assert_int_equal(p.g[TAPE_OUT] | p.g[TAPE_TXD] | p.g[TAPE_M_DATA], 0);
    p = tape_pins_of(&in, &out, 0, &last);
    assert_int_equal(p.g[TAPE_IN], TAPE_RST | TAPE_LIVE);
    assert_int_equal(p.g[TAPE_OUT], TAPE_TX_EN | TAPE_S_READY);
    assert_int_equal(p.g[TAPE_TXD], 3);
    in.mdio = 1;
    out = (struct nic_model_out){ .mdc = 1, .mdio = 1 };
    p = tape_pins_of(&in, &out, 5, &last);
    assert_int_equal(p.g[TAPE_OUT], TAPE_MDC);          /* MDIO counts where it is driven */
    assert_int_equal(p.g[TAPE_FAULT], TAPE_MDIO_IN | 5);
    out.mdio_oe = 1;
    p = tape_pins_of(&in, &out, 5, &last);
    assert_int_equal(p.g[TAPE_OUT], TAPE_MDC | TAPE_MDIO | TAPE_MDIO_OE);
}

/* --- there and back ---------------------------------------------------------------------- */

#define EDGES 60000u

static void random_edge(struct lab *l, struct nic_model_in *in, struct nic_model_out *out)
{
    if (draw(l, 3) == 0)
        return;                         /* as the last one */
    in->rxd = (uint8_t)draw(l, 256);
    in->rx_dv = draw(l, 2) & 1;
    in->rx_er = draw(l, 20) == 0;
    in->crs = in->rx_dv;
    in->col = draw(l, 50) == 0;
    in->s_rec_valid = draw(l, 2) & 1;
    in->s_rec_data = (uint8_t)draw(l, 256);
    in->m_rec_ready = draw(l, 9) != 0;
    out->tx_en = draw(l, 2) & 1;
    out->txd = (uint8_t)draw(l, 256);
    out->tx_er = draw(l, 30) == 0;
    out->s_rec_ready = draw(l, 2) & 1;
    out->m_rec_valid = draw(l, 2) & 1;
    out->m_rec_data = (uint8_t)draw(l, 256);
    out->m_rec_last = draw(l, 2) & 1;
    in->mdio = draw(l, 2) & 1;
    out->mdc = draw(l, 2) & 1;
    out->mdio = draw(l, 2) & 1;
    out->mdio_oe = draw(l, 2) & 1;
}

struct story {
    struct tape_pins *pins;             /* EDGES */
    uint64_t *jump, *skip;              /* before that edge; 0 none */
};

static void story_free(struct story *s)
{
    free(s->pins);
    free(s->jump);
    free(s->skip);
}

/* Random edges, each kept as the tape should give it back. Ends the tape if @finish. */
static struct story tell(struct lab *l, unsigned n)
{
    struct story s = { calloc(n, sizeof *s.pins), calloc(n, sizeof *s.jump),
                       calloc(n, sizeof *s.skip) };
    struct nic_model_in in = { 0 };
    struct nic_model_out out = { 0 };
    struct tape_pins last = { { 0 } };
    struct tape *t = create(l);
    uint64_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        random_edge(l, &in, &out);
        if (draw(l, 400) == 0) {
            at += draw(l, UINT64_C(1) << draw(l, 40));
            tape_jump(t, s.jump[i] = at + 1);
        }
        in.skip_stb = draw(l, 300) == 0;
        in.skip_cycles = in.skip_stb ? 1 + draw(l, UINT64_C(1) << draw(l, 62)) : 0;
        s.skip[i] = in.skip_cycles;
        bool live = i >= 48;
        uint8_t fault = (uint8_t)(draw(l, 100) == 0 ? 1 + draw(l, 31) : 0);
        tape_edge(t, &in, live ? &out : NULL, fault);
        s.pins[i] = last = tape_pins_of(&in, live ? &out : NULL, fault, &last);
    }
    assert_int_equal(tape_finish(t), 0);
    load(l);
    return s;
}

/* Reads the file at l->path against @s. Returns the edges that agreed; *end: the last result
 * of tape_next(), 1 with TAPE_END. */
static unsigned listen(const struct lab *l, const struct story *s, unsigned n, int *end)
{
    struct tape_in *in;
    struct tape_head h;
    struct tape_item item = { .kind = TAPE_EDGES };
    char why[TAPE_WHY_BYTES] = "";
    uint64_t jump = 0, skip = 0;
    unsigned i = 0;
    *end = tape_open(&in, l->path, &h, why);
    if (*end < 0)
        return 0;
    while ((*end = tape_next(in, &item, why)) > 0 && item.kind != TAPE_END) {
        if (item.kind == TAPE_JUMP)
            jump = item.n;
        if (item.kind == TAPE_SKIP)
            skip = item.n;
        for (uint64_t k = 0; item.kind == TAPE_EDGES && k < item.n; k++, i++) {
            assert_true(i < n && jump == s->jump[i] && skip == s->skip[i]);
            assert_memory_equal(&item.pins, &s->pins[i], sizeof item.pins);
            jump = skip = 0;
        }
    }
    assert_true(*end >= 0 || strstr(why, "damaged"));
    tape_close(in);
    return i;
}

static void random_edges_come_back(void **state)
{
    struct lab *l = *state;
    int end;
    struct story s = tell(l, EDGES);
    assert_int_equal(listen(l, &s, EDGES, &end), EDGES);
    assert_int_equal(end, 1);
    assert_true(l->len > 2 * TAPE_BLOCK_BYTES);     /* blocks that were full, too */
    story_free(&s);
}

/* --- files that are not whole --------------------------------------------------------------- */

#define FEW 3000u

/* Wherever a run was killed: what was read is right, and its end is no TAPE_END. */
static void cut_anywhere(void **state)
{
    struct lab *l = *state;
    struct story s = tell(l, FEW);
    size_t whole = l->len;
    unsigned most = 0;
    int end;
    for (size_t len = 0; len < whole; len += 1 + draw(l, 40)) {
        store(l, len);
        unsigned n = listen(l, &s, FEW, &end);
        assert_int_equal(end, len < TAPE_HEAD_BYTES ? -EBADMSG : 0);
        assert_true(n >= most && n < FEW);          /* the last edge came with the end */
        most = n;
    }
    assert_true(most > FEW / 2);
    story_free(&s);
}

/* Whatever byte is wrong: no edge is read that was not written, and no end reached. */
static void damaged_anywhere(void **state)
{
    struct lab *l = *state;
    struct story s = tell(l, FEW);
    int end;
    for (size_t at = 0; at < l->len; at += 1 + draw(l, 40)) {
        uint8_t bit = (uint8_t)(1u << draw(l, 8));
        l->data[at] ^= bit;
        store(l, l->len);
        (void)listen(l, &s, FEW, &end);
        assert_true(end == -EBADMSG || (end == 0 && at >= TAPE_HEAD_BYTES));
        l->data[at] ^= bit;
    }
    story_free(&s);
}

/* A block beyond the largest, though its sum is right: nothing is read past our room. */
static void block_too_long(void **state)
{
    struct lab *l = *state;
    const uint32_t bytes = TAPE_BLOCK_BYTES + 1;
    struct story none = { 0 };
    int end;
    assert_int_equal(tape_finish(create(l)), 0);
    load(l);
    memset(l->data + TAPE_HEAD_BYTES, 0, 8 + bytes);
    uint32_t crc = (uint32_t)crc32(0, l->data + TAPE_HEAD_BYTES + 8, bytes);
    for (unsigned i = 0; i < 4; i++) {
        l->data[TAPE_HEAD_BYTES + i] = (uint8_t)(bytes >> 8 * i);
        l->data[TAPE_HEAD_BYTES + 4 + i] = (uint8_t)(crc >> 8 * i);
    }
    store(l, TAPE_HEAD_BYTES + 8 + bytes);
    assert_int_equal(listen(l, &none, 0, &end), 0);
    assert_int_equal(end, -EBADMSG);
}

static void head(void **state)
{
    const struct tape_head want = {
        .seed = UINT64_MAX - 1, .start_ps = 12345678901234567, .epoch_s = -5, .number = 3,
        .skip = true, .core_stopped = true, .phy_mdio = true,
        .profile = "sixteen-letters!",
        .rtl = "0123456789abcdef",
    };
    struct tape_head got;
    uint8_t raw[TAPE_HEAD_BYTES];
    char why[TAPE_WHY_BYTES];
    (void)state;
    tape_head_emit(raw, &want);
    assert_int_equal(tape_head_parse(raw, sizeof raw, &got, why), 0);
    assert_memory_equal(&got, &want, offsetof(struct tape_head, skip));
    assert_true(got.skip && got.core_stopped && got.phy_mdio);
    assert_string_equal(got.profile, want.profile);
    assert_string_equal(got.rtl, want.rtl);
    for (size_t n = 0; n < sizeof raw; n++)
        assert_int_equal(tape_head_parse(raw, n, &got, why), -EBADMSG);
    raw[8]++;
    assert_int_equal(tape_head_parse(raw, sizeof raw, &got, why), -EBADMSG);
    assert_non_null(strstr(why, "version 4"));
    raw[8]--;
    raw[20] ^= 1;
    assert_int_equal(tape_head_parse(raw, sizeof raw, &got, why), -EBADMSG);
    assert_non_null(strstr(why, "damaged head"));
    raw[0] ^= 1;
    assert_int_equal(tape_head_parse(raw, sizeof raw, &got, why), -EBADMSG);
    assert_non_null(strstr(why, "no recording"));
}

static void items_refused(void **state)
{
    static const struct { uint8_t n, b[12]; int result; } rows[] = {
        { 0, { 0 }, 0 },
        { 1, { 0x7f }, 0 },
        { 7, { 0x7f, 1, 2, 3, 4, 5, 6 }, 0 },
        { 8, { 0x7f, 1, 2, 3, 4, 5, 6, 7 }, 8 },
        { 1, { 0x80 }, 0 },
        { 3, { 0x80, 0xff, 0xff }, 0 },
        { 11, { 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, 11 },
        { 11, { 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 }, -EBADMSG },
        { 12, { 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0 }, -EBADMSG },
        { 1, { 0x83 }, 1 },
        { 2, { 0x84, 10 }, 2 },
        { 2, { 0x84, 100 }, 2 },
        { 3, { 0x84, 0xe8, 7 }, 3 },
        { 1, { 0x84 }, 0 },
        { 2, { 0x84, 11 }, -EBADMSG },
        { 1, { 0x85 }, -EBADMSG },
        { 1, { 0xff }, -EBADMSG },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tape_item item = { .kind = TAPE_EDGES };
        uint8_t *exact = malloc(rows[i].n ? rows[i].n : 1);     /* ASan sees a byte too many */
        memcpy(exact, rows[i].b, rows[i].n);
        assert_int_equal(tape_item_parse(exact, rows[i].n, &item), rows[i].result);
        free(exact);
    }
}

/* Any bytes: an item within them, or none. */
static void garbage(void **state)
{
    struct lab *l = *state;
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = draw(l, 24), at = 0;
        uint8_t *b = malloc(n ? n : 1);
        struct tape_item item = { .kind = TAPE_EDGES };
        for (size_t k = 0; k < n; k++)
            b[k] = (uint8_t)draw(l, 256);
        for (int used = 1; used > 0; at += used > 0 ? (size_t)used : 0) {
            used = tape_item_parse(b + at, n - at, &item);
            assert_true(used >= -EBADMSG && (used <= 0 || (size_t)used <= n - at));
        }
        free(b);
    }
}

/* --- disks ------------------------------------------------------------------------------------ */

static void no_place(void **state)
{
    const struct tape_head h = { .profile = "gmii" };
    struct tape *t;
    (void)state;
    assert_int_equal(tape_create(&t, "/nonexistent/x.tape", &h), -ENOENT);
    if (access("/dev/full", W_OK) == 0)
        assert_int_equal(tape_create(&t, "/dev/full", &h), -ENOSPC);
}

/* It is told at the end; the run goes on. */
static void disk_becomes_full(void **state)
{
    struct lab *l = *state;
    struct nic_model_in in = { 0 };
    if (access("/dev/full", W_OK) != 0)
        skip();
    int fd = dup(STDIN_FILENO);
    close(fd);                          /* the number that fopen() will use */
    struct tape *t = create(l);
    FILE *full = fopen("/dev/full", "wb");
    assert_int_equal(dup2(fileno(full), fd), fd);
    for (unsigned i = 0; i < 100000; i++) {
        in.rxd++;
        tape_edge(t, &in, NULL, 0);
    }
    tape_jump(t, 5);
    assert_int_equal(tape_finish(t), -ENOSPC);
    (void)fclose(full);
    assert_int_equal(tape_finish(NULL), 0);
}

static void no_file(void **state)
{
    struct tape_in *in;
    struct tape_head h;
    char why[TAPE_WHY_BYTES] = "";
    (void)state;
    assert_int_equal(tape_open(&in, "/nonexistent/x", &h, why), -ENOENT);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(tape_open(&in, "/", &h, why), -EISDIR);
}

#define TAPE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TAPE_TEST(bytes_of_a_small_one),
        cmocka_unit_test(not_live_outputs_are_nothing),
        TAPE_TEST(random_edges_come_back),
        TAPE_TEST(cut_anywhere),
        TAPE_TEST(damaged_anywhere),
        TAPE_TEST(block_too_long),
        cmocka_unit_test(head),
        cmocka_unit_test(items_refused),
        TAPE_TEST(garbage),
        cmocka_unit_test(no_place),
        TAPE_TEST(disk_becomes_full),
        cmocka_unit_test(no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
