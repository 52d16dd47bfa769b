/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of local sockets: which one, whose it may be, names, and what is left over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

struct bench {
    char top[64], dir[100];     /* a folder of this test, and one in it that is not there yet */
    struct rundir d;
    char *given, *session;      /* the environment as it was */
    unsigned found;
    long pid;
    int last;
};

static char *keep(const char *name)
{
    const char *v = getenv(name);
    return v ? strdup(v) : NULL;
}

static void put_back(const char *name, char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
    free(value);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->given = keep("LANYARD_RUN_DIR");
    b->session = keep("XDG_RUNTIME_DIR");
    strcpy(b->top, "/tmp/ly-rundir-XXXXXX");
    assert_non_null(mkdtemp(b->top));
    snprintf(b->dir, sizeof(b->dir), "%s/run", b->top);
    setenv("LANYARD_RUN_DIR", b->dir, 1);
    b->d.fd = -1;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    rundir_close(&b->d);
    put_back("LANYARD_RUN_DIR", b->given);
    put_back("XDG_RUNTIME_DIR", b->session);
    chmod(b->dir, 0700);
    rmdir(b->dir);
    assert_int_equal(rmdir(b->top), 0);     /* so each test has left nothing in it */
    free(b);
    return 0;
}
#define RUNDIR_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

/* --- which folder, and whose ------------------------------------------------------- */

static void made_private(void **state)
{
    struct bench *b = *state;
    assert_int_equal(rundir_open(&b->d, false), -ENOENT);
    assert_int_equal(access(b->dir, F_OK), -1);     /* who looks makes nothing */
    mode_t old = umask(0);
    assert_int_equal(rundir_open(&b->d, true), 0);
    umask(old);
    assert_string_equal(b->d.path, b->dir);
    assert_int_equal(mode_of(b->dir), 0700);
}

static void of_the_session(void **state)
{
    struct bench *b = *state;
    char want[120];
    unsetenv("LANYARD_RUN_DIR");
    setenv("XDG_RUNTIME_DIR", b->top, 1);
    snprintf(want, sizeof(want), "%s/lanyard", b->top);
    assert_int_equal(rundir_open(&b->d, true), 0);
    assert_string_equal(b->d.path, want);
    assert_int_equal(rmdir(want), 0);
    rundir_close(&b->d);
    /* One that is not there, as after su, is not used. */
    setenv("XDG_RUNTIME_DIR", "/nothing/of/this/name", 1);
    snprintf(want, sizeof(want), "/tmp/lanyard-%u", (unsigned)geteuid());
    int rc = rundir_open(&b->d, false);
    assert_true(rc == 0 || rc == -ENOENT);
    assert_string_equal(b->d.path, want);
}

/* One that the user named may be read by others, but not written to; ours neither. */
static void open_to_others(void **state)
{
    static const struct { unsigned mode; int given, ours; } cases[] = {
        { 0700, 0, 0 }, { 0755, 0, -EPERM }, { 0770, -EPERM, -EPERM }, { 0702, -EPERM, -EPERM },
        { 01777, -EPERM, -EPERM },
    };
    struct bench *b = *state;
    char ours[120];
    snprintf(ours, sizeof(ours), "%s/lanyard", b->top);
    assert_int_equal(mkdir(b->dir, 0700), 0);
    assert_int_equal(mkdir(ours, 0700), 0);
    setenv("XDG_RUNTIME_DIR", b->top, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chmod(b->dir, cases[i].mode), 0);
        assert_int_equal(chmod(ours, cases[i].mode), 0);
        setenv("LANYARD_RUN_DIR", b->dir, 1);
        assert_int_equal(rundir_open(&b->d, true), cases[i].given);
        assert_true(cases[i].given == 0 || strstr(b->d.why, "open to other users"));
        rundir_close(&b->d);
        unsetenv("LANYARD_RUN_DIR");
        assert_int_equal(rundir_open(&b->d, true), cases[i].ours);
        rundir_close(&b->d);
    }
    assert_int_equal(rmdir(ours), 0);
}

/* Somebody else's: root's for a user; for root, one that it gives away. */
static void of_another_user(void **state)
{
    struct bench *b = *state;
    if (geteuid() != 0) {
        setenv("LANYARD_RUN_DIR", "/usr", 1);
        assert_int_equal(rundir_open(&b->d, true), -EPERM);
        assert_int_equal(rundir_open(&b->d, false), -EPERM);
    } else {
        assert_int_equal(mkdir(b->dir, 0700), 0);
        assert_int_equal(chown(b->dir, NOBODY, NOBODY), 0);
        assert_int_equal(rundir_open(&b->d, true), -EPERM);
        assert_int_equal(rundir_open(&b->d, false), 0);     /* root may look */
        rundir_close(&b->d);
        assert_int_equal(rundir_open(&b->d, true), -EPERM);
    }
    assert_non_null(strstr(b->d.why, "belongs to another user"));
    assert_int_equal(b->d.fd, -1);
}

static void not_a_folder(void **state)
{
    struct bench *b = *state;
    char link[120];
    int fd = open(b->dir, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(rundir_open(&b->d, true), -ENOTDIR);
    assert_int_equal(unlink(b->dir), 0);
    /* Where we choose the name, nobody may have put a link there. */
    snprintf(link, sizeof(link), "%s/lanyard", b->top);
    assert_int_equal(mkdir(b->dir, 0700), 0);
    assert_int_equal(symlink(b->dir, link), 0);
    unsetenv("LANYARD_RUN_DIR");
    setenv("XDG_RUNTIME_DIR", b->top, 1);
    assert_int_equal(rundir_open(&b->d, true), -ENOTDIR);
    setenv("LANYARD_RUN_DIR", link, 1);         /* a link of one's own is no surprise */
    assert_int_equal(rundir_open(&b->d, true), 0);
    assert_int_equal(unlink(link), 0);
}

static void cannot_be_made(void **state)
{
    struct bench *b = *state;
    char *far = malloc(2 * RUNDIR_PATH_BYTES);
    assert_non_null(far);
    setenv("LANYARD_RUN_DIR", "/proc/nothing", 1);
    assert_int_equal(rundir_open(&b->d, true), -ENOENT);
    assert_non_null(strstr(b->d.why, "/proc/nothing cannot be made"));
    memset(far, 'x', 2 * RUNDIR_PATH_BYTES - 1);
    far[0] = '/';
    far[2 * RUNDIR_PATH_BYTES - 1] = '\0';
    setenv("LANYARD_RUN_DIR", far, 1);
    assert_int_equal(rundir_open(&b->d, true), -ENAMETOOLONG);
    assert_int_equal(rundir_listen(&b->d, "1-00000000", 1), -EBADF);
    free(far);
}

/* --- sockets ----------------------------------------------------------------------- */

static void on_found(void *arg, long pid, int fd)
{
    struct bench *b = arg;
    b->found++;
    b->pid = pid;
    b->last = fd;
    if (fd >= 0)
        close(fd);
}

static unsigned visit(struct bench *b)
{
    b->found = 0;
    rundir_visit(&b->d, on_found, b);
    return b->found;
}

static bool there(const struct bench *b, const char *name)
{
    return faccessat(b->d.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void listens(void **state)
{
    struct bench *b = *state;
    char name[RUNDIR_NAME_BYTES], path[64];
    struct stat st;
    assert_int_equal(rundir_open(&b->d, true), 0);
    rundir_name(name);
    mode_t old = umask(0);
    int fd = rundir_listen(&b->d, name, 1);
    umask(old);
    assert_true(fd >= 0);
    rundir_at(&b->d, name, path, sizeof(path));
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(visit(b), 1);
    assert_int_equal(b->pid, getpid());
    assert_true(b->last >= 0);
    rundir_unlisten(&b->d, name, fd);
    assert_false(there(b, name));
    assert_int_equal(visit(b), 0);
}

/* Two names of one process differ. */
static void names(void **state)
{
    char a[RUNDIR_NAME_BYTES], b[RUNDIR_NAME_BYTES];
    (void)state;
    rundir_name(a);
    rundir_name(b);
    assert_string_not_equal(a, b);
}

/* AF_UNIX addresses end at 107 bytes; folders do not. */
static void deep_folder(void **state)
{
    struct bench *b = *state;
    char deep[300], name[RUNDIR_NAME_BYTES];
    snprintf(deep, sizeof(deep), "%s/%0200d", b->top, 1);
    setenv("LANYARD_RUN_DIR", deep, 1);
    assert_int_equal(rundir_open(&b->d, true), 0);
    rundir_name(name);
    int fd = rundir_listen(&b->d, name, 1);
    assert_true(fd >= 0);
    assert_int_equal(visit(b), 1);
    rundir_unlisten(&b->d, name, fd);
    assert_int_equal(rmdir(deep), 0);
}

static int left_over(struct bench *b, const char *name)
{
    int fd = rundir_listen(&b->d, name, 1);
    assert_true(fd >= 0);
    return close(fd);           /* as SIGKILL does: the name stays */
}

static void left_over_is_removed(void **state)
{
    struct bench *b = *state;
    char live[RUNDIR_NAME_BYTES];
    assert_int_equal(rundir_open(&b->d, true), 0);
    rundir_name(live);
    int fd = rundir_listen(&b->d, live, 4);
    assert_true(fd >= 0);
    int curl = rundir_listen(&b->d, "78-0123abcd.0", 4);    /* no process to be looked at */
    assert_true(curl >= 0);
    left_over(b, "77-0123abcd");
    left_over(b, "77-0123abcd.f");
    assert_int_equal(visit(b), 1);
    assert_true(there(b, "78-0123abcd.0"));
    rundir_unlisten(&b->d, "78-0123abcd.0", curl);
    assert_false(there(b, "77-0123abcd"));
    assert_false(there(b, "77-0123abcd.f"));
    assert_true(there(b, live));
    left_over(b, "78-0123abcd");
    rundir_visit(&b->d, NULL, NULL);
    assert_false(there(b, "78-0123abcd"));
    rundir_unlisten(&b->d, live, fd);
}

/* What does not look like ours, or is no socket, stays. */
static void strangers_stay(void **state)
{
    static const char *const files[] = { "77-0123abcd", "note.txt", "12", "1-2", "x-01234567" };
    static const char *const sockets[] = { "x-01234567", "77-0123abc", "77-0123abcde",
                                           "77_0123abcd", "77-0123ABCD" };
    struct bench *b = *state;
    assert_int_equal(rundir_open(&b->d, true), 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int fd = openat(b->d.fd, files[i], O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(visit(b), 0);
        assert_true(there(b, files[i]));
        assert_int_equal(unlinkat(b->d.fd, files[i], 0), 0);
    }
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        left_over(b, sockets[i]);
        assert_int_equal(visit(b), 0);
        assert_true(there(b, sockets[i]));
        assert_int_equal(unlinkat(b->d.fd, sockets[i], 0), 0);
    }
}

/* A process that has its name already, but does not listen yet, refuses connect() as well. */
static void not_yet_listening(void **state)
{
    struct bench *b = *state;
    char mine[RUNDIR_NAME_BYTES + 1] = ".", gone[RUNDIR_NAME_BYTES + 1];
    assert_int_equal(rundir_open(&b->d, true), 0);
    rundir_name(mine + 1);
    mine[RUNDIR_NAME_BYTES - 1] = '\0';
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(gone, sizeof(gone), ".%ld-01234567", (long)child);
    left_over(b, mine);
    left_over(b, gone);
    assert_int_equal(visit(b), 0);
    assert_true(there(b, mine));
    assert_false(there(b, gone));
    assert_int_equal(unlinkat(b->d.fd, mine, 0), 0);
}

/* Its queue is full: it runs, though nobody can ask it now. */
static void busy(void **state)
{
    struct bench *b = *state;
    char name[RUNDIR_NAME_BYTES];
    assert_int_equal(rundir_open(&b->d, true), 0);
    rundir_name(name);
    int fd = rundir_listen(&b->d, name, 1);
    assert_true(fd >= 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(visit(b), 1);
    assert_int_equal(b->last, -EAGAIN);
    assert_true(there(b, name));
    rundir_unlisten(&b->d, name, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNDIR_TEST(made_private),
        RUNDIR_TEST(of_the_session),
        RUNDIR_TEST(open_to_others),
        RUNDIR_TEST(of_another_user),
        RUNDIR_TEST(not_a_folder),
        RUNDIR_TEST(cannot_be_made),
        RUNDIR_TEST(listens),
        cmocka_unit_test(names),
        RUNDIR_TEST(deep_folder),
        RUNDIR_TEST(left_over_is_removed),
        RUNDIR_TEST(strangers_stay),
        RUNDIR_TEST(not_yet_listening),
        RUNDIR_TEST(busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
