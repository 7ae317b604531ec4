"""Which trace a request is a part of, and who decides whether it is kept."""

from __future__ import annotations

import re

import pytest

from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline
from proxy.traces.trace import Trace, Tracing

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def given(flags: str) -> dict[bytes, bytes]:
    return {b"traceparent": f"00-{TRACE}-{SPAN}-{flags}".encode()}


class Taken:
    def __init__(self) -> None:
        self.parts: list[tuple[Trace, Ended]] = []

    def __call__(self, trace: Trace, ended: Ended) -> None:
        self.parts.append((trace, ended))


@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize(("flags", "sampled"), [("01", True), ("00", False)])
def test_the_caller_has_decided(ratio: float, flags: str, sampled: bool) -> None:
    trace = Tracing(ratio, Taken()).begin(given(flags))
    assert (trace.id, trace.parent, trace.sampled) == (TRACE, SPAN, sampled)
    assert re.fullmatch(rf"traceparent: 00-{TRACE}-[0-9a-f]{{16}}-{flags}\r\n", trace.line.decode())
    assert trace.span != SPAN


@pytest.mark.parametrize(("ratio", "sampled"), [(0.0, False), (1.0, True)])
@pytest.mark.parametrize("facts", [{}, {b"traceparent": b"00-nonsense"}])
def test_else_it_begins_here(ratio: float, sampled: bool, facts: dict[bytes, bytes]) -> None:
    first, second = Tracing(ratio, Taken()).begin(facts), Tracing(ratio, Taken()).begin(facts)
    assert re.fullmatch(r"[0-9a-f]{32}", first.id)
    assert (first.parent, first.sampled) == ("", sampled)
    assert len({first.id, second.id, first.span, second.span}) == 4


@pytest.mark.parametrize("flags", ["01", "00"])
def test_what_is_not_kept_goes_nowhere(flags: str) -> None:
    taken = Taken()
    trace = Tracing(1.0, taken).begin(given(flags))
    ended = Ended(Timeline(1.0, 2.0), "GET", "/", 200)
    trace.over(ended)
    assert taken.parts == ([(trace, ended)] if flags == "01" else [])
