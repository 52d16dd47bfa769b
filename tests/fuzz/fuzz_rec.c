/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record stream (driver/rec.c): the input makes a stream, as it stands or as records with
 * right checks, which arrives in pieces of any size. What is found must be what the twin finds,
 * which has the whole stream at once; a frame sent on must arrive again; without packets
 * nothing else changes.
 */
#include "driver/rec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/rec_twin.h"

#include <errno.h>

#define MAX_LENGTH 600u
#define STREAM_BYTES 12000u     /* above 8 bytes for each finding that the twin has room for */

struct seen {
    struct rec_twin_found found[REC_TWIN_FOUND_MAX];
    unsigned n;
};

/* --- the stream ------------------------------------------------------------------- */

static void add_record(struct rec_twin_stream *s, struct fuzz_in *in)
{
    uint8_t type = fuzz_u8(in) % 10, flags = fuzz_u8(in), body[MAX_LENGTH + 8] = { 0 };
    uint16_t tag = fuzz_u16(in);
    uint32_t length = fuzz_u16(in) % sizeof(body);
    size_t n;
    const uint8_t *from = fuzz_take(in, length, &n);
    memcpy(body, from, n);
    rec_twin_rec(s, type, flags, tag, body, length);
}

static void add_raw(struct rec_twin_stream *s, struct fuzz_in *in, size_t max)
{
    size_t n;
    const uint8_t *raw = fuzz_take(in, max, &n);
    rec_twin_bytes(s, raw, n);
}

static void make_stream(struct rec_twin_stream *s, struct fuzz_in *in)
{
    s->n = 0;
    if (fuzz_u8(in) % 2)
        add_raw(s, in, STREAM_BYTES);
    while (in->left > 0 && s->n < STREAM_BYTES) {
        uint8_t what = fuzz_u8(in) % 4;
        if (what == 0)
            add_raw(s, in, 1 + fuzz_u8(in) % 16);
        else if (what == 1)
            rec_twin_bytes(s, rec_twin_sync, sizeof(rec_twin_sync));
        else
            add_record(s, in);
    }
}

/* --- receiving -------------------------------------------------------------------- */

/* A received frame goes out again and comes back the same. */
static void send_on(struct pkt_pool *pool, struct pkt *p)
{
    struct rec_rx rx;
    struct virtio_net_hdr_v1 vnet = pkt_vnet(p);
    uint32_t len = p->len, sum = rec_twin_mix(pkt_data(p), len);
    uint16_t tag = p->tag;
    size_t used;
    rec_rx_init(&rx, pool, MAX_LENGTH);
    assert(rec_rx_push(&rx, rec_twin_sync, sizeof(rec_twin_sync), &used) == REC_SYNC);
    assert(rec_emit_frame(p) == 0);
    assert(rec_rx_push(&rx, pkt_data(p), p->len, &used) == REC_FRAME && used == p->len);
    struct pkt *q = rec_rx_take(&rx);
    struct virtio_net_hdr_v1 back = pkt_vnet(q);
    assert(q->len == len && q->tag == tag && rec_twin_mix(pkt_data(q), len) == sum);
    assert(!memcmp(&vnet, &back, sizeof(vnet)));
    pkt_release(q);
}

static void note(struct seen *s, struct rec_rx *rx, enum rec_found what, struct pkt_pool *pool)
{
    struct rec_twin_found f = { .what = what };
    struct link_event ev;
    if (what == REC_FRAME) {
        struct pkt *p = rec_rx_take(rx);
        f = (struct rec_twin_found){ what, LY_REC_FRAME, p->tag, p->len,
                                     rec_twin_mix(pkt_data(p), p->len) };
        send_on(pool, p);
        pkt_release(p);
    } else if (what == REC_CONTROL) {
        f = (struct rec_twin_found){ what, rx->hdr.type, rx->hdr.tag, rx->hdr.length,
                                     rec_twin_mix(rx->body, rx->hdr.length) };
        int rc = rec_rx_event(rx, &ev);
        assert(rc == -ENOENT || (rc == 0 && ev.tag == f.tag));
    }
    assert(s->n < REC_TWIN_FOUND_MAX);
    s->found[s->n++] = f;
}

static void receive(struct seen *s, struct pkt_pool *pool, const struct rec_twin_stream *stream,
                    uint64_t cuts)
{
    struct rec_rx rx;
    size_t used;
    s->n = 0;
    rec_rx_init(&rx, pool, MAX_LENGTH);
    for (size_t at = 0; at < stream->n;) {
        size_t piece = 1 + (cuts ? rec_twin_rnd(&cuts) % 40 : stream->n);
        size_t end = stream->n - at < piece ? stream->n : at + piece;
        while (at < end) {
            enum rec_found what = rec_rx_push(&rx, stream->b + at, end - at, &used);
            assert(used > 0 && used <= end - at);
            at += used;
            assert(what != REC_NEED_MORE || at == end);
            if (what != REC_NEED_MORE)
                note(s, &rx, what, pool);
        }
    }
    rec_rx_fini(&rx);
    assert(pkt_pool_in_use(pool) == 0);
}

static void compare(const struct seen *s, const struct rec_twin_found *want, unsigned n,
                    bool no_packets)
{
    assert(s->n == n);
    for (unsigned i = 0; i < n; i++) {
        const struct rec_twin_found *got = &s->found[i];
        if (no_packets && want[i].what == REC_FRAME)
            assert(got->what == REC_NO_BUFFER);
        else if (no_packets && want[i].what == REC_SKIPPED)     /* its virtio header was not read */
            assert(got->what == REC_SKIPPED || got->what == REC_NO_BUFFER);
        else
            assert(got->what == want[i].what && got->type == want[i].type &&
                   got->tag == want[i].tag && got->length == want[i].length &&
                   got->sum == want[i].sum);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    struct rec_twin_stream *stream = malloc(sizeof(*stream));
    struct rec_twin_found *want = calloc(REC_TWIN_FOUND_MAX, sizeof(*want));
    struct seen *seen = malloc(sizeof(*seen));
    size_t bytes = pkt_pool_bytes(4, 0), none = pkt_pool_bytes(0, 0);
    void *mem = malloc(bytes), *mem_none = malloc(none);
    assert(stream && want && seen && mem && mem_none);
    struct pkt_pool *pool = pkt_pool_create(mem, bytes, 4, 0);
    struct pkt_pool *empty = pkt_pool_create(mem_none, none, 0, 0);
    make_stream(stream, &in);
    unsigned n = rec_twin_decode(stream, MAX_LENGTH, want);
    receive(seen, pool, stream, 0);
    compare(seen, want, n, false);
    receive(seen, pool, stream, 1 + rec_twin_mix(data, size));
    compare(seen, want, n, false);
    receive(seen, empty, stream, 0);
    compare(seen, want, n, true);
    free(mem_none);
    free(mem);
    free(seen);
    free(want);
    free(stream);
    return 0;
}
