/* SPDX-License-Identifier: Apache-2.0 */
#include "host/look.h"

#include "host/compose.h"
#include "host/show.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define TAG 0x8000u             /* + word; of nic_reg_submit() */
#define PIPELINE 4u             /* hides the link's latency, leaves its queue to others */
#define ARP_MAX 256u
#define ROUTES_MAX 256u

/* --- the question -------------------------------------------------------------------- */

static const char *const commands[] = {
    [LOOK_NETSTAT] = "netstat", [LOOK_ARP] = "arp", [LOOK_ROUTE] = "route",
    [LOOK_STATS] = "stats", [LOOK_REGS] = "regs", [LOOK_MDIO] = "mdio",
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool parse_word(struct look *l, const char *word)
{
    if (!strcmp(word, "--json")) {
        l->json = true;
        return true;
    }
    if (l->what == LOOK_MDIO)
        return look_mdio_word(l, word);
    if (l->what != LOOK_REGS || l->reg[0] || strlen(word) >= sizeof(l->reg))
        return false;
    strcpy(l->reg, word);
    return true;
}

const char *look_parse(struct look *l, char *line)
{
    unsigned what = 0;
    char *rest;
    for (const char *p = line; *p; p++)
        if (!isprint((unsigned char)*p))
            return "a question is one line of printable characters";
    const char *word = strtok_r(line, " ", &rest);
    while (word && what < COMMANDS && strcmp(word, commands[what]) != 0)
        what++;
    if (!word || what == COMMANDS)
        return "it answers netstat, arp, route, stats, regs and mdio";
    *l = (struct look){ .what = (enum look_what)what };
    while ((word = strtok_r(NULL, " ", &rest)) != NULL)
        if (!parse_word(l, word))
            return l->what == LOOK_REGS   ? "regs takes --json and the name of one register"
                   : l->what == LOOK_MDIO ? "mdio takes --json, a PHY and a register below 32, "
                                            "and 16 bits to write"
                                          : "only --json may follow";
    return NULL;
}

/* --- reading the NIC ----------------------------------------------------------------- */

void look_begin(struct look_job *j, const struct look *l)
{
    *j = (struct look_job){ .look = *l };
    stats_begin(&j->counters);
    if (l->what == LOOK_MDIO)
        look_mdio_begin(j);
    if (l->what != LOOK_REGS)
        return;
    while (j->end < LOOK_REGS_MAX && nic_reg_info(j->end))
        j->end++;
    if (!l->reg[0])
        return;
    while (j->first < j->end && strcasecmp(nic_reg_info(j->first)->name, l->reg) != 0)
        j->first++;
    if (j->first < j->end)
        j->end = j->first + 1;
    j->next = 2 * j->first;
}

/* Where reading changes the device, only who names the register means it. */
static bool is_read(const struct look_job *j, unsigned i)
{
    return !nic_reg_info(i)->read_acts || j->look.reg[0];
}

/* Word w is half w % 2 of register w / 2. */
static void skip(struct look_job *j)
{
    while (j->next < 2 * j->end &&
           (j->next % 2 >= nic_reg_info(j->next / 2)->words || !is_read(j, j->next / 2)))
        j->next++;
}

/* All are ours: a job before this one did not end without its own. */
static void take_answers(struct look_job *j, struct nic *nic)
{
    struct link_event ev;
    while (nic_reg_answer(nic, &ev)) {
        unsigned w = ev.tag - TAG;
        j->under_way--;
        j->reg[w / 2].word[w % 2] = ev.value;
        if (ev.status)
            j->reg[w / 2].status = ev.status;
        if (ev.status == -ETIMEDOUT || ev.status == -ENODEV)
            j->err = ev.status;
    }
}

/* Every question is answered, if only by a time-out: then no further one is asked. */
static int poll_regs(struct look_job *j, struct nic *nic)
{
    take_answers(j, nic);
    for (skip(j); !j->err && j->next < 2 * j->end && j->under_way < PIPELINE; skip(j)) {
        uint32_t addr = nic_reg_info(j->next / 2)->addr + 4 * (j->next % 2);
        int rc = nic_reg_submit(nic, (uint16_t)(TAG + j->next), addr, 0, false);
        if (rc == -EAGAIN)
            return rc;
        if (rc < 0) {
            j->err = rc;
            break;
        }
        j->next++;
        j->under_way++;
    }
    return j->under_way ? -EAGAIN : j->err;
}

int look_poll(struct look_job *j, struct rig *r)
{
    bool intrudes = r->o->virtual_time; /* a question would take the link from a frame */
    switch (j->look.what) {
    case LOOK_STATS:
        return intrudes ? 0 : stats_poll(&j->counters, r);
    case LOOK_REGS:
        if (j->first == j->end)
            return -ENOENT;
        return intrudes ? -EPERM : poll_regs(j, r->me.nic);
    case LOOK_MDIO:
        return intrudes ? -EPERM : look_mdio_poll(j, r->me.nic);
    default:
        return 0;
    }
}

/* --- answers ------------------------------------------------------------------------- */

/* As net-tools writes it; nobody's address or port is "*". */
static const char *end_text(char out[24], uint32_t addr, uint16_t port)
{
    char ip[16];
    show_ip4(ip, addr);
    if (port)
        snprintf(out, 24, "%s:%u", addr ? ip : "*", port);
    else
        snprintf(out, 24, "%s:*", addr ? ip : "*");
    return out;
}

static void print_sock(FILE *f, const struct net_sock_info *i, bool json)
{
    static const char *const proto[] = {
        [NET_STREAM] = "tcp", [NET_DGRAM] = "udp", [NET_ICMP] = "icmp",
    };
    const char *state = i->type == NET_STREAM ? net_tcp_state_name(i->state) : "";
    char local[24], remote[24];
    if (json)
        fprintf(f, "{\"proto\":\"%s\",\"recv_q\":%zu,\"send_q\":%zu,\"local\":\"%s\","
                "\"local_port\":%u,\"remote\":\"%s\",\"remote_port\":%u,\"state\":\"%s\"}\n",
                proto[i->type], i->recvq, i->sendq, show_ip4(local, i->laddr), i->lport,
                show_ip4(remote, i->raddr), i->rport, state);
    else
        fprintf(f, "%-5s %6zu %6zu %-22s %-22s %s\n", proto[i->type], i->recvq, i->sendq,
                end_text(local, i->laddr, i->lport), end_text(remote, i->raddr, i->rport), state);
}

static void print_socks(FILE *f, const struct net *net, bool json)
{
    struct net_sock_info info[2 * NODE_SOCKETS]; /* with those that finish by themselves */
    size_t n = net_sock_list(net, info, 2 * NODE_SOCKETS);
    if (!json)
        fputs("Proto Recv-Q Send-Q Local Address          Foreign Address        State\n", f);
    for (size_t i = 0; i < n && i < 2 * NODE_SOCKETS; i++)
        print_sock(f, &info[i], json);
    if (n > 2 * NODE_SOCKETS && !json)
        fprintf(f, "and %zu more\n", n - 2 * NODE_SOCKETS);
}

static void print_arp(FILE *f, const struct net *net, bool json)
{
    struct net_arp_info info[ARP_MAX];
    size_t n = net_arp_list(net, info, ARP_MAX);
    if (!json)
        fputs("Address         HWaddress         State            Age\n", f);
    for (size_t i = 0; i < n && i < ARP_MAX; i++) {
        const struct net_arp_info *e = &info[i];
        const char *state = !e->resolved ? "incomplete" : e->stale ? "stale" : "reachable";
        char ip[16], mac[18] = "";
        const uint8_t *m = e->mac;
        if (e->resolved)
            snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
                     m[4], m[5]);
        if (json)
            fprintf(f, "{\"addr\":\"%s\",\"mac\":\"%s\",\"state\":\"%s\",\"age_ns\":%" PRId64
                    "}\n", show_ip4(ip, e->addr), mac, state, e->age_ns);
        else
            fprintf(f, "%-15s %-17s %-10s %7.1f s\n", show_ip4(ip, e->addr), mac, state,
                    (double)e->age_ns / 1e9);
    }
}

static void print_routes(FILE *f, const struct net *net, bool json)
{
    struct net_route_info info[ROUTES_MAX];
    size_t n = net_route_list(net, info, ROUTES_MAX);
    if (!json)
        fputs("Destination        Gateway\n", f);
    for (size_t i = 0; i < n && i < ROUTES_MAX; i++) {
        char dst[16], gw[16], to[20];
        show_ip4(dst, info[i].dst);
        show_ip4(gw, info[i].gw);
        snprintf(to, sizeof(to), "%s/%u", dst, info[i].prefix_len);
        if (json)
            fprintf(f, "{\"destination\":\"%s\",\"prefix_len\":%u,\"gateway\":\"%s\"}\n", dst,
                    info[i].prefix_len, info[i].gw ? gw : "");
        else
            fprintf(f, "%-18s %s\n", info[i].prefix_len ? to : "default",
                    info[i].gw ? gw : "on the link");
    }
}

static void print_reg(FILE *f, const struct look_job *j, unsigned i)
{
    const struct nic_reg_info *r = nic_reg_info(i);
    const uint32_t *w = j->reg[i].word;
    uint64_t value = w[0] | (uint64_t)w[1] << 32;
    bool known = is_read(j, i) && !j->reg[i].status;
    if (j->look.json) {
        fprintf(f, "{\"reg\":\"%s\",\"addr\":%u,\"bits\":%u,\"access\":\"%s\",\"value\":", r->name,
                r->addr, 32u * r->words, r->writable ? "rw" : "r");
        if (known)
            fprintf(f, "%" PRIu64 "}\n", value);
        else
            fputs("null}\n", f);
        return;
    }
    char text[24];
    snprintf(text, sizeof(text), "0x%0*" PRIx64, r->words > 1 ? 12 : 8, value);
    fprintf(f, "0x%03x  %-17s %-2s  %-14s  %s%s\n", r->addr, r->name, r->writable ? "rw" : "r",
            known ? text : "-", r->what,
            is_read(j, i) ? known ? "" : " (this device has it not)"
                          : " (not read: that would act; name it to read it)");
}

static void print_stats(FILE *f, const struct look_job *j, const struct rig *r)
{
    stats_print(f, r, &j->counters, j->look.json);
    if (r->o->virtual_time && !j->look.json)
        fputs("  (not the NIC's own: to read them would change this run in virtual time)\n", f);
}

void look_print(FILE *f, const struct look_job *j, const struct rig *r)
{
    switch (j->look.what) {
    case LOOK_NETSTAT: print_socks(f, r->me.net, j->look.json); break;
    case LOOK_ARP:     print_arp(f, r->me.net, j->look.json); break;
    case LOOK_ROUTE:   print_routes(f, r->me.net, j->look.json); break;
    case LOOK_STATS:   print_stats(f, j, r); break;
    case LOOK_MDIO:    look_mdio_print(f, j); break;
    case LOOK_REGS:
        for (unsigned i = j->first; i < j->end; i++)
            print_reg(f, j, i);
        break;
    }
}
