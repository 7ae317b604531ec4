"""What is kept of readings for the page: each thing once, the last ones, and what a button has asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from proxy.process.reloading.supervised import NAME, SupervisedReloads, answers
from proxy.process.reloading.tidings import KEPT, Reading, Tidings
from proxy.process.runtime import Runtime

BROKEN = "config.yaml:3: routes: expected a mapping"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A unix socket's path may have 107 bytes."""
    with TemporaryDirectory(prefix="kls-") as folder:
        yield Path(folder)


def tidings() -> Tidings:
    return Tidings(lambda: None, lambda: 1.0)


async def test_what_changed_waits_or_is_broken() -> None:
    told = tidings()
    told.taken({"routes_added": ["/a"], "routes_removed": []}, ["listen"], (), ())
    told.held_back(("a secret would go elsewhere",))
    told.broken(BROKEN)
    told.broken(BROKEN)
    assert await told.readings() == (
        Reading(1.0, {"routes_added": ["/a"]}, ("listen",)),
        Reading(1.0, held_back=("a secret would go elsewhere",)),
        Reading(1.0, problems=(BROKEN,)),
    )


async def test_what_can_not_be_used_is_counted_once_however_often_it_is_tried() -> None:
    told, failed = tidings(), list[int]()
    told.failed = lambda: failed.append(1)
    told.broken(BROKEN)
    told.broken(BROKEN)
    assert len(failed) == 1
    await told.again()
    told.broken(BROKEN)
    assert len(failed) == 2


async def test_nothing_new_is_no_news_unless_somebody_asked() -> None:
    told = tidings()
    told.taken({}, [], (), ())
    assert await told.readings() == ()
    await told.again()
    told.taken({}, [], (), ())
    told.taken({}, [], (), ())
    assert await told.readings() == (Reading(1.0),)


async def test_a_config_that_can_be_read_again_is_news() -> None:
    told = tidings()
    told.broken(BROKEN)
    told.taken({}, [], (), ())
    assert len(await told.readings()) == 2


async def test_only_the_last_are_kept() -> None:
    told = tidings()
    for number in range(KEPT * 2):
        told.taken({"routes_added": [f"/{number}"]}, [], (), ())
    assert len(await told.readings()) == KEPT


async def test_a_worker_hears_of_them_from_its_supervisor(short_folder: Path) -> None:
    asked = []
    told = Tidings(lambda: asked.append(1), lambda: 1.0)
    told.taken({"routes_added": ["/a"]}, ["listen"], ("file:x",), ())
    runtime = Runtime(short_folder / NAME, answers(told))
    runtime.open()
    try:
        worker = SupervisedReloads(short_folder)
        assert tuple(await worker.readings()) == await told.readings()
        await worker.again()
        assert asked == [1]
    finally:
        await runtime.close()
    with pytest.raises(OSError, match=r".*"):
        await worker.readings()
