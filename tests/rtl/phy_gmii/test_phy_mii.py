# SPDX-License-Identifier: Apache-2.0
"""ly_phy_gmii below 1000 Mbit/s: nibbles on the pins, octets at the core, speed changed under load.

The PHY is a few lines of Python here, which does what none should; test_mii_phy.py has another's.
Environment: CORE_PS, MII_PS: periods of clk and of the two clocks of the PHY, in ps.
"""

import os

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

import support
from test_phy_gmii import SOURCES

PREAMBLE = b"\x55" * 7 + b"\xd5"
GAP = 12


def nibbles(octets):
    return [n for octet in octets for n in (octet & 15, octet >> 4)]


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.core_ps, self.mii_ps = int(os.environ["CORE_PS"]), int(os.environ["MII_PS"])
        self.rnd = support.rng(f"{name}:{self.core_ps}:{self.mii_ps}")
        self.slow = self.mii_ps > 100_000           # a sample must do
        self.frames = []        # what the MAC of this bench sends: (octets, er of each)
        self.wire = []          # frames at the pins: (nibbles, er, idle nibbles before)
        self.events = []        # at the core: (octets, er, er of the end mark, odd)
        self.starts = []        # ns at which the MAC began
        self.clock = None       # mii_tx_clk

    async def begin(self, speed=1):
        dut = self.dut
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_er, dut.gmii_crs, dut.gmii_col,
                    dut.i_tx_run, dut.gmii_rxd, dut.gmii_rx_dv, dut.gmii_rx_er):
            pin.value = 0
        dut.i_speed.value = speed
        dut.rst.value = dut.rst_gmii_rx.value = dut.rst_mii_tx.value = 1
        for clock, period in ((dut.clk, self.core_ps), (dut.gmii_rx_clk, self.mii_ps),
                              (dut.mii_tx_clk, self.mii_ps)):
            await Timer(self.rnd.randrange(2, self.core_ps, 2), "ps")
            self.clock = cocotb.start_soon(Clock(clock, period, units="ps").start())
        await ClockCycles(dut.mii_tx_clk, 6)
        dut.rst.value = dut.rst_gmii_rx.value = dut.rst_mii_tx.value = 0
        await ClockCycles(dut.mii_tx_clk, 6)
        for task in (self._mac, self._pins, self._core):
            cocotb.start_soon(task())

    async def tick(self):
        """One byte time of the MAC: what stands is taken."""
        await RisingEdge(self.dut.clk)
        while not int(self.dut.o_tx_tick.value):
            await RisingEdge(self.dut.clk)

    async def _mac(self):
        """Steps at ticks as ly_mac_tx does: preamble, octets, a gap of 12, and it says run."""
        dut = self.dut
        while True:
            await self.tick()
            if not self.frames:
                continue
            octets, errors = self.frames.pop(0)
            self.starts.append(cocotb.utils.get_sim_time("ns"))
            dut.i_tx_run.value = 1
            for octet, er in zip(octets, errors):
                dut.i_tx_en.value, dut.i_tx_data.value, dut.i_tx_er.value = 1, octet, er
                await self.tick()
            dut.i_tx_en.value = dut.i_tx_er.value = dut.i_tx_data.value = 0
            for _ in range(GAP - 1):
                await self.tick()
            dut.i_tx_run.value = 0

    async def _pins(self):
        dut, got, errors, idle, before = self.dut, [], [], 0, 0
        while True:
            await RisingEdge(dut.mii_tx_clk)
            if int(dut.gmii_tx_en.value):
                if not got:
                    before = idle
                got.append(int(dut.gmii_txd.value))
                errors.append(int(dut.gmii_tx_er.value))
                idle = 0
            else:
                assert not int(dut.gmii_txd.value) and not int(dut.gmii_tx_er.value)
                if got:
                    self.wire.append((got, errors, before))
                    got, errors = [], []
                idle += 1

    async def _core(self):
        dut, data, errors = self.dut, bytearray(), []
        while True:
            await RisingEdge(dut.clk)
            if not int(dut.o_rx_stb.value):
                continue
            if int(dut.o_rx_dv.value):
                data.append(int(dut.o_rx_data.value))
                errors.append(int(dut.o_rx_er.value))
            else:
                self.events.append((bytes(data), errors, int(dut.o_rx_er.value),
                                    int(dut.o_rx_odd.value)))
                data, errors = bytearray(), []

    async def receive(self, line, errors, gap):
        """Nibbles, RX_ER of each, then idle nibbles."""
        dut = self.dut
        for nibble, er in zip(line, errors):
            dut.gmii_rx_dv.value, dut.gmii_rx_er.value = 1, er
            dut.gmii_rxd.value = self.rnd.getrandbits(4) << 4 | nibble
            await RisingEdge(dut.gmii_rx_clk)
        dut.gmii_rx_dv.value = dut.gmii_rx_er.value = 0
        dut.gmii_rxd.value = self.rnd.getrandbits(8)
        await ClockCycles(dut.gmii_rx_clk, gap)


def expected(line, errors):
    """Clause 22.2.3 in plain words: octets begin behind the SFD, before it pairs from the start."""
    at = next((i for i in range(1, len(line)) if line[i - 1:i + 1] == [5, 0xD]), None)
    # A pair of 5 and D that is no SFD: something else than 5 stood before it.
    assert at is None or all(n == 5 for n in line[:at])
    # With an even number of nibbles before its D the SFD shares its 5 with the pair before it.
    head = line[:at] if at else line
    pairs = [head[i:i + 2] for i in range(0, len(head) // 2 * 2, 2)]
    tail = line[at + 1:] if at else []
    octets = [p[0] | p[1] << 4 for p in pairs] + ([0xD5] if at else [])
    octets += [tail[i] | tail[i + 1] << 4 for i in range(0, len(tail) // 2 * 2, 2)]
    return bytes(octets), len(tail) % 2 if at else len(head) % 2, any(errors)


@cocotb.test()
async def transmit(dut):
    """Two nibbles an octet, low one first, TX_ER with both; 12 octets of silence, not one more.

    Clause: IEEE 802.3 22.2.2.4, IEEE 802.3 22.2.2.5
    """
    bench = Bench(dut, "transmit")
    await bench.begin()
    want = []
    for burst in [[64, 60, 1, 70], [72], [100, 65, 66, 200]][:1 if bench.slow else 3]:
        for size in burst:
            octets = PREAMBLE + bench.rnd.randbytes(size)
            want.append((octets, [bench.rnd.random() < 0.1 for _ in octets]))
            bench.frames.append(want[-1])
        while len(bench.wire) < len(want):
            await ClockCycles(dut.mii_tx_clk, 10)
        gaps = [before for _, _, before in bench.wire[-len(burst) + 1:]] if len(burst) > 1 else []
        assert gaps == [2 * GAP] * len(gaps)
        await ClockCycles(dut.mii_tx_clk, bench.rnd.randrange(60))
    for (octets, errors), (line, er, _) in zip(want, bench.wire):
        assert line == nibbles(octets)
        assert er == [e for e in errors for _ in range(2)]
    await ClockCycles(dut.mii_tx_clk, 40)
    assert int(dut.o_busy.value) == 0 and int(dut.o_tx_tick.value) == 1


@cocotb.test()
async def few_in_flight(dut):
    """The gearbox holds at most 4 octets and the two nibbles at the pins; the first one comes
    after a bounded time.

    Clause: IEEE 802.3 22.2.2.3
    """
    bench = Bench(dut, "flight")
    await bench.begin()
    sent = 0

    async def count():
        nonlocal sent
        while True:
            await RisingEdge(dut.clk)
            sent += int(dut.i_tx_en.value) and int(dut.o_tx_tick.value)

    cocotb.start_soon(count())
    bench.frames.append((bytes(200), [0] * 200))
    most = seen = 0                                 # octets, nibbles
    while not bench.wire:
        await RisingEdge(dut.mii_tx_clk)
        most = max(most, sent - (seen + 1) // 2)
        seen += int(dut.gmii_tx_en.value)
    assert 3 <= most <= 6, most


@cocotb.test()
async def receive(dut):
    """Any length of preamble in nibbles, odd ones too, dribble, RX_ER anywhere, any gap.

    Clause: IEEE 802.3 22.2.3, IEEE 802.3 22.2.2.8, IEEE 802.3 22.2.2.10
    """
    bench = Bench(dut, "receive")
    await bench.begin(speed=0 if int(os.environ["MII_PS"]) > 100_000 else 1)
    want = []
    for n in range(8 if bench.slow else 40):
        line = [5] * bench.rnd.choice([1, 2, 3, 14, 15, 15, 15, 16]) + [0xD]
        if n % 10 == 9:
            line = [5] * bench.rnd.randrange(1, 16)              # no SFD
        else:
            line += nibbles(bench.rnd.randbytes(bench.rnd.choice([1, 2, 17, 64, 90])))
            if n % 3 == 0:
                line.append(bench.rnd.getrandbits(4))            # a nibble too many
        errors = [int(bench.rnd.random() < 0.02) for _ in line]
        if len(line) > 1:
            want.append(expected(line, errors))
        await bench.receive(line, errors, bench.rnd.choice([4, 6, 24]))
    await ClockCycles(dut.gmii_rx_clk, 20)
    assert len(bench.events) == len(want)
    for (octets, odd, er), (data, errors, lost, told) in zip(want, bench.events):
        assert data == octets and told == odd
        assert (any(errors) or bool(lost)) == er


@cocotb.test()
async def speed_changes(dut):
    """Back and forth under load: what was begun is finished, what comes next is whole."""
    bench = Bench(dut, "speed")
    await bench.begin()
    for n in range(6):
        octets = PREAMBLE + bench.rnd.randbytes(64)
        bench.frames += [(octets, [0] * len(octets))] * 3
        await ClockCycles(dut.mii_tx_clk, bench.rnd.randrange(20, 300))
        dut.i_speed.value = 2 if n % 2 == 0 else bench.rnd.randrange(2)
        await ClockCycles(dut.mii_tx_clk, 40)
    dut.i_speed.value = 1
    while bench.frames or int(dut.i_tx_run.value) or int(dut.o_busy.value):
        await ClockCycles(dut.mii_tx_clk, 20)
    await ClockCycles(dut.mii_tx_clk, 40)
    bench.wire.clear()
    octets = PREAMBLE + bench.rnd.randbytes(64)
    bench.frames += [(octets, [0] * len(octets))] * 2
    while len(bench.wire) < 2:
        await ClockCycles(dut.mii_tx_clk, 20)
    assert [line for line, _, _ in bench.wire] == [nibbles(octets)] * 2
    line = [5] * 15 + [0xD] + nibbles(octets)
    bench.events.clear()
    await bench.receive(line, [0] * len(line), 40)
    assert bench.events == [(PREAMBLE + octets, [0] * (8 + len(octets)), 0, 0)]


@cocotb.test()
async def speed_under_load(dut):
    """A MAC that always has a frame: the one under way ends, the next goes out at the new speed."""
    bench = Bench(dut, "load")
    await bench.begin()
    octets = PREAMBLE + bench.rnd.randbytes(64)
    bench.frames += [(octets, [0] * len(octets))] * 6
    while not bench.wire:
        await ClockCycles(dut.mii_tx_clk, 5)
    dut.i_speed.value = 2
    await ClockCycles(dut.mii_tx_clk, 500)
    # What goes out as octets of 8 ns is seen in part by a watcher of nibbles.
    assert not bench.frames
    slow = [line == nibbles(octets) for line, _, _ in bench.wire]
    assert sum(slow) in (1, 2) and not any(slow[2:]), slow


@cocotb.test()
async def clock_dies(dut):
    """A PHY that goes to 1000 takes its tx clock away in the middle of a frame: the MAC goes on
    at 1000, and when the clock is there again nothing old goes out.

    Clause: IEEE 802.3 22.2.2.1
    """
    bench = Bench(dut, "dies")
    await bench.begin()
    octets = PREAMBLE + bench.rnd.randbytes(64)
    for n in range(4):
        bench.frames += [(octets, [0] * len(octets))] * 4
        while not int(dut.gmii_tx_en.value):
            await ClockCycles(dut.mii_tx_clk, 1)
        await ClockCycles(dut.mii_tx_clk, bench.rnd.randrange(1, 100))
        bench.clock.kill()
        dut.mii_tx_clk.value = 0
        await ClockCycles(dut.clk, bench.rnd.choice([1, 3000]))
        dut.i_speed.value = 2
        await ClockCycles(dut.clk, 6000)
        assert not bench.frames and not int(dut.i_tx_run.value) and not int(dut.o_busy.value)
        assert not int(dut.gmii_tx_en.value) and not int(dut.gmii_txd.value)
        dut.i_speed.value = 1
        bench.frames.append((octets, [0] * len(octets)))
        await ClockCycles(dut.clk, bench.rnd.choice([1, 3000]))
        assert bench.frames or int(dut.i_tx_run.value)
        bench.clock = cocotb.start_soon(Clock(dut.mii_tx_clk, bench.mii_ps, units="ps").start())
        bench.wire.clear()
        while bench.frames or int(dut.i_tx_run.value) or int(dut.o_busy.value):
            await ClockCycles(dut.mii_tx_clk, 20)
        await ClockCycles(dut.mii_tx_clk, 40)
        lines = [line for line, _, _ in bench.wire]
        # This watcher had seen the beginning of the line that was cut.
        old = bench.wire[:-1]
        assert lines[-1] == nibbles(octets), n
        assert len(old) == 1 and len(old[0][0]) < 2 * len(octets), n


# 100 Mbit/s at 125 MHz and at the slowest core allowed, 1.92 cycles an octet; 10 Mbit/s.
@pytest.mark.parametrize("core_ps, mii_ps", [(8_000, 40_000), (41_666, 40_000), (41_666, 400_000)])
def test_phy_mii(core_ps, mii_ps, monkeypatch):
    monkeypatch.setenv("CORE_PS", str(core_ps))
    monkeypatch.setenv("MII_PS", str(mii_ps))
    support.run("ly_phy_gmii", SOURCES, "test_phy_mii", build_tag="phy_gmii",
                testcase=["transmit", "receive"] if mii_ps > 100_000 else None)
