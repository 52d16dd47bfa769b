/* SPDX-License-Identifier: Apache-2.0 */
/* netstat.c - netstat, arp, route, stats, regs, mdio: ask a running lanyard by its socket. */
#include "host/commands.h"
#include "host/control.h"
#include "host/look.h"
#include "host/opts.h"
#include "host/rundir.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_LIMIT_MS 15000   /* without a byte; registers of a dead NIC take seconds */
#define ANSWER_MAX_BYTES (1u << 20)
#define PIDS_MAX 64u

struct asking {
    const char *command;
    bool json;
    const char *word[3];        /* REGISTER of regs; ADDR, REG, VALUE of mdio */
    unsigned words;
    long pid;                   /* 0: the only one */
    int fd;                     /* connected; -1 none, -EAGAIN it is busy */
    long found[PIDS_MAX];
    unsigned count;             /* of those that run here */
};

static int usage(const char *command)
{
    say("usage: lanyard [--json] %s [--json] [--pid N]%s", command,
        !strcmp(command, "regs") ? " [REGISTER]"
        : !strcmp(command, "mdio") ? " [ADDR [REG [VALUE]]]" : "");
    return EXIT_USAGE;
}

static int parse(struct asking *a, int argc, char **argv)
{
    unsigned most = !strcmp(argv[0], "regs") ? 1 : !strcmp(argv[0], "mdio") ? 3 : 0;
    uint64_t pid;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            a->json = true;
        } else if (!strcmp(argv[i], "--pid") && i + 1 < argc) {
            if (!opts_number(argv[++i], INT32_MAX, &pid) || pid == 0)
                return usage(argv[0]);
            a->pid = (long)pid;
        } else if (a->words < most && argv[i][0] != '-' && !strpbrk(argv[i], " \n") &&
                   argv[i][0] && strlen(argv[i]) < LOOK_REG_NAME_BYTES) {
            a->word[a->words++] = argv[i];
        } else {
            return usage(argv[0]);
        }
    }
    return EXIT_DONE;
}

/* --- which process ------------------------------------------------------------------- */

static void on_found(void *arg, long pid, int fd)
{
    struct asking *a = arg;
    if (a->count < PIDS_MAX)
        a->found[a->count++] = pid;
    if (a->fd == -1 && (!a->pid || a->pid == pid))
        a->fd = fd;
    else if (fd >= 0)
        close(fd);
}

static int say_several(const struct asking *a)
{
    char list[PIDS_MAX * 12] = "";
    size_t n = 0;
    for (unsigned i = 0; i < a->count; i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, " %ld", a->found[i]);
    say("several lanyards run here, say which by --pid N:%s", list);
    return EXIT_USAGE;
}

static int attach(struct asking *a)
{
    struct rundir d;
    int rc = rundir_open(&d, false);
    if (rc == 0)
        rundir_visit(&d, on_found, a);
    rundir_close(&d);
    if (rc < 0 && rc != -ENOENT) {
        say("%s", d.why);
        return rc == -EPERM || rc == -EACCES ? EXIT_MISSING : EXIT_FAILED;
    }
    if (!a->pid && a->count > 1)
        return say_several(a);
    if (a->fd >= 0)
        return EXIT_DONE;
    if (a->fd == -EAGAIN)
        say("too many ask this lanyard at once: try again");
    else if (a->pid && a->count)
        say("process %ld is no running lanyard (looked in %s)", a->pid, d.path);
    else
        say("no lanyard runs here (looked in %s)", d.path);
    return EXIT_FAILED;
}

/* --- the answer ---------------------------------------------------------------------- */

/* Until the end of the stream. Returns 0; -errno, -ETIMEDOUT when nothing comes. */
static int receive(int fd, char **out, size_t *len)
{
    char *all = malloc(ANSWER_MAX_BYTES + 1);
    size_t n = 0;
    int rc = all ? 0 : -ENOMEM;
    while (rc == 0 && n < ANSWER_MAX_BYTES) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, ANSWER_LIMIT_MS);
        ssize_t got = ready > 0 ? recv(fd, all + n, ANSWER_MAX_BYTES - n, 0) : -1;
        if (got > 0)
            n += (size_t)got;
        else if (got == 0)
            break;
        else
            rc = ready == 0 ? -ETIMEDOUT : errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    *out = all;
    *len = n;
    if (all)
        all[n] = '\0';
    return rc;
}

/* "CODE BYTES\n" and so many bytes, or the process went away in between. */
static int show(char *text, size_t len)
{
    char *end;
    long code = strtol(text, &end, 10);
    size_t bytes = *end == ' ' ? strtoul(end + 1, &end, 10) : 0;
    if (*end != '\n' || (size_t)(text + len - (end + 1)) != bytes) {
        say("it ended before it had answered");
        return EXIT_FAILED;
    }
    if (code != EXIT_DONE)
        say("%s", end + 1);
    else
        fwrite(end + 1, 1, bytes, stdout);
    return code >= EXIT_DONE && code <= EXIT_TIMEOUT ? (int)code : EXIT_FAILED;
}

static int ask(const struct asking *a)
{
    char line[CONTROL_LINE_BYTES], *text = NULL;
    size_t len = 0;
    /* Each word is shorter than LOOK_REG_NAME_BYTES: all have room. */
    int n = snprintf(line, sizeof(line), "%s%s", a->command, a->json ? " --json" : "");
    for (unsigned i = 0; i < a->words; i++)
        n += snprintf(line + n, sizeof(line) - (size_t)n, " %s", a->word[i]);
    n += snprintf(line + n, sizeof(line) - (size_t)n, "\n");
    /* It may have had something to say, and closed, before the question came. */
    send(a->fd, line, (size_t)n, MSG_NOSIGNAL);
    int rc = receive(a->fd, &text, &len);
    int code = EXIT_DONE;
    if (rc == -ETIMEDOUT) {
        say("it does not answer");
        code = EXIT_TIMEOUT;
    } else if (rc < 0 && rc != -ECONNRESET) {
        say("no answer: %s", strerror(-rc));
        code = EXIT_FAILED;
    } else {
        code = show(text, len);
    }
    free(text);
    return code;
}

int cmd_netstat(const struct opts *o, int argc, char **argv)
{
    struct asking a = { .command = argv[0], .json = o->json, .fd = -1 };
    int code = parse(&a, argc, argv);
    if (code == EXIT_DONE)
        code = attach(&a);
    if (code == EXIT_DONE)
        code = ask(&a);
    if (a.fd >= 0)
        close(a.fd);
    return code;
}
