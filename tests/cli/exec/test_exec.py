"""`keyless exec` as a whole: real programs, a sandbox for an API, a proxy inside or one that runs."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import PATIENCE, ROOT, control, crm, keyless, process, written
from tests.cli.run.test_run_lending import status_of, until
from tests.ports import free_port

SECRET = "sk-real-secret-of-the-vendor"
REPORT = """
import json, os, urllib.request
def ask(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
def environ_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        return type(error).__name__
key = os.environ["OPENAI_API_KEY"]
print(json.dumps({
    "environ": dict(os.environ), "own": environ_of("self"), "parents": environ_of(os.getppid()),
    "openai": ask(os.environ["OPENAI_BASE_URL"] + "/models", Authorization="Bearer " + key),
    "status": ask(os.environ["OPENAI_BASE_URL"].split("/openai")[0] + "/-/status", Authorization="Bearer " + key),
    "key": key, "url": os.environ["OPENAI_BASE_URL"],
}))
"""


def config(folder: Path, sandbox: str, **more: Any) -> str:
    """OpenAI's preset before the sandbox, which takes any credential there and answers 200 or 404."""
    routes = {"/openai": {"provider": "openai", "upstream": f"{sandbox}/control"}}
    return written(folder, routes=routes, log={"access": False}, **more)


def executed(path: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    own = {name: os.environ[name] for name in ("PATH", "XDG_RUNTIME_DIR")}
    return subprocess.run(
        [sys.executable, "-m", "proxy", "exec", "-c", path, *words],
        env={"PYTHONPATH": str(ROOT), "OPENAI_API_KEY": SECRET, "MINE": SECRET, **own, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(told: dict[str, Any]) -> None:
    """It reaches the API, has a key for this run, and no secret anywhere it can look."""
    assert told["key"].startswith("kls_session_")
    assert told["openai"] == 404  # the sandbox's own: there is no such page
    assert told["status"] == 403
    assert SECRET not in json.dumps(told)
    assert told["environ"]["KEYLESS_STORE_KEY"] == ""


def test_without_a_proxy_one_is_started_inside(folder: Path, sandbox: str) -> None:
    told = report(executed(config(folder, sandbox), sys.executable, "-c", REPORT))
    check(told)
    with pytest.raises(OSError, match="refused"):
        status_of(told["url"], told["key"])
    assert not list((Path(os.environ["XDG_RUNTIME_DIR"]) / "keyless").glob("keyless-exec-*"))


def test_one_inside_gives_a_route_an_address_of_its_own(folder: Path, sandbox: str) -> None:
    """On a free port as well: that of the config may be another proxy's, or taken."""
    own = {"provider": "openai", "upstream": f"{sandbox}/control", "listen": f"127.0.0.1:{free_port()}"}
    told = report(executed(written(folder, routes={"/openai": own}), sys.executable, "-c", REPORT))
    assert told["openai"] == 404
    where = urlsplit(told["url"])
    assert (where.path, where.netloc == own["listen"]) == ("/v1", False)


SECURE_REPORT = """
import json, os, ssl, urllib.request
names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] + "/state"
print(json.dumps({
    "roots": sorted({os.environ.get(name) for name in names}), "url": url,
    "status": urllib.request.urlopen(url, timeout=20).status,
}))
"""


@pytest.mark.parametrize("runs", [False, True], ids=["inside", "lent"])
def test_an_sdk_that_insists_on_https_gets_it_and_trusts_it(folder: Path, sandbox: str, runs: bool) -> None:
    """Python's own verification, by the variables alone."""
    own = {"XDG_STATE_HOME": str(folder / "state"), "AWS_BEARER_TOKEN_BEDROCK": SECRET}
    routes = {"/bedrock": {"provider": "mine", "upstream": f"{sandbox}/control"}}
    mine = {"mine": {"use": "bedrock-api-key", "region": "eu-west-1"}}
    listen = [f"http://127.0.0.1:{free_port()}", f"https://127.0.0.1:{free_port()}"]
    path = written(folder, routes=routes, providers=mine, listen=listen, tls="local", log={"access": False})
    with ExitStack() as stack:
        if runs:
            running = stack.enter_context(process("run", "-c", path, **own))
            running.until(lambda line: line.startswith("status:"))
        told = executed(path, sys.executable, "-c", SECURE_REPORT, **own)
    found = report(told)
    assert (found["status"], found["roots"]) == (200, [str(folder / "state/keyless/tls/roots.pem")])
    assert re.fullmatch(r"https://127.0.0.1:\d+/bedrock/state", found["url"])


def test_one_inside_speaks_https_where_the_config_says_so(folder: Path, sandbox: str) -> None:
    """Not every API has its insisting SDK named by a preset: OpenAI's realtime client makes wss of any base URL."""
    own = {"provider": "openai", "upstream": f"{sandbox}/control", "listen": f"https://127.0.0.1:{free_port()}"}
    path = written(folder, routes={"/openai": own}, tls="local", log={"access": False})
    state = str(folder / "state")
    told = report(executed(path, sys.executable, "-c", REPORT, XDG_STATE_HOME=state))
    assert (told["openai"], told["url"][:8], told["environ"]["SSL_CERT_FILE"].startswith(state)) == (
        404,
        "https://",
        True,
    )


def test_beside_one_that_runs_nothing_is_imported_that_reads_configs() -> None:
    """It takes longer than all the rest of a start."""
    program = "import sys, proxy.cli.exec; print([name for name in sys.modules if name.startswith('proxy.config')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"proxy.config.loaded", "proxy.config.model", "proxy.config.load"}.isdisjoint(ast.literal_eval(done.stdout))


def test_one_that_runs_lends_and_takes_back(folder: Path, sandbox: str) -> None:
    port = free_port()
    more = {"listen": f"127.0.0.1:{port}", "clients": [{"name": "app", "key": "a-made-up-client-key"}]}
    path = config(folder, sandbox, **more)
    with process("run", "-c", path, OPENAI_API_KEY=SECRET) as running:
        running.until(lambda line: line.startswith("status:"))
        told = report(executed(path, "--route", "/openai", "--", sys.executable, "-c", REPORT))
        check(told)
        assert told["url"] == f"http://127.0.0.1:{port}/openai/v1"
        until(told["url"], told["key"], 401)
        assert (
            executed(path, "--route", "/opnai", "true").stderr == "there is no route /opnai; did you mean '/openai'?\n"
        )
        running.popen.send_signal(signal.SIGTERM)
        running.end()


def test_a_proxy_that_stops_meanwhile_is_told_at_the_end(folder: Path, sandbox: str) -> None:
    path = config(folder, sandbox, listen=f"127.0.0.1:{free_port()}")
    with process("run", "-c", path) as running:
        running.until(lambda line: line.startswith("status:"))
        with process("exec", "-c", path, "sh", "-c", "echo up; cat; exit 3", stdin=subprocess.PIPE) as child:
            child.until(lambda line: line == "up\n")
            running.popen.send_signal(signal.SIGTERM)
            assert running.end().code == 0
            done = child.end()
    assert (done.code, done.err) == (3, "keyless: the proxy stopped while the program ran\n")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("no-such-program", 127, "no-such-program: command not found"),
        ("./no-such-program", 127, "./no-such-program: No such file or directory"),
        ("/", 126, "/: Is a directory"),
        ("/etc/passwd", 126, "/etc/passwd: Permission denied"),
    ],
)
def test_what_can_not_be_run_ends_as_in_a_shell(command: str, code: int, words: str) -> None:
    done = keyless("exec", "-c", "no-such-config.yaml", command)
    assert (done.code, done.err.strip()) == (code, words)


def test_a_program_that_is_none_is_126(folder: Path, sandbox: str) -> None:
    program = folder / "program"
    program.write_bytes(b"\x7fELF none")
    program.chmod(0o700)
    done = executed(config(folder, sandbox), str(program))
    assert (done.returncode, done.stderr) == (126, f"{program}: Exec format error\n")


def test_what_is_wrong_with_the_config_is_said_first(
    folder: Path, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert keyless("exec", "-c", config(folder, sandbox, nonsense=1), "true").code == 2
    monkeypatch.setenv("HOME", str(folder))
    done = keyless("exec", "true", environ={"XDG_CONFIG_HOME": str(folder)})
    assert done.code == 2
    assert "not taken unasked" in done.err


def test_two_claims_are_usage(folder: Path, sandbox: str) -> None:
    route = {"provider": "openai", "upstream": f"{sandbox}/control"}
    path = written(folder, routes={"/a": route, "/b": route}, log={"access": False})
    done = executed(path, "env")
    assert done.returncode == 2
    assert "/a and /b" in done.stderr
    assert "OPENAI_BASE_URL=http://127.0.0.1:" in executed(path, "--route", "/b", "env").stdout


def test_the_shipped_config_has_no_two_claims() -> None:
    done = executed(str(ROOT / "config.yaml"), "--print", "true")
    assert (done.returncode, done.stderr) == (0, "")
    assert "OPENAI_BASE_URL=http://127.0.0.1:0/openai/v1\n" in done.stdout
    assert "AIOB_SECRET_KEY=''\n" in done.stdout


def test_no_token_is_got_for_what_the_program_has_no_key_for(folder: Path, sandbox: str) -> None:
    control(sandbox, "reset")
    both = crm(sandbox)
    both["routes"]["/openai"] = {"provider": "openai", "upstream": f"{sandbox}/control"}
    path = written(folder, **both, log={"access": False})
    assert executed(path, "--route", "/openai", "--", "sleep", "0.2").returncode == 0
    assert executed(path, "--print", "true").returncode == 0
    assert not control(sandbox, "state")["mints"].get("oauth2")
    assert executed(path, "--route", "/crm", "--", "sleep", "0.5").returncode == 0
    assert control(sandbox, "state")["mints"]["oauth2"] == 1


def test_print_shows_and_runs_nothing(folder: Path, sandbox: str) -> None:
    done = executed(config(folder, sandbox), "--print", "cline", "say hi")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "OPENAI_API_KEY='***'" in lines
    assert "CLINE_PROVIDER_SETTINGS_PATH=FOLDER/providers.json" in lines
    assert lines[-2:] == ["FOLDER/providers.json", "cline -P openai-compatible 'say hi'"]
    assert "kls_" not in done.stdout


SETTINGS = 'import os, sys\npath = os.environ["CLINE_PROVIDER_SETTINGS_PATH"]\n'


def fake(folder: Path, name: str, program: str) -> str:
    """A program of this name."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(0o700)
    return str(path)


def test_files_are_there_while_it_runs_and_gone_after(folder: Path, sandbox: str) -> None:
    tool = fake(
        folder,
        "cline",
        'import os, sys\npath = os.environ["CLINE_PROVIDER_SETTINGS_PATH"]\nprint(path, open(path).read())',
    )
    done = executed(config(folder, sandbox), "--model", "mine", tool)
    path, _, text = done.stdout.partition(" ")
    settings = json.loads(text)["providers"]["openai-compatible"]["settings"]
    assert settings["apiKey"].startswith("kls_session_")
    assert settings["model"] == "mine"
    assert not Path(path).parent.exists()


def test_what_a_kill_left_goes_at_the_next_start(folder: Path, sandbox: str) -> None:
    tool = fake(
        folder,
        "cline",
        'import os, sys\nprint(os.environ["CLINE_PROVIDER_SETTINGS_PATH"], flush=True)\nsys.stdin.read()',
    )
    path = config(folder, sandbox)
    with process("exec", "-c", path, tool, stdin=subprocess.PIPE) as killed:
        left = Path(killed.until(lambda line: line.endswith("json\n")).strip())
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        assert stat.S_IMODE(left.parent.stat().st_mode) == 0o700
        killed.popen.kill()
        killed.end()
    assert left.exists()
    assert executed(path, "true").returncode == 0
    assert not left.parent.exists()


def test_signals_and_exit_codes_are_the_programs(folder: Path, sandbox: str) -> None:
    program = 'trap "echo told; exit 9" TERM; echo up; while :; do sleep 0.05; done'
    with process("exec", "-c", config(folder, sandbox), "--", "sh", "-c", program) as running:
        running.until(lambda line: line == "up\n")
        running.popen.send_signal(signal.SIGTERM)
        done = running.end()
    assert (done.code, done.out.splitlines()[-1]) == (9, "told")


def test_a_runtime_folder_that_others_may_read_is_told(folder: Path, sandbox: str, tmp_path: Path) -> None:
    shared = tmp_path / "keyless"
    shared.mkdir()
    shared.chmod(0o755)
    done = executed(config(folder, sandbox), "true", XDG_RUNTIME_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.endswith(f"{shared} must belong to this user alone; run: chmod 700 {shared}\n")
