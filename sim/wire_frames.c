/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_frames.c - the only place that judges and makes frames on the wire. The FCS
 * comes from zlib, so that an error in the RTL's CRC cannot hide behind the same
 * error here.
 */
#include "sim/wire_frames.h"

#include "driver/be.h"
#include "sim/pcapng.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PREAMBLE 0x55u
#define SFD 0xD5u
#define TPID_CVLAN 0x8100u  /* 802.1Q 9.6 */
#define TPID_SVLAN 0x88A8u
#define TYPE_AT 12u
#define ETHERTYPE_MAC_CONTROL 0x8808u   /* 802.3 31.4.1.3 */
#define OPCODE_PAUSE 1u
#define OPCODE_AT 14u
#define QUANTA_AT 16u
#define QUANTUM_OCTETS 64u      /* 512 bit times */
/* From the last symbol of one frame to the first of the next. Clocks may be off by a little: half
 * a symbol less tells twelve octets from eleven, and is over before the edge of the thirteenth. */
#define GAP_SYMBOLS (ETH_GAP_BYTES + 1u)

static uint16_t u16_at(const uint8_t *b)
{
    return be16_get((struct be16){ { b[0], b[1] } });
}

uint32_t frame_fcs(const uint8_t *frame, size_t len)
{
    return (uint32_t)crc32(0, frame, (uInt)len);
}

uint32_t frame_max_bytes(const uint8_t *frame, size_t len)
{
    if (len < ETH_HDR_BYTES)
        return ETH_MAX_BYTES;
    uint16_t type = u16_at(frame + TYPE_AT);
    bool tagged = type == TPID_CVLAN || type == TPID_SVLAN;
    return tagged ? ETH_MAX_BYTES + ETH_TAG_BYTES : ETH_MAX_BYTES;
}

/* --- from symbols to frames --------------------------------------------- */

static void start(struct frame_asm *a, uint64_t t)
{
    a->in = true;
    a->sfd = a->bad_start = a->er = false;
    a->len = a->preamble = 0;
    a->fault = 0;
    a->gap_ps = a->last_ps ? t - a->last_ps : SIM_NEVER;
    a->first_ps = t;
}

bool frame_asm_edge(struct frame_asm *a, uint64_t t, const struct sym *s)
{
    if (!s->dv) {
        a->in = false;
        return true;
    }
    if (!a->in)
        start(a, t);
    a->last_ps = t;
    a->er |= s->er;
    a->fault |= s->fault;       /* all symbols of a frame carry the same */
    if (a->sfd) {
        if (a->len < FRAME_ASM_BYTES)
            a->buf[a->len] = s->data;
        a->len++;
    } else if (s->data == SFD && !a->bad_start) {
        a->sfd = true;
        a->sfd_ps = t;
    } else if (s->data == PREAMBLE && !a->bad_start) {
        a->preamble++;
    } else {
        a->bad_start = true;
    }
    return false;
}

/* The FCS is sent least significant octet first. 802.3 3.2.9, 3.3. */
static bool fcs_good(const struct frame_asm *a)
{
    struct le32 fcs;
    if (a->len < sizeof fcs || a->len > FRAME_ASM_BYTES)
        return false;
    size_t n = a->len - sizeof fcs;
    memcpy(&fcs, a->buf + n, sizeof fcs);
    return le32_get(fcs) == frame_fcs(a->buf, n);
}

/* At the speed of the frame itself. */
static bool gap_short(const struct frame_asm *a)
{
    uint32_t symbols = a->preamble + a->len;    /* behind the first */
    if (symbols == 0)
        return false;               /* a lone SFD has no speed */
    uint64_t sym = (a->last_ps - a->first_ps) / symbols;
    return a->gap_ps < GAP_SYMBOLS * sym - sym / 2;
}

uint32_t frame_asm_verdict(const struct frame_asm *a)
{
    uint32_t bad = 0;
    if (!a->sfd)
        return PCAPNG_BAD_SFD;
    if (a->preamble != ETH_PREAMBLE_BYTES)
        bad |= PCAPNG_BAD_PREAMBLE;
    if (a->er)
        bad |= PCAPNG_BAD_SYMBOL;
    if (a->len < ETH_MIN_BYTES)
        bad |= PCAPNG_BAD_SHORT;
    if (a->len > frame_max_bytes(a->buf, a->len))
        bad |= PCAPNG_BAD_LONG;
    if (gap_short(a))
        bad |= PCAPNG_BAD_GAP;
    if (!fcs_good(a))
        bad |= PCAPNG_BAD_FCS;
    return bad;
}

bool frame_pause(const uint8_t *frame, uint64_t *octets)
{
    static const uint8_t group[] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x01 };
    *octets = (uint64_t)u16_at(frame + QUANTA_AT) * QUANTUM_OCTETS;
    return memcmp(frame, group, sizeof group) == 0 &&
           u16_at(frame + TYPE_AT) == ETHERTYPE_MAC_CONTROL &&
           u16_at(frame + OPCODE_AT) == OPCODE_PAUSE;
}

const char *frame_bad_name(uint32_t bad)
{
    static const struct { uint32_t bit; const char *name; } names[] = {
        { PCAPNG_BAD_SYMBOL, "an error symbol" },
        { PCAPNG_BAD_SFD, "no start of frame delimiter" },
        { PCAPNG_BAD_SHORT, "less than 64 octets" },
        { PCAPNG_BAD_LONG, "more than 1518 octets" },
        { PCAPNG_BAD_FCS, "a wrong FCS" },
        { PCAPNG_BAD_PREAMBLE, "a wrong preamble" },
        { PCAPNG_BAD_GAP, "a gap below 12 octets" },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bad & names[i].bit)
            return names[i].name;
    return NULL;
}

/* --- from frames to symbols --------------------------------------------- */

#define LEAD_BYTES (ETH_PREAMBLE_BYTES + 1u)    /* before DA */

struct feed_slot {
    uint64_t at;                /* not before this time */
    uint32_t len;               /* DA..FCS */
    uint8_t fault;
    bool er;                    /* in its last symbol */
    uint8_t b[ETH_MAX_BYTES + ETH_TAG_BYTES];
};

struct frame_feed {
    uint64_t free_at;           /* the wire's gap is over */
    uint64_t hold;              /* no frame begins before */
    unsigned head, n, slots;
    uint32_t pos;               /* next octet of the frame at head, preamble included */
    struct feed_slot slot[];
};

struct frame_feed *frame_feed_create_of(unsigned frames)
{
    struct frame_feed *f = malloc(sizeof *f + frames * sizeof f->slot[0]);
    if (f)
        *f = (struct frame_feed){ .slots = frames };
    return f;
}

struct frame_feed *frame_feed_create(void)
{
    return frame_feed_create_of(FEED_FRAMES);
}

void frame_feed_destroy(struct frame_feed *f)
{
    free(f);
}

unsigned frame_feed_room(const struct frame_feed *f)
{
    return f->slots - f->n;
}

/* The slot behind the last one is filled: queue it. */
static void slot_take(struct frame_feed *f, struct feed_slot *s, uint64_t at, uint32_t len,
                      uint8_t fault)
{
    s->at = at;
    s->len = len;
    s->fault = fault;
    s->er = false;
    f->n++;
}

int frame_feed_put(struct frame_feed *f, uint64_t now, const uint8_t *frame, size_t len)
{
    if (len < ETH_HDR_BYTES || len + ETH_FCS_BYTES > frame_max_bytes(frame, len))
        return -EMSGSIZE;
    if (f->n == f->slots)
        return -ENOBUFS;
    struct feed_slot *s = &f->slot[(f->head + f->n) % f->slots];
    uint32_t n = (uint32_t)len;
    memcpy(s->b, frame, n);
    /* A kernel hands out an ARP of 42 octets; on a wire the sender pads. 802.3 4.2.3.3. */
    if (n < ETH_MIN_BYTES - ETH_FCS_BYTES) {
        memset(s->b + n, 0, ETH_MIN_BYTES - ETH_FCS_BYTES - n);
        n = ETH_MIN_BYTES - ETH_FCS_BYTES;
    }
    struct le32 fcs = le32_put(frame_fcs(s->b, n));
    memcpy(s->b + n, &fcs, sizeof fcs);
    slot_take(f, s, now + SYM_PS, n + ETH_FCS_BYTES, 0);
    return 0;
}

int frame_feed_put_raw(struct frame_feed *f, uint64_t at, const uint8_t *frame, size_t len,
                       uint8_t fault)
{
    struct feed_slot *s = &f->slot[(f->head + f->n) % f->slots];
    if (len > sizeof s->b)
        return -EMSGSIZE;
    if (f->n == f->slots)
        return -ENOBUFS;
    memcpy(s->b, frame, len);
    slot_take(f, s, at, (uint32_t)len, fault);
    return 0;
}

void frame_feed_spoil_newest(struct frame_feed *f)
{
    f->slot[(f->head + f->n - 1) % f->slots].er = true;
}

/* Called once for each rx edge: an octet a call is the line rate. */
struct sym frame_feed_in(struct frame_feed *f, uint64_t t, uint64_t sym_ps)
{
    struct sym idle = { 0 };
    struct feed_slot *s = &f->slot[f->head];

    if (f->n == 0 || (f->pos == 0 && (s->at > t || f->free_at > t || f->hold > t)))
        return idle;
    uint8_t data = f->pos >= LEAD_BYTES ? s->b[f->pos - LEAD_BYTES]
                 : f->pos == LEAD_BYTES - 1 ? SFD : PREAMBLE;
    uint8_t fault = s->fault, er = 0;
    if (++f->pos == LEAD_BYTES + s->len) {
        er = s->er;
        f->pos = 0;
        f->head = (f->head + 1) % f->slots;
        f->n--;
        f->free_at = t + GAP_SYMBOLS * sym_ps - sym_ps / 2;
    }
    return (struct sym){ .data = data, .dv = 1, .er = er, .crs = 1, .fault = fault };
}

uint64_t frame_feed_next(const struct frame_feed *f)
{
    if (f->n == 0)
        return SIM_NEVER;
    if (f->pos > 0)
        return 0;
    uint64_t at = f->slot[f->head].at;
    at = at > f->hold ? at : f->hold;
    return at > f->free_at ? at : f->free_at;
}

void frame_feed_hold(struct frame_feed *f, uint64_t until)
{
    f->hold = until;
}

const uint8_t *frame_feed_newest(const struct frame_feed *f, size_t *len)
{
    const struct feed_slot *s = &f->slot[(f->head + f->n - 1) % f->slots];
    *len = s->len;
    return s->b;
}

/* --- what every wire does ----------------------------------------------- */

void wire_fail(struct wire *w, const char *fmt, ...)
{
    if (w->error[0])
        return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(w->error, sizeof w->error, fmt, ap);
    va_end(ap);
}

void wire_link(struct wire *w, unsigned port, unsigned mbit)
{
    for (unsigned i = 0; mbit && i < WIRE_PORTS_MAX; i++)
        if (i != port && w->linked[i] && w->linked[i] != mbit)
            wire_fail(w, "the NICs on this wire run at %u and %u Mbit/s", mbit, w->linked[i]);
    w->linked[port] = mbit;
    if (mbit)
        wire_set_speed(w, mbit);
}

void wire_set_far_capture(struct wire *w, struct pcapng *cap)
{
    while (w->inner)
        w = w->inner;
    w->far = cap;
}

bool wire_check(struct wire *w, const struct frame_asm *a)
{
    uint32_t bad = frame_asm_verdict(a);
    if (!bad) {
        w->stats.from_nic_frames++;
        w->stats.from_nic_octets += a->len;
        return true;
    }
    if (a->fault)
        return false;
    w->stats.from_nic_bad++;
    wire_fail(w, "%s: the NIC sent a frame with %s (%u octets, ended at %llu ns)", w->ops->name,
              frame_bad_name(bad), a->len, (unsigned long long)(a->last_ps / 1000));
    return false;
}

/* --- wires of whole frames ---------------------------------------------- */

int wire_frames_init(struct wire_frames *wf, const struct wire_ops *ops, struct world *world,
                     void (*far_send)(struct wire_frames *wf, const uint8_t *frame, size_t len))
{
    *wf = (struct wire_frames){ .w = { .ops = ops, .world = world }, .far_send = far_send };
    wf->feed = frame_feed_create();
    return wf->feed ? 0 : -ENOMEM;
}

void wire_frames_fini(struct wire_frames *wf)
{
    frame_feed_destroy(wf->feed);
    wf->feed = NULL;
}

void wire_frames_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct wire_frames *wf = (struct wire_frames *)w;
    struct frame_asm *a = &wf->from;
    (void)port;
    if (!frame_asm_sym(a, t, s) || !wire_check(w, a))
        return;
    if (w->far)
        pcapng_frame(w->far, t / 1000, a->buf, a->len, a->len, PCAPNG_IN, NULL);
    uint64_t octets;
    if (frame_pause(a->buf, &octets))   /* the far end's MAC obeys, and keeps it */
        frame_feed_hold(wf->feed, t + octets * wire_sym_ps(w));
    else
        wf->far_send(wf, a->buf, a->len - ETH_FCS_BYTES);
}

struct sym wire_frames_in(struct wire *w, unsigned port, uint64_t t)
{
    (void)port;
    return frame_feed_in(((struct wire_frames *)w)->feed, t, wire_sym_ps(w));
}

uint64_t wire_frames_in_next(struct wire *w, unsigned port)
{
    (void)port;
    return frame_feed_next(((const struct wire_frames *)w)->feed);
}

/* What frame_feed_put() said of a frame: @rc, which is returned. */
static int queued(struct wire_frames *wf, int rc)
{
    struct wire *w = &wf->w;
    uint64_t now = world_now(w->world);
    if (rc == -ENOBUFS)
        w->stats.to_nic_dropped++;
    if (rc < 0)
        return rc;
    size_t n;
    const uint8_t *sent = frame_feed_newest(wf->feed, &n);
    w->stats.to_nic_frames++;
    w->stats.to_nic_octets += n;
    if (w->far)
        pcapng_frame(w->far, now / 1000, sent, n, n, PCAPNG_OUT, NULL);
    world_due(w->world, now + SYM_PS);
    return 0;
}

int wire_frames_arrived(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    int rc = frame_feed_put(wf->feed, world_now(wf->w.world), frame, len);
    if (rc == -EMSGSIZE)
        wire_fail(&wf->w, "%s: a frame of %zu octets came from the far side; frames on a wire are "
                  "whole and at most 1514: mtu 1500, and tso, gso, gro off there",
                  wf->w.ops->name, len);
    return queued(wf, rc);
}

int wire_frames_played(struct wire_frames *wf, const uint8_t *frame, size_t len, bool fcs)
{
    uint64_t now = world_now(wf->w.world);
    return queued(wf, fcs ? frame_feed_put_raw(wf->feed, now + SYM_PS, frame, len, 0)
                          : frame_feed_put(wf->feed, now, frame, len));
}
