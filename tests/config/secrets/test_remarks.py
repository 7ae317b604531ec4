"""What `check` says of values that look odd."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.loading import loaded

TEXT = """
providers:
  a: {{scheme: oauth2, token_url: "https://issuer.test/t", client_id: c, client_secret: "{}"}}
routes: {{/a: {{upstream: "https://api.test", provider: a}}}}
"""


@pytest.mark.parametrize(
    ("written", "value", "words"),
    [
        ("${T}", "s3cret", ""),
        ("${T}", "s3cret\n", "T ends in a line break"),
        ("${T}", "s3cret\n\n", "blank lines"),
        ("${T}", "\ns3cret", "blank lines"),
        ("${T}", "s3\n \ncret", "blank lines"),
        ("${T}", "s3\ncret", ""),
        ("${T}", "-----BEGIN X-----\nabc\n\ndef\n-----END X-----\n", "T ends in a line break"),
        ("$T", "", "write ${NAME}"),
        ("Bearer $API_KEY", "", "write ${NAME}"),
        ("pa$$word", "", ""),
        ("a$T", "", ""),
        ("$t", "", ""),
    ],
)
def test_remarks(tmp_path: Path, written: str, value: str, words: str) -> None:
    odd = [
        warning
        for warning in loaded(tmp_path, TEXT.format(written), T=value).warnings
        if "readable" not in str(warning)
    ]
    told = loaded(tmp_path, TEXT.format(written), T=value).warnings
    odd = [warning for warning in told if "every user of this machine" not in warning.message]
    said = "; ".join(warning.message for warning in odd)
    assert bool(said) == bool(words)
    assert words in said
    assert "s3cret" not in said
    assert {warning.path for warning in odd} <= {"providers.a.client_secret"}


def test_a_line_of_dotenv_that_says_nothing(tmp_path: Path) -> None:
    """A key that was pasted alone; it is not repeated."""
    path = tmp_path / ".env"
    path.write_text("T=1\nsk-made-up\n", encoding="utf-8")
    path.chmod(0o600)
    said = [warning.message for warning in loaded(tmp_path, TEXT.format("${T}")).warnings]
    assert said == [f"{path}:2: this line can't be read; expected NAME=value, and quotes that end"]
