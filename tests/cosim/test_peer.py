# SPDX-License-Identifier: Apache-2.0
"""lanyard --wire peer in virtual time: the same seed gives the same bytes, whatever is skipped
and whoever computes the checksums; times on the wire are arithmetic."""
import capture
import judge
import program
import pytest
import replay

URL = "http://peer/"
FULL_FRAME = 1518
# Preamble and SFD 8, gap 12 (IEEE 802.3 4.4.2, 3.2.1), at 8 ns a byte.
FULL_FRAME_NS = (FULL_FRAME + 8 + 12) * 8


def fetch(pcap, *options, more=0):
    argv = ["--wire", "peer", "--time", "virtual", "--seed", str(replay.seed() + more),
            "--mac", program.MAC]
    return program.run([*argv, *options], ["fetch", URL], pcap).check()


@pytest.fixture(name="first", scope="module")
def _first(tmp_path_factory):
    return fetch(tmp_path_factory.mktemp("first") / "a.pcapng")


def without_effort(stats):
    """All counters but the one that says how much was evaluated."""
    return {k: v for k, v in stats.items() if k != "phy.core_evaluated"}


def test_page(first):
    sizes = [size for status, size in program.objects(first).values() if status == 200]
    assert len(sizes) == 4 and max(sizes) >= 100 * 1024
    judge.assert_good(first.pcap, at_least=100)
    program.assert_no_errors(first)
    program.assert_balance(first)
    program.assert_checksums_by("nic", first)


def test_same_seed_same_bytes(first, tmp_path):
    again = fetch(tmp_path / "b.pcapng")
    assert again.pcap.read_bytes() == first.pcap.read_bytes()
    assert again.out == first.out


def test_nothing_depends_on_skipping(first, tmp_path):
    whole = fetch(tmp_path / "c.pcapng", "--no-skip")
    assert whole.pcap.read_bytes() == first.pcap.read_bytes()
    assert whole.events == first.events
    assert without_effort(whole.stats) == without_effort(first.stats)
    assert whole.stats["phy.core_evaluated"] > first.stats["phy.core_evaluated"]


def drawn(result):
    """What a host draws at random: ISN, port, IP id, DNS id, from its first packets."""
    syn = judge.rows(result.pcap, "tcp.seq_raw", "tcp.srcport", filter_="tcp.flags.syn==1 && "
                     f"tcp.flags.ack==0 && eth.src=={program.MAC}")[0]
    dns = judge.rows(result.pcap, "ip.id", "dns.id", filter_=f"dns && eth.src=={program.MAC}")[0]
    return {**syn, **dns}


def test_another_seed_draws_others(first, tmp_path):
    other = fetch(tmp_path / "d.pcapng", more=1)
    ours, theirs = drawn(first), drawn(other)
    same = [name for name in ours if ours[name] == theirs[name]]
    assert not same, f"equal with one seed and the next: {same}"


def frames(pcap):
    """The bytes of each frame, FCS included, in order."""
    return [packet.data for packet in capture.packets(pcap)]


def test_offload_changes_no_byte(first, tmp_path):
    """Only times differ: with offload on, with it off, and with either half of it."""
    for offload, who in (("none", "stack"), ("tx-csum", None), ("rx-csum", None)):
        other = fetch(tmp_path / f"{offload}.pcapng", "--offload", offload)
        judge.assert_good(other.pcap)
        program.assert_balance(other)
        assert frames(other.pcap) == frames(first.pcap), offload
        if who:
            program.assert_checksums_by(who, other)


def test_full_segments_leave_back_to_back(first):
    """SFD to SFD is the arithmetic value to the nanosecond.

    Clause: IEEE 802.3 3.1.1, IEEE 802.3 4.4.2
    """
    to_us = bytes.fromhex(program.MAC.replace(":", ""))
    heard = [p for p in capture.packets(first.pcap) if p.data[:6] == to_us]
    gaps = [b.time_ns - a.time_ns for a, b in zip(heard, heard[1:])
            if len(a.data) == len(b.data) == FULL_FRAME]
    assert min(gaps) == FULL_FRAME_NS
    assert gaps.count(FULL_FRAME_NS) >= 20


def test_both_ends_see_the_same_frames(tmp_path):
    got = fetch(tmp_path / "near.pcapng", "--pcap-far", str(tmp_path / "far.pcapng"))
    judge.assert_good(tmp_path / "far.pcapng", at_least=100)
    assert sorted(frames(got.pcap)) == sorted(frames(tmp_path / "far.pcapng"))


@pytest.mark.parametrize("size", [0, 1, 17, 56, 1472, 1473, 4000, 65507])
def test_ping(tmp_path, size):
    got = program.run(["--wire", "peer", "--mac", program.MAC],
                      ["ping", "-c", "20", "-i", "0.01", "-s", str(size), "peer"],
                      tmp_path / "p.pcapng").check()
    assert got.events[-1]["received"] == 20
    judge.assert_good(got.pcap, at_least=40)
    program.assert_balance(got)


def test_dig():
    got = program.run(["--wire", "peer"], ["dig", "peer"]).check()
    assert got.events[0]["answer"][0]["type"] == "A"
    program.run(["--wire", "peer"], ["dig", "absent"]).check(program.FAILED).one_line()
