/* SPDX-License-Identifier: Apache-2.0 */
/* test_nic.c - tx queue, rx bookkeeping, events of the link. */
#include "tests/unit/nic_fixture.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- tx ---------------------------------------------------------------------------- */

static void tx_in_order_and_counted(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_tx_room(f->nic), 64);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60 + i)), 0);
    assert_int_equal(nic_tx_room(f->nic), 64);
    struct nic_stats st = nic_fix_stats(f);
    assert_int_equal(st.tx_frames, 5);
    assert_int_equal(st.tx_bytes, 310);
    assert_int_equal(st.tx_csum_asked, 0);
    assert_int_equal(st.link.tx_frames, 5);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
}

struct seen { unsigned n; uint8_t first[256]; size_t len[256]; };

static bool see(void *arg, uint8_t *d, size_t len, int64_t now_ns)
{
    struct seen *s = arg;
    (void)now_ns;
    assert_true(s->n < 256);
    s->len[s->n] = len;
    s->first[s->n++] = d[0];
    return true;
}

/* The link takes some, none, one: nothing is lost or reordered round the ring's end. */
static void tx_queue_round_its_end(void **state)
{
    struct nic_fix *f = *state;
    struct seen seen = { 0 };
    unsigned sent = 0;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_on_tx(f->fake, see, &seen);
    while (sent < 200) {
        fake_link_set_tx_room(f->fake, 0);
        for (unsigned burst = 0; burst < 50 && sent < 200 && nic_tx_room(f->nic); burst++) {
            struct pkt *p = nic_fix_frame(f, 60);
            pkt_data(p)[0] = (uint8_t)sent++;
            assert_int_equal(nic_tx(f->nic, p), 0);
        }
        fake_link_set_tx_room(f->fake, 37);
        nic_fix_run(f, f->now + 10);
    }
    fake_link_set_tx_room(f->fake, UINT_MAX);
    nic_fix_run(f, f->now + 10);
    assert_int_equal(seen.n, 200);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(seen.first[i], i);
    assert_int_equal(nic_fix_stats(f).tx_frames, 200);
    assert_int_equal(nic_fix_stats(f).tx_drop_queue_full, 0);
}

static void tx_queue_full(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_set_tx_room(f->fake, 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
    assert_int_equal(nic_tx_room(f->nic), 0);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), -ENOBUFS);
    assert_int_equal(nic_fix_stats(f).tx_drop_queue_full, 1);
    assert_int_equal(nic_fix_stats(f).tx_frames, 0);
    fake_link_set_tx_room(f->fake, 1);      /* has room again, nobody polled */
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
    assert_int_equal(nic_fix_stats(f).tx_frames, 1);
    assert_int_equal(pkt_pool_in_use(f->pool), 64);     /* released by nic_destroy() */
}

static void tx_sizes(void **state)
{
    struct nic_fix *f = *state;
    static const struct { uint32_t len; int want; } c[] = {
        { 0, -EMSGSIZE }, { 13, -EMSGSIZE }, { 14, 0 }, { 1514, 0 }, { 1515, -EMSGSIZE },
    };
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    for (unsigned i = 0; i < sizeof c / sizeof c[0]; i++)
        assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, c[i].len)), c[i].want);
    assert_int_equal(nic_fix_stats(f).tx_drop_oversize, 3);
    assert_int_equal(nic_fix_stats(f).tx_frames, 2);
}

static void tx_before_up(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    assert_int_equal(nic_tx_room(f->nic), 0);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), -ENETDOWN);
    assert_int_equal(nic_fix_stats(f).tx_drop_down, 1);
}

/* A packet that the link holds comes back on completion, also if that is close. */
static void tx_completion(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ .tx_hold_ns = 500 });
    struct pkt *p = nic_fix_frame(f, 60);
    p->tag = 7;                             /* wants LINK_EV_TX_DONE: the nic ignores it */
    assert_int_equal(nic_tx(f->nic, p), 0);
    assert_int_equal(nic_fix_stats(f).tx_frames, 1);
    assert_int_equal(pkt_pool_in_use(f->pool), 1);
    nic_fix_run(f, f->now + 499);
    assert_int_equal(pkt_pool_in_use(f->pool), 1);
    nic_fix_run(f, f->now + 2);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
}

/* A frame with its sum left to the device: Ethernet, then 16-bit words to sum. */
static struct pkt *partial(struct nic_fix *f, uint32_t len, uint32_t start, uint16_t off)
{
    struct pkt *p = nic_fix_frame(f, len);
    p->vnet_flags = VNET_F_NEEDS_CSUM;
    p->csum_at = p->head + start;
    p->csum_off = off;
    return p;
}

static bool see_sum(void *arg, uint8_t *d, size_t len, int64_t now_ns)
{
    (void)now_ns;
    assert_int_equal(len, 60);
    *(unsigned *)arg = (unsigned)d[20] << 8 | d[21];
    return true;
}

static void tx_csum_by_the_device(void **state)
{
    struct nic_fix *f = *state;
    unsigned sum = 0;
    nic_fix_up(f, (struct fake_link_cfg){ .hw_caps = LY_CAPS_TX_CSUM_MASK });
    assert_int_equal(nic_caps_get(f->nic).offload, NIC_OFF_TX_CSUM);
    fake_link_on_tx(f->fake, see_sum, &sum);
    assert_int_equal(nic_tx(f->nic, partial(f, 22, 14, 6)), 0);
    /* 4 x 0x5C5C = 0x17170, folded 0x7171; its complement. RFC 1071. */
    assert_int_equal(sum, 0x8E8E);
    assert_int_equal(nic_fix_stats(f).tx_csum_asked, 1);
}

/* Whether fn() ends in an assertion, in a process of its own. */
static bool asserts(struct nic_fix *f, void (*fn)(struct nic_fix *f))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        fn(f);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void send_partial(struct nic_fix *f) { nic_tx(f->nic, partial(f, 60, 14, 6)); }
static void send_partial_beyond(struct nic_fix *f) { nic_tx(f->nic, partial(f, 60, 14, 45)); }
static void send_segment(struct nic_fix *f)
{
    struct pkt *p = nic_fix_frame(f, 60);
    p->gso_type = 1;
    nic_tx(f->nic, p);
}

/* The stack asks before it leaves work to the device: else it is our bug. The fake link,
 * which asserts too, does not get to see these packets. */
static void tx_unasked_offload_asserts(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ .hw_caps = LY_CAPS_TX_CSUM_MASK });
    fake_link_set_tx_room(f->fake, 0);
    assert_false(asserts(f, send_partial));
    assert_true(asserts(f, send_partial_beyond));
    assert_true(asserts(f, send_segment));
    nic_fix_make_offload(f, (struct fake_link_cfg){ .hw_caps = LY_CAPS_TX_CSUM_MASK }, 0, false);
    nic_fix_run(f, 1000);
    assert_true(asserts(f, send_partial));  /* it can, but was told not to */
}

/* A received packet may be answered in place: what rx said about it does not trip tx. */
static void tx_of_a_received_packet(void **state)
{
    struct nic_fix *f = *state;
    static const uint8_t hello[60] = { 2, 0x11, 0x22, 0x33, 0x44, 0x55 };
    nic_fix_up(f, (struct fake_link_cfg){ .hw_caps = LY_CAPS_RX_CSUM_MASK });
    fake_link_inject_meta(f->fake, hello, 60, 0, VNET_F_DATA_VALID | VNET_F_NEEDS_CSUM, true);
    nic_fix_run(f, f->now + 10);
    struct pkt *p = nic_rx(f->nic);
    assert_int_equal(p->vnet_flags, VNET_F_DATA_VALID);
    assert_int_equal(p->csum_bad, 1);
    assert_int_equal(nic_tx(f->nic, p), 0);
    assert_int_equal(nic_fix_stats(f).tx_csum_asked, 0);
}

/* --- rx ------------------------------------------------------------------------------ */

static void inject(struct nic_fix *f, uint8_t mark, uint8_t flags, bool bad)
{
    uint8_t d[60] = { 2, 0x11, 0x22, 0x33, 0x44, 0x55, mark };
    fake_link_inject_meta(f->fake, d, sizeof d, f->now, flags, bad);
}

static void rx_in_order(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    for (unsigned i = 0; i < 50; i++)       /* more than one batch from the link */
        inject(f, (uint8_t)i, 0, false);
    nic_fix_run(f, f->now + 10);
    for (unsigned i = 0; i < 50; i++) {
        struct pkt *p = nic_rx(f->nic);
        assert_non_null(p);
        assert_int_equal(pkt_data(p)[6], i);
        assert_int_equal(p->len, 60);
        pkt_release(p);
    }
    assert_null(nic_rx(f->nic));
    assert_int_equal(nic_fix_stats(f).rx_frames, 50);
    assert_int_equal(nic_fix_stats(f).rx_bytes, 3000);
    assert_int_equal(nic_fix_stats(f).link.rx_frames, 50);
}

static void rx_not_taken_is_released(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    for (unsigned i = 0; i < 20; i++)
        inject(f, 0, 0, false);
    nic_fix_run(f, f->now + 10);
    pkt_release(nic_rx(f->nic));
    assert_int_equal(pkt_pool_in_use(f->pool), 15);     /* the rest of a batch of 16 */
}

static void rx_before_up(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    assert_null(nic_rx(f->nic));
}

/* The verdict counts where RX_CSUM is in force, and nowhere else. */
static void rx_verdict(void **state)
{
    struct nic_fix *f = *state;
    static const struct { uint8_t flags; bool bad; } c[] = {
        { 0, false }, { VNET_F_DATA_VALID, false }, { 0, true }, { VNET_F_NEEDS_CSUM, false },
    };
    for (int on = 0; on < 2; on++) {
        nic_fix_up(f, (struct fake_link_cfg){ .hw_caps = on ? LY_CAPS_RX_CSUM_MASK : 0 });
        for (unsigned i = 0; i < 4; i++) {
            inject(f, 0, c[i].flags, c[i].bad);
            nic_fix_run(f, f->now + 10);
            struct pkt *p = nic_rx(f->nic);
            assert_int_equal(p->vnet_flags, on ? c[i].flags & VNET_F_DATA_VALID : 0);
            assert_int_equal(p->csum_bad, on && c[i].bad);
            pkt_release(p);
        }
        assert_int_equal(nic_fix_stats(f).rx_csum_valid, on);
        assert_int_equal(nic_fix_stats(f).rx_csum_bad, on);
        assert_int_equal(nic_fix_stats(f).rx_csum_none, on ? 2 : 4);
    }
}

static void rx_pool_empty(void **state)
{
    struct nic_fix *f = *state;
    struct pkt *hold[NIC_FIX_SMALL];
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    for (unsigned i = 0; i < NIC_FIX_SMALL; i++)
        hold[i] = pkt_alloc(f->pool, PKT_SMALL);
    inject(f, 0, 0, false);
    nic_fix_run(f, f->now + 10);
    assert_null(nic_rx(f->nic));
    assert_int_equal(nic_fix_stats(f).link.rx_no_buffer, 1);
    assert_int_equal(nic_fix_stats(f).rx_frames, 0);
    for (unsigned i = 0; i < NIC_FIX_SMALL; i++)
        pkt_release(hold[i]);
}

/* --- events ---------------------------------------------------------------------------- */

static void link_event(struct nic_fix *f, uint16_t bits, uint32_t mbit)
{
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_LINK, .arg = bits,
                                                   .value = mbit });
    nic_fix_run(f, f->now + 10);
}

/* Down: what waits is dropped and counted, so that nothing old leaves later. */
static void link_down_and_up(void **state)
{
    struct nic_fix *f = *state;
    uint32_t mbit = 5;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_set_tx_room(f->fake, 0);
    nic_tx(f->nic, nic_fix_frame(f, 60));
    nic_tx(f->nic, nic_fix_frame(f, 60));
    link_event(f, 0, 100);
    assert_false(nic_link_up(f->nic, &mbit));
    assert_int_equal(mbit, 0);
    assert_int_equal(nic_tx_room(f->nic), 0);
    assert_int_equal(nic_fix_stats(f).tx_drop_down, 2);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), -ENETDOWN);
    link_event(f, LY_EVENT_LINK_UP | LY_EVENT_LINK_FULL_DUPLEX, 100);
    assert_true(nic_link_up(f->nic, &mbit));
    assert_int_equal(mbit, 100);
    fake_link_set_tx_room(f->fake, UINT_MAX);
    assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
    assert_int_equal(nic_fix_stats(f).tx_frames, 1);
}

/* Link down in the register while opening: up as a device, but the link is down. */
static void link_down_at_open(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_make(f, (struct fake_link_cfg){ 0 });
    fake_link_set_reg(f->fake, LY_REG_LINK, 0);
    nic_fix_run(f, 1000);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_false(nic_link_up(f->nic, NULL));
}

/* The device lost the stream and found it again: counted, nothing is read again. */
static void device_error_and_resync(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    unsigned asked = fake_link_reg_submits(f->fake);
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_ERROR,
                                                   .arg = LY_ERROR_HDR_CHECK });
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_SYNC,
                                                   .value = LY_VERSION_VALUE });
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_STAMP });
    nic_fix_run(f, f->now + 10);
    assert_int_equal(nic_state(f->nic), NIC_UP);
    assert_int_equal(nic_fix_stats(f).ev_device_errors, 1);
    assert_int_equal(fake_link_reg_submits(f->fake), asked);
    /* It came back as another device. */
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_SYNC, .value = 0x00050001 });
    nic_fix_run(f, f->now + 10);
    nic_fix_assert_failed(f, "5.1", "speaks 1.");
}

static void answer_with_wrong_address(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_mute(f->fake, LY_REG_ID);
    assert_int_equal(nic_reg_submit(f->nic, 0x8005, LY_REG_ID, 0, false), 0);
    struct link_event ev = { .kind = LINK_EV_REG, .tag = 0x8005, .addr = LY_REG_VERSION };
    fake_link_event(f->fake, &ev);
    nic_fix_run(f, f->now + 10);
    assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
    assert_int_equal(nic_fix_stats(f).ev_stray, 1);
}

/* Gone, noticed in each place where it can be. What waits is dropped and counted, and
 * who waits for a register is told. */
static void gone(void **state)
{
    struct nic_fix *f = *state;
    for (int where = 0; where < 3; where++) {
        nic_fix_up(f, (struct fake_link_cfg){ .reg_delay_ns = 100 });
        fake_link_set_tx_room(f->fake, 0);
        assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), 0);
        assert_int_equal(nic_reg_submit(f->nic, 0x8001, LY_REG_ID, 0, false), 0);
        assert_int_equal(nic_counters_start(f->nic), 0);
        fake_link_gone(f->fake);
        if (where == 0)
            assert_int_equal(nic_fix_run(f, f->now + 10), -ENODEV);
        else if (where == 1)
            assert_int_equal(nic_tx(f->nic, nic_fix_frame(f, 60)), -ENETDOWN);
        else
            assert_null(nic_rx(f->nic));
        assert_int_equal(pkt_pool_in_use(f->pool), 0);
        assert_int_equal(nic_fix_stats(f).tx_drop_down, where == 1 ? 2 : 1);
        nic_fix_assert_failed(f, "gone", "fake");
        struct link_event ev;
        uint64_t out[NIC_COUNTERS_MAX];
        assert_int_equal(nic_reg_answer(f->nic, &ev), 1);
        assert_int_equal(ev.status, -ENODEV);
        assert_int_equal(ev.tag, 0x8001);
        assert_int_equal(nic_reg_answer(f->nic, &ev), 0);
        assert_int_equal(nic_counters_done(f->nic, out), -ENODEV);
    }
}

/* The link may say so by the event alone. */
static void gone_by_event(void **state)
{
    struct nic_fix *f = *state;
    nic_fix_up(f, (struct fake_link_cfg){ 0 });
    fake_link_event(f->fake, &(struct link_event){ .kind = LINK_EV_GONE });
    assert_int_equal(nic_fix_run(f, f->now + 10), -ENODEV);
    nic_fix_assert_failed(f, "gone", "fake");
}

static void gone_while_opening(void **state)
{
    struct nic_fix *f = *state;
    int64_t next;
    nic_fix_make(f, (struct fake_link_cfg){ .reg_delay_ns = 100 });
    nic_poll(f->nic, 0, &next);
    fake_link_gone(f->fake);
    assert_int_equal(nic_fix_run(f, 1000), -ENODEV);
    nic_fix_assert_failed(f, "gone", "fake");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NIC_TEST(tx_in_order_and_counted),
        NIC_TEST(tx_queue_round_its_end),
        NIC_TEST(tx_queue_full),
        NIC_TEST(tx_sizes),
        NIC_TEST(tx_before_up),
        NIC_TEST(tx_completion),
        NIC_TEST(tx_csum_by_the_device),
        NIC_TEST(tx_unasked_offload_asserts),
        NIC_TEST(tx_of_a_received_packet),
        NIC_TEST(rx_in_order),
        NIC_TEST(rx_not_taken_is_released),
        NIC_TEST(rx_before_up),
        NIC_TEST(rx_verdict),
        NIC_TEST(rx_pool_empty),
        NIC_TEST(link_down_and_up),
        NIC_TEST(link_down_at_open),
        NIC_TEST(device_error_and_resync),
        NIC_TEST(answer_with_wrong_address),
        NIC_TEST(gone),
        NIC_TEST(gone_by_event),
        NIC_TEST(gone_while_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
