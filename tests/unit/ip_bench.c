/* SPDX-License-Identifier: Apache-2.0 */
/* ip_bench.c - see ip_bench.h. */
#include "tests/unit/ip_bench.h"

#include "driver/nic_regs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };
const uint8_t router_mac[6] = { 2, 0, 0, 0, 0, 0xFE };
const uint8_t all_mac[6] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };

static bool keep(void *arg, uint8_t *frame, size_t len, int64_t now_ns)
{
    struct bench *b = arg;
    assert_true(b->n_sent < BENCH_SENT_MAX);
    struct sent_frame *f = &b->sent[b->n_sent++];
    assert_true(len <= sizeof(f->b));
    f->len = len;
    f->at_ns = now_ns;
    memcpy(f->b, frame, len);
    return true;
}

static void note(void *arg, const struct net_event *ev)
{
    struct bench *b = arg;
    assert_true(b->n_events < BENCH_EVENTS_MAX);
    b->events[b->n_events] = *ev;
    b->events[b->n_events++].name = NULL;
}

struct bench *bench_up(const struct bench_cfg *cfg)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    unsigned small = cfg->pool_small ? cfg->pool_small : 128;
    uint8_t number = cfg->number ? cfg->number : 1;
    unsigned large = cfg->pool_large ? cfg->pool_large : 4;
    size_t bytes = pkt_pool_bytes(small, large);
    b->mem = malloc(bytes);
    assert_non_null(b->mem);
    b->pool = pkt_pool_create(b->mem, bytes, small, large);
    assert_non_null(b->pool);
    struct fake_link_cfg link = {
        .pool = b->pool,
        .hw_caps = cfg->offload ? LY_CAPS_TX_CSUM_MASK | LY_CAPS_RX_CSUM_MASK : 0,
        .max_frame_bytes = cfg->max_frame_bytes,
    };
    assert_int_equal(fake_link_open(&b->link, &link), 0);
    fake_link_on_tx(b->link, keep, b);
    struct nic_cfg nic = {
        .link = fake_link_base(b->link),
        .pool = b->pool,
        .mac = { 2, 0, 0, 0, 0, number },
        .offload = cfg->offload ? NIC_OFF_ALL : 0,
        .promiscuous = cfg->promiscuous,
    };
    assert_int_equal(nic_create(&b->nic, &nic), 0);
    struct net_cfg net = {
        .nic = b->nic,
        .pool = b->pool,
        .seed = cfg->seed ? cfg->seed : 1,
        .max_sockets = 16,
        .event = note,
        .event_arg = b,
    };
    assert_int_equal(net_create(&b->net, &net), 0);
    bench_poll(b);
    assert_int_equal(nic_state(b->nic), NIC_UP);
    if (!cfg->no_addr)
        assert_int_equal(net_set_addr(b->net, 0x0A090000u + number, 24), 0);
    return b;
}

void bench_check_counters(const struct net *n)
{
    const struct net_counters *c = net_counters(n);
    assert_int_equal(c->eth_rx_frames, c->drop_eth_short + c->drop_eth_type +
                     c->drop_eth_not_mine + c->arp_rx + c->ip4_rx);
    assert_int_equal(c->arp_rx, c->arp_handled + c->drop_arp_malformed);
    assert_int_equal(c->ip4_rx + c->ip4_reassembled, c->drop_ip4_malformed +
                     c->drop_ip4_checksum + c->drop_ip4_not_mine + c->drop_ip4_martian +
                     c->ip4_frag_rx + c->drop_ip4_no_proto + c->icmp4_rx + c->udp_rx + c->tcp_rx);
    assert_int_equal(c->ip4_frag_rx, c->ip4_frag_joined + c->drop_ip4_frag_malformed +
                     c->drop_ip4_frag_too_long + c->drop_ip4_frag_duplicate +
                     c->drop_ip4_frag_overlap + c->drop_ip4_frag_timeout +
                     c->drop_ip4_frag_evicted + c->drop_ip4_frag_no_buffer + ip4_frag_held(n));
    assert_int_equal(c->icmp4_rx, c->icmp4_handled + c->drop_icmp4_malformed +
                     c->drop_icmp4_checksum + c->drop_icmp4_type + c->drop_icmp4_redirect +
                     c->drop_icmp4_quench + c->drop_icmp4_broadcast + c->drop_icmp4_no_socket +
                     c->drop_icmp4_not_in_flight + c->drop_icmp4_rcvbuf);
    assert_int_equal(c->udp_rx, c->udp_delivered + c->drop_udp_malformed + c->drop_udp_checksum +
                     c->drop_udp_no_socket + c->drop_udp_rcvbuf);
    assert_int_equal(c->dhcp_rx, c->dhcp_offers + c->dhcp_acks + c->dhcp_naks +
                     c->drop_dhcp_malformed + c->drop_dhcp_not_mine + c->drop_dhcp_state);
}

void bench_down(struct bench *b)
{
    bench_check_counters(b->net);
    net_destroy(b->net);
    nic_destroy(b->nic);
    assert_int_equal(pkt_pool_in_use(b->pool), 0);
    free(b->mem);
    free(b);
}

void bench_poll(struct bench *b)
{
    for (int i = 0; i < 64; i++) {
        assert_int_equal(net_poll(b->net, b->now, &b->next), 0);
        if (fake_link_advance(b->now, b->next, INT64_MAX, b->link, NULL) > b->now)
            return;
    }
    fail_msg("always something due at the same time");
}

void bench_to(struct bench *b, int64_t t)
{
    for (;;) {
        bench_poll(b);
        int64_t next = fake_link_advance(b->now, b->next, INT64_MAX, b->link, NULL);
        if (next > t)
            break;
        b->now = next;
    }
    b->now = t;
    bench_poll(b);
}

void bench_in(struct bench *b, const void *frame, size_t len)
{
    fake_link_inject(b->link, frame, len, b->now);
    bench_poll(b);
}

const struct sent_frame *bench_sent(struct bench *b)
{
    return b->n_taken < b->n_sent ? &b->sent[b->n_taken++] : NULL;
}

void bench_knows(struct bench *b, uint32_t addr, const uint8_t *mac)
{
    uint8_t f[64];
    unsigned sent = b->n_sent;
    bench_in(b, f, make_arp(f, our_mac, 1, mac, addr, NULL, net_addr(b->net)));
    assert_int_equal(b->n_sent, sent + 1);
    assert_int_equal(get16(b->sent[sent].b + 12), 0x0806);
    b->n_sent = sent;
}

void pair_join(struct bench *a, struct bench *b)
{
    assert_int_equal(a->now, b->now);
    fake_link_connect(a->link, b->link, 1000);
}

void pair_to(struct bench *a, struct bench *b, int64_t t)
{
    int64_t next;
    do {
        assert_int_equal(net_poll(a->net, a->now, &a->next), 0);
        assert_int_equal(net_poll(b->net, b->now, &b->next), 0);
        next = fake_link_advance(a->now, a->next, b->next, a->link, b->link);
        if (next > t)
            next = t + 1;
        a->now = b->now = next;
    } while (next <= t);
    a->now = b->now = t;
}

/* --- frames --------------------------------------------------------------- */

uint32_t twin_sum(uint32_t sum, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return sum;
}

uint16_t get16(const uint8_t *b)
{
    return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t get32(const uint8_t *b)
{
    return (uint32_t)get16(b) << 16 | get16(b + 2);
}

void put16(uint8_t *b, uint16_t v)
{
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

void put32(uint8_t *b, uint32_t v)
{
    put16(b, (uint16_t)(v >> 16));
    put16(b + 2, (uint16_t)v);
}

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

size_t from_hex(uint8_t *out, size_t max, const char *hex)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= max);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return n;
}

size_t make_ip(uint8_t *f, const struct ip_spec *s, const void *payload, size_t len)
{
    uint8_t *ip = f + 14;
    size_t hdr = 20 + s->options_bytes;
    memcpy(f, s->eth_dst ? s->eth_dst : our_mac, 6);
    memcpy(f + 6, s->eth_src ? s->eth_src : peer_mac, 6);
    put16(f + 12, 0x0800);
    memset(ip, 0, 20);
    ip[0] = (uint8_t)(0x40 | hdr / 4);
    put16(ip + 2, (uint16_t)(hdr + len));
    put16(ip + 4, s->id ? s->id : 0x4C59);
    put16(ip + 6, s->frag);
    ip[8] = s->ttl ? s->ttl : 64;
    ip[9] = s->proto;
    put32(ip + 12, s->src ? s->src : PEER_ADDR);
    put32(ip + 16, s->dst ? s->dst : OUR_ADDR);
    if (s->options_bytes)
        memcpy(ip + 20, s->options, s->options_bytes);
    put16(ip + 10, (uint16_t)~twin_sum(0, ip, hdr));
    if (len)
        memcpy(ip + hdr, payload, len);
    return 14 + hdr + len;
}

/* Sum of the pseudo header of the packet at @ip, whose payload has @len bytes. */
static uint32_t pseudo(const uint8_t *ip, size_t len)
{
    uint8_t p[12] = { 0 };
    memcpy(p, ip + 12, 8);
    p[9] = ip[9];
    put16(p + 10, (uint16_t)len);
    return twin_sum(0, p, sizeof(p));
}

size_t make_udp(uint8_t *f, const struct ip_spec *s, uint16_t sport, uint16_t dport,
                const void *payload, size_t len)
{
    uint8_t u[1600] = { 0 };
    struct ip_spec spec = *s;
    spec.proto = 17;
    put16(u, sport);
    put16(u + 2, dport);
    put16(u + 4, (uint16_t)(8 + len));
    if (len)
        memcpy(u + 8, payload, len);
    size_t n = make_ip(f, &spec, u, 8 + len);
    uint8_t *at = f + n - len - 8;
    uint16_t sum = (uint16_t)~twin_sum(pseudo(f + 14, 8 + len), at, 8 + len);
    put16(at + 6, sum ? sum : 0xFFFF);
    return n;
}

size_t make_icmp(uint8_t *f, const struct ip_spec *s, uint8_t type, uint8_t code, uint32_t rest,
                 const void *payload, size_t len)
{
    uint8_t m[1600] = { type, code };
    struct ip_spec spec = *s;
    spec.proto = 1;
    put32(m + 4, rest);
    if (len)
        memcpy(m + 8, payload, len);
    put16(m + 2, (uint16_t)~twin_sum(0, m, 8 + len));
    return make_ip(f, &spec, m, 8 + len);
}

size_t make_arp(uint8_t *f, const uint8_t *eth_dst, uint16_t op, const uint8_t *sha, uint32_t spa,
                const uint8_t *tha, uint32_t tpa)
{
    memcpy(f, eth_dst ? eth_dst : all_mac, 6);
    memcpy(f + 6, sha, 6);
    put16(f + 12, 0x0806);
    put16(f + 14, 1);
    put16(f + 16, 0x0800);
    f[18] = 6;
    f[19] = 4;
    put16(f + 20, op);
    memcpy(f + 22, sha, 6);
    put32(f + 28, spa);
    if (tha)
        memcpy(f + 32, tha, 6);
    else
        memset(f + 32, 0, 6);
    put32(f + 38, tpa);
    return 42;
}

bool ip_ok(const struct sent_frame *f)
{
    const uint8_t *ip = f->b + 14;
    if (f->len < 34 || get16(f->b + 12) != 0x0800 || ip[0] != 0x45)
        return false;
    size_t total = get16(ip + 2);
    if (total < 20 || 14 + total > f->len || twin_sum(0, ip, 20) != 0xFFFF)
        return false;
    if (14 + total < f->len && f->len > 60)
        return false;           /* only padding to the minimum may follow */
    uint32_t sum = ip[9] == 1 ? 0 : pseudo(ip, total - 20);
    return twin_sum(sum, ip + 20, total - 20) == 0xFFFF;
}
