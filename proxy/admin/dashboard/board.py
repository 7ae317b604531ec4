"""What a page for people is: a middle that is told anew while it is open, and what stands around it.

Owns: the way from a page to its HTML, and its events. Must not know: what any page says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from proxy.admin import streams
from proxy.admin.dashboard import rendering
from proxy.admin.page import READ, Answer, Asked, Who
from proxy.admin.streams import Pieces
from proxy.admin.view import View
from proxy.values.record import record
from proxy.version import __version__
from proxy.wire.inbound.request import Request

Context = Mapping[str, Any]

NAVIGATION = (
    ("", "Providers"),
    ("routes", "Routes"),
    ("live", "Live"),
    ("setup", "Set up"),
    ("try", "Try it"),
    ("reload", "Reload"),
)


@record
class Board:
    """A Page. `every`: seconds between two looks at what it shows while it is open; None: it stays as it was."""

    PATH: str
    title: str
    template: str
    context: Callable[[Asked, View], Awaitable[Context]]
    every: float | None = 1.0
    METHODS: ClassVar[frozenset[str]] = READ
    WHO: ClassVar[Who] = Who.OPERATOR

    @property
    def name(self) -> str:
        """In the path of its events."""
        return self.PATH or "providers"

    async def answer(self, asked: Asked, view: View) -> Answer:
        stream = None
        if self.every is not None:
            query = asked.request.target.partition(b"?")[2].decode("latin-1")
            stream = f"{root(view)}stream/{self.name}" + (f"?{query}" if query else "")
        around = surroundings(asked.request, view) | {"title": self.title, "here": self.PATH, "stream": stream}
        return Answer.html(await rendering.page(self.template, {**around, **await self.context(asked, view)}))

    async def events(self, asked: Asked, view: View) -> Pieces:
        """Its middle whenever it is another one."""
        before, silent = "", 0.0
        around = surroundings(asked.request, view)
        with view.desk.streams.one_more() as ending:
            while True:
                now = await rendering.middle(self.template, {**around, **await self.context(asked, view)})
                if now != before:
                    yield streams.event("middle", now)
                    before, silent = now, 0.0
                elif silent >= streams.SIGN_OF_LIFE:
                    yield streams.QUIET
                    silent = 0.0
                pause = self.every or 1.0
                silent += pause
                if not await streams.pause(ending, pause):
                    return


def root(view: View) -> str:
    return view.loaded.config.admin.path


def surroundings(request: Request, view: View) -> dict[str, Any]:
    """What every page has around its middle."""
    config = view.loaded.config
    return {
        "root": config.admin.path,
        "navigation": NAVIGATION,
        "version": __version__,
        "button": view.desk.passes.button(request.known),
        "keyed": config.admin.key is not None,
        "workers": None if view.desk.fleet is None else view.desk.fleet.count,
    }
