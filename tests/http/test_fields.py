from __future__ import annotations

from proxy.http.fields import facts, first, named_by_connection, without


def test_what_connection_names() -> None:
    assert named_by_connection(b"Close, X-One ,, KEEP-ALIVE, x-two, upgrade") == {b"x-one", b"x-two"}
    assert named_by_connection(b"") == frozenset()
    assert without([(b"X-One", b"1"), (b"Y", b"2")], frozenset((b"x-one",))) == [(b"Y", b"2")]


def test_facts_of_what_came_once_or_several_times() -> None:
    assert facts([]) == {}
    assert facts([(b"host", b"a"), (b"cookie", b"b")]) == {b"host": b"a", b"cookie": b"b"}
    assert facts([(b"host", b"a"), (b"cookie", b"b"), (b"host", b"c"), (b"cookie", b"d")]) == {
        b"host": b"a, c",
        b"cookie": b"b; d",
    }


def test_the_first_of_several_is_found_in_any_case() -> None:
    fields = [(b"X-A", b"other"), (b"content-typo", b"5"), (b"X-b", b"1"), (b"x-B", b"2")]
    assert first(fields, b"x-b") == b"1"
    assert first(fields, b"content-type") is None
    assert first([(b"x-b", b"")], b"x-b") == b""
