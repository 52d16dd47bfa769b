# SPDX-License-Identifier: Apache-2.0
"""The tools of this project, as modules, and a copy of the tree to spoil."""
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tools", "tests", "tests/support")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout without what is built; the Python packages are linked."""
    tree = tmp_path_factory.mktemp("copy") / "tree"
    skip = shutil.ignore_patterns("build", ".git", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=skip, symlinks=True)
    (tree / "build").mkdir()
    (tree / "build/venv").symlink_to(ROOT / "build/venv")
    return tree
