/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_in.c - libpcap, and beside it a walk over the blocks of a pcapng file for two things
 * that it keeps to itself. Both see the packets in the order of the file. The walk judges
 * nothing: where a block makes no sense it ends, and libpcap says what is wrong.
 */
#define _DEFAULT_SOURCE     /* for pcap.h */
#include "sim/pcap_in.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK_SHB 0x0A0D0D0Au
#define BLOCK_IDB 1u
#define BLOCK_PB 2u             /* obsolete */
#define BLOCK_SPB 3u
#define BLOCK_EPB 6u
#define BLOCK_FRAME_BYTES 12u   /* type, length, and length again at the end */
#define IDB_FIXED_BYTES 8u
#define EPB_FIXED_BYTES 20u
#define OPTION_HEAD_BYTES 4u
#define IF_FCSLEN 13u
#define EPB_FLAGS 2u
#define FLAGS_OUTWARD 2u        /* epb_flags, bits 0 and 1 */
#define FLAGS_FCS_SHIFT 5       /* bits 5 to 8: FCS length in octets, 0: not known */
#define FCS_BYTES 4u
#define FCS_BITS 32u            /* some writers count bits in if_fcslen */
#define INTERFACES_MAX 256u
#define OPTIONS_MAX_BYTES 4096u /* more are not looked at */
/* draft-ietf-opsawg-pcap 4: FCS length in units of 16 bits. */
#define CLASSIC_FCS_UNITS 2
/* Far from where nanoseconds no longer fit. */
#define SECONDS_MAX 9000000000

struct walk {
    FILE *f;                    /* NULL: no pcapng, or the walk is over */
    off_t next;                 /* where the next block begins */
    bool big_endian;
    unsigned interfaces;
    uint8_t fcs_len[INTERFACES_MAX];
};

struct pcap_in {
    pcap_t *pcap;
    unsigned classic_fcs;       /* octets, of a file that is no pcapng */
    struct walk walk;
    uint64_t number;            /* of the frame read last, from 1 */
};

/* --- the walk ------------------------------------------------------------------ */

static uint32_t get(const struct walk *w, const uint8_t *b, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | b[w->big_endian ? i : bytes - 1 - i];
    return v;
}

/* The value of option @code, of @bytes octets, among those at @at in the file. */
static bool option(const struct walk *w, off_t at, uint32_t len, uint32_t code, unsigned bytes,
                   uint32_t *value)
{
    uint8_t b[OPTIONS_MAX_BYTES];
    size_t n = len < sizeof b ? len : sizeof b;
    if (fseeko(w->f, at, SEEK_SET) != 0)
        return false;
    n = fread(b, 1, n, w->f);
    for (size_t i = 0; i + OPTION_HEAD_BYTES <= n;) {
        uint32_t c = get(w, b + i, 2), l = get(w, b + i + 2, 2);
        if (c == 0)
            return false;
        i += OPTION_HEAD_BYTES;
        if (c == code && l == bytes && i + l <= n) {
            *value = get(w, b + i, bytes);
            return true;
        }
        i += (l + 3u) & ~3u;
    }
    return false;
}

static void add_interface(struct walk *w, off_t body, uint32_t len)
{
    uint32_t fcs = 0;
    if (w->interfaces == INTERFACES_MAX)
        return;
    if (len > IDB_FIXED_BYTES)
        (void)option(w, body + IDB_FIXED_BYTES, len - IDB_FIXED_BYTES, IF_FCSLEN, 1, &fcs);
    w->fcs_len[w->interfaces++] = (uint8_t)(fcs == FCS_BITS ? FCS_BYTES : fcs);
}

/* @id: of the interface. */
static unsigned interface_fcs(const struct walk *w, uint32_t id)
{
    return id < w->interfaces ? w->fcs_len[id] : 0;
}

static void enhanced(struct walk *w, off_t body, uint32_t len, unsigned *fcs, bool *outward)
{
    uint8_t b[EPB_FIXED_BYTES];
    uint32_t flags;
    if (len < sizeof b || fseeko(w->f, body, SEEK_SET) != 0 || fread(b, sizeof b, 1, w->f) != 1)
        return;
    uint64_t data = ((uint64_t)get(w, b + 12, 4) + 3u) & ~3ull, skip = sizeof b + data;
    *fcs = interface_fcs(w, get(w, b, 4));
    if (skip >= len || !option(w, body + (off_t)skip, len - (uint32_t)skip, EPB_FLAGS, 4, &flags))
        return;
    *outward = (flags & 3u) == FLAGS_OUTWARD;
    if (flags >> FLAGS_FCS_SHIFT & 15u)
        *fcs = flags >> FLAGS_FCS_SHIFT & 15u;
}

/* Go on behind the next block that holds a frame, and tell of it. */
static void walk_frame(struct walk *w, unsigned *fcs, bool *outward)
{
    uint8_t b[BLOCK_FRAME_BYTES];
    while (w->f && fseeko(w->f, w->next, SEEK_SET) == 0 && fread(b, sizeof b, 1, w->f) == 1) {
        uint32_t type = get(w, b, 4);
        if (type == BLOCK_SHB) {    /* the same in either order; the order stands in the body */
            w->big_endian = b[8] == 0x1A;
            w->interfaces = 0;
        }
        uint32_t len = get(w, b + 4, 4);
        off_t body = w->next + 8;
        if (len < BLOCK_FRAME_BYTES || len % 4)
            return;
        w->next += len;
        len -= BLOCK_FRAME_BYTES;
        if (type == BLOCK_IDB)
            add_interface(w, body, len);
        else if (type == BLOCK_EPB)
            enhanced(w, body, len, fcs, outward);
        else if (type == BLOCK_SPB || type == BLOCK_PB)
            *fcs = interface_fcs(w, type == BLOCK_SPB ? 0 : get(w, b + 8, 2));
        if (type == BLOCK_EPB || type == BLOCK_SPB || type == BLOCK_PB)
            return;
    }
}

/* --- the file ------------------------------------------------------------------ */

static int say(char *why, int rc, const char *path, const char *what)
{
    size_t n = strlen(path);
    (void)snprintf(why, PCAP_IN_WHY_BYTES, "pcap:%s: %.90s", n > 50 ? path + n - 50 : path, what);
    return rc;
}

/* Twice open, so that libpcap and the walk have a place each: not a pipe. */
static FILE *file_open(const char *path, int *rc)
{
    struct stat st;
    *rc = stat(path, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
    FILE *f = *rc == 0 ? fopen(path, "rbe") : NULL;
    if (*rc == 0 && !f)
        *rc = -errno;
    return f;
}

static int classic_open(struct pcap_in *p, const char *path, char *why)
{
    int ext = pcap_datalink_ext(p->pcap);
    unsigned units = LT_FCS_LENGTH_PRESENT(ext) ? (unsigned)ext >> 28 : 0;
    if (units != 0 && units != CLASSIC_FCS_UNITS)
        return say(why, -EINVAL, path, "the FCS of its frames is not one of 4 octets");
    p->classic_fcs = units ? FCS_BYTES : 0;
    return 0;
}

static int both_open(struct pcap_in *p, const char *path, char *why)
{
    char error[PCAP_ERRBUF_SIZE];
    uint8_t magic[4];
    int rc;
    FILE *f = file_open(path, &rc);
    if (!f)
        return say(why, rc, path, rc == -EINVAL ? "not a regular file" : strerror(-rc));
    bool ng = fread(magic, sizeof magic, 1, f) == 1 && memcmp(magic, "\n\r\r\n", 4) == 0;
    rewind(f);
    p->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, error);
    if (!p->pcap) {
        (void)fclose(f);
        return say(why, -EINVAL, path, error);
    }
    if (pcap_datalink(p->pcap) != DLT_EN10MB)
        return say(why, -EINVAL, path, "its frames are not Ethernet");
    if (!ng)
        return classic_open(p, path, why);
    p->walk.f = file_open(path, &rc);
    return p->walk.f ? 0 : say(why, rc, path, strerror(-rc));
}

int pcap_in_open(struct pcap_in **out, const char *path, char *why)
{
    struct pcap_in *p = calloc(1, sizeof *p);
    if (!p)
        return say(why, -ENOMEM, path, "out of memory");
    int rc = both_open(p, path, why);
    if (rc < 0) {
        pcap_in_close(p);
        return rc;
    }
    *out = p;
    return 0;
}

int pcap_in_next(struct pcap_in *p, struct pcap_in_frame *f, char *why)
{
    struct pcap_pkthdr *head;
    unsigned fcs = p->classic_fcs;
    *f = (struct pcap_in_frame){ 0 };
    int rc = pcap_next_ex(p->pcap, &head, &f->data);
    if (rc == PCAP_ERROR_BREAK)
        return 0;
    p->number++;
    const char *what = rc != 1 ? pcap_geterr(p->pcap) : NULL;
    if (!what && (head->ts.tv_sec > SECONDS_MAX || head->ts.tv_sec < -SECONDS_MAX))
        what = "its time is out of range";
    if (!what)
        walk_frame(&p->walk, &fcs, &f->outward);
    if (!what && fcs != 0 && fcs != FCS_BYTES)
        what = "its FCS is not one of 4 octets";
    if (what) {
        (void)snprintf(why, PCAP_IN_WHY_BYTES, "frame %llu: %.100s",
                       (unsigned long long)p->number, what);
        return -EINVAL;
    }
    f->t_ns = (int64_t)head->ts.tv_sec * 1000000000 + head->ts.tv_usec;
    f->stored = head->caplen;
    f->len = head->len;
    f->fcs = fcs != 0;
    return 1;
}

void pcap_in_close(struct pcap_in *p)
{
    if (!p)
        return;
    if (p->pcap)
        pcap_close(p->pcap);
    if (p->walk.f)
        (void)fclose(p->walk.f);
    free(p);
}
