/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opts.h - the options before the command, with a default for every one.
 */
#ifndef LY_HOST_OPTS_H
#define LY_HOST_OPTS_H

#include <stdbool.h>
#include <stdint.h>

/* Exit codes of the program. A signal is raised again after clean-up. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,    /* name, refused, unreachable, HTTP >= 400, disk full */
    EXIT_USAGE = 2,     /* usage, bad URL, unknown board */
    EXIT_MISSING = 3,   /* a tool, a cable or a right is missing */
    EXIT_TIMEOUT = 4,
};

enum wire_kind { WIRE_SLIRP, WIRE_PEER, WIRE_SWITCH, WIRE_HUB, WIRE_PACKET, WIRE_TAP, WIRE_PCAP };

#define OPTS_PORTS_MAX 8
#define OPTS_PEERS_MAX (OPTS_PORTS_MAX - 1)

#define OPTS_DNS_MAX 3

struct opts {
    const char *profile;        /* of --nic sim:PROFILE; NULL: the default */
    const char *phy;            /* NULL: the link is fixed */
    const char *partner;        /* what its far end offers; NULL: everything */
    const char *top;            /* of --nic sim:@TOP; NULL: ours */
    enum wire_kind wire;
    unsigned peers;             /* hosts beside ours in this process */
    const char *ifname;         /* of packet:IF and tap:IF */
    const char *play;           /* of pcap:FILE */
    bool virtual_time;
    bool no_skip;
    bool have_addr;
    bool dhcp;                  /* addr, gw and, unless given, dns come from the network */
    uint32_t addr;              /* host order */
    unsigned prefix_len;
    uint32_t gw;                /* 0: none */
    struct { uint32_t addr; uint16_t port; } dns[OPTS_DNS_MAX];
    unsigned dns_count;
    bool have_mac;
    uint8_t mac[6];
    uint32_t offload;           /* NIC_OFF_* */
    bool have_seed;
    uint64_t seed;
    const char *fault, *fault_link;     /* plans as driver/fault.h has them; NULL: none */
    const char *pcap, *pcap_far;
    const char *record;         /* where our NIC's pins go; NULL: nowhere */
    const char *fst;            /* waves of our NIC; NULL: none */
    int ppm[OPTS_PORTS_MAX + 1];        /* of our NIC's clocks, the peers', the wire's own */
    const char *of_run;         /* the first option given that a replay has no use for; or NULL */
    bool json, stats;
    int command;                /* index in argv of the command's own arguments */
};

/**
 * opts_parse() - the options up to the first word that is none.
 *
 * Fills the defaults that depend on the wire. Returns EXIT_DONE, or EXIT_USAGE
 * after one line on stderr.
 */
int opts_parse(struct opts *o, int argc, char **argv);

/** opts_peer_addr() - the address of peer number @i (from 0): hosts of our subnet from the
 * second one on; who would have ours has the first. */
uint32_t opts_peer_addr(const struct opts *o, unsigned i);

/** opts_ip4() - "a.b.c.d" in host order. Returns false when malformed. */
bool opts_ip4(const char *text, uint32_t *addr);

/** opts_number() - decimal or 0x number up to @max. Returns false when malformed. */
bool opts_number(const char *text, uint64_t max, uint64_t *out);

/** say() - one line on stderr behind "lanyard: "; control characters as \xNN. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
