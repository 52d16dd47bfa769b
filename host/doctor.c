/* SPDX-License-Identifier: Apache-2.0 */
/* doctor.c - what works on this machine, and the line that mends what does not. */
#include "host/commands.h"
#include "host/opts.h"
#include "host/show.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct finding {
    const char *what, *needed_for, *mend;
    bool ok;
};

/* Is @name a command on PATH? */
static bool on_path(const char *name)
{
    const char *path = getenv("PATH");
    char full[1024];
    while (path && *path) {
        size_t n = strcspn(path, ":");
        int len = snprintf(full, sizeof(full), "%.*s/%s", (int)n, path, name);
        if (len > 0 && (size_t)len < sizeof(full) && access(full, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* Run a command silently. Returns whether it ended with 0. */
static bool runs(char *const argv[])
{
    posix_spawn_file_actions_t fa;
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    while (rc == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* unshare may pass where the rest is refused: make a veth to know. */
static bool namespaces_work(void)
{
    static char sh[] = "unshare", flags[] = "-Urnm", ip[] = "ip", link[] = "link", add[] = "add",
                a[] = "ly0", type[] = "type", veth[] = "veth", peer[] = "peer", name[] = "name",
                b[] = "ly1";
    char *argv[] = { sh, flags, ip, link, add, a, type, veth, peer, name, b, NULL };
    return runs(argv);
}

static bool packet_socket_works(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void print_finding(const struct opts *o, const struct finding *f)
{
    if (o->json) {
        printf("{\"what\":");
        show_string(stdout, f->what);
        printf(",\"ok\":%s,\"needed_for\":", f->ok ? "true" : "false");
        show_string(stdout, f->needed_for);
        printf(",\"mend\":");
        show_string(stdout, f->ok ? "" : f->mend);
        puts("}");
        return;
    }
    printf("%-4s %-26s %s\n", f->ok ? "ok" : "NO", f->what, f->needed_for);
    if (!f->ok)
        printf("       mend: %s\n", f->mend);
}

int cmd_doctor(const struct opts *o, int argc, char **argv)
{
    (void)argv;
    if (argc != 1) {
        say("usage: lanyard doctor");
        return EXIT_USAGE;
    }
    const struct finding list[] = {
        { "verilator", "building the NIC's model", "make deps-run", on_path("verilator") },
        { "ip (iproute2)", "make run, tests with real servers", "make deps-run",
          on_path("ip") },
        { "ethtool", "make run, tests with real servers", "make deps-run",
          on_path("ethtool") || access("/usr/sbin/ethtool", X_OK) == 0 },
        { "iverilog", "make test", "make deps-test", on_path("iverilog") },
        { "tshark", "make test", "make deps-test", on_path("tshark") },
        { "network namespaces", "tests with real servers; make run without them: on the loopback",
          "sysctl -w kernel.unprivileged_userns_clone=1 (as root), or run as root; without: "
          "LANYARD_NO_NETNS=1 make test", namespaces_work() },
        { "packet sockets", "--wire packet:IF outside a namespace",
          "run inside 'unshare -Urn', or as root", packet_socket_works() },
    };
    int code = EXIT_DONE;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        print_finding(o, &list[i]);
        if (!list[i].ok)
            code = EXIT_MISSING;
    }
    return code;
}
