#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which test proves which clause: the table in tests/README.md, made from the tests themselves.

    clauses.py --write | --check    the table: write it, or compare; faults are "FILE:LINE: what"
    clauses.py --missing            the MUSTs of RFC 9293 (rfc9293_musts.txt) without a test

A C test has one line directly above it, a Python test one line in its docstring:
    /* Clause: RFC 9293 3.8.6.1, RFC 1122 4.2.3.4 */
    Clause: RFC 1035 4.2.2
A clause is a number of its document, or its heading where that has no numbers (RFC 826, 768, 792).
A test that is named here must exist and be run. Exit 1 on a fault or a difference.
"""
import argparse
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = "tests/README.md"
MUSTS = "tests/rfc9293_musts.txt"
BEGIN, END = "<!-- clauses: written by tests/clauses.py -->", "<!-- end of clauses -->"

ITEM = re.compile(r"(RFC \d+|IEEE 802\.3|virtio 1\.2|pcapng) ([\dA-Z][\w.()-]*(?: [\w.()-]+)*)")
C_LINE = re.compile(r"/\* *Clause\b.*")
C_GOOD = re.compile(r"/\* Clause: (.+) \*/")
C_TEST = re.compile(r"static void (\w+)\(void \*\*\w+\)")
PY_LINE = re.compile(r"^\s*Clause: (.+)$", re.M)


class Found:
    """What the tests cite: {(document, clause): {file: [functions]}}, and what is wrong."""

    def __init__(self):
        self.tests, self.faults = {}, []

    def fault(self, place, what):
        self.faults.append(f"{place}: {what}")

    def add(self, place, name, function, items):
        for item in items.split(", "):
            match = ITEM.fullmatch(item.strip().rstrip("."))
            if match is None:
                self.fault(place, f'"{item}" is no clause: write "RFC 9293 3.8.6.1"')
                continue
            functions = self.tests.setdefault(match.groups(), {}).setdefault(name, [])
            if function not in functions:
                functions.append(function)


def read_c(rel, text, found):
    """Lines of C tests: each directly above a function that the array of tests names."""
    lines = text.splitlines()
    array = text.partition("CMUnitTest ")[2]
    for number, line in enumerate(lines, 1):
        if not C_LINE.match(line):
            continue
        place = f"{rel}:{number}"
        good = C_GOOD.fullmatch(line)
        test = C_TEST.match(lines[number]) if number < len(lines) else None
        if good is None:
            found.fault(place, "write one line, /* Clause: RFC 9293 3.8.6.1, RFC 1122 4.2.3.4 */")
        elif test is None:
            found.fault(place, "this line belongs directly above a test function")
        elif not re.search(rf"\(\s*{test.group(1)}\s*[,)]", array):
            found.fault(place, f"{test.group(1)}() is not run: put it into the array of tests")
        else:
            found.add(place, rel, test.group(1), good.group(1))


def runs(node, rel):
    """Does pytest or cocotb call this function?"""
    marks = [ast.unparse(d) for d in node.decorator_list]
    return (node.name.startswith("test_") and Path(rel).name.startswith("test_")
            or any(m.startswith("cocotb.test") for m in marks))


def read_python(rel, text, found):
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for items in PY_LINE.findall(ast.get_docstring(node) or ""):
            place = f"{rel}:{node.lineno}"
            if runs(node, rel):
                found.add(place, rel, node.name, items)
            else:
                found.fault(place, f"{node.name}() is no test: the clause belongs to one")


def read_tests():
    found = Found()
    for path in sorted((ROOT / "tests").rglob("*")):
        rel = path.relative_to(ROOT / "tests").as_posix()
        if path.suffix == ".c":
            read_c(f"tests/{rel}", path.read_text(encoding="utf-8"), found)
        elif path.suffix == ".py" and not rel.startswith("house/"):
            read_python(f"tests/{rel}", path.read_text(encoding="utf-8"), found)
    return found


def natural(key):
    """RFC 768 before RFC 1122, 3.9 before 3.10."""
    return [[(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.findall(r"\d+|\D+", part)]
            for part in key]


def table(tests):
    lines = ["| document | clause | tests |", "|---|---|---|"]
    for document, clause in sorted(tests, key=natural):
        cited = "; ".join(f"`{Path(name).relative_to('tests')}`: {', '.join(functions)}"
                          for name, functions in sorted(tests[document, clause].items()))
        lines.append(f"| {document} | {clause} | {cited} |")
    return "\n".join(lines)


def with_table(text, tests):
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{table(tests)}\n{END}{rest.split(END)[1]}"


def musts():
    """(line, name, clause, test or "-", what) of each row of the list."""
    text = (ROOT / MUSTS).read_text(encoding="utf-8")
    return [(number, *line.split(None, 3)) for number, line in enumerate(text.splitlines(), 1)
            if line.startswith("MUST")]


def check_musts(found):
    """Each test of the list must exist and cite the clause of its row."""
    for number, name, clause, test, _ in musts():
        file, _, function = test.partition(":")
        cited = found.tests.get(("RFC 9293", clause), {}).get(f"tests/{file}", [])
        if test != "-" and function not in cited:
            found.fault(f"{MUSTS}:{number}", f"{name}: no test {test} with the line "
                        f"/* Clause: RFC 9293 {clause} */")


def missing():
    left = [row for row in musts() if row[3] == "-"]
    for _, name, clause, _, what in left:
        print(f"{name:8} RFC 9293 {clause:10} {what}")
    print(f"{len(musts()) - len(left)} of {len(musts())} MUSTs have a test")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    group = parser.add_mutually_exclusive_group(required=True)
    for option in ("--write", "--check", "--missing"):
        group.add_argument(option, action="store_true")
    args = parser.parse_args()
    found = read_tests()
    check_musts(found)
    path = ROOT / README
    text = path.read_text(encoding="utf-8")
    new = with_table(text, found.tests)
    if args.write:
        path.write_text(new, encoding="utf-8")
    elif args.missing:
        missing()
    elif new != text:
        line = next((i for i, (a, b) in enumerate(zip(text.splitlines(), new.splitlines()), 1)
                     if a != b), 1)
        found.fault(f"{README}:{line}", "the table of clauses is not that of the tests: "
                    "tests/clauses.py --write writes it")
    for fault in found.faults:
        print(fault)
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
