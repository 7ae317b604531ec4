"""The ledger: standing at the edges of a life, voiding, generations, its bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sandbox import tokens
from proxy.sandbox.tokens import Ledger, Standing


@pytest.mark.parametrize(
    ("now", "standing"),
    [(0.0, Standing.GOOD), (29.999, Standing.GOOD), (30.0, Standing.EXPIRED), (1e9, Standing.EXPIRED)],
)
def test_a_token_dies_at_its_expiry(now: float, standing: Standing) -> None:
    ledger = Ledger()
    token = ledger.mint("aiob", "t", 30.0)
    assert ledger.judge("aiob", "t", now) == (standing, token)


@pytest.mark.parametrize(
    ("value", "standing"), [(None, Standing.MISSING), ("", Standing.MISSING), ("x", Standing.UNKNOWN)]
)
def test_a_value_that_was_never_minted(value: str | None, standing: Standing) -> None:
    assert Ledger().judge("aiob", value, 0.0) == (standing, None)


def test_a_token_of_one_style_is_unknown_to_another() -> None:
    ledger = Ledger()
    ledger.mint("aiob", "t", 30.0)
    assert ledger.judge("session", "t", 0.0)[0] is Standing.UNKNOWN


def test_void_says_how_many_and_spares_other_styles() -> None:
    ledger = Ledger()
    for style, value in (("aiob", "a"), ("aiob", "b"), ("session", "c")):
        ledger.mint(style, value, 30.0)
    assert ledger.void("aiob") == 2
    assert ledger.judge("aiob", "a", 0.0)[0] is Standing.UNKNOWN
    assert (ledger.live("aiob", 0.0), ledger.live("session", 0.0)) == (0, 1)
    assert ledger.void() == 1
    assert ledger.void("nobody") == 0


@given(st.lists(st.sampled_from(["baidu", "aiob"]), max_size=30))
def test_generations_count_within_a_style(styles: list[str]) -> None:
    ledger = Ledger()
    minted = [(style, ledger.mint(style, f"token {count}", 1.0)) for count, style in enumerate(styles)]
    for style in ("baidu", "aiob"):
        assert [token.generation for name, token in minted if name == style] == list(range(1, styles.count(style) + 1))
        assert ledger.generation(style) == styles.count(style)


def test_the_oldest_tokens_are_forgotten_beyond_the_bound() -> None:
    ledger = Ledger()
    for count in range(tokens.KEPT + 1):
        ledger.mint("aiob", str(count), 30.0)
    assert ledger.judge("aiob", "0", 0.0) == (Standing.UNKNOWN, None)
    assert ledger.judge("aiob", "1", 0.0)[0] is Standing.GOOD
    assert ledger.generation("aiob") == tokens.KEPT + 1


def test_a_repr_shows_no_token() -> None:
    assert "s3cret" not in repr(Ledger().mint("aiob", "s3cret", 1.0))
