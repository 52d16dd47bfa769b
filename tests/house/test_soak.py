# SPDX-License-Identifier: Apache-2.0
"""tests/soak.py's table: what it says of jobs that have run, and of those that have not."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import run  # noqa: E402  (found through the line above)
import soak  # noqa: E402


def job(name, passed, failed):
    done = run.Job(name, ["true"], run.read_total, {})
    done.cases = [(run.PASSED,)] * passed + [(run.FAILED,)] * failed
    done.count = lambda kind: sum(c[0] == kind for c in done.cases)
    done.seconds = 3.4
    return done


def test_rows_come_one_by_one(tmp_path, monkeypatch):
    """Jobs that never ran stay so, and are no failures."""
    monkeypatch.setattr(soak, "README", tmp_path / "README.md")
    soak.README.write_text(f"a\n{soak.BEGIN}\n{soak.END}\nz\n", encoding="utf-8")
    names = ["x", "y", "fuzz/z"]
    for n, (name, failed, line) in enumerate([("y", 0, "1 of 3 jobs have run, 0 of them failed."),
                                              ("x", 2, "2 of 3 jobs have run, 1 of them failed."),
                                              ("x", 0, "2 of 3 jobs have run, 0 of them failed.")]):
        soak.write(job(name, 5, failed), f"c{n}", names)
        text = soak.README.read_text(encoding="utf-8")
        assert line in text and text.startswith("a\n") and text.endswith("z\n")
        assert [r.split(" |")[0] for r in text.splitlines() if r.startswith("| ")][1:] == [
            "| x", "| y", "| fuzz/z"]
    assert sorted(soak.rows()) == ["x", "y"]
    assert soak.rows()["x"][:4] == ["5", "0", "3 s", "c2"]
