/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkt.h - packet buffer and pool.
 *
 * One contiguous buffer per packet. `head` and the layer offsets count bytes
 * from the start of the storage, so pushing a header in front changes `head`
 * and nothing else; pkt_vnet() turns them into the frame-relative offsets of
 * struct virtio_net_hdr_v1 (virtio 1.2, 5.1.6) when the frame leaves.
 *
 * Ownership: whoever is passed a `struct pkt *` owns it whatever the result,
 * unless the parameter is const or the function's name ends in _peek.
 */
#ifndef LY_DRIVER_PKT_H
#define LY_DRIVER_PKT_H

#include "driver/be.h"

#include <stddef.h>
#include <stdint.h>

/* Room in front of a payload: Ethernet + VLAN tag, IPv6 or IPv4 with options,
 * TCP with options, and the record header with its virtio header. */
#define PKT_HEADROOM_BYTES 192u
#define PKT_SMALL_BYTES (2048u + PKT_HEADROOM_BYTES)
#define PKT_LARGE_BYTES (65536u + PKT_HEADROOM_BYTES)
_Static_assert(PKT_HEADROOM_BYTES >= 18 + 60 + 60 + 8 + 12, "eth+vlan, ip4, tcp, record, virtio");

enum pkt_class { PKT_SMALL, PKT_LARGE, PKT_CLASSES };

/* struct virtio_net_hdr_v1, little endian on every link. virtio 1.2, 5.1.6. */
struct virtio_net_hdr_v1 {
    uint8_t flags;
    uint8_t gso_type;
    struct le16 hdr_len;
    struct le16 gso_size;
    struct le16 csum_start;
    struct le16 csum_offset;
    struct le16 num_buffers;
};
_Static_assert(sizeof(struct virtio_net_hdr_v1) == 12, "virtio 1.2, 5.1.6");

#define VNET_F_NEEDS_CSUM 1u
#define VNET_F_DATA_VALID 2u
#define VNET_GSO_NONE 0u

struct pkt_pool;

struct pkt {
    uint8_t *buf;           /* storage; `cap` bytes */
    uint32_t cap;
    uint32_t head;          /* offset in buf of the first valid byte */
    uint32_t len;           /* valid bytes */
    uint32_t l3, l4;        /* offsets in buf; 0 = not known */
    uint32_t csum_at;       /* offset in buf where the sum starts (vnet NEEDS_CSUM) */
    uint16_t csum_off;      /* bytes from csum_at to the checksum field */
    uint16_t gso_size;
    uint16_t hdr_len;
    uint16_t tag;           /* of the record; links an answer to a question */
    uint8_t vnet_flags;     /* VNET_F_* */
    uint8_t gso_type;       /* VNET_GSO_* */
    uint8_t csum_bad;       /* rx: the device found a checksum bad */
    uint8_t class_;         /* enum pkt_class */
    uint8_t in_use;         /* pool's own mark: a double free is our bug */
    struct pkt_pool *pool;
    struct pkt *next;       /* for whoever owns the packet */
};

/* A FIFO of packets; zero-initialised is empty. */
struct pkt_list {
    struct pkt *first, *last;
    unsigned n;
};

/**
 * pkt_pool_bytes() - memory a pool of this size needs.
 * @n_small, @n_large: packets of each class
 *
 * Returns bytes, alignment slack included.
 */
size_t pkt_pool_bytes(unsigned n_small, unsigned n_large);

/**
 * pkt_pool_create() - lay a pool into the caller's memory.
 * @mem:   pkt_pool_bytes() bytes, any alignment, kept by the caller until
 *         every packet is back
 * @bytes: its size
 *
 * Returns the pool (inside @mem), or NULL if @bytes is too small.
 */
struct pkt_pool *pkt_pool_create(void *mem, size_t bytes, unsigned n_small, unsigned n_large);

/** pkt_pool_storage() - the span of all packet storage, for link dma_map. */
void pkt_pool_storage(const struct pkt_pool *pool, void **base, size_t *bytes);

/** pkt_pool_in_use() - packets that are out, both classes. 0 after close. */
unsigned pkt_pool_in_use(const struct pkt_pool *pool);

/** pkt_pool_free() - packets of one class still there. */
unsigned pkt_pool_free(const struct pkt_pool *pool, enum pkt_class c);

/**
 * pkt_alloc() - an empty packet: head = PKT_HEADROOM_BYTES, len = 0, all
 * metadata zero.
 *
 * Returns NULL when the class is used up (the caller counts that).
 */
struct pkt *pkt_alloc(struct pkt_pool *pool, enum pkt_class c);

/** pkt_release() - give the packet back to its pool. NULL is allowed. */
void pkt_release(struct pkt *p);

static inline uint8_t *pkt_data(const struct pkt *p)
{
    return p->buf + p->head;
}

/** pkt_push() - grow by @n bytes at the front. NULL if there is no headroom. */
static inline uint8_t *pkt_push(struct pkt *p, uint32_t n)
{
    if (n > p->head)
        return NULL;
    p->head -= n;
    p->len += n;
    return pkt_data(p);
}

/** pkt_pull() - drop @n bytes at the front. Returns the new front, NULL if shorter. */
static inline uint8_t *pkt_pull(struct pkt *p, uint32_t n)
{
    if (n > p->len)
        return NULL;
    p->head += n;
    p->len -= n;
    return pkt_data(p);
}

/** pkt_put() - grow by @n bytes at the end. Returns their start, NULL if full. */
static inline uint8_t *pkt_put(struct pkt *p, uint32_t n)
{
    if (n > p->cap - p->head - p->len)
        return NULL;
    uint8_t *at = pkt_data(p) + p->len;
    p->len += n;
    return at;
}

/** pkt_trim() - cut to @len bytes if longer. */
static inline void pkt_trim(struct pkt *p, uint32_t len)
{
    if (p->len > len)
        p->len = len;
}

/** pkt_vnet() - the virtio header of the frame that starts at head. */
static inline struct virtio_net_hdr_v1 pkt_vnet(const struct pkt *p)
{
    int sum = (p->vnet_flags & VNET_F_NEEDS_CSUM) != 0;
    return (struct virtio_net_hdr_v1){
        .flags = p->vnet_flags,
        .gso_type = p->gso_type,
        .hdr_len = le16_put(p->hdr_len),
        .gso_size = le16_put(p->gso_size),
        .csum_start = le16_put(sum ? (uint16_t)(p->csum_at - p->head) : 0),
        .csum_offset = le16_put(sum ? p->csum_off : 0),
        .num_buffers = le16_put(1),
    };
}

/** pkt_list_push() - append. The list owns the packet. */
static inline void pkt_list_push(struct pkt_list *l, struct pkt *p)
{
    p->next = NULL;
    if (l->last)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
    l->n++;
}

/** pkt_list_pop() - the oldest packet, now the caller's; NULL if empty. */
static inline struct pkt *pkt_list_pop(struct pkt_list *l)
{
    struct pkt *p = l->first;
    if (p) {
        l->first = p->next;
        if (!l->first)
            l->last = NULL;
        l->n--;
        p->next = NULL;
    }
    return p;
}

#endif
