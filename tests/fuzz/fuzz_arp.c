/* SPDX-License-Identifier: Apache-2.0 */
/* ARP: what is accepted has the one form that there is for Ethernet and IPv4 (RFC 826), and
 * what was read, written again, is the same bytes. */
#include "stack/wire/arp.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t form[7] = { 0, 1, 8, 0, 6, 4, 0 };
    struct arp_view v;
    uint8_t again[ARP_BYTES];
    bool good = size >= 28 && !memcmp(data, form, sizeof(form)) &&
                (data[7] == 1 || data[7] == 2) && !(data[8] & 1);
    int rc = arp_parse(data, (uint32_t)size, &v);
    assert((rc == 0) == good);
    if (rc)
        return 0;
    arp_emit(again, &v);
    assert(!memcmp(again, data, sizeof(again)));
    return 0;
}
