"""The longest prefix wins, by whole segments."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.router import Router, Way
from tests.growth import steps


def parts(way: Way[str] | None) -> tuple[str, bytes, bytes, bytes, bool]:
    assert way is not None
    return way.route, way.path, way.query, way.rest, way.lone


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


DEEP = st.lists(st.sampled_from(["v1", "a", "ab", "b.c", ""]), min_size=1, max_size=6).map(
    lambda names: "/" + "/".join(names)
)
PREFIXES = DEEP.map(lambda path: path.rstrip("/") or "/").filter(lambda prefix: "//" not in prefix)
QUERIES = st.sampled_from(["", "?", "?q=1", "?next=/v1/a", "?/"])


@given(st.sets(PREFIXES, max_size=12), st.lists(st.tuples(DEEP, QUERIES), max_size=12))
def test_targets_find_what_a_search_through_all_prefixes_finds(
    prefixes: set[str], targets: list[tuple[str, str]]
) -> None:
    router = Router({prefix: prefix for prefix in prefixes})
    for path, query in targets * 2:  # the second time they are remembered
        fitting = [each for each in prefixes if each in ("/", path) or path.startswith(each + "/")]
        way = router.find((path + query).encode())
        if not fitting:
            assert way is None
            continue
        best = max(fitting, key=len)
        above = "" if best == "/" else best
        rest = re.sub("^//+", "/", path[len(above) :])
        assert parts(way) == (best, (above + rest).encode(), query[1:].encode(), rest.encode(), query == "?")


@pytest.mark.parametrize("target", [b"/v1/r7/ok", b"/v1/r7/ok?q=1", b"/v1/r7", b"/v1/elsewhere?q=1"])
def test_ten_thousand_routes_below_one_segment_take_the_steps_of_ten(target: bytes) -> None:
    """But for a look-up per length of their numbers."""
    few, many = (Router({f"/v1/r{number}": number for number in range(count)}) for count in (10, 10_000))
    assert steps(lambda: many.find(target)) <= steps(lambda: few.find(target)) + 4 * 3


def test_a_path_that_may_hold_a_key_is_not_remembered() -> None:
    router = Router({"/a": "private", "/b": "open"}, private=["/a"])
    for target in (b"/a/botKEY", b"/b/x", b"/b/x?key=KEY"):
        assert router.find(target) is not None
    assert list(router._known) == [b"/b/x"]


def test_what_is_remembered_is_bounded() -> None:
    router = Router({"/a": "a"})
    for number in range(10_000):
        router.find(b"/a/%d" % number)
    assert len(router._known) <= 4096
    assert parts(router.find(b"/a/9999")) == ("a", b"/a/9999", b"", b"/9999", False)


@pytest.mark.parametrize(
    ("target", "path", "rest"),
    [
        (b"/a//evil.test/x", b"/a/evil.test/x", b"/evil.test/x"),
        (b"/a////x//y/", b"/a/x//y/", b"/x//y/"),
        (b"/a//", b"/a/", b"/"),
        (b"/a", b"/a", b""),
        (b"//evil.test/x", b"/evil.test/x", b"/evil.test/x"),
        (b"//", b"/", b"/"),
    ],
)
def test_slashes_right_below_the_prefix_become_one(target: bytes, path: bytes, rest: bytes) -> None:
    way = Router({"/a": "a", "/": "all"}).find(target)
    assert way is not None
    assert (way.path, way.rest) == (path, rest)
