/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - our address by DHCP: waiting for it, and giving it back. */
#ifndef LY_HOST_LEASE_H
#define LY_HOST_LEASE_H

struct rig;

/** lease_wait() - start the client and wait for an address. Returns EXIT_DONE, or an exit
 * code after a line that says what was missing: EXIT_TIMEOUT after 30 s. */
int lease_wait(struct rig *r);

/** lease_return() - at the end, and at most half a second: whoever comes next may have
 * the address. Nothing where there is no lease. */
void lease_return(struct rig *r);

#endif
