/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 header: lengths of an accepted one nest, what is wrong with its options lies in it, and a
 * header without options, written again, is the same bytes but for the checksum. RFC 791 3.1. */
#include "stack/wire/ip4.h"
#include "tests/fuzz/fuzz.h"

/* Options fill the header exactly, or an end-of-list comes first: then 0. Else where the option
 * is that does not. */
static size_t bad_option(const uint8_t *b, size_t hdr)
{
    size_t at = 20, before = 0;
    while (at < hdr && b[at] != 0) {
        before = at;
        at += b[at] == 1 ? 1 : at + 1 < hdr && b[at + 1] >= 2 ? b[at + 1] : hdr;
    }
    return at <= hdr ? 0 : before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ip4_view v;
    uint8_t again[IP4_HDR_BYTES];
    size_t hdr = size >= 20 ? (data[0] & 15u) * 4u : 0;
    size_t total = size >= 20 ? (size_t)data[2] << 8 | data[3] : 0;
    bool good = hdr >= 20 && data[0] >> 4 == 4 && total >= hdr && total <= size;
    int rc = ip4_parse(data, (uint32_t)size, &v);
    assert((rc == 0) == good);
    if (rc)
        return 0;
    assert(v.hdr_bytes == hdr && v.total_bytes == total && !v.to_many);
    assert(ip4_bad_option(data, v.hdr_bytes) == bad_option(data, hdr));
    assert(ip4_is_fragment(&v) == ((v.frag & 0x3FFF) != 0));
    ip4_emit(again, &v);
    again[0] = data[0];
    memcpy(again + IP4_CSUM_OFF, data + IP4_CSUM_OFF, 2);
    assert(!memcmp(again, data, sizeof(again)));
    return 0;
}
