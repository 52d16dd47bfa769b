/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pcap_in.c - what sim/pcapng.c writes is read back; and whatever a file holds, reading
 * it ends, with frames, an end or one line. The forms of files are tests/cosim/test_pcap_wire.py's.
 */
#define _GNU_SOURCE
#include "sim/pcap_in.h"
#include "sim/pcapng.h"
#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAMES 20u
#define MUTANTS 3000u
#define FILE_MAX_BYTES 8192u

struct file {
    int fd;                     /* in memory: a disk is slow for thousands of them */
    char path[32];
    uint8_t bytes[FILE_MAX_BYTES];
    size_t n;
};

static const uint8_t *frame(unsigned i, uint8_t b[100])
{
    for (unsigned k = 0; k < 100; k++)
        b[k] = (uint8_t)(i * 7 + k);
    return b;
}

/* Frame i has 60 + i octets, comes at i * 1001 ns; each third was sent. */
static void record(struct file *f)
{
    struct pcapng *p;
    uint8_t b[100];
    f->fd = memfd_create("capture", MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
    assert_int_equal(pcapng_open(&p, f->path, false), 0);
    for (unsigned i = 0; i < FRAMES; i++)
        pcapng_frame(p, i * 1001u, frame(i, b), 60 + i, 60 + i + (i == 5),
                     i % 3 ? PCAPNG_IN : PCAPNG_OUT, i % 4 ? NULL : "a comment");
    assert_int_equal(pcapng_close(p), 0);
    FILE *in = fopen(f->path, "rb");
    f->n = fread(f->bytes, 1, sizeof f->bytes, in);
    assert_true(f->n < sizeof f->bytes);
    assert_int_equal(fclose(in), 0);
}

static void rewrite(const struct file *f, const uint8_t *bytes, size_t n)
{
    FILE *out = fopen(f->path, "wb");
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void test_read_back(void **state)
{
    (void)state;
    struct file f;
    struct pcap_in *p;
    struct pcap_in_frame got;
    char why[PCAP_IN_WHY_BYTES];
    uint8_t b[100];
    record(&f);
    assert_int_equal(pcap_in_open(&p, f.path, why), 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        assert_int_equal(pcap_in_next(p, &got, why), 1);
        assert_int_equal(got.t_ns, i * 1001u);
        assert_int_equal(got.stored, 60 + i);
        assert_int_equal(got.len, 60 + i + (i == 5));
        assert_memory_equal(got.data, frame(i, b), 60 + i);
        assert_true(got.fcs);
        assert_int_equal(got.outward, i % 3 == 0);
    }
    assert_int_equal(pcap_in_next(p, &got, why), 0);
    assert_int_equal(pcap_in_next(p, &got, why), 0);
    pcap_in_close(p);
    assert_int_equal(close(f.fd), 0);
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> 8 * i);
    return at + 4;
}

/* A block of @n octets of body, which is a multiple of four. */
static uint8_t *put_block(uint8_t *at, uint32_t type, const uint8_t *body, uint32_t n)
{
    at = put32(put32(at, type), n + 12);
    memcpy(at, body, n);
    return put32(at + n, n + 12);
}

/* Obsolete blocks: 16 bits of interface before 16 of lost frames. The first of two interfaces
 * keeps the FCS. draft-ietf-opsawg-pcapng, the appendix on the Packet Block. */
static void test_packet_blocks(void **state)
{
    (void)state;
    static const uint8_t section[] = { 0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0, 255, 255, 255, 255,
                                       255, 255, 255, 255 };
    static const uint8_t kept[] = { 1, 0, 0, 0, 0, 0, 4, 0, 13, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0 };
    struct file f = { .fd = memfd_create("capture", MFD_CLOEXEC) };
    uint8_t *at = put_block(f.bytes, 0x0A0D0D0A, section, sizeof section);
    at = put_block(at, 1, kept, sizeof kept);
    at = put_block(at, 1, kept, 8);
    for (uint8_t id = 0; id < 2; id++) {
        uint8_t body[20 + 64] = { id, 0, 1 - id, 0, 0, 0, 0, 0, id, 0, 0, 0, 64, 0, 0, 0, 64 };
        at = put_block(at, 2, body, sizeof body);
    }
    assert_true(f.fd >= 0);
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    rewrite(&f, f.bytes, (size_t)(at - f.bytes));
    struct pcap_in *p;
    struct pcap_in_frame got;
    char why[PCAP_IN_WHY_BYTES];
    assert_int_equal(pcap_in_open(&p, f.path, why), 0);
    for (unsigned id = 0; id < 2; id++) {
        assert_int_equal(pcap_in_next(p, &got, why), 1);
        assert_int_equal(got.stored, 64);
        assert_int_equal(got.fcs, id == 0);
    }
    assert_int_equal(pcap_in_next(p, &got, why), 0);
    pcap_in_close(p);
    assert_int_equal(close(f.fd), 0);
}

/* Read it to its end, touching every octet that is said to be there. */
static void read_all(const struct file *f)
{
    struct pcap_in *p;
    struct pcap_in_frame got;
    char why[PCAP_IN_WHY_BYTES] = "";
    unsigned sum = 0, n = 0;
    int rc = pcap_in_open(&p, f->path, why);
    if (rc == 0) {
        while ((rc = pcap_in_next(p, &got, why)) == 1 && n++ < 10 * FRAMES)
            for (size_t i = 0; i < got.stored; i++)
                sum += got.data[i];
        pcap_in_close(p);
    }
    assert_true(n <= 10 * FRAMES);
    assert_true(sum < UINT32_MAX);
    if (rc < 0)
        assert_true(why[0] && !strchr(why, '\n'));
}

/* Bytes changed and the end cut off at random. */
static void test_spoiled_files(void **state)
{
    (void)state;
    struct file f;
    uint8_t bytes[FILE_MAX_BYTES];
    const char *given = getenv("LY_SEED");
    struct sim_rng rng = { .s = given ? strtoull(given, NULL, 0) : 1 };
    print_message("seed %llu\n", (unsigned long long)rng.s);
    record(&f);
    for (unsigned m = 0; m < MUTANTS; m++) {
        size_t n = sim_rng_next(&rng) % 4 ? f.n : sim_rng_next(&rng) % (f.n + 1);
        memcpy(bytes, f.bytes, f.n);
        for (uint64_t k = sim_rng_next(&rng) % 4; k > 0; k--)
            bytes[sim_rng_next(&rng) % (m % 2 ? 200 : f.n)] = (uint8_t)sim_rng_next(&rng);
        rewrite(&f, bytes, n);
        read_all(&f);
    }
    assert_int_equal(close(f.fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_packet_blocks),
        cmocka_unit_test(test_spoiled_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
