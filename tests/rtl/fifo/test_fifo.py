# SPDX-License-Identifier: Apache-2.0
"""ly_fifo and ly_skid against a Python deque: order, no loss, hold, capacity, throughput."""

from collections import deque

import cocotb
import pytest
from cocotb.triggers import RisingEdge

import support


class Bench:
    """Moves words with given probabilities on either side and checks every one of them."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.inside = deque()
        self.sent = self.taken = 0

    async def begin(self):
        for pin in (self.dut.s_valid, self.dut.s_data, self.dut.m_ready):
            pin.value = 0
        await support.start(self.dut.clk, self.dut.rst)

    async def cycles(self, count, p_in, p_out):
        """Values read at an edge are those before it; what is written there acts after it."""
        dut, rnd = self.dut, self.rnd
        held = None
        for _ in range(count):
            offered = dut.s_valid.value == 1
            s_moved = offered and dut.s_ready.value == 1
            m_valid = dut.m_valid.value == 1
            m_moved = m_valid and dut.m_ready.value == 1
            if held is not None:
                assert m_valid and int(dut.m_data.value) == held, "an offered word changed"
            held = int(dut.m_data.value) if m_valid and not m_moved else None
            if m_moved:
                assert self.inside, "a word that nobody put in"
                assert int(dut.m_data.value) == self.inside.popleft()
                self.taken += 1
            if s_moved:
                self.inside.append(int(dut.s_data.value))
                self.sent += 1
            if s_moved or not offered:
                dut.s_valid.value = int(rnd.random() < p_in)
                dut.s_data.value = rnd.getrandbits(8)
            dut.m_ready.value = int(rnd.random() < p_out)
            await RisingEdge(dut.clk)


def capacity_of(dut):
    """ly_fifo holds DEPTH words and one in its output register, ly_skid two."""
    return support.param(dut, "DEPTH") + 1 if hasattr(dut, "DEPTH") else 2


@cocotb.test()
async def random_traffic(dut):
    """Every mix of slow and fast sides; at the end it empties completely."""
    bench = Bench(dut, "random")
    await bench.begin()
    for p_in in (0.1, 0.5, 0.9, 1.0):
        for p_out in (0.1, 0.5, 0.9, 1.0):
            await bench.cycles(200, p_in, p_out)
    await bench.cycles(capacity_of(dut) + 5, 0.0, 1.0)
    assert not bench.inside and dut.m_valid.value == 0
    assert bench.taken == bench.sent > 1000


@cocotb.test()
async def capacity_and_rate(dut):
    """It takes exactly its capacity when nobody reads, then moves one word in every cycle."""
    capacity = capacity_of(dut)
    bench = Bench(dut, "rate")
    await bench.begin()
    await bench.cycles(capacity + 20, 1.0, 0.0)
    assert len(bench.inside) == capacity and dut.s_ready.value == 0
    await bench.cycles(10, 1.0, 1.0)
    taken = bench.taken
    await bench.cycles(100, 1.0, 1.0)
    assert bench.taken - taken == 100


@cocotb.test()
async def reset_empties(dut):
    """Words inside at a reset never come out, and the next ones do."""
    bench = Bench(dut, "reset")
    await bench.begin()
    await bench.cycles(15, 1.0, 0.1)
    dut.s_valid.value = 0
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    bench.inside.clear()
    await RisingEdge(dut.clk)
    assert dut.m_valid.value == 0 and dut.s_ready.value == 1
    await bench.cycles(200, 0.7, 0.7)
    assert bench.taken > 100


@pytest.mark.parametrize("depth", [2, 16, 512])
def test_fifo(depth):
    support.run("ly_fifo", ["rtl/lib/ly_fifo.v"], "test_fifo", {"DEPTH": depth},
                f"fifo_{depth}")


def test_skid():
    support.run("ly_skid", ["rtl/lib/ly_skid.v"], "test_fifo", build_tag="skid")
