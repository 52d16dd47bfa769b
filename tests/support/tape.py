# SPDX-License-Identifier: Apache-2.0
"""Recordings of --record, read and changed without our code; sim/README.md describes the file.
Clocks are those of profile gmii: every pin steps each 8 ns."""
import struct
import zlib
from dataclasses import dataclass

HEAD = 76
RXD, S_DATA, TXD, M_DATA, IN, OUT, FAULT = range(7)
RX_DV, S_VALID, M_READY, LIVE = 2, 32, 64, 128              # of IN
TX_EN, S_READY, M_VALID = 1, 4, 8                           # of OUT
EDGE_PS = 8000
RTL = slice(56, 72)                                         # of the head


@dataclass
class Edge:
    """The pins at one edge, and where in the file the byte of each changed group lies."""
    ps: int
    pins: tuple
    at: dict


def blocks(raw):
    """(offset of the items, items) of each block."""
    at = HEAD
    while at < len(raw):
        length, crc = struct.unpack_from("<II", raw, at)
        items = raw[at + 8:at + 8 + length]
        assert zlib.crc32(items) == crc, f"block at {at}"
        yield at + 8, items
        at += 8 + length


def number(items, at):
    value = shift = 0
    while True:
        value |= (items[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if items[at - 1] < 0x80:
            return value, at


def edges(raw):
    """Every edge that was evaluated, and whether the recording came to its end."""
    pins, ps, ended = [0] * 7, 0, False
    for base, items in blocks(raw):
        at = 0
        while at < len(items):
            code, at = items[at], at + 1
            changed, count = {}, 1
            if code == 0x83:
                ended = True
                continue
            if code >= 0x80:
                count, at = number(items, at)
                if code == 0x81:
                    ps = -(-count // EDGE_PS) * EDGE_PS
                if code != 0x80:
                    continue
            else:
                for group in range(7):
                    if code >> group & 1:
                        pins[group], changed[group], at = items[at], base + at, at + 1
            for _ in range(count):
                yield Edge(ps, tuple(pins), changed)
                ps += EDGE_PS
    assert ended, "the recording has no end"


def with_byte(raw, at, value):
    """The recording with another byte at this offset, as if it had been recorded so."""
    new = bytearray(raw)
    new[at] = value
    for base, items in list(blocks(raw)):
        if base <= at < base + len(items):
            struct.pack_into("<I", new, base - 4, zlib.crc32(new[base:base + len(items)]))
    return bytes(new)


def cut_at(raw, at):
    """The recording up to the item that holds the byte at this offset, as if its run had been
    killed then."""
    for base, items in blocks(raw):
        if base <= at < base + len(items):
            kept = items[:at - base]
            return raw[:base - 8] + struct.pack("<II", len(kept), zlib.crc32(kept)) + kept
    raise ValueError(at)


def with_rtl(raw, name):
    new = bytearray(raw)
    new[RTL] = name
    struct.pack_into("<I", new, HEAD - 4, zlib.crc32(new[:HEAD - 4]))
    return bytes(new)


def frames(raw):
    """DA..FCS of what was heard and what was sent, in the order of their ends."""
    heard, sent, found = bytearray(), bytearray(), []
    for edge in edges(raw):
        for line, on, data in ((heard, edge.pins[IN] & RX_DV, RXD),
                               (sent, edge.pins[OUT] & TX_EN, TXD)):
            if on:
                line.append(edge.pins[data])
            elif line:
                found.append(bytes(line[line.index(0xD5) + 1:]))
                line.clear()
    return found


def link_bytes(raw):
    """What crossed the link: to the NIC, from it. A byte moves if valid and ready stood before
    the edge: what is given with it, and what was answered at the edge before."""
    to, back, out, byte = bytearray(), bytearray(), 0, 0
    for edge in edges(raw):
        given = edge.pins[IN]
        if given & LIVE and given & S_VALID and out & S_READY:
            to.append(edge.pins[S_DATA])
        if given & LIVE and given & M_READY and out & M_VALID:
            back.append(byte)
        out, byte = edge.pins[OUT], edge.pins[M_DATA]
    return bytes(to), bytes(back)
