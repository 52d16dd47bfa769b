/* SPDX-License-Identifier: Apache-2.0 */
/* test_pkt.c - pool: counts, no two packets share a byte, limits; packet: room at
 * both ends, virtio header, lists. */
#include "driver/pkt.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define N_SMALL 5u
#define N_LARGE 2u

struct fixture {
    void *mem;
    struct pkt_pool *pool;
};

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    size_t bytes = pkt_pool_bytes(N_SMALL, N_LARGE);
    f->mem = malloc(bytes);
    f->pool = pkt_pool_create(f->mem, bytes, N_SMALL, N_LARGE);
    *state = f;
    return f->pool ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned out = pkt_pool_in_use(f->pool);
    free(f->mem);
    free(f);
    return out == 0 ? 0 : -1;
}

/* --- pool ---------------------------------------------------------------- */

/* All packets of both classes at once: each byte of each is its own, inside the storage
 * shown to dma_map, and the sanitizer sees that none lies outside the memory given. */
static void packets_do_not_overlap(void **state)
{
    struct fixture *f = *state;
    struct pkt *p[N_SMALL + N_LARGE];
    void *base;
    size_t bytes;

    pkt_pool_storage(f->pool, &base, &bytes);
    assert_int_equal(bytes, N_SMALL * PKT_SMALL_BYTES + N_LARGE * PKT_LARGE_BYTES);
    for (unsigned i = 0; i < N_SMALL + N_LARGE; i++) {
        p[i] = pkt_alloc(f->pool, i < N_SMALL ? PKT_SMALL : PKT_LARGE);
        assert_non_null(p[i]);
        assert_int_equal(p[i]->cap, i < N_SMALL ? PKT_SMALL_BYTES : PKT_LARGE_BYTES);
        assert_true(p[i]->buf >= (uint8_t *)base);
        assert_true(p[i]->buf + p[i]->cap <= (uint8_t *)base + bytes);
        assert_int_equal((uintptr_t)p[i]->buf % 64, 0);
        memset(p[i]->buf, (int)i + 1, p[i]->cap);
    }
    for (unsigned i = 0; i < N_SMALL + N_LARGE; i++) {
        for (uint32_t k = 0; k < p[i]->cap; k++)
            assert_int_equal(p[i]->buf[k], i + 1);
        pkt_release(p[i]);
    }
}

static void classes_run_out_apart(void **state)
{
    struct fixture *f = *state;
    struct pkt_list out = { 0 };
    struct pkt *p;

    assert_int_equal(pkt_pool_free(f->pool, PKT_SMALL), N_SMALL);
    while ((p = pkt_alloc(f->pool, PKT_SMALL)) != NULL)
        pkt_list_push(&out, p);
    assert_int_equal(out.n, N_SMALL);
    assert_int_equal(pkt_pool_free(f->pool, PKT_SMALL), 0);
    assert_int_equal(pkt_pool_free(f->pool, PKT_LARGE), N_LARGE);
    assert_int_equal(pkt_pool_in_use(f->pool), N_SMALL);
    while ((p = pkt_alloc(f->pool, PKT_LARGE)) != NULL)
        pkt_list_push(&out, p);
    assert_int_equal(pkt_pool_in_use(f->pool), N_SMALL + N_LARGE);
    while ((p = pkt_list_pop(&out)) != NULL)
        pkt_release(p);
    assert_int_equal(pkt_pool_in_use(f->pool), 0);
    assert_int_equal(pkt_pool_free(f->pool, PKT_LARGE), N_LARGE);
}

/* What the last owner wrote is not there for the next. */
static void alloc_clears_metadata(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 2; round++) {
        struct pkt *p = pkt_alloc(f->pool, PKT_LARGE);
        assert_int_equal(p->head, PKT_HEADROOM_BYTES);
        assert_int_equal(p->len, 0);
        assert_int_equal(p->l3 | p->l4 | p->csum_at | p->csum_off | p->gso_size, 0);
        assert_int_equal(p->hdr_len | p->tag | p->vnet_flags | p->gso_type | p->csum_bad, 0);
        assert_int_equal(p->class_, PKT_LARGE);
        assert_null(p->next);
        assert_ptr_equal(p->pool, f->pool);
        p->head = 1;
        p->len = 2;
        p->l3 = p->l4 = p->csum_at = 3;
        p->csum_off = p->gso_size = p->hdr_len = p->tag = 4;
        p->vnet_flags = p->gso_type = p->csum_bad = 5;
        p->next = p;
        pkt_release(p);
    }
}

static void memory_any_alignment_and_size(void **state)
{
    (void)state;
    size_t need = pkt_pool_bytes(2, 1);
    for (size_t shift = 0; shift < 65; shift++) {
        uint8_t *mem = malloc(need + shift);
        struct pkt_pool *pool = pkt_pool_create(mem + shift, need, 2, 1);
        assert_non_null(pool);
        struct pkt *a = pkt_alloc(pool, PKT_SMALL), *b = pkt_alloc(pool, PKT_LARGE);
        memset(a->buf, 0xA, a->cap);
        memset(b->buf, 0xB, b->cap);
        pkt_release(a);
        pkt_release(b);
        assert_int_equal(pkt_pool_in_use(pool), 0);
        assert_null(pkt_pool_create(mem + shift, need - 1, 2, 1));
        free(mem);
    }
    assert_null(pkt_pool_create(NULL, need, 2, 1));
}

static void empty_pool(void **state)
{
    (void)state;
    size_t need = pkt_pool_bytes(0, 0);
    void *mem = malloc(need);
    struct pkt_pool *pool = pkt_pool_create(mem, need, 0, 0);
    assert_non_null(pool);
    assert_null(pkt_alloc(pool, PKT_SMALL));
    assert_null(pkt_alloc(pool, PKT_LARGE));
    assert_int_equal(pkt_pool_in_use(pool), 0);
    free(mem);
}

/* A double release is our bug and stops the program: seen from outside. */
static void double_release_is_caught(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
        pkt_release(p);
        pkt_release(p);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    pkt_release(NULL);
}

/* Random order of many: a list of what is out is the naive twin of the counts. */
static void random_order(void **state)
{
    struct fixture *f = *state;
    struct pkt *out[N_SMALL + N_LARGE] = { NULL };
    uint32_t rng = (uint32_t)seed_of_run();
    unsigned n[PKT_CLASSES] = { 0, 0 };

    for (int step = 0; step < 20000; step++) {
        rng = rng * 1664525u + 1013904223u;
        unsigned at = rng >> 8 & 7u;
        enum pkt_class c = rng >> 16 & 1 ? PKT_LARGE : PKT_SMALL;
        if (at >= N_SMALL + N_LARGE)
            continue;
        if (out[at]) {
            n[out[at]->class_]--;
            pkt_release(out[at]);
            out[at] = NULL;
        } else {
            out[at] = pkt_alloc(f->pool, c);
            assert_int_equal(out[at] != NULL, n[c] < (c == PKT_SMALL ? N_SMALL : N_LARGE));
            n[c] += out[at] != NULL;
        }
        assert_int_equal(pkt_pool_in_use(f->pool), n[0] + n[1]);
        assert_int_equal(pkt_pool_free(f->pool, PKT_SMALL), N_SMALL - n[PKT_SMALL]);
    }
    for (unsigned i = 0; i < N_SMALL + N_LARGE; i++)
        pkt_release(out[i]);
}

/* --- packet ----------------------------------------------------------------- */

static void room_at_both_ends(void **state)
{
    struct fixture *f = *state;
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);

    assert_null(pkt_put(p, PKT_SMALL_BYTES - PKT_HEADROOM_BYTES + 1));
    uint8_t *all = pkt_put(p, PKT_SMALL_BYTES - PKT_HEADROOM_BYTES);
    assert_ptr_equal(all, p->buf + PKT_HEADROOM_BYTES);
    assert_int_equal(p->len, 2048);
    assert_null(pkt_put(p, 1));
    assert_null(pkt_push(p, PKT_HEADROOM_BYTES + 1));
    assert_ptr_equal(pkt_push(p, PKT_HEADROOM_BYTES), p->buf);
    assert_int_equal(p->len, PKT_SMALL_BYTES);
    assert_null(pkt_push(p, 1));
    assert_null(pkt_pull(p, PKT_SMALL_BYTES + 1));
    assert_ptr_equal(pkt_pull(p, 14), p->buf + 14);
    pkt_trim(p, 100);
    assert_int_equal(p->len, 100);
    pkt_trim(p, 200);
    assert_int_equal(p->len, 100);
    assert_non_null(pkt_pull(p, 100));
    assert_int_equal(p->len, 0);
    assert_null(pkt_put(p, UINT32_MAX));
    pkt_release(p);
}

/* csum_at is in the buffer; the header's csum_start is in the frame. virtio 1.2, 5.1.6. */
static void vnet_offsets_follow_head(void **state)
{
    struct fixture *f = *state;
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);

    pkt_put(p, 8);
    p->csum_at = p->head;
    p->csum_off = 6;
    p->hdr_len = 0x1234;
    p->gso_size = 0x5678;
    struct virtio_net_hdr_v1 v = pkt_vnet(p);
    assert_memory_equal(&v, "\0\0\x34\x12\x78\x56\0\0\0\0\1\0", 12);
    p->vnet_flags = VNET_F_NEEDS_CSUM;
    pkt_push(p, 20);
    v = pkt_vnet(p);
    assert_memory_equal(&v, "\1\0\x34\x12\x78\x56\x14\0\6\0\1\0", 12);
    pkt_push(p, 14);
    v = pkt_vnet(p);
    assert_int_equal(le16_get(v.csum_start), 34);
    pkt_release(p);
}

static void list_is_a_fifo(void **state)
{
    struct fixture *f = *state;
    struct pkt_list l = { 0 };
    struct pkt *a = pkt_alloc(f->pool, PKT_SMALL), *b = pkt_alloc(f->pool, PKT_SMALL);

    assert_null(pkt_list_pop(&l));
    pkt_list_push(&l, a);
    pkt_list_push(&l, b);
    assert_int_equal(l.n, 2);
    assert_ptr_equal(pkt_list_pop(&l), a);
    pkt_list_push(&l, a);
    assert_ptr_equal(pkt_list_pop(&l), b);
    assert_ptr_equal(pkt_list_pop(&l), a);
    assert_null(a->next);
    assert_null(l.first);
    assert_null(l.last);
    assert_int_equal(l.n, 0);
    pkt_release(a);
    pkt_release(b);
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(packets_do_not_overlap),
        WITH_POOL(classes_run_out_apart),
        WITH_POOL(alloc_clears_metadata),
        cmocka_unit_test(memory_any_alignment_and_size),
        cmocka_unit_test(empty_pool),
        WITH_POOL(double_release_is_caught),
        WITH_POOL(random_order),
        WITH_POOL(room_at_both_ends),
        WITH_POOL(vnet_offsets_follow_head),
        WITH_POOL(list_is_a_fifo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
