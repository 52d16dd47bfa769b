# SPDX-License-Identifier: Apache-2.0
"""make bench starts: with the Python that it names, its script finds all that it needs."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_script_starts():
    plan = subprocess.run(["make", "-n", "bench"], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    (python,) = re.findall(r"(\S*python\S*) tests/support/bench\.py", plan)
    code = "import sys; sys.path.insert(0, 'tests/support'); import bench; bench.main"
    done = subprocess.run([python, "-c", code], cwd=ROOT, check=False, text=True,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
