/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rec_stream.c - queues, SYNC and time-outs of the host's end of the stream.
 *
 * The two sides call from different places of the world: the host from its own
 * run() (or from outside), the NIC's actor at its edges. Each thing handed over
 * carries the time from which the other side may see it, and nothing is looked at
 * before that time.
 */
#include "sim/rec_stream.h"

#include "sim/wire_frames.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define GAP_PS (LY_RECORD_GAP_US * (uint64_t)1000000u)
/* The device may need one RECORD_GAP_US to drop half a record that a host before us
 * left in it, and a frame may stand before a register access for TX_STALL_US. */
#define ANSWER_PS (2u * GAP_PS)
#define SYNC_TRIES 3u
/* A payload: virtio header and frame. */
#define MAX_LENGTH (LY_REC_VNET_BYTES + STREAM_MAX_FRAME_BYTES)

/* --- news for the host ---------------------------------------------------- */

/* Something is there for the host one symbol after @t. */
static uint64_t news(struct rec_stream *s, uint64_t t)
{
    uint64_t at = t + SYM_PS;
    if (s->news_at == SIM_NEVER)
        s->news_at = at;
    s->last_at = at;
    world_due(s->world, at);
    return at;
}

static void event(struct rec_stream *s, uint64_t t, const struct link_event *ev)
{
    /* Never full: stream_rx_ready() and stream_tx() keep room for their own. */
    assert(s->ev_n < STREAM_EVENTS);
    s->ev[(s->ev_head + s->ev_n++) % STREAM_EVENTS] =
        (struct stream_event){ .ev = *ev, .at = news(s, t) };
}

/* --- SYNC ------------------------------------------------------------------ */

static void sync_start(struct rec_stream *s, uint64_t t)
{
    s->state = STREAM_SYNC;
    s->tries = 0;
    s->sync_at = t + 1;
    s->sync_deadline = t + ANSWER_PS;
}

/* Our side or the device's lost its place in the stream. */
static void resync(struct rec_stream *s, uint64_t t)
{
    if (s->state != STREAM_UP)
        return;
    s->stats.resyncs++;
    sync_start(s, t);
}

static void sync_answered(struct rec_stream *s, uint64_t t, const struct link_event *ev)
{
    if (s->state != STREAM_WAIT)
        return;     /* to an earlier try that was given up too soon: the next comes */
    s->state = STREAM_UP;
    for (unsigned i = 0; i < s->reg_n; i++)
        s->reg[i].deadline = t + ANSWER_PS;
    event(s, t, ev);
}

/* A SYNC that the device does not even take counts as one without answer. */
static void sync_timeout(struct rec_stream *s, uint64_t now)
{
    s->tries++;
    if (s->tries < SYNC_TRIES) {
        s->state = STREAM_SYNC;
        s->sync_at = now + 1;
        s->sync_deadline = now + ANSWER_PS;
        return;
    }
    s->state = STREAM_GONE;
    event(s, now, &(struct link_event){ .kind = LINK_EV_GONE, .status = -ETIMEDOUT });
}

/* --- towards the NIC ------------------------------------------------------- */

/* Times in a queue only grow, so its head is due first. */
uint64_t stream_tx_at(const struct rec_stream *s)
{
    if (s->tx_p != s->tx_end)
        return 0;
    if (s->state == STREAM_SYNC)
        return s->sync_at;
    if (s->state != STREAM_UP)
        return SIM_NEVER;
    uint64_t reg = s->reg_sent < s->reg_n ? s->reg[s->reg_sent].at : SIM_NEVER;
    uint64_t frame = s->tx_n > 0 ? s->tx[s->tx_head].at : SIM_NEVER;
    return reg < frame ? reg : frame;
}

static void send_control(struct rec_stream *s, size_t n)
{
    s->tx_p = s->ctl;
    s->tx_end = s->ctl + n;
}

/* Copied: the entry may be taken away by its time-out while its bytes still go. */
static void send_reg(struct rec_stream *s)
{
    const struct stream_reg *r = &s->reg[s->reg_sent++];
    memcpy(s->ctl, r->rec, r->bytes);
    send_control(s, r->bytes);
}

/* SYNC first, then registers, so that they never wait behind frames. */
void stream_tx_next(struct rec_stream *s, uint64_t t)
{
    if (s->state == STREAM_SYNC) {
        if (s->sync_at > t)
            return;
        send_control(s, rec_emit_sync(s->ctl));
        s->state = STREAM_WAIT;
        return;
    }
    if (s->state != STREAM_UP)
        return;
    if (s->reg_sent < s->reg_n && s->reg[s->reg_sent].at <= t) {
        send_reg(s);
    } else if (s->tx_n > 0 && s->tx[s->tx_head].at <= t) {
        s->tx_pkt = s->tx[s->tx_head].p;
        s->tx_p = pkt_data(s->tx_pkt);
        s->tx_end = s->tx_p + s->tx_pkt->len;
    }
}

/* The packet goes back to its pool here and not before: its bytes were in use. The
 * host is woken at half, not at each packet, so that it can refill in one go. */
void stream_tx_done(struct rec_stream *s, uint64_t t)
{
    struct pkt *p = s->tx_pkt;
    if (!p)
        return;
    s->stats.tx_frames++;
    s->stats.tx_bytes += s->tx[s->tx_head].bytes;
    s->tx_pkt = NULL;
    s->tx_head = (s->tx_head + 1) % STREAM_TX_FRAMES;
    s->tx_n--;
    if (p->tag)
        event(s, t, &(struct link_event){ .kind = LINK_EV_TX_DONE, .tag = p->tag });
    pkt_release(p);
    if (s->starved && s->tx_n <= STREAM_TX_FRAMES / 2) {
        s->starved = false;
        news(s, t);
    }
}

/* --- from the NIC ---------------------------------------------------------- */

/* Bytes after which the codec has something to decide. Until then they are only
 * collected: one call of the codec for a frame, not one for each byte. */
static uint32_t rx_need(const struct rec_rx *rx)
{
    if (rx->hunting)
        return 1;
    uint32_t left = (rx->in_body ? rec_padded(rx->hdr.length) : LY_REC_HDR_BYTES) - rx->got;
    return left < STREAM_RX_BYTES ? left : STREAM_RX_BYTES;
}

static void rx_frame(struct rec_stream *s, uint64_t t)
{
    struct pkt *p = rec_rx_take(&s->rx);
    s->stats.rx_frames++;
    s->stats.rx_bytes += p->len;
    /* Never full: stream_rx_ready() stops the NIC before. */
    assert(s->rxq_n < STREAM_RX_FRAMES);
    s->rxq[(s->rxq_head + s->rxq_n++) % STREAM_RX_FRAMES] =
        (struct stream_pkt){ .p = p, .at = news(s, t) };
}

static void reg_remove(struct rec_stream *s, unsigned i)
{
    s->reg_n--;
    if (i < s->reg_sent)
        s->reg_sent--;
    memmove(&s->reg[i], &s->reg[i + 1], (s->reg_n - i) * sizeof s->reg[0]);
}

/* The answer to the oldest question with this tag and address. */
static void reg_answer(struct rec_stream *s, uint64_t t, const struct link_event *ev)
{
    for (unsigned i = 0; i < s->reg_sent; i++)
        if (s->reg[i].tag == ev->tag && s->reg[i].addr == ev->addr) {
            reg_remove(s, i);
            event(s, t, ev);
            return;
        }
    s->stats.rx_bad_record++;
}

static void rx_control(struct rec_stream *s, uint64_t t)
{
    struct link_event ev;
    if (rec_rx_event(&s->rx, &ev)) {
        s->stats.rx_bad_record++;
        return;
    }
    switch (ev.kind) {
    case LINK_EV_SYNC:
        sync_answered(s, t, &ev);
        break;
    case LINK_EV_REG:
        reg_answer(s, t, &ev);
        break;
    case LINK_EV_ERROR:
        event(s, t, &ev);
        resync(s, t);
        break;
    default:
        event(s, t, &ev);
        break;
    }
}

static void rx_found(struct rec_stream *s, uint64_t t, enum rec_found found)
{
    switch (found) {
    case REC_FRAME:
        rx_frame(s, t);
        break;
    case REC_CONTROL:
        rx_control(s, t);
        break;
    case REC_ERROR:
        s->stats.rx_bad_record++;
        resync(s, t);
        break;
    case REC_SKIPPED:
        s->stats.rx_bad_record++;
        break;
    case REC_NO_BUFFER:
        s->stats.rx_no_buffer++;
        break;
    case REC_SYNC:      /* EVENT(sync) follows */
    case REC_NEED_MORE:
        break;
    }
}

void stream_rx_eat(struct rec_stream *s, uint64_t t)
{
    size_t at = 0;
    while (at < s->rx_n) {
        size_t used;
        rx_found(s, t, rec_rx_push(&s->rx, s->rx_buf + at, s->rx_n - at, &used));
        at += used;
    }
    s->rx_n = 0;
    s->rx_need = rx_need(&s->rx);
}

/* --- the host's side ------------------------------------------------------- */

void stream_init(struct rec_stream *s, struct world *w, struct pkt_pool *pool)
{
    memset(s, 0, sizeof *s);
    s->world = w;
    s->tx_p = s->tx_end = s->ctl;
    s->news_at = SIM_NEVER;
    rec_rx_init(&s->rx, pool, MAX_LENGTH);
    s->rx_need = rx_need(&s->rx);
    sync_start(s, world_now(w));
}

void stream_fini(struct rec_stream *s)
{
    rec_rx_fini(&s->rx);
    for (; s->tx_n > 0; s->tx_n--, s->tx_head = (s->tx_head + 1) % STREAM_TX_FRAMES)
        pkt_release(s->tx[s->tx_head].p);
    for (; s->rxq_n > 0; s->rxq_n--, s->rxq_head = (s->rxq_head + 1) % STREAM_RX_FRAMES)
        pkt_release(s->rxq[s->rxq_head].p);
}

void stream_rx_rate(struct rec_stream *s, uint64_t bytes_hz)
{
    s->rx_byte_ps = bytes_hz ? UINT64_C(1000000000000) / bytes_hz : 0;
}

int stream_tx(struct rec_stream *s, struct pkt **pkts, unsigned n)
{
    unsigned k = 0;
    uint64_t at = world_now(s->world) + 1;

    if (s->state == STREAM_GONE)
        return -ENODEV;
    /* Each frame under way may become an event: keep room for it. */
    while (k < n && s->tx_n < STREAM_TX_FRAMES && s->ev_n + s->tx_n < STREAM_EVENTS / 2) {
        uint32_t bytes = pkts[k]->len;
        if (bytes > STREAM_MAX_FRAME_BYTES || rec_emit_frame(pkts[k]))
            return k > 0 ? (int)k : -EMSGSIZE;
        s->tx[(s->tx_head + s->tx_n++) % STREAM_TX_FRAMES] =
            (struct stream_pkt){ .p = pkts[k++], .at = at, .bytes = bytes };
    }
    s->starved = k < n;
    return (int)k;
}

int stream_rx(struct rec_stream *s, struct pkt **pkts, unsigned n)
{
    unsigned k = 0;
    uint64_t now = world_now(s->world);

    while (k < n && s->rxq_n > 0 && s->rxq[s->rxq_head].at <= now) {
        pkts[k++] = s->rxq[s->rxq_head].p;
        s->rxq_head = (s->rxq_head + 1) % STREAM_RX_FRAMES;
        s->rxq_n--;
    }
    return k == 0 && s->state == STREAM_GONE ? -ENODEV : (int)k;
}

int stream_reg(struct rec_stream *s, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    if (s->state == STREAM_GONE)
        return -ENODEV;
    /* Their answers, and the time-outs in their place, are events as well. */
    if (s->reg_n == STREAM_REGS || s->ev_n >= STREAM_EVENTS / 2)
        return -EAGAIN;
    struct stream_reg *r = &s->reg[s->reg_n++];
    uint64_t now = world_now(s->world);
    size_t bytes = write ? rec_emit_reg_write(r->rec, tag, addr, value)
                         : rec_emit_reg_read(r->rec, tag, addr);
    r->at = now + 1;
    r->deadline = now + ANSWER_PS;
    r->addr = addr;
    r->tag = tag;
    r->bytes = (uint8_t)bytes;
    return 0;
}

int stream_event(struct rec_stream *s, struct link_event *ev)
{
    if (s->ev_n == 0 || s->ev[s->ev_head].at > world_now(s->world))
        return 0;
    *ev = s->ev[s->ev_head].ev;
    s->ev_head = (s->ev_head + 1) % STREAM_EVENTS;
    s->ev_n--;
    return 1;
}

/* --- time-outs ------------------------------------------------------------- */

/* In the middle of a record from the NIC, whose next byte is due. */
static bool rx_waits(const struct rec_stream *s)
{
    return s->rx_n > 0 || rec_rx_partial(&s->rx);
}

static uint64_t sync_due(const struct rec_stream *s)
{
    return s->state == STREAM_SYNC || s->state == STREAM_WAIT ? s->sync_deadline : SIM_NEVER;
}

/* Registers wait for a SYNC to be answered without their time running out. */
static uint64_t reg_due(const struct rec_stream *s)
{
    return s->state == STREAM_UP && s->reg_n > 0 ? s->reg[0].deadline : SIM_NEVER;
}

static uint64_t gap_due(const struct rec_stream *s)
{
    return s->state != STREAM_GONE && rx_waits(s) ? s->rx_last_ps + GAP_PS : SIM_NEVER;
}

uint64_t stream_timeout_ps(const struct rec_stream *s)
{
    uint64_t t = sync_due(s), reg = reg_due(s), gap = gap_due(s);
    if (reg < t)
        t = reg;
    return gap < t ? gap : t;
}

int stream_poll(struct rec_stream *s)
{
    uint64_t now = world_now(s->world);

    if (gap_due(s) <= now) {
        s->rx_n = 0;
        rec_rx_gap(&s->rx);
        s->rx_need = rx_need(&s->rx);
        s->stats.rx_bad_record++;
        resync(s, now);
    }
    while (reg_due(s) <= now) {
        struct link_event ev = { .kind = LINK_EV_REG, .tag = s->reg[0].tag,
                                 .addr = s->reg[0].addr, .status = -ETIMEDOUT };
        reg_remove(s, 0);
        event(s, now, &ev);
    }
    if (sync_due(s) <= now)
        sync_timeout(s, now);
    /* Seen: what is there by now. Newer things are still news. */
    if (s->news_at <= now)
        s->news_at = s->last_at > now ? s->last_at : SIM_NEVER;
    return s->state == STREAM_GONE ? -ENODEV : 0;
}

uint64_t stream_wake_ps(const struct rec_stream *s)
{
    uint64_t t = stream_timeout_ps(s);
    return s->news_at < t ? s->news_at : t;
}
