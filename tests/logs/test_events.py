"""Lines of events, in both formats."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest

from proxy.logs.events import Events, OfLogging

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
TEXT = Events(as_json=False, coloured=False)
JSON = Events(as_json=True, coloured=False)


@pytest.mark.parametrize(
    ("level", "event", "more", "expected"),
    [
        ("info", "config reloaded", {}, "info    config reloaded"),
        (
            *("info", "token minted", {"provider": ("crm",), "seconds": 0.0863712, "generation": 2}),
            "info    token minted                   provider=crm seconds=0.0864 generation=2",
        ),
        (
            *("warning", "x" * 31, {"reason": "no such host", "names": ["a", "b c"], "left": None}),
            "warning " + "x" * 31 + ' reason="no such host" names=a,"b c" left=None',
        ),
        ("exception", "broke", {"kind": "a\nb"}, 'error   broke                          kind="a\\nb"'),
        ("error", "two\nlines", {}, r"error   two\nlines"),
    ],
)
def test_a_line_of_text(level: str, event: str, more: dict[str, Any], expected: str) -> None:
    said = TEXT(None, level, {"event": event, **more})
    assert re.fullmatch(f"({TIME}) (.*)", said, re.DOTALL), said
    assert said.partition(" ")[2] == expected


def test_a_line_of_json_begins_with_when_how_bad_and_what() -> None:
    said = json.loads(JSON(None, "warning", {"event": "名\n", "seconds": 0.0863712, "names": ["a"], "what": object}))
    assert list(said) == ["timestamp", "level", "event", "seconds", "names", "what"]
    assert re.fullmatch(TIME, said["timestamp"])
    assert (said["level"], said["event"], said["seconds"], said["names"]) == ("warning", "名\n", 0.0864, ["a"])


@pytest.mark.parametrize("events", [TEXT, JSON])
def test_lines_of_logging_look_the_same(events: Events) -> None:
    raised = (ValueError, ValueError("of a library"), None)
    record = logging.LogRecord("asyncio", logging.ERROR, "", 1, "Task broke\nfuture: <x>", None, raised)
    said = OfLogging(events).format(record)
    if events is JSON:
        read = json.loads(said)
        assert (read["level"], read["event"], read["logger"], read["stack"]) == (
            "error",
            "Task broke",
            "asyncio",
            "future: <x>",
        )
        assert read["exception"].endswith("ValueError: of a library")
    else:
        first, *rest = said.splitlines()
        assert re.fullmatch(f"{TIME} error   Task broke +logger=asyncio", first)
        assert rest[-1] == "future: <x>"
        assert "ValueError: of a library" in rest
