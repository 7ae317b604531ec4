"""The longest prefix wins, by whole segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.router import Router

ROUTER = Router({prefix: prefix for prefix in ("/a", "/a/b", "/a/b/c", "/x/y", "/b.c~d")})


@pytest.mark.parametrize(
    ("path", "prefix", "rest"),
    [
        (b"/a", "/a", b""),
        (b"/a/", "/a", b"/"),
        (b"/a/bc", "/a", b"/bc"),
        (b"/a/b", "/a/b", b""),
        (b"/a/b/", "/a/b", b"/"),
        (b"/a/b/c/d", "/a/b/c", b"/d"),
        (b"/a//b", "/a", b"//b"),
        (b"/x/y/z", "/x/y", b"/z"),
        (b"/b.c~d/e", "/b.c~d", b"/e"),
    ],
)
def test_matches(path: bytes, prefix: str, rest: bytes) -> None:
    assert ROUTER.match(path) == (prefix, rest)


@pytest.mark.parametrize("path", [b"/", b"//a", b"/ab", b"/A", b"/x", b"/x/yz", b"/bXc~d", b""])
def test_misses(path: bytes) -> None:
    assert ROUTER.match(path) is None


def test_the_root_takes_the_rest_with_its_slash() -> None:
    router = Router({"/": "root", "/a": "a"})
    assert router.match(b"/") == ("root", b"/")
    assert router.match(b"/b/c") == ("root", b"/b/c")
    assert router.match(b"/a/c") == ("a", b"/c")
    assert Router[str]({}).match(b"/") is None


SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))


@given(st.sets(SEGMENTS, max_size=6), SEGMENTS)
def test_like_the_plain_reading_of_the_rule(prefixes: set[str], path: str) -> None:
    fitting = [prefix for prefix in prefixes if path == prefix or path.startswith(prefix + "/")]
    best = max(fitting, key=len, default=None)
    found = Router({prefix: prefix for prefix in prefixes}).match(path.encode())
    assert found == (None if best is None else (best, path[len(best) :].encode()))
