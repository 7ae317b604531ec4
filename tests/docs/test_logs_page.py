"""The page on log lines shows lines as they are written."""

from __future__ import annotations

import json
import re
from typing import Any

from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline
from proxy.logs.access import as_json, as_text
from proxy.logs.events import Events
from proxy.traces.export import MOST, PATIENCE
from tests.docs.test_docs import BLOCKS, PAGES, code, table
from tests.serve.test_forward_ids import FRESH

STAMP = "2026-11-27T15:59:00.012Z"
TEXT = next(block.text for block in BLOCKS if block.page == "logs.md" and block.language == "text").splitlines()
JSON = next(block.text for block in BLOCKS if block.page == "logs.md" and block.language == "json")
FIRST, SECOND = "5f2d9c1ab0e44d17", "5f2d9c1ab0e44d18"
REFUSED = {"code": "origin_refused", "cause": "origin=http://app.example.com:22200", "id": FIRST}
UNSET = {"code": "provider_unconfigured", "cause": "CRM_ACCESS_KEY is not set", "id": SECOND}


def ended(method: str, path: str, status: int, seconds: float, **facts: Any) -> Ended:
    times = Timeline(1.0, 1.0)
    times.ended = 1.0 + seconds
    made = Ended(times, method, path, status)
    for name, fact in facts.items():
        setattr(made, name, fact)
    return made


def event(level: str, said: str, **more: Any) -> str:
    line = Events(as_json=False, coloured=False).line(level, said, more)
    return f"{STAMP} {line.partition(' ')[2]}"


def test_the_lines_are_such() -> None:
    minted = {"provider": ("crm",), "seconds": 0.08637, "generation": 2, "left": 3600}
    assert [
        event("info", "token minted", **minted),
        event("warning", "credential dead", provider="crm", route="/crm", status=401),
        *(
            as_text(told, STAMP, coloured=False).rstrip("\n")
            for told in (
                ended("GET", "/crm/contacts", 200, 0.0351, client="dashboard"),
                ended("POST", "/crm/contacts", 201, 0.0719, attempts=2),
                ended("GET", "/crm/admin", 401, 0.012, note="paused"),
                ended("GET", "/crm/contacts", 403, 0.0002, **REFUSED),
                ended("GET", "/crm/contacts", 424, 0.0002, **UNSET),
                ended("GET", "/crm/report", 200, 125.0, cut=True),
            )
        ),
    ] == TEXT
    assert re.fullmatch(FRESH, FIRST)


def test_the_line_of_json_is_one() -> None:
    told = ended("GET", "/crm/contacts", 403, 0.0002, route="/crm", provider="crm", client="dashboard", **REFUSED)
    assert json.loads(JSON) == json.loads(as_json(told, STAMP))


def test_the_keys_of_json_are_listed() -> None:
    told = ended(
        "GET", "/", 200, 0.1, route="/", provider="p", client="c", note="paused", cut=True, trace="t", **REFUSED
    )
    always = ["timestamp", "level", "event", "method", "path", "status", "ms"]
    listed = [name for row in table("logs.md", "\n| key |") for name in code(row[0])]
    assert sorted(json.loads(as_json(told, STAMP))) == sorted([*always, *listed])
    assert all(f"`{name}`" in PAGES["logs.md"] for name in always)


def test_numbers_and_attributes_are_those_of_the_source() -> None:
    page = PAGES["logs.md"]
    assert f"up to {MOST} wait" in page
    assert PATIENCE == 1.0, "the end waits twice for so long: two seconds"
