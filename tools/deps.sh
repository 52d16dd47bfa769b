#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# deps.sh GROUP... - see to it that what a group needs is there.
#
#   run    build and `make run`: compilers, Verilator, libraries, iproute2, nginx and NSD
#   test   `make test`: second compiler, Icarus, cmocka, tshark, dnsmasq, GTKWave, Python packages,
#          pinned yosys, ABC
#   fpga   `make check` and `make lint`: pinned nextpnr
#   peers  `make check`, `make area` and `make bench`: LiteEth, to be compared with
#
# It looks first. Only what is missing is fetched: packages by apt-get (as root or by sudo
# without a password; otherwise the line to run is printed and the exit code is 3), servers by
# `apt-get download` and unpacked into build/tools, where nothing starts them, Python packages
# into build/venv by the pinned lists beside this script.
#
# LY_DEPS_DONE=1: the caller has looked already; nothing is done.
#
# Exit: 0 all there; 2 usage; 3 something is missing and could not be had.
# /dev/null is not used: on some machines it is root's alone.
set -u
[ "${LY_DEPS_DONE:-}" = 1 ] && exit 0
cd "$(dirname "$0")/.." || exit 3
PATH=$PATH:/usr/sbin:/sbin
export PATH DEBIAN_FRONTEND=noninteractive LC_ALL=C

python=/usr/bin/python3
tools=build/tools
venv=build/venv
missing=

say() { printf 'deps: %s\n' "$*"; }
fail() { printf 'deps: %s\n' "$*" >&2; exit 3; }
has() { [ -n "$(command -v "$1")" ]; }
quiet() { out=$("$@" 2>&1); }

# need PACKAGE PROBE... - remember the package when its probe fails
need() {
    package=$1
    shift
    "$@" || missing="$missing $package"
}

# header NAME [FLAGS] - the C compiler finds it
header() {
    has gcc && name=$1 && shift && printf '#include <%s>\n' "$name" | quiet gcc "$@" -E -x c -
}

xml_header() {
    has pkg-config && flags=$(pkg-config --cflags libxml-2.0 2>&1) \
        && header libxml/parser.h $flags
}

python_runs() {
    [ -x "$python" ] && quiet "$python" -c "$1"
}

# cocotb loads the interpreter as a library
python_library() {
    python_runs 'import ctypes, sysconfig; ctypes.CDLL(sysconfig.get_config_var("INSTSONAME"))'
}

python_library_package() {
    [ -x "$python" ] && "$python" -c 'import sys; print("libpython3.%d" % sys.version_info[1])'
}

clang_runtime() {
    has clang && set -- "$(clang --print-runtime-dir)"/libclang_rt.asan*.a && [ -e "$1" ]
}

look_run() {
    need gcc has gcc
    need g++ has g++
    need libc6-dev header stdio.h
    need make has make
    need pkg-config has pkg-config
    need verilator has verilator
    need libcurl4-openssl-dev header curl/curl.h
    need libxml2-dev xml_header
    need libslirp-dev header slirp/libslirp.h
    need libpcap-dev header pcap/pcap.h
    need zlib1g-dev header zlib.h
    need iproute2 has ip
    need ethtool has ethtool
    need util-linux has unshare
    need util-linux has setpriv
    need python3 [ -x "$python" ]
}

look_test() {
    need clang has clang
    need libclang-rt-dev clang_runtime
    need iverilog has iverilog
    need libcmocka-dev header cmocka.h -include stdarg.h -include stddef.h -include setjmp.h \
        -include stdint.h
    need tshark has tshark
    need gtkwave has fst2vcd
    need berkeley-abc has berkeley-abc
    need iputils-ping has ping
    need curl has curl
    need python3-venv python_runs 'import ensurepip, venv'
    need "$(python_library_package)" python_library
}

look_fpga() {
    need python3-venv python_runs 'import ensurepip, venv'
}

look_peers() {
    need python3-venv python_runs 'import ensurepip, venv'
}

# as_root COMMAND... - run it with rights, or return 1 without having run it
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo && quiet sudo -n true; then
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    else
        return 1
    fi
}

may_be_root() { [ "$(id -u)" = 0 ] || { has sudo && quiet sudo -n true; }; }

# apt_knows PACKAGE... - the package lists are there and hold them all
apt_knows() {
    for p; do
        case $(apt-cache policy "$p" 2>&1) in
        *'Candidate: (none)'* | '') return 1 ;;
        esac
    done
}

install_packages() {
    set -- $missing
    [ $# -gt 0 ] || return 0
    has apt-get || fail "missing: $*. This machine has no apt-get: install them by its own means" \
        "(names as in Debian 12) and run make again."
    line="apt-get update && apt-get install -y --no-install-recommends $*"
    may_be_root || fail "missing: $*. Run as root:  $line"
    say "installing: $*"
    if ! apt_knows "$@" || ! quiet as_root apt-get install -y --no-install-recommends "$@"; then
        quiet as_root apt-get update || printf '%s\n' "$out" >&2
        quiet as_root apt-get install -y --no-install-recommends "$@" || {
            printf '%s\n' "$out" | tail -n 15 >&2
            fail "apt-get could not install: $*. Is the network there? By hand:  $line"
        }
    fi
}

# ---------------------------------------------------------------- servers
# Installed, nginx and NSD would start at once on ports 80 and 53 of this machine (dnsmasq-base
# would not, but where it is missing the same way serves).
# The wrapper says where the libraries lie that the machine lacks.

server_there() { has "$1" || [ -x "$tools/bin/$1" ]; }

wrap_server() {
    lib=$(gcc -print-multiarch)
    mkdir -p "$tools/bin"
    cat >"$tools/bin/$1.new" <<END
#!/bin/sh
root=\$(dirname "\$0")/../root
LD_LIBRARY_PATH=\$root/usr/lib/$lib:\$root/lib/$lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "\$root/usr/sbin/$1" "\$@"
END
    chmod +x "$tools/bin/$1.new"
    quiet "$tools/bin/$1.new" -v || fail "$1 was unpacked but does not start: $out"
    mv "$tools/bin/$1.new" "$tools/bin/$1"
}

# The servers and the libraries that an installation would bring. libc6 is left out:
# the running loader must match it.
server_packages() {
    listed=$(apt-get -s --no-install-recommends install "$@") || return 1
    printf '%s\n' "$listed" | grep -v '^Inst libc6 ' \
        | sed -n 's/^Inst \(nginx\|nsd\|dnsmasq-base\|lib[^ ]*\) .*/\1/p'
}

# _apt, whom apt-get asks to download, cannot write into a private folder.
apt_config() {
    mkdir -p "$tools"
    printf 'APT::Sandbox::User "%s";\n' "$(id -un)" >"$tools/apt.conf"
    export APT_CONFIG="$PWD/$tools/apt.conf"
}

# Package lists anew: the machine's own as root, else private ones, for which nobody need be root.
fresh_lists() {
    if may_be_root; then
        quiet as_root apt-get update
        return
    fi
    mkdir -p "$tools/apt/lists/partial" "$tools/apt/cache/archives/partial"
    printf 'Dir::State::lists "%s";\nDir::Cache "%s";\n' "$PWD/$tools/apt/lists" \
        "$PWD/$tools/apt/cache" >>"$tools/apt.conf"
    quiet apt-get update
}

fetch_servers() {
    packages=$(server_packages "$@") && [ -n "$packages" ] || return 1
    rm -rf "$tools/deb"
    mkdir -p "$tools/deb" "$tools/root"
    (cd "$tools/deb" && apt-get download $packages) || return 1
    for deb in "$tools"/deb/*.deb; do
        dpkg-deb -x "$deb" "$tools/root" || return 1
    done
    rm -rf "$tools/deb"
}

# package_of SERVER - the package that it comes in
package_of() {
    case $1 in
    dnsmasq) echo dnsmasq-base ;;
    *) echo "$1" ;;
    esac
}

# get_servers SERVER... - those that are missing
get_servers() {
    absent=
    packages=
    for s; do
        server_there "$s" && continue
        absent="$absent $s"
        packages="$packages $(package_of "$s")"
    done
    set -- $packages
    [ $# -gt 0 ] || return 0
    say "unpacking into $tools: $*"
    has apt-get && has dpkg-deb || fail "missing: $*, and no apt-get to download them with."
    apt_config
    quiet fetch_servers "$@" || { fresh_lists && quiet fetch_servers "$@"; } || {
        printf '%s\n' "$out" | tail -n 15 >&2
        fail "could not download: $*. Is the network there? Run make deps again."
    }
    rm -rf "$tools/apt"
    for s in $absent; do wrap_server "$s"; done
}

# ----------------------------------------------------------------- Python
# The stamp holds what was asked for and where: a changed list, a moved clone or a
# new interpreter brings pip back.

python_packages() {
    list=tools/requirements-$1.txt
    stamp=$venv/stamp-$1
    want="$("$python" -V) $PWD $(cksum <"$list")"
    [ -r "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
    say "Python packages of $list into $venv"
    if [ ! -x "$venv/bin/pip" ] || [ "$(cat "$venv/where" 2>&1)" != "$PWD" ]; then
        rm -rf "$venv"
        quiet "$python" -m venv "$venv" || fail "no virtual environment: $out"
        printf '%s\n' "$PWD" >"$venv/where"
    fi
    quiet "$venv/bin/python" -m pip install --no-input --disable-pip-version-check \
        -r "$list" || {
        printf '%s\n' "$out" | tail -n 15 >&2
        fail "pip could not install $list. Is the network there? Run make deps again."
    }
    printf '%s\n' "$want" >"$stamp"
}

# ------------------------------------------------------------------- main

for group; do
    case $group in
    run | test | fpga | peers) "look_$group" ;;
    *) echo "usage: tools/deps.sh run|test|fpga|peers ..." >&2; exit 2 ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: tools/deps.sh run|test|fpga|peers ..." >&2; exit 2; }

# A probe may have failed only because its compiler was missing: look again after installing.
if [ -n "$missing" ]; then
    missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
    install_packages
    missing=
    for group; do "look_$group"; done
    install_packages
    missing=
    for group; do "look_$group"; done
    [ -z "$missing" ] || fail "still missing after installation:$missing"
fi

for group; do
    case $group in
    run) get_servers nginx nsd ;;
    test) get_servers dnsmasq && python_packages test ;;
    *) python_packages "$group" ;;
    esac
done
exit 0
