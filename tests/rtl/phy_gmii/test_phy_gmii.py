# SPDX-License-Identifier: Apache-2.0
"""ly_phy_gmii: cocotbext-eth on the pins, clocks 100 ppm and more apart.

RX_PS (environment): period of gmii_rx_clk in ps; that of clk is 80,000 (8 ps are 100 ppm).
"""

import logging
import os

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from cocotbext.eth import GmiiFrame, GmiiSink, GmiiSource

import support

CORE_PS = 80_000


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.rx_ps = int(os.environ["RX_PS"])
        self.rnd = support.rng(f"{name}:{self.rx_ps}")
        self.source = GmiiSource(dut.gmii_rxd, dut.gmii_rx_er, dut.gmii_rx_dv, dut.gmii_rx_clk)
        self.sink = GmiiSink(dut.gmii_txd, dut.gmii_tx_er, dut.gmii_tx_en, dut.clk)
        self.source.log.setLevel(logging.WARNING)
        self.sink.log.setLevel(logging.WARNING)
        self.events = []             # from the core side: ([bytes], [er], er of the end mark)
        self.holes = []              # of each event: cycles without o_rx_stb inside it

    async def begin(self):
        dut = self.dut
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_er, dut.gmii_crs, dut.gmii_col,
                    dut.i_tx_run, dut.mii_tx_clk):
            pin.value = 0
        dut.i_speed.value = 2
        dut.rst_mii_tx.value = 1
        dut.rst.value = dut.rst_gmii_rx.value = 1
        cocotb.start_soon(Clock(dut.clk, CORE_PS, units="ps").start())
        await Timer(self.rnd.randrange(1, CORE_PS), "ps")
        cocotb.start_soon(Clock(dut.gmii_rx_clk, self.rx_ps, units="ps").start())
        await ClockCycles(dut.clk, 10)
        dut.rst.value = 0
        await ClockCycles(dut.gmii_rx_clk, 3)
        dut.rst_gmii_rx.value = 0
        cocotb.start_soon(self._watch())
        await ClockCycles(dut.clk, 5)

    async def _watch(self):
        dut = self.dut
        data, errors, cycles = bytearray(), [], 0
        while True:
            await RisingEdge(dut.clk)
            cycles += 1
            if dut.o_rx_stb.value == 0:
                continue
            er = int(dut.o_rx_er.value)
            if dut.o_rx_dv.value == 1:
                if not data:
                    cycles = 1
                data.append(int(dut.o_rx_data.value))
                errors.append(er)
            else:
                assert data or er, "an end mark without an event"
                self.events.append((bytes(data), errors, er))
                self.holes.append(cycles - len(data) - 1)
                data, errors = bytearray(), []


@cocotb.test()
async def receive(dut):
    """Every byte with its RX_ER between rise and fall of DV, one end mark, and nothing else.

    Clause: IEEE 802.3 35.2.2.7
    """
    bench = Bench(dut, "receive")
    await bench.begin()
    want = []
    fast = bench.rx_ps * 1.01 < CORE_PS          # so fast that more would be an overflow
    longest = 100 if fast else 1526
    for size in [1, 2, 3, 4, 5, 15, 16, 17, 72, 72, longest] + [bench.rnd.randrange(1, 100)
                                                                for _ in range(40)]:
        raw = bench.rnd.randbytes(size)
        errors = [int(bench.rnd.randrange(20) == 0) for _ in raw]
        bench.source.ifg = 12 if fast else bench.rnd.choice([1, 2, 12])
        bench.source.send_nowait(GmiiFrame(raw, list(errors)))
        want.append((raw, errors, 0))
    await bench.source.wait()
    await ClockCycles(dut.clk, 30)
    assert bench.events == want
    # The synchroniser's random cycle, and what a slower clock must leave out.
    slower = max(0.0, bench.rx_ps / CORE_PS - 1)
    for (data, _, _), holes in zip(bench.events, bench.holes):
        assert holes <= 3 + len(data) * slower, (len(data), holes)


@cocotb.test()
async def idle_line(dut):
    """With DV low nothing enters, whatever RXD and RX_ER say (carrier extension, false carrier).

    Clause: IEEE 802.3 35.2.1.5
    """
    bench = Bench(dut, "idle")
    await bench.begin()
    for _ in range(100):
        await RisingEdge(dut.gmii_rx_clk)
        dut.gmii_rxd.value = bench.rnd.getrandbits(8)
        dut.gmii_rx_er.value = bench.rnd.randrange(2)
        assert dut.o_rx_stb.value == 0
    assert not bench.events


@cocotb.test()
async def latency(dut):
    """From the edge that takes a byte at the pins to the edge at which the core sees o_rx_stb."""
    bench = Bench(dut, "latency")
    await bench.begin()
    for _ in range(20):
        await ClockCycles(dut.gmii_rx_clk, bench.rnd.randrange(20, 40))
        await Timer(1, "ps")
        dut.gmii_rx_dv.value = 1
        await RisingEdge(dut.gmii_rx_clk)
        edges = 0
        while dut.o_rx_stb.value == 0:
            await RisingEdge(dut.clk)
            edges += 1
        assert (5 if bench.rx_ps >= CORE_PS else 4) <= edges <= 7, edges
        dut.gmii_rx_dv.value = 0
    await ClockCycles(dut.clk, 20)


@cocotb.test()
async def overflow(dut):
    """A clock far too fast for a long event loses bytes: the end mark comes and says so."""
    bench = Bench(dut, "overflow")
    await bench.begin()
    if bench.rx_ps * 1.05 > CORE_PS:
        return
    want = []
    for size in (64, 1500, 72, 2000, 40):
        raw = bench.rnd.randbytes(size)
        bench.source.ifg = 12
        bench.source.send_nowait(GmiiFrame(raw))
        want.append(raw)
        await bench.source.wait()
        await ClockCycles(dut.clk, 40)
    assert len(bench.events) == len(want)
    for raw, (data, errors, lost) in zip(want, bench.events):
        assert not any(errors)
        assert lost == (data != raw) == (len(raw) >= 1500)
        rest = iter(raw)
        assert all(byte in rest for byte in data), "bytes out of order"


@cocotb.test()
async def end_mark_waits(dut):
    """The FIFO is full just when an event ends, and the next one follows after one idle cycle:
    either its end mark got in between, or both come as one, and that one is bad."""
    bench = Bench(dut, "waits")
    await bench.begin()
    bench.source.ifg = 1
    joined = 0
    for _ in range(12):
        for size in range(32, 52):
            pair = [bench.rnd.randbytes(size), bench.rnd.randbytes(2)]
            for raw in pair:
                bench.source.send_nowait(GmiiFrame(raw))
            await bench.source.wait()
            await ClockCycles(dut.clk, 30)
            joined += len(bench.events) == 1
            assert len(bench.events) in (1, 2)
            if len(bench.events) == 1:
                assert bench.events[0][2] == 1, "two events in one that is good"
            for raw, (data, _, lost) in zip(pair, bench.events):
                assert lost or data == raw
            bench.events.clear()
            bench.holes.clear()
    assert joined > 0


async def watch_first(dut, seen):
    """Append (octet, er) of each frame's first one at the pins."""
    while True:
        await RisingEdge(dut.gmii_tx_en)
        await RisingEdge(dut.clk)
        seen.append((int(dut.gmii_txd.value), int(dut.gmii_tx_er.value)))


@cocotb.test()
async def transmit(dut):
    """What the core gives stands at the pins one cycle later; the tick is always there.

    Clause: IEEE 802.3 35.2
    """
    bench = Bench(dut, "transmit")
    await bench.begin()
    want, first = [], []
    cocotb.start_soon(watch_first(dut, first))
    for _ in range(10):
        raw = bench.rnd.randbytes(bench.rnd.randrange(1, 80))
        errors = [bench.rnd.randrange(2) for _ in raw]
        for byte, er in zip(raw, errors):
            dut.i_tx_data.value, dut.i_tx_er.value, dut.i_tx_en.value = byte, er, 1
            await RisingEdge(dut.clk)
            assert dut.o_tx_tick.value == 1
        dut.i_tx_en.value = dut.i_tx_er.value = 0
        await ClockCycles(dut.clk, bench.rnd.randrange(1, 5))
        want.append((raw, errors))
    await ClockCycles(dut.clk, 3)
    assert first == [(raw[0], errors[0]) for raw, errors in want]
    for raw, errors in want:
        frame = bench.sink.recv_nowait(compact=False)
        assert bytes(frame.data) == raw[1:]      # this sink drops the first byte of a frame
        assert (frame.error or [0] * len(raw[1:])) == errors[1:]
    assert bench.sink.empty()
    dut.i_tx_data.value, dut.i_tx_en.value = 0xC3, 1
    await ClockCycles(dut.clk, 2)
    assert dut.gmii_tx_en.value == 1 and dut.gmii_txd.value == 0xC3
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    assert dut.gmii_tx_en.value == 0 and dut.gmii_tx_er.value == 0


@cocotb.test()
async def carrier_and_collision(dut):
    """CRS and COL come through a synchroniser, each on its own."""
    bench = Bench(dut, "crs")
    await bench.begin()
    for value in (1, 3, 2, 0, 3, 0):
        dut.gmii_crs.value, dut.gmii_col.value = value >> 1, value & 1
        await ClockCycles(dut.clk, 5)
        assert (int(dut.o_crs.value), int(dut.o_col.value)) == (value >> 1, value & 1)


SOURCES = ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v", "rtl/phy/ly_rx_cross.v",
           "rtl/phy/ly_rx_octets.v", "rtl/phy/ly_tx_gear.v", "rtl/phy/ly_phy_gmii.v"]
COMMON = ["receive", "idle_line", "latency", "overflow", "transmit", "carrier_and_collision"]


# In step, 100 ppm to either side, and far off (where an overflow can be shown in a short time).
@pytest.mark.parametrize("rx_ps", [80_000, 79_992, 80_008, 76_000, 90_000])
def test_phy_gmii(rx_ps, monkeypatch):
    monkeypatch.setenv("RX_PS", str(rx_ps))
    support.run("ly_phy_gmii", SOURCES, "test_phy_gmii", build_tag="phy_gmii",
                testcase=COMMON)


# Far too fast, so that short events fill the FIFO.
def test_phy_gmii_full(monkeypatch):
    monkeypatch.setenv("RX_PS", "60000")
    support.run("ly_phy_gmii", SOURCES, "test_phy_gmii", build_tag="phy_gmii",
                testcase="end_mark_waits")
