/* SPDX-License-Identifier: Apache-2.0 */
/* wire_kernel.c - what packet:IF and tap:IF share. */
#define _DEFAULT_SOURCE     /* struct ifreq */
#include "sim/wire_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct wire_kernel *kernel_of(struct wire *w)
{
    return (struct wire_kernel *)w;
}

static void gone(struct wire_kernel *k)
{
    wire_fail(&k->wf.w, "%s:%s: the interface went down", k->wf.w.ops->name, k->ifname);
}

/* AF_PACKET says ENETDOWN, or ENXIO and ENODEV where the interface is no more; a TAP that is
 * down EIO, one that was deleted EBADFD. */
static bool is_gone(int error)
{
    return error == ENETDOWN || error == ENXIO || error == ENODEV || error == EIO ||
           error == EBADFD;
}

void wire_kernel_refused(struct wire_kernel *k, int error)
{
    k->wf.w.stats.far_send_errors++;
    if (is_gone(error))
        gone(k);
}

/* What the NIC cannot take yet stays with the kernel. */
int wire_kernel_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms)
{
    (void)timeout_ms;
    if (max < 1 || frame_feed_room(kernel_of(w)->wf.feed) == 0)
        return 0;
    fds[0] = (struct pollfd){ .fd = kernel_of(w)->fd, .events = POLLIN };
    return 1;
}

void wire_kernel_ready(struct wire *w, struct pollfd *fds, int n)
{
    struct wire_kernel *k = kernel_of(w);
    if (n < 1 || !fds[0].revents)
        return;
    ssize_t rc = 1;
    while (rc > 0 && !w->error[0] && frame_feed_room(k->wf.feed) > 0)
        rc = k->read(k);
    if (rc >= 0 || rc == -EAGAIN || rc == -EINTR)
        return;
    if (is_gone((int)-rc))
        gone(k);
    else
        wire_fail(w, "%s:%s: %s", w->ops->name, k->ifname, strerror((int)-rc));
}

void wire_kernel_close(struct wire *w)
{
    struct wire_kernel *k = kernel_of(w);
    if (k->fd >= 0)
        (void)close(k->fd);
    wire_frames_fini(&k->wf);
    free(k);
}

int wire_kernel_find(int sock, const char *ifname, int *index, bool *up)
{
    struct ifreq ifr = { 0 };
    memcpy(ifr.ifr_name, ifname, strlen(ifname));
    if (ioctl(sock, SIOCGIFINDEX, &ifr) < 0)
        return -errno;
    *index = ifr.ifr_ifindex;
    if (ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
        return -errno;
    *up = ifr.ifr_flags & IFF_UP;
    return 0;
}

int wire_kernel_create(struct wire_kernel **out, const struct wire_ops *ops, struct world *world,
                       const char *ifname,
                       void (*far_send)(struct wire_frames *wf, const uint8_t *frame, size_t len),
                       ssize_t (*read)(struct wire_kernel *k), char *why)
{
    *out = NULL;
    if (strlen(ifname) >= IFNAMSIZ) {
        (void)snprintf(why, WIRE_WHY_BYTES, "%s:%.40s: there is no such interface", ops->name,
                       ifname);
        return -ENODEV;
    }
    struct wire_kernel *k = calloc(1, sizeof *k);
    if (!k || wire_frames_init(&k->wf, ops, world, far_send) < 0) {
        free(k);
        (void)snprintf(why, WIRE_WHY_BYTES, "%s: out of memory", ops->name);
        return -ENOMEM;
    }
    memcpy(k->ifname, ifname, strlen(ifname));
    k->fd = -1;
    k->read = read;
    *out = k;
    return 0;
}

int wire_kernel_opened(struct wire **out, struct wire_kernel *k, int rc)
{
    if (rc == 0)
        *out = &k->wf.w;
    else if (k)
        wire_kernel_close(&k->wf.w);
    return rc;
}
