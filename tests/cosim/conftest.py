# SPDX-License-Identifier: Apache-2.0
"""Co-simulation by the program itself: two NICs back to back, virtual time, no namespaces."""
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from replay import pytest_runtest_makereport, pytest_runtest_setup  # noqa: E402,F401


@pytest.fixture(autouse=True)
def sockets_in_tmp(tmp_path_factory, monkeypatch):
    """Relative, so that it is short wherever this tree lies: a socket's name has 108 bytes."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LANYARD_RUN_DIR", os.environ.get("LANYARD_RUN_DIR")
                       or os.path.relpath(tmp_path_factory.mktemp("s"), ROOT))
