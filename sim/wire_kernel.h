/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_kernel.h - what packet:IF and tap:IF share: the far side is an interface of
 * the kernel, one descriptor carries whole frames without FCS, wall time.
 */
#ifndef LY_SIM_WIRE_KERNEL_H
#define LY_SIM_WIRE_KERNEL_H

#include "sim/wire_frames.h"

#include <net/if.h>
#include <stdbool.h>
#include <sys/types.h>

/* Room before a frame that was read. */
#define KERNEL_HEAD_BYTES 4u
/* Larger than any segment a kernel hands out, so that its length is seen. */
#define KERNEL_READ_BYTES (66u << 10)

/* For snprintf(): name of the wire, of the interface, and that again. */
#define KERNEL_DOWN "%s:%s: the interface is down; ip link set %s up"

struct wire_kernel {
    struct wire_frames wf;      /* first */
    int fd;
    char ifname[IFNAMSIZ];
    /** read() - take one frame from fd and hand it on. Returns its length, -errno;
     * -EAGAIN: none is there. */
    ssize_t (*read)(struct wire_kernel *k);
    uint8_t buf[KERNEL_HEAD_BYTES + KERNEL_READ_BYTES];
};

/**
 * wire_kernel_create() - all but the descriptor, which is -1 still.
 * @read: as in the struct; what it reads belongs behind KERNEL_HEAD_BYTES of buf
 *
 * Returns 0; -ENOMEM, or -ENODEV for a name that no interface can have, with a line in
 * @why, and *out is NULL.
 */
int wire_kernel_create(struct wire_kernel **out, const struct wire_ops *ops, struct world *world,
                       const char *ifname,
                       void (*far_send)(struct wire_frames *wf, const uint8_t *frame, size_t len),
                       ssize_t (*read)(struct wire_kernel *k), char *why);

/** wire_kernel_opened() - the end of opening: @rc 0 gives the wire away, else it is closed.
 * Returns @rc. @k may be NULL then. */
int wire_kernel_opened(struct wire **out, struct wire_kernel *k, int rc);

/** wire_kernel_find() - by any socket that is no Internet socket: the library's
 * if_nametoindex() may open one, which a process that proves to have none must not do.
 * Returns 0, -ENODEV, -errno. */
int wire_kernel_find(int sock, const char *ifname, int *index, bool *up);

/** wire_kernel_refused() - the kernel did not take a frame: counted; the wire has failed if
 * the interface is gone. */
void wire_kernel_refused(struct wire_kernel *k, int error);

/* As wire_ops has them. */
int wire_kernel_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms);
void wire_kernel_ready(struct wire *w, struct pollfd *fds, int n);
void wire_kernel_close(struct wire *w);

#define WIRE_KERNEL_OPS(name_) { .name = (name_), .out = wire_frames_out, .in = wire_frames_in, \
                                 .in_next = wire_frames_in_next, .pollfds = wire_kernel_pollfds, \
                                 .ready = wire_kernel_ready, .close = wire_kernel_close }

#endif
