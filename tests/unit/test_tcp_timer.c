/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, retransmission time-out and giving up. RFC 6298, RFC 9293 3.8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic_regs.h"
#include "stack/net_int.h"
#include "stack/wire/tcp.h"
#include "tests/support/seed.h"
#include "tests/unit/tcp_lab.h"

#include <errno.h>

static uint64_t rand_next(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s >> 29;
}

/* --- round trip time against a naive twin ------------------------------------- */

struct twin {
    bool any;
    double srtt, rttvar;
};

/* RFC 6298 2.2, 2.3 in real numbers. */
static double twin_rto(struct twin *t, double r)
{
    if (!t->any) {
        t->srtt = r;
        t->rttvar = r / 2;
    } else {
        double d = t->srtt > r ? t->srtt - r : r - t->srtt;
        t->rttvar = 0.75 * t->rttvar + 0.25 * d;
        t->srtt = 0.875 * t->srtt + 0.125 * r;
    }
    t->any = true;
    double v = 4 * t->rttvar > 1e6 ? 4 * t->rttvar : 1e6;
    double rto = t->srtt + v;
    return rto < 200e6 ? 200e6 : rto > 120e9 ? 120e9 : rto;
}

/* Clause: RFC 6298 2, RFC 9293 3.8.1 */
static void rto_follows_the_rfc(void **state)
{
    const uint64_t first = seed_of_run();
    (void)state;
    for (uint64_t seed = first; seed < first + 50; seed++) {
        uint64_t s = seed;
        struct twin t = { .any = false };
        struct tcp_conn c = { .rto_ns = TCP_RTO_INIT_NS };
        uint64_t scale = 1 + rand_next(&s) % 4000000000u;
        for (int i = 0; i < 200; i++) {
            int64_t rtt = (int64_t)(1 + rand_next(&s) % scale);
            tcp_rtt_sample(&c, rtt);
            double want = twin_rto(&t, (double)rtt), got = (double)c.rto_ns;
            assert_true(got - want < 100 && want - got < 100);
            assert_true(c.rto_ns == tcp_rto(&c));
        }
    }
}

/* Clause: RFC 6298 5.5, RFC 6298 2.5 */
static void rto_backs_off_to_a_bound(void **state)
{
    (void)state;
    struct tcp_conn c = { .rto_ns = 300 * LAB_MS };
    int64_t want = 300 * LAB_MS;
    for (c.backoff = 0; c.backoff < 30; c.backoff++) {
        assert_true(tcp_rto(&c) == (want < 120 * LAB_S ? want : 120 * LAB_S));
        if (want < 120 * LAB_S)
            want *= 2;
    }
}

/* --- the heap against a scan -------------------------------------------------- */

static int64_t scan(const struct net *n)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < n->tcp.max; i++) {
        for (int t = 0; t < TCP_TIMERS; t++) {
            if (n->tcp.pool[i].in_use && n->tcp.pool[i].due[t] < next)
                next = n->tcp.pool[i].due[t];
        }
    }
    return next;
}

static void heap_is_in_order(const struct tcp_state *t)
{
    for (unsigned i = 1; i <= t->heap_n; i++) {
        assert_int_equal(t->heap[i]->heap_pos, i);
        assert_true(i == 1 || t->heap[i / 2]->heap_key <= t->heap[i]->heap_key);
    }
}

static void heap_knows_the_earliest(void **state)
{
    (void)state;
    enum { CONNS = 40 };
    struct lab_one l;
    struct tcp_conn *c[CONNS];
    uint64_t s = seed_of_run();
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1, .max_sockets = CONNS });
    for (int i = 0; i < CONNS; i++)
        assert_non_null(c[i] = tcp_conn_alloc(l.h.net));
    for (int i = 0; i < 20000; i++) {
        struct tcp_conn *k = c[rand_next(&s) % CONNS];
        enum tcp_timer t = (enum tcp_timer)(rand_next(&s) % TCP_TIMERS);
        if (rand_next(&s) % 3)
            tcp_timer_set(l.h.net, k, t, (int64_t)(rand_next(&s) % 1000));
        else if (rand_next(&s) % 8)
            tcp_timer_stop(l.h.net, k, t);
        else
            tcp_timer_stop_all(l.h.net, k);
        assert_true(tcp_timers_next(l.h.net) == scan(l.h.net));
        heap_is_in_order(&l.h.net->tcp);
    }
    for (int i = 0; i < CONNS; i++)
        tcp_conn_free(l.h.net, c[i]);
    assert_true(tcp_timers_next(l.h.net) == INT64_MAX);
    lab_one_close(&l);
}

/* --- giving up ---------------------------------------------------------------- */

/* R2 of a SYN is at least three minutes. */
/* Clause: RFC 9293 3.8.3, RFC 1122 4.2.3.5, RFC 6298 2.1 */
static void syn_is_tried_for_four_minutes(void **state)
{
    (void)state;
    struct lab_one l;
    struct lab_seg g;
    int err;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_connect(l.h.net, s, LAB_THEIRS, 80), -EINPROGRESS);
    int64_t start = l.now_ns, at = 0;
    lab_one_wait(&l, 246 * LAB_S);
    for (int i = 0; i < 8; i++) {
        assert_true(lab_get(&l, &g));
        assert_int_equal(g.flags, TCP_SYN);
        assert_true(g.at_ns - start == at);
        at = at * 2 + LAB_S;            /* 0, 1, 3, 7, ... s */
    }
    lab_silent(&l);
    assert_int_equal(net_ready(l.h.net, s), 0);
    assert_true(l.h.next_ns == start + 247 * LAB_S);       /* 127 + 120, the most */
    lab_one_wait(&l, LAB_S);
    assert_true(net_ready(l.h.net, s) & NET_ERR);
    assert_int_equal(net_getopt(l.h.net, s, NET_SO_ERROR, &err), 0);
    assert_int_equal(err, ETIMEDOUT);
    lab_silent(&l);
    assert_int_equal(lab_event_err(&l.h, NET_EV_TCP_CLOSED), -ETIMEDOUT);
    net_close(l.h.net, s);
    lab_one_close(&l);
}

/* Clause: RFC 9293 3.8.3 */
static void syn_ack_is_tried_six_times(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_bind(l.h.net, s, 0, 80), 0);
    assert_int_equal(net_listen(l.h.net, s, 1), 0);
    l.ours = 80;
    l.theirs = 7;
    lab_put(&l, TCP_SYN, 0, 0, 1000, 0);
    lab_one_wait(&l, 64 * LAB_S);
    assert_int_equal(lab_flush(&l), 6);
    assert_int_equal(net_sock_list(l.h.net, NULL, 0), 1);   /* the half-open one is gone */
    net_close(l.h.net, s);
    lab_one_close(&l);
}

/* Clause: RFC 9293 3.8.3, RFC 6298 5.5, RFC 9293 3.8.2, RFC 6298 5.6 */
static void data_is_sent_again_fifteen_times(void **state)
{
    (void)state;
    struct lab_one l;
    struct lab_seg g;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460);
    assert_int_equal(net_send(l.h.net, s, "hello", 5), 5);
    lab_one_poll(&l);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 5);
    int64_t at = l.now_ns, gap = 200 * LAB_MS;
    for (int i = 0; i < 15; i++) {
        lab_one_wait(&l, gap - 1);
        lab_silent(&l);
        lab_one_wait(&l, 1);
        at += gap;
        assert_true(lab_get(&l, &g));
        assert_true(g.at_ns == at);
        assert_int_equal(g.len, 5);
        gap = gap * 2 < 120 * LAB_S ? gap * 2 : 120 * LAB_S;
    }
    lab_one_wait(&l, gap);
    lab_expect(&l, TCP_RST | TCP_ACK, 6, 1, 0);
    assert_int_equal(net_send(l.h.net, s, "x", 1), -ETIMEDOUT);
    assert_int_equal(net_send(l.h.net, s, "x", 1), -EPIPE);
    assert_int_equal(lab_events(&l.h, NET_EV_TCP_RETRANSMIT), 15);
    net_close(l.h.net, s);
    lab_one_close(&l);
}

/* --- Karn, and what a lost SYN means ------------------------------------------ */

static struct tcp_conn *conn_of(struct lab_one *l, int s)
{
    return sock_get(l->h.net, s)->tcp;
}

/* Clause: RFC 6298 3, RFC 1122 4.2.3.1, RFC 9293 3.8.1 */
static void samples_only_what_went_once(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460);
    const struct tcp_conn *c = conn_of(&l, s);
    int64_t before = c->srtt_ns;
    assert_int_equal(net_send(l.h.net, s, "a", 1), 1);
    lab_one_wait(&l, 250 * LAB_MS);             /* sent again at 200 ms */
    lab_put(&l, TCP_ACK, 1, 2, 65535, 0);
    assert_true(c->srtt_ns == before);
    assert_int_equal(net_send(l.h.net, s, "b", 1), 1);
    lab_one_wait(&l, 80 * LAB_MS);
    lab_put(&l, TCP_ACK, 1, 3, 65535, 0);
    assert_true(c->srtt_ns > before);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

/* RFC 6298 5.7; RFC 5681 3.1: one segment. */
/* Clause: RFC 6298 5.7, RFC 5681 3.1 */
static void lost_syn_makes_careful(void **state)
{
    (void)state;
    struct lab_one l;
    struct lab_seg g;
    static const uint8_t text[5000];
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = net_socket(l.h.net, NET_STREAM);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_wait(&l, 1500 * LAB_MS);
    assert_true(lab_get(&l, &g));
    assert_int_equal(lab_flush(&l), 1);
    l.ours = g.sport;
    l.theirs = 80;
    l.iss = g.seq;
    lab_put(&l, TCP_SYN | TCP_ACK, 0, 1, 65535, 0);
    assert_true(conn_of(&l, s)->rto_ns == 3 * LAB_S);
    lab_flush(&l);
    assert_int_equal(net_send(l.h.net, s, text, sizeof(text)), sizeof(text));
    lab_one_poll(&l);
    assert_int_equal(lab_flush(&l), 1);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

/* Started by the first segment in flight, not moved by the next, stopped by the last ACK. */
/* Clause: RFC 6298 5.1, RFC 6298 5.2 */
static void timer_runs_while_something_is_out(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1000);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_NODELAY, 1), 0);
    net_send(l.h.net, s, "a", 1);
    lab_one_wait(&l, 150 * LAB_MS);
    net_send(l.h.net, s, "b", 1);
    lab_one_wait(&l, 50 * LAB_MS - 1);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 1);
    lab_expect(&l, TCP_ACK | TCP_PSH, 2, 1, 1);
    lab_silent(&l);
    lab_one_wait(&l, 1);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 2);
    lab_put(&l, TCP_ACK, 1, 3, 65535, 0);
    lab_one_wait(&l, 3000 * LAB_S);                  /* else it gives up in here */
    lab_silent(&l);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

/* RFC 6298 5.3: each new acknowledgement starts the timer again. */
/* Clause: RFC 6298 5.3 */
static void ack_restarts_the_timer(void **state)
{
    (void)state;
    struct lab_one l;
    static const uint8_t text[2000];
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1000);
    conn_of(&l, s)->srtt_ns = 0;
    net_send(l.h.net, s, text, sizeof(text));
    lab_one_poll(&l);
    assert_int_equal(lab_flush(&l), 2);
    lab_one_wait(&l, 50 * LAB_MS);
    lab_put(&l, TCP_ACK, 1, 1001, 65535, 0);        /* 50 ms: RTO is still 200 */
    assert_true(conn_of(&l, s)->rto_ns == 200 * LAB_MS);
    lab_one_wait(&l, 200 * LAB_MS - 1);
    lab_silent(&l);
    lab_one_wait(&l, 1);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1001, 1, 1000);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

/* --- keepalive ---------------------------------------------------------------- */

/* Clause: RFC 9293 3.8.4, RFC 1122 4.2.3.6 */
static void keepalive_asks_and_gives_up(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460), err;
    assert_int_equal(net_setopt(l.h.net, s, NET_SO_KEEPALIVE, 1), 0);
    lab_one_wait(&l, 3600 * LAB_S);
    lab_put(&l, TCP_ACK | TCP_PSH, 1, 1, 65535, 10);    /* a sign of life */
    lab_one_wait(&l, LAB_S);
    lab_flush(&l);
    lab_one_wait(&l, 7198 * LAB_S);
    lab_silent(&l);
    lab_one_wait(&l, 2 * LAB_S);
    lab_expect(&l, TCP_ACK, 0, 11, 0);          /* one before the next number */
    lab_put(&l, TCP_ACK, 11, 1, 65535, 0);      /* answered: two hours more */
    lab_one_wait(&l, 7100 * LAB_S);
    lab_silent(&l);
    lab_one_wait(&l, 110 * LAB_S + 8 * 75 * LAB_S);
    assert_int_equal(lab_flush(&l), 9);
    lab_one_wait(&l, 76 * LAB_S);
    lab_expect(&l, TCP_RST | TCP_ACK, 1, 11, 0);
    assert_int_equal(net_getopt(l.h.net, s, NET_SO_ERROR, &err), 0);
    assert_int_equal(err, ETIMEDOUT);
    net_close(l.h.net, s);
    lab_one_close(&l);
}

/* The interval is the user's. */
/* Clause: RFC 9293 3.8.4 */
static void keepalive_asks_when_told(void **state)
{
    (void)state;
    struct lab_one l;
    int v;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460);
    assert_int_equal(net_getopt(l.h.net, s, NET_TCP_KEEPIDLE, &v), 0);
    assert_int_equal(v, 7200);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_KEEPIDLE, 0), -EINVAL);
    assert_int_equal(net_setopt(l.h.net, s, NET_SO_KEEPALIVE, 1), 0);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_KEEPIDLE, 10), 0);
    lab_one_wait(&l, 10 * LAB_S - 1);
    lab_silent(&l);
    lab_one_wait(&l, 1);
    lab_expect(&l, TCP_ACK, 0, 1, 0);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

/* --- the user's own time-out ---------------------------------------------------- */

static void ends_at(struct lab_one *l, int s, int64_t ns)
{
    int err;
    lab_one_wait(l, ns - 1 - l->now_ns);
    assert_int_not_equal(lab_state(l, s), NET_TCP_CLOSED);
    lab_one_wait(l, 1);
    assert_int_equal(lab_state(l, s), NET_TCP_CLOSED);
    assert_int_equal(net_getopt(l->h.net, s, NET_SO_ERROR, &err), 0);
    assert_int_equal(err, ETIMEDOUT);
    net_close(l->h.net, s);
    lab_flush(l);
}

/* R2 is the user's: shorter and longer than ours. Each new ACK starts it again. */
/* Clause: RFC 9293 3.8.3, RFC 9293 3.9.1.1 */
static void user_time_out_of_text(void **state)
{
    (void)state;
    struct lab_one l;
    int v;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, -1), -EINVAL);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, 5000), 0);
    assert_int_equal(net_getopt(l.h.net, s, NET_TCP_USER_TIMEOUT, &v), 0);
    assert_int_equal(v, 5000);
    lab_one_wait(&l, 100 * LAB_S);                  /* nothing waits: no time-out */
    assert_int_equal(net_send(l.h.net, s, "hello", 5), 5);
    lab_one_wait(&l, 4 * LAB_S);
    lab_put(&l, TCP_ACK, 1, 3, 65535, 0);
    ends_at(&l, s, l.now_ns + 5 * LAB_S);
    s = lab_client(&l, 65535, 1460);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, 40000000), 0);
    assert_int_equal(net_send(l.h.net, s, "hello", 5), 5);
    int64_t end = l.now_ns + 40000 * LAB_S;
    lab_one_wait(&l, 39000 * LAB_S);
    assert_in_range(lab_flush(&l), 300, 340);       /* one in 120 s, however many */
    ends_at(&l, s, end);
    lab_one_close(&l);
}

/* Clause: RFC 9293 3.9.1.1 */
static void user_time_out_of_a_syn(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = net_socket(l.h.net, NET_STREAM);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, 2500), 0);
    net_connect(l.h.net, s, LAB_THEIRS, 80);
    lab_one_poll(&l);
    ends_at(&l, s, l.now_ns + 2500 * LAB_MS);
    lab_one_close(&l);
}

/* The peer answers, but its window stays shut for longer than the user waits. */
/* Clause: RFC 9293 3.8.3, RFC 9293 3.8.6.1 */
static void user_time_out_of_a_shut_window(void **state)
{
    (void)state;
    struct lab_one l;
    static const char text[3000];
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 1000, 1460);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, 30000), 0);
    net_send(l.h.net, s, text, sizeof(text));
    lab_one_poll(&l);
    lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    int64_t end = l.now_ns + 30 * LAB_S;
    for (int i = 0; i < 14; i++) {
        lab_one_wait(&l, 2 * LAB_S);
        lab_put(&l, TCP_ACK, 1, 1001, 0, 0);
    }
    ends_at(&l, s, end);
    lab_one_close(&l);
}

/* A receiver that avoids silly windows: it takes the byte of each probe and says 0 again. No byte
 * waits longer than two seconds for its ACK. */
/* Clause: RFC 9293 3.8.3, RFC 9293 3.8.6.2.2 */
static void user_time_out_is_of_each_byte(void **state)
{
    (void)state;
    struct lab_one l;
    struct lab_seg g;
    uint32_t got = 1;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 0, 1460);
    assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, 10000), 0);
    net_send(l.h.net, s, "twenty bytes of text", 20);
    while (got < 21 && l.now_ns < 300 * LAB_S) {
        lab_one_wait(&l, 200 * LAB_MS);
        while (lab_get(&l, &g))
            if (g.len && g.seq == l.iss + got)
                lab_put(&l, TCP_ACK, 1, ++got, 0, 0);
    }
    assert_int_equal(got, 21);
    assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

static void link_is(struct lab_one *l, bool up)
{
    fake_link_event(l->h.link, &(struct link_event){
        .kind = LINK_EV_LINK, .arg = up ? LY_EVENT_LINK_UP | LY_EVENT_LINK_FULL_DUPLEX : 0,
        .value = 1000 });
    lab_one_wait(l, LAB_MS);
}

/* The NIC's link is down: nothing leaves, but text and SYN wait no longer than they may. */
/* Clause: RFC 9293 3.8.3, RFC 9293 3.9.1 */
static void what_cannot_leave_waits_no_longer(void **state)
{
    (void)state;
    for (int timeout_ms = 10000; timeout_ms >= 0; timeout_ms -= 10000) {
        struct lab_one l;
        lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
        int s = lab_client(&l, 65535, 1460), t = net_socket(l.h.net, NET_STREAM);
        int fin = lab_client(&l, 65535, 1460);
        assert_int_equal(net_setopt(l.h.net, s, NET_TCP_USER_TIMEOUT, timeout_ms), 0);
        assert_int_equal(net_setopt(l.h.net, t, NET_TCP_USER_TIMEOUT, timeout_ms), 0);
        link_is(&l, false);
        assert_int_equal(net_send(l.h.net, s, "hello", 5), 5);
        net_connect(l.h.net, t, LAB_THEIRS, 80);
        net_close(l.h.net, fin);
        lab_one_wait(&l, 9 * LAB_S);
        assert_int_equal(lab_state(&l, s), NET_TCP_ESTABLISHED);
        lab_one_wait(&l, timeout_ms ? 2 * LAB_S : 1200 * LAB_S);
        assert_int_equal(lab_state(&l, s), NET_TCP_CLOSED);
        assert_int_equal(lab_state(&l, t), NET_TCP_CLOSED);
        int err = 0;
        assert_int_equal(net_getopt(l.h.net, s, NET_SO_ERROR, &err), 0);
        assert_int_equal(err, ETIMEDOUT);
        lab_one_wait(&l, 1200 * LAB_S);
        assert_int_equal(net_sock_list(l.h.net, NULL, 0), 2);   /* the orphan is gone */
        net_close(l.h.net, s);
        net_close(l.h.net, t);
        lab_one_close(&l);
    }
}

/* The link comes back in time: what never left says nothing of the path. */
/* Clause: RFC 6298 5, RFC 5681 3.1 */
static void what_waited_leaves_as_if_new(void **state)
{
    (void)state;
    struct lab_one l;
    lab_one_open(&l, &(struct lab_cfg){ .seed = 1 });
    int s = lab_client(&l, 65535, 1460);
    struct tcp_conn *c = conn_of(&l, s);
    uint32_t cwnd = c->cwnd, ssthresh = c->ssthresh;
    link_is(&l, false);
    assert_int_equal(net_send(l.h.net, s, "hello", 5), 5);
    lab_one_wait(&l, 20 * LAB_S);
    assert_true(c->retries > 2);
    lab_silent(&l);
    link_is(&l, true);
    lab_expect(&l, TCP_ACK | TCP_PSH, 1, 1, 5);
    assert_true(c->cwnd == cwnd && c->ssthresh == ssthresh && c->retries == 0);
    assert_true(c->due[TCP_T_RTX] <= l.now_ns + c->rto_ns * (1 << TCP_BACKOFF_KEPT));
    lab_put(&l, TCP_ACK, 1, 6, 65535, 0);
    lab_one_wait(&l, 100 * LAB_S);
    lab_silent(&l);
    net_abort(l.h.net, s);
    lab_one_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rto_follows_the_rfc),
        cmocka_unit_test(rto_backs_off_to_a_bound),
        cmocka_unit_test(heap_knows_the_earliest),
        cmocka_unit_test(syn_is_tried_for_four_minutes),
        cmocka_unit_test(syn_ack_is_tried_six_times),
        cmocka_unit_test(data_is_sent_again_fifteen_times),
        cmocka_unit_test(samples_only_what_went_once),
        cmocka_unit_test(lost_syn_makes_careful),
        cmocka_unit_test(timer_runs_while_something_is_out),
        cmocka_unit_test(ack_restarts_the_timer),
        cmocka_unit_test(keepalive_asks_and_gives_up),
        cmocka_unit_test(keepalive_asks_when_told),
        cmocka_unit_test(user_time_out_of_text),
        cmocka_unit_test(user_time_out_of_a_syn),
        cmocka_unit_test(user_time_out_of_a_shut_window),
        cmocka_unit_test(user_time_out_is_of_each_byte),
        cmocka_unit_test(what_cannot_leave_waits_no_longer),
        cmocka_unit_test(what_waited_leaves_as_if_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
