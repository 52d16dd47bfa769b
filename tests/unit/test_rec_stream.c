/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rec_stream.c - the host's end of the record stream against a device played
 * by the test, byte by byte: SYNC, order, time-outs, and when things are seen.
 */
#include "driver/nic_regs.h"
#include "driver/rec.h"
#include "sim/rec_stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EDGE 8000u
#define GAP (LY_RECORD_GAP_US * 1000000ull)
#define PACKETS 400u

struct bench {
    struct world *w;
    void *mem;
    struct pkt_pool *pool;
    struct rec_stream s;
    uint8_t got[8192];
    size_t n_got;
};

static void setup(struct bench *b)
{
    size_t bytes = pkt_pool_bytes(PACKETS, 0);
    b->w = world_create(1, true);
    b->mem = malloc(bytes);
    b->pool = pkt_pool_create(b->mem, bytes, PACKETS, 0);
    assert_non_null(b->pool);
    stream_init(&b->s, b->w, b->pool);
    b->n_got = 0;
}

static void teardown(struct bench *b)
{
    stream_fini(&b->s);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    free(b->mem);
    world_destroy(b->w);
}

static void go(struct bench *b, uint64_t t)
{
    assert_int_equal(world_run(b->w, t, 0), -1);
}

/* The next clock edge after now. */
static uint64_t edge(struct bench *b)
{
    uint64_t t = (world_now(b->w) / EDGE + 1) * EDGE;
    go(b, t);
    return t;
}

/* The device takes what there is, one byte an edge, at most @max. Returns bytes taken. */
static size_t take(struct bench *b, size_t max)
{
    size_t n = 0;
    uint64_t t = edge(b);
    while (n < max && stream_tx_valid(&b->s, t)) {
        assert_true(b->n_got < sizeof b->got);
        b->got[b->n_got++] = *b->s.tx_p;
        stream_tx_moved(&b->s, t);
        n++;
        t = edge(b);
    }
    return n;
}

static void send(struct bench *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(stream_rx_ready(&b->s));
        stream_rx_moved(&b->s, edge(b), p[i]);
    }
}

static void send_record(struct bench *b, uint8_t type, uint16_t tag, const void *body, uint32_t n)
{
    uint8_t r[64] = { 0 };
    rec_hdr_emit(r, &(struct rec_hdr){ .type = type, .tag = tag, .length = n });
    memcpy(r + LY_REC_HDR_BYTES, body, n);
    send(b, r, LY_REC_HDR_BYTES + rec_padded(n));
}

static void send_event(struct bench *b, uint8_t kind, uint8_t arg, uint32_t value)
{
    const uint8_t body[8] = { kind, 0, arg, 0, (uint8_t)value, (uint8_t)(value >> 8),
                              (uint8_t)(value >> 16), (uint8_t)(value >> 24) };
    send_record(b, LY_REC_EVENT, 0, body, sizeof body);
}

static void send_value(struct bench *b, uint16_t tag, uint8_t addr, uint8_t value)
{
    const uint8_t body[12] = { addr, 0, 0, 0, value };
    send_record(b, LY_REC_REG_VALUE, tag, body, sizeof body);
}

static void send_frame(struct bench *b, uint8_t number)
{
    uint8_t body[12 + 20] = { 0 };
    body[10] = 1;                       /* num_buffers */
    memset(body + 12, number, 20);
    send_record(b, LY_REC_FRAME, 0, body, sizeof body);
}

static void answer_sync(struct bench *b)
{
    uint8_t r[32];
    send(b, r, rec_emit_sync(r));
    send_event(b, LY_EVENT_SYNC, 0, 0x10000);
}

/* Up, with the SYNC taken and its event read. */
static void bring_up(struct bench *b)
{
    struct link_event ev;
    assert_int_equal(take(b, 1000), 16);
    answer_sync(b);
    edge(b);
    assert_int_equal(stream_event(&b->s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_SYNC);
    assert_int_equal(ev.value, 0x10000);
    assert_int_equal(stream_poll(&b->s), 0);
    b->n_got = 0;
}

static struct pkt *frame(struct bench *b, unsigned len, uint16_t tag)
{
    struct pkt *p = pkt_alloc(b->pool, PKT_SMALL);
    assert_non_null(p);
    memset(pkt_put(p, len), 0x77, len);
    p->tag = tag;
    return p;
}

/* Types of the records that the device took, in order. */
static unsigned types(const struct bench *b, uint8_t *out, unsigned max)
{
    unsigned k = 0;
    struct rec_hdr h;
    for (size_t at = 0; at < b->n_got && k < max; k++) {
        assert_int_equal(rec_hdr_parse(b->got + at, &h), 0);
        out[k] = h.type;
        at += LY_REC_HDR_BYTES + rec_padded(h.length);
        assert_true(at <= b->n_got);
    }
    return k;
}

static void test_sync_comes_first_and_alone(void **state)
{
    (void)state;
    struct bench b;
    uint8_t t[8];
    setup(&b);
    struct pkt *p = frame(&b, 60, 0);
    assert_int_equal(stream_tx(&b.s, &p, 1), 1);
    assert_int_equal(stream_reg(&b.s, 9, LY_REG_ID, 0, false), 0);
    assert_false(stream_tx_valid(&b.s, 0));         /* not at the edge of the same time */
    assert_int_equal(take(&b, 1000), 16);
    assert_int_equal(take(&b, 1000), 0);            /* nothing before the answer */
    assert_int_equal(stream_tx_at(&b.s), SIM_NEVER);
    answer_sync(&b);
    assert_int_equal(take(&b, 1000), 12 + 80);
    assert_int_equal(types(&b, t, 8), 3);
    assert_int_equal(t[0], LY_REC_SYNC);
    assert_int_equal(t[1], LY_REC_REG_READ);        /* before the frame that came earlier */
    assert_int_equal(t[2], LY_REC_FRAME);
    teardown(&b);
}

static void test_time_of_hand_over(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    struct pkt *p;
    setup(&b);
    bring_up(&b);
    /* To the NIC: the first edge after the hand-over, not the one of the same time. */
    uint64_t t = edge(&b);
    p = frame(&b, 60, 0);
    assert_int_equal(stream_tx(&b.s, &p, 1), 1);
    assert_false(stream_tx_valid(&b.s, t));
    assert_true(stream_tx_at(&b.s) == t + 1);
    assert_true(stream_tx_valid(&b.s, t + EDGE));
    take(&b, 1000);
    /* From it: one symbol after the last byte. */
    send_frame(&b, 1);
    t = world_now(b.w);
    assert_int_equal(stream_rx(&b.s, &p, 1), 0);
    assert_true(stream_wake_ps(&b.s) == t + EDGE);
    go(&b, t + EDGE - 1);
    assert_int_equal(stream_rx(&b.s, &p, 1), 0);
    go(&b, t + EDGE);
    assert_int_equal(stream_rx(&b.s, &p, 1), 1);
    assert_int_equal(p->len, 20);
    pkt_release(p);
    assert_int_equal(stream_event(&b.s, &ev), 0);
    teardown(&b);
}

/* poll() marks what is there as seen, also if it is not taken; newer is news. */
static void test_news_are_told_once(void **state)
{
    (void)state;
    struct bench b;
    struct pkt *p[2];
    setup(&b);
    bring_up(&b);
    assert_int_equal(stream_wake_ps(&b.s), SIM_NEVER);
    send_frame(&b, 1);
    uint64_t first = world_now(b.w) + EDGE;
    assert_true(stream_wake_ps(&b.s) == first);
    assert_int_equal(stream_poll(&b.s), 0);
    assert_true(stream_wake_ps(&b.s) == first);     /* not there yet: still news */
    send_frame(&b, 2);
    uint64_t second = world_now(b.w) + EDGE;
    assert_int_equal(stream_poll(&b.s), 0);         /* the first is seen */
    assert_true(stream_wake_ps(&b.s) == second);
    go(&b, second);
    assert_int_equal(stream_poll(&b.s), 0);
    assert_int_equal(stream_wake_ps(&b.s), SIM_NEVER);
    assert_int_equal(stream_rx(&b.s, p, 2), 2);
    pkt_release(p[0]);
    pkt_release(p[1]);
    teardown(&b);
}

static void test_sync_without_answer(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    struct pkt *p;
    setup(&b);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(take(&b, 1000), 16);
        assert_true(stream_wake_ps(&b.s) == 2 * GAP * i);
        go(&b, 2 * GAP * i - 1);
        assert_int_equal(stream_poll(&b.s), 0);
        go(&b, 2 * GAP * i);
        assert_int_equal(stream_poll(&b.s), i < 3 ? 0 : -ENODEV);
    }
    assert_int_equal(stream_event(&b.s, &ev), 0);
    edge(&b);
    assert_int_equal(stream_event(&b.s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_GONE);
    assert_int_equal(ev.status, -ETIMEDOUT);
    p = frame(&b, 60, 0);
    assert_int_equal(stream_tx(&b.s, &p, 1), -ENODEV);
    pkt_release(p);
    assert_int_equal(stream_rx(&b.s, &p, 1), -ENODEV);
    assert_int_equal(stream_reg(&b.s, 1, 0, 0, false), -ENODEV);
    assert_int_equal(stream_poll(&b.s), -ENODEV);
    assert_int_equal(stream_wake_ps(&b.s), SIM_NEVER);
    teardown(&b);
}

/* The second SYNC is answered: a device that had half a record of a host before us. */
static void test_second_sync_answered(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    setup(&b);
    assert_int_equal(take(&b, 1000), 16);
    go(&b, 2 * GAP);
    assert_int_equal(stream_poll(&b.s), 0);
    bring_up(&b);
    answer_sync(&b);                                /* the late answer to the first */
    edge(&b);
    assert_int_equal(stream_event(&b.s, &ev), 0);
    assert_int_equal(b.s.stats.resyncs, 0);
    teardown(&b);
}

static void expect_resync(struct bench *b, uint64_t resyncs)
{
    struct link_event ev;
    uint8_t t[4];
    b->n_got = 0;
    assert_int_equal(b->s.stats.resyncs, resyncs);
    assert_int_equal(take(b, 1000), 16);
    assert_int_equal(types(b, t, 4), 1);
    assert_int_equal(t[0], LY_REC_SYNC);
    answer_sync(b);
    edge(b);
    assert_int_equal(stream_event(&b->s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_SYNC);
    assert_int_equal(stream_poll(&b->s), 0);
}

static void test_device_reports_an_error(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    uint8_t t[8];
    setup(&b);
    bring_up(&b);
    struct pkt *p[2] = { frame(&b, 60, 0), frame(&b, 60, 0) };
    assert_int_equal(stream_tx(&b.s, p, 2), 2);
    assert_int_equal(take(&b, 30), 30);             /* in the middle of the first */
    send_event(&b, LY_EVENT_ERROR, LY_ERROR_HDR_CHECK, 0);
    edge(&b);
    assert_int_equal(stream_event(&b.s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_ERROR);
    assert_int_equal(ev.arg, LY_ERROR_HDR_CHECK);
    assert_int_equal(take(&b, 50), 50);             /* the record is finished */
    expect_resync(&b, 1);
    b.n_got = 0;
    assert_int_equal(take(&b, 1000), 80);           /* then the second frame */
    assert_int_equal(types(&b, t, 8), 1);
    teardown(&b);
}

static void test_bad_bytes_from_the_device(void **state)
{
    (void)state;
    struct bench b;
    static const uint8_t junk[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    setup(&b);
    bring_up(&b);
    send(&b, junk, sizeof junk);
    assert_int_equal(b.s.stats.rx_bad_record, 1);
    send(&b, junk, sizeof junk);                    /* discarded until SYNC */
    assert_int_equal(b.s.stats.rx_bad_record, 1);
    expect_resync(&b, 1);
    send_record(&b, 0x55, 0, junk, 7);              /* unknown type: skipped */
    assert_int_equal(b.s.stats.rx_bad_record, 2);
    send_event(&b, 99, 0, 0);                       /* unknown kind */
    assert_int_equal(b.s.stats.rx_bad_record, 3);
    send_value(&b, 5, 0, 0);                        /* an answer to no question */
    assert_int_equal(b.s.stats.rx_bad_record, 4);
    assert_int_equal(b.s.stats.resyncs, 1);
    teardown(&b);
}

/* A record that stops in the middle is dropped after RECORD_GAP_US. */
static void test_gap_in_a_record(void **state)
{
    (void)state;
    struct bench b;
    uint8_t r[LY_REC_HDR_BYTES];
    setup(&b);
    bring_up(&b);
    rec_hdr_emit(r, &(struct rec_hdr){ .type = LY_REC_FRAME, .length = 100 });
    for (unsigned half = 0; half < 2; half++) {     /* in the header, in the payload */
        send(&b, r, half ? sizeof r : 5);
        uint64_t due = world_now(b.w) + GAP;
        assert_true(stream_wake_ps(&b.s) == due);
        go(&b, due - 1);
        assert_int_equal(stream_poll(&b.s), 0);
        assert_int_equal(b.s.stats.rx_bad_record, half);
        go(&b, due);
        assert_int_equal(stream_poll(&b.s), 0);
        assert_int_equal(b.s.stats.rx_bad_record, half + 1);
        expect_resync(&b, half + 1);
    }
    send_frame(&b, 3);
    assert_int_equal(b.s.stats.rx_frames, 1);
    teardown(&b);
}

static void test_register_answers_and_time_outs(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    setup(&b);
    bring_up(&b);
    for (uint16_t i = 0; i < STREAM_REGS; i++)
        assert_int_equal(stream_reg(&b.s, i, 4u * i, i, i & 1), 0);
    assert_int_equal(stream_reg(&b.s, 99, 0, 0, false), -EAGAIN);
    assert_int_equal(take(&b, 1000), STREAM_REGS / 2 * (12 + 16));
    uint64_t asked = stream_timeout_ps(&b.s) - 2 * GAP;
    send_value(&b, 0, 4, 41);                       /* a tag and an address, no pair */
    assert_int_equal(b.s.stats.rx_bad_record, 1);
    send_value(&b, 1, 4, 42);                       /* the second question's */
    edge(&b);
    assert_int_equal(stream_event(&b.s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_REG);
    assert_int_equal(ev.tag, 1);
    assert_int_equal(ev.addr, 4);
    assert_int_equal(ev.value, 42);
    assert_int_equal(ev.status, 0);
    assert_int_equal(stream_reg(&b.s, 99, 0, 0, false), 0);     /* room again */
    go(&b, asked + 2 * GAP - 1);
    assert_int_equal(stream_poll(&b.s), 0);
    assert_int_equal(stream_event(&b.s, &ev), 0);
    go(&b, asked + 2 * GAP);
    assert_int_equal(stream_poll(&b.s), 0);
    edge(&b);
    for (unsigned i = 0; i < STREAM_REGS - 1; i++) {
        assert_int_equal(stream_event(&b.s, &ev), 1);
        assert_int_equal(ev.tag, i == 0 ? 0 : i + 1);
        assert_int_equal(ev.status, -ETIMEDOUT);
    }
    assert_int_equal(stream_event(&b.s, &ev), 0);
    assert_int_equal(b.s.stats.resyncs, 0);
    teardown(&b);
}

/* While a SYNC is awaited, the time of a question does not run. */
static void test_registers_wait_for_sync(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    assert_int_equal(stream_reg(&b.s, 7, 0, 0, false), 0);
    assert_int_equal(take(&b, 1000), 16);
    go(&b, 2 * GAP);
    assert_int_equal(stream_poll(&b.s), 0);
    go(&b, 3 * GAP);
    bring_up(&b);
    assert_true(stream_timeout_ps(&b.s) > 5 * GAP);
    assert_int_equal(take(&b, 1000), 12);
    teardown(&b);
}

static void test_done_events_carry_the_tag(void **state)
{
    (void)state;
    struct bench b;
    struct link_event ev;
    setup(&b);
    bring_up(&b);
    struct pkt *p[3] = { frame(&b, 61, 5), frame(&b, 62, 0), frame(&b, 63, 6) };
    assert_int_equal(stream_tx(&b.s, p, 3), 3);
    assert_int_equal(take(&b, 83), 83);
    assert_int_equal(stream_event(&b.s, &ev), 0);
    assert_int_equal(take(&b, 1), 1);
    edge(&b);
    assert_int_equal(stream_event(&b.s, &ev), 1);
    assert_int_equal(ev.kind, LINK_EV_TX_DONE);
    assert_int_equal(ev.tag, 5);
    assert_int_equal(pkt_pool_in_use(b.pool), 2);
    take(&b, 1000);
    assert_int_equal(stream_event(&b.s, &ev), 1);
    assert_int_equal(ev.tag, 6);
    assert_int_equal(stream_event(&b.s, &ev), 0);
    assert_int_equal(b.s.stats.tx_frames, 3);
    assert_int_equal(b.s.stats.tx_bytes, 61 + 62 + 63);
    teardown(&b);
}

/* A host that does not take its frames stops the NIC; nothing is lost in between. */
static void test_rx_is_held_back(void **state)
{
    (void)state;
    struct bench b;
    struct pkt *p;
    setup(&b);
    bring_up(&b);
    for (unsigned i = 0; i < STREAM_RX_FRAMES; i++)
        send_frame(&b, (uint8_t)i);
    assert_false(stream_rx_ready(&b.s));
    edge(&b);
    for (unsigned i = 0; i < STREAM_RX_FRAMES; i++) {
        assert_int_equal(stream_rx(&b.s, &p, 1), 1);
        assert_int_equal(pkt_data(p)[0], (uint8_t)i);
        pkt_release(p);
    }
    assert_true(stream_rx_ready(&b.s));
    assert_int_equal(b.s.stats.rx_frames, STREAM_RX_FRAMES);
    assert_int_equal(b.s.stats.rx_bytes, STREAM_RX_FRAMES * 20);
    for (unsigned i = 0; i < STREAM_EVENTS / 2; i++)
        send_event(&b, LY_EVENT_LINK, 1, i);
    assert_false(stream_rx_ready(&b.s));            /* events as well */
    assert_int_equal(stream_reg(&b.s, 0, 0, 0, false), -EAGAIN);
    p = frame(&b, 60, 1);
    assert_int_equal(stream_tx(&b.s, &p, 1), 0);    /* its event would have no room */
    pkt_release(p);
    teardown(&b);                                   /* frees what is still there */
}

/* A slow bus: so long after a byte comes the next one, however much time has passed before. */
static void test_rx_has_a_rate(void **state)
{
    (void)state;
    struct bench b;
    setup(&b);
    bring_up(&b);
    stream_rx_rate(&b.s, UINT64_C(1000000000000) / (4 * EDGE));
    go(&b, world_now(b.w) + 100 * EDGE);
    for (unsigned i = 0; i < 16; i++) {
        assert_true(stream_rx_ready(&b.s));
        stream_rx_moved(&b.s, edge(&b), 0);
        for (unsigned k = 0; k < 3; k++) {
            assert_false(stream_rx_ready(&b.s));
            edge(&b);
        }
        assert_false(stream_rx_ready(&b.s));
        edge(&b);
    }
    stream_rx_rate(&b.s, 0);
    stream_rx_moved(&b.s, edge(&b), 0);
    assert_true(stream_rx_ready(&b.s));
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync_comes_first_and_alone),
        cmocka_unit_test(test_time_of_hand_over),
        cmocka_unit_test(test_news_are_told_once),
        cmocka_unit_test(test_sync_without_answer),
        cmocka_unit_test(test_second_sync_answered),
        cmocka_unit_test(test_device_reports_an_error),
        cmocka_unit_test(test_bad_bytes_from_the_device),
        cmocka_unit_test(test_gap_in_a_record),
        cmocka_unit_test(test_register_answers_and_time_outs),
        cmocka_unit_test(test_registers_wait_for_sync),
        cmocka_unit_test(test_done_events_carry_the_tag),
        cmocka_unit_test(test_rx_is_held_back),
        cmocka_unit_test(test_rx_has_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
