# SPDX-License-Identifier: Apache-2.0
"""The rules that no compiler knows: who may include or instantiate whom, SPDX, sizes.

    host -> stack -> driver <- sim -> rtl        tests -> anything

Prints one line per fault, "FILE:LINE: what", and per thing to think of, "FILE:LINE: note: what".
Exit 1 on a fault.
    lint_row.py [ROOT]
"""
import re
import sys
from pathlib import Path

SKIP = {"build", ".git", ".pytest_cache"}

# Rooms that a room may include, besides itself.
ROW = {"host": {"stack", "driver", "sim"}, "stack": {"driver"}, "driver": set(),
       "sim": {"driver"}}
PUBLIC = {"stack": {"net"}, "driver": {"nic", "pkt", "be", "link", "rec", "nic_regs", "fault",
                     "link_fault", "rng", "mii"},
          "sim": {"nic_model", "world", "link_sim", "wire", "wire_fault", "pcapng", "bench",
                  "tape", "replay", "phy_model"},
          "host": set()}
# host/ sees few of them; be.h has types only. Two files create devices and worlds, four move
# or read the simulation's own counters and speed; these see every public header.
HOST_MAY = {"stack/net.h", "driver/nic.h", "driver/link.h", "driver/pkt.h", "driver/be.h",
            "driver/mii.h", "sim/world.h"}
HOST_MAKERS = {"host/compose.c", "host/turn.c", "host/peer.c", "host/stats.c", "host/bench.c",
               "host/replay.c"}
# The two files of C++, and what only they include without a folder.
CXX_FILES = {"sim/nic_model.cpp", "tests/bench/mac_loop.cpp"}
VERILATED = re.compile(r"^(verilated\w*|Vly_\w+|Vmac_loop|initial)\.h$")     # initial: sim/rules.mk

SPDX = "SPDX-License-Identifier: Apache-2.0"
# What cannot carry a comment, by name, kind or folder; the README beside it speaks for it.
NO_SPDX = {"LICENSE"}
NO_COMMENT = {".pcap", ".pcapng", ".png", ".json", ".bin"}
CORPUS = "corpus"

MAX_COLUMNS = {".c": 100, ".h": 100, ".cpp": 100, ".v": 100, ".py": 100, ".sh": 100}
MAX_LINES = {".c": 800, ".h": 800, ".cpp": 800, ".py": 800, ".v": 800}
MAX_MODULE = 400        # lines of a Verilog module before its properties
MAX_FUNCTION = 120
LONG_FUNCTION = 60      # a note: is there no second function in it?
NOTE = "note: "
CLAUSE = "/* Clause: "


def files(root):
    for path in sorted(root.rglob("*")):
        rel = path.relative_to(root)
        if path.is_file() and not SKIP & set(rel.parts) and "__pycache__" not in rel.parts:
            yield rel


def without_comments(text):
    """C and Verilog: comments blanked, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# ---------------------------------------------------------------- C includes

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def include_fault(name, target, root):
    """Why file `name` may not include `target`, or None."""
    room = name.split("/")[0]
    if name in CXX_FILES and VERILATED.match(target):
        return None
    if not (root / target).is_file():
        return f'"{target}" is no file below the root'
    other = target.split("/")[0]
    if room == "tests":
        return None
    if other in ("host", "tests") and other != room:
        return f"nothing includes {other}/"
    if other == room or room not in ROW:
        return None
    if other not in ROW[room]:
        return f"{room}/ may not include {other}/: host -> stack -> driver <- sim -> rtl"
    if target.count("/") != 1 or Path(target).stem not in PUBLIC[other]:
        return f'"{target}" is private to {other}/'
    if room == "host" and name not in HOST_MAKERS and target not in HOST_MAY:
        return f'of host/ only {", ".join(sorted(HOST_MAKERS))} may include "{target}"'
    return None


def check_includes(rel, text, root):
    for match in INCLUDE.finditer(without_comments(text)):
        fault = include_fault(rel.as_posix(), match.group(1), root)
        if fault:
            yield line_of(text, match.start(1)), fault


def check_language(rel, _text, _root):
    if rel.suffix in (".cpp", ".cc", ".cxx", ".hpp") and rel.as_posix() not in CXX_FILES:
        yield 1, f"only {' and '.join(sorted(CXX_FILES))} are C++"


# ------------------------------------------------------------------- Verilog

MODULE = re.compile(r"^\s*module\s+(\w+)", re.M)
V_INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"', re.M)


def instances(text):
    """(offset, module) of everything that looks like the instance of an ly_ module."""
    for match in re.finditer(r"^\s*(ly_\w+)\s*(?:#\s*\(|\w+\s*(?:\[[^\]]*\]\s*)?\()", text, re.M):
        yield match.start(1), match.group(1)


def instance_fault(folder, module, homes):
    home = homes.get(module)
    if home is None:
        return f"{module} is no module below rtl/"
    if folder in ("top", home) or home == "lib":
        return None
    if home == "formal":
        return None     # checkers, only under `ifdef FORMAL
    return f"rtl/{folder} may not instantiate {module} of rtl/{home}: only top joins blocks"


def check_verilog(rel, text, root):
    if rel.parts[0] != "rtl":
        return
    code = without_comments(text)
    modules = MODULE.findall(code)
    before = text.split("\n`ifdef FORMAL")[0].count("\n") + 1
    if before > MAX_MODULE:
        yield MAX_MODULE, (f"{before} lines before `ifdef FORMAL, at most {MAX_MODULE}: take a "
                           "module out of it")
    if modules != [rel.stem]:
        yield 1, f"one module per file, of the file's name: found {', '.join(modules) or 'none'}"
    if not rel.stem.startswith("ly_"):
        yield 1, "module names are global and start with ly_"
    homes = {p.stem: p.parent.name for p in root.glob("rtl/*/*.v")}
    for offset, module in instances(code):
        fault = instance_fault(rel.parent.name, module, homes)
        if fault:
            yield line_of(code, offset), fault
    for match in V_INCLUDE.finditer(code):
        if not (root / match.group(1)).is_file():
            yield line_of(code, match.start(1)), f'"{match.group(1)}" is no file below the root'


# ---------------------------------------------------------------- every file

def check_spdx(rel, text, _root):
    if rel.name in NO_SPDX or not text:
        return
    # A script has its interpreter first.
    if not any(SPDX in line for line in text.splitlines()[:2]):
        yield 1, f"no SPDX: the first line is a comment with \"{SPDX}\""


def check_lines(rel, text, _root):
    lines = text.splitlines()
    columns = MAX_COLUMNS.get(rel.suffix)
    for number, line in enumerate(lines, 1):
        if columns and len(line.expandtabs(8)) > columns:
            yield number, f"{len(line.expandtabs(8))} columns, at most {columns}: break the line"
        if line != line.rstrip() and rel.suffix != ".md":
            yield number, "blanks at the end of the line"
    most = MAX_LINES.get(rel.suffix)
    # What tests cite (tests/clauses.py) is a table that stands in them, no code.
    count = sum(not line.startswith(CLAUSE) for line in lines)
    if most and count > most:
        yield len(lines), f"{count} lines, at most {most}: split the file"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"


def check_functions(rel, text, _root):
    """A function starts with { in the first column and ends with } there."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            long = number - start - 1
            if long > MAX_FUNCTION:
                yield start, f"function of {long} lines, at most {MAX_FUNCTION}: split it"
            elif long > LONG_FUNCTION:
                yield start, f"{NOTE}function of {long} lines, {LONG_FUNCTION} are many"
            start = None


CHECKS = {
    ".c": (check_includes, check_functions), ".h": (check_includes,),
    ".cpp": (check_includes, check_functions, check_language),
    ".cc": (check_language,), ".cxx": (check_language,), ".hpp": (check_language,),
    ".v": (check_verilog,),
}


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    faults = 0
    for rel in files(root):
        if rel.suffix in NO_COMMENT or CORPUS in rel.parts:
            continue
        text = (root / rel).read_text(encoding="utf-8", errors="replace")
        for check in (check_spdx, check_lines, *CHECKS.get(rel.suffix, ())):
            for line, fault in check(rel, text, root):
                faults += not fault.startswith(NOTE)
                print(f"{rel}:{line}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
