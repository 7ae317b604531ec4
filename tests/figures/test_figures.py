"""Who is told of an exchange that is over."""

from __future__ import annotations

from proxy.figures.ended import Ended
from proxy.figures.figures import Figures
from proxy.figures.timeline import Timeline


def test_nobody_watches_until_somebody_looks_on() -> None:
    figures = Figures()
    assert (figures.watchers, figures.recent, figures.series) == ([], None, None)
    figures.look_on()
    figures.look_on()
    assert len(figures.watchers) == 1
    figures.tell(Ended(Timeline(1.0, 2.0), "GET", "/", 200))
    assert figures.recent is not None
    assert figures.recent.number == 1
