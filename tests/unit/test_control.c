/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of a real rig with the peer: questions, answers, and clients that do not
 * behave. Its wall time is this test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver/nic.h"
#include "host/compose.h"
#include "host/control.h"
#include "host/look.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 40000u

struct bench {
    struct opts opts;
    struct rig rig;
    char *run_dir, dir[40];     /* the environment as it was; a folder of this test */
    int64_t wall_ns;
    int fd;                     /* of the newest client */
    struct loop_timer tick;
    char answer[ANSWER_BYTES];
};

static struct bench *bench_open(const char *wire, const char *time)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    char *argv[] = { (char[]){ "lanyard" }, (char[]){ "--wire" }, (char[8]){ 0 },
                     (char[]){ "--time" }, (char[8]){ 0 }, NULL };
    snprintf(argv[2], 8, "%s", wire);
    snprintf(argv[4], 8, "%s", time);
    const char *old = getenv("LANYARD_RUN_DIR");
    b->run_dir = old ? strdup(old) : NULL;
    strcpy(b->dir, "/tmp/ly-control-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    setenv("LANYARD_RUN_DIR", b->dir, 1);
    assert_int_equal(opts_parse(&b->opts, 5, argv), EXIT_DONE);
    assert_int_equal(rig_open(&b->rig, &b->opts), EXIT_DONE);
    assert_non_null(b->rig.control);
    return b;
}

static int setup(void **state)
{
    *state = bench_open("peer", "virtual");
    return 0;
}

static int setup_wall(void **state)
{
    *state = bench_open("peer", "wall");
    return 0;
}

/* The NIC is the only one. */
static int setup_alone(void **state)
{
    *state = bench_open("slirp", "wall");
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    loop_timer_set(b->rig.loop, &b->tick, INT64_MAX);
    assert_int_equal(rig_close(&b->rig, EXIT_DONE), EXIT_DONE);
    assert_int_equal(rmdir(b->dir), 0);     /* the socket is gone */
    if (b->run_dir)
        setenv("LANYARD_RUN_DIR", b->run_dir, 1);
    else
        unsetenv("LANYARD_RUN_DIR");
    free(b->run_dir);
    free(b);
    return 0;
}
#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WALL_TEST(test) cmocka_unit_test_setup_teardown(test, setup_wall, teardown)

static void on_found(void *arg, long pid, int fd)
{
    struct bench *b = arg;
    assert_int_equal(pid, getpid());
    b->fd = fd;
}

/* A client, connected. */
static int client(struct bench *b)
{
    b->fd = -1;
    rundir_visit(&b->rig.run, on_found, b);
    assert_true(b->fd >= 0);
    return b->fd;
}

static void say_to(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void turns(struct bench *b, int n)
{
    while (n-- > 0)
        control_turn(b->rig.control, b->wall_ns);
}

/* Up to the end of the stream, which must have come. Returns the code and leaves the text in
 * b->answer; -1 where nothing was said. */
static int answer_of(struct bench *b, int fd)
{
    size_t n = 0;
    ssize_t got;
    while ((got = recv(fd, b->answer + n, ANSWER_BYTES - 1 - n, 0)) > 0)
        n += (size_t)got;
    assert_true(got == 0 || errno == ECONNRESET);
    close(fd);
    b->answer[n] = '\0';
    if (n == 0)
        return -1;
    int code, head;
    size_t bytes;
    assert_int_equal(sscanf(b->answer, "%d %zu%n", &code, &bytes, &head), 2);
    assert_int_equal(b->answer[head], '\n');
    assert_int_equal(n - (size_t)head - 1, bytes);
    memmove(b->answer, b->answer + head + 1, bytes + 1);
    return code;
}

static int ask(struct bench *b, const char *line)
{
    int fd = client(b);
    say_to(fd, line);
    turns(b, 3);
    return answer_of(b, fd);
}

static void on_tick(void *arg, int64_t now_ns)
{
    (void)arg;
    (void)now_ns;
}

/* One turn of the rig. The run has nothing else to do: it is not to sleep for a second once
 * the answer is out. */
static void rig_goes_on(struct bench *b)
{
    b->tick.fn = on_tick;
    loop_timer_set(b->rig.loop, &b->tick, rig_now(&b->rig) + 1000000);
    assert_int_equal(rig_turn(&b->rig), EXIT_DONE);
}

/* The same where the NIC has its say: turns of the rig. */
static int ask_wall(struct bench *b, const char *line)
{
    int fd = client(b);
    char c;
    say_to(fd, line);
    for (int i = 0; i < 100000 && recv(fd, &c, 1, MSG_PEEK) < 0; i++)
        rig_goes_on(b);
    return answer_of(b, fd);
}

/* --- questions --------------------------------------------------------------------- */

static void questions(void **state)
{
    static const struct { const char *line; enum look_what what; bool json; const char *reg; }
    cases[] = {
        { "netstat", LOOK_NETSTAT, false, "" }, { "arp --json", LOOK_ARP, true, "" },
        { "route", LOOK_ROUTE, false, "" }, { "  stats   --json  ", LOOK_STATS, true, "" },
        { "regs", LOOK_REGS, false, "" }, { "regs CTRL", LOOK_REGS, false, "CTRL" },
        { "regs --json CTRL", LOOK_REGS, true, "CTRL" },
        { "regs CTRL --json", LOOK_REGS, true, "CTRL" }, { "mdio", LOOK_MDIO, false, "" },
        { "mdio 31 --json 0x1f 65535", LOOK_MDIO, true, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct look l;
        char line[80];
        snprintf(line, sizeof(line), "%s", cases[i].line);
        assert_null(look_parse(&l, line));
        assert_int_equal(l.what, cases[i].what);
        assert_int_equal(l.json, cases[i].json);
        assert_string_equal(l.reg, cases[i].reg);
        if (l.mdio_words)
            assert_true(l.mdio_words == 3 && l.mdio[0] == 31 && l.mdio[1] == 31 &&
                        l.mdio[2] == 65535);
    }
}

static const char *const garbage[] = {
    "", " ", "nothing", "netstats", "netsta", "NETSTAT", "netstat x", "netstat --pid 3", "--json",
    "regs A B", "regs 0123456789012345678901234567890123456789", "netstat\t", "netstat\r",
    "regs \x01", "\xff\xfe", "GET / HTTP/1.1",
    "mdio 32", "mdio 1 32", "mdio 1 2 65536", "mdio 1 2 3 4", "mdio x", "mdio -1",
};

static void refused_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct look l;
        char line[80];
        snprintf(line, sizeof(line), "%s", garbage[i]);
        assert_non_null(look_parse(&l, line));
    }
}

static void who_may(void **state)
{
    (void)state;
    assert_true(control_may(1000, 1000));
    assert_true(control_may(0, 1000));
    assert_false(control_may(1001, 1000));
    assert_false(control_may(1000, 0));
}

/* --- answers ----------------------------------------------------------------------- */

static void answers(void **state)
{
    struct bench *b = *state;
    struct net *net = b->rig.me.net;
    int l = net_socket(net, NET_STREAM), u = net_socket(net, NET_DGRAM);
    assert_int_equal(net_bind(net, l, 0, 80), 0);
    assert_int_equal(net_listen(net, l, 4), 0);
    assert_int_equal(net_bind(net, u, 0x0a090001, 53), 0);
    assert_int_equal(ask(b, "netstat\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "Proto Recv-Q Send-Q Local"));
    assert_non_null(strstr(b->answer,
        "tcp        0      0 *:80                   *:*                    LISTEN\n"));
    assert_non_null(strstr(b->answer, "udp        0      0 10.9.0.1:53            *:*  "));
    assert_int_equal(ask(b, "netstat --json\n"), EXIT_DONE);
    assert_memory_equal(b->answer, "{\"proto\":\"tcp\",\"recv_q\":0,\"send_q\":0,"
        "\"local\":\"0.0.0.0\",\"local_port\":80,\"remote\":\"0.0.0.0\",\"remote_port\":0,"
        "\"state\":\"LISTEN\"}\n{\"proto\":\"udp\"", 135);
    assert_int_equal(ask(b, "route\n"), EXIT_DONE);
    assert_string_equal(b->answer, "Destination        Gateway\n10.9.0.0/24        on the link\n");
    assert_int_equal(net_route_add(net, 0, 0, 0x0a090002), 0);
    assert_int_equal(ask(b, "route --json\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer,
        "{\"destination\":\"0.0.0.0\",\"prefix_len\":0,\"gateway\":\"10.9.0.2\"}\n"));
}

/* An address is asked for, known, and old: RFC 1122 2.3.2.1 lets it be used for a while. */
static void neighbours(void **state)
{
    struct bench *b = *state;
    struct net *net = b->rig.me.net;
    int u = net_socket(net, NET_DGRAM);
    assert_int_equal(ask(b, "arp\n"), EXIT_DONE);
    assert_string_equal(b->answer, "Address         HWaddress         State            Age\n");
    assert_int_equal(net_sendto(net, u, "x", 1, 0x0a090002, 9), 1);
    assert_int_equal(net_sendto(net, u, "x", 1, 0x0a090009, 9), 1);
    assert_int_equal(ask(b, "arp\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "10.9.0.2                          incomplete     0.0 s\n"));
    int64_t t = rig_now(&b->rig);
    while (rig_now(&b->rig) < t + 10000000)
        assert_int_equal(rig_turn(&b->rig), EXIT_DONE);
    assert_int_equal(ask(b, "arp --json\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "{\"addr\":\"10.9.0.2\",\"mac\":\"02:"));
    assert_non_null(strstr(b->answer, "\"state\":\"reachable\""));
    assert_non_null(strstr(b->answer,
        "{\"addr\":\"10.9.0.9\",\"mac\":\"\",\"state\":\"incomplete\""));
    struct loop_timer keep = { .at_ns = INT64_MAX };    /* so that time goes on */
    loop_timer_set(b->rig.loop, &keep, INT64_MAX - 1);
    t = rig_now(&b->rig);
    while (rig_now(&b->rig) < t + 61000000000)
        assert_int_equal(rig_turn(&b->rig), EXIT_DONE);
    loop_timer_set(b->rig.loop, &keep, INT64_MAX);
    assert_int_equal(ask(b, "arp\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, " stale "));
    assert_null(strstr(b->answer, "10.9.0.9"));     /* given up */
}

/* In virtual time no register is read: that would move frames. */
static void virtual_time_is_left_alone(void **state)
{
    struct bench *b = *state;
    int64_t t = rig_now(&b->rig);
    assert_int_equal(ask(b, "regs\n"), EXIT_FAILED);
    assert_non_null(strstr(b->answer, "virtual time"));
    assert_int_equal(ask(b, "regs NOTHING\n"), EXIT_USAGE);
    assert_int_equal(ask(b, "stats --json\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "\"stack.arp_rx\":0"));
    assert_non_null(strstr(b->answer, "\"phy.tx_frames\":0"));
    assert_null(strstr(b->answer, "\"nic."));
    assert_int_equal(ask(b, "stats\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "(not the NIC's own"));
    assert_int_equal(rig_now(&b->rig), t);
}

static void garbage_is_answered(void **state)
{
    struct bench *b = *state;
    char longer[CONTROL_LINE_BYTES + 100];
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        char line[100];
        snprintf(line, sizeof(line), "%s\n", garbage[i]);
        assert_int_equal(ask(b, line), EXIT_USAGE);
        assert_true(strlen(b->answer) > 10 && !strchr(b->answer, '\n'));
    }
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(ask(b, longer), EXIT_USAGE);
    int fd = client(b);
    assert_int_equal(send(fd, "route\0x\n", 8, 0), 8);
    turns(b, 3);
    assert_int_equal(answer_of(b, fd), EXIT_USAGE);
}

/* A question may come in bits; what follows its line is not looked at. */
static void in_bits(void **state)
{
    struct bench *b = *state;
    int fd = client(b);
    for (const char *p = "route\nnetstat\n"; *p; p++) {
        send(fd, p, 1, MSG_NOSIGNAL);
        turns(b, 1);
    }
    assert_int_equal(answer_of(b, fd), EXIT_DONE);
    assert_memory_equal(b->answer, "Destination", 11);
}

/* --- clients that do not behave ---------------------------------------------------- */

static void silent(void **state)
{
    struct bench *b = *state;
    int fd = client(b);
    char c;
    turns(b, 2);
    say_to(fd, "nets");
    b->wall_ns += CONTROL_LIMIT_NS - 1;
    turns(b, 2);
    assert_true(recv(fd, &c, 1, 0) < 0 && errno == EAGAIN);
    b->wall_ns += 1;
    turns(b, 1);
    assert_int_equal(answer_of(b, fd), -1);
}

static void gone(void **state)
{
    struct bench *b = *state;
    close(client(b));
    turns(b, 2);
    int fd = client(b);
    say_to(fd, "netstat\n");
    close(fd);
    turns(b, 3);
    assert_int_equal(ask(b, "route\n"), EXIT_DONE);
}

/* Eight are served, the next ones wait; those who say nothing make room in time. */
static void many(void **state)
{
    enum { MORE = CONTROL_CLIENTS + 3 };
    struct bench *b = *state;
    int fd[MORE];
    char c;
    for (unsigned i = 0; i < MORE; i++) {
        fd[i] = client(b);
        turns(b, 2);
    }
    say_to(fd[MORE - 1], "route\n");
    turns(b, 10);
    assert_true(recv(fd[MORE - 1], &c, 1, 0) < 0 && errno == EAGAIN);
    struct pollfd p = { .fd = control_fd(b->rig.control), .events = POLLIN };
    assert_int_equal(poll(&p, 1, 0), 0);    /* who waits does not keep us awake */
    say_to(fd[0], "netstat\n");
    turns(b, 3);
    assert_int_equal(answer_of(b, fd[0]), EXIT_DONE);
    b->wall_ns += CONTROL_LIMIT_NS;
    turns(b, 10);
    assert_int_equal(answer_of(b, fd[MORE - 1]), EXIT_DONE);
    for (unsigned i = 1; i < MORE - 1; i++)
        close(fd[i]);
}

/* No descriptor for a client: it waits, and does not keep us awake. */
static void no_descriptors(void **state)
{
    struct bench *b = *state;
    struct rlimit old, none;
    assert_int_equal(ask(b, "route\n"), EXIT_DONE);
    int fd = client(b);
    say_to(fd, "route\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = (rlim_t)fd - 1;     /* the folder, read to find it, was below */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct pollfd p = { .fd = control_fd(b->rig.control), .events = POLLIN };
    assert_int_equal(poll(&p, 1, 0), 1);
    turns(b, 1);
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(ask(b, "netstat\n"), EXIT_DONE);   /* its coming wakes the other one too */
    turns(b, 5);
    assert_int_equal(answer_of(b, fd), EXIT_DONE);
}

/* The server's end of the newest client: the one descriptor with its address that does not
 * listen. */
static int server_end(void)
{
    for (int fd = 3; fd < 200; fd++) {
        int listens = 1;
        socklen_t len = sizeof(listens);
        struct sockaddr_storage at;
        socklen_t at_len = sizeof(at);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && !listens &&
            getsockname(fd, (struct sockaddr *)&at, &at_len) == 0 && at.ss_family == AF_UNIX &&
            at_len > sizeof(at.ss_family))
            return fd;
    }
    return -1;
}

/* A long answer through a small buffer: @fd has asked, and reads. */
static int slow_client(struct bench *b)
{
    int small = 1;
    for (int i = 0; i < 200; i++)
        assert_true(net_socket(b->rig.me.net, NET_DGRAM) >= 0);
    int fd = client(b);
    turns(b, 1);
    assert_int_equal(setsockopt(server_end(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    say_to(fd, "netstat\n");
    turns(b, 3);
    return fd;
}

static void reads_slowly(void **state)
{
    struct bench *b = *state;
    char part[500];
    int fd = slow_client(b);
    ssize_t got = 0, n;
    while ((n = recv(fd, part, sizeof(part), 0)) > 0) {
        got += n;
        turns(b, 1);
    }
    assert_int_equal(n, 0);
    assert_true(got > 200 * 60);
    close(fd);
}

static void does_not_read(void **state)
{
    struct bench *b = *state;
    int fd = slow_client(b);
    size_t got = 0;
    ssize_t n;
    b->wall_ns += CONTROL_LIMIT_NS;
    turns(b, 1);
    assert_int_equal(server_end(), -1);         /* dropped */
    while ((n = recv(fd, b->answer, ANSWER_BYTES, 0)) > 0)
        got += (size_t)n;
    assert_true(got < 200 * 60);
    close(fd);
}

/* --- the NIC, in wall time --------------------------------------------------------- */

static void counters(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask_wall(b, "stats --json\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "\"nic.tx_frames\":0"));
    assert_non_null(strstr(b->answer, "\"pnic.events_lost\":0"));
    assert_non_null(strstr(b->answer, "\"run.seed\":"));
}

static void registers(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask_wall(b, "regs\n"), EXIT_DONE);
    assert_non_null(strstr(b->answer, "0x000  ID                r   0x4c414e59 "));
    assert_non_null(strstr(b->answer, "0x010  CTRL              rw  0x0000000b "));
    assert_non_null(strstr(b->answer, "0x024  TIME_LO           r   -  "));
    assert_non_null(strstr(b->answer, "0x4f8  events_lost       r   0x000000000000 "));
    assert_int_equal(ask_wall(b, "regs --json time_lo\n"), EXIT_DONE);
    assert_memory_equal(b->answer, "{\"reg\":\"TIME_LO\",\"addr\":36,\"bits\":32,\"access\":\"r\","
                        "\"value\":", 58);
    assert_true(strtoul(b->answer + 58, NULL, 10) > 0);
    assert_int_equal(ask_wall(b, "regs\n"), EXIT_DONE);
    assert_int_equal(ask_wall(b, "regs --json TIME_HI\n"), EXIT_DONE);
    assert_int_equal(ask_wall(b, "regs NOTHING\n"), EXIT_USAGE);
}

/* Several want the NIC at once, and one of them gives up: each of the others is answered. */
static void together(void **state)
{
    struct bench *b = *state;
    int fd[4];
    char c;
    for (int i = 0; i < 4; i++) {
        fd[i] = client(b);
        say_to(fd[i], i % 2 ? "stats\n" : "regs\n");
        turns(b, 2);            /* read, and the first one's registers asked for */
    }
    close(fd[0]);
    for (int i = 0; i < 100000 && recv(fd[3], &c, 1, MSG_PEEK) < 0; i++)
        rig_goes_on(b);
    assert_int_equal(answer_of(b, fd[1]), EXIT_DONE);
    assert_int_equal(answer_of(b, fd[2]), EXIT_DONE);
    assert_int_equal(answer_of(b, fd[3]), EXIT_DONE);
    assert_non_null(strstr(b->answer, "counters"));
    assert_int_equal(ask_wall(b, "regs\n"), EXIT_DONE);
}

/* --stats at the end comes while others want the counters all the time. */
static void end_of_the_run(void **state)
{
    struct bench *b = *state;
    int first = client(b), second = client(b);
    say_to(first, "stats\n");
    say_to(second, "stats\n");
    turns(b, 4);                /* both were read, and the NIC is asked for the first */
    b->opts.stats = true;
    assert_int_equal(rig_leave(&b->rig, EXIT_DONE), EXIT_DONE);
    assert_int_equal(answer_of(b, first), EXIT_DONE);
    control_close(b->rig.control);
    b->rig.control = NULL;
    assert_int_equal(answer_of(b, second), EXIT_FAILED);
    assert_string_equal(b->answer, "the run has just ended");
}

/* --- without one ------------------------------------------------------------------- */

static void a_run_goes_on_without(void **state)
{
    struct opts o;
    struct rig r;
    char *argv[] = { (char[]){ "lanyard" }, (char[]){ "--wire" }, (char[]){ "peer" }, NULL };
    const char *old = getenv("LANYARD_RUN_DIR");
    char *kept = old ? strdup(old) : NULL;
    (void)state;
    setenv("LANYARD_RUN_DIR", "/proc/nothing", 1);
    assert_int_equal(opts_parse(&o, 3, argv), EXIT_DONE);
    assert_int_equal(rig_open(&r, &o), EXIT_DONE);
    assert_null(r.control);
    assert_int_equal(rig_turn(&r), EXIT_DONE);
    assert_int_equal(rig_close(&r, EXIT_DONE), EXIT_DONE);
    if (kept)
        setenv("LANYARD_RUN_DIR", kept, 1);
    else
        unsetenv("LANYARD_RUN_DIR");
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions),
        cmocka_unit_test(refused_questions),
        cmocka_unit_test(who_may),
        CONTROL_TEST(answers),
        CONTROL_TEST(neighbours),
        CONTROL_TEST(virtual_time_is_left_alone),
        CONTROL_TEST(garbage_is_answered),
        CONTROL_TEST(in_bits),
        CONTROL_TEST(silent),
        CONTROL_TEST(gone),
        CONTROL_TEST(many),
        CONTROL_TEST(no_descriptors),
        CONTROL_TEST(reads_slowly),
        CONTROL_TEST(does_not_read),
        WALL_TEST(counters),
        WALL_TEST(registers),
        WALL_TEST(together),
        cmocka_unit_test_setup_teardown(end_of_the_run, setup_alone, teardown),
        cmocka_unit_test(a_run_goes_on_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
