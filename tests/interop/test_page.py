# SPDX-License-Identifier: Apache-2.0
"""A page of nginx, its name from NSD, fetched by lanyard over AF_PACKET."""
import judge
import page
import program
import pytest


@pytest.mark.parametrize("offload,who", [("all", "nic"), ("none", "stack")])
def test_page(site, far, tmp_path, offload, who):
    """Clause: RFC 9293 3.5, RFC 9293 3.6, RFC 9112 9.3"""
    before = len(site.requests())
    got = program.run([*far, "--offload", offload], ["fetch", "-o", str(tmp_path / "page"),
                                                     site.url], tmp_path / "page.pcapng").check()
    for name, body in site.files.items():
        assert (tmp_path / "page" / name).read_bytes() == body, name
    expected = {name: (200, len(body)) for name, body in site.files.items()}
    expected[""] = expected.pop("index.html")
    assert program.objects(got) == expected

    asked = site.requests()[before:]
    assert len({r["connection"] for r in asked}) == 1, "one connection is kept for all objects"
    assert [r["status"] for r in asked] == [200] * 4

    for step in ("dns_ask", "dns_answer", "arp_ask", "arp_answer", "tcp_syn", "tcp_established",
                 "tcp_fin_sent"):
        assert got.told(step), f"{step} is shown"
    judge.assert_good(got.pcap, at_least=100)
    program.assert_no_errors(got)
    program.assert_balance(got)
    program.assert_checksums_by(who, got)


def test_http_1_0(site, far, tmp_path):
    """As before persistent connections: each object has its own, and it is closed behind it."""
    before = len(site.requests())
    got = program.run(far, ["fetch", "--http1.0", site.url], tmp_path / "page.pcapng").check()
    asked = site.requests()[before:]
    assert [r["status"] for r in asked] == [200] * 4
    assert len({r["connection"] for r in asked}) == 4
    said = judge.rows(got.pcap, "http.request.version", filter_="http.request")
    assert [row["http.request.version"] for row in said] == ["HTTP/1.0"] * 4
    assert len(got.told("tcp_established")) == len(got.told("tcp_closed")) == 4
    judge.assert_good(got.pcap, at_least=100)


def test_directory_without_slash(site, far, tmp_path):
    """nginx redirects to the folder; the page is saved where it really is."""
    page.make(site.folder / "sub", seed=2)
    got = program.run(far, ["fetch", "-o", str(tmp_path), site.url + "sub"]).check()
    statuses = [e["status"] for e in got.told("object")]
    assert statuses == [301, 200, 200, 200, 200]
    assert (tmp_path / "sub/index.html").exists()


def test_url_without_scheme_and_path(site, far):
    got = program.run(far, ["fetch", site.url.removeprefix("http://").rstrip("/")]).check()
    assert len(got.told("object")) == 4


def test_missing_object_is_a_failure(site, far):
    got = program.run(far, ["fetch", site.url + "nothing.html"]).check(program.FAILED)
    assert "404" in got.one_line()


def test_alias(site, far):
    """The address stands behind a CNAME."""
    got = program.run(far, ["fetch", site.url.replace("www", "alias")]).check()
    assert len(got.told("object")) == 4


def test_the_same_object_many_times(site, far, tmp_path):
    """A directory listing: a thousand times one icon, and one object behind them."""
    (site.folder / "list.html").write_text("<img src='1.png'>" * 1100 + "<img src='2.png'>")
    for name in ("1.png", "2.png"):
        (site.folder / name).write_bytes(name.encode())
    got = program.run(far, ["fetch", "-o", str(tmp_path), site.url + "list.html"]).check()
    assert len(got.told("object")) == 3
    assert (tmp_path / "2.png").read_bytes() == b"2.png"


def test_more_objects_than_it_takes(site, far):
    """The first ones are fetched, and it says so."""
    (site.folder / "many.html").write_text("".join(f"<img src='/{i}'>" for i in range(1001)))
    got = program.run(far, ["fetch", site.url + "many.html"]).check(program.FAILED)
    assert "more than 1000 objects" in got.err


def test_two_urls_for_one_file(site, far, tmp_path):
    """The query is left out of a file's name: the second one does not overwrite the first."""
    (site.folder / "two.html").write_text("<img src='3.png?a'><img src='3.png?b'>")
    (site.folder / "3.png").write_bytes(b"three")
    got = program.run(far, ["fetch", "-o", str(tmp_path), site.url + "two.html"])
    assert "another URL of this run has the same path" in got.check(program.FAILED).one_line()
    assert (tmp_path / "3.png").read_bytes() == b"three"


def test_a_file_longer_than_a_page(site, far, tmp_path):
    """What is no page is not searched, so its length has no limit."""
    with open(site.folder / "long.bin", "wb") as f:
        f.truncate((16 << 20) + 1)
        f.seek(16 << 20)
        f.write(b"!")
    program.run(far, ["fetch", "-o", str(tmp_path), site.url + "long.bin"]).check()
    assert (tmp_path / "long.bin").read_bytes()[-2:] == b"\0!"
    (site.folder / "long.bin").unlink()
