# SPDX-License-Identifier: Apache-2.0
"""make run: a page of a real nginx, its name from a real NSD, through the Verilated NIC.

Without root where the kernel gives namespaces (netns.py): there lanyard runs under noinet, which
kills it if it asks the kernel for an Internet socket, so what arrives came through the RTL.
Elsewhere, or with LANYARD_NO_NETNS=1, it says why, the same servers listen on free ports of the
loopback, and the wire is user-mode NAT, which needs such sockets itself. Everything written lies in
build/run.

Exit: 0 when every object is there and equal to what was served; 3 when a server is missing; else
lanyard's own code, or 1.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import netns
import page
import servers

ROOT = Path(__file__).resolve().parents[2]
# Only tests of this set them: another folder, and a slow server.
OUT = Path(os.environ.get("LY_RUN_OUT", "build/run"))
RATE = os.environ.get("LY_RUN_RATE", "0")
NOINET, LANYARD = "build/bin/noinet", "build/bin/lanyard"
CAPTURE = ["--stats", "--pcap", str(OUT / "page.pcapng")]
FETCH = ["fetch", "-o", str(OUT / "page")]


def say(text):
    print(f"run: {text}", flush=True)


def fetch(under, options, url):
    """Run lanyard, its command line shown. under: what starts it. Returns its exit code."""
    argv = [*under, LANYARD, *options, *CAPTURE, *FETCH, url]
    say(" ".join(argv))
    child = subprocess.Popen(netns.TIED + argv)
    try:
        return child.wait()
    except KeyboardInterrupt:
        # It had the same Ctrl-C from the terminal; let it close its capture.
        child.wait(4)
        return 130


def compare(served):
    """Hold what was saved against what was served. Returns the number of differences."""
    wrong = 0
    for name, body in served.items():
        path = OUT / "page" / name
        saved = path.read_bytes() if path.exists() else None
        verdict = "missing" if saved is None else "equal" if saved == body else "DIFFERENT"
        wrong += verdict != "equal"
        say(f"{len(body):8} bytes  {verdict:9}  {path}")
    return wrong


def far_end():
    """Inside the namespaces: servers, fetch, comparison."""
    netns.build()
    pages = ROOT / OUT / "served"
    served = page.make(pages)
    with servers.nginx(pages, rate=RATE), servers.nsd():
        say(f"nginx and NSD serve {servers.NAME} at {netns.FAR_ADDR}, behind {netns.NEAR_IF}")
        code = fetch([NOINET], ["--wire", f"packet:{netns.NEAR_IF}",
                                "--addr", f"{netns.NEAR_ADDR}/{netns.PREFIX_LEN}",
                                "--gw", netns.FAR_ADDR, "--dns", netns.FAR_ADDR],
                     f"http://{servers.NAME}/")
    return code or bool(compare(served))


@contextlib.contextmanager
def on_loopback(start, what, *args, **kwargs):
    """A server on a free port, which is yielded. Somebody may take a port before it does."""
    for last in (False, False, True):
        port = servers.free_port()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(start(*args, work=ROOT / OUT / what, port=port, **kwargs))
            except RuntimeError:
                if last:
                    raise
                continue
            yield port
            return


def near_end(reason):
    """No namespaces: the servers are on this machine's loopback, which is 10.0.2.2 on the wire."""
    say(f"no namespaces on this machine: {reason}")
    pages = ROOT / OUT / "served"
    served = page.make(pages)
    # Relative, so that it is short wherever this tree lies: a socket's name has 108 bytes.
    os.environ["LANYARD_RUN_DIR"] = os.path.relpath(OUT / "s")
    (OUT / "s").mkdir(mode=0o700)
    with on_loopback(servers.nginx, "nginx", pages, rate=RATE) as http, \
            on_loopback(servers.nsd, "nsd") as dns:
        say(f"so nginx and NSD serve {servers.NAME} on ports {http} and {dns} of the loopback, "
            "behind user-mode NAT")
        code = fetch([], ["--wire", "slirp", "--dns", f"{servers.SLIRP_HOST}:{dns}"],
                     f"http://{servers.NAME}:{http}/")
    return code or bool(compare(served))


def end(_signum, _frame):
    """SIGTERM ends what was started, in order."""
    raise SystemExit(128 + signal.SIGTERM)


def near():
    """Outside of namespaces, where it begins: into them, or without."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    asked = os.environ.get("LANYARD_NO_NETNS") == "1"
    reason = "LANYARD_NO_NETNS=1" if asked else netns.refusal()
    signal.signal(signal.SIGTERM, end)
    code = near_end(reason) if reason else netns.run_inside([sys.executable, __file__])
    if code == 0:
        say(f"capture with FCS: {OUT}/page.pcapng (Wireshark, tshark)")
    return code


def main():
    os.chdir(ROOT)
    try:
        return far_end() if netns.inside() else near()
    except FileNotFoundError as missing:
        say(missing)
        return 3
    except RuntimeError as refused:     # a server, or a command of the topology
        say(refused)
        return 1


if __name__ == "__main__":
    sys.exit(main())
