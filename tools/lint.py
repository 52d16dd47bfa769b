# SPDX-License-Identifier: Apache-2.0
"""make lint: every check that needs no run of the program.

Style flags come from the Makefile by environment, so that there is one list of them:
LY_C_STYLE, LY_CXX_STYLE, LY_MODEL_INCLUDES, LY_XML_CFLAGS, LY_RTL_INCLUDES. A check fails when
its command fails or, where the tool only warns, prints anything. Last line: N passed, N failed.
"""
import concurrent.futures
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "build/venv/bin/python"
TOPS = ["ly_top_sim", "ly_core"]
C_ROOMS = ["host", "stack", "driver", "sim", "tests/unit", "tests/cosim", "tests/support",
           "tests/fuzz"]


@dataclass
class Check:
    name: str
    argv: list
    silent: bool = False    # any output is a fault


def flags(name):
    if name not in os.environ:
        sys.exit(f"{name} is not set: run make lint")
    return os.environ[name].split()


def compiler_checks():
    common = ["-fsyntax-only", "-I."]
    for room in C_ROOMS:
        for source in sorted(ROOT.glob(f"{room}/*.c")):
            rel = str(source.relative_to(ROOT))
            extra = flags("LY_XML_CFLAGS") if room == "host" else []
            for compiler in ("gcc", "clang"):
                yield Check(f"{compiler} {rel}",
                            [compiler, *flags("LY_C_STYLE"), *common, *extra, rel])
    for compiler in ("g++", "clang++"):
        yield Check(f"{compiler} sim/nic_model.cpp",
                    [compiler, *flags("LY_CXX_STYLE"), *common, *flags("LY_MODEL_INCLUDES"),
                     "sim/nic_model.cpp"])


def verilog_checks():
    folders = [f for f in flags("LY_RTL_INCLUDES") if f != "-I."]
    libraries = [part for f in folders for part in ("-y", f[2:])]
    for top in TOPS:
        source = f"rtl/top/{top}.v"
        yield Check(f"verilator {top}", ["verilator", "--lint-only", "-Wall", "--top-module", top,
                                         "-I.", *folders, source], silent=True)
        yield Check(f"iverilog {top}", ["iverilog", "-g2005", "-Wall", "-t", "null", "-I.",
                                        *libraries, "-s", top, source], silent=True)


def script_checks():
    for script in sorted([*ROOT.glob("tools/*.sh"), ROOT / ".ci/run"]):
        shell = "bash" if script.name == "run" else "sh"
        yield Check(f"{shell} -n {script.relative_to(ROOT)}", [shell, "-n", str(script)])
    sources = [str(p.relative_to(ROOT)) for folder in ("tools", "tests", "rtl")
               for p in sorted((ROOT / folder).rglob("*.py"))]
    yield Check("python syntax", [PYTHON, "-W", "error", "-m", "py_compile", *sources])


def all_checks():
    yield Check("include row, SPDX, sizes", [PYTHON, "tools/lint_row.py"])
    yield Check("generated files", [PYTHON, "rtl/regs/gen_regs.py", "--check"])
    yield Check("table of planted faults", [PYTHON, "tests/mutants.py", "--check"])
    yield from verilog_checks()
    yield from script_checks()
    yield from compiler_checks()


def run(check):
    """Returns (check, output) with output None when all is well."""
    try:
        done = subprocess.run(check.argv, text=True, stdin=subprocess.PIPE, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as missing:
        return check, f"{missing.filename} is missing: make deps"
    bad = done.returncode != 0 or (check.silent and done.stdout.strip())
    return check, (done.stdout or f"exit code {done.returncode}") if bad else None


def main():
    os.chdir(ROOT)
    checks = list(all_checks())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        for check, output in pool.map(run, checks):
            if output is not None:
                failed += 1
                print(f"FAIL  {check.name}")
                print("\n".join(f"      | {line}" for line in output.splitlines()[:200]))
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
