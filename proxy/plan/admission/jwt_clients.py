"""Clients that prove themselves by an issuer's access token (RFC 9068): which client a token makes one, and until when.

Pure; raises ValueError, whose text says why a token will not do and quotes none of it. Must not know: keys. Whether the
signature is good is found out beside this (auth/jwks.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from proxy.auth.jwks import Jwt, same_issuer
from proxy.auth.paths import as_text
from proxy.config.model import Client
from proxy.plan.admission.clients import ClientPlan
from proxy.values.record import record

LEEWAY = 30.0
"""Seconds that an issuer's clock may differ from ours."""
_TYPES = frozenset(("jwt", "at+jwt"))
_WORDS = frozenset(("scope", "scp"))
"""Claims whose text holds several values (RFC 8693 §4.2)."""
_LONGEST_NAME = 80
_END_OF_TIME = 1e12


@record
class JwtRule:
    client: ClientPlan
    issuer: str
    audiences: frozenset[str]
    claims: Mapping[str, frozenset[str]]
    jwks_uri: str | None = None
    private: bool = False


class Judged(NamedTuple):
    """Whom the token makes its bearer, if its signature is good; `until` is Unix time."""

    client: ClientPlan
    who: str
    until: float


def compile_rules(clients: Sequence[Client], plans: Sequence[ClientPlan]) -> tuple[JwtRule, ...]:
    return tuple(
        JwtRule(
            plan,
            client.jwt.issuer,
            frozenset(client.jwt.audience),
            {name: frozenset(filter(None, map(as_text, values))) for name, values in client.jwt.claims.items()},
            client.jwt.jwks_uri,
            client.jwt.private,
        )
        for client, plan in zip(clients, plans, strict=True)
        if client.jwt is not None
    )


def rules_of(jwt: Jwt, rules: Sequence[JwtRule]) -> tuple[JwtRule, ...]:
    """Those of the token's issuer."""
    issuer = jwt.claims.get("iss")
    return tuple(rule for rule in rules if isinstance(issuer, str) and same_issuer(rule.issuer, issuer))


def judge(jwt: Jwt, rules: Sequence[JwtRule], wall: float) -> Judged:
    """The first client whose rule the token meets. Raises ValueError."""
    _check_type(jwt.type)
    until = _check_time(jwt.claims, wall)
    audiences = set(_values("aud", jwt.claims.get("aud")))
    heard = [rule for rule in rules if rule.audiences & audiences]
    if not heard:
        raise ValueError("the token is for another audience")
    for rule in heard:
        if all(wanted & set(_values(name, _claim(jwt.claims, name))) for name, wanted in rule.claims.items()):
            return Judged(rule.client, _who(jwt.claims), until)
    wanted = sorted({name for rule in heard for name in rule.claims})
    raise ValueError(f"the token's {' and '.join(wanted)} are not those of a client")


def _check_type(written: Any) -> None:
    """RFC 9068 §4, and issuers from before it. A token made for something else must not open this (RFC 8725 §3.11)."""
    known = written is None or (isinstance(written, str) and written.lower().removeprefix("application/") in _TYPES)
    if not known:
        raise ValueError("the token is of a type that is no access token")


def _check_time(claims: Mapping[str, Any], wall: float) -> float:
    end, begin = claims.get("exp"), claims.get("nbf")
    if not _is_time(end):
        raise ValueError("the token has no time of expiry")
    if wall >= end + LEEWAY:
        raise ValueError("the token has expired")
    if begin is not None and not (_is_time(begin) and begin - LEEWAY <= wall):
        raise ValueError("the token is not valid yet")
    return float(end) + LEEWAY


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _END_OF_TIME


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its whole name, since names may be URLs; else step by step into objects, as in `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _values(name: str, value: Any) -> list[str]:
    if isinstance(value, str) and name in _WORDS:
        return value.split()
    several = value if isinstance(value, list) else [value]
    return [text for each in several if (text := as_text(each)) is not None]


def _who(claims: Mapping[str, Any]) -> str:
    """For the log: who the issuer says that this is."""
    named = next((name for key in ("sub", "client_id", "azp") if isinstance(name := claims.get(key), str)), "")
    return named[:_LONGEST_NAME] if named.isprintable() else ascii(named)[:_LONGEST_NAME]
