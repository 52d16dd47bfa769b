/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.c - how a rig lives: what time it is, and one turn after another until a
 * command is done. In virtual time, time goes on only where nobody has anything to
 * do now; in wall time the model runs while it is busy and sleeps otherwise.
 */
#include "host/compose.h"

#include "driver/nic.h"
#include "host/control.h"
#include "host/lease.h"
#include "host/peer.h"
#include "host/stats.h"
#include "sim/link_sim.h"
#include "sim/wire.h"
#include "sim/world.h"

#include <poll.h>
#include <time.h>

/* Turns in which nothing is due: the last one before a command sees that it is done, so some. */
#define DEAD_TURNS 8u
/* Model time between two looks at descriptors: short enough for a signal to be
 * noticed at once, long enough to cost nothing. */
#define SLICE_PS 1000000000ull       /* a ms, as poll() counts */
#define WALL_SLICE_PS 50000000ull
/* The same while nobody waits for anything but the next frame of a file. */
#define IDLE_SLICE_PS 1000000000000ull

/* --- our host as an actor of the world --------------------------------------- */

static uint64_t me_next(void *self)
{
    const struct rig *r = self;
    uint64_t wake = sim_nic_wake_ps(r->me.link);
    if (!r->o->virtual_time)
        return wake;
    int64_t at = loop_timers_next(r->loop);
    if (r->me.next_ns < at)
        at = r->me.next_ns;
    uint64_t due = at == INT64_MAX ? SIM_NEVER : (uint64_t)at * 1000u;
    uint64_t t = wake < due ? wake : due;
    return t > world_now(r->world) ? t : world_now(r->world);
}

/* Nothing: being stopped at is the point; rig_turn() polls afterwards. */
static void me_run(void *self, uint64_t t)
{
    (void)self;
    (void)t;
}

const struct actor_ops rig_host = { .name = "host", .next = me_next, .run = me_run };

static int64_t wall_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t rig_now(const struct rig *r)
{
    if (r->o->virtual_time)
        return (int64_t)(world_now(r->world) / 1000u);
    return wall_now() - r->wall0_ns;
}

time_t rig_date(const struct rig *r)
{
    return r->o->virtual_time ? (time_t)(RIG_EPOCH_S + rig_now(r) / 1000000000) : time(NULL);
}

/* --- one turn ----------------------------------------------------------------------- */

int node_poll(struct node *n, int64_t now_ns)
{
    int rc, s;
    do {
        rc = net_poll(n->net, now_ns, &n->next_ns);
        for (s = net_changed(n->net); s >= 0 && rc == 0; s = net_changed(n->net))
            if (s < NODE_SOCKETS && n->watch[s].fn) {
                n->watch[s].fn(n->watch[s].arg, s, net_ready(n->net, s));
                rc = net_poll(n->net, now_ns, &n->next_ns);
            }
    } while (rc == 0 && n->next_ns <= now_ns);
    return rc;
}

static int check(struct rig *r)
{
    if (r->failed || (loop_signal(r->loop) && !r->leaving))
        return EXIT_FAILED;
    const char *mine = nic_state(r->me.nic) == NIC_FAILED ? nic_error(r->me.nic) : NULL;
    const char *far = NULL;
    unsigned i = 0;
    while (i < r->peers && !(far = peer_error(r->peer[i])))
        i++;
    if (mine)
        say("NIC: %s", mine);
    else if (far)
        say("NIC of the %s: %s", peer_name(r->peer[i]), far);
    bool misfit = !mine && !far && r->linked && !rig_link_fits(r);
    r->failed = mine || far || misfit || r->wire->error[0]; /* the wire's: rig_close() tells it */
    return r->failed ? EXIT_FAILED : EXIT_DONE;
}

/* Nothing of the hosts is due, ever; only the wire may have more. */
static bool idle(const struct rig *r)
{
    bool alive = r->me.next_ns != INT64_MAX || loop_timers_next(r->loop) != INT64_MAX ||
                 sim_nic_busy(r->me.link);
    for (unsigned i = 0; i < r->peers && !alive; i++)
        alive = peer_alive(r->peer[i]);
    return !alive;
}

/* A turn has passed; @dead: nothing will ever happen again. A file that is played may end so,
 * once; whoever takes turns after that forgot a timer. */
static int count_dead(struct rig *r, bool dead)
{
    r->dead_turns = dead ? r->dead_turns + 1 : 0;
    if (r->dead_turns <= DEAD_TURNS)
        return EXIT_DONE;
    if (r->o->wire == WIRE_PCAP && !r->over) {
        r->over = true;
        r->dead_turns = 0;
        return EXIT_DONE;
    }
    say("nothing will ever happen again: this is a bug, please report the command and seed");
    r->failed = true;
    return EXIT_FAILED;
}

static int turn_virtual(struct rig *r)
{
    bool skip = idle(r) && world_skips(r->world);
    uint64_t until = world_now(r->world) + (skip ? IDLE_SLICE_PS : SLICE_PS);
    int actor = world_run(r->world, until, 1ull << r->me_actor);
    return count_dead(r, actor < 0 && idle(r) && !wire_more(r->wire));
}

/* What the wire and a late symbol of it wish: poll()'s descriptors and time-out. With idle cycles
 * evaluated the model is slower than the wall: from its time nothing follows but the next step. */
static int wire_wishes(struct rig *r, struct pollfd *fds, int max, int *timeout_ms)
{
    uint64_t due = sim_nic_due_ps(r->me.link), now = world_now(r->world);
    int n = 0, wish = *timeout_ms;
    if (due != SIM_NEVER && (due - now) / SLICE_PS < (uint64_t)wish)
        wish = (int)((due - now + SLICE_PS - 1) / SLICE_PS);
    if (r->wire->ops->pollfds)
        n = r->wire->ops->pollfds(r->wire, fds, max, &wish);
    if (r->o->no_skip && wish > 1 && wish < *timeout_ms)
        wish = 1;
    *timeout_ms = wish;
    return n;
}

/* Sleep until a descriptor, the wire or a deadline wants something. */
static void sleep_wall(struct rig *r, bool busy)
{
    struct pollfd fds[64] = { { .fd = loop_fd(r->loop), .events = POLLIN },
                              { .fd = control_fd(r->control), .events = POLLIN } };
    int64_t next = loop_timers_next(r->loop);
    if (r->me.next_ns < next)
        next = r->me.next_ns;
    int64_t left = next == INT64_MAX ? 1000000000 : next - rig_now(r);
    int timeout_ms = left <= 0 ? 0 : left > 1000000000 ? 1000 : (int)((left + 999999) / 1000000);
    int n = 2 + wire_wishes(r, fds + 2, 62, &timeout_ms);
    int rc = poll(fds, (nfds_t)n, busy ? 0 : timeout_ms);
    /* While the NIC slept, its time went on: captures show when things came. With idle cycles
     * evaluated that takes longer than it lasts, so then it is a part of it: no running after. */
    uint64_t wall_ps = (uint64_t)rig_now(r) * 1000u;
    if (r->o->no_skip && wall_ps > world_now(r->world) + SLICE_PS)
        wall_ps = world_now(r->world) + SLICE_PS;
    if (!busy && wall_ps > world_now(r->world))
        world_run(r->world, wall_ps, 1ull << r->me_actor);
    if (r->wire->ops->ready && rc >= 0)
        r->wire->ops->ready(r->wire, fds + 2, n - 2);
}

/* Any NIC: a peer's may work while ours is quiet. What comes late to ours is waited for. */
static bool busy(const struct rig *r)
{
    bool any = sim_nic_due_ps(r->me.link) <= world_now(r->world) + WALL_SLICE_PS;
    for (unsigned i = 0; i < r->peers && !any; i++)
        any = peer_busy(r->peer[i]);
    return any;
}

static int turn_wall(struct rig *r)
{
    bool was_busy = busy(r);
    if (r->o->wire == WIRE_PCAP && idle(r) && !wire_more(r->wire))
        return count_dead(r, true);
    (void)count_dead(r, false);
    if (was_busy)
        world_run(r->world, world_now(r->world) + WALL_SLICE_PS, 1ull << r->me_actor);
    sleep_wall(r, was_busy || busy(r));
    return EXIT_DONE;
}

void rig_hook_add(struct rig *r, struct rig_hook *h, bool (*fn)(void *arg), void *arg)
{
    *h = (struct rig_hook){ .fn = fn, .arg = arg, .next = r->hooks, .active = true };
    r->hooks = h;
}

void rig_hook_del(struct rig *r, struct rig_hook *h)
{
    struct rig_hook **at = &r->hooks;
    while (h->active && *at && *at != h)
        at = &(*at)->next;
    if (h->active && *at)
        *at = h->next;
    if (r->hook_next == h)
        r->hook_next = h->next;
    h->active = false;
}

/* A NIC that is gone shows in check(). */
static void poll_me(struct rig *r, int64_t now)
{
    int rc;
    bool again;
    do {
        rc = node_poll(&r->me, now);
        again = false;
        for (struct rig_hook *h = r->hooks; h; h = r->hook_next) {
            r->hook_next = h->next; /* rig_hook_del() moves it on */
            again |= h->fn(h->arg);
        }
    } while (rc == 0 && again);
}

int rig_turn(struct rig *r)
{
    int64_t now = rig_now(r);
    int code = EXIT_DONE;
    poll_me(r, now);
    int served = loop_timers_run(r->loop, now);
    served += loop_drain(r->loop, 64);
    if (control_turn(r->control, wall_now())) /* does not count: time is not held for it */
        poll_me(r, rig_now(r));
    if (served == 0)
        code = r->o->virtual_time ? turn_virtual(r) : turn_wall(r);
    /* Handlers wrote to sockets, or time went on: the stack's clock is now's. */
    poll_me(r, rig_now(r));
    return code == EXIT_DONE ? check(r) : code;
}

void rig_watch(struct rig *r, int s, void (*fn)(void *arg, int s, unsigned ready), void *arg)
{
    if (s >= 0 && s < NODE_SOCKETS) {
        r->me.watch[s].fn = fn;
        r->me.watch[s].arg = arg;
    }
}

void rig_close_sock(struct rig *r, int s)
{
    if (s < 0)
        return;
    rig_watch(r, s, NULL, NULL);
    net_close(r->me.net, s);
}

/* --- the end of a command ------------------------------------------------------------ */

/* Connections that still have something to say, TIME_WAIT and listeners aside. */
static bool unfinished(const struct rig *r)
{
    struct net_sock_info info[NODE_SOCKETS];
    size_t n = net_sock_list(r->me.net, info, NODE_SOCKETS);
    for (size_t i = 0; i < n && i < NODE_SOCKETS; i++)
        if (info[i].type == NET_STREAM && info[i].state != NET_TCP_TIME_WAIT &&
            info[i].state != NET_TCP_LISTEN && info[i].state != NET_TCP_CLOSED)
            return true;
    return false;
}

/* Packets that wait for an answer to ARP. */
static bool arp_waits(const struct rig *r)
{
    struct net_arp_info info[64];
    size_t n = net_arp_list(r->me.net, info, 64);
    for (size_t i = 0; i < n && i < 64; i++)
        if (!info[i].resolved)
            return true;
    return false;
}

int rig_settle(struct rig *r, int64_t limit_ns)
{
    int64_t limit = rig_now(r) + limit_ns;
    int code = EXIT_DONE;
    r->leaving = loop_signal(r->loop) != 0;
    r->over = false;
    while (code == EXIT_DONE && !r->over && rig_now(r) < limit &&
           (unfinished(r) || arp_waits(r) || sim_nic_busy(r->me.link)))
        code = rig_turn(r);
    return code;
}

int rig_leave(struct rig *r, int code)
{
    r->leaving = loop_signal(r->loop) != 0;
    lease_return(r);
    return r->o->stats ? stats_at_end(r, code) : code;
}
