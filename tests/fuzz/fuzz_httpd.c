/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests: the input is what a client sends, in pieces, before it closes its side. The
 * server must answer each request once, in order, with bodies of the length that it promises,
 * and let go of everything when the client goes. RFC 9112 2.2, 6.3, 9.6.
 */
#include "host/httpd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/host_lab.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define INPUT_MAX 4096u
#define ANSWERS_MAX (INPUT_MAX / 16u + 1)       /* no request is shorter */
#define ROOM (ANSWERS_MAX * 4096u)      /* no answer is longer: a location has 3300 */
#define BIG_BYTES 3000u

struct answer {
    int status;
    uint64_t bytes;
    bool head;
};

struct run {
    struct host_lab lab;
    struct httpd *h;
    int s;
    uint8_t big[BIG_BYTES];
    char *got;
    size_t got_len;
    bool ended;
    struct answer answer[ANSWERS_MAX];
    unsigned n;
};

/* --- the server's side ------------------------------------------------------------ */

static int open_body(void *arg, const char *path, struct httpd_body *out)
{
    struct run *r = arg;
    assert(path[0] == '/' && !strstr(path, "//") && !strstr(path, "/../"));
    *out = (struct httpd_body){ .mem = r->big, .fd = -1, .type = httpd_type(path) };
    if (!strcmp(path, "/big"))
        out->len = BIG_BYTES;
    else if (!strcmp(path, "/"))
        out->len = 6;
    else
        return !strcmp(path, "/dir") ? -EISDIR : -ENOENT;
    return 0;
}

static time_t now(void *arg)
{
    (void)arg;
    return 1767225600;
}

static void log_answer(void *arg, const char *method, const char *target, int status,
                       uint64_t bytes)
{
    struct run *r = arg;
    assert(strlen(method) < 24 && strlen(target) < 1024 && r->n < ANSWERS_MAX);
    r->answer[r->n++] = (struct answer){ status, bytes, !strcmp(method, "HEAD") };
}

/* --- the client's side ------------------------------------------------------------ */

static void hear(struct run *r)
{
    ssize_t n;
    while (!r->ended && (n = net_recv(r->lab.rig.me.net, r->s, r->got + r->got_len,
                                      ROOM - 1 - r->got_len)) != -EAGAIN) {
        assert(n >= 0);     /* nothing that a client sends makes the server reset it */
        r->ended = n == 0;
        r->got_len += (size_t)n;
        assert(r->got_len < ROOM - 1);
    }
}

static void send_piece(struct run *r, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t k = net_send(r->lab.rig.me.net, r->s, p, n);
        assert(k > 0 || k == -EAGAIN);
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
        host_lab_run(&r->lab, HL_MS / 10);
        hear(r);
    }
}

static void talk(struct run *r, const uint8_t *p, size_t n, size_t piece)
{
    for (; n > piece; p += piece, n -= piece)
        send_piece(r, p, piece);
    send_piece(r, p, n);
    assert(net_shutdown(r->lab.rig.me.net, r->s, NET_SHUT_WR) == 0);
    for (int i = 0; i < 100 && !r->ended; i++) {
        host_lab_run(&r->lab, 100 * HL_MS);
        hear(r);
    }
    assert(r->ended);
    r->got[r->got_len] = '\0';
}

/* Read what came as a client would, by its lengths alone. */
static void check_answers(const struct run *r)
{
    const char *at = r->got;
    for (unsigned i = 0; i < r->n; i++) {
        const struct answer *a = &r->answer[i];
        const char *end = strstr(at, "\r\n\r\n"), *len = strstr(at, "Content-Length: ");
        assert(!strncmp(at, "HTTP/1.1 ", 9) && atoi(at + 9) == a->status);
        assert(end && len && len < end);
        unsigned long long promised = strtoull(len + 16, NULL, 10);
        assert(a->status != 200 || a->bytes == (a->head ? 0 : promised));
        at = end + 4 + (a->head ? 0 : promised);
        assert(at <= r->got + r->got_len);
    }
    assert(at == r->got + r->got_len);
}

/* One connection: @first, a request of ours, then the input in pieces. */
static struct run *converse(const char *first, const uint8_t *data, size_t size, size_t piece)
{
    struct run *r = calloc(1, sizeof(*r));
    assert(r && (r->got = malloc(ROOM)) != NULL);
    memset(r->big, 'b', sizeof(r->big));
    host_lab_open(&r->lab, NULL);
    const struct httpd_source src = { .arg = r, .open = open_body, .now = now, .log = log_answer };
    assert(httpd_open(&r->h, &r->lab.far, 80, &src) == 0);
    r->s = net_socket(r->lab.rig.me.net, NET_STREAM);
    assert(net_connect(r->lab.rig.me.net, r->s, HL_FAR, 80) == -EINPROGRESS);
    host_lab_run(&r->lab, HL_MS);
    send_piece(r, (const uint8_t *)first, strlen(first));
    talk(r, data, size, piece);
    check_answers(r);
    assert(net_close(r->lab.rig.me.net, r->s) == 0);
    host_lab_run(&r->lab, HL_S);
    assert(host_lab_sockets(r->lab.far.net) == 0);
    httpd_close(r->h);
    host_lab_close(&r->lab);
    free(r->got);
    return r;
}

/* Neither the pieces nor an earlier request on the connection changes the answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > INPUT_MAX)
        return 0;
    struct run *alone = converse("", data + 1, size - 1, 1 + data[0] * 8u);
    struct run *after = converse("GET / HTTP/1.1\r\nHost: x\r\n\r\n", data + 1, size - 1, 1000);
    assert(after->n == alone->n + 1 && after->answer[0].status == 200);
    for (unsigned i = 0; i < alone->n; i++)
        assert(after->answer[i + 1].status == alone->answer[i].status);
    free(alone);
    free(after);
    return 0;
}
