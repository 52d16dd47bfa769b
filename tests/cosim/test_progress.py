# SPDX-License-Identifier: Apache-2.0
"""The progress line of fetch, on a terminal of a size that this test chooses."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import program
import pytest

SHARE = re.compile(r" *(\d+)%  (\S+ \S+) of (\S+ \S+)  (\d+\.\d\d) Mbit/s  (\d+)/(\d+)")


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def on_terminal(command, columns, options=(), both=False, then=None):
    """lanyard with stderr (or stdout too) on a terminal; then(child, terminal) is called when
    that shows a share. Returns (exit code, what the terminal got, stdout)."""
    leader, follower = pty.openpty()
    resize(follower, columns)
    argv = [program.LANYARD, "--wire", "peer", "--no-skip", *options, *command]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=follower,
                          stdout=follower if both else subprocess.PIPE) as child:
        os.close(follower)
        got = []

        def read():
            while True:
                try:
                    more = os.read(leader, 65536)
                except OSError:     # the last one who had it open has gone
                    return
                got.append(more)
                if then and b"%" in more:
                    then(child, leader)
        reader = threading.Thread(target=read)
        reader.start()
        out = b"" if both else child.stdout.read()
        code = child.wait(120)
        reader.join()
    os.close(leader)
    return code, b"".join(got).decode(), out.decode()


def screen(text):
    """What a terminal shows in the end: lines, each as wide as its longest writing."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part):]
        lines.append(shown.rstrip())
    return lines


def drawings(text):
    return [part.rstrip() for part in re.split("[\r\n]", text) if part.strip()]


@pytest.mark.parametrize("columns,widest", [(100, 99), (30, 29), (0, 79)])
def test_line(columns, widest):
    code, seen, out = on_terminal(["fetch", "http://peer/img/huge.png"], columns)
    assert code == program.DONE and "HTTP   200" in out
    drawn = drawings(seen)
    assert drawn and "\x1b" not in seen
    assert max(map(len, drawn)) <= widest
    assert screen(seen) == [""]                 # nothing is left of it
    shares = [m for m in map(SHARE.match, drawn) if m]
    assert shares if widest > 40 else not shares
    percents = [int(m.group(1)) for m in shares]
    assert percents == sorted(percents) and all(0 <= p <= 100 for p in percents)
    if widest > 70:
        assert all(re.search(r"\[=*>? *\]$", d) for d in drawn if SHARE.match(d))


def test_between_lines():
    """Steps and the line share a terminal: each step stands alone and whole."""
    command = ["--wire", "peer", "--no-skip", "fetch", "http://peer/img/huge.png"]
    code, seen, _ = on_terminal(command[3:], 80, both=True)
    plain = subprocess.run([program.LANYARD, *command], text=True, stdout=subprocess.PIPE,
                           check=True)
    assert code == program.DONE
    assert screen(seen) == [*plain.stdout.splitlines(), ""]
    for line in seen.split("\r\n"):
        *before, _ = line.split("\r")
        drawn = [part.rstrip() for part in before if part.strip()]
        if drawn:       # and was erased as the last thing before this line
            assert not before[-1].strip() and len(before[-1]) >= len(drawn[-1])


def test_resized():
    """It fits from its next drawing on, and takes away what it had written further out."""
    code, seen, _ = on_terminal(["fetch", "http://peer/img/huge.png"], 120,
                                then=lambda _, terminal: resize(terminal, 60))
    widths = list(map(len, drawings(seen)))
    assert code == program.DONE and max(widths) > 59 and widths[-1] <= 59
    assert screen(seen) == [""]


def test_interrupted():
    code, seen, _ = on_terminal(["fetch", "http://peer/img/huge.png"], 80,
                                then=lambda child, _: child.send_signal(signal.SIGINT))
    assert code == -signal.SIGINT
    assert drawings(seen) and screen(seen) == [""]


@pytest.mark.parametrize("options,command", [
    (["--json"], ["fetch", "http://peer/img/huge.png"]),
    ([], ["ping", "-c", "9", "-i", "0.0001", "peer"])])
def test_not_there(options, command):
    code, seen, _ = on_terminal(command, 80, options)
    assert (code, seen) == (program.DONE, "")


def test_piped():
    got = subprocess.run([program.LANYARD, "--wire", "peer", "fetch", "http://peer/"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert got.stderr == b"" and b"\r" not in got.stdout and b"\x1b" not in got.stdout


def test_errors_stand_alone():
    code, seen, _ = on_terminal(["fetch", "http://peer/none"], 80)
    assert code == program.FAILED
    assert screen(seen) == ["lanyard: http://peer/none: HTTP status 404", ""]
