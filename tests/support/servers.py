# SPDX-License-Identifier: Apache-2.0
"""nginx, NSD, dnsmasq in the foreground: at the far end, as the one mapped user, or, where there
are no namespaces, the first two as whoever asks on ports of this machine's loopback, for the wire
`slirp`."""
import contextlib
import os
import shutil
import socket
from pathlib import Path

import netns

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "lanyard.test"
OTHER = "elsewhere.test"
MANY = 40   # addresses of one name: more than 512 bytes hold
NAME = f"www.{DOMAIN}"

NGINX = """daemon off;
master_process off;
worker_processes 1;
user root;
pid {work}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  types {{ text/html html; image/png png; text/plain txt; text/css css; }}
  default_type application/octet-stream;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  # One line a request; lines of one connection share their first number.
  log_format short '$connection $connection_requests $status $body_bytes_sent $request_uri';
  access_log {work}/access.log short;
  server {{
    listen {addr}:{port};
    server_name {name};
    limit_rate {rate};
    root {pages};
  }}
}}
"""

NSD = """server:
  ip-address: {addr}@{port}
  username: ""
  chroot: ""
  zonesdir: "{work}"
  database: ""
  pidfile: ""
  xfrdfile: "{work}/xfrd.state"
  xfrdir: "{work}"
  zonelistfile: "{work}/zone.list"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "zone"
"""

# What the dig tests ask; every kind of record that the resolver knows.
ZONE = """$ORIGIN {domain}.
$TTL 300
@       SOA   ns hostmaster 1 3600 600 86400 60
@       NS    ns
@       MX    10 mail
@       MX    20 backup
ns      A     {addr}
www     A     {addr}
www     AAAA  fd00:77::1
mail    A     {addr}
backup  A     10.77.0.3
alias   CNAME www
gone    A     10.77.0.9
first   CNAME second
second  CNAME www
across  CNAME there.{other}.
nowhere CNAME absent.{other}.
round   CNAME back.{other}.
"""

# The zone of another server: a CNAME into it ends the answer of the first one.
ZONE_OTHER = """$ORIGIN {other}.
$TTL 300
@       SOA   ns.{domain}. hostmaster 1 3600 600 86400 60
@       NS    ns.{domain}.
there   CNAME www.{domain}.
back    CNAME round.{domain}.
"""


# No DNS, only leases. dnsmasq gives none shorter than two minutes, but T1 is free.
DNSMASQ = """port=0
interface={ifname}
bind-interfaces
log-dhcp
no-ping
dhcp-authoritative
dhcp-leasefile={work}/leases
dhcp-range=10.77.0.100,10.77.0.120,255.255.255.0,2m
dhcp-option=option:router,{addr}
dhcp-option=option:dns-server,{addr}
"""


def program(name):
    """The installed server, or the one that tools/deps.sh unpacked."""
    unpacked = ROOT / "build/tools/bin" / name
    found = shutil.which(name) or (str(unpacked) if unpacked.exists() else None)
    if found is None:
        raise FileNotFoundError(f"{name} is missing: make deps")
    return found


LOOPBACK = "127.0.0.1"
SLIRP_HOST = "10.0.2.2"     # how the far side of the wire `slirp` calls that address


def free_port():
    """A port of the loopback that nobody has, for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((LOOPBACK, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((LOOPBACK, port))
                return port
            except OSError:
                continue    # somebody has it for UDP


def running(proto, port, far_port, argv, log):
    """netns.running() on a port of the loopback, without one at the far end."""
    if port is None:
        return netns.running(netns.in_far(*argv), log, lambda: netns.far_listens(proto, far_port))
    # Nothing else would end it: no namespace goes with its first process here.
    return netns.running(netns.TIED + argv, log, lambda: netns.listens(proto, port))


@contextlib.contextmanager
def nginx(pages, work=Path("/run/nginx"), port=None, rate="0"):
    """Serves the folder; yields the path of its access log.

    port: of the loopback, None for port 80 of the far end. rate: bytes a second of each
    connection as nginx writes it, "0" for no limit.
    """
    work.mkdir(parents=True, exist_ok=True)
    conf = work / "nginx.conf"
    conf.write_text(NGINX.format(work=work, addr=LOOPBACK if port else netns.FAR_ADDR,
                                 port=port or 80, name=NAME, pages=pages, rate=rate))
    argv = [program("nginx"), "-e", "stderr", "-p", str(work), "-c", str(conf)]
    with running("t", port, 80, argv, work / "log"):
        yield work / "access.log"


@contextlib.contextmanager
def nsd(work=None, port=None, zone=DOMAIN, far_port=53):
    """Serves lanyard.test or elsewhere.test. port: of the loopback; None for far_port of the far
    end."""
    work = work or Path(f"/run/nsd-{far_port}")
    work.mkdir(parents=True, exist_ok=True)
    names = {"domain": DOMAIN, "other": OTHER,
             "addr": SLIRP_HOST if port else netns.FAR_ADDR}
    conf = work / "nsd.conf"
    conf.write_text(NSD.format(work=work, zone=zone, addr=LOOPBACK if port else netns.FAR_ADDR,
                               port=port or far_port))
    many = "".join(f"many A 192.0.2.{i}\n" for i in range(MANY))
    text = ZONE_OTHER if zone == OTHER else ZONE + many
    (work / "zone").write_text(text.format(**names))
    with running("u", port, far_port, [program("nsd"), "-d", "-c", str(conf)], work / "log"):
        yield work


@contextlib.contextmanager
def dnsmasq(*more, work=Path("/run/dnsmasq")):
    """Gives 10.77.0.100 to .120 at the far end, for two minutes. more: lines of its configuration.

    Yields the folder: in it leases, and log.
    """
    work.mkdir(parents=True, exist_ok=True)
    for old in work.iterdir():
        old.unlink()
    conf = work / "conf"
    conf.write_text(DNSMASQ.format(work=work, ifname=netns.FAR_IF, addr=netns.FAR_ADDR)
                    + "".join(f"{line}\n" for line in more))
    # -d, "debug": in the foreground, its log on stderr, and as the one user that there is.
    argv = netns.in_far(program("dnsmasq"), "-d", "-C", str(conf))
    with netns.running(argv, work / "log", lambda: netns.far_listens("u", 67)):
        yield work


def requests(log):
    """The access log as dicts: connection, number, status, bytes, uri."""
    if not os.path.exists(log):
        return []
    rows = (line.split() for line in Path(log).read_text().splitlines())
    return [{"connection": int(r[0]), "number": int(r[1]), "status": int(r[2]),
             "bytes": int(r[3]), "uri": r[4]} for r in rows]
