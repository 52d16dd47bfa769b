/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_frames.h - between symbols and frames. Frames are judged here: preamble,
 * SFD, gap, length, and the FCS by zlib's crc32. The FCS is also added here. No
 * other byte is touched and no checksum computed.
 * Source: IEEE 802.3-2018 3.1.1 (format), 3.2.7 (length), 4.4.2 (gap, limits),
 * 35.2.3 (GMII: seven octets of preamble).
 */
#ifndef LY_SIM_WIRE_FRAMES_H
#define LY_SIM_WIRE_FRAMES_H

#include "sim/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYM_PS 8000u            /* one octet at 1000 Mbit/s */
#define ETH_FCS_BYTES 4u
#define ETH_MIN_BYTES 64u       /* octets DA..FCS */
#define ETH_MAX_BYTES 1518u
#define ETH_TAG_BYTES 4u        /* a tagged frame may be longer by this. 802.3 3.2.7 */
#define ETH_GAP_BYTES 12u
#define ETH_PREAMBLE_BYTES 7u
#define ETH_HDR_BYTES 14u

/* --- from symbols to frames --------------------------------------------- */

/* Longer events (a jabber) are counted to their end but not stored beyond this. */
#define FRAME_ASM_BYTES 2048u

/* One carrier event being put together. Zero-initialised is idle. */
struct frame_asm {
    uint64_t first_ps;          /* time of the first symbol with dv */
    uint64_t sfd_ps;            /* of the SFD symbol */
    uint64_t last_ps;           /* time of the last symbol with dv; 0 = none yet */
    uint64_t gap_ps;            /* from the event before to this one; SIM_NEVER = first */
    uint32_t len;               /* octets behind the SFD */
    uint32_t preamble;          /* octets 0x55 before the SFD */
    bool in;                    /* dv is up */
    bool sfd;                   /* the SFD came */
    bool bad_start;             /* something else came where preamble or SFD must be */
    bool er;                    /* an error symbol came inside */
    uint8_t fault;              /* FAULT_BIT()s of its symbols */
    uint8_t buf[FRAME_ASM_BYTES];
};

/* The symbols that are no plain data octets. */
bool frame_asm_edge(struct frame_asm *a, uint64_t t, const struct sym *s);

/**
 * frame_asm_sym() - take the symbol at @t; idle ones may be left out.
 *
 * Returns true when this symbol ends an event: then the fields describe it until
 * the next symbol with dv.
 */
static inline bool frame_asm_sym(struct frame_asm *a, uint64_t t, const struct sym *s)
{
    if (s->dv && a->sfd && !s->er && a->in) {
        if (a->len < FRAME_ASM_BYTES)
            a->buf[a->len] = s->data;
        a->len++;
        a->last_ps = t;
        return false;
    }
    return (s->dv || a->in) && frame_asm_edge(a, t, s);
}

/** frame_asm_stored() - octets in buf. */
static inline size_t frame_asm_stored(const struct frame_asm *a)
{
    return a->len < FRAME_ASM_BYTES ? a->len : FRAME_ASM_BYTES;
}

/**
 * frame_asm_verdict() - what is wrong with the event that just ended.
 *
 * Returns 0 for a good frame, else PCAPNG_BAD_* bits (sim/pcapng.h).
 */
uint32_t frame_asm_verdict(const struct frame_asm *a);

/** frame_bad_name() - the gravest of PCAPNG_BAD_* bits in words; NULL for 0. */
const char *frame_bad_name(uint32_t bad);

/** frame_max_bytes() - the longest legal DA..FCS of a frame that begins as @frame. */
uint32_t frame_max_bytes(const uint8_t *frame, size_t len);

/** frame_fcs() - FCS of @len octets, to be sent least significant octet first. */
uint32_t frame_fcs(const uint8_t *frame, size_t len);

/* --- from frames to symbols --------------------------------------------- */

/* A queue of frames on their way to one NIC. */
struct frame_feed;

/** frame_feed_create() - for FEED_FRAMES frames. frame_feed_create_of() - for @frames of them.
 * NULL: no memory. */
#define FEED_FRAMES 1024u
struct frame_feed *frame_feed_create(void);
struct frame_feed *frame_feed_create_of(unsigned frames);
void frame_feed_destroy(struct frame_feed *f);

/** frame_feed_room() - frames that frame_feed_put() takes now. */
unsigned frame_feed_room(const struct frame_feed *f);

/**
 * frame_feed_put() - queue one frame without FCS; padded to 60 octets with zeros,
 * the FCS added. Its first symbol comes after @now, with a legal gap.
 *
 * Returns 0; -EMSGSIZE longer than frame_max_bytes(), or shorter than a header;
 * -ENOBUFS queue full.
 */
int frame_feed_put(struct frame_feed *f, uint64_t now, const uint8_t *frame, size_t len);

/**
 * frame_feed_put_raw() - queue DA..FCS as they are, not before @at, marked with
 * @fault. Returns 0; -EMSGSIZE longer than a slot; -ENOBUFS queue full.
 */
int frame_feed_put_raw(struct frame_feed *f, uint64_t at, const uint8_t *frame, size_t len,
                       uint8_t fault);

/** frame_feed_spoil_newest() - the frame queued last ends with an error symbol. */
void frame_feed_spoil_newest(struct frame_feed *f);

/** frame_feed_in() - as wire_ops.in(): the symbol at the rx clock edge at @t, edges being @sym_ps
 * apart. */
struct sym frame_feed_in(struct frame_feed *f, uint64_t t, uint64_t sym_ps);

/** frame_feed_next() - as wire_ops.in_next(). */
uint64_t frame_feed_next(const struct frame_feed *f);

/** frame_feed_hold() - no frame begins before @until (a pause frame came); the one that is
 * being sent goes on to its end. */
void frame_feed_hold(struct frame_feed *f, uint64_t until);

/** frame_feed_newest() - the frame queued last, as it will be sent, DA..FCS. */
const uint8_t *frame_feed_newest(const struct frame_feed *f, size_t *len);

/* --- pause (31B) --------------------------------------------------------- */

/** frame_pause() - whether @frame, of 64 octets or more, is a pause frame to the group address;
 * then who hears it stops for *octets at the speed of the line. */
bool frame_pause(const uint8_t *frame, uint64_t *octets);

/* --- wires of whole frames ---------------------------------------------- */

/* What such a wire embeds: one port, both directions. */
struct wire_frames {
    struct wire w;
    struct frame_asm from;
    struct frame_feed *feed;
    /** far_send() - hand a checked frame (without FCS) to the far side. */
    void (*far_send)(struct wire_frames *wf, const uint8_t *frame, size_t len);
};

/**
 * wire_frames_init() - @ops: the wire's own; its out, in and in_next should be the
 * three functions below. Returns 0, -ENOMEM.
 */
int wire_frames_init(struct wire_frames *wf, const struct wire_ops *ops, struct world *world,
                     void (*far_send)(struct wire_frames *wf, const uint8_t *frame, size_t len));
void wire_frames_fini(struct wire_frames *wf);

void wire_frames_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s);
struct sym wire_frames_in(struct wire *w, unsigned port, uint64_t t);
uint64_t wire_frames_in_next(struct wire *w, unsigned port);

/**
 * wire_frames_arrived() - a frame from the far side, without FCS: queued at the
 * world's now.
 *
 * Returns as frame_feed_put(); -EMSGSIZE has set the wire's error.
 */
int wire_frames_arrived(struct wire_frames *wf, const uint8_t *frame, size_t len);

/**
 * wire_frames_played() - the same for a frame of a file: @fcs: it ends with its FCS, and is
 * sent as it is, whatever that and its length are.
 *
 * Returns as frame_feed_put() or frame_feed_put_raw().
 */
int wire_frames_played(struct wire_frames *wf, const uint8_t *frame, size_t len, bool fcs);

/**
 * wire_check() - judge and count an event from a NIC.
 *
 * Returns true for a good frame; otherwise it is counted, and the wire has failed
 * unless the fault was planted.
 */
bool wire_check(struct wire *w, const struct frame_asm *a);

/** wire_fail() - set w->error, printf-like, if it is not yet set. */
void wire_fail(struct wire *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
