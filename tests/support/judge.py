# SPDX-License-Identifier: Apache-2.0
"""tshark as the judge of a capture: it verifies nothing by itself, so everything is asked for,
and every status that a frame has must be Good, not merely not Bad."""
import subprocess

VERIFY = ["eth.check_fcs:TRUE", "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE",
          "udp.check_checksum:TRUE"]
STATUS = {"eth.fcs.status": "FCS", "ip.checksum.status": "IP checksum",
          "tcp.checksum.status": "TCP checksum", "udp.checksum.status": "UDP checksum",
          "icmp.checksum.status": "ICMP checksum"}
ZERO = ("tcp.checksum.status", "udp.checksum.status")
SUMS = ("tcp.checksum", "tcp.checksum_calculated", "udp.checksum", "udp.checksum_calculated")
# Fragments have no transport status until the frame that makes their datagram whole, which has it
# over all of them, and ip.fragment.count.
DATAGRAM = ("ip.src", "ip.dst", "ip.proto", "ip.id")
FRAGMENT = ("ip.flags.mf", "ip.frag_offset", "ip.fragment.count")
CONTRADICTION = ("ip.fragment.overlap", "ip.fragment.multipletails", "ip.fragment.toolongfragment",
                 "ip.fragment.error")
GOOD = "1"
BAD = "0"
ICMP = "1"
# What --fault planted, by the comment in the capture (sim/phy_tap.c): the status that must be
# bad, and what the counters of the plan call it. Duplicates and late frames are good ones.
PLANTED = {"planted fault: bits changed": (("eth.fcs.status",), "corrupt"),
           "planted fault: a payload bit changed": (("tcp.checksum.status", "udp.checksum.status"),
                                                    "corrupt_inner")}


def rows(capture, *fields, filter_=None, without=()):
    """The named fields of each frame, a list of dicts of text; the first occurrence of each,
    because an ICMP error quotes a second IP header. without: protocols not to look into."""
    argv = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=f",
            "-E", "separator=\t"]
    for option in VERIFY:
        argv += ["-o", option]
    for protocol in without:
        argv += ["--disable-protocol", protocol]
    if filter_:
        argv += ["-Y", filter_]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"tshark {capture}: {done.stderr.strip()}")
    return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]


def _is_zero(row, field):
    """A sum of zero is sent as FFFF, the other form of the same number: UDP must (RFC 768), and
    whoever inserts by offset does not know the protocol (RFC 1624 3). tshark calls it bad."""
    name = field.removesuffix(".status")
    return row[name] == "0xffff" and row[name + "_calculated"] == "0x0000"


def _faults(row):
    if row["_ws.malformed"]:
        yield "malformed"
    for field, what in STATUS.items():
        # What an ICMP error quotes is cut off and cannot be verified.
        if row["ip.proto"] == ICMP and field.startswith(("tcp", "udp")):
            continue
        if row[field] not in ("", GOOD) and not (field in ZERO and _is_zero(row, field)):
            yield f"{what} status {row[field]}"
    if row["eth.fcs.status"] == "":
        yield "no FCS"
    yield from (name for name in CONTRADICTION if row[name])


def _halves(frames):
    """The fragments of datagrams that were never whole."""
    parts = [row for row in frames
             if row["ip.flags.mf"] == "1" or row["ip.frag_offset"] not in ("", "0")]
    whole = {tuple(row[f] for f in DATAGRAM) for row in parts if row["ip.fragment.count"]}
    return [row for row in parts if tuple(row[f] for f in DATAGRAM) not in whole]


def _planted(row):
    """What the plan calls the fault of this frame, None."""
    for comment, (fields, name) in PLANTED.items():
        if row["frame.comment"].startswith(comment):
            assert BAD in [row[f] for f in fields], f"frame {row['frame.number']}: {comment}, " \
                "but tshark finds it good"
            return name
    return None


def judge(capture, planted=None):
    """Returns (number of frames, list of "frame N: fault"). planted: a Counter that takes the
    frames with a planted fault, which are not judged otherwise."""
    # Where segments are missing tshark takes any of them for the start of an HTTP message.
    frames = rows(capture, "frame.number", "frame.comment", "_ws.malformed", *STATUS, *SUMS,
                  *DATAGRAM, *FRAGMENT, *CONTRADICTION,
                  without=("http",) if planted is not None else ())
    faults = []
    for row in frames:
        name = _planted(row) if planted is not None else None
        if name:
            planted[name] += 1
        else:
            faults += [f"frame {row['frame.number']}: {fault}" for fault in _faults(row)]
    if planted is None:
        faults += [f"frame {row['frame.number']}: fragment of no whole datagram"
                   for row in _halves(frames)]
    return len(frames), faults


def assert_good(capture, at_least=1, planted=None):
    """Raises AssertionError naming the frames that are not good. Returns the number of all."""
    count, faults = judge(capture, planted)
    assert count >= at_least, f"{count} frames, not {at_least} or more, in {capture}"
    assert not faults, f"{'; '.join(faults[:5])}: {len(faults)} faults in {capture}"
    return count
