# SPDX-License-Identifier: Apache-2.0
"""ICMP echo both ways between lanyard and the kernel."""
import re
import subprocess

import judge
import netns
import program
import pytest

SIZES = [0, 1, 17, 56, 1472]


@pytest.mark.parametrize("size", SIZES)
def test_lanyard_pings_the_kernel(far, tmp_path, size):
    got = program.run(far, ["ping", "-c", "200", "-i", "0.01", "-s", str(size), netns.FAR_ADDR],
                      tmp_path / "ping.pcapng").check()
    total = got.events[-1]
    assert (total["sent"], total["received"], total["duplicates"]) == (200, 200, 0)
    judge.assert_good(got.pcap, at_least=400)
    program.assert_no_errors(got)
    program.assert_balance(got)
    program.assert_checksums_by("nic", got)


def test_the_stack_checks_alone(far, tmp_path):
    got = program.run([*far, "--offload", "none"], ["ping", "-c", "20", "-i", "0.01",
                                                    netns.FAR_ADDR], tmp_path / "p.pcapng").check()
    program.assert_checksums_by("stack", got)
    judge.assert_good(got.pcap, at_least=40)


def test_nobody_there(far):
    got = program.run(far, ["ping", "-c", "2", "-i", "0.1", "-W", "1", "10.77.0.9"])
    assert got.code in (program.FAILED, program.TIMEOUT)
    got.one_line()


@pytest.mark.parametrize("size", SIZES)
def test_the_kernel_pings_lanyard(far, tmp_path, size):
    with program.serving(far, ["serve", str(tmp_path)], tmp_path / "echo.pcapng") as ended:
        done = subprocess.run(netns.in_far("ping", "-n", "-q", "-c", "100", "-i", "0.01", "-s",
                                           str(size), netns.NEAR_ADDR), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert re.search(r"100 packets transmitted, 100 received, 0% packet loss", done.stdout), \
        done.stdout
    assert "duplicates" not in done.stdout
    judge.assert_good(ended[0].pcap, at_least=200)
