/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wire.c - stack/wire: what scapy made is read as scapy meant it, what is
 * emitted is the same bytes, and every truncation is refused.
 */
#include "stack/wire/arp.h"
#include "stack/wire/dns.h"
#include "stack/wire/eth.h"
#include "stack/wire/icmp4.h"
#include "stack/wire/ip4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"
#include "tests/unit/ip_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy that ends where the heap block ends, so that ASan sees one byte too far. */
static uint8_t *exact(const uint8_t *b, size_t len)
{
    uint8_t *c = malloc(len ? len : 1);
    assert_non_null(c);
    memcpy(c, b, len);
    return c;
}

/* Clause: RFC 894 Frame Format */
static void test_eth(void **state)
{
    (void)state;
    struct eth_view v;
    uint8_t out[14];
    uint8_t b[14];
    from_hex(b, sizeof(b), "0200000000010200000000020806");
    assert_int_equal(eth_parse(b, 14, &v), 0);
    assert_memory_equal(v.dst, our_mac, 6);
    assert_memory_equal(v.src, peer_mac, 6);
    assert_int_equal(v.type, ETH_TYPE_ARP);
    assert_int_equal(eth_parse(b, 13, &v), -EBADMSG);
    eth_emit(out, our_mac, peer_mac, ETH_TYPE_ARP);
    assert_memory_equal(out, b, 14);
    assert_true(eth_is_broadcast(all_mac) && eth_is_group(all_mac));
    assert_false(eth_is_group(our_mac));
    assert_false(eth_is_broadcast((const uint8_t[]){ 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE }));
    /* RFC 1112 6.4: only 23 bits of the group are carried. */
    eth_group_of_ip4(out, 0xE0800001);
    assert_memory_equal(out, ((const uint8_t[]){ 1, 0, 0x5E, 0, 0, 1 }), 6);
}

/* scapy: ARP(op=2, hwsrc=..:02, psrc=10.9.0.2, hwdst=..:01, pdst=10.9.0.1) */
/* Clause: RFC 826 Packet format */
static void test_arp(void **state)
{
    (void)state;
    uint8_t b[28], out[28];
    struct arp_view v;
    from_hex(b, sizeof(b), "00010800060400020200000000020a0900020200000000010a090001");
    assert_int_equal(arp_parse(b, 28, &v), 0);
    assert_int_equal(v.op, ARP_OP_REPLY);
    assert_int_equal(v.spa, PEER_ADDR);
    assert_int_equal(v.tpa, OUR_ADDR);
    assert_memory_equal(v.sha, peer_mac, 6);
    assert_memory_equal(v.tha, our_mac, 6);
    arp_emit(out, &v);
    assert_memory_equal(out, b, 28);
    for (uint32_t n = 0; n < 28; n++) {
        uint8_t *c = exact(b, n);
        assert_int_equal(arp_parse(c, n, &v), -EBADMSG);
        free(c);
    }
    /* Each field that must have one value: hardware, protocol, lengths, op, sender. */
    static const unsigned at[] = { 0, 1, 2, 3, 4, 5, 6, 8 };
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        b[at[i]] ^= 0x41;
        assert_int_equal(arp_parse(b, 28, &v), -EBADMSG);
        b[at[i]] ^= 0x41;
    }
    b[7] = 0;
    assert_int_equal(arp_parse(b, 28, &v), -EBADMSG);
    b[7] = 3;
    assert_int_equal(arp_parse(b, 28, &v), -EBADMSG);
}

/* scapy: IP(src, dst, id=0x1234, options=[RR(2 slots), NOP])/ICMP()/"abc" */
/* Clause: RFC 791 3.1 */
static void test_ip4(void **state)
{
    (void)state;
    uint8_t b[64];
    struct ip4_view v;
    size_t n = from_hex(b, sizeof(b),
        "4800002b123400004001467e0a0900020a090001070b04000000000000000001"
        "0800339b00010001616263");
    assert_int_equal(ip4_parse(b, (uint32_t)n, &v), 0);
    assert_int_equal(v.hdr_bytes, 32);
    assert_int_equal(v.total_bytes, 43);
    assert_int_equal(v.src, PEER_ADDR);
    assert_int_equal(v.dst, OUR_ADDR);
    assert_int_equal(v.proto, 1);
    assert_int_equal(v.id, 0x1234);
    assert_false(ip4_is_fragment(&v));
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *c = exact(b, i);
        assert_int_equal(ip4_parse(c, i, &v), -EBADMSG);
        free(c);
    }
    assert_int_equal(ip4_parse(b, (uint32_t)n + 5, &v), 0);     /* link padding */
    assert_int_equal(ip4_bad_option(b, 32), 0);
    b[21] = 1;                                                  /* option length below 2 */
    assert_int_equal(ip4_bad_option(b, 32), 20);
    b[21] = 13;                                                 /* beyond the header */
    assert_int_equal(ip4_bad_option(b, 32), 20);
    b[21] = 12;                                                 /* to its very end */
    assert_int_equal(ip4_bad_option(b, 32), 0);
    b[21] = 11;
    b[31] = 7;                                                  /* cut off before its length */
    assert_int_equal(ip4_bad_option(b, 32), 31);
    b[0] = 0x68;
    assert_int_equal(ip4_parse(b, (uint32_t)n, &v), -EBADMSG);
    b[0] = 0x44;
    assert_int_equal(ip4_parse(b, (uint32_t)n, &v), -EBADMSG);
}

/* Clause: RFC 791 3.1 */
static void test_ip4_emit(void **state)
{
    (void)state;
    uint8_t b[20], out[20];
    struct ip4_view v;
    from_hex(b, sizeof(b), "45100014123440003f0115910a0900020a090001");
    assert_int_equal(ip4_parse(b, 20, &v), 0);
    assert_int_equal(v.ttl, 63);
    assert_int_equal(v.tos, 0x10);
    assert_int_equal(v.frag, IP4_DF);
    ip4_emit(out, &v);
    b[10] = b[11] = 0;
    assert_memory_equal(out, b, 20);
    assert_int_equal(ip4_mask(0), 0);
    assert_int_equal(ip4_mask(32), 0xFFFFFFFF);
    assert_int_equal(ip4_mask(9), 0xFF800000);
}

/* Clause: RFC 768 Format */
static void test_udp(void **state)
{
    (void)state;
    uint8_t b[18], out[8];
    struct udp_view v;
    size_t n = from_hex(b, sizeof(b), "0fa0000700120e3f68656c6c6f2c206e6963");
    assert_int_equal(udp_parse(b, (uint32_t)n, &v), 0);
    assert_int_equal(v.sport, 4000);
    assert_int_equal(v.dport, 7);
    assert_int_equal(v.len, 18);
    assert_true(v.has_csum);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *c = exact(b, i);
        assert_int_equal(udp_parse(c, i, &v), -EBADMSG);
        free(c);
    }
    udp_emit(out, 4000, 7, 18);
    b[6] = b[7] = 0;
    assert_memory_equal(out, b, 8);
    assert_int_equal(udp_parse(b, (uint32_t)n, &v), 0);
    assert_false(v.has_csum);
    b[5] = 7;
    assert_int_equal(udp_parse(b, (uint32_t)n, &v), -EBADMSG);
}

/* Clause: RFC 792 Message Formats */
static void test_icmp4(void **state)
{
    (void)state;
    uint8_t b[8], out[8];
    struct icmp4_view v;
    from_hex(b, sizeof(b), "08006ac24c590007");
    assert_int_equal(icmp4_parse(b, 8, &v), 0);
    assert_int_equal(v.type, ICMP4_ECHO);
    assert_int_equal(v.id, 0x4C59);
    assert_int_equal(v.seq, 7);
    assert_int_equal(icmp4_parse(b, 7, &v), -EBADMSG);
    icmp4_emit(out, &v);
    b[2] = b[3] = 0;
    assert_memory_equal(out, b, 8);
    assert_true(icmp4_is_error(ICMP4_UNREACHABLE) && icmp4_is_error(ICMP4_REDIRECT));
    assert_false(icmp4_is_error(ICMP4_ECHO) || icmp4_is_error(ICMP4_ECHO_REPLY));
}

/* scapy: TCP(flags="S", options=[MSS 1460, SAckOK, Timestamp, NOP, WScale 7]) */
/* Clause: RFC 9293 3.1 */
static void test_tcp(void **state)
{
    (void)state;
    uint8_t b[40];
    struct tcp_view v;
    size_t n = from_hex(b, sizeof(b),
        "9c4000500102030400000000a002faf053fe0000"
        "020405b40402080a112233440000000001030307");
    assert_int_equal(tcp_parse(b, (uint32_t)n, &v), 0);
    assert_int_equal(v.sport, 40000);
    assert_int_equal(v.dport, 80);
    assert_int_equal(v.seq.v, 0x01020304);
    assert_int_equal(v.flags, TCP_SYN);
    assert_int_equal(v.window, 64240);
    assert_int_equal(v.hdr_bytes, 40);
    assert_int_equal(v.data_bytes, 0);
    assert_int_equal(v.opts.mss, 1460);
    assert_true(v.opts.sack_perm && v.opts.ts);
    assert_int_equal(v.opts.ts_val, 0x11223344);
    assert_int_equal(v.opts.wscale, 7);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *c = exact(b, i);
        assert_int_equal(tcp_parse(c, i, &v), -EBADMSG);
        free(c);
    }
    b[12] = 0x40;                       /* header shorter than itself */
    assert_int_equal(tcp_parse(b, (uint32_t)n, &v), -EBADMSG);
}

/* Clause: RFC 9293 3.1, RFC 9293 3.2, RFC 7323 2.3 */
static void test_tcp_options(void **state)
{
    (void)state;
    struct tcp_opts o;
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x02\x00", 2, &o), -EBADMSG);
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x02\x01", 2, &o), -EBADMSG);
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x02\x04\x05", 3, &o), -EBADMSG);
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x02", 1, &o), -EBADMSG);
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x02\x03\x05", 3, &o), 0);
    assert_int_equal(o.mss, 0);         /* wrong length for its kind: skipped */
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\xFD\x03\x00\x02\x04\x02\x18", 7, &o), 0);
    assert_int_equal(o.mss, 536);       /* behind one that nobody knows */
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x01\x02\x04\x02\x19\x00\x02\x04", 8, &o), 0);
    assert_int_equal(o.mss, 537);       /* between NOP and the end, which the rest is behind */
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x00\x02\x01", 3, &o), 0);
    assert_int_equal(tcp_parse_opts((const uint8_t *)"\x03\x03\x20", 3, &o), 0);
    assert_int_equal(o.wscale, 14);     /* RFC 7323 2.3 */
}

/* Naive: the options fill the header to its very end, so none has an end mark and nothing is
 * padded behind one (MUST-69). */
static void options_fill_the_header(const struct tcp_opts *o)
{
    uint8_t b[TCP_HDR_BYTES + 40];
    memset(b, 0, sizeof(b));
    tcp_emit(b, &(struct tcp_emit){ .opts = *o });
    size_t end = (size_t)(b[12] >> 4) * 4, at = TCP_HDR_BYTES;
    assert_int_equal(end, TCP_HDR_BYTES + tcp_opts_bytes(o));
    while (at < end) {
        assert_int_not_equal(b[at], 0);
        at += b[at] == 1 ? 1 : b[at + 1];
    }
    assert_int_equal(at, end);
}

/* Clause: RFC 9293 3.1, RFC 9293 3.2 */
static void test_tcp_emit(void **state)
{
    (void)state;
    struct tcp_opts all = { .mss = 1460, .wscale = 7, .sack_perm = true, .ts = true,
                            .ts_val = 0xA1A2A3A4, .ts_ecr = 0xB1B2B3B4 };
    struct tcp_emit e = { 40000, 80, { 0x01020304 }, { 0x05060708 }, TCP_SYN | TCP_ACK, 64240,
                          all };
    uint8_t b[TCP_HDR_BYTES + 24];
    struct tcp_view v;
    assert_int_equal(tcp_opts_bytes(&e.opts), 24);
    tcp_emit(b, &e);
    assert_int_equal(tcp_parse(b, sizeof(b), &v), 0);
    assert_int_equal(v.sport, 40000);
    assert_int_equal(v.ack.v, 0x05060708);
    assert_int_equal(v.flags, TCP_SYN | TCP_ACK);
    assert_int_equal(v.opts.mss, 1460);
    assert_int_equal(v.opts.wscale, 7);
    assert_int_equal(v.opts.ts_ecr, 0xB1B2B3B4);
    assert_true(v.opts.sack_perm);
    for (unsigned i = 0; i < 16; i++)
        options_fill_the_header(&(struct tcp_opts){
            .mss = i & 1 ? 1460 : 0, .wscale = i & 2 ? 7 : -1, .sack_perm = i & 4, .ts = i & 8 });

    /* scapy: TCP(sport=40000, dport=80, seq, ack, flags="PA", window=502) */
    uint8_t want[20];
    from_hex(want, sizeof(want), "9c400050010203050a0b0c0d501801f600000000");
    tcp_emit(b, &(struct tcp_emit){ 40000, 80, { 0x01020305 }, { 0x0A0B0C0D }, TCP_PSH | TCP_ACK,
                                    502, { .wscale = -1 } });
    assert_memory_equal(b, want, sizeof(want));
}

/* --- DNS names ------------------------------------------------------------ */

/* Clause: RFC 1035 3.1, RFC 1035 2.3.3 */
static void test_dns_names(void **state)
{
    (void)state;
    struct dns_name a, b;
    char t[256];
    assert_int_equal(dns_name_from_text("www.Lanyard.test", &a), 0);
    assert_int_equal(a.len, 18);
    assert_memory_equal(a.b, "\3www\7Lanyard\4test", 18);
    assert_int_equal(dns_name_from_text("WWW.lanyard.test.", &b), 0);
    assert_true(dns_name_eq(&a, &b));
    assert_int_equal(dns_name_text(&a, t), 0);
    assert_string_equal(t, "www.Lanyard.test");
    assert_int_equal(dns_name_from_text(".", &a), 0);
    assert_int_equal(a.len, 1);
    assert_int_equal(dns_name_text(&a, t), 0);
    assert_string_equal(t, ".");
    assert_false(dns_name_eq(&a, &b));
    assert_int_equal(dns_name_from_text("_sip._udp.a-b.test", &a), 0);

    static const char *const bad[] = { "", "..", ".a", "a..b", "a b", "a\tb", "a\\b", "caf\xE9" };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dns_name_from_text(bad[i], &a), -EINVAL);
}

/* 63 bytes in a label, 253 in all. */
/* Clause: RFC 1035 2.3.4 */
static void test_dns_name_lengths(void **state)
{
    (void)state;
    char s[300], t[256];
    struct dns_name a;
    memset(s, 'x', sizeof(s));
    s[63] = 0;
    assert_int_equal(dns_name_from_text(s, &a), 0);
    s[63] = 'x';
    s[64] = 0;
    assert_int_equal(dns_name_from_text(s, &a), -EINVAL);
    s[63] = s[127] = s[191] = '.';
    s[64] = 'x';
    s[253] = 0;
    assert_int_equal(dns_name_from_text(s, &a), 0);
    assert_int_equal(a.len, 255);
    assert_int_equal(dns_name_text(&a, t), 0);
    assert_string_equal(t, s);
    s[253] = '.';
    s[254] = 0;                         /* the final dot does not count */
    assert_int_equal(dns_name_from_text(s, &a), 0);
    s[253] = 'x';
    assert_int_equal(dns_name_from_text(s, &a), -EINVAL);
}

/* Clause: RFC 1035 4.1.4 */
static void test_dns_compression(void **state)
{
    (void)state;
    struct dns_name n;
    char t[256];
    /* At 0 "test", at 6 "lanyard" + pointer to 0, at 16 "www" + pointer to 6. */
    const uint8_t m[] = "\4test\0\7lanyard\xC0\0\3www\xC0\6";
    size_t len = sizeof(m) - 1;
    assert_int_equal(dns_name_parse(m, len, 16, &n), 22);
    assert_int_equal(dns_name_text(&n, t), 0);
    assert_string_equal(t, "www.lanyard.test");
    assert_int_equal(dns_name_parse(m, len, 0, &n), 6);
    for (size_t i = 16; i < len; i++) {
        uint8_t *c = exact(m, i);
        assert_int_equal(dns_name_parse(c, i, 16, &n), -EBADMSG);
        free(c);
    }
}

/* Pointers to themselves, forwards, in a circle, reserved label types, no end. */
/* Clause: RFC 1035 4.1.4 */
static void test_dns_bad_names(void **state)
{
    (void)state;
    struct dns_name n;
    assert_int_equal(dns_name_parse((const uint8_t *)"\xC0\x00", 2, 0, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\xC0\x02\0", 3, 0, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\1a\xC0\x00", 4, 0, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\xC0\x02\xC0\x00", 4, 2, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\xC0\x00\xC0\x00", 4, 2, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\0\x40\x00", 3, 1, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\0\x80\x00", 3, 1, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"\0\xC0\x00", 3, 1, &n), 3);
    assert_int_equal(dns_name_parse((const uint8_t *)"\1a", 2, 0, &n), -EBADMSG);
    assert_int_equal(dns_name_parse((const uint8_t *)"", 0, 0, &n), -EBADMSG);
    /* A chain of pointers, each to the label before: far above 255 bytes of name. */
    uint8_t m[6 * 128];
    memset(m, 0, sizeof(m));
    size_t at = 0, prev = 0;
    for (unsigned i = 0; i < 128; i++) {
        m[at] = 3;
        memset(m + at + 1, 'a', 3);
        put16(m + at + 4, (uint16_t)(0xC000 | prev));
        if (i == 0)
            m[at + 4] = 0;
        prev = at;
        at += 6;
    }
    assert_true(dns_name_parse(m, sizeof(m), 6 * 62, &n) > 0);          /* 253 + root */
    assert_int_equal(n.len, 253);
    assert_int_equal(dns_name_parse(m, sizeof(m), 6 * 63, &n), -EBADMSG);
}

/* Clause: RFC 1035 5.1 */
static void test_dns_escapes(void **state)
{
    (void)state;
    char t[256];
    struct dns_name n = { .len = 8, .b = "\6a.b\\\xC3 " };
    assert_int_equal(dns_name_text(&n, t), 0);
    assert_string_equal(t, "a\\.b\\\\\\195\\032");
    /* 63 bytes that take four characters each, a dot, and what still fits or not. */
    struct dns_name wide = { .len = 0 };
    uint8_t label[64] = { 63 };
    assert_int_equal(dns_name_add(&wide, label), 0);
    assert_int_equal(dns_name_add(&wide, (const uint8_t *)"\3abc"), 0);
    wide.b[wide.len] = 0;
    assert_int_equal(dns_name_text(&wide, t), -EBADMSG);
    memcpy(wide.b + 64, "\2ab", 4);
    assert_int_equal(dns_name_text(&wide, t), 0);
    assert_int_equal(strlen(t), 255);
    assert_string_equal(t + 244, "\\000\\000.ab");
}

/* scapy: DNS(id=0xbeef, rd=1, qd=DNSQR("www.lanyard.test", "A")) */
/* Clause: RFC 1035 4.1.1, RFC 1035 4.1.2 */
static void test_dns_query(void **state)
{
    (void)state;
    uint8_t want[34], out[DNS_QUERY_MAX_BYTES];
    struct dns_name n;
    from_hex(want, sizeof(want),
             "beef0100000100000000000003777777076c616e7961726404746573740000010001");
    assert_int_equal(dns_name_from_text("www.lanyard.test", &n), 0);
    assert_int_equal(dns_emit_query(out, 0xBEEF, &n, 1), 34);
    assert_memory_equal(out, want, 34);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eth),
        cmocka_unit_test(test_arp),
        cmocka_unit_test(test_ip4),
        cmocka_unit_test(test_ip4_emit),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_icmp4),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_tcp_options),
        cmocka_unit_test(test_tcp_emit),
        cmocka_unit_test(test_dns_names),
        cmocka_unit_test(test_dns_name_lengths),
        cmocka_unit_test(test_dns_compression),
        cmocka_unit_test(test_dns_bad_names),
        cmocka_unit_test(test_dns_escapes),
        cmocka_unit_test(test_dns_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
