"""`${exec:PROGRAM ARGUMENTS}`: what a command prints, such as `op read op://vault/item/field`.

Owns: running it: no shell, no stdin, a time and a size that it may not exceed, and an end for all that it started.
What it says on stderr is shown to operators only, without anything that could be a secret.
"""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO

from proxy.config.secrets.sources import Around, Unavailable

TIMEOUT = 10.0
_MAX_OUTPUT = 64 * 1024
_LINE = 200
_BLOB = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9+/=_.~-]{16,}")
_SECRETIVE = re.compile(r"token|secret|passw|key|credential", re.IGNORECASE)


class Source:
    def __init__(self, around: Around, timeout: float = TIMEOUT) -> None:
        self._around = around
        self._timeout = timeout

    def __call__(self, name: str) -> str:
        argv = shlex.split(name)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the operator's own command, without a shell
                argv,
                cwd=self._around.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a command"
            raise Unavailable(f"the command can't be started ({why.lower()})") from None
        with process:
            try:
                out, said = self._output(process)
            except BaseException:
                _kill(process)
                raise
        return self._value(process.returncode, out, said)

    def _output(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """What it prints until both ends are closed, bounded. Raises Unavailable."""
        assert process.stdout is not None  # noqa: S101 -- for the type checker
        assert process.stderr is not None  # noqa: S101
        deadline = time.monotonic() + self._timeout
        read: dict[IO[bytes], bytes] = {process.stdout: b"", process.stderr: b""}
        with selectors.DefaultSelector() as selector:
            for pipe in read:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise Unavailable(f"the command took more than {self._timeout:g} s")
                for key, _ in ready:
                    pipe = next(each for each in read if each is key.fileobj)
                    piece = os.read(key.fd, _MAX_OUTPUT)
                    read[pipe] += piece
                    if not piece:
                        selector.unregister(pipe)
                    if len(read[pipe]) > _MAX_OUTPUT:
                        raise Unavailable(f"the command printed more than {_MAX_OUTPUT} bytes")
        try:
            process.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Unavailable(f"the command took more than {self._timeout:g} s") from None
        return read[process.stdout], read[process.stderr]

    def _value(self, code: int, out: bytes, said: bytes) -> str:
        if code != 0:
            raise Unavailable(f"the command ended with {_ending(code)}", self._redacted(out, said))
        try:
            text = out.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Unavailable("the command printed no UTF-8 text") from None
        if not text:
            raise Unavailable("the command printed nothing", self._redacted(out, said))
        return text

    def _redacted(self, out: bytes, said: bytes) -> str:
        """The last line of stderr: without what it printed, what the environment holds, and what looks like a key."""
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        line = "".join(each if each.isprintable() else "?" for each in lines[-1]) if lines else ""
        held = [value for name, value in self._around.variables.items() if _SECRETIVE.search(name)]
        printed = out.decode("utf-8", "replace").split()
        for hidden in sorted((each for each in (*held, *printed) if len(each) >= 4), key=len, reverse=True):
            line = line.replace(hidden, "***")
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
