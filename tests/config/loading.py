"""A config given as text, loaded from a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from tests.config.catalogue_of_cases import CATALOGUE


def loaded(folder: Path, text: str | bytes, strict: bool = False, **environ: str) -> Loaded:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, environ=environ, strict=strict, catalogue=CATALOGUE)


def problems(folder: Path, text: str | bytes, strict: bool = False, **environ: str) -> list[str]:
    """Each problem without the folder's name."""
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text, strict, **environ)
    return str(raised.value).replace(f"{folder}/", "").splitlines()
