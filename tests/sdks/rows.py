"""The SDKs of docs/sdks-table.md: what each needs of a config, and what its API is to answer (rows.yaml).

Owns: how a row becomes a provider and a route. Must not know: how an SDK is run, what was seen (seen.py).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from proxy.config.presets import presets

FILE = Path(__file__).with_name("rows.yaml")
REAL, REAL_ID = "real-credential-of-the-api", "real-id-of-the-api"
UNSET = "${NOT_SET_HERE}"
"""In the secret's place: what a person is to read is the variable's name."""
_IDS = ("access_key_id", "access_key", "secret_id")


class Row(NamedTuple):
    """As rows.yaml says of its keys; `language` is the list that it stands in."""

    name: str
    language: str
    package: str
    setting: str
    title: str = ""
    breaks: str = ""
    silent: str = ""
    venv: str = ""
    use: str = ""
    filled: dict[str, Any] = {}  # noqa: RUF012 -- of a record that nobody changes
    provider: dict[str, Any] = {}  # noqa: RUF012 -- as above
    issuer: str = ""
    at: str = ""
    prefix: str = "/sdk"
    alone: bool = False
    tls: bool = False
    route: dict[str, Any] = {}  # noqa: RUF012 -- as above
    environ: dict[str, str] = {}  # noqa: RUF012 -- as above
    reply: Any = None
    replies: dict[str, Any] = {}  # noqa: RUF012 -- as above

    @property
    def answers(self) -> bool:
        """The SDK is content with the answers that the row has; else what reached the API has to do."""
        return self.reply is not None or bool(self.replies)

    @property
    def known_as(self) -> str:
        return self.title or self.package.split()[0].rpartition("==" if self.language == "python" else "@")[0]

    @property
    def versions(self) -> list[str]:
        """Of its packages, as pip and npm write them."""
        return self.package.split()


NO_END = "it did not end"


class Seen(NamedTuple):
    """`text`: where the proxy's words are: in the error itself, only above it (its cause, a log), or nowhere.

    `asked`: what reached the API, without its query. `seconds` from the first connection to the error.
    """

    works: bool
    client_key: bool
    asked: list[str]
    text: str
    raised: str
    tries: int
    seconds: float
    trouble: str


def rows() -> dict[str, Row]:
    """By name; Node's begin with `node-`."""
    written = yaml.safe_load(FILE.read_text("utf-8"))
    del written["answers"]  # what several of them share
    return {
        (name if language == "python" else f"{language}-{name}"): _row(name, language, keys)
        for language, of_language in written.items()
        for name, keys in of_language.items()
    }


def _row(name: str, language: str, keys: dict[str, Any]) -> Row:
    return Row(name, language, **{("filled" if key == "with" else key): value for key, value in keys.items()})


def provider(row: Row, issuer: str, secret: str = REAL) -> dict[str, Any]:
    """As a config has it, with this secret wherever one is wanted; its tokens come from `issuer`."""
    if not row.use:
        return {"scheme": "static", "token": secret} | row.provider
    preset = presets()[row.use]
    filled = dict(preset.examples["with"]) | row.filled
    for name, parameter in preset.parameters.items():
        if name in _IDS:
            filled[name] = REAL_ID
        elif parameter.secret and filled.get(name) is not None:
            filled[name] = secret
    where = {"request": {"url": issuer}, "token_url": issuer}.get(row.issuer)
    return {"use": row.use, **filled} | ({row.issuer: where} if where is not None else {})


def upstream(row: Row, port: int) -> str:
    """The vendor's own base, but over http and to this port; a resolver of the test's leads it to loopback."""
    if not row.use:
        return f"http://{urlsplit(row.at).hostname or '127.0.0.1'}:{port}"
    preset = presets()[row.use]
    base = row.at or preset.base() or ""
    unsaid = {name: parameter.default for name, parameter in preset.parameters.items() if not parameter.required}
    for name, value in (unsaid | preset.examples["with"] | row.filled).items():
        base = base.replace(f"{{{name}}}", str(value)) if name != "token" else base
    parts = urlsplit(base)
    return f"http://{parts.hostname}:{port}{parts.path}"


def answer(row: Row, target: str, port: int) -> bytes:
    """The API's, whose URLs lead to the port that the request came to."""
    body = row.replies.get(target.partition("?")[0], row.reply if row.reply is not None else {})
    text = re.sub(r"https://([a-z.]+\.com)", rf"http://\1:{port}", json.dumps(body))
    own = "X-Elastic-Product: Elasticsearch\r\nX-Reqid: r\r\n"
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{own}Content-Length: {len(text)}\r\n\r\n{text}".encode()
    )


SOLD = {"access_token": REAL, "tenant_access_token": REAL, "expires_in": 7200, "expire": 7200, "code": 0, "msg": "ok"}
"""What an issuer answers, whichever it is."""
