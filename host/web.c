/* SPDX-License-Identifier: Apache-2.0 */
#include "host/web.h"

#include "host/compose.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct web_get {
    struct web *w;
    CURL *easy;
    const struct web_ops *ops;
    void *arg;
    bool head_whole;            /* the header section of the answer came to its end */
    char error[CURL_ERROR_SIZE];
    struct web_get *next;
};

struct web {
    struct rig *rig;
    CURLM *multi;
    struct loop_timer timer;
    struct web_get *gets;
    bool http10;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct web_get *g = arg;
    long status = 0;
    curl_off_t length = -1;
    const char *type = NULL;
    curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(g->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(g->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    int rc = g->ops->body(g->arg, status, length, type ? type : "", p, size * n);
    return rc == 0 ? size * n : 0;
}

/* One line of a header section; an empty one ends it. Lines after that are trailers, unless
 * another answer begins (100, then 200). */
static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
    struct web_get *g = arg;
    size_t len = size * n;
    if (len >= 5 && !memcmp(p, "HTTP/", 5))
        g->head_whole = false;
    else if (len && (p[0] == '\n' || (len == 2 && p[0] == '\r')))
        g->head_whole = true;
    return len;
}

static void get_free(struct web_get *g)
{
    struct web_get **at = &g->w->gets;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    curl_multi_remove_handle(g->w->multi, g->easy);
    curl_easy_cleanup(g->easy);
    free(g);
}

/* Neither a length nor chunks. Source: RFC 9112 6.3. */
static bool to_end(CURL *easy)
{
    curl_off_t length = -1;
    struct curl_header *h;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length < 0 && curl_easy_header(easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &h) !=
                             CURLHE_OK;
}

static void finished(struct web_get *g, CURLcode code)
{
    char *type = NULL, *location = NULL;
    struct web_result res = { .code = (int)code };
    curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &res.status);
    curl_easy_getinfo(g->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(g->easy, CURLINFO_REDIRECT_URL, &location);
    res.text = g->error[0] ? g->error : curl_easy_strerror(code);
    if (code == CURLE_OK && !g->head_whole) { /* libcurl takes it for an empty body */
        res.code = CURLE_WEIRD_SERVER_REPLY;
        res.text = "the answer ends within its header";
    }
    res.type = type ? type : "";
    res.location = location;
    res.to_end = to_end(g->easy);
    g->ops->done(g->arg, &res);
    get_free(g);
}

/* Let libcurl act on a descriptor or on its timer, then tell about every transfer that
 * has ended. Where a callback of ours had no memory, libcurl ends none of them any more. */
static void act(struct web *w, curl_socket_t fd, int bits)
{
    int left;
    CURLMsg *m;
    bool dead = curl_multi_socket_action(w->multi, fd, bits, &left) != CURLM_OK;
    while ((m = curl_multi_info_read(w->multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            struct web_get *g = NULL;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &g);
            finished(g, m->data.result);
        }
    while (dead && w->gets)
        finished(w->gets, CURLE_OUT_OF_MEMORY);
}

static void on_fd(struct web *w, int fd, uint32_t events)
{
    int bits = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_IN | CURL_CSELECT_ERR : 0);
    act(w, fd, bits);
}

/* libcurl's descriptor with who watches it: freed when libcurl lets go of it. */
struct watched {
    struct web *w;
    int fd;
};

static void on_watched(void *arg, uint32_t events)
{
    const struct watched *x = arg;
    on_fd(x->w, x->fd, events); /* x may be gone afterwards */
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *mine)
{
    struct web *w = arg;
    struct watched *x = mine;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        loop_del(w->rig->loop, fd);
        free(x);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (x)
        return loop_mod(w->rig->loop, fd, events) < 0 ? -1 : 0;
    x = malloc(sizeof(*x));
    if (!x)
        return -1;
    *x = (struct watched){ .w = w, .fd = fd };
    if (loop_add(w->rig->loop, fd, events, on_watched, x) < 0) {
        free(x);
        return -1;
    }
    curl_multi_assign(w->multi, fd, x);
    return 0;
}

static void on_timeout(void *arg, int64_t now_ns)
{
    (void)now_ns;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct web *w = arg;
    (void)multi;
    loop_timer_set(w->rig->loop, &w->timer,
                   timeout_ms < 0 ? INT64_MAX : rig_now(w->rig) + (int64_t)timeout_ms * 1000000);
    return 0;
}

int web_open(struct web **out, struct rig *r, bool http10)
{
    struct web *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->rig = r;
    w->http10 = http10;
    w->timer.fn = on_timeout;
    w->timer.arg = w;
    w->timer.at_ns = INT64_MAX;
    w->multi = curl_multi_init();
    if (!w->multi) {
        free(w);
        return -ENOMEM;
    }
    curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
    curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
    /* One connection for all objects of an origin. */
    curl_multi_setopt(w->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
    *out = w;
    return 0;
}

void web_close(struct web *w)
{
    if (!w)
        return;
    while (w->gets)
        get_free(w->gets);
    curl_multi_cleanup(w->multi);
    loop_timer_set(w->rig->loop, &w->timer, INT64_MAX);
    free(w);
}

/* Returns whether libcurl took them all: one that it forgot would lead past our stack. */
static bool set_options(struct web_get *g, const char *url, const char *path)
{
    const struct { CURLoption option; const char *text; } texts[] = {
        { CURLOPT_URL, url }, { CURLOPT_UNIX_SOCKET_PATH, path }, { CURLOPT_PROXY, "" },
        { CURLOPT_USERAGENT, "lanyard" }, { CURLOPT_PROTOCOLS_STR, "http,https" },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (curl_easy_setopt(g->easy, texts[i].option, texts[i].text) != CURLE_OK)
            return false;
    curl_easy_setopt(g->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(g->easy, CURLOPT_HTTP_VERSION, g->w->http10 ? (long)CURL_HTTP_VERSION_1_0
                                                                 : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(g->easy, CURLOPT_FORBID_REUSE, (long)g->w->http10);
    curl_easy_setopt(g->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(g->easy, CURLOPT_WRITEDATA, g);
    curl_easy_setopt(g->easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(g->easy, CURLOPT_HEADERDATA, g);
    curl_easy_setopt(g->easy, CURLOPT_ERRORBUFFER, g->error);
    curl_easy_setopt(g->easy, CURLOPT_PRIVATE, g);
    return true;
}

int web_get(struct web *w, const char *url, const char *path, const struct web_ops *ops,
            void *arg)
{
    struct web_get *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    *g = (struct web_get){ .w = w, .easy = curl_easy_init(), .ops = ops, .arg = arg,
                           .next = w->gets };
    if (!g->easy || !set_options(g, url, path) ||
        curl_multi_add_handle(w->multi, g->easy) != CURLM_OK) {
        curl_easy_cleanup(g->easy);
        free(g);
        return -ENOMEM;
    }
    w->gets = g;
    return 0;
}
