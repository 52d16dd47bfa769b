/* SPDX-License-Identifier: Apache-2.0 */
#include "host/httpd.h"

#include "host/compose.h"
#include "host/target.h"

#include <ctype.h>
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
#define PATH_ROOM 1100u
#define LOCATION_MAX (3 * PATH_ROOM)    /* every character as %XX */

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
    char method[24], target[1024];  /* of the answer under way, "" if not told */
    int status;                     /* 0: none is under way */
    uint64_t sent;                  /* bytes of its body */
    struct conn *next;
};

struct httpd {
    struct node *n;
    int listener;
    struct httpd_source src;
    struct conn *conns;
};

static void conn_watch(struct conn *c, bool on);
static void accept_waiting(struct httpd *h);

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

/* --- answers ------------------------------------------------------------------------ */

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
    char date[64], modified[96] = "", where[LOCATION_MAX + 16] = "", at[64];
    time_t now = c->h->src.now(c->h->src.arg);
    http_date(date, sizeof(date), now);
    if (mtime) {                    /* not later than Date: RFC 9110 8.8.2.1 */
        http_date(at, sizeof(at), mtime < now ? mtime : now);
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

/* A path as it stands in a URI. @out: LOCATION_MAX bytes. Source: RFC 3986 2.1, 2.3. */
static void encode(const char *path, char *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    static const char digit[] = "0123456789ABCDEF";
    for (; *path; path++) {
        unsigned char ch = (unsigned char)*path;
        if (strchr(plain, ch)) {
            *out++ = (char)ch;
        } else {
            *out++ = '%';
            *out++ = digit[ch >> 4];
            *out++ = digit[ch & 15];
        }
    }
    *out = '\0';
}

static int status_of(int err)
{
    switch (-err) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return 404;
    case EACCES:
    case EPERM:
        return 403;
    default:
        return 500;
    }
}

static void serve_path(struct conn *c)
{
    char path[PATH_ROOM], location[LOCATION_MAX];
    if (!target_path(c->target, path, sizeof(path) - 1)) {
        answer_text(c, 400, NULL);
        return;
    }
    int rc = c->h->src.open(c->h->src.arg, path, &c->body);
    if (rc == -EISDIR) {
        strcat(path, "/");
        encode(path, location);
        answer_text(c, 301, location);
    } else if (rc < 0) {
        answer_text(c, status_of(rc), NULL);
    } else {
        answer(c, 200, c->body.type, c->body.len, c->body.mtime, NULL);
        c->have_body = true;
        c->body_left = strcmp(c->method, "HEAD") ? c->body.len : 0;
    }
}

/* --- requests ----------------------------------------------------------------------- */

/* What the header section says that matters here. */
struct request {
    int minor;              /* of HTTP/1.x */
    unsigned hosts;         /* Host fields */
    bool close, keep_alive; /* of Connection */
    bool body;              /* something follows the header section */
};

static bool visible(char ch)
{
    return (unsigned char)ch > ' ' && ch != 0x7f;
}

/* The visible characters at *@at, which @stop must follow, into @out; *@at goes behind
 * it. Returns their number; 0 if there are none or @stop does not follow; what does not
 * fit leaves @out empty. */
static size_t take_word(const char **at, char stop, char *out, size_t room)
{
    size_t n = 0;
    while (visible((*at)[n]))
        n++;
    if ((*at)[n] != stop)
        return 0;
    if (n < room) {
        memcpy(out, *at, n);
        out[n] = '\0';
    }
    *at += n + 1;
    return n;
}

static bool named(const char *name, size_t len, const char *want)
{
    return len == strlen(want) && !strncasecmp(name, want, len);
}

/* Is @want a member of the comma-separated list? Source: RFC 9110 5.6.1. */
static bool list_has(const char *v, size_t len, const char *want)
{
    const char *end = v + len;
    while (v < end) {
        while (v < end && (*v == ' ' || *v == '\t' || *v == ','))
            v++;
        const char *from = v;
        while (v < end && *v != ' ' && *v != '\t' && *v != ',')
            v++;
        if (named(from, (size_t)(v - from), want))
            return true;
    }
    return false;
}

/* Without the blanks around it. RFC 9112 5.1. */
static size_t trim(const char **v, size_t len)
{
    while (len && (**v == ' ' || **v == '\t')) {
        ++*v;
        len--;
    }
    while (len && ((*v)[len - 1] == ' ' || (*v)[len - 1] == '\t'))
        len--;
    return len;
}

/* No value is a Host too; else it has the characters of an authority. RFC 9112 3.2. */
static bool host_valid(const char *v, size_t len)
{
    len = trim(&v, len);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)v[i]) && !strchr("-._~%!$&'()*+,;=:[]", v[i]))
            return false;
    return true;
}

/* Digits and nothing else. RFC 9112 6.3. */
static bool take_length(struct request *q, const char *v, size_t len)
{
    len = trim(&v, len);
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)v[i]))
            return false;
        q->body |= v[i] != '0';
    }
    return len > 0;
}

/* One line of the header section. Returns false when malformed: a name and its colon
 * stand together at the start, and nothing but text follows. Source: RFC 9112 5. */
static bool take_field(struct request *q, const char *line, size_t len)
{
    size_t n = 0;
    while (n < len && visible(line[n]) && line[n] != ':')
        n++;
    if (n == 0 || n == len || line[n] != ':')
        return false;
    const char *v = line + n + 1;
    size_t v_len = len - n - 1;
    for (size_t i = 0; i < v_len; i++)
        if (!visible(v[i]) && v[i] != ' ' && v[i] != '\t')
            return false;
    if (named(line, n, "Host")) {
        q->hosts++;
        return host_valid(v, v_len);
    } else if (named(line, n, "Connection")) {
        q->close |= list_has(v, v_len, "close");
        q->keep_alive |= list_has(v, v_len, "keep-alive");
    } else if (named(line, n, "Content-Length")) {
        return take_length(q, v, v_len);
    } else if (named(line, n, "Transfer-Encoding")) {
        q->body = true;
    }
    return true;
}

/* Request line and fields, every line with its CRLF. Returns 0 or the status of the
 * refusal. Source: RFC 9112 3. */
static int parse_request(struct conn *c, struct request *q, const char *head)
{
    const char *at = head, *end;
    size_t n = take_word(&at, ' ', c->method, sizeof(c->method));
    if (n == 0 || n >= sizeof(c->method))
        return 400;
    n = take_word(&at, ' ', c->target, sizeof(c->target));
    if (n == 0 || n >= sizeof(c->target))
        return n ? 414 : 400;
    if (strncmp(at, "HTTP/", 5) != 0 || !isdigit((unsigned char)at[5]) || at[6] != '.' ||
        !isdigit((unsigned char)at[7]) || strncmp(at + 8, "\r\n", 2) != 0)
        return 400;
    if (at[5] != '1')
        return 505;
    q->minor = at[7] - '0';
    for (at += 10; *at; at = end + 2) {
        end = strstr(at, "\r\n");
        if (!take_field(q, at, (size_t)(end - at)))
            return 400;
    }
    return q->hosts > 1 || (q->minor && !q->hosts) ? 400 : 0;
}

/* An answer after which the connection cannot go on. */
static void refuse(struct conn *c, int status)
{
    c->close_after = true;
    answer_text(c, status, NULL);
}

static void begin_answer(struct conn *c, const char *head)
{
    struct request q = { 0 };
    int status = parse_request(c, &q, head);
    /* A body would have to be read to find the next request: it is not. */
    c->close_after = q.close || q.body || (!q.minor && !q.keep_alive);
    if (status)
        refuse(c, status);
    else if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0)
        refuse(c, 405);
    else
        serve_path(c);
}

static void consume(struct conn *c, size_t n)
{
    c->req_len -= n;
    memmove(c->req, c->req + n, c->req_len);
}

/* Take the next request out of req if it is whole, or refuse what can be none. Returns
 * true if an answer began. */
static bool next_request(struct conn *c)
{
    size_t blank = 0; /* empty lines in front count for nothing: RFC 9112 2.2 */
    while (c->req_len - blank >= 2 && !memcmp(c->req + blank, "\r\n", 2))
        blank += 2;
    consume(c, blank);
    c->req[c->req_len] = '\0';
    c->method[0] = c->target[0] = '\0';
    c->sent = 0;
    char *end = strstr(c->req, "\r\n\r\n");
    if (end) {
        end[2] = '\0';
        begin_answer(c, c->req);
        consume(c, (size_t)(end - c->req) + 4);
    } else if (strlen(c->req) < c->req_len) {
        refuse(c, 400);
    } else if (c->req_len == REQUEST_MAX) {
        refuse(c, strchr(c->req, '\n') ? 431 : 414);
    }
    return c->status != 0;
}

/* --- the connection ------------------------------------------------------------------- */

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
    if (c->close_after) {
        net_shutdown(c->h->n->net, c->s, NET_SHUT_WR);
        c->closing = true;
    }
}

/* Send what can be sent. Returns 1 the answer is out, 0 would block, -1 it cannot be ended. */
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

/* Read what came. While closing it is forgotten, until the client closes too: so no RST
 * meets the answer. Returns 1 something, 0 nothing now, -1 the end or an error. */
static int pull(struct conn *c)
{
    if (c->closing)
        c->req_len = 0;
    ssize_t n = net_recv(c->h->n->net, c->s, c->req + c->req_len, REQUEST_MAX - c->req_len);
    if (n > 0)
        c->req_len += (size_t)n;
    return n > 0 ? 1 : n == -EAGAIN ? 0 : -1;
}

/* Returns 1 to go on, 0 to wait for the socket, -1 the connection is at its end. */
static int step(struct conn *c)
{
    if (!c->status)
        return !c->closing && next_request(c) ? 1 : pull(c);
    int rc = push(c);
    if (rc > 0)
        end_answer(c);
    return rc;
}

static void on_conn(void *arg, int s, unsigned ready)
{
    struct conn *c = arg;
    struct httpd *h = c->h;
    int rc;
    (void)s;
    (void)ready;
    do
        rc = step(c);
    while (rc > 0);
    if (rc < 0) {
        conn_free(c, c->status != 0); /* half an answer must not look like a whole one */
        accept_waiting(h);            /* who found no descriptor free */
    }
}

static void conn_watch(struct conn *c, bool on)
{
    if (c->s >= 0 && c->s < NODE_SOCKETS) {
        c->h->n->watch[c->s].fn = on ? on_conn : NULL;
        c->h->n->watch[c->s].arg = c;
    }
}

/* What a client has sent already comes as its socket's first change. */
static void accept_waiting(struct httpd *h)
{
    int s;
    while ((s = net_accept(h->n->net, h->listener, NULL, NULL)) >= 0) {
        struct conn *c = calloc(1, sizeof(*c));
        if (!c) {
            net_abort(h->n->net, s);
            continue;
        }
        c->h = h;
        c->s = s;
        c->next = h->conns;
        h->conns = c;
        conn_watch(c, true);
    }
}

static void on_listener(void *arg, int s, unsigned ready)
{
    (void)s;
    (void)ready;
    accept_waiting(arg);
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
