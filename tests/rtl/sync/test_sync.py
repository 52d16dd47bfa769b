# SPDX-License-Identifier: Apache-2.0
"""ly_sync and ly_reset: delays, their randomness in simulation, length of a reset."""

import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

import support

BITS = 8


@cocotb.test()
async def delays(dut):
    """Each bit arrives 2 or 3 cycles after its change, each about half of the time and on its own;
    an input that rests never changes the output. The delays go to a file for test_sync."""
    rnd = support.rng("delays")
    dut.i_d.value = 0
    cocotb.start_soon(Clock(dut.clk, 8000, units="ps").start())
    await ClockCycles(dut.clk, 5)
    assert dut.o_q.value == 0
    late = []
    old = 0
    for _ in range(300):
        new = rnd.getrandbits(BITS)
        dut.i_d.value = new          # after this edge
        await ClockCycles(dut.clk, 2)
        assert int(dut.o_q.value) == old
        await RisingEdge(dut.clk)
        first = int(dut.o_q.value)
        assert (first ^ new) & ~(old ^ new) == 0, "a bit that did not change moved"
        late += [first ^ new] if new != old else []
        await RisingEdge(dut.clk)
        assert int(dut.o_q.value) == new
        await ClockCycles(dut.clk, rnd.randrange(4))
        assert int(dut.o_q.value) == new
        old = new
    for bit in range(BITS):
        share = sum(x >> bit & 1 for x in late) / len(late)
        assert 0.17 < share < 0.33, f"bit {bit}: {share}"    # half of the changes, half of the time
    pairs = {(x & 1, x >> 1 & 1) for x in late}
    assert len(pairs) == 4, "two bits always agree"
    Path(os.environ["DELAYS"]).write_text(repr(late), encoding="ascii")


@cocotb.test()
async def reset(dut):
    """High from the start; rises 3 or 4 edges after a request, falls 6 or 7 after its end."""
    rnd = support.rng("reset")
    dut.i_rst_async.value = 0
    cocotb.start_soon(Clock(dut.clk, 8000, units="ps").start())
    await Timer(1, "ps")
    assert dut.o_rst.value == 1
    await ClockCycles(dut.clk, 12)
    assert dut.o_rst.value == 0
    for _ in range(100):
        await Timer(rnd.randrange(1, 7999), "ps")            # not at an edge
        dut.i_rst_async.value = 1
        hold = rnd.randrange(2, 12)
        for edge in range(1, 30):
            if edge == hold + 1:
                await Timer(rnd.randrange(1, 7999), "ps")
                dut.i_rst_async.value = 0
            await RisingEdge(dut.clk)
            high = dut.o_rst.value == 1                      # before this edge
            assert high or edge <= 5 or edge > hold + 6
            assert not high or 3 < edge <= hold + 8
    await RisingEdge(dut.clk)


def delays_of(seed, path, monkeypatch):
    monkeypatch.setenv("LY_SEED", str(seed))
    monkeypatch.setenv("DELAYS", str(path))
    support.run("ly_sync", ["rtl/lib/ly_sync.v"], "test_sync", {"WIDTH": BITS}, "sync",
                testcase="delays")
    return path.read_text(encoding="ascii")


def test_sync(tmp_path, monkeypatch):
    """The delays differ from seed to seed and are the same for the same seed."""
    seed = support.seed()
    first = delays_of(seed, tmp_path / "1", monkeypatch)
    assert delays_of(seed, tmp_path / "1b", monkeypatch) == first
    assert delays_of(seed + 1, tmp_path / "2", monkeypatch) != first


def test_reset():
    support.run("ly_reset", ["rtl/lib/ly_sync.v", "rtl/lib/ly_reset.v"], "test_sync",
                build_tag="reset", testcase="reset")
