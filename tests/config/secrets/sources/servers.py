"""A Vault and an AWS Secrets Manager on loopback, in threads, as far as their APIs are used; loading does not await."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JWT = "header.service-account.signature"


class Api:
    """`answer` is called with method, path, headers and JSON body; it gives a status and a document."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.together = 0
        self.most = 0
        self.lock = threading.Lock()
        self.barrier: threading.Barrier | None = None

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.calls]


class Vault(Api):
    """Key-value version 2 at `secret/`, AppRole and Kubernetes logins (developer.hashicorp.com/vault/api-docs)."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, Any] = {"secret/data/crm": {"id": "the-id", "token": "vault-crm-secret", "port": 8443}}
        self.tokens = {"root-token"}
        self.sealed = False
        self.logins = 0
        self.denied: set[str] = set()
        self.lease = 3600

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/v1/")
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if path.startswith("auth/"):
            return self._login(path, body)
        if headers.get("x-vault-token") not in self.tokens or path in self.denied:
            return 403, {"errors": ["1 error occurred: permission denied, the token was " + str(headers)]}
        if self.barrier is not None:
            self.barrier.wait(10)
        if path not in self.secrets:
            return 404, {"errors": []}
        metadata = {"version": 1, "created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "destroyed": False}
        return 200, {"data": {"data": self.secrets[path], "metadata": metadata}}

    def _login(self, path: str, body: Any) -> tuple[int, Any]:
        good = {
            "auth/approle/login": {"role_id": "role", "secret_id": "secret-id"},
            "auth/kubernetes/login": {"role": "keyless", "jwt": JWT},
            "auth/other/login": {"role_id": "role", "secret_id": "secret-id"},
        }
        if good.get(path) != body:
            return 400, {"errors": [f"invalid role or secret ID: {body}"]}
        self.logins += 1
        token = f"login-token-{self.logins}"
        self.tokens.add(token)
        return 200, {"auth": {"client_token": token, "lease_duration": self.lease, "renewable": True}}


class SecretsManager(Api):
    """GetSecretValue (docs.aws.amazon.com/secretsmanager/latest/apireference)."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, dict[str, str]] = {
            "plain": {"SecretString": "aws-plain-secret"},
            "team/crm": {"SecretString": '{"token": "aws-crm-secret", "port": 1, "list": []}'},
            "binary": {"SecretBinary": "YXdzLWJpbmFyeS1zZWNyZXQ="},
        }

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        assert headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        assert headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
        name = body["SecretId"]
        if name == "denied":
            return 400, {"__type": "AccessDeniedException", "Message": "you may not"}
        if name not in self.secrets:
            return 400, {"__type": "ResourceNotFoundException", "Message": f"can't find {name}"}
        return 200, {"Name": name, "VersionId": "v", **self.secrets[name]}


@contextmanager
def serving(api: Api, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with api.lock:
                api.calls.append((self.command, self.path, headers))
                api.together += 1
                api.most = max(api.most, api.together)
            status, document = api.answer(self.command, self.path, headers, json.loads(body) if body else None)
            with api.lock:
                api.together -= 1
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 -- http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who doesn't trust us hangs up
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
