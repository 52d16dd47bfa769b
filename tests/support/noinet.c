/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noinet.c - run a program that dies if it asks the kernel for an Internet socket.
 *
 *     noinet PROGRAM [ARG...]
 *
 * socket(AF_INET) and socket(AF_INET6) kill the process (SIGSYS, seen by a shell as
 * 159), io_uring, which could make one without that call, answers ENOSYS, and the
 * other system call tables of the machine (x32, i386) kill too. What such a program
 * still fetches went through the RTL. AF_UNIX, AF_PACKET and AF_NETLINK stay.
 *
 * Exit: the program's own; 3 when the filter or the program cannot be had.
 * Source: seccomp(2), Linux Documentation/userspace-api/seccomp_filter.rst.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "name the AUDIT_ARCH of this machine here"
#endif

#define X32_BIT 0x40000000u /* x86-64: the other table under the same AUDIT_ARCH */

#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define IF_EQ(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define IF_GE(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(value), yes, no)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (uint32_t)(action))

/* args[0] is 64 bits; the kernel takes the low 32 as the domain, and so does this
 * (little endian: they stand first). */
static int install(void)
{
    struct sock_filter filter[] = {
        LOAD(arch),
        IF_EQ(NATIVE_ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        IF_GE(X32_BIT, 5, 0),
        IF_EQ(__NR_io_uring_setup, 6, 0),
        IF_EQ(__NR_socket, 0, 4),
        LOAD(args[0]),
        IF_EQ(AF_INET, 1, 0),
        IF_EQ(AF_INET6, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    };
    const struct sock_fprog program = {
        .len = sizeof(filter) / sizeof(filter[0]),
        .filter = filter,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: noinet PROGRAM [ARG...]\n");
        return 3;
    }
    if (install() < 0) {
        fprintf(stderr, "noinet: no seccomp filter here: %s\n", strerror(errno));
        return 3;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "noinet: %s: %s\n", argv[1], strerror(errno));
    return 3;
}
