# SPDX-License-Identifier: Apache-2.0
"""The kernel's TCP against lanyard serve in what curl never does, and segments by hand."""
import errno
import fcntl
import socket
import struct
import termios
import time

import far as far_end
import judge
import netns
import page
import program
import pytest

SERVER = (netns.NEAR_ADDR, 80)
LARGE = "img/large.png"


def request(name, version="1.1"):
    return f"GET /{name} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def rest(sock, some=b""):
    while got := sock.recv(65536):
        some += got
    return some


def body(answer):
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return text


@pytest.fixture(name="server")
def _server(far, tmp_path):
    """lanyard serve, and the files that it has. tshark judges what it sent."""
    folder = tmp_path / "www"
    bodies = page.make(folder, seed=5)
    with program.serving(far, ["serve", str(folder)], tmp_path / "tcp.pcapng") as ended:
        yield bodies
    judge.assert_good(ended[0].pcap, at_least=5)


def test_half_close(server):
    """The client's FIN comes with its request; the answer flows on for a hundred segments.

    Clause: RFC 9293 3.6, RFC 1122 4.2.2.13
    """
    with far_end.tcp() as sock:
        sock.connect(SERVER)
        sock.sendall(request(LARGE))
        sock.shutdown(socket.SHUT_WR)
        assert body(rest(sock)) == server[LARGE]


def queued(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, b"\0" * 4))[0]


def until_it_stops(sock):
    """Wait until nothing more comes, since nobody reads."""
    last = -1
    for _ in range(200):
        now = queued(sock)
        if now == last and now > 0:
            return
        last = now
        time.sleep(0.1)
    raise AssertionError("the window never shut")


def test_reader_that_sleeps(server):
    """A window that shuts is probed, and what follows is complete.

    Clause: RFC 9293 3.8.6.1
    """
    with far_end.tcp(rcvbuf=4096) as sock:
        sock.connect(SERVER)
        sock.sendall(request(LARGE))
        until_it_stops(sock)
        time.sleep(1)
        assert body(rest(sock)) == server[LARGE]


def test_reset_in_mid_transfer(server):
    """Twenty clients go away by RST; nothing of them stays behind.

    Clause: RFC 9293 3.10.7.4
    """
    for _ in range(20):
        with far_end.tcp() as sock:
            sock.connect(SERVER)
            sock.sendall(request(LARGE))
            assert sock.recv(1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with far_end.tcp() as sock:
        sock.connect(SERVER)
        sock.sendall(request("index.html"))
        assert body(rest(sock)) == server["index.html"]


def connected_from(port):
    """A connection from this port, as soon as the kernel has had the last ACK of the one before."""
    deadline = time.monotonic() + 30
    while True:
        sock = far_end.tcp(port=port)
        try:
            sock.connect(SERVER)
            return sock
        except OSError as busy:
            sock.close()
            if busy.errno != errno.EADDRNOTAVAIL or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def test_the_same_port_again(server):
    """The server closes first: its TIME_WAIT lets the same client's next SYN in at once.

    Clause: RFC 9293 3.6.1, RFC 1122 4.2.2.13
    """
    for _ in range(5):
        with connected_from(33333) as sock:
            sock.sendall(request("index.html"))
            assert body(rest(sock)) == server["index.html"]


def test_single_bytes(server):
    """The request in single segments of a byte, each pushed."""
    with far_end.tcp() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(SERVER)
        for byte in request("index.html"):
            sock.sendall(bytes([byte]))
        assert body(rest(sock)) == server["index.html"]


def test_tiny_segments(server):
    """The kernel offers an MSS of 88, the least it knows.

    Clause: RFC 9293 3.7.1
    """
    with far_end.tcp() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
        sock.connect(SERVER)
        sock.sendall(request("img/small.png"))
        assert body(rest(sock)) == server["img/small.png"]


# ------------------------------------------------------------ by hand

@pytest.fixture(name="hand")
def _hand(server):  # pylint: disable=unused-argument
    made = far_end.Hand(program.MAC, sport=4321)
    yield made
    made.close()


def asks(hand, name="index.html", **fields):
    """The whole request in one segment."""
    text = request(name)
    hand.send("PA", text, **fields)
    hand.seq += len(text)


def takes(hand, segment):
    """Expected to be next in order: its text; hand.ack is behind it."""
    assert segment.seq == hand.ack
    text = far_end.text_of(segment)
    hand.ack += len(text)
    return text


def answer_of(hand):
    """All text up to their FIN, which is not acknowledged."""
    text = b""
    while (got := hand.get()) is not None:
        if far_end.text_of(got) or "F" in got.flags:
            text += takes(hand, got)
            if "F" in got.flags:
                return text
            hand.send("A")
    raise AssertionError(f"no FIN after {len(text)} bytes")


def test_simultaneous_close(hand, server):
    """Both FINs cross; the last ACK is lost for them; a stray RST does not end TIME_WAIT.

    Clause: RFC 9293 3.6, RFC 1337 3
    """
    hand.connect()
    asks(hand)
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("FA")
    hand.expect("A", ack=hand.seq + 1)
    hand.ack += 1
    hand.send("A", seq=hand.seq + 1)
    for _ in range(2):
        hand.send("FA")
        hand.expect("A", ack=hand.seq + 1, seq=hand.ack)
        hand.send("R", seq=hand.seq + 1)


def test_strangers_are_challenged(hand, server):
    """RST and SYN inside the window, not exact: an ACK says where we are, and we go on.

    Clause: RFC 5961 3.2, RFC 5961 4.2
    """
    hand.connect()
    hand.send("R", seq=hand.seq + 100)
    hand.expect("A", ack=hand.seq)
    time.sleep(0.6)         # one in half a second
    hand.send("S", seq=hand.seq + 100)
    hand.expect("A", ack=hand.seq)
    asks(hand)
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("R", seq=hand.seq)


def test_out_of_order_with_fin(hand, server):
    """The FIN first, then the halves of the request from behind, overlapping.

    Clause: RFC 9293 3.10.7.4, RFC 5681 4.2
    """
    hand.connect()
    text = request("index.html")
    hand.send("FA", seq=hand.seq + len(text))
    hand.expect("A", ack=hand.seq)
    hand.send("A", text[10:], seq=hand.seq + 10)
    hand.expect("A", ack=hand.seq)
    hand.send("A", text[:20])
    hand.seq += len(text) + 1
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("R")


@pytest.mark.parametrize("options", [b"\x02\x00\x05\xb4", b"\x02\x01\x05\xb4", b"\x01\x01\x01\x02",
                                     b"\x02\x05\x05\xb4", b"\x99\xff\x00\x00"])
def test_bad_option_lengths(hand, server, options):  # pylint: disable=unused-argument
    """Dropped; the next SYN, a good one, gets the answer.

    Clause: RFC 9293 3.1, RFC 1122 4.2.2.5
    """
    bare = bytes(far_end.TCP(sport=hand.sport, dport=80, seq=500, flags="S", window=9))
    hand.send_raw(bare[:12] + b"\x60" + bare[13:20] + options)
    hand.connect()
    hand.send("R")


@pytest.mark.parametrize("options,largest", [([], 536), ([("MSS", 1)], 64), ([("MSS", 700)], 700),
                                             ([("MSS", 65535)], 1460)])
def test_mss(hand, server, options, largest):  # pylint: disable=unused-argument
    """Clause: RFC 9293 3.7.1"""
    hand.connect(options=options)
    asks(hand, LARGE)
    while not (got := hand.get()).payload or not far_end.text_of(got):
        pass
    assert len(far_end.text_of(got)) == largest
    hand.send("R")


def test_shut_window_is_probed(hand, server):
    """By one byte each time, for as long as it is answered; then the text follows.

    Clause: RFC 9293 3.8.6.1
    """
    hand.connect()
    asks(hand, window=0)
    for _ in range(3):
        while not far_end.text_of(got := hand.get()):
            pass
        assert len(far_end.text_of(got)) == 1 and got.seq == hand.ack
        hand.send("A", window=0)
    hand.send("A")
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("R")


def test_urgent_text_is_text(hand, server):
    """Clause: RFC 9293 3.8.5, RFC 6093 3.4"""
    hand.connect()
    text = request("index.html")
    hand.send("PAU", text, urgptr=len(text) + 5000)
    hand.seq += len(text)
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("R")


def test_numbers_wrap(hand, server):
    """Clause: RFC 9293 3.4"""
    hand.isn = 0xFFFFFFF0
    hand.connect()
    text = request("index.html")
    hand.send("PA", text)
    hand.seq = hand.seq + len(text) & 0xFFFFFFFF
    assert body(answer_of(hand)) == server["index.html"]
    hand.send("R")


def test_nobody_there(hand, server):  # pylint: disable=unused-argument
    """Clause: RFC 9293 3.10.7.1, RFC 9293 3.5.2"""
    hand.dport = 81
    hand.send("S")
    hand.expect("RA", ack=hand.isn + 1, seq=0)
    hand.send("A", ack=77)
    hand.expect("R", seq=77)
    hand.send("FP", b"12345")
    hand.expect("RA", ack=hand.seq + 6)
