/* SPDX-License-Identifier: Apache-2.0 */
/* phy_tap.c - a frame that ended waits while one that began before it is open. */
#include "sim/phy_tap.h"

#include "sim/pcapng.h"

#include <string.h>

/* Beside a frame that --fault changed: the gravest kind, as a sentence that a filter can look
 * for. NULL: it was not changed. */
static const char *fault_comment(uint8_t fault)
{
    for (unsigned k = 0; k < FAULT_KINDS; k++)
        if (fault >> k & 1 && fault_kinds[k].comment)
            return fault_kinds[k].comment;
    return NULL;
}

static void write_out(struct phy_tap *p, const struct phy_tap_held *h)
{
    uint32_t bad = h->flags & ~(PCAPNG_IN | PCAPNG_OUT);
    size_t stored = h->len < FRAME_ASM_BYTES ? h->len : FRAME_ASM_BYTES;
    const char *planted = fault_comment(h->fault);
    pcapng_frame(p->cap, h->sfd_ps / 1000, h->buf, stored, h->len, h->flags,
                 planted ? planted : frame_bad_name(bad));
}

/* The SFD of a frame that is still coming, SIM_NEVER if there is none. */
static uint64_t open_since(const struct frame_asm *a)
{
    return a->in && a->sfd ? a->sfd_ps : SIM_NEVER;
}

/* Write those that nothing still open comes before; all of them if @force. */
static void release(struct phy_tap *p, bool force)
{
    uint64_t out = open_since(&p->out), in = open_since(&p->in);
    uint64_t limit = force ? SIM_NEVER : out < in ? out : in;
    unsigned k = 0;
    while (k < p->held && p->hold[k].sfd_ps <= limit)
        write_out(p, &p->hold[k++]);
    p->held -= k;
    memmove(p->hold, p->hold + k, p->held * sizeof *p->hold);
}

/* Insert by SFD; those that wait are few and already in order. */
static void hold(struct phy_tap *p, const struct frame_asm *a, uint32_t flags)
{
    if (p->held == PHY_TAP_HELD)
        release(p, true);
    unsigned at = p->held++;
    while (at > 0 && p->hold[at - 1].sfd_ps > a->sfd_ps) {
        p->hold[at] = p->hold[at - 1];
        at--;
    }
    struct phy_tap_held *h = &p->hold[at];
    h->sfd_ps = a->sfd_ps;
    h->len = a->len;
    h->flags = flags;
    h->fault = a->fault;
    memcpy(h->buf, a->buf, frame_asm_stored(a));
}

void phy_tap_done(struct phy_tap *p, bool outward)
{
    const struct frame_asm *a = outward ? &p->out : &p->in;
    struct phy_tap_count *n = outward ? &p->n_out : &p->n_in;
    if (!a->sfd)
        return;
    n->frames++;
    n->octets += a->len;
    if (!p->cap)
        return;
    hold(p, a, frame_asm_verdict(a) | (outward ? PCAPNG_OUT : PCAPNG_IN));
    release(p, false);
}

void phy_tap_fini(struct phy_tap *p)
{
    release(p, true);
}
