"""What a platform gives a workload to show who it is: a JWT that lies in a file or is printed by a command.

Owns: the keys, and the reading of what was found. Must not know: who is shown it. No finding and no message quotes a
value.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from pydantic import Field, model_validator

from proxy.auth.keys.command import CommandKeys
from proxy.auth.paths import compile_path, is_jmespath, read_json
from proxy.auth.reading.lifetime import jwt_end
from proxy.auth.token import CommandRequest, FileRequest, IssuerReply, Request
from proxy.errors import FailureClass, IssuerError
from proxy.values.where import Finding, Where

_WORD = re.compile(rb"[!-~]+")


class Identity(CommandKeys):
    """From `file` or `command`, anew at each mint; `token` is the path to it, where that is JSON."""

    file: str | None = None
    command: list[str] = Field(default=[])
    token: str | None = None

    @model_validator(mode="after")
    def one_source(self) -> Identity:
        if (self.file is None) == (not self.command):
            raise ValueError("give either file or command")
        return self

    @property
    def source(self) -> Request:
        return self.request() if self.file is None else FileRequest(self.file)

    @property
    def commands(self) -> tuple[CommandRequest, ...]:
        return () if self.file is not None else (self.request(),)

    @property
    def words(self) -> str:
        return f"what the file {self.file} holds" if self.file else f"what the command {self.command[0]} prints"

    def check(self, where: Where) -> Iterator[Finding]:
        if self.file is None:
            yield from self.check_command(where)
        elif not self.file.strip():
            yield Finding((*where, "file"), "expected the path of a file")
        if self.token is not None and not is_jmespath(self.token):
            yield Finding((*where, "token"), "expected a JMESPath expression", got=True)

    def read(self, wall: float) -> Generator[Request, IssuerReply, str]:
        """Raises IssuerError for what is no token, or a JWT whose end lies before `wall`, Unix time."""
        content = (yield self.source).body
        token = self._word(content) if self.token is None else self._part(content, self.token)
        if (end := jwt_end(token)) is not None and end <= wall:
            hint = "Whatever puts it there has to renew it; it is read again at the next try."
            raise IssuerError(
                FailureClass.PASSING, f"{self.words} is a JWT that ended {wall - end:.0f} s ago", hint=hint
            )
        return token

    def _word(self, content: bytes) -> str:
        word = content.strip()
        if not _WORD.fullmatch(word):
            raise self._no_token("is not one word; where it is JSON, say by `token` what of it")
        return word.decode("ascii")

    def _part(self, content: bytes, path: str) -> str:
        try:
            document = read_json(content)
        except ValueError:
            raise self._no_token("is no JSON") from None
        part = compile_path(path).find(document)
        if not isinstance(part, str) or not _WORD.fullmatch(part.encode("utf-8", "replace")):
            raise self._no_token(f"has no token at `{path}`")
        return part

    def _no_token(self, why: str) -> IssuerError:
        return IssuerError(FailureClass.PASSING, f"{self.words} {why}", hint="Correct the provider's `identity`.")
