# SPDX-License-Identifier: Apache-2.0
"""ly_timebase against an integer: counting, wraps of the low half, skipping, the deadline."""

import cocotb
from cocotb.triggers import RisingEdge

import support

PATIENCE = {"timeout_time": 5, "timeout_unit": "ms"}
MASK = (1 << 64) - 1


class Bench:
    """Steps the clock and holds every output to `now` in every cycle."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.now = None

    async def begin(self):
        dut = self.dut
        for pin in (dut.i_armed, dut.i_skip_stb, dut.i_skip_cycles):
            pin.value = 0
        await support.start(dut.clk, dut.rst)
        assert int(dut.o_time.value) == 0, "the reset has just ended"
        self.now = 1

    async def step(self, skip=None):
        """One cycle; with @skip, that many more."""
        dut = self.dut
        dut.i_skip_stb.value = int(skip is not None)
        dut.i_skip_cycles.value = self.rnd.getrandbits(64) if skip is None else skip
        await RisingEdge(dut.clk)
        armed = int(dut.i_armed.value)
        assert int(dut.o_time.value) == self.now
        deadline = 4096 - self.now % 4096 if armed else 0xFFFF_FFFF
        assert int(dut.o_deadline.value) == deadline
        self.now = (self.now + 1 + (skip or 0)) & MASK
        if self.rnd.random() < 0.05:
            dut.i_armed.value = 1 - armed


@cocotb.test(**PATIENCE)
async def counts(dut):
    """One per cycle, over the first ticks."""
    bench = Bench(dut, "counts")
    await bench.begin()
    for _ in range(4096 * 2 + 50):
        await bench.step()


@cocotb.test(**PATIENCE)
async def skips(dut):
    """Any number of cycles at once, over every border: the next cycle has the right time."""
    bench = Bench(dut, "skips")
    await bench.begin()
    for _ in range(600):
        to = bench.rnd.choice([None, None, 0, 1, bench.rnd.randrange(5000),
                               bench.rnd.getrandbits(32),
                               bench.rnd.getrandbits(48),
                               # just before, on and just after the wrap of the low half
                               (-bench.now + bench.rnd.randrange(-5, 3)) % (1 << 32)])
        await bench.step(to)
    while bench.now < (1 << 63):
        await bench.step(bench.rnd.getrandbits(62))
    await bench.step((-bench.now - 4) & MASK)           # to the end of 64 bits, and on
    for _ in range(10):
        await bench.step()
    assert bench.now < 100


@cocotb.test(**PATIENCE)
async def skipping_is_exact(dut):
    """Skipping to just before a deadline shows the same ticks as counting does."""
    bench = Bench(dut, "exact")
    await bench.begin()
    dut.i_armed.value = 1
    await bench.step()
    ticks = []
    for _ in range(200):
        left = 4096 - bench.now % 4096
        await bench.step(left - 2 if left > 2 else None)
        if bench.now % 4096 == 0:
            ticks.append(bench.now)
    assert ticks == list(range(4096, 4096 * (len(ticks) + 1), 4096)) and len(ticks) > 60


def test_timebase():
    support.run("ly_timebase", ["rtl/regs/ly_timebase.v"], "test_timebase", build_tag="timebase")
