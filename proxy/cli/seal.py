"""`keyless seal`: a secret becomes a text that can stand in the config."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, fail
from proxy.config.load import store_keys
from proxy.config.secrets.seal import Seal, new_key
from proxy.config.written.reference import KEY_VARIABLE

NO_KEY = f"there is no key: set {KEY_VARIABLE} or store_key; `keyless seal --new-key` makes one"

app = command_app()


@app.command()
def seal(
    config: ConfigOption = DEFAULT_CONFIG,
    make_key: Annotated[bool, typer.Option("--new-key", help="Print a new key, and seal nothing.")] = False,
) -> None:
    """Read a secret from stdin, or ask for it, and print ${enc:...} for the config; the first store key seals."""
    if make_key:
        print(new_key())
        return
    keys = store_keys(config)
    if not keys:
        fail(NO_KEY)
    secret = secret_from_stdin("Secret: ")
    if not secret:
        fail("there was nothing to seal", 2)
    print(f"${{enc:{Seal(keys).seal(secret.encode('utf-8')).decode('ascii')}}}")


def secret_from_stdin(prompt: str) -> str:
    """Typed without an echo, or piped; the line break at its end doesn't belong to it."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, prompt_suffix="", err=True))
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        fail("expected text in UTF-8 on stdin", 2)
    return text.removesuffix("\n").removesuffix("\r")
