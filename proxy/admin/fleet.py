"""One status for several workers: each tells its own on a unix socket, and the one that is asked asks them all.

Owns: that socket. Must not know: what a report says or how several are merged (report.py), who may see it
(endpoints.py); the private directory's mode keeps all others out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from proxy.admin.report import ProcessReport

ASK_BUDGET = 0.25
"""Seconds for all siblings together: they are asked at once, and who does not answer is down."""


class Fleet:
    """This worker among its siblings."""

    def __init__(self, number: int, count: int, folder: Path) -> None:
        self._number = number
        self.count = count
        self._folder = folder
        self._server: asyncio.Server | None = None

    async def open(self, tell: Callable[[], ProcessReport]) -> None:
        """`tell` is asked whenever a sibling asks. Raises OSError."""

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(json.dumps(asdict(tell())).encode("utf-8"))
                await writer.drain()
            except ConnectionError:  # who asked could not wait
                pass
            finally:
                writer.close()

        self._server = await asyncio.start_unix_server(answer, self._socket(self._number))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def reports(self, own: ProcessReport) -> dict[int, ProcessReport | None]:
        """Every worker's, in order; None for one that is down. `own` is this one's."""
        others = [number for number in range(self.count) if number != self._number]
        answers = await asyncio.gather(*(_ask(self._socket(number)) for number in others))
        reports = dict(zip(others, answers, strict=True)) | {self._number: own}
        return dict(sorted(reports.items()))

    def _socket(self, number: int) -> Path:
        return self._folder / f"{number}.sock"


async def _ask(path: Path) -> ProcessReport | None:
    try:
        async with asyncio.timeout(ASK_BUDGET):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return ProcessReport.read(json.loads(await reader.read()))
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
