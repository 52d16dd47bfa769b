# SPDX-License-Identifier: Apache-2.0
"""lanyard --fst FILE: waves of our NIC in simulated time, read by GTKWave's fst2vcd, carry the
very frames of the capture at the very times; and tracing changes nothing."""
import os
import re
import shutil
import subprocess

import capture
import program
import pytest

PERIOD_PS = 8000
PEER = ["--wire", "peer", "--mac", program.MAC]
PING = ["ping", "-c", "3", "-s", "200", "10.9.0.2"]


@pytest.fixture(autouse=True)
def usual_build(monkeypatch):
    """The one with a traced program beside it, whichever tree is under test."""
    monkeypatch.setattr(program, "LANYARD", str(program.ROOT / "build/bin/lanyard"))


def traced(folder, *options, name="a"):
    return program.run([*PEER, "--fst", str(folder / f"{name}.fst"), *options], PING,
                       folder / f"{name}.pcapng").check()


# ------------------------------------------------------------------ a reader of VCD

VAR = re.compile(r"\$var \w+ \d+ (\S+) (\w+)")


def changes(fst, names):
    """(time in ps, {name: value}) after each time at which one of the named pins changed."""
    text = subprocess.run(["fst2vcd", str(fst)], check=True, stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    head, _, body = text.partition("$enddefinitions")
    assert "1ps" in head
    pins, depth = {}, 0
    for line in head.splitlines():
        depth += line.startswith("$scope") - line.startswith("$upscope")
        found = VAR.match(line)
        if found and depth == 1 and found[2] in names:
            pins[found[1]] = found[2]
    assert sorted(pins.values()) == sorted(names)
    now, values, changed = None, dict.fromkeys(names, 0), False
    for line in body.splitlines():
        if line.startswith("#"):
            if changed:
                yield now, values
            now, changed = int(line[1:]), False
        elif line[:1] in ("0", "1") and line[1:] in pins:
            values[pins[line[1:]]], changed = int(line[0]), True
        elif line.startswith("b") and line.split()[1] in pins:
            bits, pin = line[1:].split()
            values[pins[pin]], changed = int(bits, 2), True
    if changed:
        yield now, values


def frames(fst, clock, data, valid):
    """(time of the SFD in ns, octets behind it) of each frame on these pins."""
    found, octets, sfd, before = [], None, 0, 0
    for now, pins in changes(fst, [clock, data, valid]):
        rose, before = pins[clock] and not before, pins[clock]
        if not rose:
            continue
        if not pins[valid]:
            if octets is not None:
                found.append((sfd // 1000, bytes(octets)))
            octets = None
        elif octets is not None:
            octets.append(pins[data])
        elif pins[data] == 0xD5:
            octets, sfd = [], now
    return found


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    argv = [str(program.ROOT / "build/bin/lanyard"), *PEER, "--fst", str(folder / "a.fst"),
            "--pcap", str(folder / "a.pcapng"), *PING]
    subprocess.run(argv, check=True, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    return folder / "a.fst", folder / "a.pcapng"


def captured(pcap, ours):
    sender = bytes.fromhex(program.MAC.replace(":", ""))
    return [(p.time_ns, p.data) for p in capture.packets(pcap) if (p.data[6:12] == sender) == ours]


def test_what_we_send(run):
    fst, pcap = run
    sent = captured(pcap, ours=True)
    assert len(sent) >= 4
    assert frames(fst, "clk", "gmii_txd", "gmii_tx_en") == sent


def test_what_we_hear(run):
    fst, pcap = run
    heard = captured(pcap, ours=False)
    assert len(heard) >= 4
    assert frames(fst, "gmii_rx_clk", "gmii_rxd", "gmii_rx_dv") == heard


def test_the_clock(run):
    """It rises on its grid and falls half a period later; a skipped stretch has no edges."""
    edges, before = [], 0
    for now, pins in changes(run[0], ["clk"]):
        if pins["clk"] != before:
            edges.append((now, pins["clk"]))
        before = pins["clk"]
    rises = [t for t, level in edges if level]
    assert all(t % PERIOD_PS == 0 for t in rises)
    assert [t for t, level in edges if not level] == [t + PERIOD_PS // 2 for t in rises]
    assert 0 < len(rises) < rises[-1] // PERIOD_PS


def test_tracing_changes_nothing(tmp_path):
    with_waves = traced(tmp_path)
    without = program.run(PEER, PING, tmp_path / "b.pcapng").check()
    assert with_waves.pcap.read_bytes() == without.pcap.read_bytes()
    assert with_waves.out == without.out


@pytest.mark.parametrize("other", ["replay", "run"])
def test_recordings_go_from_model_to_model(tmp_path, other):
    """The plain one and the traced one begin with the same random values, whichever runs and
    whichever plays."""
    waves, tape = ["--fst", str(tmp_path / "a.fst")], str(tmp_path / "a.tape")
    program.run([*PEER, *(waves if other == "run" else []), "--record", tape], PING).check()
    got = program.run(waves if other == "replay" else [], ["replay", tape]).check()
    said = got.told("replay")[0]
    assert said["identical"] and said["whole"]
    assert said["frames_in"] >= 4 and said["frames_out"] >= 4


@pytest.mark.parametrize("by", ["plain", "traced"])
def test_a_recorded_run_has_the_same_waves(tmp_path, by):
    """What failed in wall time can be looked at afterwards."""
    tape = ["--record", str(tmp_path / "a.tape")]
    traced(tmp_path, *(tape if by == "traced" else []))
    if by == "plain":
        program.run([*PEER, *tape], PING).check()
    program.run(["--fst", str(tmp_path / "b.fst")], ["replay", str(tmp_path / "a.tape")]).check()
    for pins in (("clk", "gmii_txd", "gmii_tx_en"), ("gmii_rx_clk", "gmii_rxd", "gmii_rx_dv")):
        told = frames(tmp_path / "a.fst", *pins)
        assert len(told) >= 4
        assert frames(tmp_path / "b.fst", *pins) == told


# ---------------------------------------------------------------------- what goes wrong

def test_no_waves_over_the_recording(tmp_path):
    tape = tmp_path / "a.tape"
    program.run([*PEER, "--record", str(tape)], PING).check()
    before = tape.read_bytes()
    got = program.run(["--fst", str(tape)], ["replay", str(tape)]).check(program.USAGE)
    assert "would overwrite" in got.one_line()
    assert tape.read_bytes() == before


def refused(path, code=program.FAILED, under=(program.NOINET,)):
    got = program.run([*PEER, "--fst", str(path)], PING, under=under)
    return got.check(code).one_line()


@pytest.mark.parametrize("limit,what", [(120000, "incomplete"), (5000, "no space left in /tmp")])
def test_full_disk(tmp_path, limit, what):
    """A limit of the size of files is met like the end of a disk: by the waves themselves, or
    by what their writer keeps in /tmp meanwhile."""
    assert what in refused(tmp_path / "a.fst", under=("prlimit", f"--fsize={limit}"))
    assert not (tmp_path / "a.fst.hier").exists()


def test_no_folder(tmp_path):
    assert "No such file" in refused(tmp_path / "absent/a.fst")


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_not_built(tmp_path, monkeypatch):
    shutil.copy(program.LANYARD, tmp_path / "lanyard")
    monkeypatch.setattr(program, "LANYARD", str(tmp_path / "lanyard"))
    assert "make fst" in refused(tmp_path / "a.fst", program.MISSING)
    assert not (tmp_path / "a.fst").exists()
