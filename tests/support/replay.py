# SPDX-License-Identifier: Apache-2.0
"""How to see a failure again: the seed of the run, and the command lines of a test that failed.

A conftest.py that imports the two hooks has them shown below each failure. `make test ONLY=...
LY_SEED=...`, which repeats the whole job, is printed by tests/run.py.
"""
import os
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = []               # every lanyard that this process has started
STARTED = pytest.StashKey()  # how many there were before a test


def seed():
    """LY_SEED, 1 without it."""
    return int(os.environ.get("LY_SEED", "1"), 0)


def seeds(count):
    """That many, from the seed of the run on."""
    return range(seed(), seed() + count)


def note(argv):
    """Remember a command line: as it is typed in the root of the checkout."""
    COMMANDS.append(shlex.join(argv).replace(f"{ROOT}/", ""))


def pytest_runtest_setup(item):
    item.stash[STARTED] = len(COMMANDS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """The command lines of this test; where it has none, those of its fixtures came last."""
    report = yield
    if report.failed:
        commands = COMMANDS[item.stash.get(STARTED, 0):] or COMMANDS[-3:]
        if commands:
            report.sections.append((f"again, LY_SEED={seed()}", "\n".join(commands)))
    return report
