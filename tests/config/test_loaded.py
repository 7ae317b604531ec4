from __future__ import annotations

from pathlib import Path

from tests.config.loading import loaded


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "providers: {p: {scheme: static, token: '${T}'}}\n"
        "routes: {/a: {upstream: 'https://example.com/${T}', provider: p, headers: {set: {X: '${T}'}}}}\n"
        "clients: [{name: a, key: '${T}0123456789'}]\nadmin: {key: '${T}${T}'}\n",
        T="hunter2hunter2",
    )
    assert "hunter2" not in repr(found) + repr(found.config) + repr(found.config.routes["/a"].headers)
