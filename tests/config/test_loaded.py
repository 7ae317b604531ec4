from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from proxy.config.secrets.resolve import Lacking, Reason
from tests.config.loading import loaded

DOWN = Reason("vault:a: no answer", "connection refused")


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "providers: {p: {scheme: static, token: '${T}'}}\n"
        "routes: {/a: {upstream: 'https://example.com/${T}', provider: p, headers: {set: {X: '${T}'}}}}\n"
        "clients: [{name: a, key: '${T}0123456789'}]\nadmin: {key: '${T}${T}'}\n",
        T="hunter2hunter2",
    )
    assert "hunter2" not in repr(found) + repr(found.config) + repr(found.config.routes["/a"].headers)


def test_only_some_providers_and_routes(tmp_path: Path) -> None:
    whole = loaded(
        tmp_path,
        "providers:\n  a: {scheme: static, token: one-token}\n  b: {scheme: static, token: '${NOT_SET}'}\n"
        "  c: {scheme: static, token: three-token}\n"
        "routes:\n  /a: {upstream: https://example.com, provider: a}\n"
        "  /b: {upstream: https://example.com, provider: b}\n",
    )
    only = whole.only(providers=["a", "b", "nobody"], routes=["/b"])
    assert (list(only.config.providers), list(only.unconfigured), list(only.secrets)) == (["a"], ["b"], ["a"])
    assert list(only.config.routes) == ["/b"]
    assert (list(whole.only().config.providers), whole.only().unconfigured, whole.only().config.routes) == ([], {}, {})
    assert list(whole.config.providers) == ["a", "c"], "the whole is as it was"


def test_other_values_leave_the_rest(tmp_path: Path) -> None:
    whole = loaded(tmp_path, "providers: {a: {scheme: static, token: one-token}}\nlisten: 127.0.0.1:1\n")
    other = whole.with_config(listen=["127.0.0.1:2"])
    assert (other.config.listen, whole.config.listen) == (["127.0.0.1:2"], ["127.0.0.1:1"])
    assert (other.config.providers, other.secrets, other.digest) == (
        whole.config.providers,
        whole.secrets,
        whole.digest,
    )


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
