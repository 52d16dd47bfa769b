/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nth.c - linked into lanyard by --wrap: lets the Nth allocation, link call or system call of the
 * program fail, as LY_NTH says:
 *
 *     alloc:N     the Nth malloc, calloc, realloc, strdup, new (nothrow), or call of zlib or
 *                 libxml2 that needs memory, of ours and of libcurl, finds none
 *     gone:N      at the Nth call of driver/link.h that link is gone: -ENODEV from then on
 *     busy:N      the Nth such call says "not now" where link.h allows that
 *     call:N:V    the Nth system call of ours fails with the Vth of its errors below
 *
 * With LY_NTH_LOG=FILE the counts, and the call that failed, are written there at the end.
 */
#include "driver/link.h"
#include "sim/link_sim.h"

#include <curl/curl.h>
#include <errno.h>
#include <libxml/HTMLparser.h>
#include <libxml/xmlmemory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define LINKS 2

enum kind { ALLOC, LINK, CALL, KINDS };

static struct {
    unsigned count[KINDS], at[KINDS];   /* at: which one fails; 0: none */
    unsigned variant;
    bool gone;                          /* of LINK: for good */
    bool inside;                        /* of a call that fails as a whole or not at all */
    bool xml;                           /* the next allocation of libxml2 fails */
    const char *hit;
    struct link *link[LINKS];
    bool is_gone[LINKS], told[LINKS], again[LINKS];
    const struct link_ops *real;
    struct link_ops ops;
} nth;

/* Does this call fail? */
static bool fails(enum kind k, const char *name)
{
    if (k == ALLOC && nth.inside)
        return false;
    if (++nth.count[k] != nth.at[k])
        return false;
    nth.hit = name;
    return true;
}

/* --- memory ----------------------------------------------------------------------- */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return fails(ALLOC, "malloc") ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t k, size_t n);
void *__wrap_calloc(size_t k, size_t n);
void *__wrap_calloc(size_t k, size_t n)
{
    return fails(ALLOC, "calloc") ? NULL : __real_calloc(k, n);
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return fails(ALLOC, "realloc") ? NULL : __real_realloc(p, n);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
    return fails(ALLOC, "strdup") ? NULL : __real_strdup(s);
}

/* libxml2's own: not each of them fails, for after some it parses for ever (2.9.14); but the
 * first one of a call of ours does. */
static void *xml_malloc(size_t n)
{
    return nth.xml ? (nth.xml = false, NULL) : __real_malloc(n);
}

static void *xml_realloc(void *p, size_t n)
{
    return nth.xml ? (nth.xml = false, NULL) : __real_realloc(p, n);
}

static char *xml_strdup(const char *s)
{
    return nth.xml ? (nth.xml = false, NULL) : __real_strdup(s);
}

htmlDocPtr __real_htmlReadMemory(const char *p, int n, const char *url, const char *enc, int opts);
htmlDocPtr __wrap_htmlReadMemory(const char *p, int n, const char *url, const char *enc, int opts);
htmlDocPtr __wrap_htmlReadMemory(const char *p, int n, const char *url, const char *enc, int opts)
{
    nth.xml = fails(ALLOC, "htmlReadMemory");
    return __real_htmlReadMemory(p, n, url, enc, opts);
}

xmlChar *__real_xmlGetProp(const xmlNode *node, const xmlChar *name);
xmlChar *__wrap_xmlGetProp(const xmlNode *node, const xmlChar *name);
xmlChar *__wrap_xmlGetProp(const xmlNode *node, const xmlChar *name)
{
    nth.xml = fails(ALLOC, "xmlGetProp");
    xmlChar *v = __real_xmlGetProp(node, name);
    nth.xml = false;
    return v;
}

/* operator new(size_t, nothrow_t const &), and the same for aligned types. */
void *__real__ZnwmRKSt9nothrow_t(size_t n, const void *nothrow);
void *__wrap__ZnwmRKSt9nothrow_t(size_t n, const void *nothrow);
void *__wrap__ZnwmRKSt9nothrow_t(size_t n, const void *nothrow)
{
    return fails(ALLOC, "new") ? NULL : __real__ZnwmRKSt9nothrow_t(n, nothrow);
}

void *__real__ZnwmSt11align_val_tRKSt9nothrow_t(size_t n, size_t align, const void *nothrow);
void *__wrap__ZnwmSt11align_val_tRKSt9nothrow_t(size_t n, size_t align, const void *nothrow);
void *__wrap__ZnwmSt11align_val_tRKSt9nothrow_t(size_t n, size_t align, const void *nothrow)
{
    return fails(ALLOC, "new") ? NULL
                               : __real__ZnwmSt11align_val_tRKSt9nothrow_t(n, align, nothrow);
}

int __real_compress2(Bytef *to, uLongf *to_n, const Bytef *from, uLong n, int level);
int __wrap_compress2(Bytef *to, uLongf *to_n, const Bytef *from, uLong n, int level);
int __wrap_compress2(Bytef *to, uLongf *to_n, const Bytef *from, uLong n, int level)
{
    return fails(ALLOC, "compress2") ? Z_MEM_ERROR : __real_compress2(to, to_n, from, n, level);
}

CURLcode __real_curl_global_init(long flags);
CURLcode __wrap_curl_global_init(long flags);
CURLcode __wrap_curl_global_init(long flags)
{
    return curl_global_init_mem(flags, __wrap_malloc, free, __wrap_realloc, __wrap_strdup,
                                __wrap_calloc);
}

/* libcurl 7.88.1 says of a reference for which it found no memory that its scheme is bad. */
CURLUcode __real_curl_url_set(CURLU *u, CURLUPart what, const char *part, unsigned flags);
CURLUcode __wrap_curl_url_set(CURLU *u, CURLUPart what, const char *part, unsigned flags);
CURLUcode __wrap_curl_url_set(CURLU *u, CURLUPart what, const char *part, unsigned flags)
{
    if (fails(ALLOC, "curl_url_set"))
        return CURLUE_OUT_OF_MEMORY;
    nth.inside = true;
    CURLUcode code = __real_curl_url_set(u, what, part, flags);
    nth.inside = false;
    return code;
}

/* --- the link ----------------------------------------------------------------------- */

static unsigned index_of(const struct link *l)
{
    return nth.link[1] == l;
}

/* Counts the call. Returns whether the link is gone. */
static bool gone(struct link *l, const char *name, bool *busy)
{
    bool now = fails(LINK, name);
    *busy = now && !nth.gone;
    if (now && nth.gone)
        nth.is_gone[index_of(l)] = true;
    return nth.is_gone[index_of(l)];
}

static int link_tx(struct link *l, struct pkt **pkts, unsigned n)
{
    bool busy;
    if (gone(l, "tx", &busy))
        return -ENODEV;
    nth.again[index_of(l)] |= busy;
    return busy ? 0 : nth.real->tx(l, pkts, n);
}

static int link_rx(struct link *l, struct pkt **pkts, unsigned n)
{
    bool busy;
    if (gone(l, "rx", &busy))
        return -ENODEV;
    nth.again[index_of(l)] |= busy;
    return busy ? 0 : nth.real->rx(l, pkts, n);
}

static int link_reg_submit(struct link *l, uint16_t tag, uint32_t addr, uint32_t value, bool write)
{
    bool busy;
    if (gone(l, "reg_submit", &busy))
        return -ENODEV;
    nth.again[index_of(l)] |= busy;
    return busy ? -EAGAIN : nth.real->reg_submit(l, tag, addr, value, write);
}

static int link_event(struct link *l, struct link_event *ev)
{
    unsigned i = index_of(l);
    if (!nth.is_gone[i])
        return nth.real->event(l, ev);
    if (nth.told[i])
        return 0;
    nth.told[i] = true;
    *ev = (struct link_event){ .kind = LINK_EV_GONE };
    return 1;
}

/* Who was told "not now" is to come again soon. */
static int link_poll(struct link *l, int64_t now_ns, int64_t *next_ns)
{
    bool busy;
    if (gone(l, "poll", &busy))
        return -ENODEV;
    int rc = nth.real->poll(l, now_ns, next_ns);
    if (nth.again[index_of(l)] && *next_ns > now_ns + 1000)
        *next_ns = now_ns + 1000;
    nth.again[index_of(l)] = false;
    return rc;
}

int __real_sim_nic_open(struct link **out, const struct sim_nic_cfg *cfg);
int __wrap_sim_nic_open(struct link **out, const struct sim_nic_cfg *cfg);
int __wrap_sim_nic_open(struct link **out, const struct sim_nic_cfg *cfg)
{
    int rc = __real_sim_nic_open(out, cfg);
    if (rc < 0)
        return rc;
    nth.real = (*out)->ops;
    nth.ops = *nth.real;
    nth.ops.tx = link_tx;
    nth.ops.rx = link_rx;
    nth.ops.reg_submit = link_reg_submit;
    nth.ops.event = link_event;
    nth.ops.poll = link_poll;
    (*out)->ops = &nth.ops;
    nth.link[cfg->number % LINKS] = *out;
    return 0;
}

/* --- system calls --------------------------------------------------------------------- */

/* Returns whether it fails; errno is then one of the three. */
static bool call_fails(const char *name, int a, int b, int c)
{
    const int errors[3] = { a, b, c };
    if (!fails(CALL, name))
        return false;
    errno = errors[nth.variant % 3];
    return true;
}

/* X(type, name, parameters, arguments, what it returns then, three errors) */
#define CALLS(X)                                                                        \
    X(int, accept, (int s, struct sockaddr *a, socklen_t *n), (s, a, n),                \
      -1, EMFILE, EINTR, ENOMEM)                                                        \
    X(int, access, (const char *p, int m), (p, m), -1, EACCES, ENOENT, EIO)             \
    X(int, bind, (int s, const struct sockaddr *a, socklen_t n), (s, a, n),             \
      -1, EACCES, ENOSPC, ENOMEM)                                                       \
    X(int, epoll_create1, (int f), (f), -1, EMFILE, ENFILE, ENOMEM)                     \
    X(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *ev), (e, op, fd, ev), \
      -1, ENOMEM, ENOSPC, ENOMEM)                                                       \
    X(int, epoll_wait, (int e, struct epoll_event *ev, int n, int ms), (e, ev, n, ms),  \
      -1, EINTR, EINTR, EINTR)                                                          \
    X(int, fflush, (FILE *f), (f), EOF, EIO, ENOSPC, EINTR)                             \
    X(FILE *, fopen, (const char *p, const char *m), (p, m), NULL, EMFILE, EACCES, ENOMEM)\
    X(size_t, fwrite, (const void *p, size_t k, size_t n, FILE *f), (p, k, n, f),       \
      0, ENOSPC, EIO, EINTR)                                                            \
    X(int, listen, (int s, int n), (s, n), -1, EADDRINUSE, ENOMEM, EIO)                 \
    X(int, mkdir, (const char *p, mode_t m), (p, m), -1, EACCES, ENOSPC, EIO)           \
    X(char *, mkdtemp, (char *p), (p), NULL, EACCES, ENOSPC, EIO)                       \
    X(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1, EIO, EINTR, ECONNRESET)\
    X(int, rmdir, (const char *p), (p), -1, EBUSY, EIO, EACCES)                         \
    X(ssize_t, send, (int s, const void *p, size_t n, int f), (s, p, n, f),             \
      -1, EPIPE, EINTR, ENOMEM)                                                         \
    X(int, shutdown, (int s, int how), (s, how), -1, ENOTCONN, EIO, ENOTCONN)           \
    X(int, signalfd, (int fd, const sigset_t *m, int f), (fd, m, f),                    \
      -1, EMFILE, ENFILE, ENOMEM)                                                       \
    X(int, socket, (int d, int t, int p), (d, t, p), -1, EMFILE, EACCES, ENOMEM)        \
    X(int, unlink, (const char *p), (p), -1, EACCES, EIO, EROFS)

#define X(type, name, params, args, bad, a, b, c)                                                 \
    type __real_##name params;                                                                    \
    type __wrap_##name params;                                                                    \
    type __wrap_##name params                                                                     \
    {                                                                                             \
        return call_fails(#name, a, b, c) ? bad : __real_##name args;                             \
    }
CALLS(X)
#undef X

/* After these two the descriptor is gone, failed or not. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    int rc = __real_close(fd);
    return call_fails("close", EIO, EINTR, ENOSPC) ? -1 : rc;
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);
int __wrap_fclose(FILE *f)
{
    int rc = __real_fclose(f);
    return call_fails("fclose", EIO, ENOSPC, EINTR) ? EOF : rc;
}

/* --- what to do ------------------------------------------------------------------------- */

__attribute__((constructor)) static void start(void)
{
    const char *spec = getenv("LY_NTH");
    char kind[8];
    unsigned at;
    xmlMemSetup(free, xml_malloc, xml_realloc, xml_strdup);
    if (!spec || sscanf(spec, "%7[a-z]:%u:%u", kind, &at, &nth.variant) < 2)
        return;
    nth.gone = !strcmp(kind, "gone");
    nth.at[!strcmp(kind, "alloc") ? ALLOC : !strcmp(kind, "call") ? CALL : LINK] = at;
}

__attribute__((destructor)) static void finish(void)
{
    const char *path = getenv("LY_NTH_LOG");
    FILE *f = path ? __real_fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "%u %u %u %s\n", nth.count[ALLOC], nth.count[LINK], nth.count[CALL],
            nth.hit ? nth.hit : "-");
    (void)__real_fclose(f);
}
