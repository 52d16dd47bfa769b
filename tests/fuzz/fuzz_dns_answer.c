/* SPDX-License-Identifier: Apache-2.0 */
/* DNS answers: the input is a message; the question is the one that stands in it, so that id
 * and name match, of the type that it names or else A. RFC 1035 4.1, RFC 2181 5, RFC 5452 9.1. */
#include "stack/dns.h"
#include "tests/fuzz/fuzz.h"

#include <strings.h>

/* A text that ends, and within its room. */
static void check_text(const char *s, size_t room)
{
    assert(memchr(s, '\0', room));
}

/* The records are a chain from the question to what was asked for. */
static void check_chain(const struct dns_question *q, const struct net_dns_answer *a)
{
    char at[256];
    bool named = dns_name_text(&q->name, at) == 0;
    assert(a->count <= NET_DNS_RR_MAX);
    for (unsigned i = 0; i < a->count; i++) {
        const struct net_dns_rr *rr = &a->rr[i];
        check_text(rr->name, sizeof(rr->name));
        check_text(rr->target, sizeof(rr->target));
        assert(rr->type == q->type || rr->type == NET_DNS_CNAME);
        assert(rr->ttl_s <= INT32_MAX);
        assert(named && !strcasecmp(rr->name, at));
        if (rr->type == NET_DNS_CNAME && q->type != NET_DNS_CNAME)
            memcpy(at, rr->target, sizeof(at));
    }
}

static void check_answer(const struct dns_question *q, const uint8_t *data, size_t size)
{
    struct net_dns_answer a, b;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    int rc = dns_read_answer(q, data, size, &a);
    assert(rc == DNS_NOT_OURS || rc == 0 || rc == -ENOENT || rc == -ENODATA || rc == -EPROTO);
    assert(rc != 0 || a.count > 0);
    assert(rc != -ENOENT || a.rcode == DNS_RCODE_NXDOMAIN);
    if (rc == 0)
        check_chain(q, &a);
    /* The same question in capitals is the same question. RFC 4343 3. */
    struct dns_question loud = *q;
    for (unsigned i = 0; i < loud.name.len; i++)
        if (loud.name.b[i] >= 'a' && loud.name.b[i] <= 'z')
            loud.name.b[i] = (uint8_t)(loud.name.b[i] - 32);
    assert(dns_read_answer(&loud, data, size, &b) == rc && b.count == a.count);
    /* Another id is not for us. */
    loud.id ^= 1;
    assert(dns_read_answer(&loud, data, size, &b) == DNS_NOT_OURS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_question q = { 0 };
    uint16_t class_;
    if (size < DNS_HDR_BYTES || dns_parse_question(data, size, &q.name, &q.type, &class_) < 0)
        q.name = (struct dns_name){ .len = 1 };
    if (q.type != NET_DNS_CNAME && q.type != NET_DNS_MX && q.type != NET_DNS_AAAA)
        q.type = NET_DNS_A;
    q.id = size >= 2 ? dns_u16(data, 0) : 0;
    check_answer(&q, data, size);
    return 0;
}
