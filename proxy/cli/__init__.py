"""The command line: one file per command (docs/operate.md#on-a-machine lists them).

Owns: the list of commands, and how an unforeseen end looks. Must not know: what a command does. A command's file is
imported when it's called, so that none waits for what it doesn't use: `run` has to listen soon.

Exit codes: 0 fine, 1 the thing asked for failed, 2 usage or config, 130 Ctrl-C. No command but `token --reveal` prints
a secret; `client new` prints the key that it makes.
"""

from __future__ import annotations

import io
import sys
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from proxy.errors import ConfigError
from proxy.tokens.store import StoreDown
from proxy.version import __version__

COMMANDS = {
    "run": "Serve the config's routes.",
    "check": "List every problem of the config; --live also gets a token per provider.",
    "explain": "Tell what a request would get; no network.",
    "call": "Send one request through the config, without a server.",
    "token": "Get a token, and tell what is known of it.",
    "login": "Log in to a provider with a person's account.",
    "logout": "Revoke and remove what a login has brought.",
    "presets": "List the presets, or show one.",
    "schema": "Print the config's JSON Schema, for editors.",
    "sandbox": "Serve an issuer and an API with made-up keys.",
    "status": "Show how the running proxy's tokens are.",
    "expire": "Kill a token of the running proxy, to rehearse its death.",
    "client": "Make client keys.",
    "seal": "Seal a secret for the config, or make a key.",
    "unseal": "Open what was sealed.",
    "audit": "Check that nobody has changed the audit log.",
    "store": "List, clear or seal anew the stored tokens.",
}


class OnDemand(TyperGroup):
    """Each name of COMMANDS is a module here, whose `app` is the command."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- click's signature
        return get_command(import_module(f"proxy.cli.{cmd_name}").app) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=OnDemand,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help comes up three times as fast
    pretty_exceptions_enable=False,  # they show local variables, secrets included
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"keyless {__version__}")
        raise typer.Exit


@app.callback(epilog="keyless COMMAND --help tells more.")
def keyless(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A reverse proxy that adds the credential: point an application's base URL at it, and it needs no key."""


def main() -> None:
    """The command `keyless`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="keyless")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ConfigError as error:  # of a file that changed since it was loaded
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    except StoreDown as down:
        print(down, file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        _report(error)
        raise SystemExit(1) from None


def _report(error: Exception) -> None:
    """Where it was, and no more: the error's text and the lines' values may hold a secret."""
    print(f"keyless: internal error, please report it: {type(error).__name__}", file=sys.stderr)
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"  {frame.filename}:{frame.lineno} {frame.name}", file=sys.stderr)
