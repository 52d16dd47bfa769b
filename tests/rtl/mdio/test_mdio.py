# SPDX-License-Identifier: Apache-2.0
"""ly_mdio against PHYs in plain Python on the two wires; every edge is timed as 22.3.4 wants it."""

import cocotb
from cocotb.triggers import Edge, FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time

import pytest
import support

PATIENCE = {"timeout_time": 20, "timeout_unit": "ms"}
MDC_MIN_NS = 400            # 22.2.2.13; high and low at least 160
HALF_MIN_NS = 160
SETUP_NS = HOLD_NS = 10     # 22.3.4: MDIO of the station round the rise of MDC
PHY_NS = 300                # and of the PHY behind it, at most


def now():
    return get_sim_time("ps") / 1000


class Phys:
    """The bus: a pull-up, and a PHY at each address of `there` with 32 random registers."""

    def __init__(self, dut, rnd, there):
        self.dut, self.rnd = dut, rnd
        self.regs = {a: [rnd.getrandbits(16) for _ in range(32)] for a in there}
        self.bits, self.ones = [], 0        # of the frame under way; preamble before it
        self.rises, self.frames = [], 0
        self.changed = 0.0                  # MDIO or its direction
        self.drive = None
        self.pad()
        for task in (self.clock(), self.watch(dut.o_mdio), self.watch(dut.o_mdio_oe)):
            cocotb.start_soon(task)

    def line(self):
        """What stands on the wire: at most one may drive it."""
        ours = int(self.dut.o_mdio_oe.value)
        assert not (ours and self.drive is not None), "both drive"
        if ours:
            return int(self.dut.o_mdio.value)
        return 1 if self.drive is None else self.drive

    def pad(self):
        self.dut.i_mdio.value = 1 if self.drive is None else self.drive

    async def watch(self, pin):
        while True:
            await Edge(pin)
            self.changed = now()
            if self.rises:
                assert self.changed - self.rises[-1] >= HOLD_NS

    async def clock(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.o_mdc)
            self.rises.append(now())
            assert now() - self.changed >= SETUP_NS
            if len(self.rises) > 1:
                assert self.rises[-1] - self.rises[-2] >= MDC_MIN_NS
            self.bit(self.line())
            cocotb.start_soon(self.answer())
            await Edge(dut.o_mdc)
            assert now() - self.rises[-1] >= HALF_MIN_NS
            fell = now()
            cocotb.start_soon(self.low(fell))

    async def low(self, fell):
        await RisingEdge(self.dut.o_mdc)
        assert now() - fell >= HALF_MIN_NS

    async def answer(self):
        """The PHY's pin changes a while after the rise, and in between it may be anything."""
        drive, late = self.next_drive(), self.rnd.choice((0, 1, PHY_NS, self.rnd.randrange(PHY_NS)))
        if late:
            await Timer(late, "ns")
        self.drive = drive
        self.pad()

    def next_drive(self):
        """What the addressed PHY puts on the wire for the next bit."""
        n = len(self.bits)
        if n < 15 or self.bits[:4] != [0, 1, 1, 0]:
            return None
        phy, reg = number(self.bits[4:9]), number(self.bits[9:14])
        if phy not in self.regs:
            return None
        return 0 if n == 15 else self.regs[phy][reg] >> (31 - n) & 1

    def bit(self, bit):
        """22.2.4.5: 32 ones, then a frame."""
        if not self.bits and bit:
            self.ones += 1
            return
        if not self.bits:
            assert self.ones == 32, "preamble"
            self.ones = 0
        self.bits.append(bit)
        if self.bits[2:3] == [1] and len(self.bits) > 14:
            assert self.dut.o_mdio_oe.value == 0, "the turnaround of a read is the PHY's"
        if len(self.bits) == 32:
            self.frame(self.bits)
            self.bits = []

    def frame(self, bits):
        assert bits[:2] == [0, 1] and bits[2] != bits[3], "start, opcode"
        self.frames += 1
        phy, reg = number(bits[4:9]), number(bits[9:14])
        if bits[3]:
            assert bits[14:16] == [1, 0], "turnaround of a write"
            if phy in self.regs:
                self.regs[phy][reg] = number(bits[16:])


def number(bits):
    return int("".join(map(str, bits)), 2)


async def begin(dut, name):
    dut.i_stb.value, dut.i_mdio.value = 0, 1
    clk_hz = int(dut.CLK_HZ.value)
    await support.start(dut.clk, dut.rst, period_ps=10**12 // clk_hz // 2 * 2)
    return support.rng(name)


async def ask_in_vain(dut, rnd):
    """Requests while one is under way, which nobody heeds."""
    for _ in range(5):
        for _ in range(rnd.randrange(60)):
            await RisingEdge(dut.clk)
        for pin, width in ((dut.i_write, 1), (dut.i_phy, 5), (dut.i_reg, 5), (dut.i_data, 16)):
            pin.value = rnd.getrandbits(width)
        dut.i_stb.value = 1
        await RisingEdge(dut.clk)
        dut.i_stb.value = 0


async def access(dut, rnd, phy, reg, write=None):
    """One access; returns (data, error). The request counts in its own cycle only."""
    assert dut.o_busy.value == 0
    dut.i_stb.value, dut.i_write.value = 1, int(write is not None)
    dut.i_phy.value, dut.i_reg.value = phy, reg
    dut.i_data.value = rnd.getrandbits(16) if write is None else write
    await RisingEdge(dut.clk)
    dut.i_stb.value = 0
    await RisingEdge(dut.clk)
    began = now()
    noise = cocotb.start_soon(ask_in_vain(dut, rnd))
    await FallingEdge(dut.o_busy)
    took = now() - began
    noise.kill()
    await RisingEdge(dut.clk)
    assert dut.o_mdc.value == 0 and dut.o_mdio_oe.value == 0
    assert int(dut.o_write.value) == int(write is not None)
    assert int(dut.o_phy.value) == phy and int(dut.o_reg.value) == reg
    return int(dut.o_data.value), int(dut.o_error.value), took


@cocotb.test(**PATIENCE)
async def random_registers(dut):
    """Reads and writes of random registers of three PHYs and of addresses where none is."""
    rnd = await begin(dut, "random")
    there = rnd.sample(range(32), 3)
    phys = Phys(dut, rnd, there)
    twin = {a: list(r) for a, r in phys.regs.items()}
    for i in range(60):
        phy = rnd.choice(there) if rnd.random() < 0.8 else rnd.randrange(32)
        reg, write = rnd.randrange(32), rnd.choice((None, rnd.getrandbits(16)))
        data, error, _ = await access(dut, rnd, phy, reg, write)
        if write is not None:
            assert (data, error) == (write, 0)
            if phy in twin:
                twin[phy][reg] = write
        elif phy in twin:
            assert (data, error) == (twin[phy][reg], 0)
        else:
            assert (data, error) == (0xFFFF, 1), "the pull-up answers"
        assert phys.frames == i + 1
    assert phys.regs == twin


@cocotb.test(**PATIENCE)
async def period(dut):
    """64 periods of MDC an access, as fast as 2.5 MHz lets a whole number of cycles be."""
    rnd = await begin(dut, "period")
    phys = Phys(dut, rnd, [1])
    clk_hz = int(dut.CLK_HZ.value)
    half = max(3, -(-clk_hz // 5_000_000))
    for _ in range(3):
        phys.rises.clear()
        _, _, took = await access(dut, rnd, 1, rnd.randrange(32))
        assert round(took * clk_hz / 1e9) == 128 * half - 1     # counted from the second cycle
        mean = (phys.rises[-1] - phys.rises[0]) / 63
        assert len(phys.rises) == 64 and abs(mean - 2e9 * half / clk_hz) < 1
        assert 1e9 / mean <= 2.5e6
        await Timer(rnd.randrange(1, 2000), "ns")
        assert dut.o_mdc.value == 0 and dut.o_mdio_oe.value == 0


@cocotb.test(**PATIENCE)
async def reset_in_an_access(dut):
    """The wires go quiet at once, and the next access is whole."""
    rnd = await begin(dut, "reset")
    dut.i_stb.value, dut.i_write.value = 1, 1
    dut.i_phy.value, dut.i_reg.value, dut.i_data.value = 3, 4, 5
    await RisingEdge(dut.clk)
    dut.i_stb.value = 0
    await Timer(17, "us")
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    assert (int(dut.o_busy.value), int(dut.o_mdc.value), int(dut.o_mdio_oe.value)) == (0, 0, 0)
    assert int(dut.o_data.value) == 0 and dut.o_error.value == 0
    await Timer(1, "us")
    phys = Phys(dut, rnd, [3])
    want = phys.regs[3][7]
    assert (await access(dut, rnd, 3, 7))[:2] == (want, 0)


@pytest.mark.parametrize("clk_hz", (125_000_000, 24_000_000))
def test_mdio(clk_hz):
    support.run("ly_mdio", ["rtl/mac/ly_mdio.v", "rtl/lib/ly_sync.v"], "test_mdio",
                {"CLK_HZ": clk_hz}, f"mdio-{clk_hz // 1_000_000}")
