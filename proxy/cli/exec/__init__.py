"""`keyless exec`: runs a program that finds the proxy by its environment, and no key in it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from proxy.admin.told.shown import HIDDEN
from proxy.cli.exec import files, roots
from proxy.cli.exec.child import MISSING, UNFIT, Child, Unstartable, end_as
from proxy.cli.exec.hidden import hide
from proxy.cli.exec.loan import Loan, NotLent, Wish, lent, offered
from proxy.cli.exec.place import NoConfig, Place, find
from proxy.cli.exec.wrap import Wrapped, wrap
from proxy.cli.kit.options import command_app, fail
from proxy.process import runtime
from proxy.process.garbage import undisturbed
from proxy.process.lending.variables import ClaimedTwice
from proxy.process.private_folder import PrivateFolder

FOLDER = "FOLDER"
"""What stands for the temporary folder in `--print`."""

app = command_app(context_settings={"allow_interspersed_args": False})


class Order(NamedTuple):
    command: list[str]
    routes: list[str]
    model: str | None

    @property
    def wish(self) -> Wish:
        return Wish(f"exec {Path(self.command[0]).name}", self.routes)

    def texts(self, key: str, folder: str) -> Mapping[str, str]:
        return {"key": key, "folder": folder} | ({} if self.model is None else {"model": self.model})


@app.command()
def exec(  # noqa: A001 -- the command's name
    command: Annotated[list[str], typer.Argument(help="The program and its arguments.", metavar="COMMAND...")],
    route: Annotated[
        list[str] | None, typer.Option("--route", metavar="PREFIX", help="Only this route; may be given several times.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="For programs that must be told one (docs/agents.md).")] = None,
    show: Annotated[bool, typer.Option("--print", help="Show what would be set, and run nothing.")] = False,
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="The config file.")] = None,
) -> None:
    """Run a program with the proxy's addresses and a key for this run in its environment, and no secret.

    A proxy that runs lends the key; where none does, one is started for the time of the program.
    """
    order = Order(command, list(route or ()), model)
    if not show:
        _check_program(command[0])
    try:
        place = find(config, os.environ)
        status = asyncio.run(_show(order, place) if show else _run(order, place))
    except (NoConfig, ClaimedTwice) as error:
        fail(str(error), 2)
    except NotLent as error:
        fail(str(error), error.code)
    except roots.Untrusted as error:
        fail(str(error))
    except Unstartable as error:
        fail(str(error), error.code)
    except OSError as error:  # of the folders and files that are made for the program
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}")
    raise typer.Exit(end_as(status))


def _check_program(command: str) -> None:
    """Before anything is started for it."""
    if shutil.which(command) is not None:
        return
    if "/" not in command:
        fail(f"{command}: command not found", MISSING)
    if Path(command).is_dir():
        fail(f"{command}: Is a directory", UNFIT)
    if Path(command).exists():
        fail(f"{command}: Permission denied", UNFIT)
    fail(f"{command}: No such file or directory", MISSING)


def _borrowed(place: Place, wish: Wish) -> AbstractAsyncContextManager[Loan]:
    if place.runs:
        return lent(place.config, wish)
    with undisturbed():
        from proxy.cli.exec.inside import started  # noqa: PLC0415 -- a quarter of a second that only this needs

    return started(place.config, wish)


async def _run(order: Order, place: Place) -> int:
    """The program's wait status."""
    async with _borrowed(place, order.wish) as loan:
        status = await _until_ended(order, loan)
    for remark in loan.remarks:
        print(f"keyless: {remark}", file=sys.stderr)
    return status


async def _until_ended(order: Order, loan: Loan) -> int:
    with ExitStack() as stack:
        parent = runtime.folder(os.environ)  # programs trust no folder that lies where all may write
        runtime.make_private(parent)
        folder = PrivateFolder.new(files.PREFIX, parent)
        stack.callback(folder.leave)
        wrapped = wrap(order.command, loan.offer, order.texts(loan.key, str(folder.path)), os.environ)
        loan.remarks += files.write(folder.path, wrapped.needs)
        if loan.offer.local_tls:
            roots.write(os.environ)
        hide(loan.offer.variables)
        return await Child(wrapped.command, {**os.environ, **wrapped.variables}).ended()


async def _show(order: Order, place: Place) -> int:
    if place.runs:
        offer = await offered(place.config, order.wish)
    else:
        from proxy.cli.exec.inside import offered_by  # noqa: PLC0415 -- as above

        offer = offered_by(place.config, order.wish)
    _print(wrap(order.command, offer, order.texts(HIDDEN, FOLDER), os.environ))
    return 0


def _print(wrapped: Wrapped) -> None:
    """Port 0 is one that only a start tells."""
    for name, value in sorted(wrapped.variables.items()):
        print(f"{name}={shlex.quote(value)}")
    for name in wrapped.needs.files:
        print(f"{FOLDER}/{name}")
    print(shlex.join(wrapped.command))
