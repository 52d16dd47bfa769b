/* SPDX-License-Identifier: Apache-2.0 */
/* UDP header: its length lies in the input; written again it is the same but for the sum. */
#include "stack/wire/udp.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct udp_view v;
    uint8_t again[UDP_HDR_BYTES];
    size_t len = size >= 8 ? (size_t)data[4] << 8 | data[5] : 0;
    int rc = udp_parse(data, (uint32_t)size, &v);
    assert((rc == 0) == (len >= 8 && len <= size));
    if (rc)
        return 0;
    assert(v.len == len && v.has_csum == (data[6] || data[7]));
    udp_emit(again, v.sport, v.dport, v.len);
    memcpy(again + UDP_CSUM_OFF, data + UDP_CSUM_OFF, 2);
    assert(!memcmp(again, data, sizeof(again)));
    return 0;
}
