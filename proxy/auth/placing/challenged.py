"""The `Placing` that answers challenges: nothing is sent at first, then what the API's refusal asks for (RFC 7616).

Owns: which challenge of which API is in use, and when a refusal is one that can be answered. Must not know: how a
request is sent again, how a digest is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from secrets import token_hex

from proxy.auth.placing.draft import Draft, Names
from proxy.auth.signing.challenge import Asked, Challenge, answer, challenge_of, next_nonce, proof_of
from proxy.auth.token import Token
from proxy.http.fields import Fields
from proxy.http.origin import Origin
from proxy.values.record import record
from proxy.values.secret import HIDDEN
from proxy.values.template import Template

MOST = 256
"""APIs whose challenges are kept: a provider may list hosts by their endings."""
ANSWERS = 2
"""So often is one request sent again: for the first challenge, and for one that says that the nonce was too old."""


@dataclass(slots=True)
class Standing:
    """A challenge in use. `accepted`: the API has taken an answer to it, so that the credential is good."""

    challenge: Challenge
    proof: str = field(repr=False)
    cnonce: str
    count: int = 0
    accepted: bool = False


@record
class Challenged:
    """`username` and `password` are Latin-1 of their UTF-8 (§4)."""

    username: str
    password: str = field(repr=False)
    nonce: Callable[[], str] = field(default=lambda: token_hex(16), repr=False)
    shown: str | None = None
    _standing: dict[Origin, Standing] = field(default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> Names:
        return Names(frozenset((b"authorization",)))

    @property
    def needs_body(self) -> bool:
        return False

    @property
    def places(self) -> dict[str, dict[str, str]]:
        return {"header": {"Authorization": "Digest, as the API's challenge asks for it"}}

    def masked(self, hide: Callable[[Template], str]) -> Challenged:  # noqa: ARG002 -- an answer shows nothing of the password
        return replace(self, shown=HIDDEN)

    def carried(self, token: Token) -> tuple[str, ...]:  # noqa: ARG002 -- the password is the token
        return ()

    def place(self, draft: Draft, token: Token) -> None:
        """As the token's challenge asks for it; without one there is nothing to answer."""
        standing = token.reply
        if self.shown is not None:
            draft.lines.append(f"Authorization: Digest {self.shown}\r\n".encode("latin-1"))
        if not isinstance(standing, Standing):
            return
        standing.count += 1
        asked = Asked(draft.method, draft.target.decode("latin-1"), standing.count, standing.cnonce)
        said = answer(standing.challenge, self.username, standing.proof, asked)
        draft.lines.append(f"Authorization: {said}\r\n".encode("latin-1"))

    def ready(self, token: Token, origin: Origin) -> Token:
        """The token with the challenge of this API that is in use."""
        standing = self._standing.get(origin)
        return token if standing is None else _with(token, standing)

    def renewal(self, token: Token, headers: Fields) -> Challenge | None:
        """The challenge of a 401 to this token, if the fault is not the credential's: none was answered yet, or the
        nonce was too old. APIs do not always say `stale`. But where an answer was never taken, the credential is wrong.
        """
        challenge, used = challenge_of(_values(headers, b"www-authenticate")), token.reply
        if challenge is None or challenge.stale or not isinstance(used, Standing):
            return challenge
        return challenge if used.accepted and used.challenge.nonce != challenge.nonce else None

    def judged(self, token: Token, headers: Fields) -> bool:
        """Whether a 401 to this token is about the credential: an answer was given, and its nonce was good."""
        return isinstance(token.reply, Standing) and self.renewal(token, headers) is None

    def learnt(self, token: Token, origin: Origin, headers: Fields) -> Token | None:
        """What answers the challenge of a 401 to this token; None where there is nothing new to say."""
        challenge = self.renewal(token, headers)
        return None if challenge is None else _with(token, self.take(challenge, origin))

    def take(self, challenge: Challenge, origin: Origin) -> Standing:
        """Make it the one in use."""
        cnonce = self.nonce()
        made = Standing(challenge, proof_of(challenge, self.username, self.password, cnonce), cnonce)
        if len(self._standing) >= MOST and origin not in self._standing:
            self._standing.pop(next(iter(self._standing)))
        self._standing[origin] = made
        return made

    def accepted(self, token: Token, origin: Origin, headers: Fields) -> None:
        """The API took the answer; it may name the nonce that it would have next."""
        standing = token.reply
        if not isinstance(standing, Standing):
            return
        standing.accepted = True
        for value in _values(headers, b"authentication-info"):
            nonce = next_nonce(value)
            if nonce is not None and nonce != standing.challenge.nonce and self._standing.get(origin) is standing:
                self.take(standing.challenge._replace(nonce=nonce), origin).accepted = True


def _values(headers: Fields, name: bytes) -> Iterable[str]:
    return (value.decode("latin-1") for key, value in headers if key.lower() == name)


def _with(token: Token, standing: Standing) -> Token:
    return replace(token, reply=standing)
