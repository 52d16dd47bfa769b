# SPDX-License-Identifier: Apache-2.0
"""ly_phy_gmii at 10 and 100 Mbit/s (MII), and changes of speed under load.

Nibbles are judged by a twin here and by cocotbext-eth. Times are ten times those of 100 Mbit/s, so
that 100 ppm are whole picoseconds. CORE_PS, TX_PS, RX_PS (environment): periods of the clocks.
"""

import logging
import os
import zlib

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.eth import GmiiFrame, GmiiSink, GmiiSource

import support

LEAD_CYCLES = 10                     # of mii_tx_clk between asking for a byte and its low nibble
PREAMBLE = bytes([0x55] * 7 + [0xD5])


def twin(nibbles):
    """[(nibble, er)] of one event -> ([(byte, er)], odd, er of what was dropped)."""
    sfd = next((i for i in range(1, len(nibbles))
                if (nibbles[i - 1][0], nibbles[i][0]) == (0x5, 0xD)), None)
    head, tail = (nibbles, []) if sfd is None else (nibbles[:sfd + 1], nibbles[sfd + 1:])
    got = [(h << 4 | low, a | b) for (low, a), (h, b) in zip(head[::2], head[1::2])]
    if sfd is not None and len(head) % 2:
        got.append((0xD5, nibbles[sfd][1]))          # the nibble before it is used twice
    got += [(h << 4 | low, a | b) for (low, a), (h, b) in zip(tail[::2], tail[1::2])]
    left = tail[len(tail) & ~1:] if sfd is not None else head[len(head) & ~1:]
    return got, len(left), int(any(er for _, er in left))


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.core_ps, self.tx_ps, self.rx_ps = (int(os.environ[k])
                                                for k in ("CORE_PS", "TX_PS", "RX_PS"))
        self.rnd = support.rng(f"{name}:{self.core_ps}:{self.tx_ps}:{self.rx_ps}")
        self.events = []             # from the core side: ([(byte, er)], odd, er of the end mark)
        self.queue = []              # frames for the core's tx: [(byte, er)]
        self.gap = 12
        self.taken = []              # time of each tick that took a byte with en
        self.sent = []               # [(nibble, er)] per event at the MII pins
        self.sent_at = []            # time of the first edge that sees each event's first nibble

    async def begin(self, speed=1):
        dut = self.dut
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_er, dut.gmii_crs, dut.gmii_col,
                    dut.gmii_rxd, dut.gmii_rx_dv, dut.gmii_rx_er, dut.mii_tx_clk):
            pin.value = 0
        dut.i_speed.value = speed
        dut.rst.value = dut.rst_gmii_rx.value = dut.rst_mii_tx.value = 1
        cocotb.start_soon(Clock(dut.clk, self.core_ps, units="ps").start())
        self.clocks = []
        await self.phy_clocks(self.tx_ps, self.rx_ps)
        await ClockCycles(dut.gmii_rx_clk, 10)
        dut.rst.value = dut.rst_gmii_rx.value = dut.rst_mii_tx.value = 0
        for job in (self._watch_rx(), self._core_tx(), self._watch_tx()):
            cocotb.start_soon(job)
        await ClockCycles(dut.mii_tx_clk, 30)

    async def phy_clocks(self, tx_ps, rx_ps):
        """Other clocks from now on, in a random phase."""
        for job in self.clocks:
            job.kill()
        self.clocks = []
        for pin, period in ((self.dut.mii_tx_clk, tx_ps), (self.dut.gmii_rx_clk, rx_ps)):
            await Timer(self.rnd.randrange(1, 400_000), "ps")
            self.clocks.append(cocotb.start_soon(Clock(pin, period // 2 * 2, units="ps").start()))

    async def _watch_rx(self):
        dut = self.dut
        got = []
        while True:
            await RisingEdge(dut.clk)
            if dut.o_rx_stb.value == 0:
                continue
            er = int(dut.o_rx_er.value)
            if dut.o_rx_dv.value == 1:
                assert dut.o_rx_odd.value == 0
                got.append((int(dut.o_rx_data.value), er))
            else:
                assert got, "an end mark without an event"
                self.events.append((got, int(dut.o_rx_odd.value), er))
                got = []

    async def _core_tx(self):
        """As the MAC does: what stands at a tick is taken, another byte comes behind it."""
        dut = self.dut
        frame, gap = [], 0
        while True:
            await RisingEdge(dut.clk)
            if dut.o_tx_tick.value == 0:
                continue
            if dut.i_tx_en.value == 1:
                self.taken.append(get_sim_time("ps"))
            if not frame and gap == 0 and self.queue:
                frame = list(self.queue.pop(0))
            if frame:
                byte, er = frame.pop(0)
                dut.i_tx_data.value, dut.i_tx_en.value, dut.i_tx_er.value = byte, 1, er
                gap = self.gap
            else:
                dut.i_tx_data.value, dut.i_tx_en.value, dut.i_tx_er.value = 0, 0, 0
                gap = max(0, gap - 1)

    async def _watch_tx(self):
        dut = self.dut
        event = []
        while True:
            await RisingEdge(dut.mii_tx_clk)
            if dut.gmii_tx_en.value == 1:
                if not event:
                    self.sent_at.append(get_sim_time("ps"))
                event.append((int(dut.gmii_txd.value) & 15, int(dut.gmii_tx_er.value)))
            elif event:
                self.sent.append(event)
                event = []

    async def receive(self, nibbles):
        """One event, as a PHY drives it: pins change behind the edge."""
        dut = self.dut
        for nibble, er in nibbles:
            await RisingEdge(dut.gmii_rx_clk)
            dut.gmii_rxd.value = nibble | self.rnd.getrandbits(4) << 4
            dut.gmii_rx_dv.value, dut.gmii_rx_er.value = 1, er
        await RisingEdge(dut.gmii_rx_clk)
        dut.gmii_rx_dv.value, dut.gmii_rx_er.value = 0, self.rnd.randrange(2)
        dut.gmii_rxd.value = self.rnd.getrandbits(8)

    def random_event(self, size):
        """Preamble of any number of nibbles, SFD, size nibbles of data."""
        nibbles = [5] * self.rnd.choice([0, 1, 2, 13, 14, 15, 15, 16]) + [0xD]
        nibbles += [self.rnd.getrandbits(4) for _ in range(size)]
        return [(n, int(self.rnd.randrange(25) == 0)) for n in nibbles]


@cocotb.test()
async def receive(dut):
    """Any preamble, any number of nibbles, RX_ER at any: as the twin has them.

    Clause: IEEE 802.3 22.2.3.1, IEEE 802.3 22.2.2.7
    """
    bench = Bench(dut, "receive")
    await bench.begin()
    want = []
    for size in [0, 1, 2, 3, 4, 5, 128, 129, 400] + [bench.rnd.randrange(1, 150)
                                                      for _ in range(25)]:
        event = bench.random_event(size)
        if bench.rnd.randrange(8) == 0:
            event = [(bench.rnd.getrandbits(4), er) for _, er in event]
        await bench.receive(event)
        got, odd, er = twin(event)
        if got:
            want.append((got, odd, er))
        await ClockCycles(dut.gmii_rx_clk, bench.rnd.choice([1, 2, 3, 24]))
    await ClockCycles(dut.clk, 30)
    for one, (got, expected) in enumerate(zip(bench.events, want)):
        assert got == expected, (one, got, expected)
    assert len(bench.events) == len(want)


@cocotb.test()
async def receive_errors(dut):
    """RX_ER at each nibble of a frame, even and odd, in turn.

    Clause: IEEE 802.3 22.2.2.10
    """
    bench = Bench(dut, "errors")
    await bench.begin()
    want = []
    data = [5] * 15 + [0xD] + [bench.rnd.getrandbits(4) for _ in range(9)]
    for at in range(len(data)):
        event = [(n, int(i == at)) for i, n in enumerate(data)]
        await bench.receive(event)
        want.append(twin(event))
    await ClockCycles(dut.clk, 40)
    assert bench.events == want


@cocotb.test()
async def far_side(dut):
    """cocotbext-eth both ways at once, frames back to back.

    Clause: IEEE 802.3 22.2
    """
    bench = Bench(dut, "far")
    await bench.begin()
    source = GmiiSource(dut.gmii_rxd, dut.gmii_rx_er, dut.gmii_rx_dv, dut.gmii_rx_clk)
    sink = GmiiSink(dut.gmii_txd, dut.gmii_tx_er, dut.gmii_tx_en, dut.mii_tx_clk)
    for side in (source, sink):
        side.mii_mode = True
        side.log.setLevel(logging.WARNING)
    source.ifg = 24
    frames = [PREAMBLE + bench.rnd.randbytes(size)
              for size in [1, 64, 64, 300] + [bench.rnd.randrange(1, 150) for _ in range(8)]]
    for raw in frames:
        source.send_nowait(GmiiFrame(raw))
        bench.queue.append([(b, 0) for b in raw])
    await source.wait()
    while len(bench.sent) < len(frames):
        await ClockCycles(dut.clk, 100)
    await ClockCycles(dut.clk, 50)
    assert bench.events == [([(b, 0) for b in raw], 0, 0) for raw in frames]
    for raw in frames:
        assert bytes(sink.recv_nowait().get_payload(strip_fcs=False)) == raw[8:]


@cocotb.test()
async def transmit(dut):
    """Gapless, in order, low nibble first, TX_ER with its byte, gaps as the core made them; the
    delay from the tick to the pins; and never more than five bytes between.

    Clause: IEEE 802.3 22.2.2.4, IEEE 802.3 22.2.3
    """
    bench = Bench(dut, "transmit")
    await bench.begin()
    frames = [[(byte, int(bench.rnd.randrange(15) == 0)) for byte in bench.rnd.randbytes(size)]
              for size in [1, 2, 3, 72, 300] + [bench.rnd.randrange(1, 90) for _ in range(20)]]
    bench.gap = 1
    bench.queue = list(frames)
    while len(bench.sent) < len(frames):
        await ClockCycles(dut.clk, 50)
    want = [[(n, er) for byte, er in frame for n in (byte & 15, byte >> 4)] for frame in frames]
    assert bench.sent == want
    # The edge at which a nibble is seen is one cycle behind the one that puts it on the pins.
    nr, starts = 0, []
    for frame in frames:
        starts.append(bench.taken[nr])
        nr += len(frame)
    for began, seen in zip(starts, bench.sent_at):
        delay = seen - bench.tx_ps - began
        least, most = (LEAD_CYCLES * bench.tx_ps - n * bench.core_ps for n in (4, 2))
        assert least <= delay <= most, (delay, least, most)
    for one, other in zip(range(len(frames)), range(1, len(frames))):
        apart = bench.sent_at[other] - bench.sent_at[one]
        assert apart == 2 * bench.tx_ps * (len(frames[one]) + 1)


@cocotb.test()
async def late(dut):
    """Where the core's clock stops in mid frame, TX_ER and silence follow; the next frame is whole.

    Clause: IEEE 802.3 22.2.2.5
    """
    bench = Bench(dut, "late")
    await bench.begin()
    for _ in range(8):
        frame = [(b, 0) for b in PREAMBLE + bench.rnd.randbytes(40)]
        nibbles = [(n, 0) for b, _ in frame for n in (b & 15, b >> 4)]
        bench.queue = [frame, frame]
        bench.sent.clear()
        await RisingEdge(dut.gmii_tx_en)
        await ClockCycles(dut.mii_tx_clk, bench.rnd.randrange(1, 40))
        # The core does not give a byte: i_speed says GMII for a time, as seen from here a stall.
        await RisingEdge(dut.clk)
        dut.i_speed.value = 2
        await ClockCycles(dut.mii_tx_clk, 40)
        await RisingEdge(dut.clk)
        dut.i_speed.value = 1
        bench.queue.append(frame)
        await ClockCycles(dut.mii_tx_clk, 400)
        assert bench.sent[-1] == nibbles
        assert all(event == nibbles or len(event) < len(nibbles) for event in bench.sent)


async def line_of(bench, clock, wide, frames):
    """Collects what the far side takes for frames: behind the SFD, with a good FCS."""
    dut = bench.dut
    event = []
    while True:
        await RisingEdge(clock)
        if dut.gmii_tx_en.value == 1:
            event.append((int(dut.gmii_txd.value), int(dut.gmii_tx_er.value)))
        elif event:
            got = event if wide else twin([(d & 15, er) for d, er in event])[0]
            raw = bytes(b for b, _ in got)
            start = raw.find(0xD5) + 1
            if start and not any(er for _, er in got) and len(raw) > start + 4:
                if zlib.crc32(raw[start:]) == 0x2144DF1C:
                    frames.append(raw[start:])
            event = []


@cocotb.test()
async def speed_change(dut):
    """Speed changes in mid frame, both ways: no frame that was not sent, and none hangs behind it.

    Clause: IEEE 802.3 22.2, IEEE 802.3 35.2
    """
    bench = Bench(dut, "change")
    await bench.begin()
    dut.gmii_rx_dv.value = 0
    sent, slow, fast = [], [], []

    def frame():
        data = bench.rnd.randbytes(bench.rnd.randrange(20, 60))
        raw = data + zlib.crc32(data).to_bytes(4, "little")
        sent.append(raw)
        return PREAMBLE + raw

    async def stream():
        while True:
            raw = frame()
            if dut.i_speed.value == 2:
                for byte in raw:
                    await RisingEdge(dut.gmii_rx_clk)
                    dut.gmii_rxd.value, dut.gmii_rx_er.value, dut.gmii_rx_dv.value = byte, 0, 1
                await RisingEdge(dut.gmii_rx_clk)
                dut.gmii_rx_dv.value = 0
            else:
                await bench.receive([(n, 0) for b in raw for n in (b & 15, b >> 4)])
            await ClockCycles(dut.gmii_rx_clk, 12)

    cocotb.start_soon(line_of(bench, dut.clk, True, fast))
    cocotb.start_soon(line_of(bench, dut.mii_tx_clk, False, slow))
    receiver = cocotb.start_soon(stream())
    speeds = [2, 0, 2, 1, 0, 1]
    for speed in speeds:
        await FallingEdge(dut.clk)
        dut.i_speed.value = speed
        period = {0: 4_000_000, 1: bench.tx_ps, 2: 80_000 if bench.core_ps == 80_000 else 400_000}
        if bench.rnd.randrange(2):
            await Timer(bench.rnd.randrange(2_000_000), "ps")
        await bench.phy_clocks(period[min(speed, 1)], period[speed])
        byte_ps = {0: 8_000_000, 1: 800_000, 2: bench.core_ps}[speed]
        slow.clear()
        fast.clear()
        bench.events.clear()
        for _ in range(4):
            bench.queue.append([(b, 0) for b in frame()])
        await Timer(byte_ps * bench.rnd.randrange(300, 360), "ps")
        tx = fast if speed == 2 else slow
        assert tx and all(raw in sent for raw in tx)
        good = [bytes(b for b, _ in got) for got, odd, er in bench.events
                if not odd and not er and not any(e for _, e in got)]
        whole = [raw for raw in good if raw in [PREAMBLE + one for one in sent]]
        assert len(whole) >= 2, (speed, len(bench.events))
        for raw in good:
            start = raw.find(0xD5) + 1
            assert not (start and zlib.crc32(raw[start:]) == 0x2144DF1C) or raw[start:] in sent
    receiver.kill()


def environment(monkeypatch, core, tx, rx):
    for key, value in (("CORE_PS", core), ("TX_PS", tx), ("RX_PS", rx)):
        monkeypatch.setenv(key, str(value))


# A core at 125 MHz, at twice the byte rate and 100 ppm off, and at 1.9 times.
@pytest.mark.parametrize("core,tx,rx", [
    (80_000, 400_040, 399_960), (400_000, 399_960, 400_040), (421_052, 400_000, 399_960)])
def test_phy_mii(core, tx, rx, monkeypatch):
    environment(monkeypatch, core, tx, rx)
    support.run("ly_phy_gmii", ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v",
                                "rtl/phy/ly_phy_tx.v", "rtl/phy/ly_phy_rx.v",
                                "rtl/phy/ly_phy_gmii.v"], "test_phy_mii", build_tag="phy_mii")
