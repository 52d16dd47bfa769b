# SPDX-License-Identifier: Apache-2.0
"""What fails says how to see it again, and that is true: the command that tests/run.py prints is
run, and fails the same way. Programs that fail by their seed stand in for real tests."""
import os
import re
import subprocess
import sys
from pathlib import Path

import program
import pytest
import replay

TESTS = Path(__file__).resolve().parents[1]
AGAIN = re.compile(r"^FAIL  (\S+); again: make (\w+) ONLY=(\S+) LY_SEED=(\d+)$", re.M)

# A cmocka program whose verdict and words depend on LY_SEED.
CMOCKA = """#!/bin/sh
echo '[ RUN      ] odd'
if [ $(($LY_SEED % 2)) = 1 ]; then echo '[       OK ] odd'; exit 0; fi
echo "even: $LY_SEED"
echo '[  FAILED  ] odd'
exit 1
"""
LANYARD = """#!/bin/sh
echo "lanyard: not this time: $*" >&2
exit 1
"""


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)


@pytest.fixture(name="tree", scope="module")
def _tree(copy):
    """One unit test and a lanyard that cannot do anything."""
    for old in (copy / "tests/unit").glob("test_*.c"):
        old.unlink()
    (copy / "tests/unit/test_planted.c").write_text("", encoding="ascii")
    executable(copy / "build/asan/tests/unit/test_planted", CMOCKA)
    executable(copy / "build/bin/lanyard", LANYARD)
    executable(copy / "build/bin/noinet", '#!/bin/sh\nexec "$@"\n')
    return copy


def run(tree, *argv, seed=None):
    """Returns (exit code, output) of tests/run.py."""
    env = {k: v for k, v in os.environ.items() if k not in ("LY_SEED", "LY_TOTALS")}
    if seed is not None:
        env["LY_SEED"] = str(seed)
    done = subprocess.run([sys.executable, "tests/run.py", *argv], cwd=tree, env=env, text=True,
                          check=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def again(tree, group, out):
    """Run what was printed, and return its output. The groups are what its target would give."""
    job, target, only, seed = AGAIN.search(out).groups()
    assert job == only
    # What make would do with it, without the building.
    dry = subprocess.run(["make", "-n", target, f"ONLY={only}", f"LY_SEED={seed}"], cwd=tree,
                         env={**os.environ, "LY_DEPS_DONE": "1", "MAKEFLAGS": ""}, text=True,
                         check=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert f"tests/run.py --target {target} --only '{only}'" in " ".join(dry.stdout.split())
    return run(tree, "--target", target, "--only", only, group, seed=seed)


def test_seed_of_a_cmocka_program(tree):
    assert run(tree, "unit:asan", seed=3)[0] == 0
    code, out = run(tree, "unit:asan", seed=4)
    assert code == 1 and "even: 4" in out
    assert AGAIN.search(out).groups() == ("unit/test_planted", "test", "unit/test_planted", "4")
    code, out = again(tree, "unit:asan", out)
    assert code == 1 and "even: 4" in out


def test_target_is_that_of_the_run(tree):
    _, out = run(tree, "--target", "check", "unit:asan", seed=4)
    assert AGAIN.search(out).group(2) == "check"


def test_seed_is_1_without_one(tree):
    """And so that nobody has to ask, it is in the command."""
    executable(tree / "build/asan/tests/unit/test_planted", CMOCKA.replace("= 1 ]", "= 0 ]"))
    try:
        _, out = run(tree, "unit:asan")
    finally:
        executable(tree / "build/asan/tests/unit/test_planted", CMOCKA)
    assert AGAIN.search(out).group(4) == "1" and "even: 1" in out


def test_seed_that_is_none(tree):
    code, out = run(tree, "unit:asan", seed="one")
    assert code == 2 and "LY_SEED=one is no number" in out


def test_what_passes_prints_no_command(tree):
    assert "again" not in run(tree, "unit:asan", seed=3)[1]


def test_command_lines_of_a_lanyard_test(tree):
    """Word for word what was started, so that it can be pasted."""
    only = "cosim/test_peer"
    code, out = run(tree, "--only", only, "cosim:main", seed=11)
    assert code == 1 and "again, LY_SEED=11" in out
    lines = re.findall(r"^ *\| (build/bin/noinet .* --seed 11 .*)$", out, re.M)
    assert lines, out
    ran = subprocess.run(["sh", "-c", lines[0]], cwd=tree, text=True, check=False,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert ran.returncode == 1 and ran.stderr.startswith("lanyard: not this time: --json")
    assert AGAIN.search(out).groups() == (only, "test", only, "11")
    assert AGAIN.search(again(tree, "cosim:main", out)[1]).groups()[3] == "11"


def test_seeds_of_parameters(monkeypatch):
    """They begin with the seed of the run; lanyards that one far end sees have each its own."""
    monkeypatch.setenv("LY_SEED", "11")
    assert list(replay.seeds(3)) == [11, 12, 13]
    wall = [program.command_line(["--wire", "packet:near0"], ["doctor"]) for _ in range(2)]
    assert [argv[argv.index("--seed") + 1] for argv in wall] == ["11000", "11001"]
    chosen = program.command_line(["--wire", "peer", "--seed", "5"], ["doctor"])
    assert chosen.count("--seed") == 1


def test_seed_of_a_bench(tree):
    """A planted fault that only a random message shows; the bench names the seed it ran with."""
    path = tree / "rtl/mac/ly_fcs.v"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("32'hEDB8_8320", "32'hEDB8_8321"), encoding="utf-8")
    try:
        code, out = run(tree, "--only", "rtl/fcs", "rtl:icarus", seed=7)
        wrong = re.findall(r"AssertionError.*", out)
        assert code == 1 and wrong
        assert AGAIN.search(out).groups() == ("rtl/fcs", "test", "rtl/fcs", "7")
        code, out = again(tree, "rtl:icarus", out)
        assert code == 1 and re.findall(r"AssertionError.*", out) == wrong
        _, out = run(tree, "--only", "rtl/fcs", "rtl:icarus", seed=8)
        assert re.findall(r"AssertionError.*", out) != wrong, "another seed draws other bytes"
    finally:
        path.write_text(text, encoding="utf-8")


def test_no_generator_begins_with_a_constant():
    """LY_SEED reaches each: none of them is given a number in the source."""
    constant = re.compile(r"rng_init\([^,]+, *\d+ *,|\bsrandom?\(\d|random\.Random\(\d|"
                          r"random\.seed\(\d")
    for path in sorted((*TESTS.glob("*/*.c"), *TESTS.glob("cosim/*.py"),
                        *TESTS.glob("interop/*.py"), *TESTS.glob("rtl/*/*.py"))):
        found = constant.search(path.read_text(encoding="utf-8"))
        if path.name != "test_rng.c":       # compares with values that are written there
            assert not found, f"{path}: {found.group(0)}: seed_of_run() or LY_SEED"
