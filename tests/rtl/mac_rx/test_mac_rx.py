# SPDX-License-Identifier: Apache-2.0
"""ly_mac_rx: cocotbext-eth's GMII source in, a Python model with zlib's CRC as the judge.

STB (environment): how i_rx_stb comes: "1", "2", "8" cycles apart, "random", or "marks": only
with the bytes of a carrier event and once after it, as ly_phy_gmii does.
"""

import logging
import os
import zlib
from collections import namedtuple

import cocotb
import pytest
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.eth import GmiiFrame, GmiiSource

import support

# One carrier event as the module should report it. kind: "false" or one of KINDS or "good".
Event = namedtuple("Event", "kind data err er length mcast bcast")
KINDS = {24: "align_err", 23: "fcs_err", 21: "undersize", 20: "fragment", 19: "oversize",
         18: "jabber"}


def fcs(data):
    return zlib.crc32(data).to_bytes(4, "little")


def model(raw, errors, max_frame, odd):
    """What the standard makes of one carrier event, raw octets with RX_ER of each; odd: a nibble
    was left over at its end, which is forgotten where the FCS is good without it."""
    at = 0
    while at < len(raw) and raw[at] == 0x55:
        at += 1
    if at == len(raw) or raw[at] != 0xD5:
        return Event("false", b"", 0, 0, 0, 0, 0)
    frame = bytes(raw[at + 1:])
    n, er = len(frame), int(any(errors))
    bad = er or n < 4 or frame[-4:] != fcs(frame[:-4])
    if n < 64:
        kind = "fragment" if bad else "undersize"
    elif n > max_frame:
        kind = "jabber" if bad else "oversize"
    elif bad and odd and (n < 4 or frame[-4:] != fcs(frame[:-4])):
        kind = "align_err"
    else:
        kind = "fcs_err" if bad else "good"
    data = frame[:-4]
    if n > max_frame:                # one beat above the limit carries the verdict
        data = frame[:max_frame - 4] + frame[-5:-4]
    return Event(kind, data, int(kind != "good"), er, min(n, max_frame + 1),
                 frame[0] & 1 if n >= 6 else 0, int(n >= 6 and frame[:6] == b"\xff" * 6))


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.mode = os.environ.get("STB", "1")
        self.rnd = support.rng(name + self.mode)
        self.few = self.mode not in ("1", "marks")   # more cycles per byte: a sample must do
        self.max_frame = support.param(dut, "MAX_FRAME")
        self.source = GmiiSource(dut.i_rx_data, dut.i_rx_er, dut.i_rx_dv, dut.clk,
                                 enable=None if self.mode == "marks" else dut.i_rx_stb)
        self.source.log.setLevel(logging.WARNING)
        self.seen = []
        self.expected = []
        self.sfd = self.last = 0

    async def begin(self, odd=0):
        self.odd = self.dut.i_rx_odd.value = odd
        self.dut.i_rx_stb.value = int(self.mode == "1")
        await support.start(self.dut.clk, self.dut.rst)
        cocotb.start_soon(self._strobes())
        cocotb.start_soon(self._watch())

    async def _strobes(self):
        dut, n, had = self.dut, 0, 0
        while self.mode != "1":
            await FallingEdge(dut.clk)
            n += 1
            if self.mode == "marks":
                dut.i_rx_stb.value = int(dut.i_rx_dv.value) | had
                had = int(dut.i_rx_dv.value)
            elif self.mode == "random":
                dut.i_rx_stb.value = self.rnd.randrange(2)
            else:
                dut.i_rx_stb.value = int(n % int(self.mode) == 0)

    async def _watch(self):
        dut, data = self.dut, bytearray()
        while True:
            await RisingEdge(dut.clk)
            if dut.rst.value == 1:
                data.clear()
                continue
            valid, stb = dut.m_rx_valid.value == 1, dut.o_ev_stb.value == 1
            self.sfd += int(dut.o_tap_sfd.value)
            self.last += int(dut.o_tap_last.value)
            if dut.o_false_stb.value == 1:
                assert not stb and not valid and not data
                self.seen.append(Event("false", b"", 0, 0, 0, 0, 0))
            if valid:
                data.append(int(dut.m_rx_data.value))
                assert stb == (dut.m_rx_last.value == 1)
            if stb:
                self.seen.append(self._event(int(dut.m_rx_ev.value), bytes(data),
                                             int(dut.m_rx_err.value)))
                data.clear()

    def _event(self, ev, data, err):
        kinds = [name for bit, name in KINDS.items() if ev >> bit & 1]
        assert len(kinds) <= 1, f"two classes at once: {kinds}"
        length = ev >> 2 & 0xFFFF
        known = length >= 6          # mcast and bcast mean nothing without a whole address
        return Event(kinds[0] if kinds else "good", data, err, ev >> 22 & 1, length,
                     (ev >> 1 & 1) * known, (ev & 1) * known)

    def send(self, octets, preamble=b"\x55" * 7 + b"\xd5", er_at=()):
        """Queue one carrier event: preamble, then octets as they are (with FCS); er_at in it."""
        raw = bytes(preamble) + bytes(octets)
        errors = [int(n in er_at) for n in range(len(raw))]
        self.expected.append(model(raw, errors, self.max_frame, self.odd))
        self.source.send_nowait(GmiiFrame(raw, errors))

    async def check(self, kinds=None):
        """Everything queued came out as the model says; kinds: those that must have occurred."""
        await self.source.wait()
        await ClockCycles(self.dut.clk, 100)
        assert self.dut.o_busy.value == 0
        assert len(self.seen) == len(self.expected)
        for n, (seen, want) in enumerate(zip(self.seen, self.expected)):
            assert seen == want, f"event {n}"
        frames = sum(e.kind != "false" for e in self.expected)
        assert (self.sfd, self.last) == (frames, frames)
        if kinds is not None:
            assert {e.kind for e in self.expected} == set(kinds)
        self.seen.clear()
        self.expected.clear()
        self.sfd = self.last = 0


def good(rnd, length):
    """A frame of length octets DA..FCS; unicast, group and broadcast."""
    kind = rnd.randrange(3)
    head = b"\xff" * 6 if kind == 2 else bytes([(rnd.getrandbits(8) & 0xFE) | (kind == 1)])
    data = (head + rnd.randbytes(length))[:length - 4]
    return data + fcs(data)


@cocotb.test()
async def lengths(dut):
    """Good frames of all short lengths and a sample of the rest, with the smallest gap.

    Clause: IEEE 802.3 3.2.7, IEEE 802.3 4.2.4
    """
    bench = Bench(dut, "lengths")
    await bench.begin()
    bench.source.ifg = 1
    top = bench.max_frame
    sizes = [64, 65, 66, 67, 68, 69, 127, 128, top - 1, top]
    if not bench.few:
        sizes += list(range(70, 90)) + [bench.rnd.randrange(64, top + 1) for _ in range(6)]
    bench.rnd.shuffle(sizes)
    for size in sizes:
        bench.send(good(bench.rnd, size))
    await bench.check(["good"])


@cocotb.test()
async def preambles(dut):
    """0 to 20 bytes of preamble before the SFD, and a D5 as first octet of the address.

    Clause: IEEE 802.3 3.2.1, IEEE 802.3 3.2.2
    """
    bench = Bench(dut, "preambles")
    await bench.begin()
    for n in range(0, 21, 5 if bench.few else 1):
        bench.send(good(bench.rnd, 64), preamble=b"\x55" * n + b"\xd5")
    data = b"\xd5" * 3 + bench.rnd.randbytes(57)
    bench.send(data + fcs(data))
    await bench.check(["good"])


@cocotb.test()
async def false_carrier(dut):
    """Anything but 55 before the SFD, and events without an SFD: nothing but one strobe each."""
    bench = Bench(dut, "false")
    await bench.begin()
    frame = good(bench.rnd, 64)
    for head in (b"\x5d", b"\x55\x00\xd5", b"\x00\xd5", b"\x55" * 6 + b"\x54\xd5", b"\xd4",
                 b"\x55\x55\x5d\x55\xd5", b"\xff\x55\x55\xd5"):
        bench.send(frame, preamble=head)
        bench.send(good(bench.rnd, 64))
    for n in (1, 2, 7, 8, 100):
        bench.send(b"", preamble=b"\x55" * n)
        bench.send(good(bench.rnd, 64))
    bench.send(b"", preamble=b"\xaa")
    await bench.check(["false", "good"])


@cocotb.test()
async def bad_fcs(dut):
    """Each kind of bad FCS: a flipped bit anywhere, complement, swapped bytes, off by a byte.

    Clause: IEEE 802.3 3.2.9, IEEE 802.3 3.4
    """
    bench = Bench(dut, "fcs")
    await bench.begin()
    for size in (65,) if bench.few else (64, 65, 100):
        for _ in range(5 if bench.few else 12):
            frame = bytearray(good(bench.rnd, size))
            frame[bench.rnd.randrange(size)] ^= 1 << bench.rnd.randrange(8)
            bench.send(frame)
        for n in range(1, 5):
            frame = bytearray(good(bench.rnd, size))
            frame[-n] ^= 1 << bench.rnd.randrange(8)
            bench.send(frame)
        frame = good(bench.rnd, size)
        bench.send(frame[:-4] + bytes(b ^ 0xFF for b in frame[-4:]))
        bench.send(frame[:-4] + frame[:-5:-1])
        bench.send(frame + b"\x00")
        bench.send(frame[:-4] + b"\x00" + frame[-4:])
        bench.send(frame)
    await bench.check(["fcs_err", "good"])


@cocotb.test()
async def rx_er(dut):
    """RX_ER with any byte from the preamble to the last of the FCS; the next frame is good.

    Clause: IEEE 802.3 35.2.2.7
    """
    bench = Bench(dut, "er")
    await bench.begin()
    for where in (0, 7, 71) if bench.few else range(8 + 64):
        bench.send(good(bench.rnd, 64), er_at=(where,))
        bench.send(good(bench.rnd, 64))
    bench.send(good(bench.rnd, 40), er_at=(20,))
    bench.send(good(bench.rnd, 64))
    bench.send(b"", preamble=b"\x55\x55", er_at=(1,))
    bench.send(good(bench.rnd, 64))
    await bench.check(["fcs_err", "fragment", "false", "good"])


@cocotb.test()
async def bytes_lost(dut):
    """RX_ER with the end mark (the PHY side lost bytes) makes the frame bad; between frames not."""
    bench = Bench(dut, "lost")
    await bench.begin()
    await ClockCycles(dut.clk, 40)           # the source has set its idle line, and rests
    want = []
    for er in (0, 1, 0):
        frame = good(bench.rnd, 64)
        for byte in b"\x55\x55\xd5" + frame:
            dut.i_rx_dv.value, dut.i_rx_data.value = 1, byte
            await RisingEdge(dut.clk)
            while dut.i_rx_stb.value == 0:
                await RisingEdge(dut.clk)
        dut.i_rx_dv.value = 0
        dut.i_rx_er.value = er
        await RisingEdge(dut.clk)
        while dut.i_rx_stb.value == 0 and bench.mode != "marks":
            await RisingEdge(dut.clk)
        dut.i_rx_er.value = 1                # carrier extension and the like
        await ClockCycles(dut.clk, 20)
        dut.i_rx_er.value = 0
        await ClockCycles(dut.clk, 20)
        want.append(("fcs_err" if er else "good", er))
    assert [(e.kind, e.er) for e in bench.seen] == want


@cocotb.test()
async def short(dut):
    """Every length below 64, with good and bad FCS; below 5 there is an event and no data.

    Clause: IEEE 802.3 3.4, IEEE 802.3 4.2.4
    """
    bench = Bench(dut, "short")
    await bench.begin()
    for size in [0, 1, 4, 5, 6, 63] if bench.few else range(64):
        if size >= 4:
            bench.send(good(bench.rnd, size))
        bench.send(bench.rnd.randbytes(size))
        if size % 12 == 0:
            bench.send(good(bench.rnd, 64))
    await bench.check(["undersize", "fragment", "good"])


@cocotb.test()
async def long(dut):
    """Above MAX_FRAME the data stops, the verdict comes at the end, the next frame is good.

    Clause: IEEE 802.3 3.4
    """
    bench = Bench(dut, "long")
    await bench.begin()
    top = bench.max_frame
    sizes = [top + 1, top + 5]
    if bench.mode == "marks":
        sizes += [top + 2, top + 3, top + 4, top + 6, 2 * top, 2100]
    for size in sizes:
        bench.send(good(bench.rnd, size))
        bench.send(bench.rnd.randbytes(size))
        bench.send(good(bench.rnd, 64))
    await bench.check(["oversize", "jabber", "good"])


@cocotb.test()
async def edge(dut):
    """The longest frame of the build is good, one octet more is not.

    Clause: IEEE 802.3 3.4
    """
    bench = Bench(dut, "edge")
    await bench.begin()
    for size in (bench.max_frame, bench.max_frame + 1, bench.max_frame):
        bench.send(good(bench.rnd, size))
    await bench.check(["good", "oversize"])


@cocotb.test()
async def soup(dut):
    """Random events of all kinds in random order and with random gaps."""
    bench = Bench(dut, "soup")
    await bench.begin()
    rnd = bench.rnd
    for _ in range(2 if bench.few else 8):
        bench.source.ifg = rnd.choice([1, 2, 12])
        for _ in range(10):
            frame = bytearray(good(rnd, rnd.choice([5, 20, 63, 64, 65, 90, 130])))
            if rnd.randrange(3) == 0:
                frame[rnd.randrange(len(frame))] ^= 1 << rnd.randrange(8)
            if rnd.randrange(4) == 0:
                frame = frame[:rnd.randrange(len(frame))]
            head = b"\x55" * rnd.randrange(9) + bytes([rnd.choice([0xD5] * 6 + [0xD4, 0xF5])])
            bench.send(frame, head, [rnd.randrange(80)] if rnd.randrange(5) == 0 else ())
        await bench.check()


@cocotb.test()
async def alignment(dut):
    """A nibble left over: an alignment error where the FCS is wrong, else nothing.

    Clause: IEEE 802.3 4.2.4.1.1, IEEE 802.3 4.2.4.2.2
    """
    bench = Bench(dut, "alignment")
    await bench.begin(odd=1)
    for length in (10, 63, 64, 65, 100):
        frame = good(bench.rnd, length)
        bench.send(frame)
        bench.send(frame, er_at=[30])
        bench.send(frame[:-1] + bytes([frame[-1] ^ 1 << bench.rnd.randrange(8)]))
    await bench.check(["good", "align_err", "fcs_err", "fragment", "undersize"])


@cocotb.test()
async def latency(dut):
    """m_rx with the strobe of the 5th byte behind, the last one a cycle after the end mark: 5 and
    2 cycles after its own byte, and after the last of the FCS, where a byte comes in each cycle."""
    bench = Bench(dut, "latency")
    await bench.begin()
    bench.send(good(bench.rnd, 64))
    octets = mark = None
    stamps = []                      # cycle of the strobe of each octet after the SFD
    beats = []
    for cycle in range(100 + 80 * {"2": 2, "8": 8, "random": 4}.get(bench.mode, 1)):
        await RisingEdge(dut.clk)    # values of the cycle that ends here
        if dut.i_rx_stb.value == 1:
            if dut.i_rx_dv.value == 1 and octets is not None:
                stamps.append(cycle)
            elif octets is not None and mark is None:
                mark = cycle
            if dut.i_rx_dv.value == 1 and int(dut.i_rx_data.value) == 0xD5:
                octets = octets or 0
        if dut.m_rx_valid.value == 1:
            beats.append(cycle)
    assert len(beats) == 60 and len(stamps) == 64
    assert beats[:59] == stamps[5:]
    assert beats[59] == mark + 1


@cocotb.test()
async def reset_inside(dut):
    """A reset in mid frame: the rest of it is not a frame, the next one is good."""
    bench = Bench(dut, "reset")
    await bench.begin()
    for _ in range(4):
        bench.source.send_nowait(GmiiFrame(b"\x55" * 7 + b"\xd5" + b"\x11" * 100))
        await ClockCycles(dut.clk, bench.rnd.randrange(10, 60))
        dut.rst.value = 1
        await ClockCycles(dut.clk, 3)
        dut.rst.value = 0
        await bench.source.wait()
        await ClockCycles(dut.clk, 100)
        assert all(e.kind in ("false", "fragment", "fcs_err") for e in bench.seen)
        bench.seen.clear()
        bench.sfd = bench.last = 0
        bench.send(good(bench.rnd, 64))
        await bench.check(["good"])


SOME = ["lengths", "rx_er", "latency"]


@pytest.mark.parametrize("stb, testcase", [
    ("1", None), ("marks", None), ("random", None), ("2", SOME), ("8", SOME)])
def test_mac_rx(stb, testcase, monkeypatch):
    monkeypatch.setenv("STB", stb)
    params = {} if stb == "1" else {"MAX_FRAME": 150}
    support.run("ly_mac_rx", ["rtl/mac/ly_fcs.v", "rtl/mac/ly_mac_rx.v"], "test_mac_rx", params,
                "mac_rx" if stb == "1" else "mac_rx_150", testcase=testcase)


def test_mac_rx_jumbo(monkeypatch):
    monkeypatch.setenv("STB", "1")
    support.run("ly_mac_rx", ["rtl/mac/ly_fcs.v", "rtl/mac/ly_mac_rx.v"], "test_mac_rx",
                {"MAX_FRAME": 9018}, "mac_rx_9018", testcase=["edge"])
