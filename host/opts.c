/* SPDX-License-Identifier: Apache-2.0 */
#include "host/opts.h"

#include "driver/nic.h"
#include "host/show.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PORTS_DEFAULT 4u
#define PPM_MAX 1000
/* Of a Verilog module. */
#define NAME_MAX_CHARS 64
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define SAY_ROOM 4352u      /* a path of the longest kind, and some words */

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* What is quoted (an argument, a server's word) may hold anything, and stays one line. */
void say(const char *fmt, ...)
{
    char line[SAY_ROOM];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    fputs("lanyard: ", stderr);
    show_text(stderr, line);
    fputc('\n', stderr);
}

bool opts_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
    unsigned long long v = strtoull(text, &end, hex ? 16 : 10);
    if (errno || *end || v > max)
        return false;
    *out = v;
    return true;
}

bool opts_ip4(const char *text, uint32_t *addr)
{
    uint32_t a = 0;
    for (int i = 0; i < 4; i++) {
        unsigned v = 0, digits = 0;
        while (*text >= '0' && *text <= '9' && digits < 4) {
            v = v * 10 + (unsigned)(*text++ - '0');
            digits++;
        }
        if (digits == 0 || v > 255 || *text != (i < 3 ? '.' : '\0'))
            return false;
        a = a << 8 | v;
        if (i < 3)
            text++;
    }
    *addr = a;
    return true;
}

/* A value that @text must hold before @sep; copies it. False if longer than room. */
static bool cut(const char *text, char sep, char *head, size_t room, const char **tail)
{
    const char *at = strchr(text, sep);
    size_t n = at ? (size_t)(at - text) : strlen(text);
    if (n >= room)
        return false;
    memcpy(head, text, n);
    head[n] = '\0';
    *tail = at ? at + 1 : NULL;
    return true;
}

static bool parse_nic(struct opts *o, const char *v)
{
    if (strncmp(v, "sim", 3) != 0 || (v[3] && v[3] != ':'))
        return false;
    o->profile = v[3] && v[4] != '@' ? v + 4 : NULL;
    o->top = v[3] && v[4] == '@' ? v + 5 : NULL;
    size_t n = o->top ? strspn(o->top, NAME_CHARS) : 1;
    return n > 0 && n <= NAME_MAX_CHARS && (!o->top || !o->top[n]);
}

/* Names of PHYs and partners are read where the NIC is made, which knows them. */
static bool parse_phy(struct opts *o, const char *v)
{
    o->phy = strcmp(v, "fixed") ? v : NULL;
    return *v != '\0';
}

static bool parse_partner(struct opts *o, const char *v)
{
    o->partner = v;
    return *v != '\0';
}

/* What the kernel takes for a name; a % would have it choose one. */
static bool tap_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < IF_NAMESIZE && !strpbrk(name, "%/: \t\n");
}

/* Of "" or ":N". Our NIC has one of them. */
static bool parse_ports(struct opts *o, const char *v)
{
    uint64_t n = PORTS_DEFAULT;
    if (*v && (!opts_number(v + 1, OPTS_PORTS_MAX, &n) || n < 2))
        return false;
    o->peers = (unsigned)n - 1;
    return true;
}

static bool parse_wire(struct opts *o, const char *v)
{
    o->peers = !strcmp(v, "peer");
    if (!strcmp(v, "slirp"))
        o->wire = WIRE_SLIRP;
    else if (!strcmp(v, "peer"))
        o->wire = WIRE_PEER;
    else if (!strncmp(v, "switch", 6) && (!v[6] || v[6] == ':')) {
        o->wire = WIRE_SWITCH;
        return parse_ports(o, v + 6);
    } else if (!strncmp(v, "hub", 3) && (!v[3] || v[3] == ':')) {
        o->wire = WIRE_HUB;
        return parse_ports(o, v + 3);
    } else if (!strncmp(v, "packet:", 7) && v[7]) {
        o->wire = WIRE_PACKET;
        o->ifname = v + 7;
    } else if (!strncmp(v, "tap:", 4) && tap_name(v + 4)) {
        o->wire = WIRE_TAP;
        o->ifname = v + 4;
    } else if (!strncmp(v, "pcap:", 5) && v[5]) {
        o->wire = WIRE_PCAP;
        o->play = v + 5;
    } else
        return false;
    return true;
}

static bool parse_time(struct opts *o, const char *v)
{
    o->virtual_time = !strcmp(v, "virtual");
    return o->virtual_time || !strcmp(v, "wall");
}

static bool parse_addr(struct opts *o, const char *v)
{
    char head[16];
    const char *tail;
    uint64_t len;
    o->dhcp = !strcmp(v, "dhcp");
    o->have_addr = !o->dhcp;
    o->addr = o->prefix_len = 0;    /* of an --addr before this one */
    if (o->dhcp)
        return true;
    if (!cut(v, '/', head, sizeof(head), &tail) || !tail || !opts_ip4(head, &o->addr) ||
        !opts_number(tail, 32, &len))
        return false;
    o->prefix_len = (unsigned)len;
    return true;
}

static bool parse_gw(struct opts *o, const char *v)
{
    return opts_ip4(v, &o->gw);
}

static bool parse_dns(struct opts *o, const char *v)
{
    o->dns_count = 0;
    while (v) {
        char one[32], addr[16];
        const char *rest, *port;
        uint64_t p = 53;
        if (o->dns_count == OPTS_DNS_MAX || !cut(v, ',', one, sizeof(one), &rest) ||
            !cut(one, ':', addr, sizeof(addr), &port) ||
            !opts_ip4(addr, &o->dns[o->dns_count].addr) ||
            (port && (!opts_number(port, 65535, &p) || p == 0)))
            return false;
        o->dns[o->dns_count++].port = (uint16_t)p;
        v = rest;
    }
    return true;
}

static bool parse_mac(struct opts *o, const char *v)
{
    unsigned all = 0;
    for (int i = 0; i < 6; i++) {
        size_t digits = strspn(v, "0123456789abcdefABCDEF");
        if (digits == 0 || digits > 2 || v[digits] != (i < 5 ? ':' : '\0'))
            return false;
        o->mac[i] = (uint8_t)strtoul(v, NULL, 16);
        all |= o->mac[i];
        v += digits + 1;
    }
    o->have_mac = all != 0 && !(o->mac[0] & 1); /* IEEE 802.3 3.2.3: a group address, or none */
    return o->have_mac;
}

static bool parse_offload(struct opts *o, const char *v)
{
    if (!strcmp(v, "all")) {
        o->offload = NIC_OFF_ALL;
        return true;
    }
    o->offload = 0;
    if (!strcmp(v, "none"))
        return true;
    while (v) {
        char one[16];
        const char *rest;
        if (!cut(v, ',', one, sizeof(one), &rest))
            return false;
        if (!strcmp(one, "tx-csum"))
            o->offload |= NIC_OFF_TX_CSUM;
        else if (!strcmp(one, "rx-csum"))
            o->offload |= NIC_OFF_RX_CSUM;
        else
            return false;
        v = rest;
    }
    return true;
}

static bool parse_seed(struct opts *o, const char *v)
{
    o->have_seed = true;
    return opts_number(v, UINT64_MAX, &o->seed);
}

static bool parse_pcap(struct opts *o, const char *v)
{
    o->pcap = v;
    return *v != '\0';
}

static bool parse_pcap_far(struct opts *o, const char *v)
{
    o->pcap_far = v;
    return *v != '\0';
}

static bool parse_record(struct opts *o, const char *v)
{
    o->record = v;
    return *v != '\0';
}

static bool parse_fst(struct opts *o, const char *v)
{
    o->fst = v;
    return *v != '\0';
}

/* Millionths, of each clock in turn; at most as many as there are lines: checked with the wire. */
static bool parse_ppm(struct opts *o, const char *v)
{
    unsigned n = 0;
    memset(o->ppm, 0, sizeof(o->ppm));
    while (v) {
        char one[8];
        const char *rest;
        uint64_t x;
        if (n == sizeof(o->ppm) / sizeof(o->ppm[0]) || !cut(v, ',', one, sizeof(one), &rest) ||
            !opts_number(one + (*one == '-' || *one == '+'), PPM_MAX, &x))
            return false;
        o->ppm[n++] = *one == '-' ? -(int)x : (int)x;
        v = rest;
    }
    return true;
}

/* Read where the wire is made, which knows faults. */
static bool parse_fault(struct opts *o, const char *v)
{
    o->fault = v;
    return true;
}

static bool parse_fault_link(struct opts *o, const char *v)
{
    o->fault_link = v;
    return true;
}

/* Options with a value; the flags are few and stand in opts_parse(). */
static const struct {
    const char *name;
    bool (*parse)(struct opts *o, const char *v);
    const char *form;
    bool of_replay;     /* goes with replay as well; of --nic, sim:@TOP only */
} valued[] = {
    { "--nic", parse_nic, "sim[:PROFILE] or sim:@TOP", true },
    { "--phy", parse_phy, "fixed or the name of a PHY", false },
    { "--partner", parse_partner, "all, none or a list of modes", false },
    { "--wire", parse_wire, "slirp, peer, switch[:2..8], hub[:2..8], packet:IF, tap:IF (at most 15 "
      "characters) or pcap:FILE", false },
    { "--time", parse_time, "virtual or wall", false },
    { "--addr", parse_addr, "dhcp or A.B.C.D/LEN", false },
    { "--gw", parse_gw, "A.B.C.D", false },
    { "--dns", parse_dns, "A.B.C.D[:PORT][,...], at most three", false },
    { "--mac", parse_mac, "six hex bytes with colons, not a group address", false },
    { "--offload", parse_offload, "all, none or a list of tx-csum, rx-csum", false },
    { "--seed", parse_seed, "a number", false },
    { "--ppm", parse_ppm, "up to nine numbers from -1000 to 1000 with commas", false },
    { "--fault", parse_fault, "a list of faults", false },
    { "--fault-link", parse_fault_link, "a list of faults", false },
    { "--pcap", parse_pcap, "a file name", true },
    { "--pcap-far", parse_pcap_far, "a file name", false },
    { "--record", parse_record, "a file name", false },
    { "--fst", parse_fst, "a file name", true },
};

/* An option with a value, as "--x V" or "--x=V". Returns the arguments used,
 * 0 if the name is not known, -1 after a message. */
static int parse_valued(struct opts *o, char **argv, int left)
{
    const char *eq = strchr(argv[0], '=');
    size_t n = eq ? (size_t)(eq - argv[0]) : strlen(argv[0]);
    for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++) {
        if (strlen(valued[i].name) != n || strncmp(argv[0], valued[i].name, n) != 0)
            continue;
        const char *v = eq ? eq + 1 : left > 1 ? argv[1] : NULL;
        if (!v || !valued[i].parse(o, v)) {
            say("%s wants %s%s%s", valued[i].name, valued[i].form, v ? ", not " : "", v ? v : "");
            return -1;
        }
        if (!o->of_run && !valued[i].of_replay)
            o->of_run = valued[i].name;
        return eq ? 1 : 2;
    }
    return 0;
}

static bool parse_flag(struct opts *o, const char *a)
{
    if (!strcmp(a, "--no-skip"))
        o->no_skip = true;
    else if (!strcmp(a, "--json"))
        o->json = true;
    else if (!strcmp(a, "--stats"))
        o->stats = true;
    else
        return false;
    return true;
}

uint32_t opts_peer_addr(const struct opts *o, unsigned i)
{
    if (o->prefix_len >= 31)
        return o->addr ^ 1; /* RFC 3021 */
    uint32_t subnet = o->prefix_len ? o->addr & ~0u << (32 - o->prefix_len) : 0;
    uint32_t addr = subnet + 2 + i;
    return addr == o->addr ? subnet + 1 : addr;
}

/* Whether all of them have an address; those of all ones and zeros are nobody's. */
static bool peers_fit(const struct opts *o)
{
    uint64_t hosts = o->prefix_len >= 31 ? 2 : (1ull << (32 - o->prefix_len)) - 2;
    return 1 + o->peers <= hosts;
}

static void set_net(struct opts *o, uint32_t addr, unsigned len, uint32_t gw, uint32_t dns)
{
    if (o->dhcp)
        return;
    if (!o->have_addr) {
        o->addr = addr;
        o->prefix_len = len;
        o->have_addr = true;
        if (!o->gw)
            o->gw = gw;
    }
    if (!o->dns_count) {
        o->dns[0].addr = dns ? dns : opts_peer_addr(o, 0);
        o->dns[0].port = 53;
        o->dns_count = 1;
    }
}

/* A clock for each NIC, and one of a wire that is no plain cable. */
static int check_ppm(const struct opts *o)
{
    unsigned lines = o->wire == WIRE_SWITCH || o->wire == WIRE_HUB ? 2 + o->peers : 2;
    for (unsigned i = lines; i < sizeof(o->ppm) / sizeof(o->ppm[0]); i++)
        if (o->ppm[i]) {
            say("--ppm: this wire has %u clocks, not %u", lines, i + 1);
            return EXIT_USAGE;
        }
    return EXIT_DONE;
}

/* Who says what our address is? A real network knows it, and the router with it. */
static int fill_dhcp(struct opts *o)
{
    if (o->dhcp && o->peers) {
        say("--addr dhcp: the peer gives no addresses; leave --addr out, or give A.B.C.D/LEN");
        return EXIT_USAGE;
    }
    o->dhcp |= (o->wire == WIRE_PACKET || o->wire == WIRE_TAP) && !o->have_addr;
    if (o->dhcp && o->gw) {
        say("--gw goes with --addr A.B.C.D/LEN: by dhcp the network names its router");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Waves and recordings are of our own RTL. */
static int check_top(const struct opts *o)
{
    if (!o->top || !(o->fst || o->record))
        return EXIT_DONE;
    say("--nic sim:@%s: no %s of another top", o->top, o->fst ? "waves (--fst)" : "recording");
    return EXIT_USAGE;
}

/* Nothing is stored on a hub, so a frame cannot be held back there. */
static int fill_hub(struct opts *o)
{
    if (o->wire != WIRE_HUB)
        return EXIT_DONE;
    if (!o->profile)
        o->profile = "miih";
    if (o->fault) {
        say("--fault takes whole frames off a cable, and a hub has no room for them: use "
            "--wire switch");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* What an option left open, its wire decides. */
static int fill_defaults(struct opts *o, bool time_given)
{
    bool simulated = o->peers || o->wire == WIRE_PCAP;
    if (!time_given)
        o->virtual_time = simulated;
    if (o->virtual_time && !simulated) {
        say("--time virtual needs a simulated far end (--wire peer, switch, hub or pcap:FILE): a "
            "real one lives in wall time");
        return EXIT_USAGE;
    }
    if (o->partner && !o->phy) {
        say("--partner goes with --phy NAME: a fixed link negotiates with nobody");
        return EXIT_USAGE;
    }
    if (o->phy && o->wire == WIRE_PCAP) {
        say("--phy: a file negotiates with nobody, its link is a fixed one");
        return EXIT_USAGE;
    }
    if (check_top(o) != EXIT_DONE || fill_hub(o) != EXIT_DONE || check_ppm(o) != EXIT_DONE ||
        fill_dhcp(o) != EXIT_DONE)
        return EXIT_USAGE;
    if (o->wire == WIRE_SLIRP)
        set_net(o, IP4(10, 0, 2, 15), 24, IP4(10, 0, 2, 2), IP4(10, 0, 2, 3));
    else if (simulated)
        set_net(o, IP4(10, 9, 0, 1), 24, 0, 0);
    if (o->peers && !peers_fit(o)) {
        say("--addr: a subnet of %u bits has no addresses for %u hosts", o->prefix_len,
            1 + o->peers);
        return EXIT_USAGE;
    }
    if (!o->have_seed) {
        o->seed = 1;
        if (!o->virtual_time && getrandom(&o->seed, sizeof(o->seed), 0) != sizeof(o->seed)) {
            say("no random seed from the system: give --seed N");
            return EXIT_FAILED;
        }
        o->seed &= UINT32_MAX; /* short enough to type again */
    }
    return EXIT_DONE;
}

int opts_parse(struct opts *o, int argc, char **argv)
{
    *o = (struct opts){ .wire = WIRE_SLIRP, .offload = NIC_OFF_ALL };
    bool time_given = false;
    int i = 1;
    while (i < argc && !strncmp(argv[i], "--", 2)) {
        if (parse_flag(o, argv[i])) {
            i++;
            continue;
        }
        int used = parse_valued(o, argv + i, argc - i);
        if (used == 0)
            say("unknown option %s; 'lanyard help' lists them", argv[i]);
        if (used <= 0)
            return EXIT_USAGE;
        time_given |= !strncmp(argv[i], "--time", 6);
        i += used;
    }
    o->command = i;
    return fill_defaults(o, time_given);
}
