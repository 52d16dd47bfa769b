/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_tcp.c - one DNS question over a TCP connection of its own: RFC 7766. The
 * connection is a socket that no user sees: sock_hide().
 */
#include "stack/dns.h"

#include "stack/net_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dns_tcp_open(struct net *n, struct dns_tcp *t, uint32_t addr, uint16_t port,
                 const uint8_t *msg, uint32_t len)
{
    *t = (struct dns_tcp){ .sock = net_socket(n, NET_STREAM), .out_len = 2 + len };
    if (t->sock < 0)
        return -EMFILE;
    sock_hide(n, t->sock);
    /* Length and question in one go: servers may take two segments for two messages
     * (RFC 7766 8). */
    struct be16 bytes = be16_put((uint16_t)len);
    memcpy(t->out, &bytes, sizeof(bytes));
    memcpy(t->out + 2, msg, len);
    int err = net_connect(n, t->sock, addr, port);
    if (err == -EINPROGRESS)
        return 0;
    dns_tcp_close(n, t);
    return err;
}

void dns_tcp_close(struct net *n, struct dns_tcp *t)
{
    if (t->sock >= 0)
        (void)net_close(n, t->sock);    /* ours and open: cannot fail */
    free(t->msg);
    t->sock = -1;
    t->msg = NULL;
}

/* Returns 0 when all is on its way, -EAGAIN, why it cannot be. */
static int send_question(struct net *n, struct dns_tcp *t)
{
    while (t->out_done < t->out_len) {
        ssize_t r = net_send(n, t->sock, t->out + t->out_done, t->out_len - t->out_done);
        if (r < 0)
            return (int)r;
        t->out_done += (uint32_t)r;
    }
    return 0;
}

/* Into @b until @want bytes of it are here, of which there are @have. Returns how many
 * there are now, or why no more come. */
static ssize_t fill(struct net *n, const struct dns_tcp *t, uint8_t *b, size_t have, size_t want)
{
    while (have < want) {
        ssize_t r = net_recv(n, t->sock, b + have, want - have);
        if (r == -EAGAIN)
            break;
        if (r <= 0)
            return r ? r : -EPROTO;     /* the end, and nothing whole */
        have += (size_t)r;
    }
    return (ssize_t)have;
}

ssize_t dns_tcp_read(struct net *n, struct dns_tcp *t)
{
    ssize_t r = send_question(n, t);
    if (r < 0)
        return r;
    size_t len = dns_u16(t->len, 0);
    if (t->msg && t->in_done == 2 + len) {  /* the one before was read */
        free(t->msg);
        t->msg = NULL;
        t->in_done = 0;
    }
    if (t->in_done < 2) {
        r = fill(n, t, t->len, t->in_done, 2);
        if (r < 0)
            return r;
        t->in_done = (uint32_t)r;
        if (r < 2)
            return -EAGAIN;
        len = dns_u16(t->len, 0);
        t->msg = malloc(len ? len : 1);
        if (!t->msg)
            return -ENOMEM;
    }
    r = fill(n, t, t->msg, t->in_done - 2, len);
    if (r < 0)
        return r;
    t->in_done = 2 + (uint32_t)r;
    return t->in_done == 2 + len ? (ssize_t)len : -EAGAIN;
}
