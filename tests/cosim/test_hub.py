# SPDX-License-Identifier: Apache-2.0
"""lanyard --wire hub: half duplex on the RTL, collisions and all, in virtual time."""
import program
import pytest
import replay


def fetch(pcap, wire, profile, *options, url="http://peer/", n=4):
    got = program.run(["--wire", wire, "--nic", f"sim:{profile}", "--mac", program.MAC, "--seed",
                       str(replay.seed()), *options], ["fetch", url], pcap).check()
    assert [s for s, _ in program.objects(got).values()] == n * [200]
    return got


@pytest.mark.parametrize("wire, path, n, least", [("hub:2", "peer/", 4, 10),
                                                  ("hub", "peer3/img/middle.png", 1, 3),
                                                  ("hub:8", "peer7/img/small.png", 1, 0)])
def test_page(tmp_path, wire, path, n, least):
    """Data one way and ACKs the other: they collide, nobody too late, and every frame arrives."""
    got = fetch(tmp_path / "a", wire, "miih", url=f"http://{path}", n=n)
    s = got.stats
    assert s["hub.collisions"] >= least and s["hub.late"] == 0
    assert s["hub.frames"] == s["wire.from_nic_frames"]
    assert s["wire.from_nic_bad"] == 0
    assert s["stack.eth_tx_frames"] == s["nic.tx_frames"]
    assert s["nic.rx_fcs_errors"] == 0          # what collided was shorter than a frame


def test_nothing_depends_on_skipping(tmp_path):
    url = "http://peer/img/middle.png"
    runs = [fetch(tmp_path / str(i), "hub:3", "miih", *options, url=url, n=1)
            for i, options in enumerate(((), ("--no-skip",), ()))]
    assert runs[0].pcap.read_bytes() == runs[1].pcap.read_bytes() == runs[2].pcap.read_bytes()
    for run in runs:
        run.stats.pop("phy.core_evaluated")
    assert runs[0].stats == runs[1].stats == runs[2].stats


def test_clocks_that_differ(tmp_path):
    got = fetch(tmp_path / "a", "hub:2", "miih", "--ppm", "100,-100,50")
    assert got.stats["nic.rx_fcs_errors"] == got.stats["pnic.rx_fcs_errors"] == 0


def test_ten_megabits(tmp_path):
    got = fetch(tmp_path / "a", "hub:2", "mii10h", url="http://peer/img/small.png", n=1)
    assert got.stats["hub.late"] == 0


def test_refused():
    for options in (["--wire", "hub", "--nic", "sim:mii"], ["--wire", "hub", "--nic", "sim:gmii"],
                    ["--wire", "peer", "--nic", "sim:miih"], ["--wire", "hub:1"],
                    ["--wire", "hub:9"], ["--wire", "hub", "--fault", "loss=1%"]):
        program.run(options, ["dig", "peer"]).check(program.USAGE).one_line()
