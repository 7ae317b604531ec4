"""`keyless client new`: a key for a client of the proxy, worth nothing elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import Annotated

import typer

from proxy.cli.common import DEFAULT_CONFIG, JsonOption, UnusedConfig, command_app, print_json

PREFIX = "klc_"
"""Tells people and secret scanners what it is."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_KEYWORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))

app = command_app(no_args_is_help=True)


@app.callback()
def client() -> None:
    """Make client keys."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    _config: UnusedConfig = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Print a new key once, and its hash for the config, which is all that the proxy needs."""
    key = PREFIX + secrets.token_urlsafe(32)
    digest = f"sha256:{hashlib.sha256(key.encode('ascii')).hexdigest()}"
    if as_json:
        print_json({"name": name, "key": key, "digest": digest})
        return
    print(f"{key}\n\nThis is the key for the client; it is not shown again. For config.yaml:\n")
    print(f"clients:\n  - name: {_yaml(name)}\n    key: {digest}")


def _yaml(text: str) -> str:
    """JSON's strings are YAML's, too."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _KEYWORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
