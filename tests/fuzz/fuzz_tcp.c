/* SPDX-License-Identifier: Apache-2.0 */
/* TCP header: header and data make up the segment, and what was read, written and read again,
 * says the same. RFC 9293 3.1, 3.2. */
#include "stack/wire/tcp.h"
#include "tests/fuzz/fuzz.h"

static void same_options(const struct tcp_opts *a, const struct tcp_opts *b)
{
    assert(a->mss == b->mss && a->wscale == b->wscale && a->sack_perm == b->sack_perm);
    assert(a->ts == b->ts && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tcp_view v, w;
    uint8_t again[TCP_HDR_MAX_BYTES];
    if (tcp_parse(data, (uint32_t)size, &v))
        return 0;
    assert(v.hdr_bytes >= TCP_HDR_BYTES && v.hdr_bytes % 4 == 0);
    assert((size_t)v.hdr_bytes + v.data_bytes == size && v.opts.wscale <= 14);
    const struct tcp_emit e = { v.sport, v.dport, v.seq, v.ack, v.flags, v.window, v.opts };
    uint32_t n = TCP_HDR_BYTES + tcp_opts_bytes(&v.opts);
    assert(n <= sizeof(again));
    tcp_emit(again, &e);
    assert(tcp_parse(again, n, &w) == 0 && w.hdr_bytes == n && w.data_bytes == 0);
    assert(!memcmp(again, data, 12) && again[13] == data[13] && !memcmp(again + 14, data + 14, 2));
    same_options(&v.opts, &w.opts);
    return 0;
}
