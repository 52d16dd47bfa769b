# SPDX-License-Identifier: Apache-2.0
"""lanyard --wire pcap:FILE: frames of a file reach our NIC at the file's times, whatever wrote
it; what we answer is in our own capture; a file that is spoiled says so in one line."""
import os
import struct
import zlib

import capture
import judge
import program
import pytest
from scapy.all import ARP, ICMP, IP, TCP, UDP, Ether, Raw, raw

OURS, THEIRS = "10.9.0.1", "10.9.0.2"
THEIR_MAC = "02:00:00:00:00:99"
START_NS = 10_000_000       # the first SFD
STEP_NS = 1_000_000
EPOCH_S = 1_700_000_000     # time of the first frame in the file
ETHERNET, RAW_IP = 1, 101


def to_us(payload):
    return Ether(dst=program.MAC, src=THEIR_MAC) / IP(src=THEIRS, dst=OURS) / payload


FRAMES = [raw(frame) for frame in (
    Ether(dst="ff:ff:ff:ff:ff:ff", src=THEIR_MAC) / ARP(op=1, hwsrc=THEIR_MAC, psrc=THEIRS,
                                                        pdst=OURS),
    to_us(ICMP(id=5, seq=1) / Raw(b"are you there?")),
    to_us(UDP(sport=1000, dport=7777) / Raw(b"nobody listens")),
    to_us(TCP(sport=1001, dport=81, flags="S", seq=5)),
)]
# What each of them is answered with: (protocol, a field, its value).
ANSWERS = [("arp.opcode", "2"), ("icmp.type", "0"), ("icmp.type", "3"), ("tcp.flags", "0x0014")]


def padded(frame):
    return frame + bytes(max(0, 60 - len(frame)))


def with_fcs(frame):
    return padded(frame) + struct.pack("<I", zlib.crc32(padded(frame)))


# ------------------------------------------------------------------- capture files

def classic(path, frames, order="<", magic=0xA1B23C4D, link=ETHERNET, lengths=None):
    """A pcap file, one frame each STEP_NS. magic: 0xA1B2C3D4 is of microseconds."""
    unit_ns = 1 if magic == 0xA1B23C4D else 1000
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for i, frame in enumerate(frames):
        length = lengths[i] if lengths else len(frame)
        out += struct.pack(order + "IIII", EPOCH_S, i * STEP_NS // unit_ns, len(frame), length)
        out += frame
    path.write_bytes(out)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def pcapng(path, frames, order="<", fcs=None, directions=None, fcs_flags=0):
    """fcs: if_fcslen; directions: bits 0 and 1 of epb_flags, of each frame."""
    end = option(order, 0, b"")
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    options = option(order, 9, b"\x09")
    if fcs is not None:
        options += option(order, 13, bytes([fcs]))
    out += block(order, 1, struct.pack(order + "HHI", ETHERNET, 0, 0) + options + end)
    out += block(order, 0x00000BAD, b"a block that nobody knows")
    for i, frame in enumerate(frames):
        ns = EPOCH_S * 10**9 + i * STEP_NS
        head = struct.pack(order + "IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(frame), len(frame))
        told = option(order, 1, b"a comment before the flags")
        if directions or fcs_flags:
            flags = (directions[i] if directions else 0) | fcs_flags << 5
            told += option(order, 2, struct.pack(order + "I", flags))
        out += block(order, 6, head + frame + bytes(-len(frame) % 4) + told + end)
    path.write_bytes(out)


BARE, WHOLE = FRAMES, [with_fcs(f) for f in FRAMES]
FCS_OF_4 = 2 << 28 | 1 << 26    # in the link type: two units of 16 bits, and "it is told"
FORMS = {
    "nanoseconds": lambda p: classic(p, BARE),
    "nanoseconds, big endian": lambda p: classic(p, BARE, ">"),
    "microseconds": lambda p: classic(p, BARE, magic=0xA1B2C3D4),
    "microseconds, big endian": lambda p: classic(p, BARE, ">", 0xA1B2C3D4),
    "pcap with FCS": lambda p: classic(p, WHOLE, link=ETHERNET | FCS_OF_4),
    "pcapng": lambda p: pcapng(p, BARE),
    "pcapng, big endian": lambda p: pcapng(p, BARE, ">"),
    "pcapng, FCS of no octets": lambda p: pcapng(p, BARE, fcs=0),
    "pcapng with FCS": lambda p: pcapng(p, WHOLE, fcs=4),
    "pcapng with FCS of 32 bits": lambda p: pcapng(p, WHOLE, fcs=32),
    "pcapng with FCS, big endian": lambda p: pcapng(p, WHOLE, ">", fcs=4),
    "pcapng with FCS in the flags": lambda p: pcapng(p, WHOLE, fcs_flags=4),
}


# ------------------------------------------------------------------------- running

def lanyard(file, *options, command=None, pcap=None, **more):
    argv = ["--wire", f"pcap:{file}", "--mac", program.MAC, "--addr", f"{OURS}/24", *options]
    return program.run(argv, command or ["serve", "rtl"], pcap, **more)


def serve(file, tmp_path, *options, name="out", code=program.DONE):
    return lanyard(file, *options, pcap=tmp_path / f"{name}.pcapng").check(code)


def heard_and_sent(got):
    to, by = [], []
    for packet in capture.packets(got.pcap):
        ours = packet.data[6:12] == bytes.fromhex(program.MAC.replace(":", ""))
        (by if ours else to).append(packet)
    return to, by


def assert_answers(got):
    judge.assert_good(got.pcap, at_least=2 * len(FRAMES))
    program.assert_balance(got)
    sent = judge.rows(got.pcap, *{field for field, _ in ANSWERS},
                      filter_=f"eth.src=={program.MAC}")
    assert [row[field] for row, (field, _) in zip(sent, ANSWERS)] == [v for _, v in ANSWERS]
    assert len(sent) == len(ANSWERS)


@pytest.fixture(name="file")
def _file(tmp_path):
    classic(tmp_path / "in.pcap", FRAMES)
    return tmp_path / "in.pcap"


@pytest.fixture(name="plain", scope="module")
def _plain(tmp_path_factory):
    """The run that others are held against."""
    folder = tmp_path_factory.mktemp("plain")
    classic(folder / "in", FRAMES)
    return serve(folder / "in", folder)


def test_answers(plain):
    heard, _ = heard_and_sent(plain)
    assert [p.data for p in heard] == WHOLE
    assert [p.time_ns for p in heard] == [START_NS + i * STEP_NS for i in range(len(FRAMES))]
    assert_answers(plain)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_file(plain, tmp_path, form):
    """The same frames at the same times: the same capture."""
    FORMS[form](tmp_path / "in")
    assert serve(tmp_path / "in", tmp_path).pcap.read_bytes() == plain.pcap.read_bytes()


def test_twice_the_same(plain, file, tmp_path):
    again = serve(file, tmp_path)
    assert again.pcap.read_bytes() == plain.pcap.read_bytes()
    assert again.out == plain.out


def test_nothing_depends_on_skipping(plain, file, tmp_path):
    """All but how much was evaluated, and how long the quiet at the end lasted."""
    whole = serve(file, tmp_path, "--no-skip")
    assert whole.pcap.read_bytes() == plain.pcap.read_bytes()
    one, other = ({k: v for k, v in r.stats.items() if not k.startswith("phy.core_")}
                  for r in (plain, whole))
    assert one == other


def test_wall_time(file, tmp_path):
    """The same answers; the distance of frames is a matter of the clock on the wall."""
    got = serve(file, tmp_path, "--time", "wall")
    assert_answers(got)


@pytest.mark.parametrize("options", [(), ("--no-skip",), ("--time", "wall")],
                         ids=["plain", "no-skip", "wall"])
@pytest.mark.parametrize("fault", ["delay=20000", "reorder=@4"])
def test_late_frames_are_out_before_the_end(file, tmp_path, fault, options):
    """The run ends when the wire has sent them on, not when the NIC has."""
    far = tmp_path / "far.pcapng"
    got = serve(file, tmp_path, "--fault", f"tx.{fault}", "--pcap-far", str(far), *options)
    _, sent = heard_and_sent(got)
    assert len(sent) == len(ANSWERS)
    assert len(capture.packets(far)) == len(FRAMES) + len(ANSWERS)


def test_far_capture(file, tmp_path):
    far = tmp_path / "far.pcapng"
    got = serve(file, tmp_path, "--pcap-far", str(far))
    judge.assert_good(far, at_least=2 * len(FRAMES))
    near, other = ([p.data for p in capture.packets(f)] for f in (got.pcap, far))
    assert sorted(near) == sorted(other)


def test_bad_fcs(tmp_path):
    """What is wrong in the file is wrong on the wire: the RTL finds it."""
    bad = bytearray(WHOLE[1])
    bad[-1] ^= 1
    pcapng(tmp_path / "in", [*WHOLE, bytes(bad)], fcs=4)
    got = serve(tmp_path / "in", tmp_path)
    assert got.stats["nic.rx_fcs_errors"] == 1
    assert judge.judge(got.pcap)[1] == [f"frame {2 * len(FRAMES) + 1}: FCS status 0"]
    assert got.stats["stack.eth_tx_frames"] == len(ANSWERS)
    program.assert_balance(got)


def test_short_and_long_on_the_wire(tmp_path):
    """With its FCS a frame is played whatever its length: the RTL counts it."""
    short, longest = WHOLE[1][:32], bytes(1518)
    pcapng(tmp_path / "in", [short + struct.pack("<I", zlib.crc32(short)), *WHOLE,
                             longest + struct.pack("<I", zlib.crc32(longest))], fcs=4)
    got = serve(tmp_path / "in", tmp_path)
    assert got.stats["nic.rx_undersize"] == got.stats["nic.rx_oversize"] == 1
    program.assert_balance(got)


def test_fragments(tmp_path):
    """One of two fragments: the file ends, and the run with it."""
    classic(tmp_path / "in", [*FRAMES, raw(Ether(dst=program.MAC, src=THEIR_MAC) / IP(
        src=THEIRS, dst=OURS, flags="MF") / ICMP(id=6) / Raw(bytes(16)))])
    program.assert_balance(serve(tmp_path / "in", tmp_path))


@pytest.mark.parametrize("counter,plant", [
    ("file_truncated", lambda p: classic(p, [*FRAMES, FRAMES[1][:40]],
                                         lengths=[*map(len, FRAMES), len(FRAMES[1])])),
    ("file_runt", lambda p: classic(p, [*FRAMES, bytes(13)])),
    ("file_runt", lambda p: pcapng(p, [*WHOLE, b""], fcs=4)),
    ("file_oversize", lambda p: classic(p, [*FRAMES, bytes(12) + b"\x08\x00" + bytes(1501)])),
    ("file_oversize", lambda p: pcapng(p, [*WHOLE, bytes(1523)], fcs=4)),
    ("file_outward", lambda p: pcapng(p, [*FRAMES, FRAMES[1]], directions=[1, 1, 1, 0, 2])),
])
@pytest.mark.parametrize("fault", [(), ("--fault", "tx.loss=@100")], ids=["", "round a fault"])
def test_not_played(plain, tmp_path, counter, plant, fault):
    """Frames that the wire cannot carry are left out, each counted once."""
    plant(tmp_path / "in")
    got = serve(tmp_path / "in", tmp_path, *fault)
    dropped = {k: v for k, v in got.stats.items() if k.startswith("wire.file_") and v}
    assert dropped == {f"wire.{counter}": 1}
    assert got.stats["wire.to_nic_frames"] == len(FRAMES)
    assert [p.data for p in capture.packets(got.pcap)] == [p.data for p in
                                                           capture.packets(plain.pcap)]


def test_largest_tagged_frame(tmp_path):
    classic(tmp_path / "in", [bytes(12) + b"\x81\x00" + bytes(1504)])
    assert serve(tmp_path / "in", tmp_path).stats["phy.rx_octets"] == 1522


@pytest.mark.parametrize("nic, octet_ns", [("gmii", 8), ("mii", 80), ("mii10", 800)])
@pytest.mark.parametrize("link", [ETHERNET, ETHERNET | FCS_OF_4])
def test_line_rate(tmp_path, link, nic, octet_ns):
    """All at once: none is lost, the order stays, the gaps are legal (tshark finds no fault)."""
    whole = [with_fcs(raw(to_us(ICMP(id=5, seq=i) / Raw(bytes(i % 99))))) for i in range(1100)]
    frames = whole if link != ETHERNET else [f[:-4] for f in whole]
    out = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, link)
    for i, frame in enumerate(frames):      # the last ones even seem to come earlier
        out += struct.pack("<IIII", EPOCH_S - i // 200, 0, len(frame), len(frame)) + frame
    (tmp_path / "in").write_bytes(out)
    got = serve(tmp_path / "in", tmp_path, "--nic", f"sim:{nic}")
    heard, _ = heard_and_sent(got)
    assert [p.data for p in heard] == whole and heard[0].time_ns == START_NS
    gaps = [b.time_ns - a.time_ns - octet_ns * (len(a.data) + 20) for a, b in zip(heard, heard[1:])]
    assert set(gaps) == {0}


def test_hours_between_frames(tmp_path):
    out = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, ETHERNET)
    for i, frame in enumerate(FRAMES):
        out += struct.pack("<IIII", EPOCH_S + 86400 * i, 0, len(frame), len(frame)) + frame
    (tmp_path / "in").write_bytes(out)
    got = serve(tmp_path / "in", tmp_path)
    assert got.stats["wire.to_nic_frames"] == len(FRAMES)
    assert heard_and_sent(got)[0][-1].time_ns == START_NS + 3 * 86400 * 10**9


def test_more_than_a_hundred_days(tmp_path):
    out = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, ETHERNET)
    for seconds in (0, 101 * 86400):
        out += struct.pack("<IIII", EPOCH_S + seconds, 0, 60, 60) + padded(FRAMES[0])
    (tmp_path / "in").write_bytes(out)
    assert "100 days" in serve(tmp_path / "in", tmp_path, code=program.FAILED).one_line()


# ----------------------------------------------------------------- recorded and played

@pytest.mark.parametrize("command", [["dig", "peer"], ["ping", "-c", "3", "10.9.0.2"]])
def test_our_own_capture(tmp_path, command):
    """A run with a peer, recorded and played without it: the same seed asks the same."""
    options = ["--seed", "5", "--mac", program.MAC]
    live = program.run(["--wire", "peer", *options], command, tmp_path / "live.pcapng").check()
    played = program.run(["--wire", f"pcap:{live.pcap}", *options], command,
                         tmp_path / "played.pcapng").check()
    frames = [[p.data for p in capture.packets(r.pcap)] for r in (live, played)]
    assert frames[0] == frames[1]
    assert played.stats["wire.file_outward"] == live.stats["phy.tx_frames"]


def test_the_other_end(tmp_path):
    """The far capture of a run has what the peer heard: we in its place answer the same."""
    far = tmp_path / "far.pcapng"
    program.run(["--wire", "peer", "--pcap-far", str(far)],
                ["ping", "-c", "3", "10.9.0.2"]).check()
    peer_mac = judge.rows(far, "eth.src", filter_="icmp.type==0")[0]["eth.src"]
    program.run(["--wire", f"pcap:{far}", "--mac", peer_mac, "--addr", "10.9.0.2/24"],
                ["serve", "rtl"], tmp_path / "out.pcapng").check()
    # Addresses and what is behind the IP header, which has another random id.
    peer = bytes.fromhex(peer_mac.replace(":", ""))
    answers = [[p.data[:14] + p.data[34:-4] for p in capture.packets(f) if p.data[6:12] == peer]
               for f in (far, tmp_path / "out.pcapng")]
    assert len(answers[0]) == 4     # ARP and three echoes
    assert answers[0] == answers[1]


# ------------------------------------------------------------------------ other commands

@pytest.mark.parametrize("command", [["ping", "-c", "2", THEIRS], ["dig", "www.example.test"],
                                     ["fetch", f"http://{THEIRS}/"]])
def test_nobody_answers(file, command):
    """The end of the file is the end of nothing else: each command has its own time-out."""
    got = lanyard(file, command=command)
    assert got.code in (program.FAILED, program.TIMEOUT)
    assert "bug" not in got.one_line()


def test_client_that_goes_silent(tmp_path):
    """A SYN and no more: SYN-ACK is tried again, then given up, and the run ends."""
    classic(tmp_path / "in", [FRAMES[0], raw(to_us(TCP(sport=9, dport=80, flags="S", seq=5)))])
    got = serve(tmp_path / "in", tmp_path)
    assert got.stats["stack.tcp_retransmits"] > 1
    judge.assert_good(got.pcap)


# ------------------------------------------------------------------------------ bad files

def spoiled(make):
    def write(path):
        make(path)
        path.write_bytes(path.read_bytes()[:-7])
    return write


@pytest.mark.parametrize("what,plant", [
    ("No such file", lambda p: None),
    ("truncated", lambda p: p.write_bytes(b"")),
    ("truncated", lambda p: p.write_bytes(b"\xd4\xc3\xb2")),
    ("unknown file format", lambda p: p.write_bytes(b"no capture at all, only text\n" * 9)),
    ("not Ethernet", lambda p: classic(p, FRAMES, link=RAW_IP)),
    ("not a regular file", lambda p: p.mkdir()),
    ("not a regular file", os.mkfifo),
    ("frame 4: truncated", spoiled(lambda p: classic(p, FRAMES))),
    ("frame 4: truncated", spoiled(lambda p: pcapng(p, FRAMES))),
    ("FCS", lambda p: classic(p, FRAMES, link=ETHERNET | 3 << 28 | 1 << 26)),
    ("frame 1: its FCS", lambda p: pcapng(p, FRAMES, fcs=2)),
])
def test_bad_file(tmp_path, what, plant):
    plant(tmp_path / "in")
    assert what in lanyard(tmp_path / "in").check(program.FAILED).one_line()


def test_capture_over_the_file(file):
    before = file.read_bytes()
    got = program.run(["--wire", f"pcap:{file}"], ["serve", "rtl"], file).check(program.USAGE)
    assert "overwrite" in got.one_line()
    assert file.read_bytes() == before
