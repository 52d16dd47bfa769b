/* SPDX-License-Identifier: Apache-2.0 */
/* link_null.h - the smallest link: takes every frame, brings none. */
#ifndef LY_DRIVER_LINK_NULL_H
#define LY_DRIVER_LINK_NULL_H

#include "driver/link.h"

/** link_null_open() - Returns 0 and *out, -ENOMEM. */
int link_null_open(struct link **out);

#endif
