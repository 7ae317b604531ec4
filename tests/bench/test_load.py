import pytest

from bench.clients.loop import request_of
from bench.load import LoadError, Outcome, Shot, parse, wrk_script

REPORT = 'REPORT {"requests": 10, "seconds": 2.0, "failed": 1, "p50": 18.0, "p99": 99.5}'


def test_the_report_is_found_among_what_wrk_prints() -> None:
    printed = f"Running 2s test\n  1 threads\n{REPORT}\n"
    assert parse(printed) == Outcome(10, 2.0, 1, 18.0, 99.5)


@pytest.mark.parametrize(
    "printed", ["", "unable to connect to 127.0.0.1:1 Connection refused", REPORT.replace("10,", "0,")]
)
def test_no_report_or_no_answer_is_a_failure(printed: str) -> None:
    with pytest.raises(LoadError):
        parse(printed)


def test_the_script_sets_method_headers_and_body_and_nothing_per_request() -> None:
    script = wrk_script(Shot("/x", "POST", {"Content-Type": "application/json"}, b'{"a":1}'))
    assert 'wrk.method = "POST"' in script
    assert 'wrk.headers["Content-Type"] = "application/json"' in script
    assert 'wrk.body = [[{"a":1}]]' in script
    assert "function request" not in script


def test_the_own_generator_sends_whole_requests() -> None:
    host, port, request = request_of("http://127.0.0.1:8080/x", "POST", {"A": "b"}, 3)
    assert (host, port) == ("127.0.0.1", 8080)
    assert request == b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nA: b\r\nContent-Length: 3\r\n\r\nxxx"
