/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP messages from a server: what is accepted, and what it says, is what a naive reader finds,
 * which looks for one option at a time in whole fields (RFC 2131 4.1, RFC 2132 9.3, RFC 3396). A
 * message of our own, turned into a reply, says what was put into it. */
#include "stack/wire/dhcp.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 4096u              /* above any input and both fields that may hold options */

struct value {
    size_t n;
    uint8_t b[ROOM];
};

/* All parts of option @code in one field, appended. False: the field is cut. */
static bool gather(const uint8_t *p, size_t n, uint8_t code, struct value *v)
{
    while (n > 0 && *p != 255) {
        size_t all = *p == 0 ? 1 : n < 2 ? n + 1 : 2u + p[1];
        if (all > n)
            return false;
        if (*p != 0 && *p == code) {
            assert(v->n + all <= ROOM);
            memcpy(v->b + v->n, p + 2, all - 2);
            v->n += all - 2;
        }
        p += all;
        n -= all;
    }
    return true;
}

/* An option of the whole message. Returns false if any of its fields is cut. */
static bool twin_option(const uint8_t *m, size_t size, uint8_t code, struct value *v)
{
    struct value over = { .n = 0 };
    v->n = 0;
    if (!gather(m + 240, size - 240, 52, &over) || !gather(m + 240, size - 240, code, v))
        return false;
    uint8_t fields = over.n == 1 ? over.b[0] : 0;
    return (!(fields & 1) || gather(m + 108, 128, code, v)) &&
           (!(fields & 2) || gather(m + 44, 64, code, v));
}

/* The @i'th address or time of an option; @alone: that must be all that it holds. */
static uint32_t twin_u32(const uint8_t *m, size_t size, uint8_t code, unsigned i, bool alone)
{
    struct value v;
    assert(twin_option(m, size, code, &v));
    if (v.n % 4 != 0 || v.n < 4u * (i + 1) || (alone && v.n != 4))
        return 0;
    const uint8_t *b = v.b + 4u * i;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* 0: no mask; 33: one that is none. */
static unsigned twin_prefix(const uint8_t *m, size_t size)
{
    struct value v;
    uint32_t mask = twin_u32(m, size, 1, 0, true);
    (void)twin_option(m, size, 1, &v);
    for (unsigned n = 1; n <= 32; n++)
        if (mask == 0xFFFFFFFFu << (32 - n))
            return n;
    return v.n == 0 ? 0 : 33;
}

static bool twin_good(const uint8_t *m, size_t size)
{
    static const uint8_t cookie[4] = { 0x63, 0x82, 0x53, 0x63 };
    struct value type;
    return size >= 240 && m[0] == 2 && m[1] == 1 && m[2] == 6 && !memcmp(m + 236, cookie, 4) &&
           twin_option(m, size, 53, &type) && type.n == 1 && type.b[0] >= 1 && type.b[0] <= 7 &&
           twin_prefix(m, size) <= 32;
}

static void check_view(const struct dhcp_view *v, const uint8_t *m, size_t size)
{
    struct value type;
    (void)twin_option(m, size, 53, &type);
    assert(v->type == (enum dhcp_type)type.b[0] && v->prefix_len == twin_prefix(m, size));
    assert(!memcmp(v->chaddr, m + 28, 6));
    assert(v->server == twin_u32(m, size, 54, 0, true));
    assert(v->router == twin_u32(m, size, 3, 0, false));
    for (unsigned i = 0; i < DHCP_DNS_MAX; i++)
        assert(v->dns[i] == twin_u32(m, size, 6, i, false));
    assert(v->lease_s == twin_u32(m, size, 51, 0, true));
    assert(v->t1_s == twin_u32(m, size, 58, 0, true));
    assert(v->t2_s == twin_u32(m, size, 59, 0, true));
}

static void check_ours(const uint8_t *data, size_t size)
{
    struct fuzz_in in = { data, size };
    uint8_t b[DHCP_MSG_MIN_BYTES];
    struct dhcp_view v;
    struct dhcp_msg m = { .type = (enum dhcp_type)(1 + fuzz_u8(&in) % 7), .xid = fuzz_u16(&in),
                          .addr = fuzz_u16(&in), .server = fuzz_u16(&in),
                          .max_bytes = fuzz_u16(&in), .chaddr = { 2, 0, 0, 0, 0, fuzz_u8(&in) } };
    dhcp_emit(b, &m);
    assert(dhcp_parse(b, sizeof(b), &v) == -EBADMSG);   /* a request is no reply */
    b[0] = DHCP_BOOTREPLY;
    assert(dhcp_parse(b, sizeof(b), &v) == 0);
    assert(v.type == m.type && v.xid == m.xid && v.server == m.server);
    assert(!memcmp(v.chaddr, m.chaddr, 6) && twin_u32(b, sizeof(b), 50, 0, true) == m.addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp_view v;
    if (size > ROOM - 200)
        return 0;
    int rc = dhcp_parse(data, size, &v);
    assert(rc == (twin_good(data, size) ? 0 : -EBADMSG));
    if (rc == 0)
        check_view(&v, data, size);
    check_ours(data, size);
    return 0;
}
