"""Compiles the request path with mypyc, where `KEYLESS_COMPILE=1` asks for it.

Without it the wheel is pure Python and does the same, for more CPU per request (docs/performance.md). Nothing is
written into the checkout: an extension module beside its source would hide every later edit of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASKED = os.environ.get("KEYLESS_COMPILE") == "1"
LEVEL = os.environ.get("KEYLESS_OPTIMIZE", "3")
"""The C compiler's -O: for tests that need what is compiled soon, not fast. For Python 3.13, -O3 takes minutes."""
COMPILER = ["mypy[mypyc]>=2.4,<3", "setuptools>=75"]


class Compile(BuildHookInterface):
    """`modules` in pyproject.toml says what is compiled: what runs for every request, and nothing else."""

    def dependencies(self) -> list[str]:
        return COMPILER if ASKED else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not ASKED:
            return
        self._built = TemporaryDirectory(prefix="build-keyless-")  # until the wheel is made
        folder = Path(self._built.name)
        compile_to(folder, self.config["modules"])
        extensions = [file for file in folder.rglob("*") if file.suffix in (".so", ".pyd")]
        build_data["force_include"].update({str(file): str(file.relative_to(folder)) for file in extensions})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_to(folder: Path, modules: list[str]) -> None:
    # Builds of pure wheels, which don't ask for the compiler, have none of these.
    from mypyc.build import mypycify  # noqa: PLC0415 -- as above
    from setuptools import Distribution  # noqa: PLC0415 -- as above
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415 -- as above

    # Of the dependencies only what they are at run time counts: they are not installed while a wheel is built.
    options = ["--config-file=", "--ignore-missing-imports", "--no-warn-unused-ignores", f"--cache-dir={folder / 't'}"]
    made = {"target_dir": str(folder / "c"), "group_name": "keyless", "opt_level": LEVEL, "debug_level": "0"}
    extensions = mypycify([*options, *modules], **made)
    command = build_ext(Distribution({"name": "keyless", "ext_modules": extensions}))
    command.build_lib = str(folder)
    command.build_temp = str(folder / "o")
    command.ensure_finalized()
    command.run()
