/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.h - the second host of the `peer` wire: 10.9.0.2, a name server that
 * answers `peer` and a file server with a page made at start.
 */
#ifndef LY_HOST_PEER_H
#define LY_HOST_PEER_H

#include <stdbool.h>

struct peer;
struct rig;
struct net;
struct nic;

/** peer_open() - Returns 0 and *out, or -errno. An actor of the rig's world. */
int peer_open(struct peer **out, struct rig *r);
/** peer_alive() - its stack still has a deadline or its NIC work to do. */
bool peer_alive(const struct peer *p);
/** peer_busy() - its stack or its NIC has work to do now. */
bool peer_busy(const struct peer *p);
/** peer_error() - why its NIC failed, NULL if it did not. */
const char *peer_error(const struct peer *p);
/** peer_net() - its stack, for the counters. */
const struct net *peer_net(const struct peer *p);
/** peer_nic() - its NIC, for the counters; peer_wake() has it polled now. */
struct nic *peer_nic(const struct peer *p);
void peer_wake(struct peer *p);
void peer_close(struct peer *p);

#endif
