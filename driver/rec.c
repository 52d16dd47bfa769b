/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rec.c - the record codec: emit whole records, and a receiver that can stop at
 * any byte. Layout and rules: rec.h and the record chapter of the registers'
 * source (rtl/regs/nic.rdl).
 *
 * The receiver has three places: hunting (looks for the eight body bytes of
 * SYNC and at nothing else), header, payload with padding. A payload goes where
 * it belongs at once (virtio header, packet, control body) or nowhere (drop).
 */
#include "driver/rec.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Ethernet header: a shorter frame cannot have crossed the MAC. IEEE 802.3 3.1.1. */
#define ETH_HDR_BYTES 14u
#define FRAME_MIN_LENGTH ((uint32_t)sizeof(struct virtio_net_hdr_v1) + ETH_HDR_BYTES)

static const uint8_t sync_body[] = LY_REC_SYNC_BODY;
#define SYNC_BYTES ((uint32_t)sizeof sync_body)

/* Payloads of fixed size. */
struct reg_read_wire { struct le32 addr; };
struct reg_write_wire { struct le32 addr, value; };
struct reg_value_wire { struct le32 addr, value, status; };
struct event_wire { struct le16 kind, arg; struct le32 value; };
_Static_assert(sizeof(struct reg_read_wire) == 4, "REG_READ");
_Static_assert(sizeof(struct reg_write_wire) == 8, "REG_WRITE");
_Static_assert(sizeof(struct reg_value_wire) == 12, "REG_VALUE");
_Static_assert(sizeof(struct event_wire) == 8, "EVENT");
_Static_assert(sizeof sync_body == 8, "SYNC");

/* --- header ------------------------------------------------------------ */

/* Half a byte a step: entry i is i * x^8 mod (x^8 + x^2 + x + 1). */
static const uint8_t crc8_nibble[16] = {
    0x00, 0x07, 0x0E, 0x09, 0x1C, 0x1B, 0x12, 0x15,
    0x38, 0x3F, 0x36, 0x31, 0x24, 0x23, 0x2A, 0x2D,
};

uint8_t rec_crc8(const uint8_t *p, size_t n)
{
    uint8_t crc = 0xFF;
    for (size_t i = 0; i < n; i++) {
        crc = (uint8_t)(crc ^ p[i]);
        crc = (uint8_t)(crc << 4 ^ crc8_nibble[crc >> 4]);
        crc = (uint8_t)(crc << 4 ^ crc8_nibble[crc >> 4]);
    }
    return crc;
}

void rec_hdr_emit(uint8_t *out, const struct rec_hdr *h)
{
    assert(h->length <= 0xFFFFFF);
    struct rec_wire w = {
        .type = h->type,
        .flags = h->flags,
        .tag = le16_put(h->tag),
        .length = { (uint8_t)h->length, (uint8_t)(h->length >> 8), (uint8_t)(h->length >> 16) },
    };
    memcpy(out, &w, sizeof w);
    out[LY_REC_HDR_BYTES - 1] = rec_crc8(out, LY_REC_HDR_BYTES - 1);
}

/* The check goes over the bytes as they came, before any is believed. */
int rec_hdr_parse(const uint8_t *in, struct rec_hdr *h)
{
    struct rec_wire w;
    memcpy(&w, in, sizeof w);
    if (rec_crc8(in, LY_REC_HDR_BYTES - 1) != w.check)
        return -EBADMSG;
    *h = (struct rec_hdr){
        .type = w.type,
        .flags = w.flags,
        .tag = le16_get(w.tag),
        .length = w.length[0] | (uint32_t)w.length[1] << 8 | (uint32_t)w.length[2] << 16,
    };
    return 0;
}

/* --- emit -------------------------------------------------------------- */

/* In place: both headers go into the headroom, so no frame byte is moved. */
int rec_emit_frame(struct pkt *p)
{
    const struct virtio_net_hdr_v1 vnet = pkt_vnet(p);
    const struct rec_hdr h = {
        .type = LY_REC_FRAME,
        .flags = p->csum_bad ? LY_REC_FLAG_CSUM_BAD : 0,
        .tag = p->tag,
        .length = p->len + (uint32_t)sizeof vnet,
    };
    uint32_t pad = rec_padded(h.length) - h.length;

    /* Both ends are looked at before either is touched: on failure p is as it was. */
    if (p->head < LY_REC_HDR_BYTES + sizeof vnet || p->cap - p->head - p->len < pad)
        return -ENOBUFS;
    memset(pkt_put(p, pad), 0, pad);
    memcpy(pkt_push(p, (uint32_t)sizeof vnet), &vnet, sizeof vnet);
    rec_hdr_emit(pkt_push(p, LY_REC_HDR_BYTES), &h);
    return 0;
}

/* All control payloads are multiples of 4 bytes: no padding. */
static size_t emit_control(uint8_t *out, uint8_t type, uint16_t tag, const void *body, uint32_t n)
{
    rec_hdr_emit(out, &(struct rec_hdr){ .type = type, .tag = tag, .length = n });
    memcpy(out + LY_REC_HDR_BYTES, body, n);
    return LY_REC_HDR_BYTES + n;
}

size_t rec_emit_reg_read(uint8_t *out, uint16_t tag, uint32_t addr)
{
    const struct reg_read_wire w = { le32_put(addr) };
    return emit_control(out, LY_REC_REG_READ, tag, &w, sizeof w);
}

size_t rec_emit_reg_write(uint8_t *out, uint16_t tag, uint32_t addr, uint32_t value)
{
    const struct reg_write_wire w = { le32_put(addr), le32_put(value) };
    return emit_control(out, LY_REC_REG_WRITE, tag, &w, sizeof w);
}

size_t rec_emit_sync(uint8_t *out)
{
    return emit_control(out, LY_REC_SYNC, 0, sync_body, SYNC_BYTES);
}

/* --- receive ----------------------------------------------------------- */

void rec_rx_init(struct rec_rx *rx, struct pkt_pool *pool, uint32_t max_length)
{
    *rx = (struct rec_rx){ .pool = pool, .max_length = max_length, .hunting = true };
}

void rec_rx_fini(struct rec_rx *rx)
{
    pkt_release(rx->pkt);
    rx->pkt = NULL;
}

/* Out of step: what was begun is dropped, nothing but SYNC counts from here. */
static void hunt_start(struct rec_rx *rx)
{
    rec_rx_fini(rx);
    rx->hunting = true;
    rx->in_body = false;
    rx->sync_got = 0;
    rx->got = 0;
}

void rec_rx_gap(struct rec_rx *rx)
{
    hunt_start(rx);
}

/* One byte while hunting; true when it ends SYNC. The first body byte occurs only
 * once in it, so a mismatch falls back to "nothing" or to "first byte". */
static bool hunt_byte(struct rec_rx *rx, uint8_t b)
{
    if (b == sync_body[rx->sync_got])
        rx->sync_got++;
    else
        rx->sync_got = b == sync_body[0];
    if (rx->sync_got < SYNC_BYTES)
        return false;
    rx->hunting = false;
    rx->sync_got = 0;
    return true;
}

/* Returns the bytes used; hunting has ended if SYNC was among them. */
static size_t hunt(struct rec_rx *rx, const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && !hunt_byte(rx, p[i++]))
        ;
    return i;
}

/* Out of step, noticed by the eight bytes @seen. They may well be part of the SYNC
 * that we need, so the hunt begins in them. A whole SYNC body fails the check of a
 * header (test_rec.c shows it), so none is overlooked. */
static enum rec_found lost(struct rec_rx *rx, const uint8_t *seen)
{
    hunt_start(rx);
    hunt(rx, seen, LY_REC_HDR_BYTES);
    return rx->hunting ? REC_ERROR : REC_SYNC;
}

/* Types that the host keeps in rx->body, with the length that each must have. */
static bool control_known(const struct rec_hdr *h)
{
    switch (h->type) {
    case LY_REC_REG_VALUE: return h->length == sizeof(struct reg_value_wire);
    case LY_REC_EVENT:     return h->length == sizeof(struct event_wire);
    case LY_REC_STAMP:     return h->length <= sizeof ((struct rec_rx *)0)->body;
    case LY_REC_SYNC:      return true;     /* its length was looked at before */
    default:               return false;
    }
}

/* A frame too short to be one is treated like an unknown type. */
static bool frame_sized(const struct rec_hdr *h)
{
    return h->type == LY_REC_FRAME && h->length >= FRAME_MIN_LENGTH;
}

/* A packet of the smallest class that holds the frame and the padding behind it:
 * then rec_emit_frame() can send it on unchanged. No large packet for a small
 * frame, else one busy direction could use up both classes. */
static struct pkt *frame_alloc(struct rec_rx *rx)
{
    uint32_t bytes = rec_padded(rx->hdr.length) - (uint32_t)sizeof rx->vnet;
    if (bytes > PKT_LARGE_BYTES - PKT_HEADROOM_BYTES)
        return NULL;
    return pkt_alloc(rx->pool,
                     bytes > PKT_SMALL_BYTES - PKT_HEADROOM_BYTES ? PKT_LARGE : PKT_SMALL);
}

/* A header is complete: decide where its payload goes. REC_NEED_MORE: into it. */
static enum rec_found header_done(struct rec_rx *rx)
{
    if (rec_hdr_parse(rx->hdr_raw, &rx->hdr) || rx->hdr.length > rx->max_length
        || (rx->hdr.type == LY_REC_SYNC && rx->hdr.length != SYNC_BYTES))
        return lost(rx, rx->hdr_raw);
    rx->in_body = true;
    rx->got = 0;
    if (frame_sized(&rx->hdr)) {
        rx->pkt = frame_alloc(rx);
        rx->drop = !rx->pkt;
    } else {
        rx->drop = !control_known(&rx->hdr);
    }
    return REC_NEED_MORE;
}

/* Where the payload byte at rx->got goes: NULL for nowhere, and in *room the bytes
 * that go together. */
static uint8_t *body_at(struct rec_rx *rx, uint32_t *room)
{
    const uint32_t vnet_bytes = (uint32_t)sizeof rx->vnet;

    if (rx->got >= rx->hdr.length) {
        *room = rec_padded(rx->hdr.length) - rx->got;
        return NULL;
    }
    *room = rx->hdr.length - rx->got;
    if (rx->drop)
        return NULL;
    if (!rx->pkt)
        return rx->body + rx->got;
    if (rx->got >= vnet_bytes)
        return pkt_data(rx->pkt) + (rx->got - vnet_bytes);
    *room = vnet_bytes - rx->got;
    return (uint8_t *)&rx->vnet + rx->got;
}

/* Returns the bytes used, at least one. */
static size_t body_eat(struct rec_rx *rx, const uint8_t *p, size_t n)
{
    uint32_t room;
    uint8_t *to = body_at(rx, &room);
    uint32_t k = n < room ? (uint32_t)n : room;
    if (to)
        memcpy(to, p, k);
    rx->got += k;
    return k;
}

/* The virtio header, made into the packet's own fields. num_buffers is always 1
 * on a record stream, and a sum must lie inside its frame. virtio 1.2, 5.1.6. */
static bool frame_meta(const struct rec_rx *rx)
{
    const struct virtio_net_hdr_v1 *v = &rx->vnet;
    struct pkt *p = rx->pkt;

    p->len = rx->hdr.length - (uint32_t)sizeof *v;
    if (le16_get(v->num_buffers) > 1)
        return false;
    if (v->flags & VNET_F_NEEDS_CSUM) {
        uint32_t start = le16_get(v->csum_start), off = le16_get(v->csum_offset);
        if (start + off + 2 > p->len)
            return false;
        p->csum_at = p->head + start;
        p->csum_off = (uint16_t)off;
    }
    p->vnet_flags = v->flags;
    p->gso_type = v->gso_type;
    p->gso_size = le16_get(v->gso_size);
    p->hdr_len = le16_get(v->hdr_len);
    p->tag = rx->hdr.tag;
    p->csum_bad = (rx->hdr.flags & LY_REC_FLAG_CSUM_BAD) != 0;
    return true;
}

/* The last byte of padding is in. */
static enum rec_found body_done(struct rec_rx *rx)
{
    rx->in_body = false;
    rx->got = 0;
    if (rx->drop)
        return frame_sized(&rx->hdr) ? REC_NO_BUFFER : REC_SKIPPED;
    if (rx->hdr.type == LY_REC_SYNC) {
        bool ok = memcmp(rx->body, sync_body, SYNC_BYTES) == 0;
        return ok ? REC_SYNC : lost(rx, rx->body);
    }
    if (!rx->pkt)
        return REC_CONTROL;
    if (frame_meta(rx))
        return REC_FRAME;
    rec_rx_fini(rx);
    return REC_SKIPPED;
}

/* Header bytes go one by one (there are eight), payloads in pieces as large as they
 * come. A finding ends the call, so that the caller sees them one at a time. */
enum rec_found rec_rx_push(struct rec_rx *rx, const uint8_t *p, size_t n, size_t *used)
{
    assert(rx->in_body || !rx->pkt);    /* the frame of REC_FRAME was not taken */
    enum rec_found found = REC_NEED_MORE;
    size_t at = 0;

    while (at < n && found == REC_NEED_MORE) {
        if (rx->hunting) {
            at += hunt(rx, p + at, n - at);
            found = rx->hunting ? REC_NEED_MORE : REC_SYNC;
        } else if (!rx->in_body) {
            rx->hdr_raw[rx->got++] = p[at++];
            if (rx->got == LY_REC_HDR_BYTES)
                found = header_done(rx);
        } else {
            at += body_eat(rx, p + at, n - at);
        }
        /* Also behind a header without payload, which has nothing more to eat. */
        if (rx->in_body && rx->got == rec_padded(rx->hdr.length))
            found = body_done(rx);
    }
    *used = at;
    return found;
}

struct pkt *rec_rx_take(struct rec_rx *rx)
{
    assert(rx->pkt && !rx->in_body);
    struct pkt *p = rx->pkt;
    rx->pkt = NULL;
    return p;
}

/* The lengths were looked at by control_known(); here only the meaning is left. */
int rec_rx_event(const struct rec_rx *rx, struct link_event *ev)
{
    *ev = (struct link_event){ .tag = rx->hdr.tag };
    if (rx->hdr.type == LY_REC_STAMP) {
        ev->kind = LINK_EV_STAMP;
        return 0;
    }
    if (rx->hdr.type == LY_REC_REG_VALUE) {
        struct reg_value_wire w;
        memcpy(&w, rx->body, sizeof w);
        ev->kind = LINK_EV_REG;
        ev->addr = le32_get(w.addr);
        ev->value = le32_get(w.value);
        ev->status = (int32_t)le32_get(w.status);
        return 0;
    }
    struct event_wire w;
    memcpy(&w, rx->body, sizeof w);
    ev->arg = le16_get(w.arg);
    ev->value = le32_get(w.value);
    switch (le16_get(w.kind)) {
    case LY_EVENT_SYNC:  ev->kind = LINK_EV_SYNC; return 0;
    case LY_EVENT_LINK:  ev->kind = LINK_EV_LINK; return 0;
    case LY_EVENT_ERROR: ev->kind = LINK_EV_ERROR; return 0;
    default:             return -ENOENT;
    }
}
