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
#include "sim/wire_frames.h"

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
#define TAG_BYTES 4u
#define SOCKET_BYTES (4 << 20)
/* Larger than any segment a kernel hands out, so that its length is seen. */
#define READ_BYTES (66u << 10)

struct wire_packet {
    struct wire_frames wf;      /* first */
    int fd;
    char ifname[IFNAMSIZ];
    uint8_t buf[TAG_BYTES + READ_BYTES];
};

static struct wire_packet *packet_of(struct wire *w)
{
    return (struct wire_packet *)w;
}

/* --- to the kernel ---------------------------------------------------------- */

static void packet_send(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    struct wire_packet *p = (struct wire_packet *)wf;
    if (send(p->fd, frame, len, MSG_DONTWAIT) == (ssize_t)len)
        return;
    wf->w.stats.far_send_errors++;
    if (errno == ENETDOWN || errno == ENXIO || errno == ENODEV)
        wire_fail(&wf->w, "packet:%s: the interface went down", p->ifname);
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

static void packet_arrived(struct wire_packet *p, size_t len, const struct tpacket_auxdata *aux)
{
    uint8_t *frame = p->buf + TAG_BYTES;
    if (aux && aux->tp_status & TP_STATUS_CSUMNOTREADY) {
        wire_fail(&p->wf.w, "packet:%s: a frame came with an unfinished checksum; at the sender's "
                  "end: ethtool -K IF tx off tso off gso off", p->ifname);
        return;
    }
    if (aux && aux->tp_status & TP_STATUS_VLAN_VALID && len >= ADDR_BYTES) {
        frame = tag_insert(frame, aux);
        len += TAG_BYTES;
    }
    (void)wire_frames_arrived(&p->wf, frame, len);
}

/* Returns the length, 0 if there is nothing (more), -errno. */
static ssize_t packet_read(struct wire_packet *p)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
    struct iovec iov = { .iov_base = p->buf + TAG_BYTES, .iov_len = READ_BYTES };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                          .msg_controllen = sizeof control };
    ssize_t len = recvmsg(p->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (len > 0)
        packet_arrived(p, (size_t)len, auxdata(&msg));
    return len;
}

/* What the NIC cannot take yet stays in the socket. */
static int packet_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms)
{
    (void)timeout_ms;
    if (max < 1 || frame_feed_room(packet_of(w)->wf.feed) == 0)
        return 0;
    fds[0] = (struct pollfd){ .fd = packet_of(w)->fd, .events = POLLIN };
    return 1;
}

static void packet_ready(struct wire *w, struct pollfd *fds, int n)
{
    struct wire_packet *p = packet_of(w);
    if (n < 1 || !fds[0].revents)
        return;
    ssize_t rc = 1;
    while (rc > 0 && !w->error[0] && frame_feed_room(p->wf.feed) > 0)
        rc = packet_read(p);
    if (rc < 0)
        wire_fail(w, "packet:%s: %s", p->ifname,
                  rc == -ENETDOWN ? "the interface went down" : strerror((int)-rc));
}

static void packet_close(struct wire *w)
{
    struct wire_packet *p = packet_of(w);
    if (p->fd >= 0)
        (void)close(p->fd);
    wire_frames_fini(&p->wf);
    free(p);
}

static const struct wire_ops ops = {
    .name = "packet",
    .out = wire_frames_out,
    .in = wire_frames_in,
    .in_next = wire_frames_in_next,
    .pollfds = packet_pollfds,
    .ready = packet_ready,
    .close = packet_close,
};

/* --- opening ----------------------------------------------------------------- */

/* By the packet socket itself: the library's if_nametoindex() may open an AF_INET
 * one, which a process that proves to have no such socket must not do. */
static int interface_find(int fd, const char *ifname, int *index, bool *up)
{
    struct ifreq ifr = { 0 };
    memcpy(ifr.ifr_name, ifname, strlen(ifname));
    if (ioctl(fd, SIOCGIFINDEX, &ifr) < 0)
        return -errno;
    *index = ifr.ifr_ifindex;
    if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
        return -errno;
    *up = ifr.ifr_flags & IFF_UP;
    return 0;
}

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

static int packet_bind(struct wire_packet *p, char *why)
{
    int index = 0;
    bool up = false;
    int rc = interface_find(p->fd, p->ifname, &index, &up);
    if (rc < 0) {
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", p->ifname,
                       rc == -ENODEV ? "there is no such interface" : strerror(-rc));
        return rc;
    }
    if (!up) {
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: the interface is down; "
                       "ip link set %s up", p->ifname, p->ifname);
        return -ENODEV;
    }
    struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                               .sll_ifindex = index };
    rc = socket_options(p->fd, index);
    if (rc == 0 && bind(p->fd, (const struct sockaddr *)&sll, sizeof sll) < 0)
        rc = -errno;
    if (rc < 0)
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", p->ifname, strerror(-rc));
    return rc;
}

static int packet_open(struct wire_packet *p, const char *ifname, char *why)
{
    if (strlen(ifname) >= sizeof p->ifname) {
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%.40s: there is no such interface", ifname);
        return -ENODEV;
    }
    memcpy(p->ifname, ifname, strlen(ifname));
    /* Protocol 0: no frame of any interface comes before bind(). */
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->fd < 0) {
        int rc = -errno;
        (void)snprintf(why, WIRE_WHY_BYTES, "packet:%s: %s", ifname, rc == -EPERM
                       ? "not allowed: needs CAP_NET_RAW (root, or unshare -Urn)" : strerror(-rc));
        return rc;
    }
    return packet_bind(p, why);
}

int wire_packet_open(struct wire **out, struct world *w, const char *ifname, char *why)
{
    struct wire_packet *p = calloc(1, sizeof *p);
    if (!p || wire_frames_init(&p->wf, &ops, w, packet_send) < 0) {
        free(p);
        (void)snprintf(why, WIRE_WHY_BYTES, "packet: out of memory");
        return -ENOMEM;
    }
    p->fd = -1;
    int rc = packet_open(p, ifname, why);
    if (rc < 0) {
        packet_close(&p->wf.w);
        return rc;
    }
    *out = &p->wf.w;
    return 0;
}
