"""The secret that makes several processes one proxy."""

from __future__ import annotations

from pathlib import Path

from proxy.process.common_secret import common_secrets


def test_replicas_have_it_from_the_store_key(tmp_path: Path) -> None:
    assert common_secrets(["one", "two"], tmp_path) == [b"one", b"two"]
    assert list(tmp_path.iterdir()) == []


def test_workers_have_one_and_others_another(tmp_path: Path) -> None:
    assert common_secrets(None, tmp_path) == common_secrets((), tmp_path)
    assert len({*common_secrets(None, tmp_path), *common_secrets(None, None), *common_secrets(None, None)}) == 3
