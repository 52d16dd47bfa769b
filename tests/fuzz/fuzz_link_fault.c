/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --fault-link at work: the input is a plan (a line) and what happens on the link. Whatever the
 * plan does, each frame that went in came out, was counted as lost, or is one that was counted
 * as doubled; no more bits changed than were counted; nobody is earlier than the delays or out
 * of order without a rule that says so; and every packet is back at the end.
 */
#include "driver/link_fault.h"
#include "driver/nic_regs.h"
#include "driver/pkt.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_link.h"

#include <errno.h>

#define STEPS_MAX 200u
#define FRAMES_MAX 255u         /* a way: the number of one is a byte. Doubled they fill a queue */
#define POOL 1200u              /* above all of them, doubled, on both ways */
#define LEN_MIN 60u
#define US INT64_C(1000)
#define S INT64_C(1000000000)
#define AN_HOUR (3600 * S)      /* above all delays that a plan has room for */

/* One direction. */
struct way {
    unsigned in, out, changed;
    uint8_t last;               /* number of the frame that came last */
    int64_t sent_at[FRAMES_MAX + 1], delay;
    bool late;                  /* some rule lets frames overtake others */
};

struct run {
    struct pkt_pool *pool;
    struct fake_link *fake;
    struct link *l;
    struct fault_plan plan;
    int64_t now;
    struct way tx, rx;
    unsigned asked, answered;   /* registers */
    bool gone;
};

/* --- frames, of one byte again and again --------------------------------------------- */

static void came(struct run *r, struct way *w, const uint8_t *b, size_t len)
{
    uint8_t number = b[0] == b[1] ? b[0] : b[2];
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++)
        bits += (unsigned)__builtin_popcount(b[i] ^ number);
    assert(bits <= 1 && number > 0 && number <= w->in);
    assert(r->now >= w->sent_at[number] + w->delay);
    assert(w->late || number >= w->last);
    w->last = number;
    w->changed += bits;
    w->out++;
}

static bool on_tx(void *arg, uint8_t *frame, size_t len, int64_t now_ns)
{
    struct run *r = arg;
    (void)now_ns;
    came(r, &r->tx, frame, len);
    return false;
}

static void send(struct run *r, size_t len)
{
    struct pkt *p = pkt_alloc(r->pool, PKT_SMALL);
    assert(p);
    memset(pkt_put(p, (uint32_t)len), (int)(r->tx.in + 1), len);
    /* It may arrive before the call is over. */
    r->tx.sent_at[++r->tx.in] = r->now;
    if (r->l->ops->tx(r->l, &p, 1) == 1)
        return;
    r->tx.in--;
    pkt_release(p);
}

static void arrive(struct run *r, size_t len)
{
    uint8_t b[256];
    r->rx.sent_at[++r->rx.in] = r->now;
    memset(b, (int)r->rx.in, len);
    fake_link_inject(r->fake, b, len, r->now);
}

static void take_frames(struct run *r)
{
    struct pkt *p;
    while (r->l->ops->rx(r->l, &p, 1) == 1) {
        came(r, &r->rx, pkt_data(p), p->len);
        pkt_release(p);
    }
}

static void take_events(struct run *r)
{
    struct link_event ev;
    while (r->l->ops->event(r->l, &ev))
        r->answered += ev.kind == LINK_EV_REG;
}

/* --- steps --------------------------------------------------------------------------- */

/* Polls whenever the link wants to be, up to @end. */
static void until(struct run *r, int64_t end, bool take)
{
    for (unsigned i = 0; i < 20000 && !r->gone; i++) {
        int64_t next;
        r->gone = r->l->ops->poll(r->l, r->now, &next) == -ENODEV;
        assert(r->gone || next >= r->now);
        if (take) {
            take_frames(r);
            take_events(r);
        }
        next = fake_link_advance(r->now, next, INT64_MAX, r->fake, NULL);
        if (r->now == end && next > end)
            return;
        r->now = next < end ? next : end;
    }
    assert(r->gone);            /* else polled without end */
}

static void frames(struct run *r, struct fuzz_in *in, bool tx, size_t len)
{
    for (unsigned n = 1 + fuzz_u8(in) % 32u; n > 0; n--) {
        if ((tx ? r->tx.in : r->rx.in) < FRAMES_MAX)
            (tx ? send : arrive)(r, len);
    }
}

static void step(struct run *r, struct fuzz_in *in)
{
    uint8_t what = fuzz_u8(in), size = fuzz_u8(in);
    switch (what % 8) {
    case 0: case 1: frames(r, in, true, LEN_MIN + size % 100u); break;
    case 2: case 3: frames(r, in, false, LEN_MIN + size % 100u); break;
    case 4: r->asked += r->l->ops->reg_submit(r->l, size, 0, 0, false) == 0; break;
    case 5: fake_link_set_tx_room(r->fake, size % 16u); break;
    case 6: until(r, r->now + size * US, size % 2); break;
    default: until(r, r->now + size * size * 100 * US, true); break;
    }
}

/* --- the plan and its end --------------------------------------------------------------- */

static void expectations(struct run *r)
{
    for (unsigned i = 0; i < r->plan.n; i++) {
        const struct fault_rule *rule = &r->plan.rule[i];
        bool late = rule->form == RULE_FRAMES && rule->kind == FAULT_REORDER;
        int64_t delay = rule->form == RULE_DELAY ? (int64_t)rule->value * US : 0;
        r->tx.late |= late && rule->tx;
        r->rx.late |= late && rule->rx;
        r->tx.delay += rule->tx ? delay : 0;
        r->rx.delay += rule->rx ? delay : 0;
    }
}

static void check_way(const struct run *r, const struct way *w, const uint64_t *stats)
{
    uint64_t lost = stats[FAULT_LOSS] + stats[FAULT_RESYNC] + stats[FAULT_GONE];
    assert(w->changed <= stats[FAULT_CORRUPT] * 2);     /* one may be doubled */
    if (r->gone)
        assert(w->out + lost <= w->in + stats[FAULT_DUP]);
    else
        assert(w->out + lost == w->in + stats[FAULT_DUP]);
}

static void finish(struct run *r)
{
    fake_link_set_tx_room(r->fake, UINT32_MAX);
    until(r, r->now + AN_HOUR, true);
    const struct link_fault_stats *s = link_fault_stats(r->l);
    check_way(r, &r->tx, s->tx);
    check_way(r, &r->rx, s->rx);
    uint64_t lost = s->rx[FAULT_REG_LOSS] + s->rx[FAULT_EVENT_LOSS];
    assert(r->answered <= r->asked && (r->gone || r->answered + lost >= r->asked));
    r->l->ops->close(r->l);
    assert(pkt_pool_in_use(r->pool) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    size_t n = line ? (size_t)(line - data) : size, bytes = pkt_pool_bytes(POOL, 0);
    char why[FAULT_WHY_BYTES], *text = fuzz_text(data, n);
    struct run *r = calloc(1, sizeof(*r));
    struct fuzz_in in = { data + n, size - n };
    void *mem = malloc(bytes);
    assert(r && mem);
    if (fault_parse(&r->plan, FAULT_ON_LINK, text, why) == 0) {
        (void)fuzz_u8(&in);     /* the line feed */
        r->pool = pkt_pool_create(mem, bytes, POOL, 0);
        assert(fake_link_open(&r->fake, &(struct fake_link_cfg){ .pool = r->pool,
                                                                 .no_pad = true }) == 0);
        fake_link_set_reg(r->fake, LY_REG_CTRL, LY_CTRL_TX_EN_MASK | LY_CTRL_RX_EN_MASK |
                          LY_CTRL_PROMISC_MASK);
        fake_link_on_tx(r->fake, on_tx, r);
        assert(link_fault_open(&r->l, fake_link_base(r->fake), &r->plan, 1 + n) == 0);
        expectations(r);
        for (unsigned i = 0; i < STEPS_MAX && in.left > 0; i++)
            step(r, &in);
        finish(r);
    }
    free(mem);
    free(text);
    free(r);
    return 0;
}
