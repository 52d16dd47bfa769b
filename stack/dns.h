/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.h - the parts of the resolver (dns.c): what an answer says, without state, so
 * that tests can feed it any bytes; and the exchange of one question by TCP.
 */
#ifndef LY_STACK_DNS_H
#define LY_STACK_DNS_H

#include "stack/net.h"
#include "stack/wire/dns.h"

#include <stddef.h>
#include <stdint.h>

/* --- dns_answer.c --------------------------------------------------------- */

/* CNAMEs that one question may lead through, over all answers; as BIND and Unbound. */
#define DNS_CNAMES_MAX 11u
_Static_assert(DNS_CNAMES_MAX < NET_DNS_RR_MAX, "the chain always stands in rr[]");

struct dns_question {
    uint16_t id;
    uint16_t type;              /* enum net_dns_type */
    struct dns_name name;
};

/* What else than an end dns_read_answer() may find. */
enum dns_verdict {
    DNS_SHORT = 1,              /* to be ignored: no whole header and question */
    DNS_NOT_ANSWER,             /* to be ignored: QR is 0, or another operation */
    DNS_OTHER_ID,               /* to be ignored */
    DNS_OTHER_QUESTION,         /* to be ignored: name, type, class or their number */
    DNS_TRUNCATED,              /* ours, but cut: RFC 2181 9 has it ignored, and TCP asked */
    DNS_FOLLOW,                 /* it ends in a CNAME: its target is to be asked */
};

/**
 * dns_read_answer() - does a message answer @q, and what does it say?
 * @out:  rcode is written; the CNAMEs that lead from the question to the wanted type
 *        are appended to rr[], in the order of the chain, then what stands at its end.
 *        CNAMEs that are there already count towards limit and loops
 * @next: DNS_FOLLOW: the name to ask
 *
 * Returns enum dns_verdict; 0: *out has records of the type; -ENOENT: the name does
 * not exist; -ENODATA: it has none of the type; -ELOOP: the CNAMEs lead in a circle or
 * are more than DNS_CNAMES_MAX; -EPROTO: the server failed, refused or referred us to
 * another one, or the message is malformed: then *out has no new records.
 */
int dns_read_answer(const struct dns_question *q, const uint8_t *msg, size_t len,
                    struct net_dns_answer *out, struct dns_name *next);

/* --- dns_tcp.c ------------------------------------------------------------ */

/* One question and the answers to it, each behind its length: RFC 1035 4.2.2. */
struct dns_tcp {
    int sock;                   /* -1: none */
    uint8_t out[2 + DNS_QUERY_MAX_BYTES];
    uint32_t out_len, out_done;
    uint8_t len[2];             /* of the message that comes in */
    uint32_t in_done;           /* bytes of it that are here, length included */
    uint8_t *msg;               /* NULL until the length is known */
};

/**
 * dns_tcp_open() - connect to a server and ask as soon as that is done.
 * @msg: the question, at most DNS_QUERY_MAX_BYTES
 *
 * Returns 0; -EMFILE, -ENETUNREACH, -EADDRNOTAVAIL.
 */
int dns_tcp_open(struct net *n, struct dns_tcp *t, uint32_t addr, uint16_t port,
                 const uint8_t *msg, uint32_t len);

/**
 * dns_tcp_read() - send and receive what can be.
 *
 * Returns the bytes of the next message, at t->msg until the next call; -EAGAIN none
 * yet; -EPROTO the server closed before one was whole; -ENOMEM; else the error that
 * ended the connection.
 */
ssize_t dns_tcp_read(struct net *n, struct dns_tcp *t);

/** dns_tcp_close() - harmless where none is open. */
void dns_tcp_close(struct net *n, struct dns_tcp *t);

#endif
