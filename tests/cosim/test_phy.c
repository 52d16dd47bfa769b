/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver, NIC and PHY model by MDIO: what two ends agree on reaches LINK_CTRL and the host,
 * with and without idle time skipped; a cable pulled and put back, and the speed changed, under
 * traffic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "sim/phy_model.h"
#include "tests/cosim/twin.h"
#include "tests/support/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AN_PS (2 * TWIN_MS)
#define PHY_ADDR 3u

static bool both_linked(void *arg)
{
    const struct twin *t = arg;
    return nic_link_up(t->end[0].nic, NULL) && nic_link_up(t->end[1].nic, NULL);
}

static bool both_down(void *arg)
{
    const struct twin *t = arg;
    return !nic_link_up(t->end[0].nic, NULL) && !nic_link_up(t->end[1].nic, NULL);
}

static struct phy_cfg phy_of(const char *profile, const char *partner)
{
    struct phy_cfg c = { .profile = phy_profile_find(profile), .addr = PHY_ADDR, .an_ps = AN_PS };
    assert_non_null(c.profile);
    assert_int_equal(phy_partner_parse(&c.partner, partner), 0);
    return c;
}

static void open_with(struct twin *t, const struct phy_cfg *phy, uint16_t advertise, bool no_skip)
{
    const struct twin_cfg cfg = { .seed = seed_of_run(), .no_skip = no_skip, .phy = phy,
                                  .offer = { .advertise = advertise, .poll_ms = 1 } };
    twin_open(t, &cfg);
}

/* --- what they agree on ------------------------------------------------------------------ */

#define ALL_MODES (NIC_ADV_FULL | NIC_ADV_10HD | NIC_ADV_100HD | NIC_ADV_1000HD)
#define UP LY_LINK_CTRL_UP_MASK
#define FD LY_LINK_CTRL_FULL_DUPLEX_MASK
#define SPEED(n) ((uint32_t)(n) << LY_LINK_CTRL_SPEED_SHIFT)
#define PTX LY_LINK_CTRL_PAUSE_TX_MASK
#define PRX LY_LINK_CTRL_PAUSE_RX_MASK

/* Written out, not computed: 28B.3, clause 40, table 28B-3. */
static const struct {
    const char *profile, *partner;
    uint16_t advertise;
    uint32_t mbit, ctrl;
} cases[] = {
    { "generic", "all", 0, 1000, UP | FD | SPEED(2) | PTX | PRX },
    { "generic", "fixed:100fd", 0, 100, UP | SPEED(1) },
    { "generic", "1000hd,100fd", ALL_MODES, 1000, UP | SPEED(2) },
    { "generic", "100fd,100hd", ALL_MODES, 100, UP | FD | SPEED(1) },
    { "generic", "100hd,10fd", ALL_MODES, 100, UP | SPEED(1) },
    { "generic", "10fd,10hd", ALL_MODES, 10, UP | FD },
    { "generic", "fixed:100fd", ALL_MODES, 100, UP | SPEED(1) },
    { "generic", "fixed:10hd", ALL_MODES, 10, UP },
    { "lan8720", "all", ALL_MODES, 100, UP | FD | SPEED(1) },
    { "ksz9031", "all", NIC_ADV_FULL | NIC_ADV_PAUSE, 1000, UP | FD | SPEED(2) | PTX | PRX },
    { "rtl8211", "1000fd,asym", NIC_ADV_FULL | NIC_ADV_PAUSE | NIC_ADV_ASYM, 1000,
      UP | FD | SPEED(2) | PRX },
    { "88e1512", "1000fd,pause,asym", NIC_ADV_FULL | NIC_ADV_ASYM, 1000,
      UP | FD | SPEED(2) | PTX },
};

static void agreement(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct phy_cfg phy = phy_of(cases[i].profile, cases[i].partner);
        struct twin t;
        uint32_t mbit;
        open_with(&t, &phy, cases[i].advertise, false);
        assert_true(both_down(&t));
        assert_false(nic_link_fixed(t.end[0].nic));
        twin_until(&t, both_linked, &t, TWIN_S);
        for (unsigned e = 0; e < 2; e++) {
            assert_true(nic_link_up(t.end[e].nic, &mbit));
            assert_int_equal(mbit, cases[i].mbit);
            assert_int_equal(nic_link_full(t.end[e].nic), (cases[i].ctrl & FD) != 0);
            assert_int_equal(twin_reg(&t, e, LY_REG_LINK_CTRL, 0, false), cases[i].ctrl);
            assert_int_equal(twin_reg(&t, e, LY_REG_LINK, 0, false),
                             cases[i].mbit << 16 | (cases[i].ctrl & (UP | FD)));
        }
        twin_close(&t);
    }
}

/* Nothing in common, and no cable: the link stays down, and frames are refused. */
static void no_agreement(void **state)
{
    (void)state;
    static const char *const partners[] = { "none", "100hd", "fixed:10hd" };
    for (size_t i = 0; i < sizeof partners / sizeof partners[0]; i++) {
        struct phy_cfg phy = phy_of("generic", partners[i]);
        struct twin t;
        uint8_t f[TWIN_MIN];
        open_with(&t, &phy, NIC_ADV_FULL, false);
        twin_run(&t, 20 * TWIN_MS);
        assert_true(both_down(&t));
        twin_frame(f, sizeof f, 1, 0, 1);
        assert_int_equal(nic_tx(t.end[0].nic, twin_packet(&t, 0, f, sizeof f)), -ENETDOWN);
        twin_close(&t);
    }
}

/* --- idle time ------------------------------------------------------------------------------- */

struct seen { uint64_t up_ps, time, counters[NIC_COUNTERS_MAX]; };

static void watch(struct seen *out, bool no_skip)
{
    struct phy_cfg phy = phy_of("generic", "all");
    struct twin t;
    memset(out, 0, sizeof *out);
    open_with(&t, &phy, 0, no_skip);
    twin_until(&t, both_linked, &t, TWIN_S);
    out->up_ps = world_now(t.world);
    out->time = twin_reg(&t, 0, LY_REG_TIME_LO, 0, false);
    twin_counters(&t, 0, out->counters);
    twin_close(&t);
}

/* The same to the cycle whether idle time is skipped or not. */
static void skipping_is_exact(void **state)
{
    (void)state;
    struct seen a, b;
    watch(&a, false);
    watch(&b, true);
    assert_memory_equal(&a, &b, sizeof a);
}

/* --- the cable ------------------------------------------------------------------------------- */

struct flow { struct twin t; bool both; unsigned sent[2], refused[2], got[2], last[2]; };

static void flow_turn(void *arg, unsigned end)
{
    struct flow *f = arg;
    uint8_t b[TWIN_MAX];
    if ((end != 0 && !f->both) || f->t.end[end].next_ns == 0)
        return;
    twin_frame(b, TWIN_MAX, 7, f->sent[end], !end);
    struct pkt *p = twin_packet(&f->t, end, b, TWIN_MAX);
    assert_non_null(p);
    if (nic_tx(f->t.end[end].nic, p) == 0)
        f->sent[end]++;
    else
        f->refused[end]++;
    f->t.end[end].next_ns = (int64_t)(world_now(f->t.world) / 1000u) + 15000;
}

/* What arrives is whole, and in order. */
static void flow_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct flow *f = arg;
    unsigned *last = &f->last[end], sent = f->sent[!end];
    uint8_t b[TWIN_MAX];
    assert_int_equal(p->len, TWIN_MAX);
    do
        twin_frame(b, TWIN_MAX, 7, (*last)++, end);
    while (*last <= sent && memcmp(b, pkt_data(p), TWIN_MAX) != 0);
    assert_true(*last <= sent);
    f->got[end]++;
}

static void flow_open(struct flow *f, const struct phy_cfg *phy, bool no_skip)
{
    open_with(&f->t, phy, 0, no_skip);
    f->t.rx = flow_rx;
    f->t.turn = flow_turn;
    f->t.arg = f;
}

static void partner(struct flow *f, const char *text)
{
    struct phy_partner p;
    assert_int_equal(phy_partner_parse(&p, text), 0);
    sim_nic_partner(f->t.end[0].link, &p);
    sim_nic_partner(f->t.end[1].link, &p);
}

struct ledger { uint64_t tx, cut, rx, withheld; };

/* Of what the driver was given: sent by the NIC, or dropped by one of the two under a counter's
 * name. Of what the NICs sent: received, or cut or kept back by a PHY without a link, exactly. */
static struct ledger settle(struct flow *f)
{
    struct ledger l = { 0 };
    f->t.turn = NULL;
    twin_run(&f->t, 40 * TWIN_MS);
    for (unsigned e = 0; e < 2; e++) {
        uint64_t n[NIC_COUNTERS_MAX];
        struct sim_nic_stats s;
        struct nic_stats d;
        twin_counters(&f->t, e, n);
        sim_nic_stats_get(f->t.end[e].link, &s);
        nic_stats_get(f->t.end[e].nic, &d);
        assert_int_equal(n[LY_CTR_TX_FRAMES] + n[LY_CTR_TX_DROP_DISABLED] +
                         n[LY_CTR_TX_DROP_STALL] + d.tx_drop_down + d.tx_drop_queue_full,
                         f->sent[e] + f->refused[e]);
        assert_int_equal(n[LY_CTR_TX_FRAMES], s.phy_tx_frames);
        assert_int_equal(n[LY_CTR_RX_FRAMES], f->got[e]);
        assert_int_equal(n[LY_CTR_RX_OVERSIZE] + n[LY_CTR_RX_JABBER] + n[LY_CTR_RX_DROP_FULL] +
                         n[LY_CTR_RX_UNDERSIZE] + n[LY_CTR_TX_UNDERRUN], 0);
        l.tx += n[LY_CTR_TX_FRAMES];
        l.rx += n[LY_CTR_RX_FRAMES];
        l.cut += n[LY_CTR_RX_SYMBOL_ERRORS] + n[LY_CTR_RX_FRAGMENTS] + n[LY_CTR_RX_FCS_ERRORS];
        l.withheld += s.phy_tx_withheld + s.phy_rx_withheld;
    }
    assert_int_equal(l.tx, l.rx + l.cut + l.withheld);
    return l;
}

/* Pulled at one end alone: the other goes on sending, to a PHY that passes nothing on. */
static void one_end(struct flow *f, unsigned end)
{
    struct phy_partner none, all;
    struct sim_nic_stats before, after;
    assert_int_equal(phy_partner_parse(&none, "none"), 0);
    assert_int_equal(phy_partner_parse(&all, "all"), 0);
    sim_nic_stats_get(f->t.end[end].link, &before);
    sim_nic_partner(f->t.end[end].link, &none);
    twin_run(&f->t, 3 * TWIN_MS);
    assert_false(nic_link_up(f->t.end[end].nic, NULL));
    sim_nic_partner(f->t.end[end].link, &all);
    twin_until(&f->t, both_linked, &f->t, TWIN_S);
    sim_nic_stats_get(f->t.end[end].link, &after);
    assert_true(after.phy_rx_withheld > before.phy_rx_withheld + 100);
}

static void cable_pulled(void **state)
{
    (void)state;
    struct phy_cfg phy = phy_of("generic", "all");
    struct flow f = { .both = true };
    flow_open(&f, &phy, false);
    for (unsigned i = 0; i < 3; i++) {
        twin_until(&f.t, both_linked, &f.t, TWIN_S);
        unsigned before = f.got[1];
        twin_run(&f.t, 3 * TWIN_MS);
        assert_true(f.got[1] > before + 100);
        partner(&f, "none");
        before = f.got[1];
        twin_run(&f.t, TWIN_MS / 2);    /* the driver does not know yet: frames are lost */
        assert_true(f.got[1] <= before + 1);
        twin_until(&f.t, both_down, &f.t, 3 * TWIN_MS);
        assert_int_equal(twin_reg(&f.t, 0, LY_REG_LINK_CTRL, 0, false), 0);
        before = f.refused[0];
        twin_run(&f.t, TWIN_MS);
        assert_true(f.refused[0] > before);
        partner(&f, "all");
    }
    /* Shorter than the driver looks: it is told all the same. */
    twin_until(&f.t, both_linked, &f.t, TWIN_S);
    partner(&f, "all");
    twin_until(&f.t, both_down, &f.t, 3 * TWIN_MS);
    twin_until(&f.t, both_linked, &f.t, TWIN_S);
    one_end(&f, 0);
    one_end(&f, 1);
    f.t.turn = NULL;
    twin_run(&f.t, TWIN_MS);
    assert_true(f.got[1] < f.sent[0]);
    assert_true(settle(&f).withheld > 200);
    twin_close(&f.t);
}

/* --- speeds -------------------------------------------------------------------------------- */

#define FRAME_OCTETS (TWIN_MAX + 24u)   /* FCS, preamble, SFD and gap */

/* Frames of the wire's time @ps at @mbit. */
static unsigned line_frames(uint64_t ps, unsigned mbit)
{
    return (unsigned)(ps / (8000000u / mbit * FRAME_OCTETS));
}

/* The link falls under full load in both directions and comes again at another speed: data goes on
 * at the rate of that one. The driver's questions wait behind frames in the link's queue: at 10
 * Mbit/s it takes it long to see the link down. */
static void next_speed(struct flow *f, const char *text, unsigned mbit, uint64_t ps)
{
    uint32_t is;
    unsigned before[2];
    partner(f, text);
    twin_until(&f->t, both_down, &f->t, 10 * TWIN_S);
    twin_until(&f->t, both_linked, &f->t, TWIN_S);
    assert_true(nic_link_up(f->t.end[0].nic, &is));
    assert_int_equal(is, mbit);
    twin_run(&f->t, ps / 4);
    memcpy(before, f->got, sizeof before);
    twin_run(&f->t, ps);
    for (unsigned e = 0; e < 2; e++) {
        assert_in_range(f->got[e] - before[e], line_frames(ps, mbit) * 3 / 4,
                        line_frames(ps, mbit) + 1);
        assert_true(mbit == 1000 || f->refused[e] > 0);
    }
}

static void write_phy(struct twin *t, unsigned end, unsigned reg, uint16_t value)
{
    uint16_t is;
    assert_int_equal(nic_mdio_submit(t->end[end].nic, PHY_ADDR, reg, value, true), 0);
    t->end[end].next_ns = 0;
    while (nic_mdio_answer(t->end[end].nic, &is) == -EAGAIN)
        twin_run(t, TWIN_US);
}

/* The PHY of one NIC agrees anew, on another speed: a wire has one. Links that are down do not
 * count, whatever they were. */
static void one_speed(void **state)
{
    struct phy_partner p, none;
    (void)state;
    assert_int_equal(phy_partner_parse(&p, "100fd"), 0);
    assert_int_equal(phy_partner_parse(&none, "none"), 0);
    for (unsigned first = 0; first < 2; first++) {
        struct phy_cfg phy = phy_of("generic", "1000fd");
        struct flow f = { .both = false };
        open_with(&f.t, &phy, 0, false);
        twin_until(&f.t, both_linked, &f.t, TWIN_S);
        sim_nic_partner(f.t.end[first].link, &p);       /* one shortly after the other */
        twin_run(&f.t, AN_PS / 2);
        sim_nic_partner(f.t.end[!first].link, &p);
        twin_run(&f.t, 3 * AN_PS);
        assert_true(both_linked(&f.t));
        partner(&f, "1000fd");
        twin_run(&f.t, 3 * AN_PS);
        sim_nic_partner(f.t.end[first].link, &none);    /* one alone on the wire */
        sim_nic_partner(f.t.end[!first].link, &p);
        twin_run(&f.t, 3 * AN_PS);
        assert_true(nic_link_up(f.t.end[!first].nic, NULL));
        partner(&f, "1000fd");
        twin_run(&f.t, 3 * AN_PS);
        write_phy(&f.t, first, MII_BMCR, BMCR_POWER_DOWN);      /* the same by MDIO */
        sim_nic_partner(f.t.end[!first].link, &p);
        twin_run(&f.t, 3 * AN_PS);
        assert_true(nic_link_up(f.t.end[!first].nic, NULL));
        write_phy(&f.t, first, MII_BMCR, BMCR_AN_ENABLE);
        assert_string_equal(f.t.wire->error, "");
        partner(&f, "1000fd");
        twin_run(&f.t, 3 * AN_PS);
        sim_nic_partner(f.t.end[first].link, &p);       /* one alone, beside the other */
        twin_run(&f.t, 3 * AN_PS);
        assert_string_equal(f.t.wire->error, "the NICs on this wire run at 100 and 1000 Mbit/s");
        f.t.wire->error[0] = '\0';
        twin_close(&f.t);
    }
}

static struct ledger all_speeds(bool no_skip, bool ten)
{
    struct phy_cfg phy = phy_of("generic", "1000fd");
    struct flow f = { .both = true };
    flow_open(&f, &phy, no_skip);
    twin_until(&f.t, both_linked, &f.t, TWIN_S);
    twin_run(&f.t, TWIN_MS);
    next_speed(&f, "100fd", 100, 4 * TWIN_MS);
    next_speed(&f, "1000fd", 1000, TWIN_MS);
    if (ten)
        next_speed(&f, "10fd", 10, 15 * TWIN_MS);
    next_speed(&f, "100fd", 100, 2 * TWIN_MS);
    struct ledger l = settle(&f);
    twin_close(&f.t);
    return l;
}

static void speeds_under_load(void **state)
{
    (void)state;
    struct ledger a = all_speeds(false, false), b = all_speeds(true, false);
    assert_memory_equal(&a, &b, sizeof a);
    a = all_speeds(false, true);
    printf("speed changed four times under load: %u frames sent, %u received, %u cut, %u kept back "
           "by the PHYs while their link was down\n", (unsigned)a.tx, (unsigned)a.rx,
           (unsigned)a.cut, (unsigned)a.withheld);
    /* At each end: one that the fall cuts, and one that comes before LINK_CTRL has the speed. */
    assert_true(a.cut >= 4 && a.cut <= 16);
    assert_true(a.withheld > 0 && a.withheld < a.rx / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement),
        cmocka_unit_test(no_agreement),
        cmocka_unit_test(skipping_is_exact),
        cmocka_unit_test(cable_pulled),
        cmocka_unit_test(one_speed),
        cmocka_unit_test(speeds_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
