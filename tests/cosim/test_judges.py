# SPDX-License-Identifier: Apache-2.0
"""The judges are judged: what is planted must be found."""
import signal
import struct
import subprocess
import sys
import zlib

import capture
import judge
import page
import program
import pytest


def internet_sum(data):
    """RFC 1071, the slow way."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_fcs(frame):
    return frame + struct.pack("<I", zlib.crc32(frame))


def ip_frame(proto, segment, spoil_ip=0, frag=0):
    src, dst = bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2])
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, frag, 64, proto, 0) + src + dst
    head = head[:10] + struct.pack(">H", internet_sum(head) ^ spoil_ip) + head[12:]
    return bytes(range(6)) + bytes(range(6, 12)) + b"\x08\x00" + head + segment


def pseudo(proto, length):
    return bytes([10, 9, 0, 1, 10, 9, 0, 2, 0, proto]) + struct.pack(">H", length)


def tcp(payload, spoil=0):
    head = struct.pack(">HHIIBBHHH", 4000, 4001, 1, 1, 0x50, 0x18, 1000, 0, 0)
    value = internet_sum(pseudo(6, 20 + len(payload)) + head + payload) ^ spoil
    return head[:16] + struct.pack(">H", value) + head[18:] + payload


def udp(payload, spoil=0):
    head = struct.pack(">HHHH", 4000, 4001, 8 + len(payload), 0)
    value = internet_sum(pseudo(17, 8 + len(payload)) + head + payload) ^ spoil
    return head[:6] + struct.pack(">H", value) + payload


def icmp(payload, spoil=0):
    head = struct.pack(">BBHHH", 8, 0, 0, 1, 1)
    return head[:2] + struct.pack(">H", internet_sum(head + payload) ^ spoil) + head[4:] + payload


DATA = b"forty bytes of payload, all of them equal"
FRAMES = {"tcp": ip_frame(6, tcp(DATA)), "udp": ip_frame(17, udp(DATA)),
          "icmp": ip_frame(1, icmp(DATA))}


def test_good_frames_pass(tmp_path):
    capture.write(tmp_path / "good", [with_fcs(f) for f in FRAMES.values()])
    assert judge.judge(tmp_path / "good") == (3, [])
    assert [p.data[:-4] for p in capture.packets(tmp_path / "good")] == list(FRAMES.values())


def fragments(proto, segment, step=40):
    """The segment in frames of so many bytes each; all but the last say that more follow."""
    more = 0x2000
    return [with_fcs(ip_frame(proto, segment[at:at + step],
                              frag=at // 8 | (more if at + step < len(segment) else 0)))
            for at in range(0, len(segment), step)]


@pytest.mark.parametrize("segment,proto", [(udp(DATA * 3), 17), (icmp(DATA * 3), 1),
                                           (tcp(DATA * 3), 6)])
def test_fragments(tmp_path, segment, proto):
    parts = fragments(proto, segment)
    capture.write(tmp_path / "good", parts[::-1])
    assert judge.judge(tmp_path / "good") == (len(parts), [])
    capture.write(tmp_path / "half", parts[1:])
    assert judge.judge(tmp_path / "half")[1] == [
        f"frame {n + 1}: fragment of no whole datagram" for n in range(len(parts) - 1)]


@pytest.mark.parametrize("proto,segment", [(17, udp(DATA * 3, spoil=1)), (1, icmp(DATA * 3, 1))])
def test_bad_sum_over_fragments(tmp_path, proto, segment):
    parts = fragments(proto, segment)
    capture.write(tmp_path / "bad", parts)
    assert [f for f in judge.judge(tmp_path / "bad")[1] if "checksum" in f]


def test_fragments_that_overlap(tmp_path):
    parts = fragments(17, udp(DATA * 3))
    parts.insert(2, with_fcs(ip_frame(17, bytes(40), frag=0x2000 | 8)))
    capture.write(tmp_path / "bad", parts)
    assert [f for f in judge.judge(tmp_path / "bad")[1] if "overlap" in f]


@pytest.mark.parametrize("fault,frame", [
    ("FCS", FRAMES["tcp"] + b"\1\2\3\4"),
    ("IP checksum", with_fcs(ip_frame(6, tcp(DATA), spoil_ip=1))),
    ("TCP checksum", with_fcs(ip_frame(6, tcp(DATA, spoil=1)))),
    ("UDP checksum", with_fcs(ip_frame(17, udp(DATA, spoil=1)))),
    ("ICMP checksum", with_fcs(ip_frame(1, icmp(DATA, spoil=1)))),
    ("malformed", with_fcs(ip_frame(17, struct.pack(">HHHH", 53, 53, 8 + 5, 0) + b"short"))),
], ids=lambda value: value if isinstance(value, str) else "")
def test_planted_fault_is_found(tmp_path, fault, frame):
    capture.write(tmp_path / "bad", [with_fcs(FRAMES["tcp"]), frame])
    count, faults = judge.judge(tmp_path / "bad")
    assert count == 2
    assert faults and all(f.startswith("frame 2: ") for f in faults)
    assert any(fault in f for f in faults), faults


def test_too_few_frames(tmp_path):
    capture.write(tmp_path / "few", [with_fcs(FRAMES["tcp"])])
    with pytest.raises(AssertionError):
        judge.assert_good(tmp_path / "few", at_least=2)


@pytest.mark.parametrize("family,killed", [("AF_INET", True), ("AF_INET6", True),
                                           ("AF_UNIX", False), ("AF_NETLINK", False)])
def test_noinet(family, killed):
    code = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)"
    done = subprocess.run([program.NOINET, sys.executable, "-c", code], check=False)
    assert done.returncode == (-signal.SIGSYS if killed else 0)


def test_page_is_the_same_every_time(tmp_path):
    first, again = (page.make(tmp_path / name) for name in ("a", "b"))
    assert first == again
    assert sorted(len(body) for body in first.values())[-1] > 100 * 1024
