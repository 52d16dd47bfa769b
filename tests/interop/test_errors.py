# SPDX-License-Identifier: Apache-2.0
"""What goes wrong says one clear line and has its exit code."""
import netns
import program
import pytest
import servers


@pytest.mark.parametrize("url", ["ftp://www.lanyard.test/", "http://", "http://a b/",
                                 "http://[1::2"])
def test_bad_url(site, far, url):  # pylint: disable=unused-argument
    program.run(far, ["fetch", url]).check(program.USAGE).one_line()


def test_unknown_name(site, far):  # pylint: disable=unused-argument
    got = program.run(far, ["fetch", f"http://absent.{servers.DOMAIN}/"]).check(program.FAILED)
    assert "absent.lanyard.test" in got.one_line()


def test_refused_port(site, far):  # pylint: disable=unused-argument
    """Clause: RFC 9293 3.5.2, RFC 9293 3.10.7.3"""
    got = program.run(far, ["fetch", f"http://{servers.NAME}:81/"]).check(program.FAILED)
    assert "refused" in got.one_line()


def test_unreachable_host(site, far):  # pylint: disable=unused-argument
    got = program.run(far, ["fetch", "http://10.77.0.9/"])
    assert got.code in (program.FAILED, program.TIMEOUT)
    got.one_line()


def test_unreachable_network(site, far):  # pylint: disable=unused-argument
    """No router, so no way to another network; nothing is sent that could not arrive."""
    alone = far[:far.index("--gw")] + far[far.index("--gw") + 2:]
    got = program.run(alone, ["fetch", "http://192.0.2.1/"]).check(program.FAILED)
    assert "192.0.2.1" in got.one_line() and "unreachable" in got.err
    assert got.stats["stack.eth_tx_frames"] == 0


def test_capture_that_cannot_be_written(site, far):
    got = program.run(far, ["fetch", site.url], pcap="/dev/full").check(program.FAILED)
    assert "/dev/full" in got.one_line() and "No space left" in got.err


def test_missing_privilege(far):
    """Without CAP_NET_RAW there is no AF_PACKET."""
    none = ["setpriv", "--bounding-set=-net_raw,-sys_admin", "--inh-caps=-all"]
    got = program.run(far, ["ping", "-c", "1", netns.FAR_ADDR], under=none)
    got.check(program.MISSING).one_line()


def test_no_such_interface(far):
    options = ["--wire", "packet:absent0", *far[2:]]
    got = program.run(options, ["ping", "-c", "1", netns.FAR_ADDR])
    assert got.code in (program.FAILED, program.MISSING)
    assert "absent0" in got.one_line()


@pytest.mark.parametrize("argv", [["--wire", "nothing", "doctor"], ["nothing"], ["fetch"],
                                  ["--addr", "10.77.0.2", "doctor"], ["--seed", "x", "doctor"],
                                  ["ping", "-s", "65508", netns.FAR_ADDR]])
def test_usage(far, argv):  # pylint: disable=unused-argument
    program.run([], argv).check(program.USAGE)


def test_doctor_without_verilator(far, tmp_path):  # pylint: disable=unused-argument
    got = program.run([], ["doctor"], under=(), env={"PATH": str(tmp_path)})
    got.check(program.MISSING)
    assert "verilator" in got.out + got.err
    mend = {e["what"]: e["mend"] for e in got.events}
    assert {mend[what] for what in ("verilator", "iverilog")} == {"make deps-run", "make deps-test"}
    assert "LANYARD_NO_NETNS=1" in mend["network namespaces"]     # its unshare is on no PATH


def test_full_disk(site, far):
    """A file system that is too small for the page."""
    netns.sh("mkdir", "/run/small")
    netns.sh("mount", "-t", "tmpfs", "-o", "size=64k", "none", "/run/small")
    got = program.run(far, ["fetch", "-o", "/run/small/page", site.url])
    got.check(program.FAILED)
    assert "No space left" in got.err
