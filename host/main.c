/* SPDX-License-Identifier: Apache-2.0 */
#include "host/commands.h"
#include "host/compose.h"
#include "host/opts.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(const struct opts *o, int argc, char **argv);
    const char *form, *what;
} commands[] = {
    { "fetch", cmd_fetch, "[-o DIR] [--span] [--http1.0] URL",
      "a page and the objects that it names" },
    { "serve", cmd_serve, "DIR [PORT]", "an HTTP file server on our stack (port 80)" },
    { "ping", cmd_ping, "[-c N] [-i S] [-s BYTES] [-W S] HOST", "ICMP echo" },
    { "dig", cmd_dig, "NAME [A|AAAA|MX|CNAME]", "ask the name server" },
    { "netstat", cmd_netstat, "[--pid N]", "sockets of a running lanyard" },
    { "arp", cmd_netstat, "[--pid N]", "its neighbours" },
    { "route", cmd_netstat, "[--pid N]", "its routing table" },
    { "stats", cmd_netstat, "[--pid N]", "counters of all its layers" },
    { "regs", cmd_netstat, "[--pid N] [REGISTER]", "registers of its NIC" },
    { "mdio", cmd_netstat, "[--pid N] [ADDR [REG [VALUE]]]",
      "PHYs on its MDIO, their registers; VALUE is written" },
    { "replay", cmd_replay, "[-k] FILE", "a recorded run again, on the model alone" },
    { "bench", cmd_bench, "", "core-clock cycles per second of the model" },
    { "doctor", cmd_doctor, "", "what works here, and the line that mends what does not" },
};

static int help(FILE *f)
{
    fputs("usage: lanyard [OPTIONS] COMMAND [ARGUMENTS]\n\ncommands:\n", f);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(f, "  %-7s %-38s %s\n", commands[i].name, commands[i].form, commands[i].what);
    fputs("\noptions:\n"
          "  --nic sim[:PROFILE]    the NIC: a Verilated model (default),\n"
          "                         gmii; mii, mii10: 100, 10 Mbit/s; miih, mii10h: half duplex;\n"
          "                         mii25, up5k: 100 Mbit/s, clocks of 25, 24 MHz;\n"
          "                         mii2m5: 10 Mbit/s, clocks of 2.5 MHz\n"
          "        sim:@TOP         the same with another Verilog top (make top SIM_TOP=TOP.v)\n"
          "  --wire slirp           user-mode NAT: Internet, 10.0.2.2 = this machine (default)\n"
          "         peer            a second NIC and host in this process; it serves http://peer/\n"
          "         switch[:N]      a learning switch with N ports (2 to 8; default 4):\n"
          "                         peer, peer2, ... on it serve the same page\n"
          "         hub[:N]         a repeater, half duplex (sim:miih, mii10h); same hosts\n"
          "         packet:IF       AF_PACKET on an interface; --addr dhcp is its default\n"
          "         tap:IF          a TAP of this kernel, made if there is none; dhcp likewise\n"
          "         pcap:FILE       plays a capture; what we send is in --pcap\n"
          "                         and --pcap-far\n"
          "  --phy fixed|generic|lan8720|ksz9031|rtl8211|88e1512\n"
          "                         a PHY asked by MDIO; fixed (default): the link is simply up\n"
          "  --partner all|none|LIST|fixed:MODE       what it finds at the other end: LIST of\n"
          "                         1000fd, 1000hd, 100fd, 100hd, 10fd, 10hd, pause, asym\n"
          "  --time virtual|wall    simulated time (default unless a real network) or wall\n"
          "  --no-skip              evaluate idle cycles too; the result is the same\n"
          "  --addr A/LEN|dhcp --gw A --dns A[:PORT][,...]  --mac M\n"
          "  --offload all|none|tx-csum,rx-csum        checksums by the NIC or by the stack\n"
          "  --seed N               ISN, ports, ids and initial values of the model\n"
          "  --ppm A[,B...]         clocks off by millionths: our NIC's, the others'\n"
          "  --fault KIND=P%|@N|@N-M|@N-[,...]        loss, corrupt, corrupt-inner, dup, reorder;\n"
          "                         flap@N:MS; delay=US, jitter=US, rate=MBIT; tx. or rx. before\n"
          "  --fault-link ...       the same between driver and NIC: loss, corrupt, dup, reorder,\n"
          "                         resync, reg-loss, event-loss; gone@N; delay, jitter, rate,\n"
          "                         reg-delay=US, event-delay=US\n"
          "                         P 0.0001 to 100, N from 1, MS to 3600000, US to 10000000,\n"
          "                         MBIT to 1000; 16 faults at most\n"
          "  --pcap FILE            capture at the PHY side of our NIC; --pcap-far the other end\n"
          "  --record FILE          all that crosses our NIC's pins, for 'lanyard replay FILE'\n"
          "  --fst FILE             waves of our NIC, in simulated time (needs make fst)\n"
          "  --stats                counters of stack, driver, NIC and wire at the end\n"
          "  --json                 one JSON object a line\n"
          "\nnetstat, arp, route, stats, regs and mdio look at the lanyard that runs here; of "
          "several\n"
          "at --pid N. Its socket lies in $LANYARD_RUN_DIR, else $XDG_RUNTIME_DIR/lanyard, else\n"
          "/tmp/lanyard-UID.\n"
          "\nexit: 0 done, 1 failed, 2 usage, 3 missing tool or right, 4 time-out\n", f);
    return f == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* Another model is another program, beside this one and with one more word in its name. Returns
 * only if there is none. */
static int run_other(char **argv, const char *word, const char *what)
{
    char path[PATH_MAX];
    size_t room = strlen(word) + 2;
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - room);
    if (n <= 0) {
        say("this program cannot tell where it lies: no /proc/self/exe");
        return EXIT_MISSING;
    }
    path[n] = '\0';
    bool again = (size_t)n > room && path[n - (ssize_t)strlen(word) - 1] == '-' &&
                 !strcmp(path + n - strlen(word), word);
    if (!again) {       /* else it has that name, and is not what the name says */
        snprintf(path + n, room, "-%s", word);
        execv(path, argv);
    }
    say("%s needs %s, %s", !strcmp(word, "fst") ? "--fst" : "--nic sim:@TOP", path, what);
    return EXIT_MISSING;
}

/* GTKWave's writer keeps its notes in mapped files of /tmp: a full disk is a SIGBUS there. */
static void no_room_for_waves(int sig)
{
    static const char line[] = "lanyard: the waves cannot be written: no space left in /tmp\n";
    (void)sig;
    ssize_t told = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)told;
    _exit(EXIT_FAILED);
}

static int run(int argc, char **argv)
{
    struct opts o;
    if (argc > 1 && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help")))
        return help(stdout);
    int code = opts_parse(&o, argc, argv);
    if (code != EXIT_DONE)
        return code;
    if (o.command >= argc)
        return help(stderr);
    if (o.fst && !rig_traces())
        return run_other(argv, "fst", "the program with a traced model: make fst");
    if (o.top && strcmp(o.top, rig_top()) != 0)
        return run_other(argv, o.top, "the program with that model: make top SIM_TOP=FILE.v");
    if (o.fst)
        signal(SIGBUS, no_room_for_waves);
    const char *name = argv[o.command];
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(name, commands[i].name))
            return commands[i].run(&o, argc - o.command, argv + o.command);
    say("unknown command '%s'; 'lanyard help' lists them", name);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error like a full disk */
    int code = run(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE) {
        say("the output could not be written");
        code = EXIT_FAILED;
    }
    return code;
}
