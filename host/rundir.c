/* SPDX-License-Identifier: Apache-2.0 */
#include "host/rundir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RANDOM_DIGITS 8

/* --- the folder -------------------------------------------------------------------- */

/* After su or sudo the session is somebody else's: files of ours would hinder its owner. */
static bool is_ours(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_uid == geteuid();
}

/* Returns whether the user named it. */
static bool choose(char path[RUNDIR_PATH_BYTES], int *len)
{
    const char *given = getenv("LANYARD_RUN_DIR"), *session = getenv("XDG_RUNTIME_DIR");
    if (given && *given) {
        *len = snprintf(path, RUNDIR_PATH_BYTES, "%s", given);
        return true;
    }
    if (session && *session && is_ours(session))
        *len = snprintf(path, RUNDIR_PATH_BYTES, "%s/lanyard", session);
    else
        *len = snprintf(path, RUNDIR_PATH_BYTES, "/tmp/lanyard-%u", (unsigned)geteuid());
    return false;
}

/* @what and @more are short. */
static int refuse(struct rundir *d, int err, const char *what, const char *more)
{
    snprintf(d->why, sizeof(d->why), "the folder %s %.99s%.60s", d->path, what, more);
    rundir_close(d);
    return -err;
}

/* A folder that somebody else made, or may change, could hold anything. One that the user
 * named may be read by others; what we make ourselves is 0700. */
static int check(struct rundir *d, bool make, bool given)
{
    struct stat st;
    if (fstat(d->fd, &st) < 0)
        return refuse(d, errno, "cannot be looked at: ", strerror(errno));
    if (st.st_uid != geteuid() && (make || geteuid() != 0))
        return refuse(d, EPERM, "belongs to another user: set LANYARD_RUN_DIR to one of yours",
                      "");
    if (st.st_mode & (given ? 022 : 077))
        return refuse(d, EPERM, "is open to other users: chmod 700 it", "");
    return 0;
}

int rundir_open(struct rundir *d, bool make)
{
    int len;
    *d = (struct rundir){ .fd = -1 };
    bool given = choose(d->path, &len);
    if (len >= RUNDIR_PATH_BYTES)
        return refuse(d, ENAMETOOLONG, "has too long a name: set LANYARD_RUN_DIR to a shorter one",
                      "");
    if (make && mkdir(d->path, 0700) < 0 && errno != EEXIST)
        return refuse(d, errno, "cannot be made: ", strerror(errno));
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (given ? 0 : O_NOFOLLOW));
    if (d->fd < 0)
        return refuse(d, errno, "cannot be opened: ", strerror(errno));
    return check(d, make, given);
}

void rundir_close(struct rundir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

/* --- names ------------------------------------------------------------------------- */

void rundir_name(char name[RUNDIR_NAME_BYTES])
{
    unsigned number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
        number = (unsigned)time(NULL); /* it only tells processes of one number apart */
    snprintf(name, RUNDIR_NAME_BYTES, "%ld-%0*x", (long)getpid(), RANDOM_DIGITS, number);
}

void rundir_at(const struct rundir *d, const char *name, char *path, unsigned room)
{
    snprintf(path, room, "/proc/self/fd/%d/%.*s", d->fd, RUNDIR_NAME_BYTES, name);
}

/* A name as we give it. */
struct name {
    long pid;
    bool hidden;                /* with a dot before it: not listening yet */
    bool control;               /* not one of libcurl's */
};

static bool parse(const char *text, struct name *n)
{
    char *end;
    n->hidden = *text == '.';
    if (strlen(text) > RUNDIR_NAME_BYTES)
        return false;
    text += n->hidden;
    if (!isdigit((unsigned char)*text))
        return false;
    n->pid = strtol(text, &end, 10);
    if (*end++ != '-' || strspn(end, "0123456789abcdef") != RANDOM_DIGITS)
        return false;
    end += RANDOM_DIGITS;
    n->control = !*end && !n->hidden;
    return !*end || *end == '.';
}

/* --- sockets ----------------------------------------------------------------------- */

static struct sockaddr_un address(const struct rundir *d, const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    rundir_at(d, name, at.sun_path, sizeof(at.sun_path));
    return at;
}

/* It gets its name when it listens: before that, connect() is refused as if it were left
 * over, and another lanyard would remove it. */
static int appear(const struct rundir *d, int fd, const char *name, int backlog)
{
    char hidden[RUNDIR_NAME_BYTES + 1];
    snprintf(hidden, sizeof(hidden), ".%s", name);
    const struct sockaddr_un at = address(d, hidden);
    /* On Linux the mode of the socket becomes the mode of its file: never open to others. */
    if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
        return -errno;
    if (listen(fd, backlog) == 0 && renameat(d->fd, hidden, d->fd, name) == 0)
        return 0;
    int err = errno;
    unlinkat(d->fd, hidden, 0);
    return -err;
}

int rundir_listen(struct rundir *d, const char *name, int backlog)
{
    int fd = -1, rc = -EBADF;       /* the folder is not open: d->why says the reason already */
    if (d->fd < 0)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    rc = fd < 0 ? -errno : appear(d, fd, name, backlog);
    if (rc == 0)
        return fd;
    snprintf(d->why, sizeof(d->why), "cannot make a socket in %s: %s%s", d->path, strerror(-rc),
             rc == -ENOENT ? " (is /proc mounted?)" : "");
    if (fd >= 0)
        close(fd);
    return rc;
}

void rundir_unlisten(const struct rundir *d, const char *name, int fd)
{
    if (fd < 0)
        return;
    unlinkat(d->fd, name, 0);
    close(fd);
}

/* Never waits. Returns a descriptor; -ECONNREFUSED nobody listens, -EAGAIN many wait there. */
static int connect_to(const struct rundir *d, const char *name)
{
    const struct sockaddr_un at = address(d, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
        return fd < 0 ? -errno : fd;
    int err = errno;
    close(fd);
    return -err;
}

/* Other files are none of our business, whatever their name. One that does not listen yet is
 * left alone while its process lives. */
static void remove_stale(const struct rundir *d, const char *text, const struct name *n)
{
    struct stat st;
    if (fstatat(d->fd, text, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode))
        return;
    if (!n->hidden || (kill((pid_t)n->pid, 0) < 0 && errno == ESRCH))
        unlinkat(d->fd, text, 0);
}

void rundir_visit(const struct rundir *d, void (*fn)(void *arg, long pid, int fd), void *arg)
{
    int again = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) {
        if (again >= 0)
            close(again);
        return;
    }
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct name n;
        if (!parse(e->d_name, &n))
            continue;
        int fd = connect_to(d, e->d_name);
        if (fd == -ECONNREFUSED)
            remove_stale(d, e->d_name, &n);
        else if (fn && n.control && (fd >= 0 || fd == -EAGAIN))
            fn(arg, n.pid, fd);
        else if (fd >= 0)
            close(fd);
    }
    closedir(dir);
}
