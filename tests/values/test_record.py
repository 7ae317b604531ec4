"""Records: what one can do, and that nobody declares a frozen dataclass beside them where it isn't compiled."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import asdict, field, replace
from pathlib import Path

import pytest

from proxy.values.record import record
from tests.test_compiled import MODULES, ROOT

_FROZEN = re.compile(r"^@dataclass\(.*frozen=True", re.MULTILINE)
_RECORD = re.compile(r"^@record$", re.MULTILINE)


@record
class Key:
    name: str
    secret: str = field(repr=False)
    uses: list[int] = field(default_factory=list, compare=False)


@record
class Named:
    name: str

    def __repr__(self) -> str:
        return "Named"


def test_it_is_compared_and_hashed_by_its_parts() -> None:
    assert Key("a", "b") == Key("a", "b", [1])
    assert Key("a", "b") != Key("a", "c")
    assert Named("a") != Key("a", "b")
    assert len({Key("a", "b"), Key("a", "b"), Key("a", "c")}) == 2


def test_it_shows_no_more_parts_than_it_may() -> None:
    assert repr(Key("a", "b")) == "Key(name='a', uses=[])"
    assert repr(Named("a")) == "Named"


def test_it_has_no_room_for_more() -> None:
    assert not hasattr(Key("a", "b"), "__dict__")


def test_it_is_copied_as_dataclasses_are() -> None:
    key = Key("a", "b", [1])
    assert asdict(replace(key, name="c")) == {"name": "c", "secret": "b", "uses": [1]}
    for copied in (copy.deepcopy(key), pickle.loads(pickle.dumps(key))):
        assert (copied, copied.uses) == (key, [1])


@pytest.mark.parametrize("file", [str(file.relative_to(ROOT)) for file in sorted(Path(ROOT, "proxy").rglob("*.py"))])
def test_frozen_dataclasses_are_declared_where_they_are_compiled_alone(file: str) -> None:
    """Each costs a start half a millisecond more. The sandbox, which starts apart, imports nothing of the proxy."""
    source = Path(ROOT, file).read_text(encoding="utf-8")
    if file in MODULES:
        assert not _RECORD.search(source)
    elif not file.startswith(("proxy/sandbox/", "proxy/errors.py")):
        assert not _FROZEN.search(source)
