#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs groups of tests, counts cases and says the total in the last line.

    run.py [--only LIST] [--junit FILE] [--target NAME] GROUP...

    unit:TREE              cmocka programs of a tree (main, asan, clang)
    cosim:TREE             the same, and lanyard of that tree with two NICs back to back
    live                   some of those on a model that looks at what proofs assume
    rtl:SIM                the benches on icarus or verilator
    interop                against kernels and servers in namespaces (tests/support/netns.py)
    house                  the tools of this project: lint, tables, reports, replay lines
    corpus:TREE            every file of tests/fuzz/corpus by the harnesses of a tree
    area                   limits of the core and of the MAC, placed and routed
    bench                  the looped MAC and LiteEth's: every byte, byte times, latencies
    formal[:quick]         the proofs; all, or those that take about a second each
    mutants fuzz nth lint  one command each, which says its own count

Make builds what the groups need; `make test` and `make check` call this. Exit: 0 all passed;
1 something failed or could not run; 3 a tool is missing; 130 interrupted. Where the machine
gives no namespaces, interop is listed as NOT RUN and fails, unless LANYARD_NO_NETNS=1; where it
does not let /dev/net/tun be opened there, the tests with a TAP, unless LANYARD_NO_TUN=1.

Each job that failed is named again at the end with the command that repeats it.

Environment: LY_SEED (default 1: where all random numbers begin), LY_JOBS (default: the cores, at
most 4), LY_TOTALS (a file to which "passed failed skipped" is appended). Output of each job:
build/test/log/. Standard library only.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import netns  # noqa: E402  (found through the line above)

OUT = Path("build/test")
VENV_PYTHON = "build/venv/bin/python"
TREES = {"main": "build", "asan": "build/asan", "clang": "build/clang"}
# Far above what each takes on a busy machine: only a hang meets them.
TIMEOUT_S = {"unit": 180, "cosim": 600, "interop": 600, "house": 600, "lint": 900, "rtl": 1800,
             "area": 1800, "bench": 300, "mutants": 1800, "formal": 1800, "corpus": 600,
             "fuzz": 900, "nth": 900, "live": 900}
# Said to this run; a job that runs make or this again is not to take it for its own.
OF_THIS_RUN = ("LY_TOTALS", "JUNIT", "ONLY")
# These open /dev/net/tun, which some machines keep for root.
NEEDS_TUN = {"interop/test_tap"}
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Case:
    name: str
    verdict: str
    text: str = ""
    seconds: float = 0.0


@dataclass
class Job:
    """One command and how to read its cases."""
    name: str
    argv: list
    read: object                # (job, exit code, output) -> list of Case
    env: dict = field(default_factory=dict)
    in_netns: bool = False
    needs_tun: bool = False
    limit_s: int = 0            # 0: as TIMEOUT_S has it
    cases: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def log(self):
        return OUT / "log" / (self.name.replace("/", "-") + ".log")

    @property
    def folder(self):
        """Its own, made anew by the runner: inside a namespace, files of any other user than
        the one who runs this are nobody's and cannot be replaced."""
        return OUT / "tmp" / self.name.replace("/", "-")

    @property
    def xml(self):
        return self.folder / "report.xml"

    def count(self, verdict):
        return sum(c.verdict == verdict for c in self.cases)

    def again(self, target):
        """The command that repeats this job alone."""
        return f"make {target} ONLY={self.name} LY_SEED={os.environ['LY_SEED']}"

    def said(self, lines):
        """The end of its output."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return text.splitlines()[-lines:]


# ------------------------------------------------------- reading what tests say

CMOCKA = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED|ERROR) +\] (\S+)$", re.M)


def read_cmocka(job, code, output):
    """One case per RUN; one that never ended (a crash, a sanitizer) has failed."""
    verdicts = {}
    for word, name in CMOCKA.findall(output.split(" test(s) run.")[0]):
        if word == "RUN":
            verdicts[name] = FAILED
        elif word in ("OK", "SKIPPED"):
            verdicts[name] = PASSED if word == "OK" else SKIPPED
    cases = [Case(name, verdict) for name, verdict in verdicts.items()]
    return cases + read_exit(job, code, cases)


def read_pytest(job, code, _output):
    """The cases of pytest's own JUnit file."""
    cases = []
    if job.xml.exists():
        for case in ET.parse(job.xml).iter("testcase"):
            verdict, text = PASSED, ""
            for bad in case:
                if bad.tag in ("failure", "error"):
                    verdict, text = FAILED, bad.get("message", "")
                elif bad.tag == "skipped":
                    verdict, text = SKIPPED, bad.get("message", "")
            cases.append(Case(case.get("name"), verdict, text, float(case.get("time", 0))))
    return cases + read_exit(job, code, cases)


TOTAL = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


def read_total(job, code, output):
    """A command that closes with "N passed, N failed", or whose exit code says all."""
    totals = TOTAL.findall(output)
    cases = []
    if totals:
        passed, failed = map(int, totals[-1])
        cases = [Case(f"{job.name} {i}", PASSED if i < passed else FAILED)
                 for i in range(passed + failed)]
    elif code == 0:
        cases = [Case(job.name, PASSED)]
    return cases + read_exit(job, code, cases)


def read_exit(job, code, cases):
    """A failed case of its own where the exit code says more than the cases do."""
    if not cases and code == 0:
        return [Case(job.name, FAILED, "it ran no test")]
    if code != 0 and not any(c.verdict == FAILED for c in cases):
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return [Case(job.name, FAILED, f"ended with {how}")]
    return []


# ------------------------------------------------------------------ the groups

def cmocka_jobs(level, tree):
    sources = sorted((ROOT / "tests" / level).glob("test_*.c"))
    return [Job(f"{level}/{s.stem}", [f"{TREES[tree]}/tests/{level}/{s.stem}"], read_cmocka,
                {"UBSAN_OPTIONS": "print_stacktrace=1"})
            for s in sources]


def pytest_job(name, path, env=None, in_netns=False):
    job = Job(name, [], read_pytest, env or {}, in_netns)
    job.argv = [VENV_PYTHON, "-m", "pytest", "-q", "--tb=short", f"--junitxml={job.xml}",
                f"--basetemp={job.folder / 't'}", str(path)]
    return job


def cosim_jobs(tree):
    # In make check, by the second compiler, checks of the wire's rate and of a hub are longer.
    os.environ.setdefault("LY_LINE_FRAMES", "100000" if tree == "clang" else "10000")
    os.environ.setdefault("LY_HUB_FRAMES", "1500" if tree == "clang" else "250")
    files = sorted(ROOT.glob("tests/cosim/test_*.py"))
    return cmocka_jobs("cosim", tree) + [
        pytest_job(f"cosim/{f.stem}", f.relative_to(ROOT), {"LY_TREE": TREES[tree]})
        for f in files]


def live_jobs(_arg):
    # About ten times slower than without.
    env = {"LY_LINE_FRAMES": "3000", "LY_HUB_FRAMES": "100"}
    return [Job(f"live/{name}", [f"build/live/tests/cosim/{name}"], read_cmocka, env)
            for name in ("test_line_rate", "test_hub_load", "test_pause")]


def rtl_jobs(sim):
    benches = sorted({p.parent for p in ROOT.glob("tests/rtl/*/test_*.py")})
    # LiteEth comes with make check only.
    benches = [b for b in benches if sim == "verilator" or not b.name.endswith("_liteeth")]
    return [pytest_job(f"rtl/{b.name}", b.relative_to(ROOT), {"LY_SIM": sim}) for b in benches]


def interop_jobs(_arg):
    files = sorted(ROOT.glob("tests/interop/test_*.py"))
    jobs = [pytest_job(f"interop/{f.stem}", f.relative_to(ROOT), in_netns=True) for f in files]
    for job in jobs:
        job.needs_tun = job.name in NEEDS_TUN
    return jobs


def house_jobs(_arg):
    files = sorted(ROOT.glob("tests/house/test_*.py"))
    return [pytest_job(f"house/{f.stem}", f.relative_to(ROOT)) for f in files]


def command_jobs(name, argv):
    return lambda _arg: [Job(name, argv, read_total)]


def formal_jobs(which):
    return [Job("formal", [VENV_PYTHON, "tests/formal/run.py", *(["--quick"] if which else [])],
                read_total)]


def area_jobs(_arg):
    return [Job("area/core", [VENV_PYTHON, "rtl/top/area.py"], read_total),
            Job("area/mac", [VENV_PYTHON, "rtl/top/area_rows.py", "--quick"], read_total)]


def corpus_jobs(tree):
    return [Job(f"corpus/{tree}", [VENV_PYTHON, "tests/fuzz/run.py", "--replay", TREES[tree]],
                read_total)]


GROUPS = {
    "unit": lambda tree: cmocka_jobs("unit", tree),
    "cosim": cosim_jobs,
    "live": live_jobs,
    "rtl": rtl_jobs,
    "interop": interop_jobs,
    "house": house_jobs,
    "formal": formal_jobs,
    "mutants": command_jobs("mutants", [VENV_PYTHON, "tests/mutants.py"]),
    "area": area_jobs,
    "bench": command_jobs("bench", [VENV_PYTHON, "tests/bench/mac_loop.py", "--cycles", "200000"]),
    "corpus": corpus_jobs,
    "fuzz": command_jobs("fuzz", [VENV_PYTHON, "tests/fuzz/run.py", "--runs"]),
    "nth": command_jobs("nth", [VENV_PYTHON, "tests/nth/run.py"]),
    "lint": command_jobs("lint", [VENV_PYTHON, "tools/lint.py"]),
}


def make_jobs(groups, only):
    jobs = []
    for group in groups:
        kind, _, arg = group.partition(":")
        made = GROUPS[kind](arg)
        if not made:
            made = [Job(f"{kind}/none", [], lambda *_: [])]
        jobs += made
    if only:
        jobs = [j for j in jobs if any(fnmatch.fnmatch(j.name, p) or j.name.split("/")[0] == p
                                       for p in only)]
    return jobs


# ------------------------------------------------------------------- running

class Runner:
    """Runs jobs side by side; ends them all when it is told to stop."""

    def __init__(self):
        self.lock = threading.Lock()
        self.children = set()
        self.stopping = False

    @staticmethod
    def kill(child):
        """Each job is a process group of its own: nothing else can be hit."""
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass    # the whole group has ended

    def stop(self):
        with self.lock:
            self.stopping = True
            for child in self.children:
                self.kill(child)

    def spawn(self, job, log):
        argv = netns.TIED + (netns.UNSHARE if job.in_netns else []) + job.argv
        env = {**netns.with_sbin(), **job.env}
        for mine in OF_THIS_RUN:
            env.pop(mine, None)
        if job.in_netns:
            env[netns.INSIDE] = "1"
        null = os.open("/dev/null", os.O_RDONLY)
        try:
            with self.lock:
                if self.stopping:
                    return None
                child = subprocess.Popen(argv, stdin=null, stdout=log, stderr=subprocess.STDOUT,
                                         env=env, start_new_session=True)
                self.children.add(child)
                return child
        finally:
            os.close(null)

    def wait(self, child, timeout_s):
        """Returns the exit code; what is left of the group ends with it."""
        try:
            return child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill(child)
            child.wait()
            return -signal.SIGALRM
        finally:
            self.kill(child)
            with self.lock:
                self.children.discard(child)

    def run(self, job):
        job.log.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(job.folder, ignore_errors=True)
        job.folder.mkdir(parents=True)
        start = time.monotonic()
        with open(job.log, "wb") as log:
            child = self.spawn(job, log)
            if child is None:
                return job
            code = self.wait(child, job.limit_s or TIMEOUT_S[job.name.split("/")[0]])
        job.seconds = time.monotonic() - start
        job.cases = job.read(job, code, job.log.read_text(errors="replace"))
        return job


def report(job, runner):
    if runner.stopping:
        return
    failed = job.count(FAILED)
    more = "".join(f", {job.count(v)} {v}" for v in (FAILED, SKIPPED) if job.count(v))
    print(f"{'FAIL' if failed else 'ok':5} {job.name:32} {job.count(PASSED):4} passed{more}"
          f"  {job.seconds:.1f} s", flush=True)
    if failed:
        print("\n".join(f"      | {line}" for line in job.said(80)))
        for case in job.cases:
            if case.verdict == FAILED:
                first = case.text.splitlines()[0] if case.text else ""
                print(f"      FAILED {job.name} {case.name} {first[:100]}", flush=True)


def run_all(jobs, runner, each):
    workers = int(os.environ.get("LY_JOBS", min(os.cpu_count() or 1, 4)))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in concurrent.futures.as_completed([pool.submit(runner.run, j) for j in jobs]):
            report(done.result(), runner)
            if each and not runner.stopping:
                each(done.result())


# --------------------------------------------------------------------- main

def set_aside(jobs):
    """Take out what cannot run here and say so. Returns the jobs that can."""
    ready = []
    no_netns = netns.refusal() if any(j.in_netns for j in jobs) else None
    no_tun = netns.tun_refusal() if not no_netns and any(j.needs_tun for j in jobs) else None
    refused = set()
    for job in jobs:
        variable, reason = "LANYARD_NO_NETNS", no_netns if job.in_netns else None
        if job.needs_tun and not reason:
            variable, reason = "LANYARD_NO_TUN", no_tun
        allowed = os.environ.get(variable) == "1"
        if not job.argv:
            job.cases = [Case(job.name, FAILED, "no tests found")]
            print(f"FAIL  {job.name:32} no tests found")
        elif reason:
            job.cases = [Case(job.name, SKIPPED if allowed else FAILED, f"NOT RUN: {reason}")]
            what = "TAP" if variable == "LANYARD_NO_TUN" else "namespaces"
            print(f"NOT RUN {job.name:30} no {what}: {reason}")
            refused |= set() if allowed else {variable}
        else:
            ready.append(job)
    for variable in sorted(refused):
        print(f"NOT RUN counts as failed. {variable}=1 accepts it.")
    return ready


def missing_tool(jobs):
    """The first program of a job that is not there, or None."""
    for job in jobs:
        if "/" in job.argv[0] and not os.access(job.argv[0], os.X_OK):
            return job.argv[0]
    return None


# Control characters but tab and newline, halves of pairs, and two that are none (XML 1.0, 2.2).
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text):
    """Without what no XML file may hold."""
    return NOT_XML.sub("?", text)


def write_junit(path, jobs, target):
    """One suite per job, as GitLab, Jenkins and the actions for GitHub read it."""
    top = ET.Element("testsuites")
    for job in jobs:
        suite = ET.SubElement(top, "testsuite", name=job.name, tests=str(len(job.cases)),
                              failures=str(job.count(FAILED)), errors="0",
                              skipped=str(job.count(SKIPPED)), time=f"{job.seconds:.3f}")
        for case in job.cases:
            node = ET.SubElement(suite, "testcase", classname=job.name, name=printable(case.name),
                                 time=f"{case.seconds:.3f}")
            if case.verdict != PASSED:
                tag = "failure" if case.verdict == FAILED else "skipped"
                bad = ET.SubElement(node, tag, message=printable(case.text))
                if case.verdict == FAILED:
                    bad.text = f"again: {job.again(target)}"
        if job.count(FAILED):
            ET.SubElement(suite, "system-out").text = printable("\n".join(job.said(200)))
    ET.ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)


def finish(jobs, junit, target, seconds):
    """The total, the reports and the exit code."""
    passed, failed, skipped = (sum(j.count(v) for j in jobs) for v in (PASSED, FAILED, SKIPPED))
    if junit:
        write_junit(junit, jobs, target)
    if "LY_TOTALS" in os.environ:
        with open(os.environ["LY_TOTALS"], "a", encoding="ascii") as out:
            out.write(f"{passed} {failed} {skipped}\n")
    for job in jobs:
        if job.count(FAILED):
            print(f"FAIL  {job.name}; again: {job.again(target)}")
    print(f"{seconds:.0f} s; output of each job in {OUT}/log")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=lambda s: s.split(","), help="job names or patterns")
    parser.add_argument("--junit", type=lambda s: Path(s).absolute(), help="JUnit XML to write")
    parser.add_argument("--target", default="test", help="what make was asked for")
    parser.add_argument("groups", nargs="+", metavar="GROUP")
    args = parser.parse_args()
    unknown = [g for g in args.groups if g.partition(":")[0] not in GROUPS]
    if unknown:
        parser.error(f"unknown group {unknown[0]}")
    os.chdir(ROOT)
    os.environ.setdefault("LY_SEED", "1")
    if not os.environ["LY_SEED"].isdecimal():
        parser.error(f"LY_SEED={os.environ['LY_SEED']} is no number")
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "build/pycache"))
    jobs = make_jobs(args.groups, args.only)
    if not jobs:
        parser.error("--only leaves nothing to run")
    return execute(jobs, args.junit, args.target)


def execute(jobs, junit=None, target="soak", each=None):
    """Runs them all from the root of the tree; each(job) hears of every one that ended by itself.
    Returns the exit code."""
    start = time.monotonic()
    runnable = set_aside(jobs)
    tool = missing_tool(runnable)
    if tool:
        print(f"{tool} is missing: make deps, or make test, which builds it", file=sys.stderr)
        return 3
    runner = Runner()

    def interrupted(_signum, _frame):
        runner.stop()

    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        # Under nohup: go on, but tests of hang-ups need it as it usually is. What is caught
        # here is the default again in a child.
        signal.signal(signal.SIGHUP, lambda _signum, _frame: None)
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    run_all(runnable, runner, each)
    if runner.stopping:
        print("interrupted", file=sys.stderr)
        return 130
    return finish(jobs, junit, target, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
