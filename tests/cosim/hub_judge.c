/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/hub_judge.h"

#include "tests/cosim/spy.h"
#include "tests/cosim/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define LEAD (ETH_PREAMBLE_BYTES + 1u)
#define AHEAD (UINT64_MAX / 2)      /* a carrier that has not come; may be added to */
#define BEFORE_BYTES 20u            /* of a frame on the link: record and virtio headers */
#define LINK_BYTE_PS 8000u
#define CAME_PS 400000u             /* from the link to the MAC, and while the FIFO there drains */
#define CORE_CYCLE_PS 8000u

static struct hub_judge *judge_of(struct wire *w)
{
    return (struct hub_judge *)w;
}

static uint64_t sym_ps(const struct hub_judge *j)
{
    return wire_sym_ps(&j->w);
}

static void record(struct hub_judge *j, unsigned port, char kind, uint64_t t, uint64_t value)
{
    uint64_t row[4] = { port, (uint64_t)kind, t, value };
    j->record = (uint32_t)crc32(j->record, (const Bytef *)row, sizeof(row));
}

/* --- deference ---------------------------------------------------------------------------- */

/* CRS fell at @t: whoever deferred waits for the gap. */
static void silence_begins(const struct hub_judge *j, struct judged *s, uint64_t t)
{
    if (s->index == j->frames)
        return;                         /* it has nothing to send any more */
    assert_true(s->silences < sizeof(s->silence) / sizeof(s->silence[0]));
    s->silence[s->silences] = (struct silence){ .open = t + JUDGE_GAP * sym_ps(j), .shut = AHEAD,
                                                .own = s->silences == 0 && s->end > 0 };
    s->silences++;
}

/* CRS rose at @t. Within the first part of the gap it begins anew behind this carrier, but not
 * behind an own signal: wasTransmitting in 4.2.8. */
static void silence_ends(const struct hub_judge *j, struct judged *s, uint64_t t)
{
    if (s->index == j->frames)
        return;
    struct silence *q = &s->silence[s->silences - 1];
    if (!q->own && t + (JUDGE_GAP - JUDGE_GAP_PART_1) * sym_ps(j) < q->open) {
        s->silences--;
        return;
    }
    q->shut = t > q->open ? t : q->open;
}

/* Whether a frame that is ready at @ready, or up to @wide later, may begin at @t. */
static bool may_start(const struct hub_judge *j, const struct judged *s, uint64_t ready,
                      uint64_t wide, uint64_t t)
{
    const uint64_t least = JUDGE_LAG_MIN * sym_ps(j), most = JUDGE_LAG_MAX * sym_ps(j);
    for (unsigned i = 0; i < s->silences; i++) {
        const struct silence *q = &s->silence[i];
        if (ready <= q->open + most && t >= q->open + least && t <= q->open + most)
            return true;                            /* held back until here */
        if (ready + wide >= q->open + least && ready <= q->shut + most && t >= ready &&
            t <= ready + wide)
            return true;                            /* at its slot */
        if (ready + wide + sym_ps(j) < q->shut + least)
            return false;                           /* it would have started in this silence */
    }
    return false;
}

/* The silence whose gap held a start at @t back, NULL: it was none. */
static const struct silence *held_by(const struct hub_judge *j, const struct judged *s, uint64_t t)
{
    const struct silence *q = &s->silence[s->silences - 1];
    return q->open > 0 && t <= q->open + JUDGE_LAG_MAX * sym_ps(j) ? q : NULL;
}

/* Whether the frame that waits came to the MAC when the gap was just over. */
static bool came_at_the_end(const struct hub_judge *j, unsigned port, const struct silence *q)
{
    const struct judged *s = &j->port[port];
    uint64_t bytes = s->image_len - ETH_FCS_BYTES - s->pad + BEFORE_BYTES;
    uint64_t came = j->handed_ps[port] + bytes * LINK_BYTE_PS;
    return came < q->open + CAME_PS && q->open < came + CAME_PS;
}

/* The MAC's next byte time, and the phase of the pins: a symbol more or less. */
static uint64_t wide_ps(const struct hub_judge *j, const struct judged *s)
{
    return s->n == 0 && s->ready > s->end ? JUDGE_READY_WIDE * sym_ps(j) : 0;
}

/* The same where it stood behind one that was given up. */
static bool ready_at_the_end(const struct hub_judge *j, const struct judged *s,
                             const struct silence *q)
{
    return s->ready + wide_ps(j, s) >= q->open + JUDGE_LAG_MIN * sym_ps(j) &&
           s->ready <= q->open + JUDGE_LAG_MAX * sym_ps(j);
}

/* Nobody knows since when it waits: only not into a carrier or its gap. */
static void judge_at_will(const struct hub_judge *j, const struct judged *s, uint64_t t)
{
    const struct silence *q = &s->silence[s->silences - 1];
    assert_true(q->open == 0 || t >= q->open + JUDGE_LAG_MIN * sym_ps(j));
    assert_true(t <= q->shut + JUDGE_LAG_MAX * sym_ps(j));
}

static unsigned range_of(unsigned n)
{
    return n < 10 ? 1u << n : JUDGE_RANGE_MAX;
}

static void judge_backoff(const struct hub_judge *j, unsigned port, uint64_t t)
{
    const struct judged *s = &j->port[port];
    uint64_t from = s->n == 0 ? s->ready : s->end, wide = wide_ps(j, s);
    for (unsigned r = 0; r < range_of(s->n); r++)
        if (may_start(j, s, from + (uint64_t)r * JUDGE_SLOT * sym_ps(j), wide, t))
            return;
    fail_msg("station %u, frame %u, collision %u: begins at %.3f us, %.2f symbols behind its own"
             " end", port, s->index, s->n, (double)t * 1e-6,
             (double)(t - s->end) / (double)sym_ps(j));
}

static void judge_start(struct hub_judge *j, unsigned port, uint64_t t)
{
    struct judged *s = &j->port[port];
    assert_true(s->silences > 0);       /* its own carrier is over */
    const struct silence *held = held_by(j, s, t);
    if (s->n == 0 && (!j->saturated || s->end == 0))
        judge_at_will(j, s, t);
    else
        judge_backoff(j, port, t);
    if (s->n == 0) {
        s->deferred = held && !held->own;
        s->unsure = s->deferred && (j->saturated ? ready_at_the_end(j, s, held)
                                                 : came_at_the_end(j, port, held));
    }
}

/* --- what follows a collision of two ------------------------------------------------------- */

/* Both draw from 0 to their range: who comes first, and in which slot. */
static void expect_draw(struct hub_judge *j)
{
    unsigned a = range_of(j->port[0].n), b = range_of(j->port[1].n);
    double each = 1.0 / ((double)a * b);
    for (unsigned i = 0; i < a && i < b; i++) {
        j->slot_expected[i] += each * (1.0 + (a - 1 - i) + (b - 1 - i));
        j->first_expected[0] += each * (b - 1 - i);
        j->first_expected[1] += each * (a - 1 - i);
        j->first_expected[2] += each;
    }
    j->events++;
    j->drawn = true;
    j->first = -1;
}

static void draw_start(struct hub_judge *j, unsigned port, uint64_t t)
{
    const struct judged *s = &j->port[port];
    unsigned slot = (unsigned)((t - s->end) / (JUDGE_SLOT * sym_ps(j)));
    if (!j->drawn)
        return;
    if (j->first < 0) {
        j->slot_seen[slot]++;
        j->slot = slot;
        j->first = (int)port;
    } else {
        assert_int_equal(slot, j->slot);    /* they meet because they drew the same */
    }
}

/* The first one since then has ended, or both. */
static void draw_end(struct hub_judge *j, unsigned port, bool hit)
{
    if (!j->drawn || (int)port != j->first)
        return;
    j->first_seen[hit ? 2 : port]++;
    j->drawn = false;
}

/* --- what it sends ------------------------------------------------------------------------ */

/* The frame under way as it must stand on the wire. */
static void make_image(struct hub_judge *j, unsigned port)
{
    struct judged *s = &j->port[port];
    unsigned n = j->frame(j->arg, port, s->index, s->image);
    s->pad = n < ETH_MIN_BYTES - ETH_FCS_BYTES ? ETH_MIN_BYTES - ETH_FCS_BYTES - n : 0;
    memset(s->image + n, 0, s->pad);
    n += s->pad;
    s->image_len = n + ETH_FCS_BYTES;
    spy_fcs(s->image, s->image_len);
}

static void next_frame(struct hub_judge *j, unsigned port, bool sent)
{
    struct judged *s = &j->port[port];
    s->n = 0;
    s->index++;
    j->over(j->arg, port, s->index - 1, sent);
}

static void judge_whole(struct hub_judge *j, unsigned port)
{
    struct judged *s = &j->port[port];
    assert_int_equal(s->len, LEAD + s->image_len);
    assert_memory_equal(s->sent + LEAD, s->image, s->image_len);
    s->n_frames++;
    s->n_octets += s->image_len;
    s->n_pad += s->pad;
    s->n_single += s->n == 1;
    s->n_multiple += s->n > 1;
    s->n_deferred += s->n == 0 && s->deferred;
    s->n_unsure += s->n == 0 && s->unsure;
    next_frame(j, port, true);
}

/* 4.2.3.2.4: preamble and SFD, what was under way of the frame, 32 bits of jam, which are none of
 * its FCS: ours are that of what stands before, upside down. */
static void judge_fragment(struct hub_judge *j, unsigned port)
{
    struct judged *s = &j->port[port];
    assert_true(s->len >= LEAD + JUDGE_JAM);
    unsigned body = s->len - LEAD - JUDGE_JAM;
    assert_memory_equal(s->sent + LEAD, s->image, body);
    uint32_t jam = ~frame_fcs(s->image, body);
    for (unsigned i = 0; i < JUDGE_JAM; i++)
        assert_int_equal(s->sent[LEAD + body + i], jam >> 8 * i & 255);

    uint64_t jam_at = s->start + (uint64_t)(LEAD + body) * sym_ps(j);
    assert_true(s->col_at > 0 && s->col_at < jam_at);
    assert_true(s->col_at - s->start < JUDGE_SLOT * sym_ps(j));
    unsigned lag = (unsigned)((jam_at - s->col_at) * 100 / sym_ps(j));
    if (body > 0) {     /* the preamble did not hold it back */
        j->jam_max = lag > j->jam_max ? lag : j->jam_max;
        assert_true(lag <= 100 * JUDGE_JAM_LAG);
    }
    if (++s->n == JUDGE_ATTEMPTS) {
        s->n_excess++;
        /* The queue counts through its words before it has the next one. */
        uint64_t words = (s->image_len - ETH_FCS_BYTES - s->pad + 1) / 2;
        if (words * CORE_CYCLE_PS > JUDGE_READY_EARLY * sym_ps(j))
            s->ready += words * CORE_CYCLE_PS - JUDGE_READY_EARLY * sym_ps(j);
        next_frame(j, port, false);
    }
}

static void begins(struct hub_judge *j, unsigned port, uint64_t t)
{
    struct judged *s = &j->port[port];
    assert_true(s->index < j->frames);
    if (s->n == 0)
        make_image(j, port);
    judge_start(j, port, t);
    draw_start(j, port, t);
    record(j, port, 's', t, s->n);
    s->on = true;
    s->hit = false;
    s->start = t;
    s->col_at = 0;
    s->len = 0;
    for (unsigned i = 0; i < j->ports; i++)
        if (i != port && j->port[i].on)
            s->hit = j->port[i].hit = true;
}

static void ends(struct hub_judge *j, unsigned port, uint64_t t)
{
    static const uint8_t lead[LEAD] = { 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5 };
    struct judged *s = &j->port[port];
    bool hit = s->hit, others = false;
    s->on = false;
    s->end = t;
    s->ready = t;
    s->silences = 0;
    record(j, port, 'e', t, (uint64_t)s->len << 1 | hit);
    assert_int_equal(hit, s->col_at > 0);
    assert_true(s->len < sizeof(s->sent));
    assert_memory_equal(s->sent, lead, LEAD);
    if (hit)
        judge_fragment(j, port);
    else
        judge_whole(j, port);
    draw_end(j, port, hit);
    for (unsigned i = 0; i < j->ports; i++)
        others |= j->port[i].on;
    if (j->ports == 2 && hit && !others && j->port[0].n && j->port[1].n)
        expect_draw(j);
}

static void judge_out(struct wire *w, unsigned port, uint64_t t, const struct sym *sym)
{
    struct hub_judge *j = judge_of(w);
    struct judged *s = &j->port[port];
    assert_int_equal(sym->er, 0);
    if (sym->dv && !s->on)
        begins(j, port, t);
    if (sym->dv && s->len < sizeof(s->sent))
        s->sent[s->len++] = sym->data;
    if (!sym->dv && s->on)
        ends(j, port, t);
    w->inner->ops->out(w->inner, port, t, sym);
}

/* --- what it hears ------------------------------------------------------------------------ */

/* What ended is a frame, a fragment, or a jam alone: nothing else comes from a hub. */
static void judge_heard(struct hub_judge *j, unsigned port, uint64_t t)
{
    struct judged *s = &j->port[port];
    const struct frame_asm *a = &s->heard;
    record(j, port, 'h', t, a->len);
    if (!a->sfd || a->bad_start) {
        s->n_false++;
    } else if (a->len < ETH_MIN_BYTES) {
        s->n_fragments++;
    } else {
        assert_int_equal(frame_asm_verdict(a), 0);
        s->n_heard++;
        s->n_heard_octets += a->len;
        s->n_for_us += memcmp(a->buf, twin_mac[port], sizeof(twin_mac[port])) == 0;
    }
}

static struct sym judge_in(struct wire *w, unsigned port, uint64_t t)
{
    struct hub_judge *j = judge_of(w);
    struct judged *s = &j->port[port];
    struct sym sym = w->inner->ops->in(w->inner, port, t);
    if (sym.col && s->on && s->col_at == 0)
        s->col_at = t;
    if (!s->on && sym.crs && !s->crs)
        silence_ends(j, s, t);
    if (!s->on && !sym.crs && s->crs)
        silence_begins(j, s, t);
    s->crs = sym.crs;
    if (frame_asm_sym(&s->heard, t, &sym))
        judge_heard(j, port, t);
    return sym;
}

static uint64_t judge_in_next(struct wire *w, unsigned port)
{
    return w->inner->ops->in_next(w->inner, port);
}

static const struct wire_ops judge_ops = {
    .name = "judge", .out = judge_out, .in = judge_in, .in_next = judge_in_next,
};

struct wire *hub_judge_round(void *arg, struct wire *hub)
{
    struct hub_judge *j = arg;
    j->w = (struct wire){ .ops = &judge_ops, .world = hub->world, .inner = hub };
    for (unsigned i = 0; i < j->ports; i++) {
        j->port[i].silences = 1;
        j->port[i].silence[0].shut = AHEAD;
    }
    return &j->w;
}

/* --- chi square --------------------------------------------------------------------------- */

/* Wilson and Hilferty; 4.7534: one in a million of the normal distribution lies beyond. */
static double chi2_limit(unsigned dof)
{
    double v = 2.0 / (9.0 * dof), c = 1.0 - v + 4.7534 * sqrt(v);
    return dof * c * c * c;
}

double judge_chi2(const char *what, const unsigned *seen, const double *expected, unsigned n,
                  double *limit)
{
    double chi2 = 0, left = 0, e = 0;
    unsigned bins = 0, o = 0;
    for (unsigned i = 0; i < n; i++)
        left += expected[i];
    for (unsigned i = 0, from = 0; i < n; i++) {
        e += expected[i];
        o += seen[i];
        left -= expected[i];
        if (i + 1 < n && (e < 5 || left < 5))   /* the last bin takes what is left */
            continue;
        printf("%s %u to %u: %u seen, %.1f expected\n", what, from, i, o, e);
        chi2 += e > 0 ? (o - e) * (o - e) / e : 0;
        bins++;
        from = i + 1;
        e = o = 0;
    }
    assert_true(bins > 1);
    *limit = chi2_limit(bins - 1);
    printf("%s: chi square %.2f of %u degrees of freedom, limit %.2f\n", what, chi2, bins - 1,
           *limit);
    return chi2;
}
