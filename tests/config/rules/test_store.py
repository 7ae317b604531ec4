"""`store: redis://...`: what is found before anything connects, with its line and without a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.values.redis_url import RedisUrl
from tests.config.loading import loaded, problems

KEY = "store_key: a-key-of-many-characters\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:sec/ret@h", "in a password / ? # @ and % are written %2F"),
        ("'redis://:sec#ret@h'", "in a password / ? # @ and % are written %2F"),
        ("redis://:secret@h:port/0", "the port is a number"),
        ("redis://:secret@h/secret", "the database is a number"),
        ("redis+sentinel://:secret@h", "Sentinel and Cluster can't be used"),
        ("redis://:secret@a:1,b:2", "Sentinel and Cluster can't be used"),
        ("redis:/:secret@h", "expected memory, file:DIR"),
        ("redis://:${PW}@h:${PORT}", "the port is a number"),
    ],
)
def test_a_url_that_is_none_is_found_with_its_line(tmp_path: Path, url: str, says: str) -> None:
    (told,) = problems(tmp_path, f"{KEY}store: {url}\n", PW="secret", PORT="secret")
    assert told.startswith("config.yaml:2: store: ")
    assert says in told
    assert "secret" not in told
    assert "sec/ret" not in told


@pytest.mark.parametrize("password", ["p/w", "p#w", "p?w", "p%41w", "p@w:x", "p w", "ü{}$"])
def test_a_password_from_a_variable_is_taken_as_it_is(tmp_path: Path, password: str) -> None:
    store = loaded(tmp_path, f"{KEY}store: redis://:${{REDIS_PASSWORD}}@h:1/2\n", REDIS_PASSWORD=password).config.store
    url = RedisUrl.parse(store)
    assert (url.user, url.password, url.where, url.database) == (None, password, "redis://h:1", 2)


def test_a_url_from_a_variable_is_a_url(tmp_path: Path) -> None:
    store = loaded(tmp_path, f"{KEY}store: ${{REDIS_URL}}\n", REDIS_URL="rediss://u:p%2Fw@h").config.store
    assert (RedisUrl.parse(store).user, RedisUrl.parse(store).password) == ("u", "p/w")
