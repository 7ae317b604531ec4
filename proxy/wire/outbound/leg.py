"""What a connection to an API must be able to do, whatever protocol it speaks."""

from __future__ import annotations

from typing import Protocol

from proxy.wire.outbound.call import Call
from proxy.wire.outbound.reply import Reply


class Leg(Protocol):
    """One connection. A second protocol is a second class that has these two methods."""

    def begin(self, call: Call) -> Reply:
        """Send it, its body too; wait for `Reply.head`. Raises Broken where the connection has closed."""

    def close(self) -> None:
        """At once; whoever waits for a reply gets Broken."""
