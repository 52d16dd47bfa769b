# SPDX-License-Identifier: Apache-2.0
"""ly_csum_rx against a verifier written from the RFCs, on frames that scapy builds and we spoil."""

import struct

import cocotb
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

import support

CYCLE_PS = 8000
PATIENCE = {"timeout_time": 20, "timeout_unit": "ms"}
NONE, GOOD, BAD = 0, 1, 2               # m_rx_meta
ETH = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
PROTOCOLS = {1: 8, 6: 20, 17: 8}        # ICMP, TCP, UDP: shortest segment


# ---- The twin -------------------------------------------------------------------------------

def sum16(data):
    """Folded ones' complement sum; FFFF for what carries a right checksum."""
    padded = bytes(data) + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ip_offset(frame):
    """Where the IPv4 header begins; None where there is none to verify."""
    at = 12
    for _ in range(3):
        kind = frame[at:at + 2]
        if kind == b"\x08\x00":
            return at + 2
        if kind not in (b"\x81\x00", b"\x88\xa8"):
            return None
        at += 4
    return None


def verdict(frame):
    """NONE, GOOD or BAD by RFC 791, 768, 792, 9293."""
    at = ip_offset(frame)
    if at is None:
        return NONE
    ip = frame[at:]
    if len(ip) < 20 or ip[0] >> 4 != 4 or ip[0] & 15 < 5:
        return NONE
    header = 4 * (ip[0] & 15)
    total, fragment, protocol = (struct.unpack(">H", ip[2:4])[0],
                                 struct.unpack(">H", ip[6:8])[0] & 0x3FFF, ip[9])
    if fragment or protocol not in PROTOCOLS or total > len(ip):
        return NONE
    segment = ip[header:total]
    if total < header or len(segment) < PROTOCOLS[protocol]:
        return NONE
    if protocol == 17 and (segment[6:8] == b"\0\0"
                           or struct.unpack(">H", segment[4:6])[0] != len(segment)):
        return NONE
    pseudo = b"" if protocol == 1 else ip[12:20] + struct.pack(">BBH", 0, protocol, len(segment))
    ok = sum16(ip[:header]) == 0xFFFF and sum16(pseudo + segment) == 0xFFFF
    return GOOD if ok else BAD


# ---- Frames ---------------------------------------------------------------------------------

def tags(rnd, count):
    out = ETH
    for i in range(count):
        out = out / (rnd.choice([Dot1Q, Dot1AD]) if i == 0 else Dot1Q)(vlan=rnd.randrange(4096))
    return out


def options(rnd, words):
    """IPv4 options of that many words: an unassigned option with random content."""
    if words == 0:
        return []
    return [IPOption(bytes([0x9E, 4 * words]) + rnd.randbytes(4 * words - 2))]


def transport(rnd, size):
    payload = Raw(rnd.randbytes(size)) if size else b""
    kind = rnd.randrange(3)
    if kind == 0:
        return TCP(sport=rnd.getrandbits(16), dport=80, seq=rnd.getrandbits(32),
                   flags="PA") / payload
    if kind == 1:
        return UDP(sport=rnd.getrandbits(16), dport=53) / payload
    return ICMP(type=8, id=rnd.getrandbits(16), seq=rnd.getrandbits(16)) / payload


def good_frame(rnd, vlans=None, words=None, size=None):
    """A whole IPv4 frame; every checksum right."""
    vlans = rnd.randrange(3) if vlans is None else vlans
    words = rnd.choice([0, 0, 0, rnd.randrange(11)]) if words is None else words
    size = rnd.randrange(0, 60) if size is None else size
    ip = IP(src=f"10.{rnd.randrange(256)}.0.1", dst=f"192.168.{rnd.randrange(256)}.7",
            id=rnd.getrandbits(16), ttl=rnd.randrange(1, 256), flags=rnd.choice(["", "DF"]),
            options=options(rnd, words))
    return bytearray(bytes(tags(rnd, vlans) / ip / transport(rnd, size)))


def fix_header(frame):
    """Make the IPv4 header's checksum right again after a change."""
    at = ip_offset(frame)
    end = at + 4 * (frame[at] & 15)
    frame[at + 10:at + 12] = b"\0\0"
    frame[at + 10:at + 12] = struct.pack(">H", ~sum16(frame[at:end]) & 0xFFFF)
    return frame


def spoil(rnd, frame):
    """One of the ways in which a frame is odd."""
    at = ip_offset(frame)
    l4 = at + 4 * (frame[at] & 15)
    way = rnd.randrange(12)
    if way == 0:                                        # a bit anywhere
        bit = rnd.randrange(8 * len(frame))
        frame[bit // 8] ^= 1 << bit % 8
    elif way == 1:                                      # a bit in the addresses, header mended
        frame[at + 12 + rnd.randrange(8)] ^= 1 << rnd.randrange(8)
        fix_header(frame)
    elif way == 2:                                      # a bit in the segment
        frame[rnd.randrange(l4, len(frame))] ^= 1 << rnd.randrange(8)
    elif way == 3:                                      # a fragment, first or later
        frame[at + 6:at + 8] = struct.pack(">H", rnd.choice([0x2000, 1, 0x1FFF, 0x20B9, 0x0100]))
        fix_header(frame)
    elif way == 4:                                      # padding, as of a short frame, or rubbish
        frame += rnd.choice([bytes(20), rnd.randbytes(rnd.randrange(1, 30))])
    elif way == 5:                                      # cut anywhere, bytes may follow
        del frame[rnd.randrange(15, len(frame)):]
    elif way == 6:                                      # total length of something else
        total = rnd.choice([0, 19, 20, l4 - at, l4 - at + rnd.randrange(24), rnd.randrange(100),
                            0xFFFF])
        frame[at + 2:at + 4] = struct.pack(">H", total)
        fix_header(frame)
        frame += bytes(rnd.choice([0, 30]))
    elif way == 7:                                      # UDP checksum 0; else the field zeroed
        field = l4 + {1: 2, 6: 16, 17: 6}[frame[at + 9]]
        frame[field:field + 2] = b"\0\0"
    elif way == 8:                                      # other protocol
        frame[at + 9] = rnd.choice([0, 2, 41, 58, 132, 4, 5, 7, 16, 18, 22, 255, 6, 17, 1])
        fix_header(frame)
    elif way == 9:                                      # version, header length
        frame[at] = rnd.choice([0x44, 0x40, 0x65, 0x55, 0x05, 0x4F, 0x46])
    elif way == 10:                                     # UDP length, or those two bytes
        frame[l4 + 4:l4 + 6] = struct.pack(">H", rnd.choice([8, 0, 9, len(frame) - l4 + 1, 0x1008]))
    else:                                               # header checksum
        frame[at + 10 + rnd.randrange(2)] ^= 1 << rnd.randrange(8)
    return frame


# ---- The bench ------------------------------------------------------------------------------

def cycle():
    return round(get_sim_time("ps") / CYCLE_PS)


class Bench:
    """Plays frames with their errors and gaps; checks every byte, the verdict and its cycle."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.out, self.due, self.metas = [], [], {NONE: 0, GOOD: 0, BAD: 0}

    async def begin(self):
        dut = self.dut
        for pin in (dut.s_rx_valid, dut.s_rx_data, dut.s_rx_last, dut.s_rx_err):
            pin.value = 0
        dut.i_en.value = 1
        await support.start(dut.clk, dut.rst, CYCLE_PS)
        cocotb.start_soon(self.watch())

    async def watch(self):
        dut = self.dut
        data, meta = bytearray(), int(dut.m_rx_meta.value)
        while True:
            await RisingEdge(dut.clk)
            now = int(dut.m_rx_meta.value)
            if dut.m_rx_valid.value == 0:
                assert dut.m_rx_last.value == 0 and now == meta, "meta must stand"
                continue
            data.append(int(dut.m_rx_data.value))
            if dut.m_rx_last.value == 1:
                self.out.append((bytes(data), int(dut.m_rx_err.value), now, cycle()))
                data = bytearray()
            else:
                assert now == meta
            meta = now

    async def send(self, frame, err=0, gap=0.0, pause=3):
        """@gap: chance of an idle cycle before each byte; @pause: cycles to the next first byte."""
        dut, rnd = self.dut, self.rnd
        for pos, byte in enumerate(frame):
            while rnd.random() < gap:
                self.idle()
                await RisingEdge(dut.clk)
            last = pos == len(frame) - 1
            dut.s_rx_valid.value = 1
            dut.s_rx_data.value = byte
            dut.s_rx_last.value = int(last)
            dut.s_rx_err.value = err if last else rnd.getrandbits(1)
            await RisingEdge(dut.clk)
        meta = verdict(bytes(frame)) if dut.i_en.value == 1 and not err else NONE
        self.due.append((bytes(frame), err, meta, cycle() + 3))
        for _ in range(pause - 1):
            self.idle()
            await RisingEdge(dut.clk)

    def idle(self):
        dut, rnd = self.dut, self.rnd
        dut.s_rx_valid.value = 0
        dut.s_rx_data.value = rnd.getrandbits(8)
        dut.s_rx_last.value = rnd.getrandbits(1)
        dut.s_rx_err.value = rnd.getrandbits(1)

    async def settle(self):
        """Wait for what is under way, then compare all."""
        self.idle()
        for _ in range(6):
            await RisingEdge(self.dut.clk)
        assert len(self.out) == len(self.due)
        for got, want in zip(self.out, self.due):
            assert got[0] == want[0] and got[1] == want[1], "a byte was changed"
            assert got[2] == want[2], f"meta {got[2]}, twin says {want[2]}: {want[0].hex()}"
            assert got[3] == want[3], "the last byte is not 3 cycles late"
            self.metas[got[2]] += 1
        self.out, self.due = [], []


@cocotb.test(**PATIENCE)
async def good_frames(dut):
    """Every header length, 0 to 2 tags, odd and even sizes: all verified.

    Clause: RFC 791 3.1, RFC 768 Fields, RFC 792 Message Formats, RFC 9293 3.1
    """
    bench = Bench(dut, "good")
    await bench.begin()
    for words in range(11):
        for vlans in range(3):
            frame = good_frame(bench.rnd, vlans, words, bench.rnd.randrange(0, 40))
            assert verdict(bytes(frame)) == GOOD
            await bench.send(frame)
    for size in (0, 1, 2, 3, 1399, 1400):
        await bench.send(good_frame(bench.rnd, size=size))
    await bench.settle()
    assert bench.metas == {NONE: 0, GOOD: 39, BAD: 0}


@cocotb.test(**PATIENCE)
async def spoilt_frames(dut):
    """Spoilt in every way, back to back and with gaps."""
    bench = Bench(dut, "spoilt")
    await bench.begin()
    for gap in (0.0, 0.4):
        for _ in range(120):
            frame = good_frame(bench.rnd)
            for _ in range(bench.rnd.choice([1, 1, 1, 0])):
                spoil(bench.rnd, frame)
            await bench.send(frame, err=int(bench.rnd.random() < 0.05), gap=gap,
                             pause=bench.rnd.choice([3, 3, 4, 12]))
    await bench.settle()
    assert min(bench.metas.values()) > 30, bench.metas


@cocotb.test(**PATIENCE)
async def every_bit_of_the_headers(dut):
    """A wrong bit in header, pseudo header or segment is found, or the frame not trusted.

    Clause: RFC 791 3.1, RFC 9293 3.1
    """
    bench = Bench(dut, "bits")
    await bench.begin()
    frame = bytes(ETH / IP(src="10.9.0.1", dst="10.9.0.2") / UDP(sport=7, dport=9) / Raw(b"odd"))
    assert verdict(frame) == GOOD
    for bit in range(14 * 8, len(frame) * 8):
        bad = bytearray(frame)
        bad[bit // 8] ^= 1 << bit % 8
        assert verdict(bytes(bad)) != GOOD
        await bench.send(bad)
    await bench.settle()
    assert bench.metas[GOOD] == 0 and bench.metas[BAD] > 150


@cocotb.test(**PATIENCE)
async def not_for_us(dut):
    """Other types, three tags, IPv6, runts of every length: passed on, not verified."""
    bench = Bench(dut, "others")
    await bench.begin()
    rnd = bench.rnd
    inner = IP(src="1.2.3.4", dst="5.6.7.8") / UDP() / Raw(b"x" * 9)
    frames = [ETH / ARP(), ETH / IPv6() / UDP() / Raw(b"six"),
              ETH / Dot1Q() / Dot1Q() / Dot1Q() / inner, ETH / Dot1AD() / Dot1Q() / ARP(),
              Ether(type=0x0801) / inner, Ether(type=0x0900) / inner, Ether(type=0x8101) / inner,
              Ether(type=0x88A9) / inner, Ether(type=100) / inner, Ether(type=0) / inner]
    for frame in frames:
        await bench.send(bytes(frame))
    good = good_frame(rnd, 1, 1, 9)
    for size in range(1, len(good)):
        await bench.send(good[:size])
    await bench.send(good)
    await bench.settle()
    assert bench.metas[GOOD] == 1 and bench.metas[BAD] == 0


@cocotb.test(**PATIENCE)
async def segment_lengths(dut):
    """Segments around the shortest of each protocol, sums right: trusted only where whole."""
    bench = Bench(dut, "lengths")
    await bench.begin()
    for protocol, least in PROTOCOLS.items():
        for size in range(0, 24):
            segment = bytearray(bench.rnd.randbytes(size))
            ip = bytearray(bytes(IP(src="10.0.0.1", dst="10.0.0.2", proto=protocol)
                                 / Raw(bytes(size))))
            if protocol == 17 and size >= 6:
                segment[4:6] = struct.pack(">H", size)
            field = {1: 2, 6: 16, 17: 6}[protocol]
            if size >= field + 2:
                pseudo = b"" if protocol == 1 else (bytes(ip[12:20])
                                                    + struct.pack(">HH", protocol, size))
                segment[field:field + 2] = b"\0\0"
                value = ~sum16(pseudo + bytes(segment)) & 0xFFFF
                segment[field:field + 2] = struct.pack(">H", value or 0xFFFF)
            frame = bytes(ETH)[:12] + b"\x08\x00" + bytes(ip[:20]) + bytes(segment)
            assert (verdict(frame) == GOOD) == (size >= least)
            await bench.send(frame)
            await bench.send(frame + bytes(18))
    await bench.settle()
    assert bench.metas[BAD] == 0


@cocotb.test(**PATIENCE)
async def udp_checksum_values(dut):
    """0 says that there is none; every other value is one, however few of its bits are set.

    Clause: RFC 768 Fields
    """
    bench = Bench(dut, "values")
    await bench.begin()
    for value in [0, 0xFFFF] + [1 << bit for bit in range(16)] + [0xC000, 0x3FFF]:
        frame = bytearray(bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / Raw(bytes(6))))
        frame[40:42] = struct.pack(">H", value)
        pseudo = bytes(frame[26:34]) + struct.pack(">HH", 17, 14)
        frame[42:44] = struct.pack(">H", 0xFFFF - sum16(pseudo + bytes(frame[34:])))
        assert verdict(bytes(frame)) == (GOOD if value else NONE)
        await bench.send(frame)
    await bench.settle()
    assert bench.metas == {NONE: 1, GOOD: 19, BAD: 0}


def carry_left(data):
    """Is a carry still on its way when a byte-wise sum has taken the last byte?"""
    due = other = carry = 0
    for byte in data:
        total = due + byte + carry
        due, other, carry = other, total & 0xFF, total >> 8
    return carry


@cocotb.test(**PATIENCE)
async def carry_at_the_end(dut):
    """Sums that hold only if the carry out of the last byte is counted: rare, so looked for."""
    bench = Bench(dut, "carry")
    await bench.begin()
    frame = bytearray(bytes(ETH / IP(src="10.0.0.1", dst="10.0.255.255") / ICMP()
                            / Raw(b"\xff" * 4)))
    found = {"head": 0, "body": 0}
    for number in range(0x10000):
        if min(found.values()) >= 4:
            break
        frame[18:20] = struct.pack(">H", number)                    # IP id, ICMP id
        frame[38:40] = struct.pack(">H", number)
        fix_header(frame)
        frame[36:38] = b"\0\0"
        frame[36:38] = struct.pack(">H", 0xFFFF - sum16(frame[34:]))
        for part, data in (("head", frame[14:34]), ("body", frame[34:])):
            if carry_left(data) and found[part] < 4:
                found[part] += 1
                assert verdict(bytes(frame)) == GOOD
                await bench.send(frame)
    await bench.settle()
    assert found == {"head": 4, "body": 4} and bench.metas[GOOD] == 8


@cocotb.test(**PATIENCE)
async def switched_off(dut):
    """i_en 0: nothing is verified, everything passes."""
    bench = Bench(dut, "off")
    await bench.begin()
    dut.i_en.value = 0
    await RisingEdge(dut.clk)
    for _ in range(5):
        await bench.send(good_frame(bench.rnd))
        await bench.send(spoil(bench.rnd, good_frame(bench.rnd)))
    await bench.settle()
    assert bench.metas == {NONE: 10, GOOD: 0, BAD: 0}
    dut.i_en.value = 1
    await RisingEdge(dut.clk)
    await bench.send(good_frame(bench.rnd))
    await bench.settle()
    assert bench.metas[GOOD] == 1


def test_csum_rx():
    support.run("ly_csum_rx", ["rtl/offload/ly_csum_rx.v"], "test_csum_rx", build_tag="csum_rx")
