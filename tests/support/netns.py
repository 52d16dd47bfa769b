# SPDX-License-Identifier: Apache-2.0
"""Namespaces for tests that need a kernel at the other end of the wire. No privilege.

    near: this process; near0 has no address, lanyard reads it by AF_PACKET
    far:  `ip netns` "far"; far0 has 10.77.0.1/24 and carries nginx, NSD, ping, curl

Everything lies in user, network, mount and PID namespaces of its own, whoever asks: the whole
goes with its first process, so nothing can outlive a run, however it ends.
"""
import contextlib
import os
import signal
import subprocess
import time

NEAR_IF, FAR_IF, FAR = "near0", "far0", "far"
FAR_ADDR, NEAR_ADDR, PREFIX_LEN = "10.77.0.1", "10.77.0.2", 24

# --kill-child ends process 1 with unshare, setpriv ends unshare with its parent.
TIED = ["setpriv", "--pdeathsig", "KILL"]
UNSHARE = ["unshare", "-Urnmpf", "--mount-proc", "--kill-child"]

# Set for processes inside, so that they need not ask again.
INSIDE = "LANYARD_INSIDE"

PROBE = """set -e
mount -t tmpfs none /run
mkdir -p /run/netns
ip netns add probe
ip link add probe0 type veth peer name probe1 netns probe
ip link del probe0
"""


def with_sbin(env=os.environ):
    """The environment with the folders of ip and ethtool on PATH, as ordinary users lack them."""
    return {**env, "PATH": env.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"}


def refusal(probe=PROBE):
    """Why this machine gives no namespaces, one line; None if it does.

    Found by making a veth in one: some systems let unshare pass and refuse the rest.
    """
    try:
        done = subprocess.run(TIED + UNSHARE + ["sh", "-c", probe], env=with_sbin(), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=30, check=False)
    except FileNotFoundError as missing:
        return f"{missing.filename} is missing"
    except subprocess.TimeoutExpired:
        return "making an interface in a namespace did not end within 30 s"
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"unshare ended with {done.returncode}"


def tun_refusal():
    """Why no TAP can be made in a namespace, one line; None if it can."""
    return refusal("ip tuntap add probe0 mode tap")


def inside():
    """Whether this process runs in namespaces made by run_inside()."""
    return INSIDE in os.environ


def _stop(child, patience_s):
    """Wait for a child that had its signal already, then end it and all below it."""
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def run_inside(argv):
    """Run argv in new namespaces, as user 0 there. Returns its exit code.

    This process stays outside: unshare itself blocks SIGTERM, so somebody has to end it.
    Ctrl-C reaches argv too, which gets 5 s to clean up what lies in build/.
    """
    def terminate(signum, _frame):
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, terminate)
    child = subprocess.Popen(TIED + UNSHARE + argv, env={**with_sbin(), INSIDE: "1"})
    try:
        return child.wait()
    except KeyboardInterrupt:
        _stop(child, 5)
        return 128 + signal.SIGINT
    finally:
        child.kill()
        child.wait()


def sh(*argv):
    """Run one command; its output is in the exception if it fails."""
    done = subprocess.run(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stdout.strip() or done.returncode}")
    return done.stdout


def in_far(*argv):
    """The command line that runs argv at the far end."""
    return ["ip", "netns", "exec", FAR, *argv]


def complete_frames(ifname, prefix=()):
    """No unfinished checksums and no oversized segments leave or enter by this interface."""
    sh(*prefix, "ethtool", "-K", ifname, "tx", "off", "tso", "off", "gso", "off", "gro", "off")


def build():
    """Lay the topology of the head of this file. Call once, inside."""
    sh("mount", "-t", "tmpfs", "none", "/run")
    os.makedirs("/run/netns")
    os.makedirs("/run/lanyard", mode=0o700)
    os.environ["LANYARD_RUN_DIR"] = "/run/lanyard"
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "netns", "add", FAR)
    sh("ip", "link", "add", NEAR_IF, "type", "veth", "peer", "name", FAR_IF, "netns", FAR)
    for ifname, prefix in ((NEAR_IF, ()), (FAR_IF, in_far())):
        complete_frames(ifname, prefix)
        # Without a link-local address the kernel sends no IPv6 of its own.
        sh(*prefix, "ip", "link", "set", ifname, "addrgenmode", "none")
        sh(*prefix, "ip", "link", "set", ifname, "up")
    sh(*in_far("ip", "link", "set", "lo", "up"))
    sh(*in_far("ip", "addr", "add", f"{FAR_ADDR}/{PREFIX_LEN}", "dev", FAR_IF))


@contextlib.contextmanager
def running(argv, log, ready, timeout_s=10.0):
    """A server as a child: started, waited for until ready() holds, ended by its id.

    log: file for its output; its end is in the exception if the server does not come up.
    """
    with open(log, "ab") as out:
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + timeout_s
        while not ready():
            if child.poll() is not None or time.monotonic() > deadline:
                with open(log, encoding="utf-8", errors="replace") as said:
                    raise RuntimeError(f"{argv[-1]} did not start: {said.read()[-800:]}")
            time.sleep(0.02)
        yield child
    finally:
        child.terminate()
        _stop(child, 5)


def listens(proto, port, near=True):
    """Whether a server at this end has this port open. proto: "t" (TCP) or "u" (UDP)."""
    argv = ["ss", f"-Hln{proto}", f"sport = :{port}"]
    return sh(*(argv if near else in_far(*argv))).strip() != ""


def far_listens(proto, port):
    """The same of the far end."""
    return listens(proto, port, near=False)
