"""Which config `exec` and `env` go by, and whether a proxy runs with it.

Owns: what differs from other commands (config/place.py). Must not know: what a proxy is asked. The file of the folder
where the user happens to be counts only where a proxy runs with it already: that of a foreign repository may hold
commands (`${exec:}`).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from proxy.config.place import HERE, VARIABLE, named, own
from proxy.errors import KeylessError
from proxy.process.runtime import path_of


class NoConfig(KeylessError):  # noqa: N818 -- it says what is the case
    """None may be taken; the text says what to do."""


class Place(NamedTuple):
    """`runs`: whether a proxy answers commands for this config."""

    config: Path
    runs: bool


def find(told: Path | None, environ: Mapping[str, str], here: Path = HERE) -> Place:
    """`told`: by `-c`. Raises NoConfig."""
    told = told or named(environ)
    if told is not None:
        return Place(told, answers(told, environ))
    if answers(here, environ):
        return Place(here, True)
    users = own(environ)
    if users.is_file():
        return Place(users, answers(users, environ))
    raise NoConfig(_advice(here, users))


def answers(config: Path, environ: Mapping[str, str]) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(str(path_of(config, environ)))
        except OSError:
            return False
    return True


def _advice(here: Path, users: Path) -> str:
    if here.is_file():
        return (
            f"no proxy runs with {here}, and it is not taken unasked, since what it says is run; "
            f"start one with `keyless run`, or say `-c {here}`"
        )
    return f"there is no config: `keyless init -c {users} API...` makes one; or name yours with -c or ${VARIABLE}"
