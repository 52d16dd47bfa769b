/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_in.h - frames of a capture file, in its order. libpcap reads pcap and pcapng, in
 * either byte order, to the nanosecond. What it does not tell of a pcapng file, the length
 * of the FCS and the direction of a frame, is read beside it.
 * Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng (numbers cited in the .c).
 */
#ifndef LY_SIM_PCAP_IN_H
#define LY_SIM_PCAP_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAP_IN_WHY_BYTES 160

struct pcap_in;

struct pcap_in_frame {
    int64_t t_ns;               /* since 1970 */
    const uint8_t *data;        /* valid until the next call */
    size_t stored, len;         /* octets at data, and octets that the frame had */
    bool fcs;                   /* its last 4 octets are the FCS */
    bool outward;               /* the capture says that its own interface sent it */
};

/**
 * pcap_in_open() - open a capture of Ethernet frames.
 *
 * Returns 0 and *out; -errno of the file; -EINVAL what is no capture, or not of Ethernet;
 * then with one line in @why (PCAP_IN_WHY_BYTES).
 */
int pcap_in_open(struct pcap_in **out, const char *path, char *why);

/** pcap_in_next() - Returns 1 and *f; 0 at the end; -EINVAL where the file is spoiled, with
 * one line in @why. */
int pcap_in_next(struct pcap_in *p, struct pcap_in_frame *f, char *why);

void pcap_in_close(struct pcap_in *p);

#endif
