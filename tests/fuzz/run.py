#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the harnesses of this folder, all or those that are named (dns, net, ...).

    run.py --replay TREE [NAME ...]     every file of corpus/ once, by the programs of that tree
                                        (build/asan, build/clang): gcc will do, no libFuzzer
    run.py --runs [NAME ...]            a fixed number of inputs from a fixed seed (make check)
    run.py --seconds S [NAME ...]       S seconds of CPU time each, going on from where the last
                                        run was: a busy machine makes it longer, not shallower

A find lies in build/fuzz/found/NAME/; the command that replays it is printed. Last line:
N passed, N failed. Exit: 0 nothing found, 1 something, 2 no such harness.
"""
import argparse
import math
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("tests/fuzz")
OUT = Path("build/fuzz")
# Inputs of one run of --runs, about 2 s each. Those of a whole stack take longer.
RUNS = {"httpd": 400, "net": 4000, "dns_tcp": 600, "tcp_conn": 1500, "html": 15000, "rec": 15000,
        "pcap_in": 12000, "tape": 30000, "link_fault": 1500}
RUNS_ELSE = 50000
# What no input may take or need, sanitizers included, on a busy machine.
LIMITS = ["-timeout=60", "-rss_limit_mb=2048", "-max_len=2048", "-len_control=0"]
# The shortest slice of --seconds.
SLICE_S = 5
# libFuzzer's last lines, one of each slice.
DONE = re.compile(r"^#(\d+)\s+DONE", re.M)


def harnesses(names):
    known = sorted(p.stem.removeprefix("fuzz_") for p in (ROOT / HERE).glob("fuzz_*.c"))
    unknown = [n for n in names if n not in known]
    if unknown:
        print(f"fuzz: no harness {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        sys.exit(2)
    return [n for n in known if not names or n in names]


def run(argv):
    """Returns (exit code, output)."""
    done = subprocess.run([str(a) for a in argv], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          encoding="utf-8", errors="replace")
    return done.returncode, done.stdout


def tail(output):
    print("\n".join(f"      | {line}" for line in output.splitlines()[-40:]), flush=True)


def replay(tree, name):
    """Returns (passed, failed) files."""
    program = Path(tree) / "tests/fuzz" / f"fuzz_{name}"
    files = sorted((ROOT / HERE / "corpus" / name).iterdir())
    left = [f.relative_to(ROOT) for f in files]
    failed = 0
    while left:
        code, out = run([program, *left])
        if code == 0:
            break
        # The last file that it named is the one that ended it; those behind it come next.
        at = max(out.count("\nreplay ") + out.startswith("replay ") - 1, 0)
        failed += 1
        print(f"FAILED  {program} {left[at]}")
        tail(out)
        left = left[at + 1:]
    if not files:
        print(f"FAILED  {HERE}/corpus/{name} is empty")
    print(f"{'FAILED' if failed else 'ok':7} {name:12} {len(files)} files", flush=True)
    return len(files) - failed, failed + (not files)


def cpu_seconds():
    """What all children that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fuzz(name, how, fresh):
    """Returns True if nothing was found. @fresh: forget what earlier runs learnt."""
    program = OUT / "tests/fuzz" / f"fuzz_{name}"
    learnt, found = OUT / "learnt" / name, OUT / "found" / name
    if fresh:
        learnt = OUT / "fresh" / name
        shutil.rmtree(ROOT / learnt, ignore_errors=True)
    for folder in (learnt, found):
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    before = set((ROOT / found).iterdir())
    start = cpu_seconds()
    code, out = run([program, *LIMITS, *how, f"-artifact_prefix={found}/", learnt,
                     HERE / "corpus" / name])
    runs = sum(int(n) for n in DONE.findall(out))
    print(f"{'FAILED' if code else 'ok':7} {name:12} {runs or '-':>9} inputs"
          f"  {cpu_seconds() - start:.0f} s", flush=True)
    if code:
        tail(out)
        for new in sorted(set((ROOT / found).iterdir()) - before):
            print(f"replay it: build/asan/tests/fuzz/fuzz_{name} {new.relative_to(ROOT)}")
    return code == 0


def fuzz_for(name, seconds):
    """Slices, since libFuzzer measures the time that passes: as many as it takes. The last ones
    are short; at least SLICE_S, so that they are not all start-up."""
    start = cpu_seconds()
    while (left := seconds - (cpu_seconds() - start)) > 0:
        if not fuzz(name, [f"-max_total_time={max(math.ceil(left), SLICE_S)}"], False):
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--replay", metavar="TREE")
    how.add_argument("--runs", action="store_true")
    how.add_argument("--seconds", type=int, metavar="S")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    passed = failed = 0
    for name in harnesses(args.names):
        if args.replay:
            good, bad = replay(args.replay, name)
        elif args.runs:
            good = fuzz(name, ["-seed=1", f"-runs={RUNS.get(name, RUNS_ELSE)}"], True)
            bad = not good
        else:
            good = fuzz_for(name, args.seconds)
            bad = not good
        passed += good
        failed += bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
