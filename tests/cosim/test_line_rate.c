/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two NICs on a cable, both sending as fast as the wire takes it, checksums inserted and
 * verified: no byte time is lost between two frames, and no frame.
 *
 * LY_LINE_FRAMES: frames of 64 octets each way at 1000 Mbit/s (default 10,000); a tenth of them
 * at 100 Mbit/s, a hundredth at 10, and of frames of 1,518 octets a tenth of these each. Below
 * 1000 Mbit/s with a core of 125 MHz, and with one at twice the byte rate.
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

#include <stdlib.h>
#include <string.h>

#define OVERHEAD 20u            /* preamble, SFD, gap */
#define FCS_BYTES 4u
#define UDP_AT 34u              /* behind Ethernet and IPv4 headers */
#define UNDER_WAY 48u           /* frames on their way from one end: fewer than the queues hold */

/* --- a wire that looks at the clock when a frame begins ----------------------------- */

struct watch {
    struct wire w;
    struct wire *inner;
    bool on[2];
    uint64_t begun[2];          /* of the last frame */
    uint64_t least[2], most[2]; /* from one beginning to the next, picoseconds */
    unsigned frames[2];
};

static void watch_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct watch *x = (struct watch *)w;
    if (s->dv && !x->on[port]) {
        uint64_t d = t - x->begun[port];
        if (x->frames[port]++ > 0) {
            x->least[port] = d < x->least[port] ? d : x->least[port];
            x->most[port] = d > x->most[port] ? d : x->most[port];
        }
        x->begun[port] = t;
    }
    x->on[port] = s->dv;
    x->inner->ops->out(x->inner, port, t, s);
}

static struct sym watch_in(struct wire *w, unsigned port, uint64_t t)
{
    struct watch *x = (struct watch *)w;
    return x->inner->ops->in(x->inner, port, t);
}

static uint64_t watch_in_next(struct wire *w, unsigned port)
{
    struct watch *x = (struct watch *)w;
    return x->inner->ops->in_next(x->inner, port);
}

static const struct wire_ops watch_ops = {
    .name = "watch", .out = watch_out, .in = watch_in, .in_next = watch_in_next,
};

static struct wire *watch_round(void *arg, struct wire *inner)
{
    struct watch *x = arg;
    *x = (struct watch){ .w = { .ops = &watch_ops, .world = inner->world }, .inner = inner,
                         .least = { UINT64_MAX, UINT64_MAX } };
    return &x->w;
}

/* --- both ends ------------------------------------------------------------------------ */

struct load {
    struct twin t;
    struct watch watch;
    uint64_t seed;
    unsigned bytes;             /* of a frame, without FCS */
    unsigned n;
    unsigned sent[2], got[2];
};

/* IPv4 with UDP, so that the other end can verify what this one inserted; the sum of the
 * pseudo header stands in the field. */
static void make_frame(const struct load *l, unsigned from, unsigned i, uint8_t *f)
{
    static const uint8_t ip[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0,
                                    10, 9, 0, 1, 10, 9, 0, 2 };
    unsigned ip_len = l->bytes - 14, udp_len = ip_len - 20;
    uint8_t pseudo[12] = { 10, 9, 0, 1, 10, 9, 0, 2, 0, 17, (uint8_t)(udp_len >> 8),
                           (uint8_t)udp_len };
    twin_frame(f, l->bytes, l->seed, i, !from);
    f[12] = 0x08;
    f[13] = 0x00;
    memcpy(f + 14, ip, sizeof(ip));
    f[16] = (uint8_t)(ip_len >> 8);
    f[17] = (uint8_t)ip_len;
    uint16_t sum = csum_finish(csum_sum(f + 14, 20));
    f[24] = (uint8_t)(sum >> 8);
    f[25] = (uint8_t)sum;
    f[UDP_AT + 4] = (uint8_t)(udp_len >> 8);
    f[UDP_AT + 5] = (uint8_t)udp_len;
    sum = (uint16_t)~csum_finish(csum_sum(pseudo, sizeof(pseudo)));
    f[UDP_AT + 6] = (uint8_t)(sum >> 8);
    f[UDP_AT + 7] = (uint8_t)sum;
}

static void on_turn(void *arg, unsigned end)
{
    struct load *l = arg;
    uint8_t f[TWIN_MAX];
    while (l->sent[end] < l->n && l->sent[end] - l->got[!end] < UNDER_WAY &&
           nic_tx_room(l->t.end[end].nic) > 0) {
        make_frame(l, end, l->sent[end], f);
        struct pkt *p = twin_packet(&l->t, end, f, l->bytes);
        if (!p)
            return;
        p->vnet_flags = VNET_F_NEEDS_CSUM;
        p->csum_at = p->head + UDP_AT;
        p->csum_off = 6;
        l->sent[end]++;
        assert_int_equal(nic_tx(l->t.end[end].nic, p), 0);
        l->t.end[end].next_ns = 0;
    }
}

/* In order, verified, every octet but those of the sum as it was sent. */
static void on_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct load *l = arg;
    uint8_t want[TWIN_MAX];
    make_frame(l, !end, l->got[end]++, want);
    memcpy(want + UDP_AT + 6, pkt_data(p) + UDP_AT + 6, 2);
    assert_int_equal(p->len, l->bytes);
    assert_memory_equal(pkt_data(p), want, p->len);
    assert_int_equal(p->vnet_flags, VNET_F_DATA_VALID);
    l->t.end[!end].next_ns = 0;
    world_due(l->t.world, world_now(l->t.world));
}

static bool all_arrived(void *arg)
{
    const struct load *l = arg;
    return l->got[0] == l->n && l->got[1] == l->n;
}

static unsigned frames_wanted(void)
{
    const char *s = getenv("LY_LINE_FRAMES");
    return s ? (unsigned)strtoul(s, NULL, 10) : 10000;
}

static void line_rate(const char *profile, unsigned mbit, unsigned octets, unsigned n)
{
    const uint64_t byte_ps = 8000000u / mbit;
    struct load *l = calloc(1, sizeof(*l));
    uint64_t c[NIC_COUNTERS_MAX];
    assert_non_null(l);
    l->seed = seed_of_run();
    l->bytes = octets - FCS_BYTES;
    l->n = n;
    twin_open(&l->t, &(struct twin_cfg){ .seed = seed_of_run(), .offload = NIC_OFF_ALL,
                                         .profile = profile, .round = watch_round,
                                         .round_arg = &l->watch });
    l->t.arg = l;
    l->t.rx = on_rx;
    l->t.turn = on_turn;
    l->t.end[0].next_ns = l->t.end[1].next_ns = 0;
    world_due(l->t.world, world_now(l->t.world));
    twin_until(&l->t, all_arrived, l, 2ull * n * (octets + OVERHEAD) * byte_ps + 100 * TWIN_MS);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(l->watch.frames[i], n);
        assert_int_equal(l->watch.least[i], (octets + OVERHEAD) * byte_ps);
        assert_int_equal(l->watch.most[i], (octets + OVERHEAD) * byte_ps);
        twin_counters(&l->t, i, c);
        assert_int_equal(c[LY_CTR_TX_CSUM_INSERTED], n);
        assert_int_equal(c[LY_CTR_RX_CSUM_GOOD], n);
        assert_int_equal(c[LY_CTR_EVENTS_LOST] + c[LY_CTR_RX_DROP_FULL], 0);
    }
    twin_close(&l->t);
    free(l);
}

/* Clause: IEEE 802.3 4.4.2 */
static void shortest(void **state)
{
    (void)state;
    line_rate("gmii", 1000, 64, frames_wanted());
    line_rate("mii", 100, 64, frames_wanted() / 10);
    line_rate("mii25", 100, 64, frames_wanted() / 10);
    line_rate("mii10", 10, 64, frames_wanted() / 100);
    line_rate("mii2m5", 10, 64, frames_wanted() / 100);
}

/* Clause: IEEE 802.3 4.4.2 */
static void longest(void **state)
{
    (void)state;
    line_rate("gmii", 1000, 1518, frames_wanted() / 10);
    line_rate("mii", 100, 1518, frames_wanted() / 100);
    line_rate("mii25", 100, 1518, frames_wanted() / 100);
    line_rate("mii10", 10, 1518, frames_wanted() / 1000);
    line_rate("mii2m5", 10, 1518, frames_wanted() / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest),
        cmocka_unit_test(longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
