"""The way to an API after a 101. What comes back is read from the reply.

Owns: bytes of another protocol, and their last words. Must not know: what they mean.
"""

from __future__ import annotations

from typing import Final, Protocol

LAST_WORDS: Final = 10.0
"""Seconds that an API has to take what the client said before it left."""


class Opened(Protocol):
    """A connection that has become a tunnel."""

    writing_paused: bool
    """Does the API read more slowly than we write?"""

    def send(self, data: bytes) -> None:
        """Never waits; nothing happens once it has closed."""

    def finish(self) -> None:
        """Close when what waits has gone out, or after LAST_WORDS."""


class Tunnel:
    """What the client says goes in here."""

    def __init__(self, connection: Opened) -> None:
        self._connection = connection

    @property
    def full(self) -> bool:
        """The API does not read: whoever writes should wait."""
        return self._connection.writing_paused

    def write(self, data: bytes) -> None:
        """Never waits; nothing happens once the API has gone."""
        self._connection.send(data)

    def close(self) -> None:
        """What was written still goes out."""
        self._connection.finish()
