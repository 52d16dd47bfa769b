/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS question over TCP (stack/dns_tcp.c): the input is what a server sends, in pieces of any
 * size, before it closes or resets. What is read is each whole message as it stands, in order;
 * then, and not before, why no more come. RFC 1035 4.2.2, RFC 7766 8.
 */
#include "stack/dns.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>

#define SERVER_PORT 53u

struct run {
    struct bench *a, *b;        /* who asks, who answers */
    struct dns_tcp t;
    int listener, s;            /* of the server */
    uint8_t *stream;            /* what it sent */
    size_t sent, heard;
};

static void wait_ns(struct run *r, int64_t ns)
{
    pair_to(r->a, r->b, r->a->now + ns);
    r->a->n_sent = r->b->n_sent = 0;    /* a bench keeps so many frames only */
}

/* The bytes of the message at @at that was sent whole, and its length; -1: not whole. */
static ssize_t whole_at(const struct run *r, size_t at)
{
    if (r->sent - at < 2)
        return -1;
    size_t len = get16(r->stream + at);
    return r->sent - at - 2 < len ? -1 : (ssize_t)len;
}

/* All that was sent has come. Returns how reading ended. */
static int hear(struct run *r)
{
    ssize_t k;
    while ((k = dns_tcp_read(r->a->net, &r->t)) >= 0) {
        assert(k == whole_at(r, r->heard));
        assert(!memcmp(r->t.msg, r->stream + r->heard + 2, (size_t)k));
        r->heard += 2 + (size_t)k;
    }
    assert(whole_at(r, r->heard) < 0);
    return (int)k;
}

/* The question has come as it was asked, in one piece. */
static void ask(struct run *r, size_t len)
{
    uint8_t q[DNS_QUERY_MAX_BYTES], got[2 + DNS_QUERY_MAX_BYTES + 1];
    memset(q, 'q', sizeof(q));
    assert(dns_tcp_open(r->a->net, &r->t, PEER_ADDR, SERVER_PORT, q, (uint32_t)len) == 0);
    wait_ns(r, MS);
    assert(hear(r) == -EAGAIN);
    wait_ns(r, MS);
    r->s = net_accept(r->b->net, r->listener, NULL, NULL);
    assert(r->s >= 0 && net_setopt(r->b->net, r->s, NET_TCP_NODELAY, 1) == 0);
    assert(net_recv(r->b->net, r->s, got, sizeof(got)) == (ssize_t)len + 2);
    assert(get16(got) == len && !memcmp(got + 2, q, len));
}

static void answer(struct run *r, struct fuzz_in *in)
{
    size_t n;
    const uint8_t *piece = fuzz_take(in, 1 + fuzz_u8(in) % 64u, &n);
    memcpy(r->stream + r->sent, piece, n);
    while (n > 0) {
        ssize_t k = net_send(r->b->net, r->s, piece, n);
        assert(k > 0);          /* it was drained before */
        piece += k;
        n -= (size_t)k;
        r->sent += (size_t)k;
    }
    wait_ns(r, MS);
    assert(hear(r) == -EAGAIN);
}

static void end(struct run *r, uint8_t how)
{
    static const int err[2] = { -EPROTO, -ECONNRESET };
    if (how % 4 == 3)           /* whoever asks gives up: nothing is left behind */
        return;
    assert((how % 2 ? net_abort : net_close)(r->b->net, r->s) == 0);
    r->s = -1;
    wait_ns(r, MS);
    assert(hear(r) == err[how % 2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    struct run *r = calloc(1, sizeof(*r));
    uint8_t how = fuzz_u8(&in);
    assert(r && (r->stream = malloc(size + 1)) != NULL);
    r->a = bench_up(&(struct bench_cfg){ .offload = true });
    r->b = bench_up(&(struct bench_cfg){ .number = 2, .seed = 2 });
    pair_join(r->a, r->b);
    r->listener = net_socket(r->b->net, NET_STREAM);
    assert(net_bind(r->b->net, r->listener, 0, SERVER_PORT) == 0);
    assert(net_listen(r->b->net, r->listener, 1) == 0);
    ask(r, 1 + fuzz_u16(&in) % DNS_QUERY_MAX_BYTES);
    while (in.left > 1)
        answer(r, &in);
    end(r, how);
    dns_tcp_close(r->a->net, &r->t);
    bench_down(r->a);
    bench_down(r->b);
    free(r->stream);
    free(r);
    return 0;
}
