/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_lab.c - see tcp_lab.h. Frames are built and read by code of its own, so that
 * an error in the stack's headers does not meet the same error here.
 */
#include "tests/unit/tcp_lab.h"

#include "driver/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t their_mac[6] = { 2, 0, 0, 0, 0, 2 };

/* --- one host ----------------------------------------------------------------- */

static void on_event(void *arg, const struct net_event *ev)
{
    struct lab_host *h = arg;
    h->ev[h->ev_n++ % LAB_EVENTS] = *ev;
}

unsigned lab_events(const struct lab_host *h, enum net_event_kind kind)
{
    unsigned k = 0;
    assert_true(h->ev_n <= LAB_EVENTS);
    for (unsigned i = 0; i < h->ev_n; i++)
        k += h->ev[i].kind == kind;
    return k;
}

int lab_event_err(const struct lab_host *h, enum net_event_kind kind)
{
    for (unsigned i = h->ev_n; i-- > 0;) {
        if (h->ev[i].kind == kind)
            return h->ev[i].err;
    }
    return 1;
}

static void host_open(struct lab_host *h, const struct lab_cfg *cfg, const uint8_t *mac,
                      uint32_t addr)
{
    unsigned small = cfg->pool_small ? cfg->pool_small : 512;
    size_t bytes = pkt_pool_bytes(small, cfg->pool_large);
    memset(h, 0, sizeof(*h));
    h->mem = malloc(bytes);
    assert_non_null(h->mem);
    h->pool = pkt_pool_create(h->mem, bytes, small, cfg->pool_large);
    assert_non_null(h->pool);
    assert_int_equal(fake_link_open(&h->link, &(struct fake_link_cfg){
        .pool = h->pool, .hw_caps = cfg->hw_caps, .seed = cfg->seed * 2 + mac[5] }), 0);
    struct nic_cfg nc = { .link = fake_link_base(h->link), .pool = h->pool,
                          .offload = NIC_OFF_ALL };
    memcpy(nc.mac, mac, 6);
    assert_int_equal(nic_create(&h->nic, &nc), 0);
    assert_int_equal(net_create(&h->net, &(struct net_cfg){
        .nic = h->nic, .pool = h->pool, .seed = cfg->seed + addr,
        .max_sockets = cfg->max_sockets ? cfg->max_sockets : 32,
        .sndbuf_bytes = cfg->sndbuf_bytes, .rcvbuf_bytes = cfg->rcvbuf_bytes,
        .event = on_event, .event_arg = h }), 0);
    assert_int_equal(net_set_addr(h->net, addr, 24), 0);
}

static void host_close(struct lab_host *h)
{
    net_destroy(h->net);
    nic_destroy(h->nic);
    assert_int_equal(pkt_pool_in_use(h->pool), 0);
    free(h->mem);
}

static void host_poll(struct lab_host *h, int64_t now_ns)
{
    assert_int_equal(net_poll(h->net, now_ns, &h->next_ns), 0);
    assert_true(h->next_ns >= now_ns);
}

/* --- two stacks --------------------------------------------------------------- */

void lab_pair_open(struct lab_pair *l, const struct lab_cfg *cfg, int64_t latency_ns)
{
    host_open(&l->a, cfg, our_mac, LAB_OURS);
    host_open(&l->b, cfg, their_mac, LAB_THEIRS);
    fake_link_connect(l->a.link, l->b.link, latency_ns);
    l->now_ns = 0;
    lab_pair_run(l, LAB_MS);
    assert_int_equal(nic_state(l->a.nic), NIC_UP);
    assert_int_equal(nic_state(l->b.nic), NIC_UP);
}

void lab_pair_close(struct lab_pair *l)
{
    host_close(&l->a);
    host_close(&l->b);
}

static int64_t pair_poll(struct lab_pair *l)
{
    host_poll(&l->a, l->now_ns);
    host_poll(&l->b, l->now_ns);
    return fake_link_advance(l->now_ns, l->a.next_ns, l->b.next_ns, l->a.link, l->b.link);
}

bool lab_pair_step(struct lab_pair *l)
{
    return lab_pair_step_to(l, INT64_MAX);
}

bool lab_pair_step_to(struct lab_pair *l, int64_t limit_ns)
{
    int64_t next = pair_poll(l);
    next = next < limit_ns ? next : limit_ns;
    if (next == INT64_MAX)
        return false;
    l->now_ns = next > l->now_ns ? next : l->now_ns;
    return true;
}

void lab_pair_run(struct lab_pair *l, int64_t until_ns)
{
    for (int64_t next; (next = pair_poll(l)) <= until_ns;)
        l->now_ns = next;
    l->now_ns = until_ns;
}

int lab_pair_accept(struct lab_pair *l, int listener)
{
    bool due = true;
    int s;
    while ((s = net_accept(l->b.net, listener, NULL, NULL)) == -EAGAIN) {
        assert_true(due);       /* else nothing will ever come */
        due = lab_pair_step(l);
    }
    assert_true(s >= 0);
    return s;
}

void lab_pair_connect(struct lab_pair *l, uint16_t port, int *sa, int *sb)
{
    int s = net_socket(l->b.net, NET_STREAM);
    assert_int_equal(net_setopt(l->b.net, s, NET_SO_REUSEADDR, 1), 0);
    assert_int_equal(net_bind(l->b.net, s, 0, port), 0);
    assert_int_equal(net_listen(l->b.net, s, 1), 0);
    *sa = net_socket(l->a.net, NET_STREAM);
    assert_int_equal(net_connect(l->a.net, *sa, LAB_THEIRS, port), -EINPROGRESS);
    *sb = lab_pair_accept(l, s);
    assert_int_equal(net_close(l->b.net, s), 0);
}

/* --- frames by hand ----------------------------------------------------------- */

static void put16(uint8_t *b, unsigned v)
{
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static void put32(uint8_t *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b + 2, v & 0xFFFF);
}

static unsigned get16(const uint8_t *b)
{
    return (unsigned)b[0] << 8 | b[1];
}

static uint32_t get32(const uint8_t *b)
{
    return (uint32_t)get16(b) << 16 | get16(b + 2);
}

static uint32_t sum16(const uint8_t *b, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

static uint32_t pseudo(const uint8_t *ip, unsigned tcp_len)
{
    return sum16(ip + 12, 8, 6 + tcp_len);
}

uint8_t lab_pattern(uint32_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static size_t frame_of(const struct lab_one *l, const struct lab_seg *s, uint8_t *f)
{
    unsigned opt = s->mss ? 4 : 0, tcp_len = 20 + opt + s->len;
    unsigned ip_hdr = s->ip_opt ? 24 : 20;
    uint8_t *ip = f + 14, *t = ip + ip_hdr;
    memset(f, 0, 14 + ip_hdr + 20 + opt);
    memcpy(f, our_mac, 6);
    memcpy(f + 6, their_mac, 6);
    put16(f + 12, 0x0800);
    ip[0] = (uint8_t)(0x40 | ip_hdr / 4);
    put16(ip + 2, ip_hdr + tcp_len);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, s->saddr ? s->saddr : LAB_THEIRS);
    put32(ip + 16, s->daddr ? s->daddr : LAB_OURS);
    if (s->ip_opt)
        put32(ip + 20, s->ip_opt);
    put16(ip + 10, ~sum16(ip, ip_hdr, 0) & 0xFFFF);
    put16(t, s->sport);
    put16(t + 2, s->dport);
    put32(t + 4, s->seq);
    put32(t + 8, s->ack);
    t[12] = (uint8_t)((20 + opt) / 4 << 4);
    t[13] = s->flags;
    put16(t + 14, s->wnd);
    if (opt)
        put32(t + 20, 0x02040000u | s->mss);
    for (unsigned i = 0; i < s->len; i++)
        t[20 + opt + i] = s->data ? ((const uint8_t *)s->data)[i]
                                  : lab_pattern(s->seq - l->irs - 1 + i);
    put16(t + 16, ~sum16(t, tcp_len, pseudo(ip, tcp_len)) & 0xFFFF);
    return 14 + ip_hdr + tcp_len;
}

static void answer_arp(struct lab_one *l, const uint8_t *f, int64_t now_ns)
{
    uint8_t r[42];
    if (l->deaf || get16(f + 20) != 1 || get32(f + 38) != LAB_THEIRS)
        return;
    memcpy(r, our_mac, 6);
    memcpy(r + 6, their_mac, 6);
    memcpy(r + 12, f + 12, 8);
    put16(r + 20, 2);
    memcpy(r + 22, their_mac, 6);
    put32(r + 28, LAB_THEIRS);
    memcpy(r + 32, f + 22, 10);
    fake_link_inject(l->h.link, r, sizeof(r), now_ns);
}

static void capture(struct lab_one *l, const uint8_t *f, size_t len, int64_t now_ns)
{
    const uint8_t *ip = f + 14, *t = ip + 20;
    unsigned total = get16(ip + 2), hdr = (unsigned)(t[12] >> 4) * 4, tcp_len = total - 20;
    assert_true(ip[0] == 0x45 && total + 14 <= len && hdr >= 20 && hdr <= tcp_len);
    assert_int_equal(sum16(ip, 20, 0), 0xFFFF);
    assert_int_equal(sum16(t, tcp_len, pseudo(ip, tcp_len)), 0xFFFF);
    assert_int_equal(get32(ip + 12), LAB_OURS);
    assert_true(l->q_n - l->q_at < LAB_QUEUE);
    struct lab_seg *s = &l->q[l->q_n++ % LAB_QUEUE];
    memset(s, 0, sizeof(*s));
    s->at_ns = now_ns;
    s->ttl = ip[8];
    s->tos = ip[1];
    s->sport = (uint16_t)get16(t);
    s->dport = (uint16_t)get16(t + 2);
    s->seq = get32(t + 4);
    s->ack = get32(t + 8);
    s->flags = t[13];
    s->wnd = (uint16_t)get16(t + 14);
    if (hdr == 24) {
        assert_int_equal(get16(t + 20), 0x0204);
        s->mss = (uint16_t)get16(t + 22);
    }
    s->len = (uint16_t)(tcp_len - hdr);
    memcpy(s->text, t + hdr, s->len);
    s->data = s->text;
}

static bool on_tx(void *arg, uint8_t *f, size_t len, int64_t now_ns)
{
    struct lab_one *l = arg;
    if (get16(f + 12) == 0x0806)
        answer_arp(l, f, now_ns);
    else if (f[14 + 9] == 6)
        capture(l, f, len, now_ns);
    return true;
}

/* --- one stack and a script --------------------------------------------------- */

void lab_one_open(struct lab_one *l, const struct lab_cfg *cfg)
{
    memset(l, 0, sizeof(*l));
    host_open(&l->h, cfg, our_mac, LAB_OURS);
    fake_link_on_tx(l->h.link, on_tx, l);
    lab_one_wait(l, LAB_MS);
    assert_int_equal(nic_state(l->h.nic), NIC_UP);
}

void lab_one_close(struct lab_one *l)
{
    host_close(&l->h);
}

void lab_one_poll(struct lab_one *l)
{
    lab_one_wait(l, 0);
}

void lab_one_wait(struct lab_one *l, int64_t ns)
{
    int64_t until = l->now_ns + ns;
    for (;;) {
        host_poll(&l->h, l->now_ns);
        int64_t next = fake_link_advance(l->now_ns, l->h.next_ns, INT64_MAX, l->h.link, NULL);
        if (next > until)
            break;
        l->now_ns = next;
    }
    l->now_ns = until;
}

void lab_one_put(struct lab_one *l, const struct lab_seg *s)
{
    uint8_t f[1600];
    size_t len = frame_of(l, s, f);
    fake_link_inject(l->h.link, f, len, l->now_ns);
    lab_one_poll(l);
}

/* Octets @from to @end of what follows the IP header of the datagram in @f, as a fragment. */
static void put_fragment(struct lab_one *l, const uint8_t *f, size_t from, size_t end, bool more)
{
    uint8_t g[1600];
    const size_t hdr = 14 + 20;
    memcpy(g, f, hdr);
    memcpy(g + hdr, f + hdr + from, end - from);
    put16(g + 14 + 2, (unsigned)(20 + end - from));
    put16(g + 14 + 6, (more ? 0x2000u : 0) | (unsigned)(from / 8));
    put16(g + 14 + 10, 0);
    put16(g + 14 + 10, 0xFFFFu - sum16(g + 14, 20, 0));
    fake_link_inject(l->h.link, g, hdr + end - from, l->now_ns);
}

void lab_one_put_cut(struct lab_one *l, const struct lab_seg *s)
{
    uint8_t f[1600];
    size_t all = frame_of(l, s, f) - 14 - 20, half = all / 2 / 8 * 8;
    put16(f + 14 + 4, s->seq & 0xFFFFu);            /* an id of its own */
    put_fragment(l, f, 0, half, true);
    put_fragment(l, f, half, all, false);
    lab_one_poll(l);
}

void lab_put(struct lab_one *l, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
             uint16_t len)
{
    static const uint8_t ack_flag = 0x10;
    lab_one_put(l, &(struct lab_seg){ .sport = l->theirs, .dport = l->ours, .flags = flags,
                                      .seq = l->irs + seq,
                                      .ack = flags & ack_flag ? l->iss + ack : 0,
                                      .wnd = wnd, .len = len });
}

bool lab_get(struct lab_one *l, struct lab_seg *out)
{
    memset(out, 0, sizeof(*out));
    if (l->q_at == l->q_n)
        return false;
    *out = l->q[l->q_at++ % LAB_QUEUE];
    out->data = out->text;
    return true;
}

unsigned lab_flush(struct lab_one *l)
{
    unsigned k = l->q_n - l->q_at;
    l->q_at = l->q_n;
    return k;
}

void lab_expect_at(struct lab_one *l, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len,
                   const char *file, int line)
{
    struct lab_seg s;
    char got[128], want[128];
    if (!lab_get(l, &s)) {
        print_error("%s:%d: nothing was sent\n", file, line);
        _fail(file, line);
    }
    snprintf(want, sizeof(want), "flags %02x seq %u ack %u len %u", flags, seq, ack, len);
    snprintf(got, sizeof(got), "flags %02x seq %u ack %u len %u", s.flags, s.seq - l->iss,
             s.flags & 0x10 ? s.ack - l->irs : 0, s.len);
    if (strcmp(got, want)) {
        print_error("%s:%d: sent %s, not %s\n", file, line, got, want);
        _fail(file, line);
    }
}

void lab_silent_at(struct lab_one *l, const char *file, int line)
{
    struct lab_seg s;
    if (!lab_get(l, &s))
        return;
    print_error("%s:%d: sent flags %02x seq %u ack %u len %u\n", file, line, s.flags,
                   s.seq - l->iss, s.ack - l->irs, s.len);
    _fail(file, line);
}

int lab_client(struct lab_one *l, uint16_t wnd, uint16_t mss)
{
    struct lab_seg s;
    int fd = net_socket(l->h.net, NET_STREAM);
    assert_int_equal(net_connect(l->h.net, fd, LAB_THEIRS, 80), -EINPROGRESS);
    lab_one_poll(l);
    assert_true(lab_get(l, &s));
    assert_int_equal(s.flags, 0x02);
    l->ours = s.sport;
    l->theirs = s.dport;
    l->iss = s.seq;
    l->irs = 1000;
    lab_one_put(l, &(struct lab_seg){ .sport = l->theirs, .dport = l->ours, .flags = 0x12,
                                      .seq = l->irs, .ack = l->iss + 1, .wnd = wnd,
                                      .mss = mss });
    lab_expect(l, 0x10, 1, 1, 0);
    assert_int_equal(lab_state(l, fd), NET_TCP_ESTABLISHED);
    return fd;
}

int lab_server(struct lab_one *l, uint16_t wnd, uint16_t mss, int *listener)
{
    struct lab_seg s;
    int fd = net_socket(l->h.net, NET_STREAM);
    assert_int_equal(net_bind(l->h.net, fd, 0, 80), 0);
    assert_int_equal(net_listen(l->h.net, fd, 4), 0);
    l->ours = 80;
    l->theirs = 5555;
    l->irs = l->irs_wanted ? l->irs_wanted : 1000;
    lab_one_put(l, &(struct lab_seg){ .sport = l->theirs, .dport = l->ours, .flags = 0x02,
                                      .seq = l->irs, .wnd = wnd, .mss = mss });
    assert_true(lab_get(l, &s));
    assert_int_equal(s.flags, 0x12);
    l->iss = s.seq;
    lab_put(l, 0x10, 1, 1, wnd, 0);
    int c = net_accept(l->h.net, fd, NULL, NULL);
    assert_true(c >= 0);
    *listener = fd;
    return c;
}

int lab_reach(struct lab_one *l, enum net_tcp_state want, uint32_t *seq)
{
    bool passive_first = want == NET_TCP_CLOSE_WAIT || want == NET_TCP_LAST_ACK;
    int s = lab_client(l, 65535, 1460);
    *seq = 1;
    if (passive_first) {
        lab_put(l, 0x11, 1, 1, 65535, 0);
        *seq = 2;
    }
    if (want >= NET_TCP_FIN_WAIT_1 && want != NET_TCP_CLOSE_WAIT) {
        assert_int_equal(net_shutdown(l->h.net, s, NET_SHUT_WR), 0);
        lab_one_poll(l);
    }
    if (want == NET_TCP_FIN_WAIT_2)
        lab_put(l, 0x10, 1, 2, 65535, 0);
    if (want == NET_TCP_CLOSING || want == NET_TCP_TIME_WAIT) {
        lab_put(l, 0x11, 1, want == NET_TCP_CLOSING ? 1 : 2, 65535, 0);
        *seq = 2;
    }
    lab_flush(l);
    assert_int_equal(lab_state(l, s), want);
    return s;
}

int lab_server_time_wait(struct lab_one *l, int *listener)
{
    int s = lab_server(l, 65535, 1460, listener);
    net_shutdown(l->h.net, s, NET_SHUT_WR);
    lab_one_poll(l);
    lab_expect(l, 0x11, 1, 1, 0);
    lab_put(l, 0x11, 1, 2, 65535, 0);
    lab_expect(l, 0x10, 2, 2, 0);
    assert_int_equal(lab_state(l, s), NET_TCP_TIME_WAIT);
    return s;
}

int lab_state(struct lab_one *l, int s)
{
    int v = -1;
    assert_int_equal(net_getopt(l->h.net, s, NET_TCP_STATE, &v), 0);
    return v;
}

void lab_writes(struct lab_one *l, int s, uint32_t from, uint32_t len)
{
    static uint8_t buf[70000];
    for (uint32_t i = 0; i < len; i++)
        buf[i] = lab_pattern(from + i);
    assert_int_equal(net_send(l->h.net, s, buf, len), len);
    lab_one_poll(l);
}

uint32_t lab_full_segments(struct lab_one *l, uint32_t mss, uint32_t seq, unsigned n)
{
    struct lab_seg g;
    for (unsigned i = 0; i < n; i++, seq += mss) {
        assert_true(lab_get(l, &g));
        assert_int_equal(g.seq - l->iss, seq);
        assert_int_equal(g.len, mss);
        assert_true(g.at_ns == l->now_ns);
        for (uint32_t k = 0; k < g.len; k++)
            assert_int_equal(g.text[k], lab_pattern(seq - 1 + k));
    }
    return seq;
}
