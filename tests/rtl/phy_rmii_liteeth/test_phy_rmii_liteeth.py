# SPDX-License-Identifier: Apache-2.0
"""ly_phy_rmii and LiteEth's RMII side (tests/peers), pin to pin: each judges what the other sends.

Verilator only, in make check: make test needs nothing of LiteEth's.
SPEED (environment): 0 = 10, 1 = 100 Mbit/s. CORE_PS: period of clk. Bytes and gaps are random, both
directions run at once. At 10 Mbit/s LiteEth 2024.12 receives one octet more than TX_EN stood for:
how long that is, is judged at the pin, and that octet left out.
"""

import os
import zlib

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

import support

REF_PS = 20_000
PREAMBLE = b"\x55" * 7 + b"\xd5"
GAP = 12
SOURCES = ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v", "rtl/phy/ly_rx_cross.v",
           "rtl/phy/ly_tx_gear.v", "rtl/phy/ly_phy_rmii.v", "build/peers/liteeth_phy_rmii.v",
           "tests/rtl/phy_rmii_liteeth/rmii_pair.v"]
# Of what LiteX writes.
QUIET = ["-Wno-lint", "-Wno-style", "-Wno-COMBDLY", "-Wno-TIMESCALEMOD"]


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.fast = os.environ["SPEED"] == "1"
        self.rnd = support.rng(f"{name}:{os.environ['SPEED']}:{os.environ['CORE_PS']}")
        self.octet = 4 if self.fast else 40      # cycles of ref_clk
        self.theirs = []             # what LiteEth received: bytes of each frame
        self.bursts = []             # cycles of each TX_EN of ours
        self.ours = []               # of ly_phy_rmii: (bytes, er, odd)

    async def begin(self):
        dut = self.dut
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_run, dut.s_tx_valid, dut.s_tx_data):
            pin.value = 0
        dut.i_speed.value = int(self.fast)
        dut.rst.value = dut.ref_rst.value = 1
        cocotb.start_soon(Clock(dut.clk, int(os.environ["CORE_PS"]), units="ps").start())
        await Timer(self.rnd.randrange(1, REF_PS), "ps")
        cocotb.start_soon(Clock(dut.ref_clk, REF_PS, units="ps").start())
        await ClockCycles(dut.clk, 10)
        dut.rst.value = 0
        await ClockCycles(dut.ref_clk, 5)
        dut.ref_rst.value = 0
        cocotb.start_soon(self._watch_theirs())
        cocotb.start_soon(self._watch_ours())
        await ClockCycles(dut.ref_clk, 50)

    def frame(self):
        data = self.rnd.randbytes(self.rnd.choice([60, 61, 62, 63, self.rnd.randrange(60, 300)]))
        return PREAMBLE + data + zlib.crc32(data).to_bytes(4, "little")

    async def _watch_theirs(self):
        dut, data, high = self.dut, bytearray(), 0
        while True:
            await RisingEdge(dut.ref_clk)
            if dut.o_pin_tx_en.value == 1:
                high += 1
            elif high:
                self.bursts.append(high)
                high = 0
            if dut.m_rx_valid.value == 1:
                data.append(int(dut.m_rx_data.value))
                if dut.m_rx_last.value == 1:
                    self.theirs.append(bytes(data))
                    data = bytearray()

    async def _watch_ours(self):
        dut, data, bad = self.dut, bytearray(), 0
        while True:
            await RisingEdge(dut.clk)
            if dut.o_rx_stb.value == 0:
                continue
            bad |= int(dut.o_rx_er.value)
            if dut.o_rx_dv.value == 1:
                data.append(int(dut.o_rx_data.value))
            else:
                self.ours.append((bytes(data), bad, int(dut.o_rx_odd.value)))
                data, bad = bytearray(), 0

    async def send_ours(self, frame):
        """As the MAC does it: a byte stands until the tick that takes it, then the gap."""
        dut = self.dut
        dut.i_tx_run.value = 1
        for byte in list(frame) + [None] * GAP:
            dut.i_tx_en.value = int(byte is not None)
            dut.i_tx_data.value = byte or 0
            await RisingEdge(dut.clk)
            while dut.o_tx_tick.value == 0:
                await RisingEdge(dut.clk)
        dut.i_tx_run.value = 0

    async def send_theirs(self, frame):
        dut = self.dut
        dut.s_tx_valid.value = 1
        for byte in frame:
            dut.s_tx_data.value = byte
            await RisingEdge(dut.ref_clk)
            while dut.s_tx_ready.value == 0:
                await RisingEdge(dut.ref_clk)
        dut.s_tx_valid.value = 0
        await ClockCycles(dut.ref_clk, self.octet * (GAP + self.rnd.randrange(3)))


@cocotb.test()
async def both_ways(dut):
    """Every frame arrives whole at the other, both directions at once, with the least gap."""
    bench = Bench(dut, "both")
    await bench.begin()
    count = 40 if bench.fast else 4
    out, back = ([bench.frame() for _ in range(count)] for _ in range(2))

    async def ours():
        for frame in out:
            await bench.send_ours(frame)
            if bench.rnd.randrange(2):
                await ClockCycles(dut.clk, bench.rnd.randrange(1, 200))

    sending = cocotb.start_soon(ours())
    for frame in back:
        await bench.send_theirs(frame)
    await sending
    while dut.o_busy.value == 1:
        await RisingEdge(dut.clk)
    await ClockCycles(dut.ref_clk, 20 * bench.octet)
    assert bench.bursts == [len(frame) * bench.octet for frame in out]
    more = 0 if bench.fast else 1
    assert [(data[:len(data) - more], len(data) - more) for data in bench.theirs] == [
        (frame, len(frame)) for frame in out]
    assert len(bench.ours) == len(back)
    for (data, bad, odd), frame in zip(bench.ours, back):
        assert not bad and not odd
        preamble, sfd, rest = data.partition(b"\xd5")
        assert sfd and not preamble.strip(b"\x55")
        assert rest == frame[len(PREAMBLE):]


@pytest.mark.parametrize("speed, core_ps", [(1, 8_000), (1, 41_666), (0, 8_000), (0, 41_666)])
def test_phy_rmii_liteeth(speed, core_ps, monkeypatch):
    monkeypatch.setenv("SPEED", str(speed))
    monkeypatch.setenv("CORE_PS", str(core_ps))
    support.run("rmii_pair", SOURCES, "test_phy_rmii_liteeth", build_tag="phy_rmii_liteeth",
                verilator_args=QUIET)
