"""Who asks: by certificate, by an issuer's access token, or by client key.

Owns: the order of these, and what is remembered so that the second request costs a look-up. Must not know: what a
client may do. A certificate counts before all else, since an SDK on a connection that has one still sends some
made-up key; its names are taken from the connection once. A token that will not do hides no key beside it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from proxy.auth.jwks import Jwt, UnknownKey, check_signature, looks_like_jwt, read_jwt
from proxy.errors import Fault
from proxy.plan.admission.certificates import names_of
from proxy.plan.admission.clients import ClientPlan, Key
from proxy.plan.admission.jwt_clients import JwtRule, judge, rules_of
from proxy.plan.admission.key_places import KeyPlaces
from proxy.plan.route import Plan
from proxy.serve.jwks import IssuerKeys
from proxy.serve.keys import Keys, Unproven, two_clients
from proxy.tokens.calls.issuer import Issuer
from proxy.values.now import Now
from proxy.wire.inbound.tls import Certificates
from proxy.wire.socket import Transport

REMEMBERED = 10_000
"""Tokens whose signatures are known to be good."""


class Visitor(NamedTuple):
    """`who`: the person or machine behind the client, as far as the credential says; for logs.

    `texts`: what proved it, as it was presented. `key`: that of the client, where it was one.
    """

    client: ClientPlan
    who: str = ""
    texts: tuple[bytes, ...] = ()
    key: Key | None = None

    def __repr__(self) -> str:
        return f"<Visitor {self.client.name}>"


class KeysWanted:
    """The token can't be judged before its issuer's keys are there. `ask` is the same question once more."""

    def __init__(self, keys: IssuerKeys, ask: Callable[[], Found]) -> None:
        self._keys = keys
        self._ask = ask

    async def settled(self) -> Found:
        """Waits for the keys; never wants them again. Raises Fault as `identify` does."""
        await self._keys.fetch()
        return self._ask()


class BodyWanted:
    """Nothing but the body may hold a key."""

    def __init__(self, ask: Callable[[bytes], Found]) -> None:
        self.ask = ask


Found = Visitor | KeysWanted | BodyWanted | None


class _Believed(NamedTuple):
    visitor: Visitor
    until: float
    keys: IssuerKeys
    version: int


class Visitors:
    """One per plan. Falsy when there are no clients: then everyone who reaches the listener may ask."""

    def __init__(
        self, plan: Plan, keys: Keys, issuer: Issuer, clock: Callable[[], Now], draw: Callable[[], float]
    ) -> None:
        self.client_keys = keys
        self._clients = plan.clients
        self._certificates = plan.certificates
        self._rules = plan.jwts
        self._clock = clock
        self._keys = {place(rule): IssuerKeys(rule, issuer, clock, draw) for rule in plan.jwts}
        self._tokens: OrderedDict[bytes, _Believed] = OrderedDict()
        self._shown: WeakKeyDictionary[ssl.SSLObject, tuple[Visitor, float] | None] = WeakKeyDictionary()
        self.tls: Certificates | None = None
        """What the listeners verify with, once they listen."""
        self.room = REMEMBERED
        self.at_once = plan.certificates is None and not plan.jwts
        """A key that stands alone in a request says all there is to say."""

    def __bool__(self) -> bool:
        return bool(self._clients)

    def identify(self, places: KeyPlaces, transport: Transport | None, now: Now, waited: bool = False) -> Found:
        """What is wanted, where waiting may help; `waited`: it has. None where nobody needs a key.

        Raises Fault client_key_required or issuer_unavailable.
        """
        if self._certificates is not None and transport is not None:
            visitor = self._by_certificate(transport.get_extra_info("ssl_object"))
            if visitor is not None:
                return visitor
        if self._rules and (token := places.token()) is not None:
            judged = self._by_token(token, now, waited)
            if isinstance(judged, IssuerKeys):
                return KeysWanted(judged, lambda: self.identify(places, transport, self._clock(), waited=True))
            return self._by_key(places, now, judged, token)
        return self._by_key(places, now)

    def _by_key(
        self, places: KeyPlaces, now: Now, judged: Visitor | Fault | None = None, token: bytes | None = None
    ) -> Found:
        """`judged` is what the token came to."""
        proven = self.client_keys.prove(places, now.wall, token if isinstance(judged, Visitor) else None)
        if isinstance(judged, Visitor):
            if isinstance(proven, Unproven):
                return judged
            if proven.client is not judged.client:
                raise two_clients()
            return Visitor(judged.client, judged.who, judged.texts + proven.texts)
        if not isinstance(proven, Unproven):
            return Visitor(proven.client, "", proven.texts, proven.key)
        if places.wants_body:
            return BodyWanted(lambda body: self._in_body(places, body, judged))
        if self._clients or proven.over:
            raise judged or proven.fault()
        return None

    def _in_body(self, places: KeyPlaces, body: bytes, judged: Visitor | Fault | None) -> Found:
        places.body = body
        return self._by_key(places, self._clock(), judged)

    async def close(self, patience: float = 0.0) -> None:
        """`patience`: seconds that keys under way may still take, for the requests that wait for them."""
        await asyncio.gather(*(keys.close(patience) for keys in self._keys.values()))

    # -------------------------------------------------------------- certificates

    def _by_certificate(self, connection: ssl.SSLObject | None) -> Visitor | None:
        if connection is None or self.tls is None:
            return None
        if connection not in self._shown:
            self._shown[connection] = self._look_at(connection, self.tls)
        known = self._shown[connection]
        # A connection may outlive the certificate that opened it.
        return known[0] if known is not None and self._clock().wall <= known[1] else None

    def _look_at(self, connection: ssl.SSLObject, tls: Certificates) -> tuple[Visitor, float] | None:
        shown = tls.shown(connection)
        if shown is None or self._certificates is None:
            return None
        found = self._certificates.identify(names_of(shown.fields, shown.der))
        return None if found is None else (Visitor(*found), shown.until)

    # -------------------------------------------------------------- tokens

    def _by_token(self, presented: bytes, now: Now, waited: bool) -> Visitor | IssuerKeys | Fault | None:
        """None for what isn't a token at all; the keys without which it can't be judged; or why it will not do."""
        digest = hashlib.sha256(presented).digest()
        believed = self._tokens.get(digest)
        if believed is not None and self._still_holds(believed, now):
            self._tokens.move_to_end(digest)
            return Visitor(believed.visitor.client, believed.visitor.who, (presented,))
        text = presented.decode("latin-1")
        if not looks_like_jwt(text):
            return None
        try:
            jwt = read_jwt(text)
            rules = rules_of(jwt, self._rules)
            if not rules:
                raise ValueError("no client takes tokens of its issuer")  # noqa: TRY301 -- one place makes the answer
        except ValueError as error:
            return invalid_token(str(error))
        judged = self._believed(jwt, rules, now, waited)
        if not isinstance(judged, _Believed):
            return judged
        self._remember(digest, judged)
        return judged.visitor._replace(texts=(presented,))

    def _still_holds(self, known: _Believed, now: Now) -> bool:
        """Until it expires, while its issuer's keys are those that it was checked with."""
        usable = known.keys.usable(now.boot)
        return now.wall < known.until and usable is not None and known.keys.version == known.version

    def _believed(self, jwt: Jwt, rules: Sequence[JwtRule], now: Now, waited: bool) -> _Believed | IssuerKeys | Fault:
        """The keys that are wanted. Claims first: a token that would not do anyway is no reason to fetch keys."""
        keys = self._keys[place(rules[0])]
        try:
            judged = judge(jwt, rules, now.wall)
            check_signature(jwt, keys.usable(now.boot) or ())
        except UnknownKey as error:
            if keys.may_fetch(now.boot):
                return keys.unavailable(now.boot) if waited else keys
            return keys.unavailable(now.boot) if keys.failing else invalid_token(str(error))
        except ValueError as error:
            return invalid_token(str(error))
        return _Believed(Visitor(judged.client, judged.who), judged.until, keys, keys.version)

    def _remember(self, digest: bytes, known: _Believed) -> None:
        self._tokens[digest] = known
        self._tokens.move_to_end(digest)
        if len(self._tokens) > self.room:
            self._tokens.popitem(last=False)


def place(rule: JwtRule) -> str:
    """All rules of an issuer share its keys."""
    return rule.issuer.rstrip("/")


def invalid_token(why: str) -> Fault:
    """RFC 6750 §3, §3.1."""
    described = re.sub(r"[^ !#-\[\]-~]", "?", why)
    challenge = f'Bearer realm="keyless", error="invalid_token", error_description="{described}"'
    return Fault("client_key_required", why, headers=(("WWW-Authenticate", challenge),))
