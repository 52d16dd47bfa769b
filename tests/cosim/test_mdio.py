# SPDX-License-Identifier: Apache-2.0
"""--phy, --partner and `lanyard mdio`: a run over a PHY that negotiates, looked at from outside."""
import capture
import looking
import program
import pytest

PING = ["ping", "-c", "1000000", "-i", "0.01", "peer"]
PHY = ["--wire", "peer", "--phy"]
WALL = [*PHY, "rtl8211", "--time", "wall", "--json"]
ANAR, ANLPAR, BMSR, ID1, SPARE = 4, 5, 1, 2, 7


@pytest.fixture(name="run_dir", autouse=True)
def _run_dir(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("LANYARD_RUN_DIR", str(folder))


@pytest.mark.parametrize("phy", ("generic", "ksz9031", "rtl8211", "88e1512"))
def test_a_run_over_each_phy(phy, tmp_path):
    """It comes up, carries frames, and repeats itself: by its seed and from its recording."""
    seen = []
    for _ in range(2):
        pcap, tape = tmp_path / "a.pcapng", tmp_path / "a.tape"
        program.run([*PHY, phy, "--seed", "7", "--pcap", str(pcap), "--record", str(tape)],
                    ["ping", "-c", "2", "peer"]).check()
        seen.append(pcap.read_bytes())
        (told,) = program.run([], ["replay", str(tape)]).check().told("replay")
        assert told["identical"]
    assert seen[0] == seen[1]


def test_no_link():
    """Nothing in common, no cable: one line, and the exit code of a time-out."""
    for partner in ("none", "1000hd"):
        got = program.run([*PHY, "generic", "--partner", partner], ["ping", "-c", "1", "peer"])
        assert got.code == program.TIMEOUT and "the link does not come up" in got.err


@pytest.mark.parametrize("phy, partner, wire, octet_ns", [
    ("lan8720", "all", "peer", 80), ("generic", "1000fd", "peer", 8),
    ("88e1512", "100fd,10fd", "switch:3", 80), ("generic", "10fd", "peer", 800),
    ("generic", "fixed:10hd", "hub:3", 800), ("ksz9031", "fixed:100hd", "hub:2", 80)])
def test_the_wire_has_the_speed(tmp_path, phy, partner, wire, octet_ns):
    """What was agreed on is how long an octet lasts, whatever the profile; and it replays."""
    tape = tmp_path / "tape"
    got = program.run(["--wire", wire, "--phy", phy, "--partner", partner, "--seed", "5",
                       "--record", str(tape)],
                      ["ping", "-c", "3", "-i", "0.02", "-s", "1400", "peer"],
                      tmp_path / "a.pcapng").check()
    assert got.events[-1]["received"] == 3
    program.assert_no_errors(got)
    assert got.stats["phy.tx_withheld"] == got.stats["phy.rx_withheld"] == 0
    whole = [p for p in capture.packets(got.pcap) if len(p.data) == 1400 + 8 + 20 + 14 + 4]
    there, back = whole[-2:]
    times = 3 if wire.startswith("switch") else 1           # it stores what comes, each way
    least = times * len(there.data) * octet_ns
    assert least < back.time_ns - there.time_ns < least + times * 120 * octet_ns + 30000
    (told,) = program.run([], ["replay", str(tape)]).check().told("replay")
    assert told["identical"]


@pytest.mark.parametrize("nic, phy", [("gmii", "lan8720"), ("mii", "generic")])
def test_faults_have_the_speed_too(tmp_path, nic, phy):
    """A plan that hits nothing: whatever the profile's speed was, all frames go on whole."""
    got = program.run(["--wire", "peer", "--nic", f"sim:{nic}", "--phy", phy, "--fault",
                       "loss=@100000"], ["ping", "-c", "3", "-i", "0.02", "-s", "1400", "peer"],
                      tmp_path / "a.pcapng").check()
    assert got.events[-1]["received"] == 3
    program.assert_no_errors(got)


@pytest.mark.parametrize("wire, partner, line", [
    ("peer", "100hd", "half duplex: only --wire hub"), ("slirp", "fixed:10fd", "half duplex"),
    ("hub", "all", "full duplex: on a hub")])
def test_duplex_that_does_not_fit(wire, partner, line):
    got = program.run(["--wire", wire, "--phy", "generic", "--partner", partner],
                      ["ping", "-c", "1", "10.9.0.2"])
    assert got.code == program.USAGE and line in got.err


def test_gigabit_needs_a_fast_core():
    """This model's CLK_HZ says 125 MHz, so the driver offers it; the profile's clock has 24."""
    slow = ["--nic", "sim:up5k", *PHY]
    got = program.run([*slow, "generic"], ["ping", "-c", "1", "peer"])
    assert got.code == program.USAGE
    assert "1000 Mbit/s: the core of sim:up5k is too slow for it" in got.err
    program.run([*slow, "generic", "--partner", "100fd"], ["ping", "-c", "1", "peer"]).check()


def test_duplex_that_fits_no_more():
    """Another hand has our PHY offer half duplex alone, at the same speed: the run ends."""
    with looking.running([*PHY, "generic", "--partner", "100fd,100hd", "--time", "wall"],
                         PING) as child:
        for reg, value in (ANAR, "0x81"), (0, "0x1200"):
            looking.ask("mdio", "1", str(reg), value)
        _, err = child.communicate(timeout=looking.PATIENCE_S)
    assert child.returncode == program.FAILED
    assert "agreed on half duplex: only --wire hub tells it of collisions (--partner)" in err


def test_options():
    for argv in ([*PHY, "nothing"], [*PHY, "generic", "--partner", "fast"],
                 ["--wire", "peer", "--partner", "all"]):
        got = program.run(argv, ["ping", "-c", "1", "peer"])
        assert got.code == program.USAGE and got.err.startswith("lanyard: --p")


def nobody(line, *questions):
    """Each ends with that line as its error, with and without --json."""
    for question in questions:
        for flags in ([], ["--json"]):
            got = looking.ask("mdio", *question, *flags)
            assert (got.returncode, got.stdout) == (program.FAILED, ""), (question, flags, got)
            assert got.stderr == f"lanyard: {line}", (question, flags)


def test_mdio_of_a_fixed_link():
    """Nobody is behind the pins, and the line says how to have somebody there."""
    with looking.running(["--wire", "peer", "--time", "wall", "--json"], PING):
        nobody("the link is fixed and no PHY is asked: start the run with --phy NAME\n",
               [], ["1"], ["1", "2"], ["1", str(SPARE), "1"])


def test_mdio():
    with looking.running(WALL, PING):
        assert looking.rows("mdio") == [{"phy": 1, "id": 0x001CC916}]
        regs = {r["reg"]: r["value"] for r in looking.rows("mdio", "1")}
        assert len(regs) == 32 and regs[ID1] == 0x001C and regs[ANAR] == 0x0DE1
        assert regs[ANLPAR] == 0x4DE1 and regs[BMSR] is None      # reading it would act
        (status,) = looking.rows("mdio", "1", "1")
        assert status["value"] & 0x24 == 0x24                     # link, complete
        assert looking.rows("mdio", "1", str(SPARE), "0xA53C")[0]["value"] == 0xA53C
        assert looking.rows("mdio", "1", str(SPARE))[0]["value"] == 0xA53C
        nobody("no PHY answers at address 2\n", ["2"], ["2", "2"], ["2", "2", "0x1234"])
        assert looking.rows("mdio", "1", str(SPARE))[0]["value"] == 0xA53C
        assert looking.rows("regs", "LINK_CTRL")[0]["value"] == 0x3B
        for argv in (["32"], ["1", "32"], ["1", "2", "65536"], ["x"], ["1", "2", "3", "4"]):
            got = looking.ask("mdio", *argv)
            assert (got.returncode, got.stdout) == (program.USAGE, ""), argv


def test_not_in_virtual_time():
    with looking.running([*PHY, "generic", "--json"], ["ping", "-c", "100000000", "peer"]):
        got = looking.ask("mdio")
        assert got.returncode == program.FAILED and "--time wall" in got.stderr
