"""A body that fails tells each of its readers, by an error of their own."""

from __future__ import annotations

import asyncio

import pytest

from proxy.errors import Fault
from proxy.wire.flow import Flow, twin
from proxy.wire.outbound.reply import Broken, Stalled


class Silent:
    """A connection on which nothing comes."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def resume_reading(self) -> None: ...


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (Broken("cut short", unanswered=True, cut=True), {"unanswered": True, "cut": True}),
        (Stalled("too late"), {}),
        (Fault("bad_request", "no", retry_after=2.0), {"code": "bad_request", "detail": "no", "retry_after": 2.0}),
    ],
    ids=["broken", "stalled", "fault"],
)
async def test_each_reader_gets_an_error_of_its_own(error: Exception, fields: dict[str, object]) -> None:
    flow = Flow(Silent())
    flow.fail(error)
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            await flow.read()
        assert caught.value is not error
        assert (str(caught.value), caught.value.args) == (str(error), error.args)
        assert {name: getattr(caught.value, name) for name in fields} == fields
    assert error.__traceback__ is None


def test_a_twin_has_no_past() -> None:
    error = Stalled("too late")
    try:
        raise error
    except Stalled:
        assert twin(error).__traceback__ is None
