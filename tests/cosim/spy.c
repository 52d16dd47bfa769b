/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/spy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

const uint8_t spy_group[6] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x01 };

static struct spy_frame ended(const struct spy *x, const struct frame_asm *a)
{
    return (struct spy_frame){ a->first_ps, a->last_ps + x->sym_ps, a };
}

static void spy_out(struct wire *w, unsigned port, uint64_t t, const struct sym *s)
{
    struct spy *x = (struct spy *)w;
    bool was_in = x->out[port].in;
    bool end = frame_asm_sym(&x->out[port], t, s);
    if (!was_in && x->out[port].in && x->begins)
        x->begins(x->arg, port, t);
    x->inner->ops->out(x->inner, port, t, s);
    if (end && x->left) {
        struct spy_frame f = ended(x, &x->out[port]);
        x->left(x->arg, port, &f);
    }
}

static struct sym spy_in(struct wire *w, unsigned port, uint64_t t)
{
    struct spy *x = (struct spy *)w;
    struct sym s = x->inner->ops->in(x->inner, port, t);
    struct sym own = frame_feed_in(x->feed[port], t, x->sym_ps);
    assert_false(s.dv && own.dv);
    if (own.dv)
        s = own;
    if (frame_asm_sym(&x->in[port], t, &s) && x->came) {
        struct spy_frame f = ended(x, &x->in[port]);
        x->came(x->arg, port, &f);
    }
    return s;
}

static uint64_t spy_in_next(struct wire *w, unsigned port)
{
    struct spy *x = (struct spy *)w;
    uint64_t a = x->inner->ops->in_next(x->inner, port), b = frame_feed_next(x->feed[port]);
    return a < b ? a : b;
}

static const struct wire_ops ops = {
    .name = "spy", .out = spy_out, .in = spy_in, .in_next = spy_in_next,
};

void spy_init(struct spy *x, unsigned mbit)
{
    memset(x, 0, sizeof(*x));
    x->sym_ps = 8000000u / mbit;
    for (unsigned i = 0; i < 2; i++) {
        x->feed[i] = frame_feed_create_of(16);
        assert_non_null(x->feed[i]);
    }
}

struct wire *spy_round(void *arg, struct wire *cable)
{
    struct spy *x = arg;
    x->w.ops = &ops;
    x->w.world = cable->world;
    x->w.inner = x->inner = cable;
    wire_set_speed(&x->w, (unsigned)(8000000u / x->sym_ps));
    return &x->w;
}

void spy_fini(struct spy *x)
{
    for (unsigned i = 0; i < 2; i++)
        frame_feed_destroy(x->feed[i]);
}

void spy_put(struct spy *x, unsigned port, uint64_t at_ps, const uint8_t *f, unsigned len)
{
    assert_int_equal(frame_feed_put_raw(x->feed[port], at_ps, f, len, 0), 0);
    world_due(x->w.world, at_ps);
}

void spy_fcs(uint8_t *f, unsigned len)
{
    uint32_t fcs = frame_fcs(f, len - ETH_FCS_BYTES);
    for (unsigned i = 0; i < ETH_FCS_BYTES; i++)
        f[len - ETH_FCS_BYTES + i] = (uint8_t)(fcs >> 8 * i);
}

void spy_pause(uint8_t *f, const uint8_t da[6], unsigned quanta)
{
    static const uint8_t rest[10] = { 2, 0, 0, 0, 0, 9, 0x88, 0x08, 0x00, 0x01 };
    memset(f, 0, SPY_PAUSE_BYTES);
    memcpy(f, da, 6);
    memcpy(f + 6, rest, sizeof(rest));
    f[SPY_PAUSE_AT] = (uint8_t)(quanta >> 8);
    f[SPY_PAUSE_AT + 1] = (uint8_t)quanta;
    spy_fcs(f, SPY_PAUSE_BYTES);
}

bool spy_is_pause(const struct spy_frame *f, unsigned *quanta)
{
    static const uint8_t type[4] = { 0x88, 0x08, 0x00, 0x01 };
    const uint8_t *b = f->f->buf;
    if (f->f->len < SPY_PAUSE_BYTES || memcmp(b, spy_group, 6) || memcmp(b + 12, type, 4))
        return false;
    *quanta = (unsigned)b[SPY_PAUSE_AT] << 8 | b[SPY_PAUSE_AT + 1];
    return true;
}
