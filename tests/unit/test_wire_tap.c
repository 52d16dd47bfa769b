/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire_tap.c - a TAP of a network namespace of our own, with the kernel's ARP as the
 * far end. Where the system gives no such namespace or no /dev/net/tun, the tests are skipped.
 */
#define _GNU_SOURCE
#include "tests/unit/kernel_lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP "ly0"

/* Who has 10.9.0.2? Says 10.9.0.1, 02:00:00:00:00:01. RFC 826. */
static const uint8_t arp_ask[60] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
    2, 0, 0, 0, 0, 1, 10, 9, 0, 1, 0, 0, 0, 0, 0, 0, 10, 9, 0, 2,
};

static int opened(struct kernel_lab *b, const char *ifname)
{
    return kernel_lab_open(b, ifname, wire_tap_open);
}

static void enter(void)
{
    kernel_lab_enter();
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        print_message("/dev/net/tun: %s\n", strerror(errno));
        skip();
    }
    assert_int_equal(close(fd), 0);
}

static void request(const char *ifname, unsigned long what, struct ifreq *ifr)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    memcpy(ifr->ifr_name, ifname, strlen(ifname) + 1);
    assert_int_equal(ioctl(fd, what, ifr), 0);
    assert_int_equal(close(fd), 0);
}

static void set_address(const char *ifname)
{
    struct ifreq ifr = { 0 };
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0A090002) };
    memcpy(&ifr.ifr_addr, &sin, sizeof sin);
    request(ifname, SIOCSIFADDR, &ifr);
}

/* A TAP that stays when nobody holds it. */
static void make_persistent(const char *ifname)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    memcpy(ifr.ifr_name, ifname, strlen(ifname));
    assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
    assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
    assert_int_equal(close(fd), 0);
}

/* As `ip link del`. rtnetlink(7). */
static void delete_interface(const char *ifname)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
    } ask = { .head = { .nlmsg_len = sizeof ask, .nlmsg_type = RTM_DELLINK,
                        .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
              .info = { .ifi_index = (int)if_nametoindex(ifname) } };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    assert_int_equal(send(fd, &ask, sizeof ask, 0), sizeof ask);
    assert_true(recv(fd, &answer, sizeof answer, 0) >= (ssize_t)sizeof answer);
    assert_int_equal(answer.error.error, 0);
    assert_int_equal(close(fd), 0);
}

/* Ask until the kernel answers. It may send other frames of its own, and what it sends soon
 * after a TAP got its carrier back is lost. */
static void ask_kernel(struct kernel_lab *b)
{
    struct frame_asm a;
    uint64_t t = SYM_PS;
    for (unsigned turns = 0; turns < 10; turns++) {
        t = kernel_lab_send(b, arp_ask, sizeof arp_ask, t);
        kernel_lab_turn(b);
        while (kernel_lab_next(b, &a, &t) > 0) {
            if (a.buf[12] != 8 || a.buf[13] != 6)
                continue;
            assert_int_equal(a.len, 64);
            assert_memory_equal(a.buf, arp_ask + 6, 6);
            assert_int_equal(a.buf[21], 2);
            assert_memory_equal(a.buf + 28, arp_ask + 38, 4);
            return;
        }
    }
    fail_msg("no answer to ARP");
}

/* A TAP that was not there is made, is up, and is gone with the wire. */
static void test_made_and_gone(void **state)
{
    (void)state;
    struct kernel_lab b;
    enter();
    assert_int_equal(opened(&b, TAP), 0);
    set_address(TAP);
    ask_kernel(&b);
    assert_true(b.w->stats.from_nic_frames > 0);
    assert_int_equal(b.w->stats.far_send_errors, 0);
    assert_string_equal(b.w->error, "");
    kernel_lab_close(&b);
    assert_int_equal(if_nametoindex(TAP), 0);
}

/* One that was there must be up, and stays. */
static void test_attached_to(void **state)
{
    (void)state;
    struct kernel_lab b;
    enter();
    make_persistent(TAP);
    assert_int_equal(opened(&b, TAP), -ENODEV);
    assert_string_equal(b.why, "tap:" TAP ": the interface is down; ip link set " TAP " up");
    kernel_lab_close(&b);
    set_address(TAP);
    kernel_lab_set(TAP, true);
    assert_int_equal(opened(&b, TAP), 0);
    ask_kernel(&b);
    kernel_lab_close(&b);
    assert_int_not_equal(if_nametoindex(TAP), 0);
}

/* What the kernel does not take is counted, and a TAP that went down ends the run. */
static void test_goes_down(void **state)
{
    (void)state;
    struct kernel_lab b;
    enter();
    assert_int_equal(opened(&b, TAP), 0);
    kernel_lab_set(TAP, false);
    (void)kernel_lab_send(&b, arp_ask, sizeof arp_ask, SYM_PS);
    assert_int_equal(b.w->stats.far_send_errors, 1);
    assert_string_equal(b.w->error, "tap:" TAP ": the interface went down");
    kernel_lab_close(&b);
}

static void test_is_deleted(void **state)
{
    (void)state;
    struct kernel_lab b;
    enter();
    assert_int_equal(opened(&b, TAP), 0);
    delete_interface(TAP);
    kernel_lab_turn(&b);
    assert_string_equal(b.w->error, "tap:" TAP ": the interface went down");
    kernel_lab_close(&b);
}

/* Larger frames than Ethernet's do not fit on this wire. */
static void test_mtu_too_large(void **state)
{
    (void)state;
    struct kernel_lab b;
    struct ifreq ifr = { .ifr_mtu = 2000 };
    static uint8_t big[1600] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5 };
    enter();
    assert_int_equal(opened(&b, TAP), 0);
    request(TAP, SIOCSIFMTU, &ifr);
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(TAP) };
    assert_int_equal(sendto(fd, big, sizeof big, 0, (struct sockaddr *)&to, sizeof to),
                     sizeof big);
    assert_int_equal(close(fd), 0);
    for (unsigned turns = 0; turns < 10 && !b.w->error[0]; turns++)
        kernel_lab_turn(&b);
    assert_non_null(strstr(b.w->error, "tap: a frame of 1600 octets came from the far side"));
    assert_non_null(strstr(b.w->error, "mtu"));
    kernel_lab_close(&b);
}

static void test_what_cannot_be_opened(void **state)
{
    (void)state;
    struct kernel_lab a, b;
    enter();
    assert_int_equal(opened(&a, "lo"), -ENODEV);
    assert_string_equal(a.why, "tap:lo: this interface is no TAP with one queue");
    assert_null(a.w);
    kernel_lab_close(&a);
    assert_int_equal(opened(&a, "a/b"), -ENODEV);
    assert_string_equal(a.why, "tap:a/b: no interface can have this name");
    kernel_lab_close(&a);
    assert_int_equal(opened(&a, "sixteen-letters-"), -ENODEV);
    kernel_lab_close(&a);
    assert_int_equal(opened(&a, TAP), 0);
    assert_int_equal(opened(&b, TAP), -EBUSY);
    assert_string_equal(b.why, "tap:" TAP ": busy: another program holds this TAP");
    kernel_lab_close(&b);
    kernel_lab_close(&a);
}

/* A child, for what it gives up it does not get back. Either the device or the TAP is
 * refused, as the device file's rights are here. */
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
        int rc = opened(&b, TAP);
        _exit((rc == -EPERM || rc == -EACCES || rc == -ENODEV) && b.why[0] ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_privilege),   /* first: the others may gain the right */
        cmocka_unit_test(test_made_and_gone),
        cmocka_unit_test(test_attached_to),
        cmocka_unit_test(test_goes_down),
        cmocka_unit_test(test_is_deleted),
        cmocka_unit_test(test_mtu_too_large),
        cmocka_unit_test(test_what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
