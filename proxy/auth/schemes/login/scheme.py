"""`scheme: login`, any other HTTP exchange that ends in a token: AK/SK endpoints, client-key sessions and the like.

Owns: which request follows which. Must not know: how one is sent, or what its reply means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from proxy.auth.hosts import Hosts
from proxy.auth.keys.provider import Inject
from proxy.auth.paths import as_text
from proxy.auth.placing.draft import Placing
from proxy.auth.placing.inject import Injection
from proxy.auth.placing.signing import Signing
from proxy.auth.reading.kept import KeptReader
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.login.asked import Around, Asked
from proxy.auth.schemes.login.carried import Carried
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.refresh import Refreshing
from proxy.auth.schemes.login.token_request import TokenRequest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.signing.made import Made
from proxy.auth.token import Consent, Flow
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record
from proxy.values.template import Template

_NOBODY = "Give `refresh_token`, or put one into the store: `keyless token import --refresh-token NAME`."


@record
class LoginScheme(Scheme):
    """`steps` are the requests before the last, and what is kept of their replies; `last` brings the token.

    Without `last` there is only the refresh. `first` is what the config brings for it. `keyed` signs requests to the
    API with the keys that the reply brings, if it brings some.
    """

    identity: str
    steps: tuple[tuple[Asked, KeptReader], ...]
    last: Asked | None
    reader: ReplyReader = field(repr=False)
    refreshing: Refreshing | None
    first: str | None = field(repr=False)
    made: Made = field(repr=False)
    carried: Carried = field(repr=False)
    keyed: Signing | None = field(repr=False)
    username: str | None
    secrets: frozenset[str] = field(repr=False)
    consent: Consent = field()  # a dataclass would take Scheme's answer for a default
    forced: LoginScheme | None = field()

    @classmethod
    def compile(cls, provider: LoginProvider, secrets: frozenset[str]) -> LoginScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError if it can't be sent or read."""
        tls, refresh = provider.certificates, provider.refresh
        urls = [request.url for request in (*provider.requests, refresh.request) if request is not None]
        consent, form = provider.consent(*urls), provider.reply.format
        keyed, forced = provider.sign, provider.forced
        reply = provider.reply if keyed is None else keyed.over(provider.reply)
        reader = ReplyReader.compile(reply, provider.ttl, provider.hosts, bearer=provider.sent_as_bearer)
        formats = [*(step.format for step in provider.steps[:-1]), form]
        around = Around(consent, Hosts.compile(provider.hosts))
        asked = [
            Asked.compile(request, provider.known_at(index) if provider.steps else None, formats[index], tls, around)
            for index, request in enumerate(provider.requests)
        ]
        kept = [KeptReader.compile(step.keep, step.ok, step.format, reader.diagnosis) for step in provider.steps[:-1]]
        return cls(
            _identity(provider),
            tuple(zip(asked[:-1], kept, strict=True)),
            asked[-1] if asked else None,
            reader,
            None if refresh.request is None else Refreshing.compile(provider, tls, around),
            provider.first,
            Made.compile(provider.values),
            provider.carried,
            None if keyed is None else keyed.signing(),
            provider.username,
            secrets,
            consent,
            None if forced is None else cls.compile(forced, secrets),
        )

    @property
    def one_shot(self) -> bool:
        """Where keys can log in anew, a refresh token that was spent in vain costs nothing but a call."""
        return self.last is None and self.refreshing is not None and not self.refreshing.in_place

    @property
    def refresh_token(self) -> str | None:
        return self.first

    def drawing(self, draw: Callable[[int | str], str]) -> LoginScheme:
        return replace(self, made=replace(self.made, draw=draw))

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Placing:
        return Injection.compile(inject, None, path, self.username) if self.keyed is None else self.keyed

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        """`refresh_token` is the newest that the issuer gave; the config's own serves until there is one."""
        carried = yield from self.carried.texts(wall)
        newest, known = refresh_token or self.first, self.made.at(wall) | carried
        hidden = self.secrets.union(carried.values(), () if newest is None else (newest,))
        if self.refreshing is not None and newest is not None:
            try:
                return (yield from self.refreshing.run(newest, wall, known, hidden))
            except IssuerError as error:
                if error.failure is FailureClass.PASSING or self.last is None:
                    raise
        if self.last is None:
            raise IssuerError(FailureClass.LOGIN, "there is no refresh token yet", hint=_NOBODY)
        for asked, reader in self.steps:
            kept = reader.read((yield asked.at(wall, known)), wall, hidden)
            known |= kept
            hidden |= {text for value in kept.values() if (text := as_text(value)) and len(text) >= SHORTEST}
        minted = self.reader.read((yield self.last.at(wall, known)), wall, hidden, kept=known)
        return minted if self.refreshing is None else self.refreshing.after_login(minted)


SHORTEST = 6
"""Characters; what is shorter of a reply is no secret, and would be starred in the midst of words."""


def _identity(provider: LoginProvider) -> str:
    """What is said by newer keys counts only where it is said: the tokens that stores hold keep their names."""
    tls = provider.certificates
    parts: list[Any] = ["login", None if provider.request is None else _dump(provider.request)]
    reply = provider.reply if provider.sign is None else provider.sign.over(provider.reply)
    parts.append(reading(reply, provider.ttl, provider.hosts))
    parts += [] if tls is None else [tls._asdict()]
    more = _beyond_one_request(provider)
    return digest(*parts, more) if more else digest(*parts)


def _beyond_one_request(provider: LoginProvider) -> Mapping[str, Any]:
    refresh = provider.refresh
    said: dict[str, Any] = {
        "steps": [step.model_dump() | {"request": _dump(step.request)} for step in provider.steps],
        "values": {name: value.model_dump() for name, value in provider.values.items()},
        "first": provider.first,
        **provider.carried_parts,
    }
    if refresh.request is not None:
        read = None if refresh.reply is None else reading(refresh.reply, None)
        said["refresh"] = {"request": _dump(refresh.request), "reply": read, "in_place": refresh.in_place}
    return {key: value for key, value in said.items() if value}


def _dump(request: TokenRequest) -> dict[str, Any]:
    return request.model_dump(exclude={"sign"} if request.sign is None else None)
