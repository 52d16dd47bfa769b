# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the interop tests. run.py starts each file in namespaces of its own."""
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import netns  # noqa: E402  (found through the line above)
import page  # noqa: E402
import program  # noqa: E402
import servers  # noqa: E402
from replay import pytest_runtest_makereport, pytest_runtest_setup  # noqa: E402,F401

NEAR = ["--wire", f"packet:{netns.NEAR_IF}", "--mac", program.MAC,
        "--addr", f"{netns.NEAR_ADDR}/{netns.PREFIX_LEN}",
        "--gw", netns.FAR_ADDR, "--dns", netns.FAR_ADDR]


def pytest_sessionstart(session):
    """Without namespaces nothing here may run: it would find the machine's own network."""
    if not netns.inside():
        pytest.exit("interop tests run in namespaces: make test ONLY=interop", 3)


@pytest.fixture(scope="session")
def far():
    """The topology of support/netns.py; the options that lanyard needs at its near end."""
    os.chdir(ROOT)
    netns.build()
    return NEAR


class Site:
    """nginx and NSD at the far end, and what they serve."""

    def __init__(self, folder, files, log):
        self.folder, self.files, self.log = folder, files, log
        self.url = f"http://{servers.NAME}/"

    def requests(self):
        return servers.requests(self.log)


@pytest.fixture(scope="session")
def site(far):  # pylint: disable=unused-argument
    folder = Path("/run/pages")
    files = page.make(folder)
    with servers.nginx(folder) as log, servers.nsd():
        yield Site(folder, files, log)
