"""Where the proxy listens: `unix:/path`, `host:port` or `[::1]:port`, the last two with `http://` or `https://` or not.

Owns: the form of an address, which hosts are this machine only, and which addresses meet. Must not know: sockets, DNS.
"""

from __future__ import annotations

import errno
import ipaddress
import re
from typing import Final, NamedTuple

_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%A-Za-z]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")
_EXPECTED = "expected host:port, [::1]:port or unix:/path"


class Listener(NamedTuple):
    """A TCP address, or the path of a unix socket (then host is empty and port 0). `tls`: it speaks TLS."""

    host: str
    port: int
    path: str = ""
    tls: bool = False

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return bool(self.path) or is_loopback(self.host)

    @property
    def url(self) -> str:
        return self.address if self.path else f"{'https' if self.tls else 'http'}://{self.address}"

    @property
    def address(self) -> str:
        """As `listen` spells it."""
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def meets(self, other: Listener) -> bool:
        """Whether both can't be listened at, as far as their spelling tells. Port 0 is another one each time."""
        if self.path or other.path:
            return self.path == other.path
        if self.port != other.port or not self.port:
            return False
        return any(_meet(one, two) for one in _hosts(self.host) for two in _hosts(other.host))


PAGES: Final = "-"
"""Of a door: it is the proxy's own pages' (`admin.listen`). No route is called so: prefixes begin with a slash."""


class Door(NamedTuple):
    """A listener, and the prefix of the route that it serves alone, or PAGES; None: all routes, by their prefixes."""

    listener: Listener
    route: str | None = None


def parse(text: str, tls: bool = False) -> Listener:
    """Raises ValueError. Port 0 asks the system for a free one. `tls`: TCP listeners speak it, where no scheme says."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or not path.isprintable():
            raise ValueError("expected an absolute path after unix:")
        return Listener("", 0, path)
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() in ("http", "https"):
        text, tls = rest, scheme.lower() == "https"
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(_EXPECTED)
    if int(match["port"]) > 65535:
        raise ValueError("expected a port between 0 and 65535")
    host = match["v6"] or match["host"]
    if match["v6"] and _address(host) is None:
        raise ValueError(_EXPECTED)
    return Listener(host.lower(), int(match["port"]), tls=tls)


def is_loopback(host: str) -> bool:
    """`localhost`, 127.0.0.0/8 and ::1. Other names may resolve to anything, so they are not."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _hosts(host: str) -> tuple[str, ...]:
    """What is bound, where the spelling tells."""
    if host == "localhost":
        return "127.0.0.1", "::1"
    address = _address(host)
    return (host if address is None else str(address),)


def _meet(one: str, two: str) -> bool:
    everywhere = "::" if ":" in one else "0.0.0.0"  # noqa: S104 -- compared, not bound
    return one == two or (everywhere in (one, two) and (":" in one) == (":" in two))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


_REASONS = {
    errno.EADDRINUSE: "address already in use; end what listens there, or name another one in `listen`",
    errno.EACCES: "this user may not; ports below 1024 are the system's",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def reason(error: OSError) -> str:
    """Why nothing can listen at an address, for whoever has named it. asyncio's own words show Python's form of it."""
    if (error.errno or 0) < 0:
        return "the name has no address"
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
