// SPDX-License-Identifier: Apache-2.0
// mac_loop.cpp - how fast a looped MAC is simulated, every byte looked at, on the wire and behind.
//
//     mac_loop BYTES CYCLES       frames of BYTES (with FCS), for CYCLES clock cycles at least
//
// Built once with loop_lanyard.v and once with loop_liteeth.v, by the same flags. Frames follow
// each other as fast as the MAC takes them. The wire is held against a frame put together here,
// FCS by zlib, and against the gap; what comes back against what was sent. Prints one line of
// JSON: frames, cycles, CPU seconds, and latencies in cycles of the first frame, after a long
// idle: "preamble" first byte offered to first 55; "valid" first byte behind the SFD to its valid;
// "last" last byte of the FCS to last; "span" from there to the last of the latest frame. Exit 1 at
// a wrong byte.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include <zlib.h>

#include "Vmac_loop.h"
#include "verilated.h"

namespace {

constexpr unsigned FRAMES = 64; // different ones, in turn
constexpr unsigned GAP = 12;
constexpr unsigned PREAMBLE = 8;
constexpr unsigned FCS = 4;
constexpr unsigned IDLE_CYCLES = 100;

struct frame {
    std::vector<uint8_t> data; // without FCS
    std::vector<uint8_t> wire; // preamble to FCS
};

std::vector<frame> make_frames(unsigned bytes)
{
    std::mt19937 rnd(1);
    std::vector<frame> frames(FRAMES);
    for (frame &f : frames) {
        for (unsigned i = 0; i < bytes - FCS; i++)
            f.data.push_back(static_cast<uint8_t>(rnd()));
        f.wire.assign(PREAMBLE, 0x55);
        f.wire.back() = 0xD5;
        f.wire.insert(f.wire.end(), f.data.begin(), f.data.end());
        uLong crc = crc32(0, f.data.data(), static_cast<uInt>(f.data.size()));
        for (unsigned i = 0; i < FCS; i++)
            f.wire.push_back(static_cast<uint8_t>(crc >> (8 * i)));
    }
    return frames;
}

// Where one of the three places is: frame and byte of it that come next.
struct place {
    uint64_t frame = 0;
    size_t byte = 0;

    bool step(size_t size)
    {
        if (++byte < size)
            return false;
        byte = 0;
        frame++;
        return true;
    }
};

struct loop {
    Vmac_loop top;
    std::vector<frame> frames;
    place in, wire, out;
    uint64_t cycle = 0;
    unsigned idle = GAP;
    bool bad = false;
    // Cycle in which it first was seen, of the first frame.
    uint64_t at_offer = 0, at_preamble = 0, at_byte = 0, at_valid = 0, at_fcs = 0, at_last = 0;
    uint64_t at_latest = 0; // last byte of the latest frame

    void wrong(const char *what, uint64_t frame, size_t byte)
    {
        std::fprintf(stderr, "frame %llu, byte %zu: %s\n", static_cast<unsigned long long>(frame),
                     byte, what);
        bad = true;
    }

    const frame &of(const place &p) const
    {
        return frames[p.frame % FRAMES];
    }

    void offer()
    {
        const frame &f = of(in);
        top.s_valid = 1;
        top.s_data = f.data[in.byte];
        top.s_last = in.byte + 1 == f.data.size();
    }

    void look_at_wire()
    {
        if (!top.o_gmii_en) {
            if (wire.byte != 0)
                wrong("the wire fell silent", wire.frame, wire.byte);
            idle++;
            return;
        }
        const frame &f = of(wire);
        if (wire.byte == 0 && idle < GAP)
            wrong("gap too short", wire.frame, 0);
        if (top.o_gmii_data != f.wire[wire.byte])
            wrong("not what the wire should have", wire.frame, wire.byte);
        if (wire.frame == 0 && (wire.byte == 0 || wire.byte == PREAMBLE))
            (wire.byte == 0 ? at_preamble : at_byte) = cycle;
        if (wire.step(f.wire.size()) && wire.frame == 1)
            at_fcs = cycle;
        idle = 0;
    }

    void look_behind()
    {
        if (!top.m_valid)
            return;
        const frame &f = of(out);
        bool last = out.byte + 1 == f.data.size();
        if (top.m_data != f.data[out.byte] || top.m_last != last || (last && top.m_err))
            wrong("not what was sent", out.frame, out.byte);
        if (out.frame == 0 && out.byte == 0)
            at_valid = cycle;
        if (!out.step(f.data.size()))
            return;
        at_latest = cycle;
        if (out.frame == 1)
            at_last = cycle;
    }

    void step(bool sending)
    {
        if (sending)
            offer();
        top.eval();
        look_at_wire();
        look_behind();
        bool taken = sending && top.s_ready;
        top.clk = 1;
        top.eval();
        top.clk = 0;
        if (taken)
            in.step(of(in).data.size());
        cycle++;
    }
};

int run(unsigned bytes, uint64_t cycles)
{
    loop l;
    l.frames = make_frames(bytes);
    l.top.rst = 1;
    for (unsigned i = 0; i < IDLE_CYCLES; i++) {
        l.top.rst = i < IDLE_CYCLES / 2;
        l.step(false);
    }
    std::clock_t began = std::clock();
    l.at_offer = l.cycle;
    uint64_t first = l.cycle;
    while (l.cycle - first < cycles && !l.bad)
        l.step(true);
    double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    std::printf("{\"frames\": %llu, \"cycles\": %llu, \"seconds\": %.6f, \"preamble\": %llu, "
                "\"valid\": %llu, \"last\": %llu, \"span\": %llu}\n",
                static_cast<unsigned long long>(l.out.frame),
                static_cast<unsigned long long>(l.cycle - first), took,
                static_cast<unsigned long long>(l.at_preamble - l.at_offer),
                static_cast<unsigned long long>(l.at_valid - l.at_byte),
                static_cast<unsigned long long>(l.at_last - l.at_fcs),
                static_cast<unsigned long long>(l.at_latest - l.at_last));
    return l.bad || l.out.frame == 0 ? 1 : 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: mac_loop BYTES CYCLES\n");
        return 2;
    }
    return run(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)),
               std::strtoull(argv[2], nullptr, 10));
}
