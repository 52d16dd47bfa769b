/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files (--wire pcap:): whatever the file holds, reading it ends, with frames that lie in
 * it, an end or one line; and a file that was cut has the same frames as far as it goes. FCS and
 * direction in a pcapng file are what a naive walk over its blocks finds. */
#include "tests/fuzz/memfile.h"

#include "sim/pcap_in.h"

#include <errno.h>

#define FRAMES_MAX 512u         /* more are not looked at: the least takes 16 bytes */

struct seen {
    int64_t t_ns;
    size_t stored, len;
    bool fcs, outward;
    uint32_t sum;
};

struct list {
    unsigned n;
    int end;                    /* 0, or how reading failed */
    struct seen frame[FRAMES_MAX];
};

static void check_line(const char *why)
{
    const char *end = memchr(why, '\0', PCAP_IN_WHY_BYTES);
    assert(end && end != why && !strchr(why, '\n'));
}

static void note(struct seen *s, const struct pcap_in_frame *f, size_t size)
{
    *s = (struct seen){ f->t_ns, f->stored, f->len, f->fcs, f->outward, 0 };
    assert(f->stored <= size);
    for (size_t i = 0; i < f->stored; i++)
        s->sum = s->sum * 31 + f->data[i];
}

static void read_all(struct list *l, const uint8_t *data, size_t size)
{
    char path[MEMFILE_PATH_BYTES], why[PCAP_IN_WHY_BYTES];
    struct pcap_in_frame f;
    struct pcap_in *p;
    int fd = memfile(data, size, path);
    memset(why, 1, sizeof(why));
    l->n = 0;
    l->end = pcap_in_open(&p, path, why);
    assert(l->end == 0 || l->end == -EINVAL);
    if (l->end == 0) {
        while (l->n < FRAMES_MAX && (l->end = pcap_in_next(p, &f, why)) == 1)
            note(&l->frame[l->n++], &f, size);
        assert(l->end == 0 || l->end == -EINVAL || l->n == FRAMES_MAX);
        pcap_in_close(p);
    }
    if (l->end == -EINVAL)
        check_line(why);
    close(fd);
}

/* --- the twin ------------------------------------------------------------------------ */

/* A pcapng file, and its section so far. */
struct walk {
    const uint8_t *b;
    size_t n;
    bool big;
    unsigned interfaces;
    uint8_t fcs[256];
};

/* @bytes octets at @at as a number; behind the end of the file there are zeros. */
static uint32_t at(const struct walk *w, size_t at, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        size_t k = at + (w->big ? i : bytes - 1 - i);
        v = v << 8 | (k < w->n ? w->b[k] : 0);
    }
    return v;
}

/* The first option @code of @bytes octets between @from and @to; @none if there is none. */
static uint32_t twin_option(const struct walk *w, size_t from, size_t to, uint32_t code,
                            unsigned bytes, uint32_t none)
{
    while (from + 4 <= to && at(w, from, 2) != 0) {
        uint32_t len = at(w, from + 2, 2);
        if (at(w, from, 2) == code && len == bytes && from + 4 + len <= to)
            return at(w, from + 4, bytes);
        from += 4 + (len + 3) / 4 * 4;
    }
    return none;
}

static void twin_interface(struct walk *w, size_t body, size_t end)
{
    uint32_t fcs = twin_option(w, body + 8, end, 13, 1, 0);
    if (w->interfaces < 256)
        w->fcs[w->interfaces++] = fcs == 32 ? 4 : (uint8_t)fcs;    /* some writers count bits */
}

/* Does frame @f of an enhanced block have what it says? */
static void check_enhanced(const struct walk *w, const struct seen *f, size_t body, size_t end)
{
    uint32_t id = at(w, body, 4), fcs = id < w->interfaces ? w->fcs[id] : 0;
    uint32_t flags = twin_option(w, body + 20 + (at(w, body + 12, 4) + 3ull) / 4 * 4, end, 2, 4, 0);
    if (flags >> 5 & 15)
        fcs = flags >> 5 & 15;
    assert(f->outward == ((flags & 3) == 2) && f->fcs == (fcs != 0));
}

/* All frames of @l, which libpcap found in these bytes. */
static void check_walk(const struct list *l, const uint8_t *data, size_t size)
{
    struct walk w = { .b = data, .n = size };
    size_t next = 0;
    for (unsigned i = 0; i < l->n && next + 12 <= size;) {
        uint32_t type = at(&w, next, 4);
        if (type == 0x0A0D0D0A) {
            w.big = data[next + 8] == 0x1A;
            w.interfaces = 0;
        }
        size_t len = at(&w, next + 4, 4), body = next + 8;
        if (len < 12 || len % 4)
            return;
        next += len;
        if (type == 1)
            twin_interface(&w, body, next - 4);
        else if (type == 6)
            check_enhanced(&w, &l->frame[i++], body, next - 4);
        else if (type == 2 || type == 3)
            i++;
    }
}

/* --- the harness --------------------------------------------------------------------- */

static bool same(const struct seen *a, const struct seen *b)
{
    return a->t_ns == b->t_ns && a->stored == b->stored && a->len == b->len && a->fcs == b->fcs &&
           a->outward == b->outward && a->sum == b->sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct list *all = malloc(sizeof(*all)), *cut = malloc(sizeof(*cut));
    assert(all && cut);
    read_all(all, data, size);
    if (size > 12 && !memcmp(data, "\n\r\r\n", 4))
        check_walk(all, data, size);
    read_all(cut, data, size - size / 4);
    assert(cut->n <= all->n);
    for (unsigned i = 0; i < cut->n; i++)
        assert(same(&all->frame[i], &cut->frame[i]));
    free(cut);
    free(all);
    return 0;
}
