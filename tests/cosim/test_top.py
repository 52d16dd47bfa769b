# SPDX-License-Identifier: Apache-2.0
"""--nic sim:@TOP: somebody else's NIC behind the pins of ly_top_sim; here, the example."""
import judge
import program
import pytest
import replay

MINI = "sim:@ly_top_mini"


@pytest.fixture(autouse=True)
def of_the_main_tree(monkeypatch):
    """Other tops are built for build/bin only."""
    monkeypatch.setattr(program, "LANYARD", str(program.ROOT / "build/bin/lanyard"))


def fetch(pcap, *options, wire="peer"):
    return program.run(["--nic", MINI, "--wire", wire, "--mac", program.MAC, "--seed",
                        str(replay.seed()), *options], ["fetch", "http://peer/"], pcap).check()


@pytest.mark.parametrize("wire", ["peer", "switch:3"])
def test_page(tmp_path, wire):
    got = fetch(tmp_path / "a", wire=wire)
    assert [s for s, _ in program.objects(got).values()] == 4 * [200]
    judge.assert_good(got.pcap, at_least=100)
    program.assert_balance(got)


def test_nothing_depends_on_skipping(tmp_path):
    first, whole = fetch(tmp_path / "a"), fetch(tmp_path / "b", "--no-skip")
    assert first.pcap.read_bytes() == whole.pcap.read_bytes()


def test_it_is_another_one(tmp_path):
    """Its queue of 4 KiB holds less, and its own PHY side has another delay: other times."""
    ours = program.run(["--wire", "peer", "--mac", program.MAC, "--seed", str(replay.seed())],
                       ["fetch", "http://peer/"], tmp_path / "b").check()
    mini = fetch(tmp_path / "a")
    assert mini.pcap.read_bytes() != ours.pcap.read_bytes()
    assert program.objects(mini) == program.objects(ours)


def test_refused(tmp_path):
    absent = program.run(["--nic", "sim:@absent", "--wire", "peer"], ["dig", "peer"])
    assert "make top" in absent.check(program.MISSING).one_line()
    for options in (["--nic", "sim:@"], ["--nic", "sim:@../x"], ["--nic", MINI, "--fst", "x"],
                    ["--nic", MINI, "--record", str(tmp_path / "t")]):
        program.run([*options, "--wire", "peer"], ["dig", "peer"]).check(program.USAGE).one_line()
    same = program.run(["--nic", "sim:@ly_top_sim", "--wire", "peer"], ["dig", "peer"])
    same.check()
