# SPDX-License-Identifier: Apache-2.0
"""Looks at a running lanyard: by its commands, and as a client of the control socket."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import program

NAME = re.compile(r"(\d+)-[0-9a-f]{8}")     # of a control socket; libcurl's have a suffix
PATIENCE_S = 60     # far above what anything takes: only a hang meets it


def ask(*argv, env=None):
    """lanyard ARGV, to its end."""
    return subprocess.run([program.LANYARD, *argv], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                          check=False, env={**os.environ, **(env or {})})


def rows(*argv):
    """The JSON lines of a command that must succeed."""
    got = ask(*argv, "--json")
    assert (got.returncode, got.stderr) == (0, ""), (argv, got)
    return [json.loads(line) for line in got.stdout.splitlines()]


def stats(*argv):
    return rows("stats", *argv)[0]


def until(found):
    """The first true value of found(); asked again until then."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        got = found()
        if got:
            return got
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def sockets(folder=None):
    """Control sockets in the run folder, by process."""
    folder = folder or os.environ["LANYARD_RUN_DIR"]
    names = filter(NAME.fullmatch, os.listdir(folder))
    return {int(name.split("-")[0]): os.path.join(folder, name) for name in names}


@contextlib.contextmanager
def connection(path):
    """A client of a control socket; the folder may be deeper than an address can tell."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
            yield client
    finally:
        os.close(folder)


def talk(path, line):
    """One question to a control socket. Returns (code, text); None if nothing was said."""
    said = b""
    with connection(path) as client:
        with contextlib.suppress(BrokenPipeError):      # refused before it has asked
            client.sendall(line)
        with contextlib.suppress(ConnectionResetError):
            while more := client.recv(65536):
                said += more
    if not said:
        return None
    head, _, body = said.partition(b"\n")
    code, length = map(int, head.split())
    assert len(body) == length
    return code, body.decode()


@contextlib.contextmanager
def running(options, command, under=(program.NOINET,), env=None):
    """lanyard in the background from when it can be looked at; yields the Popen."""
    child = subprocess.Popen([*under, program.LANYARD, *options, *command], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
    folder = (env or {}).get("LANYARD_RUN_DIR")
    try:
        until(lambda: child.pid in sockets(folder) or child.poll() is not None)
        assert child.poll() is None, child.communicate()
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        with contextlib.suppress(ValueError):       # the test has read it all already
            try:
                child.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
