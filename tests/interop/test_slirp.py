# SPDX-License-Identifier: Apache-2.0
"""The default wire: user-mode NAT, and behind it a page on this machine's loopback."""
import sys

import judge
import netns
import page
import program
import pytest

PORT = 8077


def listens():
    return netns.sh("ss", "-Hlnt", f"sport = :{PORT}").strip() != ""


@pytest.fixture(name="local")
def _local(far, tmp_path):  # pylint: disable=unused-argument
    folder = tmp_path / "www"
    files = page.make(folder, seed=4)
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "-d", str(folder),
            str(PORT)]
    with netns.running(argv, tmp_path / "server.log", listens):
        yield files


# libslirp itself opens Internet sockets, so noinet does not fit here.
def fetch(*options, out, pcap=None, privileged=()):
    return program.run(["--wire", "slirp", "--mac", program.MAC, *options],
                       ["fetch", "-o", str(out), f"http://10.0.2.2:{PORT}/"], pcap,
                       under=privileged)


@pytest.mark.parametrize("offload,who", [("all", "nic"), ("none", "stack")])
def test_page_of_the_loopback(local, tmp_path, offload, who):
    out = tmp_path / "page"
    got = fetch("--offload", offload, out=out, pcap=tmp_path / "slirp.pcapng").check()
    for name, body in local.items():
        assert (out / name).read_bytes() == body, name
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)
    program.assert_balance(got)
    program.assert_checksums_by(who, got)


def test_without_any_privilege(local, tmp_path):
    """Not one capability is left to the program."""
    out = tmp_path / "page"
    none = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    fetch(out=out, privileged=none).check()
    assert (out / "index.html").read_bytes() == local["index.html"]


def test_address_by_dhcp(local, tmp_path):
    """libslirp gives the address that is the default anyway, and says so.

    Clause: RFC 2131 3.1
    """
    out = tmp_path / "page"
    got = fetch("--addr", "dhcp", out=out, pcap=tmp_path / "slirp.pcapng").check()
    for name, body in local.items():
        assert (out / name).read_bytes() == body, name
    assert [e["addr"] for e in got.told("dhcp_bound")] == ["10.0.2.15"]
    types = [f["dhcp.option.dhcp"] for f in judge.rows(got.pcap, "dhcp.option.dhcp",
                                                       filter_="dhcp")]
    assert types == ["1", "2", "3", "5", "7"]
    judge.assert_good(got.pcap, at_least=100)
    program.assert_balance(got)


def test_virtual_time_is_refused(far):  # pylint: disable=unused-argument
    got = program.run(["--wire", "slirp", "--time", "virtual"], ["fetch", "http://10.0.2.2/"],
                      under=())
    got.check(program.USAGE).one_line()


def test_idle_without_skipping(far):  # pylint: disable=unused-argument
    """Idle cycles take longer to evaluate than they last: the model must not run after the
    wall's time, or a pause between two pings never ends."""
    got = program.run(["--wire", "slirp", "--no-skip"], ["ping", "-c", "3", "-i", "1", "10.0.2.2"],
                      under=(), timeout_s=60).check()
    assert got.events[-1]["received"] == 3
