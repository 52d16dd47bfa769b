/* SPDX-License-Identifier: Apache-2.0 */
#include "host/save.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct save {
    FILE *f;
    int err;
    char path[4096];
};

/* The URL's path as a relative file name. Returns 0 or -errno. */
static int file_name(char *out, size_t room, const char *dir, const char *url)
{
    CURLU *u = curl_url();
    char *path = NULL;
    int rc = -ENOMEM;
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        size_t n = strlen(path);
        int len = snprintf(out, room, "%s%s%s", dir, path,
                           n && path[n - 1] == '/' ? "index.html" : "");
        rc = len < 0 || (size_t)len >= room ? -ENAMETOOLONG : 0;
        if (strstr(path, "/../")) /* curl has removed them; an encoded one stays encoded */
            rc = -EINVAL;
    }
    curl_free(path);
    curl_url_cleanup(u);
    return rc;
}

static int make_folders(char *path)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        int rc = mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
        *p = '/';
        if (rc < 0)
            return rc;
    }
    return 0;
}

int save_open(struct save **out, const char *dir, const char *url)
{
    struct save *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    int rc = file_name(s->path, sizeof(s->path), dir, url);
    if (rc == 0)
        rc = make_folders(s->path);
    if (rc == 0) {
        s->f = fopen(s->path, "wb");
        rc = s->f ? 0 : -errno;
    }
    if (rc < 0) {
        free(s);
        return rc;
    }
    *out = s;
    return 0;
}

int save_name(char **out, const char *url)
{
    char name[sizeof(((struct save *)0)->path)];
    int rc = file_name(name, sizeof(name), "", url);
    *out = rc == 0 ? strdup(name) : NULL;
    return rc == 0 && !*out ? -ENOMEM : rc;
}

int save_write(struct save *s, const void *p, size_t n)
{
    errno = 0;
    if (s && !s->err && fwrite(p, 1, n, s->f) != n)
        s->err = errno ? -errno : -EIO;
    return s ? s->err : 0;
}

int save_close(struct save *s)
{
    if (!s)
        return 0;
    int err = s->err;
    errno = 0;
    if (fclose(s->f) != 0 && !err)
        err = errno ? -errno : -EIO;
    if (err)
        unlink(s->path);
    free(s);
    return err;
}

void save_discard(struct save *s)
{
    if (!s)
        return;
    fclose(s->f);
    unlink(s->path);
    free(s);
}
