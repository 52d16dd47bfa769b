/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic_model.cpp - the Verilated ly_top_sim behind the C API. The only C++ file.
 *
 * Random initial values are drawn here: each depends on (seed, number) and the variable's name
 * in the RTL alone. By Verilator's own generator they would depend on all variables before them,
 * and the model with waves has others: a recording of one could not be played by the other.
 */
#include "sim/nic_model.h"

extern "C" {
#include "driver/rng.h"
#include "sim/world.h"
}

#include "Vly_top_sim.h"
#include "Vly_top_sim___024root.h"
#include "verilated.h"
#ifdef LY_WAVES
#include "sim/fst_check.h"
#include "verilated_fst_c.h"

#include <cstdio>
#include <sys/stat.h>
#endif

/* The top that was verilated, where it is not ours. */
#ifndef LY_TOP
#define LY_TOP "ly_top_sim"
#endif

#include <cerrno>
#include <new>

namespace {

#ifdef LY_WAVES
/* Clocks are seen to fall half a period of 125 MHz after they rose, or half way to the
 * next edge. */
const uint64_t HALF_PS = 4000;

/* Verilator's writer unlinks what was there and tells no error: find out before. */
int writable(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return -EINVAL;
    FILE *f = fopen(path, "wbe");
    if (f == nullptr)
        return -errno;
    (void)fclose(f);
    return 0;
}

/* What a wave file needs; the model is evaluated by others. */
class waves {
public:
    int open(Vly_top_sim &top, const char *path)
    {
        int rc = writable(path);
        if (rc < 0)
            return rc;
        fst_ = new (std::nothrow) VerilatedFstC;
        if (fst_ == nullptr)
            return -ENOMEM;
        path_ = path;
        top.trace(fst_, 99);
        fst_->open(path);
        /* The writer's scratch file needs no name: nothing stays behind, however we end. */
        (void)std::remove((path_ + ".hier").c_str());
        return 0;
    }

    int close()
    {
        if (fst_ == nullptr)
            return 0;
        before(UINT64_MAX);
        fst_->close();
        delete fst_;
        fst_ = nullptr;
        return fst_check(path_.c_str());
    }

    /* The state since the last rise, clocks low: to be shown before the edge at @t. */
    void before(uint64_t t)
    {
        if (fst_ == nullptr || !risen_)
            return;
        uint64_t half = (t - rise_) / 2;
        if (half > 0)
            fst_->dump(rise_ + (half < HALF_PS ? half : HALF_PS));
        risen_ = false;
    }

    void rise(uint64_t t)
    {
        if (fst_ == nullptr)
            return;
        fst_->dump(t);
        rise_ = t;
        risen_ = true;
    }

private:
    VerilatedFstC *fst_ = nullptr;
    std::string path_;
    uint64_t rise_ = 0;
    bool risen_ = false;
};

const bool traces = true;
#else
/* The build without. */
class waves {
public:
    int open(Vly_top_sim &, const char *) { return -ENOSYS; }
    int close() { return 0; }
    void before(uint64_t) {}
    void rise(uint64_t) {}
};

const bool traces = false;
#endif

} // namespace

struct nic_model {
    struct nic_model_in in;
    struct nic_model_out out;
    VerilatedContext context;
    Vly_top_sim *top;
    unsigned unsettled; /* edges to go before what the RTL asserts is true */
    waves wave;
};

/* More than those of a start (nic_actor.c), with its reset. */
static const unsigned SETTLE_EDGES = 64;

namespace {

/* The state of a variable's own generator: FNV-1a of its name, with the model's seed. */
uint64_t state_of(uint64_t seed, const char *name)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *name != '\0'; name++)
        h = (h ^ static_cast<uint8_t>(*name)) * 0x100000001B3u;
    return rng_mix64(h ^ rng_mix64(seed));
}

template <typename T> void draw(T &var, unsigned bits, uint64_t &state)
{
    var = static_cast<T>(rng_next(&state) >> (64 - bits));
}

template <std::size_t N> void draw(VlWide<N> &var, unsigned bits, uint64_t &state)
{
    for (std::size_t i = 0; i < N; i++, bits -= 32)
        draw(var[i], bits < 32 ? bits : 32, state);
}

template <typename T, std::size_t N>
void draw(VlUnpacked<T, N> &var, unsigned bits, uint64_t &state)
{
    for (std::size_t i = 0; i < N; i++)
        draw(var[i], bits, state);
}

void initial_values(Vly_top_sim___024root &root, uint64_t seed)
{
    uint64_t state;
#define LY_INITIAL(name, bits) state = state_of(seed, #name); draw(root.name, bits, state);
#include "initial.h"
#undef LY_INITIAL
}

void inputs(const nic_model_in &in, Vly_top_sim &top)
{
    top.rst = in.rst;
    top.gmii_rxd = in.rxd;
    top.link_speed = in.link_speed;
    top.link_fd = in.link_fd;
    top.gmii_rx_dv = in.rx_dv;
    top.gmii_rx_er = in.rx_er;
    top.gmii_crs = in.crs;
    top.gmii_col = in.col;
    top.s_rec_valid = in.s_rec_valid;
    top.s_rec_data = in.s_rec_data;
    top.m_rec_ready = in.m_rec_ready;
    top.phy_fixed = !in.phy_mdio;
    top.mdio_i = in.mdio;
    top.skip_stb = in.skip_stb;
    top.skip_cycles = in.skip_cycles;
}

void outputs(nic_model_out &out, const Vly_top_sim &top)
{
    out.txd = top.gmii_txd;
    out.tx_en = top.gmii_tx_en;
    out.tx_er = top.gmii_tx_er;
    out.rx_byte = top.rx_byte;
    out.s_rec_ready = top.s_rec_ready;
    out.m_rec_valid = top.m_rec_valid;
    out.m_rec_data = top.m_rec_data;
    out.m_rec_last = top.m_rec_last;
    out.mdc = top.mdc;
    out.mdio = top.mdio_o;
    out.mdio_oe = top.mdio_oe;
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
    m->context.traceEverOn(traces);
    m->context.assertOn(false); /* a model without assertions does not look */
    m->unsettled = SETTLE_EDGES;
    Verilated::threadContextp(&m->context);
    m->top = new (std::nothrow) Vly_top_sim(&m->context, "ly_top_sim");
    if (m->top == nullptr) {
        delete m;
        return nullptr;
    }
    initial_values(*m->top->rootp, static_cast<uint64_t>(sim_hash32(seed, number)));
    /* Clocks low and inputs idle: the first rising edge is one. */
    m->top->clk = 0;
    m->top->clk_link = 0;
    m->top->gmii_rx_clk = 0;
    m->top->mii_tx_clk = 0;

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
    (void)m->wave.close();
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
    if (m->unsettled != 0 && --m->unsettled == 0)
        m->context.assertOn(true);
    m->wave.before(m->in.time_ps);
    inputs(m->in, top);
    top.clk = (clocks & NIC_CLK_CORE) != 0;
    top.clk_link = (clocks & NIC_CLK_LINK) != 0;
    top.gmii_rx_clk = (clocks & NIC_CLK_PHY_RX) != 0;
    top.mii_tx_clk = (clocks & NIC_CLK_MII_TX) != 0;
    top.eval();
    m->wave.rise(m->in.time_ps);
    /* Nothing steps on a falling edge; this only lets Verilator see the clocks low. */
    top.clk = 0;
    top.clk_link = 0;
    top.gmii_rx_clk = 0;
    top.mii_tx_clk = 0;
    top.eval();
    outputs(m->out, top);
}

const char *nic_model_top(void)
{
    return LY_TOP;
}

bool nic_model_traces(void)
{
    return traces;
}

int nic_model_trace_open(struct nic_model *m, const char *path)
{
    Verilated::threadContextp(&m->context);
    return m->wave.open(*m->top, path);
}

int nic_model_trace_close(struct nic_model *m)
{
    Verilated::threadContextp(&m->context);
    return m->wave.close();
}
