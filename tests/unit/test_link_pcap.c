/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_link_pcap.c - the file, byte by byte, read here without the code that wrote it;
 * that the wrapped link behaves as if it were not wrapped; what happens when the file
 * cannot be written.
 */
#include "driver/link_pcap.h"
#include "driver/nic.h"
#include "tests/unit/fake_link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    void *mem;
    struct pkt_pool *pool;
    struct fake_link *fake;
    struct link *l;
    bool closed;
    char path[64];
    uint8_t file[4096];
    size_t n;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    size_t bytes = pkt_pool_bytes(8, 0);
    f->mem = malloc(bytes);
    f->pool = pkt_pool_create(f->mem, bytes, 8, 0);
    strcpy(f->path, "/tmp/test_link_pcap.XXXXXX");
    close(mkstemp(f->path));
    *state = f;
    return fake_link_open(&f->fake, &(struct fake_link_cfg){ .pool = f->pool, .no_regs = true,
                                                             .no_pad = true });
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned out = pkt_pool_in_use(f->pool);
    unlink(f->path);
    free(f->mem);
    free(f);
    return out == 0 ? 0 : -1;
}

static void wrap(struct fixture *f)
{
    fake_link_closed_flag(f->fake, &f->closed);
    assert_int_equal(link_pcap_open(&f->l, fake_link_base(f->fake), f->path), 0);
}

static void read_file(struct fixture *f)
{
    FILE *in = fopen(f->path, "rb");
    f->n = fread(f->file, 1, sizeof f->file, in);
    fclose(in);
}

static struct pkt *frame(struct fixture *f, uint32_t len, int fill)
{
    struct pkt *p = pkt_alloc(f->pool, PKT_SMALL);
    memset(pkt_put(p, len), fill, len);
    return p;
}

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void assert_record(const uint8_t *r, uint32_t sec, uint32_t nsec, uint32_t len, uint8_t fill)
{
    assert_int_equal(u32(r), sec);
    assert_int_equal(u32(r + 4), nsec);
    assert_int_equal(u32(r + 8), len);
    assert_int_equal(u32(r + 12), len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(r[16 + i], fill);
}

/* Both directions, in order, at the time of the last poll. */
static void file_holds_what_crossed(void **state)
{
    struct fixture *f = *state;
    struct pkt *p;
    int64_t next;

    wrap(f);
    f->l->ops->poll(f->l, 1000000007, &next);
    p = frame(f, 14, 0xA1);
    assert_int_equal(f->l->ops->tx(f->l, &p, 1), 1);
    uint8_t in[15];
    memset(in, 0xB2, sizeof in);
    fake_link_inject(f->fake, in, sizeof in, 0);
    f->l->ops->poll(f->l, 2999999999, &next);
    assert_int_equal(f->l->ops->rx(f->l, &p, 1), 1);
    pkt_release(p);
    p = frame(f, 1514, 0xC3);
    assert_int_equal(f->l->ops->tx(f->l, &p, 1), 1);
    f->l->ops->poll(f->l, 3000000000, &next);
    read_file(f);                           /* complete before it is closed */
    static const uint8_t head[24] = {
        0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 1, 0, 1, 0, 0, 0,
    };
    assert_int_equal(f->n, 24 + 16 * 3 + 14 + 15 + 1514);
    assert_memory_equal(f->file, head, 24);
    assert_record(f->file + 24, 1, 7, 14, 0xA1);
    assert_record(f->file + 24 + 30, 2, 999999999, 15, 0xB2);
    assert_record(f->file + 24 + 30 + 31, 2, 999999999, 1514, 0xC3);
    assert_int_equal(link_pcap_lost(f->l), 0);
    assert_false(f->closed);
    f->l->ops->close(f->l);
    assert_true(f->closed);
}

/* What the inner link refuses has not crossed, and stays the caller's. */
static void refused_is_not_recorded(void **state)
{
    struct fixture *f = *state;
    struct pkt *p[3];
    int64_t next;

    wrap(f);
    for (int i = 0; i < 3; i++)
        p[i] = frame(f, 14, i);
    fake_link_set_tx_room(f->fake, 2);
    assert_int_equal(f->l->ops->tx(f->l, p, 3), 2);
    assert_int_equal(f->l->ops->tx(f->l, p + 2, 1), 0);
    fake_link_gone(f->fake);
    assert_int_equal(f->l->ops->tx(f->l, p + 2, 1), -ENODEV);
    assert_int_equal(f->l->ops->rx(f->l, p, 1), -ENODEV);
    assert_int_equal(f->l->ops->poll(f->l, 0, &next), -ENODEV);
    pkt_release(p[2]);
    f->l->ops->close(f->l);
    read_file(f);
    assert_int_equal(f->n, 24 + 2 * (16 + 14));
    assert_record(f->file + 24, 0, 0, 14, 0);
    assert_record(f->file + 24 + 30, 0, 0, 14, 1);
}

/* Everything else goes through: a nic comes up over the wrapper, the name is the
 * inner link's, and time, events, statistics are as without it. */
static void transparent_below_a_nic(void **state)
{
    struct fixture *f = *state;
    struct nic *n;
    struct nic_stats st;
    int64_t now = 0, next;

    fake_link_base(f->fake)->ops->close(fake_link_base(f->fake));
    assert_int_equal(fake_link_open(&f->fake, &(struct fake_link_cfg){
        .pool = f->pool, .hw_caps = 3, .reg_delay_ns = 100 }), 0);
    wrap(f);
    assert_string_equal(f->l->ops->name, "fake");
    assert_int_equal(nic_create(&n, &(struct nic_cfg){
        .link = f->l, .pool = f->pool, .mac = { 2 }, .offload = NIC_OFF_ALL }), 0);
    for (int i = 0; i < 100 && nic_state(n) == NIC_OPENING; i++) {
        assert_int_equal(nic_poll(n, now, &next), 0);
        now = fake_link_advance(now, next, INT64_MAX, f->fake, NULL);
    }
    assert_int_equal(nic_state(n), NIC_UP);
    assert_int_equal(nic_caps_get(n).offload, NIC_OFF_ALL);
    assert_int_equal(nic_fd(n), -1);
    assert_int_equal(nic_tx(n, frame(f, 14, 9)), 0);
    nic_stats_get(n, &st);
    assert_int_equal(st.link.tx_frames, 1);
    nic_destroy(n);
    assert_true(f->closed);
    read_file(f);
    assert_int_equal(f->n, 24 + 16 + 14);
}

static void no_room_for_the_header(void **state)
{
    struct fixture *f = *state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    fake_link_closed_flag(f->fake, &f->closed);
    assert_int_equal(link_pcap_open(&f->l, fake_link_base(f->fake), "/dev/full"), -ENOSPC);
    assert_true(f->closed);
}

static void send(struct fixture *f, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        struct pkt *p = frame(f, 1514, 1);
        assert_int_equal(f->l->ops->tx(f->l, &p, 1), 1);
    }
}

/* The disk becomes full: traffic goes on and losses are counted, whether stdio notices
 * when its buffer is full or at the next poll. (A pipe without reader or a limit on file
 * size would raise a signal, so the descriptor itself is exchanged.) */
static void disk_becomes_full(void **state)
{
    struct fixture *f = *state;
    int64_t next;

    if (access("/dev/full", W_OK) != 0)
        skip();
    int fd = dup(STDIN_FILENO);
    close(fd);                              /* the number that open() will use */
    wrap(f);
    FILE *full = fopen("/dev/full", "wb");
    assert_int_equal(dup2(fileno(full), fd), fd);
    send(f, 1);
    assert_int_equal(link_pcap_lost(f->l), 0);
    assert_int_equal(f->l->ops->poll(f->l, 0, &next), 0);
    assert_int_equal(link_pcap_lost(f->l), 1);
    send(f, 1);
    assert_int_equal(f->l->ops->poll(f->l, 0, &next), 0);
    assert_int_equal(link_pcap_lost(f->l), 2);
    fclose(full);
    f->l->ops->close(f->l);
}

static void disk_becomes_full_inside_a_batch(void **state)
{
    struct fixture *f = *state;

    if (access("/dev/full", W_OK) != 0)
        skip();
    int fd = dup(STDIN_FILENO);
    close(fd);
    wrap(f);
    FILE *full = fopen("/dev/full", "wb");
    assert_int_equal(dup2(fileno(full), fd), fd);
    send(f, 100);                           /* more than stdio buffers */
    assert_int_equal(link_pcap_lost(f->l), 100);
    fclose(full);
    f->l->ops->close(f->l);
}

static void no_such_folder(void **state)
{
    struct fixture *f = *state;
    fake_link_closed_flag(f->fake, &f->closed);
    assert_int_equal(link_pcap_open(&f->l, fake_link_base(f->fake), "/nonexistent/x.pcap"),
                     -ENOENT);
    assert_true(f->closed);
}

#define PCAP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PCAP_TEST(file_holds_what_crossed),
        PCAP_TEST(refused_is_not_recorded),
        PCAP_TEST(transparent_below_a_nic),
        PCAP_TEST(no_room_for_the_header),
        PCAP_TEST(disk_becomes_full),
        PCAP_TEST(disk_becomes_full_inside_a_batch),
        PCAP_TEST(no_such_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
