"""What operators are told of keys that end, and of rates that are counted apart."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.model import Config
from proxy.config.rules.warnings import SOON, warnings
from proxy.values import moments
from proxy.values.where import dotted

NOON = moments.end("2027-01-31T12:00:00Z")
A, B = "a" * 16, "b" * 16


def told(wall: float = NOON, **config: Any) -> list[str]:
    found = warnings(Config.model_validate(config), config, wall)
    lines = [f"{dotted(finding.where)}: {finding.message}" for finding in found]
    return [line for line in lines if "guessed" not in line and "in the clear" not in line]


def of_key(key: Any, wall: float = NOON) -> list[str]:
    return told(wall, clients=[{"name": "one", "key": key}])


NEXT = "; `keyless client new` makes the next one"


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        (A, []),
        ({"key": A, "expires": "2027-03-01"}, []),
        ({"key": A, "expires": "2027-02-05"}, [f"clients[0].key: the key of one expires soon (2027-02-05){NEXT}"]),
        ({"key": A, "expires": "2027-01-30"}, [f"clients[0].key: the key of one has expired (2027-01-30){NEXT}"]),
        ([{"key": A, "expires": "2027-01-30"}, B], ["clients[0].key[0]: the key of one has expired (2027-01-30)"]),
        (
            [B, {"key": A, "expires": "2027-02-05T06:00:00Z"}],
            ["clients[0].key[1]: the key of one expires soon (2027-02-05T06:00:00Z)"],
        ),
    ],
)
def test_keys_that_end(key: Any, lines: list[str]) -> None:
    assert of_key(key) == lines


def test_the_warning_comes_in_time_and_turns_at_the_end() -> None:
    key = {"key": A, "expires": "2027-01-31T12:00:00Z"}
    assert of_key(key, NOON - SOON - 1) == []
    assert "expires soon" in of_key(key, NOON - SOON)[0]
    assert "expires soon" in of_key(key, NOON - 1)[0]
    assert "has expired" in of_key(key, NOON)[0]


@pytest.mark.parametrize(
    ("config", "tells"),
    [
        ({}, False),
        ({"workers": 4}, True),
        ({"workers": "auto"}, True),
        ({"workers": 4, "store": "redis://127.0.0.1"}, False),
    ],
)
def test_workers_that_count_apart(config: dict[str, Any], tells: bool) -> None:
    rated = [{"name": "one", "key": A, "rate": "1/s"}]
    routes = {"/a": {"upstream": "https://a.example", "provider": "none", "rate": "1/s"}}
    assert bool(told(clients=rated, **config)) is tells
    assert bool(told(routes=routes, **config)) is tells
    assert told(clients=[{"name": "one", "key": A}], **config) == []
