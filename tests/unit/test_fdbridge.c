/* SPDX-License-Identifier: Apache-2.0 */
/* A bridge between a socketpair and a stack socket, in every order of ending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/fdbridge.h"
#include "tests/unit/host_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 300000u

struct bench {
    struct host_lab lab;
    struct fdbridge *b;
    int fd;                     /* the program's end */
    int s, far;                 /* sockets: ours (the bridge's), and the far host's */
    unsigned closed;
    int err;
    struct fdbridge *other;     /* closed by on_closed() too */
};

static void on_closed(void *arg, int err)
{
    struct bench *b = arg;
    b->closed++;
    b->err = err;
    b->b = NULL;
    fdbridge_close(b->other);
    b->other = NULL;
}

static struct fdbridge *bridge(struct bench *b, int s, int *program_end)
{
    int pair[2];
    struct fdbridge *out;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    *program_end = pair[0];
    assert_int_equal(fdbridge_open(&out, &b->lab.rig, s, pair[1], on_closed, b), 0);
    return out;
}

static void bench_open(struct bench *b)
{
    *b = (struct bench){ .closed = 0 };
    host_lab_open(&b->lab, NULL);
    host_lab_connect(&b->lab, &b->s, &b->far);
    b->b = bridge(b, b->s, &b->fd);
}

/* All bridges and far sockets are closed: nothing is left but TIME_WAIT. */
static void bench_close(struct bench *b)
{
    assert_null(b->b);
    host_lab_run(&b->lab, HL_S);
    assert_int_equal(host_lab_sockets(b->lab.rig.me.net), 0);
    assert_int_equal(host_lab_sockets(b->lab.far.net), 0);
    host_lab_close(&b->lab);
}

/* --- the far end and the program, byte by byte of the same text ------------------- */

static size_t fd_write(struct bench *b, size_t at, size_t until)
{
    uint8_t buf[3000];
    size_t n = 0;
    while (n < sizeof(buf) && at + n < until) {
        buf[n] = host_lab_byte(at + n);
        n++;
    }
    ssize_t put = n ? send(b->fd, buf, n, MSG_NOSIGNAL) : 0;
    return put > 0 ? (size_t)put : 0;
}

static size_t far_write(struct bench *b, size_t at, size_t until)
{
    uint8_t buf[3000];
    size_t n = 0;
    while (n < sizeof(buf) && at + n < until) {
        buf[n] = host_lab_byte(at + n);
        n++;
    }
    ssize_t put = n ? net_send(b->lab.far.net, b->far, buf, n) : 0;
    return put > 0 ? (size_t)put : 0;
}

/* Returns bytes read and compared, 0 nothing there, -1 the end. */
static int check_text(const uint8_t *buf, ssize_t n, size_t at)
{
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(buf[i], host_lab_byte(at + (size_t)i));
    return (int)n;
}

static int fd_read(struct bench *b, size_t at)
{
    uint8_t buf[5000];
    ssize_t n = read(b->fd, buf, sizeof(buf));
    if (n < 0) {
        assert_int_equal(errno, EAGAIN);
        return 0;
    }
    return n == 0 ? -1 : check_text(buf, n, at);
}

static int far_read(struct bench *b, size_t at)
{
    uint8_t buf[5000];
    ssize_t n = net_recv(b->lab.far.net, b->far, buf, sizeof(buf));
    if (n < 0) {
        assert_int_equal(n, -EAGAIN);
        return 0;
    }
    return n == 0 ? -1 : check_text(buf, n, at);
}

/* Read until the end of the stream; it must come, with @want bytes before it. */
static void read_all(struct bench *b, int (*from)(struct bench *b, size_t at), size_t at,
                     size_t want)
{
    unsigned idle = 0;
    int n;
    while ((n = from(b, at)) >= 0) {
        at += (size_t)n;
        idle = host_lab_turn(&b->lab) || n ? 0 : idle + 1;
        assert_true(idle < 10 && b->lab.now_ns < 100 * HL_S);
    }
    assert_int_equal(at, want);
}

static void far_read_all(struct bench *b, size_t at, size_t want)
{
    read_all(b, far_read, at, want);
}

static void fd_read_all(struct bench *b, size_t at, size_t want)
{
    read_all(b, fd_read, at, want);
}

/* --- tests ------------------------------------------------------------------------ */

static void both_ways_at_once(void **state)
{
    struct bench b;
    size_t up = 0, down = 0, up_got = 0, down_got = 0;
    (void)state;
    bench_open(&b);
    while (up_got < MANY || down_got < MANY) {
        up += fd_write(&b, up, MANY);
        down += far_write(&b, down, MANY);
        host_lab_turn(&b.lab);
        up_got += (size_t)far_read(&b, up_got);
        down_got += (size_t)fd_read(&b, down_got);
        assert_true(b.lab.now_ns < 100 * HL_S);
    }
    assert_int_equal(b.closed, 0);
    fdbridge_close(b.b);
    b.b = NULL;
    assert_int_equal(read(b.fd, &up, 1), 0);
    far_read_all(&b, up_got, up_got);
    close(b.fd);
    net_close(b.lab.far.net, b.far);
    bench_close(&b);
}

/* The program has sent all and waits for the answer: its half goes, the other stays. */
static void program_ends_first(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    size_t up = fd_write(&b, 0, 1000);
    shutdown(b.fd, SHUT_WR);
    far_read_all(&b, 0, up);
    assert_int_equal(b.closed, 0);
    size_t down = 0;
    while (down < 20000)
        down += far_write(&b, down, 20000);
    net_close(b.lab.far.net, b.far);
    fd_read_all(&b, 0, 20000);
    assert_int_equal(b.closed, 1);
    assert_int_equal(b.err, 0);
    close(b.fd);
    bench_close(&b);
}

static void far_end_ends_first(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    size_t down = far_write(&b, 0, 1000);
    net_shutdown(b.lab.far.net, b.far, NET_SHUT_WR);
    fd_read_all(&b, 0, down);
    assert_int_equal(b.closed, 0);
    size_t up = 0;
    while (up < 50000) {
        up += fd_write(&b, up, 50000);
        host_lab_turn(&b.lab);
    }
    close(b.fd);        /* with data still on its way */
    far_read_all(&b, 0, 50000);
    host_lab_run(&b.lab, HL_MS);
    assert_int_equal(b.closed, 1);
    assert_int_equal(b.err, 0);
    net_close(b.lab.far.net, b.far);
    bench_close(&b);
}

/* The program is gone, what it wrote is not. */
static void program_goes_away(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    size_t up = 0, n;
    while ((n = fd_write(&b, up, MANY)) > 0)
        up += n;
    close(b.fd);
    far_read_all(&b, 0, up);
    assert_true(up > 20000);
    host_lab_run(&b.lab, HL_MS);
    assert_int_equal(b.closed, 1);
    net_close(b.lab.far.net, b.far);
    bench_close(&b);
}

/* What came before the bridge was there, its change long seen, is not waited for. */
static void data_before_the_bridge(void **state)
{
    struct bench b = { .closed = 0 };
    (void)state;
    host_lab_open(&b.lab, NULL);
    host_lab_connect(&b.lab, &b.s, &b.far);
    size_t down = far_write(&b, 0, 2500);
    net_close(b.lab.far.net, b.far);
    host_lab_run(&b.lab, HL_S);
    b.b = bridge(&b, b.s, &b.fd);
    host_lab_run(&b.lab, HL_S);
    assert_int_equal(fd_read(&b, 0), (int)down);
    assert_int_equal(fd_read(&b, down), -1);
    close(b.fd);
    host_lab_run(&b.lab, HL_S);
    assert_int_equal(b.closed, 1);
    bench_close(&b);
}

static void refused(void **state)
{
    struct bench b = { .closed = 0 };
    (void)state;
    host_lab_open(&b.lab, NULL);
    b.s = net_socket(b.lab.rig.me.net, NET_STREAM);
    assert_int_equal(net_connect(b.lab.rig.me.net, b.s, HL_FAR, 4001), -EINPROGRESS);
    b.b = bridge(&b, b.s, &b.fd);
    size_t up = fd_write(&b, 0, 1000);      /* before there is a connection */
    assert_int_equal(up, 1000);
    host_lab_run(&b.lab, HL_S);
    assert_int_equal(b.closed, 1);
    assert_int_equal(b.err, -ECONNREFUSED);
    uint8_t one;
    ssize_t n = read(b.fd, &one, 1);
    assert_true(n == 0 || (n < 0 && errno != EAGAIN));
    close(b.fd);
    bench_close(&b);
}

static void reset_in_mid_transfer(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    size_t up = 0;
    for (int i = 0; i < 20; i++) {
        up += fd_write(&b, up, MANY);
        host_lab_turn(&b.lab);
    }
    net_abort(b.lab.far.net, b.far);
    host_lab_run(&b.lab, HL_S);
    assert_int_equal(b.closed, 1);
    assert_int_equal(b.err, -ECONNRESET);
    close(b.fd);
    bench_close(&b);
}

/* The handler of one bridge's end closes another that is ready as well. */
static void closed_handler_closes_another(void **state)
{
    struct bench b;
    int fd2, s2, far1, far2;
    (void)state;
    bench_open(&b);
    far1 = b.far;
    host_lab_connect(&b.lab, &s2, &far2);
    b.other = bridge(&b, s2, &fd2);
    host_lab_run(&b.lab, HL_MS);
    assert_int_equal(write(b.fd, "x", 1), 1);
    assert_int_equal(write(fd2, "x", 1), 1);
    net_abort(b.lab.far.net, far1);
    net_abort(b.lab.far.net, far2);
    host_lab_run(&b.lab, HL_S);
    assert_int_equal(b.closed, 1);
    assert_null(b.other);
    close(b.fd);
    close(fd2);
    bench_close(&b);
}

static void close_at_any_moment(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 60; turns += 3) {
        struct bench b;
        size_t up = 0, down = 0;
        bench_open(&b);
        for (unsigned i = 0; i < turns; i++) {
            up += fd_write(&b, up, MANY);
            down += far_write(&b, down, MANY);
            host_lab_turn(&b.lab);
        }
        fdbridge_close(b.b);
        b.b = NULL;
        close(b.fd);
        net_abort(b.lab.far.net, b.far);
        bench_close(&b);
        assert_int_equal(b.closed, 0);
    }
}

/* Whatever the result, socket and descriptor are given away. */
static void open_fails(void **state)
{
    struct bench b = { .closed = 0 };
    struct fdbridge *out = NULL;
    (void)state;
    host_lab_open(&b.lab, NULL);
    host_lab_connect(&b.lab, &b.s, &b.far);
    assert_int_equal(fdbridge_open(&out, &b.lab.rig, b.s, -1, on_closed, &b), -EBADF);
    assert_null(out);
    assert_int_equal(net_recv(b.lab.rig.me.net, b.s, &out, 1), -EBADF);
    int file = open("/proc/self/status", O_RDONLY);     /* epoll takes no regular files */
    b.s = net_socket(b.lab.rig.me.net, NET_STREAM);
    assert_int_equal(fdbridge_open(&out, &b.lab.rig, b.s, file, on_closed, &b), -EPERM);
    assert_int_equal(fcntl(file, F_GETFD), -1);
    net_close(b.lab.far.net, b.far);
    bench_close(&b);
    fdbridge_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_at_once),
        cmocka_unit_test(program_ends_first),
        cmocka_unit_test(far_end_ends_first),
        cmocka_unit_test(program_goes_away),
        cmocka_unit_test(data_before_the_bridge),
        cmocka_unit_test(refused),
        cmocka_unit_test(reset_in_mid_transfer),
        cmocka_unit_test(closed_handler_closes_another),
        cmocka_unit_test(close_at_any_moment),
        cmocka_unit_test(open_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
