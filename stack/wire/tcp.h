/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/tcp.h - TCP segment: layout, parse, emit. No state; sequence
 * arithmetic is in tcp_seq.h. Source: RFC 9293 3.1, 3.2; RFC 7323 2.2, 3.2; RFC 2018 2.
 */
#ifndef LY_STACK_WIRE_TCP_H
#define LY_STACK_WIRE_TCP_H

#include "driver/be.h"
#include "stack/tcp_seq.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TCP_HDR_BYTES 20u
#define TCP_HDR_MAX_BYTES 60u
#define TCP_CSUM_OFF 16u        /* of the checksum field in the header */

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u
#define TCP_URG 0x20u
#define TCP_ECE 0x40u
#define TCP_CWR 0x80u

#define TCP_OPT_END 0u
#define TCP_OPT_NOP 1u
#define TCP_OPT_MSS 2u
#define TCP_OPT_WSCALE 3u
#define TCP_OPT_SACK_PERM 4u
#define TCP_OPT_TS 8u

struct tcp_hdr {
    struct be16 sport;
    struct be16 dport;
    struct be32 seq;
    struct be32 ack;
    uint8_t off;                /* header length in 32-bit words, upper half */
    uint8_t flags;
    struct be16 window;
    struct be16 csum;
    struct be16 urg;
};
_Static_assert(sizeof(struct tcp_hdr) == TCP_HDR_BYTES, "RFC 9293 3.1");
_Static_assert(offsetof(struct tcp_hdr, csum) == TCP_CSUM_OFF, "RFC 9293 3.1");

/* The options that this stack or a later one looks at. */
struct tcp_opts {
    uint16_t mss;               /* 0: absent */
    int8_t wscale;              /* shift count, -1: absent */
    bool sack_perm;
    bool ts;                    /* ts_val and ts_ecr are there */
    uint32_t ts_val, ts_ecr;
};

/* A checked segment. */
struct tcp_view {
    uint16_t sport, dport;
    struct tcp_seq seq, ack;
    uint8_t flags;              /* TCP_* */
    uint16_t window;            /* as on the wire, not scaled */
    uint16_t urg;
    uint32_t hdr_bytes;         /* options included */
    uint32_t data_bytes;
    struct tcp_opts opts;
};

/** tcp_opt_take() - one option of @len bytes, kind at o[0]; unknown ones are skipped. */
static inline void tcp_opt_take(const uint8_t *o, uint8_t len, struct tcp_opts *out)
{
    if (o[0] == TCP_OPT_MSS && len == 4) {
        out->mss = (uint16_t)((unsigned)o[2] << 8 | o[3]);
    } else if (o[0] == TCP_OPT_WSCALE && len == 3) {
        out->wscale = (int8_t)(o[2] > 14 ? 14 : o[2]);  /* RFC 7323 2.3 */
    } else if (o[0] == TCP_OPT_SACK_PERM && len == 2) {
        out->sack_perm = true;
    } else if (o[0] == TCP_OPT_TS && len == 10) {
        struct be32 v[2];
        memcpy(v, o + 2, sizeof(v));
        out->ts = true;
        out->ts_val = be32_get(v[0]);
        out->ts_ecr = be32_get(v[1]);
    }
}

/**
 * tcp_parse_opts() - walk @n bytes of options.
 *
 * Returns 0; -EBADMSG where a length is below 2 or reaches beyond the header
 * (RFC 9293 3.1; RFC 1122 4.2.2.5: must not crash on illegal lengths).
 */
static inline int tcp_parse_opts(const uint8_t *o, uint32_t n, struct tcp_opts *out)
{
    *out = (struct tcp_opts){ .wscale = -1 };
    for (uint32_t i = 0; i < n && o[i] != TCP_OPT_END;) {
        if (o[i] == TCP_OPT_NOP) {
            i++;
            continue;
        }
        if (n - i < 2 || o[i + 1] < 2 || o[i + 1] > n - i)
            return -EBADMSG;
        tcp_opt_take(o + i, o[i + 1], out);
        i += o[i + 1];
    }
    return 0;
}

/**
 * tcp_parse() - check the lengths of a segment of @len bytes at @b. The checksum
 * is the caller's (the NIC may have verified it).
 *
 * Returns 0 with *v filled, -EBADMSG (drop_tcp_malformed).
 */
static inline int tcp_parse(const uint8_t *b, uint32_t len, struct tcp_view *v)
{
    struct tcp_hdr h;
    if (len < TCP_HDR_BYTES)
        return -EBADMSG;
    memcpy(&h, b, sizeof(h));
    uint32_t hdr = (uint32_t)(h.off >> 4) * 4;
    if (hdr < TCP_HDR_BYTES || hdr > len)
        return -EBADMSG;
    v->sport = be16_get(h.sport);
    v->dport = be16_get(h.dport);
    v->seq.v = be32_get(h.seq);
    v->ack.v = be32_get(h.ack);
    v->flags = h.flags;
    v->window = be16_get(h.window);
    v->urg = be16_get(h.urg);
    v->hdr_bytes = hdr;
    v->data_bytes = len - hdr;
    return tcp_parse_opts(b + TCP_HDR_BYTES, hdr - TCP_HDR_BYTES, &v->opts);
}

/* What goes into a header. */
struct tcp_emit {
    uint16_t sport, dport;
    struct tcp_seq seq, ack;
    uint8_t flags;
    uint16_t window;
    struct tcp_opts opts;       /* wscale -1 and zeros: no options */
};

/** tcp_opts_bytes() - room that tcp_emit() needs for @o, a multiple of 4, at most 24. */
static inline uint32_t tcp_opts_bytes(const struct tcp_opts *o)
{
    return (o->mss ? 4u : 0u) + (o->wscale >= 0 ? 4u : 0u) + (o->sack_perm ? 4u : 0u) +
           (o->ts ? 12u : 0u);
}

/** tcp_emit_opts() - options at @b, each padded by NOPs in front to 4 bytes. */
static inline void tcp_emit_opts(uint8_t *b, const struct tcp_opts *o)
{
    if (o->mss) {
        const uint8_t t[4] = { TCP_OPT_MSS, 4, (uint8_t)(o->mss >> 8), (uint8_t)o->mss };
        memcpy(b, t, sizeof(t));
        b += sizeof(t);
    }
    if (o->sack_perm) {
        const uint8_t t[4] = { TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK_PERM, 2 };
        memcpy(b, t, sizeof(t));
        b += sizeof(t);
    }
    if (o->ts) {
        const uint8_t t[4] = { TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_TS, 10 };
        const struct be32 v[2] = { be32_put(o->ts_val), be32_put(o->ts_ecr) };
        memcpy(b, t, sizeof(t));
        memcpy(b + 4, v, sizeof(v));
        b += 12;
    }
    if (o->wscale >= 0) {
        const uint8_t t[4] = { TCP_OPT_NOP, TCP_OPT_WSCALE, 3, (uint8_t)o->wscale };
        memcpy(b, t, sizeof(t));
    }
}

/**
 * tcp_emit() - write header and options at @b, checksum field zero.
 * @b: TCP_HDR_BYTES + tcp_opts_bytes() bytes
 */
static inline void tcp_emit(uint8_t *b, const struct tcp_emit *e)
{
    uint32_t hdr = TCP_HDR_BYTES + tcp_opts_bytes(&e->opts);
    const struct tcp_hdr h = {
        .sport = be16_put(e->sport),
        .dport = be16_put(e->dport),
        .seq = be32_put(e->seq.v),
        .ack = be32_put(e->ack.v),
        .off = (uint8_t)(hdr / 4 << 4),
        .flags = e->flags,
        .window = be16_put(e->window),
    };
    memcpy(b, &h, sizeof(h));
    tcp_emit_opts(b + TCP_HDR_BYTES, &e->opts);
}

#endif
