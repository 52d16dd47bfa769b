/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet header: views lie in the frame; what was read, written again, is the same bytes. */
#include "stack/wire/eth.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eth_view v;
    uint8_t again[ETH_HDR_BYTES];
    int rc = eth_parse(data, (uint32_t)size, &v);
    assert((rc == 0) == (size >= ETH_HDR_BYTES));
    if (rc)
        return 0;
    assert(v.dst == data && v.src == data + 6);
    eth_emit(again, v.dst, v.src, v.type);
    assert(!memcmp(again, data, sizeof(again)));
    assert(!eth_is_broadcast(v.dst) || eth_is_group(v.dst));
    return 0;
}
