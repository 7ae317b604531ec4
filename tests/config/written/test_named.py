"""Routes that are a name, what a preset brings along, and the variables that are read unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.written.preset import Ended
from tests.config.catalogue_of_cases import CATALOGUE
from tests.config.loading import loaded, problems

SHOP = "preset shop, base cn"


def token(found: Loaded, name: str = "shop") -> str:
    return str(found.config.providers[name].model_dump()["token"])


def test_what_was_filled_in_and_from_where(tmp_path: Path) -> None:
    found = loaded(tmp_path, "routes: {/a: shop, /b: {provider: shop, base: world}}\n", SHOP_KEY="k" * 9)
    assert found.filled == {
        ("providers", "shop"): "preset shop",
        ("providers", "shop", "key"): "${SHOP_KEY}, which preset shop names",
        ("routes", "/a", "upstream"): SHOP,
        ("routes", "/b", "upstream"): "preset shop, base world",
    }
    assert found.presets == {"shop": CATALOGUE["shop"]}


def test_what_is_written_is_not_filled_in(tmp_path: Path) -> None:
    text = "providers: {p: {use: shop, key: mine-0123456789, base: world}}\nroutes: {/a: p}\n"
    found = loaded(tmp_path, text, SHOP_KEY="k" * 9)
    assert found.filled == {("routes", "/a", "upstream"): "preset shop, base world"}
    assert token(found, "p") == "mine-0123456789"


@pytest.mark.parametrize(
    ("environ", "value"),
    [
        ({"SHOP_KEY": "new-one", "OLD_SHOP_KEY": "old-one"}, "new-one"),
        ({"OLD_SHOP_KEY": "old-one"}, "old-one"),
        ({"SHOP_KEY": "", "OLD_SHOP_KEY": "old-one"}, "old-one"),
    ],
)
def test_the_first_variable_that_is_set_counts(environ: dict[str, str], value: str, tmp_path: Path) -> None:
    assert token(loaded(tmp_path, "routes: {/a: shop}\n", **environ)) == value


def test_dotenv_counts_as_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OLD_SHOP_KEY=old-one\n")
    assert token(loaded(tmp_path, "routes: {/a: shop}\n")) == "old-one"


def test_a_variable_that_vanishes_is_not_taken_for_one_that_never_was(tmp_path: Path) -> None:
    before = loaded(tmp_path, "routes: {/a: shop}\n", OLD_SHOP_KEY="old-one")
    after = load(tmp_path / "config.yaml", environ={}, catalogue=CATALOGUE, known=before.values)
    assert (token(after), after.kept) == ("old-one", ("OLD_SHOP_KEY",))


def test_none_set_names_the_first(tmp_path: Path) -> None:
    found = loaded(tmp_path, "routes: {/a: shop}\n")
    assert {name: lacking.listed() for name, lacking in found.unconfigured.items()} == {"shop": ["SHOP_KEY"]}
    assert problems(tmp_path, "\nroutes:\n  /a: shop\n", strict=True) == [
        "config.yaml:3: routes./a: ${SHOP_KEY} is not set; put it into the environment or .env"
    ]


def test_anybodys_variables_and_hosts_are_not_read_unasked(tmp_path: Path) -> None:
    text = "providers:\n  p: {use: anyone, name: n}\n"
    assert problems(tmp_path, text, API_KEY="anybodys", ANYONE_REGION="evil.example.net/") == [
        "config.yaml:2: providers.p.key: missing; add key: ${API_KEY}",
        "config.yaml:2: providers.p.region: missing; add region: ${ANYONE_REGION}",
    ]


def test_a_wrong_value_is_told_where_the_name_stands(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "routes:\n  /a:\n    provider: shop\n", SHOP_KEY="two\nlines")
    assert told.startswith("config.yaml:3: routes./a.provider: holds a line break or another control character")


def test_routes_of_one_preset_share_a_provider(tmp_path: Path) -> None:
    found = loaded(tmp_path, "routes: {/a: shop, /b: {provider: shop}, /c: shop}\n", SHOP_KEY="k" * 9)
    assert list(found.config.providers) == ["shop"]
    assert {route.provider for route in found.config.routes.values()} == {"shop"}


def test_a_provider_named_like_a_preset_wins_and_that_is_said_once(tmp_path: Path) -> None:
    routes = "".join(f"  {prefix}: {{provider: shop, upstream: https://example.com}}\n" for prefix in ("/a", "/b"))
    found = loaded(
        tmp_path, f"providers:\n  shop: {{use: fixed, key: '${{K}}'}}\nroutes:\n{routes}", K="own-0123456789"
    )
    assert token(found) == "own-0123456789"
    assert [(each.line, each.path, each.message) for each in found.warnings] == [
        (2, "providers.shop", "this provider counts, not the preset shop; give it another name if the preset is meant")
    ]


def test_so_does_one_that_a_text_names(tmp_path: Path) -> None:
    text = "providers: {shop: {use: shop}, fixed: {use: shop}}\nroutes: {/a: fixed}\n"
    found = loaded(tmp_path, text, SHOP_KEY="k" * 9)
    assert found.config.routes["/a"].upstream == "https://cn.shop.example.com/v2"
    assert "providers.fixed" in [each.path for each in found.warnings]


def test_a_provider_named_like_the_preset_that_it_uses_is_what_one_expects(tmp_path: Path) -> None:
    text = "providers: {keyed-session: {use: keyed-session}}\n"
    text += "routes: {/a: {provider: keyed-session, upstream: https://example.com}}\n"
    assert loaded(tmp_path, text, SESSION_API_KEY="k" * 9).warnings == ()


def test_the_end_of_an_api_is_told_where_it_is_named(tmp_path: Path) -> None:
    found = loaded(tmp_path, "routes:\n  /a: shop\n  /b: shop\n", SHOP_KEY="k" * 9)
    assert [(each.line, each.path, each.message) for each in found.warnings] == [
        (2, "routes./a", "this API was to end on 2020-01-31; New shops get a session; see keyed-session")
    ]


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended(on="2026-08-31"), "this API is to end on 2026-08-31"),
        (Ended(on="2026-08-30", see="next"), "this API was to end on 2026-08-30; see next"),
    ],
)
def test_an_end_may_be_to_come(ended: Ended, told: str) -> None:
    assert ended.told("2026-08-30") == told


def test_names_from_included_files_count(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("providers: {mine: {use: shop, key: mine-0123456789}}\n")
    found = loaded(tmp_path, "include: more.yaml\nroutes: {/a: mine}\n")
    assert found.config.routes["/a"].upstream == "https://cn.shop.example.com/v2"


@pytest.mark.parametrize("providers", ["[]", "5", "{p: 5}", "{p: [1]}", "{p: {use: {}}}"])
def test_what_is_no_provider_hides_nothing(providers: str, tmp_path: Path) -> None:
    assert problems(tmp_path, f"providers: {providers}\nroutes: {{/a: p, /b: {{base: 5}}, /c: 7}}\n")
