# SPDX-License-Identifier: Apache-2.0
"""lanyard --wire tap:IF in the far namespace: its kernel is the other end, and nginx, NSD, ping
and curl reach lanyard through it."""
import json
import re
import subprocess
from dataclasses import dataclass

import judge
import netns
import page
import program
import pytest

TAP, KERNEL, OURS = "tap0", "10.78.0.1", "10.78.0.2"
UNDER = (*netns.in_far(), program.NOINET)
NET = ["--mac", program.MAC, "--addr", f"{OURS}/24", "--gw", KERNEL, "--dns", netns.FAR_ADDR]
WIRE = ["--wire", f"tap:{TAP}", *NET]
ETHERNET_BYTES, ARP_BYTES, LEAST_BYTES = 14, 28, 60


def ip(*argv):
    return netns.sh(*netns.in_far("ip", *argv))


@pytest.fixture(name="tap", scope="module")
def _tap(far):  # pylint: disable=unused-argument
    ip("tuntap", "add", TAP, "mode", "tap")
    ip("link", "set", TAP, "addrgenmode", "none")
    ip("link", "set", TAP, "up")
    ip("addr", "add", f"{KERNEL}/24", "dev", TAP)
    return WIRE


@dataclass
class Counted:
    """What the kernel counted at its end. rx: from us."""
    rx_packets: int
    rx_bytes: int
    tx_packets: int
    tx_bytes: int
    lost: int


def kernel_counted():
    said = json.loads(ip("-j", "-s", "link", "show", TAP))[0]["stats64"]
    rx, tx = said["rx"], said["tx"]
    return Counted(rx["packets"], rx["bytes"], tx["packets"], tx["bytes"],
                   rx["errors"] + rx["dropped"] + tx["errors"] + tx["dropped"])


def padding(pcap):
    """What the wire added to the kernel's short frames."""
    rows = judge.rows(pcap, "ip.len", filter_=f"eth.src!={program.MAC}")
    sizes = [ETHERNET_BYTES + int(row["ip.len"] or ARP_BYTES) for row in rows]
    return sum(max(0, LEAST_BYTES - size) for size in sizes)


def assert_kernel_agrees(got, before, after):
    """Frames and octets of the kernel's interface are those of our wire."""
    s = got.stats
    assert after.lost == before.lost and s["wire.far_send_errors"] == s["wire.to_nic_dropped"] == 0
    assert after.rx_packets - before.rx_packets == s["wire.from_nic_frames"] > 0
    assert after.rx_bytes - before.rx_bytes == (s["wire.from_nic_octets"]
                                                - 4 * s["wire.from_nic_frames"])
    assert after.tx_packets - before.tx_packets == s["wire.to_nic_frames"] > 0
    assert after.tx_bytes - before.tx_bytes == (s["wire.to_nic_octets"] - padding(got.pcap)
                                                - 4 * s["wire.to_nic_frames"])


def run(options, command, pcap=None, under=UNDER):
    return program.run(options, command, pcap, under=under)


@pytest.mark.parametrize("size", [56, 1472])
def test_lanyard_pings_the_kernel(tap, tmp_path, size):
    before = kernel_counted()
    got = run(tap, ["ping", "-c", "100", "-i", "0.01", "-s", str(size), KERNEL],
              tmp_path / "ping.pcapng").check()
    assert (got.events[-1]["sent"], got.events[-1]["received"]) == (100, 100)
    judge.assert_good(got.pcap, at_least=200)
    program.assert_no_errors(got)
    program.assert_balance(got)
    assert_kernel_agrees(got, before, kernel_counted())


def pinged(size):
    done = subprocess.run(netns.in_far("ping", "-n", "-q", "-c", "100", "-i", "0.01", "-s",
                                       str(size), OURS), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "duplicates" not in done.stdout
    return done.stdout


@pytest.mark.parametrize("size", [56, 1472])
def test_the_kernel_pings_lanyard(tap, tmp_path, size):
    before = kernel_counted()
    with program.serving(tap, ["serve", str(tmp_path)], tmp_path / "echo.pcapng",
                         under=UNDER) as ended:
        said = pinged(size)
        after = kernel_counted()
    assert re.search(r"100 packets transmitted, 100 received, 0% packet loss", said), said
    judge.assert_good(ended[0].pcap, at_least=200)
    program.assert_balance(ended[0])
    assert_kernel_agrees(ended[0], before, after)


def test_page(site, tap, tmp_path):
    before = kernel_counted()
    got = run(tap, ["fetch", "-o", str(tmp_path / "page"), site.url],
              tmp_path / "page.pcapng").check()
    for name, body in site.files.items():
        assert (tmp_path / "page" / name).read_bytes() == body, name
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)
    program.assert_balance(got)
    program.assert_checksums_by("nic", got)
    assert_kernel_agrees(got, before, kernel_counted())


OFFER = """
import fcntl, struct
tun = open("/dev/net/tun", "r+b", buffering=0)
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, TUN_F_CSUM, TUN_F_TSO4 = 2, 0x1000, 0x4000, 1, 2
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tap0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
fcntl.ioctl(tun, 0x400454d0, TUN_F_CSUM | TUN_F_TSO4)
"""


def test_frames_are_complete(site, tap, tmp_path):
    """Whatever a program before us offered to do for the kernel on this TAP."""
    netns.sh(*netns.in_far("python3", "-c", OFFER))
    got = run(tap, ["fetch", site.url], tmp_path / "page.pcapng").check()
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)


def test_curl_gets_every_file(tap, tmp_path):
    bodies = page.make(tmp_path / "www", seed=3)
    with program.serving(tap, ["serve", str(tmp_path / "www")], tmp_path / "serve.pcapng",
                         under=UNDER) as ended:
        for name, body in bodies.items():
            got = subprocess.run(netns.in_far("curl", "-sS", "--max-time", "30",
                                              f"http://{OURS}/{name}"), check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert got.stdout == body, got.stderr
    judge.assert_good(ended[0].pcap, at_least=100)


def test_made_if_there_is_none(tap, tmp_path):  # pylint: disable=unused-argument
    with program.serving(["--wire", "tap:made0", *NET[:2], "--addr", "10.79.0.2/24"],
                         ["serve", str(tmp_path)], under=UNDER):
        assert ",UP" in ip("link", "show", "made0")
        ip("addr", "add", "10.79.0.1/24", "dev", "made0")
        netns.sh(*netns.in_far("ping", "-n", "-q", "-c", "3", "-i", "0.1", "10.79.0.2"))
    assert "made0" not in ip("link")


# ------------------------------------------------------------------- what goes wrong

PING = ["ping", "-c", "1", KERNEL]


def refused(name, code=program.MISSING, under=UNDER):
    return run(["--wire", f"tap:{name}", *NET], PING, under=under).check(code).one_line()


def test_busy(tap, tmp_path):
    with program.serving(tap, ["serve", str(tmp_path)], under=UNDER):
        assert "busy" in refused(TAP)


def test_down(tap):  # pylint: disable=unused-argument
    ip("tuntap", "add", "down0", "mode", "tap")
    assert "ip link set down0 up" in refused("down0")


def test_no_tap(tap):  # pylint: disable=unused-argument
    assert "is no TAP" in refused(netns.FAR_IF)


def test_no_right_to_make_one(tap):  # pylint: disable=unused-argument
    none = (*netns.in_far("setpriv", "--bounding-set=-net_admin", "--inh-caps=-all"),
            program.NOINET)
    assert "no such TAP" in refused("absent0", under=none)


def test_no_device(tap):  # pylint: disable=unused-argument
    hidden = (*netns.in_far("unshare", "-m", "sh", "-c",
                            'mount -t tmpfs none /dev/net && exec "$@"', "sh"), program.NOINET)
    assert "modprobe tun" in refused(TAP, under=hidden)


@pytest.mark.parametrize("name", ["", "sixteen-letters-", "tap%d", "a/b"])
def test_impossible_name(tap, name):  # pylint: disable=unused-argument
    assert "--wire wants" in refused(name, program.USAGE)
