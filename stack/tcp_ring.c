/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_ring.c - the byte rings of a connection. Their memory is taken with the
 * first byte, so that a connection that carries nothing costs its control block
 * only. These are the stack's only allocations after net_create().
 */
#include "stack/tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The place of the byte @off bytes after the oldest one. */
static uint32_t ring_at(const struct tcp_ring *r, uint32_t off)
{
    uint32_t at = r->head + off;
    return at < r->cap ? at : at - r->cap;
}

ssize_t tcp_ring_put(struct tcp_ring *r, const void *p, size_t len)
{
    uint32_t room = r->cap - r->len;
    uint32_t take = len < room ? (uint32_t)len : room;
    if (!take)
        return 0;
    if (!r->buf) {
        r->buf = malloc(r->cap);
        if (!r->buf)
            return -ENOMEM;
    }
    uint32_t at = ring_at(r, r->len);
    uint32_t first = min_u32(take, r->cap - at);
    memcpy(r->buf + at, p, first);
    if (take > first)
        memcpy(r->buf, (const uint8_t *)p + first, take - first);
    r->len += take;
    return (ssize_t)take;
}

void tcp_ring_peek(const struct tcp_ring *r, uint32_t off, void *p, uint32_t len)
{
    assert(off <= r->len && len <= r->len - off);
    if (!len)
        return;
    uint32_t at = ring_at(r, off);
    uint32_t first = min_u32(len, r->cap - at);
    memcpy(p, r->buf + at, first);
    if (len > first)
        memcpy((uint8_t *)p + first, r->buf, len - first);
}

void tcp_ring_drop(struct tcp_ring *r, uint32_t len)
{
    assert(len <= r->len);
    r->len -= len;
    /* An empty ring starts again at 0: the next copies need no second half. */
    r->head = r->len ? ring_at(r, len) : 0;
}

void tcp_ring_fini(struct tcp_ring *r)
{
    free(r->buf);
    r->buf = NULL;
    r->head = 0;
    r->len = 0;
}
