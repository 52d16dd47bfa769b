/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng.h - capture files: one section, one Ethernet interface, one Enhanced
 * Packet Block for each frame. Little endian, nanoseconds, FCS kept.
 * Source: draft-ietf-opsawg-pcapng (block and option numbers cited in the .c).
 *
 * No option names the machine (hardware, operating system), so that the same run
 * gives the same bytes everywhere.
 */
#ifndef LY_SIM_PCAPNG_H
#define LY_SIM_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng;

/* Which way a frame went, as epb_flags bits 0 and 1 have it. */
#define PCAPNG_IN  1u   /* towards our NIC */
#define PCAPNG_OUT 2u   /* from it */

/* What was wrong with it: link-layer dependent errors of epb_flags, bits 16 to 31. */
#define PCAPNG_BAD_FCS      (1u << 24)
#define PCAPNG_BAD_LONG     (1u << 25)
#define PCAPNG_BAD_SHORT    (1u << 26)
#define PCAPNG_BAD_GAP      (1u << 27)
#define PCAPNG_BAD_SFD      (1u << 29)
#define PCAPNG_BAD_PREAMBLE (1u << 30)
#define PCAPNG_BAD_SYMBOL   (1u << 31)

/**
 * pcapng_open_at() - create @path (an existing file is overwritten) and write the head.
 * @epoch_s: time 0 of the packets, in seconds since 1970 (if_tsoffset); 0 in virtual time, so
 *           that the file does not depend on when it was made
 *
 * Returns 0 and *out, or -errno.
 */
int pcapng_open_at(struct pcapng **out, const char *path, int64_t epoch_s);

/** pcapng_open() - the same; @wall: time 0 is now. */
int pcapng_open(struct pcapng **out, const char *path, bool wall);

/**
 * pcapng_frame() - append one frame.
 * @t_ns:    model time of its SFD, nanoseconds
 * @stored:  octets at @data, DA..FCS
 * @len:     octets that the frame had; more than @stored if it was cut
 * @flags:   PCAPNG_IN or PCAPNG_OUT, and PCAPNG_BAD_*
 * @comment: NULL, or text shown beside the frame
 *
 * Errors (a full disk) are remembered for pcapng_flush() and pcapng_close().
 */
void pcapng_frame(struct pcapng *p, uint64_t t_ns, const uint8_t *data, size_t stored,
                  size_t len, uint32_t flags, const char *comment);

/** pcapng_frames() - frames appended so far. */
uint64_t pcapng_frames(const struct pcapng *p);

/** pcapng_flush() - Returns 0, or the first error of all writes as -errno. */
int pcapng_flush(struct pcapng *p);

/** pcapng_close() - flush and close. Returns as pcapng_flush(). NULL gives 0. */
int pcapng_close(struct pcapng *p);

#endif
