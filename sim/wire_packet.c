/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_packet.c - AF_PACKET on an interface: the far side is the kernel and what
 * it is connected to. packet(7).
 *
 * Frames must be complete. Where the sender left the checksum to hardware that
 * does not exist, or sent a segment larger than a frame, the run fails with the
 * line that mends it; nothing is mended here.
 */
#define _GNU_SOURCE
#include "sim/wire_kernel.h"

#include <errno.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ADDR_BYTES 12u      /* DA and SA, before the tag */
#define TAG_BYTES KERNEL_HEAD_BYTES
#define SOCKET_BYTES (4 << 20)

/* --- to the kernel ---------------------------------------------------------- */

static void packet_send(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    struct wire_kernel *k = (struct wire_kernel *)wf;
    if (send(k->fd, frame, len, MSG_DONTWAIT) != (ssize_t)len)
        wire_kernel_refused(k, errno);
}

/* --- from the kernel --------------------------------------------------------- */

static const struct tpacket_auxdata *auxdata(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
            return (const void *)CMSG_DATA(c);
    return NULL;
}

/* The kernel takes the outer tag out of each frame: put it back. Returns where the
 * frame begins now, TAG_BYTES earlier. */
static uint8_t *tag_insert(uint8_t *frame, const struct tpacket_auxdata *aux)
{
    bool tpid_known = aux->tp_status & TP_STATUS_VLAN_TPID_VALID;
    uint16_t tag[2] = { htons(tpid_known ? aux->tp_vlan_tpid : ETH_P_8021Q),
                        htons(aux->tp_vlan_tci) };
    memmove(frame - TAG_BYTES, frame, ADDR_BYTES);
    memcpy(frame - TAG_BYTES + ADDR_BYTES, tag, TAG_BYTES);
    return frame - TAG_BYTES;
}

static void packet_arrived(struct wire_kernel *k, size_t len, const struct tpacket_auxdata *aux)
{
    uint8_t *frame = k->buf + TAG_BYTES;
    if (aux && aux->tp_status & TP_STATUS_CSUMNOTREADY) {
        wire_fail(&k->wf.w, "packet:%s: a frame came with an unfinished checksum; at the sender's "
                  "end: ethtool -K IF tx off tso off gso off", k->ifname);
        return;
    }
    if (aux && aux->tp_status & TP_STATUS_VLAN_VALID && len >= ADDR_BYTES) {
        frame = tag_insert(frame, aux);
        len += TAG_BYTES;
    }
    (void)wire_frames_arrived(&k->wf, frame, len);
}

static ssize_t packet_read(struct wire_kernel *k)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
    struct iovec iov = { .iov_base = k->buf + TAG_BYTES, .iov_len = KERNEL_READ_BYTES };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                          .msg_controllen = sizeof control };
    ssize_t len = recvmsg(k->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
    if (len < 0)
        return -errno;
    if (len > 0)
        packet_arrived(k, (size_t)len, auxdata(&msg));
    return len;
}

static const struct wire_ops ops = WIRE_KERNEL_OPS("packet");

/* --- opening ----------------------------------------------------------------- */

/* Everything before bind(): from then on frames come. */
static int socket_options(int fd, int index)
{
    const int on = 1, bytes = SOCKET_BYTES;
    const struct packet_mreq promisc = { .mr_ifindex = index, .mr_type = PACKET_MR_PROMISC };

    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof promisc) < 0)
        return -errno;
    /* Larger buffers are a wish: the kernel may grant less. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return 0;
}

static int packet_bind(struct wire_kernel *k, char *why)
{
    int index = 0;
    bool up = false;
    int rc = wire_kernel_find(k->fd, k->ifname, &index, &up);
    if (rc < 0) {
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", k->ifname,
                       rc == -ENODEV ? "there is no such interface" : strerror(-rc));
        return rc;
    }
    if (!up) {
        (void)snprintf(why, WIRE_WHY_BYTES, KERNEL_DOWN, "packet", k->ifname, k->ifname);
        return -ENODEV;
    }
    struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                               .sll_ifindex = index };
    rc = socket_options(k->fd, index);
    if (rc == 0 && bind(k->fd, (const struct sockaddr *)&sll, sizeof sll) < 0)
        rc = -errno;
    if (rc < 0)
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", k->ifname, strerror(-rc));
    return rc;
}

static int packet_open(struct wire_kernel *k, char *why)
{
    /* Protocol 0: no frame of any interface comes before bind(). */
    k->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (k->fd < 0) {
        int rc = -errno;
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", k->ifname, rc == -EPERM
                       ? "not allowed: needs CAP_NET_RAW (root, or unshare -Urn)" : strerror(-rc));
        return rc;
    }
    return packet_bind(k, why);
}

int wire_packet_open(struct wire **out, struct world *w, const char *ifname, char *why)
{
    struct wire_kernel *k;
    int rc = wire_kernel_create(&k, &ops, w, ifname, packet_send, packet_read, why);
    if (rc == 0)
        rc = packet_open(k, why);
    return wire_kernel_opened(out, k, rc);
}
