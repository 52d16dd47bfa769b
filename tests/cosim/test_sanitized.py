# SPDX-License-Identifier: Apache-2.0
"""The whole program where things go wrong: servers that misbehave, disks, signals.

`make check` runs it on the program with ASan and UBSan (LY_TREE): any finding of theirs, leaks
included, is more than the one line that is allowed here. The servers are threads of this test on
the loopback, reached by --wire slirp; all others see --wire peer.
"""
import gzip
import os
import signal
import socket
import struct
import subprocess
import threading
import time

import program
import pytest

PAGE = b"<html><img src='/a.png'><img src=' b%20c.png '></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def sized(body, head=HEAD):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Server:
    """One thread that accepts; `answers` maps a path to a function of the connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answers, self.heads, self.held = {}, [], []
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, path=""):
        return f"http://10.0.2.2:{self.port}/{path}"

    def accept(self):
        while True:
            try:
                conn = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    more = conn.recv(65536)
                    if not more or more[0] < 32:    # the end, or TLS
                        conn.close()
                        return
                    buffer += more
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                self.heads.append(head.decode())
                if self.answers[head.split()[1].decode()](conn) == "end":
                    return
        except OSError:
            conn.close()

    def close(self):
        self.listener.close()
        for conn in self.held:
            conn.close()


@pytest.fixture(name="server")
def _server():
    server = Server()
    yield server
    server.close()


def sends(*parts, then=None):
    """An answer that sends parts, a moment apart; then: None keeps, "close", "reset", "hold"."""
    def answer(conn):
        for i, part in enumerate(parts):
            if i:
                time.sleep(0.05)
            conn.sendall(part)
        if then == "close":
            conn.close()
        elif then == "reset":
            time.sleep(0.05)
            reset(conn)
        return "end" if then else None
    return answer


def fetch(url, *more, under=()):
    return program.run(["--wire", "slirp"], ["fetch", *more, url], under=under)


def failed(got, *words):
    """Exit code 1 and one line that says it with these words."""
    line = got.check(program.FAILED).one_line()
    assert all(word in line for word in words), line
    return line


def clean(got):
    """Exit code 0, and nothing on stderr."""
    got.check()
    assert got.err == ""
    return got


# ------------------------------------------------------------------ how a server may end

@pytest.mark.parametrize("answer,words", [
    (sends(then="close"), ["Empty reply"]),
    (sends(then="reset"), ["reset"]),
    (sends(b"\x00\xff not HTTP at all\r\n\r\n", then="close"), ["HTTP"]),
    (sends(HEAD[:20], then="close"), ["header"]),
    (sends(HEAD + b"Content-Length: 100\r\n\r\nhalf", then="close"), ["closed"]),
    (sends(HEAD + b"Content-Length: 100\r\n\r\nhalf", then="reset"), ["reset"]),
    (sends(HEAD + b"\r\n" + b"x" * 5000, then="reset"), ["reset"]),
    (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", then="close"), []),
    (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", then="close"), []),
    (sends(sized(b"", b"HTTP/1.1 404 Not Found\r\n")), ["404"]),
    (sends(sized(b"", b"HTTP/1.1 304 Not Modified\r\n")), ["304"]),
], ids=["at once", "reset at once", "garbage", "half a head", "half a body", "half, reset",
        "no length, reset", "chunks cut", "chunks wrong", "404", "304"])
def test_bad_server(server, tmp_path, answer, words):
    server.answers["/"] = answer
    failed(fetch(server.url(), "-o", str(tmp_path / "out")), *words)
    assert not list(tmp_path.rglob("*.html")), "half an object was kept"


@pytest.mark.parametrize("answer", [
    sends(sized(b"plain")),
    sends(sized(b"plain")[:30], sized(b"plain")[30:70], sized(b"plain")[70:]),
    sends(HEAD + b"\r\n", b"pl", b"ain", then="close"),
    sends(b"HTTP/1.0 200 OK\r\n\r\nplain", then="close"),
    sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\npl\r\n",
          b"3;x=y\r\nain\r\n0\r\nA: b\r\n\r\n"),
    sends(sized(b"plain") + b"", then="reset"),
], ids=["whole", "in pieces", "until close", "HTTP/1.0", "chunked", "reset behind it"])
def test_good_server(server, tmp_path, answer):
    server.answers["/"] = answer
    clean(fetch(server.url(), "-o", str(tmp_path)))
    assert (tmp_path / "index.html").read_bytes() == b"plain"


def test_one_bad_object_of_several(server, tmp_path):
    """The others come, on a connection of their own if need be; the exit code tells."""
    server.answers.update({"/": sends(sized(PAGE)), "/a.png": sends(b"HTTP/1.1 2", then="reset"),
                           "/b%20c.png": sends(sized(b"image"))})
    got = failed(fetch(server.url(), "-o", str(tmp_path)), "/a.png", "reset")
    assert "b%20c.png" not in got
    assert (tmp_path / "b%20c.png").read_bytes() == b"image"
    assert not (tmp_path / "a.png").exists()


def test_compressed_though_not_asked_for(server, tmp_path):
    body = gzip.compress(PAGE)
    server.answers["/"] = sends(sized(body, HEAD + b"Content-Encoding: gzip\r\n"))
    clean(fetch(server.url(), "-o", str(tmp_path)))
    assert (tmp_path / "index.html").read_bytes() == body
    assert "accept-encoding" not in server.heads[0].lower()


# ------------------------------------------------------------------ URLs and pages

def moved(to):
    return sends(sized(b"moved", b"HTTP/1.1 302 Found\r\nLocation: %s\r\n" % to.encode()))


def test_redirects(server, tmp_path):
    other = Server()
    other.answers["/there/"] = sends(sized(b"at last"))
    server.answers.update({"/": moved("/dir"), "/dir": moved("dir/"),
                           "/dir/": moved(other.url("there/"))})
    clean(fetch(server.url(), "-o", str(tmp_path)))
    assert (tmp_path / "there/index.html").read_bytes() == b"at last"
    other.close()


@pytest.mark.parametrize("to,words", [("/", ["too many redirects"]),
                                      ("ftp://10.0.2.2/", ["no http"]),
                                      ("http://10.0.2.2:1/", ["refused"])])
def test_redirect_nowhere(server, to, words):
    server.answers["/"] = moved(to)
    failed(fetch(server.url()), *words)


def test_redirect_to_tls_where_there_is_none(server):
    server.answers["/"] = moved(server.url().replace("http:", "https:"))
    failed(fetch(server.url()))


def test_scheme_may_be_left_out(server):
    server.answers["/x"] = sends(sized(b"x"))
    got = clean(fetch(f"10.0.2.2:{server.port}/x#part"))
    assert program.objects(got) == {"x": (200, 1)}


def test_what_stands_there_is_kept_on_errors(server, tmp_path):
    """Twice the same: the folder of the first time is no obstacle, a 404 destroys nothing."""
    server.answers.update({"/dir": moved("/dir/"), "/dir/": sends(sized(b"page"))})
    for _ in range(2):
        clean(fetch(server.url("dir"), "-o", str(tmp_path)))
    server.answers["/dir/"] = sends(sized(b"gone", b"HTTP/1.1 404 Not Found\r\n"))
    failed(fetch(server.url("dir"), "-o", str(tmp_path)), "404")
    assert (tmp_path / "dir/index.html").read_bytes() == b"page"


def test_references_of_a_page(server):
    """Blanks, a base that is none, fragments, doubles, other hosts and schemes."""
    page = b"""<base href='http://[bad/'><img src='a b.png'><img src=' /c.png#x '><img src='/c.png'>
               <img src='data:image/png;base64,AA'><img src='ftp://10.0.2.2/x'>
               <script src='//10.0.2.9/y.js'></script>
               <link rel='alternate stylesheet' href=s.css>"""
    server.answers["/"] = sends(sized(page))
    for name in ("/a%20b.png", "/c.png", "/s.css"):
        server.answers[name] = sends(sized(name.encode()))
    got = clean(fetch(server.url()))
    assert sorted(program.objects(got)) == ["", "a%20b.png", "c.png", "s.css"]


def test_many_objects_few_descriptors(server, tmp_path):
    """One connection, one open file: not one for each object."""
    page = b"".join(b"<img src=/%d>" % i for i in range(200))
    server.answers["/"] = sends(sized(page))
    server.answers.update({f"/{i}": sends(sized(b"%d" % i)) for i in range(200)})
    clean(fetch(server.url(), "-o", str(tmp_path), under=("prlimit", "--nofile=40")))
    assert all((tmp_path / str(i)).read_text() == str(i) for i in range(200))


def test_terminal_is_left_alone(server):
    answer = sends(sized(b"x", b"HTTP/1.1 200 OK\r\nContent-Type: a\x1b[2J\xff\r\n"))
    server.answers["/"] = answer
    clean(fetch(server.url()))                      # JSON that can be read, bytes or not
    argv = [program.LANYARD, "--wire", "slirp", "fetch", server.url()]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert b"\x1b" not in done.stdout and b"a\\x1b[2J" in done.stdout


# ------------------------------------------------------------------ places to save

def peer_fetch(out, under=()):
    return program.run(["--wire", "peer"], ["fetch", "-o", str(out), "http://peer/"], under=under)


def test_place_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("kept")
    failed(peer_fetch(tmp_path / "file"), "cannot save", "Not a directory")
    assert (tmp_path / "file").read_text() == "kept"


def test_place_that_is_full(tmp_path):
    """The page fits, its large image does not."""
    got = peer_fetch(tmp_path, under=("prlimit", "--fsize=50000"))
    failed(got, "large.png", "cannot save", "File too large")
    assert not (tmp_path / "img/large.png").exists()
    assert (tmp_path / "img/middle.png").stat().st_size > 20000


def test_output_that_is_full():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program.LANYARD, "--wire", "peer", "dig", "peer"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == program.FAILED
    assert done.stderr == "lanyard: the output could not be written\n"


# ------------------------------------------------------------------ signals

def interrupted(argv, until, sig):
    """Start, wait for a line that holds `until`, send the signal. Returns the ended process."""
    child = subprocess.Popen([program.LANYARD, *argv], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    try:
        for line in child.stdout:
            if until in line:
                break
        time.sleep(0.2)
        child.send_signal(sig)
        out, err = child.communicate(timeout=20)
    finally:
        child.kill()
        child.wait()
    return child.returncode, out, err


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_in_mid_transfer(server, tmp_path, sig):
    def half(conn):
        server.held.append(conn)
        conn.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 50000)
        return "end"
    server.answers["/"] = half
    code, out, err = interrupted(["--wire", "slirp", "--stats", "--json", "fetch", "-o",
                                  str(tmp_path / "out"), server.url()], "tcp_established", sig)
    assert (code, err) == (-sig, "")
    assert '"nic.rx_frames":' in out                # the counters come all the same
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert not [name for name in os.listdir(os.environ["LANYARD_RUN_DIR"]) if "-" in name]


def test_signal_ends_serve(tmp_path):
    code, out, err = interrupted(["--wire", "slirp", "--stats", "--json", "serve", str(tmp_path)],
                                 "serving", signal.SIGTERM)
    assert (code, err) == (-signal.SIGTERM, "")
    assert '"nic.rx_frames":' in out


def test_signal_while_a_name_is_asked_for():
    """In wall time, with nothing to do but to wait."""
    code, _, err = interrupted(["--wire", "slirp", "--dns", "10.0.2.77", "fetch", "http://absent/"],
                               "DNS", signal.SIGINT)
    assert (code, err) == (-signal.SIGINT, "")


# ------------------------------------------------------------------ every command on the peer

@pytest.mark.parametrize("options", [[], ["--no-skip"], ["--offload", "none"],
                                     ["--no-skip", "--offload", "none"],
                                     ["--addr", "192.168.3.2/30"]], ids=" ".join)
@pytest.mark.parametrize("command", [["fetch", "http://peer/"], ["fetch", "peer/about"],
                                     ["ping", "-c", "5", "-i", "0", "peer"],
                                     ["ping", "-c", "2", "-i", "0.001", "-s", "1472", "peer"],
                                     ["dig", "peer"]], ids=" ".join)
def test_peer(options, command):
    clean(program.run(["--wire", "peer", *options], command))


@pytest.mark.parametrize("command,code", [
    (["fetch", "http://peer/none"], program.FAILED), (["fetch", "http://peer:81/"], program.FAILED),
    (["fetch", "http://absent/"], program.FAILED), (["fetch", "http://10.9.0.9/"], program.FAILED),
    (["fetch", "http://a..b/"], program.USAGE), (["fetch", "https://peer/"], program.USAGE),
    (["ping", "-c", "1", "-W", "1", "10.9.0.9"], program.TIMEOUT),
    (["dig", "absent"], program.FAILED),
    (["dig", "peer", "MX"], program.FAILED), (["serve", "."], program.USAGE),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_peer_errors(command, code):
    program.run(["--wire", "peer"], command).check(code).one_line()


@pytest.mark.parametrize("command", [
    ["dig", "-h"], ["dig", "--help", "MX"], ["serve", "--help"], ["serve", "-p", "80"],
    ["replay", "--help"], ["replay", "-k"], ["replay", "-k", "--json"], ["fetch", "-h"],
    ["ping", "-h"], ["netstat", "-h"], ["doctor", "-h"], ["bench", "-h"],
], ids=" ".join)
def test_no_operand_begins_like_an_option(command):
    """Nothing is asked, opened or served by that name."""
    line = program.run([], command).check(program.USAGE).one_line()
    assert "usage: lanyard" in line and f" {command[0]}" in line


@pytest.mark.parametrize("wire,command,words", [
    ("peer", ["fetch", "https://peer/"], ["slirp", "packet:IF", "tap:IF"]),
    ("hub", ["serve", "."], ["peer", "switch", "hub"]),
], ids=["https", "serve"])
def test_the_line_names_every_wire(wire, command, words):
    line = program.run(["--wire", wire], command).check(program.USAGE).one_line()
    assert not [word for word in words if word not in line]


def test_dead_name_server():
    started = time.monotonic()
    got = program.run(["--wire", "peer", "--dns", "10.9.0.2:54"], ["dig", "peer"])
    got.check(program.FAILED).one_line()        # the peer says that the port is closed
    assert time.monotonic() - started < 60
