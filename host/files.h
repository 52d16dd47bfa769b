/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - whether the files that options name get into each other's way. */
#ifndef LY_HOST_FILES_H
#define LY_HOST_FILES_H

#include "host/opts.h"

/**
 * files_check() - before any of them is opened: that nothing is written (--pcap, --pcap-far,
 * --record, --fst) over the file @reads, which may be NULL, nor two things into one file.
 * Devices and pipes may be named twice.
 *
 * Returns EXIT_DONE, or EXIT_USAGE after a line.
 */
int files_check(const struct opts *o, const char *reads);

#endif
