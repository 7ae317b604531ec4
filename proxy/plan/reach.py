"""Where a request may go: which kinds of addresses a host may be dialled at, and which of those found are left.

Owns: the rule. Must not know: how a name is looked up, or who dials. What is admitted here is what has to be dialled:
a second lookup in between could answer otherwise (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Any, TypeVar

from proxy.auth.token import Consent
from proxy.values.address import Kind, canonical, is_odd, kind_of, literal

Reach = frozenset[Kind]
Found = TypeVar("Found", bound=tuple[int, int, int, str, tuple[Any, ...]])

_NEAR = frozenset((Kind.PRIVATE, Kind.LOOPBACK))
_PUBLIC = frozenset((Kind.PUBLIC,))
_LOOPBACK = frozenset((Kind.LOOPBACK,))
_NOWHERE: Reach = frozenset()


class OutOfReach(OSError):  # noqa: N818 -- it says what it is
    """None of the addresses may be dialled. The message names none: clients see it, and it would map a network."""

    def __init__(self, why: str, *, private: bool) -> None:
        super().__init__(f"{why}, which needs `private: true`" if private else why)
        self.why = why
        self.private = private


def reach_of(host: str, consent: Consent) -> Reach:
    """The kinds that `host`, as it stands in a URL, may be dialled at.

    An address or `localhost` that the config spells out is its own consent. One that an issuer's metadata names is
    judged as a name would be, unless the issuer itself is written as an address of that kind.
    """
    written = frozenset().union(*map(_literal_kinds, consent.written))
    own = _literal_kinds(host)
    if is_odd(host):
        return _NOWHERE
    if own and canonical(host) in consent.written:
        return own
    named = _PUBLIC | _NEAR if consent.private else _PUBLIC
    # `localhost` is this machine, whatever a resolver says: plain http is allowed to it
    return named if not own else own & (named | (written & _NEAR))


def route_consent(host: str, *, private: bool) -> Consent:
    """A route may not reach a metadata server at all: whoever may call it could read the machine's own credentials."""
    kinds = _literal_kinds(host)
    return Consent(private, written=frozenset() if Kind.LINK in kinds else frozenset((canonical(host),)))


def admit(found: Iterable[Found], reach: Reach) -> list[Found]:
    """Those that may be dialled, in order. Raises OutOfReach if there were some and none is left."""
    judged = [(kind_of(ip_address(each[4][0])), each) for each in found]
    left = [each for kind, each in judged if kind in reach]
    if judged and not left:
        raise _refusal({kind for kind, _ in judged}, reach)
    return left


def _literal_kinds(host: str) -> Reach:
    """What an address or `localhost` stands for; nothing for a name."""
    if host == "localhost":
        return _LOOPBACK
    address = literal(host)
    kind = None if address is None else kind_of(address)
    return _NOWHERE if kind in (None, Kind.NEVER) else frozenset((kind,))


def _refusal(kinds: Collection[Kind], reach: Reach) -> OutOfReach:
    if reach == _LOOPBACK:
        return OutOfReach("the name resolves to another machine, and this one is meant", private=False)
    if near := [kind for kind in (Kind.PRIVATE, Kind.LOOPBACK) if kind in kinds]:
        return OutOfReach(f"the name resolves to a {near[0]} address", private=True)
    if Kind.LINK in kinds:
        why = "the name resolves to a link-local or metadata address, which only a provider may use, written as such"
        return OutOfReach(why, private=False)
    return OutOfReach("the name resolves to no address that can be used", private=False)
