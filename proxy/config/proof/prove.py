"""Runs a preset's examples through the code that the proxy runs.

Owns: what each kind of example is compared with. Must not know: files, lines, how a comparison is shown.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import IssuerReply, Minted, Token
from proxy.config.proof.examples import (
    Asked,
    Examples,
    Failed,
    InjectionExample,
    LoginExample,
    Reply,
    read_examples,
)
from proxy.config.proof.made_up import key_of, parameters_of
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import Preset
from proxy.errors import IssuerError
from proxy.values.now import Now
from proxy.values.signing import fingerprint
from proxy.values.where import Where

WALL = 1_700_000_000.0
"""The time at which examples of logins happen."""
_NOW = Now(0.0, 0.0)
_PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)

Compared = dict[str, Any]


class Proof(NamedTuple):
    """One example: where it stands in the preset, what should come out, and what did."""

    where: Where
    about: str
    expected: Compared
    got: Compared

    @property
    def holds(self) -> bool:
        return self.expected == self.got

    def differences(self) -> Iterator[tuple[str, Any, Any]]:
        """What, expected, got."""
        for key in self.expected | self.got:
            expected, got = self.expected.get(key), self.got.get(key)
            if expected != got:
                yield key, expected, got


class Proven:
    """A preset with the values that its examples give.

    Raises ValidationError for a provider or examples of the wrong form.
    """

    def __init__(self, name: str, preset: Preset) -> None:
        self.preset = preset
        self.given = parameters_of(preset)
        self.examples: Examples = read_examples(preset.examples)
        expanded = expand({"providers": {"example": {"use": name, **self.given}}}, {name: preset})
        self.provider: ProviderCommon = _PROVIDER.validate_python(expanded.tree["providers"]["example"])
        self.secrets = frozenset(str(value) for key, value in self.given.items() if preset.parameters[key].secret)
        self.scheme: Scheme = scheme_for(self.provider, self.secrets)

    @property
    def is_static(self) -> bool:
        return self.scheme.start(_NOW) is not None

    def proofs(self) -> Iterator[Proof]:
        """One per example, in the order of the kinds."""
        refused, dead = Refusals.compile(self.provider.effective_refusals), Refusals.compile(self.preset.dead)
        for index, login in enumerate(self.examples.login):
            yield self._login(("examples", "login", index), login)
        for index, each in enumerate(self.examples.refusals):
            told = {"refused": _is_told(refused, each.reply, each.age, each.safe)}
            yield Proof(("examples", "refusals", index), each.about, {"refused": each.refused}, told)
        for index, death in enumerate(self.examples.dead):
            told = {"dead": _is_told(dead, death.reply), "refused": _is_told(refused, death.reply)}
            yield Proof(("examples", "dead", index), death.about, {"dead": death.dead, "refused": False}, told)
        for index, injection in enumerate(self.examples.injection):
            yield self._injection(("examples", "injection", index), injection)

    # -------------------------------------------------------------- login

    def _login(self, where: Where, example: LoginExample) -> Proof:
        if example.reply is None:
            return self._made_here(where, example)
        request, minted = self.mint(example.reply)
        expected, got = ({}, {}) if example.request is None else _compared_requests(example.request, request)
        if example.error is None:
            expected |= {"token": example.token, "lifetime": example.lifetime}
            got |= _of_minted(minted)
        else:
            expected |= _of_failed(example.error) | {"secrets in the message": False}
            got |= self._of_error(example.error, minted)
        return Proof(where, example.about, expected, got)

    def mint(self, reply: Reply) -> tuple[Any, Minted | IssuerError | str]:
        """The request that is sent, and what comes of the reply."""
        flow = self.scheme.login(WALL, None)
        try:
            request = next(flow)
        except StopIteration as stop:
            return None, stop.value
        headers = {key.lower(): value for key, value in _head(reply).items()}
        try:
            flow.send(IssuerReply(reply.status, headers, _body(reply)))
        except StopIteration as stop:
            return request, stop.value
        except IssuerError as error:
            return request, error
        return request, "the login goes on with another request"

    def _of_error(self, wanted: Failed, came: Minted | IssuerError | str) -> Compared:
        if not isinstance(came, IssuerError):
            return _of_minted(came)
        return {
            "class": came.failure.value,
            "code": came.error if wanted.code is not None else None,
            "hint": wanted.hint if wanted.hint in (came.hint or "") else came.hint,
            "message": wanted.message if wanted.message in came.message else came.message,
            "again": came.again,
            "retry_after": came.retry_after,
            "secrets in the message": any(secret in came.message for secret in self.secrets),
        }

    def _made_here(self, where: Where, example: LoginExample) -> Proof:
        try:
            next(self.scheme.login(float(example.at or 0), None))
        except StopIteration as stop:
            minted: Minted = stop.value
        else:
            return Proof(where, example.about, {"made": "here"}, {"made": "by an issuer, which is asked"})
        header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in minted.value.split(".")[:2])
        expected: Compared = {"header": example.header, "claims": self._with_fingerprint(example.claims or {})}
        expected |= {"token": example.token or minted.value, "lifetime": example.lifetime}
        return Proof(where, example.about, expected, {"header": header, "claims": claims} | _of_minted(minted))

    def _with_fingerprint(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        written = (value for value in self.examples.with_.values() if isinstance(value, str))
        key = next((key for value in written if (key := key_of(value)) is not None), None)
        known = "" if key is None else fingerprint(key)
        return {
            name: value.replace("{fingerprint}", known) if isinstance(value, str) else value
            for name, value in claims.items()
        }

    # -------------------------------------------------------------- injection

    def _injection(self, where: Where, example: InjectionExample) -> Proof:
        base = self.preset.base() or ""
        there = self.scheme.start(_NOW)
        injection: Any = self.scheme.placing(self.provider.inject_beside(path="{token}" in base), ())
        rendered = injection.render(there or Token.eternal(example.token, _NOW))
        lines = "".join(f"{key}: {value}\r\n" for key, value in example.headers.items())
        expected: Compared = {"headers": lines, "query": example.query, "cookie": example.cookie}
        expected |= {"json": example.json_, "form": example.form, "path": example.path, "token": example.token}
        got = {
            "headers": rendered.headers.decode(),
            "query": rendered.query.decode(),
            "cookie": rendered.cookie.decode(),
            "json": {".".join(keys): value for keys, value in rendered.json},
            "form": rendered.form.decode(),
            "path": _path(base, example),
            "token": example.token if there is None else there.value,
        }
        return Proof(where, example.about or "what is added to a request", expected, got)


def _path(base: str, example: InjectionExample) -> str | None:
    if "{token}" not in base:
        return None
    whole = base.replace("{token}", example.token)
    return example.path if example.path is not None and whole.endswith(example.path) else whole


def _of_minted(came: Minted | IssuerError | str) -> Compared:
    if isinstance(came, Minted):
        return {"token": came.value, "lifetime": came.lifetime}
    return {"error": str(came)}


def _of_failed(wanted: Failed) -> Compared:
    """`class` under its own name."""
    return wanted.model_dump(by_alias=True)


def _compared_requests(wanted: Asked, sent: Any) -> tuple[Compared, Compared]:
    """What is said of the request, and the same of the one that was sent. A body that isn't there is said, too."""
    if sent is None:
        return {"request": "to the issuer"}, {"request": None}
    headers = dict(sent.headers)
    expected: Compared = {"request headers": wanted.headers}
    got: Compared = {"request headers": {key: headers.get(key) for key in wanted.headers}}
    for key in ("method", "url"):
        if (said := getattr(wanted, key)) is not None:
            expected[f"request {key}"], got[f"request {key}"] = said, getattr(sent, key)
    body = None if sent.body is None else sent.body.decode()
    if "json_" in wanted.model_fields_set:
        expected["request json"], got["request json"] = wanted.json_, _json(body)
    else:
        expected["request body"], got["request body"] = wanted.form, body
    return expected, got


def _json(body: str | None) -> Any:
    try:
        return None if body is None else json.loads(body)
    except ValueError:
        return body


# ---------------------------------------------------------------------------------------------- replies


def _is_told(refusals: Refusals, reply: Reply, age: float = 3600, safe: bool = False) -> bool:
    headers = [(key.encode(), value.encode()) for key, value in _head(reply).items()]
    verdict = refusals.head(reply.status, headers, age, safe)
    if verdict is Verdict.READ_BODY:
        return refusals.reading(reply.status, headers, age, safe).refuses(_body(reply), True)
    return verdict is Verdict.REFUSED


def _head(reply: Reply) -> dict[str, str]:
    kind = "application/json" if _is_json(reply) else "text/plain"
    return {"Content-Type": kind, **reply.headers}


def _body(reply: Reply) -> bytes:
    return json.dumps(reply.json_).encode() if _is_json(reply) else reply.text.encode()


def _is_json(reply: Reply) -> bool:
    return "json_" in reply.model_fields_set
