/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_tap.c - a Linux TAP interface: the far side is the kernel of this machine or
 * namespace. A TAP that exists is attached to; else it is made and set up, and goes with
 * the wire. Source: Linux, Documentation/networking/tuntap.rst.
 *
 * Frames must be complete: no offload is offered, so the kernel finishes every checksum
 * and segment before it hands a frame out.
 */
#define _DEFAULT_SOURCE     /* struct ifreq */
#include "sim/wire_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/net/tun"
#define RUNNING_MS 2000u    /* linkwatch looks once a second */

static void tap_send(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    struct wire_kernel *k = (struct wire_kernel *)wf;
    if (write(k->fd, frame, len) != (ssize_t)len)
        wire_kernel_refused(k, errno);
}

static ssize_t tap_read(struct wire_kernel *k)
{
    uint8_t *frame = k->buf + KERNEL_HEAD_BYTES;
    ssize_t len = read(k->fd, frame, KERNEL_READ_BYTES);
    if (len < 0)
        return -errno;
    if (len > 0)
        (void)wire_frames_arrived(&k->wf, frame, (size_t)len);
    return len;
}

static const struct wire_ops ops = WIRE_KERNEL_OPS("tap");

/* --- opening ----------------------------------------------------------------- */

/* Returns @rc, with a line in @why. */
static int fail(const struct wire_kernel *k, int rc, const char *what, char *why)
{
    (void)snprintf(why, WIRE_WHY_BYTES, "tap:%s: %s", k->ifname, what);
    return rc;
}

static int device_open(struct wire_kernel *k, char *why)
{
    k->fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (k->fd >= 0)
        return 0;
    int rc = -errno;
    switch (rc) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
        return fail(k, -ENODEV, "this kernel offers no " DEVICE "; as root: modprobe tun", why);
    case -EACCES:
    case -EPERM:
        return fail(k, rc, "not allowed to open " DEVICE "; as root: chmod 666 " DEVICE, why);
    default:
        return fail(k, rc, strerror(-rc), why);
    }
}

/* @exists: an interface of that name was there before. */
static int attach(struct wire_kernel *k, bool exists, char *why)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    memcpy(ifr.ifr_name, k->ifname, strlen(k->ifname));
    if (ioctl(k->fd, TUNSETIFF, &ifr) == 0)
        return 0;
    int rc = -errno;
    switch (rc) {
    case -EBUSY:
        return fail(k, rc, "busy: another program holds this TAP", why);
    case -EPERM:
        return fail(k, rc, exists ? "not allowed: another user's TAP"
                    : "there is no such TAP, and making it needs CAP_NET_ADMIN; as root: "
                      "ip tuntap add IF mode tap user NAME", why);
    case -EINVAL:
        return fail(k, -ENODEV, exists ? "this interface is no TAP with one queue"
                                       : "no interface can have this name", why);
    default:
        return fail(k, rc, strerror(-rc), why);
    }
}

static int set_up(const struct wire_kernel *k, int sock, char *why)
{
    struct ifreq ifr = { 0 };
    memcpy(ifr.ifr_name, k->ifname, strlen(k->ifname));
    if (ioctl(sock, SIOCGIFFLAGS, &ifr) == 0) {
        ifr.ifr_flags |= IFF_UP;
        if (ioctl(sock, SIOCSIFFLAGS, &ifr) == 0)
            return 0;
    }
    return fail(k, -errno, "the new TAP cannot be set up", why);
}

/* The kernel drops what it sends until it has noticed, some time after a TAP was attached to,
 * that the carrier came back: netdevice(7), IFF_RUNNING. */
static void wait_running(const struct wire_kernel *k, int sock)
{
    const struct timespec ms = { .tv_nsec = 1000000 };
    for (unsigned i = 0; i < RUNNING_MS; i++) {
        struct ifreq ifr = { 0 };
        memcpy(ifr.ifr_name, k->ifname, strlen(k->ifname));
        if (ioctl(sock, SIOCGIFFLAGS, &ifr) < 0 || ifr.ifr_flags & IFF_RUNNING)
            return;
        (void)nanosleep(&ms, NULL);
    }
}

static int tap_open(struct wire_kernel *k, int sock, char *why)
{
    int index;
    bool up = false;
    int rc = device_open(k, why);
    if (rc < 0)
        return rc;
    bool exists = wire_kernel_find(sock, k->ifname, &index, &up) == 0;
    rc = attach(k, exists, why);
    if (rc < 0)
        return rc;
    /* A TAP keeps what a program before us offered. */
    if (ioctl(k->fd, TUNSETOFFLOAD, 0) < 0)
        return fail(k, -errno, "its offloads cannot be turned off", why);
    if (!exists)
        rc = set_up(k, sock, why);
    if (exists && !up) {
        (void)snprintf(why, WIRE_WHY_BYTES, KERNEL_DOWN, "tap", k->ifname, k->ifname);
        return -ENODEV;
    }
    if (rc == 0)
        wait_running(k, sock);
    return rc;
}

int wire_tap_open(struct wire **out, struct world *w, const char *ifname, char *why)
{
    struct wire_kernel *k;
    int rc = wire_kernel_create(&k, &ops, w, ifname, tap_send, tap_read, why);
    if (rc < 0)
        return rc;
    /* Any socket asks about interfaces; this one needs no right and is no Internet socket. */
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    rc = sock < 0 ? fail(k, -errno, strerror(errno), why) : tap_open(k, sock, why);
    if (sock >= 0)
        (void)close(sock);
    return wire_kernel_opened(out, k, rc);
}
