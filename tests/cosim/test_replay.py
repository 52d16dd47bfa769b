# SPDX-License-Identifier: Apache-2.0
"""--record and `lanyard replay`: the run comes again, edge by edge; whatever differs is found, at
its time; a recording that is cut, damaged or none is told in one line."""
import os
import signal
import subprocess
import time

import capture
import program
import pytest
import tape

URL = "http://peer/img/large.png"
FAULTS = "loss=2%,corrupt=2%,dup=2%,reorder=2%"


def record(folder, *options, url=URL):
    """A run with a recording beside its capture."""
    got = program.run(["--wire", "peer", "--seed", "5", "--record", str(folder / "tape"),
                       *options], ["fetch", url], folder / "run.pcapng").check()
    return got, folder / "tape"


def replay(path, *options, pcap=None):
    return program.run(options, ["replay", str(path)], pcap)


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory):
    """One run, its recording, and every edge of it as the twin reads it."""
    got, path = record(tmp_path_factory.mktemp("run"))
    raw = path.read_bytes()
    return got, path, raw, list(tape.edges(raw))


def told(result):
    return result.told("replay")[0]


# ------------------------------------------------------------------- what is recorded

def test_twin_reads_what_the_capture_has(run):
    """Every octet at the PHY, read from the pins by other code, is the capture's."""
    got, _, raw, _ = run
    assert sorted(tape.frames(raw)) == sorted(p.data for p in capture.packets(got.pcap))


def test_twin_counts_what_replay_counts(run):
    _, path, raw, edges = run
    to_nic, from_nic = tape.link_bytes(raw)
    said = told(replay(path).check())
    assert (said["bytes_to_nic"], said["bytes_from_nic"]) == (len(to_nic), len(from_nic))
    assert said["evaluated"] == len(edges)
    assert said["time_ps"] == edges[-1].ps


def test_recording_changes_nothing(run, tmp_path):
    got = run[0]
    plain = program.run(["--wire", "peer", "--seed", "5"], ["fetch", URL],
                        tmp_path / "plain.pcapng").check()
    assert plain.pcap.read_bytes() == got.pcap.read_bytes()
    assert plain.out == got.out


def test_same_run_same_recording(run, tmp_path):
    assert record(tmp_path)[1].read_bytes() == run[2]


# ------------------------------------------------------------------------- the run again

def assert_identical(got, path, tmp_path, *options):
    again = replay(path, *options, pcap=tmp_path / "again.pcapng").check()
    said = told(again)
    assert said["identical"] and said["whole"] and said["same_rtl"]
    assert again.pcap.read_bytes() == got.pcap.read_bytes()
    assert said["frames_in"] == got.stats["phy.rx_frames"]
    assert said["frames_out"] == got.stats["phy.tx_frames"]
    return said


@pytest.mark.parametrize("options", [(), ("--no-skip",), ("--fault", FAULTS),
                                     ("--offload", "none", "--fault", "rx.corrupt-inner=3%")],
                         ids=["plain", "no-skip", "faults", "inner"])
def test_identical(tmp_path, options):
    """The capture too, byte for byte, with the comments on frames that were spoiled."""
    got, path = record(tmp_path, *options)
    said = assert_identical(got, path, tmp_path)
    assert said["evaluated"] <= got.stats["phy.core_evaluated"]


def test_skipped_cycles_evaluated(run, tmp_path):
    """What the run left out is evaluated, and nothing changes."""
    got, path, _, _ = run
    said = assert_identical(got, path, tmp_path, "--no-skip")
    assert said["evaluated"] == said["cycles"] > len(run[3])


def test_wall_time(tmp_path):
    """On a wire of this process, where the model's time follows the wall's."""
    got, path = record(tmp_path, "--time", "wall")
    assert_identical(got, path, tmp_path)


def test_text(run):
    """What a person sees."""
    done = subprocess.run([program.LANYARD, "--stats", "replay", str(run[1])], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (program.DONE, "")
    first = done.stdout.splitlines()[0]
    assert first.startswith("replay: compared ") and first.endswith(": identical")
    assert "phy    rx_frames" in done.stdout


# ----------------------------------------------------------------------- what differs

def find(edges, group, skip, on):
    """The edge at which this group changes to a byte that counts, after `skip` others."""
    found = [e for e in edges if group in e.at and on(e.pins)]
    return found[skip]


def changed(run, tmp_path, edge, group, mask):
    raw = tape.with_byte(run[2], edge.at[group], edge.pins[group] ^ mask)
    (tmp_path / "other").write_bytes(raw)
    return replay(tmp_path / "other").check(program.FAILED)


@pytest.mark.parametrize("group,side,on", [
    (tape.TXD, "PHY", lambda p: p[tape.OUT] & tape.TX_EN),
    (tape.M_DATA, "link", lambda p: p[tape.OUT] & tape.M_VALID),
], ids=["PHY", "link"])
@pytest.mark.parametrize("skip", [0, 1000])
def test_another_output(run, tmp_path, group, side, on, skip):
    """The tape says another byte than the NIC sends: found at that edge, with both bytes."""
    edge = find(run[3], group, skip, on)
    got = changed(run, tmp_path, edge, group, 0x10)
    said = told(got)
    assert not said["identical"]
    assert (said["time_ps"], said["side"]) == (edge.ps, side)
    assert f"0x{edge.pins[group] ^ 0x10:02x}" in said["expected"]
    assert f"0x{edge.pins[group]:02x}" in said["got"]
    assert f"at {edge.ps // 10**6}.{edge.ps % 10**6:06} us, {side} side" in got.one_line()


def test_another_symbol_in(run, tmp_path):
    """One octet of a frame that came is another: its FCS is wrong, so the NIC drops it, and
    the record before it is the last of its batch. That is seen soon after the frame's end."""
    edges = run[3]
    data = find(edges, tape.RXD, 40000, lambda p: p[tape.IN] & tape.RX_DV)
    end = next(e for e in edges if e.ps > data.ps and not e.pins[tape.IN] & tape.RX_DV)
    said = told(changed(run, tmp_path, data, tape.RXD, 1))
    assert said["side"] == "link"
    assert " last" in said["got"] and " last" not in said["expected"]
    assert end.ps < said["time_ps"] < end.ps + 2 * 10**6


def test_keep_going(run, tmp_path):
    """Past the difference, to the end: the capture is the run's but for that one frame."""
    got, _, raw, edges = run
    data = find(edges, tape.RXD, 40000, lambda p: p[tape.IN] & tape.RX_DV)
    (tmp_path / "other").write_bytes(tape.with_byte(raw, data.at[tape.RXD],
                                                    data.pins[tape.RXD] ^ 1))
    again = program.run([], ["replay", "-k", str(tmp_path / "other")],
                        tmp_path / "again.pcapng").check(program.FAILED)
    said, first = told(again), told(replay(tmp_path / "other").check(program.FAILED))
    assert (said["time_ps"], said["side"]) == (first["time_ps"], first["side"])
    assert said["bytes_to_nic"] == told(replay(run[1]).check())["bytes_to_nic"]
    pairs = list(zip(capture.packets(got.pcap), capture.packets(again.pcap), strict=True))
    assert sum(a.data != b.data for a, b in pairs) == 1
    assert all(a.time_ns == b.time_ns for a, b in pairs)


def test_keep_going_skips(run, tmp_path):
    """Behind the difference too, where the NIC rests; evaluated or not, the bytes are the same."""
    edges = run[3]
    data = find(edges, tape.RXD, 1000, lambda p: p[tape.IN] & tape.RX_DV)
    (tmp_path / "other").write_bytes(tape.with_byte(run[2], data.at[tape.RXD],
                                                    data.pins[tape.RXD] ^ 1))
    said, pcaps = [], []
    for options in ([], ["--no-skip"]):
        pcaps.append(tmp_path / f"{len(pcaps)}.pcapng")
        got = program.run(options, ["replay", "-k", str(tmp_path / "other")], pcaps[-1])
        said.append(told(got.check(program.FAILED)))
    assert pcaps[0].read_bytes() == pcaps[1].read_bytes()
    skipping, all_of_it = (s.pop("evaluated") for s in said)
    assert said[0] == said[1]
    assert all_of_it == said[1]["cycles"] > 1.5 * len(edges)
    assert skipping < 1.1 * len(edges)


def test_another_byte_to_the_nic(run, tmp_path):
    """A byte of a frame that is sent: it is seen on the wire when its octet's turn comes."""
    edges = run[3]
    data = find(edges, tape.S_DATA, 2000, lambda p: p[tape.IN] & tape.S_VALID)
    said = told(changed(run, tmp_path, data, tape.S_DATA, 1))
    assert data.ps < said["time_ps"] < data.ps + 20 * 10**6


def test_other_rtl_is_told(run, tmp_path):
    (tmp_path / "other").write_bytes(tape.with_rtl(run[2], b"0123456789abcdef"))
    said = told(replay(tmp_path / "other").check())
    assert said["identical"] and not said["same_rtl"]


# ----------------------------------------------------------------- files as they should not be

def test_killed_run(tmp_path):
    """What was recorded before the kill is played, and said to be not all."""
    path = tmp_path / "tape"
    argv = [program.LANYARD, "--wire", "peer", "--time", "wall", "--record", str(path),
            "ping", "-c", "1000", "-i", "0.01", "peer"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not (path.exists() and path.stat().st_size > 30000):
            assert time.monotonic() < deadline and child.poll() is None
            child.stdout.readline()
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == -signal.SIGKILL
    said = told(replay(path).check())
    assert said["identical"] and not said["whole"] and said["frames_out"] >= 10


def test_cut_inside_a_frame(run, tmp_path):
    """A frame that was sent while another one came, which never ended: it is in the capture."""
    edges, seen = run[3], 0
    for before, edge in zip(edges, edges[1:]):
        fell = before.pins[tape.OUT] & ~edge.pins[tape.OUT] & tape.TX_EN
        if not (fell and edge.pins[tape.IN] & tape.RX_DV and seen < 5):
            continue
        seen += 1
        nearby = next(e for e in edges if e.ps > edge.ps + 2 * tape.EDGE_PS and tape.RXD in e.at)
        (tmp_path / "cut").write_bytes(tape.cut_at(run[2], nearby.at[tape.RXD] - 1))
        again = replay(tmp_path / "cut", pcap=tmp_path / "cut.pcapng").check()
        said = told(again)
        assert said["identical"] and not said["whole"]
        assert len(capture.packets(again.pcap)) == said["frames_in"] + said["frames_out"]
    assert seen == 5


@pytest.mark.parametrize("make,word", [
    (lambda raw: b"", "no recording"),
    (lambda raw: os.urandom(4096), "no recording"),
    (lambda raw: raw[:40], "no recording"),
    (lambda raw: raw[:8] + b"\x09" + raw[9:], "version 9"),
    (lambda raw: raw[:30] + b"\xff" + raw[31:], "damaged head"),
    (lambda raw: raw[:len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 1])
     + raw[len(raw) // 2 + 1:], "damaged"),
    (lambda raw: raw[:tape.HEAD], "not one edge"),
    (lambda raw: raw[:tape.HEAD + 100], "not one edge"),
], ids=["empty", "garbage", "short", "version", "head", "middle", "head only", "half a block"])
def test_refused(run, tmp_path, make, word):
    (tmp_path / "bad").write_bytes(make(run[2]))
    assert word in replay(tmp_path / "bad").check(program.FAILED).one_line()


def test_usage(run):
    replay("/nonexistent").check(program.FAILED).one_line()
    program.run([], ["replay"]).check(program.USAGE).one_line()


@pytest.mark.parametrize("options", [
    ["--fault", "loss=1%"], ["--fault-link", "loss=1%"], ["--record", "x"], ["--pcap-far", "x"],
    ["--wire", "hub"], ["--wire", "slirp"], ["--time", "wall"], ["--seed", "5"], ["--ppm", "1"],
    ["--phy", "generic"], ["--addr", "10.9.0.1/24"], ["--gw", "10.9.0.2"], ["--dns", "10.9.0.2"],
    ["--mac", program.MAC], ["--offload", "none"], ["--nic", "sim:mii"],
], ids=" ".join)
def test_nothing_that_the_recording_has(run, options, tmp_path, monkeypatch):
    """It is refused by its name, not taken and forgotten."""
    monkeypatch.chdir(tmp_path)
    line = replay(run[1], "--pcap", "again", *options).check(program.USAGE).one_line()
    assert options[0] + " " in line and "replay" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tape", "./tape", "link"])
def test_nothing_over_the_recording(run, tmp_path, monkeypatch, name):
    """Also by another name of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tape").write_bytes(run[2])
    (tmp_path / "link").symlink_to("tape")
    got = program.run(["--pcap", name], ["replay", "tape"]).check(program.USAGE)
    assert f"--pcap {name} would overwrite" in got.one_line()
    assert (tmp_path / "tape").read_bytes() == run[2]


def test_one_file_each(tmp_path, monkeypatch):
    """Before there is one, and afterwards; a device may be named twice."""
    monkeypatch.chdir(tmp_path)
    for again in range(2):
        for options in (["--pcap", "x", "--record", "./x"], ["--pcap", "x", "--pcap-far", "x"]):
            got = program.run(["--wire", "peer", *options], ["ping", "-c", "1", "peer"])
            assert "go into one file" in got.check(program.USAGE).one_line()
        assert (tmp_path / "x").exists() == bool(again)
        (tmp_path / "x").write_bytes(b"mine")
    assert (tmp_path / "x").read_bytes() == b"mine"
    program.run(["--wire", "peer", "--pcap", "/dev/null", "--record", "/dev/null"],
                ["ping", "-c", "1", "peer"]).check()


def test_disk_full():
    got = program.run(["--wire", "peer", "--record", "/dev/full"], ["dig", "peer"])
    assert "No space left" in got.check(program.FAILED).one_line()


def test_disk_full_in_mid_run(run, tmp_path):
    """The run goes on to its end; then one line, and what is there can be played."""
    path = tmp_path / "tape"
    got = program.run(["--wire", "peer", "--seed", "5", "--record", str(path)], ["fetch", URL],
                      under=("prlimit", "--fsize=100000"))
    assert "is incomplete: File too large" in got.check(program.FAILED).one_line()
    assert got.told("object") == run[0].told("object")
    assert not told(replay(path).check())["whole"]


def test_capture_disk_full(run):
    got = replay(run[1], "--pcap", "/dev/full")
    assert "capture /dev/full is incomplete" in got.check(program.FAILED).one_line()
