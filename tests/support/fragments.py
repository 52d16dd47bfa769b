#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends echo requests in fragments that scapy makes, in odd orders and with odd extras, and tells
which were answered: the same seed to lanyard and to the kernel must give the same list.

    fragments.py IFNAME SRC_MAC DST_MAC SRC DST SEED ROUNDS      one word per round, a JSON list

A round that gets no answer takes no waiting: a whole echo request follows it, whose answer shows
that all before it were dealt with.
"""
import json
import logging
import random
import socket
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import ICMP, IP, Ether, Raw  # noqa: E402  pylint: disable=wrong-import-position

MARKER, LIMIT_S = 0x7777, 20
ETH_P_IP, PACKET_OUTGOING = 0x0800, 4


def cut(rng, data):
    """(offset, bytes, more follow) of each fragment, in order."""
    parts, at = [], 0
    while at < len(data):
        end = min(at + 8 * rng.randint(1, 40), len(data))
        parts.append((at, data[at:end], end < len(data)))
        at = end
    return parts


def plain(_rng, sent, _parts, _data):
    return sent


def duplicate(rng, sent, _parts, _data):
    """Some fragments twice, anywhere."""
    for part in rng.sample(sent, len(sent) // 2 + 1):
        sent.insert(rng.randint(0, len(sent)), part)
    return sent


def piece(rng, sent, _parts, _data):
    """Eight bytes out of the middle of a fragment again, at any time behind it."""
    at = next((i for i, part in enumerate(sent) if len(part[1]) >= 24), None)
    if at is not None:
        off, body, _ = sent[at]
        sent.insert(rng.randint(at + 1, len(sent)), (off + 8, body[8:16], True))
    return sent


def overlap(_rng, sent, parts, data):
    """The end of a fragment and the start of the next one, which is still to come."""
    for i, part in enumerate(sent):
        off, body, more = part
        if more and len(body) >= 16 and parts[parts.index(part) + 1] in sent[i:]:
            middle, end = off + len(body) - 8, off + len(body) + 8
            if end < len(data):
                return sent[:i + 1] + [(middle, data[middle:end], True)] + sent[i + 1:]
    return sent


def longer(_rng, sent, parts, _data):
    """The last one again, with another length."""
    at = sent.index(parts[-1])
    off, body, _ = parts[-1]
    return sent[:at + 1] + [(off, body + b"extra", False)] + sent[at + 1:]


def beyond(_rng, sent, parts, data):
    """Something behind the last one."""
    at = sent.index(parts[-1])
    return sent[:at + 1] + [((len(data) + 7) // 8 * 8, bytes(8), True)] + sent[at + 1:]


def missing(rng, sent, _parts, _data):
    sent.pop(rng.randrange(len(sent)))
    return sent


KINDS = [plain, plain, duplicate, piece, overlap, longer, beyond, missing]


class Sender:
    def __init__(self, ifname, macs, addrs):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.socket.bind((ifname, ETH_P_IP))
        self.socket.settimeout(LIMIT_S)
        self.ether = Ether(src=macs[0], dst=macs[1])
        self.addrs = addrs

    def send(self, proto, ident, off, body, more):
        ip = IP(src=self.addrs[0], dst=self.addrs[1], proto=proto, id=ident,
                flags="MF" if more else 0, frag=off // 8)
        self.socket.send(bytes(self.ether / ip / Raw(body)))

    def reply(self):
        """The next echo reply, as scapy reads it."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            frame, where = self.socket.recvfrom(65535)
            if where[2] == PACKET_OUTGOING:
                continue
            got = Ether(frame)
            if ICMP in got and got[ICMP].type == 0 and got[IP].src == self.addrs[1]:
                return got[ICMP]
        raise TimeoutError("no answer to a whole echo request")

    def round(self, number, rng):
        kind = rng.choice(KINDS)
        body = rng.randbytes(rng.randint(60, 1400))
        data = bytes(ICMP(type=8, id=1, seq=number) / Raw(body))
        parts = cut(rng, data)
        if len(parts) < 2:
            return "whole"
        for part in kind(rng, rng.sample(parts, len(parts)), parts, data):
            self.send(1, number + 1, *part)
        marker = bytes(ICMP(type=8, id=MARKER, seq=number))
        self.send(1, 0x8000 + number, 0, marker, False)
        verdict = f"{kind.__name__}: no answer"
        while (got := self.reply()).id != MARKER:
            right = (got.id, got.seq, bytes(got.payload)) == (1, number, body)
            verdict = f"{kind.__name__}: {'answered' if right else 'wrong answer'}"
        return verdict


def main():
    ifname, src_mac, dst_mac, src, dst, seed, rounds = sys.argv[1:]
    sender, rng = Sender(ifname, (src_mac, dst_mac), (src, dst)), random.Random(int(seed))
    # The other side may have to ask for our address first.
    sender.send(1, 0x7FFF, 0, bytes(ICMP(type=8, id=MARKER)), False)
    sender.reply()
    print(json.dumps([sender.round(number, rng) for number in range(int(rounds))]))


if __name__ == "__main__":
    main()
