/* SPDX-License-Identifier: Apache-2.0 */
/* A question at the control socket: one that was accepted, written again, is the same question;
 * one that was refused gets a line that says why. */
#include "host/look.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = { [LOOK_NETSTAT] = "netstat", [LOOK_ARP] = "arp",
                                     [LOOK_ROUTE] = "route", [LOOK_STATS] = "stats",
                                     [LOOK_REGS] = "regs",
                                     [LOOK_MDIO] = "mdio" };

static void check_again(const struct look *l)
{
    struct look again;
    char line[200];
    assert((size_t)l->what < sizeof(names) / sizeof(names[0]));
    assert(memchr(l->reg, '\0', sizeof(l->reg)) && (!l->reg[0] || l->what == LOOK_REGS));
    (void)snprintf(line, sizeof(line), "%s%s %s", names[l->what], l->json ? " --json" : "",
                   l->reg);
    assert(look_parse(&again, line) == NULL);
    assert(again.what == l->what && again.json == l->json && !strcmp(again.reg, l->reg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct look l;
    char *line = fuzz_text(data, size);
    bool printable = true;
    for (const char *p = line; *p; p++)
        printable &= *p >= ' ' && *p <= '~';
    const char *why = look_parse(&l, line);
    assert(printable || why);
    if (why)
        assert(why[0] && !strchr(why, '\n'));
    else
        check_again(&l);
    free(line);
    return 0;
}
