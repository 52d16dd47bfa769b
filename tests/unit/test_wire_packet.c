/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_packet.c - the wire to the kernel, on the loopback interface of a
 * network namespace of our own: what is sent there comes back. Where the system
 * gives no such namespace, those tests are skipped.
 */
#define _GNU_SOURCE
#include "sim/wire_frames.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    struct world *world;
    struct wire *w;
    char why[WIRE_WHY_BYTES];
};

static int opened(struct bench *b, const char *ifname)
{
    *b = (struct bench){ .world = world_create(1, true) };
    assert_non_null(b->world);
    return wire_packet_open(&b->w, b->world, ifname, b->why);
}

static void closed(struct bench *b)
{
    wire_close(b->w);
    world_destroy(b->world);
}

/* A namespace of its own for each test; its loopback is down at first. */
static void enter(void)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
        print_message("no network namespace here: %s\n", strerror(errno));
        skip();
    }
}

static void loopback(bool up)
{
    struct ifreq ifr = { .ifr_name = "lo" };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
    ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
    assert_int_equal(close(fd), 0);
}

/* The NIC sends @len octets (without FCS) from @t on. Returns the time after the gap. */
static uint64_t nic_sends(struct bench *b, const uint8_t *frame, size_t len, uint64_t t)
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

/* Let the wire read what has come. */
static void turn(struct bench *b)
{
    struct pollfd fds[4];
    int timeout_ms = 1000;
    int n = b->w->ops->pollfds(b->w, fds, 4, &timeout_ms);
    assert_int_equal(n, 1);
    (void)poll(fds, (nfds_t)n, timeout_ms);
    b->w->ops->ready(b->w, fds, n);
}

/* The next frame towards the NIC, DA..FCS; its length. */
static uint32_t next_frame(struct bench *b, struct frame_asm *a, uint64_t *t)
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

static void test_frames_go_out_and_come_in(void **state)
{
    (void)state;
    struct bench b;
    struct frame_asm a;
    uint8_t f[1514] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5, 0xAA };
    enter();
    loopback(true);
    assert_int_equal(opened(&b, "lo"), 0);
    uint64_t t = nic_sends(&b, f, 60, SYM_PS);
    t = nic_sends(&b, f, sizeof f, t);
    turn(&b);
    /* Once each: not a second time as what we sent ourselves. */
    assert_int_equal(next_frame(&b, &a, &t), 64);
    assert_memory_equal(a.buf, f, 60);
    assert_int_equal(next_frame(&b, &a, &t), 1518);
    assert_memory_equal(a.buf, f, sizeof f);
    assert_int_equal(next_frame(&b, &a, &t), 0);
    assert_int_equal(b.w->stats.from_nic_frames, 2);
    assert_int_equal(b.w->stats.to_nic_frames, 2);
    assert_int_equal(b.w->stats.far_send_errors, 0);
    assert_string_equal(b.w->error, "");
    closed(&b);
}

/* What others send out of this interface is not for the NIC. On loopback it comes
 * in as well, so once is right and twice is wrong. */
static void test_outgoing_frames_are_not_ours(void **state)
{
    (void)state;
    struct bench b;
    struct frame_asm a;
    uint64_t t = SYM_PS;
    static const uint8_t f[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5 };
    enter();
    loopback(true);
    assert_int_equal(opened(&b, "lo"), 0);
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo") };
    assert_int_equal(sendto(fd, f, sizeof f, 0, (struct sockaddr *)&to, sizeof to), sizeof f);
    assert_int_equal(close(fd), 0);
    turn(&b);
    assert_int_equal(next_frame(&b, &a, &t), 64);
    assert_int_equal(next_frame(&b, &a, &t), 0);
    closed(&b);
}

/* The kernel takes tags out of frames; they must be there again. */
static void test_tags_are_kept(void **state)
{
    (void)state;
    static const uint8_t tags[][8] = { { 0x81, 0x00, 0xA1, 0x23, 0x88, 0xB5 },
                                       { 0x88, 0xA8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x08 } };
    struct bench b;
    struct frame_asm a;
    uint64_t t = SYM_PS;
    uint8_t f[70] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
    enter();
    loopback(true);
    assert_int_equal(opened(&b, "lo"), 0);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(f + 12, tags[i], sizeof tags[i]);
        t = nic_sends(&b, f, sizeof f, t);
        turn(&b);
        assert_int_equal(next_frame(&b, &a, &t), 74);
        assert_memory_equal(a.buf, f, sizeof f);
    }
    closed(&b);
}

/* Nothing is mended here: a checksum left to hardware fails the run, and says why. */
static void test_unfinished_checksum_is_an_error(void **state)
{
    (void)state;
    struct bench b;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    enter();
    loopback(true);
    assert_int_equal(opened(&b, "lo"), 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    turn(&b);
    assert_non_null(strstr(b.w->error, "packet:lo: a frame came with an unfinished checksum"));
    assert_non_null(strstr(b.w->error, "ethtool -K IF tx off"));
    assert_int_equal(b.w->stats.to_nic_frames, 0);
    assert_int_equal(close(fd), 0);
    closed(&b);
}

static void test_interface_goes_down(void **state)
{
    (void)state;
    struct bench b;
    enter();
    loopback(true);
    assert_int_equal(opened(&b, "lo"), 0);
    loopback(false);
    turn(&b);
    assert_string_equal(b.w->error, "packet:lo: the interface went down");
    closed(&b);
}

static void test_what_cannot_be_opened(void **state)
{
    (void)state;
    struct bench b;
    enter();
    assert_int_equal(opened(&b, "lo"), -ENODEV);
    assert_string_equal(b.why, "packet:lo: the interface is down; ip link set lo up");
    assert_null(b.w);
    closed(&b);
    assert_int_equal(opened(&b, "nosuch0"), -ENODEV);
    assert_string_equal(b.why, "packet:nosuch0: there is no such interface");
    closed(&b);
    assert_int_equal(opened(&b, "a-name-that-is-much-too-long-for-any-interface-and-its-buffer"),
                     -ENODEV);
    assert_non_null(strstr(b.why, "there is no such interface"));
    closed(&b);
}

/* Without the right. A child, for what it gives up it does not get back. */
static void test_without_privilege(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct bench b;
        if (geteuid() == 0 && seteuid(65534) < 0)
            _exit(2);
        _exit(opened(&b, "lo") == -EPERM && strstr(b.why, "needs CAP_NET_RAW") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_privilege),   /* first: the others may gain the right */
        cmocka_unit_test(test_frames_go_out_and_come_in),
        cmocka_unit_test(test_outgoing_frames_are_not_ours),
        cmocka_unit_test(test_tags_are_kept),
        cmocka_unit_test(test_unfinished_checksum_is_an_error),
        cmocka_unit_test(test_interface_goes_down),
        cmocka_unit_test(test_what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
