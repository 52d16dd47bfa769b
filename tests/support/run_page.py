# SPDX-License-Identifier: Apache-2.0
"""make run: a page of a real nginx, its name from a real NSD, through the Verilated NIC.

Without root where the kernel gives namespaces (netns.py); elsewhere it says why not and fetches
the page of the compiled-in peer. lanyard runs under noinet, which kills it if it asks the kernel
for an Internet socket: what arrives came through the RTL. Everything written lies in build/run.

Exit: 0 when every object is there and equal to what was served; else lanyard's own code, or 1.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import netns
import page
import servers

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("LY_RUN_OUT", "build/run"))     # elsewhere only for tests of this
LANYARD = ["build/bin/noinet", "build/bin/lanyard"]
CAPTURE = ["--stats", "--pcap", str(OUT / "page.pcapng")]
FETCH = ["fetch", "-o", str(OUT / "page")]


def say(text):
    print(f"run: {text}", flush=True)


def fetch(options, url):
    """Run lanyard, its command line shown. Returns its exit code."""
    argv = LANYARD + options + CAPTURE + FETCH + [url]
    say(" ".join(argv))
    child = subprocess.Popen(argv)
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
    with servers.nginx(pages), servers.nsd():
        say(f"nginx and NSD serve {servers.NAME} at {netns.FAR_ADDR}, behind {netns.NEAR_IF}")
        code = fetch(["--wire", f"packet:{netns.NEAR_IF}",
                      "--addr", f"{netns.NEAR_ADDR}/{netns.PREFIX_LEN}",
                      "--gw", netns.FAR_ADDR, "--dns", netns.FAR_ADDR], f"http://{servers.NAME}/")
    return code or bool(compare(served))


def near_only(reason):
    """No namespaces here: the peer is another Verilated NIC in the same process."""
    say(f"no namespaces on this machine: {reason}")
    say("so the page comes from lanyard's own peer, not from nginx")
    # Not in build/: the path of a UNIX socket is short.
    with tempfile.TemporaryDirectory(prefix="lanyard-") as sockets:
        os.environ["LANYARD_RUN_DIR"] = sockets
        return fetch(["--wire", "peer"], "http://peer/")


def main():
    os.chdir(ROOT)
    if netns.inside():
        return far_end()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    reason = netns.refusal()
    if reason is None:
        code = netns.run_inside([sys.executable, __file__])
    else:
        code = near_only(reason)
    if code == 0:
        say(f"capture with FCS: {OUT}/page.pcapng (Wireshark, tshark)")
    return code


if __name__ == "__main__":
    sys.exit(main())
