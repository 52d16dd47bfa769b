# SPDX-License-Identifier: Apache-2.0
"""What documents and programs tell is so: `make TARGET VARIABLE=...` exists, and the list of public
headers is that of lint."""
import re

import lint_row
import pytest
from conftest import ROOT

KINDS = {".md", ".c", ".h", ".py", ".sh", ".mk", ".yml", ".v", ""}
# In quotes of any kind: elsewhere "make" is a word.
TOLD = re.compile(r"""[`'"]make ([a-z][a-z-]*)((?: [A-Z_]+=[^ `"]+)*)""")
READ = re.compile(r"""\$\(([A-Z_]+)\)|environ(?:\.get)?[\[(]"([A-Z_]+)"|getenv\("([A-Z_]+)"\)""")


def sources():
    return {str(path): (ROOT / path).read_text(encoding="utf-8") for path in lint_row.files(ROOT)
            if path.suffix in KINDS and lint_row.CORPUS not in path.parts}


def faults(texts):
    """One line for each target that no .PHONY names, and each variable that nobody reads."""
    rules = [text for name, text in texts.items() if name == "Makefile" or name.endswith(".mk")]
    targets = set(" ".join(re.findall(r"^\.PHONY:(.*)", "\n".join(rules), re.M)).split())
    read = {word for text in texts.values() for found in READ.findall(text) for word in found}
    for name, text in texts.items():
        for target, variables in TOLD.findall(text):
            if target not in targets:
                yield f"{name}: no target {target}"
            for variable in re.findall(r"([A-Z_]+)=", variables):
                if variable not in read:
                    yield f"{name}: make reads no {variable}"


def test_what_is_told_exists():
    assert not list(faults(sources()))


@pytest.mark.parametrize("told,line", [("dpes", "x.md: no target dpes"),
                                       ("deps GRUOP=run", "x.md: make reads no GRUOP")])
def test_what_does_not_is_found(told, line):
    assert list(faults({**sources(), "x.md": f"run `make {told}`"})).count(line) == 1


def test_public_headers():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    told = {room: set(names.strip("{}").split(",")) for room, names in
            re.findall(r"`(\w+)/(\w+|\{[\w,]+\})\.h`", text) if room in lint_row.PUBLIC}
    assert told == {room: names for room, names in lint_row.PUBLIC.items() if names}


@pytest.mark.parametrize("folder,names", [
    ("tests/cosim", "test_*"), ("tests/interop", "test_*"), ("tests/house", "test_*"),
    ("tests/support", "*.*"), ("tests/formal", "*.*")])
def test_every_file_has_its_line(folder, names):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    absent = [path.name for path in (ROOT / folder).glob(names)
              if path.name != "README.md" and f"`{path.name}`" not in text]
    assert not absent
