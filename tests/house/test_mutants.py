# SPDX-License-Identifier: Apache-2.0
"""tests/mutants.py is tested: what does not build is not caught, and no module is forgotten."""
import mutants
import pytest
from mutants import Mutant

SKID = ("rtl/lib/ly_skid.v", "skid_valid_q <= s_valid;")
FCS = ("rtl/mac/ly_fcs.v", "{32{x[7]}} & 32'hEDB8_8320")
# By what the fault looks like: whether it builds.
PLANTED = {
    "a proof: a name that is not there": (
        Mutant("", *SKID, "skid_valid_q <= planted;", "formal/ly_skid"), False),
    "a proof: no Verilog, within its properties": (
        Mutant("", SKID[0], "`ifdef FORMAL", "`ifdef FORMAL\n    planted", "formal/ly_skid"),
        False),
    "a proof: no Verilog": (
        Mutant("", *SKID, "skid_valid_q <= ;", "formal/ly_skid"), False),
    "a bench: a name that is not there": (
        Mutant("", *FCS, "{32{planted}}", "rtl/fcs"), False),
    "a bench: no Verilog": (Mutant("", *FCS, "{32{", "rtl/fcs"), False),
    "a proof": (Mutant("", *SKID, "skid_valid_q <= 1'b0;", "formal/ly_skid"), True),
    "a bench": (Mutant("", *FCS, "{32{x[7]}} & 32'hEDB8_8321", "rtl/fcs"), True),
}


@pytest.fixture(scope="module")
def healthy():
    """What tests say without a fault: once for all."""
    return {}


@pytest.mark.parametrize("name", PLANTED)
def test_what_does_not_build_is_not_caught(copy, healthy, monkeypatch, name):
    mutant, builds = PLANTED[name]
    before = (copy / mutant.file).read_text(encoding="utf-8")
    monkeypatch.setattr(mutants, "TREE", copy)
    wrong = mutants.try_mutant(mutant, healthy)
    assert (wrong or "caught").startswith("caught" if builds else "does not build:\n"), wrong
    assert (copy / mutant.file).read_text(encoding="utf-8") == before


def test_no_module_is_forgotten(monkeypatch, capsys):
    assert not list(mutants.uncovered())
    rest = [m for m in mutants.MUTANTS if m.file != "rtl/link/ly_crc8.v"]
    monkeypatch.setattr(mutants, "MUTANTS", rest)
    assert list(mutants.uncovered()) == [
        "rtl/link/ly_crc8.v:1: no fault is planted here: a row of tests/mutants.py, or a reason"]
    monkeypatch.setattr(mutants, "with_table", lambda text: text)
    assert mutants.table(write=False) == 1
    assert "rtl/link/ly_crc8.v:1:" in capsys.readouterr().out


@pytest.mark.parametrize("file, says", [("rtl/lib/ly_skid.v", "a row and a reason"),
                                        ("rtl/lib/ly_gone.v", "is not there")])
def test_reasons_are_not_stale(monkeypatch, file, says):
    monkeypatch.setitem(mutants.WITHOUT, file, "")
    wrong = list(mutants.uncovered())
    assert len(wrong) == 1 and file in wrong[0] and says in wrong[0]
