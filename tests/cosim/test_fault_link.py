# SPDX-License-Identifier: Apache-2.0
"""--fault-link on the peer wire: whatever happens between driver and NIC, the bytes arrive or one
line says what is wrong; the counters are the plan's; nothing hangs, nothing leaks (the program
asserts that its pools are full again)."""
from collections import Counter
from hashlib import sha256

import judge
import program
import pytest

URL = "http://peer/img/large.png"
PATH = "img/large.png"
BAD_LINK = "loss=2%,dup=2%,reorder=4%,resync=1%,delay=20,jitter=10,reg-delay=50,event-delay=50"
# Of this page's frames; each comes, in both directions.
KINDS = ("loss", "dup", "reorder", "resync")


def fetch(tmp_path, plan, *options, seed=1, name="a", url=URL, pcap=True):
    return program.run(["--wire", "peer", "--seed", str(seed), "--mac", program.MAC,
                        "--fault-link", plan, *options],
                       ["fetch", "-o", str(tmp_path / name), url],
                       tmp_path / f"{name}.pcapng" if pcap else None)


def body(tmp_path, name="a"):
    return sha256((tmp_path / name / PATH).read_bytes()).hexdigest()


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    program.run(["--wire", "peer"], ["fetch", "-o", str(folder / "a"), URL]).check()
    return body(folder)


def assert_counted(stats):
    """Driver and model on the two sides of the plan: what is between them is what it says."""
    lost = {way: stats[f"link.fault_{way}_loss"] + stats[f"link.fault_{way}_resync"]
            for way in ("tx", "rx")}
    assert (stats["phy.tx_frames"]
            == stats["driver.tx_frames"] - lost["tx"] + stats["link.fault_tx_dup"])
    assert (stats["driver.rx_frames"]
            == stats["phy.rx_frames"] - lost["rx"] + stats["link.fault_rx_dup"])
    assert stats["driver.ev_device_errors"] == (stats["link.fault_tx_resync"]
                                                + stats["link.fault_rx_resync"])


@pytest.mark.parametrize("offload", ["all", "none"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_bad_link(tmp_path, whole, seed, offload):
    got = fetch(tmp_path, BAD_LINK, "--offload", offload, seed=seed).check()
    assert body(tmp_path) == whole
    assert_counted(got.stats)
    planted = Counter()
    judge.assert_good(got.pcap, at_least=100, planted=planted)  # the wire itself is good
    assert not planted
    assert sum(got.stats[f"link.fault_{way}_{kind}"] for way in ("tx", "rx") for kind in KINDS) > 5


@pytest.mark.parametrize("seed", range(1, 6))
def test_changed_bits(tmp_path, whole, seed):
    """Without offload the checksums end in the stacks, so every changed bit is found."""
    got = fetch(tmp_path, "corrupt=3%,loss=1%", "--offload", "none", seed=seed).check()
    assert body(tmp_path) == whole
    assert got.stats["link.fault_rx_corrupt"] > 0


def test_changed_bit_behind_the_verdict(tmp_path, whole):
    """With receive offload nobody looks again: the price of an unprotected link, shown."""
    got = fetch(tmp_path, "rx.corrupt=@40").check()
    assert got.stats["link.fault_rx_corrupt"] == 1
    assert body(tmp_path) != whole


def test_wire_and_link(tmp_path, whole):
    got = fetch(tmp_path, BAD_LINK, "--fault", "loss=2%,corrupt=2%,dup=2%,reorder=2%").check()
    assert body(tmp_path) == whole
    assert got.stats["wire.fault_rx_corrupt"] == got.stats["nic.rx_fcs_errors"] > 0


def test_same_plan_same_run(tmp_path):
    first, again, whole = (fetch(tmp_path, "dup=5%,reorder=5%,delay=20,jitter=10", *more,
                                 seed=3, name=name).check()
                           for name, more in (("a", ()), ("b", ()), ("c", ("--no-skip",))))
    assert first.pcap.read_bytes() == again.pcap.read_bytes() == whole.pcap.read_bytes()
    assert first.stats == again.stats


def test_everything_twice(tmp_path, whole):
    fetch(tmp_path, "dup=100%").check()
    assert body(tmp_path) == whole


def test_recorded(tmp_path):
    """A run over a bad link comes again, link and all, from what reached the NIC."""
    got = fetch(tmp_path, BAD_LINK, "--record", str(tmp_path / "tape")).check()
    again = program.run([], ["replay", str(tmp_path / "tape")], tmp_path / "b.pcapng").check()
    assert again.pcap.read_bytes() == got.pcap.read_bytes()


# ------------------------------------------------------------------- registers and events

def test_lost_answer_is_asked_again(tmp_path, whole):
    got = fetch(tmp_path, "reg-loss=@3").check()
    assert got.stats["link.fault_rx_reg_loss"] == 1
    assert body(tmp_path) == whole


@pytest.mark.parametrize("plan,words", [
    ("reg-loss=100%", "does not answer for register ID"),
    ("reg-loss=@5-", "does not answer for register CLK_HZ"),
    ("event-loss=100%", "no answer from the NIC in 3000 ms"),
])
def test_never_up(tmp_path, plan, words):
    assert words in fetch(tmp_path, plan).check(program.FAILED).one_line()


def test_answers_too_late(tmp_path):
    assert "does not answer" in fetch(tmp_path, "reg-delay=2500000").check(program.TIMEOUT) \
        .one_line()


def test_counters_without_an_answer(tmp_path, whole):
    """The page is there; only the counters could not be read."""
    got = fetch(tmp_path, "reg-loss=@20").check(program.TIMEOUT)
    assert "counters could not be read" in got.one_line()
    assert body(tmp_path) == whole


# --------------------------------------------------------------------------------- gone

@pytest.mark.parametrize("offload", ["all", "none"])
@pytest.mark.parametrize("plan", ["rx.gone@60", "tx.gone@20", "gone@30,delay=100,reorder=20%",
                                  "rx.gone@1", "tx.gone@1"])
def test_gone(tmp_path, plan, offload):
    """In mid-transfer, with frames on their way: one line, exit 1, and every packet back."""
    got = fetch(tmp_path, plan, "--offload", offload).check(program.FAILED)
    assert "NIC is gone (link sim)" in got.one_line()
    assert got.stats["link.fault_rx_gone"] + got.stats["link.fault_tx_gone"] == 1


def test_refused(tmp_path):
    """Before a file of the user's is touched."""
    (tmp_path / "a.pcapng").write_text("mine")
    for plan in ("flap@3:5", "corrupt-inner=5%", "lose=5%", ""):
        got = fetch(tmp_path, plan).check(program.USAGE)
        assert "--fault-link: " in got.one_line() and "no fault" in got.one_line()
    assert (tmp_path / "a.pcapng").read_text() == "mine"
