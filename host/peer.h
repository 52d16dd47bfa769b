/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.h - a host beside ours: the one of the `peer` wire, those of a switch. Each is a file
 * server with a page made at start and a name server that knows them all: `peer` (10.9.0.2),
 * `peer2` (10.9.0.3), ...
 */
#ifndef LY_HOST_PEER_H
#define LY_HOST_PEER_H

#include <stdbool.h>

struct node;
struct peer;
struct rig;
struct net;
struct nic;

/** peer_open() - number @i of them, from 0, on port @i + 1. Returns 0 and *out, or -errno. An
 * actor of the rig's world. */
int peer_open(struct peer **out, struct rig *r, unsigned i);
/** peer_name() - `peer`, `peer2`, ... */
const char *peer_name(const struct peer *p);
/** peer_alive() - its stack still has a deadline or its NIC work to do. */
bool peer_alive(const struct peer *p);
/** peer_busy() - its stack or its NIC has work to do now. */
bool peer_busy(const struct peer *p);
/** peer_error() - why its NIC failed, NULL if it did not. */
const char *peer_error(const struct peer *p);
/** peer_node() - its host: for tests, which have it fetch as well. */
struct node *peer_node(struct peer *p);
/** peer_net() - its stack, for the counters. */
const struct net *peer_net(const struct peer *p);
/** peer_nic() - its NIC, for the counters; peer_wake() has it polled now. */
struct nic *peer_nic(const struct peer *p);
void peer_wake(struct peer *p);
void peer_close(struct peer *p);

#endif
