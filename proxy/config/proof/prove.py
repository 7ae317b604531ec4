"""Runs a preset's examples through the code that the proxy runs.

Owns: what each kind of example is compared with. Must not know: files, lines, how a comparison is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.placing.challenged import Challenged
from proxy.auth.placing.draft import Placing
from proxy.auth.placing.inject import Injection
from proxy.auth.placing.signing import Signing
from proxy.auth.refusal.refusal import Refusals
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Token
from proxy.config.proof.examples import Examples, InjectionExample, SigningExample, read_examples
from proxy.config.proof.logins import Logins
from proxy.config.proof.made_up import key_for, names_for, parameters_of
from proxy.config.proof.proof import Compared, Proof
from proxy.config.proof.replies import is_told
from proxy.config.proof.signings import Signings
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import PARAMETER, Preset
from proxy.values.now import Now
from proxy.values.where import Where

_NOW = Now(0.0, 0.0)
_PROVIDER: TypeAdapter[Any] = TypeAdapter(Provider)


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
        secrets = (value for key, value in self.given.items() if preset.parameters[key].secret and value is not None)
        self.secrets = frozenset(map(str, secrets))
        self.scheme: Scheme = scheme_for(self.provider, self.secrets)

    @property
    def lasting(self) -> Token | None:
        """The credential that nothing renews, if it is one."""
        return self.scheme.start(_NOW)

    @property
    def signs(self) -> bool:
        """Requests are signed, by keys of the config or of a reply, or with a password, so that nothing is injected."""
        return isinstance(self.placing, Signing | Challenged)

    @cached_property
    def placing(self) -> Placing:
        inject = self.provider.inject_beside(path="{token}" in (self.preset.base() or ""))
        return self.scheme.placing(inject, ())

    @property
    def logins(self) -> Logins:
        return Logins(self.scheme, self.secrets, names_for(self.preset))

    def proofs(self) -> Iterator[Proof]:
        """One per example, in the order of the kinds."""
        logins = self.logins
        for index, login in enumerate(self.examples.login):
            yield logins.proof(("examples", "login", index), login)
        yield from self._told()
        for index, injection in enumerate(self.examples.injection):
            yield self._injection(("examples", "injection", index), injection)
        for index, signing in enumerate(self.examples.signing):
            yield self._signing(("examples", "signing", index), signing)

    def _told(self) -> Iterator[Proof]:
        """What is said of replies of the API."""
        refused, dead = Refusals.compile(self.provider.effective_refusals), Refusals.compile(self.preset.dead)
        for index, each in enumerate(self.examples.refusals):
            told = {"refused": is_told(refused, each.reply, each.age, each.safe)}
            yield Proof(("examples", "refusals", index), each.about, {"refused": each.refused}, told)
        for index, death in enumerate(self.examples.dead):
            told = {"dead": is_told(dead, death.reply), "refused": is_told(refused, death.reply)}
            yield Proof(("examples", "dead", index), death.about, {"dead": death.dead, "refused": False}, told)
        skewed = Refusals.compile(self.provider.effective_skewed)
        for index, skew in enumerate(self.examples.skewed):
            told = {"skewed": is_told(skewed, skew.reply)}
            yield Proof(("examples", "skewed", index), skew.about, {"skewed": skew.skewed}, told)

    # -------------------------------------------------------------- requests to the API

    def _injection(self, where: Where, example: InjectionExample) -> Proof:
        about = example.about or "what is added to a request"
        if not isinstance(self.placing, Injection):
            return Proof(where, about, {"added": "a token"}, {"added": "a signature: see examples.signing"})
        base, there = self.preset.base() or "", self.lasting
        rendered = self.placing.render(there or Token.eternal(example.token, _NOW))
        lines = "".join(f"{key}: {value}\r\n" for key, value in example.headers.items())
        expected: Compared = {"headers": lines, "query": example.query, "cookie": example.cookie}
        expected |= {"json": example.json_, "form": example.form, "path": example.path, "token": example.token}
        expected |= {"absent": example.absent, "appended": example.appended}
        got = {
            "headers": rendered.headers.decode(),
            "query": rendered.query.decode(),
            "cookie": rendered.cookie.decode(),
            "json": {".".join(keys): value for keys, value in rendered.json},
            "form": rendered.form.decode(),
            "path": _path(base, example),
            "token": example.token if there is None else there.value,
            "absent": self.placing.places.get("header_if_absent", {}),
            "appended": self.placing.places.get("header_append", {}),
        }
        return Proof(where, about, expected, got)

    def _signing(self, where: Where, example: SigningExample) -> Proof:
        token = self.lasting or (None if example.token is None else Token.eternal(example.token, _NOW))
        if not isinstance(self.placing, Signing | Challenged) or token is None:
            got = "nothing, by a key of the config" if self.signs else "nothing: see examples.injection"
            return Proof(where, example.about, {"signed": "the request"}, {"signed": got})
        secret = self.placing.keys.secret if isinstance(self.placing, Signing) else self.placing.password
        signings = Signings(self.placing, secret, token, key_for(self.preset), self._filled(self.preset.base() or ""))
        return signings.proof(where, example)

    def _filled(self, base: str) -> str:
        """The upstream, with the values of parameters or their defaults."""
        defaults = {name: parameter.default for name, parameter in self.preset.parameters.items()}
        values = defaults | {name: value for name, value in self.given.items() if value is not None}
        return PARAMETER.sub(lambda match: str(values.get(match[1], match[0])), base)


def _path(base: str, example: InjectionExample) -> str | None:
    if "{token}" not in base:
        return None
    whole = base.replace("{token}", example.token)
    return example.path if example.path is not None and whole.endswith(example.path) else whole
