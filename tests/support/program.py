# SPDX-License-Identifier: Apache-2.0
"""Runs build/bin/lanyard for a test, under noinet, and reads what it printed."""
import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import judge
import replay

ROOT = Path(__file__).resolve().parents[2]
LANYARD = str(ROOT / os.environ.get("LY_TREE", "build") / "bin/lanyard")
NOINET = str(ROOT / "build/bin/noinet")
MAC = "02:00:00:00:77:02"   # of our NIC in tests that tell directions by it

# Exit codes of the program.
DONE, FAILED, USAGE, MISSING, TIMEOUT = range(5)


@dataclass
class Result:
    """What one run said. events: JSON lines; stats: the counters, named "layer.counter"."""
    argv: list
    code: int
    out: str
    err: str
    seconds: float
    pcap: Path = None
    events: list = field(default_factory=list)
    stats: dict = field(default_factory=dict)

    def __post_init__(self):
        for line in self.out.splitlines():
            if line.startswith("{"):
                told = json.loads(line)
                if any(name.startswith("stack.") for name in told):
                    self.stats = told
                else:
                    self.events.append(told)

    def told(self, kind):
        return [e for e in self.events if e.get("event") == kind]

    def check(self, code=DONE):
        """This exit code; returns self."""
        assert self.code == code, (f"{' '.join(self.argv)}: exit code {self.code}, "
                                   f"not {code}\n{self.out[-2000:]}{self.err[-2000:]}")
        return self

    def one_line(self):
        """A failure says one clear line."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("lanyard: "), self.err
        return lines[0]


def _seed(options):
    """The seed of the run in virtual time, where it decides every byte. In wall time one of its
    own for each lanyard: the far end still remembers ports and sequence numbers of the last."""
    virtual = any(name == "--wire" and wire.partition(":")[0] in ("peer", "switch", "hub", "pcap")
                  for name, wire in zip(options, options[1:]))
    return str(replay.seed() if virtual else 1000 * replay.seed() + len(replay.COMMANDS))


def command_line(options, command, pcap=None, under=(NOINET,)):
    """What run() and serving() start."""
    argv = [*under, LANYARD, "--json", "--stats", *options]
    if "--seed" not in options and command[0] != "replay":     # the recording has it
        argv += ["--seed", _seed(options)]
    if pcap:
        argv += ["--pcap", str(pcap)]
    argv += list(command)
    replay.note(argv)
    return argv


def run(options, command, pcap=None, timeout_s=120, under=(NOINET,), env=None):
    """lanyard with options and command, to its end. under: the program that starts it."""
    argv = command_line(options, command, pcap, under)
    start = time.monotonic()
    done = subprocess.run(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout_s, check=False,
                          env={**os.environ, **(env or {})})
    return Result(argv, done.returncode, done.stdout, done.stderr,
                  time.monotonic() - start, pcap)


@contextlib.contextmanager
def serving(options, command, pcap=None, under=(NOINET,)):
    """lanyard in the background, from its first line of output to Ctrl-C.

    Yields a list that holds the Result once the block has ended.
    """
    argv = command_line(options, command, pcap, under)
    start, result = time.monotonic(), []
    child = subprocess.Popen(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    try:
        first = child.stdout.readline()
        assert first, f"{' '.join(argv)} ended: {child.stderr.read()}"
        yield result
    finally:
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
        result.append(Result(argv, child.returncode, first + out, err,
                             time.monotonic() - start, pcap))


def objects(result):
    """(status, bytes) of each object fetched, by URL path."""
    return {e["url"].split("/", 3)[3] if e["url"].count("/") > 2 else "":
            (e["status"], e["bytes"]) for e in result.told("object")}


# ------------------------------------------------------------ what must balance

def transport(stats, way):
    """TCP, UDP and ICMP packets of the stack. way: "tx" or "rx"."""
    return sum(stats[f"stack.{p}_{way}"] for p in ("tcp", "udp", "icmp4"))


SIZES = {"64": 64, "65_127": 127, "128_255": 255, "256_511": 511, "512_1023": 1023,
         "1024_max": 1518}     # the most octets DA..FCS of each
SYMBOL_ERROR = 1 << 31          # of the flags of a packet in pcapng


def good(frame):
    """Is it one that a NIC takes for a frame?"""
    return (frame["eth.fcs.status"] == judge.GOOD and 64 <= int(frame["frame.len"]) <= 1518
            and not int(frame["frame.packet_flags"], 0) & SYMBOL_ERROR)


def seen(frames, way):
    """What the counters of one direction must be after these frames. way: "tx" or "rx"."""
    n = dict.fromkeys((f"nic.{way}_{what}" for what in (
        "frames", "octets", "broadcast", "multicast", *SIZES)), 0)
    for f in frames:
        octets = int(f["frame.len"])
        n[f"nic.{way}_frames"] += 1
        n[f"nic.{way}_octets"] += octets
        n[f"nic.{way}_{next(name for name, most in SIZES.items() if octets <= most)}"] += 1
        if f["eth.dst"] == "ff:ff:ff:ff:ff:ff":
            n[f"nic.{way}_broadcast"] += 1
        elif int(f["eth.dst"][:2], 16) & 1:
            n[f"nic.{way}_multicast"] += 1
    return n


def assert_balance(result, mac=MAC):
    """Every frame and byte is accounted for: stack = RTL = capture, drops included."""
    s = result.stats
    frames = judge.rows(result.pcap, "eth.src", "eth.dst", "frame.len", "eth.fcs.status",
                        "frame.packet_flags")
    sent = [f for f in frames if f["eth.src"] == mac]
    heard = [f for f in frames if f["eth.src"] != mac]
    for way, captured in (("tx", sent), ("rx", [f for f in heard if good(f)])):
        wrong = {name: (s[name], n) for name, n in seen(captured, way).items() if s[name] != n}
        assert not wrong, f"counter, capture: {wrong}"
    assert s["stack.eth_tx_frames"] == s["nic.tx_frames"]
    assert (s["stack.eth_tx_bytes"] + s["nic.tx_pad_octets"] + 4 * s["nic.tx_frames"]
            == s["nic.tx_octets"])
    wire_errors = sum(s[f"nic.rx_{e}"] for e in ("fcs_errors", "symbol_errors", "undersize",
                                                 "fragments", "oversize", "jabber",
                                                 "alignment_errors"))
    assert len(heard) == s["nic.rx_frames"] + wire_errors
    rtl_drops = sum(s[f"nic.rx_drop_{d}"] for d in ("filter", "full", "disabled"))
    assert s["nic.rx_frames"] == s["nic.rx_delivered"] + rtl_drops
    assert s["nic.rx_delivered"] == s["stack.eth_rx_frames"] + s["driver.link_rx_no_buffer"]
    eth_drops = sum(v for k, v in s.items() if k.startswith("stack.drop_eth_"))
    assert s["stack.eth_rx_frames"] == s["stack.arp_rx"] + s["stack.ip4_rx"] + eth_drops


def assert_no_errors(result):
    """Nothing bad on the wire, and nothing that a checksum would have found."""
    for name in ("nic.rx_fcs_errors", "nic.rx_symbol_errors", "nic.rx_csum_bad",
                 "nic.rx_alignment_errors", "nic.tx_underrun", "nic.rec_bad_header",
                 "nic.rec_gap", "nic.rec_unknown", "nic.events_lost",
                 "wire.from_nic_bad", "driver.rx_csum_bad",
                 "driver.link_rx_bad_record", "stack.drop_tcp_checksum",
                 "stack.drop_udp_checksum", "stack.drop_icmp4_checksum",
                 "stack.drop_ip4_checksum"):
        assert result.stats[name] == 0, f"{name} = {result.stats[name]}"


def assert_checksums_by(who, result):
    """Who computed and verified transport checksums. who: "nic" or "stack"."""
    s = result.stats
    sent, heard = transport(s, "tx"), transport(s, "rx")
    assert sent and heard
    assert s["nic.tx_csum_inserted"] == (sent if who == "nic" else 0)
    assert s["stack.csum_tx_computed"] == (0 if who == "nic" else sent)
    assert s["stack.csum_rx_by_nic"] == (heard if who == "nic" else 0)
    assert s["stack.csum_rx_verified"] == (0 if who == "nic" else heard)
