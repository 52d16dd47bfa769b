# SPDX-License-Identifier: Apache-2.0
"""ly_stats against a dictionary: every cause alone, all at line rate, carries, snapshots."""

import re
from collections import Counter

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

import support

PATIENCE = {"timeout_time": 20, "timeout_unit": "ms"}
NAMES = re.findall(r"^localparam \[5:0\] LY_CTR_(\w+) =", (support.ROOT / "rtl/regs/ly_regs.vh")
                   .read_text(encoding="utf-8"), re.M)
FLAGS = ("align", "fcs", "er", "undersize", "fragment", "oversize", "jabber")   # i_rx_ev, 24 down
SIZES = ((64, "64"), (127, "65_127"), (255, "128_255"), (511, "256_511"), (1023, "512_1023"),
         (9999, "1024_MAX"))                # RFC 2819, etherStatsPkts64Octets and the following
WALK = 9 * 54                               # cycles of a snapshot
ONES = {"i_csum_inserted_stb": "TX_CSUM_INSERTED", "i_csum_drop_stb": "TX_DROP_CSUM",
        "i_drop_stall_stb": "TX_DROP_STALL", "i_drop_disabled_stb": "TX_DROP_DISABLED",
        "i_drop_length_stb": "TX_DROP_LENGTH", "i_rec_bad_header_stb": "REC_BAD_HEADER",
        "i_rec_gap_stb": "REC_GAP", "i_rec_unknown_stb": "REC_UNKNOWN",
        "i_rx_false_stb": "RX_SYMBOL_ERRORS"}
INPUTS = list(ONES) + ["i_tx_done_stb", "i_tx_len", "i_tx_pad", "i_tx_mcast", "i_tx_bcast",
                       "i_tx_err", "i_tx_pause", "i_tx_coll", "i_tx_xscoll", "i_tx_late",
                       "i_tx_deferred", "i_tx_xsdefer", "i_rx_ev_stb", "i_rx_ev", "i_rx_en",
                       "i_rx_accept", "i_rx_commit_stb", "i_rx_full_stb", "i_rx_meta",
                       "i_snap_stb", "i_rd_stb", "i_rd_addr"]


def size_of(length):
    return next(name for most, name in SIZES if length <= most)


class Bench:
    """Makes events as the blocks around make them; `want` is what they should have moved."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.want = Counter()

    async def begin(self):
        for pin in INPUTS:
            getattr(self.dut, pin).value = 0
        await support.start(self.dut.clk, self.dut.rst)

    async def strobe(self, pin):
        getattr(self.dut, pin).value = 1
        await RisingEdge(self.dut.clk)
        getattr(self.dut, pin).value = 0

    async def one(self, pin):
        """A strobe of its own counter."""
        self.want[ONES[pin]] += 1
        self.want["RX_FALSE_CARRIERS"] += pin == "i_rx_false_stb"
        await self.strobe(pin)

    async def tx(self, length, pad=0, mcast=0, bcast=0, **more):
        """A frame has left, or was given up; the facts stand 12 cycles. more: err, pause, coll,
        xscoll, late, deferred, xsdefer."""
        dut = self.dut
        facts = dict.fromkeys(("err", "pause", "coll", "xscoll", "late", "deferred", "xsdefer"), 0)
        facts.update(more, len=length, pad=pad, mcast=mcast | bcast, bcast=bcast)
        for pin, value in facts.items():
            getattr(dut, f"i_tx_{pin}").value = value
        self.want.update(TX_LATE_COLLISIONS=facts["late"], TX_EXCESS_DEFERRAL=facts["xsdefer"])
        if facts["xscoll"]:
            self.want["TX_EXCESS_COLLISIONS"] += 1
        elif facts["err"]:
            self.want["TX_UNDERRUN"] += 1
        elif facts["pause"]:
            self.want["TX_PAUSE_FRAMES"] += 1
        else:
            self.want.update({"TX_FRAMES": 1, "TX_OCTETS": length, "TX_PAD_OCTETS": pad,
                              "TX_MULTICAST": int(mcast and not bcast), "TX_BROADCAST": bcast,
                              "TX_SINGLE_COLLISIONS": int(facts["coll"] == 1),
                              "TX_MULTIPLE_COLLISIONS": int(facts["coll"] > 1),
                              "TX_DEFERRED": int(facts["coll"] == 0 and facts["deferred"]),
                              "TX_" + size_of(length): 1})
        await self.strobe("i_tx_done_stb")
        await ClockCycles(dut.clk, 11)
        for pin in facts:
            getattr(dut, f"i_tx_{pin}").value = self.rnd.getrandbits(1)

    async def rx_bad(self, *flags, length=64):
        """A frame that ends as an error; fcs may come along with er."""
        bits = sum(1 << (24 - FLAGS.index(f)) for f in flags)
        self.dut.i_rx_ev.value = bits | length << 2 | self.rnd.getrandbits(2)
        cause = {"er": "SYMBOL_ERRORS", "undersize": "UNDERSIZE", "fragment": "FRAGMENTS",
                 "oversize": "OVERSIZE", "jabber": "JABBER", "fcs": "FCS_ERRORS",
                 "align": "ALIGNMENT_ERRORS"}
        self.want["RX_" + next(cause[f] for f in cause if f in flags)] += 1
        await self.strobe("i_rx_ev_stb")
        self.dut.i_rx_ev.value = self.rnd.getrandbits(26)

    async def rx(self, length, mcast=0, bcast=0, fate="DELIVERED", meta=0, pause=0):
        """A good frame: the MAC's verdict, the queue's 4 cycles later."""
        dut = self.dut
        self.want.update({"RX_FRAMES": 1, "RX_OCTETS": length,
                          "RX_MULTICAST": int(mcast and not bcast),
                          "RX_BROADCAST": bcast,
                          "RX_PAUSE_FRAMES": pause,
                          "RX_" + size_of(length): 1,
                          "RX_" + fate: 1})
        if fate == "DELIVERED":
            self.want["RX_CSUM_" + ("NONE", "GOOD", "BAD")[meta]] += 1
        dut.i_rx_ev.value = pause << 25 | length << 2 | (mcast | bcast) << 1 | bcast
        dut.i_rx_en.value = int(fate != "DROP_DISABLED")
        dut.i_rx_accept.value = self.rnd.getrandbits(1) if fate == "DROP_DISABLED" \
            else int(fate != "DROP_FILTER")
        await self.strobe("i_rx_ev_stb")
        dut.i_rx_ev.value = self.rnd.getrandbits(26)
        dut.i_rx_en.value = self.rnd.getrandbits(1)
        dut.i_rx_accept.value = self.rnd.getrandbits(1)
        await ClockCycles(dut.clk, 2)
        dut.i_rx_meta.value = meta
        await RisingEdge(dut.clk)
        if fate in ("DELIVERED", "DROP_FULL"):
            await self.strobe("i_rx_commit_stb" if fate == "DELIVERED" else "i_rx_full_stb")

    async def snapshot(self):
        """Take one, return its length in cycles."""
        dut = self.dut
        await self.strobe("i_snap_stb")
        await RisingEdge(dut.clk)
        cycles = 0
        while dut.o_snap_busy.value == 1:
            await RisingEdge(dut.clk)
            cycles += 1
        return cycles

    async def word(self, counter, word):
        dut = self.dut
        dut.i_rd_addr.value = counter << 2 | word
        await self.strobe("i_rd_stb")
        for _ in range(2000):
            await RisingEdge(dut.clk)
            if dut.o_rd_valid.value == 1:
                return int(dut.o_rd_data.value)
        raise AssertionError("no answer to a read")

    async def read(self, names=None):
        """Counters of the last snapshot by name."""
        out = {}
        for name in names or NAMES:
            index = NAMES.index(name)
            out[name] = sum([await self.word(index, w) << 16 * w for w in range(3)])
        return out

    async def check(self):
        """Everything that should have moved did, and nothing else."""
        await ClockCycles(self.dut.clk, 5)      # the way into the FIFO
        await self.snapshot()
        got = await self.read()
        want = {n: self.want[n] for n in NAMES}
        assert got == want, {n: (got[n], want[n]) for n in NAMES if got[n] != want[n]}
        await RisingEdge(self.dut.clk)
        assert self.dut.o_busy.value == 0


@cocotb.test(**PATIENCE)
async def starts_at_zero(dut):
    """The first read waits until the RAM is cleared; nothing in it is unknown."""
    bench = Bench(dut, "zero")
    await bench.begin()
    assert dut.o_snap_busy.value == 1 and dut.o_busy.value == 1
    assert await bench.read() == {n: 0 for n in NAMES}
    assert dut.o_snap_busy.value == 0


@cocotb.test(**PATIENCE)
async def each_cause_alone(dut):
    """One event at a time, all counters looked at after each."""
    bench = Bench(dut, "alone")
    await bench.begin()
    events = [(bench.one, (pin,)) for pin in ONES]
    events += [(bench.rx_bad, (f,)) for f in FLAGS]
    events += [(bench.rx_bad, ("fcs", "er")), (bench.rx_bad, ("fragment", "er"))]
    events += [(bench.tx, a) for a in ((64, 42), (1518,), (64, 4, 1), (65, 0, 1, 1))]
    edges = sorted({n + d for n, _ in SIZES[:-1] for d in (0, 1)} | {9018})
    for n in edges:                         # both ways move counters of their own
        await bench.tx(n)
        await bench.rx(n)
        await bench.check()
    events += [(bench.rx, (64, 1, 0, fate, 0, 1)) for fate in ("DROP_FILTER", "DELIVERED")]
    for more in ({"err": 1}, {"pause": 1}, {"coll": 1}, {"coll": 2}, {"coll": 15, "late": 1},
                 {"coll": 1, "deferred": 1}, {"deferred": 1}, {"deferred": 1, "xsdefer": 1},
                 {"xscoll": 1, "coll": 15, "err": 1}, {"xscoll": 1, "late": 1, "xsdefer": 1},
                 {"err": 1, "late": 1}):
        await bench.tx(99, 0, 1, **more)
        await bench.check()
    events += [(bench.rx, a) for a in ((64,), (1518, 1), (64, 1, 1))]
    events += [(bench.rx, (100, 0, 0, fate))
               for fate in ("DROP_FILTER", "DROP_FULL", "DROP_DISABLED")]
    events += [(bench.rx, (80, 0, 0, "DELIVERED", meta)) for meta in (1, 2)]
    for call, args in events:
        await call(*args)
        await bench.check()
    for pin in ("i_drop_disabled_stb", "i_drop_stall_stb"):    # a gap explains the record alone
        cocotb.start_soon(bench.strobe(pin))
        await bench.one("i_rec_gap_stb")
    await bench.check()


async def tx_traffic(bench, frames, period, size=64, every=False):
    """every: each counter that a frame can move at this rate moves with each."""
    for i in range(frames):
        await bench.tx(size, pad=4 if every else bench.rnd.choice([0, 4]), mcast=i & 1 | every,
                       bcast=int(i % 4 == 3))
        await ClockCycles(bench.dut.clk, period - 12)


async def rx_traffic(bench, frames, period, size=64):
    for _ in range(frames):
        fate = bench.rnd.choice(["DELIVERED"] * 4 + ["DROP_FILTER", "DROP_FULL", "DROP_DISABLED"])
        start = 5 if fate in ("DELIVERED", "DROP_FULL") else 4
        await bench.rx(size, bench.rnd.getrandbits(1), bench.rnd.getrandbits(1), fate,
                       bench.rnd.randrange(3))
        await ClockCycles(bench.dut.clk, period - start)


async def high_water(bench, most):
    """The largest number of events that stood in the FIFO; one more is in its output."""
    fifo = bench.dut.u_events
    while True:
        await RisingEdge(bench.dut.clk)
        most[0] = max(most[0], (int(fifo.wr_q.value) - int(fifo.rd_q.value)) % 64)


async def one_traffic(bench, pin, count, period):
    for _ in range(count):
        await bench.one(pin)
        await ClockCycles(bench.dut.clk, period - 1)


@cocotb.test(**PATIENCE)
async def line_rate_both_ways(dut):
    """84 cycles per frame each way, a checksum in each, snapshots all the while: nothing lost."""
    bench = Bench(dut, "rate")
    await bench.begin()
    await bench.snapshot()
    most = [0]
    cocotb.start_soon(high_water(bench, most))
    jobs = [cocotb.start_soon(tx_traffic(bench, 90, 84, every=True)),
            cocotb.start_soon(rx_traffic(bench, 90, 84)),
            cocotb.start_soon(one_traffic(bench, "i_csum_inserted_stb", 90, 84))]
    taken = 0
    while not all(j.done() for j in jobs):
        assert await bench.snapshot() < 2000
        got = await bench.read(["TX_FRAMES", "TX_OCTETS", "RX_FRAMES", "RX_OCTETS", "RX_DELIVERED",
                                "RX_DROP_FILTER", "RX_DROP_FULL", "RX_DROP_DISABLED", "TX_64",
                                "RX_64",
                                "RX_CSUM_GOOD", "RX_CSUM_BAD", "RX_CSUM_NONE"])
        assert got["TX_OCTETS"] == 64 * got["TX_FRAMES"] == 64 * got["TX_64"]
        assert got["RX_OCTETS"] == 64 * got["RX_FRAMES"] == 64 * got["RX_64"]
        assert got["RX_FRAMES"] == sum(got["RX_" + f] for f in (
            "DELIVERED", "DROP_FILTER", "DROP_FULL", "DROP_DISABLED")), \
            "half an event in a snapshot"
        assert got["RX_DELIVERED"] == sum(got["RX_CSUM_" + f] for f in ("GOOD", "BAD", "NONE"))
        taken += 1
    dut._log.info("%d snapshots; at most %d of 32 events waited", taken, most[0])
    assert taken > 5 and 8 < most[0] < 28
    await bench.check()
    assert bench.want["TX_FRAMES"] == 90 and bench.want["EVENTS_LOST"] == 0


@cocotb.test(**PATIENCE)
async def everything_at_once(dut):
    """All sources strobe in the same cycles again and again."""
    bench = Bench(dut, "all")
    await bench.begin()
    await bench.snapshot()
    singles = [pin for pin in ONES if pin.startswith(("i_drop", "i_rec"))]
    for pin in singles:
        csum = bench.rnd.choice(["i_csum_inserted_stb", "i_csum_drop_stb"])
        jobs = [cocotb.start_soon(one_traffic(bench, p, 20, 90)) for p in (pin, csum)]
        jobs.append(cocotb.start_soon(tx_traffic(bench, 20, 90, 1518)))
        jobs.append(cocotb.start_soon(rx_traffic(bench, 20, 90, 1518)))
        jobs.append(cocotb.start_soon(one_traffic(bench, "i_rx_false_stb", 20, 90)))
        for job in jobs:
            await job
    await ClockCycles(dut.clk, 100)
    for _ in range(30):                     # runts between good frames, as close as they come
        await bench.rx(1518)
        await bench.rx_bad("fragment", length=9)
        await RisingEdge(dut.clk)
        await bench.one("i_rx_false_stb")
        await ClockCycles(dut.clk, 60)
    await bench.check()


@cocotb.test(**PATIENCE)
async def runt_before_the_commit(dut):
    """A runt 2 cycles behind a good frame, whose end has not come from the queue."""
    bench = Bench(dut, "runt")
    await bench.begin()
    for fate in ("DELIVERED", "DROP_FULL"):
        good = cocotb.start_soon(bench.rx(1518, 1, 0, fate, 0, 1))
        await ClockCycles(dut.clk, 2)
        await bench.rx_bad("fragment", length=9)
        await good
        await ClockCycles(dut.clk, 60)
    await bench.check()


@cocotb.test(**PATIENCE)
async def carries(dut):
    """Over both borders of 16 bits, and round from the top."""
    bench = Bench(dut, "carry")
    await bench.begin()
    await bench.snapshot()
    for name, value in (("TX_OCTETS", (1 << 32) - 1500), ("RX_OCTETS", (1 << 48) - 1),
                        ("TX_FRAMES", 0xFFFF), ("RX_FRAMES", 0xFFFF_FFFF),
                        ("REC_GAP", 0x1234_FFFF)):
        for w in range(3):
            dut.ram[NAMES.index(name) << 2 | w].value = value >> 16 * w & 0xFFFF
        bench.want[name] = value
    await RisingEdge(dut.clk)
    for _ in range(3):
        await bench.tx(1518)
        await bench.rx(1518)
        await bench.one("i_rec_gap_stb")
        await ClockCycles(dut.clk, 70)
    for name in NAMES:
        bench.want[name] &= (1 << 48) - 1
    await bench.check()
    for w in range(3):                      # a wrap just before a snapshot
        dut.ram[NAMES.index("REC_GAP") << 2 | w].value = 0xFFFF
    await bench.one("i_rec_gap_stb")
    bench.want["REC_GAP"] = 0
    await bench.check()
    for _ in range(50):                     # by counting alone, over the first border
        await bench.rx(1518)
        await ClockCycles(dut.clk, 79)
    await bench.check()


@cocotb.test(**PATIENCE)
async def overflow_is_counted(dut):
    """Faster than the engine and longer than the FIFO: what is lost is counted, exactly."""
    moved = ("RX_SYMBOL_ERRORS", "TX_DROP_LENGTH", "TX_CSUM_INSERTED")
    bench = Bench(dut, "overflow")
    await bench.begin()
    await bench.snapshot()
    for rounds in (120, 1500):
        before = {n: bench.want[n] for n in moved}
        cocotb.start_soon(bench.strobe("i_snap_stb"))
        jobs = [cocotb.start_soon(one_traffic(bench, pin, rounds // 4, 8))
                for pin in ("i_drop_length_stb", "i_csum_inserted_stb")]
        for _ in range(rounds):
            await bench.one("i_rx_false_stb")
            await ClockCycles(dut.clk, bench.rnd.randrange(1, 3))
        for job in jobs:
            await job
        await ClockCycles(dut.clk, 1500)
        await bench.snapshot()
        got = await bench.read([*moved, "EVENTS_LOST"])
        lost = got["EVENTS_LOST"] - bench.want["EVENTS_LOST"]
        assert lost > 50 and sum(bench.want[n] for n in moved) == sum(got[n] for n in moved) + lost
        assert all(before[n] < got[n] for n in moved)
        bench.want.update(EVENTS_LOST=lost)
        for n in moved:
            bench.want[n] = got[n]
        bench.want["RX_FALSE_CARRIERS"] = got["RX_SYMBOL_ERRORS"]
    await bench.check()


@cocotb.test(**PATIENCE)
async def snapshot_under_babble(dut):
    """Events without end, faster than the engine: a snapshot comes all the same, with all events
    that are older than it, counted or lost."""
    bench = Bench(dut, "babble")
    await bench.begin()
    await bench.snapshot()
    for period in (13, 2):
        babble = cocotb.start_soon(one_traffic(bench, "i_rx_false_stb", 9000 // period, period))
        for _ in range(4):
            await ClockCycles(dut.clk, bench.rnd.randrange(600))
            before = bench.want["RX_FALSE_CARRIERS"]
            await ClockCycles(dut.clk, 5)
            assert await bench.snapshot() < 35 * 14 + 10 + WALK
            got = await bench.read(["RX_SYMBOL_ERRORS", "RX_FALSE_CARRIERS", "EVENTS_LOST"])
            assert got["RX_SYMBOL_ERRORS"] == got["RX_FALSE_CARRIERS"]
            seen = got["RX_SYMBOL_ERRORS"] + got["EVENTS_LOST"]
            assert before <= seen <= bench.want["RX_FALSE_CARRIERS"]
            assert not babble.done()
        await babble
        await ClockCycles(dut.clk, 1500)
    await bench.snapshot()
    lost = (await bench.read(["EVENTS_LOST"]))["EVENTS_LOST"]
    assert lost > 3000
    bench.want["EVENTS_LOST"] = lost
    for name in ("RX_SYMBOL_ERRORS", "RX_FALSE_CARRIERS"):
        bench.want[name] -= lost
    await bench.check()


@cocotb.test(**PATIENCE)
async def snapshot_stands(dut):
    """Counters read the same between snapshots, which take 9 cycles a counter."""
    bench = Bench(dut, "stands")
    await bench.begin()
    await bench.snapshot()
    await bench.tx(64)
    await ClockCycles(dut.clk, 50)
    assert WALK <= await bench.snapshot() <= WALK + 4
    first = await bench.read()
    for _ in range(5):
        await bench.tx(100, 0, 1)
        await ClockCycles(dut.clk, 80)
    assert await bench.read() == first and first["TX_FRAMES"] == 1
    dut.i_snap_stb.value = 1                # again and again: one more after the first, no third
    await ClockCycles(dut.clk, 250)
    dut.i_snap_stb.value = 0
    await bench.tx(100)
    await ClockCycles(dut.clk, 2 * WALK + 40 - 250 - 12)
    assert dut.o_snap_busy.value == 0
    assert (await bench.read(["TX_FRAMES"]))["TX_FRAMES"] == 7
    await bench.check()


@cocotb.test(**PATIENCE)
async def reset_clears(dut):
    """A reset in the midst of events, a snapshot and a read."""
    bench = Bench(dut, "reset")
    await bench.begin()
    await bench.snapshot()
    await bench.tx(64)
    await ClockCycles(dut.clk, 5)
    await bench.strobe("i_rd_stb")
    await bench.strobe("i_snap_stb")
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    bench.want.clear()
    await bench.one("i_rec_gap_stb")
    for _ in range(20):
        await RisingEdge(dut.clk)
        assert dut.o_rd_valid.value == 0
    while dut.o_snap_busy.value == 1:
        await RisingEdge(dut.clk)
    await bench.check()


def test_stats():
    assert len(NAMES) == 54
    support.run("ly_stats", ["rtl/regs/ly_stats.v", "rtl/lib/ly_fifo.v"], "test_stats",
                {"LEN_W": 14}, "stats")
