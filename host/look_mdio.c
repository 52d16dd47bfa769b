/* SPDX-License-Identifier: Apache-2.0 */
/* look_mdio.c - `mdio` of look.h: who is on the NIC's MDIO, a PHY's registers, one of them. */
#include "host/look.h"

#include "driver/mii.h"
#include "host/opts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PHYS 32u

static const char *const names[MII_REGS] = {
    [MII_BMCR] = "control", [MII_BMSR] = "status", [MII_ID1] = "id 1", [MII_ID2] = "id 2",
    [MII_ANAR] = "advertised", [MII_ANLPAR] = "partner", [MII_ANER] = "an expansion",
    [7] = "next page", [8] = "partner's next page", [11] = "pse control", [12] = "pse status",
    [MII_MSCR] = "1000t control", [MII_MSSR] = "1000t status", [MII_MMD_CTRL] = "mmd control",
    [MII_MMD_DATA] = "mmd data", [MII_ESR] = "extended status",
};

/* Reading them clears what they latched, and the driver would not see it; a vendor's own
 * may do anything. They are read where they are named. */
static bool acts(unsigned reg)
{
    return reg == MII_BMSR || reg == MII_ANER || reg == MII_MMD_DATA || reg > MII_ESR;
}

bool look_mdio_word(struct look *l, const char *word)
{
    uint64_t v;
    if (l->mdio_words == 3 || !opts_number(word, l->mdio_words == 2 ? 0xFFFF : 31, &v))
        return false;
    l->mdio[l->mdio_words++] = (uint16_t)v;
    return true;
}

/* Question @i: a register of a PHY. Without an address, the ids of each. */
static unsigned addr_of(const struct look_job *j, unsigned i)
{
    return j->look.mdio_words ? j->look.mdio[0] : i / 2;
}

static unsigned reg_of(const struct look_job *j, unsigned i)
{
    return j->look.mdio_words ? i : MII_ID1 + i % 2;
}

void look_mdio_begin(struct look_job *j)
{
    const struct look *l = &j->look;
    j->next = l->mdio_words > 1 ? l->mdio[1] : 0;
    j->first = j->next;
    j->end = l->mdio_words > 1 ? j->next + 1 : l->mdio_words ? MII_REGS : 2 * PHYS;
}

static bool skipped(const struct look_job *j, unsigned i)
{
    return j->look.mdio_words == 1 && acts(i);
}

/* Nobody's id is all ones, or zeros where the line is low: driver/phy.c judges so too. */
static bool is_id(uint32_t id, uint32_t ones)
{
    return id != 0 && id != ones;
}

/* Question @i and the one behind it are the ids of a PHY. */
static bool is_phy(const struct look_job *j, unsigned i)
{
    return !j->reg[i].status && !j->reg[i + 1].status &&
           is_id(j->reg[i].word[0] << 16 | j->reg[i + 1].word[0], UINT32_MAX);
}

/* All is asked. Returns 0, or what is to be said of an answer that nobody gave. */
static int found(const struct look_job *j, const struct nic *nic)
{
    bool any = j->there && (j->look.mdio_words == 1 || !j->reg[j->first].status);
    for (unsigned i = 0; i < j->end && j->look.mdio_words == 0; i += 2)
        any |= is_phy(j, i);
    return any ? 0 : nic_link_fixed(nic) ? -ENOLINK : -ENXIO;
}

/* Where an address is named its id comes first: a write has no answer by which it would show
 * that nobody is there. */
static bool asks_id(const struct look_job *j)
{
    return j->look.mdio_words > 0 && !j->there;
}

static int ask_next(struct look_job *j, struct nic *nic)
{
    bool id = asks_id(j);
    int rc = nic_mdio_submit(nic, addr_of(j, j->next), id ? MII_ID1 : reg_of(j, j->next),
                             j->look.mdio[2], !id && j->look.mdio_words == 3);
    if (rc == 0)
        j->under_way = 1;
    return rc == 0 || rc == -EBUSY ? -EAGAIN : rc;
}

int look_mdio_poll(struct look_job *j, struct nic *nic)
{
    uint16_t value = 0;
    if (j->under_way) {
        int rc = nic_mdio_answer(nic, &value);
        if (rc == -EAGAIN)
            return rc;
        j->under_way = 0;
        if (rc < 0 && rc != -ENXIO)
            return rc;
        if (asks_id(j)) {
            j->there = rc == 0 && is_id(value, UINT16_MAX);
            if (!j->there)
                return found(j, nic);
        } else {
            j->reg[j->next].word[0] = value;
            j->reg[j->next++].status = rc;
        }
    }
    while (j->next < j->end && skipped(j, j->next))
        j->next++;
    return j->next == j->end ? found(j, nic) : ask_next(j, nic);
}

static void print_phy(FILE *f, const struct look_job *j, unsigned i)
{
    uint32_t id = j->reg[i].word[0] << 16 | j->reg[i + 1].word[0];
    if (!is_phy(j, i))
        return;
    fprintf(f, j->look.json ? "{\"phy\":%u,\"id\":%" PRIu32 "}\n" : "PHY %2u  id 0x%08" PRIx32 "\n",
            addr_of(j, i), id);
}

static void print_one(FILE *f, const struct look_job *j, unsigned i)
{
    unsigned reg = reg_of(j, i);
    bool known = !skipped(j, i) && j->reg[i].status == 0;
    const char *name = names[reg] ? names[reg] : "";
    if (j->look.json && known)
        fprintf(f, "{\"phy\":%u,\"reg\":%u,\"name\":\"%s\",\"value\":%" PRIu32 "}\n",
                addr_of(j, i), reg, name, j->reg[i].word[0]);
    else if (j->look.json)
        fprintf(f, "{\"phy\":%u,\"reg\":%u,\"name\":\"%s\",\"value\":null}\n", addr_of(j, i), reg,
                name);
    else if (known)
        fprintf(f, "%2u  0x%04" PRIx32 "  %s\n", reg, j->reg[i].word[0], name);
    else if (skipped(j, i) && name[0])
        fprintf(f, "%2u  -       %s (not read: that would act; name it to read it)\n", reg, name);
    else if (!skipped(j, i))
        fprintf(f, "%2u  -       no PHY answers at address %u\n", reg, addr_of(j, i));
}

void look_mdio_print(FILE *f, const struct look_job *j)
{
    for (unsigned i = j->first; i < j->end; i += j->look.mdio_words ? 1 : 2)
        (j->look.mdio_words ? print_one : print_phy)(f, j, i);
}
