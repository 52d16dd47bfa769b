/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.h - a running system from the options: world, wire, NIC, stack, and
 * the other hosts where the wire is `peer` or `switch`. The only place that chooses parts.
 *
 * A command opens a rig, hangs handlers on sockets, descriptors and timers, and
 * calls rig_turn() until it is done. Nothing else moves time.
 */
#ifndef LY_HOST_COMPOSE_H
#define LY_HOST_COMPOSE_H

#include "host/loop.h"
#include "host/opts.h"
#include "host/rundir.h"
#include "stack/net.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct control;
struct link;
struct rig_plans;
struct nic;
struct pkt_pool;
struct world;
struct wire;
struct pcapng;
struct tape;
struct peer;
struct progress;

#define NODE_SOCKETS 256

/* One host: a stack on a NIC. */
struct node {
    void *pool_mem;
    struct pkt_pool *pool;
    struct link *link;          /* the model's; owned by nic, with what is round it */
    struct link *faults;        /* round it: --fault-link; NULL: none */
    struct nic *nic;
    struct net *net;
    int64_t next_ns;            /* when the stack wants to be polled */
    struct {
        void (*fn)(void *arg, int s, unsigned ready);
        void *arg;
    } watch[NODE_SOCKETS];
};

/** Called after every poll of our stack; embedded by its user. Returns whether it
 * did something that the stack must be polled for again. */
struct rig_hook {
    bool (*fn)(void *arg);
    void *arg;
    struct rig_hook *next;
    bool active;
};

struct rig {
    const struct opts *o;
    struct loop *loop;
    struct world *world;
    struct wire *wire;
    struct pcapng *cap, *cap_far;
    struct tape *tape;          /* of --record */
    struct rig_plans *plans;    /* --fault-link, --phy and --partner, read */
    int64_t epoch_s;            /* wall time 0 of captures and recording; 0: virtual */
    struct node me;
    int me_actor;
    struct peer *peer[OPTS_PEERS_MAX];  /* the other hosts of wire peer or switch, */
    unsigned peers;                     /* as many as are open */
    struct rig_hook *hooks;
    struct rig_hook *hook_next; /* the one whose turn comes */
    bool failed;                /* for good, and told */
    bool linked;                /* opened so far that our NIC has had a link */
    bool over;                  /* the file that the wire plays has ended, and all is quiet */
    bool leaving;               /* the signal that came no longer ends turns */
    unsigned dead_turns;        /* virtual time: turns in a row with nothing due */
    int64_t wall0_ns;
    int64_t shown_from_ns;      /* time 0 of what show.h prints */
    struct rundir run;          /* of our local sockets */
    struct control *control;    /* who looks at us; NULL: it could not be made */
    unsigned local_names;       /* names given to local sockets so far */
    struct progress *progress;  /* what is erased before a line is shown; may be NULL */
    /* Where net events go (fetch shows them); may be NULL. */
    void (*on_event)(void *arg, const struct net_event *ev);
    void *on_event_arg;
};

/**
 * rig_open() - build everything and wait until the NIC is up and has its address.
 *
 * Returns EXIT_DONE, or an exit code after one line on stderr; then the rig is
 * already closed.
 */
int rig_open(struct rig *r, const struct opts *o);

/**
 * rig_turn() - make progress: frames, sockets' handlers, descriptors, timers.
 * In virtual time, time advances only when no descriptor is ready. Where the wire plays a
 * file, r->over tells its end; who waits for something has a timer of its own.
 *
 * Returns EXIT_DONE to go on, or an exit code after one line on stderr; a signal
 * gives EXIT_FAILED without a line (rig_close raises it again).
 */
int rig_turn(struct rig *r);

/** rig_now() - the host's time, nanoseconds. */
int64_t rig_now(const struct rig *r);

/** rig_traces() - whether this program can write waves (--fst): it is a build of its own. */
bool rig_traces(void);
/** rig_top() - the top of this program's model: each has a program of its own (make top). */
const char *rig_top(void);
/** waves_fault() - one line about waves that cannot be written, or (-EIO) not whole. Returns
 * EXIT_FAILED. */
int waves_fault(const char *path, int rc);

/** rig_link_fits() - whether the links that PHYs have now fit wire and model; else a line. */
bool rig_link_fits(const struct rig *r);

/** rig_date() - what servers take for the date: in virtual time simulated as well. */
#define RIG_EPOCH_S 1767225600      /* 2026-01-01: simulated time starts here */
time_t rig_date(const struct rig *r);

/** rig_watch() - call @fn when the readiness of socket @s changes; NULL: no more.
 * Closing a socket takes its handler away: use rig_close_sock(). */
void rig_watch(struct rig *r, int s, void (*fn)(void *arg, int s, unsigned ready), void *arg);
void rig_close_sock(struct rig *r, int s);

/** rig_hook_add() - call @fn after every poll of our stack. A hook may remove itself
 * and any other. */
void rig_hook_add(struct rig *r, struct rig_hook *h, bool (*fn)(void *arg), void *arg);
void rig_hook_del(struct rig *r, struct rig_hook *h);

/**
 * rig_leave() - the end of a command: gives a DHCP lease back; with --stats, the counters of
 * stack, driver, NIC and wire on stdout. Takes turns, after a signal too.
 * @code: of the command; kept unless it is EXIT_DONE and the counters could not be read
 *
 * Returns the exit code.
 */
int rig_leave(struct rig *r, int code);

/**
 * rig_settle() - let what is under way (FIN, RST, last ACK, frames on the wire) finish,
 * at most @limit_ns; a signal that came before does not hinder it. Returns an exit code.
 */
int rig_settle(struct rig *r, int64_t limit_ns);

/**
 * rig_close() - end everything; a wire error or a capture that could not be
 * written turns @code into EXIT_FAILED with a line. A signal that came is raised
 * again, so this may not return.
 */
int rig_close(struct rig *r, int code);

/** rig_host - our host as an actor of the world: it stops the world when something is due. */
struct actor_ops;
extern const struct actor_ops rig_host;

/* --- for peer.c, which builds the other hosts the same way ------------------ */
/** node_open() - pool, NIC on port @number of the wire, and stack, still without an
 * address. Returns 0; -EINVAL unknown profile; -ENOMEM. node_close() in any case. */
int node_open(struct node *n, struct rig *r, unsigned number, const uint8_t mac[6],
              struct pcapng *cap);
void node_close(struct node *n);
/** node_poll() - poll the stack and call the handlers of changed sockets. */
int node_poll(struct node *n, int64_t now_ns);
/** node_mac() - locally administered: 02 and 40 bits mixed from seed and number. */
void node_mac(uint64_t seed, unsigned number, uint8_t mac[6]);

#endif
