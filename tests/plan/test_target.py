"""Paths from the wire and URLs of the upstream."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
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
        ("https://api.test/v1", b"http://api.test/v1/x", None),
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
    "raw",
    [
        *("/", "/a", "/a/b?c=/../d&e=%2e%2e", "/a%20b", "/%E4%B8%80", "/a..b/...", "/.env", "/a?"),
        *("/%EF%BC%8Fa", "/%C0%AEb", "/%u002eb", "/https%253A%252F%252Fexample.com%252F", "/100%25"),
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
