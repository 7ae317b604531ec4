"""An issuer's public keys, and JWTs that it signed (RFC 7515, 7517, 7519).

Owns: the requests for the keys (OpenID Connect Discovery 1.0 §4), which keys are good for what, and whether a
signature is. Must not know: what claims a client needs, nor when keys are fetched. joserfc is imported at the first
use, so that a start without it doesn't wait. No message quotes a token.
"""

from __future__ import annotations

import re
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import TRANSIENT_STATUSES, retry_after
from proxy.auth.schemes.oauth2.discovery import Finding, metadata_urls, secure
from proxy.auth.token import Consent, IssuerReply, IssuerRequest
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": _RSA,
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
"""Of each kind of key, what it may sign with: asymmetric all of them, so that no public key can pass for a secret."""
_KNOWN = frozenset(name for names in ALGORITHMS.values() for name in names)
_MOST_KEYS = 50
_SMALLEST_RSA = 2048  # RFC 7518 §3.3
_LONGEST = 16 * 1024
JWT_BEGINS = "e"
"""What `{` becomes, with which a header begins, whatever follows it."""
_COMPACT = re.compile(rf"{JWT_BEGINS}[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@record
class PublicKey:
    key: Any = field(repr=False)
    id: str | None
    algorithms: tuple[str, ...]


@record
class Jwt:
    """One that is read but not believed yet."""

    text: str = field(repr=False)
    algorithm: str
    key_id: str | None
    type: Any
    claims: Mapping[str, Any] = field(repr=False)


class UnknownKey(ValueError):  # noqa: N818 -- it says what is the case
    """None of the keys fits; the issuer may have a new one."""


# ---------------------------------------------------------------------------------------------- the keys


def find_keys(issuer: str, jwks_uri: str | None, wall: float, private: bool = False) -> Finding[tuple[PublicKey, ...]]:
    """`private`: the issuer may be at a private address. Raises IssuerError."""
    consent = Consent.of(issuer, jwks_uri, private=private)
    url = jwks_uri or (yield from _find_uri(issuer, wall, consent))
    keys = read_keys((yield from _get(url, wall, consent)))
    if not keys:
        raise _wrong("the issuer publishes no key that JWTs can be checked with")
    return keys


def _find_uri(issuer: str, wall: float, consent: Consent) -> Finding[str]:
    """RFC 8414 §3.3: a document of another issuer must not be used; its keys would pass for this one's."""
    document = yield from _get(metadata_urls(issuer)[0], wall, consent)
    named = document.get("issuer")
    if not isinstance(named, str) or not same_issuer(named, issuer):
        raise _wrong("the issuer's metadata is of another issuer; give `issuer` exactly as its metadata spells it")
    url = document.get("jwks_uri")
    if not isinstance(url, str) or not secure(url):
        raise _wrong("the issuer's metadata has no https URL as `jwks_uri`")
    return url


def _get(url: str, wall: float, consent: Consent) -> Finding[dict[str, Any]]:
    reply: IssuerReply = yield IssuerRequest("GET", url, (("Accept", "application/json"),), consent=consent)
    if reply.status != 200:
        waits = retry_after(reply.headers, wall)
        again = reply.status in TRANSIENT_STATUSES
        raise IssuerError(
            FailureClass.PASSING, f"its keys can't be had: status {reply.status}", retry_after=waits, again=again
        )
    try:
        document = read_json(reply.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _wrong("what the issuer publishes is no JSON object")
    return document


def _wrong(message: str) -> IssuerError:
    return IssuerError(FailureClass.PASSING, message)


def same_issuer(one: str, other: str) -> bool:
    """Vendors and their users don't agree about the slash at the end."""
    return one.rstrip("/") == other.rstrip("/")


def read_keys(document: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Those that can check signatures; others in the set, and broken ones, are none of our business (RFC 7517 §5)."""
    written = document.get("keys")
    found = map(_public_key, written[:_MOST_KEYS]) if isinstance(written, list) else ()
    return tuple(key for key in found if key is not None)


def _public_key(jwk: Any) -> PublicKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kind = "RSA" if jwk.get("kty") == "RSA" else jwk.get("crv")
    able = ALGORITHMS.get(kind, ()) if isinstance(kind, str) else ()
    algorithms = tuple(name for name in able if jwk.get("alg", name) == name)
    operations = jwk.get("key_ops", ["verify"])
    if not algorithms or not isinstance(operations, list) or "verify" not in operations:
        return None
    named = jwk.get("kid")
    key = _imported(jwk)
    return None if key is None else PublicKey(key, named if isinstance(named, str) else None, algorithms)


def _imported(jwk: Mapping[str, Any]) -> Any | None:
    from joserfc.jwk import ECKey, OKPKey, RSAKey  # noqa: PLC0415 -- see the module

    kinds: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    public = {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of small keys, which are refused right here
            key = kinds[jwk["kty"]].import_key(public)
            small = jwk["kty"] == "RSA" and key.public_key.key_size < _SMALLEST_RSA
    except Exception:
        return None
    return None if small else key


# ---------------------------------------------------------------------------------------------- tokens


def looks_like_jwt(text: str) -> bool:
    """By its form alone, as no key that `keyless client new` makes."""
    return len(text) <= _LONGEST and _COMPACT.fullmatch(text) is not None


def read_jwt(text: str) -> Jwt:
    """Raises ValueError, saying why."""
    head, claims, _ = text.split(".")
    header, body = _part(head), _part(claims)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KNOWN:
        raise ValueError("the token is not signed with an asymmetric algorithm")
    if "crit" in header:  # RFC 7515 §4.1.11: we know no extension
        raise ValueError("the token has critical extensions")
    return Jwt(text, algorithm, key_id if isinstance(key_id, str) else None, header.get("typ"), body)


def _part(encoded: str) -> dict[str, Any]:
    try:
        document = read_json(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ValueError("the token is no JWT")  # noqa: TRY004 -- a stranger's text, not a programmer's mistake
    return document


def check_signature(jwt: Jwt, keys: tuple[PublicKey, ...]) -> None:
    """Raises UnknownKey or ValueError. Without a key id every key that knows the algorithm is tried."""
    fitting = [key for key in keys if jwt.algorithm in key.algorithms and jwt.key_id in (None, key.id)]
    if any(_verifies(jwt, key) for key in fitting):
        return
    if fitting and jwt.key_id is not None:
        raise ValueError("the token's signature is wrong")
    raise UnknownKey("the token is signed by none of its issuer's keys")


def _verifies(jwt: Jwt, key: PublicKey) -> bool:
    from joserfc.errors import JoseError  # noqa: PLC0415 -- see the module
    from joserfc.jws import JWSRegistry, deserialize_compact  # noqa: PLC0415 -- see the module

    registry = JWSRegistry(algorithms=[jwt.algorithm], strict_check_header=False)
    registry.max_header_length = _LONGEST  # issuers put certificates in there, which 512 bytes don't hold
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the name EdDSA (RFC 9864), which is the issuer's choice
            deserialize_compact(jwt.text, key.key, registry=registry)
    except (JoseError, ValueError):
        return False
    return True
