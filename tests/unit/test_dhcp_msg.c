/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dhcp_msg.c - stack/wire/dhcp.h: messages as scapy writes them, options in three
 * fields and in parts, every cut, and random damage against a naive reader.
 */
#include "stack/wire/dhcp.h"
#include "stack/rng.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HDR 240u
#define SNAME 44u
#define FILE_ 108u

/* A message as scapy's BOOTP and DHCP layers write it: @head up to chaddr, then zeros
 * where sname and file are, then @options behind the cookie. Returns its length. */
static size_t message(uint8_t *b, size_t max, const char *head, const char *options)
{
    memset(b, 0, max);
    assert_int_equal(from_hex(b, max, head), 34);
    (void)from_hex(b + 236, 4, "63825363");
    return HDR + from_hex(b + HDR, max - HDR, options);
}

static const char reply_head[] =
    "020106001234567800008000000000000a09004d0a09000200000000020000000001";
static const char offer_options[] =
    "35010236040a090002330400000e103a04000007083b0400000c4e0104ffffff00"
    "03040a0900fe06080a0900020a0900030f0c6c616e796172642e74657374ff";

/* On the heap and no longer than @len, so that ASan sees one byte too far. */
static int parse(const uint8_t *b, size_t len, struct dhcp_view *v)
{
    uint8_t *c = malloc(len ? len : 1);
    assert_non_null(c);
    memcpy(c, b, len);
    int err = dhcp_parse(c, len, v);
    free(c);
    return err;
}

/* Clause: RFC 2131 2, RFC 2132 9 */
static void test_offer(void **state)
{
    uint8_t b[400];
    struct dhcp_view v;
    (void)state;
    size_t n = message(b, sizeof(b), reply_head, offer_options);
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.type, DHCP_OFFER);
    assert_int_equal(v.xid, 0x12345678);
    assert_int_equal(v.yiaddr, 0x0A09004D);
    assert_memory_equal(v.chaddr, our_mac, 6);
    assert_int_equal(v.server, PEER_ADDR);
    assert_int_equal(v.prefix_len, 24);
    assert_int_equal(v.router, ROUTER_ADDR);
    assert_int_equal(v.dns[0], PEER_ADDR);
    assert_int_equal(v.dns[1], 0x0A090003);
    assert_int_equal(v.dns[2], 0);
    assert_int_equal(v.lease_s, 3600);
    assert_int_equal(v.t1_s, 1800);
    assert_int_equal(v.t2_s, 3150);
}

/* What scapy writes for the same, to the byte. */
/* Clause: RFC 2131 4.4.1, RFC 1542 2.1 */
static void test_emit(void **state)
{
    static const char head[] =
        "010106001234567800078000000000000000000000000000000000000200""00000001";
    uint8_t want[DHCP_MSG_MIN_BYTES], got[DHCP_MSG_MIN_BYTES];
    struct dhcp_msg m = { .type = DHCP_DISCOVER, .xid = 0x12345678, .secs = 7,
                          .broadcast = true, .chaddr = { 2, 0, 0, 0, 0, 1 },
                          .max_bytes = 1500 };
    (void)state;
    (void)message(want, sizeof(want), head,
                  "3501013d070102000000000137060103" "06333a3b390205dcff");
    dhcp_emit(got, &m);
    assert_memory_equal(got, want, sizeof(want));
    m.type = DHCP_REQUEST;
    m.addr = 0x0A09004D;
    m.server = PEER_ADDR;
    (void)message(want, sizeof(want), head,
                  "3501033d070102000000000132040a09004d36040a090002" "3706010306333a3b"
                  "390205dcff");
    dhcp_emit(got, &m);
    assert_memory_equal(got, want, sizeof(want));
    /* RFC 2131 4.4.1, table 5: what DECLINE and RELEASE must not say. */
    m = (struct dhcp_msg){ .type = DHCP_RELEASE, .xid = 0x12345678, .ciaddr = 0x0A09004D,
                           .chaddr = { 2, 0, 0, 0, 0, 1 }, .server = PEER_ADDR };
    (void)message(want, sizeof(want),
                  "01010600123456780000" "00000a09004d" "000000000000000000000000020000000001",
                  "3501073d070102000000000136040a090002ff");
    dhcp_emit(got, &m);
    assert_memory_equal(got, want, sizeof(want));
}

/* Every length: within the header, within an option, and at the end of one. */
static void test_cut(void **state)
{
    uint8_t b[400];
    struct dhcp_view v;
    (void)state;
    size_t n = message(b, sizeof(b), reply_head, offer_options);
    size_t end = HDR;           /* of the last option that is whole */
    for (size_t i = 0; i < n; i++) {
        while (end < i && end + 2u + b[end + 1] <= i)
            end += 2u + b[end + 1];
        /* END may be missing; an option without its end is another matter. */
        bool whole = i >= HDR + 3 && (end == i || b[end] == DHCP_OPT_END);
        assert_int_equal(parse(b, i, &v), whole ? 0 : -EBADMSG);
    }
}

/* Clause: RFC 2131 3, RFC 2132 3.3, RFC 2132 9.6 */
static void test_refused(void **state)
{
    static const struct { const char *options; int want; } t[] = {
        { "350105" "0104ffffff00" "ff", 0 },
        { "0000350105000000ff", 0 },            /* PAD */
        { "350105ff3504", 0 },                  /* behind END is nothing */
        { "ff350105", -EBADMSG },               /* no type */
        { "", -EBADMSG },
        { "350100ff", -EBADMSG },
        { "350108ff", -EBADMSG },
        { "35020505ff", -EBADMSG },             /* a type of two bytes */
        { "350105" "0104ff00ff00ff", -EBADMSG },        /* a mask with a hole */
        { "350105" "010400000000ff", -EBADMSG },
        { "350105" "0103ffffffff", -EBADMSG },          /* of three bytes */
    };
    uint8_t b[300];
    struct dhcp_view v;
    (void)state;
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        size_t n = message(b, sizeof(b), reply_head, t[i].options);
        assert_int_equal(parse(b, n, &v), t[i].want);
    }
    /* op, htype, hlen, cookie */
    static const unsigned at[] = { 0, 1, 2, 236, 239 };
    size_t n = message(b, sizeof(b), reply_head, t[0].options);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        b[at[i]] ^= 1;
        assert_int_equal(parse(b, n, &v), -EBADMSG);
        b[at[i]] ^= 1;
    }
    assert_int_equal(parse(b, n, &v), 0);
}

/* Options of a wrong length say nothing, rather than half of something. */
static void test_odd_lengths(void **state)
{
    uint8_t b[300];
    struct dhcp_view v;
    (void)state;
    size_t n = message(b, sizeof(b), reply_head,
                       "350102" "3603010203" "33050000000e10" "0300" "06050a09000200"
                       "3a0100" "3b0800000c4e00000c4eff");
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.server, 0);
    assert_int_equal(v.lease_s, 0);
    assert_int_equal(v.router, 0);
    assert_int_equal(v.dns[0], 0);
    assert_int_equal(v.t1_s, 0);
    assert_int_equal(v.t2_s, 0);
}

/* An option in parts, within a field and across them; file before sname. */
/* Clause: RFC 3396 5, RFC 2132 9.3 */
static void test_split(void **state)
{
    uint8_t b[300];
    struct dhcp_view v;
    (void)state;
    size_t n = message(b, sizeof(b), reply_head,
                       "350102" "06020a09" "3601" "0a" "06020002" "3603090002" "340103" "ff");
    (void)from_hex(b + FILE_, 128, "06060a0900030a09" "33020000" "ff0604");
    (void)from_hex(b + SNAME, 64, "06020004" "33020e10" "0104ffff0000" "ff");
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.server, PEER_ADDR);
    assert_int_equal(v.dns[0], PEER_ADDR);
    assert_int_equal(v.dns[1], 0x0A090003);
    assert_int_equal(v.dns[2], 0x0A090004);
    assert_int_equal(v.lease_s, 3600);
    assert_int_equal(v.prefix_len, 16);
    /* One of the fields only; or a name, which is no options. */
    b[n - 2] = 1;
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.lease_s, 0);
    assert_int_equal(v.prefix_len, 0);
    b[n - 2] = 2;
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.prefix_len, 16);
    b[n - 2] = 0;
    memset(b + SNAME, 0x41, 64);
    assert_int_equal(parse(b, n, &v), 0);
    b[n - 2] = 2;               /* those are cut */
    assert_int_equal(parse(b, n, &v), -EBADMSG);
    /* More servers than are kept: the first ones. */
    n = message(b, sizeof(b), reply_head,
                "350102" "0614" "0101010102020202030303030404040405050505" "ff");
    assert_int_equal(parse(b, n, &v), 0);
    assert_int_equal(v.dns[2], 0x03030303);
}

static void test_masks(void **state)
{
    (void)state;
    for (unsigned len = 1; len <= 32; len++) {
        uint32_t mask = 0xFFFFFFFFu << (32 - len);
        assert_int_equal(dhcp_prefix_len(mask), len);
        if (len > 1)
            assert_int_equal(dhcp_prefix_len(mask ^ 0x80000000u), 0);
        if (len < 31)
            assert_int_equal(dhcp_prefix_len(mask | 1), 0);
    }
    assert_int_equal(dhcp_prefix_len(0), 0);
}

/* --- random input against a naive reader ------------------------------------ */

/* Joins the options of the fields into one text of (code, byte) pairs, by searching for
 * each code anew. Returns the option's length, -1 if a field is malformed. */
static int naive(const uint8_t *b, size_t len, uint8_t code, uint8_t *out)
{
    struct { size_t at, end; } field[3] = { { HDR, len }, { 108, 236 }, { 44, 108 } };
    int n = 0;
    unsigned which = 1, over = 0, overs = 0;
    for (unsigned f = 0; f < 3; f++) {
        if (!(which >> f & 1))
            continue;
        for (size_t i = field[f].at; i < field[f].end && b[i] != 255; i++) {
            if (b[i] == 0)
                continue;
            if (i + 1 >= field[f].end || i + 1 + b[i + 1] >= field[f].end)
                return -1;
            for (unsigned k = 0; k < b[i + 1]; k++) {
                if (b[i] == code)
                    out[n++] = b[i + 2 + k];
                if (b[i] == 52 && f == 0) {
                    over = b[i + 2 + k];
                    overs++;
                }
            }
            i += 1u + b[i + 1];
        }
        if (f == 0 && overs == 1)
            which |= (over & 1) << 1 | (over & 2) << 1;
    }
    return n;
}

static uint32_t naive_u32(const uint8_t *b, size_t len, uint8_t code)
{
    uint8_t v[2048];
    return naive(b, len, code, v) == 4 ? get32(v) : 0;
}

/* Clause: RFC 3396 5 */
static void test_random(void **state)
{
    static const uint8_t codes[] = { 0, 0, 1, 3, 6, 50, 51, 52, 53, 53, 54, 58, 59, 77, 255 };
    const char *env = getenv("LY_SEED");
    uint64_t seed = env ? strtoull(env, NULL, 0) : 1;
    unsigned good = 0;
    struct rng r;
    uint8_t b[HDR + 60], v4[2048];
    (void)state;
    print_message("LY_SEED=%llu\n", (unsigned long long)seed);
    rng_init(&r, seed, RNG_DHCP);
    for (unsigned i = 0; i < 100000; i++) {
        struct dhcp_view v;
        size_t n = message(b, sizeof(b), reply_head, "") + rng_below(&r, 60);
        for (size_t k = 44; k < sizeof(b); k++)     /* fields of codes and short lengths */
            b[k] = rng_below(&r, 2) ? codes[rng_below(&r, sizeof(codes))]
                                    : (uint8_t)rng_below(&r, 6);
        (void)from_hex(b + 236, 4, "63825363");
        if (rng_below(&r, 2))
            (void)from_hex(b + HDR, 6, "350105340103");
        int err = parse(b, n, &v);
        int type = naive(b, n, 53, v4);
        bool want = type == 1 && v4[0] >= 1 && v4[0] <= 7;
        int mask = naive(b, n, 1, v4);
        want = want && (mask <= 0 || (mask == 4 && dhcp_prefix_len(get32(v4))));
        assert_int_equal(err, want ? 0 : -EBADMSG);
        if (err)
            continue;
        good++;
        assert_int_equal(v.server, naive_u32(b, n, 54));
        assert_int_equal(v.lease_s, naive_u32(b, n, 51));
        assert_int_equal(v.t1_s, naive_u32(b, n, 58));
        assert_int_equal(v.t2_s, naive_u32(b, n, 59));
        int dns = naive(b, n, 6, v4);
        for (int k = 0; k < 3; k++)
            assert_int_equal(v.dns[k], dns % 4 == 0 && 4 * k < dns ? get32(v4 + 4 * k) : 0);
    }
    assert_true(good > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_emit),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_odd_lengths),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
