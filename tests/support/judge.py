# SPDX-License-Identifier: Apache-2.0
"""tshark as the judge of a capture: it verifies nothing by itself, so everything is asked for,
and every status that a frame has must be Good, not merely not Bad."""
import subprocess

VERIFY = ["eth.check_fcs:TRUE", "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE",
          "udp.check_checksum:TRUE"]
STATUS = {"eth.fcs.status": "FCS", "ip.checksum.status": "IP checksum",
          "tcp.checksum.status": "TCP checksum", "udp.checksum.status": "UDP checksum",
          "icmp.checksum.status": "ICMP checksum"}
GOOD = "1"
ICMP = "1"


def rows(capture, *fields, filter_=None):
    """The named fields of each frame, a list of dicts of text; the first occurrence of each,
    because an ICMP error quotes a second IP header."""
    argv = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=f",
            "-E", "separator=\t"]
    for option in VERIFY:
        argv += ["-o", option]
    if filter_:
        argv += ["-Y", filter_]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"tshark {capture}: {done.stderr.strip()}")
    return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]


def _faults(row):
    if row["_ws.malformed"]:
        yield "malformed"
    for field, what in STATUS.items():
        # What an ICMP error quotes is cut off and cannot be verified.
        if row["ip.proto"] == ICMP and field.startswith(("tcp", "udp")):
            continue
        if row[field] not in ("", GOOD):
            yield f"{what} status {row[field]}"
    if row["eth.fcs.status"] == "":
        yield "no FCS"


def judge(capture):
    """Returns (number of frames, list of "frame N: fault")."""
    frames = rows(capture, "frame.number", "ip.proto", "_ws.malformed", *STATUS)
    return len(frames), [f"frame {r['frame.number']}: {fault}" for r in frames
                         for fault in _faults(r)]


def assert_good(capture, at_least=1):
    """Raises AssertionError naming the frames that are not good. Returns their number."""
    count, faults = judge(capture)
    assert count >= at_least, f"{count} frames, not {at_least} or more, in {capture}"
    assert not faults, f"{'; '.join(faults[:5])}: {len(faults)} faults in {capture}"
    return count
