"""`keyless client new`: a key for a client of the proxy, worth nothing elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import Annotated

import typer

from proxy.cli.kit.options import DEFAULT_CONFIG, JsonOption, UnusedConfig, command_app, fail, print_json
from proxy.config.model.client import HASHED, new_key
from proxy.values import moments, units

DAY = 86400
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_KEYWORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))

app = command_app(no_args_is_help=True)


@app.callback()
def client() -> None:
    """Make client keys."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="In 90d, say, or on 2027-01-31, or at 2027-01-31T12:00:00Z.")
    ] = None,
    _config: UnusedConfig = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Print a new key once, and its hash for the config, which is all that the proxy needs."""
    ends = None if expires is None else _ends(expires)
    key = new_key()
    digest = f"{HASHED}{hashlib.sha256(key.encode('ascii')).hexdigest()}"
    if as_json:
        print_json({"name": name, "key": key, "digest": digest, "expires": ends})
        return
    print(f"{key}\n\nThis is the key for the client; it is not shown again. For config.yaml:\n")
    print(f"clients:\n  - name: {_yaml(name)}")
    print(f"    key: {digest}" if ends is None else f"    key:\n      - key: {digest}\n        expires: {ends}")


def _ends(written: str) -> str:
    """As it goes into the config."""
    now = time.time()
    try:
        ends = _moment(written, now)
        shown = moments.shown(ends)
    except (ValueError, OverflowError, OSError):
        fail(f"--expires: expected 90d, 2027-01-31 or 2027-01-31T12:00:00Z, got {written!r}", 2)
    if ends <= now:
        fail(f"--expires: {written} is over", 2)
    return shown


def _moment(written: str, now: float) -> float:
    """Whole days end with a day, so that it is a date."""
    if re.fullmatch(r"[1-9]\d*d", written):
        return (now // DAY + 1 + int(written[:-1])) * DAY
    return now + units.duration(written) if re.match(units.DURATION, written) else moments.end(written)


def _yaml(text: str) -> str:
    """JSON's strings are YAML's, too."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _KEYWORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
