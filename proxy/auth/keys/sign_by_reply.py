"""Keys that sign and are not in the config: where a provider's reply has them.

Must not know: how the reply comes about, how anything is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from proxy.auth.keys.sign import Sign
from proxy.auth.paths import compile_path, is_jmespath
from proxy.auth.placing.signing import Signing
from proxy.values.where import Finding, Where


class SignByReply(Sign):
    """The three keys are JMESPath; unsaid, they are what AWS calls them."""

    access_key: str = "AccessKeyId"
    secret_key: str = "SecretAccessKey"  # noqa: S105 -- the name of a reply field
    session_token: str | None = "SessionToken"  # noqa: S105 -- likewise

    def check(self, where: Where) -> Iterator[Finding]:
        yield from super().check(where)
        for key, path in self._paths().items():
            if not is_jmespath(path):
                yield Finding((*where, key), "expected a JMESPath expression", got=True)

    def signing(self) -> Signing:
        paths = {name: compile_path(path) for name, path in self._paths().items()}
        return replace(super().signing(), reply=paths)

    def _paths(self) -> dict[str, str]:
        paths = {"access_key": self.access_key, "secret_key": self.secret_key, "session_token": self.session_token}
        return {name: path for name, path in paths.items() if path is not None}
