"""`keyless audit verify`, the lines that commands leave, and a proxy whose workers share one log and are killed."""

from __future__ import annotations

import getpass
import json
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from proxy.audit import chain
from proxy.audit.trail import Trail
from proxy.sandbox import SECRET
from tests.cli.conftest import PATIENCE, Outcome, crm, keyless, process, proxy, written
from tests.ports import free_port

KEY = "the-audit-key-0123"
TIME = "2026-01-02T03:04:05.678Z"


def log(path: Path, count: int = 5, key: str | None = None, rotate: int = 1024 * 1024, keep: int = 10) -> Path:
    """A log of `count` lines and its beginning."""
    trail = Trail(path, rotate, keep, None if key is None else chain.signer(key))
    for number in range(count):
        trail.append({"time": TIME, "event": "token_mint", "number": number})
    trail.close()
    return path


def edit(path: Path, number: int, line: str | None) -> None:
    """Line `number` becomes another one, or none."""
    lines = path.read_text().splitlines()
    lines[number - 1 : number] = [] if line is None else [line]
    path.write_text("".join(f"{each}\n" for each in lines))


def verify(*words: str | Path) -> Outcome:
    return keyless("audit", "verify", *map(str, words))


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def told(path: Path, *names: str) -> list[dict[str, Any]]:
    tied = ("time", "chain", "seq", "prev", "mac")
    lines = (line for line in events(path) if line["event"] in names)
    return [{key: value for key, value in line.items() if key not in tied} for line in lines]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no config.yaml is, unless the test writes one."""
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------------------------------------- verify


def test_a_log_that_is_whole(tmp_path: Path) -> None:
    path = log(tmp_path / "log")
    done = verify(path)
    digest = chain.digest(path.read_bytes().splitlines()[-1])
    name = events(path)[0]["chain"]
    said = f"OK 6 lines in 1 file\nchain {name}: lines 1 to 6, last digest {digest}\n"
    assert done == Outcome(0, said, "")
    told = verify(path, "--json").json
    assert (told["ok"], told["lines"], told["files"], told["signed"]) == (True, 6, 1, 0)
    assert told["chains"] == [{"chain": name, "first": 1, "last": 6, "digest": digest}]


@pytest.mark.parametrize("change", ["change", "remove", "insert"])
def test_where_it_breaks(tmp_path: Path, change: str) -> None:
    path = log(tmp_path / "log")
    lines = path.read_text().splitlines()
    texts = {
        "change": lines[2].replace('"number":1', '"number":7'),
        "insert": f"{lines[1]}\n{lines[2]}",
        "remove": None,
    }
    edit(path, 3, texts[change])
    done = verify(path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"BROKEN {path}:3: ")
    told = verify(path, "--json")
    assert (told.code, told.json["ok"], told.json["place"]) == (1, False, f"{path}:3")


def test_rotated_files_in_any_order(tmp_path: Path) -> None:
    log(tmp_path / "log", 250, rotate=4096)
    files = sorted(tmp_path.glob("log*"))
    assert len(files) == 11
    assert [each.name for each in files[:4]] == ["log", "log.1", "log.10", "log.2"]
    done = verify(*files)
    assert (done.code, "in 11 files" in done.out) == (0, True), done


def test_the_configs_own_log_with_its_rotated_files(tmp_path: Path) -> None:
    config = written(tmp_path, audit={"file": "logs/log", "key": KEY})
    assert verify("-c", config).code == 2
    (tmp_path / "logs").mkdir()
    log(tmp_path / "logs" / "log", 60, KEY, rotate=4096)
    done = verify("-c", config)
    assert done.code == 0, done
    assert "all signed" in done.out
    edit(tmp_path / "logs" / "log.1", 2, "{}")
    assert f"{tmp_path / 'logs' / 'log.1'}:2: " in verify("-c", config).err


def test_a_log_whose_older_files_are_gone_says_so(tmp_path: Path) -> None:
    log(tmp_path / "log", 200, rotate=4096, keep=1)
    done = verify(tmp_path / "log.1", tmp_path / "log")
    assert (done.code, "note: older lines are not here" in done.out) == (0, True)


def test_an_end_that_was_cut_off_needs_an_anchor(tmp_path: Path) -> None:
    path = log(tmp_path / "log")
    anchor = verify(path, "--json").json["chains"][0]["digest"]
    log(path, 2)
    assert verify(path, "--expect", anchor).code == 0
    edit(path, 8, None)
    assert verify(path, "--expect", anchor).code == 0
    edit(path, 7, None)
    edit(path, 6, None)
    assert verify(path).code == 0
    done = verify(path, "--expect", anchor)
    assert (done.code, "no line has the digest that was expected" in done.err) == (1, True)


def test_keys(tmp_path: Path) -> None:
    path = log(tmp_path / "log", key=KEY)
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "other").write_text("another-key-of-the-kind")
    assert "signed, and that was not checked" in verify(path).out
    assert "all signed" in verify(path, "--key-file", tmp_path / "key").out
    assert "another key" in verify(path, "--key-file", tmp_path / "other").err
    config = written(tmp_path, audit={"file": "log", "key": ["a-newer-audit-key", KEY]})
    assert "all signed" in verify("-c", config).out
    assert "all signed" in verify("-c", config, path).out
    assert "not checked" in verify("-c", config, "--no-key").out
    log(tmp_path / "unsigned")
    assert "unsigned:1: not signed" in verify(tmp_path / "unsigned", "-c", config).err


def test_with_a_key_the_last_line_is_safe_too(tmp_path: Path) -> None:
    path = log(tmp_path / "log", key=KEY)
    (tmp_path / "key").write_text(KEY)
    edit(path, 6, path.read_text().splitlines()[5].replace('"number":4', '"number":7'))
    assert verify(path).code == 0
    assert f"BROKEN {path}:6: " in verify(path, "--key-file", tmp_path / "key").err


def test_a_torn_end_is_no_tampering(tmp_path: Path) -> None:
    path = log(tmp_path / "log")
    path.write_bytes(path.read_bytes()[:-10])
    done = verify(path)
    assert (done.code, "the last line has no end" in done.out) == (0, True)
    log(path, 1)
    done = verify(path)
    assert (done.code, "1 line torn by a crash" in done.out) == (0, True)


def test_what_was_collected_from_a_stream(tmp_path: Path) -> None:
    path = log(tmp_path / "log")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["keyless 0.1", *lines[2:4], "", "noise", *lines[4:]]))
    assert verify(path).code == 1
    assert verify(path, "--stream").code == 0
    path.write_text("\n".join([*lines[2:4], "", "noise", *lines[5:]]))
    assert "lines are missing before it: 5 to 5" in verify(path, "--stream").err


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 100_000)
    assert "more than 65536 bytes" in verify(tmp_path / "log").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: No such file or directory"),
        (["--expect", "abc", "log"], "--expect: expected 64 hex digits"),
        (["--key-file", "nowhere", "log"], "nowhere: No such file or directory"),
        (["-c", "none.yaml"], "the config names no audit file"),
        (["-c", "stdout.yaml"], "the config names no audit file"),
        (["-c", "missing.yaml"], "missing.yaml"),
    ],
)
def test_bad_words(tmp_path: Path, words: list[str], said: str) -> None:
    log(tmp_path / "log")
    (tmp_path / "none.yaml").write_text("routes: {}")
    (tmp_path / "stdout.yaml").write_text("audit: stdout")
    done = verify(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


# ---------------------------------------------------------------------------------------------- the config


@pytest.mark.parametrize(
    ("audit", "said"),
    [
        ({"key": KEY}, "audit.file"),
        ({"file": "log", "key": "short"}, "audit.key: expected at least 16 characters"),
        ({"file": "log", "keep": 0}, "audit.keep"),
        ({"file": "log", "rotate": "1KiB"}, "audit.rotate"),
        ({"file": "log", "rotat": "1MiB"}, "did you mean 'rotate'?"),
        ("", "audit"),
        ([], "audit"),
    ],
)
def test_mistakes(tmp_path: Path, audit: Any, said: str) -> None:
    done = keyless("check", "-c", written(tmp_path, audit=audit))
    assert (done.code, said in done.out + done.err) == (2, True), done
    assert "short" not in done.out + done.err


def test_what_cannot_be_written_is_found_before_anything_is_served(tmp_path: Path, sandbox: str) -> None:
    done = keyless("run", "-c", written(tmp_path, **crm(sandbox, audit="nowhere/log")))
    assert (done.code, done.out) == (1, "")
    assert "the audit log can't be written: " in done.err
    assert "No such file or directory" in done.err


# ---------------------------------------------------------------------------------------------- other commands


def who() -> str:
    return f"user:{getpass.getuser()}"


def test_a_token_that_is_revealed(tmp_path: Path, sandbox: str) -> None:
    config = written(tmp_path, **crm(sandbox, audit="log"))
    assert keyless("token", "crm", "-c", config).code == 0
    assert told(tmp_path / "log", "token_read") == []
    done = keyless("token", "crm", "-c", config, "--reveal")
    given = {"event": "token_read", "who": who(), "provider": "crm", "outcome": "given"}
    assert told(tmp_path / "log", "token_read") == [given]
    assert len(told(tmp_path / "log", "token_mint")) == 2
    assert done.out.strip() not in (tmp_path / "log").read_text()
    assert SECRET not in (tmp_path / "log").read_text()
    assert told(tmp_path / "log", "started") == []
    assert verify("-c", config).code == 0


def test_a_log_that_a_command_cannot_write_stops_it_not(tmp_path: Path, sandbox: str) -> None:
    done = keyless("token", "crm", "-c", written(tmp_path, **crm(sandbox, audit="nowhere/log")), "--reveal")
    assert (done.code, len(done.out.split())) == (0, 1)
    assert "the audit log" in done.err


def test_on_stdout_commands_say_only_what_they_always_say(tmp_path: Path, sandbox: str) -> None:
    done = keyless("token", "crm", "-c", written(tmp_path, **crm(sandbox, audit="stdout")), "--reveal")
    assert (done.code, len(done.out.split())) == (0, 1)


def test_a_token_that_is_imported_and_removed(tmp_path: Path, sandbox: str) -> None:
    config = written(tmp_path, **crm(sandbox, store="file:tokens", audit="log"))
    done = keyless("token", "import", "crm", "-c", config, "--expires-in", "1h", stdin=b"a-token-made-offline")
    assert done.code == 0
    assert keyless("store", "clear", "crm", "-c", config).code == 0
    assert keyless("store", "clear", "-c", config).code == 0
    assert told(tmp_path / "log", "token_import", "admin") == [
        {"event": "token_import", "who": who(), "provider": "crm", "outcome": "kept", "kind": "access_token"},
        {"event": "admin", "who": who(), "provider": "crm", "outcome": "1 removed", "action": "store_clear"},
    ]
    assert "a-token-made-offline" not in (tmp_path / "log").read_text()


# ---------------------------------------------------------------------------------------------- a running proxy


def ask(url: str) -> int:
    try:
        with urlopen(Request(url), timeout=PATIENCE) as reply:
            return int(reply.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_start_stop_and_what_is_refused_between(tmp_path: Path, sandbox: str) -> None:
    with proxy(tmp_path, **crm(sandbox, audit="log")) as running:
        assert ask(f"{running.url}/nowhere?q=1") == 404
        running.process.popen.terminate()
        assert running.process.end().code == 0
    lines = told(tmp_path / "log", "started", "request_refused", "stopped")
    assert [line["event"] for line in lines] == ["started", "request_refused", "stopped"]
    assert lines[0]["listen"] == [running.url.removeprefix("http://")]
    assert lines[1]["path"] == "/nowhere"
    assert verify("-c", running.config).code == 0


def test_after_a_kill_the_chain_goes_on(tmp_path: Path, sandbox: str) -> None:
    """What was refused before the kill is there: nothing waits in a buffer."""
    for _ in range(2):
        with proxy(tmp_path, **crm(sandbox, audit="log")) as running:
            assert [ask(f"{running.url}/nowhere") for _ in range(5)] == [404] * 5
            running.process.popen.kill()
            assert running.process.end().code == -signal.SIGKILL
    assert len(told(tmp_path / "log", "request_refused")) == 10
    assert told(tmp_path / "log", "stopped") == []
    done = verify("-c", running.config)
    assert (done.code, done.out.count("chain ")) == (0, 1), done


@pytest.mark.parametrize("killed", [False, True])
def test_two_workers_write_one_chain(tmp_path: Path, sandbox: str, killed: bool) -> None:
    port = free_port()
    config = written(
        tmp_path,
        **crm(sandbox, listen=f"127.0.0.1:{port}", workers=2, audit={"file": "log", "rotate": "8KiB", "keep": 100}),
    )
    with process("run", "-c", config, TMPDIR=str(tmp_path)) as running:
        running.until(lambda line: line.startswith("status:"))
        with ThreadPoolExecutor(8) as callers:
            assert set(callers.map(ask, [f"http://127.0.0.1:{port}/nowhere"] * 400)) == {404}
        for worker in range(2 if killed else 0):
            pid = next(line["pid"] for line in everything(tmp_path) if line.get("worker") == worker)
            os.kill(pid, signal.SIGKILL)
        running.popen.terminate()
        running.end()
    lines = everything(tmp_path)
    counts = Counter(line["event"] for line in lines)
    assert counts["request_refused"] == 400
    assert {line["worker"] for line in lines if line["event"] == "started"} == {0, 1}
    assert killed or (counts["started"], counts["stopped"], counts["token_mint"]) == (2, 2, 1)
    done = verify("-c", config)
    assert done.code == 0, done
    assert (done.out.count("chain "), counts["log_continued"] > 5) == (1, True)


def everything(folder: Path) -> list[dict[str, Any]]:
    return [line for path in sorted(folder.glob("log*")) for line in events(path)]


def test_stdout_of_two_workers(tmp_path: Path, sandbox: str) -> None:
    port = free_port()
    config = written(tmp_path, **crm(sandbox, listen=f"127.0.0.1:{port}", workers=2, audit="stdout"))
    with process("run", "-c", config, TMPDIR=str(tmp_path)) as running:
        running.until(lambda line: line.startswith("status:"))
        assert ask(f"http://127.0.0.1:{port}/nowhere") == 404
        running.popen.terminate()
        done = running.end()
    (tmp_path / "collected").write_text(done.out)
    told = verify(tmp_path / "collected", "--stream", "--json").json
    assert (told["ok"], len(told["chains"])) == (True, 2)
    assert [json.loads(line)["path"] for line in done.out.splitlines() if "request_refused" in line] == ["/nowhere"]
