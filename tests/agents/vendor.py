"""A vendor for agents to work with: an issuer whose tokens die in the middle of the task, and APIs that refuse the dead
ones as the real ones do. On loopback, in a thread.

Owns: tokens and HTTP. Must not know: what the model says (turns.py), how an API writes it (messages.py ...).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.agents import chat, gemini, messages, responses
from tests.agents.turns import Asked, Turn, next_turn, step

DEATHS = (1, 2)
"""The steps of the task before which every token dies."""

_KEYS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
_SESSION = "kls_"


class Language(NamedTuple):
    """How one API writes what is asked and said, and that a token is dead."""

    asked: Callable[[dict[str, Any]], Asked]
    whole: Callable[[Turn], dict[str, Any]]
    events: Callable[[Turn], Iterable[dict[str, Any]]]
    dead: Mapping[str, Any]


LANGUAGES = {
    "/v1/messages": Language(messages.asked, messages.whole, messages.events, messages.DEAD),
    "/chat/completions": Language(chat.asked, chat.whole, chat.events, chat.DEAD),
    "/responses": Language(responses.asked, responses.whole, responses.events, responses.DEAD),
    "enerateContent": Language(gemini.asked, gemini.whole, gemini.events, gemini.DEAD),
}


class Vendor:
    """`steps`: those that were answered; `refused`: those at which a dead token came; `leaks`: where a key of the
    agent's own arrived; `offered`: the tools of the last request. `trouble`: the issuer's answer (RFC 6749 §5.2).
    """

    def __init__(self, folder: str, trouble: str | None = None) -> None:
        self.folder = folder
        self._trouble = trouble
        self.mints = 0
        self.steps: list[int] = []
        self.refused: list[int] = []
        self.leaks: list[str] = []
        self.offered: list[str] = []
        self._deaths = list(DEATHS)
        self._generation = 1
        self._lock = threading.Lock()

    def mint(self) -> tuple[int, Mapping[str, Any]]:
        with self._lock:
            self.mints += 1
            if self._trouble is not None:
                return 400, {"error": self._trouble}
            return 200, {"access_token": f"token-{self._generation}", "token_type": "Bearer", "expires_in": 3600}

    def accepts(self, credentials: Iterable[str], at: int) -> bool:
        """Whether the token is alive, of a request at this step; the first of some steps is late."""
        with self._lock:
            if at in self._deaths:
                self._deaths.remove(at)
                self._generation += 1
            wanted = f"token-{self._generation}"
            good = bool(sent := list(credentials)) and all(each.split()[-1] == wanted for each in sent)
            (self.steps if good else self.refused).append(at)
            return good


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """Its URL."""
    handler = type("Handler", (_Handler,), {"vendor": vendor})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    vendor: Vendor
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._look("")
        self._answer(404, {"error": {"message": "no such page"}})

    def do_HEAD(self) -> None:
        self._look("")
        self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = self.path.split("?")[0]
        if path == "/token":
            return self._answer(*self.vendor.mint())
        self._look(body)
        language = next((known for ending, known in LANGUAGES.items() if path.endswith(ending)), None)
        if language is None:
            return self._answer(404, {"error": {"message": "no such page"}})
        asked = language.asked(json.loads(body))
        if not self.vendor.accepts(self._credentials(), step(asked)):
            return self._answer(401, language.dead)
        self.vendor.offered = [tool.name for tool in asked.tools]
        turn = next_turn(asked, self.vendor.folder)
        if json.loads(body).get("stream") or "streamGenerateContent" in path:
            return self._stream(language.events(turn), "/chat/" in path)
        return self._answer(200, language.whole(turn))

    def log_message(self, *_: Any) -> None:
        """It has nothing to say."""

    def _credentials(self) -> list[str]:
        return [self.headers[name] for name in _KEYS if name in self.headers]

    def _look(self, body: str) -> None:
        if _SESSION in f"{self.path}{self.headers}{body}":
            self.vendor.leaks.append(f"{self.command} {self.path}")

    def _answer(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, events: Iterable[dict[str, Any]], done: bool) -> None:
        """Chunk by chunk, as server-sent events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if "type" in event else ""
            self._chunk(f"{name}data: {json.dumps(event)}\n\n")
        if done:
            self._chunk("data: [DONE]\n\n")
        self._chunk("")

    def _chunk(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(raw), raw))
        self.wfile.flush()
