# SPDX-License-Identifier: Apache-2.0
"""Looking at a running lanyard on the peer wire: netstat, arp, route, stats, regs; whose it may
be, which one it is, and that in virtual time it changes nothing."""
import contextlib
import os
import signal
import subprocess
import tempfile
import threading

import looking
import program
import pytest

PING = ["ping", "-c", "1000000", "-i", "0.01", "peer"]
WALL = ["--wire", "peer", "--time", "wall", "--json"]
NOBODY = 65534
LOOKING = ("netstat", "arp", "route", "stats", "regs")


@pytest.fixture(name="run_dir", autouse=True)
def _run_dir(tmp_path, monkeypatch):
    """Of this test alone. Deeper than the address of a socket can tell."""
    folder = tmp_path / ("d" * 100)
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("LANYARD_RUN_DIR", str(folder))
    return folder


# ------------------------------------------------------------------ what is told

def test_a_run_in_wall_time():
    with looking.running(WALL, PING):
        icmp = looking.rows("netstat")
        assert [s["proto"] for s in icmp] == ["icmp"]
        assert looking.ask("netstat").stdout.splitlines()[1].startswith("icmp       0      0 *:")
        assert looking.rows("route") == [{"destination": "10.9.0.0", "prefix_len": 24,
                                          "gateway": ""}]
        looking.until(lambda: looking.rows("arp"))
        (neighbour,) = looking.until(
            lambda: [n for n in looking.rows("arp") if n["state"] == "reachable"])
        assert neighbour["addr"] == "10.9.0.2" and neighbour["mac"].startswith("02:")
        regs = {r["reg"]: r for r in looking.rows("regs")}
        assert regs["ID"]["value"] == 0x4C414E59 and regs["CTRL"]["access"] == "rw"
        assert regs["TIME_LO"]["value"] is None         # reading it would act
        assert looking.rows("regs", "time_lo")[0]["value"] > 0
        assert len(looking.ask("regs").stdout.splitlines()) == len(regs) == 16 + 54


def assert_monotone(before, after):
    """Counters only grow; the two are of one run."""
    assert before.keys() == after.keys()
    fell = [name for name in before if after[name] < before[name]]
    assert not fell, fell


def test_counters_only_grow():
    with looking.running([*WALL, "--stats"], PING) as child:
        seen = [looking.stats() for _ in range(5)]
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=looking.PATIENCE_S)
    assert err == ""
    end = program.Result([], 0, out, err, 0).stats
    for before, after in zip(seen, [*seen[1:], end]):
        assert_monotone(before, after)
    assert end["stack.icmp4_rx"] > 0 and end["nic.rx_frames"] > 0
    with looking.running(WALL, PING):
        text = looking.ask("stats").stdout
    assert text.startswith("counters (those that are not zero):\n") and "  nic    tx_frames" in text


def test_options_of_the_looking_commands():
    with looking.running(WALL, PING) as child:
        assert looking.ask("--json", "route").stdout.startswith("{")
        assert looking.ask("netstat", "--pid", str(child.pid)).returncode == program.DONE
        for argv in (["netstat", "x"], ["arp", "--pid"], ["arp", "--pid", "x"], ["regs", "A", "B"],
                     ["regs", "-x"], ["regs", ""], ["route", "--pid", "0"], ["regs", "NOTHING"],
                     ["regs", "x" * 40], ["regs", "a\nb"]):
            got = looking.ask(*argv)
            assert (got.returncode, got.stdout) == (program.USAGE, ""), argv
            assert got.stderr.startswith("lanyard: ") and got.stderr.count("\n") == 1


# ------------------------------------------------------------------ which one

def refusal(*argv):
    got = looking.ask(*argv)
    assert got.stdout == "" and got.stderr.count("\n") == 1
    return got.returncode, got.stderr


@pytest.mark.parametrize("command", LOOKING)
def test_none(command, run_dir):
    code, line = refusal(command)
    assert code == program.FAILED and "no lanyard runs here" in line
    run_dir.rmdir()
    code, line = refusal(command)
    assert code == program.FAILED and str(run_dir) in line
    assert not run_dir.exists()         # who looks makes nothing


def test_several():
    with looking.running(WALL, PING) as one, looking.running(WALL, PING) as two:
        for command in LOOKING:
            code, line = refusal(command)
            assert code == program.USAGE
            assert {str(one.pid), str(two.pid)} <= set(line.split())
        for child in (one, two):
            assert looking.ask("stats", "--pid", str(child.pid)).returncode == program.DONE
        code, line = refusal("netstat", "--pid", "1")
        assert code == program.FAILED and "process 1 " in line
    assert refusal("netstat")[0] == program.FAILED


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_name_goes_with_the_run(run_dir, sig):
    with looking.running(WALL, PING) as child:
        child.send_signal(sig)
        child.communicate(timeout=looking.PATIENCE_S)
    assert child.returncode == -sig
    assert os.listdir(run_dir) == []


@pytest.mark.parametrize("next_one", [["--wire", "peer", "dig", "peer"], ["netstat"]])
def test_what_kill_left_is_removed(run_dir, next_one):
    with looking.running(WALL, PING) as child:
        child.kill()
        child.communicate(timeout=looking.PATIENCE_S)
    assert len(os.listdir(run_dir)) == 1
    looking.ask(*next_one)
    assert os.listdir(run_dir) == []


# ------------------------------------------------------------------ whose

def as_nobody(path):
    """What a connection by another user gets: text, or the error's name."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        told = b"?"
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                told = str(looking.talk(path, b"netstat\n")).encode()
            except OSError as error:
                told = type(error).__name__.encode()
        os.write(writer, told)
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well")
def test_another_user():
    with tempfile.TemporaryDirectory(prefix="ly-", dir="/tmp") as folder:
        with looking.running(WALL, PING, env={"LANYARD_RUN_DIR": folder}) as child:
            path = looking.sockets(folder)[child.pid]
            assert oct(os.stat(path).st_mode & 0o7777) == "0o600"
            assert as_nobody(path) == "PermissionError"
            os.chmod(folder, 0o711)                     # the folder lets him through
            assert as_nobody(path) == "PermissionError"
            os.chmod(path, 0o666)                       # and the socket does
            assert "only the user who runs it" in as_nobody(path)
            assert looking.talk(path, b"netstat\n")[0] == program.DONE


def test_a_folder_open_to_others(run_dir):
    """It is refused, and the run goes on without a control socket."""
    run_dir.chmod(0o777)
    got = program.run(["--wire", "peer"], ["dig", "peer"]).check()
    assert "chmod 700" in got.one_line() and "control socket" in got.one_line()
    assert os.listdir(run_dir) == []
    code, line = refusal("netstat")
    assert code == program.MISSING and "chmod 700" in line
    got = program.run(["--wire", "peer"], ["fetch", "http://peer/"]).check(program.FAILED)
    assert "chmod 700" in got.err


# ------------------------------------------------------------------ virtual time

def onlooker(found, stop, idle):
    """Asks as fast as answers come, and behaves badly too, until stop; counts answers."""
    questions = [b"netstat\n", b"netstat --json\n", b"arp\n", b"route\n", b"stats --json\n",
                 b"regs\n", b"garbage\n", b"\xff" * 500]
    while not stop.is_set():
        for path in looking.sockets().values():
            with contextlib.suppress(OSError):      # it has just ended
                for question in questions:
                    told = looking.talk(path, question)
                    if told:
                        found[told[0]] = found.get(told[0], 0) + 1
                        if "10.9.0.2:80" in told[1] and "ESTABLISHED" in told[1]:
                            found["established"] = True
                looking.ask("netstat")              # knocks at libcurl's sockets as well
                if "idle" not in found:
                    found["idle"] = idle.enter_context(looking.connection(path))    # no word


def page(pcap):
    return program.run(["--wire", "peer", "--seed", "7", "--no-skip"],
                       ["fetch", "http://peer/img/huge.png"], pcap).check()


def test_looking_changes_no_byte(tmp_path):
    """In virtual time: the same capture, events and counters while others look all the time."""
    alone = page(tmp_path / "alone.pcapng")
    stop, found = threading.Event(), {}
    with contextlib.ExitStack() as idle:
        thread = threading.Thread(target=onlooker, args=(found, stop, idle))
        thread.start()
        try:
            watched = page(tmp_path / "watched.pcapng")
        finally:
            stop.set()
            thread.join()
    assert found["idle"]
    assert found[program.DONE] >= 5 and found["established"]
    assert found[program.FAILED] and found[program.USAGE]       # registers; garbage
    assert watched.pcap.read_bytes() == alone.pcap.read_bytes()
    assert watched.out == alone.out and watched.err == alone.err == ""


def test_nobody_holds_the_clock(run_dir):
    """Silent clients, as many as are served and more: the run comes to its end all the same."""
    argv = [program.LANYARD, "--wire", "peer", "fetch", "http://peer/img/huge.png"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        looking.until(lambda: looking.sockets() or child.poll() is not None)
        with contextlib.ExitStack() as idle:
            for path in list(looking.sockets().values()) * 12:
                with contextlib.suppress(OSError):      # the backlog is full
                    idle.enter_context(looking.connection(path))
            out, err = child.communicate(timeout=looking.PATIENCE_S)
    assert child.returncode == program.DONE and b"HTTP   200" in out and err == b""
    assert os.listdir(run_dir) == []
