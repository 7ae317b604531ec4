"""Every preset is proven by its own examples, run through the code that the proxy runs.

The form of the examples (a new preset needs nothing but its YAML file):

    examples:
      with: {PARAMETER: VALUE}          what the examples are filled with; `made-up RSA key` and the like are made here
      login:                            not for static providers
        - about: what is shown
          request: {method:, url:, headers:, json: | form:}     what must be sent (any part of it)
          reply: {status:, headers:, json: | text:}             what the issuer answers
          token: / lifetime:                                    what comes of it, or
          error: {class:, code:, hint:, message:, again:, retry_after:}   hint and message: a part of the text
        - about:                          where a JWT is made here, and nobody asked
          at: UNIX TIME
          header: / claims:               what it says
          token: / lifetime:
      refusals:                         not for static providers
        - {about:, reply: {...}, refused: true | false, age: seconds, safe: true | false}
      dead:                             for static providers, which nothing renews
        - {about:, reply: {...}, dead: true | false}
      injection:
        - {token:, headers: {NAME: VALUE}, query:, cookie:, json:, form:, path:}   what is added to a request
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pydantic import TypeAdapter

from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.token import Minted
from proxy.config.presets import presets
from proxy.config.proof.examples import Reply
from proxy.config.proof.prove import Proof, Proven
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import Preset

CATALOGUE: dict[str, Preset] = dict(presets())
PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)


@cache
def proven(name: str) -> Proven:
    return Proven(name, CATALOGUE[name])


@cache
def proofs(name: str) -> tuple[Proof, ...]:
    return tuple(proven(name).proofs())


def examples() -> list[Any]:
    return [
        pytest.param(name, index, id=f"{name}: {example.get('about', example.get('token'))}")
        for name, preset in CATALOGUE.items()
        for index, example in enumerate(
            each for kind in ("login", "refusals", "dead", "injection") for each in preset.examples.get(kind, ())
        )
    ]


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_preset_has_examples_of_each_kind_that_applies(name: str) -> None:
    shown = CATALOGUE[name].examples
    static = proven(name).is_static
    assert set(shown) <= {"with", "dead" if static else "refusals", "injection"} | (set() if static else {"login"})
    assert shown["injection"]
    if static:
        assert {example["dead"] for example in shown["dead"]} == ({True, False} if CATALOGUE[name].dead else {False})
    else:
        assert {example["refused"] for example in shown["refusals"]} == {True, False}
        assert shown["login"]
    if proven(name).scheme.consent is not None:
        assert any("request" in example for example in shown["login"])
        assert any("token" in example for example in shown["login"])
        assert any("error" in example for example in shown["login"])


@pytest.mark.parametrize(("name", "index"), examples())
def test_an_example_is_so(name: str, index: int) -> None:
    proof = proofs(name)[index]
    assert proof.got == proof.expected


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_example_is_proven(name: str) -> None:
    shown = sum(len(several) for kind, several in CATALOGUE[name].examples.items() if kind != "with")
    assert len(proofs(name)) == shown


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
    reply = proven(name).mint(Reply(status=200, json=stand_in.reply))[1]
    assert isinstance(reply, Minted)
    assert reply.value == "{placeholder}"
