#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes corpus/<harness>/seed-*.bin: small inputs that reach deep at once.

Packets are scapy's, so that they do not come from the code that reads them; the others are
written as text, or as the decisions that the harness reads. Run it after a change here:
build/venv/bin/python tests/fuzz/seeds.py; other files in corpus/ are left alone.
"""
import struct
import tempfile
import zlib
from pathlib import Path

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.utils import PcapNgWriter, PcapWriter

CORPUS = Path(__file__).resolve().parent / "corpus"
OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (7, 9)), ("NOP", None), ("WScale", 7)]
NAME = "www.example.org."
SYNC = bytes.fromhex("0700000008000006a55a4c5953594e43")


def dns(*answers, qtype="A", ancount=0, **flags):
    """An answer; with an ancount the caller adds that many records behind it."""
    built = None
    for rr in answers:
        built = rr if built is None else built / rr
    return bytes(DNS(id=0x1234, qr=1, rd=1, ra=1, qd=DNSQR(qname=NAME, qtype=qtype), an=built,
                     ancount=ancount or len(answers), **flags))


def dhcp(*options, raw=b"", sname=b"", file=b""):
    """A message of a server; raw: options as bytes behind the others."""
    head = BOOTP(op=2, xid=0x12345678, yiaddr="10.9.0.1", sname=sname, file=file,
                 chaddr=bytes.fromhex("020000000001"))
    return bytes(head / DHCP(options=list(options))) + raw


def framed(message):
    """A DNS message by TCP. RFC 1035 4.2.2."""
    return struct.pack(">H", len(message)) + message


def pieces(stream, size):
    return b"".join(bytes([len(stream[i:i + size]) - 1]) + stream[i:i + size]
                    for i in range(0, len(stream), size))


LEASE = [("server_id", "10.9.0.2"), ("lease_time", 3600), ("subnet_mask", "255.255.255.0")]


def capture(writer, frames=3, **how):
    """A file of some frames, as scapy writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture"
        with writer(str(path), **how) as out:
            for i in range(frames):
                frame = Ether(dst="02:00:00:00:00:01", type=0x800) / (b"x" * (46 + i))
                frame.time = 1000 + i       # else of this machine's clock
                out.write(frame)
        return path.read_bytes()


def block(kind, body):
    """A block of a pcapng file."""
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng_fcs():
    """if_fcslen, and epb_flags of which the first frame is outward, the second has its own."""
    def epb(flags):
        return block(6, struct.pack("<IIIII", 0, 0, 1000, 64, 64) + bytes(64)
                     + struct.pack("<HHIHH", 2, 4, flags, 0, 0))
    return (block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
            + block(1, struct.pack("<HHIHHBxxxHH", 1, 0, 0, 13, 1, 4, 0, 0))
            + epb(2) + epb(4 << 5 | 1) + block(3, struct.pack("<I", 60) + bytes(60)))


def tape(*blocks, tail=b""):
    """A recording, as sim/tape.h has it; what make_head() of the harness is for is 0 here."""
    head = struct.pack("<8sHHIQQq16s16s", b"\x89LYTAPE\n", 1, 1, 0, 7, 8, 9, b"gmii", b"id")
    made = head + struct.pack("<I", zlib.crc32(head))
    for items in blocks:
        made += struct.pack("<II", len(items), zlib.crc32(items)) + items
    return b"\0" + made + tail


def tape_block(items, how=0):
    """A block that fuzz_tape makes itself."""
    return bytes([how, len(items) - 1]) + items


def rec_op(kind, length, body=b"", tag=1):
    """A record for fuzz_rec: what, type, flags, tag, length, payload."""
    return struct.pack(">BBBHH", 2, kind, 0, tag, length) + body


def net_call(what, s, *more):
    """A call of the user for fuzz_net; s counts from -1."""
    return bytes([4, what, s + 1, *more])


LINK_STEPS = b"\0\1\0\2\2\0\4\0\6\x21\0\3\0\2\4\0\5\1" * 4 + b"\7\x20\5\x0f\7\x20"
TAPE_HEAD = b"\1\0\7\3\1\4gmii"
TAPE_ITEMS = b"\x10\x80\x7f\0123456\x80\x85\1\x81\xff\xff\x03\x82\x07\0\x83"
def net_part(which, off, n, *odd):
    """A fragment for fuzz_net, of datagram @which, in units of 64 bytes."""
    return bytes([0, 9, which, off, n - 1, *(odd or [0])])


def net_dhcp(how, options=b""):
    """What a DHCP server says, for fuzz_net."""
    return bytes([0, 10, how, len(options)]) + options


MASK = b"\1\4\xff\xff\xff\0\3\4\x0a\x09\0\xfe\6\4\x0a\x09\0\2"
NET_UDP_80 = net_call(0, -1, 1) + net_call(2, 0, 1, 0)
FRAME = b"\0" * 10 + b"\1\0" + bytes(range(60))
DNS_SEEDS = {
    "a": dns(DNSRR(rrname=NAME, type="A", rdata="10.9.0.2", ttl=60)),
    "cname": dns(DNSRR(rrname=NAME, type="CNAME", rdata="host.example.org."),
                 DNSRR(rrname="host.example.org.", type="A", rdata="10.9.0.2")),
    "aaaa": dns(DNSRR(rrname=NAME, type="AAAA", rdata="2001:db8::1"), qtype="AAAA"),
    "mx": dns(DNSRRMX(rrname=NAME, preference=10, exchange="mail.example.org."), qtype="MX"),
    "nxdomain": dns(rcode=3),
    "cut": dns(tc=1),
    "compressed": dns(ancount=1) + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4",
    "short": dns(ancount=1) + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\3\1\2\3",
    "loop": dns(ancount=1) + b"\xc0\x21\0\1\0\1\0\0\0\1\0\4\1\2\3\4",
    "question": bytes(DNS(id=0x1234, rd=1, qd=DNSQR(qname=NAME))),
    "follow": dns(DNSRR(rrname=NAME, type="CNAME", rdata="host.example.org.")),
    "round": dns(DNSRR(rrname=NAME, type="CNAME", rdata="host.example.org."),
                 DNSRR(rrname="host.example.org.", type="CNAME", rdata=NAME)),
}

SEEDS = {
    "eth": {"ip4": bytes(Ether(dst="02:00:00:00:00:01", type=0x800)),
            "group": bytes(Ether(dst="01:00:5e:00:00:01", type=0x600))},
    "arp": {"request": bytes(ARP(op=1, hwsrc="02:00:00:00:00:02", psrc="10.9.0.2")),
            "reply": bytes(ARP(op=2, hwsrc="02:00:00:00:00:02", psrc="10.9.0.2")) + b"pad"},
    "ip4": {"plain": bytes(IP(src="10.9.0.2", dst="10.9.0.1") / UDP() / b"x"),
            "options": bytes(IP(dst="10.9.0.1", options=[b"\x01", b"\x94\x04\0\0"]) / b"data"),
            "fragment": bytes(IP(dst="10.9.0.1", flags="MF", frag=5) / (b"x" * 8))},
    "icmp4": {"echo": bytes(ICMP(type=8, id=1, seq=2) / b"ping"),
              "error": bytes(ICMP(type=3, code=4) / IP(dst="10.9.0.2") / UDP())},
    "udp": {"plain": bytes(UDP(sport=53, dport=4000, chksum=1, len=10) / b"xy")},
    "tcp": {"syn": bytes(TCP(flags="S", options=OPTIONS, chksum=1)),
            "data": bytes(TCP(flags="PA", seq=5, ack=6, chksum=1) / b"text"),
            "end": bytes(TCP(flags="FA", options=[("EOL", None)], chksum=1))},
    "dns": DNS_SEEDS,
    "dns_answer": DNS_SEEDS,
    "dhcp": {"offer": dhcp(("message-type", "offer"), *LEASE, ("router", "10.9.0.254"),
                           ("name_server", "10.9.0.2", "10.9.0.3"), ("renewal_time", 1800),
                           ("rebinding_time", 3150), "end"),
             "split": dhcp(("message-type", "ack"), *LEASE,
                           raw=b"\6\2\x0a\x09\6\2\0\2\6\4\x0a\x09\0\3\xff"),
             "overload": dhcp(("message-type", "ack"), raw=b"\x34\1\3\xff",
                              file=b"\x33\4\0\0\x0e\x10\1\4\xff\xff\xff\0\xff",
                              sname=b"\x36\4\x0a\x09\0\2\3\4\x0a\x09\0\xfe\xff"),
             "cut": dhcp(("message-type", "nak"), ("server_id", "10.9.0.2"), raw=b"\3\4\x0a")},
    # how; length of the question; then pieces, each with its length less 1
    "dns_tcp": {"two": b"\0\0\x1e" + pieces(framed(b"answer") + framed(b"more"), 64),
                "bytes": b"\1\0\x05" + pieces(framed(b"") + framed(b"cut" * 3)[:-1], 1),
                "odd": b"\2\1\x0f" + pieces(framed(b"x" * 300) * 2, 61), "left": b"\3\0\0\0\0"},
    "look": {"netstat": b"netstat --json", "register": b"regs  REG_CTRL --json", "bad": b"regs a b",
             "stats": b"stats", "arp": b"arp", "route": b"route ", "mdio": b"mdio 1 0x1f 65535"},
    "pcap_in": {"classic": capture(PcapWriter), "ng": capture(PcapNgWriter), "fcs": pcapng_fcs(),
                "nano": capture(PcapWriter, nano=True, endianness=">"),
                "cut": capture(PcapNgWriter)[:-9]},
    "tape": {"file": tape(TAPE_ITEMS[:5], TAPE_ITEMS[5:]), "killed": tape(b"\0", tail=b"\1\0"),
             "made": TAPE_HEAD + tape_block(TAPE_ITEMS) + tape_block(b"\0\x80\x02\x83"),
             "damaged": TAPE_HEAD + tape_block(b"\0\0") + tape_block(TAPE_ITEMS, 254),
             "long": TAPE_HEAD + tape_block(b"\x80" + b"\xff" * 9 + b"\1\x81" + b"\xff" * 11)},
    "rec": {"raw": b"\1" + SYNC * 2,
            "frames": b"\0\1" + rec_op(1, len(FRAME), FRAME) + rec_op(1, 20, b"\0" * 20) + b"\1",
            "controls": b"\0\1" + rec_op(4, 12, b"r" * 12) + rec_op(5, 8, b"\1\0e" + b"\0" * 5)
                        + rec_op(6, 16, b"s" * 16) + rec_op(9, 5, b"other") + b"\1",
            "lost": b"\0\1" + rec_op(7, 8, b"no sync!") + b"\0\7garbage\1" + rec_op(1, 605)
                    + b"\1" + rec_op(1, len(FRAME), FRAME)},
    "fault_plan": {"many": b"loss=5%,tx.dup=@7,rx.reorder=0.25%,corrupt=@3-9,corrupt-inner=@4-",
                   "times": b"flap@9:50,delay=100,rx.jitter=7,rate=100", "bad": b"loss=101%",
                   "link": b"resync=@3,tx.gone@9,reg-loss=5%,event-loss=@2-3,reg-delay=7,"
                           b"rx.event-delay=9"},
    # a plan; then 0 send, 2 arrive (size, how many), 4 register, 5 room, 6 and 7 time
    "link_fault": {"order": b"dup=@2,reorder=@3,corrupt=@4,loss=@5\n" + LINK_STEPS,
                   "times": b"delay=100,tx.jitter=9,rx.rate=10,event-delay=7\n" + LINK_STEPS,
                   "full": b"dup=@1-,delay=9999\n" + b"\0\0\x1f\2\0\x1f" * 6 + b"\7\x20",
                   "gone": b"resync=@3,rx.gone@6,reg-loss=50%,event-loss=@1\n" + LINK_STEPS * 2},
    "opts": {"all": b"\0".join([b"--wire", b"packet:v0", b"--addr", b"10.77.0.2/24", b"--gw",
                                b"10.77.0.1", b"--dns=1.2.3.4:5353,5.6.7.8", b"--seed=0x7",
                                b"--offload", b"tx-csum,rx-csum", b"--mac", b"2:0:0:0:0:a",
                                b"--stats", b"fetch", b"http://x/"]),
             "peer": b"--wire=peer\0--no-skip\0--json\0--pcap=x\0--fault=loss=5%\0dig\0peer",
             "nic": b"--nic\0sim:x\0--time\0virtual\0--pcap-far\0y", "bad": b"--wire\0hub",
             "tap": b"--wire=tap:x\0--addr=dhcp\0--fault-link=loss=1%\0--record=y\0fetch",
             "file": b"--wire=pcap:f\0--time=wall\0--addr=10.9.0.3/31\0serve",
             "dns": b"--dns=1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4"},
    "target": {"dots": b"/a/./b/../c//d/%2e%2e/e?q#f", "absolute": b"http://host/x%20y/",
               "above": b"/../../..%2f..%2fetc/passwd", "host": b"HTTP://host"},
    "html": {"page": b"<!doctype html><base href=' /b/ '><img src=' a.png '><script src=x.js>"
                     b"</script><link rel='Alternate stylesheet' href=s.css><img src=''>",
             "deep": b"<div>" * 60 + b"<img src=x>", "broken": b"<img src='a\0b'<a <link rel"},
    "httpd": {"get": b"\xffGET / HTTP/1.1\r\nHost: x\r\n\r\n",
              "pipelined": b"\4\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost:\r\n"
                           b"\r\nGET /dir HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET",
              "body": b"\x10GET /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
              "refused": b"\x20POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
              "version": b"\0GET / HTTP/2.0\r\n\r\n", "long": b"\xffGET /" + b"x" * 1100},
    # how; then 4 call, 0 frame (11: TCP answer, 8: the peer asks for us by ARP, and so is
    # known), 7 time: see step() there.
    "net": {"connect": b"\0" + b"\0\x08" + net_call(0, -1, 0) + net_call(5, 0, 0, 0)
                       + b"\0\x0b\0\0\x12\x20\0\0" + net_call(14, 0, 0, 50, 0, 9, 0)
                       + b"\0\x0b\0\0\x18\x20\0\5hello" + net_call(7, 0) + b"\7\0\x40",
            "listen": b"\1" + net_call(0, -1, 0) + net_call(2, 0, 1, 0) + net_call(3, 0, 5)
                      + b"\0\5\0\1\0\0" + bytes.fromhex("000003e8000000005002ffff") + b"\7\0\x40"
                      + b"\0\x08\0\x0b\0\0\x10\x20\0\0" + net_call(4, 0),
            "udp": b"\2" + net_call(0, -1, 1) + net_call(2, 0, 1, 0) + b"\0\2\0\0\0\5hello"
                   + net_call(14, 0, 0, 50, 0, 200, 3) + b"\0\2\0\0\1\5hello",
            "dns": b"\0\0\x08" + net_call(11, -1, 0, 1)
                   + b"\0\7\0\0\1\x10\xc0\x0c\0\1\0\1\0\0\0\1\0"
                   b"\4\1\2\3\4" + net_call(11, -1, 1),
            "unreachable": b"\0\0\x08" + net_call(0, -1, 0) + net_call(5, 0, 0, 0)
                           + b"\0\4\0\0\3\x1c\0\0" + b"\0\4\0\0\4\x1c\5\0",
            "icmp": b"\3\0\3\0\x08\0\1\2\3\4\4ping\0\4\0\0\3\0\0\x1c\0\6\1\1\0\0\0",
            "train": b"\0" + NET_UDP_80 + net_part(0, 0, 8) + net_part(0, 8, 8)
                     + net_part(1, 30, 20) + net_part(1, 10, 20) + net_part(1, 10, 5)
                     + net_part(1, 0, 10) + net_call(14, 0, 0, 50, 0, 200, 2)
                     + net_part(3, 0, 1) + net_part(3, 1, 1) + net_part(4, 0, 8)
                     + net_part(4, 7, 8) + net_part(0, 0, 4, 240, 0x3F, 0xFF),
            "echo": b"\1\0\x08" + net_part(2, 0, 22) + net_part(2, 22, 22),
            "late": b"\0\0\x08" + net_part(1, 0, 10) + net_part(0, 8, 8) + b"\7\xff\xff" * 2
                    + net_part(1, 10, 22),
            "full": b"\x08" + b"".join(net_part(4 * i, 0, 4) for i in range(18))
                    + net_part(4, 4, 22),
            "few": b"\0" + b"".join(net_part(4 * i, 0, 4) for i in range(5)),
            "dhcp": b"\x10\7\0\4" + net_dhcp(0, MASK) + net_dhcp(3, MASK) + b"\7\x09\x60"
                    + b"\0\x08" + net_dhcp(0) + b"\7\x9c\x40" + net_dhcp(3 | 8, MASK)
                    + b"\7\x9c\x40" + b"\7\x4e\x20" * 4 + net_dhcp(6),
            "conflict": b"\x10\7\0\4" + net_dhcp(0, MASK) + net_dhcp(3, MASK)
                        + b"\0\6\2\1\x81\0\1" + b"\7\xff\xff" + net_call(13, 0, 0)},
    # how; then 0 segment, 20 send, 25 read, 29 shut down, 30 close, 16 time
    "tcp_conn": {"talk": b"\0" + b"\x14\x01\0" + b"\0\1\0\0\0\2\0" + b"\x19\x02\0" + b"\x10\1\0"
                         + b"\0\2\0\0\0\0\0\x1e\0\2\0\0\0\0\0",
                 "gap": b"\1" + b"\0\1\x90\x40\0\0\0\x20" + b"\0\1\0\0\0\0\x40" + b"\x19\x02\0",
                 "overlap": b"\0" + b"\0\1\0\0\0\0\x20" + b"\0\1\x90\xfb\0\0\0\x20"
                            + b"\x19\2\0",
                 "holes": b"\0" + b"\0\1\x90\x40\0\0\0\x20" + b"\0\1\0\0\0\0\x10"
                          + b"\x19\2\0" + b"\0\1\0\0\0\0\x40" + b"\x19\2\0",
                 "shut": b"\6" + b"\x14\x0b\0" + b"\0\0\0\0\xff\0\0\0\0\0\0" + b"\x13\1\0"
                         + b"\x1d\1" + b"\0\2\0\0\0\0\x20" + b"\x1f"},
}


def main():
    for harness, seeds in SEEDS.items():
        folder = CORPUS / harness
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("seed-*.bin"):
            old.unlink()
        for name, data in seeds.items():
            (folder / f"seed-{name}.bin").write_bytes(data)


if __name__ == "__main__":
    main()
