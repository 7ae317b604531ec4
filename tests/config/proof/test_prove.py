"""An example that says anything else than what is so does not hold: each kind of value, in presets that have it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from proxy.config.presets import presets
from proxy.config.proof.examples import read_examples
from proxy.config.proof.proof import Proof
from proxy.config.proof.prove import Proven
from proxy.config.written.preset import Preset

CATALOGUE = dict(presets())


def proof_of(name: str, kind: str, index: int, **changed: Any) -> Proof:
    """Of one example of a preset, in which `changed` takes the place of what is said; a dot leads deeper."""
    examples = deepcopy(CATALOGUE[name].examples)
    for path, value in changed.items():
        *way, last = path.split(".")
        place = examples[kind][index]
        for key in way:
            place = place[int(key) if isinstance(place, list) else key]
        place[last] = value
    proofs = Proven(name, CATALOGUE[name].model_copy(update={"examples": examples})).proofs()
    return next(proof for proof in proofs if proof.where == ("examples", kind, index))


WRONG: dict[str, tuple[str, str, int, dict[str, Any], str]] = {
    "the JWT's header": ("microsoft-entra-cert", "login", 0, {"jwt.header": {"alg": "PS256", "typ": "JWT"}}, "jwt"),
    "a thumbprint": ("microsoft-entra-cert", "login", 0, {"jwt.header.x5t#S256": "{x5t}"}, "jwt"),
    "a claim": ("microsoft-entra-cert", "login", 0, {"jwt.claims.iss": "another"}, "jwt"),
    "a claim that isn't there": ("github-app", "login", 0, {"jwt.claims.jti": "{jti}"}, "jwt"),
    "a JWT that no request carries": ("feishu", "login", 0, {"jwt": {"header": {}, "claims": {}}}, "jwt"),
    "a header around a JWT": ("github-app", "login", 0, {"request.headers.Authorization": "{jwt}"}, "request headers"),
    "what a workload shows": ("aws-web-identity", "login", 0, {"identity": "another"}, "request body"),
    "a token": ("aws-web-identity", "login", 0, {"token": "another"}, "token"),
    "a lifetime": ("aws-web-identity", "login", 0, {"lifetime": 3601}, "lifetime"),
    "a step before": ("feishu-marketplace", "login", 0, {"before.0.request.json.app_id": "x"}, "request 1 json"),
    "a step's reply": ("feishu-marketplace", "login", 0, {"before.0.reply.json.app_access_token": "x"}, "request json"),
    "a step too few": ("feishu-marketplace", "login", 0, {"before": []}, "error"),
    "a failure's class": ("github-app", "login", 1, {"error.class": "passing"}, "class"),
    "a made JWT's claim": ("apple-app-store-connect", "login", 0, {"claims.aud": "another"}, "claims"),
    "a refusal": ("github-app", "refusals", 0, {"refused": False}, "refused"),
    "a death": ("alipay", "dead", 0, {"dead": False}, "dead"),
    "a skew": ("aws-s3", "skewed", 0, {"skewed": False}, "skewed"),
    "a signed time": ("aws-s3", "signing", 0, {"at": 1}, "header X-Amz-Date"),
    "a signed path": ("aws-s3", "signing", 0, {"request.path": "/bucket/b"}, "header Authorization"),
    "a header that is not sent": ("aws-s3", "signing", 0, {"headers.X-Other": "x"}, "header X-Other"),
    "what RSA signed": ("alipay", "signing", 0, {"signed": "app_id=1"}, "query"),
    "the text around a signature": ("alipay", "signing", 0, {"query": "x&sign={signature}"}, "query"),
    "an added header": ("github-app", "injection", 0, {"headers.X-Other": "x"}, "headers"),
    "a constant header": ("notion", "injection", 0, {"absent": {}}, "absent"),
}


@pytest.mark.parametrize(("name", "kind", "index", "changed", "differs"), WRONG.values(), ids=WRONG)
def test_what_is_not_so_does_not_hold(name: str, kind: str, index: int, changed: dict[str, Any], differs: str) -> None:
    assert proof_of(name, kind, index).holds
    wrong = proof_of(name, kind, index, **changed)
    assert not wrong.holds
    assert differs in [what for what, _, _ in wrong.differences()]


def test_a_secret_in_what_is_sent_does_not_hold() -> None:
    proof = proof_of("aws-s3", "signing", 0, **{"request.query": "x=example-secret"})
    assert ("secrets in the request", False, True) in proof.differences()


def test_a_kind_that_a_preset_cannot_have_does_not_hold() -> None:
    signing = CATALOGUE["aws-s3"].examples["signing"]
    for name, more in (("aws-s3", {"injection": [{"token": "x"}]}), ("github-app", {"signing": signing})):
        examples = CATALOGUE[name].examples | more
        preset = CATALOGUE[name].model_copy(update={"examples": examples})
        kind = next(iter(more))
        proof = next(proof for proof in Proven(name, preset).proofs() if proof.where[1] == kind)
        assert not proof.holds


def test_a_command_that_prints_a_token_is_given_the_reply() -> None:
    preset = Preset.model_validate(
        {
            "title": "Acme",
            "provider": {"scheme": "exec", "command": ["acme"], "ttl": "1h"},
            "examples": {"login": [{"reply": {"status": 200, "text": "t"}, "token": "t", "lifetime": 3600}]},
        }
    )
    (proof,) = Proven("acme", preset).proofs()
    assert proof.got == proof.expected


REPLY = {"status": 200, "text": ""}
JWT = {"at": 1, "header": {}, "claims": {}}
SIGNED = {"request": {"method": "GET"}}
UNPROVEN: dict[str, tuple[dict[str, Any], str]] = {
    "a JWT asked of nobody": ({"login": [JWT | {"identity": "x"}]}, "a JWT that is asked of nobody has no identity"),
    "a header of no JWT": (
        {"login": [{"reply": REPLY, "token": "t", "header": {}}]},
        "an exchange has no header",
    ),
    "nothing of what goes out": ({"signing": [SIGNED]}, "expected headers, query or body"),
    "a signature of nothing": ({"signing": [SIGNED | {"query": "{signature}"}]}, "and signed, what it is of"),
    "what nothing signs": ({"signing": [SIGNED | {"query": "x", "signed": "x"}]}, "and signed, what it is of"),
    "two signatures": ({"signing": [SIGNED | {"query": "{signature}{signature}", "signed": "x"}]}, "a text has one"),
}


@pytest.mark.parametrize(("examples", "told"), UNPROVEN.values(), ids=UNPROVEN)
def test_what_would_prove_nothing_is_a_mistake(examples: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        read_examples(examples)
