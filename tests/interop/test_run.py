# SPDX-License-Identifier: Apache-2.0
"""make run: nothing is left, however it ends. It makes its own namespaces inside ours."""
import os
import signal
import subprocess
import sys
import time

import netns
import program
import pytest

RUN_PAGE = str(program.ROOT / "tests/support/run_page.py")


def start(out):
    """As make starts it: leader of a group, tied to its parent, not knowing that it is inside."""
    env = {k: v for k, v in os.environ.items() if k != netns.INSIDE}
    env["LY_RUN_OUT"] = str(out)
    return subprocess.Popen(netns.TIED + [sys.executable, RUN_PAGE], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=program.ROOT,
                            start_new_session=True)


def processes():
    """Command lines of all processes of these namespaces."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                found.add((int(pid), line.read().replace(b"\0", b" ").decode().strip()))
        except OSError:
            continue    # it ended meanwhile
    return {(pid, line) for pid, line in found if line and pid not in (1, os.getpid())}


def interfaces():
    return sorted(os.listdir("/sys/class/net"))


def tree():
    """Every file and folder of the checkout outside build/ and the version control."""
    seen = set()
    for top, folders, names in os.walk(program.ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".git")]
        seen |= {os.path.join(top, name) for name in folders + names}
    return seen


def wait_until_gone(before, seconds=5):
    deadline = time.monotonic() + seconds
    while processes() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    return processes() - before


def test_page_arrives(far, tmp_path):  # pylint: disable=unused-argument
    before = processes(), interfaces(), tree()
    child = start(tmp_path)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0, out
    assert out.count(" equal ") == 4
    assert f"{tmp_path}/page.pcapng" in out
    assert not wait_until_gone(before[0])
    assert (interfaces(), tree()) == before[1:]


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_ended_in_mid_transfer(far, tmp_path, how):  # pylint: disable=unused-argument
    """SIGINT as Ctrl-C does it: to the whole group. The others hit the first process alone."""
    before = processes(), interfaces(), tree()
    child = start(tmp_path)
    assert any("HTTP" in line for line in child.stdout), "the first object has come"
    number = getattr(signal, how)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)
    child.stdout.close()
    assert child.wait(10) != 0
    left = wait_until_gone(before[0])
    assert not left, left
    assert (interfaces(), tree()) == before[1:]
