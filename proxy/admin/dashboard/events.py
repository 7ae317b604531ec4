"""`/-/stream/PAGE`: what a page hears while it is open."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.admin.dashboard.board import Board
from proxy.admin.page import Asked, Streaming, Who, missing
from proxy.admin.view import View

GET = frozenset(("GET",))


class Events:
    """Of all boards that tell something."""

    PATH = "stream/*"
    METHODS = GET
    WHO = Who.OPERATOR

    def __init__(self, boards: Iterable[Board]) -> None:
        self._boards = {board.name: board for board in boards if board.every is not None}

    async def answer(self, asked: Asked, view: View) -> Streaming:
        (name,) = asked.names
        if name not in self._boards:
            raise missing(f"no page is called {name}")
        return Streaming(self._boards[name].events(asked, view))
