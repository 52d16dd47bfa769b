# SPDX-License-Identifier: Apache-2.0
"""pcapng, as much of it as our captures use: read to the last nanosecond, and written for tests
of the judge. Source: draft-ietf-opsawg-pcapng."""
import struct
from dataclasses import dataclass

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
IF_TSRESOL, IF_FCSLEN = 9, 13
LINKTYPE_ETHERNET = 1


@dataclass
class Packet:
    time_ns: int
    data: bytes


def _blocks(raw):
    """(type, body) of each block. Ours are little endian."""
    at = 0
    while at < len(raw):
        kind, length = struct.unpack_from("<II", raw, at)
        assert struct.unpack_from("<I", raw, at + length - 4)[0] == length, "block lengths differ"
        yield kind, raw[at + 8:at + length - 4]
        at += length


def _options(body):
    """{code: value}; the last of each."""
    at, found = 0, {}
    while at + 4 <= len(body):
        code, length = struct.unpack_from("<HH", body, at)
        if code == 0:
            break
        found[code] = body[at + 4:at + 4 + length]
        at += 4 + (length + 3 & ~3)
    return found


def packets(path):
    """All packets of a capture with times in nanoseconds."""
    found, units_per_s = [], []
    for kind, body in _blocks(path.read_bytes()):
        if kind == INTERFACE:
            resolution = _options(body[8:]).get(IF_TSRESOL, b"\6")[0]
            assert resolution < 0x80, "resolution is a power of ten"
            units_per_s.append(10 ** resolution)
        elif kind == ENHANCED:
            interface, high, low, length, _ = struct.unpack_from("<IIIII", body)
            ticks = high << 32 | low
            found.append(Packet(ticks * 10**9 // units_per_s[interface], body[20:20 + length]))
    return found


def _block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def _option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def write(path, frames):
    """A capture of these frames, FCS included, one each microsecond."""
    options = (_option(IF_TSRESOL, b"\x09") + _option(IF_FCSLEN, b"\x04") + _option(0, b""))
    raw = _block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    raw += _block(INTERFACE, struct.pack("<HHI", LINKTYPE_ETHERNET, 0, 65535) + options)
    for number, data in enumerate(frames):
        head = struct.pack("<IIIII", 0, 0, 1000 * number, len(data), len(data))
        raw += _block(ENHANCED, head + data + bytes(-len(data) % 4))
    path.write_bytes(raw)
