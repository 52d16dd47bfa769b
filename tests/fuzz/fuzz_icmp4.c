/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP header: what was read, written again, is the same bytes but for the checksum. */
#include "stack/wire/icmp4.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct icmp4_view v;
    uint8_t again[ICMP4_HDR_BYTES];
    int rc = icmp4_parse(data, (uint32_t)size, &v);
    assert((rc == 0) == (size >= ICMP4_HDR_BYTES));
    if (rc)
        return 0;
    icmp4_emit(again, &v);
    memcpy(again + ICMP4_CSUM_OFF, data + ICMP4_CSUM_OFF, 2);
    assert(!memcmp(again, data, sizeof(again)));
    assert(!icmp4_is_error(v.type) || (v.type != ICMP4_ECHO && v.type != ICMP4_ECHO_REPLY));
    return 0;
}
