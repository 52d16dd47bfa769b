#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make coverage: line and toggle coverage of each module of rtl/ by its cocotb bench.

    coverage.py [BENCH...] [--write]

Builds the benches of tests/rtl under Verilator once more with --coverage (build/rtl/*-coverage),
runs them, and adds up what each run left in build/coverage: one point for each line or bit of a
source, whatever the parameters of the instance. A module with a bench of its own is held to that
bench; one without (ly_crc8, ly_skid, ...) to all that contain it. What stands below `ifdef FORMAL
is not built. --write puts the table, lowest first, between the marks of tests/README.md; the
points that nothing reached are listed in build/coverage/missed.txt.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build/coverage"
README = ROOT / "tests/README.md"
BEGIN = "<!-- coverage: written by tests/coverage.py -->"
END = "<!-- end of coverage -->"
POINT = re.compile(r"^C '(.*)' (\d+)$")
KINDS = {"v_line": "line", "v_branch": "line", "v_toggle": "toggle"}


def run_bench(bench):
    """True if its tests passed; leaves its data in build/coverage/BENCH."""
    folder = OUT / bench
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    env = {**os.environ, "LY_SIM": "verilator", "LY_COVERAGE": str(folder),
           "PYTHONPYCACHEPREFIX": str(ROOT / "build/pycache")}
    env.setdefault("LY_SEED", "1")
    with open(folder / "log", "w", encoding="utf-8") as log:
        return subprocess.run([sys.executable, "-m", "pytest", "-q", "--tb=short",
                               f"tests/rtl/{bench}"], cwd=ROOT, env=env, stdout=log,
                              stderr=subprocess.STDOUT, check=False).returncode == 0


def points(bench):
    """{(module, kind): {(line, column, what): times}} over all runs of @bench."""
    found = defaultdict(lambda: defaultdict(int))
    for data in (OUT / bench).glob("*.dat"):
        for line in data.read_text(encoding="utf-8").splitlines():
            match = POINT.match(line)
            if not match:
                continue
            keys = dict(part.split("\x02", 1) for part in match[1].split("\x01") if part)
            source, kind = Path(keys["f"]), KINDS.get(keys["page"].split("/")[0])
            if kind and source.is_relative_to(ROOT / "rtl"):
                place = (int(keys["l"]), int(keys["n"]), keys.get("o", ""))
                found[source.stem, kind][place] += int(match[2])
    return found


def add_up(benches):
    """The same over @benches, each module by its own bench where it has one."""
    total = defaultdict(lambda: defaultdict(int))
    for bench in benches:
        for (module, kind), places in points(bench).items():
            own = module.removeprefix("ly_")
            if own in benches and own != bench:
                continue
            for place, times in places.items():
                total[module, kind][place] += times
    return total


def share(places):
    hit = sum(times > 0 for times in places.values())
    return hit, len(places)


def told(places):
    """"97.1 % (34/35)"; "-" where there is nothing of that kind."""
    hit, count = share(places)
    return f"{100 * hit / count:.1f} % ({hit}/{count})" if count else "-"


def lowest(total):
    """Modules, the least covered first."""
    def least(module):
        shares = [share(total[module, kind]) for kind in ("line", "toggle")]
        return min(hit / count if count else 1 for hit, count in shares)
    return sorted({module for module, _ in total}, key=lambda m: (least(m), m))


def missed(total, module):
    """Names of bits, and lines, that nothing reached; bits of a vector as one name."""
    names = dict.fromkeys(re.sub(r"\[\d+\]", "", what) for (_, _, what), times
                          in sorted(total[module, "toggle"].items()) if times == 0)
    lines = sorted({line for (line, _, _), times in total[module, "line"].items() if times == 0})
    return list(names), lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", nargs="*")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    every = sorted({p.parent.name for p in ROOT.glob("tests/rtl/*/test_*.py")})
    benches = args.bench or [b for b in every if "liteeth" not in b]
    failed = [b for b in benches if not run_bench(b)]
    total = add_up(benches)
    lines = ["| module | lines | toggles | not reached |", "|---|--:|--:|---|"]
    notes = []
    for module in lowest(total):
        names, numbers = missed(total, module)
        some = ", ".join([f"line {n}" for n in numbers[:3]] + [f"`{n}`" for n in names[:4]])
        more = max(0, len(numbers) - 3) + max(0, len(names) - 4)
        lines.append(f"| `{module}` | {told(total[module, 'line'])} | "
                     f"{told(total[module, 'toggle'])} | {some}{f', {more} more' * (more > 0)} |")
        notes.append(f"{module}: lines {numbers}, signals {', '.join(names)}")
    text = "\n".join(lines)
    print(text)
    (OUT / "missed.txt").write_text("\n".join(notes) + "\n", encoding="utf-8")
    if args.write and not args.bench and not failed:
        head, rest = README.read_text(encoding="utf-8").split(BEGIN)
        README.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    for bench in failed:
        print(f"FAILED rtl/{bench}: build/coverage/{bench}/log")
    print(f"{len(benches) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
