"""The `Placing` that signs: a signature over the whole request stands in the place of a token, made anew each time.

What the client's SDK has signed with made-up keys is dropped, and signed for the same region and service if the config
allows them. Owns: the way from a draft to an algorithm and back. Must not know: any algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex

from proxy.auth.paths import Path
from proxy.auth.per_token import PerToken
from proxy.auth.placing import places
from proxy.auth.placing.draft import Draft, Names
from proxy.auth.placing.editing import editable
from proxy.auth.signing.presented import NOTHING, Presented, in_header, in_query
from proxy.auth.signing.request import Algorithm, Keys, Moment, Signable, Signed
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.secret import HIDDEN
from proxy.values.template import Template


@dataclass(slots=True, eq=False, repr=False)
class Signing:
    """`regions` and `services` are those that a client may sign for; the keys' own hold where it signs for none.

    `reply`: where each token's own keys are, if `keys` tells no more than what they are for. `beside_token`: the token
    is signed and sent as the session token, with keys of the config.
    `skews`: seconds by which the clock of an API is ahead of ours, as far as it has said so.
    """

    name: str
    algorithm: Algorithm
    keys: Keys
    regions: frozenset[str]
    services: frozenset[str]
    needs_body: bool
    nonce: Callable[[], str] = field(default=lambda: token_hex(16))
    reply: Mapping[str, Path] | None = None
    beside_token: bool = False
    _brought: PerToken[Keys] = field(default_factory=PerToken)
    skews: dict[Origin, float] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """The digest of a body passes: it may tell in which form the body comes."""
        headers = (name.encode() for name in self.algorithm.fills if not name.endswith("content-sha256"))
        return Names(frozenset(headers), self.algorithm.query)

    @property
    def places(self) -> dict[str, dict[str, str]]:
        place = self.algorithm.place
        return {place: {"Authorization" if place == "header" else "Signature": f"{self.name}, of each request"}}

    def masked(self, hide: Callable[[Template], str]) -> Signing:  # noqa: ARG002 -- a signature shows nothing of the key
        place = self.algorithm.place
        headers = {"Authorization": HIDDEN} if place == "header" else {}
        made = Signed(headers, f"Signature={HIDDEN}" if place == "query" else "")
        return replace(self, algorithm=replace(self.algorithm, sign=lambda *_: made), reply=None)

    def carried(self, token: Token) -> tuple[str, ...]:
        """Keys of the config are the provider's secrets already."""
        return () if self.reply is None else tuple(filter(None, (self._keys(token).secret, self._keys(token).session)))

    def place(self, draft: Draft, token: Token) -> None:
        """Raises Fault; ValueError for a reply that brought no keys."""
        now = draft.clock().wall
        said = self._said(draft, now)
        if self.algorithm.edits is not None:
            draft.body = editable(draft, self.algorithm.edits.encode())
        fields = draft.fields
        path, _, query = draft.target.partition(b"?")
        request = Signable(
            draft.method,
            draft.origin.host_header.decode("ascii"),
            path.decode("latin-1"),
            query.decode("latin-1"),
            [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields],
            (draft.body or b"") if self.needs_body else None,
            said.signed,
        )
        moment = Moment(now + self.skews.get(draft.origin, 0.0), self.nonce)
        made = self.algorithm.sign(request, self._scoped(said, self._keys(token)), moment)
        if any(name in self.algorithm.fills for name, _ in request.headers):
            kept = (pair for pair in fields if pair[0].decode("latin-1").lower() not in self.algorithm.fills)
            draft.lines = [b"%b: %b\r\n" % pair for pair in kept]
        draft.lines.append("".join(f"{name}: {value}\r\n" for name, value in made.headers.items()).encode("latin-1"))
        if made.query:
            added = made.query.encode("latin-1")
            draft.query = draft.query + b"&" + added if draft.query else added
        if made.body is not None:
            draft.body = made.body
        if not draft.body:
            draft.body = None  # there was none: then none is sent

    def _said(self, draft: Draft, now: float) -> Presented:
        """What the SDK said; what it has put into the query is gone then."""
        said, query = NOTHING, draft.query
        if query and self.algorithm.query:
            draft.query = places.inject_query(query, self.algorithm.of_signature(query), b"")
            if draft.query != query:
                said = in_query(self.algorithm, query)
        if said.ends is not None and said.ends < now:
            raise Fault("route_refused", "the presigned URL has expired", hint="Presign it anew.")
        authorization = draft.presented.get(b"authorization")
        return said if authorization is None else in_header(self.algorithm, authorization)

    def _keys(self, token: Token) -> Keys:
        if self.reply is None and not self.beside_token:
            return self.keys
        return self._brought.get(token) or self._brought.keep(token, self._of(token))

    def _of(self, token: Token) -> Keys:
        return replace(self.keys, session=token.value) if self.reply is None else self._of_reply(token, self.reply)

    def _of_reply(self, token: Token, paths: Mapping[str, Path]) -> Keys:
        texts = {name: path.find(token.reply) for name, path in paths.items()}
        access, secret, session = (texts.get(name) for name in ("access_key", "secret_key", "session_token"))
        if not isinstance(access, str) or not isinstance(secret, str):
            raise ValueError("what the provider was given holds no keys that sign")  # noqa: TRY004 -- a stranger's reply
        keys = replace(self.keys, access=access, secret=secret, session=session if isinstance(session, str) else None)
        return replace(keys, _derived={})

    def _scoped(self, said: Presented, keys: Keys) -> Keys:
        """Compared as wholes. Raises Fault route_refused."""
        region, service = said.region or keys.region, said.service or keys.service
        for what, asked, allowed in (("region", region, self.regions), ("service", service, self.services)):
            if asked and asked not in allowed:
                told = f"the request is signed for a {what} that the route's provider does not list"
                raise Fault("route_refused", told, hint=f"Sign it for another, or list it in `sign.{what}s`.")
        same = region == keys.region and service == keys.service
        return keys if same else replace(keys, region=region, service=service)
