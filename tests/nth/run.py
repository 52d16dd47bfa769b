#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fetch in which the Nth allocation, link call or system call fails (tests/nth/nth.c).

    run.py [--all] [--sample K] [--tree build/asan] [SPEC ...]      alloc:N gone:N busy:N call:N:V

Without --all or SPECs: a sample of each kind, the first ones and K (default: 40) spread evenly.
Each run must end by itself with a documented exit code and without a finding of ASan, UBSan or
LeakSanitizer; either all went well (code 0, every object equal, nothing on stderr but that nobody
can look at the run) or a clear line says what did not, one for each
object; and no file is there that is not whole. Last line: N passed, N failed.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build/test/nth"
URL = "http://peer/"
FIRST = 20              # of each kind: while NICs open, states change with every call
LIMIT_S = 120           # no run takes a second; a busy machine is allowed for
# What they take away stays, and nobody can be told better than by the folder itself.
LEAVES = {"unlink", "rmdir"}


class Run:
    """One run with one fault, in folders of its own."""

    def __init__(self, tree, spec):
        self.spec = spec
        self.dir = Path(tempfile.mkdtemp(dir=OUT))
        (self.dir / "run").mkdir()
        # Sockets' names are short wherever the tree lies.
        self.sockets = Path(tempfile.mkdtemp(prefix="ly-nth-"))
        env = {**os.environ, "LY_NTH_LOG": str(self.dir / "log"),
               "LANYARD_RUN_DIR": str(self.sockets), "LY_NTH": spec or ""}
        argv = [ROOT / tree / "tests/nth/lanyard", "--wire", "peer", "fetch", "-o",
                self.dir / "out", URL]
        try:
            done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                  timeout=LIMIT_S)
            self.code, self.err = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            self.code, self.err = None, ""
        self.files = {str(p.relative_to(self.dir / "out")): p.read_bytes()
                      for p in (self.dir / "out").rglob("*") if p.is_file()}
        self.left = [p.name for p in self.sockets.iterdir()]
        log = self.dir / "log"
        *self.counts, self.hit = log.read_text().split() if log.exists() else (0, 0, 0, "?")

    def clean(self):
        shutil.rmtree(self.dir)
        shutil.rmtree(self.sockets)

    def wrong(self, good):
        """What is wrong, None if nothing. @good: the run without a fault."""
        if self.code is None:
            return f"not done within {LIMIT_S} s"
        if not 0 <= self.code <= 4:
            return f"exit code {self.code}\n{self.err}"
        if re.search(r"Sanitizer|runtime error", self.err):
            return f"a finding\n{self.err}"
        # A run that nobody can look at (host/control.h) goes on and says so.
        lines = [x for x in self.err.splitlines() if not x.startswith("lanyard: no control socket")]
        if self.code == 0 and (lines or self.files != good.files):
            return f"exit code 0, but {self.err if lines else 'objects are missing or differ'}"
        told = all(line.startswith("lanyard: ") for line in lines) and len(set(lines)) == len(lines)
        if self.code and not (lines and told and len(lines) <= len(good.files)):
            return f"exit code {self.code} and not a line for each failure\n{self.err}"
        half = [f for f, data in self.files.items() if data != good.files.get(f)]
        if half and self.hit not in LEAVES:
            return f"{half[0]} is not whole"
        if self.left and self.hit not in LEAVES:
            return f"{self.left} left behind"
        return None


def specs(counts, sample):
    """The faults of a run with these counts: a sample of each kind, or all of them (None)."""
    alloc, link, call = (int(n) for n in counts)
    kinds = [[f"alloc:{n}" for n in range(1, alloc + 1)],
             [f"gone:{n}" for n in range(1, link + 1)], [f"busy:{n}" for n in range(1, link + 1)],
             [f"call:{n}:{v}" for n in range(1, call + 1) for v in range(3)]]
    if sample is None:
        return sum(kinds, [])
    return [spec for kind in kinds
            for spec in dict.fromkeys(kind[:FIRST] + [kind[i * len(kind) // sample]
                                                      for i in range(sample)])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--sample", type=int, default=40, metavar="K")
    parser.add_argument("--tree", default="build/asan")
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    good = Run(args.tree, None)
    good.clean()
    if good.code != 0 or good.err or not good.files:
        print(f"the run without a fault fails: {good.code} {good.err}\n0 passed, 1 failed")
        return 1
    print(f"{good.counts[0]} allocations, {good.counts[1]} link calls, {good.counts[2]} system"
          f" calls; {len(good.files)} objects")
    failed = 0
    chosen = args.specs or specs(good.counts, None if args.all else args.sample)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("LY_JOBS", 2))) as pool:
        for run in pool.map(lambda spec: Run(args.tree, spec), chosen):
            wrong = run.wrong(good)
            if wrong:
                failed += 1
                print(f"FAILED  {run.spec} ({run.hit}): {wrong}", flush=True)
            elif args.specs:
                print(f"ok      {run.spec} ({run.hit}): exit code {run.code} {run.err}", end="\n")
            run.clean()
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
