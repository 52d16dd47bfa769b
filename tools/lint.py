# SPDX-License-Identifier: Apache-2.0
"""make lint: every check that needs no run of the program.

    lint.py [NAME...]       all, or those rules of the house whose name contains a NAME

Prints one line per finding, "file:line: what"; last line: N passed, N failed. Notes do not fail.
Style flags come from the Makefile by environment, so that there is one list of them:
LY_C_STYLE, LY_CXX_STYLE, LY_MODEL_INCLUDES, LY_WAVES_INCLUDES, LY_XML_CFLAGS, LY_RTL_INCLUDES.
A check fails when its command fails or, where the tool only warns, prints anything.
"""
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "build/venv/bin/python"
TOPS = ["ly_top_sim", "ly_core", "ly_area_mac", "ly_area_crc"]
ROW = "include row, SPDX, sizes"
CXX_FILE = "sim/nic_model.cpp"
C_ROOMS = ["host", "stack", "driver", "sim", "tests/unit", "tests/cosim", "tests/support",
           "tests/fuzz", "tests/nth"]


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
            extra = flags("LY_XML_CFLAGS") if room in ("host", "tests/nth") else []
            for compiler in ("gcc", "clang"):
                yield Check(f"{compiler} {rel}",
                            [compiler, *flags("LY_C_STYLE"), *common, *extra, rel])
    for compiler in ("g++", "clang++"):
        yield Check(f"{compiler} {CXX_FILE}",
                    [compiler, *flags("LY_CXX_STYLE"), *common, *flags("LY_MODEL_INCLUDES"),
                     CXX_FILE])
        yield Check(f"{compiler} {CXX_FILE} with waves",
                    [compiler, *flags("LY_CXX_STYLE"), *common, "-DLY_WAVES",
                     *flags("LY_WAVES_INCLUDES"), CXX_FILE])


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
        rel = str(script.relative_to(ROOT))
        yield Check(f"{shell} -n {rel}", [shell, "-n", rel])
    sources = [str(p.relative_to(ROOT)) for folder in ("tools", "tests", "rtl")
               for p in sorted((ROOT / folder).rglob("*.py"))]
    yield Check("python syntax", [PYTHON, "-W", "error", "-m", "py_compile", *sources])


def house_checks():
    """Rules of this project: they need no flags, and one of them yosys."""
    yield Check(ROW, [PYTHON, "tools/lint_row.py"])
    yield Check("sums in sim/", [PYTHON, "tools/lint_sums.py"])
    yield Check("lines written twice", [PYTHON, "tools/lint_twice.py"])
    yield Check("CI file", [PYTHON, "tools/lint_ci.py"])
    yield Check("clock crossings", [PYTHON, "tools/lint_clocks.py"])
    yield Check("generated files", [PYTHON, "rtl/regs/gen_regs.py", "--check"])
    yield Check("table of planted faults", [PYTHON, "tests/mutants.py", "--check"])
    yield Check("table of clauses", [PYTHON, "tests/clauses.py", "--check"])


def all_checks():
    yield from house_checks()
    yield from verilog_checks()
    yield from script_checks()
    yield from compiler_checks()


# The one file of C++ includes what Verilator makes, so this comes before its compilers.
MODEL = Check("the model", ["make", "build/model/initial.h", "build/fst/model/initial.h"])

# What compilers, shells and Verilator say: the kind in front, a column behind the line.
FINDING = re.compile(r"^(?:%(?P<kind>[\w-]+): )?(?P<file>[\w./-]+):(?: line)? ?(?P<line>\d+):"
                     r"(?:\d+:)? *(?P<what>.*)$")
PYTHON_FINDING = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+)', re.M)
NOTE = "note: "


def findings(check, output):
    """Each as "file:line: what", notes without those of a compiler; output without any as it is."""
    found = []
    for match in filter(None, map(FINDING.match, output.splitlines())):
        kind = f"{match['kind']}: " if match["kind"] else ""
        found.append(f"{match['file']}:{match['line']}: {kind}{match['what']}")
    faults = [f for f in found if f": {NOTE}" not in f]
    lines = [line for line in output.splitlines() if line.strip()]
    if not faults and (match := PYTHON_FINDING.search(output)):
        faults = [f"{match['file']}:{match['line']}: {lines[-1].strip()}"]
    return faults or [f"{check.name}: {line}" for line in lines]


def run(check):
    """Returns (check, output, whether it is bad)."""
    try:
        done = subprocess.run(check.argv, text=True, stdin=subprocess.PIPE, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as missing:
        return check, f"{missing.filename} is missing: make deps", True
    bad = done.returncode != 0 or (check.silent and bool(done.stdout.strip()))
    return check, done.stdout or f"exit code {done.returncode}", bad


def main():
    os.chdir(ROOT)
    names = sys.argv[1:]
    # Those named need perhaps no flags: ask for flags only where all run.
    source = house_checks() if names else all_checks()
    checks = [c for c in source if not names or any(n in c.name for n in names)]
    first = [] if names else [run(MODEL)]
    if first and first[0][2]:
        checks = [c for c in checks if CXX_FILE not in c.name]
    said, failed = {}, 0        # gcc and clang say much the same: each line once
    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        for check, output, bad in itertools.chain(first, pool.map(run, checks)):
            failed += bad
            lines = findings(check, output) if bad else []
            if check.name == ROW:
                lines += [line for line in output.splitlines() if f": {NOTE}" in line]
            for line in lines:
                if line not in said:
                    print(line, flush=True)
                said[line] = True
    print(f"{len(first) + len(checks) - failed} passed, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
