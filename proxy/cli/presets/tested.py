"""`keyless presets test FILE`: each example of a preset, what it expects and what comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from proxy.cli.kit.options import fail, print_json
from proxy.config.proof.proof import Proof
from proxy.config.proof.read import proofs_of
from proxy.errors import ConfigError

_TELLING = ("refused", "dead", "skewed", "token", "lifetime", "class", "header", "claims")
"""What is worth reading of an example that holds."""


def test(file: Path, as_json: bool) -> None:
    """Exit code 2 for a file that is no preset, 1 where an example is not as its rules have it, or there is none."""
    try:
        proofs = list(proofs_of(file))
    except ConfigError as error:
        _refuse(error, as_json)
    failed = sum(not proof.holds for _, proof in proofs)
    if as_json:
        examples = [_row(line, proof) for line, proof in proofs]
        print_json({"ok": bool(proofs) and not failed, "problems": [], "examples": examples})
    elif not proofs:
        fail(f"{file}: it has no examples, so nothing is proven; docs/presets.md shows what they look like")
    else:
        for line, proof in proofs:
            print("\n".join(_told(f"{file}:{line}", proof)))
        print(f"{file}: {_counted(len(proofs))}, {f'{failed} not as the rules have it' if failed else 'all hold'}")
    if failed or not proofs:
        raise typer.Exit(1)


def _refuse(error: ConfigError, as_json: bool) -> None:
    if as_json:
        problems = [problem._asdict() for problem in error.problems]
        print_json({"ok": False, "problems": problems, "examples": []})
        raise typer.Exit(2)
    fail(str(error), 2)


def _row(line: int, proof: Proof) -> dict[str, Any]:
    kind, about = proof.where[1], proof.about
    compared = {"expected": proof.expected, "got": proof.got}
    return {"line": line, "kind": kind, "about": about, "ok": proof.holds, **compared}


def _told(where: str, proof: Proof) -> Iterator[str]:
    title = f"{proof.where[1]}: {proof.about}" if proof.about else str(proof.where[1])
    if proof.holds:
        told = [f"{key} {_shown(proof.got[key])}" for key in _TELLING if proof.got.get(key) is not None]
        yield f"{where}: ok: {title}" + (f" ({', '.join(told)})" if told else "")
        return
    yield f"{where}: WRONG: {title}"
    for key, expected, got in proof.differences():
        yield f"    {key}: expected {_shown(expected)}, got {_shown(got)}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _counted(count: int) -> str:
    return f"{count} example{'' if count == 1 else 's'}"
