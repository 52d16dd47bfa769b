# SPDX-License-Identifier: Apache-2.0
"""--ppm: both ends of a cable with clocks of their own; skipping, faults and recordings know it."""
import subprocess

import capture
import judge
import program
import pytest
import replay

FULL_FRAME = 1518


def fetch(pcap, ppm, *options, wire="peer", host="peer"):
    return program.run(["--wire", wire, "--ppm", ppm, "--mac", program.MAC, "--seed",
                        str(replay.seed()), *options], ["fetch", f"http://{host}/"], pcap).check()


@pytest.mark.parametrize("wire, host", [("peer", "peer"), ("switch:3", "peer2")])
@pytest.mark.parametrize("ppm", ["100,-100", "-100,100", "-37,81,5"])
def test_nothing_depends_on_skipping(tmp_path, wire, host, ppm):
    ppm = ppm if wire != "peer" else ",".join(ppm.split(",")[:2])
    first = fetch(tmp_path / "a", ppm, wire=wire, host=host)
    whole = fetch(tmp_path / "b", ppm, "--no-skip", wire=wire, host=host)
    assert first.pcap.read_bytes() == whole.pcap.read_bytes()
    for run in (first, whole):
        judge.assert_good(run.pcap, at_least=100)
        program.assert_no_errors(run)
        program.assert_balance(run)
        run.stats.pop("phy.core_evaluated")
        # The random cycle of a synchroniser is drawn at a change; elastic fill is what it was.
        # At most what is proved (rtl/formal/ly_felastic.v), and the octet behind the pins.
        assert 2 <= run.stats["phy.rx_elastic_min"] <= run.stats["phy.rx_elastic_max"] <= 7
    assert first.stats == whole.stats


def test_the_line_is_as_fast_as_its_clock(tmp_path):
    """From SFD to SFD of full frames back to back, in nanoseconds rounded down."""
    octets = FULL_FRAME + 8 + 12
    for ppm, far in (("0,1000", 1000), ("0,-1000", -1000)):
        got = fetch(tmp_path / "a", ppm)
        to_us = bytes.fromhex(program.MAC.replace(":", ""))
        heard = [p for p in capture.packets(got.pcap) if p.data[:6] == to_us]
        gaps = [b.time_ns - a.time_ns for a, b in zip(heard, heard[1:])
                if len(a.data) == len(b.data) == FULL_FRAME]
        want = octets * 8 * 1e6 / (1e6 + far)
        assert abs(min(gaps) - want) <= 1, (min(gaps), want)


@pytest.mark.parametrize("wire", ["peer", "switch:2"])
def test_faults_and_the_cable_pulled(tmp_path, wire):
    got = fetch(tmp_path / "a", "100,-100", "--fault", "loss=2%,corrupt=2%,rate=300,flap@80:400",
                wire=wire)
    assert got.stats["wire.fault_rx_flap"] > 0
    assert got.stats["wire.fault_rx_corrupt"] == got.stats["nic.rx_fcs_errors"] > 0


def test_recording(tmp_path):
    tape = tmp_path / "tape"
    got = fetch(tmp_path / "a", "-100,100", "--record", str(tape))
    again = subprocess.run([program.LANYARD, "--pcap", str(tmp_path / "b"), "replay", str(tape)],
                           capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / "b").read_bytes() == got.pcap.read_bytes()


def test_refused():
    for ppm in ("1001", "1,-2000", "x", "1,", "", "0,0,5"):
        got = program.run(["--wire", "peer", "--ppm", ppm], ["dig", "peer"])
        got.check(program.USAGE).one_line()
    program.run(["--nic", "sim:gmii+1-1", "--wire", "peer"],
                ["dig", "peer"]).check(program.USAGE).one_line()
