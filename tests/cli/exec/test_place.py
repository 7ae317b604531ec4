"""Which config counts: that of the folder only where a proxy runs with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.cli.exec.place import NoConfig, Place, find
from proxy.process.runtime import Runtime, path_of


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """Short, since a unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory() as made:
        yield {"XDG_RUNTIME_DIR": made, "XDG_CONFIG_HOME": f"{made}/config"}


async def test_the_folders_own_needs_a_proxy_that_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    here = tmp_path / "config.yaml"
    here.touch()
    with pytest.raises(NoConfig, match="not taken unasked"):
        find(None, environ, here)
    runtime = Runtime(path_of(here, environ))
    runtime.open()
    assert find(None, environ, here) == Place(here, True)
    await runtime.close()
    with pytest.raises(NoConfig):
        find(None, environ, here)


def test_the_users_own_comes_last(tmp_path: Path, environ: dict[str, str]) -> None:
    here, own = tmp_path / "config.yaml", Path(environ["XDG_CONFIG_HOME"]) / "keyless" / "config.yaml"
    with pytest.raises(NoConfig, match="there is no config"):
        find(None, environ, here)
    own.parent.mkdir(parents=True)
    own.touch()
    assert find(None, environ, here) == Place(own, False)
    assert find(here, environ, here) == Place(here, False)
    assert find(None, environ | {"KEYLESS_CONFIG": "/x/y.yaml"}, here) == Place(Path("/x/y.yaml"), False)
