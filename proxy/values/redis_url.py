"""The URL of a Redis, of which users write one part and variables bring another.

Owns: what it may hold, and that what `${...}` brings into the part before the `@` is a value, not a piece of a URL.
Must not know: redis-py, which is an extra: `check` reads URLs without it. No error here quotes what was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from proxy.values.record import record

EXPECTED = "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or the same with rediss"
ENCODE = "; in a password / ? # @ and % are written %2F %3F %23 %40 %25, or it comes from ${REDIS_PASSWORD} as it is"
ONE_PRIMARY = "Sentinel and Cluster can't be used; give the address of one primary, or of a proxy that follows it"
PORT = 6379

_OPTIONS: Mapping[str, type] = {
    "client_name": str,
    "protocol": int,
    "ssl_ca_certs": str,
    "ssl_ca_path": str,
    "ssl_cert_reqs": str,
    "ssl_certfile": str,
    "ssl_check_hostname": bool,
    "ssl_keyfile": str,
}
"""As redis-py names them."""
_CHOICES = {"protocol": ("2", "3"), "ssl_cert_reqs": ("none", "optional", "required")}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+(%25\w+)?\]|[^\s\[\]:,@]+", re.ASCII)


@record
class RedisUrl:
    """`database` is a number; `options` are redis-py's settings, parsed."""

    tls: bool
    host: str
    port: int = PORT
    database: int = 0
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> RedisUrl:
        """Raises ValueError."""
        scheme, _, rest = text.partition("://")
        if scheme not in ("redis", "rediss"):
            raise ValueError(ONE_PRIMARY if re.search(r"sentinel|cluster", scheme) else EXPECTED)
        authority, path, query = _split(rest)
        credentials, at, place = authority.rpartition("@")
        user, _, password = credentials.partition(":")
        host, port = _place(place)
        return cls(
            tls=scheme == "rediss",
            host=host,
            port=port,
            database=_database(path),
            user=unquote(user) or None if at else None,
            password=unquote(password) or None if at else None,
            options=dict(_option(name, value) for name, value in parse_qsl(query, keep_blank_values=True)),
        )

    @property
    def where(self) -> str:
        """For messages: without what may be secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}"


def _split(rest: str) -> tuple[str, str, str]:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    before, _, query = rest[len(authority) :].partition("?")
    if "#" in rest or "@" in before:
        raise ValueError(EXPECTED + ENCODE)
    return authority, before, query


def _place(text: str) -> tuple[str, int]:
    if "," in text:
        raise ValueError(ONE_PRIMARY)
    host = _HOST.match(text)
    if host is None:
        raise ValueError(f"{EXPECTED}: the host is missing{ENCODE}")
    port = text[host.end() :]
    if port in ("", ":"):
        return host[0].strip("[]"), PORT
    if not re.fullmatch(r":\d{1,5}", port, re.ASCII) or not 0 < int(port[1:]) < 65536:
        raise ValueError(f"{EXPECTED}: the port is a number up to 65535{ENCODE}")
    return host[0].strip("[]"), int(port[1:])


def _database(path: str) -> int:
    number = path.strip("/")
    if number and not re.fullmatch(r"\d{1,9}", number, re.ASCII):
        raise ValueError(f"{EXPECTED}: the database is a number{ENCODE}")
    return int(number or 0)


def _option(name: str, value: str) -> tuple[str, Any]:
    if name not in _OPTIONS:
        raise ValueError(f"unknown option behind the ?; there are {', '.join(_OPTIONS)}")
    choices = _TRUTH if _OPTIONS[name] is bool else _CHOICES.get(name)
    if choices is not None and value.lower() not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}")
    return name, _TRUTH[value.lower()] if _OPTIONS[name] is bool else _OPTIONS[name](value)


def joined(parts: Sequence[tuple[str, bool]]) -> str:
    """The text of `parts`, each with whether a reference has brought it. What one brings before the last written `@`
    is encoded, but for the `:` of one that stands there alone and brings USER:PASSWORD.
    """
    last = max((index for index, (text, brought) in enumerate(parts) if not brought and "@" in text), default=-1)
    written = "".join(text for text, brought in parts[: last + 1] if not brought)
    if not re.match("rediss?://", written):
        last = -1  # no Redis, or a URL that is brought whole, and is one already
    safe = "" if ":" in written.partition("://")[2].rpartition("@")[0] else ":"
    return "".join(
        quote(text, safe=safe) if brought and index < last else text for index, (text, brought) in enumerate(parts)
    )
