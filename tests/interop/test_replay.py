# SPDX-License-Identifier: Apache-2.0
"""A run in wall time against programs and kernels that are not ours, recorded: it comes again on
the model alone, byte for byte, as often as one likes."""
import sys

import netns
import page
import program
import pytest

PORT = 8078


def listens():
    return netns.sh("ss", "-Hlnt", f"sport = :{PORT}").strip() != ""


def assert_again(got, tape, pcap):
    """Twice: the capture of each replay is the run's, wall times included."""
    for _ in range(2):
        again = program.run([], ["replay", str(tape)], pcap).check()
        said = again.told("replay")[0]
        assert said["identical"] and said["whole"]
        assert said["frames_in"] == got.stats["phy.rx_frames"] > 50
        assert again.pcap.read_bytes() == got.pcap.read_bytes()


@pytest.mark.parametrize("options", [(), ("--no-skip",),
                                     ("--fault", "loss=2%,corrupt=2%,delay=50")],
                         ids=["plain", "no-skip", "faults"])
def test_slirp(far, tmp_path, options):  # pylint: disable=unused-argument
    """libslirp and Python's HTTP server."""
    page.make(tmp_path / "www", seed=4)
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "-d",
            str(tmp_path / "www"), str(PORT)]
    with netns.running(argv, tmp_path / "server.log", listens):
        got = program.run(["--wire", "slirp", "--record", str(tmp_path / "tape"), *options],
                          ["fetch", f"http://10.0.2.2:{PORT}/"], tmp_path / "run.pcapng",
                          under=()).check()
    assert_again(got, tmp_path / "tape", tmp_path / "again.pcapng")


def test_packet(site, far, tmp_path):
    """nginx on the kernel's TCP, over AF_PACKET."""
    got = program.run([*far, "--record", str(tmp_path / "tape")], ["fetch", site.url],
                      tmp_path / "run.pcapng").check()
    assert_again(got, tmp_path / "tape", tmp_path / "again.pcapng")
