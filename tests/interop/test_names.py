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
    got = dig(far, *question, pcap=tmp_path / "dig.pcapng").check()
    assert sorted(answers(got)) == sorted(expected)
    judge.assert_good(got.pcap, at_least=2)
    program.assert_balance(got)


def test_absent_name(site, far):  # pylint: disable=unused-argument
    got = dig(far, f"absent.{servers.DOMAIN}").check(program.FAILED)
    assert "NXDOMAIN" in got.one_line()


def test_absent_type(site, far):  # pylint: disable=unused-argument
    got = dig(far, f"mail.{servers.DOMAIN}", "AAAA").check(program.FAILED)
    assert "no such record" in got.one_line()


@contextlib.contextmanager
def silent_server():
    argv = netns.in_far(sys.executable, "-c", SILENT.format(addr=netns.FAR_ADDR))
    with netns.running(argv, "/run/silent.log", lambda: netns.far_listens("u", 5353)) as child:
        yield child


def with_dns(far, server):
    return far[:far.index("--dns")] + ["--dns", server]


def test_silent_server(far):
    """Four tries in 10 s, then exit code 4."""
    with silent_server():
        got = dig(with_dns(far, f"{netns.FAR_ADDR}:5353"), "www.lanyard.test")
    got.check(program.TIMEOUT).one_line()
    assert 9 <= got.seconds <= 15


def test_closed_port(far):
    """ICMP port unreachable ends the wait at once."""
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
