/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rec.h - the record codec: what crosses USB bulk, FT245 and the simulated link.
 *
 * Header, 8 bytes little-endian: type u8, flags u8, tag u16, length u24
 * (payload bytes before padding to 4), check u8 (CRC-8 of the other seven:
 * polynomial 0x07, init 0xFF, MSB first, no reflection, no final xor).
 * Constants (types, kinds, the SYNC bytes) come from rtl/regs/nic.rdl by way of
 * driver/nic_regs.h. This is the only codec in C.
 */
#ifndef LY_DRIVER_REC_H
#define LY_DRIVER_REC_H

#include "driver/be.h"
#include "driver/link.h"
#include "driver/nic_regs.h"
#include "driver/pkt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rec_wire {
    uint8_t type;
    uint8_t flags;
    struct le16 tag;
    uint8_t length[3];
    uint8_t check;
};
_Static_assert(sizeof(struct rec_wire) == LY_REC_HDR_BYTES, "record header");

struct rec_hdr {
    uint8_t type;       /* LY_REC_* */
    uint8_t flags;      /* LY_REC_FLAG_* */
    uint16_t tag;
    uint32_t length;    /* payload bytes before padding */
};

/** rec_crc8() - CRC-8 of @n bytes: 0x07, init 0xFF, MSB first. */
uint8_t rec_crc8(const uint8_t *p, size_t n);

/** rec_padded() - bytes that a payload of @length takes in the stream. */
static inline uint32_t rec_padded(uint32_t length)
{
    return (length + 3u) & ~3u;
}

/** rec_hdr_emit() - write LY_REC_HDR_BYTES bytes at @out. */
void rec_hdr_emit(uint8_t *out, const struct rec_hdr *h);

/** rec_hdr_parse() - Returns 0, -EBADMSG when the check does not hold. */
int rec_hdr_parse(const uint8_t *in, struct rec_hdr *h);

/**
 * rec_emit_frame() - put record header, virtio header and padding round the
 * frame in @p: afterwards head..len is the whole record.
 *
 * Returns 0, -ENOBUFS without head- or tailroom.
 */
int rec_emit_frame(struct pkt *p);

/** Whole records of fixed size. Return the bytes written at @out. */
size_t rec_emit_reg_read(uint8_t *out, uint16_t tag, uint32_t addr);
size_t rec_emit_reg_write(uint8_t *out, uint16_t tag, uint32_t addr, uint32_t value);
size_t rec_emit_sync(uint8_t *out);
#define REC_CONTROL_MAX_BYTES (LY_REC_HDR_BYTES + 12u)

/* What rec_rx_push() found. */
enum rec_found {
    REC_NEED_MORE,  /* all bytes consumed, nothing complete */
    REC_FRAME,      /* rx->pkt holds a frame (virtio header parsed); take it with rec_rx_take */
    REC_CONTROL,    /* rx->hdr and rx->body hold a REG_VALUE, EVENT or STAMP */
    REC_SYNC,       /* SYNC seen: the stream is aligned */
    REC_ERROR,      /* header check, length above max_length, or a SYNC record that is
                     * none: discarding until SYNC. Send SYNC. */
    REC_SKIPPED,    /* a good header whose payload was skipped by its length: unknown
                     * type, wrong length for its type, frame below 12 + 14 bytes,
                     * virtio header that does not fit its frame */
    REC_NO_BUFFER,  /* a whole frame was dropped: pool empty or frame too large */
};

/* Receive state: resumable at every byte. */
struct rec_rx {
    struct pkt_pool *pool;
    uint32_t max_length;        /* largest payload accepted */
    struct rec_hdr hdr;
    uint8_t hdr_raw[LY_REC_HDR_BYTES];
    uint8_t body[16];           /* payload of a control record */
    uint32_t got;               /* bytes of the current header or payload seen */
    bool in_body, hunting, drop;
    uint32_t sync_got;          /* bytes of the SYNC record matched while hunting */
    struct pkt *pkt;
    struct virtio_net_hdr_v1 vnet;
};

/**
 * rec_rx_init() - start, discarding until the first SYNC.
 * @max_length: largest payload accepted, bytes
 */
void rec_rx_init(struct rec_rx *rx, struct pkt_pool *pool, uint32_t max_length);

/**
 * rec_rx_push() - eat bytes until one record is complete or they run out.
 * @used: bytes consumed of @n
 */
enum rec_found rec_rx_push(struct rec_rx *rx, const uint8_t *p, size_t n, size_t *used);

/**
 * rec_rx_event() - the link event that the record of REC_CONTROL stands for.
 *
 * Returns 0 with *ev filled, -ENOENT for an EVENT of unknown kind (count it as
 * a bad record).
 */
int rec_rx_event(const struct rec_rx *rx, struct link_event *ev);

/**
 * rec_rx_partial() - inside a record: its next byte is due within RECORD_GAP_US,
 * else call rec_rx_gap().
 */
static inline bool rec_rx_partial(const struct rec_rx *rx)
{
    return !rx->hunting && (rx->in_body || rx->got > 0);
}

/** rec_rx_take() - the frame of REC_FRAME, now the caller's. */
struct pkt *rec_rx_take(struct rec_rx *rx);

/** rec_rx_gap() - the next byte did not come in time: drop, hunt for SYNC. */
void rec_rx_gap(struct rec_rx *rx);

/** rec_rx_fini() - release what is held. */
void rec_rx_fini(struct rec_rx *rx);

#endif
