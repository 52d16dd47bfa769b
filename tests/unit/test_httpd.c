/* SPDX-License-Identifier: Apache-2.0 */
/* The file server on the far host, asked by hand from ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/httpd.h"
#include "tests/unit/host_lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIG_BYTES 200000u
#define ROOM (1u << 20)
#define NOW 1767225600      /* Thu, 01 Jan 2026 00:00:00 GMT */

struct bench {
    struct host_lab lab;
    struct httpd *h;
    int s;                      /* the client */
    uint8_t big[BIG_BYTES];
    char *got;                  /* what came, zero-terminated */
    size_t got_len;
    int end;                    /* 0 open, 1 end of stream, or the negative errno */
    char log[400];
    unsigned logged;
};

/* --- the source --------------------------------------------------------------- */

static int temp_file(const uint8_t *p, size_t n)
{
    char name[] = "/tmp/test_httpd-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int open_body(void *arg, const char *path, struct httpd_body *out)
{
    struct bench *b = arg;
    static const uint8_t small[] = "small\n";
    *out = (struct httpd_body){ .fd = -1, .type = httpd_type(path) };
    if (!strcmp(path, "/") || !strcmp(path, "/small.txt")) {
        out->mem = small;
        out->len = 6;
        out->mtime = NOW - 86400;
    } else if (!strcmp(path, "/tomorrow")) {
        out->mem = small;
        out->mtime = NOW + 86400;
    } else if (!strcmp(path, "/empty")) {
        out->mem = small;
    } else if (!strcmp(path, "/big.png")) {
        out->mem = b->big;
        out->len = BIG_BYTES;
    } else if (!strcmp(path, "/file")) {
        out->fd = temp_file(b->big, 50000);
        out->len = 50000;
    } else if (!strcmp(path, "/cut")) {         /* shorter than it was when it was opened */
        out->fd = temp_file(b->big, 30000);
        out->len = 50000;
    } else {
        return !strncmp(path, "/dir", 4) ? -EISDIR : !strcmp(path, "/shut") ? -EACCES
               : !strcmp(path, "/below/file") ? -ENOTDIR : !strcmp(path, "/many") ? -EMFILE
               : -ENOENT;
    }
    return 0;
}

static time_t now(void *arg)
{
    (void)arg;
    return NOW;
}

static void log_line(void *arg, const char *method, const char *target, int status, uint64_t bytes)
{
    struct bench *b = arg;
    b->logged++;
    snprintf(b->log, sizeof(b->log), "%s %.300s %d %llu", method, target, status,
             (unsigned long long)bytes);
}

/* --- the client ----------------------------------------------------------------- */

static void client(struct bench *b)
{
    b->s = net_socket(b->lab.rig.me.net, NET_STREAM);
    assert_int_equal(net_connect(b->lab.rig.me.net, b->s, HL_FAR, 80), -EINPROGRESS);
    b->got_len = 0;
    b->got[0] = '\0';
    b->end = 0;
    host_lab_run(&b->lab, HL_MS);
}

static void bench_open_with(struct bench *b, const struct host_lab_cfg *cfg)
{
    memset(b, 0, sizeof(*b));
    for (size_t i = 0; i < BIG_BYTES; i++)
        b->big[i] = host_lab_byte(i);
    b->got = malloc(ROOM);
    assert_non_null(b->got);
    host_lab_open(&b->lab, cfg);
    const struct httpd_source src = { .arg = b, .open = open_body, .now = now, .log = log_line };
    assert_int_equal(httpd_open(&b->h, &b->lab.far, 80, &src), 0);
    client(b);
}

static struct bench *bench_open(void)
{
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    bench_open_with(b, NULL);
    return b;
}

/* The client is closed already: the server must have let go of everything by itself. */
static void bench_close(struct bench *b)
{
    host_lab_run(&b->lab, HL_S);
    assert_int_equal(host_lab_sockets(b->lab.far.net), 0);
    httpd_close(b->h);
    host_lab_run(&b->lab, HL_S);
    host_lab_close(&b->lab);
    free(b->got);
    free(b);
}

static void done(struct bench *b)
{
    net_close(b->lab.rig.me.net, b->s);
    bench_close(b);
}

static void send_bytes(struct bench *b, const char *p, size_t n)
{
    while (n) {
        ssize_t k = net_send(b->lab.rig.me.net, b->s, p, n);
        if (k == -EAGAIN) {
            assert_true(host_lab_turn(&b->lab));
            continue;
        }
        assert_true(k > 0);
        p += k;
        n -= (size_t)k;
    }
}

static void ask(struct bench *b, const char *text)
{
    send_bytes(b, text, strlen(text));
}

/* Take what came within @ns. */
static void listen_for(struct bench *b, int64_t ns)
{
    int64_t until = b->lab.now_ns + ns;
    bool due = true;
    while (!b->end && due && b->lab.now_ns < until) {
        due = host_lab_turn(&b->lab);
        ssize_t n = net_recv(b->lab.rig.me.net, b->s, b->got + b->got_len, ROOM - 1 - b->got_len);
        if (n > 0)
            b->got_len += (size_t)n;
        else if (n != -EAGAIN)
            b->end = n == 0 ? 1 : (int)n;
    }
    b->got[b->got_len] = '\0';
}

/* Ask and hear the answer, which then stands alone in got. */
static void exchange(struct bench *b, const char *text)
{
    b->got_len = 0;
    ask(b, text);
    listen_for(b, HL_S);
}

static int status(const char *answer)
{
    int code = 0;
    return sscanf(answer, "HTTP/1.1 %d ", &code) == 1 ? code : -1;
}

static const char *body(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

#define HOST "Host: far\r\n"

/* --- what is asked ------------------------------------------------------------------ */

static void get(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "GET /small.txt HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(b->got, "HTTP/1.1 200 OK\r\nServer: lanyard\r\n"
                                "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n"
                                "Last-Modified: Wed, 31 Dec 2025 00:00:00 GMT\r\n"
                                "Connection: keep-alive\r\n\r\nsmall\n");
    assert_string_equal(b->log, "GET /small.txt 200 6");
    exchange(b, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(body(b->got), "");
    assert_int_equal(b->end, 0);
    done(b);
}

static void check_big(const struct bench *b, size_t n)
{
    const char *at = body(b->got);
    assert_int_equal(b->got_len - (size_t)(at - b->got), n);
    assert_memory_equal(at, b->big, n);
}

static void large_bodies(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "GET /big.png HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(b->got, "Content-Type: image/png\r\n"));
    check_big(b, BIG_BYTES);
    exchange(b, "GET /file HTTP/1.1\r\n" HOST "\r\n");
    check_big(b, 50000);
    done(b);
}

/* Clause: RFC 9110 9.3.2 */
static void head(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "HEAD /file HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(b->got, "Content-Length: 50000\r\n"));
    assert_string_equal(body(b->got), "");
    exchange(b, "HEAD /none HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(status(b->got), 404);
    assert_string_equal(body(b->got), "");
    /* What follows a HEAD is not one. */
    exchange(b, "GET /" "none HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(body(b->got), "404 Not Found\n");
    done(b);
}

static void errors_of_the_source(void **state)
{
    static const struct { const char *path; int status; } cases[] = {
        { "/none", 404 }, { "/below/file", 404 }, { "/shut", 403 }, { "/many", 500 },
        { "/%zz", 400 }, { "*", 400 }, { "/a%00b", 400 },
    };
    (void)state;
    struct bench *b = bench_open();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].path);
        exchange(b, text);
        assert_int_equal(status(b->got), cases[i].status);
        assert_int_equal(b->end, 0);
    }
    done(b);
}

/* The path in Location is one of a URI again, and no header of its own making. */
/* Clause: RFC 3986 2.1, RFC 9110 10.2.2 */
static void redirect_is_encoded(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "GET /dir HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(status(b->got), 301);
    assert_non_null(strstr(b->got, "\r\nLocation: /dir/\r\n"));
    exchange(b, "GET /dir%20a%0d%0aX:%20y%3fz HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(b->got, "\r\nLocation: /dir%20a%0D%0AX%3A%20y%3Fz/\r\n"));
    done(b);
}

/* Clause: RFC 9112 2.2, RFC 9112 3, RFC 9112 3.2, RFC 9112 5.1, RFC 9112 5.2 */
static void refused(void **state)
{
    static const struct { const char *text; int status; } cases[] = {
        { "nonsense\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
        { "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET / HTTP/x.1\r\n" HOST "\r\n", 400 },
        { "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost : far\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "A: b\nContent-Length: 3\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: abc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length: 0 0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a/c\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 405 },
        { "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", 405 },
    };
    (void)state;
    struct bench *b = bench_open();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        exchange(b, cases[i].text);
        assert_int_equal(status(b->got), cases[i].status);
        assert_int_equal(b->end, 1);
        assert_int_equal(count(b->got, "HTTP/1.1 "), 1);
        net_close(b->lab.rig.me.net, b->s);
        client(b);
    }
    assert_non_null(strstr(b->log, " 405 "));
    exchange(b, "POST / HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(b->got, "\r\nAllow: GET, HEAD\r\n"));
    done(b);
}

/* Clause: RFC 9110 8.8.2.1 */
static void modified_in_the_future(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "GET /tomorrow HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(b->got, "\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
    done(b);
}

/* Clause: RFC 9112 2.2, RFC 9112 3.2.2, RFC 9112 9.3 */
static void accepted(void **state)
{
    static const char *const cases[] = {
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET http://far/ HTTP/1.1\r\nhOST: far\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\t\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length:  00\t\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.2\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: not-close, closed\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    };
    (void)state;
    struct bench *b = bench_open();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        exchange(b, cases[i]);
        assert_int_equal(status(b->got), 200);
        assert_non_null(strstr(b->got, "\r\nConnection: keep-alive\r\n"));
        assert_int_equal(b->end, 0);
    }
    done(b);
}

/* What came before such a request is answered, what comes behind is not. */
/* Clause: RFC 9112 9.6 */
static void closes_when_it_must(void **state)
{
    static const char *const cases[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: a, Close\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Connection: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: 44\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    };
    (void)state;
    struct bench *b = bench_open();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(b, "GET /small.txt HTTP/1.1\r\n" HOST "\r\n");
        ask(b, cases[i]);
        exchange(b, "GET /none HTTP/1.1\r\n" HOST "\r\n");
        assert_int_equal(count(b->got, "HTTP/1.1 200 OK"), 2);
        assert_int_equal(count(b->got, "HTTP/1.1"), 2);
        assert_non_null(strstr(b->got, "\r\nConnection: close\r\n"));
        assert_int_equal(b->end, 1);
        net_close(b->lab.rig.me.net, b->s);
        client(b);
    }
    done(b);
}

/* --- how it comes --------------------------------------------------------------------- */

static void split_at_every_byte(void **state)
{
    static const char text[] = "GET /small.txt HTTP/1.1\r\n" HOST "\r\n"
                               "HEAD /small.txt HTTP/1.1\r\n" HOST "\r\n";
    (void)state;
    struct bench *b = bench_open();
    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        b->got_len = 0;
        send_bytes(b, text, cut);
        listen_for(b, 10 * HL_MS);
        send_bytes(b, text + cut, sizeof(text) - 1 - cut);
        listen_for(b, 10 * HL_MS);
        assert_int_equal(count(b->got, "HTTP/1.1 200 OK"), 2);
        assert_int_equal(count(b->got, "small\n"), 1);
    }
    done(b);
}

/* The far stack works, but its programs get no turn. */
static void server_sleeps(struct bench *b, int64_t ns)
{
    int64_t until = b->lab.now_ns + ns, next;
    while (b->lab.now_ns < until) {
        assert_int_equal(node_poll(&b->lab.rig.me, b->lab.now_ns), 0);
        assert_int_equal(net_poll(b->lab.far.net, b->lab.now_ns, &next), 0);
        next = fake_link_advance(b->lab.now_ns, b->lab.rig.me.next_ns, next, b->lab.link,
                                 b->lab.far_link);
        b->lab.now_ns = next < until ? next : until;
    }
}

/* Requests that do not fit the buffer together, cut anywhere, all there at once: few and
 * long ones, whose answers leave so much room that no change of it wakes the server, and
 * many. */
/* Clause: RFC 9112 9.3.2 */
static void pipelined(void **state)
{
    static const unsigned many[] = { 30, 600 }, pad[] = { 400, 1 };
    (void)state;
    struct bench *b = bench_open();
    for (int k = 0; k < 2; k++) {
        b->got_len = b->logged = 0;
        for (unsigned i = 0; i < many[k]; i++) {
            char text[600];
            snprintf(text, sizeof(text), "GET /small.txt HTTP/1.1\r\n" HOST "X: %0*d\r\n\r\n",
                     (int)pad[k], 0);
            ask(b, text);
        }
        server_sleeps(b, HL_S);
        listen_for(b, 5 * HL_S);
        assert_int_equal(count(b->got, "HTTP/1.1 200 OK"), many[k]);
        assert_int_equal(count(b->got, "small\n"), many[k]);
        assert_int_equal(b->logged, many[k]);
    }
    done(b);
}

/* The client has said all: what it asked for is still answered, then the server closes. */
static void half_closed_client(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    ask(b, "GET /big.png HTTP/1.1\r\n" HOST "\r\nGET /small.txt HTTP/1.1\r\n" HOST "\r\nGET /hal");
    net_shutdown(b->lab.rig.me.net, b->s, NET_SHUT_WR);
    listen_for(b, 5 * HL_S);
    assert_int_equal(b->end, 1);
    assert_int_equal(b->logged, 2);
    assert_string_equal(b->got + b->got_len - 6, "small\n");
    done(b);
}

static void oversized(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    static char text[20000];
    for (int i = 0; i < 3; i++) {
        memset(text, 'x', sizeof(text));
        memcpy(text, "GET /", 5);
        if (i == 1)         /* a target beyond our room, in a request that is whole */
            strcpy(text + 3000, " HTTP/1.1\r\n" HOST "\r\n");
        else if (i == 2)
            memcpy(text + 9, " HTTP/1.1\r\nX: ", 14);
        send_bytes(b, text, i == 1 ? strlen(text) : sizeof(text));
        listen_for(b, HL_S);
        assert_int_equal(status(b->got), i < 2 ? 414 : 431);
        assert_int_equal(b->end, 1);    /* and no reset for what it did not read */
        net_close(b->lab.rig.me.net, b->s);
        client(b);
    }
    send_bytes(b, "GET /\0 HTTP/1.1\r\n", 17);
    listen_for(b, HL_S);
    assert_int_equal(status(b->got), 400);
    /* A refusal is not that of the request before: the log is its own. */
    assert_string_equal(b->log, "  400 0");
    done(b);
}

static void slow_reader(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    bench_open_with(b, &(struct host_lab_cfg){ .far_sndbuf_bytes = 2000, .rcvbuf_bytes = 1500 });
    ask(b, "GET /big.png HTTP/1.1\r\n" HOST "\r\nGET /small.txt HTTP/1.1\r\n" HOST "\r\n");
    host_lab_run(&b->lab, 3 * HL_S);    /* the window is shut all the time */
    assert_int_equal(b->logged, 0);
    listen_for(b, 300 * HL_S);
    assert_int_equal(b->logged, 2);
    assert_memory_equal(body(b->got), b->big, BIG_BYTES);
    assert_int_equal(count(body(b->got) + BIG_BYTES, "small\n"), 1);
    done(b);
}

/* --- how it ends ---------------------------------------------------------------------- */

static void client_resets(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    for (int i = 0; i < 30; i++) {
        ask(b, "GET /file HTTP/1.1\r\n" HOST "\r\n");
        for (int k = 0; k < i; k++)
            host_lab_turn(&b->lab);
        net_abort(b->lab.rig.me.net, b->s);
        client(b);
    }
    exchange(b, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(status(b->got), 200);
    done(b);
}

/* Less than was promised can only end in a reset, never in what looks whole. */
/* Clause: RFC 9112 8 */
static void file_cut_while_sent(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    exchange(b, "GET /cut HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_int_equal(b->end, -ECONNRESET);
    assert_int_equal(b->logged, 0);
    done(b);
}

static void server_closes(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    ask(b, "GET /file HTTP/1.1\r\n" HOST "\r\n");
    for (int k = 0; k < 6; k++)
        host_lab_turn(&b->lab);
    httpd_close(b->h);
    b->h = NULL;
    host_lab_run(&b->lab, HL_MS);
    assert_int_equal(host_lab_sockets(b->lab.far.net), 0);
    done(b);
}

/* More clients than descriptors: who waits is served when another one has gone. */
static void more_clients_than_sockets(void **state)
{
    enum { CLIENTS = 12 };
    int s[CLIENTS];
    (void)state;
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    bench_open_with(b, &(struct host_lab_cfg){ .far_sockets = 8 });
    for (int i = 0; i < CLIENTS; i++) {
        client(b);
        s[i] = b->s;
        ask(b, "GET / HTTP/1.1\r\n" HOST "\r\n");
    }
    host_lab_run(&b->lab, HL_S);
    assert_int_equal(b->logged, 6);     /* one is the listener's, one was the bench's */
    for (int i = 0; i < 6; i++)
        net_close(b->lab.rig.me.net, s[i]);
    host_lab_run(&b->lab, 5 * HL_S);
    assert_int_equal(b->logged, CLIENTS);
    for (int i = 6; i < CLIENTS; i++)
        net_close(b->lab.rig.me.net, s[i]);
    net_close(b->lab.rig.me.net, 0);    /* the bench's */
    bench_close(b);
}

static void open_fails(void **state)
{
    (void)state;
    struct bench *b = bench_open();
    struct httpd *h = NULL;
    const struct httpd_source src = { .open = open_body, .now = now };
    assert_int_equal(httpd_open(&h, &b->lab.far, 80, &src), -EADDRINUSE);
    assert_null(h);
    httpd_close(NULL);
    done(b);
}

static void types(void **state)
{
    (void)state;
    assert_string_equal(httpd_type("/a.HTML"), "text/html; charset=utf-8");
    assert_string_equal(httpd_type("/a.tar.css"), "text/css");
    assert_string_equal(httpd_type("/a.b/c"), "application/octet-stream");
    assert_string_equal(httpd_type("/"), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(head),
        cmocka_unit_test(errors_of_the_source),
        cmocka_unit_test(redirect_is_encoded),
        cmocka_unit_test(refused),
        cmocka_unit_test(modified_in_the_future),
        cmocka_unit_test(accepted),
        cmocka_unit_test(closes_when_it_must),
        cmocka_unit_test(split_at_every_byte),
        cmocka_unit_test(pipelined),
        cmocka_unit_test(half_closed_client),
        cmocka_unit_test(oversized),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(client_resets),
        cmocka_unit_test(file_cut_while_sent),
        cmocka_unit_test(server_closes),
        cmocka_unit_test(more_clients_than_sockets),
        cmocka_unit_test(open_fails),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
