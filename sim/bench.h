/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - how fast the model runs on this machine. */
#ifndef LY_SIM_BENCH_H
#define LY_SIM_BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* One measurement. */
struct sim_bench {
    double seconds;                 /* of this machine */
    uint64_t cycles;                /* core clock edges, all evaluated */
    uint64_t tx_frames, rx_frames;  /* at the wire, FCS checked by zlib and by the RTL */
};

/**
 * sim_bench_load() - one NIC with frames of @frame_bytes (DA..FCS) at line rate in
 * both directions, through the link and a wire, for at least @cycles core cycles.
 *
 * Returns 0; -ENOMEM; -EIO if a frame was bad, lost or late (the line was not full).
 */
int sim_bench_load(struct sim_bench *out, uint64_t seed, unsigned frame_bytes, uint64_t cycles);

/**
 * sim_bench_run() - measure frames of 64 and 1518 octets and print one line each on
 * stdout, the goal beside it.
 * @json: one JSON object per line
 *
 * Returns 0 or as sim_bench_load().
 */
int sim_bench_run(uint64_t seed, bool json);

#endif
