/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_pcap.c - a capture file as the far end: its frames come at its times, in its order,
 * and nobody hears what the NIC sends (--pcap and --pcap-far record it).
 *
 * An actor of the world hands the next frame to the feed when its time has come: so there
 * is one at most in the feed, and in wall time the file plays as time goes on.
 */
#include "sim/pcap_in.h"
#include "sim/wire_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PS 1000u
#define MS_PS 1000000000ull
#define DAYS_MAX 100
#define DELTA_MAX_NS (DAYS_MAX * 86400ll * 1000000000)

struct wire_pcap {
    struct wire_frames wf;      /* first */
    struct pcap_in *in;
    int actor;
    uint64_t start_ps;          /* the SFD of the first frame */
    bool begun;
    int64_t first_ns;           /* the first frame's time in the file */
    bool more;                  /* next is valid */
    struct pcap_in_frame next;
    uint64_t sfd_ps;            /* of next, by the file */
    uint64_t free_ps;           /* when the line is free after the one before */
};

static struct wire_pcap *pcap_of(struct wire *w)
{
    return (struct wire_pcap *)w;
}

/* Frames that are not played, each counted by its reason. */
static bool playable(struct wire_stats *s, const struct pcap_in_frame *f)
{
    /* A capture of our own holds what we sent as well: that is not for us. */
    if (f->outward)
        s->file_outward++;
    else if (f->stored < f->len)
        s->file_truncated++;
    else if (f->len < (f->fcs ? 1 : ETH_HDR_BYTES))
        s->file_runt++;
    else
        return true;
    return false;
}

/* When the next frame is sent by the file. */
static int schedule(struct wire_pcap *p)
{
    int64_t delta = p->next.t_ns - p->first_ns;
    if (delta > DELTA_MAX_NS)
        return -ERANGE;
    p->sfd_ps = p->start_ps + (uint64_t)(delta > 0 ? delta : 0) * NS_PS;
    return 0;
}

static void load_next(struct wire_pcap *p)
{
    struct wire *w = &p->wf.w;
    char why[PCAP_IN_WHY_BYTES];
    int rc;
    do
        rc = pcap_in_next(p->in, &p->next, why);
    while (rc > 0 && !playable(&w->stats, &p->next));
    p->more = rc > 0;
    if (rc < 0)
        wire_fail(w, "pcap: %s", why);
    if (!p->more)
        return;
    if (!p->begun)
        p->first_ns = p->next.t_ns;
    p->begun = true;
    if (schedule(p) < 0) {
        wire_fail(w, "pcap: a frame comes more than %d days after the first one", DAYS_MAX);
        p->more = false;
    }
}

/* --- the actor ----------------------------------------------------------------- */

/* The first symbol of next: so that its SFD comes in time, but after the frame before it. The
 * speed of the line may be another one each time. */
static uint64_t first_ps(const struct wire_pcap *p)
{
    uint64_t at = p->sfd_ps - ETH_PREAMBLE_BYTES * wire_sym_ps(&p->wf.w);
    return at > p->free_ps ? at : p->free_ps;
}

/* Early by what frame_feed_put() adds. */
static uint64_t play_next(void *self)
{
    const struct wire_pcap *p = self;
    return p->more ? first_ps(p) - SYM_PS : SIM_NEVER;
}

static void play(void *self, uint64_t t)
{
    struct wire_pcap *p = self;
    size_t octets = 0;
    uint64_t first = first_ps(p);
    (void)t;
    int rc = wire_frames_played(&p->wf, p->next.data, p->next.len, p->next.fcs);
    if (rc == 0)
        (void)frame_feed_newest(p->wf.feed, &octets);
    else if (rc == -EMSGSIZE)
        p->wf.w.stats.file_oversize++;
    p->free_ps = first + (ETH_PREAMBLE_BYTES + 1 + octets + ETH_GAP_BYTES) * wire_sym_ps(&p->wf.w);
    load_next(p);
}

static const struct actor_ops player = { .name = "pcap", .next = play_next, .run = play };

/* --- the wire ------------------------------------------------------------------ */

static void unheard(struct wire_frames *wf, const uint8_t *frame, size_t len)
{
    (void)wf;
    (void)frame;
    (void)len;
}

static bool pcap_more(const struct wire *w)
{
    return ((const struct wire_pcap *)w)->more;
}

/* In wall time: sleep no longer than to the next frame. */
static int pcap_pollfds(struct wire *w, struct pollfd *fds, int max, int *timeout_ms)
{
    uint64_t at = play_next(pcap_of(w)), now = world_now(w->world);
    uint64_t ms = at <= now ? 0 : (at - now + MS_PS - 1) / MS_PS;
    (void)fds;
    (void)max;
    if (at != SIM_NEVER && ms < (uint64_t)*timeout_ms)
        *timeout_ms = (int)ms;
    return 0;
}

static void file_close(struct wire *w)
{
    struct wire_pcap *p = pcap_of(w);
    if (p->actor >= 0)
        world_remove(w->world, p->actor);
    pcap_in_close(p->in);
    wire_frames_fini(&p->wf);
    free(p);
}

static const struct wire_ops ops = {
    .name = "pcap",
    .out = wire_frames_out,
    .in = wire_frames_in,
    .in_next = wire_frames_in_next,
    .more = pcap_more,
    .pollfds = pcap_pollfds,
    .close = file_close,
};

int wire_pcap_open(struct wire **out, struct world *w, const char *path, uint64_t start_ps,
                   char *why)
{
    _Static_assert(PCAP_IN_WHY_BYTES <= WIRE_WHY_BYTES, "one buffer serves both");
    struct wire_pcap *p = calloc(1, sizeof *p);
    if (!p || wire_frames_init(&p->wf, &ops, w, unheard) < 0) {
        free(p);
        (void)snprintf(why, WIRE_WHY_BYTES, "pcap: out of memory");
        return -ENOMEM;
    }
    p->start_ps = start_ps;
    p->actor = world_add(w, &player, p);
    int rc = p->actor < 0 ? p->actor : pcap_in_open(&p->in, path, why);
    if (rc < 0) {
        wire_close(&p->wf.w);
        return rc;
    }
    load_next(p);
    *out = &p->wf.w;
    return 0;
}
