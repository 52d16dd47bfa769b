# SPDX-License-Identifier: Apache-2.0
"""make run: the page arrives, with namespaces and without, and nothing is left, however it ends.
It makes its own namespaces inside ours."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import judge
import netns
import program
import pytest

RUN_PAGE = str(program.ROOT / "tests/support/run_page.py")
WHERE = {"namespaces": {}, "loopback": {"LANYARD_NO_NETNS": "1"}}
SLOW = {"LY_RUN_RATE": "30k"}       # the page takes seconds, so a signal meets a transfer


def start(out, where, argv=(*netns.TIED, sys.executable, RUN_PAGE), more=()):
    """As make starts it: leader of a group, tied to its parent, not knowing that it is inside."""
    env = {k: v for k, v in os.environ.items() if k not in (netns.INSIDE, "LANYARD_NO_NETNS")}
    env |= {"LY_RUN_OUT": str(out), **WHERE[where], **dict(more)}
    return subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, cwd=program.ROOT, start_new_session=True)


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


def namespaces():
    """Those that any process is in."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("net", "mnt", "pid", "user"):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                continue    # it ended meanwhile
    return found


def interfaces():
    return sorted(os.listdir("/sys/class/net"))


def tree():
    """Every file and folder of the checkout outside build/ and the version control."""
    seen = set()
    for top, folders, names in os.walk(program.ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".git")]
        seen |= {os.path.join(top, name) for name in folders + names}
    return seen


def bury_orphans():
    """As process 1 does, which here is this one: a dead process holds its namespaces till then."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def what_is_there():
    bury_orphans()
    return {"processes": processes(), "namespaces": namespaces(), "interfaces": interfaces(),
            "files": tree()}


@pytest.fixture(name="before")
def _before(far):  # pylint: disable=unused-argument
    """What is there before the run; after the test the same is there again, within 10 s."""
    seen = what_is_there()
    yield seen
    deadline = time.monotonic() + 10
    while (now := what_is_there()) != seen and time.monotonic() < deadline:
        time.sleep(0.05)
    for kind, was in seen.items():
        assert now[kind] == was, kind


@pytest.mark.parametrize("where", WHERE)
def test_page_arrives(before, tmp_path, where):  # pylint: disable=unused-argument
    child = start(tmp_path, where)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0, out
    assert out.count(" equal ") == 4
    assert f"{tmp_path}/page.pcapng" in out
    judge.assert_good(tmp_path / "page.pcapng", at_least=100)
    if where == "loopback":
        assert "run: no namespaces on this machine: LANYARD_NO_NETNS=1\n" in out
        assert re.search(r"--wire slirp --dns 10\.0\.2\.2:\d+ .* http://www\.lanyard\.test:\d+/\n",
                         out)


def in_mid_transfer(child):
    """Wait until something has come, and more is to come."""
    assert any("HTTP" in line for line in child.stdout), "the first object has come"
    child.stdout.close()


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_ended_in_mid_transfer(before, tmp_path, how, where):  # pylint: disable=unused-argument
    """SIGINT as Ctrl-C does it: to the whole group. The others hit the first process alone."""
    child = start(tmp_path, where, more=SLOW)
    in_mid_transfer(child)
    number = getattr(signal, how)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)
    assert child.wait(10) != 0


@pytest.mark.parametrize("where", WHERE)
def test_make_is_killed(before, tmp_path, where):
    """Not the recipe but make itself, which can do nothing about it."""
    # Variables of the make above us stay, its job server does not reach here.
    flags = os.environ.get("MAKEFLAGS", "").partition("-- ")
    child = start(tmp_path, where, ["make", "run"], {
        **SLOW, "LY_DEPS_DONE": "1", "MAKEFLAGS": flags[1] + flags[2]})
    in_mid_transfer(child)
    ours = processes() - before["processes"]
    assert len(ours) >= 4 and any("nginx" in line for _, line in ours), ours
    child.kill()
    assert child.wait(10) == -signal.SIGKILL


def test_server_is_missing(before, tmp_path):  # pylint: disable=unused-argument
    """One clear line and the exit code for what is missing."""
    code = ("import runpy, servers\n"
            "def absent(name): raise FileNotFoundError(f'{name} is missing: make deps')\n"
            "servers.program = absent\n"
            "runpy.run_path('tests/support/run_page.py', run_name='__main__')\n")
    child = start(tmp_path, "loopback", [sys.executable, "-c", code],
                  {"PYTHONPATH": str(program.ROOT / "tests/support")})
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 3
    assert out.splitlines()[1:] == ["run: nginx is missing: make deps"]
