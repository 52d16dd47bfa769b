# SPDX-License-Identifier: Apache-2.0
"""ly_filter: which destination addresses it accepts, and until when the answer stands."""

import cocotb
from cocotb.triggers import RisingEdge

import support

MAC = bytes.fromhex("02a55a4c5901")
BROADCAST = b"\xff" * 6


class Bench:
    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)

    async def begin(self):
        dut = self.dut
        for pin in (dut.s_rx_valid, dut.s_rx_data, dut.s_rx_last, dut.i_promisc):
            pin.value = 0
        dut.i_mac.value = int.from_bytes(MAC, "little")     # byte 0 in bits 7:0
        await support.start(dut.clk, dut.rst)

    async def frame(self, data, gaps, behind=6):
        """Send data; o_accept with the last beat, the same from the 7th byte on."""
        dut, answers = self.dut, set()
        for n, byte in enumerate(data):
            while gaps and self.rnd.randrange(3) == 0:
                await RisingEdge(dut.clk)
            dut.s_rx_valid.value = 1
            dut.s_rx_data.value = byte
            dut.s_rx_last.value = int(n == len(data) - 1)
            await RisingEdge(dut.clk)
            if n >= 6:
                answers.add(int(dut.o_accept.value))
            dut.s_rx_valid.value = 0
            dut.s_rx_data.value = self.rnd.getrandbits(8)
            dut.s_rx_last.value = self.rnd.randrange(2)
        for _ in range(behind):
            await RisingEdge(dut.clk)
            answers.add(int(dut.o_accept.value))
        assert len(answers) == 1 or len(data) < 7
        return answers.pop()


@cocotb.test()
async def addresses(dut):
    """The own address and broadcast pass; one bit off, the bytes reversed, groups do not.

    Clause: IEEE 802.3 3.2.4
    """
    bench = Bench(dut, "addresses")
    await bench.begin()
    cases = [(MAC, 1), (BROADCAST, 1), (MAC[::-1], 0), (bytes(6), 0),
             (bytes.fromhex("01005e000001"), 0), (bytes.fromhex("333300000001"), 0)]
    for bit in range(48):
        for base in (MAC, BROADCAST):
            cases.append((bytes(b ^ (1 << bit % 8 if n == bit // 8 else 0)
                                for n, b in enumerate(base)), 0))
    # Half of one and half of the other is neither.
    cases += [(MAC[:n] + BROADCAST[n:], 0) for n in range(1, 6)]
    cases += [(BROADCAST[:n] + MAC[n:], 0) for n in range(1, 6)]
    bench.rnd.shuffle(cases)
    for gaps in (False, True):
        for address, want in cases:
            data = address + MAC + BROADCAST + bytes(bench.rnd.randrange(1, 9))
            assert await bench.frame(data, gaps) == want, address.hex()


@cocotb.test()
async def promiscuous(dut):
    """With i_promisc everything passes, and without it again only what is ours.

    Clause: IEEE 802.3 3.2.4
    """
    bench = Bench(dut, "promisc")
    await bench.begin()
    for promisc in (1, 0, 1, 0):
        dut.i_promisc.value = promisc
        await RisingEdge(dut.clk)
        for address in (bytes(6), MAC, BROADCAST, MAC[::-1]):
            want = promisc or address in (MAC, BROADCAST)
            assert await bench.frame(address + bytes(20), False) == want


@cocotb.test()
async def after_runts(dut):
    """Frames that end inside the address leave nothing behind for the next."""
    bench = Bench(dut, "runts")
    await bench.begin()
    for size in list(range(1, 7)) * 3:
        await bench.frame(bench.rnd.choice([MAC, BROADCAST])[:size], False)
        assert await bench.frame(MAC + bytes(9), True) == 1
        await bench.frame(MAC[:size], False)
        assert await bench.frame(MAC[size:] + MAC + bytes(9), False) == (MAC[size:] == b"")
        assert await bench.frame(BROADCAST + bytes(9), False) == 1


@cocotb.test()
async def after_reset(dut):
    """A reset inside a frame: the next beat is a first one."""
    bench = Bench(dut, "reset")
    await bench.begin()
    for size in range(1, 9):
        for n in range(size):
            dut.s_rx_valid.value = 1
            dut.s_rx_data.value = (MAC + b"\0\0\0")[n]
            dut.s_rx_last.value = 0
            await RisingEdge(dut.clk)
        dut.s_rx_valid.value = 0
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        dut.rst.value = 0
        assert await bench.frame(MAC + bytes(9), False) == 1


def test_filter():
    support.run("ly_filter", ["rtl/mac/ly_filter.v"], "test_filter", build_tag="filter")
