# SPDX-License-Identifier: Apache-2.0
"""lanyard --wire switch in virtual time: any of the hosts on it, the same bytes with idle time
evaluated or skipped, and what a fault does on the one cable that has them."""
import judge
import program
import pytest
import replay

OPTIONS = ["--wire", "switch:4", "--time", "virtual", "--mac", program.MAC]


def fetch(pcap, host, *options):
    return program.run([*OPTIONS, "--seed", str(replay.seed()), *options],
                       ["fetch", f"http://{host}/"], pcap).check()


@pytest.mark.parametrize("host", ["peer", "peer2", "PEER3", "10.9.0.4"])
def test_every_host_serves(tmp_path, host):
    got = fetch(tmp_path / "a.pcapng", host)
    assert len([s for s, _ in program.objects(got).values() if s == 200]) == 4
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)
    program.assert_balance(got)
    s = got.stats
    assert s["switch.forwarded"] > 100 and s["switch.dropped_bad"] == 0
    assert s["switch.forwarded"] + s["switch.flooded"] == s["wire.from_nic_frames"]


def test_names_and_others(tmp_path):
    for name in ("peer4", "peer1", "pee", "peer22"):
        program.run(OPTIONS, ["dig", name]).check(program.FAILED).one_line()
    got = program.run(OPTIONS, ["ping", "-c", "5", "-i", "0.01", "peer3"],
                      tmp_path / "p.pcapng").check()
    assert got.events[-1]["received"] == 5
    program.run(["--wire", "switch:9"], ["dig", "peer"]).check(program.USAGE).one_line()


def test_nothing_depends_on_skipping(tmp_path):
    runs = [fetch(tmp_path / f"{i}.pcapng", "peer2", "--pcap-far", str(tmp_path / f"far{i}"),
                  *options) for i, options in enumerate(((), ("--no-skip",), ()))]
    assert runs[0].pcap.read_bytes() == runs[1].pcap.read_bytes() == runs[2].pcap.read_bytes()
    assert (tmp_path / "far0").read_bytes() == (tmp_path / "far1").read_bytes()
    assert runs[0].stats == runs[2].stats
    for run in runs:
        run.stats.pop("phy.core_evaluated")
    assert runs[0].stats == runs[1].stats


def test_spoilt_frames_end_in_the_switch(tmp_path):
    got = fetch(tmp_path / "a.pcapng", "peer2", "--fault", "corrupt=5%,loss=2%")
    s = got.stats
    assert s["switch.dropped_bad"] == s["wire.fault_tx_corrupt"] > 0
    assert s["nic.rx_fcs_errors"] > 0
    assert s["pnic2.rx_fcs_errors"] == s["pnic.rx_fcs_errors"] == 0


def test_cable_out_and_in_again(tmp_path):
    got = fetch(tmp_path / "a.pcapng", "peer2", "--fault", "flap@60:500")
    assert got.stats["wire.fault_rx_flap"] > 0
    assert len([s for s, _ in program.objects(got).values() if s == 200]) == 4
