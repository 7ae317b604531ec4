"""One status for several workers: each tells its own on a unix socket, and the one that is asked merges them.

Owns: that socket, and what merging means. Must not know: where a report comes from, who may see it (endpoints.py); the
private directory's mode keeps all others out.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ASK_BUDGET = 0.25
"""Seconds for all siblings together: they are asked at once, and who does not answer is down."""

Report = dict[str, Any]
"""What one worker knows: `pid`, and `providers` as `/-/status` has them."""

# Of workers that hold the same generation, the one that has learnt something bad about it knows more than the others.
_NEWS = ("login_required", "latched", "backing_off", "refused", "expired", "due", "stale", "fresh", "static")


class Fleet:
    """This worker among its siblings. `tell` is its own report's providers."""

    def __init__(self, number: int, count: int, folder: Path) -> None:
        self._number = number
        self._count = count
        self._folder = folder
        self._server: asyncio.Server | None = None

    async def open(self, tell: Callable[[], dict[str, Any]]) -> None:
        """Raises OSError."""

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(json.dumps(_report(tell())).encode("utf-8"))
                await writer.drain()
            except ConnectionError:  # who asked could not wait
                pass
            finally:
                writer.close()

        self._server = await asyncio.start_unix_server(answer, self._socket(self._number))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def reports(self, own: dict[str, Any]) -> dict[int, Report | None]:
        """Every worker's, in order; None for one that is down. `own` are this one's providers."""
        others = [number for number in range(self._count) if number != self._number]
        answers = await asyncio.gather(*(_ask(self._socket(number)) for number in others))
        found = dict(zip(others, answers, strict=True)) | {self._number: _report(own)}
        return dict(sorted(found.items()))

    def _socket(self, number: int) -> Path:
        return self._folder / f"{number}.sock"


def _report(providers: dict[str, Any]) -> Report:
    return {"pid": os.getpid(), "providers": providers}


async def _ask(path: Path) -> Report | None:
    try:
        async with asyncio.timeout(ASK_BUDGET):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                report: Report = json.loads(await reader.read())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
    return report


# ---------------------------------------------------------------------------------------------- merging


def merge(status: Mapping[str, Any], reports: Mapping[int, Report | None]) -> dict[str, Any]:
    """The status of one worker with what all of them know; `workers` says what each has done since it started."""
    up = [report["providers"] for report in reports.values() if report is not None]
    providers = {
        name: merge_provider([each[name] for each in up if name in each] or [own])
        for name, own in status["providers"].items()
    }
    workers = {str(number): _worker(report) for number, report in reports.items()}
    return {**status, "providers": providers, "workers": workers}


def merge_provider(known: list[dict[str, Any]]) -> dict[str, Any]:
    """State, generation and times of the newest token; counts of all; the error that came last."""
    newest = max(each["generation"] for each in known)
    holders = [each for each in known if each["generation"] == newest]
    telling = min(holders, key=lambda each: _news(each["state"]))
    failed = [each for each in holders if each["last_error"] is not None]
    latest = max(failed, key=lambda each: each["next_attempt_at"] or 0.0, default=telling)
    return telling | _counts(known) | {"last_error": latest["last_error"]}


def _news(state: str) -> int:
    return _NEWS.index(state) if state in _NEWS else len(_NEWS)


def _counts(known: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    rows = list(known)
    return {name: sum(each[name] for each in rows) for name in ("mints", "replays")}


def _worker(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {"up": False, "pid": None, "mints": 0, "replays": 0, "providers": {}}
    providers = report["providers"]
    held = {name: {"state": each["state"], "generation": each["generation"]} for name, each in providers.items()}
    return {"up": True, "pid": report["pid"], **_counts(providers.values()), "providers": held}
