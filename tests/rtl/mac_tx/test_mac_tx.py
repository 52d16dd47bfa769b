# SPDX-License-Identifier: Apache-2.0
"""ly_mac_tx: cocotbext-eth's GMII sink and zlib's CRC judge what leaves it.

TICK (parameter of the run, by environment): how i_tx_tick comes: "1", "2", "8" cycles, "random".
"""

import logging
import os
import zlib

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.eth import GmiiSink

import support

PREAMBLE = b"\x55" * 7 + b"\xd5"


class Bench:
    """Source of frames at s_tx, ticks, sink at the wire, and what the module itself reports."""

    def __init__(self, dut, name):
        self.dut = dut
        self.tick = os.environ.get("TICK", "1")
        self.rnd = support.rng(name + self.tick)
        self.few = self.tick != "1"  # more cycles per byte: a sample must do
        self.sink = GmiiSink(dut.o_tx_data, dut.o_tx_er, dut.o_tx_en, dut.clk,
                             enable=dut.i_tx_tick)
        self.sink.log.setLevel(logging.WARNING)
        self.frames = []            # to send: (data, err, {offset: idle cycles before that byte})
        self.done = []              # o_done_*: (len, pad, mcast, bcast, err)
        self.gaps = []              # idle byte times before each frame on the wire
        self.taps = []              # "start", "sfd", "end" in order
        self.preambles = []         # bytes of each frame up to its SFD, seen at the pins

    async def begin(self):
        dut = self.dut
        for pin in (dut.s_tx_valid, dut.s_tx_data, dut.s_tx_last, dut.s_tx_err):
            pin.value = 0
        for pin in (dut.i_own_fcs, dut.i_crs, dut.i_col, dut.i_seed):
            pin.value = 0
        dut.i_en.value = 1
        dut.i_full_duplex.value = 1
        dut.i_tx_tick.value = 1
        await support.start(dut.clk, dut.rst)
        for task in (self._ticks, self._feed, self._watch):
            cocotb.start_soon(task())

    async def _ticks(self):
        pattern = {"1": (1,), "2": (0, 1), "8": (0,) * 7 + (1,)}.get(self.tick)
        n = 0
        while pattern != (1,):
            await RisingEdge(self.dut.clk)
            n += 1
            self.dut.i_tx_tick.value = (self.rnd.randrange(2) if pattern is None
                                        else pattern[n % len(pattern)])

    async def _feed(self):
        dut = self.dut
        while True:
            while not self.frames:
                await RisingEdge(dut.clk)
            data, err, holes = self.frames.pop(0)
            for n, byte in enumerate(data):
                if n in holes:
                    dut.s_tx_valid.value = 0
                    await ClockCycles(dut.clk, holes[n])
                last = n == len(data) - 1
                dut.s_tx_valid.value = 1
                dut.s_tx_data.value = byte
                dut.s_tx_last.value = int(last)
                dut.s_tx_err.value = int(err) if last else self.rnd.randrange(2)
                await RisingEdge(dut.clk)
                while dut.s_tx_ready.value == 0:
                    await RisingEdge(dut.clk)
            dut.s_tx_valid.value = 0

    async def _watch(self):
        """Reports, taps with the byte that stands at the pins, and the gap in ticks."""
        dut = self.dut
        idle, was_en = None, 0
        while True:
            await RisingEdge(dut.clk)
            data, en = int(dut.o_tx_data.value), int(dut.o_tx_en.value)
            if dut.o_tap_start.value == 1:
                assert en and not was_en and data == 0x55
                self.taps.append("start")
            if dut.o_tap_sfd.value == 1:
                assert en and data == 0xD5
                self.taps.append("sfd")
            assert dut.o_done_stb.value == dut.o_tap_end.value
            assert dut.o_rewind.value == 0 and dut.o_done_coll.value == 0
            if dut.o_done_stb.value == 1:
                assert en
                self.taps.append("end")
                self.done.append(tuple(int(p.value) for p in (
                    dut.o_done_len, dut.o_done_pad, dut.o_done_mcast, dut.o_done_bcast,
                    dut.o_done_err)))
            assert en or dut.o_tx_er.value == 0
            assert dut.o_busy.value == 1 or not en
            if en and not was_en and idle is not None:
                self.gaps.append(idle)
            if en and not was_en:
                head = bytearray()
            was_en = en
            if dut.i_tx_tick.value == 1:
                idle = 0 if en else (idle or 0) + 1
                if en and 0xD5 not in head:
                    head.append(data)
                    if data == 0xD5:
                        self.preambles.append(bytes(head))

    def send(self, data, err=False, holes=None):
        self.frames.append((bytes(data), err, holes or {}))

    async def receive(self):
        """(octets after the SFD, the TX_ER of each, time of the start).

        The preamble is judged at the pins: the sink of cocotbext-eth 0.1.28 drops its first byte.
        """
        frame = await with_timeout(self.sink.recv(), 1, "ms")
        assert self.preambles.pop(0) == PREAMBLE
        at = frame.get_preamble_len()
        errors = frame.error or [0] * len(frame.data)
        assert not any(errors[:at])
        return bytes(frame.data[at:]), errors[at:], frame.sim_time_start

    async def expect(self, data):
        """The next frame on the wire is data, whole and good."""
        octets, errors, _ = await self.receive()
        padded = data + bytes(max(0, 60 - len(data)))
        assert not any(errors), "TX_ER in a good frame"
        assert octets == padded + zlib.crc32(padded).to_bytes(4, "little")
        await ClockCycles(self.dut.clk, 1)
        assert self.done.pop(0) == (len(padded) + 4, len(padded) - len(data), data[0] & 1,
                                    int(data[:6] == b"\xff" * 6), 0)

    async def expect_bad(self, head, length):
        """The next frame begins with head; its FCS is wrong in every bit and has TX_ER."""
        octets, errors, _ = await self.receive()
        assert octets[:len(head)] == head and len(octets) == length
        right = zlib.crc32(octets[:-4])
        assert octets[-4:] == (right ^ 0xFFFFFFFF).to_bytes(4, "little")
        await ClockCycles(self.dut.clk, 1)
        done_len, _, _, _, done_err = self.done.pop(0)
        assert done_err == 1 and done_len == length
        return errors


def some_frame(rnd, length):
    """Random bytes; a third each to a unicast, a group and the broadcast address."""
    kind = rnd.randrange(3)
    first = (rnd.getrandbits(8) & 0xFE) | (kind == 1)
    head = b"\xff" * 6 if kind == 2 else bytes([first]) + rnd.randbytes(5)
    return head + rnd.randbytes(length - 6)


@cocotb.test()
async def lengths_and_gap(dut):
    """Every short length, a sample of the rest; in between exactly 12 byte times, or the wait.

    Clause: IEEE 802.3 3.2.8, IEEE 802.3 3.2.9, IEEE 802.3 4.2.3.3, IEEE 802.3 4.4.2
    """
    bench = Bench(dut, "lengths")
    await bench.begin()
    lengths = [14, 59, 60, 61, 128]
    if not bench.few:
        lengths += [*range(15, 59), *range(62, 70), 127, 255, 256, 1023, 1024, 1513, 1514]
        lengths += [bench.rnd.randrange(70, 1514) for _ in range(10)]
    bench.rnd.shuffle(lengths)
    frames = [some_frame(bench.rnd, n) for n in lengths]
    for data in frames:
        bench.send(data)
    for data in frames:
        await bench.expect(data)
    assert bench.gaps[1:] == [12] * (len(frames) - 1)
    assert bench.taps == ["start", "sfd", "end"] * len(frames)
    while dut.o_busy.value == 1:
        await RisingEdge(dut.clk)
    assert dut.s_tx_ready.value == 0


@cocotb.test()
async def almost_broadcast(dut):
    """One byte of the address other than FF is not broadcast; a later one does not matter."""
    bench = Bench(dut, "broadcast")
    await bench.begin()
    for n in (0, 5, 6) if bench.few else range(8):
        data = bytearray(b"\xff" * 8 + b"\x08\x00" + bytes(50))
        data[n] ^= 1 << bench.rnd.randrange(1 if n == 0 else 0, 8)
        bench.send(data)
        await bench.expect(bytes(data))


@cocotb.test()
async def byte_times(dut):
    """Back to back, a minimum frame takes 84 byte times and the longest 1538.

    Clause: IEEE 802.3 4.4.2
    """
    bench = Bench(dut, "times")
    await bench.begin()
    for length, times in ((14, 84), (60, 84), (61, 85), (1514, 1538)):
        if length == 1514 and bench.few:
            continue
        data = some_frame(bench.rnd, length)
        for _ in range(4):
            bench.send(data)
        starts = []
        for _ in range(4):
            starts.append((await bench.receive())[2])
        if bench.tick != "random":
            cycles = int(bench.tick) * 8000
            assert [b - a for a, b in zip(starts, starts[1:])] == [times * cycles] * 3
        assert bench.gaps[-3:] == [12] * 3


@cocotb.test()
async def jumbo(dut):
    """The longest frame of the build, twice back to back, then a short one: 12 byte times between,
    and the length counter holds.

    Clause: IEEE 802.3 4.4.2
    """
    bench = Bench(dut, "jumbo")
    await bench.begin()
    top = support.param(dut, "MAX_FRAME") - 4
    frames = [some_frame(bench.rnd, n) for n in (top, top, 60)]
    for data in frames:
        bench.send(data)
    for data in frames:
        await bench.expect(data)
    assert bench.gaps[1:] == [12, 12]


@cocotb.test()
async def latency(dut):
    """The first byte at s_tx puts a preamble byte on the wire with the next tick."""
    bench = Bench(dut, "latency")
    await bench.begin()
    for wait in (20, 21, 27):
        await ClockCycles(dut.clk, wait * 8)
        bench.send(some_frame(bench.rnd, 60))
        while dut.s_tx_valid.value == 0:
            await RisingEdge(dut.clk)
        while dut.i_tx_tick.value == 0:          # values before this edge
            assert dut.o_tx_en.value == 0
            await RisingEdge(dut.clk)
        assert dut.o_tx_en.value == 0
        await RisingEdge(dut.clk)
        assert dut.o_tx_en.value == 1 and dut.o_tap_start.value == 1
        await bench.receive()


@cocotb.test()
async def underrun(dut):
    """A hole anywhere spoils that frame, the rest of it is thrown away, the next is good.

    Clause: IEEE 802.3 35.2.2.5
    """
    bench = Bench(dut, "underrun")
    await bench.begin()
    places = [1, 2, 5, 6, 14, 57, 58, 59, 60, 61, 150, 199] * 2
    if bench.few:
        places = [1, 60, 199]
    elif os.environ.get("LY_SIM") == "verilator":
        places = range(1, 200)
    for where in places:
        data, good = some_frame(bench.rnd, 200), some_frame(bench.rnd, 64)
        # As long as several byte times at any tick, sometimes longer than the gap.
        bench.send(data, holes={where: bench.rnd.choice([20, 40, 400])})
        bench.send(good)
        errors = await bench.expect_bad(data[:where], where + 5)
        assert errors == [0] * where + [1] * 5
        await bench.expect(good)
    assert min(bench.gaps[1:]) == 12


@cocotb.test()
async def late_bytes(dut):
    """s_tx_valid may be low between ticks: only when a byte is due it must be up."""
    bench = Bench(dut, "late")
    await bench.begin()
    hole = {"2": 1, "8": 7}.get(bench.tick, 0)
    data = some_frame(bench.rnd, 70)
    # The feeder offers a byte right after the tick that took the one before.
    bench.send(data, holes={n: hole for n in range(1, 70) if hole})
    await bench.expect(data)


@cocotb.test()
async def error_with_last(dut):
    """s_tx_err counts only with last: the frame is padded, its FCS is wrong, nothing is lost."""
    bench = Bench(dut, "err")
    await bench.begin()
    for length in (59, 60) if bench.few else (14, 59, 60, 61, 300):
        data, good = some_frame(bench.rnd, length), some_frame(bench.rnd, 64)
        bench.send(data, err=True)
        bench.send(good)
        errors = await bench.expect_bad(data, max(60, length) + 4)
        assert errors == [0] * max(60, length) + [1] * 4
        await bench.expect(good)
    assert bench.gaps[1:] == [12] * (len(bench.gaps) - 1)


@cocotb.test()
async def own_fcs(dut):
    """With i_own_fcs octets go out as they come, also runts and wrong FCS; the gap stays."""
    bench = Bench(dut, "own")
    await bench.begin()
    dut.i_own_fcs.value = 1
    frames = [bench.rnd.randbytes(n) for n in (1, 6, 20, 63, 64, 65, 200)]
    for data in frames:
        bench.send(data)
    for data in frames:
        octets, errors, _ = await bench.receive()
        assert octets == data and not any(errors)
        await ClockCycles(dut.clk, 1)
        assert bench.done.pop(0)[:2] == (len(data), 0)
    assert bench.gaps[1:] == [12] * (len(frames) - 1)


@cocotb.test()
async def disabled(dut):
    """Without i_en no frame starts, and one that has started is finished."""
    bench = Bench(dut, "disabled")
    await bench.begin()
    dut.i_en.value = 0
    first, second = some_frame(bench.rnd, 100), some_frame(bench.rnd, 100)
    bench.send(first)
    bench.send(second)
    await ClockCycles(dut.clk, 500)
    assert bench.taps == [] and dut.o_busy.value == 0
    dut.i_en.value = 1
    while "sfd" not in bench.taps:
        await RisingEdge(dut.clk)
    dut.i_en.value = 0
    await bench.expect(first)
    await ClockCycles(dut.clk, 500)
    assert bench.sink.empty() and bench.taps == ["start", "sfd", "end"]
    dut.i_en.value = 1
    await bench.expect(second)


@cocotb.test()
async def reset_inside(dut):
    """A reset in mid frame silences the wire at once; what comes next is good."""
    bench = Bench(dut, "reset")
    await bench.begin()
    for where in (9, 75) if bench.few else (1, 9, 40, 75):
        bench.send(some_frame(bench.rnd, 60))
        while dut.o_tx_en.value == 0:
            await RisingEdge(dut.clk)
        cycles = {"1": 1, "2": 2, "8": 8, "random": 2}[bench.tick]
        await ClockCycles(dut.clk, where * cycles)
        dut.rst.value = 1
        await ClockCycles(dut.clk, 2)
        assert dut.o_tx_en.value == 0 and dut.o_busy.value == 0
        await ClockCycles(dut.clk, 2)
        while dut.s_tx_valid.value == 1:         # the source is a new one after a reset
            await RisingEdge(dut.clk)
            if dut.s_tx_valid.value == 1:
                dut.rst.value = 0
        dut.rst.value = 0
        await ClockCycles(dut.clk, 100 * cycles)
        while not bench.sink.empty():
            bench.sink.recv_nowait()
        bench.done.clear()
        bench.preambles.clear()
        good = some_frame(bench.rnd, 80)
        bench.send(good)
        await bench.expect(good)


SOME = ["byte_times", "latency", "underrun", "late_bytes"]
SOURCES = ["rtl/mac/ly_fcs.v", "rtl/mac/ly_csma.v", "rtl/mac/ly_mac_tx.v"]


@pytest.mark.parametrize("tick, testcase",
                         [("1", None), ("random", None), ("2", SOME), ("8", SOME)])
def test_mac_tx(tick, testcase, monkeypatch):
    monkeypatch.setenv("TICK", tick)
    support.run("ly_mac_tx", SOURCES, "test_mac_tx", build_tag="mac_tx", testcase=testcase)


def test_mac_tx_jumbo(monkeypatch):
    monkeypatch.setenv("TICK", "1")
    support.run("ly_mac_tx", SOURCES, "test_mac_tx", {"MAX_FRAME": 9018}, "mac_tx_9018",
                testcase=["jumbo"])
