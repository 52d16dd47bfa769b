/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_answer.c - what a DNS answer says about one question. RFC 1035 4.1, 3.3, 3.4;
 * RFC 3596 2.2 (AAAA); RFC 5452 9.1 (what must match).
 */
#include "stack/dns.h"

#include <errno.h>
#include <string.h>

/* Id and question must be ours; address and ports were matched by dgram_find(). The
 * id alone is 16 bits that a stranger can guess, with the port it is about 31.
 * Returns the offset of the first record, or DNS_NOT_OURS (less than any offset). */
static int match(const struct dns_question *q, const uint8_t *msg, size_t len, struct dns_hdr *h)
{
    struct dns_name name;
    uint16_t type, class_;
    if (dns_parse_hdr(msg, len, h) || be16_get(h->id) != q->id || be16_get(h->qdcount) != 1 ||
        (be16_get(h->flags) & (DNS_QR | DNS_OPCODE_MASK)) != DNS_QR)
        return DNS_NOT_OURS;
    int at = dns_parse_question(msg, len, &name, &type, &class_);
    if (at < 0 || type != q->type || class_ != DNS_CLASS_IN || !dns_name_eq(&name, &q->name))
        return DNS_NOT_OURS;
    return at;
}

/* The data of a record into *o; @target: the name in it. 0, -EBADMSG. */
static int read_data(const uint8_t *msg, const struct dns_rr *rr, struct net_dns_rr *o,
                     struct dns_name *target)
{
    struct be32 a;
    switch (rr->type) {
    case NET_DNS_A:
        if (rr->rdlen != sizeof(a))
            return -EBADMSG;
        memcpy(&a, msg + rr->rdata, sizeof(a));
        o->a = be32_get(a);
        return 0;
    case NET_DNS_AAAA:
        if (rr->rdlen != sizeof(o->aaaa))
            return -EBADMSG;
        memcpy(o->aaaa, msg + rr->rdata, sizeof(o->aaaa));
        return 0;
    case NET_DNS_MX:
        if (dns_rdata_name(msg, rr, 2, target))
            return -EBADMSG;
        o->pref = dns_u16(msg, rr->rdata);
        return dns_name_text(target, o->target);
    default:                    /* NET_DNS_CNAME: take_rr() lets no other type come here */
        if (dns_rdata_name(msg, rr, 0, target))
            return -EBADMSG;
        return dns_name_text(target, o->target);
    }
}

/* Where the chain of CNAMEs stands while records are read in their order. */
struct chain {
    struct dns_name at;         /* the name whose records are wanted now */
    bool found;                 /* one of the wanted type */
};

/* One record of the answer section. Those of other names, classes and types are no
 * answer to us (RRSIG, say) and skipped. Returns 0, -EBADMSG. */
static int take_rr(const struct dns_question *q, const uint8_t *msg, const struct dns_rr *rr,
                   struct chain *c, struct net_dns_answer *out)
{
    struct net_dns_rr o = { .type = rr->type, .ttl_s = rr->ttl_s };
    struct dns_name target;
    bool wanted = rr->type == q->type;
    if (rr->class_ != DNS_CLASS_IN || (!wanted && rr->type != NET_DNS_CNAME) ||
        !dns_name_eq(&rr->owner, &c->at))
        return 0;
    if (read_data(msg, rr, &o, &target) || dns_name_text(&rr->owner, o.name))
        return -EBADMSG;
    if (wanted)
        c->found = true;
    else
        c->at = target;
    if (out->count < NET_DNS_RR_MAX)
        out->rr[out->count++] = o;
    return 0;
}

int dns_read_answer(const struct dns_question *q, const uint8_t *msg, size_t len,
                    struct net_dns_answer *out)
{
    struct dns_hdr h;
    struct chain c = { .at = q->name };
    struct dns_rr rr;
    int at = match(q, msg, len, &h);
    if (at == DNS_NOT_OURS)
        return DNS_NOT_OURS;
    unsigned flags = be16_get(h.flags);
    bool cut = (flags & DNS_TC) != 0;
    out->count = 0;
    out->rcode = (uint8_t)(flags & DNS_RCODE_MASK);
    /* All other codes say something about the server, not about the name. */
    if (out->rcode != 0 && out->rcode != DNS_RCODE_NXDOMAIN)
        return -EPROTO;
    for (unsigned i = be16_get(h.ancount); i > 0; i--) {
        at = dns_parse_rr(msg, len, (size_t)at, &rr);
        if (at < 0 && cut)
            break;              /* cut within a record; the earlier ones are whole */
        if (at < 0 || take_rr(q, msg, &rr, &c, out))
            return -EPROTO;
    }
    /* Records count even with NXDOMAIN: RFC 6604 2.1, the code is that of the last name
     * of a chain, but there are servers that get it wrong. */
    if (c.found)
        return 0;
    if (cut)
        return -EPROTO;
    return out->rcode == DNS_RCODE_NXDOMAIN ? -ENOENT : -ENODATA;
}
