# SPDX-License-Identifier: Apache-2.0
"""Nothing is written twice: the same LINES lines in a row in two places of C, Verilog or Python.

Tests may repeat themselves: each should be readable alone. Lines are compared without comments and
without blanks at their ends; lines that say nothing by themselves (a brace, an include, a port, a
declaration) are not counted. Prints one line per fault, "FILE:LINE: what"; exit 1 on a fault.
    lint_twice.py [ROOT]
"""
import re
import sys
from pathlib import Path

from lint_row import files, without_comments

LINES = 6
KINDS = {".c", ".h", ".cpp", ".v", ".vh", ".py", ".sh"}
OUTSIDE = {"tests"}
GENERATED = {"rtl/regs/ly_regs.vh", "driver/nic_regs.h"}

# Lines without a letter, those that only begin or end something, and in Verilog what an interface
# and its registers are called: two modules of one kind have the same.
DULL = re.compile(r"\W*|#\s*(include|endif|else).*|(import|from) .*|`\w+.*"
                  r"|(end|endmodule|else|begin|break;|continue;|return 0;|\} else \{|try:|pass)"
                  r"|(input|output|inout|parameter)\b.*|(\(\*.*\*\) )?(reg|wire|integer)\b[^=]*")


def told(rel, text):
    """[(line number, line)] of what counts."""
    if rel.suffix in (".py", ".sh"):
        text = re.sub(r'""".*?"""', lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
        text = re.sub(r"(?m)(^|\s)#.*$", "", text)
    else:
        text = without_comments(text)
    lines = ((number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in lines if not DULL.fullmatch(line)]


def repeats(sources):
    """(file, line, file, line) of each run of LINES lines that stands somewhere before."""
    seen = {}
    for rel, lines in sources:
        at = 0
        while at + LINES <= len(lines):
            run = tuple(line for _, line in lines[at:at + LINES])
            here = (rel, lines[at][0])
            first = seen.setdefault(run, here)
            if first != here:
                yield rel, here[1], *first
                at += LINES     # one fault for a long run, not one for each of its lines
            else:
                at += 1


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    sources = [(rel.as_posix(), told(rel, (root / rel).read_text(encoding="utf-8")))
               for rel in files(root) if rel.suffix in KINDS and rel.parts[0] not in OUTSIDE
               and rel.as_posix() not in GENERATED]
    found = 0
    for name, line, first, first_line in repeats(sources):
        found += 1
        print(f"{name}:{line}: the same {LINES} lines stand at {first}:{first_line}: write them "
              "once, as a function or a module")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
