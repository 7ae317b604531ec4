"""What the line of a request says, and that lines leave in pieces that a pipe takes whole."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline
from proxy.logs.access import AccessLog, as_json, as_text

BEGAN, STAMP = 1795795140.0, "2026-11-27T15:59:00.012Z"


def ended(method: str = "GET", path: str = "/crm/contacts", status: int = 200, **facts: Any) -> Ended:
    times = Timeline(1000.0, BEGAN)
    times.ended = 1000.0 + facts.pop("seconds", 0.0123)
    made = Ended(times, method, path, status)
    for name, fact in facts.items():
        setattr(made, name, fact)
    return made


ORIGIN = "origin=http://app.example.com:22200"
UNSET = {"code": "provider_unconfigured", "cause": "CRM_KEY is not set", "route": "/crm", "provider": "crm"}
REFUSED = {"code": "origin_refused", "cause": ORIGIN, "id": "a1"}
LINES: list[tuple[Ended, str, dict[str, Any]]] = [
    (ended(), "info    GET /crm/contacts 200 12.3ms", {}),
    (
        ended("POST", attempts=2, client="dash"),
        "info    POST /crm/contacts 200 12.3ms client=dash replayed",
        {"client": "dash", "note": "replayed"},
    ),
    (
        ended(status=401, note="paused", id="7"),
        "info    GET /crm/contacts 401 12.3ms paused id=7",
        {"note": "paused", "id": "7"},
    ),
    (
        ended(status=403, **REFUSED),
        f"info    GET /crm/contacts 403 origin_refused {ORIGIN} 12.3ms id=a1",
        REFUSED,
    ),
    (
        ended(status=424, **UNSET),
        'warning GET /crm/contacts 424 provider_unconfigured "CRM_KEY is not set" 12.3ms',
        UNSET,
    ),
    (
        ended(path="/x", status=404, code="no_route"),
        "info    GET /x 404 no_route 12.3ms",
        {"code": "no_route", "cause": ""},
    ),
    (
        ended(status=500, code="internal_error", cause="x"),
        "error   GET /crm/contacts 500 internal_error x 12.3ms",
        {"code": "internal_error", "cause": "x"},
    ),
    (
        ended(status=502, cut=True, seconds=75.0),
        "info    GET /crm/contacts 502 1m15s cut",
        {"ms": 75000.0, "cut": True},
    ),
    (ended(path='/"<b>\n'), 'info    GET "/\\"<b>\\n" 200 12.3ms', {}),
    (ended(client="张 三"), 'info    GET /crm/contacts 200 12.3ms client="张 三"', {"client": "张 三"}),
]


@pytest.mark.parametrize(("told", "expected"), [(told, text) for told, text, _ in LINES])
def test_a_line_of_text(told: Ended, expected: str) -> None:
    assert as_text(told, STAMP, coloured=False) == f"{STAMP} {expected}\n"


@pytest.mark.parametrize(("told", "expected"), [(told, more) for told, _, more in LINES])
def test_a_line_of_json_leaves_out_what_is_empty(told: Ended, expected: dict[str, Any]) -> None:
    line = as_json(told, STAMP)
    assert line.isascii()
    usual = {"timestamp": STAMP, "event": "request", "method": told.method, "path": told.path}
    read = json.loads(line)
    assert read.pop("level") in ("info", "warning", "error")
    assert read == usual | {"status": told.status, "ms": 12.3} | expected


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_said_stays_one_line(path: str, client: str, cause: str, route: str) -> None:
    told = ended("GET", path, 403, client=client, code="origin_refused", cause=cause, route=route)
    read = json.loads(as_json(told, STAMP))
    assert (read["path"], read.get("client", ""), read.get("route", "")) == (path, client, route)
    line = as_text(told, STAMP, coloured=False)
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_on_a_terminal_the_level_has_a_colour() -> None:
    assert as_text(ended(), STAMP, coloured=True).startswith(f"\x1b[2m{STAMP}\x1b[0m \x1b[32minfo   \x1b[0m GET ")


@pytest.mark.parametrize("form", [True, False])
async def test_a_line_has_the_time_at_which_the_request_ended(form: bool) -> None:
    out = io.StringIO()
    log = AccessLog(form, out)
    log.ended(ended())
    log.ended(ended(seconds=60.5))
    assert out.getvalue() == "", "lines leave together"
    log.flush()
    first, second = out.getvalue().splitlines()
    assert STAMP in first
    assert "2026-11-27T16:00:00.500Z" in second
    log.flush()
    assert out.getvalue().count("\n") == 2


class Pieces(io.StringIO):
    """Each that was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)


SHORT, LONG = len(as_text(ended(), STAMP, coloured=False)), 100


@pytest.mark.parametrize(
    ("lengths", "size", "pieces"),
    [
        ([], SHORT, []),
        ([SHORT], SHORT, [1]),
        ([SHORT, SHORT], 2 * SHORT, [2]),
        ([SHORT, SHORT, SHORT], 2 * SHORT, [2, 1]),
        ([SHORT, SHORT + 1, SHORT], 2 * SHORT, [1, 1, 1]),
        ([SHORT, LONG, SHORT], SHORT, [1, 1, 1]),
    ],
)
async def test_a_piece_leaves_when_no_further_line_fits(lengths: list[int], size: int, pieces: list[int]) -> None:
    out = Pieces()
    log = AccessLog(False, out, size)
    for length in lengths:
        log.ended(ended(path="/crm/contacts" + "s" * (length - SHORT)))
    log.flush()
    assert [piece.count("\n") for piece in out.written] == pieces


@given(st.lists(st.text()), st.integers(SHORT, 5 * SHORT), st.booleans())
async def test_nothing_is_lost_and_only_a_lone_line_may_be_too_long(paths: list[str], size: int, form: bool) -> None:
    out, whole = Pieces(), io.StringIO()
    for log in (AccessLog(form, out, size), AccessLog(form, whole, 1_000_000)):
        for path in paths:
            log.ended(ended(path=path, client=path))
        log.flush()
    assert "".join(out.written) == whole.getvalue()
    for piece in out.written:
        assert len(piece.encode("utf-8", "backslashreplace")) <= size or piece.count("\n") == 1
