# SPDX-License-Identifier: Apache-2.0
"""JUNIT=FILE: what GitLab, Jenkins and the actions for GitHub read, whatever tests print.

Their readers want: testsuites > testsuite (name, tests, failures, errors, skipped, time) >
testcase (classname, name, time) > failure or skipped (message), and system-out; XML 1.0.
"""
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
import run

# A test that fails after printing what no XML may hold, one that is skipped, one that crashes.
CMOCKA = """#!/bin/sh
printf '[ RUN      ] good\\n[       OK ] good\\n[ RUN      ] bad\\n'
printf 'a bell \\a, an escape \\033[1m, a byte \\377, and <tags> & "quotes"\\n'
printf '[  FAILED  ] bad\\n[ RUN      ] later\\n[  SKIPPED ] later\\n[ RUN      ] crash\\n'
exit 1
"""


@pytest.fixture(name="report", scope="module")
def _report(copy):
    """The XML of a run of that program."""
    for old in (copy / "tests/unit").glob("test_*.c"):
        old.unlink()
    (copy / "tests/unit/test_planted.c").write_text("", encoding="ascii")
    program = copy / "build/asan/tests/unit/test_planted"
    program.parent.mkdir(parents=True)
    program.write_text(CMOCKA, encoding="ascii")
    program.chmod(0o755)
    done = subprocess.run([sys.executable, "tests/run.py", "--junit", "build/junit.xml",
                           "unit:asan"], cwd=copy, check=False, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, env={**os.environ, "LY_SEED": "5"})
    assert done.returncode == 1
    return ET.parse(copy / "build/junit.xml").getroot()


def test_structure(report):
    assert report.tag == "testsuites"
    for suite in report:
        assert suite.tag == "testsuite" and suite.get("name") and float(suite.get("time")) >= 0
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
        assert suite.get("errors") == "0"
        for case in cases:
            assert case.get("classname") and case.get("name") and float(case.get("time")) >= 0
            assert {child.tag for child in case} <= {"failure", "skipped"}
            assert all(child.get("message") is not None for child in case)


def test_cases(report):
    verdicts = {case.get("name"): [child.tag for child in case] for case in report.iter("testcase")}
    assert verdicts == {"good": [], "bad": ["failure"], "later": ["skipped"],
                        "crash": ["failure"]}


def test_failure_says_how_to_see_it_again(report):
    again = report.find("testsuite/testcase/failure").text
    assert again == "again: make test ONLY=unit/test_planted LY_SEED=5"
    said = report.find("testsuite/system-out").text
    assert 'a bell ?, an escape ?[1m, a byte \ufffd, and <tags> & "quotes"' in said


@pytest.mark.parametrize("code", [0, 8, 0xB, 0x1F, 0xFFFE, 0xD800])
def test_what_xml_may_not_hold(code):
    text = run.printable(f"a{chr(code)}b\t\n")
    assert text == "a?b\t\n"
    ET.fromstring(ET.tostring(ET.Element("x", message=text)))
