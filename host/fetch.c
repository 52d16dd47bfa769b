/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - a page and the objects that it names, over our stack and NIC.
 * URL rules and HTTP are libcurl's, HTML is libxml2's; name, address and
 * connection are ours (origin.h).
 */
#include "host/commands.h"
#include "host/compose.h"
#include "host/html.h"
#include "host/origin.h"
#include "host/progress.h"
#include "host/save.h"
#include "host/show.h"
#include "host/web.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REDIRECTS_MAX 10
#define PAGE_MAX_BYTES (16u << 20)
#define OBJECTS_MAX 1000
/* A server that goes on trying through heavy loss is silent for minutes: fifteen
 * retransmissions, each after twice the time, at most 120 s, take 924 s (stack/tcp_timer.c). */
#define STALL_NS 960000000000
#define SETTLE_NS 2000000000

struct site {               /* an origin and its name */
    char key[300];          /* scheme://host:port */
    struct origin *origin;
    struct fetch *f;
    bool is_ready;
    int err;                /* of the look-up */
    struct site *next;
};

struct object {
    struct fetch *f;
    char *url;
    struct site *site;
    struct save *save;
    char *body;             /* of a page only */
    size_t body_len;
    uint64_t bytes;
    int64_t length;         /* of the whole body; -1 not known */
    int err;                /* of keeping a page's body in memory */
    int save_err;           /* of writing it to its file */
    int64_t began_ns;
    unsigned redirects;
    bool is_page, started, ended;
    char *file;             /* that is, or is being, made of it: save_name() */
    struct object *next;
};

struct fetch {
    struct rig rig;
    struct web *web;
    const char *out_dir;    /* -o */
    bool span, http10;
    struct site *sites;
    struct object *objects, **objects_end;  /* in the order they were named */
    unsigned total, pending;
    bool stalled;
    int code;
    struct loop_timer stall;
    struct progress progress;
};

static void start_ready(struct fetch *f);

static void worst(struct fetch *f, int code)
{
    if (f->code == EXIT_DONE)
        f->code = code;
}

static int exit_for(int err)
{
    return err == -ETIMEDOUT ? EXIT_TIMEOUT : err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* --- URLs -------------------------------------------------------------------------- */

/* What is wrong with a URL, as url_key() and url_resolve() say it. */
static const char *url_fault(int err)
{
    return err == -ENOMEM ? "out of memory" : "not an http or https URL";
}

static int url_errno(CURLUcode code)
{
    return code == CURLUE_OK ? 0 : code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

/* Scheme, host and port of an absolute URL into @key. Returns 0, -EINVAL, -ENOMEM. */
static int url_key(const char *url, char *key, size_t room, char *host, size_t host_room,
                   uint16_t *port)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *name = NULL, *number = NULL;
    CURLUcode code = u ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OK)
        code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(u, CURLUPART_HOST, &name, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(u, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT);
    int rc = url_errno(code);
    if (rc == 0) {
        bool ours = !strcmp(scheme, "http") || !strcmp(scheme, "https");
        *port = (uint16_t)strtoul(number, NULL, 10);
        int host_n = snprintf(host, host_room, "%s", name);
        int n = snprintf(key, room, "%s://%s:%s", scheme, name, number);
        rc = ours && (size_t)host_n < host_room && (size_t)n < room ? 0 : -EINVAL;
    }
    curl_free(scheme);
    curl_free(name);
    curl_free(number);
    curl_url_cleanup(u);
    return rc;
}

/* What libcurl (7.88) has no memory to write out, it takes for no base, and the reference for
 * malformed. So what seems malformed is tried again once the base was there. */
static CURLUcode url_set_ref(CURLU *u, const char *ref)
{
    const unsigned lenient = CURLU_ALLOW_SPACE | CURLU_URLENCODE;
    char *base = NULL;
    CURLUcode code = curl_url_set(u, CURLUPART_URL, ref, lenient);
    if (code == CURLUE_OK || code == CURLUE_OUT_OF_MEMORY)
        return code;
    code = curl_url_get(u, CURLUPART_URL, &base, 0);
    curl_free(base);
    return code == CURLUE_OK ? curl_url_set(u, CURLUPART_URL, ref, lenient) : code;
}

/* @ref as written in a page at @base, absolute and without fragment, into *out. A page may
 * hold blanks in a URL; a person may leave out the scheme, which is http. Returns 0, -EINVAL,
 * -ENOMEM. */
static int url_resolve(const char *base, const char *ref, char **out)
{
    CURLU *u = curl_url();
    char *got = NULL;
    CURLUcode code = u ? curl_url_set(u, CURLUPART_URL, base, CURLU_GUESS_SCHEME)
                       : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OK && *ref)
        code = url_set_ref(u, ref);
    if (code == CURLUE_OK)
        code = curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(u, CURLUPART_URL, &got, 0);
    int rc = url_errno(code);
    *out = rc == 0 ? strdup(got) : NULL;
    if (rc == 0 && !*out)
        rc = -ENOMEM;
    curl_free(got);
    curl_url_cleanup(u);
    return rc;
}

/* --- origins ------------------------------------------------------------------------ */

static void on_site_ready(void *arg, int err)
{
    struct site *s = arg;
    s->is_ready = true;
    s->err = err;
    start_ready(s->f);
}

static int site_for(struct fetch *f, const char *url, struct site **out)
{
    char key[300], host[256];
    uint16_t port;
    int rc = url_key(url, key, sizeof(key), host, sizeof(host), &port);
    if (rc < 0)
        return rc;
    for (struct site *s = f->sites; s; s = s->next)
        if (!strcmp(s->key, key)) {
            *out = s;
            return 0;
        }
    struct site *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct site){ .f = f, .next = f->sites };
    memcpy(s->key, key, sizeof(key));
    f->sites = s;
    *out = s;
    rc = origin_open(&s->origin, &f->rig, host, port, on_site_ready, s);
    if (rc < 0) {
        s->is_ready = true;
        s->err = rc;
    }
    return 0;
}

/* --- objects ------------------------------------------------------------------------- */

static void stall_reset(struct fetch *f)
{
    loop_timer_set(f->rig.loop, &f->stall, rig_now(&f->rig) + STALL_NS);
}

static void on_stall(void *arg, int64_t now_ns)
{
    struct fetch *f = arg;
    (void)now_ns;
    progress_hide(&f->progress);
    say("nothing came for %d s: given up", (int)(STALL_NS / 1000000000));
    worst(f, EXIT_TIMEOUT);
    f->stalled = true;
}

static void object_over(struct object *o)
{
    o->ended = true;
    o->f->pending--;
}

/* Takes @url. Returns 0, or -errno after a line. */
static int object_add(struct fetch *f, char *url, bool is_page)
{
    struct object *o = url && f->total < OBJECTS_MAX ? calloc(1, sizeof(*o)) : NULL;
    if (!o) {
        say("%s", url ? "too many objects, or out of memory" : "out of memory");
        free(url);
        return -ENOMEM;
    }
    *o = (struct object){ .f = f, .url = url, .length = -1, .is_page = is_page };
    *f->objects_end = o;
    f->objects_end = &o->next;
    f->total++;
    f->pending++;
    int rc = site_for(f, url, &o->site);
    if (rc < 0) {
        say("%s: %s", url, url_fault(rc));
        object_over(o);
        o->started = true;
    }
    return rc;
}

static void object_fail(struct object *o, int err, const char *text)
{
    progress_hide(&o->f->progress);
    say("%s: %s", o->url, text);
    worst(o->f, exit_for(err));
    save_discard(o->save);
    o->save = NULL;
    free(o->file);
    o->file = NULL;
    object_over(o);
}

/* With -o the file is made when the first bytes are there, or none will come: a redirect
 * or an error leaves alone what stands in its place. */
static int save_begin(struct object *o)
{
    if (o->save || !o->f->out_dir)
        return 0;
    int rc = save_name(&o->file, o->url);
    for (const struct object *q = o->f->objects; q && rc == 0; q = q->next)
        if (q != o && q->file && !strcmp(q->file, o->file))
            rc = -EEXIST;
    return rc < 0 ? rc : save_open(&o->save, o->f->out_dir, o->url);
}

static void object_unsaved(struct object *o)
{
    char text[300];
    snprintf(text, sizeof(text), "cannot save it in %s: %s", o->f->out_dir,
             o->save_err == -EEXIST ? "another URL of this run has the same path"
                                    : strerror(-o->save_err));
    object_fail(o, -EIO, text);
}

/* The whole body is here. */
static void object_end(struct object *o)
{
    o->save_err = save_begin(o);
    if (o->save_err == 0) {
        o->save_err = save_close(o->save);
        o->save = NULL;
    }
    if (o->save_err < 0)
        object_unsaved(o);
    else
        object_over(o);
}

static bool searched(const struct object *o, const char *type)
{
    return o->is_page && !strncasecmp(type, "text/html", 9);
}

/* A page is kept to be searched for objects. */
static int keep(struct object *o, const char *type, const void *p, size_t n)
{
    if (!searched(o, type))
        return 0;
    if (o->body_len + n > PAGE_MAX_BYTES)
        return -EFBIG;
    char *grown = realloc(o->body, o->body_len + n);
    if (!grown)
        return -ENOMEM;
    o->body = grown;
    memcpy(o->body + o->body_len, p, n);
    o->body_len += n;
    return 0;
}

static int on_body(void *arg, long status, int64_t length, const char *type, const void *p,
                   size_t n)
{
    struct object *o = arg;
    o->length = length;
    stall_reset(o->f);
    o->bytes += n;
    if (status / 100 != 2)
        return 0;
    o->err = keep(o, type, p, n);
    o->save_err = save_begin(o);
    if (o->save_err == 0)
        o->save_err = save_write(o->save, p, n);
    return o->err ? o->err : o->save_err;
}

struct found {
    struct fetch *f;
    const struct object *page;
    char *refs[OBJECTS_MAX];
    int n;
    bool no_memory, too_many;
};

static void on_ref(void *arg, const char *ref)
{
    struct found *x = arg;
    for (int i = x->n; i > 0 && !x->too_many; i--)      /* most repeat one of the last */
        if (!strcmp(x->refs[i - 1], ref))
            return;
    x->too_many |= x->n == OBJECTS_MAX;
    if (x->too_many)
        return;
    if ((x->refs[x->n] = strdup(ref)) != NULL)
        x->n++;
    else
        x->no_memory = true;
}

static bool known(const struct fetch *f, const char *url)
{
    const struct object *o = f->objects;
    while (o && strcmp(o->url, url) != 0)
        o = o->next;
    return o != NULL;
}

/* One reference of a page: of its own origin (unless --span) and new. */
static void take_ref(struct found *x, const char *base, const char *ref)
{
    char key[300], host[256], *url;
    uint16_t port;
    int rc = url_resolve(base, ref, &url);
    if (rc == 0)
        rc = url_key(url, key, sizeof(key), host, sizeof(host), &port);
    x->no_memory |= rc == -ENOMEM;
    if (rc < 0 || (!x->f->span && strcmp(key, x->page->site->key) != 0) || known(x->f, url))
        free(url);
    else if (object_add(x->f, url, false) < 0)
        worst(x->f, EXIT_FAILED);
}

/* Returns 0; -ENOMEM: some may be missing. */
static int take_objects(struct object *o)
{
    char base[1024], *at;
    struct found *x = calloc(1, sizeof(*x));
    if (!x)
        return -ENOMEM;
    x->f = o->f;
    x->page = o;
    int rc = html_objects(o->body, o->body_len, base, sizeof(base), on_ref, x);
    x->no_memory |= rc == -ENOMEM;
    /* A <base> that is no URL counts for nothing. */
    x->no_memory |= url_resolve(o->url, base, &at) == -ENOMEM;
    for (int i = 0; i < x->n; i++) {
        take_ref(x, at ? at : o->url, x->refs[i]);
        free(x->refs[i]);
    }
    if (x->too_many) {
        say("%s: more than %d objects: the first ones are fetched", o->url, OBJECTS_MAX);
        worst(o->f, EXIT_FAILED);
    }
    rc = x->no_memory ? -ENOMEM : 0;
    free(at);
    free(x);
    return rc;
}

static void redirect(struct object *o, const char *to)
{
    if (++o->redirects > REDIRECTS_MAX) {
        object_fail(o, -ELOOP, "too many redirects");
        return;
    }
    char *url = strdup(to);
    o->bytes = 0;
    o->length = -1;
    if (!url) {
        object_fail(o, -ENOMEM, "out of memory");
        return;
    }
    free(o->url);
    o->url = url;
    o->started = false;
    int rc = site_for(o->f, url, &o->site);
    if (rc < 0) {
        o->started = true;
        object_fail(o, -EPROTO, rc == -ENOMEM ? "out of memory"
                                              : "the redirect leads to no http or https URL");
    }
}

/* A body that ends with its connection is not whole when that broke, though libcurl was
 * only told its end. */
static bool broken(const struct object *o, const struct web_result *res)
{
    return res->to_end && origin_error(o->site->origin) != 0;
}

static void unfinished(struct object *o, const struct web_result *res)
{
    int err = origin_error(o->site->origin);
    if (o->err)
        object_fail(o, o->err, o->err == -EFBIG ? "the page is too long" : strerror(-o->err));
    else if (o->save_err)
        object_unsaved(o);
    else
        object_fail(o, err, err ? show_errno(err) : res->text);
}

static void on_done(void *arg, const struct web_result *res)
{
    struct object *o = arg;
    struct fetch *f = o->f;
    stall_reset(f);
    if (res->code != 0 || broken(o, res)) {
        unfinished(o, res);
        start_ready(f);
        return;
    }
    show_object(&f->rig, o->url, res->status, res->type, o->bytes,
                rig_now(&f->rig) - o->began_ns);
    if (res->location && res->status / 100 == 3) {
        redirect(o, res->location);
    } else if (res->status / 100 != 2) {
        char text[40];
        snprintf(text, sizeof(text), "HTTP status %ld", res->status);
        object_fail(o, -EPROTO, text);
    } else {
        int rc = searched(o, res->type) ? take_objects(o) : 0;
        if (rc < 0)
            object_fail(o, rc, strerror(-rc));
        else
            object_end(o);
    }
    start_ready(f);
}

static const struct web_ops web_ops = { .body = on_body, .done = on_done };

static void object_start(struct object *o)
{
    struct fetch *f = o->f;
    o->started = true;
    if (o->site->err) {
        object_fail(o, o->site->err, show_errno(o->site->err));
        return;
    }
    o->began_ns = rig_now(&f->rig);
    int rc = web_get(f->web, o->url, origin_path(o->site->origin), &web_ops, o);
    if (rc < 0)
        object_fail(o, rc, strerror(-rc));
}

static void start_ready(struct fetch *f)
{
    for (struct object *o = f->objects; o; o = o->next)
        if (!o->started && o->site && o->site->is_ready)
            object_start(o);
}

/* --- the command ------------------------------------------------------------------------ */

static int usage(void)
{
    say("usage: lanyard [OPTIONS] fetch [-o DIR] [--span] [--http1.0] URL");
    return EXIT_USAGE;
}

static int parse(struct fetch *f, int argc, char **argv, const char **url)
{
    *url = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-o") && i + 1 < argc)
            f->out_dir = argv[++i];
        else if (!strcmp(argv[i], "--span"))
            f->span = true;
        else if (!strcmp(argv[i], "--http1.0"))
            f->http10 = true;
        else if (argv[i][0] == '-' || *url)
            return usage();
        else
            *url = argv[i];
    }
    return *url ? EXIT_DONE : usage();
}

/* The URL that a person typed: scheme and path may be left out. Returns an exit code, after a
 * line unless it is EXIT_DONE. */
static int first_url(const struct opts *o, const char *typed, char **url)
{
    char key[300], host[256];
    uint16_t port;
    int rc = url_resolve(typed, "", url), code = EXIT_USAGE;
    if (rc == 0)
        rc = url_key(*url, key, sizeof(key), host, sizeof(host), &port);
    if (rc < 0) {
        say("%s: %s", typed, url_fault(rc));
        code = exit_for(rc);
    } else if (!strncmp(*url, "https:", 6) && o->peers) {
        say("the peer serves http only; https works on --wire slirp, packet:IF and tap:IF");
    } else {
        return EXIT_DONE;
    }
    free(*url);
    return code;
}

static void fetch_free(struct fetch *f)
{
    web_close(f->web);
    while (f->sites) {
        struct site *s = f->sites;
        f->sites = s->next;
        origin_close(s->origin);
        free(s);
    }
    while (f->objects) {
        struct object *o = f->objects;
        f->objects = o->next;
        save_discard(o->save);
        free(o->body);
        free(o->file);
        free(o->url);
        free(o);
    }
}

/* A share of all is known once every object that was named has said its length; one that is
 * over counts as what came of it. */
static void show_progress(struct fetch *f)
{
    struct progress_view v = { .run_ns = rig_now(&f->rig) - f->rig.shown_from_ns,
                               .done = f->total - f->pending, .objects = f->total };
    bool known = true;
    for (const struct object *o = f->objects; o; o = o->next) {
        v.bytes += o->bytes;
        known &= o->ended || o->length >= 0;
        v.total_bytes += o->ended ? o->bytes : (uint64_t)o->length;
    }
    if (!known)
        v.total_bytes = 0;
    progress_draw(&f->progress, &v);
}

/* Transfers, then the close of the kept connection, then the counters. */
static int run(struct fetch *f, char *url)
{
    int code = EXIT_DONE;
    if (web_open(&f->web, &f->rig, f->http10) < 0) {
        say("libcurl cannot start");
        code = EXIT_FAILED;
    }
    if (code == EXIT_DONE && f->rig.run.fd < 0) {
        say("libcurl cannot reach our stack without local sockets");
        code = EXIT_FAILED;
    }
    if (code != EXIT_DONE) {
        free(url);
        return code;
    }
    show_start(&f->rig);
    f->stall.fn = on_stall;
    f->stall.arg = f;
    stall_reset(f);
    if (object_add(f, url, true) == 0)
        start_ready(f);
    else
        worst(f, EXIT_FAILED);
    progress_start(&f->progress, !f->rig.o->json);
    f->rig.progress = &f->progress;
    while (code == EXIT_DONE && f->pending && !f->stalled) {
        code = rig_turn(&f->rig);
        if (progress_due(&f->progress))
            show_progress(f);
    }
    progress_hide(&f->progress);
    loop_timer_set(f->rig.loop, &f->stall, INT64_MAX);
    web_close(f->web);
    f->web = NULL;
    if (code == EXIT_DONE)
        code = rig_settle(&f->rig, SETTLE_NS);
    if (code == EXIT_DONE)
        code = f->code;
    return code;
}

int cmd_fetch(const struct opts *o, int argc, char **argv)
{
    struct fetch f = { .code = EXIT_DONE };
    f.objects_end = &f.objects;
    const char *typed;
    char *url;
    int code = parse(&f, argc, argv, &typed);
    if (code == EXIT_DONE)
        code = first_url(o, typed, &url);
    if (code != EXIT_DONE)
        return code;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        say("libcurl cannot start");
        free(url);
        return EXIT_FAILED;
    }
    code = rig_open(&f.rig, o);
    if (code != EXIT_DONE) {
        free(url);
    } else {
        code = rig_leave(&f.rig, run(&f, url));
        fetch_free(&f);
        code = rig_close(&f.rig, code);
    }
    curl_global_cleanup();
    return code;
}
