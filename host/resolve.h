/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h - a name's address or records, waiting by turns of the rig. */
#ifndef LY_HOST_RESOLVE_H
#define LY_HOST_RESOLVE_H

#include "stack/net.h"

struct rig;

/** resolve_query() - Returns EXIT_DONE with *a (see a->err), or an exit code. */
int resolve_query(struct rig *r, const char *name, enum net_dns_type type,
                  struct net_dns_answer *a);

/** resolve_addr() - dotted or by name. Returns EXIT_DONE, or an exit code after a line. */
int resolve_addr(struct rig *r, const char *host, uint32_t *addr);

#endif
