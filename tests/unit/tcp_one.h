/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_one.h - what the tests of one host against hand-made segments begin with: the lab, its
 * setup and teardown, and the words that they say most. Included after cmocka.h.
 */
#ifndef LY_TESTS_UNIT_TCP_ONE_H
#define LY_TESTS_UNIT_TCP_ONE_H

#include "stack/net_int.h"
#include "stack/wire/tcp.h"
#include "tests/unit/tcp_lab.h"

#include <errno.h>

#define WND 65535
#define MSS 1460u
#define SYN_ACK (TCP_SYN | TCP_ACK)
#define PSH_ACK (TCP_ACK | TCP_PSH)
#define FIN_ACK (TCP_ACK | TCP_FIN)
#define RST_ACK (TCP_ACK | TCP_RST)

static struct lab_one l;

static int open_lab(void **state)
{
    (void)state;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .max_sockets = 8 });
    return 0;
}

static int close_lab(void **state)
{
    (void)state;
    lab_one_close(&l);
    return 0;
}

/** conns() - how many sockets the stack has. */
static inline size_t conns(void)
{
    return net_sock_list(l.h.net, NULL, 0);
}

static inline struct tcp_conn *conn_of(int s)
{
    return sock_get(l.h.net, s)->tcp;
}

static inline const struct net_counters *ctr(void)
{
    return net_counters(l.h.net);
}

/** listening() - a new socket that listens on @port. */
static inline int listening(uint16_t port, int backlog)
{
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_bind(l.h.net, s, 0, port), 0);
    assert_int_equal(net_listen(l.h.net, s, backlog), 0);
    return s;
}

/** reads() - what the user of @s can read now is the pattern from byte @from on, @len bytes. */
static inline void reads(int s, uint32_t from, uint32_t len)
{
    uint8_t buf[70000];
    ssize_t r = net_recv(l.h.net, s, buf, sizeof(buf));
    if (!len) {
        assert_int_equal(r, -EAGAIN);
        return;
    }
    assert_int_equal(r, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(buf[i], lab_pattern(from + i));
}

#endif
