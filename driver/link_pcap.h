/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_pcap.h - wraps any link and writes what crosses it to a capture file: classic
 * pcap with nanoseconds, Ethernet without FCS, both directions in the order in which
 * they crossed, at the time of the last poll. Checksums that the device is to insert
 * are not there yet. (What is on the wire: --pcap of the simulation.)
 */
#ifndef LY_DRIVER_LINK_PCAP_H
#define LY_DRIVER_LINK_PCAP_H

#include "driver/link.h"

/**
 * link_pcap_open() - put a capture round @inner.
 * @inner: owned by the wrapper from here on; closed on failure
 * @path:  file to create or overwrite
 *
 * Returns 0 and *out, -ENOMEM, or -errno of creating the file.
 */
int link_pcap_open(struct link **out, struct link *inner, const char *path);

/** link_pcap_lost() - frames not recorded because the file could not be written.
 * The first failure ends the capture; the traffic goes on. */
uint64_t link_pcap_lost(const struct link *l);

#endif
