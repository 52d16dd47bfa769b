/* SPDX-License-Identifier: Apache-2.0 */
#include "host/show.h"

#include "host/compose.h"
#include "host/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *show_ip4(char out[16], uint32_t addr)
{
    snprintf(out, 16, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
    return out;
}

const char *show_errno(int err)
{
    switch (-err) {
    case ECONNREFUSED: return "connection refused";
    case ECONNRESET:   return "connection reset by the other side";
    case ETIMEDOUT:    return "timed out";
    case EHOSTUNREACH: return "no answer to ARP, or host unreachable";
    case ENETUNREACH:  return "network unreachable";
    case ENOENT:       return "no such name";
    case ENODATA:      return "the name has no address";
    case EPROTO:       return "the name server answered with an error";
    case ELOOP:        return "its CNAMEs lead in a circle, or are too many";
    case EINVAL:       return "not a valid name";
    default:           return strerror(-err);
    }
}

/* Bytes of the well-formed UTF-8 character at @p, 0 if there is none. RFC 3629 4. */
static unsigned utf8_len(const unsigned char *p)
{
    unsigned n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
                 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return overlong || beyond ? 0 : n;
}

void show_string(FILE *f, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    fputc('"', f);
    while (*p) {
        unsigned n = utf8_len(p);
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f || n == 0)
            fprintf(f, "\\u%04x", *p);
        else
            fwrite(p, 1, n, f);
        p += n ? n : 1;
    }
    fputc('"', f);
}

void show_text(FILE *f, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            fprintf(f, "\\x%02x", *p);
        else
            fputc(*p, f);
}

static const char *kind_name(enum net_event_kind k)
{
    switch (k) {
    case NET_EV_ARP_ASK:         return "arp_ask";
    case NET_EV_ARP_ANSWER:      return "arp_answer";
    case NET_EV_ARP_FAILED:      return "arp_failed";
    case NET_EV_TCP_SYN:         return "tcp_syn";
    case NET_EV_TCP_ESTABLISHED: return "tcp_established";
    case NET_EV_TCP_FIN_SENT:    return "tcp_fin_sent";
    case NET_EV_TCP_FIN_RCVD:    return "tcp_fin_received";
    case NET_EV_TCP_CLOSED:      return "tcp_closed";
    case NET_EV_TCP_RETRANSMIT:  return "tcp_retransmit";
    case NET_EV_DNS_ASK:         return "dns_ask";
    case NET_EV_DNS_TCP:         return "dns_tcp";
    case NET_EV_DNS_ANSWER:      return "dns_answer";
    case NET_EV_DHCP_BOUND:      return "dhcp_bound";
    case NET_EV_DHCP_LOST:       return "dhcp_lost";
    }
    return "event";
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static void event_json(const struct net_event *ev, const char *ip)
{
    printf("{\"t_ns\":%lld,\"event\":\"%s\",\"addr\":\"%s\",\"port\":%u,\"err\":%d",
           (long long)ev->now_ns, kind_name(ev->kind), ip, ev->port, ev->err);
    if (ev->name) {
        printf(",\"name\":");
        show_string(stdout, ev->name);
    }
    puts("}");
}

static void event_text(const struct net_event *ev, const char *ip)
{
    const uint8_t *m = ev->mac;
    char server[16];
    printf("%10.3f ms  ", ms(ev->now_ns));
    switch (ev->kind) {
    case NET_EV_ARP_ASK:         printf("ARP    who has %s?\n", ip); break;
    case NET_EV_ARP_ANSWER:
        printf("ARP    %s is at %02x:%02x:%02x:%02x:%02x:%02x\n", ip, m[0], m[1], m[2], m[3],
               m[4], m[5]);
        break;
    case NET_EV_ARP_FAILED:      printf("ARP    no answer from %s\n", ip); break;
    case NET_EV_TCP_SYN:         printf("TCP    SYN to %s:%u\n", ip, ev->port); break;
    case NET_EV_TCP_ESTABLISHED: printf("TCP    established with %s:%u\n", ip, ev->port); break;
    case NET_EV_TCP_FIN_SENT:    printf("TCP    FIN sent to %s:%u\n", ip, ev->port); break;
    case NET_EV_TCP_FIN_RCVD:    printf("TCP    FIN from %s:%u\n", ip, ev->port); break;
    case NET_EV_TCP_CLOSED:
        printf("TCP    closed, %s:%u%s%s\n", ip, ev->port, ev->err ? ": " : "",
               ev->err ? show_errno(ev->err) : "");
        break;
    case NET_EV_TCP_RETRANSMIT:  printf("TCP    retransmits to %s:%u\n", ip, ev->port); break;
    case NET_EV_DNS_ASK:
    case NET_EV_DNS_TCP:
        printf("DNS    asks %s for ", ip);
        show_text(stdout, ev->name);
        puts(ev->kind == NET_EV_DNS_TCP ? " by TCP" : "");
        break;
    case NET_EV_DNS_ANSWER:
        printf("DNS    answer for ");
        show_text(stdout, ev->name);
        printf("%s%s\n", ev->err ? ": " : "", ev->err ? show_errno(ev->err) : "");
        break;
    case NET_EV_DHCP_BOUND:
        printf("DHCP   %s is ours", ip);
        if (ev->lease_s != UINT32_MAX)
            printf(" for %u s", ev->lease_s);
        printf(", says %s\n", show_ip4(server, ev->server));
        break;
    case NET_EV_DHCP_LOST:       printf("DHCP   %s is not ours any more\n", ip); break;
    }
}

static void on_event(void *arg, const struct net_event *ev)
{
    const struct rig *r = arg;
    char ip[16];
    struct net_event mine = *ev;
    mine.now_ns -= r->shown_from_ns;
    progress_hide(r->progress);
    show_ip4(ip, ev->addr);
    if (r->o->json)
        event_json(&mine, ip);
    else
        event_text(&mine, ip);
}

void show_start(struct rig *r)
{
    r->shown_from_ns = rig_now(r);
    r->on_event = on_event;
    r->on_event_arg = r;
    /* The address was there before: rig_open() waited for it. */
    struct net_dhcp_lease l;
    if (net_dhcp_get(r->me.net, &l) >= NET_DHCP_BOUND)
        on_event(r, &(struct net_event){ .kind = NET_EV_DHCP_BOUND, .now_ns = r->shown_from_ns,
                                         .addr = l.addr, .server = l.server,
                                         .lease_s = l.lease_s });
}

void show_object(const struct rig *r, const char *url, long status, const char *type,
                 uint64_t bytes, int64_t took_ns)
{
    int64_t now = rig_now(r) - r->shown_from_ns;
    progress_hide(r->progress);
    if (r->o->json) {
        printf("{\"t_ns\":%lld,\"event\":\"object\",\"url\":", (long long)now);
        show_string(stdout, url);
        printf(",\"status\":%ld,\"type\":", status);
        show_string(stdout, type);
        printf(",\"bytes\":%llu,\"took_ns\":%lld}\n", (unsigned long long)bytes,
               (long long)took_ns);
        return;
    }
    printf("%10.3f ms  HTTP   %ld  %8llu bytes in %.3f ms  ", ms(now), status,
           (unsigned long long)bytes, ms(took_ns));
    show_text(stdout, type);
    printf("%*s  ", strlen(type) < 12 ? (int)(12 - strlen(type)) : 0, "");
    show_text(stdout, url);
    putchar('\n');
}
