/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver, NIC and PHY model by MDIO: what two ends agree on reaches LINK_CTRL and the host,
 * with and without idle time skipped; a cable pulled and put back under traffic.
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
    { "generic", "all", 0, 1000, UP | FD | SPEED(2) },
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
        open_with(&t, &phy, 0, false);
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

struct flow { struct twin t; unsigned sent, refused, got, last; };

static void flow_turn(void *arg, unsigned end)
{
    struct flow *f = arg;
    uint8_t b[TWIN_MAX];
    if (end != 0 || f->t.end[0].next_ns == 0)
        return;
    twin_frame(b, TWIN_MAX, 7, f->sent, 1);
    struct pkt *p = twin_packet(&f->t, 0, b, TWIN_MAX);
    if (p && nic_tx(f->t.end[0].nic, p) == 0)
        f->sent++;
    else
        f->refused++;
    f->t.end[0].next_ns = (int64_t)(world_now(f->t.world) / 1000u) + 15000;
}

/* What arrives is whole, and in order. */
static void flow_rx(void *arg, unsigned end, const struct pkt *p)
{
    struct flow *f = arg;
    uint8_t b[TWIN_MAX];
    assert_int_equal(end, 1);
    do
        twin_frame(b, TWIN_MAX, 7, f->last++, 1);
    while (f->last <= f->sent && memcmp(b, pkt_data(p), TWIN_MAX) != 0);
    assert_true(f->last <= f->sent);
    f->got++;
}

static void partner(struct flow *f, const char *text)
{
    struct phy_partner p;
    assert_int_equal(phy_partner_parse(&p, text), 0);
    sim_nic_partner(f->t.end[0].link, &p);
    sim_nic_partner(f->t.end[1].link, &p);
}

static void cable_pulled(void **state)
{
    (void)state;
    struct phy_cfg phy = phy_of("generic", "all");
    struct flow f = { .sent = 0 };
    open_with(&f.t, &phy, 0, false);
    f.t.rx = flow_rx;
    f.t.turn = flow_turn;
    f.t.arg = &f;
    for (unsigned i = 0; i < 3; i++) {
        twin_until(&f.t, both_linked, &f.t, TWIN_S);
        unsigned before = f.got;
        twin_run(&f.t, 3 * TWIN_MS);
        assert_true(f.got > before + 100);
        partner(&f, "none");
        before = f.got;
        twin_run(&f.t, TWIN_MS / 2);    /* the driver does not know yet: frames are lost */
        assert_true(f.got <= before + 1);
        twin_until(&f.t, both_down, &f.t, 3 * TWIN_MS);
        assert_int_equal(twin_reg(&f.t, 0, LY_REG_LINK_CTRL, 0, false), 0);
        before = f.refused;
        twin_run(&f.t, TWIN_MS);
        assert_true(f.refused > before);
        partner(&f, "all");
    }
    /* Shorter than the driver looks: it is told all the same. */
    twin_until(&f.t, both_linked, &f.t, TWIN_S);
    partner(&f, "all");
    twin_until(&f.t, both_down, &f.t, 3 * TWIN_MS);
    twin_until(&f.t, both_linked, &f.t, TWIN_S);
    f.t.turn = NULL;
    twin_run(&f.t, TWIN_MS);
    assert_true(f.got < f.sent);
    twin_close(&f.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement),
        cmocka_unit_test(no_agreement),
        cmocka_unit_test(skipping_is_exact),
        cmocka_unit_test(cable_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
