"""The phases of a client's connection, and what may follow what.

Once an answer has begun (ANSWERING), nothing leads back to where one may begin: no error can put a second head into it.
"""

from __future__ import annotations

from typing import Final

from proxy.wire.phase import Phase, Row, lay

HEAD: Final = Phase("head", 0)
IDLE: Final = Phase("idle", 1)
SERVING: Final = Phase("serving", 2)
ANSWERING: Final = Phase("answering", 3)
UNTAKEN: Final = Phase("untaken", 4)
SKIPPING: Final = Phase("skipping", 5)
LINGERING: Final = Phase("lingering", 6)
CLOSING: Final = Phase("closing", 7)
PIPE: Final = Phase("pipe", 8)
CLOSED: Final = Phase("closed", 9)

MOVING: Final = "stall, while bytes are due"
"""Of a body that is read, or of an answer that waits; else any time."""

_NEXT: Final = (HEAD, IDLE, SERVING, UNTAKEN, LINGERING, CLOSING, CLOSED)

TABLE = lay(
    [
        Row(HEAD, "is new, or a head has begun", "parser", "head", (SERVING, LINGERING, CLOSING, CLOSED)),
        Row(IDLE, "waits for the next request", "parser", "idle", (HEAD, SERVING, LINGERING, CLOSING, CLOSED)),
        Row(
            *(SERVING, "has a request that nothing was said to", "parser; what is behind the request waits, bounded"),
            *(MOVING, (ANSWERING, LINGERING, CLOSED)),
        ),
        Row(
            *(ANSWERING, "the head of the answer is out", "as while serving", MOVING),
            leads=(*_NEXT, SKIPPING, PIPE),
        ),
        Row(UNTAKEN, "waits until the client has taken its answers", "wait in the socket", "stall", _NEXT),
        Row(SKIPPING, "has answered before the body's end", "parser, then dropped", "linger", _NEXT),
        Row(LINGERING, "has said its last words while the client may still send", "dropped", "linger", (CLOSED,)),
        Row(CLOSING, "what was written goes out", "dropped", "stall", (CLOSED,)),
        Row(PIPE, "speaks another protocol", "the pipe", MOVING, (LINGERING, CLOSING, CLOSED)),
        Row(CLOSED, "nothing more", "nobody", "", ()),
    ]
)
