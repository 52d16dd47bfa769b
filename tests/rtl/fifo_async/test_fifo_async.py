# SPDX-License-Identifier: Apache-2.0
"""ly_fifo_async between clocks of many ratios, against a Python deque.

WR_PS, RD_PS (environment): the periods in ps.
"""

import os
from collections import deque

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

import support


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.wr_ps, self.rd_ps = int(os.environ["WR_PS"]), int(os.environ["RD_PS"])
        self.rnd = support.rng(f"{name}:{self.wr_ps}:{self.rd_ps}")
        self.inside = deque()
        self.sent = self.taken = 0
        self.p_in = self.p_out = 0.0

    async def begin(self):
        dut = self.dut
        for pin in (dut.s_valid, dut.s_data, dut.m_ready):
            pin.value = 0
        dut.wr_rst.value = dut.rd_rst.value = 1
        cocotb.start_soon(Clock(dut.wr_clk, self.wr_ps, units="ps").start())
        await Timer(self.rnd.randrange(1, self.rd_ps), "ps")
        cocotb.start_soon(Clock(dut.rd_clk, self.rd_ps, units="ps").start())
        await ClockCycles(dut.wr_clk, 10)
        await ClockCycles(dut.rd_clk, 10)
        dut.wr_rst.value = 0
        await Timer(self.rnd.randrange(1, 2 * self.rd_ps), "ps")
        dut.rd_rst.value = 0
        cocotb.start_soon(self._write())
        cocotb.start_soon(self._read())

    async def _write(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.wr_clk)
            moved = dut.s_valid.value == 1 and dut.s_ready.value == 1
            if moved:
                self.inside.append(int(dut.s_data.value))
                self.sent += 1
            if moved or dut.s_valid.value == 0:
                dut.s_valid.value = int(self.rnd.random() < self.p_in)
                dut.s_data.value = self.rnd.getrandbits(10)

    async def _read(self):
        dut, held = self.dut, None
        while True:
            await RisingEdge(dut.rd_clk)
            valid, ready = dut.m_valid.value == 1, dut.m_ready.value == 1
            if held is not None:
                assert valid and int(dut.m_data.value) == held, "an offered word changed"
            held = int(dut.m_data.value) if valid and not ready else None
            if valid and ready:
                assert self.inside, "a word that nobody put in"
                assert int(dut.m_data.value) == self.inside.popleft()
                self.taken += 1
            dut.m_ready.value = int(self.rnd.random() < self.p_out)

    async def run(self, p_in, p_out, words):
        """Until so many more words were written, or have been read where nobody writes."""
        self.p_in, self.p_out = p_in, p_out
        goal = self.sent + words
        while self.sent < goal:
            await RisingEdge(self.dut.wr_clk)

    async def drain(self):
        self.p_in, self.p_out = 0.0, 1.0
        await ClockCycles(self.dut.wr_clk, 4)
        await ClockCycles(self.dut.rd_clk, support.param(self.dut, "DEPTH") + 10)
        assert not self.inside and self.taken == self.sent and self.dut.m_valid.value == 0


@cocotb.test()
async def random_traffic(dut):
    """Nothing lost, doubled or reordered in any mix of slow and fast sides."""
    bench = Bench(dut, "random")
    await bench.begin()
    for p_in in (0.2, 1.0):
        for p_out in (0.2, 1.0):
            await bench.run(p_in, p_out, 250)
    await bench.drain()


@cocotb.test()
async def capacity(dut):
    """Full holds DEPTH words and one in the output register; it empties and fills again."""
    bench = Bench(dut, "capacity")
    await bench.begin()
    depth = support.param(dut, "DEPTH")
    for _ in range(3):
        await bench.run(1.0, 0.0, depth + 1)
        await ClockCycles(dut.wr_clk, 40)
        assert len(bench.inside) == depth + 1 and dut.s_ready.value == 0
        bench.p_in = 0.0
        bench.p_out = 1.0
        while dut.s_valid.value == 1:            # the word that was still offered
            await RisingEdge(dut.wr_clk)
        await bench.drain()


@cocotb.test()
async def rate(dut):
    """From DEPTH 16 on, one word in every cycle of the slower clock; with 4 at least 2 in 5."""
    bench = Bench(dut, "rate")
    await bench.begin()
    shallow = support.param(dut, "DEPTH") < 8
    await bench.run(1.0, 1.0, 100)
    taken = bench.taken
    slower = max(bench.wr_ps, bench.rd_ps)
    await Timer(500 * slower, "ps")
    moved = bench.taken - taken
    assert 200 <= moved <= 350 if shallow else abs(moved - 500) <= 3, moved


@pytest.mark.parametrize("wr_ps, rd_ps, depth", [
    (8000, 8000, 16), (8000, 8002, 4), (8002, 8000, 16), (8000, 41668, 16), (41668, 8000, 8),
    (20834, 16668, 16)])
def test_fifo_async(wr_ps, rd_ps, depth, monkeypatch):
    monkeypatch.setenv("WR_PS", str(wr_ps))
    monkeypatch.setenv("RD_PS", str(rd_ps))
    support.run("ly_fifo_async", ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v"],
                "test_fifo_async", {"DATA_W": 10, "DEPTH": depth}, f"fifo_async_{depth}")
