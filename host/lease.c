/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lease.h"

#include "host/compose.h"
#include "host/show.h"

#include <string.h>

#define WAIT_S 30
#define RETURN_NS 500000000

/* How far did it come? The last thing that a server said is what helps. */
static int no_lease(const struct rig *r)
{
    const struct net_counters *c = net_counters(r->me.net);
    struct net_dhcp_lease l;
    char addr[16], server[16];
    (void)net_dhcp_get(r->me.net, &l);
    show_ip4(addr, l.addr);
    show_ip4(server, l.server);
    if (!c->dhcp_offers)
        say("DHCP: no server offered an address within %d s; give one by --addr A.B.C.D/LEN",
            WAIT_S);
    else if (c->dhcp_declines)
        say("DHCP: another host has %s, which %s offered; nothing else came within %d s", addr,
            server, WAIT_S);
    else if (c->dhcp_naks)
        say("DHCP: %s offered %s, but then refused it (NAK), for %d s", server, addr, WAIT_S);
    else
        say("DHCP: %s offered %s, but did not confirm it (no ACK) within %d s", server, addr,
            WAIT_S);
    return EXIT_TIMEOUT;
}

int lease_wait(struct rig *r)
{
    int64_t limit = rig_now(r) + WAIT_S * 1000000000ll;
    int rc = net_dhcp_start(r->me.net);
    if (rc < 0) {
        say("DHCP cannot start: %s", strerror(-rc));
        return EXIT_FAILED;
    }
    int code = EXIT_DONE;
    while (code == EXIT_DONE && net_dhcp_get(r->me.net, NULL) < NET_DHCP_BOUND)
        code = rig_now(r) > limit ? no_lease(r) : rig_turn(r);
    return code;
}

void lease_return(struct rig *r)
{
    if (net_dhcp_stop(r->me.net) && rig_turn(r) == EXIT_DONE)
        (void)rig_settle(r, RETURN_NS);
}
