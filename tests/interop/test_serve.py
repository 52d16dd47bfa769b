# SPDX-License-Identifier: Apache-2.0
"""The kernel's curl against lanyard serve: the stack as a server."""
import subprocess

import judge
import netns
import page
import program
import pytest


@pytest.fixture(name="files")
def _files(tmp_path):
    folder = tmp_path / "www"
    return folder, page.make(folder, seed=3)


def curl(*argv):
    return subprocess.run(netns.in_far("curl", "-sS", "--max-time", "30", *argv), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def url(path=""):
    return f"http://{netns.NEAR_ADDR}/{path}"


@pytest.mark.parametrize("offload", ["all", "none"])
def test_curl_gets_every_file(far, files, tmp_path, offload):
    folder, bodies = files
    with program.serving([*far, "--offload", offload], ["serve", str(folder)],
                         tmp_path / "serve.pcapng") as ended:
        for name, body in bodies.items():
            got = curl(url(name))
            assert got.returncode == 0, got.stderr
            assert got.stdout == body, name
    judge.assert_good(ended[0].pcap, at_least=100)


def test_one_connection_for_several(far, files):
    """Clause: RFC 9112 9.3"""
    folder, bodies = files
    with program.serving(far, ["serve", str(folder)]):
        got = curl("-w", "%{num_connects}\n", *(a for name in bodies
                                               for a in ("-o", "/run/sink", url(name))))
    assert got.returncode == 0, got.stderr
    assert got.stdout.decode().split() == ["1", "0", "0", "0"]


def test_several_at_once(far, files):
    """Four connections side by side, each with the largest file."""
    folder, bodies = files
    with program.serving(far, ["serve", str(folder)]):
        running = [subprocess.Popen(netns.in_far("curl", "-sS", "--max-time", "60",
                                                 url("img/large.png")), stdout=subprocess.PIPE)
                   for _ in range(4)]
        bodies_got = [child.communicate()[0] for child in running]
    assert all(got == bodies["img/large.png"] for got in bodies_got)


@pytest.mark.parametrize("path,status", [("", "200"), ("nothing", "404"), ("img", "301"),
                                         ("../../etc/passwd", "404"), ("%2e%2e/secret", "404")])
def test_status(far, files, path, status):
    folder, _ = files
    (folder.parent / "secret").write_text("outside the folder\n")
    with program.serving(far, ["serve", str(folder)]):
        got = curl("--path-as-is", "-o", "/run/sink", "-w", "%{http_code}", url(path))
    assert got.stdout.decode() in (status, "400" if status == "404" else status)


def test_head(far, files):
    """Clause: RFC 9110 9.3.2"""
    folder, bodies = files
    with program.serving(far, ["serve", str(folder)]):
        got = curl("-I", url("img/small.png"))
    head = got.stdout.decode().lower()
    assert head.startswith("http/1.1 200")
    assert f"content-length: {len(bodies['img/small.png'])}\r\n" in head
