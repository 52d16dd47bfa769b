# SPDX-License-Identifier: Apache-2.0
"""An address by DHCP: from dnsmasq, from a server of ours that misbehaves, from nobody."""
import concurrent.futures
import sys

import judge
import netns
import program
import pytest
import servers

WIRE = ["--wire", f"packet:{netns.NEAR_IF}", "--mac", program.MAC]
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = "1234567"

# Another host that has 10.77.0.100: it answers ARP, and nothing else.
SQUATTER = """import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
s.bind(("{ifname}", 0x0806))
mine, mac = bytes([10, 77, 0, 100]), bytes([2, 0, 0, 0, 0x77, 0x99])
print("ready", flush=True)
while True:
    f = s.recv(64)
    if f[20:22] == b"\\0\\1" and f[38:42] == mine:
        s.send(f[6:12] + mac + f[12:20] + b"\\0\\2" + mac + mine + f[22:32])
"""

# Offers to every client whose MAC does not end in 1; the one that ends in 3 is then refused.
LIAR = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"{ifname}")
s.bind(("", 67))
addr = socket.inet_aton("{addr}")
while True:
    q = s.recv(1500)
    kind, last = q[242], q[33]
    reply = {{1: 2, 3: 6 if last == 3 else 0}}[kind]
    if last == 1 or not reply:
        continue
    head = b"\\2" + q[1:12] + bytes(4) + bytes([10, 77, 0, 99]) + bytes(8) + q[28:240]
    options = bytes([53, 1, reply, 54, 4]) + addr + bytes([51, 4, 0, 0, 0, 60, 255])
    s.sendto(head + options, ("255.255.255.255", 68))
"""


def far_script(text, log):
    argv = netns.in_far(sys.executable, "-c",
                        text.format(ifname=netns.FAR_IF, addr=netns.FAR_ADDR))
    return netns.running(argv, log, lambda: log.read_text() or netns.far_listens("u", 67))


def said(pcap):
    """Types of the DHCP messages in the capture, those of tshark's reading."""
    return [f["dhcp.option.dhcp"] for f in judge.rows(pcap, "dhcp.option.dhcp", filter_="dhcp")]


@pytest.fixture(name="pool")
def _pool(far):  # pylint: disable=unused-argument
    with servers.dnsmasq() as work:
        yield work


def test_page(site, pool, tmp_path):
    """No address is given: that is the default on this wire. All else comes with the lease.

    Clause: RFC 2131 3.1, RFC 2132 3.5, RFC 2132 3.8
    """
    got = program.run(WIRE, ["fetch", "-o", str(tmp_path / "page"), site.url],
                      tmp_path / "dhcp.pcapng").check()
    (bound,) = got.told("dhcp_bound")
    assert (tmp_path / "page/index.html").read_bytes() == (site.folder / "index.html").read_bytes()
    log = (pool / "log").read_text()
    assert f"DHCPACK({netns.FAR_IF}) {bound['addr']} {program.MAC}" in log
    assert f"DHCPRELEASE({netns.FAR_IF}) {bound['addr']} {program.MAC}" in log
    assert program.MAC not in (pool / "leases").read_text()     # it was given back
    assert said(got.pcap) == [DISCOVER, OFFER, REQUEST, ACK, RELEASE]
    judge.assert_good(got.pcap, at_least=100)
    program.assert_balance(got)
    program.assert_no_errors(got)
    # What tshark has to say about our messages: nothing.
    notes = judge.rows(got.pcap, "_ws.expert.message", filter_=f"dhcp && eth.src == {program.MAC}")
    assert [n["_ws.expert.message"] for n in notes] == [""] * 3


@pytest.mark.parametrize("offload,who", [("all", "nic"), ("none", "stack")])
def test_lease_while_it_lasts(pool, tmp_path, offload, who):
    """It stands in the server's file, under our identifier, as long as it is held."""
    argv = [*WIRE, "--offload", offload]
    with program.serving(argv, ["serve", str(tmp_path)], tmp_path / "serve.pcapng") as result:
        lease = (pool / "leases").read_text().split()
        assert lease[1] == program.MAC and lease[4] == f"01:{program.MAC}"
        assert lease[2].startswith("10.77.0.")
    got = result[0]
    assert program.MAC not in (pool / "leases").read_text()
    assert said(got.pcap)[-1] == RELEASE
    assert got.events[0]["url"] == f"http://{lease[2]}:80/"
    program.assert_checksums_by(who, got)


def test_renew(far, tmp_path):  # pylint: disable=unused-argument
    """T1 after three seconds, as short as dnsmasq takes it: it is asked by unicast and gives more
    time; no echo is lost.

    Clause: RFC 2131 4.4.5
    """
    with servers.dnsmasq("dhcp-option=option:T1,3", "dhcp-option=option:T2,100") as work:
        got = program.run(WIRE, ["ping", "-c", "8", netns.FAR_ADDR], tmp_path / "renew.pcapng")
        log = (work / "log").read_text()
    got.check()
    assert got.stats["stack.dhcp_acks"] >= 3
    assert got.stats["stack.icmp4_rx"] == 8
    assert log.count("DHCPACK(") == got.stats["stack.dhcp_acks"]
    rows = judge.rows(got.pcap, "ip.src", "ip.dst", "dhcp.ip.client", "dhcp.option.dhcp",
                      filter_=f"dhcp && eth.src == {program.MAC}")
    renewals = [r for r in rows if r["dhcp.option.dhcp"] == REQUEST][1:]
    for r in renewals:
        assert r["ip.dst"] == netns.FAR_ADDR and r["ip.src"] == r["dhcp.ip.client"]
    judge.assert_good(got.pcap, at_least=16)
    program.assert_balance(got)


def test_conflict(far, tmp_path):  # pylint: disable=unused-argument
    """Another host has the address: it is declined, and the server gives another one.

    Clause: RFC 2131 3.1.5, RFC 5227 2.1.1
    """
    with servers.dnsmasq(f"dhcp-host={program.MAC},10.77.0.100") as work, \
            far_script(SQUATTER, tmp_path / "squatter.log"):
        got = program.run(WIRE, ["ping", "-c", "1", netns.FAR_ADDR], tmp_path / "decline.pcapng")
        log = (work / "log").read_text()
    got.check()
    assert f"DHCPDECLINE({netns.FAR_IF}) 10.77.0.100" in log
    assert said(got.pcap) == [DISCOVER, OFFER, REQUEST, ACK, DECLINE,
                              DISCOVER, OFFER, REQUEST, ACK, RELEASE]
    assert got.stats["stack.dhcp_declines"] == 1
    judge.assert_good(got.pcap, at_least=12)


def test_no_lease(far, tmp_path):  # pylint: disable=unused-argument
    """Three clients at once: nobody hears the first, the others get no further than an offer."""
    wanted = {1: "no server offered", 2: "did not confirm it (no ACK)", 3: "refused it (NAK)"}

    def ask(last):
        options = [*WIRE[:2], "--mac", f"02:00:00:00:77:0{last}"]
        return program.run(options, ["ping", "-c", "1", netns.FAR_ADDR])

    with far_script(LIAR, tmp_path / "liar.log"), \
            concurrent.futures.ThreadPoolExecutor() as threads:
        for last, got in zip(wanted, threads.map(ask, wanted)):
            assert wanted[last] in got.check(program.TIMEOUT).one_line()
            assert 30 <= got.seconds < 60


@pytest.mark.parametrize("options", [["--wire", "peer", "--addr", "dhcp"],
                                     [*WIRE, "--gw", netns.FAR_ADDR]])
def test_refused(far, options):  # pylint: disable=unused-argument
    program.run(options, ["ping", netns.FAR_ADDR]).check(program.USAGE).one_line()
