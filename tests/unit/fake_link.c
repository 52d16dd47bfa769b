/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_link.c - the scripted NIC of fake_link.h. Frames and answers under way are
 * copies on the heap, sorted by the time at which they arrive; poll() moves what is
 * due to where rx() and event() find it. Being a test double it asserts instead of
 * reporting its own out-of-memory.
 */
#include "tests/unit/fake_link.h"

#include "driver/nic_regs.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MIN_FRAME_BYTES 60u     /* IEEE 802.3 3.2.8, without FCS */
#define EVENTS_MAX 1024u
#define REGS_BYTES (LY_REG_COUNTERS + LY_CTR_COUNT * LY_CTR_STRIDE_BYTES)

/* Anything under way: a frame, a register's answer, or a packet held. */
struct item {
    struct item *next;
    int64_t at_ns;
    struct link_event ev;
    struct pkt *held;
    uint8_t vnet_flags;
    bool csum_bad, by_hand;     /* by_hand: the test chose the verdict */
    size_t len;
    uint8_t data[];
};

struct fake_link {
    struct link base;           /* first: fake_link_base() */
    struct fake_link_cfg cfg;
    int64_t now_ns;
    bool polled, is_gone;
    bool *closed;

    struct fake_link *peer;
    int64_t latency_ns;
    fake_tx_fn *on_tx;
    void *on_tx_arg;
    struct fake_faults faults;
    uint64_t rng;
    unsigned tx_room;

    struct item *wire, *ready;  /* frames: to come, and arrived */
    struct item *answers;       /* register answers to come */
    struct item *held;          /* packets that go back later */
    struct link_event events[EVENTS_MAX];
    unsigned ev_head, ev_n;

    uint32_t regs[REGS_BYTES / 4];
    uint64_t live[LY_CTR_COUNT];
    unsigned snapshot_polls, busy_left;
    uint32_t status_addr, mute_addr;
    int32_t status;
    int refuse;
    unsigned asked, submits;

    struct link_stats stats;
    struct fake_wire_stats ws;
};

/* --- small tools --------------------------------------------------------- */

static struct item *item_new(size_t bytes, int64_t at_ns)
{
    struct item *it = calloc(1, sizeof *it + bytes);
    assert(it);
    it->len = bytes;
    it->at_ns = at_ns;
    return it;
}

/* By time; what has the same time keeps its order. */
static void item_insert(struct item **list, struct item *it)
{
    while (*list && (*list)->at_ns <= it->at_ns)
        list = &(*list)->next;
    it->next = *list;
    *list = it;
}

/* Returns the first item if it is due by @now_ns, else NULL. */
static struct item *item_due(struct item **list, int64_t now_ns)
{
    struct item *it = *list;
    if (!it || it->at_ns > now_ns)
        return NULL;
    *list = it->next;
    it->next = NULL;
    return it;
}

static void items_free(struct item **list)
{
    for (struct item *it; (it = item_due(list, INT64_MAX)) != NULL; free(it))
        pkt_release(it->held);
}

static uint64_t rng_next(uint64_t *s)
{
    uint64_t z = *s += 0x9E3779B97F4A7C15u;     /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static bool chance(struct fake_link *f, unsigned permille)
{
    return permille && rng_next(&f->rng) % 1000 < permille;
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* --- checksum offload, as the device does it ------------------------------- */

/* Ones' complement sum of big-endian words, not inverted. RFC 1071. */
static unsigned sum16(const uint8_t *p, size_t n, unsigned sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i & 1 ? p[i] : (unsigned)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

static void csum_insert(struct fake_link *f, struct item *it, size_t start, size_t off)
{
    assert(start + off + 2 <= it->len);
    unsigned sum = ~sum16(it->data + start, it->len - start, 0) & 0xFFFF;
    if (sum == 0)
        sum = 0xFFFF;
    it->data[start + off] = (uint8_t)(sum >> 8);
    it->data[start + off + 1] = (uint8_t)sum;
    f->ws.tx_csum_inserted++;
}

enum verdict { SUM_NONE, SUM_GOOD, SUM_BAD };

/* The transport sum of @n bytes at @p behind the IPv4 header @ip. */
static enum verdict verify_l4(const uint8_t *ip, const uint8_t *p, size_t n)
{
    unsigned proto = ip[9];
    unsigned pseudo = sum16(ip + 12, 8, proto + (unsigned)n);

    if (proto == 1)
        return n < 4 ? SUM_NONE : sum16(p, n, 0) == 0xFFFF ? SUM_GOOD : SUM_BAD;
    if (proto == 17 && (n < 8 || get16(p + 4) != n || get16(p + 6) == 0))
        return SUM_NONE;
    if (proto != 17 && (proto != 6 || n < 20))
        return SUM_NONE;
    return sum16(p, n, pseudo) == 0xFFFF ? SUM_GOOD : SUM_BAD;
}

/* Ethernet II with up to two VLAN tags, IPv4; the sum ends at the IP length. */
static enum verdict verify(const uint8_t *d, size_t n)
{
    size_t at = 12;
    for (int tags = 0; tags < 2 && at + 6 <= n; tags++) {
        if (get16(d + at) != 0x8100 && get16(d + at) != 0x88A8)
            break;
        at += 4;
    }
    if (at + 2 + 20 > n || get16(d + at) != 0x0800)
        return SUM_NONE;
    const uint8_t *ip = d + at + 2;
    size_t left = n - at - 2, hdr = (ip[0] & 15u) * 4, total = get16(ip + 2);
    if (ip[0] >> 4 != 4 || hdr < 20 || total < hdr || total > left)
        return SUM_NONE;
    if (sum16(ip, hdr, 0) != 0xFFFF)
        return SUM_BAD;
    if (get16(ip + 6) & 0x3FFF)         /* more fragments, or an offset */
        return SUM_NONE;
    return verify_l4(ip, ip + hdr, total - hdr);
}

static void csum_judge(struct fake_link *f, struct item *it)
{
    if (it->by_hand)
        return;
    bool on = (f->cfg.hw_caps & LY_CAPS_RX_CSUM_MASK)
           && (f->regs[LY_REG_CTRL / 4] & LY_CTRL_RX_CSUM_EN_MASK);
    enum verdict v = on ? verify(it->data, it->len) : SUM_NONE;
    it->vnet_flags = v == SUM_GOOD ? VNET_F_DATA_VALID : 0;
    it->csum_bad = v == SUM_BAD;
    f->ws.rx_csum_good += v == SUM_GOOD;
    f->ws.rx_csum_bad += v == SUM_BAD;
    f->ws.rx_csum_none += v == SUM_NONE;
}

/* --- the wire ---------------------------------------------------------------- */

void fake_link_inject_meta(struct fake_link *f, const void *frame, size_t len, int64_t at_ns,
                           uint8_t vnet_flags, bool csum_bad)
{
    struct item *it = item_new(len, at_ns);
    memcpy(it->data, frame, len);
    it->by_hand = true;
    it->vnet_flags = vnet_flags;
    it->csum_bad = csum_bad;
    item_insert(&f->wire, it);
}

void fake_link_inject(struct fake_link *f, const void *frame, size_t len, int64_t at_ns)
{
    struct item *it = item_new(len, at_ns);
    memcpy(it->data, frame, len);
    item_insert(&f->wire, it);
}

/* A complete frame leaves: hook, faults, cable. */
static void wire_send(struct fake_link *f, struct item *it)
{
    int64_t late = 0;

    f->ws.sent++;
    bool keep = !f->on_tx || f->on_tx(f->on_tx_arg, it->data, it->len, f->now_ns);
    if (!keep || chance(f, f->faults.loss)) {
        f->ws.lost++;
        return;
    }
    bool twice = chance(f, f->faults.dup);
    if (chance(f, f->faults.reorder)) {
        late = f->faults.reorder_ns ? f->faults.reorder_ns : 3 * f->latency_ns;
        f->ws.reordered++;
    }
    f->ws.duplicated += twice;
    if (!f->peer)
        return;
    fake_link_inject(f->peer, it->data, it->len, f->now_ns + f->latency_ns + late);
    if (twice)
        fake_link_inject(f->peer, it->data, it->len, f->now_ns + f->latency_ns + late);
}

/* What the device does with one packet of tx. */
static void device_send(struct fake_link *f, const struct pkt *p)
{
    if (!f->cfg.no_regs && !(f->regs[LY_REG_CTRL / 4] & LY_CTRL_TX_EN_MASK)) {
        f->ws.disabled++;
        return;
    }
    size_t bytes = p->len < MIN_FRAME_BYTES && !f->cfg.no_pad ? MIN_FRAME_BYTES : p->len;
    struct item *it = item_new(bytes, 0);
    memcpy(it->data, pkt_data(p), p->len);
    if (p->vnet_flags & VNET_F_NEEDS_CSUM) {
        assert(f->cfg.hw_caps & LY_CAPS_TX_CSUM_MASK);  /* nobody inserts this one */
        it->len = p->len;       /* padding is not summed */
        csum_insert(f, it, p->csum_at - p->head, p->csum_off);
        it->len = bytes;
    }
    wire_send(f, it);
    free(it);
}

/* RX_EN and the address filter. The first bit of an address tells groups apart,
 * but this device knows of the broadcast group only. */
static bool device_accepts(struct fake_link *f, const struct item *it)
{
    uint32_t ctrl = f->regs[LY_REG_CTRL / 4];
    uint8_t mac[6];

    if (f->cfg.no_regs)
        return true;
    if (!(ctrl & LY_CTRL_RX_EN_MASK)) {
        f->ws.disabled++;
        return false;
    }
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(f->regs[LY_REG_MAC_LO / 4 + i / 4] >> i % 4 * 8);
    if ((ctrl & LY_CTRL_PROMISC_MASK) || it->len < 6 || memcmp(it->data, mac, 6) == 0
        || memcmp(it->data, "\xFF\xFF\xFF\xFF\xFF\xFF", 6) == 0)
        return true;
    f->ws.filtered++;
    return false;
}

void fake_link_connect(struct fake_link *a, struct fake_link *b, int64_t latency_ns)
{
    a->peer = b;
    b->peer = a;
    a->latency_ns = b->latency_ns = latency_ns;
}

void fake_link_on_tx(struct fake_link *f, fake_tx_fn *fn, void *arg)
{
    f->on_tx = fn;
    f->on_tx_arg = arg;
}

void fake_link_faults(struct fake_link *f, const struct fake_faults *faults)
{
    f->faults = *faults;
}

void fake_link_set_tx_room(struct fake_link *f, unsigned n)
{
    f->tx_room = n;
}

void fake_link_wire_stats(const struct fake_link *f, struct fake_wire_stats *out)
{
    *out = f->ws;
}

static int64_t earlier(int64_t t, const struct item *it)
{
    return it && it->at_ns < t ? it->at_ns : t;
}

int64_t fake_link_next(const struct fake_link *f)
{
    if (f->is_gone)
        return INT64_MAX;
    if (!f->polled)
        return INT64_MIN;
    return earlier(earlier(earlier(INT64_MAX, f->wire), f->answers), f->held);
}

int64_t fake_link_advance(int64_t now_ns, int64_t next_a, int64_t next_b,
                          const struct fake_link *a, const struct fake_link *b)
{
    int64_t t = next_a < next_b ? next_a : next_b;
    int64_t ta = fake_link_next(a), tb = b ? fake_link_next(b) : INT64_MAX;
    t = ta < t ? ta : t;
    t = tb < t ? tb : t;
    return t < now_ns ? now_ns : t;
}

/* --- registers ----------------------------------------------------------------- */

static bool reg_known(uint32_t addr)
{
    if (addr % 4 || addr >= REGS_BYTES)
        return false;
    return addr >= LY_REG_COUNTERS || addr <= LY_REG_TIME_HI || addr == LY_REG_SNAPSHOT
        || addr == LY_REG_HASH_LO || addr == LY_REG_HASH_HI;
}

static bool reg_writable(uint32_t addr)
{
    return addr == LY_REG_CTRL || addr == LY_REG_MAC_LO || addr == LY_REG_MAC_HI
        || addr == LY_REG_SNAPSHOT || addr == LY_REG_HASH_LO || addr == LY_REG_HASH_HI;
}

static void snapshot(struct fake_link *f)
{
    for (unsigned i = 0; i < LY_CTR_COUNT; i++) {
        f->regs[LY_REG_COUNTERS / 4 + 2 * i] = (uint32_t)f->live[i];
        f->regs[LY_REG_COUNTERS / 4 + 2 * i + 1] = (uint32_t)(f->live[i] >> 32);
    }
    f->busy_left = f->snapshot_polls;
}

static void reg_access(struct fake_link *f, struct link_event *ev, bool write)
{
    if (f->status_addr == ev->addr) {
        ev->status = f->status;
    } else if (!reg_known(ev->addr)) {
        ev->status = LY_STATUS_ENOENT;
    } else if (write && !reg_writable(ev->addr)) {
        ev->status = LY_STATUS_EROFS;
    } else if (write && ev->addr == LY_REG_SNAPSHOT) {
        if (ev->value & LY_SNAPSHOT_BUSY_MASK)
            snapshot(f);
    } else if (write) {
        f->regs[ev->addr / 4] = ev->value;
    } else if (ev->addr == LY_REG_SNAPSHOT) {
        ev->value = f->busy_left > 0;
        f->busy_left -= f->busy_left > 0;
    } else {
        ev->value = f->regs[ev->addr / 4];
    }
}

void fake_link_set_reg(struct fake_link *f, uint32_t addr, uint32_t value)
{
    assert(reg_known(addr));
    f->regs[addr / 4] = value;
}

uint32_t fake_link_reg(const struct fake_link *f, uint32_t addr)
{
    assert(reg_known(addr));
    return f->regs[addr / 4];
}

void fake_link_set_status(struct fake_link *f, uint32_t addr, int32_t status)
{
    f->status_addr = addr;
    f->status = status;
}

void fake_link_mute(struct fake_link *f, uint32_t addr)
{
    f->mute_addr = addr;
}

void fake_link_refuse_regs(struct fake_link *f, int err)
{
    f->refuse = err;
}

void fake_link_set_counter(struct fake_link *f, unsigned i, uint64_t value)
{
    assert(i < LY_CTR_COUNT && value >> LY_CTR_BITS == 0);
    f->live[i] = value;
}

void fake_link_snapshot_polls(struct fake_link *f, unsigned n)
{
    f->snapshot_polls = n;
}

unsigned fake_link_reg_submits(const struct fake_link *f)
{
    return f->submits;
}

void fake_link_event(struct fake_link *f, const struct link_event *ev)
{
    assert(f->ev_n < EVENTS_MAX);
    f->events[(f->ev_head + f->ev_n++) % EVENTS_MAX] = *ev;
}

void fake_link_gone(struct fake_link *f)
{
    f->is_gone = true;
    fake_link_event(f, &(struct link_event){ .kind = LINK_EV_GONE });
}

void fake_link_closed_flag(struct fake_link *f, bool *flag)
{
    f->closed = flag;
}

/* --- driver/link.h ------------------------------------------------------------- */

static struct fake_link *self(struct link *l)
{
    return (struct fake_link *)(void *)l;
}

/* Back to the pool, and said so if the packet's tag asks for it. */
static void complete(struct fake_link *f, struct pkt *p)
{
    if (p->tag)
        fake_link_event(f, &(struct link_event){ .kind = LINK_EV_TX_DONE, .tag = p->tag });
    pkt_release(p);
}

static void take_one(struct fake_link *f, struct pkt *p)
{
    f->stats.tx_frames++;
    f->stats.tx_bytes += p->len;
    device_send(f, p);
    if (f->cfg.tx_hold_ns > 0) {
        struct item *it = item_new(0, f->now_ns + f->cfg.tx_hold_ns);
        it->held = p;
        item_insert(&f->held, it);
    } else {
        complete(f, p);
    }
}

static int fake_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct fake_link *f = self(l);
    unsigned k = 0;

    if (f->is_gone)
        return -ENODEV;
    for (; k < n && f->tx_room > 0; k++) {
        if (pkts[k]->len > f->cfg.max_frame_bytes)
            return k ? (int)k : -EMSGSIZE;
        if (f->tx_room != UINT_MAX)
            f->tx_room--;
        take_one(f, pkts[k]);
    }
    return (int)k;
}

static struct pkt *receive(struct fake_link *f, struct item *it)
{
    csum_judge(f, it);
    bool large = it->len > PKT_SMALL_BYTES - PKT_HEADROOM_BYTES;
    struct pkt *p = pkt_alloc(f->cfg.pool, large ? PKT_LARGE : PKT_SMALL);
    if (!p) {
        f->stats.rx_no_buffer++;
        return NULL;
    }
    memcpy(pkt_put(p, (uint32_t)it->len), it->data, it->len);
    p->vnet_flags = it->vnet_flags;
    p->csum_bad = it->csum_bad;
    f->stats.rx_frames++;
    f->stats.rx_bytes += it->len;
    return p;
}

static int fake_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    struct fake_link *f = self(l);
    unsigned k = 0;
    struct item *it;

    if (f->is_gone)
        return -ENODEV;
    while (k < n && (it = item_due(&f->ready, INT64_MAX)) != NULL) {
        if (device_accepts(f, it) && (pkts[k] = receive(f, it)) != NULL)
            k++;
        free(it);
    }
    return (int)k;
}

static int fake_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    struct fake_link *f = self(l);

    if (f->is_gone)
        return -ENODEV;
    if (f->cfg.no_regs)
        return -ENOTSUP;
    if (f->refuse)
        return f->refuse;
    if (f->asked >= f->cfg.reg_depth)
        return -EAGAIN;
    f->submits++;
    if (f->mute_addr == addr)
        return 0;
    struct item *it = item_new(0, f->now_ns + f->cfg.reg_delay_ns);
    it->ev = (struct link_event){
        .kind = LINK_EV_REG, .tag = tag, .addr = addr, .value = value,
    };
    reg_access(f, &it->ev, write);
    item_insert(&f->answers, it);
    f->asked++;
    return 0;
}

static int fake_event(struct link *l, struct link_event *ev)
{
    struct fake_link *f = self(l);
    if (f->ev_n == 0)
        return 0;
    *ev = f->events[f->ev_head];
    f->ev_head = (f->ev_head + 1) % EVENTS_MAX;
    f->ev_n--;
    return 1;
}

static void hello(struct fake_link *f)
{
    uint32_t link = f->regs[LY_REG_LINK / 4];
    fake_link_event(f, &(struct link_event){ .kind = LINK_EV_SYNC,
                                             .value = f->regs[LY_REG_VERSION / 4] });
    fake_link_event(f, &(struct link_event){ .kind = LINK_EV_LINK, .arg = link & 0xFFFF,
                                             .value = link >> LY_LINK_MBIT_SHIFT });
}

static int fake_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    struct fake_link *f = self(l);
    struct item *it, **end = &f->ready;

    *next_ns = INT64_MAX;
    if (f->is_gone)
        return -ENODEV;
    f->now_ns = now_ns;
    if (!f->polled && !f->cfg.no_regs && !f->cfg.no_sync)
        hello(f);
    f->polled = true;
    while (*end)
        end = &(*end)->next;
    for (; (it = item_due(&f->wire, now_ns)) != NULL; end = &it->next)
        *end = it;
    for (; (it = item_due(&f->answers, now_ns)) != NULL; free(it)) {
        fake_link_event(f, &it->ev);
        f->asked--;
    }
    for (; (it = item_due(&f->held, now_ns)) != NULL; free(it))
        complete(f, it->held);
    *next_ns = fake_link_next(f);
    return 0;
}

static int fake_fd(struct link *l)
{
    (void)l;
    return -1;      /* virtual time */
}

static int fake_dma_map(struct link *l, void *base, size_t bytes)
{
    (void)l;
    return base && bytes ? 0 : -EINVAL;
}

static struct link_caps fake_caps(struct link *l)
{
    struct fake_link *f = self(l);
    uint32_t vnet = f->cfg.no_vnet ? 0 : LINK_CAP_VNET;
    return (struct link_caps){
        .flags = f->cfg.no_regs ? 0 : LINK_CAP_REGS | LINK_CAP_EVENTS | vnet,
        .max_frame_bytes = f->cfg.max_frame_bytes,
    };
}

static void fake_stats(struct link *l, struct link_stats *out)
{
    *out = self(l)->stats;
}

static void fake_close(struct link *l)
{
    struct fake_link *f = self(l);
    if (f->peer)
        f->peer->peer = NULL;
    items_free(&f->wire);
    items_free(&f->ready);
    items_free(&f->answers);
    items_free(&f->held);
    if (f->closed)
        *f->closed = true;
    free(f);
}

static const struct link_ops fake_ops = {
    .name = "fake",
    .tx = fake_tx,
    .rx = fake_rx,
    .reg_submit = fake_reg_submit,
    .event = fake_event,
    .poll = fake_poll,
    .fd = fake_fd,
    .dma_map = fake_dma_map,
    .caps = fake_caps,
    .stats = fake_stats,
    .close = fake_close,
};

static void regs_reset(struct fake_link *f)
{
    f->regs[LY_REG_ID / 4] = LY_ID_VALUE;
    f->regs[LY_REG_VERSION / 4] = f->cfg.version;
    f->regs[LY_REG_CAPS / 4] = f->cfg.hw_caps | LY_CAPS_COUNTERS_MASK | LY_CAPS_PHY_FIXED_MASK;
    f->regs[LY_REG_MAX_RECORD / 4] = f->cfg.max_frame_bytes + LY_REC_VNET_BYTES;
    f->regs[LY_REG_LINK / 4] = LY_LINK_UP_MASK | LY_LINK_FULL_DUPLEX_MASK | LY_LINK_FIXED_MASK
                             | 1000u << LY_LINK_MBIT_SHIFT;
    f->regs[LY_REG_CLK_HZ / 4] = 125000000;
}

int fake_link_open(struct fake_link **out, const struct fake_link_cfg *cfg)
{
    struct fake_link *f = calloc(1, sizeof *f);
    if (!f)
        return -ENOMEM;
    f->base.ops = &fake_ops;
    f->cfg = *cfg;
    if (!f->cfg.max_frame_bytes)
        f->cfg.max_frame_bytes = 1514;
    if (!f->cfg.version)
        f->cfg.version = LY_VERSION_VALUE;
    if (!f->cfg.reg_depth)
        f->cfg.reg_depth = 4;
    f->rng = cfg->seed;
    f->tx_room = UINT_MAX;
    f->status_addr = f->mute_addr = UINT32_MAX;
    regs_reset(f);
    *out = f;
    return 0;
}

struct link *fake_link_base(struct fake_link *f)
{
    return &f->base;
}
