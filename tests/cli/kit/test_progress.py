"""How far something is, on a terminal only."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from proxy.cli.kit.progress import Progress

CLEAR = "\r\x1b[K"


class Terminal:
    def __init__(self) -> None:
        self.master, line = os.openpty()
        self.out: TextIO = os.fdopen(line, "w")
        self.seen = ""

    def until(self, words: str) -> None:
        while words not in self.seen:
            self.seen += os.read(self.master, 1000).decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.out.close()
    os.close(made.master)


async def one() -> int:
    return 1


async def test_it_counts_and_leaves_nothing(terminal: Terminal) -> None:
    with Progress("tokens", 2, terminal.out, patience=0) as progress:
        terminal.until("tokens: 0 of 2, 0 s")
        assert await progress.after(one()) == 1
        terminal.until("tokens: 1 of 2")
    terminal.out.write("end")
    terminal.out.flush()
    terminal.until(f"{CLEAR}end")


async def test_what_fails_is_done_too(terminal: Terminal) -> None:
    async def fail() -> None:
        raise ValueError

    with Progress("calls", 1, terminal.out, patience=0) as progress:
        with pytest.raises(ValueError):  # noqa: PT011 -- that it comes through
            await progress.after(fail())
        terminal.until("calls: 1 of 1")


def test_what_is_over_soon_says_nothing(terminal: Terminal) -> None:
    with Progress("store", out=terminal.out, patience=60):
        pass
    terminal.out.write("end")
    terminal.out.flush()
    terminal.until("end")
    assert terminal.seen == "end"


def test_nor_is_anything_said_where_no_terminal_is() -> None:
    out = io.StringIO()
    with Progress("store", out=out, patience=0):
        pass
    assert out.getvalue() == ""
