/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An established TCP connection under any segments: the input says what the peer sends (flags,
 * numbers near the window's edges, windows, lengths), what the user does, and how much time goes
 * by. Text is a function of its sequence number in both directions. So whatever comes, in
 * whatever order: what the user reads is that text without a gap, what the stack sends is the
 * text that the user gave, and the numbers of the control block stay in order. RFC 9293 3.10.7.4.
 */
#include "stack/net_int.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/tcp_lab.h"

#define STEPS_MAX 200
#define SEND_MAX 3000u

struct run {
    struct lab_one lab;
    int s, listener;            /* -1: none (any more) */
    uint32_t sent, read;        /* bytes that the user gave and took */
};

static uint8_t text_of_user(uint32_t i)
{
    return (uint8_t)(i * 5 + i / 253);
}

/* --- what must hold ----------------------------------------------------------------- */

static void check_conn(const struct tcp_conn *c)
{
    if (c->state == NET_TCP_LISTEN || c->state == NET_TCP_CLOSED)
        return;
    assert(!tcp_seq_lt(c->snd_nxt, c->snd_una) && !tcp_seq_lt(c->snd_max, c->snd_nxt));
    assert(c->rcv.len <= c->rcv.cap && c->snd.len <= c->snd.cap);
    assert(tcp_rcv_window(c) <= c->rcv.cap - c->rcv.len + 1);
    assert(c->ooo.n <= TCP_OOO_PKTS);
    assert(!tcp_synchronized(c) || (c->cwnd > 0 && c->mss > 0));
    if (c->state == NET_TCP_ESTABLISHED)
        assert(!c->fin_rcvd && !c->fin_sent);
    /* Both sides have closed; our FIN may still wait for the window. */
    if (c->state == NET_TCP_TIME_WAIT || c->state == NET_TCP_CLOSING)
        assert(c->fin_rcvd && c->fin_wanted && (c->fin_sent || c->state == NET_TCP_CLOSING));
}

/* Each segment that went out: its text is the user's, and none was made up. */
static void check_sent(struct run *r)
{
    struct lab_seg s;
    while (lab_get(&r->lab, &s)) {
        uint32_t at = s.seq - r->lab.iss - 1;
        if (s.sport != r->lab.ours || s.dport != r->lab.theirs || !s.len)
            continue;
        for (uint32_t i = 0; i < s.len; i++)
            assert(at + i < r->sent && s.text[i] == text_of_user(at + i));
    }
}

static void check_all(struct run *r)
{
    const struct net *n = r->lab.h.net;
    check_sent(r);
    for (unsigned i = 0; i < n->tcp.max; i++)
        if (n->tcp.pool[i].in_use)
            check_conn(&n->tcp.pool[i]);
}

/* --- what the input may do ------------------------------------------------------------ */

/* A number near the one that is expected now, or any at all. */
static uint32_t near(struct fuzz_in *in, uint32_t expected)
{
    uint8_t how = fuzz_u8(in);
    if (how < 128)
        return expected;
    if (how < 192)
        return expected + fuzz_small(in);
    if (how < 240)
        return expected + (uint32_t)(fuzz_u16(in) - 32768);
    return (uint32_t)fuzz_u16(in) << 16 | fuzz_u16(in);
}

static const struct tcp_conn *conn_of(const struct run *r)
{
    return tcp_lookup(r->lab.h.net, LAB_OURS, r->lab.ours, LAB_THEIRS, r->lab.theirs);
}

static void segment(struct run *r, struct fuzz_in *in)
{
    static const uint8_t usual[8] = { 0x10, 0x18, 0x11, 0x04, 0x14, 0x02, 0x12, 0x30 };
    const struct tcp_conn *c = conn_of(r);
    uint8_t f = fuzz_u8(in), flags = f < 192 ? usual[f % 8] : fuzz_u8(in);
    uint32_t seq = near(in, c ? c->rcv_nxt.v - r->lab.irs : 1);
    uint32_t ack = near(in, c ? c->snd_max.v - r->lab.iss : 1);
    uint16_t wnd = (uint16_t)near(in, 8192), len = fuzz_u16(in) % 1461;
    lab_put(&r->lab, flags, seq, ack, wnd, len);
}

static void user_sends(struct run *r, struct fuzz_in *in)
{
    uint8_t text[SEND_MAX];
    uint32_t n = fuzz_u16(in) % SEND_MAX;
    for (uint32_t i = 0; i < n; i++)
        text[i] = text_of_user(r->sent + i);
    ssize_t k = net_send(r->lab.h.net, r->s, text, n);
    assert(k <= (ssize_t)n);
    r->sent += k > 0 ? (uint32_t)k : 0;
}

static void user_reads(struct run *r, struct fuzz_in *in)
{
    uint8_t text[SEND_MAX];
    ssize_t n = net_recv(r->lab.h.net, r->s, text, 1 + fuzz_u16(in) % SEND_MAX);
    assert(n <= (ssize_t)sizeof(text));
    for (ssize_t i = 0; i < n; i++)
        assert(text[i] == lab_pattern(r->read++));
}

static void user_leaves(struct run *r, bool abort)
{
    assert((abort ? net_abort : net_close)(r->lab.h.net, r->s) == 0);
    r->s = -1;
}

static void step(struct run *r, struct fuzz_in *in)
{
    uint8_t what = fuzz_u8(in) % 32;
    if (what < 16)
        segment(r, in);
    else if (what < 20)
        lab_one_wait(&r->lab, fuzz_u16(in) * (what == 19 ? 10 * LAB_MS : LAB_MS / 100));
    else if (r->s < 0)
        return;
    else if (what < 25)
        user_sends(r, in);
    else if (what < 29)
        user_reads(r, in);
    else if (what == 29)
        (void)net_shutdown(r->lab.h.net, r->s, fuzz_u8(in) % 3);
    else
        user_leaves(r, what == 31);
    lab_one_poll(&r->lab);
    check_all(r);
}

static void begin(struct run *r, struct fuzz_in *in)
{
    uint8_t how = fuzz_u8(in);
    lab_one_open(&r->lab, &(struct lab_cfg){ .seed = 1, .pool_small = 96, .max_sockets = 8,
                                             .sndbuf_bytes = how & 2 ? 4096 : 0,
                                             .rcvbuf_bytes = how & 4 ? 4096 : 0 });
    r->listener = -1;
    if (how & 1)
        r->s = lab_server(&r->lab, 8192, 536, &r->listener);
    else
        r->s = lab_client(&r->lab, 8192, 1460);
    if (how & 8)
        (void)net_setopt(r->lab.h.net, r->s, NET_SO_KEEPALIVE, 1);
    if (how & 16)
        (void)net_setopt(r->lab.h.net, r->s, NET_TCP_NODELAY, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    struct run *r = calloc(1, sizeof(*r));
    assert(r);
    begin(r, &in);
    for (int i = 0; i < STEPS_MAX && in.left > 0; i++)
        step(r, &in);
    if (r->s >= 0)
        user_leaves(r, false);
    lab_one_wait(&r->lab, LAB_S);
    check_all(r);
    lab_one_close(&r->lab);     /* asserts that every packet is back */
    free(r);
    return 0;
}
