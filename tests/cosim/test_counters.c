/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every counter of the whole NIC is moved by exactly its cause: one cause at a time at the pins,
 * a snapshot of all counters before and after, and the difference is what the cause moves, to
 * the last counter. At the end each counter of the register map has moved, or stands among those
 * that nothing at the pins can move.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "stack/csum.h"
#include "tests/cosim/pins.h"
#include "tests/cosim/spy.h"
#include "tests/support/seed.h"

#include <string.h>

#define CTRL_ON (LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK)
#define XS_DEFER_CYCLES 30360u          /* 24,288 bit times at 100 Mbit/s in cycles of 125 MHz */
#define EARLY 30u                       /* octets behind the first one of the preamble, */
#define LATE 100u                       /* within and behind the slot time of 64 */
#define OCTETS_BUF 4096u

static const struct { unsigned ctr; const char *why; } never[] = {
    { LY_CTR_TX_UNDERRUN, "the queue gives whole frames only, and s_tx_err of the MAC is 0" },
    { LY_CTR_EVENTS_LOST, "line rate both ways does not fill the event FIFO (tests/rtl/stats)" },
};

static bool moved[LY_CTR_COUNT];

static const uint8_t to_us[6] = { 2, 0, 0, 0, 0, 1 }, to_other[6] = { 2, 0, 0, 0, 0, 9 },
                     to_group[6] = { 1, 0, 0x5E, 0, 0, 5 },
                     to_all[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };

/* --- before, cause, after ----------------------------------------------------------------- */

struct lab {
    struct pins p;
    uint64_t before[LY_CTR_COUNT], want[LY_CTR_COUNT];
};

static void lab_open(struct lab *l, const char *profile)
{
    pins_open(&l->p, profile, seed_of_run());
    (void)pins_reg(&l->p, LY_REG_CTRL, CTRL_ON, true);
    memset(l->want, 0, sizeof l->want);
    pins_counters(&l->p, l->before);
}

static void lab_close(struct lab *l)
{
    pins_close(&l->p);
}

static void want(struct lab *l, unsigned ctr, uint64_t n)
{
    l->want[ctr] += n;
}

/* Now the counters have moved by what was wanted since the last time, and by nothing else. */
static void compare(struct lab *l, const char *what)
{
    uint64_t now[LY_CTR_COUNT];
    unsigned wrong = 0;
    pins_counters(&l->p, now);
    for (unsigned i = 0; i < LY_CTR_COUNT; i++) {
        uint64_t d = now[i] - l->before[i];
        moved[i] |= d > 0;
        if (d == l->want[i])
            continue;
        print_error("%s: %s by %llu, not by %llu\n", what, nic_counter_name(i),
                    (unsigned long long)d, (unsigned long long)l->want[i]);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    memcpy(l->before, now, sizeof now);
    memset(l->want, 0, sizeof l->want);
}

static void check(struct lab *l, const char *what)
{
    pins_settle(&l->p);
    compare(l, what);
}

/* --- what a frame moves ------------------------------------------------------------------- */

/* @n octets DA..FCS. */
static void make(uint8_t *f, const uint8_t da[6], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        f[i] = (uint8_t)(i * 29 + n);
    memcpy(f, da, n < 6 ? n : 6);
    if (n >= 14) {
        memcpy(f + 6, to_other, 6);
        f[12] = 0x88;           /* IEEE 802 local experimental */
        f[13] = 0xB5;
    }
    if (n > ETH_FCS_BYTES)
        spy_fcs(f, n);
}

static unsigned size_class(unsigned octets)
{
    static const unsigned most[] = { 64, 127, 255, 511, 1023 };
    unsigned i = 0;
    while (i < sizeof most / sizeof most[0] && octets > most[i])
        i++;
    return i;
}

/* A frame of @n octets without FCS goes out. */
static void want_sent(struct lab *l, const uint8_t *f, unsigned n)
{
    unsigned octets = n + ETH_FCS_BYTES < ETH_MIN_BYTES ? ETH_MIN_BYTES : n + ETH_FCS_BYTES;
    want(l, LY_CTR_TX_FRAMES, 1);
    want(l, LY_CTR_TX_OCTETS, octets);
    want(l, LY_CTR_TX_PAD_OCTETS, octets - ETH_FCS_BYTES - n);
    want(l, LY_CTR_TX_64 + size_class(octets), 1);
    if (!memcmp(f, to_all, 6))
        want(l, LY_CTR_TX_BROADCAST, 1);
    else if (f[0] & 1)
        want(l, LY_CTR_TX_MULTICAST, 1);
}

/* A good one of @n octets DA..FCS comes; @fate: what becomes of it. */
static void want_came(struct lab *l, const uint8_t *f, unsigned n, unsigned fate)
{
    want(l, LY_CTR_RX_FRAMES, 1);
    want(l, LY_CTR_RX_OCTETS, n);
    want(l, LY_CTR_RX_64 + size_class(n), 1);
    want(l, fate, 1);
    if (!memcmp(f, to_all, 6))
        want(l, LY_CTR_RX_BROADCAST, 1);
    else if (f[0] & 1)
        want(l, LY_CTR_RX_MULTICAST, 1);
}

static void want_delivered(struct lab *l, const uint8_t *f, unsigned n)
{
    want_came(l, f, n, LY_CTR_RX_DELIVERED);
    want(l, LY_CTR_RX_CSUM_NONE, 1);
}

static void want_pause(struct lab *l, const uint8_t *f)
{
    want_came(l, f, SPY_PAUSE_BYTES, LY_CTR_RX_DROP_FILTER);
    want(l, LY_CTR_RX_PAUSE_FRAMES, 1);
}

static void send(struct lab *l, const uint8_t da[6], unsigned n)
{
    uint8_t f[OCTETS_BUF];
    make(f, da, n + ETH_FCS_BYTES);
    pins_send(&l->p, NULL, f, n);
    want_sent(l, f, n);
}

static void come(struct lab *l, const uint8_t da[6], unsigned n, unsigned fate)
{
    uint8_t f[OCTETS_BUF];
    make(f, da, n);
    pins_frame(&l->p, f, n);
    if (fate == LY_CTR_RX_DELIVERED)
        want_delivered(l, f, n);
    else
        want_came(l, f, n, fate);
}

/* --- good frames -------------------------------------------------------------------------- */

static const unsigned sizes[] = { 64, 65, 127, 128, 255, 256, 511, 512, 1023, 1024, 1518 };
#define SIZES (sizeof sizes / sizeof sizes[0])

static void nothing(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    check(&l, "nothing");
    lab_close(&l);
}

static void frames_both_ways(void **state)
{
    static const uint8_t *const da[] = { to_us, to_group, to_all };
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    (void)pins_reg(&l.p, LY_REG_CTRL, CTRL_ON | LY_CTRL_ALLMULTI_MASK, true);
    for (unsigned i = 0; i < SIZES * 3; i++) {
        come(&l, da[i % 3], sizes[i / 3], LY_CTR_RX_DELIVERED);
        check(&l, "a frame came");
        send(&l, da[i % 3], sizes[i / 3] - ETH_FCS_BYTES);
        check(&l, "a frame went");
    }
    send(&l, to_other, 14);
    check(&l, "padding");
    send(&l, to_other, 59);
    check(&l, "an octet of padding");
    assert_int_equal(l.p.frames, SIZES * 3 + 2);
    assert_int_equal(l.p.host_frames, SIZES * 3);
    lab_close(&l);
}

/* Frames that bring their FCS: shorter ones are in the first size. */
static void own_fcs(void **state)
{
    uint8_t f[ETH_MIN_BYTES];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    (void)pins_reg(&l.p, LY_REG_CTRL, CTRL_ON | LY_CTRL_TX_OWN_FCS_MASK, true);
    make(f, to_other, 40);
    pins_send(&l.p, NULL, f, 40);
    want(&l, LY_CTR_TX_FRAMES, 1);
    want(&l, LY_CTR_TX_OCTETS, 40);
    want(&l, LY_CTR_TX_64, 1);
    check(&l, "own FCS");
    lab_close(&l);
}

/* IPv4 and UDP, both sums right. */
static void make_udp(uint8_t *f, unsigned n)
{
    const unsigned ip_len = n - ETH_FCS_BYTES - 14, udp_len = ip_len - 20;
    make(f, to_us, n);
    f[12] = 0x08;
    f[13] = 0x00;
    memcpy(f + 14, (const uint8_t[20]){ 0x45, 0, 0, (uint8_t)ip_len, 0, 0, 0, 0, 64, 17, 0, 0,
                                        10, 9, 0, 2, 10, 9, 0, 1 }, 20);
    uint16_t sum = csum_finish(csum_sum(f + 14, 20));
    f[24] = (uint8_t)(sum >> 8);
    f[25] = (uint8_t)sum;
    memcpy(f + 38, (const uint8_t[4]){ 0, (uint8_t)udp_len, 0, 0 }, 4);
    const uint8_t pseudo[12] = { 10, 9, 0, 2, 10, 9, 0, 1, 0, 17, 0, (uint8_t)udp_len };
    sum = csum_finish(csum_add(csum_sum(pseudo, sizeof pseudo), csum_sum(f + 34, udp_len)));
    f[40] = (uint8_t)(sum >> 8);
    f[41] = (uint8_t)sum;
    spy_fcs(f, n);
}

static void sums_of_what_comes(void **state)
{
    static const unsigned verdict[] = { LY_CTR_RX_CSUM_GOOD, LY_CTR_RX_CSUM_BAD,
                                        LY_CTR_RX_CSUM_NONE, LY_CTR_RX_CSUM_NONE };
    const unsigned n = 100;
    uint8_t f[OCTETS_BUF];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    for (unsigned i = 0; i < 4; i++) {          /* right, wrong, another type, not looked at */
        uint32_t on = i < 3 ? LY_CTRL_RX_CSUM_EN_MASK : 0;
        (void)pins_reg(&l.p, LY_REG_CTRL, CTRL_ON | on, true);
        make_udp(f, n);
        f[50] ^= i == 1;
        f[12] = i == 2 ? 0x88 : f[12];
        spy_fcs(f, n);
        pins_frame(&l.p, f, n);
        want_came(&l, f, n, LY_CTR_RX_DELIVERED);
        want(&l, verdict[i], 1);
        check(&l, "checksums");
    }
    lab_close(&l);
}

/* --- what is wrong at the pins ------------------------------------------------------------ */

#define NO_ER UINT32_MAX

/* A frame with a wrong FCS, RX_ER at octet @er, a nibble more. */
static void put(struct lab *l, const uint8_t da[6], unsigned n, bool spoil, unsigned er, bool odd)
{
    uint8_t f[OCTETS_BUF];
    make(f, da, n);
    if (spoil)
        f[n - 1] ^= 0x40;
    pins_preamble(&l->p);
    for (unsigned i = 0; i < n; i++)
        pins_octet(&l->p, f[i], i == er);
    if (odd)
        pins_nibble(&l->p, 0xA);
    pins_gap(&l->p, ETH_GAP_BYTES);
}

static const struct { unsigned octets; bool spoil; unsigned er, ctr; } bad[] = {
    { 64, true, NO_ER, LY_CTR_RX_FCS_ERRORS }, { 1518, true, NO_ER, LY_CTR_RX_FCS_ERRORS },
    { 63, false, NO_ER, LY_CTR_RX_UNDERSIZE }, { 18, false, NO_ER, LY_CTR_RX_UNDERSIZE },
    { 63, true, NO_ER, LY_CTR_RX_FRAGMENTS }, { 1, false, NO_ER, LY_CTR_RX_FRAGMENTS },
    { 1519, false, NO_ER, LY_CTR_RX_OVERSIZE }, { 3000, false, NO_ER, LY_CTR_RX_OVERSIZE },
    { 1519, true, NO_ER, LY_CTR_RX_JABBER }, { 3000, true, NO_ER, LY_CTR_RX_JABBER },
    { 64, false, 20, LY_CTR_RX_SYMBOL_ERRORS }, { 64, true, 20, LY_CTR_RX_SYMBOL_ERRORS },
    { 63, false, 20, LY_CTR_RX_SYMBOL_ERRORS }, { 1519, true, 20, LY_CTR_RX_SYMBOL_ERRORS },
};
#define BAD (sizeof bad / sizeof bad[0])

/* Whoever they are to, and also while nothing is received. */
static void bad_frames(void **state)
{
    static const uint8_t *const da[] = { to_us, to_all, to_other };
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    for (unsigned i = 0; i < BAD; i++) {
        (void)pins_reg(&l.p, LY_REG_CTRL, i % 2 ? CTRL_ON : LY_CTRL_TX_EN_MASK, true);
        put(&l, da[i % 3], bad[i].octets, bad[i].spoil, bad[i].er, false);
        want(&l, bad[i].ctr, 1);
        check(&l, nic_counter_name(bad[i].ctr));
    }
    assert_int_equal(l.p.host_frames, 0);
    lab_close(&l);
}

static void false_carriers(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    for (unsigned i = 0; i < 2; i++) {          /* another octet than 55 and D5; no SFD */
        for (unsigned k = 0; k < 20; k++)
            pins_octet(&l.p, i == 0 && k == 3 ? 0x0E : 0x55, false);
        pins_gap(&l.p, ETH_GAP_BYTES);
        want(&l, LY_CTR_RX_FALSE_CARRIERS, 1);
        want(&l, LY_CTR_RX_SYMBOL_ERRORS, 1);
        check(&l, "false carrier");
    }
    lab_close(&l);
}

/* A nibble left over is an alignment error where the FCS is wrong and the length is that of a
 * frame; else it changes nothing. */
static void nibbles_left_over(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "mii");
    for (unsigned i = 0; i < BAD; i++) {
        unsigned ctr = bad[i].ctr == LY_CTR_RX_FCS_ERRORS ? LY_CTR_RX_ALIGNMENT_ERRORS
                                                          : bad[i].ctr;
        put(&l, to_us, bad[i].octets, bad[i].spoil, bad[i].er, true);
        want(&l, ctr, 1);
        check(&l, "a nibble and another error");
        put(&l, to_us, bad[i].octets, bad[i].spoil, bad[i].er, false);
        want(&l, bad[i].ctr, 1);
        check(&l, "the same without it");
    }
    uint8_t f[OCTETS_BUF];
    make(f, to_us, 64);
    put(&l, to_us, 64, false, NO_ER, true);
    want_delivered(&l, f, 64);
    check(&l, "a nibble behind a good frame");
    lab_close(&l);
}

/* --- good frames that do not reach the host ----------------------------------------------- */

static void filtered(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    come(&l, to_other, 64, LY_CTR_RX_DROP_FILTER);
    check(&l, "to somebody else");
    come(&l, to_group, 700, LY_CTR_RX_DROP_FILTER);
    check(&l, "to a group");
    (void)pins_reg(&l.p, LY_REG_CTRL, CTRL_ON | LY_CTRL_PROMISC_MASK, true);
    come(&l, to_other, 64, LY_CTR_RX_DELIVERED);
    check(&l, "promiscuous");
    lab_close(&l);
}

static void disabled(void **state)
{
    static const uint8_t *const da[] = { to_us, to_all, to_group, to_other };
    uint8_t f[OCTETS_BUF];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    (void)pins_reg(&l.p, LY_REG_CTRL, LY_CTRL_TX_EN_MASK, true);
    for (unsigned i = 0; i < 4; i++) {
        come(&l, da[i], 200, LY_CTR_RX_DROP_DISABLED);
        check(&l, "rx disabled");
    }
    (void)pins_reg(&l.p, LY_REG_CTRL, LY_CTRL_RX_EN_MASK, true);
    make(f, to_other, 200);
    pins_send(&l.p, NULL, f, 196);
    want(&l, LY_CTR_TX_DROP_DISABLED, 1);
    check(&l, "tx disabled");
    lab_close(&l);
}

/* More than the rx queue holds while the host takes nothing. What it then gets was delivered. */
static void full(void **state)
{
    const unsigned n = 1518, frames = 32;
    uint8_t f[OCTETS_BUF];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    l.p.deaf = true;
    make(f, to_us, n);
    for (unsigned i = 0; i < frames; i++)
        pins_frame(&l.p, f, n);
    pins_run(&l.p, frames * (n + 20) + 1000);
    l.p.deaf = false;
    pins_settle(&l.p);
    assert_true(l.p.host_frames > 0 && l.p.host_frames < frames);
    for (unsigned i = 0; i < frames; i++)
        if (i < l.p.host_frames)
            want_delivered(&l, f, n);
        else
            want_came(&l, f, n, LY_CTR_RX_DROP_FULL);
    check(&l, "the rx queue is full");
    lab_close(&l);
}

/* --- pause frames ------------------------------------------------------------------------- */

static void pause_frames_come(void **state)
{
    uint8_t f[SPY_PAUSE_BYTES];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    for (unsigned i = 0; i < 4; i++) {
        (void)pins_reg(&l.p, LY_REG_LINK_CTRL, i & 2 ? LY_LINK_CTRL_PAUSE_RX_MASK : 0, true);
        spy_pause(f, i & 1 ? spy_group : to_us, 3);
        pins_frame(&l.p, f, sizeof f);
        want_pause(&l, f);
        check(&l, "a pause frame came");
    }
    (void)pins_reg(&l.p, LY_REG_CTRL, CTRL_ON | LY_CTRL_PASS_PAUSE_MASK, true);
    spy_pause(f, to_us, 3);
    pins_frame(&l.p, f, sizeof f);
    want_delivered(&l, f, sizeof f);
    want(&l, LY_CTR_RX_PAUSE_FRAMES, 1);
    check(&l, "a pause frame for the host");
    lab_close(&l);
}

/* As many as the pins have seen, of both kinds: the queue fills, then it is read. */
static void pause_frames_go(void **state)
{
    const unsigned n = 1518, frames = 20;
    uint8_t f[OCTETS_BUF];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    (void)pins_reg(&l.p, LY_REG_LINK_CTRL, LY_LINK_CTRL_PAUSE_TX_MASK, true);
    l.p.deaf = true;
    make(f, to_us, n);
    for (unsigned i = 0; i < frames; i++) {
        pins_frame(&l.p, f, n);
        want_delivered(&l, f, n);
    }
    pins_run(&l.p, frames * (n + 20) + 1000);
    assert_true(l.p.pauses > 0);
    l.p.deaf = false;
    pins_settle(&l.p);
    assert_true(l.p.pauses > 1);
    assert_int_equal(l.p.frames, 0);
    want(&l, LY_CTR_TX_PAUSE_FRAMES, l.p.pauses);
    check(&l, "pause frames of ours");
    lab_close(&l);
}

/* --- half duplex -------------------------------------------------------------------------- */

static void collisions(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "miih");
    send(&l, to_other, 200);
    check(&l, "no collision");
    pins_collide(&l.p, 1, EARLY);
    send(&l, to_group, 200);
    want(&l, LY_CTR_TX_SINGLE_COLLISIONS, 1);
    check(&l, "one collision");
    for (unsigned n = 2; n < PINS_ATTEMPTS; n += 4) {
        pins_collide(&l.p, n, EARLY);
        send(&l, to_all, 60);
        want(&l, LY_CTR_TX_MULTIPLE_COLLISIONS, 1);
        check(&l, "more than one collision");
        assert_int_equal(l.p.attempt, n + 1);
    }
    pins_collide(&l.p, 0, 0);
    come(&l, to_us, 300, LY_CTR_RX_DELIVERED);
    check(&l, "a frame of another");
    lab_close(&l);
}

/* Given up: no frame, no octet, no size. */
static void want_given_up(struct lab *l)
{
    uint8_t f[OCTETS_BUF];
    make(f, to_group, 204);
    pins_send(&l->p, NULL, f, 200);
    want(l, LY_CTR_TX_EXCESS_COLLISIONS, 1);
}

static void late_and_too_many(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "miih");
    pins_collide(&l.p, 1, LATE);
    send(&l, to_other, 200);
    want(&l, LY_CTR_TX_SINGLE_COLLISIONS, 1);
    want(&l, LY_CTR_TX_LATE_COLLISIONS, 1);
    check(&l, "a late collision");
    pins_collide(&l.p, PINS_ATTEMPTS, EARLY);
    want_given_up(&l);
    check(&l, "16 collisions");
    assert_int_equal(l.p.attempt, PINS_ATTEMPTS);
    pins_collide(&l.p, PINS_ATTEMPTS, EARLY);
    l.p.collide[7] = LATE;
    want_given_up(&l);
    want(&l, LY_CTR_TX_LATE_COLLISIONS, 1);
    check(&l, "16 collisions, a late one among them");
    lab_close(&l);
}

/* Another station's carrier for so many cycles while a frame waits. */
static void hold(struct lab *l, unsigned cycles)
{
    l->p.busy = true;
    pins_run(&l->p, 200);
    send(l, to_other, 200);
    pins_run(&l->p, cycles);
    l->p.busy = false;
}

static void deferral(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l, "miih");
    hold(&l, 2000);
    want(&l, LY_CTR_TX_DEFERRED, 1);
    check(&l, "deferred");
    hold(&l, XS_DEFER_CYCLES - 1000);
    want(&l, LY_CTR_TX_DEFERRED, 1);
    check(&l, "deferred for long");
    hold(&l, XS_DEFER_CYCLES + 1000);
    want(&l, LY_CTR_TX_DEFERRED, 1);
    want(&l, LY_CTR_TX_EXCESS_DEFERRAL, 1);
    check(&l, "deferred for too long");
    pins_collide(&l.p, 1, EARLY);
    hold(&l, XS_DEFER_CYCLES + 1000);
    want(&l, LY_CTR_TX_SINGLE_COLLISIONS, 1);
    want(&l, LY_CTR_TX_EXCESS_DEFERRAL, 1);
    check(&l, "deferred, then a collision");
    lab_close(&l);
}

/* --- records ------------------------------------------------------------------------------ */

/* The stream was lost: the NIC has said so, once, and comes back. */
static void lost(struct lab *l, unsigned ctr, const char *what)
{
    pins_settle(&l->p);
    assert_int_equal(l->p.errors, 1);
    l->p.errors = 0;
    pins_sync(&l->p);
    want(l, ctr, 1);
    check(l, what);
}

static void bad_headers(void **state)
{
    static const uint8_t zeros[LY_REC_SYNC_BYTES];
    struct rec_hdr h = { .type = LY_REC_FRAME, .length = 100 };
    uint8_t raw[LY_REC_HDR_BYTES];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    rec_hdr_emit(raw, &h);
    raw[7] ^= 1;
    pins_bytes(&l.p, raw, sizeof raw);
    lost(&l, LY_CTR_REC_BAD_HEADER, "a wrong check");
    h.length = LY_REC_VNET_BYTES + 1515;
    rec_hdr_emit(raw, &h);
    pins_bytes(&l.p, raw, sizeof raw);
    lost(&l, LY_CTR_REC_BAD_HEADER, "a frame too long");
    pins_record(&l.p, LY_REC_SYNC, zeros, sizeof zeros);
    lost(&l, LY_CTR_REC_BAD_HEADER, "a SYNC that is none");
    lab_close(&l);
}

static void unknown_records(void **state)
{
    static const struct { unsigned type, bytes; } rows[] = {
        { 0x55, 5 }, { 0x00, 0 }, { LY_REC_REG_VALUE, LY_REC_REG_VALUE_BYTES },
        { LY_REC_REG_READ, LY_REC_REG_READ_BYTES + 4 }, { LY_REC_FRAME | 0x80, 64 },
    };
    static const uint8_t body[64];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pins_record(&l.p, rows[i].type, body, rows[i].bytes);
        want(&l, LY_CTR_REC_UNKNOWN, 1);
        check(&l, "an unknown record");
    }
    assert_int_equal(l.p.errors, 0);
    lab_close(&l);
}

static bool has_erred(const struct pins *p)
{
    return p->errors > 0;
}

/* A record stops within its header, its virtio header, its frame. */
static void gaps(void **state)
{
    static const unsigned cut[] = { 5, LY_REC_HDR_BYTES + 3, LY_REC_HDR_BYTES + 60 };
    const struct rec_hdr h = { .type = LY_REC_FRAME, .length = 200 };
    uint8_t raw[100] = { 0 };
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    rec_hdr_emit(raw, &h);
    for (unsigned i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        pins_bytes(&l.p, raw, cut[i]);
        pins_until(&l.p, has_erred, true);
        lost(&l, LY_CTR_REC_GAP, "a gap");
    }
    assert_int_equal(l.p.frames, 0);
    lab_close(&l);
}

static void frames_refused(void **state)
{
    static const struct { uint8_t vnet[LY_REC_VNET_BYTES]; unsigned bytes, ctr; } rows[] = {
        { { 0 }, 13, LY_CTR_TX_DROP_LENGTH },
        { { 0 }, 0, LY_CTR_TX_DROP_LENGTH },
        { { [1] = 1 }, 100, LY_CTR_TX_DROP_LENGTH },            /* gso_type */
        { { [10] = 2 }, 100, LY_CTR_TX_DROP_LENGTH },           /* num_buffers */
        { { [0] = 1, [6] = 90, [8] = 9 }, 100, LY_CTR_TX_DROP_CSUM },
        { { [0] = 1, [7] = 1 }, 100, LY_CTR_TX_DROP_CSUM },     /* csum_start, csum_offset */
    };
    uint8_t f[OCTETS_BUF];
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    make(f, to_other, 104);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pins_send(&l.p, rows[i].vnet, f, rows[i].bytes);
        want(&l, rows[i].ctr, 1);
        check(&l, nic_counter_name(rows[i].ctr));
    }
    assert_int_equal(l.p.frames, 0);
    pins_send(&l.p, (const uint8_t[LY_REC_VNET_BYTES]){ [0] = 1, [6] = 90, [8] = 8 }, f, 100);
    want_sent(&l, f, 100);
    want(&l, LY_CTR_TX_CSUM_INSERTED, 1);
    check(&l, "a sum inserted");
    lab_close(&l);
}

static bool all_taken(const struct pins *p)
{
    return p->to_n == 0;
}

static void pause_for(struct lab *l, unsigned quanta)
{
    uint8_t f[SPY_PAUSE_BYTES];
    spy_pause(f, spy_group, quanta);
    pins_frame(&l->p, f, sizeof f);
    pins_run(&l->p, 500);
    want_pause(l, f);
}

/* The far end pauses us, the queue fills, and the frame for which no room comes is dropped. */
static void stall(void **state)
{
    const unsigned n = 1514, most = 16;
    uint8_t f[OCTETS_BUF];
    unsigned held = 0;
    struct lab l;
    (void)state;
    lab_open(&l, "gmii");
    (void)pins_reg(&l.p, LY_REG_LINK_CTRL, LY_LINK_CTRL_PAUSE_RX_MASK, true);
    pause_for(&l, 0xFFFF);
    compare(&l, "paused");
    make(f, to_other, n + ETH_FCS_BYTES);
    while (held < most) {
        pins_send(&l.p, NULL, f, n);
        pins_run(&l.p, 4 * n);
        if (l.p.to_n > 0)
            break;
        held++;
    }
    assert_true(held > 0 && held < most);
    pins_until(&l.p, all_taken, true);
    want(&l, LY_CTR_TX_DROP_STALL, 1);
    compare(&l, "stalled");
    assert_int_equal(l.p.frames, 0);
    pause_for(&l, 0);
    for (unsigned i = 0; i < held; i++)
        want_sent(&l, f, n);
    check(&l, "what was held goes");
    assert_int_equal(l.p.frames, held);
    lab_close(&l);
}

/* --- the list is whole -------------------------------------------------------------------- */

/* Behind all others: a new counter needs a case, or a reason. */
static void each_has_a_case(void **state)
{
    (void)state;
    bool out[LY_CTR_COUNT] = { false };
    for (unsigned i = 0; i < sizeof never / sizeof never[0]; i++)
        out[never[i].ctr] = true;
    for (unsigned i = 0; i < LY_CTR_COUNT; i++)
        if (moved[i] == out[i])
            fail_msg("%s %s", nic_counter_name(i), out[i] ? "has moved, and is listed as one that "
                     "cannot" : "has no case");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing), cmocka_unit_test(frames_both_ways), cmocka_unit_test(own_fcs),
        cmocka_unit_test(sums_of_what_comes), cmocka_unit_test(bad_frames),
        cmocka_unit_test(false_carriers), cmocka_unit_test(nibbles_left_over),
        cmocka_unit_test(filtered), cmocka_unit_test(disabled), cmocka_unit_test(full),
        cmocka_unit_test(pause_frames_come), cmocka_unit_test(pause_frames_go),
        cmocka_unit_test(collisions), cmocka_unit_test(late_and_too_many),
        cmocka_unit_test(deferral), cmocka_unit_test(bad_headers),
        cmocka_unit_test(unknown_records), cmocka_unit_test(gaps),
        cmocka_unit_test(frames_refused), cmocka_unit_test(stall),
        cmocka_unit_test(each_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
