/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_packet.c - the wire to the kernel, on the loopback interface of a
 * network namespace of our own: what is sent there comes back. Where the system
 * gives no such namespace, those tests are skipped.
 */
#define _GNU_SOURCE
#include "tests/unit/kernel_lab.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int opened(struct kernel_lab *b, const char *ifname)
{
    return kernel_lab_open(b, ifname, wire_packet_open);
}

static void test_frames_go_out_and_come_in(void **state)
{
    (void)state;
    struct kernel_lab b;
    struct frame_asm a;
    uint8_t f[1514] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5, 0xAA };
    kernel_lab_enter();
    kernel_lab_set("lo", true);
    assert_int_equal(opened(&b, "lo"), 0);
    uint64_t t = kernel_lab_send(&b, f, 60, SYM_PS);
    t = kernel_lab_send(&b, f, sizeof f, t);
    kernel_lab_turn(&b);
    /* Once each: not a second time as what we sent ourselves. */
    assert_int_equal(kernel_lab_next(&b, &a, &t), 64);
    assert_memory_equal(a.buf, f, 60);
    assert_int_equal(kernel_lab_next(&b, &a, &t), 1518);
    assert_memory_equal(a.buf, f, sizeof f);
    assert_int_equal(kernel_lab_next(&b, &a, &t), 0);
    assert_int_equal(b.w->stats.from_nic_frames, 2);
    assert_int_equal(b.w->stats.to_nic_frames, 2);
    assert_int_equal(b.w->stats.far_send_errors, 0);
    assert_string_equal(b.w->error, "");
    kernel_lab_close(&b);
}

/* What others send out of this interface is not for the NIC. On loopback it comes
 * in as well, so once is right and twice is wrong. */
static void test_outgoing_frames_are_not_ours(void **state)
{
    (void)state;
    struct kernel_lab b;
    struct frame_asm a;
    uint64_t t = SYM_PS;
    static const uint8_t f[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5 };
    kernel_lab_enter();
    kernel_lab_set("lo", true);
    assert_int_equal(opened(&b, "lo"), 0);
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo") };
    assert_int_equal(sendto(fd, f, sizeof f, 0, (struct sockaddr *)&to, sizeof to), sizeof f);
    assert_int_equal(close(fd), 0);
    kernel_lab_turn(&b);
    assert_int_equal(kernel_lab_next(&b, &a, &t), 64);
    assert_int_equal(kernel_lab_next(&b, &a, &t), 0);
    kernel_lab_close(&b);
}

/* The kernel takes tags out of frames; they must be there again. */
static void test_tags_are_kept(void **state)
{
    (void)state;
    static const uint8_t tags[][8] = { { 0x81, 0x00, 0xA1, 0x23, 0x88, 0xB5 },
                                       { 0x88, 0xA8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x08 } };
    struct kernel_lab b;
    struct frame_asm a;
    uint64_t t = SYM_PS;
    uint8_t f[70] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
    kernel_lab_enter();
    kernel_lab_set("lo", true);
    assert_int_equal(opened(&b, "lo"), 0);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(f + 12, tags[i], sizeof tags[i]);
        t = kernel_lab_send(&b, f, sizeof f, t);
        kernel_lab_turn(&b);
        assert_int_equal(kernel_lab_next(&b, &a, &t), 74);
        assert_memory_equal(a.buf, f, sizeof f);
    }
    kernel_lab_close(&b);
}

/* Nothing is mended here: a checksum left to hardware fails the run, and says why. */
static void test_unfinished_checksum_is_an_error(void **state)
{
    (void)state;
    struct kernel_lab b;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    kernel_lab_enter();
    kernel_lab_set("lo", true);
    assert_int_equal(opened(&b, "lo"), 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    kernel_lab_turn(&b);
    assert_non_null(strstr(b.w->error, "packet:lo: a frame came with an unfinished checksum"));
    assert_non_null(strstr(b.w->error, "ethtool -K IF tx off"));
    assert_int_equal(b.w->stats.to_nic_frames, 0);
    assert_int_equal(close(fd), 0);
    kernel_lab_close(&b);
}

static void test_interface_goes_down(void **state)
{
    (void)state;
    struct kernel_lab b;
    kernel_lab_enter();
    kernel_lab_set("lo", true);
    assert_int_equal(opened(&b, "lo"), 0);
    kernel_lab_set("lo", false);
    kernel_lab_turn(&b);
    assert_string_equal(b.w->error, "packet:lo: the interface went down");
    kernel_lab_close(&b);
}

static void test_what_cannot_be_opened(void **state)
{
    (void)state;
    struct kernel_lab b;
    kernel_lab_enter();
    assert_int_equal(opened(&b, "lo"), -ENODEV);
    assert_string_equal(b.why, "packet:lo: the interface is down; ip link set lo up");
    assert_null(b.w);
    kernel_lab_close(&b);
    assert_int_equal(opened(&b, "nosuch0"), -ENODEV);
    assert_string_equal(b.why, "packet:nosuch0: there is no such interface");
    kernel_lab_close(&b);
    assert_int_equal(opened(&b, "a-name-that-is-much-too-long-for-any-interface-and-its-buffer"),
                     -ENODEV);
    assert_non_null(strstr(b.why, "there is no such interface"));
    kernel_lab_close(&b);
}

/* Without the right. A child, for what it gives up it does not get back. */
static void test_without_privilege(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kernel_lab b;
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
