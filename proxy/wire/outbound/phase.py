"""The phases of a connection to an API, and what may follow what."""

from __future__ import annotations

from typing import Final

from proxy.wire.phase import Phase, Row, lay

IDLE: Final = Phase("idle", 0)
SENDING: Final = Phase("sending", 1)
AWAITING: Final = Phase("awaiting", 2)
EXCHANGING: Final = Phase("exchanging", 3)
READING: Final = Phase("reading", 4)
FINISHING: Final = Phase("finishing", 5)
TUNNEL: Final = Phase("tunnel", 6)
ENDING: Final = Phase("ending", 7)
CLOSED: Final = Phase("closed", 8)

PARSER: Final = "parser"
READER: Final = "the reply's reader"
NOBODY: Final = "nobody"
END_IT: Final = "end it"
"""What becomes of bytes that come."""

STALLED: Final[dict[Phase, str]] = {
    SENDING: "the request stood still while it was sent",
    EXCHANGING: "the request stood still while it was sent",
    FINISHING: "the request stood still while it was sent",
    AWAITING: "the API did not answer in time",
    READING: "the API went silent in the middle of its reply",
}
"""What is said when the time is over."""

TABLE = lay(
    [
        Row(IDLE, "waits in the pool", END_IT, "patience", (SENDING, AWAITING, CLOSED)),
        Row(SENDING, "the request goes out, piece by piece", PARSER, "idle", (AWAITING, EXCHANGING, FINISHING, CLOSED)),
        Row(AWAITING, "the request is out", PARSER, "head", (READING, IDLE, TUNNEL, CLOSED)),
        Row(EXCHANGING, "the reply has begun before the request ended", PARSER, "idle", (READING, FINISHING, CLOSED)),
        Row(READING, "the reply's body comes", PARSER, "idle", (IDLE, CLOSED)),
        Row(FINISHING, "the reply is whole, the request is not", END_IT, "idle", (IDLE, CLOSED)),
        Row(TUNNEL, "a 101 has come", READER, "", (ENDING, CLOSED)),
        Row(ENDING, "the client's last words go out", READER, "last words", (CLOSED,)),
        Row(CLOSED, "nothing more", NOBODY, "", ()),
    ]
)
