# SPDX-License-Identifier: Apache-2.0
"""Looking at lanyard while it talks to real servers and clients: what netstat, arp, route, stats
and regs tell is so, and what crosses meanwhile is not hurt."""
import os
import signal
import subprocess
import threading
from pathlib import Path

import looking
import netns
import page
import program
import pytest
import servers

SLOW = 100_000      # bytes, at 20 kB/s: time enough to look


@pytest.fixture(name="slow", scope="module")
def _slow():
    folder = Path("/run/slow")
    folder.mkdir()
    (folder / "slow.bin").write_bytes(os.urandom(SLOW))
    return folder


def tcp(rows, state):
    return [s for s in rows if s["proto"] == "tcp" and s["state"] == state]


def look_at_a_fetch(child, out, folder, server, port):
    """While the slow file comes; then its bytes."""
    (conn,) = looking.until(lambda: tcp(looking.rows("netstat"), "ESTABLISHED"))
    assert (conn["remote"], conn["remote_port"]) == (server, port)
    assert conn["local_port"] and conn["recv_q"] >= 0 and conn["send_q"] >= 0
    line = looking.ask("netstat").stdout.splitlines()[1]
    assert f"{conn['local']}:{conn['local_port']} " in line and f"{server}:{port} " in line
    assert line.split()[0] == "tcp" and line.split()[-1] == "ESTABLISHED"
    before, after = looking.stats(), looking.stats()
    assert before.keys() == after.keys() and before["nic.rx_frames"] > 0
    assert all(after[name] >= before[name] for name in before)
    assert looking.rows("regs", "CTRL")[0]["value"] & 3 == 3    # sends and receives
    assert child.poll() is None                                  # all that was while it came
    text, err = child.communicate(timeout=looking.PATIENCE_S)
    assert (child.returncode, err) == (0, ""), text
    assert (out / "slow.bin").read_bytes() == (folder / "slow.bin").read_bytes()


def test_slow_fetch_by_packet(far, slow, tmp_path):
    with servers.nginx(slow, Path("/run/nginx-slow"), rate="20k"), \
            looking.running([*far, "--json"], ["fetch", "-o", str(tmp_path),
                            f"http://{netns.FAR_ADDR}/slow.bin"]) as child:
        looking.until(lambda: looking.rows("arp"))
        looking.until(lambda: tcp(looking.rows("netstat"), "ESTABLISHED"))
        (neighbour,) = looking.rows("arp")
        mac = netns.sh(*netns.in_far("cat", f"/sys/class/net/{netns.FAR_IF}/address")).strip()
        assert (neighbour["addr"], neighbour["mac"]) == (netns.FAR_ADDR, mac)
        assert neighbour["state"] == "reachable" and neighbour["age_ns"] >= 0
        assert looking.rows("route") == [
            {"destination": "10.77.0.0", "prefix_len": 24, "gateway": ""},
            {"destination": "0.0.0.0", "prefix_len": 0, "gateway": netns.FAR_ADDR}]
        look_at_a_fetch(child, tmp_path, slow, netns.FAR_ADDR, 80)


def test_slow_fetch_by_slirp(far, slow, tmp_path):  # pylint: disable=unused-argument
    port = 8078
    with servers.nginx(slow, Path("/run/nginx-near"), rate="20k", port=port), \
            looking.running(["--json"], ["fetch", "-o", str(tmp_path),
                            f"http://10.0.2.2:{port}/slow.bin"], under=()) as child:
        look_at_a_fetch(child, tmp_path, slow, "10.0.2.2", port)


# ------------------------------------------------------------------ serve

@pytest.fixture(name="site_folder")
def _site_folder(far, tmp_path):  # pylint: disable=unused-argument
    folder = tmp_path / "www"
    files = page.make(folder, seed=5)
    # The kernel is not to ask for our address while counters are compared.
    netns.sh(*netns.in_far("ip", "neigh", "replace", netns.NEAR_ADDR, "lladdr", program.MAC,
                           "nud", "permanent", "dev", netns.FAR_IF))
    yield folder, files
    netns.sh(*netns.in_far("ip", "neigh", "del", netns.NEAR_ADDR, "dev", netns.FAR_IF))


def curl(path):
    return subprocess.run(netns.in_far("curl", "-sS", "--max-time", "60",
                                       f"http://{netns.NEAR_ADDR}/{path}"), check=True,
                          stdout=subprocess.PIPE).stdout


def test_serve_listens(far, site_folder):
    folder, files = site_folder
    with looking.running([*far, "--json", "--stats"], ["serve", str(folder)]) as child:
        (listener,) = looking.rows("netstat")
        assert (listener["state"], listener["local_port"]) == ("LISTEN", 80)
        text = looking.ask("netstat").stdout
        assert text.splitlines()[1].split() == ["tcp", "0", "0", "*:80", "*:*", "LISTEN"]
        assert curl("img/small.png") == files["img/small.png"]
        looking.until(lambda: all(s["state"] in ("LISTEN", "TIME_WAIT")
                                  for s in looking.rows("netstat")))
        # Nothing happens any more: twice the same, and the same at the end.
        first, second = settled(looking.stats()), settled(looking.stats())
        assert first == second and first["stack.tcp_rx"] > 0
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=looking.PATIENCE_S)
    assert err == ""
    assert settled(program.Result([], 0, out, err, 0).stats) == second


def settled(stats):
    """Without the time of the model, which passes."""
    return {k: v for k, v in stats.items() if not k.startswith("phy.core_")}


FULL = """import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("{addr}", 80))
s.sendall(b"GET /img/large.png HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
sys.stdin.read()
"""


def test_queue_of_a_client_that_does_not_read(far, site_folder):
    folder, _ = site_folder
    with looking.running(far, ["serve", str(folder)]):
        argv = netns.in_far("/usr/bin/python3", "-c", FULL.format(addr=netns.NEAR_ADDR))
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as client:
            (conn,) = looking.until(lambda: [s for s in tcp(looking.rows("netstat"), "ESTABLISHED")
                                             if s["send_q"] > 16384])
            assert conn["local_port"] == 80 and conn["remote"] == netns.FAR_ADDR
            client.stdin.close()


def test_registers_are_read_while_frames_flow(far, site_folder):
    """Two hundred readings of all registers; every byte of every transfer arrives meanwhile."""
    folder, files = site_folder
    with looking.running(far, ["serve", str(folder)]) as child:
        path, wrong, done = looking.sockets()[child.pid], [], threading.Event()

        def read():
            try:
                for _ in range(200):
                    code, text = looking.talk(path, b"regs\n")
                    if code or " 0x4c414e59 " not in text or len(text.splitlines()) < 40:
                        wrong.append(text)
            finally:
                done.set()
        reader = threading.Thread(target=read)
        reader.start()
        transfers = 0
        while not done.is_set():
            assert curl("img/large.png") == files["img/large.png"]
            transfers += 1
        reader.join()
        assert not wrong and transfers >= 1
        stats = looking.stats()
        assert stats["driver.link_resyncs"] == stats["nic.rec_bad_header"] == 0


def test_two_processes(far, site_folder):
    folder, _ = site_folder
    with looking.running(["--wire", "slirp"], ["serve", str(folder)], under=()) as one, \
            looking.running(far, ["serve", str(folder)]) as two:
        got = looking.ask("netstat")
        assert got.returncode == program.USAGE
        assert {str(one.pid), str(two.pid)} <= set(got.stderr.split())
        for child in (one, two):
            (listener,) = looking.rows("netstat", "--pid", str(child.pid))
            assert listener["state"] == "LISTEN"


def test_kill_leaves_nothing_for_long(far, site_folder):
    folder, _ = site_folder
    with looking.running(far, ["serve", str(folder)]) as child:
        child.kill()
        child.communicate(timeout=looking.PATIENCE_S)
        assert child.pid in looking.sockets()
    program.run(far, ["ping", "-c", "1", netns.FAR_ADDR]).check()
    assert child.pid not in looking.sockets()


def test_icmp_and_udp(far):
    """A ping that waits shows its socket; so would a UDP one."""
    with looking.running(far, ["ping", "-c", "100", "-i", "0.5", netns.FAR_ADDR]):
        (s,) = looking.rows("netstat")
        assert s["proto"] == "icmp" and s["state"] == "" and s["local_port"]
