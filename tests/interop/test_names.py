# SPDX-License-Identifier: Apache-2.0
"""lanyard dig against NSD, and against servers that are not there."""
import contextlib
import sys

import judge
import netns
import program
import pytest
import servers

SILENT = """import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{addr}", 5353))
time.sleep(600)
"""


# Answers each question by everything that is no answer to it, then by the right one.
FORGER = """import socket, struct
good, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
good.bind(("{addr}", 5353))
other.bind(("{addr}", 5354))
def answer(id, flags, question, last):
    rr = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 192, 0, 2, last)
    return struct.pack("!HHHHHH", id, flags, 1, 1, 0, 0) + question + rr
while True:
    q, who = good.recvfrom(512)
    id, asked = struct.unpack("!H", q[:2])[0], q[12:]
    for i in range(1, 9):
        good.sendto(answer(id ^ i, 0x8180, asked, i), who)
    good.sendto(answer(id, 0x0100, asked, 11), who)
    good.sendto(answer(id, 0x8180, bytes([asked[0], asked[1] ^ 1]) + asked[2:], 12), who)
    good.sendto(answer(id, 0x8180, asked[:-3] + bytes([28]) + asked[-2:], 13), who)
    good.sendto(answer(id, 0x8180, asked[:-1] + bytes([3]), 14), who)
    good.sendto(answer(id, 0x8180, asked, 15)[:20], who)
    other.sendto(answer(id, 0x8180, asked, 16), who)
    good.sendto(answer(id, 0x8180, asked, 17), (who[0], who[1] ^ 1))
    good.sendto(answer(id, 0x8180, asked, 99), who)
"""


def dig(far, *question, pcap=None):
    return program.run(far, ["dig", *question], pcap)


def answers(got):
    return [(rr["name"], rr["type"], rr["data"]) for rr in got.events[0]["answer"]]


@pytest.mark.parametrize("question,expected", [
    (["www.lanyard.test"], [("www.lanyard.test", "A", netns.FAR_ADDR)]),
    (["www.lanyard.test", "A"], [("www.lanyard.test", "A", netns.FAR_ADDR)]),
    (["www.lanyard.test", "AAAA"], [("www.lanyard.test", "AAAA", "fd00:77::1")]),
    (["lanyard.test", "MX"], [("lanyard.test", "MX", "10 mail.lanyard.test."),
                              ("lanyard.test", "MX", "20 backup.lanyard.test.")]),
    (["alias.lanyard.test", "CNAME"], [("alias.lanyard.test", "CNAME", "www.lanyard.test.")]),
    (["alias.lanyard.test", "A"], [("alias.lanyard.test", "CNAME", "www.lanyard.test."),
                                   ("www.lanyard.test", "A", netns.FAR_ADDR)]),
])
def test_answer(site, far, tmp_path, question, expected):  # pylint: disable=unused-argument
    """Clause: RFC 1035 3.3.1, RFC 1035 3.3.9, RFC 1035 4.2.1, RFC 3596 2.2"""
    got = dig(far, *question, pcap=tmp_path / "dig.pcapng").check()
    assert sorted(answers(got)) == sorted(expected)
    judge.assert_good(got.pcap, at_least=2)
    program.assert_balance(got)


def test_absent_name(site, far):  # pylint: disable=unused-argument
    """Clause: RFC 1035 4.1.1"""
    got = dig(far, f"absent.{servers.DOMAIN}").check(program.FAILED)
    assert "NXDOMAIN" in got.one_line()


def test_absent_type(site, far):  # pylint: disable=unused-argument
    got = dig(far, f"mail.{servers.DOMAIN}", "AAAA").check(program.FAILED)
    assert "no such record" in got.one_line()


@pytest.mark.parametrize("offload", ["all", "none"])
def test_truncated(site, far, tmp_path, offload):  # pylint: disable=unused-argument
    """More than a datagram of 512 bytes holds: the server says so, and is asked by TCP.

    Clause: RFC 1035 4.2.1, RFC 2181 9, RFC 7766 5
    """
    got = dig([*far, "--offload", offload], f"many.{servers.DOMAIN}",
              pcap=tmp_path / "many.pcapng").check()
    assert got.events[0]["tcp"]
    assert sorted(answers(got)) == sorted(
        (f"many.{servers.DOMAIN}", "A", f"192.0.2.{i}") for i in range(servers.MANY))
    assert got.stats["stack.dns_truncated"] == 1
    judge.assert_good(got.pcap, at_least=8)
    program.assert_balance(got)
    # tshark reads one whole message there, and finds the port and the id changed.
    frames = judge.rows(got.pcap, "dns.id", "dns.flags.response", "dns.count.answers",
                        "tcp.srcport", filter_="dns")
    last = frames[-1]
    assert last["dns.count.answers"] == str(servers.MANY) and last["tcp.srcport"] == "53"
    assert len({f["dns.id"] for f in frames}) == 2


def test_chain(site, far):  # pylint: disable=unused-argument
    """Within its zone the server follows.

    Clause: RFC 1034 3.6.2
    """
    got = dig(far, f"first.{servers.DOMAIN}").check()
    assert [a[2] for a in answers(got)] == ["second.lanyard.test.", "www.lanyard.test.",
                                            netns.FAR_ADDR]
    assert got.stats["stack.dns_cnames"] == 0


@pytest.fixture(name="both", scope="module")
def _both(site, far):  # pylint: disable=unused-argument
    """Two servers, each with a zone of its own; what it does not serve it refuses."""
    with servers.nsd(zone=servers.OTHER, far_port=5300):
        yield with_dns(far, f"{netns.FAR_ADDR},{netns.FAR_ADDR}:5300")


def test_chain_across_servers(both):
    """Each answer ends in a CNAME into the zone of the other server.

    Clause: RFC 1034 3.6.2, RFC 1034 5.2.2
    """
    got = dig(both, f"across.{servers.DOMAIN}").check()
    assert [a[2] for a in answers(got)] == ["there.elsewhere.test.", "www.lanyard.test.",
                                            netns.FAR_ADDR]
    assert got.stats["stack.dns_cnames"] == 2


def test_chain_that_ends_nowhere(both):
    got = dig(both, f"nowhere.{servers.DOMAIN}").check(program.FAILED)
    assert "NXDOMAIN" in got.one_line()


def test_chain_in_a_circle(both):
    got = dig(both, f"round.{servers.DOMAIN}").check(program.FAILED)
    assert "circle" in got.one_line()


@contextlib.contextmanager
def script(text):
    """A server of ours at port 5353 of the far end."""
    argv = netns.in_far(sys.executable, "-c", text.format(addr=netns.FAR_ADDR))
    with netns.running(argv, "/run/script.log", lambda: netns.far_listens("u", 5353)) as child:
        yield child


def test_forged_answers(far):
    """None of fifteen wrong answers is taken, each is counted, and the right one still counts.

    Clause: RFC 5452 9.1
    """
    with script(FORGER):
        got = dig(with_dns(far, f"{netns.FAR_ADDR}:5353"), "www.lanyard.test").check()
    assert answers(got) == [("www.lanyard.test", "A", "192.0.2.99")]
    s = got.stats
    assert s["stack.dns_ignored_id"] == 8
    assert s["stack.dns_ignored_kind"] == 1
    assert s["stack.dns_ignored_question"] == 3
    assert s["stack.dns_ignored_short"] == 1
    assert s["stack.drop_udp_no_socket"] == 2


def with_dns(far, server):
    return far[:far.index("--dns")] + ["--dns", server]


def test_silent_server(far):
    """Four tries in 10 s, then exit code 4."""
    with script(SILENT):
        got = dig(with_dns(far, f"{netns.FAR_ADDR}:5353"), "www.lanyard.test")
    got.check(program.TIMEOUT).one_line()
    assert 9 <= got.seconds <= 15


def test_closed_port(far):
    """ICMP port unreachable ends the wait at once.

    Clause: RFC 1122 4.1.3.3
    """
    got = dig(with_dns(far, f"{netns.FAR_ADDR}:5454"), "www.lanyard.test")
    assert got.code in (program.FAILED, program.TIMEOUT)
    got.one_line()
    assert got.seconds < 5


def test_second_server_answers(site, far):  # pylint: disable=unused-argument
    """The first one is dead: its port is closed."""
    both = with_dns(far, f"{netns.FAR_ADDR}:5454,{netns.FAR_ADDR}")
    got = dig(both, "www.lanyard.test").check()
    assert answers(got) == [("www.lanyard.test", "A", netns.FAR_ADDR)]


def test_absent_host(far):
    """Nobody answers ARP for the server."""
    got = dig(with_dns(far, "10.77.0.9"), "www.lanyard.test")
    assert got.code in (program.FAILED, program.TIMEOUT)
    got.one_line()
    assert got.seconds <= 15
