/* SPDX-License-Identifier: Apache-2.0 */
#include "host/httpd.h"

#include "host/compose.h"
#include "host/target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define REQUEST_MAX 8192u
#define CHUNK_BYTES 16384u
#define BACKLOG 64

struct conn {
    struct httpd *h;
    int s;
    char req[REQUEST_MAX + 1];
    size_t req_len;
    uint8_t out[CHUNK_BYTES];   /* header, then the body piece by piece */
    size_t out_at, out_len;
    struct httpd_body body;
    uint64_t body_left;
    bool have_body, close_after, closing;
    char method[8], target[1024];
    int status;
    uint64_t sent;
    struct conn *next;
};

struct httpd {
    struct node *n;
    int listener;
    struct httpd_source src;
    struct conn *conns;
};

static void conn_watch(struct conn *c, bool on);

const char *httpd_type(const char *path)
{
    static const struct { const char *end, *type; } types[] = {
        { ".html", "text/html; charset=utf-8" }, { ".htm", "text/html; charset=utf-8" },
        { ".css", "text/css" }, { ".js", "text/javascript" }, { ".json", "application/json" },
        { ".txt", "text/plain; charset=utf-8" }, { ".png", "image/png" }, { ".gif", "image/gif" },
        { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" }, { ".svg", "image/svg+xml" },
        { ".ico", "image/vnd.microsoft.icon" }, { ".pdf", "application/pdf" },
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcasecmp(dot, types[i].end))
            return types[i].type;
    return "application/octet-stream";
}

static const char *reason(int status)
{
    switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 505: return "HTTP Version Not Supported";
    default:  return "Internal Server Error";
    }
}

static void conn_free(struct conn *c, bool abort)
{
    struct conn **at = &c->h->conns;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    conn_watch(c, false);
    if (c->have_body && !c->body.mem)
        close(c->body.fd);
    if (abort)
        net_abort(c->h->n->net, c->s);
    else
        net_close(c->h->n->net, c->s);
    free(c);
}

static void http_date(char *out, size_t room, time_t t)
{
    static const char *const day[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const mon[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(out, room, "%s, %02d %s %04d %02d:%02d:%02d GMT", day[tm.tm_wday], tm.tm_mday,
             mon[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Status line and fields into out; body and its length as given. */
static void answer(struct conn *c, int status, const char *type, uint64_t len, time_t mtime,
                   const char *location)
{
    char date[64], modified[96] = "", where[1200] = "", at[64];
    http_date(date, sizeof(date), c->h->src.now(c->h->src.arg));
    if (mtime) {
        http_date(at, sizeof(at), mtime);
        snprintf(modified, sizeof(modified), "Last-Modified: %s\r\n", at);
    }
    if (location)
        snprintf(where, sizeof(where), "Location: %s\r\n", location);
    c->status = status;
    c->out_at = 0;
    c->out_len = (size_t)snprintf((char *)c->out, sizeof(c->out),
        "HTTP/1.1 %d %s\r\nServer: lanyard\r\nDate: %s\r\nContent-Type: %s\r\n"
        "Content-Length: %llu\r\n%s%s%sConnection: %s\r\n\r\n",
        status, reason(status), date, type, (unsigned long long)len, modified, where,
        status == 405 ? "Allow: GET, HEAD\r\n" : "", c->close_after ? "close" : "keep-alive");
}

/* An answer that has only a line of text. */
static void answer_text(struct conn *c, int status, const char *location)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "%d %s\n", status, reason(status));
    bool head = !strcmp(c->method, "HEAD");
    answer(c, status, "text/plain; charset=utf-8", (uint64_t)n, 0, location);
    if (!head) {
        memcpy(c->out + c->out_len, text, (size_t)n);
        c->out_len += (size_t)n;
    }
}

static void serve_path(struct conn *c)
{
    char path[1100];
    if (!target_path(c->target, path, sizeof(path) - 2)) {
        answer_text(c, 400, NULL);
        return;
    }
    int rc = c->h->src.open(c->h->src.arg, path, &c->body);
    if (rc == -EISDIR) {
        size_t n = strlen(path);
        path[n] = '/';
        path[n + 1] = '\0';
        answer_text(c, 301, path);
    } else if (rc < 0) {
        answer_text(c, rc == -EACCES ? 403 : rc == -ENOENT ? 404 : 500, NULL);
    } else {
        answer(c, 200, c->body.type, c->body.len, c->body.mtime, NULL);
        c->have_body = true;
        c->body_left = strcmp(c->method, "HEAD") ? c->body.len : 0;
    }
}

/* A field's value in the header section, "" if absent. */
static bool field_has(const char *head, const char *name, const char *word)
{
    size_t nn = strlen(name), wn = strlen(word);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, nn) != 0 || line[nn] != ':')
            continue;
        for (const char *v = line + nn + 1; *v && *v != '\r'; v++)
            if (!strncasecmp(v, word, wn))
                return true;
    }
    return false;
}

/* An answer after which the connection cannot go on. */
static void refuse(struct conn *c, int status)
{
    c->close_after = true;
    answer_text(c, status, NULL);
}

/* One whole request header stands in req, zero-terminated. */
static void begin_answer(struct conn *c, const char *head)
{
    char version[16];
    int used = 0;
    c->sent = 0;
    if (sscanf(head, "%7s %1023s %15s%n", c->method, c->target, version, &used) != 3 ||
        strncmp(head + used, "\r\n", 2) != 0 || strncmp(version, "HTTP/", 5) != 0) {
        refuse(c, 400);
        return;
    }
    bool one_one = !strcmp(version, "HTTP/1.1");
    c->close_after = one_one ? field_has(head, "Connection", "close")
                             : !field_has(head, "Connection", "keep-alive");
    if (!one_one && strcmp(version, "HTTP/1.0") != 0)
        refuse(c, 505);
    else if (one_one && !field_has(head, "Host", ""))
        refuse(c, 400);
    else if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0)
        refuse(c, 405); /* a body may follow: not read */
    else
        serve_path(c);
}

/* Take the next request out of req if it is whole. Returns true if an answer began. */
static bool next_request(struct conn *c)
{
    c->req[c->req_len] = '\0';
    char *end = strstr(c->req, "\r\n\r\n");
    if (!end) {
        if (c->req_len < REQUEST_MAX && strlen(c->req) == c->req_len)
            return false;
        c->req_len = 0;
        refuse(c, strchr(c->req, '\n') ? 431 : 414);
        return true;
    }
    end[2] = '\0';
    begin_answer(c, c->req);
    size_t used = (size_t)(end - c->req) + 4;
    c->req_len -= used;
    memmove(c->req, c->req + used, c->req_len);
    return true;
}

/* The next piece of the body into out. Returns false when it cannot be read: the
 * promised length can no longer be kept. */
static bool refill(struct conn *c)
{
    size_t want = c->body_left < CHUNK_BYTES ? (size_t)c->body_left : CHUNK_BYTES;
    if (c->body.mem) {
        memcpy(c->out, c->body.mem + (c->body.len - c->body_left), want);
    } else {
        ssize_t n = read(c->body.fd, c->out, want);
        if (n <= 0)
            return false;
        want = (size_t)n;
    }
    c->out_at = 0;
    c->out_len = want;
    c->body_left -= want;
    c->sent += want;
    return true;
}

static void end_answer(struct conn *c)
{
    if (c->have_body && !c->body.mem)
        close(c->body.fd);
    c->have_body = false;
    if (c->h->src.log)
        c->h->src.log(c->h->src.arg, c->method, c->target, c->status, c->sent);
    c->status = 0;
}

/* Send what can be sent. Returns 1 the answer is out, 0 would block, -1 give up. */
static int push(struct conn *c)
{
    for (;;) {
        while (c->out_at < c->out_len) {
            ssize_t n = net_send(c->h->n->net, c->s, c->out + c->out_at, c->out_len - c->out_at);
            if (n == -EAGAIN)
                return 0;
            if (n < 0)
                return -1;
            c->out_at += (size_t)n;
        }
        if (!c->body_left)
            return 1;
        if (!refill(c))
            return -1;
    }
}

/* Read what came. Returns false at the end of the stream or on error. */
static bool pull(struct conn *c)
{
    while (c->req_len < REQUEST_MAX) {
        ssize_t n = net_recv(c->h->n->net, c->s, c->req + c->req_len, REQUEST_MAX - c->req_len);
        if (n == -EAGAIN)
            return true;
        if (n <= 0)
            return false;
        c->req_len += (size_t)n;
    }
    return true;
}

static void on_conn(void *arg, int s, unsigned ready)
{
    (void)s;
    (void)ready;
    struct conn *c = arg;
    bool open = c->closing || pull(c);
    while (!c->closing && (c->status || next_request(c))) {
        int rc = push(c);
        if (rc < 0) {
            conn_free(c, true);
            return;
        }
        if (rc == 0)
            return;
        end_answer(c);
        if (c->close_after) {
            net_shutdown(c->h->n->net, c->s, NET_SHUT_WR);
            c->closing = true;
        }
        if (!c->req_len)
            break;
    }
    if (c->closing) { /* read and forget until the client closes too: no RST meets its data */
        uint8_t sink[1024];
        ssize_t n;
        do
            n = net_recv(c->h->n->net, c->s, sink, sizeof(sink));
        while (n > 0);
        open = n == -EAGAIN;
    }
    if (!open && !c->status)
        conn_free(c, false);
}

static void conn_watch(struct conn *c, bool on)
{
    if (c->s >= 0 && c->s < NODE_SOCKETS) {
        c->h->n->watch[c->s].fn = on ? on_conn : NULL;
        c->h->n->watch[c->s].arg = c;
    }
}

static void on_listener(void *arg, int s, unsigned ready)
{
    (void)ready;
    struct httpd *h = arg;
    int fd;
    while ((fd = net_accept(h->n->net, s, NULL, NULL)) >= 0) {
        struct conn *c = calloc(1, sizeof(*c));
        if (!c) {
            net_abort(h->n->net, fd);
            continue;
        }
        c->h = h;
        c->s = fd;
        c->next = h->conns;
        h->conns = c;
        conn_watch(c, true);
        on_conn(c, fd, NET_IN);
    }
}

int httpd_open(struct httpd **out, struct node *n, uint16_t port, const struct httpd_source *src)
{
    struct httpd *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->n = n;
    h->src = *src;
    h->listener = net_socket(n->net, NET_STREAM);
    int rc = h->listener < 0 ? h->listener : net_bind(n->net, h->listener, 0, port);
    if (rc == 0)
        rc = net_listen(n->net, h->listener, BACKLOG);
    if (rc < 0) {
        httpd_close(h);
        return rc;
    }
    n->watch[h->listener].fn = on_listener;
    n->watch[h->listener].arg = h;
    *out = h;
    return 0;
}

void httpd_close(struct httpd *h)
{
    if (!h)
        return;
    while (h->conns)
        conn_free(h->conns, true);
    if (h->listener >= 0) {
        h->n->watch[h->listener].fn = NULL;
        net_close(h->n->net, h->listener);
    }
    free(h);
}
