# SPDX-License-Identifier: Apache-2.0
"""Sockets of the far namespace (support/netns.py) in this process: the kernel's own TCP by a
plain socket, and frames made by hand by scapy for what no kernel would send."""
import contextlib
import ctypes
import os
import socket
import time

import netns
from scapy.layers.inet import IP, TCP, in4_chksum
from scapy.layers.l2 import ARP, Ether

CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def _enter(fd):
    if _LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def entered():
    """Sockets made in this block belong to the far namespace, wherever they are used."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{netns.FAR}", os.O_RDONLY)
    try:
        _enter(there)
        try:
            yield
        finally:
            _enter(here)
    finally:
        os.close(there)
        os.close(here)


def tcp(port=0, rcvbuf=None, timeout_s=30):
    """A TCP socket at the far end, not connected. port: its own; 0: any."""
    with entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    if rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((netns.FAR_ADDR, port))
    return sock


class Hand:
    """One TCP connection made by hand, from an address that the far kernel does not have.

    seq, ack: the next number of ours, and what we have of theirs; the caller moves them.
    """
    ADDR, MAC = "10.77.0.9", "02:00:00:00:77:09"

    def __init__(self, to_mac, sport, dport=80, isn=1000):
        with entered():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        self.sock.bind((netns.FAR_IF, 0))
        self.to_mac, self.sport, self.dport = to_mac, sport, dport
        self.isn = self.seq = isn
        self.ack = 0

    def close(self):
        self.sock.close()

    def _frame(self, layers):
        self.sock.send(bytes(Ether(src=self.MAC, dst=self.to_mac) / layers))

    def send(self, flags, payload=b"", **fields):
        """One segment. fields: of scapy's TCP, to be other than expected."""
        fields = {"seq": self.seq, "ack": self.ack if "A" in flags else 0, "window": 60000,
                  "options": [], **fields}
        self._frame(IP(src=self.ADDR, dst=netns.NEAR_ADDR)
                    / TCP(sport=self.sport, dport=self.dport, flags=flags, **fields) / payload)

    def send_raw(self, segment):
        """A segment whose bytes scapy would not make; the checksum is put in."""
        packet = IP(src=self.ADDR, dst=netns.NEAR_ADDR, proto=6)
        total = in4_chksum(6, packet, segment[:16] + b"\0\0" + segment[18:])
        self._frame(packet / (segment[:16] + total.to_bytes(2, "big") + segment[18:]))

    def _answer_arp(self, frame):
        if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == self.ADDR:
            self._frame(ARP(op=2, hwsrc=self.MAC, psrc=self.ADDR, hwdst=frame[ARP].hwsrc,
                            pdst=frame[ARP].psrc))

    def get(self, timeout_s=10.0):
        """The next segment that came for us; None after timeout_s."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame = Ether(self.sock.recv(2000))
            except TimeoutError:
                break
            self._answer_arp(frame)
            if TCP in frame and frame[IP].dst == self.ADDR and frame[TCP].dport == self.sport:
                return frame[TCP]
        return None

    def expect(self, flags, timeout_s=10.0, **fields):
        """The next segment that has these flags, others being passed over, and these fields."""
        deadline = time.monotonic() + timeout_s
        while (got := self.get(deadline - time.monotonic())) is not None:
            if str(got.flags) == flags:
                wrong = {k: getattr(got, k) for k, v in fields.items() if getattr(got, k) != v}
                assert not wrong, f"{got.summary()}: {wrong}, not {fields}"
                return got
        raise AssertionError(f"no segment with flags {flags}")

    def connect(self, **fields):
        """The handshake; their SYN and ACK."""
        self.send("S", seq=self.isn, **fields)
        got = self.expect("SA", ack=self.isn + 1 & 0xFFFFFFFF)
        self.seq = self.isn + 1 & 0xFFFFFFFF
        self.ack = got.seq + 1 & 0xFFFFFFFF
        self.send("A")
        return got


def text_of(segment):
    """Its payload, without the padding of a short frame."""
    under = segment.underlayer
    return bytes(segment.payload)[:under.len - under.ihl * 4 - segment.dataofs * 4]
