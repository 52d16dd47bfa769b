/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole stack on a scripted NIC: the input is a list of frames (as they stand, or with the
 * lengths and sums of some layers made right; fragments of four known datagrams; answers of a
 * DHCP server), of calls of the user and of steps of time. At the end each received frame has
 * moved exactly one counter and every packet is back (the invariants of stack/README.md); each
 * frame that the stack sent is well formed, and fragments make a datagram that is.
 */
#include "stack/net_int.h"
#include "stack/wire/arp.h"
#include "stack/wire/dhcp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ip_bench.h"

#define STEPS_MAX 200
#define FRAME_MAX 1600u
#define SOCKETS 16              /* of a bench */
#define DATAGRAM_MAX 3000u      /* of those that come in fragments */
#define DHCP_FIXED_BYTES 240u

struct run {
    struct bench *b;
    struct sent_frame last;     /* what the stack sent last, to answer to */
    uint32_t xid;               /* of the last DHCP message */
    uint8_t whole[20 + 65535];  /* fragments that the stack sends, joined: */
    size_t joined;              /* bytes of payload behind the header; 0: none under way */
    int query;                  /* of the resolver, -1: none */
};

/* --- what the stack sends --------------------------------------------------------- */

/* The transport sum of the IPv4 packet at @ip, with @len bytes behind its plain header. */
static bool sum_ok(const uint8_t *ip, size_t len)
{
    uint8_t p[12] = { 0 };
    memcpy(p, ip + 12, 8);
    p[9] = ip[9];
    put16(p + 10, (uint16_t)len);
    uint32_t sum = ip[9] == 1 ? 0 : twin_sum(0, p, sizeof(p));
    return twin_sum(sum, ip + 20, len) == 0xFFFF;
}

/* The fragments of one datagram leave in order and without another frame between them. */
static void on_fragment(struct run *r, const uint8_t *ip, size_t room)
{
    size_t off = (get16(ip + 6) & 0x1FFFu) * 8u, len = get16(ip + 2) - 20u;
    assert(ip[0] == 0x45 && len > 0 && 20 + len <= room && twin_sum(0, ip, 20) == 0xFFFF);
    assert(off == r->joined && (off == 0 || !memcmp(ip + 4, r->whole + 4, 2)));
    assert(off == 0 || !memcmp(ip + 12, r->whole + 12, 8));
    if (off == 0)
        memcpy(r->whole, ip, 20);
    assert(20 + off + len <= sizeof(r->whole));
    memcpy(r->whole + 20 + off, ip + 20, len);
    r->joined += len;
    if (get16(ip + 6) & 0x2000) {
        assert(len % 8 == 0);
        return;
    }
    assert(sum_ok(r->whole, r->joined));
    r->joined = 0;
}

static void on_ip(struct run *r, const struct sent_frame *f)
{
    const uint8_t *ip = f->b + 14;
    if (get16(ip + 6) & 0x3FFF) {
        on_fragment(r, ip, f->len - 14);
        return;
    }
    assert(r->joined == 0 && ip_ok(f));
    if (ip[9] == 17 && get16(ip + 22) == DHCP_SERVER_PORT)
        r->xid = get32(ip + 28 + 4);
}

/* Complete as on the wire: padded, and sums inserted by the NIC if it was asked to. */
static bool on_tx(void *arg, uint8_t *frame, size_t len, int64_t now_ns)
{
    struct run *r = arg;
    struct arp_view arp;
    assert(len >= 60 && len <= 1514);
    r->last.len = len;
    r->last.at_ns = now_ns;
    memcpy(r->last.b, frame, len);
    assert(!memcmp(frame + 6, our_mac, 6));
    if (get16(frame + 12) == ETH_TYPE_ARP)
        assert(r->joined == 0 && arp_parse(frame + 14, (uint32_t)len - 14, &arp) == 0);
    else
        on_ip(r, &r->last);
    return true;
}

/* --- frames ----------------------------------------------------------------------- */

static const uint8_t *some_mac(uint8_t pick)
{
    static const uint8_t group[6] = { 1, 0, 0x5E, 0, 0, 1 }, other[6] = { 2, 9, 9, 9, 9, 9 };
    const uint8_t *const mac[8] = { our_mac, our_mac, our_mac, our_mac, our_mac, all_mac, group,
                                    other };
    return mac[pick % 8];
}

static uint32_t some_addr(struct fuzz_in *in)
{
    static const uint32_t usual[8] = { PEER_ADDR, OUR_ADDR, ROUTER_ADDR, 0x0A0900FF, 0xFFFFFFFF,
                                       0xE0000001, 0x08080808, 0 };
    uint8_t pick = fuzz_u8(in);
    if (pick < 248)
        return usual[pick < 128 ? 0 : pick % 8];
    return (uint32_t)fuzz_u16(in) << 16 | fuzz_u16(in);
}

static uint16_t some_port(struct fuzz_in *in)
{
    uint8_t pick = fuzz_u8(in);
    return pick < 200 ? (uint16_t)(80 + pick % 4) : fuzz_u16(in);
}

/* Sums of the TCP segment behind the plain IP header of a frame. */
static void finish_tcp(uint8_t *f, size_t len)
{
    uint8_t p[12] = { 0 }, *t = f + 34;
    memcpy(p, f + 26, 8);
    p[9] = 6;
    put16(p + 10, (uint16_t)(len - 34));
    put16(t + 16, 0);
    put16(t + 16, (uint16_t)~twin_sum(twin_sum(0, p, 12), t, len - 34));
}

/* Who it is from and to; the first byte says how strange that may be. */
static struct ip_spec some_spec(struct fuzz_in *in)
{
    uint8_t how = fuzz_u8(in);
    struct ip_spec s = { .eth_dst = some_mac(how < 224 ? 0 : how) };
    if (how >= 192) {
        s.src = some_addr(in);
        s.dst = some_addr(in);
        s.frag = how % 4 ? 0 : fuzz_u16(in);
    }
    return s;
}

static size_t frame_ip(uint8_t *f, struct fuzz_in *in)
{
    uint8_t opts[40] = { 0 };
    size_t n, opts_n;
    struct ip_spec s = some_spec(in);
    s.proto = fuzz_u8(in);
    s.options_bytes = fuzz_u8(in) % 11 * 4;
    const uint8_t *o = fuzz_take(in, s.options_bytes, &opts_n);
    memcpy(opts, o, opts_n);
    s.options = opts;
    const uint8_t *p = fuzz_take(in, 64, &n);
    return make_ip(f, &s, p, n);
}

static size_t frame_udp(uint8_t *f, struct fuzz_in *in)
{
    struct ip_spec s = some_spec(in);
    uint16_t sport = some_port(in), dport = some_port(in);
    size_t n;
    const uint8_t *p = fuzz_take(in, fuzz_u8(in), &n);
    return make_udp(f, &s, sport, dport, p, n);
}

static size_t frame_icmp(uint8_t *f, struct fuzz_in *in)
{
    struct ip_spec s = some_spec(in);
    uint8_t type = fuzz_u8(in), code = fuzz_u8(in);
    uint32_t rest = (uint32_t)fuzz_u16(in) << 16 | fuzz_u16(in);
    size_t n;
    const uint8_t *p = fuzz_take(in, fuzz_u8(in), &n);
    return make_icmp(f, &s, type, code, rest, p, n);
}

/* An error about what the stack sent last, of which it quotes a part. */
static size_t frame_icmp_about(uint8_t *f, const struct run *r, struct fuzz_in *in)
{
    struct ip_spec s = some_spec(in);
    static const uint8_t errors[8] = { 3, 3, 3, 11, 12, 4, 5, 0 };
    uint8_t type = errors[fuzz_u8(in) % 8], code = fuzz_u8(in) % 16;
    size_t cut = r->last.len < 34 ? 0 : fuzz_u8(in) % 48;
    return make_icmp(f, &s, type, code, fuzz_u16(in), r->last.b + 14, cut);
}

static size_t frame_tcp(uint8_t *f, struct fuzz_in *in)
{
    uint8_t t[60 + 64] = { 0 };
    struct ip_spec s = some_spec(in);
    size_t n, hdr = 20 + (fuzz_u8(in) % 4 ? 0u : fuzz_u8(in) % 11 * 4u);
    s.proto = 6;
    put16(t, some_port(in));
    put16(t + 2, some_port(in));
    const uint8_t *p = fuzz_take(in, sizeof(t) - 4, &n);
    memcpy(t + 4, p, n);
    t[12] = (uint8_t)(hdr / 4 << 4);
    size_t len = make_ip(f, &s, t, n + 4 < hdr ? hdr : n + 4);
    finish_tcp(f, len);
    return len;
}

/* The answer of a peer to the segment that was sent last: this reaches open connections. */
static size_t frame_tcp_answer(uint8_t *f, const struct run *r, struct fuzz_in *in)
{
    const uint8_t *ip = r->last.b + 14, *was = ip + 20;
    uint8_t t[20 + 255] = { 0 };
    struct ip_spec s = { .proto = 6 };
    size_t n;
    if (r->last.len < 54 || get16(r->last.b + 12) != 0x0800 || ip[9] != 6)
        return 0;
    uint32_t span = (was[13] & 3 ? 1u : 0u) + get16(ip + 2) - 20u - (was[12] >> 4) * 4u;
    s.src = get32(ip + 16);
    put16(t, get16(was + 2));
    put16(t + 2, get16(was));
    put32(t + 4, (was[13] & 16 ? get32(was + 8) : 1000u) + fuzz_small(in));
    put32(t + 8, get32(was + 4) + span + fuzz_small(in));
    t[12] = 0x50;
    t[13] = fuzz_u8(in);
    put16(t + 14, fuzz_u16(in));
    const uint8_t *p = fuzz_take(in, fuzz_u8(in), &n);
    memcpy(t + 20, p, n);
    size_t len = make_ip(f, &s, t, 20 + n);
    finish_tcp(f, len);
    return len;
}

static size_t frame_arp(uint8_t *f, struct fuzz_in *in)
{
    uint16_t op = fuzz_u8(in) % 4;
    const uint8_t *sha = fuzz_u8(in) % 4 ? peer_mac : some_mac(fuzz_u8(in));
    uint32_t spa = some_addr(in), tpa = some_addr(in);
    return make_arp(f, fuzz_u8(in) % 2 ? our_mac : NULL, op, sha, spa, our_mac, tpa);
}

/* An answer to the question that was sent last: its head and question, then the input. */
static size_t frame_dns(uint8_t *f, const struct run *r, struct fuzz_in *in)
{
    const uint8_t *udp = r->last.b + 34;
    uint8_t m[512 + 255];
    struct ip_spec s = { 0 };
    size_t n;
    if (r->last.len < 34 + 8 + 12 || get16(udp + 2) != 53 || get16(udp + 4) < 20)
        return 0;
    size_t asked = get16(udp + 4) - 8u;
    if (asked > 512 || 42 + asked > r->last.len)    /* a user's own, in fragments */
        return 0;
    memcpy(m, udp + 8, asked);
    m[2] = (uint8_t)(0x80 | fuzz_u8(in) % 8);
    m[3] = fuzz_u8(in) % 8;
    put16(m + 6, fuzz_u8(in) % 4);
    const uint8_t *p = fuzz_take(in, fuzz_u8(in), &n);
    memcpy(m + asked, p, n);
    return make_udp(f, &s, 53, get16(udp), m, asked + n);
}

/* What a DHCP server answers to the last message; the input says which, whose, and adds options. */
static size_t frame_dhcp(uint8_t *f, const struct run *r, struct fuzz_in *in)
{
    static const uint8_t types[8] = { 2, 2, 2, 5, 5, 5, 6, 4 };
    uint8_t m[DHCP_FIXED_BYTES + 3 + 6 + 6 + 255] = { 2, 1, 6 }, how = fuzz_u8(in);
    struct ip_spec s = { .eth_dst = all_mac, .dst = how & 8 ? 0 : 0xFFFFFFFF };
    size_t n;
    put32(m + 4, r->xid + (how >= 240));
    put32(m + 16, how >= 192 ? some_addr(in) : OUR_ADDR);
    memcpy(m + 28, how >= 224 ? some_mac(how) : our_mac, 6);
    put32(m + 236, DHCP_COOKIE);
    uint8_t *at = dhcp_put(m + DHCP_FIXED_BYTES, DHCP_OPT_TYPE, &types[how % 8], 1);
    at = dhcp_put_u32(at, DHCP_OPT_SERVER, how & 16 ? ROUTER_ADDR : PEER_ADDR);
    at = dhcp_put_u32(at, DHCP_OPT_LEASE, how & 32 ? fuzz_u16(in) : 20);
    const uint8_t *p = fuzz_take(in, fuzz_u8(in), &n);
    memcpy(at, p, n);
    return make_udp(f, &s, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, m, (size_t)(at - m) + n);
}

/* Four datagrams that may come in fragments, with right sums: UDP to a port, one with a length
 * that is no multiple of 8; an echo request whose answer needs fragments as well. */
static size_t some_datagram(uint8_t *d, uint8_t *proto, uint8_t which)
{
    static const size_t bytes[4] = { 1000, DATAGRAM_MAX, 2000, 77 };
    uint8_t pseudo[12] = { 0 };
    size_t n = bytes[which % 4];
    for (size_t i = 0; i < n; i++)      /* so that no part may stand for another one */
        d[i] = i < 8 ? 0 : (uint8_t)(i * 7 + i / 256);
    if (which % 4 == 2) {
        *proto = 1;
        d[0] = 8;
        put16(d + 2, (uint16_t)~twin_sum(0, d, n));
        return n;
    }
    *proto = pseudo[9] = 17;
    put16(d, 81);
    put16(d + 2, 80);
    put16(d + 4, (uint16_t)n);
    put32(pseudo, PEER_ADDR);
    put32(pseudo + 4, OUR_ADDR);
    put16(pseudo + 10, (uint16_t)n);
    put16(d + 6, (uint16_t)~twin_sum(twin_sum(0, pseudo, 12), d, n));
    return n;
}

/* A part of one of them; three bytes say which and from where to where, in units of 64 bytes,
 * the fourth, if it is large, what is odd about it. */
static size_t frame_fragment(uint8_t *f, struct fuzz_in *in)
{
    uint8_t d[DATAGRAM_MAX], which = fuzz_u8(in);
    struct ip_spec s = { .id = 1 + which };
    size_t all = some_datagram(d, &s.proto, which);
    size_t off = fuzz_u8(in) % 48 * 64u, n = (1 + fuzz_u8(in) % 22) * 64u;
    uint8_t odd = fuzz_u8(in);
    if (odd >= 192)
        off += odd % 8 * 8u;
    off = off < all ? off : all / 8 * 8;
    n = n < all - off ? n : all - off;
    bool last = (off + n == all) != (odd >= 224 && odd < 240);
    if (odd >= 248)
        n -= n > 8 ? odd % 8 : n;       /* none at all is odd as well */
    s.frag = (uint16_t)(off / 8 | (last ? 0 : 0x2000));
    if (odd >= 240 && odd < 248)
        s.frag = fuzz_u16(in);
    return make_ip(f, &s, d + off, n);
}

static size_t frame_raw(uint8_t *f, struct fuzz_in *in)
{
    size_t n;
    const uint8_t *p = fuzz_take(in, fuzz_u16(in) % FRAME_MAX, &n);
    memcpy(f, p, n);
    return n;
}

static void frame_in(struct run *r, struct fuzz_in *in)
{
    uint8_t f[2 * FRAME_MAX];
    size_t n = 0;
    switch (fuzz_u8(in) % 13) {
    case 0: n = frame_raw(f, in); break;
    case 1: n = frame_ip(f, in); break;
    case 2: n = frame_udp(f, in); break;
    case 3: n = frame_icmp(f, in); break;
    case 4: n = frame_icmp_about(f, r, in); break;
    case 5: n = frame_tcp(f, in); break;
    case 6: n = frame_arp(f, in); break;
    case 7: n = frame_dns(f, r, in); break;
    case 8: n = make_arp(f, our_mac, 1, peer_mac, PEER_ADDR, NULL, net_addr(r->b->net)); break;
    case 9: n = frame_fragment(f, in); break;
    case 10: n = frame_dhcp(f, r, in); break;
    default: n = frame_tcp_answer(f, r, in); break;
    }
    if (n > 0)
        bench_in(r->b, f, n);
}

/* --- the user ----------------------------------------------------------------------- */

static void transfer(struct run *r, struct fuzz_in *in, int s)
{
    static const uint8_t zeros[4000], echo[4000] = { 8 };
    struct net *n = r->b->net;
    uint8_t into[300];
    uint32_t addr;
    uint16_t port;
    size_t len = fuzz_u16(in) % sizeof(zeros), room = fuzz_u16(in) % sizeof(into);
    ssize_t k = 0;
    switch (fuzz_u8(in) % 4) {
    case 0: k = net_send(n, s, zeros, len); break;
    case 1: k = net_sendto(n, s, fuzz_u8(in) % 2 ? zeros : echo, len, some_addr(in),
                           some_port(in)); break;
    case 2: k = net_recv(n, s, into, room); len = room; break;
    default: k = net_recvfrom(n, s, into, room, &addr, &port); len = room; break;
    }
    assert(k <= (ssize_t)len);
}

static void option(struct run *r, struct fuzz_in *in, int s)
{
    enum net_opt opt = (enum net_opt)(fuzz_u8(in) % 14);
    int value = (int16_t)fuzz_u16(in);
    if (fuzz_u8(in) % 2)
        (void)net_setopt(r->b->net, s, opt, value);
    else
        (void)net_getopt(r->b->net, s, opt, &value);
}

static void configure(struct run *r, struct fuzz_in *in)
{
    struct net *n = r->b->net;
    uint8_t what = fuzz_u8(in);
    switch (what % 6) {
    case 0: (void)net_route_add(n, some_addr(in), fuzz_u8(in) % 40, some_addr(in)); break;
    case 1: (void)net_route_del(n, some_addr(in), fuzz_u8(in) % 40); break;
    case 2: (void)net_set_dns(n, fuzz_u8(in) % 4, some_addr(in), 0); break;
    case 3: (void)net_route_add(n, 0, 0, ROUTER_ADDR); break;
    default:
        if (what > 240)
            (void)net_set_addr(n, some_addr(in), fuzz_u8(in) % 40);
        break;
    }
}

static void resolve(struct run *r, struct fuzz_in *in)
{
    struct net *n = r->b->net;
    struct net_dns_answer a;
    char name[33] = "www.example.org";
    size_t len;
    if (r->query < 0) {
        const uint8_t *p = fuzz_take(in, fuzz_u8(in) % sizeof(name), &len);
        memcpy(name, p, len);
        name[len ? len : strlen(name)] = '\0';
        (void)net_set_dns(n, 0, PEER_ADDR, 0);
        r->query = net_dns_query(n, name, fuzz_u8(in) % 2 ? NET_DNS_A : NET_DNS_MX);
    } else if (fuzz_u8(in) % 8 == 0) {
        net_dns_cancel(n, r->query);
        r->query = -1;
    } else if (net_dns_result(n, r->query, &a) == 0) {
        assert(a.err <= 0 && (a.err || a.count > 0) && a.count <= NET_DNS_RR_MAX);
        r->query = -1;
    }
}

static void lease(struct run *r, struct fuzz_in *in)
{
    struct net_dhcp_lease l;
    uint8_t what = fuzz_u8(in);
    if (what % 4 == 0)
        (void)net_dhcp_stop(r->b->net);
    else if (what % 4 == 1)
        (void)net_set_addr(r->b->net, 0, 0);
    else if (what % 4 == 2)
        (void)net_dhcp_start(r->b->net);
    assert(net_dhcp_get(r->b->net, &l) <= NET_DHCP_REBINDING);
}

static void look(struct run *r)
{
    struct net *n = r->b->net;
    struct net_sock_info socks[4];
    struct net_arp_info arp[ARP_ENTRIES];
    struct net_route_info route[IP4_ROUTES];
    int s, k = 0;
    while ((s = net_changed(n)) >= 0)
        assert(s < SOCKETS && k++ <= SOCKETS && net_ready(n, s) < 32);
    (void)net_sock_list(n, socks, 4);
    assert(net_arp_list(n, arp, ARP_ENTRIES) <= ARP_ENTRIES);
    assert(net_route_list(n, route, IP4_ROUTES) <= IP4_ROUTES);
}

/* Numbers of sockets that are none are the user's mistake, and an error. */
static void call(struct run *r, struct fuzz_in *in)
{
    struct net *n = r->b->net;
    uint8_t what = fuzz_u8(in);
    int s = fuzz_u8(in) % (SOCKETS + 2) - 1;
    switch (what % 16) {
    case 0: case 1: (void)net_socket(n, (enum net_type)(1 + fuzz_u8(in) % 3)); break;
    case 2: (void)net_bind(n, s, fuzz_u8(in) % 4 ? 0 : some_addr(in), some_port(in)); break;
    case 3: (void)net_listen(n, s, (int8_t)fuzz_u8(in)); break;
    case 4: (void)net_accept(n, s, NULL, NULL); break;
    case 5: (void)net_connect(n, s, some_addr(in), some_port(in)); break;
    case 6: (void)net_shutdown(n, s, fuzz_u8(in) % 4); break;
    case 7: (void)net_close(n, s); break;
    case 8: (void)net_abort(n, s); break;
    case 9: option(r, in, s); break;
    case 10: configure(r, in); break;
    case 11: resolve(r, in); break;
    case 12: look(r); break;
    case 13: lease(r, in); break;
    default: transfer(r, in, s); break;
    }
}

/* --- the run -------------------------------------------------------------------------- */

static void step(struct run *r, struct fuzz_in *in)
{
    uint8_t what = fuzz_u8(in) % 8;
    if (what < 4)
        frame_in(r, in);
    else if (what < 7)
        call(r, in);
    else
        bench_to(r->b, r->b->now + fuzz_u16(in) * (MS / 4));
    bench_poll(r->b);
    /* The bench keeps so many of them only. */
    r->b->n_events = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    struct run *r = calloc(1, sizeof(*r));
    assert(r);
    uint8_t how = fuzz_u8(&in);
    r->query = -1;
    r->b = bench_up(&(struct bench_cfg){ .offload = how & 1, .promiscuous = how & 2,
                                         .pool_small = how & 4 ? 24 : 128,
                                         .pool_large = how & 8 ? 20 : 3, .no_addr = how & 16 });
    fake_link_on_tx(r->b->link, on_tx, r);
    if (how & 16)
        assert(net_dhcp_start(r->b->net) == 0);
    for (int i = 0; i < STEPS_MAX && in.left > 0; i++)
        step(r, &in);
    look(r);
    bench_down(r->b);       /* asserts the sums of the counters, and the pool */
    free(r);
    return 0;
}
