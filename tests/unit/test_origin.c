/* SPDX-License-Identifier: Apache-2.0 */
/* A web origin as an AF_UNIX path, on a real rig with the peer as its server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/compose.h"
#include "host/origin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
    struct opts opts;
    struct rig rig;
    struct origin *o;
    int told, err;
};

static void on_ready(void *arg, int err)
{
    struct bench *b = arg;
    b->told++;
    b->err = err;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    char *argv[] = { (char[]){ "lanyard" }, (char[]){ "--wire" }, (char[]){ "peer" }, NULL };
    assert_int_equal(opts_parse(&b->opts, 3, argv), EXIT_DONE);
    assert_int_equal(rig_open(&b->rig, &b->opts), EXIT_DONE);
    assert_true(b->rig.run.fd >= 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    struct stat st;
    char path[64] = "";
    if (b->o)
        snprintf(path, sizeof(path), "%s", origin_path(b->o));
    origin_close(b->o);
    assert_int_equal(stat(path, &st), -1);      /* its path is gone */
    assert_int_equal(rig_close(&b->rig, EXIT_DONE), EXIT_DONE);
    free(b);
    return 0;
}
#define ORIGIN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void turns(struct bench *b, int n)
{
    while (n-- > 0)
        assert_int_equal(rig_turn(&b->rig), EXIT_DONE);
}

static int connect_to(const struct bench *b)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", origin_path(b->o));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* The first bytes that come, or "" at the end of the stream. */
static void answer(struct bench *b, int fd, char out[100])
{
    ssize_t n;
    for (int i = 0; (n = read(fd, out, 99)) < 0 && errno == EAGAIN && i < 10000; i++)
        turns(b, 1);
    out[n > 0 ? n : 0] = '\0';
}

static void private_path(void **state)
{
    struct bench *b = *state;
    struct stat st;
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 80, on_ready, b), 0);
    assert_int_equal(stat(origin_path(b->o), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void by_address(void **state)
{
    struct bench *b = *state;
    char got[100];
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 80, on_ready, b), 0);
    assert_int_equal(b->told, 1);       /* nothing to ask: at once */
    int fd = connect_to(b);
    assert_int_equal(send(fd, "HEAD / HTTP/1.0\r\n\r\n", 19, 0), 19);
    answer(b, fd, got);
    assert_memory_equal(got, "HTTP/1.1 200 OK\r\n", 17);
    assert_int_equal(origin_error(b->o), 0);
    close(fd);
}

static void by_name(void **state)
{
    struct bench *b = *state;
    assert_int_equal(origin_open(&b->o, &b->rig, "peer", 80, on_ready, b), 0);
    assert_int_equal(b->told, 0);
    for (int i = 0; i < 1000 && !b->told; i++)
        turns(b, 1);
    assert_int_equal(b->err, 0);
    turns(b, 10);
    assert_int_equal(b->told, 1);
}

static void absent_name(void **state)
{
    struct bench *b = *state;
    assert_int_equal(origin_open(&b->o, &b->rig, "absent", 80, on_ready, b), 0);
    for (int i = 0; i < 1000 && !b->told; i++)
        turns(b, 1);
    assert_int_equal(b->err, -ENOENT);
}

static void bad_name(void **state)
{
    struct bench *b = *state;
    assert_int_equal(origin_open(&b->o, &b->rig, "a..b", 80, on_ready, b), -EINVAL);
    assert_null(b->o);
    assert_int_equal(b->told, 0);
}

/* Closed while its question is under way and a connection waits. */
static void closed_early(void **state)
{
    struct bench *b = *state;
    assert_int_equal(origin_open(&b->o, &b->rig, "peer", 80, on_ready, b), 0);
    int fd = connect_to(b);
    origin_close(b->o);
    b->o = NULL;
    turns(b, 100);
    assert_int_equal(b->told, 0);
    close(fd);
}

/* The error is that of the newest connection: a later one that works clears it. */
static void error_of_the_newest(void **state)
{
    struct bench *b = *state;
    char got[100];
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 81, on_ready, b), 0);
    int fd = connect_to(b);
    answer(b, fd, got);
    assert_string_equal(got, "");
    assert_int_equal(origin_error(b->o), -ECONNREFUSED);
    close(fd);
    fd = connect_to(b);
    turns(b, 1);
    assert_int_equal(origin_error(b->o), 0);
    close(fd);
    turns(b, 100);
}

/* Another process that connects, as each lanyard does to find what is left over, is no
 * libcurl: it is not a connection, so what became of the newest one is still to be told. */
static void another_process(void **state)
{
    struct bench *b = *state;
    char got[100];
    int status;
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 81, on_ready, b), 0);
    int fd = connect_to(b);
    answer(b, fd, got);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        close(connect_to(b));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    turns(b, 4);
    assert_int_equal(origin_error(b->o), -ECONNREFUSED);
}

/* More connections than there is room for: refused, and none of the others is hurt. */
static void too_many(void **state)
{
    enum { MANY = 16 };
    struct bench *b = *state;
    int fd[MANY + 1];
    char got[100];
    /* What keeps time going while all connections idle. */
    struct loop_timer t = { .at_ns = INT64_MAX };
    loop_timer_set(b->rig.loop, &t, INT64_MAX - 1);
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 80, on_ready, b), 0);
    for (int i = 0; i <= MANY; i++) {
        fd[i] = connect_to(b);
        turns(b, 100);
    }
    assert_int_equal(origin_error(b->o), -EMFILE);
    answer(b, fd[MANY], got);
    assert_string_equal(got, "");
    assert_int_equal(send(fd[0], "HEAD / HTTP/1.0\r\n\r\n", 19, 0), 19);
    answer(b, fd[0], got);
    assert_memory_equal(got, "HTTP/1.1 200 OK\r\n", 17);
    for (int i = 0; i <= MANY; i++)
        close(fd[i]);
    loop_timer_set(b->rig.loop, &t, INT64_MAX);
}

/* No descriptor for the connection: it ends at once, and time goes on. */
static void no_descriptors(void **state)
{
    struct bench *b = *state;
    struct rlimit old, none;
    char got[100];
    assert_int_equal(origin_open(&b->o, &b->rig, "10.9.0.2", 80, on_ready, b), 0);
    int fd = connect_to(b);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int64_t now = rig_now(&b->rig);
    turns(b, 3);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(origin_error(b->o), -EMFILE);
    assert_true(rig_now(&b->rig) > now);
    answer(b, fd, got);
    assert_string_equal(got, "");
    close(fd);
}

/* Without the folder there is no path, and nothing is left over. */
static void no_folder(void **state)
{
    struct bench *b = *state;
    int fd = b->rig.run.fd;
    b->rig.run.fd = -1;
    assert_true(origin_open(&b->o, &b->rig, "10.9.0.2", 80, on_ready, b) < 0);
    assert_null(b->o);
    b->rig.run.fd = fd;
}

/* More names at once than the resolver has places: the last ones wait. */
static void more_than_the_resolver_takes(void **state)
{
    enum { MANY = 40 };
    struct bench *b = *state;
    struct origin *o[MANY];
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(origin_open(&o[i], &b->rig, "peer", (uint16_t)(80 + i), on_ready, b), 0);
    for (int n = 0; n < 10000 && b->told < MANY; n++)
        turns(b, 1);
    assert_int_equal(b->told, MANY);
    assert_int_equal(b->err, 0);
    for (unsigned i = 0; i < MANY; i++)
        origin_close(o[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ORIGIN_TEST(private_path),
        ORIGIN_TEST(by_address),
        ORIGIN_TEST(by_name),
        ORIGIN_TEST(absent_name),
        ORIGIN_TEST(bad_name),
        ORIGIN_TEST(closed_early),
        ORIGIN_TEST(error_of_the_newest),
        ORIGIN_TEST(another_process),
        ORIGIN_TEST(too_many),
        ORIGIN_TEST(no_descriptors),
        ORIGIN_TEST(no_folder),
        ORIGIN_TEST(more_than_the_resolver_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
