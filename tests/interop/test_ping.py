# SPDX-License-Identifier: Apache-2.0
"""ICMP echo both ways between lanyard and the kernel."""
import re
import subprocess

import judge
import netns
import program
import pytest

SIZES = [0, 1, 17, 56, 1472]
# In 2, 3 and 45 fragments; 1480 is the least that a header of 8 makes too long.
CUT = [1473, 4000, 65507]


def fragments_of(size):
    """Of an echo of so many bytes: an ICMP header more, 1480 bytes in each."""
    return -(-(8 + size) // 1480)


@pytest.mark.parametrize("size", SIZES)
def test_lanyard_pings_the_kernel(far, tmp_path, size):
    """Clause: RFC 792 Echo or Echo Reply Message"""
    got = program.run(far, ["ping", "-c", "200", "-i", "0.01", "-s", str(size), netns.FAR_ADDR],
                      tmp_path / "ping.pcapng").check()
    total = got.events[-1]
    assert (total["sent"], total["received"], total["duplicates"]) == (200, 200, 0)
    judge.assert_good(got.pcap, at_least=400)
    program.assert_no_errors(got)
    program.assert_balance(got)
    program.assert_checksums_by("nic", got)


@pytest.mark.parametrize("offload", ["all", "none"])
@pytest.mark.parametrize("size", CUT)
def test_fragments_to_the_kernel(far, tmp_path, size, offload):
    """
    Clause: RFC 791 3.2
    """
    # One at a time: a model that is slower than its wire has no room for more.
    got = program.run([*far, "--offload", offload], ["ping", "-c", "20", "-i", "0", "-s",
                                                     str(size), netns.FAR_ADDR],
                      tmp_path / "ping.pcapng").check()
    total, frames = got.events[-1], fragments_of(size)
    assert (total["sent"], total["received"], total["duplicates"]) == (20, 20, 0)
    judge.assert_good(got.pcap, at_least=20 * 2 * frames)
    program.assert_no_errors(got)
    program.assert_balance(got)
    assert got.stats["stack.ip4_frag_tx"] == got.stats["stack.ip4_frag_joined"] == 20 * frames
    # No device can sum what is in many frames.
    assert got.stats["nic.tx_csum_inserted"] == 0
    assert got.stats["stack.csum_tx_computed"] == got.stats["stack.csum_rx_verified"] == 20


def test_the_stack_checks_alone(far, tmp_path):
    got = program.run([*far, "--offload", "none"], ["ping", "-c", "20", "-i", "0.01",
                                                    netns.FAR_ADDR], tmp_path / "p.pcapng").check()
    program.assert_checksums_by("stack", got)
    judge.assert_good(got.pcap, at_least=40)


def test_nobody_there(far):
    got = program.run(far, ["ping", "-c", "2", "-i", "0.1", "-W", "1", "10.77.0.9"])
    assert got.code in (program.FAILED, program.TIMEOUT)
    got.one_line()


@pytest.mark.parametrize("size", CUT)
def test_fragments_from_the_kernel(far, tmp_path, size):
    """
    Clause: RFC 791 3.2, RFC 1122 3.3.2
    """
    with program.serving(far, ["serve", str(tmp_path)], tmp_path / "echo.pcapng") as ended:
        done = subprocess.run(netns.in_far("ping", "-n", "-q", "-c", "20", "-A", "-s", str(size),
                                           netns.NEAR_ADDR), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert re.search(r"20 packets transmitted, 20 received, 0% packet loss", done.stdout), \
        done.stdout
    judge.assert_good(ended[0].pcap, at_least=20 * 2 * fragments_of(size))
    program.assert_balance(ended[0])
    assert ended[0].stats["stack.ip4_reassembled"] == 20


@pytest.mark.parametrize("size", SIZES)
def test_the_kernel_pings_lanyard(far, tmp_path, size):
    """Clause: RFC 792 Echo or Echo Reply Message, RFC 1122 3.2.2.6"""
    with program.serving(far, ["serve", str(tmp_path)], tmp_path / "echo.pcapng") as ended:
        done = subprocess.run(netns.in_far("ping", "-n", "-q", "-c", "100", "-i", "0.01", "-s",
                                           str(size), netns.NEAR_ADDR), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert re.search(r"100 packets transmitted, 100 received, 0% packet loss", done.stdout), \
        done.stdout
    assert "duplicates" not in done.stdout
    judge.assert_good(ended[0].pcap, at_least=200)
