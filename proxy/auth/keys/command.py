"""The keys of a command that a provider has run, and the rules on them.

Must not know: processes, what the output means. No finding quotes a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from proxy.auth.token import CommandRequest
from proxy.values.kinds import Duration, Secretive
from proxy.values.where import Finding, Where

LONGEST = 50.0
"""Seconds: a flight has a minute."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASKED = json.dumps(
    {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": {"interactive": False}}
)


class CommandKeys(Secretive):
    """`env` is set besides what the process has; `timeout` ends the command, and all that it started."""

    command: list[str] = Field(min_length=1)
    env: dict[str, str] = {}
    timeout: Annotated[Duration, Field(gt=0, le=LONGEST)] = 10.0

    def request(self) -> CommandRequest:
        """Plugins of Kubernetes are told what they ask for; others don't know that variable."""
        return CommandRequest(tuple(self.command), self.timeout, {"KUBERNETES_EXEC_INFO": _ASKED} | self.env)

    def check_command(self, where: Where) -> Iterator[Finding]:
        if not self.command[0].strip():
            yield Finding((*where, "command", 0), "expected the name of a program")
        for index, word in enumerate(self.command):
            if "\0" in word:
                yield Finding((*where, "command", index), "holds a NUL character")
        for name, value in self.env.items():
            if not _NAME.fullmatch(name):
                yield Finding((*where, "env", name), "not a name that a variable can have")
            elif "\0" in value:
                yield Finding((*where, "env", name), "holds a NUL character")
