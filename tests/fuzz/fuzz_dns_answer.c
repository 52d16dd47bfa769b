/* SPDX-License-Identifier: Apache-2.0 */
/* DNS answers: the input is a message; the question is the one that stands in it, so that id
 * and name match, of the type that it names or else A. RFC 1035 4.1, RFC 2181 5, RFC 5452 9.1. */
#include "stack/dns.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <strings.h>

/* A text that ends, and within its room. */
static void check_text(const char *s, size_t room)
{
    assert(memchr(s, '\0', room));
}

/* The records are a chain from the question to what was asked for, or to *@next. */
static void check_chain(const struct dns_question *q, const struct net_dns_answer *a,
                        const struct dns_name *next)
{
    char at[256], end[256];
    bool named = dns_name_text(&q->name, at) == 0;
    assert(a->count > 0 && a->count <= NET_DNS_RR_MAX);
    for (unsigned i = 0; i < a->count; i++) {
        const struct net_dns_rr *rr = &a->rr[i];
        check_text(rr->name, sizeof(rr->name));
        check_text(rr->target, sizeof(rr->target));
        assert(rr->type == (next ? NET_DNS_CNAME : q->type) || rr->type == NET_DNS_CNAME);
        assert(rr->ttl_s <= INT32_MAX);
        assert(named && !strcasecmp(rr->name, at));
        if (rr->type == NET_DNS_CNAME && q->type != NET_DNS_CNAME)
            memcpy(at, rr->target, sizeof(at));
    }
    if (next)
        assert(dns_name_text(next, end) == 0 && !strcmp(end, at));
}

/* What an end, or a verdict, says about the answer beside it. */
static void check_result(int rc, const struct dns_question *q, const struct net_dns_answer *a,
                         const struct dns_name *next)
{
    static const struct net_dns_answer untouched;
    switch (rc) {
    case DNS_SHORT: case DNS_NOT_ANSWER: case DNS_OTHER_ID: case DNS_OTHER_QUESTION:
        assert(!memcmp(a, &untouched, sizeof(*a)));     /* a stranger's changes nothing */
        break;
    case 0: check_chain(q, a, NULL); break;
    case DNS_FOLLOW: check_chain(q, a, next); break;
    case -ELOOP: assert(a->count > 0 && a->count <= DNS_CNAMES_MAX); break;
    case -ENOENT: assert(a->rcode == DNS_RCODE_NXDOMAIN); break;
    case DNS_TRUNCATED: case -ENODATA: case -EPROTO:
        assert(a->count == 0 && a->left_out == 0);
        break;
    default: assert(false);     /* no such verdict */
    }
}

/* Questions that differ from @q, to which @rc came, get no answer from this message. */
static void check_strangers(const struct dns_question *q, const uint8_t *data, size_t size, int rc)
{
    struct net_dns_answer a = { .count = 0 };
    struct dns_name next;
    struct dns_question other = *q;
    if (rc == DNS_NOT_ANSWER || size < DNS_HDR_BYTES)
        return;
    other.id ^= 1;
    assert(dns_read_answer(&other, data, size, &a, &next) == DNS_OTHER_ID);
    if (rc == DNS_SHORT || rc == DNS_OTHER_QUESTION)
        return;
    other = *q;
    other.type ^= 0x100;
    assert(dns_read_answer(&other, data, size, &a, &next) == DNS_OTHER_QUESTION);
    if (q->name.len == 1)
        return;
    other = *q;
    other.name = (struct dns_name){ .len = 1 };
    assert(dns_read_answer(&other, data, size, &a, &next) == DNS_OTHER_QUESTION);
}

/* So many CNAMEs led here that there may be no more, however many messages they came in. */
static void check_limit(const struct dns_question *q, const uint8_t *data, size_t size, int rc)
{
    struct net_dns_answer a = { .count = DNS_CNAMES_MAX };
    struct dns_name next;
    for (unsigned i = 0; i < a.count; i++)
        a.rr[i] = (struct net_dns_rr){ .type = NET_DNS_CNAME, .name = "\\", .target = "\\" };
    int again = dns_read_answer(q, data, size, &a, &next);
    assert(again == rc || again == -ELOOP);
    assert(again != DNS_FOLLOW && a.count <= NET_DNS_RR_MAX);
    assert(again == 0 || a.count == DNS_CNAMES_MAX);
}

static void check_answer(const struct dns_question *q, const uint8_t *data, size_t size)
{
    struct net_dns_answer a, b;
    struct dns_name next, same;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    int rc = dns_read_answer(q, data, size, &a, &next);
    check_result(rc, q, &a, &next);
    /* The same question in capitals is the same question. RFC 4343 3. */
    struct dns_question loud = *q;
    for (unsigned i = 0; i < loud.name.len; i++)
        if (loud.name.b[i] >= 'a' && loud.name.b[i] <= 'z')
            loud.name.b[i] = (uint8_t)(loud.name.b[i] - 32);
    assert(dns_read_answer(&loud, data, size, &b, &same) == rc && b.count == a.count);
    check_strangers(q, data, size, rc);
    check_limit(q, data, size, rc);
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
