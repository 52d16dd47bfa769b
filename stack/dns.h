/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - the part of the resolver that has no state: what an answer says. Apart
 * from dns.c so that tests can feed it any bytes.
 */
#ifndef LY_STACK_DNS_H
#define LY_STACK_DNS_H

#include "stack/net.h"
#include "stack/wire/dns.h"

#include <stddef.h>
#include <stdint.h>

struct dns_question {
    uint16_t id;
    uint16_t type;              /* enum net_dns_type */
    struct dns_name name;
};

#define DNS_NOT_OURS 1

/**
 * dns_read_answer() - does a message answer @q, and what does it say?
 * @out: rcode, count and rr[] are written; records of the chain of CNAMEs that
 *       starts at the question, and those of the wanted type at its end
 *
 * Returns DNS_NOT_OURS: to be ignored, id or question wrong; 0: *out has records of
 * the type; -ENOENT: the name does not exist; -ENODATA: it has none of the type;
 * -EPROTO: the server failed or refused, the message is malformed, or it is
 * truncated before the first usable record.
 */
int dns_read_answer(const struct dns_question *q, const uint8_t *msg, size_t len,
                    struct net_dns_answer *out);

#endif
