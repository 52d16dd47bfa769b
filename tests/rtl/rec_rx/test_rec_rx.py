# SPDX-License-Identifier: Apache-2.0
"""ly_rec_rx against records.Receiver: every malformed header, time-outs, stalls, SYNC anywhere."""

import cocotb
import pytest
from cocotb.triggers import RisingEdge

import records as rec
import support

MAX_FRAME = 600                 # DA..FCS, small so that too long records are common
MAX_LENGTH = 12 + MAX_FRAME - 4
TICK = 16                       # cycles between changes of i_tick_time
GAP_TICKS, STALL_TICKS = 7, 5   # RECORD_GAP_US 900 and TX_STALL_US 500 at 25 MHz, rounded up + 1
OWN_ERRORS = {1: rec.ERROR_HDR_CHECK, 2: rec.ERROR_LENGTH, 3: rec.ERROR_GAP}


class Bench:
    """Feeds bytes, plays the tx path and the registers, writes down what comes out."""

    def __init__(self, dut, name):
        self.dut, self.rnd = dut, support.rng(name)
        self.out = []
        self.todo = bytearray()
        self.p_in = self.p_tx = self.p_meta = 1.0
        self.answer_after = 3       # cycles until a register access is done; None: never
        self.offered = None
        self.meta = None
        self.data = bytearray()
        self.request = None
        self.held = None
        self.cycle = self.tick = 0
        self.taps = [0, 0]
        self.idle = 0
        self.fed = 0

    async def begin(self):
        dut = self.dut
        for name in ("s_rec_valid", "s_rec_data", "m_meta_ready", "m_tx_ready", "i_req_done",
                     "i_tick_time"):
            getattr(dut, name).value = 0
        dut.i_tx_ok.value = 1
        await support.start(dut.clk, dut.rst)

    def strobes(self):
        dut, out = self.dut, self.out
        if dut.o_err_stb.value == 1:
            out.append(("error", OWN_ERRORS[int(dut.o_err_cause.value)]))
            gap = out[-1][1] == rec.ERROR_GAP
            assert dut.o_ev_gap.value == int(gap) and dut.o_ev_bad_header.value == int(not gap)
        else:
            assert dut.o_ev_gap.value == 0 and dut.o_ev_bad_header.value == 0
        for name in ("unknown", "drop_stall", "drop_disabled", "drop_length"):
            if getattr(dut, "o_ev_" + name).value == 1:
                out.append((name,))
        if dut.o_sync_stb.value == 1:
            out.append(("sync",))
        self.taps[0] += int(dut.o_tap_first.value)
        self.taps[1] += int(dut.o_tap_last.value)

    def tx_path(self):
        dut = self.dut
        valid, ready = dut.m_tx_valid.value == 1, dut.m_tx_ready.value == 1
        dropped = dut.o_drop.value == 1
        if valid:
            beat = (int(dut.m_tx_data.value), int(dut.m_tx_last.value))
            assert self.meta is not None, "data before its meta"
            assert self.held in (None, beat), "an offered byte changed"
            self.held = None if ready else beat
            if ready:
                self.data.append(beat[0])
                assert beat[1] == int(len(self.data) == self.meta[4])
            if ready and beat[1]:
                self.out.append(("frame", *self.meta[:4], bytes(self.data)))
                self.meta = None
        else:
            assert self.held is None or dropped or dut.o_ev_drop_stall.value == 1, "m_tx_valid fell"
            self.held = None
        if dropped:
            assert self.meta is not None, "o_drop without a frame"
            self.meta = None
        if dut.m_meta_valid.value == 1 and dut.m_meta_ready.value == 1:
            assert self.meta is None, "meta inside a frame"
            self.meta = tuple(int(getattr(dut, "m_meta_" + n).value) for n in
                              ("need_csum", "csum_start", "csum_offset", "tag", "len"))
            self.data = bytearray()

    def registers(self):
        dut = self.dut
        if dut.o_req_stb.value == 1:
            assert self.request is None, "a request inside a request"
            write = int(dut.o_req_write.value)
            self.request = ("reg", int(dut.o_req_addr.value),
                            int(dut.o_req_wdata.value) if write else None,
                            int(dut.o_req_tag.value))
            self.due = self.answer_after
        done = 0
        if self.request and self.due is not None:
            self.due -= 1
            done = int(self.due < 0)
        if dut.i_req_done.value == 1:
            done = 0
            assert int(dut.o_req_tag.value) == self.request[3]
            assert int(dut.o_req_addr.value) == self.request[1]
            self.out.append(self.request)
            self.request = None
        dut.i_req_done.value = done

    async def cycles(self, count):
        dut, rnd = self.dut, self.rnd
        for _ in range(count):
            await RisingEdge(dut.clk)
            self.cycle += 1
            moved = dut.s_rec_valid.value == 1 and dut.s_rec_ready.value == 1
            self.idle = 0 if moved or self.todo else self.idle + 1
            self.fed += moved
            self.strobes()
            self.tx_path()
            self.registers()
            if moved or dut.s_rec_valid.value == 0:
                valid = bool(self.todo) and rnd.random() < self.p_in
                dut.s_rec_valid.value = int(valid)
                if valid:
                    dut.s_rec_data.value = self.todo.pop(0)
            dut.m_tx_ready.value = int(rnd.random() < self.p_tx)
            dut.m_meta_ready.value = int(rnd.random() < self.p_meta)
            self.tick = (self.tick + 1) % (2 * TICK)
            dut.i_tick_time.value = int(self.tick >= TICK)

    async def feed(self, data, limit=200000):
        """Until all is read and digested."""
        self.todo += data
        for _ in range(limit // 10):
            await self.cycles(10)
            if self.idle > 20 and self.request is None and self.dut.o_busy.value == 0:
                return
        raise AssertionError("the stream stands still")

    def expect(self, *events):
        assert self.out == list(events), f"{self.out} instead of {list(events)}"
        self.out.clear()


def frame_data(rnd, length=None):
    return bytes(rnd.getrandbits(8) for _ in range(length or rnd.choice(
        (14, 15, 16, 17, 18, 59, 60, 61, 62, 63, 64, MAX_FRAME - 4, rnd.randint(14, 200)))))


def good_record(rnd):
    kind = rnd.randrange(8)
    tag = rnd.getrandbits(16)
    if kind < 4:
        return rec.frame(frame_data(rnd), tag, flags=rnd.getrandbits(2), start=rnd.getrandbits(16),
                         offset=rnd.getrandbits(16), buffers=rnd.randrange(2),
                         hdr_len=rnd.getrandbits(16), gso_size=rnd.getrandbits(16))
    addr = rnd.choice((rnd.getrandbits(12), rnd.getrandbits(16), rnd.getrandbits(32)))
    if kind == 4:
        return rec.reg_read(addr, tag)
    if kind == 5:
        return rec.reg_write(addr, rnd.getrandbits(32), tag)
    if kind == 6:
        return rec.sync()
    other = rnd.choice((0, rec.REG_VALUE, rec.EVENT, rec.STAMP, 8, 9, 0x11, 0x81, 0xFF))
    return rec.record(other, bytes(rnd.randrange(40)), tag, flags=rnd.getrandbits(8))


def bad_record(rnd):
    """Everything that a header can have wrong, and bodies that do not fit their header."""
    kind = rnd.randrange(9)
    if kind == 0:                                       # one to three bit errors in a header
        raw = bytearray(good_record(rnd))
        for _ in range(rnd.randint(1, 3)):
            raw[rnd.randrange(8)] ^= 1 << rnd.randrange(8)
        return bytes(raw)
    if kind == 1:                                       # longer than allowed, also far
        length = rnd.choice((MAX_LENGTH + 1, MAX_LENGTH + 2, 1024, 0x10000, 0x800000, 0xFFFFFF))
        return rec.header(rnd.choice((1, 2, 5, 7, 99)), length) + bytes(rnd.randrange(30))
    if kind == 2:                                       # a frame too short to be one
        return rec.record(rec.FRAME, bytes(rnd.randrange(26)))
    if kind == 3:                                       # registers of another length
        return rec.record(rnd.choice((rec.REG_READ, rec.REG_WRITE)), bytes(rnd.randrange(14)))
    if kind == 4:                                       # SYNC of another length or body
        if rnd.random() < 0.5:
            return rec.record(rec.SYNC, rec.SYNC_BODY[:rnd.randrange(8)])
        body = bytearray(rec.SYNC_BODY)
        body[rnd.randrange(8)] ^= 1 << rnd.randrange(8)
        return rec.record(rec.SYNC, bytes(body))
    if kind == 5:                                       # segmentation, more buffers than one
        fields = rnd.choice(({"gso": 1}, {"gso": 0x80}, {"buffers": 2}, {"buffers": 0x100},
                             {"buffers": 0x8001}))
        return rec.frame(frame_data(rnd), **fields)
    if kind == 6:                                       # a record that stops short
        return good_record(rnd)[:rnd.randint(1, 7)]
    if kind == 7:                                       # a SYNC body where a header should be
        return rec.SYNC_BODY[rnd.randrange(3):]
    return bytes(rnd.choice((0xA5, 0x5A, 0x4C, 7, 1, 0)) for _ in range(rnd.randint(1, 20)))


async def judge(bench, stream):
    """The same stream through the device and through the judge."""
    twin = rec.Receiver(MAX_LENGTH)
    twin.push(stream)
    await bench.feed(stream)
    for nr, (got, want) in enumerate(zip(bench.out, twin.out)):
        assert got == want, f"outcome {nr}: {got} instead of {want}"
    assert len(bench.out) == len(twin.out), f"{bench.out[-3:]} instead of {twin.out[-3:]}"
    return twin.out


@cocotb.test()
async def random_records(dut):
    """Good and bad records in any order, with stalls on every side."""
    seen = {}
    for round_nr, (p_in, p_tx, p_meta) in enumerate(((1, 1, 1), (0.6, 0.9, 0.3), (0.9, 0.6, 1))):
        bench = Bench(dut, f"random{round_nr}")
        await bench.begin()
        bench.p_in, bench.p_tx, bench.p_meta = p_in, p_tx, p_meta
        rnd = bench.rnd
        stream = bytearray(rec.reg_read(0, 1) + rec.sync())
        for _ in range(60):
            if rnd.random() < 0.3:
                stream += bad_record(rnd)
                if rnd.random() < 0.8:
                    stream += rec.sync()
            else:
                stream += good_record(rnd)
        stream += bytes(MAX_LENGTH + 20) + rec.sync() + rec.reg_read(4, 0x1234)
        for event in await judge(bench, bytes(stream)):
            seen[event[0]] = seen.get(event[0], 0) + 1
    dut._log.info("outcomes %s", seen)
    assert min(seen.get(k, 0) for k in ("frame", "reg", "sync", "error", "unknown",
                                        "drop_length")) > 2, seen


@cocotb.test()
async def every_header_bit(dut):
    """Each of the 64 bits of a header flipped: never taken for good, healed by SYNC."""
    bench = Bench(dut, "bits")
    await bench.begin()
    await bench.feed(rec.sync())
    bench.expect(("sync",))
    good = rec.reg_read(0x10, 0x55AA)
    for bit in range(64):
        raw = bytearray(good)
        raw[bit // 8] ^= 1 << bit % 8
        await bench.feed(bytes(raw) + rec.sync() + good)
        bench.expect(("error", rec.ERROR_HDR_CHECK), ("sync",), ("reg", 0x10, None, 0x55AA))


@cocotb.test()
async def sync_anywhere(dut):
    """After reset nothing counts before SYNC; while discarding, SYNC is found behind any bytes."""
    bench = Bench(dut, "sync")
    await bench.begin()
    await bench.feed(rec.reg_read(0, 1) + rec.frame(bytes(60)))
    bench.expect()
    probe = rec.reg_read(8, 7)
    body = rec.SYNC_BODY
    for junk in (b"", body[:1], body[:1] * 2, body[:7], body[:7] + body[:3], body[:4] + body[:4],
                 b"\xA5\xA5\x5A", b"\x5A", b"\xA5\x5A\xA5", body[1:], bytes(3)):
        await bench.feed(junk + rec.sync() + probe)
        bench.expect(("sync",), ("reg", 8, None, 7))
        await bench.feed(bytes(8))                      # an all-zero header: discarding again
        bench.expect(("error", rec.ERROR_HDR_CHECK))
        await bench.feed(junk + body + probe)           # the body alone is enough
        bench.expect(("sync",), ("reg", 8, None, 7))
        await bench.feed(bytes(8))
        bench.expect(("error", rec.ERROR_HDR_CHECK))
    await bench.feed(rec.sync() + rec.sync() + probe)
    bench.expect(("sync",), ("sync",), ("reg", 8, None, 7))


async def waits(bench, ticks):
    """Nothing may happen before that many changes of the time since the last byte."""
    before = list(bench.out)
    await bench.cycles((ticks - 1) * TICK - bench.idle - 3)
    assert bench.out == before, "too early"
    await bench.cycles(TICK + 12)


@cocotb.test()
async def gaps(dut):
    """A record that stops, at every byte of every kind: dropped once, counted once, discarding."""
    bench = Bench(dut, "gaps")
    await bench.begin()
    await bench.feed(rec.sync())
    assert dut.o_timer_armed.value == 0
    bench.expect(("sync",))
    kinds = (rec.frame(frame_data(bench.rnd, 21), 3), rec.reg_write(4, 5, 6), rec.sync(),
             rec.record(9, bytes(5)))
    for raw in kinds:
        for stop in sorted({1, 2, 7, 8, 9, 11, 18, 19, 20, 21, 40, 41, 42, 43, len(raw) - 1}):
            if stop >= len(raw):
                continue
            await bench.feed(raw[:stop])
            bench.out = [o for o in bench.out if o not in (("unknown",),)]
            assert dut.o_timer_armed.value == 1
            whole = raw[0] == rec.FRAME and stop > 40       # the gap is in the padding
            await waits(bench, GAP_TICKS)
            if whole:
                assert bench.out.pop(0)[0] == "frame"
            bench.expect(("error", rec.ERROR_GAP))
            assert dut.o_timer_armed.value == 0
            assert bench.meta is None, "the frame was not dropped"
            await bench.feed(raw + rec.sync())
            bench.expect(*[("sync",)] * (1 + (raw[0] == rec.SYNC)))
    # between records and while discarding nothing is waited for
    await bench.cycles(3 * GAP_TICKS * TICK)
    bench.expect()
    await bench.feed(bytes(8))
    await bench.cycles(3 * GAP_TICKS * TICK)
    bench.expect(("error", rec.ERROR_HDR_CHECK))


@cocotb.test()
async def slow_is_no_gap(dut):
    """A byte every 5 ticks of 7 for a whole frame: slow, but no gap."""
    bench = Bench(dut, "slow")
    await bench.begin()
    raw = rec.frame(frame_data(bench.rnd, 16), 9)
    await bench.feed(rec.sync())
    bench.out.clear()
    for byte in raw:
        bench.todo.append(byte)
        await bench.cycles((GAP_TICKS - 2) * TICK)
    bench.expect(("frame", 0, 0, 0, 9, raw[20:36]))


@cocotb.test()
async def stalls(dut):
    """A full tx queue: the frame is dropped after TX_STALL_US, the register behind it answered."""
    bench = Bench(dut, "stalls")
    await bench.begin()
    await bench.feed(rec.sync())
    bench.out.clear()
    data = frame_data(bench.rnd, 100)
    for where in ("meta", "first", "middle"):
        bench.p_meta, bench.p_tx = (0, 1) if where == "meta" else (1, 0)
        bench.todo += rec.frame(data, 2) + rec.reg_read(0x24, 0x77)
        await bench.cycles(60)
        if where == "middle":
            bench.p_tx = 1
            await bench.cycles(10)
            bench.p_tx = 0
            await bench.cycles(4)
            assert bench.meta
        assert dut.o_timer_armed.value == 1
        await bench.cycles((STALL_TICKS - 5) * TICK)
        bench.expect()
        await bench.cycles(7 * TICK + 150)
        bench.expect(("drop_stall",), ("reg", 0x24, None, 0x77))
        assert bench.meta is None
    bench.p_meta = bench.p_tx = 1
    await bench.feed(rec.frame(data, 3))
    bench.expect(("frame", 0, 0, 0, 3, data))
    # a register access that takes for ever is no gap
    bench.answer_after = None
    bench.todo += rec.reg_read(0, 1) + rec.reg_read(4, 2)
    await bench.cycles(3 * GAP_TICKS * TICK)
    bench.expect()
    assert bench.request is not None and dut.o_busy.value == 1
    bench.due = bench.answer_after = 0
    await bench.feed(b"")
    bench.expect(("reg", 0, None, 1), ("reg", 4, None, 2))


@cocotb.test()
async def disabled(dut):
    """Link down: frames are dropped at once, registers still answered; also in mid-frame."""
    bench = Bench(dut, "disabled")
    await bench.begin()
    await bench.feed(rec.sync())
    bench.out.clear()
    data = frame_data(bench.rnd, 61)
    dut.i_tx_ok.value = 0
    await bench.feed((rec.frame(data) + rec.reg_read(0, 5)) * 3)
    bench.expect(*(("drop_disabled",), ("reg", 0, None, 5)) * 3)
    await bench.feed(rec.record(rec.FRAME, bytes(20)))
    bench.expect(("drop_length",))
    dut.i_tx_ok.value = 1
    await bench.feed(rec.frame(data, 1)[:50])
    assert bench.meta is not None
    dut.i_tx_ok.value = 0
    await bench.cycles(3)
    bench.expect(("drop_disabled",))
    assert bench.meta is None
    await bench.feed(rec.frame(data, 1)[50:] + rec.reg_read(0, 6))
    bench.expect(("reg", 0, None, 6))


@cocotb.test()
async def one_byte_per_cycle(dut):
    """Back-to-back frames of every padding enter at one byte per cycle, meta in 2 cycles."""
    bench = Bench(dut, "rate")
    await bench.begin()
    await bench.feed(rec.sync())
    frames = [frame_data(bench.rnd, n) for n in (60, 61, 62, 63, 64, 14, 60)]
    stream = b"".join(rec.frame(f) for f in frames)
    bench.out.clear()
    await bench.cycles(2)
    before = bench.fed
    bench.todo += stream
    await bench.cycles(len(stream) + 2)
    assert bench.fed - before == len(stream), "the stream was held up"
    await bench.cycles(20)
    assert [o[5] for o in bench.out] == frames
    assert bench.taps == [len(frames), len(frames)]


def test_rec_rx():
    support.run("ly_rec_rx", ["rtl/link/ly_rec_rx.v", "rtl/link/ly_crc8.v", "rtl/lib/ly_skid.v"],
                module="test_rec_rx", build_tag="rec_rx",
                params={"MAX_FRAME": MAX_FRAME, "RECORD_GAP_US": 900, "TX_STALL_US": 500,
                        "CLK_HZ": 25_000_000})
