"""The programs of docs/library.md run as they stand, and mypy has nothing to say against them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from proxy.sandbox import Sandbox
from tests.conftest import providers
from tests.docs.test_docs import ROOT, Block, blocks

PROGRAMS = blocks("python", "library")


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environ, check=False, capture_output=True, text=True, timeout=120
    )


def test_there_are_some() -> None:
    assert len(PROGRAMS) == 7


@pytest.mark.parametrize("block", PROGRAMS)
async def test_a_program_runs_beside_a_config(block: Block, tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        route = {"upstream": f"{sandbox.url}/oauth2/api", "provider": "sandbox"}
        written = {"providers": {"sandbox": providers(sandbox.url)["oauth2"]}, "routes": {"/sandbox": route}}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(written))
        done = await asyncio.to_thread(run, "-W", "error", "-c", block.text, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_they_are_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    for number, program in enumerate(PROGRAMS):
        (tmp_path / f"program{number}.py").write_text(program.values[0].text)
    names = [path.name for path in tmp_path.glob("program*.py")]
    cache = os.environ.get("MYPY_CACHE_DIR", str(ROOT / ".mypy_cache"))
    done = run("-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", cache, *names, folder=tmp_path)
    assert done.returncode == 0, done.stdout
