/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - the table of profiles, their text in a recording, and the clocks that follow. */
#include "sim/profile.h"

#include "sim/link_sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MII_HZ_PER_MBIT 250000u         /* four bits at an edge */
#define GMII_HZ 125000000u

static const struct profile {
    const char *name;
    uint64_t core_hz, link_hz;
    unsigned mbit;
    bool full_duplex;
} profiles[] = {
    { "gmii", 125000000, 125000000, 1000, true },
    { "mii", 125000000, 125000000, 100, true },
    { "miih", 125000000, 125000000, 100, false },
    { "mii10", 125000000, 125000000, 10, true },
    { "mii10h", 125000000, 125000000, 10, false },
    { "mii25", 25000000, 25000000, 100, true },     /* a core at twice the byte rate */
    { "mii2m5", 2500000, 2500000, 10, true },
    { "up5k", 24000000, 24000000, 100, true },      /* a core as slow as ice40-fs */
};

/* The profile whose name are the first @n characters. */
static const struct profile *find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strlen(profiles[i].name) == n && memcmp(name, profiles[i].name, n) == 0)
            return &profiles[i];
    return NULL;
}

static const struct profile *named(const char *profile)
{
    const char *name = profile ? profile : SIM_PROFILE;
    return find(name, strlen(name));
}

uint64_t sim_profile_core_hz(const char *profile)
{
    const struct profile *p = named(profile);
    return p ? p->core_hz : 0;
}

int sim_profile_link(const char *profile, unsigned *mbit, bool *full_duplex)
{
    const struct profile *p = named(profile);
    if (!p)
        return -EINVAL;
    *mbit = p->mbit;
    *full_duplex = p->full_duplex;
    return 0;
}

int sim_profile_text(char *out, const char *profile, const struct wire *w, unsigned port)
{
    int own = wire_ppm(w, port), far = wire_far_ppm(w, port), n;
    if (!profile)
        profile = SIM_PROFILE;
    if (own || far)
        n = snprintf(out, SIM_PROFILE_BYTES, "%s%+d%+d", profile, own, far);
    else
        n = snprintf(out, SIM_PROFILE_BYTES, "%s", profile);
    return n < SIM_PROFILE_BYTES && !strpbrk(profile, "+-") ? 0 : -EINVAL;
}

/* Returns whether @text is two numbers with signs, or nothing. */
static bool parse_ppm(const char *text, int ppm[2])
{
    ppm[0] = ppm[1] = 0;
    for (unsigned i = 0; i < 2 && *text; i++) {
        char *end;
        long v = strtol(text, &end, 10);
        if ((*text != '+' && *text != '-') || end == text || v > WIRE_PPM_MAX || v < -WIRE_PPM_MAX)
            return false;
        ppm[i] = (int)v;
        text = end;
        if (i == 0 && !*text)
            return false;
    }
    return !*text;
}

/* The core's line is the first, and stays; the others may have moved. */
void sim_pace_speed(struct sim_pace *p, unsigned mbit, uint64_t start)
{
    struct sim_clocks *s = &p->clocks;
    uint64_t hz = mbit == 1000 ? GMII_HZ : (uint64_t)mbit * MII_HZ_PER_MBIT;
    p->mbit = mbit;
    p->mii = mbit < 1000;
    sim_clocks_remove(s, NIC_CLK_PHY_RX | NIC_CLK_MII_TX);
    sim_clocks_add_ppm(s, hz, p->ppm[1], NIC_CLK_PHY_RX, start);
    if (p->mii)
        sim_clocks_add_ppm(s, hz, p->ppm[0], NIC_CLK_MII_TX, start);
    for (unsigned i = 0; i < s->n; i++)
        if (s->c[i].mask & NIC_CLK_PHY_RX)
            p->phy_rx = &s->c[i];
}

int sim_pace_init(struct sim_pace *p, const char *text, bool stop_core_clock, uint64_t start,
                  struct nic_model_in *in)
{
    size_t n = strcspn(text, "+-");
    const struct profile *profile = find(text, n);

    *p = (struct sim_pace){ 0 };
    if (!profile || !parse_ppm(text + n, p->ppm))
        return -EINVAL;
    if (!stop_core_clock) {
        sim_clocks_add_ppm(&p->clocks, profile->core_hz, p->ppm[0], NIC_CLK_CORE, start);
        p->core = &p->clocks.c[0];
        p->first_k = p->core->k;
    }
    sim_clocks_add_ppm(&p->clocks, profile->link_hz, p->ppm[0], NIC_CLK_LINK, start);
    sim_pace_speed(p, profile->mbit, start);
    in->link_speed = profile->mbit == 1000 ? 2 : profile->mbit == 100;
    in->link_fd = profile->full_duplex;
    return 0;
}
