/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_model.cpp - the Verilated ly_top_sim behind the C API. The only C++ file.
 *
 * Each model has a context of its own, so its random initial values depend on
 * (seed, number) and on nothing that was made before it. Verilator seeds a
 * generator that all models share; it is only drawn from while a model is made.
 */
#include "sim/nic_model.h"

extern "C" {
#include "sim/world.h"
}

#include "Vly_top_sim.h"
#include "verilated.h"

#include <new>

struct nic_model {
    struct nic_model_in in;
    struct nic_model_out out;
    VerilatedContext context;
    Vly_top_sim *top;
};

namespace {

/* Verilator takes 0 for "choose one yourself", and its generator begins with almost
 * nothing but ones for small seeds: a mixed value, never 0. */
int seed_of(uint64_t seed, unsigned number)
{
    int s = static_cast<int>(sim_hash32(seed, number) >> 1);
    return s != 0 ? s : 1;
}

void inputs(const nic_model_in &in, Vly_top_sim &top)
{
    top.rst = in.rst;
    top.gmii_rxd = in.rxd;
    top.gmii_rx_dv = in.rx_dv;
    top.gmii_rx_er = in.rx_er;
    top.gmii_crs = in.crs;
    top.gmii_col = in.col;
    top.s_rec_valid = in.s_rec_valid;
    top.s_rec_data = in.s_rec_data;
    top.m_rec_ready = in.m_rec_ready;
    top.skip_stb = in.skip_stb;
    top.skip_cycles = in.skip_cycles;
}

void outputs(nic_model_out &out, const Vly_top_sim &top)
{
    out.txd = top.gmii_txd;
    out.tx_en = top.gmii_tx_en;
    out.tx_er = top.gmii_tx_er;
    out.s_rec_ready = top.s_rec_ready;
    out.m_rec_valid = top.m_rec_valid;
    out.m_rec_data = top.m_rec_data;
    out.m_rec_last = top.m_rec_last;
    out.quiet = top.quiet;
    out.deadline = top.deadline;
    out.taps = top.taps;
    out.time = top.time_cycles;
}

} // namespace

struct nic_model *nic_model_create(uint64_t seed, unsigned number)
{
    nic_model *m = new (std::nothrow) nic_model();
    if (m == nullptr)
        return nullptr;
    m->context.threads(1); /* else each context starts a pool that nothing here uses */
    m->context.randReset(2);
    m->context.randSeed(seed_of(seed, number));
    Verilated::threadContextp(&m->context);
    m->top = new (std::nothrow) Vly_top_sim(&m->context, "ly_top_sim");
    if (m->top == nullptr) {
        delete m;
        return nullptr;
    }
    /* Clocks low and inputs idle: the first rising edge is one. */
    m->top->clk = 0;
    m->top->clk_link = 0;
    m->top->gmii_rx_clk = 0;
    inputs(m->in, *m->top);
    m->top->eval();
    outputs(m->out, *m->top);
    return m;
}

void nic_model_destroy(struct nic_model *m)
{
    if (m == nullptr)
        return;
    Verilated::threadContextp(&m->context);
    m->top->final();
    delete m->top;
    delete m;
}

struct nic_model_in *nic_model_inputs(struct nic_model *m)
{
    return &m->in;
}

const struct nic_model_out *nic_model_outputs(const struct nic_model *m)
{
    return &m->out;
}

void nic_model_edge(struct nic_model *m, unsigned clocks)
{
    Vly_top_sim &top = *m->top;
    inputs(m->in, top);
    top.clk = (clocks & NIC_CLK_CORE) != 0;
    top.clk_link = (clocks & NIC_CLK_LINK) != 0;
    top.gmii_rx_clk = (clocks & NIC_CLK_PHY_RX) != 0;
    top.eval();
    /* Nothing steps on a falling edge; this only lets Verilator see the clocks low. */
    top.clk = 0;
    top.clk_link = 0;
    top.gmii_rx_clk = 0;
    top.eval();
    outputs(m->out, top);
}
