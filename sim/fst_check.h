/* SPDX-License-Identifier: Apache-2.0 */
/* fst_check.h - whether a file of waves was written to its end: its writer does not say. */
#ifndef LY_SIM_FST_CHECK_H
#define LY_SIM_FST_CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

/** fst_check() - walk the blocks of @path. Returns 0: they fill the file and its last one,
 * the hierarchy, is there; -EIO if not; -errno. */
int fst_check(const char *path);

#ifdef __cplusplus
}
#endif
#endif
