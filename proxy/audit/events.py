"""What is audited: who did what, where, and what came of it. One line each, never a secret.

Owns: the events and their words (docs/audit.md). Must not know: where lines go (audit/trail.py), how they are tied
(audit/chain.py). Where the config has no `audit` there is none of this: None, and one test.

No header value, no query and no text of an issuer or API goes into a line; a path can hold what a client put there, so
secrets that we know are blanked out of it.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from proxy.audit import chain
from proxy.config import model
from proxy.errors import Fault, IssuerError
from proxy.logger import get_logger
from proxy.plan.replies.scrub import NOTHING, Needles
from proxy.sink import Sink
from proxy.values.now import Now
from proxy.version import __version__

log = get_logger("keyless.audit")

ANYONE, OPERATOR = "anyone", "operator"
LONGEST_PATH = 1024
WAITING = 1000
"""Lines that wait in memory while they can't be written."""
STDOUT = "stdout"
_ORIGIN = re.compile(r"null|[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._:\[\]-]{1,255}")
_AUTHORITY = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*|^//[^/?#]*@")
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Lines(Protocol):
    """A trail, or standard output."""

    def append(self, facts: Mapping[str, Any]) -> None: ...

    @property
    def late(self) -> int: ...

    def check(self) -> None: ...

    def close(self) -> None: ...


class Audit:
    """One per service, and one per command that is audited. `secrets` are blanked out of what clients wrote.

    `strict`: nobody is served while lines can't be written.
    """

    def __init__(self, lines: Lines, clock: Callable[[], Now], where: str, strict: bool = False) -> None:
        self._lines = lines
        self._strict = strict
        self._clock = clock
        self._serving = False
        self.where = where
        self.secrets: Callable[[], Iterable[str]] = tuple
        self.written = 0
        self.lost = 0
        self._waiting: deque[dict[str, Any]] = deque()
        self._untold = 0
        self._failing = False
        self._hidden: tuple[tuple[str, ...], Needles] = ((), NOTHING)

    # -------------------------------------------------------------- requests

    def request(
        self, event: str, client: str | None, sender: tuple[str, str | None], target: tuple[str, bytes], **facts: Any
    ) -> None:
        """`sender` is the peer's address and what it says of its origin, `target` method and path."""
        peer, origin = sender
        method, path = target
        self._write(
            event,
            who=ANYONE if client is None else f"client:{client}",
            peer=peer,
            origin=None if origin is None else self._origin(origin),
            method=method[:32],
            path=self._path(path),
            **facts,
        )

    def unreadable(self, peer: str, fault: Fault) -> None:
        """Bytes that are no request, and so have neither method nor path."""
        if fault.refuses:
            self._write("request_refused", who=ANYONE, peer=peer, code=fault.code)

    # -------------------------------------------------------------- tokens and secrets

    def minted(self, names: Sequence[str], generation: int) -> None:
        self._write("token_mint", provider="+".join(names), generation=generation, outcome="minted")

    def not_minted(self, names: Sequence[str], error: IssuerError) -> None:
        """The issuer's error code, if it looks like one; its words stay out."""
        code = self._blanked(error.error) if error.error is not None and _WORD.fullmatch(error.error) else None
        self._write("token_mint", provider="+".join(names), outcome=str(error.failure), error=code)

    def secret_changed(self, *, provider: str | None = None, client: str | None = None) -> None:
        """Whose it is; never what it was or is."""
        self._write("secret_changed", provider=provider, client=client)

    # -------------------------------------------------------------- people

    def admin(self, peer: str, provider: str, action: str, state: str) -> None:
        """A switch of `/-/` was used; `state` is the token's, after it."""
        self._write("admin", who=OPERATOR, peer=peer, provider=provider, action=action, state=state)

    def command(self, event: str, user: str, provider: str, outcome: str, **facts: Any) -> None:
        """Something was done at the command line."""
        self._write(event, who=f"user:{user}", provider=provider, outcome=outcome, **facts)

    # -------------------------------------------------------------- start and stop

    def started(self, config: str, listen: Sequence[str], worker: int | None = None) -> None:
        """`config` is the digest of the config as written."""
        self._serving = True
        self._write("started", version=__version__, config=config, listen=list(listen), worker=worker, pid=os.getpid())

    def close(self) -> None:
        if self._serving:
            self._write("stopped", version=__version__, pid=os.getpid())
            self._serving = False
        elif self._waiting:
            self._flush()
        self._lines.close()
        if self.waiting:
            log.error("the audit log lacks its last lines", to=self.where, lines=self.waiting)

    def check(self) -> None:
        """Raises OSError if lines can't be written."""
        self._lines.check()

    def demand(self) -> None:
        """Raises Fault where the config is strict and lines can't be written, those of a moment ago included."""
        if not self._strict or not self.waiting:
            return
        self._flush()
        if self.waiting:
            raise Fault("overloaded", "the audit log can't be written, without which nothing is done (audit.strict)")

    @property
    def waiting(self) -> int:
        """Lines that could not be written yet."""
        return len(self._waiting) + self._lines.late

    # -------------------------------------------------------------- lines

    def _origin(self, written: str) -> str:
        """What a browser would send; anything may stand in the header."""
        return self._blanked(written) if _ORIGIN.fullmatch(written) else "malformed"

    def _path(self, target: bytes) -> str:
        """Without its query and its authority, in which keys stand; and not as long as it pleases."""
        raw = _AUTHORITY.sub("", target.decode("utf-8", "surrogateescape"))
        path = self._blanked(raw.partition("?")[0].partition("#")[0])
        return path if len(path) <= LONGEST_PATH else path[:LONGEST_PATH] + "..."

    def _blanked(self, text: str) -> str:
        data = self._needles().scrub(text.encode("utf-8", "surrogateescape"))
        return data.decode("utf-8", "backslashreplace")

    def _needles(self) -> Needles:
        """Of the secrets of this moment; spelled anew only when one has changed."""
        secrets = tuple(self.secrets())
        if secrets != self._hidden[0]:
            self._hidden = secrets, Needles(secrets)
        return self._hidden[1]

    def _write(self, event: str, **facts: Any) -> None:
        """What can't be written stops nothing: it waits for the next event; what can't wait either is counted."""
        if self.where == STDOUT and not self._serving:
            return  # a command's output is not for this
        moment = datetime.fromtimestamp(self._clock().wall, UTC).isoformat(timespec="milliseconds")
        time = moment.replace("+00:00", "Z")
        if len(self._waiting) < WAITING:
            self._waiting.append({"time": time, "event": event, **facts})
        else:
            self.lost += 1
            self._untold += 1
        self._flush()

    def _flush(self) -> None:
        """What waits, the oldest first; then how many could not even wait."""
        try:
            while self._waiting:
                self._lines.append(self._waiting[0])
                last = self._waiting.popleft()
                self.written += 1
                if self._untold and not self._waiting:
                    lost, self._untold = self._untold, 0
                    self._waiting.append({"time": last["time"], "event": chain.LOST, "lost": lost})
        except OSError as error:
            if not self._failing:
                log.error("the audit log can't be written", to=self.where, reason=error.strerror)  # noqa: TRY400 -- says all
            self._failing = True
        else:
            if self._failing:
                log.info("the audit log is written again", to=self.where, lost=self.lost)
            self._failing = False


def open_audit(config: model.Audit | None, folder: Path, clock: Callable[[], Now]) -> Audit | None:
    """Nothing is opened yet. A relative file is below `folder`, the config's."""
    if config is None:
        return None
    from proxy.audit.trail import Stream, Trail  # noqa: PLC0415 -- fcntl isn't everywhere

    key = chain.signer(config.key[0]) if config.key else None
    if config.file == STDOUT:
        return Audit(Stream(key, Sink(1)), clock, STDOUT, config.strict)
    path = folder / Path(config.file).expanduser()
    return Audit(Trail(path, config.rotate, config.keep, key), clock, str(path), config.strict)
