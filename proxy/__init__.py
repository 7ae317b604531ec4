"""Keyless: a reverse proxy that adds the credential. For programs: `from proxy import Keyless` (docs/library.md)."""

from typing import TYPE_CHECKING

from proxy.version import __version__

if TYPE_CHECKING:
    from proxy.library.keyless import Keyless

__all__ = ["Keyless", "__version__"]


def __getattr__(name: str) -> object:
    """The command line must not wait for what only the library needs."""
    if name == "Keyless":
        from proxy.library.keyless import Keyless  # noqa: PLC0415 -- see above

        return Keyless
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
