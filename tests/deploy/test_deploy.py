"""What lies in `deploy/`: each file by the judge that is made for it, where that can be had, and by the code."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.admin.pages import PAGES
from proxy.config.load import load
from proxy.values.listen import parse

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("[adsd]*.yaml"))
CLIENT = {"KEYLESS_CLIENT_KEY": f"sha256:{'0' * 64}"}
STORE = {"KEYLESS_STORE_KEY": "made-up-" * 6}


def manifest(name: str) -> Any:
    return yaml.safe_load((DEPLOY / "kubernetes" / f"{name}.yaml").read_text(encoding="utf-8"))


def lines(path: Path) -> Iterator[str]:
    yield from (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))


def judged(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def judge(name: str) -> str:
    """A program of the environment that the tests run in, or of the machine."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not here: NOT CHECKED")
    return found


# ---------------------------------------------------------------------------------------------- configs


@pytest.mark.parametrize("path", ["config.yaml", "compose/config.yaml", "kubernetes/config.yaml"])
def test_its_configs_can_be_served(path: str) -> None:
    loaded = load(DEPLOY / path, environ={**CLIENT, **STORE})
    assert loaded.config.routes
    assert [listener.port for listener in map(parse, loaded.config.listen)] == [8080]


@pytest.mark.parametrize("path", ["compose/config.yaml", "kubernetes/config.yaml"])
def test_without_client_keys_they_are_refused(path: str) -> None:
    with pytest.raises(Exception, match=r"KEYLESS_CLIENT_KEY|clients"):
        load(DEPLOY / path, environ=STORE, strict=True)


# ---------------------------------------------------------------------------------------------- systemd


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With programs and a user that are here."""
    text = (DEPLOY / "systemd" / "keyless.service").read_text(encoding="utf-8")
    text = text.replace("/opt/keyless/bin/keyless", "/bin/true").replace("=keyless\n", "=root\n")
    text = re.sub(r"(State|Runtime)Directory=root", r"\1Directory=keyless", text)
    (tmp_path / "keyless.service").write_text(text, encoding="utf-8")
    shutil.copy(DEPLOY / "systemd" / "keyless.socket", tmp_path)
    judged(judge("systemd-analyze"), "verify", *map(str, sorted(tmp_path.iterdir())))
    judged(judge("systemd-analyze"), "security", "--offline=true", "--threshold=25", str(tmp_path / "keyless.service"))


def test_systemd_takes_the_users_unit(tmp_path: Path) -> None:
    unit = tmp_path / "keyless.service"
    text = (DEPLOY / "systemd" / "user" / unit.name).read_text(encoding="utf-8")
    unit.write_text(text.replace("%h/.local/bin/keyless", "/bin/true"), encoding="utf-8")
    analyze, environ = judge("systemd-analyze"), {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run([analyze, "verify", "--user", unit], capture_output=True, text=True, check=False, env=environ)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_socket_is_where_the_shipped_config_listens() -> None:
    unit = dict(line.split("=", 1) for line in lines(DEPLOY / "systemd" / "keyless.socket") if "=" in line)
    assert unit["ListenStream"] == load(ROOT / "config.yaml", environ={}).config.listen[0]


# ---------------------------------------------------------------------------------------------- containers


def test_the_compose_file_is_one() -> None:
    judged(judge("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "deploy/compose/compose.yaml")


def test_what_compose_mounts_is_there_and_names_are_told() -> None:
    folder = DEPLOY / "compose"
    compose = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    mounted = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert all((folder / name).is_file() for name in mounted)
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"\$\{([A-Z_0-9]+)\}|\b([A-Z][A-Z_0-9]+_KEY)\b", config))
    told = {line.partition("=")[0] for line in lines(folder / "keyless.env.example")}
    assert {name for names in wanted for name in names if name} == told
    upstreams = re.findall(r"server ([a-z0-9-]+):(\d+)", (folder / "nginx.conf").read_text(encoding="utf-8"))
    assert {name for name, _ in upstreams} == {name for name in services if name.startswith("keyless")}


def test_the_image_is_made_as_it_should_be() -> None:
    judged(judge("hadolint"), "--ignore", "DL3008", "--ignore", "DL3013", "Dockerfile")  # versions are pyproject's


# ---------------------------------------------------------------------------------------------- Kubernetes


@pytest.mark.skipif(importlib.util.find_spec("kubernetes_validate") is None, reason="kubernetes-validate: NOT CHECKED")
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    import kubernetes_validate  # noqa: PLC0415 -- 20 MB that are not everywhere

    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    labels = {"app.kubernetes.io/name": "keyless"}  # as kustomization.yaml puts them in
    if "selector" in document["spec"]:
        document["spec"]["selector"] = labels if document["kind"] == "Service" else {"matchLabels": labels}
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_the_kustomization_lists_all_that_is_there() -> None:
    listed = manifest("kustomization")
    names = {path.name for path in MANIFESTS}
    assert set(listed["resources"]) == names
    assert listed["configMapGenerator"] == [{"name": "keyless-config", "files": ["config.yaml"]}]


def test_probes_ask_for_pages_that_are_there_and_ports_agree() -> None:
    container = manifest("deployment")["spec"]["template"]["spec"]["containers"][0]
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked <= {f"/-/{page.PATH}" for page in PAGES}
    assert [port["containerPort"] for port in container["ports"]] == [8080]
    assert manifest("service")["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    assert manifest("autoscaler")["spec"]["scaleTargetRef"]["name"] == manifest("deployment")["metadata"]["name"]
