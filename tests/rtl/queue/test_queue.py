# SPDX-License-Identifier: Apache-2.0
"""ly_queue against a list of frames: random stalls, drops, rewinds, patches, overflow, rates."""

from collections import deque

import cocotb
import pytest
from cocotb.triggers import RisingEdge

import support


def text(handle):
    """A string parameter: Icarus gives bytes, Verilator a number."""
    value = handle.value
    if isinstance(value, bytes):
        return value.decode()
    number = int(value)
    return number.to_bytes((number.bit_length() + 7) // 8, "big").decode()


def words(length):
    return (length + 1) // 2


class Frame:
    """What the writer sends and what must come out."""

    def __init__(self, rnd, length, meta, patch_ofs=None):
        self.data = [rnd.getrandbits(8) for _ in range(length)]
        self.meta = meta
        self.patch_ofs = patch_ofs
        self.patch = rnd.getrandbits(16)
        self.result = list(self.data)
        if patch_ofs is not None:
            self.result[patch_ofs] = self.patch >> 8
            self.result[patch_ofs + 1] = self.patch & 255


class Writer:
    """Offers random frames; knows, cycle by cycle, what the queue has accepted."""

    def __init__(self, dut, rnd, knobs):
        self.dut, self.rnd, self.knobs = dut, rnd, knobs
        self.backpressure = support.param(dut, "BACKPRESSURE")
        self.frame = None
        self.at = 0             # beats moved of the frame
        self.drop_at = None     # drop with or before this beat
        self.verdict = None     # a whole frame that the queue now commits or drops
        self.sent = self.given_up = 0

    def next_frame(self):
        rnd, knobs = self.rnd, self.knobs
        length = rnd.choice((1, 2, 3, rnd.randint(1, knobs["max_len"]),
                             rnd.randint(1, min(80, knobs["max_len"]))))
        ofs = None
        if self.backpressure and length >= 2 and rnd.random() < knobs["patch"]:
            ofs = rnd.choice((0, length - 2, rnd.randrange(length - 1)))
        self.frame = Frame(rnd, length, rnd.getrandbits(2), ofs)
        self.at = 0
        self.drop_at = rnd.randrange(length) if rnd.random() < knobs["drop"] else None

    def sample(self):
        """Before the edge: returns the frame whose verdict is due in the next cycle, or None."""
        dut = self.dut
        moved = dut.s_valid.value == 1 and dut.s_ready.value == 1
        dropped = dut.s_drop.value == 1
        done = None
        if dropped and (moved or dut.s_valid.value == 0):
            self.frame = None
            self.given_up += 1
        elif moved:
            self.at += 1
            if self.at == len(self.frame.data):
                done, self.frame = self.frame, None
                self.sent += 1
        return done, moved

    def drive(self, moved, quiet):
        dut, rnd = self.dut, self.rnd
        if dut.s_valid.value == 1 and not moved:
            return                                  # held, with its payload and its drop
        dut.s_drop.value = 0
        if self.frame is None and not quiet and rnd.random() < self.knobs["start"]:
            self.next_frame()
        offer = self.frame is not None and rnd.random() < self.knobs["p_in"]
        dut.s_valid.value = int(offer)
        if self.frame is None:
            return
        frame, at = self.frame, self.at
        last = at == len(frame.data) - 1
        dut.s_data.value = frame.data[at]
        dut.s_last.value = int(last)
        dut.s_meta.value = frame.meta if last else rnd.getrandbits(2)
        dut.s_patch.value = int(frame.patch_ofs is not None if last else rnd.random() < 0.5)
        if not self.backpressure:
            dut.s_patch.value = 0
        dut.s_patch_ofs.value = frame.patch_ofs or 0
        dut.s_patch_data.value = frame.patch
        if self.drop_at == at and (offer or rnd.random() < 0.5):
            dut.s_drop.value = 1


class Twin:
    """The queue as a list. Every frame has a number; freed ones are forgotten."""

    def __init__(self, dut):
        self.dut = dut
        self.capacity = support.param(dut, "DEPTH_BYTES") // 2
        self.lengths = support.param(dut, "FRAMES")
        self.max_len = 3 << (support.param(dut, "LEN_W") - 2)
        self.frames = deque()       # (number, frame): committed and not freed
        self.commits = 0
        self.ghosts = deque()       # (cycle, words): freed, but the queue may not know yet
        self.dropped = 0

    def used(self):
        return sum(words(len(f.data)) for _, f in self.frames)

    def ghost_words(self, now):
        while self.ghosts and self.ghosts[0][0] < now:
            self.ghosts.popleft()
        return sum(w for _, w in self.ghosts)

    def ghost_drop(self, now):
        """The bytes of a dropped frame count for 2 cycles more."""
        self.ghosts.append((now + 4, self.capacity))

    def free(self, now):
        size = words(len(self.frames.popleft()[1].data))
        self.ghosts.append((now + size + 6, size))

    def commit(self, frame):
        self.frames.append((self.commits, frame))
        self.commits += 1
        assert self.used() <= self.capacity, "more committed than the memory holds"


class Reader:
    """Takes bytes at random, commits and rewinds at random, compares every byte."""

    def __init__(self, dut, rnd, knobs, twin):
        self.dut, self.rnd, self.knobs, self.twin = dut, rnd, knobs, twin
        self.gapless = text(dut.MEM) != "SPRAM"
        self.at = 0
        self.running = False        # a byte of the frame was offered and not yet the last taken
        self.held = None
        self.frames = self.rewinds = self.cut = 0

    def sample(self, now):
        dut, twin = self.dut, self.twin
        known = dut.m_len_valid.value == 1
        valid = dut.m_valid.value == 1
        if known:
            frame = twin.frames[0][1]
            assert int(dut.m_len.value) == len(frame.data)
            assert int(dut.m_meta.value) == frame.meta
        if valid:
            assert known, "data without a length"
            assert self.at < len(frame.data), "bytes behind the last"
            assert int(dut.m_data.value) == frame.result[self.at], f"byte {self.at}"
            assert int(dut.m_last.value) == int(self.at == len(frame.data) - 1)
        else:
            assert not (self.running and self.gapless), "a gap inside the frame"
            assert self.held is None, "m_valid fell"
        self.held = None
        if valid and dut.m_ready.value == 1:
            self.at += 1
        elif valid:
            self.held = True
        self.running = valid and self.at < len(frame.data)
        if known and dut.i_commit.value == 1:
            self.cut += self.at < len(frame.data)
            self.frames += 1
            twin.free(now)
            self.restart()
        elif known and dut.i_rewind.value == 1:
            self.rewinds += 1
            self.restart()

    def restart(self):
        self.at, self.running, self.held = 0, False, None

    def drive(self):
        dut, rnd, knobs, twin = self.dut, self.rnd, self.knobs, self.twin
        dut.m_ready.value = int(rnd.random() < knobs["p_out"])
        whole = twin.frames and self.at == len(twin.frames[0][1].data)
        pulse = rnd.random() < (0.3 if whole else knobs["cut"])
        commit = pulse and rnd.random() < 0.7
        dut.i_commit.value = int(commit)
        dut.i_rewind.value = int(pulse and (not commit or rnd.random() < 0.1))


class Ahead:
    """The reader of lengths: each frame once, in order; freed ones may be left out."""

    def __init__(self, dut, rnd, twin):
        self.dut, self.rnd, self.twin = dut, rnd, twin
        self.next = self.given = 0

    def sample(self):
        dut = self.dut
        if dut.m_ahead_valid.value != 1:
            return
        number, frame = next((n, f) for n, f in self.twin.frames if n >= self.next)
        assert int(dut.m_ahead_len.value) == len(frame.data)
        assert int(dut.m_ahead_meta.value) == frame.meta
        if dut.m_ahead_ready.value == 1:
            self.next = number + 1
            self.given += 1

    def drive(self):
        self.dut.m_ahead_ready.value = int(self.rnd.random() < 0.3)


async def begin(dut):
    for name in ("s_valid", "s_data", "s_last", "s_meta", "s_patch", "s_patch_ofs", "s_patch_data",
                 "s_drop", "m_ready", "i_commit", "i_rewind", "m_ahead_ready"):
        getattr(dut, name).value = 0
    await support.start(dut.clk, dut.rst)


class Bench:
    """All sides in one loop: values read at an edge are those before it."""

    def __init__(self, dut, name, **knobs):
        defaults = {"p_in": 0.8, "p_out": 0.8, "drop": 0.1, "patch": 0.5, "cut": 0.004,
                    "start": 0.5, "max_len": min(1514, support.param(dut, "DEPTH_BYTES") - 4,
                                                 3 << (support.param(dut, "LEN_W") - 2))}
        self.knobs = {**defaults, **knobs}
        self.dut, rnd = dut, support.rng(name)
        self.twin = Twin(dut)
        self.writer = Writer(dut, rnd, self.knobs)
        self.reader = Reader(dut, rnd, self.knobs, self.twin)
        self.ahead = Ahead(dut, rnd, self.twin) if support.param(dut, "EN_AHEAD") else None
        self.now = 0
        self.due = None         # whole frame whose verdict this cycle gives
        self.peak = self.due_peak = 0   # most words in use since the frame began
        self.most = self.due_most = 0   # and most lengths

    def verdict(self):
        dut, twin = self.dut, self.twin
        committed = dut.o_commit_stb.value == 1
        dropped = dut.o_drop_stb.value == 1
        assert committed + dropped == (self.due is not None), "one verdict per whole frame"
        if committed:
            twin.commit(self.due)
        elif dropped:
            twin.dropped += 1
            twin.ghost_drop(self.now)
            need = self.due_peak + words(len(self.due.data))
            assert not self.writer.backpressure
            assert need > twin.capacity - 4 or self.due_most >= twin.lengths \
                or len(self.due.data) > twin.max_len, "dropped without need"

    async def cycles(self, count, quiet=False):
        dut, twin, writer = self.dut, self.twin, self.writer
        for _ in range(count):
            await RisingEdge(dut.clk)
            self.now += 1
            self.verdict()
            if self.ahead:
                self.ahead.sample()
            self.reader.sample(self.now)
            self.peak = max(self.peak, twin.used() + twin.ghost_words(self.now))
            self.most = max(self.most, len(twin.frames) + len(twin.ghosts))
            self.due, moved = writer.sample()
            if self.due:
                self.due_peak, self.due_most = self.peak, self.most
            if writer.frame is None:
                self.peak = self.most = 0
            if dut.s_drop.value == 1:
                twin.ghost_drop(self.now)
            if not writer.backpressure:
                assert dut.s_ready.value == 1
            writer.drive(moved, quiet)
            self.reader.drive()
            if self.ahead:
                self.ahead.drive()

    async def drain(self):
        """No new frames: everything comes out, and nothing is left."""
        self.knobs.update(p_in=1.0, p_out=1.0, cut=0.0, drop=0.0)
        for _ in range(10 + self.twin.capacity):
            await self.cycles(20, quiet=True)
            if not (self.writer.frame or self.due or self.twin.frames):
                break
        await self.cycles(40, quiet=True)
        assert self.writer.frame is None, "a frame never moved"
        assert not self.twin.frames
        assert self.dut.o_empty.value == 1 and int(self.dut.o_level.value) == 0
        assert self.dut.o_more.value == 0 and self.dut.m_len_valid.value == 0


@cocotb.test()
async def random_traffic(dut):
    """Slow and fast sides in every mix, drops, rewinds, commits before the end."""
    await begin(dut)
    bench = Bench(dut, "random")
    for p_in in (0.2, 0.8, 1.0):
        for p_out in (0.2, 0.8, 1.0):
            bench.knobs.update(p_in=p_in, p_out=p_out)
            await bench.cycles(2000)
    await bench.drain()
    reader, writer = bench.reader, bench.writer
    dut._log.info("sent %d dropped by s_drop %d by the queue %d; "
                  "read %d rewinds %d cut %d ahead %s",
                  writer.sent, writer.given_up, bench.twin.dropped, reader.frames, reader.rewinds,
                  reader.cut, bench.ahead.given if bench.ahead else "-")
    assert reader.frames > 20 and reader.rewinds > 10 and reader.cut > 3 and writer.given_up > 3
    if bench.ahead:
        assert bench.ahead.given > 20


@cocotb.test()
async def overflow_of_bytes(dut):
    """Nobody reads for long: it fills, stalls or drops whole frames, and loses none committed."""
    await begin(dut)
    bench = Bench(dut, "bytes", p_in=1.0, p_out=0.0, cut=0.0, drop=0.02)
    longest = bench.knobs["max_len"]
    for _ in range(4):
        bench.knobs.update(p_out=0.0)
        await bench.cycles(min(3 * bench.twin.capacity, 6000))
        filled = bench.twin.used()
        assert filled > bench.twin.capacity - words(longest) - 8 \
            or len(bench.twin.frames) >= bench.twin.lengths
        bench.knobs.update(p_out=0.5)
        await bench.cycles(1000)
    await bench.drain()
    assert bench.writer.backpressure or bench.twin.dropped > 3


@cocotb.test()
async def overflow_of_lengths(dut):
    """Frames of one to three bytes until no length fits any more."""
    await begin(dut)
    bench = Bench(dut, "lengths", p_in=1.0, p_out=0.0, cut=0.0, drop=0.0, max_len=3, start=1.0)
    for _ in range(3):
        bench.knobs.update(p_out=0.0)
        await bench.cycles(8 * bench.twin.lengths + 50)
        room = bench.twin.capacity - bench.twin.used()
        assert room <= 4 or bench.twin.lengths <= len(bench.twin.frames) <= bench.twin.lengths + 2
        bench.knobs.update(p_out=1.0)
        await bench.cycles(400)
    await bench.drain()
    assert bench.writer.backpressure or bench.twin.dropped > 3


@cocotb.test()
async def longest_fits(dut):
    """A frame of DEPTH_BYTES - 4 bytes (or the largest length) enters the empty queue."""
    await begin(dut)
    bench = Bench(dut, "longest", p_in=1.0, p_out=1.0, cut=0.0, drop=0.0)
    length = min(bench.twin.capacity * 2 - 4, bench.twin.max_len)
    for size in (length, length - 1, length):
        bench.writer.frame = Frame(bench.writer.rnd, size, size & 3)
        bench.writer.at, bench.writer.drop_at = 0, None
        await bench.drain()
    assert bench.reader.frames == 3 and bench.twin.dropped == 0


@cocotb.test()
async def too_long(dut):
    """Longer than 3/4 of 2^LEN_W: dropped whole, the next frame is unharmed."""
    await begin(dut)
    size = (3 << (support.param(dut, "LEN_W") - 2)) + 1
    if size > support.param(dut, "DEPTH_BYTES") - 4:
        return
    dropped = 0
    for length in (size, 5):
        for i in range(length):
            dut.s_valid.value, dut.s_data.value, dut.s_last.value = 1, i, int(i == length - 1)
            await RisingEdge(dut.clk)
            assert dut.s_ready.value == 1
        dut.s_valid.value = 0
        await RisingEdge(dut.clk)
        dropped += int(dut.o_drop_stb.value)
    for _ in range(20):
        await RisingEdge(dut.clk)
    assert dropped == 1 and dut.m_len_valid.value == 1 and int(dut.m_len.value) == 5
    assert dut.o_more.value == 0 and int(dut.o_level.value) == 6


class Ticks:
    """A byte every 10ths/10 cycles on average: after every edge, is this a byte's cycle?"""

    def __init__(self, tenths):
        self.tenths, self.phase = tenths, 0

    def __call__(self):
        self.phase += 10
        if self.phase < self.tenths:
            return False
        self.phase -= self.tenths
        return True


async def send_frames(dut, length, count, apart, ticks):
    """The last two bytes come as a patch where there is one. A frame begins every apart ticks."""
    backpressure = support.param(dut, "BACKPRESSURE")
    for _ in range(count):
        at = tick = 0
        while at < length or tick < apart:
            while not ticks():
                await RisingEdge(dut.clk)
            tick += 1
            if at < length:
                dut.s_valid.value = 1
                dut.s_data.value = 0xEE if backpressure and at >= length - 2 else at & 255
                dut.s_last.value = int(at == length - 1)
                dut.s_patch.value = backpressure
                dut.s_patch_ofs.value = length - 2
                dut.s_patch_data.value = ((length - 2) & 255) << 8 | (length - 1) & 255
                await RisingEdge(dut.clk)
                while dut.s_ready.value != 1:
                    await RisingEdge(dut.clk)
                    tick += ticks()
                dut.s_valid.value = 0
                at += 1
            else:
                await RisingEdge(dut.clk)


def rate_lengths(dut):
    largest = min(1514, support.param(dut, "DEPTH_BYTES") // 2 - 4,
                  3 << (support.param(dut, "LEN_W") - 2))
    return sorted({60, 61, 62, 63, largest}) if largest >= 63 else []


@cocotb.test()
async def rate_to_mac(dut):
    """A MAC that sends without pause finds every byte in time: n bytes in n + 24 byte times.

    The host side writes a frame in as many byte times. SPRAM: a byte time is 1.9 cycles, and the
    host side writes every cycle that it may.
    """
    if not support.param(dut, "BACKPRESSURE"):
        return
    await begin(dut)
    spram = text(dut.MEM) == "SPRAM"
    for length in rate_lengths(dut):
        count = 6
        writer = cocotb.start_soon(send_frames(dut, length, count, length + 24, Ticks(10)))
        tick = Ticks(19 if spram else 10)
        while dut.m_valid.value != 1:
            await RisingEdge(dut.clk)
        for nr in range(count):
            # 8 of preamble before the data, 4 of FCS and 12 of gap behind it
            for byte in range(-8, length + 16):
                while not tick():
                    await RisingEdge(dut.clk)
                ready = byte in range(length)
                dut.m_ready.value = int(ready)
                dut.i_commit.value = int(byte == length + 4)
                await RisingEdge(dut.clk)
                if ready:
                    assert dut.m_valid.value == 1, f"frame {nr} byte {byte} of {length} late"
                    assert int(dut.m_data.value) == byte & 255
                    assert dut.m_last.value == int(byte == length - 1)
                dut.m_ready.value = 0
                dut.i_commit.value = 0
        await writer
        for _ in range(20):
            await RisingEdge(dut.clk)
        assert dut.o_empty.value == 1


@cocotb.test()
async def rate_from_mac(dut):
    """Frames arrive without pause, n bytes in n + 24 byte times; the record side, which takes 20
    bytes for its headers and at most 3 for padding, is never a frame late. SPRAM: a byte time is
    1.9 cycles, and so it is at the link.
    """
    if support.param(dut, "BACKPRESSURE"):
        return
    await begin(dut)
    tenths = 19 if text(dut.MEM) == "SPRAM" else 10
    for length in rate_lengths(dut):
        count = 6
        writer = cocotb.start_soon(send_frames(dut, length, count, length + 24, Ticks(tenths)))
        tick = Ticks(tenths)
        for nr in range(count):
            byte = -20
            while dut.m_len_valid.value != 1:
                await RisingEdge(dut.clk)
            while byte < length:
                while not tick():
                    await RisingEdge(dut.clk)
                dut.m_ready.value = int(byte >= 0)
                dut.i_commit.value = int(byte == length - 1)
                await RisingEdge(dut.clk)
                dut.m_ready.value = 0
                dut.i_commit.value = 0
                if byte < 0 or dut.m_valid.value == 1:
                    assert byte < 0 or int(dut.m_data.value) == byte & 255
                    byte += 1
                else:
                    assert byte < length - 1, "committed too early"
            assert dut.o_more.value == 0, f"frame {nr} of {length}: the next one waits already"
            for _ in range(-length % 4):
                await RisingEdge(dut.clk)
        await writer
        for _ in range(20):
            await RisingEdge(dut.clk)
        assert dut.o_empty.value == 1


SETS = {
    "bram_tx": {"MEM": '"BRAM"', "DEPTH_BYTES": 4096, "BACKPRESSURE": 1},
    "bram_rx": {"MEM": '"BRAM"', "DEPTH_BYTES": 4096, "FRAMES": 32, "BACKPRESSURE": 0,
                "READ_FIRST": 0},
    "ecp5_tx": {"MEM": '"DP16KD"', "DEPTH_BYTES": 4096, "BACKPRESSURE": 1},
    "ecp5_rx": {"MEM": '"DP16KD"', "DEPTH_BYTES": 4096, "FRAMES": 32, "BACKPRESSURE": 0,
                "READ_FIRST": 0},
    "spram_tx": {"MEM": '"SPRAM"', "DEPTH_BYTES": 4096, "BACKPRESSURE": 1, "READ_FIRST": 1},
    "spram_rx": {"MEM": '"SPRAM"', "DEPTH_BYTES": 4096, "FRAMES": 32, "BACKPRESSURE": 0,
                 "READ_FIRST": 0},
    "tiny_tx": {"MEM": '"GENERIC"', "DEPTH_BYTES": 32, "FRAMES": 4, "LEN_W": 6, "BACKPRESSURE": 1,
                "EN_AHEAD": 1},
    "tiny_rx": {"MEM": '"SPRAM"', "DEPTH_BYTES": 64, "FRAMES": 4, "LEN_W": 5, "BACKPRESSURE": 0,
                "READ_FIRST": 0, "EN_AHEAD": 1},
}


@pytest.mark.parametrize("name", SETS)
def test_queue(name):
    files = ["rtl/queue/ly_queue.v", "rtl/queue/ly_queue_mem.v", "rtl/queue/ly_dp16kd.v",
             "tests/rtl/queue/DP16KD.v"]
    support.run("ly_queue", files, "test_queue", SETS[name], f"queue-{name}")
