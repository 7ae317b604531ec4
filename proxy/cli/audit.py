"""`keyless audit verify`: is the audit log as it was written?

Owns: which files belong together and in which order, and what is said. Must not know: what breaks a chain
(audit/verify.py).
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import typer

from proxy.audit import chain
from proxy.audit.events import STDOUT
from proxy.audit.trail import is_named, rotated
from proxy.audit.verify import Tampered, Walk
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, JsonOption, command_app, fail, load_or_exit, print_json

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBERED = re.compile(r"(.+)\.([0-9]+)")

app = command_app(no_args_is_help=True)


class Opened(NamedTuple):
    """A file of the log and how much of it there was when all of them were opened."""

    path: Path
    file: BinaryIO
    size: int


class Seen(NamedTuple):
    """What came of the walk."""

    walk: Walk
    files: int
    torn: bool


@app.callback()
def audit() -> None:
    """Check that nobody has changed the audit log."""


@app.command()
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Its files; the config's log, unless said.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    expect: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="A line with this digest must be there: that of an earlier end."),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the key, without a config.")
    ] = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="Check the chain alone, not who has signed it.")] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="The lines were collected from stdout, among others; older ones may lack.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Walk along the log's chain. Exit code 1 if a line was changed, removed, inserted or moved, and where."""
    if expect is not None and not _DIGEST.fullmatch(expect):
        fail("--expect: expected 64 hex digits, such as `keyless audit verify` prints as the last digest", 2)
    paths, keys = _told(files or [], config, key_file, no_key)
    walk = Walk(keys, stream)
    try:
        seen = _walked(paths, walk, expect)
    except Tampered as broken:
        _tell_broken(broken, walk, as_json)
    else:
        _tell(seen, as_json)


# ---------------------------------------------------------------------------------------------- what is checked


def _told(files: list[Path], config: Path, key_file: Path | None, no_key: bool) -> tuple[list[Path], list[bytes]]:
    """Exit code 2 if there is nothing to check."""
    keys = [] if key_file is None else [_key(key_file)]
    if not files or (not keys and not no_key and config.exists()):
        told = load_or_exit(config)
        setting = told.config.audit
        if not files:
            if setting is None or setting.file == STDOUT:
                fail("the config names no audit file; name the files to check", 2)
            files = rotated(told.folder / Path(setting.file).expanduser())
            if not files:
                fail(f"there is no audit log at {told.folder / setting.file} yet", 2)
        keys = keys or list((setting.key if setting is not None else None) or ())
    return sorted(files, key=_age), [] if no_key else [chain.signer(key) for key in keys]


def _key(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        fail(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}", 2)


def _age(path: Path) -> tuple[str, int]:
    """The oldest first: the shell's `log*` gives log, log.1, log.10, log.2."""
    numbered = _NUMBERED.fullmatch(path.name)
    if numbered is None:
        return str(path), 0
    return str(path.with_name(numbered[1])), -int(numbered[2])


# ---------------------------------------------------------------------------------------------- the walk


def _walked(paths: Sequence[Path], walk: Walk, expected: str | None) -> Seen:
    """Raises Tampered."""
    found, torn = expected is None, False
    with ExitStack() as stack:
        for opened in _open_all(paths, stack):
            torn = False
            for number, line in enumerate(_lines(opened), 1):
                torn = not line.endswith(b"\n")
                digest = walk.feed(f"{opened.path}:{number}", line.removesuffix(b"\n"))
                found = found or digest == expected
        walk.end(torn=torn)
    if not found:
        raise Tampered(
            str(paths[-1]), "no line has the digest that was expected: its end was cut off, or all of it replaced"
        )
    return Seen(walk, len(paths), torn)


def _open_all(paths: Sequence[Path], stack: ExitStack) -> list[Opened]:
    """All at once and under the lock, so that a proxy that writes and rotates meanwhile breaks nothing."""
    files: list[tuple[Path, BinaryIO]] = []
    try:
        newest = stack.enter_context(paths[-1].open("rb"))
        fcntl.flock(newest, fcntl.LOCK_SH)
        while not is_named(newest.fileno(), paths[-1]):  # it was rotated meanwhile, and would be read twice
            newest = stack.enter_context(paths[-1].open("rb"))
            fcntl.flock(newest, fcntl.LOCK_SH)
        files = [(path, stack.enter_context(path.open("rb"))) for path in paths[:-1]]
        opened = [Opened(path, file, os.fstat(file.fileno()).st_size) for path, file in (*files, (paths[-1], newest))]
        fcntl.flock(newest, fcntl.LOCK_UN)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 2)
    return opened


def _lines(opened: Opened) -> Iterator[bytes]:
    """With their line breaks. Raises Tampered for one that is longer than ours can be."""
    left = opened.size
    while left > 0 and (line := opened.file.readline(min(left, chain.LONGEST))):
        left -= len(line)
        if len(line) == chain.LONGEST and not line.endswith(b"\n"):
            raise Tampered(str(opened.path), f"holds a line of more than {chain.LONGEST} bytes, which is none of ours")
        yield line


# ---------------------------------------------------------------------------------------------- what is said


def _known(walk: Walk) -> dict[str, Any]:
    chains = [
        {"chain": name, "first": each.first, "last": each.last.seq, "digest": each.last.digest}
        for name, each in walk.chains.items()
    ]
    counts = {"lines": walk.lines, "signed": walk.signed, "recovered": walk.recovered, "lost": walk.lost}
    return {**counts, "checked_with_key": bool(walk.keys), "chains": chains}


def _tell_broken(broken: Tampered, walk: Walk, as_json: bool) -> None:
    if as_json:
        print_json({"ok": False, "place": broken.place, "why": broken.why, **_known(walk)})
    fail(f"BROKEN {broken}")


def _tell(seen: Seen, as_json: bool) -> None:
    walk = seen.walk
    if as_json:
        print_json({"ok": True, "files": seen.files, "torn": seen.torn, **_known(walk)})
        return
    signed = ", all signed" if walk.keys else ""
    print(f"OK {_many(walk.lines, 'line')} in {_many(seen.files, 'file')}{signed}")
    for name, each in walk.chains.items():
        print(f"chain {name}: lines {each.first} to {each.last.seq}, last digest {each.last.digest}")
    for note in _notes(seen):
        print(f"note: {note}")


def _notes(seen: Seen) -> Iterator[str]:
    walk = seen.walk
    if any(each.first > 1 for each in walk.chains.values()):
        yield "older lines are not here; that rotation has removed them can't be told from someone else doing so"
    if walk.signed and not walk.keys:
        yield "the lines are signed, and that was not checked; it needs the config's audit.key, or --key-file"
    if walk.recovered:
        yield f"{_many(walk.recovered, 'line')} torn by a crash and marked as such when the log went on"
    if seen.torn:
        yield "the last line has no end: its writer was interrupted, and the next start will mark it"
    if walk.lost:
        yield f"{_many(walk.lost, 'line')} could not be written at the time, and the log says where"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
