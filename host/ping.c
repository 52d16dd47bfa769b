/* SPDX-License-Identifier: Apache-2.0 */
/* ping.c - ICMP echo through our NIC, printed as its namesake does. Source: RFC 792. */
#include "host/commands.h"
#include "host/compose.h"
#include "host/resolve.h"
#include "host/show.h"

#include "driver/be.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ICMP_HEADER_BYTES 8u
#define SIZE_MAX_BYTES 65507u   /* an IPv4 datagram of 65,535 */
#define OUTSTANDING 1024u

struct ping {
    struct rig rig;
    int s;
    uint32_t addr;
    uint64_t count, size;
    double interval_s, wait_s;
    int64_t sent_ns[OUTSTANDING];
    bool answered[OUTSTANDING];
    uint64_t sent, received, duplicates, wrong;
    double min_ms, max_ms, sum_ms, sum2_ms;
    struct loop_timer send_timer, wait_timer;
    bool done;
    int err;
};

static uint8_t pattern(uint64_t seq, size_t i)
{
    return (uint8_t)(seq + i);
}

static void send_one(void *arg, int64_t now_ns)
{
    struct ping *p = arg;
    uint8_t m[ICMP_HEADER_BYTES + SIZE_MAX_BYTES] = { ICMP_ECHO };
    struct be16 seq = be16_put((uint16_t)p->sent);
    memcpy(m + 6, &seq, sizeof(seq));
    for (size_t i = 0; i < p->size; i++)
        m[ICMP_HEADER_BYTES + i] = pattern(p->sent, i);
    ssize_t n = net_sendto(p->rig.me.net, p->s, m, ICMP_HEADER_BYTES + p->size, p->addr, 0);
    if (n < 0 && n != -EAGAIN) {
        p->err = (int)n;
        p->done = true;
        return;
    }
    p->sent_ns[p->sent % OUTSTANDING] = now_ns;
    p->answered[p->sent % OUTSTANDING] = false;
    p->sent++;
    loop_timer_set(p->rig.loop, &p->wait_timer, now_ns + (int64_t)(p->wait_s * 1e9));
    if (p->sent < p->count && p->interval_s > 0)
        loop_timer_set(p->rig.loop, &p->send_timer, now_ns + (int64_t)(p->interval_s * 1e9));
}

/* No answer in time: with -i 0 the next one goes out, else its own timer sends it. */
static void on_wait(void *arg, int64_t now_ns)
{
    struct ping *p = arg;
    if (p->sent >= p->count)
        p->done = true;
    else if (p->interval_s <= 0)
        send_one(p, now_ns);
}

static void account(struct ping *p, double ms)
{
    if (p->received == 0 || ms < p->min_ms)
        p->min_ms = ms;
    if (ms > p->max_ms)
        p->max_ms = ms;
    p->sum_ms += ms;
    p->sum2_ms += ms * ms;
    p->received++;
}

/* Which request a reply answers: the newest with its 16 bits of sequence. Returns
 * false when it answers none that we remember, or its bytes are not those sent. */
static bool match(struct ping *p, const uint8_t *m, size_t n, uint64_t *seq)
{
    struct be16 wire;
    memcpy(&wire, m + 6, sizeof(wire));
    uint64_t newest = p->sent - 1;
    *seq = newest - (uint16_t)(newest - be16_get(wire));
    if (*seq >= p->sent || newest - *seq >= OUTSTANDING || n != ICMP_HEADER_BYTES + p->size)
        return false;
    for (size_t i = 0; i < p->size; i++)
        if (m[ICMP_HEADER_BYTES + i] != pattern(*seq, i))
            return false;
    return true;
}

static void on_reply(struct ping *p, const uint8_t *m, size_t n)
{
    uint64_t seq;
    int64_t now = rig_now(&p->rig);
    char ip[16];
    if (n < ICMP_HEADER_BYTES || m[0] != ICMP_ECHO_REPLY || !p->sent || !match(p, m, n, &seq)) {
        p->wrong++;
        return;
    }
    if (p->answered[seq % OUTSTANDING]) {
        p->duplicates++;
        return;
    }
    p->answered[seq % OUTSTANDING] = true;
    double ms = (double)(now - p->sent_ns[seq % OUTSTANDING]) / 1e6;
    account(p, ms);
    if (p->rig.o->json)
        printf("{\"seq\":%llu,\"bytes\":%zu,\"ms\":%.6f}\n", (unsigned long long)seq, n, ms);
    else if (p->interval_s > 0)
        printf("%zu bytes from %s: icmp_seq=%llu time=%.3f ms\n", n, show_ip4(ip, p->addr),
               (unsigned long long)seq, ms);
    if (p->received >= p->count)
        p->done = true;
    else if (p->interval_s <= 0 && p->sent < p->count)
        send_one(p, now);
}

static void on_sock(void *arg, int s, unsigned ready)
{
    struct ping *p = arg;
    uint8_t m[ICMP_HEADER_BYTES + SIZE_MAX_BYTES];
    ssize_t n;
    if (ready & NET_ERR) {
        int err = 0;
        net_getopt(p->rig.me.net, s, NET_SO_ERROR, &err);
        p->err = -err;
    }
    while ((n = net_recvfrom(p->rig.me.net, s, m, sizeof(m), NULL, NULL)) >= 0)
        on_reply(p, m, (size_t)n);
}

static void summary(const struct ping *p, const char *host)
{
    double lost = p->sent ? 100.0 * (double)(p->sent - p->received) / (double)p->sent : 0;
    double mean = p->received ? p->sum_ms / (double)p->received : 0;
    double var = p->received ? p->sum2_ms / (double)p->received - mean * mean : 0;
    if (p->rig.o->json) {
        printf("{\"sent\":%llu,\"received\":%llu,\"duplicates\":%llu,\"min_ms\":%.6f,"
               "\"avg_ms\":%.6f,\"max_ms\":%.6f}\n", (unsigned long long)p->sent,
               (unsigned long long)p->received, (unsigned long long)p->duplicates, p->min_ms, mean,
               p->max_ms);
        return;
    }
    printf("\n--- %s ping statistics ---\n%llu packets transmitted, %llu received, ", host,
           (unsigned long long)p->sent, (unsigned long long)p->received);
    if (p->duplicates || p->wrong)
        printf("%llu duplicates, %llu wrong, ", (unsigned long long)p->duplicates,
               (unsigned long long)p->wrong);
    printf("%g%% packet loss\n", lost);
    if (p->received)
        printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", p->min_ms, mean, p->max_ms,
               sqrt(var > 0 ? var : 0));
}

static bool seconds(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 0 && *out <= 3600;
}

static int parse(struct ping *p, int argc, char **argv, const char **host)
{
    *host = NULL;
    bool ok = true;
    for (int i = 1; i < argc && ok; i++) {
        const char *v = i + 1 < argc ? argv[i + 1] : "";
        bool takes = argv[i][0] == '-';
        if (!strcmp(argv[i], "-c"))
            ok = opts_number(v, 100000000, &p->count) && p->count;
        else if (!strcmp(argv[i], "-s"))
            ok = opts_number(v, SIZE_MAX_BYTES, &p->size);
        else if (!strcmp(argv[i], "-i"))
            ok = seconds(v, &p->interval_s);
        else if (!strcmp(argv[i], "-W"))
            ok = seconds(v, &p->wait_s);
        else if (!takes && !*host)
            *host = argv[i];
        else
            ok = false;
        i += takes;
    }
    if (ok && *host)
        return EXIT_DONE;
    say("usage: lanyard [OPTIONS] ping [-c N] [-i SECONDS, 0: at each answer] [-s BYTES, at most "
        "%u] [-W SECONDS] HOST", SIZE_MAX_BYTES);
    return EXIT_USAGE;
}

static int run(struct ping *p, const char *host)
{
    int code = resolve_addr(&p->rig, host, &p->addr);
    if (code != EXIT_DONE)
        return code;
    p->s = net_socket(p->rig.me.net, NET_ICMP);
    if (p->s < 0) {
        say("cannot make a socket: %s", strerror(-p->s));
        return EXIT_FAILED;
    }
    rig_watch(&p->rig, p->s, on_sock, p);
    char ip[16];
    if (!p->rig.o->json)
        printf("PING %s (%s) %llu bytes of data.\n", host, show_ip4(ip, p->addr),
               (unsigned long long)p->size);
    p->send_timer.fn = send_one;
    p->wait_timer.fn = on_wait;
    p->send_timer.arg = p->wait_timer.arg = p;
    p->send_timer.at_ns = p->wait_timer.at_ns = INT64_MAX;
    int64_t began = rig_now(&p->rig);
    send_one(p, began);
    while (code == EXIT_DONE && !p->done)
        code = rig_turn(&p->rig);
    loop_timer_set(p->rig.loop, &p->send_timer, INT64_MAX);
    loop_timer_set(p->rig.loop, &p->wait_timer, INT64_MAX);
    rig_close_sock(&p->rig, p->s);
    summary(p, host);
    if (p->interval_s <= 0 && p->received && !p->rig.o->json)
        printf("%.0f pings per second\n",
               (double)p->received * 1e9 / (double)(rig_now(&p->rig) - began));
    if (code != EXIT_DONE || p->received)
        return code;
    say("%s: %s", host, p->err ? show_errno(p->err) : "no reply");
    return p->err && p->err != -ETIMEDOUT ? EXIT_FAILED : EXIT_TIMEOUT;
}

int cmd_ping(const struct opts *o, int argc, char **argv)
{
    struct ping *p = calloc(1, sizeof(*p));
    if (!p) {
        say("out of memory");
        return EXIT_FAILED;
    }
    *p = (struct ping){ .count = 4, .size = 56, .interval_s = 1, .wait_s = 5 };
    const char *host;
    int code = parse(p, argc, argv, &host);
    if (code == EXIT_DONE)
        code = rig_open(&p->rig, o);
    else {
        free(p);
        return code;
    }
    if (code == EXIT_DONE) {
        code = rig_leave(&p->rig, run(p, host));
        code = rig_close(&p->rig, code);
    }
    free(p);
    return code;
}
