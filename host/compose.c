/* SPDX-License-Identifier: Apache-2.0 */
#include "host/compose.h"

#include "driver/link.h"
#include "driver/link_fault.h"
#include "driver/nic.h"
#include "driver/pkt.h"
#include "host/control.h"
#include "host/files.h"
#include "host/lease.h"
#include "host/peer.h"
#include "sim/link_sim.h"
#include "sim/pcapng.h"
#include "sim/phy_model.h"
#include "sim/tape.h"
#include "sim/wire.h"
#include "sim/wire_fault.h"
#include "sim/world.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POOL_SMALL 2048u
#define POOL_LARGE 32u
_Static_assert(OPTS_PORTS_MAX == WIRE_PORTS_MAX, "one for each port");
#define OPEN_LIMIT_NS 5000000000
/* When a file's first frame comes: the NIC is up long before. */
#define PLAY_VIRTUAL_PS 10000000000ull
#define PLAY_WALL_PS 1000000000000ull

void node_mac(uint64_t seed, unsigned number, uint8_t mac[6])
{
    uint32_t a = sim_hash32(seed, 2 * number + 0x4d41u), b = sim_hash32(seed, 2 * number + 0x4d42u);
    uint8_t out[6] = { 0x02, (uint8_t)a, (uint8_t)(a >> 8), (uint8_t)(a >> 16),
                       (uint8_t)(a >> 24), (uint8_t)b };
    memcpy(mac, out, sizeof(out));
}

/* The stack's events of our own host, to whoever shows them. */
static void forward_event(void *arg, const struct net_event *ev)
{
    struct rig *r = arg;
    if (r->on_event)
        r->on_event(r->on_event_arg, ev);
}

struct rig_plans {
    struct fault_plan link;
    struct phy_cfg phy;
};

/* Returns false after a line. */
static bool read_faults(const char *text, unsigned on, struct fault_plan *plan)
{
    char why[FAULT_WHY_BYTES];
    if (!text || fault_parse(plan, on, text, why) == 0)
        return true;
    say("--fault%s: %s", on == FAULT_ON_LINK ? "-link" : "", why);
    return false;
}

/* A hub does not negotiate. Returns false after a line. */
static bool read_phy(const struct opts *o, struct phy_cfg *phy)
{
    const char *partner = o->partner ? o->partner : o->wire == WIRE_HUB ? "fixed:100hd" : "all";
    *phy = (struct phy_cfg){ .addr = 1 };
    if (!o->phy)
        return true;
    phy->profile = phy_profile_find(o->phy);
    if (!phy->profile)
        say("--phy %s: it knows fixed, generic, lan8720, ksz9031, rtl8211 and 88e1512", o->phy);
    else if (phy_partner_parse(&phy->partner, partner) < 0)
        say("--partner %s: all, none, a list of 1000fd, 1000hd, 100fd, 100hd, 10fd, 10hd, pause, "
            "asym, or fixed: and one of the last four modes", o->partner);
    else
        return true;
    return false;
}

int node_open(struct node *n, struct rig *r, unsigned number, const uint8_t mac[6],
              struct pcapng *cap)
{
    size_t bytes = pkt_pool_bytes(POOL_SMALL, POOL_LARGE);
    n->pool_mem = malloc(bytes);
    n->pool = n->pool_mem ? pkt_pool_create(n->pool_mem, bytes, POOL_SMALL, POOL_LARGE) : NULL;
    if (!n->pool)
        return -ENOMEM;
    struct sim_nic_cfg sc = { .world = r->world, .wire = r->wire, .port = number,
                              .number = number, .profile = r->o->profile, .pool = n->pool,
                              .capture = cap, .tape = number == 0 ? r->tape : NULL,
                              .phy = r->o->phy ? &r->plans->phy : NULL };
    int rc = sim_nic_open(&n->link, &sc);
    if (rc == 0 && number == 0 && r->o->fault_link)     /* round the link of our own NIC */
        rc = link_fault_open(&n->faults, n->link, &r->plans->link, r->o->seed);
    if (rc < 0)
        return rc;
    struct nic_cfg nc = { .link = n->faults ? n->faults : n->link, .pool = n->pool,
                          .offload = r->o->offload };
    memcpy(nc.mac, mac, sizeof(nc.mac));
    rc = nic_create(&n->nic, &nc);
    if (rc < 0)
        return rc;
    struct net_cfg cfg = { .nic = n->nic, .pool = n->pool,
                           .seed = ((uint64_t)sim_hash32(r->o->seed, number) << 32) |
                                   sim_hash32(r->o->seed, number + 0x5eedu),
                           .max_sockets = NODE_SOCKETS,
                           .event = number == 0 ? forward_event : NULL, .event_arg = r };
    return net_create(&n->net, &cfg);
}

void node_close(struct node *n)
{
    net_destroy(n->net);
    nic_destroy(n->nic);
    assert(!n->pool || pkt_pool_in_use(n->pool) == 0);
    free(n->pool_mem);
    *n = (struct node){ 0 };
}

/* --- opening ---------------------------------------------------------------------- */

/* Only a hub shares its medium. Returns NULL, or why a link of that duplex cannot work. */
static const char *misfit(const struct opts *o, bool full)
{
    bool hub = o->wire == WIRE_HUB;
    if (full != hub)
        return NULL;
    return hub ? "on a hub it would not listen" : "only --wire hub tells it of collisions";
}

/* A profile has a speed and a duplex, and a wire fits it or does not. */
static int read_profile(const struct opts *o, unsigned *mbit)
{
    bool full;
    if (sim_profile_link(o->profile, mbit, &full) < 0) {
        say("--nic sim:%s: it knows gmii, mii, mii10, miih, mii10h, mii25,"
            " mii2m5 and up5k", o->profile);
        return EXIT_USAGE;
    }
    const char *why = misfit(o, full);
    if (!why)
        return EXIT_DONE;
    say("sim:%s is %s duplex: %s", o->profile ? o->profile : SIM_PROFILE, full ? "full" : "half",
        why);
    return EXIT_USAGE;
}

static int open_wire(struct rig *r)
{
    char why[160] = "";
    unsigned mbit;
    int rc = read_profile(r->o, &mbit);
    if (rc != EXIT_DONE)
        return rc;
    switch (r->o->wire) {
    case WIRE_PEER:
        rc = wire_peer_open(&r->wire, r->world, why);
        break;
    case WIRE_SWITCH:
        rc = wire_switch_open(&r->wire, r->world, 1 + r->o->peers, why);
        break;
    case WIRE_HUB:
        rc = wire_hub_open(&r->wire, r->world, 1 + r->o->peers, why);
        break;
    case WIRE_PACKET:
        rc = wire_packet_open(&r->wire, r->world, r->o->ifname, why);
        break;
    case WIRE_TAP:
        rc = wire_tap_open(&r->wire, r->world, r->o->ifname, why);
        break;
    case WIRE_PCAP:
        rc = wire_pcap_open(&r->wire, r->world, r->o->play, r->o->virtual_time ? PLAY_VIRTUAL_PS
                            : PLAY_WALL_PS, why);
        break;
    default:
        rc = wire_slirp_open(&r->wire, r->world, why);
        break;
    }
    if (rc == 0)
        wire_set_speed(r->wire, mbit);
    for (unsigned i = 0; rc == 0 && i < WIRE_LINES; i++)
        wire_set_ppm(r->wire, i, r->o->ppm[i]);
    if (rc == 0)
        return EXIT_DONE;
    say("%s", why[0] ? why : strerror(-rc));
    switch (rc) {
    case -EPERM:
    case -EACCES:
    case -ENODEV:
    case -EBUSY:
        return EXIT_MISSING;
    default:
        return EXIT_FAILED;
    }
}

/* Faults go round the wire. */
static int open_faults(struct rig *r, const struct fault_plan *plan)
{
    struct wire *inner = r->wire;
    r->wire = NULL;
    if (wire_fault_open(&r->wire, inner, plan) == 0)
        return EXIT_DONE;
    say("out of memory");
    return EXIT_FAILED;
}

static int open_capture(struct pcapng **out, const char *path, const struct rig *r)
{
    if (!path)
        return EXIT_DONE;
    int rc = pcapng_open_at(out, path, r->epoch_s);
    if (rc < 0) {
        say("cannot write the capture %s: %s", path, strerror(-rc));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

static int open_record(struct rig *r)
{
    struct tape_head h = { .seed = r->o->seed, .start_ps = world_now(r->world),
                           .epoch_s = r->epoch_s, .skip = !r->o->no_skip,
                           .phy_mdio = r->o->phy != NULL };
    if (!r->o->record)
        return EXIT_DONE;
    _Static_assert(sizeof(h.profile) == SIM_PROFILE_BYTES, "the text fits");
    (void)sim_profile_text(h.profile, r->o->profile, r->wire, 0);   /* node_open() tells */
    int rc = tape_create(&r->tape, r->o->record, &h);
    if (rc < 0) {
        say("cannot write the recording %s: %s", r->o->record, strerror(-rc));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

/* World, wire and captures; the hosts come after. */
static int open_below(struct rig *r)
{
    struct fault_plan plan;
    r->plans = malloc(sizeof *r->plans);
    if (!r->plans) {
        say("out of memory");
        return EXIT_FAILED;
    }
    /* Before a capture of that name is overwritten. */
    if (files_check(r->o, r->o->wire == WIRE_PCAP ? r->o->play : NULL) != EXIT_DONE ||
        !read_faults(r->o->fault, FAULT_ON_WIRE, &plan) ||
        !read_faults(r->o->fault_link, FAULT_ON_LINK, &r->plans->link) ||
        !read_phy(r->o, &r->plans->phy))
        return EXIT_USAGE;
    r->world = world_create(r->o->seed, !r->o->no_skip);
    if (!r->world) {
        say("out of memory");
        return EXIT_FAILED;
    }
    r->epoch_s = r->o->virtual_time ? 0 : (int64_t)time(NULL);
    int code = open_capture(&r->cap, r->o->pcap, r);
    if (code == EXIT_DONE)
        code = open_capture(&r->cap_far, r->o->pcap_far, r);
    if (code == EXIT_DONE)
        code = open_wire(r);
    if (code == EXIT_DONE)
        code = open_record(r);
    if (code == EXIT_DONE && r->o->fault)
        code = open_faults(r, &plan);
    if (code == EXIT_DONE && r->cap_far)
        wire_set_far_capture(r->wire, r->cap_far);
    return code;
}

/* What is wrong here was given by --addr, --gw or --dns. By DHCP it comes later: lease.c. */
static int set_addresses(struct rig *r)
{
    const struct opts *o = r->o;
    int rc = o->dhcp ? 0 : o->addr ? net_set_addr(r->me.net, o->addr, o->prefix_len) : -EINVAL;
    if (rc < 0) {
        say("--addr: not the address of a host in its subnet of %u bits", o->prefix_len);
        return EXIT_USAGE;
    }
    for (unsigned i = 0; rc == 0 && i < o->dns_count; i++)
        rc = net_set_dns(r->me.net, i, o->dns[i].addr, o->dns[i].port);
    if (rc == 0 && o->gw)
        rc = net_route_add(r->me.net, 0, 0, o->gw);
    if (rc < 0) {
        say("--gw: the router is not in the subnet of --addr");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

const char *rig_top(void)
{
    return sim_nic_top();
}

bool rig_traces(void)
{
    return sim_nic_traces();
}

int waves_fault(const char *path, int rc)
{
    if (rc == -EIO)
        say("the waves %s are incomplete: the disk is full, or the file too large", path);
    else
        say("cannot write the waves %s: %s", path,
            rc == -EINVAL ? "not a regular file" : strerror(-rc));
    return EXIT_FAILED;
}

static int open_waves(struct rig *r)
{
    int rc = r->o->fst ? sim_nic_waves_open(r->me.link, r->o->fst) : 0;
    return rc < 0 ? waves_fault(r->o->fst, rc) : EXIT_DONE;
}

static int open_hosts(struct rig *r)
{
    uint8_t mac[6];
    node_mac(r->o->seed, 0, mac);
    int rc = node_open(&r->me, r, 0, r->o->have_mac ? r->o->mac : mac, r->cap);
    int code = rc == 0 ? set_addresses(r) : EXIT_DONE;
    if (code == EXIT_DONE && rc == 0)
        code = open_waves(r);
    if (code != EXIT_DONE)
        return code;
    if (rc == 0) {
        r->me_actor = world_add(r->world, &rig_host, r);
        rc = r->me_actor < 0 ? r->me_actor : 0;
    }
    for (; rc == 0 && r->peers < r->o->peers; r->peers += rc == 0)
        rc = peer_open(&r->peer[r->peers], r, r->peers);
    if (rc < 0) {
        say("cannot set up the host: %s", strerror(-rc));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

/* Of a link that was negotiated. Returns whether it fits wire and model, or is down. */
static bool fits(const struct opts *o, const struct nic *nic)
{
    uint32_t mbit;
    bool up = nic_link_up(nic, &mbit), full = nic_link_full(nic);
    const char *why = up ? misfit(o, full) : NULL;
    bool slow = up && mbit == 1000 && sim_profile_core_hz(o->profile) < 125000000;
    if (why)
        say("the two ends agreed on %s duplex: %s (--partner)", full ? "full" : "half", why);
    else if (slow)
        say("the two ends agreed on 1000 Mbit/s: the core of sim:%s is too slow for it "
            "(--partner)", o->profile);
    return !why && !slow;
}

bool rig_link_fits(const struct rig *r)
{
    bool all = !r->o->phy || fits(r->o, r->me.nic);
    for (unsigned i = 0; r->o->phy && i < r->peers && all; i++)
        all = fits(r->o, peer_nic(r->peer[i]));
    return all;
}

/* A PHY that is asked needs a while to agree with the other end. */
static int wait_up(struct rig *r)
{
    int64_t limit = rig_now(r) + OPEN_LIMIT_NS;
    int code = EXIT_DONE;
    for (;;) {
        bool opening = nic_state(r->me.nic) == NIC_OPENING;
        if (code != EXIT_DONE)
            return code;
        if (!opening && (!r->o->phy || nic_link_up(r->me.nic, NULL))) {
            r->linked = true;
            return rig_link_fits(r) ? EXIT_DONE : EXIT_USAGE;
        }
        if (rig_now(r) > limit) {
            say(opening ? "the NIC does not answer" : "the link does not come up: the two ends "
                "have nothing in common, or there is no cable (--partner)");
            return EXIT_TIMEOUT;
        }
        code = rig_turn(r);
    }
}

/* A run that nobody can look at is still a run. What killed ones left goes away. */
static void open_control(struct rig *r)
{
    int rc = rundir_open(&r->run, true);
    if (rc == 0) {
        rundir_visit(&r->run, NULL, NULL);
        rc = control_open(&r->control, r);
    }
    if (rc < 0)
        say("no control socket, so netstat and the like cannot look at this run: %s",
            r->run.why[0] ? r->run.why : strerror(-rc));
}

int rig_open(struct rig *r, const struct opts *o)
{
    *r = (struct rig){ .o = o, .run = { .fd = -1 } };
    r->wall0_ns = 0;
    int rc = loop_create(&r->loop);
    if (rc < 0) {
        say("cannot make an event loop: %s", strerror(-rc));
        return EXIT_FAILED;
    }
    int code = open_below(r);
    if (!o->virtual_time && code == EXIT_DONE)
        r->wall0_ns = rig_now(r);
    if (code == EXIT_DONE)
        code = open_hosts(r);
    if (code == EXIT_DONE)
        code = wait_up(r);
    if (code == EXIT_DONE) {
        open_control(r);
        code = o->dhcp ? lease_wait(r) : EXIT_DONE;
    }
    return code == EXIT_DONE ? code : rig_close(r, code);
}

/* --- closing ------------------------------------------------------------------------- */

/* @rc: of closing the file. Returns the exit code of the run, which was @code before. */
static int closed(int rc, const char *what, const char *path, int code)
{
    if (rc < 0) {
        say("the %s %s is incomplete: %s", what, path, strerror(-rc));
        return code == EXIT_DONE ? EXIT_FAILED : code;
    }
    return code;
}

static int close_waves(struct rig *r, int code)
{
    int rc = r->o->fst && r->me.nic ? sim_nic_waves_close(r->me.link) : 0;
    int told = rc < 0 ? waves_fault(r->o->fst, rc) : EXIT_DONE;
    return code == EXIT_DONE ? told : code;
}

int rig_close(struct rig *r, int code)
{
    int sig = r->loop ? loop_signal(r->loop) : 0;
    if (r->wire && r->wire->error[0]) {
        say("wire: %s", r->wire->error);
        code = EXIT_FAILED;
    }
    control_close(r->control);
    rundir_close(&r->run);
    while (r->peers > 0)
        peer_close(r->peer[--r->peers]);
    code = close_waves(r, code);
    node_close(&r->me);
    wire_close(r->wire);
    code = closed(pcapng_close(r->cap), "capture", r->o->pcap, code);
    code = closed(pcapng_close(r->cap_far), "capture", r->o->pcap_far, code);
    code = closed(tape_finish(r->tape), "recording", r->o->record, code);
    if (r->world)
        world_destroy(r->world);
    loop_destroy(r->loop);
    free(r->plans);
    *r = (struct rig){ .o = r->o, .run = { .fd = -1 } };
    if (sig) {
        fflush(stdout);
        signal(sig, SIG_DFL);
        raise(sig);
    }
    return code;
}
