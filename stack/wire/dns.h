/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/dns.h - DNS messages: header, names with compression, questions, resource
 * records. No state. Source: RFC 1035 3.1, 4.1; RFC 2181 8, 11; RFC 4343.
 *
 * A name is kept in wire form without compression: length bytes and labels, with
 * the zero byte of the root at its end.
 */
#ifndef LY_STACK_WIRE_DNS_H
#define LY_STACK_WIRE_DNS_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DNS_HDR_BYTES 12u
#define DNS_LABEL_MAX 63u
#define DNS_NAME_MAX 255u       /* wire form, root included: 253 as text */
#define DNS_POINTERS_MAX 127u   /* as many as the longest name has labels */
#define DNS_PORT 53u
#define DNS_CLASS_IN 1u

#define DNS_QR 0x8000u          /* an answer */
#define DNS_OPCODE_MASK 0x7800u
#define DNS_AA 0x0400u          /* from an authority for the name */
#define DNS_TC 0x0200u          /* truncated */
#define DNS_RD 0x0100u          /* recursion desired */
#define DNS_RA 0x0080u          /* the server recurses */
#define DNS_RCODE_MASK 0x000Fu
#define DNS_RCODE_NXDOMAIN 3u

struct dns_hdr {
    struct be16 id;
    struct be16 flags;
    struct be16 qdcount, ancount, nscount, arcount;
};
_Static_assert(sizeof(struct dns_hdr) == DNS_HDR_BYTES, "RFC 1035 4.1.1");

struct dns_name {
    uint8_t len;                /* bytes used, 1 to 255; the last is 0 */
    uint8_t b[DNS_NAME_MAX];
};

struct dns_rr {
    struct dns_name owner;
    uint16_t type, class_;
    uint32_t ttl_s;
    uint16_t rdlen;
    size_t rdata;               /* offset in the message */
};

/** dns_u16() - the 16 bits at @at; the caller has checked that they are there. */
static inline uint16_t dns_u16(const uint8_t *msg, size_t at)
{
    struct be16 v;
    memcpy(&v, msg + at, sizeof(v));
    return be16_get(v);
}

/** dns_name_add() - append one label, its length byte in front. 0, -EBADMSG too long. */
static inline int dns_name_add(struct dns_name *n, const uint8_t *label)
{
    unsigned bytes = 1u + label[0];
    if (n->len + bytes + 1 > DNS_NAME_MAX)
        return -EBADMSG;
    memcpy(n->b + n->len, label, bytes);
    n->len = (uint8_t)(n->len + bytes);
    return 0;
}

/**
 * dns_name_parse() - read the name at @at of a message of @len bytes. Each
 * compression pointer must lead to before the run of labels in which it stands, so
 * no message can make this loop (RFC 1035 4.1.4: "a prior occurrence"); and pointers
 * to pointers, which no server writes, must not make it slow.
 *
 * Returns the offset behind the name in the message, or -EBADMSG.
 */
static inline int dns_name_parse(const uint8_t *msg, size_t len, size_t at, struct dns_name *out)
{
    size_t run = at;            /* where this run of labels starts */
    int behind = -1;            /* where reading goes on: after the first pointer */
    unsigned pointers = 0;
    out->len = 0;
    while (at < len && msg[at] != 0) {
        uint8_t c = msg[at];
        if (c <= DNS_LABEL_MAX) {
            if (len - at <= c || dns_name_add(out, msg + at))
                return -EBADMSG;
            at += 1u + c;
            continue;
        }
        if (c < 0xC0 || len - at < 2 || pointers++ == DNS_POINTERS_MAX)
            return -EBADMSG;    /* 01 and 10 are not assigned */
        size_t to = dns_u16(msg, at) & 0x3FFFu;
        if (to >= run)
            return -EBADMSG;
        if (behind < 0)
            behind = (int)at + 2;
        at = run = to;
    }
    if (at >= len)
        return -EBADMSG;
    out->b[out->len++] = 0;
    return behind < 0 ? (int)at + 1 : behind;
}

static inline uint8_t dns_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/** dns_name_eq() - the same name; ASCII letters in either case (RFC 4343 3). Length
 * bytes are below 64, so comparing them as if they were letters does no harm. */
static inline bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    if (a->len != b->len)
        return false;
    for (unsigned i = 0; i < a->len; i++) {
        if (dns_lower(a->b[i]) != dns_lower(b->b[i]))
            return false;
    }
    return true;
}

/**
 * dns_name_from_text() - "www.example.org", with or without the final dot.
 * Printable ASCII only, without escapes; "." alone is the root.
 *
 * Returns 0, -EINVAL: empty, an empty label, a label above 63, above 253 in all,
 * or a character that is not allowed.
 */
static inline int dns_name_from_text(const char *s, struct dns_name *out)
{
    uint8_t label[1 + DNS_LABEL_MAX] = { 0 };
    out->len = 0;
    if (*s == '.' && !s[1])
        s++;
    else if (!*s)
        return -EINVAL;
    while (*s) {
        unsigned n = 0;
        for (; *s && *s != '.'; s++) {
            if (*s <= ' ' || *s > '~' || *s == '\\' || n == DNS_LABEL_MAX)
                return -EINVAL;
            label[++n] = (uint8_t)*s;
        }
        label[0] = (uint8_t)n;
        if (!n || dns_name_add(out, label))
            return -EINVAL;
        if (*s == '.')
            s++;
    }
    out->b[out->len++] = 0;
    return 0;
}

/** dns_char_text() - one byte of a label as RFC 1035 5.1 writes it. Returns its length. */
static inline unsigned dns_char_text(uint8_t c, char out[4])
{
    if (c > ' ' && c <= '~' && c != '.' && c != '\\') {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    if (c == '.' || c == '\\') {
        out[1] = (char)c;
        return 2;
    }
    out[1] = (char)('0' + c / 100);
    out[2] = (char)('0' + c / 10 % 10);
    out[3] = (char)('0' + c % 10);
    return 4;
}

/**
 * dns_name_text() - as text without the final dot; the root is ".". Dots and
 * backslashes within labels, and what cannot be printed, are escaped.
 * @out: 256 bytes, ended by a zero byte
 *
 * Returns 0, -EBADMSG if the text is longer.
 */
static inline int dns_name_text(const struct dns_name *n, char out[256])
{
    unsigned len = 0;
    for (unsigned at = 0; n->b[at]; at += 1u + n->b[at]) {
        if (at)
            out[len++] = '.';
        for (unsigned i = 1; i <= n->b[at]; i++) {
            char t[4];
            unsigned bytes = dns_char_text(n->b[at + i], t);
            if (len + bytes > 255)      /* room for the end */
                return -EBADMSG;
            memcpy(out + len, t, bytes);
            len += bytes;
        }
    }
    if (!len)
        out[len++] = '.';
    out[len] = 0;
    return 0;
}

#define DNS_QUERY_MAX_BYTES (DNS_HDR_BYTES + DNS_NAME_MAX + 4u)

/**
 * dns_emit_query() - one question with recursion desired.
 * @b: DNS_QUERY_MAX_BYTES
 *
 * Returns its length.
 */
static inline uint32_t dns_emit_query(uint8_t *b, uint16_t id, const struct dns_name *name,
                                      uint16_t type)
{
    const struct dns_hdr h = {
        .id = be16_put(id),
        .flags = be16_put(DNS_RD),
        .qdcount = be16_put(1),
    };
    const struct be16 tail[2] = { be16_put(type), be16_put(DNS_CLASS_IN) };
    memcpy(b, &h, sizeof(h));
    memcpy(b + sizeof(h), name->b, name->len);
    memcpy(b + sizeof(h) + name->len, tail, sizeof(tail));
    return (uint32_t)(sizeof(h) + name->len + sizeof(tail));
}

/** dns_parse_hdr() - Returns 0 with *h filled, -EBADMSG too short. */
static inline int dns_parse_hdr(const uint8_t *msg, size_t len, struct dns_hdr *h)
{
    if (len < DNS_HDR_BYTES)
        return -EBADMSG;
    memcpy(h, msg, sizeof(*h));
    return 0;
}

/** dns_parse_question() - the one behind the header. Returns the offset behind it,
 * -EBADMSG. */
static inline int dns_parse_question(const uint8_t *msg, size_t len, struct dns_name *name,
                                     uint16_t *type, uint16_t *class_)
{
    int at = dns_name_parse(msg, len, DNS_HDR_BYTES, name);
    if (at < 0 || len - (size_t)at < 4)
        return -EBADMSG;
    *type = dns_u16(msg, (size_t)at);
    *class_ = dns_u16(msg, (size_t)at + 2);
    return at + 4;
}

/** dns_parse_rr() - the record at @at. Returns the offset behind it, -EBADMSG. */
static inline int dns_parse_rr(const uint8_t *msg, size_t len, size_t at, struct dns_rr *rr)
{
    int p = dns_name_parse(msg, len, at, &rr->owner);
    if (p < 0 || len - (size_t)p < 10)
        return -EBADMSG;
    size_t q = (size_t)p;
    rr->type = dns_u16(msg, q);
    rr->class_ = dns_u16(msg, q + 2);
    rr->ttl_s = (uint32_t)dns_u16(msg, q + 4) << 16 | dns_u16(msg, q + 6);
    if (rr->ttl_s > INT32_MAX)
        rr->ttl_s = 0;          /* RFC 2181 8 */
    rr->rdlen = dns_u16(msg, q + 8);
    rr->rdata = q + 10;
    return rr->rdlen <= len - rr->rdata ? (int)(rr->rdata + rr->rdlen) : -EBADMSG;
}

/** dns_rdata_name() - the name that ends the data of a record, @skip bytes into it.
 * 0, -EBADMSG if it does not end where the data ends. */
static inline int dns_rdata_name(const uint8_t *msg, const struct dns_rr *rr, size_t skip,
                                 struct dns_name *name)
{
    size_t end = rr->rdata + rr->rdlen;
    if (rr->rdlen < skip)
        return -EBADMSG;
    return dns_name_parse(msg, end, rr->rdata + skip, name) == (int)end ? 0 : -EBADMSG;
}

#endif
