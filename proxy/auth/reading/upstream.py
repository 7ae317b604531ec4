"""Where an issuer's reply says that the API is, held against the hosts that the config lists (docs/security.md).

An issuer must not choose where its token goes: it names one of those hosts, and none else. Owns: what such a text may
be. Must not know: where in a reply it stands, or who goes there. A stranger's text comes in, and no error quotes it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from proxy.auth.hosts import Hosts
from proxy.values.address import is_odd, literal

HOLE: Final = "{upstream}"
"""In a route's upstream: the host, with the path behind it, that the reply named."""

_LONGEST: Final = 512
_PLAIN: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]+)(?::443)?(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?")
"""No user, port, query, fragment or escape; segments don't begin with a dot, so none is a dot segment."""


def named_upstream(said: Any, hosts: Hosts) -> str:
    """Host and path, without a slash at its end, of an https URL or a bare host. Raises ValueError for any that is not
    listed with `credential: true`.
    """
    if not isinstance(said, str) or len(said) > _LONGEST:
        raise ValueError("the reply names no upstream that could be a URL")
    scheme, slashes, rest = said.partition("://")
    if not slashes:
        rest = said
    elif scheme.lower() != "https":
        raise ValueError("the reply names an upstream that is not https")
    plain = _PLAIN.fullmatch(rest)
    if plain is None:
        raise ValueError("the reply names an upstream with more than a host and a plain path")
    host = plain["host"].lower()
    if literal(host) is not None or is_odd(host) or not hosts.sees(host):
        raise ValueError("the reply names an upstream that is none of the provider's `hosts` with credential: true")
    return host + plain["path"]
