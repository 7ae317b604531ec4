"""The report's pure parts: marks, tables, what an unmeasured figure looks like."""

import pytest

from bench import report
from bench.aims import AIMS, BEFORE
from bench.machine import Machine
from bench.measure import Figure
from bench.report.tables import spread
from bench.results import Results, read


@pytest.fixture
def results() -> Results:
    machine = Machine("a CPU", 2, "6.1", "3.11.7", "2026-01-01 00:00 UTC")
    found = Results(machine, "wrk", "nginx", 3, 600.0, {"keyless": "1.0", "envoy": "1.40.0"})
    found.samples["get500"] = {
        "direct": [{"rps": 40000.0, "alone_p50_us": 20.0}],
        "keyless": [{"cpu_us": us, "rps": 25000.0, "alone_p50_us": 120.0} for us in (24.0, 26.0, 25.0)],
        "envoy": [{"cpu_us": us, "rps": 20000.0, "alone_p50_us": 140.0} for us in (50.0, 49.0, 51.0)],
    }
    found.skipped["caddy"] = "caddy is not installed (Debian: caddy)"
    found.failures["get500"] = {"litellm": "not one request was answered"}
    return found


def test_tables_give_medians_spread_and_ratios(results: Results) -> None:
    text = report.markdown(results)
    assert "| **Keyless, all default policies** 1.0 | 25.0 (24.0 to 26.0) | 0.50 | - |" in text
    assert "| Envoy, credential_injector 1.40.0 | 50.0 (49.0 to 51.0) | 1.00 |" in text
    assert "| Latency added at the median, one connection | at most 80 µs | 100 µs | **no** |" in text


def test_what_was_left_out_is_said_with_its_reason(results: Results) -> None:
    text = report.markdown(results)
    assert "- caddy: caddy is not installed (Debian: caddy)" in text
    assert "- get500, litellm: not one request was answered" in text


def test_an_aim_without_its_figures_is_not_met(results: Results) -> None:
    text = report.markdown(results)
    assert "| 10,000 idle connections, memory | at most 250 MiB | not measured | - |" in text


def test_growth_has_tables_of_its_own(results: Results) -> None:
    results.samples["busy2000"] = {"keyless": [{"rps": 9000.0, "cpu_us": 33.0, "few_cpu_us": 30.0, "failed": 0.0}]}
    results.samples["reload-routes"] = {"keyless+10000-routes": [{"reload_s": 4.5, "pause_ms": 12.5, "calm_ms": 2.0}]}
    results.samples["first-answer"] = {
        "keyless+2000-issuers": [{"answer_s": 0.1, "slowest_s": 0.2, "start_s": 3.0, "answer_cpu_s": 0.05}]
    }
    text = report.markdown(results)
    assert "| **Keyless, all default policies** 1.0 | 9,000 | 33.0 | 30.0 | - | - | - | 0.00 |" in text
    assert "| reload of 10,000 routes | 4.50 | - | 12.5 | 2.00 | - |" in text
    assert "listens after 3.0 s and answers 0.10 s later (slowest 0.20 s), for 0.05 s of CPU" in text
    assert "Memory that comes back" not in text


def test_policies_are_compared_with_none_of_them(results: Results) -> None:
    results.samples["policies"] = {
        "keyless": [{"cpu_us": 30.0}],
        "keyless+all-on": [{"cpu_us": 33.0}],
        "keyless+all-off": [{"cpu_us": 27.5}],
    }
    results.samples["policies-counted"] = {
        "keyless+all-on": [{"instructions": 120_000.0}],
        "keyless+all-off": [{"instructions": 100_000.0}],
    }
    text = report.markdown(results)
    assert "| no clients, no access log | 27.5 | 1.00 | 100,000 | 1.00 |" in text
    assert "| no clients, access log on (the default) | 30.0 | 1.09 | - | - |" in text
    assert "| client key and Origin checked, access log on | 33.0 | 1.20 | 120,000 | 1.20 |" in text


def test_instructions_stand_beside_those_before(results: Results) -> None:
    results.samples["instructions"] = {"keyless": [{"instructions": BEFORE["keyless"] / 2}]}
    text = report.markdown(results)
    assert f"| {BEFORE['keyless']:,} | 0.50 |" in text


def test_memory_has_who_rests_and_who_holds(results: Results) -> None:
    results.samples["memory"] = {"keyless": [{"resident_mib": 47.0}], "envoy": [{"resident_mib": 66.0}]}
    results.samples["idle"] = {"keyless": [{"resident_mib": 90.0, "kib_each": 2.5, "answered": 10_000.0, "lost": 0.0}]}
    text = report.markdown(results)
    assert "| **Keyless, all default policies** 1.0 | 47.0 |\n" in text
    assert "| **Keyless, all default policies** 1.0 | 90.0 | 2.50 | 10,000 | 0.00 |" in text


def test_streams_have_their_events_and_their_first_ones(results: Results) -> None:
    late = {"late_p50_ms": 0.2, "late_p99_ms": 0.5, "late_max_ms": 4.0}
    results.samples["sse500"] = {
        "keyless": [late | {"core": 0.25, "peak_mib": 80.0, "events_s": 10_000.0, "lost": 0.0}]
    }
    results.samples["first-byte"] = {"keyless": [late]}
    text = report.markdown(results)
    assert "| **Keyless, all default policies** 1.0 | 0.20 | 0.50 | 4.00 | 0.25 | 80.0 | 10,000 | 0.00 |" in text
    assert "| **Keyless, all default policies** 1.0 | 0.20 | 0.50 | 4.00 |\n" in text


def test_a_fresh_clone_has_its_line(results: Results) -> None:
    results.samples["make-run"] = {"keyless": [{"listens_s": 30.0, "first_answer_s": 31.2, "cpu_s": 40.6}]}
    assert "- `make run` in a fresh clone answers after 31 s, for 41 s of CPU;" in report.markdown(results)


def test_every_aim_of_an_empty_run_is_not_measured(results: Results) -> None:
    results.samples.clear()
    assert report.markdown(results).count("not measured") == len(AIMS)
    assert report.plots(results) == {}


def test_text_outside_the_marks_survives() -> None:
    page = f"# Title\n\nby hand\n\n{report.BEGIN}\nold\n{report.END}\n\n## Notes\n"
    assert report.between_marks(page, "new") == (
        f"# Title\n\nby hand\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\n## Notes\n"
    )


@pytest.mark.parametrize("page", ["", report.BEGIN, f"{report.END}{report.BEGIN}"])
def test_a_page_without_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"docs/performance\.md needs the lines"):
        report.between_marks(page, "new")


def test_publishing_twice_changes_nothing_and_the_record_can_be_read(results: Results, tmp_path) -> None:
    page = tmp_path / "performance.md"
    report.publish(results, page)
    first = page.read_text()
    report.publish(read(report.record(page)), page)
    assert page.read_text() == first
    assert (tmp_path / "performance" / "cpu.svg").exists()


@pytest.mark.parametrize(
    ("figure", "written"),
    [
        (None, "-"),
        (Figure(1.234, 1.234, 1.234), "1.23"),
        (Figure(38.6, 37.0, 40.25), "38.6 (37.0 to 40.2)"),
        (Figure(12345.6, 12000.0, 13000.0), "12,346 (12,000 to 13,000)"),
    ],
)
def test_spread(figure: Figure | None, written: str) -> None:
    assert spread(figure) == written
