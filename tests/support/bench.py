# SPDX-License-Identifier: Apache-2.0
"""make bench: how fast the simulation is on this machine, with goals beside. Asserts nothing.

The model alone (lanyard bench), TCP in wall time with the kernel at the other end, and pings one
at a time. The latter two need namespaces; where there are none, it says so.
"""
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import netns
import program
import servers

ROOT = Path(__file__).resolve().parents[2]
BYTES = 8 << 20
PINGS = 5000
# One MAC address for all runs: the far end remembers it.
NEAR = ["--wire", f"packet:{netns.NEAR_IF}", "--mac", program.MAC,
        "--addr", f"{netns.NEAR_ADDR}/{netns.PREFIX_LEN}"]


def line(what, value, unit, goal):
    print(f"{what:44} {value:10.1f} {unit:8} goal {goal}", flush=True)


def receives(folder):
    """Goodput of a fetch, Mbit/s: from the request to the last byte."""
    with servers.nginx(folder):
        got = program.run(NEAR, ["fetch", f"http://{netns.FAR_ADDR}/big"]).check()
    took_ns = got.told("object")[0]["took_ns"]
    line("TCP goodput, the kernel sends", BYTES * 8e3 / took_ns, "Mbit/s", "15")


def sends(folder):
    """Goodput of a download from lanyard serve, Mbit/s, as curl saw it."""
    with program.serving(NEAR, ["serve", str(folder)]):
        done = subprocess.run(netns.in_far("curl", "-sS", "-o", "/run/sink", "-w",
                                           "%{speed_download}", f"http://{netns.NEAR_ADDR}/big"),
                              text=True, check=True, stdout=subprocess.PIPE)
    line("TCP goodput, lanyard sends", float(done.stdout) * 8e-6, "Mbit/s", "15")


def pings():
    done = subprocess.run([program.NOINET, program.LANYARD, *NEAR, "ping", "-i", "0", "-c",
                           str(PINGS), "-s", "56", netns.FAR_ADDR], text=True, check=True,
                          stdout=subprocess.PIPE)
    rate = re.search(r"^(\d+) pings per second", done.stdout, re.M)
    line("pings of 56 bytes, one at a time", float(rate.group(1)), "/s", "3000")


def far_end():
    netns.build()
    folder = Path("/run/pages")
    folder.mkdir()
    (folder / "big").write_bytes(random.Random(1).randbytes(BYTES))
    receives(folder)
    sends(folder)
    pings()
    return 0


def main():
    os.chdir(ROOT)
    if netns.inside():
        return far_end()
    code = subprocess.run([program.LANYARD, "bench"], check=False).returncode
    reason = netns.refusal()
    if reason is not None:
        print(f"no namespaces on this machine ({reason}): TCP and pings were not measured")
        return code
    return netns.run_inside([sys.executable, __file__]) or code


if __name__ == "__main__":
    sys.exit(main())
