"""`/-/metrics`: the figures of all workers, for Prometheus and whoever reads its formats (docs/metrics.md)."""

from __future__ import annotations

import asyncio

from proxy.admin.page import READ, Answer, Asked, Who
from proxy.admin.view import View
from proxy.figures.reading import Readings

PATH = "metrics"
METHODS = READ
WHO = Who.OPERATOR


async def answer(asked: Asked, view: View) -> Answer:
    """Written in a thread: of many routes it takes a while."""
    readings = await view.readings()
    accept = asked.request.headers.get("Accept", "")
    return await asyncio.to_thread(_rendered, readings, view.clock().wall, accept)


def _rendered(readings: Readings, wall: float, accept: str) -> Answer:
    from proxy.admin.exposition import render  # noqa: PLC0415 -- not before somebody asks

    body, content_type = render(readings, wall, accept)
    return Answer(body, content_type)
