"""What is said of a provider that is asleep."""

from __future__ import annotations

import pickle

import pytest

from proxy.config.secrets.lacking import Lacking, Reason

DOWN = Reason("vault:a: no answer", "connection refused")


@pytest.mark.parametrize(
    ("lacking", "unset", "asleep"),
    [
        (Lacking(("A",)), "A is not set", "asleep: set A"),
        (Lacking(("A", "file b")), "A and file b are not set", "asleep: set A and file b"),
        (Lacking((), (DOWN,)), DOWN.text, "asleep: vault:a: no answer (connection refused)"),
        (
            Lacking(("A",), (DOWN, Reason("b"))),
            "A is not set; vault:a: no answer; b",
            "asleep: set A; vault:a: no answer (connection refused); b",
        ),
    ],
)
def test_what_is_lacking_is_said_to_clients_and_to_operators(lacking: Lacking, unset: str, asleep: str) -> None:
    """What a source said goes to operators alone."""
    assert (lacking.unset(), lacking.asleep()) == (unset, asleep)
    assert pickle.loads(pickle.dumps(lacking)) == lacking, "it goes over to workers"


def test_what_is_lacking_twice_is_said_once() -> None:
    both = Lacking(("A", "B"), (DOWN,)).joined(Lacking(("B", "C"), (DOWN,)))
    assert both == Lacking(("A", "B", "C"), (DOWN,))
    assert both.listed() == ["A", "B", "C", DOWN.text]
