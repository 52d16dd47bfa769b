# SPDX-License-Identifier: Apache-2.0
"""make lint is linted: what is planted in a copy of the tree must be found, with file, line and
what to do. Each check passes on the copy as it is."""
import os
import re
import subprocess
import sys

import lint
import lint_sums
import pytest


def run_lint(tree, *names):
    """Returns (exit code, lines) of tools/lint.py in that tree."""
    done = subprocess.run([sys.executable, "tools/lint.py", *names], cwd=tree, text=True,
                          check=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.splitlines()


def replace(old, new):
    """A fault: text that occurs once in the file is exchanged."""
    def change(text):
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        return text.replace(old, new)
    return change


def append(*lines):
    return lambda text: text + "\n".join(lines) + "\n"


LONG = ["", "int planted(void);", "int planted(void)", "{", *["    planted();"] * 130, "}"]
SIXTY = ["", "int planted(void);", "int planted(void)", "{", *["    planted();"] * 61, "}"]
SUM = ["", "uint32_t planted(uint32_t s);", "uint32_t planted(uint32_t s)", "{",
       "    return (s & 0xFFFFu) + (s >> 16);", "}"]
CROSSING = ("    reg planted_q;\n"
            "    always @(posedge clk_link) planted_q <= tx_ok && s_rec_valid;\n")
SIX = ["", *[f"int planted_{i} = {i};" for i in range(6)]]

# Check, file, fault, the line that lint must name (None: any), what it must say. A finding is
# where the fault shows itself: for FOUND_IN that is another file than the one that was spoiled.
CI = ".github/workflows/ci.yml"
FOUND_IN = {"FIFO with its clocks exchanged": "rtl/lib/ly_fifo_async.v"}
PLANTED = {
    "include against the row": (
        "row", "stack/eth.c", replace('#include "stack/net_int.h"', '#include "sim/world.h"'),
        None, "stack/ may not include sim/: host -> stack -> driver <- sim"),
    "nobody includes host/": (
        "row", "sim/world.h", append('#include "host/opts.h"'), None, "nothing includes host/"),
    "private header": (
        "row", "stack/eth.c", append('#include "driver/nic_priv.h"'), None,
        "is private to driver/"),
    "function of 130 lines": (
        "row", "stack/eth.c", append(*LONG), None, "function of 130 lines, at most 120: split it"),
    "101 columns": (
        "row", "stack/eth.c", append("/* " + "x" * 95 + " */"), None, "101 columns, at most 100"),
    "no SPDX": (
        "row", "driver/rules.mk", lambda text: text.split("\n", 1)[1], 1, "no SPDX"),
    "file of 801 lines": (
        "row", "sim/clocks.c", append(*["int i;"] * 801), None, "at most 800: split the file"),
    "module of 401 lines": (
        "row", "rtl/lib/ly_fifo.v", replace("`ifdef FORMAL", "\n" * 340 + "`ifdef FORMAL"),
        400, "lines before `ifdef FORMAL, at most 400: take a module out of it"),
    "a block instantiates another": (
        "row", "rtl/mac/ly_filter.v", replace("endmodule", "ly_crc8 u_crc ();\nendmodule"), None,
        "only top joins blocks"),
    "checksum in sim/: a fold": (
        "sums", "sim/clocks.c", append(*SUM), None, "a sum is folded to 16 bits (RFC 1071)"),
    "checksum in sim/: a name": (
        "sums", "sim/clocks.c", append("", "int ip_csum(void);"), None,
        "ip_csum: sim/ computes no checksum"),
    "checksum in sim/: an include": (
        "sums", "sim/clocks.c", append('#include "stack/csum.h"'), None,
        "nobody in sim/ a checksum"),
    "CRC outside the adapter": (
        "sums", "sim/wire_peer.c", append("", "int planted = crc32(0, 0, 0);"), None,
        "call sim/wire_frames.c, which has zlib's"),
    "six lines twice": (
        "twice", "sim/clocks.c", append(*SIX, *SIX), None,
        "the same 6 lines stand at sim/clocks.c:"),
    "crossing without synchroniser": (
        "clock", "rtl/top/ly_core.v",
        replace("    // Segmentation would", CROSSING + "    // Segmentation would"), None,
        "a flip-flop of clk_link in u_core is fed by one of clk (rtl/top/ly_core.v:"),
    "asynchronous input": (
        "clock", "rtl/phy/ly_phy_gmii.v",
        replace("    assign o_tx_tick", "    reg planted_q;\n"
                "    always @(posedge clk) planted_q <= gmii_col;\n    assign o_tx_tick"), None,
        "is fed by one of no clock (input gmii_col"),
    "FIFO with its clocks exchanged": (
        "clock", "rtl/top/ly_core.v",
        replace("u_rec_in (\n        .wr_clk(clk_link)", "u_rec_in (\n        .wr_clk(clk)"), None,
        "in u_core.u_rec_in is fed by one of clk_link"),
    "generated file changed by hand": (
        "generated", "driver/nic_regs.h",
        replace("#ifndef LY_DRIVER_NIC_REGS_H", "#ifndef BY_HAND"), None,
        "differs from what rtl/regs/nic.rdl gives: run make regs"),
    "table of planted faults": (
        "planted", "tests/README.md", replace("| ARP asks once |", "| ARP asks twice |"), 1,
        "tests/mutants.py --write writes it"),
    "CI file: a key without its colon": (
        "CI", CI, replace("timeout-minutes: 90", "timeout-minutes 90"), 11,
        "is no key with a value"),
    "CI file: indented by a tab": (
        "CI", CI, replace("    runs-on", "\truns-on"), 10, "a tab"),
    "CI file: indented too far": (
        "CI", CI, replace("      image", "        image"), 15, "indented too far"),
    "CI file: a step that calls nothing": (
        "CI", CI, replace("      - run: .ci/run", "      - run: .ci/runs"), 1,
        "is no program here"),
    "CI file: too long to copy": (
        "CI", CI, append(*["# more"] * 10), 40, "more than 40 lines"),
    "table of clauses": (
        "clauses", "tests/README.md", replace("| RFC 826 | Packet format |", "| RFC 826 | 1 |"),
        None, "tests/clauses.py --write writes it"),
    "clause above nothing": (
        "clauses", "tests/unit/test_arp.c", append("/* Clause: RFC 826 Packet format */"), None,
        "belongs directly above a test function"),
    "clause of a test that nobody runs": (
        "clauses", "tests/unit/test_arp.c",
        replace("        cmocka_unit_test(test_answers),\n", ""), None,
        "test_answers() is not run: put it into the array of tests"),
    "clause without a document": (
        "clauses", "tests/unit/test_arp.c", replace("/* Clause: RFC 5227 2.1.1 */",
                                                    "/* Clause: 2.1.1 */"), None,
        '"2.1.1" is no clause'),
    "two clauses as one": (
        "clauses", "tests/unit/test_arp.c", replace("/* Clause: RFC 5227 2.1.1 */",
                                                    "/* Clause: RFC 5227 2.1.1; RFC 826 A */"),
        None, "is no clause"),
    "clause in a helper": (
        "clauses", "tests/cosim/test_faults.py",
        replace('"""The object as it comes without faults."""', '"""Clause: RFC 9293 3.8"""'),
        None, "_whole() is no test"),
    "MUST of a test that is not there": (
        "clauses", "tests/rfc9293_musts.txt", replace("rst_in_syn_rcvd", "rst_in_syn_sent"), 14,
        "MUST-11: no test unit/test_tcp_rx.c:rst_in_syn_sent"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_is_found(copy, name):
    check, file, fault, line, says = PLANTED[name]
    path = copy / file
    text = path.read_text(encoding="utf-8")
    path.write_text(fault(text), encoding="utf-8")
    try:
        code, said = run_lint(copy, check)
    finally:
        path.write_text(text, encoding="utf-8")
    assert code == 1 and re.fullmatch(r"\d+ passed, 1 failed", said[-1]), said
    ours = [s for s in said if says in s]
    assert ours, said
    where = re.escape(FOUND_IN.get(name, file)) + f":{line or '[0-9]+'}: "
    assert re.match(where, ours[0]), ours[0]


@pytest.mark.parametrize("code", [
    "s = (s & 0xFFFFu) + (s >> 16);", "s += s >> 16;", "s = (s >> 16u) + (uint16_t)s;",
    "s = s / 65536 + s % 65536;", "s %= 0xFFFF;", "if (s > 65535)\n        s -= 65535u;",
    "while (s >> 16)\n        s = (s & 65535) +\n            (s >> 16);"])
def test_ways_to_fold(code):
    assert [what for _, what in lint_sums.faults("sim/x.c", f"f(void)\n{{\n    {code}\n}}\n")]


@pytest.mark.parametrize("code", [
    "p[2] = (uint8_t)(v >> 16);", "if (v >> 16 > 4)\n        n += 1;", "at = a / 4 + b % 4;",
    'fail("a sum of 16 bits: checksum, s + (s >> 16)");', "/* csum: s + (s >> 16) */"])
def test_what_is_no_fold(code):
    assert not list(lint_sums.faults("sim/x.c", f"f(void)\n{{\n    {code}\n}}\n"))


def test_the_line_is_the_right_one(copy):
    """Not merely a number: the 101 columns stand where lint says."""
    path = copy / "stack/eth.c"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n", "\n/* " + "x" * 95 + " */\n", 7), encoding="utf-8")
    try:
        _, said = run_lint(copy, "row")
    finally:
        path.write_text(text, encoding="utf-8")
    places = [s.split(": ")[0] for s in said if "101 columns" in s]
    assert places == [f"stack/eth.c:{2 * i}" for i in range(1, 8)]


def test_long_function_is_a_note(copy):
    path = copy / "stack/eth.c"
    text = path.read_text(encoding="utf-8")
    path.write_text(append(*SIXTY)(text), encoding="utf-8")
    try:
        code, said = run_lint(copy, "row")
    finally:
        path.write_text(text, encoding="utf-8")
    assert code == 0, said
    assert any(re.match(r"stack/eth\.c:\d+: note: function of 61 lines", s) for s in said), said


def test_the_house_is_in_order(copy):
    """What is not planted is not found, in a tree without history and without anything built."""
    code, said = run_lint(copy, "")
    assert code == 0, said
    assert said[-1] == f"{len(list(lint.house_checks()))} passed, 0 failed"


@pytest.mark.parametrize("output,finding", [
    ("sim/a.c: In function 'f':\nsim/a.c:3:5: error: too few\n    3 | f();\n      | ^\n",
     "sim/a.c:3: error: too few"),
    ("In file included from sim/b.c:1:\n./sim/a.h:9:1: warning: unused [-Wx]\nsim/a.c:3:5: note: x",
     "./sim/a.h:9: warning: unused [-Wx]"),
    ("%Warning-WIDTH: rtl/a/b.v:12:3: Operator ADD\n                   : ... In instance\n",
     "rtl/a/b.v:12: Warning-WIDTH: Operator ADD"),
    ("rtl/a/b.v:7: error: Unknown module type: x\n", "rtl/a/b.v:7: error: Unknown module type: x"),
    (".ci/run: line 8: syntax error near `fi'\n.ci/run: line 8: `fi'\n",
     ".ci/run:8: syntax error near `fi'"),
    ("tools/deps.sh: 12: Syntax error: end of file\n",
     "tools/deps.sh:12: Syntax error: end of file"),
    ('  File "tools/x.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n\n',
     "tools/x.py:3: SyntaxError: invalid syntax"),
    ("clang is missing: make deps", "a check: clang is missing: make deps"),
], ids=lambda value: "" if "\n" in value else value[:24])
def test_one_line_per_finding(output, finding):
    assert lint.findings(lint.Check("a check", []), output)[0] == finding


def test_flags_are_asked_for(monkeypatch):
    """Without make's flags the whole of lint does not pass for want of them."""
    for name in [n for n in os.environ if n.startswith("LY_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit, match="run make lint"):
        list(lint.all_checks())
