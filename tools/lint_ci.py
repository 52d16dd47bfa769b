# SPDX-License-Identifier: Apache-2.0
"""The CI file that others copy: it parses, it is short, and what it calls is there.

Reads as much YAML as that file may use: block mappings and lists by indentation, plain scalars,
flow lists of plain words, literal blocks ("|"). Anything else is a fault: keep it that simple.
Prints one line per fault, "FILE:LINE: what"; exit 1 on a fault.
    lint_ci.py [ROOT]
"""
import os
import re
import sys
from pathlib import Path

FILE = ".github/workflows/ci.yml"
MAX_LINES = 40
KEY = re.compile(r"([\w-]+):(?: +(.*))?")
# What a plain scalar may not hold or begin with, YAML 1.2 7.3.3.
ODD = re.compile(r"""^[&*!%@`"'{}>|,?#]|: |\s#|^- |:$""")
FLOW_LIST = re.compile(r"\[[\w ,.-]+\]")


class Fault(Exception):
    """args: line number, what."""


class Reader:
    """Lines with their indentation, read from the top."""

    def __init__(self, text):
        self.rest = []
        for number, line in enumerate(text.splitlines(), 1):
            if "\t" in line:
                raise Fault(number, "a tab: YAML is indented by blanks")
            body = line.lstrip(" ")
            if body and not body.startswith("#"):
                self.rest.append((number, len(line) - len(body), body))

    def scalar(self, number, text, indent):
        """The value behind a key or a dash: text, a list, or a literal block below it."""
        if text == "|":
            lines = []
            while self.rest and self.rest[0][1] > indent:
                lines.append(self.rest.pop(0)[2])
            return "\n".join(lines)
        if FLOW_LIST.fullmatch(text):
            return [part.strip() for part in text[1:-1].split(",")]
        if ODD.search(text):
            raise Fault(number, f"{text!r} is more YAML than this file may use")
        return text

    def block(self, indent):
        """The mapping or list whose lines begin at this column."""
        return self.items(indent) if self.rest[0][2].startswith("- ") else self.mapping(indent)

    def mapping(self, indent):
        found = {}
        while self.rest and self.rest[0][1] == indent and not self.rest[0][2].startswith("- "):
            number, _, body = self.rest.pop(0)
            match = KEY.fullmatch(body)
            if match is None:
                raise Fault(number, f"{body!r} is no key with a value")
            key, text = match.groups()
            if key in found:
                raise Fault(number, f"{key} stands here twice")
            if text:
                found[key] = self.scalar(number, text, indent)
            elif self.rest and self.rest[0][1] > indent:
                found[key] = self.block(self.rest[0][1])
            else:
                raise Fault(number, f"{key} has no value")
        self.nothing_deeper(indent)
        return found

    def items(self, indent):
        found = []
        while self.rest and self.rest[0][1] == indent and self.rest[0][2].startswith("- "):
            number, _, body = self.rest.pop(0)
            inner = body[2:].lstrip(" ")
            column = indent + len(body) - len(inner)
            if KEY.fullmatch(inner):
                self.rest.insert(0, (number, column, inner))
                found.append(self.mapping(column))
            else:
                found.append(self.scalar(number, inner, indent))
        self.nothing_deeper(indent)
        return found

    def nothing_deeper(self, indent):
        if self.rest and self.rest[0][1] > indent:
            raise Fault(self.rest[0][0], "this line is indented too far")


def parse(text):
    """The document as dicts, lists and text."""
    reader = Reader(text)
    document = reader.mapping(0)
    if reader.rest:
        raise Fault(reader.rest[0][0], "this line belongs to nothing above it")
    return document


def step_faults(step, root):
    if ("run" in step) == ("uses" in step):
        yield f"a step has either run or uses, this has {', '.join(step)}"
    if "uses" in step and not re.search(r"@v\d+$", step["uses"]):
        yield f"{step['uses']}: name its version, @v4"
    for path in re.findall(r"(?:^|\s)(\.[\w.-]*/[\w./-]+)", step.get("run", "")):
        if not os.access(root / path, os.X_OK):
            yield f"{path} is no program here"


def faults(text, root):
    """(line, what) of all that is wrong."""
    if text.count("\n") > MAX_LINES:
        yield MAX_LINES, f"more than {MAX_LINES} lines: it is made to be copied"
    document = parse(text)
    for key in ("name", "on", "jobs"):
        if key not in document:
            yield 1, f"{key} is missing"
    steps = [s for job in document.get("jobs", {}).values() for s in job.get("steps", [])]
    for step in steps:
        for what in step_faults(step, root):
            yield 1, what
    if not any(".ci/run" in s.get("run", "") for s in steps):
        yield 1, "no step calls .ci/run"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    try:
        found = list(faults((root / FILE).read_text(encoding="utf-8"), root))
    except Fault as fault:
        found = [fault.args]
    for line, what in found:
        print(f"{FILE}:{line}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
