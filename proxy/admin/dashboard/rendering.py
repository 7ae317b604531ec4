"""Pages from templates.

Owns: that every text is escaped wherever it came from, and that nothing of this is loaded before somebody looks. Must
not know: what a page says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "templates"
MIDDLE = "middle"
"""The block that is told anew while a page is open."""


async def page(template: str, context: Mapping[str, Any]) -> str:
    found = (await _environment()).get_template(template)
    return found.render(context)


async def middle(template: str, context: Mapping[str, Any]) -> str:
    """Of that page."""
    found = (await _environment()).get_template(template)
    return "".join(found.blocks[MIDDLE](found.new_context(dict(context))))


async def _environment() -> Environment:
    """In a thread the first time: a tenth of a second in which requests go on."""
    if _made.cache_info().currsize:
        return _made()
    return await asyncio.to_thread(_made)


@cache
def _made() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- only for who looks

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "moment": moment,
        "clock": clock,
        "iso": iso,
        "seconds": seconds,
    }
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def moment(unix: float) -> str:
    return f"{_local(unix):%Y-%m-%d %H:%M:%S}"


def clock(unix: float) -> str:
    return f"{_local(unix):%H:%M:%S}"


def iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")


def seconds(value: float | None) -> str:
    """As people say it: 340 µs, 1.2 ms, 12 ms, 1.2 s."""
    if value is None:
        return "\N{EN DASH}"
    if value < 0.001:
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"
    return f"{value:.1f} s"


def _local(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC).astimezone()
