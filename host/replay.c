/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - a recorded run (--record) again, on the model alone: to look at a failure in wall
 * time as often as one likes, or at what other RTL makes of the same inputs. */
#include "host/commands.h"
#include "host/compose.h"
#include "host/files.h"
#include "host/opts.h"
#include "host/stats.h"

#include "sim/pcapng.h"
#include "sim/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void told_json(const struct tape_head *h, const struct replay_result *r, bool same_rtl)
{
    printf("{\"event\":\"replay\",\"identical\":%s,\"whole\":%s,\"same_rtl\":%s,\"seed\":%" PRIu64
           ",\"cycles\":%" PRIu64 ",\"evaluated\":%" PRIu64 ",\"frames_out\":%" PRIu64
           ",\"frames_in\":%" PRIu64 ",\"bytes_to_nic\":%" PRIu64 ",\"bytes_from_nic\":%" PRIu64
           ",\"bytes_not_taken\":%" PRIu64 ",\"time_ps\":%" PRIu64,
           r->differs ? "false" : "true", r->cut ? "false" : "true", same_rtl ? "true" : "false",
           h->seed, r->nic.core_cycles, r->nic.core_evaluated, r->nic.phy_tx_frames,
           r->nic.phy_rx_frames, r->link_in_bytes, r->link_out_bytes, r->link_lost_bytes,
           r->differs ? r->differs_ps : r->end_ps);
    if (r->differs)
        printf(",\"side\":\"%s\",\"expected\":\"%s\",\"got\":\"%s\"", r->side, r->expected, r->got);
    puts("}");
}

static void told_text(const struct tape_head *h, const struct replay_result *r, bool same_rtl)
{
    if (!same_rtl)
        printf("replay: recorded on other RTL (%s, this is %s)\n", h->rtl, tape_rtl_id());
    if (r->cut)
        puts("replay: the recording ends in mid-run, as if its run had been killed");
    if (r->link_lost_bytes)
        printf("replay: %" PRIu64 " bytes not taken by the NIC\n", r->link_lost_bytes);
    printf("replay: compared %" PRIu64 " cycles (%" PRIu64 " evaluated), %" PRIu64
           " frames out and %" PRIu64 " in, %" PRIu64 " bytes to the NIC and %" PRIu64
           " from it: %s\n",
           r->nic.core_cycles, r->nic.core_evaluated, r->nic.phy_tx_frames, r->nic.phy_rx_frames,
           r->link_in_bytes, r->link_out_bytes, r->differs ? "different" : "identical");
}

/* One line on stderr for a difference, as for every failure. */
static int verdict(const struct opts *o, const struct tape_head *h, const struct replay_result *r)
{
    bool same_rtl = !strcmp(h->rtl, tape_rtl_id());
    (o->json ? told_json : told_text)(h, r, same_rtl);
    if (o->stats)
        stats_of_replay(stdout, &r->nic, o->json);
    if (!r->differs)
        return EXIT_DONE;
    say("first difference at %" PRIu64 ".%06" PRIu64 " us, %s side: expected %s, got %s",
        r->differs_ps / 1000000, r->differs_ps % 1000000, r->side, r->expected, r->got);
    return EXIT_FAILED;
}

/* Where to the PHY side and the waves go. */
struct outputs {
    struct pcapng *cap;
    bool waves;
};

/* Returns EXIT_DONE, or an exit code after a line. */
static int outputs_open(struct outputs *out, struct replay *p, const struct opts *o,
                        const struct tape_head *head)
{
    int rc = o->pcap ? pcapng_open_at(&out->cap, o->pcap, head->epoch_s) : 0;
    if (rc < 0) {
        say("cannot write the capture %s: %s", o->pcap, strerror(-rc));
        return EXIT_FAILED;
    }
    rc = o->fst ? replay_waves_open(p, o->fst) : 0;
    out->waves = o->fst && rc == 0;
    return rc < 0 ? waves_fault(o->fst, rc) : EXIT_DONE;
}

/* Returns @code, or EXIT_FAILED after a line where something is not whole. */
static int outputs_close(struct outputs *out, struct replay *p, const struct opts *o, int code)
{
    int rc = pcapng_close(out->cap), waves = out->waves ? replay_waves_close(p) : 0;
    int told = EXIT_DONE;
    if (rc < 0) {
        say("the capture %s is incomplete: %s", o->pcap, strerror(-rc));
        told = EXIT_FAILED;
    }
    if (waves < 0)
        told = waves_fault(o->fst, waves);
    return code == EXIT_DONE ? told : code;
}

static int play(const struct opts *o, const char *path, bool keep_going)
{
    char why[TAPE_WHY_BYTES];
    struct tape_head head;
    struct replay *p = NULL;
    struct outputs out = { 0 };
    struct replay_result r;
    if (files_check(o, path) != EXIT_DONE)
        return EXIT_USAGE;
    int rc = replay_open(&p, path, &head, why);
    if (rc < 0) {
        say("%s: %s", path, why);
        return EXIT_FAILED;
    }
    int code = outputs_open(&out, p, o, &head);
    if (code == EXIT_DONE) {
        rc = replay_run(p, &(struct replay_cfg){ .cap = out.cap, .skip = head.skip && !o->no_skip,
                                                 .keep_going = keep_going }, &r, why);
        if (rc < 0) {
            say("%s: %s", path, why);
            code = EXIT_FAILED;
        } else {
            code = verdict(o, &head, &r);
        }
    }
    code = outputs_close(&out, p, o, code);
    replay_close(p);
    return code;
}

int cmd_replay(const struct opts *o, int argc, char **argv)
{
    bool keep_going = argc == 3 && !strcmp(argv[1], "-k");
    if (argc != 2 + keep_going || argv[1 + keep_going][0] == '-') {
        say("usage: lanyard [--pcap FILE] [--fst FILE] [--stats] [--no-skip] "
            "replay [-k] FILE; -k: go on past the first difference");
        return EXIT_USAGE;
    }
    const char *not_here = o->of_run ? o->of_run : o->profile ? "--nic sim:PROFILE" : NULL;
    if (not_here) {
        say("%s does not go with replay: there is no wire and no host, the rest is in the "
            "recording", not_here);
        return EXIT_USAGE;
    }
    return play(o, argv[1 + keep_going], keep_going);
}
