"""Several workers as one: each tells its own on a unix socket, and the one that is asked asks them all.

Owns: that socket, and that a question is a word, with something behind it or nothing, and its answer JSON. Must not
know: what an answer says or how several are merged (report.py, figures/reading.py, lookout.py), who may see it
(endpoints.py); the private directory's mode keeps all others out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

ASK_BUDGET = 0.25
"""Seconds for all siblings together: they are asked at once, and who does not answer is down."""
_PATIENCE = 5.0
"""Seconds for a question to arrive: longer than anyone waits for an answer, and who gives up hangs up."""
LONGEST_QUESTION = 64 * 1024

Tell = Callable[[str], dict[str, Any]]
"""Asked whenever a sibling asks, with what stands behind the word; raises ValueError for what it can't read."""
Told = TypeVar("Told")


class Fleet:
    """This worker among its siblings."""

    def __init__(self, number: int, count: int, folder: Path) -> None:
        self.number = number
        self.count = count
        self._folder = folder
        self._server: asyncio.Server | None = None

    async def open(self, tells: Mapping[str, Tell]) -> None:
        """`tells` are by the words of questions. Raises OSError."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    question = (await reader.readline()).decode("ascii", "replace").strip()
                word, _, about = question.partition(" ")
                if word in tells:
                    writer.write(await asyncio.to_thread(_encoded, tells[word](about)))
                    await writer.drain()
            except (ConnectionError, TimeoutError, ValueError):  # who asked could not wait, or is none of us
                pass
            finally:
                writer.close()

        self._server = await asyncio.start_unix_server(answer, self._socket(self.number), limit=LONGEST_QUESTION)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def everyone(
        self, question: str, own: Told, read: Callable[[Any], Told], budget: float = ASK_BUDGET
    ) -> dict[int, Told | None]:
        """What each worker says, in order; None for one that is down. `own` is this one's; `read` makes the others' of
        their JSON, and raises ValueError for what is none.
        """
        others = [number for number in range(self.count) if number != self.number]
        answers = await asyncio.gather(*(_ask(self._socket(number), question, read, budget) for number in others))
        told = dict(zip(others, answers, strict=True)) | {self.number: own}
        return dict(sorted(told.items()))

    def _socket(self, number: int) -> Path:
        return self._folder / f"{number}.sock"


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode("utf-8")


async def _ask(path: Path, question: str, read: Callable[[Any], Told], budget: float) -> Told | None:
    try:
        async with asyncio.timeout(budget):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(question.encode("ascii") + b"\n")
                return read(await asyncio.to_thread(json.loads, await reader.read()))
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
