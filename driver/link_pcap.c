/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_pcap.c - a capture round a link. Format: "classic" pcap, magic a1b23c4d for
 * nanoseconds (draft-ietf-opsawg-pcap, 4 and 5), always little endian.
 */
#include "driver/link_pcap.h"

#include "driver/be.h"
#include "driver/pkt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKTYPE_ETHERNET 1u
#define NS_PER_S 1000000000

struct pcap_file_wire {
    struct le32 magic;
    struct le16 major, minor;
    struct le32 thiszone, sigfigs, snaplen, linktype;
};
struct pcap_rec_wire { struct le32 sec, nsec, caplen, len; };
_Static_assert(sizeof(struct pcap_file_wire) == 24, "file header");
_Static_assert(sizeof(struct pcap_rec_wire) == 16, "packet header");

struct link_pcap {
    struct link base;
    struct link *inner;
    struct link_ops ops;    /* ours, under the inner link's name: errors show it */
    FILE *file;             /* NULL after the first failure */
    int64_t now_ns;
    uint64_t lost;
    uint64_t buffered;      /* records that stdio holds, so that they can be lost yet */
    uint8_t copy[PKT_LARGE_BYTES];
};

static struct link_pcap *self(const struct link *l)
{
    return (struct link_pcap *)(uintptr_t)(const void *)l;
}

/* Half a record would hide all that follows: after a failure nothing is written. */
static void file_failed(struct link_pcap *c)
{
    fclose(c->file);
    c->file = NULL;
    c->lost += c->buffered;
    c->buffered = 0;
}

/* One frame, at the time of the last poll: the link knows no finer one. */
static void record(struct link_pcap *c, const uint8_t *frame, uint32_t len)
{
    const struct pcap_rec_wire w = {
        .sec = le32_put((uint32_t)(c->now_ns / NS_PER_S)),
        .nsec = le32_put((uint32_t)(c->now_ns % NS_PER_S)),
        .caplen = le32_put(len),
        .len = le32_put(len),
    };
    if (!c->file) {
        c->lost++;
        return;
    }
    c->buffered++;
    if (fwrite(&w, sizeof w, 1, c->file) != 1 || fwrite(frame, 1, len, c->file) != len)
        file_failed(c);
}

/* At each poll, so that a capture is complete to the last one if the program dies. */
static void flush(struct link_pcap *c)
{
    if (!c->buffered)
        return;
    if (fflush(c->file))
        file_failed(c);
    c->buffered = 0;
}

/* One by one: a packet that the inner link took may be gone when it returns, and one
 * that it refused has not crossed. So the bytes are kept until the answer is known. */
static int pcap_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct link_pcap *c = self(l);

    for (unsigned i = 0; i < n; i++) {
        uint32_t len = pkts[i]->len;
        memcpy(c->copy, pkt_data(pkts[i]), len);
        int took = c->inner->ops->tx(c->inner, pkts + i, 1);
        if (took <= 0)
            return i ? (int)i : took;   /* an error comes again next time */
        record(c, c->copy, len);
    }
    return (int)n;
}

/* What the inner link gives is the caller's: looked at, not changed. */
static int pcap_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct link_pcap *c = self(l);
    int got = c->inner->ops->rx(c->inner, pkts, n);
    for (int i = 0; i < got; i++)
        record(c, pkt_data(pkts[i]), pkts[i]->len);
    return got;
}

/* The time is kept for the records of what crosses until the next poll. */
static int pcap_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    flush(self(l));
    self(l)->now_ns = now_ns;
    return self(l)->inner->ops->poll(self(l)->inner, now_ns, next_ns);
}

/* The rest is the inner link's. */
static int pcap_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    return self(l)->inner->ops->reg_submit(self(l)->inner, tag, addr, value, write);
}

static int pcap_event(struct link *l, struct link_event *ev)
{
    return self(l)->inner->ops->event(self(l)->inner, ev);
}

static int pcap_fd(struct link *l)
{
    return self(l)->inner->ops->fd(self(l)->inner);
}

static int pcap_dma_map(struct link *l, void *base, size_t bytes)
{
    return self(l)->inner->ops->dma_map(self(l)->inner, base, bytes);
}

static struct link_caps pcap_caps(struct link *l)
{
    return self(l)->inner->ops->caps(self(l)->inner);
}

static void pcap_stats(struct link *l, struct link_stats *out)
{
    self(l)->inner->ops->stats(self(l)->inner, out);
}

/* The inner link first: it may still release packets, but nothing crosses any more. */
static void pcap_close(struct link *l)
{
    struct link_pcap *c = self(l);
    c->inner->ops->close(c->inner);
    if (c->file)
        fclose(c->file);
    free(c);
}

static const struct link_ops pcap_ops = {
    .tx = pcap_tx,
    .rx = pcap_rx,
    .reg_submit = pcap_reg_submit,
    .event = pcap_event,
    .poll = pcap_poll,
    .fd = pcap_fd,
    .dma_map = pcap_dma_map,
    .caps = pcap_caps,
    .stats = pcap_stats,
    .close = pcap_close,
};

/* Returns the new file with its header written, NULL with *err. */
static FILE *file_begin(const char *path, int *err)
{
    const struct pcap_file_wire w = {
        .magic = le32_put(0xA1B23C4D),
        .major = le16_put(2),
        .minor = le16_put(4),
        .snaplen = le32_put(PKT_LARGE_BYTES),
        .linktype = le32_put(LINKTYPE_ETHERNET),
    };
    FILE *file = NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd >= 0)
        file = fdopen(fd, "wb");
    if (file && fwrite(&w, sizeof w, 1, file) == 1 && fflush(file) == 0)
        return file;
    *err = errno ? -errno : -EIO;
    if (file)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    return NULL;
}

int link_pcap_open(struct link **out, struct link *inner, const char *path)
{
    int err = -ENOMEM;
    struct link_pcap *c = calloc(1, sizeof *c);

    if (c)
        c->file = file_begin(path, &err);
    if (!c || !c->file) {
        free(c);
        inner->ops->close(inner);
        return err;
    }
    c->ops = pcap_ops;
    c->ops.name = inner->ops->name;
    c->base.ops = &c->ops;
    c->inner = inner;
    *out = &c->base;
    return 0;
}

uint64_t link_pcap_lost(const struct link *l)
{
    return self(l)->lost;
}
