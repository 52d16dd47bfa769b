/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/dhcp.h - DHCP messages: layout, parse, emit. No state. Source: RFC 2131 2, 4.1;
 * RFC 2132; RFC 3396 (an option cut into several); RFC 1542 2.1 (at least 300 bytes).
 */
#ifndef LY_STACK_WIRE_DHCP_H
#define LY_STACK_WIRE_DHCP_H

#include "driver/be.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DHCP_SERVER_PORT 67u
#define DHCP_CLIENT_PORT 68u
#define DHCP_COOKIE 0x63825363u     /* RFC 2131 3 */
#define DHCP_FLAG_BROADCAST 0x8000u
#define DHCP_FOREVER 0xFFFFFFFFu    /* of times in seconds: RFC 2131 3.3 */
#define DHCP_MSG_MIN_BYTES 300u
#define DHCP_DNS_MAX 3u             /* servers that a view holds */

enum dhcp_op { DHCP_BOOTREQUEST = 1, DHCP_BOOTREPLY = 2 };

/* RFC 2132 9.6 */
enum dhcp_type {
    DHCP_DISCOVER = 1, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK, DHCP_RELEASE,
};

/* RFC 2132: those that we read or write. */
enum dhcp_opt {
    DHCP_OPT_PAD = 0, DHCP_OPT_MASK = 1, DHCP_OPT_ROUTER = 3, DHCP_OPT_DNS = 6,
    DHCP_OPT_ADDR = 50, DHCP_OPT_LEASE = 51, DHCP_OPT_OVERLOAD = 52, DHCP_OPT_TYPE = 53,
    DHCP_OPT_SERVER = 54, DHCP_OPT_PARAMETERS = 55, DHCP_OPT_MAX_SIZE = 57, DHCP_OPT_T1 = 58,
    DHCP_OPT_T2 = 59, DHCP_OPT_CLIENT_ID = 61, DHCP_OPT_END = 255,
};

struct dhcp_hdr {
    uint8_t op, htype, hlen, hops;  /* htype 1: Ethernet, hlen 6 */
    struct be32 xid;
    struct be16 secs, flags;
    struct be32 ciaddr, yiaddr, siaddr, giaddr;
    uint8_t chaddr[16];
    uint8_t sname[64], file[128];   /* names, or options: RFC 2132 9.3 */
    struct be32 cookie;
};
_Static_assert(sizeof(struct dhcp_hdr) == 240, "RFC 2131 2, and the cookie");

/* A message from a server. What is 0 was not there, or said nothing. */
struct dhcp_view {
    uint32_t xid, yiaddr;
    uint8_t chaddr[6];
    enum dhcp_type type;
    uint32_t server;            /* its identifier */
    uint8_t prefix_len;         /* of the subnet mask */
    uint32_t router;            /* the first */
    uint32_t dns[DHCP_DNS_MAX];
    uint32_t lease_s, t1_s, t2_s;
};

/* A message to a server. */
struct dhcp_msg {
    enum dhcp_type type;
    uint32_t xid;
    uint16_t secs;
    bool broadcast;             /* answer to all: we have no address yet */
    uint32_t ciaddr;            /* the address that we have */
    uint8_t chaddr[6];
    uint32_t addr;              /* requested; 0: no such option */
    uint32_t server;            /* chosen; 0: no such option */
    uint16_t max_bytes;         /* largest IP packet that we take; 0: no such option */
};

/* One option, its parts joined. RFC 3396 5: in the order options, file, sname. */
struct dhcp_found {
    uint32_t len;               /* in all; the first bytes are kept */
    uint8_t b[4 * DHCP_DNS_MAX];
};

static inline void dhcp_found_add(struct dhcp_found *f, const uint8_t *b, uint8_t len)
{
    for (unsigned i = 0; i < len; i++) {
        if (f->len < sizeof(f->b))
            f->b[f->len] = b[i];
        f->len++;
    }
}

/** dhcp_found_u32() - the @i'th 32 bits; the option must have a multiple of 4 bytes,
 * @whole: exactly 4. 0 if it has not. */
static inline uint32_t dhcp_found_u32(const struct dhcp_found *f, unsigned i, bool whole)
{
    struct be32 v;
    if (f->len % 4 || 4 * (i + 1) > f->len || i >= DHCP_DNS_MAX || (whole && f->len != 4))
        return 0;
    memcpy(&v, f->b + 4 * i, sizeof(v));
    return be32_get(v);
}

/**
 * dhcp_walk() - read the options of one field of @len bytes at @b into @f[option].
 *
 * Stops at END or where the field ends. Returns 0, -EBADMSG an option is cut.
 */
static inline int dhcp_walk(const uint8_t *b, size_t len, struct dhcp_found f[256])
{
    for (size_t at = 0; at < len && b[at] != DHCP_OPT_END;) {
        if (b[at] == DHCP_OPT_PAD) {
            at++;
            continue;
        }
        if (len - at < 2 || len - at - 2 < b[at + 1])
            return -EBADMSG;
        dhcp_found_add(&f[b[at]], b + at + 2, b[at + 1]);
        at += 2u + b[at + 1];
    }
    return 0;
}

/** dhcp_prefix_len() - of a mask, 1 to 32; 0 if its bits are not in one row. */
static inline uint8_t dhcp_prefix_len(uint32_t mask)
{
    uint8_t n = 0;
    while (n < 32 && mask >> (31 - n) & 1)
        n++;
    return n && n < 32 && mask << n ? 0 : n;
}

/** dhcp_read_options() - from what was found into the view. 0, -EBADMSG. */
static inline int dhcp_read_options(const struct dhcp_found f[256], struct dhcp_view *v)
{
    const struct dhcp_found *type = &f[DHCP_OPT_TYPE], *mask = &f[DHCP_OPT_MASK];
    if (type->len != 1 || type->b[0] < DHCP_DISCOVER || type->b[0] > DHCP_RELEASE)
        return -EBADMSG;        /* without it it would be BOOTP: RFC 2131 3 */
    v->type = (enum dhcp_type)type->b[0];
    v->prefix_len = dhcp_prefix_len(dhcp_found_u32(mask, 0, true));
    if (mask->len && !v->prefix_len)
        return -EBADMSG;
    v->server = dhcp_found_u32(&f[DHCP_OPT_SERVER], 0, true);
    v->router = dhcp_found_u32(&f[DHCP_OPT_ROUTER], 0, false);
    for (unsigned i = 0; i < DHCP_DNS_MAX; i++)
        v->dns[i] = dhcp_found_u32(&f[DHCP_OPT_DNS], i, false);
    v->lease_s = dhcp_found_u32(&f[DHCP_OPT_LEASE], 0, true);
    v->t1_s = dhcp_found_u32(&f[DHCP_OPT_T1], 0, true);
    v->t2_s = dhcp_found_u32(&f[DHCP_OPT_T2], 0, true);
    return 0;
}

/**
 * dhcp_parse() - a message from a server, of @len bytes at @b.
 *
 * Returns 0 with *v filled; -EBADMSG: cut, no reply for Ethernet, no DHCP, an option
 * cut, no type, or a mask that is none.
 */
static inline int dhcp_parse(const uint8_t *b, size_t len, struct dhcp_view *v)
{
    struct dhcp_found f[256] = { { .len = 0 } };
    struct dhcp_hdr h;
    if (len < sizeof(h))
        return -EBADMSG;
    memcpy(&h, b, sizeof(h));
    if (h.op != DHCP_BOOTREPLY || h.htype != 1 || h.hlen != 6 ||
        be32_get(h.cookie) != DHCP_COOKIE || dhcp_walk(b + sizeof(h), len - sizeof(h), f))
        return -EBADMSG;
    /* Only the options field may say that the others hold options too. */
    const struct dhcp_found *over = &f[DHCP_OPT_OVERLOAD];
    uint8_t fields = over->len == 1 ? over->b[0] : 0;
    if (((fields & 1) && dhcp_walk(h.file, sizeof(h.file), f)) ||
        ((fields & 2) && dhcp_walk(h.sname, sizeof(h.sname), f)))
        return -EBADMSG;
    *v = (struct dhcp_view){ .xid = be32_get(h.xid), .yiaddr = be32_get(h.yiaddr) };
    memcpy(v->chaddr, h.chaddr, sizeof(v->chaddr));
    return dhcp_read_options(f, v);
}

/* --- emit ----------------------------------------------------------------- */

/** dhcp_put() - append an option. Returns where the next one goes. */
static inline uint8_t *dhcp_put(uint8_t *at, enum dhcp_opt opt, const void *data, uint8_t len)
{
    at[0] = (uint8_t)opt;
    at[1] = len;
    memcpy(at + 2, data, len);
    return at + 2 + len;
}

static inline uint8_t *dhcp_put_u32(uint8_t *at, enum dhcp_opt opt, uint32_t value)
{
    const struct be32 v = be32_put(value);
    return value ? dhcp_put(at, opt, &v, sizeof(v)) : at;
}

/** dhcp_emit() - write a message of DHCP_MSG_MIN_BYTES at @b. RFC 2131 4.4.1, table 5. */
static inline void dhcp_emit(uint8_t *b, const struct dhcp_msg *m)
{
    static const uint8_t wanted[] = { DHCP_OPT_MASK, DHCP_OPT_ROUTER, DHCP_OPT_DNS,
                                      DHCP_OPT_LEASE, DHCP_OPT_T1, DHCP_OPT_T2 };
    struct dhcp_hdr h = {
        .op = DHCP_BOOTREQUEST, .htype = 1, .hlen = 6,
        .xid = be32_put(m->xid),
        .secs = be16_put(m->secs),
        .flags = be16_put(m->broadcast ? DHCP_FLAG_BROADCAST : 0),
        .ciaddr = be32_put(m->ciaddr),
        .cookie = be32_put(DHCP_COOKIE),
    };
    uint8_t id[7] = { 1 };      /* hardware type and address: RFC 2132 9.14 */
    const uint8_t type = (uint8_t)m->type;
    memcpy(h.chaddr, m->chaddr, sizeof(m->chaddr));
    memcpy(id + 1, m->chaddr, sizeof(m->chaddr));
    memset(b, DHCP_OPT_PAD, DHCP_MSG_MIN_BYTES);
    memcpy(b, &h, sizeof(h));
    uint8_t *at = dhcp_put(b + sizeof(h), DHCP_OPT_TYPE, &type, 1);
    at = dhcp_put(at, DHCP_OPT_CLIENT_ID, id, sizeof(id));
    at = dhcp_put_u32(at, DHCP_OPT_ADDR, m->addr);
    at = dhcp_put_u32(at, DHCP_OPT_SERVER, m->server);
    if (m->type == DHCP_DISCOVER || m->type == DHCP_REQUEST)
        at = dhcp_put(at, DHCP_OPT_PARAMETERS, wanted, sizeof(wanted));
    const struct be16 max = be16_put(m->max_bytes);
    if (m->max_bytes)
        at = dhcp_put(at, DHCP_OPT_MAX_SIZE, &max, sizeof(max));
    *at = DHCP_OPT_END;
}
_Static_assert(240 + 3 + 9 + 6 + 6 + 8 + 4 + 1 <= DHCP_MSG_MIN_BYTES, "all options fit");

#endif
