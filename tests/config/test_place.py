"""Which file is the config where nobody names one, and where what is made for a user lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.place import own, state_folder, usual


@pytest.mark.parametrize(
    ("variable", "here", "users", "taken"),
    [
        ("named.yaml", True, True, "named"),
        ("named.yaml", False, False, "named"),
        ("", True, True, "here"),
        (None, True, True, "here"),
        (None, True, False, "here"),
        (None, False, True, "users"),
        (None, False, False, "here"),
    ],
)
def test_the_order(variable: str | None, here: bool, users: bool, taken: str, tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    places = {"named": Path("named.yaml"), "here": tmp_path / "config.yaml", "users": own(environ)}
    if variable is not None:
        environ["KEYLESS_CONFIG"] = variable
    places["users"].parent.mkdir(parents=True)
    for name, is_there in (("here", here), ("users", users)):
        if is_there:
            places[name].touch()
    assert usual(environ, places["here"]) == places[taken]


def test_the_users_own_without_a_folder_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert own({}) == tmp_path / ".config" / "keyless" / "config.yaml"


def test_what_is_made_for_a_user_lies_in_the_state_folder() -> None:
    assert state_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/keyless")
    assert state_folder({"XDG_STATE_HOME": ""}) == Path.home() / ".local/state/keyless"
