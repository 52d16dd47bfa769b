#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make soak: what takes too long for `make check`, run by hand.

    soak.py [--only LIST]

All planted faults, all proofs, all of `make area`, each fuzzer for SOAK_MINUTES of CPU time
(default: 20), every Nth failure, the long run up to an hour of simulated time, `--fault` with 200
seeds, 10 s of each overload of `test_pause_8k`, `test_hub_load` 16 times as long. Below 20 minutes
all but the first three shrink in proportion. What was never run comes first, then the oldest. As
soon as a job has ended its row in tests/README.md says so, with day and commit: a run that is
interrupted loses only what was under way, and the next one goes on with the rest. A shrunk run
writes nothing. Exit as tests/run.py.
"""
import argparse
import datetime
import fnmatch
import os
import subprocess
import sys
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
    rate = run.Job("cosim/test_line_rate", ["build/tests/cosim/test_line_rate"], run.read_cmocka,
                   {"LY_LINE_FRAMES": f"{1000000 * share:.0f}"}, limit_s=8 * hour)
    nth = ["--all"] if share == 1 else ["--sample", str(max(10, int(800 * share)))]
    ppm = run.Job("cosim/test_ppm", ["build/tests/cosim/test_ppm"], run.read_cmocka,
                  {"LY_PPM_MS": f"{max(2, int(200 * share))}"}, limit_s=2 * hour)
    pause = run.Job("cosim/test_pause_8k", ["build/tests/cosim/test_pause_8k"], run.read_cmocka,
                    {"LY_PAUSE_MS": f"{max(40, int(10000 * share))}"}, limit_s=4 * hour)
    hub = run.Job("cosim/test_hub_load", ["build/tests/cosim/test_hub_load"], run.read_cmocka,
                  {"LY_HUB_FRAMES": f"{max(100, int(4000 * share))}"}, limit_s=2 * hour)
    faults = run.pytest_job("cosim/test_faults", "tests/cosim/test_faults.py",
                            {"LY_TREE": run.TREES["main"],
                             "LY_FAULT_SEEDS": str(max(1, int(200 * share)))})
    faults.limit_s = 4 * hour
    seconds = max(1, int(60 * minutes))
    names = sorted(p.stem.removeprefix("fuzz_") for p in run.ROOT.glob("tests/fuzz/fuzz_*.c"))
    return [long_run, rate, command("nth", ["tests/nth/run.py", *nth], 8 * hour, {"LY_JOBS": "1"}),
            command("mutants", ["tests/mutants.py", "--all"], 4 * hour),
            command("formal", ["tests/formal/run.py"], 2 * hour), faults, ppm, pause, hub,
            command("area", ["rtl/top/area_rows.py", "--no-write"], 2 * hour),
            *[command(f"fuzz/{n}", ["tests/fuzz/run.py", "--seconds", str(seconds), n],
                      8 * (seconds + hour)) for n in names]]


def commit():
    """Which tree it was, "-" where that cannot be told. README does not count: we write it."""
    def git(*args):
        return subprocess.run(["git", *args], capture_output=True, text=True, check=True).stdout

    try:
        changed = git("status", "--porcelain", "--", ".", ":!tests/README.md").strip()
        return git("rev-parse", "--short", "HEAD").strip() + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "-"


def rows():
    """{job: its row's other cells} of README, of those that have run."""
    table = README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    cells = [[c.strip() for c in line.strip("| ").split("|")] for line in table.splitlines()
             if line.startswith("| ")]
    return {c[0]: c[1:] for c in cells[1:] if c[-1] != "never"}     # less the heading


def table(known, names):
    """What README says, between the marks: a row for each of @names."""
    never = ["-", "-", "-", "-", "never"]
    done = [known[n] for n in names if n in known]
    failed = sum(row[1] != "0" for row in done)
    lines = [f"{len(done)} of {len(names)} jobs have run, {failed} of them failed.", "",
             "| job | passed | failed | time | commit | day |", "|---|---|---|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join([n, *known.get(n, never)]) + " |" for n in names])


def write(job, tree, names):
    """Puts the row of @job into README."""
    known = rows()
    known[job.name] = [str(job.count(run.PASSED)), str(job.count(run.FAILED)),
                       f"{job.seconds:.0f} s", tree, datetime.date.today().isoformat()]
    head, rest = README.read_text(encoding="utf-8").split(BEGIN)
    README.write_text(f"{head}{BEGIN}\n{table(known, names)}\n{END}{rest.split(END)[1]}",
                      encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=lambda s: s.split(","), help="job names or patterns")
    args = parser.parse_args()
    minutes = float(os.environ.get("SOAK_MINUTES") or FULL_MINUTES)
    os.chdir(run.ROOT)
    os.environ.setdefault("LY_SEED", "1")
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(run.ROOT / "build/pycache"))
    jobs = make_jobs(minutes)
    names = [j.name for j in jobs]
    known = rows()
    jobs.sort(key=lambda j: known[j.name][4] if j.name in known else "")
    if args.only:
        jobs = [j for j in jobs if any(fnmatch.fnmatch(j.name, p) or j.name.split("/")[0] == p
                                       for p in args.only)]
    tree = commit()
    return run.execute(jobs, each=(lambda j: write(j, tree, names))
                       if minutes >= FULL_MINUTES else None)


if __name__ == "__main__":
    sys.exit(main())
