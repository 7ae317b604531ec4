"""Which file is the config where nobody names one, and which folder what is made for this user lies in.

Owns: the order of the places. Must not know: what stands in the file, or whether a proxy runs with it. `exec` and `env`
go by it but for the folder's own (cli/exec/place.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HERE = Path("config.yaml")
VARIABLE = "KEYLESS_CONFIG"


def named(environ: Mapping[str, str]) -> Path | None:
    """By the variable; an empty one names none."""
    return Path(environ[VARIABLE]) if environ.get(VARIABLE) else None


def own(environ: Mapping[str, str]) -> Path:
    """The user's, whether it is there or not."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "keyless" / "config.yaml"


def usual(environ: Mapping[str, str], here: Path = HERE) -> Path:
    """`here` if there is none at all: that is what people expect to be told of."""
    told = named(environ)
    if told is not None:
        return told
    return here if here.exists() or not own(environ).is_file() else own(environ)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Raises RuntimeError for a user without a home."""
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "keyless"
