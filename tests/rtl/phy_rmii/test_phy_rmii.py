# SPDX-License-Identifier: Apache-2.0
"""ly_phy_rmii against a PHY of RMII 1.2 in Python, at 100 and 10 Mbit/s.

Environment: CORE_PS, REF_PS: periods of clk and REF_CLK in ps. 20,000 is nominal, 2 are 100 ppm.
"""

import os

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from cocotb.utils import get_sim_time

import support
from phy_core import GAP, PREAMBLE, CoreSide, frame, is_frame
from rmii import RmiiPhy, dibits, octets_of


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.core_ps, self.ref_ps = int(os.environ["CORE_PS"]), int(os.environ["REF_PS"])
        self.rnd = support.rng(f"{name}:{self.core_ps}:{self.ref_ps}")
        self.core = CoreSide(dut)
        self.phy = RmiiPhy(dut, self.rnd)

    async def begin(self, speed=1):
        dut = self.dut
        self.set_speed(speed)
        dut.rst.value = dut.rst_rmii.value = 1
        for clock, period in ((dut.clk, self.core_ps), (dut.rmii_ref_clk, self.ref_ps)):
            await Timer(self.rnd.randrange(2, 20_000, 2), "ps")
            cocotb.start_soon(Clock(clock, period, units="ps").start())
        await ClockCycles(dut.clk, 10)
        await ClockCycles(dut.rmii_ref_clk, 10)
        dut.rst.value = dut.rst_rmii.value = 0
        await ClockCycles(dut.clk, 10)
        self.core.begin()
        self.phy.begin()

    def set_speed(self, speed):
        self.dut.i_speed.value = speed
        self.phy.slow = speed == 0

    async def settle(self):
        """Both sides have taken up the speed, all that was received is at the core."""
        await ClockCycles(self.dut.rmii_ref_clk, 40)
        await ClockCycles(self.dut.clk, 20)

    async def sent(self, frames):
        """Wait until so many frames were on the wire and nothing is on its way."""
        while len(self.phy.wire) < frames or int(self.dut.o_busy.value):
            await ClockCycles(self.dut.rmii_ref_clk, 10)


def expected(line, errors):
    """What the core is to see of a carrier event. Octets begin behind the SFD; before it, from
    the start. An error belongs to the octet that is complete next, at the end to the end mark."""
    at = next((i for i, d in enumerate(line) if d != 1), len(line))
    ends = set(range(3, len(line), 4))
    if 3 <= at < len(line) and line[at] == 3:
        ends = set(range(3, at, 4)) | set(range(at, len(line), 4))
    octets, wrong, bad = bytearray(), [], False
    last = -1
    for i, er in enumerate(errors):
        bad |= bool(er)
        if i in ends:
            octets.append(octets_of(line[i - 3:i + 1])[0])
            wrong.append(int(bad))
            last, bad = i, False
    return bytes(octets), wrong, int(bad), int(last != len(line) - 1)


@cocotb.test()
async def transmit(dut):
    """Low di-bit first, each once or for ten cycles, 12 octets of silence and not one more.

    Clause: IEEE 802.3 4.4.2
    """
    bench = Bench(dut, "transmit")
    await bench.begin()
    for speed, bursts in ((1, [[64, 60, 1, 70], [72], [100, 65, 66]]), (0, [[20, 1], [30]]),
                          (2, [[64, 64]])):
        bench.set_speed(speed)
        await bench.settle()
        for burst in bursts:
            bench.phy.wire.clear()
            want = [PREAMBLE + bench.rnd.randbytes(size) for size in burst]
            for octets in want:
                bench.core.frames.append((octets, [bench.rnd.randrange(2) for _ in octets]))
            await bench.sent(len(want))
            assert [line for line, _ in bench.phy.wire] == [dibits(o) for o in want]
            assert all(gap == 4 * GAP for _, gap in bench.phy.wire[1:])
            await ClockCycles(dut.clk, bench.rnd.randrange(60))
        assert int(dut.o_busy.value) == 0 and int(dut.o_tx_tick.value) == 1


@cocotb.test()
async def few_in_flight(dut):
    """No more than 4 octets lie between the core and the one that leaves."""
    bench = Bench(dut, "flight")
    await bench.begin()
    for speed in (1, 0):
        bench.set_speed(speed)
        await bench.settle()
        bench.phy.wire.clear()
        bench.core.taken = most = cycles = 0
        octets = PREAMBLE + bench.rnd.randbytes(60 if speed else 10)
        bench.core.frames.append((octets, [0] * len(octets)))
        per_octet = 4 if speed else 40
        while not bench.phy.wire:
            await RisingEdge(dut.rmii_ref_clk)
            most = max(most, bench.core.taken - (cycles + per_octet - 1) // per_octet)
            cycles += int(dut.rmii_tx_en.value)
        assert 2 <= most <= 5, most           # the pins are a register behind the gearbox
        await bench.sent(1)


@cocotb.test()
async def receive(dut):
    """Any length of preamble, odd di-bits at the end, RX_ER anywhere, carrier gone before the
    data, gaps of two di-bits and up.

    Clause: IEEE 802.3 22.2.2.8, IEEE 802.3 22.2.2.10
    """
    bench = Bench(dut, "receive")
    await bench.begin()
    rnd = bench.rnd
    for speed, count in ((1, 60), (0, 8)):
        bench.set_speed(speed)
        await bench.settle()
        bench.core.events.clear()
        want = []
        for n in range(count):
            line = [1] * rnd.choice([3, 4, 5, 6, 7, 27, 30, 31, 31, 31, 32]) + [3]
            if n % 10 == 9:
                line = [1] * rnd.randrange(1, 40)               # no SFD
            elif n % 10 == 8:
                line[rnd.randrange(1, len(line))] = 2           # no preamble after all
            if n % 10 != 9:
                line += dibits(rnd.randbytes(rnd.choice([1, 2, 17, 64] if speed else [1, 5, 9])))
            if n % 3 == 0:
                line += [rnd.randrange(4) for _ in range(rnd.randrange(1, 4))]
            errors = [int(rnd.random() < 0.01) for _ in line]
            errors[-1] |= rnd.random() < 0.2
            tail = rnd.choice([0, 0, 1, 3, 7]) if len(line) > 16 else 0
            if len(line) > 3:
                want.append(expected(line, errors))
            await bench.phy.event(line, errors, rnd.choice([0, 1, 2, 9]), tail,
                                  rnd.choice([2, 3, 4, 40]))
        await bench.settle()
        assert len(bench.core.events) == len(want)
        for (octets, wrong, bad, odd), event in zip(want, bench.core.events):
            assert event[0] == octets and event[3] == odd
            if speed:
                assert event[1:3] == (wrong, bad)
            else:                       # which octet an error at the border counts for is open
                assert any(event[1] + [event[2]]) == any(wrong + [bad])


@cocotb.test()
async def false_carrier(dut):
    """What begins with another di-bit than 01 gives nothing but carrier; the next frame is whole.

    Clause: IEEE 802.3 22.2.2.10
    """
    bench = Bench(dut, "false")
    await bench.begin()
    for speed in (1, 0):
        bench.set_speed(speed)
        await bench.settle()
        bench.core.events.clear()
        for first in (2, 3, 2):
            await bench.phy.event([first] * bench.rnd.randrange(1, 40), early=3, gap=3)
            await bench.phy.event([], early=20, gap=3)          # carrier and never any data
            await bench.settle()
            assert not bench.core.events
            octets = frame(bench.rnd, 8)
            await bench.phy.event(dibits(octets))
            await bench.settle()
            assert bench.core.events.pop() == (octets, [0] * len(octets), 0, 0)


class Levels:
    """Each change of a signal of the core, with its time in ps."""

    def __init__(self, clk, signal):
        self.edges = []
        cocotb.start_soon(self._watch(clk, signal))

    async def _watch(self, clk, signal):
        now = 0
        while True:
            await RisingEdge(clk)
            if int(signal.value) != now:
                now = int(signal.value)
                self.edges.append((now, get_sim_time("ps")))


@cocotb.test()
async def carrier(dut):
    """o_crs rises with CRS_DV and falls with its first low di-bit, however much data is left;
    own frames alone are no carrier and no collision. o_col: both at once.

    Clause: IEEE 802.3 22.2.2.11, IEEE 802.3 22.2.2.12
    """
    bench = Bench(dut, "carrier")
    await bench.begin()
    crs, col = Levels(dut.clk, dut.o_crs), Levels(dut.clk, dut.o_col)
    late = 5 * bench.ref_ps + 4 * bench.core_ps
    for speed in (1, 0):
        bench.set_speed(speed)
        await bench.settle()
        step = bench.ref_ps * (1 if speed else 10)
        for tail in (0, 4, 14):
            begin = get_sim_time("ps")
            line = dibits(PREAMBLE + bench.rnd.randbytes(20))
            await bench.phy.event(line, early=3, tail=tail, gap=4)
            await bench.settle()
            (up, rise), (down, fall) = crs.edges
            crs.edges.clear()
            gone = begin + (3 + len(line) - 2 * tail) * step
            assert (up, down) == (1, 0)
            assert begin <= rise <= begin + 2 * bench.ref_ps + late
            assert gone <= fall <= gone + 2 * bench.ref_ps + late
    bench.set_speed(1)
    await bench.settle()
    octets = PREAMBLE + bench.rnd.randbytes(60)
    bench.core.frames.append((octets, [0] * len(octets)))
    await bench.sent(1)
    await bench.settle()
    assert not crs.edges and not col.edges
    bench.core.frames.append((octets, [0] * len(octets)))
    await ClockCycles(dut.rmii_ref_clk, 60)
    assert int(dut.rmii_tx_en.value) and not col.edges
    await bench.phy.event(dibits(b"\x55" * 8), gap=20)
    assert int(dut.rmii_tx_en.value)
    await bench.settle()
    assert [level for level, _ in col.edges] == [1, 0]
    assert [level for level, _ in crs.edges] == [1, 0]
    assert abs(col.edges[0][1] - crs.edges[0][1]) <= late
    assert abs(col.edges[1][1] - crs.edges[1][1]) <= late


@cocotb.test()
async def speed_in_midst(dut):
    """A change while frames are on both wires: these end at the old speed, the next has the new."""
    bench = Bench(dut, "midst")
    await bench.begin()
    for n in range(4):
        speed = n % 2
        bench.phy.slow = speed == 0     # the core's side has had it since the frames before
        dut.i_speed.value = speed
        await bench.settle()
        octets = frame(bench.rnd, 8)
        bench.core.frames.append((octets, [0] * len(octets)))
        event = cocotb.start_soon(bench.phy.event(dibits(octets)))
        await RisingEdge(dut.rmii_tx_en)
        await ClockCycles(dut.rmii_ref_clk, bench.rnd.randrange(1, 40) * (1 if speed else 10))
        dut.i_speed.value = 1 - speed
        await event.join()
        await bench.sent(1)
        await bench.settle()
        assert [line for line, _ in bench.phy.wire] == [dibits(octets)]
        assert bench.core.events == [(octets, [0] * len(octets), 0, 0)]
        bench.phy.wire.clear()
        bench.core.events.clear()


@cocotb.test()
async def speed_changes(dut):
    """Under load in both directions: frames begun are finished as they began, nothing comes out
    with a good FCS that was not sent, and what comes afterwards is whole."""
    bench = Bench(dut, "speed")
    await bench.begin()
    rnd = bench.rnd
    heard, said = set(), set()

    async def line():
        while True:
            octets = frame(rnd, rnd.randrange(1, 30))
            heard.add(octets)
            await bench.phy.event(dibits(octets), tail=rnd.choice([0, 3]), gap=rnd.choice([2, 48]))

    task = cocotb.start_soon(line())
    for n in range(8):
        for _ in range(3):
            octets = frame(rnd, rnd.randrange(1, 30))
            said.add(octets)
            bench.core.frames.append((octets, [0] * len(octets)))
        await ClockCycles(dut.rmii_ref_clk, rnd.randrange(20, 1200))
        dut.i_speed.value = n % 2       # the PHY changes some time before or after
        await ClockCycles(dut.rmii_ref_clk, rnd.randrange(100))
        bench.phy.slow = n % 2 == 0
    bench.core.frames.clear()
    task.kill()
    dut.rmii_crs_dv.value = 1           # cut in its midst, and stuck for a while
    dut.rmii_rxd.value = 0
    await ClockCycles(dut.rmii_ref_clk, 500)
    dut.rmii_crs_dv.value = dut.rmii_rx_er.value = 0
    while bench.core.sending or int(dut.o_busy.value):
        await ClockCycles(dut.rmii_ref_clk, 40)
    got = [octets for octets, _, er, _ in bench.core.events if not er and is_frame(octets)]
    assert got and set(got) <= heard
    sent = [octets_of(w) for w, _ in bench.phy.wire if None not in w and len(w) % 4 == 0]
    assert any(is_frame(o) for o in sent)
    assert all(o in said for o in sent if is_frame(o))
    for speed in (0, 1):
        bench.set_speed(speed)
        await ClockCycles(dut.rmii_ref_clk, 100)
        bench.core.events.clear()
        bench.phy.wire.clear()
        octets = frame(rnd, 12)
        bench.core.frames.append((octets, [0] * len(octets)))
        await bench.phy.event(dibits(octets))
        await bench.sent(1)
        await bench.settle()
        assert bench.phy.wire[0][0] == dibits(octets)
        assert bench.core.events == [(octets, [0] * len(octets), 0, 0)]


@cocotb.test()
async def reset(dut):
    """In reset TX_EN is low, and a frame that was under way does not go on behind it."""
    bench = Bench(dut, "reset")
    await bench.begin()
    bench.core.frames.append((PREAMBLE + bytes(30), [0] * 38))
    while not int(dut.rmii_tx_en.value):
        await RisingEdge(dut.rmii_ref_clk)
    dut.i_tx_run.value = dut.i_tx_en.value = 0
    dut.rst.value = dut.rst_rmii.value = 1
    await ClockCycles(dut.rmii_ref_clk, 2)
    assert not int(dut.rmii_tx_en.value)


@cocotb.test()
async def overflow(dut):
    """A core below the rate of octets loses some: the end mark comes and says so."""
    bench = Bench(dut, "overflow")
    await bench.begin()
    for size in (8, 60, 100, 8, 70):
        octets = PREAMBLE + bench.rnd.randbytes(size)
        left = bench.rnd.randrange(3)
        await bench.phy.event(dibits(octets) + [1] * left, gap=400)
        await ClockCycles(dut.clk, 40)
        data, errors, lost, odd = bench.core.events.pop()
        assert not bench.core.events and not any(errors) and odd == (left > 0)
        assert lost == (data != octets) == (size >= 60)
        rest = iter(octets)
        assert all(octet in rest for octet in data), "octets out of order"
    # Without a pause: events run into one another, none of those that did looks good.
    want = []
    for size in range(4, 28):           # in one of them the last octet takes the last place
        want += [frame(bench.rnd, size), frame(bench.rnd, 4)]
        for octets in want[-2:]:
            await bench.phy.event(dibits(octets), gap=2)
        await ClockCycles(dut.clk, 60)
    for data, errors, lost, _ in bench.core.events:
        assert lost or data in want
    assert any(lost for _, _, lost, _ in bench.core.events)


SOURCES = ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v", "rtl/phy/ly_rx_cross.v",
           "rtl/phy/ly_tx_gear.v", "rtl/phy/ly_phy_rmii.v"]
COMMON = ["transmit", "few_in_flight", "receive", "false_carrier", "carrier", "speed_in_midst",
          "speed_changes", "reset"]


# A core of 125 MHz, and the slowest allowed, 100 ppm to either side; one that is far too slow.
@pytest.mark.parametrize("core_ps, ref_ps", [(8_000, 20_000), (42_104, 19_998), (42_104, 20_002),
                                             (200_000, 20_000)])
def test_phy_rmii(core_ps, ref_ps, monkeypatch):
    monkeypatch.setenv("CORE_PS", str(core_ps))
    monkeypatch.setenv("REF_PS", str(ref_ps))
    support.run("ly_phy_rmii", SOURCES, "test_phy_rmii", build_tag="phy_rmii",
                testcase="overflow" if core_ps > 100_000 else COMMON)
