/* SPDX-License-Identifier: Apache-2.0 */
/* web.h - libcurl inside the loop: one transfer at a time is asked for, its result called back. */
#ifndef LY_HOST_WEB_H
#define LY_HOST_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rig;
struct web;
struct web_get;

/** What came of one GET. */
struct web_result {
    int code;               /* 0, or a CURLcode */
    const char *text;       /* its text */
    long status;            /* HTTP status, 0 if none came */
    const char *type;       /* media type, "" if none */
    const char *location;   /* absolute redirect target, NULL if none */
    bool to_end;            /* the body had no length: it ended with the connection */
};

struct web_ops {
    /** body() - @n more bytes of the answer with HTTP status @status and @length bytes in
     * all, -1 if that was not told. Returns 0, or negative errno to give up. */
    int (*body)(void *arg, long status, int64_t length, const char *type, const void *p, size_t n);
    /** done() - the transfer is over; its handle is gone afterwards. */
    void (*done)(void *arg, const struct web_result *res);
};

/** web_open() - Returns 0 and *out, -ENOMEM. @http10: as before RFC 2068, one connection
 * for each object, closed behind it. */
int web_open(struct web **out, struct rig *r, bool http10);
/** web_close() - cancels what runs and closes kept connections. NULL is allowed. */
void web_close(struct web *w);

/**
 * web_get() - GET @url over the AF_UNIX @path.
 * Returns 0, -ENOMEM.
 */
int web_get(struct web *w, const char *url, const char *path, const struct web_ops *ops,
            void *arg);

#endif
