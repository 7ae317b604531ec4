"""To a route or to the proxy's own pages."""

from __future__ import annotations

from typing import Any, cast

import pytest

from proxy.plan.admission.guard import Guard
from proxy.serve.entrance import Entrance
from proxy.wire.inbound.request import Request

GUARD = Guard(None, None)


class Served:
    """Whoever is led to; `takes` as pages below `/-/` do."""

    prefix = b"/-/"

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[bytes] = []

    def takes(self, request: Request) -> bool:
        self.asked.append(request.target)
        return request.target == b"/" or request.target.startswith(self.prefix)

    def handle(self, request: Request, guard: Guard) -> Any:
        assert guard is GUARD
        return self.name


def led(target: bytes, routes: Served | None, pages: Served | None) -> Any:
    entrance = Entrance()
    entrance.lead(GUARD, routes, pages)
    return entrance.handle(Request(cast("Any", None), "GET", target, [], True, True))


@pytest.mark.parametrize(
    ("target", "to"),
    [(b"/-/status", "pages"), (b"/", "pages"), (b"/-x", "route"), (b"/a", "route"), (b"*", "route"), (b"", "route")],
)
def test_pages_have_the_first_word(target: bytes, to: str) -> None:
    assert led(target, Served("route"), Served("pages")) == to


def test_the_usual_path_costs_pages_no_question() -> None:
    pages = Served("pages")
    led(b"/openai/v1/models", Served("route"), pages)
    assert pages.asked == []


def test_an_address_of_its_own_has_nothing_else() -> None:
    assert led(b"/-/status", Served("route"), None) == "route"
    assert led(b"/a", None, Served("pages")) == "pages"


def test_it_leads_elsewhere_after_a_reload() -> None:
    entrance = Entrance()
    for name in ("before", "after"):
        entrance.lead(GUARD, Served(name), None)
        assert cast("Any", entrance.handle(Request(cast("Any", None), "GET", b"/a", [], True, True))) == name
