"""What a config is made of is freed by itself, and a search for garbage leaves it out."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.plan.compile import compile_plan
from proxy.process.garbage import FEW, _Shared, settle, share, undisturbed
from proxy.values.now import Now


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    _Shared.pages = False
    gc.unfreeze()


def test_nothing_is_searched_meanwhile_and_what_is_there_is_left_out_afterwards() -> None:
    with undisturbed():
        assert not gc.isenabled()
        made = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000
    assert not any(each is made for each in gc.get_objects())


def test_a_failure_inside_changes_nothing_of_that() -> None:
    with pytest.raises(KeyError), undisturbed():
        raise KeyError
    assert gc.isenabled()


def test_configs_and_plans_hold_no_rings(tmp_path: Path) -> None:
    """What is frozen is freed only when nobody refers to it: a ring would stay for ever."""
    path = tmp_path / "config.yaml"
    providers = "".join(f"  p{number}: {{scheme: static, token: secret-{number}}}\n" for number in range(50))
    routes = "".join(f"  /r{number}: {{upstream: https://a.example, provider: p{number}}}\n" for number in range(50))
    path.write_text(f"providers:\n{providers}routes:\n{routes}clients: [{{name: c, key: 0123456789abcdef}}]\n")

    def once() -> None:
        compile_plan(load(path, environ={}), lambda: 0.0, Now(0.0, 0.0))

    once()
    gc.collect()
    gc.disable()
    try:
        once()
        assert gc.collect() < 20, "per load, not per route"
    finally:
        gc.enable()


def test_a_service_that_is_small_is_searched_before_it_is_frozen() -> None:
    ring: list[object] = []
    ring.append(ring)
    gc.collect()
    gc.disable()
    del ring
    few = sys.getallocatedblocks() <= FEW
    settle()
    gc.enable()
    gc.unfreeze()
    assert gc.collect() == 0 or not few


class Ring:
    def __init__(self) -> None:
        self.own = self


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_shared_is_never_searched_again(shared: bool) -> None:
    """To look at an object writes to its page, and then each process has a copy of that."""
    ring = Ring()
    gone = weakref.ref(ring)
    if shared:
        share()
    else:
        gc.freeze()
    del ring
    if sys.getallocatedblocks() <= FEW:
        settle()
        assert (gone() is not None) == shared
