from __future__ import annotations

import math
from typing import Any, get_args

import pytest

from proxy.auth.keys.sign import AlgorithmName
from proxy.auth.schemes.signed import SignedProvider, SignedScheme
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.auth.token import Minted
from proxy.values.now import Now

KEYS = {"access_key": "ak", "secret_key": "hush-hush"}
AWS = {"name": "aws-sigv4", **KEYS, "region": "r", "service": "s"}


def provider(sign: dict[str, Any], **written: Any) -> SignedProvider:
    return SignedProvider(scheme="signed", sign=sign, **written)


def scheme(sign: dict[str, Any]) -> SignedScheme:
    return SignedScheme.compile(provider(sign), frozenset())


def test_every_algorithm_can_be_named() -> None:
    assert set(get_args(AlgorithmName)) == {*ALGORITHMS, "digest"}


def test_the_key_is_there_from_the_start_and_for_ever() -> None:
    made = scheme(AWS)
    token = made.start(Now(1.0, 2.0))
    assert (token.value, token.left(Now(1e9, 1e9))) == ("hush-hush", math.inf)
    with pytest.raises(StopIteration) as stop:
        next(made.login(0.0, None))
    assert stop.value.value == Minted("hush-hush", math.inf)
    assert (made.consent, made.one_shot, provider(AWS).effective_refusals) == (None, False, [])
    assert "hush-hush" not in repr(made)
    assert "hush-hush" not in repr(provider(AWS))


def test_trap_06_other_keys_are_another_cell() -> None:
    changed = [{}, {"secret_key": "b"}, {"access_key": "b"}, {"region": "b"}, {"session_token": "b"}]
    assert len({scheme(AWS | each).identity for each in changed}) == len(changed)


def test_the_first_of_a_list_is_usual() -> None:
    keys = scheme({"name": "aws-sigv4", **KEYS, "regions": ["a", "b"], "services": "s"}).signing.keys
    assert (keys.region, keys.service) == ("a", "s")


BCE = {"name": "bce-auth-v1", **KEYS}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no region": ({"name": "aws-sigv4", **KEYS, "service": "s"}, "region", "missing"),
    "no service": ({"name": "tencent-tc3", **KEYS}, "service", "missing"),
    "a region for nothing": (BCE | {"region": "bj"}, "region", "signs for no region"),
    "services for nothing": (BCE | {"services": ["a"]}, "services", "signs for no service"),
    "a body that takes no part": (BCE | {"body": "buffer"}, "body", "leave it out"),
    "no unsigned form": ({"name": "aliyun-acs3", **KEYS, "body": "unsigned"}, "body", "buffer"),
    "empty": (BCE | {"secret_key": ""}, "secret_key", "empty"),
    "a line break": (BCE | {"access_key": "a\nb"}, "access_key", ""),
}


@pytest.mark.parametrize(("written", "key", "problem"), BAD.values(), ids=BAD)
def test_mistakes(written: dict[str, Any], key: str, problem: str) -> None:
    found = list(provider(written).check(("p",)))
    assert [each.where for each in found] == [("p", "sign", key)]
    assert problem in found[0].message


def test_a_signature_goes_nowhere_else() -> None:
    found = list(provider(AWS, inject={"header": {"X": "{token}"}}).check(("p",)))
    assert [each.where for each in found] == [("p", "inject")]
    assert provider(AWS).unfilled("token") is not None
