"""`${exec:PROGRAM ARGUMENTS}`: what a command prints, such as `op read op://vault/item/field`.

Owns: how a command is written in one text, and its output as a text. Must not know: processes (proxy/command.py).
"""

from __future__ import annotations

import shlex

from proxy.command import Command, CommandFailed
from proxy.config.secrets.sources import Around, Unavailable

TIMEOUT = 10.0


class Source:
    def __init__(self, around: Around, timeout: float = TIMEOUT) -> None:
        self._around = around
        self._timeout = timeout

    def __call__(self, name: str) -> str:
        command = Command(_argv(name), self._around.folder, self._timeout, self._around.variables)
        try:
            out = command.output()
        except CommandFailed as failed:
            raise Unavailable(str(failed), failed.detail) from None
        try:
            return out.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Unavailable("the command printed no UTF-8 text") from None


def _argv(name: str) -> list[str]:
    try:
        return shlex.split(name)
    except ValueError:
        return []
