/* SPDX-License-Identifier: Apache-2.0 */
/* dig.c - one question to the name server, the answer in zone-file form. */
#include "host/commands.h"
#include "host/compose.h"
#include "host/resolve.h"
#include "host/show.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SETTLE_NS 2000000000

static const struct { const char *name; enum net_dns_type type; } types[] = {
    { "A", NET_DNS_A }, { "AAAA", NET_DNS_AAAA }, { "MX", NET_DNS_MX }, { "CNAME", NET_DNS_CNAME },
};

static const char *type_name(unsigned type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if ((unsigned)types[i].type == type)
            return types[i].name;
    return "TYPE?";
}

/* The data of one record in presentation form. Source: RFC 1035 5.1, RFC 5952. */
static void data_text(const struct net_dns_rr *rr, char *out, size_t room)
{
    char ip6[INET6_ADDRSTRLEN], ip[16];
    switch (rr->type) {
    case NET_DNS_A:
        snprintf(out, room, "%s", show_ip4(ip, rr->a));
        break;
    case NET_DNS_AAAA:
        snprintf(out, room, "%s", inet_ntop(AF_INET6, rr->aaaa, ip6, sizeof(ip6)));
        break;
    case NET_DNS_MX:
        snprintf(out, room, "%u %s.", rr->pref, rr->target);
        break;
    default:
        snprintf(out, room, "%s.", rr->target);
        break;
    }
}

static void print_json(const struct net_dns_answer *a)
{
    char data[300], ip[16];
    printf("{\"server\":\"%s\",\"port\":%u,\"tcp\":%s,\"rcode\":%u,\"err\":%d,\"took_ns\":%lld,"
           "\"left_out\":%u,\"answer\":[",
           show_ip4(ip, a->server), a->server_port, a->tcp ? "true" : "false", a->rcode, a->err,
           (long long)a->took_ns, a->left_out);
    for (unsigned i = 0; i < a->count; i++) {
        data_text(&a->rr[i], data, sizeof(data));
        printf("%s{\"name\":", i ? "," : "");
        show_string(stdout, a->rr[i].name);
        printf(",\"ttl\":%u,\"type\":\"%s\",\"data\":", a->rr[i].ttl_s, type_name(a->rr[i].type));
        show_string(stdout, data);
        putchar('}');
    }
    puts("]}");
}

static void print_text(const struct net_dns_answer *a)
{
    char data[300], ip[16];
    for (unsigned i = 0; i < a->count; i++) {
        data_text(&a->rr[i], data, sizeof(data));
        show_text(stdout, a->rr[i].name);
        printf(".\t%u\tIN\t%s\t", a->rr[i].ttl_s, type_name(a->rr[i].type));
        show_text(stdout, data);
        putchar('\n');
    }
    if (a->left_out)
        printf(";; and %u more records\n", a->left_out);
    printf(";; %s:%u answered by %s in %.3f ms\n", show_ip4(ip, a->server), a->server_port,
           a->tcp ? "tcp" : "udp", (double)a->took_ns / 1e6);
}

static int report(const struct opts *o, const char *name, const struct net_dns_answer *a)
{
    if (o->json)
        print_json(a);
    switch (a->err) {
    case 0:
        if (!o->json)
            print_text(a);
        return EXIT_DONE;
    case -ENOENT:
        say("%s: no such name (NXDOMAIN)", name);
        return EXIT_FAILED;
    case -ENODATA:
        say("%s: the name exists, but has no such record", name);
        return EXIT_FAILED;
    case -ETIMEDOUT:
        say("%s: no name server answered", name);
        return EXIT_TIMEOUT;
    default:
        say("%s: %s (rcode %u)", name, show_errno(a->err), a->rcode);
        return a->err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
    }
}

int cmd_dig(const struct opts *o, int argc, char **argv)
{
    enum net_dns_type type = NET_DNS_A;
    bool known = argc == 2;
    for (size_t i = 0; argc == 3 && i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcasecmp(argv[2], types[i].name)) {
            type = types[i].type;
            known = true;
        }
    if (!known || argv[1][0] == '-') {
        say("usage: lanyard [OPTIONS] dig NAME [A|AAAA|MX|CNAME]");
        return EXIT_USAGE;
    }
    struct rig r;
    struct net_dns_answer a;
    int code = rig_open(&r, o);
    if (code != EXIT_DONE)
        return code;
    code = resolve_query(&r, argv[1], type, &a);
    if (code == EXIT_DONE)
        code = report(o, argv[1], &a);
    if (code == EXIT_DONE)
        code = rig_settle(&r, SETTLE_NS);   /* the end of a connection to the server */
    return rig_close(&r, rig_leave(&r, code));
}
