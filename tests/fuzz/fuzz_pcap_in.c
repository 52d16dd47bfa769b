/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files (--wire pcap:): whatever the file holds, reading it ends, with frames that lie in
 * it, an end or one line; and a file that was cut has the same frames as far as it goes. */
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
    read_all(cut, data, size - size / 4);
    assert(cut->n <= all->n);
    for (unsigned i = 0; i < cut->n; i++)
        assert(same(&all->frame[i], &cut->frame[i]));
    free(cut);
    free(all);
    return 0;
}
