"""Paths from the wire and URLs of the upstream."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.plan.target import Target, split_path


@pytest.mark.parametrize(
    ("upstream", "origin", "host", "base", "query"),
    [
        ("https://api.test", Origin(True, "api.test", 443), b"api.test", b"", b""),
        ("https://api.test/", Origin(True, "api.test", 443), b"api.test", b"", b""),
        ("http://api.test:80/v1/", Origin(False, "api.test", 80), b"api.test", b"/v1", b""),
        ("http://api.test:443/v1", Origin(False, "api.test", 443), b"api.test:443", b"/v1", b""),
        ("https://API.test:8443/v1?a=b", Origin(True, "api.test", 8443), b"api.test:8443", b"/v1", b"a=b"),
        ("http://[::1]:8080/v1", Origin(False, "::1", 8080), b"[::1]:8080", b"/v1", b""),
        ("https://bücher.test/v1", Origin(True, "bücher.test", 443), b"xn--bcher-kva.test", b"/v1", b""),
    ],
)
def test_an_upstream_taken_apart(upstream: str, origin: Origin, host: bytes, base: bytes, query: bytes) -> None:
    target = Target.parse(upstream)
    assert (target.origin, target.host, target.base, target.query) == (origin, host, base, query)
    assert target.template is None


@pytest.mark.parametrize(
    ("upstream", "url", "rest"),
    [
        ("https://api.test/v1", b"https://api.test/v1/x?a#b", b"/x?a#b"),
        ("https://api.test/v1", b"https://api.test:443/v1", b""),
        ("https://api.test/v1", b"HTTPS://API.TEST/v1/X", b"/X"),
        ("http://api.test/v1", b"http://api.test:80/v1/x", b"/x"),
        ("http://api.test:8080/v1", b"http://api.test:8080/v1/x", b"/x"),
        ("http://api.test:8080/v1", b"http://api.test/v1/x", None),
        ("https://api.test/v1", b"http://api.test/v1/x", b"/x"),
        ("https://api.test/v1", b"http://api.test:80/v1/x", b"/x"),
        ("https://api.test/v1", b"http://api.test:443/v1/x", b"/x"),
        ("https://api.test/v1", b"https://api.test:80/v1/x", None),
        ("https://api.test/v1", b"ftp://api.test/v1/x", None),
        ("http://api.test/v1", b"https://api.test/v1/x", b"/x"),
        ("http://api.test/v1", b"https://api.test:443/v1/x", b"/x"),
        ("http://api.test:8080/v1", b"https://api.test:8080/v1/x", b"/x"),
        ("http://api.test:8080/v1", b"https://api.test/v1/x", None),
        ("http://api.test:8080/v1", b"https://api.test:443/v1/x", None),
        ("https://api.test/v1", b"https://api.test:444/v1", None),
        ("https://api.test/v1", b"https://user@api.test/v1", None),
        ("https://api.test/v1", b"https://api.test.evil.test/v1", None),
        ("https://api.test/v1", b"/v1/x", b"/x"),
        ("https://api.test/v1", b"/v1", b""),
        ("https://api.test/v1", b"/v1x", None),
        ("https://api.test/v1", b"v1", None),
        ("https://api.test/v1", b"", None),
        ("https://api.test", b"/x", b"/x"),
        ("https://api.test", b"", None),
        ("https://api.test", b"x", None),
        ("https://api.test", b"//api.test/x", b"/x"),
        ("https://api.test", b"//evil.test/x", None),
    ],
)
def test_urls_below_the_upstream(upstream: str, url: bytes, rest: bytes | None) -> None:
    assert Target.parse(upstream).below(url) == rest


@pytest.mark.parametrize(
    ("upstream", "reference", "rest", "meant"),
    [
        ("https://api.test/v1", b"/v1/../x?a=/../b", b"/a", b"/x?a=/../b"),
        ("https://api.test/v1", b"/v1/a/./b/.", b"/a", b"/v1/a/b/"),
        ("https://api.test/v1", b"/v1/%2E%2e/x", b"/a", b"/x"),
        ("https://api.test/v1", b"/../..", b"/a", b"/"),
        ("https://api.test/v1", b"/v1\\..\\x", b"/a", b"/x"),
        ("https://api.test/v1", b"https://api.test/v1/../x#../y", b"/a", b"https://api.test/x#../y"),
        ("https://api.test/v1", b"https://api.test", b"/a", b"https://api.test"),
        ("https://api.test/v1", b"//api.test/v1/../x", b"/a", b"//api.test/x"),
        ("https://api.test/v1", b"next", b"/a/b", b"next"),
        ("https://api.test/v1", b"../next", b"/a/b", b"/v1/next"),
        ("https://api.test/v1", b"../../../next", b"/a/b", b"/next"),
        ("https://api.test/v1", b"next", b"", b"/next"),
        ("https://api.test/v1/", b"next?q", b"", b"/v1/next?q"),
        ("https://api.test/v1", b"", b"", b""),
        ("https://api.test/v1", b"?page=2", b"", b"?page=2"),
        ("https://api.test/v1", b"mailto:a/../b", b"/a", b"mailto:a/../b"),
        ("https://api.test/v1", b".hidden/..a", b"/a", b".hidden/..a"),
    ],
)
def test_references_as_the_api_means_them(upstream: str, reference: bytes, rest: bytes, meant: bytes) -> None:
    assert Target.parse(upstream).resolve(reference, rest) == meant


@pytest.mark.parametrize(
    "raw",
    [
        *("/", "/a", "/a/b?c=/../d&e=%2e%2e", "/a%20b", "/%E4%B8%80", "/a..b/...", "/.env", "/a?"),
        *("/%EF%BC%8Fa", "/%C0%AEb", "/%u002eb", "/https%253A%252F%252Fexample.com%252F", "/100%25"),
        *("/100%", "/100%/x", "/50%25%20off", "/50%%20off", "/%EF%BC%85", "/%zz", "/a%2", "/%%", "/ä%"),
    ],
)
def test_plain_paths_keep_their_bytes(raw: str) -> None:
    path, query = split_path(raw.encode("utf-8", "surrogateescape"))
    assert path + (b"?" if "?" in raw else b"") + query == raw.encode()


DOTS = st.sampled_from([".", "%2e", "%2E", "%252e", "%252E", "%25252525252e", "%c0%ae", "%25E0%2580%25AE", "%u002E"])
DOTS |= st.sampled_from(["%ef%bc%8e", "%F0%80%80%AE"])
SLASHES = st.sampled_from(["/", "\\", "%2f", "%2F", "%5c", "%252f", "%255C", "%2525252f", "%C0%af", "%u2215", "%c1%9c"])
TAILS = st.sampled_from(["", ";", ";a=b", "%3b", "%253b", "%20"])


@given(DOTS, DOTS, TAILS, SLASHES, SLASHES, st.sampled_from(["", "a", "%61", "..."]))
def test_a_dot_segment_in_any_spelling_is_refused(
    one: str, two: str, tail: str, before: str, after: str, name: str
) -> None:
    with pytest.raises(Fault) as refused:
        split_path(f"/api/{name}{before}{one}{two}{tail}{after}x".encode())
    assert refused.value.code == "path_refused"


PIECES = [
    "/",
    ".",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "\\",
    "%25",
    "a",
    "%00",
    ";",
    "\x7f",
    "?",
    "#",
    "@",
    ":",
    "ä",
    "\udcff",
    "%",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_passes_has_no_dot_segment_however_often_it_is_decoded(raw: str) -> None:
    try:
        path, _ = split_path(raw.encode("utf-8", "surrogateescape"))
    except Fault:
        return
    assert path.startswith(b"/")
    for _ in range(20):
        segments = path.replace(b"\\", b"/").split(b"/")
        assert not {b".", b".."} & {segment.partition(b";")[0] for segment in segments}
        assert b"\\" not in path
        assert not any(byte < 0x20 or byte == 0x7F for byte in path)
        path = unquote_to_bytes(path)


def keep_stray(path: bytes) -> bytes:
    """Python, PHP, Ruby, nginx's rewrite: a `%` that begins no escape stands for itself."""
    return unquote_to_bytes(path)


def drop_stray(path: bytes) -> bytes:
    return unquote_to_bytes(re.sub(rb"%(?![0-9A-Fa-f]{2})", b"", path))


def scan_again(path: bytes) -> bytes:
    """What an escape gives may begin the next one, to its right."""
    done = b""
    while match := re.search(rb"%([0-9A-Fa-f]{2})", path):
        done += path[: match.start()]
        path = bytes.fromhex(match[1].decode()) + path[match.end() :]
        if path[:1] != b"%" or re.match(rb"%[0-9A-Fa-f]{2}", path) is None:
            done, path = done + path[:1], path[1:]
    return done + path


def of_windows(path: bytes) -> bytes:
    """`%u002e` is a dot to IIS; other escapes as usual."""
    return unquote_to_bytes(re.sub(rb"%u00([0-9A-Fa-f]{2})", lambda each: b"%" + each[1], path))


DECODERS = (keep_stray, drop_stray, scan_again, of_windows)


def is_escape(path: bytes) -> bool:
    return b"\\" in path or not {b".", b".."}.isdisjoint(path.split(b"/"))


def encoded_bytes(byte: int) -> st.SearchStrategy[bytes]:
    return st.sampled_from([bytes((byte,)), b"%%%02x" % byte, b"%%%02X" % byte, b"%%u00%02x" % byte])


@st.composite
def disguised(draw: st.DrawFn) -> bytes:
    """Something to hide, encoded up to three times, character by character or not at all, with stray `%` strewn in."""
    path = draw(st.sampled_from([b"..", b".", b"a/../b", b"\\", b"a\\..\\b", b"./"]))
    for _ in range(draw(st.integers(1, 3))):
        path = b"".join([draw(encoded_bytes(byte)) for byte in path])
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(path)))
            path = path[:at] + b"%" + path[at:]
    return b"/" + path


FRAGMENTS = ["%", "%", "2", "5", "e", "E", "C", "c", "6", "3", "u00", ".", "/", "%25", "%2", "%2e", "%5c", "%32", "%65"]


@settings(max_examples=500)
@given(disguised() | st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(lambda parts: f"/{''.join(parts)}".encode()))
@example(b"/%%32e%%32e/x")
@example(b"/%2%65%2%65/x")
@example(b"/%25%2%65%2%65/x")
@example(b"/%25%32%%65/x")
@example(b"/%%35c")
@example(b"/%5%63..")
@example(b"/%u0025%u0032e/x")
def test_whatever_an_api_decodes_up_to_three_times_nothing_escapes(path: bytes) -> None:
    try:
        split_path(path)
    except Fault:
        return
    read = {path}
    for _ in range(3):
        read |= {decode(each) for decode in DECODERS for each in read}
    assert not [each for each in read if is_escape(each)]


@pytest.mark.parametrize("path", [b"/%%32e%%32e/x", b"/%2%65%2%65/x", b"/%%35c", b"/%25%2%65./x", b"/%25%25%2%65/x"])
def test_a_stray_percent_hides_nothing(path: bytes) -> None:
    with pytest.raises(Fault) as refused:
        split_path(path)
    assert refused.value.code == "path_refused"


def test_a_path_of_many_readings_is_refused_before_they_are_many() -> None:
    with pytest.raises(Fault, match="too often"):
        split_path(b"/" + b"%25%" * 200 + b"%u0025" * 50 + b"%%" * 100)
