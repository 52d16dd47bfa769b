/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: whose turn it is, and handlers that take themselves and others away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- timers --------------------------------------------------------------------- */

struct bench {
    struct loop *l;
    struct loop_timer t[4];
    int ran[16];
    unsigned n;
    struct loop_timer *stop, *start;    /* what a handler does to others */
    int64_t start_at;
};
struct mark { struct bench *b; int i; };

static void on_timer(void *arg, int64_t now_ns)
{
    const struct mark *m = arg;
    struct bench *b = m->b;
    assert_true(b->t[m->i].at_ns == INT64_MAX); /* disarmed before it runs */
    assert_true(now_ns >= 0 && b->n < 16);
    b->ran[b->n++] = m->i;
    if (b->stop)
        loop_timer_set(b->l, b->stop, INT64_MAX);
    if (b->start)
        loop_timer_set(b->l, b->start, b->start_at);
}

static void bench_open(struct bench *b, struct mark m[4])
{
    *b = (struct bench){ .n = 0 };
    assert_int_equal(loop_create(&b->l), 0);
    for (int i = 0; i < 4; i++) {
        m[i] = (struct mark){ b, i };
        b->t[i] = (struct loop_timer){ .at_ns = INT64_MAX, .fn = on_timer, .arg = &m[i] };
    }
}

static void expect_ran(const struct bench *b, const int *want, unsigned n)
{
    assert_int_equal(b->n, n);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(b->ran[i], want[i]);
}

static void timers_in_order(void **state)
{
    struct bench b;
    struct mark m[4];
    (void)state;
    bench_open(&b, m);
    assert_true(loop_timers_next(b.l) == INT64_MAX);
    loop_timer_set(b.l, &b.t[0], 30);
    loop_timer_set(b.l, &b.t[1], 10);
    loop_timer_set(b.l, &b.t[2], 20);
    loop_timer_set(b.l, &b.t[3], 10);
    assert_true(loop_timers_next(b.l) == 10);
    assert_int_equal(loop_timers_run(b.l, 9), 0);
    assert_int_equal(loop_timers_run(b.l, 20), 3);
    expect_ran(&b, (const int[]){ 1, 3, 2 }, 3);    /* equal ones as they were armed */
    assert_true(loop_timers_next(b.l) == 30);
    loop_timer_set(b.l, &b.t[0], 50);               /* moved */
    assert_int_equal(loop_timers_run(b.l, 49), 0);
    assert_int_equal(loop_timers_run(b.l, 50), 1);
    loop_destroy(b.l);
}

static void timer_stops_another(void **state)
{
    struct bench b;
    struct mark m[4];
    (void)state;
    bench_open(&b, m);
    for (int i = 0; i < 4; i++)
        loop_timer_set(b.l, &b.t[i], i);
    b.stop = &b.t[1];
    assert_int_equal(loop_timers_run(b.l, 100), 3);
    expect_ran(&b, (const int[]){ 0, 2, 3 }, 3);
    loop_destroy(b.l);
}

/* One that arms itself for now must not keep the others, and time, from going on. */
static void timer_armed_for_now_waits(void **state)
{
    struct bench b;
    struct mark m[4];
    (void)state;
    bench_open(&b, m);
    loop_timer_set(b.l, &b.t[0], 5);
    loop_timer_set(b.l, &b.t[1], 6);
    b.start = &b.t[0];
    b.start_at = 5;
    assert_int_equal(loop_timers_run(b.l, 10), 2);
    expect_ran(&b, (const int[]){ 0, 1 }, 2);
    assert_true(loop_timers_next(b.l) == 5);
    assert_int_equal(loop_timers_run(b.l, 10), 1);
    loop_destroy(b.l);
}

/* --- descriptors ---------------------------------------------------------------- */

struct two {
    struct loop *l;
    int fd[2][2];
    int *mine;          /* heap of a handler, freed when it is called */
    unsigned called;
};

static void on_fd_removes_both(void *arg, uint32_t events)
{
    struct two *t = arg;
    assert_true(events & EPOLLIN);
    t->called++;
    loop_del(t->l, t->fd[0][0]);
    loop_del(t->l, t->fd[1][0]);
    free(t->mine);
    t->mine = NULL;
}

static void two_open(struct two *t)
{
    *t = (struct two){ .called = 0 };
    assert_int_equal(loop_create(&t->l), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t->fd[i]), 0);
        assert_int_equal(write(t->fd[i][1], "x", 1), 1);
    }
}

static void two_close(struct two *t)
{
    loop_destroy(t->l);
    for (int i = 0; i < 4; i++)
        close(t->fd[i / 2][i % 2]);
}

static void handler_removes_all(void **state)
{
    struct two t;
    (void)state;
    two_open(&t);
    t.mine = malloc(sizeof(int));
    for (int i = 0; i < 2; i++)
        assert_int_equal(loop_add(t.l, t.fd[i][0], EPOLLIN, on_fd_removes_both, &t), 0);
    assert_int_equal(loop_drain(t.l, 10), 1);   /* the other was ready, but is gone */
    assert_int_equal(t.called, 1);
    assert_null(t.mine);
    two_close(&t);
}

static void on_fd_counts(void *arg, uint32_t events)
{
    (void)events;
    ++*(unsigned *)arg;
}

/* Ready descriptors are served in turn: none starves the other. */
static void drain_is_fair_and_bounded(void **state)
{
    struct two t;
    unsigned n[2] = { 0, 0 };
    (void)state;
    two_open(&t);
    for (int i = 0; i < 2; i++)
        assert_int_equal(loop_add(t.l, t.fd[i][0], EPOLLIN, on_fd_counts, &n[i]), 0);
    assert_int_equal(loop_drain(t.l, 10), 10);
    assert_int_equal(n[0], 5);
    assert_int_equal(n[1], 5);
    assert_int_equal(loop_mod(t.l, t.fd[0][0], 0), 0);
    assert_int_equal(loop_drain(t.l, 3), 3);
    assert_int_equal(n[0], 5);
    loop_del(t.l, t.fd[1][0]);
    assert_int_equal(loop_drain(t.l, 3), 0);
    two_close(&t);
}

static void bad_descriptors(void **state)
{
    struct loop *l;
    (void)state;
    assert_int_equal(loop_create(&l), 0);
    assert_int_equal(loop_add(l, -1, EPOLLIN, on_fd_counts, NULL), -EBADF);
    assert_int_equal(loop_mod(l, 0, EPOLLIN), -ENOENT);
    loop_del(l, 0);
    loop_destroy(l);
    loop_destroy(NULL);
}

/* --- signals ---------------------------------------------------------------------- */

static bool blocked(int sig)
{
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, sig) == 1;
}

static void first_signal_counts(void **state)
{
    struct loop *l;
    (void)state;
    assert_int_equal(loop_create(&l), 0);
    assert_int_equal(loop_drain(l, 10), 0);
    assert_int_equal(loop_signal(l), 0);
    raise(SIGTERM);
    assert_int_equal(loop_drain(l, 10), 1);
    raise(SIGINT);
    assert_int_equal(loop_drain(l, 10), 1);
    assert_int_equal(loop_signal(l), SIGTERM);
    loop_destroy(l);
    assert_false(blocked(SIGTERM) || blocked(SIGINT) || blocked(SIGHUP));
}

static void hup_unless_ignored(void **state)
{
    struct loop *l;
    (void)state;
    assert_int_equal(loop_create(&l), 0);
    raise(SIGHUP);
    loop_drain(l, 10);
    assert_int_equal(loop_signal(l), SIGHUP);
    loop_destroy(l);

    signal(SIGHUP, SIG_IGN);    /* as under nohup */
    assert_int_equal(loop_create(&l), 0);
    raise(SIGHUP);
    assert_int_equal(loop_drain(l, 10), 0);
    assert_int_equal(loop_signal(l), 0);
    loop_destroy(l);
    signal(SIGHUP, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_in_order),
        cmocka_unit_test(timer_stops_another),
        cmocka_unit_test(timer_armed_for_now_waits),
        cmocka_unit_test(handler_removes_all),
        cmocka_unit_test(drain_is_fair_and_bounded),
        cmocka_unit_test(bad_descriptors),
        cmocka_unit_test(first_signal_counts),
        cmocka_unit_test(hup_unless_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
