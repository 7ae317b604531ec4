"""Every preset is proven by its own examples, run through the code that the proxy runs (proxy/config/proof).

The form of the examples is told by docs/presets.md; a new preset needs nothing but its YAML file.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pydantic import TypeAdapter

from proxy.auth.placing.challenged import Challenged
from proxy.auth.placing.signing import Signing
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.token import Minted
from proxy.config.presets import presets
from proxy.config.proof.examples import LoginExample, Reply
from proxy.config.proof.proof import Proof
from proxy.config.proof.prove import Proven
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import Preset

CATALOGUE: dict[str, Preset] = dict(presets())
PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)
KINDS = ("login", "refusals", "dead", "injection", "signing", "skewed")


@cache
def proven(name: str) -> Proven:
    return Proven(name, CATALOGUE[name])


@cache
def proofs(name: str) -> dict[tuple[str | int, ...], Proof]:
    return {proof.where: proof for proof in proven(name).proofs()}


def examples() -> list[Any]:
    return [
        pytest.param(name, kind, index, id=f"{name}: {kind}: {example.get('about', example.get('token'))}")
        for name, preset in CATALOGUE.items()
        for kind in KINDS
        for index, example in enumerate(preset.examples.get(kind, ()))
    ]


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_preset_has_examples_of_each_kind_that_applies(name: str) -> None:
    """Keys that a reply brings sign as those of a config do: that has its own tests."""
    placing = proven(name).placing
    by_config = isinstance(placing, Challenged) or (isinstance(placing, Signing) and placing.reply is None)
    shown, signs, static = CATALOGUE[name].examples, proven(name).signs, proven(name).lasting is not None
    kinds = {"dead"} if static else {"refusals", "login"}
    kinds |= {"injection"} if not signs else {"signing"} if by_config else set()
    optional = {"skewed"} if signs and static else set()
    assert kinds <= set(shown) - {"with"} <= kinds | optional
    assert "with" in shown
    assert all(shown[kind] for kind in kinds)


@pytest.mark.parametrize("name", CATALOGUE)
def test_rules_have_examples_that_fit_and_examples_that_do_not(name: str) -> None:
    shown, preset = CATALOGUE[name].examples, CATALOGUE[name]
    both = {True, False}
    assert {example["skewed"] for example in shown.get("skewed", ())} == (
        both if preset.provider.get("skewed") else set()
    )
    if proven(name).lasting is not None:
        assert {example["dead"] for example in shown["dead"]} == (both if preset.dead else {False})
    else:
        assert {example["refused"] for example in shown["refusals"]} == both


@pytest.mark.parametrize("name", [name for name in CATALOGUE if proven(name).scheme.consent is not None])
def test_a_login_has_examples_of_a_request_a_token_and_an_error(name: str) -> None:
    logins = CATALOGUE[name].examples["login"]
    assert all(any(key in example for example in logins) for key in ("request", "token", "error"))


@pytest.mark.parametrize(("name", "kind", "index"), examples())
def test_an_example_is_so(name: str, kind: str, index: int) -> None:
    proof = proofs(name)["examples", kind, index]
    assert proof.got == proof.expected


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_example_is_proven(name: str) -> None:
    shown = {
        ("examples", kind, index)
        for kind, several in CATALOGUE[name].examples.items()
        if kind != "with"
        for index in range(len(several))
    }
    assert set(proofs(name)) == shown


def test_trap_07_two_presets_of_one_account_share_one_token() -> None:
    keys = {"api_key": "a", "secret_key": "b"}

    def identity(preset: str, **changed: str) -> str:
        tree = {"providers": {"x": {"use": preset, **keys, **changed}}}
        provider = PROVIDER.validate_python(expand(tree, CATALOGUE).tree["providers"]["x"])
        return scheme_for(provider, frozenset()).identity

    assert identity("baidu-qianfan") == identity("baidu-ai")
    assert identity("baidu-qianfan") != identity("baidu-qianfan", secret_key="c")


@pytest.mark.parametrize("name", [name for name in CATALOGUE if proven(name).provider.stand_in is not None])
def test_a_stand_in_has_the_shape_of_the_issuers_own_reply(name: str) -> None:
    stand_in = proven(name).provider.stand_in
    assert stand_in is not None
    reply = Reply(status=200, json=stand_in.reply)
    came = proven(name).logins.exchange(LoginExample(reply=reply, token="", lifetime=0)).came
    assert isinstance(came, Minted)
    assert came.value == "{placeholder}"
