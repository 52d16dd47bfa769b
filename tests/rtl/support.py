# SPDX-License-Identifier: Apache-2.0
"""Builds one bench and runs its cocotb tests; small helpers for the tests themselves.

Environment: LY_SIM  "icarus" (default) or "verilator"; LY_SEED  default 1, printed.
Output: build/rtl/<build_tag>-<sim>/. Waves: LY_WAVES=1 leaves an FST (Icarus) or VCD there.
LY_COVERAGE: a folder; each run on Verilator leaves a file there (tests/coverage.py reads them).
"""

import os
import random
import shutil
import tempfile
import warnings
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

with warnings.catch_warnings():      # it calls itself experimental at each import
    warnings.simplefilter("ignore")
    from cocotb.runner import Icarus, Verilator

ROOT = Path(__file__).resolve().parents[2]

# Icarus reads all sources as Verilog-2005. Verilator's warnings are errors; x-initial unique with
# +verilator+rand+reset+2 gives random initial values.
BUILD_ARGS = {
    "icarus": ["-g2005", "-Wall"],
    "verilator": ["-Wall", "--x-initial", "unique", "--x-assign", "unique"],
}


def seed():
    """The seed of this run, an int; the same in pytest and in the simulator."""
    return int(os.environ.get("LY_SEED", "1"), 0)


def hash32(value):
    """Spread a small number over 32 bits: Verilator's generator is poor for small seeds."""
    x = (value * 0x9E3779B9 + 0x7F4A7C15) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x21F0AAAD) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 0x735A2D97) & 0xFFFFFFFF
    return x ^ (x >> 15)


def rng(name=""):
    """A generator for one test, from LY_SEED and the test's name."""
    return random.Random(f"{seed()}:{name}")


class SharedVerilator(Verilator):
    """The runner of cocotb 1.9, compiling Verilator's own C++ runtime (7 s) once for all."""

    def __init__(self, coverage):
        super().__init__()
        self.runtime = ROOT / "build" / "rtl" / f"verilated-runtime{'-coverage' * coverage}"

    def _build_command(self):
        commands = super()._build_command()
        if self.waves:                       # compiled with other options
            return commands
        self.runtime.mkdir(parents=True, exist_ok=True)
        kept = list(self.runtime.glob("*.o"))
        if kept:                             # newer than the makefile that the first command writes
            copies = [str(self.build_dir / obj.name) for obj in kept]
            commands[1:1] = [["cp", *map(str, kept), str(self.build_dir)], ["touch", *copies]]
        return commands

    def keep_runtime(self):
        """After a build: what the next bench need not compile."""
        for obj in self.build_dir.glob("verilated*.o"):
            if not self.waves and not (self.runtime / obj.name).exists():
                part = self.runtime / f"{obj.name}.{os.getpid()}"
                shutil.copy2(obj, part)
                part.replace(self.runtime / obj.name)


def run(toplevel, sources, module, params=None, build_tag=None, defines=None, testcase=None,
        verilator_args=()):
    """Build toplevel from sources (paths from the root) and run the tests of a Python module.

    Fails the calling pytest function when a cocotb test fails or Verilator warns.
    testcase: one name or a list of names; None runs all tests of the module.
    verilator_args: more of them, where sources are not ours to mend.
    """
    sim = os.environ.get("LY_SIM", "icarus")
    if sim not in BUILD_ARGS:
        raise ValueError(f"LY_SIM={sim}: icarus or verilator")
    waves = os.environ.get("LY_WAVES", "0") != "0"
    coverage = os.environ.get("LY_COVERAGE") if sim == "verilator" else None
    build_dir = (ROOT / "build" / "rtl" /
                 f"{build_tag or toplevel}-{sim}{'-waves' * waves}{'-coverage' * bool(coverage)}")
    init = hash32(seed()) & 0x7FFFFFFF or 1
    plusargs = [f"+ly_seed={init}"]
    if sim == "verilator":
        plusargs += ["+verilator+rand+reset+2", f"+verilator+seed+{init}"]
    build_args = [*BUILD_ARGS[sim], *(verilator_args if sim == "verilator" else ())]
    if coverage:
        build_args.append("--coverage")
    print(f"{toplevel} on {sim}, params {params or {}}, LY_SEED={seed()}")

    runner = SharedVerilator(bool(coverage)) if sim == "verilator" else Icarus()
    runner.build(
        verilog_sources=[ROOT / s for s in sources], includes=[ROOT], hdl_toplevel=toplevel,
        parameters=params or {}, defines=defines or {}, build_args=build_args,
        build_dir=build_dir, timescale=("1ns", "1ps"), always=True, waves=waves)
    if sim == "verilator":
        runner.keep_runtime()
    runner.test(
        test_module=module, hdl_toplevel=toplevel, build_dir=build_dir, test_dir=build_dir,
        seed=seed(), plusargs=plusargs, testcase=testcase, waves=waves,
        extra_env={"LY_SEED": str(seed()), "COCOTB_LOG_LEVEL": os.environ.get("LY_LOG", "INFO"),
                   "COCOTB_REDUCED_LOG_FMT": "1"})
    if coverage:
        handle, name = tempfile.mkstemp(".dat", f"{build_tag or toplevel}-", coverage)
        os.close(handle)
        (build_dir / "coverage.dat").replace(name)


def param(dut, name):
    """The value of a parameter of the module under test, as built."""
    return int(getattr(dut, name).value)


async def start(clk, rst, period_ps=8000, cycles=8):
    """Start a clock and pulse a synchronous reset. The inputs should have been set before."""
    cocotb.start_soon(Clock(clk, period_ps, units="ps").start())
    rst.value = 1
    await ClockCycles(clk, cycles)
    rst.value = 0
    await ClockCycles(clk, 1)
