/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_reg.c - register questions. Each, ours or the caller's, is in n->asks until
 * it is answered or its time is over, so nothing waits for ever. Above that: the
 * caller's registers, and the reading of the counters.
 */
#include "driver/nic_priv.h"

#include <assert.h>
#include <errno.h>

#define CTR_PIPELINE 4u
#define SNAPSHOT_TRIES 1000u        /* a snapshot takes some 500 core cycles */
#define SNAPSHOT_WORD NIC_CTR_WORDS /* in place of a word: the SNAPSHOT register */

/* --- questions ------------------------------------------------------------------ */

static struct nic_ask *ask_find(struct nic *n, uint16_t tag)
{
    for (unsigned i = 0; i < NIC_ASKS_MAX; i++)
        if (n->asks[i].used && n->asks[i].tag == tag)
            return &n->asks[i];
    return NULL;
}

/* The link is asked first: where it has no room, nothing is remembered. */
int nic_ask(struct nic *n, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    unsigned i = 0;
    while (i < NIC_ASKS_MAX && n->asks[i].used)
        i++;
    if (i == NIC_ASKS_MAX)
        return -EAGAIN;
    int err = n->link->ops->reg_submit(n->link, tag, addr, value, write);
    if (err)
        return err;
    /* n->now_ns may be long past: the time runs from the next poll on. */
    n->asks[i] = (struct nic_ask){
        .used = true, .tag = tag, .addr = addr, .until_ns = INT64_MAX,
    };
    n->handed = true;
    return 0;
}

static void user_answer(struct nic *n, const struct link_event *ev)
{
    assert(n->ans_n < NIC_USER_ASKS_MAX);   /* nic_reg_submit() keeps the room */
    n->answers[(n->ans_head + n->ans_n++) % NIC_USER_ASKS_MAX] = *ev;
}

/* --- counters ------------------------------------------------------------------
 * START: SNAPSHOT is written. WAIT: read until it is not busy. READ: two words each. DONE:
 * until the caller fetches the result. */

int nic_counters_start(struct nic *n)
{
    if (n->state == NIC_FAILED)
        return -ENODEV;
    if (!(n->link_caps.flags & LINK_CAP_REGS))
        return -ENOTSUP;
    if (n->state != NIC_UP)
        return -EAGAIN;
    if (!n->has_counters)
        return -ENOTSUP;
    if (n->ctr_state != CTR_IDLE)
        return -EBUSY;
    n->ctr_state = CTR_START;
    n->ctr_error = 0;
    n->ctr_asked = false;
    n->ctr_reading = (n->ctr_reading + 1) % NIC_CTR_READINGS;
    n->ctr_tries = n->ctr_next = n->ctr_got = 0;
    return 0;
}

/* With a result (0) or a reason why there is none. */
static void ctr_end(struct nic *n, int err)
{
    n->ctr_state = CTR_DONE;
    n->ctr_error = err;
}

/* The reading's number is in the tag: an answer to an earlier reading never fits. */
static uint16_t ctr_tag(const struct nic *n, unsigned word)
{
    return (uint16_t)(NIC_CTR_TAG + NIC_CTR_TAG_STRIDE * n->ctr_reading + word);
}

/* The write of SNAPSHOT, then its busy bit until it falls. */
static void snapshot_answer(struct nic *n, const struct link_event *ev)
{
    n->ctr_asked = false;
    if (n->ctr_state == CTR_START)
        n->ctr_state = CTR_WAIT;
    else if (!(ev->value & LY_SNAPSHOT_BUSY_MASK))
        n->ctr_state = CTR_READ;
    else if (++n->ctr_tries == SNAPSHOT_TRIES)
        ctr_end(n, -ETIMEDOUT);
}

static void ctr_answer(struct nic *n, const struct link_event *ev)
{
    unsigned word = (ev->tag - NIC_CTR_TAG) % NIC_CTR_TAG_STRIDE;
    bool ended = n->ctr_state == CTR_IDLE || n->ctr_state == CTR_DONE;

    if (ended || ev->tag != ctr_tag(n, word))
        return;                     /* the rest of a reading that failed */
    if (ev->status) {
        ctr_end(n, ev->status == -ETIMEDOUT ? -ETIMEDOUT : -EIO);
    } else if (word == SNAPSHOT_WORD) {
        snapshot_answer(n, ev);
    } else {
        n->ctr_words[word] = ev->value;
        if (++n->ctr_got == NIC_CTR_WORDS)
            ctr_end(n, 0);
    }
}

/* Low word, high word of counter 0, of counter 1, ... */
static uint32_t ctr_addr(unsigned word)
{
    return LY_REG_COUNTERS + word / 2 * LY_CTR_STRIDE_BYTES + word % 2 * 4;
}

/* A few questions under way hide the link's latency; more would fill its queue. */
void nic_ctr_poll(struct nic *n)
{
    if ((n->ctr_state == CTR_START || n->ctr_state == CTR_WAIT) && !n->ctr_asked) {
        bool write = n->ctr_state == CTR_START;
        n->ctr_asked = nic_ask(n, ctr_tag(n, SNAPSHOT_WORD), LY_REG_SNAPSHOT,
                           write ? LY_SNAPSHOT_BUSY_MASK : 0, write) == 0;
    }
    while (n->ctr_state == CTR_READ && n->ctr_next < NIC_CTR_WORDS
           && n->ctr_next - n->ctr_got < CTR_PIPELINE) {
        if (nic_ask(n, ctr_tag(n, n->ctr_next), ctr_addr(n->ctr_next), 0, false))
            break;
        n->ctr_next++;
    }
}

/* The caller fetches the result once; after that a new reading may begin. */
int nic_counters_done(struct nic *n, uint64_t out[NIC_COUNTERS_MAX])
{
    if (n->ctr_state == CTR_IDLE)
        return -EINVAL;
    if (n->state == NIC_FAILED && n->ctr_state != CTR_DONE)
        ctr_end(n, -ENODEV);
    if (n->ctr_state != CTR_DONE)
        return -EAGAIN;
    n->ctr_state = CTR_IDLE;
    if (n->ctr_error)
        return n->ctr_error;
    for (unsigned i = 0; i < LY_CTR_COUNT; i++)
        out[i] = n->ctr_words[2 * i] | (uint64_t)n->ctr_words[2 * i + 1] << 32;
    return (int)LY_CTR_COUNT;
}

const char *nic_counter_name(unsigned i)
{
    static const char *const names[] = {
#define X(UPPER, lower) [LY_CTR_##UPPER] = #lower,
        LY_COUNTERS(X)
#undef X
    };
    return i < sizeof names / sizeof names[0] ? names[i] : NULL;
}

/* --- registers for the caller --------------------------------------------------- */

const struct nic_reg_info *nic_reg_info(unsigned i)
{
    static const struct nic_reg_info map[] = {
#define X(NAME, rw, acts, text) { #NAME, LY_REG_##NAME, 1, rw, acts, text },
        LY_REGISTERS(X)
#undef X
#define X(UPPER, lower) \
    { #lower, LY_REG_COUNTERS + LY_CTR_##UPPER * LY_CTR_STRIDE_BYTES, 2, false, false, \
      "Counter, as of the last snapshot" },
        LY_COUNTERS(X)
#undef X
    };
    return i < sizeof map / sizeof map[0] ? &map[i] : NULL;
}

/* Answers not yet fetched count as well: each has its place in n->answers. */
int nic_reg_submit(struct nic *n, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    unsigned due = n->ans_n;

    if (n->state == NIC_FAILED)
        return -ENODEV;
    if (!(n->link_caps.flags & LINK_CAP_REGS))
        return -ENOTSUP;
    if (tag < NIC_USER_TAG || ask_find(n, tag))
        return -EINVAL;
    for (unsigned i = 0; i < NIC_ASKS_MAX; i++)
        due += n->asks[i].used && n->asks[i].tag >= NIC_USER_TAG;
    if (n->state != NIC_UP || due >= NIC_USER_ASKS_MAX)
        return -EAGAIN;
    return nic_ask(n, tag, addr, value, write);
}

int nic_reg_answer(struct nic *n, struct link_event *ev)
{
    if (n->ans_n == 0)
        return 0;
    *ev = n->answers[n->ans_head];
    n->ans_head = (n->ans_head + 1) % NIC_USER_ASKS_MAX;
    n->ans_n--;
    return 1;
}

/* --- answers --------------------------------------------------------------------- */

/* By tag, whether the answer came from the device or from a time-out. */
static void answer_route(struct nic *n, const struct link_event *ev)
{
    if (ev->tag >= NIC_USER_TAG)
        user_answer(n, ev);
    else if (ev->tag >= NIC_CTR_TAG)
        ctr_answer(n, ev);
    else if (ev->tag >= NIC_MODE_TAG)
        nic_mode_answer(n, ev);
    else if (ev->tag == NIC_PHY_TAG)
        phy_answer(n, ev);
    else
        nic_open_answer(n, ev);
}

/* The payload of a record has no check of its own: the address must agree too. */
void nic_asks_answered(struct nic *n, const struct link_event *ev)
{
    struct nic_ask *a = ask_find(n, ev->tag);
    if (!a || a->addr != ev->addr) {
        n->stats.ev_stray++;
        return;
    }
    a->used = false;
    answer_route(n, ev);
}

static struct link_event no_answer(const struct nic_ask *a, int status)
{
    return (struct link_event){
        .kind = LINK_EV_REG, .tag = a->tag, .addr = a->addr, .status = status,
    };
}

void nic_asks_poll(struct nic *n)
{
    for (unsigned i = 0; i < NIC_ASKS_MAX; i++) {
        struct nic_ask *a = &n->asks[i];
        if (!a->used)       /* also when an answer below made the NIC fail */
            continue;
        if (a->until_ns == INT64_MAX)
            a->until_ns = n->now_ns + NIC_REG_TIMEOUT_NS;
        if (n->now_ns < a->until_ns)
            continue;
        struct link_event ev = no_answer(a, -ETIMEDOUT);
        a->used = false;
        answer_route(n, &ev);
    }
}

void nic_asks_abort(struct nic *n)
{
    for (unsigned i = 0; i < NIC_ASKS_MAX; i++) {
        struct nic_ask *a = &n->asks[i];
        if (a->used && a->tag >= NIC_USER_TAG) {
            struct link_event ev = no_answer(a, -ENODEV);
            user_answer(n, &ev);
        }
        a->used = false;
    }
}

/* A question of ours waits for room in the link. */
static bool ask_waits(const struct nic *n)
{
    if (n->state == NIC_OPENING)
        return n->synced && !n->step_asked;
    return nic_mode_waits(n)
        || ((n->ctr_state == CTR_START || n->ctr_state == CTR_WAIT) && !n->ctr_asked)
        || (n->ctr_state == CTR_READ && n->ctr_next == n->ctr_got);
}

int64_t nic_asks_deadline(const struct nic *n)
{
    int64_t t = ask_waits(n) ? n->now_ns + NIC_REG_RETRY_NS : INT64_MAX;
    for (unsigned i = 0; i < NIC_ASKS_MAX; i++)
        if (n->asks[i].used && n->asks[i].until_ns < t)
            t = n->asks[i].until_ns;
    return t;
}
