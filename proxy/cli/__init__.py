"""The command line: one file per command (docs/operate.md#on-a-machine lists them).

Owns: the list of commands, and how an unforeseen end looks. Must not know: what a command does. A command's file is
imported when it's called, so that none waits for what it doesn't use: `run` has to listen soon.

Exit codes: 0 fine, 1 the thing asked for failed, 2 usage or config, 130 Ctrl-C. No command but `token --reveal` prints
a secret; `client new` prints the key that it makes.
"""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import signal
import sys
import traceback
from importlib import import_module
from importlib.resources import files
from typing import Annotated, Any

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]  # as get_completion_script (completion.py)
from typer.core import CompletionItem, TyperGroup  # type: ignore[attr-defined]  # click's own, or typer's copy of it
from typer.main import get_command

from proxy.cli.kit.coloured import with_colours
from proxy.errors import ConfigError
from proxy.process.garbage import importing
from proxy.tokens.store import StoreDown
from proxy.version import __version__

COMMANDS = (
    *("run", "init", "add", "check", "explain", "call", "token", "login", "logout", "presets", "schema", "sandbox"),
    *("exec", "env", "status", "expire", "client", "ca", "seal", "unseal", "audit", "store", "completion"),
)

_SENTENCE = re.compile(r"(?:`[^`]*`|[^`.;:]|[.;:](?!\s|$))*")
"""What stands in `code` ends none."""


class OnDemand(TyperGroup):
    """Each name of COMMANDS is a module here, whose `app` is the command."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        with_colours(self)
        return super().make_context(*args, **options)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- click's signature
        if cmd_name not in COMMANDS:
            return None
        with importing():
            module = import_module(f"proxy.cli.{cmd_name}")
        return with_colours(get_command(module.app))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Their names, unlike the ancestor's without importing them all for a word of help."""
        found = [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]
        return found or super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in COMMANDS])


def _summary(name: str) -> str:
    """The first sentence of what the command says of itself. Read, not imported: all of them would take a second."""
    functions = [node for node in ast.parse(_source(name)).body if isinstance(node, ast.FunctionDef)]
    command = next(node for node in functions if node.decorator_list)
    sentence = _SENTENCE.match(ast.get_docstring(command) or "")
    return "" if sentence is None else sentence.group() + "."


def _source(name: str) -> str:
    package = files("proxy.cli")
    file = package / f"{name}.py"
    return (file if file.is_file() else package / name / "__init__.py").read_text(encoding="utf-8")


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
    _open_what_is_closed()
    if sys.argv[1:2] == ["run"]:
        _stay()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if "_KEYLESS_COMPLETE" in os.environ:  # a shell asks what may come next (completion.py)
        completion_init()
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
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            print(f"keyless: {error.strerror}", file=sys.stderr)
        else:
            _report(error)
        raise SystemExit(1) from None


def _open_what_is_closed() -> None:
    """Who starts a daemon may close these; what is opened next would be taken for them then."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 -- for the whole process


def _stay() -> None:
    """A SIGHUP that comes before anything can be read again (cli/kit/stop.py); what a terminal says ends it."""
    if hasattr(signal, "SIGHUP") and not sys.stdin.isatty():
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)


def _report(error: Exception) -> None:
    """Where it was, and no more: the error's text and the lines' values may hold a secret."""
    print(f"keyless: internal error, please report it: {type(error).__name__}", file=sys.stderr)
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"  {frame.filename}:{frame.lineno} {frame.name}", file=sys.stderr)
