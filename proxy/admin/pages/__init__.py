"""The pages of `/-/`, one file for each; a new one is a file here and its row below; for people, in dashboard/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxy.admin.page import Page
from proxy.admin.pages import healthz, metrics, providers, readyz, status, token

FOR_ALL: tuple[Page, ...] = (healthz, readyz, token)
"""Whoever asks comes by the listeners that serve routes."""

FOR_PROGRAMS: tuple[Page, ...] = (status, metrics, providers)
"""The operator's. With `admin.listen` these and those for people are there alone."""


class _Pages(Iterable[Page]):
    """All. Those for people come last, and are imported when nothing before them is meant: 25 modules."""

    def __iter__(self) -> Iterator[Page]:
        yield from FOR_ALL
        yield from FOR_PROGRAMS
        from proxy.admin.dashboard.pages import FOR_PEOPLE  # noqa: PLC0415 -- see above

        yield from FOR_PEOPLE


PAGES = _Pages()
