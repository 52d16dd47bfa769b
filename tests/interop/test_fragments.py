# SPDX-License-Identifier: Apache-2.0
"""Fragments as scapy makes them, judged by what the kernel does with the same ones; a router with
a smaller MTU; the errors that the kernel hears from us."""
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

import judge
import netns
import page
import program
import pytest

SENDER = Path(__file__).resolve().parents[1] / "support/fragments.py"
SEED = int(os.environ.get("LY_SEED", "1"))
ROUNDS = 120
BEYOND, BEYOND_ADDR, SMALL_MTU = "beyond", "10.78.0.2", 1000


def mac_of(ifname, prefix=()):
    return json.loads(netns.sh(*prefix, "ip", "-j", "link", "show", ifname))[0]["address"]


def verdicts(argv, *words):
    done = subprocess.run([*argv, sys.executable, str(SENDER), *map(str, words)], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def of_the_kernel(seed):
    """Sent from where lanyard stands otherwise; nobody answers ARP there."""
    far0 = mac_of(netns.FAR_IF, netns.in_far())
    neighbour = ["ip", "neigh", "replace", netns.NEAR_ADDR, "lladdr", program.MAC, "dev",
                 netns.FAR_IF, "nud"]
    netns.sh(*netns.in_far(*neighbour, "permanent"))
    try:
        return verdicts([], netns.NEAR_IF, program.MAC, far0, netns.NEAR_ADDR, netns.FAR_ADDR,
                        seed, ROUNDS)
    finally:
        netns.sh(*netns.in_far("ip", "neigh", "del", netns.NEAR_ADDR, "dev", netns.FAR_IF))


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_as_the_kernel(far, tmp_path, seed):
    """
    Clause: RFC 791 3.2
    """
    print(f"LY_SEED={seed}")
    with program.serving(far, ["serve", str(tmp_path)]) as ended:
        ours = verdicts(netns.in_far(), netns.FAR_IF, mac_of(netns.FAR_IF, netns.in_far()),
                        program.MAC, netns.FAR_ADDR, netns.NEAR_ADDR, seed, ROUNDS)
    assert ours == of_the_kernel(seed)
    told = collections.Counter(ours)
    for kind in ("plain", "duplicate", "piece"):
        assert told[f"{kind}: answered"] > 3 and not told[f"{kind}: no answer"], told
    # Answered all the same where the others were complete before.
    for kind in ("overlap", "longer", "beyond"):
        assert told[f"{kind}: no answer"] > 3, told
    assert told["missing: no answer"] > 3 and not told["missing: answered"], told
    stats = ended[0].stats
    assert stats["stack.drop_ip4_frag_duplicate"] and stats["stack.drop_ip4_frag_overlap"]
    assert stats["stack.drop_icmp4_checksum"] == 0


@pytest.fixture(name="beyond", scope="module")
def _beyond(far):
    """The far end as a router that sends on at most 1000 bytes. By its route: a link of that MTU
    would lose what comes back."""
    netns.sh("ip", "netns", "add", BEYOND)
    netns.sh("ip", "-n", netns.FAR, "link", "add", "far1", "type", "veth", "peer", "name",
             "beyond0", "netns", BEYOND)
    for where, ifname, addr in ((netns.FAR, "far1", "10.78.0.1"), (BEYOND, "beyond0", BEYOND_ADDR)):
        netns.complete_frames(ifname, ["ip", "netns", "exec", where])
        netns.sh("ip", "-n", where, "addr", "add", f"{addr}/24", "dev", ifname)
        netns.sh("ip", "-n", where, "link", "set", ifname, "up")
    netns.sh("ip", "-n", netns.FAR, "route", "add", f"{BEYOND_ADDR}/32", "dev", "far1",
             "mtu", "lock", str(SMALL_MTU))
    netns.sh("ip", "-n", BEYOND, "route", "add", "default", "via", "10.78.0.1")
    netns.sh(*netns.in_far("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"))
    return far


def test_path_mtu_of_ping(beyond, tmp_path):
    """The first is refused by the router, the others come in fragments that fit.

    Clause: RFC 1191 3
    """
    got = program.run(beyond, ["ping", "-c", "5", "-i", "0.2", "-W", "1", "-s", "1400",
                               BEYOND_ADDR], tmp_path / "ping.pcapng").check()
    assert (got.events[-1]["sent"], got.events[-1]["received"]) == (5, 4)
    assert got.stats["stack.ip4_frag_tx"] == 8
    judge.assert_good(got.pcap, at_least=2 + 1 + 4 * 3)
    refused = judge.rows(got.pcap, "icmp.mtu", filter_="icmp.type==3 && icmp.code==4")
    assert [row["icmp.mtu"] for row in refused] == [str(SMALL_MTU)]


def test_path_mtu_of_tcp(beyond, tmp_path):
    """Downloads through the router: only the first connection has segments refused.

    Clause: RFC 1191 6.4
    """
    folder = tmp_path / "www"
    bodies = page.make(folder, seed=3)
    with program.serving(beyond, ["serve", str(folder)], tmp_path / "tcp.pcapng") as ended:
        for name in ("img/large.png", "img/middle.png"):
            got = subprocess.run(["ip", "netns", "exec", BEYOND, "curl", "-sS", "--max-time", "30",
                                  f"http://{netns.NEAR_ADDR}/{name}"], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert got.returncode == 0, got.stderr
            assert got.stdout == bodies[name]
    judge.assert_good(ended[0].pcap, at_least=100)
    long = [row["tcp.stream"] for row in judge.rows(
        ended[0].pcap, "tcp.stream", filter_=f"eth.src=={program.MAC} && tcp.len>0 && "
        f"ip.len>{SMALL_MTU} && !icmp")]
    # At most what the first window let out; the second knows the path from its start.
    assert set(long) == {"0"} and len(long) <= 30, long


REFUSED = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.connect(("{addr}", 9))
s.send(bytes({size}))
try:
    s.recv(1)
except ConnectionRefusedError:
    print("refused")
"""


@pytest.mark.parametrize("size", [1, 1472, 1473, 20000, 65507])
def test_the_kernel_hears_of_closed_ports(far, tmp_path, size):
    """
    Clause: RFC 1122 4.1.3.1
    """
    with program.serving(far, ["serve", str(tmp_path)], tmp_path / "udp.pcapng") as ended:
        done = subprocess.run(netns.in_far(sys.executable, "-c", REFUSED.format(
            addr=netns.NEAR_ADDR, size=size)), check=False, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "refused\n"
    judge.assert_good(ended[0].pcap, at_least=2)
