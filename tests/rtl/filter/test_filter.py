# SPDX-License-Identifier: Apache-2.0
"""ly_filter against the rules in Python, with zlib's CRC: which addresses it accepts."""

import zlib

import cocotb
from cocotb.triggers import RisingEdge

import support

MAC = bytes.fromhex("02a55a4c5901")
BROADCAST = b"\xff" * 6
SETTINGS = {"i_mac": 48, "i_hash": 64, "i_promisc": 1, "i_allmulti": 1, "i_pass_pause": 1}
PLAIN = {"i_mac": int.from_bytes(MAC, "little"), "i_hash": 0, "i_promisc": 0, "i_allmulti": 0,
         "i_pass_pause": 0}


def register(data):
    """The reflected CRC register after these octets: zlib gives its complement."""
    return zlib.crc32(data) ^ 0xFFFF_FFFF


def hash_bit(address):
    """ether_crc(6, address) >> 26, written down bit by bit: IEEE 802.3 3.2.9, first bit on top."""
    crc = 0xFFFF_FFFF
    for octet in address:
        for bit in range(8):
            feed = (crc >> 31) ^ (octet >> bit & 1)
            crc = (crc << 1 & 0xFFFF_FFFF) ^ (0x04C1_1DB7 if feed else 0)
    return crc >> 26


def accepts(address, pause, s):
    """The rules, one after the other. Bits 7:0 of i_mac are the first octet."""
    if pause and not s["i_pass_pause"]:
        return 0
    if s["i_promisc"] or address in (BROADCAST, s["i_mac"].to_bytes(6, "little")):
        return 1
    group = address[0] & 1
    return int(bool(group and (s["i_allmulti"] or s["i_hash"] >> hash_bit(address) & 1)))


class Bench:
    """Beats as ly_mac_rx makes them; `settings` stands in the second beat, anything elsewhere."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.settings = dict(PLAIN)

    def noise(self):
        """What the filter must not look at."""
        for pin, width in (*SETTINGS.items(), ("i_line", 32), ("i_crc", 6), ("i_mcast", 1),
                           ("i_bcast", 1), ("i_pause", 1), ("s_rx_data", 8), ("s_rx_last", 1)):
            getattr(self.dut, pin).value = self.rnd.getrandbits(width)

    async def begin(self):
        self.dut.s_rx_valid.value = 0
        self.noise()
        await support.start(self.dut.clk, self.dut.rst)

    async def frame(self, data, gaps=False, pause=0):
        """Send data; returns o_accept at the last beat."""
        dut = self.dut
        for n, byte in enumerate(data):
            while gaps and self.rnd.randrange(3) == 0:
                self.noise()
                await RisingEdge(dut.clk)
            self.noise()
            dut.s_rx_valid.value = 1
            dut.s_rx_data.value = byte
            dut.s_rx_last.value = int(n == len(data) - 1)
            if n == 1:
                for pin, value in self.settings.items():
                    getattr(dut, pin).value = value
                dut.i_line.value = int.from_bytes(data[2:6].ljust(4, b"\0"), "big")
                dut.i_crc.value = register(data[:6]) & 0x3F
                dut.i_mcast.value = data[0] & 1
                dut.i_bcast.value = int(data[:6] == BROADCAST)
            if n == len(data) - 1:
                dut.i_pause.value = pause
            await RisingEdge(dut.clk)
            accept = dut.o_accept.value
            dut.s_rx_valid.value = 0
        return int(accept) if len(data) >= 7 else None

    async def check(self, address, gaps=False, pause=0):
        want = accepts(address, pause, self.settings)
        got = await self.frame(address + self.rnd.randbytes(self.rnd.randrange(1, 9)), gaps, pause)
        assert got == want, (address.hex(), pause, self.settings)
        return got


def near(base):
    """An address with one bit off, each once."""
    return [bytes(b ^ (1 << bit % 8 if n == bit // 8 else 0) for n, b in enumerate(base))
            for bit in range(48)]


@cocotb.test()
async def addresses(dut):
    """The own address and broadcast pass; one bit off, the bytes reversed, groups do not.

    Clause: IEEE 802.3 3.2.4
    """
    bench = Bench(dut, "addresses")
    await bench.begin()
    cases = [MAC, BROADCAST, MAC[::-1], bytes(6), bytes.fromhex("01005e000001")]
    cases += near(MAC) + near(BROADCAST)
    # Half of one and half of the other is neither.
    cases += [MAC[:n] + BROADCAST[n:] for n in range(1, 6)]
    cases += [BROADCAST[:n] + MAC[n:] for n in range(1, 6)]
    bench.rnd.shuffle(cases)
    passed = [await bench.check(address, gaps) for gaps in (False, True) for address in cases]
    assert sum(passed) == 4


@cocotb.test()
async def hash_of_every_index(dut):
    """A table of one bit passes its groups only, no unicast; 64 indices, each hit and missed.

    Clause: IEEE 802.3 3.2.4
    """
    bench = Bench(dut, "hash")
    await bench.begin()
    found = {}
    while len(found) < 64:
        address = bytes([bench.rnd.getrandbits(8) | 1]) + bench.rnd.randbytes(5)
        found.setdefault(hash_bit(address), address)
    for index, address in found.items():
        bench.settings = dict(PLAIN, i_hash=1 << index)
        assert await bench.check(address) == 1
        assert await bench.check(found[index ^ 1 << bench.rnd.randrange(6)]) == 0
        bench.settings = dict(PLAIN, i_hash=(1 << 64) - 1)
        assert await bench.check(bytes([address[0] & 0xFE]) + address[1:]) == 0
        bench.settings = dict(PLAIN, i_hash=~(1 << index) & (1 << 64) - 1)
        assert await bench.check(address) == 0
    # What everybody computes for all hosts, 01-00-5E-00-00-01, in two well-known drivers' tables.
    assert hash_bit(bytes.fromhex("01005e000001")) == 0b011111 == zlib_bit("01005e000001")


def zlib_bit(text):
    """The same index from zlib's register: its bits 0 to 5, bit 0 the highest."""
    return int(f"{register(bytes.fromhex(text)) & 0x3F:06b}"[::-1], 2)


@cocotb.test()
async def settings_change_all_the_while(dut):
    """Every setting is another in each cycle; a frame is judged by those of one cycle.

    Clause: IEEE 802.3 3.2.4, IEEE 802.3 31B.1
    """
    bench = Bench(dut, "change")
    await bench.begin()
    answers = [0, 0]
    for n in range(1500):
        bench.settings = {pin: bench.rnd.getrandbits(width) if bench.rnd.randrange(3) == 0
                          else PLAIN[pin] for pin, width in SETTINGS.items()}
        own = bench.settings["i_mac"].to_bytes(6, "little")
        group = bytes([bench.rnd.getrandbits(8) | 1]) + bench.rnd.randbytes(5)
        address = bench.rnd.choice([own, bench.rnd.choice(near(own)), BROADCAST, group, group,
                                    bytes([group[0] & 0xFE]) + group[1:]])
        answers[await bench.check(address, n & 1, bench.rnd.randrange(4) == 0)] += 1
    assert min(answers) > 300


@cocotb.test()
async def after_runts_and_resets(dut):
    """Frames or resets that end inside the address leave nothing behind for the next frame."""
    bench = Bench(dut, "runts")
    await bench.begin()
    for size in list(range(1, 7)) * 3:
        await bench.frame(bench.rnd.choice([MAC, BROADCAST])[:size])
        await bench.check(MAC, True)
        await bench.frame(MAC[:size])
        await bench.check(MAC[size:] + MAC[:size])
        dut.s_rx_valid.value = 1
        dut.s_rx_last.value = 0
        for _ in range(size):
            await RisingEdge(dut.clk)
        dut.s_rx_valid.value = 0
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        dut.rst.value = 0
        await bench.check(MAC)


def test_filter():
    support.run("ly_filter", ["rtl/mac/ly_filter.v"], "test_filter", build_tag="filter")
