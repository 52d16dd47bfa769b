/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/unit/kernel_lab.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int kernel_lab_open(struct kernel_lab *b, const char *ifname,
                    int (*open)(struct wire **, struct world *, const char *, char *))
{
    *b = (struct kernel_lab){ .world = world_create(1, true) };
    assert_non_null(b->world);
    return open(&b->w, b->world, ifname, b->why);
}

void kernel_lab_close(struct kernel_lab *b)
{
    wire_close(b->w);
    world_destroy(b->world);
}

void kernel_lab_enter(void)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
        print_message("no network namespace here: %s\n", strerror(errno));
        skip();
    }
}

void kernel_lab_set(const char *ifname, bool up)
{
    struct ifreq ifr = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    memcpy(ifr.ifr_name, ifname, strlen(ifname));
    assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
    ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
    assert_int_equal(close(fd), 0);
}

uint64_t kernel_lab_send(struct kernel_lab *b, const uint8_t *frame, size_t len, uint64_t t)
{
    uint32_t fcs = frame_fcs(frame, len);
    uint8_t b8[8 + 1514 + 4] = { 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5 };
    memcpy(b8 + 8, frame, len);
    for (unsigned i = 0; i < 4; i++)
        b8[8 + len + i] = (uint8_t)(fcs >> 8 * i);
    for (unsigned i = 0; i < 8 + len + 4 + 13; i++, t += SYM_PS) {
        struct sym s = { .dv = i < 8 + len + 4 };
        if (s.dv)
            s.data = b8[i];
        b->w->ops->out(b->w, 0, t, &s);
    }
    return t;
}

void kernel_lab_turn(struct kernel_lab *b)
{
    struct pollfd fds[4];
    int timeout_ms = 1000;
    int n = b->w->ops->pollfds(b->w, fds, 4, &timeout_ms);
    assert_int_equal(n, 1);
    (void)poll(fds, (nfds_t)n, timeout_ms);
    b->w->ops->ready(b->w, fds, n);
}

uint32_t kernel_lab_next(struct kernel_lab *b, struct frame_asm *a, uint64_t *t)
{
    memset(a, 0, sizeof *a);
    while (b->w->ops->in_next(b->w, 0) != SIM_NEVER || a->in) {
        struct sym s = b->w->ops->in(b->w, 0, *t);
        *t += SYM_PS;
        if (frame_asm_sym(a, *t, &s)) {
            assert_int_equal(frame_asm_verdict(a), 0);
            return a->len;
        }
    }
    return 0;
}
