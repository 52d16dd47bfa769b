# SPDX-License-Identifier: Apache-2.0
"""ly_rec_tx: every record read back by plain Python; order, padding, SYNC in the middle, rate."""

from collections import deque

import cocotb
from cocotb.triggers import RisingEdge

import records as rec
import support

VERSION = 0x00010001
FIXED = 4


class Parser:
    """Cuts the stream into records and checks what every record must obey."""

    def __init__(self):
        self.raw = bytearray()
        self.records = []       # (kind, flags, tag, payload)
        self.last_at_end = []   # m_rec_last of the last byte of each

    def push(self, byte, last):
        raw = self.raw
        raw.append(byte)
        if len(raw) == 8:
            assert rec.crc8(raw[:7]) == raw[7], f"check of {raw.hex()}"
        length = int.from_bytes(raw[4:7], "little") if len(raw) >= 8 else 1
        whole = len(raw) >= 8 and len(raw) == 8 + (length + 3) // 4 * 4
        assert whole or not last, "m_rec_last inside a record"
        if whole:
            assert not any(raw[8 + length:]), "padding is not zero"
            self.records.append((raw[0], raw[1], int.from_bytes(raw[2:4], "little"),
                                 bytes(raw[8:8 + length])))
            self.last_at_end.append(last)
            raw.clear()


def event(kind, arg, value):
    return (rec.EVENT, 0, 0, kind.to_bytes(2, "little") + arg.to_bytes(2, "little")
            + value.to_bytes(4, "little"))


def frame_record(data, meta):
    """meta: {bad, valid}."""
    return (rec.FRAME, rec.FLAG_CSUM_BAD if meta & 2 else 0, 0,
            rec.vnet(flags=rec.DATA_VALID if meta & 1 else 0, buffers=1) + data)


def value_record(addr, value, status, tag):
    return (rec.REG_VALUE, 0, tag, addr.to_bytes(4, "little") + value.to_bytes(4, "little")
            + status.to_bytes(4, "little", signed=True))


SYNC_RECORD = (rec.SYNC, 0, 0, rec.SYNC_BODY)


class Bench:
    """The rx queue's read side, the registers and the strobes in front; a host behind."""

    def __init__(self, dut, name):
        self.dut, self.rnd = dut, support.rng(name)
        self.parser = Parser()
        self.queue = deque()        # (data, meta)
        self.at = 0
        self.since = 100            # cycles since the head became the head
        self.values = deque()       # (addr, value, status, tag)
        self.p_data = self.p_out = 1.0
        self.held = None
        self.idle = 0
        self.last_byte_last = 1
        self.link = (1, 1, 1000)
        self.fixed = self.rnd.getrandbits(1)
        self.taps = [0, 0]
        self.busy_cycles = 0

    async def begin(self):
        dut = self.dut
        for name in ("s_rx_valid", "s_rx_data", "s_rx_last", "i_rx_len_valid", "i_rx_len",
                     "i_rx_meta", "i_rx_more", "i_sync_stb", "i_err_stb", "i_err_cause",
                     "i_val_valid", "i_val_addr", "i_val_data", "i_val_status", "i_val_tag",
                     "m_rec_ready"):
            getattr(dut, name).value = 0
        self.set_link(*self.link)
        await support.start(dut.clk, dut.rst)

    def set_link(self, up, duplex, mbit):
        self.link = (up, duplex, mbit)
        dut = self.dut
        dut.i_link_up.value, dut.i_link_fd.value, dut.i_link_mbit.value = up, duplex, mbit
        dut.i_link_fixed.value = self.fixed

    def link_event(self):
        up, duplex, mbit = self.link
        return event(rec.EVENT_LINK, up | duplex << 1 | FIXED * self.fixed, mbit)

    def frame(self, length=None, meta=None):
        rnd = self.rnd
        length = length or rnd.choice((1, 14, 59, 60, 61, 62, 63, 64, rnd.randint(14, 300)))
        item = (bytes(rnd.getrandbits(8) for _ in range(length)),
                rnd.randrange(4) if meta is None else meta)
        self.queue.append(item)
        return frame_record(*item)

    def value(self, status=0):
        rnd = self.rnd
        item = (rnd.getrandbits(16), rnd.getrandbits(32), status, rnd.getrandbits(16))
        self.values.append(item)
        return value_record(*item)

    def sample(self):
        dut = self.dut
        if dut.s_rx_valid.value == 1 and dut.s_rx_ready.value == 1:
            self.at += 1
        if dut.o_rx_commit.value == 1:
            assert self.at == len(self.queue[0][0]), "commit before the last byte"
            self.queue.popleft()
            self.at, self.since = 0, 0
        if dut.o_val_done.value == 1:
            self.values.popleft()
        beat = None
        if dut.m_rec_valid.value == 1:
            beat = (int(dut.m_rec_data.value), int(dut.m_rec_last.value))
        assert self.held in (None, beat), "an offered byte changed"
        moved = beat is not None and dut.m_rec_ready.value == 1
        self.held = beat if not moved else None
        self.idle = 0 if beat is not None else self.idle + 1
        self.busy_cycles += dut.o_busy.value == 1
        if moved:
            self.parser.push(*beat)
            self.last_byte_last = beat[1]
        self.taps[0] += int(dut.o_tap_first.value)
        self.taps[1] += int(dut.o_tap_last.value)

    def drive(self):
        """As ly_queue in block RAM: length 3 cycles after the commit, data 3 later."""
        dut, rnd = self.dut, self.rnd
        self.since += 1
        known = bool(self.queue) and self.since >= 3
        dut.i_rx_len_valid.value = int(known)
        dut.i_rx_more.value = int(len(self.queue) > known)
        if known:
            data, meta = self.queue[0]
            dut.i_rx_len.value, dut.i_rx_meta.value = len(data), meta
        ready = known and self.since >= 6 and self.at < len(self.queue[0][0])
        keep = self.dut.s_rx_valid.value == 1 and self.dut.s_rx_ready.value == 0
        valid = ready and (keep or rnd.random() < self.p_data)
        dut.s_rx_valid.value = int(valid)
        if valid:
            dut.s_rx_data.value = data[self.at]
            dut.s_rx_last.value = int(self.at == len(data) - 1)
        dut.i_val_valid.value = int(bool(self.values))
        if self.values:
            addr, value, status, tag = self.values[0]
            dut.i_val_addr.value, dut.i_val_data.value = addr, value
            dut.i_val_status.value, dut.i_val_tag.value = status & 0xFF, tag
        dut.m_rec_ready.value = int(rnd.random() < self.p_out)
        dut.i_sync_stb.value = 0
        dut.i_err_stb.value = 0

    async def cycles(self, count):
        for _ in range(count):
            await RisingEdge(self.dut.clk)
            self.sample()
            self.drive()

    async def settle(self):
        for _ in range(2000):
            await self.cycles(10)
            if self.idle > 15 and not self.queue and not self.values:
                break
        assert self.dut.o_busy.value == 0 and not self.parser.raw
        assert self.last_byte_last == 1, "the batch was never ended"

    def expect(self, *records):
        got = self.parser.records
        for nr, (one, two) in enumerate(zip(got, records)):
            assert one == two, f"record {nr}: {one} instead of {two}"
        assert len(got) == len(records), f"{len(got)} records instead of {len(records)}"
        got.clear()
        ends = list(self.parser.last_at_end)
        self.parser.last_at_end.clear()
        return ends


@cocotb.test()
async def frames(dut):
    """Frames of all paddings and verdicts, slow and fast sides; none lost, doubled or reordered."""
    bench = Bench(dut, "frames")
    await bench.begin()
    for p_data, p_out in ((1, 1), (0.5, 1), (1, 0.5), (0.7, 0.7)):
        bench.p_data, bench.p_out = p_data, p_out
        want = []
        for _ in range(12):
            want.append(bench.frame())
            await bench.cycles(bench.rnd.choice((0, 0, 5, 100, 400)))
        await bench.settle()
        bench.expect(*want)
    assert bench.taps == [48, 48]


@cocotb.test()
async def one_batch(dut):
    """What stands ready together leaves as one batch: m_rec_last once, on the last byte."""
    bench = Bench(dut, "batch")
    await bench.begin()
    for lengths in ((60, 61, 62, 63, 60), (61, 61, 61), (14,), (60, 60)):
        want = [bench.frame(n) for n in lengths]
        await bench.settle()
        assert bench.expect(*want) == [0] * (len(lengths) - 1) + [1]
    want = [bench.value(), bench.value(-2)]
    await bench.settle()
    assert bench.expect(*want)[-1] == 1


@cocotb.test()
async def rate(dut):
    """A backlog of frames of n bytes leaves in less than n + 24 cycles each, for every padding."""
    bench = Bench(dut, "rate")
    await bench.begin()
    for length in (60, 61, 62, 63, 64, 1514):
        want = [bench.frame(length) for _ in range(4)]
        before = bench.busy_cycles
        await bench.settle()
        bench.expect(*want)
        spent = bench.busy_cycles - before
        assert spent <= 4 * (length + 23) + 6, f"{spent} cycles for four frames of {length}"


@cocotb.test()
async def values(dut):
    """Register answers with every status; they do not wait behind frames that wait."""
    bench = Bench(dut, "values")
    await bench.begin()
    for status in (0, -2, -30):
        want = bench.value(status)
        await bench.settle()
        bench.expect(want)
    first, second = bench.frame(100), bench.frame(60)
    await bench.cycles(40)
    answer = bench.value(-2)
    await bench.settle()
    bench.expect(first, answer, second)


@cocotb.test()
async def sync_in_the_middle(dut):
    """SYNC at every byte of a record: it is finished, then SYNC, EVENT(sync), EVENT(link)."""
    bench = Bench(dut, "sync")
    await bench.begin()
    answer = (SYNC_RECORD, event(rec.EVENT_SYNC, 0, VERSION), bench.link_event())
    for after in list(range(0, 12)) + [20, 27, 28, 60, 85, 86, 87, 88, 89, 90]:
        first, second = bench.frame(61), bench.frame(60)
        value = bench.value()
        await bench.cycles(after + 2)
        dut.i_sync_stb.value = 1
        await bench.settle()
        records = bench.parser.records
        at = records.index(SYNC_RECORD)
        assert tuple(records[at:at + 3]) == answer, f"SYNC after {after} cycles"
        assert sorted(records[:at] + records[at + 3:]) == sorted((value, first, second))
        records.clear()
        bench.parser.last_at_end.clear()


@cocotb.test()
async def events(dut):
    """Errors, link changes; SYNC cancels an error that was not told yet."""
    bench = Bench(dut, "events")
    await bench.begin()
    for cause in (1, 2, 3):
        dut.i_err_stb.value, dut.i_err_cause.value = 1, cause
        await bench.settle()
        bench.expect(event(rec.EVENT_ERROR, cause, 0))
    for link in ((0, 1, 1000), (1, 0, 10), (1, 1, 100), (0, 0, 0), (1, 1, 1000)):
        bench.set_link(*link)
        await bench.settle()
        bench.expect(bench.link_event())
    first = bench.frame(60)
    await bench.cycles(10)
    dut.i_err_stb.value, dut.i_err_cause.value = 1, 1
    await bench.cycles(10)
    dut.i_sync_stb.value = 1
    await bench.settle()
    bench.expect(first, SYNC_RECORD, event(rec.EVENT_SYNC, 0, VERSION), bench.link_event())
    # all at once: the order of the contract
    first, second = bench.frame(60), bench.frame(61)
    await bench.cycles(10)
    value = bench.value()
    bench.set_link(0, 1, 1000)
    dut.i_sync_stb.value = 1
    await bench.cycles(1)
    dut.i_err_stb.value, dut.i_err_cause.value = 1, 2
    await bench.settle()
    bench.expect(first, SYNC_RECORD, event(rec.EVENT_SYNC, 0, VERSION), bench.link_event(), value,
                 event(rec.EVENT_ERROR, 2, 0), second)


@cocotb.test()
async def random_mix(dut):
    """Everything at random: frames and answers in order, each once, nothing malformed."""
    bench = Bench(dut, "mix")
    await bench.begin()
    rnd = bench.rnd
    for p_data, p_out in ((0.8, 0.9), (1, 0.4), (0.4, 1)):
        bench.p_data, bench.p_out = p_data, p_out
        frames_in, values_in, syncs = [], [], 0
        for _ in range(40):
            what = rnd.randrange(8)
            if what < 4:
                frames_in.append(bench.frame())
            elif what < 6:
                values_in.append(bench.value(rnd.choice((0, -2, -30))))
            elif what == 6:
                dut.i_err_stb.value, dut.i_err_cause.value = 1, rnd.randint(1, 3)
            else:
                dut.i_sync_stb.value = 1
                syncs += 1
            await bench.cycles(rnd.choice((1, 3, 20, 100, 300)))
        await bench.settle()
        out = bench.parser.records
        assert [r for r in out if r[0] == rec.FRAME] == frames_in
        assert [r for r in out if r[0] == rec.REG_VALUE] == values_in
        assert 1 <= sum(r == SYNC_RECORD for r in out) <= syncs
        told = [r for r in out if r[0] == rec.EVENT and r[3][0] == rec.EVENT_SYNC]
        assert 1 <= len(told) <= syncs
        out.clear()


def test_rec_tx():
    support.run("ly_rec_tx", ["rtl/link/ly_rec_tx.v", "rtl/link/ly_crc8.v", "rtl/lib/ly_skid.v"],
                module="test_rec_tx", build_tag="rec_tx")
