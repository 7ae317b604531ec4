"""Where requests of one listener come in: to a route, or to the proxy's own pages.

Owns: which of the two, for as long as the listener listens; whoever replaces what serves leads it there anew. Must not
know: what is served, reloads.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, cast

from proxy.plan.admission.guard import Guard
from proxy.wire.inbound.request import Request


class Serves(Protocol):
    """All routes, or one."""

    def handle(self, request: Request, guard: Guard) -> Awaitable[None]: ...


class Pages(Serves, Protocol):
    """The proxy's own."""

    prefix: bytes
    """Of their paths, with a slash at both ends."""

    def takes(self, request: Request) -> bool:
        """Asked of paths that may be below the prefix, and of `/`."""


class Entrance:
    """Leads nowhere until `lead` was called."""

    __slots__ = ("_guard", "_mark", "_pages", "_routes")

    def lead(self, guard: Guard, routes: Serves | None, pages: Pages | None) -> None:
        """`routes` None: only pages are there; `pages` None: only routes."""
        self._guard = guard
        self._routes = routes
        self._pages = pages
        self._mark = pages.prefix[1] if pages is not None else -1

    def handle(self, request: Request) -> Awaitable[None]:
        """Not a coroutine of its own: that would cost each request one more."""
        pages, routes, target = self._pages, self._routes, request.target
        if routes is not None and (pages is None or not self._may_be_a_page(target) or not pages.takes(request)):
            return routes.handle(request, self._guard)
        return cast("Pages", pages).handle(request, self._guard)

    def _may_be_a_page(self, target: bytes) -> bool:
        return len(target) < 2 or target[1] == self._mark
