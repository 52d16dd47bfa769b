/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd.h - an HTTP/1.1 server of files on a stack: GET and HEAD, kept-open
 * connections, pipelining, directories. Serves `lanyard serve` and the peer.
 * Source: RFC 9110, RFC 9112.
 */
#ifndef LY_HOST_HTTPD_H
#define LY_HOST_HTTPD_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct httpd;
struct node;

/* What stands behind a path: memory of the source's, or a descriptor. */
struct httpd_body {
    const uint8_t *mem;     /* or NULL and fd */
    int fd;                 /* closed by the server */
    uint64_t len;           /* bytes */
    time_t mtime;           /* 0: unknown */
    const char *type;       /* media type */
};

struct httpd_source {
    void *arg;
    /**
     * open() - @path is decoded, absolute, without dot segments, '/' at the end
     * for a directory's index.
     * Returns 0 with *b; -EISDIR a directory without slash (the client is redirected);
     * any other error, of which those of open() that speak of the path or of rights
     * become 404 and 403.
     */
    int (*open)(void *arg, const char *path, struct httpd_body *b);
    /** now() - seconds for the Date field. */
    time_t (*now)(void *arg);
    /** log() - one answer that is out; @method and @target as they came, "" if that
     * could not be told. May be NULL. */
    void (*log)(void *arg, const char *method, const char *target, int status, uint64_t bytes);
};

/** httpd_open() - listen on @port of @n. Returns 0 and *out, -errno. */
int httpd_open(struct httpd **out, struct node *n, uint16_t port, const struct httpd_source *src);

/** httpd_close() - aborts the open connections. NULL is allowed. */
void httpd_close(struct httpd *h);

/** httpd_type() - media type by the name's ending. */
const char *httpd_type(const char *path);

#endif
