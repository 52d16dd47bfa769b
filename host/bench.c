/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - how fast the model runs on this machine. Goals are printed beside, never asserted. */
#include "host/commands.h"
#include "host/opts.h"

#include "sim/bench.h"

int cmd_bench(const struct opts *o, int argc, char **argv)
{
    (void)argv;
    if (argc != 1) {
        say("usage: lanyard bench");
        return EXIT_USAGE;
    }
    return sim_bench_run(o->seed, o->json) == 0 ? EXIT_DONE : EXIT_FAILED;
}
