"""What is asked of this machine and not of an issuer: a command's output, a file's content.

Owns: the threads in which commands are waited for, and that each is ended when nobody waits any more. Must not know:
what an answer means. No message holds a word of one.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from proxy.auth.token import CommandRequest, FileRequest, IssuerReply
from proxy.command import Command, CommandFailed, Stop
from proxy.errors import FailureClass, IssuerError

AT_ONCE = 128
"""As many as there may be mints (tokens/mint.py)."""
LONGEST_FILE = 64 * 1024


class Local:
    """`folder` is the config's. Commands have threads of their own: those that hang must not hold up the store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads: ThreadPoolExecutor | None = None

    async def answer(self, request: CommandRequest | FileRequest) -> IssuerReply:
        """Raises IssuerError."""
        if isinstance(request, FileRequest):
            return IssuerReply(200, {}, await asyncio.to_thread(self._content, request.path))
        return IssuerReply(200, {}, await self._output(request))

    async def _output(self, request: CommandRequest) -> bytes:
        """Who is cancelled waits for the command's end: nothing of it may be left when the loop has gone."""
        command = Command(request.argv, self._folder, request.timeout, os.environ, request.variables)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, "keyless-command")
        stop = Stop()
        run = asyncio.get_running_loop().run_in_executor(self._threads, command.output, stop)
        try:
            return await asyncio.shield(run)
        except CommandFailed as failed:
            raise _explained(failed) from None
        finally:
            if not run.done():
                stop.ask()
                await asyncio.wait((run,))
                run.exception()
            stop.close()

    def _content(self, name: str) -> bytes:
        try:
            with (self._folder / name).open("rb") as file:
                content = file.read(LONGEST_FILE + 1)
        except (OSError, ValueError) as error:
            why = (error.strerror or "can't be read") if isinstance(error, OSError) else "no name of a file"
            raise _unreadable(f"{name}: {why.lower()}") from None
        if len(content) > LONGEST_FILE:
            raise _unreadable(f"{name}: longer than {LONGEST_FILE // 1024} KiB")
        if not content.strip():
            raise _unreadable(f"{name}: empty")
        return content

    def close(self) -> None:
        """After those who wait have been cancelled."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None


def _explained(failed: CommandFailed) -> IssuerError:
    """One that isn't there takes someone who corrects the config; what it does otherwise may come right by itself."""
    said = f"{failed}; it said: {failed.detail}" if failed.detail else str(failed)
    if failed.at_start:
        return IssuerError(FailureClass.CREDENTIAL, said, hint="Correct the provider's `command`, or install it.")
    return IssuerError(FailureClass.PASSING, said, hint=f"The issuer is the provider's `command` here: {failed}.")


def _unreadable(message: str) -> IssuerError:
    return IssuerError(
        FailureClass.PASSING, message, hint="Have the platform put the provider's token file there; it is read again."
    )
