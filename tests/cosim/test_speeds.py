# SPDX-License-Identifier: Apache-2.0
"""100 and 10 Mbit/s (--nic sim:mii, sim:mii10): nibbles at the pins, the same frames on the wire.
Symbols last ten and a hundred times as long, so times are those of the arithmetic."""
import re
import subprocess

import capture
import judge
import program
import pytest
import replay

FULL_FRAME = 1518
OCTET_NS = {"mii": 80, "mii10": 800}


def run(pcap, profile, command, *options, wire="peer"):
    return program.run(["--nic", f"sim:{profile}", "--wire", wire, "--mac", program.MAC,
                        "--seed", str(replay.seed()), *options], command, pcap).check()


def fetch(pcap, profile, *options, **kw):
    return run(pcap, profile, ["fetch", "http://peer/"], *options, **kw)


def test_line_rate_at_100(tmp_path):
    """SFD to SFD of full segments is the arithmetic value to the nanosecond."""
    got = fetch(tmp_path / "a", "mii")
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)
    program.assert_balance(got)
    to_us = bytes.fromhex(program.MAC.replace(":", ""))
    heard = [p for p in capture.packets(got.pcap) if p.data[:6] == to_us]
    gaps = [b.time_ns - a.time_ns for a, b in zip(heard, heard[1:])
            if len(a.data) == len(b.data) == FULL_FRAME]
    assert min(gaps) == (FULL_FRAME + 8 + 12) * OCTET_NS["mii"]
    assert gaps.count(min(gaps)) >= 20


@pytest.mark.parametrize("profile, wire, ppm", [("mii", "peer", "100,-100"),
                                                ("mii", "switch:3", "0"),
                                                ("mii", "switch:2", "-100,50,100")])
def test_nothing_depends_on_skipping(tmp_path, profile, wire, ppm):
    command = ["fetch", "http://peer/img/middle.png"]
    first, whole = (run(tmp_path / n, profile, command, "--ppm", ppm, *options, wire=wire)
                    for n, options in (("a", ()), ("b", ("--no-skip",))))
    assert first.pcap.read_bytes() == whole.pcap.read_bytes()
    program.assert_no_errors(first)
    for got in (first, whole):
        got.stats.pop("phy.core_evaluated")
    assert first.stats == whole.stats


@pytest.mark.parametrize("profile", ["mii", "mii10"])
@pytest.mark.parametrize("wire", ["peer", "switch:2"])
def test_ping(tmp_path, profile, wire):
    """A symbol's time each way, the frame's own length, and what stores it."""
    got = run(tmp_path / "a", profile, ["ping", "-c", "5", "-i", "0.01", "-s", "1400", "peer"],
              wire=wire)
    assert got.events[-1]["received"] == 5
    judge.assert_good(got.pcap, at_least=10)
    program.assert_no_errors(got)
    frames = [p for p in capture.packets(got.pcap) if len(p.data) == 1400 + 8 + 20 + 14 + 4]
    there, back = frames[-2:]
    # SFD to SFD: the frame, then twice the far link, 12 us; a switch stores it once more each way.
    times = 3 if wire.startswith("switch") else 1
    least = times * len(there.data) * OCTET_NS[profile]
    assert least < back.time_ns - there.time_ns < least + 60 * times * OCTET_NS[profile] + 30000


def test_faults(tmp_path):
    got = fetch(tmp_path / "a", "mii", "--fault", "loss=3%,corrupt=3%,dup=2%,flap@100:300,jitter=7")
    assert got.stats["wire.fault_rx_corrupt"] == got.stats["nic.rx_fcs_errors"] > 0
    assert got.stats["wire.fault_rx_flap"] > 0


def test_the_line_names_every_profile():
    line = program.run(["--wire", "peer", "--nic", "sim:foo"], ["dig", "peer"])
    line = line.check(program.USAGE).one_line()
    table = (program.ROOT / "sim/profile.c").read_text(encoding="utf-8")
    known = re.findall(r'^    { "(\w+)", ', table, re.M)
    assert len(known) > 1 and set(re.findall(r"\w+", line)) >= {"foo", *known}
    for name in known:
        program.run(["--wire", "hub" if name.endswith("h") else "peer", "--nic", f"sim:{name}"],
                    ["dig", "peer"]).check()


@pytest.mark.parametrize("profile, ppm", [("mii", "0"), ("mii", "-100,100"), ("mii10", "0")])
def test_recording(tmp_path, profile, ppm):
    tape = tmp_path / "tape"
    command = ["ping", "-c", "3", "-i", "0.01", "-s", "900", "peer"]
    got = run(tmp_path / "a", profile, command, "--ppm", ppm, "--record", str(tape))
    again = subprocess.run([program.LANYARD, "--pcap", str(tmp_path / "b"), "replay", str(tape)],
                           capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / "b").read_bytes() == got.pcap.read_bytes()
