/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence arithmetic on the circle, the keyed hash, and the byte ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack/net_int.h"
#include "stack/tcp_seq.h"
#include "tests/support/seed.h"

#include <string.h>

static uint64_t rand_next(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s >> 29;
}

/* --- numbers ------------------------------------------------------------------ */

/* Naive twin: walk from a forwards in 64 bits and see whether b is met first. */
static bool twin_lt(uint32_t a, uint32_t b)
{
    uint64_t forwards = ((uint64_t)b + (1ull << 32) - a) % (1ull << 32);
    return forwards != 0 && forwards < (1ull << 31);
}

/* Clause: RFC 9293 3.4 */
static void order_near_the_wrap(void **state)
{
    (void)state;
    const uint32_t at[] = { 0, 1, 2, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE,
                            0xFFFFFFFF };
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
            struct tcp_seq a = tcp_seq_of(at[i]), b = tcp_seq_of(at[k]);
            if (at[k] - at[i] == 0x80000000)
                continue;       /* opposite points: neither is before the other */
            assert_int_equal(tcp_seq_lt(a, b), twin_lt(at[i], at[k]));
            assert_int_equal(tcp_seq_leq(a, b), twin_lt(at[i], at[k]) || i == k);
        }
    }
}

/* Clause: RFC 9293 3.4 */
static void order_at_random(void **state)
{
    (void)state;
    uint64_t s = seed_of_run();
    for (int i = 0; i < 200000; i++) {
        uint32_t v = (uint32_t)rand_next(&s), d = (uint32_t)rand_next(&s) & 0x7FFFFFFF;
        struct tcp_seq a = tcp_seq_of(v), b = tcp_seq_add(a, d);
        assert_int_equal(tcp_seq_lt(a, b), twin_lt(a.v, b.v));
        assert_true(tcp_seq_leq(a, b));
        assert_int_equal(tcp_seq_sub(b, a), d);
        assert_true(tcp_seq_eq(tcp_seq_max(a, b), b));
        assert_true(tcp_seq_eq(tcp_seq_max(b, a), b));
    }
}

/* --- hash --------------------------------------------------------------------- */

/* Vector of the authors of SipHash-2-4: key 00..0f, message 00..0b. */
static void siphash_vector(void **state)
{
    (void)state;
    const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
    assert_true(tcp_hash(key, 0x03020100, 0x0908, 0x07060504, 0x0b0a) == 0x751e8fbc860ee5fbu);
}

/* Each field counts. */
/* Clause: RFC 6528 3, RFC 9293 3.4.1 */
static void hash_depends_on_all(void **state)
{
    (void)state;
    const uint64_t k[2] = { 1, 2 }, k2[2] = { 1, 3 };
    uint64_t h = tcp_hash(k, 1, 2, 3, 4);
    assert_true(h != tcp_hash(k2, 1, 2, 3, 4));
    assert_true(h != tcp_hash(k, 2, 2, 3, 4));
    assert_true(h != tcp_hash(k, 1, 3, 3, 4));
    assert_true(h != tcp_hash(k, 1, 2, 4, 4));
    assert_true(h != tcp_hash(k, 1, 2, 3, 5));
    assert_true(h != tcp_hash(k, 3, 4, 1, 2));
}

/* --- ring --------------------------------------------------------------------- */

/* Against a flat array that only grows. */
static void ring_is_a_fifo(void **state)
{
    (void)state;
    enum { TOTAL = 20000, CAP = 97 };
    static uint8_t text[TOTAL];
    struct tcp_ring r = { .cap = CAP };
    uint32_t in = 0, out = 0;
    uint64_t s = seed_of_run();
    for (uint32_t i = 0; i < TOTAL; i++)
        text[i] = (uint8_t)(i * 13 + i / 256);
    while (out < TOTAL) {
        uint8_t got[CAP];
        uint32_t want = (uint32_t)rand_next(&s) % 120;
        uint32_t put = want < TOTAL - in ? want : TOTAL - in;
        ssize_t took = tcp_ring_put(&r, text + in, put);
        assert_int_equal(took, put < CAP - (in - out) ? put : CAP - (in - out));
        in += (uint32_t)took;
        assert_int_equal(r.len, in - out);
        uint32_t off = r.len ? (uint32_t)rand_next(&s) % r.len : 0;
        tcp_ring_peek(&r, off, got, r.len - off);
        assert_memory_equal(got, text + out + off, r.len - off);
        uint32_t drop = r.len ? (uint32_t)rand_next(&s) % (r.len + 1) : 0;
        tcp_ring_drop(&r, drop);
        out += drop;
    }
    tcp_ring_fini(&r);
    assert_null(r.buf);
}

static void ring_takes_memory_late(void **state)
{
    (void)state;
    struct tcp_ring r = { .cap = 10 };
    assert_int_equal(tcp_ring_put(&r, "", 0), 0);
    assert_null(r.buf);
    assert_int_equal(tcp_ring_put(&r, "x", 1), 1);
    assert_non_null(r.buf);
    tcp_ring_fini(&r);
    assert_int_equal(r.len, 0);
    assert_int_equal(r.cap, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_near_the_wrap), cmocka_unit_test(order_at_random),
        cmocka_unit_test(siphash_vector),      cmocka_unit_test(hash_depends_on_all),
        cmocka_unit_test(ring_is_a_fifo),      cmocka_unit_test(ring_takes_memory_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
