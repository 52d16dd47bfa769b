/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - a folder as a web site, on our stack and NIC. Ends by a signal, or with the file
 * that --wire pcap plays. */
#include "host/commands.h"
#include "host/compose.h"
#include "host/httpd.h"
#include "host/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_NS 200000000  /* for the RST of what was under way to leave */

struct serve {
    struct rig rig;
    int dir;
    struct httpd *httpd;
};

static int open_file(void *arg, const char *path, struct httpd_body *b)
{
    const struct serve *v = arg;
    char name[1200];
    struct stat st;
    size_t n = strlen(path);
    int len = snprintf(name, sizeof(name), "%s%s", path + 1,
                       path[n - 1] == '/' ? "index.html" : "");
    if (len < 0 || (size_t)len >= sizeof(name))
        return -ENOENT;
    int fd = openat(v->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    bool folder = path[n - 1] != '/';   /* it may be one: then a '/' belongs behind it */
    int rc = fstat(fd, &st) < 0 ? -errno
             : S_ISDIR(st.st_mode) && folder ? -EISDIR : S_ISREG(st.st_mode) ? 0 : -EACCES;
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *b = (struct httpd_body){ .fd = fd, .len = (uint64_t)st.st_size, .mtime = st.st_mtime,
                              .type = httpd_type(name) };
    return 0;
}

static time_t date_now(void *arg)
{
    const struct serve *v = arg;
    return rig_date(&v->rig);
}

static void log_line(void *arg, const char *method, const char *target, int status, uint64_t bytes)
{
    const struct serve *v = arg;
    if (v->rig.o->json) {
        printf("{\"event\":\"request\",\"method\":");
        show_string(stdout, method);
        printf(",\"target\":");
        show_string(stdout, target);
        printf(",\"status\":%d,\"bytes\":%llu}\n", status, (unsigned long long)bytes);
        return;
    }
    show_text(stdout, method);
    putchar(' ');
    show_text(stdout, target);
    printf(" %d %llu\n", status, (unsigned long long)bytes);
}

static int run(struct serve *v, const char *dir, uint16_t port)
{
    const struct httpd_source src = { .arg = v, .open = open_file, .now = date_now,
                                      .log = log_line };
    int rc = httpd_open(&v->httpd, &v->rig.me, port, &src);
    if (rc < 0) {
        say("cannot listen on port %u: %s", port, strerror(-rc));
        return EXIT_FAILED;
    }
    char ip[16];
    show_ip4(ip, net_addr(v->rig.me.net));
    if (v->rig.o->json)
        printf("{\"event\":\"serving\",\"url\":\"http://%s:%u/\"}\n", ip, port);
    else
        printf("serving %s on http://%s:%u/\n", dir, ip, port);
    int code;
    do
        code = rig_turn(&v->rig);
    while (code == EXIT_DONE && !v->rig.over);
    httpd_close(v->httpd);
    if (loop_signal(v->rig.loop) || v->rig.over)
        rig_settle(&v->rig, SETTLE_NS);
    return code;
}

int cmd_serve(const struct opts *o, int argc, char **argv)
{
    struct serve v = { .dir = -1 };
    uint64_t port = 80;
    if (argc < 2 || argc > 3 || argv[1][0] == '-' ||
        (argc == 3 && (!opts_number(argv[2], 65535, &port) || !port))) {
        say("usage: lanyard [OPTIONS] serve DIR [PORT]");
        return EXIT_USAGE;
    }
    if (o->virtual_time && o->peers) {
        say("serve waits for clients: on --wire peer, switch and hub there is none but us");
        return EXIT_USAGE;
    }
    v.dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v.dir < 0) {
        say("%s: %s", argv[1], strerror(errno));
        return EXIT_FAILED;
    }
    int code = rig_open(&v.rig, o);
    if (code == EXIT_DONE) {
        code = rig_leave(&v.rig, run(&v, argv[1], (uint16_t)port));
        code = rig_close(&v.rig, code);
    }
    close(v.dir);
    return code;
}
