"""What replies may not hold is compiled once per token: used routes and reloads add next to nothing."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proxy.auth.placing.draft import Draft
from proxy.auth.token import Token
from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.plan.compile import compile_plan
from proxy.plan.replies.confidential import Confidential
from proxy.plan.replies.scrub import Needles
from proxy.plan.route import Plan
from proxy.values.now import Now

NOW = Now(0.0, 0.0)
LENGTHS = (24, 1600, 8000)


def token(length: int, reply: object = None) -> Token:
    made = Token.eternal(("static-token-of-s-123456" * length)[:length], NOW)
    made.reply = reply
    return made


def compiled(routes: int, path: str = "", **provider: object) -> Plan:
    named = {f"/r{at}": {"upstream": f"https://api.test/{at}{path}", "provider": "p"} for at in range(routes)}
    given = {"scheme": "static", "token": "the-token-of-the-config", **provider}
    model = Config.model_validate({"providers": {"p": given}, "routes": named})
    return compile_plan(Loaded(model, {}, {"p": frozenset(("the-secret-behind-it",))}), lambda: 0.5, NOW)


def used(plan: Plan, token: Token) -> list[Needles]:
    """As by a request on every route."""
    found = []
    for route in plan.routes.values():
        assert route.placing is not None
        assert route.provider is not None
        route.placing.place(Draft("GET", route.target.origin, b"/", b"", []), token)
        found.append(route.provider.confidential.needles(token))
    return found


@contextmanager
def counted() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def allocated() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


def test_all_routes_of_a_provider_share_one() -> None:
    plan, shared = compiled(20), token(24)
    assert len(set(map(id, used(plan, shared)))) == 1
    assert len({id(route.placing) for route in plan.routes.values()}) == 1
    by_path = compiled(20, "/bot{token}")
    assert len(set(map(id, used(by_path, shared)))) == 1


@pytest.mark.parametrize("length", LENGTHS)
def test_a_used_route_costs_as_good_as_nothing_at_any_length_of_the_token(length: int) -> None:
    plan, shared = compiled(200), token(length)
    used(compiled(1), shared)
    with counted():
        before = allocated()
        used(plan, shared)
        assert (allocated() - before) / 200 < 1024


@pytest.mark.parametrize("length", LENGTHS)
def test_a_hundred_reloads_leave_nothing_behind(length: int) -> None:
    shared = token(length)
    with counted():
        grown = []
        for _ in range(3):  # what grows with reloads does so each time; caches of the interpreter's fill up once
            early, needles = allocated(), alive(Needles)
            for _ in range(100):
                used(compiled(10), shared)
            assert alive(Needles) <= needles + 1
            grown.append(allocated() - early)
        assert min(grown) < 16 * 1024


def test_it_goes_with_the_token() -> None:
    plan = compiled(1)
    before = alive(Needles)
    shared = token(1600)
    used(plan, shared)
    assert alive(Needles) == before + 1
    del shared
    assert alive(Needles) == before


def test_what_it_holds() -> None:
    route = compiled(1, inject={"header": {"A": "{token}", "B": "{reply.user.key}"}}).routes["/r0"]
    assert route.provider is not None
    old, new = (token(length, {"user": {"key": f"key-of-the-user-{length}"}}) for length in (100, 90))
    new.refresh_token = "the-refresh-token"
    new.follow(old)
    hidden = f"{old.value} {new.value} the-refresh-token the-secret-behind-it key-of-the-user-90 key-of-the-user-100"
    shown = route.provider.confidential.needles(new).scrub(hidden.encode())
    assert set(shown) == set(b"* ")


def test_a_token_too_short_to_hide_is_looked_at_once() -> None:
    nothing, short = Confidential(), token(3)
    assert not nothing.needles(short)
    assert nothing.needles(short) is nothing.needles(short)
