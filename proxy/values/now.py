"""What time it is, as a value that is handed around. Must not know: how a clock is read (clock.py does)."""

from __future__ import annotations


class Now:
    """A reading of both clocks, in seconds: `boot` counts suspend and never jumps, `wall` is Unix time. Immutable.

    A plain class, since it is made for each request: compiled, its fields are read without a call.
    """

    __slots__ = ("boot", "wall")

    def __init__(self, boot: float, wall: float) -> None:
        self.boot = boot
        self.wall = wall

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Now) and self.boot == other.boot and self.wall == other.wall

    def __hash__(self) -> int:
        return hash((self.boot, self.wall))

    def __repr__(self) -> str:
        return f"Now(boot={self.boot}, wall={self.wall})"
