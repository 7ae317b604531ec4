"""One command, run to its end: no shell, no stdin, a time and a size that it may not exceed.

Owns: the process, all that it starts, and the end of both. Must not know: who wants it, what its output means. What it
says on stderr is for operators only, and leaves here without anything that could be a secret.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from proxy.errors import KeylessError
from proxy.values.record import record

LONGEST_OUTPUT = 64 * 1024
_LINE = 200
_BLOB = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9+/=_.~-]{16,}")
_SECRETIVE = re.compile(r"token|secret|passw|key|credential", re.IGNORECASE)


class CommandFailed(KeylessError):  # noqa: N818 -- it says what is the case
    """There is no output. `detail`: its last words, for operators. `at_start`: it never ran."""

    def __init__(self, message: str, detail: str = "", *, at_start: bool = False) -> None:
        super().__init__(message)
        self.detail = detail
        self.at_start = at_start


class Stop:
    """Ends a run from another thread. Descriptors are its own: close it after the run."""

    def __init__(self) -> None:
        self.asked, self._ask = os.pipe()

    def ask(self) -> None:
        os.write(self._ask, b"x")

    def close(self) -> None:
        os.close(self.asked)
        os.close(self._ask)


@record
class Command:
    """`variables` are the process's and `.env`'s; what of them looks like a secret is kept out of its last words.

    `added` are set for it besides those that the process has.
    """

    argv: Sequence[str] = field(repr=False)
    folder: Path
    timeout: float
    variables: Mapping[str, str] = field(repr=False)
    added: Mapping[str, str] = field(default_factory=dict, repr=False)

    def output(self, stop: Stop | None = None) -> bytes:
        """What it prints; blocks until it has ended. Raises CommandFailed."""
        with self._started() as process:
            try:
                out, said = self._read(process, stop)
            except BaseException:
                _kill(process)
                raise
        if process.returncode != 0:
            raise CommandFailed(f"the command ended with {_ending(process.returncode)}", self.last_words(out, said))
        if not out.strip():
            raise CommandFailed("the command printed nothing", self.last_words(out, said))
        return out

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 -- the operator's own command, without a shell
                list(self.argv),
                cwd=self.folder,
                env={**os.environ, **self.added},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            why = getattr(error, "strerror", None) or "not a command"
            raise CommandFailed(f"the command can't be started ({why.lower()})", at_start=True) from None

    def _read(self, process: subprocess.Popen[bytes], stop: Stop | None) -> tuple[bytes, bytes]:
        """Both of its outputs until they are closed, bounded."""
        deadline = time.monotonic() + self.timeout
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        read = {pipe.fileno(): bytearray() for pipe in pipes}
        with selectors.DefaultSelector() as selector:
            for pipe in read:
                selector.register(pipe, selectors.EVENT_READ)
            if stop is not None:
                selector.register(stop.asked, selectors.EVENT_READ)
            left = len(read)
            while left:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise CommandFailed(f"the command took more than {self.timeout:g} s")
                for key, _ in ready:
                    if key.fd not in read:
                        raise CommandFailed("the command was stopped")
                    piece = os.read(key.fd, LONGEST_OUTPUT)
                    if not piece:
                        selector.unregister(key.fd)
                        left -= 1
                    read[key.fd] += piece
                    if len(read[key.fd]) > LONGEST_OUTPUT:
                        raise CommandFailed(f"the command printed more than {LONGEST_OUTPUT} bytes")
        try:
            process.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"the command took more than {self.timeout:g} s") from None
        out, said = map(bytes, read.values())
        return out, said

    def last_words(self, out: bytes, said: bytes) -> str:
        """The last line of stderr: without what it printed, what the environment holds, and what looks like a key."""
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        line = "".join(each if each.isprintable() else "?" for each in lines[-1]) if lines else ""
        held = [value for name, value in self.variables.items() if _SECRETIVE.search(name)]
        printed = out.decode("utf-8", "replace").split()
        hidden = (each for each in (*held, *self.added.values(), *printed) if len(each) >= 4)
        for each in sorted(hidden, key=len, reverse=True):
            line = line.replace(each, "***")
        return _BLOB.sub("***", line)[:_LINE]


def _ending(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {-code}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Its whole group: a command that hangs is often a shell that waits for another one."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
