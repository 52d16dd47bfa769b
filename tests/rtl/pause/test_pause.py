# SPDX-License-Identifier: Apache-2.0
"""ly_pause between a list of frames and a MAC of Python, against annex 31B in plain arithmetic.

One octet a cycle and a tick in each: a quantum, 512 bit times, is 64 cycles.
"""


import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

import support

GROUP = bytes.fromhex("0180c2000001")
MAC = bytes.fromhex("02a1b2c3d4e5")
QUANTUM = 64
REPEAT = 256            # quanta
XOFF = 0x01FF


def pause_frame(quanta, source=MAC, to=GROUP):
    return to + source + bytes.fromhex("88080001") + quanta.to_bytes(2, "big")


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.queue = []         # frames that wait
        self.out = []           # (cycle of its start, octets, o_tx_pause) that the MAC took
        self.rx = []            # (octets, err) that arrive; their address by the filter
        self.rx_seen = []       # (cycle of the last beat, octets, err, o_rx_pause)
        self.commits = 0
        self.collide = None     # octets of the next pause frame that go before it collides
        self.early = False      # the MAC commits with the last octet: HALF_DUPLEX 0
        self.stands = False     # it starts nothing

    async def begin(self, rx=1, tx=1):
        dut = self.dut
        for pin in (dut.s_rx_valid, dut.s_rx_data, dut.s_rx_last, dut.s_rx_err, dut.i_full,
                    dut.i_rx_own, dut.s_tx_valid, dut.s_tx_data, dut.s_tx_last,
                    dut.m_tx_ready, dut.i_commit, dut.i_start, dut.i_rewind, dut.i_end):
            pin.value = 0
        dut.i_tick.value = 1
        dut.i_en_rx.value, dut.i_en_tx.value = rx, tx
        dut.i_mac.value = int.from_bytes(MAC, "little")
        await support.start(dut.clk, dut.rst)
        cocotb.start_soon(self._mac())
        cocotb.start_soon(self._source())
        cocotb.start_soon(self._receive())

    @property
    def cycle(self):
        return int(get_sim_time("ns")) // 8

    async def _source(self):
        """As the queue: a frame stands until its commit, then six cycles of nothing."""
        dut, at, wait = self.dut, 0, 0
        while True:
            await RisingEdge(dut.clk)
            if int(dut.s_tx_valid.value) and int(dut.s_tx_ready.value):
                at += 1
            if int(dut.o_commit.value):
                assert at == len(self.queue[0]), "committed before it was read"
                self.queue.pop(0)
                self.commits += 1
                at, wait = 0, 6
            wait = max(0, wait - 1)
            data = self.queue[0] if self.queue and not wait else b""
            dut.s_tx_valid.value = int(at < len(data))
            if at < len(data):
                dut.s_tx_data.value = data[at]
                dut.s_tx_last.value = int(at == len(data) - 1)

    async def _mac(self):
        """Preamble of 8, octets without a hole, padding and FCS, gap of 12: as ly_mac_tx."""
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if not int(dut.m_tx_valid.value) or self.stands:
                continue
            begun, octets, ours = self.cycle, *(await self._read())
            if ours and self.collide is not None:
                self.collide = None
                dut.i_rewind.value = 1
                await RisingEdge(dut.clk)
                dut.i_rewind.value = 0
                await ClockCycles(dut.clk, self.rnd.randrange(12, 90))
                octets, ours = await self._read()
            for _ in range(max(60 - len(octets), 0) + 4):
                await RisingEdge(dut.clk)
            dut.i_end.value = 1
            dut.i_commit.value = int(not self.early)
            await RisingEdge(dut.clk)
            dut.i_end.value = dut.i_commit.value = 0
            self.out.append((begun, bytes(octets), ours))
            for _ in range(12):
                await RisingEdge(dut.clk)

    async def _read(self):
        """A frame from its start to its last octet, or to where it collides."""
        dut, octets, last = self.dut, bytearray(), 0
        dut.i_start.value = 1
        await RisingEdge(dut.clk)
        dut.i_start.value = 0
        for _ in range(6):
            await RisingEdge(dut.clk)
        ours = int(dut.o_tx_pause.value)
        dut.m_tx_ready.value = int(not ours or self.collide != 0)
        while not last and not (ours and len(octets) == self.collide):
            if self.early:
                await FallingEdge(dut.clk)
                dut.i_commit.value = int(dut.m_tx_last.value)
            await RisingEdge(dut.clk)
            assert int(dut.m_tx_valid.value), "a hole in a frame"
            octets.append(int(dut.m_tx_data.value))
            last = int(dut.m_tx_last.value)
        dut.m_tx_ready.value = dut.i_commit.value = 0
        return octets, ours

    async def _receive(self):
        dut = self.dut
        while True:
            await ClockCycles(dut.clk, 8)
            if not self.rx:
                continue
            octets, err = self.rx.pop(0)
            for n, octet in enumerate(octets):
                if n == 1:
                    dut.i_rx_own.value = int(octets[:6] == MAC)
                while self.rnd.random() < 0.1:
                    dut.s_rx_valid.value = 0
                    await RisingEdge(dut.clk)
                dut.s_rx_valid.value = 1
                dut.s_rx_data.value = octet
                dut.s_rx_last.value = int(n == len(octets) - 1)
                dut.s_rx_err.value = err if n == len(octets) - 1 else self.rnd.randrange(2)
                await RisingEdge(dut.clk)
            self.rx_seen.append((self.cycle, octets, err, int(dut.o_rx_pause.value)))
            dut.s_rx_valid.value = 0

    async def run(self, cycles):
        await ClockCycles(self.dut.clk, cycles)

    async def until(self, commits):
        """So many frames of the queue have gone; whatever keeps them ends some time."""
        for _ in range(1000):
            if self.commits >= commits:
                return
            await self.run(100)
        raise AssertionError(f"{self.commits} of {commits} frames have left")


def padded(frame):
    return frame + bytes(max(0, 60 - len(frame)))


@cocotb.test()
async def quanta(dut):
    """Nothing of the queue starts for as many quanta as asked, and then at once. They begin when
    the frame under way is through. To the group or to us.

    Clause: IEEE 802.3 31B.3.4, IEEE 802.3 31B.3.1
    """
    bench = Bench(dut, "quanta")
    await bench.begin(tx=0)
    counts = [1, 2, 5, 30, bench.rnd.randrange(3, 60)]
    for count, early in [(count, early) for early in (False, True) for count in counts]:
        bench.early = early
        sent = [bench.rnd.randbytes(bench.rnd.randrange(14, 200)) for _ in range(40)]
        bench.queue = list(sent)
        bench.out.clear()
        await bench.run(bench.rnd.randrange(100, 400))
        bench.rx_seen.clear()
        to = bench.rnd.choice((GROUP, MAC))
        bench.rx.append((padded(pause_frame(count, bench.rnd.randbytes(6), to)), 0))
        await bench.until(40)
        bench.commits = 0
        (asked, _, _, told), = bench.rx_seen
        assert told == 1
        assert [octets for _, octets, _ in bench.out] == sent
        starts = [start for start, _, _ in bench.out]
        # A frame that was already chosen may still start in the two cycles that blocking takes.
        before = [s for s in starts if s <= asked + 3]
        after = [s for s in starts if s > asked + 3]
        under_way = before[-1] + 8 + max(60, len(bench.out[len(before) - 1][1])) + 4
        end = max(asked, under_way) + count * QUANTUM
        assert end <= after[0] <= end + 9, (asked, under_way, count)


@cocotb.test()
async def not_a_pause(dut):
    """One octet wrong, a wrong FCS, another opcode, a short one: nothing stops. Zero quanta end it.

    Clause: IEEE 802.3 31B.3.1, IEEE 802.3 31B.2
    """
    bench = Bench(dut, "not")
    await bench.begin(tx=0)
    good = padded(pause_frame(0xFFFF))
    for place in [*range(6), *range(12, 16)]:
        bad = bytearray(good)
        bad[place] ^= 1 << bench.rnd.randrange(8)
        bench.rx.append((bytes(bad), 0))
    bench.rx += [(good, 1), (good[:16], 0), (good[:17], 0)]
    while len(bench.rx_seen) < 13:
        await bench.run(100)
    told = [t for _, _, _, t in bench.rx_seen]
    assert told == [0] * 10 + [1, 0, 0], told
    bench.queue.append(bytes(60))
    await bench.run(100)
    assert bench.commits == 1 and int(dut.o_busy.value) == int(dut.o_run.value) == 0
    # Stopped, and let go again.
    bench.rx.append((good, 0))
    await bench.run(200)
    bench.queue.append(bytes(60))
    await bench.run(400)
    assert bench.commits == 1 and int(dut.o_busy.value) == int(dut.o_run.value) == 1
    bench.rx.append((padded(pause_frame(0)), 0))
    await bench.run(300)
    assert bench.commits == 2
    # Switched off while stopped.
    bench.rx.append((good, 0))
    await bench.run(200)
    dut.i_en_rx.value = 0
    bench.queue.append(bytes(60))
    await bench.run(200)
    assert bench.commits == 3


@cocotb.test()
async def asks(dut):
    """XOFF when the queue is full, again every 256 quanta, XON when it is not, in any traffic.

    Clause: IEEE 802.3 31B.3.2
    """
    bench = Bench(dut, "asks")
    await bench.begin()
    for busy in (False, True):
        if busy:
            sent = [bench.rnd.randbytes(bench.rnd.randrange(14, 300)) for _ in range(160)]
            bench.queue = list(sent)
            bench.commits = 0
            # Paused ourselves: our own pause frames go out all the same.
            bench.rx.append((padded(pause_frame(100)), 0))
        for hold in (300, REPEAT * QUANTUM + 500)[:1 + busy]:
            bench.out.clear()
            began = bench.cycle
            dut.i_full.value = 1
            await bench.run(hold)
            dut.i_full.value = 0
            ended = bench.cycle
            await bench.run(700)
            asked = [(s, o) for s, o, ours in bench.out if ours]
            xoff = [s for s, o in asked if o == pause_frame(XOFF)]
            xon = [s for s, o in asked if o == pause_frame(0)]
            assert len(xoff) + len(xon) == len(asked) and len(xon) == 1
            assert len(xoff) == 1 + hold // (REPEAT * QUANTUM)
            longest = 8 + 300 + 16 + 90
            assert began < xoff[0] < began + longest and ended < xon[0] < ended + longest
            for a, b in zip(xoff, xoff[1:]):
                assert abs(b - a - REPEAT * QUANTUM) < longest
        if busy:
            await bench.until(160)
            rest = [o for _, o, ours in bench.out if not ours]
            assert rest == sent[-len(rest):]


@cocotb.test()
async def collides(dut):
    """The link has become half duplex under a pause frame: it is sent again from its first octet,
    wherever it collided, also in its padding or FCS."""
    bench = Bench(dut, "collides")
    await bench.begin(rx=0)
    for place in range(19):
        bench.out.clear()
        bench.collide = place
        dut.i_full.value = 1 - place % 2
        await bench.run(400)
        assert bench.collide is None
        assert [o for _, o, _ in bench.out] == [pause_frame(0 if place % 2 else XOFF)], place
        bench.queue.append(bytes(60))
        await bench.run(200)
        assert bench.commits == place + 1


@cocotb.test()
async def withdrawn(dut):
    """A pause frame that waits while its sending is switched off does not go out, then or later;
    one that had started goes on to its end. Frames of the queue are whole in both cases."""
    bench = Bench(dut, "withdrawn")
    await bench.begin(rx=0)
    for lead in range(-4, 12):
        bench.stands = True
        dut.i_full.value = 1
        await bench.run(20)
        bench.out.clear()
        bench.queue.append(sent := bench.rnd.randbytes(60))
        if lead < 0:
            dut.i_en_tx.value = 0
            await bench.run(-lead)
            bench.stands = False
        else:
            bench.stands = False
            await bench.run(lead)
            dut.i_en_tx.value = 0
        await bench.run(300)
        octets = [o for _, o, ours in bench.out if ours]
        assert len(octets) == (lead > 0) if abs(lead) > 1 else len(octets) in (0, 1), lead
        assert all(o == pause_frame(XOFF) for o in octets)
        assert [o for _, o, ours in bench.out if not ours] == [sent], lead
        assert int(dut.o_busy.value) == int(dut.o_run.value) == 0
        # It is asked for anew.
        dut.i_en_tx.value = 1
        await bench.run(300)
        dut.i_full.value = 0
        await bench.run(300)
        assert [o for _, o, ours in bench.out[-2:]] == [pause_frame(XOFF), pause_frame(0)], lead


def test_pause():
    support.run("ly_pause", ["rtl/mac/ly_pause.v"], "test_pause")
