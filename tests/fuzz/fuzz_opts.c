/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: the input is argv, a zero byte between two arguments. What is refused says
 * one clear line; what is accepted, written again from what was understood, means the same. */
#include "driver/nic.h"
#include "host/opts.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#define ARGS_MAX 24
#define ARG_ROOM 80

/* opts_parse() with its stderr in *said, which the caller frees. */
static int parse(struct opts *o, int argc, char **argv, char **said)
{
    size_t n;
    FILE *real = stderr, *memory = open_memstream(said, &n);
    assert(memory);
    stderr = memory;
    int code = opts_parse(o, argc, argv);
    stderr = real;
    (void)fclose(memory);
    return code;
}

static void check_said(const char *said, int code)
{
    size_t n = strlen(said);
    if (code == EXIT_DONE) {
        assert(n == 0);
        return;
    }
    assert(n > 10 && !strncmp(said, "lanyard: ", 9) && said[n - 1] == '\n');
    for (size_t i = 0; i < n - 1; i++)
        assert((unsigned char)said[i] >= ' ' && said[i] != 0x7F);
}

static void ip4_text(char *out, const char *name, uint32_t a, const char *tail, unsigned n)
{
    snprintf(out, ARG_ROOM, "%s%u.%u.%u.%u%s%u", name, a >> 24, a >> 16 & 255, a >> 8 & 255,
             a & 255, tail, n);
}

static int write_dns(const struct opts *o, char *out)
{
    int n = snprintf(out, ARG_ROOM, "--dns=");
    for (unsigned i = 0; i < o->dns_count; i++) {
        ip4_text(out + n, i ? "," : "", o->dns[i].addr, ":", o->dns[i].port);
        n += (int)strlen(out + n);
    }
    return o->dns_count > 0;
}

/* Options that give *o again, defaults included. Returns how many. */
static int write_again(const struct opts *o, char arg[ARGS_MAX][ARG_ROOM])
{
    static const char *const offload[] = { "none", "tx-csum", "rx-csum", "tx-csum,rx-csum" };
    static const char *const wire[] = { [WIRE_SLIRP] = "slirp", [WIRE_PEER] = "peer",
                                        [WIRE_SWITCH] = "switch:", [WIRE_HUB] = "hub:",
                                        [WIRE_PACKET] = "packet:x", [WIRE_TAP] = "tap:x",
                                        [WIRE_PCAP] = "pcap:x" };
    int n = 0;
    unsigned off = (o->offload & NIC_OFF_TX_CSUM ? 1u : 0u) +
                   (o->offload & NIC_OFF_RX_CSUM ? 2u : 0u);
    snprintf(arg[n], ARG_ROOM, "--wire=%s", wire[o->wire]);
    if (o->wire == WIRE_SWITCH || o->wire == WIRE_HUB)
        snprintf(arg[n] + strlen(arg[n]), 8, "%u", 1 + o->peers);
    n++;
    snprintf(arg[n++], ARG_ROOM, "--time=%s", o->virtual_time ? "virtual" : "wall");
    snprintf(arg[n++], ARG_ROOM, "--seed=0x%llx", (unsigned long long)o->seed);
    snprintf(arg[n++], ARG_ROOM, "--offload=%s", offload[off]);
    if (o->have_addr)
        ip4_text(arg[n++], "--addr=", o->addr, "/", o->prefix_len);
    else if (o->dhcp)
        snprintf(arg[n++], ARG_ROOM, "--addr=dhcp");
    if (o->gw)
        snprintf(arg[n++], ARG_ROOM, "--gw=%u.%u.%u.%u", o->gw >> 24, o->gw >> 16 & 255,
                 o->gw >> 8 & 255, o->gw & 255);
    n += write_dns(o, arg[n]);
    if (o->have_mac)
        snprintf(arg[n++], ARG_ROOM, "--mac=%x:%x:%x:%x:%x:%x", o->mac[0], o->mac[1], o->mac[2],
                 o->mac[3], o->mac[4], o->mac[5]);
    return n;
}

static void check_same(const struct opts *a, const struct opts *b)
{
    assert(a->wire == b->wire && a->virtual_time == b->virtual_time && a->seed == b->seed);
    assert(a->offload == b->offload && a->gw == b->gw && a->dns_count == b->dns_count);
    assert(a->have_addr == b->have_addr && a->addr == b->addr && a->prefix_len == b->prefix_len);
    assert(a->dhcp == b->dhcp && (!a->dhcp || (!a->gw && !a->peers)));
    assert(a->peers == b->peers && a->peers <= OPTS_PEERS_MAX);
    for (unsigned i = 0; i < a->dns_count; i++)
        assert(a->dns[i].addr == b->dns[i].addr && a->dns[i].port == b->dns[i].port);
    assert(a->have_mac == b->have_mac && !memcmp(a->mac, b->mac, 6) && !(a->mac[0] & 1));
}

static void check_accepted(const struct opts *o, int argc)
{
    char arg[ARGS_MAX][ARG_ROOM], *argv[ARGS_MAX + 2] = { (char[]){ "lanyard" } }, *said;
    struct opts again;
    int n = write_again(o, arg);
    assert(o->command >= 1 && o->command <= argc);
    assert(o->prefix_len <= 32 && o->dns_count <= OPTS_DNS_MAX);
    for (int i = 0; i < n; i++)
        argv[1 + i] = arg[i];
    assert(parse(&again, n + 1, argv, &said) == EXIT_DONE);
    check_same(o, &again);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGS_MAX + 1] = { (char[]){ "lanyard" } }, *text = fuzz_text(data, size), *said;
    struct opts o;
    int argc = 1;
    for (char *at = text; at < text + size && argc < ARGS_MAX; at += strlen(at) + 1)
        argv[argc++] = at;
    int code = parse(&o, argc, argv, &said);
    assert(code == EXIT_DONE || code == EXIT_USAGE);
    check_said(said, code);
    if (code == EXIT_DONE)
        check_accepted(&o, argc);
    free(said);
    free(text);
    return 0;
}
