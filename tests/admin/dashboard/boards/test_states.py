"""Every state of a credential has words, and those that need a person say what to do."""

from __future__ import annotations

import pytest

from proxy.admin.dashboard.boards.states import BAD, BUSY, STATES, advice, words
from proxy.admin.report import ProviderReport
from proxy.admin.view import UNCONFIGURED
from proxy.auth.life.lifecycle import State


def test_no_state_is_without_words() -> None:
    assert set(STATES) == {*map(str, State), UNCONFIGURED}


@pytest.mark.parametrize("state", [state for state, known in STATES.items() if known.tone == BAD])
def test_what_needs_a_person_says_what_to_do(state: str) -> None:
    assert advice("crm", ProviderReport(state, last_error="no"))


def test_the_issuers_hint_comes_before_ours() -> None:
    assert advice("crm", ProviderReport("latched", last_error="no", hint="Renew the secret.")) == "Renew the secret."


def test_a_fixed_key_that_the_api_refuses_is_bad() -> None:
    assert words(ProviderReport("static")).tone != BAD
    assert words(ProviderReport("static", last_error="it is dead")).tone == BAD


def test_an_issuer_that_failed_is_not_calm() -> None:
    assert words(ProviderReport("empty", last_error="no answer")).tone == BUSY


def test_a_state_of_another_release_is_shown_as_it_is() -> None:
    assert words(ProviderReport("half_open")).label == "half open"
