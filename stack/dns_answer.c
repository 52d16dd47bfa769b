/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_answer.c - what a DNS answer says about one question. RFC 1035 4.1, 3.3, 3.4;
 * RFC 1034 3.6.2 (CNAME); RFC 2181 9 (truncation); RFC 3596 2.2 (AAAA); RFC 5452 9.1
 * (what must match).
 */
#include "stack/dns.h"

#include <errno.h>
#include <string.h>

/* Id and question must be ours; address and ports were matched by dgram_find(). The
 * id alone is 16 bits that a stranger can guess, with the port it is about 31. Letters
 * match in either case (RFC 4343). Returns 0, *at the first record; or a verdict. */
static int match(const struct dns_question *q, const uint8_t *msg, size_t len, struct dns_hdr *h,
                 size_t *at)
{
    struct dns_name name;
    uint16_t type, class_;
    if (dns_parse_hdr(msg, len, h))
        return DNS_SHORT;
    if ((be16_get(h->flags) & (DNS_QR | DNS_OPCODE_MASK)) != DNS_QR)
        return DNS_NOT_ANSWER;
    if (be16_get(h->id) != q->id)
        return DNS_OTHER_ID;
    if (be16_get(h->qdcount) != 1)
        return DNS_OTHER_QUESTION;
    int behind = dns_parse_question(msg, len, &name, &type, &class_);
    if (behind < 0)
        return DNS_SHORT;
    if (type != q->type || class_ != DNS_CLASS_IN || !dns_name_eq(&name, &q->name))
        return DNS_OTHER_QUESTION;
    *at = (size_t)behind;
    return 0;
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
    default:                    /* NET_DNS_CNAME: walk() lets no other type come here */
        if (dns_rdata_name(msg, rr, 0, target))
            return -EBADMSG;
        return dns_name_text(target, o->target);
    }
}

/* A record into the answer; one that finds no room is counted. 0, -EBADMSG. */
static int take(const uint8_t *msg, const struct dns_rr *rr, struct net_dns_answer *out,
                struct dns_name *target)
{
    struct net_dns_rr o = { .type = rr->type, .ttl_s = rr->ttl_s };
    if (read_data(msg, rr, &o, target) || dns_name_text(&rr->owner, o.name))
        return -EBADMSG;
    if (out->count < NET_DNS_RR_MAX)
        out->rr[out->count++] = o;
    else
        out->left_out++;
    return 0;
}

/* The answer section, and how far its chain of CNAMEs was followed. */
struct section {
    const uint8_t *msg;
    size_t len, first;          /* first: offset of the first record */
    unsigned records;
    uint16_t type;              /* wanted */
    struct dns_name at;         /* the name whose records are wanted now */
    bool led;                   /* walk() found a CNAME there: */
    struct dns_rr cname;
};

/* Once over the section: takes the records of the wanted type at s->at and looks for a
 * CNAME there. Other names, classes and types are no answer to us (RRSIG, say).
 * Returns how many it took; -EBADMSG. */
static int walk(struct section *s, struct net_dns_answer *out)
{
    struct dns_name target;
    struct dns_rr rr;
    int taken = 0, at = (int)s->first;
    s->led = false;
    for (unsigned i = 0; i < s->records; i++) {
        at = dns_parse_rr(s->msg, s->len, (size_t)at, &rr);
        if (at < 0)
            return -EBADMSG;
        if (rr.class_ != DNS_CLASS_IN || !dns_name_eq(&rr.owner, &s->at))
            continue;
        if (rr.type == s->type) {
            if (take(s->msg, &rr, out, &target))
                return -EBADMSG;
            taken++;
        } else if (rr.type == NET_DNS_CNAME && !s->led) {
            s->led = true;
            s->cname = rr;
        }
    }
    return taken;
}

static bool text_eq(const char *a, const char *b)
{
    while (*a && dns_lower((uint8_t)*a) == dns_lower((uint8_t)*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The CNAME that was taken last: does it lead to where the chain was before? All
 * CNAMEs stand at the front, the type that is asked for being another. */
static bool goes_round(const struct net_dns_answer *out)
{
    const char *to = out->rr[out->count - 1].target;
    for (unsigned i = 0; i < out->count; i++) {
        if (text_eq(out->rr[i].name, to))
            return true;
    }
    return false;
}

/* Servers write a chain in its order, but nothing says that they must: a walk for each
 * link. Returns 1 found, 0 the chain ends without, -ELOOP, -EBADMSG. */
static int follow(struct section *s, struct net_dns_answer *out)
{
    for (;;) {
        int r = walk(s, out);
        if (r || !s->led)
            return r > 0 ? 1 : r;
        if (out->count == DNS_CNAMES_MAX)
            return -ELOOP;
        if (take(s->msg, &s->cname, out, &s->at))
            return -EBADMSG;
        if (goes_round(out))
            return -ELOOP;
    }
}

/* No record of the type, and the message is whole: what does it mean? */
static int nothing_found(const struct dns_question *q, unsigned flags, const struct section *s)
{
    if ((flags & DNS_RCODE_MASK) == DNS_RCODE_NXDOMAIN)
        return -ENOENT;         /* RFC 6604 2.1: of the last name of the chain */
    if (!dns_name_eq(&s->at, &q->name))
        return DNS_FOLLOW;
    /* Neither an authority nor one that asks others: it knows nothing about the name. */
    return flags & (DNS_AA | DNS_RA) ? -ENODATA : -EPROTO;
}

int dns_read_answer(const struct dns_question *q, const uint8_t *msg, size_t len,
                    struct net_dns_answer *out, struct dns_name *next)
{
    struct dns_hdr h;
    struct section s = { .msg = msg, .len = len, .type = q->type, .at = q->name };
    unsigned before = out->count;
    int r = match(q, msg, len, &h, &s.first);
    if (r)
        return r;
    unsigned flags = be16_get(h.flags);
    out->rcode = (uint8_t)(flags & DNS_RCODE_MASK);
    /* All other codes say something about the server, not about the name. */
    if (out->rcode != 0 && out->rcode != DNS_RCODE_NXDOMAIN)
        return -EPROTO;
    if (flags & DNS_TC)
        return DNS_TRUNCATED;
    s.records = be16_get(h.ancount);
    r = follow(&s, out);
    /* Records count even with NXDOMAIN: there are servers that get it wrong. */
    if (r == 1)
        return 0;
    if (r == 0)
        r = nothing_found(q, flags, &s);
    if (r == -EBADMSG || r == -EPROTO) {
        out->count = before;
        out->left_out = 0;
        return -EPROTO;
    }
    if (r == DNS_FOLLOW)
        *next = s.at;
    return r;
}
