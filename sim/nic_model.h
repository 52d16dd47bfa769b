/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_model.h - C API round the Verilated ly_top_sim. Many models live in one
 * process; no globals. The pins are plain fields: set inputs, raise clocks.
 */
#ifndef LY_SIM_NIC_MODEL_H
#define LY_SIM_NIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nic_model;

/* Which clocks rise in this evaluation. */
#define NIC_CLK_CORE 1u
#define NIC_CLK_LINK 2u
#define NIC_CLK_PHY_RX 4u
#define NIC_CLK_MII_TX 8u         /* below 1000 Mbit/s */

struct nic_model_in {
    uint8_t rst;                /* asynchronous, active high */
    uint8_t rxd, rx_dv, rx_er, crs, col;
    uint8_t link_speed;         /* 0: 10, 1: 100, 2: 1000 Mbit/s; of a fixed link, as link_fd */
    uint8_t link_fd;
    uint8_t s_rec_valid, s_rec_data;
    uint8_t m_rec_ready;
    uint8_t phy_mdio;           /* a level of the whole run: 0 the link is fixed, 1 asked by MDIO */
    uint8_t mdio;               /* what the PHY drives, or the pull-up */
    uint8_t skip_stb;           /* with NIC_CLK_CORE: add skip_cycles to the time base */
    uint64_t skip_cycles;
    uint64_t time_ps;           /* of the next edge; only waves show it */
};

struct nic_model_out {
    uint8_t txd, tx_en, tx_er;
    uint8_t rx_byte;            /* a byte of a frame left the PHY side at this core edge */
    uint8_t s_rec_ready;
    uint8_t m_rec_valid, m_rec_data, m_rec_last;
    uint8_t mdc, mdio, mdio_oe;
    uint8_t quiet;
    uint32_t deadline;          /* core cycles to the next due timer; 0xFFFFFFFF none */
    uint32_t taps;              /* one bit per tap strobe, rtl/README.md */
    uint64_t time;              /* the core's time base, cycles */
};

/** nic_model_top() - the name of the Verilog module behind this API. */
const char *nic_model_top(void);

/** nic_model_create() - random initial values from hash32(seed, number). NULL: no memory. */
struct nic_model *nic_model_create(uint64_t seed, unsigned number);
void nic_model_destroy(struct nic_model *m);

/** nic_model_inputs() - to be written before nic_model_edge(). */
struct nic_model_in *nic_model_inputs(struct nic_model *m);
/** nic_model_outputs() - as they stand after the last nic_model_edge(). */
const struct nic_model_out *nic_model_outputs(const struct nic_model *m);

/** nic_model_edge() - one rising edge of each clock in @clocks, all at once. */
void nic_model_edge(struct nic_model *m, unsigned clocks);

/* Waves of everything in the model, in simulated picoseconds. Skipped time is a stretch
 * without clock edges. Only the build with a trace has them (make fst): even switched off
 * it costs time. */

/** nic_model_traces() - whether this is that build. */
bool nic_model_traces(void);

/** nic_model_trace_open() - from now on into the FST file @path, which is overwritten.
 * Returns 0; -ENOSYS in the other build; -EINVAL what is no regular file; -errno. */
int nic_model_trace_open(struct nic_model *m, const char *path);

/** nic_model_trace_close() - Returns 0, also without waves; -EIO the file is incomplete. */
int nic_model_trace_close(struct nic_model *m);

#ifdef __cplusplus
}
#endif
#endif
