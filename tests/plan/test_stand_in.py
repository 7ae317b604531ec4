"""The answer of the token endpoint that the proxy plays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.keys.provider import StandIn
from proxy.plan.stand_in import PLACEHOLDER, StandInPlan


def plan(**reply: Any) -> StandInPlan:
    made = StandInPlan.compile(StandIn(path="/token", reply=reply))
    assert made is not None
    return made


def test_a_client_gets_its_own_placeholder_wherever_one_stands() -> None:
    made = plan(data={"token": "{placeholder}", "n": [1]}, again="t={placeholder}")
    assert json.loads(made.reply) == {"data": {"token": PLACEHOLDER, "n": [1]}, "again": f"t={PLACEHOLDER}"}
    assert json.loads(made.reply_with(b"p")) == {"data": {"token": "p", "n": [1]}, "again": "t=p"}
    assert StandInPlan.compile(None) is None


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ({"expires_in": 60}, 60),
        ({"expire": 7200}, 7200),
        ({"expireIn": "7200"}, 7200),
        ({"expireTime": "2099-01-01T00:00:00Z"}, 86400),
        ({"expires_in": 0}, 86400),
        ({}, 86400),
    ],
)
def test_it_holds_for_the_seconds_that_are_told(reply: dict[str, Any], seconds: int) -> None:
    assert plan(**reply).lifetime == seconds
