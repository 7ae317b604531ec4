"""The rules within an OAuth2 provider that need more than types: keys of another grant, and whether a key can sign.

Must not know: requests, files, lines. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.model import OAuth2Provider
from proxy.values.signing import signing_key
from proxy.values.where import Finding, Where

_OF_GRANT = {
    "refresh_token": ("refresh_token",),
    "username": ("password",),
    "password": ("password",),
    "assertion": ("jwt_bearer",),
    "subject_token": ("token_exchange",),
    "requested_token_type": ("token_exchange",),
    "actor_token": ("token_exchange",),
    "authorization_url": ("authorization_code",),
    "authorization_params": ("authorization_code", "device_code"),
    "redirect_port": ("authorization_code",),
    "device_url": ("device_code",),
    "revocation_url": ("authorization_code", "device_code"),
}
"""A key that would have no effect is a sign that `grant` was forgotten."""


def check_oauth2(where: Where, provider: OAuth2Provider) -> Iterator[Finding]:
    for key, grants in _OF_GRANT.items():
        if key in provider.model_fields_set and provider.grant not in grants:
            yield Finding((*where, key), f"only for grant {' or '.join(grants)}")
    if provider.private_key is not None:
        try:
            signing_key(provider.private_key, provider.algorithm)
        except ValueError as error:
            yield Finding((*where, "private_key"), str(error))
