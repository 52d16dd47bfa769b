# SPDX-License-Identifier: Apache-2.0
"""ly_csum_tx against a checksum by RFC 1071: value, place, range, hold, drop, rate."""

from collections import namedtuple

import cocotb
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

import support

LEN_W = 14
CYCLE_PS = 8000
PATIENCE = {"timeout_time": 5, "timeout_unit": "ms"}     # a frame that never comes is a failure
Job = namedtuple("Job", "data need start offset drop_at", defaults=(None,))
Out = namedtuple("Out", "data patch")               # patch: None or (offset, value)


def cycle():
    """The number of the clock edge that is now."""
    return round(get_sim_time("ps") / CYCLE_PS)


def checksum(data):
    """RFC 1071 over bytes, odd end padded with 0; 0 is sent as FFFF (RFC 768)."""
    padded = bytes(data) + b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(padded[i:i + 2], "big") for i in range(0, len(padded), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF) or 0xFFFF


def expected(job):
    """What must come out: Out, or None where the frame is swallowed."""
    if not job.need:
        return Out(job.data, None)
    if job.start + job.offset + 2 > len(job.data):
        return None
    return Out(job.data, (job.start + job.offset, checksum(job.data[job.start:])))


class Bench:
    """Source and sink stepped once per clock; frames that come out are collected in `out`."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.jobs, self.out = [], []
        self.inserted = self.swallowed = self.drops = 0
        self.first_at = self.last_at = self.s_last_at = None

    async def begin(self):
        dut = self.dut
        for pin in (dut.s_meta_valid, dut.s_meta_need_csum, dut.s_meta_csum_start, dut.s_tx_drop,
                    dut.s_meta_csum_offset, dut.s_meta_len, dut.s_tx_valid, dut.s_tx_data,
                    dut.s_tx_last, dut.m_tx_ready):
            pin.value = 0
        await support.start(dut.clk, dut.rst, CYCLE_PS)

    def put_meta(self, job):
        dut = self.dut
        dut.s_meta_valid.value = 1
        dut.s_meta_need_csum.value = int(job.need)
        dut.s_meta_csum_start.value = job.start
        dut.s_meta_csum_offset.value = job.offset
        dut.s_meta_len.value = len(job.data)

    def put_byte(self, job, pos):
        self.dut.s_tx_valid.value = 1
        self.dut.s_tx_data.value = job.data[pos]
        self.dut.s_tx_last.value = int(pos == len(job.data) - 1)

    def idle_meta(self):
        """What stands beside a low valid must not matter."""
        dut, rnd = self.dut, self.rnd
        dut.s_meta_valid.value = 0
        dut.s_meta_need_csum.value = rnd.getrandbits(1)
        dut.s_meta_csum_start.value = rnd.getrandbits(16)
        dut.s_meta_csum_offset.value = rnd.getrandbits(16)
        dut.s_meta_len.value = rnd.getrandbits(LEN_W)

    def idle_byte(self):
        dut, rnd = self.dut, self.rnd
        dut.s_tx_valid.value = 0
        dut.s_tx_data.value = rnd.getrandbits(8)
        dut.s_tx_last.value = rnd.getrandbits(1)

    async def source(self, p_in):
        """Plays self.jobs; a dropped one stops at byte drop_at with the strobe."""
        dut, rnd = self.dut, self.rnd
        for job in self.jobs:
            self.put_meta(job)
            await RisingEdge(dut.clk)
            while dut.s_meta_ready.value == 0:
                await RisingEdge(dut.clk)
            self.idle_meta()
            for pos in range(len(job.data)):
                if pos == job.drop_at:
                    break
                while rnd.random() >= p_in:
                    self.idle_byte()
                    await RisingEdge(dut.clk)
                self.put_byte(job, pos)
                await RisingEdge(dut.clk)
                while dut.s_tx_ready.value == 0:
                    await RisingEdge(dut.clk)
            self.s_last_at = cycle()
            self.idle_byte()
            if job.drop_at is not None:
                dut.s_tx_drop.value = 1
                await RisingEdge(dut.clk)
                dut.s_tx_drop.value = 0
        self.jobs = []

    async def sink(self, p_out):
        """Collects frames and holds the stream to its rules."""
        dut, rnd = self.dut, self.rnd
        data, held = bytearray(), None
        while True:
            await RisingEdge(dut.clk)
            self.inserted += int(dut.o_inserted_stb.value)
            self.swallowed += int(dut.o_drop_stb.value)
            valid = int(dut.m_tx_valid.value)
            if dut.m_tx_drop.value == 1:
                assert not valid
                data, held = bytearray(), None
                self.drops += 1
            beat = None
            if valid:
                last = int(dut.m_tx_last.value)
                patch = (int(dut.m_patch_ofs.value), int(dut.m_patch_data.value)) \
                    if last and dut.m_patch.value == 1 else None
                beat = (int(dut.m_tx_data.value), last, patch)
            assert held is None or held == beat or self.dropping, "an offered beat changed"
            held = beat
            if valid and dut.m_tx_ready.value == 1:
                self.take(data, beat)
                held = None
                if beat[1]:
                    data = bytearray()
            self.dropping = dut.s_tx_drop.value == 1
            dut.m_tx_ready.value = int(rnd.random() < p_out)

    dropping = False

    def take(self, data, beat):
        if not data:
            self.first_at = cycle()
        data.append(beat[0])
        if beat[1]:
            self.out.append(Out(bytes(data), beat[2]))
            self.last_at = cycle()

    async def run(self, p_in, p_out):
        """Send self.jobs and take what comes until nothing is left."""
        sink = cocotb.start_soon(self.sink(p_out))
        await self.source(p_in)
        for _ in range(30):
            await RisingEdge(self.dut.clk)
        while self.dut.o_busy.value == 1:
            await RisingEdge(self.dut.clk)
        await RisingEdge(self.dut.clk)
        await RisingEdge(self.dut.clk)
        sink.kill()
        self.dut.m_tx_ready.value = 0

    async def play(self, jobs, p_in=1.0, p_out=1.0):
        """Send the jobs, wait until all is out, compare with the twin. Returns the drops seen."""
        self.jobs = list(jobs)
        before = (self.inserted, self.swallowed, self.drops)
        start = len(self.out)
        await self.run(p_in, p_out)
        whole = [j for j in jobs if j.drop_at is None]
        want = [w for w in map(expected, whole) if w is not None]
        got = self.out[start:]
        assert len(got) == len(want), f"{len(got)} frames came out, {len(want)} expected"
        for g, w in zip(got, want):
            assert g == w, f"got {g.patch}, want {w.patch}, bytes equal: {g.data == w.data}"
        assert self.inserted - before[0] == sum(w.patch is not None for w in want)
        assert self.swallowed - before[1] == sum(expected(j) is None for j in whole)
        return self.drops - before[2]


def random_job(rnd):
    size = rnd.choice([1, 2, 3, 14, 15, 34, 60, 61, rnd.randrange(1, 100)])
    kind = rnd.random()
    data = rnd.choice([rnd.randbytes(size), rnd.randbytes(size), b"\xff" * size, b"\0" * size])
    if kind < 0.25:
        return Job(data, False, rnd.getrandbits(16), rnd.getrandbits(16))
    if kind < 0.35:
        return Job(data, True, rnd.getrandbits(16), rnd.getrandbits(16))
    return Job(data, True, rnd.randrange(0, size + 1), rnd.randrange(0, 20))


@cocotb.test(**PATIENCE)
async def random_frames(dut):
    """Any frame, any request, every mix of slow and fast sides.

    Clause: RFC 1071 1
    """
    bench = Bench(dut, "random")
    await bench.begin()
    for p_in in (0.4, 1.0):
        for p_out in (0.4, 1.0):
            await bench.play([random_job(bench.rnd) for _ in range(80)], p_in, p_out)
    assert bench.inserted > 50 and bench.swallowed > 20


@cocotb.test(**PATIENCE)
async def every_alignment(dut):
    """Start, offset and end on every mixture of odd and even."""
    bench = Bench(dut, "align")
    await bench.begin()
    jobs = [Job(bench.rnd.randbytes(size), True, start, offset)
            for size in (22, 23) for start in range(0, 13, 1) for offset in (0, 1, 6, 7)]
    await bench.play(jobs)
    assert bench.inserted == len(jobs)


@cocotb.test(**PATIENCE)
async def edge_of_the_frame(dut):
    """The last place inside, the first outside, and offsets that only wrap into range."""
    bench = Bench(dut, "edge")
    await bench.begin()
    data = bench.rnd.randbytes(64)
    inside = [Job(data, True, 14, 48), Job(data, True, 0, 62), Job(data, True, 62, 0),
              Job(data[:2], True, 0, 0)]
    outside = [Job(data, True, 14, 49), Job(data, True, 0, 63), Job(data, True, 63, 0),
               Job(data, True, 64, 0), Job(data, True, 65, 0), Job(data[:1], True, 0, 0),
               Job(data, True, 0x4000, 0), Job(data, True, 0, 0x4000),
               Job(data, True, 0x3FFF, 0x11),
               Job(data, True, 0x3FFF, 0x3FFF), Job(data, True, 0xFFFF, 0xFFFF),
               Job(data, True, 0xFFFF, 1), Job(data, True, 0x8000, 0x8000)]
    jobs = inside + outside
    bench.rnd.shuffle(jobs)
    await bench.play(jobs)
    assert bench.inserted == len(inside) and bench.swallowed == len(outside)


@cocotb.test(**PATIENCE)
async def zero_is_sent_as_ffff(dut):
    """Sums that come to 0 in both representations, and long runs of carries.

    Clause: RFC 768 Fields, RFC 1624 3
    """
    bench = Bench(dut, "zero")
    await bench.begin()
    jobs = []
    for size in (20, 21, 62, 63):
        for fill in (0x00, 0xFF):
            jobs.append(Job(bytes([fill]) * size, True, 2, 4))
        data = bytearray(bench.rnd.randbytes(size))
        data[6:8] = b"\0\0"
        data[6:8] = (0xFFFF - sum_of(data[2:])).to_bytes(2, "big")
        assert checksum(data[2:]) == 0xFFFF
        jobs.append(Job(bytes(data), True, 2, 4))
    jobs += [Job(b"\xff" * n + b"\1", True, 0, 0) for n in range(2, 40, 3)]
    jobs += [Job(b"\xff\xfe" * n + b"\1\1\1", True, 1, 0) for n in range(2, 20, 3)]
    await bench.play(jobs)
    assert bench.out[0].patch[1] == 0xFFFF and bench.out[1].patch[1] == 0xFFFF


def sum_of(data):
    """The folded sum itself, not complemented."""
    value = ~checksum(data) & 0xFFFF
    return value


@cocotb.test(**PATIENCE)
async def drop_anywhere(dut):
    """A frame given up after any number of bytes leaves nothing, and the next one is right."""
    bench = Bench(dut, "drop")
    await bench.begin()
    for p_out in (1.0, 0.4):
        jobs = []
        for at in range(0, 20):
            jobs.append(Job(bench.rnd.randbytes(20), bool(at & 1), 3, 5, drop_at=at))
            jobs.append(Job(bench.rnd.randbytes(21 + at), True, 2 + at % 3, 7))
        drops = await bench.play(jobs, 1.0, p_out)
        assert drops == 20
    swallowed = [Job(b"12345678", True, 9, 0, drop_at=5), Job(b"12345678", True, 0, 0)]
    drops = await bench.play(swallowed)
    assert drops == 0 and bench.out[-1].patch == (0, checksum(b"12345678"))


@cocotb.test(**PATIENCE)
async def drop_between_frames(dut):
    """The strobe means the frame at s_tx: one whose last byte was taken is not touched."""
    bench = Bench(dut, "between")
    await bench.begin()
    for need in (True, False):
        job = Job(bench.rnd.randbytes(2), need, 0, 0)   # so short that the block holds all of it
        bench.jobs = [job]
        await bench.source(1.0)
        dut.s_tx_drop.value = 1
        for _ in range(12):
            await RisingEdge(dut.clk)
            assert dut.m_tx_drop.value == 0
        dut.s_tx_drop.value = 0
        before = len(bench.out)
        await bench.run(1.0, 1.0)
        assert bench.out[before:] == [expected(job)] and dut.o_busy.value == 0
    await bench.play([random_job(bench.rnd) for _ in range(5)])


@cocotb.test(**PATIENCE)
async def meta_withdrawn(dut):
    """A request that goes away before it was taken leaves no trace."""
    bench = Bench(dut, "meta")
    await bench.begin()
    job = Job(b"abcdefgh", True, 0, 2)
    bench.put_meta(job._replace(data=b"x" * 99))
    await RisingEdge(dut.clk)
    bench.idle_meta()
    await RisingEdge(dut.clk)
    assert dut.s_meta_ready.value == 1          # one cycle too late: valid is low
    await RisingEdge(dut.clk)
    assert dut.s_tx_ready.value == 0
    await bench.play([job])


@cocotb.test(**PATIENCE)
async def rate_and_latency(dut):
    """One byte per cycle; the last one 5 cycles after it came at most, 1 without a request."""
    bench = Bench(dut, "rate")
    await bench.begin()
    for need, late in ((False, 1), (True, 5)):
        for size in (100, 101):
            await bench.play([Job(bench.rnd.randbytes(size), need, 14, 16)])
            assert bench.last_at - bench.s_last_at == late
            assert bench.last_at - bench.first_at == size - 1 + late - 1


@cocotb.test(**PATIENCE)
async def reset_in_mid_frame(dut):
    """Nothing of the old frame after a reset."""
    bench = Bench(dut, "reset")
    await bench.begin()
    job = Job(bench.rnd.randbytes(40), True, 4, 4)
    bench.put_meta(job)
    await RisingEdge(dut.clk)
    await RisingEdge(dut.clk)
    for pos in range(10):
        bench.put_byte(job, pos)
        await RisingEdge(dut.clk)
    bench.idle_byte()
    bench.idle_meta()
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    assert dut.m_tx_valid.value == 0 and dut.o_busy.value == 0
    await bench.play([job])


def test_csum_tx():
    support.run("ly_csum_tx", ["rtl/offload/ly_csum_tx.v", "rtl/lib/ly_skid.v"], "test_csum_tx",
                {"LEN_W": LEN_W}, "csum_tx")
