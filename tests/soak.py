#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make soak: what takes too long for `make check`, run by hand.

    soak.py [--only LIST]

All planted faults, all proofs, each fuzzer for SOAK_MINUTES (default: 20), every Nth failure, the
long run up to an hour of simulated time, `--fault` with 200 seeds. Below 20 minutes all but the
first two shrink in proportion. The result is written into tests/README.md, between its marks, with
what was really run; not if it was interrupted or --only left something out. Exit as tests/run.py.
"""
import argparse
import datetime
import fnmatch
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import run  # noqa: E402  (found through the line above)

README = run.ROOT / "tests/README.md"
BEGIN = "<!-- last soak: written by tests/soak.py -->"
END = "<!-- end of the last soak -->"
FULL_MINUTES = 20


def command(name, argv, limit_s, env=None):
    return run.Job(name, [run.VENV_PYTHON, *argv], run.read_total, env or {}, limit_s=limit_s)


def make_jobs(minutes):
    """The longest first, so that two of them run side by side to the end."""
    share = min(minutes / FULL_MINUTES, 1)
    hour = 3600
    long_run = run.Job("cosim/test_long", ["build/tests/cosim/test_long"], run.read_cmocka,
                       {"LY_LONG_S": f"{hour * share:.0f}",
                        "LY_LONG_FRAMES": f"{2000000 * share:.0f}"}, limit_s=8 * hour)
    nth = ["--all"] if share == 1 else ["--sample", str(max(10, int(800 * share)))]
    faults = run.pytest_job("cosim/test_faults", "tests/cosim/test_faults.py",
                            {"LY_TREE": run.TREES["main"],
                             "LY_FAULT_SEEDS": str(max(1, int(200 * share)))})
    faults.limit_s = 4 * hour
    seconds = max(1, int(60 * minutes))
    names = sorted(p.stem.removeprefix("fuzz_") for p in run.ROOT.glob("tests/fuzz/fuzz_*.c"))
    return [long_run, command("nth", ["tests/nth/run.py", *nth], 8 * hour, {"LY_JOBS": "1"}),
            command("mutants", ["tests/mutants.py", "--all"], 4 * hour),
            command("formal", ["tests/formal/run.py"], 2 * hour), faults,
            *[command(f"fuzz/{n}", ["tests/fuzz/run.py", "--seconds", str(seconds), n],
                      seconds + hour) for n in names]]


def commit():
    """Which tree it was, "" where that cannot be told."""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                              text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f", commit {done.stdout.strip()}"


def result(jobs, minutes, seconds):
    """What README says, between the marks."""
    total = {v: sum(j.count(v) for j in jobs) for v in (run.PASSED, run.FAILED)}
    today = datetime.date.today().isoformat()
    lines = [f"{today}{commit()}, {minutes:g} min for each fuzzer, {seconds / 60:.0f} min in all: "
             f"{total[run.PASSED]} passed, {total[run.FAILED]} failed.", "",
             "| job | passed | failed | time |", "|---|---|---|---|"]
    lines += [f"| {j.name} | {j.count(run.PASSED)} | {j.count(run.FAILED)} | {j.seconds:.0f} s |"
              for j in jobs]
    return "\n".join(lines)


def write(text):
    old = README.read_text(encoding="utf-8")
    head, rest = old.split(BEGIN)
    README.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=lambda s: s.split(","), help="job names or patterns")
    args = parser.parse_args()
    minutes = float(os.environ.get("SOAK_MINUTES") or FULL_MINUTES)
    os.chdir(run.ROOT)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(run.ROOT / "build/pycache"))
    jobs = make_jobs(minutes)
    if args.only:
        jobs = [j for j in jobs if any(fnmatch.fnmatch(j.name, p) or j.name.split("/")[0] == p
                                       for p in args.only)]
    start = time.monotonic()
    code = run.execute(jobs)
    if code in (0, 1) and not args.only:
        write(result(jobs, minutes, time.monotonic() - start))
    return code


if __name__ == "__main__":
    sys.exit(main())
