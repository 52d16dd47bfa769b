/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkt.c - the packet pool: a header, the descriptors, then the storage, all in
 * the caller's memory. Each class is a stack of free descriptors (the one used
 * last is the warmest in the cache); nothing here allocates.
 */
#include "driver/pkt.h"

#include <assert.h>

/* Storage starts on a cache line, and so does each packet's: DMA-capable links
 * must not share a line between two packets. */
#define PKT_ALIGN 64u
_Static_assert(PKT_SMALL_BYTES % PKT_ALIGN == 0 && PKT_LARGE_BYTES % PKT_ALIGN == 0,
               "each packet begins on a cache line");

struct pkt_pool {
    struct pkt *free[PKT_CLASSES];
    unsigned n_free[PKT_CLASSES];
    unsigned n_total[PKT_CLASSES];
    uint8_t *storage;
    size_t storage_bytes;
};

static const uint32_t class_bytes[PKT_CLASSES] = { PKT_SMALL_BYTES, PKT_LARGE_BYTES };

static size_t align_up(size_t n)
{
    return (n + PKT_ALIGN - 1) & ~(size_t)(PKT_ALIGN - 1);
}

static size_t storage_bytes(unsigned n_small, unsigned n_large)
{
    return (size_t)n_small * PKT_SMALL_BYTES + (size_t)n_large * PKT_LARGE_BYTES;
}

/* Pool header and descriptors, up to where the storage begins. */
static size_t control_bytes(unsigned n_small, unsigned n_large)
{
    size_t pkts = ((size_t)n_small + n_large) * sizeof(struct pkt);
    return align_up(align_up(sizeof(struct pkt_pool)) + pkts);
}

size_t pkt_pool_bytes(unsigned n_small, unsigned n_large)
{
    return PKT_ALIGN - 1 + control_bytes(n_small, n_large) + storage_bytes(n_small, n_large);
}

/* Back on its class's stack. in_use is left to the callers: it tells them apart. */
static void pool_push(struct pkt_pool *pool, struct pkt *p)
{
    p->next = pool->free[p->class_];
    pool->free[p->class_] = p;
    pool->n_free[p->class_]++;
}

/* Returns the storage behind the last packet of this class. */
static uint8_t *pool_fill(struct pkt_pool *pool, enum pkt_class c, struct pkt *pkts, uint8_t *store)
{
    /* From the top down, so that packets are handed out in address order. */
    for (unsigned i = pool->n_total[c]; i-- > 0;) {
        pkts[i] = (struct pkt){
            .buf = store + (size_t)i * class_bytes[c],
            .cap = class_bytes[c],
            .class_ = (uint8_t)c,
            .pool = pool,
        };
        pool_push(pool, &pkts[i]);
    }
    return store + (size_t)pool->n_total[c] * class_bytes[c];
}

struct pkt_pool *pkt_pool_create(void *mem, size_t bytes, unsigned n_small, unsigned n_large)
{
    if (!mem || bytes < pkt_pool_bytes(n_small, n_large))
        return NULL;
    uint8_t *base = mem;
    base += align_up((uintptr_t)mem) - (uintptr_t)mem;

    struct pkt_pool *pool = (void *)base;
    *pool = (struct pkt_pool){
        .n_total = { n_small, n_large },
        .storage = base + control_bytes(n_small, n_large),
        .storage_bytes = storage_bytes(n_small, n_large),
    };
    struct pkt *pkts = (void *)(base + align_up(sizeof *pool));
    uint8_t *store = pool_fill(pool, PKT_SMALL, pkts, pool->storage);
    pool_fill(pool, PKT_LARGE, pkts + n_small, store);
    return pool;
}

void pkt_pool_storage(const struct pkt_pool *pool, void **base, size_t *bytes)
{
    *base = pool->storage;
    *bytes = pool->storage_bytes;
}

unsigned pkt_pool_in_use(const struct pkt_pool *pool)
{
    return pool->n_total[PKT_SMALL] - pool->n_free[PKT_SMALL]
         + pool->n_total[PKT_LARGE] - pool->n_free[PKT_LARGE];
}

unsigned pkt_pool_free(const struct pkt_pool *pool, enum pkt_class c)
{
    return pool->n_free[c];
}

struct pkt *pkt_alloc(struct pkt_pool *pool, enum pkt_class c)
{
    struct pkt *p = pool->free[c];
    if (!p)
        return NULL;
    pool->free[c] = p->next;
    pool->n_free[c]--;
    *p = (struct pkt){
        .buf = p->buf,
        .cap = p->cap,
        .head = PKT_HEADROOM_BYTES,
        .class_ = (uint8_t)c,
        .in_use = 1,
        .pool = pool,
    };
    return p;
}

void pkt_release(struct pkt *p)
{
    if (!p)
        return;
    assert(p->in_use == 1);     /* a second release, or a packet of no pool */
    p->in_use = 0;
    pool_push(p->pool, p);
}
