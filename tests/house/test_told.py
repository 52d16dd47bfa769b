# SPDX-License-Identifier: Apache-2.0
"""What documents and programs tell is so: `make TARGET VARIABLE=...` exists, the list of public
headers is that of lint, and every file of a folder has its line in the README there."""
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


# Where each file has its line; elsewhere a pattern or a heading speaks for some.
LISTED = ["driver", "host", "sim",
          *[f"rtl/{block}" for block in ("lib", "link", "mac", "offload", "phy", "queue", "regs",
                                         "top")],
          *[f"tests/{level}" for level in ("bench", "cosim", "formal", "house", "interop", "nth",
                                           "peers", "support")]]
NO_LINE = {"README.md", "rules.mk", "conftest.py"}


def unnamed(names, text):
    """Those of @names that stand in no `NAME`, `NAME.[ch]` or `NAME.[h,cpp]` of @text."""
    told = set(re.findall(r"`([\w.]+)`", text))
    for stem, kinds in re.findall(r"`(\w+)\.\[([\w,]+)\]`", text):
        told |= {f"{stem}.{kind}" for kind in (kinds.split(",") if "," in kinds else kinds)}
    return sorted(set(names) - told - NO_LINE)


@pytest.mark.parametrize("folder", LISTED)
def test_every_file_has_its_line(folder):
    names = [path.name for path in (ROOT / folder).iterdir() if path.is_file()]
    assert not unnamed(names, (ROOT / folder / "README.md").read_text(encoding="utf-8"))


def test_a_file_without_its_line_is_found():
    text = "| `a.[ch]` `b.[h,cpp]` | both |\n| `c.py` | it |\n| d.py | no name without quotes |"
    names = ["a.c", "a.h", "b.h", "b.cpp", "c.py", "README.md"]
    assert not unnamed(names, text)
    assert unnamed([*names, "d.py", "a.py", "b.c"], text) == ["a.py", "b.c", "d.py"]
