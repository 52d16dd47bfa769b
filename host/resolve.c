/* SPDX-License-Identifier: Apache-2.0 */
#include "host/resolve.h"

#include "host/compose.h"
#include "host/show.h"

#include <errno.h>

struct waiting {
    struct rig *r;
    int handle, rc;
    struct net_dns_answer *a;
    struct rig_hook hook;
};

static bool on_turn(void *arg)
{
    struct waiting *w = arg;
    if (w->rc == -EAGAIN)
        w->rc = net_dns_result(w->r->me.net, w->handle, w->a);
    return false;
}

int resolve_query(struct rig *r, const char *name, enum net_dns_type type,
                  struct net_dns_answer *a)
{
    struct waiting w = { .r = r, .rc = -EAGAIN, .a = a };
    w.handle = net_dns_query(r->me.net, name, type);
    if (w.handle < 0) {
        *a = (struct net_dns_answer){ .err = w.handle };
        return EXIT_DONE;
    }
    rig_hook_add(r, &w.hook, on_turn, &w);
    int code = EXIT_DONE;
    while (code == EXIT_DONE && w.rc == -EAGAIN)
        code = rig_turn(r);
    rig_hook_del(r, &w.hook);
    if (w.rc == -EAGAIN)
        net_dns_cancel(r->me.net, w.handle);
    else if (w.rc < 0)
        *a = (struct net_dns_answer){ .err = w.rc };
    return code;
}

int resolve_addr(struct rig *r, const char *host, uint32_t *addr)
{
    struct net_dns_answer a;
    if (opts_ip4(host, addr))
        return EXIT_DONE;
    int code = resolve_query(r, host, NET_DNS_A, &a);
    if (code != EXIT_DONE)
        return code;
    for (unsigned i = 0; a.err == 0 && i < a.count; i++)
        if (a.rr[i].type == NET_DNS_A) {
            *addr = a.rr[i].a;
            return EXIT_DONE;
        }
    say("%s: %s", host, show_errno(a.err ? a.err : -ENODATA));
    return a.err == -ETIMEDOUT ? EXIT_TIMEOUT : a.err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
