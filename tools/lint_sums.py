# SPDX-License-Identifier: Apache-2.0
"""No checksum is computed in sim/: every sum on a simulated wire is the RTL's or the stack's own.

The exceptions are zlib's crc32 in the one adapter that checks and makes the FCS, and over blocks of
recordings. What is looked for: names and includes of sums, the folds of RFC 1071, polynomials of
CRC-32. Prints one line per fault, "FILE:LINE: what"; exit 1 on a fault.
    lint_sums.py [ROOT]
"""
import re
import sys
from pathlib import Path

from lint_row import line_of, without_comments

ADAPTER = "sim/wire_frames.c"
# Files of our own are checked by zlib's crc32 too: nothing of that reaches a wire.
TAPE = {"sim/tape.c", "sim/tape_in.c"}
KERNEL = {"TP_STATUS_CSUMNOTREADY"}     # the kernel says by it that a sum is not there yet

STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
NAME = re.compile(r"\b\w*(?:csum|checksum|chksum|cksum|inet_sum|adler)\w*\b", re.I)
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"](?:[^>"]*csum[^>"]*|zlib\.h)[>"]', re.M)
# The upper half of a word, however it is written; and what makes a sum of 16 bits with it.
HIGH = r"(?:>>=?\s*16|/=?\s*(?:65536|0x10000))[ul]*\b"
FOLD = re.compile(rf"\+[^;]*{HIGH}|{HIGH}[^;\n]*\+|(?:%|-)=?\s*(?:65535|0xffff)[ul]*\b", re.I)
CRC = re.compile(r"\bcrc32\w*\s*\(|0x(?:EDB88320|04C11DB7)|0x4C11DB7", re.I)


def faults(name, text):
    """(offset, what) of each line of sim/ that looks like a sum."""
    code = without_comments(text)
    if name != ADAPTER and name not in TAPE:
        for match in INCLUDE.finditer(code):
            yield match.start(), f"only {ADAPTER} may see zlib, nobody in sim/ a checksum"
    code = STRING.sub(lambda m: " " * len(m.group(0)), code)
    if name != ADAPTER and name not in TAPE:
        for match in CRC.finditer(code):
            yield match.start(), f"a CRC-32: call {ADAPTER}, which has zlib's"
    for match in NAME.finditer(code):
        if match.group(0) not in KERNEL:
            yield match.start(), (f"{match.group(0)}: sim/ computes no checksum, take what the RTL "
                                  "or the stack made")
    for statement in re.finditer(r"[^;{}]+", code):
        fold = FOLD.search(statement.group(0))
        if fold:
            yield (statement.start() + fold.start(),
                   "a sum is folded to 16 bits (RFC 1071): sim/ computes no checksum")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    found = 0
    for path in sorted(p for p in root.glob("sim/*") if p.suffix in (".c", ".h", ".cpp")):
        rel = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        for offset, what in faults(rel, text):
            found += 1
            print(f"{rel}:{line_of(text, offset)}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
