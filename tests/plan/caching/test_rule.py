"""May a reply be kept, and for how long (RFC 9111 §3, §4.2)?"""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from proxy.config.model import Cache, Config
from proxy.http.fields import Fields
from proxy.plan.caching.rule import CacheRule, Term, names_of_vary

WALL = 1_700_000_000.0
OWN = CacheRule(60.0, frozenset(("GET",)), shared=False)
SHARED = CacheRule(60.0, frozenset(("GET",)), shared=True)


def at(seconds: float) -> bytes:
    return formatdate(WALL + seconds, usegmt=True).encode("ascii")


def control(said: str, *more: tuple[bytes, bytes]) -> Fields:
    return [(b"Cache-Control", said.encode("ascii")), *more]


@pytest.mark.parametrize(
    ("headers", "own", "shared"),
    [
        ([], Term(60.0, 0.0, False), None),
        ([(b"Age", b"20")], Term(60.0, 20.0, False), None),
        ([(b"Age", b"60")], "stale", None),
        ([(b"Date", at(-3600))], Term(60.0, 0.0, False), None),  # says nothing of how long: a wrong clock is no matter
        (control("max-age=10"), Term(10.0, 0.0, False), None),
        (control("max-age=10", (b"Date", at(-4))), Term(10.0, 4.0, False), None),
        (control("max-age=10", (b"Date", at(-4)), (b"Age", b"7")), Term(10.0, 7.0, False), None),
        (control("max-age=10", (b"Date", at(-40))), "stale", None),
        (control("max-age=10", (b"Date", at(40))), Term(10.0, 0.0, False), None),
        (control("max-age=10, s-maxage=90"), Term(10.0, 0.0, False), Term(90.0, 0.0, False)),
        (control("max-age=0, s-maxage=90"), "stale", Term(90.0, 0.0, False)),
        (control("max-age=10, must-revalidate"), Term(10.0, 0.0, True), None),
        (control("max-age=10, proxy-revalidate"), Term(10.0, 0.0, False), Term(10.0, 0.0, True)),
        (control("private"), Term(60.0, 0.0, False), "private"),
        (control('private="set-cookie"'), Term(60.0, 0.0, False), "private"),
        (control("no-store"), "no-store", None),
        (control('max-age=60, "'), "no-store", None),  # what can't be read may say no
        (control("no-cache"), "no-cache", None),
        (control('no-cache="x"'), "no-cache", None),
        (control("public"), Term(60.0, 0.0, False), None),
        ([(b"Expires", at(30)), (b"Date", at(0))], Term(30.0, 0.0, False), None),
        ([(b"Expires", at(30)), (b"Date", at(-10))], Term(40.0, 10.0, False), None),
        ([(b"Expires", at(30))], Term(30.0, 0.0, False), None),
        ([(b"Expires", b"0")], "stale", None),
        ([(b"Expires", at(-30)), (b"Date", at(0))], "stale", None),
        (control("max-age=5", (b"Expires", at(30))), Term(5.0, 0.0, False), None),
        ([(b"Set-Cookie", b"a=1")], "set-cookie", None),
        ([(b"Vary", b"Accept, *")], "vary", None),
        ([(b"Vary", b"Accept")], Term(60.0, 0.0, False), None),
        ([(b"Content-Type", b"Text/Event-Stream; charset=utf-8")], "stream", None),
        ([(b"Content-Type", b"application/json")], Term(60.0, 0.0, False), None),
    ],
)
def test_terms(headers: Fields, own: Term | str, shared: Term | str | None) -> None:
    assert OWN.term(200, headers, WALL) == own
    assert SHARED.term(200, headers, WALL) == (own if shared is None else shared)


@pytest.mark.parametrize("status", [101, 201, 203, 204, 206, 301, 304, 401, 404, 429, 500])
def test_only_a_200_is_kept(status: int) -> None:
    assert OWN.term(status, control("public, max-age=600"), WALL) == "status"


def test_vary_in_one_form() -> None:
    assert names_of_vary([(b"Vary", b"B, a"), (b"vary", b"A,, b")]) == (b"a", b"b")


@pytest.mark.parametrize(
    ("config", "shared"),
    [
        ({}, False),
        ({"anyone": True}, True),
        ({"anyone": True, "clients": [{"name": "a", "key": "kls_0123456789abcdef"}]}, False),
    ],
)
def test_where_nobody_says_who_they_are_it_is_shared(config: dict[str, Any], shared: bool) -> None:
    rule = CacheRule.compile(Cache(), Config.model_validate(config))
    assert rule == CacheRule(60.0, frozenset(("GET", "HEAD")), shared)
    assert CacheRule.compile(None, Config.model_validate(config)) is None
