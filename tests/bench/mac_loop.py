# SPDX-License-Identifier: Apache-2.0
"""How fast our looped MAC is simulated, beside LiteEth's in the same harness; latencies of both.

    mac_loop.py [--cycles N] [--write]

Both programs (mac_loop.cpp, built by make bench) run in turn, five times; what is compared is CPU
time, the medians, within this run. --write puts the tables between the marks of README.md.
Asserts what no machine changes: byte times per frame, our latencies, and that every byte was right.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = Path(__file__).resolve().parent / "README.md"
BEGIN = "<!-- mac loop: written by tests/bench/mac_loop.py -->"
END = "<!-- end of mac loop -->"
ROUNDS = 5
CYCLES = 6_000_000
# Preamble to FCS and the gap, IEEE 802.3 4.4.2.
BYTE_TIMES = {64: 84, 1518: 1538}
GOAL_RATIO = 1.7
LATENCIES = [("preamble", "first byte offered to first preamble byte", 1),
             ("valid", "first byte behind the SFD to its valid", 5),
             ("last", "last byte of the FCS to last", 2)]
NAMES = {"lanyard": "ours", "liteeth": "LiteEth"}


def once(which, size, cycles):
    done = subprocess.run([ROOT / f"build/bench/loop_{which}/mac_loop", str(size), str(cycles)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def measure(size, cycles):
    """{which: (frames/s, cycles/s, the last run's line)}"""
    runs = {which: [] for which in NAMES}
    for _ in range(ROUNDS):
        for which in NAMES:
            runs[which].append(once(which, size, cycles))
    found = {}
    for which, lines in runs.items():
        last = lines[-1]
        seconds = statistics.median(line["seconds"] for line in lines)
        assert last["span"] == BYTE_TIMES[size] * (last["frames"] - 1), last
        found[which] = (last["frames"] / seconds, last["cycles"] / seconds, last)
    return found


def tables(results):
    lines = ["| frames of | | frames/s | M cycles/s | Mbit/s | ours : LiteEth |",
             "|--:|---|--:|--:|--:|--:|"]
    for size, found in results.items():
        ratio = found["lanyard"][1] / found["liteeth"][1]
        for which, (frames, cycles, _) in found.items():
            lines.append(f"| {size} | {NAMES[which]} | {frames:.0f} | {cycles / 1e6:.1f} | "
                         f"{frames * size * 8e-6:.0f} | "
                         f"{f'{ratio:.2f}' if which == 'lanyard' else ''} |")
    lines += ["", "| latency, cycles | ours | LiteEth | goal |", "|---|--:|--:|--:|"]
    found = results[64]
    for key, what, goal in LATENCIES:
        lines.append(f"| {what} | {found['lanyard'][2][key]} | {found['liteeth'][2][key]} | "
                     f"{goal} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    results = {size: measure(size, args.cycles) for size in BYTE_TIMES}
    text = tables(results)
    late = [what for key, what, goal in LATENCIES if results[64]["lanyard"][2][key] > goal]
    print(f"MAC loop, every byte checked (goal: {GOAL_RATIO} times LiteEth)\n{text}")
    if args.write:
        head, rest = README.read_text(encoding="utf-8").split(BEGIN)
        README.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    for what in late:
        print(f"MISSED: {what}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
