"""Traces need an extra, and somewhere to go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.loading import loaded, problems

ROUTE = "{upstream: 'https://api.example.com', provider: none%s}"


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.exporter"])
def test_the_extra_is_missed_at_load_in_words(tmp_path: Path, missing: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("trace: http://127.0.0.1:4318\nroutes: {/x: " + ROUTE % "" + "}\n", encoding="utf-8")
    code = f"import sys; sys.modules[{missing!r}] = None; from proxy.cli import main; main()"
    command = [sys.executable, "-c", code, "check", "-c", str(config)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "config.yaml:1: trace: needs an extra; run: pip install 'keyless[otel]'" in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("trace", "says"),
    [
        ("collector:4318", "config.yaml:1: trace: expected an absolute http(s) URL"),
        ("{endpoint: 'http://c:4318', ratio: 2}", "config.yaml:1: trace.ratio: "),
        ("{endpoint: 'http://c:4318', rate: 1}", "trace.rate: unknown key 'rate'; did you mean 'ratio'?"),
    ],
)
def test_what_is_wrong_is_found_with_its_line(tmp_path: Path, trace: str, says: str) -> None:
    (told,) = problems(tmp_path, f"trace: {trace}\nroutes: {{/x: {ROUTE % ''}}}\n")
    assert says in told


def test_nothing_is_passed_on_that_is_not_made(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, f"routes: {{/x: {ROUTE % ', traceparent: true'}}}\n")
    assert told.startswith("config.yaml:1: routes./x.traceparent: there are no traces to follow")


def test_an_endpoint_alone_is_enough(tmp_path: Path) -> None:
    trace = loaded(tmp_path, f"trace: http://c:4318\nroutes: {{/x: {ROUTE % ', traceparent: true'}}}\n").config.trace
    assert trace is not None
    assert (trace.endpoint, trace.ratio) == ("http://c:4318", 1.0)
