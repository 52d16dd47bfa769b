/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: names, questions and records from any bytes. What is read lies in the message,
 * and a name survives its way through text and through a question of our own. RFC 1035 3.1, 4.1. */
#include "stack/wire/dns.h"
#include "tests/fuzz/fuzz.h"

static void check_name(const struct dns_name *n)
{
    struct dns_name again, asked;
    uint8_t query[DNS_QUERY_MAX_BYTES];
    char text[256];
    uint16_t type, class_;
    assert(n->len >= 1 && n->b[n->len - 1] == 0 && dns_name_eq(n, n));
    if (dns_name_text(n, text) == 0) {
        assert(strlen(text) < sizeof(text));
        /* What had to be escaped cannot be typed; all else means the same name. */
        int rc = dns_name_from_text(text, &again);
        assert(strchr(text, '\\') ? rc == -EINVAL : rc == 0);
        assert(rc || (again.len == n->len && !memcmp(again.b, n->b, n->len)));
    }
    uint32_t len = dns_emit_query(query, 7, n, 28);
    assert(len <= sizeof(query));
    assert(dns_parse_question(query, len, &asked, &type, &class_) == (int)len);
    assert(type == 28 && class_ == DNS_CLASS_IN && asked.len == n->len);
    assert(!memcmp(asked.b, n->b, n->len));
}

static void check_text(const uint8_t *data, size_t size)
{
    struct dns_name name;
    char *text = fuzz_text(data, size);
    if (dns_name_from_text(text, &name) == 0)
        check_name(&name);
    free(text);
}

static void check_records(const uint8_t *data, size_t size, int at)
{
    struct dns_rr rr;
    struct dns_name target;
    for (int i = 0; i < 300 && at > 0; i++) {
        int next = dns_parse_rr(data, size, (size_t)at, &rr);
        if (next < 0)
            return;
        /* Each record takes at least a root name and ten bytes: the walk ends. */
        assert(next >= at + 11 && (size_t)next <= size && rr.rdata + rr.rdlen == (size_t)next);
        check_name(&rr.owner);
        if (dns_rdata_name(data, &rr, rr.type == 15 ? 2 : 0, &target) == 0)
            check_name(&target);
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_hdr h;
    struct dns_name name;
    uint16_t type, class_;
    check_text(data, size);
    if (dns_parse_hdr(data, size, &h))
        return 0;
    assert(size >= DNS_HDR_BYTES);
    int at = dns_parse_question(data, size, &name, &type, &class_);
    assert(at < 0 || (at >= 17 && (size_t)at <= size));
    if (at > 0)
        check_name(&name);
    check_records(data, size, at > 0 ? at : (int)DNS_HDR_BYTES);
    return 0;
}
