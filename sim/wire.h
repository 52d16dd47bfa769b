/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - what hangs on the PHY pins. A wire has ports; each NIC is plugged
 * into one. It sees symbols with their time: (time, data, dv, er) out of the
 * NIC, (data, dv, er, crs, col) into it.
 *
 * Wires of whole frames (slirp, packet, tap, pcap) sit behind wire_frames.c, the one place
 * that checks preamble, SFD, length and the FCS that the RTL sent (zlib's crc32,
 * nothing of ours), strips it, and in the other direction pads to 60 and adds
 * preamble and FCS. It touches no other byte: no checksum is computed in sim/.
 */
#ifndef LY_SIM_WIRE_H
#define LY_SIM_WIRE_H

#include "driver/fault.h"
#include "sim/world.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One octet on the line: 8 ns at 1000 Mbit/s, 80 at 100, 800 at 10. Nibbles are at pins only. */
struct sym {
    uint8_t data;
    uint8_t dv, er;     /* towards the NIC: RX_DV, RX_ER; from it: TX_EN, TX_ER */
    uint8_t crs, col;   /* towards the NIC only */
    uint8_t fault;      /* FAULT_BIT()s of the frame that it belongs to: planted, no failure */
};

struct wire;
struct pcapng;
struct wire_ops {
    const char *name;
    /** out() - the NIC on @port drives @s at time @t. Called for every symbol with
     * dv, and for the first without; not for the idle ones that follow. */
    void (*out)(struct wire *w, unsigned port, uint64_t t, const struct sym *s);
    /** in() - the symbol that the NIC on @port sees at its rx clock edge at @t.
     * Called once for each rx clock edge that is not skipped; each symbol is
     * delivered once. */
    struct sym (*in)(struct wire *w, unsigned port, uint64_t t);
    /** in_next() - when the next non-idle symbol for @port is there, SIM_NEVER. */
    uint64_t (*in_next)(struct wire *w, unsigned port);
    /** more() - whether it will yet send by itself, unasked, or holds what it is to send on.
     * NULL: it never does so. */
    bool (*more)(const struct wire *w);
    /** pollfds() - descriptors to wait for in wall time, and for how long at most
     * (*timeout_ms, only ever lowered). Returns their number. NULL: none. */
    int (*pollfds)(struct wire *w, struct pollfd *fds, int max, int *timeout_ms);
    /** ready() - after poll(): read what came. NULL: none. */
    void (*ready)(struct wire *w, struct pollfd *fds, int n);
    void (*close)(struct wire *w);
};

/* Totals on the wire, per wire; the far side of the NIC's own counters. */
struct wire_stats {
    uint64_t from_nic_frames, from_nic_octets;  /* octets DA..FCS */
    uint64_t to_nic_frames, to_nic_octets;
    uint64_t from_nic_bad;      /* FCS, preamble or length: fails the run */
    uint64_t to_nic_dropped;    /* the queue towards the NIC was full */
    uint64_t far_send_errors;   /* the kernel or libslirp refused a frame */
    /* Frames of a file that were not played: captured in part, shorter than a header, longer
     * than any frame, marked as sent by the interface that captured them. */
    uint64_t file_truncated, file_runt, file_oversize, file_outward;
    uint64_t fault_tx[FAULT_KINDS], fault_rx[FAULT_KINDS];  /* frames treated so, by --fault */
};

/* What a switch did with the frames that came to it. */
struct wire_switch_stats {
    uint64_t forwarded;         /* to the one port that has the address */
    uint64_t flooded;           /* to all others: broadcast, multicast, unknown */
    uint64_t filtered;          /* the address is on the side that it came from */
    uint64_t reserved;          /* 01-80-C2-00-00-0x never crosses; of these, */
    uint64_t paused;            /* pause frames, which were obeyed */
    uint64_t dropped_bad;       /* FCS, length, preamble, error symbol */
    uint64_t dropped_full;      /* copies for which an output queue had no room */
    uint64_t learned, moved, aged, evicted;     /* addresses */
};

/* What happened on a hub. */
struct wire_hub_stats {
    uint64_t frames;            /* that met no collision */
    uint64_t collisions;        /* from the first two that send to the last */
    uint64_t fragments;         /* what a station sent and had to give up */
    uint64_t late;              /* of these, hit behind 64 octets */
};

/* Lines of a wire: one for what each NIC sends, and one for a wire that sends by itself. */
#define WIRE_PORTS_MAX 8u
#define WIRE_LINES (WIRE_PORTS_MAX + 1u)
#define WIRE_PPM_MAX 1000

struct wire {
    const struct wire_ops *ops;
    struct world *world;
    struct wire_stats stats;
    const struct wire_switch_stats *bridge;     /* of a switch; NULL: it is none */
    const struct wire_hub_stats *hub;           /* of a hub; NULL: it is none */
    struct wire *inner;         /* of a wire round another one; NULL: none */
    unsigned centre;            /* the line that all NICs hear; 0: ports 0 and 1 hear each other */
    int ppm[WIRE_LINES];        /* of the clock that drives each line: wire_set_ppm() */
    unsigned mbit;              /* wire_set_speed(); 0: 1000 */
    unsigned linked[WIRE_PORTS_MAX];    /* wire_link(): Mbit/s of each port; 0: none */
    struct pcapng *far;         /* wire_set_far_capture(); NULL: none */
    char error[160];            /*  "" or one line: why the run must fail */
};

#define WIRE_WHY_BYTES 160

/* Each returns 0 and *out, or -errno with a line in @why (WIRE_WHY_BYTES). */
/** wire_peer_open() - a full-duplex cable between port 0 and port 1, 8 ns long or more. */
int wire_peer_open(struct wire **out, struct world *w, char *why);
/** wire_switch_open() - a learning switch with @ports of them, 2..WIRE_PORTS_MAX. */
int wire_switch_open(struct wire **out, struct world *w, unsigned ports, char *why);
/** wire_hub_open() - a repeater with @ports, half duplex at 10 or 100 Mbit/s (100 without
 * wire_set_speed()). */
int wire_hub_open(struct wire **out, struct world *w, unsigned ports, char *why);
/** wire_slirp_open() - user-mode NAT by libslirp: 10.0.2.0/24, router .2, DNS .3. */
int wire_slirp_open(struct wire **out, struct world *w, char *why);
/** wire_packet_open() - AF_PACKET on interface @ifname. Needs CAP_NET_RAW. */
int wire_packet_open(struct wire **out, struct world *w, const char *ifname, char *why);
/** wire_tap_open() - the TAP @ifname, which is made if there is none and that is allowed. */
int wire_tap_open(struct wire **out, struct world *w, const char *ifname, char *why);

/** wire_pcap_open() - frames of the capture @path come from @start_ps on, the SFD of the
 * first one then, the others at their distance in the file; what is sent nobody hears.
 * @start_ps: at least 10 us */
int wire_pcap_open(struct wire **out, struct world *w, const char *path, uint64_t start_ps,
                   char *why);

/**
 * wire_set_far_capture() - record the far end as well (--pcap-far): the PHY of the
 * NIC on port 1 of a peer wire, a hub or a switch, else what is handed to and comes from the
 * kernel or libslirp, at that time. Directions are those that the far end sees. Before the
 * first symbol; @cap outlives the wire.
 */
void wire_set_far_capture(struct wire *w, struct pcapng *cap);

/** wire_innermost() - the wire that others are round. */
static inline const struct wire *wire_innermost(const struct wire *w)
{
    while (w->inner)
        w = w->inner;
    return w;
}

/**
 * wire_set_ppm() - the clock that drives @line is off by so many millionths, at most
 * WIRE_PPM_MAX either way: that of the NIC on the port of that number, or (port 1 of a wire
 * with one NIC, the number of ports of a switch or a hub) the wire's own. Before NICs are
 * plugged in and faults are put round it.
 */
static inline void wire_set_ppm(struct wire *w, unsigned line, int ppm)
{
    while (w->inner)
        w = w->inner;
    w->ppm[line] = ppm;
}

/** wire_link() - the PHY on @port has a link that it negotiated, at @mbit, or (0) none any more.
 * All that have one must have the same: otherwise the wire has failed. */
void wire_link(struct wire *w, unsigned port, unsigned mbit);

/** wire_set_speed() - of all ports, 10, 100 or 1000: at first, and by wire_link(). */
static inline void wire_set_speed(struct wire *w, unsigned mbit)
{
    for (; w; w = w->inner)
        w->mbit = mbit;
}

/** wire_sym_ps() - how long a symbol of struct sym lasts, if the clock is not off. */
static inline uint64_t wire_sym_ps(const struct wire *w)
{
    w = wire_innermost(w);
    return 8000000u / (w->mbit ? w->mbit : 1000);
}

/** wire_ppm() - of the clock of the NIC on @port. wire_far_ppm() - of what it hears, which its
 * PHY recovers. */
static inline int wire_ppm(const struct wire *w, unsigned port)
{
    return wire_innermost(w)->ppm[port];
}

static inline int wire_far_ppm(const struct wire *w, unsigned port)
{
    w = wire_innermost(w);
    return w->ppm[w->centre ? w->centre : port ^ 1u];
}

/** wire_more() - as wire_ops.more(), of this wire or one inside. */
static inline bool wire_more(const struct wire *w)
{
    bool more = false;
    for (; w && !more; w = w->inner)
        more = w->ops->more && w->ops->more(w);
    return more;
}

static inline void wire_close(struct wire *w)
{
    if (w)
        w->ops->close(w);
}

#endif
