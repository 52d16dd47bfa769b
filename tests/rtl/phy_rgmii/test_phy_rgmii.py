# SPDX-License-Identifier: Apache-2.0
"""ly_phy_rgmii against cocotbext-eth's PHY at 1000, 100 and 10 Mbit/s, its clock 100 ppm apart.

Times are ten times the real ones, so that 100 ppm are whole picoseconds. What that PHY cannot say
(status between frames, odd nibbles, carrier without data) is driven edge by edge.
RX_PS (environment): period of RXC at 1000 Mbit/s; that of clk is 80,000.
"""

import logging
import os

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Edge, FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.eth import GmiiFrame, RgmiiPhy

import support
from phy_core import GAP, PREAMBLE, CoreSide, frame, is_frame

CORE_PS = 80_000
PERIOD = {0: 50, 1: 5, 2: 1}            # of TXC and RXC, in those of 125 MHz


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.rx_ps = int(os.environ["RX_PS"])
        self.rnd = support.rng(f"{name}:{self.rx_ps}")
        self.core = CoreSide(dut)
        self.phy = RgmiiPhy(dut.rgmii_txd, dut.rgmii_tx_ctl, dut.unused_txc_late,
                            dut.rgmii_rxd, dut.rgmii_rx_ctl, dut.rgmii_rx_clk)
        self.phy.tx.log.setLevel(logging.WARNING)
        self.phy.rx.log.setLevel(logging.WARNING)
        self.pulses = []                # lengths of TXC's, high and low, in ps
        self.txc_edges = set()          # their times, and those of TX_CTL
        self.ctl_edges = set()

    async def begin(self, speed=2):
        dut = self.dut
        self.set_speed(speed)
        dut.unused_txc_late.value = 0
        dut.rst.value = dut.rst_rgmii_rx.value = 1
        cocotb.start_soon(Clock(dut.clk, CORE_PS, units="ps").start())
        await ClockCycles(dut.clk, 6)
        await ClockCycles(dut.rgmii_rx_clk, 3)
        dut.rst.value = dut.rst_rgmii_rx.value = 0
        cocotb.start_soon(self._delay_txc())
        cocotb.start_soon(self._watch_ctl())
        await ClockCycles(dut.clk, 10)
        self.core.begin()

    async def _delay_txc(self):
        last = None
        while True:
            await Edge(self.dut.rgmii_tx_clk)
            now = get_sim_time("ps")
            if last is not None:
                self.pulses.append(now - last)
                assert now - last >= CORE_PS // 2, "a glitch on TXC"
            self.txc_edges.add(now)
            last, level = now, int(self.dut.rgmii_tx_clk.value)
            await Timer(20, "ns")
            self.dut.unused_txc_late.value = level

    async def _watch_ctl(self):
        while True:
            await Edge(self.dut.rgmii_tx_ctl)
            self.ctl_edges.add(get_sim_time("ps"))

    def set_phy(self, speed):
        """The PHY's part of it: nibbles or octets, and its clock."""
        if self.phy._clock_cr is not None:
            self.phy._clock_cr.kill()
        self.phy.tx.mii_mode = self.phy.rx.mii_mode = speed != 2
        self.phy._clock_cr = cocotb.start_soon(
            Clock(self.dut.rgmii_rx_clk, self.rx_ps * PERIOD[speed], units="ps").start())

    def set_speed(self, speed):
        self.dut.i_speed.value = speed
        self.set_phy(speed)

    async def settle(self):
        await ClockCycles(self.dut.rgmii_rx_clk, 10)
        await ClockCycles(self.dut.clk, 120)

    async def sent(self, frames):
        while self.phy.tx.count() < frames or int(self.dut.o_busy.value):
            await ClockCycles(self.dut.clk, 20)

    async def pins(self, cycles):
        """Drive (rise, fall) of RXD and (rise, fall) of RX_CTL for a cycle each."""
        dut = self.dut
        for low, high, ctl_rise, ctl_fall in cycles:
            await FallingEdge(dut.rgmii_rx_clk)
            dut.rgmii_rxd.value, dut.rgmii_rx_ctl.value = low, ctl_rise
            await RisingEdge(dut.rgmii_rx_clk)
            dut.rgmii_rxd.value, dut.rgmii_rx_ctl.value = high, ctl_fall

    def status(self):
        dut = self.dut
        return (int(dut.o_link_fd.value) << 3 | int(dut.o_link_speed.value) << 1
                | int(dut.o_link_up.value))


def some_errors(rnd, n):
    return [int(rnd.random() < 0.05) for _ in range(n)]


@cocotb.test()
async def transmit(dut):
    """Both edges at 1000, a nibble a period below, TX_ER by TX_CTL, TXC of its speed and half
    high, 12 octets of silence and not one more.

    Clause: IEEE 802.3 4.4.2
    """
    bench = Bench(dut, "transmit")
    await bench.begin()
    for speed, burst in ((2, [64, 60, 1, 70, 300]), (1, [64, 60, 1]), (0, [10, 2]), (2, [64])):
        bench.set_speed(speed)
        await bench.settle()
        want = [PREAMBLE + bench.rnd.randbytes(size) for size in burst]
        errors = [some_errors(bench.rnd, len(octets)) for octets in want]
        bench.core.frames += zip(want, errors)
        bench.pulses.clear()
        await bench.sent(len(want))
        half = CORE_PS * PERIOD[speed] // 2
        assert set(bench.pulses) == {half}
        assert bench.ctl_edges <= bench.txc_edges, "TX_CTL moves with TXC only"
        ends = []
        for octets, er in zip(want, errors):
            got = bench.phy.tx.recv_nowait(compact=False)
            assert bytes(got.data) == octets and (got.error or [0] * len(octets)) == er
            ends.append((got.sim_time_start, got.sim_time_end))
        nibbles = 1 if speed == 2 else 2
        for (_, end), (start, _) in zip(ends, ends[1:]):
            # The end is seen at a falling edge, or at a rising one.
            assert 0 <= start - end - (GAP * nibbles - 1) * 2 * half <= 2 * half
        await ClockCycles(dut.clk, bench.rnd.randrange(60))
        assert int(dut.o_tx_tick.value) == 1


@cocotb.test()
async def transmit_latency(dut):
    """At 1000 Mbit/s an octet is at the pins in the second cycle behind its tick."""
    bench = Bench(dut, "latency")
    await bench.begin()
    dut.i_tx_run.value = dut.i_tx_en.value = 1
    edges = 0
    while not int(dut.rgmii_tx_ctl.value):
        await RisingEdge(dut.clk)
        await Timer(1, "ns")
        edges += 1
    assert edges == 2, edges
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    await Timer(1, "ns")
    assert not int(dut.rgmii_tx_ctl.value)


@cocotb.test()
async def receive(dut):
    """Any length, RX_ER anywhere, gaps of one cycle and up.

    Clause: IEEE 802.3 35.2.2.7
    """
    bench = Bench(dut, "receive")
    await bench.begin()
    rnd = bench.rnd
    for speed, count in ((2, 40), (1, 12), (0, 2)):
        bench.set_speed(speed)
        await bench.settle()
        bench.core.events.clear()
        want = []
        for n in range(count):
            octets = PREAMBLE[rnd.randrange(8):] + rnd.randbytes(rnd.choice([1, 2, 17, 64, 90]))
            if n == 0 and speed == 2:
                octets += rnd.randbytes(1430)
            errors = some_errors(rnd, len(octets))
            want.append((octets, errors, 0, 0))
            bench.phy.rx.ifg = rnd.choice([1, 2, 12])
            bench.phy.rx.send_nowait(GmiiFrame(octets, list(errors)))
            if n % 4 == 3:
                await bench.phy.rx.wait()
        await bench.phy.rx.wait()
        await bench.settle()
        assert bench.core.events == want


def expected(line, errors):
    """Octets behind the SFD, wherever it stands among the nibbles; pairs before it."""
    at = next((i for i, n in enumerate(line) if n != 5), len(line))
    ends = set(range(1, len(line), 2))
    if 1 <= at < len(line) and line[at] == 0xD:
        ends = set(range(1, at, 2)) | set(range(at, len(line), 2))
    octets = bytes(line[i - 1] | line[i] << 4 for i in sorted(ends))
    return octets, int(max(ends) != len(line) - 1), any(errors)


@cocotb.test()
async def receive_nibbles(dut):
    """Preambles with an odd number of nibbles, a nibble too many at the end, what RXD shows at
    the falling edge left aside.

    Clause: IEEE 802.3 22.2.2.8, IEEE 802.3 22.2.2.10, IEEE 802.3 22.2.3
    """
    bench = Bench(dut, "nibbles")
    await bench.begin(speed=1)
    await bench.settle()
    want = []
    for n in range(30):
        line = [5] * bench.rnd.choice([1, 2, 3, 14, 15, 16]) + [0xD]
        if n % 10 == 9:
            line = [5] * bench.rnd.randrange(2, 16)
        else:
            line += [bench.rnd.randrange(16) for _ in range(bench.rnd.randrange(2, 60))]
        errors = [int(bench.rnd.random() < 0.01) for _ in line]
        errors[-1] |= bench.rnd.random() < 0.2
        want.append(expected(line, errors))
        await bench.pins([(d, bench.rnd.randrange(16), 1, 1 - er) for d, er in zip(line, errors)])
        await bench.pins([(0, 0, 0, 0)] * bench.rnd.choice([1, 2, 24]))
    await bench.settle()
    got = [(octets, odd, any(er + [bad])) for octets, er, bad, odd in bench.core.events]
    assert got == want


@cocotb.test()
async def status(dut):
    """Link, speed and duplex as RXD tells them between frames, not elsewhere: RGMII 2.0, 3.4.1."""
    bench = Bench(dut, "status")
    await bench.begin()
    for speed in (2, 1, 0):
        bench.set_speed(speed)
        for value in [bench.rnd.randrange(16) for _ in range(4 if speed else 2)] + [15, 0]:
            await bench.pins([(value, value, 0, 0)] * 4)
            await ClockCycles(dut.clk, 8)
            assert bench.status() == value
            other = ~value & 15
            await bench.pins([(other, other, 1, 1), (other, other, 1, 0), (other, other, 0, 1)] * 4)
            await ClockCycles(dut.clk, 8)
            assert bench.status() == value


@cocotb.test()
async def status_whole(dut):
    """A change of several bits is never seen in part."""
    bench = Bench(dut, "whole")
    await bench.begin()
    seen = set()
    for n in range(60):
        value = 15 * (n % 2)
        await bench.pins([(value, value, 0, 0)])
        for _ in range(8):
            await RisingEdge(dut.clk)
            seen.add(bench.status())
    assert seen == {0, 15}


@cocotb.test()
async def carrier(dut):
    """o_crs: data, carrier sense, false carrier, extension; not low power idle, not our own
    frames. o_col: it and our own frame at once.

    Clause: IEEE 802.3 22.2.2.11, IEEE 802.3 22.2.2.12
    """
    bench = Bench(dut, "carrier")
    await bench.begin()
    for speed in (2, 1):
        bench.set_speed(speed)
        await bench.settle()
        for own in (0, 1):
            octets = PREAMBLE + bytes(2000 if speed == 2 else 500)
            if own:
                bench.core.frames.append((octets, [0] * len(octets)))
                await RisingEdge(dut.rgmii_tx_ctl)
            for cycle, carrier in (((0, 0, 0, 0), 0), ((5, 5, 1, 1), 1), ((0, 0, 0, 0), 0),
                                   ((15, 15, 0, 1), 1), ((14, 0, 0, 1), 1), ((15, 0, 0, 1), 1),
                                   ((15, 1, 0, 1), 1), ((1, 0, 0, 1), 0), ((3, 3, 1, 0), 1),
                                   ((13, 0, 0, 0), 0)):
                await bench.pins([cycle] * 8)
                assert int(dut.o_crs.value) == carrier
                assert int(dut.o_col.value) == (carrier and own)
            await bench.pins([(0, 0, 0, 0)] * 3)
            if own:
                assert int(dut.i_tx_en.value), "the frame was too short for this"
                await bench.sent(1)
                bench.phy.tx.clear()


CHANGES = ((2, 1), (1, 0), (0, 2), (2, 0), (0, 1), (1, 2))


@cocotb.test()
async def speed_in_midst_of_tx(dut):
    """A change while frames wait: the one under way ends at the old speed, the next has the new.
    From silence the next frame has it too, however soon it comes."""
    bench = Bench(dut, "midst")
    await bench.begin()
    for old, new in CHANGES:
        want = [frame(bench.rnd, 8) for _ in range(3)]
        bench.set_speed(old)
        bench.core.frames.append((want[0], [0] * len(want[0])))
        await bench.sent(1)
        bench.core.frames += [(octets, [0] * len(octets)) for octets in want[1:]]
        await RisingEdge(dut.rgmii_tx_ctl)
        await ClockCycles(dut.clk, bench.rnd.randrange(1, 18) * PERIOD[old])
        dut.i_speed.value = new
        while bench.phy.tx.count() < 2:
            await ClockCycles(dut.clk, 2)
        bench.set_phy(new)
        await bench.sent(3)
        assert [bytes(bench.phy.tx.recv_nowait().data) for _ in want] == want


@cocotb.test()
async def speed_in_midst_of_rx(dut):
    """A change while a frame comes in: it ends at the old speed, the next has the new."""
    bench = Bench(dut, "midst rx")
    await bench.begin()
    for old, new in CHANGES:
        octets = frame(bench.rnd, 8)
        bench.core.events.clear()
        for speed in (old, new):
            bench.set_phy(speed)
            bench.phy.rx.send_nowait(GmiiFrame(octets))
            await ClockCycles(dut.rgmii_rx_clk, bench.rnd.randrange(4, 16))
            dut.i_speed.value = new
            await bench.phy.rx.wait()
            await bench.settle()
        assert bench.core.events == [(octets, [0] * len(octets), 0, 0)] * 2


@cocotb.test()
async def speed_changes(dut):
    """Under load in both directions, the PHY some time before or after the core: nothing comes
    out with a good FCS that was not sent, and what comes afterwards is whole."""
    bench = Bench(dut, "speed")
    await bench.begin()
    rnd = bench.rnd
    heard, said = set(), set()
    for n in range(9):
        for _ in range(3):
            octets = frame(rnd, rnd.randrange(1, 30))
            said.add(octets)
            bench.core.frames.append((octets, [0] * len(octets)))
            octets = frame(rnd, rnd.randrange(1, 30))
            heard.add(octets)
            bench.phy.rx.send_nowait(GmiiFrame(octets))
        await ClockCycles(dut.clk, rnd.randrange(20, 1000))
        speed = rnd.randrange(3)
        dut.i_speed.value = speed
        await ClockCycles(dut.clk, rnd.randrange(300))
        bench.set_phy(speed)
    bench.set_speed(2)
    bench.core.frames.clear()
    bench.phy.rx.clear()
    while bench.core.sending or not bench.phy.rx.idle() or int(dut.o_busy.value):
        await ClockCycles(dut.clk, 40)
    await bench.settle()
    got = [octets for octets, _, er, _ in bench.core.events if not er and is_frame(octets)]
    assert got and set(got) <= heard
    while not bench.phy.tx.empty():
        octets = bytes(bench.phy.tx.recv_nowait().data)
        assert octets in said or not is_frame(octets)
    for speed in (0, 1, 2):
        bench.set_speed(speed)
        await bench.settle()
        bench.core.events.clear()
        bench.phy.tx.clear()
        octets = frame(rnd, 12)
        bench.core.frames.append((octets, [0] * len(octets)))
        bench.phy.rx.send_nowait(GmiiFrame(octets))
        await bench.phy.rx.wait()
        await bench.sent(1)
        await bench.settle()
        assert bytes(bench.phy.tx.recv_nowait().data) == octets
        assert bench.core.events == [(octets, [0] * len(octets), 0, 0)]


SOURCES = ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v", "rtl/phy/ly_ddr_in.v",
           "rtl/phy/ly_ddr_out.v", "rtl/phy/ly_delay.v", "rtl/phy/ly_rx_cross.v",
           "rtl/phy/ly_rx_octets.v", "rtl/phy/ly_phy_rgmii.v",
           "tests/rtl/phy_rgmii/ly_bench_rgmii.v"]


@pytest.mark.parametrize("rx_ps", [79_992, 80_008])
def test_phy_rgmii(rx_ps, monkeypatch):
    monkeypatch.setenv("RX_PS", str(rx_ps))
    support.run("ly_bench_rgmii", SOURCES, "test_phy_rgmii", build_tag="phy_rgmii")
