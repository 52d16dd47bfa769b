/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two NICs back to back with drivers only: every length, every place of a checksum, the
 * filter, a host that does not read, registers under load; what is counted adds up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "stack/csum.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FCS_BYTES 4u

/* --- a script: frames from each end, in order --------------------------------------- */

struct script;
/* Frame @i that end @from sends, into @f; the bytes as they must arrive (before padding)
 * into @want. Returns its length; may set what @p asks of the NIC (NULL: only the bytes). */
typedef unsigned make_fn(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                         uint8_t *want, struct pkt *p);

struct script {
    struct twin t;
    uint64_t seed;
    make_fn *make;
    unsigned n;                     /* frames that each end sends */
    unsigned sent[2], got[2];       /* by the end that does it */
    uint64_t octets[2], pad[2];     /* sent, by arithmetic; with FCS */
    unsigned limit;                 /* of frames under way, so that nothing is dropped */
    bool gaps;                      /* frames may be missing, not changed or out of order */
    uint32_t crc[2];                /* of all that came */
};

static unsigned padded(unsigned len)
{
    return len < TWIN_MIN ? TWIN_MIN : len;
}

static void on_turn(void *arg, unsigned end)
{
    struct script *s = arg;
    uint8_t f[TWIN_MAX], want[TWIN_MAX];
    while (s->sent[end] < s->n && s->sent[end] - s->got[!end] < s->limit &&
           nic_tx_room(s->t.end[end].nic) > 0) {
        unsigned len = s->make(s, end, s->sent[end], f, want, NULL);
        struct pkt *p = twin_packet(&s->t, end, f, len);
        if (!p)
            return;
        s->make(s, end, s->sent[end], f, want, p);
        s->sent[end]++;
        s->octets[end] += padded(len) + FCS_BYTES;
        s->pad[end] += padded(len) - len;
        assert_int_equal(nic_tx(s->t.end[end].nic, p), 0);
        s->t.end[end].next_ns = 0;
    }
}

/* The frame must be the next one; with gaps, one of those that follow. */
static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct script *s = arg;
    uint8_t f[TWIN_MAX], want[TWIN_MAX];
    unsigned len;
    for (;; s->got[end]++) {
        assert_true(s->got[end] < s->sent[!end]);
        len = s->make(s, !end, s->got[end], f, want, NULL);
        memset(want + len, 0, padded(len) - len);
        if (p->len == padded(len) && !memcmp(pkt_data(p), want, p->len))
            break;
        assert_true(s->gaps);
    }
    s->got[end]++;
    s->crc[end] = (uint32_t)crc32(s->crc[end], pkt_data(p), p->len);
    assert_int_equal(p->csum_bad, 0);
    /* Its sender may send one more, and may have nothing else to wake it. */
    s->t.end[!end].next_ns = 0;
    world_due(s->t.world, world_now(s->t.world));
}

static bool all_arrived(void *arg)
{
    const struct script *s = arg;
    return s->got[0] == s->n && s->got[1] == s->n;
}

static struct script *script_open(make_fn *make, unsigned n, uint64_t seed,
                                  const struct twin_cfg *cfg)
{
    struct script *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->seed = seed;
    s->make = make;
    s->n = n;
    s->limit = 12;
    twin_open(&s->t, cfg);
    s->t.arg = s;
    s->t.rx = on_rx;
    s->t.turn = on_turn;
    s->t.end[0].next_ns = s->t.end[1].next_ns = 0;
    return s;
}

static void script_close(struct script *s)
{
    twin_close(&s->t);
    free(s);
}

/* --- what must add up ------------------------------------------------------------------ */

static void check_sums(struct script *s)
{
    uint64_t c[2][NIC_COUNTERS_MAX];
    struct nic_stats d[2];
    for (unsigned i = 0; i < 2; i++) {
        twin_counters(&s->t, i, c[i]);
        nic_stats_get(s->t.end[i].nic, &d[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(c[i][LY_CTR_TX_FRAMES], s->sent[i]);
        assert_int_equal(c[i][LY_CTR_TX_OCTETS], s->octets[i]);
        assert_int_equal(c[i][LY_CTR_TX_PAD_OCTETS], s->pad[i]);
        assert_int_equal(c[i][LY_CTR_TX_CSUM_INSERTED], d[i].tx_csum_asked);
        assert_int_equal(c[i][LY_CTR_TX_UNDERRUN], 0);
        assert_int_equal(c[i][LY_CTR_RX_FRAMES], s->sent[!i]);
        assert_int_equal(c[i][LY_CTR_RX_OCTETS], s->octets[!i]);
        assert_int_equal(c[i][LY_CTR_RX_FCS_ERRORS], 0);
        assert_int_equal(c[i][LY_CTR_RX_DELIVERED] + c[i][LY_CTR_RX_DROP_FILTER] +
                         c[i][LY_CTR_RX_DROP_FULL] + c[i][LY_CTR_RX_DROP_DISABLED],
                         c[i][LY_CTR_RX_FRAMES]);
        assert_int_equal(d[i].rx_frames + d[i].link.rx_no_buffer, c[i][LY_CTR_RX_DELIVERED]);
        assert_int_equal(d[i].link.rx_bad_record + d[i].link.resyncs, 0);
    }
}

/* --- every length --------------------------------------------------------------------- */

#define LENGTHS (TWIN_MAX - 14 + 1)

/* 14..1514, each once, in an order that depends on the end. */
static unsigned by_length(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                          uint8_t *want, struct pkt *p)
{
    unsigned step = from ? 7 : 1;   /* LENGTHS is 19 x 79 */
    unsigned len = 14 + i * step % LENGTHS;
    (void)p;
    twin_frame(f, len, s->seed, i, !from);
    memcpy(want, f, len);
    return len;
}

static void every_length(void **state)
{
    (void)state;
    struct script *s = script_open(by_length, LENGTHS, seed_of_run(), &(struct twin_cfg){
        .seed = seed_of_run() });
    twin_until(&s->t, all_arrived, s, 100 * TWIN_MS);
    check_sums(s);
    script_close(s);
}

/* --- checksums anywhere ------------------------------------------------------------------ */

#define SUMS 400u

/* A checksum from any byte to the end, its field anywhere in it but not in the addresses;
 * now and then all zeros or all ones, whose sums are the two zeros. */
static unsigned with_sum(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                         uint8_t *want, struct pkt *p)
{
    struct sim_rng rng = { (uint64_t)sim_hash32(s->seed, i) << 8 | 64u | from };
    unsigned len = 16 + (unsigned)(sim_rng_next(&rng) % (TWIN_MAX - 15));
    unsigned start = (unsigned)(sim_rng_next(&rng) % (len - 1));
    unsigned first = start < 14 ? 14 - start : 0;
    unsigned off = first + (unsigned)(sim_rng_next(&rng) % (len - 1 - start - first));
    twin_frame(f, len, s->seed, i, !from);
    if (i % 16 < 2 && start >= 14)
        memset(f + start, i % 16 ? 0xFF : 0, len - start);
    memcpy(want, f, len);
    if (i % 5 == 4)
        return len;                 /* a frame without request among them */
    uint16_t sum = csum_finish(csum_sum(f + start, len - start));
    want[start + off] = (uint8_t)(sum >> 8);
    want[start + off + 1] = (uint8_t)sum;
    if (p) {
        p->vnet_flags = VNET_F_NEEDS_CSUM;
        p->csum_at = p->head + start;
        p->csum_off = (uint16_t)off;
    }
    return len;
}

static void checksums_anywhere(void **state)
{
    (void)state;
    struct script *s = script_open(with_sum, SUMS, seed_of_run(), &(struct twin_cfg){
        .seed = seed_of_run(), .offload = NIC_OFF_ALL });
    twin_until(&s->t, all_arrived, s, 100 * TWIN_MS);
    check_sums(s);
    struct nic_stats d;
    nic_stats_get(s->t.end[0].nic, &d);
    assert_int_equal(d.tx_csum_asked, SUMS - SUMS / 5);
    script_close(s);
}

/* --- the filter ------------------------------------------------------------------------- */

/* Own, broadcast, multicast, another's, ours with one bit of one byte changed. */
static unsigned to_anybody(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                           uint8_t *want, struct pkt *p)
{
    (void)p;
    twin_frame(f, 100, s->seed, i, !from);
    if (i % 5 == 1)
        memset(f, 0xFF, 6);
    else if (i % 5 == 2)
        f[0] |= 1;
    else if (i % 5 == 3)
        f[0] = 0x0A;
    else if (i % 5 == 4)
        f[5 - i / 5 % 5] ^= (uint8_t)(1u << (i / 25 % 8));
    memcpy(want, f, 100);
    return 100;
}

static bool all_seen(void *arg)
{
    const struct script *s = arg;
    struct sim_nic_stats a, b;
    sim_nic_stats_get(s->t.end[0].link, &a);
    sim_nic_stats_get(s->t.end[1].link, &b);
    return a.phy_rx_frames == s->n && b.phy_rx_frames == s->n;
}

static void filter(void **state)
{
    enum { N = 200 };
    uint64_t c[NIC_COUNTERS_MAX];
    (void)state;
    struct script *s = script_open(to_anybody, N, seed_of_run(), &(struct twin_cfg){
        .seed = seed_of_run(), .promiscuous = true });
    s->gaps = true;
    s->limit = N;
    twin_until(&s->t, all_seen, s, 100 * TWIN_MS);
    twin_run(&s->t, TWIN_MS);
    check_sums(s);
    twin_counters(&s->t, 0, c);
    assert_int_equal(c[LY_CTR_RX_DELIVERED], N * 2 / 5);
    assert_int_equal(c[LY_CTR_RX_DROP_FILTER], N * 3 / 5);
    twin_counters(&s->t, 1, c);     /* promiscuous: all of them */
    assert_int_equal(c[LY_CTR_RX_DELIVERED], N);
    assert_int_equal(s->got[1], N);
    script_close(s);
}

/* --- a host that does not read ------------------------------------------------------------ */

static unsigned thousand_bytes(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                               uint8_t *want, struct pkt *p)
{
    (void)p;
    twin_frame(f, 1000 + i % 3, s->seed, i, !from);
    memcpy(want, f, 1000 + i % 3);
    return 1000 + i % 3;
}

/* Frames beyond what link and queue hold are dropped whole; those kept are in order and
 * as they were sent; afterwards nothing is wrong. */
static void overrun(void **state)
{
    enum { N = 600, MORE = 50 };
    uint64_t c[NIC_COUNTERS_MAX];
    (void)state;
    struct script *s = script_open(thousand_bytes, N, seed_of_run(), &(struct twin_cfg){
        .seed = seed_of_run() });
    s->gaps = true;
    s->limit = N;
    s->t.end[1].deaf = true;
    twin_until(&s->t, all_seen, s, 100 * TWIN_MS);
    s->t.end[1].deaf = false;
    s->t.end[1].next_ns = 0;
    twin_run(&s->t, 20 * TWIN_MS);
    check_sums(s);
    twin_counters(&s->t, 1, c);
    assert_true(c[LY_CTR_RX_DROP_FULL] > 0);
    assert_true(c[LY_CTR_RX_DELIVERED] > 256);
    twin_counters(&s->t, 0, c);     /* the other direction did not suffer */
    assert_int_equal(c[LY_CTR_RX_DELIVERED], N);

    s->gaps = false;
    s->got[1] = N;                  /* the last ones were dropped */
    s->n = N + MORE;
    s->t.end[0].next_ns = s->t.end[1].next_ns = 0;
    twin_until(&s->t, all_arrived, s, 100 * TWIN_MS);
    check_sums(s);
    script_close(s);
}

/* --- registers -------------------------------------------------------------------------- */

static unsigned longest(const struct script *s, unsigned from, unsigned i, uint8_t *f,
                        uint8_t *want, struct pkt *p)
{
    (void)p;
    twin_frame(f, TWIN_MAX, s->seed, i, !from);
    memcpy(want, f, TWIN_MAX);
    return TWIN_MAX;
}

/* Longest wait for one of @n register accesses. */
static uint64_t slowest(struct script *s, int n)
{
    uint64_t worst = 0;
    for (int i = 0; i < n; i++) {
        uint64_t began = world_now(s->t.world);
        assert_int_equal(twin_reg(&s->t, 0, LY_REG_ID, 0, false), LY_ID_VALUE);
        uint64_t took = world_now(s->t.world) - began;
        worst = took > worst ? took : worst;
        twin_run(&s->t, 3 * TWIN_US);
    }
    return worst;
}

/* A record of the longest frame takes 12.3 us each way, and no more than one may stand
 * before a question or an answer, however many frames wait. */
#define REG_LIMIT_PS (30 * TWIN_US)

static void registers_do_not_wait(void **state)
{
    enum { N = 300 };
    uint64_t c[NIC_COUNTERS_MAX];
    (void)state;
    struct script *s = script_open(longest, N, seed_of_run(), &(struct twin_cfg){
        .seed = seed_of_run() });
    s->limit = N;
    assert_true(slowest(s, 40) < REG_LIMIT_PS);
    assert_true(s->got[1] > 20 && s->sent[0] - s->got[1] > 60);   /* under load, that is */

    /* The transmitter is switched off while frames wait everywhere. What is in the queue
     * stays there, what comes is dropped and counted, and registers are as quick. */
    uint32_t ctrl = twin_reg(&s->t, 0, LY_REG_CTRL, 0, false);
    twin_reg(&s->t, 0, LY_REG_CTRL, ctrl & ~LY_CTRL_TX_EN_MASK, true);
    twin_run(&s->t, 15 * TWIN_US);  /* the frame under way */
    unsigned before = s->got[1];
    assert_true(slowest(s, 40) < REG_LIMIT_PS);
    assert_int_equal(s->got[1], before);
    twin_counters(&s->t, 0, c);
    assert_true(c[LY_CTR_TX_DROP_DISABLED] > 10);
    assert_int_equal(c[LY_CTR_TX_DROP_STALL], 0);

    /* On again: what is left arrives, and every frame is accounted for. */
    s->gaps = true;
    twin_reg(&s->t, 0, LY_REG_CTRL, ctrl, true);
    twin_run(&s->t, 10 * TWIN_MS);
    uint64_t far[NIC_COUNTERS_MAX];
    twin_counters(&s->t, 0, c);
    twin_counters(&s->t, 1, far);
    assert_int_equal(s->sent[0], N);
    assert_int_equal(c[LY_CTR_TX_FRAMES] + c[LY_CTR_TX_DROP_DISABLED], N);
    assert_int_equal(far[LY_CTR_RX_DELIVERED], c[LY_CTR_TX_FRAMES]);
    assert_int_equal(c[LY_CTR_RX_DELIVERED], N);
    script_close(s);
}

/* --- random initial values --------------------------------------------------------------- */

struct outcome { uint32_t crc[2]; uint64_t counters[2][NIC_COUNTERS_MAX]; };

static struct outcome played_with(uint64_t model_seed, bool no_skip)
{
    struct outcome o = { .crc = { 0, 0 } };
    struct script *s = script_open(with_sum, 60, 1, &(struct twin_cfg){
        .seed = model_seed, .offload = NIC_OFF_ALL, .no_skip = no_skip });
    twin_until(&s->t, all_arrived, s, 100 * TWIN_MS);
    for (unsigned i = 0; i < 2; i++) {
        o.crc[i] = s->crc[i];
        twin_counters(&s->t, i, o.counters[i]);
    }
    script_close(s);
    return o;
}

/* What was in the registers before reset is nobody's business, nor is skipping. */
static void initial_values_show_nowhere(void **state)
{
    (void)state;
    const uint64_t seed = seed_of_run();
    struct outcome first = played_with(seed, false);
    assert_int_not_equal(first.crc[0], first.crc[1]);
    for (uint64_t i = 1; i < 5; i++) {
        struct outcome other = played_with((seed + i) * 0x9E3779B97F4A7C15u, i == 1);
        assert_memory_equal(&other, &first, sizeof(first));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),
        cmocka_unit_test(checksums_anywhere),
        cmocka_unit_test(filter),
        cmocka_unit_test(overrun),
        cmocka_unit_test(registers_do_not_wait),
        cmocka_unit_test(initial_values_show_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
